/** What only shows when the parts of a configuration are seen together. The texts are those of neural_trader/config.py. */

import { statSync } from "node:fs";

import { weekdayName, weekdayOf, weekdays } from "./calendar.ts";
import { closest } from "./closest.ts";
import type { Problems } from "./config_rules.ts";
import { NAME } from "./config_rules.ts";
import {
  accountRow,
  feePpb,
  feeRaw,
  limitsOn,
  lotRaw,
  maximumPriceRaw,
  minimumRaw,
  moneyRaw,
  priceDecimals,
  quantityDecimals,
  rateOf,
  tickRaw,
  valueOf,
  worthOf,
} from "./config_rows.ts";
import { InvalidArgument } from "./errors.ts";
import { NT_DECIMALS_MAX, NT_MODEL_MAX } from "./generated/abi.ts";
import type { SoundAccountConfig, SoundConfig, SoundInstrument, SoundSession } from "./generated/config_schema.ts";
import { brief } from "./numbers.ts";
import { compare, ofExact } from "./rational.ts";

const TRADE_FILE = ".csv";
const PAIRED = [
  ["max_duplicate_orders", "duplicate_window_ms"],
  ["max_fills", "fills_window_ms"],
] as const;
const RESTRICTIONS = ["no_buy", "no_sell", "no_short"] as const;

type Instruments = ReadonlyMap<string, SoundInstrument>;
type Accounts = ReadonlyMap<string, SoundAccountConfig>;

/** The sources, with the SYMBOL= before them. */
function sourcePaths({ source: { path } }: SoundConfig): readonly string[] {
  return path === null ? [] : typeof path === "string" ? [path] : path;
}

