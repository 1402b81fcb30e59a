/* A kernel's life: memory, tables, threads. The loop itself is in sequencer.c. */
#include "kernel.h"

#include <string.h>

#include "handle.h"

#define PROBE_NS 20000000

static int is_power_of_two(uint32_t value) {
  return value != 0 && (value & (value - 1)) == 0;
}

static int32_t refuse(nt_error *error, const char *field, int64_t observed, int64_t limit) {
  nt_error_set(error, NT_ERR_INVALID, 0, observed, limit, "kernel configuration: %s is outside its range", field);
  return NT_ERR_INVALID;
}

static int32_t complete(nt_kernel_config *config, nt_error *error) {
  if (config->channels == 0) config->channels = 8;
  if (config->order_capacity == 0) config->order_capacity = 1024;
  if (config->ring_capacity == 0) config->ring_capacity = 4096;
  if (config->tick_capacity == 0) config->tick_capacity = 16384;
  if (config->instruments == 0) config->instruments = 64;
  if (config->accounts == 0) config->accounts = 4;
  if (config->journal_bytes == 0) config->journal_bytes = 1 << 20;
  if (config->clock != NT_CLOCK_TAPE && config->clock != NT_CLOCK_MONOTONIC)
    return refuse(error, "clock", config->clock, NT_CLOCK_MONOTONIC);
  if (config->channels > NT_CHANNEL_MAX) return refuse(error, "channels", config->channels, NT_CHANNEL_MAX);
  if (config->participants > config->channels) return refuse(error, "participants", config->participants, config->channels);
  if (!is_power_of_two(config->order_capacity) || config->order_capacity > 1 << 20)
    return refuse(error, "order_capacity", config->order_capacity, 1 << 20);
  if (!is_power_of_two(config->ring_capacity) || config->ring_capacity < 64 || config->ring_capacity > 1 << 20)
    return refuse(error, "ring_capacity", config->ring_capacity, 1 << 20);
  if (!is_power_of_two(config->tick_capacity) || config->tick_capacity < 64 || config->tick_capacity > 1 << 24)
    return refuse(error, "tick_capacity", config->tick_capacity, 1 << 24);
  if (config->instruments > 65536) return refuse(error, "instruments", config->instruments, 65536);
  if (config->accounts > 1024) return refuse(error, "accounts", config->accounts, 1024);
  if (!is_power_of_two(config->journal_bytes) || config->journal_bytes < 1 << 17 || config->journal_bytes > 1 << 30)
    return refuse(error, "journal_bytes", config->journal_bytes, 1 << 30);
  if (config->record > 1) return refuse(error, "record", config->record, 1);
  if (config->latency_in_ns < 0 || config->latency_in_ns > NT_RAW_MAX)
    return refuse(error, "latency_in_ns", config->latency_in_ns, NT_RAW_MAX);
  if (config->latency_out_ns < 0 || config->latency_out_ns > NT_RAW_MAX)
    return refuse(error, "latency_out_ns", config->latency_out_ns, NT_RAW_MAX);
  if (config->slippage_ticks < 0 || config->slippage_ticks > 1000000)
    return refuse(error, "slippage_ticks", config->slippage_ticks, 1000000);
  if (config->fill_model > NT_FILL_PROBABILISTIC) return refuse(error, "fill_model", config->fill_model, NT_FILL_PROBABILISTIC);
  if (config->fill_model == 0) config->fill_model = NT_FILL_PRINTS;
  if ((config->book_depth != 0 && config->book_depth < NT_BOOK_LEVELS) || config->book_depth > 65536)
    return refuse(error, "book_depth", config->book_depth, 65536);
  if (config->measured_latency > 1) return refuse(error, "measured_latency", config->measured_latency, 1);
  if (config->models > NT_MODEL_MAX) return refuse(error, "models", config->models, NT_MODEL_MAX);
  if ((config->reserved[0] | config->reserved[1]) != 0) return refuse(error, "reserved", NT_ABSENT, 0);
  return NT_OK;
}

