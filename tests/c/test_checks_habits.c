/* Checks of what an account does over and over: alike orders, fills, the value of a day, and trades with itself. */
#include "machine_fixture.h"

#define BUY NT_SIDE_BUY
#define SELL NT_SIDE_SELL
#define PRICE 100000
#define UNIT 500000000 /* money of one raw quantity at PRICE */

static uint64_t passes(machine *m, uint8_t side, int64_t quantity, int64_t price) {
  return machine_new(m, side, quantity, price, NT_TIF_DAY);
}

static void sends(machine *m, uint8_t side, int64_t quantity, int64_t price) {
  nt_order order = machine_order(m, side, quantity, price);
  machine_send(m, &order);
}

static void requests(machine *m, uint8_t message, uint64_t target, int64_t quantity, int64_t price) {
  nt_order order = machine_request(m, message, target, quantity, price);
  machine_send(m, &order);
}

static void check_20_duplicative(void) {
  machine_limits limits = machine_defaults();
  limits.account.max_duplicate_orders = 2;
  limits.account.duplicate_window_ns = 1000;
  machine m = machine_make(&limits);
  passes(&m, BUY, 4, PRICE);
  machine_wait(&m, 400);
  passes(&m, BUY, 4, PRICE);
  machine_wait(&m, 599);
  sends(&m, BUY, 4, PRICE);
  machine_denied(&m, 20, NT_REASON_DUPLICATIVE_ORDER, 99, NT_UNIT_COUNT, 3, 2);
  passes(&m, SELL, 4, PRICE); /* each of the four makes another order */
  passes(&m, BUY, 6, PRICE);
  passes(&m, BUY, 4, PRICE - 25);
  machine_wait(&m, 1); /* the first is out of the window */
  passes(&m, BUY, 4, PRICE);
  sends(&m, BUY, 4, PRICE);
  machine_denied(&m, 20, NT_REASON_DUPLICATIVE_ORDER, 99, NT_UNIT_COUNT, 3, 2);
  machine_wait(&m, 1000);
  passes(&m, BUY, 4, PRICE); /* a denied order is not counted */
  passes(&m, BUY, 4, PRICE);
  nt_state_destroy(m.state);
}

/* Ten thousand different orders within the window pass up to the room of the sets, and none that is alike passes twice. */
static void check_20_many_kinds(void) {
  machine_limits limits = machine_defaults();
  limits.config.order_capacity = 16384;
  limits.account.max_duplicate_orders = 1;
  limits.account.duplicate_window_ns = 1000000;
  machine m = machine_make(&limits);
  int accepted = 0;
  for (int i = 0; i < 4000; i++) {
    int64_t price = PRICE + 25 * (i % 2000), quantity = 4 + 2 * (i / 2000);
    sends(&m, BUY, quantity, price);
    uint32_t passed = m.effects.accepted;
    accepted += (int)passed;
    sends(&m, BUY, quantity, price);
    CHECK_EQUAL(m.effects.accepted, 0);
    if (!passed) machine_denied(&m, 20, NT_REASON_DUPLICATIVE_ORDER, 99, NT_UNIT_COUNT, 2, 1); /* its set is full */
    if (i == 500) CHECK_EQUAL(accepted, 501);
  }
  CHECK(accepted > 3000 && accepted <= 4000);
  machine_wait(&m, 1000000);
  sends(&m, BUY, 4, PRICE); /* sets empty themselves with time */
  CHECK_EQUAL(m.effects.accepted, 1);
  nt_state_destroy(m.state);
}

static void fill(machine *m, int64_t quantity) {
  sends(m, BUY, quantity, NT_ABSENT);
  CHECK_EQUAL(m->effects.accepted, 1);
  machine_trade(m, PRICE, 1000, BUY);
  CHECK_EQUAL(m->effects.count, 1);
}

