/** Who is asking: worked out once from a token or a key, and all that any decision about access looks at. */
import type { Role } from '../../schemas/role.ts';

/** An authenticated caller. */
export interface Principal {
  /**
   * In the metadata of every event that it causes. Users have the prefix `user:`, so that nobody whom an identity provider
   * named can pass for a service or for the platform itself.
   */
  readonly userId: string;
  readonly roles: readonly Role[];
  /** The accounts granted to it: it is confined to them whatever its roles. Undefined where nothing was said of accounts. */
  readonly accounts: ReadonlySet<string> | undefined;
}

/** The key of a service as it was shown: its id, and the hash of the secret. */
export interface ShownKey {
  readonly keyId: string;
  readonly secretHash: string;
}

/** A caller and what it is known by. */
export interface KnownCaller {
  readonly principal: Principal;
  /** When the token or the key ends, milliseconds since 1970. */
  readonly endsAt: number;
  /** Undefined where it showed no service's key. */
  readonly serviceKey?: ShownKey | undefined;
}

/** The holder of the local administrator's token. */
export const LOCAL_ADMINISTRATOR: Principal = {
  userId: 'local-administrator',
  roles: ['admin'],
  accounts: undefined,
};

/** Which aggregate a request is about. */
export interface Target {
  readonly aggregateType: string;
  readonly aggregateId: string;
}

/** Whether the aggregate is an account that was granted to the caller. Only accounts are granted. */
export function owns({ accounts }: Principal, { aggregateType, aggregateId }: Target): boolean {
  return aggregateType === 'account' && accounts !== undefined && accounts.has(aggregateId);
}
