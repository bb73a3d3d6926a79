/**
 * The order: its commands, events and refusals. Quantities are whole units, so a line's amount, quantity × unit price, is
 * exact to the 8 decimals of the price, and so is their total; only the total is paid, in whole minor units of its currency.
 */
import { z } from 'zod';
import { Currency } from './currency.ts';
import { shownAs } from './jsonSchema.ts';
import { PaymentMethod, PaymentToken } from './payment.ts';
import { personal, stored } from './personal.ts';
import { AggregateId, DecimalText, Id, NonNegativeDecimal, Remark, Text, WholeQuantity } from './scalars.ts';

/** Carriers, tracking numbers and parts of an address: one line each. */
const LINE_LENGTH_MAX = 256;

const Line = Text(LINE_LENGTH_MAX);

/** Lines of one order: as many as a body of 64 KiB has room for. */
export const ORDER_LINES_MAX = 1_000;

/** Shipments of one order: each stands in its state and in the answer to whoever asks for it. */
export const ORDER_SHIPMENTS_MAX = 100;

/** Parts of an address: more than any postal system has. */
const ADDRESS_PARTS_MAX = 16;

/** `PENDING` until stock and payment are sure; `SHIPPED` once every unit has left. */
export const OrderStatus = z.enum(['PENDING', 'CONFIRMED', 'SHIPPED', 'DELIVERED', 'CANCELLED']);
export type OrderStatus = z.infer<typeof OrderStatus>;

const AddressPart = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_-]{0,31}$/, 'must be 1 to 32 characters of A-Z, a-z, 0-9, _ and -');

