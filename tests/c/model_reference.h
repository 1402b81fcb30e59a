/* What a model computes, op by op in double precision over a whole sequence. */
#ifndef NT_MODEL_REFERENCE_H
#define NT_MODEL_REFERENCE_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model_file.h"

static inline const nt_model_tensor *reference_tensor(const nt_model_file *file, const nt_model_op *op, uint32_t index) {
  return &file->tensors[op->tensors[index]];
}

static inline double reference_sigmoid(double x) {
  return 1 / (1 + exp(-x));
}

static inline double reference_activation(uint32_t activation, double x) {
  switch (activation) {
    case NT_ACTIVATION_RELU:
      return x > 0 ? x : 0;
    case NT_ACTIVATION_TANH:
      return tanh(x);
    case NT_ACTIVATION_SIGMOID:
      return reference_sigmoid(x);
    case NT_ACTIVATION_GELU:
      return 0.5 * x * (1 + tanh(sqrt(2 / 3.14159265358979323846) * (x + 0.044715 * x * x * x)));
    default:
      return x;
  }
}

/* A row of weight times x. */
static inline double reference_row(const nt_model_tensor *weight, uint32_t row, const double *x) {
  double sum = 0;
  for (uint32_t k = 0; k < weight->shape[1]; k++) sum += (double)weight->data[row * weight->shape[1] + k] * x[k];
  return sum;
}

static inline void reference_lstm(const nt_model_file *file, const nt_model_op *op, const double *x, const double *h, double *c,
                                  double *y) {
  uint32_t width = file->widths[op->out];
  for (uint32_t unit = 0; unit < width; unit++) {
    double gate[4];
    for (uint32_t g = 0; g < 4; g++) {
      uint32_t row = g * width + unit;
      gate[g] = reference_row(reference_tensor(file, op, 0), row, x) + (double)reference_tensor(file, op, 2)->data[row] +
                (h == NULL ? 0 : reference_row(reference_tensor(file, op, 1), row, h)) + (double)reference_tensor(file, op, 3)->data[row];
    }
    c[unit] = reference_sigmoid(gate[1]) * c[unit] + reference_sigmoid(gate[0]) * tanh(gate[2]);
    y[unit] = reference_sigmoid(gate[3]) * tanh(c[unit]);
  }
}

static inline void reference_gru(const nt_model_file *file, const nt_model_op *op, const double *x, const double *h, double *y) {
  uint32_t width = file->widths[op->out];
  for (uint32_t unit = 0; unit < width; unit++) {
    double in[3], hidden[3];
    for (uint32_t g = 0; g < 3; g++) {
      uint32_t row = g * width + unit;
      in[g] = reference_row(reference_tensor(file, op, 0), row, x) + (double)reference_tensor(file, op, 2)->data[row];
      hidden[g] = (h == NULL ? 0 : reference_row(reference_tensor(file, op, 1), row, h)) + (double)reference_tensor(file, op, 3)->data[row];
    }
    double r = reference_sigmoid(in[0] + hidden[0]), z = reference_sigmoid(in[1] + hidden[1]), n = tanh(in[2] + r * hidden[2]);
    y[unit] = (1 - z) * n + z * (h == NULL ? 0 : h[unit]);
  }
}

/* inputs: those of this step; those of d steps before are `stride` * d lower. */
static inline void reference_conv(const nt_model_file *file, const nt_model_op *op, const double *x, size_t stride, uint32_t step,
                                  double *y) {
  const nt_model_tensor *weight = reference_tensor(file, op, 0);
  uint32_t inputs = weight->shape[1], taps = weight->shape[2];
  for (uint32_t n = 0; n < weight->shape[0]; n++) {
    double sum = (double)reference_tensor(file, op, 1)->data[n];
    for (uint32_t tap = 0; tap < taps; tap++) {
      uint32_t before = (taps - 1 - tap) * op->dilation;
      if (before > step) continue;
      for (uint32_t k = 0; k < inputs; k++) sum += (double)weight->data[(n * inputs + k) * taps + tap] * *(x - before * stride + k);
    }
    y[n] = reference_activation(op->activation, sum);
  }
}