static void check_20_repeated_execution(void) {
  machine_limits limits = machine_defaults();
  limits.account.max_fills = 2;
  limits.account.fills_window_ns = 1000;
  machine m = machine_make(&limits);
  fill(&m, 4);
  machine_wait(&m, 300);
  fill(&m, 4);
  fill(&m, 4);
  sends(&m, BUY, 4, PRICE);
  machine_denied(&m, 20, NT_REASON_REPEATED_EXECUTION, 99, NT_UNIT_COUNT, 3, 2);
  machine_wait(&m, 699);
  sends(&m, SELL, 4, PRICE);
  machine_denied(&m, 20, NT_REASON_REPEATED_EXECUTION, 99, NT_UNIT_COUNT, 3, 2);
  machine_wait(&m, 1);
  passes(&m, BUY, 4, PRICE - 1000);
  machine_wait(&m, 1000);
  fill(&m, 4);
  fill(&m, 4);
  fill(&m, 4);
  requests(&m, NT_MESSAGE_REPLACE, 6, 6, NT_ABSENT);
  CHECK_EQUAL(machine_one(&m, NT_EXEC_REPLACE_REJECTED)->reason, NT_REASON_REPEATED_EXECUTION);
  requests(&m, NT_MESSAGE_CANCEL, 6, 0, NT_ABSENT); /* a cancel passes */
  CHECK_EQUAL(m.effects.accepted, 1);
  machine_state(&m, NT_STATE_REDUCING);
  sends(&m, SELL, 4, PRICE);
  machine_denied(&m, 20, NT_REASON_REPEATED_EXECUTION, 99, NT_UNIT_COUNT, 3, 2);
  machine_state(&m, NT_STATE_ACTIVE); /* somebody has looked */
  passes(&m, SELL, 4, PRICE);
  nt_state_destroy(m.state);
}

static void check_20_the_largest_number_of_fills(void) {
  machine_limits limits = machine_defaults();
  limits.account.max_fills = NT_FILLS_MAX;
  limits.account.fills_window_ns = 1000;
  machine m = machine_make(&limits);
  for (int i = 0; i < NT_FILLS_MAX + 500; i++) {
    fill(&m, 4);
    if (i % 2 == 0) machine_wait(&m, 1); /* 1000 fills in 500 ns */
    if (i == NT_FILLS_MAX) break;
  }
  sends(&m, BUY, 4, PRICE);
  machine_denied(&m, 20, NT_REASON_REPEATED_EXECUTION, 99, NT_UNIT_COUNT, NT_FILLS_MAX + 1, NT_FILLS_MAX);
  machine_wait(&m, 498); /* the first fill came 501 + 498 ago */
  sends(&m, BUY, 4, PRICE);
  machine_denied(&m, 20, NT_REASON_REPEATED_EXECUTION, 99, NT_UNIT_COUNT, NT_FILLS_MAX + 1, NT_FILLS_MAX);
  machine_wait(&m, 1);
  passes(&m, BUY, 4, PRICE);
  nt_state_destroy(m.state);
}

static void check_21_daily_value(void) {
  machine_limits limits = machine_defaults();
  limits.account.max_daily_value = (int64_t)10 * UNIT;
  machine m = machine_make(&limits);
  machine_session(&m, NT_SESSION_OPEN, 1);
  for (int priced = 0; priced < 2; priced++) { /* where it would sell is not known */
    sends(&m, SELL, 4, priced ? PRICE : NT_ABSENT);
    machine_denied(&m, 21, NT_REASON_MARKET_PRICE_UNAVAILABLE, 19, NT_UNIT_MONEY, NT_ABSENT, (int64_t)10 * UNIT);
  }
  machine_quote(&m, PRICE - 100, PRICE + 100);
  uint64_t first = passes(&m, BUY, 6, PRICE);
  requests(&m, NT_MESSAGE_CANCEL, first, 0, NT_ABSENT); /* gives nothing back */
  sends(&m, SELL, 4, PRICE + 25);
  machine_denied(&m, 21, NT_REASON_DAILY_VALUE_EXCEEDED, 20, NT_UNIT_MONEY, (int64_t)(10 * PRICE + 100) * 5000, (int64_t)10 * UNIT);
  uint64_t second = passes(&m, SELL, 4, PRICE);
  requests(&m, NT_MESSAGE_REPLACE, second, NT_ABSENT, PRICE + 25);
  CHECK_EQUAL(machine_one(&m, NT_EXEC_REPLACE_REJECTED)->reason, NT_REASON_DAILY_VALUE_EXCEEDED);
  CHECK_EQUAL(m.effects.reports[0].observed, (int64_t)(10 * PRICE + 100) * 5000);
  requests(&m, NT_MESSAGE_REPLACE, second, NT_ABSENT, PRICE - 25); /* less value passes, and counts nothing */
  CHECK_EQUAL(m.effects.accepted, 1);
  CHECK_EQUAL(m.state->keeping[0].day_value, (int64_t)10 * UNIT);
  machine_session(&m, NT_SESSION_OPEN, 1); /* the same day */
  CHECK_EQUAL(m.state->keeping[0].day_value, (int64_t)10 * UNIT);
  machine_session(&m, NT_SESSION_OPEN, 2);
  requests(&m, NT_MESSAGE_REPLACE, second, NT_ABSENT, PRICE + 25);
  CHECK_EQUAL(m.state->keeping[0].day_value, (int64_t)4 * 50 * 5000);
  nt_state_destroy(m.state);
}

