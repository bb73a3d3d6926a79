/** Products: what they are called and cost. */
import type { ProductState } from '../../../actors/product/decider.ts';
import { PutProduct } from '../../../schemas/product.ts';
import type { Route } from '../operation.ts';
import { commandRoute, commandSuccess, type Resource, stateRoute } from '../resource.ts';
import { ProductReply } from '../shopReplies.ts';

const PRODUCTS: Resource = {
  aggregateType: 'product',
  noun: 'product',
  tag: 'Products',
  path: '/v1/products/{id}',
  notFound: 'product_not_found',
};

export const products: readonly Route[] = [
  commandRoute(PRODUCTS, {
    method: 'put',
    operationId: 'putProduct',
    summary: 'Create a product or replace it',
    description:
      'Prices may have 8 decimals whatever the currency; what an order comes to has those of its currency.',
    type: 'PutProduct',
    body: PutProduct,
    success: { ...commandSuccess(200, 'The product is replaced.'), created: 'The product is new.' },
    refusals: [],
  }),
  stateRoute<ProductState>(PRODUCTS, {
    operationId: 'getProduct',
    schema: ProductReply,
    reply: (productId, state, version): ProductReply => ({ productId, ...state, version }),
  }),
];
