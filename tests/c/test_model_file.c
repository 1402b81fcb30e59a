/* Model files: what a good one gives, and what each fault is refused with. Inputs lie in memory of their own size, so that the address
 * sanitizer sees a read beyond them. */
#include <math.h>

#include "check.h"
#include "model_file.h"
#include "model_json.h"

#define QUOTE(...) #__VA_ARGS__

/* One of each op. */
static const char metadata[] = QUOTE({
  "format" : 1,
  "name" : "all-ops",
  "version" : "1.2.0",
  "clock" : {"on" : "trade", "every" : 5},
  "features" : {"version" : 1, "names" : [ "run", "spread" ], "required" : [ "trade", "quote" ]},
  "instruments" : {"scope" : "listed", "symbols" : [ "ES", "NQ" ]},
  "state" : {"kind" : "stream", "steps" : 32, "warm_up" : 64, "reset_on" : [ "session", "gap" ], "gap_ns" : 60000000000},
  "ops" : [
    {"op" : "normalise", "in" : [0], "out" : 1, "tensors" : {"mean" : "mean", "inverse_scale" : "scale"}, "clip" : 5.5},
    {"op" : "dense", "in" : [1], "out" : 2, "tensors" : {"weight" : "fc.w", "bias" : "fc.b"}, "activation" : "gelu"}, {
      "op" : "lstm",
      "in" : [2],
      "out" : 3,
      "tensors" : {"weight_ih" : "l.ih", "weight_hh" : "l.hh", "bias_ih" : "l.bi", "bias_hh" : "l.bh"}
    },
    {"op" : "gru", "in" : [3], "out" : 4, "tensors" : {"bias_hh" : "g.bh", "bias_ih" : "g.bi", "weight_hh" : "g.hh", "weight_ih" : "g.ih"}},
    {"op" : "add", "in" : [ 3, 4 ], "out" : 5}, {"op" : "multiply", "in" : [ 3, 4 ], "out" : 6},
    {"op" : "causal_conv", "in" : [5], "out" : 7, "tensors" : {"weight" : "c.w", "bias" : "c.b"}, "activation" : "relu", "dilation" : 3},
    {"op" : "layer_norm", "in" : [7], "out" : 8, "tensors" : {"weight" : "n.w", "bias" : "n.b"}},
    {"op" : "concat", "in" : [ 8, 6 ], "out" : 12},
    {"op" : "dense", "in" : [12], "out" : 10, "tensors" : {"weight" : "head.w", "bias" : "head.b"}, "activation" : "none"}
  ],
  "output" : {
    "kind" : "classes",
    "register" : 10,
    "labels" : [ "down", "flat", "up" ],
    "target" : {"kind" : "triple_barrier", "horizon" : 50, "unit" : "ns", "dead_band_ticks" : 0.5}
  },
  "calibration" :
      {"kind" : "vector", "inverse_temperature" : 0.75, "bias" : [ 0.5, -1, 2e-1 ], "ece" : 0.02, "log_loss" : 0.45, "rows" : 16720},
  "precision" : {"float32" : {}, "int8" : {"max_dp" : 0.01, "p99_dp" : 0.004, "log_loss_change" : -0.0004, "rows" : 99}},
  "trained" : {"note" : [ "\u00e9\ud83d\ude00\n", null, true, {} ], "seed" : 7}
});

/* Every tensor of it, in the order of the header; data is 0, 1, 2, ... */
static const struct {
  const char *name, *shape;
  uint32_t count;
} layout[] = {{"mean", "[2]", 2},     {"scale", "[2]", 2},     {"fc.w", "[4, 2]", 8},  {"fc.b", "[4]", 4},    {"l.ih", "[12,4]", 48},
              {"l.hh", "[12,3]", 36}, {"l.bi", "[12]", 12},    {"l.bh", "[12]", 12},   {"g.ih", "[9,3]", 27}, {"g.hh", "[9,3]", 27},
              {"g.bi", "[9]", 9},     {"g.bh", "[9]", 9},      {"c.w", "[2,3,2]", 12}, {"c.b", "[2]", 2},     {"n.w", "[2]", 2},
              {"n.b", "[2]", 2},      {"head.w", "[3,5]", 15}, {"head.b", "[3]", 3}};
#define TENSORS (sizeof(layout) / sizeof(layout[0]))
#define VALUES 232

typedef struct bytes {
  uint8_t *at;
  uint64_t size;
} bytes;

/* A file of this header and these values. */
static bytes file_of(const char *header, const float *values, uint64_t count) {
  uint64_t length = strlen(header);
  bytes out = {malloc(8 + length + count * 4), 8 + length + count * 4};
  CHECK(out.at != NULL);
  memcpy(out.at, &length, 8);
  memcpy(out.at + 8, header, length);
  if (count > 0) memcpy(out.at + 8 + length, values, count * 4);
  return out;
}

static const float *counted(void) {
  static float values[VALUES];
  for (uint32_t i = 0; i < VALUES; i++) values[i] = (float)i;
  return values;
}

/* The header with this metadata and all tensors. The result is the caller's to free. */
static char *header_of(const char *json) {
  size_t room = 2 * strlen(json) + 4096, at = 0;
  char *out = malloc(room);
  CHECK(out != NULL);
  at += (size_t)snprintf(out, room, "{\"__metadata__\":{\"format\":\"pt\",\"neural_trader\":\"");
  for (const char *c = json; *c != 0; c++) {
    if (*c == '"' || *c == '\\') out[at++] = '\\';
    out[at++] = *c;
  }
  at += (size_t)snprintf(out + at, room - at, "\"}");
  uint32_t offset = 0;
  for (uint32_t i = 0; i < TENSORS; i++) {
    at += (size_t)snprintf(out + at, room - at, ",\"%s\":{\"dtype\":\"F32\",\"shape\":%s,\"data_offsets\":[%u,%u]}", layout[i].name,
                           layout[i].shape, offset, offset + layout[i].count * 4);
    offset += layout[i].count * 4;
  }
  CHECK_EQUAL(offset, VALUES * 4);
  (void)snprintf(out + at, room - at, "}");
  return out;
}

