/* The client: submit, poll, and what it knows of its own orders. */
#include "client.h"

#include <stdlib.h>
#include <string.h>

#include "handle.h"

/* ---- attach ----------------------------------------------------------------------------------------------------------------- */

static void destroy(void *object) {
  nt_client *client = object;
  nt_desk *desk = client->line.desk;
  desk->request = NT_REQUEST_DETACH;
  atomic_store_explicit(&desk->subscribed, 0, memory_order_release);
  atomic_fetch_add_explicit(&desk->request_number, 1, memory_order_release);
  nt_wake(&desk->kernel_wait);
  if (client->local != NULL) {
    atomic_store_explicit(&client->local->local_handles[client->channel], 0, memory_order_release);
    nt_segment_unlock(&client->local->ports[client->channel].line.segment, NT_PEER_LOCK);
    atomic_fetch_and_explicit(&client->local->local_claims, ~((uint64_t)1 << client->channel), memory_order_acq_rel);
    atomic_fetch_sub_explicit(&client->local->local_objects, 1, memory_order_release); /* the kernel may go from here on */
  } else {
    nt_segment_close(&client->line.segment, 0);
    nt_segment_close(&client->view.segment, 0);
  }
  free(client->table);
  free(client->pending);
  free(client);
}

static void ask(nt_client *client, const char *name) {
  nt_desk *desk = client->line.desk;
  memset(desk->client, 0, sizeof(desk->client));
  memcpy(desk->client, name, strlen(name));
  desk->pid = nt_process_id();
  desk->request = NT_REQUEST_ATTACH;
  atomic_fetch_add_explicit(&desk->request_number, 1, memory_order_release);
  nt_wake(&desk->kernel_wait);
}

static int answered(const nt_desk *desk) {
  return atomic_load_explicit(&desk->answer_number, memory_order_acquire) ==
         atomic_load_explicit(&desk->request_number, memory_order_relaxed);
}

/* What a wait in another thread may know. */
static void show(nt_client *client) {
  atomic_store_explicit(&client->shown.position, client->position, memory_order_relaxed);
  atomic_store_explicit(&client->shown.reports, client->reports.index, memory_order_relaxed);
  atomic_store_explicit(&client->shown.subscribed, client->subscribed, memory_order_relaxed);
  atomic_store_explicit(&client->shown.end_told, client->end_told, memory_order_relaxed);
}

/* The kernel has answered: open the rings where the name's former life, if any, stopped. */
static int32_t open_rings(nt_client *client, nt_error *error) {
  const nt_desk *desk = client->line.desk;
  if (desk->answer != NT_OK) return desk->answer;
  int32_t result = nt_producer_open(&client->orders, client->line.in, client->line.in_slots, sizeof(nt_order), client->line.in_capacity);
  if (result == NT_OK)
    result =
        nt_producer_open(&client->signals, client->line.signals, client->line.signal_slots, sizeof(nt_tick), client->line.signal_capacity);
  if (result == NT_OK)
    result = nt_consumer_open(&client->reports, client->line.out, client->line.out_slots, sizeof(nt_report), client->line.out_capacity);
  if (result != NT_OK) {
    nt_error_set(error, result, 0, NT_ABSENT, NT_ABSENT, "the rings of channel %u are damaged", client->channel);
    return result;
  }
  client->last_id = desk->last_client_order_id;
  client->position = nt_ticks_written(client->view.ticks);
  atomic_store_explicit(&client->line.desk->done, client->position, memory_order_release);
  show(client);
  return NT_OK;
}

static nt_client *allocate(nt_error *error) {
  nt_client *client = calloc(1, sizeof(nt_client));
  if (client == NULL) nt_error_set(error, NT_ERR_SYSTEM, 12, NT_ABSENT, NT_ABSENT, "no memory for a client");
  return client;
}

