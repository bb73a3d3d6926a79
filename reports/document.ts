/** A report as pages show it, whatever they are made of: HTML (`html.ts`) and PDF (`pdf/`) are two forms of one document. */

/** One fact of a list: what it is, and what it comes to. */
export interface Fact {
  readonly label: string;
  readonly value: string;
  /** Whether it stands out, as the last line of a sum does. */
  readonly strong?: boolean;
}

/** Facts under one heading. */
export interface FactList {
  readonly heading: string;
  readonly facts: readonly Fact[];
}

/** A column of a table. */
export interface Column {
  readonly head: string;
  /** Figures stand right, words left. */
  readonly align: 'left' | 'right';
  /** Its part of the width, in whole percent. */
  readonly share: number;
}

/** A row of a table. */
export interface Row {
  readonly cells: readonly string[];
  /** What there is to say beyond the columns, in smaller letters below them. */
  readonly detail?: string;
  readonly strong?: boolean;
}

/** A table, which may go on over many pages: its heads are repeated on each. */
export interface Table {
  readonly heading: string;
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  /** Stands in its place where it has no rows. */
  readonly ifEmpty: string;
}

/** The whole document. */
export interface Document {
  readonly title: string;
  /** Below the title. */
  readonly subtitle: string;
  /** At the top of every page after the first. */
  readonly running: string;
  /** Side by side. */
  readonly lists: readonly FactList[];
  readonly tables: readonly Table[];
  /** What a reader has to know, at the end. */
  readonly notes: readonly string[];
  /** RFC 3339: the time that stands for the document's making, so that it does not depend on when it is made. */
  readonly asOf: string;
}
