/** The product's rules: there is none but that it is replaced whole. */
import type { ProductCommand, ProductEvent, ProductRefusal } from '../../schemas/product.ts';
import type { Decider } from '../kernel/decider.ts';

/** The product as its newest event tells it; empty before the first. */
export interface ProductState {
  name: string;
  unitPrice: string;
  currency: string;
}

/** The product's rules, as the kernel runs them. */
export const productDecider: Decider<ProductState, ProductCommand, ProductEvent, ProductRefusal> = {
  aggregateType: 'product',
  stateVersion: 1,
  initial: () => ({ name: '', unitPrice: '0', currency: '' }),
  decide: ({ data }) => ({ accepted: true, events: [{ type: 'ProductPut', data }] }),
  evolve: (_state, { data: { name, unitPrice, currency } }) => ({ name, unitPrice, currency }),
};
