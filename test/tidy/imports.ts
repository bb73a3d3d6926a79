/** Import directions: what each room may take from which other room, and from which packages. */
import path from 'node:path';
import type { ImportUse, Problem, Source } from './source.ts';

interface Room {
  readonly name: string;
  /** Paths of the room's files. The first room that has a file is the file's. */
  readonly has: RegExp;
  /** Where values may come from; `./` is the file's own folder. */
  readonly values: readonly string[];
  /** Where types may come from as well: they are gone at run time. */
  readonly types?: readonly string[];
  /** Packages by the names that are imported. */
  readonly packages?: readonly string[];
}

/** Folders of `actors/` that hold no aggregate's rules. */
const NO_AGGREGATE = [
  'kernel',
  'deadLetters',
  'directory',
  'generalLedger',
  'holders',
  'sandbox',
  'ambient',
  'archivist',
  'notary',
];

/** An aggregate's folder but for its shell: rules, which are pure. */
export const PURE_RULES = new RegExp(`^actors/(?!(${NO_AGGREGATE.join('|')})/)[^/]+/(?!actor\\.ts$)`);

const ROOMS: readonly Room[] = [
  { name: 'telemetry', has: /^telemetry\//, values: ['./'] },
  {
    name: 'schemas',
    has: /^schemas\//,
    values: ['schemas/'],
    packages: ['zod', 'drizzle-orm', 'drizzle-orm/sqlite-core'],
  },
  {
    name: 'payment providers',
    has: /^payments\//,
    values: ['payments/', 'schemas/'],
    packages: ['zod', 'node:crypto'],
  },
  {
    name: 'reports',
    has: /^reports\//,
    values: ['reports/', 'schemas/'],
    packages: [
      'zod',
      'node:crypto',
      'pdfkit',
      'pdfkit/output',
      'pdfkit/standard-fonts/*',
      'fontkit',
      'bidi-js',
    ],
  },
  {
    name: 'privacy',
    has: /^privacy\//,
    values: ['privacy/', 'schemas/'],
    types: ['actors/kernel/storage.ts'],
    packages: ['node:crypto'],
  },
  {
    name: 'the list of actors',
    has: /^actors\/index\.ts$/,
    values: ['actors/*/actor.ts', 'actors/ambient/rateLimiter.ts'],
  },
  {
    name: "the actors' bindings",
    has: /^actors\/env\.ts$/,
    values: [],
    types: [
      'actors/*/actor.ts',
      'actors/kernel/watchers.ts',
      'payments/providers.ts',
      'privacy/masterKeys.ts',
    ],
  },
  {
    name: 'the shell of the kernel',
    has: /^actors\/kernel\/eventSourcedActor\.ts$/,
    values: ['./', 'schemas/', 'telemetry/'],
    types: ['actors/env.ts'],
    packages: ['cloudflare:workers'],
  },
  {
    name: 'the kernel',
    has: /^actors\/kernel\//,
    values: ['./', 'schemas/', 'telemetry/'],
    packages: ['node:crypto'],
  },
  {
    name: 'a small volatile actor',
    has: /^actors\/ambient\//,
    values: ['./', 'schemas/', 'telemetry/'],
    types: ['actors/env.ts'],
    packages: ['itty-durable', 'itty-durable/*', 'zod'],
  },
  {
    name: "the archive's objects",
    has: /^actors\/(archivist|notary)\/actor\.ts$/,
    values: ['queues/archive/', 'actors/kernel/', 'schemas/', 'telemetry/'],
    types: ['actors/env.ts', 'queues/'],
    packages: ['cloudflare:workers'],
  },
  {
    name: "an aggregate's rules",
    has: PURE_RULES,
    values: ['./', 'schemas/', 'actors/kernel/decider.ts', 'actors/kernel/deadlines.ts'],
  },
  {
    name: 'an actor',
    has: /^actors\//,
    values: ['./', 'actors/kernel/', 'payments/', 'privacy/', 'schemas/', 'telemetry/'],
    types: ['actors/env.ts'],
    packages: ['cloudflare:workers'],
  },
  {
    name: 'the archive',
    has: /^queues\/archive\//,
    values: [
      'queues/',
      'schemas/',
      'telemetry/',
      'actors/kernel/hashChain.ts',
      'actors/kernel/inTime.ts',
      'actors/kernel/migrations.ts',
      'actors/kernel/paced.ts',
    ],
    types: ['actors/kernel/storage.ts', 'actors/kernel/alarmClock.ts', 'actors/kernel/decider.ts'],
    packages: ['node:crypto', 'node:zlib', 'hyparquet', 'hyparquet-writer', 'zod'],
  },
  { name: 'queue consumers', has: /^queues\//, values: ['queues/', 'schemas/', 'telemetry/'] },
  {
    name: "the Worker's entry",
    has: /^workers\/index\.ts$/,
    values: ['workers/', 'actors/index.ts'],
  },
  {
    name: 'the hub of streams',
    has: /^workers\/streams\/actor\.ts$/,
    values: ['workers/', 'schemas/', 'telemetry/'],
    types: ['actors/'],
    packages: ['cloudflare:workers'],
  },
  {
    name: 'calls over Connect',
    has: /^workers\/connect\//,
    values: ['workers/', 'schemas/'],
    packages: [
      'hono',
      'zod',
      '@bufbuild/protobuf',
      '@bufbuild/protobuf/*',
      '@connectrpc/connect',
      '@connectrpc/connect/*',
    ],
  },
  {
    name: 'workers',
    has: /^workers\//,
    values: [
      'workers/',
      'queues/',
      'payments/',
      'reports/',
      'privacy/',
      'schemas/',
      'telemetry/',
      'actors/ambient/rateLimiters.ts',
      'actors/kernel/inTime.ts',
    ],
    types: ['actors/'],
    packages: [
      'hono',
      'hono/*',
      'jose',
      'zod',
      'zod-openapi',
      'node:crypto',
      'drizzle-orm',
      'drizzle-orm/*',
      'graphql',
      'graphql-http',
      'graphql-ws',
      'dataloader',
    ],
  },
  // The client is taken into other projects: it brings nothing along.
  { name: 'the client', has: /^client\//, values: ['client/'] },
  // What signs requests for a bucket stays out of what judges its objects.
  {
    name: "the verifier's way to a bucket",
    has: /^verifier\/s3\.ts$/,
    values: ['./'],
    packages: ['node:timers/promises', 'aws4fetch'],
  },
  // Whoever checks the archive must not share a mistake with whoever wrote it.
  {
    name: 'the verifier',
    has: /^verifier\//,
    values: ['./'],
    packages: ['node:*', 'hyparquet', 'hyparquet/src/column.js'],
  },
];

/** Imports of a product file that its room does not allow. */
export function importProblems(source: Source): Problem[] {
  const room = ROOMS.find((candidate) => candidate.has.test(source.path));
  if (room === undefined) return [];
  return source.imports
    .filter((use) => !isAllowed(source.path, room, use))
    .map((use) => ({
      rule: 'imports',
      where: `${source.path}:${source.lineOf(use.start)}`,
      message: `${room.name} may not import ${use.typeOnly ? 'types' : 'values'} from ${use.specifier}`,
    }));
}

function isAllowed(file: string, room: Room, { specifier, typeOnly }: ImportUse): boolean {
  const folder = path.posix.dirname(file);
  if (!specifier.startsWith('.')) return matches(specifier, room.packages ?? []);
  const target = path.posix.join(folder, specifier);
  const places = typeOnly ? [...room.values, ...(room.types ?? [])] : room.values;
  return matches(
    target,
    places.map((place) => (place === './' ? `${folder}/` : place)),
  );
}

/** A pattern that ends in `/` names all below it; `*` stands for one name. */
function matches(target: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => {
    const text = pattern.replaceAll('.', '\\.').replaceAll('*', '[^/]+');
    return new RegExp(pattern.endsWith('/') ? `^${text}` : `^${text}$`).test(target);
  });
}

/** Packages that a tool imports although package.json does not name them: they would vanish with someone else's update. */
export function undeclaredPackages(source: Source, declared: ReadonlySet<string>): Problem[] {
  return source.imports
    .filter(({ specifier }) => /^[a-z@]/.test(specifier) && !/^(node|cloudflare):/.test(specifier))
    .filter(({ specifier }) => !declared.has(packageName(specifier)))
    .map(({ specifier, start }) => ({
      rule: 'packages',
      where: `${source.path}:${source.lineOf(start)}`,
      message: `${packageName(specifier)} is not in package.json`,
    }));
}

function packageName(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}
