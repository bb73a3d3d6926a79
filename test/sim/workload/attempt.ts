/** One request of a client, which it repeats as it is until it hears what became of it. */
import type { Source } from '../../../actors/kernel/messages.ts';
import type { Body } from './commands.ts';

export interface SentCommand {
  readonly commandId: string;
  readonly body: Body;
  readonly expectedVersion?: number;
}

export interface Attempt {
  readonly source: Source;
  readonly commands: readonly SentCommand[];
  /** Whether it asks for answers without events. */
  readonly brief: boolean;
  /** Whether a command of it makes the rules throw. */
  readonly exploding: boolean;
}
