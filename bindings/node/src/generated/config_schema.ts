// Generated from the rules of neural_trader/config.py by bindings/node/generate_config.py; do not edit.

import type { Exact } from "../numbers.ts";

export type SimpleKind = "text" | "name" | "currency" | "currency_pair" | "flag" | "local_time" | "local_date" | "time_zone" | "anything" | "mode" | "source_paths" | "strategy" | "weekdays";
export type StructName = "SourceConfig" | "Session" | "Fee" | "Instrument" | "VenueConfig" | "VenueLatency" | "AccountConfig" | "Limits" | "ModelConfig" | "OutputConfig" | "Config";

/** How a value is checked. */
export type Rule =
  | { readonly kind: SimpleKind }
  | { readonly kind: "choice" | "words"; readonly allowed: readonly string[] }
  | { readonly kind: "whole"; readonly minimum: number; readonly maximum: number }
  | { readonly kind: "number"; readonly above: bigint | null; readonly least: bigint | null; readonly most: bigint }
  | { readonly kind: "nested"; readonly struct: StructName }
  | { readonly kind: "table"; readonly key: Rule; readonly item: Rule };

/** A key of a table. `standard` is its value where the key is not given; where that is null, null may be given, too. */
export interface Field {
  readonly rule: Rule;
  readonly required: boolean;
  readonly standard: unknown;
}

export interface SourceConfig {
  /** a text, or a list of texts */
  readonly path?: string | readonly string[] | null;
  /** a time zone such as America/Chicago or UTC */
  readonly timezone?: string | null;
  /** a whole number from 0 to 1; 0 unless given */
  readonly speed?: number | bigint;
  /** a whole number from 0 to 2251799813685248; 0 unless given */
  readonly clock_interval_ns?: number | bigint;
  /** true or false; false unless given */
  readonly levels?: boolean;
}

export interface SoundSourceConfig {
  readonly path: string | readonly string[] | null;
  readonly timezone: string | null;
  readonly speed: number;
  readonly clock_interval_ns: number;
  readonly levels: boolean;
}

export interface SessionConfig {
  /** days such as Mon-Fri or Mon,Wed */
  readonly days: string;
  /** a local time of day such as 17:00:00 */
  readonly opens: string;
  /** a local time of day such as 17:00:00 */
  readonly closes: string;
  /** a table whose keys are a date such as 2013-09-02, and each value a local time of day such as 17:00:00 */
  readonly early_closes?: Readonly<Record<string, string>>;
  /** a time zone such as America/Chicago or UTC */
  readonly timezone?: string | null;
}

export interface SoundSession {
  readonly days: string;
  readonly opens: string;
  readonly closes: string;
  readonly early_closes: ReadonlyMap<string, string>;
  readonly timezone: string | null;
}

export interface FeeConfig {
  /** a number at most 1000000000 */
  readonly per_contract?: number | bigint | null;
  /** a number at least -10000 and at most 10000 */
  readonly bps?: number | bigint | null;
}

export interface SoundFee {
  readonly per_contract: Exact | null;
  readonly bps: Exact | null;
}

export interface InstrumentConfig {
  /** a number greater than 0 and at most 1000000000000000000 */
  readonly tick_size: number | bigint;
  /** a currency code such as USD */
  readonly currency: string;
  /** a number greater than 0 and at most 1000000000000000000 */
  readonly max_price: number | bigint;
  /** a number greater than 0 and at most 1000000000000000000; 1 unless given */
  readonly lot_size?: number | bigint;
  /** a number greater than 0 and at most 1000000000000000000; 1 unless given */
  readonly multiplier?: number | bigint;
  /** a number greater than 0 and at most 1000000000000000000 */
  readonly minimum_quantity?: number | bigint | null;
  readonly session?: SessionConfig | null;
  readonly fee_taker?: FeeConfig | null;
  readonly fee_maker?: FeeConfig | null;
  /** 1 to 31 characters of a-z A-Z 0-9 . _ - that do not begin with a dot */
  readonly symbol?: string | null;
}

