/* The paper venue against a second venue that is a plain list: the same random history, the same reports. */
#include "machine_fixture.h"

#define BUY NT_SIDE_BUY
#define SELL NT_SIDE_SELL
#define MARKET NT_ABSENT
#define ORDERS_MAX 20000
#define CAPACITY 64

/* The rule again, on a list that is searched from the beginning every time. */
typedef struct listed {
  uint64_t id;
  uint16_t channel;
  uint8_t side, type, time_in_force, alive, takes_next;
  int64_t price, quantity, filled;
} listed;

typedef struct expected {
  uint64_t id;
  uint16_t channel, reason;
  uint8_t exec_type, status, liquidity;
  int64_t price, quantity, leaves;
} expected;

typedef struct list_venue {
  listed orders[ORDERS_MAX];
  uint32_t count;
  int64_t bid, ask, slippage;
  expected reports[4 * CAPACITY];
  uint32_t report_count;
} list_venue;

static list_venue venue;

static void says(const listed *order, uint8_t exec_type, uint8_t status, int64_t price, int64_t quantity, uint8_t liquidity,
                 uint16_t reason) {
  venue.reports[venue.report_count++] = (expected){.id = order->id,
                                                   .channel = order->channel,
                                                   .exec_type = exec_type,
                                                   .status = status,
                                                   .price = price,
                                                   .quantity = quantity,
                                                   .liquidity = liquidity,
                                                   .reason = reason,
                                                   .leaves = order->alive ? order->quantity - order->filled : 0};
}

static int waits_for_one_print(const listed *order) {
  return order->time_in_force == NT_TIF_IOC || order->time_in_force == NT_TIF_FOK;
}

static uint8_t reaches_the_quote(const listed *order) {
  return order->side == BUY ? order->price >= venue.ask : order->price <= venue.bid;
}

static void list_print(int64_t price, int64_t size, int64_t aggressor) {
  if (aggressor == 0) aggressor = price >= venue.ask ? BUY : price <= venue.bid ? SELL : 0;
  for (uint32_t i = 0; i < venue.count; i++) {
    listed *order = &venue.orders[i];
    if (!order->alive) continue;
    int limit = order->type == NT_ORDER_LIMIT, taker = !limit || waits_for_one_print(order);
    if (taker && aggressor != order->side) continue;
    int64_t sign = order->side == BUY ? 1 : -1, leaves = order->quantity - order->filled;
    int through = !limit || (order->price - price) * sign > 0;
    int64_t traded = !through ? 0 : leaves < size ? leaves : size;
    if (order->time_in_force == NT_TIF_FOK && traded < leaves) traded = 0;
    if (traded > 0) {
      int64_t at = price + sign * venue.slippage;
      if (limit && (order->price - at) * sign < 0) at = order->price;
      if (!taker && !order->takes_next) at = order->price;
      uint8_t liquidity = taker || order->takes_next ? NT_LIQUIDITY_TAKER : NT_LIQUIDITY_MAKER;
      order->filled += traded;
      size -= traded;
      order->alive = order->filled < order->quantity;
      says(order, NT_EXEC_TRADE, order->alive ? NT_STATUS_PARTIALLY_FILLED : NT_STATUS_FILLED, at, traded, liquidity, 0);
    }
    if (waits_for_one_print(order) && order->alive) {
      order->alive = 0;
      says(order, NT_EXEC_CANCELED, NT_STATUS_CANCELED, NT_ABSENT, 0, 0, NT_REASON_NO_PRINT);
    }
  }
  for (uint32_t i = 0; i < venue.count; i++) venue.orders[i].takes_next = 0; /* the first print is past */
}

static void list_new(const nt_order *order, uint16_t channel) {
  CHECK(venue.count < ORDERS_MAX);
  listed *added = &venue.orders[venue.count++];
  *added = (listed){.id = order->client_order_id,
                    .channel = channel,
                    .side = order->side,
                    .type = order->type,
                    .time_in_force = order->time_in_force,
                    .alive = 1,
                    .price = order->price,
                    .quantity = order->quantity};
  if (order->type == NT_ORDER_LIMIT && !waits_for_one_print(added)) added->takes_next = reaches_the_quote(added);
  says(added, NT_EXEC_NEW, NT_STATUS_NEW, NT_ABSENT, 0, 0, 0);
}

