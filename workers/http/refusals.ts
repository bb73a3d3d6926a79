/**
 * What each refusal means to a client. Codes are stable: clients branch on them. A refusal is 422 unless it says that something
 * exists or does not.
 */
import type { AccountRefusal } from '../../schemas/account.ts';
import type { AggregateRefusal } from '../../schemas/aggregates.ts';
import type { KernelRefusal } from '../../schemas/envelope.ts';
import type { InventoryRefusal } from '../../schemas/inventory.ts';
import type { OrderRefusal } from '../../schemas/order.ts';
import type { PaymentRefusal } from '../../schemas/payment.ts';
import type { ProductRefusal } from '../../schemas/product.ts';
import type { ReconciliationRefusal } from '../../schemas/reconciliation.ts';
import type { SagaRefusal } from '../../schemas/saga.ts';
import type { ServiceKeyRefusal } from '../../schemas/serviceKey.ts';
import type { ShipmentRefusal } from '../../schemas/shipment.ts';
import type { SubjectRefusal } from '../../schemas/subject.ts';

/** A code's status, and what it means in a sentence. */
export interface ProblemKind {
  readonly status: number;
  readonly meaning: string;
}

type Kinds<Code extends string> = Readonly<Record<Code, ProblemKind>>;

const KERNEL: Kinds<KernelRefusal> = {
  command_id_reused: {
    status: 409,
    meaning: 'The command id, or the id of the thing to create, was used before with another body.',
  },
  version_conflict: {
    status: 412,
    meaning: 'The version is not the expected one; `currentVersion` says which it is.',
  },
};

/** Those of amounts serve every aggregate that has some. */
const ACCOUNT: Kinds<AccountRefusal> = {
  account_already_open: { status: 409, meaning: 'An account with this id has been opened before.' },
  account_not_found: {
    status: 404,
    meaning: 'The account has not been opened, or not yet at the time asked for.',
  },
  account_closed: { status: 422, meaning: 'The account is closed for good.' },
  account_frozen: { status: 422, meaning: 'The account is frozen.' },
  account_not_frozen: { status: 422, meaning: 'The account is not frozen.' },
  amount_precision: { status: 422, meaning: 'The amount has more decimals than the currency has.' },
  limit_exceeded: { status: 422, meaning: 'The trade would exceed a limit of the account.' },
  insufficient_position: {
    status: 422,
    meaning: 'The sale needs more than is held, and short sales are not allowed.',
  },
  insufficient_funds: { status: 422, meaning: 'The cash does not cover the withdrawal or the trade.' },
  amount_out_of_range: {
    status: 422,
    meaning: 'A balance, a position or a total would leave the range of the ledger.',
  },
  account_not_empty: {
    status: 422,
    meaning: 'The account still holds cash or a position, or a transfer to it is under way.',
  },
  trade_not_found: { status: 404, meaning: 'The account has no trade of this id.' },
  trade_already_cancelled: { status: 422, meaning: 'The trade was cancelled before.' },
  nothing_to_correct: { status: 422, meaning: 'The trade has the terms of the correction already.' },
  trade_out_of_reach: {
    status: 422,
    meaning: 'More events have come since the trade than an amendment may look through.',
  },
  currency_mismatch: { status: 422, meaning: 'The account is in another currency than the transfer.' },
  transfer_barred: { status: 422, meaning: 'The transfer was given up before.' },
  transfer_already_known: { status: 409, meaning: 'The account has a part in a transfer with this id.' },
  transfer_expired: { status: 422, meaning: "The transfer's time is up." },
  too_many_transfers: { status: 422, meaning: 'The account has as many transfers under way as it may.' },
  transfer_not_found: { status: 404, meaning: 'No such transfer is under way in the account.' },
};

const PRODUCT: Kinds<ProductRefusal> = {
  product_not_found: { status: 404, meaning: 'There is no such product, or not yet at the time asked for.' },
};

const INVENTORY: Kinds<InventoryRefusal> = {
  inventory_not_found: {
    status: 404,
    meaning: 'Nothing of this product was ever received, or not yet at the time asked for.',
  },
  reservation_already_made: { status: 409, meaning: 'A reservation with this id has been made before.' },
  reservation_not_found: { status: 404, meaning: 'The product has no such reservation, or not any more.' },
  reservation_expired: { status: 422, meaning: "The reservation's time is up." },
  reservation_ended: { status: 422, meaning: 'The reservation was released, or its goods have left.' },
  too_many_reservations: { status: 422, meaning: 'The product has as many live reservations as it may.' },
  insufficient_reservation: { status: 422, meaning: 'The reservation holds fewer units than are to leave.' },
  insufficient_stock: { status: 422, meaning: 'Fewer units are free than are needed.' },
  quantity_out_of_range: { status: 422, meaning: 'The stock would have more digits than a quantity may.' },
};

const ORDER: Kinds<Exclude<OrderRefusal, AccountRefusal>> = {
  order_already_placed: { status: 409, meaning: 'An order with this id has been placed before.' },
  nothing_to_pay: { status: 422, meaning: 'The order comes to nothing.' },
  order_not_found: { status: 404, meaning: 'There is no such order, or not yet at the time asked for.' },
  order_cancelled: { status: 422, meaning: 'The order was cancelled.' },
  order_already_delivered: { status: 422, meaning: 'The order has been delivered.' },
  order_already_shipped: { status: 422, meaning: 'Some or all of the order has left already.' },
  order_already_confirmed: { status: 422, meaning: 'The order has been confirmed.' },
  order_not_confirmed: { status: 422, meaning: 'Stock and payment of the order are not sure yet.' },
  order_not_shipped: { status: 422, meaning: 'Some of the order has not left yet.' },
  too_many_shipments: { status: 422, meaning: 'The order has as many shipments as it may.' },
  unknown_line: { status: 422, meaning: 'The order has no line of this number.' },
  quantity_exceeds_order: { status: 422, meaning: 'More is to leave than is left of a line.' },
  nothing_to_record: { status: 422, meaning: 'The order does not wait for this of the shipment.' },
};

