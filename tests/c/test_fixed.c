/* Fixed-point arithmetic against slow references: every rounding goes against the trader. */
#include "check.h"
#include "fixed.h"

#define RAW ((int64_t)NT_RAW_MAX)
#define WIDE_MAX ((nt_wide)(~(unsigned __int128)0 >> 1))

__extension__ typedef unsigned __int128 wide_unsigned;

/* Magnitudes of every size, either sign. */
static int64_t any_raw(uint64_t *seed) {
  uint64_t r = check_random(seed);
  int64_t value = (int64_t)(check_random(seed) >> (13 + r % 50));
  if (value > RAW) value = RAW;
  return r & 1024 ? -value : value;
}

static int64_t positive_raw(uint64_t *seed) {
  int64_t value = any_raw(seed);
  return value < 0 ? -value : value == 0 ? 1 : value;
}

static int divides(int64_t divisor, int64_t value) {
  nt_divisor d = nt_divisor_of(divisor);
  return nt_divides(d.inverse, d.bound, d.shift, value);
}

static void divides_as_the_remainder_does(void) {
  const int64_t divisors[] = {1, 2, 3, 5, 7, 10, 25, 64, 100, 125, 1000, 12500, 99991, 1LL << 40, RAW - 1, RAW};
  const int64_t edges[] = {0, 1, -1, RAW, -RAW, RAW + 1, 1LL << 53, -(1LL << 53), INT64_MAX, -INT64_MAX};
  uint64_t seed = 20260105;
  for (size_t i = 0; i < sizeof(divisors) / sizeof(divisors[0]); i++) {
    int64_t divisor = divisors[i];
    for (size_t j = 0; j < sizeof(edges) / sizeof(edges[0]); j++) CHECK_EQUAL(divides(divisor, edges[j]), edges[j] % divisor == 0);
    for (int64_t value = -1100; value <= 1100; value++) CHECK_EQUAL(divides(divisor, value), value % divisor == 0);
  }
  for (int i = 0; i < 300000; i++) {
    int64_t divisor = positive_raw(&seed), value = any_raw(&seed), multiple = value / divisor * divisor;
    CHECK_EQUAL(divides(divisor, value), value % divisor == 0);
    CHECK(divides(divisor, multiple));
    if (divisor > 1) CHECK(!divides(divisor, multiple + 1) && !divides(divisor, multiple - 1));
  }
  CHECK_EQUAL(divides(4, INT64_MIN), 1); /* the magnitude of the smallest value does not overflow */
  CHECK_EQUAL(divides(3, INT64_MIN), 0);
}

static void magnitudes_and_sums_saturate(void) {
  CHECK(nt_magnitude(INT64_MIN) == (uint64_t)1 << 63);
  CHECK(nt_magnitude(-7) == 7 && nt_magnitude(7) == 7 && nt_magnitude(0) == 0);
  CHECK_EQUAL(nt_saturate((nt_wide)INT64_MAX + 1), INT64_MAX);
  CHECK_EQUAL(nt_saturate(INT64_MAX), INT64_MAX);
  CHECK_EQUAL(nt_saturate(-(nt_wide)INT64_MAX), -INT64_MAX);
  CHECK_EQUAL(nt_saturate(INT64_MIN), -INT64_MAX); /* the smallest value means absent and is never a sum */
  CHECK_EQUAL(nt_saturate(WIDE_MAX), INT64_MAX);
  CHECK_EQUAL(nt_saturate(-WIDE_MAX), -INT64_MAX);
  CHECK_EQUAL(nt_sum(INT64_MAX, INT64_MAX), INT64_MAX);
  CHECK_EQUAL(nt_sum(-INT64_MAX, -INT64_MAX), -INT64_MAX);
  CHECK_EQUAL(nt_sum(INT64_MAX, -INT64_MAX), 0);
  CHECK(nt_absolute(-WIDE_MAX) == WIDE_MAX && nt_absolute(5) == 5);
}

