/* Products of bfloat16 on AVX-512 with BF16. */
#if defined(__x86_64__)
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,avx512bf16"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,avx512bf16")
#endif

#define NT_LANES 16
#define NT_VECTORS 8
#define NT_DOT_BFLOAT16
#include "model_dense.inc"

void nt_dense_bfloat16_dot(const nt_matrix *matrix, const float *bias, const float *x, float *y, void *quantised) {
  bfloat16_product(matrix, bias, x, y, quantised);
}

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif
