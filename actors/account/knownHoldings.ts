/**
 * What an account held of symbols with amended trades, as it is known now: a replay of their trades. As it goes it leaves
 * checkpoints, at the end of every stretch of the log, from which later questions go on. What is known at a place depends on
 * the amendments of trades before it alone, so that a checkpoint which names the last of them is right for good, and another
 * amendment makes it of no use only where it comes after the amended trade.
 */
import type { AccountEvent } from '../../schemas/account.ts';
import type { History, Paced } from '../kernel/decider.ts';
import {
  type Amendment,
  agreedVersion,
  type Holding,
  holdingOf,
  knownTerms,
  Replay,
  tradesIn,
} from './replay.ts';
import type { AccountState } from './state.ts';

/** A holding as it is known by an amendment: the last one of the symbol that is about a trade before the place. */
interface KnownHolding extends Holding {
  readonly knownBy: number;
}

/** Holdings at one place of the log, by symbol. */
export type KnownHoldings = Readonly<Record<string, KnownHolding>>;

/** Names the checkpoints in storage. The version is raised whenever a replay of the same events would give another holding. */
export const KNOWN_HOLDINGS = { name: 'known holdings', version: 1 } as const;

/** Checkpoints looked at between two pauses: of an account with a hundred amended symbols a few milliseconds. */
const STRETCHES_AT_ONCE = 16;

/** Checkpoints, which are kept and never a source. */
export interface KnownCheckpoints {
  /** Events of a stretch: stretch 0 ends with this version. */
  readonly stretchEvents: number;
  /** What is kept of the end of a stretch. */
  kept(stretch: number): KnownHoldings | undefined;
  keep(stretch: number, holdings: KnownHoldings): void;
}

interface HoldingsSource {
  readonly history: History<AccountState, AccountEvent>;
  readonly checkpoints: KnownCheckpoints;
}

/** Symbols without a checkpoint of their own: the first trade of each that counts otherwise. */
type FirstTrades = Map<string, number>;

/**
 * Holdings as of `version` in the symbols of `since`, the amendments that came after it of trades before it. `known` are all
 * amendments that count, oldest first.
 */
export function* knownHoldings(
  source: HoldingsSource,
  version: number,
  known: readonly Amendment[],
  since: readonly Amendment[],
): Paced<ReadonlyMap<string, Holding>> {
  const firstTrades = firstTradesOf(since);
  const bySymbol = Map.groupBy(
    known.filter(({ event }) => firstTrades.has(event.data.symbol)),
    ({ event }) => event.data.symbol,
  );
  const replays = new Map<string, Replay>();
  yield* resume(source.checkpoints, version, bySymbol, firstTrades, replays);
  for (const [symbol, first] of firstTrades) {
    const amendments = bySymbol.get(symbol) ?? [];
    const start = agreedVersion(first - 1, amendments);
    replays.set(
      symbol,
      new Replay(start, holdingOf(source.history.stateAt(start), symbol), knownTerms(amendments)),
    );
    yield;
  }
  const start = Math.min(version, ...Array.from(replays.values(), (replay) => replay.version));
  const checkpointing = new Checkpointing(source.checkpoints, start, bySymbol, replays);
  for (const page of source.history.having(tradesIn([...replays.keys()]), start, version)) {
    for (const trade of page) {
      checkpointing.keepBefore(trade.version);
      if (trade.event.type === 'TradeExecuted') replays.get(trade.event.data.symbol)?.add(trade);
    }
    yield;
  }
  checkpointing.keepBefore(version + 1);
  return replays;
}

function firstTradesOf(since: readonly Amendment[]): FirstTrades {
  const firstTrades: FirstTrades = new Map();
  for (const { event } of since) {
    const { symbol, tradeVersion } = event.data;
    firstTrades.set(symbol, Math.min(tradeVersion, firstTrades.get(symbol) ?? tradeVersion));
  }
  return firstTrades;
}

/** Has replays go on from the last checkpoints that serve, and leaves the symbols that have none. */
function* resume(
  checkpoints: KnownCheckpoints,
  version: number,
  bySymbol: ReadonlyMap<string, readonly Amendment[]>,
  firstTrades: FirstTrades,
  replays: Map<string, Replay>,
): Paced<void> {
  const { stretchEvents } = checkpoints;
  for (let stretch = Math.floor(version / stretchEvents) - 1; firstTrades.size > 0; stretch--) {
    const end = (stretch + 1) * stretchEvents;
    if (end < Math.min(...firstTrades.values())) return;
    const holdings = checkpoints.kept(stretch) ?? {};
    for (const symbol of firstTrades.keys()) {
      const amendments = bySymbol.get(symbol) ?? [];
      const holding = holdings[symbol];
      if (holding === undefined || holding.knownBy !== knownByAt(amendments, end)) continue;
      replays.set(symbol, new Replay(end, holding, knownTerms(amendments)));
      firstTrades.delete(symbol);
    }
    if (stretch % STRETCHES_AT_ONCE === 0) yield;
  }
}

/** Version of the last amendment of a trade that was booked by a version; undefined where there is none. */
function knownByAt(amendments: readonly Amendment[], version: number): number | undefined {
  return amendments.findLast(({ event }) => event.data.tradeVersion <= version)?.version;
}

/** Leaves checkpoints behind replays on their way. */
class Checkpointing {
  readonly #checkpoints: KnownCheckpoints;
  readonly #bySymbol: ReadonlyMap<string, readonly Amendment[]>;
  readonly #replays: ReadonlyMap<string, Replay>;
  /** The next stretch whose end the replays come to. */
  #stretch: number;

  constructor(
    checkpoints: KnownCheckpoints,
    start: number,
    bySymbol: ReadonlyMap<string, readonly Amendment[]>,
    replays: ReadonlyMap<string, Replay>,
  ) {
    this.#checkpoints = checkpoints;
    this.#bySymbol = bySymbol;
    this.#replays = replays;
    this.#stretch = Math.floor(start / checkpoints.stretchEvents);
  }

  /** Keeps every end of a stretch before a version, which is that of the next trade. */
  keepBefore(version: number): void {
    const { stretchEvents } = this.#checkpoints;
    for (; (this.#stretch + 1) * stretchEvents < version; this.#stretch++) this.#keep(this.#stretch);
  }

  #keep(stretch: number): void {
    const end = (stretch + 1) * this.#checkpoints.stretchEvents;
    const kept = this.#checkpoints.kept(stretch) ?? {};
    const news: Record<string, KnownHolding> = {};
    for (const [symbol, replay] of this.#replays) {
      const knownBy = knownByAt(this.#bySymbol.get(symbol) ?? [], end);
      // One that has not begun says nothing, and what is known by a later amendment is what will be asked for.
      if (replay.version >= end || knownBy === undefined || knownBy <= (kept[symbol]?.knownBy ?? 0)) continue;
      news[symbol] = { knownBy, position: replay.position, lastTrade: replay.lastTrade };
    }
    if (Object.keys(news).length > 0) this.#checkpoints.keep(stretch, { ...kept, ...news });
  }
}
