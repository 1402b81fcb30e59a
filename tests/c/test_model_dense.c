/* Products and the other functions on vectors: each instruction set against the definition written out here, to the bit, and the
 * definition against double precision. */
#include <math.h>

#include "check.h"
#include "model_dense.h"
#include "model_fixture.h"
#include "model_math.h"

#define INPUTS 304
#define COLUMNS 512
#define SETS 5

typedef struct named_set {
  const char *name;
  nt_model_kernels kernels;
} named_set;

static named_set sets[SETS];
static uint32_t set_count;

/* What this processor can run, with and without the instructions that replace others. */
static void find_sets(void) {
  static const char *const names[] = {"generic", "avx2", "avx512"};
  for (uint32_t isa = NT_ISA_GENERIC; isa <= NT_ISA_AVX512; isa++) {
    if (nt_kernels_choose(isa, &sets[set_count].kernels) != 0) continue;
    sets[set_count++].name = names[isa - NT_ISA_GENERIC];
#if defined(__x86_64__)
    if (isa == NT_ISA_AVX512) {
      sets[set_count].kernels = nt_kernels_avx512;
      sets[set_count++].name = "avx512 alone";
    }
#endif
  }
  CHECK(set_count >= 1 && strcmp(sets[0].name, "generic") == 0);
  CHECK_EQUAL(nt_kernels_choose(NT_ISA_AVX512 + 1, &sets[SETS - 1].kernels), -1);
  CHECK_EQUAL(nt_kernels_choose(99, &sets[SETS - 1].kernels), -1);
  CHECK_EQUAL(nt_kernels_choose(NT_ISA_AUTO, &sets[SETS - 1].kernels), 0);
}

static uint64_t seed = 20261121;

static float uniform(void) {
  return (float)((double)(check_random(&seed) >> 11) * 0x1p-52 - 1.0);
}

/* Kinds of numbers: around 1, of any magnitude that keeps sums finite, mostly zeros, halves (ties), denormals, zeros, around where bfloat16
 * ends, around where int8 does. */
static float number(uint32_t kind) {
  float value = uniform();
  switch (kind) {
    case 1:
      return ldexpf(value, (int)(check_random(&seed) % 90) - 60);
    case 2:
      return check_random(&seed) % 8 == 0 ? value : (check_random(&seed) % 2 == 0 ? 0.0f : -0.0f);
    case 3:
      return (float)((int)(check_random(&seed) % 255) - 127) * 0.5f;
    case 4:
      return ldexpf(value, -126 - (int)(check_random(&seed) % 20));
    case 5:
      return 0.0f;
    case 6:
      return check_random(&seed) % 16 == 0 ? copysignf(0x1p-50f, value) : ldexpf(value, -48);
    case 7:
      return ldexpf(value, -99);
    default:
      return value;
  }
}
#define KINDS 8

static float rounded_to_bfloat16(float value) {
  if (fabsf(value) < 0x1p-50f) return 0.0f;
  int exponent;
  float fraction = frexpf(value, &exponent);
  return ldexpf(rintf(fraction * 256.0f), exponent - 8);
}

static float expected(uint32_t precision, const float *weight, float bias, const float *x, uint32_t inputs) {
  if (precision == NT_PRECISION_FLOAT32) {
    float even = bias, odd = 0.0f;
    for (uint32_t k = 0; k < inputs; k += 2) even = fmaf(weight[k], x[k], even);
    for (uint32_t k = 1; k < inputs; k += 2) odd = fmaf(weight[k], x[k], odd);
    return even + odd;
  }
  if (precision == NT_PRECISION_BFLOAT16) {
    float sum = fabsf(bias) < 0x1p-80f ? 0.0f : bias;
    for (uint32_t k = 0; k < inputs; k += 2) {
      float second = k + 1 < inputs ? rounded_to_bfloat16(weight[k + 1]) : 0.0f,
            with = k + 1 < inputs ? rounded_to_bfloat16(x[k + 1]) : 0.0f;
      sum = fmaf(rounded_to_bfloat16(weight[k]), rounded_to_bfloat16(x[k]), fmaf(second, with, sum));
    }
    return sum;
  }
  float most = 0.0f, peak = 0.0f;
  for (uint32_t k = 0; k < inputs; k++) most = fmaxf(most, fabsf(weight[k]));
  for (uint32_t k = 0; k < inputs; k++) peak = fmaxf(peak, fabsf(x[k]));
  float scale = most / 127.0f, inverse = peak < 0x1p-100f ? 0.0f : 127.0f / peak;
  int64_t sum = 0;
  for (uint32_t k = 0; k < inputs; k++) {
    float w = scale == 0.0f ? 0.0f : fminf(fmaxf(rintf(weight[k] / scale), -127.0f), 127.0f);
    sum += (int64_t)w * (int64_t)fminf(fmaxf(rintf(x[k] * inverse), -127.0f), 127.0f);
  }
  return fmaf((float)sum * (peak / 127.0f), scale, bias);
}

