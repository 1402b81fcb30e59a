/* Generated from csrc/neural_trader.h by csrc/bindgen.py; do not edit. */
#ifndef NT_ADDON_SYMBOLS_H
#define NT_ADDON_SYMBOLS_H

#include "arguments.h"

/* The functions of one library. */
typedef struct nt_symbols {
  uint32_t (*nt_abi_version)(void);
  uint64_t (*nt_layout_hash)(void);
  int64_t (*nt_clock_ns)(void);
  int32_t (*nt_last_error)(uint32_t, nt_error *);
  int32_t (*nt_close)(uint32_t);
  int32_t (*nt_ring_create)(const char *, uint32_t, uint32_t, uint64_t, uint32_t *, nt_error *);
  int32_t (*nt_ring_attach)(const char *, uint32_t, uint32_t *, nt_error *);
  int32_t (*nt_ring_push)(uint32_t, const void *, uint32_t);
  int32_t (*nt_ring_pop)(uint32_t, void *, uint32_t);
  int32_t (*nt_ring_pop_wait)(uint32_t, void *, uint32_t, int64_t);
  int32_t (*nt_ring_claim)(uint32_t, uint32_t, void **);
  int32_t (*nt_ring_commit)(uint32_t, uint32_t);
  int32_t (*nt_ring_peek)(uint32_t, uint32_t, void **);
  int32_t (*nt_ring_release)(uint32_t, uint32_t);
  int32_t (*nt_kernel_create)(const nt_kernel_config *, uint32_t *, nt_error *);
  int32_t (*nt_kernel_add_instrument)(uint32_t, const nt_instrument *);
  int32_t (*nt_kernel_add_account)(uint32_t, const nt_account *);
  int32_t (*nt_kernel_set_terms)(uint32_t, const nt_terms *);
  int32_t (*nt_kernel_set_latency)(uint32_t, uint32_t, int64_t, int64_t);
  int32_t (*nt_kernel_add_model)(uint32_t, const char *, const void *, uint64_t, uint32_t, uint32_t);
  int32_t (*nt_kernel_start)(uint32_t);
  int32_t (*nt_kernel_stop)(uint32_t);
  int32_t (*nt_kernel_run)(uint32_t, uint32_t);
  int32_t (*nt_kernel_replay)(uint32_t, const nt_tick *, uint32_t);
  int32_t (*nt_kernel_sample)(uint32_t, const nt_tick *, uint32_t, uint32_t, uint32_t, nt_sample *, uint32_t, uint32_t *);
  int32_t (*nt_kernel_drain)(uint32_t, void *, uint32_t);
  int32_t (*nt_kernel_set_state)(uint32_t, uint32_t, uint32_t, const char *);
  int32_t (*nt_kernel_client)(uint32_t, const char *, uint32_t *, nt_error *);
  int32_t (*nt_kernel_feed)(uint32_t, uint32_t *, nt_error *);
  int32_t (*nt_client_attach)(const char *, const char *, int64_t, uint32_t *, nt_error *);
  int32_t (*nt_client_subscribe)(uint32_t);
  int32_t (*nt_client_submit)(uint32_t, nt_order *);
  int32_t (*nt_client_submit_batch)(uint32_t, nt_order *, uint32_t);
  int32_t (*nt_client_signal)(uint32_t, const nt_tick *);
  int32_t (*nt_client_poll)(uint32_t, nt_tick *, uint32_t, nt_report *, uint32_t, int64_t, nt_poll *);
  int32_t (*nt_client_wait)(uint32_t, uint32_t, int64_t);
  int32_t (*nt_client_interrupt)(uint32_t);
  int32_t (*nt_client_orders)(uint32_t, nt_open_order *, uint32_t);
  int32_t (*nt_feed_attach)(const char *, int64_t, uint32_t *, nt_error *);
  int32_t (*nt_feed_push)(uint32_t, const nt_tick *, uint32_t, int64_t);
  int32_t (*nt_control_attach)(const char *, int64_t, uint32_t *, nt_error *);
  int32_t (*nt_control_send)(uint32_t, nt_command *, int64_t);
  int32_t (*nt_control_next_order)(uint32_t, uint32_t, nt_working_order *, int64_t);
  int32_t (*nt_monitor_attach)(const char *, uint32_t *, nt_error *);
  int32_t (*nt_read_status)(uint32_t, nt_status *);
  int32_t (*nt_read_now)(uint32_t, int64_t *);
  int32_t (*nt_read_counters)(uint32_t, nt_counters *);
  int32_t (*nt_read_channel)(uint32_t, uint32_t, nt_channel *);
  int32_t (*nt_read_instrument)(uint32_t, uint32_t, nt_instrument *);
  int32_t (*nt_find_instrument)(uint32_t, const char *);
  int32_t (*nt_read_account_config)(uint32_t, uint32_t, nt_account *);
  int32_t (*nt_find_account)(uint32_t, const char *);
  int32_t (*nt_read_terms)(uint32_t, uint32_t, uint32_t, nt_terms *);
  int32_t (*nt_read_quote)(uint32_t, uint32_t, nt_quote *);
  int32_t (*nt_read_book)(uint32_t, uint32_t, nt_book *);
  int32_t (*nt_read_position)(uint32_t, uint32_t, uint32_t, nt_position *);
  int32_t (*nt_read_account)(uint32_t, uint32_t, nt_account_view *);
  int32_t (*nt_read_features)(uint32_t, uint32_t, double *, uint32_t);
  int32_t (*nt_feature_name)(uint32_t, char *, uint32_t);
  int32_t (*nt_read_model_name)(uint32_t, uint32_t, char *, uint32_t);
  int32_t (*nt_read_signal)(uint32_t, uint32_t, uint32_t, nt_tick *);
  int32_t (*nt_read_latency)(uint32_t, uint32_t, nt_latency *);
  int32_t (*nt_read_latency_counts)(uint32_t, uint32_t, uint64_t *, uint32_t);
  int32_t (*nt_model_load)(const void *, uint64_t, uint32_t, uint32_t, uint32_t, uint32_t *, nt_error *);
  int32_t (*nt_model_read_info)(uint32_t, nt_model_info *);
  int32_t (*nt_model_predict)(uint32_t, const float *, uint32_t, uint32_t, double *);
  int32_t (*nt_model_step)(uint32_t, uint32_t, const float *, double *);
  int32_t (*nt_model_advance)(uint32_t, uint32_t);
  int32_t (*nt_model_reset)(uint32_t, uint32_t);
} nt_symbols;

static napi_value call_nt_abi_version(napi_env env, napi_callback_info info) {
  const nt_symbols *symbols = nt_arguments(env, info, NULL, 0);
  if (symbols == NULL) return NULL;
  napi_value result;
  return napi_create_uint32(env, symbols->nt_abi_version(), &result) == napi_ok ? result : NULL;
}

static napi_value call_nt_layout_hash(napi_env env, napi_callback_info info) {
  const nt_symbols *symbols = nt_arguments(env, info, NULL, 0);
  if (symbols == NULL) return NULL;
  napi_value result;
  return napi_create_bigint_uint64(env, symbols->nt_layout_hash(), &result) == napi_ok ? result : NULL;
}

static napi_value call_nt_clock_ns(napi_env env, napi_callback_info info) {
  const nt_symbols *symbols = nt_arguments(env, info, NULL, 0);
  if (symbols == NULL) return NULL;
  napi_value result;
  return napi_create_bigint_int64(env, symbols->nt_clock_ns(), &result) == napi_ok ? result : NULL;
}

