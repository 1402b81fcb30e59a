/* The loop: takes inputs one at a time, stamps them with a time that never goes back, and makes each one's outcome visible.
 *
 * Order of one input: copy it from its ring, decide (nt_apply), append the journal frame, publish the rows, push the reports, commit
 * the ring index. Lockstep on a tape: a slice (all ticks of one ts_event) enters only when every subscriber has finished with the last
 * one and all order rings are empty; orders are taken in channel order. So the same tape gives the same reports in one process or many.
 */
#include <string.h>

#include "kernel.h"
#include "platform.h"

#define ORDERS_PER_TURN 16 /* of one channel in real time, before the next channel has its turn */
#define TICKS_PER_TURN 64
#define SERVICE_PASSES 16 /* busy passes between two looks at desks, deaths and commands */
#define PUBLISH_PASSES 1024
#define QUIET_PASSES 64
#define ABSENCES 3                    /* probes in a row */
#define TAPE_TIME_MAX (INT64_MAX / 2) /* latencies and ages are added to times */
#define TIMED_ALWAYS 4096             /* orders; later one in sixteen is timed */

int64_t nt_loop_now(const nt_kernel *kernel) {
  return kernel->config.clock == NT_CLOCK_TAPE ? kernel->state->now : nt_clock_ns();
}

static void stage(nt_kernel *kernel, uint16_t kind, uint16_t channel, const void *record, uint32_t record_bytes) {
  nt_effects *effects = &kernel->effects;
  for (uint32_t i = 0; i < effects->count; i++) effects->reports[i].seq = ++kernel->ports[effects->reports[i].channel].report_number;
  nt_frame frame = {
      .sequence = ++kernel->frame_sequence, .ts = kernel->state->now, .channel = channel, .input = kind, .input_bytes = record_bytes};
  if (kind == NT_INPUT_ORDER) {
    const nt_order *order = record;
    frame.order_index = kernel->ports[channel].orders.index;
    frame.client_order_id = order->client_order_id;
    frame.instrument = order->instrument;
  }
  kernel->state->counters.frames++;
  kernel->state->counters.frame_bytes += nt_journal_append(&kernel->journal, &frame, record, effects->reports, effects->count);
}

/* Decide one input, as often as it takes to deliver what it finds due. 0: no room for frames, call again with the same. */
static int take(nt_kernel *kernel, uint16_t kind, uint16_t channel, int64_t ts, void *record, uint32_t record_bytes) {
  nt_input input = {.kind = kind, .channel = channel, .ts = ts};
  if (kind == NT_INPUT_TICK || kind == NT_INPUT_SIGNAL) {
    input.tick = record;
  } else if (kind == NT_INPUT_COMMAND) {
    input.command = record;
  } else {
    input.order = record;
  }
  int again = 1;
  while (again) {
    if (!nt_journal_has_room(&kernel->journal)) return 0;
    again = nt_apply(kernel->state, &input, &kernel->effects) == NT_APPLY_AGAIN;
    int refused = kind == NT_INPUT_TICK && input.tick->kind == 0; /* only its time counts */
    if (again || (refused && kernel->effects.count > 0)) {
      stage(kernel, NT_INPUT_TIMER, channel, NULL, 0);
    } else if (kernel->effects.count > 0 || (kind != NT_INPUT_TICK && kind != NT_INPUT_TIMER)) {
      stage(kernel, kind, channel, record, record_bytes);
    }
    if (kernel->effects.count > 0) {
      nt_publish_rows(kernel); /* whoever has a report sees the position that it left */
      nt_deliver(kernel, &kernel->effects);
    }
  }
  return 1;
}

int nt_loop_take(nt_kernel *kernel, uint16_t kind, uint16_t channel, int64_t ts, void *record, uint32_t record_bytes) {
  return take(kernel, kind, channel, ts, record, record_bytes);
}

/* What is due by now. Returns 0 while something due is left. */
static int settle(nt_kernel *kernel, int64_t now) {
  while (nt_next_due(kernel->state) <= now || (kernel->state->ended && nt_next_due(kernel->state) != INT64_MAX)) {
    if (!take(kernel, NT_INPUT_TIMER, 0, now, NULL, 0)) return 0;
  }
  return 1;
}

/* ---- orders ----------------------------------------------------------------------------------------------------------------- */

uint32_t nt_loop_orders(nt_kernel *kernel, uint32_t channel, uint32_t limit) {
  nt_port *port = &kernel->ports[channel];
  uint32_t taken = 0;
  while (taken < limit && port->backlog_count == 0) {
    const nt_order *front = nt_ring_front128(&port->orders);
    if (front == NULL) break;
    int timed = port->orders_taken < TIMED_ALWAYS || (port->orders_taken & 15) == 0;
    int64_t begin = timed ? nt_clock_ns() : 0;
    nt_order order;
    memcpy(&order, front, 64);
    if ((order.flags & NT_ORDER_EXTENDED) != 0) {
      memcpy((uint8_t *)&order + 64, (const uint8_t *)front + 64, 64);
    } else {
      memset((uint8_t *)&order + 64, 0, 64);
    }
    int64_t now = kernel->config.clock == NT_CLOCK_TAPE ? kernel->state->now : timed ? begin : nt_clock_ns();
    if (!take(kernel, NT_INPUT_ORDER, (uint16_t)channel, now, &order, sizeof(order))) break;
    if (timed) nt_histogram_record(&kernel->view.latencies[NT_LATENCY_ORDER_TO_REPORT - 1], (uint64_t)(nt_clock_ns() - begin));
    if (timed && kernel->slice_published_ns != 0) {
      nt_histogram_record(&kernel->view.latencies[NT_LATENCY_TICK_TO_ORDER - 1], (uint64_t)(begin - kernel->slice_published_ns));
      kernel->slice_published_ns = 0;
    }
    nt_publish_rows(kernel); /* before the commit: a client adds to the rows what is still in its ring */
    nt_ring_advance(&port->orders);
    port->orders_taken++;
    port->dirty = 1;
    taken++;
  }
  return taken;
}

/* ---- signals ---------------------------------------------------------------------------------------------------------------- */

/* A tape waits for its subscribers, so none of them may be lapped: slices of ticks are cut, and signals wait. */
static int ring_has_room(nt_kernel *kernel) {
  uint64_t capacity = kernel->config.tick_capacity;
  if (kernel->config.clock != NT_CLOCK_TAPE || kernel->published - kernel->slowest < capacity / 2) return 1;
  kernel->slowest = kernel->published;
  for (uint32_t c = 0; c < kernel->config.channels; c++) {
    const nt_port *port = &kernel->ports[c];
    if (!port->claimed || !port->subscribed) continue;
    uint64_t behind = kernel->published - atomic_load_explicit(&port->line.desk->done, memory_order_acquire);
    if (behind > kernel->published - kernel->slowest) kernel->slowest = kernel->published - (behind < capacity ? behind : capacity);
  }
  return kernel->published - kernel->slowest < capacity / 4 * 3;
}

int nt_loop_signal(nt_kernel *kernel, uint16_t channel, nt_tick *signal) {
  if (!ring_has_room(kernel) || !take(kernel, NT_INPUT_SIGNAL, channel, nt_loop_now(kernel), signal, sizeof(*signal))) return 0;
  if (signal->kind == 0) return 1;
  nt_view *view = &kernel->view;
  nt_tick_row *row = &view->signals[(uint64_t)signal->model * view->instrument_capacity + signal->instrument];
  nt_seqlock_write(row->word, signal, NT_ROW_WORDS(nt_tick));
  nt_ticks_write(view->ticks, view->tick_slots, view->tick_mask, kernel->published++, signal);
  return 1;
}

static uint32_t take_signals(nt_kernel *kernel, uint32_t channel, uint32_t limit) {
  nt_port *port = &kernel->ports[channel];
  uint32_t taken = 0;
  for (const nt_tick *front; taken < limit && (front = nt_ring_front64(&port->signals)) != NULL; taken++) {
    nt_tick signal = *front;
    if (!nt_loop_signal(kernel, (uint16_t)channel, &signal)) break;
    nt_ring_advance(&port->signals);
  }
  return taken;
}

uint32_t nt_loop_signals(nt_kernel *kernel, uint32_t channel, uint32_t limit) {
  uint32_t taken = take_signals(kernel, channel, limit);
  if (taken > 0) nt_publish_ticks(kernel, nt_clock_ns());
  return taken;
}

/* ---- ticks ------------------------------------------------------------------------------------------------------------------ */

