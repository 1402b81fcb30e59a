/* Ways round a limit or a rule of the venue, each of which once worked. */
#include "machine_fixture.h"

#define BUY NT_SIDE_BUY
#define SELL NT_SIDE_SELL
#define PRICE 100000
#define UNIT 500000000 /* money of one raw quantity at PRICE */

static uint16_t answer(machine *m, nt_order order) {
  machine_send(m, &order);
  return m->effects.reports[0].reason;
}

static void level(machine *m, uint8_t side, int64_t price, int64_t size) {
  nt_tick tick = {.ts_event = m->ts, .ts_recv = m->ts, .price = price, .size = size, .aggressor = side, .kind = NT_TICK_LEVEL};
  machine_input(m, (nt_input){.kind = NT_INPUT_TICK, .tick = &tick});
}

static void of_kind(machine *m, uint8_t kind) {
  nt_tick tick = {.ts_event = m->ts, .ts_recv = m->ts, .kind = kind};
  machine_input(m, (nt_input){.kind = NT_INPUT_TICK, .tick = &tick});
}

static machine_limits queued(void) {
  machine_limits limits = machine_defaults();
  limits.instrument.lot_size = limits.instrument.minimum_quantity = 1;
  limits.config.fill_model = NT_FILL_QUEUE;
  limits.config.slippage_ticks = 0;
  limits.config.book_depth = 64;
  return limits;
}

static nt_order exit_of(machine *m, uint64_t first, int64_t quantity, int64_t price) {
  nt_order order = machine_order(m, SELL, quantity, price);
  order.flags = NT_ORDER_EXTENDED | NT_ORDER_REDUCE_ONLY;
  order.contingency = NT_CONTINGENCY_BRACKET;
  order.list_id = first;
  return order;
}

static void brackets_have_a_bound(void) {
  machine_limits limits = machine_defaults();
  machine m = machine_make(&limits);
  machine_quote(&m, PRICE - 25, PRICE);
  uint64_t first = machine_new(&m, BUY, 4, PRICE - 1000, NT_TIF_DAY);
  CHECK_EQUAL(answer(&m, exit_of(&m, first, NT_RAW_MAX - 4, PRICE)), 0);
  uint64_t large = m.next_id - 1;
  CHECK_EQUAL(answer(&m, exit_of(&m, first, 6, PRICE)), NT_REASON_REDUCE_ONLY_WOULD_INCREASE_POSITION);
  CHECK_EQUAL(m.effects.reports[0].limit, NT_RAW_MAX);
  CHECK_EQUAL(answer(&m, exit_of(&m, first, 4, PRICE)), 0);
  CHECK_EQUAL(answer(&m, machine_request(&m, NT_MESSAGE_REPLACE, large, NT_RAW_MAX, NT_ABSENT)),
              NT_REASON_REDUCE_ONLY_WOULD_INCREASE_POSITION);
  nt_state_destroy(m.state);
}

static void an_order_is_worth_the_last_trade_too(void) {
  machine_limits limits = machine_defaults();
  limits.terms.max_order_notional = (int64_t)10 * UNIT + 250 * 5000;
  machine m = machine_make(&limits);
  machine_trade(&m, 2 * PRICE, 4, BUY);
  machine_quote(&m, PRICE - 25, PRICE);
  CHECK_EQUAL(answer(&m, machine_order(&m, BUY, 10, NT_ABSENT)), NT_REASON_NOTIONAL_EXCEEDS_MAXIMUM); /* prints may go on there */
  CHECK_EQUAL(answer(&m, machine_order(&m, SELL, 10, PRICE)), NT_REASON_NOTIONAL_EXCEEDS_MAXIMUM);
  CHECK_EQUAL(answer(&m, machine_order(&m, BUY, 10, PRICE)), 0);
  machine_trade(&m, PRICE, 4, BUY);
  CHECK_EQUAL(answer(&m, machine_order(&m, BUY, 10, NT_ABSENT)), 0);
  nt_state_destroy(m.state);
}

