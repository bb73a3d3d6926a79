/**
 * The key of a service that has no OpenID provider: what it may do, and the hash of its secret. The secret itself is made by
 * whoever will use it and is never told to the platform but in use, so that neither the log nor an answer can give it away.
 */
import { z } from 'zod';
import { HashText } from './envelope.ts';
import { GRANTED_ACCOUNTS_MAX, ROLES, Role } from './role.ts';
import { Id, Remark, Time } from './scalars.ts';

/**
 * Seconds for which the secret before still counts after a rotation, so that a service with many instances can change over: a
 * week at most.
 */
const GRACE_SECONDS_MAX = 7 * 24 * 3_600;

const unique = (list: readonly string[]) => new Set(list).size === list.length;

const SecretHash = HashText.meta({
  description:
    'SHA-256 of the secret, in hexadecimal digits. The secret has 43 to 128 characters of A-Z, a-z, 0-9, _ and -.',
});
const Roles = z
  .array(Role)
  .min(1)
  .max(ROLES.length)
  .refine(unique, 'must name each role once')
  .meta({ uniqueItems: true, description: 'What the service may do.' });
const Accounts = z
  .array(Id)
  .max(GRANTED_ACCOUNTS_MAX)
  .refine(unique, 'must name each account once')
  .meta({ uniqueItems: true, description: 'The accounts that it is confined to, whatever its roles.' });

/** Issues the key. */
export const IssueServiceKey = z.strictObject({
  secretHash: SecretHash,
  roles: Roles,
  accounts: Accounts.optional(),
  description: Remark,
  expiresAt: Time.optional(),
});
/** Gives the key another secret. */
export const RotateServiceKey = z.strictObject({
  secretHash: SecretHash,
  graceSeconds: z.number().int().min(0).max(GRACE_SECONDS_MAX).optional().meta({
    description: 'For how long the secret before still counts; 0 where it is left out.',
  }),
});
/** Ends the key for good. */
export const RevokeServiceKey = z.strictObject({ reason: Remark });

/** Commands by type, with what the catalogue says of them. */
export const serviceKeyCommands = {
  IssueServiceKey: IssueServiceKey.meta({ description: 'Issues a key to a service.' }),
  RotateServiceKey: RotateServiceKey.meta({ description: 'Gives the key another secret.' }),
  RevokeServiceKey: RevokeServiceKey.meta({ description: 'Ends the key for good.' }),
} as const;

/** A command as the decider takes it. */
export type ServiceKeyCommand = {
  [Type in keyof typeof serviceKeyCommands]: {
    readonly type: Type;
    readonly data: z.infer<(typeof serviceKeyCommands)[Type]>;
  };
}[keyof typeof serviceKeyCommands];

/** What the key is from its issue on. */
export const ServiceKeyIssued = z.strictObject({
  secretHash: SecretHash,
  roles: Roles,
  accounts: Accounts.nullable(),
  description: Remark,
  expiresAt: Time.nullable(),
});
/** The secret from now on, and how long the one before counts. */
export const ServiceKeyRotated = z.strictObject({ secretHash: SecretHash, previousValidUntil: Time });
/** Why the key ended. */
export const ServiceKeyRevoked = z.strictObject({ reason: Remark });

/** Events by type, in their newest shape, with what the catalogue says of them. */
export const serviceKeyEvents = {
  ServiceKeyIssued: ServiceKeyIssued.meta({ description: 'The key exists.' }),
  ServiceKeyRotated: ServiceKeyRotated.meta({ description: 'The key has another secret.' }),
  ServiceKeyRevoked: ServiceKeyRevoked.meta({ description: 'The key has ended for good.' }),
} as const;

/** An event as the decider folds it. */
export type ServiceKeyEvent = {
  [Type in keyof typeof serviceKeyEvents]: {
    readonly type: Type;
    readonly data: z.infer<(typeof serviceKeyEvents)[Type]>;
  };
}[keyof typeof serviceKeyEvents];

/** Refusals in the order in which they are checked. */
export const SERVICE_KEY_REFUSALS = [
  'service_key_already_issued',
  'service_key_not_found',
  'service_key_revoked',
  'expiry_passed',
  'secret_already_used',
] as const;
export type ServiceKeyRefusal = (typeof SERVICE_KEY_REFUSALS)[number];
