/**
 * What stands before the rules of an aggregate whose commands have personal data: each such value is encrypted under a key of
 * its subject before the command is decided, so that the turn, and with it the log and all that follows from it, knows the
 * ciphertext alone. No Cloudflare import.
 */
import { canonicalJson } from '../../schemas/canonical.ts';
import type { CommandContext, CommandEnvelope, Outcome } from '../../schemas/envelope.ts';
import {
  isEncrypted,
  type PersonalField,
  type PersonalParts,
  type PersonalText,
  type SealAnswer,
  SUBJECT_FIELD,
} from '../../schemas/personal.ts';
import { commandFingerprint } from './fingerprint.ts';

type Data = Readonly<Record<string, unknown>>;
type Refused = Extract<Outcome, { status: 'refused' }>;

/** How the commands of an aggregate are protected. */
export interface ProtectionDeps extends PersonalParts {
  /** Has values encrypted by their subject. Throws where that cannot be done now: then nothing is decided. */
  seal(
    subject: string,
    values: readonly PersonalText[],
    create: boolean,
    context: CommandContext,
  ): Promise<SealAnswer>;
}

/** What it asks of the aggregate. */
export interface ProtectedAggregate {
  /** What the command would come to now; nothing of it is kept. */
  rehearse(command: CommandEnvelope, context: CommandContext): { readonly status: string } | Refused;
  /** The version that a refusal tells. */
  version(): number;
  /** What a subject answers, or a rejection where that takes too long: every later call waits behind it. */
  inTime<Answer>(who: string, answer: Promise<Answer>): Promise<Answer>;
}

/** The protection of one aggregate. */
export class Protection {
  readonly #deps: ProtectionDeps;
  readonly #aggregate: ProtectedAggregate;
  /** Ends when every call before has handed its commands over; undefined where none is under way. */
  #before: Promise<unknown> | undefined;

  constructor(deps: ProtectionDeps, aggregate: ProtectedAggregate) {
    this.#deps = deps;
    this.#aggregate = aggregate;
  }

  /**
   * Runs commands without the personal data in them, and answers each in its place. Calls hand their commands over in the order
   * in which they came, whether or not something has to be encrypted.
   */
  async execute<Result>(
    commands: readonly CommandEnvelope[],
    context: CommandContext,
    run: (commands: readonly CommandEnvelope[]) => Promise<Result[]>,
  ): Promise<(Result | Refused)[]> {
    if (this.#before === undefined && !commands.some((command) => this.#hasPersonal(command)))
      return await run(commands);
    const turn = (this.#before ?? Promise.resolve()).then(() => this.#protectAll(commands, context));
    const settled = turn.catch(() => undefined);
    this.#before = settled;
    let running: Promise<Result[]>;
    let prepared: (CommandEnvelope | Refused)[];
    try {
      prepared = await turn;
      running = run(prepared.filter((each): each is CommandEnvelope => !('status' in each)));
    } finally {
      // Not before its commands are handed over: who comes next may have nothing to wait for.
      if (this.#before === settled) this.#before = undefined;
    }
    const results = await running;
    let next = 0;
    return prepared.map((each) => ('status' in each ? each : (results[next++] as Result)));
  }

  #hasPersonal({ type, data }: CommandEnvelope): boolean {
    const fields = this.#deps.commands[type] ?? [];
    return fields.some(({ path }) => isInTheClear(valueAt(data as Data, path)));
  }

  async #protectAll(
    commands: readonly CommandEnvelope[],
    context: CommandContext,
  ): Promise<(CommandEnvelope | Refused)[]> {
    const prepared: (CommandEnvelope | Refused)[] = [];
    for (const command of commands) {
      prepared.push(this.#hasPersonal(command) ? await this.#protect(command, context) : command);
    }
    return prepared;
  }

  async #protect(command: CommandEnvelope, context: CommandContext): Promise<CommandEnvelope | Refused> {
    const data = command.data as Data;
    const fields = (this.#deps.commands[command.type] ?? []).filter(({ path }) =>
      isInTheClear(valueAt(data, path)),
    );
    const values = fields.map(({ path, kind }) => ({ kind, text: canonicalJson(valueAt(data, path)) }));
    const subject = data[SUBJECT_FIELD];
    if (typeof subject !== 'string') throw new Error(`${command.type} does not say whose data is in it`);
    const seal = (create: boolean) =>
      this.#aggregate.inTime(`subject/${subject}`, this.#deps.seal(subject, values, create, context));
    let answer = await seal(false);
    if (!answer.ok && answer.code === 'no_key') {
      // A refused command costs no row, so nobody gets a key by one. It cannot be a repeat: nothing of the subject is stored.
      const rehearsed = this.#aggregate.rehearse(command, context);
      if (rehearsed.status === 'refused') return rehearsed as Refused;
      answer = await seal(true);
    }
    if (answer.ok) return this.#protected(command, fields, answer.values);
    const { code, detail } = answer;
    return { status: 'refused', code, detail, currentVersion: this.#aggregate.version() };
  }

  #protected(
    command: CommandEnvelope,
    fields: readonly PersonalField[],
    sealed: Extract<SealAnswer, { ok: true }>['values'],
  ): CommandEnvelope {
    const plain = command.data as Data;
    let data = plain;
    let recognised = plain;
    fields.forEach(({ path }, index) => {
      const { encrypted, mac } = sealed[index] as (typeof sealed)[number];
      data = replaced(data, path, encrypted);
      recognised = replaced(recognised, path, { $mac: mac });
    });
    const clear = this.#deps.clear?.[command.type]?.(plain);
    return {
      ...command,
      data: clear === undefined ? data : { ...data, ...clear },
      // The ciphertext is another one at every attempt, so a repeat is known by what the subject says of the value. The second
      // one is what a command was stored with before there was encryption.
      fingerprints: [recognised, plain].map((each) => commandFingerprint(command.type, canonicalJson(each))),
    };
  }
}

function isInTheClear(value: unknown): boolean {
  return value !== undefined && value !== null && !isEncrypted(value);
}

function valueAt(data: Data, path: readonly string[]): unknown {
  return path.reduce<unknown>((value, name) => (value as Data | undefined)?.[name], data);
}

function replaced(data: Data, [name, ...rest]: readonly string[], value: unknown): Data {
  if (name === undefined) throw new Error('a command is not personal as a whole');
  return { ...data, [name]: rest.length === 0 ? value : replaced(data[name] as Data, rest, value) };
}
