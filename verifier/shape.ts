/** Reads fields of parsed JSON that anybody may have written. Each throws with the name of the field that is not as it should be. */

type Fields = Readonly<Record<string, unknown>>;

/** An object. */
export function fields(value: unknown, name: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`${name} is no object`);
  return value as Fields;
}

/** An array. */
export function list(value: unknown, name: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new Error(`${name} is no list`);
  return value;
}

/** A text. */
export function text(value: unknown, name: string): string {
  if (typeof value !== 'string') throw new Error(`${name} is no text`);
  return value;
}

/** A whole number, not negative. */
export function count(value: unknown, name: string): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw new Error(`${name} is no whole number`);
  return value as number;
}

/** SHA-256 in 64 hexadecimal digits. */
export function digest(value: unknown, name: string): string {
  if (!/^[0-9a-f]{64}$/.test(text(value, name))) throw new Error(`${name} is no SHA-256`);
  return value as string;
}
