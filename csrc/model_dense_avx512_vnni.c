/* Products of int8 on AVX-512 with VNNI. */
#if defined(__x86_64__)
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,avx512vnni"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,avx512vnni")
#endif

#define NT_LANES 16
#define NT_VECTORS 8
#define NT_DOT_INT8
#include "model_dense.inc"

void nt_dense_int8_vnni(const nt_matrix *matrix, const float *bias, const float *x, float *y, void *quantised) {
  int8_product(matrix, bias, x, y, quantised);
}

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif
