/**
 * Numbers in and out: units to the raw integers of the core, and back, by the rules of the Python package.
 *
 * A raw value is the number times ten to the power of its decimals. In: exact for text; a number is accepted when it is within 1e-6 of a
 * step (tick, lot) or is the double nearest to one. NaN, infinities and other types are refused, and so is anything beyond 2^51 raw. Out:
 * the exactly rounded double, or exact text.
 */

import { describe, InvalidArgument } from "./errors.ts";
import { NT_DECIMALS_MAX, NT_RAW_MAX } from "./generated/abi.ts";

const FAST = 2 ** 31; // below this many steps the product of doubles is wrong by less than 2.5e-7
const TOLERANCE = 1e-6; // of a step
const DIGITS_MAX = 64; // of one number: more is a mistake
const LONG = 40; // digits before or after the point
const SHOWN_DIGITS = 17; // of a long number
const SHORT = 15; // characters, whose digits are exact in a double
const ZERO = 48;
const POINT = 46;
const SHIFT_MAX = 80; // anything smaller than 1E-80 is as far from a step as that
const NUMBER = /^[+-]?(?:([0-9]+)(?:\.([0-9]*))?|\.([0-9]+))(?:[eE]([+-]?[0-9]{1,3}))?$/;

export const POWERS_OF_TEN: readonly number[] = Array.from({ length: NT_DECIMALS_MAX + 1 }, (_, index) => 10 ** index);

/** digits * 10^exponent. */
export interface Exact {
  readonly digits: bigint;
  readonly exponent: number;
}

/** The exact value of a text, a number (as its shortest text) or a bigint. InvalidArgument for what is not a finite number. */
export function exact(value: unknown, what = "value"): Exact {
  if (typeof value === "boolean") throw new InvalidArgument(`${what} is ${value}, a truth value; give a number`);
  if (typeof value === "number" && !Number.isFinite(value)) throw new InvalidArgument(`${what} is ${value}; give a finite number`);
  if (typeof value !== "string" && typeof value !== "number" && typeof value !== "bigint") {
    throw new InvalidArgument(`${what} is ${describe(value)}; give a number or a text`);
  }
  const text = String(value);
  const match = text.length > DIGITS_MAX ? null : NUMBER.exec(text);
  if (match === null) {
    throw new InvalidArgument(
      typeof value === "bigint" ? `${what} has more than ${DIGITS_MAX} digits` : `${what} ${describe(value)} is not a plain decimal number`,
    );
  }
  const fraction = match[2] ?? match[3] ?? "";
  const digits = BigInt(`${match[1] ?? ""}${fraction}`) * (text.startsWith("-") ? -1n : 1n);
  return { digits, exponent: Number(match[4] ?? 0) - fraction.length };
}

/** A number as people write it: no exponent, no zeros that say nothing. */
export function plain({ digits, exponent }: Exact): string {
  const negative = digits < 0n;
  let text = (negative ? -digits : digits).toString();
  if (exponent >= 0) text = digits === 0n ? "0" : text + "0".repeat(exponent);
  else {
    text = text.padStart(1 - exponent, "0");
    text = `${text.slice(0, exponent)}.${text.slice(exponent)}`.replace(/\.?0+$/, "");
  }
  return negative && text !== "0" ? `-${text}` : text;
}

/** A number for an error text: as people write it, with an exponent where that would be long. */
export function brief(number: Exact): string {
  if (number.digits === 0n) return "0";
  const digits = magnitude(number.digits).toString();
  const size = digits.length - 1 + number.exponent; // power of ten of the first digit
  if (size > -LONG && size < LONG && digits.length <= DIGITS_MAX) return plain(number);
  const shown = digits.slice(0, SHOWN_DIGITS).replace(/0+$/, "");
  return `${number.digits < 0n ? "-" : ""}${shown}e${number.exponent + digits.length - shown.length}`;
}

export function magnitude(value: bigint): bigint {
  return value < 0n ? -value : value;
}

/** The exact value of a raw number as text: money, observed values and limits. */
export function rawText(raw: number | bigint, decimals: number): string {
  return plain({ digits: BigInt(raw), exponent: -decimals });
}

/** How many decimals a number needs: 0.25 two, 5 none, 1E+3 none. */
export function decimalsOf({ digits, exponent }: Exact): number {
  if (digits === 0n) return 0;
  let [left, places] = [digits, -exponent];
  while (places > 0 && left % 10n === 0n) [left, places] = [left / 10n, places - 1];
  return Math.max(0, places);
}

/** The value of a raw number as the nearest double; NaN stays NaN. */
export function fromRaw(raw: number, decimals: number): number {
  return raw / (POWERS_OF_TEN[decimals] ?? NaN); // both are exact: the quotient is rounded once
}

/** -7/2 is -4 here, which BigInt's division makes -3. */
export function floorDivide(numerator: bigint, denominator: bigint): bigint {
  const quotient = numerator / denominator;
  return numerator % denominator !== 0n && numerator < 0n !== denominator < 0n ? quotient - 1n : quotient;
}

/** Units to raw for one column of one instrument. `raw` is on the path of every order. */
export class Converter {
  readonly decimals: number;
  readonly step: number;
  readonly what: string;
  readonly #perStep: number;

