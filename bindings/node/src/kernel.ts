/** A trading kernel in this process. */

import { Client } from "./client.ts";
import { refuse, soundConfig } from "./config.ts";
import { kernelRow } from "./config_rows.ts";
import { Problems } from "./config_rules.ts";
import { checkSymbols } from "./config_whole.ts";
import { BadHandle, describe, InvalidArgument } from "./errors.ts";
import { Feed } from "./feed.ts";
import * as abi from "./generated/abi.ts";
import type { KernelConfig } from "./generated/config_schema.ts";
import { KernelConfigRecord, StatusRecord } from "./generated/records.ts";
import { findTradables } from "./instruments.ts";
import { fillTables } from "./kernel_tables.ts";
import type { Block, Library } from "./library.ts";
import { openLibrary } from "./library.ts";
import type { KernelStatus } from "./status.ts";
import { kernelStatus } from "./status.ts";

export type TradingState = "ACTIVE" | "REDUCING" | "HALTED";

export interface KernelOptions {
  /** Time is the machine's, and not the tape's. */
  readonly realtime?: boolean;
  /** Clients that have to subscribe before a tape begins; 0 unless given. */
  readonly participants?: number;
  readonly library?: Library;
}

const ALL_ACCOUNTS = 65_535;
const REASON_BYTES = 39;
const STATES: ReadonlyMap<unknown, number> = new Map(Object.entries(abi.TRADING_STATE).map(([code, name]) => [name, Number(code)]));
const LOOK_MS = 0.2; // while the loop's thread begins
const LOOKS_MAX = 5_000; // somebody may have stopped it at once

/** Kernels that are open, with the library of each: a program that ends without closing them leaves nothing in shared memory. */
const open = new Map<number, Library>();

function remember(handle: number, library: Library): void {
  if (open.size === 0) process.on("exit", closeAll);
  open.set(handle, library);
}

function forget(handle: number): void {
  open.delete(handle);
  if (open.size === 0) process.off("exit", closeAll);
}

/** As much of a text as a reason has room for, in whole characters. */
function short(text: string): string {
  return typeof text === "string" ? text.slice(0, new TextEncoder().encodeInto(text, new Uint8Array(REASON_BYTES)).read) : text;
}

function closeAll(): void {
  for (const [handle, library] of open) library.symbols.nt_close(handle);
  open.clear();
}

/**
 * A trading kernel in this process, of the instruments in its configuration. Other processes attach to it by `name`. Market data come from
 * `feed`, here or in another process; nothing of its journal is kept. A program that is killed, or ends in Deno by an error that
 * nobody caught, leaves its memory to the next kernel of the name, which takes it away.
 */
export class Kernel implements AsyncDisposable, Disposable {
  readonly name: string;
  readonly #library: Library;
  readonly #block: Block;
  readonly #status: StatusRecord;
  #handle: number;
  #clients: Client[] = [];
  #feed: Feed | undefined;

