/** What operations are beyond HTTP: the command that one sends, the state that one reads. GraphQL is made from these. */
import type { Context } from 'hono';
import type { z } from 'zod';
import type { AggregateKey } from '../../queues/kernel/positions.ts';
import type { Target } from '../access/principal.ts';
import type { Env } from '../env.ts';
import type { HttpEnv } from './context.ts';
import type { Moment } from './past.ts';

/** A command, and the aggregate that decides it. */
export interface Sending extends AggregateKey {
  readonly type: string;
  readonly data: unknown;
  /** The aggregate whose owner may send it, where the path does not say: a transfer concerns the account that pays. */
  readonly concerns?: Target;
  /** What the reply says beyond what every command's does, of the environment as it is now. Throws, and nothing is sent, where that is set up wrongly. */
  readonly environment?: (env: Env) => object;
}

/** What a command is made from: the aggregate's id, where the path names it, and the body as its schema has it. */
export interface CommandInput {
  readonly id?: string | undefined;
  readonly body: unknown;
}

/** Reads the state of one aggregate from its own actor. */
export interface StateReader {
  /** What the state is asked by. */
  readonly id: z.ZodType<string>;
  /** The state as the API shows it. */
  readonly schema: z.ZodType;
  /**
   * The state and its version, now or at a moment, as whoever sent the request may see it. Ends with the problem that there is
   * no such aggregate.
   */
  read(
    c: Context<HttpEnv>,
    id: string,
    moment?: Moment,
  ): Promise<{ readonly reply: object; readonly version: number }>;
}