export interface SoundInstrument {
  readonly tick_size: Exact;
  readonly currency: string;
  readonly max_price: Exact;
  readonly lot_size: Exact;
  readonly multiplier: Exact;
  readonly minimum_quantity: Exact | null;
  readonly session: SoundSession | null;
  readonly fee_taker: SoundFee | null;
  readonly fee_maker: SoundFee | null;
  readonly symbol: string | null;
}

export interface VenueConfig {
  /** 'conservative' or 'queue' or 'probabilistic'; "conservative" unless given */
  readonly fill_model?: "conservative" | "queue" | "probabilistic";
  /** a number at least 0 and at most 60000000; 250 unless given */
  readonly latency_in_us?: number | bigint;
  /** a number at least 0 and at most 60000000; 250 unless given */
  readonly latency_out_us?: number | bigint;
  /** 'constant' or 'measured'; "constant" unless given */
  readonly latency?: "constant" | "measured";
  /** a whole number from 0 to 10000; 1 unless given */
  readonly slippage_ticks?: number | bigint;
}

export interface SoundVenueConfig {
  readonly fill_model: "conservative" | "queue" | "probabilistic";
  readonly latency_in_us: Exact;
  readonly latency_out_us: Exact;
  readonly latency: "constant" | "measured";
  readonly slippage_ticks: number;
}

export interface VenueLatencyConfig {
  /** a list of names */
  readonly symbols: readonly string[];
  /** a number at least 0 and at most 60000000 */
  readonly latency_in_us: number | bigint;
  /** a number at least 0 and at most 60000000 */
  readonly latency_out_us: number | bigint;
}

export interface SoundVenueLatency {
  readonly symbols: readonly string[];
  readonly latency_in_us: Exact;
  readonly latency_out_us: Exact;
}

export interface AccountConfig {
  /** a currency code such as USD */
  readonly currency: string;
  /** a number at least 0 and at most 100000000000 */
  readonly cash: number | bigint;
}

export interface SoundAccountConfig {
  readonly currency: string;
  readonly cash: Exact;
}

export interface LimitsConfig {
  /** a number at least 0 and at most 1000000000000000000 */
  readonly max_order_quantity?: number | bigint | null;
  /** a number at least 0 and at most 1000000000000000000 */
  readonly max_order_notional?: number | bigint | null;
  /** a number at least 0 and at most 1000000000000000000 */
  readonly max_position?: number | bigint | null;
  /** a whole number from 0 to 2147483648 */
  readonly max_open_orders?: number | bigint | null;
  /** a whole number from 0 to 1000000 */
  readonly price_collar_bps?: number | bigint | null;
  /** a whole number from 0 to 1000000000 */
  readonly max_quote_age_ms?: number | bigint | null;
  /** a whole number from 1 to 1000000000 */
  readonly max_orders_per_second?: number | bigint | null;
  /** a number greater than 0 and at most 1000000000000000000 */
  readonly max_daily_loss?: number | bigint | null;
  /** a list of names */
  readonly no_buy?: readonly string[] | null;
  /** a list of names */
  readonly no_sell?: readonly string[] | null;
  /** a list of names */
  readonly no_short?: readonly string[] | null;
  /** a list of 'market' or 'limit' or 'stop' or 'stop_limit' or 'trailing_stop' or 'market_if_touched' */
  readonly allowed_order_types?: readonly ("market" | "limit" | "stop" | "stop_limit" | "trailing_stop" | "market_if_touched")[] | null;
  /** a list of 'day' or 'gtc' or 'ioc' or 'fok' or 'gtd' */
  readonly allowed_times_in_force?: readonly ("day" | "gtc" | "ioc" | "fok" | "gtd")[] | null;
  /** a whole number from 0 to 1000000000 */
  readonly max_order_age_ms?: number | bigint | null;
  /** a number greater than 0 and at most 1000000000000000000 */
  readonly min_order_notional?: number | bigint | null;
  /** a number at least 0 and at most 1000000000000000000 */
  readonly max_gross_exposure?: number | bigint | null;
  /** a number at least 0 and at most 1000000000000000000 */
  readonly max_open_notional?: number | bigint | null;
  /** a whole number from 1 to 1000000 */
  readonly initial_margin_bps?: number | bigint | null;
  /** a whole number from 1 to 1000000000 */
  readonly max_cancels_per_second?: number | bigint | null;
  /** a whole number from 1 to 8 */
  readonly max_duplicate_orders?: number | bigint | null;
  /** a whole number from 1 to 1000000000 */
  readonly duplicate_window_ms?: number | bigint | null;
  /** a whole number from 1 to 1000 */
  readonly max_fills?: number | bigint | null;
  /** a whole number from 1 to 1000000000 */
  readonly fills_window_ms?: number | bigint | null;
  /** a number at least 0 and at most 1000000000000000000 */
  readonly max_daily_value?: number | bigint | null;
  /** 'cancel_newest' or 'cancel_oldest' or 'cancel_both' */
  readonly self_trade?: "cancel_newest" | "cancel_oldest" | "cancel_both" | null;
}

