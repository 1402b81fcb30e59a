/* Products of packed matrices with vectors, and what models do to vectors besides: one set of functions for each instruction set, the same
 * bits from all. Internal.
 *
 * y = weight x + bias, where weight is N x K. What is computed, to the bit:
 *
 * float32   (bias + sum over even k of w x) + (0 + sum over odd k of w x), each by fused multiply-adds, k ascending.
 * bfloat16  Weights and inputs are rounded to the nearest, ties to even; those below 2^-50 count as 0, and a bias below 2^-80 does
 *           (nt_bias_round), so that nothing is ever denormal. acc = fma(w0, x0, fma(w1, x1, acc)) over pairs (2j, 2j + 1), j ascending,
 *           from the bias; an odd end is paired with 0. This is what VDPBF16PS does.
 * int8      Weights by row: scale = max |w| / 127, q = w / scale rounded to even. Inputs: peak = max |x|, q = x * (127 / peak) rounded to
 *           even, scale = peak / 127; all 0 when the peak is below 2^-100. The sum is exact, and
 *           y = fma((float)sum * input scale, weight scale, bias).
 *
 * Vectors are aligned to 64 bytes and padded to a multiple of 16 floats with zeros. */
#ifndef NT_MODEL_DENSE_H
#define NT_MODEL_DENSE_H

#include <stddef.h>
#include <stdint.h>

#include "model_file.h"

#define NT_PAD 16U
#define NT_PANEL 128U      /* columns of a panel; the last one is as wide as what remains */
#define NT_SKIP UINT32_MAX /* in an order of rows: a column of zeros */

static inline uint32_t nt_padded(uint32_t width) {
  return (width + NT_PAD - 1) / NT_PAD * NT_PAD;
}

/* Panels one after the other: [inputs][width], [inputs / 2][width][2] or [inputs / 4][width][4], the last group filled with zeros. */
typedef struct nt_matrix {
  uint32_t inputs;
  uint32_t columns; /* N, padded */
  uint32_t precision;
  const void *panels;
  const float *scale;        /* int8: of each column */
  const int32_t *correction; /* int8: -128 times the sum of the column */
} nt_matrix;

/* `quantised` is room for nt_dense_room bytes, aligned to 64. x and y do not overlap; y may be the bias. */
typedef void (*nt_dense)(const nt_matrix *matrix, const float *bias, const float *x, float *y, void *quantised);

typedef struct nt_model_kernels {
  const char *name;
  nt_dense dense[4]; /* by precision */
  /* y = clamp((x - mean) * inverse_scale, -clip, clip). Returns 0 where an x is infinite or not a number; then y is not to be used. */
  int (*normalise)(const float *x, const float *mean, const float *inverse_scale, float clip, float *y, uint32_t width);
  void (*activate)(uint32_t activation, float *y, uint32_t width); /* in place; padding stays 0 */
  /* Gates come in groups of 16 units: i, f, g, o for lstm, r, z, n for gru. `hidden` is W_hn h + b_hn. */
  void (*lstm)(const float *gates, float *cell, float *output, uint32_t width);
  void (*gru)(const float *gates, const float *hidden, float *output, uint32_t width);
  void (*layer_norm)(const float *x, const float *weight, const float *bias, float *y, uint32_t width);
  void (*add)(const float *a, const float *b, float *y, uint32_t width); /* y may be a */
  void (*multiply)(const float *a, const float *b, float *y, uint32_t width);
  void (*copy)(const float *x, float *y, uint32_t width); /* whole groups of 16; y need not be aligned */
  void (*softmax)(const float *logits, float inverse_temperature, const float *bias, float *y, uint32_t width); /* all padded */
  float (*exponential)(float x);
} nt_model_kernels;

extern const nt_model_kernels nt_kernels_generic;
#if defined(__x86_64__)
extern const nt_model_kernels nt_kernels_avx2, nt_kernels_avx512;
/* Where the processor has the instructions, these replace the kernels of AVX-512. */
void nt_dense_int8_vnni(const nt_matrix *matrix, const float *bias, const float *x, float *y, void *quantised);
void nt_dense_bfloat16_dot(const nt_matrix *matrix, const float *bias, const float *x, float *y, void *quantised);
#endif

/* Fills `kernels` with what this processor runs best, or with those of one instruction set. 0, or -1 where it is not available. */
int nt_kernels_choose(uint32_t isa, nt_model_kernels *kernels);

size_t nt_matrix_bytes(uint32_t inputs, uint32_t columns, uint32_t precision); /* of the panels */
size_t nt_dense_room(uint32_t inputs);

/* Packs weight (rows of `inputs` floats) into the given memory: column n is row order[n], or zeros for NT_SKIP; columns is a multiple
 * of 16. scale and correction are for int8, `columns` each. */
void nt_matrix_pack(nt_matrix *matrix, uint32_t precision, const float *weight, uint32_t inputs, const uint32_t *order, uint32_t columns,
                    void *panels, float *scale, int32_t *correction);

/* What a bias counts as. */
float nt_bias_round(float bias, uint32_t precision);

/* The bits of a bfloat16: nearest even; 0 below 2^-50. */
static inline uint32_t nt_bfloat16(float value) {
  union {
    float number;
    uint32_t bits;
  } of = {value};
  if ((of.bits & 0x7fffffffU) < 0x26800000U) return 0;
  return (of.bits + 0x7fffU + (of.bits >> 16 & 1)) >> 16;
}

#endif