static _Alignas(64) float weight[COLUMNS * INPUTS], bias[COLUMNS], x[INPUTS + 16], y[COLUMNS], definition[COLUMNS], scale[COLUMNS];
static _Alignas(64) unsigned char panels[COLUMNS * INPUTS * 4];
static _Alignas(64) int32_t correction[COLUMNS];
static _Alignas(64) uint32_t quantised[INPUTS];
static uint32_t order[COLUMNS];

static void product(uint32_t precision, uint32_t inputs, uint32_t outputs, uint32_t kind_of_weights, uint32_t kind_of_inputs) {
  uint32_t columns = nt_padded(outputs);
  for (uint32_t i = 0; i < inputs * outputs; i++) weight[i] = number(kind_of_weights);
  memset(x, 0, sizeof(x));
  for (uint32_t k = 0; k < inputs; k++) x[k] = number(kind_of_inputs);
  for (uint32_t n = 0; n < columns; n++) {
    order[n] = n < outputs ? outputs - 1 - n : NT_SKIP;
    float value = kind_of_inputs >= 6 ? 0.0f : number(kind_of_weights);
    bias[n] = n < outputs ? nt_bias_round(value, precision) : 0.0f;
    definition[n] = n < outputs ? expected(precision, weight + (size_t)order[n] * inputs, bias[n], x, inputs) : 0.0f;
  }
  CHECK(nt_matrix_bytes(inputs, columns, precision) <= sizeof(panels) && nt_dense_room(inputs) <= sizeof(quantised));
  nt_matrix matrix;
  nt_matrix_pack(&matrix, precision, weight, inputs, order, columns, panels, scale, correction);
  for (uint32_t i = 0; i < set_count; i++) {
    memset(y, 0xff, sizeof(y));
    sets[i].kernels.dense[precision](&matrix, bias, x, y, quantised);
    for (uint32_t n = 0; n < outputs; n++) {
      if (memcmp(&y[n], &definition[n], 4) == 0) continue;
      (void)fprintf(stderr, "%s, precision %u, %ux%u, numbers %u and %u: output %u is %a, expected %a\n", sets[i].name, precision, outputs,
                    inputs, kind_of_weights, kind_of_inputs, n, (double)y[n], (double)definition[n]);
      CHECK_FAILED();
    }
    for (uint32_t n = outputs; n < columns; n++) CHECK(y[n] == 0.0f);
    for (uint32_t n = columns; n < COLUMNS; n++) CHECK(isnan(y[n])); /* not beyond its end */
    memcpy(y, bias, sizeof(y));
    sets[i].kernels.dense[precision](&matrix, y, x, y, quantised);
    CHECK(memcmp(y, definition, outputs * sizeof(float)) == 0);
  }
}

static void test_products(void) {
  for (uint32_t precision = NT_PRECISION_FLOAT32; precision <= NT_PRECISION_INT8; precision++) {
    for (uint32_t inputs = 1; inputs <= 18; inputs++) product(precision, inputs, 1 + 16 * (inputs % 9), 0, 0);
    for (uint32_t outputs = 1; outputs <= 145; outputs += 16) product(precision, 33, outputs, 0, 0);
    for (uint32_t i = 0; i < 192; i++) {
      uint32_t inputs = 1 + (uint32_t)(check_random(&seed) % 300);
      product(precision, inputs, 1 + (uint32_t)(check_random(&seed) % 500), i % KINDS, i / KINDS % KINDS);
    }
  }
}

/* Against sums in double precision; the error that each precision may have. */
static void test_products_are_near(void) {
  static const double error[] = {0, 2e-6, 1e-2, 2e-2};
  for (uint32_t precision = NT_PRECISION_FLOAT32; precision <= NT_PRECISION_INT8; precision++) {
    product(precision, 200, 64, 0, 0);
    for (uint32_t n = 0; n < 64; n++) {
      double sum = (double)bias[n], magnitude = 1;
      for (uint32_t k = 0; k < 200; k++) sum += (double)weight[order[n] * 200 + k] * (double)x[k];
      for (uint32_t k = 0; k < 200; k++) magnitude += fabs((double)weight[order[n] * 200 + k] * (double)x[k]);
      CHECK(fabs((double)definition[n] - sum) <= error[precision] * magnitude);
      CHECK((double)definition[n] != sum);
    }
  }
}

