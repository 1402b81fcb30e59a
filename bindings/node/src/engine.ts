/** The awaited face of a kernel: start, submit orders and await their answers, subscribe to market data, stop. */

import { Client } from "./client.ts";
import { Closed, describe, InvalidArgument, NeuralTraderError, NoData, NotFound, StateError, TimedOut } from "./errors.ts";
import type { KernelConfig } from "./generated/config_schema.ts";
import { Kernel } from "./kernel.ts";
import type { Library } from "./library.ts";
import type { MarketData } from "./market.ts";
import { Market } from "./market.ts";
import type { Counters, Latency } from "./monitor.ts";
import { Monitor } from "./monitor.ts";
import type { OrderRequest } from "./orders.ts";
import { orderId } from "./orders.ts";
import type { Account, Position } from "./reads.ts";
import type { OrderId, Report } from "./reports.ts";
import { ExecutionResult, isTerminal } from "./reports.ts";
import { chosenSymbols } from "./stream.ts";
import { waitingTime } from "./waiting.ts";

export type MarketDataCallback = (data: MarketData) => void | Promise<void>;

export interface SubmitOptions {
  /** "done" for MARKET, IOC and FOK orders and "accepted" for others, unless given. */
  readonly until?: "accepted" | "done";
  /** As long as it takes, unless given. */
  readonly timeoutMs?: number;
  /** Ends the wait; the order goes on. */
  readonly signal?: AbortSignal;
}

export interface Stats {
  readonly submitted: number;
  readonly open: number;
  readonly waiting: number;
  readonly reports: number;
  readonly ticks: number;
  /** Overwritten before they were read. */
  readonly ticksLost: number;
  readonly subscriptions: number;
  /** Callbacks that threw or rejected. */
  readonly failures: number;
  readonly counters: Counters;
  readonly state: string;
  /** Null before the first sample. */
  readonly latencyNs: { readonly orderToReport: Latency | null; readonly tickToOrder: Latency | null };
}

/** The time of a wait is up; the order goes on: `waitOrder` awaits it, `cancelOrder` ends it. `result` is how it stood. */
export class OrderTimedOut extends TimedOut {
  readonly result: ExecutionResult;

  constructor(text: string, result: ExecutionResult) {
    super(text);
    this.result = result;
  }
}

/** Ends with `unsubscribe`. Calls come one at a time; while one is awaited, newer data wait, and the oldest are dropped beyond 65,536. */
export interface Subscription {
  readonly symbols: readonly string[];
  readonly delivered: number;
  readonly dropped: number;
  readonly failures: number;
  unsubscribe(): void;
}

const ENDED_KEPT = 10_000; // orders at their end, for a later waitOrder
const QUEUE_ITEMS = 65_536;
const CLIENT = "engine";

interface Waiting {
  readonly done: boolean;
  readonly settle: () => void;
  readonly fail: (error: Error) => void;
}

/** An order as its reports tell. */
class Followed {
  readonly id: OrderId;
  readonly submitted: number = performance.now();
  /** When the last report came. */
  answered: number = NaN;
  readonly reports: Report[] = [];
  readonly waiting = new Set<Waiting>();

  constructor(id: OrderId) {
    this.id = id;
  }

  get ended(): boolean {
    const last = this.reports[this.reports.length - 1];
    return last !== undefined && isTerminal(last.status);
  }

  answers(done: boolean): boolean {
    return done ? this.ended : this.reports.length > 0;
  }

  result(): ExecutionResult {
    const until = this.reports.length === 0 ? performance.now() : this.answered;
    return new ExecutionResult(this.id, this.reports, Math.round((until - this.submitted) * 1e6));
  }
}

class CallbackSubscription implements Subscription {
  readonly symbols: readonly string[];
  delivered = 0;
  dropped = 0;
  failures = 0;
  readonly #wanted: ReadonlySet<string>;
  readonly #callback: MarketDataCallback;
  readonly #leave: (subscription: CallbackSubscription) => void;
  #queue: MarketData[] = [];
  #delivering = false;
  #active = true;

