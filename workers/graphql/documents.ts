/** Documents: parsed and validated once, and remembered, since clients send the same few again and again. */
import {
  type ASTVisitor,
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  getNamedType,
  getOperationAST,
  isIntrospectionType,
  parse,
  specifiedRules,
  type ValidationContext,
  validate,
} from 'graphql';
import { FORBIDDEN_DETAIL } from '../http/denial.ts';
import { ProblemError } from '../http/problem.ts';
import { problemError } from './errors.ts';
import { excessOf, type Measure, measure, TOKENS_MAX } from './limits.ts';
import { conditionalRoot } from './subscriptionRoot.ts';

/** Documents that an isolate remembers, and characters of one: a few megabytes in all. */
export const DOCUMENTS_MAX = 500;
const REMEMBERED_LENGTH_MAX = 4_096;

/** Errors of validation told at once: the first ones say what is wrong. */
const VALIDATION_ERRORS_MAX = 20;

/** What was asked: as the body of a request has it. */
export interface Asked {
  /** Absent, or empty as over sockets, alone where {@link isPersisted} holds. */
  readonly query?: string | undefined;
  /** One that is empty is none (GraphQL over HTTP). */
  readonly operationName?: string | null | undefined;
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
  readonly extensions?: Readonly<Record<string, unknown>> | null | undefined;
}

/** Whether a request names a document by the hash that clients of automatic persisted queries send in its place. */
export function isPersisted({ extensions }: Pick<Asked, 'extensions'>): boolean {
  return extensions?.persistedQuery !== undefined;
}

/** By this very sentence clients know that they have to send documents, and ask by a hash no more. */
const NOT_PERSISTED = {
  code: 'persisted_query_not_supported',
  detail: 'PersistedQueryNotSupported',
} as const;

/** A document that may be run, or why not. */
export type Prepared =
  | {
      readonly document: DocumentNode;
      readonly operation: 'query' | 'mutation' | 'subscription';
      /** What it asks for. */
      readonly measured: Measure;
    }
  | { readonly errors: readonly GraphQLError[]; readonly asksForSchema?: boolean };

/** A document after parsing and validation. */
type Checked =
  | { readonly document: DocumentNode }
  | { readonly errors: readonly GraphQLError[]; readonly asksForSchema?: boolean };

/** The documents of one schema. */
export class Documents {
  readonly #schema: GraphQLSchema;
  readonly #remembered = new Map<string, Checked>();

  constructor(schema: GraphQLSchema) {
    this.#schema = schema;
  }

  /** Prepares what was asked, by somebody who may or may not ask for the schema itself. */
  prepare({ query = '', operationName, variables, extensions }: Asked, mayIntrospect: boolean): Prepared {
    if (query === '' && isPersisted({ extensions })) return { errors: [problemError(NOT_PERSISTED)] };
    const checked = this.#checked(query, mayIntrospect);
    if ('errors' in checked) return checked;
    const { document } = checked;
    const operation = getOperationAST(document, operationName || null);
    if (!operation) return { errors: [new GraphQLError(missingOperation(operationName))] };
    const measured = measure(this.#schema, document, operation, variables ?? {});
    const excess = excessOf(measured);
    if (excess !== undefined) return { errors: [tooComplex(excess)] };
    return { document, operation: operation.operation, measured };
  }

  #checked(query: string, mayIntrospect: boolean): Checked {
    const key = `${mayIntrospect} ${query}`;
    const known = this.#remembered.get(key);
    if (known !== undefined) return known;
    const checked = this.#check(query, mayIntrospect);
    if (query.length > REMEMBERED_LENGTH_MAX) return checked;
    // All at once: whoever sends ever new documents must not cost the others more than one validation each.
    if (this.#remembered.size >= DOCUMENTS_MAX) this.#remembered.clear();
    this.#remembered.set(key, checked);
    return checked;
  }

  #check(query: string, mayIntrospect: boolean): Checked {
    let document: DocumentNode;
    try {
      document = parse(query, { maxLexicalTokens: TOKENS_MAX, maxComments: TOKENS_MAX });
    } catch (error) {
      return { errors: [syntaxError(error)] };
    }
    // Before the rules: some of them compare every field with every other.
    for (const definition of document.definitions) {
      if (definition.kind !== 'OperationDefinition') continue;
      const excess = excessOf({ ...measure(this.#schema, document, definition, {}), fields: 0 });
      if (excess !== undefined) return { errors: [tooComplex(excess)] };
      const condition = conditionalRoot(document, definition);
      if (condition !== undefined) return { errors: [condition] };
    }
    const errors = validate(
      this.#schema,
      document,
      mayIntrospect ? specifiedRules : [...specifiedRules, NoIntrospection],
      // A suggestion is a name of the schema.
      { maxErrors: VALIDATION_ERRORS_MAX, hideSuggestions: !mayIntrospect },
    );
    if (errors.length === 0) return { document };
    return { errors, asksForSchema: errors.some((error) => error.originalError === NOT_FOR_YOU) };
  }
}

const NOT_FOR_YOU = new ProblemError({ code: 'forbidden', detail: FORBIDDEN_DETAIL });

/** Refuses every field of the schema about itself; the name of a type is not one. */
function NoIntrospection(context: ValidationContext): ASTVisitor {
  return {
    Field(node) {
      const type = getNamedType(context.getType());
      if (!type || !isIntrospectionType(type)) return;
      context.reportError(new GraphQLError(FORBIDDEN_DETAIL, { nodes: node, originalError: NOT_FOR_YOU }));
    },
  };
}

function missingOperation(name: string | null | undefined): string {
  if (!name) return 'Say by operationName which operation is to run.';
  return 'The document has no operation of this name.';
}

function tooComplex(detail: string): GraphQLError {
  return problemError({ code: 'query_too_complex', detail });
}

function syntaxError(error: unknown): GraphQLError {
  if (!(error instanceof GraphQLError)) throw error;
  if (!error.message.endsWith('Parsing aborted.')) return error;
  return tooComplex(`The document has more than ${TOKENS_MAX} tokens or comments.`);
}