static int32_t no_memory(nt_error *error) {
  nt_error_set(error, NT_ERR_SYSTEM, 12, NT_ABSENT, NT_ABSENT, "no memory for the kernel's tables");
  return NT_ERR_SYSTEM;
}

static void stop_threads(nt_kernel *kernel) {
  if (!atomic_load_explicit(&kernel->looping, memory_order_acquire)) return;
  atomic_store_explicit(&kernel->stop, 1, memory_order_release);
  nt_wake(&kernel->loop_wait);
  nt_thread_join(&kernel->loop_thread);
  atomic_store_explicit(&kernel->housekeeping_stop, 1, memory_order_release);
  nt_thread_join(&kernel->housekeeping_thread);
  atomic_store_explicit(&kernel->looping, 0, memory_order_release);
}

void nt_kernel_reap(nt_kernel *kernel) {
  if (atomic_load_explicit(&kernel->stop, memory_order_acquire)) stop_threads(kernel);
}

static void destroy(void *object) {
  nt_kernel *kernel = object;
  for (uint32_t c = 0; c < NT_CHANNEL_MAX + 1; c++) {
    uint32_t handle = atomic_load_explicit(&kernel->local_handles[c], memory_order_acquire);
    if (handle != 0) (void)nt_close(handle); /* they use this kernel's memory */
  }
  while (atomic_load_explicit(&kernel->local_objects, memory_order_acquire) != 0) nt_sleep_ns(100000); /* another thread closes one */
  stop_threads(kernel);
  for (uint32_t c = 0; c < kernel->config.channels; c++) {
    if (kernel->ports[c].line.segment.base != NULL) nt_segment_close(&kernel->ports[c].line.segment, 1);
  }
  if (kernel->feed.segment.base != NULL) nt_segment_close(&kernel->feed.segment, 1);
  if (kernel->control.segment.base != NULL) nt_segment_close(&kernel->control.segment, 1);
  if (kernel->view.segment.base != NULL) nt_segment_close(&kernel->view.segment, 1); /* last: its lock guards the name */
  nt_deliver_close(kernel);
  nt_inference_destroy(&kernel->inference);
  nt_journal_close(&kernel->journal);
  nt_state_destroy(kernel->state);
  nt_memory_unmap(kernel, sizeof(nt_kernel));
}

