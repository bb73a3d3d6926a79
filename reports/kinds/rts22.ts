/**
 * The fields of a transaction report: Commission Delegated Regulation (EU) 2017/590 (RTS 22 under MiFIR), Annex I, Table 2.
 * Which of them Folio has data for, and from where.
 */

/** A field of the table. */
export interface Rts22Field {
  readonly number: number;
  /** Our name of the column. */
  readonly column: string;
  /** The regulation's name of the field. */
  readonly name: string;
  /** Where its data comes from; undefined: Folio has none, and the column stays empty. */
  readonly source?: string;
}

type Entry = readonly [column: string, name: string, source?: string];

/** In the order of their numbers, from 1 on. */
const ENTRIES: readonly Entry[] = [
  [
    'reportStatus',
    'Report status',
    '`NEWT` for a booked trade, `CANC` for one that was cancelled; a correction is both, one after the other',
  ],
  [
    'transactionReferenceNumber',
    'Transaction Reference Number',
    'the first 40 hexadecimal digits, upper case, of the SHA-256 of `accountId/tradeId`: the same for all reports of a trade',
  ],
  ['tradingVenueTransactionId', 'Trading venue transaction identification code'],
  ['executingEntityId', 'Executing entity identification code'],
  ['investmentFirmCovered', 'Investment Firm covered by Directive 2014/65/EU'],
  ['submittingEntityId', 'Submitting entity identification code'],
  ['buyerId', 'Buyer identification code'],
  ['buyerBranchCountry', 'Country of the branch for the buyer'],
  ['buyerFirstNames', 'Buyer – first name(s)'],
  ['buyerSurnames', 'Buyer – surname(s)'],
  ['buyerBirthDate', 'Buyer – date of birth'],
  ['buyerDecisionMakerId', 'Buyer decision maker code'],
  ['buyerDecisionMakerFirstNames', 'Buy decision maker – first name(s)'],
  ['buyerDecisionMakerSurnames', 'Buy decision maker – surname(s)'],
  ['buyerDecisionMakerBirthDate', 'Buy decision maker – date of birth'],
  ['sellerId', 'Seller identification code'],
  ['sellerBranchCountry', 'Country of the branch for the seller'],
  ['sellerFirstNames', 'Seller – first name(s)'],
  ['sellerSurnames', 'Seller – surname(s)'],
  ['sellerBirthDate', 'Seller – date of birth'],
  ['sellerDecisionMakerId', 'Seller decision maker code'],
  ['sellerDecisionMakerFirstNames', 'Sell decision maker – first name(s)'],
  ['sellerDecisionMakerSurnames', 'Sell decision maker – surname(s)'],
  ['sellerDecisionMakerBirthDate', 'Sell decision maker – date of birth'],
  ['transmissionOfOrder', 'Transmission of order indicator'],
  ['transmittingFirmBuyerId', 'Transmitting firm identification code for the buyer'],
  ['transmittingFirmSellerId', 'Transmitting firm identification code for the seller'],
  ['tradingDateTime', 'Trading date time', '`executedAt` of the trade, UTC to the millisecond'],
  ['tradingCapacity', 'Trading capacity'],
  ['quantity', 'Quantity', 'quantity of the trade, in units'],
  ['quantityCurrency', 'Quantity currency'],
  ['derivativeNotionalChange', 'Derivative notional increase/decrease'],
  ['price', 'Price', 'price of the trade, in monetary value'],
  ['priceCurrency', 'Price Currency', 'currency of the account, in which all its trades are settled'],
  ['netAmount', 'Net amount'],
  ['venue', 'Venue'],
  ['branchMembershipCountry', 'Country of the branch membership'],
  ['upFrontPayment', 'Up-front payment'],
  ['upFrontPaymentCurrency', 'Up-front payment currency'],
  ['complexTradeComponentId', 'Complex trade component id'],
  [
    'instrumentId',
    'Instrument identification code',
    'the symbol, where it is an ISIN (ISO 6166: form and check digit); otherwise empty',
  ],
  ['instrumentFullName', 'Instrument full name'],
  ['instrumentClassification', 'Instrument classification'],
  ['notionalCurrency1', 'Notional currency 1'],
  ['notionalCurrency2', 'Notional currency 2'],
  ['priceMultiplier', 'Price multiplier'],
  ['underlyingInstrumentCode', 'Underlying instrument code'],
  ['underlyingIndexName', 'Underlying index name'],
  ['underlyingIndexTerm', 'Term of the underlying index'],
  ['optionType', 'Option type'],
  ['strikePrice', 'Strike price'],
  ['strikePriceCurrency', 'Strike price currency'],
  ['optionExerciseStyle', 'Option exercise style'],
  ['maturityDate', 'Maturity date'],
  ['expiryDate', 'Expiry date'],
  ['deliveryType', 'Delivery type'],
  ['investmentDecisionWithinFirm', 'Investment decision within firm'],
  [
    'investmentDecisionBranchCountry',
    'Country of the branch responsible for the person making the investment decision',
  ],
  ['executionWithinFirm', 'Execution within firm'],
  ['executionBranchCountry', 'Country of the branch supervising the person responsible for the execution'],
  ['waiver', 'Waiver indicator'],
  [
    'shortSelling',
    'Short selling indicator',
    'of a sale as it was booked: `SELL` where the account held what it sold, `SESH` where the position was short after it (no exemption is known here); of a correction `UNDI`',
  ],
  ['otcPostTrade', 'OTC post-trade indicator'],
  ['commodityDerivative', 'Commodity derivative indicator'],
  [
    'securitiesFinancingTransaction',
    'Securities financing transaction indicator',
    '`false`: Folio books purchases and sales alone',
  ],
];

/** All fields, by number. */
export const RTS22_FIELDS: readonly Rts22Field[] = ENTRIES.map(([column, name, source], index) => ({
  number: index + 1,
  column,
  name,
  ...(source === undefined ? {} : { source }),
}));

/** Whether a symbol is an ISIN: two letters, nine letters or digits, and the check digit of ISO 6166, annex C. */
export function isIsin(symbol: string): boolean {
  if (!/^[A-Z]{2}[A-Z0-9]{9}\d$/.test(symbol)) return false;
  const digits = Array.from(symbol, (character) =>
    character >= 'A' ? String(character.charCodeAt(0) - 55) : character,
  ).join('');
  let sum = 0;
  for (let place = 0; place < digits.length; place++) {
    const digit = digits.charCodeAt(digits.length - 1 - place) - 48;
    const weighted = place % 2 === 0 ? digit : digit * 2;
    sum += weighted > 9 ? weighted - 9 : weighted;
  }
  return sum % 10 === 0;
}
