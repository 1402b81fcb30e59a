/** Orders in: what a caller asks for, checked and written as a record. */

import { describe, InvalidArgument } from "./errors.ts";
import * as abi from "./generated/abi.ts";
import type { OrderRecord } from "./generated/records.ts";
import type { Tradable, TradingAccount } from "./instruments.ts";
import { unknown } from "./instruments.ts";
import type { OrderId, Side } from "./reports.ts";

/** Units of price or quantity; text is exact, a number has to be within 1e-6 of a step. */
export type Price = number | string;
export type TimeInForce = "DAY" | "GTC" | "IOC" | "FOK" | "GTD";
export type OrderType = "MARKET" | "LIMIT" | "STOP" | "STOP_LIMIT" | "TRAILING_STOP" | "MARKET_IF_TOUCHED";

/**
 * An order. Without `orderType` it is MARKET, or LIMIT with a price; with `triggerPrice` STOP, or STOP_LIMIT with a price; with
 * `trailingOffset` (in price) TRAILING_STOP. DAY unless said. Only own properties are read, and one of another name is refused.
 */
export interface OrderRequest {
  readonly symbol: string;
  readonly side: Side;
  readonly quantity: Price;
  readonly price?: Price | undefined;
  readonly orderType?: OrderType | undefined;
  /** Reached by a trade at it or beyond. */
  readonly triggerPrice?: Price | undefined;
  readonly trailingOffset?: Price | undefined;
  readonly timeInForce?: TimeInForce | undefined;
  /** When a GTD order ends, in nanoseconds of the kernel's time. */
  readonly expireNs?: bigint | undefined;
  /** Refused where it would take. */
  readonly postOnly?: boolean | undefined;
  /** Closes at most what is open, measured at each fill. */
  readonly reduceOnly?: boolean | undefined;
  /** Shows an iceberg in slices of this size. */
  readonly displayQuantity?: Price | undefined;
  /** The first of orders that cancel each other when one trades or ends. */
  readonly oco?: OrderId | undefined;
  /** The order whose position this one closes: it works from the first fill of that one on. */
  readonly bracket?: OrderId | undefined;
  readonly account?: string | undefined;
}

/** What to change of an order. */
export interface Replacement {
  readonly quantity?: Price | undefined;
  readonly price?: Price | undefined;
  readonly triggerPrice?: Price | undefined;
}

const TYPES: ReadonlyMap<unknown, number> = new Map(
  Object.entries(abi.ORDER_TYPE).map(([code, name]) => [name, Number(code)]),
);
const TIMES_IN_FORCE: ReadonlyMap<unknown, number> = new Map(
  Object.entries(abi.TIME_IN_FORCE).map(([code, name]) => [name, Number(code)]),
);

const PRICED: ReadonlySet<number> = new Set([abi.NT_ORDER_LIMIT, abi.NT_ORDER_STOP_LIMIT]);

/** The code of an order's type, from what is given. */
function typeOf(name: unknown, priced: boolean, triggered: boolean, trails: boolean): number {
  let code: number;
  if (name !== undefined) {
    const found = TYPES.get(name);
    if (found === undefined) throw new InvalidArgument(`orderType ${describe(name)} is not one of ${[...TYPES.keys()].join(", ")}`);
    code = found;
  } else if (trails) {
    code = abi.NT_ORDER_TRAILING_STOP;
  } else if (triggered) {
    code = priced ? abi.NT_ORDER_STOP_LIMIT : abi.NT_ORDER_STOP;
  } else {
    code = priced ? abi.NT_ORDER_LIMIT : abi.NT_ORDER_MARKET;
  }
  const trailing = code === abi.NT_ORDER_TRAILING_STOP;
  const needs = (what: string, given: boolean, wanted: boolean): void => {
    if (given !== wanted) throw new InvalidArgument(`a ${abi.ORDER_TYPE[code]} order ${wanted ? "needs a" : "takes no"} ${what}`);
  };
  needs("price", priced, PRICED.has(code));
  needs("trailingOffset", trails, trailing);
  if (!trailing) needs("triggerPrice", triggered, code !== abi.NT_ORDER_MARKET && code !== abi.NT_ORDER_LIMIT);
  return code;
}

/** A truth value that is one. */
export function flag(value: unknown, what: string): boolean {
  if (value === undefined || typeof value === "boolean") return value ?? false;
  throw new InvalidArgument(`${what} must be true or false, not ${describe(value)}`);
}

/** An order's id. */
export function orderId(value: unknown, what = "order id"): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 1) return value;
  throw new InvalidArgument(`${what} ${describe(value)} is not a whole number from 1`);
}

/** An option where it is the object's own: a polluted Object.prototype has no say. */
export function own<Options extends object, Key extends keyof Options>(options: Options, key: Key): Options[Key] | undefined {
  return Object.hasOwn(options, key) ? options[key] : undefined;
}

