/* Peers come and go. A client claims a channel by its lock and asks at the channel's desk; the kernel binds its name and answers.
 *
 * Death is what the operating system says: the lock is free. A channel keeps its name and its orders' ids after its client has gone,
 * and gives them back to the same name.
 */
#include <string.h>

#include "kernel.h"

#define BACKLOG_RINGS 16

static int64_t now_of(const nt_kernel *kernel) {
  return nt_loop_now(kernel);
}

static uint64_t known_id(const nt_kernel *kernel, const char *client) {
  for (uint32_t i = 0; i < NT_KNOWN_NAMES; i++) {
    if (strcmp(kernel->known[i].client, client) == 0) return kernel->known[i].last_id;
  }
  return 0;
}

/* Of names that have lost their channel, the last NT_KNOWN_NAMES keep their ids; who left longer ago begins anew. */
static void remember(nt_kernel *kernel, const char *client, uint64_t last_id) {
  nt_known_name *chosen = &kernel->known[0];
  for (uint32_t i = 0; i < NT_KNOWN_NAMES && strcmp(chosen->client, client) != 0; i++) {
    nt_known_name *known = &kernel->known[i];
    if (strcmp(known->client, client) == 0 || known->left < chosen->left) chosen = known;
  }
  memcpy(chosen->client, client, NT_NAME_BYTES);
  chosen->last_id = last_id;
  chosen->left = ++kernel->departures;
}

/* What the peer had sent is taken, its working orders are cancelled, the tape waits for it no longer. 0: no room now, try again. */
static int release(nt_kernel *kernel, uint32_t channel) {
  nt_port *port = &kernel->ports[channel];
  if (!port->claimed) return 1;
  port->subscribed = 0; /* no slice waits for who has gone, and its signals come after the slice in hand */
  atomic_store_explicit(&port->line.desk->subscribed, 0, memory_order_release);
  (void)nt_loop_orders(kernel, channel, port->line.in_capacity);
  if (!kernel->state->ended && kernel->state->now != NT_ABSENT && nt_ring_front64(&port->signals) != NULL) {
    if (kernel->slice_ticks > 0) return 0; /* they come after the slice in hand */
    (void)nt_loop_signals(kernel, channel, port->line.signal_capacity);
    if (nt_ring_front64(&port->signals) != NULL) return 0;
  }
  if (!nt_loop_take(kernel, NT_INPUT_DEATH, (uint16_t)channel, now_of(kernel), NULL, 0)) return 0;
  for (uint32_t i = 0; i < port->line.in_capacity && nt_ring_front128(&port->orders) != NULL; i++)
    nt_ring_advance(&port->orders); /* it did not drain, so these were never taken */
  port->claimed = 0;
  atomic_fetch_and_explicit(&kernel->remote_claims, ~((uint64_t)1 << channel), memory_order_acq_rel);
  port->pid = 0;
  port->dirty = 1;
  kernel->state->counters.deaths++;
  return 1;
}

static int32_t bind(nt_kernel *kernel, uint32_t channel, const char *client) {
  nt_port *port = &kernel->ports[channel];
  if (nt_name_check(client, 0, NULL) != NT_OK) return NT_ERR_NAME;
  for (uint32_t c = 0; c < kernel->config.channels; c++) {
    if (c != channel && strcmp(kernel->ports[c].client, client) == 0) return kernel->ports[c].claimed ? NT_ERR_NAME_IN_USE : NT_ERR_BUSY;
  }
  if (strcmp(port->client, client) != 0) {
    nt_id_line *ids = &kernel->state->clients[channel];
    if (ids->open > 0) return NT_ERR_NO_CHANNEL; /* orders of the former name are not settled yet */
    if (port->client[0] != 0) remember(kernel, port->client, ids->last_id);
    kernel->state->counters.reports_held -= port->backlog_count;
    port->backlog_count = 0; /* the former name's reports are not this one's */
    port->report_number = port->reports.index;
    atomic_store_explicit(&port->line.out->read, port->reports.index, memory_order_release);
    ids->last_id = known_id(kernel, client);
    memset(port->client, 0, sizeof(port->client));
    memcpy(port->client, client, strlen(client));
  }
  return NT_OK;
}