  constructor(wanted: ReadonlySet<string>, callback: MarketDataCallback, leave: (subscription: CallbackSubscription) => void) {
    this.symbols = [...wanted];
    this.#wanted = wanted;
    this.#callback = callback;
    this.#leave = leave;
  }

  push(data: MarketData): void {
    if (!this.#wanted.has(data.symbol)) return;
    this.#queue.push(data);
    if (this.#queue.length >= 2 * QUEUE_ITEMS) this.#drop();
    if (!this.#delivering) void this.#deliver();
  }

  unsubscribe(): void {
    this.#active = false;
    this.#queue = [];
    this.#leave(this);
  }

  #drop(): void {
    this.dropped += this.#queue.length - QUEUE_ITEMS;
    this.#queue = this.#queue.slice(-QUEUE_ITEMS);
  }

  /** Synchronous callbacks are called at once; an asynchronous one holds the next up. */
  async #deliver(): Promise<void> {
    this.#delivering = true;
    while (this.#active && this.#queue.length > 0) {
      const batch = this.#queue;
      this.#queue = [];
      for (let index = 0; index < batch.length && this.#active; index++) {
        try {
          this.delivered += 1;
          const answer = this.#callback(batch[index] as MarketData);
          if (answer instanceof Promise) await answer;
        } catch (error) {
          this.failures += 1;
          console.error("neural-trader: a market data callback failed:", error);
        }
      }
    }
    this.#delivering = false;
  }
}

/**
 * A client with its own loop, on a kernel of this process (`new ExecutionEngine(config)`) or of another
 * (`new ExecutionEngine("es-paper")`, the kernel's name).
 */
export class ExecutionEngine implements AsyncDisposable {
  readonly #target: KernelConfig | string;
  readonly #library: Library | undefined;
  readonly #orders = new Map<OrderId, Followed>();
  readonly #ended: OrderId[] = [];
  readonly #subscriptions = new Set<CallbackSubscription>();
  #kernel: Kernel | undefined;
  #client: Client | undefined;
  #monitor: Monitor | undefined;
  #pump: Promise<void> | undefined;
  #failure: Error | undefined;
  #starting: AbortController | undefined;
  #stopped: Promise<void> = Promise.resolve(); // a stop in progress
  #submitted = 0;
  #reports = 0;
  #ticks = 0;
  #lost = 0;

  constructor(kernel: KernelConfig | string, options: { readonly library?: Library } = {}) {
    this.#target = kernel;
    this.#library = options.library;
  }

  // ---- life ------------------------------------------------------------------------------------------------------------------