/** The symbol and the rest of "SYMBOL=REST"; no symbol where there is none. */
export function splitSymbol(spec: string): readonly [string | undefined, string] {
  const at = spec.indexOf("=");
  return at >= 0 && NAME.test(spec.slice(0, at)) ? [spec.slice(0, at), spec.slice(at + 1)] : [undefined, spec];
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** The text of an InvalidArgument that a value of the core cannot be made with, undefined when it can. */
function refusal(make: () => unknown): string | undefined {
  try {
    make();
    return undefined;
  } catch (error) {
    if (error instanceof InvalidArgument) return error.message;
    throw error;
  }
}

/** Nothing is said of the tables in `broken` as wholes: parts of them are left out. */
export function checkWhole(config: SoundConfig, problems: Problems, broken: ReadonlySet<string>): void {
  checkFiles(config, problems);
  const needy = sourcePaths(config).find((path) => path.endsWith(TRADE_FILE));
  if (needy !== undefined && config.instruments.size === 0 && !broken.has("instruments")) {
    problems.refuse("instruments", `is missing; ${needy} needs one: add [instruments.SYMBOL] with tick_size, currency and max_price`);
  }
  if (config.accounts.size === 0 && !broken.has("accounts")) {
    problems.refuse("accounts", "is empty; add [accounts.main] with currency and cash");
  }
  const instruments = new Map([...config.instruments].filter(([symbol, row]) => checkInstrument(symbol, row, problems)));
  const accounts = new Map([...config.accounts].filter(([name, row]) => checkAccount(name, row, config, problems, broken)));
  if (!broken.has("limits")) checkPairs(config, problems);
  if (!broken.has("fx")) {
    for (const pair of config.fx.keys()) {
      const other = pair.split("/").reverse().join("/");
      if (config.fx.has(other) && pair > other) problems.refuse(`fx.${pair}`, `is said by ${other} already; keep one of them`);
    }
  }
  checkRates(config, accounts, instruments, problems);
  checkLimits(config, accounts, instruments, problems);
}

function checkFiles(config: SoundConfig, problems: Problems): void {
  const strategy = config.strategy?.slice(0, config.strategy.lastIndexOf(":"));
  if (strategy !== undefined && !isFile(strategy)) problems.refuse("strategy", `there is no file ${strategy}`);
  for (const [name, { path, precision }] of config.models) {
    if (path === null && precision !== "fp32") {
      problems.refuse(`models.${name}.precision`, "is of a file, and the model has none; leave it out, or add its path");
    }
    if (path !== null && !isFile(path)) {
      problems.refuse(`models.${name}.path`, `there is no file ${path}; neural-trader model train makes one`);
    }
  }
  if (config.models.size > NT_MODEL_MAX) {
    problems.refuse("models", `has ${config.models.size} models; at most ${NT_MODEL_MAX} are possible`);
  }
}

/** Whether what the fields of an instrument say fits together and in the core. */
function checkInstrument(symbol: string, instrument: SoundInstrument, problems: Problems): boolean {
  const before = problems.count;
  const refuse = (key: string, text: string | undefined): void => {
    if (text !== undefined) problems.refuse(`instruments.${symbol}.${key}`, text);
  };
  for (
    const [key, decimals] of [
      ["tick_size", priceDecimals(instrument)],
      ["lot_size", quantityDecimals(instrument)],
    ] as const
  ) {
    if (decimals <= NT_DECIMALS_MAX) continue;
    refuse(key, `needs ${decimals} decimals; at most ${NT_DECIMALS_MAX} are possible`);
    return false;
  }
  const { fee_taker: taker, fee_maker: maker } = instrument;
  refuse("tick_size", refusal(() => tickRaw(instrument)));
  refuse("lot_size", refusal(() => lotRaw(instrument)));
  if (instrument.minimum_quantity !== null) refuse("minimum_quantity", refusal(() => minimumRaw(symbol, instrument)));
  refuse("max_price", refusal(() => maximumPriceRaw(instrument)));
  refuse("multiplier", refusal(() => valueOf(instrument)));
  refuse("fee_taker", refusal(() => [feeRaw(taker), feeRaw(maker)]));
  refuse("fee_taker", refusal(() => [feePpb(taker), feePpb(maker)]));
  for (const [key, fee] of [["fee_taker", taker], ["fee_maker", maker]] as const) {
    if (fee !== null && fee.per_contract === null && fee.bps === null) refuse(key, "is empty; give per_contract, bps or both");
  }
  if (compare(ofExact(instrument.max_price), ofExact(instrument.tick_size)) < 0) {
    refuse("max_price", `is less than the tick size ${brief(instrument.tick_size)}`);
  }
  if (instrument.session !== null) checkEarlyCloses(symbol, instrument.session, problems);
  return problems.count === before;
}

function checkEarlyCloses(symbol: string, session: SoundSession, problems: Problems): void {
  const days = weekdays(session.days);
  const overnight = session.closes <= session.opens;
  for (const day of session.early_closes.keys()) {
    const weekday = weekdayOf(day);
    if (weekday === undefined || typeof days === "string" || days.has((weekday + (overnight ? 6 : 0)) % 7)) continue;
    const text = `no session of ${session.days} ends on ${weekdayName(weekday)} ${day}`;
    const path = `instruments.${symbol}.session.early_closes.${day}`;
    problems.refuse(path, `${text}; a trading day is the day on which its session closes`);
  }
}

/** Whether the cash of an account has a raw value. */
function checkAccount(
  name: string,
  account: SoundAccountConfig,
  config: SoundConfig,
  problems: Problems,
  broken: ReadonlySet<string>,
): boolean {
  const currencies = [...new Set([...config.instruments.values()].map((instrument) => instrument.currency))];
  const valued = currencies.some((currency) => rateOf(config.fx, currency, account.currency) !== undefined);
  if (currencies.length > 0 && !valued && !broken.has("instruments") && !broken.has("fx")) {
    const near = closest(account.currency, currencies) ?? currencies.sort()[0];
    problems.refuse(`accounts.${name}.currency`, `no instrument is in ${account.currency}, and there is no exchange rate; use ${near}`);
  }
  const text = refusal(() => moneyRaw(account.cash, "cash"));
  if (text !== undefined) problems.refuse(`accounts.${name}.cash`, text);
  return text === undefined;
}

/** A number within a window needs both; and restrictions name instruments, of which a source may bring more. */
function checkPairs(config: SoundConfig, problems: Problems): void {
  for (const [number, window] of PAIRED) {
    const [has, lacks] = config.limits[window] === null ? [number, window] : [window, number];
    if (config.limits[has] !== null && config.limits[lacks] === null) problems.refuse(`limits.${lacks}`, `is missing; ${has} needs it`);
  }
  const sourceHasNone = sourcePaths(config).every((path) => path.endsWith(TRADE_FILE));
  if (config.instruments.size > 0 && sourceHasNone) checkSymbols(config, problems);
  const venueOf = new Map<string, string>();
  for (const [name, venue] of config.venues) {
    for (const symbol of venue.symbols) {
      const other = venueOf.get(symbol) ?? name;
      venueOf.set(symbol, other);
      if (other !== name) problems.refuse(`venues.${name}.symbols`, `names ${symbol}, which ${other} has too; keep it in one`);
    }
  }
}

/** What is wrong with restrictions and venues where the configured instruments are all: one with a typo would never count. */
export function checkSymbols(config: SoundConfig, problems: Problems): void {
  const symbols = [...config.instruments.keys()];
  const look = (path: string, symbol: string, others: string): void => {
    if (config.instruments.has(symbol)) return;
    const near = closest(symbol, symbols);
    const hint = near === undefined ? `known are ${symbols.sort().join(", ")}${others}` : `did you mean ${near}?`;
    problems.refuse(path, `names ${symbol}, which is no instrument; ${hint}`);
  };
  for (const key of RESTRICTIONS) {
    for (const symbol of config.limits[key] ?? []) if (symbol !== "*") look(`limits.${key}`, symbol, ", and * for all");
  }
  for (const [name, venue] of config.venues) for (const symbol of venue.symbols) look(`venues.${name}.symbols`, symbol, "");
}

/** Each rate has to give each instrument a value that fits, in each account. */
function checkRates(config: SoundConfig, accounts: Accounts, instruments: Instruments, problems: Problems): void {
  const found = new Map<string, string>();
  for (const account of accounts.values()) {
    for (const [symbol, instrument] of instruments) {
      const [pair, inverse] = [`${instrument.currency}/${account.currency}`, `${account.currency}/${instrument.currency}`];
      const said = config.fx.has(pair) ? pair : inverse;
      const text = refusal(() => worthOf(symbol, instrument, account, config.fx));
      if (text !== undefined && !found.has(said)) found.set(said, text);
    }
  }
  for (const [pair, text] of found) problems.refuse(`fx.${pair}`, text);
}

/** Each limit has to have a raw value on each account and instrument. */
function checkLimits(config: SoundConfig, accounts: Accounts, instruments: Instruments, problems: Problems): void {
  const found = new Map<string, string>();
  for (const [name, account] of accounts) {
    const orders = [...instruments].map(([symbol, instrument]) => () => limitsOn(symbol, instrument, config.limits));
    for (const row of [() => accountRow(name, account, config.limits), ...orders]) {
      const text = refusal(row);
      const limit = text?.split(" ", 1)[0]; // the text begins with its name
      if (text !== undefined && limit !== undefined && !found.has(limit)) found.set(limit, text);
    }
  }
  for (const [limit, text] of found) problems.refuse(`limits.${limit}`, text);
}
