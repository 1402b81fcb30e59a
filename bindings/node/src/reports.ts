/** Reports, and what became of an order. */

import * as abi from "./generated/abi.ts";
import type { ReportRecord } from "./generated/records.ts";
import type { Tradable } from "./instruments.ts";
import { fromRaw, rawText } from "./numbers.ts";

export type Side = "BUY" | "SELL";
export type Status = "PENDING" | "NEW" | "PARTIAL" | "FILLED" | "CANCELED" | "EXPIRED" | "DENIED" | "REJECTED";
/** An order's first id, exact up to 2^53. */
export type OrderId = number;

const STATUSES: Readonly<Record<number, Status>> = {
  [abi.NT_STATUS_PENDING_NEW]: "PENDING",
  [abi.NT_STATUS_NEW]: "NEW",
  [abi.NT_STATUS_PARTIALLY_FILLED]: "PARTIAL",
  [abi.NT_STATUS_FILLED]: "FILLED",
  [abi.NT_STATUS_CANCELED]: "CANCELED",
  [abi.NT_STATUS_EXPIRED]: "EXPIRED",
  [abi.NT_STATUS_DENIED]: "DENIED",
  [abi.NT_STATUS_REJECTED]: "REJECTED",
};
const TERMINAL: ReadonlySet<Status> = new Set(["FILLED", "CANCELED", "EXPIRED", "DENIED", "REJECTED"]);

/** Whether nothing more can become of an order. */
export function isTerminal(status: Status): boolean {
  return TERMINAL.has(status);
}

/** FIX's pending states are those of the order behind them. */
export function statusOf(status: number, filled: number): Status {
  return STATUSES[status] ?? (filled > 0 ? "PARTIAL" : "NEW");
}

export function sideOf(side: number): Side | "" {
  return side === abi.NT_SIDE_BUY ? "BUY" : side === abi.NT_SIDE_SELL ? "SELL" : "";
}

/** What `observed` or `limit` of a report says, in units of what it counts. */
function valueText(unit: number, raw: bigint, tradable: Tradable | undefined, moneyDecimals: number, check: number): string | null {
  if (unit === 0 || raw === abi.NT_ABSENT) return null;
  if (unit === abi.NT_UNIT_PRICE && tradable !== undefined) return rawText(raw, tradable.priceDecimals);
  if (unit === abi.NT_UNIT_QUANTITY && tradable !== undefined) return rawText(raw, tradable.quantityDecimals);
  if (unit === abi.NT_UNIT_MONEY) return rawText(raw, moneyDecimals);
  if (unit === abi.NT_UNIT_NANOSECONDS) return `${raw} ns`;
  if (unit === abi.NT_UNIT_STATE) return (check === abi.NT_CHECK_SESSION ? abi.SESSION : abi.TRADING_STATE)[Number(raw)] ?? String(raw);
  return String(raw);
}

/** An answer of the kernel about an order. */
export class Report {
  readonly orderId: OrderId;
  /** When it happened, in nanoseconds of the kernel's time. */
  readonly tsEvent: bigint;
  /** NT_CHECK_ that decided, 0 where none did. */
  readonly check: number;
  /** FIX 103 OrdRejReason. */
  readonly fixReason: number;
  readonly status: Status;
  readonly #kind: number;
  readonly #side: number;
  readonly #liquidity: number;
  readonly #reason: number;
  readonly #unit: number;
  readonly #lastPrice: number;
  readonly #lastQuantity: number;
  readonly #leaves: number;
  readonly #cumulative: number;
  readonly #fee: bigint;
  readonly #observed: bigint;
  readonly #limit: bigint;
  readonly #tradable: Tradable | undefined;
  readonly #moneyDecimals: number;