/* tick is a private copy: the feed may change its own meanwhile. Readers see it only if the state machine took it. */
static int take_tick(nt_kernel *kernel, nt_tick *tick) {
  nt_state *state = kernel->state;
  if (kernel->inference.waiting_count > 0 && !nt_inference_flush(kernel)) return 0;
  int64_t now = tick->ts_event;
  int end = tick->kind == NT_TICK_END;
  if (kernel->config.clock == NT_CLOCK_TAPE) {
    int out_of_order = now < state->now || now < -TAPE_TIME_MAX || now > TAPE_TIME_MAX;
    if (state->ended || (out_of_order && state->now == NT_ABSENT && !end)) { /* a tape is over when it ends */
      state->counters.hostile_records++;
      return 1;
    }
    if (out_of_order) now = tick->ts_event = state->now; /* the end has come, whatever its stamp says; */
    if (out_of_order && !end) tick->kind = 0;            /* another tick is refused, and may end a slice all the same */
    tick->ts_recv = now;
  } else {
    now = tick->ts_recv = nt_clock_ns();
    if (end) return 1; /* real time goes on */
  }
  if (!take(kernel, NT_INPUT_TICK, 0, now, tick, sizeof(*tick))) return 0;
  if (tick->kind == 0 || end) return 1;
  nt_ticks_write(kernel->view.ticks, kernel->view.tick_slots, kernel->view.tick_mask, kernel->published++, tick);
  if (kernel->inference.active) {
    nt_inference_tick(kernel, tick);
    (void)nt_inference_flush(kernel); /* else before the next tick */
  }
  return 1;
}

/* Apply the source's next tick unless there is no room (*taken 0). 1 when it completes a slice. */
static int take_slice_tick(nt_kernel *kernel, const nt_tick *source, int *taken) {
  nt_tick tick = *source;
  int end = tick.kind == NT_TICK_END, last = end || (tick.flags & NT_TICK_LAST_OF_SLICE) != 0;
  *taken = take_tick(kernel, &tick);
  if (!*taken) return 0;
  kernel->slice_ticks++;
  if (end) kernel->ending = 1;
  int full = kernel->slice_ticks >= kernel->config.tick_capacity / 2 || (kernel->inference.waiting_count > 0 && !ring_has_room(kernel));
  kernel->slice_cut = !last && full;
  return last || full;
}

static int any_claimed(const nt_kernel *kernel) {
  uint32_t claimed = 0;
  for (uint32_t c = 0; c < kernel->config.channels; c++) claimed |= kernel->ports[c].claimed;
  return claimed != 0;
}

/* Show a complete slice. Returns 0 while something that is due before it does not fit. */
static int finish_slice(nt_kernel *kernel) {
  if (kernel->inference.active) {
    int flushed = nt_inference_flush(kernel);
    if (flushed && !kernel->slice_cut) nt_inference_slice(kernel);
    if (!flushed || !nt_inference_flush(kernel)) {
      if (kernel->published != kernel->shown && !ring_has_room(kernel)) nt_publish_ticks(kernel, 0); /* the rest comes after it */
      return 0;
    }
  }
  if (!settle(kernel, kernel->state->now)) return 0;
  kernel->slice_ticks = 0;
  kernel->slice_complete = 0;
  nt_publish_ticks(kernel, any_claimed(kernel) && !kernel->ending ? nt_clock_ns() : 0); /* no order answers the end */
  if (kernel->ending) {
    kernel->ending = 0;
    atomic_store_explicit(&kernel->view.live->ended, 1, memory_order_release);
    nt_publish_slow(kernel);
    for (uint32_t c = 0; c < kernel->config.channels; c++) nt_wake(&kernel->ports[c].line.desk->peer_wait);
  }
  if (kernel->inference.stepped_count > 0) nt_inference_advance(kernel);
  return 1;
}

/* ---- lockstep --------------------------------------------------------------------------------------------------------------- */

static int subscribers_done(nt_kernel *kernel) {
  uint32_t subscribed = 0;
  if (atomic_load_explicit(&kernel->view.live->ended, memory_order_relaxed)) return 1;
  for (uint32_t c = 0; c < kernel->config.channels; c++) {
    nt_port *port = &kernel->ports[c];
    if (!port->claimed) continue;
    uint32_t now = atomic_load_explicit(&port->line.desk->subscribed, memory_order_acquire) != 0;
    if (now != port->subscribed) {
      port->subscribed = now;
      port->dirty = 1;
      nt_publish_slow(kernel);
    }
    if (!port->subscribed) continue;
    subscribed++;
    if (atomic_load_explicit(&port->line.desk->done, memory_order_acquire) != kernel->published) return 0;
  }
  if (subscribed >= kernel->config.participants) kernel->participants_came = 1;
  return kernel->participants_came || kernel->config.participants == 0;
}