/* A copy with the first place of one text replaced by another. */
static char *replaced(const char *text, const char *from, const char *to) {
  const char *place = strstr(text, from);
  if (place == NULL) (void)fprintf(stderr, "no %s\n", from);
  CHECK(place != NULL);
  char *out = malloc(strlen(text) + strlen(to) + 1);
  CHECK(out != NULL);
  memcpy(out, text, (size_t)(place - text));
  memcpy(out + (place - text), to, strlen(to));
  memcpy(out + (place - text) + strlen(to), place + strlen(from), strlen(place + strlen(from)) + 1);
  return out;
}

/* Refused, with a text that has this in it. Takes the bytes. */
static void refused(bytes file, const char *expected) {
  nt_model_file *model = (nt_model_file *)1;
  nt_error error;
  CHECK_EQUAL(nt_model_file_read(file.at, file.size, &model, &error), NT_ERR_INVALID);
  CHECK(model == NULL);
  CHECK_EQUAL(error.code, NT_ERR_INVALID);
  if (strstr(error.text, expected) == NULL) (void)fprintf(stderr, "\"%s\" has no \"%s\"\n", error.text, expected);
  CHECK(strstr(error.text, expected) != NULL);
  free(file.at);
}

static nt_model_file *taken(bytes file) {
  nt_model_file *model;
  nt_error error;
  int32_t result = nt_model_file_read(file.at, file.size, &model, &error);
  if (result < 0) (void)fprintf(stderr, "%s\n", error.text);
  CHECK_EQUAL(result, NT_OK);
  free(file.at); /* not needed afterwards */
  return model;
}

static nt_model_file *taken_metadata(const char *json) {
  char *header = header_of(json);
  nt_model_file *model = taken(file_of(header, counted(), VALUES));
  free(header);
  return model;
}

static void refused_metadata(const char *json, const char *expected) {
  char *header = header_of(json);
  refused(file_of(header, counted(), VALUES), expected);
  free(header);
}

static void whole_model_is_read(void) {
  nt_model_file *model = taken_metadata(metadata);
  char name[NT_NAME_BYTES];
  CHECK(strcmp(model->name, "all-ops") == 0 && strcmp(model->version, "1.2.0") == 0);
  CHECK(model->clock_on == NT_MODEL_CLOCK_TRADE && model->clock_every == 5 && model->feature_count == 2);
  CHECK(nt_feature_name(model->features[0], name, sizeof(name)) == NT_OK && strcmp(name, "run") == 0);
  CHECK(nt_feature_name(model->features[1], name, sizeof(name)) == NT_OK && strcmp(name, "spread") == 0);
  CHECK_EQUAL(model->required, NT_MODEL_NEEDS_TRADE | NT_MODEL_NEEDS_QUOTE);
  CHECK(model->scope == NT_MODEL_SCOPE_LISTED && model->symbol_count == 2);
  CHECK(strcmp(model->symbols[0], "ES") == 0 && strcmp(model->symbols[1], "NQ") == 0);
  CHECK(model->state_kind == NT_MODEL_STATE_STREAM && model->steps == 32 && model->warm_up == 64 && model->gap_ns == 60000000000);
  CHECK_EQUAL(model->reset_on, NT_MODEL_RESET_SESSION | NT_MODEL_RESET_GAP);
  CHECK_EQUAL(model->state_bytes, 4 * (3 + 3) + 4 * 3 + 4 * 3 * 3);
  static const uint32_t kinds[] = {NT_OP_NORMALISE, NT_OP_DENSE,       NT_OP_LSTM,       NT_OP_GRU,    NT_OP_ADD,
                                   NT_OP_MULTIPLY,  NT_OP_CAUSAL_CONV, NT_OP_LAYER_NORM, NT_OP_CONCAT, NT_OP_DENSE};
  static const uint32_t outs[] = {1, 2, 3, 4, 5, 6, 7, 8, 12, 10}, widths[] = {2, 4, 3, 3, 3, 3, 2, 2, 5, 3};
  CHECK_EQUAL(model->op_count, 10);
  CHECK_EQUAL(model->register_count, 13);
  CHECK(model->widths[0] == 2 && model->widths[9] == 0 && model->widths[11] == 0);
  for (uint32_t i = 0; i < 10; i++) {
    const nt_model_op *op = &model->ops[i];
    CHECK_EQUAL(op->kind, kinds[i]);
    CHECK_EQUAL(op->out, outs[i]);
    CHECK_EQUAL(model->widths[op->out], widths[i]);
    CHECK_EQUAL(op->activation, i == 1 ? NT_ACTIVATION_GELU : i == 6 ? NT_ACTIVATION_RELU : NT_ACTIVATION_NONE);
    CHECK_EQUAL(op->dilation, i == 6 ? 3 : 0);
    CHECK(op->clip == (i == 0 ? 5.5f : 0.0f));
  }
  CHECK(model->ops[8].in_count == 2 && model->ops[8].in[0] == 8 && model->ops[8].in[1] == 6 && model->ops[8].tensor_count == 0);
  static const char *const of_gru[] = {"g.ih", "g.hh", "g.bi", "g.bh"}; /* by slot, whatever the order of the keys */
  CHECK_EQUAL(model->ops[3].tensor_count, 4);
  for (uint32_t i = 0; i < 4; i++) CHECK(strcmp(model->tensors[model->ops[3].tensors[i]].name, of_gru[i]) == 0);
  CHECK(model->output_kind == NT_MODEL_OUTPUT_CLASSES && model->output_register == 10 && model->class_count == 3);
  CHECK(strcmp(model->labels[0], "down") == 0 && strcmp(model->labels[2], "up") == 0);
  CHECK(model->target_kind == NT_MODEL_TARGET_TRIPLE_BARRIER && model->target_unit == NT_MODEL_UNIT_NS);
  CHECK(model->target_horizon == 50 && model->dead_band_ticks == 0.5);
  CHECK(model->calibration_kind == NT_MODEL_CALIBRATION_VECTOR && model->inverse_temperature == 0.75f);
  CHECK(model->bias[0] == 0.5f && model->bias[1] == -1.0f && model->bias[2] == 0.2f);
  CHECK(model->calibration_ece == 0.02 && model->calibration_log_loss == 0.45 && model->calibration_rows == 16720);
  const nt_model_deviation *int8 = &model->deviations[NT_PRECISION_INT8];
  CHECK(int8->max_dp == 0.01 && int8->p99_dp == 0.004 && int8->log_loss_change == -0.0004 && int8->rows == 99);
  CHECK_EQUAL(model->deviations[NT_PRECISION_BFLOAT16].rows, 0);
  CHECK_EQUAL(model->tensor_count, TENSORS);
  float value = 0;
  for (uint32_t i = 0; i < TENSORS; i++) {
    const nt_model_tensor *tensor = &model->tensors[i];
    CHECK(strcmp(tensor->name, layout[i].name) == 0);
    CHECK_EQUAL((uintptr_t)tensor->data % NT_MODEL_TENSOR_ALIGNMENT, 0);
    for (uint32_t k = 0; k < layout[i].count; k++, value++) CHECK(tensor->data[k] == value);
  }
  const nt_model_tensor *conv = &model->tensors[12];
  CHECK(conv->dims == 3 && conv->shape[0] == 2 && conv->shape[1] == 3 && conv->shape[2] == 2);
  CHECK(model->tensors[0].dims == 1 && model->tensors[0].shape[0] == 2 && model->tensors[0].shape[1] == 0);
  nt_model_file_free(model);
  nt_model_file_free(NULL);
}

