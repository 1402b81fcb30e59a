/** Neural Trader for JavaScript: the public names, nothing else. */

export type { Account, AttachOptions, Batch, ExecuteOptions, OpenOrder, Position, Quote } from "./client.ts";
export { Client } from "./client.ts";
export * from "./errors.ts";
export type { LibraryOptions, Rejected } from "./library.ts";
export { Library, openLibrary } from "./library.ts";
export type { OrderRequest, OrderType, Price, Replacement, TimeInForce } from "./orders.ts";
export type { OrderId, Side, Status } from "./reports.ts";
export { ExecutionResult, Report } from "./reports.ts";
export type { AdapterName } from "./runtime/adapter.ts";
export type { Column, Signal, Tick } from "./ticks.ts";
export { Ticks } from "./ticks.ts";
