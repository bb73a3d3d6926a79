/**
 * The sagas of an order in their first version, for those that began with it: a void was done once it had been asked for,
 * whatever the bank said to it.
 */
import type { SagaDefinition, StepDefinition } from './definition.ts';
import { orderCancellation } from './orderCancellation.ts';
import { orderFulfilment } from './orderFulfilment.ts';
import { NOT_HELD } from './orderSteps.ts';

/** One refusal of a payment was the other by then: that its money is being let go. */
const ENDED_ON = [...NOT_HELD, 'void_in_progress'] as const;
const RETRIED_ON = ['capture_in_progress'] as const;

function withSteps<Input>(
  definition: SagaDefinition<Input>,
  change: (step: StepDefinition<Input>) => StepDefinition<Input>,
): SagaDefinition<Input> {
  return { ...definition, version: 1, stages: definition.stages.map((stage) => stage.map(change)) };
}

/** The fulfilment as it was: its way back went on as soon as the payment had taken the void. */
export const orderFulfilmentBefore = withSteps(orderFulfilment, (step) => {
  if (step.name !== 'authorize-payment' || step.compensation === undefined) return step;
  const { awaits: _, ...compensation } = step.compensation;
  return { ...step, compensation: { ...compensation, undoneOn: ENDED_ON, retryOn: RETRIED_ON } };
});

/** The cancellation as it was: it went on as soon as the payment had taken the void. */
export const orderCancellationBefore = withSteps(orderCancellation, (step) => {
  if (step.name !== 'void-payment') return step;
  const { awaits: _, ...rest } = step;
  return { ...rest, doneOn: ENDED_ON, retryOn: RETRIED_ON };
});
