/** What is personal in a payment's commands. No Cloudflare import: the Durable Object and the simulation encrypt by this alone. */
import { paymentCommands } from '../../schemas/payment.ts';
import { type PersonalParts, personalCommands } from '../../schemas/personal.ts';

/** The fields that are encrypted. */
export const paymentPersonal: PersonalParts = { commands: personalCommands(paymentCommands) };
