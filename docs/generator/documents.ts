/** The documents that are made from code, by their path in the repository. */
import { printSchema } from 'graphql';
import { DEFINITION_LIST } from '../../actors/saga/definitions/index.ts';
import eventShapes from '../../schemas/eventShapes.json' with { type: 'json' };
import { graphQlSchema } from '../../workers/graphql/schema.ts';
import { openApiDocument } from '../../workers/http/openapi/document.ts';
import { ROUTES } from '../../workers/http/routes/index.ts';
import { asyncApiDocument, LOCAL_SERVER } from '../../workers/streams/asyncapi.ts';
import { accessTable } from './accessTable.ts';
import { clientOperations, clientTypes } from './clientTypes.ts';
import { eventCatalogue } from './eventCatalogue.ts';
import { currentShapes, withShapes } from './eventShapes.ts';
import { protoDocuments } from './proto/documents.ts';
import { retentionTable } from './retentionTable.ts';
import { sagaDiagrams } from './sagaDiagrams.ts';
import { transactionFields } from './transactionFields.ts';

/** Every generated document as it should be committed. */
export function generatedDocuments(): Readonly<Record<string, string>> {
  const openApi = openApiDocument(ROUTES);
  return {
    'docs/generated/openapi.json': `${JSON.stringify(openApi, null, 2)}\n`,
    'client/generated/api.ts': clientTypes(openApi),
    'client/generated/operations.ts': clientOperations(ROUTES),
    'docs/generated/asyncapi.json': `${JSON.stringify(asyncApiDocument(LOCAL_SERVER), null, 2)}\n`,
    'docs/generated/schema.graphql': `${printSchema(graphQlSchema(ROUTES))}\n`,
    'docs/generated/events.md': eventCatalogue(ROUTES),
    'schemas/eventShapes.json': `${JSON.stringify(withShapes(eventShapes, currentShapes()), null, 2)}\n`,
    'docs/generated/access.md': accessTable(ROUTES),
    ...protoDocuments(openApi, ROUTES),
    'docs/generated/sagas.md': sagaDiagrams(DEFINITION_LIST),
    'docs/generated/retention.md': retentionTable(),
    'docs/generated/transaction-report.md': transactionFields(),
  };
}
