/** The rules of the reconciler's findings: each is opened once and closed once, and there are never too many. */
import {
  OPEN_FINDINGS_MAX,
  type OpenFinding,
  type ReconciliationCommand,
  type ReconciliationEvent,
  type ReconciliationRefusal,
} from '../../schemas/reconciliation.ts';
import type { Decider, Decision, Timed } from '../kernel/decider.ts';

/** What is wrong now, in the order in which it was found. */
export interface ReconciliationState {
  /** By id, which has points in it and is therefore no number and no name of the language's own. */
  open: Record<string, OpenFinding>;
}

type ReconciliationDecision = Decision<ReconciliationEvent, ReconciliationRefusal>;

function decide(
  { type, data, at }: Timed<ReconciliationCommand>,
  { open }: Readonly<ReconciliationState>,
): ReconciliationDecision {
  const isOpen = open[data.findingId] !== undefined;
  if (type === 'CloseFinding') {
    if (!isOpen) return refuse('finding_not_open', `No finding ${data.findingId} is open.`);
    return { accepted: true, events: [{ type: 'FindingClosed', data }] };
  }
  if (isOpen) return refuse('finding_already_open', `The finding ${data.findingId} is open.`);
  if (Object.keys(open).length >= OPEN_FINDINGS_MAX)
    return refuse('too_many_findings', `${OPEN_FINDINGS_MAX} findings are open.`);
  return { accepted: true, events: [{ type: 'FindingOpened', data: { ...data, openedAt: at } }] };
}

function refuse(code: ReconciliationRefusal, detail: string): ReconciliationDecision {
  return { accepted: false, refusal: { code, detail } };
}

function evolve(state: ReconciliationState, event: ReconciliationEvent): ReconciliationState {
  if (event.type === 'FindingOpened') state.open[event.data.findingId] = event.data;
  else delete state.open[event.data.findingId];
  return state;
}

/** The rules, as the kernel runs them. */
export const reconciliationDecider: Decider<
  ReconciliationState,
  ReconciliationCommand,
  ReconciliationEvent,
  ReconciliationRefusal
> = {
  aggregateType: 'reconciliation',
  stateVersion: 1,
  initial: () => ({ open: {} }),
  decide,
  evolve,
};
