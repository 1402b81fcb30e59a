/* The ops besides normalise, by all threads of a block together. Barriers are between what threads write and what others read of it. */
#include "products.cuh"

static __device__ __forceinline__ float nt_activate(uint32_t activation, float x) {
  switch (activation) {
    case RELU:
      return nt_relu(x);
    case TANH:
      return nt_tanh(x);
    case SIGMOID:
      return nt_sigmoid(x);
    case GELU:
      return nt_gelu(x);
    default:
      return x;
  }
}

template <int PRECISION, int LANES>
static __device__ void nt_dense(const nt_block &block, const nt_op *op) {
  nt_stage<PRECISION>(block, op, INPUT);
  const uint32_t *operand = nt_operand<PRECISION>(block, op);
  const float *scales = block.vector(block.program->scales);
  uint32_t items = op->units << block.shift;
  for (uint32_t i = threadIdx.x; i * LANES < items; i += blockDim.x) {
    uint32_t unit = i % op->units, lane = i / op->units * LANES;
    nt_sums<4, LANES> sums;
    nt_begin(block, &op->input, unit, sums);
    nt_product<PRECISION>(block, &op->input, op->units, unit, operand, scales, lane, sums);
#pragma unroll
    for (int c = 0; c < 4; c++) {
      if (4 * unit + c >= op->width) break;
      float *out = block.vector(op->out + 4 * unit + c) + lane;
#pragma unroll
      for (int l = 0; l < LANES; l++) out[l] = nt_activate(op->activation, sums.of[c][l]);
    }
  }
  if (op->taps > 1) { /* the oldest input makes room; its slot is counted on after the step */
    for (uint32_t i = threadIdx.x; i < op->in_width[0] << block.shift; i += blockDim.x) {
      uint32_t channel = i >> block.shift, lane = i & (block.lanes - 1);
      if (!block.valid(lane)) continue;
      uint32_t slot = nt_bits(*block.state(op->state, lane));
      *block.state(op->state + 1 + slot * op->in_width[0] + channel, lane) = block.vector(op->in[0])[i];
    }
  }
}

/* The half of the gates that needs no input. */
template <int PRECISION, int COLUMNS, int LANES>
static __device__ __forceinline__ void nt_recurrent_half(const nt_block &block, const nt_op *op, uint32_t unit, uint32_t lane,
                                                         nt_sums<COLUMNS, LANES> &sums) {
  nt_begin(block, &op->recurrent, unit, sums);
  nt_product<PRECISION>(block, &op->recurrent, op->units, unit, block.words(block.program->hidden), block.vector(block.program->scales + 1),
                        lane, sums);
}

/* lstm with 4 columns (i, f, g, o), gru with 3 (r, z, n). AHEAD: the recurrent half is in the state. */
template <int PRECISION, int COLUMNS, int LANES, bool AHEAD>
static __device__ void nt_recurrent(const nt_block &block, const nt_op *op) {
  nt_stage<PRECISION>(block, op, AHEAD ? INPUT : INPUT | HIDDEN);
  const uint32_t *operand = nt_operand<PRECISION>(block, op);
  const float *scales = block.vector(block.program->scales);
  const uint32_t gates = op->state + (COLUMNS == 4 ? 2 : 1) * op->width;
  uint32_t items = op->units << block.shift;
  for (uint32_t i = threadIdx.x; i * LANES < items; i += blockDim.x) {
    uint32_t unit = i % op->units, lane = i / op->units * LANES;
    nt_sums<COLUMNS, LANES> sums;
    float hidden[LANES];
    if constexpr (AHEAD) {
#pragma unroll
      for (int c = 0; c < COLUMNS; c++)
#pragma unroll
        for (int l = 0; l < LANES; l++) sums.of[c][l] = *block.state(gates + unit * COLUMNS + c, lane + l);
    } else {
      nt_recurrent_half<PRECISION>(block, op, unit, lane, sums);
    }
    if constexpr (COLUMNS == 3) {
      float bias = ((const float *)block.block(&op->input))[3 * (size_t)unit + 2];
#pragma unroll
      for (int l = 0; l < LANES; l++) {
        hidden[l] = sums.of[2][l];
        sums.of[2][l] = bias;
      }
    }
    nt_product<PRECISION>(block, &op->input, op->units, unit, operand, scales, lane, sums);
    float *out = block.vector(op->out + unit) + lane;
#pragma unroll
    for (int l = 0; l < LANES; l++) {
      float *state = block.state(op->state + unit, lane + l);
      float next;
      if constexpr (COLUMNS == 4) {
        float *cell = state + op->width * block.instruments;
        float in = nt_sigmoid(sums.of[0][l]), forget = nt_sigmoid(sums.of[1][l]), candidate = nt_tanh(sums.of[2][l]);
        float keep = fmaf(forget, *cell, in * candidate);
        next = nt_sigmoid(sums.of[3][l]) * nt_tanh(keep);
        if (block.valid(lane + l)) *cell = keep;
      } else {
        float reset = nt_sigmoid(sums.of[0][l]), update = nt_sigmoid(sums.of[1][l]);
        float candidate = nt_tanh(fmaf(reset, hidden[l], sums.of[2][l]));
        next = fmaf(update, *state - candidate, candidate);
      }
      out[l] = next;
      if (block.valid(lane + l)) *state = next;
    }
  }
}

