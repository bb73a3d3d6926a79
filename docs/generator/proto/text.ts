/** Protobuf definitions as text: schemas/proto/folio/v1/folio.proto. */
import type { ProtoField, ProtoFile, ProtoMessage, ProtoMethod } from './definition.ts';
import type { GivenNumber, NumberRegistry } from './numbers.ts';

const HEAD = `// Made from the API by \`npm run docs\`: one method for each operation that answers JSON (docs/connect.md).
syntax = "proto3";

package folio.v1;

import "google/protobuf/struct.proto";
import "google/protobuf/timestamp.proto";
`;

/** Columns of a comment. */
const COMMENT_WIDTH = 116;

/** The file with the numbers that its fields were given. */
export function protoText({ messages, methods }: ProtoFile, numbers: NumberRegistry): string {
  const service = [
    '// The API of Folio as one service. Each method is the operation of the same name.',
    'service FolioService {',
    ...methods.flatMap(methodLines).map(indented),
    '}',
  ];
  const blocks = [service, ...messages.map((message) => messageLines(message, '', numbers))];
  return `${HEAD}\n${blocks.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

function methodLines({ name, comment, input, output, isSafe }: ProtoMethod): string[] {
  const head = `rpc ${name}(${input}) returns (${output})`;
  const lines = isSafe ? [`${head} {`, '  option idempotency_level = NO_SIDE_EFFECTS;', '}'] : [`${head};`];
  return [...commentLines(comment), ...lines];
}

function messageLines(message: ProtoMessage, scope: string, numbers: NumberRegistry): string[] {
  const name = scope + message.name;
  const given = numbers[name] ?? {};
  const lines = [
    ...reservedLines(message, given),
    ...message.nested.flatMap((nested) => messageLines(nested, `${name}.`, numbers)),
    ...fieldLines(message.fields, given),
  ];
  const head = [...commentLines(message.comment), `message ${message.name} {`];
  return lines.length === 0
    ? [...head.slice(0, -1), `message ${message.name} {}`]
    : [...head, ...lines.map(indented), '}'];
}

/** Fields that are no more, and numbers that are: neither numbers nor names may come to mean something else. */
function reservedLines({ fields }: ProtoMessage, given: Readonly<Record<string, GivenNumber>>): string[] {
  const present = new Set(fields.map(({ name }) => name));
  const gone = Object.entries(given).filter(([name]) => !present.has(name));
  const numbers = [
    ...gone.map(([, { number }]) => number),
    ...Object.values(given).flatMap(({ formerly = [] }) => formerly),
  ];
  return [
    ...(numbers.length === 0 ? [] : [`reserved ${numbers.join(', ')};`]),
    ...(gone.length === 0 ? [] : [`reserved ${gone.map(([name]) => JSON.stringify(name)).join(', ')};`]),
  ];
}

function fieldLines(fields: readonly ProtoField[], given: Readonly<Record<string, GivenNumber>>): string[] {
  const line = ({ name, type, isOptional, comment }: ProtoField) => [
    ...commentLines(comment),
    `${isOptional ? 'optional ' : ''}${type} ${name} = ${given[name]?.number};`,
  ];
  const done = new Set<string>();
  return fields.flatMap((field) => {
    const { oneof } = field;
    if (oneof === undefined) return line(field);
    if (done.has(oneof)) return [];
    done.add(oneof);
    const members = fields.filter((other) => other.oneof === oneof);
    return [`oneof ${oneof} {`, ...members.flatMap(line).map(indented), '}'];
  });
}

function indented(line: string): string {
  return `  ${line}`;
}

function commentLines(comment: string): string[] {
  const lines: string[] = [];
  for (const word of comment.split(/\s+/).filter((each) => each !== '')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < COMMENT_WIDTH)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(`// ${word}`);
  }
  return lines;
}
