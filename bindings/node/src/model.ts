/** A model in this process: load a file, predict, step. What is computed is defined by the file to the bit, here as everywhere. */

import { readFile, stat } from "node:fs/promises";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";

import { BadHandle, describe, InvalidArgument, SystemFailure } from "./errors.ts";
import * as abi from "./generated/abi.ts";
import { ModelInfoRecord } from "./generated/records.ts";
import type { Pointer, Symbols } from "./generated/symbols.ts";
import type { Block, Library } from "./library.ts";
import { openLibrary } from "./library.ts";
import type { Description, Precision } from "./model_file.ts";
import { describeModel, FILE_BYTES_MAX, PRECISION_CODES, refuseUnmeasured } from "./model_file.ts";

export type { Precision } from "./model_file.ts";
export type InstructionSet = "auto" | "generic" | "avx2" | "avx512";

export interface ModelOptions {
  /** Another than "fp32", which is the default, has to have been measured and be near enough, else PrecisionRefused. */
  readonly precision?: Precision;
  /** Results are the same bits on each; "auto" unless given. */
  readonly isa?: InstructionSet;
  /** How many instruments `step` has a state for: 1, up to 1,048,576. */
  readonly rows?: number;
  readonly library?: Library;
}

/** What a loaded model is. */
export interface ModelInfo {
  readonly name: string;
  readonly version: string;
  readonly precision: Precision;
  /** The one in use. */
  readonly isa: InstructionSet;
  /** Features of a step. */
  readonly inputs: number;
  /** Their names, in order. */
  readonly features: readonly string[];
  /** Numbers of a prediction: one a label, or mean and deviation. */
  readonly outputs: number;
  readonly output: "classes" | "normal" | "student_t";
  /** Of the classes, in order; none where `output` is another. */
  readonly labels: readonly string[];
  /** Each step depends on those before it. */
  readonly stateful: boolean;
  /** Probabilities were calibrated on data that the model was not trained on. */
  readonly calibrated: boolean;
  readonly rows: number;
  /** Of the sequences that it was trained on; 0 without state. */
  readonly steps: number;
  /** Steps after a reset before a prediction counts. */
  readonly warmUp: number;
  /** When a kernel steps it: after every n-th of these events of an instrument. */
  readonly clock: { readonly on: "tick" | "quote" | "trade" | "time_change"; readonly every: number };
  /** Numbers in the file. */
  readonly weights: number;
  /** Of state, each. */
  readonly rowBytes: number;
}

/** What a step found. */
export interface Prediction {
  /** A probability for each label, or mean and deviation. */
  readonly values: Float64Array;
  /** Of classes the largest probability; of a mean how likely its sign is right, as of a normal with the deviation. */
  readonly confidence: number;
  /** Warmed up: the prediction counts. */
  readonly ready: boolean;
  /** Ready, and its probabilities were calibrated. */
  readonly calibrated: boolean;
}

/** How `predict` is to read its features. */
export interface Sequences {
  /** How many sequences; as many as there are features for, unless given. */
  readonly count?: number;
  /** Rows of each, 1 unless given. */
  readonly steps?: number;
}

const PRECISIONS: ReadonlyMap<unknown, number> = new Map(Object.entries(PRECISION_CODES));
const SETS: ReadonlyMap<unknown, number> = new Map(Object.entries(abi.ISA).map(([code, name]) => [name.toLowerCase(), Number(code)]));
const ROWS_MAX = 1 << 20;
const COUNT_MAX = 2 ** 32 - 1;
const KEPT_INPUTS = 4096; // numbers of a call that needs no memory of its own
const KEPT_OUTPUTS = 1024;

interface Left {
  readonly library: Library;
  readonly handle: number;
}

/** Models that nobody closed and nobody holds any more. */
const abandoned = new FinalizationRegistry<Left>(({ library, handle }) => void library.symbols.nt_close(handle));

