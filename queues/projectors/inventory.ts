/** The stock of each product, as its last event left it. */
import type { InventoryEvent } from '../../schemas/inventory.ts';
import type { Colour } from '../../schemas/tables/views.ts';
import { jsonStatements } from '../kernel/database.ts';
import type { ProjectedEvent, RebuildableProjector } from '../kernel/projector.ts';
import { inventoryAudit } from './orderAudits.ts';

const upsertSql = (colour: Colour) => `
  INSERT INTO inventory_${colour} (product_id, on_hand, reserved, available, version, updated_at)
  SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5 FROM jsonb_each(?) WHERE true
  ON CONFLICT (product_id) DO UPDATE SET on_hand = excluded.on_hand, reserved = excluded.reserved,
    available = excluded.available, version = excluded.version, updated_at = excluded.updated_at`;

export const inventoryProjector: RebuildableProjector = {
  view: 'inventory',
  aggregateTypes: ['inventory'],
  table: {
    name: (colour) => `inventory_${colour}`,
    key: ['product_id'],
    idColumn: 'product_id',
    clearRows: 20_000,
  },
  audit: inventoryAudit,
  collector({ colour }) {
    /** Every event says what is there after it: the last one of a product is enough. */
    const levels = new Map<string, ProjectedEvent>();
    return {
      add(event) {
        const { onHand, reserved, available }: InventoryEvent['data'] = event.current;
        // Here and not while the statements are made: what cannot be stored is poison of this event alone.
        if ([onHand, reserved, available].some((level) => typeof level !== 'string')) {
          throw new TypeError('a stock event without what is there after it');
        }
        levels.set(event.aggregateId, event);
      },
      statements() {
        const rows = Array.from(levels.values(), ({ aggregateId, version, recordedAt, current }) => {
          const { onHand, reserved, available }: InventoryEvent['data'] = current;
          return [aggregateId, onHand, reserved, available, version, recordedAt];
        });
        return jsonStatements(upsertSql(colour), rows);
      },
    };
  },
};
