/** Ticks and signals of one poll, as columns, records or objects. */

import { describe, InvalidArgument } from "./errors.ts";
import * as abi from "./generated/abi.ts";
import { TickRecord } from "./generated/records.ts";
import type { Tradable } from "./instruments.ts";
import { fromRaw, POWERS_OF_TEN } from "./numbers.ts";
import type { Side } from "./reports.ts";

/** A quote, trade or another tick; prices and sizes in units, null where it has none. */
export interface Tick {
  readonly kind: string;
  /** "" for a tick of no instrument, such as the clock's. */
  readonly symbol: string;
  /** Exchange time in nanoseconds. */
  readonly tsEvent: bigint;
  readonly bidPrice: number | null;
  readonly askPrice: number | null;
  readonly bidSize: number | null;
  readonly askSize: number | null;
  readonly price: number | null;
  readonly size: number | null;
  readonly aggressor: Side | null;
}

/** What a model found. */
export interface Signal {
  readonly model: string;
  readonly symbol: string;
  readonly tsEvent: bigint;
  /** Probabilities of the model's classes in their order, or mean and deviation. NaN while it is not ready. */
  readonly values: readonly number[];
  readonly confidence: number;
  readonly ready: boolean;
  readonly calibrated: boolean;
  readonly precision: "fp32" | "bf16" | "int8";
}

const PRICES = { bidPrice: 24, askPrice: 32, price: 24 } as const; // offsets in nt_tick, checked by a test
const SIZES = { bidSize: 40, askSize: 48, size: 32 } as const;
const TIMES = { tsEvent: 8, tsRecv: 16 } as const;
const INSTRUMENT = 56;
const KIND = 60;

export type Column = keyof typeof PRICES | keyof typeof SIZES | keyof typeof TIMES | "instrument" | "kind";

/** Ticks of one poll: valid until the next. */
export class Ticks implements Iterable<Tick> {
  readonly length: number;
  readonly #view: DataView;
  readonly #record: TickRecord;
  readonly #tradables: readonly Tradable[];

  /** @internal */
  constructor(view: DataView, record: TickRecord, length: number, tradables: readonly Tradable[]) {
    this.#view = view;
    this.#record = record;
    this.length = length;
    this.#tradables = tradables;
  }

  /** A cursor on record `index`; there is one for all of them. RangeError beyond the last. */
  at(index: number): TickRecord {
    if (!(Number.isInteger(index) && index >= 0 && index < this.length)) {
      throw new RangeError(`there are ${this.length} ticks, and none is number ${describe(index)}`);
    }
    return this.#record.at(index);
  }

  /**
   * A field of all of them. `price` and `size` are of trades and levels, bids and asks of quotes, in units, and NaN elsewhere; times are
   * doubles, which are exact to 256 ns today.
   */
  column(name: Column): Float64Array {
    const out = new Float64Array(this.length);
    const view = this.#view;
    if (name === "kind") {
      for (let i = 0; i < out.length; i++) out[i] = view.getUint8(i * TickRecord.bytes + KIND);
    } else if (name === "instrument") {
      for (let i = 0; i < out.length; i++) out[i] = view.getUint32(i * TickRecord.bytes + INSTRUMENT, true);
    } else if (Object.hasOwn(PRICES, name)) {
      this.#scaled(out, name, PRICES[name as keyof typeof PRICES], this.#tradables.map((tradable) => tradable.priceDecimals));
    } else if (Object.hasOwn(SIZES, name)) {
      this.#scaled(out, name, SIZES[name as keyof typeof SIZES], this.#tradables.map((tradable) => tradable.quantityDecimals));
    } else if (Object.hasOwn(TIMES, name)) {
      const at = TIMES[name as keyof typeof TIMES];
      for (let i = 0; i < out.length; i++) out[i] = wide(view, i * TickRecord.bytes + at);
    } else {
      const known = [...Object.keys(PRICES), ...Object.keys(SIZES), ...Object.keys(TIMES), "instrument", "kind"];
      throw new InvalidArgument(`ticks have no column ${describe(name)}; they have ${known.join(", ")}`);
    }
    return out;
  }

