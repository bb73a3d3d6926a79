/** The sagas of an order as the auditor knows them: what they ask of stock, payment and order, and what ends which step. */
import type { Source } from '../../../actors/kernel/messages.ts';
import type { AuditedEvent } from './book.ts';
import type { LedgerOf } from './ledger.ts';
import type { Protocol, SagaInput, StepAsked, StepCommand, Word } from './protocol.ts';
import type { InventoryTold, OrderTold, PaymentTold } from './shopBooks.ts';

/** From the start of a fulfilment to the end of its reservations: three weeks. */
const RESERVATION_MS = 21 * 86_400_000;

/** What the bank of the sandbox declines with these cards it declines for good: an operator may try as often as he likes. */
const DECLINED_FOR_GOOD = /^tok_(?:capture|refund)_(?:decline|(?:late|lost)_)/;

const HELD_FOR_GOOD = /^tok_void_(?:decline|(?:late|lost)_)/;

interface Line {
  readonly line: number;
  readonly productId: string;
  readonly quantity: string;
}

const orderOf = ({ orderId }: SagaInput): Source => ({
  aggregateType: 'order',
  aggregateId: String(orderId),
});
const paymentOf = ({ orderId }: SagaInput): Source => ({
  aggregateType: 'payment',
  aggregateId: String(orderId),
});

function lineOf({ items }: SagaInput, key: string): Line {
  const found = (items as readonly Line[]).find(({ line }) => String(line) === key);
  if (found === undefined) throw new Error(`no line ${key}`);
  return found;
}

function stock({ input, key }: StepAsked, type: string, more: object = {}): StepCommand {
  const { productId } = lineOf(input, key);
  const target = { aggregateType: 'inventory', aggregateId: productId };
  return { target, body: { type, data: { reservationId: `${input.orderId}-${key}`, ...more } } };
}

function payment({ input }: StepAsked, type: string, data: Record<string, unknown> = {}): StepCommand {
  return { target: paymentOf(input), body: { type, data } };
}

function order({ input }: StepAsked, type: string, data: Record<string, unknown> = {}): StepCommand {
  return { target: orderOf(input), body: { type, data } };
}

/** What has left of a line with one shipment: the order's own log says so. */
function issue(asked: StepAsked, ledgerOf: LedgerOf): StepCommand | undefined {
  const [shipment, line] = asked.key.split('-');
  const { shipments } = ledgerOf(orderOf(asked.input)).book as OrderTold;
  const items = shipments.get(`${asked.input.orderId}-${shipment}`)?.data.items as
    | readonly Line[]
    | undefined;
  const item = items?.find((one) => String(one.line) === line);
  return item && stock({ ...asked, key: String(item.line) }, 'IssueStock', { quantity: item.quantity });
}

/** What a shipment adds to a fulfilment: its lines leave the books, and with the last one everything is paid. */
function added({ type, data }: AuditedEvent, { orderId }: SagaInput): string[] {
  if (type !== 'OrderShipped') return [];
  const shipment = String(data.shipmentId).slice(String(orderId).length + 1);
  const steps = (data.items as readonly Line[]).map(({ line }) => `commit-stock:${shipment}-${line}`);
  return data.status === 'SHIPPED' ? [...steps, 'capture-payment'] : steps;
}

function fulfil(asked: StepAsked, ledgerOf: LedgerOf): StepCommand | undefined {
  const { base, key, input, startedAt } = asked;
  switch (base) {
    case 'reserve-stock': {
      const expiresAt = new Date(startedAt + RESERVATION_MS).toISOString();
      return stock(asked, 'ReserveStock', { quantity: lineOf(input, key).quantity, expiresAt });
    }
    case 'authorize-payment': {
      const { orderId, customerId, total, currency, payment: card } = input;
      const data = { orderId, customerId, amount: total, currency, ...(card as object) };
      return payment(asked, 'AuthorizePayment', data);
    }
    case 'confirm-order':
      return order(asked, 'ConfirmOrder');
    case 'commit-stock':
      return key.includes('-') ? issue(asked, ledgerOf) : stock(asked, 'CommitReservation');
    case 'capture-payment':
      return payment(asked, 'CapturePayment');
    default:
      return undefined;
  }
}

function unfulfil(asked: StepAsked, reason: string): StepCommand | undefined {
  switch (asked.base) {
    case 'reserve-stock':
      return stock(asked, 'ReleaseReservation', { reason });
    case 'authorize-payment':
      return payment(asked, 'VoidPayment', { reason });
    case 'allow-payment':
      return payment(asked, 'RefundPayment', {
        refundId: refundIdOf('fulfilment', (asked.undoing ?? 1) - 1),
        reason,
      });
    case 'place-order':
    case 'confirm-order':
    case 'await-shipment':
      return order(asked, 'CancelOrder', { reason });
    default:
      return undefined;
  }
}

const NOT_AUTHORIZED = ['PaymentDeclined', 'PaymentFailed', 'PaymentVoided'];

/** The first version that hears of money which is let go while the shipment is waited for. */
const HEARS_VOIDS = 3;

/** The first version that gives back what was captured by hand of an order that is undone. */
export const GIVES_BACK = 4;

/** The first version of the cancellation that goes by what all refunds come to, and hears of those that come back. */
const COUNTS_ALL_REFUNDS = 3;