static void a_sale_at_any_price_needs_a_market(void) {
  machine_limits limits = queued();
  limits.terms.max_order_notional = (int64_t)10 * UNIT;
  machine m = machine_make(&limits);
  CHECK_EQUAL(answer(&m, machine_order(&m, SELL, 1000, 25)), NT_REASON_MARKET_PRICE_UNAVAILABLE);
  of_kind(&m, NT_TICK_BOOK_CLEAR);
  level(&m, BUY, PRICE, 2000);
  CHECK_EQUAL(answer(&m, machine_order(&m, SELL, 1000, 25)), NT_REASON_NOTIONAL_EXCEEDS_MAXIMUM);
  of_kind(&m, NT_TICK_GAP);
  CHECK_EQUAL(answer(&m, machine_order(&m, SELL, 1000, 25)), NT_REASON_MARKET_PRICE_UNAVAILABLE);
  nt_state_destroy(m.state);
}

/* Through the book as deep as the quantity goes: its value, and the account's own orders on the way. */
static void a_sweep_is_worth_its_last_level(void) {
  machine_limits limits = queued();
  limits.terms.max_order_notional = (int64_t)90 * UNIT;
  limits.account.self_trade = NT_SELF_TRADE_CANCEL_NEWEST;
  machine m = machine_make(&limits);
  of_kind(&m, NT_TICK_BOOK_CLEAR);
  level(&m, BUY, PRICE - 25, 10);
  level(&m, SELL, PRICE, 10);
  level(&m, SELL, 9 * PRICE, 1000);
  machine_new(&m, SELL, 4, PRICE + 500, NT_TIF_DAY);
  CHECK_EQUAL(answer(&m, machine_order(&m, BUY, 90, NT_ABSENT)), NT_REASON_NOTIONAL_EXCEEDS_MAXIMUM);
  CHECK_EQUAL(m.effects.reports[0].observed, (int64_t)90 * 9 * UNIT);
  CHECK_EQUAL(answer(&m, machine_order(&m, BUY, 10, NT_ABSENT)), 0);
  CHECK_EQUAL(m.state->pairs[0].position, 10);
  level(&m, SELL, PRICE, 2);
  CHECK_EQUAL(answer(&m, machine_order(&m, BUY, 3, NT_ABSENT)), NT_REASON_SELF_TRADE_PREVENTED);
  nt_state_destroy(m.state);
}

static void triggers_slip_and_trail(void) {
  machine_limits limits = machine_defaults();
  limits.terms.max_order_notional = (int64_t)10 * UNIT;
  machine m = machine_make(&limits);
  machine_quote(&m, PRICE - 50, PRICE - 50);
  machine_trade(&m, PRICE - 50, 4, BUY);
  nt_order stop = machine_order(&m, BUY, 10, NT_ABSENT);
  stop.type = NT_ORDER_STOP;
  stop.trigger_price = PRICE;
  CHECK_EQUAL(answer(&m, stop), NT_REASON_NOTIONAL_EXCEEDS_MAXIMUM); /* and a tick of slippage */
  stop.client_order_id = m.next_id++;
  stop.trigger_price = PRICE - 25;
  CHECK_EQUAL(answer(&m, stop), 0);
  nt_order trailing = machine_order(&m, BUY, 10, NT_ABSENT);
  trailing.type = NT_ORDER_TRAILING_STOP;
  trailing.flags = NT_ORDER_EXTENDED;
  trailing.trailing_offset = 50; /* it begins there */
  CHECK_EQUAL(answer(&m, trailing), NT_REASON_NOTIONAL_EXCEEDS_MAXIMUM);
  trailing.client_order_id = m.next_id++;
  trailing.trailing_offset = 25;
  CHECK_EQUAL(answer(&m, trailing), 0);
  nt_state_destroy(m.state);
}

static void a_waiting_limit_has_the_collar_of_its_trigger(void) {
  machine_limits limits = machine_defaults();
  limits.terms.price_collar_bps = 100;
  machine m = machine_make(&limits);
  machine_trade(&m, PRICE, 4, BUY);
  nt_order order = machine_order(&m, BUY, 4, 102025);
  order.type = NT_ORDER_STOP_LIMIT;
  order.trigger_price = 101000;
  CHECK_EQUAL(answer(&m, order), NT_REASON_PRICE_COLLAR);
  CHECK_EQUAL(m.effects.reports[0].limit, 102010);
  order.client_order_id = m.next_id++;
  order.price = 102000;
  CHECK_EQUAL(answer(&m, order), 0);
  CHECK_EQUAL(answer(&m, machine_request(&m, NT_MESSAGE_REPLACE, order.client_order_id, NT_ABSENT, 102025)), NT_REASON_PRICE_COLLAR);
  nt_state_destroy(m.state);
}