/* The same name, escaped in the metadata and plain in the header: characters of 1 to 4 bytes. */
static void escapes_are_decoded(void) {
  char *json = replaced(metadata, "\"mean\" : \"mean\"", "\"mean\" : \"a\\u0062\\u00e9\\u20ac\\uD83d\\uDE00\\n\\/\\\\\"");
  char *escaped = header_of(json);
  char *header = replaced(escaped, ",\"mean\":", ",\"ab\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\\n/\\\\\":");
  nt_model_file *model = taken(file_of(header, counted(), VALUES));
  CHECK(strcmp(model->tensors[0].name, "ab\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\n/\\") == 0);
  nt_model_file_free(model);
  free(header);
  free(escaped);
  free(json);
}

static const struct {
  const char *from, *to, *expected;
} faults[] = {
    /* JSON */
    {"\"seed\" : 7", "\"seed\" : 07", "neural_trader.trained: byte "},
    {"\"seed\" : 7", "\"seed\" : 7.", "expected a digit after the decimal point"},
    {"\"seed\" : 7", "\"seed\" : 7e+", "expected a digit in the exponent"},
    {"\"seed\" : 7", "\"seed\" : .7", "expected a value"},
    {"\"seed\" : 7", "\"seed\" : NaN", "expected a value"},
    {"\"seed\" : 7", "\"seed\" : -Infinity", "expected a value"},
    {"\"seed\" : 7", "\"seed\" : nul", "expected a value"},
    {"\"seed\" : 7", "\"seed\" : 1e309", "1e309 is too large for a double"},
    {"\"seed\" : 7", "\"seed\" : -1.8e308", "is too large for a double"},
    {"\"seed\" : 7", "\"seed\" : 11111111112222222222333333333344444444445555555555666666666677777",
     "a number has 65 characters; write it with at most 64"},
    {"\"seed\" : 7", "\"seed\" : 7,", "expected a string"},
    {"\"seed\" : 7", "\"seed\" 7", "expected a colon"},
    {"\"seed\" : 7", "\"seed\" : 7 8", "expected a comma or }"},
    {"true, {}", "true {}", "expected a comma or ]"},
    {"true, {}", "true, ", "expected a value"},
    {"\"seed\" : 7", "\"note\" : 7", "neural_trader.trained: key \"note\" is there twice"},
    {"\"seed\"", "\"n\\u006fte\"", "key \"note\" is there twice"},
    {"\"seed\"", "\"se\\u0000d\"", "expected no zero character in a string"},
    {"\\ud83d", "", "expected the first half of a surrogate pair before its second"},
    {"\\ude00", "x", "expected the second half of a surrogate pair"},
    {"\\ude00", "\\u0041", "expected the second half of a surrogate pair"},
    {"\\ude00", "\\ude0g", "four hexadecimal digits"},
    {"\\n\"", "\\x\"", "after a backslash"},
    {"true, {}", "[[[[[[[[[[[[[[]]]]]]]]]]]]]]", "is nested deeper than 16"},
    {"\"trained\"", "\"trained", "expected "},
    {"\"trained\" : {", "\"trained\" : [", "neural_trader.trained: must be an object"},
    /* keys and values, one by one */
    {"\"format\" : 1", "\"format\" : 2", "neural_trader.format: must be 1 to 1, is 2"},
    {"\"format\" : 1", "\"format\" : 1.0", "neural_trader.format: must be a whole number"},
    {"\"format\" : 1,", "", "neural_trader: key \"format\" is missing"},
    {"\"format\" : 1", "\"former\" : 1", "neural_trader.former: unknown key; expected format, name"},
    {"all-ops", "all ops", "neural_trader.name: \"all ops\": must be 1 to 31 characters"},
    {"all-ops", "all-ops-and-then-some-more-of-them", "must be 1 to 31 characters"},
    {"\"1.2.0\"", "\"\"", "neural_trader.version: "},
    {"\"1.2.0\"", "1.2", "neural_trader.version: must be a string"},
    {"\"on\" : \"trade\"", "\"on\" : \"bar\"", "neural_trader.clock.on: must be tick, quote, trade or time_change, is \"bar\""},
    {"\"every\" : 5", "\"every\" : 0", "neural_trader.clock.every: must be 1 to 2147483647, is 0"},
    {"\"every\" : 5", "\"every\" : 99999999999999999999", "is 99999999999999999999"},
    {"\"every\" : 5", "\"every\" : -9223372036854775809", "is -9223372036854775809"},
    {"\"every\" : 5", "\"every\" : true", "must be a whole number"},
    {"\"version\" : 1,", "\"version\" : 2,", "neural_trader.features.version: must be 1 to 1"},
    {"\"run\"", "\"walk\"", "there is no feature \"walk\""},
    {"\"run\"", "\"spread\"", "neural_trader.features.names[1]: \"spread\" is there twice"},
    {"[ \"run\", \"spread\" ]", "[]", "must hold at least one feature"},
    {"[ \"run\", \"spread\" ]", "[ \"run\" ]", "neural_trader.ops[0]: normalise: tensor \"mean\" as mean must have shape [1], has [2]"},
    {"[ \"run\", \"spread\" ]", "{}", "neural_trader.features.names: must be a list"},
    {"\"trade\", \"quote\"", "\"trade\", \"trade\"", "neural_trader.features.required[1]: \"trade\" is there twice"},
    {"\"trade\", \"quote\"", "\"book\"", "must be quote, size or trade"},
    {"\"listed\"", "\"any\"", "neural_trader.instruments: scope \"listed\" needs symbols"},
    {"\"ES\", \"NQ\"", "", "neural_trader.instruments: scope \"listed\" needs symbols"},
    {"\"stream\"", "\"window\"", "neural_trader.state.kind: must be none or stream, is \"window\""},
    {"\"steps\" : 32", "\"steps\" : 0", "steps must be at least 1 for \"stream\""},
    {"\"steps\" : 32", "\"steps\" : 65537", "must be 0 to 65536"},
    {"\"warm_up\" : 64", "\"warm_up\" : -1", "neural_trader.state.warm_up: must be 0 to 2147483647, is -1"},
    {"\"session\", \"gap\"", "\"session\"", "gap_ns must be greater than 0 with \"gap\""},
    {": 60000000000", ": 0", "gap_ns must be greater than 0 with \"gap\""},
    {": 60000000000", ": 9007199254740993", "neural_trader.state.gap_ns: must be 0 to 9007199254740992"},
    {"\"stream\", \"steps\" : 32", "\"none\", \"steps\" : 0", "neural_trader.state.kind: must be \"stream\" with lstm"},
    /* ops */
    {"\"op\" : \"gru\"", "\"op\" : \"rnn\"", "neural_trader.ops[3].op: must be normalise, dense, lstm"},
    {"\"op\" : \"gru\",", "", "neural_trader.ops[3]: key \"op\" is missing"},
    {"\"op\" : \"gru\", \"in\" : [3]", "\"op\" : \"gru\", \"in\" : [ 3, 3 ]", "neural_trader.ops[3]: gru takes one input, has 2"},
    {"\"op\" : \"gru\", \"in\" : [3]", "\"op\" : \"gru\", \"in\" : [9]",
     "neural_trader.ops[3]: gru: register 9 is read before it is written"},
    {"\"op\" : \"gru\", \"in\" : [3]", "\"op\" : \"gru\", \"in\" : [64]", "neural_trader.ops[3].in[0]: must be 0 to 63, is 64"},
    {"\"in\" : [ 8, 6 ]", "\"in\" : [8]", "neural_trader.ops[8]: concat takes 2 to 4 inputs, has 1"},
    {"\"in\" : [ 8, 6 ]", "\"in\" : [ 8, 6, 5, 4, 3 ]", "neural_trader.ops[8].in[4]: there are more than 4 registers"},
    {"\"in\" : [ 3, 4 ]", "\"in\" : [ 3, 2 ]", "neural_trader.ops[4]: add: register 3 is 3 wide, register 2 is 4; they must be equal"},
    {"\"out\" : 4", "\"out\" : 3", "neural_trader.ops[3]: gru: register 3 is written twice"},
    {"\"out\" : 4", "\"out\" : 0", "neural_trader.ops[3].out: must be 1 to 63, is 0"},
    {"\"in\" : [0]", "\"in\" : [1]", "neural_trader.ops[0]: normalise: register 1 is read before it is written"},
    {"\"clip\" : 5.5", "\"clip\" : 0", "neural_trader.ops[0].clip: must be greater than 0"},
    {"\"clip\" : 5.5", "\"clip\" : 1e-60", "neural_trader.ops[0].clip: must be greater than 0"},
    {"\"clip\" : 5.5", "\"clip\" : 1e39", "neural_trader.ops[0].clip: is too large for float32"},
    {"\"clip\" : 5.5", "\"clip\" : \"5\"", "neural_trader.ops[0].clip: must be a number"},
    {", \"clip\" : 5.5", "", "neural_trader.ops[0]: normalise needs the key \"clip\""},
    {", \"clip\" : 5.5", ", \"clip\" : 5, \"dilation\" : 1", "neural_trader.ops[0]: normalise has no key \"dilation\"; remove it"},
    {", \"activation\" : \"gelu\"", "", "neural_trader.ops[1]: dense needs the key \"activation\""},
    {"\"gelu\"", "\"swish\"", "neural_trader.ops[1].activation: must be none, relu, tanh, sigmoid or gelu"},
    {"\"dilation\" : 3", "\"dilation\" : 0", "neural_trader.ops[6].dilation: must be 1 to 16384"},
    {"\"dilation\" : 3", "\"dilation\" : 16384",
     "neural_trader.ops[6]: causal_conv: an instrument would need 196644 bytes of state; at most 65536"},
    {"\"out\" : 5}", "\"out\" : 5, \"tensors\" : {}}", "neural_trader.ops[4]: add has no key \"tensors\""},
    {"\"weight\" : \"fc.w\", ", "", "neural_trader.ops[1]: dense needs the tensor \"weight\""},
    {"\"weight\" : \"fc.w\"", "\"weight\" : \"fc.w\", \"bias_hh\" : \"l.bh\"", "neural_trader.ops[1]: dense has no tensor \"bias_hh\""},
    {"\"weight\" : \"fc.w\"", "\"kernel\" : \"fc.w\"", "neural_trader.ops[1].tensors.kernel: unknown key; expected mean"},
    {"\"fc.w\"", "\"fc.x\"", "neural_trader.ops[1].tensors.weight: there is no tensor \"fc.x\""},
    {"\"fc.w\"", "7", "neural_trader.ops[1].tensors.weight: must be a string"},
    {"\"head.w\"", "\"fc.w\"", "neural_trader.ops[9].tensors.weight: tensor \"fc.w\" is used before"},
    {"\"fc.w\", \"bias\" : \"fc.b\"", "\"fc.b\", \"bias\" : \"fc.w\"", "dense: tensor \"fc.b\" as weight must have shape [4, 2], has [4]"},
    {"\"c.w\", \"bias\" : \"c.b\"", "\"c.b\", \"bias\" : \"c.w\"",
     "causal_conv: tensor \"c.b\" as weight must have shape [2, 3, 1], has [2]"},
    {"\"weight_hh\" : \"l.hh\"", "\"weight_hh\" : \"fc.w\"", "tensor \"fc.w\" is used before"},
    {"\"weight_hh\" : \"l.hh\", \"bias_ih\" : \"l.bi\"", "\"weight_hh\" : \"l.bi\", \"bias_ih\" : \"l.hh\"",
     "as weight_hh must have shape [12, 3], has [12]"},
    {"\"op\" : \"add\", \"in\" : [ 3, 4 ]", "\"op\" : \"normalise\", \"in\" : [3], \"clip\" : 1, \"tensors\" : {}",
     "ops[4]: normalise needs the tensor \"mean\""},
    {"\"layer_norm\", \"in\" : [7], \"out\" : 8, \"tensors\" : {\"weight\" : \"n.w\", \"bias\" : \"n.b\"}",
     "\"normalise\", \"in\" : [7], \"out\" : 8, \"clip\" : 1, \"tensors\" : {\"mean\" : \"n.w\", \"inverse_scale\" : \"n.b\"}",
     "neural_trader.ops[7]: op 0 must be normalise, and no other may be; this is normalise"},
    /* output and the rest */
    {"\"register\" : 10", "\"register\" : 11", "neural_trader.output.register: register 11 is not written"},
    {"\"register\" : 10", "\"register\" : 12", "register 12 must be 3 wide for this kind and these labels, is 5"},
    {"\"register\" : 10", "\"register\" : 0", "neural_trader.output.register: must be 1 to 63"},
    {"\"flat\"", "\"up\"", "neural_trader.output.labels[2]: \"up\" is there twice"},
    {"[ \"down\", \"flat\", \"up\" ]", "[ \"up\" ]", "\"classes\" needs at least 2 labels"},
    {"\"classes\"", "\"student_t\"", "another kind has none"},
    {"\"triple_barrier\"", "\"guess\"", "neural_trader.output.target.kind: must be mid_move"},
    {"\"horizon\" : 50", "\"horizon\" : 0", "neural_trader.output.target.horizon: must be 1 to"},
    {"\"unit\" : \"ns\"", "\"unit\" : \"s\"", "neural_trader.output.target.unit: must be ticks or ns"},
    {"ticks\" : 0.5", "ticks\" : -0.5", "neural_trader.output.target.dead_band_ticks: must not be negative"},
    {"temperature\" : 0.75", "temperature\" : 0", "neural_trader.calibration.inverse_temperature: must be greater than 0"},
    {"[ 0.5, -1, 2e-1 ]", "[ 0.5, -1 ]", "neural_trader.calibration.bias: must hold one number a label of \"classes\": 3, has 2"},
    {"\"vector\"", "\"none\"", "\"none\" has none of them"},
    {"\"ece\" : 0.02,", "", "\"vector\" needs inverse_temperature"},
    {"\"rows\" : 16720", "\"rows\" : 0", "neural_trader.calibration.rows: must be 1 to"},
    {"\"float32\" : {}", "\"float32\" : {\"rows\" : 1}", "neural_trader.precision.float32.rows: unknown key; expected none"},
    {"\"float32\" : {},", "", "neural_trader.precision: key \"float32\" is missing"},
    {"\"int8\"", "\"int4\"", "neural_trader.precision.int4: unknown key; expected float32, bfloat16 or int8"},
    {"\"p99_dp\" : 0.004", "\"p99_dp\" : null", "neural_trader.precision.int8.p99_dp: must be a number"},
};

