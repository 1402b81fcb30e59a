/**
 * The rows of the core that a configuration stands for: instruments, accounts, terms, the kernel's own. Raw values as the fields of the
 * records take them, NaN where a limit is off. InvalidArgument where the core cannot hold a value; of a limit the text begins with its
 * name.
 */

import { InvalidArgument } from "./errors.ts";
import * as abi from "./generated/abi.ts";
import type { SoundAccountConfig, SoundConfig, SoundFee, SoundInstrument, SoundLimits } from "./generated/config_schema.ts";
import type { AccountRecord, InstrumentRecord, KernelConfigRecord, TermsRecord } from "./generated/records.ts";
import type { Exact } from "./numbers.ts";
import { Converter, decimalsOf, floorDivide, magnitude, rawText } from "./numbers.ts";
import type { Rational } from "./rational.ts";
import { ceiling, inverse, ofExact, rational, times } from "./rational.ts";

export const MONEY_DECIMALS = 4; // of every account's money
const PPB_DECIMALS = 5; // of a basis point
const LARGE = 20; // digits: beyond them a number is too large whatever its decimals say
const RAW_MAX = BigInt(abi.NT_RAW_MAX);
const OFF = NaN;
const SAME_CURRENCY = rational(1n);
const RESTRICTIONS = { no_buy: abi.NT_RESTRICT_BUY, no_sell: abi.NT_RESTRICT_SELL, no_short: abi.NT_RESTRICT_SHORT } as const;
const FILL_MODELS = { conservative: abi.NT_FILL_PRINTS, queue: abi.NT_FILL_QUEUE, probabilistic: abi.NT_FILL_PROBABILISTIC } as const;

export type InstrumentRow = Pick<
  InstrumentRecord,
  | ("symbol" | "currency" | "priceDecimals" | "quantityDecimals" | "tickSize" | "lotSize" | "minimumQuantity")
  | ("maximumPrice" | "allowNegativePrice" | "initialSession")
>;
export type AccountRow = Pick<
  AccountRecord,
  | ("name" | "currency" | "decimals" | "cash" | "selfTrade" | "maxOpenOrders" | "maxOrdersPerSecond" | "maxDailyLoss")
  | ("maxCancelsPerSecond" | "maxOrderAgeNs" | "allowedOrderTypes" | "allowedTimesInForce" | "maxGrossExposure" | "maxOpenNotional")
  | ("maxDailyValue" | "maxDuplicateOrders" | "duplicateWindowNs" | "maxFills" | "fillsWindowNs")
>;
type Worth = Pick<TermsRecord, "valueNumerator" | "valueDenominator" | "feeTaker" | "feeMaker" | "feeTakerPpb" | "feeMakerPpb">;
type LimitsRow = Pick<
  TermsRecord,
  | ("restrictions" | "maxOrderQuantity" | "maxOrderNotional" | "maxPosition" | "priceCollarBps" | "maxQuoteAgeNs")
  | ("minOrderNotional" | "initialMarginBps")
>;
export type TermsRow = Worth & LimitsRow;
export type KernelRow = Pick<
  KernelConfigRecord,
  "name" | "instruments" | "accounts" | "latencyInNs" | "latencyOutNs" | "slippageTicks" | "fillModel" | "measuredLatency" | "models"
>;

// ---- instruments -----------------------------------------------------------------------------------------------------------------

export function priceDecimals(instrument: SoundInstrument): number {
  return decimalsOf(instrument.tick_size);
}

export function quantityDecimals({ lot_size, minimum_quantity }: SoundInstrument): number {
  return Math.max(decimalsOf(lot_size), minimum_quantity === null ? 0 : decimalsOf(minimum_quantity));
}

export function tickRaw(instrument: SoundInstrument): number {
  return new Converter(priceDecimals(instrument), 1, "tick_size").rawOf(instrument.tick_size);
}

export function lotRaw(instrument: SoundInstrument): number {
  return new Converter(quantityDecimals(instrument), 1, "lot_size").rawOf(instrument.lot_size);
}

export function minimumRaw(symbol: string, instrument: SoundInstrument): number {
  const lot = lotRaw(instrument);
  if (instrument.minimum_quantity === null) return lot;
  return new Converter(quantityDecimals(instrument), lot, `quantity of ${symbol}`).rawOf(instrument.minimum_quantity);
}

export function maximumPriceRaw(instrument: SoundInstrument): number {
  return new Converter(priceDecimals(instrument), 1, "max_price").rawOf(instrument.max_price);
}

/** A session is closed until its first session tick; without one it is open. */
export function instrumentRow(symbol: string, instrument: SoundInstrument): InstrumentRow {
  return {
    symbol,
    currency: instrument.currency,
    priceDecimals: priceDecimals(instrument),
    quantityDecimals: quantityDecimals(instrument),
    tickSize: tickRaw(instrument),
    lotSize: lotRaw(instrument),
    minimumQuantity: minimumRaw(symbol, instrument),
    maximumPrice: maximumPriceRaw(instrument),
    allowNegativePrice: 0,
    initialSession: instrument.session === null ? abi.NT_SESSION_OPEN : abi.NT_SESSION_CLOSED,
  };
}