  /** @internal */
  constructor(record: ReportRecord, tradable: Tradable | undefined, moneyDecimals: number) {
    this.orderId = record.clientOrderId;
    this.tsEvent = record.tsEventRaw;
    this.check = record.check;
    this.fixReason = record.fixReason;
    this.#lastPrice = record.lastPrice;
    this.#lastQuantity = record.lastQuantity;
    this.#leaves = record.leavesQuantity;
    this.#cumulative = record.cumulativeQuantity;
    this.#kind = record.execType;
    this.#side = record.side;
    this.#liquidity = record.liquidity;
    this.#reason = record.reason;
    this.#unit = record.unit;
    this.#fee = this.#lastQuantity === 0 ? 0n : record.feeRaw; // 64 bits wide
    this.#observed = this.#unit === 0 ? 0n : record.observedRaw; // clipped to 64 bits where it did not fit
    this.#limit = this.#unit === 0 ? 0n : record.limitRaw;
    this.#tradable = tradable;
    this.#moneyDecimals = moneyDecimals;
    this.status = statusOf(record.orderStatus, this.#cumulative);
  }

  /** "" where the order named no instrument of the kernel. */
  get symbol(): string {
    return this.#tradable?.symbol ?? "";
  }

  /** NEW, TRADE, CANCELED, REPLACED, EXPIRED, DENIED, REJECTED, CANCEL_REJECTED, REPLACE_REJECTED or TRIGGERED. */
  get kind(): string {
    return abi.EXEC_TYPE[this.#kind] ?? String(this.#kind);
  }

  get side(): Side | "" {
    return sideOf(this.#side);
  }

  /** Price of this fill, null where nothing traded. */
  get lastPrice(): number | null {
    return Number.isNaN(this.#lastPrice) || this.#tradable === undefined ? null : fromRaw(this.#lastPrice, this.#tradable.priceDecimals);
  }

  /** Quantity of this fill. */
  get lastQuantity(): number {
    return this.#quantity(this.#lastQuantity);
  }

  /** What is still open. */
  get leavesQuantity(): number {
    return this.#quantity(this.#leaves);
  }

  /** What has been filled so far. */
  get cumulativeQuantity(): number {
    return this.#quantity(this.#cumulative);
  }

  /** Fee of this fill in account currency, exact; negative is a rebate. */
  get fee(): string {
    return rawText(this.#fee, this.#moneyDecimals);
  }

  /** MAKER or TAKER for a fill. */
  get liquidity(): "MAKER" | "TAKER" | null {
    return this.#liquidity === 0 ? null : this.#liquidity === abi.NT_LIQUIDITY_MAKER ? "MAKER" : "TAKER";
  }

  /** Why it was refused or ended. */
  get reason(): string | null {
    return this.#reason === 0 ? null : (abi.REASON[this.#reason] ?? String(this.#reason));
  }

  /** What the check saw. */
  get observed(): string | null {
    return valueText(this.#unit, this.#observed, this.#tradable, this.#moneyDecimals, this.check);
  }

  /** What it allows. */
  get limit(): string | null {
    return valueText(this.#unit, this.#limit, this.#tradable, this.#moneyDecimals, this.check);
  }

  toJSON(): Record<string, unknown> {
    const { orderId, symbol, kind, status, side, lastPrice, lastQuantity, leavesQuantity, cumulativeQuantity, fee, liquidity } = this;
    const { reason, check, fixReason, observed, limit } = this;
    const numbers = { lastPrice, lastQuantity, leavesQuantity, cumulativeQuantity, fee, liquidity };
    return { orderId, symbol, kind, status, side, ...numbers, reason, check, fixReason, observed, limit, tsEvent: String(this.tsEvent) };
  }

  #quantity(raw: number): number {
    return this.#tradable === undefined ? 0 : fromRaw(raw, this.#tradable.quantityDecimals);
  }
}

/** How an order ended, or stood when the wait for it ended. */
export class ExecutionResult {
  readonly orderId: OrderId;
  /** PENDING while no report has come. */
  readonly status: Status;
  /** From submit to the answer, by this process's clock. */
  readonly totalLatencyNs: number;
  /** What came about this order, in order. */
  readonly reports: readonly Report[];
  readonly #last: Report | undefined;

  /** @internal */
  constructor(orderId: OrderId, reports: readonly Report[], totalLatencyNs: number) {
    const last = reports[reports.length - 1];
    this.orderId = orderId;
    this.reports = reports;
    this.totalLatencyNs = totalLatencyNs;
    this.#last = last;
    this.status = last === undefined ? "PENDING" : last.status;
  }

  get filledQuantity(): number {
    return this.#last?.cumulativeQuantity ?? 0;
  }

  /** Of all fills; null without one. */
  get averagePrice(): number | null {
    const quantity = this.filledQuantity;
    return quantity > 0 ? this.reports.reduce((sum, report) => sum + (report.lastPrice ?? 0) * report.lastQuantity, 0) / quantity : null;
  }

  get reason(): string | null {
    return this.#last?.reason ?? null;
  }

  get observed(): string | null {
    return this.reason === null ? null : (this.#last?.observed ?? null);
  }

  get limit(): string | null {
    return this.reason === null ? null : (this.#last?.limit ?? null);
  }

  /** Of the last report, null without one. */
  get timestampNs(): bigint | null {
    return this.#last?.tsEvent ?? null;
  }

  toJSON(): Record<string, unknown> {
    const { orderId, status, filledQuantity, averagePrice, reason, observed, limit, timestampNs, totalLatencyNs } = this;
    const time = timestampNs === null ? null : String(timestampNs);
    return { orderId, status, filledQuantity, averagePrice, reason, observed, limit, timestampNs: time, totalLatencyNs };
  }

  /** As the Python package prints it: "DENIED QUANTITY_EXCEEDS_MAXIMUM observed=500 limit=10". */
  toString(): string {
    const { status, filledQuantity, averagePrice, reason, observed, limit } = this;
    const parts: string[] = [status];
    if (averagePrice !== null) parts.push(`${filledQuantity} @ ${averagePrice}`);
    if (reason !== null) parts.push(reason);
    if (observed !== null) parts.push(`observed=${observed}`);
    if (limit !== null) parts.push(`limit=${limit}`);
    return parts.join(" ");
  }
}