static napi_value call_nt_last_error(napi_env env, napi_callback_info info) {
  napi_value given[2];
  const nt_symbols *symbols = nt_arguments(env, info, given, 2);
  if (symbols == NULL) return NULL;
  uint32_t handle;
  if (!nt_argument_u32(env, given[0], &handle)) return NULL;
  void *error;
  if (!nt_argument_pointer(env, given[1], &error)) return NULL;
  napi_value result;
  return napi_create_int32(env, symbols->nt_last_error(handle, error), &result) == napi_ok ? result : NULL;
}

static napi_value call_nt_close(napi_env env, napi_callback_info info) {
  napi_value given[1];
  const nt_symbols *symbols = nt_arguments(env, info, given, 1);
  if (symbols == NULL) return NULL;
  uint32_t handle;
  if (!nt_argument_u32(env, given[0], &handle)) return NULL;
  napi_value result;
  return napi_create_int32(env, symbols->nt_close(handle), &result) == napi_ok ? result : NULL;
}

static napi_value call_nt_ring_create(napi_env env, napi_callback_info info) {
  napi_value given[6];
  const nt_symbols *symbols = nt_arguments(env, info, given, 6);
  if (symbols == NULL) return NULL;
  void *name;
  if (!nt_argument_pointer(env, given[0], &name)) return NULL;
  uint32_t record_bytes;
  if (!nt_argument_u32(env, given[1], &record_bytes)) return NULL;
  uint32_t capacity;
  if (!nt_argument_u32(env, given[2], &capacity)) return NULL;
  uint64_t start_index;
  if (!nt_argument_u64(env, given[3], &start_index)) return NULL;
  void *ring;
  if (!nt_argument_pointer(env, given[4], &ring)) return NULL;
  void *error;
  if (!nt_argument_pointer(env, given[5], &error)) return NULL;
  napi_value result;
  return napi_create_int32(env, symbols->nt_ring_create(name, record_bytes, capacity, start_index, ring, error), &result) == napi_ok ? result : NULL;
}

static napi_value call_nt_ring_attach(napi_env env, napi_callback_info info) {
  napi_value given[4];
  const nt_symbols *symbols = nt_arguments(env, info, given, 4);
  if (symbols == NULL) return NULL;
  void *name;
  if (!nt_argument_pointer(env, given[0], &name)) return NULL;
  uint32_t role;
  if (!nt_argument_u32(env, given[1], &role)) return NULL;
  void *ring;
  if (!nt_argument_pointer(env, given[2], &ring)) return NULL;
  void *error;
  if (!nt_argument_pointer(env, given[3], &error)) return NULL;
  napi_value result;
  return napi_create_int32(env, symbols->nt_ring_attach(name, role, ring, error), &result) == napi_ok ? result : NULL;
}

static napi_value call_nt_ring_push(napi_env env, napi_callback_info info) {
  napi_value given[3];
  const nt_symbols *symbols = nt_arguments(env, info, given, 3);
  if (symbols == NULL) return NULL;
  uint32_t ring;
  if (!nt_argument_u32(env, given[0], &ring)) return NULL;
  void *records;
  if (!nt_argument_pointer(env, given[1], &records)) return NULL;
  uint32_t count;
  if (!nt_argument_u32(env, given[2], &count)) return NULL;
  napi_value result;
  return napi_create_int32(env, symbols->nt_ring_push(ring, records, count), &result) == napi_ok ? result : NULL;
}

static napi_value call_nt_ring_pop(napi_env env, napi_callback_info info) {
  napi_value given[3];
  const nt_symbols *symbols = nt_arguments(env, info, given, 3);
  if (symbols == NULL) return NULL;
  uint32_t ring;
  if (!nt_argument_u32(env, given[0], &ring)) return NULL;
  void *records;
  if (!nt_argument_pointer(env, given[1], &records)) return NULL;
  uint32_t count;
  if (!nt_argument_u32(env, given[2], &count)) return NULL;
  napi_value result;
  return napi_create_int32(env, symbols->nt_ring_pop(ring, records, count), &result) == napi_ok ? result : NULL;
}

static napi_value call_nt_ring_pop_wait(napi_env env, napi_callback_info info) {
  napi_value given[4];
  const nt_symbols *symbols = nt_arguments(env, info, given, 4);
  if (symbols == NULL) return NULL;
  uint32_t ring;
  if (!nt_argument_u32(env, given[0], &ring)) return NULL;
  void *records;
  if (!nt_argument_pointer(env, given[1], &records)) return NULL;
  uint32_t count;
  if (!nt_argument_u32(env, given[2], &count)) return NULL;
  int64_t timeout_ns;
  if (!nt_argument_i64(env, given[3], &timeout_ns)) return NULL;
  napi_value result;
  return napi_create_int32(env, symbols->nt_ring_pop_wait(ring, records, count, timeout_ns), &result) == napi_ok ? result : NULL;
}

static napi_value call_nt_ring_claim(napi_env env, napi_callback_info info) {
  napi_value given[3];
  const nt_symbols *symbols = nt_arguments(env, info, given, 3);
  if (symbols == NULL) return NULL;
  uint32_t ring;
  if (!nt_argument_u32(env, given[0], &ring)) return NULL;
  uint32_t count;
  if (!nt_argument_u32(env, given[1], &count)) return NULL;
  void *slots;
  if (!nt_argument_pointer(env, given[2], &slots)) return NULL;
  napi_value result;
  return napi_create_int32(env, symbols->nt_ring_claim(ring, count, slots), &result) == napi_ok ? result : NULL;
}

static napi_value call_nt_ring_commit(napi_env env, napi_callback_info info) {
  napi_value given[2];
  const nt_symbols *symbols = nt_arguments(env, info, given, 2);
  if (symbols == NULL) return NULL;
  uint32_t ring;
  if (!nt_argument_u32(env, given[0], &ring)) return NULL;
  uint32_t count;
  if (!nt_argument_u32(env, given[1], &count)) return NULL;
  napi_value result;
  return napi_create_int32(env, symbols->nt_ring_commit(ring, count), &result) == napi_ok ? result : NULL;
}

static napi_value call_nt_ring_peek(napi_env env, napi_callback_info info) {
  napi_value given[3];
  const nt_symbols *symbols = nt_arguments(env, info, given, 3);
  if (symbols == NULL) return NULL;
  uint32_t ring;
  if (!nt_argument_u32(env, given[0], &ring)) return NULL;
  uint32_t count;
  if (!nt_argument_u32(env, given[1], &count)) return NULL;
  void *records;
  if (!nt_argument_pointer(env, given[2], &records)) return NULL;
  napi_value result;
  return napi_create_int32(env, symbols->nt_ring_peek(ring, count, records), &result) == napi_ok ? result : NULL;
}

static napi_value call_nt_ring_release(napi_env env, napi_callback_info info) {
  napi_value given[2];
  const nt_symbols *symbols = nt_arguments(env, info, given, 2);
  if (symbols == NULL) return NULL;
  uint32_t ring;
  if (!nt_argument_u32(env, given[0], &ring)) return NULL;
  uint32_t count;
  if (!nt_argument_u32(env, given[1], &count)) return NULL;
  napi_value result;
  return napi_create_int32(env, symbols->nt_ring_release(ring, count), &result) == napi_ok ? result : NULL;
}

static napi_value call_nt_kernel_create(napi_env env, napi_callback_info info) {
  napi_value given[3];
  const nt_symbols *symbols = nt_arguments(env, info, given, 3);
  if (symbols == NULL) return NULL;
  void *config;
  if (!nt_argument_pointer(env, given[0], &config)) return NULL;
  void *kernel;
  if (!nt_argument_pointer(env, given[1], &kernel)) return NULL;
  void *error;
  if (!nt_argument_pointer(env, given[2], &error)) return NULL;
  napi_value result;
  return napi_create_int32(env, symbols->nt_kernel_create(config, kernel, error), &result) == napi_ok ? result : NULL;
}