static void every_fault_in_the_metadata_has_its_text(void) {
  for (uint32_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
    char *json = replaced(metadata, faults[i].from, faults[i].to);
    refused_metadata(json, faults[i].expected);
    free(json);
  }
  refused_metadata("", "neural_trader: must be an object");
  refused_metadata("{} x", "key \"format\" is missing");
}

static const struct {
  const char *from, *to, *expected;
} header_faults[] = {
    {"{\"__metadata__\"", " {\"__metadata__\"", "header: byte 0: expected {"},
    {"neural_trader", "neutral_trader", "header: __metadata__ has no key \"neural_trader\""},
    {"\"format\":\"pt\"", "\"format\":1", "header.__metadata__.format: must be a string"},
    {"\"format\":\"pt\"", "\"neural_trader\":\"\"", "header.__metadata__: key \"neural_trader\" is there twice"},
    {"\"mean\":{\"dtype\"", "\"mean\":{\"type\"", "header.mean.type: unknown key; expected dtype, shape or data_offsets"},
    {"\"mean\":{\"dtype\":\"F32\",", "\"mean\":{", "header.mean: key \"dtype\" is missing"},
    {"F32", "F64", "header.mean.dtype: must be \"F32\", is \"F64\""},
    {"\"mean\":", "\"\":", "a tensor has no name"},
    {"\"mean\":", "\"scale\":", "header: key \"scale\" is there twice"},
    {"\"mean\":", "\"means\":", "neural_trader.ops[0].tensors.mean: there is no tensor \"mean\""},
    {"\"shape\":[2]", "\"shape\":[]", "header.mean.shape: must have 1 to 3 dimensions"},
    {"\"shape\":[2]", "\"shape\":[1,1,2,1]", "header.mean.shape[3]: there are more than 3 dimensions"},
    {"\"shape\":[2]", "\"shape\":[0]", "header.mean.shape[0]: must be 1 to"},
    {"\"shape\":[2]", "\"shape\":[67108864,67108864]", "header.mean.shape[1]: must be 1 to 1, is 67108864"},
    {"\"shape\":[2]", "\"shape\":[3]", "header.mean: data_offsets span 8 bytes, its shape needs 12"},
    {"[0,8]", "[0]", "header.mean.data_offsets: must be two offsets"},
    {"[0,8]", "[0,8,8]", "header.mean.data_offsets[2]: must be two offsets"},
    {"[0,8]", "[8,0]", "header.mean: data_offsets span -8 bytes"},
    {"[0,8]", "[8,16]", "none of them covers byte 0 of the 928"},
    {"[8,16]", "[0,8]", "none of them covers byte 8 of the 928"},
    {"[8,16]", "[12,20]", "none of them covers byte 8 of the 928"},
    {"[12,4]", "[6,8]", "neural_trader.ops[2]: lstm: weight_ih must have a multiple of 4 rows, has 6"},
    {"[9,3]", "[27,1]", "neural_trader.ops[3]: gru: tensor \"g.ih\" as weight_ih must have shape [27, 3], has [27, 1]"},
    {"\"n.b\":{\"dtype\":\"F32\",\"shape\":[2]", "\"n.b\":{\"dtype\":\"F32\",\"shape\":[1,2]",
     "layer_norm: tensor \"n.b\" as bias must have shape [2], has [1, 2]"},
    {"[916,928]}}", "[916,928]}}x", "expected the end of the text"},
};

