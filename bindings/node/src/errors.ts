/** What the package throws. The classes are those of the Python package, one for each NT_ERR_ code and a few without one. */

import * as abi from "./generated/abi.ts";

export interface ErrorDetails {
  /** The NT_ERR_ number; that of the class unless given, 0 where it has none. */
  readonly code?: number;
  /** The raw values that the text speaks of. */
  readonly observed?: number | bigint | null;
  readonly limit?: number | bigint | null;
}

/** Base of all errors of the package. */
export class NeuralTraderError extends Error {
  readonly code: number;
  readonly observed: number | bigint | null;
  readonly limit: number | bigint | null;

  constructor(text: string, details: ErrorDetails = {}) {
    super(text);
    this.name = new.target.name;
    this.code = details.code ?? codeOf(new.target);
    this.observed = details.observed ?? null;
    this.limit = details.limit ?? null;
  }
}

/** The library is missing, or it is not the one that this package was made for. */
export class NativeLibraryError extends NeuralTraderError {}
/** The object was closed, or the call does not fit this kind of object. */
export class BadHandle extends NeuralTraderError {}
/** Another thread is inside a call on the same object. */
export class Busy extends NeuralTraderError {}
/** The object belongs to the parent process. */
export class Forked extends NeuralTraderError {}
/** The object was closed while the call waited. */
export class Closed extends NeuralTraderError {}
/** An argument is outside its contract; nothing was done. */
export class InvalidArgument extends NeuralTraderError {}
/** A name is empty, too long or has other characters than a-z A-Z 0-9 . _ - */
export class InvalidName extends InvalidArgument {}
/** A living process holds the name. */
export class NameInUse extends NeuralTraderError {}
/** No such kernel, symbol, account or order. */
export class NotFound extends NeuralTraderError {}
/** The shared memory was made by another version of the library. */
export class VersionMismatch extends NeuralTraderError {}
/** A shared memory object contradicts itself. */
export class Corrupt extends NeuralTraderError {}
/** A ring or table has no room now: poll to drain it. */
export class Full extends NeuralTraderError {}
/** Nothing happened within the timeout. */
export class TimedOut extends NeuralTraderError {}
/** The kernel process is gone. */
export class KernelDead extends NeuralTraderError {}
/** Not allowed in the kernel's present state. */
export class StateError extends NeuralTraderError {}
/** The operating system refused; `errno` says why. */
export class SystemFailure extends NeuralTraderError {
  readonly errno: number;

  constructor(text: string, details: ErrorDetails = {}, errno = 0) {
    super(errno === 0 ? text : `${text} (errno ${errno})`, details);
    this.errno = errno;
  }
}
/** Shared memory is full. */
export class NoSpace extends SystemFailure {}
/** Every client channel of the kernel is claimed. */
export class NoChannel extends NeuralTraderError {}
/** Ticks were overwritten before they were read. */
export class Overrun extends NeuralTraderError {}
/** Waiting here would stop the tape that the caller waits for. */
export class WouldDeadlock extends NeuralTraderError {}
/** No value has been computed yet. */
export class NoData extends NeuralTraderError {}
/** The model is warming up. */
export class ModelNotReady extends NeuralTraderError {}
/** A precision in which a model was not measured, or is too far from float32; the text has the figures. */
export class PrecisionRefused extends NeuralTraderError {}

/** One thing wrong in a configuration: the dotted path of the key ("" for all of it), and what to do about it. */
export interface ConfigProblem {
  readonly path: string;
  readonly message: string;
}

/** A configuration was refused; `problems` lists everything that is wrong with it. */
export class ConfigError extends NeuralTraderError {
  readonly problems: readonly ConfigProblem[];
  /** The file that it is from, "" for none. */
  readonly origin: string;