/* The core first: who holds it owns the name, and may clear away what a dead kernel of that name left. */
static int32_t create_segments(nt_kernel *kernel, nt_error *error) {
  const nt_kernel_config *config = &kernel->config;
  uint64_t incarnation = nt_random_u64();
  char path[64];
  nt_core_path(path, config->name);
  int32_t result = path[0] == 0 ? NT_OK : nt_segment_remove_stale(path);
  if (result == NT_OK) result = nt_core_create(&kernel->view, config, incarnation, error);
  if (result == NT_ERR_NAME_IN_USE)
    nt_error_set(error, result, 0, NT_ABSENT, NT_ABSENT, "a kernel named %s runs already; stop it or choose another name", config->name);
  if (result != NT_OK) return result;
  for (uint32_t number = 0; number < NT_CHANNEL_MAX && path[0] != 0; number++) { /* a dead kernel may have had more channels */
    nt_line_path(path, config->name, number);
    if ((result = nt_segment_remove_stale(path)) != NT_OK) return result;
  }
  for (uint32_t c = 0; c < config->channels; c++) {
    nt_port *port = &kernel->ports[c];
    if ((result = nt_line_create(&port->line, config->name, c, config->ring_capacity, incarnation, error)) != NT_OK) return result;
    if ((result = nt_consumer_open(&port->orders, port->line.in, port->line.in_slots, sizeof(nt_order), port->line.in_capacity)) != NT_OK)
      return result;
    if ((result = nt_consumer_open(&port->signals, port->line.signals, port->line.signal_slots, sizeof(nt_tick),
                                   port->line.signal_capacity)) != NT_OK)
      return result;
    if ((result = nt_producer_open(&port->reports, port->line.out, port->line.out_slots, sizeof(nt_report), port->line.out_capacity)) !=
        NT_OK)
      return result;
  }
  struct {
    nt_line *line;
    uint32_t number;
  } others[] = {{&kernel->feed, NT_LINE_FEED}, {&kernel->control, NT_LINE_CONTROL}};
  for (int i = 0; i < 2; i++) {
    nt_line_path(path, config->name, others[i].number);
    if (path[0] != 0 && (result = nt_segment_remove_stale(path)) != NT_OK) return result;
    if ((result = nt_line_create(others[i].line, config->name, others[i].number, config->ring_capacity, incarnation, error)) != NT_OK)
      return result;
  }
  result = nt_consumer_open(&kernel->feed_ticks, kernel->feed.in, kernel->feed.in_slots, sizeof(nt_tick), kernel->feed.in_capacity);
  if (result == NT_OK)
    result =
        nt_consumer_open(&kernel->commands, kernel->control.in, kernel->control.in_slots, sizeof(nt_command), kernel->control.in_capacity);
  if (result == NT_OK)
    result = nt_producer_open(&kernel->answers, kernel->control.out, kernel->control.out_slots, sizeof(nt_command),
                              kernel->control.out_capacity);
  return result;
}

int32_t nt_kernel_create(const nt_kernel_config *given, uint32_t *handle, nt_error *error) {
  nt_error_set(error, NT_OK, 0, NT_ABSENT, NT_ABSENT, "no failure");
  if (given == NULL || handle == NULL) return refuse(error, "pointer", NT_ABSENT, NT_ABSENT);
  *handle = 0;
  nt_kernel_config config = *given;
  config.name[NT_NAME_BYTES - 1] = 0;
  int32_t result = nt_name_check(config.name, 1, error);
  if (result == NT_OK) result = complete(&config, error);
  if (result != NT_OK) return result;
  nt_kernel *kernel = nt_memory_map(sizeof(nt_kernel));
  if (kernel == NULL) return no_memory(error);
  kernel->config = config;
  kernel->state = nt_state_create(&config);
  if (kernel->state == NULL || nt_journal_open(&kernel->journal, config.journal_bytes, config.record) != NT_OK) {
    destroy(kernel);
    return no_memory(error);
  }
  result = create_segments(kernel, error);
  if (result != NT_OK) {
    if (error != NULL && error->code == NT_OK)
      nt_error_set(error, result, 0, NT_ABSENT, NT_ABSENT, "shared memory of kernel %s cannot be set up", config.name);
    destroy(kernel);
    return result;
  }
  *handle = nt_handle_open(NT_HANDLE_KERNEL, kernel, destroy);
  if (*handle != 0) return NT_OK;
  destroy(kernel);
  nt_error_set(error, NT_ERR_FULL, 0, NT_HANDLE_SLOTS, NT_HANDLE_SLOTS - 1, "too many open handles");
  return NT_ERR_FULL;
}

/* ---- tables ----------------------------------------------------------------------------------------------------------------- */

typedef int32_t (*nt_table_change)(nt_kernel *kernel, const void *row, nt_error *error);

static int32_t change_table(uint32_t handle, const void *row, nt_table_change change) {
  int32_t result;
  nt_kernel *kernel = nt_handle_enter(handle, NT_HANDLE_KERNEL, &result);
  if (kernel == NULL) return result;
  nt_error *error = nt_handle_error(handle);
  if (row == NULL) {
    nt_error_set(error, result = NT_ERR_INVALID, 0, NT_ABSENT, NT_ABSENT, "a row is needed, not NULL");
  } else if (atomic_load_explicit(&kernel->started, memory_order_acquire)) {
    nt_error_set(error, result = NT_ERR_STATE, 0, NT_ABSENT, NT_ABSENT, "tables are closed once the kernel has run");
  } else {
    result = change(kernel, row, error);
  }
  nt_handle_leave(handle);
  return result;
}