static napi_value call_nt_kernel_add_instrument(napi_env env, napi_callback_info info) {
  napi_value given[2];
  const nt_symbols *symbols = nt_arguments(env, info, given, 2);
  if (symbols == NULL) return NULL;
  uint32_t kernel;
  if (!nt_argument_u32(env, given[0], &kernel)) return NULL;
  void *instrument;
  if (!nt_argument_pointer(env, given[1], &instrument)) return NULL;
  napi_value result;
  return napi_create_int32(env, symbols->nt_kernel_add_instrument(kernel, instrument), &result) == napi_ok ? result : NULL;
}

static napi_value call_nt_kernel_add_account(napi_env env, napi_callback_info info) {
  napi_value given[2];
  const nt_symbols *symbols = nt_arguments(env, info, given, 2);
  if (symbols == NULL) return NULL;
  uint32_t kernel;
  if (!nt_argument_u32(env, given[0], &kernel)) return NULL;
  void *account;
  if (!nt_argument_pointer(env, given[1], &account)) return NULL;
  napi_value result;
  return napi_create_int32(env, symbols->nt_kernel_add_account(kernel, account), &result) == napi_ok ? result : NULL;
}

static napi_value call_nt_kernel_set_terms(napi_env env, napi_callback_info info) {
  napi_value given[2];
  const nt_symbols *symbols = nt_arguments(env, info, given, 2);
  if (symbols == NULL) return NULL;
  uint32_t kernel;
  if (!nt_argument_u32(env, given[0], &kernel)) return NULL;
  void *terms;
  if (!nt_argument_pointer(env, given[1], &terms)) return NULL;
  napi_value result;
  return napi_create_int32(env, symbols->nt_kernel_set_terms(kernel, terms), &result) == napi_ok ? result : NULL;
}

static napi_value call_nt_kernel_set_latency(napi_env env, napi_callback_info info) {
  napi_value given[4];
  const nt_symbols *symbols = nt_arguments(env, info, given, 4);
  if (symbols == NULL) return NULL;
  uint32_t kernel;
  if (!nt_argument_u32(env, given[0], &kernel)) return NULL;
  uint32_t instrument;
  if (!nt_argument_u32(env, given[1], &instrument)) return NULL;
  int64_t latency_in_ns;
  if (!nt_argument_i64(env, given[2], &latency_in_ns)) return NULL;
  int64_t latency_out_ns;
  if (!nt_argument_i64(env, given[3], &latency_out_ns)) return NULL;
  napi_value result;
  return napi_create_int32(env, symbols->nt_kernel_set_latency(kernel, instrument, latency_in_ns, latency_out_ns), &result) == napi_ok ? result : NULL;
}

static napi_value call_nt_kernel_add_model(napi_env env, napi_callback_info info) {
  napi_value given[6];
  const nt_symbols *symbols = nt_arguments(env, info, given, 6);
  if (symbols == NULL) return NULL;
  uint32_t kernel;
  if (!nt_argument_u32(env, given[0], &kernel)) return NULL;
  void *name;
  if (!nt_argument_pointer(env, given[1], &name)) return NULL;
  void *bytes;
  if (!nt_argument_pointer(env, given[2], &bytes)) return NULL;
  uint64_t size;
  if (!nt_argument_u64(env, given[3], &size)) return NULL;
  uint32_t precision;
  if (!nt_argument_u32(env, given[4], &precision)) return NULL;
  uint32_t isa;
  if (!nt_argument_u32(env, given[5], &isa)) return NULL;
  napi_value result;
  return napi_create_int32(env, symbols->nt_kernel_add_model(kernel, name, bytes, size, precision, isa), &result) == napi_ok ? result : NULL;
}

static napi_value call_nt_kernel_start(napi_env env, napi_callback_info info) {
  napi_value given[1];
  const nt_symbols *symbols = nt_arguments(env, info, given, 1);
  if (symbols == NULL) return NULL;
  uint32_t kernel;
  if (!nt_argument_u32(env, given[0], &kernel)) return NULL;
  napi_value result;
  return napi_create_int32(env, symbols->nt_kernel_start(kernel), &result) == napi_ok ? result : NULL;
}

static napi_value call_nt_kernel_stop(napi_env env, napi_callback_info info) {
  napi_value given[1];
  const nt_symbols *symbols = nt_arguments(env, info, given, 1);
  if (symbols == NULL) return NULL;
  uint32_t kernel;
  if (!nt_argument_u32(env, given[0], &kernel)) return NULL;
  napi_value result;
  return napi_create_int32(env, symbols->nt_kernel_stop(kernel), &result) == napi_ok ? result : NULL;
}

static napi_value call_nt_kernel_run(napi_env env, napi_callback_info info) {
  napi_value given[2];
  const nt_symbols *symbols = nt_arguments(env, info, given, 2);
  if (symbols == NULL) return NULL;
  uint32_t kernel;
  if (!nt_argument_u32(env, given[0], &kernel)) return NULL;
  uint32_t budget;
  if (!nt_argument_u32(env, given[1], &budget)) return NULL;
  napi_value result;
  return napi_create_int32(env, symbols->nt_kernel_run(kernel, budget), &result) == napi_ok ? result : NULL;
}

static napi_value call_nt_kernel_replay(napi_env env, napi_callback_info info) {
  napi_value given[3];
  const nt_symbols *symbols = nt_arguments(env, info, given, 3);
  if (symbols == NULL) return NULL;
  uint32_t kernel;
  if (!nt_argument_u32(env, given[0], &kernel)) return NULL;
  void *ticks;
  if (!nt_argument_pointer(env, given[1], &ticks)) return NULL;
  uint32_t count;
  if (!nt_argument_u32(env, given[2], &count)) return NULL;
  napi_value result;
  return napi_create_int32(env, symbols->nt_kernel_replay(kernel, ticks, count), &result) == napi_ok ? result : NULL;
}

static napi_value call_nt_kernel_sample(napi_env env, napi_callback_info info) {
  napi_value given[8];
  const nt_symbols *symbols = nt_arguments(env, info, given, 8);
  if (symbols == NULL) return NULL;
  uint32_t kernel;
  if (!nt_argument_u32(env, given[0], &kernel)) return NULL;
  void *ticks;
  if (!nt_argument_pointer(env, given[1], &ticks)) return NULL;
  uint32_t count;
  if (!nt_argument_u32(env, given[2], &count)) return NULL;
  uint32_t clock;
  if (!nt_argument_u32(env, given[3], &clock)) return NULL;
  uint32_t every;
  if (!nt_argument_u32(env, given[4], &every)) return NULL;
  void *samples;
  if (!nt_argument_pointer(env, given[5], &samples)) return NULL;
  uint32_t sample_count;
  if (!nt_argument_u32(env, given[6], &sample_count)) return NULL;
  void *taken;
  if (!nt_argument_pointer(env, given[7], &taken)) return NULL;
  napi_value result;
  return napi_create_int32(env, symbols->nt_kernel_sample(kernel, ticks, count, clock, every, samples, sample_count, taken), &result) == napi_ok ? result : NULL;
}

