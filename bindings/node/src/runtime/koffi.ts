/**
 * koffi, for platforms that the package brings no addon for. Waiting is its asynchronous call, on a thread of its pool, which has one for
 * each processor: half of them may sleep, beyond that a timer looks.
 */

import { availableParallelism } from "node:os";

import type { Pointer, Scalar, Symbols } from "../generated/symbols.ts";
import { bindMixed, SIGNATURES } from "../generated/symbols.ts";
import type { Adapter } from "./adapter.ts";
import { lookOften, PromiseWaiter } from "./adapter.ts";

interface KoffiFunction {
  async(client: number, reportsOnly: number, timeoutNs: number, done: (error: Error | null, result: number) => void): void;
}

interface Koffi {
  load(path: string): { func(name: string, result: string, parameters: readonly string[]): KoffiFunction };
  address(memory: ArrayBuffer): bigint;
}

const TYPES: Readonly<Record<Scalar | "pointer", string>> = {
  i32: "int32_t",
  u32: "uint32_t",
  i64: "int64_t",
  u64: "uint64_t",
  pointer: "void *",
};

export function openKoffi(library: string, load: (name: string) => unknown): Adapter {
  const koffi = load("koffi") as Koffi;
  const opened = koffi.load(library);
  const functions = Object.entries(SIGNATURES).map(([name, { parameters, result }]) => [
    name,
    opened.func(name, TYPES[result], parameters.map((type) => TYPES[type])),
  ]);
  const found = Object.fromEntries(functions) as { readonly nt_client_wait: KoffiFunction };
  const symbols = bindMixed(found as unknown as Symbols<number, number | bigint>);
  const sleepersMax = Math.max(1, Math.floor(availableParallelism() / 2));
  let sleepers = 0;
  const sleep = async (client: number, reportsOnly: boolean): Promise<number> => {
    if (sleepers >= sleepersMax) return lookOften(symbols, client, reportsOnly);
    sleepers += 1;
    try {
      return await new Promise((resolve, reject) => {
        found.nt_client_wait.async(client, reportsOnly ? 1 : 0, -1, (error, result) => (error === null ? resolve(result) : reject(error)));
      });
    } finally {
      sleepers -= 1;
    }
  };
  return {
    name: "koffi",
    symbols,
    waiting: "an asynchronous call, or a timer",
    pointer: (memory) => koffi.address(memory) as unknown as Pointer,
    offset: (pointer, bytes) => ((pointer as unknown as bigint) + BigInt(bytes)) as unknown as Pointer,
    waiter: (client, wake) =>
      new PromiseWaiter(
        (reportsOnly) => sleep(client, reportsOnly),
        () => void symbols.nt_client_interrupt(client),
        wake,
      ),
  };
}