export interface SoundLimits {
  readonly max_order_quantity: Exact | null;
  readonly max_order_notional: Exact | null;
  readonly max_position: Exact | null;
  readonly max_open_orders: number | null;
  readonly price_collar_bps: number | null;
  readonly max_quote_age_ms: number | null;
  readonly max_orders_per_second: number | null;
  readonly max_daily_loss: Exact | null;
  readonly no_buy: readonly string[] | null;
  readonly no_sell: readonly string[] | null;
  readonly no_short: readonly string[] | null;
  readonly allowed_order_types: readonly ("market" | "limit" | "stop" | "stop_limit" | "trailing_stop" | "market_if_touched")[] | null;
  readonly allowed_times_in_force: readonly ("day" | "gtc" | "ioc" | "fok" | "gtd")[] | null;
  readonly max_order_age_ms: number | null;
  readonly min_order_notional: Exact | null;
  readonly max_gross_exposure: Exact | null;
  readonly max_open_notional: Exact | null;
  readonly initial_margin_bps: number | null;
  readonly max_cancels_per_second: number | null;
  readonly max_duplicate_orders: number | null;
  readonly duplicate_window_ms: number | null;
  readonly max_fills: number | null;
  readonly fills_window_ms: number | null;
  readonly max_daily_value: Exact | null;
  readonly self_trade: "cancel_newest" | "cancel_oldest" | "cancel_both" | null;
}

export interface ModelConfig {
  /** a text */
  readonly path?: string | null;
  /** 'fp32' or 'bf16' or 'int8'; "fp32" unless given */
  readonly precision?: "fp32" | "bf16" | "int8";
}

export interface SoundModelConfig {
  readonly path: string | null;
  readonly precision: "fp32" | "bf16" | "int8";
}

export interface OutputConfig {
  /** a text */
  readonly directory?: string | null;
}

export interface SoundOutputConfig {
  readonly directory: string | null;
}

export interface KernelConfig {
  /** 1 to 31 characters of a-z A-Z 0-9 . _ - that do not begin with a dot */
  readonly name: string;
  /** 'paper'; "paper" unless given */
  readonly mode?: "paper";
  /** "file.py:Class" */
  readonly strategy?: string | null;
  /** a table whose keys are a text, and each value a value of the strategy's */
  readonly parameters?: Readonly<Record<string, unknown>>;
  readonly source?: SourceConfig;
  readonly instruments?: Readonly<Record<string, InstrumentConfig>>;
  readonly venue?: VenueConfig;
  readonly venues?: Readonly<Record<string, VenueLatencyConfig>>;
  readonly accounts: Readonly<Record<string, AccountConfig>>;
  /** a table whose keys are two currency codes such as EUR/USD, and each value a number greater than 0 and at most 1000000000000000000 */
  readonly fx?: Readonly<Record<string, number | bigint>>;
  readonly limits?: LimitsConfig;
  readonly models?: Readonly<Record<string, ModelConfig>>;
  readonly output?: OutputConfig;
}