static napi_value call_nt_kernel_drain(napi_env env, napi_callback_info info) {
  napi_value given[3];
  const nt_symbols *symbols = nt_arguments(env, info, given, 3);
  if (symbols == NULL) return NULL;
  uint32_t kernel;
  if (!nt_argument_u32(env, given[0], &kernel)) return NULL;
  void *frames;
  if (!nt_argument_pointer(env, given[1], &frames)) return NULL;
  uint32_t bytes;
  if (!nt_argument_u32(env, given[2], &bytes)) return NULL;
  napi_value result;
  return napi_create_int32(env, symbols->nt_kernel_drain(kernel, frames, bytes), &result) == napi_ok ? result : NULL;
}

static napi_value call_nt_kernel_set_state(napi_env env, napi_callback_info info) {
  napi_value given[4];
  const nt_symbols *symbols = nt_arguments(env, info, given, 4);
  if (symbols == NULL) return NULL;
  uint32_t kernel;
  if (!nt_argument_u32(env, given[0], &kernel)) return NULL;
  uint32_t account;
  if (!nt_argument_u32(env, given[1], &account)) return NULL;
  uint32_t state;
  if (!nt_argument_u32(env, given[2], &state)) return NULL;
  void *reason;
  if (!nt_argument_pointer(env, given[3], &reason)) return NULL;
  napi_value result;
  return napi_create_int32(env, symbols->nt_kernel_set_state(kernel, account, state, reason), &result) == napi_ok ? result : NULL;
}

static napi_value call_nt_kernel_client(napi_env env, napi_callback_info info) {
  napi_value given[4];
  const nt_symbols *symbols = nt_arguments(env, info, given, 4);
  if (symbols == NULL) return NULL;
  uint32_t kernel;
  if (!nt_argument_u32(env, given[0], &kernel)) return NULL;
  void *client_name;
  if (!nt_argument_pointer(env, given[1], &client_name)) return NULL;
  void *client;
  if (!nt_argument_pointer(env, given[2], &client)) return NULL;
  void *error;
  if (!nt_argument_pointer(env, given[3], &error)) return NULL;
  napi_value result;
  return napi_create_int32(env, symbols->nt_kernel_client(kernel, client_name, client, error), &result) == napi_ok ? result : NULL;
}

static napi_value call_nt_kernel_feed(napi_env env, napi_callback_info info) {
  napi_value given[3];
  const nt_symbols *symbols = nt_arguments(env, info, given, 3);
  if (symbols == NULL) return NULL;
  uint32_t kernel;
  if (!nt_argument_u32(env, given[0], &kernel)) return NULL;
  void *feed;
  if (!nt_argument_pointer(env, given[1], &feed)) return NULL;
  void *error;
  if (!nt_argument_pointer(env, given[2], &error)) return NULL;
  napi_value result;
  return napi_create_int32(env, symbols->nt_kernel_feed(kernel, feed, error), &result) == napi_ok ? result : NULL;
}

static napi_value call_nt_client_attach(napi_env env, napi_callback_info info) {
  napi_value given[5];
  const nt_symbols *symbols = nt_arguments(env, info, given, 5);
  if (symbols == NULL) return NULL;
  void *kernel_name;
  if (!nt_argument_pointer(env, given[0], &kernel_name)) return NULL;
  void *client_name;
  if (!nt_argument_pointer(env, given[1], &client_name)) return NULL;
  int64_t timeout_ns;
  if (!nt_argument_i64(env, given[2], &timeout_ns)) return NULL;
  void *client;
  if (!nt_argument_pointer(env, given[3], &client)) return NULL;
  void *error;
  if (!nt_argument_pointer(env, given[4], &error)) return NULL;
  napi_value result;
  return napi_create_int32(env, symbols->nt_client_attach(kernel_name, client_name, timeout_ns, client, error), &result) == napi_ok ? result : NULL;
}

static napi_value call_nt_client_subscribe(napi_env env, napi_callback_info info) {
  napi_value given[1];
  const nt_symbols *symbols = nt_arguments(env, info, given, 1);
  if (symbols == NULL) return NULL;
  uint32_t client;
  if (!nt_argument_u32(env, given[0], &client)) return NULL;
  napi_value result;
  return napi_create_int32(env, symbols->nt_client_subscribe(client), &result) == napi_ok ? result : NULL;
}

static napi_value call_nt_client_submit(napi_env env, napi_callback_info info) {
  napi_value given[2];
  const nt_symbols *symbols = nt_arguments(env, info, given, 2);
  if (symbols == NULL) return NULL;
  uint32_t client;
  if (!nt_argument_u32(env, given[0], &client)) return NULL;
  void *order;
  if (!nt_argument_pointer(env, given[1], &order)) return NULL;
  napi_value result;
  return napi_create_int32(env, symbols->nt_client_submit(client, order), &result) == napi_ok ? result : NULL;
}

static napi_value call_nt_client_submit_batch(napi_env env, napi_callback_info info) {
  napi_value given[3];
  const nt_symbols *symbols = nt_arguments(env, info, given, 3);
  if (symbols == NULL) return NULL;
  uint32_t client;
  if (!nt_argument_u32(env, given[0], &client)) return NULL;
  void *orders;
  if (!nt_argument_pointer(env, given[1], &orders)) return NULL;
  uint32_t count;
  if (!nt_argument_u32(env, given[2], &count)) return NULL;
  napi_value result;
  return napi_create_int32(env, symbols->nt_client_submit_batch(client, orders, count), &result) == napi_ok ? result : NULL;
}

static napi_value call_nt_client_signal(napi_env env, napi_callback_info info) {
  napi_value given[2];
  const nt_symbols *symbols = nt_arguments(env, info, given, 2);
  if (symbols == NULL) return NULL;
  uint32_t client;
  if (!nt_argument_u32(env, given[0], &client)) return NULL;
  void *signal;
  if (!nt_argument_pointer(env, given[1], &signal)) return NULL;
  napi_value result;
  return napi_create_int32(env, symbols->nt_client_signal(client, signal), &result) == napi_ok ? result : NULL;
}

static napi_value call_nt_client_poll(napi_env env, napi_callback_info info) {
  napi_value given[7];
  const nt_symbols *symbols = nt_arguments(env, info, given, 7);
  if (symbols == NULL) return NULL;
  uint32_t client;
  if (!nt_argument_u32(env, given[0], &client)) return NULL;
  void *ticks;
  if (!nt_argument_pointer(env, given[1], &ticks)) return NULL;
  uint32_t tick_count;
  if (!nt_argument_u32(env, given[2], &tick_count)) return NULL;
  void *reports;
  if (!nt_argument_pointer(env, given[3], &reports)) return NULL;
  uint32_t report_count;
  if (!nt_argument_u32(env, given[4], &report_count)) return NULL;
  int64_t timeout_ns;
  if (!nt_argument_i64(env, given[5], &timeout_ns)) return NULL;
  void *poll;
  if (!nt_argument_pointer(env, given[6], &poll)) return NULL;
  napi_value result;
  return napi_create_int32(env, symbols->nt_client_poll(client, ticks, tick_count, reports, report_count, timeout_ns, poll), &result) == napi_ok ? result : NULL;
}

static napi_value call_nt_client_wait(napi_env env, napi_callback_info info) {
  napi_value given[3];
  const nt_symbols *symbols = nt_arguments(env, info, given, 3);
  if (symbols == NULL) return NULL;
  uint32_t client;
  if (!nt_argument_u32(env, given[0], &client)) return NULL;
  uint32_t reports_only;
  if (!nt_argument_u32(env, given[1], &reports_only)) return NULL;
  int64_t timeout_ns;
  if (!nt_argument_i64(env, given[2], &timeout_ns)) return NULL;
  napi_value result;
  return napi_create_int32(env, symbols->nt_client_wait(client, reports_only, timeout_ns), &result) == napi_ok ? result : NULL;
}