  #scaled(out: Float64Array, name: Column, at: number, decimals: readonly number[]): void {
    const view = this.#view;
    // Ticks of all kinds share these words.
    const kinds = name === "price" || name === "size" ? [abi.NT_TICK_TRADE, abi.NT_TICK_LEVEL] : [abi.NT_TICK_QUOTE];
    const scales = decimals.map((places) => POWERS_OF_TEN[places] ?? NaN);
    for (let i = 0; i < out.length; i++) {
      const start = i * TickRecord.bytes;
      const value = wide(view, start + at);
      const scale = scales[view.getUint32(start + INSTRUMENT, true)] ?? 1;
      out[i] = value === ABSENT || !kinds.includes(view.getUint8(start + KIND)) ? NaN : value / scale;
    }
  }

  *[Symbol.iterator](): Iterator<Tick> {
    for (let i = 0; i < this.length; i++) yield tickOf(this.#record.at(i), this.#tradables);
  }
}

const ABSENT = Number(abi.NT_ABSENT);

/** A signed 64-bit integer as the nearest double. */
function wide(view: DataView, at: number): number {
  return view.getInt32(at + 4, true) * 4294967296 + view.getUint32(at, true);
}

function units(raw: number, decimals: number): number | null {
  return Number.isNaN(raw) ? null : fromRaw(raw, decimals);
}

function tickOf(record: TickRecord, tradables: readonly Tradable[]): Tick {
  const kind = record.kind;
  const tradable = tradables[record.instrument];
  const isQuote = kind === abi.NT_TICK_QUOTE && tradable !== undefined;
  const isTrade = kind === abi.NT_TICK_TRADE && tradable !== undefined;
  const aggressor = isTrade ? record.aggressor : 0;
  return {
    kind: abi.TICK_KIND[kind] ?? String(kind),
    symbol: tradable?.symbol ?? "",
    tsEvent: record.tsEventRaw,
    bidPrice: isQuote ? units(record.bidPrice, tradable.priceDecimals) : null,
    askPrice: isQuote ? units(record.askPrice, tradable.priceDecimals) : null,
    bidSize: isQuote ? units(record.bidSize, tradable.quantityDecimals) : null,
    askSize: isQuote ? units(record.askSize, tradable.quantityDecimals) : null,
    price: isTrade ? units(record.price, tradable.priceDecimals) : null,
    size: isTrade ? units(record.size, tradable.quantityDecimals) : null,
    aggressor: aggressor === abi.NT_SIDE_BUY ? "BUY" : aggressor === abi.NT_SIDE_SELL ? "SELL" : null,
  };
}

/** A record of kind NT_TICK_SIGNAL as an object. */
export function signalOf(record: TickRecord, models: readonly string[], tradables: readonly Tradable[]): Signal {
  const flags = record.signalFlags;
  return {
    model: models[record.model] ?? "",
    symbol: tradables[record.instrument]?.symbol ?? "",
    tsEvent: record.tsEventRaw,
    values: Array.from({ length: Math.min(record.valueCount, abi.NT_SIGNAL_VALUES) }, (_, index) => record.values(index)),
    confidence: record.confidence,
    ready: (flags & abi.NT_SIGNAL_NOT_READY) === 0,
    calibrated: (flags & abi.NT_SIGNAL_CALIBRATED) !== 0,
    precision: (flags & abi.NT_SIGNAL_INT8) !== 0 ? "int8" : (flags & abi.NT_SIGNAL_BFLOAT16) !== 0 ? "bf16" : "fp32",
  };
}

/** Take the signals out of `count` records, which close up in place. Returns how many ticks are left. */
export function takeSignals(memory: Uint8Array, record: TickRecord, count: number, take: (record: TickRecord) => void): number {
  let kept = 0;
  for (let i = 0; i < count; i++) {
    if (record.at(i).kind === abi.NT_TICK_SIGNAL) {
      take(record);
    } else {
      if (kept !== i) memory.copyWithin(kept * TickRecord.bytes, i * TickRecord.bytes, (i + 1) * TickRecord.bytes);
      kept += 1;
    }
  }
  return kept;
}
