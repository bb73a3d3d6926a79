/** The stock of products. Reservations are made by sagas, and in batches. */
import type { InventoryState } from '../../../actors/inventory/decider.ts';
import { formatDecimal, parseDecimal, subtract } from '../../../schemas/decimal.ts';
import { AdjustStock, ReceiveStock } from '../../../schemas/inventory.ts';
import type { Route } from '../operation.ts';
import { commandRoute, commandSuccess, type Resource, stateRoute } from '../resource.ts';
import { InventoryReply } from '../shopReplies.ts';

const INVENTORY: Resource = {
  aggregateType: 'inventory',
  noun: 'stock of product',
  tag: 'Inventory',
  path: '/v1/inventory/{id}',
  notFound: 'inventory_not_found',
};

export const inventory: readonly Route[] = [
  commandRoute(INVENTORY, {
    resource: 'receipts',
    operationId: 'receiveStock',
    summary: 'Take goods in',
    description: 'Quantities are whole units.',
    type: 'ReceiveStock',
    body: ReceiveStock,
    success: commandSuccess(200, 'The goods are there.'),
    refusals: ['quantity_out_of_range'],
  }),
  commandRoute(INVENTORY, {
    resource: 'adjustments',
    operationId: 'adjustStock',
    summary: 'Correct the count, up or down',
    type: 'AdjustStock',
    body: AdjustStock,
    success: commandSuccess(200, 'The count is corrected.'),
    refusals: ['inventory_not_found', 'insufficient_stock', 'quantity_out_of_range'],
  }),
  stateRoute<InventoryState>(INVENTORY, {
    operationId: 'getInventory',
    schema: InventoryReply,
    reply: (productId, { onHand, reserved }, version): InventoryReply => {
      const available = formatDecimal(subtract(parseDecimal(onHand), parseDecimal(reserved)));
      return { productId, onHand, reserved, available, version };
    },
  }),
];