static int32_t open_handle(nt_client *client, uint32_t *handle, nt_error *error) {
  client->capacity = atomic_load_explicit(&client->view.live->order_capacity, memory_order_relaxed);
  if (client->capacity == 0 || (client->capacity & (client->capacity - 1)) != 0 || client->capacity > 1 << 20) {
    nt_error_set(error, NT_ERR_CORRUPT, 0, client->capacity, 1 << 20, "the kernel's order capacity cannot be");
    return NT_ERR_CORRUPT;
  }
  client->table = calloc(client->capacity, sizeof(nt_open_order));
  client->pending = calloc(client->capacity, 1);
  if (client->table == NULL || client->pending == NULL) {
    nt_error_set(error, NT_ERR_SYSTEM, 12, NT_ABSENT, NT_ABSENT, "no memory for a client's orders");
    return NT_ERR_SYSTEM;
  }
  *handle = nt_handle_open(NT_HANDLE_CLIENT, client, destroy);
  if (*handle != 0) return NT_OK;
  nt_error_set(error, NT_ERR_FULL, 0, NT_HANDLE_SLOTS, NT_HANDLE_SLOTS - 1, "too many open handles");
  return NT_ERR_FULL;
}

static void row_of(const nt_view *view, uint32_t channel, nt_channel *row) {
  memset(row, 0, sizeof(*row));
  (void)nt_seqlock_read(view->channels[channel].word, row, NT_ROW_WORDS(nt_channel));
  row->client[NT_NAME_BYTES - 1] = 0;
}

/* Channels in the order in which to try them: the name's own, then never used, then used by a name that left. */
static uint32_t preference(const nt_view *view, const char *name, uint8_t order[NT_CHANNEL_MAX]) {
  uint32_t count = 0;
  for (int pass = 0; pass < 3; pass++) {
    for (uint32_t c = 0; c < view->channel_count; c++) {
      nt_channel row;
      row_of(view, c, &row);
      int own = strcmp(row.client, name) == 0, fresh = row.client[0] == 0;
      if (pass == 0 ? own : pass == 1 ? fresh : !own && !fresh) order[count++] = (uint8_t)c;
    }
  }
  return count;
}

static int32_t in_use(const char *name, nt_error *error) {
  nt_error_set(error, NT_ERR_NAME_IN_USE, 0, NT_ABSENT, NT_ABSENT, "a living client is named %s; choose another name", name);
  return NT_ERR_NAME_IN_USE;
}

static int32_t refused(int32_t code, const char *name, uint32_t channels, nt_error *error) {
  if (code == NT_ERR_NAME_IN_USE) return in_use(name, error);
  if (code == NT_ERR_TIMEOUT) {
    nt_error_set(error, code, 0, NT_ABSENT, NT_ABSENT, "the kernel did not answer in time; is it stopped in a debugger?");
  } else if (code == NT_ERR_NO_CHANNEL) {
    nt_error_set(error, code, 0, (int64_t)channels + 1, channels, "every client channel is claimed or has open orders");
  } else if (code == NT_ERR_KERNEL_DEAD) {
    nt_error_set(error, code, 0, NT_ABSENT, NT_ABSENT, "the kernel died while the client attached");
  } else if (error != NULL && error->code == NT_OK) {
    nt_error_set(error, code, 0, NT_ABSENT, NT_ABSENT, "the kernel refused the client");
  }
  return code;
}

static int32_t await_answer(const nt_client *client, int64_t deadline_ns) {
  nt_waiter waiter;
  int64_t left = deadline_ns - nt_clock_ns();
  nt_waiter_start(&waiter, left > 0 ? left : 0, 2);
  while (!answered(client->line.desk)) {
    if (nt_waiter_step(&waiter, &client->line.desk->peer_wait) != NT_OK)
      return nt_core_alive(&client->view) == NT_OK ? NT_ERR_TIMEOUT : NT_ERR_KERNEL_DEAD;
  }
  return NT_OK;
}