/* Everything before the next slice. 1 when the slice may enter. */
static int ready_for_slice(nt_kernel *kernel, uint32_t *taken) {
  uint32_t signals = 0, held = 0;
  if (kernel->slice_ticks > 0) return 1; /* in the middle of one */
  if (!subscribers_done(kernel)) return 0;
  for (uint32_t c = 0; c < kernel->config.channels; c++) {
    if (!kernel->ports[c].claimed) continue;
    nt_port *port = &kernel->ports[c];
    *taken += nt_loop_orders(kernel, c, port->line.in_capacity);
    /* A subscriber or the reader of frames has to drain. Another client may push faster than is taken; the tape does not wait for it. */
    if (nt_ring_front128(&port->orders) != NULL && (port->subscribed || !nt_journal_has_room(&kernel->journal))) return 0;
  }
  /* After the end nothing happens any more that a signal could be about; who has left by then depends on the processes. Before the first
   * tick there is no time. */
  uint32_t limit = kernel->config.tick_capacity / 2 / kernel->config.channels;
  for (uint32_t c = 0; c < kernel->config.channels && !kernel->state->ended && kernel->state->now != NT_ABSENT; c++) {
    nt_port *port = &kernel->ports[c];
    if (!port->claimed) continue;
    signals += take_signals(kernel, c, limit > 0 ? limit : 1);
    held |= nt_ring_front64(&port->signals) != NULL && (port->subscribed || !nt_journal_has_room(&kernel->journal));
  }
  *taken += signals;
  if (signals > 0) nt_publish_ticks(kernel, any_claimed(kernel) ? nt_clock_ns() : 0); /* a slice of their own */
  if (signals > 0 || held) return 0;
  if (kernel->state->ended && !settle(kernel, kernel->state->now)) return 0;
  return 1;
}

uint32_t nt_loop_replay(nt_kernel *kernel, const nt_tick *ticks, uint32_t count) {
  uint32_t used = 0, orders = 0;
  for (;;) {
    if (kernel->slice_complete && !finish_slice(kernel)) {
      (void)nt_loop_service(kernel); /* perhaps whoever it waits for has left */
      if (!finish_slice(kernel)) return used;
    }
    if (++kernel->passes % SERVICE_PASSES == 0) (void)nt_loop_service(kernel);
    if (!ready_for_slice(kernel, &orders)) { /* for the same reason */
      (void)nt_loop_service(kernel);
      if (!ready_for_slice(kernel, &orders)) return used;
    }
    if (used == count || atomic_load_explicit(&kernel->stop, memory_order_relaxed)) return used;
    do {
      int taken;
      kernel->slice_complete = (uint32_t)take_slice_tick(kernel, &ticks[used], &taken);
      if (!taken) return used;
      used++;
    } while (!kernel->slice_complete && used < count);
    if (!kernel->slice_complete) return used;
  }
}

static uint32_t tape_turn(nt_kernel *kernel) {
  uint32_t inputs = 0;
  if (kernel->slice_complete && !finish_slice(kernel)) return 0;
  if (!ready_for_slice(kernel, &inputs)) return inputs;
  const nt_tick *front = nt_ring_front64(&kernel->feed_ticks);
  while (front != NULL) {
    int taken;
    kernel->slice_complete = (uint32_t)take_slice_tick(kernel, front, &taken);
    if (!taken) break;
    nt_ring_advance(&kernel->feed_ticks);
    inputs++;
    if (kernel->slice_complete) {
      (void)finish_slice(kernel); /* else at the next turn */
      break;
    }
    front = nt_ring_front64(&kernel->feed_ticks);
  }
  if (inputs > 0) {
    atomic_store_explicit(&kernel->feed_absences, 0, memory_order_release);
    nt_wake(&kernel->feed.desk->peer_wait);
  } else if (kernel->slice_ticks > 0 && kernel->feed_ticks.index > 0 &&
             atomic_load_explicit(&kernel->feed_absences, memory_order_acquire) >= ABSENCES) {
    kernel->slice_complete = 1; /* the feed died in the middle of a slice */
  }
  return inputs;
}

