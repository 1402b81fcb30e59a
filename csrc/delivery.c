/* Reports out to the channels, and what the core segment shows.
 *
 * A push never waits: what finds a ring full is kept back in order, and the client is not read from until it has drained.
 */
#include <stdlib.h>
#include <string.h>

#include "kernel.h"
#include "platform.h"

static int keep_back(nt_port *port, const nt_report *report) {
  if (port->backlog_count == port->backlog_capacity) { /* off the hot path: the peer has stopped reading */
    uint64_t capacity = port->backlog_capacity == 0 ? 1024 : port->backlog_capacity * 2;
    nt_report *grown = malloc(capacity * sizeof(nt_report));
    if (grown == NULL) return 0;
    for (uint64_t i = 0; i < port->backlog_count; i++) grown[i] = port->backlog[(port->backlog_head + i) % port->backlog_capacity];
    free(port->backlog);
    port->backlog = grown;
    port->backlog_capacity = capacity;
    port->backlog_head = 0;
  }
  port->backlog[(port->backlog_head + port->backlog_count++) % port->backlog_capacity] = *report;
  return 1;
}

void nt_deliver(nt_kernel *kernel, const nt_effects *effects) {
  for (uint32_t i = 0; i < effects->count; i++) {
    const nt_report *report = &effects->reports[i];
    nt_port *port = &kernel->ports[report->channel];
    if (port->backlog_count > 0 || !nt_ring_push128(&port->reports, report)) {
      if (port->backlog_count == 0) atomic_store_explicit(&port->line.desk->held, 1, memory_order_release);
      if (!keep_back(port, report)) abort(); /* no memory: stop before a report is lost; recovery needs the process gone */
      kernel->state->counters.reports_held++;
    }
    port->dirty = 1;
    nt_wake(&port->line.desk->peer_wait);
  }
  kernel->state->counters.reports += effects->count;
}

uint32_t nt_deliver_backlog(nt_kernel *kernel) {
  uint32_t moved = 0;
  for (uint32_t c = 0; c < kernel->config.channels; c++) {
    nt_port *port = &kernel->ports[c];
    while (port->backlog_count > 0 && nt_ring_push128(&port->reports, &port->backlog[port->backlog_head])) {
      port->backlog_head = (port->backlog_head + 1) % port->backlog_capacity;
      port->backlog_count--;
      kernel->state->counters.reports_held--;
      port->dirty = 1;
      moved++;
    }
    if (port->backlog_count == 0) {
      port->cut_off = 0;
      atomic_store_explicit(&port->line.desk->held, 0, memory_order_release);
    }
    if (moved > 0) nt_wake(&port->line.desk->peer_wait);
  }
  return moved;
}

void nt_deliver_close(nt_kernel *kernel) {
  for (uint32_t c = 0; c < kernel->config.channels; c++) free(kernel->ports[c].backlog);
}

void nt_publish_rows(nt_kernel *kernel) {
  nt_state *state = kernel->state;
  nt_view *view = &kernel->view;
  for (uint32_t i = 0; i < state->dirty_market_count; i++) {
    uint32_t instrument = state->dirty_markets[i];
    state->markets[instrument].dirty = 0;
    nt_seqlock_write(view->quotes[instrument].word, &state->quotes[instrument], NT_ROW_WORDS(nt_quote));
    nt_seqlock_write(view->features[instrument].word, &state->features[instrument], NT_ROW_WORDS(nt_features));
    nt_depth *depth = &state->depths[instrument];
    if (!depth->dirty) continue;
    depth->dirty = 0;
    nt_seqlock_write(view->books[instrument].word, &depth->shown, NT_ROW_WORDS(nt_book));
  }
  state->dirty_market_count = 0;
  for (uint32_t i = 0; i < state->dirty_pair_count; i++) {
    uint32_t index = state->dirty_pairs[i];
    nt_position position;
    state->pairs[index].dirty = 0;
    nt_position_of(state, index / state->instrument_capacity, index % state->instrument_capacity, &position);
    nt_seqlock_write(view->positions[index].word, &position, NT_ROW_WORDS(nt_position));
  }
  state->dirty_pair_count = 0;
  for (uint32_t account = 0; account < state->account_count; account++) {
    if (!state->keeping[account].dirty) continue;
    nt_account_view out;
    state->keeping[account].dirty = 0;
    nt_account_view_of(state, account, &out);
    nt_seqlock_write(view->account_views[account].word, &out, NT_ROW_WORDS(nt_account_view));
  }
  atomic_store_explicit(&view->live->now, state->now, memory_order_release);
}