/* One try over all channels. NT_ERR_BUSY: the directory changed meanwhile, try again. */
static int32_t claim(nt_client *client, const char *kernel_name, const char *name, int64_t deadline_ns, nt_error *error) {
  uint8_t order[NT_CHANNEL_MAX];
  uint32_t count = preference(&client->view, name, order);
  int32_t none = NT_ERR_NO_CHANNEL;
  for (uint32_t i = 0; i < count; i++) {
    nt_channel row;
    row_of(&client->view, order[i], &row);
    int own = strcmp(row.client, name) == 0;
    int32_t result = nt_line_open(&client->line, kernel_name, order[i], client->view.segment.header->incarnation, error);
    if (result == NT_ERR_CORRUPT || result == NT_ERR_VERSION || result == NT_ERR_NOT_FOUND) { /* written over or unlinked by somebody */
      none = result;
      continue;
    }
    if (result != NT_OK) return result;
    client->channel = order[i];
    result = nt_segment_lock(&client->line.segment, NT_PEER_LOCK);
    if (result == NT_OK) {
      ask(client, name);
      result = await_answer(client, deadline_ns);
      if (result == NT_OK) result = open_rings(client, error);
      if (result == NT_OK) return NT_OK;
      nt_segment_close(&client->line.segment, 0);
      if (result != NT_ERR_NO_CHANNEL) return result;
      continue;
    }
    nt_segment_close(&client->line.segment, 0);
    if (own) return NT_ERR_NAME_IN_USE;
  }
  return none;
}

int32_t nt_client_attach(const char *kernel_name, const char *client_name, int64_t timeout_ns, uint32_t *handle, nt_error *error) {
  nt_error_set(error, NT_OK, 0, NT_ABSENT, NT_ABSENT, "no failure");
  if (handle == NULL || kernel_name == NULL || client_name == NULL) {
    nt_error_set(error, NT_ERR_INVALID, 0, NT_ABSENT, NT_ABSENT, "kernel name, client name and handle are needed");
    return NT_ERR_INVALID;
  }
  *handle = 0;
  int32_t result = nt_name_check(client_name, 0, error);
  if (result != NT_OK) return result;
  nt_client *client = allocate(error);
  if (client == NULL) return NT_ERR_SYSTEM;
  int64_t deadline = nt_clock_ns() + (timeout_ns > 0 ? timeout_ns : 0);
  while ((result = nt_core_open(&client->view, kernel_name, error)) == NT_ERR_NOT_FOUND || result == NT_ERR_KERNEL_DEAD) {
    if (nt_clock_ns() >= deadline) break;
    nt_sleep_ns(2000000);
  }
  if (result == NT_OK) {
    while ((result = claim(client, kernel_name, client_name, deadline, error)) == NT_ERR_BUSY && nt_clock_ns() < deadline)
      nt_sleep_ns(1000000);
    if (result == NT_OK && (result = open_handle(client, handle, error)) == NT_OK) return NT_OK;
    result = refused(result, client_name, client->view.channel_count, error);
    nt_segment_close(&client->line.segment, 0);
    nt_segment_close(&client->view.segment, 0);
  }
  free(client->table);
  free(client->pending);
  free(client);
  return result;
}