/* Private copies of the request and of the name, by loads that the next load of request_number cannot pass. */
static uint32_t wish_of(const nt_desk *desk, char client[NT_NAME_BYTES]) {
  uint64_t words[NT_NAME_BYTES / 8];
  for (uint32_t i = 0; i < NT_NAME_BYTES / 8; i++)
    words[i] = atomic_load_explicit((const _Atomic uint64_t *)(const void *)(desk->client + i * 8), memory_order_acquire);
  memcpy(client, words, NT_NAME_BYTES);
  client[NT_NAME_BYTES - 1] = 0;
  return atomic_load_explicit((const _Atomic uint32_t *)(const void *)&desk->request, memory_order_acquire);
}

static uint32_t serve(nt_kernel *kernel, uint32_t channel) {
  nt_port *port = &kernel->ports[channel];
  nt_desk *desk = port->line.desk;
  uint32_t number = atomic_load_explicit(&desk->request_number, memory_order_acquire);
  if (number == port->answered) return 0;
  if (!release(kernel, channel)) return 0; /* whoever was here before has gone, or goes now */
  int32_t result = NT_OK;
  char client[NT_NAME_BYTES];
  if (wish_of(desk, client) == NT_REQUEST_ATTACH) {
    if (atomic_load_explicit(&desk->request_number, memory_order_relaxed) != number) return 0; /* it has changed its mind meanwhile */
    result = bind(kernel, channel, client);
    if (result == NT_OK) {
      if (!nt_loop_take(kernel, NT_INPUT_ATTACH, (uint16_t)channel, now_of(kernel), NULL, 0)) return 0;
      nt_segment_prefault(&port->line.segment);
      atomic_store_explicit(&desk->subscribed, 0, memory_order_relaxed);
      atomic_store_explicit(&desk->held, port->backlog_count > 0, memory_order_relaxed);
      nt_consumer_restore(&port->orders);
      nt_consumer_restore(&port->signals);
      nt_producer_restore(&port->reports);
      nt_memory_prefault(&kernel->state->entries[(uint64_t)channel * kernel->config.order_capacity],
                         kernel->config.order_capacity * sizeof(nt_entry), 1);
      port->claimed = 1;
      port->pid = desk->pid;
      if ((atomic_load_explicit(&kernel->local_claims, memory_order_acquire) >> channel & 1) == 0)
        atomic_fetch_or_explicit(&kernel->remote_claims, (uint64_t)1 << channel, memory_order_acq_rel);
    }
  }
  port->answered = number;
  port->dirty = 1;
  nt_publish_slow(kernel);
  desk->answer = result;
  desk->last_client_order_id = kernel->state->clients[channel].last_id;
  atomic_store_explicit(&desk->answer_number, number, memory_order_release);
  nt_wake(&desk->peer_wait);
  return 1;
}

static uint32_t serve_deaths(nt_kernel *kernel) {
  uint64_t deaths = atomic_exchange_explicit(&kernel->deaths, 0, memory_order_acq_rel);
  uint32_t inputs = 0;
  for (uint32_t c = 0; deaths != 0; c++, deaths >>= 1) {
    if ((deaths & 1) == 0 || !kernel->ports[c].claimed) continue;
    if ((atomic_load_explicit(&kernel->local_claims, memory_order_acquire) >> c & 1) != 0) continue; /* a client of this process has it */
    if (nt_segment_locked(&kernel->ports[c].line.segment, NT_PEER_LOCK) != 0) continue;              /* somebody new holds it already */
    if (release(kernel, c)) {
      inputs++;
    } else {
      atomic_fetch_or_explicit(&kernel->deaths, (uint64_t)1 << c, memory_order_acq_rel);
    }
  }
  return inputs;
}

#define SEARCHED 256 /* slots of one call: the loop has other things to do */
#define COMMANDS 16  /* of one pass, for the same reason */

