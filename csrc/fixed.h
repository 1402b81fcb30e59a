/* Fixed-point arithmetic: exact divisibility without division, wide products, money. Pure functions. */
#ifndef NT_FIXED_H
#define NT_FIXED_H

#include "neural_trader.h"

__extension__ typedef __int128 nt_wide;

/* n % divisor == 0 by multiplying with the inverse of the odd part modulo 2^64 (Granlund and Montgomery 1994, section 9). */
typedef struct nt_divisor {
  uint64_t inverse;
  uint64_t bound;
  uint32_t shift;
} nt_divisor;

static inline nt_divisor nt_divisor_of(int64_t value) {
  nt_divisor out = {0, 0, 0};
  uint64_t odd = (uint64_t)value;
  while ((odd & 1) == 0) {
    odd >>= 1;
    out.shift++;
  }
  uint64_t inverse = odd; /* correct to 3 bits; each step doubles them */
  for (int i = 0; i < 5; i++) inverse *= 2 - odd * inverse;
  out.inverse = inverse;
  out.bound = UINT64_MAX / (uint64_t)value;
  return out;
}

static inline uint64_t nt_magnitude(int64_t value) {
  return value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
}

static inline int nt_divides(uint64_t inverse, uint64_t bound, uint32_t shift, int64_t value) {
  uint64_t product = nt_magnitude(value) * inverse;
  uint64_t rotated = (product >> shift) | (product << ((64 - shift) & 63));
  return rotated <= bound;
}

static inline int64_t nt_saturate(nt_wide value) {
  if (value > INT64_MAX) return INT64_MAX;
  if (value < -INT64_MAX) return -INT64_MAX; /* INT64_MIN is NT_ABSENT */
  return (int64_t)value;
}

static inline int64_t nt_sum(int64_t a, int64_t b) {
  return nt_saturate((nt_wide)a + b);
}

/* floor(product * numerator / denominator), saturated: losses are rounded up, gains down. denominator > 0. */
static inline int64_t nt_money_floor(nt_wide product, int64_t numerator, int64_t denominator) {
  nt_wide scaled;
  if (__builtin_mul_overflow(product, (nt_wide)numerator, &scaled)) return product < 0 ? -INT64_MAX : INT64_MAX;
  if (denominator == 1) return nt_saturate(scaled);
  nt_wide quotient = scaled / denominator;
  if (scaled < 0 && quotient * denominator != scaled) quotient--;
  return nt_saturate(quotient);
}

/* A share of money in billionths, against the trader: a fee is rounded up, a rebate down. */
static inline int64_t nt_fee_of(int64_t money, int64_t ppb) {
  return -nt_money_floor(-(nt_wide)money * ppb, 1, 1000000000);
}

/* The largest product whose money is <= limit: floor(limit * denominator / numerator). All > 0. */
static inline nt_wide nt_product_limit(int64_t limit, int64_t numerator, int64_t denominator) {
  return (nt_wide)limit * denominator / numerator;
}

/* now - then, where either may be as far away as NT_ABSENT is. */
static inline int64_t nt_elapsed(int64_t now, int64_t then) {
  return nt_saturate((nt_wide)now - then);
}

/* product * numerator / denominator rounded up, without division: the quotient is estimated from below by a reciprocal and corrected. */
typedef struct nt_ratio {
  nt_wide ceiling; /* the largest product whose result fits in 2^62 */
  int64_t numerator;
  int64_t denominator;
  uint64_t inverse; /* floor(2^(62 + bits) / denominator), bits being the denominator's */
  uint32_t shift;   /* bits - 1 */
  uint32_t reserved;
} nt_ratio;

static inline nt_ratio nt_ratio_of(int64_t numerator, int64_t denominator) { /* numerator >= 0, denominator > 0, both <= NT_RAW_MAX */
  nt_ratio out = {.numerator = numerator, .denominator = denominator};
  while (denominator >> out.shift > 1) out.shift++;
  out.inverse = (uint64_t)(((unsigned __int128)1 << (63 + out.shift)) / (uint64_t)denominator);
  out.ceiling = numerator == 0 ? (nt_wide)INT64_MAX << 62 : ((nt_wide)denominator << 62) / numerator;
  return out;
}

/* product >= 0. INT64_MAX when the result does not fit. */
static inline int64_t nt_ratio_up(const nt_ratio *ratio, nt_wide product) {
  if (product > ratio->ceiling) return INT64_MAX;
  nt_wide scaled = product * ratio->numerator;
  if (scaled >> 63 == 0) { /* the usual size */
    uint64_t small = (uint64_t)scaled, divisor = (uint64_t)ratio->denominator;
    uint64_t below = (uint64_t)(((unsigned __int128)(small >> ratio->shift) * ratio->inverse) >> 63);
    uint64_t left = small - below * divisor;
    return (int64_t)(below + (left > 0) + (left > divisor) + (left > 2 * divisor) + (left > 3 * divisor));
  }
  if (ratio->denominator == 1) return (int64_t)scaled;
  nt_wide quotient = (nt_wide)(((unsigned __int128)(uint64_t)(scaled >> ratio->shift) * ratio->inverse) >> 63);
  nt_wide rest = scaled - quotient * ratio->denominator;
  while (rest > 0) { /* at most four times */
    quotient++;
    rest -= ratio->denominator;
  }
  return (int64_t)quotient;
}

static inline nt_wide nt_absolute(nt_wide value) {
  return value < 0 ? -value : value;
}

#endif
