/* What a prediction of a model takes.
 *
 *   model ARCHITECTURE PRECISION ISA INSTRUMENTS STEPS
 *
 * ARCHITECTURE: 1 MLP 64-128-64-3, 2 LSTM 2x100 of 100 features, 3 LSTM 2x64 of 40 features, 4 TCN 4x32 of 40 features; PRECISION: 1
 * float32, 2 bfloat16, 3 int8; ISA: 1 to 4, or 9 for the best. Instruments take turns. `step` is timed with what can be done in advance
 * done before, each call for itself; `full` is both; `isolated` is a step after the processor has waited in a loop for GAP_US; `back` is
 * both without a clock between, the median of the means of BACK_TO_BACK steps. */
#include <math.h>

#include "../../c/model_fixture.h"
#include "bench.h"

#define GAP_US 20
#define BACK_TO_BACK 50

static fixture_model *architecture(long number) {
  fixture_model *model = fixture_new(1, number == 1 ? 64 : number == 2 ? 100 : 40);
  uint32_t at = 1;
  if (number == 1) {
    at = fixture_dense(model, at, 128, NT_ACTIVATION_RELU);
    at = fixture_dense(model, at, 64, NT_ACTIVATION_RELU);
  } else if (number == 2 || number == 3) {
    for (int layer = 0; layer < 2; layer++) at = fixture_recurrent(model, NT_OP_LSTM, at, number == 2 ? 100 : 64);
  } else if (number == 4) {
    at = fixture_conv(model, at, 32, 3, 1, NT_ACTIVATION_RELU);
    for (uint32_t layer = 1; layer < 4; layer++) {
      uint32_t in[2] = {at, fixture_conv(model, at, 32, 3, 1U << layer, NT_ACTIVATION_RELU)};
      at = fixture_join(model, NT_OP_ADD, in, 2);
    }
  } else {
    bench_fail("no such architecture", number);
  }
  fixture_classes(model, fixture_dense(model, at, 3, NT_ACTIVATION_NONE));
  return model;
}

static inline void fence(void) {
#if defined(__x86_64__)
  __asm__ volatile("lfence" : : : "memory");
#elif defined(__aarch64__)
  __asm__ volatile("isb" : : : "memory");
#else
  __asm__ volatile("" : : : "memory");
#endif
}

/* Nothing to do, as a loop that waits for a tick has it. */
static void idle(double us) {
  int64_t until = bench_ns() + (int64_t)(us * 1000);
  while (bench_ns() < until) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
  }
}

int main(int count, char **arguments) {
  long number = bench_argument(count, arguments, 1), isa = bench_argument(count, arguments, 3);
  uint32_t precision = (uint32_t)bench_argument(count, arguments, 2), rows = (uint32_t)bench_argument(count, arguments, 4);
  size_t steps = (size_t)bench_argument(count, arguments, 5), warm = steps / 10 + rows, apart = steps / 10 + 1;
  bench_pin(BENCH_PARENT_CPU);
  fixture_model *made = architecture(number);
  nt_error error;
  nt_program *model = nt_program_create(&made->file, precision, isa == 9 ? NT_ISA_AUTO : (uint32_t)isa, rows, &error);
  if (model == NULL) {
    fprintf(stderr, "%s\n", error.text);
    return 1;
  }
  uint32_t inputs = nt_program_inputs(model);
  float *features = malloc(64 * inputs * sizeof(float)), outputs[3], sum = 0;
  double *step_us = malloc(steps * sizeof(double)), *full_us = malloc(steps * sizeof(double)), *apart_us = malloc(apart * sizeof(double));
  double *back_us = malloc((steps / BACK_TO_BACK + 1) * sizeof(double));
  if (features == NULL || step_us == NULL || full_us == NULL || apart_us == NULL || back_us == NULL)
    bench_fail("no memory for steps", (long)steps);
  for (size_t i = 0; i < (size_t)64 * inputs; i++) features[i] = fixture_random(&made->seed);
  if (steps < BACK_TO_BACK) bench_fail("too few steps", (long)steps);
  double cycle_us = bench_cycle_ns() / 1000;
  for (size_t i = 0; i < warm + steps; i++) {
    const float *input = features + i % 64 * inputs;
    uint32_t row = (uint32_t)(i % rows);
    fence();
    uint64_t begin = bench_cycles();
    if (nt_program_step(model, row, input, outputs) != NT_OK) bench_fail("a step failed at", (long)i);
    fence();
    uint64_t middle = bench_cycles();
    nt_program_advance(model, row);
    fence();
    uint64_t end = bench_cycles();
    sum += outputs[0];
    if (i < warm) continue;
    step_us[i - warm] = (double)(middle - begin) * cycle_us;
    full_us[i - warm] = (double)(end - begin) * cycle_us;
  }
  for (size_t i = 0; i < apart; i++) {
    uint32_t row = (uint32_t)(i % rows);
    idle(GAP_US);
    fence();
    uint64_t begin = bench_cycles();
    if (nt_program_step(model, row, features + i % 64 * inputs, outputs) != NT_OK) bench_fail("a step failed at", (long)i);
    fence();
    apart_us[i] = (double)(bench_cycles() - begin) * cycle_us;
    nt_program_advance(model, row);
    sum += outputs[0];
  }
  size_t groups = 0;
  for (size_t i = 0; i + BACK_TO_BACK <= steps; i += BACK_TO_BACK) {
    uint64_t begin = bench_cycles();
    for (size_t step = i; step < i + BACK_TO_BACK; step++) {
      uint32_t row = (uint32_t)(step % rows);
      if (nt_program_step(model, row, features + step % 64 * inputs, outputs) != NT_OK) bench_fail("a step failed at", (long)step);
      nt_program_advance(model, row);
      sum += outputs[0];
    }
    back_us[groups++] = (double)(bench_cycles() - begin) * cycle_us / BACK_TO_BACK;
  }
  printf("{\"step_us\": {\"p50\": %.3f, \"p99\": %.3f}, ", bench_quantile(step_us, steps, 0.5), bench_quantile(step_us, steps, 0.99));
  printf("\"full_us\": {\"p50\": %.3f, \"p99\": %.3f}, ", bench_quantile(full_us, steps, 0.5), bench_quantile(full_us, steps, 0.99));
  printf("\"isolated_us\": {\"p50\": %.3f, \"p99\": %.3f}, ", bench_quantile(apart_us, apart, 0.5), bench_quantile(apart_us, apart, 0.99));
  printf("\"back_us\": %.3f, \"row_bytes\": %zu, \"sum\": %.9g}\n", bench_quantile(back_us, groups, 0.5), nt_program_row_bytes(model),
         (double)sum);
  nt_program_destroy(model);
  fixture_free(made);
  free(features);
  free(step_us);
  free(full_us);
  free(apart_us);
  free(back_us);
  return 0;
}