/* The next working order from the cursor on, or how far the search came. */
static void next_order(const nt_kernel *kernel, nt_command *command) {
  const nt_state *state = kernel->state;
  nt_working_order out = {.seq = command->seq, .request = command->request, .kind = command->kind};
  uint32_t end = state->channels * state->order_capacity, i = command->result < 0 ? end : (uint32_t)command->result;
  for (uint32_t searched = 0; i < end && searched < SEARCHED && out.side == 0; searched++) {
    uint32_t channel = i / state->order_capacity;
    if (state->clients[channel].open == 0) {
      i = (channel + 1) * state->order_capacity;
      continue;
    }
    const nt_entry *entry = &state->entries[i++];
    if (entry->client_order_id == 0 || nt_is_terminal(entry->status)) continue;
    out.side = entry->side;
    out.account = entry->account;
    out.client_order_id = entry->client_order_id;
    out.price = entry->price;
    out.trigger_price = entry->place == NT_PLACE_RESTING || entry->place == NT_PLACE_TAKER ? NT_ABSENT : entry->trigger_price;
    out.leaves_quantity = nt_leaves(entry);
    out.instrument = entry->instrument;
    out.channel = (uint8_t)entry->channel;
    out.type = entry->type;
    out.status = entry->status;
    out.time_in_force = entry->time_in_force;
  }
  out.cursor = i < end ? (int32_t)i : 0;
  memcpy(command, &out, sizeof(*command));
}

/* Take a command. Returns its result, or 1 when there was no room for it now. */
static int32_t execute(nt_kernel *kernel, nt_command *command) {
  command->reason[sizeof(command->reason) - 1] = 0;
  if (command->kind == NT_COMMAND_STOP) {
    atomic_store_explicit(&kernel->stop, 1, memory_order_release);
    return NT_OK;
  }
  int sets = command->kind == NT_COMMAND_SET_STATE || command->kind == NT_COMMAND_SET_STATE_KEEP_ORDERS;
  if (!sets || command->state < NT_STATE_ACTIVE || command->state > NT_STATE_HALTED) return NT_ERR_INVALID;
  if (command->account != 65535 && command->account >= kernel->state->account_count) return NT_ERR_NOT_FOUND;
  if (!nt_loop_take(kernel, NT_INPUT_COMMAND, 0, now_of(kernel), command, sizeof(*command))) return 1;
  memcpy(kernel->state_reason, command->reason, sizeof(kernel->state_reason));
  nt_publish_slow(kernel);
  return NT_OK;
}

static uint32_t serve_commands(nt_kernel *kernel) {
  uint32_t inputs = 0;
  for (const nt_command *front; inputs < COMMANDS && (front = nt_ring_front64(&kernel->commands)) != NULL;) {
    if (nt_producer_free(&kernel->answers) == 0) break;
    nt_command command = *front;
    if (command.kind == NT_COMMAND_NEXT_ORDER) {
      next_order(kernel, &command);
    } else if ((command.result = execute(kernel, &command)) > 0) {
      break;
    }
    (void)nt_ring_push64(&kernel->answers, &command);
    nt_ring_advance(&kernel->commands);
    nt_wake(&kernel->control.desk->peer_wait);
    inputs++;
  }
  if (atomic_load_explicit(&kernel->own_pending, memory_order_acquire)) {
    int32_t result = execute(kernel, &kernel->own_command);
    if (result <= 0) {
      kernel->own_command.result = result;
      atomic_store_explicit(&kernel->own_pending, 0, memory_order_release);
      inputs++;
    }
  }
  return inputs;
}

/* A client that does not drain for many rings: cancel what works for it, so that what it makes others keep is bounded. */
static uint32_t cut_off(nt_kernel *kernel) {
  uint32_t inputs = 0;
  for (uint32_t c = 0; c < kernel->config.channels; c++) {
    nt_port *port = &kernel->ports[c];
    if (!port->cut_off && port->backlog_count >= (uint64_t)BACKLOG_RINGS * port->line.out_capacity) {
      port->cut_off = (uint32_t)nt_loop_take(kernel, NT_INPUT_DEATH, (uint16_t)c, now_of(kernel), NULL, 0);
      inputs += port->cut_off;
    }
  }
  return inputs;
}

