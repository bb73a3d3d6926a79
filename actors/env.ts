/** The bindings that actors use. The Worker's own environment (workers/env.ts) adds the rest. */
import type { AccountActor } from './account/actor.ts';
import type { DirectoryActor } from './directory/actor.ts';
import type { InventoryActor } from './inventory/actor.ts';
import type { OrderActor } from './order/actor.ts';
import type { ProductActor } from './product/actor.ts';
import type { ShipmentActor } from './shipment/actor.ts';

export interface ActorEnv {
  readonly LOG_LEVEL?: string;
  readonly DIRECTORY: DurableObjectNamespace<DirectoryActor>;
  /** One queue per consumer group; every group's queue gets every message. */
  readonly VIEWS_QUEUE: Queue<string>;
  // Aggregates, each under its binding in schemas/aggregates.ts.
  readonly ACCOUNTS: DurableObjectNamespace<AccountActor>;
  readonly PRODUCTS: DurableObjectNamespace<ProductActor>;
  readonly INVENTORY: DurableObjectNamespace<InventoryActor>;
  readonly ORDERS: DurableObjectNamespace<OrderActor>;
  readonly SHIPMENTS: DurableObjectNamespace<ShipmentActor>;
}
