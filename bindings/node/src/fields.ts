/** Reading and writing the fields of records that a DataView has no method for. */

const HIGH = 4294967296; // 2^32
const EXACT_HIGH = 0x200000; // 2^53 / 2^32
const ABSENT_HIGH = -0x80000000;

const decoder = new TextDecoder();
const encoder = new TextEncoder();

function inexact(view: DataView, at: number): never {
  throw new RangeError(`${view.getBigInt64(at, true)} is not exact as a number; read the field whose name ends in Raw`);
}

/** A signed 64-bit integer as an exact number; NaN for NT_ABSENT, RangeError beyond 2^53. */
export function readSigned(view: DataView, at: number): number {
  const high = view.getInt32(at + 4, true);
  const low = view.getUint32(at, true);
  if (high >= -EXACT_HIGH && high < EXACT_HIGH) return high * HIGH + low;
  return high === ABSENT_HIGH && low === 0 ? NaN : inexact(view, at);
}

/** An unsigned 64-bit integer as an exact number; RangeError beyond 2^53. */
export function readUnsigned(view: DataView, at: number): number {
  const high = view.getUint32(at + 4, true);
  return high < EXACT_HIGH ? high * HIGH + view.getUint32(at, true) : inexact(view, at);
}

/** Write an exact number; NaN is NT_ABSENT. RangeError for a fraction or beyond 2^53. */
export function writeSigned(view: DataView, at: number, value: number): void {
  const word = value | 0;
  if (word === value) {
    view.setInt32(at, word, true);
    view.setInt32(at + 4, word >> 31, true);
    return;
  }
  const high = Math.floor(value / HIGH);
  const low = value - high * HIGH;
  if (Number.isSafeInteger(value)) {
    view.setUint32(at, low, true);
    view.setInt32(at + 4, high, true);
  } else if (Number.isNaN(value)) {
    view.setUint32(at, 0, true);
    view.setInt32(at + 4, ABSENT_HIGH, true);
  } else {
    throw new RangeError(`${value} is not an exact whole number`);
  }
}

/** Write an exact number that is not negative. */
export function writeUnsigned(view: DataView, at: number, value: number): void {
  const word = value | 0;
  if (word === value && word >= 0) {
    view.setInt32(at, word, true);
    view.setInt32(at + 4, 0, true);
    return;
  }
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${value} is not an exact whole number from 0`);
  const high = Math.floor(value / HIGH);
  view.setUint32(at, value - high * HIGH, true);
  view.setUint32(at + 4, high, true);
}

/** A bigint that an unsigned, or a signed, field of 64 bits can have; a DataView would cut it off. */
export function wide(value: bigint, signed: boolean): bigint {
  if ((signed ? BigInt.asIntN(64, value) : BigInt.asUintN(64, value)) === value) return value;
  throw new RangeError(`${value} does not fit in ${signed ? "a signed" : "an unsigned"} field of 64 bits`);
}

/** Text up to the first zero. */
export function readText(view: DataView, at: number, bytes: number): string {
  const memory = new Uint8Array(view.buffer, view.byteOffset + at, bytes);
  const end = memory.indexOf(0);
  return decoder.decode(memory.slice(0, end < 0 ? bytes : end));
}

/** Text and zeros behind it. RangeError when it does not fit with one zero, or has one inside. */
export function writeText(view: DataView, at: number, bytes: number, value: string): void {
  const text = encoder.encode(value);
  if (text.length >= bytes || text.includes(0)) {
    throw new RangeError(`${JSON.stringify(value.slice(0, 80))} does not fit in ${bytes - 1} bytes`);
  }
  const memory = new Uint8Array(view.buffer, view.byteOffset + at, bytes);
  memory.fill(0);
  memory.set(text);
}
