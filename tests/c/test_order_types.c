/* Stops, trailing stops, if-touched, GTD, post-only, reduce-only, icebergs, and orders that hang together. */
#include "machine_fixture.h"

#define BUY NT_SIDE_BUY
#define SELL NT_SIDE_SELL

static machine fresh(void) {
  machine_limits limits = machine_defaults();
  limits.instrument.lot_size = limits.instrument.minimum_quantity = 1;
  limits.config.slippage_ticks = 0;
  machine m = machine_make(&limits);
  machine_trade(&m, 100000, 10, BUY); /* ask 100000, bid 99975 */
  return m;
}

static nt_order typed(machine *m, uint8_t type, uint8_t side, int64_t quantity, int64_t price, int64_t trigger) {
  nt_order order = machine_order(m, side, quantity, price);
  order.type = type;
  order.trigger_price = trigger;
  order.time_in_force = NT_TIF_GTC;
  return order;
}

static void accept(machine *m, const nt_order *order) {
  machine_send(m, order);
  machine_one(m, NT_EXEC_NEW);
}

static void refuse(machine *m, const nt_order *order, uint16_t check, uint16_t reason) {
  machine_send(m, order);
  CHECK_EQUAL(machine_one(m, NT_EXEC_DENIED)->reason, reason);
  CHECK_EQUAL(m->effects.reports[0].check, check);
}

/* The reports of the last input: what happened to which order. */
static void expect(const machine *m, uint32_t count, const uint8_t *kinds, const uint64_t *ids) {
  CHECK_EQUAL(m->effects.count, count);
  for (uint32_t i = 0; i < count; i++) {
    CHECK_EQUAL(m->effects.reports[i].exec_type, kinds[i]);
    CHECK_EQUAL(m->effects.reports[i].client_order_id, ids[i]);
  }
}

static void triggers_wait_for_their_price(void) {
  const struct {
    uint8_t type, side;
    int64_t trigger, before, at;
  } cases[] = {{NT_ORDER_STOP, BUY, 100100, 100075, 100100},
               {NT_ORDER_STOP, SELL, 99900, 99925, 99900},
               {NT_ORDER_MARKET_IF_TOUCHED, BUY, 99900, 99925, 99900},
               {NT_ORDER_MARKET_IF_TOUCHED, SELL, 100100, 100075, 100100}};
  for (int i = 0; i < 4; i++) {
    machine m = fresh();
    nt_order order = typed(&m, cases[i].type, cases[i].side, 2, NT_ABSENT, cases[i].trigger);
    accept(&m, &order);
    machine_trade(&m, cases[i].before, 10, cases[i].side);
    CHECK_EQUAL(m.effects.count, 0);
    machine_trade(&m, cases[i].at, 10, cases[i].side);
    machine_one(&m, NT_EXEC_TRIGGERED); /* and trades from the next print on */
    machine_trade(&m, cases[i].at + 50, 10, cases[i].side == BUY ? SELL : BUY);
    CHECK_EQUAL(m.effects.count, 0);
    machine_trade(&m, cases[i].at + 25, 10, cases[i].side);
    CHECK_EQUAL(machine_one(&m, NT_EXEC_TRADE)->last_price, cases[i].at + 25);
    CHECK_EQUAL(m.effects.reports[0].liquidity, NT_LIQUIDITY_TAKER);
    order = typed(&m, cases[i].type, cases[i].side, 2, NT_ABSENT, cases[i].at + 25); /* reached already */
    machine_send(&m, &order);
    expect(&m, 2, (uint8_t[]){NT_EXEC_NEW, NT_EXEC_TRIGGERED}, (uint64_t[]){order.client_order_id, order.client_order_id});
    nt_state_destroy(m.state);
  }
}

static void a_stop_limit_rests_at_its_limit(void) {
  machine m = fresh();
  nt_order order = typed(&m, NT_ORDER_STOP_LIMIT, BUY, 2, 100150, 100100);
  accept(&m, &order);
  machine_trade(&m, 100200, 10, BUY);
  machine_one(&m, NT_EXEC_TRIGGERED);
  machine_trade(&m, 100200, 10, BUY); /* above its limit */
  CHECK_EQUAL(m.effects.count, 0);
  machine_trade(&m, 100125, 1, SELL);
  CHECK_EQUAL(machine_one(&m, NT_EXEC_TRADE)->last_price, 100150);
  CHECK_EQUAL(m.effects.reports[0].order_status, NT_STATUS_PARTIALLY_FILLED);
  nt_state_destroy(m.state);
}

