/**
 * Errors say what is wrong and where, and never what was sent: they are kept by whoever watches for errors, and an order has a name, an
 * address and a payment token. Each mistake is made at every entrance.
 */
import { describe, expect, it } from 'vitest';
import { call } from '../support/api.ts';

const NAME = 'Hipparchia-of-Maroneia';
const TOKEN = 'tok_cloak_0325';
const SECRETS = [NAME, TOKEN, '4242424242424242', '7117117117'];

const order = {
  orderId: 'o-quoted',
  customerId: 'c-quoted',
  currency: 'EUR',
  items: [{ productId: 'tea', quantity: '1', unitPrice: '2.50' }],
  payment: { method: 'card', token: TOKEN },
  shipTo: { name: NAME, country: 'Greece' },
};
const { currency: _, ...withoutCurrency } = order;

/** What a shop that sends orders may get wrong. */
const MISTAKES: Readonly<Record<string, object>> = {
  'a field that is missing': withoutCurrency,
  'a field that nobody knows': { ...order, name: NAME },
  'a list in the place of a text': { ...order, payment: { method: 'card', token: [TOKEN] } },
  'an object in the place of a text': { ...order, payment: { method: 'card', token: { is: TOKEN } } },
  'a number in the place of a text': { ...order, payment: { method: 'card', token: 4242424242424242 } },
  'a text in the place of an object': { ...order, payment: TOKEN },
  'a number in the place of an address': { ...order, shipTo: 7117117117 },
  'a text in the place of a list': { ...order, items: NAME },
  'a name in the place of another field': { ...order, currency: NAME },
  'an address that is too long': { ...order, shipTo: { name: NAME.repeat(20) } },
  'no country': { ...order, shipTo: { country: `${NAME} 12` } },
};

/** A value as GraphQL writes it within a query. */
function literal(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(literal).join(' ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([name, field]) => `${name}: ${literal(field)}`)
    .join(' ')}}`;
}

const graphQl = (body: object) => call('POST', '/v1/graphql', { body });

const ENTRANCES: Readonly<Record<string, (body: object) => ReturnType<typeof call>>> = {
  REST: (body) => call('POST', '/v1/orders', { body }),
  'a batch': (data) =>
    call('POST', '/v1/commands', {
      body: {
        commands: [
          { commandId: 'c', aggregateType: 'order', aggregateId: 'o-quoted', type: 'PlaceOrder', data },
        ],
      },
    }),
  'variables of GraphQL': (input) =>
    graphQl({
      query: 'mutation ($input: PlaceOrderInput!) { placeOrder(input: $input) { version } }',
      variables: { input },
    }),
  'a query of GraphQL': (input) =>
    graphQl({ query: `mutation { placeOrder(input: ${literal(input)}) { version } }` }),
  Connect: (sent) =>
    call('POST', '/v1/connect/folio.v1.FolioService/PlaceOrder', {
      body: 'shipTo' in sent ? { ...sent, shipTo: { address: { values: sent.shipTo } } } : sent,
      headers: { 'Connect-Protocol-Version': '1' },
    }),
};

for (const [entrance, send] of Object.entries(ENTRANCES)) {
  describe(`what is wrong with an order over ${entrance}`, () => {
    for (const [mistake, body] of Object.entries(MISTAKES)) {
      it(`is said without what was sent: ${mistake}`, async () => {
        const text = JSON.stringify((await send(body)).body);
        expect(text).toMatch(/invalid_request/);
        for (const secret of SECRETS) expect(text).not.toContain(secret);
      });
    }
  });
}

describe('what is wrong with a request of GraphQL', () => {
  const messages = async (body: object) =>
    ((await graphQl(body)).body.errors as { message: string }[]).map(({ message }) => message);
  const place = (input: object) =>
    messages({
      query: 'mutation ($input: PlaceOrderInput!) { placeOrder(input: $input) { version } }',
      variables: { input },
    });

  it('names variable, place and type', async () => {
    expect(await place(withoutCurrency)).toEqual([
      'Variable "$input" got an invalid value at "input": Field "currency" of required type "String!" was not provided.',
    ]);
    expect(await place({ ...order, payment: { method: 'card', token: { at: ' at "x"; ' } } })).toEqual([
      'Variable "$input" got an invalid value at "input.payment.token": String cannot represent a non string value.',
    ]);
  });

  it('names the place in the text of the query, and no text that stands there', async () => {
    expect(await messages({ query: `{ order(id: {is: "${NAME}"}) { version } }` })).toEqual([
      'ID cannot represent a non-string and non-integer value.',
    ]);
    expect(await messages({ query: `{ "${NAME}" }` })).toEqual([
      'Syntax Error: Expected Name, found String.',
    ]);
    expect(await messages({ query: `{ order(id: "o" }` })).toEqual([
      'Syntax Error: Expected Name, found "}".',
    ]);
  });
});

it('says over Connect which field could not be read, and which is not known', async () => {
  const detail = async (body: object) =>
    (await (ENTRANCES.Connect as (body: object) => ReturnType<typeof call>)(body)).body.detail;
  const begin = 'could not be read as folio.v1.PlaceOrderRequest: cannot decode';
  expect(await detail({ ...order, items: NAME })).toBe(
    `${begin} field folio.v1.PlaceOrderRequest.items from JSON: expected Array`,
  );
  expect(await detail({ ...order, payment: TOKEN })).toBe(
    `${begin} message folio.v1.PlaceOrderRequest.Payment from JSON`,
  );
  expect(await detail({ ...order, nickname: 'x' })).toBe(
    `${begin} message folio.v1.PlaceOrderRequest from JSON: key "nickname" is unknown`,
  );
});
