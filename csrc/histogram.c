#include "histogram.h"

#include <string.h>

void nt_histogram_read(const nt_histogram *histogram, nt_latency *out) {
  static const uint32_t per_mille[4] = {500, 900, 990, 999};
  uint64_t counts[NT_HISTOGRAM_BUCKETS];
  uint64_t total = 0;
  memset(out, 0, sizeof(*out));
  /* The writer goes on meanwhile: percentiles are taken from the buckets as copied, so that they agree with each other. */
  for (uint32_t i = 0; i < NT_HISTOGRAM_BUCKETS; i++) {
    counts[i] = atomic_load_explicit(&histogram->buckets[i], memory_order_relaxed);
    total += counts[i];
  }
  if (total == 0 || atomic_load_explicit(&histogram->count, memory_order_acquire) == 0) return;
  uint64_t *percentiles[4] = {&out->p50_ns, &out->p90_ns, &out->p99_ns, &out->p999_ns};
  out->count = total;
  out->minimum_ns = atomic_load_explicit(&histogram->minimum_ns, memory_order_relaxed);
  out->maximum_ns = atomic_load_explicit(&histogram->maximum_ns, memory_order_relaxed);
  uint64_t seen = 0;
  uint32_t next = 0;
  for (uint32_t i = 0; i < NT_HISTOGRAM_BUCKETS && next < 4; i++) {
    seen += counts[i];
    /* The smallest value that at least this share of all values does not exceed. */
    while (next < 4 && seen >= total / 1000 * per_mille[next] + (total % 1000 * per_mille[next] + 999) / 1000) {
      uint64_t value = nt_histogram_value(i);
      *percentiles[next] = value > out->maximum_ns || i == NT_HISTOGRAM_BUCKETS - 1 ? out->maximum_ns : value;
      next++;
    }
  }
}

void nt_histogram_octaves(const nt_histogram *histogram, uint64_t *counts) {
  memset(counts, 0, NT_LATENCY_OCTAVES * sizeof(*counts));
  for (uint32_t i = 0; i < NT_HISTOGRAM_BUCKETS; i++) {
    uint64_t value = nt_histogram_value(i);
    uint32_t octave = value < 2 ? 0 : 63 - (uint32_t)__builtin_clzll(value);
    counts[octave] += atomic_load_explicit(&histogram->buckets[i], memory_order_relaxed);
  }
}