static napi_value call_nt_client_interrupt(napi_env env, napi_callback_info info) {
  napi_value given[1];
  const nt_symbols *symbols = nt_arguments(env, info, given, 1);
  if (symbols == NULL) return NULL;
  uint32_t client;
  if (!nt_argument_u32(env, given[0], &client)) return NULL;
  napi_value result;
  return napi_create_int32(env, symbols->nt_client_interrupt(client), &result) == napi_ok ? result : NULL;
}

static napi_value call_nt_client_orders(napi_env env, napi_callback_info info) {
  napi_value given[3];
  const nt_symbols *symbols = nt_arguments(env, info, given, 3);
  if (symbols == NULL) return NULL;
  uint32_t client;
  if (!nt_argument_u32(env, given[0], &client)) return NULL;
  void *orders;
  if (!nt_argument_pointer(env, given[1], &orders)) return NULL;
  uint32_t count;
  if (!nt_argument_u32(env, given[2], &count)) return NULL;
  napi_value result;
  return napi_create_int32(env, symbols->nt_client_orders(client, orders, count), &result) == napi_ok ? result : NULL;
}

static napi_value call_nt_feed_attach(napi_env env, napi_callback_info info) {
  napi_value given[4];
  const nt_symbols *symbols = nt_arguments(env, info, given, 4);
  if (symbols == NULL) return NULL;
  void *kernel_name;
  if (!nt_argument_pointer(env, given[0], &kernel_name)) return NULL;
  int64_t timeout_ns;
  if (!nt_argument_i64(env, given[1], &timeout_ns)) return NULL;
  void *feed;
  if (!nt_argument_pointer(env, given[2], &feed)) return NULL;
  void *error;
  if (!nt_argument_pointer(env, given[3], &error)) return NULL;
  napi_value result;
  return napi_create_int32(env, symbols->nt_feed_attach(kernel_name, timeout_ns, feed, error), &result) == napi_ok ? result : NULL;
}

static napi_value call_nt_feed_push(napi_env env, napi_callback_info info) {
  napi_value given[4];
  const nt_symbols *symbols = nt_arguments(env, info, given, 4);
  if (symbols == NULL) return NULL;
  uint32_t feed;
  if (!nt_argument_u32(env, given[0], &feed)) return NULL;
  void *ticks;
  if (!nt_argument_pointer(env, given[1], &ticks)) return NULL;
  uint32_t count;
  if (!nt_argument_u32(env, given[2], &count)) return NULL;
  int64_t timeout_ns;
  if (!nt_argument_i64(env, given[3], &timeout_ns)) return NULL;
  napi_value result;
  return napi_create_int32(env, symbols->nt_feed_push(feed, ticks, count, timeout_ns), &result) == napi_ok ? result : NULL;
}

static napi_value call_nt_control_attach(napi_env env, napi_callback_info info) {
  napi_value given[4];
  const nt_symbols *symbols = nt_arguments(env, info, given, 4);
  if (symbols == NULL) return NULL;
  void *kernel_name;
  if (!nt_argument_pointer(env, given[0], &kernel_name)) return NULL;
  int64_t timeout_ns;
  if (!nt_argument_i64(env, given[1], &timeout_ns)) return NULL;
  void *control;
  if (!nt_argument_pointer(env, given[2], &control)) return NULL;
  void *error;
  if (!nt_argument_pointer(env, given[3], &error)) return NULL;
  napi_value result;
  return napi_create_int32(env, symbols->nt_control_attach(kernel_name, timeout_ns, control, error), &result) == napi_ok ? result : NULL;
}

static napi_value call_nt_control_send(napi_env env, napi_callback_info info) {
  napi_value given[3];
  const nt_symbols *symbols = nt_arguments(env, info, given, 3);
  if (symbols == NULL) return NULL;
  uint32_t control;
  if (!nt_argument_u32(env, given[0], &control)) return NULL;
  void *command;
  if (!nt_argument_pointer(env, given[1], &command)) return NULL;
  int64_t timeout_ns;
  if (!nt_argument_i64(env, given[2], &timeout_ns)) return NULL;
  napi_value result;
  return napi_create_int32(env, symbols->nt_control_send(control, command, timeout_ns), &result) == napi_ok ? result : NULL;
}

static napi_value call_nt_control_next_order(napi_env env, napi_callback_info info) {
  napi_value given[4];
  const nt_symbols *symbols = nt_arguments(env, info, given, 4);
  if (symbols == NULL) return NULL;
  uint32_t control;
  if (!nt_argument_u32(env, given[0], &control)) return NULL;
  uint32_t cursor;
  if (!nt_argument_u32(env, given[1], &cursor)) return NULL;
  void *out;
  if (!nt_argument_pointer(env, given[2], &out)) return NULL;
  int64_t timeout_ns;
  if (!nt_argument_i64(env, given[3], &timeout_ns)) return NULL;
  napi_value result;
  return napi_create_int32(env, symbols->nt_control_next_order(control, cursor, out, timeout_ns), &result) == napi_ok ? result : NULL;
}

static napi_value call_nt_monitor_attach(napi_env env, napi_callback_info info) {
  napi_value given[3];
  const nt_symbols *symbols = nt_arguments(env, info, given, 3);
  if (symbols == NULL) return NULL;
  void *kernel_name;
  if (!nt_argument_pointer(env, given[0], &kernel_name)) return NULL;
  void *monitor;
  if (!nt_argument_pointer(env, given[1], &monitor)) return NULL;
  void *error;
  if (!nt_argument_pointer(env, given[2], &error)) return NULL;
  napi_value result;
  return napi_create_int32(env, symbols->nt_monitor_attach(kernel_name, monitor, error), &result) == napi_ok ? result : NULL;
}

static napi_value call_nt_read_status(napi_env env, napi_callback_info info) {
  napi_value given[2];
  const nt_symbols *symbols = nt_arguments(env, info, given, 2);
  if (symbols == NULL) return NULL;
  uint32_t handle;
  if (!nt_argument_u32(env, given[0], &handle)) return NULL;
  void *status;
  if (!nt_argument_pointer(env, given[1], &status)) return NULL;
  napi_value result;
  return napi_create_int32(env, symbols->nt_read_status(handle, status), &result) == napi_ok ? result : NULL;
}

static napi_value call_nt_read_now(napi_env env, napi_callback_info info) {
  napi_value given[2];
  const nt_symbols *symbols = nt_arguments(env, info, given, 2);
  if (symbols == NULL) return NULL;
  uint32_t handle;
  if (!nt_argument_u32(env, given[0], &handle)) return NULL;
  void *now;
  if (!nt_argument_pointer(env, given[1], &now)) return NULL;
  napi_value result;
  return napi_create_int32(env, symbols->nt_read_now(handle, now), &result) == napi_ok ? result : NULL;
}

static napi_value call_nt_read_counters(napi_env env, napi_callback_info info) {
  napi_value given[2];
  const nt_symbols *symbols = nt_arguments(env, info, given, 2);
  if (symbols == NULL) return NULL;
  uint32_t handle;
  if (!nt_argument_u32(env, given[0], &handle)) return NULL;
  void *counters;
  if (!nt_argument_pointer(env, given[1], &counters)) return NULL;
  napi_value result;
  return napi_create_int32(env, symbols->nt_read_counters(handle, counters), &result) == napi_ok ? result : NULL;
}

