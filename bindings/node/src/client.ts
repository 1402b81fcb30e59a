/** A client of a kernel: attach, submit, poll, await, read. */

import { setTimeout as sleep } from "node:timers/promises";

import { BadHandle, Corrupt, describe, InvalidArgument, StateError, WouldDeadlock } from "./errors.ts";
import * as abi from "./generated/abi.ts";
import { OrderRecord, PollRecord, ReportRecord, TickRecord } from "./generated/records.ts";
import type { Pointer, Symbols } from "./generated/symbols.ts";
import type { Instrument, Tradable, TradingAccount } from "./instruments.ts";
import { findAccounts, findModels, findTradables, instrumentOf, unknown } from "./instruments.ts";
import type { Block, Library } from "./library.ts";
import { openLibrary } from "./library.ts";
import { Monitor } from "./monitor.ts";
import type { OrderRequest, Replacement } from "./orders.ts";
import { onlyKeys, orderId, OrderWriter, own } from "./orders.ts";
import type { OpenOrder, OpenRow } from "./own_orders.ts";
import { AwaitedOrder, openOrder, openOrders } from "./own_orders.ts";
import type { Account, Position, Quote } from "./reads.ts";
import { modelOf, Reads } from "./reads.ts";
import type { ExecutionResult, OrderId } from "./reports.ts";
import { Report } from "./reports.ts";
import type { SignalInput } from "./signal_input.ts";
import { writeSignal } from "./signal_input.ts";
import type { Signal } from "./ticks.ts";
import { signalOf, takeSignals, Ticks } from "./ticks.ts";
import { aborted, Parking, waitingTime } from "./waiting.ts";

/** Everything that one poll brought. Ticks are valid until the next poll. */
export interface Batch {
  readonly reports: readonly Report[];
  readonly ticks: Ticks;
  readonly signals: readonly Signal[];
  /** Ticks and signals that were overwritten before they were read; 0 on a tape. */
  readonly lost: number;
  /** The source has ended, and everything has been delivered. */
  readonly ended: boolean;
}

export interface AttachOptions {
  /** A name that was used before is taken up where it stopped; NameInUse while it lives. */
  readonly name?: string;
  /** For the kernel to appear and to answer; 5,000 unless given. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly library?: Library;
}

export interface ExecuteOptions {
  /** "done" waits for the order's end: the default of MARKET, IOC and FOK. "accepted" waits for the venue's acknowledgement. */
  readonly until?: "accepted" | "done";
  /** After it the result says how the order stands. 1,000 unless given; Infinity waits as long as it takes. */
  readonly timeoutMs?: number;
}

const TICKS = 4096; // of one poll
const REPORTS = 256;
const BATCH_TICKS = 256; // of one turn of `batches`
const LOOKS = 64; // of an awaited order before its caller sleeps: about 5 us
const SPIN_NS = 5_000; // of one look that spins: the library would sleep if it lasted longer
const SLEEP_NS = 10_000_000; // of one that sleeps
const SLICE_MS = 10; // of an attach that does not answer at once
const NO_REPORTS: readonly Report[] = [];
const NO_SIGNALS: readonly Signal[] = [];

/**
 * One client of a kernel. Calls are for one thread; a worker attaches by the kernel's name. Symbols are those of the kernel; prices and
 * quantities are in units. Leaving cancels its working orders.
 */
export class Client implements AsyncDisposable, Disposable {
  readonly name: string;
  /** Symbols in the order of the kernel's table. */
  readonly symbols: readonly string[];
  readonly #library: Library;
  readonly #calls: Symbols;
  readonly #tradables: readonly Tradable[];
  readonly #accounts: readonly TradingAccount[];
  readonly #models: readonly string[];
  readonly #moneyDecimals: number;
  readonly #writer: OrderWriter;
  readonly #order: OrderRecord;
  readonly #orderPointer: Pointer;
  readonly #ticks: Block;
  readonly #ticksView: DataView;
  readonly #tick: TickRecord;
  readonly #reportsPointer: Pointer;
  readonly #report: ReportRecord;
  readonly #pollPointer: Pointer;
  readonly #poll: PollRecord;
  readonly #reads: Reads;
  readonly #awaited = new Map<OrderId, AwaitedOrder>(); // by callers who sleep
  readonly #parking: Parking;
  #handle: number;
  #kept: Report[] = []; // read while an order was awaited, for the next poll
  #looking: AwaitedOrder | undefined; // what this thread looks for now: found without a search
  #subscribed = false;
  #ended = false;