/** A model in memory, for one thread. `close` it, or let `using` do so. */
export class Model implements Disposable {
  readonly info: ModelInfo;
  readonly #library: Library;
  readonly #calls: Symbols;
  readonly #input: Float32Array;
  readonly #inputPointer: Pointer;
  readonly #output: Float64Array;
  readonly #outputPointer: Pointer;
  readonly #rows: number;
  readonly #width: number;
  readonly #outputs: number;
  readonly #isClasses: boolean;
  readonly #isCalibrated: boolean;
  readonly #warmUp: number;
  readonly #stepsDone: Uint32Array | undefined; // since the reset of each row, where there is a warm-up
  #handle: number;
  #borrowed: Block | undefined; // of the call in progress: nothing else keeps it

  private constructor(library: Library, handle: number, info: ModelInfo) {
    this.info = info;
    this.#library = library;
    this.#calls = library.symbols;
    this.#handle = handle;
    this.#rows = info.rows;
    this.#width = info.inputs;
    this.#outputs = info.outputs;
    this.#isClasses = info.output === "classes";
    this.#isCalibrated = info.calibrated;
    this.#warmUp = info.warmUp;
    this.#stepsDone = info.warmUp > 0 ? new Uint32Array(info.rows) : undefined;
    const input = library.allocate(Math.max(KEPT_INPUTS, info.inputs) * Float32Array.BYTES_PER_ELEMENT);
    this.#input = new Float32Array(input.buffer);
    this.#inputPointer = input.pointer;
    const output = library.allocate(Math.max(KEPT_OUTPUTS, info.outputs) * Float64Array.BYTES_PER_ELEMENT);
    this.#output = new Float64Array(output.buffer);
    this.#outputPointer = output.pointer;
    abandoned.register(this, { library, handle }, this);
  }

  /**
   * Load a file, or the bytes of one, which are not needed afterwards. InvalidArgument names the file, and the key, tensor or op that is
   * wrong; PrecisionRefused has the figures; SystemFailure says why a file cannot be read.
   */
  static async load(source: string | URL | Uint8Array, options: ModelOptions = {}): Promise<Model> {
    const { precision = "fp32", isa = "auto", rows = 1 } = options;
    codeOf(PRECISIONS, precision, "precision");
    codeOf(SETS, isa, "isa");
    if (!isWhole(rows, 1, ROWS_MAX)) {
      throw new InvalidArgument(`rows is ${describe(rows)}; give the number of instruments to step, 1 to ${ROWS_MAX}`);
    }
    const library = options.library ?? openLibrary();
    if (source instanceof Uint8Array) return Model.#open(library, source, precision, isa, rows);
    const path = source instanceof URL ? fileURLToPath(source) : source;
    if (typeof path !== "string") throw new InvalidArgument(`a model is loaded from a path or from bytes, not from ${describe(source)}`);
    const bytes = await read(path);
    try {
      return Model.#open(library, bytes, precision, isa, rows);
    } catch (error) {
      if (!(error instanceof InvalidArgument)) throw error;
      throw new InvalidArgument(`${path}: ${error.message}`, error);
    }
  }

