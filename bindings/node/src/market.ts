/** The market of each symbol as ticks come. */

import * as abi from "./generated/abi.ts";
import type { TickRecord } from "./generated/records.ts";
import type { Tradable } from "./instruments.ts";
import { fromRaw } from "./numbers.ts";

/** The market of one symbol right after one quote or trade, in units; null until the feed has brought one. */
export interface MarketData {
  readonly symbol: string;
  readonly kind: "QUOTE" | "TRADE";
  /** Of the last trade, as `volume`. */
  readonly price: number | null;
  readonly volume: number | null;
  readonly bid: number | null;
  readonly ask: number | null;
  /** ask - bid, rounded to the instrument's decimals. */
  readonly spread: number | null;
  /** The feed's time of this tick. */
  readonly timestampNs: bigint;
}

interface Row {
  price: number;
  volume: number;
  bid: number;
  ask: number;
}

/** What is known of each instrument; raw, NaN until known. */
export class Market {
  readonly #tradables: readonly Tradable[];
  readonly #rows: readonly Row[];

  constructor(tradables: readonly Tradable[]) {
    this.#tradables = tradables;
    this.#rows = tradables.map(() => ({ price: NaN, volume: NaN, bid: NaN, ask: NaN }));
  }

  /** The market after this tick; undefined for one that is neither quote nor trade. */
  after(tick: TickRecord): MarketData | undefined {
    const { kind, instrument } = tick;
    const tradable = this.#tradables[instrument];
    const row = this.#rows[instrument];
    if (tradable === undefined || row === undefined) return undefined;
    if (kind === abi.NT_TICK_QUOTE) {
      row.bid = tick.bidPrice;
      row.ask = tick.askPrice;
    } else if (kind === abi.NT_TICK_TRADE) {
      row.price = tick.price;
      row.volume = tick.size;
    } else {
      return undefined;
    }
    const price = (raw: number): number | null => (Number.isNaN(raw) ? null : fromRaw(raw, tradable.priceDecimals));
    return {
      symbol: tradable.symbol,
      kind: kind === abi.NT_TICK_QUOTE ? "QUOTE" : "TRADE",
      price: price(row.price),
      volume: Number.isNaN(row.volume) ? null : fromRaw(row.volume, tradable.quantityDecimals),
      bid: price(row.bid),
      ask: price(row.ask),
      spread: price(row.ask - row.bid),
      timestampNs: tick.tsEventRaw,
    };
  }
}