/** InvalidArgument for what is no object, and for a key that nothing reads: a misspelt one would be lost. */
export function onlyKeys(options: object, known: readonly string[], what: string): void {
  if (typeof options !== "object" || options === null) throw new InvalidArgument(`${what} takes an object, not ${describe(options)}`);
  const other = Object.keys(options).find((key) => !known.includes(key));
  if (other !== undefined) throw new InvalidArgument(`${what} has no ${describe(other)}; it has ${known.join(", ")}`);
}

/** Whether everything inherits it: Object.prototype is polluted then. */
function isPollution(request: object, key: string): boolean {
  let at: object | null = request;
  while (at !== null && !Object.hasOwn(at, key)) at = Object.getPrototypeOf(at) as object | null;
  return at !== request && (at === null || Object.getPrototypeOf(at) === null);
}

/**
 * What an order may carry; read once, from own properties that can be enumerated. A misspelt key is refused, and so is one that a class
 * or a descriptor hides: an order without its price would be another order. What Object.prototype has does not count.
 */
class Given {
  symbol: unknown;
  side: unknown;
  quantity: unknown;
  price: unknown;
  orderType: unknown;
  triggerPrice: unknown;
  trailingOffset: unknown;
  timeInForce: unknown;
  expireNs: unknown;
  postOnly: unknown;
  reduceOnly: unknown;
  displayQuantity: unknown;
  oco: unknown;
  bracket: unknown;
  account: unknown;
  /** Whether anything is given that only some orders have. */
  extended = false;

  read(request: OrderRequest): void {
    this.symbol =
      this.side =
      this.quantity =
      this.price =
      this.timeInForce =
      this.account =
        undefined;
    if (this.extended) this.#clear();
    for (const key in request) {
      if (!Object.hasOwn(request, key)) continue;
      switch (key) {
        case "symbol":
          this.symbol = request.symbol;
          break;
        case "side":
          this.side = request.side;
          break;
        case "quantity":
          this.quantity = request.quantity;
          break;
        case "price":
          this.price = request.price;
          break;
        case "timeInForce":
          this.timeInForce = request.timeInForce;
          break;
        case "account":
          this.account = request.account;
          break;
        case "orderType":
        case "triggerPrice":
        case "trailingOffset":
        case "expireNs":
        case "postOnly":
        case "reduceOnly":
        case "displayQuantity":
        case "oco":
        case "bracket":
          this.#extra(key, request[key]);
          break;
        default:
          throw new InvalidArgument(`an order has no ${describe(key)}; it has ${this.#names().join(", ")}`);
      }
    }
    if (this.#mayHide(request)) this.#refuseHidden(request);
  }

  #extra(key: Extra, value: unknown): void {
    this[key] = value;
    if (value !== undefined) this.extended = true;
  }

  #names(): Key[] {
    return Object.keys(this).filter((name): name is Key => name !== "extended");
  }

  /** Lookups of names that are not there: one step each. */
  #mayHide(request: OrderRequest): boolean {
    return (
      (this.price === undefined && request.price !== undefined) ||
      (this.timeInForce === undefined && request.timeInForce !== undefined) ||
      (this.account === undefined && request.account !== undefined) ||
      (this.orderType === undefined && request.orderType !== undefined) ||
      (this.triggerPrice === undefined && request.triggerPrice !== undefined) ||
      (this.trailingOffset === undefined && request.trailingOffset !== undefined) ||
      (this.expireNs === undefined && request.expireNs !== undefined) ||
      (this.postOnly === undefined && request.postOnly !== undefined) ||
      (this.reduceOnly === undefined && request.reduceOnly !== undefined) ||
      (this.displayQuantity === undefined && request.displayQuantity !== undefined) ||
      (this.oco === undefined && request.oco !== undefined) ||
      (this.bracket === undefined && request.bracket !== undefined)
    );
  }

  #refuseHidden(request: OrderRequest): void {
    for (const name of this.#names()) {
      if (this[name] !== undefined || request[name] === undefined || isPollution(request, name)) continue;
      throw new InvalidArgument(`${name} of the order is inherited or hidden; give a plain object, which has it itself`);
    }
  }

  #clear(): void {
    this.orderType =
      this.triggerPrice =
      this.trailingOffset =
      this.expireNs =
      this.postOnly =
        undefined;
    this.reduceOnly =
      this.displayQuantity =
      this.oco =
      this.bracket =
        undefined;
    this.extended = false;
  }
}

type Key = keyof OrderRequest;
type Extra = Exclude<Key, "symbol" | "side" | "quantity" | "price" | "timeInForce" | "account">;

/** Writes orders of one client into one record. */
export class OrderWriter {
  #given: Given | undefined; // taken while a request is read: its getters may submit another
  readonly #record: OrderRecord;
  readonly #tradables: ReadonlyMap<unknown, Tradable>;
  readonly #accounts: ReadonlyMap<unknown, TradingAccount>;

  constructor(record: OrderRecord, tradables: ReadonlyMap<string, Tradable>, accounts: ReadonlyMap<string, TradingAccount>) {
    this.#record = record;
    this.#tradables = tradables;
    this.#accounts = accounts;
  }

