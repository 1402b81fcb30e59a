#include "program.h"

#include <string.h>

#include "program_layout.h"

static float *row_of(const nt_program *model, uint32_t row) {
  return model->states + row * model->row_floats;
}

static void multiply_matrix(const nt_program *model, const nt_matrix *matrix, const float *bias, const float *x, float *y) {
  model->kernels.dense[matrix->precision](matrix, bias, x, y, model->quantised);
}

/* A gru's candidate gate takes b_in from here, and W_hn h + b_hn goes beside. */
static void part_candidate(const nt_program_op *each, float *gates, float *hidden) {
  for (uint32_t unit = 0; unit < nt_padded(each->width); unit += NT_PAD) {
    float *candidate = gates + 3 * (size_t)unit + 2 * NT_PAD;
    memcpy(hidden + unit, candidate, NT_PAD * sizeof(float));
    memcpy(candidate, each->candidate_bias + unit, NT_PAD * sizeof(float));
  }
}

static void advance(const nt_program *model, float *row) {
  nt_row_header *header = (nt_row_header *)(void *)row;
  if (header->advanced) return;
  for (uint32_t i = 0; i < model->op_count; i++) {
    const nt_program_op *each = &model->ops[i];
    float *state = row + each->state;
    size_t width = nt_padded(each->width);
    if (each->kind == NT_OP_LSTM) {
      multiply_matrix(model, &each->recurrent, each->bias, state, state + 2 * width);
    } else if (each->kind == NT_OP_GRU) {
      multiply_matrix(model, &each->recurrent, each->bias, state, state + width);
      part_candidate(each, state + width, state + 4 * width);
    }
  }
  header->advanced = 1;
}

static void convolve(const nt_program *model, const nt_program_op *each, float *row) {
  uint32_t inputs = each->in_width[0], stride = nt_padded(inputs), past = (each->taps - 1) * each->dilation;
  float *slot = row + each->state, *history = slot + NT_PAD;
  const float *columns = each->in[0];
  if (past > 0) {
    uint32_t oldest;
    memcpy(&oldest, slot, sizeof(oldest));
    memset(model->gathered + nt_padded(inputs * each->taps) - NT_PAD, 0, NT_PAD * sizeof(float));
    /* In this order: the padding that follows each tap is overwritten by the next. */
    for (uint32_t tap = 0; tap + 1 < each->taps; tap++) {
      uint32_t at = oldest + tap * each->dilation;
      if (at >= past) at -= past;
      model->kernels.copy(history + (size_t)at * stride, model->gathered + (size_t)tap * inputs, inputs);
    }
    model->kernels.copy(columns, model->gathered + (size_t)(each->taps - 1) * inputs, inputs);
    model->kernels.copy(columns, history + (size_t)oldest * stride, inputs);
    oldest = oldest + 1 == past ? 0 : oldest + 1;
    memcpy(slot, &oldest, sizeof(oldest));
    columns = model->gathered;
  }
  multiply_matrix(model, &each->input, each->bias, columns, each->out);
  model->kernels.activate(each->activation, each->out, each->width);
}

static void concatenate(const nt_program_op *each) {
  float *to = each->out;
  for (uint32_t i = 0; i < each->in_count; i++) {
    memcpy(to, each->in[i], each->in_width[i] * sizeof(float));
    to += each->in_width[i];
  }
}

static void fold(const nt_program_op *each, void (*combine)(const float *, const float *, float *, uint32_t)) {
  combine(each->in[0], each->in[1], each->out, each->width);
  for (uint32_t i = 2; i < each->in_count; i++) combine(each->out, each->in[i], each->out, each->width);
}