static void several_triggers_fire_in_their_order(void) {
  machine m = fresh();
  const int64_t triggers[] = {100300, 100100, 100200, 100100};
  for (int i = 0; i < 4; i++) {
    nt_order order = typed(&m, NT_ORDER_STOP, BUY, 2, NT_ABSENT, triggers[i]);
    accept(&m, &order);
  }
  machine_trade(&m, 100250, 10, BUY);
  expect(&m, 3, (uint8_t[]){NT_EXEC_TRIGGERED, NT_EXEC_TRIGGERED, NT_EXEC_TRIGGERED}, (uint64_t[]){2, 4, 3});
  nt_order request = machine_request(&m, NT_MESSAGE_CANCEL, 1, NT_ABSENT, NT_ABSENT);
  machine_send(&m, &request);
  machine_one(&m, NT_EXEC_CANCELED);
  machine_trade(&m, 100300, 5, BUY); /* two of the three, by time */
  expect(&m, 3, (uint8_t[]){NT_EXEC_TRADE, NT_EXEC_TRADE, NT_EXEC_TRADE}, (uint64_t[]){2, 3, 4});
  CHECK_EQUAL(m.effects.reports[2].last_quantity, 1);
  nt_state_destroy(m.state);
}

static void a_trailing_stop_follows(void) {
  machine m = fresh();
  nt_order order = typed(&m, NT_ORDER_TRAILING_STOP, SELL, 2, NT_ABSENT, NT_ABSENT);
  order.flags = NT_ORDER_EXTENDED;
  order.trailing_offset = 100;
  accept(&m, &order);
  const int64_t quiet[] = {99925, 100200, 100125, 100300, 100225};
  for (int i = 0; i < 5; i++) {
    machine_trade(&m, quiet[i], 10, SELL);
    CHECK_EQUAL(m.effects.count, 0);
  }
  machine_trade(&m, 100200, 10, SELL); /* 100 below the best */
  machine_one(&m, NT_EXEC_TRIGGERED);
  machine_trade(&m, 100175, 10, SELL);
  machine_one(&m, NT_EXEC_TRADE);
  order = typed(&m, NT_ORDER_TRAILING_STOP, BUY, 2, NT_ABSENT, 100200); /* a first trigger of its own, nearer than the offset says */
  order.flags = NT_ORDER_EXTENDED;
  order.trailing_offset = 100;
  accept(&m, &order);
  nt_order request = machine_request(&m, NT_MESSAGE_REPLACE, order.client_order_id, NT_ABSENT, NT_ABSENT);
  request.trigger_price = 100250;
  machine_send(&m, &request);
  machine_one(&m, NT_EXEC_REPLACED);
  machine_trade(&m, 100250, 10, BUY);
  machine_one(&m, NT_EXEC_TRIGGERED);
  machine_send(&m, &(nt_order){.client_order_id = m.next_id++,
                               .message = NT_MESSAGE_REPLACE,
                               .flags = NT_ORDER_EXTENDED,
                               .price = NT_ABSENT,
                               .quantity = NT_ABSENT,
                               .trigger_price = 100300,
                               .original_client_order_id = order.client_order_id});
  CHECK_EQUAL(machine_one(&m, NT_EXEC_REPLACE_REJECTED)->reason, NT_REASON_TOO_LATE);
  nt_state_destroy(m.state);
}

