/** What an adapter is: one way in which a runtime calls the library. */

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
    void this.#sleep(reportsOnly).then((result) => {
      this.#sleeping = "no";
      if (!this.#stopped) this.#wake(result);
    });
  }

  rest(): void {
    if (this.#sleeping !== "no") this.#interrupt();
  }

  stop(): void {
    this.#stopped = true;
    this.rest();
  }
}
