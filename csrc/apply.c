/* One input at a time: first what was in transit and is due, then the input, then what the input made due. */
#include "state.h"

#define TRADING_DAY_MAX 1000000 /* days since 1970 */

/* With one latency for all it goes to the end; where venues differ it passes those that are on a longer way. */
static nt_transit *put(nt_transit_queue *queue, int64_t due) {
  uint64_t place = queue->tail++;
  for (; place != queue->head && queue->items[(place - 1) & queue->mask].due > due; place--)
    queue->items[place & queue->mask] = queue->items[(place - 1) & queue->mask];
  return &queue->items[place & queue->mask];
}

static nt_transit *send(nt_state *state, nt_transit_queue *queue, uint32_t entry, int way) {
  nt_venue_book *book = &state->books[state->entries[entry].instrument];
  int64_t due = state->now + book->latency_ns[way];
  if (due < book->last_due[way]) due = book->last_due[way];
  book->last_due[way] = due;
  nt_transit *item = put(queue, due);
  *item = (nt_transit){.due = due, .ts = state->now, .entry = entry};
  return item;
}

static void tell(nt_transit *item, const nt_transit *given) {
  int64_t due = item->due, ts = item->ts;
  *item = *given;
  item->due = due;
  item->ts = ts;
}

void nt_send_inward(nt_state *state, const nt_transit *request) {
  tell(send(state, &state->inbound, request->entry, 0), request);
}

void nt_send_outward(nt_state *state, const nt_transit *answer) {
  tell(send(state, &state->outbound, answer->entry, 1), answer);
}

nt_transit *nt_send_answer(nt_state *state, uint32_t entry) {
  return send(state, &state->outbound, entry, 1);
}

uint64_t nt_outward_free(const nt_state *state) {
  return state->outbound.mask + 1 - (state->outbound.tail - state->outbound.head);
}

/* An empty queue begins again at its first slots, which are in the cache and never fault. What is taken is read where it is: nobody puts
 * an answer into the queue of answers because of an answer, nor a request because of a request. */
static const nt_transit *take(nt_transit_queue *queue) {
  const nt_transit *item = &queue->items[queue->head++ & queue->mask];
  if (queue->head == queue->tail) queue->head = queue->tail = 0;
  return item;
}

static int64_t due_of(const nt_transit_queue *queue) {
  return queue->head == queue->tail ? INT64_MAX : queue->items[queue->head & queue->mask].due;
}

int64_t nt_next_due(const nt_state *state) {
  int64_t in = due_of(&state->inbound), out = due_of(&state->outbound), expiry = state->ended ? INT64_MAX : nt_expiry_due(state);
  int64_t due = in < out ? in : out;
  return expiry < due ? expiry : due;
}

/* At equal times the venue's answers come first, then requests, then
 * expiries: what it did before is known before it does more. Returns NT_APPLY_AGAIN when there is no room for another report. */
static int settle_transit(nt_state *state, int64_t until, nt_effects *effects) {
  for (;;) {
    int64_t in = due_of(&state->inbound), out = due_of(&state->outbound), due = nt_next_due(state);
    if (due == INT64_MAX || (due > until && !state->ended))
      return NT_APPLIED; /* after the end of a tape nothing else moves time, and
                            nothing expires */
    if (due > state->now) state->now = due;
    if (out == due) {
      if (effects->count == NT_EFFECTS_MAX) return NT_APPLY_AGAIN;
      nt_order_answer(state, take(&state->outbound), effects);
    } else if (in != due) {
      nt_venue_expire(state);
    } else {
      nt_venue_receive(state, take(&state->inbound));
    }
  }
}