static void what_does_not_fit_its_kind_is_malformed(void) {
  machine m = fresh();
  for (int field = 0; field < 16; field++) {
    nt_order order = typed(&m, NT_ORDER_LIMIT, BUY, 2, 99000, NT_ABSENT);
    order.flags = NT_ORDER_EXTENDED;
    if (field == 0) order.type = NT_ORDER_STOP_LIMIT;                         /* no trigger */
    if (field == 1) order.type = NT_ORDER_STOP, order.trigger_price = 100100; /* a price */
    if (field == 2) order.type = 7;
    if (field == 3) order.flags |= NT_ORDER_POST_ONLY, order.time_in_force = NT_TIF_IOC;
    if (field == 4) order.flags |= NT_ORDER_POST_ONLY, order.type = NT_ORDER_MARKET, order.price = NT_ABSENT;
    if (field == 5) order.type = NT_ORDER_STOP_LIMIT, order.trigger_price = 100100, order.time_in_force = NT_TIF_FOK;
    if (field == 6) order.type = NT_ORDER_TRAILING_STOP, order.price = NT_ABSENT; /* no offset */
    if (field == 7) order.trailing_offset = 25;
    if (field == 8) order.type = NT_ORDER_TRAILING_STOP, order.price = NT_ABSENT, order.trailing_offset = -25;
    if (field == 9) order.display_quantity = -1;
    if (field == 10) order.type = NT_ORDER_MARKET, order.price = NT_ABSENT, order.display_quantity = 1;
    if (field == 11) order.contingency = 3, order.list_id = 1;
    if (field == 12) order.contingency = NT_CONTINGENCY_OCO;
    if (field == 13) order.list_id = 1;
    if (field == 14) order.contingency = NT_CONTINGENCY_BRACKET, order.list_id = 1; /* not reduce-only */
    if (field == 15) order.expire_ts = m.ts + 1000;                                 /* not GTD */
    refuse(&m, &order, NT_CHECK_WELL_FORMED, NT_REASON_MALFORMED);
  }
  nt_order order = typed(&m, NT_ORDER_STOP, BUY, 2, NT_ABSENT, 100101);
  refuse(&m, &order, NT_CHECK_PRICE, NT_REASON_TICK_SIZE_VIOLATION);
  order = typed(&m, NT_ORDER_STOP, BUY, 2, NT_ABSENT, 0);
  refuse(&m, &order, NT_CHECK_PRICE, NT_REASON_PRICE_NOT_POSITIVE);
  order = typed(&m, NT_ORDER_TRAILING_STOP, BUY, 2, NT_ABSENT, NT_ABSENT);
  order.flags = NT_ORDER_EXTENDED;
  order.trailing_offset = 30;
  refuse(&m, &order, NT_CHECK_PRICE, NT_REASON_TICK_SIZE_VIOLATION);
  order.client_order_id = m.next_id++;
  order.trailing_offset = 1000025;
  refuse(&m, &order, NT_CHECK_PRICE, NT_REASON_PRICE_EXCEEDS_MAXIMUM);
  nt_state_destroy(m.state);
}

static void gtd_ends_at_its_time(void) {
  machine m = fresh();
  int64_t begin = m.ts;
  const int64_t after[] = {300, 100, 200, 400, 100};
  nt_order order;
  for (int i = 0; i < 5; i++) {
    order = typed(&m, NT_ORDER_LIMIT, BUY, 2, 99000, NT_ABSENT);
    order.time_in_force = NT_TIF_GTD;
    order.flags = NT_ORDER_EXTENDED;
    order.expire_ts = begin + after[i];
    accept(&m, &order);
  }
  nt_order request = machine_request(&m, NT_MESSAGE_CANCEL, 3, NT_ABSENT, NT_ABSENT);
  machine_send(&m, &request);
  machine_one(&m, NT_EXEC_CANCELED);
  machine_wait(&m, 99);
  CHECK_EQUAL(m.effects.count, 0);
  machine_wait(&m, 1);
  expect(&m, 2, (uint8_t[]){NT_EXEC_EXPIRED, NT_EXEC_EXPIRED}, (uint64_t[]){2, 5});
  CHECK_EQUAL(m.effects.reports[0].reason, NT_REASON_EXPIRE_TIME);
  CHECK_EQUAL(m.effects.reports[0].ts_event, begin + 100);
  machine_session(&m, NT_SESSION_CLOSED, 1); /* they outlive a session */
  CHECK_EQUAL(m.effects.count, 0);
  machine_session(&m, NT_SESSION_OPEN, 2);
  machine_wait(&m, 1000); /* far beyond: each at its own time */
  expect(&m, 2, (uint8_t[]){NT_EXEC_EXPIRED, NT_EXEC_EXPIRED}, (uint64_t[]){1, 4});
  CHECK_EQUAL(m.effects.reports[0].ts_event, begin + 300);
  CHECK_EQUAL(m.state->pairs[0].working_buy, 0);
  order = typed(&m, NT_ORDER_LIMIT, BUY, 2, 99000, NT_ABSENT);
  order.time_in_force = NT_TIF_GTD;
  refuse(&m, &order, NT_CHECK_EXPIRY, NT_REASON_EXPIRE_TIME_MISSING);
  order.client_order_id = m.next_id++;
  order.flags = NT_ORDER_EXTENDED;
  order.expire_ts = m.ts;
  refuse(&m, &order, NT_CHECK_EXPIRY, NT_REASON_EXPIRE_TIME_IN_PAST);
  CHECK_EQUAL(m.effects.reports[0].observed, m.ts);
  CHECK_EQUAL(m.effects.reports[0].limit, m.ts);
  nt_state_destroy(m.state);
}

