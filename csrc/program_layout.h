/* A model as it runs: what program_build.c makes and program.c executes. Internal to the two. */
#ifndef NT_PROGRAM_LAYOUT_H
#define NT_PROGRAM_LAYOUT_H

#include "program.h"

typedef struct nt_program_op {
  uint32_t kind, activation;
  uint32_t in_count, width; /* of out */
  uint32_t in_width[4];
  const float *in[4];
  float *out;
  float clip;
  uint32_t taps, dilation;
  nt_matrix input, recurrent;
  const float *bias;           /* dense, conv, layer_norm; the recurrent half of lstm and gru; mean of normalise */
  const float *weight;         /* layer_norm; inverse scale of normalise */
  const float *candidate_bias; /* gru: b_in */
  size_t state;                /* floats from the row's begin */
} nt_program_op;

/* A row begins with this; the floats of ops follow, each op's part aligned:
 *   lstm   h, c, the recurrent half of the gates
 *   gru    h, the recurrent half of the gates, W_hn h + b_hn
 *   conv   the slot of the oldest input (the first of 16 floats), then (taps - 1) * dilation inputs */
typedef struct nt_row_header {
  uint32_t advanced; /* the recurrent halves are up to date */
  uint32_t unused[15];
} nt_row_header;

struct nt_program {
  nt_model_kernels kernels;
  uint32_t isa, inputs, outputs, output_kind, rows, op_count, stateful;
  float inverse_temperature;
  const float *calibration_bias;
  const float *logits;
  float *probabilities;
  float *features;
  float *gates;    /* of one op */
  float *gathered; /* inputs of a causal_conv, all taps */
  void *quantised;
  size_t row_floats;
  float *states; /* of the rows, and one more for nt_program_predict */
  void *memory;  /* everything but the states */
  nt_program_op ops[NT_MODEL_OPS];
};

#endif
