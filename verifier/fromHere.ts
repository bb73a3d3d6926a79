import { resolve } from 'node:path';

/**
 * A file or folder as whoever runs a command names it: npm runs scripts in the root of the repository, whatever folder it was
 * called in, and says in `INIT_CWD` which that was.
 */
export function fromHere(path: string, calledIn = process.env.INIT_CWD): string {
  return resolve(calledIn ?? '', path);
}