static void list_replace(listed *order, int64_t quantity, int64_t price) {
  order->quantity = quantity;
  if (price != NT_ABSENT && price != order->price && !waits_for_one_print(order)) {
    order->price = price;
    order->takes_next = reaches_the_quote(order);
  }
  if (price != NT_ABSENT) order->price = price;
  says(order, NT_EXEC_REPLACED, order->filled > 0 ? NT_STATUS_PARTIALLY_FILLED : NT_STATUS_NEW, NT_ABSENT, 0, 0, 0);
}

static void list_end(uint8_t exec_type, uint8_t status, uint16_t reason, int keep_good_till_cancel, uint32_t channel) {
  for (uint32_t i = 0; i < venue.count; i++) {
    listed *order = &venue.orders[i];
    if (!order->alive || (channel != NT_NONE && order->channel != channel)) continue;
    if (keep_good_till_cancel && order->time_in_force == NT_TIF_GTC) continue;
    order->alive = 0;
    says(order, exec_type, status, NT_ABSENT, 0, 0, reason);
  }
}

/* A cancel of many goes through the tables of the clients, not in the order of ids. */
static int by_id(const void *a, const void *b) {
  const nt_report *x = a, *y = b;
  return x->venue_order_id < y->venue_order_id ? -1 : 1;
}

static void compare(machine *m, int any_order) {
  if (any_order) qsort(m->effects.reports, m->effects.count, sizeof(nt_report), by_id);
  CHECK_EQUAL(m->effects.count, venue.report_count);
  for (uint32_t i = 0; i < venue.report_count; i++) {
    const nt_report *report = &m->effects.reports[i];
    const expected *other = &venue.reports[i];
    CHECK_EQUAL(report->client_order_id, other->id);
    CHECK_EQUAL(report->channel, other->channel);
    CHECK_EQUAL(report->exec_type, other->exec_type);
    CHECK_EQUAL(report->order_status, other->status);
    CHECK_EQUAL(report->last_price, other->price);
    CHECK_EQUAL(report->last_quantity, other->quantity);
    CHECK_EQUAL(report->leaves_quantity, other->leaves);
    CHECK_EQUAL(report->liquidity, other->liquidity);
    CHECK_EQUAL(report->reason, other->reason);
  }
  venue.report_count = 0;
}

/* The tree is a tree in order, and what it and the lists hold is what lives. */
static uint32_t walk(const nt_state *state, uint32_t index, uint32_t parent, const nt_entry **last, uint32_t depth) {
  if (index == NT_NIL) return 0;
  const nt_entry *entry = &state->entries[index];
  CHECK(depth < 60);
  CHECK_EQUAL(entry->parent, parent);
  CHECK_EQUAL(entry->place, NT_PLACE_RESTING);
  uint32_t left = walk(state, entry->left, index, last, depth + 1);
  if (*last != NULL) {
    int64_t step = ((*last)->venue_price - entry->venue_price) * (entry->side == BUY ? 1 : -1);
    CHECK(step > 0 || (step == 0 && (*last)->venue_order_id < entry->venue_order_id));
    CHECK_EQUAL((*last)->next, index);
    CHECK_EQUAL((*last)->next_price, entry->venue_price);
    CHECK_EQUAL(entry->previous, *last - state->entries);
  }
  *last = entry;
  return left + 1 + walk(state, entry->right, index, last, depth + 1);
}

static void holds_what_lives(const machine *m) {
  uint32_t held = 0, living = 0;
  for (uint32_t side = 0; side < 2; side++) {
    const nt_entry *last = NULL;
    const nt_venue_book *book = &m->state->books[0];
    int64_t nothing = side == NT_TREE_BIDS ? INT64_MIN : INT64_MAX;
    held += walk(m->state, book->root[side], NT_NIL, &last, 0);
    CHECK_EQUAL(book->first[side] == NT_NIL, book->root[side] == NT_NIL);
    CHECK_EQUAL(book->first_price[side], last == NULL ? nothing : m->state->entries[book->first[side]].venue_price);
    if (last != NULL) {
      CHECK_EQUAL(m->state->entries[book->first[side]].left, NT_NIL);
      CHECK_EQUAL(last->next, NT_NIL);
      CHECK_EQUAL(last->next_price, nothing);
    }
    uint32_t before = NT_NIL;
    for (uint32_t i = m->state->books[0].head[side]; i != NT_NIL; before = i, i = m->state->entries[i].left) {
      CHECK_EQUAL(m->state->entries[i].right, before);
      held++;
    }
    CHECK_EQUAL(m->state->books[0].tail[side], before);
  }
  for (uint32_t i = 0; i < venue.count; i++) living += venue.orders[i].alive;
  CHECK_EQUAL(held, living);
}

