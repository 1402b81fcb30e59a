/* Any bytes as a model file, as its header, as its metadata, and as edits of a good one: refused with a text, or what the header of
 * model_file.h promises holds. With -DNT_LIBFUZZER an entry point for libFuzzer; else a program that makes inputs from seeds (argument:
 * how many). */
#include <math.h>

#include "check.h"
#include "model_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define QUOTE(...) #__VA_ARGS__

static const char metadata[] = QUOTE({
  "format" : 1,
  "name" : "m",
  "version" : "1.0.0",
  "clock" : {"on" : "tick", "every" : 1},
  "features" : {"version" : 1, "names" : [ "run", "rate" ], "required" : ["trade"]},
  "instruments" : {"scope" : "listed", "symbols" : ["ES"]},
  "state" : {"kind" : "stream", "steps" : 8, "warm_up" : 9, "reset_on" : ["gap"], "gap_ns" : 7},
  "ops" : [
    {"op" : "normalise", "in" : [0], "out" : 1, "tensors" : {"mean" : "a", "inverse_scale" : "b"}, "clip" : 5.0},
    {"op" : "lstm", "in" : [1], "out" : 2, "tensors" : {"weight_ih" : "c", "weight_hh" : "d", "bias_ih" : "e", "bias_hh" : "f"}},
    {"op" : "causal_conv", "in" : [2], "out" : 3, "tensors" : {"weight" : "g", "bias" : "h"}, "activation" : "relu", "dilation" : 2},
    {"op" : "concat", "in" : [ 1, 3 ], "out" : 4}, {"op" : "multiply", "in" : [ 4, 4 ], "out" : 5},
    {"op" : "gru", "in" : [5], "out" : 6, "tensors" : {"weight_ih" : "i", "weight_hh" : "j", "bias_ih" : "k", "bias_hh" : "l"}},
    {"op" : "dense", "in" : [6], "out" : 7, "tensors" : {"weight" : "m", "bias" : "n"}, "activation" : "none"}
  ],
  "output" : {
    "kind" : "classes",
    "register" : 7,
    "labels" : [ "down", "up" ],
    "target" : {"kind" : "return", "horizon" : 1, "unit" : "ns", "dead_band_ticks" : 1e0}
  },
  "calibration" : {"kind" : "vector", "inverse_temperature" : 1.0, "bias" : [ 0, 1 ], "ece" : 0, "log_loss" : 0, "rows" : 1},
  "precision" : {"float32" : {}, "bfloat16" : {"max_dp" : 0, "p99_dp" : 0, "log_loss_change" : 0, "rows" : 1}},
  "trained" : {"x" : [ 1.5e-3, "\u0041" ]}
});

static const struct {
  const char *name, *shape;
  uint32_t count;
} layout[] = {{"a", "[2]", 2}, {"b", "[2]", 2},     {"c", "[4,2]", 8}, {"d", "[4,1]", 4}, {"e", "[4]", 4},
              {"f", "[4]", 4}, {"g", "[1,1,2]", 2}, {"h", "[1]", 1},   {"i", "[3,3]", 9}, {"j", "[3,1]", 3},
              {"k", "[3]", 3}, {"l", "[3]", 3},     {"m", "[2,1]", 2}, {"n", "[2]", 2}};
#define TENSORS (sizeof(layout) / sizeof(layout[0]))
#define VALUES 49

/* A file of this metadata (any bytes), escaped as little as it can be, and all tensors. Returns its size, 0 when it has no room. */
static size_t build(uint8_t *out, size_t room, const uint8_t *json, size_t length) {
  if (room < 2 * length + 4096) return 0;
  size_t at = 8 + (size_t)sprintf((char *)out + 8, "{\"__metadata__\":{\"neural_trader\":\"");
  for (size_t i = 0; i < length; i++) {
    if (json[i] == '"' || json[i] == '\\') out[at++] = '\\';
    if (json[i] != '\n') out[at++] = json[i];
  }
  at += (size_t)sprintf((char *)out + at, "\"}");
  uint32_t offset = 0;
  for (uint32_t i = 0; i < TENSORS; i++) {
    at += (size_t)sprintf((char *)out + at, ",\"%s\":{\"dtype\":\"F32\",\"shape\":%s,\"data_offsets\":[%u,%u]}", layout[i].name,
                          layout[i].shape, offset, offset + layout[i].count * 4);
    offset += layout[i].count * 4;
  }
  CHECK_EQUAL(offset, VALUES * 4);
  at += (size_t)sprintf((char *)out + at, "}");
  uint64_t header = at - 8;
  memcpy(out, &header, 8);
  memset(out + at, 0, VALUES * 4);
  return at + VALUES * 4;
}

static uint32_t hidden_of(const nt_model_file *model, const nt_model_op *op) {
  return model->tensors[op->tensors[1]].shape[1];
}

