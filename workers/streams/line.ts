/**
 * What the subscriptions of a socket may have on their way over its line. Results go out behind what was sent before them: over a slow
 * line they would wait for a whole window of events. How long receipts take tells how much the line carries; subscriptions have as much on
 * their way as it carries in half a second. Where results and refusals have more, subscriptions have as much as those, so that a client
 * that keeps on sending commands does not starve what it follows.
 */

import type { Flow, FlowState } from './flow.ts';

/** Milliseconds that results wait behind what subscriptions have sent, beside what the line needs for itself. */
const LINE_MS = 500;

/** Characters on their way of a line that nothing is known of: some tenths of a second of a slow one, and a few round trips to all of a fast one. */
const LINE_FIRST = 128 * 1024;

/** The same of the slowest line: below it, receipts are asked for with every few events. */
const LINE_MIN = 32 * 1024;

/** Pages on their way at a time, so that the next one comes while one is being read. */
const LINE_PAGES = 4;

/** Receipts that are asked for in the course of what may be on its way. */
const LINE_RECEIPTS = 8;

/**
 * Characters of a page, over a fast line and over a slow one; the sizes between are halves, so that those who follow the same share what is
 * read. Of trades the largest has nearly 200. There are readers that take no frame above a megabyte, and over a slow line nothing else is
 * heard of a connection until a frame is there as a whole.
 */
const PAGE_MAX = 128 * 1024;
const PAGE_MIN = 16 * 1024;

/** A receipt that is awaited. */
interface Awaited {
  readonly receipt: number;
  /** What subscriptions had sent since the one before. */
  readonly shown: number;
  /** What was on its way as it was asked for, and when; undefined where an instance before has asked. */
  readonly carried?: number;
  readonly at?: number;
}

export class Line {
  readonly #now: () => number;
  readonly #awaited: Awaited[] = [];
  /** Of subscriptions, without a receipt; and since the last one was asked for. */
  #shown: number;
  #shownSince: number;
  #room = LINE_FIRST;
  /** Characters of the pages that are being read. */
  #pages = 0;
  /** Whether a subscription waits until fewer of them are. */
  #isHeldBack = false;
  /** The time that a receipt takes where nothing waits before it, as far as that is known. */
  #fastestMs = Number.POSITIVE_INFINITY;

  /** What was sent by an instance before is taken for events, which is most of it. */
  constructor(now: () => number, [sent, requested, confirmed]: FlowState) {
    this.#now = now;
    this.#shown = sent - confirmed;
    this.#shownSince = sent - requested;
    if (requested > confirmed) this.#awaited.push({ receipt: requested, shown: requested - confirmed });
  }

  /** Characters between two requests for a receipt at most: what is known of the line is no older than a part of what is on its way. */
  get receiptEvery(): number {
    return this.#room / LINE_RECEIPTS;
  }

  /** Whether there is room for more of subscriptions, beside the pages that are being read. */
  hasRoom(flow: Flow): boolean {
    // Where no receipt is awaited none would make room: what is sent next asks for one.
    if (this.#pages === 0 && !flow.isAwaiting) return true;
    const others = flow.unconfirmed - this.#shown;
    return this.#shown + this.#pages < Math.min(flow.shownMax, Math.max(this.#room, others));
  }

  /** Makes room for a page: its characters, as many as it may have. So subscriptions that replay at once do not all find the same room. */
  beginPage(flow: Flow): number {
    if (!this.hasRoom(flow)) {
      this.#isHeldBack ||= this.#pages > 0;
      return 0;
    }
    let size = PAGE_MAX;
    while (size > PAGE_MIN && size > this.#room / LINE_PAGES) size /= 2;
    this.#pages += size;
    return size;
  }

  /** The page was sent, or is not needed; whether others wait that there was no room for beside it. */
  endPage(characters: number): boolean {
    this.#pages -= characters;
    const wasHeldBack = this.#isHeldBack;
    this.#isHeldBack = false;
    return wasHeldBack;
  }

  /** Something of a subscription was sent. */
  sent(characters: number): void {
    this.#shown += characters;
    this.#shownSince += characters;
  }

  /** A receipt was asked for, with so much on its way. */
  asked(receipt: number, carried: number): void {
    this.#awaited.push({ receipt, shown: this.#shownSince, carried, at: this.#now() });
    this.#shownSince = 0;
  }

  /** A receipt came, for so much more than the one before. */
  confirmed(receipt: number, more: number): void {
    let last: Awaited | undefined;
    for (let [next] = this.#awaited; next !== undefined && next.receipt <= receipt; [next] = this.#awaited) {
      this.#awaited.shift();
      this.#shown -= next.shown;
      last = next;
    }
    if (last?.at !== undefined && last.carried !== undefined) {
      this.#learn(this.#now() - last.at, last.carried, more);
    }
  }

  /** From how long a receipt took behind so much. */
  #learn(milliseconds: number, carried: number, more: number): void {
    this.#fastestMs = Math.min(this.#fastestMs, milliseconds);
    const wanted = this.#fastestMs + LINE_MS;
    if (milliseconds > wanted) {
      // With so little on its way it is the network itself that takes longer than before.
      if (this.#room === LINE_MIN) this.#fastestMs = milliseconds;
      this.#room = Math.max(LINE_MIN, Math.min(this.#room, (carried * wanted) / milliseconds));
    } else if (milliseconds < this.#fastestMs + LINE_MS / 2 && carried >= this.#room / 2) {
      // The line has shown that it carries what it has: it may have twice as much within a round trip.
      this.#room += more;
    }
  }
}