const PAYMENT: Kinds<Exclude<PaymentRefusal, AccountRefusal>> = {
  payment_voided: { status: 422, meaning: 'The payment was voided, or its money is being let go.' },
  payment_already_requested: {
    status: 409,
    meaning: 'A payment with this id has been asked for before.',
  },
  provider_not_configured: {
    status: 422,
    meaning: 'The payment provider of this platform has no secret; the detail says which.',
  },
  payment_not_found: { status: 404, meaning: 'There is no such payment.' },
  payment_not_authorized: { status: 422, meaning: 'The provider does not hold the amount, or not yet.' },
  void_in_progress: { status: 409, meaning: 'A void waits for the answer of the provider.' },
  capture_in_progress: { status: 409, meaning: 'A capture waits for the answer of the provider.' },
  nothing_to_void: { status: 422, meaning: 'Nothing is held that could be let go.' },
  nothing_to_capture: { status: 422, meaning: 'Nothing is held that could be captured.' },
  nothing_to_refund: { status: 422, meaning: 'Nothing was captured, or all of it goes back already.' },
  too_many_refunds: { status: 422, meaning: 'The payment has as many refunds as it may.' },
  amount_exceeds_authorized: { status: 422, meaning: 'The capture asks for more than is still held.' },
  amount_exceeds_captured: {
    status: 422,
    meaning: 'The refund asks for more than was captured and has not gone back.',
  },
  nothing_new: { status: 422, meaning: 'What the provider says is known already, or no longer wanted.' },
};

const SHIPMENT: Kinds<ShipmentRefusal> = {
  shipment_already_created: { status: 409, meaning: 'A shipment with this id has been created before.' },
  shipment_not_found: {
    status: 404,
    meaning: 'There is no such shipment, or not yet at the time asked for.',
  },
  shipment_already_delivered: { status: 422, meaning: 'The shipment has arrived.' },
  shipment_already_dispatched: { status: 422, meaning: 'The carrier has the shipment already.' },
};

const SERVICE_KEY: Kinds<ServiceKeyRefusal> = {
  service_key_already_issued: { status: 409, meaning: 'A key with this id has been issued before.' },
  service_key_not_found: {
    status: 404,
    meaning: 'There is no such key, or not yet at the time asked for.',
  },
  service_key_revoked: { status: 422, meaning: 'The key was revoked.' },
  expiry_passed: { status: 422, meaning: 'The key would have ended before it began.' },
  secret_already_used: { status: 422, meaning: 'The key has, or had just before, this very secret.' },
};

const RECONCILIATION: Kinds<ReconciliationRefusal> = {
  finding_already_open: { status: 409, meaning: 'The finding is open.' },
  too_many_findings: { status: 422, meaning: 'As many findings are open as there may be.' },
  finding_not_open: { status: 422, meaning: 'No such finding is open.' },
};

const SAGA: Kinds<SagaRefusal> = {
  saga_already_started: { status: 409, meaning: 'A saga with this id has been started before.' },
  saga_definition_unknown: { status: 422, meaning: 'There is no saga of this name.' },
  saga_not_found: { status: 404, meaning: 'There is no such saga.' },
  saga_ended: { status: 422, meaning: 'The saga has ended.' },
  saga_not_parked: { status: 422, meaning: 'The saga waits for nobody.' },
  step_not_settleable: {
    status: 422,
    meaning: 'What the saga waits for can be done, or undone, by itself alone.',
  },
  saga_past_pivot: { status: 422, meaning: 'The saga can only go on: what it has done cannot be undone.' },
  step_not_running: { status: 422, meaning: 'The step is not under way, or not any more.' },
  event_not_awaited: { status: 422, meaning: 'No step waits for the event.' },
};

const SUBJECT: Kinds<SubjectRefusal> = {
  subject_not_found: {
    status: 404,
    meaning: 'Nothing is known of such a subject, or not yet at the time asked for.',
  },
  already_erased: { status: 409, meaning: 'The subject was erased.' },
  subject_erased: { status: 409, meaning: 'The customer was erased: nothing about them is stored any more.' },
  legal_hold: { status: 409, meaning: 'The subject is held: it cannot be erased before the hold is lifted.' },
  hold_unknown: {
    status: 409,
    meaning:
      'The log of the subject was lost, and with it whether it is held: a hold has to be placed, and lifted, first.',
  },
  no_legal_hold: { status: 422, meaning: 'The subject is not held.' },
  subject_key_exists: { status: 409, meaning: 'The subject has a key.' },
  subject_without_key: { status: 422, meaning: 'The subject has no key that could be replaced.' },
  too_many_keys: { status: 422, meaning: 'The subject has as many keys as it may.' },
  already_recorded: { status: 409, meaning: 'The log of the subject says so already.' },
};

/** Every refusal of a command, with what it means. */
export const REFUSALS: Kinds<KernelRefusal | AggregateRefusal | PaymentRefusal> = {
  ...KERNEL,
  ...ACCOUNT,
  ...PRODUCT,
  ...INVENTORY,
  ...ORDER,
  ...PAYMENT,
  ...SHIPMENT,
  ...SERVICE_KEY,
  ...RECONCILIATION,
  ...SAGA,
  ...SUBJECT,
};
