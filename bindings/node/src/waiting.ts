/** Waiting for a client without blocking the event loop. */

import { setImmediate as nextTurn } from "node:timers/promises";

import { describe, InvalidArgument } from "./errors.ts";
import type { Library } from "./library.ts";
import type { Waiter } from "./runtime/adapter.ts";

const TURN_MS = 1; // of microtasks, before the event loop is given a turn

interface Waiting {
  readonly reportsOnly: boolean;
  readonly wake: () => void;
}

/** Everybody in this program who waits for one client: one sleeper wakes them all. */
export class Parking {
  readonly #waiting = new Set<Waiting>();
  readonly #waiter: Waiter;
  #turned = performance.now();
  #closed = false;

  constructor(library: Library, client: number) {
    this.#waiter = library.waiter(client, () => this.#wake());
  }

  /** Until a poll would bring something, the time is up (false), or the signal is aborted (throws its reason). */
  async wait(reportsOnly: boolean, timeoutMs: number, signal: AbortSignal | undefined): Promise<boolean> {
    signal?.throwIfAborted();
    if (this.#closed) return true;
    let timer: NodeJS.Timeout | undefined;
    let abort: (() => void) | undefined;
    let entry: Waiting | undefined;
    try {
      const woken = await new Promise<boolean>((resolve, reject) => {
        entry = { reportsOnly, wake: () => resolve(true) };
        this.#waiting.add(entry);
        if (timeoutMs < Infinity) timer = setTimeout(() => resolve(false), timeoutMs);
        if (signal !== undefined) {
          abort = () => reject(signal.reason as Error);
          signal.addEventListener("abort", abort, { once: true });
        }
        this.#arm();
      });
      this.#turned = performance.now();
      return woken;
    } finally {
      clearTimeout(timer);
      if (abort !== undefined) signal?.removeEventListener("abort", abort);
      if (entry !== undefined && this.#waiting.delete(entry) && this.#waiting.size === 0) this.#waiter.rest();
    }
  }

  /** Whether this program has not left the event loop a turn for a while. */
  isDue(now: number): boolean {
    return now - this.#turned >= TURN_MS;
  }

  /** Give the event loop a turn where that is due. */
  async turn(): Promise<void> {
    if (!this.isDue(performance.now())) return;
    await nextTurn();
    this.#turned = performance.now();
  }

  /** What somebody may be waiting for has been taken already: everybody looks again. */
  nudge(): void {
    if (this.#waiting.size === 0) return;
    this.#wake();
    this.#waiter.rest();
  }

  /** Everybody wakes up, and nobody sleeps any more. */
  close(): void {
    this.#closed = true;
    this.#waiter.stop();
    this.#wake();
  }

  #arm(): void {
    this.#waiter.arm([...this.#waiting].every((entry) => entry.reportsOnly));
  }

  #wake(): void {
    const woken = [...this.#waiting];
    this.#waiting.clear();
    for (const entry of woken) entry.wake();
  }
}

/** Milliseconds of a wait: Infinity, or from 0. */
export function waitingTime(value: unknown, what: string, standard: number): number {
  if (value === undefined) return standard;
  if (typeof value === "number" && value >= 0 && (value === Infinity || value <= 2 ** 31 - 1)) return value;
  throw new InvalidArgument(`${what} ${describe(value)} is not 0 to ${2 ** 31 - 1} milliseconds, or Infinity`);
}

export function aborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}
