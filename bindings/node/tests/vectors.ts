/** The conformance vectors: what tests/conformance/generate.py has written, and how it is read and compared here. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { NeuralTraderError } from "../dist/index.js";
import { ROOT } from "./support.js";

const NOT_A_NUMBER = 0x7ff8000000000000n;

export interface Refusal {
  readonly class: string;
  readonly code: number;
  readonly observed?: number | string;
  readonly limit?: number | string;
  readonly text?: string;
}

export type Fields = Readonly<Record<string, unknown>>;

/** One step of a session: what to do, with what, and what has to come of it. */
export interface Step extends Fields {
  readonly do: string;
  readonly client: string;
  readonly error?: Refusal;
}

export interface Session {
  readonly name: string;
  readonly steps: readonly Step[];
  readonly journal?: { readonly bytes: number; readonly sha256: string };
}

export interface Vectors {
  readonly absent: Readonly<Record<string, readonly string[]>>;
  readonly sessions: readonly Session[];
  readonly report_fields: readonly string[];
  readonly tick_fields: readonly string[];
  readonly columns: readonly string[];
  readonly features?: readonly string[];
  readonly files?: Readonly<Record<string, string>>;
}

/** Bytes of a file of tests/conformance. */
export function vectorFile(name: string): Buffer {
  return readFileSync(join(ROOT, "tests", "conformance", name));
}

export function vectors<Kind extends Vectors = Vectors>(name: string): Kind {
  return JSON.parse(vectorFile(`${name}.json`).toString("utf8")) as Kind;
}

/** client_order_id -> clientOrderId */
export function camel(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** An object with the names of this language. */
export function camelKeys(fields: Fields): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [camel(name), value]));
}

/** Memory of its own: a view of it may begin anywhere in it, and aligned for every number. */
export function bytesOf(hexadecimal: string): ArrayBuffer {
  const memory = new ArrayBuffer(hexadecimal.length / 2);
  new Uint8Array(memory).set(Buffer.from(hexadecimal, "hex"));
  return memory;
}

export function doubles(hexadecimal: unknown): number[] {
  return [...new Float64Array(bytesOf(hexadecimal as string))];
}

export function hexadecimal(values: Float64Array): string {
  return bufferOf(values).toString("hex");
}

/** Bytes of doubles; what is not a number has the same bits on every engine. */
export function bufferOf(values: Float64Array): Buffer {
  const bits = new BigUint64Array(values.slice().buffer);
  for (let index = 0; index < values.length; index++) if (Number.isNaN(values[index])) bits[index] = NOT_A_NUMBER;
  return Buffer.from(bits.buffer);
}

/** What JSON has no number for. */
export function special(value: unknown): unknown {
  return typeof value === "object" && value !== null && "special" in value ? Number(value.special) : value;
}

/** A text of the Python package as this one has to put it: names in its manner, and double quotes. */
function worded(text: string): string {
  return text.replace(/'([^']*)'/g, '"$1"').replace(/\b[a-z]+(?:_[a-z]+)+\b/g, camel);
}

/** The class and everything else of an error that had to come. */
export function assertRefused(error: unknown, expected: Refusal, what: string): void {
  if (!(error instanceof NeuralTraderError)) throw error;
  const { name, code, observed, limit, message } = error;
  const known = (value: unknown): string | null => (value === undefined || value === null ? null : String(value));
  assert.deepEqual(
    { class: name, code, observed: known(observed), limit: known(limit) },
    { class: expected.class, code: expected.code, observed: known(expected.observed), limit: known(expected.limit) },
    `${what}: ${message}`,
  );
  assert.equal(error.constructor.name, name);
  if (expected.text !== undefined && message !== expected.text) assert.equal(message, worded(expected.text), what);
}
