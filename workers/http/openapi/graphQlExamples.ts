/** Examples of GraphQL. */
import type { Example } from './example.ts';

const portfolio = {
  portfolio: {
    account: {
      cash: { available: '81087' },
      positions: [{ symbol: 'IBM', quantity: '100' }],
    },
  },
};

/** By operation id. */
export const GRAPHQL_EXAMPLES: Readonly<Record<string, Example>> = {
  queryGraphQl: { reply: { data: portfolio } },
  runGraphQl: {
    request: {
      'application/json': {
        query:
          'query Holdings($id: ID!) { portfolio(id: $id) { account { cash { available } positions { symbol quantity } } } }',
        variables: { id: 'acc-1' },
      },
    },
    reply: { data: portfolio },
  },
};
