/* Models: random programs of every op, equal on every instruction set and near double precision; state, and what is refused. */
#include <math.h>

#include "check.h"
#include "model_fixture.h"
#include "model_reference.h"
#include "program.h"
#include "program_layout.h"

#define STEPS 24
#define WIDEST 130

static uint64_t seed = 31415926535;

static uint32_t below(uint32_t limit) {
  return (uint32_t)(check_random(&seed) % limit);
}

static uint32_t some_width(void) {
  return 1 + below(below(3) == 0 ? WIDEST : 40);
}

static uint32_t some_activation(void) {
  return NT_ACTIVATION_NONE + below(5);
}

/* Another op on the register `at`. */
static uint32_t grow(fixture_model *model, uint32_t at, uint32_t kind) {
  uint32_t in[4] = {at, at, at, at}, width = model->file.widths[at], taps, dilation;
  switch (kind) {
    case NT_OP_LSTM:
    case NT_OP_GRU:
      return fixture_recurrent(model, kind, at, some_width());
    case NT_OP_CAUSAL_CONV:
      width = some_width();
      taps = 1 + below(4);
      dilation = 1 + below(5);
      return fixture_conv(model, at, width, taps, dilation, some_activation());
    case NT_OP_LAYER_NORM: /* of one or two numbers it says little and magnifies */
      return fixture_norm(model, width >= 8 ? at : fixture_dense(model, at, 8 + below(40), NT_ACTIVATION_NONE));
    case NT_OP_ADD:
    case NT_OP_MULTIPLY:
      for (uint32_t i = 0; i < 3; i++) in[i] = fixture_dense(model, at, width, NT_ACTIVATION_TANH);
      return fixture_join(model, kind, in, 2 + below(3));
    case NT_OP_CONCAT:
      for (uint32_t i = 0; i < 3; i++) {
        width = 1 + below(20);
        in[i] = fixture_dense(model, at, width, some_activation());
      }
      return fixture_join(model, kind, in, 2 + below(3));
    default:
      width = some_width();
      return fixture_dense(model, at, width, some_activation());
  }
}

static fixture_model *some_model(uint32_t first_kind) {
  uint32_t inputs = 1 + below(60);
  fixture_model *model = fixture_new(check_random(&seed) | 1, inputs);
  uint32_t at = grow(model, 1, first_kind);
  for (uint32_t i = below(4); i > 0; i--) {
    at = grow(model, at, NT_OP_DENSE + below(8));
    if (model->file.widths[at] > WIDEST) at = fixture_dense(model, at, some_width(), NT_ACTIVATION_TANH);
  }
  fixture_classes(model, fixture_dense(model, at, 2 + below(4), NT_ACTIVATION_NONE));
  return model;
}

static nt_program *open_model(const fixture_model *made, uint32_t precision, uint32_t isa, uint32_t rows) {
  nt_error error;
  nt_program *model = nt_program_create(&made->file, precision, isa, rows, &error);
  if (model == NULL) (void)fprintf(stderr, "%s\n", error.text);
  CHECK(model != NULL);
  CHECK_EQUAL(nt_program_inputs(model), made->file.feature_count);
  CHECK_EQUAL(nt_program_row_bytes(model) % 64, 0);
  return model;
}

static int available(uint32_t isa) {
  nt_model_kernels kernels;
  return nt_kernels_choose(isa, &kernels) == 0;
}

static float features[STEPS * 64];

static void new_features(const fixture_model *made) {
  for (uint32_t i = 0; i < STEPS * made->file.feature_count; i++) features[i] = 2.0f * fixture_random(&seed);
}

static uint32_t steps_of(const fixture_model *made) {
  return made->file.state_kind == NT_MODEL_STATE_STREAM ? STEPS : 1;
}

/* Sequences of 1 to STEPS rows through predict; then step by step, with and without advance, between steps of other rows. */
static void outputs_of(const fixture_model *made, uint32_t precision, uint32_t isa, float (*outputs)[8]) {
  nt_program *model = open_model(made, precision, isa, 3);
  CHECK(nt_program_isa_of(model) == isa || (isa == NT_ISA_AUTO && nt_program_isa_of(model) >= NT_ISA_GENERIC));
  uint32_t inputs = made->file.feature_count, classes = nt_program_outputs(model), steps = steps_of(made);
  float other[64];
  for (uint32_t step = 0; step < STEPS; step++) {
    const float *at = features + (steps == 1 ? step * inputs : 0);
    memset(outputs[step], 0, sizeof(outputs[step]));
    CHECK_EQUAL(nt_program_predict(model, at, 1, steps == 1 ? 1 : step + 1, outputs[step]), NT_OK);
  }
  for (uint32_t round = 0; round < 3; round++) {
    for (uint32_t step = 0; step < STEPS; step++) {
      float now[8] = {0};
      for (uint32_t i = 0; i < inputs; i++) other[i] = fixture_random(&seed);
      if (round == 1 || (round == 2 && below(2) == 0)) nt_program_advance(model, 1);
      CHECK_EQUAL(nt_program_step(model, below(2) * 2, other, now), NT_OK);
      if (round == 2 && below(2) == 0) nt_program_advance(model, 1);
      CHECK_EQUAL(nt_program_step(model, 1, features + step * inputs, now), NT_OK);
      CHECK(memcmp(now, outputs[step], classes * sizeof(float)) == 0);
    }
    if (below(2) == 0) nt_program_advance(model, 1);
    nt_program_reset(model, 1);
  }
  nt_program_destroy(model);
}

static double check_near(const fixture_model *made, const float *outputs, uint32_t steps, const float *from) {
  double expected[8], most = 0;
  reference_predict(&made->file, from, steps, expected);
  float sum = 0;
  for (uint32_t i = 0; i < made->file.class_count; i++) {
    CHECK(isfinite(outputs[i]) && outputs[i] >= 0);
    most = fmax(most, fabs((double)outputs[i] - expected[i]));
    sum += outputs[i];
  }
  CHECK(fabsf(sum - 1.0f) < 1e-6f);
  return most;
}

static void test_programs(void) {
  static float first[STEPS][8], others[STEPS][8];
  double worst[4] = {0}, total[4] = {0};
  uint64_t hash[4] = {0};
  uint32_t models = 0;
  for (uint32_t round = 0; round < 64; round++) {
    fixture_model *made = some_model(NT_OP_DENSE + round % 8);
    new_features(made);
    models++;
    for (uint32_t precision = NT_PRECISION_FLOAT32; precision <= NT_PRECISION_INT8; precision++) {
      outputs_of(made, precision, NT_ISA_GENERIC, first);
      for (uint32_t isa = NT_ISA_AVX2; isa <= NT_ISA_AVX512 + 1; isa++) {
        uint32_t asked = isa > NT_ISA_AVX512 ? NT_ISA_AUTO : isa;
        if (!available(asked) || (asked == NT_ISA_AUTO && round % 8 != 0)) continue;
        outputs_of(made, precision, asked, others);
        CHECK(memcmp(first, others, sizeof(first)) == 0);
      }
      for (uint32_t i = 0; i < STEPS * 8; i++) hash[precision] = fixture_digest(hash[precision], first[i / 8][i % 8]);
      double most = 0;
      uint32_t inputs = made->file.feature_count;
      for (uint32_t step = 0; step < STEPS; step++) {
        uint32_t steps = steps_of(made) == 1 ? 1 : step + 1;
        most = fmax(most, check_near(made, first[step], steps, features + (steps_of(made) == 1 ? step * inputs : 0)));
      }
      worst[precision] = fmax(worst[precision], most);
      total[precision] += most;
    }
    fixture_free(made);
  }
  if (getenv("NT_TRACE"))
    (void)fprintf(stderr, "largest and mean dp: float32 %.2g %.2g, bfloat16 %.2g %.2g, int8 %.2g %.2g\n", worst[1], total[1] / models,
                  worst[2], total[2] / models, worst[3], total[3] / models);
  /* Predictions are part of journals: their bits do not change from one release to the next. */
  CHECK_EQUAL(hash[NT_PRECISION_FLOAT32], 0x599b74e936c318fc);
  CHECK_EQUAL(hash[NT_PRECISION_BFLOAT16], 0x2f128c3e48aa0185);
  CHECK_EQUAL(hash[NT_PRECISION_INT8], 0x2de6c9b0aecce3d5);
  CHECK(worst[NT_PRECISION_FLOAT32] <= 2e-6);
  CHECK(worst[NT_PRECISION_BFLOAT16] > 1e-5 && total[NT_PRECISION_BFLOAT16] / models < 0.02);
  CHECK(worst[NT_PRECISION_INT8] > 1e-5 && total[NT_PRECISION_INT8] / models < 0.04);
}

/* Many sequences in one call are the sequences one by one. */
static void test_batch(void) {
  for (uint32_t kind = NT_OP_DENSE; kind <= NT_OP_CONCAT; kind++) {
    fixture_model *made = some_model(kind);
    new_features(made);
    nt_program *model = open_model(made, NT_PRECISION_INT8, NT_ISA_AUTO, 1);
    uint32_t steps = steps_of(made) == 1 ? 1 : 6, inputs = made->file.feature_count, outputs = nt_program_outputs(model);
    float together[4 * 8], one[8];
    CHECK_EQUAL(nt_program_predict(model, features, 4, steps, together), NT_OK);
    for (uint32_t i = 0; i < 4; i++) {
      CHECK_EQUAL(nt_program_predict(model, features + i * steps * inputs, 1, steps, one), NT_OK);
      CHECK(memcmp(one, together + i * outputs, outputs * sizeof(float)) == 0);
    }
    CHECK_EQUAL(nt_program_predict(model, features, 0, steps, one), NT_OK);
    nt_program_destroy(model);
    fixture_free(made);
  }
}

/* Every weight, bias and feature is used: another one gives another result. */
static void test_everything_counts(void) {
  for (uint32_t kind = NT_OP_DENSE; kind <= NT_OP_CONCAT; kind++) {
    uint32_t in[2];
    fixture_model *made = fixture_new(kind + 77, 5);
    in[0] = kind == NT_OP_LAYER_NORM ? fixture_dense(made, 1, 9, NT_ACTIVATION_NONE) : 1;
    in[1] = fixture_dense(made, 1, made->file.widths[in[0]], NT_ACTIVATION_TANH);
    uint32_t at = kind >= NT_OP_ADD           ? fixture_join(made, kind, in, 2)
                  : kind == NT_OP_CAUSAL_CONV ? fixture_conv(made, 1, 7, 3, 2, NT_ACTIVATION_SIGMOID)
                  : kind == NT_OP_LAYER_NORM  ? fixture_norm(made, in[0])
                  : kind == NT_OP_DENSE       ? fixture_dense(made, 1, 7, NT_ACTIVATION_GELU)
                                              : fixture_recurrent(made, kind, 1, 7);
    uint32_t both[2] = {at, in[1]};
    fixture_classes(made, fixture_dense(made, fixture_join(made, NT_OP_CONCAT, both, 2), 3, NT_ACTIVATION_NONE));
    made->file.ops[0].clip = 100.0f;
    uint32_t steps = steps_of(made) == 1 ? 1 : 6;
    new_features(made);
    float before[3], after[3];
    nt_program *model = open_model(made, NT_PRECISION_FLOAT32, NT_ISA_AUTO, 1);
    CHECK_EQUAL(nt_program_predict(model, features, 1, steps, before), NT_OK);
    for (uint32_t i = 0; i < 5; i++) {
      features[(steps - 1) * 5 + i] += 0.5f;
      CHECK_EQUAL(nt_program_predict(model, features, 1, steps, after), NT_OK);
      CHECK(memcmp(before, after, sizeof(before)) != 0);
      features[(steps - 1) * 5 + i] -= 0.5f;
    }
    nt_program_destroy(model);
    for (uint32_t i = 0; i < made->file.tensor_count; i++) {
      const nt_model_tensor *tensor = &made->file.tensors[i];
      uint32_t count = tensor->shape[0] * (tensor->dims > 1 ? tensor->shape[1] : 1) * (tensor->dims > 2 ? tensor->shape[2] : 1);
      for (uint32_t k = 0; k < count; k++) {
        float *value = (float *)(uintptr_t)(tensor->data + k), old = *value;
        *value += 0.75f;
        model = open_model(made, NT_PRECISION_FLOAT32, NT_ISA_AUTO, 1);
        CHECK_EQUAL(nt_program_predict(model, features, 1, steps, after), NT_OK);
        /* A shift of all classes alike is what softmax takes away, and nothing else does. */
        CHECK(memcmp(before, after, sizeof(before)) != 0);
        nt_program_destroy(model);
        *value = old;
      }
    }
    for (uint32_t i = 0; i < 4; i++) {
      float *value = i == 3 ? &made->file.inverse_temperature : &made->file.bias[i];
      *value += 0.25f;
      model = open_model(made, NT_PRECISION_FLOAT32, NT_ISA_AUTO, 1);
      CHECK_EQUAL(nt_program_predict(model, features, 1, steps, after), NT_OK);
      CHECK(memcmp(before, after, sizeof(before)) != 0);
      nt_program_destroy(model);
      *value -= 0.25f;
    }
    fixture_free(made);
  }
}

/* advance leaves the recurrent halves to the next step and nothing else; a step uses them up. */
static void test_advance(void) {
  for (uint32_t kind = NT_OP_LSTM; kind <= NT_OP_GRU; kind++) {
    fixture_model *made = fixture_new(kind, 6);
    fixture_classes(made, fixture_dense(made, fixture_recurrent(made, kind, 1, 20), 3, NT_ACTIVATION_NONE));
    new_features(made);
    nt_program *model = open_model(made, NT_PRECISION_FLOAT32, NT_ISA_AUTO, 2);
    const nt_row_header *header = (const nt_row_header *)(const void *)(model->states + model->row_floats);
    float outputs[3];
    CHECK_EQUAL(header->advanced, 0);
    nt_program_advance(model, 0);
    CHECK_EQUAL(header->advanced, 0);
    nt_program_advance(model, 1);
    CHECK_EQUAL(header->advanced, 1);
    CHECK_EQUAL(nt_program_step(model, 1, features, outputs), NT_OK);
    CHECK_EQUAL(header->advanced, 0);
    nt_program_advance(model, 1);
    nt_program_reset(model, 1);
    for (size_t i = 0; i < model->row_floats; i++) CHECK(model->states[model->row_floats + i] == 0.0f);
    CHECK_EQUAL((uintptr_t)header % 64, 0);
    nt_program_destroy(model);
    fixture_free(made);
  }
}

static void test_mean_and_deviation(void) {
  for (uint32_t kind = NT_MODEL_OUTPUT_NORMAL; kind <= NT_MODEL_OUTPUT_STUDENT_T; kind++) {
    fixture_model *made = fixture_new(5, 7);
    made->file.output_kind = kind;
    made->file.output_register = fixture_dense(made, 1, kind, NT_ACTIVATION_NONE);
    new_features(made);
    nt_program *model = open_model(made, NT_PRECISION_FLOAT32, NT_ISA_AUTO, 1);
    CHECK_EQUAL(nt_program_outputs(model), 2);
    float outputs[2];
    double expected[2];
    CHECK_EQUAL(nt_program_step(model, 0, features, outputs), NT_OK);
    reference_predict(&made->file, features, 1, expected);
    CHECK(fabs((double)outputs[0] - expected[0]) < 1e-5 && fabs((double)outputs[1] - expected[1]) < 1e-5 && outputs[1] > 0);
    nt_program_destroy(model);
    fixture_free(made);
  }
}

/* A refused step leaves the row as it is. */
static void test_bad_features(void) {
  static const float bad[] = {INFINITY, -INFINITY, NAN};
  fixture_model *made = fixture_new(9, 19);
  fixture_classes(made, fixture_dense(made, fixture_recurrent(made, NT_OP_GRU, fixture_conv(made, 1, 9, 2, 2, NT_ACTIVATION_NONE), 11), 3,
                                      NT_ACTIVATION_NONE));
  new_features(made);
  nt_program *model = open_model(made, NT_PRECISION_FLOAT32, NT_ISA_AUTO, 2);
  float one[3], two[3], broken[19];
  for (uint32_t step = 0; step < STEPS; step++) {
    const float *now = features + step * 19;
    CHECK_EQUAL(nt_program_step(model, 0, now, one), NT_OK);
    memcpy(broken, now, sizeof(broken));
    broken[step % 19] = bad[step % 3];
    CHECK_EQUAL(nt_program_step(model, 1, broken, two), NT_ERR_INVALID);
    CHECK_EQUAL(nt_program_predict(model, broken, 1, 1, two), NT_ERR_INVALID);
    CHECK_EQUAL(nt_program_step(model, 1, now, two), NT_OK);
    CHECK(memcmp(one, two, sizeof(one)) == 0);
  }
  memcpy(two, one, sizeof(two));
  CHECK_EQUAL(nt_program_step(model, 2, features, two), NT_ERR_INVALID);
  CHECK_EQUAL(nt_program_predict(model, features, 1, 0, two), NT_ERR_INVALID);
  CHECK(memcmp(one, two, sizeof(one)) == 0);
  nt_program_advance(model, 2);
  nt_program_reset(model, 2);
  nt_program_destroy(model);
  fixture_free(made);
  made = fixture_new(9, 19);
  fixture_classes(made, fixture_dense(made, 1, 3, NT_ACTIVATION_NONE));
  model = open_model(made, NT_PRECISION_FLOAT32, NT_ISA_AUTO, 2);
  CHECK_EQUAL(nt_program_predict(model, features, 1, 2, two), NT_ERR_INVALID);
  nt_program_destroy(model);
  fixture_free(made);
}

static void refused(const fixture_model *made, uint32_t precision, uint32_t isa, uint32_t rows, const char *says) {
  nt_error error;
  CHECK(nt_program_create(&made->file, precision, isa, rows, &error) == NULL);
  CHECK_EQUAL(error.code, NT_ERR_INVALID);
  if (strstr(error.text, says) == NULL) (void)fprintf(stderr, "'%s' does not say '%s'\n", error.text, says);
  CHECK(strstr(error.text, says) != NULL);
  CHECK(nt_program_create(&made->file, precision, isa, rows, NULL) == NULL);
}

static void test_refused(void) {
  fixture_model *made = fixture_new(3, 4);
  fixture_classes(made, fixture_dense(made, 1, 3, NT_ACTIVATION_NONE));
  refused(made, 0, NT_ISA_AUTO, 1, "not 0");
  refused(made, 4, NT_ISA_AUTO, 1, "not 4");
  refused(made, NT_PRECISION_INT8, NT_ISA_AVX512 + 1, 1, "instruction set 4");
  refused(made, NT_PRECISION_INT8, 77, 1, "instruction set 77");
  refused(made, NT_PRECISION_INT8, NT_ISA_AUTO, 0, "instruments, not 0");
  refused(made, NT_PRECISION_INT8, NT_ISA_AUTO, NT_PROGRAM_ROWS + 1, "instruments, not");
  made->file.bias[1] = 1e16f;
  refused(made, NT_PRECISION_INT8, NT_ISA_AUTO, 1, "class 1");
  fixture_free(made);
  nt_program_destroy(NULL);
}

/* No weights of a file make infinities of finite features. */
static void test_overflow_is_refused(void) {
  for (uint32_t kind = NT_OP_NORMALISE; kind <= NT_OP_MULTIPLY; kind++) {
    uint32_t in[2] = {1, 1};
    fixture_model *made = fixture_new(3, 4);
    uint32_t at = kind == NT_OP_NORMALISE     ? 1
                  : kind >= NT_OP_ADD         ? fixture_join(made, kind, in, 2)
                  : kind == NT_OP_CAUSAL_CONV ? fixture_conv(made, 1, 7, 3, 2, NT_ACTIVATION_TANH)
                  : kind == NT_OP_LAYER_NORM  ? fixture_norm(made, 1)
                  : kind == NT_OP_DENSE       ? fixture_dense(made, 1, 7, NT_ACTIVATION_TANH)
                                              : fixture_recurrent(made, kind, 1, 7);
    fixture_classes(made, fixture_dense(made, at, 3, NT_ACTIVATION_NONE));
    if (kind == NT_OP_NORMALISE || kind >= NT_OP_ADD) {
      made->file.ops[0].clip = kind == NT_OP_MULTIPLY ? 1e8f : 6e14f;
      if (kind == NT_OP_NORMALISE) made->file.ops[0].clip = 2e15f;
      refused(made, NT_PRECISION_FLOAT32, NT_ISA_AUTO, 1, kind == NT_OP_NORMALISE ? "op 0" : "op 1");
    } else {
      for (uint32_t i = 0; i < 2; i++) {
        float *value = (float *)(uintptr_t)made->file.tensors[made->file.ops[1].tensors[i]].data + 3, old = *value;
        *value = -3e15f;
        refused(made, NT_PRECISION_FLOAT32, NT_ISA_AUTO, 1, "op 1");
        *value = old;
      }
    }
    fixture_free(made);
  }
  /* Just below, and the largest features there are. */
  fixture_model *made = fixture_new(3, 40);
  uint32_t at = fixture_dense(made, 1, 40, NT_ACTIVATION_GELU);
  float *weight = (float *)(uintptr_t)made->file.tensors[made->file.ops[1].tensors[0]].data;
  for (uint32_t i = 0; i < 1600; i++) weight[i] *= 5e12f;
  fixture_classes(made, fixture_dense(made, fixture_norm(made, fixture_dense(made, at, 40, NT_ACTIVATION_NONE)), 3, NT_ACTIVATION_NONE));
  for (uint32_t precision = NT_PRECISION_FLOAT32; precision <= NT_PRECISION_INT8; precision++) {
    nt_program *model = open_model(made, precision, NT_ISA_AUTO, 1);
    float outputs[3];
    for (uint32_t i = 0; i < 40; i++) features[i] = i % 3 == 0 ? 3.4e38f : i % 3 == 1 ? -3.4e38f : 1e-45f;
    CHECK_EQUAL(nt_program_step(model, 0, features, outputs), NT_OK);
    CHECK(isfinite(outputs[0]) && isfinite(outputs[1]) && isfinite(outputs[2]));
    nt_program_destroy(model);
  }
  fixture_free(made);
}

int main(void) {
  RUN(test_programs);
  RUN(test_batch);
  RUN(test_everything_counts);
  RUN(test_advance);
  RUN(test_mean_and_deviation);
  RUN(test_bad_features);
  RUN(test_refused);
  RUN(test_overflow_is_refused);
  return 0;
}
