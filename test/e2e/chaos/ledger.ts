/** What the clients sent and what they were told: the only thing that counts once the server was killed. */
import type { Command } from '../../../demo/commands.ts';

/** The last word on a command. */
export type Answer =
  | { readonly status: 'accepted' | 'replayed'; readonly version: number }
  | { readonly status: 'refused'; readonly code: string };

/** A command and its fate. */
export interface Entry {
  readonly command: Command;
  /**
   * Whether an attempt was given up while the server may still have been at it: a busy server can decide a later attempt
   * first, whose refusal then does not tell how the earlier one ended.
   */
  isUncertain: boolean;
  /** When the last attempt was sent, milliseconds since 1970. */
  sentAt: number;
  answer: Answer | undefined;
}

/** All commands of a run. */
export class Ledger {
  readonly #entries = new Map<string, Entry>();
  readonly #acknowledged: Entry[] = [];
  readonly faults: string[] = [];
  /** Attempts that got no answer. */
  unanswered = 0;
  /** Answers that a client already had and asked for again. */
  repeats = 0;

  get entries(): ReadonlyMap<string, Entry> {
    return this.#entries;
  }

  /** Commands acknowledged so far, oldest first. */
  get acknowledged(): readonly Entry[] {
    return this.#acknowledged;
  }

  /** The newest acknowledged version of each account. */
  versions(): Map<string, number> {
    const versions = new Map<string, number>();
    for (const { command, answer } of this.#acknowledged) {
      if (answer === undefined || answer.status === 'refused') continue;
      versions.set(command.aggregateId, Math.max(answer.version, versions.get(command.aggregateId) ?? 0));
    }
    return versions;
  }

  /** Enters a command before it is sent. */
  enter(command: Command): Entry {
    const entry: Entry = { command, isUncertain: false, sentAt: 0, answer: undefined };
    this.#entries.set(command.commandId, entry);
    return entry;
  }

  /** Takes down an answer; one that is not the first must say what the first said. */
  answer(entry: Entry, answer: Answer): void {
    const { answer: first, command } = entry;
    if (first === undefined) {
      entry.answer = answer;
      if (answer.status !== 'refused') this.#acknowledged.push(entry);
      return;
    }
    this.repeats += 1;
    const same =
      first.status !== 'refused' && answer.status === 'replayed' && answer.version === first.version;
    if (same) return;
    this.faults.push(
      `${command.commandId} was ${JSON.stringify(first)}, and later ${JSON.stringify(answer)}`,
    );
  }
}
