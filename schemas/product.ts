/** The product: what a unit of it is called and costs. Stock is the inventory's (`schemas/inventory.ts`). */
import { z } from 'zod';
import { Currency } from './currency.ts';
import { NonNegativeDecimal, Text } from './scalars.ts';

/** Names stand on order lines and invoices: one line. */
const PRODUCT_NAME_LENGTH_MAX = 256;

/**
 * A product as it is from now on. A unit price may have 8 decimals whatever the currency, as goods sold by the thousand do:
 * only what is paid, an order's total, comes in whole minor units.
 */
export const PutProduct = z.strictObject({
  name: Text(PRODUCT_NAME_LENGTH_MAX),
  unitPrice: NonNegativeDecimal,
  currency: Currency,
});

/** Commands by type, with what the catalogue says of them. */
export const productCommands = {
  PutProduct: PutProduct.meta({ description: 'Creates the product, or replaces its name and price.' }),
} as const;

/** A command as the decider takes it. */
export type ProductCommand = {
  [Type in keyof typeof productCommands]: {
    readonly type: Type;
    readonly data: z.infer<(typeof productCommands)[Type]>;
  };
}[keyof typeof productCommands];

/** The product, whole, as it is from now on. */
export const ProductPut = PutProduct;

/** Events by type, in their newest shape, with what the catalogue says of them. */
export const productEvents = {
  ProductPut: ProductPut.meta({ description: 'The product as it is from now on.' }),
} as const;

/** An event as the decider folds it. */
export type ProductEvent = {
  [Type in keyof typeof productEvents]: {
    readonly type: Type;
    readonly data: z.infer<(typeof productEvents)[Type]>;
  };
}[keyof typeof productEvents];

/** No rule of the product refuses what its schema takes; `product_not_found` is for whoever reads one that is not there. */
export const PRODUCT_REFUSALS = ['product_not_found'] as const;
export type ProductRefusal = (typeof PRODUCT_REFUSALS)[number];