static void post_only_does_not_take(void) {
  machine_limits limits = machine_defaults();
  limits.config.latency_in_ns = 100;
  machine m = machine_make(&limits);
  nt_order order = typed(&m, NT_ORDER_LIMIT, BUY, 4, 99975, NT_ABSENT);
  order.flags = NT_ORDER_POST_ONLY;
  refuse(&m, &order, NT_CHECK_POST_ONLY, NT_REASON_MARKET_PRICE_UNAVAILABLE);
  machine_trade(&m, 100000, 10, BUY);
  order.client_order_id = m.next_id++;
  order.price = 100000;
  refuse(&m, &order, NT_CHECK_POST_ONLY, NT_REASON_POST_ONLY_WOULD_CROSS);
  CHECK_EQUAL(m.effects.reports[0].observed, 100000);
  CHECK_EQUAL(m.effects.reports[0].limit, 100000);
  order.client_order_id = m.next_id++;
  order.price = 99975;
  machine_send(&m, &order);
  machine_trade(&m, 99975, 10, SELL); /* the market comes to it on its way */
  machine_wait(&m, 100);
  CHECK_EQUAL(m.effects.count, 1);
  machine_one(&m, NT_EXEC_NEW);
  nt_order request = machine_request(&m, NT_MESSAGE_REPLACE, order.client_order_id, NT_ABSENT, 100000);
  machine_send(&m, &request);
  machine_wait(&m, 100);
  CHECK_EQUAL(machine_one(&m, NT_EXEC_REPLACE_REJECTED)->reason, NT_REASON_POST_ONLY_WOULD_CROSS);
  nt_order late = typed(&m, NT_ORDER_LIMIT, BUY, 4, 99975, NT_ABSENT);
  late.flags = NT_ORDER_POST_ONLY;
  machine_send(&m, &late);
  machine_trade(&m, 99950, 10, BUY); /* the ask is 99950 when it arrives */
  machine_wait(&m, 100);
  CHECK_EQUAL(m.effects.reports[m.effects.count - 1].exec_type, NT_EXEC_REJECTED);
  CHECK_EQUAL(m.effects.reports[m.effects.count - 1].reason, NT_REASON_POST_ONLY_WOULD_CROSS);
  nt_state_destroy(m.state);
}

static void hold(machine *m, uint8_t side, int64_t quantity) {
  machine_new(m, side, quantity, NT_ABSENT, NT_TIF_DAY);
  machine_trade(m, 100000, quantity, side);
  machine_one(m, NT_EXEC_TRADE);
}

