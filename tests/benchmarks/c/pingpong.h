/* The floor under every message: two processes hand one cache line each way, as fast as the machine can. */
#ifndef PINGPONG_H
#define PINGPONG_H

#include "bench.h"

typedef struct pingpong {
  _Alignas(128) _Atomic uint64_t there;
  _Alignas(128) _Atomic uint64_t back;
} pingpong;

/* count round trips; cycles[i] is the length of trip i. Numbers go on from *number. */
static inline void pingpong_ping(pingpong *lines, uint64_t *number, long count, uint64_t *cycles) {
  uint64_t last = bench_cycles();
  for (long i = 0; i < count; i++) {
    uint64_t next = ++*number;
    atomic_store_explicit(&lines->there, next, memory_order_release);
    while (atomic_load_explicit(&lines->back, memory_order_acquire) != next) {
    }
    uint64_t now = bench_cycles();
    cycles[i] = now - last;
    last = now;
  }
}

static inline void pingpong_pong(pingpong *lines, uint64_t *number, long count) {
  for (long i = 0; i < count; i++) {
    uint64_t next = ++*number;
    while (atomic_load_explicit(&lines->there, memory_order_acquire) != next) {
    }
    atomic_store_explicit(&lines->back, next, memory_order_release);
  }
}

/* Quantiles of one run, one entry a run. */
typedef struct trips {
  const char *name;
  double *p50;
  double *p99;
  double *p999;
  double *mean;
  size_t runs;
} trips;

static inline trips trips_make(const char *name, long runs) {
  double *memory = calloc((size_t)runs * 4, sizeof(double));
  if (memory == NULL) bench_fail("no memory for runs", runs);
  return (trips){.name = name, .p50 = memory, .p99 = memory + runs, .p999 = memory + 2 * runs, .mean = memory + 3 * runs};
}

#define TRIPS_BLOCK 16 /* trips averaged for the median: a counter of 100 MHz is too coarse for one */

static inline void trips_add(trips *all, const uint64_t *cycles, long count, double cycle_ns) {
  double *sorted = calloc((size_t)count, sizeof(double)), sum = 0;
  if (sorted == NULL) bench_fail("no memory for trips", count);
  for (long i = 0; i < count; i++) sorted[i / TRIPS_BLOCK] += (double)cycles[i] * cycle_ns / TRIPS_BLOCK;
  all->p50[all->runs] = bench_quantile(sorted, (size_t)(count / TRIPS_BLOCK), 0.5);
  for (long i = 0; i < count; i++) sum += sorted[i] = (double)cycles[i] * cycle_ns;
  all->p99[all->runs] = bench_quantile(sorted, (size_t)count, 0.99);
  all->p999[all->runs] = bench_quantile(sorted, (size_t)count, 0.999);
  all->mean[all->runs++] = sum / (double)count;
  free(sorted);
}

static inline void trips_print(const trips *all, const char *end) {
  printf("\"%s\": {", all->name);
  bench_print_array("p50_ns", all->p50, all->runs, ", ");
  bench_print_array("p99_ns", all->p99, all->runs, ", ");
  bench_print_array("p999_ns", all->p999, all->runs, ", ");
  bench_print_array("mean_ns", all->mean, all->runs, "}");
  printf("%s", end);
}

#endif