  /** Create the kernel, or find it, and run. ConfigError, NameInUse, NotFound; StateError when it runs already. */
  async start(options: { readonly name?: string; readonly timeoutMs?: number } = {}): Promise<void> {
    if (this.#client !== undefined || this.#starting !== undefined) throw new StateError("the engine runs already; stop it first");
    const starting = (this.#starting = new AbortController());
    try {
      await this.#stopped;
      starting.signal.throwIfAborted();
      const library = this.#library === undefined ? {} : { library: this.#library };
      let client: Client;
      if (typeof this.#target === "string") {
        client = this.#client = await Client.attach(this.#target, { ...library, ...options, signal: starting.signal });
      } else {
        this.#kernel = Kernel.create(this.#target, { ...library, realtime: true });
        this.#kernel.start();
        client = this.#client = this.#kernel.client(options.name ?? CLIENT);
      }
      if (client.onTape) throw new StateError("this kernel replays a tape, which ends; an engine is for real time: use Client there");
      this.#monitor = Monitor.attach(typeof this.#target === "string" ? this.#target : this.#target.name, library);
      this.#failure = undefined;
      this.#pump = this.#run(client);
    } catch (error) {
      this.#close();
      throw error;
    } finally {
      this.#starting = undefined;
    }
  }

  /** End subscriptions, fail open waits with Closed, cancel what works, end the kernel if it is ours. Harmless when it does not run. */
  stop(): Promise<void> {
    this.#starting?.abort(new Closed("the engine was stopped before it had started"));
    return (this.#stopped = this.#stop());
  }

  async #stop(): Promise<void> {
    const pump = this.#pump;
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
    this.#close();
    await pump;
    this.#fail(new Closed("the engine was stopped; the order may have been accepted"));
    this.#failure = undefined;
    this.#orders.clear();
    this.#ended.length = 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** False from the moment at which the kernel's death is seen: stop, then start again once there is a kernel. */
  get running(): boolean {
    return this.#client !== undefined && this.#failure === undefined;
  }

  /** The kernel of this process, to feed it; undefined for one of another process. */
  get kernel(): Kernel | undefined {
    return this.#kernel;
  }

  // ---- orders ----------------------------------------------------------------------------------------------------------------

  /**
   * Send an order and await its answer. A refused order is a result: status DENIED or REJECTED with reason, observed and limit. What is no
   * order throws: InvalidArgument, NotFound for an unknown symbol or account, Full when the kernel lags. OrderTimedOut after `timeoutMs`
   * leaves the order as it is; Closed when the engine stops meanwhile, KernelDead when the kernel dies.
   */
  async submitOrder(order: OrderRequest, options: SubmitOptions = {}): Promise<ExecutionResult> {
    const client = this.#running();
    const timeoutMs = waitingTime(options.timeoutMs, "timeoutMs", Infinity);
    const given = untilOf(options.until);
    options.signal?.throwIfAborted();
    const [id, ends] = client.send(order);
    const followed = new Followed(id);
    this.#submitted += 1;
    this.#orders.set(id, followed);
    return this.#await(followed, given ?? ends, timeoutMs, options.signal);
  }

  /** Await an order that submitOrder gave before. NotFound for another id. */
  async waitOrder(id: OrderId, options: SubmitOptions = {}): Promise<ExecutionResult> {
    this.#running();
    const timeoutMs = waitingTime(options.timeoutMs, "timeoutMs", Infinity);
    return this.#await(this.#followed(id), untilOf(options.until) ?? true, timeoutMs, options.signal);
  }

  /** Ask to cancel an order and await its end, which is FILLED when the fill came first. One that has ended gives its result. */
  async cancelOrder(id: OrderId, options: Omit<SubmitOptions, "until"> = {}): Promise<ExecutionResult> {
    const client = this.#running();
    const timeoutMs = waitingTime(options.timeoutMs, "timeoutMs", Infinity);
    const followed = this.#followed(id);
    if (!followed.ended) client.cancel(followed.id);
    return this.#await(followed, true, timeoutMs, options.signal);
  }

  /** How an order stands now, without waiting. NotFound for an id that submitOrder did not give. */
  order(id: OrderId): ExecutionResult {
    this.#running();
    return this.#followed(id).result();
  }

  #followed(id: OrderId): Followed {
    const found = this.#orders.get(orderId(id));
    if (found === undefined) throw new NotFound(`there is no order ${id}; this engine has not sent it, or it ended long ago`);
    return found;
  }

  async #await(followed: Followed, done: boolean, timeoutMs: number, signal: AbortSignal | undefined): Promise<ExecutionResult> {
    signal?.throwIfAborted();
    if (this.#failure !== undefined) throw this.#failure;
    if (followed.answers(done)) return followed.result();
    let timer: NodeJS.Timeout | undefined;
    let abort: (() => void) | undefined;
    let waiting: Waiting | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        waiting = { done, settle: resolve, fail: reject };
        followed.waiting.add(waiting);
        if (timeoutMs < Infinity) timer = setTimeout(() => reject(timedOut(followed, timeoutMs)), timeoutMs);
        if (signal !== undefined) {
          abort = () => reject(signal.reason as Error);
          signal.addEventListener("abort", abort, { once: true });
        }
      });
      return followed.result();
    } finally {
      clearTimeout(timer);
      if (abort !== undefined) signal?.removeEventListener("abort", abort);
      if (waiting !== undefined) followed.waiting.delete(waiting);
    }
  }

  // ---- market data and statistics ----------------------------------------------------------------------------------------------