static void forget_the_dead(void) {
  uint32_t kept = 0;
  for (uint32_t i = 0; i < venue.count; i++) {
    if (venue.orders[i].alive) venue.orders[kept++] = venue.orders[i];
  }
  venue.count = kept;
}

static void trades_as_a_list_does(uint64_t seed) {
  machine_limits limits = machine_defaults();
  limits.instrument.lot_size = limits.instrument.minimum_quantity = 1;
  limits.instrument.tick_size = 1;
  limits.instrument.allow_negative_price = 1;
  limits.config.order_capacity = CAPACITY;
  limits.config.slippage_ticks = (int64_t)(seed % 3);
  machine m = machine_make(&limits);
  uint64_t next_id[2] = {1, 1};
  venue = (list_venue){.slippage = limits.config.slippage_ticks};
  int64_t middle = seed % 2 ? 5000 : 0, spread = 2, day = 1;
  uint64_t fills = 0;
  for (int step = 0; step < 8000; step++) {
    uint64_t r = check_random(&seed);
    uint16_t channel = (uint16_t)(r >> 60 & 1);
    int64_t near = middle + (int64_t)(r >> 10) % 21 - 10, size = 1 + (int64_t)(r >> 20) % 15;
    m.ts += 1 + (int64_t)(r >> 40) % 100;
    int many = 0;
    if (step % 16 == 0) {
      middle += (int64_t)(r >> 30) % 7 - 3;
      spread = 1 + (int64_t)(r >> 34) % 4;
      venue.bid = middle;
      venue.ask = middle + spread;
      machine_quote(&m, venue.bid, venue.ask);
    } else if (r % 16 < 6) {
      m.next_id = next_id[channel]++;
      int market = r % 16 == 0;
      nt_order order = machine_order(&m, r & 1 << 8 ? BUY : SELL, size, market ? MARKET : near);
      order.time_in_force = (uint8_t)(r % 16 < 4 ? 1 + (r >> 9 & 1) : 1 + (r >> 50) % 4);
      machine_input(&m, (nt_input){.kind = NT_INPUT_ORDER, .channel = channel, .order = &order});
      if (m.effects.accepted) {
        list_new(&order, channel);
      } else {
        CHECK_EQUAL(machine_one(&m, NT_EXEC_DENIED)->reason, NT_REASON_ORDER_SLOT_TAKEN);
        m.effects.count = 0;
      }
    } else if (r % 16 < 9 && venue.count > 0) { /* a living order is replaced or cancelled */
      listed *target = &venue.orders[(r >> 16) % venue.count];
      m.next_id = next_id[target->channel]++;
      int replaces = r % 16 < 8 && size > target->filled;
      nt_order request = machine_request(&m, replaces ? NT_MESSAGE_REPLACE : NT_MESSAGE_CANCEL, target->id, replaces ? size : NT_ABSENT,
                                         replaces && target->type == NT_ORDER_LIMIT && r & 1 << 9 ? near : NT_ABSENT);
      machine_input(&m, (nt_input){.kind = NT_INPUT_ORDER, .channel = target->channel, .order = &request});
      CHECK_EQUAL(m.effects.accepted, 1);
      if (replaces) {
        list_replace(target, size, request.price);
      } else {
        target->alive = 0;
        says(target, NT_EXEC_CANCELED, NT_STATUS_CANCELED, NT_ABSENT, 0, 0, NT_REASON_USER_REQUEST);
      }
    } else if (step % 701 == 0) {
      m.next_id = next_id[channel]++;
      nt_order request = machine_request(&m, NT_MESSAGE_MASS_CANCEL, 0, NT_ABSENT, NT_ABSENT);
      request.instrument = NT_NONE;
      machine_input(&m, (nt_input){.kind = NT_INPUT_ORDER, .channel = channel, .order = &request});
      list_end(NT_EXEC_CANCELED, NT_STATUS_CANCELED, NT_REASON_USER_REQUEST, 0, channel);
      many = 1;
    } else if (step % 499 == 0) {
      machine_session(&m, NT_SESSION_CLOSED, day);
      list_end(NT_EXEC_EXPIRED, NT_STATUS_EXPIRED, NT_REASON_SESSION_CLOSED, 1, NT_NONE);
      compare(&m, 0);
      machine_session(&m, NT_SESSION_OPEN, ++day);
    } else if (step % 1301 == 0) {
      machine_state(&m, NT_STATE_HALTED);
      list_end(NT_EXEC_CANCELED, NT_STATUS_CANCELED, NT_REASON_KILL_SWITCH, 0, NT_NONE);
      compare(&m, 1);
      machine_state(&m, NT_STATE_ACTIVE);
    } else {
      uint8_t aggressor = (uint8_t)((r >> 5) % 3);
      machine_trade(&m, near, size * 2, aggressor);
      list_print(near, size * 2, aggressor);
      fills += venue.report_count;
    }
    compare(&m, many);
    forget_the_dead();
    if (step % 37 == 0) holds_what_lives(&m);
  }
  CHECK(fills > 1000);
  nt_state_destroy(m.state);
}

