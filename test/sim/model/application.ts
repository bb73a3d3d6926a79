/** What runs in a simulated object, and what it is given. */
import type { SimStorage } from './storage.ts';
import type { Caller } from './world.ts';

/** What an application is given when it starts. */
export interface ObjectContext {
  readonly storage: SimStorage;
  readonly caller: Caller;
  /** The clock of the machine that the instance runs on. */
  now(): number;
  /** Runs a task of the instance after a while, in a turn of its own. */
  later(label: string, task: () => void, milliseconds: number): void;
}

export interface Application {
  alarm?: (() => Promise<void>) | undefined;
}

/** What a turn did, for the auditor. */
export interface TurnReport {
  readonly label: string;
  readonly rowsWritten: number;
  readonly alarmChanged: boolean;
  /** Whether the alarm's handler was running. */
  readonly inAlarm: boolean;
}

/** The error a caller sees when the platform loses the object, the request or the answer. */
export class NetworkFault extends Error {
  override readonly name = 'NetworkFault';
}