  /** Call back after each quote and trade of the symbols from now on. InvalidArgument for no symbols or no function, NotFound. */
  subscribeMarketData(symbols: readonly string[], callback: MarketDataCallback): Subscription {
    const client = this.#running();
    if (symbols === undefined) throw new InvalidArgument("symbols must be a list of one symbol or more");
    const wanted = chosenSymbols(symbols, client);
    if (typeof callback !== "function") throw new InvalidArgument(`callback must be a function, not ${describe(callback)}`);
    const subscription = new CallbackSubscription(wanted, callback, (left) => this.#subscriptions.delete(left));
    this.#subscriptions.add(subscription);
    return subscription;
  }

  /** A position of an account, the first unless named. */
  position(symbol: string, account?: string): Position {
    return this.#running().position(symbol, account);
  }

  /** Money of an account, the first unless named. */
  account(name?: string): Account {
    return this.#running().account(name);
  }

  /** What has happened since start, counted by the kernel and by the engine. StateError when it does not run. */
  getStats(): Stats {
    const client = this.#running();
    const monitor = this.#monitor as Monitor;
    const latency = (kind: "ORDER_TO_REPORT" | "TICK_TO_ORDER"): Latency | null => {
      try {
        return monitor.latency(kind);
      } catch (error) {
        if (error instanceof NoData) return null;
        throw error;
      }
    };
    const orders = [...this.#orders.values()];
    return {
      submitted: this.#submitted,
      open: orders.filter((order) => !order.ended).length,
      waiting: orders.reduce((sum, order) => sum + order.waiting.size, 0),
      reports: this.#reports,
      ticks: this.#ticks,
      ticksLost: this.#lost,
      subscriptions: this.#subscriptions.size,
      failures: [...this.#subscriptions].reduce((sum, subscription) => sum + subscription.failures, 0),
      counters: monitor.counters(),
      state: client.account().state,
      latencyNs: { orderToReport: latency("ORDER_TO_REPORT"), tickToOrder: latency("TICK_TO_ORDER") },
    };
  }

  // ---- inside ------------------------------------------------------------------------------------------------------------------

  #running(): Client {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#client === undefined) throw new StateError("the engine does not run; await start first");
    return this.#client;
  }

  async #run(client: Client): Promise<void> {
    const market = new Market(client.tradables);
    try {
      for await (const batch of client.endlessBatches()) {
        this.#reports += batch.reports.length;
        this.#ticks += batch.ticks.length;
        this.#lost += batch.lost;
        for (const report of batch.reports) this.#follow(report);
        for (let index = 0; index < batch.ticks.length; index++) {
          const data = market.after(batch.ticks.at(index));
          if (data !== undefined) { for (const subscription of this.#subscriptions) subscription.push(data); }
        }
      }
    } catch (error) {
      if (this.#client !== client) return; // closed by stop
      this.#failure = error instanceof Error ? error : new NeuralTraderError(String(error));
      this.#fail(this.#failure);
    }
  }

  #follow(report: Report): void {
    const followed = this.#orders.get(report.orderId);
    if (followed === undefined) return;
    const had = followed.ended;
    followed.reports.push(report);
    followed.answered = performance.now();
    for (const waiting of followed.waiting) if (followed.answers(waiting.done)) waiting.settle();
    if (had || !followed.ended) return;
    this.#ended.push(followed.id);
    while (this.#ended.length > ENDED_KEPT) this.#orders.delete(this.#ended.shift() as OrderId);
  }

  #fail(error: Error): void {
    for (const followed of this.#orders.values()) for (const waiting of followed.waiting) waiting.fail(error);
  }

  #close(): void {
    const [client, kernel, monitor] = [this.#client, this.#kernel, this.#monitor];
    this.#client = this.#kernel = this.#monitor = undefined;
    monitor?.close();
    client?.close();
    kernel?.close();
  }
}

/** Whether to wait for the end; undefined where the order decides. */
function untilOf(until: unknown): boolean | undefined {
  if (until === undefined) return undefined;
  if (until === "done" || until === "accepted") return until === "done";
  throw new InvalidArgument(`until ${describe(until)} is neither "accepted" nor "done"`);
}

function timedOut(followed: Followed, timeoutMs: number): OrderTimedOut {
  const result = followed.result();
  const text = `order ${followed.id} is ${result.status} after ${timeoutMs} ms and goes on; waitOrder awaits it, cancelOrder ends it`;
  return new OrderTimedOut(text, result);
}
