/**
 * An account that was not open could not remember that a transfer had been given up. Once it was opened, the acceptance that had
 * been on its way all the time was taken: no saga was left to end it, and the account could never be closed.
 */
import { beforeEach, expect, it } from 'vitest';
import { accountDecider } from '../../actors/account/decider.ts';
import type { AccountState } from '../../actors/account/state.ts';
import { sagaDecider } from '../../actors/saga/decider.ts';
import type { SagaDefinitions } from '../../actors/saga/definitions/definition.ts';
import { DEFINITIONS } from '../../actors/saga/definitions/index.ts';
import type { SagaState } from '../../actors/saga/state.ts';
import type { CommandRequest, ReceiverAnswer } from '../../schemas/envelope.ts';
import { TRANSFER_DEFINITION } from '../../schemas/saga.ts';
import { close, open } from '../support/account.ts';
import { ModelActor } from '../support/modelActor.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const BEGIN = Date.UTC(2026, 0, 5, 9);
const PARTIES = { transferId: 't', fromAccountId: 'from', toAccountId: 'to' };
const INPUT = { ...PARTIES, amount: '30', currency: 'USD', expiresInSeconds: HOUR_MS / 1_000 };

let now = BEGIN;
let saga: ModelActor<SagaState>;
let account: ModelActor<AccountState>;
/** The acceptance that was sent, whose answer nobody has heard. */
let late: CommandRequest;

const tell = (type: string, data: object) => saga.execute(`c-${now++}`, { type, data }, now);

function wanted() {
  return Array.from(saga.decider.effects?.(saga.state) ?? [], ({ effect, request, dueAt }) => ({
    effect,
    dueAt,
    request: request as CommandRequest,
  }));
}

function wantedOf(type: string) {
  const found = wanted().find(({ request }) => request.type === type);
  if (found === undefined)
    throw new Error(`${type} is not wanted, but ${wanted().map(({ effect }) => effect)}`);
  return found;
}

function answer(type: string, given: ReceiverAnswer): void {
  tell('RecordAnswer', { effect: wantedOf(type).effect, answer: given });
}

const refused = (code: string): ReceiverAnswer => ({
  answer: 'refused',
  code,
  detail: 'No.',
  unheard: false,
});

/** What the account says to a command. */
function arrive({ commandId, type, data }: CommandRequest): string {
  const outcome = account.execute(commandId, { type, data }, now);
  return outcome.status === 'refused' ? outcome.code : outcome.status;
}

/** The cancellation is sent, and the saga told what the account says to it. */
function cancel(): void {
  const said = arrive(wantedOf('CancelTransfer').request);
  answer('CancelTransfer', said === 'accepted' ? { answer: 'accepted' } : refused(said));
}

function openAccount(): void {
  expect(account.execute('open', open(), now).status).toBe('accepted');
}

/** Whatever is wanted is sent when it is due, until the saga has ended. */
function finish(): void {
  for (let step = 0; wanted().length > 0; step++) {
    expect(step, 'comes to an end').toBeLessThan(10);
    now = Math.max(now, wantedOf('CancelTransfer').dueAt);
    cancel();
  }
  expect(saga.state.status).toBe('COMPENSATED');
  expect([account.state.expected, account.state.incoming]).toEqual(['0', {}]);
}

/** The payer has no such money, and the acceptance is given up, since its first attempt was never answered. */
function begin(definitions: SagaDefinitions = DEFINITIONS): void {
  now = BEGIN;
  saga = new ModelActor<SagaState>(sagaDecider(definitions));
  account = new ModelActor<AccountState>(accountDecider);
  tell('StartSaga', { sagaId: 'transfer-t', definition: TRANSFER_DEFINITION, input: INPUT });
  late = wantedOf('AcceptTransfer').request;
  answer('AcceptTransfer', { answer: 'none', detail: 'It was reset.' });
  answer('ReserveFunds', refused('insufficient_funds'));
}

beforeEach(() => begin());

it('is refused where it comes when its time is up', () => {
  cancel();
  finish();
  openAccount();
  expect(arrive(late)).toBe('transfer_expired');
  expect(account.execute('close', close, now).status).toBe('accepted');
});

it('is given up once more where it came before that', () => {
  cancel();
  openAccount();
  expect([arrive(late), account.state.expected]).toEqual(['accepted', '30']);
  finish();
  expect(account.execute('close', close, now).status).toBe('accepted');
});

it('is refused where the account heard first that it is given up', () => {
  cancel();
  openAccount();
  finish();
  expect(arrive(late)).toBe('transfer_barred');
});

it('is given up once more where the saga hears long after that the account was not there', () => {
  const said = arrive(wantedOf('CancelTransfer').request);
  openAccount();
  expect([said, arrive(late)]).toEqual(['account_not_found', 'accepted']);
  now += DAY_MS;
  answer('CancelTransfer', refused(said));
  finish();
  expect(account.execute('close', close, now).status).toBe('accepted');
});

it('keeps no saga for long where the account is never opened', () => {
  cancel();
  finish();
  expect(now).toBeLessThan(BEGIN + 2 * HOUR_MS);
});

it('is still told to accounts by sagas that began before this was known, as they did', () => {
  begin({ ...DEFINITIONS, newest: (name) => DEFINITIONS.find(name, 1) });
  cancel();
  expect(saga.state.status).toBe('COMPENSATED');
  openAccount();
  expect(arrive(late)).toBe('accepted');
});
