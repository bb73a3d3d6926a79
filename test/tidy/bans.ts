/** What no source may say, where, and why. */
import { PURE_RULES } from './imports.ts';
import { type Fact, PRODUCT_ROOMS, type Problem, type Source } from './source.ts';

interface Ban {
  readonly rule: string;
  readonly reason: string;
  /** Paths it holds for. */
  readonly where: RegExp;
  readonly kinds: readonly Fact['kind'][];
  readonly text: RegExp;
}

const EVERYWHERE = /^/;
const PRODUCT = new RegExp(`^(${PRODUCT_ROOMS.join('|')})/`);
/** What the simulation runs on clocks, timers and randomness of its own. */
const PLAIN_MODULES =
  /^(actors\/(?!kernel\/eventSourcedActor\.ts$|[^/]+\/actor\.ts$)|queues\/|payments\/|reports\/)/;
/** Where amounts, prices and quantities are calculated or passed on. */
const MONEY = new RegExp(`^schemas/decimal\\.ts$|^queues/projectors/|^reports/|${PURE_RULES.source}`);

const CLOCKS_AND_CHANCE =
  /^(Math\.random|Date\.now|performance\.now|crypto\.(randomUUID|getRandomValues|randomBytes))$/;

export const BANS: readonly Ban[] = [
  {
    rule: 'eval',
    reason: 'the Workers runtime refuses code from strings, and the tests do not notice',
    where: EVERYWHERE,
    kinds: ['call', 'new'],
    text: /^(eval|globalThis\.eval|(new )?Function(\(\))?)$/,
  },
  {
    rule: 'as any',
    reason: 'it switches the compiler off for whatever follows: use `unknown` and say what is known',
    where: EVERYWHERE,
    kinds: ['cast'],
    text: /^TSAnyKeyword$/,
  },
  {
    rule: 'compiler switched off',
    reason: 'an error that is not looked at is still an error',
    where: EVERYWHERE,
    kinds: ['comment'],
    text: /^\W*@ts-(ignore|nocheck)/,
  },
  {
    rule: 'a test alone',
    reason: 'one test that runs alone hides that all others no longer run',
    where: /^test\//,
    kinds: ['call', 'member'],
    text: /^(it|test|describe|suite)\.only$/,
  },
  {
    rule: 'unfinished business',
    reason: 'what is left to do is an issue, where somebody finds it',
    where: EVERYWHERE,
    kinds: ['comment'],
    text: /\b(TODO|FIXME|XXX|HACK)\b/,
  },
  {
    rule: 'pure rules',
    reason: 'rules have no clock, chance, I/O or waiting: what they need comes with the command',
    where: PURE_RULES,
    kinds: ['name', 'async'],
    text: /^(Date|Promise|crypto|performance|fetch|process|console|globalThis|set(Timeout|Interval|Immediate)|queueMicrotask|async|await)$/,
  },
  {
    rule: 'chance in rules and schemas',
    reason: 'the same bytes must mean the same tomorrow',
    where: new RegExp(`^schemas/|${PURE_RULES.source}`),
    kinds: ['member'],
    text: CLOCKS_AND_CHANCE,
  },
  {
    rule: 'the time of day in schemas',
    reason: 'the same bytes must mean the same tomorrow',
    where: /^schemas\//,
    kinds: ['new', 'call'],
    text: /^(new Date\(\)|Date)$/,
  },
  {
    rule: 'a default case in rules',
    reason: 'it hides from the compiler that a new event or command is not handled',
    where: PURE_RULES,
    kinds: ['switchDefault'],
    text: EVERYWHERE,
  },
  {
    rule: 'clocks and timers in plain modules',
    reason: 'they come in as dependencies, so that the simulation owns them',
    where: PLAIN_MODULES,
    kinds: ['member', 'call'],
    text: new RegExp(`${CLOCKS_AND_CHANCE.source}|^(set(Timeout|Interval|Immediate)|queueMicrotask|fetch)$`),
  },
  {
    rule: 'binary floating point on money',
    reason: 'money is exact: parseDecimal and formatDecimal are the only way in and out',
    where: MONEY,
    kinds: ['call', 'name'],
    text: /^(parseFloat|parseInt|Number\.(parseFloat|parseInt)|Number|toFixed|toPrecision)$/,
  },
  {
    rule: 'the console',
    reason: 'entries go through telemetry/logger.ts, which keeps personal data out and levels in',
    where: /^(schemas|actors|payments|queues|reports|workers)\//,
    kinds: ['name'],
    text: /^console$/,
  },
  {
    rule: 'PRAGMA user_version',
    reason: 'the platform denies it: the kernel keeps the schema version in a table',
    where: PRODUCT,
    kinds: ['string'],
    text: /\buser_version\b/i,
  },
  {
    rule: 'transactions in SQL',
    reason: 'the platform denies BEGIN and SAVEPOINT: use transactionSync or a D1 batch',
    where: PRODUCT,
    kinds: ['string'],
    text: /(^|;)\s*(begin(\s+(deferred|immediate|exclusive|transaction))*|commit|rollback|savepoint\s+\w+|release\s+\w+)\s*(;|$)/i,
  },
  {
    rule: 'asynchronous transactions',
    reason: 'what runs after the first await of transactionSync is outside of the transaction',
    where: PRODUCT,
    kinds: ['call'],
    text: /\.transactionSync\(async\)$/,
  },
  {
    rule: 'shadowed RPC methods',
    reason: 'a stub has `name` and `id` of its own: a method of that name cannot be called',
    where: /^actors\//,
    kinds: ['method'],
    text: /^(name|id)$/,
  },
  {
    rule: 'unconfirmed writes',
    reason: 'a command is acknowledged only after its events are durable',
    where: PRODUCT,
    kinds: ['name', 'string'],
    text: /^allowUnconfirmed$/,
  },
  {
    rule: 'hidden imports',
    reason: 'import directions are checked on what is named by a literal',
    where: PRODUCT,
    kinds: ['call'],
    text: /^(import|require)$/,
  },
];

/** Everything in a source that is banned there. */
export function banProblems(source: Source): Problem[] {
  const bans = BANS.filter((ban) => ban.where.test(source.path));
  return source.facts.flatMap((fact) =>
    bans
      .filter((ban) => ban.kinds.includes(fact.kind) && ban.text.test(fact.text))
      .map((ban) => ({
        rule: ban.rule,
        where: `${source.path}:${source.lineOf(fact.start)}`,
        message: `${shown(fact.text)}: ${ban.reason}`,
      })),
  );
}

function shown(text: string): string {
  return text.trim().split('\n')[0]?.slice(0, 60) ?? '';
}
