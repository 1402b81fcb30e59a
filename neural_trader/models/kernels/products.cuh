/* Products of matrices with the vectors of a tile, and their inputs as each precision wants them. */
#include "records.cuh"

/* COUNT words; their address is a multiple of 16 bytes where COUNT is one of 4 words. */
template <int COUNT>
static __device__ __forceinline__ void nt_take(const uint32_t *from, uint32_t (&to)[COUNT]) {
  if constexpr (COUNT % 4 == 0) {
#pragma unroll
    for (int i = 0; i < COUNT / 4; i++) {
      uint4 four = ((const uint4 *)from)[i];
      to[4 * i] = four.x;
      to[4 * i + 1] = four.y;
      to[4 * i + 2] = four.z;
      to[4 * i + 3] = four.w;
    }
  } else {
#pragma unroll
    for (int i = 0; i < COUNT; i++) to[i] = from[i];
  }
}

template <int COLUMNS, int LANES>
struct nt_sums {
  float of[COLUMNS][LANES];
};

/* sums += weight x, from the sums (the bias) on as the precision defines it. */
template <int PRECISION, int COLUMNS, int LANES>
static __device__ __forceinline__ void nt_product(const nt_block &block, const nt_matrix_record *matrix, uint32_t units, uint32_t unit,
                                                  const uint32_t *operand, const float *scales, uint32_t lane,
                                                  nt_sums<COLUMNS, LANES> &sums) {
  const uint32_t *from = block.block(matrix), padded = nt_padded4(units * COLUMNS), groups = matrix->groups;
  const size_t step = (size_t)units * COLUMNS;
  const uint32_t *words = from + (PRECISION == INT8 ? 2 : 1) * padded + (size_t)unit * COLUMNS;
  uint32_t w[COLUMNS], x[LANES];
  operand += lane;
  if constexpr (PRECISION == FLOAT32) {
    float odd[COLUMNS][LANES];
#pragma unroll
    for (int c = 0; c < COLUMNS; c++)
#pragma unroll
      for (int l = 0; l < LANES; l++) odd[c][l] = 0.0f;
    uint32_t g = 0;
#pragma unroll(LANES == 1 ? 4 : 1)
    for (; g + 2 <= groups; g += 2, words += 2 * step, operand += 2 * (size_t)block.lanes) {
      nt_take(words, w);
      nt_take(operand, x);
#pragma unroll
      for (int c = 0; c < COLUMNS; c++)
#pragma unroll
        for (int l = 0; l < LANES; l++) sums.of[c][l] = fmaf(nt_float(x[l]), nt_float(w[c]), sums.of[c][l]);
      nt_take(words + step, w);
      nt_take(operand + block.lanes, x);
#pragma unroll
      for (int c = 0; c < COLUMNS; c++)
#pragma unroll
        for (int l = 0; l < LANES; l++) odd[c][l] = fmaf(nt_float(x[l]), nt_float(w[c]), odd[c][l]);
    }
    if (g < groups) {
      nt_take(words, w);
      nt_take(operand, x);
#pragma unroll
      for (int c = 0; c < COLUMNS; c++)
#pragma unroll
        for (int l = 0; l < LANES; l++) sums.of[c][l] = fmaf(nt_float(x[l]), nt_float(w[c]), sums.of[c][l]);
    }
#pragma unroll
    for (int c = 0; c < COLUMNS; c++)
#pragma unroll
      for (int l = 0; l < LANES; l++) sums.of[c][l] = sums.of[c][l] + odd[c][l];
  } else if constexpr (PRECISION == BFLOAT16) {
#pragma unroll(LANES == 1 ? 8 : 2)
    for (uint32_t g = 0; g < groups; g++, words += step, operand += block.lanes) {
      nt_take(words, w);
      nt_take(operand, x);
#pragma unroll
      for (int c = 0; c < COLUMNS; c++)
#pragma unroll
        for (int l = 0; l < LANES; l++) {
          float high = fmaf(nt_float(w[c] & 0xffff0000U), nt_float(x[l] & 0xffff0000U), sums.of[c][l]);
          sums.of[c][l] = fmaf(nt_float(w[c] << 16), nt_float(x[l] << 16), high);
        }
    }
  } else {
    int32_t exact[COLUMNS][LANES];
#pragma unroll
    for (int c = 0; c < COLUMNS; c++)
#pragma unroll
      for (int l = 0; l < LANES; l++) exact[c][l] = 0;
#pragma unroll(LANES == 1 ? 8 : 2)
    for (uint32_t g = 0; g < groups; g++, words += step, operand += block.lanes) {
      nt_take(words, w);
      nt_take(operand, x);
#pragma unroll
      for (int c = 0; c < COLUMNS; c++)
#pragma unroll
        for (int l = 0; l < LANES; l++) exact[c][l] = __dp4a((int32_t)w[c], (int32_t)x[l], exact[c][l]);
    }
    const float *scale = (const float *)(from + padded) + (size_t)unit * COLUMNS;
#pragma unroll
    for (int c = 0; c < COLUMNS; c++)
#pragma unroll
      for (int l = 0; l < LANES; l++) sums.of[c][l] = fmaf((float)exact[c][l] * scales[lane + l], scale[c], sums.of[c][l]);
  }
}

template <int COLUMNS, int LANES>
static __device__ __forceinline__ void nt_begin(const nt_block &block, const nt_matrix_record *matrix, uint32_t unit,
                                                nt_sums<COLUMNS, LANES> &sums) {
  const float *bias = (const float *)block.block(matrix) + (size_t)unit * COLUMNS;
#pragma unroll
  for (int c = 0; c < COLUMNS; c++)
#pragma unroll
    for (int l = 0; l < LANES; l++) sums.of[c][l] = bias[c];
}

