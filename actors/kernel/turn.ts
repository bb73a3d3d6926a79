/** One turn of an aggregate: every command of it is recognised, decided and sealed against the same fold, in order. */
import { canonicalForm, canonicalJson } from '../../schemas/canonical.ts';
import type { CommandContext, CommandEnvelope } from '../../schemas/envelope.ts';
import { newestSchemaVersion } from '../../schemas/upcasts.ts';
import type { AnyDecider, Decision } from './decider.ts';
import { decodeEvent, type EventLog } from './eventLog.ts';
import { commandFingerprint } from './fingerprint.ts';
import { eventHash, timeText } from './hashChain.ts';
import { HISTORY_EVENTS_MAX, LogHistory } from './history.ts';
import { IdIndex } from './idIndex.ts';
import type { NewEvent } from './insertEvents.ts';

/** A command with what its request has in common with others. */
export interface CommandEntry {
  readonly command: CommandEnvelope;
  readonly context: CommandContext;
}

/** The aggregate as of a version. */
export interface Fold<State> {
  state: State;
  version: number;
  /** Hash of the event of that version. */
  hash: string;
  /** When that event was recorded, milliseconds since 1970; 0 before the first. */
  recordedAt: number;
}

/** What became of a command; its events are in the log, from `firstVersion` to `version`. */
export type Verdict =
  | { readonly status: 'accepted' | 'replayed'; readonly firstVersion: number; readonly version: number }
  | {
      readonly status: 'refused';
      readonly code: string;
      readonly detail: string;
      readonly currentVersion: number;
    };

interface Ran {
  readonly version: number;
  readonly fingerprint: number;
  /** Known for commands of this turn, looked up in the log for earlier ones. */
  readonly lastVersion?: number;
}

// biome-ignore lint/suspicious/noExplicitAny: of any aggregate
type AnyDecision = Decision<any, string>;

/** What the first event of a command is stored with, so that the command is recognised for good. */
interface CommandMark {
  readonly commandId: string;
  readonly fingerprint: number;
  /** The id of the thing created, where the command's own id does not lead to it. */
  readonly alias: string | null;
}

export class Turn {
  readonly pending: NewEvent[] = [];
  readonly #decider: AnyDecider;
  readonly #aggregateId: string;
  readonly #log: EventLog;
  readonly #fold: Fold<unknown>;
  readonly #recordedAt: number;
  readonly #at: string;
  readonly #stateAt: (version: number) => unknown;
  /** Made for the first command that asks for it. */
  #history: LogHistory<unknown> | undefined;
  readonly #commands = new IdIndex<Ran>();
  readonly #resources = new IdIndex<Ran>();
  readonly #metadata = new MetadataWriter();

  /** `stateAt` answers states of the past; `now` in milliseconds since 1970. */
  constructor(
    decider: AnyDecider,
    aggregateId: string,
    log: EventLog,
    fold: Fold<unknown>,
    now: number,
    stateAt: (version: number) => unknown,
  ) {
    this.#decider = decider;
    this.#aggregateId = aggregateId;
    this.#log = log;
    this.#fold = fold;
    this.#stateAt = stateAt;
    // Versions order events and times explain them: a clock that steps back must not make a log that does.
    this.#recordedAt = Math.max(now, fold.recordedAt);
    this.#at = timeText(this.#recordedAt);
  }

  decideAll(entries: readonly CommandEntry[]): Verdict[] {
    this.#recallCommands(entries);
    return entries.map(({ command, context }) => this.#run(command, context));
  }

  /** Looks up every id of the turn at once: the log is asked once, not once a command. */
  #recallCommands(entries: readonly CommandEntry[]): void {
    const commandIds: string[] = [];
    const resourceIds: string[] = [];
    for (const { command } of entries) {
      commandIds.push(command.commandId);
      const resourceId = this.#decider.resourceId?.(command);
      if (resourceId === undefined) continue;
      resourceIds.push(resourceId);
      if (resourceId !== command.commandId) commandIds.push(resourceId);
    }
    const { commands, resources } = this.#log.recall(commandIds, resourceIds);
    for (const [id, known] of commands) this.#commands.set(id, known);
    for (const [id, known] of resources) this.#resources.set(id, known);
  }

