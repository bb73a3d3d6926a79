/** A document as one HTML page without scripts and without anything from elsewhere, which prints as well as it reads. */
import type { Document, Fact, FactList, Row, Table } from './document.ts';

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text that stands for itself in an element or a quoted attribute. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] as string);
}

/**
 * What the style sheets of all pages say. Printed, they repeat the heads of tables, keep rows whole and headings with what
 * follows, and number the pages where the browser can.
 */
export const PAGE_STYLE = `
:root { color-scheme: light; font: 14px/1.4 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
body { margin: 2rem auto; padding: 0 1.5rem; max-width: 60rem; color: #1b1f24; background: #fff; }
h1 { font-size: 1.6rem; margin: 0; }
h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; break-after: avoid; }
.subtitle { margin: .25rem 0 1.5rem; color: #57606a; }
.lists { display: flex; flex-wrap: wrap; gap: 0 2.5rem; }
.lists section { flex: 1 1 15rem; break-inside: avoid; }
.lists h2 { margin-top: .5rem; }
dl { display: grid; grid-template-columns: minmax(5.5rem, 1fr) minmax(0, max-content); gap: .15rem 1rem; margin: 0; }
dd { margin: 0; text-align: right; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.strong { font-weight: 600; }
table { width: 100%; border-collapse: collapse; table-layout: fixed; }
thead { display: table-header-group; }
tr { break-inside: avoid; }
th { text-align: left; font-weight: 600; border-bottom: 1.5px solid #1b1f24; padding: .3rem .4rem; }
td { padding: .3rem .4rem 0; vertical-align: top; overflow-wrap: anywhere; }
th.right, td.right { text-align: right; font-variant-numeric: tabular-nums; overflow-wrap: normal; }
tbody { border-bottom: 1px solid #d0d7de; break-inside: avoid; }
.detail td { padding: 0 .4rem .3rem; font-size: .85em; color: #57606a; }
.single td { padding-bottom: .3rem; }
.notes { margin-top: 2rem; font-size: .85em; color: #57606a; overflow-wrap: anywhere; }
@page { size: A4; margin: 15mm 14mm 18mm; @bottom-right { content: "Page " counter(page) " of " counter(pages); font: 8pt sans-serif; color: #57606a; } }
@media screen and (max-width: 40rem) {
  body { margin: 1rem auto; padding: 0 .75rem; }
  table { font-size: .8em; }
  th, td, .detail td { padding-left: .2rem; padding-right: .2rem; }
}
@media print {
  :root { font-size: 9pt; }
  body { margin: 0; padding: 0; max-width: none; }
  .lists { gap: 0 8mm; }
  table { font-size: .95em; }
  .lists section { flex: 1 1 0; }
}
`;

/**
 * The page's only style sheet, with the widths of its own columns: a policy that allows a style sheet by its hash lets no
 * element have a style of its own.
 */
export function documentStyle({ tables }: Document): string {
  const shares = new Set(tables.flatMap(({ columns }) => columns.map(({ share }) => share)));
  const widths = [...shares].sort((a, b) => a - b).map((share) => `.share-${share} { width: ${share}%; }`);
  return `${PAGE_STYLE}${widths.join('\n')}\n`;
}

/** The text of the page. */
export function documentHtml(document: Document): string {
  const { title, subtitle, running, lists, tables, notes } = document;
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${escapeHtml(`${title}: ${running}`)}</title>`,
    `<style>${documentStyle(document)}</style>`,
    '</head>',
    '<body>',
    '<main>',
    `<h1>${escapeHtml(title)}</h1>`,
    `<p class="subtitle">${escapeHtml(subtitle)}</p>`,
    `<div class="lists">${lists.map(listHtml).join('')}</div>`,
    ...tables.map(tableHtml),
    `<section class="notes">${notes.map((note) => `<p>${escapeHtml(note)}</p>`).join('')}</section>`,
    '</main>',
    '</body>',
    '</html>',
    '',
  ].join('\n');
}

function listHtml({ heading, facts }: FactList): string {
  return `<section><h2>${escapeHtml(heading)}</h2><dl>${facts.map(factHtml).join('')}</dl></section>`;
}

function factHtml({ label, value, strong }: Fact): string {
  const style = strong === true ? ' class="strong"' : '';
  return `<dt${style}>${escapeHtml(label)}</dt><dd${style}>${figureHtml(value)}</dd>`;
}

function tableHtml({ heading, columns, rows, ifEmpty }: Table): string {
  const title = `<h2>${escapeHtml(heading)}</h2>`;
  if (rows.length === 0) return `${title}\n<p>${escapeHtml(ifEmpty)}</p>`;
  const aligns = columns.map(({ align }) => (align === 'right' ? ' class="right"' : ''));
  const widths = columns.map(({ share }) => `<col class="share-${share}">`);
  const heads = columns.map(({ head }, index) => `<th scope="col"${aligns[index]}>${escapeHtml(head)}</th>`);
  return [
    title,
    '<table>',
    `<colgroup>${widths.join('')}</colgroup>`,
    `<thead><tr>${heads.join('')}</tr></thead>`,
    ...rows.map((row) => rowHtml(row, aligns)),
    '</table>',
  ].join('\n');
}

/** A figure that is wider than its place goes on between groups of digits, not within one. */
function figureHtml(figure: string): string {
  return escapeHtml(figure).replaceAll(',', ',<wbr>');
}

/** A row and what is below it are one body, so that no page ends between them. */
function rowHtml({ cells, detail, strong }: Row, aligns: readonly string[]): string {
  const styles = [strong === true ? 'strong' : '', detail === undefined ? 'single' : ''].filter(Boolean);
  const style = styles.length === 0 ? '' : ` class="${styles.join(' ')}"`;
  // The first cell stands beside both.
  const span = detail === undefined ? '' : ' rowspan="2"';
  const row = cells
    .map((cell, index) => {
      const text = aligns[index] === '' ? escapeHtml(cell) : figureHtml(cell);
      return `<td${aligns[index]}${index === 0 ? span : ''}>${text}</td>`;
    })
    .join('');
  const below =
    detail === undefined
      ? ''
      : `<tr class="detail"><td colspan="${cells.length - 1}">${escapeHtml(detail)}</td></tr>`;
  return `<tbody><tr${style}>${row}</tr>${below}</tbody>`;
}