/* Features are in model->features. Leaves the last op's registers; 0, or NT_ERR_INVALID before anything was done. */
static int32_t run(const nt_program *model, float *row) {
  const nt_model_kernels *kernels = &model->kernels;
  const nt_program_op *first = &model->ops[0];
  if (!kernels->normalise(model->features, first->bias, first->weight, first->clip, first->out, first->width)) return NT_ERR_INVALID;
  if (model->stateful) advance(model, row);
  for (uint32_t i = 1; i < model->op_count; i++) {
    const nt_program_op *each = &model->ops[i];
    float *state = row + each->state;
    size_t width = nt_padded(each->width);
    switch (each->kind) {
      case NT_OP_DENSE:
        multiply_matrix(model, &each->input, each->bias, each->in[0], each->out);
        kernels->activate(each->activation, each->out, each->width);
        break;
      case NT_OP_LSTM:
        multiply_matrix(model, &each->input, state + 2 * width, each->in[0], model->gates);
        kernels->lstm(model->gates, state + width, state, each->width);
        kernels->copy(state, each->out, each->width);
        break;
      case NT_OP_GRU:
        multiply_matrix(model, &each->input, state + width, each->in[0], model->gates);
        kernels->gru(model->gates, state + 4 * width, state, each->width);
        kernels->copy(state, each->out, each->width);
        break;
      case NT_OP_CAUSAL_CONV:
        convolve(model, each, row);
        break;
      case NT_OP_LAYER_NORM:
        kernels->layer_norm(each->in[0], each->weight, each->bias, each->out, each->width);
        break;
      case NT_OP_ADD:
        fold(each, kernels->add);
        break;
      case NT_OP_MULTIPLY:
        fold(each, kernels->multiply);
        break;
      default: /* NT_OP_CONCAT */
        concatenate(each);
    }
  }
  ((nt_row_header *)(void *)row)->advanced = 0;
  return NT_OK;
}

static void result(const nt_program *model, float *outputs) {
  if (model->output_kind == NT_MODEL_OUTPUT_CLASSES) {
    model->kernels.softmax(model->logits, model->inverse_temperature, model->calibration_bias, model->probabilities, model->outputs);
    memcpy(outputs, model->probabilities, model->outputs * sizeof(float));
  } else {
    outputs[0] = model->logits[0];
    outputs[1] = model->kernels.exponential(model->logits[1]);
  }
}

int32_t nt_program_step(nt_program *model, uint32_t row, const float *features, float *outputs) {
  if (row >= model->rows) return NT_ERR_INVALID;
  float *state = row_of(model, row);
  for (size_t i = 0; i < model->row_floats; i += NT_PAD) __builtin_prefetch(state + i, 1); /* of many, it is rarely at hand */
  memcpy(model->features, features, model->inputs * sizeof(float));
  int32_t code = run(model, state);
  if (code == NT_OK) result(model, outputs);
  return code;
}

void nt_program_advance(nt_program *model, uint32_t row) {
  if (row < model->rows && model->stateful) advance(model, row_of(model, row));
}

void nt_program_reset(nt_program *model, uint32_t row) {
  if (row < model->rows) memset(row_of(model, row), 0, model->row_floats * sizeof(float));
}

int32_t nt_program_predict(nt_program *model, const float *inputs, uint32_t count, uint32_t steps, float *outputs) {
  if (steps == 0 || (steps > 1 && !model->stateful)) return NT_ERR_INVALID;
  float *row = row_of(model, model->rows);
  for (uint32_t i = 0; i < count; i++) {
    memset(row, 0, model->row_floats * sizeof(float));
    for (uint32_t step = 0; step < steps; step++) {
      memcpy(model->features, inputs, model->inputs * sizeof(float));
      if (run(model, row) != NT_OK) return NT_ERR_INVALID;
      inputs += model->inputs;
    }
    result(model, outputs);
    outputs += model->outputs;
  }
  return NT_OK;
}

uint32_t nt_program_inputs(const nt_program *model) {
  return model->inputs;
}

uint32_t nt_program_outputs(const nt_program *model) {
  return model->outputs;
}

uint32_t nt_program_isa_of(const nt_program *model) {
  return model->isa;
}

size_t nt_program_row_bytes(const nt_program *model) {
  return model->row_floats * sizeof(float);
}
