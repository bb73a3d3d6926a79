/**
 * One payment as the auditor keeps it: what was asked of the bank and what became of it. Nothing is known of the bank that the
 * bank's own books do not say.
 */
import type { Source } from '../../../actors/kernel/messages.ts';
import { Breach } from '../model/world.ts';
import type { Body } from '../workload/commands.ts';
import { type AuditedEvent, type Due, EFFECT_SLACK_MS } from './book.ts';
import { isOfBefore } from './eras.ts';
import { units } from './exact.ts';
import type { LedgerOf } from './ledger.ts';
import { sagaCommand } from './sagaCommands.ts';
import { isSealed, type OpenSealed } from './sealed.ts';
import type { PaymentTold } from './shopBooks.ts';

const EFFECT_ID = /^effect (\S+) (\d+)$/;
const WEBHOOK_ID = /^webhook sandbox (\S+)$/;

/** The event of each command of a client or a saga, and what of the command it says again. */
const EVENTS: Readonly<
  Record<string, { readonly events: readonly string[]; readonly same: readonly string[] }>
> = {
  AuthorizePayment: {
    events: ['PaymentAuthorizationRequested'],
    same: ['orderId', 'customerId', 'amount', 'currency', 'method'],
  },
  VoidPayment: { events: ['VoidRequested', 'PaymentVoided'], same: ['reason'] },
  CapturePayment: { events: ['CaptureRequested'], same: [] },
  RefundPayment: { events: ['RefundRequested'], same: ['refundId'] },
};

/** What may come of a call, by its kind; any of them may also be put off. */
const OUTCOMES: Readonly<Record<string, readonly string[]>> = {
  authorize: ['PaymentAuthorized', 'PaymentDeclined', 'PaymentFailed', 'VoidRequested'],
  capture: ['PaymentCaptured', 'CaptureFailed', 'PaymentVoided'],
  void: ['PaymentVoided', 'VoidFailed'],
  refund: ['PaymentRefunded', 'RefundFailed'],
};
const PUT_OFF = ['ProviderAnswerPending', 'ProviderCallFailed'];

/** What the bank must have said for an event to be true. */
const SAID: Readonly<Record<string, 'succeeded' | 'declined'>> = {
  PaymentAuthorized: 'succeeded',
  PaymentDeclined: 'declined',
  PaymentCaptured: 'succeeded',
  CaptureFailed: 'declined',
  PaymentRefunded: 'succeeded',
  RefundFailed: 'declined',
  VoidFailed: 'declined',
};

interface Call {
  readonly amount: bigint;
  readonly final: boolean;
  /** Milliseconds since 1970; 0 at once. */
  dueAt: number;
}

/** What a payment's book asks of others. */
export interface PaymentBookDeps {
  readonly ledgerOf: LedgerOf;
  /** What the bank said for good of an operation of a payment; undefined where it did not. */
  bankSaid(paymentId: string, operation: string): string | undefined;
  readonly open: OpenSealed;
  isErased(customerId: string): boolean;
}

/** Why a payment is declined, or given up, that nobody can ask the bank for any more. */
const ERASED = 'customer_erased';

export class PaymentBook implements PaymentTold {
  status = 'NONE';
  authorized = 0n;
  captured = 0n;
  released = 0n;
  refunded = 0n;
  /** Every operation that the bank was ever asked for, with its amount. */
  readonly asked = new Map<string, bigint>();
  /** Whether what is held may be let go: somebody asked for that, or took it finally. */
  mayRelease = false;
  /** Whether anybody but a saga has ever asked for a capture. */
  isCapturedByHand = false;
  customerId = '';
  /** What stands for the customer's card, as the client said it. */
  token = '';
  readonly #source: Source;
  readonly #deps: PaymentBookDeps;
  readonly #calls = new Map<string, Call>();
  #amount = 0n;
  /** Whether what comes to be held is to be let go. */
  #isUnwanted = false;
  #isLetGo = false;
  #voids = 0;

  constructor(source: Source, deps: PaymentBookDeps) {
    this.#source = source;
    this.#deps = deps;
  }

  /** Whether who is to pay is erased. */
  get isOfErased(): boolean {
    return this.#deps.isErased(this.customerId);
  }

  get held(): bigint {
    return this.authorized - this.captured - this.released;
  }

  /** What was captured and has not come back. */
  get retained(): bigint {
    return this.captured - this.refunded;
  }

  /** Whether nothing is held nor will be, or somebody has asked for it to be let go. */
  get isLetGo(): boolean {
    return this.#isLetGo || (this.held === 0n && this.status !== 'PENDING');
  }

  /** What was captured and neither went back nor is about to. */
  get kept(): bigint {
    return this.captured - this.refunded - this.#refunding;
  }