static napi_value call_nt_read_channel(napi_env env, napi_callback_info info) {
  napi_value given[3];
  const nt_symbols *symbols = nt_arguments(env, info, given, 3);
  if (symbols == NULL) return NULL;
  uint32_t handle;
  if (!nt_argument_u32(env, given[0], &handle)) return NULL;
  uint32_t channel;
  if (!nt_argument_u32(env, given[1], &channel)) return NULL;
  void *out;
  if (!nt_argument_pointer(env, given[2], &out)) return NULL;
  napi_value result;
  return napi_create_int32(env, symbols->nt_read_channel(handle, channel, out), &result) == napi_ok ? result : NULL;
}

static napi_value call_nt_read_instrument(napi_env env, napi_callback_info info) {
  napi_value given[3];
  const nt_symbols *symbols = nt_arguments(env, info, given, 3);
  if (symbols == NULL) return NULL;
  uint32_t handle;
  if (!nt_argument_u32(env, given[0], &handle)) return NULL;
  uint32_t instrument;
  if (!nt_argument_u32(env, given[1], &instrument)) return NULL;
  void *out;
  if (!nt_argument_pointer(env, given[2], &out)) return NULL;
  napi_value result;
  return napi_create_int32(env, symbols->nt_read_instrument(handle, instrument, out), &result) == napi_ok ? result : NULL;
}

static napi_value call_nt_find_instrument(napi_env env, napi_callback_info info) {
  napi_value given[2];
  const nt_symbols *symbols = nt_arguments(env, info, given, 2);
  if (symbols == NULL) return NULL;
  uint32_t handle;
  if (!nt_argument_u32(env, given[0], &handle)) return NULL;
  void *symbol;
  if (!nt_argument_pointer(env, given[1], &symbol)) return NULL;
  napi_value result;
  return napi_create_int32(env, symbols->nt_find_instrument(handle, symbol), &result) == napi_ok ? result : NULL;
}

static napi_value call_nt_read_account_config(napi_env env, napi_callback_info info) {
  napi_value given[3];
  const nt_symbols *symbols = nt_arguments(env, info, given, 3);
  if (symbols == NULL) return NULL;
  uint32_t handle;
  if (!nt_argument_u32(env, given[0], &handle)) return NULL;
  uint32_t account;
  if (!nt_argument_u32(env, given[1], &account)) return NULL;
  void *out;
  if (!nt_argument_pointer(env, given[2], &out)) return NULL;
  napi_value result;
  return napi_create_int32(env, symbols->nt_read_account_config(handle, account, out), &result) == napi_ok ? result : NULL;
}

static napi_value call_nt_find_account(napi_env env, napi_callback_info info) {
  napi_value given[2];
  const nt_symbols *symbols = nt_arguments(env, info, given, 2);
  if (symbols == NULL) return NULL;
  uint32_t handle;
  if (!nt_argument_u32(env, given[0], &handle)) return NULL;
  void *name;
  if (!nt_argument_pointer(env, given[1], &name)) return NULL;
  napi_value result;
  return napi_create_int32(env, symbols->nt_find_account(handle, name), &result) == napi_ok ? result : NULL;
}

static napi_value call_nt_read_terms(napi_env env, napi_callback_info info) {
  napi_value given[4];
  const nt_symbols *symbols = nt_arguments(env, info, given, 4);
  if (symbols == NULL) return NULL;
  uint32_t handle;
  if (!nt_argument_u32(env, given[0], &handle)) return NULL;
  uint32_t account;
  if (!nt_argument_u32(env, given[1], &account)) return NULL;
  uint32_t instrument;
  if (!nt_argument_u32(env, given[2], &instrument)) return NULL;
  void *out;
  if (!nt_argument_pointer(env, given[3], &out)) return NULL;
  napi_value result;
  return napi_create_int32(env, symbols->nt_read_terms(handle, account, instrument, out), &result) == napi_ok ? result : NULL;
}

static napi_value call_nt_read_quote(napi_env env, napi_callback_info info) {
  napi_value given[3];
  const nt_symbols *symbols = nt_arguments(env, info, given, 3);
  if (symbols == NULL) return NULL;
  uint32_t handle;
  if (!nt_argument_u32(env, given[0], &handle)) return NULL;
  uint32_t instrument;
  if (!nt_argument_u32(env, given[1], &instrument)) return NULL;
  void *out;
  if (!nt_argument_pointer(env, given[2], &out)) return NULL;
  napi_value result;
  return napi_create_int32(env, symbols->nt_read_quote(handle, instrument, out), &result) == napi_ok ? result : NULL;
}

static napi_value call_nt_read_book(napi_env env, napi_callback_info info) {
  napi_value given[3];
  const nt_symbols *symbols = nt_arguments(env, info, given, 3);
  if (symbols == NULL) return NULL;
  uint32_t handle;
  if (!nt_argument_u32(env, given[0], &handle)) return NULL;
  uint32_t instrument;
  if (!nt_argument_u32(env, given[1], &instrument)) return NULL;
  void *out;
  if (!nt_argument_pointer(env, given[2], &out)) return NULL;
  napi_value result;
  return napi_create_int32(env, symbols->nt_read_book(handle, instrument, out), &result) == napi_ok ? result : NULL;
}

static napi_value call_nt_read_position(napi_env env, napi_callback_info info) {
  napi_value given[4];
  const nt_symbols *symbols = nt_arguments(env, info, given, 4);
  if (symbols == NULL) return NULL;
  uint32_t handle;
  if (!nt_argument_u32(env, given[0], &handle)) return NULL;
  uint32_t account;
  if (!nt_argument_u32(env, given[1], &account)) return NULL;
  uint32_t instrument;
  if (!nt_argument_u32(env, given[2], &instrument)) return NULL;
  void *out;
  if (!nt_argument_pointer(env, given[3], &out)) return NULL;
  napi_value result;
  return napi_create_int32(env, symbols->nt_read_position(handle, account, instrument, out), &result) == napi_ok ? result : NULL;
}

static napi_value call_nt_read_account(napi_env env, napi_callback_info info) {
  napi_value given[3];
  const nt_symbols *symbols = nt_arguments(env, info, given, 3);
  if (symbols == NULL) return NULL;
  uint32_t handle;
  if (!nt_argument_u32(env, given[0], &handle)) return NULL;
  uint32_t account;
  if (!nt_argument_u32(env, given[1], &account)) return NULL;
  void *out;
  if (!nt_argument_pointer(env, given[2], &out)) return NULL;
  napi_value result;
  return napi_create_int32(env, symbols->nt_read_account(handle, account, out), &result) == napi_ok ? result : NULL;
}

static napi_value call_nt_read_features(napi_env env, napi_callback_info info) {
  napi_value given[4];
  const nt_symbols *symbols = nt_arguments(env, info, given, 4);
  if (symbols == NULL) return NULL;
  uint32_t handle;
  if (!nt_argument_u32(env, given[0], &handle)) return NULL;
  uint32_t instrument;
  if (!nt_argument_u32(env, given[1], &instrument)) return NULL;
  void *values;
  if (!nt_argument_pointer(env, given[2], &values)) return NULL;
  uint32_t count;
  if (!nt_argument_u32(env, given[3], &count)) return NULL;
  napi_value result;
  return napi_create_int32(env, symbols->nt_read_features(handle, instrument, values, count), &result) == napi_ok ? result : NULL;
}

static napi_value call_nt_feature_name(napi_env env, napi_callback_info info) {
  napi_value given[3];
  const nt_symbols *symbols = nt_arguments(env, info, given, 3);
  if (symbols == NULL) return NULL;
  uint32_t feature;
  if (!nt_argument_u32(env, given[0], &feature)) return NULL;
  void *name;
  if (!nt_argument_pointer(env, given[1], &name)) return NULL;
  uint32_t bytes;
  if (!nt_argument_u32(env, given[2], &bytes)) return NULL;
  napi_value result;
  return napi_create_int32(env, symbols->nt_feature_name(feature, name, bytes), &result) == napi_ok ? result : NULL;
}

