/* Reads: snapshots of the rows that the kernel publishes. They disturb nobody. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "handle.h"

#define READERS (NT_HANDLE_KERNEL | NT_HANDLE_CLIENT | NT_HANDLE_CONTROL | NT_HANDLE_MONITOR)

nt_view *nt_peer_view(void *object);

/* A kernel that nobody runs right now has no loop to publish what lags behind: it is done here. */
static nt_view *enter(uint32_t handle, int32_t *result, nt_client **client) {
  *client = nt_handle_peek(handle, NT_HANDLE_CLIENT, result);
  if (*client != NULL) return &(*client)->view;
  if (*result != NT_ERR_BAD_HANDLE) return NULL; /* forked or closing, and of this kind */
  void *object = nt_handle_peek(handle, NT_HANDLE_CONTROL | NT_HANDLE_MONITOR, result);
  if (object != NULL) return nt_peer_view(object);
  if (*result != NT_ERR_BAD_HANDLE) return NULL;
  nt_kernel *kernel = nt_handle_peek(handle, NT_HANDLE_KERNEL, result);
  if (kernel == NULL) return NULL;
  int32_t entered;
  if (atomic_load_explicit(&kernel->started, memory_order_acquire) && !atomic_load_explicit(&kernel->looping, memory_order_acquire) &&
      nt_handle_enter(handle, NT_HANDLE_KERNEL, &entered) != NULL) {
    if (!atomic_load_explicit(&kernel->looping, memory_order_acquire)) nt_publish_slow(kernel); /* started just now: its loop does it */
    nt_handle_leave(handle);
  }
  return &kernel->view;
}

int32_t nt_read_status(uint32_t handle, nt_status *status) {
  int32_t result;
  nt_client *client;
  nt_view *view = enter(handle, &result, &client);
  if (view == NULL) return result;
  result = status == NULL ? NT_ERR_INVALID : nt_seqlock_read(view->status->word, status, NT_ROW_WORDS(nt_status));
  if (result == NT_OK) {
    status->now = atomic_load_explicit(&view->live->now, memory_order_acquire);
    status->ticks_published = nt_ticks_written(view->ticks);
    status->source_ended = atomic_load_explicit(&view->live->ended, memory_order_acquire);
    status->running = atomic_load_explicit(&view->live->running, memory_order_acquire) && nt_core_alive(view) == NT_OK;
  }
  nt_handle_unpeek(handle);
  return result;
}

int32_t nt_read_now(uint32_t handle, int64_t *now) {
  int32_t result;
  nt_client *client;
  nt_view *view = enter(handle, &result, &client);
  if (view == NULL) return result;
  result = now == NULL ? NT_ERR_INVALID : NT_OK;
  if (result == NT_OK)
    *now = atomic_load_explicit(&view->live->clock, memory_order_relaxed) == NT_CLOCK_MONOTONIC
               ? nt_clock_ns()
               : atomic_load_explicit(&view->live->now, memory_order_acquire);
  nt_handle_unpeek(handle);
  return result;
}

/* One published row out of a table of count rows. */
static int32_t read_row(uint32_t handle, uint64_t index, uint64_t count, const _Atomic uint64_t *row, void *out, uint32_t words) {
  int32_t result = NT_ERR_INVALID;
  if (index < count && out != NULL) result = nt_seqlock_read(row, out, words);
  nt_handle_unpeek(handle);
  return result;
}

int32_t nt_read_counters(uint32_t handle, nt_counters *counters) {
  int32_t result;
  nt_client *client;
  nt_view *view = enter(handle, &result, &client);
  return view == NULL ? result : read_row(handle, 0, 1, view->counters->word, counters, NT_ROW_WORDS(nt_counters));
}

int32_t nt_read_channel(uint32_t handle, uint32_t channel, nt_channel *out) {
  int32_t result;
  nt_client *client;
  nt_view *view = enter(handle, &result, &client);
  return view == NULL
             ? result
             : read_row(handle, channel, view->channel_count, view->channels[channel % NT_CHANNEL_MAX].word, out, NT_ROW_WORDS(nt_channel));
}

static uint32_t instruments_of(const nt_view *view) {
  uint32_t count = atomic_load_explicit(&view->live->instruments, memory_order_acquire);
  return count < view->instrument_capacity ? count : view->instrument_capacity;
}

static uint32_t accounts_of(const nt_view *view) {
  uint32_t count = atomic_load_explicit(&view->live->accounts, memory_order_acquire);
  return count < view->account_capacity ? count : view->account_capacity;
}

