/* Log-linear histogram in shared memory: 32 buckets per octave, relative error <= 1/32. One writer, any number of readers. Zeroed
 * memory is an empty histogram. */
#ifndef NT_HISTOGRAM_H
#define NT_HISTOGRAM_H

#include <stdatomic.h>
#include <stdint.h>

#include "neural_trader.h"

#define NT_HISTOGRAM_OCTAVE_BITS 5
#define NT_HISTOGRAM_VALUE_BITS 42 /* values from 2^42 ns (73 minutes) on share the last bucket; the maximum stays exact */
_Static_assert(NT_HISTOGRAM_VALUE_BITS == NT_LATENCY_OCTAVES, "an octave for each bit of a value");
#define NT_HISTOGRAM_BUCKETS ((NT_HISTOGRAM_VALUE_BITS - NT_HISTOGRAM_OCTAVE_BITS + 1) << NT_HISTOGRAM_OCTAVE_BITS)

typedef struct nt_histogram {
  _Atomic uint64_t count;
  _Atomic uint64_t minimum_ns;
  _Atomic uint64_t maximum_ns;
  uint64_t reserved[13];
  _Atomic uint64_t buckets[NT_HISTOGRAM_BUCKETS];
} nt_histogram;

_Static_assert(sizeof(nt_histogram) % 128 == 0, "nt_histogram");

/* Bucket of a value, and the largest value of a bucket. */
static inline uint32_t nt_histogram_bucket(uint64_t value) {
  const uint32_t bits = NT_HISTOGRAM_OCTAVE_BITS;
  if (value < (1U << bits)) return (uint32_t)value;
  if (value >= (1ULL << NT_HISTOGRAM_VALUE_BITS)) return NT_HISTOGRAM_BUCKETS - 1;
  uint32_t octave = 63 - (uint32_t)__builtin_clzll(value);
  return ((octave - bits) << bits) + (uint32_t)(value >> (octave - bits));
}

static inline uint64_t nt_histogram_value(uint32_t bucket) {
  const uint32_t bits = NT_HISTOGRAM_OCTAVE_BITS;
  if (bucket < (2U << bits)) return bucket;
  uint32_t shift = (bucket >> bits) - 1;
  uint64_t mantissa = (bucket & ((1U << bits) - 1)) | (1U << bits);
  return ((mantissa + 1) << shift) - 1;
}

/* Count one duration. */
static inline void nt_histogram_record(nt_histogram *histogram, uint64_t duration_ns) {
  uint64_t count = atomic_load_explicit(&histogram->count, memory_order_relaxed);
  _Atomic uint64_t *bucket = &histogram->buckets[nt_histogram_bucket(duration_ns)];
  atomic_store_explicit(bucket, atomic_load_explicit(bucket, memory_order_relaxed) + 1, memory_order_relaxed);
  if (count == 0 || duration_ns < atomic_load_explicit(&histogram->minimum_ns, memory_order_relaxed)) {
    atomic_store_explicit(&histogram->minimum_ns, duration_ns, memory_order_relaxed);
  }
  if (duration_ns > atomic_load_explicit(&histogram->maximum_ns, memory_order_relaxed)) {
    atomic_store_explicit(&histogram->maximum_ns, duration_ns, memory_order_relaxed);
  }
  atomic_store_explicit(&histogram->count, count + 1, memory_order_release);
}

/* Percentiles of what has been recorded so far. All zero while empty. */
void nt_histogram_read(const nt_histogram *histogram, nt_latency *out);

/* Counts by powers of two: NT_LATENCY_OCTAVES of them. */
void nt_histogram_octaves(const nt_histogram *histogram, uint64_t *counts);

#endif