function isAllRefunded({ standing }: AuditedEvent['data']): boolean {
  const { captured, refunded } = standing as Record<string, string>;
  return captured === refunded;
}

function fulfilmentWord(
  base: string,
  { type, data }: AuditedEvent,
  { version }: { readonly version: number },
): Word {
  const { status } = (data.standing ?? data) as { status?: string };
  switch (base) {
    case 'authorize-payment':
      if (type === 'PaymentAuthorized') return status === 'AUTHORIZED' ? 'done' : 'refused';
      return NOT_AUTHORIZED.includes(type) ? 'refused' : undefined;
    case 'await-shipment':
      if (type === 'OrderShipped') return status === 'SHIPPED' ? 'done' : undefined;
      if (type === 'PaymentVoided' && version >= HEARS_VOIDS)
        return status === 'VOIDED' ? 'given up' : undefined;
      return type === 'OrderCancelled' && data.statusBefore === 'CONFIRMED' ? 'over' : undefined;
    case 'capture-payment':
      if (type === 'PaymentCaptured') return 'done';
      return type === 'CaptureFailed' ? 'refused' : undefined;
    default:
      return undefined;
  }
}

export const FULFILMENT: Protocol = {
  command: (asked, ledgerOf) =>
    asked.undoneFor === undefined ? fulfil(asked, ledgerOf) : unfulfil(asked, asked.undoneFor),
  awaits(base, input) {
    if (base === 'await-shipment') return [orderOf(input), paymentOf(input)];
    return base.endsWith('-payment') ? [paymentOf(input)] : [];
  },
  word: fulfilmentWord,
  // Somebody has captured all that was held, or let go of the rest.
  isMoot: (base, _key, input, ledgerOf) =>
    base === 'capture-payment' && (ledgerOf(paymentOf(input)).book as PaymentTold).held === 0n,
  // A part of the money may have gone back by hand, before or meanwhile.
  undoes: (base, { data }) => base !== 'allow-payment' || isAllRefunded(data),
  adds: added,
  isUndone(base, key, input, ledgerOf) {
    switch (base) {
      case 'reserve-stock':
        return isFree(input, key, ledgerOf);
      case 'authorize-payment':
        return (ledgerOf(paymentOf(input)).book as PaymentTold).isLetGo;
      case 'place-order':
      case 'confirm-order':
      case 'await-shipment':
        return (ledgerOf(orderOf(input)).book as OrderTold).status === 'CANCELLED';
      default:
        return true;
    }
  },
  isHopeless,
};

export const CANCELLATION: Protocol = {
  command(asked) {
    const { reason } = asked.input;
    if (asked.undoneFor !== undefined) return undefined;
    switch (asked.base) {
      case 'release-stock':
        return stock(asked, 'ReleaseReservation', { reason });
      case 'void-payment':
        return payment(asked, 'VoidPayment', { reason });
      case 'refund-payment':
        return payment(asked, 'RefundPayment', { refundId: refundIdOf('cancellation', asked.round), reason });
      default:
        return undefined;
    }
  },
  awaits: (base, input) => (base === 'release-stock' ? [] : [paymentOf(input)]),
  isMoot(base, key, input, ledgerOf) {
    const { book } = ledgerOf(paymentOf(input));
    switch (base) {
      case 'release-stock':
        return isFree(input, key, ledgerOf);
      case 'void-payment':
        return (book as PaymentTold).isLetGo;
      default:
        return (book as PaymentTold).kept === 0n;
    }
  },
  word(base, { type, data }, { round, version }) {
    if (base === 'void-payment') {
      if (type === 'PaymentVoided') return 'done';
      return type === 'VoidFailed' ? 'refused' : undefined;
    }
    if (version >= COUNTS_ALL_REFUNDS) {
      if (type === 'PaymentRefunded') return isAllRefunded(data) ? 'done' : undefined;
      return type === 'RefundFailed' ? 'refused' : undefined;
    }
    if (data.refundId !== refundIdOf('cancellation', round)) return undefined;
    if (type === 'PaymentRefunded') return 'done';
    return type === 'RefundFailed' ? 'refused' : undefined;
  },
  mayLapse: (base, version) => base === 'refund-payment' && version >= COUNTS_ALL_REFUNDS,
  isHopeless,
};

/** Whether nothing is promised for a line. */
function isFree(input: SagaInput, key: string, ledgerOf: LedgerOf): boolean {
  const { productId } = lineOf(input, key);
  const { book } = ledgerOf({ aggregateType: 'inventory', aggregateId: productId });
  return !(book as InventoryTold).live.has(`${input.orderId}-${key}`);
}

function refundIdOf(saga: string, again: number): string {
  return again === 0 ? saga : `${saga}-${again}`;
}

function isHopeless(input: SagaInput, ledgerOf: LedgerOf): boolean {
  const { token, shipments } = ledgerOf(orderOf(input)).book as OrderTold;
  const { held, captured, isLetGo } = ledgerOf(paymentOf(input)).book as PaymentTold;
  // Goods left before anybody heard that nobody pays for them any more.
  const isLost = shipments.size > 0 && isLetGo && captured === 0n;
  return DECLINED_FOR_GOOD.test(token) || (HELD_FOR_GOOD.test(token) && held > 0n) || isLost;
}
