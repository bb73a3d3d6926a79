/** Examples in documents: requests as `curl` sends them, and the replies that stand below them. */

/** A request and its reply, as a document shows them. */
export interface Example {
  readonly curl: string;
  readonly reply: string;
}

/** A `curl` in a shell block, and the JSON block that follows it; none where the reply is a file. */
export function examplesOf(markdown: string): Example[] {
  const pattern = /^```sh\n(curl (?:(?!```)[\s\S])*?)\n```\n(?:\n```json\n([\s\S]*?)\n```$)?/gm;
  return Array.from(markdown.matchAll(pattern), ([, curl = '', reply = '']) => ({ curl, reply }));
}

/** The words of a command line: quotes hold together, a backslash before the end of a line is nothing. */
function shellWords(line: string): string[] {
  const words = line.replaceAll('\\\n', ' ').matchAll(/'([^']*)'|"([^"]*)"|([^\s'"]+)/g);
  return Array.from(words, ([, single, double, bare]) => single ?? double ?? bare ?? '');
}

const METHODS = ['DELETE', 'GET', 'POST', 'PUT'] as const;
type Method = (typeof METHODS)[number];

function methodNamed(name: string | undefined): Method {
  const method = METHODS.find((known) => known === name);
  if (method === undefined) throw new Error(`there is no method ${name}`);
  return method;
}

/** What the command line asks for. Throws on an option that it does not know. */
export function requestOf(curl: string): {
  method: Method;
  path: string;
  body: string | undefined;
  /** Where the reply is to be kept. */
  file: string | undefined;
  headers: Record<string, string>;
} {
  let url = '';
  let method: Method | undefined;
  let body: string | undefined;
  let file: string | undefined;
  const headers: Record<string, string> = {};
  const words = shellWords(curl).slice(1);
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word === '-s' || word === '-N') continue;
    if (word === '-X') method = methodNamed(words.shift());
    else if (word === '-d') body = words.shift();
    else if (word === '-o') file = words.shift();
    else if (word === '-H') {
      const header = words.shift() ?? '';
      // The shell's variable with the token: the client of this test sends it by itself.
      if (header === '$TOKEN') continue;
      const [name = '', value = ''] = header.split(': ');
      headers[name] = value;
    } else if (url === '' && !word.startsWith('-')) url = word;
    else throw new Error(`the test cannot read "${word}" in ${curl}`);
  }
  method ??= body === undefined ? 'GET' : 'POST';
  return { method, path: url.replace(/^localhost:8787/, ''), body, file, headers };
}

/** Names of fields that differ each time. */
const MASKED = new Set([
  'eventId',
  'hash',
  'previousHash',
  'headHash',
  'correlationId',
  'recordedAt',
  'at',
  'asOf',
  'nextCursor',
  'period',
  'from',
  'to',
  'startedAt',
  'endedAt',
]);

/** The same JSON with the form of what differs each time: its letters and digits are gone, its length is not. */
export function masked(json: string): unknown {
  return JSON.parse(json, (key, value) =>
    MASKED.has(key) && typeof value === 'string' ? value.replace(/[0-9A-Za-z]/g, 'x') : value,
  );
}