static napi_value call_nt_read_model_name(napi_env env, napi_callback_info info) {
  napi_value given[4];
  const nt_symbols *symbols = nt_arguments(env, info, given, 4);
  if (symbols == NULL) return NULL;
  uint32_t handle;
  if (!nt_argument_u32(env, given[0], &handle)) return NULL;
  uint32_t model;
  if (!nt_argument_u32(env, given[1], &model)) return NULL;
  void *name;
  if (!nt_argument_pointer(env, given[2], &name)) return NULL;
  uint32_t bytes;
  if (!nt_argument_u32(env, given[3], &bytes)) return NULL;
  napi_value result;
  return napi_create_int32(env, symbols->nt_read_model_name(handle, model, name, bytes), &result) == napi_ok ? result : NULL;
}

static napi_value call_nt_read_signal(napi_env env, napi_callback_info info) {
  napi_value given[4];
  const nt_symbols *symbols = nt_arguments(env, info, given, 4);
  if (symbols == NULL) return NULL;
  uint32_t handle;
  if (!nt_argument_u32(env, given[0], &handle)) return NULL;
  uint32_t model;
  if (!nt_argument_u32(env, given[1], &model)) return NULL;
  uint32_t instrument;
  if (!nt_argument_u32(env, given[2], &instrument)) return NULL;
  void *out;
  if (!nt_argument_pointer(env, given[3], &out)) return NULL;
  napi_value result;
  return napi_create_int32(env, symbols->nt_read_signal(handle, model, instrument, out), &result) == napi_ok ? result : NULL;
}

static napi_value call_nt_read_latency(napi_env env, napi_callback_info info) {
  napi_value given[3];
  const nt_symbols *symbols = nt_arguments(env, info, given, 3);
  if (symbols == NULL) return NULL;
  uint32_t handle;
  if (!nt_argument_u32(env, given[0], &handle)) return NULL;
  uint32_t kind;
  if (!nt_argument_u32(env, given[1], &kind)) return NULL;
  void *out;
  if (!nt_argument_pointer(env, given[2], &out)) return NULL;
  napi_value result;
  return napi_create_int32(env, symbols->nt_read_latency(handle, kind, out), &result) == napi_ok ? result : NULL;
}

static napi_value call_nt_read_latency_counts(napi_env env, napi_callback_info info) {
  napi_value given[4];
  const nt_symbols *symbols = nt_arguments(env, info, given, 4);
  if (symbols == NULL) return NULL;
  uint32_t handle;
  if (!nt_argument_u32(env, given[0], &handle)) return NULL;
  uint32_t kind;
  if (!nt_argument_u32(env, given[1], &kind)) return NULL;
  void *counts;
  if (!nt_argument_pointer(env, given[2], &counts)) return NULL;
  uint32_t count;
  if (!nt_argument_u32(env, given[3], &count)) return NULL;
  napi_value result;
  return napi_create_int32(env, symbols->nt_read_latency_counts(handle, kind, counts, count), &result) == napi_ok ? result : NULL;
}

static napi_value call_nt_model_load(napi_env env, napi_callback_info info) {
  napi_value given[7];
  const nt_symbols *symbols = nt_arguments(env, info, given, 7);
  if (symbols == NULL) return NULL;
  void *bytes;
  if (!nt_argument_pointer(env, given[0], &bytes)) return NULL;
  uint64_t size;
  if (!nt_argument_u64(env, given[1], &size)) return NULL;
  uint32_t precision;
  if (!nt_argument_u32(env, given[2], &precision)) return NULL;
  uint32_t isa;
  if (!nt_argument_u32(env, given[3], &isa)) return NULL;
  uint32_t rows;
  if (!nt_argument_u32(env, given[4], &rows)) return NULL;
  void *model;
  if (!nt_argument_pointer(env, given[5], &model)) return NULL;
  void *error;
  if (!nt_argument_pointer(env, given[6], &error)) return NULL;
  napi_value result;
  return napi_create_int32(env, symbols->nt_model_load(bytes, size, precision, isa, rows, model, error), &result) == napi_ok ? result : NULL;
}

static napi_value call_nt_model_read_info(napi_env env, napi_callback_info info) {
  napi_value given[2];
  const nt_symbols *symbols = nt_arguments(env, info, given, 2);
  if (symbols == NULL) return NULL;
  uint32_t model;
  if (!nt_argument_u32(env, given[0], &model)) return NULL;
  void *out;
  if (!nt_argument_pointer(env, given[1], &out)) return NULL;
  napi_value result;
  return napi_create_int32(env, symbols->nt_model_read_info(model, out), &result) == napi_ok ? result : NULL;
}

static napi_value call_nt_model_predict(napi_env env, napi_callback_info info) {
  napi_value given[5];
  const nt_symbols *symbols = nt_arguments(env, info, given, 5);
  if (symbols == NULL) return NULL;
  uint32_t model;
  if (!nt_argument_u32(env, given[0], &model)) return NULL;
  void *features;
  if (!nt_argument_pointer(env, given[1], &features)) return NULL;
  uint32_t count;
  if (!nt_argument_u32(env, given[2], &count)) return NULL;
  uint32_t steps;
  if (!nt_argument_u32(env, given[3], &steps)) return NULL;
  void *outputs;
  if (!nt_argument_pointer(env, given[4], &outputs)) return NULL;
  napi_value result;
  return napi_create_int32(env, symbols->nt_model_predict(model, features, count, steps, outputs), &result) == napi_ok ? result : NULL;
}

static napi_value call_nt_model_step(napi_env env, napi_callback_info info) {
  napi_value given[4];
  const nt_symbols *symbols = nt_arguments(env, info, given, 4);
  if (symbols == NULL) return NULL;
  uint32_t model;
  if (!nt_argument_u32(env, given[0], &model)) return NULL;
  uint32_t row;
  if (!nt_argument_u32(env, given[1], &row)) return NULL;
  void *features;
  if (!nt_argument_pointer(env, given[2], &features)) return NULL;
  void *outputs;
  if (!nt_argument_pointer(env, given[3], &outputs)) return NULL;
  napi_value result;
  return napi_create_int32(env, symbols->nt_model_step(model, row, features, outputs), &result) == napi_ok ? result : NULL;
}

static napi_value call_nt_model_advance(napi_env env, napi_callback_info info) {
  napi_value given[2];
  const nt_symbols *symbols = nt_arguments(env, info, given, 2);
  if (symbols == NULL) return NULL;
  uint32_t model;
  if (!nt_argument_u32(env, given[0], &model)) return NULL;
  uint32_t row;
  if (!nt_argument_u32(env, given[1], &row)) return NULL;
  napi_value result;
  return napi_create_int32(env, symbols->nt_model_advance(model, row), &result) == napi_ok ? result : NULL;
}

static napi_value call_nt_model_reset(napi_env env, napi_callback_info info) {
  napi_value given[2];
  const nt_symbols *symbols = nt_arguments(env, info, given, 2);
  if (symbols == NULL) return NULL;
  uint32_t model;
  if (!nt_argument_u32(env, given[0], &model)) return NULL;
  uint32_t row;
  if (!nt_argument_u32(env, given[1], &row)) return NULL;
  napi_value result;
  return napi_create_int32(env, symbols->nt_model_reset(model, row), &result) == napi_ok ? result : NULL;
}

