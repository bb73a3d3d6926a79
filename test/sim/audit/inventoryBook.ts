/** The stock of one product as the auditor keeps it: what came in, what was corrected, what left, and what is promised. */
import type { Source } from '../../../actors/kernel/messages.ts';
import { Breach } from '../model/world.ts';
import type { Body } from '../workload/commands.ts';
import { type AuditedEvent, type Due, TIMER_SLACK_MS } from './book.ts';
import type { LedgerOf } from './ledger.ts';
import { sagaCommand } from './sagaCommands.ts';
import type { InventoryTold } from './shopBooks.ts';

const TIMER_ID = /^timer expire (\S+) (\d+)$/;

/** The events of each command, and what of the command they say again. */
const EVENTS: Readonly<
  Record<string, { readonly events: readonly string[]; readonly same: readonly string[] }>
> = {
  ReceiveStock: { events: ['StockReceived'], same: ['quantity', 'reference'] },
  AdjustStock: { events: ['StockAdjusted'], same: ['quantity', 'reason'] },
  ReserveStock: { events: ['StockReserved'], same: ['reservationId', 'quantity', 'expiresAt'] },
  ReleaseReservation: {
    events: ['ReservationReleased', 'ReservationBarred'],
    same: ['reservationId', 'reason'],
  },
  CommitReservation: { events: ['ReservationCommitted'], same: ['reservationId'] },
  IssueStock: { events: ['ReservationCommitted'], same: ['reservationId', 'quantity'] },
  ExpireReservation: { events: ['ReservationExpired'], same: ['reservationId'] },
};

interface Live {
  quantity: bigint;
  /** Milliseconds since 1970. */
  readonly expiresAt: number | undefined;
}

export class InventoryBook implements InventoryTold {
  /** Whether anything was ever received. */
  isStocked = false;
  onHand = 0n;
  reserved = 0n;
  readonly live = new Map<string, Live>();
  /** Units of reservations that expired, as far as they have not left since. */
  readonly #expired = new Map<string, bigint>();
  /** Units that have left, by the reservation that they left by. */
  readonly committed = new Map<string, bigint>();
  readonly #source: Source;
  readonly #ledgerOf: LedgerOf;
  #received = 0n;
  #adjusted = 0n;
  #left = 0n;
  /** Every reservation that was ever made. */
  readonly #made = new Set<string>();

  constructor(source: Source, ledgerOf: LedgerOf) {
    this.#source = source;
    this.#ledgerOf = ledgerOf;
  }

  get available(): bigint {
    return this.onHand - this.reserved;
  }

  fits({ type, data }: Body, event: AuditedEvent): boolean {
    const expected = EVENTS[type];
    if (!expected?.events.includes(event.type)) return false;
    const wanted = type === 'CommitReservation' ? data.quantity : undefined;
    return (
      expected.same.every((name) => event.data[name] === (data[name] ?? null)) &&
      (wanted === undefined || event.data.quantity === wanted)
    );
  }

