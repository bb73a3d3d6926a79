/** The releases of the platform that are deployed in turn: what each aggregate's rules are in them. */
import { accountDecider } from '../../../actors/account/decider.ts';
import type { AnyDecider } from '../../../actors/kernel/aggregate.ts';
import { sagaDecider } from '../../../actors/saga/decider.ts';
import { type SagaDefinition, sagaDefinitions } from '../../../actors/saga/definitions/definition.ts';
import { fundsTransfer } from '../../../actors/saga/definitions/fundsTransfer.ts';
import type { TransferFunds } from '../../../schemas/transfer.ts';
import { HOLD_RELEASES } from './holdDecider.ts';

/** How many there are. */
export const RELEASES = 2;

/** A transfer whose steps all come one after the other, and are named anew. */
const cautiousTransfer: SagaDefinition<TransferFunds> = {
  ...fundsTransfer,
  version: fundsTransfer.version + 1,
  stages: fundsTransfer.stages.flat().map((step) => [{ ...step, name: `${step.name}-alone` }]),
};

/** Every release knows both versions of the transfer; new ones begin with the first in one, with the second in the other. */
const SAGA_RELEASES = [fundsTransfer, cautiousTransfer].map((newest) =>
  sagaDecider({
    find: sagaDefinitions([fundsTransfer, cautiousTransfer]).find,
    newest: (name) => (name === newest.name ? newest : undefined),
  }),
);

/** The rules of an aggregate in a release. */
export function deciderIn(release: number, aggregateType: string): AnyDecider {
  const deciders: Readonly<Record<string, readonly AnyDecider[]>> = {
    account: [accountDecider, accountDecider],
    hold: HOLD_RELEASES,
    saga: SAGA_RELEASES,
  };
  const decider = deciders[aggregateType]?.[release];
  if (decider === undefined) throw new Error(`no ${aggregateType} in release ${release}`);
  return decider;
}
