/** Protobuf definitions as data: what the API's description is turned into, and what is then numbered and printed. */

/** A field without its number. */
export interface ProtoField {
  /** In snake_case. */
  readonly name: string;
  /** With `repeated` or `map<…>`: what a field keeps for as long as it has its number. */
  readonly type: string;
  /** Whether being absent differs from being empty. Messages and members of a `oneof` know it anyway. */
  readonly isOptional: boolean;
  /** The `oneof` that it is a member of. */
  readonly oneof?: string;
  readonly comment: string;
}

/** A message and those that only it uses. */
export interface ProtoMessage {
  readonly name: string;
  readonly comment: string;
  readonly fields: readonly ProtoField[];
  readonly nested: readonly ProtoMessage[];
}

/** A method of the service. */
export interface ProtoMethod {
  readonly name: string;
  readonly comment: string;
  readonly input: string;
  readonly output: string;
  /** Whether it only reads: such calls may be repeated, and sent by GET. */
  readonly isSafe: boolean;
}

/** Everything in one file. */
export interface ProtoFile {
  readonly messages: readonly ProtoMessage[];
  readonly methods: readonly ProtoMethod[];
}

/** `aggregateId` as a field is named: `aggregate_id`. */
export function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`).replace(/^_/, '');
}

/** `events` as one of them is named as a message: `Event`. */
export function messageName(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}