/* The feed's and the control's lines, which nobody claims at a desk: whole again once their peer has gone and nothing is left to read. */
static void repair_feed(nt_kernel *kernel) {
  uint32_t holder = NT_FEED_REMOTE;
  if (nt_ring_front64(&kernel->feed_ticks) != NULL || !nt_consumer_damaged(&kernel->feed_ticks)) return;
  if (!atomic_compare_exchange_strong_explicit(&kernel->feed_local, &holder, NT_FEED_REPAIR, memory_order_acq_rel, memory_order_relaxed))
    return;
  if (nt_segment_lock(&kernel->feed.segment, NT_PEER_LOCK) == NT_OK) {
    if (nt_ring_front64(&kernel->feed_ticks) == NULL && nt_consumer_damaged(&kernel->feed_ticks)) nt_consumer_restore(&kernel->feed_ticks);
    nt_segment_unlock(&kernel->feed.segment, NT_PEER_LOCK);
  }
  atomic_store_explicit(&kernel->feed_local, NT_FEED_REMOTE, memory_order_release);
}

static int control_damaged(nt_kernel *kernel) {
  return nt_ring_front64(&kernel->commands) == NULL && (nt_consumer_damaged(&kernel->commands) || nt_producer_damaged(&kernel->answers));
}

static void repair_control(nt_kernel *kernel) {
  if (!control_damaged(kernel) || nt_segment_lock(&kernel->control.segment, NT_PEER_LOCK) != NT_OK) return;
  if (control_damaged(kernel)) {
    nt_consumer_restore(&kernel->commands);
    nt_producer_restore(&kernel->answers);
  }
  nt_segment_unlock(&kernel->control.segment, NT_PEER_LOCK);
}

static void repair_lines(nt_kernel *kernel) {
  uint32_t lines = atomic_exchange_explicit(&kernel->damaged_lines, 0, memory_order_acq_rel);
  if ((lines & 1) != 0) repair_feed(kernel);
  if ((lines & 2) != 0) repair_control(kernel);
}

uint32_t nt_loop_service(nt_kernel *kernel) {
  uint32_t inputs = 0;
  if (atomic_load_explicit(&kernel->damaged_lines, memory_order_relaxed) != 0) repair_lines(kernel);
  if (kernel->state->counters.reports_held > 0) {
    inputs += nt_deliver_backlog(kernel);
    inputs += cut_off(kernel);
  }
  for (uint32_t c = 0; c < kernel->config.channels; c++) inputs += serve(kernel, c);
  if (atomic_load_explicit(&kernel->deaths, memory_order_relaxed) != 0) inputs += serve_deaths(kernel);
  return inputs + serve_commands(kernel);
}

void nt_probe_peers(nt_kernel *kernel) {
  uint64_t claims = atomic_load_explicit(&kernel->remote_claims, memory_order_acquire);
  for (uint32_t c = 0; claims != 0; c++, claims >>= 1) {
    if ((claims & 1) != 0 && nt_segment_locked(&kernel->ports[c].line.segment, NT_PEER_LOCK) == 0)
      atomic_fetch_or_explicit(&kernel->deaths, (uint64_t)1 << c, memory_order_acq_rel);
  }
  if (kernel->feed.segment.path[0] == 0) { /* private memory: only this process can feed it */
    if (atomic_load_explicit(&kernel->feed_local, memory_order_acquire) != NT_FEED_LOCAL)
      atomic_fetch_add_explicit(&kernel->feed_absences, 1, memory_order_acq_rel);
    return;
  }
  uint64_t incarnation = kernel->view.segment.header->incarnation;
  for (uint32_t c = 0; c < kernel->config.channels; c++)
    nt_segment_restore(&kernel->ports[c].line.segment, NT_SEGMENT_CHANNEL, incarnation);
  nt_segment_restore(&kernel->feed.segment, NT_SEGMENT_CHANNEL, incarnation);
  nt_segment_restore(&kernel->control.segment, NT_SEGMENT_CHANNEL, incarnation);
  if (nt_segment_locked(&kernel->control.segment, NT_PEER_LOCK) == 0)
    atomic_fetch_or_explicit(&kernel->damaged_lines, 2, memory_order_relaxed);
  if (atomic_load_explicit(&kernel->feed_local, memory_order_acquire) == NT_FEED_LOCAL ||
      nt_segment_locked(&kernel->feed.segment, NT_PEER_LOCK) != 0)
    return;
  atomic_fetch_add_explicit(&kernel->feed_absences, 1, memory_order_acq_rel);
  atomic_fetch_or_explicit(&kernel->damaged_lines, 1, memory_order_relaxed);
}