static int tick_in_range(const nt_state *state, const nt_tick *tick) {
  if (tick->kind == NT_TICK_CLOCK || tick->kind == NT_TICK_GAP || tick->kind == NT_TICK_END) return 1;
  if (tick->instrument >= state->instrument_count) return 0;
  const nt_market *market = &state->markets[tick->instrument];
  int64_t bound = market->maximum_price, floor = market->allow_negative_price ? -bound : 1;
  if (tick->kind == NT_TICK_TRADE)
    return tick->price >= floor && tick->price <= bound && tick->size > 0 && tick->size <= NT_RAW_MAX && tick->aggressor >= 0 &&
           tick->aggressor <= 2;
  if (tick->kind == NT_TICK_QUOTE)
    return tick->bid_price >= floor && tick->bid_price <= bound && tick->ask_price >= floor && tick->ask_price <= bound &&
           tick->bid_size >= 0 && tick->bid_size <= NT_RAW_MAX && tick->ask_size >= 0 && tick->ask_size <= NT_RAW_MAX;
  if (tick->kind == NT_TICK_LEVEL)
    return tick->price >= floor && tick->price <= bound && tick->size >= 0 && tick->size <= NT_RAW_MAX && tick->aggressor >= 1 &&
           tick->aggressor <= 2 && tick->trade_id >= state->depths[tick->instrument].update_id;
  if (tick->kind == NT_TICK_BOOK_CLEAR) return 1;
  if (tick->kind == NT_TICK_LATENCY) return tick->price >= 0 && tick->price <= NT_RAW_MAX && tick->size >= 0 && tick->size <= NT_RAW_MAX;
  return tick->kind == NT_TICK_SESSION && tick->price >= NT_SESSION_OPEN && tick->price <= NT_SESSION_HALTED && tick->size >= 0 &&
         tick->size <= TRADING_DAY_MAX;
}

/* An order that the tick comes to is on its way from memory while the market data is updated. */
static void fetch(const nt_entry *entry) {
  __builtin_prefetch(&entry->venue_price, 1);
  __builtin_prefetch(&entry->client_order_id, 1);
  __builtin_prefetch(&entry->displayed, 1);
}

static void expect(const nt_state *state, uint32_t instrument, int64_t to_bids, int64_t to_asks) {
  const nt_venue_book *book = &state->books[instrument];
  __builtin_prefetch(&book->root, 1);
  if (book->first_price[NT_TREE_BIDS] >= to_bids) fetch(&state->entries[book->first[NT_TREE_BIDS]]);
  if (book->first_price[NT_TREE_ASKS] <= to_asks) fetch(&state->entries[book->first[NT_TREE_ASKS]]);
}

static void take_valid_tick(nt_state *state, nt_tick *tick) {
  state->counters.ticks++;
  switch (tick->kind) {
    case NT_TICK_TRADE:
      expect(state, tick->instrument, tick->price, tick->price);
      nt_market_tick(state, tick);
      nt_venue_print(state, tick);
      nt_account_mark(state, tick->instrument);
      break;
    case NT_TICK_QUOTE:
      expect(state, tick->instrument, tick->ask_price, tick->bid_price);
      nt_market_tick(state, tick);
      if (state->markets[tick->instrument].booked) break;
      nt_venue_quote(state, tick->instrument);
      if (state->markets[tick->instrument].prints == 0) nt_account_mark(state, tick->instrument);
      break;
    case NT_TICK_SESSION:
      nt_market_tick(state, tick);
      if (tick->price == NT_SESSION_OPEN) nt_account_new_day(state, tick->size);
      nt_venue_session(state, tick->instrument);
      break;
    case NT_TICK_LEVEL:
    case NT_TICK_BOOK_CLEAR:
      nt_book_tick(state, tick);
      break;
    case NT_TICK_GAP:
      nt_book_gap(state, tick);
      break;
    case NT_TICK_LATENCY:
      if (!state->measured_latency) break;
      state->books[tick->instrument].latency_ns[0] = tick->price;
      state->books[tick->instrument].latency_ns[1] = tick->size;
      break;
    case NT_TICK_END:
      state->ended = 1;
      break;
    default:
      break;
  }
}

static void take_tick(nt_state *state, nt_tick *tick) {
  if (tick_in_range(state, tick)) {
    take_valid_tick(state, tick);
  } else {
    state->counters.hostile_records++;
    tick->kind = 0; /* nobody is to see it */
  }
  if (state->open_update_count > 0 && ((tick->flags & NT_TICK_LAST_OF_SLICE) != 0 || state->ended)) nt_book_settle_all(state);
}