  /** The record becomes this new order. Returns whether it ends by itself. InvalidArgument or NotFound otherwise. */
  write(request: OrderRequest): boolean {
    if (typeof request !== "object" || request === null) throw new InvalidArgument(`an order is an object, not ${describe(request)}`);
    const given = this.#given ?? new Given();
    this.#given = undefined;
    given.read(request);
    this.#given = given;
    const record = this.#record;
    if (given.symbol === undefined) throw new InvalidArgument("an order needs a symbol");
    const tradable = this.tradable(given.symbol);
    if (given.side === "BUY") record.side = abi.NT_SIDE_BUY;
    else if (given.side === "SELL") record.side = abi.NT_SIDE_SELL;
    else throw new InvalidArgument(`side ${describe(given.side)} is neither "BUY" nor "SELL"`);
    record.quantity = tradable.quantity.raw(given.quantity);
    const price = given.price;
    if (price === undefined) {
      record.type = abi.NT_ORDER_MARKET;
      record.price = NaN;
    } else {
      record.type = abi.NT_ORDER_LIMIT;
      record.price = tradable.price.raw(price);
    }
    const name = given.timeInForce;
    const timeInForce = name === undefined ? abi.NT_TIF_DAY : TIMES_IN_FORCE.get(name);
    if (timeInForce === undefined) {
      throw new InvalidArgument(`timeInForce ${describe(name)} is not one of ${[...TIMES_IN_FORCE.keys()].join(", ")}`);
    }
    record.timeInForce = timeInForce;
    record.message = abi.NT_MESSAGE_NEW;
    record.clientOrderId = 0;
    record.triggerPrice = NaN;
    record.flags = 0;
    record.instrument = tradable.index;
    record.account = given.account === undefined ? 0 : this.account(given.account).index;
    if (given.extended || timeInForce === abi.NT_TIF_GTD) this.#extend(given, tradable);
    return price === undefined || timeInForce === abi.NT_TIF_IOC || timeInForce === abi.NT_TIF_FOK;
  }

  /** The record becomes a request about an order. */
  request(message: number, target: OrderId, instrument: number, account: number): OrderRecord {
    const record = this.#record;
    record.message = message;
    record.clientOrderId = 0;
    record.flags = abi.NT_ORDER_EXTENDED;
    record.side = record.type = record.timeInForce = 0;
    record.quantity = record.price = record.triggerPrice = NaN;
    record.instrument = instrument;
    record.account = account;
    this.#clearLine1();
    record.originalClientOrderId = target;
    return record;
  }

  tradable(symbol: unknown): Tradable {
    const found = this.#tradables.get(symbol);
    if (found === undefined) throw unknown("symbol", symbol, [...this.#tradables.keys()] as string[]);
    return found;
  }

  account(name: unknown): TradingAccount {
    const found = this.#accounts.get(name);
    if (found === undefined) throw unknown("account", name, [...this.#accounts.keys()] as string[]);
    return found;
  }

  #clearLine1(): void {
    const record = this.#record;
    record.originalClientOrderId = record.expireTs = record.displayQuantity = 0;
    record.userTag = record.trailingOffset = record.listId = 0;
    record.contingency = 0;
  }

  /** What only some orders have. */
  #extend(given: Given, tradable: Tradable): void {
    const record = this.#record;
    const { triggerPrice, trailingOffset, expireNs, displayQuantity, oco, bracket } = given;
    record.type = typeOf(given.orderType, given.price !== undefined, triggerPrice !== undefined, trailingOffset !== undefined);
    this.#clearLine1();
    const reduceOnly = flag(given.reduceOnly, "reduceOnly") || bracket !== undefined;
    record.flags = abi.NT_ORDER_EXTENDED |
      (flag(given.postOnly, "postOnly") ? abi.NT_ORDER_POST_ONLY : 0) |
      (reduceOnly ? abi.NT_ORDER_REDUCE_ONLY : 0);
    if (triggerPrice !== undefined) record.triggerPrice = tradable.price.raw(triggerPrice);
    if (trailingOffset !== undefined) record.trailingOffset = tradable.price.raw(trailingOffset);
    if (displayQuantity !== undefined) record.displayQuantity = tradable.quantity.raw(displayQuantity);
    if ((expireNs !== undefined) !== (record.timeInForce === abi.NT_TIF_GTD)) {
      throw new InvalidArgument('timeInForce "GTD" and expireNs go together: an order that ends at a time');
    }
    if (expireNs !== undefined) {
      if (typeof expireNs !== "bigint" || expireNs < 1n || expireNs >= 2n ** 63n) {
        throw new InvalidArgument(`expireNs ${describe(expireNs)} is not a bigint from 1n to below 2n ** 63n`);
      }
      record.expireTsRaw = expireNs;
    }
    if (oco !== undefined && bracket !== undefined) {
      throw new InvalidArgument("an order hangs on another by oco or by bracket, not by both");
    }
    if (oco !== undefined) {
      record.contingency = abi.NT_CONTINGENCY_OCO;
      record.listId = orderId(oco, "oco");
    }
    if (bracket !== undefined) {
      record.contingency = abi.NT_CONTINGENCY_BRACKET;
      record.listId = orderId(bracket, "bracket");
    }
  }
}
