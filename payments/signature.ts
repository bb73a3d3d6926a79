/**
 * Signatures of webhooks: `t=<seconds>,v1=<hex>`, where v1 is HMAC-SHA256 over `<seconds>.<body>` under a secret that both
 * sides know (docs.stripe.com/webhooks, "Verify webhook signatures manually").
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

/** How far the signature's time may be from ours, either way: what is older is a recording played back. */
export const SIGNATURE_TOLERANCE_SECONDS = 300;

/** The value of the signature header for a body. */
export function signatureHeader(body: string | Uint8Array, secret: string, seconds: number): string {
  return `t=${seconds},v1=${digest(body, secret, seconds).toString('hex')}`;
}

/**
 * Why a signature does not hold, or undefined if it does. Several secrets may be in use while one takes over from another,
 * and a header may carry a signature for each.
 */
export function signatureFault(
  { body, header }: { readonly body: Uint8Array; readonly header: string | undefined },
  secrets: readonly string[],
  nowSeconds: number,
): string | undefined {
  if (secrets.length === 0) return 'No secret is bound that the webhook could be held against.';
  const { seconds, signatures } = parseHeader(header ?? '');
  if (seconds === undefined || signatures.length === 0) return 'The webhook carries no signature.';
  if (Math.abs(nowSeconds - seconds) > SIGNATURE_TOLERANCE_SECONDS) {
    return 'The signature of the webhook was made too long ago, or in the future.';
  }
  // Every pair is compared, each in a time that tells nothing.
  const matches = secrets.flatMap((secret) => {
    const expected = digest(body, secret, seconds);
    return signatures.map((signature) => timingSafeEqual(expected, signature));
  });
  return matches.includes(true) ? undefined : 'The signature of the webhook does not hold.';
}

function digest(body: string | Uint8Array, secret: string, seconds: number): Buffer {
  return createHmac('sha256', secret).update(`${seconds}.`).update(body).digest();
}

function parseHeader(header: string): { seconds: number | undefined; signatures: Buffer[] } {
  const fields = header.split(',').map((field) => field.trim().split('=') as [string, string?]);
  const time = fields.find(([name]) => name === 't')?.[1] ?? '';
  return {
    seconds: /^\d{1,12}$/.test(time) ? Number(time) : undefined,
    signatures: fields
      .filter(([name, value]) => name === 'v1' && /^[0-9a-f]{64}$/i.test(value ?? ''))
      .map(([, value]) => Buffer.from(value as string, 'hex')),
  };
}