int32_t nt_read_instrument(uint32_t handle, uint32_t instrument, nt_instrument *out) {
  int32_t result;
  nt_client *client;
  nt_view *view = enter(handle, &result, &client);
  if (view == NULL) return result;
  result = out == NULL ? NT_ERR_INVALID : instrument < instruments_of(view) ? NT_OK : NT_ERR_NOT_FOUND;
  if (result == NT_OK) *out = view->instruments[instrument];
  nt_handle_unpeek(handle);
  return result;
}

int32_t nt_find_instrument(uint32_t handle, const char *symbol) {
  int32_t result;
  nt_client *client;
  nt_view *view = enter(handle, &result, &client);
  if (view == NULL) return result;
  uint32_t count = instruments_of(view);
  result = symbol == NULL ? NT_ERR_INVALID : NT_ERR_NOT_FOUND;
  for (uint32_t i = 0; i < count && result == NT_ERR_NOT_FOUND; i++) {
    if (strncmp(view->instruments[i].symbol, symbol, NT_NAME_BYTES) == 0) result = (int32_t)i;
  }
  nt_handle_unpeek(handle);
  return result;
}

int32_t nt_read_account_config(uint32_t handle, uint32_t account, nt_account *out) {
  int32_t result;
  nt_client *client;
  nt_view *view = enter(handle, &result, &client);
  if (view == NULL) return result;
  result = out == NULL ? NT_ERR_INVALID : account < accounts_of(view) ? NT_OK : NT_ERR_NOT_FOUND;
  if (result == NT_OK) *out = view->accounts[account];
  nt_handle_unpeek(handle);
  return result;
}

int32_t nt_find_account(uint32_t handle, const char *name) {
  int32_t result;
  nt_client *client;
  nt_view *view = enter(handle, &result, &client);
  if (view == NULL) return result;
  uint32_t count = accounts_of(view);
  result = name == NULL ? NT_ERR_INVALID : NT_ERR_NOT_FOUND;
  for (uint32_t i = 0; i < count && result == NT_ERR_NOT_FOUND; i++) {
    if (strncmp(view->accounts[i].name, name, NT_NAME_BYTES) == 0) result = (int32_t)i;
  }
  nt_handle_unpeek(handle);
  return result;
}

int32_t nt_read_terms(uint32_t handle, uint32_t account, uint32_t instrument, nt_terms *out) {
  int32_t result;
  nt_client *client;
  nt_view *view = enter(handle, &result, &client);
  if (view == NULL) return result;
  result = out == NULL ? NT_ERR_INVALID : account < accounts_of(view) && instrument < instruments_of(view) ? NT_OK : NT_ERR_NOT_FOUND;
  if (result == NT_OK) *out = view->terms[(uint64_t)account * view->instrument_capacity + instrument];
  nt_handle_unpeek(handle);
  return result;
}

int32_t nt_read_quote(uint32_t handle, uint32_t instrument, nt_quote *out) {
  int32_t result;
  nt_client *client;
  nt_view *view = enter(handle, &result, &client);
  if (view == NULL) return result;
  result = out == NULL ? NT_ERR_INVALID : instrument < instruments_of(view) ? NT_OK : NT_ERR_NOT_FOUND;
  if (result == NT_OK) result = nt_seqlock_read(view->quotes[instrument].word, out, NT_ROW_WORDS(nt_quote));
  if (result == NT_OK && out->ts_event == NT_ABSENT) result = NT_ERR_NO_DATA;
  nt_handle_unpeek(handle);
  return result;
}

int32_t nt_read_book(uint32_t handle, uint32_t instrument, nt_book *out) {
  int32_t result;
  nt_client *client;
  nt_view *view = enter(handle, &result, &client);
  if (view == NULL) return result;
  result = out == NULL ? NT_ERR_INVALID : instrument < instruments_of(view) ? NT_OK : NT_ERR_NOT_FOUND;
  if (result == NT_OK) result = nt_seqlock_read(view->books[instrument].word, out, NT_ROW_WORDS(nt_book));
  nt_handle_unpeek(handle);
  return result;
}

/* For a client, projected adds its orders that the kernel has not taken. The row is published before an order is committed, so reading
 * the ring's index around it never misses one; it may count one twice for the moment between, which only makes a client more careful. */