/* A client in the kernel's own process: the same channel, through the kernel's own mapping. */
int32_t nt_kernel_client(uint32_t kernel_handle, const char *client_name, uint32_t *handle, nt_error *error) {
  int32_t result;
  nt_error_set(error, NT_OK, 0, NT_ABSENT, NT_ABSENT, "no failure");
  if (handle == NULL || client_name == NULL) {
    nt_error_set(error, NT_ERR_INVALID, 0, NT_ABSENT, NT_ABSENT, "client name and handle are needed");
    return NT_ERR_INVALID;
  }
  *handle = 0;
  if ((result = nt_name_check(client_name, 0, error)) != NT_OK) return result;
  nt_kernel *kernel = nt_handle_enter(kernel_handle, NT_HANDLE_KERNEL, &result);
  if (kernel == NULL) {
    nt_error_set(error, result, 0, kernel_handle, NT_ABSENT, "no open kernel has this handle, or another call is inside it");
    return result;
  }
  nt_client *client = allocate(error);
  if (client == NULL) {
    nt_handle_leave(kernel_handle);
    return NT_ERR_SYSTEM;
  }
  nt_kernel_reap(kernel);
  nt_kernel_open_doors(kernel);
  client->local = kernel;
  client->view = kernel->view;
  int looping = atomic_load_explicit(&kernel->looping, memory_order_acquire) != 0;
  uint8_t order[NT_CHANNEL_MAX];
  uint32_t count = preference(&kernel->view, client_name, order);
  result = NT_ERR_NO_CHANNEL;
  for (uint32_t i = 0; i < count && result == NT_ERR_NO_CHANNEL; i++) {
    uint32_t c = order[i];
    uint64_t bit = (uint64_t)1 << c;
    nt_channel row;
    row_of(&kernel->view, c, &row);
    int own = strcmp(row.client, client_name) == 0;
    if ((atomic_load_explicit(&kernel->local_claims, memory_order_acquire) & bit) != 0 ||
        nt_segment_lock(&kernel->ports[c].line.segment, NT_PEER_LOCK) != NT_OK) {
      if (own) result = NT_ERR_NAME_IN_USE;
      continue;
    }
    atomic_fetch_or_explicit(&kernel->local_claims, bit, memory_order_acq_rel);
    client->line = kernel->ports[c].line;
    client->channel = c;
    ask(client, client_name);
    if (!looping) (void)nt_loop_service(kernel);
    result = await_answer(client, nt_clock_ns() + (looping ? 5000000000 : 0));
    if (result == NT_OK) result = open_rings(client, error);
    atomic_fetch_add_explicit(&kernel->local_objects, 1, memory_order_relaxed);
    if (result == NT_OK) result = open_handle(client, handle, error);
    if (result == NT_OK) {
      atomic_store_explicit(&kernel->local_handles[c], *handle, memory_order_release);
    } else {
      atomic_fetch_sub_explicit(&kernel->local_objects, 1, memory_order_relaxed);
      nt_segment_unlock(&kernel->ports[c].line.segment, NT_PEER_LOCK);
      atomic_fetch_and_explicit(&kernel->local_claims, ~bit, memory_order_acq_rel);
    }
  }
  if (result != NT_OK) {
    result = refused(result, client_name, kernel->config.channels, error);
    free(client->table);
    free(client->pending);
    free(client);
  }
  nt_handle_leave(kernel_handle);
  return result;
}

int32_t nt_client_subscribe(uint32_t handle) {
  int32_t result;
  nt_client *client = nt_handle_enter(handle, NT_HANDLE_CLIENT, &result);
  if (client == NULL) return result;
  if (atomic_load_explicit(&client->view.live->clock, memory_order_relaxed) != NT_CLOCK_TAPE) {
    nt_error_set(nt_handle_error(handle), result = NT_ERR_STATE, 0, NT_ABSENT, NT_ABSENT, "lockstep needs a kernel with the tape clock");
  } else {
    client->subscribed = 1;
    client->position = nt_ticks_written(client->view.ticks);
    atomic_store_explicit(&client->line.desk->done, client->position, memory_order_release);
    atomic_store_explicit(&client->line.desk->subscribed, 1, memory_order_release);
    show(client);
    nt_wake(&client->line.desk->kernel_wait);
    result = NT_OK;
  }
  nt_handle_leave(handle);
  return result;
}

/* ---- submit ----------------------------------------------------------------------------------------------------------------- */

static nt_open_order *slot_of(nt_client *client, uint64_t id) {
  return &client->table[id & (client->capacity - 1)];
}

/* The next id whose slot is free. 0 when every slot is taken. */
static uint64_t next_free_id(nt_client *client) {
  uint64_t id = client->last_id + 1;
  for (uint32_t i = 0; i < client->capacity; i++, id++) {
    if (slot_of(client, id)->client_order_id == 0) return id;
  }
  return 0;
}

