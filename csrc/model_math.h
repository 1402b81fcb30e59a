/* The functions that models are made of, from additions, products, fused multiply-adds and divisions only, so that every processor gives
 * the same bits: C for one float at a time, CUDA, and the vectors of AVX2 and AVX-512. The text is one: nt_lanes is a float or a vector of
 * floats, and each line does the same to every lane. NT_LANES is 1, or what the including file sets it to, together with the target of its
 * code. Compile with -ffp-contract=off (CUDA: -fmad=false): nothing is fused but nt_fma.
 *
 * The smaller and the larger of two are `a < b ? a : b` and `a > b ? a : b`: b when a is not a number. */
#ifndef NT_MODEL_MATH_H
#define NT_MODEL_MATH_H

/* The run-time compiler of CUDA has fmaf, sqrtf and memcpy, and no headers. */
#if defined(__CUDACC_RTC__)
typedef unsigned int uint32_t;
#else
#include <math.h>
#include <stdint.h>
#include <string.h>
#endif

#ifndef NT_LANES
#define NT_LANES 1
#endif

#if defined(__CUDACC__)
#define NT_MATH static __host__ __device__ __forceinline__
#else
#define NT_MATH __attribute__((always_inline)) static inline
#endif

#if NT_LANES == 1

typedef float nt_lanes;

NT_MATH nt_lanes nt_set(float value) {
  return value;
}
NT_MATH nt_lanes nt_load(const float *from) {
  return *from;
}
NT_MATH void nt_store(float *to, nt_lanes value) {
  *to = value;
}
NT_MATH nt_lanes nt_fma(nt_lanes a, nt_lanes b, nt_lanes c) {
  return fmaf(a, b, c);
}
NT_MATH nt_lanes nt_smaller(nt_lanes a, nt_lanes b) {
  return a < b ? a : b;
}
NT_MATH nt_lanes nt_larger(nt_lanes a, nt_lanes b) {
  return a > b ? a : b;
}
/* The bits of `value` plus those of `counter` shifted left by 23: value * 2^n where the low bits of counter are n. */
NT_MATH nt_lanes nt_raise(nt_lanes value, nt_lanes counter) {
  uint32_t bits, steps;
  memcpy(&bits, &value, 4);
  memcpy(&steps, &counter, 4);
  bits += steps << 23;
  memcpy(&value, &bits, 4);
  return value;
}

#elif NT_LANES == 8

#include <immintrin.h>
typedef __m256 nt_lanes;

NT_MATH nt_lanes nt_set(float value) {
  return _mm256_set1_ps(value);
}
NT_MATH nt_lanes nt_load(const float *from) {
  return _mm256_loadu_ps(from);
}
NT_MATH void nt_store(float *to, nt_lanes value) {
  _mm256_storeu_ps(to, value);
}
NT_MATH nt_lanes nt_fma(nt_lanes a, nt_lanes b, nt_lanes c) {
  return _mm256_fmadd_ps(a, b, c);
}
NT_MATH nt_lanes nt_smaller(nt_lanes a, nt_lanes b) {
  return _mm256_min_ps(a, b);
}
NT_MATH nt_lanes nt_larger(nt_lanes a, nt_lanes b) {
  return _mm256_max_ps(a, b);
}
NT_MATH nt_lanes nt_raise(nt_lanes value, nt_lanes counter) {
  return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(value), _mm256_slli_epi32(_mm256_castps_si256(counter), 23)));
}

#elif NT_LANES == 16

#include <immintrin.h>
typedef __m512 nt_lanes;

NT_MATH nt_lanes nt_set(float value) {
  return _mm512_set1_ps(value);
}
NT_MATH nt_lanes nt_load(const float *from) {
  return _mm512_loadu_ps(from);
}
NT_MATH void nt_store(float *to, nt_lanes value) {
  _mm512_storeu_ps(to, value);
}
NT_MATH nt_lanes nt_fma(nt_lanes a, nt_lanes b, nt_lanes c) {
  return _mm512_fmadd_ps(a, b, c);
}
NT_MATH nt_lanes nt_smaller(nt_lanes a, nt_lanes b) {
  return _mm512_min_ps(a, b);
}
NT_MATH nt_lanes nt_larger(nt_lanes a, nt_lanes b) {
  return _mm512_max_ps(a, b);
}
NT_MATH nt_lanes nt_raise(nt_lanes value, nt_lanes counter) {
  return _mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(value), _mm512_slli_epi32(_mm512_castps_si512(counter), 23)));
}

#endif

/* e^x for x clamped to [-87, 88]: x = n ln 2 + r, a polynomial in r (Cephes expf), and n into the exponent. Adding 1.5 * 2^23 rounds to the
 * nearest even integer and leaves it in the low bits. */
NT_MATH nt_lanes nt_exp(nt_lanes x) {
  x = nt_larger(nt_smaller(x, nt_set(88.0f)), nt_set(-87.0f));
  nt_lanes counter = x * nt_set(1.44269504f) + nt_set(12582912.0f);
  nt_lanes n = counter - nt_set(12582912.0f);
  nt_lanes r = nt_fma(n, nt_set(-0.693359375f), x);
  r = nt_fma(n, nt_set(2.12194440e-4f), r);
  nt_lanes p = nt_set(1.9875691500e-4f);
  p = nt_fma(p, r, nt_set(1.3981999507e-3f));
  p = nt_fma(p, r, nt_set(8.3334519073e-3f));
  p = nt_fma(p, r, nt_set(4.1665795894e-2f));
  p = nt_fma(p, r, nt_set(1.6666665459e-1f));
  p = nt_fma(p, r, nt_set(5.0000001201e-1f));
  p = nt_fma(p, r * r, r + nt_set(1.0f));
  return nt_raise(p, counter);
}

NT_MATH nt_lanes nt_sigmoid(nt_lanes x) {
  return nt_set(1.0f) / (nt_set(1.0f) + nt_exp(nt_set(0.0f) - x));
}

NT_MATH nt_lanes nt_tanh(nt_lanes x) {
  return nt_fma(nt_set(2.0f), nt_sigmoid(x + x), nt_set(-1.0f));
}

/* x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) */
NT_MATH nt_lanes nt_gelu(nt_lanes x) {
  nt_lanes inner = nt_fma(nt_set(0.044715f) * x, x * x, x);
  return nt_set(0.5f) * x * (nt_set(1.0f) + nt_tanh(nt_set(0.7978845608f) * inner));
}

NT_MATH nt_lanes nt_relu(nt_lanes x) {
  return nt_larger(x, nt_set(0.0f));
}

#endif