/* Ticks become visible after the rows and reports that they caused. */
void nt_publish_ticks(nt_kernel *kernel, int64_t now) {
  nt_publish_rows(kernel);
  nt_ticks_publish(kernel->view.ticks, kernel->published);
  kernel->shown = kernel->published;
  kernel->state->counters.slices++;
  kernel->slice_published_ns = now;
  for (uint32_t c = 0; c < kernel->config.channels; c++) {
    if (kernel->ports[c].claimed) nt_wake(&kernel->ports[c].line.desk->peer_wait);
  }
}

static void publish_channel(nt_kernel *kernel, uint32_t number) {
  nt_port *port = &kernel->ports[number];
  nt_channel row = {0};
  memcpy(row.client, port->client, sizeof(row.client));
  row.state = port->claimed ? (port->subscribed ? 2 : 1) : 0;
  row.pid = port->pid;
  row.orders_taken = port->orders_taken;
  uint64_t waiting = atomic_load_explicit(&port->line.in->written, memory_order_relaxed) - port->orders.index;
  row.orders_waiting = waiting <= port->line.in_capacity ? waiting : 0; /* the peer writes the index: show only what can be */
  row.reports_pushed = port->report_number - port->backlog_count;
  row.reports_waiting = port->backlog_count + port->line.out_capacity - nt_producer_free(&port->reports);
  uint64_t done = atomic_load_explicit(&port->line.desk->done, memory_order_relaxed);
  row.tick_lag = port->claimed && done <= kernel->published ? kernel->published - done : 0;
  row.last_client_order_id = kernel->state->clients[number].last_id;
  nt_seqlock_write(kernel->view.channels[number].word, &row, NT_ROW_WORDS(nt_channel));
}

void nt_publish_slow(nt_kernel *kernel) {
  nt_state *state = kernel->state;
  nt_publish_rows(kernel);
  if (memcmp(&state->counters, &kernel->counters_shown, sizeof(nt_counters)) != 0) {
    kernel->counters_shown = state->counters;
    nt_seqlock_write(kernel->view.counters->word, &state->counters, NT_ROW_WORDS(nt_counters));
  }
  for (uint32_t c = 0; c < kernel->config.channels; c++) {
    if (kernel->ports[c].claimed || kernel->ports[c].dirty) publish_channel(kernel, c);
    kernel->ports[c].dirty = 0;
  }
  nt_status status = {0};
  memcpy(status.name, kernel->config.name, sizeof(status.name));
  status.incarnation = kernel->view.segment.header->incarnation;
  status.now = state->now;
  status.started_realtime = kernel->view.segment.header->created_realtime_ns;
  status.pid = kernel->view.segment.header->pid;
  status.clock = kernel->config.clock;
  status.running = atomic_load_explicit(&kernel->view.live->running, memory_order_relaxed);
  status.source_ended = atomic_load_explicit(&kernel->view.live->ended, memory_order_relaxed);
  status.channels = kernel->config.channels;
  status.instruments = state->instrument_count;
  status.accounts = state->account_count;
  for (uint32_t c = 0; c < kernel->config.channels; c++) status.participants += kernel->ports[c].subscribed;
  status.ticks_published = kernel->published;
  status.tick_capacity = kernel->config.tick_capacity;
  memcpy(status.state_reason, kernel->state_reason, sizeof(status.state_reason));
  nt_seqlock_write(kernel->view.status->word, &status, NT_ROW_WORDS(nt_status));
}