static int32_t submit(nt_client *client, nt_order *order, uint32_t handle) {
  int is_new = order->message == NT_MESSAGE_NEW;
  uint64_t id = order->client_order_id;
  if (id == 0) {
    id = is_new ? next_free_id(client) : client->last_id + 1;
    if (id == 0) {
      nt_error_set(nt_handle_error(handle), NT_ERR_FULL, 0, (int64_t)client->open + 1, client->capacity,
                   "every order slot of this client is taken");
      return NT_ERR_FULL;
    }
  } else if (id <= client->last_id) {
    nt_error_set(nt_handle_error(handle), NT_ERR_INVALID, 0, nt_saturate((nt_wide)id), nt_saturate((nt_wide)client->last_id),
                 "client_order_id has to be greater than the last one");
    return NT_ERR_INVALID;
  }
  if (nt_producer_full(&client->orders)) {
    nt_error_set(nt_handle_error(handle), NT_ERR_FULL, 0, NT_ABSENT, client->line.in_capacity,
                 "the order ring is full; the kernel has not caught up");
    return NT_ERR_FULL;
  }
  order->client_order_id = id;
  order->ts = atomic_load_explicit(&client->view.live->clock, memory_order_relaxed) == NT_CLOCK_TAPE
                  ? atomic_load_explicit(&client->view.live->now, memory_order_relaxed)
                  : nt_clock_ns();
  (void)nt_ring_push128(&client->orders, order);
  client->last_id = id;
  if (is_new) {
    nt_open_order *slot = slot_of(client, id);
    if (slot->client_order_id == 0) {
      *slot = (nt_open_order){.client_order_id = id,
                              .price = order->price,
                              .quantity = order->quantity,
                              .instrument = order->instrument,
                              .account = order->account,
                              .side = order->side,
                              .status = NT_STATUS_PENDING_NEW};
      client->open++;
    }
  } else if (order->message != NT_MESSAGE_MASS_CANCEL &&
             slot_of(client, order->original_client_order_id)->client_order_id == order->original_client_order_id) {
    client->pending[order->original_client_order_id & (client->capacity - 1)]++;
  }
  return NT_OK;
}

int32_t nt_client_submit(uint32_t handle, nt_order *order) {
  int32_t result;
  nt_client *client = nt_handle_enter(handle, NT_HANDLE_CLIENT, &result);
  if (client == NULL) return result;
  if (order == NULL) {
    nt_error_set(nt_handle_error(handle), result = NT_ERR_INVALID, 0, NT_ABSENT, NT_ABSENT, "an order is needed, not NULL");
  } else {
    result = submit(client, order, handle);
  }
  if (result == NT_OK) nt_wake(&client->line.desk->kernel_wait);
  nt_handle_leave(handle);
  return result;
}

int32_t nt_client_submit_batch(uint32_t handle, nt_order *orders, uint32_t count) {
  int32_t result;
  nt_client *client = nt_handle_enter(handle, NT_HANDLE_CLIENT, &result);
  if (client == NULL) return result;
  uint32_t sent = 0;
  result = NT_OK;
  if ((orders == NULL && count > 0) || count > INT32_MAX) {
    nt_error_set(nt_handle_error(handle), result = NT_ERR_INVALID, 0, count, INT32_MAX, "orders are needed, not NULL");
  }
  while (result == NT_OK && sent < count && (result = submit(client, &orders[sent], handle)) == NT_OK) sent++;
  if (sent > 0) nt_wake(&client->line.desk->kernel_wait);
  nt_handle_leave(handle);
  return sent > 0 || result == NT_OK ? (int32_t)sent : result;
}

static int ended(const nt_client *client) {
  return atomic_load_explicit(&client->view.live->ended, memory_order_acquire) != 0;
}

int32_t nt_client_signal(uint32_t handle, const nt_tick *given) {
  int32_t result;
  nt_client *client = nt_handle_enter(handle, NT_HANDLE_CLIENT, &result);
  if (client == NULL) return result;
  nt_error *error = nt_handle_error(handle);
  nt_tick signal = {0};
  if (given != NULL) {
    memcpy(signal.values, given->values, sizeof(signal.values));
    signal.confidence = given->confidence;
    signal.model = given->model;
    signal.value_count = given->value_count;
    signal.signal_flags = given->signal_flags;
    signal.instrument = given->instrument;
    signal.kind = NT_TICK_SIGNAL;
    signal.ts_event = atomic_load_explicit(&client->view.live->clock, memory_order_relaxed) == NT_CLOCK_TAPE
                          ? atomic_load_explicit(&client->view.live->now, memory_order_relaxed)
                          : nt_clock_ns();
  }
  uint32_t models = atomic_load_explicit(&client->view.live->models, memory_order_relaxed);
  if (models > client->view.model_capacity) models = client->view.model_capacity; /* a hostile kernel may say anything */
  uint32_t instruments = atomic_load_explicit(&client->view.live->instruments, memory_order_relaxed);
  if (given == NULL || !nt_signal_in_range(&signal, models, instruments)) {
    nt_error_set(error, result = NT_ERR_INVALID, 0, signal.model, (int64_t)models - 1,
                 "a signal names an instrument and a model of the kernel, and has 1 to %d finite values and a confidence from 0 to 1",
                 NT_SIGNAL_VALUES);
  } else if ((atomic_load_explicit(&client->view.live->own_models, memory_order_relaxed) >> signal.model & 1) != 0) {
    nt_error_set(error, result = NT_ERR_INVALID, 0, signal.model, NT_ABSENT,
                 "the kernel steps this model itself; signals are for a model without a file");
  } else if (atomic_load_explicit(&client->view.live->clock, memory_order_relaxed) == NT_CLOCK_TAPE && ended(client)) {
    result = NT_OK; /* the end comes with the last slice: whoever answers that one is not at fault, and not heard */
  } else if (!nt_ring_push64(&client->signals, &signal)) {
    nt_error_set(error, result = NT_ERR_FULL, 0, NT_ABSENT, client->line.signal_capacity,
                 "the signal ring is full; the kernel has not caught up");
  } else {
    nt_wake(&client->line.desk->kernel_wait);
  }
  nt_handle_leave(handle);
  return result;
}

int64_t nt_client_in_flight(const nt_client *client, uint32_t account, uint32_t instrument, uint64_t taken) {
  uint64_t sent = atomic_load_explicit(&client->line.in->written, memory_order_relaxed);
  uint64_t waiting = sent - taken;
  nt_wide sum = 0;
  if (waiting > client->orders.mask + 1) return 0; /* the kernel cannot have taken more than was sent */
  for (uint64_t i = taken; i != sent; i++) {
    const nt_order *order = (const nt_order *)(const void *)(client->orders.slots + (i & client->orders.mask) * sizeof(nt_order));
    if (order->message != NT_MESSAGE_NEW || order->instrument != instrument || order->account != account) continue;
    sum += order->side == NT_SIDE_BUY ? order->quantity : -(nt_wide)order->quantity;
  }
  return nt_saturate(sum);
}

/* ---- poll ------------------------------------------------------------------------------------------------------------------- */

static void learn(nt_client *client, const nt_report *report) {
  nt_open_order *slot = slot_of(client, report->client_order_id);
  if (report->client_order_id == 0 || slot->client_order_id != report->client_order_id) return;
  uint8_t *pending = &client->pending[report->client_order_id & (client->capacity - 1)];
  int answers =
      report->unit == NT_UNIT_ORDER_ID || report->exec_type == NT_EXEC_CANCEL_REJECTED || report->exec_type == NT_EXEC_REPLACE_REJECTED;
  if (answers && *pending > 0 && report->exec_type != NT_EXEC_DENIED) (*pending)--;
  slot->status = report->order_status;
  slot->filled = report->cumulative_quantity;
  if (report->exec_type == NT_EXEC_REPLACED) slot->quantity = report->cumulative_quantity + report->leaves_quantity;
  if (nt_is_terminal(slot->status) && *pending == 0) {
    slot->client_order_id = 0;
    client->open--;
  }
}

static uint32_t pop_reports(nt_client *client, nt_report *reports, uint32_t count) {
  uint32_t copied = 0;
  const nt_report *front;
  while (copied < count && (front = nt_ring_front128(&client->reports)) != NULL) {
    reports[copied] = *front;
    learn(client, &reports[copied]);
    nt_ring_advance(&client->reports);
    copied++;
  }
  return copied;
}

/* The kernel keeps reports back because the ring was full: they come before any later slice. */
static int held(const nt_client *client) {
  return atomic_load_explicit(&client->line.desk->held, memory_order_acquire) != 0;
}

/* The kernel runs on its caller's thread: it goes on when the caller says so, which is after whatever follows this poll. */
static int embedded(const nt_client *client) {
  return client->local != NULL && !atomic_load_explicit(&client->local->looping, memory_order_acquire);
}

