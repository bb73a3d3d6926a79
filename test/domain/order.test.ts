/** The order's rules, given/when/then: every event, every refusal, and what may follow what. */
import { describe, expect, it } from 'vitest';
import { orderDecider } from '../../actors/order/decider.ts';
import {
  ORDER_REFUSALS,
  type OrderCommand,
  type OrderEvent,
  type OrderRefusal,
} from '../../schemas/order.ts';
import {
  cancel,
  cancelled,
  confirm,
  confirmed,
  deliver,
  delivered,
  given,
  item,
  place,
  placed,
  recorded,
  recordShipment,
  ship,
  shipped,
  stateAfter,
} from '../support/order.ts';

describe('an order', () => {
  it('is placed with its lines, their amounts and the exact total', () => {
    given().when(place()).events(placed());
  });

  it('comes to a total that no rounding has touched', () => {
    given()
      .when(place({ items: [item('a', '3', '0.1'), item('b', '1000', '0.00125')] }))
      .event('OrderPlaced', { total: '1.55' });
    given()
      .when(place({ items: [item('a', '899999999999999', '1.01')] }))
      .event('OrderPlaced', { total: '908999999999998.99' });
  });

  it('may have the same product on two lines, and a line that costs nothing', () => {
    given()
      .when(place({ items: [item('a', '1', '2'), item('a', '1', '0')] }))
      .event('OrderPlaced', {
        total: '2',
        items: [
          { line: 1, productId: 'a', quantity: '1', unitPrice: '2', amount: '2' },
          { line: 2, productId: 'a', quantity: '1', unitPrice: '0', amount: '0' },
        ],
      });
  });

  it('must come to what can be paid', () => {
    given()
      .when(place({ items: [item('a', '1', '0.001')] }))
      .refused('amount_precision', /comes to 0.001; what is paid in GBP has at most 2/);
    given()
      .when(place({ currency: 'JPY', items: [item('a', '1', '10.5')] }))
      .refused('amount_precision');
    given()
      .when(place({ currency: 'JPY', items: [item('a', '2', '10.5')] }))
      .event('OrderPlaced', { total: '21' });
    given()
      .when(place({ items: [item('a', '5', '0')] }))
      .refused('nothing_to_pay');
    given()
      .when(place({ items: [item('a', '999999999999999', '999999999999999')] }))
      .refused('amount_out_of_range');
  });

  it('comes to no more than a payment may be asked for', () => {
    given()
      .when(place({ items: [item('a', '10', '99999999999999.99'), item('b', '1', '0.09')] }))
      .event('OrderPlaced', { total: '999999999999999.99' });
    given()
      .when(place({ items: [item('a', '10', '100000000000000')] }))
      .refused('amount_out_of_range', /comes to 1000000000000000; what is paid has at most 15 digits/);
  });

  it('ships all that is left where nothing is said', () => {
    given(placed(), confirmed).when(ship()).events(shipped());
    given(placed(), confirmed, shipped([[1, '2']], 'CONFIRMED'))
      .when(ship())
      .event('OrderShipped', {
        shipmentId: 'o-1-2',
        status: 'SHIPPED',
        items: [
          { line: 1, productId: 'tea', quantity: '1' },
          { line: 2, productId: 'cup', quantity: '2' },
        ],
      });
  });

  it('ships in parts, and is shipped with the last unit', () => {
    given(placed(), confirmed)
      .when(ship([[1, '2']]))
      .events(shipped([[1, '2']], 'CONFIRMED'));
    given(placed(), confirmed, shipped([[1, '2']], 'CONFIRMED'))
      .when(
        ship([
          [2, '1'],
          [1, '1'],
          [2, '1'],
        ]),
      )
      .event('OrderShipped', { status: 'SHIPPED' });
  });

  it('ships nothing that was not ordered', () => {
    const history = [placed(), confirmed, shipped([[1, '2']], 'CONFIRMED')];
    given(...history)
      .when(ship([[1, '2']]))
      .refused('quantity_exceeds_order', /Of line 1 1 are left/);
    given(...history)
      .when(
        ship([
          [2, '1'],
          [2, '2'],
        ]),
      )
      .refused('quantity_exceeds_order');
    given(...history)
      .when(ship([[3, '1']]))
      .refused('unknown_line');
  });

  it('leaves in a hundred shipments at most', () => {
    const many = Array.from({ length: 100 }, (_, index) =>
      shipped([[1, '1']], 'CONFIRMED', `o-1-${index + 1}`),
    );
    const long = placed({
      items: [{ line: 1, productId: 'tea', quantity: '200', unitPrice: '1', amount: '200' }],
    });
    given(long, confirmed, ...many.slice(1))
      .when(ship([[1, '1']]))
      .event('OrderShipped', { shipmentId: 'o-1-100' });
    given(long, confirmed, ...many)
      .when(ship())
      .refused('too_many_shipments');
  });

  it('records what its shipments know, once, and never backwards', () => {
    const way = [placed(), confirmed, shipped()];
    given(...way)
      .when(recordShipment('o-1-1', 'DISPATCHED'))
      .events(recorded('o-1-1', 'DISPATCHED'));
    given(...way, recorded('o-1-1', 'DISPATCHED'))
      .when(recordShipment('o-1-1', 'DISPATCHED'))
      .refused('nothing_to_record');
    given(...way)
      .when(recordShipment('o-1-9', 'DISPATCHED'))
      .refused('nothing_to_record', /o-1-9/);
    given(...way, delivered)
      .when(recordShipment('o-1-1', 'DISPATCHED'))
      .refused('nothing_to_record');
    given(...way, delivered, recorded('o-1-1', 'DELIVERED'))
      .when(recordShipment('o-1-1', 'DELIVERED'))
      .refused('nothing_to_record');
    given(...way, delivered)
      .when(recordShipment('o-1-1', 'DELIVERED'))
      .event('ShipmentRecorded', { status: 'DELIVERED' });
  });

  it('is cancelled until something has left, and says what is to be undone', () => {
    given(placed()).when(cancel()).events(cancelled('PENDING'));
    given(placed(), confirmed).when(cancel()).events(cancelled('CONFIRMED'));
    const bySaga = { ...cancel(), sagaId: 'fulfil-o-1' };
    given(placed(), confirmed).when(bySaga).event('OrderCancelled', { sagaId: 'fulfil-o-1' });
    given(placed()).when(bySaga).event('OrderCancelled', { sagaId: 'fulfil-o-1' });
    given(placed(), confirmed, shipped([[1, '2']], 'CONFIRMED'))
      .when(cancel())
      .refused('order_already_shipped');
  });

  it('keeps what it was placed with', () => {
    const state = stateAfter([placed(), confirmed, shipped([[1, '2']], 'CONFIRMED')]);
    expect(state).toMatchObject({
      status: 'CONFIRMED',
      total: '15.65',
      shipments: [{ shipmentId: 'o-1-1', recorded: null }],
    });
    expect(state.items.map((each) => each.shipped)).toEqual(['2', '0']);
    expect(stateAfter([placed(), cancelled()])).toMatchObject({ reason: 'changed my mind' });
  });

  it('says which saga goes on, from its events alone', () => {
    expect(orderDecider.reply?.([placed()])).toEqual({ sagaId: 'fulfil-o-1' });
    expect(orderDecider.reply?.([cancelled('PENDING')])).toEqual({ sagaId: 'fulfil-o-1' });
    expect(orderDecider.reply?.([cancelled('CONFIRMED')])).toEqual({ sagaId: 'cancel-o-1' });
    expect(orderDecider.reply?.([confirmed])).toEqual({});
  });

  it('is recognised by its own id', () => {
    expect(orderDecider.resourceId?.(place())).toBe('o-1');
    expect(orderDecider.resourceId?.(confirm)).toBeUndefined();
    expect(orderDecider.resourceIdOfEvent?.(placed())).toBe('o-1');
    expect(orderDecider.resourceIdOfEvent?.(confirmed)).toBeUndefined();
  });
});