static void check_promises(const nt_model_file *model) {
  uint8_t written[NT_MODEL_REGISTERS] = {1}, used[NT_MODEL_TENSORS] = {0};
  uint64_t state = 0;
  CHECK(model->feature_count >= 1 && model->feature_count <= NT_FEATURE_COUNT && model->widths[0] == model->feature_count);
  for (uint32_t i = 0; i < model->feature_count; i++) CHECK(model->features[i] < NT_FEATURE_COUNT);
  CHECK(model->op_count >= 1 && model->op_count <= NT_MODEL_OPS && model->ops[0].kind == NT_OP_NORMALISE);
  for (uint32_t i = 0; i < model->op_count; i++) {
    const nt_model_op *op = &model->ops[i];
    CHECK(op->kind >= NT_OP_NORMALISE && op->kind <= NT_OP_CONCAT && op->in_count >= 1 && op->in_count <= 4 &&
          op->out < NT_MODEL_REGISTERS);
    CHECK(op->activation >= NT_ACTIVATION_NONE && op->activation <= NT_ACTIVATION_GELU && op->tensor_count <= 4);
    for (uint32_t k = 0; k < op->in_count; k++) CHECK(op->in[k] < NT_MODEL_REGISTERS && written[op->in[k]]);
    CHECK(!written[op->out]++ && model->widths[op->out] >= 1 && model->widths[op->out] <= NT_MODEL_WIDTH &&
          op->out < model->register_count);
    for (uint32_t k = 0; k < op->tensor_count; k++) CHECK(op->tensors[k] < model->tensor_count && !used[op->tensors[k]]++);
    if (op->kind == NT_OP_LSTM) state += 8 * hidden_of(model, op);
    if (op->kind == NT_OP_GRU) state += 4 * hidden_of(model, op);
    if (op->kind == NT_OP_CAUSAL_CONV) {
      state += 4ULL * model->widths[op->in[0]] * op->dilation * (model->tensors[op->tensors[0]].shape[2] - 1);
    }
  }
  CHECK(state == model->state_bytes && state <= NT_MODEL_STATE_BYTES);
  CHECK(written[model->output_register]);
  for (uint32_t i = 0; i < model->tensor_count; i++) {
    const nt_model_tensor *tensor = &model->tensors[i];
    CHECK(used[i] && tensor->dims >= 1 && tensor->dims <= 3 && (uintptr_t)tensor->data % NT_MODEL_TENSOR_ALIGNMENT == 0);
    uint64_t count = 1;
    for (uint32_t k = 0; k < tensor->dims; k++) count *= tensor->shape[k];
    for (uint64_t k = 0; k < count; k++) CHECK(isfinite(tensor->data[k]));
  }
  CHECK(isfinite(model->inverse_temperature) && model->inverse_temperature > 0 && model->clock_every > 0);
  for (uint32_t i = 0; i < model->class_count; i++) CHECK(isfinite(model->bias[i]) && model->labels[i][0] != 0);
}

/* Bytes 0 to 1: where; then what. */
static size_t edit(uint8_t *text, size_t length, const uint8_t *data, size_t size) {
  while (size >= 4 && length > 1) {
    size_t at = (data[0] | (size_t)data[1] << 8) % length;
    if (data[2] % 4 == 0) {
      text[at] = data[3];
    } else if (data[2] % 4 == 1) {
      memmove(text + at, text + at + 1, length-- - at - 1);
    } else if (data[2] % 4 == 2) {
      memmove(text + at + 1, text + at, length++ - at);
      text[at] = data[3];
    } else {
      text[at] = (uint8_t)("0123456789-+.eE\"{}[],: \\unz"[data[3] % 27]);
    }
    data += 4;
    size -= 4;
  }
  return length;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static uint8_t built[1 << 15], text[1 << 13];
  if (size == 0) return 0;
  uint32_t mode = data[0] % 5;
  const uint8_t *rest = data + 1;
  size_t length = size - 1;
  if (mode == 0) { /* the file */
    length = length < sizeof(built) ? length : sizeof(built);
    memcpy(built, rest, length);
  } else if (mode == 1) { /* the header */
    uint64_t header = length < 4096 ? length : 4096;
    memcpy(built, &header, 8);
    memcpy(built + 8, rest, header);
    length = header + 8;
  } else if (mode == 2) { /* the metadata */
    length = build(built, sizeof(built), rest, length < 4096 ? length : 4096);
  } else { /* edits of the good metadata, or of the good file */
    memcpy(text, metadata, sizeof(metadata));
    size_t edits = length < 1024 ? length : 1024, whole = mode == 3 ? edit(text, sizeof(metadata) - 1, rest, edits) : sizeof(metadata) - 1;
    length = build(built, sizeof(built), text, whole);
    if (mode == 4 && edits > 0) length = edit(built, length, rest, edits);
  }
  if (length == 0) return 0;
  uint8_t *file = malloc(length); /* of its own size, for the address sanitizer */
  CHECK(file != NULL);
  memcpy(file, built, length);
  nt_model_file *model = NULL;
  nt_error error;
  int32_t result = nt_model_file_read(file, length, &model, &error);
  free(file);
  if (result == NT_OK) {
    CHECK(model != NULL);
    check_promises(model);
    nt_model_file_free(model);
  } else {
    CHECK(result == NT_ERR_INVALID && model == NULL && error.code == result && strchr(error.text, ':') != NULL);
  }
  CHECK(mode < 3 || size > 4 || result == NT_OK); /* without edits it is good */
  return 0;
}

#ifndef NT_LIBFUZZER
int main(int argc, char **argv) {
  long count = argc > 1 ? atol(argv[1]) : 20000;
  uint64_t seed = 1;
  for (long i = 0; i < count; i++) {
    uint8_t input[64];
    size_t size = 1 + check_random(&seed) % (i % 2 == 0 ? 12 : sizeof(input));
    for (size_t k = 0; k < size; k++) input[k] = (uint8_t)(check_random(&seed) >> 32);
    (void)LLVMFuzzerTestOneInput(input, size);
  }
  return 0;
}
#endif