static machine trader(uint32_t mode, int64_t latency) {
  machine_limits limits = machine_defaults();
  limits.account.self_trade = mode;
  limits.config.latency_in_ns = latency;
  return machine_make(&limits);
}

static void check_23_newest(void) {
  machine m = trader(NT_SELF_TRADE_CANCEL_NEWEST, 0);
  uint64_t sell = passes(&m, SELL, 4, PRICE + 50);
  passes(&m, SELL, 4, PRICE + 100);
  passes(&m, BUY, 4, PRICE + 25);
  sends(&m, BUY, 4, PRICE + 75);
  machine_denied(&m, 23, NT_REASON_SELF_TRADE_PREVENTED, 99, NT_UNIT_PRICE, PRICE + 75, PRICE + 50);
  sends(&m, BUY, 4, PRICE + 50);
  machine_denied(&m, 23, NT_REASON_SELF_TRADE_PREVENTED, 99, NT_UNIT_PRICE, PRICE + 50, PRICE + 50);
  sends(&m, SELL, 4, PRICE + 25);
  machine_denied(&m, 23, NT_REASON_SELF_TRADE_PREVENTED, 99, NT_UNIT_PRICE, PRICE + 25, PRICE + 25);
  sends(&m, BUY, 4, NT_ABSENT);
  machine_denied(&m, 23, NT_REASON_MARKET_PRICE_UNAVAILABLE, 19, NT_UNIT_PRICE, NT_ABSENT, PRICE + 50);
  machine_quote(&m, PRICE, PRICE + 25); /* with slippage it may reach the own order */
  sends(&m, BUY, 4, NT_ABSENT);
  machine_denied(&m, 23, NT_REASON_SELF_TRADE_PREVENTED, 99, NT_UNIT_PRICE, PRICE + 50, PRICE + 50);
  machine_quote(&m, PRICE - 25, PRICE);
  passes(&m, BUY, 4, NT_ABSENT);
  requests(&m, NT_MESSAGE_REPLACE, 3, NT_ABSENT, PRICE + 50);
  CHECK_EQUAL(machine_one(&m, NT_EXEC_REPLACE_REJECTED)->reason, NT_REASON_SELF_TRADE_PREVENTED);
  requests(&m, NT_MESSAGE_CANCEL, sell, 0, NT_ABSENT);
  passes(&m, BUY, 4, PRICE + 75);
  nt_state_destroy(m.state);
}

/* While a replace is on its way, both its prices work. */
static void check_23_pending_replace(void) {
  machine m = trader(NT_SELF_TRADE_CANCEL_NEWEST, 1000);
  uint64_t sell = passes(&m, SELL, 4, PRICE + 50);
  machine_wait(&m, 1000);
  requests(&m, NT_MESSAGE_REPLACE, sell, NT_ABSENT, PRICE + 25);
  sends(&m, BUY, 4, PRICE + 25);
  machine_denied(&m, 23, NT_REASON_SELF_TRADE_PREVENTED, 99, NT_UNIT_PRICE, PRICE + 25, PRICE + 25);
  machine_wait(&m, 1000);
  requests(&m, NT_MESSAGE_REPLACE, sell, NT_ABSENT, PRICE + 100);
  sends(&m, BUY, 4, PRICE + 25);
  machine_denied(&m, 23, NT_REASON_SELF_TRADE_PREVENTED, 99, NT_UNIT_PRICE, PRICE + 25, PRICE + 25);
  machine_wait(&m, 1000);
  sends(&m, BUY, 4, PRICE + 100);
  machine_denied(&m, 23, NT_REASON_SELF_TRADE_PREVENTED, 99, NT_UNIT_PRICE, PRICE + 100, PRICE + 100);
  passes(&m, BUY, 4, PRICE + 75);
  nt_state_destroy(m.state);
}

