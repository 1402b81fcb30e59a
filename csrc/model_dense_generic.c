/* The definition of what models compute, in plain C. */
#define NT_LANES 1
#define NT_VECTORS 16
#include "model_dense.inc"
#include "model_ops.inc"

static void dense_bfloat16(const nt_matrix *matrix, const float *bias, const float *x, float *y, void *quantised) {
  bfloat16_product(matrix, bias, x, y, quantised);
}

static void dense_int8(const nt_matrix *matrix, const float *bias, const float *x, float *y, void *quantised) {
  int8_product(matrix, bias, x, y, quantised);
}

const nt_model_kernels nt_kernels_generic = NT_KERNELS("generic", dense_bfloat16, dense_int8);
