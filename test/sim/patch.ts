/**
 * Changes product code as it is loaded: the product itself has no switch for tests. A patch whose text is not in its file
 * exactly once fails the run, so that none of them can go stale unnoticed.
 */
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = join(import.meta.dirname, '../..');

/** What a variant of the product is asked for by, in the query of a module's address. */
const QUERY = 'variant';

/** How own modules are imported. */
const OWN = /^\.{1,2}\/.*\.ts$/;

/** One change of one file. */
export interface Patch {
  /** Path from the repository's root. */
  readonly file: string;
  readonly find: string | RegExp;
  readonly replace: string;
}

/** Variants by name; each is loaded as modules of its own, beside the others. */
export function installVariants(variants: ReadonlyMap<string, readonly Patch[]>): void {
  registerHooks({
    resolve(specifier, context, nextResolve) {
      const variant = context.parentURL === undefined ? null : variantOf(context.parentURL);
      if (variant === null || !OWN.test(specifier)) return nextResolve(specifier, context);
      // Own modules name each other by their whole paths: looking for packages around them takes seconds.
      const { href } = new URL(specifier, context.parentURL);
      return { url: `${href}?${QUERY}=${variant}`, format: 'module-typescript', shortCircuit: true };
    },
    load(url, context, nextLoad) {
      const variant = variantOf(url);
      if (variant === null) return nextLoad(url, context);
      const path = fileURLToPath(url.replace(/\?.*$/, ''));
      const file = relative(ROOT, path);
      const patches = (variants.get(variant) ?? []).filter((patch) => patch.file === file);
      const source = patches.reduce(applyPatch, readFileSync(path, 'utf8'));
      return { format: 'module-typescript', source, shortCircuit: true };
    },
  });
}

/** The address by which a module and everything it imports is loaded in a variant. */
export function inVariant(file: string, variant: string): string {
  return `${new URL(file, import.meta.url).href}?${QUERY}=${variant}`;
}

/** The source with the patch's text replaced. Throws where that text is not there exactly once. */
export function applyPatch(source: string, { file, find, replace }: Patch): string {
  const parts = source.split(find);
  if (parts.length !== 2) {
    throw new Error(`${file} has ${parts.length - 1} places that match ${String(find)}, and must have one`);
  }
  return parts.join(replace);
}

function variantOf(url: string): string | null {
  return URL.canParse(url) ? new URL(url).searchParams.get(QUERY) : null;
}