describe('a refusal', () => {
  it('is the first that applies, in the order of the list', () => {
    const costly = item('a', '999999999999999', '999999999999999.5');
    const partly = [placed(), confirmed, shipped([[1, '2']], 'CONFIRMED')];
    const both: [first: OrderRefusal, second: OrderRefusal, history: OrderEvent[], command: OrderCommand][] =
      [
        ['order_already_placed', 'nothing_to_pay', [placed()], place({ items: [item('a', '1', '0')] })],
        ['amount_precision', 'amount_out_of_range', [], place({ currency: 'JPY', items: [costly] })],
        ['order_not_found', 'order_not_shipped', [], deliver],
        ['order_cancelled', 'order_not_confirmed', [placed(), cancelled()], ship()],
        ['order_already_shipped', 'unknown_line', [placed(), confirmed, shipped()], ship([[9, '1']])],
        ['order_not_confirmed', 'unknown_line', [placed()], ship([[9, '1']])],
        [
          'unknown_line',
          'quantity_exceeds_order',
          partly,
          ship([
            [1, '9'],
            [9, '1'],
          ]),
        ],
      ];
    for (const [first, second, history, command] of both) {
      expect(given(...history).when(command).outcome, `${first} before ${second}`).toBe(first);
      expect(ORDER_REFUSALS.indexOf(first)).toBeLessThan(ORDER_REFUSALS.indexOf(second));
    }
  });
});

describe('what may follow what', () => {
  const HISTORIES: Record<string, OrderEvent[]> = {
    none: [],
    PENDING: [placed()],
    CONFIRMED: [placed(), confirmed],
    'partly shipped': [placed(), confirmed, shipped([[1, '2']], 'CONFIRMED')],
    SHIPPED: [placed(), confirmed, shipped()],
    DELIVERED: [placed(), confirmed, shipped(), delivered],
    CANCELLED: [placed(), cancelled()],
  };
  const NO = 'order_not_found';
  const SENT = 'order_already_shipped';
  const GONE = 'order_already_delivered';
  const OFF = 'order_cancelled';
  const EARLY = 'order_not_confirmed';
  const KNOWN = 'nothing_to_record';
  // In the order of the histories above.
  const OUTCOMES: [name: string, OrderCommand, outcomes: string[]][] = [
    ['PlaceOrder', place(), ['accepted', ...Array(6).fill('order_already_placed')]],
    [
      'ConfirmOrder',
      confirm,
      [NO, 'accepted', 'order_already_confirmed', 'order_already_confirmed', SENT, GONE, OFF],
    ],
    ['ShipOrder', ship(), [NO, EARLY, 'accepted', 'accepted', SENT, GONE, OFF]],
    ['DeliverOrder', deliver, [NO, EARLY, 'order_not_shipped', 'order_not_shipped', 'accepted', GONE, OFF]],
    [
      'RecordShipment',
      recordShipment('o-1-1', 'DISPATCHED'),
      [KNOWN, KNOWN, KNOWN, 'accepted', 'accepted', KNOWN, KNOWN],
    ],
    ['CancelOrder', cancel(), [NO, 'accepted', 'accepted', SENT, SENT, GONE, OFF]],
  ];

  it.each(OUTCOMES)('is decided about %s', (_name, command, outcomes) => {
    const found = Object.values(HISTORIES).map((history) => given(...history).when(command).outcome);
    expect(found).toEqual(outcomes);
  });
});
