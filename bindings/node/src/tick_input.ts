/** Market data in: what a program feeds to a kernel, checked and written as records. */

import { weekdayOf } from "./calendar.ts";
import { describe, InvalidArgument } from "./errors.ts";
import * as abi from "./generated/abi.ts";
import { TickRecord } from "./generated/records.ts";
import type { Tradable } from "./instruments.ts";
import { unknown } from "./instruments.ts";
import type { Price } from "./orders.ts";
import { flag } from "./orders.ts";
import type { Side } from "./reports.ts";

interface Stamped {
  /** Exchange time in nanoseconds; on a tape never before that of the tick before. A number has to be exact. */
  readonly tsEvent: bigint | number;
}

interface OfInstrument extends Stamped {
  readonly symbol: string;
}

/** The best bid and ask. */
export interface QuoteInput extends OfInstrument {
  readonly kind: "QUOTE";
  readonly bidPrice: Price;
  readonly askPrice: Price;
  readonly bidSize: Price;
  readonly askSize: Price;
}

export interface TradeInput extends OfInstrument {
  readonly kind: "TRADE";
  readonly price: Price;
  readonly size: Price;
  /** Whose order took; left out where the source does not say. */
  readonly aggressor?: Side | undefined;
  readonly tradeId?: bigint | number | undefined;
}

/** All that is displayed at a price of the book: size 0 removes it. A book begins with BOOK_CLEAR. */
export interface LevelInput extends OfInstrument {
  readonly kind: "LEVEL";
  /** BUY for a bid, SELL for an ask. */
  readonly side: Side;
  readonly price: Price;
  readonly size: Price;
  /** Levels of one update show together. */
  readonly updateId?: bigint | number | undefined;
  readonly snapshot?: boolean | undefined;
}

/** The book is empty; a snapshot, as levels, follows. */
export interface BookClearInput extends OfInstrument {
  readonly kind: "BOOK_CLEAR";
}

export interface SessionInput extends OfInstrument {
  readonly kind: "SESSION";
  readonly state: "OPEN" | "CLOSED" | "HALTED";
  /** As 2013-09-02: the day on which the session closes. */
  readonly tradingDay: string;
}

/** Data are missing before it: books of its instrument, or of all, are stale until they are cleared. */
export interface GapInput extends Stamped {
  readonly kind: "GAP";
  readonly symbol?: string | undefined;
}

/** From here on, for a kernel whose venue.latency is "measured". */
export interface LatencyInput extends OfInstrument {
  readonly kind: "LATENCY";
  readonly inNs: bigint | number;
  readonly outNs: bigint | number;
}

/** Only time passes. */
export interface ClockInput extends Stamped {
  readonly kind: "CLOCK";
}

/** The source ends. */
export interface EndInput extends Stamped {
  readonly kind: "END";
}

export type TickInput =
  | QuoteInput
  | TradeInput
  | LevelInput
  | BookClearInput
  | SessionInput
  | GapInput
  | LatencyInput
  | ClockInput
  | EndInput;

const KEYS: Readonly<Record<TickInput["kind"], readonly string[]>> = {
  QUOTE: ["symbol", "bidPrice", "askPrice", "bidSize", "askSize"],
  TRADE: ["symbol", "price", "size", "aggressor", "tradeId"],
  LEVEL: ["symbol", "side", "price", "size", "updateId", "snapshot"],
  BOOK_CLEAR: ["symbol"],
  SESSION: ["symbol", "state", "tradingDay"],
  GAP: ["symbol"],
  LATENCY: ["symbol", "inNs", "outNs"],
  CLOCK: [],
  END: [],
};
const CODES: ReadonlyMap<string, number> = new Map(Object.entries(abi.TICK_KIND).map(([code, name]) => [name, Number(code)]));
const SIDES: ReadonlyMap<unknown, number> = new Map([["BUY", abi.NT_SIDE_BUY], ["SELL", abi.NT_SIDE_SELL]]);
const STATES: ReadonlyMap<unknown, number> = new Map(Object.entries(abi.SESSION).map(([code, name]) => [name, Number(code)]));
const DAY_MS = 86_400_000;
const INT64_MAX = 2n ** 63n - 1n;

/** Writes ticks of the instruments of one kernel. */
export class TickWriter {
  readonly #tradables: ReadonlyMap<string, Tradable>;

  constructor(tradables: readonly Tradable[]) {
    this.#tradables = new Map(tradables.map((tradable) => [tradable.symbol, tradable]));
  }