  /** @internal */
  constructor(library: Library, handle: number, name: string) {
    this.#library = library;
    this.#calls = library.symbols;
    this.#handle = handle;
    this.name = name;
    this.#tradables = findTradables(library, handle);
    this.#accounts = findAccounts(library, handle);
    this.#models = findModels(library, handle);
    this.symbols = this.#tradables.map((tradable) => tradable.symbol);
    this.#moneyDecimals = this.#accounts[0]?.decimals ?? 0;
    const order = library.allocate(OrderRecord.bytes);
    this.#order = new OrderRecord(order.buffer);
    this.#orderPointer = order.pointer;
    this.#writer = new OrderWriter(
      this.#order,
      new Map(this.#tradables.map((tradable) => [tradable.symbol, tradable])),
      new Map(this.#accounts.map((account) => [account.name, account])),
    );
    this.#ticks = library.allocate(TICKS * TickRecord.bytes);
    this.#ticksView = new DataView(this.#ticks.buffer);
    this.#tick = new TickRecord(this.#ticks.buffer);
    const reports = library.allocate(REPORTS * ReportRecord.bytes);
    this.#report = new ReportRecord(reports.buffer);
    this.#reportsPointer = reports.pointer;
    const poll = library.allocate(PollRecord.bytes);
    this.#poll = new PollRecord(poll.buffer);
    this.#pollPointer = poll.pointer;
    this.#reads = new Reads(library, handle, this.#tradables, this.#models);
    this.#parking = new Parking(library, handle);
  }

  /** Claim a channel of a running kernel, in this process or another. */
  static async attach(kernel: string, options: AttachOptions = {}): Promise<Client> {
    const library = options.library ?? openLibrary();
    const timeoutMs = waitingTime(options.timeoutMs, "timeoutMs", 5_000);
    const unnamed = `js-${process.pid}-${crypto.randomUUID().slice(0, 8)}`; // workers of one process do not count together
    const name = options.name === undefined ? unnamed : options.name;
    const [kernelText, nameText] = [library.text(kernel, "kernel name"), library.text(name, "client name")];
    const handle = library.allocate(4);
    const started = performance.now();
    for (;;) {
      options.signal?.throwIfAborted();
      const left = Math.max(0, timeoutMs - (performance.now() - started));
      try {
        Monitor.attach(kernel, { library }).close(); // where there is no kernel nothing waits for one
        const sliceNs = Math.round(Math.min(left, SLICE_MS) * 1e6);
        library.call((error) => library.symbols.nt_client_attach(kernelText.pointer, nameText.pointer, sliceNs, handle.pointer, error));
        return Client.of(library, new Uint32Array(handle.buffer)[0] ?? 0, name);
      } catch (error) {
        const again = code(error) === abi.NT_ERR_NOT_FOUND || code(error) === abi.NT_ERR_KERNEL_DEAD || code(error) === abi.NT_ERR_TIMEOUT;
        if (!again || left === 0) throw error;
      }
      await sleep(1); // without the signal, whose own reason is thrown above
    }
  }

  /** An open handle as a client; closed again where it cannot be one. @internal */
  static of(library: Library, handle: number, name: string): Client {
    let client: Client | undefined;
    try {
      client = new Client(library, handle, name);
      client.#reads.checkIds(name);
      return client;
    } catch (error) {
      if (client === undefined) library.symbols.nt_close(handle);
      else client.close();
      throw error;
    }
  }

  // ---- orders ----------------------------------------------------------------------------------------------------------------

  /**
   * Send an order. Returns its id at once; the answer comes as a report. InvalidArgument for what is no side, number, tick or lot, NotFound
   * for an unknown symbol or account, Full when the kernel lags: nothing was sent then.
   */
  submit(order: OrderRequest): OrderId {
    this.#writer.write(order);
    return this.#send();
  }

  /** As submit; and whether the order ends by itself. @internal */
  send(order: OrderRequest): readonly [OrderId, boolean] {
    const ends = this.#writer.write(order);
    return [this.#send(), ends];
  }

  /** Ask for another total quantity, price or trigger. The answer is a REPLACED or REPLACE_REJECTED report of the order. */
  replace(id: OrderId, change: Replacement): void {
    onlyKeys(change, ["quantity", "price", "triggerPrice"], "replace");
    const [quantity, price, triggerPrice] = [own(change, "quantity"), own(change, "price"), own(change, "triggerPrice")];
    if (quantity === undefined && price === undefined && triggerPrice === undefined) {
      throw new InvalidArgument("replace needs a quantity, a price or a triggerPrice");
    }
    const target = orderId(id);
    const row = this.#openOrders().find((open) => open.orderId === target);
    if (row === undefined) throw unknown("open order", id, []);
    const record = this.#writer.request(abi.NT_MESSAGE_REPLACE, target, row.tradable.index, row.account);
    if (quantity !== undefined) record.quantity = row.tradable.quantity.raw(quantity);
    if (price !== undefined) record.price = row.tradable.price.raw(price);
    if (triggerPrice !== undefined) record.triggerPrice = row.tradable.price.raw(triggerPrice);
    this.#send();
  }

  /** Ask to cancel. The answer is a CANCELED or CANCEL_REJECTED report of the order. */
  cancel(id: OrderId): void {
    this.#writer.request(abi.NT_MESSAGE_CANCEL, orderId(id), 0, 0);
    this.#send();
  }

  /** Cancel what works for this client: everywhere, on one symbol or of one account. Returns how many open orders it knew of. */
  cancelAll(options: { readonly symbol?: string; readonly account?: string } = {}): number {
    onlyKeys(options, ["symbol", "account"], "cancelAll");
    const [symbol, account] = [own(options, "symbol"), own(options, "account")];
    const instrument = symbol === undefined ? abi.NT_NONE : this.#writer.tradable(symbol).index;
    const accounts = account === undefined ? this.#accounts : [this.#writer.account(account)];
    const known = this.#openOrders().filter(
      (open) => (instrument === abi.NT_NONE || open.tradable.index === instrument) && accounts.some(({ index }) => index === open.account),
    );
    for (const { index } of accounts) {
      this.#writer.request(abi.NT_MESSAGE_MASS_CANCEL, 0, instrument, index);
      this.#send();
    }
    return known.length;
  }

  /**
   * Submit and wait on this thread: with `spin` by looking all the time, else asleep. A refused order is a result: status DENIED or
   * REJECTED with reason, observed and limit. Ticks and other orders' reports stay for the next poll. WouldDeadlock for a subscriber of a
   * tape, which waits for it.
   */
  executeSync(order: OrderRequest, options: ExecuteOptions & { readonly spin?: boolean } = {}): ExecutionResult {
    const timeoutMs = waitingTime(options.timeoutMs, "timeoutMs", 1_000);
    const started = performance.now();
    const pending = this.#execute(order, options);
    const waitNs = options.spin === true ? SPIN_NS : SLEEP_NS;
    this.#looking = pending;
    try {
      do this.#takeReports(waitNs); while (!pending.settled && performance.now() - started < timeoutMs);
      return pending.result(performance.now() - started);
    } finally {
      this.#looking = undefined;
      if (!pending.given) this.#return(pending);
    }
  }

  /** Submit and await, without blocking the event loop. As executeSync; `signal` ends the wait and leaves the order as it is. */
  execute(order: OrderRequest, options: ExecuteOptions & { readonly signal?: AbortSignal } = {}): Promise<ExecutionResult> {
    try {
      const timeoutMs = waitingTime(options.timeoutMs, "timeoutMs", 1_000);
      options.signal?.throwIfAborted();
      const started = performance.now();
      const pending = this.#execute(order, options);
      this.#look(pending);
      if (!pending.settled) return this.#settle(pending, started, timeoutMs, options.signal);
      const now = performance.now();
      const result = pending.result(now - started);
      return this.#parking.isDue(now) ? this.#parking.turn().then(() => result) : Promise.resolve(result);
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  /** Most orders are answered before their caller would have slept. */
  #look(pending: AwaitedOrder): void {
    this.#looking = pending;
    try {
      for (let looks = 0; looks < LOOKS && !pending.settled; looks++) this.#takeReports(0);
    } catch (error) {
      this.#return(pending);
      throw error;
    } finally {
      this.#looking = undefined;
    }
  }

  async #settle(pending: AwaitedOrder, started: number, timeoutMs: number, signal: AbortSignal | undefined): Promise<ExecutionResult> {
    this.#awaited.set(pending.orderId, pending);
    try {
      while (!pending.settled) {
        const left = timeoutMs - (performance.now() - started);
        pending.parked = true;
        if (left <= 0 || !(await this.#parking.wait(true, left, signal))) break;
        pending.parked = false;
        this.#open();
        this.#takeReports(0);
      }
      return pending.result(performance.now() - started);
    } finally {
      this.#awaited.delete(pending.orderId);
      if (!pending.given) this.#return(pending);
    }
  }

  #execute(order: OrderRequest, options: ExecuteOptions): AwaitedOrder {
    if (this.#subscribed && !this.#ended) {
      throw new WouldDeadlock("the tape waits for this client: use submit, and look for the answer among the reports");
    }
    const { until } = options; // before the order is written: a getter may submit another
    if (until !== undefined && until !== "done" && until !== "accepted") {
      throw new InvalidArgument(`until ${describe(until)} is neither "accepted" nor "done"`);
    }
    const [id, ends] = this.send(order);
    return new AwaitedOrder(id, until === undefined ? ends : until === "done");
  }

  /** What the caller of an order was not given is for the next poll. */
  #return(pending: AwaitedOrder): void {
    if (pending.reports.length === 0) return;
    this.#kept.unshift(...pending.reports);
    this.#parking.nudge();
  }

  #send(): OrderId {
    const result = this.#calls.nt_client_submit(this.#handle, this.#orderPointer);
    if (result < 0) this.#library.check(result, this.#handle);
    return this.#order.clientOrderId;
  }

