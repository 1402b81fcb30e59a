/* A program in memory, and what a block works on. Layouts as neural_trader/models/program.py writes them. */
#define NT_LANES 1
#include "model_math.h"

enum { FLOAT32 = 1, BFLOAT16 = 2, INT8 = 3 };
enum { NORMALISE = 1, DENSE, LSTM, GRU, CAUSAL_CONV, LAYER_NORM, ADD, MULTIPLY, CONCAT };
enum { NONE = 1, RELU, TANH, SIGMOID, GELU };
enum { CLASSES = 1 };

#define NT_ABSENT 0xffffffffU
#define NT_PARTS 16U /* of a vector that is reduced: part p has the elements p, p + 16, ... */

/* A block of words: a bias for each column, for int8 a scale for each column, then [groups][units][columns of a unit]. The first two are
 * padded to 4 words. */
struct nt_matrix_record {
  uint32_t groups, at, words;
  uint32_t resident; /* where in shared memory, in words; NT_ABSENT: it stays in the image */
};

struct nt_op {
  uint32_t kind, activation, width, in_count, in_width[4];
  uint32_t in[4], out; /* vectors of the tile, in elements */
  float clip;
  uint32_t taps, dilation;
  uint32_t state; /* elements from the row's begin. lstm: h, c, gates; gru: h, gates; causal_conv: oldest slot, past inputs */
  uint32_t bias;  /* in the image: mean of normalise; bias of layer_norm */
  uint32_t extra; /* in the image: inverse scale of normalise; weight of layer_norm */
  uint32_t units;
  uint32_t inputs; /* of the matrix `input`: all taps */
  uint32_t unused[3];
  nt_matrix_record input, recurrent;
};

struct nt_program {
  uint32_t magic, version, precision, op_count, features, outputs, output_kind, output_width;
  uint32_t logits; /* a vector of the tile */
  float inverse_temperature;
  uint32_t calibration; /* in the image */
  uint32_t tile_shift;
  uint32_t operand, hidden; /* vectors of the tile: inputs as the matrices want them */
  uint32_t parts;           /* 2 * NT_PARTS elements */
  uint32_t scales;          /* 2: of operand and hidden */
  uint32_t rows, valid;
  uint32_t tile_at; /* in shared memory, in words */
  uint32_t row_words, shared_bytes;
  uint32_t unused[11];
};

static __device__ __forceinline__ uint32_t nt_bits(float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  return bits;
}
static __device__ __forceinline__ float nt_float(uint32_t bits) {
  float value;
  memcpy(&value, &bits, 4);
  return value;
}
static __device__ __forceinline__ uint32_t nt_padded4(uint32_t count) {
  return (count + 3) / 4 * 4;
}

/* What a block works on. */
struct nt_block {
  const nt_program *program;
  const nt_op *ops;
  uint32_t *shared;
  const uint32_t *image;
  float *states;
  size_t instruments;
  float *tile;
  uint32_t shift, lanes;

  __device__ float *vector(uint32_t at) const { return tile + ((size_t)at << shift); }
  __device__ uint32_t *words(uint32_t at) const { return (uint32_t *)vector(at); }
  __device__ const float *numbers(uint32_t at) const { return (const float *)(image + at); }
  __device__ float *state(uint32_t element, uint32_t lane) const {
    return states + (size_t)element * instruments + words(program->rows)[lane];
  }
  __device__ uint32_t valid(uint32_t lane) const { return words(program->valid)[lane]; }
  __device__ const uint32_t *block(const nt_matrix_record *matrix) const {
    return matrix->resident == NT_ABSENT ? image + matrix->at : shared + matrix->resident;
  }
};