static int32_t add_instrument(nt_kernel *kernel, const void *row, nt_error *error) {
  int32_t index = nt_instrument_add(kernel->state, row, error);
  if (index >= 0) kernel->view.instruments[index] = kernel->state->instruments[index];
  return index;
}

static int32_t add_account(nt_kernel *kernel, const void *row, nt_error *error) {
  int32_t index = nt_account_add(kernel->state, row, error);
  if (index >= 0) kernel->view.accounts[index] = kernel->state->accounts[index];
  return index;
}

static int32_t set_terms(nt_kernel *kernel, const void *row, nt_error *error) {
  int32_t result = nt_terms_set(kernel->state, row, error);
  const nt_terms *terms = row;
  if (result == NT_OK) kernel->view.terms[nt_pair_index(kernel->state, terms->account, terms->instrument)] = *terms;
  return result;
}

typedef struct latency_row {
  uint32_t instrument;
  int64_t ns[2];
} latency_row;

static int32_t set_latency(nt_kernel *kernel, const void *row, nt_error *error) {
  const latency_row *latency = row;
  for (int i = 0; i < 2; i++) {
    if (latency->ns[i] < 0 || latency->ns[i] > NT_RAW_MAX)
      return refuse(error, i ? "latency_out_ns" : "latency_in_ns", latency->ns[i], NT_RAW_MAX);
  }
  if (latency->instrument >= kernel->state->instrument_count)
    return refuse(error, "instrument", latency->instrument, (int64_t)kernel->state->instrument_count - 1);
  memcpy(kernel->state->books[latency->instrument].latency_ns, latency->ns, sizeof(latency->ns));
  return NT_OK;
}

int32_t nt_kernel_add_instrument(uint32_t kernel, const nt_instrument *instrument) {
  return change_table(kernel, instrument, add_instrument);
}
int32_t nt_kernel_add_account(uint32_t kernel, const nt_account *account) {
  return change_table(kernel, account, add_account);
}
int32_t nt_kernel_set_terms(uint32_t kernel, const nt_terms *terms) {
  return change_table(kernel, terms, set_terms);
}
int32_t nt_kernel_set_latency(uint32_t kernel, uint32_t instrument, int64_t latency_in_ns, int64_t latency_out_ns) {
  return change_table(kernel, &(latency_row){instrument, {latency_in_ns, latency_out_ns}}, set_latency);
}

typedef struct model_row {
  const char *name;
  const nt_model_file *file; /* NULL: clients' */
  uint32_t precision, isa;
} model_row;

static int32_t add_model(nt_kernel *kernel, const void *row, nt_error *error) {
  const model_row *model = row;
  int32_t result = nt_name_check(model->name, 0, error);
  if (result != NT_OK) return result;
  for (uint32_t i = 0; i < kernel->inference.count; i++) {
    if (strcmp(kernel->view.models[i], model->name) != 0) continue;
    nt_error_set(error, NT_ERR_NAME_IN_USE, 0, i, NT_ABSENT, "model %s exists already", model->name);
    return NT_ERR_NAME_IN_USE;
  }
  result = nt_inference_add(kernel, model->file, model->precision, model->isa, error);
  if (result >= 0) memcpy(kernel->view.models[result], model->name, strlen(model->name));
  return result;
}

