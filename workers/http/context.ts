/** What the middleware has worked out about a request by the time a route sees it. */
import type { Logger } from '../../telemetry/logger.ts';
import type { Env } from '../env.ts';

export interface HttpEnv {
  Bindings: Env;
  Variables: {
    correlationId: string;
    /** Who is asking; `anonymous` until a request carries a token. */
    userId: string;
    logger: Logger;
  };
}
