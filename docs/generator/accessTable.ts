/** docs/generated/access.md: the table of access for people, made from the one that decides. */
import { ROLES } from '../../schemas/role.ts';
import { ACCESS, type AccessRow, LOG_ROWS, PERSONAL_DATA_ROW } from '../../workers/access/table.ts';
import { rowName } from '../../workers/http/access.ts';
import { BATCH_COMMANDS } from '../../workers/http/batch.ts';
import { isPublic, type Operation } from '../../workers/http/operation.ts';

const HEAD = `# Who may do what

Made from \`workers/access/table.ts\` by \`npm run docs\`. **all**: every one. **own**: accounts that were granted to the caller.
Nothing: refused with 403 \`forbidden\`. A caller that is confined to some accounts reaches to those alone, whatever its roles,
and not to what concerns everybody's (platform). What tokens must say is in [security](../security.md).
`;

const LOGS = `## Events of what is not for everybody

Whoever may not see one of these is not shown its events either: not in the feed, by a stream, an audit or a proof. The archive has
everything, and is for whoever may read that.
`;

const OPEN = `## Open to anybody
`;

/** The document for these operations. Commands that have no route of their own are sent in batches. */
export function accessTable(operations: readonly Operation[]): string {
  const routes = new Map(operations.map((operation) => [rowName(operation), operation]));
  const names = Object.keys(ACCESS);
  const lines = names.map((name) => line(name, ACCESS[name] as AccessRow, routes.get(name)));
  const open = operations.filter(isPublic).map(({ method, path }) => `- \`${method.toUpperCase()} ${path}\``);
  const columns = ['operation', 'route', 'concerns', ...ROLES];
  const rule = columns.map(() => '---');
  const table = [row(columns), row(rule), ...lines];
  const logs = Object.entries(LOG_ROWS).map(([type, name]) => `- \`${type}\`: \`${name}\``);
  return `${HEAD}\n${table.join('\n')}\n\n${LOGS}\n${logs.join('\n')}\n\n${OPEN}\n${open.join('\n')}\n`;
}

function line(name: string, access: AccessRow, route: Operation | undefined): string {
  const elsewhere = name === PERSONAL_DATA_ROW ? 'in answers' : 'in GraphQL';
  const inside = BATCH_COMMANDS.has(name) ? 'in batches' : elsewhere;
  const path = route === undefined ? inside : `\`${route.method.toUpperCase()} ${route.path}\``;
  return row([`\`${name}\``, path, CONCERNS[access.of], ...ROLES.map((role) => access[role] ?? '')]);
}

const CONCERNS: Readonly<Record<AccessRow['of'], string>> = {
  account: 'an account',
  aggregate: 'an aggregate',
  handler: 'each aggregate in it',
  platform: 'the platform',
  catalogue: "nobody's data",
};

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}
