/** The holds of one holder as the auditor keeps them: each placed once, and ended once, by a release or by its timer. */
import { Breach } from '../model/world.ts';
import type { Body } from '../workload/commands.ts';
import { type AuditedEvent, type Book, type Due, TIMER_SLACK_MS } from './book.ts';

const TIMER_ID = /^timer hold:(.+) (\d+)$/;

export class HoldBook implements Book {
  /** Open holds: id → when they are due, milliseconds since 1970. */
  readonly open = new Map<string, number>();

  apply(event: AuditedEvent): void {
    const holdId = String(event.data.holdId);
    const dueAt = this.open.get(holdId);
    if (event.type === 'HoldPlaced') {
      this.open.set(holdId, Number(event.data.dueAt));
      return;
    }
    const where = `${event.aggregateId} version ${event.version}: ${holdId}`;
    if (dueAt === undefined) throw new Breach('a timer fires once', `${where} ended and was not open`);
    if (event.type === 'HoldExpired' && event.recordedAt < dueAt) {
      throw new Breach('no timer fires early', `${where} expired ${dueAt - event.recordedAt} ms early`);
    }
    this.open.delete(holdId);
  }

  /** A placing command has one event a hold. */
  fits({ type, data }: Body, event: AuditedEvent, index: number): boolean {
    if (type === 'PlaceHolds') {
      const holdIds = data.holdIds as readonly string[];
      return (
        event.type === 'HoldPlaced' &&
        event.data.holdId === holdIds[index] &&
        event.data.note === data.note &&
        event.data.dueAt === event.recordedAt + Number(data.milliseconds)
      );
    }
    const expected = type === 'ReleaseHold' ? 'HoldReleased' : 'HoldExpired';
    return event.type === expected && event.data.holdId === data.holdId;
  }

  platformBody({ type }: AuditedEvent, commandId: string): Body | undefined {
    const [, holdId = '', dueAt] = TIMER_ID.exec(commandId) ?? [];
    const isOpen = this.open.get(holdId) === Number(dueAt);
    return isOpen && type === 'HoldExpired' ? { type: 'ExpireHold', data: { holdId } } : undefined;
  }

  *due(): Iterable<Due> {
    for (const [holdId, at] of this.open) yield { what: `hold ${holdId}`, at, slackMs: TIMER_SLACK_MS };
  }
}
