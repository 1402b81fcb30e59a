/** Neural Trader for JavaScript: the public names, nothing else. */

export type { AttachOptions, Batch, ExecuteOptions } from "./client.ts";
export { Client } from "./client.ts";
export type {
  AccountConfig,
  FeeConfig,
  InstrumentConfig,
  KernelConfig,
  LimitsConfig,
  ModelConfig,
  OutputConfig,
  SessionConfig,
  SourceConfig,
  VenueConfig,
  VenueLatencyConfig,
} from "./generated/config_schema.ts";
export { readConfig, validateConfig } from "./config.ts";
export type { MarketDataCallback, Stats, SubmitOptions, Subscription } from "./engine.ts";
export { ExecutionEngine, OrderTimedOut } from "./engine.ts";
export * from "./errors.ts";
export type { PushOptions } from "./feed.ts";
export { Feed } from "./feed.ts";
export type { KernelOptions, TradingState } from "./kernel.ts";
export { Kernel } from "./kernel.ts";
export type { Instrument } from "./instruments.ts";
export type { LibraryOptions, Rejected } from "./library.ts";
export { Library, openLibrary } from "./library.ts";
export type { MarketData } from "./market.ts";
export type { InstructionSet, ModelInfo, ModelOptions, Precision, Prediction, Sequences } from "./model.ts";
export { Model } from "./model.ts";
export type { Counters, Latency } from "./monitor.ts";
export { Monitor } from "./monitor.ts";
export type { OrderRequest, OrderType, Price, Replacement, TimeInForce } from "./orders.ts";
export type { OpenOrder } from "./own_orders.ts";
export type { Account, Position, Quote } from "./reads.ts";
export type { OrderId, Side, Status } from "./reports.ts";
export { ExecutionResult, Report } from "./reports.ts";
export type { Closable } from "./resources.ts";
export { CleanupFailed, ResourceManager } from "./resources.ts";
export type { AdapterName } from "./runtime/adapter.ts";
export type { SignalInput } from "./signal_input.ts";
export type { KernelStatus } from "./status.ts";
export type { StreamOptions } from "./stream.ts";
export { MarketDataStream } from "./stream.ts";
export type { Column, Signal, Tick } from "./ticks.ts";
export { Ticks } from "./ticks.ts";
export type {
  BookClearInput,
  ClockInput,
  EndInput,
  GapInput,
  LatencyInput,
  LevelInput,
  QuoteInput,
  SessionInput,
  TickInput,
  TradeInput,
} from "./tick_input.ts";
export type { Version } from "./version.ts";
export { getVersion } from "./version.ts";