  static #open(library: Library, bytes: Uint8Array, precision: Precision, isa: InstructionSet, rows: number): Model {
    const file = library.allocate(Math.max(bytes.length, 1));
    new Uint8Array(file.buffer).set(bytes);
    const made = library.allocate(4);
    const codes = [codeOf(PRECISIONS, precision, "precision"), codeOf(SETS, isa, "isa")] as const;
    library.call((error) => library.symbols.nt_model_load(file.pointer, bytes.length, ...codes, rows, made.pointer, error));
    const handle = new Uint32Array(made.buffer)[0] ?? 0;
    try {
      const description = describeModel(new Uint8Array(file.buffer, 0, bytes.length));
      refuseUnmeasured(description, precision);
      return new Model(library, handle, infoOf(library, handle, description, precision));
    } catch (error) {
      library.symbols.nt_close(handle);
      throw error;
    }
  }

  /**
   * Predictions of sequences, one after the other in `features`, each from a state of zeros: of the last row of each, `info.outputs`
   * numbers. A model without state takes sequences of one step. InvalidArgument for another number of features, and for one that is
   * infinite or not a number: `observed` is the row of the first.
   */
  predict(features: Float32Array, sequences: Sequences = {}): Float64Array {
    if (!isFloats(features)) throw new InvalidArgument(`the features are ${describe(features)}; give a Float32Array`);
    const { steps = 1 } = sequences;
    if (!isWhole(steps, 1, COUNT_MAX)) throw new InvalidArgument(`steps ${describe(steps)} is not a whole number from 1`);
    if (steps > 1 && !this.info.stateful) {
      throw new InvalidArgument(`there are sequences of ${steps} steps, and the model has no state; give single rows of ${this.#width}`);
    }
    const { count = features.length / (steps * this.#width) } = sequences;
    if (!isWhole(count, 1, COUNT_MAX) || count * steps * this.#width !== features.length) {
      const given = sequences.count === undefined ? "whole sequences" : `${describe(sequences.count)} sequences`;
      const wanted = `${given} of ${steps} ${steps === 1 ? "row" : "rows"} of ${this.#width} features`;
      throw new InvalidArgument(`there are ${features.length} numbers; give ${wanted}, at least one`);
    }
    const input = this.#inputFor(features);
    const size = count * this.#outputs;
    const own = size > this.#output.length ? this.#library.allocate(size * Float64Array.BYTES_PER_ELEMENT) : undefined;
    const result = this.#calls.nt_model_predict(this.#handle, input, count, steps, own === undefined ? this.#outputPointer : own.pointer);
    this.#borrowed = undefined;
    if (result < 0) this.#refused(result);
    return own === undefined ? this.#output.slice(0, size) : new Float64Array(own.buffer);
  }

  /**
   * The next prediction of a row: an instrument with a state of its own, 0 to `info.rows` - 1. InvalidArgument for another row, another
   * number of features, and one that is infinite or not a number: these leave the state as it is.
   */
  step(row: number, features: Float32Array): Prediction {
    if (!isFloats(features) || features.length !== this.#width) throw this.#wrongStep(features);
    if (!isWhole(row, 0, this.#rows - 1)) throw this.#wrongRow(row);
    this.#input.set(features);
    const result = this.#calls.nt_model_step(this.#handle, row, this.#inputPointer, this.#outputPointer);
    if (result < 0) this.#refused(result);
    const values = this.#output.slice(0, this.#outputs);
    const ready = this.#stepsDone === undefined || this.#count(this.#stepsDone, row) > this.#warmUp;
    return { values, confidence: this.#isClasses ? largest(values) : sureness(values), ready, calibrated: ready && this.#isCalibrated };
  }

  /** Do now what the next `step` of the row can do without its features. It changes no result, only when it is there. */
  advance(row: number): void {
    if (!isWhole(row, 0, this.#rows - 1)) throw this.#wrongRow(row);
    const result = this.#calls.nt_model_advance(this.#handle, row);
    if (result < 0) this.#refused(result);
  }

  /** Begin the row's state anew: at a new session, or after a gap. */
  reset(row: number): void {
    if (!isWhole(row, 0, this.#rows - 1)) throw this.#wrongRow(row);
    const result = this.#calls.nt_model_reset(this.#handle, row);
    if (result < 0) this.#refused(result);
    if (this.#stepsDone !== undefined) this.#stepsDone[row] = 0;
  }

  /** Free the model; calls raise BadHandle from now on. A second time does nothing. */
  close(): void {
    const handle = this.#handle;
    if (handle === 0) return;
    this.#handle = 0;
    abandoned.unregister(this);
    this.#calls.nt_close(handle);
  }

  get closed(): boolean {
    return this.#handle === 0;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Where the library reads the features: its own copy of them, which may be a part of any buffer. */
  #inputFor(features: Float32Array): Pointer {
    if (features.length <= this.#input.length) {
      this.#input.set(features);
      return this.#inputPointer;
    }
    this.#borrowed = this.#library.allocate(features.length * Float32Array.BYTES_PER_ELEMENT);
    new Float32Array(this.#borrowed.buffer).set(features);
    return this.#borrowed.pointer;
  }

  #count(stepsDone: Uint32Array, row: number): number {
    const done = Math.min((stepsDone[row] ?? 0) + 1, COUNT_MAX);
    stepsDone[row] = done;
    return done;
  }

  #refused(result: number): void {
    if (this.#handle === 0) throw new BadHandle("the model was closed; load it again");
    this.#library.check(result, this.#handle);
  }

  #wrongStep(features: unknown): InvalidArgument {
    const shown = isFloats(features) ? `${features.length} numbers` : describe(features);
    return new InvalidArgument(`the features are ${shown}; give a Float32Array of ${this.#width}`);
  }

  #wrongRow(row: unknown): InvalidArgument {
    return new InvalidArgument(`row is ${describe(row)}; the model was loaded with rows=${this.#rows}: give 0 to ${this.#rows - 1}`);
  }
}

function codeOf(codes: ReadonlyMap<unknown, number>, value: unknown, what: string): number {
  const code = codes.get(value);
  if (code === undefined) throw new InvalidArgument(`${what} ${describe(value)} is not one of ${[...codes.keys()].join(", ")}`);
  return code;
}

function isWhole(value: unknown, least: number, most: number): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= least && value <= most;
}

/** One of another realm counts, too. */
function isFloats(value: unknown): value is Float32Array {
  return value instanceof Float32Array || Object.prototype.toString.call(value) === "[object Float32Array]";
}

function largest(values: Float64Array): number {
  let most = 0;
  for (let index = 0; index < values.length; index++) most = Math.max(most, values[index] ?? 0);
  return most;
}

/** How likely the sign of a mean is right: the normal distribution at |mean| / deviation, Abramowitz and Stegun 26.2.17, within 1e-7. */
function sureness(values: Float64Array): number {
  const [mean = 0, deviation = 0] = values;
  if (mean === 0) return 0.5;
  const x = Math.abs(mean) / deviation;
  const t = 1 / (1 + 0.2316419 * x);
  const sum = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return 1 - (Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI)) * sum;
}

function infoOf(library: Library, handle: number, file: Description, precision: Precision): ModelInfo {
  const block = library.allocate(ModelInfoRecord.bytes);
  library.check(library.symbols.nt_model_read_info(handle, block.pointer), handle);
  const row = new ModelInfoRecord(block.buffer);
  return Object.freeze({
    name: row.name,
    version: row.version,
    precision,
    isa: (abi.ISA[row.isa] ?? "").toLowerCase() as InstructionSet,
    inputs: row.inputs,
    features: Object.freeze([...file.features.names]),
    outputs: row.outputs,
    output: (abi.MODEL_OUTPUT[row.outputKind] ?? "").toLowerCase() as ModelInfo["output"],
    labels: Object.freeze([...file.output.labels]),
    stateful: row.stateful !== 0,
    calibrated: row.calibrated !== 0,
    rows: row.rows,
    steps: row.steps,
    warmUp: row.warmUp,
    clock: Object.freeze({ on: (abi.MODEL_CLOCK[row.clock] ?? "").toLowerCase() as ModelInfo["clock"]["on"], every: row.clockEvery }),
    weights: row.weights,
    rowBytes: row.rowBytes,
  });
}

async function read(path: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(path);
    if (size > FILE_BYTES_MAX) {
      throw new InvalidArgument(`${path}: model file: is larger than 256 MB`, { observed: size, limit: FILE_BYTES_MAX });
    }
    return await readFile(path);
  } catch (error) {
    if (error instanceof InvalidArgument) throw error;
    throw new SystemFailure(`${path} cannot be read`, { code: abi.NT_ERR_SYSTEM }, errnoOf(error));
  }
}

/** The number of a file error, which each runtime writes in its own way. */
function errnoOf(error: unknown): number {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  return Object.entries(constants.errno).find(([name]) => name === code)?.[1] ?? 0;
}
