/** Waiting that can be given up. */

/** What is waited for; rejects with the signal's reason as soon as that comes first. */
export function unlessAborted<Value>(
  waited: Promise<Value>,
  signal: AbortSignal | undefined,
): Promise<Value> {
  if (signal === undefined) return waited;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    const over = () => signal.removeEventListener('abort', abort);
    waited.then(resolve, reject).then(over, over);
  });
}
