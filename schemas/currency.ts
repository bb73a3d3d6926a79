/**
 * Currencies and their minor units: ISO 4217 list one (active codes), as maintained by SIX, state of 2026. Left out is what
 * nobody keeps an account in: fund codes (BOV, CHE, CHW, CLF, COU, MXV, USN, UYI, UYW), units of account and metals (XAD, XAG,
 * XAU, XDR, …), and the codes for tests and for no currency.
 */
import { z } from 'zod';
import { shownAs } from './jsonSchema.ts';

const TWO_DECIMALS =
  'AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP CVE ' +
  'CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR ' +
  'KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB ' +
  'PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY ' +
  'TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG';
const NO_DECIMALS = 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF';
const THREE_DECIMALS = 'BHD IQD JOD KWD LYD OMR TND';

const MINOR_UNITS: ReadonlyMap<string, number> = new Map(
  [TWO_DECIMALS, NO_DECIMALS, THREE_DECIMALS].flatMap((codes, list) =>
    codes.split(' ').map((code) => [code, [2, 0, 3][list] as number] as const),
  ),
);

/** Decimals of the currency's minor unit: 2 for USD, 0 for JPY, 3 for KWD. Throws on a code that no schema let in. */
export function minorUnit(currency: string): number {
  const decimals = MINOR_UNITS.get(currency);
  if (decimals === undefined) throw new RangeError(`unknown currency ${currency}`);
  return decimals;
}

export const Currency = z
  .string()
  .refine((code) => MINOR_UNITS.has(code), 'must be an active ISO 4217 currency code such as "USD"')
  .meta(
    shownAs({
      type: 'string',
      pattern: '^[A-Z]{3}$',
      title: 'Currency',
      examples: ['USD'],
      description: 'An active currency code of ISO 4217; no fund codes, metals or units of account.',
    }),
  );
