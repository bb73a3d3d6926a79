/** docs/generated/transaction-report.md: which fields of a transaction report have data, made from the code that fills them. */
import { RTS22_FIELDS } from '../../reports/kinds/rts22.ts';

const HEAD = `# Fields of the transaction report

Made from \`reports/kinds/rts22.ts\` by \`npm run docs\`. Numbers and names are those of Commission Delegated Regulation (EU) 2017/590
(RTS 22 under MiFIR, Article 26), Annex I, Table 2. \`GET /v1/reports/transaction-report\` has a column for each of them in CSV;
one without a source is always empty, and named in \`emptyFields\`. What a firm needs to fill these in stands in columns of our own
before them: \`accountId\`, \`customerId\`, \`accountType\`, \`accountSide\`, \`tradeId\`, \`symbol\`, \`userId\`, \`version\`, \`recordedAt\`.
`;

/** The document. */
export function transactionFields(): string {
  const lines = RTS22_FIELDS.map(
    ({ number, column, name, source }) =>
      `| ${number} | ${name} | \`${column}\` | ${source ?? 'no data: empty'} |`,
  );
  const table = ['| field | name | column | from |', '| --- | --- | --- | --- |', ...lines];
  return `${HEAD}\n${table.join('\n')}\n`;
}
