/** What stands before the rules of an actor whose commands have personal data, as its shell wires it. */
import type { ActorCore } from '../../../actors/kernel/actorCore.ts';
import type { Source } from '../../../actors/kernel/messages.ts';
import { Protection } from '../../../actors/kernel/protection.ts';
import { orderPersonal } from '../../../actors/order/personal.ts';
import { paymentPersonal } from '../../../actors/payment/personal.ts';
import type { PersonalParts } from '../../../schemas/personal.ts';
import type { ObjectContext } from './application.ts';
import type { AskSubject } from './subject.ts';

/** Aggregates whose commands have personal data. */
const PERSONAL: Readonly<Record<string, PersonalParts>> = {
  order: orderPersonal,
  payment: paymentPersonal,
};

/** The protection of an instance; undefined where its commands have nothing personal in them. */
export function startProtection(
  { askSubject }: { readonly askSubject: AskSubject },
  { caller, now }: ObjectContext,
  { aggregateType }: Source,
  core: ActorCore<unknown>,
): Protection | undefined {
  const personal = PERSONAL[aggregateType];
  if (personal === undefined) return undefined;
  return new Protection(
    {
      ...personal,
      seal: (subject, ...values) => askSubject(caller, subject, 'seal', (vault) => vault.seal(...values)),
    },
    {
      rehearse: (command, context) => core.aggregate.rehearse({ command, context }, now()),
      version: () => core.aggregate.log.head().version,
      inTime: (_, answer) => answer,
    },
  );
}