static void test_functions_are_near(void) {
  double most[4] = {0};
  for (float value = -86.0f; value < 87.0f; value += 0.0037f) {
    double at = (double)value;
    most[0] = fmax(most[0], fabs((double)nt_exp(value) / exp(at) - 1));
    most[1] = fmax(most[1], fabs((double)nt_sigmoid(value) - 1 / (1 + exp(-at))));
    most[2] = fmax(most[2], fabs((double)nt_tanh(value) - tanh(at)));
    double gelu = 0.5 * at * (1 + tanh(0.7978845608028654 * (at + 0.044715 * at * at * at)));
    most[3] = fmax(most[3], fabs((double)nt_gelu(value) - gelu) / fmax(1, fabs(gelu)));
  }
  CHECK(most[0] < 2e-7 && most[1] < 2e-7 && most[2] < 4e-7 && most[3] < 4e-7);
  CHECK(nt_exp(0.0f) == 1.0f && nt_tanh(0.0f) == 0.0f && nt_sigmoid(0.0f) == 0.5f);
  CHECK(nt_exp(200.0f) == nt_exp(88.0f) && nt_exp(-1000.0f) == nt_exp(-87.0f) && isfinite(nt_exp(88.0f)) && nt_exp(-87.0f) > 0);
  CHECK(nt_exp(INFINITY) == nt_exp(88.0f) && nt_tanh(INFINITY) == 1.0f && nt_tanh(-INFINITY) == -1.0f);
  CHECK(nt_relu(-1.0f) == 0.0f && nt_relu(2.0f) == 2.0f);
}

/* Results are part of journals: their bits do not change from one release to the next. */
static void test_functions_keep_their_bits(void) {
  uint64_t hash[4] = {0};
  for (uint32_t i = 0; i < 65536; i++) {
    uint32_t bits = i << 16 | (i * 40503U & 0xffff);
    float value;
    memcpy(&value, &bits, 4);
    if (!isfinite(value)) continue;
    hash[0] = fixture_digest(hash[0], nt_exp(value));
    hash[1] = fixture_digest(hash[1], nt_sigmoid(value));
    hash[2] = fixture_digest(hash[2], nt_tanh(value));
    hash[3] = fixture_digest(hash[3], nt_gelu(value));
  }
  CHECK_EQUAL(hash[0], 0x4cc42c186e4c2e61);
  CHECK_EQUAL(hash[1], 0xdec2942be0b32513);
  CHECK_EQUAL(hash[2], 0x04e4b4274cfa849f);
  CHECK_EQUAL(hash[3], 0x319fbab76ab936ca);
}

static void same(const char *what, const char *set, const float *actual, const float *wanted, uint32_t width) {
  for (uint32_t i = 0; i < width; i++) {
    if (memcmp(actual + i, wanted + i, 4) == 0) continue;
    (void)fprintf(stderr, "%s of %s, %u wide: %u is %a, expected %a\n", what, set, width, i, (double)actual[i], (double)wanted[i]);
    CHECK_FAILED();
  }
}

/* Every set against the first, over all kinds of numbers and every 16-bit pattern as the upper half of a float. */
static void test_activations_agree(void) {
  static _Alignas(64) float values[65536], others[65536], one[65536];
  for (uint32_t activation = NT_ACTIVATION_NONE; activation <= NT_ACTIVATION_GELU; activation++) {
    for (uint32_t i = 0; i < 65536; i++) {
      uint32_t bits = i << 16 | (uint32_t)(check_random(&seed) & 0xffff);
      memcpy(values + i, &bits, 4);
      if (!isfinite(values[i])) values[i] = 0.0f;
    }
    memcpy(one, values, sizeof(values));
    sets[0].kernels.activate(activation, one, 65536);
    CHECK((memcmp(one, values, sizeof(values)) != 0) == (activation != NT_ACTIVATION_NONE));
    for (uint32_t i = 1; i < set_count; i++) {
      memcpy(others, values, sizeof(values));
      sets[i].kernels.activate(activation, others, 65536);
      same("activation", sets[i].name, others, one, 65536);
    }
  }
}

typedef struct outcome {
  _Alignas(64) float normalised[COLUMNS], activated[COLUMNS], cell[COLUMNS], lstm[COLUMNS], gru[COLUMNS], normed[COLUMNS], added[COLUMNS],
      multiplied[COLUMNS], copied[COLUMNS], classes[COLUMNS];
  float exponential;
} outcome;