/* An order of a list of many, all through: a fill each, in id order, and the tree stays flat under ascending prices. */
static void a_deep_book_stays_shallow(void) {
  machine_limits limits = machine_defaults();
  limits.instrument.lot_size = limits.instrument.minimum_quantity = limits.instrument.tick_size = 1;
  limits.config.order_capacity = 16384;
  machine m = machine_make(&limits);
  machine_quote(&m, 500000, 500001);
  for (int64_t i = 0; i < 16000; i++) machine_new(&m, BUY, 1, 400000 + i, NT_TIF_GTC);
  const nt_entry *last = NULL;
  CHECK_EQUAL(walk(m.state, m.state->books[0].root[0], NT_NIL, &last, 0), 16000); /* its depth is checked on the way */
  machine_trade(&m, 400000 + 15000, 100, SELL);                                   /* through the best 999 */
  CHECK_EQUAL(m.effects.count, 100);
  for (uint32_t i = 0; i < 100; i++) CHECK_EQUAL(m.effects.reports[i].client_order_id, 15002 + i);
  nt_order request = machine_request(&m, NT_MESSAGE_REPLACE, 16000, 1, 400000 + 15998); /* to a better order's price: behind it */
  machine_send(&m, &request);
  machine_trade(&m, 400000 + 15997, 1, SELL);
  CHECK_EQUAL(machine_one(&m, NT_EXEC_TRADE)->client_order_id, 15999);
  nt_state_destroy(m.state);
}

/* Answers that are slow to come back hold up trading before they can hold up each other: no answer is ever lost. */
static void fills_stop_before_answers_run_out_of_room(void) {
  machine_limits limits = machine_defaults();
  limits.instrument.lot_size = limits.instrument.minimum_quantity = 1;
  limits.config.channels = 1;
  limits.config.order_capacity = 2;
  limits.config.latency_out_ns = 1000000;
  machine m = machine_make(&limits);
  machine_trade(&m, 100000, 1, BUY);
  uint64_t id = machine_new(&m, BUY, 100, 99900, NT_TIF_GTC);
  int64_t filled = 0;
  for (int i = 0; i < 100; i++) machine_trade(&m, 99800, 1, SELL);
  CHECK(nt_outward_free(m.state) >= 8);
  machine_wait(&m, 1000000);
  for (uint32_t i = 0; i < m.effects.count; i++) filled += m.effects.reports[i].last_quantity;
  CHECK(filled > 0 && filled < 100);
  CHECK_EQUAL(m.state->entries[id].filled, filled);
  CHECK_EQUAL(m.state->entries[id].venue_filled, filled);
  CHECK_EQUAL(m.state->pairs[0].working_buy, 100 - filled);
  for (int64_t i = filled; i < 100; i++) {
    machine_trade(&m, 99800, 1, SELL);
    machine_wait(&m, 1000000);
    CHECK_EQUAL(machine_one(&m, NT_EXEC_TRADE)->last_quantity, 1);
  }
  CHECK_EQUAL(m.effects.reports[0].order_status, NT_STATUS_FILLED);
  nt_state_destroy(m.state);
}

