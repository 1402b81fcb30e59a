/** Deno.dlopen. Waiting is a nonblocking call. */

import type { Pointer, Symbols } from "../generated/symbols.ts";
import { bindBigint, SIGNATURES } from "../generated/symbols.ts";
import type { Adapter } from "./adapter.ts";
import { PromiseWaiter } from "./adapter.ts";

interface DenoFfi {
  dlopen(path: string, functions: Readonly<Record<string, object>>): { symbols: unknown };
  readonly UnsafePointer: {
    of(memory: Uint8Array): Pointer | null;
    offset(pointer: Pointer, bytes: number): Pointer;
  };
}

interface Sleeping {
  sleep(client: number, reportsOnly: number, timeoutNs: bigint): Promise<number>;
}

export function openDeno(library: string): Adapter {
  const deno = (globalThis as unknown as { readonly Deno: DenoFfi }).Deno;
  const sleep = { name: "nt_client_wait", ...SIGNATURES.nt_client_wait, nonblocking: true };
  const found = deno.dlopen(library, { ...SIGNATURES, sleep }).symbols as Symbols<bigint> & Sleeping;
  const symbols = bindBigint(found);
  return {
    name: "Deno.dlopen",
    symbols,
    waiting: "a nonblocking call",
    pointer(memory) {
      const pointer = deno.UnsafePointer.of(new Uint8Array(memory));
      if (pointer === null) throw new RangeError("memory without bytes has no address");
      return pointer;
    },
    offset: (pointer, bytes) => deno.UnsafePointer.offset(pointer, bytes),
    waiter: (client, wake) =>
      new PromiseWaiter(
        (reportsOnly) => found.sleep(client, reportsOnly ? 1 : 0, -1n),
        () => void symbols.nt_client_interrupt(client),
        wake,
      ),
  };
}
