/** The sandbox's webhooks, written and read: signed as Stripe signs its own, under a header of the sandbox's. */
import { z } from 'zod';
import { ProviderNotice } from '../../schemas/paymentProvider.ts';
import { AggregateId } from '../../schemas/scalars.ts';
import { type Webhook, type WebhookReading, webhookJson } from '../provider.ts';
import { signatureFault, signatureHeader } from '../signature.ts';
import type { Delivery } from './bank.ts';

const SIGNATURE_HEADER = 'Sandbox-Signature';

const Body = z.strictObject({
  deliveryId: z.string().min(1),
  paymentId: AggregateId,
  notice: ProviderNotice,
});

/** The request that delivers a webhook, signed at a moment in seconds since 1970. */
export function sandboxWebhook(
  { deliveryId, paymentId, notice }: Delivery,
  secret: string,
  seconds: number,
): { readonly body: string; readonly headers: Readonly<Record<string, string>> } {
  const body = JSON.stringify({ deliveryId, paymentId, notice });
  const headers = {
    'Content-Type': 'application/json',
    [SIGNATURE_HEADER]: signatureHeader(body, secret, seconds),
  };
  return { body, headers };
}

/** Says what a webhook of the sandbox is about. */
export function readSandboxWebhook(
  { body, header }: Webhook,
  secrets: readonly string[],
  nowSeconds: number,
): WebhookReading {
  const fault = signatureFault({ body, header: header(SIGNATURE_HEADER) }, secrets, nowSeconds);
  if (fault !== undefined) return { status: 'forged', detail: fault };
  const read = Body.safeParse(webhookJson({ body }));
  if (!read.success) return { status: 'ignored', detail: 'The body is no webhook of the sandbox.' };
  return { status: 'notice', ...read.data };
}