static void check_23_oldest(void) {
  machine m = trader(NT_SELF_TRADE_CANCEL_OLDEST, 0);
  passes(&m, SELL, 4, PRICE + 100);
  passes(&m, SELL, 4, PRICE + 50);
  passes(&m, SELL, 4, PRICE + 75);
  passes(&m, BUY, 4, PRICE + 75); /* two are in its way */
  CHECK_EQUAL(m.effects.count, 3);
  for (int i = 0; i < 2; i++) {
    CHECK_EQUAL(m.effects.reports[i].exec_type, NT_EXEC_CANCELED);
    CHECK_EQUAL(m.effects.reports[i].reason, NT_REASON_SELF_TRADE_PREVENTED);
    CHECK_EQUAL(m.effects.reports[i].client_order_id, 2 + i);
  }
  CHECK_EQUAL(m.effects.reports[2].exec_type, NT_EXEC_NEW);
  CHECK_EQUAL(m.state->keeping[0].open_orders, 2);
  passes(&m, SELL, 4, PRICE + 75);
  CHECK_EQUAL(m.state->keeping[0].open_orders, 2);
  nt_state_destroy(m.state);
}

static void check_23_both(void) {
  machine m = trader(NT_SELF_TRADE_CANCEL_BOTH, 0);
  passes(&m, SELL, 4, PRICE);
  sends(&m, BUY, 4, PRICE);
  CHECK_EQUAL(m.effects.count, 2);
  CHECK_EQUAL(m.effects.reports[0].exec_type, NT_EXEC_DENIED);
  CHECK_EQUAL(m.effects.reports[0].reason, NT_REASON_SELF_TRADE_PREVENTED);
  CHECK_EQUAL(m.effects.reports[1].exec_type, NT_EXEC_CANCELED);
  CHECK_EQUAL(m.effects.reports[1].reason, NT_REASON_SELF_TRADE_PREVENTED);
  CHECK_EQUAL(m.state->keeping[0].open_orders, 0);
  passes(&m, BUY, 4, PRICE);
  nt_state_destroy(m.state);
}

/* An order that is denied because of its account's own orders has to be within the rate, before it cancels them. */
static void check_23_takes_the_rate(void) {
  machine_limits limits = machine_defaults();
  limits.account.self_trade = NT_SELF_TRADE_CANCEL_BOTH;
  limits.account.max_orders_per_second = 1;
  machine m = machine_make(&limits);
  passes(&m, SELL, 4, PRICE);
  sends(&m, BUY, 4, PRICE);
  CHECK_EQUAL(m.effects.count, 1);
  CHECK_EQUAL(m.effects.reports[0].reason, NT_REASON_RATE_LIMIT_EXCEEDED);
  CHECK_EQUAL(m.state->keeping[0].open_orders, 1);
  machine_wait(&m, 1000000000);
  sends(&m, BUY, 4, PRICE);
  CHECK_EQUAL(m.effects.reports[0].reason, NT_REASON_SELF_TRADE_PREVENTED);
  CHECK_EQUAL(m.state->keeping[0].open_orders, 0);
  nt_state_destroy(m.state);
}

int main(void) {
  RUN(check_20_duplicative);
  RUN(check_20_many_kinds);
  RUN(check_20_repeated_execution);
  RUN(check_20_the_largest_number_of_fills);
  RUN(check_21_daily_value);
  RUN(check_23_newest);
  RUN(check_23_pending_replace);
  RUN(check_23_oldest);
  RUN(check_23_both);
  RUN(check_23_takes_the_rate);
  return 0;
}