/* |product| * numerator as 192 bits, divided by long division, one bit at a time. *rest: whether something is left over. */
static int quotient_of(wide_unsigned product, uint64_t numerator, uint64_t denominator, wide_unsigned *quotient, int *rest) {
  uint64_t words[3], remainder = 0;
  wide_unsigned low = (wide_unsigned)(uint64_t)product * numerator, high = (product >> 64) * numerator + (low >> 64);
  words[0] = (uint64_t)low;
  words[1] = (uint64_t)high;
  words[2] = (uint64_t)(high >> 64);
  wide_unsigned out = 0;
  int fits = 1;
  for (int bit = 191; bit >= 0; bit--) {
    remainder = remainder << 1 | (words[bit / 64] >> (bit % 64) & 1);
    uint64_t digit = remainder >= denominator;
    if (digit) remainder -= denominator;
    if (out >> 127) fits = 0;
    out = out << 1 | digit;
  }
  *quotient = out;
  *rest = remainder != 0;
  return fits;
}

static int64_t slow_floor(nt_wide product, int64_t numerator, int64_t denominator) {
  wide_unsigned quotient;
  int rest, negative = product < 0;
  int fits = quotient_of((wide_unsigned)(negative ? -product : product), (uint64_t)numerator, (uint64_t)denominator, &quotient, &rest);
  if (!fits || quotient > (wide_unsigned)INT64_MAX) return negative ? -INT64_MAX : INT64_MAX;
  if (!negative) return (int64_t)quotient;
  if (rest) quotient++;
  return quotient > (wide_unsigned)INT64_MAX ? -INT64_MAX : -(int64_t)quotient;
}

static void money_is_the_floor(void) {
  CHECK_EQUAL(nt_money_floor(7, 1, 2), 3);
  CHECK_EQUAL(nt_money_floor(-7, 1, 2), -4); /* a loss is rounded up */
  CHECK_EQUAL(nt_money_floor(-8, 1, 2), -4);
  CHECK_EQUAL(nt_money_floor(0, 5, 3), 0);
  CHECK_EQUAL(nt_money_floor(-1, 1, RAW), -1);
  CHECK_EQUAL(nt_money_floor(1, 1, RAW), 0);
  CHECK_EQUAL(nt_money_floor((nt_wide)RAW * RAW, RAW, 1), INT64_MAX); /* beyond 128 bits */
  CHECK_EQUAL(nt_money_floor(-(nt_wide)RAW * RAW, RAW, RAW), -INT64_MAX);
  CHECK_EQUAL(nt_money_floor((nt_wide)RAW * 4095, RAW, RAW), RAW * 4095);
  CHECK_EQUAL(nt_money_floor(WIDE_MAX, 1, 1), INT64_MAX);
  CHECK_EQUAL(nt_money_floor(-WIDE_MAX, 2, 1), -INT64_MAX);
  uint64_t seed = 7;
  for (int i = 0; i < 60000; i++) {
    nt_wide product = (nt_wide)any_raw(&seed) * any_raw(&seed);
    if (i % 3 == 0) product = any_raw(&seed);
    int64_t numerator = positive_raw(&seed), denominator = i % 5 == 0 ? 1 : positive_raw(&seed);
    CHECK_EQUAL(nt_money_floor(product, numerator, denominator), slow_floor(product, numerator, denominator));
    CHECK(nt_money_floor(product, numerator, denominator) <= -nt_money_floor(-product, numerator, denominator)); /* never flatters */
  }
}

/* The notional check compares products, not money: the two agree exactly at the limit. */
static void limits_of_products_are_the_limits_of_money(void) {
  uint64_t seed = 99;
  for (int i = 0; i < 100000; i++) {
    int64_t limit = positive_raw(&seed), numerator = positive_raw(&seed), denominator = i % 4 == 0 ? 1 : positive_raw(&seed);
    nt_wide most = nt_product_limit(limit, numerator, denominator);
    CHECK(-(nt_wide)nt_money_floor(-most, numerator, denominator) <= limit);    /* what it costs, rounded up, is within */
    CHECK(-(nt_wide)nt_money_floor(-most - 1, numerator, denominator) > limit); /* and one raw unit more is not */
  }
}

int main(void) {
  divides_as_the_remainder_does();
  magnitudes_and_sums_saturate();
  money_is_the_floor();
  limits_of_products_are_the_limits_of_money();
  return 0;
}