/* What is due exactly now has happened before the input of now. */
static void things_due_now_come_first(void) {
  machine_limits limits = machine_defaults();
  limits.config.latency_in_ns = 100;
  limits.config.latency_out_ns = 50;
  machine m = machine_make(&limits);
  machine_trade(&m, 100000, 10, BUY);
  uint64_t id = machine_new(&m, BUY, 4, MARKET, NT_TIF_DAY);
  m.ts += 100;
  machine_trade(&m, 100000, 4, BUY); /* the order arrived at this very nanosecond */
  CHECK_EQUAL(nt_next_due(m.state), m.ts + 50);
  m.ts += 50;
  nt_order cancel = machine_request(&m, NT_MESSAGE_CANCEL, id, NT_ABSENT, NT_ABSENT);
  machine_send(&m, &cancel); /* and its fill is known to whoever asks at the nanosecond it comes back */
  CHECK_EQUAL(m.effects.count, 3);
  CHECK_EQUAL(m.effects.reports[0].exec_type, NT_EXEC_NEW);
  CHECK_EQUAL(m.effects.reports[1].exec_type, NT_EXEC_TRADE);
  CHECK_EQUAL(m.effects.reports[1].ts_event, m.ts - 50);
  CHECK_EQUAL(m.effects.reports[1].ts_recv, m.ts);
  CHECK_EQUAL(m.effects.reports[2].exec_type, NT_EXEC_CANCEL_REJECTED);
  CHECK_EQUAL(m.effects.reports[2].reason, NT_REASON_UNKNOWN_ORDER); /* its slot is free again */
  CHECK_EQUAL(nt_next_due(m.state), INT64_MAX);
  nt_state_destroy(m.state);
}

static void a_halt_meets_orders_on_their_way(void) {
  machine_limits limits = machine_defaults();
  limits.config.latency_in_ns = 100;
  machine m = machine_make(&limits);
  machine_trade(&m, 100000, 10, BUY);
  uint64_t id = machine_new(&m, BUY, 4, 100000, NT_TIF_GTC);
  machine_state(&m, NT_STATE_HALTED); /* ours: the cancel follows it */
  machine_wait(&m, 100);
  CHECK_EQUAL(m.effects.count, 2);
  CHECK_EQUAL(m.effects.reports[0].exec_type, NT_EXEC_NEW);
  CHECK_EQUAL(m.effects.reports[0].order_status, NT_STATUS_PENDING_CANCEL);
  CHECK_EQUAL(m.effects.reports[1].exec_type, NT_EXEC_CANCELED);
  CHECK_EQUAL(m.effects.reports[1].client_order_id, id);
  CHECK_EQUAL(m.effects.reports[1].reason, NT_REASON_KILL_SWITCH);
  machine_state(&m, NT_STATE_ACTIVE);
  id = machine_new(&m, BUY, 4, 100000, NT_TIF_GTC);
  machine_session(&m, NT_SESSION_HALTED, 1); /* the instrument's: the venue refuses it */
  machine_wait(&m, 100);
  const nt_report *report = machine_one(&m, NT_EXEC_REJECTED);
  CHECK_EQUAL(report->client_order_id, id);
  CHECK_EQUAL(report->reason, NT_REASON_INSTRUMENT_HALTED);
  CHECK_EQUAL(report->fix_reason, 2);
  CHECK_EQUAL(m.state->pairs[0].working_buy, 0);
  CHECK_EQUAL(m.state->clients[0].open, 0);
  nt_state_destroy(m.state);
}

/* Slippage stops at one tick where prices cannot be negative, and nowhere else. */
static void slippage_stops_where_prices_do(void) {
  machine_limits limits = machine_defaults();
  limits.config.slippage_ticks = 4;
  for (int negative = 0; negative < 2; negative++) {
    limits.instrument.allow_negative_price = (uint32_t)negative;
    machine m = machine_make(&limits);
    const int64_t prints[] = {100, 125, 150, 10}, prices[] = {25, 25, 50, 10};
    for (int i = 0; i < 4; i++) {
      machine_trade(&m, prints[i], 10, SELL);
      machine_new(&m, SELL, 4, NT_ABSENT, NT_TIF_DAY);
      machine_trade(&m, prints[i], 10, SELL);
      CHECK_EQUAL(machine_one(&m, NT_EXEC_TRADE)->last_price, negative ? prints[i] - 100 : prices[i]);
    }
    nt_state_destroy(m.state);
  }
}

static void random_histories(void) {
  for (uint64_t seed = 1; seed <= 12; seed++) trades_as_a_list_does(seed * 1000003);
}

int main(void) {
  RUN(random_histories);
  RUN(a_deep_book_stays_shallow);
  RUN(fills_stop_before_answers_run_out_of_room);
  RUN(things_due_now_come_first);
  RUN(slippage_stops_where_prices_do);
  RUN(a_halt_meets_orders_on_their_way);
  return 0;
}
