/** What a kernel shows at a moment: quotes, positions, accounts, features and signals. */

import { ModelNotReady, NameInUse, NoData, NotFound } from "./errors.ts";
import * as abi from "./generated/abi.ts";
import { AccountViewRecord, ChannelRecord, PositionRecord, QuoteRecord, StatusRecord, TickRecord } from "./generated/records.ts";
import type { Tradable, TradingAccount } from "./instruments.ts";
import { unknown } from "./instruments.ts";
import type { Block, Library } from "./library.ts";
import { fromRaw, rawText } from "./numbers.ts";
import type { Signal } from "./ticks.ts";
import { signalOf } from "./ticks.ts";

/** Prices and sizes in units, null until known. */
export interface Quote {
  readonly symbol: string;
  readonly tsEvent: bigint;
  readonly bidPrice: number | null;
  readonly askPrice: number | null;
  readonly bidSize: number | null;
  readonly askSize: number | null;
  readonly lastPrice: number | null;
  readonly lastSize: number | null;
  readonly session: string;
  /** Implied from trades by the tick rule. */
  readonly implied: boolean;
  /** Its book is stale, and its prices are absent. */
  readonly stale: boolean;
}

/** Quantities in units, money as exact text. */
export interface Position {
  readonly symbol: string;
  /** Filled, signed. */
  readonly quantity: number;
  /** Once everything under way has filled, this client's orders in flight included. */
  readonly projected: number;
  readonly workingBuy: number;
  readonly workingSell: number;
  /** Average cost of what is open, NaN when flat. */
  readonly averagePrice: number;
  /** Before fees. */
  readonly realizedPnl: string;
  readonly unrealizedPnl: string;
  readonly fees: string;
}

/** Money of an account in its currency, as exact text. */
export interface Account {
  readonly name: string;
  readonly currency: string;
  readonly cash: string;
  readonly equity: string;
  readonly realizedPnl: string;
  readonly unrealizedPnl: string;
  readonly fees: string;
  readonly dayPnl: string;
  readonly openOrders: number;
  readonly state: string;
  /** Why it was latched, null where nothing did. */
  readonly stateReason: string | null;
}

const SCRATCH_BYTES = 512; // the largest of the records

/** The index of a model, the first unless named. NotFound where there is none. */
export function modelOf(models: readonly string[], name: string | undefined): number {
  if (models.length === 0) throw new NotFound("this kernel has no models; add [models.NAME] to its configuration");
  const index = name === undefined ? 0 : models.indexOf(name);
  if (index < 0) throw unknown("model", name, models);
  return index;
}

/** Reads through one handle, into one block of memory. */
export class Reads {
  readonly #library: Library;
  readonly #calls: Library["symbols"];
  readonly #tradables: readonly Tradable[];
  readonly #models: readonly string[];
  readonly #scratch: Block;
  readonly #position: PositionRecord;
  readonly #quote: QuoteRecord;
  readonly #account: AccountViewRecord;
  readonly #status: StatusRecord;
  readonly #signal: TickRecord;
  readonly #features: Float64Array;
  readonly #featureNames: readonly string[];
  #handle: number;

  constructor(library: Library, handle: number, tradables: readonly Tradable[], models: readonly string[]) {
    this.#library = library;
    this.#calls = library.symbols;
    this.#handle = handle;
    this.#tradables = tradables;
    this.#models = models;
    this.#scratch = library.allocate(SCRATCH_BYTES);
    this.#position = new PositionRecord(this.#scratch.buffer);
    this.#quote = new QuoteRecord(this.#scratch.buffer);
    this.#account = new AccountViewRecord(this.#scratch.buffer);
    this.#status = new StatusRecord(this.#scratch.buffer);
    this.#signal = new TickRecord(this.#scratch.buffer);
    this.#features = new Float64Array(this.#scratch.buffer, 0, abi.NT_FEATURE_COUNT);
    this.#featureNames = featureNames(library, this.#scratch);
  }

  quote(tradable: Tradable): Quote {
    const { symbol } = tradable;
    this.#check(this.#calls.nt_read_quote(this.#handle, tradable.index, this.#scratch.pointer), symbol);
    const row = this.#quote;
    const price = (raw: number): number | null => (Number.isNaN(raw) ? null : fromRaw(raw, tradable.priceDecimals));
    const size = (raw: number): number | null => (Number.isNaN(raw) ? null : fromRaw(raw, tradable.quantityDecimals));
    const prices = { bidPrice: price(row.bidPrice), askPrice: price(row.askPrice), bidSize: size(row.bidSize), askSize: size(row.askSize) };
    const last = { lastPrice: price(row.lastPrice), lastSize: size(row.lastSize) };
    const flags = { implied: (row.flags & abi.NT_TICK_IMPLIED) !== 0, stale: (row.flags & abi.NT_TICK_STALE) !== 0 };
    return { symbol, tsEvent: row.tsEventRaw, ...prices, ...last, session: abi.SESSION[row.session] ?? String(row.session), ...flags };
  }