  /** Records of ticks; those of one time are a slice. The error of a tick that is none says which it is. */
  write(ticks: readonly TickInput[]): ArrayBuffer {
    const memory = new ArrayBuffer(ticks.length * TickRecord.bytes);
    const record = new TickRecord(memory);
    let previous: bigint | undefined;
    for (let index = 0; index < ticks.length; index++) {
      try {
        this.#write(record.at(index), ticks[index]);
      } catch (error) {
        if (!(error instanceof InvalidArgument)) throw error;
        throw new InvalidArgument(`tick ${index}: ${error.message}`, { observed: error.observed, limit: error.limit });
      }
      const stamp = record.tsEventRaw;
      if (previous !== undefined && previous !== stamp) closeSlice(record.at(index - 1));
      previous = stamp;
    }
    if (ticks.length > 0) closeSlice(record.at(ticks.length - 1));
    return memory;
  }

  #write(record: TickRecord, tick: TickInput | undefined): void {
    if (typeof tick !== "object" || tick === null) throw new InvalidArgument(`${describe(tick)} is no tick`);
    const code = CODES.get(tick.kind);
    if (code === undefined || !Object.hasOwn(KEYS, tick.kind)) {
      throw new InvalidArgument(`kind ${describe(tick.kind)} is not one of ${Object.keys(KEYS).join(", ")}`);
    }
    for (const key of Object.keys(tick)) {
      if (key === "kind" || key === "tsEvent" || KEYS[tick.kind].includes(key)) continue;
      throw new InvalidArgument(`a ${tick.kind} has no ${key}; it has ${["kind", "tsEvent", ...KEYS[tick.kind]].join(", ")}`);
    }
    record.kind = code;
    record.tsEventRaw = whole(tick.tsEvent, "tsEvent", -INT64_MAX);
    switch (tick.kind) {
      case "QUOTE": {
        const { price, quantity } = this.#place(record, tick.symbol);
        record.bidPrice = price.raw(tick.bidPrice);
        record.askPrice = price.raw(tick.askPrice);
        record.bidSize = quantity.raw(tick.bidSize);
        record.askSize = quantity.raw(tick.askSize);
        break;
      }
      case "TRADE": {
        this.#priced(record, tick);
        record.tradeIdRaw = whole(tick.tradeId ?? 0, "tradeId");
        record.aggressor = tick.aggressor === undefined ? 0 : chosen(SIDES, tick.aggressor, "aggressor");
        break;
      }
      case "LEVEL": {
        this.#priced(record, tick);
        record.tradeIdRaw = whole(tick.updateId ?? 0, "updateId");
        record.aggressor = chosen(SIDES, tick.side, "side");
        if (flag(tick.snapshot, "snapshot")) record.flags = abi.NT_TICK_SNAPSHOT;
        break;
      }
      case "SESSION":
        this.#place(record, tick.symbol);
        record.price = chosen(STATES, tick.state, "state");
        record.size = dayNumber(tick.tradingDay);
        break;
      case "LATENCY":
        this.#place(record, tick.symbol);
        record.priceRaw = whole(tick.inNs, "inNs");
        record.sizeRaw = whole(tick.outNs, "outNs");
        break;
      case "BOOK_CLEAR":
        this.#place(record, tick.symbol);
        break;
      case "GAP":
        if (tick.symbol === undefined) record.instrument = abi.NT_NONE;
        else this.#place(record, tick.symbol);
        break;
      default:
        break; // CLOCK and END say nothing more
    }
  }

  #place(record: TickRecord, symbol: string): Tradable {
    const tradable = this.#tradables.get(symbol);
    if (tradable === undefined) throw unknown("instrument", symbol, [...this.#tradables.keys()]);
    record.instrument = tradable.index;
    return tradable;
  }

  #priced(record: TickRecord, { symbol, price, size }: TradeInput | LevelInput): void {
    const tradable = this.#place(record, symbol);
    record.price = tradable.price.raw(price);
    record.size = tradable.quantity.raw(size);
  }
}

function closeSlice(record: TickRecord): void {
  record.flags |= abi.NT_TICK_LAST_OF_SLICE;
}

function whole(value: unknown, what: string, least = 0n): bigint {
  const number = typeof value === "bigint" ? value : typeof value === "number" && Number.isSafeInteger(value) ? BigInt(value) : undefined;
  if (number !== undefined && number >= least && number <= INT64_MAX) return number;
  throw new InvalidArgument(`${what} ${describe(value)} is no whole number${least === 0n ? " from 0" : ""} that fits in 64 bits`);
}

function chosen(codes: ReadonlyMap<unknown, number>, value: unknown, what: string): number {
  const code = codes.get(value);
  if (code === undefined) throw new InvalidArgument(`${what} ${describe(value)} is not one of ${[...codes.keys()].join(", ")}`);
  return code;
}

/** Days since 1970-01-01. */
function dayNumber(day: unknown): number {
  const days = typeof day === "string" && weekdayOf(day) !== undefined ? Date.parse(`${day}T00:00:00Z`) / DAY_MS : NaN;
  if (!(days >= 0)) throw new InvalidArgument(`tradingDay ${describe(day)} is no date from 1970 on such as 2013-09-02`);
  return days;
}
