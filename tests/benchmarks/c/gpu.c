/* Beside the GPU: the same model on one core, and a client of the mailbox of nt_serve (neural_trader/models/kernels/program.cu) that
 * takes the time of each round trip. A shared library for tests/benchmarks/gpu.py. */
#include <string.h>
#include <time.h>

#include "neural_trader.h"

#define EXPORT __attribute__((visibility("default")))
#define SLOTS 8 /* words before them */

static uint64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Handle of a model in the bytes of a file, or a negative code. */
EXPORT int64_t gpu_baseline_load(const void *bytes, uint64_t size, uint32_t precision, uint32_t rows) {
  uint32_t model = 0;
  int32_t code = nt_model_load(bytes, size, precision, 0, rows, &model, NULL);
  return code == NT_OK ? (int64_t)model : code;
}

EXPORT void gpu_baseline_close(uint32_t model) {
  nt_close(model);
}

/* One step of rows 0 to count - 1, one after the other; the time of all in ns, or -1. */
EXPORT int64_t gpu_baseline_step(uint32_t model, uint32_t count, uint32_t inputs, const float *features, uint32_t results,
                                 double *outputs) {
  uint64_t begin = now_ns();
  for (uint32_t row = 0; row < count; row++)
    if (nt_model_step(model, row, features + (size_t)row * inputs, outputs + (size_t)row * results) != NT_OK) return -1;
  return (int64_t)(now_ns() - begin);
}

/* `count` requests for row 0 with sequences from `sequence` on, `gap_ns` after the response before. times: ns of each round trip;
 * results: count * outputs. How many were answered: fewer where one took longer than patience_ns. */
EXPORT uint32_t gpu_round_trips(uint64_t *mailbox, uint32_t features, uint32_t outputs, uint32_t sequence, uint32_t count, uint64_t gap_ns,
                                uint64_t patience_ns, const float *inputs, uint64_t *times, float *results) {
  uint64_t *request = mailbox + SLOTS, *response = request + (1 + features + 7) / 8 * 8;
  for (uint32_t at = 0; at < count; at++, sequence++, inputs += features) {
    for (uint64_t until = now_ns() + gap_ns; gap_ns > 0 && now_ns() < until;) continue;
    uint64_t begin = now_ns(), high = (uint64_t)sequence << 32;
    __atomic_store_n(request, high, __ATOMIC_RELAXED);
    for (uint32_t i = 0; i < features; i++) {
      uint32_t bits;
      memcpy(&bits, inputs + i, 4);
      __atomic_store_n(request + 1 + i, high | bits, __ATOMIC_RELAXED);
    }
    for (uint32_t i = 0; i <= outputs; i++) {
      uint64_t slot;
      while ((slot = __atomic_load_n(response + i, __ATOMIC_RELAXED)) >> 32 != sequence)
        if (now_ns() - begin > patience_ns) return at;
      uint32_t bits = (uint32_t)slot;
      if (i > 0) memcpy(results++, &bits, 4);
    }
    times[at] = now_ns() - begin;
  }
  return count;
}
