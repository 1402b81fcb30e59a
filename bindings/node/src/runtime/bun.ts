/** bun:ffi. It has no call that sleeps beside the event loop: the addon's threads wait, or a timer looks. */

import type { Pointer, Symbols } from "../generated/symbols.ts";
import { bindDirect, SIGNATURES } from "../generated/symbols.ts";
import type { Adapter, Wake, Waiter } from "./adapter.ts";
import type { Addon } from "./node_api.ts";
import { addonWaiter } from "./node_api.ts";

import { NT_ERR_TIMEOUT as TIMEOUT } from "../generated/abi.ts";

const LOOK_MS = 1;

interface BunFfi {
  dlopen(path: string, functions: Readonly<Record<string, { args: readonly string[]; returns: string }>>): { symbols: Symbols };
  ptr(memory: ArrayBuffer): number;
}

/** Looks every millisecond, for a Bun without the addon. */
class TimerWaiter implements Waiter {
  readonly #look: (reportsOnly: boolean) => number;
  readonly #wake: Wake;
  #timer: NodeJS.Timeout | undefined;
  #reportsOnly = true;

  constructor(look: (reportsOnly: boolean) => number, wake: Wake) {
    this.#look = look;
    this.#wake = wake;
  }

  arm(reportsOnly: boolean): void {
    this.#reportsOnly = this.#timer === undefined ? reportsOnly : this.#reportsOnly && reportsOnly;
    this.#timer ??= setInterval(() => {
      const result = this.#look(this.#reportsOnly);
      if (result === 0) return;
      this.rest();
      this.#wake(result);
    }, LOOK_MS);
  }

  rest(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  stop(): void {
    this.rest();
  }
}

export function openBun(library: string, load: (name: string) => unknown, addon: Addon | undefined): Adapter {
  const ffi = load("bun:ffi") as BunFfi;
  const type = (name: string): string => (name === "pointer" ? "ptr" : name);
  const functions = Object.entries(SIGNATURES).map(([name, { parameters, result }]) => [name, { args: parameters.map(type), returns: result }]);
  const symbols = bindDirect(ffi.dlopen(library, Object.fromEntries(functions)).symbols);
  const look = (client: number) => (reportsOnly: boolean) => {
    const result = symbols.nt_client_wait(client, reportsOnly ? 1 : 0, 0);
    return result === TIMEOUT ? 0 : result;
  };
  return {
    name: "bun:ffi",
    symbols,
    waiting: addon === undefined ? "a timer" : "a thread of the addon",
    pointer: (memory) => ffi.ptr(memory) as unknown as Pointer,
    offset: (pointer, bytes) => ((pointer as unknown as number) + bytes) as unknown as Pointer,
    waiter: (client, wake) => (addon === undefined ? new TimerWaiter(look(client), wake) : addonWaiter(addon, library, client, wake)),
  };
}