  constructor(decimals: number, step = 1, what = "value") {
    if (!(Number.isInteger(decimals) && decimals >= 0 && decimals <= NT_DECIMALS_MAX)) {
      throw new InvalidArgument(`decimals of ${what} must be 0 to ${NT_DECIMALS_MAX}`, { observed: decimals, limit: NT_DECIMALS_MAX });
    }
    if (!(Number.isSafeInteger(step) && step > 0 && step <= NT_RAW_MAX)) {
      throw new InvalidArgument(`step of ${what} must be 1 to 2^51 raw`, { observed: step, limit: NT_RAW_MAX });
    }
    this.decimals = decimals;
    this.step = step;
    this.what = what;
    this.#perStep = 10 ** decimals / step;
  }

  /** The raw value, on a step; InvalidArgument says what is wrong otherwise. */
  raw(value: unknown): number {
    if (typeof value === "number") {
      const steps = value * this.#perStep;
      if (steps > -FAST && steps < FAST) {
        const nearest = Math.round(steps);
        const off = steps - nearest;
        if (off >= -TOLERANCE && off <= TOLERANCE) {
          const raw = nearest * this.step;
          if (raw >= -NT_RAW_MAX && raw <= NT_RAW_MAX) return raw + 0; // + 0: never minus zero
        }
      }
    } else if (typeof value === "string") {
      const raw = this.#short(value);
      if (raw % this.step === 0) return raw; // false for NaN
    }
    return this.#slow(exact(value, this.what), typeof value === "number" ? value : undefined);
  }

  /** The raw value of a short plain text such as 1634.25; NaN for any other. */
  #short(text: string): number {
    let digits = 0;
    let point = -1;
    const length = text.length;
    if (length === 0 || length > SHORT) return NaN;
    for (let i = 0; i < length; i++) {
      const digit = text.charCodeAt(i) - ZERO;
      if (digit >= 0 && digit <= 9) digits = digits * 10 + digit;
      else if (digit === POINT - ZERO && point < 0 && i > 0) point = i;
      else return NaN;
    }
    const places = point < 0 ? 0 : length - point - 1;
    if (places > this.decimals || (point >= 0 && places === 0)) return NaN;
    const raw = digits * (POWERS_OF_TEN[this.decimals - places] ?? NaN);
    return raw <= NT_RAW_MAX ? raw : NaN;
  }

  /** The raw value of an exact number, on a step. */
  rawOf(number: Exact): number {
    return this.#slow(number);
  }

  /** `double` is the number as it was given, where that is no text. */
  #slow(number: Exact, double?: number): number {
    if (number.digits === 0n) return 0;
    const size = number.digits.toString().replace("-", "").length - 1 + number.exponent; // power of ten of the first digit
    if (size + this.decimals > 20) throw this.#tooLarge(number);
    const near = size >= -SHIFT_MAX ? number : { digits: number.digits < 0n ? -1n : 1n, exponent: -SHIFT_MAX };
    const power = near.exponent + this.decimals;
    const numerator = near.digits * 10n ** BigInt(Math.max(power, 0));
    const denominator = 10n ** BigInt(Math.max(-power, 0)) * BigInt(this.step);
    const below = floorDivide(numerator, denominator);
    const twice = 2n * (numerator - below * denominator);
    const up = twice > denominator || (twice === denominator && below % 2n !== 0n); // half to even
    const nearest = up ? below + 1n : below;
    const raw = nearest * BigInt(this.step);
    if (numerator !== nearest * denominator && !this.#standsFor(double, numerator, denominator, nearest)) {
      if (magnitude(numerator) * BigInt(this.step) > BigInt(NT_RAW_MAX) * denominator) throw this.#tooLarge(number);
      throw this.#offStep(number, below);
    }
    if (raw > BigInt(NT_RAW_MAX) || raw < -BigInt(NT_RAW_MAX)) throw this.#tooLarge(number);
    return Number(raw);
  }

  /** Whether a double is near enough to a step, or the nearest double to it; text has to be exact. */
  #standsFor(double: number | undefined, numerator: bigint, denominator: bigint, nearest: bigint): boolean {
    if (double === undefined) return false;
    if (magnitude(numerator - nearest * denominator) * 1_000_000n <= denominator) return true;
    return Number(rawText(nearest * BigInt(this.step), this.decimals)) === double;
  }

  #tooLarge(number: Exact): InvalidArgument {
    const bound = rawText(NT_RAW_MAX, this.decimals);
    return new InvalidArgument(`${this.what} ${brief(number)} is beyond the bound of ${bound} (2^51 raw)`, { limit: NT_RAW_MAX });
  }

  #offStep(number: Exact, below: bigint): InvalidArgument {
    const around = [below, below + 1n].map((steps) => fixed(steps * BigInt(this.step), this.decimals));
    const step = rawText(this.step, this.decimals);
    const isLong = magnitude(number.digits).toString().length - 1 + number.exponent <= -LONG;
    const shown = number.exponent < 0 && !isLong ? fixed(number.digits, -number.exponent) : brief(number); // with zeros that were written
    const text = `${this.what} ${shown} is not a multiple of ${step}: the nearest are ${around.join(" and ")}`;
    return new InvalidArgument(text, { limit: this.step });
  }
}

/** With all its decimals: 1.50. */
function fixed(raw: bigint, decimals: number): string {
  const text = magnitude(raw).toString().padStart(decimals + 1, "0");
  const sign = raw < 0n ? "-" : "";
  return sign + (decimals === 0 ? text : `${text.slice(0, -decimals)}.${text.slice(-decimals)}`);
}