static void all_functions(const nt_model_kernels *kernels, outcome *out, uint32_t width, float (*in)[4 * COLUMNS], uint32_t activation) {
  memset(out, 0, sizeof(*out));
  CHECK(kernels->normalise(in[0], in[1], in[2], 1.5f, out->normalised, width));
  memcpy(out->activated, in[0], nt_padded(width) * sizeof(float));
  kernels->activate(activation, out->activated, width);
  memcpy(out->cell, in[1], nt_padded(width) * sizeof(float));
  kernels->lstm(in[3], out->cell, out->lstm, width);
  memcpy(out->gru, in[1], nt_padded(width) * sizeof(float));
  kernels->gru(in[3], in[2], out->gru, width);
  kernels->layer_norm(in[0], in[1], in[2], out->normed, width);
  kernels->add(in[0], in[1], out->added, width);
  kernels->multiply(in[0], in[1], out->multiplied, width);
  kernels->copy(in[0], out->copied, width);
  kernels->softmax(in[0], 0.7f, in[1], out->classes, width);
  out->exponential = kernels->exponential(in[0][0]);
}

static void test_functions_agree(void) {
  static _Alignas(64) float in[4][4 * COLUMNS];
  static outcome first, other;
  uint64_t hash = 0;
  seed = 4242;
  for (uint32_t round = 0; round < 400; round++) {
    uint32_t width = 1 + (uint32_t)(check_random(&seed) % 500), kind = round % KINDS;
    memset(in, 0, sizeof(in));
    for (uint32_t vector = 0; vector < 4; vector++) {
      for (uint32_t i = 0; i < (vector == 3 ? 4 * nt_padded(width) : width); i++)
        in[vector][i] = number(kind == 1 && vector != 0 ? 0 : kind);
    }
    for (uint32_t i = 0; i < width; i++) { /* a square must not overflow */
      if (fabsf(in[0][i]) > 1e15f) in[0][i] = 1e15f;
    }
    uint32_t activation = NT_ACTIVATION_NONE + round % 5;
    all_functions(&sets[0].kernels, &first, width, in, activation);
    float *const padded[] = {first.normalised, first.activated, first.normed, first.added, first.multiplied, first.copied};
    for (uint32_t i = 0; i < sizeof(padded) / sizeof(padded[0]); i++)
      for (uint32_t at = width; at < nt_padded(width); at++) CHECK(padded[i][at] == 0.0f);
    const float *const all = (const float *)(const void *)&first;
    for (uint32_t i = 0; i < sizeof(first) / sizeof(float); i++) hash = fixture_digest(hash, all[i]);
    for (uint32_t set = 1; set < set_count; set++) {
      all_functions(&sets[set].kernels, &other, width, in, activation);
      const char *name = sets[set].name;
      same("normalise", name, other.normalised, first.normalised, width);
      same("activate", name, other.activated, first.activated, width);
      same("cell", name, other.cell, first.cell, width);
      same("lstm", name, other.lstm, first.lstm, width);
      same("gru", name, other.gru, first.gru, width);
      same("layer_norm", name, other.normed, first.normed, width);
      same("add", name, other.added, first.added, width);
      same("multiply", name, other.multiplied, first.multiplied, width);
      same("copy", name, other.copied, first.copied, width);
      same("softmax", name, other.classes, first.classes, width);
      CHECK(memcmp(&other.exponential, &first.exponential, 4) == 0);
      CHECK(memcmp(&other, &first, sizeof(first)) == 0); /* padding, too */
    }
  }
  CHECK_EQUAL(hash, 0xf7800c3941dc8d55);
}

static void test_not_finite(void) {
  static _Alignas(64) float in[COLUMNS], zeros[COLUMNS], out[COLUMNS];
  static const float bad[] = {INFINITY, -INFINITY, NAN};
  for (uint32_t set = 0; set < set_count; set++) {
    for (uint32_t i = 0; i < 40 * 3; i++) {
      in[i / 3] = bad[i % 3];
      CHECK(!sets[set].kernels.normalise(in, zeros, zeros, 1.0f, out, 40));
      in[i / 3] = 3.4e38f;
      CHECK(sets[set].kernels.normalise(in, zeros, zeros, 1.0f, out, 40));
    }
  }
}

int main(void) {
  find_sets();
  RUN(test_products);
  RUN(test_products_are_near);
  RUN(test_functions_are_near);
  RUN(test_functions_keep_their_bits);
  RUN(test_activations_agree);
  RUN(test_functions_agree);
  RUN(test_not_finite);
  return 0;
}
