/** A client's own orders: those that are open, and those that somebody awaits. */

import { OpenOrderRecord } from "./generated/records.ts";
import type { Tradable } from "./instruments.ts";
import type { Library } from "./library.ts";
import { fromRaw } from "./numbers.ts";
import type { OrderId, Report, Side, Status } from "./reports.ts";
import { ExecutionResult, isTerminal, sideOf, statusOf } from "./reports.ts";

/** An order of this client that is not known to be at its end. */
export interface OpenOrder {
  readonly orderId: OrderId;
  readonly symbol: string;
  readonly side: Side | "";
  readonly quantity: number;
  readonly filled: number;
  readonly price: number | null;
  readonly status: Status;
}

/** The same with raw values and codes. */
export interface OpenRow {
  readonly orderId: OrderId;
  readonly tradable: Tradable;
  readonly account: number;
  readonly side: number;
  readonly status: number;
  readonly quantity: number;
  readonly filled: number;
  readonly price: number;
}

export function openOrders(library: Library, handle: number, tradables: readonly Tradable[]): readonly OpenRow[] {
  const read = library.symbols.nt_client_orders;
  const count = library.check(read(handle, null, 0), handle);
  if (count === 0) return [];
  const block = library.allocate(count * OpenOrderRecord.bytes);
  const found = Math.min(count, library.check(read(handle, block.pointer, count), handle));
  const row = new OpenOrderRecord(block.buffer);
  const rows: OpenRow[] = [];
  for (let index = 0; index < found; index++) {
    const { clientOrderId, instrument, account, side, status, quantity, filled, price } = row.at(index);
    const tradable = tradables[instrument];
    if (tradable !== undefined) rows.push({ orderId: clientOrderId, tradable, account, side, status, quantity, filled, price });
  }
  return rows;
}

export function openOrder({ orderId, tradable, side, quantity, filled, price, status }: OpenRow): OpenOrder {
  return {
    orderId,
    symbol: tradable.symbol,
    side: sideOf(side),
    quantity: fromRaw(quantity, tradable.quantityDecimals),
    filled: fromRaw(filled, tradable.quantityDecimals),
    price: Number.isNaN(price) ? null : fromRaw(price, tradable.priceDecimals),
    status: statusOf(status, filled),
  };
}

/** An order whose reports are its caller's. */
export class AwaitedOrder {
  readonly orderId: OrderId;
  readonly reports: Report[] = [];
  /** Its caller has the reports. */
  given = false;
  /** Its caller sleeps, or is about to wake up. */
  parked = false;
  readonly #done: boolean;

  constructor(id: OrderId, done: boolean) {
    this.orderId = id;
    this.#done = done;
  }

  get settled(): boolean {
    const last = this.reports[this.reports.length - 1];
    return last !== undefined && (!this.#done || isTerminal(last.status));
  }

  result(takenMs: number): ExecutionResult {
    this.given = true;
    return new ExecutionResult(this.orderId, this.reports, Math.round(takenMs * 1e6));
  }
}
