/** Keys of services, for administrators: issued, rotated, revoked, listed. */
import { z } from 'zod';
import type { ServiceKeyState } from '../../../actors/serviceKey/decider.ts';
import { Role } from '../../../schemas/role.ts';
import { Id, UtcTime, Version } from '../../../schemas/scalars.ts';
import { IssueServiceKey, RevokeServiceKey, RotateServiceKey } from '../../../schemas/serviceKey.ts';
import { ownerOf } from '../../aggregates.ts';
import { listAggregates } from '../../directory.ts';
import type { Env } from '../../env.ts';
import type { Page } from '../../reads/merged.ts';
import { cursorOf, encodeCursor } from '../cursor.ts';
import { type Route, route } from '../operation.ts';
import { PageLimit } from '../query.ts';
import { commandRoute, commandSuccess, type Resource, sendingRoute, stateRoute } from '../resource.ts';

const SERVICE_KEYS: Resource = {
  aggregateType: 'serviceKey',
  noun: 'service key',
  tag: 'Access',
  path: '/v1/service-keys/{id}',
  notFound: 'service_key_not_found',
};

/** The body that issues a key. */
export const IssueServiceKeyBody = IssueServiceKey.extend({ keyId: Id });

/** A key as its actor has it, without the hashes of its secrets. */
export const ServiceKeyReply = z
  .strictObject({
    keyId: Id,
    status: z.enum(['ACTIVE', 'REVOKED']),
    roles: z.array(Role),
    accounts: z.array(Id).nullable().meta({ description: 'Null where it is confined to none.' }),
    description: z.string(),
    expiresAt: UtcTime.nullable(),
    previousValidUntil: UtcTime.nullable().meta({
      description: 'Until when the secret before the last rotation counts; null where there is none.',
    }),
    version: Version,
  })
  .meta({ id: 'ServiceKey' });
type ServiceKeyReply = z.infer<typeof ServiceKeyReply>;

/** A page of keys. */
export const ServiceKeysReply = z.strictObject({
  serviceKeys: z.array(ServiceKeyReply),
  nextCursor: z.string().nullable(),
});

/** Which keys are wanted. */
export const ServiceKeysQuery = z.strictObject({
  limit: PageLimit,
  cursor: cursorOf(Id, 'The `nextCursor` of the page before.').optional(),
});

const issueServiceKey = sendingRoute(
  {
    method: 'post',
    path: '/v1/service-keys',
    operationId: 'issueServiceKey',
    tag: 'Access',
    summary: 'Issue a key to a service',
    description:
      'The secret is made by whoever will use it; the platform is told its hash alone. The token is then ' +
      '`folio~<keyId>~<secret>`.',
    command: 'IssueServiceKey',
    body: IssueServiceKeyBody,
    success: commandSuccess(201, 'The key counts from now on.'),
    problems: ['service_key_already_issued', 'expiry_passed'],
  },
  { status: 201 },
  ({ body: { keyId, ...data } }) => ({
    aggregateType: 'serviceKey',
    aggregateId: keyId,
    type: 'IssueServiceKey',
    data,
  }),
);

const getServiceKeys = route(
  {
    method: 'get',
    path: '/v1/service-keys',
    operationId: 'getServiceKeys',
    tag: 'Access',
    summary: 'Every key, by its id',
    query: ServiceKeysQuery,
    success: { status: 200, description: 'A page of keys.', schema: ServiceKeysReply },
  },
  async (c, { query }) => {
    const { rows, next } = await serviceKeysPage(c.env, query);
    return c.json({ serviceKeys: rows, nextCursor: next === null ? null : encodeCursor(next) });
  },
);

/** A page of keys, and the id after which the next one begins; null on the last. */
export async function serviceKeysPage(
  env: Env,
  { limit, cursor = '' }: z.output<typeof ServiceKeysQuery>,
): Promise<Page<ServiceKeyReply, string>> {
  const ids = await listAggregates(env, 'serviceKey', cursor, limit + 1);
  const page = ids.slice(0, limit);
  const serviceKeys = await Promise.all(
    page.map(async (keyId) => {
      const key = { aggregateType: 'serviceKey', aggregateId: keyId } as const;
      const read = await ownerOf<ServiceKeyState>(env, key).read();
      return read === null ? [] : [serviceKeyReply(keyId, read.state, read.version)];
    }),
  );
  const last = page.at(-1);
  return { rows: serviceKeys.flat(), next: ids.length > limit && last !== undefined ? last : null };
}

/** Every route of keys. */
export const serviceKeys: readonly Route[] = [
  issueServiceKey,
  getServiceKeys,
  stateRoute<ServiceKeyState>(SERVICE_KEYS, {
    operationId: 'getServiceKey',
    schema: ServiceKeyReply,
    reply: serviceKeyReply,
  }),
  commandRoute(SERVICE_KEYS, {
    resource: 'rotate',
    operationId: 'rotateServiceKey',
    summary: 'Give the key another secret',
    description: 'The secret before counts for `graceSeconds` more, so that a service can change over.',
    type: 'RotateServiceKey',
    body: RotateServiceKey,
    success: commandSuccess(200, 'The new secret counts.'),
    refusals: ['service_key_not_found', 'service_key_revoked', 'secret_already_used'],
  }),
  commandRoute(SERVICE_KEYS, {
    resource: 'revoke',
    operationId: 'revokeServiceKey',
    summary: 'End the key for good',
    description: 'Within seconds: isolates look at a key that is in use every few of them.',
    type: 'RevokeServiceKey',
    body: RevokeServiceKey,
    success: commandSuccess(200, 'The key has ended.'),
    refusals: ['service_key_not_found', 'service_key_revoked'],
  }),
];

function serviceKeyReply(keyId: string, state: ServiceKeyState, version: number): ServiceKeyReply {
  const { status, roles, accounts, description, expiresAt, previous } = state;
  if (status === 'UNISSUED') throw new Error(`key ${keyId} has version ${version} but is not issued`);
  const previousValidUntil = previous?.validUntil ?? null;
  return { keyId, status, roles, accounts, description, expiresAt, previousValidUntil, version };
}