/** n/d with money raw = price raw * quantity raw * n / d, in a currency of which one of the instrument's is worth `rate`. */
export function valueOf(instrument: SoundInstrument, rate: Rational = SAME_CURRENCY): Rational {
  const [price, quantity] = [priceDecimals(instrument), quantityDecimals(instrument)];
  const scale = ofExact({ digits: 1n, exponent: MONEY_DECIMALS - price - quantity });
  const value = times(times(ofExact(instrument.multiplier), rate), scale);
  if (value.numerator > RAW_MAX || value.denominator > RAW_MAX) {
    throw new InvalidArgument(
      `the multiplier does not fit in 2^51 with ${price} price and ${quantity} quantity decimals; take fewer decimals`,
      { limit: abi.NT_RAW_MAX },
    );
  }
  return value;
}

/** Raw money per whole unit of quantity, and billionths of the money that a fill moves. */
export function feeRaw(fee: SoundFee | null): number {
  return fee === null || fee.per_contract === null ? 0 : moneyRaw(fee.per_contract, "fee");
}

export function feePpb(fee: SoundFee | null): number {
  return fee === null || fee.bps === null ? 0 : new Converter(PPB_DECIMALS, 1, "fee in bps").rawOf(fee.bps);
}

export function moneyRaw(money: Exact, what: string): number {
  return new Converter(MONEY_DECIMALS, 1, what).rawOf(money);
}

// ---- accounts --------------------------------------------------------------------------------------------------------------------

/** What one of a currency is worth in another; undefined when no rate says so. */
export function rateOf(fx: ReadonlyMap<string, Exact>, currency: string, into: string): Rational | undefined {
  if (currency === into) return SAME_CURRENCY;
  const [direct, reverse] = [fx.get(`${currency}/${into}`), fx.get(`${into}/${currency}`)];
  return direct !== undefined ? ofExact(direct) : reverse !== undefined ? inverse(ofExact(reverse)) : undefined;
}

/** The raw value of a limit. What has none is rounded down: against the trader. */
function limitRaw(limit: Exact | null, decimals: number, what: string): number {
  if (limit === null) return OFF;
  const converter = new Converter(decimals, 1, what);
  const size = magnitude(limit.digits).toString().length - 1 + limit.exponent; // power of ten of the first digit
  if (size + decimals > LARGE) return converter.rawOf(limit);
  const { numerator, denominator } = times(ofExact(limit), ofExact({ digits: 1n, exponent: decimals }));
  return converter.rawOf({ digits: floorDivide(numerator, denominator), exponent: -decimals });
}

function wholeRaw(limit: number | null, what: string, times = 1): number {
  return limit === null ? OFF : limitRaw({ digits: BigInt(limit) * BigInt(times), exponent: 0 }, 0, what);
}

function lossRaw(limit: Exact | null): number {
  const raw = limitRaw(limit, MONEY_DECIMALS, "max_daily_loss");
  if (raw !== 0) return raw;
  const least = rawText(1, MONEY_DECIMALS);
  throw new InvalidArgument(`max_daily_loss is less than ${least}, the least money that an account counts`, { observed: 0, limit: 1 });
}

function nanoseconds(milliseconds: number | null, what: string): number {
  return wholeRaw(milliseconds, what, 1_000_000);
}

/** Bits of what is allowed, off when everything is. */
function mask(words: readonly string[] | null, names: abi.Names): number {
  if (words === null) return OFF;
  const allowed = Object.entries(names).filter(([, name]) => words.includes(name.toLowerCase()));
  return allowed.reduce((bits, [number]) => bits | (1 << Number(number)), 0);
}

function numberOf(name: string, names: abi.Names): number {
  return Number(Object.keys(names).find((number) => names[Number(number)] === name) ?? 0);
}

export function accountRow(name: string, account: SoundAccountConfig, limits: SoundLimits): AccountRow {
  const selfTrade = limits.self_trade?.replace("cancel_", "").toUpperCase() ?? "";
  return {
    name,
    currency: account.currency,
    decimals: MONEY_DECIMALS,
    cash: moneyRaw(account.cash, "cash"),
    maxOpenOrders: wholeRaw(limits.max_open_orders, "max_open_orders"),
    maxOrdersPerSecond: wholeRaw(limits.max_orders_per_second, "max_orders_per_second"),
    maxDailyLoss: lossRaw(limits.max_daily_loss),
    selfTrade: numberOf(selfTrade, abi.SELF_TRADE),
    maxCancelsPerSecond: wholeRaw(limits.max_cancels_per_second, "max_cancels_per_second"),
    maxOrderAgeNs: nanoseconds(limits.max_order_age_ms, "max_order_age_ms"),
    allowedOrderTypes: mask(limits.allowed_order_types, abi.ORDER_TYPE),
    allowedTimesInForce: mask(limits.allowed_times_in_force, abi.TIME_IN_FORCE),
    maxGrossExposure: limitRaw(limits.max_gross_exposure, MONEY_DECIMALS, "max_gross_exposure"),
    maxOpenNotional: limitRaw(limits.max_open_notional, MONEY_DECIMALS, "max_open_notional"),
    maxDailyValue: limitRaw(limits.max_daily_value, MONEY_DECIMALS, "max_daily_value"),
    maxDuplicateOrders: wholeRaw(limits.max_duplicate_orders, "max_duplicate_orders"),
    duplicateWindowNs: nanoseconds(limits.duplicate_window_ms, "duplicate_window_ms"),
    maxFills: wholeRaw(limits.max_fills, "max_fills"),
    fillsWindowNs: nanoseconds(limits.fills_window_ms, "fills_window_ms"),
  };
}