static void reduce_only_closes_and_opens_nothing(void) {
  machine m = fresh();
  nt_order order = typed(&m, NT_ORDER_LIMIT, SELL, 1, 100100, NT_ABSENT);
  order.flags = NT_ORDER_REDUCE_ONLY;
  refuse(&m, &order, NT_CHECK_REDUCE_ONLY, NT_REASON_REDUCE_ONLY_WOULD_INCREASE_POSITION);
  CHECK_EQUAL(m.effects.reports[0].observed, 1);
  CHECK_EQUAL(m.effects.reports[0].limit, 0);
  hold(&m, BUY, 10);
  for (int i = 0; i < 2; i++) {
    order = typed(&m, NT_ORDER_LIMIT, SELL, i == 0 ? 6 : 4, 100100, NT_ABSENT);
    order.flags = NT_ORDER_REDUCE_ONLY;
    accept(&m, &order);
  }
  order = typed(&m, NT_ORDER_LIMIT, SELL, 1, 100100, NT_ABSENT); /* what works to reduce counts */
  order.flags = NT_ORDER_REDUCE_ONLY;
  refuse(&m, &order, NT_CHECK_REDUCE_ONLY, NT_REASON_REDUCE_ONLY_WOULD_INCREASE_POSITION);
  CHECK_EQUAL(m.effects.reports[0].observed, 11);
  CHECK_EQUAL(m.effects.reports[0].limit, 10);
  nt_order request = machine_request(&m, NT_MESSAGE_REPLACE, m.next_id - 2, 5, NT_ABSENT);
  machine_send(&m, &request);
  CHECK_EQUAL(machine_one(&m, NT_EXEC_REPLACE_REJECTED)->reason, NT_REASON_REDUCE_ONLY_WOULD_INCREASE_POSITION);
  CHECK_EQUAL(m.state->pairs[0].working_sell, 0);
  CHECK_EQUAL(m.state->ledgers[0].reduce_sell, 10);
  machine_new(&m, SELL, 7, NT_ABSENT, NT_TIF_DAY); /* somebody else closes most of it */
  machine_trade(&m, 100000, 7, SELL);
  machine_one(&m, NT_EXEC_TRADE);
  machine_trade(&m, 100200, 100, BUY); /* both are through; 3 are open */
  CHECK_EQUAL(m.effects.count, 3);
  CHECK_EQUAL(m.effects.reports[0].exec_type, NT_EXEC_TRADE);
  CHECK_EQUAL(m.effects.reports[0].last_quantity, 3);
  CHECK_EQUAL(m.effects.reports[1].exec_type, NT_EXEC_CANCELED);
  CHECK_EQUAL(m.effects.reports[1].reason, NT_REASON_REDUCE_ONLY_WOULD_INCREASE_POSITION);
  CHECK_EQUAL(m.effects.reports[2].exec_type, NT_EXEC_CANCELED);
  CHECK_EQUAL(m.state->pairs[0].position, 0);
  CHECK_EQUAL(m.state->ledgers[0].reduce_sell, 0);
  CHECK_EQUAL(m.state->clients[0].open, 0);
  nt_state_destroy(m.state);
}

static void an_iceberg_shows_slices(void) {
  machine m = fresh();
  nt_order order = typed(&m, NT_ORDER_LIMIT, BUY, 10, 99900, NT_ABSENT);
  order.flags = NT_ORDER_EXTENDED;
  order.display_quantity = 4;
  accept(&m, &order);
  machine_new(&m, BUY, 3, 99900, NT_TIF_GTC);
  machine_trade(&m, 99875, 100, SELL); /* a slice, and all of the other */
  expect(&m, 2, (uint8_t[]){NT_EXEC_TRADE, NT_EXEC_TRADE}, (uint64_t[]){1, 2});
  CHECK_EQUAL(m.effects.reports[0].last_quantity, 4);
  machine_new(&m, BUY, 3, 99900, NT_TIF_GTC);
  machine_trade(&m, 99875, 2, SELL); /* part of the second slice keeps its place */
  expect(&m, 1, (uint8_t[]){NT_EXEC_TRADE}, (uint64_t[]){1});
  machine_trade(&m, 99875, 4, SELL);
  expect(&m, 2, (uint8_t[]){NT_EXEC_TRADE, NT_EXEC_TRADE}, (uint64_t[]){1, 3});
  CHECK_EQUAL(m.effects.reports[0].last_quantity, 2);
  machine_trade(&m, 99875, 1, SELL); /* the third is behind */
  expect(&m, 1, (uint8_t[]){NT_EXEC_TRADE}, (uint64_t[]){3});
  machine_trade(&m, 99875, 100, SELL);
  expect(&m, 1, (uint8_t[]){NT_EXEC_TRADE}, (uint64_t[]){1});
  CHECK_EQUAL(m.effects.reports[0].order_status, NT_STATUS_FILLED);
  nt_state_destroy(m.state);
}