int nt_signal_in_range(const nt_tick *signal, uint32_t models, uint32_t instruments) {
  if (signal->kind != NT_TICK_SIGNAL || signal->flags != 0 || signal->venue != 0 || signal->instrument >= instruments ||
      signal->model >= models || signal->value_count < 1 || signal->value_count > NT_SIGNAL_VALUES ||
      signal->signal_flags >= 2 * NT_SIGNAL_DEVICE)
    return 0;
  for (uint32_t i = signal->value_count; i < NT_SIGNAL_VALUES; i++) {
    if (signal->values[i] != 0) return 0;
  }
  if ((signal->signal_flags & NT_SIGNAL_NOT_READY) != 0) return 1;
  for (uint32_t i = 0; i < signal->value_count; i++) {
    if (!__builtin_isfinite(signal->values[i])) return 0;
  }
  return signal->confidence >= 0 && signal->confidence <= 1;
}

/* Nobody speaks for a model of the kernel's own but itself. */
static void take_signal(nt_state *state, nt_tick *signal, uint16_t channel) {
  uint32_t of_kernel = channel == NT_KERNEL_CHANNEL;
  if (nt_signal_in_range(signal, state->models, state->instrument_count) && (state->own_models >> signal->model & 1) == of_kernel) {
    signal->ts_recv = state->now;
    if (!of_kernel) signal->ts_event = state->now; /* a client's clock is its own */
    for (uint32_t i = 0; i < signal->value_count && (signal->signal_flags & NT_SIGNAL_NOT_READY) != 0; i++)
      signal->values[i] = signal->confidence = __builtin_nanf("");
    state->counters.signals++;
  } else {
    state->counters.hostile_records++;
    signal->kind = 0;
  }
}

static void take_command(nt_state *state, const nt_command *command) {
  if (command->kind != NT_COMMAND_SET_STATE && command->kind != NT_COMMAND_SET_STATE_KEEP_ORDERS) return;
  for (uint32_t account = 0; account < state->account_count; account++) {
    if (command->account != 65535 && command->account != account) continue;
    nt_account_set_state(state, account, command->state, 0);
    if (command->state == NT_STATE_HALTED && command->kind == NT_COMMAND_SET_STATE)
      nt_cancel_working(state, account, NT_NONE, NT_REASON_KILL_SWITCH);
  }
}

/* Take one input. NT_APPLY_AGAIN: effects are full and the input was not taken; deliver them and call again with the same input. */
int nt_apply(nt_state *state, const nt_input *input, nt_effects *effects) {
  effects->count = 0;
  effects->accepted = 0;
  int64_t now = input->ts > state->now ? input->ts : state->now;
  if (settle_transit(state, now, effects) == NT_APPLY_AGAIN) return NT_APPLY_AGAIN;
  if (effects->count == NT_EFFECTS_MAX) return NT_APPLY_AGAIN; /* the input needs room for one */
  if (now > state->now) state->now = now;
  switch (input->kind) {
    case NT_INPUT_ORDER:
      nt_order_take(state, input->order, input->channel, effects);
      break;
    case NT_INPUT_TICK:
      take_tick(state, input->tick);
      break;
    case NT_INPUT_SIGNAL:
      take_signal(state, input->tick, input->channel);
      break;
    case NT_INPUT_COMMAND:
      take_command(state, input->command);
      break;
    case NT_INPUT_ATTACH:
      break;
    case NT_INPUT_DEATH: /* after the end of a tape nothing trades: what works is left to be seen, in whatever order clients leave */
      if (!state->ended) nt_cancel_working(state, NT_NONE, input->channel, NT_REASON_CLIENT_DEATH);
      break;
    default:
      break; /* NT_INPUT_TIMER: only time passes */
  }
  state->counters.inputs++;
  (void)settle_transit(state, state->now, effects); /* what does not fit is due and comes with the next input */
  return NT_APPLIED;
}