int32_t nt_read_position(uint32_t handle, uint32_t account, uint32_t instrument, nt_position *out) {
  int32_t result;
  nt_client *client;
  nt_view *view = enter(handle, &result, &client);
  if (view == NULL) return result;
  result = out == NULL ? NT_ERR_INVALID : account < accounts_of(view) && instrument < instruments_of(view) ? NT_OK : NT_ERR_NOT_FOUND;
  if (result == NT_OK) {
    const _Atomic uint64_t *row = view->positions[(uint64_t)account * view->instrument_capacity + instrument].word;
    uint64_t taken = client == NULL ? 0 : atomic_load_explicit(&client->line.in->read, memory_order_acquire);
    result = nt_seqlock_read(row, out, NT_ROW_WORDS(nt_position));
    if (result == NT_ERR_NO_DATA) { /* a pair without terms: flat, and every order is denied */
      memset(out, 0, sizeof(*out));
      out->average_price = (double)NAN;
      out->mark_price = NT_ABSENT;
      result = NT_OK;
    }
    if (result == NT_OK && client != NULL) out->projected = nt_sum(out->projected, nt_client_in_flight(client, account, instrument, taken));
  }
  nt_handle_unpeek(handle);
  return result;
}

int32_t nt_read_account(uint32_t handle, uint32_t account, nt_account_view *out) {
  int32_t result;
  nt_client *client;
  nt_view *view = enter(handle, &result, &client);
  if (view == NULL) return result;
  result = out == NULL ? NT_ERR_INVALID : account < accounts_of(view) ? NT_OK : NT_ERR_NOT_FOUND;
  if (result == NT_OK) result = nt_seqlock_read(view->account_views[account].word, out, NT_ROW_WORDS(nt_account_view));
  nt_handle_unpeek(handle);
  return result;
}

int32_t nt_read_features(uint32_t handle, uint32_t instrument, double *values, uint32_t count) {
  int32_t result;
  nt_client *client;
  nt_view *view = enter(handle, &result, &client);
  if (view == NULL) return result;
  nt_features features;
  result = values == NULL || count == 0 ? NT_ERR_INVALID : instrument < instruments_of(view) ? NT_OK : NT_ERR_NOT_FOUND;
  if (result == NT_OK) result = nt_seqlock_read(view->features[instrument].word, &features, NT_ROW_WORDS(nt_features));
  if (result == NT_OK) result = nt_features_read(&features, values, count);
  nt_handle_unpeek(handle);
  return result;
}

static uint32_t models_of(const nt_view *view) {
  uint32_t count = atomic_load_explicit(&view->live->models, memory_order_acquire);
  return count < view->model_capacity ? count : view->model_capacity;
}

int32_t nt_read_model_name(uint32_t handle, uint32_t model, char *name, uint32_t bytes) {
  int32_t result;
  nt_client *client;
  nt_view *view = enter(handle, &result, &client);
  if (view == NULL) return result;
  result = name == NULL || bytes < NT_NAME_BYTES ? NT_ERR_INVALID : model < models_of(view) ? NT_OK : NT_ERR_NOT_FOUND;
  if (result == NT_OK) {
    memcpy(name, view->models[model], NT_NAME_BYTES);
    name[NT_NAME_BYTES - 1] = 0;
  }
  nt_handle_unpeek(handle);
  return result;
}

int32_t nt_read_signal(uint32_t handle, uint32_t model, uint32_t instrument, nt_tick *out) {
  int32_t result;
  nt_client *client;
  nt_view *view = enter(handle, &result, &client);
  if (view == NULL) return result;
  result = out == NULL ? NT_ERR_INVALID : model < models_of(view) && instrument < instruments_of(view) ? NT_OK : NT_ERR_NOT_FOUND;
  if (result == NT_OK)
    result = nt_seqlock_read(view->signals[(uint64_t)model * view->instrument_capacity + instrument].word, out, NT_ROW_WORDS(nt_tick));
  if (result == NT_OK && (out->signal_flags & NT_SIGNAL_NOT_READY) != 0) result = NT_ERR_NOT_READY;
  nt_handle_unpeek(handle);
  return result;
}

int32_t nt_read_latency(uint32_t handle, uint32_t kind, nt_latency *out) {
  int32_t result;
  nt_client *client;
  nt_view *view = enter(handle, &result, &client);
  if (view == NULL) return result;
  result = out == NULL || kind < 1 || kind > NT_LATENCY_KINDS ? NT_ERR_INVALID : NT_OK;
  if (result == NT_OK) nt_histogram_read(&view->latencies[kind - 1], out);
  nt_handle_unpeek(handle);
  return result;
}

int32_t nt_read_latency_counts(uint32_t handle, uint32_t kind, uint64_t *counts, uint32_t count) {
  int32_t result;
  nt_client *client;
  nt_view *view = enter(handle, &result, &client);
  if (view == NULL) return result;
  result = counts == NULL || count != NT_LATENCY_OCTAVES || kind < 1 || kind > NT_LATENCY_KINDS ? NT_ERR_INVALID : NT_OK;
  if (result == NT_OK) nt_histogram_octaves(&view->latencies[kind - 1], counts);
  nt_handle_unpeek(handle);
  return result;
}