static nt_order linked(machine *m, uint8_t contingency, uint64_t list, uint8_t type, uint8_t side, int64_t quantity, int64_t price,
                       int64_t trigger) {
  nt_order order = typed(m, type, side, quantity, price, trigger);
  order.flags = NT_ORDER_EXTENDED | (contingency == NT_CONTINGENCY_BRACKET ? NT_ORDER_REDUCE_ONLY : 0u);
  order.contingency = contingency;
  order.list_id = list;
  return order;
}

static void one_cancels_the_other(void) {
  for (int ending = 0; ending < 4; ending++) { /* a part of the first, all of the second, a cancel of either */
    machine m = fresh();
    machine_new(&m, BUY, 4, 99900, NT_TIF_GTC);
    nt_order other = linked(&m, NT_CONTINGENCY_OCO, 1, NT_ORDER_STOP, BUY, 4, NT_ABSENT, 100200);
    accept(&m, &other);
    if (ending == 0) {
      machine_trade(&m, 99875, 1, SELL);
      expect(&m, 2, (uint8_t[]){NT_EXEC_TRADE, NT_EXEC_CANCELED}, (uint64_t[]){1, 2});
      CHECK_EQUAL(m.effects.reports[1].reason, NT_REASON_LINKED_ORDER);
      CHECK_EQUAL(m.state->clients[0].open, 1);
    } else if (ending == 1) {
      machine_trade(&m, 100200, 10, BUY);
      machine_trade(&m, 100200, 10, BUY);
      expect(&m, 2, (uint8_t[]){NT_EXEC_TRADE, NT_EXEC_CANCELED}, (uint64_t[]){2, 1});
      CHECK_EQUAL(m.state->clients[0].open, 0);
    } else {
      uint64_t target = ending == 2 ? 1 : 2;
      nt_order request = machine_request(&m, NT_MESSAGE_CANCEL, target, NT_ABSENT, NT_ABSENT);
      machine_send(&m, &request);
      expect(&m, 2, (uint8_t[]){NT_EXEC_CANCELED, NT_EXEC_CANCELED}, (uint64_t[]){target, 3 - target});
      CHECK_EQUAL(m.effects.reports[0].reason, NT_REASON_USER_REQUEST);
      CHECK_EQUAL(m.effects.reports[1].reason, NT_REASON_LINKED_ORDER);
      CHECK_EQUAL(m.state->pairs[0].working_buy, 0);
    }
    nt_state_destroy(m.state);
  }
}

/* Buy 4 at 99900; then take profit at 100100 or stop at 99700. */
static machine bracket(int64_t latency_ns) {
  machine_limits limits = machine_defaults();
  limits.instrument.lot_size = limits.instrument.minimum_quantity = 1;
  limits.config.slippage_ticks = 0;
  limits.config.latency_in_ns = limits.config.latency_out_ns = latency_ns;
  machine m = machine_make(&limits);
  machine_trade(&m, 100000, 10, BUY);
  nt_order order = typed(&m, NT_ORDER_LIMIT, BUY, 4, 99900, NT_ABSENT);
  machine_send(&m, &order);
  order = linked(&m, NT_CONTINGENCY_BRACKET, 1, NT_ORDER_LIMIT, SELL, 4, 100100, NT_ABSENT);
  machine_send(&m, &order);
  order = linked(&m, NT_CONTINGENCY_BRACKET, 1, NT_ORDER_STOP, SELL, 4, NT_ABSENT, 99700);
  machine_send(&m, &order);
  return m;
}