static void every_fault_in_the_header_has_its_text(void) {
  char *header = header_of(metadata);
  for (uint32_t i = 0; i < sizeof(header_faults) / sizeof(header_faults[0]); i++) {
    char *changed = replaced(header, header_faults[i].from, header_faults[i].to);
    refused(file_of(changed, counted(), VALUES), header_faults[i].expected);
    free(changed);
  }
  char *longer = replaced(header, ",\"mean\"", ",\"extra\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[928,932]},\"mean\"");
  float values[VALUES + 1] = {0};
  refused(file_of(longer, values, VALUES + 1), "tensor \"extra\" belongs to no op; remove it from the file");
  refused(file_of(longer, values, VALUES), "none of them covers byte 928 of the 928");
  free(longer);
  refused(file_of(header, values, VALUES + 1), "the tensors cover 928 of the 932 bytes of data");
  char *padded = replaced(header, "[916,928]}}", "[916,928]}}  \n");
  nt_model_file_free(taken(file_of(padded, counted(), VALUES)));
  free(padded);
  bytes spoilt = file_of(header, counted(), VALUES);
  static const uint8_t wrong[][4] = {
      {0xc0, 0x80, ' ', ' '}, {0xed, 0xa0, 0x80, ' '}, {0xf4, 0x90, 0x80, 0x80}, {0xe0, 0x9f, 0xbf, ' '}, {0xff, ' ', ' ', ' '}};
  for (uint32_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
    bytes copy = {malloc(spoilt.size), spoilt.size};
    CHECK(copy.at != NULL);
    memcpy(copy.at, spoilt.at, spoilt.size);
    memcpy(copy.at + 12, wrong[i], 4);
    refused(copy, "its header is not UTF-8");
  }
  free(spoilt.at);
  free(header);
}

