/** The bucket of the keys' backups: conditional puts, of which one that was given up may come after what was put later. */
import { createHash } from 'node:crypto';
import type { BackupBucket } from '../../../privacy/keyBackupStore.ts';
import { callService } from './service.ts';
import type { Caller, World } from './world.ts';

/** The share of the puts that get lost which arrive in the end, and how long that may take. */
const LATE = { share: 0.6, withinMs: 60_000 };

interface Condition {
  readonly etagMatches?: string;
  readonly etagDoesNotMatch?: string;
}

export class SimBucket {
  readonly #world: World;
  readonly #onPut: (key: string, text: string) => void;
  readonly #objects = new Map<string, string>();

  /** `onPut` is told which object has changed, and to what. */
  constructor(world: World, onPut: (key: string, text: string) => void) {
    this.#world = world;
    this.#onPut = onPut;
  }

  /** The bucket as one caller sees it. */
  client(caller: Caller): BackupBucket {
    const bucket = {
      get: (key: string) =>
        this.#call(caller, 'gets', () => {
          const text = this.#objects.get(key);
          return text === undefined ? null : { etag: etagOf(text), text: async () => text };
        }),
      put: (key: string, text: string, { onlyIf = {} }: { readonly onlyIf?: Condition } = {}) =>
        this.#call(caller, 'puts', () => this.#put(key, text, onlyIf), LATE),
    };
    return bucket as unknown as BackupBucket;
  }

  /** An object's text; undefined where there is none. */
  inspect(key: string): string | undefined {
    return this.#objects.get(key);
  }

  #put(key: string, text: string, { etagMatches, etagDoesNotMatch }: Condition): object | null {
    const there = this.#objects.get(key);
    if (etagDoesNotMatch === '*' && there !== undefined) return null;
    if (etagMatches !== undefined && (there === undefined || etagOf(there) !== etagMatches)) return null;
    this.#objects.set(key, text);
    this.#onPut(key, text);
    return {};
  }

  #call<Result>(caller: Caller, label: string, work: () => Result, late?: typeof LATE): Promise<Result> {
    const call = { name: 'key backups', label, isDown: () => false, lost: 'Network connection lost.', work };
    return callService(this.#world, caller, late === undefined ? call : { ...call, late });
  }
}

function etagOf(text: string): string {
  return createHash('md5').update(text).digest('hex');
}