int32_t nt_kernel_add_model(uint32_t handle, const char *name, const void *bytes, uint64_t size, uint32_t precision, uint32_t isa) {
  nt_error error;
  nt_model_file *file = NULL;
  int32_t result = bytes == NULL ? NT_OK : nt_model_file_read(bytes, size, &file, &error);
  if (bytes == NULL && (size | precision | isa) != 0) {
    nt_error_set(&error, result = NT_ERR_INVALID, 0, NT_ABSENT, 0, "a model without bytes has no size, precision or isa");
  }
  if (result == NT_OK) {
    result = change_table(handle, name == NULL ? NULL : &(model_row){name, file, precision, isa}, add_model);
    nt_model_file_free(file);
  } else if (nt_handle_enter(handle, NT_HANDLE_KERNEL, &result) != NULL) {
    *nt_handle_error(handle) = error;
    result = error.code;
    nt_handle_leave(handle);
  }
  return result;
}

/* ---- running ---------------------------------------------------------------------------------------------------------------- */

int32_t nt_kernel_open_doors(nt_kernel *kernel) {
  if (atomic_load_explicit(&kernel->started, memory_order_relaxed)) return NT_OK;
  nt_memory_prefault(kernel->journal.bytes, kernel->journal.capacity, 1);
  atomic_store_explicit(&kernel->view.live->instruments, kernel->state->instrument_count, memory_order_relaxed);
  atomic_store_explicit(&kernel->view.live->accounts, kernel->state->account_count, memory_order_relaxed);
  atomic_store_explicit(&kernel->view.live->models, kernel->inference.count, memory_order_relaxed);
  atomic_store_explicit(&kernel->view.live->own_models, kernel->state->own_models, memory_order_relaxed);
  atomic_store_explicit(&kernel->view.live->clock, kernel->config.clock, memory_order_relaxed);
  atomic_store_explicit(&kernel->view.live->order_capacity, kernel->config.order_capacity, memory_order_relaxed);
  for (uint32_t c = 0; c < kernel->config.channels; c++) kernel->ports[c].dirty = 1;
  kernel->counters_shown.inputs = UINT64_MAX; /* none yet: the first are shown, whatever they are */
  nt_publish_slow(kernel);
  nt_segment_publish(&kernel->view.segment);
  atomic_store_explicit(&kernel->started, 1, memory_order_release);
  return NT_OK;
}

static void *loop_main(void *argument) {
  nt_loop_forever(argument);
  return NULL;
}

static void *housekeeping_main(void *argument) {
  nt_kernel *kernel = argument;
  while (!atomic_load_explicit(&kernel->housekeeping_stop, memory_order_acquire)) {
    nt_probe_peers(kernel);
    if (atomic_load_explicit(&kernel->deaths, memory_order_relaxed) != 0) nt_wake(&kernel->loop_wait);
    nt_sleep_ns(PROBE_NS);
  }
  return NULL;
}

int32_t nt_kernel_start(uint32_t handle) {
  int32_t result;
  nt_kernel *kernel = nt_handle_enter(handle, NT_HANDLE_KERNEL, &result);
  if (kernel == NULL) return result;
  nt_error *error = nt_handle_error(handle);
  nt_kernel_reap(kernel);
  if (atomic_load_explicit(&kernel->looping, memory_order_acquire)) {
    nt_error_set(error, result = NT_ERR_STATE, 0, NT_ABSENT, NT_ABSENT, "the kernel is running already");
  } else {
    nt_kernel_open_doors(kernel);
    atomic_store_explicit(&kernel->stop, 0, memory_order_release);
    atomic_store_explicit(&kernel->housekeeping_stop, 0, memory_order_release);
    int failure = nt_thread_start(&kernel->housekeeping_thread, housekeeping_main, kernel);
    if (failure == 0 && (failure = nt_thread_start(&kernel->loop_thread, loop_main, kernel)) != 0) {
      atomic_store_explicit(&kernel->housekeeping_stop, 1, memory_order_release);
      nt_thread_join(&kernel->housekeeping_thread);
    }
    if (failure == 0) {
      atomic_store_explicit(&kernel->looping, 1, memory_order_release);
      result = NT_OK;
    } else {
      nt_error_set(error, result = NT_ERR_SYSTEM, failure, NT_ABSENT, NT_ABSENT, "no thread for the kernel's loop");
    }
  }
  nt_handle_leave(handle);
  return result;
}

