/** The bindings that actors use. The Worker's own environment (workers/env.ts) adds the rest. */
import type { PaymentSettings } from '../payments/providers.ts';
import type { PrivacySettings } from '../privacy/masterKeys.ts';
import type { AccessLogActor } from './accessLog/actor.ts';
import type { AccountActor } from './account/actor.ts';
import type { DirectoryActor } from './directory/actor.ts';
import type { InventoryActor } from './inventory/actor.ts';
import type { Notice } from './kernel/watchers.ts';
import type { OrderActor } from './order/actor.ts';
import type { PaymentActor } from './payment/actor.ts';
import type { ProductActor } from './product/actor.ts';
import type { ReconciliationActor } from './reconciliation/actor.ts';
import type { SagaActor } from './saga/actor.ts';
import type { SandboxActor } from './sandbox/actor.ts';
import type { ServiceKeyActor } from './serviceKey/actor.ts';
import type { ShipmentActor } from './shipment/actor.ts';
import type { SubjectActor } from './subject/actor.ts';

/** Aggregates, each under its binding in schemas/aggregates.ts. */
export interface AggregateBindings {
  readonly ACCOUNTS: DurableObjectNamespace<AccountActor>;
  readonly PRODUCTS: DurableObjectNamespace<ProductActor>;
  readonly INVENTORY: DurableObjectNamespace<InventoryActor>;
  readonly ORDERS: DurableObjectNamespace<OrderActor>;
  readonly PAYMENTS: DurableObjectNamespace<PaymentActor>;
  readonly SHIPMENTS: DurableObjectNamespace<ShipmentActor>;
  readonly SERVICE_KEYS: DurableObjectNamespace<ServiceKeyActor>;
  readonly ACCESS_LOGS: DurableObjectNamespace<AccessLogActor>;
  readonly RECONCILIATIONS: DurableObjectNamespace<ReconciliationActor>;
  readonly SAGAS: DurableObjectNamespace<SagaActor>;
  readonly SUBJECTS: DurableObjectNamespace<SubjectActor>;
}

/** What a hub of live subscribers answers to an aggregate that it watches. */
export interface StreamHub {
  /** False: nobody watches the aggregate there any more. */
  notify(notice: Notice): Promise<boolean>;
}

/** What aggregates' actors use. */
export interface ActorEnv extends AggregateBindings, PaymentSettings, PrivacySettings {
  readonly LOG_LEVEL?: string;
  /** Where objects are made; absent: near whoever asks for one first (schemas/location.ts). */
  readonly LOCATION_HINT?: string;
  readonly DIRECTORY: DurableObjectNamespace<DirectoryActor>;
  // One queue per consumer group, each under its binding in schemas/consumerGroups.ts.
  readonly VIEWS_QUEUE: Queue<string>;
  readonly ARCHIVE_QUEUE: Queue<string>;
  readonly SAGAS_QUEUE: Queue<string>;
  /** The bank behind the sandbox of payments, in parts (schemas/partition.ts). */
  readonly SANDBOX: DurableObjectNamespace<SandboxActor>;
  /** The bucket of the wrapped keys' backup (privacy/keyBackupStore.ts): nothing in it may be locked. */
  readonly KEY_BACKUPS: R2Bucket;
  /** Hubs of live subscribers, by name. */
  readonly STREAMS: {
    getByName(name: string, place: DurableObjectNamespaceGetDurableObjectOptions): StreamHub;
  };
}

/** What the notary uses. */
export interface NotaryEnv {
  readonly LOG_LEVEL?: string;
  /** The bucket of the archive. */
  readonly ARCHIVE: R2Bucket;
  /** A secret: Ed25519 private keys (PKCS #8 in base64, separated by white space), the one that signs first. */
  readonly NOTARY_KEYS?: string;
}

/** What the archivist uses. */
export interface ArchiveEnv extends AggregateBindings {
  readonly LOG_LEVEL?: string;
  /** As of {@link ActorEnv}. */
  readonly LOCATION_HINT?: string;
  /** The bucket of the archive. */
  readonly ARCHIVE: R2Bucket;
  /** Where this environment's data lies, which decides how long it is kept; absent: no jurisdiction of its own. */
  readonly JURISDICTION?: string;
}
