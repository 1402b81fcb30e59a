/** Looking at a kernel without taking part in it. */

import { describe, InvalidArgument, NoData } from "./errors.ts";
import * as abi from "./generated/abi.ts";
import { CountersRecord, LatencyRecord, StatusRecord } from "./generated/records.ts";
import type { Block, Library } from "./library.ts";
import { openLibrary } from "./library.ts";
import type { KernelStatus } from "./status.ts";
import { kernelStatus } from "./status.ts";

/** What the kernel has counted since it began. */
export interface Counters {
  readonly inputs: number;
  readonly ticks: number;
  readonly ordersAccepted: number;
  /** Orders by the reason of their denial; reasons without one are left out. */
  readonly denied: Readonly<Record<string, number>>;
  readonly ordersRejected: number;
  readonly requestsDenied: number;
  readonly cancels: number;
  readonly replaces: number;
  readonly fills: number;
  readonly reports: number;
  /** Reports that wait because a client does not poll. */
  readonly reportsHeld: number;
  readonly deaths: number;
  readonly signals: number;
  /** Ticks and signals that cannot be, and were not taken. */
  readonly hostileRecords: number;
}

/** Percentiles in nanoseconds; relative error up to 1/32. */
export interface Latency {
  readonly count: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly maximum: number;
}

const KINDS: ReadonlyMap<unknown, number> = new Map(Object.entries(abi.LATENCY_KIND).map(([code, name]) => [name, Number(code)]));
const BYTES = Math.max(StatusRecord.bytes, CountersRecord.bytes, LatencyRecord.bytes);
const NO_REASON = 100; // what the index into `denied` counts from

/** Read-only: needs no channel and disturbs nobody. */
export class Monitor implements Disposable {
  readonly #library: Library;
  readonly #block: Block;
  #handle: number;

  private constructor(library: Library, handle: number) {
    this.#library = library;
    this.#handle = handle;
    this.#block = library.allocate(BYTES);
  }

  /** Look at a running kernel. NotFound where none of this name runs. */
  static attach(kernel: string, options: { readonly library?: Library } = {}): Monitor {
    const library = options.library ?? openLibrary();
    const name = library.text(kernel, "kernel name");
    const handle = library.allocate(4);
    library.call((error) => library.symbols.nt_monitor_attach(name.pointer, handle.pointer, error));
    return new Monitor(library, new Uint32Array(handle.buffer)[0] ?? 0);
  }

  status(): KernelStatus {
    this.#check(this.#library.symbols.nt_read_status(this.#handle, this.#block.pointer));
    return kernelStatus(new StatusRecord(this.#block.buffer));
  }

  counters(): Counters {
    this.#check(this.#library.symbols.nt_read_counters(this.#handle, this.#block.pointer));
    const row = new CountersRecord(this.#block.buffer);
    const denied: Record<string, number> = {};
    for (const [code, name] of Object.entries(abi.REASON)) {
      const count = row.denied(Number(code) - NO_REASON);
      if (count > 0) denied[name] = count;
    }
    const { inputs, ticks, ordersAccepted, ordersRejected, requestsDenied, cancels, replaces, fills, reports, reportsHeld } = row;
    const orders = { ordersAccepted, denied, ordersRejected, requestsDenied, cancels, replaces, fills };
    return { inputs, ticks, ...orders, reports, reportsHeld, deaths: row.deaths, signals: row.signals, hostileRecords: row.hostileRecords };
  }

  /** From a published slice to an order taken, and from an order taken to its report. NoData before the first sample. */
  latency(kind: "TICK_TO_ORDER" | "ORDER_TO_REPORT"): Latency {
    const code = KINDS.get(kind);
    if (code === undefined) throw new InvalidArgument(`latency ${describe(kind)} is neither "TICK_TO_ORDER" nor "ORDER_TO_REPORT"`);
    const result = this.#library.symbols.nt_read_latency(this.#handle, code, this.#block.pointer);
    const row = new LatencyRecord(this.#block.buffer);
    if (result === abi.NT_ERR_NO_DATA || (result >= 0 && row.count === 0)) throw new NoData(`no ${kind} has been measured yet`);
    this.#check(result);
    return { count: row.count, p50: row.p50Ns, p90: row.p90Ns, p99: row.p99Ns, p999: row.p999Ns, maximum: row.maximumNs };
  }

  /** Closing twice is harmless. */
  close(): void {
    const handle = this.#handle;
    this.#handle = 0;
    if (handle !== 0) this.#library.symbols.nt_close(handle);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #check(result: number): void {
    if (result < 0) this.#library.check(result, this.#handle);
  }
}