/* ---- inputs of products -------------------------------------------------------------------------------------------------------- */

/* Element k of what an op multiplies with: its state h, or its input; of causal_conv, the inputs of all taps, the oldest first. */
static __device__ __forceinline__ float nt_value(const nt_block &block, const nt_op *op, bool hidden, uint32_t k, uint32_t lane) {
  if (hidden) return *block.state(op->state + k, lane);
  if (op->taps == 1) return block.vector(op->in[0] + k)[lane];
  uint32_t width = op->in_width[0], tap = k / width, channel = k % width, past = (op->taps - 1) * op->dilation;
  if (tap + 1 == op->taps) return block.vector(op->in[0] + channel)[lane];
  uint32_t slot = nt_bits(*block.state(op->state, lane)) + tap * op->dilation;
  if (slot >= past) slot -= past;
  return *block.state(op->state + 1 + slot * width + channel, lane);
}

/* The bits of a bfloat16: nearest even; 0 below 2^-50. */
static __device__ __forceinline__ uint32_t nt_bfloat16(float value) {
  uint32_t bits = nt_bits(value);
  if ((bits & 0x7fffffffU) < 0x26800000U) return 0;
  return (bits + 0x7fffU + (bits >> 16 & 1)) >> 16;
}

/* Of int8: the largest magnitude of each part, as bits, which compare alike. */
static __device__ void nt_peaks(const nt_block &block, const nt_op *op, bool hidden, uint32_t inputs) {
  uint32_t *parts = block.words(block.program->parts + (hidden ? NT_PARTS : 0));
  for (uint32_t i = threadIdx.x; i < NT_PARTS << block.shift; i += blockDim.x) {
    uint32_t lane = i & (block.lanes - 1), most = 0;
    for (uint32_t k = i >> block.shift; k < inputs; k += NT_PARTS) {
      uint32_t bits = nt_bits(nt_value(block, op, hidden, k, lane)) & 0x7fffffffU;
      if (bits > most) most = bits;
    }
    parts[i] = most;
  }
}

static __device__ void nt_quantise(const nt_block &block, const nt_op *op, bool hidden, uint32_t inputs, uint32_t *operand, float *scales) {
  const uint32_t *parts = block.words(block.program->parts + (hidden ? NT_PARTS : 0));
  for (uint32_t i = threadIdx.x; i < NT_PARTS << block.shift; i += blockDim.x) {
    uint32_t lane = i & (block.lanes - 1), bits = 0;
    for (uint32_t part = 0; part < NT_PARTS; part++) {
      uint32_t other = parts[(part << block.shift) + lane];
      if (other > bits) bits = other;
    }
    float peak = nt_float(bits), inverse = peak < 7.8886090522101181e-31f ? 0.0f : 127.0f / peak; /* 2^-100 */
    if (i < block.lanes) scales[lane] = peak / 127.0f;
    for (uint32_t g = i >> block.shift; 4 * g < inputs; g += NT_PARTS) {
      uint32_t word = 0;
      for (uint32_t j = 0; j < 4 && 4 * g + j < inputs; j++) {
        float value = nt_value(block, op, hidden, 4 * g + j, lane) * inverse;
        value = nt_larger(nt_smaller(value, 127.0f), -127.0f) + 12582912.0f;
        word |= (nt_bits(value) & 0xffU) << 8 * j;
      }
      operand[(g << block.shift) + lane] = word;
    }
  }
}

/* Everything that the product with one matrix reads, after a barrier: words at [group][lane]. */
template <int PRECISION>
static __device__ void nt_convert(const nt_block &block, const nt_op *op, bool hidden, uint32_t inputs) {
  uint32_t *operand = block.words(hidden ? block.program->hidden : block.program->operand);
  if constexpr (PRECISION == FLOAT32) {
    if (!hidden && op->taps == 1) return; /* the vector itself */
    for (uint32_t i = threadIdx.x; i < inputs << block.shift; i += blockDim.x)
      operand[i] = nt_bits(nt_value(block, op, hidden, i >> block.shift, i & (block.lanes - 1)));
  } else if constexpr (PRECISION == BFLOAT16) {
    for (uint32_t i = threadIdx.x; i < (inputs + 1) / 2 << block.shift; i += blockDim.x) {
      uint32_t k = i >> block.shift << 1, lane = i & (block.lanes - 1);
      uint32_t word = nt_bfloat16(nt_value(block, op, hidden, k, lane));
      if (k + 1 < inputs) word |= nt_bfloat16(nt_value(block, op, hidden, k + 1, lane)) << 16;
      operand[i] = word;
    }
  } else {
    nt_quantise(block, op, hidden, inputs, operand, block.vector(block.program->scales + (hidden ? 1 : 0)));
  }
}

enum { INPUT = 1, HIDDEN = 2 };

/* Barriers: all threads come here together. */
template <int PRECISION>
static __device__ void nt_stage(const nt_block &block, const nt_op *op, uint32_t which) {
  if (PRECISION == INT8) {
    if (which & HIDDEN) nt_peaks(block, op, true, op->width);
    if (which & INPUT) nt_peaks(block, op, false, op->inputs);
    __syncthreads();
  }
  if (which & HIDDEN) nt_convert<PRECISION>(block, op, true, op->width);
  if (which & INPUT) nt_convert<PRECISION>(block, op, false, op->inputs);
  if (PRECISION != FLOAT32 || which & HIDDEN || op->taps > 1) __syncthreads();
}

template <int PRECISION>
static __device__ __forceinline__ const uint32_t *nt_operand(const nt_block &block, const nt_op *op) {
  return block.words(PRECISION == FLOAT32 && op->taps == 1 ? op->in[0] : block.program->operand);
}
