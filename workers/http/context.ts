/** What the middleware has worked out about a request by the time a route sees it. */
import type { Logger } from '../../telemetry/logger.ts';
import type { KnownCaller, Principal } from '../access/principal.ts';
import type { Env } from '../env.ts';

export interface HttpEnv {
  Bindings: Env;
  Variables: {
    correlationId: string;
    /** Who is asking. Not there on the routes that are open to anybody. */
    principal: Principal;
    /** The same with what it is known by. */
    caller: KnownCaller;
    logger: Logger;
    /**
     * Makes room for so many bytes more, of a body whose length was not announced or of what the answer is made of (limits/room.ts),
     * or ends the request with 503. Likewise.
     */
    takeBytes: ((bytes: number) => void) | undefined;
  };
}
