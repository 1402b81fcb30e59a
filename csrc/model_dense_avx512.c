/* Models on AVX-512 (F, BW, DQ, VL). */
#if defined(__x86_64__)
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")
#endif

#define NT_LANES 16
#define NT_VECTORS 8
#include "model_dense.inc"
#include "model_ops.inc"

static void dense_bfloat16(const nt_matrix *matrix, const float *bias, const float *x, float *y, void *quantised) {
  bfloat16_product(matrix, bias, x, y, quantised);
}

static void dense_int8(const nt_matrix *matrix, const float *bias, const float *x, float *y, void *quantised) {
  int8_product(matrix, bias, x, y, quantised);
}

const nt_model_kernels nt_kernels_avx512 = NT_KERNELS("avx512", dense_bfloat16, dense_int8);

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif
