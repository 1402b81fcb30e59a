#include "inference.h"

#include <stdlib.h>
#include <string.h>

#include "kernel.h"
#include "model_math.h"
#include "segment.h"

static uint32_t capacity(const nt_kernel *kernel) {
  return kernel->config.instruments;
}

/* ---- making ----------------------------------------------------------------------------------------------------------------- */

static void free_watches(nt_inference *inference) {
  free(inference->watches);
  free(inference->slice);
  free(inference->stepped);
  free(inference->sample_events);
  free(inference->waiting);
  inference->watches = NULL;
  inference->slice = inference->stepped = NULL;
  inference->sample_events = NULL;
  inference->waiting = NULL;
}

int32_t nt_inference_watch(nt_kernel *kernel) {
  nt_inference *inference = &kernel->inference;
  if (inference->watches != NULL) return NT_OK;
  inference->watches = calloc(capacity(kernel), sizeof(nt_watch));
  inference->slice = calloc(capacity(kernel), sizeof(uint32_t));
  inference->stepped = calloc(capacity(kernel), sizeof(uint32_t));
  inference->sample_events = calloc(capacity(kernel), sizeof(uint64_t));
  inference->waiting =
      calloc((size_t)2 * NT_MODEL_MAX * capacity(kernel), sizeof(nt_tick)); /* each says that it is not ready, and that it is */
  if (inference->watches && inference->slice && inference->stepped && inference->sample_events && inference->waiting) return NT_OK;
  free_watches(inference);
  return NT_ERR_SYSTEM;
}

static int32_t refuse(nt_error *error, int32_t code, int64_t observed, int64_t limit, const char *text) {
  nt_error_set(error, code, code == NT_ERR_SYSTEM ? 12 : 0, observed, limit, "%s", text);
  return code;
}

/* Instruments may be added after the model: those that the file lists have to be there now. */
static int32_t take_seats(const nt_kernel *kernel, const nt_model_file *file, nt_resident *resident, nt_error *error) {
  for (uint32_t i = 0; i < capacity(kernel); i++) {
    resident->seats[i].ts = NT_ABSENT;
    resident->seats[i].taken = file->scope == NT_MODEL_SCOPE_ANY;
  }
  for (uint32_t s = 0; s < file->symbol_count; s++) {
    uint32_t i = 0;
    while (i < kernel->state->instrument_count && strcmp(kernel->state->instruments[i].symbol, file->symbols[s]) != 0) i++;
    if (i == kernel->state->instrument_count) {
      nt_error_set(error, NT_ERR_INVALID, 0, NT_ABSENT, NT_ABSENT, "the model is for %s, which is no instrument of this kernel",
                   file->symbols[s]);
      return NT_ERR_INVALID;
    }
    resident->seats[i].taken = 1;
  }
  return NT_OK;
}

/* What was measured on the calibration part decides, and where nothing was measured nobody knows. */
static int32_t check_precision(const nt_model_file *file, uint32_t precision, nt_error *error) {
  if (precision == NT_PRECISION_FLOAT32 || precision > NT_PRECISION_INT8) return NT_OK; /* others are refused by nt_program_create */
  const nt_model_deviation *measured = &file->deviations[precision];
  const char *name = precision == NT_PRECISION_INT8 ? "int8" : "bfloat16";
  if (measured->rows == 0) {
    nt_error_set(error, NT_ERR_INVALID, 0, 0, 1, "nobody has measured this model in %s; neural-trader model quantize does", name);
    return NT_ERR_INVALID;
  }
  if (measured->max_dp * 1e6 <= NT_PRECISION_MAX_PPM && measured->p99_dp * 1e6 <= NT_PRECISION_P99_PPM &&
      measured->log_loss_change * 1e6 <= NT_PRECISION_LOG_LOSS_PPM)
    return NT_OK;
  nt_error_set(error, NT_ERR_INVALID, 0, NT_ABSENT, NT_ABSENT,
               "in %s probabilities differ by %.4f (99 %% by %.4f), log loss by %.5f; %.3f, %.3f and %.3f are allowed: use float32", name,
               measured->max_dp, measured->p99_dp, measured->log_loss_change, NT_PRECISION_MAX_PPM / 1e6, NT_PRECISION_P99_PPM / 1e6,
               NT_PRECISION_LOG_LOSS_PPM / 1e6);
  return NT_ERR_INVALID;
}

int32_t nt_inference_add(nt_kernel *kernel, const nt_model_file *file, uint32_t precision, uint32_t isa, nt_error *error) {
  nt_inference *inference = &kernel->inference;
  if (inference->count >= kernel->config.models)
    return refuse(error, NT_ERR_FULL, (int64_t)inference->count + 1, kernel->config.models, "the table of models is full");
  if (file == NULL) {
    kernel->state->models = inference->count + 1;
    return (int32_t)inference->count++; /* a resident without seats never moves */
  }
  if (file->output_kind == NT_MODEL_OUTPUT_STUDENT_T)
    return refuse(error, NT_ERR_INVALID, NT_ABSENT, NT_ABSENT, "signals have no confidence for a student_t output; use normal, or classes");
  if (file->output_kind == NT_MODEL_OUTPUT_CLASSES && file->class_count > NT_SIGNAL_VALUES)
    return refuse(error, NT_ERR_INVALID, file->class_count, NT_SIGNAL_VALUES, "the model has more classes than a signal has values");
  if (check_precision(file, precision, error) != NT_OK) return NT_ERR_INVALID;
  nt_resident *resident = &inference->residents[inference->count];
  *resident = (nt_resident){.gap_ns = (file->reset_on & NT_MODEL_RESET_GAP) != 0 ? file->gap_ns : INT64_MAX,
                            .feature_count = file->feature_count,
                            .output_kind = file->output_kind,
                            .clock = file->clock_on,
                            .every = file->clock_every,
                            .warm_up = file->warm_up,
                            .reset_on = file->reset_on};
  memcpy(resident->features, file->features, sizeof(resident->features));
  uint32_t flags = file->calibration_kind == NT_MODEL_CALIBRATION_VECTOR ? NT_SIGNAL_CALIBRATED : 0;
  if (precision == NT_PRECISION_BFLOAT16) flags |= NT_SIGNAL_BFLOAT16;
  if (precision == NT_PRECISION_INT8) flags |= NT_SIGNAL_INT8;
  resident->signal_flags = (uint8_t)flags;
  resident->seats = calloc(capacity(kernel), sizeof(nt_seat));
  if (resident->seats == NULL || nt_inference_watch(kernel) != NT_OK) {
    free(resident->seats);
    *resident = (nt_resident){0};
    return refuse(error, NT_ERR_SYSTEM, NT_ABSENT, NT_ABSENT, "no memory for a model's instruments");
  }
  int32_t result = take_seats(kernel, file, resident, error);
  if (result == NT_OK) {
    resident->program = nt_program_create(file, precision, isa, capacity(kernel), error);
    if (resident->program == NULL) result = error->code;
  }
  if (result != NT_OK) {
    free(resident->seats);
    *resident = (nt_resident){0}; /* a model without a file may take this place next */
    return result;
  }
  resident->outputs = nt_program_outputs(resident->program);
  inference->active = 1;
  kernel->state->own_models |= 1u << inference->count;
  kernel->state->models = inference->count + 1;
  return (int32_t)inference->count++;
}

void nt_inference_destroy(nt_inference *inference) {
  for (uint32_t m = 0; m < inference->count; m++) {
    nt_program_destroy(inference->residents[m].program);
    free(inference->residents[m].seats);
  }
  free_watches(inference);
}

/* ---- signals ---------------------------------------------------------------------------------------------------------------- */

static nt_tick *say(nt_kernel *kernel, uint32_t model, uint32_t instrument, int64_t ts_event) {
  nt_inference *inference = &kernel->inference;
  nt_tick *signal = &inference->waiting[inference->waiting_first + inference->waiting_count++];
  const nt_resident *resident = &inference->residents[model];
  *signal = (nt_tick){.ts_event = ts_event, .instrument = instrument, .kind = NT_TICK_SIGNAL};
  signal->model = (uint16_t)model;
  signal->value_count = (uint8_t)resident->outputs;
  signal->signal_flags = resident->signal_flags;
  return signal;
}

int nt_inference_flush(nt_kernel *kernel) {
  nt_inference *inference = &kernel->inference;
  while (inference->waiting_count > 0) {
    nt_tick *signal = &inference->waiting[inference->waiting_first];
    if (!nt_loop_signal(kernel, NT_KERNEL_CHANNEL, signal)) return 0;
    inference->waiting_first++;
    inference->waiting_count--;
  }
  inference->waiting_first = 0;
  return 1;
}

static void reset(nt_kernel *kernel, uint32_t model, uint32_t instrument, int64_t ts_event) {
  nt_resident *resident = &kernel->inference.residents[model];
  nt_seat *seat = &resident->seats[instrument];
  nt_program_reset(resident->program, instrument);
  seat->steps = 0;
  seat->ts = NT_ABSENT;
  if (!seat->ready) return;
  seat->ready = 0;
  nt_tick *signal = say(kernel, model, instrument, ts_event);
  signal->signal_flags |= NT_SIGNAL_NOT_READY;
  for (uint32_t i = 0; i < signal->value_count; i++) signal->values[i] = __builtin_nanf("");
  signal->confidence = __builtin_nanf("");
}

/* P(the sign of the mean is right): the normal distribution at |mean| / deviation, Abramowitz and Stegun 26.2.17, within 1e-7. */
static float sign_probability(float mean, float deviation) {
  float x = __builtin_fabsf(mean);
  if (x >= 8 * deviation) return 1;
  x /= deviation;
  float t = 1 / __builtin_fmaf(0.2316419f, x, 1);
  float sum = __builtin_fmaf(
      __builtin_fmaf(__builtin_fmaf(__builtin_fmaf(1.330274429f, t, -1.821255978f), t, 1.781477937f), t, -0.356563782f), t, 0.319381530f);
  return 1 - 0.39894228f * nt_exp(-0.5f * x * x) * (sum * t);
}

static void step(nt_kernel *kernel, uint32_t model, uint32_t instrument, int64_t ts_event, const double *values) {
  nt_resident *resident = &kernel->inference.residents[model];
  nt_seat *seat = &resident->seats[instrument];
  float features[NT_FEATURE_COUNT], outputs[NT_SIGNAL_VALUES];
  for (uint32_t i = 0; i < resident->feature_count; i++) features[i] = (float)values[resident->features[i]];
  if (seat->ts != NT_ABSENT && (nt_wide)ts_event - seat->ts > resident->gap_ns) reset(kernel, model, instrument, ts_event);
  if (nt_program_step(resident->program, instrument, features, outputs) != NT_OK) { /* a feature is not known yet, or not any more */
    if (seat->ready) reset(kernel, model, instrument, ts_event);
    return;
  }
  seat->ts = ts_event;
  nt_watch *watch = &kernel->inference.watches[instrument];
  if (!watch->stepped) kernel->inference.stepped[kernel->inference.stepped_count++] = instrument;
  watch->stepped = 1;
  if (seat->steps < resident->warm_up) {
    seat->steps++;
    return;
  }
  seat->ready = 1;
  nt_tick *signal = say(kernel, model, instrument, ts_event);
  memcpy(signal->values, outputs, resident->outputs * sizeof(float));
  if (resident->output_kind == NT_MODEL_OUTPUT_CLASSES) {
    for (uint32_t i = 0; i < resident->outputs; i++) signal->confidence = outputs[i] > signal->confidence ? outputs[i] : signal->confidence;
  } else {
    signal->confidence = sign_probability(outputs[0], outputs[1]);
  }
}

/* ---- clocks ----------------------------------------------------------------------------------------------------------------- */

static uint64_t events_of(uint32_t clock, uint64_t ticks, uint64_t trades, uint32_t time_changes) {
  switch (clock) {
    case NT_MODEL_CLOCK_TICK:
      return ticks;
    case NT_MODEL_CLOCK_QUOTE:
      return ticks - trades;
    case NT_MODEL_CLOCK_TRADE:
      return trades;
    default:
      return time_changes;
  }
}

static void sample(nt_kernel *kernel, uint32_t instrument, int64_t ts_event, const double *values) {
  nt_inference *inference = &kernel->inference;
  const nt_market *market = &kernel->state->markets[instrument];
  nt_sample *out = &inference->samples[inference->sample_count++];
  *out = (nt_sample){.ts_event = ts_event,
                     .ticks = kernel->state->counters.ticks,
                     .bid_price = market->bid,
                     .ask_price = market->ask,
                     .last_price = market->last,
                     .instrument = instrument,
                     .resets = inference->watches[instrument].resets};
  memcpy(out->features, values, sizeof(out->features));
}

/* What happened to an instrument since it was last looked at. Features are read once, for all whose clock has ticked. */
static void look(nt_kernel *kernel, uint32_t instrument, int64_t ts_event, int slice_ends) {
  nt_inference *inference = &kernel->inference;
  const nt_features *features = &kernel->state->features[instrument];
  nt_watch *watch = &inference->watches[instrument];
  double values[NT_FEATURE_COUNT];
  int read = 0;
  uint64_t ticks = (uint64_t)(features->ticks - watch->ticks), trades = (uint64_t)(features->trades - watch->trades);
  watch->ticks = features->ticks;
  watch->trades = features->trades;
  watch->moved |= ticks > 0;
  uint32_t time_changes = slice_ends && watch->moved;
  for (uint32_t m = 0; m < inference->count; m++) {
    const nt_resident *resident = &inference->residents[m];
    if (resident->program == NULL || !resident->seats[instrument].taken) continue;
    nt_seat *seat = &resident->seats[instrument];
    seat->events += events_of(resident->clock, ticks, trades, time_changes);
    if (seat->events < resident->every) continue;
    seat->events %= resident->every;
    if (!read) (void)nt_features_read(features, values, NT_FEATURE_COUNT);
    read = 1;
    step(kernel, m, instrument, ts_event, values);
  }
  if (inference->samples == NULL) return;
  inference->sample_events[instrument] += events_of(inference->sample_clock, ticks, trades, time_changes);
  if (inference->sample_events[instrument] < inference->sample_every) return;
  inference->sample_events[instrument] %= inference->sample_every;
  if (!read) (void)nt_features_read(features, values, NT_FEATURE_COUNT);
  sample(kernel, instrument, ts_event, values);
}

static void reset_all(nt_kernel *kernel, uint32_t instrument, int64_t ts_event, uint32_t cause) {
  nt_inference *inference = &kernel->inference;
  nt_watch *watch = &inference->watches[instrument];
  const nt_features *features = &kernel->state->features[instrument];
  watch->resets++;
  watch->moved = 0; /* what came before in this slice is of the past */
  watch->ticks = features->ticks;
  watch->trades = features->trades;
  for (uint32_t m = 0; m < inference->count; m++) {
    if ((inference->residents[m].reset_on & cause) != 0 && inference->residents[m].seats[instrument].taken)
      reset(kernel, m, instrument, ts_event);
  }
}

void nt_inference_tick(nt_kernel *kernel, const nt_tick *tick) {
  if (tick->kind == NT_TICK_GAP) {
    for (uint32_t i = 0; i < kernel->state->instrument_count; i++) {
      if (tick->instrument == i || tick->instrument == NT_NONE) reset_all(kernel, i, tick->ts_event, NT_MODEL_RESET_GAP);
    }
  } else if (tick->instrument < kernel->state->instrument_count && tick->kind != NT_TICK_CLOCK) {
    nt_watch *watch = &kernel->inference.watches[tick->instrument];
    if (!watch->listed) kernel->inference.slice[kernel->inference.slice_count++] = tick->instrument;
    watch->listed = 1;
    if (tick->kind == NT_TICK_SESSION && tick->price == NT_SESSION_OPEN)
      reset_all(kernel, tick->instrument, tick->ts_event, NT_MODEL_RESET_SESSION);
    look(kernel, tick->instrument, tick->ts_event, 0);
  }
}

void nt_inference_slice(nt_kernel *kernel) {
  nt_inference *inference = &kernel->inference;
  for (uint32_t i = 0; i < inference->slice_count; i++) {
    uint32_t instrument = inference->slice[i];
    look(kernel, instrument, kernel->state->quotes[instrument].ts_event, 1);
    inference->watches[instrument].listed = inference->watches[instrument].moved = 0;
  }
  inference->slice_count = 0;
}

void nt_inference_advance(nt_kernel *kernel) {
  nt_inference *inference = &kernel->inference;
  for (uint32_t i = 0; i < inference->stepped_count; i++) {
    uint32_t instrument = inference->stepped[i];
    inference->watches[instrument].stepped = 0;
    for (uint32_t m = 0; m < inference->count; m++) {
      const nt_resident *resident = &inference->residents[m];
      if (resident->program != NULL && resident->seats[instrument].taken) nt_program_advance(resident->program, instrument);
    }
  }
  inference->stepped_count = 0;
}