  get #refunding(): bigint {
    return [...this.#calls]
      .filter(([operation]) => operation.startsWith('refund-'))
      .reduce((sum, [, { amount }]) => sum + amount, 0n);
  }

  fits({ type, data }: Body, event: AuditedEvent, index: number): boolean {
    if (type === 'RecordProviderResult' || type === 'RecordProviderNotice') {
      const [kind = ''] = String(data.operation).split('-');
      if (index > 0) return event.type === 'VoidRequested' || event.type === 'PaymentVoided';
      return OUTCOMES[kind]?.includes(event.type) === true || PUT_OFF.includes(event.type);
    }
    const expected = EVENTS[type];
    if (!expected?.events.includes(event.type)) return false;
    if (!expected.same.every((name) => event.data[name] === data[name])) return false;
    if (data.amount !== undefined && data.amount !== event.data.amount) return false;
    return type !== 'AuthorizePayment' || this.#isSealed(data.token, event);
  }

  #isSealed(asked: unknown, event: AuditedEvent): boolean {
    const value = { kind: 'paymentToken' as const, subject: String(event.data.customerId) };
    const token = { asked, stored: event.data.token };
    return isSealed(this.#deps.open, event, value, token);
  }

  platformBody(_event: AuditedEvent, commandId: string): Body | undefined {
    const [, operation, dueAt] = EFFECT_ID.exec(commandId) ?? [];
    if (operation !== undefined) {
      const isAsked = this.asked.has(operation) && this.#calls.get(operation)?.dueAt === Number(dueAt);
      // An authorisation that was given up may be answered after all.
      if (!isAsked && !(operation === 'authorize' && this.asked.has(operation))) return undefined;
      return { type: 'RecordProviderResult', data: { operation } };
    }
    const [, deliveryId] = WEBHOOK_ID.exec(commandId) ?? [];
    if (deliveryId === undefined) return sagaCommand(this.#deps.ledgerOf, this.#source, commandId);
    const told = deliveryId.slice(this.#source.aggregateId.length + 1);
    return this.asked.has(told) ? { type: 'RecordProviderNotice', data: { operation: told } } : undefined;
  }

  *due(): Iterable<Due> {
    for (const [operation, { dueAt }] of this.#calls)
      yield { what: `call ${operation}`, at: dueAt, slackMs: EFFECT_SLACK_MS };
  }

  apply(event: AuditedEvent, body: Body): void {
    const operation = operationOf(event, body);
    this.#checkSaid(event, operation);
    if (PUT_OFF.includes(event.type)) {
      const call = this.#calls.get(operation);
      if (call !== undefined) call.dueAt = Date.parse(String(event.data.askAt ?? event.data.retryAt));
    } else this.#move(event, operation);
    this.#check(event);
  }

  /** The bank said so; or nobody was asked, since who was to pay is erased. */
  #checkSaid(event: AuditedEvent, operation: string): void {
    const isOfErased = event.data.code === ERASED;
    if (isOfErased && !this.isOfErased)
      fail(event, 'nobody is taken for erased', `${this.customerId} is not`);
    const said = isOfErased && event.type === 'PaymentDeclined' ? undefined : SAID[event.type];
    if (said === undefined && !isOfErased) return;
    const bankSaid = this.#deps.bankSaid(this.#source.aggregateId, operation);
    if (event.type in SAID && bankSaid !== said)
      fail(event, 'the bank said so', `${operation} is ${bankSaid}, not ${said}, by the bank's books`);
  }

  #move(event: AuditedEvent, operation: string): void {
    const amount = units(String(event.data.amount ?? '0'));
    switch (event.type) {
      case 'PaymentAuthorizationRequested':
        if (this.status !== 'NONE') fail(event, 'exactly once', 'it was asked for before');
        this.#amount = amount;
        this.customerId = String(event.data.customerId);
        this.token = this.#tokenOf(event);
        this.#ask('authorize', amount);
        return;
      case 'PaymentAuthorized':
        if (this.authorized > 0n || amount !== this.#amount)
          fail(event, 'money is conserved', `${amount} held`);
        this.authorized = amount;
        this.#calls.delete('authorize');
        this.#letGo();
        return;
      case 'PaymentDeclined':
      case 'PaymentFailed':
        this.#calls.delete('authorize');
        return;
      case 'VoidRequested':
        this.#isUnwanted = true;
        this.#isLetGo = true;
        this.#letGo();
        return;
      case 'PaymentVoided':
        this.#voided(event, amount);
        return;
      case 'VoidFailed':
        this.#isUnwanted = false;
        this.#calls.delete(operation);
        return;
      case 'CaptureRequested':
      case 'PaymentCaptured':
      case 'CaptureFailed':
        this.#capture(event, amount);
        return;
      default:
        this.#refund(event, amount);
    }
  }

  #tokenOf(event: AuditedEvent): string {
    const { token } = event.data;
    if (isOfBefore(event)) return String(token);
    const value = { kind: 'paymentToken' as const, subject: this.customerId };
    return String(this.#deps.open(`payment/${event.aggregateId} version ${event.version}`, value, token));
  }

  #capture(event: AuditedEvent, amount: bigint): void {
    const { capture, final } = event.data as { capture: number; final: boolean };
    const operation = `capture-${capture}`;
    if (event.type === 'CaptureRequested') {
      const open = [...this.#calls.keys()].find((call) => call.startsWith('capture-'));
      if (open !== undefined) fail(event, 'nothing is captured twice', `${open} is under way`);
      if (amount > this.held) fail(event, 'captured is at most what is held', `${amount} of ${this.held}`);
      if (final) this.mayRelease = true;
      this.isCapturedByHand ||= event.sagaId === undefined;
      this.#ask(operation, amount, final);
      return;
    }
    if (this.#calls.get(operation)?.amount !== amount)
      fail(event, 'nothing is captured twice', `${operation} was not under way`);
    this.#calls.delete(operation);
    if (event.type === 'CaptureFailed') return;
    this.captured += amount;
    if (final) this.released += this.held;
  }

  #refund(event: AuditedEvent, amount: bigint): void {
    const operation = `refund-${event.data.refundId}`;
    if (event.type === 'RefundRequested') {
      if (amount > this.kept)
        fail(event, 'refunded is at most what was captured', `${amount} of ${this.kept}`);
      this.#ask(operation, amount);
      return;
    }
    const call = this.#calls.get(operation);
    if (call?.amount !== amount) fail(event, 'money is conserved', `${operation} was not under way`);
    this.#calls.delete(operation);
    if (event.type === 'PaymentRefunded') this.refunded += amount;
  }

  #voided(event: AuditedEvent, amount: bigint): void {
    if (amount !== this.held) fail(event, 'money is conserved', `${amount} of ${this.held} was let go`);
    this.#isUnwanted = true;
    this.#isLetGo = true;
    this.released += this.held;
    for (const call of this.#calls.keys()) if (call.startsWith('void')) this.#calls.delete(call);
  }

  /** What is held and not wanted is let go. */
  #letGo(): void {
    const isAsked = [...this.#calls.keys()].some((call) => call.startsWith('void'));
    if (!this.#isUnwanted || this.held === 0n || isAsked) return;
    this.#voids++;
    this.#ask(this.#voids === 1 ? 'void' : `void-${this.#voids}`, this.held);
    this.mayRelease = true;
  }

  #ask(operation: string, amount: bigint, final = false): void {
    this.asked.set(operation, amount);
    this.#calls.set(operation, { amount, final, dueAt: 0 });
  }

  /** Never more is captured than was held, nor refunded than captured; what the event says of it is what the books say. */
  #check(event: AuditedEvent): void {
    const standing = event.data.standing as Record<string, string>;
    const own = {
      authorized: this.authorized,
      captured: this.captured,
      released: this.released,
      refunded: this.refunded,
    };
    for (const [name, figure] of Object.entries(own))
      if (units(standing[name] ?? '') !== figure)
        fail(event, 'payments are exact', `${name} is ${standing[name]}, by the auditor's books ${figure}`);
    if (this.held < 0n) fail(event, 'captured is at most what is held', `${this.held} are held`);
    if (this.refunded > this.captured || this.refunded < 0n)
      fail(event, 'refunded is at most what was captured', `${this.refunded} of ${this.captured}`);
    this.status = standing.status ?? '';
    if (!this.#isLikely(this.status)) fail(event, 'payments are exact', `it is not ${this.status}`);
  }

  #isLikely(status: string): boolean {
    switch (status) {
      case 'AUTHORIZED':
        return this.held > 0n;
      case 'CAPTURED':
        return this.held === 0n && this.captured > this.refunded;
      case 'REFUNDED':
        return this.held === 0n && this.captured > 0n && this.captured === this.refunded;
      case 'VOIDED':
        return this.held === 0n && this.captured === 0n;
      case 'PENDING':
      case 'DECLINED':
      case 'FAILED':
        return this.authorized === 0n;
      default:
        return status === 'VOIDING';
    }
  }
}

/** What an event is about: a webhook about one operation may have been taken for the end of another. */
function operationOf({ type, data }: AuditedEvent, body: Body): string {
  if (type === 'PaymentCaptured' || type === 'CaptureFailed') return `capture-${data.capture}`;
  if (type === 'PaymentRefunded' || type === 'RefundFailed') return `refund-${data.refundId}`;
  return String(body.data.operation ?? '');
}

function fail({ aggregateId, version, type }: AuditedEvent, check: string, detail: string): never {
  throw new Breach(check, `payment/${aggregateId} version ${version} (${type}): ${detail}`);
}