static void only_finite_tensors_are_taken(void) {
  char *header = header_of(metadata);
  static const float bad[] = {NAN, INFINITY, -INFINITY};
  for (uint32_t i = 0; i < VALUES; i++) {
    float values[VALUES] = {0};
    values[i] = bad[i % 3];
    char expected[64] = "";
    for (uint32_t k = 0, at = i; k < TENSORS && expected[0] == 0; at -= layout[k++].count) {
      if (at < layout[k].count) (void)snprintf(expected, sizeof(expected), "header.%s: value %u is not finite", layout[k].name, at);
    }
    refused(file_of(header, values, VALUES), expected);
  }
  free(header);
}

static void a_part_of_a_file_is_refused(void) {
  char *header = header_of(metadata);
  bytes whole = file_of(header, counted(), VALUES);
  nt_model_file *model;
  nt_error error;
  for (uint64_t size = 0; size < whole.size; size++) {
    bytes part = {malloc(size + (size == 0)), size};
    CHECK(part.at != NULL);
    memcpy(part.at, whole.at, size);
    refused(part, size < 8 ? "is cut off before the 8 bytes" : size < 8 + strlen(header) ? "is cut off in its header" : "of the ");
  }
  uint64_t huge = 10ULL << 30;
  bytes claimed = file_of(header, counted(), VALUES);
  memcpy(claimed.at, &huge, 8);
  refused(claimed, "its header claims more than 1 MB");
  CHECK_EQUAL(nt_model_file_read(whole.at, NT_MODEL_FILE_BYTES + 1, &model, &error), NT_ERR_INVALID);
  CHECK(strstr(error.text, "is larger than 256 MB") != NULL);
  CHECK_EQUAL(nt_model_file_read(NULL, 9, &model, NULL), NT_ERR_INVALID);
  CHECK_EQUAL(nt_model_file_read(whole.at, whole.size, NULL, &error), NT_ERR_INVALID);
  uint8_t *odd = malloc(whole.size + 1);
  CHECK(odd != NULL);
  memcpy(odd + 1, whole.at, whole.size);
  CHECK_EQUAL(nt_model_file_read(odd + 1, whole.size, &model, NULL), NT_OK); /* whatever the address */
  nt_model_file_free(model);
  free(odd);
  free(whole.at);
  free(header);
}