int32_t nt_kernel_stop(uint32_t handle) {
  int32_t result;
  nt_kernel *kernel = nt_handle_enter(handle, NT_HANDLE_KERNEL, &result);
  if (kernel == NULL) return result;
  stop_threads(kernel);
  atomic_store_explicit(&kernel->stop, 0, memory_order_release);
  nt_handle_leave(handle);
  return NT_OK;
}

/* The caller's thread is the loop: nobody else may be. */
static nt_kernel *enter_loop(uint32_t handle, int32_t *result) {
  nt_kernel *kernel = nt_handle_enter(handle, NT_HANDLE_KERNEL, result);
  if (kernel == NULL) return NULL;
  int stopped = atomic_load_explicit(&kernel->stop, memory_order_acquire) != 0;
  if (stopped || atomic_load_explicit(&kernel->looping, memory_order_acquire)) {
    nt_error_set(nt_handle_error(handle), *result = NT_ERR_STATE, 0, NT_ABSENT, NT_ABSENT,
                 stopped ? "the kernel was told to stop; nt_kernel_stop acknowledges it, nt_kernel_start begins again"
                         : "the kernel runs on its own thread; stop it first");
    nt_handle_leave(handle);
    return NULL;
  }
  nt_kernel_open_doors(kernel);
  int64_t now = nt_time_coarse_ns();
  if (now - kernel->probed_ns >= PROBE_NS) {
    kernel->probed_ns = now;
    nt_probe_peers(kernel);
    nt_publish_slow(kernel); /* for monitors: no loop of the kernel's own does it */
  }
  return kernel;
}

int32_t nt_kernel_run(uint32_t handle, uint32_t budget) {
  int32_t result;
  uint32_t inputs = 0;
  nt_kernel *kernel = enter_loop(handle, &result);
  if (kernel == NULL) return result;
  if (budget > INT32_MAX) budget = INT32_MAX;
  while (inputs < budget && !atomic_load_explicit(&kernel->stop, memory_order_relaxed)) {
    uint32_t taken = nt_loop_pass(kernel);
    if (taken == 0) break;
    inputs += taken;
  }
  nt_handle_leave(handle);
  return inputs > INT32_MAX ? INT32_MAX : (int32_t)inputs;
}

int32_t nt_kernel_replay(uint32_t handle, const nt_tick *ticks, uint32_t count) {
  int32_t result;
  nt_kernel *kernel = enter_loop(handle, &result);
  if (kernel == NULL) return result;
  if (kernel->config.clock != NT_CLOCK_TAPE || (ticks == NULL && count > 0) || count > INT32_MAX) {
    nt_error_set(nt_handle_error(handle), result = NT_ERR_INVALID, 0, count, INT32_MAX,
                 "replay needs a kernel with the tape clock, and ticks");
  } else {
    result = (int32_t)nt_loop_replay(kernel, ticks, count);
  }
  nt_handle_leave(handle);
  return result;
}