static void a_bracket_protects_what_was_bought(void) {
  machine m = bracket(0);
  machine_trade(&m, 100200, 10, BUY); /* held: neither works yet */
  CHECK_EQUAL(m.effects.count, 0);
  machine_trade(&m, 99875, 3, SELL);
  expect(&m, 1, (uint8_t[]){NT_EXEC_TRADE}, (uint64_t[]){1});
  machine_trade(&m, 100200, 10, BUY); /* profit on what there is; the rest waits for what the first may still buy */
  expect(&m, 1, (uint8_t[]){NT_EXEC_TRADE}, (uint64_t[]){2});
  CHECK_EQUAL(m.effects.reports[0].last_quantity, 3);
  machine_trade(&m, 100200, 10, BUY);
  CHECK_EQUAL(m.effects.count, 0);
  CHECK_EQUAL(m.state->pairs[0].position, 0);
  machine_trade(&m, 99875, 3, SELL);
  machine_trade(&m, 100200, 10, BUY);
  expect(&m, 2, (uint8_t[]){NT_EXEC_TRADE, NT_EXEC_CANCELED}, (uint64_t[]){2, 3});
  CHECK_EQUAL(m.state->pairs[0].position, 0);
  CHECK_EQUAL(m.state->clients[0].open, 0);
  nt_state_destroy(m.state);
  m = bracket(0);
  machine_trade(&m, 99875, 4, SELL);
  machine_trade(&m, 99700, 4, SELL);
  expect(&m, 1, (uint8_t[]){NT_EXEC_TRIGGERED}, (uint64_t[]){3});
  machine_trade(&m, 99675, 10, SELL);
  expect(&m, 2, (uint8_t[]){NT_EXEC_TRADE, NT_EXEC_CANCELED}, (uint64_t[]){3, 2});
  CHECK_EQUAL(m.effects.reports[1].reason, NT_REASON_LINKED_ORDER);
  CHECK_EQUAL(m.state->clients[0].open, 0);
  nt_state_destroy(m.state);
  m = bracket(0);
  nt_order request = machine_request(&m, NT_MESSAGE_CANCEL, 1, NT_ABSENT, NT_ABSENT); /* nothing was bought */
  machine_send(&m, &request);
  expect(&m, 3, (uint8_t[]){NT_EXEC_CANCELED, NT_EXEC_CANCELED, NT_EXEC_CANCELED}, (uint64_t[]){1, 2, 3});
  CHECK_EQUAL(m.state->clients[0].open, 0);
  CHECK_EQUAL(m.state->ledgers[0].reduce_sell, 0);
  nt_state_destroy(m.state);
}

static void what_is_held_is_not_triggered(void) {
  machine m = fresh();
  machine_new(&m, BUY, 4, 99900, NT_TIF_GTC);
  nt_order order = linked(&m, NT_CONTINGENCY_BRACKET, 1, NT_ORDER_MARKET_IF_TOUCHED, SELL, 4, NT_ABSENT, 100100);
  accept(&m, &order);
  machine_trade(&m, 100200, 10, BUY);
  CHECK_EQUAL(m.effects.count, 0);
  machine_trade(&m, 99875, 4, SELL);
  machine_trade(&m, 100200, 10, BUY);
  machine_one(&m, NT_EXEC_TRIGGERED);
  nt_state_destroy(m.state);
}

/* A request that arrives at the very time of an expiry comes first. */
static void a_cancel_beats_its_expiry(void) {
  for (int64_t early = 0; early < 2; early++) {
    machine_limits limits = machine_defaults();
    limits.config.latency_in_ns = 100;
    machine m = machine_make(&limits);
    nt_order order = typed(&m, NT_ORDER_LIMIT, BUY, 4, 99000, NT_ABSENT);
    order.time_in_force = NT_TIF_GTD;
    order.flags = NT_ORDER_EXTENDED;
    order.expire_ts = m.ts + 300 - early;
    machine_send(&m, &order);
    machine_wait(&m, 200);
    nt_order request = machine_request(&m, NT_MESSAGE_CANCEL, 1, NT_ABSENT, NT_ABSENT);
    machine_send(&m, &request);
    machine_wait(&m, 100);
    CHECK_EQUAL(m.effects.reports[0].exec_type, early ? NT_EXEC_EXPIRED : NT_EXEC_CANCELED);
    CHECK_EQUAL(m.effects.count, early ? 2 : 1); /* too late for the cancel */
    nt_state_destroy(m.state);
  }
}