/* open, count times item (%u: which), close */
static char *many(const char *open, const char *item, uint32_t count, const char *close) {
  char *out = malloc(strlen(open) + (strlen(item) + 16) * count + strlen(close) + 1);
  CHECK(out != NULL);
  size_t at = (size_t)sprintf(out, "%s", open);
  for (uint32_t i = 0; i < count; i++) {
    if (i > 0) out[at++] = ',';
    for (const char *c = item; *c != 0; c++) {
      if (*c == '#') {
        at += (size_t)sprintf(out + at, "%u", i);
      } else {
        out[at++] = *c;
      }
    }
  }
  (void)sprintf(out + at, "%s", close);
  return out;
}

static void with_many(const char *from, const char *item, uint32_t count, const char *open, const char *close, const char *expected) {
  char *piece = many(open, item, count, close);
  char *json = replaced(metadata, from, piece);
  if (expected != NULL) {
    refused_metadata(json, expected);
  } else {
    nt_model_file_free(taken_metadata(json));
  }
  free(json);
  free(piece);
}

static void bounds_hold(void) {
  with_many("\"seed\" : 7", "\"k#\":0", 511, "", "", NULL);
  with_many("\"seed\" : 7", "\"k#\":0", 512, "", "", "neural_trader.trained: has more than 512 keys");
  with_many("\"seed\" : 7", "[", 1, "\"seed\" : [[[[[[[[[[[[[", "]]]]]]]]]]]]]]", NULL); /* the object, trained and 14 lists */
  with_many("\"seed\" : 7", "[", 1, "\"seed\" : [[[[[[[[[[[[[[", "]]]]]]]]]]]]]]]", "is nested deeper than 16");
  with_many("\"ES\", \"NQ\"", "\"S#\"", 1024, "", "", NULL);
  with_many("\"ES\", \"NQ\"", "\"S#\"", 1025, "", "", "neural_trader.instruments.symbols[1024]: there are more than 1024");
  with_many("\"out\" : 5}", "{\"op\":\"add\",\"in\":[1,1],\"out\":5}", 60, "\"out\" : 5},", "",
            "neural_trader.ops[64]: there are more than 64 ops");
  with_many("\"down\", \"flat\", \"up\"", "\"l#\"", 65, "", "", "neural_trader.output.labels[64]: there are more than 64");
  with_many("0.5, -1, 2e-1", "0", 65, "", "", "neural_trader.calibration.bias[64]: there are more than 64");
  char *tensors = many("{", "\"t#\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}", 257, "}");
  refused(file_of(tensors, counted(), 1), "there are more than 256 tensors");
  free(tensors);
  char *lists = malloc(1 << 20);
  CHECK(lists != NULL);
  memset(lists, '[', 1 << 20);
  memcpy(lists, "{\"a\":", 5);
  lists[(1 << 20) - 1] = 0;
  refused(file_of(lists, NULL, 0), "header.a: must be an object");
  free(lists);
}

/* Double concatenation: 2 wide, then 4, 8, ... */
static void widths_are_bounded(void) {
  char *ops = malloc(8192);
  CHECK(ops != NULL);
  size_t at = (size_t)sprintf(ops, "\"out\" : 5}");
  for (uint32_t i = 0; i < 12; i++)
    at += (size_t)sprintf(ops + at, ",{\"op\":\"concat\",\"in\":[%u,%u],\"out\":%u}", i == 0 ? 1 : 19 + i, i == 0 ? 1 : 19 + i, 20 + i);
  char *json = replaced(metadata, "\"out\" : 5}", ops);
  refused_metadata(json, "neural_trader.ops[16]: concat: output is 8192 wide; at most 4096");
  free(json);
  free(ops);
}

