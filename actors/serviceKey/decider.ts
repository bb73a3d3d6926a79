/** The rules of a service's key: issued once, its secret replaced at will, ended for good. */
import type { Role } from '../../schemas/role.ts';
import type { ServiceKeyCommand, ServiceKeyEvent, ServiceKeyRefusal } from '../../schemas/serviceKey.ts';
import { millisecondsOf, timeText } from '../../schemas/time.ts';
import type { Decider, Decision, Timed } from '../kernel/decider.ts';

const MS_PER_SECOND = 1_000;

/** The key as its events tell it. */
export interface ServiceKeyState {
  status: 'UNISSUED' | 'ACTIVE' | 'REVOKED';
  secretHash: string;
  /** The secret before, while it may still count. */
  previous: { secretHash: string; validUntil: string } | null;
  roles: Role[];
  /** Null where it is confined to no accounts. */
  accounts: string[] | null;
  description: string;
  expiresAt: string | null;
}

type ServiceKeyDecision = Decision<ServiceKeyEvent, ServiceKeyRefusal>;

function refuse(code: ServiceKeyRefusal, detail: string): ServiceKeyDecision {
  return { accepted: false, refusal: { code, detail } };
}

function accept(event: ServiceKeyEvent): ServiceKeyDecision {
  return { accepted: true, events: [event] };
}

function decide(command: Timed<ServiceKeyCommand>, state: Readonly<ServiceKeyState>): ServiceKeyDecision {
  if (command.type === 'IssueServiceKey') return issue(command, state);
  if (state.status === 'UNISSUED') return refuse('service_key_not_found', 'The key has not been issued.');
  if (state.status === 'REVOKED') return refuse('service_key_revoked', 'The key was revoked.');
  if (command.type === 'RevokeServiceKey') {
    return accept({ type: 'ServiceKeyRevoked', data: { reason: command.data.reason } });
  }
  const { secretHash, graceSeconds = 0 } = command.data;
  if (secretHash === state.secretHash || secretHash === state.previous?.secretHash) {
    return refuse('secret_already_used', 'The key has, or had just before, this very secret.');
  }
  const previousValidUntil = timeText(millisecondsOf(command.at) + graceSeconds * MS_PER_SECOND);
  return accept({ type: 'ServiceKeyRotated', data: { secretHash, previousValidUntil } });
}

function issue(
  { data, at }: Timed<Extract<ServiceKeyCommand, { type: 'IssueServiceKey' }>>,
  state: Readonly<ServiceKeyState>,
): ServiceKeyDecision {
  if (state.status !== 'UNISSUED') {
    return refuse('service_key_already_issued', 'A key with this id has been issued before.');
  }
  const { secretHash, roles, accounts = null, description, expiresAt = null } = data;
  if (expiresAt !== null && millisecondsOf(expiresAt) <= millisecondsOf(at)) {
    return refuse('expiry_passed', 'The key would have ended before it began.');
  }
  return accept({ type: 'ServiceKeyIssued', data: { secretHash, roles, accounts, description, expiresAt } });
}

function evolve(state: ServiceKeyState, event: ServiceKeyEvent): ServiceKeyState {
  switch (event.type) {
    case 'ServiceKeyIssued': {
      const { secretHash, roles, accounts, description, expiresAt } = event.data;
      return { status: 'ACTIVE', secretHash, previous: null, roles, accounts, description, expiresAt };
    }
    case 'ServiceKeyRotated': {
      const { secretHash, previousValidUntil: validUntil } = event.data;
      return { ...state, secretHash, previous: { secretHash: state.secretHash, validUntil } };
    }
    case 'ServiceKeyRevoked':
      return { ...state, status: 'REVOKED', previous: null };
  }
}

/** The key's rules, as the kernel runs them. */
export const serviceKeyDecider: Decider<
  ServiceKeyState,
  ServiceKeyCommand,
  ServiceKeyEvent,
  ServiceKeyRefusal
> = {
  aggregateType: 'serviceKey',
  stateVersion: 1,
  initial: () => ({
    status: 'UNISSUED',
    secretHash: '',
    previous: null,
    roles: [],
    accounts: null,
    description: '',
    expiresAt: null,
  }),
  decide,
  evolve,
};
