/** The Node-API addon, which runs in Node, Bun and Deno. */

import type { Pointer, Symbols } from "../generated/symbols.ts";
import { bindDirect } from "../generated/symbols.ts";
import type { Adapter, Waiter, Wake } from "./adapter.ts";

declare const waiterMark: unique symbol;
interface AddonWaiter {
  readonly [waiterMark]: true;
}

/** The addon's exports: bindings/node/addon/addon.c. */
export interface Addon {
  open(path: string): Symbols;
  address(memory: ArrayBuffer): number;
  waiter(library: string, client: number, wake: Wake): AddonWaiter;
  arm(waiter: AddonWaiter, reportsOnly: boolean): void;
  rest(waiter: AddonWaiter): void;
  stop(waiter: AddonWaiter): void;
}

/** Waits on a thread of the addon, of whatever adapter the client's handle is. */
export function addonWaiter(addon: Addon, library: string, client: number, wake: Wake): Waiter {
  const waiter = addon.waiter(library, client, wake);
  return {
    arm: (reportsOnly) => addon.arm(waiter, reportsOnly),
    rest: () => addon.rest(waiter),
    stop: () => addon.stop(waiter),
  };
}

export function openNodeApi(library: string, addon: Addon): Adapter {
  return {
    name: "node-api",
    symbols: bindDirect(addon.open(library)),
    waiting: "a thread of the addon",
    pointer: (memory) => addon.address(memory) as unknown as Pointer,
    offset: (pointer, bytes) => ((pointer as unknown as number) + bytes) as unknown as Pointer,
    waiter: (client, wake) => addonWaiter(addon, library, client, wake),
  };
}
