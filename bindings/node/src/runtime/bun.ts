/** bun:ffi. It has no call that sleeps beside the event loop: the addon's threads wait, or a timer looks. */

import type { Pointer, Symbols } from "../generated/symbols.ts";
import { bindDirect, SIGNATURES } from "../generated/symbols.ts";
import type { Adapter } from "./adapter.ts";
import { lookOften, PromiseWaiter } from "./adapter.ts";
import type { Addon } from "./node_api.ts";
import { addonWaiter } from "./node_api.ts";

interface BunFfi {
  dlopen(path: string, functions: Readonly<Record<string, { args: readonly string[]; returns: string }>>): { symbols: Symbols };
  ptr(memory: ArrayBuffer): number;
}

export function openBun(library: string, load: (name: string) => unknown, addon: Addon | undefined): Adapter {
  const ffi = load("bun:ffi") as BunFfi;
  const type = (name: string): string => (name === "pointer" ? "ptr" : name);
  const functions = Object.entries(SIGNATURES).map((
    [name, { parameters, result }],
  ) => [name, { args: parameters.map(type), returns: result }]);
  addon?.open(library); // the same file, however late the first wait is
  const symbols = bindDirect(ffi.dlopen(library, Object.fromEntries(functions)).symbols);
  return {
    name: "bun:ffi",
    symbols,
    waiting: addon === undefined ? "a timer" : "a thread of the addon",
    pointer: (memory) => ffi.ptr(memory) as unknown as Pointer,
    offset: (pointer, bytes) => ((pointer as unknown as number) + bytes) as unknown as Pointer,
    waiter(client, wake) {
      if (addon !== undefined) return addonWaiter(addon, library, client, wake);
      const sleep = (reportsOnly: boolean): Promise<number> => lookOften(symbols, client, reportsOnly);
      return new PromiseWaiter(sleep, () => void symbols.nt_client_interrupt(client), wake);
    },
  };
}