/** What an instrument and its fees are worth in the currency of an account. Without a rate there is no value: orders are denied. */
export function worthOf(symbol: string, instrument: SoundInstrument, account: SoundAccountConfig, fx: ReadonlyMap<string, Exact>): Worth {
  const rate = rateOf(fx, instrument.currency, account.currency);
  const value = rate === undefined ? { numerator: 0n, denominator: 0n } : valueOf(instrument, rate);
  // Rounded up: a rebate in another currency is rounded down.
  const fee = (of: SoundFee | null): bigint => ceiling(times(rational(BigInt(feeRaw(of))), rate ?? SAME_CURRENCY));
  const [taker, maker] = [fee(instrument.fee_taker), fee(instrument.fee_maker)];
  if (magnitude(taker) > RAW_MAX || magnitude(maker) > RAW_MAX) {
    const bound = rawText(abi.NT_RAW_MAX, MONEY_DECIMALS);
    const text = `a fee of ${symbol} is beyond the bound of ${bound} ${account.currency} (2^51 raw)`;
    throw new InvalidArgument(text, { limit: abi.NT_RAW_MAX });
  }
  return {
    valueNumerator: Number(value.numerator),
    valueDenominator: Number(value.denominator),
    feeTaker: Number(taker),
    feeMaker: Number(maker),
    feeTakerPpb: feePpb(instrument.fee_taker),
    feeMakerPpb: feePpb(instrument.fee_maker),
  };
}

export function limitsOn(symbol: string, instrument: SoundInstrument, limits: SoundLimits): LimitsRow {
  const names = (words: readonly string[] | null): boolean => words !== null && (words.includes("*") || words.includes(symbol));
  const decimals = quantityDecimals(instrument);
  const keys = Object.keys(RESTRICTIONS) as (keyof typeof RESTRICTIONS)[];
  const minimum = limits.min_order_notional;
  return {
    restrictions: keys.reduce((bits, key) => bits | (names(limits[key]) ? RESTRICTIONS[key] : 0), 0),
    maxOrderQuantity: limitRaw(limits.max_order_quantity, decimals, "max_order_quantity"),
    maxOrderNotional: limitRaw(limits.max_order_notional, MONEY_DECIMALS, "max_order_notional"),
    maxPosition: limitRaw(limits.max_position, decimals, "max_position"),
    priceCollarBps: wholeRaw(limits.price_collar_bps, "price_collar_bps"),
    maxQuoteAgeNs: nanoseconds(limits.max_quote_age_ms, "max_quote_age_ms"),
    // A minimum is rounded up: against the trader, too.
    minOrderNotional: minimum === null ? OFF : -limitRaw({ ...minimum, digits: -minimum.digits }, MONEY_DECIMALS, "min_order_notional"),
    initialMarginBps: wholeRaw(limits.initial_margin_bps, "initial_margin_bps"),
  };
}

/** The nt_terms of an account on an instrument, without the two indices. */
export function termsRow(symbol: string, instrument: SoundInstrument, account: SoundAccountConfig, config: SoundConfig): TermsRow {
  return { ...worthOf(symbol, instrument, account, config.fx), ...limitsOn(symbol, instrument, config.limits) };
}

// ---- the kernel --------------------------------------------------------------------------------------------------------------------

/** A latency in whole nanoseconds. */
export function nanosecondsOf(latencyUs: Exact): number {
  const { numerator, denominator } = times(ofExact(latencyUs), rational(1000n));
  return Number(floorDivide(numerator, denominator));
}

export function kernelRow(config: SoundConfig): KernelRow {
  const { venue } = config;
  return {
    name: config.name,
    instruments: config.instruments.size,
    accounts: config.accounts.size,
    latencyInNs: nanosecondsOf(venue.latency_in_us),
    latencyOutNs: nanosecondsOf(venue.latency_out_us),
    slippageTicks: venue.slippage_ticks,
    fillModel: FILL_MODELS[venue.fill_model],
    measuredLatency: venue.latency === "measured" ? 1 : 0,
    models: config.models.size,
  };
}
