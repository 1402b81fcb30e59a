/** Exact fractions: rates, values and fees on their way to whole raw numbers. */

import type { Exact } from "./numbers.ts";
import { floorDivide, magnitude } from "./numbers.ts";

/** Reduced; the denominator is above zero. */
export interface Rational {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

function divisor(one: bigint, other: bigint): bigint {
  while (other !== 0n) [one, other] = [other, one % other];
  return magnitude(one);
}

export function rational(numerator: bigint, denominator = 1n): Rational {
  const shared = divisor(numerator, denominator) * (denominator < 0n ? -1n : 1n);
  return { numerator: numerator / shared, denominator: denominator / shared };
}

export function ofExact({ digits, exponent }: Exact): Rational {
  return exponent < 0 ? rational(digits, 10n ** BigInt(-exponent)) : rational(digits * 10n ** BigInt(exponent));
}

export function times(one: Rational, other: Rational): Rational {
  return rational(one.numerator * other.numerator, one.denominator * other.denominator);
}

/** Of what is not zero. */
export function inverse({ numerator, denominator }: Rational): Rational {
  return rational(denominator, numerator);
}

export function floor({ numerator, denominator }: Rational): bigint {
  return floorDivide(numerator, denominator);
}

export function ceiling({ numerator, denominator }: Rational): bigint {
  return -floorDivide(-numerator, denominator);
}

/** Less than 0, 0 or more than 0, as a number is less than, equal to or greater than another. */
export function compare(one: Rational, other: Rational): number {
  const difference = one.numerator * other.denominator - other.numerator * one.denominator;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}