/** A country and nothing else, since it is not encrypted: no digits, so no street and no postal code. */
const COUNTRY = /^[\p{L}\p{M} .,'’&()-]{2,64}$/u;

const ADDRESS_SHOWN = {
  type: 'object' as const,
  title: 'Address',
  description:
    'An address in parts: `name`, `line1`, `city`, `postalCode`, `country` and whatever else it has.',
  propertyNames: { pattern: '^[A-Za-z][A-Za-z0-9_-]{0,31}$' },
  additionalProperties: { type: 'string' as const, minLength: 1, maxLength: LINE_LENGTH_MAX },
  minProperties: 1,
  maxProperties: ADDRESS_PARTS_MAX,
  examples: [{ name: 'A. Lovelace', line1: '12 St James Square', city: 'London', country: 'United Kingdom' }],
};

/** Where the goods go. Postal systems differ, so parts are kept under whatever names they come with. */
export const Address = personal(
  'address',
  z
    .record(AddressPart, Line)
    .refine((address) => Object.keys(address).length > 0, 'must have at least one part')
    .refine(
      (address) => Object.keys(address).length <= ADDRESS_PARTS_MAX,
      `must have at most ${ADDRESS_PARTS_MAX} parts`,
    )
    .refine(({ country }) => country === undefined || COUNTRY.test(country), {
      path: ['country'],
      message: "must be the name or the code of a country: 2 to 64 letters, spaces and .,'&()-",
    })
    .meta(shownAs(ADDRESS_SHOWN)),
);
export type Address = z.infer<typeof Address>;

/** The country, which stays in the clear: sales are counted by it, and by itself it says nothing about anybody. */
export function countryOf(shipTo: Address): string | null {
  return shipTo.country ?? null;
}

const ADDRESS_LINE_SHOWN = { type: 'string' as const, minLength: 1, maxLength: LINE_LENGTH_MAX };

/** An address as it is sent: one that comes as a single line becomes its `line1`. */
const ShipTo = personal(
  'address',
  z
    .preprocess((sent) => (typeof sent === 'string' ? { line1: sent } : sent), Address)
    .meta(shownAs(ADDRESS_SHOWN, { oneOf: [ADDRESS_SHOWN, ADDRESS_LINE_SHOWN] })),
);

// ---- commands: type → data ----

const OrderItem = z.strictObject({
  productId: Id,
  quantity: WholeQuantity,
  unitPrice: NonNegativeDecimal,
});

/** Places the order. `orderId` is the aggregate's own id: the same order again is recognised by it. */
export const PlaceOrder = z.strictObject({
  orderId: Id,
  customerId: Id,
  currency: Currency,
  items: z
    .array(OrderItem)
    .min(1, 'must have at least one item')
    .max(ORDER_LINES_MAX, `must have at most ${ORDER_LINES_MAX} items`),
  payment: z.strictObject({ method: PaymentMethod, token: PaymentToken }),
  shipTo: ShipTo,
});
/** Makes the order binding: stock and payment are sure. */
export const ConfirmOrder = z.strictObject({});

/** A line by its number in the order, 1, 2, 3, …: two lines may be of the same product. */
const LineNumber = z.number().int().min(1).max(ORDER_LINES_MAX).meta({
  description: 'The place of the item in the order: 1, 2, 3, …',
});

/** Goods leave: all that is left of the order, or the items that are given. */
export const ShipOrder = z.strictObject({
  carrier: Line,
  trackingNumber: Line,
  items: z
    .array(z.strictObject({ line: LineNumber, quantity: WholeQuantity }))
    .min(1, 'must have at least one item')
    .max(ORDER_LINES_MAX, `must have at most ${ORDER_LINES_MAX} items`)
    .optional()
    .meta({ description: 'What leaves now; where absent, all that is left.' }),
});
/** The goods have arrived. */
export const DeliverOrder = z.strictObject({});
/** Ends the order before anything has left. */
export const CancelOrder = z.strictObject({ reason: Remark });

const RecordedStatus = z.enum(['DISPATCHED', 'DELIVERED']);
/** What a shipment has been told: that it is under way, and in the end that it has arrived. */
export type RecordedStatus = z.infer<typeof RecordedStatus>;

/** Records that the shipment itself knows of it. */
export const RecordShipment = z.strictObject({ shipmentId: AggregateId, status: RecordedStatus });

/** Commands that clients may send, by type, with what the catalogue says of them. */
export const orderCommands = {
  PlaceOrder: PlaceOrder.meta({ description: 'Places the order; its fulfilment begins.' }),
  ShipOrder: ShipOrder.meta({ description: 'Goods leave: all that is left, or the items that are given.' }),
  DeliverOrder: DeliverOrder.meta({ description: 'The goods have arrived.' }),
  CancelOrder: CancelOrder.meta({ description: 'Ends the order before anything has left.' }),
} as const;

/** Commands that the platform alone sends: what they say was done elsewhere. */
export const orderRecords = { ConfirmOrder, RecordShipment } as const;

/** The order as it is decided: without what is personal in it. */
const ProtectedPlaceOrder = PlaceOrder.extend({
  payment: z.strictObject({ method: PaymentMethod, token: stored(PaymentToken) }),
  shipTo: stored(Address),
  country: Line.nullable().meta({
    description: 'Of the address, which is encrypted; null where it has none.',
  }),
});

type Commands = Omit<typeof orderCommands, 'PlaceOrder'> &
  typeof orderRecords & { readonly PlaceOrder: typeof ProtectedPlaceOrder };

/** A command as the decider takes it. */
export type OrderCommand = {
  [Type in keyof Commands]: { readonly type: Type; readonly data: z.infer<Commands[Type]> };
}[keyof Commands];

// ---- events: type → data of the newest schema version ----

/** A line of the order as placed. */
export const OrderLine = z.strictObject({
  line: LineNumber,
  productId: Id,
  quantity: WholeQuantity,
  unitPrice: NonNegativeDecimal,
  amount: DecimalText.meta({ description: 'Quantity × unit price, exact.' }),
});
export type OrderLine = z.infer<typeof OrderLine>;

/** The order as placed, with what each line and all of it come to. */
export const OrderPlaced = ProtectedPlaceOrder.extend({
  items: z.array(OrderLine).min(1),
  total: DecimalText.meta({ description: 'The sum of the amounts, exact, in whole minor units.' }),
});
const OrderConfirmed = z.strictObject({});
/** What left with one shipment. */
export const OrderShipped = z.strictObject({
  shipmentId: AggregateId.meta({ description: 'The order id with the number of the shipment.' }),
  carrier: Line,
  trackingNumber: Line,
  items: z
    .array(z.strictObject({ line: LineNumber, productId: Id, quantity: WholeQuantity }))
    .min(1)
    .meta({ description: 'What has left with this shipment.' }),
  status: z
    .enum(['CONFIRMED', 'SHIPPED'])
    .meta({ description: 'Of the order after the event: SHIPPED once every unit has left.' }),
});
export type OrderShipped = z.infer<typeof OrderShipped>;
const ShipmentRecorded = RecordShipment;
const OrderDelivered = z.strictObject({});
const OrderCancelled = z.strictObject({
  reason: Remark,
  statusBefore: z
    .enum(['PENDING', 'CONFIRMED'])
    .meta({ description: 'What the order was: of a confirmed one, stock and payment are to be undone.' }),
  sagaId: AggregateId.meta({
    description:
      'The saga that undoes what was done: the one that fulfils the order where it was pending or that saga itself cancels it, one of its own else.',
  }),
});

/** Events by type, in their newest shape, with what the catalogue says of them. */
export const orderEvents = {
  OrderPlaced: OrderPlaced.meta({
    description: 'The order exists; its fulfilment begins. Version 1 had address and token in the clear.',
  }),
  OrderConfirmed: OrderConfirmed.meta({ description: 'Stock and payment are sure.' }),
  OrderShipped: OrderShipped.meta({
    description: 'Goods have left: a shipment of all or some of the units.',
  }),
  ShipmentRecorded: ShipmentRecorded.meta({
    description:
      'A shipment of the order, which keeps a log of its own, knows that it is under way or has arrived.',
  }),
  OrderDelivered: OrderDelivered.meta({ description: 'The goods have arrived.' }),
  OrderCancelled: OrderCancelled.meta({ description: 'The order has ended without anything having left.' }),
} as const;

/** An event as the decider folds it. */
export type OrderEvent = {
  [Type in keyof typeof orderEvents]: {
    readonly type: Type;
    readonly data: z.infer<(typeof orderEvents)[Type]>;
  };
}[keyof typeof orderEvents];

/** Refusals in the order in which they are checked. */
export const ORDER_REFUSALS = [
  'order_already_placed',
  'amount_precision',
  'amount_out_of_range',
  'nothing_to_pay',
  'order_not_found',
  'order_cancelled',
  'order_already_delivered',
  'order_already_shipped',
  'order_already_confirmed',
  'order_not_confirmed',
  'order_not_shipped',
  'too_many_shipments',
  'unknown_line',
  'quantity_exceeds_order',
  'nothing_to_record',
] as const;
export type OrderRefusal = (typeof ORDER_REFUSALS)[number];