static void a_market_order_on_its_way_meets_the_others(void) {
  machine_limits limits = machine_defaults();
  limits.account.self_trade = NT_SELF_TRADE_CANCEL_NEWEST;
  machine m = machine_make(&limits);
  machine_quote(&m, PRICE - 25, PRICE);
  uint64_t waits = machine_new(&m, BUY, 4, NT_ABSENT, NT_TIF_DAY);
  CHECK_EQUAL(answer(&m, machine_order(&m, SELL, 4, NT_ABSENT)), NT_REASON_SELF_TRADE_PREVENTED);
  CHECK_EQUAL(answer(&m, machine_order(&m, SELL, 4, PRICE + 500)), NT_REASON_SELF_TRADE_PREVENTED);
  nt_order less = machine_request(&m, NT_MESSAGE_REPLACE, waits, 6, NT_ABSENT);
  CHECK_EQUAL(answer(&m, less), 0);
  CHECK_EQUAL(answer(&m, machine_order(&m, SELL, 4, PRICE + 500)), NT_REASON_SELF_TRADE_PREVENTED);
  machine_trade(&m, PRICE, 100, BUY);
  CHECK_EQUAL(answer(&m, machine_order(&m, SELL, 4, PRICE + 500)), 0);
  nt_state_destroy(m.state);
}

static void fees_of_either_side_are_reserved(void) {
  machine_limits limits = machine_defaults();
  limits.terms.initial_margin_bps = 10000;
  limits.account.cash = (int64_t)10 * UNIT + 10 * 21000 + 4 * 21000;
  machine m = machine_make(&limits);
  machine_quote(&m, PRICE - 25, PRICE);
  CHECK_EQUAL(answer(&m, machine_order(&m, BUY, 10, PRICE - 25)), 0);
  CHECK_EQUAL(answer(&m, machine_request(&m, NT_MESSAGE_REPLACE, 1, NT_ABSENT, PRICE)), 0);
  CHECK_EQUAL(answer(&m, machine_order(&m, SELL, 6, PRICE + 50)), NT_REASON_INSUFFICIENT_BUYING_POWER); /* its fees alone */
  CHECK_EQUAL(m.effects.reports[0].observed, 6 * 21000);
  CHECK_EQUAL(answer(&m, machine_order(&m, SELL, 4, PRICE + 50)), 0);
  CHECK(m.state->keeping[0].reserved_money == limits.account.cash);
  nt_state_destroy(m.state);
}

static void nothing_trades_while_the_session_is_not_open(uint32_t fill_model, int64_t session) {
  machine_limits limits = queued();
  limits.config.fill_model = fill_model;
  machine m = machine_make(&limits);
  machine_quote(&m, PRICE - 25, PRICE);
  machine_trade(&m, PRICE, 1, BUY);
  machine_new(&m, BUY, 4, PRICE - 50, NT_TIF_GTC);
  nt_order stop = machine_order(&m, SELL, 4, NT_ABSENT);
  stop.type = NT_ORDER_STOP;
  stop.trigger_price = PRICE - 50;
  stop.time_in_force = NT_TIF_GTC;
  CHECK_EQUAL(answer(&m, stop), 0);
  machine_session(&m, session, 1);
  machine_trade(&m, PRICE - 200, 100, SELL);
  CHECK_EQUAL(m.effects.count, 0);
  machine_quote(&m, PRICE - 225, PRICE - 200);
  CHECK_EQUAL(m.effects.count, 0);
  machine_session(&m, NT_SESSION_OPEN, 1);
  machine_trade(&m, PRICE - 200, 100, SELL);
  CHECK(m.effects.count >= 2); /* the limit fills, the stop is triggered */
  nt_state_destroy(m.state);
}

static void sessions_stop_the_venue(void) {
  for (uint32_t model = NT_FILL_PRINTS; model <= NT_FILL_PROBABILISTIC; model++) {
    nothing_trades_while_the_session_is_not_open(model, NT_SESSION_CLOSED);
    nothing_trades_while_the_session_is_not_open(model, NT_SESSION_HALTED);
  }
}