/* Nothing of the sort may be said of state that is not there: without stateful ops it is "none". */
static void a_model_without_state(void) {
  static const char header[] =
      "{\"__metadata__\":{\"neural_trader\":\"{\\\"format\\\":1,\\\"name\\\":\\\"n\\\",\\\"version\\\":\\\"1\\\",\\\"clock\\\":{\\\"on\\\":"
      "\\\"tick\\\","
      "\\\"every\\\":1},\\\"features\\\":{\\\"version\\\":1,\\\"names\\\":[\\\"run\\\",\\\"rate\\\"],\\\"required\\\":[]},"
      "\\\"instruments\\\":{\\\"scope\\\":"
      "\\\"any\\\",\\\"symbols\\\":[]},\\\"state\\\":{\\\"kind\\\":\\\"none\\\",\\\"steps\\\":0,\\\"warm_up\\\":0,\\\"reset_on\\\":[],"
      "\\\"gap_ns\\\":0},"
      "\\\"ops\\\":[{\\\"op\\\":\\\"normalise\\\",\\\"in\\\":[0],\\\"out\\\":63,\\\"tensors\\\":{\\\"mean\\\":\\\"a\\\",\\\"inverse_"
      "scale\\\":\\\"b\\\"},"
      "\\\"clip\\\":5}],\\\"output\\\":{\\\"kind\\\":\\\"normal\\\",\\\"register\\\":63,\\\"labels\\\":[],\\\"target\\\":{\\\"kind\\\":"
      "\\\"return\\\","
      "\\\"horizon\\\":1,\\\"unit\\\":\\\"ticks\\\",\\\"dead_band_ticks\\\":0}},\\\"calibration\\\":{\\\"kind\\\":\\\"none\\\"},"
      "\\\"precision\\\":"
      "{\\\"float32\\\":{}},\\\"trained\\\":{}}\"},\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,16]},"
      "\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}";
  nt_model_file *model = taken(file_of(header, counted(), 4));
  CHECK(model->state_kind == NT_MODEL_STATE_NONE && model->state_bytes == 0 && model->output_kind == NT_MODEL_OUTPUT_NORMAL);
  CHECK(model->register_count == 64 && model->class_count == 0 && model->symbol_count == 0 && model->inverse_temperature == 1.0f);
  CHECK(model->calibration_kind == NT_MODEL_CALIBRATION_NONE && model->scope == NT_MODEL_SCOPE_ANY && model->required == 0);
  CHECK(strcmp(model->tensors[0].name, "b") == 0 && model->tensors[0].data[0] == 2.0f); /* the offsets decide, not the order */
  nt_model_file_free(model);
  static const char *const changes[][3] = {
      {"\\\"none\\\",\\\"steps\\\":0", "\\\"stream\\\",\\\"steps\\\":9", "neural_trader.state.kind: must be \"stream\" with lstm"},
      {"\\\"normal\\\"", "\\\"student_t\\\"", "register 63 must be 3 wide"},
      {"\\\"calibration\\\":{\\\"kind\\\":\\\"none\\\"}",
       "\\\"calibration\\\":{\\\"kind\\\":\\\"vector\\\",\\\"inverse_temperature\\\":1,\\\"bias\\\":[],\\\"ece\\\":0,\\\"log_loss\\\":0,"
       "\\\"rows\\\":1}",
       "neural_trader.calibration.bias: must hold one number a label"},
      {"\\\"op\\\":\\\"normalise\\\"", "\\\"op\\\":\\\"layer_norm\\\"", "layer_norm has no key \"clip\""},
      {"\\\"normalise\\\",\\\"in\\\":[0],\\\"out\\\":63,\\\"tensors\\\":{\\\"mean\\\":\\\"a\\\",\\\"inverse_scale\\\":\\\"b\\\"},"
       "\\\"clip\\\":5",
       "\\\"layer_norm\\\",\\\"in\\\":[0],\\\"out\\\":63,\\\"tensors\\\":{\\\"weight\\\":\\\"a\\\",\\\"bias\\\":\\\"b\\\"}",
       "neural_trader.ops[0]: op 0 must be normalise, and no other may be; this is layer_norm"}};
  for (uint32_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
    char *changed = replaced(header, changes[i][0], changes[i][1]);
    refused(file_of(changed, counted(), 4), changes[i][2]);
    free(changed);
  }
  const char *ops = strstr(header, "\\\"ops\\\":["), *end = strstr(header, "],\\\"output");
  char *none = malloc(sizeof(header));
  CHECK(none != NULL);
  int length = snprintf(none, sizeof(header), "%.*s\\\"ops\\\":[%s", (int)(ops - header), header, end);
  CHECK(length > 0);
  refused(file_of(none, counted(), 4), "neural_trader.ops: there are none");
  free(none);
}

static void number_is(const char *text) {
  char *json = replaced(metadata, "-0.0004", text);
  char *end;
  double expected = strtod(text, &end);
  CHECK(*end == 0);
  if (isfinite(expected)) {
    nt_model_file *model = taken_metadata(json);
    double actual = model->deviations[NT_PRECISION_INT8].log_loss_change;
    if (memcmp(&actual, &expected, sizeof(actual)) != 0) (void)fprintf(stderr, "%s is %a, expected %a\n", text, actual, expected);
    CHECK(memcmp(&actual, &expected, sizeof(actual)) == 0);
    nt_model_file_free(model);
  } else {
    refused_metadata(json, "is too large for a double");
  }
  free(json);
}

/* As strtod of the C library, which rounds to nearest, ties to even, in the C locale. */
static void numbers_are_rounded_as_they_should(void) {
  static const char *const texts[] = {"0",
                                      "-0",
                                      "0.0e99999999999999999999",
                                      "1e-99999999999999999999",
                                      "1e99999999999999999999",
                                      "9007199254740993",
                                      "9007199254740992.999999999999999999999999999999999999999",
                                      "9007199254740993.00000000000000000000000000000000000000001",
                                      "1.7976931348623157e308",
                                      "1.7976931348623158e308",
                                      "1.7976931348623159e308",
                                      "2.2250738585072011e-308",
                                      "2.2250738585072012e-308",
                                      "2.2250738585072014e-308",
                                      "4.9406564584124654e-324",
                                      "2.4703282292062327e-324",
                                      "2.4703282292062328e-324",
                                      "1e-323",
                                      "0.000000000000000000000000000000000000000000000000000001e-290",
                                      "999999999999999999999999999999999999999999999999999999999999999",
                                      "1E+22",
                                      "1e23",
                                      "0.1",
                                      "-12345678901234567890123456789012345678901234567890123456e-360"};
  for (uint32_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) number_is(texts[i]);
  uint64_t seed = 11;
  for (uint32_t i = 0; i < 1500; i++) {
    char text[NT_JSON_NUMBER_BYTES + 8];
    uint64_t bits = check_random(&seed);
    double value;
    memcpy(&value, &bits, sizeof(value));
    if (!isfinite(value)) continue;
    (void)snprintf(text, sizeof(text), "%.*e", (int)(check_random(&seed) % 20), value);
    number_is(text);
    /* halfway between two doubles, as far as 50 digits go, and a little beyond */
    (void)snprintf(text, sizeof(text), "%.50Le", ((long double)value + (long double)nextafter(value, 0)) / 2);
    number_is(text);
    uint32_t digits = 1 + (uint32_t)(check_random(&seed) % 50), at = 0;
    text[at++] = (char)('1' + check_random(&seed) % 9);
    while (at < digits) text[at++] = (char)('0' + check_random(&seed) % 10);
    (void)snprintf(text + at, sizeof(text) - at, ".%ue%d", (uint32_t)(check_random(&seed) % 1000), (int)(check_random(&seed) % 740) - 380);
    number_is(text);
  }
}

int main(void) {
  RUN(whole_model_is_read);
  RUN(escapes_are_decoded);
  RUN(every_fault_in_the_metadata_has_its_text);
  RUN(every_fault_in_the_header_has_its_text);
  RUN(only_finite_tensors_are_taken);
  RUN(a_part_of_a_file_is_refused);
  RUN(bounds_hold);
  RUN(widths_are_bounded);
  RUN(a_model_without_state);
  RUN(numbers_are_rounded_as_they_should);
  return 0;
}