static inline void reference_norm(const nt_model_file *file, const nt_model_op *op, const double *x, double *y) {
  uint32_t width = file->widths[op->out];
  double mean = 0, variance = 0;
  for (uint32_t i = 0; i < width; i++) mean += x[i] / width;
  for (uint32_t i = 0; i < width; i++) variance += (x[i] - mean) * (x[i] - mean) / width;
  for (uint32_t i = 0; i < width; i++)
    y[i] = (x[i] - mean) / sqrt(variance + 1e-5) * (double)reference_tensor(file, op, 0)->data[i] +
           (double)reference_tensor(file, op, 1)->data[i];
}

static inline void reference_simple(const nt_model_file *file, const nt_model_op *op, const double *const *in, double *y) {
  uint32_t width = file->widths[op->out];
  if (op->kind == NT_OP_CONCAT) {
    for (uint32_t i = 0; i < op->in_count; i++) {
      memcpy(y, in[i], file->widths[op->in[i]] * sizeof(double));
      y += file->widths[op->in[i]];
    }
    return;
  }
  for (uint32_t n = 0; n < width; n++) {
    double value = in[0][n];
    if (op->kind == NT_OP_NORMALISE) {
      value = (value - (double)reference_tensor(file, op, 0)->data[n]) * (double)reference_tensor(file, op, 1)->data[n];
      value = fmin(fmax(value, -(double)op->clip), (double)op->clip);
    } else if (op->kind == NT_OP_DENSE) {
      value = reference_activation(op->activation,
                                   reference_row(reference_tensor(file, op, 0), n, in[0]) + (double)reference_tensor(file, op, 1)->data[n]);
    }
    for (uint32_t i = 1; i < op->in_count; i++) value = op->kind == NT_OP_ADD ? value + in[i][n] : value * in[i][n];
    y[n] = value;
  }
}

/* The probabilities (or mean and deviation) after the last of `steps` rows of features. */
static inline void reference_predict(const nt_model_file *file, const float *features, uint32_t steps, double *outputs) {
  size_t offset[NT_MODEL_REGISTERS], stride = 0;
  for (uint32_t i = 0; i < file->register_count; i++) {
    offset[i] = stride;
    stride += file->widths[i];
  }
  double *values = calloc(steps * stride, sizeof(double)), *cells = calloc(stride, sizeof(double));
  if (values == NULL || cells == NULL) abort();
  for (uint32_t step = 0; step < steps; step++) {
    double *now = values + step * stride;
    for (uint32_t i = 0; i < file->widths[0]; i++) now[i] = (double)features[step * file->widths[0] + i];
    for (uint32_t i = 0; i < file->op_count; i++) {
      const nt_model_op *op = &file->ops[i];
      const double *in[4];
      for (uint32_t k = 0; k < op->in_count; k++) in[k] = now + offset[op->in[k]];
      double *y = now + offset[op->out];
      const double *before = step == 0 ? NULL : y - stride;
      if (op->kind == NT_OP_LSTM) {
        reference_lstm(file, op, in[0], before, cells + offset[op->out], y);
      } else if (op->kind == NT_OP_GRU) {
        reference_gru(file, op, in[0], before, y);
      } else if (op->kind == NT_OP_CAUSAL_CONV) {
        reference_conv(file, op, in[0], stride, step, y);
      } else if (op->kind == NT_OP_LAYER_NORM) {
        reference_norm(file, op, in[0], y);
      } else {
        reference_simple(file, op, in, y);
      }
    }
  }
  const double *logits = values + (steps - 1) * stride + offset[file->output_register];
  if (file->output_kind == NT_MODEL_OUTPUT_CLASSES) {
    double sum = 0;
    for (uint32_t i = 0; i < file->class_count; i++)
      sum += outputs[i] = exp(logits[i] * (double)file->inverse_temperature + (double)file->bias[i]);
    for (uint32_t i = 0; i < file->class_count; i++) outputs[i] /= sum;
  } else {
    outputs[0] = logits[0];
    outputs[1] = exp(logits[1]);
  }
  free(values);
  free(cells);
}

#endif