  #run(command: CommandEnvelope, context: CommandContext): Verdict {
    const fingerprint =
      command.fingerprints?.[0] ?? commandFingerprint(command.type, canonicalJson(command.data));
    const resourceId: string | undefined = this.#decider.resourceId?.(command);
    const earlier = this.#commands.get(command.commandId);
    if (earlier !== undefined) return this.#repeat(earlier, command, fingerprint, command.commandId);
    if (resourceId !== undefined) {
      const created = this.#creatorOf(resourceId);
      if (created !== undefined) return this.#repeat(created, command, fingerprint, resourceId);
    }
    if (command.expectedVersion !== undefined && command.expectedVersion !== this.#fold.version) {
      return this.#refuse(
        'version_conflict',
        `The version is ${this.#fold.version}, not ${command.expectedVersion}.`,
      );
    }
    const decision = this.#decide(command, context);
    if (!decision.accepted) return this.#refuse(decision.refusal.code, decision.refusal.detail);
    return this.#accept(command, context, fingerprint, resourceId, decision.events);
  }

  #decide({ type, data }: CommandEnvelope, { sagaId }: CommandContext): AnyDecision {
    const timed = { type, data, at: this.#at, sagaId };
    const state = this.#fold.state as object;
    const { amending } = this.#decider;
    if (amending?.commands.includes(type) !== true) return this.#decider.decide(timed, state);
    this.#history ??= new LogHistory(this.#decider, this.#log, this.#stateAt, this.pending);
    // Nobody else is answered while the turn reads.
    if (this.#history.eventsRead > HISTORY_EVENTS_MAX) {
      return {
        accepted: false,
        refusal: { code: 'overloaded', detail: 'Too much of the log was read at once.' },
      };
    }
    return amending.decide(timed, state, this.#history);
  }

  /** The command that created the thing of this id: its own id may be the same, or an alias leads to it. */
  #creatorOf(resourceId: string): Ran | undefined {
    const alias = this.#resources.get(resourceId);
    if (alias !== undefined) return alias;
    const namesake = this.#commands.get(resourceId);
    // A command of that id may be another kind altogether, a deposit with key "1" beside a trade "1".
    return namesake !== undefined && this.#created(namesake.version) === resourceId ? namesake : undefined;
  }

  #created(version: number): string | undefined {
    const pending = this.pending[version - (this.#fold.version - this.pending.length) - 1];
    const event = pending ?? this.#log.read(version, 1)[0];
    if (event === undefined) throw new Error(`the log has no version ${version}`);
    return this.#decider.resourceIdOfEvent?.(decodeEvent(event));
  }

  #repeat(earlier: Ran, command: CommandEnvelope, fingerprint: number, id: string): Verdict {
    if (earlier.fingerprint !== fingerprint && !command.fingerprints?.includes(earlier.fingerprint)) {
      return this.#refuse('command_id_reused', `"${id}" was used before with another body.`);
    }
    const version = earlier.lastVersion ?? this.#log.eventsOfCommand(earlier.version).at(-1)?.version;
    if (version === undefined) throw new Error(`the log has no version ${earlier.version}`);
    return { status: 'replayed', firstVersion: earlier.version, version };
  }

  #refuse(code: string, detail: string): Verdict {
    return { status: 'refused', code, detail, currentVersion: this.#fold.version };
  }

  #accept(
    command: CommandEnvelope,
    context: CommandContext,
    fingerprint: number,
    resourceId: string | undefined,
    events: readonly { type: string; data: object }[],
  ): Verdict {
    if (events.length === 0) throw new Error(`${command.type} was accepted without an event`);
    const firstVersion = this.#fold.version + 1;
    const metadata = this.#metadata.text(command.commandId, context);
    const alias = resourceId === undefined || resourceId === command.commandId ? null : resourceId;
    let first: CommandMark | undefined = { commandId: command.commandId, fingerprint, alias };
    for (const event of events) {
      this.#seal(event, metadata, first);
      first = undefined;
    }
    const ran: Ran = { version: firstVersion, fingerprint, lastVersion: this.#fold.version };
    this.#commands.set(command.commandId, ran);
    if (alias !== null) this.#resources.set(alias, ran);
    return { status: 'accepted', firstVersion, version: this.#fold.version };
  }

  /**
   * Folds the event before it is stored, so that nothing is committed that the aggregate cannot read back; as it will be read back,
   * so that the state's text is the same before and after an eviction.
   */
  #seal(event: { type: string; data: object }, metadata: string, mark: CommandMark | undefined): void {
    const fold = this.#fold;
    const { text, value } = canonicalForm(event.data);
    const sealed = {
      aggregateType: this.#decider.aggregateType,
      aggregateId: this.#aggregateId,
      version: fold.version + 1,
      eventType: event.type,
      schemaVersion: newestSchemaVersion(event.type),
      recordedAt: this.#recordedAt,
      data: text,
      metadata,
      commandId: mark?.commandId ?? null,
      fingerprint: mark?.fingerprint ?? null,
      resourceId: mark?.alias ?? null,
      hash: '',
    };
    sealed.hash = eventHash(fold.hash, sealed);
    const next = this.#decider.evolve(fold.state, { type: event.type, data: value });
    if (next === undefined) throw new Error(`${this.#decider.aggregateType} cannot fold ${event.type}`);
    fold.state = next;
    fold.version = sealed.version;
    fold.hash = sealed.hash;
    fold.recordedAt = this.#recordedAt;
    this.pending.push(sealed);
  }
}

/** Canonical metadata texts. What a request's commands share is written once. */
class MetadataWriter {
  #context: CommandContext | undefined;
  #before = '';
  #after = '';

  text(commandId: string, context: CommandContext): string {
    if (context !== this.#context) {
      const { causationId, correlationId, sagaId, userId } = context;
      const rest = canonicalJson({ correlationId, ...(sagaId === undefined ? {} : { sagaId }), userId });
      this.#before = `{"causationId":${JSON.stringify(causationId)},"commandId":`;
      this.#after = `,${rest.slice(1)}`;
      this.#context = context;
    }
    return this.#before + JSON.stringify(commandId) + this.#after;
  }
}
