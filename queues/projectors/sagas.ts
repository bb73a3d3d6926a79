/** Sagas as their events leave them: what each is about, how far it has come, and which wait for an operator. */
import type { SagaEvent } from '../../schemas/saga.ts';
import type { Colour } from '../../schemas/tables/views.ts';
import { jsonStatements } from '../kernel/database.ts';
import { keysJson } from '../kernel/positions.ts';
import type { ProjectedEvent, RebuildableProjector, ViewAudit } from '../kernel/projector.ts';
import { unlike } from './unlike.ts';

/** What an event changes of the saga's row; what is absent stays. */
interface SagaChange {
  readonly status?: string;
  readonly reason?: string | null;
  readonly endedAt?: number | null;
}

const insertSql = (colour: Colour) => `
  INSERT INTO sagas_${colour} (saga_id, definition, definition_version, status, version, started_at, updated_at)
  SELECT value ->> 'sagaId', value ->> 'definition', value ->> 'definitionVersion', 'RUNNING', value ->> 'version',
    value ->> 'at', value ->> 'at'
  FROM jsonb_each(?)`;

const updateSql = (colour: Colour) => `
  UPDATE sagas_${colour} AS saga SET
    status = coalesce(change.value ->> 'status', saga.status),
    reason = iif(json_type(change.value, '$.reason') IS NULL, saga.reason, change.value ->> 'reason'),
    ended_at = iif(json_type(change.value, '$.endedAt') IS NULL, saga.ended_at, change.value ->> 'endedAt'),
    version = change.value ->> 'version', updated_at = change.value ->> 'at'
  FROM jsonb_each(?) AS change WHERE saga.saga_id = change.value ->> 'sagaId'`;

function changeOf(event: SagaEvent, at: number): SagaChange {
  switch (event.type) {
    case 'SagaRetried':
    case 'SagaSettled':
      return { status: event.data.status };
    case 'CompensationStarted':
      return { status: 'COMPENSATING', reason: event.data.reason, endedAt: null };
    case 'CompensationCalledOff':
      return { status: 'RUNNING', reason: null };
    case 'SagaParked':
      return { status: 'PARKED', reason: event.data.reason, endedAt: null };
    case 'SagaCompleted':
      return { status: 'COMPLETED', reason: null, endedAt: at };
    case 'SagaCompensated':
      return { status: 'COMPENSATED', endedAt: at };
    case 'SagaStarted':
    case 'StepsAdded':
    case 'StepsStarted':
    case 'StepAccepted':
    case 'StepCompleted':
    case 'StepPutOff':
    case 'StepRefused':
    case 'StepFailed':
    case 'StepTimedOut':
    case 'StepSucceededLate':
    case 'StepCompensated':
    case 'EventObserved':
    case 'CompensationAccepted':
    case 'CompensationPutOff':
    case 'CompensationFailed':
      return {};
  }
}

/** A saga's row says what its actor says. */
const sagasAudit: ViewAudit = {
  statement: (colour, keys) => ({
    sql:
      'SELECT saga_id AS aggregateId, definition, definition_version, status, reason, ended_at IS NULL AS open, ' +
      'version ' +
      `FROM json_each(?) AS sought CROSS JOIN sagas_${colour} ON saga_id = sought.value ->> 1`,
    parameters: [keysJson(keys)],
  }),
  fault([row], { state }, version) {
    const { definition, definitionVersion, status, reason, endedAt } = state as {
      definition: string;
      definitionVersion: number;
      status: string;
      reason: string | null;
      endedAt: string | null;
    };
    if (row === undefined) return 'there is no row';
    return unlike(
      [row.definition, row.definition_version, row.status, row.reason, row.open, row.version],
      [definition, definitionVersion, status, reason, endedAt === null ? 1 : 0, version],
    );
  },
};

export const sagasProjector: RebuildableProjector = {
  view: 'sagas',
  aggregateTypes: ['saga'],
  table: {
    name: (colour) => `sagas_${colour}`,
    key: ['saga_id'],
    idColumn: 'saga_id',
    clearRows: 10_000,
  },
  audit: sagasAudit,
  collector({ colour }) {
    const started: object[] = [];
    const changes = new Map<string, object>();
    return {
      add(event: ProjectedEvent) {
        const { aggregateId: sagaId, version, recordedAt: at, current } = event;
        if (event.eventType === 'SagaStarted') {
          const { definition, definitionVersion } = current;
          started.push({ sagaId, version, at, definition, definitionVersion });
          return;
        }
        const change = changeOf({ type: event.eventType, data: current } as SagaEvent, at);
        changes.set(sagaId, { ...changes.get(sagaId), ...change, sagaId, version, at });
      },
      statements: () => [
        ...jsonStatements(insertSql(colour), started),
        ...jsonStatements(updateSql(colour), [...changes.values()]),
      ],
    };
  },
};
