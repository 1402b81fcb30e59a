/* Buckets tile the numbers, percentiles are within 1/32 of the exact ones. */
#include "../../csrc/histogram.h"
#include "check.h"

static int by_value(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return x < y ? -1 : x > y;
}

static void test_buckets(void) {
  for (uint32_t bucket = 0; bucket < NT_HISTOGRAM_BUCKETS; bucket++) {
    uint64_t top = nt_histogram_value(bucket);
    CHECK_EQUAL(nt_histogram_bucket(top), bucket);
    if (bucket + 1 < NT_HISTOGRAM_BUCKETS) {
      CHECK_EQUAL(nt_histogram_bucket(top + 1), bucket + 1);
      CHECK(nt_histogram_value(bucket + 1) - top <= top / 32 + 1);
    }
  }
  CHECK_EQUAL(nt_histogram_bucket(0), 0);
  CHECK_EQUAL(nt_histogram_value(NT_HISTOGRAM_BUCKETS - 1), (1LL << NT_HISTOGRAM_VALUE_BITS) - 1);
  CHECK_EQUAL(nt_histogram_bucket(UINT64_MAX), NT_HISTOGRAM_BUCKETS - 1);
}

static uint64_t exact(const uint64_t *sorted, uint64_t count, uint64_t per_mille) {
  uint64_t rank = (count * per_mille + 999) / 1000;
  return sorted[rank == 0 ? 0 : rank - 1];
}

static void check_near(uint64_t value, uint64_t reference) {
  CHECK(value >= reference);
  CHECK(value - reference <= reference / 32);
}

static void test_percentiles(uint64_t seed, uint64_t count) {
  static nt_histogram histogram;
  static uint64_t values[20000];
  nt_latency out;
  memset(&histogram, 0, sizeof(histogram));
  for (uint64_t i = 0; i < count; i++) {
    values[i] = check_random(&seed) >> (24 + check_random(&seed) % 40);
    nt_histogram_record(&histogram, values[i]);
  }
  qsort(values, count, sizeof(values[0]), by_value);
  nt_histogram_read(&histogram, &out);
  CHECK_EQUAL(out.count, count);
  CHECK_EQUAL(out.minimum_ns, values[0]);
  CHECK_EQUAL(out.maximum_ns, values[count - 1]);
  check_near(out.p50_ns, exact(values, count, 500));
  check_near(out.p90_ns, exact(values, count, 900));
  check_near(out.p99_ns, exact(values, count, 990));
  check_near(out.p999_ns, exact(values, count, 999));
}

static void test_extremes(void) {
  static nt_histogram histogram;
  nt_latency out;
  memset(&out, 1, sizeof(out));
  nt_histogram_read(&histogram, &out);
  CHECK(out.count == 0 && out.minimum_ns == 0 && out.maximum_ns == 0 && out.p50_ns == 0 && out.p999_ns == 0);
  nt_histogram_record(&histogram, UINT64_MAX);
  nt_histogram_read(&histogram, &out);
  CHECK(out.count == 1 && out.minimum_ns == UINT64_MAX && out.p50_ns == UINT64_MAX && out.p999_ns == UINT64_MAX);
  nt_histogram_record(&histogram, 0);
  nt_histogram_read(&histogram, &out);
  CHECK(out.count == 2 && out.minimum_ns == 0 && out.p50_ns == 0 && out.p90_ns == UINT64_MAX);
}

int main(void) {
  test_buckets();
  for (uint64_t seed = 1; seed <= 20; seed++) test_percentiles(seed, seed == 1 ? 1 : seed * 1000);
  test_extremes();
  return 0;
}
