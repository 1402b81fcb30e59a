#include "model_dense.h"

#include <math.h>
#include <string.h>

#define SMALLEST_BIAS 0x1p-80f /* of bfloat16 */

float nt_bias_round(float bias, uint32_t precision) {
  return precision == NT_PRECISION_BFLOAT16 && fabsf(bias) < SMALLEST_BIAS ? 0.0f : bias;
}

size_t nt_matrix_bytes(uint32_t inputs, uint32_t columns, uint32_t precision) {
  size_t groups = precision == NT_PRECISION_INT8 ? (inputs + 3) / 4 : precision == NT_PRECISION_BFLOAT16 ? (inputs + 1) / 2 : inputs;
  return 4 * groups * columns;
}

size_t nt_dense_room(uint32_t inputs) {
  return 2 * (size_t)nt_padded(inputs);
}

static float weight_of(const float *weight, uint32_t inputs, uint32_t row, uint32_t k) {
  return row == NT_SKIP || k >= inputs ? 0.0f : weight[(size_t)row * inputs + k];
}

static int32_t nearest(float value) { /* even, within int8 */
  float limited = value < 127.0f ? value : 127.0f;
  limited = limited > -127.0f ? limited : -127.0f;
  return (int32_t)rintf(limited);
}

static float scale_of(const float *weight, uint32_t inputs, uint32_t row) {
  float most = 0.0f;
  for (uint32_t k = 0; k < inputs; k++) {
    float magnitude = fabsf(weight_of(weight, inputs, row, k));
    if (magnitude > most) most = magnitude;
  }
  return most / 127.0f;
}

void nt_matrix_pack(nt_matrix *matrix, uint32_t precision, const float *weight, uint32_t inputs, const uint32_t *order, uint32_t columns,
                    void *panels, float *scale, int32_t *correction) {
  *matrix =
      (nt_matrix){.inputs = inputs, .columns = columns, .precision = precision, .panels = panels, .scale = scale, .correction = correction};
  float *floats = panels;
  uint32_t *pairs = panels;
  int8_t *bytes = panels;
  uint32_t group = precision == NT_PRECISION_INT8 ? 4 : precision == NT_PRECISION_BFLOAT16 ? 2 : 1;
  uint32_t groups = (inputs + group - 1) / group;
  if (precision == NT_PRECISION_INT8) {
    for (uint32_t n = 0; n < columns; n++) {
      scale[n] = scale_of(weight, inputs, order[n]);
      correction[n] = 0;
    }
  }
  for (uint32_t n = 0; n < columns; n++) {
    uint32_t first = n / NT_PANEL * NT_PANEL, width = columns - first < NT_PANEL ? columns - first : NT_PANEL;
    for (uint32_t g = 0; g < groups; g++) {
      size_t at = (size_t)first * groups + (size_t)g * width + (n - first);
      if (precision == NT_PRECISION_FLOAT32) {
        floats[at] = weight_of(weight, inputs, order[n], g);
      } else if (precision == NT_PRECISION_BFLOAT16) {
        pairs[at] = nt_bfloat16(weight_of(weight, inputs, order[n], 2 * g)) | nt_bfloat16(weight_of(weight, inputs, order[n], 2 * g + 1))
                                                                                  << 16;
      } else {
        for (uint32_t k = 0; k < 4; k++) {
          float value = weight_of(weight, inputs, order[n], 4 * g + k);
          int32_t q = scale[n] == 0.0f ? 0 : nearest(value / scale[n]);
          bytes[4 * at + k] = (int8_t)q;
          correction[n] -= 128 * q;
        }
      }
    }
  }
}

/* ---- choice ------------------------------------------------------------------------------------------------------------------- */

#if defined(__x86_64__)

static int has_avx2(void) {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static int has_avx512(void) {
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vl");
}

int nt_kernels_choose(uint32_t isa, nt_model_kernels *kernels) {
  __builtin_cpu_init();
  if (isa == NT_ISA_AUTO) isa = has_avx512() ? NT_ISA_AVX512 : has_avx2() ? NT_ISA_AVX2 : NT_ISA_GENERIC;
  if (isa == NT_ISA_GENERIC) {
    *kernels = nt_kernels_generic;
  } else if (isa == NT_ISA_AVX2 && has_avx2()) {
    *kernels = nt_kernels_avx2;
  } else if (isa == NT_ISA_AVX512 && has_avx512()) {
    *kernels = nt_kernels_avx512;
    if (__builtin_cpu_supports("avx512vnni")) kernels->dense[NT_PRECISION_INT8] = nt_dense_int8_vnni;
    if (__builtin_cpu_supports("avx512bf16")) kernels->dense[NT_PRECISION_BFLOAT16] = nt_dense_bfloat16_dot;
  } else {
    return -1;
  }
  return 0;
}

#else

int nt_kernels_choose(uint32_t isa, nt_model_kernels *kernels) {
  if (isa != NT_ISA_AUTO && isa != NT_ISA_GENERIC) return -1;
  *kernels = nt_kernels_generic;
  return 0;
}

#endif