export interface SoundConfig {
  readonly name: string;
  readonly mode: "paper";
  readonly strategy: string | null;
  readonly parameters: ReadonlyMap<string, unknown>;
  readonly source: SoundSourceConfig;
  readonly instruments: ReadonlyMap<string, SoundInstrument>;
  readonly venue: SoundVenueConfig;
  readonly venues: ReadonlyMap<string, SoundVenueLatency>;
  readonly accounts: ReadonlyMap<string, SoundAccountConfig>;
  readonly fx: ReadonlyMap<string, Exact>;
  readonly limits: SoundLimits;
  readonly models: ReadonlyMap<string, SoundModelConfig>;
  readonly output: SoundOutputConfig;
}

/** What the rules without bounds take, in words. */
export const TAKES: Readonly<Record<SimpleKind, string>> = {
  anything: "a value of the strategy's",
  currency: "a currency code such as USD",
  currency_pair: "two currency codes such as EUR/USD",
  flag: "true or false",
  local_date: "a date such as 2013-09-02",
  local_time: "a local time of day such as 17:00:00",
  mode: "'paper'",
  name: "1 to 31 characters of a-z A-Z 0-9 . _ - that do not begin with a dot",
  source_paths: "a text, or a list of texts",
  strategy: "\"file.py:Class\"",
  text: "a text",
  time_zone: "a time zone such as America/Chicago or UTC",
  weekdays: "days such as Mon-Fri or Mon,Wed",
};

