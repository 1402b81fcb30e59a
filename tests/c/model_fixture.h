/* Models with random weights, made op by op as a file would describe them. */
#ifndef NT_MODEL_FIXTURE_H
#define NT_MODEL_FIXTURE_H

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "program.h"

typedef struct fixture_model {
  nt_model_file file;
  uint64_t seed;
} fixture_model;

/* xorshift64*; in [-1, 1) */
static inline float fixture_random(uint64_t *seed) {
  *seed ^= *seed >> 12;
  *seed ^= *seed << 25;
  *seed ^= *seed >> 27;
  return (float)((double)((*seed * 0x2545f4914f6cdd1dULL) >> 11) * 0x1p-52 - 1.0);
}

/* FNV-1a by words, of bits. */
static inline uint64_t fixture_digest(uint64_t hash, float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  return (hash ^ bits) * 0x100000001b3ULL;
}

static inline uint32_t fixture_tensor(fixture_model *model, uint32_t rows, uint32_t columns, uint32_t taps, float scale) {
  nt_model_tensor *tensor = &model->file.tensors[model->file.tensor_count];
  size_t count = (size_t)rows * (columns == 0 ? 1 : columns) * (taps == 0 ? 1 : taps);
  float *data = malloc(count * sizeof(float));
  if (data == NULL) abort();
  for (size_t i = 0; i < count; i++) data[i] = scale * fixture_random(&model->seed);
  *tensor = (nt_model_tensor){.name = "t", .data = data, .shape = {rows, columns, taps}, .dims = taps != 0 ? 3 : columns != 0 ? 2 : 1};
  return model->file.tensor_count++;
}

static inline nt_model_op *fixture_op(fixture_model *model, uint32_t kind, uint32_t in, uint32_t width) {
  nt_model_op *op = &model->file.ops[model->file.op_count++];
  *op = (nt_model_op){.kind = kind, .activation = NT_ACTIVATION_NONE, .in = {in}, .in_count = 1, .out = model->file.register_count++};
  model->file.widths[op->out] = width;
  return op;
}

/* With its normalise op, which writes register 1. */
static inline fixture_model *fixture_new(uint64_t seed, uint32_t features) {
  fixture_model *model = calloc(1, sizeof(fixture_model));
  if (model == NULL) abort();
  model->seed = seed;
  model->file.widths[0] = model->file.feature_count = features;
  model->file.register_count = 1;
  model->file.state_kind = NT_MODEL_STATE_NONE;
  model->file.inverse_temperature = 1.0f;
  nt_model_op *op = fixture_op(model, NT_OP_NORMALISE, 0, features);
  op->clip = 2.5f;
  op->tensors[0] = fixture_tensor(model, features, 0, 0, 0.3f);
  op->tensors[1] = fixture_tensor(model, features, 0, 0, 2.0f);
  return model;
}

static inline void fixture_free(fixture_model *model) {
  for (uint32_t i = 0; i < model->file.tensor_count; i++) free((void *)(uintptr_t)model->file.tensors[i].data);
  free(model);
}

static inline uint32_t fixture_dense(fixture_model *model, uint32_t in, uint32_t width, uint32_t activation) {
  uint32_t inputs = model->file.widths[in];
  nt_model_op *op = fixture_op(model, NT_OP_DENSE, in, width);
  op->activation = activation;
  op->tensors[0] = fixture_tensor(model, width, inputs, 0, 1.7f / sqrtf((float)inputs));
  op->tensors[1] = fixture_tensor(model, width, 0, 0, 0.3f);
  return op->out;
}

static inline uint32_t fixture_recurrent(fixture_model *model, uint32_t kind, uint32_t in, uint32_t width) {
  uint32_t inputs = model->file.widths[in], gates = kind == NT_OP_LSTM ? 4 : 3;
  nt_model_op *op = fixture_op(model, kind, in, width);
  model->file.state_kind = NT_MODEL_STATE_STREAM;
  op->tensors[0] = fixture_tensor(model, gates * width, inputs, 0, 1.7f / sqrtf((float)inputs));
  op->tensors[1] = fixture_tensor(model, gates * width, width, 0, 1.7f / sqrtf((float)width));
  op->tensors[2] = fixture_tensor(model, gates * width, 0, 0, 0.3f);
  op->tensors[3] = fixture_tensor(model, gates * width, 0, 0, 0.3f);
  return op->out;
}

static inline uint32_t fixture_conv(fixture_model *model, uint32_t in, uint32_t width, uint32_t taps, uint32_t dilation,
                                    uint32_t activation) {
  uint32_t inputs = model->file.widths[in];
  nt_model_op *op = fixture_op(model, NT_OP_CAUSAL_CONV, in, width);
  model->file.state_kind = NT_MODEL_STATE_STREAM;
  op->activation = activation;
  op->dilation = dilation;
  op->tensors[0] = fixture_tensor(model, width, inputs, taps, 1.7f / sqrtf((float)(inputs * taps)));
  op->tensors[1] = fixture_tensor(model, width, 0, 0, 0.3f);
  return op->out;
}

static inline uint32_t fixture_norm(fixture_model *model, uint32_t in) {
  uint32_t width = model->file.widths[in];
  nt_model_op *op = fixture_op(model, NT_OP_LAYER_NORM, in, width);
  op->tensors[0] = fixture_tensor(model, width, 0, 0, 1.0f);
  op->tensors[1] = fixture_tensor(model, width, 0, 0, 0.3f);
  return op->out;
}

/* add, multiply or concat of two to four registers */
static inline uint32_t fixture_join(fixture_model *model, uint32_t kind, const uint32_t *in, uint32_t count) {
  uint32_t width = kind == NT_OP_CONCAT ? 0 : model->file.widths[in[0]];
  if (kind == NT_OP_CONCAT)
    for (uint32_t i = 0; i < count; i++) width += model->file.widths[in[i]];
  nt_model_op *op = fixture_op(model, kind, in[0], width);
  op->in_count = count;
  for (uint32_t i = 0; i < count; i++) op->in[i] = in[i];
  return op->out;
}

/* Classes from a register; with a calibration. */
static inline void fixture_classes(fixture_model *model, uint32_t in) {
  model->file.output_kind = NT_MODEL_OUTPUT_CLASSES;
  model->file.output_register = in;
  model->file.class_count = model->file.widths[in];
  model->file.calibration_kind = NT_MODEL_CALIBRATION_VECTOR;
  model->file.inverse_temperature = 0.8f;
  for (uint32_t i = 0; i < model->file.class_count; i++) model->file.bias[i] = 0.2f * fixture_random(&model->seed);
}

#endif
