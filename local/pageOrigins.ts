import { pageOrigins, unusableText } from '../schemas/pageOrigins.ts';
import { LocalServerError } from './errors.ts';

/** Throws where `CORS_ORIGINS` names what is no origin: a page would be told no more than that nothing could be fetched. */
export function requirePageOrigins(setting: unknown): void {
  const { unusable } = pageOrigins(setting === undefined ? undefined : String(setting));
  if (unusable.length > 0) throw new LocalServerError(unusableText(unusable));
}
