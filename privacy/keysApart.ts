/** Keys of a subject and their backup that do not go together. */

/** They contradict each other, or one of them cannot be used: asking again comes to the same, until somebody has looked into it. */
export class KeysApart extends Error {
  override readonly name: string = 'KeysApart';
}

/** Nothing can be encrypted for a subject now: somebody has to bring a key back, or to rotate. Whoever asked may ask again then. */
export class KeyNotUsable extends KeysApart {
  override readonly name = 'KeyNotUsable';
  /** As on errors of the runtime that pass: callers are told to come again, and not that they met a bug. */
  readonly retryable = true;
}

/** How the keys stand, or why they and their backup do not go together. */
export type KeysAnswer<Standing> =
  | { readonly ok: true; readonly standing: Standing }
  | { readonly ok: false; readonly error: string; readonly detail: string };

/** What brings them together, with {@link KeysApart} as an answer: across objects an exception is a bug's. */
export async function keysAnswer<Standing>(standing: Promise<Standing>): Promise<KeysAnswer<Standing>> {
  try {
    return { ok: true, standing: await standing };
  } catch (error) {
    if (error instanceof KeysApart) return { ok: false, error: error.name, detail: error.message };
    throw error;
  }
}