/* Something for this poll: a subscriber waits for a whole slice, so that it sees the same in every run. */
static int something(nt_client *client, int reports_only) {
  if (!reports_only && nt_ticks_written(client->view.ticks) != client->position) return 1;
  int is_over = ended(client);
  if (is_over && !client->end_told && !reports_only) return 1;
  return (!client->subscribed || is_over || held(client)) && nt_ring_front128(&client->reports) != NULL;
}

/* Once in a while, across calls: short polls learn of the kernel's death too. */
static int32_t check_alive(nt_client *client, uint32_t handle) {
  int64_t now = nt_time_coarse_ns();
  if (client->local != NULL || now - client->alive_checked_ns < NT_ALIVE_CHECK_NS) return NT_OK;
  client->alive_checked_ns = now;
  if (nt_core_alive(&client->view) == NT_OK) return NT_OK;
  nt_error_set(nt_handle_error(handle), NT_ERR_KERNEL_DEAD, 0, NT_ABSENT, NT_ABSENT, "the kernel is gone; attach again when it is back");
  return NT_ERR_KERNEL_DEAD;
}

static int32_t await_something(nt_client *client, uint32_t handle, int reports_only, int64_t timeout_ns) {
  nt_waiter waiter;
  if (embedded(client)) return NT_OK; /* nobody would bring it */
  nt_waiter_start(&waiter, timeout_ns, 2);
  for (uint32_t step = 1; !something(client, reports_only); step++) {
    if (nt_handle_closing(handle)) return NT_ERR_CLOSED;
    int32_t passed = nt_waiter_step(&waiter, &client->line.desk->peer_wait);
    int32_t result = passed != NT_OK || step % 16 == 0 ? check_alive(client, handle) : NT_OK;
    if (passed != NT_OK || result != NT_OK) return result;
  }
  return NT_OK;
}

static int32_t poll(nt_client *client, nt_tick *ticks, uint32_t tick_count, nt_report *reports, uint32_t report_count, nt_poll *out) {
  uint64_t lost = 0;
  int is_over = ended(client); /* looked at first: what it covers is visible to the reads below */
  int is_new = nt_ticks_written(client->view.ticks) != client->position;
  int is_held = held(client); /* after the ticks and before the ring: then no report of a slice that is seen can be missed */
  if (client->subscribed && !is_over && !is_new && !is_held) return 0;
  out->reports = pop_reports(client, reports, report_count);
  if (client->subscribed && (is_held || (out->reports == report_count && nt_ring_front128(&client->reports) != NULL)))
    return (int32_t)out->reports;
  int32_t copied =
      nt_ticks_read(client->view.ticks, client->view.tick_slots, client->view.tick_mask, &client->position, ticks, tick_count, &lost);
  if (copied < 0) return copied;
  out->ticks = (uint32_t)copied;
  out->lost = lost > UINT32_MAX ? UINT32_MAX : (uint32_t)lost;
  out->ended = is_over && !is_held && client->position == nt_ticks_written(client->view.ticks) &&
               nt_ring_front128(&client->reports) == NULL && !held(client);
  if (tick_count > 0) client->end_told = out->ended; /* who takes reports alone is not told */
  if (!client->subscribed || embedded(client)) atomic_store_explicit(&client->line.desk->done, client->position, memory_order_release);
  return (int32_t)(out->ticks + out->reports);
}