  platformBody(_event: AuditedEvent, commandId: string): Body | undefined {
    const [, reservationId, expiresAt] = TIMER_ID.exec(commandId) ?? [];
    if (reservationId === undefined) return sagaCommand(this.#ledgerOf, this.#source, commandId);
    const isLive = this.live.get(reservationId)?.expiresAt === Number(expiresAt);
    return isLive ? { type: 'ExpireReservation', data: { reservationId } } : undefined;
  }

  *due(): Iterable<Due> {
    for (const [reservationId, { expiresAt }] of this.live)
      if (expiresAt !== undefined)
        yield { what: `reservation ${reservationId}`, at: expiresAt, slackMs: TIMER_SLACK_MS };
  }

  apply(event: AuditedEvent, body: Body): void {
    this.isStocked = true;
    const { quantity } = event.data as Record<string, string>;
    const units = quantity === undefined ? 0n : BigInt(quantity);
    switch (event.type) {
      case 'StockReceived':
        this.#received += units;
        this.onHand += units;
        break;
      case 'StockAdjusted':
        this.#adjusted += units;
        this.onHand += units;
        break;
      case 'StockReserved':
        this.#reserve(event, units);
        break;
      case 'ReservationCommitted':
        this.#commit(event, units, body);
        break;
      case 'ReservationReleased':
      case 'ReservationExpired':
        this.#end(event, units);
        break;
      case 'ReservationBarred':
        if (this.live.has(reservationOf(event)))
          fail(event, 'stock is exact', 'a live reservation was barred');
        break;
      default:
        fail(event, 'events come from commands', 'nobody asks for such an event');
    }
    this.#check(event);
  }

  #reserve(event: AuditedEvent, units: bigint): void {
    const reservationId = reservationOf(event);
    if (this.#made.has(reservationId)) fail(event, 'exactly once', `${reservationId} was made twice`);
    if (units > this.available)
      fail(event, 'no unit is promised twice', `${units} of ${this.available} that were available`);
    const { expiresAt } = event.data as { expiresAt: string | null };
    this.#made.add(reservationId);
    this.live.set(reservationId, {
      quantity: units,
      expiresAt: expiresAt === null ? undefined : Date.parse(expiresAt),
    });
    this.reserved += units;
  }

  #commit(event: AuditedEvent, units: bigint, { type }: Body): void {
    const reservationId = reservationOf(event);
    const live = this.live.get(reservationId);
    const held = live?.quantity ?? 0n;
    const promised = units < held ? units : held;
    if (promised < units) this.#leaveLate(event, units - promised, type);
    if (String(held - promised) !== event.data.remaining)
      fail(
        event,
        'stock is exact',
        `${event.data.remaining} remain, by the auditor's books ${held - promised}`,
      );
    if (live !== undefined) live.quantity -= promised;
    if (live?.quantity === 0n) this.live.delete(reservationId);
    this.committed.set(reservationId, (this.committed.get(reservationId) ?? 0n) + units);
    this.onHand -= units;
    this.reserved -= promised;
    this.#left += units;
  }

  /** Units leave that nobody else was promised: those of an expired reservation once, or what is known to have left. */
  #leaveLate(event: AuditedEvent, units: bigint, asked: string): void {
    const held = this.#expired.get(reservationOf(event)) ?? 0n;
    if ((units > held && asked !== 'IssueStock') || units > this.available)
      fail(
        event,
        'only what is promised leaves',
        `${units}; ${held} expired, ${this.available} are available`,
      );
    this.#expired.set(reservationOf(event), units > held ? 0n : held - units);
  }

  #end(event: AuditedEvent, units: bigint): void {
    const reservationId = reservationOf(event);
    const live = this.live.get(reservationId);
    if (live?.quantity !== units)
      fail(event, 'stock is exact', `${units} were given up of the ${live?.quantity} of ${reservationId}`);
    if (event.type === 'ReservationExpired' && event.recordedAt < (live.expiresAt ?? Infinity))
      fail(event, 'no timer fires early', `${reservationId} was not yet due`);
    this.live.delete(reservationId);
    if (event.type === 'ReservationExpired') this.#expired.set(reservationId, units);
    this.reserved -= units;
  }

  /** Received and corrected is what is there and what has left; of that, what is promised is what the live ones hold. */
  #check(event: AuditedEvent): void {
    const { onHand, reserved, available } = event.data;
    const promised = [...this.live.values()].reduce((sum, { quantity }) => sum + quantity, 0n);
    if (this.#received + this.#adjusted !== this.onHand + this.#left || promised !== this.reserved)
      fail(event, 'stock is conserved', `${this.onHand} are there and ${this.#left} have left`);
    if (onHand !== String(this.onHand) || reserved !== String(this.reserved))
      fail(
        event,
        'stock is exact',
        `${onHand} and ${reserved}, by the auditor's books ${this.onHand} and ${this.reserved}`,
      );
    if (available !== String(this.available) || this.reserved < 0n || this.available < 0n)
      fail(event, 'no unit is promised twice', `${available} are available`);
  }
}

function reservationOf({ data }: AuditedEvent): string {
  return String(data.reservationId);
}

function fail({ aggregateId, version, type }: AuditedEvent, check: string, detail: string): never {
  throw new Breach(check, `inventory/${aggregateId} version ${version} (${type}): ${detail}`);
}
