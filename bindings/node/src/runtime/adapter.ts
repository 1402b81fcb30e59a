/** What an adapter is: one way in which a runtime calls the library. */

import { NT_ERR_TIMEOUT } from "../generated/abi.ts";
import type { Pointer, Symbols } from "../generated/symbols.ts";

export type AdapterName = "node-api" | "bun:ffi" | "Deno.dlopen" | "koffi";

/** Sleeps in nt_client_wait beside the event loop, for one client. */
export interface Waiter {
  /** Sleep now, and call back with the result of nt_client_wait; the process stays alive until then. */
  arm(reportsOnly: boolean): void;
  /** Nobody waits any more: the process may end. */
  rest(): void;
  /** End the thread, or whatever sleeps. Before the client is closed. */
  stop(): void;
}

export type Wake = (result: number) => void;

export interface Adapter {
  readonly name: AdapterName;
  readonly symbols: Symbols;
  /** How waiting is done, for getVersion. */
  readonly waiting: string;
  /** Where memory lies; the caller keeps it. */
  pointer(memory: ArrayBuffer): Pointer;
  /** The address after this many bytes. */
  offset(pointer: Pointer, bytes: number): Pointer;
  waiter(client: number, wake: Wake): Waiter;
}

const LOOK_MS = 1;

/** Waits with a function that sleeps on another thread and answers with a promise. */
export class PromiseWaiter implements Waiter {
  readonly #sleep: (reportsOnly: boolean) => Promise<number>;
  readonly #interrupt: () => void;
  readonly #wake: Wake;
  #sleeping: "no" | "any" | "reports" = "no";
  #stopped = false;

  constructor(sleep: (reportsOnly: boolean) => Promise<number>, interrupt: () => void, wake: Wake) {
    this.#sleep = sleep;
    this.#interrupt = interrupt;
    this.#wake = wake;
  }

  arm(reportsOnly: boolean): void {
    if (this.#sleeping === "reports" && !reportsOnly) this.#interrupt(); // wakes with 0, and is armed again
    if (this.#sleeping !== "no" || this.#stopped) return;
    this.#sleeping = reportsOnly ? "reports" : "any";
    const woken = (result: number): void => {
      this.#sleeping = "no";
      if (!this.#stopped) this.#wake(result);
    };
    void this.#sleep(reportsOnly).then(woken, () => setTimeout(woken, LOOK_MS, 0)); // what sleeps has failed: the client looks for itself
  }

  rest(): void {
    if (this.#sleeping !== "no") this.#interrupt();
  }

  stop(): void {
    this.#stopped = true;
    this.rest();
  }
}

/** nt_client_wait without a thread that could sleep: looks every millisecond. */
export function lookOften(symbols: Symbols, client: number, reportsOnly: boolean): Promise<number> {
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      const result = symbols.nt_client_wait(client, reportsOnly ? 1 : 0, 0);
      if (result === NT_ERR_TIMEOUT) return;
      clearInterval(timer);
      resolve(result);
    }, LOOK_MS);
  });
}
