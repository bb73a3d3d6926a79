/** docs/generated/retention.md: how long every event is kept, made from the classes of event types. */
import {
  JURISDICTIONS,
  RETENTION,
  RETENTION_CLASSES,
  type RetentionClass,
  retentionOf,
} from '../../schemas/retention.ts';

const HEAD = `# How long events are kept

Made from \`schemas/retention.ts\` by \`npm run docs\`. Years, by the jurisdiction of the environment (\`JURISDICTION\` in \`wrangler.toml\`).
A log is kept as long as the longest of its event types demands, since a part of it proves little: so the terms of an aggregate's
log are what is applied, those of single events are why.
`;

/** The document. */
export function retentionTable(): string {
  const classes = Object.entries(RETENTION_CLASSES).map(([name, { what, terms }]) =>
    cells(`\`${name}\``, what, ...JURISDICTIONS.map((jurisdiction) => terms[jurisdiction])),
  );
  const logs = Object.keys(RETENTION).map((type) => {
    const kept = JURISDICTIONS.map((jurisdiction) => retentionOf(type, jurisdiction));
    return cells(`\`${type}\``, `\`${kept[0]?.class}\``, ...kept.map(({ years }) => years));
  });
  const events = Object.entries(RETENTION).flatMap(([aggregateType, types]) =>
    Object.entries<RetentionClass>(types).map(([eventType, name]) =>
      cells(`\`${aggregateType}\``, `\`${eventType}\``, `\`${name}\``),
    ),
  );
  return [
    HEAD,
    section('Classes', ['class', 'what for', ...JURISDICTIONS], classes),
    section('Logs', ['aggregate', 'class that asks for it', ...JURISDICTIONS], logs),
    section('Events', ['aggregate', 'event', 'class'], events),
  ].join('\n');
}

function section(title: string, columns: readonly string[], rows: readonly string[]): string {
  return `## ${title}\n\n${[cells(...columns), cells(...columns.map(() => '---')), ...rows].join('\n')}\n`;
}

function cells(...values: readonly (string | number)[]): string {
  return `| ${values.join(' | ')} |`;
}