int32_t nt_client_poll(uint32_t handle, nt_tick *ticks, uint32_t tick_count, nt_report *reports, uint32_t report_count, int64_t timeout_ns,
                       nt_poll *out) {
  int32_t result;
  nt_client *client = nt_handle_enter(handle, NT_HANDLE_CLIENT, &result);
  if (client == NULL) return result;
  int reports_only = tick_count == 0;
  if (out == NULL || (ticks == NULL && !reports_only) || reports == NULL || report_count == 0 || tick_count > INT32_MAX / 2 ||
      report_count > INT32_MAX / 2) {
    nt_error_set(nt_handle_error(handle), result = NT_ERR_INVALID, 0, tick_count, INT32_MAX / 2,
                 "poll needs room for ticks and for reports");
  } else if (reports_only && client->subscribed && !ended(client)) {
    nt_error_set(nt_handle_error(handle), result = NT_ERR_INVALID, 0, 0, 1, "a subscriber takes whole slices: give room for ticks");
  }
  if (result != NT_OK) {
    nt_handle_leave(handle);
    return result;
  }
  memset(out, 0, sizeof(*out));
  if (client->subscribed && client->position == nt_ticks_written(client->view.ticks)) { /* a late report comes with the next slice */
    atomic_store_explicit(&client->line.desk->done, client->position, memory_order_release);
    nt_wake(&client->line.desk->kernel_wait);
  }
  result = NT_OK;
  if (!something(client, reports_only))
    result = timeout_ns != 0 ? await_something(client, handle, reports_only, timeout_ns) : check_alive(client, handle);
  if (result == NT_OK) result = poll(client, ticks, tick_count, reports, report_count, out);
  show(client);
  nt_handle_leave(handle);
  return result;
}

/* As something(), from what other threads may know. */
static int something_shown(const nt_client *client, int reports_only) {
  if (!reports_only && nt_ticks_written(client->view.ticks) != atomic_load_explicit(&client->shown.position, memory_order_relaxed))
    return 1;
  int is_over = ended(client);
  if (is_over && !reports_only && !atomic_load_explicit(&client->shown.end_told, memory_order_relaxed)) return 1;
  if (atomic_load_explicit(&client->shown.subscribed, memory_order_relaxed) && !is_over && !held(client)) return 0;
  nt_consumer reports = {.slots = client->reports.slots,
                         .mask = client->reports.mask,
                         .index = atomic_load_explicit(&client->shown.reports, memory_order_relaxed)};
  return nt_ring_front128(&reports) != NULL;
}

int32_t nt_client_wait(uint32_t handle, uint32_t reports_only, int64_t timeout_ns) {
  int32_t result;
  nt_client *client = nt_handle_peek(handle, NT_HANDLE_CLIENT, &result);
  if (client == NULL) return result;
  nt_wait_word *wait = &client->line.desk->peer_wait;
  int64_t now = nt_clock_ns(), deadline = timeout_ns < 0 || timeout_ns > INT64_MAX - now ? INT64_MAX : now + timeout_ns;
  for (;;) {
    uint32_t expected = nt_wait_arm(wait);
    if (atomic_exchange_explicit(&client->shown.interrupted, 0, memory_order_acquire) != 0) {
      result = 0;
    } else if (something_shown(client, reports_only != 0)) {
      result = 1;
    } else if (nt_handle_closing(handle)) {
      result = NT_ERR_CLOSED;
    } else if (client->local == NULL && nt_core_alive(&client->view) != NT_OK) {
      result = NT_ERR_KERNEL_DEAD;
    } else {
      int64_t left = deadline == INT64_MAX ? INT64_MAX : deadline - nt_clock_ns();
      if (left > 0) {
        (void)nt_wait(wait, expected, left);
        continue;
      }
      result = NT_ERR_TIMEOUT;
    }
    nt_handle_unpeek(handle);
    return result;
  }
}

int32_t nt_client_interrupt(uint32_t handle) {
  int32_t result;
  nt_client *client = nt_handle_peek(handle, NT_HANDLE_CLIENT, &result);
  if (client == NULL) return result;
  atomic_store_explicit(&client->shown.interrupted, 1, memory_order_release);
  nt_wake(&client->line.desk->peer_wait);
  nt_handle_unpeek(handle);
  return NT_OK;
}

int32_t nt_client_orders(uint32_t handle, nt_open_order *orders, uint32_t count) {
  int32_t result;
  nt_client *client = nt_handle_enter(handle, NT_HANDLE_CLIENT, &result);
  if (client == NULL) return result;
  uint32_t found = 0;
  for (uint32_t i = 0; i < client->capacity; i++) {
    const nt_open_order *slot = &client->table[i];
    if (slot->client_order_id == 0 || nt_is_terminal(slot->status)) continue;
    if (found < count && orders != NULL) orders[found] = *slot;
    found++;
  }
  nt_handle_leave(handle);
  return (int32_t)found;
}