  position(tradable: Tradable, owner: TradingAccount): Position {
    this.#check(this.#calls.nt_read_position(this.#handle, owner.index, tradable.index, this.#scratch.pointer), tradable.symbol);
    const row = this.#position;
    const units = (raw: number): number => fromRaw(raw, tradable.quantityDecimals);
    return {
      symbol: tradable.symbol,
      quantity: units(row.quantity),
      projected: units(row.projected),
      workingBuy: units(row.workingBuy),
      workingSell: units(row.workingSell),
      averagePrice: row.averagePrice,
      realizedPnl: rawText(row.realizedPnlRaw, owner.decimals),
      unrealizedPnl: rawText(row.unrealizedPnlRaw, owner.decimals),
      fees: rawText(row.feesRaw, owner.decimals),
    };
  }

  account(owner: TradingAccount): Account {
    this.#check(this.#calls.nt_read_account(this.#handle, owner.index, this.#scratch.pointer), owner.name);
    const row = this.#account;
    const money = (raw: bigint): string => rawText(raw, owner.decimals);
    return {
      name: owner.name,
      currency: owner.currency,
      cash: money(row.cashRaw),
      equity: money(row.equityRaw),
      realizedPnl: money(row.realizedPnlRaw),
      unrealizedPnl: money(row.unrealizedPnlRaw),
      fees: money(row.feesRaw),
      dayPnl: money(row.dayPnlRaw),
      openOrders: row.openOrders,
      state: abi.TRADING_STATE[row.state] ?? String(row.state),
      stateReason: row.stateReason === 0 ? null : (abi.REASON[row.stateReason] ?? String(row.stateReason)),
    };
  }

  features(tradable: Tradable): Readonly<Record<string, number>> {
    const result = this.#calls.nt_read_features(this.#handle, tradable.index, this.#scratch.pointer, abi.NT_FEATURE_COUNT);
    this.#check(result, tradable.symbol);
    const values: Record<string, number> = {};
    const names = this.#featureNames;
    for (let index = 0; index < names.length; index++) values[names[index] as string] = this.#features[index] as number;
    return values;
  }

  signal(tradable: Tradable, model: number): Signal {
    const result = this.#calls.nt_read_signal(this.#handle, model, tradable.index, this.#scratch.pointer);
    const [name, symbol] = [this.#models[model], tradable.symbol];
    if (result === abi.NT_ERR_NO_DATA) throw new NoData(`model ${name} has said nothing about ${symbol} yet`);
    if (result === abi.NT_ERR_NOT_READY) {
      throw new ModelNotReady(`model ${name} warms up on ${symbol}; its last signal does not hold any more`);
    }
    this.#check(result, symbol);
    return signalOf(this.#signal, this.#models, this.#tradables);
  }

  nowNs(): bigint {
    this.#check(this.#calls.nt_read_now(this.#handle, this.#scratch.pointer), "");
    return new DataView(this.#scratch.buffer).getBigInt64(0, true);
  }

  get onTape(): boolean {
    this.#check(this.#calls.nt_read_status(this.#handle, this.#scratch.pointer), "");
    return this.#status.clock === abi.NT_CLOCK_TAPE;
  }

  /** Ids of a name's former life go on: beyond 2^53 they would not be exact. */
  checkIds(name: string): void {
    this.#check(this.#calls.nt_read_status(this.#handle, this.#scratch.pointer), "");
    const channels = this.#status.channels;
    const row = new ChannelRecord(this.#scratch.buffer);
    for (let index = 0; index < channels; index++) {
      this.#check(this.#calls.nt_read_channel(this.#handle, index, this.#scratch.pointer), "");
      if (row.client !== name || row.lastClientOrderIdRaw < BigInt(Number.MAX_SAFE_INTEGER) - 2n ** 32n) continue;
      throw new NameInUse(`the order ids of ${name} have come near 2^53, beyond which JavaScript is not exact; take another name`, {
        observed: row.lastClientOrderIdRaw,
        limit: Number.MAX_SAFE_INTEGER,
      });
    }
  }

  /** The handle is closed: from now on every read is a BadHandle. */
  close(): void {
    this.#handle = 0;
  }

  #check(result: number, symbol: string): void {
    if (result >= 0) return;
    if (result === abi.NT_ERR_NO_DATA) throw new NoData(`no tick of ${symbol} has come yet`);
    this.#library.check(result, this.#handle);
  }
}

function featureNames(library: Library, scratch: Block): readonly string[] {
  const text = new Uint8Array(scratch.buffer, 0, abi.NT_NAME_BYTES);
  return Array.from({ length: abi.NT_FEATURE_COUNT }, (_, index) => {
    library.check(library.symbols.nt_feature_name(index, scratch.pointer, abi.NT_NAME_BYTES), 0);
    return new TextDecoder().decode(text.slice(0, text.indexOf(0)));
  });
}