export const STRUCTS: Readonly<Record<StructName, ReadonlyMap<string, Field>>> = {
  SourceConfig: new Map<string, Field>([
    ["path", { rule: { kind: "source_paths" }, required: false, standard: null }],
    ["timezone", { rule: { kind: "time_zone" }, required: false, standard: null }],
    ["speed", { rule: { kind: "whole", minimum: 0, maximum: 1 }, required: false, standard: 0 }],
    ["clock_interval_ns", { rule: { kind: "whole", minimum: 0, maximum: 2251799813685248 }, required: false, standard: 0 }],
    ["levels", { rule: { kind: "flag" }, required: false, standard: false }],
  ]),
  Session: new Map<string, Field>([
    ["days", { rule: { kind: "weekdays" }, required: true, standard: undefined }],
    ["opens", { rule: { kind: "local_time" }, required: true, standard: undefined }],
    ["closes", { rule: { kind: "local_time" }, required: true, standard: undefined }],
    ["early_closes", { rule: { kind: "table", key: { kind: "local_date" }, item: { kind: "local_time" } }, required: false, standard: {} }],
    ["timezone", { rule: { kind: "time_zone" }, required: false, standard: null }],
  ]),
  Fee: new Map<string, Field>([
    ["per_contract", { rule: { kind: "number", above: null, least: null, most: 1000000000n }, required: false, standard: null }],
    ["bps", { rule: { kind: "number", above: null, least: -10000n, most: 10000n }, required: false, standard: null }],
  ]),
  Instrument: new Map<string, Field>([
    ["tick_size", { rule: { kind: "number", above: 0n, least: null, most: 1000000000000000000n }, required: true, standard: undefined }],
    ["currency", { rule: { kind: "currency" }, required: true, standard: undefined }],
    ["max_price", { rule: { kind: "number", above: 0n, least: null, most: 1000000000000000000n }, required: true, standard: undefined }],
    ["lot_size", { rule: { kind: "number", above: 0n, least: null, most: 1000000000000000000n }, required: false, standard: 1 }],
    ["multiplier", { rule: { kind: "number", above: 0n, least: null, most: 1000000000000000000n }, required: false, standard: 1 }],
    ["minimum_quantity", { rule: { kind: "number", above: 0n, least: null, most: 1000000000000000000n }, required: false, standard: null }],
    ["session", { rule: { kind: "nested", struct: "Session" }, required: false, standard: null }],
    ["fee_taker", { rule: { kind: "nested", struct: "Fee" }, required: false, standard: null }],
    ["fee_maker", { rule: { kind: "nested", struct: "Fee" }, required: false, standard: null }],
    ["symbol", { rule: { kind: "name" }, required: false, standard: null }],
  ]),
  VenueConfig: new Map<string, Field>([
    ["fill_model", { rule: { kind: "choice", allowed: ["conservative", "queue", "probabilistic"] }, required: false, standard: "conservative" }],
    ["latency_in_us", { rule: { kind: "number", above: null, least: 0n, most: 60000000n }, required: false, standard: 250 }],
    ["latency_out_us", { rule: { kind: "number", above: null, least: 0n, most: 60000000n }, required: false, standard: 250 }],
    ["latency", { rule: { kind: "choice", allowed: ["constant", "measured"] }, required: false, standard: "constant" }],
    ["slippage_ticks", { rule: { kind: "whole", minimum: 0, maximum: 10000 }, required: false, standard: 1 }],
  ]),
  VenueLatency: new Map<string, Field>([
    ["symbols", { rule: { kind: "words", allowed: [] }, required: true, standard: undefined }],
    ["latency_in_us", { rule: { kind: "number", above: null, least: 0n, most: 60000000n }, required: true, standard: undefined }],
    ["latency_out_us", { rule: { kind: "number", above: null, least: 0n, most: 60000000n }, required: true, standard: undefined }],
  ]),
  AccountConfig: new Map<string, Field>([
    ["currency", { rule: { kind: "currency" }, required: true, standard: undefined }],
    ["cash", { rule: { kind: "number", above: null, least: 0n, most: 100000000000n }, required: true, standard: undefined }],
  ]),
  Limits: new Map<string, Field>([
    ["max_order_quantity", { rule: { kind: "number", above: null, least: 0n, most: 1000000000000000000n }, required: false, standard: null }],
    ["max_order_notional", { rule: { kind: "number", above: null, least: 0n, most: 1000000000000000000n }, required: false, standard: null }],
    ["max_position", { rule: { kind: "number", above: null, least: 0n, most: 1000000000000000000n }, required: false, standard: null }],
    ["max_open_orders", { rule: { kind: "whole", minimum: 0, maximum: 2147483648 }, required: false, standard: null }],
    ["price_collar_bps", { rule: { kind: "whole", minimum: 0, maximum: 1000000 }, required: false, standard: null }],
    ["max_quote_age_ms", { rule: { kind: "whole", minimum: 0, maximum: 1000000000 }, required: false, standard: null }],
    ["max_orders_per_second", { rule: { kind: "whole", minimum: 1, maximum: 1000000000 }, required: false, standard: null }],
    ["max_daily_loss", { rule: { kind: "number", above: 0n, least: null, most: 1000000000000000000n }, required: false, standard: null }],
    ["no_buy", { rule: { kind: "words", allowed: [] }, required: false, standard: null }],
    ["no_sell", { rule: { kind: "words", allowed: [] }, required: false, standard: null }],
    ["no_short", { rule: { kind: "words", allowed: [] }, required: false, standard: null }],
    ["allowed_order_types", { rule: { kind: "words", allowed: ["market", "limit", "stop", "stop_limit", "trailing_stop", "market_if_touched"] }, required: false, standard: null }],
    ["allowed_times_in_force", { rule: { kind: "words", allowed: ["day", "gtc", "ioc", "fok", "gtd"] }, required: false, standard: null }],
    ["max_order_age_ms", { rule: { kind: "whole", minimum: 0, maximum: 1000000000 }, required: false, standard: null }],
    ["min_order_notional", { rule: { kind: "number", above: 0n, least: null, most: 1000000000000000000n }, required: false, standard: null }],
    ["max_gross_exposure", { rule: { kind: "number", above: null, least: 0n, most: 1000000000000000000n }, required: false, standard: null }],
    ["max_open_notional", { rule: { kind: "number", above: null, least: 0n, most: 1000000000000000000n }, required: false, standard: null }],
    ["initial_margin_bps", { rule: { kind: "whole", minimum: 1, maximum: 1000000 }, required: false, standard: null }],
    ["max_cancels_per_second", { rule: { kind: "whole", minimum: 1, maximum: 1000000000 }, required: false, standard: null }],
    ["max_duplicate_orders", { rule: { kind: "whole", minimum: 1, maximum: 8 }, required: false, standard: null }],
    ["duplicate_window_ms", { rule: { kind: "whole", minimum: 1, maximum: 1000000000 }, required: false, standard: null }],
    ["max_fills", { rule: { kind: "whole", minimum: 1, maximum: 1000 }, required: false, standard: null }],
    ["fills_window_ms", { rule: { kind: "whole", minimum: 1, maximum: 1000000000 }, required: false, standard: null }],
    ["max_daily_value", { rule: { kind: "number", above: null, least: 0n, most: 1000000000000000000n }, required: false, standard: null }],
    ["self_trade", { rule: { kind: "choice", allowed: ["cancel_newest", "cancel_oldest", "cancel_both"] }, required: false, standard: null }],
  ]),
  ModelConfig: new Map<string, Field>([
    ["path", { rule: { kind: "text" }, required: false, standard: null }],
    ["precision", { rule: { kind: "choice", allowed: ["fp32", "bf16", "int8"] }, required: false, standard: "fp32" }],
  ]),
  OutputConfig: new Map<string, Field>([
    ["directory", { rule: { kind: "text" }, required: false, standard: null }],
  ]),
  Config: new Map<string, Field>([
    ["name", { rule: { kind: "name" }, required: true, standard: undefined }],
    ["mode", { rule: { kind: "mode" }, required: false, standard: "paper" }],
    ["strategy", { rule: { kind: "strategy" }, required: false, standard: null }],
    ["parameters", { rule: { kind: "table", key: { kind: "text" }, item: { kind: "anything" } }, required: false, standard: {} }],
    ["source", { rule: { kind: "nested", struct: "SourceConfig" }, required: false, standard: {} }],
    ["instruments", { rule: { kind: "table", key: { kind: "name" }, item: { kind: "nested", struct: "Instrument" } }, required: false, standard: {} }],
    ["venue", { rule: { kind: "nested", struct: "VenueConfig" }, required: false, standard: {} }],
    ["venues", { rule: { kind: "table", key: { kind: "name" }, item: { kind: "nested", struct: "VenueLatency" } }, required: false, standard: {} }],
    ["accounts", { rule: { kind: "table", key: { kind: "name" }, item: { kind: "nested", struct: "AccountConfig" } }, required: false, standard: {"main": {"currency": "USD", "cash": 100000}} }],
    ["fx", { rule: { kind: "table", key: { kind: "currency_pair" }, item: { kind: "number", above: 0n, least: null, most: 1000000000000000000n } }, required: false, standard: {} }],
    ["limits", { rule: { kind: "nested", struct: "Limits" }, required: false, standard: {} }],
    ["models", { rule: { kind: "table", key: { kind: "name" }, item: { kind: "nested", struct: "ModelConfig" } }, required: false, standard: {} }],
    ["output", { rule: { kind: "nested", struct: "OutputConfig" }, required: false, standard: {} }],
  ]),
};