/* What our takers have had does not come back because another level was told. */
static void what_was_taken_stays_taken(void) {
  machine_limits limits = queued();
  machine m = machine_make(&limits);
  of_kind(&m, NT_TICK_BOOK_CLEAR);
  level(&m, BUY, PRICE - 25, 10);
  level(&m, SELL, PRICE, 10);
  machine_new(&m, BUY, 50, NT_ABSENT, NT_TIF_DAY);
  CHECK_EQUAL(m.state->pairs[0].position, 10);
  level(&m, BUY, PRICE - 500, 3);
  level(&m, SELL, PRICE + 500, 1);
  CHECK_EQUAL(m.state->pairs[0].position, 11); /* the new level */
  level(&m, SELL, PRICE, 12);
  CHECK_EQUAL(m.state->pairs[0].position, 24);
  nt_state_destroy(m.state);
}

static void whole_or_nothing_with_little_room(void) {
  for (uint32_t capacity = 2; capacity <= 64; capacity *= 2) {
    machine_limits limits = queued();
    limits.config.channels = 1;
    limits.config.order_capacity = capacity;
    machine m = machine_make(&limits);
    of_kind(&m, NT_TICK_BOOK_CLEAR);
    level(&m, BUY, PRICE - 25, 10);
    for (int i = 0; i < 40; i++) level(&m, SELL, PRICE + 25 * i, 2);
    nt_order order = machine_order(&m, BUY, 80, 2 * PRICE);
    order.time_in_force = NT_TIF_FOK;
    machine_send(&m, &order);
    machine_wait(&m, 1);
    CHECK_EQUAL(m.state->pairs[0].position, capacity >= 8 ? 80 : 0);
    nt_state_destroy(m.state);
  }
}

static void post_only_never_takes(void) {
  machine_limits limits = queued();
  machine m = machine_make(&limits);
  machine_quote(&m, PRICE, PRICE + 25);
  uint64_t first = machine_new(&m, BUY, 5, PRICE - 25, NT_TIF_GTC);
  nt_order held = exit_of(&m, first, 5, PRICE + 50);
  held.flags |= NT_ORDER_POST_ONLY;
  CHECK_EQUAL(answer(&m, held), 0);
  machine_quote(&m, PRICE + 100, PRICE + 125);
  machine_trade(&m, PRICE - 50, 50, SELL); /* releases it into a market beyond its price */
  CHECK_EQUAL(m.effects.count, 2);
  CHECK_EQUAL(m.effects.reports[1].exec_type, NT_EXEC_REJECTED);
  CHECK_EQUAL(m.effects.reports[1].reason, NT_REASON_POST_ONLY_WOULD_CROSS);
  nt_state_destroy(m.state);
  limits.config.fill_model = NT_FILL_PRINTS;
  m = machine_make(&limits);
  machine_quote(&m, PRICE, PRICE + 25);
  nt_order iceberg = machine_order(&m, BUY, 20, PRICE);
  iceberg.flags = NT_ORDER_EXTENDED | NT_ORDER_POST_ONLY;
  iceberg.display_quantity = 4;
  CHECK_EQUAL(answer(&m, iceberg), 0);
  machine_quote(&m, PRICE - 100, PRICE - 75);
  for (int i = 0; i < 3; i++) {
    machine_trade(&m, PRICE - 100, 100, SELL);
    CHECK_EQUAL(machine_one(&m, NT_EXEC_TRADE)->liquidity, NT_LIQUIDITY_MAKER);
    CHECK_EQUAL(m.effects.reports[0].last_price, PRICE);
  }
  nt_state_destroy(m.state);
}

int main(void) {
  RUN(brackets_have_a_bound);
  RUN(an_order_is_worth_the_last_trade_too);
  RUN(a_sale_at_any_price_needs_a_market);
  RUN(a_sweep_is_worth_its_last_level);
  RUN(triggers_slip_and_trail);
  RUN(a_waiting_limit_has_the_collar_of_its_trigger);
  RUN(a_market_order_on_its_way_meets_the_others);
  RUN(fees_of_either_side_are_reserved);
  RUN(sessions_stop_the_venue);
  RUN(what_was_taken_stays_taken);
  RUN(whole_or_nothing_with_little_room);
  RUN(post_only_never_takes);
  return 0;
}
