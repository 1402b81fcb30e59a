/**
 * koffi, for platforms that the package brings no addon for. Waiting is its asynchronous call, on a thread of its pool. That has one for
 * each processor: half of them may sleep, beyond that a timer looks. The process ends only when they have come back: none sleeps for
 * long. Bun does not survive such a call of a worker that is terminated, and always looks.
 */

import { availableParallelism } from "node:os";

import { NT_ERR_TIMEOUT } from "../generated/abi.ts";
import type { Pointer, Scalar, Symbols } from "../generated/symbols.ts";
import { bindMixed, SIGNATURES } from "../generated/symbols.ts";
import type { Adapter } from "./adapter.ts";
import { lookOften, PromiseWaiter } from "./adapter.ts";
import type { Runtime } from "./runtime.ts";

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

const SLICE_NS = 50_000_000;

export function openKoffi(library: string, runtime: Runtime, load: (name: string) => unknown): Adapter {
  const koffi = load("koffi") as Koffi;
  const opened = koffi.load(library);
  const functions = Object.entries(SIGNATURES).map(([name, { parameters, result }]) => [
    name,
    opened.func(name, TYPES[result], parameters.map((type) => TYPES[type])),
  ]);
  const found = Object.fromEntries(functions) as { readonly nt_client_wait: KoffiFunction };
  const symbols = bindMixed(found as unknown as Symbols<number, number | bigint>);
  const sleepersMax = runtime.name === "bun" ? 0 : Math.max(1, Math.floor(availableParallelism() / 2));
  let sleepers = 0;
  const sleep = async (client: number, reportsOnly: boolean): Promise<number> => {
    if (sleepers >= sleepersMax) return lookOften(symbols, client, reportsOnly);
    sleepers += 1;
    try {
      for (;;) {
        const result = await new Promise<number>((resolve, reject) => {
          const done = (error: Error | null, answer: number): void => (error === null ? resolve(answer) : reject(error));
          found.nt_client_wait.async(client, reportsOnly ? 1 : 0, SLICE_NS, done);
        });
        if (result !== NT_ERR_TIMEOUT) return result;
      }
    } finally {
      sleepers -= 1;
    }
  };
  return {
    name: "koffi",
    symbols,
    waiting: sleepersMax === 0 ? "a timer" : "an asynchronous call, or a timer",
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
