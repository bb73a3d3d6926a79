import { randomBytes } from 'node:crypto';
import { readOrMakeSecret } from './secretFile.ts';

/** As much as the hash of the signature has. */
const SECRET_BYTES = 32;

/** A new secret as `SANDBOX_WEBHOOK_SECRET` takes it. */
export function newWebhookSecret(): string {
  return randomBytes(SECRET_BYTES).toString('base64');
}

/** What the local sandbox signs its webhooks with, in a file, which is made with a new one where there is none. */
export function readOrMakeWebhookSecret(file: string): string {
  return readOrMakeSecret(file, newWebhookSecret);
}
