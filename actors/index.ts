/** Every Durable Object class: the one list that the Worker exports. */
export { AccessLogActor } from './accessLog/actor.ts';
export { AccountActor } from './account/actor.ts';
export { RateLimiter } from './ambient/rateLimiter.ts';
export { ArchivistActor } from './archivist/actor.ts';
export { DeadLettersActor } from './deadLetters/actor.ts';
export { DirectoryActor } from './directory/actor.ts';
export { InventoryActor } from './inventory/actor.ts';
export { NotaryActor } from './notary/actor.ts';
export { OrderActor } from './order/actor.ts';
export { PaymentActor } from './payment/actor.ts';
export { ProductActor } from './product/actor.ts';
export { ReconciliationActor } from './reconciliation/actor.ts';
export { SagaActor } from './saga/actor.ts';
export { SandboxActor } from './sandbox/actor.ts';
export { ServiceKeyActor } from './serviceKey/actor.ts';
export { ShipmentActor } from './shipment/actor.ts';
export { SubjectActor } from './subject/actor.ts';
