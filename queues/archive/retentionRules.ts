/**
 * The rules of the archive's bucket: what is locked for how long, so that nobody can remove or replace it, and what is
 * removed once its term is over. They go by the beginning of a key, and segments have their term there (`schemas/retention.ts`
 * says which).
 */
import { RETENTION_YEARS } from '../../schemas/retention.ts';

/** A year with its share of leap days: rounded up, so many days cover every run of that many calendar years. */
const DAYS_PER_YEAR = 365.25;

/** Between the end of a lock and the removal: the platform looks about once a day, and nobody needs it to the day. */
const REMOVAL_MARGIN_DAYS = 30;

const DAY_MS = 86_400_000;

/** Objects whose keys begin so are locked for some days from when they were put; for good where it is null. */
export interface LockRule {
  readonly name: string;
  readonly prefix: string;
  readonly days: number | null;
}

/** Objects whose keys begin so are removed some days after they were put. */
export interface RemovalRule {
  readonly name: string;
  readonly prefix: string;
  readonly days: number;
}

/** What every name of ours begins with: rules of others on the same bucket are left alone. */
export const RULE_PREFIX = 'folio-';

/** What the chain of the archive hangs on is needed as long as any segment is, and is small. */
const KEPT_FOR_GOOD = ['manifests/', 'checkpoints/', 'keys/'] as const;

/** What the keys of all segments begin with. */
export const SEGMENTS_PREFIX = 'segments/';

const TERMS = RETENTION_YEARS.map((years) => ({
  prefix: `${SEGMENTS_PREFIX}${years}y/`,
  days: Math.ceil(years * DAYS_PER_YEAR),
}));

/** What is locked. A rule has its terms in its name, so that a changed one is another one. */
export const LOCK_RULES: readonly LockRule[] = [
  ...TERMS.map((term) => ({ name: ruleName('lock', term), ...term })),
  ...KEPT_FOR_GOOD.map((prefix) => ({ name: ruleName('lock', { prefix, days: null }), prefix, days: null })),
];

/** What is removed. */
export const REMOVAL_RULES: readonly RemovalRule[] = TERMS.map(({ prefix, days }) => {
  const rule = { prefix, days: days + REMOVAL_MARGIN_DAYS };
  return { name: ruleName('remove', rule), ...rule };
});

/** Until when an object is locked that was put at a time (both milliseconds since 1970): Infinity for good, 0 not at all. */
export function lockedUntil(key: string, putAt: number): number {
  const ends = LOCK_RULES.filter(({ prefix }) => key.startsWith(prefix)).map(({ days }) =>
    days === null ? Number.POSITIVE_INFINITY : putAt + days * DAY_MS,
  );
  return Math.max(0, ...ends);
}

/** When an object is removed that was put at a time; undefined: never. */
export function removedAt(key: string, putAt: number): number | undefined {
  const rule = REMOVAL_RULES.find(({ prefix }) => key.startsWith(prefix));
  return rule === undefined ? undefined : Math.max(putAt + rule.days * DAY_MS, lockedUntil(key, putAt));
}

/** Whether an object that was made at a time may be gone by now, both milliseconds since 1970: then nobody misses it. */
export function mayBeRemoved(key: string, madeAt: number, now: number): boolean {
  const at = removedAt(key, madeAt);
  return at !== undefined && at <= now;
}

/** `folio-lock-segments-7y-2557-days`. */
function ruleName(what: string, { prefix, days }: { prefix: string; days: number | null }): string {
  const where = prefix.replace(/\/$/, '').replaceAll('/', '-');
  return `${RULE_PREFIX}${what}-${where}-${days === null ? 'for-good' : `${days}-days`}`;
}