/* Name, place in nt_symbols, and call of each function. */
static const nt_addon_symbol NT_ADDON_SYMBOLS[] = {
    {"nt_abi_version", offsetof(nt_symbols, nt_abi_version), call_nt_abi_version},
    {"nt_layout_hash", offsetof(nt_symbols, nt_layout_hash), call_nt_layout_hash},
    {"nt_clock_ns", offsetof(nt_symbols, nt_clock_ns), call_nt_clock_ns},
    {"nt_last_error", offsetof(nt_symbols, nt_last_error), call_nt_last_error},
    {"nt_close", offsetof(nt_symbols, nt_close), call_nt_close},
    {"nt_ring_create", offsetof(nt_symbols, nt_ring_create), call_nt_ring_create},
    {"nt_ring_attach", offsetof(nt_symbols, nt_ring_attach), call_nt_ring_attach},
    {"nt_ring_push", offsetof(nt_symbols, nt_ring_push), call_nt_ring_push},
    {"nt_ring_pop", offsetof(nt_symbols, nt_ring_pop), call_nt_ring_pop},
    {"nt_ring_pop_wait", offsetof(nt_symbols, nt_ring_pop_wait), call_nt_ring_pop_wait},
    {"nt_ring_claim", offsetof(nt_symbols, nt_ring_claim), call_nt_ring_claim},
    {"nt_ring_commit", offsetof(nt_symbols, nt_ring_commit), call_nt_ring_commit},
    {"nt_ring_peek", offsetof(nt_symbols, nt_ring_peek), call_nt_ring_peek},
    {"nt_ring_release", offsetof(nt_symbols, nt_ring_release), call_nt_ring_release},
    {"nt_kernel_create", offsetof(nt_symbols, nt_kernel_create), call_nt_kernel_create},
    {"nt_kernel_add_instrument", offsetof(nt_symbols, nt_kernel_add_instrument), call_nt_kernel_add_instrument},
    {"nt_kernel_add_account", offsetof(nt_symbols, nt_kernel_add_account), call_nt_kernel_add_account},
    {"nt_kernel_set_terms", offsetof(nt_symbols, nt_kernel_set_terms), call_nt_kernel_set_terms},
    {"nt_kernel_set_latency", offsetof(nt_symbols, nt_kernel_set_latency), call_nt_kernel_set_latency},
    {"nt_kernel_add_model", offsetof(nt_symbols, nt_kernel_add_model), call_nt_kernel_add_model},
    {"nt_kernel_start", offsetof(nt_symbols, nt_kernel_start), call_nt_kernel_start},
    {"nt_kernel_stop", offsetof(nt_symbols, nt_kernel_stop), call_nt_kernel_stop},
    {"nt_kernel_run", offsetof(nt_symbols, nt_kernel_run), call_nt_kernel_run},
    {"nt_kernel_replay", offsetof(nt_symbols, nt_kernel_replay), call_nt_kernel_replay},
    {"nt_kernel_sample", offsetof(nt_symbols, nt_kernel_sample), call_nt_kernel_sample},
    {"nt_kernel_drain", offsetof(nt_symbols, nt_kernel_drain), call_nt_kernel_drain},
    {"nt_kernel_set_state", offsetof(nt_symbols, nt_kernel_set_state), call_nt_kernel_set_state},
    {"nt_kernel_client", offsetof(nt_symbols, nt_kernel_client), call_nt_kernel_client},
    {"nt_kernel_feed", offsetof(nt_symbols, nt_kernel_feed), call_nt_kernel_feed},
    {"nt_client_attach", offsetof(nt_symbols, nt_client_attach), call_nt_client_attach},
    {"nt_client_subscribe", offsetof(nt_symbols, nt_client_subscribe), call_nt_client_subscribe},
    {"nt_client_submit", offsetof(nt_symbols, nt_client_submit), call_nt_client_submit},
    {"nt_client_submit_batch", offsetof(nt_symbols, nt_client_submit_batch), call_nt_client_submit_batch},
    {"nt_client_signal", offsetof(nt_symbols, nt_client_signal), call_nt_client_signal},
    {"nt_client_poll", offsetof(nt_symbols, nt_client_poll), call_nt_client_poll},
    {"nt_client_wait", offsetof(nt_symbols, nt_client_wait), call_nt_client_wait},
    {"nt_client_interrupt", offsetof(nt_symbols, nt_client_interrupt), call_nt_client_interrupt},
    {"nt_client_orders", offsetof(nt_symbols, nt_client_orders), call_nt_client_orders},
    {"nt_feed_attach", offsetof(nt_symbols, nt_feed_attach), call_nt_feed_attach},
    {"nt_feed_push", offsetof(nt_symbols, nt_feed_push), call_nt_feed_push},
    {"nt_control_attach", offsetof(nt_symbols, nt_control_attach), call_nt_control_attach},
    {"nt_control_send", offsetof(nt_symbols, nt_control_send), call_nt_control_send},
    {"nt_control_next_order", offsetof(nt_symbols, nt_control_next_order), call_nt_control_next_order},
    {"nt_monitor_attach", offsetof(nt_symbols, nt_monitor_attach), call_nt_monitor_attach},
    {"nt_read_status", offsetof(nt_symbols, nt_read_status), call_nt_read_status},
    {"nt_read_now", offsetof(nt_symbols, nt_read_now), call_nt_read_now},
    {"nt_read_counters", offsetof(nt_symbols, nt_read_counters), call_nt_read_counters},
    {"nt_read_channel", offsetof(nt_symbols, nt_read_channel), call_nt_read_channel},
    {"nt_read_instrument", offsetof(nt_symbols, nt_read_instrument), call_nt_read_instrument},
    {"nt_find_instrument", offsetof(nt_symbols, nt_find_instrument), call_nt_find_instrument},
    {"nt_read_account_config", offsetof(nt_symbols, nt_read_account_config), call_nt_read_account_config},
    {"nt_find_account", offsetof(nt_symbols, nt_find_account), call_nt_find_account},
    {"nt_read_terms", offsetof(nt_symbols, nt_read_terms), call_nt_read_terms},
    {"nt_read_quote", offsetof(nt_symbols, nt_read_quote), call_nt_read_quote},
    {"nt_read_book", offsetof(nt_symbols, nt_read_book), call_nt_read_book},
    {"nt_read_position", offsetof(nt_symbols, nt_read_position), call_nt_read_position},
    {"nt_read_account", offsetof(nt_symbols, nt_read_account), call_nt_read_account},
    {"nt_read_features", offsetof(nt_symbols, nt_read_features), call_nt_read_features},
    {"nt_feature_name", offsetof(nt_symbols, nt_feature_name), call_nt_feature_name},
    {"nt_read_model_name", offsetof(nt_symbols, nt_read_model_name), call_nt_read_model_name},
    {"nt_read_signal", offsetof(nt_symbols, nt_read_signal), call_nt_read_signal},
    {"nt_read_latency", offsetof(nt_symbols, nt_read_latency), call_nt_read_latency},
    {"nt_read_latency_counts", offsetof(nt_symbols, nt_read_latency_counts), call_nt_read_latency_counts},
    {"nt_model_load", offsetof(nt_symbols, nt_model_load), call_nt_model_load},
    {"nt_model_read_info", offsetof(nt_symbols, nt_model_read_info), call_nt_model_read_info},
    {"nt_model_predict", offsetof(nt_symbols, nt_model_predict), call_nt_model_predict},
    {"nt_model_step", offsetof(nt_symbols, nt_model_step), call_nt_model_step},
    {"nt_model_advance", offsetof(nt_symbols, nt_model_advance), call_nt_model_advance},
    {"nt_model_reset", offsetof(nt_symbols, nt_model_reset), call_nt_model_reset},
};

#endif
