/* From a model file to a program. */
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "program_layout.h"
#include "segment.h"

#define ALIGNMENT ((size_t)64)
#define REACH_MAX 1e15 /* of any number in a model: its square summed over the widest vector stays finite */

/* ---- making: once to measure, without memory, and once into it ---------------------------------------------------------------- */

typedef struct arena {
  char *memory; /* NULL while measuring */
  size_t used;
} arena;

static void *take(arena *from, size_t bytes) {
  void *taken = from->memory == NULL ? NULL : from->memory + from->used;
  from->used += (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  return taken;
}

static float *take_floats(arena *from, size_t count) {
  return take(from, nt_padded((uint32_t)count) * sizeof(float));
}

static const float *take_copy(arena *from, const float *values, uint32_t count, uint32_t precision) {
  float *copy = take_floats(from, count);
  for (uint32_t i = 0; copy != NULL && i < count; i++) copy[i] = nt_bias_round(values[i], precision);
  return copy;
}

static const nt_model_tensor *tensor_of(const nt_model_file *file, const nt_model_op *from, uint32_t index) {
  return &file->tensors[from->tensors[index]];
}

/* Rows of gates of `width` units to columns in groups of 16 units; 1 gate is plain. */
static uint32_t order_rows(uint32_t *order, uint32_t gates, uint32_t width) {
  uint32_t columns = 0;
  for (uint32_t unit = 0; unit < width; unit += NT_PAD)
    for (uint32_t gate = 0; gate < gates; gate++)
      for (uint32_t lane = 0; lane < NT_PAD; lane++) order[columns++] = unit + lane < width ? gate * width + unit + lane : NT_SKIP;
  return columns;
}

static void pack(arena *memory, nt_matrix *matrix, uint32_t precision, const float *weight, uint32_t inputs, const uint32_t *order,
                 uint32_t columns) {
  void *panels = take(memory, nt_matrix_bytes(inputs, columns, precision));
  float *scale = NULL;
  int32_t *correction = NULL;
  if (precision == NT_PRECISION_INT8) {
    scale = take_floats(memory, columns);
    correction = take(memory, columns * sizeof(int32_t));
  }
  if (memory->memory != NULL) nt_matrix_pack(matrix, precision, weight, inputs, order, columns, panels, scale, correction);
}

/* Taps apart in the file, together here: [N][K][taps] to [N][taps][K]. */
static float *taps_first(const nt_model_tensor *weight) {
  size_t outputs = weight->shape[0], inputs = weight->shape[1], taps = weight->shape[2];
  float *turned = malloc(outputs * inputs * taps * sizeof(float));
  if (turned == NULL) return NULL;
  for (size_t n = 0; n < outputs; n++)
    for (size_t k = 0; k < inputs; k++)
      for (size_t tap = 0; tap < taps; tap++) turned[(n * taps + tap) * inputs + k] = weight->data[(n * inputs + k) * taps + tap];
  return turned;
}

typedef struct making {
  const nt_model_file *file;
  nt_program *model;
  arena memory;
  size_t row_floats;
  uint32_t precision;
  uint32_t gates, gathered, inputs; /* the largest */
  float *registers[NT_MODEL_REGISTERS];
  uint32_t order[5 * NT_MODEL_WIDTH];
} making;

static void at_least(uint32_t *most, uint32_t value) {
  if (value > *most) *most = value;
}

static int make_convolution(making *make, const nt_model_op *from, nt_program_op *each) {
  const nt_model_tensor *weight = tensor_of(make->file, from, 0);
  uint32_t inputs = weight->shape[1] * weight->shape[2];
  each->taps = weight->shape[2];
  each->dilation = from->dilation;
  each->bias = take_copy(&make->memory, tensor_of(make->file, from, 1)->data, each->width, make->precision);
  at_least(&make->inputs, inputs);
  at_least(&make->gathered, inputs + NT_PAD);
  make->row_floats += NT_PAD + (size_t)(each->taps - 1) * each->dilation * nt_padded(weight->shape[1]);
  float *turned = make->memory.memory == NULL ? NULL : taps_first(weight);
  if (make->memory.memory != NULL && turned == NULL) return -1;
  pack(&make->memory, &each->input, make->precision, turned, inputs, make->order, order_rows(make->order, 1, each->width));
  free(turned);
  return 0;
}

static void make_recurrent(making *make, const nt_model_op *from, nt_program_op *each) {
  uint32_t gates = each->kind == NT_OP_LSTM ? 4 : 3, width = each->width;
  const float *input_bias = tensor_of(make->file, from, 2)->data, *hidden_bias = tensor_of(make->file, from, 3)->data;
  uint32_t columns = order_rows(make->order, gates, width);
  float *bias = take_floats(&make->memory, columns);
  for (uint32_t n = 0; bias != NULL && n < columns; n++) {
    uint32_t row = make->order[n];
    if (row == NT_SKIP) continue;
    int candidate = each->kind == NT_OP_GRU && row >= 2 * width;
    bias[n] = nt_bias_round(candidate ? hidden_bias[row] : input_bias[row] + hidden_bias[row], make->precision);
  }
  each->bias = bias;
  if (each->kind == NT_OP_GRU) each->candidate_bias = take_copy(&make->memory, input_bias + 2 * (size_t)width, width, make->precision);
  at_least(&make->gates, columns);
  at_least(&make->inputs, each->in_width[0]);
  at_least(&make->inputs, width);
  make->row_floats += columns + 2 * (size_t)nt_padded(width); /* h and c, or h and W_hn h + b_hn */
  /* The order in which a step reads them, so that they follow each other in memory. */
  pack(&make->memory, &each->input, make->precision, tensor_of(make->file, from, 0)->data, each->in_width[0], make->order, columns);
  pack(&make->memory, &each->recurrent, make->precision, tensor_of(make->file, from, 1)->data, width, make->order, columns);
}

static int make_op(making *make, const nt_model_op *from, nt_program_op *each) {
  const nt_model_file *file = make->file;
  *each = (nt_program_op){.kind = from->kind,
                          .activation = from->activation,
                          .in_count = from->in_count,
                          .width = file->widths[from->out],
                          .clip = from->clip,
                          .state = make->row_floats};
  for (uint32_t i = 0; i < from->in_count; i++) {
    each->in[i] = make->registers[from->in[i]];
    each->in_width[i] = file->widths[from->in[i]];
  }
  each->out = make->registers[from->out] = take_floats(&make->memory, each->width);
  switch (from->kind) {
    case NT_OP_NORMALISE:
      each->bias = take_copy(&make->memory, tensor_of(file, from, 0)->data, each->width, NT_PRECISION_FLOAT32);
      each->weight = take_copy(&make->memory, tensor_of(file, from, 1)->data, each->width, NT_PRECISION_FLOAT32);
      break;
    case NT_OP_DENSE:
      at_least(&make->inputs, each->in_width[0]);
      each->bias = take_copy(&make->memory, tensor_of(file, from, 1)->data, each->width, make->precision);
      pack(&make->memory, &each->input, make->precision, tensor_of(file, from, 0)->data, each->in_width[0], make->order,
           order_rows(make->order, 1, each->width));
      break;
    case NT_OP_LSTM:
    case NT_OP_GRU:
      make_recurrent(make, from, each);
      break;
    case NT_OP_CAUSAL_CONV:
      return make_convolution(make, from, each);
    case NT_OP_LAYER_NORM:
      each->weight = take_copy(&make->memory, tensor_of(file, from, 0)->data, each->width, NT_PRECISION_FLOAT32);
      each->bias = take_copy(&make->memory, tensor_of(file, from, 1)->data, each->width, NT_PRECISION_FLOAT32);
      break;
    default:
      break;
  }
  return 0;
}

static int make_all(making *make) {
  nt_program *model = make->model;
  const nt_model_file *file = make->file;
  arena *memory = &make->memory;
  make->row_floats = sizeof(nt_row_header) / sizeof(float);
  model->features = make->registers[0] = take_floats(memory, model->inputs);
  for (uint32_t i = 0; i < file->op_count; i++)
    if (make_op(make, &file->ops[i], &model->ops[i]) != 0) return -1;
  model->logits = make->registers[file->output_register];
  model->calibration_bias = take_copy(memory, file->bias, model->outputs, NT_PRECISION_FLOAT32);
  model->probabilities = take_floats(memory, model->outputs);
  model->gates = take_floats(memory, make->gates);
  model->gathered = take_floats(memory, make->gathered);
  model->quantised = take(memory, nt_dense_room(make->inputs));
  model->row_floats = make->row_floats;
  return 0;
}

static void *zeros(size_t bytes) {
  void *memory = aligned_alloc(ALIGNMENT, bytes);
  if (memory != NULL) memset(memory, 0, bytes); /* which makes its pages present */
  return memory;
}

static void build(making *make, nt_error *error) {
  nt_program *model = make->model;
  (void)make_all(make); /* measures */
  model->memory = zeros(make->memory.used);
  if (model->memory != NULL) model->states = zeros((model->rows + (size_t)1) * model->row_floats * sizeof(float));
  make->memory = (arena){.memory = model->memory, .used = 0};
  if (model->states == NULL || make_all(make) != 0) {
    nt_error_set(error, NT_ERR_SYSTEM, ENOMEM, (int64_t)model->rows, NT_ABSENT,
                 "no memory for the model and the state of its instruments; use fewer instruments or a smaller model");
    nt_program_destroy(model);
    make->model = NULL;
  }
}

/* ---- how large numbers can become ---------------------------------------------------------------------------------------------- */

/* The largest magnitude of weight x + bias where |x| <= reach. */
static double reach_of(const nt_model_tensor *weight, const nt_model_tensor *bias, double reach) {
  size_t outputs = weight->shape[0], inputs = weight->shape[1] * (size_t)(weight->dims == 3 ? weight->shape[2] : 1);
  double most = 0;
  for (size_t n = 0; n < outputs; n++) {
    double sum = 0;
    for (size_t k = 0; k < inputs; k++) sum += fabs((double)weight->data[n * inputs + k]);
    sum = sum * reach + fabs((double)bias->data[n]);
    if (sum > most) most = sum;
  }
  return most;
}

static double largest(const nt_model_tensor *tensor) {
  double most = 0;
  for (size_t i = 0; i < tensor->shape[0]; i++) most = fmax(most, fabs((double)tensor->data[i]));
  return most;
}

/* Of what the op computes on its way (`way`), and of its output. */
static double op_reach(const nt_model_file *file, const nt_model_op *from, const double *reach, double *way) {
  double in = reach[from->in[0]], out = in;
  switch (from->kind) {
    case NT_OP_NORMALISE:
      out = (double)from->clip;
      break;
    case NT_OP_DENSE:
    case NT_OP_CAUSAL_CONV:
      out = reach_of(tensor_of(file, from, 0), tensor_of(file, from, 1), in);
      break;
    case NT_OP_LSTM:
    case NT_OP_GRU:
      *way = reach_of(tensor_of(file, from, 0), tensor_of(file, from, 2), in) +
             reach_of(tensor_of(file, from, 1), tensor_of(file, from, 3), 1);
      return 1;
    case NT_OP_LAYER_NORM:
      out = sqrt((double)file->widths[from->out]) * largest(tensor_of(file, from, 0)) + largest(tensor_of(file, from, 1));
      break;
    default:
      for (uint32_t i = 1; i < from->in_count; i++) {
        double other = reach[from->in[i]];
        out = from->kind == NT_OP_ADD ? out + other : from->kind == NT_OP_MULTIPLY ? out * other : fmax(out, other);
      }
  }
  *way = out;
  return from->activation == NT_ACTIVATION_TANH || from->activation == NT_ACTIVATION_SIGMOID ? 1 : out;
}

static int stays_finite(const nt_model_file *file, nt_error *error) {
  double reach[NT_MODEL_REGISTERS] = {(double)FLT_MAX}, way = 0; /* features are finite, no more is known */
  for (uint32_t i = 0; i < file->op_count; i++) {
    reach[file->ops[i].out] = op_reach(file, &file->ops[i], reach, &way);
    if (!(way <= REACH_MAX)) {
      nt_error_set(error, NT_ERR_INVALID, 0, (int64_t)i, NT_ABSENT,
                   "op %u of the model can reach %.3g, and at most %.0e is allowed, so that nothing overflows; use smaller weights", i, way,
                   REACH_MAX);
      return 0;
    }
  }
  double scaled = reach[file->output_register] * fabs((double)file->inverse_temperature);
  for (uint32_t i = 0; i < file->class_count; i++) {
    if (scaled + fabs((double)file->bias[i]) <= REACH_MAX) continue;
    nt_error_set(error, NT_ERR_INVALID, 0, (int64_t)i, NT_ABSENT,
                 "calibrated, class %u of the model can reach more than %.0e; use a smaller inverse_temperature or bias", i, REACH_MAX);
    return 0;
  }
  return 1;
}

/* ---- create, destroy ----------------------------------------------------------------------------------------------------------- */

static uint32_t isa_of(const nt_model_kernels *kernels) {
  if (strcmp(kernels->name, "avx512") == 0) return NT_ISA_AVX512;
  return strcmp(kernels->name, "avx2") == 0 ? NT_ISA_AVX2 : NT_ISA_GENERIC;
}

nt_program *nt_program_create(const nt_model_file *file, uint32_t precision, uint32_t isa, uint32_t rows, nt_error *error) {
  nt_model_kernels kernels;
  if (precision < NT_PRECISION_FLOAT32 || precision > NT_PRECISION_INT8) {
    nt_error_set(error, NT_ERR_INVALID, 0, precision, NT_PRECISION_INT8, "precision is 1 (float32), 2 (bfloat16) or 3 (int8), not %u",
                 precision);
    return NULL;
  }
  if (rows == 0 || rows > NT_PROGRAM_ROWS) {
    nt_error_set(error, NT_ERR_INVALID, 0, rows, NT_PROGRAM_ROWS, "a model is made for 1 to %u instruments, not %u", NT_PROGRAM_ROWS, rows);
    return NULL;
  }
  if (nt_kernels_choose(isa, &kernels) != 0) {
    nt_error_set(error, NT_ERR_INVALID, 0, isa, NT_ABSENT,
                 "this processor or build has no instruction set %u for models; use 0, which chooses", isa);
    return NULL;
  }
  if (!stays_finite(file, error)) return NULL;
  making *make = calloc(1, sizeof(making));
  nt_program *model = calloc(1, sizeof(nt_program));
  if (make == NULL || model == NULL) {
    nt_error_set(error, NT_ERR_SYSTEM, ENOMEM, NT_ABSENT, NT_ABSENT, "no memory to make a model");
    free(make);
    free(model);
    return NULL;
  }
  model->kernels = kernels;
  model->isa = isa_of(&kernels);
  model->inputs = file->widths[0];
  model->output_kind = file->output_kind;
  model->outputs = file->output_kind == NT_MODEL_OUTPUT_CLASSES ? file->class_count : 2;
  model->rows = rows;
  model->op_count = file->op_count;
  model->stateful = file->state_kind == NT_MODEL_STATE_STREAM;
  model->inverse_temperature = file->inverse_temperature;
  make->file = file;
  make->model = model;
  make->precision = precision;
  build(make, error);
  model = make->model;
  free(make);
  return model;
}

void nt_program_destroy(nt_program *model) {
  if (model == NULL) return;
  free(model->memory);
  free(model->states);
  free(model);
}
