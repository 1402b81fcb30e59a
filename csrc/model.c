/* Models by handle: loading, and steps without a kernel. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "handle.h"
#include "program.h"
#include "segment.h"

typedef struct model {
  nt_program *program;
  nt_model_info info;
} model;

static void destroy(void *object) {
  model *m = object;
  nt_program_destroy(m->program);
  free(m);
}

static void describe(const nt_model_file *file, const nt_program *program, uint32_t precision, uint32_t rows, nt_model_info *info) {
  memcpy(info->name, file->name, sizeof(info->name));
  memcpy(info->version, file->version, sizeof(info->version));
  info->precision = precision;
  info->isa = nt_program_isa_of(program);
  info->inputs = nt_program_inputs(program);
  info->outputs = nt_program_outputs(program);
  info->output_kind = file->output_kind;
  info->stateful = file->state_kind == NT_MODEL_STATE_STREAM;
  info->calibrated = file->calibration_kind == NT_MODEL_CALIBRATION_VECTOR;
  info->rows = rows;
  info->steps = file->steps;
  info->warm_up = file->warm_up;
  info->clock = file->clock_on;
  info->clock_every = file->clock_every;
  for (uint32_t i = 0; i < file->tensor_count; i++) {
    uint64_t numbers = 1;
    for (uint32_t d = 0; d < file->tensors[i].dims; d++) numbers *= file->tensors[i].shape[d];
    info->weights += numbers;
  }
  info->row_bytes = nt_program_row_bytes(program);
  memcpy(info->features, file->features, sizeof(info->features));
}

int32_t nt_model_load(const void *bytes, uint64_t size, uint32_t precision, uint32_t isa, uint32_t rows, uint32_t *handle,
                      nt_error *error) {
  nt_error local;
  if (error == NULL) error = &local;
  nt_error_set(error, NT_OK, 0, NT_ABSENT, NT_ABSENT, "no failure");
  if (handle == NULL || bytes == NULL) {
    nt_error_set(error, NT_ERR_INVALID, 0, NT_ABSENT, NT_ABSENT, "the bytes of a model file and a handle are needed");
    return NT_ERR_INVALID;
  }
  *handle = 0;
  nt_model_file *file;
  int32_t result = nt_model_file_read(bytes, size, &file, error);
  if (result != NT_OK) return result;
  model *m = calloc(1, sizeof(model));
  if (m == NULL) {
    nt_error_set(error, NT_ERR_SYSTEM, 12, NT_ABSENT, NT_ABSENT, "no memory for a model");
  } else if ((m->program = nt_program_create(file, precision, isa, rows, error)) != NULL) {
    describe(file, m->program, precision, rows, &m->info);
    *handle = nt_handle_open(NT_HANDLE_MODEL, m, destroy);
    if (*handle == 0) {
      nt_error_set(error, NT_ERR_FULL, 0, NT_HANDLE_SLOTS, NT_HANDLE_SLOTS - 1, "too many open handles");
      nt_program_destroy(m->program);
    }
  }
  nt_model_file_free(file);
  if (*handle == 0) free(m);
  return error->code;
}

int32_t nt_model_read_info(uint32_t handle, nt_model_info *out) {
  int32_t result;
  const model *m = nt_handle_peek(handle, NT_HANDLE_MODEL, &result); /* never changes */
  if (m == NULL) return result;
  result = out == NULL ? NT_ERR_INVALID : NT_OK;
  if (out != NULL) *out = m->info;
  nt_handle_unpeek(handle);
  return result;
}

/* The call is not fast any more once it failed, so that the row at fault can be looked for. */
static int32_t refuse(uint32_t handle, const model *m, const float *features, uint64_t rows) {
  nt_error *error = nt_handle_error(handle);
  uint64_t count = rows * m->info.inputs;
  for (uint64_t i = 0; i < count; i++) {
    if (isfinite(features[i])) continue;
    nt_error_set(error, NT_ERR_INVALID, 0, (int64_t)(i / m->info.inputs), NT_ABSENT, "row %llu: feature %llu is infinite or not a number",
                 (unsigned long long)(i / m->info.inputs), (unsigned long long)(i % m->info.inputs));
    break;
  }
  return NT_ERR_INVALID;
}

/* Floats at the begin of the room for as many doubles, in place. */
static void widen(double *outputs, uint64_t count) {
  for (uint64_t i = count; i-- > 0;) {
    float value;
    memcpy(&value, (const char *)outputs + i * sizeof(float), sizeof(float));
    outputs[i] = (double)value;
  }
}

int32_t nt_model_predict(uint32_t handle, const float *features, uint32_t count, uint32_t steps, double *outputs) {
  int32_t result;
  model *m = nt_handle_enter(handle, NT_HANDLE_MODEL, &result);
  if (m == NULL) return result;
  if (features == NULL || outputs == NULL || steps == 0 || (steps > 1 && !m->info.stateful)) {
    nt_error_set(nt_handle_error(handle), result = NT_ERR_INVALID, 0, steps, m->info.stateful ? NT_ABSENT : 1,
                 "features, room for outputs, and at least one step are needed; a model without state takes one step at a time");
  } else if ((result = nt_program_predict(m->program, features, count, steps, (float *)(void *)outputs)) != NT_OK) {
    result = refuse(handle, m, features, (uint64_t)count * steps);
  } else {
    widen(outputs, (uint64_t)count * m->info.outputs);
  }
  nt_handle_leave(handle);
  return result;
}

int32_t nt_model_step(uint32_t handle, uint32_t row, const float *features, double *outputs) {
  int32_t result;
  model *m = nt_handle_enter(handle, NT_HANDLE_MODEL, &result);
  if (m == NULL) return result;
  if (features == NULL || outputs == NULL || row >= m->info.rows) {
    nt_error_set(nt_handle_error(handle), result = NT_ERR_INVALID, 0, row, (int64_t)m->info.rows - 1,
                 "features, room for outputs, and a row that the model was loaded with are needed");
  } else if ((result = nt_program_step(m->program, row, features, (float *)(void *)outputs)) != NT_OK) {
    result = refuse(handle, m, features, 1);
  } else {
    widen(outputs, m->info.outputs);
  }
  nt_handle_leave(handle);
  return result;
}

static int32_t on_row(uint32_t handle, uint32_t row, void (*change)(nt_program *, uint32_t)) {
  int32_t result;
  model *m = nt_handle_enter(handle, NT_HANDLE_MODEL, &result);
  if (m == NULL) return result;
  if (row < m->info.rows) {
    change(m->program, row);
    result = NT_OK;
  } else {
    nt_error_set(nt_handle_error(handle), result = NT_ERR_INVALID, 0, row, (int64_t)m->info.rows - 1,
                 "a row that the model was loaded with is needed");
  }
  nt_handle_leave(handle);
  return result;
}

int32_t nt_model_advance(uint32_t handle, uint32_t row) {
  return on_row(handle, row, nt_program_advance);
}

int32_t nt_model_reset(uint32_t handle, uint32_t row) {
  return on_row(handle, row, nt_program_reset);
}