int32_t nt_kernel_sample(uint32_t handle, const nt_tick *ticks, uint32_t count, uint32_t clock, uint32_t every, nt_sample *samples,
                         uint32_t sample_count, uint32_t *taken) {
  int32_t result;
  nt_kernel *kernel = enter_loop(handle, &result);
  if (kernel == NULL) return result;
  nt_inference *inference = &kernel->inference;
  uint64_t room = (uint64_t)count + kernel->state->instrument_count;
  if (kernel->config.clock != NT_CLOCK_TAPE || (ticks == NULL && count > 0) || count > INT32_MAX / 2 || samples == NULL ||
      sample_count < room || taken == NULL || clock < NT_MODEL_CLOCK_TICK || clock > NT_MODEL_CLOCK_TIME_CHANGE || every == 0) {
    nt_error_set(nt_handle_error(handle), result = NT_ERR_INVALID, 0, sample_count, (int64_t)room,
                 "samples need a kernel with the tape clock, ticks, a clock of models, and room for as many as there may be");
  } else if ((result = nt_inference_watch(kernel)) != NT_OK) {
    nt_error_set(nt_handle_error(handle), result, 12, NT_ABSENT, NT_ABSENT, "no memory for samples");
  } else {
    if (clock != inference->sample_clock || every != inference->sample_every)
      memset(inference->sample_events, 0, kernel->config.instruments * sizeof(uint64_t));
    inference->active = 1; /* from now on, so that slices are followed between two calls, too */
    inference->samples = samples;
    inference->sample_count = 0;
    inference->sample_clock = clock;
    inference->sample_every = every;
    *taken = nt_loop_replay(kernel, ticks, count);
    inference->samples = NULL;
    result = (int32_t)inference->sample_count;
  }
  nt_handle_leave(handle);
  return result;
}

int32_t nt_kernel_drain(uint32_t handle, void *frames, uint32_t bytes) {
  int32_t result;
  nt_kernel *kernel = nt_handle_peek(handle, NT_HANDLE_KERNEL, &result); /* beside the loop: the journal has one reader */
  if (kernel == NULL) return result;
  if (atomic_exchange_explicit(&kernel->draining, 1, memory_order_acquire)) {
    result = NT_ERR_BUSY;
  } else {
    result = frames == NULL || bytes > INT32_MAX ? NT_ERR_INVALID : nt_journal_drain(&kernel->journal, frames, bytes);
    atomic_store_explicit(&kernel->draining, 0, memory_order_release);
  }
  nt_handle_unpeek(handle);
  return result;
}

int32_t nt_kernel_set_state(uint32_t handle, uint32_t account, uint32_t state, const char *reason) {
  int32_t result;
  nt_kernel *kernel = nt_handle_enter(handle, NT_HANDLE_KERNEL, &result);
  if (kernel == NULL) return result;
  nt_command command = {.kind = NT_COMMAND_SET_STATE, .state = (uint8_t)state, .account = (uint16_t)account};
  if (account > 65535 || state < NT_STATE_ACTIVE || state > NT_STATE_HALTED || reason == NULL) {
    nt_error_set(nt_handle_error(handle), result = NT_ERR_INVALID, 0, state, NT_STATE_HALTED,
                 "a trading state is ACTIVE, REDUCING or HALTED, with a reason");
  } else {
    strncpy(command.reason, reason, sizeof(command.reason) - 1);
    kernel->own_command = command;
    nt_kernel_open_doors(kernel);
    atomic_store_explicit(&kernel->own_pending, 1, memory_order_release);
    nt_wake(&kernel->loop_wait);
    result = NT_OK;
    while (atomic_load_explicit(&kernel->own_pending, memory_order_acquire)) {
      nt_kernel_reap(kernel);
      if (!atomic_load_explicit(&kernel->looping, memory_order_acquire)) {
        (void)nt_loop_service(kernel);
        if (atomic_exchange_explicit(&kernel->own_pending, 0, memory_order_acq_rel) == 0) continue;
        nt_error_set(nt_handle_error(handle), result = NT_ERR_FULL, 0, NT_ABSENT, NT_ABSENT,
                     "no room for frames; drain them and try again");
        break;
      } else if (nt_handle_closing(handle)) {
        result = NT_ERR_CLOSED;
        break;
      } else {
        nt_thread_yield();
      }
    }
    if (result == NT_OK) result = kernel->own_command.result;
    if (result == NT_ERR_NOT_FOUND)
      nt_error_set(nt_handle_error(handle), result, 0, account, (int64_t)kernel->state->account_count - 1, "no such account");
  }
  nt_handle_leave(handle);
  return result;
}