static uint32_t real_time_turn(nt_kernel *kernel) {
  uint32_t inputs = 0, ticks = 0, signals = 0;
  (void)settle(kernel, nt_clock_ns());
  (void)nt_inference_flush(kernel);
  for (uint32_t c = 0; c < kernel->config.channels; c++) {
    if (!kernel->ports[c].claimed) continue;
    inputs += nt_loop_orders(kernel, c, ORDERS_PER_TURN);
    signals += take_signals(kernel, c, TICKS_PER_TURN);
  }
  for (const nt_tick *front; ticks < TICKS_PER_TURN && (front = nt_ring_front64(&kernel->feed_ticks)) != NULL; ticks++) {
    nt_tick tick = *front;
    uint32_t end = tick.kind == NT_TICK_END; /* of this feed; another may follow it */
    int over = end || tick.ts_event != kernel->slice_ts;
    if (kernel->inference.slice_count > 0 && over) nt_inference_slice(kernel); /* nobody said that it was over */
    if (!take_tick(kernel, &tick)) break;
    nt_ring_advance(&kernel->feed_ticks);
    kernel->slice_ts = tick.ts_event;
    if ((tick.flags & NT_TICK_LAST_OF_SLICE) != 0 && kernel->inference.slice_count > 0) nt_inference_slice(kernel);
    (void)nt_inference_flush(kernel);
    if (end != atomic_load_explicit(&kernel->view.live->ended, memory_order_relaxed))
      atomic_store_explicit(&kernel->view.live->ended, end, memory_order_release);
  }
  if (kernel->published != kernel->shown) {
    nt_publish_ticks(kernel, atomic_load_explicit(&kernel->view.live->ended, memory_order_relaxed) ? 0 : nt_clock_ns());
    nt_wake(&kernel->feed.desk->peer_wait);
    if (kernel->inference.stepped_count > 0) nt_inference_advance(kernel);
  } else if (inputs == 0) {
    nt_publish_rows(kernel); /* what timers changed */
  }
  return inputs + ticks + signals;
}

/* ---- the loop --------------------------------------------------------------------------------------------------------------- */

uint32_t nt_loop_pass(nt_kernel *kernel) {
  uint32_t inputs = kernel->config.clock == NT_CLOCK_TAPE ? tape_turn(kernel) : real_time_turn(kernel);
  if (++kernel->passes % SERVICE_PASSES == 0 || inputs == 0) inputs += nt_loop_service(kernel);
  if (kernel->passes % PUBLISH_PASSES == 0) nt_publish_slow(kernel);
  return inputs;
}

void nt_loop_forever(nt_kernel *kernel) {
  nt_wait_word *words[NT_CHANNEL_MAX + 3];
  uint32_t expected[NT_CHANNEL_MAX + 3], count = 0, participants = 1;
  words[count++] = &kernel->loop_wait;
  words[count++] = &kernel->feed.desk->kernel_wait;
  words[count++] = &kernel->control.desk->kernel_wait;
  for (uint32_t c = 0; c < kernel->config.channels; c++) words[count++] = &kernel->ports[c].line.desk->kernel_wait;
  atomic_store_explicit(&kernel->view.live->running, 1, memory_order_release);
  nt_publish_slow(kernel);
  nt_waiter waiter;
  uint32_t idle = 0;
  while (!atomic_load_explicit(&kernel->stop, memory_order_acquire)) {
    if (nt_loop_pass(kernel) > 0) {
      idle = 0;
      continue;
    }
    if (++idle == QUIET_PASSES) nt_publish_slow(kernel); /* not at once: the next order may be on its way */
    if (idle == 1) {
      for (uint32_t c = 0; c < kernel->config.channels; c++) participants += kernel->ports[c].claimed;
      nt_waiter_start(&waiter, -1, participants);
      participants = 1;
    }
    int64_t due = kernel->config.clock == NT_CLOCK_MONOTONIC ? nt_next_due(kernel->state) : INT64_MAX;
    if (due != INT64_MAX && due - nt_clock_ns() < NT_WAIT_SLICE_NS) {
      nt_thread_yield(); /* a timer is due sooner than a sleep would end */
    } else {
      (void)nt_waiter_step_many(&waiter, words, expected, count);
    }
  }
  atomic_store_explicit(&kernel->view.live->running, 0, memory_order_release);
  nt_publish_slow(kernel);
}
