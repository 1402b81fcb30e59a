/** The C library: found, opened by the adapter that fits the runtime, and checked. */

import { existsSync, readFileSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { describe, errorFor, InvalidArgument, NativeLibraryError } from "./errors.ts";
import * as abi from "./generated/abi.ts";
import { ErrorRecord } from "./generated/records.ts";
import type { Pointer, Symbols } from "./generated/symbols.ts";
import type { Adapter, AdapterName, Waiter, Wake } from "./runtime/adapter.ts";
import { openBun } from "./runtime/bun.ts";
import { openDeno } from "./runtime/deno.ts";
import { openKoffi } from "./runtime/koffi.ts";
import type { Addon } from "./runtime/node_api.ts";
import { openNodeApi } from "./runtime/node_api.ts";
import type { Runtime } from "./runtime/runtime.ts";
import { findRuntime } from "./runtime/runtime.ts";

export interface LibraryOptions {
  /** Path of the library; else NEURAL_TRADER_LIB, else what came with the package, else a build beside it. */
  readonly path?: string;
  /** The way to call it; else NEURAL_TRADER_ADAPTER, else the fastest that this runtime has. */
  readonly adapter?: AdapterName;
}

/** An adapter that was not taken, and why. */
export interface Rejected {
  readonly adapter: AdapterName | "node:ffi" | "ffi-napi";
  readonly reason: string;
}

/** Memory that the library reads and writes; JavaScript owns it. */
export interface Block {
  readonly buffer: ArrayBuffer;
  readonly pointer: Pointer;
}

const ADAPTERS: readonly AdapterName[] = ["node-api", "bun:ffi", "Deno.dlopen", "koffi"];
const ADDON = "neural_trader.node";
const PACKAGE = "@neural-trader/core";
const encoder = new TextEncoder();

function libraryName(): string {
  return process.platform === "darwin"
    ? "libneural_trader.dylib"
    : process.platform === "win32"
    ? "neural_trader.dll"
    : "libneural_trader.so";
}

/** Directory of the platform below `native`: linux-x64, linux-arm64-musl. */
export function platformName(platform: string = process.platform, architecture: string = process.arch): string {
  const cpu = { x64: "x86_64", arm64: "aarch64" }[architecture] ?? architecture;
  return `${platform}-${architecture}${platform === "linux" && existsSync(`/lib/ld-musl-${cpu}.so.1`) ? "-musl" : ""}`;
}

/** The directory of this module, or of the bundle that it is part of; a CommonJS one has no import.meta. */
function moduleDirectory(): string | undefined {
  const url: unknown = import.meta.url;
  if (typeof url === "string" && url.startsWith("file:")) return dirname(fileURLToPath(url));
  return typeof __dirname === "string" ? __dirname : undefined;
}

function upwards(start: string): string[] {
  const found = [start];
  for (let at = start; at !== dirname(at); found.push(at)) at = dirname(at);
  return found;
}

/**
 * Where to look, in order: around this module, and where a bundle has left the package behind, in the node_modules above it. Never in the
 * working directory, where anybody may have put a library.
 */
function places(): string[] {
  const here = moduleDirectory();
  if (here === undefined) return [];
  const native = join("native", platformName(), libraryName());
  const above = upwards(here).map((directory) => join(directory, "node_modules", ...PACKAGE.split("/"), native));
  return [
    join(here, "..", native),
    join(here, native),
    ...above,
    join(here, "..", "..", "..", "build", "core", libraryName()), // of the tree that this module lies in
  ];
}

/** The absolute path of the library. NativeLibraryError names everything that was tried. */
export function findLibrary(explicit?: string): string {
  const named = explicit ?? process.env["NEURAL_TRADER_LIB"];
  if (named !== undefined && named !== "") {
    const path = isAbsolute(named) ? named : resolve(named);
    if (existsSync(path)) return realpathSync(path);
    throw new NativeLibraryError(`there is no library ${path}, which ${explicit === undefined ? "NEURAL_TRADER_LIB" : "path"} names`);
  }
  const tried = places();
  const found = tried.find((path) => existsSync(path));
  if (found !== undefined) return realpathSync(found);
  throw new NativeLibraryError(
    `there is no ${libraryName()} for ${platformName()}; set NEURAL_TRADER_LIB to the library of an installed neural-trader. ` +
      `Tried: ${tried.join(", ")}`,
  );
}

/** The addon: beside the library, or where the package keeps what it brings. */
function findAddon(library: string): string | undefined {
  return [library, ...places()].map((path) => join(dirname(path), ADDON)).find((path) => existsSync(path));
}

function loader(): (name: string) => unknown {
  return createRequire(join(moduleDirectory() ?? process.cwd(), "package.js"));
}

/** One open library. Programs need it only to open another one than the default, by `openLibrary`. */
export class Library {
  readonly path: string;
  readonly runtime: Runtime;
  readonly adapter: AdapterName;
  readonly waiting: string;
  /** Adapters that were not taken. */
  readonly rejected: readonly Rejected[];
  /** @internal */
  readonly symbols: Symbols;
  readonly #adapter: Adapter;
  readonly #error: ErrorRecord;
  readonly #errorPointer: Pointer;

  /** @internal */
  constructor(path: string, runtime: Runtime, adapter: Adapter, rejected: readonly Rejected[]) {
    this.path = path;
    this.runtime = runtime;
    this.adapter = adapter.name;
    this.waiting = adapter.waiting;
    this.rejected = rejected;
    this.symbols = adapter.symbols;
    this.#adapter = adapter;
    const version = this.symbols.nt_abi_version();
    if (version !== abi.NT_ABI_VERSION) {
      throw new NativeLibraryError(
        `${path} has ABI version ${version}, the package has ${abi.NT_ABI_VERSION}; install both from one build`,
      );
    }
    const layout = this.symbols.nt_layout_hash();
    if (layout !== abi.LAYOUT_HASH) {
      const [found, wanted] = [layout, abi.LAYOUT_HASH].map((hash) => hash.toString(16).padStart(16, "0"));
      throw new NativeLibraryError(`${path} has layout ${found}, the package has ${wanted}; install both from one build`);
    }
    const error = this.allocate(ErrorRecord.bytes);
    this.#error = new ErrorRecord(error.buffer);
    this.#errorPointer = error.pointer;
  }

  /** Zeroed memory whose address the library may be given. @internal */
  allocate(bytes: number): Block {
    const buffer = new ArrayBuffer(bytes);
    return { buffer, pointer: this.#adapter.pointer(buffer) };
  }

  /** Where memory lies that JavaScript made, which must not be without bytes. It may move when it is resized or given away. @internal */
  pointer(memory: ArrayBuffer): Pointer {
    return this.#adapter.pointer(memory);
  }

  /** The address some bytes into a block. @internal */
  offset(pointer: Pointer, bytes: number): Pointer {
    return bytes === 0 ? pointer : this.#adapter.offset(pointer, bytes);
  }

  /** Text as the library reads it. The block has to live as long as the call. @internal */
  text(value: string, what: string): Block {
    if (typeof value !== "string" || value.includes("\0")) throw new InvalidArgument(`${what} must be text, not ${describe(value)}`);
    const bytes = encoder.encode(value);
    const block = this.allocate(bytes.length + 1);
    new Uint8Array(block.buffer).set(bytes);
    return block;
  }

  /** @internal */
  waiter(client: number, wake: Wake): Waiter {
    return this.#adapter.waiter(client, wake);
  }

  /** The result of a call on a handle, or its typed error. @internal */
  check(result: number, handle: number): number {
    return result >= 0 ? result : this.#fail(result, this.symbols.nt_last_error(handle, this.#errorPointer) >= 0);
  }

  /** The result of a call whose last argument is an nt_error, or what that says. @internal */
  call(function_: (error: Pointer) => number): number {
    const result = function_(this.#errorPointer);
    return result >= 0 ? result : this.#fail(result, true);
  }

  #fail(code: number, explained: boolean): never {
    const error = this.#error;
    if (!explained || error.code !== code) throw errorFor(code, "");
    throw errorFor(code, error.text, { observed: known(error.observedRaw), limit: known(error.limitRaw) }, error.systemError);
  }
}

/** A raw value as a number where that is exact, null for NT_ABSENT. */
function known(raw: bigint): number | bigint | null {
  if (raw === abi.NT_ABSENT) return null;
  const number = Number(raw);
  return Number.isSafeInteger(number) ? number : raw;
}

const NOT_USED: readonly Rejected[] = [
  { adapter: "node:ffi", reason: "experimental in Node 26, and slow where a call takes a buffer" },
  { adapter: "ffi-napi", reason: "does not compile on Node 20 and later" },
];

/** The adapters that this runtime might take, the fastest first. */
const PREFERRED: Readonly<Record<Runtime["name"], readonly AdapterName[]>> = {
  bun: ["bun:ffi", "node-api", "koffi"],
  deno: ["Deno.dlopen", "node-api", "koffi"],
  node: ["node-api", "koffi"],
};

function message(error: unknown): string {
  return error instanceof Error ? (error.message.split("\n", 1)[0] ?? "") : String(error);
}

function loadAddon(path: string): Addon | Error {
  const file = findAddon(path);
  if (file === undefined) return new NativeLibraryError(`there is no ${ADDON} beside ${path}`);
  try {
    return loader()(file) as Addon;
  } catch (error) {
    return error instanceof Error ? error : new NativeLibraryError(String(error));
  }
}

function openAdapter(name: AdapterName, path: string, runtime: Runtime): Adapter {
  if (!PREFERRED[runtime.name].includes(name)) throw new NativeLibraryError(`${runtime.name} has no ${name}`);
  if (name === "Deno.dlopen") return openDeno(path);
  if (name === "koffi") return openKoffi(path, runtime, loader());
  const addon = loadAddon(path);
  if (name === "bun:ffi") return openBun(path, loader(), addon instanceof Error ? undefined : addon);
  if (addon instanceof Error) throw addon;
  return openNodeApi(path, addon);
}

const opened = new Map<string, Library>();

function chosenAdapter(options: LibraryOptions): AdapterName | undefined {
  const named = options.adapter ?? process.env["NEURAL_TRADER_ADAPTER"];
  if (named === undefined || named === "") return undefined;
  const found = ADAPTERS.find((name) => name === named);
  if (found === undefined) throw new InvalidArgument(`adapter ${describe(named)} is not one of ${ADAPTERS.join(", ")}`);
  return found;
}

/** Open a library, or give the one that is open already. NativeLibraryError says what was tried and why it did not do. */
export function openLibrary(options: LibraryOptions = {}): Library {
  const runtime = findRuntime();
  const wanted = chosenAdapter(options);
  const path = findLibrary(options.path);
  const key = `${wanted ?? ""}:${path}`;
  const known = opened.get(key);
  if (known !== undefined) return known;
  const rejected: Rejected[] = [...NOT_USED];
  for (const name of wanted === undefined ? PREFERRED[runtime.name] : [wanted]) {
    let adapter: Adapter;
    try {
      adapter = openAdapter(name, path, runtime);
    } catch (error) {
      rejected.push({ adapter: name, reason: message(error) });
      continue;
    }
    for (const other of ADAPTERS) {
      if (other === name || rejected.some((entry) => entry.adapter === other)) continue;
      const has = PREFERRED[runtime.name].includes(other);
      rejected.push({
        adapter: other,
        reason: has ? `${name} is ${wanted === undefined ? "faster" : "asked for"}` : `${runtime.name} has none`,
      });
    }
    const library = new Library(path, runtime, adapter, rejected);
    opened.set(key, library);
    return library;
  }
  const reasons = rejected.slice(NOT_USED.length).map(({ adapter, reason }) => `${adapter}: ${reason}`);
  throw new NativeLibraryError(`${path} cannot be opened: ${reasons.join("; ")}`);
}

/** The version of the package, from its package.json; "" in a bundle that has left it behind. */
export function packageVersion(): string {
  const here = moduleDirectory();
  const file = here === undefined ? undefined : join(here, "..", "package.json");
  if (file === undefined || !existsSync(file)) return "";
  const data: unknown = JSON.parse(readFileSync(file, "utf8"));
  return typeof data === "object" && data !== null && "version" in data && typeof data.version === "string" ? data.version : "";
}
