// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what is patched is source text
/** Deliberate bugs in stock, orders, shipments and payments. */
import type { Mutant } from './mutant.ts';

const STOCK = 'actors/inventory/decider.ts';
const RESERVATIONS = 'actors/inventory/reservations.ts';
const ORDER = 'actors/order/decider.ts';
const SHIPMENTS = 'actors/order/shipments.ts';
const PAYMENT = 'actors/payment/decider.ts';
const ANSWERS = 'actors/payment/answers.ts';
const MONEY = 'actors/payment/state.ts';

const MUTANTS: readonly Mutant[] = [
  {
    name: 'units-promised-twice',
    breaks: 'Whether units are there is asked, whether they are promised already is not.',
    patches: [
      {
        file: STOCK,
        find: 'if (units > availableOf(state)) {',
        replace: 'if (units > parseDecimal(state.onHand)) {',
      },
    ],
  },
  {
    name: 'reservation-never-expires',
    breaks: 'A reservation of stock has no timer.',
    patches: [
      {
        file: RESERVATIONS,
        find: 'deadlines.earliestFirst(live)',
        replace: 'deadlines.earliestFirst(live && {})',
      },
    ],
  },
  {
    name: 'released-and-not-barred',
    breaks: 'A reservation that its own release has overtaken is made all the same.',
    patches: [
      {
        file: STOCK,
        find: "return accept({ type: 'ReservationBarred', data: { reservationId, reason, ...level } });",
        replace: 'return (level, reason, gone(reservationId, ending));',
      },
    ],
  },
  {
    name: 'committed-and-still-promised',
    breaks: 'Goods leave, and the units that were promised of them stay promised.',
    patches: [
      {
        file: STOCK,
        find: '...levelAfter(state, negate(units), negate(promised)),',
        replace: '...levelAfter(state, negate(units), ZERO),',
      },
    ],
  },
  {
    name: 'late-goods-are-of-others',
    breaks: 'Goods that leave after their reservation has expired are taken off what others were promised.',
    patches: [
      {
        file: STOCK,
        find: '...levelAfter(state, negate(units), negate(promised)),',
        replace: '...levelAfter(state, negate(units), negate(units)),',
      },
    ],
  },
  {
    name: 'cancelled-order-names-nobody',
    breaks: 'An order that its fulfilment cancels names another saga, which nobody starts.',
    patches: [
      {
        file: ORDER,
        find: 'sagaId ?? cancellationSagaId(state.orderId)',
        replace: 'cancellationSagaId(state.orderId ?? sagaId)',
      },
    ],
  },
  {
    name: 'cancelled-order-is-confirmed',
    breaks: 'A confirmation that comes after the cancellation is taken.',
    patches: [
      {
        file: ORDER,
        find: "    case 'CANCELLED':\n",
        replace:
          "    case 'CANCELLED':\n      if (command.type === 'ConfirmOrder') return accept({ type: 'OrderConfirmed', data: {} });\n",
      },
    ],
  },
  {
    name: 'shipped-order-is-cancelled',
    breaks: 'An order is cancelled though some of it has left.',
    patches: [
      {
        file: ORDER,
        find: 'if (state.shipments.length > 0)\n',
        replace: 'if (state.shipments.length > 9)\n',
      },
    ],
  },
  {
    name: 'shipped-units-not-counted',
    breaks: 'What has left of a line leaves again with the next shipment.',
    patches: [
      {
        file: ORDER,
        find: 'item.shipped = formatDecimal(add(parseDecimal(item.shipped), parseDecimal(quantity)));',
        replace: 'item.shipped = formatDecimal(add(ZERO, parseDecimal(quantity)));',
      },
    ],
  },
  {
    name: 'shipment-never-delivered',
    breaks: 'A shipment is told that it is under way, and never that it has arrived.',
    patches: [
      {
        file: SHIPMENTS,
        find: "orderStatus === 'DELIVERED' ? 'DELIVERED' : 'DISPATCHED';",
        replace: "orderStatus === 'UNPLACED' ? 'DELIVERED' : 'DISPATCHED';",
      },
    ],
  },
  {
    name: 'captured-while-capturing',
    breaks: 'A capture begins although the bank has not answered the one before.',
    patches: [
      {
        file: PAYMENT,
        find: '  if (openCapture(state) !== undefined) return isCapturing();\n  const held',
        replace: '  const held',
      },
    ],
  },
  {
    name: 'refunds-not-added-up',
    breaks: 'Refunds that are under way are not counted, so that more goes back than was captured.',
    patches: [
      {
        file: PAYMENT,
        find: 'subtract(parseDecimal(standing.captured), parseDecimal(standing.refunded)) + open)',
        replace: 'subtract(parseDecimal(standing.captured), parseDecimal(standing.refunded)) + open - open)',
      },
    ],
  },
  {
    name: 'late-hold-is-kept',
    breaks: 'Money that comes to be held after the payment was voided stays held.',
    patches: [
      {
        file: MONEY,
        find: '      delete state.calls.authorize;\n      wantVoid(state);\n',
        replace: '      delete state.calls.authorize;\n',
      },
    ],
  },
  {
    name: 'call-under-a-new-operation',
    breaks: 'A call without an answer is made again as another operation, so that the bank does it twice.',
    patches: [
      {
        file: MONEY,
        find: 'const common = { operation, provider,',
        replace:
          'const common = { operation: call.failures > 0 ? `capture-${900 + call.failures}` : operation, provider,',
      },
    ],
  },
  {
    name: 'capture-given-up',
    breaks:
      'A capture that is not answered is given up like an authorisation, though the bank may have made it.',
    patches: [
      {
        file: ANSWERS,
        find: "if (operation === 'authorize' && failures >= AUTHORIZE_FAILURES_MAX) {",
        replace: 'if (failures >= 1) {',
      },
    ],
  },
  {
    name: 'old-notice-settles-a-new-capture',
    breaks: 'A webhook about an earlier capture is taken for the end of the one that is under way.',
    patches: [
      {
        file: ANSWERS,
        find: 'return parseDecimal(noticed) < wanted ? NOTHING_NEW : captured(call, reference, state);',
        replace: 'return wanted < ZERO ? NOTHING_NEW : captured(call, reference, state);',
      },
    ],
  },
];

export const SHOP_MUTANTS = MUTANTS.map((mutant): Mutant => ({ ...mutant, needsShop: true }));