/* What happens to the first while the others are on their way. */
static void a_bracket_in_transit(void) {
  machine m = bracket(100);
  machine_wait(&m, 100);
  machine_wait(&m, 100); /* all three are there, and known */
  nt_order request = machine_request(&m, NT_MESSAGE_CANCEL, 1, NT_ABSENT, NT_ABSENT);
  machine_send(&m, &request);
  nt_order late = linked(&m, NT_CONTINGENCY_BRACKET, 1, NT_ORDER_LIMIT, SELL, 1, 100300, NT_ABSENT);
  machine_send(&m, &late); /* arrives after the cancel, and leaves with it */
  machine_wait(&m, 100);
  machine_wait(&m, 100);
  expect(&m, 4, (uint8_t[]){NT_EXEC_CANCELED, NT_EXEC_CANCELED, NT_EXEC_CANCELED, NT_EXEC_CANCELED},
         (uint64_t[]){1, 2, 3, late.client_order_id});
  CHECK_EQUAL(m.state->clients[0].open, 0);
  nt_state_destroy(m.state);
  m = bracket(100);
  machine_wait(&m, 100);
  machine_wait(&m, 100);
  machine_trade(&m, 99875, 4, SELL); /* filled at the venue; the kernel does not know yet */
  late = linked(&m, NT_CONTINGENCY_BRACKET, 1, NT_ORDER_LIMIT, SELL, 1, 100050, NT_ABSENT);
  machine_send(&m, &late);
  machine_wait(&m, 100);
  machine_wait(&m, 100);
  machine_trade(&m, 100075, 1, BUY); /* it works, because the first has traded */
  machine_wait(&m, 100);
  CHECK_EQUAL(m.effects.reports[0].client_order_id, late.client_order_id);
  CHECK_EQUAL(m.effects.reports[0].exec_type, NT_EXEC_TRADE);
  nt_state_destroy(m.state);
}

static void lists_need_their_first(void) {
  machine m = fresh();
  machine_new(&m, BUY, 4, 99900, NT_TIF_GTC);
  nt_order order = linked(&m, NT_CONTINGENCY_OCO, 7, NT_ORDER_LIMIT, BUY, 4, 99800, NT_ABSENT);
  refuse(&m, &order, NT_CHECK_WELL_FORMED, NT_REASON_UNKNOWN_LIST);
  CHECK_EQUAL(m.effects.reports[0].observed, 7);
  order = linked(&m, NT_CONTINGENCY_OCO, 1, NT_ORDER_LIMIT, BUY, 4, 99800, NT_ABSENT);
  accept(&m, &order);
  uint64_t second = order.client_order_id;
  order = linked(&m, NT_CONTINGENCY_OCO, 1, NT_ORDER_LIMIT, BUY, 4, 99700, NT_ABSENT);
  accept(&m, &order);
  order = linked(&m, NT_CONTINGENCY_OCO, second, NT_ORDER_LIMIT, BUY, 4, 99800, NT_ABSENT); /* no first itself */
  refuse(&m, &order, NT_CHECK_WELL_FORMED, NT_REASON_UNKNOWN_LIST);
  order = linked(&m, NT_CONTINGENCY_BRACKET, 1, NT_ORDER_LIMIT, SELL, 4, 100100, NT_ABSENT); /* one kind a list */
  refuse(&m, &order, NT_CHECK_WELL_FORMED, NT_REASON_UNKNOWN_LIST);
  nt_order request = machine_request(&m, NT_MESSAGE_CANCEL, 1, NT_ABSENT, NT_ABSENT);
  machine_send(&m, &request);
  CHECK_EQUAL(m.effects.count, 3);
  order = linked(&m, NT_CONTINGENCY_OCO, 1, NT_ORDER_LIMIT, BUY, 4, 99800, NT_ABSENT); /* gone */
  refuse(&m, &order, NT_CHECK_WELL_FORMED, NT_REASON_UNKNOWN_LIST);
  nt_state_destroy(m.state);
}

int main(void) {
  RUN(triggers_wait_for_their_price);
  RUN(a_stop_limit_rests_at_its_limit);
  RUN(several_triggers_fire_in_their_order);
  RUN(a_trailing_stop_follows);
  RUN(what_does_not_fit_its_kind_is_malformed);
  RUN(gtd_ends_at_its_time);
  RUN(post_only_does_not_take);
  RUN(reduce_only_closes_and_opens_nothing);
  RUN(an_iceberg_shows_slices);
  RUN(one_cancels_the_other);
  RUN(a_bracket_protects_what_was_bought);
  RUN(a_bracket_in_transit);
  RUN(what_is_held_is_not_triggered);
  RUN(a_cancel_beats_its_expiry);
  RUN(lists_need_their_first);
  return 0;
}