/* What the next step can do without its features. */
template <int PRECISION, int COLUMNS>
static __device__ void nt_advance_one(const nt_block &block, const nt_op *op) {
  nt_stage<PRECISION>(block, op, HIDDEN);
  const uint32_t gates = op->state + (COLUMNS == 4 ? 2 : 1) * op->width;
  for (uint32_t unit = threadIdx.x; unit < op->units; unit += blockDim.x) {
    nt_sums<COLUMNS, 1> sums;
    nt_recurrent_half<PRECISION>(block, op, unit, 0, sums);
#pragma unroll
    for (int c = 0; c < COLUMNS; c++) *block.state(gates + unit * COLUMNS + c, 0) = sums.of[c][0];
  }
}

/* Parts p and p + 8, then 4, 2, 1 apart. */
static __device__ float nt_parts_sum(const nt_block &block, const float *parts, uint32_t lane) {
  float sum[NT_PARTS];
#pragma unroll
  for (uint32_t part = 0; part < NT_PARTS; part++) sum[part] = parts[(part << block.shift) + lane];
#pragma unroll
  for (uint32_t part = 0; part < 8; part++) sum[part] = sum[part] + sum[part + 8];
#pragma unroll
  for (uint32_t part = 0; part < 4; part++) sum[part] = sum[part] + sum[part + 4];
  return (sum[0] + sum[2]) + (sum[1] + sum[3]);
}

static __device__ void nt_layer_norm(const nt_block &block, const nt_op *op) {
  const float *x = block.vector(op->in[0]), *weight = block.numbers(op->extra), *bias = block.numbers(op->bias);
  float *sums = block.vector(block.program->parts), *squares = block.vector(block.program->parts + NT_PARTS);
  float *y = block.vector(op->out);
  uint32_t width = op->width, items = NT_PARTS << block.shift;
  for (uint32_t i = threadIdx.x; i < items; i += blockDim.x) {
    float sum = 0.0f;
    for (uint32_t k = i >> block.shift; k < width; k += NT_PARTS) sum = sum + x[(k << block.shift) + (i & (block.lanes - 1))];
    sums[i] = sum;
  }
  __syncthreads();
  for (uint32_t i = threadIdx.x; i < items; i += blockDim.x) {
    uint32_t lane = i & (block.lanes - 1);
    float mean = nt_parts_sum(block, sums, lane) / (float)width, sum = 0.0f;
    for (uint32_t k = i >> block.shift; k < width; k += NT_PARTS) {
      float difference = x[(k << block.shift) + lane] - mean;
      sum = fmaf(difference, difference, sum);
    }
    squares[i] = sum;
  }
  __syncthreads();
  for (uint32_t i = threadIdx.x; i < items; i += blockDim.x) {
    uint32_t lane = i & (block.lanes - 1);
    float mean = nt_parts_sum(block, sums, lane) / (float)width;
    float inverse = 1.0f / sqrtf(nt_parts_sum(block, squares, lane) / (float)width + 1e-5f);
    for (uint32_t k = i >> block.shift; k < width; k += NT_PARTS)
      y[(k << block.shift) + lane] = fmaf((x[(k << block.shift) + lane] - mean) * inverse, weight[k], bias[k]);
  }
}

static __device__ void nt_join(const nt_block &block, const nt_op *op) {
  uint32_t begin = 0;
  float *y = block.vector(op->out);
  if (op->kind == CONCAT) {
    for (uint32_t in = 0; in < op->in_count; in++) {
      const float *x = block.vector(op->in[in]);
      uint32_t items = op->in_width[in] << block.shift;
      for (uint32_t i = threadIdx.x; i < items; i += blockDim.x) y[begin + i] = x[i];
      begin += items;
    }
    return;
  }
  for (uint32_t i = threadIdx.x; i < op->width << block.shift; i += blockDim.x) {
    float value = block.vector(op->in[0])[i];
    for (uint32_t in = 1; in < op->in_count; in++) {
      float other = block.vector(op->in[in])[i];
      value = op->kind == ADD ? value + other : value * other;
    }
    y[i] = value;
  }
}