  constructor(problems: readonly ConfigProblem[], origin = "") {
    const lines = problems.map(({ path, message }) => [origin, path, message].filter((part) => part !== "").join(": "));
    super(lines.join("\n"), { code: abi.NT_ERR_INVALID });
    this.problems = problems;
    this.origin = origin;
  }
}
/** The configuration asks for live trading; this version trades on paper only. */
export class LiveTradingUnavailable extends ConfigError {}

type Kind = new (text: string, details?: ErrorDetails, errno?: number) => NeuralTraderError;

const KINDS: Readonly<Record<number, readonly [Kind, string]>> = {
  [abi.NT_ERR_BAD_HANDLE]: [BadHandle, "the object is closed; open a new one"],
  [abi.NT_ERR_BUSY]: [Busy, "another thread is using this object; give each thread its own client"],
  [abi.NT_ERR_FORKED]: [Forked, "this object belongs to the parent process; attach again after fork"],
  [abi.NT_ERR_CLOSED]: [Closed, "the object was closed while the call waited"],
  [abi.NT_ERR_INVALID]: [InvalidArgument, "an argument is outside its range; nothing was done"],
  [abi.NT_ERR_NAME]: [InvalidName, "use 1 to 31 characters of a-z A-Z 0-9 . _ - that do not begin with a dot"],
  [abi.NT_ERR_NAME_IN_USE]: [NameInUse, "a living process holds this name; choose another or stop that process"],
  [abi.NT_ERR_NOT_FOUND]: [NotFound, "there is no kernel, symbol, account or order of this name"],
  [abi.NT_ERR_VERSION]: [VersionMismatch, "the kernel was started by another version of the library; use the same version on both sides"],
  [abi.NT_ERR_CORRUPT]: [Corrupt, "the shared memory object contradicts itself; start the kernel again"],
  [abi.NT_ERR_FULL]: [Full, "no room; poll to drain, then try again"],
  [abi.NT_ERR_TIMEOUT]: [TimedOut, "nothing happened within the timeout"],
  [abi.NT_ERR_KERNEL_DEAD]: [KernelDead, "the kernel process is gone; start it and attach again"],
  [abi.NT_ERR_STATE]: [StateError, "not allowed in the kernel's present state"],
  [abi.NT_ERR_SYSTEM]: [SystemFailure, "the operating system refused"],
  [abi.NT_ERR_NO_SPACE]: [NoSpace, "shared memory is full; free space in /dev/shm or make the rings smaller"],
  [abi.NT_ERR_NO_CHANNEL]: [NoChannel, "every client channel is claimed; close a client or start the kernel with more channels"],
  [abi.NT_ERR_OVERRUN]: [Overrun, "ticks were overwritten before they were read; poll more often"],
  [abi.NT_ERR_WOULD_DEADLOCK]: [WouldDeadlock, "waiting here would stop the tape that you wait for"],
  [abi.NT_ERR_NO_DATA]: [NoData, "no value yet; the first tick has not arrived"],
  [abi.NT_ERR_NOT_READY]: [ModelNotReady, "the model is warming up; wait until it has seen its warm_up steps"],
};

/** The code of a class, or of what it is derived from. */
function codeOf(kind: object | null): number {
  for (let at = kind; at !== null && at !== NeuralTraderError; at = Object.getPrototypeOf(at) as object | null) {
    for (const [code, [known]] of Object.entries(KINDS)) if (known === at) return Number(code);
  }
  return 0;
}

/** The error of a negative result. */
export function errorFor(code: number, text: string, details: ErrorDetails = {}, errno = 0): NeuralTraderError {
  const [kind, standard] = KINDS[code] ?? [NeuralTraderError, `the library answered ${code}`];
  return new kind(text === "" ? standard : text, { ...details, code }, errno);
}

/** A value of whatever kind for an error text. */
export function describe(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "an array" : "an object";
  return Object.is(value, -0) ? "-0" : typeof value === "function" || typeof value === "symbol" ? `a ${typeof value}` : String(value);
}