  // ---- what comes ------------------------------------------------------------------------------------------------------------

  /**
   * What has come since the last poll: reports and at most `maxTicks` ticks, 1 to 4096. Never waits. A subscriber gets one slice of the
   * tape, and by calling says that it is done with the last one.
   */
  poll(maxTicks: number = TICKS): Batch {
    if (!(Number.isInteger(maxTicks) && maxTicks >= 1 && maxTicks <= TICKS)) {
      throw new InvalidArgument(`maxTicks must be 1 to ${TICKS}`, {
        observed: Number.isSafeInteger(maxTicks) ? maxTicks : null,
        limit: TICKS,
      });
    }
    const poll = this.#takeTicks(maxTicks);
    const reports = this.#kept;
    if (reports.length > 0) this.#kept = [];
    let count = poll.ticks;
    let signals = NO_SIGNALS;
    if (this.#models.length > 0 && count > 0) {
      const found: Signal[] = [];
      count = takeSignals(
        new Uint8Array(this.#ticks.buffer),
        this.#tick,
        count,
        (record) => found.push(signalOf(record, this.#models, this.#tradables)),
      );
      signals = found;
    }
    const ticks = new Ticks(this.#ticksView, this.#tick, count, this.#tradables);
    return { reports: reports.length > 0 ? reports : NO_REPORTS, ticks, signals, lost: poll.lost, ended: this.#ended };
  }

  /** Batches as they come, to the end of the source. `signal` and `close` end it quietly; KernelDead when the kernel goes. */
  batches(options: { readonly signal?: AbortSignal; readonly maxTicks?: number } = {}): AsyncGenerator<Batch, void, undefined> {
    return this.#batches(options, false);
  }

  /** Batches without end: in real time another source may follow, and orders are answered all the same. @internal */
  endlessBatches(): AsyncGenerator<Batch, void, undefined> {
    return this.#batches({}, true);
  }

  async *#batches(
    options: { readonly signal?: AbortSignal; readonly maxTicks?: number },
    endless: boolean,
  ): AsyncGenerator<Batch, void, undefined> {
    const { signal, maxTicks = this.#subscribed ? TICKS : BATCH_TICKS } = options;
    const isNew = (batch: Batch): boolean => !isEmpty(batch) || (batch.ended && !endless);
    for (let first = true; !aborted(signal) && (first || !this.closed); first = false) {
      let batch = this.poll(maxTicks);
      for (let looks = 0; looks < LOOKS && !isNew(batch); looks++) batch = this.poll(maxTicks);
      if (isNew(batch)) {
        yield batch;
        if (batch.ended && !endless) return;
        await this.#parking.turn();
        continue;
      }
      try {
        await this.#parking.wait(false, Infinity, signal);
      } catch (error) {
        if (aborted(signal)) return;
        throw error;
      }
    }
  }

  /** Lockstep: from now on the tape waits for this client's polls. StateError on a real-time kernel. */
  subscribe(): void {
    if (this.#awaited.size > 0) {
      throw new StateError("an order is awaited, and a subscriber takes its reports with the slices: subscribe first");
    }
    this.#library.check(this.#calls.nt_client_subscribe(this.#handle), this.#handle);
    this.#subscribed = true;
  }

  /** Instruments in the order that `instrument` of a record counts in. @internal */
  get tradables(): readonly Tradable[] {
    return this.#tradables;
  }

  /** Whether the source has ended and everything has been delivered. */
  get ended(): boolean {
    return this.#ended;
  }

  #take(ticks: Pointer | null, maxTicks: number, timeoutNs: number): PollRecord {
    const result = this.#calls.nt_client_poll(this.#handle, ticks, maxTicks, this.#reportsPointer, REPORTS, timeoutNs, this.#pollPointer);
    if (result < 0) this.#library.check(result, this.#handle);
    const poll = this.#poll;
    if (maxTicks > 0) this.#ended = poll.ended !== 0;
    if (result > 0 && poll.reports > 0) this.#deliver(poll.reports);
    return poll;
  }

  /** Reports alone, for who awaits an order; others sleep, and look for theirs. */
  #takeReports(timeoutNs: number): void {
    const kept = this.#kept.length;
    this.#take(null, 0, timeoutNs);
    if (this.#kept.length > kept) this.#parking.nudge();
  }

  /** A kernel that is gone does not take along what had been read: that is given out first. */
  #takeTicks(maxTicks: number): PollRecord {
    try {
      return this.#take(this.#ticks.pointer, maxTicks, 0);
    } catch (error) {
      if (this.#kept.length === 0 || code(error) !== abi.NT_ERR_KERNEL_DEAD) throw error;
      this.#poll.ticks = this.#poll.reports = this.#poll.lost = 0;
      return this.#poll;
    }
  }

  /** Each report goes to who awaits its order, else to the next poll. */
  #deliver(count: number): void {
    let parked = false;
    let damaged: unknown;
    for (let index = 0; index < count; index++) {
      const record = this.#report.at(index);
      let report: Report;
      try {
        report = new Report(record, this.#tradables[record.instrument], this.#moneyDecimals);
      } catch (error) {
        damaged = error; // beyond 2^53: no kernel writes that
        continue;
      }
      const pending = report.orderId === this.#looking?.orderId ? this.#looking : this.#awaited.get(report.orderId);
      if (pending === undefined) {
        this.#kept.push(report);
      } else {
        pending.reports.push(report);
        parked ||= pending.parked;
      }
    }
    if (parked) this.#parking.nudge(); // nothing else would wake it
    if (damaged !== undefined) throw new Corrupt(`a report contradicts itself: ${message(damaged)}`);
  }

  // ---- reads -----------------------------------------------------------------------------------------------------------------

  /** How fine an instrument's prices and quantities are. */
  instrument(symbol: string): Instrument {
    return instrumentOf(this.#writer.tradable(symbol));
  }

  /** The instrument's last quote and trade. NoData before the first tick. */
  quote(symbol: string): Quote {
    return this.#reads.quote(this.#writer.tradable(symbol));
  }

  /** A position of an account, the first unless named. */
  position(symbol: string, account?: string): Position {
    return this.#reads.position(this.#writer.tradable(symbol), this.#owner(account));
  }

  /** Money of an account, the first unless named. */
  account(name?: string): Account {
    return this.#reads.account(this.#owner(name));
  }

  /** This client's open orders, as its submits and the polled reports tell. */
  orders(symbol?: string): readonly OpenOrder[] {
    const wanted = symbol === undefined ? undefined : this.#writer.tradable(symbol);
    return this.#openOrders().filter((open) => wanted === undefined || open.tradable === wanted).map(openOrder);
  }

  /** Streaming features by name; NaN where the feed does not carry what one needs. NoData before the first tick. */
  features(symbol: string): Readonly<Record<string, number>> {
    return this.#reads.features(this.#writer.tradable(symbol));
  }

  /** The last signal of a model (the first unless named). NoData before the first, ModelNotReady while it warms up. */
  signal(symbol: string, model?: string): Signal {
    return this.#reads.signal(this.#writer.tradable(symbol), modelOf(this.#models, model));
  }

  /**
   * Say what a model in this program found: everybody sees it among the signals, this client too. After the end of a tape nobody hears it.
   * InvalidArgument for values that are not finite, and for a model that the kernel steps itself; Full when the kernel lags.
   */
  sendSignal(signal: SignalInput): void {
    onlyKeys(signal, ["symbol", "values", "model", "confidence", "ready", "calibrated", "precision"], "a signal");
    const block = this.#library.allocate(TickRecord.bytes);
    const record = new TickRecord(block.buffer);
    writeSignal(record, signal);
    record.instrument = this.#writer.tradable(signal.symbol).index;
    record.model = modelOf(this.#models, signal.model);
    this.#library.check(this.#calls.nt_client_signal(this.#handle, block.pointer), this.#handle);
  }

  /** The kernel's time in nanoseconds: the tape's, or CLOCK_MONOTONIC. */
  nowNs(): bigint {
    return this.#reads.nowNs();
  }

  /** Whether the kernel replays a tape, and not the machine's time. */
  get onTape(): boolean {
    return this.#reads.onTape;
  }

  // ---- life ------------------------------------------------------------------------------------------------------------------

  /** Leave: working orders of this client are cancelled, and who awaits one gets a BadHandle. Closing twice is harmless. */
  close(): void {
    const handle = this.#handle;
    if (handle === 0) return;
    this.#handle = 0;
    this.#reads.close();
    this.#parking.close();
    this.#calls.nt_close(handle);
  }

  get closed(): boolean {
    return this.#handle === 0;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  // ---- inside ----------------------------------------------------------------------------------------------------------------

  #open(): void {
    if (this.#handle === 0) throw new BadHandle("the client was closed while the order was awaited; the order may have been accepted");
  }

  #owner(name: string | undefined): TradingAccount {
    if (name !== undefined) return this.#writer.account(name);
    const first = this.#accounts[0];
    if (first === undefined) throw unknown("account", "", []);
    return first;
  }

  #openOrders(): readonly OpenRow[] {
    return openOrders(this.#library, this.#handle, this.#tradables);
  }
}

function isEmpty(batch: Batch): boolean {
  return batch.ticks.length === 0 && batch.reports.length === 0 && batch.signals.length === 0 && batch.lost === 0;
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function code(error: unknown): number {
  return typeof error === "object" && error !== null && "code" in error && typeof error.code === "number" ? error.code : 0;
}