  private constructor(library: Library, handle: number, name: string, realtime: boolean) {
    this.name = name;
    this.#library = library;
    this.#handle = handle;
    this.#block = library.allocate(StatusRecord.bytes);
    this.#status = new StatusRecord(this.#block.buffer);
    const clock = realtime ? abi.NT_CLOCK_MONOTONIC : abi.NT_CLOCK_TAPE;
    Object.assign(this.#status, { name, pid: process.pid, clock, nowRaw: abi.NT_ABSENT }); // until there is one to read
  }

  /** ConfigError lists everything that is wrong with a configuration; NameInUse where a kernel of its name lives. */
  static create(config: KernelConfig, options: KernelOptions = {}): Kernel {
    const { realtime = false, participants = 0 } = options;
    if (typeof realtime !== "boolean") throw new InvalidArgument(`realtime must be true or false, not ${describe(realtime)}`);
    if (!(Number.isInteger(participants) && participants >= 0 && participants <= abi.NT_CHANNEL_MAX)) {
      throw new InvalidArgument(`participants ${describe(participants)} is not 0 to ${abi.NT_CHANNEL_MAX}`, { limit: abi.NT_CHANNEL_MAX });
    }
    const sound = soundConfig(config);
    if (sound.instruments.size === 0) {
      throw new InvalidArgument("the kernel has no instrument; add instruments.SYMBOL to its configuration");
    }
    const problems = new Problems();
    checkSymbols(sound, problems); // there is no source that brings others
    refuse(problems.list);

    const library = options.library ?? openLibrary();
    const [block, handle] = [library.allocate(KernelConfigRecord.bytes), library.allocate(4)];
    const clock = realtime ? abi.NT_CLOCK_MONOTONIC : abi.NT_CLOCK_TAPE;
    Object.assign(new KernelConfigRecord(block.buffer), { ...kernelRow(sound), clock, participants });
    library.call((error) => library.symbols.nt_kernel_create(block.pointer, handle.pointer, error));
    const kernel = new Uint32Array(handle.buffer)[0] ?? 0;
    remember(kernel, library);
    try {
      fillTables(library, kernel, sound);
      return new Kernel(library, kernel, sound.name, realtime);
    } catch (error) {
      forget(kernel);
      library.symbols.nt_close(kernel);
      throw error;
    }
  }

  /** Run on a thread of the library, until `stop` or `close`. StateError when it runs already. */
  start(): void {
    this.#library.check(this.#library.symbols.nt_kernel_start(this.#open()), this.#handle);
    const never = new Int32Array(new SharedArrayBuffer(4));
    for (let looks = 0; !this.running && looks < LOOKS_MAX; looks++) Atomics.wait(never, 0, 0, LOOK_MS); // later "not running" means stopped
  }

  /** End the loop. What it knows stays until `close`, and `start` goes on with it. */
  stop(): void {
    this.#library.check(this.#library.symbols.nt_kernel_stop(this.#open()), this.#handle);
  }

  /** A client in this process, "local" unless named. NameInUse where the name is taken. */
  client(name = "local"): Client {
    const text = this.#library.text(name, "client name");
    const handle = this.#opened((out, error) => this.#library.symbols.nt_kernel_client(this.#open(), text.pointer, out, error));
    const client = Client.of(this.#library, handle, name);
    this.#clients = [...this.#clients.filter((other) => !other.closed), client];
    return client;
  }

  /** The way in for market data. NameInUse while another feed is open, here or in another process. */
  feed(): Feed {
    const handle = this.#opened((out, error) => this.#library.symbols.nt_kernel_feed(this.#open(), out, error));
    try {
      return (this.#feed = new Feed(this.#library, handle, findTradables(this.#library, this.#handle)));
    } catch (error) {
      this.#library.symbols.nt_close(handle);
      throw error;
    }
  }

  /** Set the trading state of every account. HALTED cancels what works; ACTIVE also ends a latched daily loss. */
  setState(state: TradingState, reason: string): void {
    const code = STATES.get(state);
    if (code === undefined) throw new InvalidArgument(`state ${describe(state)} is not one of ${[...STATES.keys()].join(", ")}`);
    const text = this.#library.text(short(reason), "reason");
    this.#library.check(this.#library.symbols.nt_kernel_set_state(this.#open(), ALL_ACCOUNTS, code, text.pointer), this.#handle);
  }

  get status(): KernelStatus {
    const result = this.#library.symbols.nt_read_status(this.#open(), this.#block.pointer);
    if (result !== abi.NT_ERR_NO_DATA) this.#library.check(result, this.#handle); // it may have neither run nor let anybody in
    return kernelStatus(this.#status);
  }

  /** Whether the loop runs. */
  get running(): boolean {
    return this.#handle !== 0 && this.status.running;
  }

  /** Whether the source has ended. */
  get ended(): boolean {
    return this.#handle !== 0 && this.status.ended;
  }

  get closed(): boolean {
    return this.#handle === 0;
  }

  /** Stop, close its clients and feed in this program, and remove its memory. Closing twice is harmless. */
  close(): void {
    const handle = this.#handle;
    if (handle === 0) return;
    this.#handle = 0;
    for (const client of this.#clients.splice(0)) client.close();
    this.#feed?.close();
    forget(handle);
    this.#library.symbols.nt_close(handle);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  #open(): number {
    if (this.#handle === 0) throw new BadHandle(`kernel ${this.name} is closed; create another`);
    return this.#handle;
  }

  #opened(function_: (handle: Block["pointer"], error: Block["pointer"]) => number): number {
    const out = this.#library.allocate(4);
    this.#library.call((error) => function_(out.pointer, error));
    return new Uint32Array(out.buffer)[0] ?? 0;
  }
}
