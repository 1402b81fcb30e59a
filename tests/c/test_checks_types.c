/* The checks of value and habit on orders that wait for a trigger or only reduce. */
#include "machine_fixture.h"

#define BUY NT_SIDE_BUY
#define SELL NT_SIDE_SELL
#define PRICE 100000
#define UNIT 500000000 /* money of one raw quantity at PRICE */

static nt_order stop_order(machine *m, uint8_t side, int64_t quantity, int64_t trigger_price, int64_t price) {
  nt_order order = machine_order(m, side, quantity, price);
  order.type = price == NT_ABSENT ? NT_ORDER_STOP : NT_ORDER_STOP_LIMIT;
  order.trigger_price = trigger_price;
  return order;
}

static uint16_t answer(machine *m, nt_order order) {
  machine_send(m, &order);
  return m->effects.reports[0].reason;
}

static void holds(machine *m, uint8_t side, int64_t quantity) {
  machine_new(m, side, quantity, NT_ABSENT, NT_TIF_DAY);
  machine_trade(m, PRICE, 1000, side);
}

static nt_order reducing(machine *m, uint8_t side, int64_t quantity, int64_t price) {
  nt_order order = machine_order(m, side, quantity, price);
  order.flags = NT_ORDER_REDUCE_ONLY;
  return order;
}

static void a_stop_is_worth_its_trigger(void) {
  machine_limits limits = machine_defaults();
  limits.account.max_open_notional = (int64_t)10 * UNIT;
  limits.terms.min_order_notional = (int64_t)4 * UNIT;
  machine m = machine_make(&limits);
  machine_trade(&m, PRICE - 50, 1, BUY);
  CHECK_EQUAL(answer(&m, stop_order(&m, BUY, 4, PRICE - 25, NT_ABSENT)), NT_REASON_NOTIONAL_BELOW_MINIMUM);
  CHECK_EQUAL(answer(&m, stop_order(&m, BUY, 4, PRICE, NT_ABSENT)), 0);
  uint64_t first = m.next_id - 1;
  CHECK(m.state->keeping[0].open_notional == (nt_wide)4 * UNIT);
  CHECK_EQUAL(answer(&m, stop_order(&m, BUY, 6, PRICE + 25, NT_ABSENT)), NT_REASON_OPEN_NOTIONAL_EXCEEDED);
  CHECK_EQUAL(answer(&m, stop_order(&m, BUY, 6, PRICE, NT_ABSENT)), 0);
  nt_order later = machine_request(&m, NT_MESSAGE_REPLACE, first, NT_ABSENT, NT_ABSENT);
  later.trigger_price = PRICE + 25;
  CHECK_EQUAL(answer(&m, later), NT_REASON_OPEN_NOTIONAL_EXCEEDED);
  nt_order less = machine_request(&m, NT_MESSAGE_REPLACE, first + 2, 4, NT_ABSENT);
  CHECK_EQUAL(answer(&m, less), 0);
  later.client_order_id = m.next_id++;
  CHECK_EQUAL(answer(&m, later), 0);
  CHECK(m.state->keeping[0].open_notional == (nt_wide)(8 * PRICE + 100) * 5000);
  nt_state_destroy(m.state);
}

/* A stop stands in no book until a trade triggers it. */
static void a_stop_trades_with_nobody_yet(void) {
  machine_limits limits = machine_defaults();
  limits.account.self_trade = NT_SELF_TRADE_CANCEL_NEWEST;
  machine m = machine_make(&limits);
  machine_trade(&m, PRICE, 1, BUY);
  machine_new(&m, SELL, 4, PRICE + 50, NT_TIF_GTC);
  CHECK_EQUAL(answer(&m, stop_order(&m, BUY, 4, PRICE + 25, NT_ABSENT)), 0);
  CHECK_EQUAL(answer(&m, stop_order(&m, SELL, 4, PRICE - 25, PRICE - 50)), 0);
  CHECK_EQUAL(answer(&m, machine_order(&m, BUY, 4, PRICE - 50)), 0);
  CHECK_EQUAL(answer(&m, machine_request(&m, NT_MESSAGE_CANCEL, m.next_id - 1, 0, NT_ABSENT)), NT_REASON_USER_REQUEST);
  machine_trade(&m, PRICE - 25, 1, SELL); /* the stop limit to sell works at PRICE - 50 from here on */
  CHECK_EQUAL(m.effects.reports[0].exec_type, NT_EXEC_TRIGGERED);
  machine_new(&m, BUY, 4, PRICE - 75, NT_TIF_GTC);
  CHECK_EQUAL(answer(&m, machine_order(&m, BUY, 4, PRICE - 50)), NT_REASON_SELF_TRADE_PREVENTED);
  nt_state_destroy(m.state);
}

static void what_only_reduces_adds_nothing(void) {
  machine_limits limits = machine_defaults();
  limits.terms.min_order_notional = (int64_t)4 * UNIT;
  limits.terms.initial_margin_bps = 10000;
  limits.account.max_open_notional = limits.account.max_gross_exposure = limits.account.max_daily_value = (int64_t)8 * UNIT + 800 * 5000;
  limits.account.cash = (int64_t)20 * UNIT;
  machine m = machine_make(&limits);
  machine_quote(&m, PRICE - 25, PRICE);
  holds(&m, BUY, 8);
  CHECK_EQUAL(m.state->pairs[0].position, 8);
  nt_wide reserved = m.state->keeping[0].reserved_money;
  CHECK_EQUAL(answer(&m, machine_order(&m, BUY, 4, PRICE)), NT_REASON_GROSS_EXPOSURE_EXCEEDED);
  CHECK_EQUAL(answer(&m, reducing(&m, SELL, 8, PRICE + 1000)), 0); /* beyond each limit, were it counted */
  CHECK_EQUAL(answer(&m, reducing(&m, SELL, 4, PRICE - 500)), NT_REASON_REDUCE_ONLY_WOULD_INCREASE_POSITION);
  CHECK(m.state->keeping[0].open_notional == 0 && m.state->keeping[0].reserved_money == reserved);
  nt_order smaller = machine_request(&m, NT_MESSAGE_REPLACE, m.next_id - 2, 4, PRICE + 25); /* below the least notional */
  CHECK_EQUAL(answer(&m, smaller), 0);
  CHECK_EQUAL(answer(&m, reducing(&m, SELL, 4, PRICE - 25)), 0);
  machine_trade(&m, PRICE + 600, 100, BUY);
  CHECK_EQUAL(m.state->pairs[0].position, 0);
  CHECK(m.state->keeping[0].reserved_money == 0 && m.state->keeping[0].exposure == 0 && m.state->keeping[0].open_notional == 0);
  nt_state_destroy(m.state);
}

/* What reduces opens the way for what does not: from flat on, the other orders of its side count in full. */
static void what_only_reduces_counts_with_what_may_open(void) {
  machine_limits limits = machine_defaults();
  limits.terms.max_position = 20;
  machine m = machine_make(&limits);
  holds(&m, SELL, 20);
  CHECK_EQUAL(answer(&m, machine_order(&m, BUY, 40, PRICE - 1000)), 0);
  CHECK_EQUAL(answer(&m, reducing(&m, BUY, 20, PRICE - 900)), NT_REASON_POSITION_LIMIT_EXCEEDED);
  CHECK_EQUAL(m.effects.reports[0].observed, 40);
  CHECK_EQUAL(answer(&m, machine_request(&m, NT_MESSAGE_CANCEL, m.next_id - 2, 0, NT_ABSENT)), NT_REASON_USER_REQUEST);
  CHECK_EQUAL(answer(&m, reducing(&m, BUY, 20, PRICE - 900)), 0);
  CHECK_EQUAL(answer(&m, machine_order(&m, BUY, 22, PRICE - 1000)), NT_REASON_POSITION_LIMIT_EXCEEDED);
  CHECK_EQUAL(answer(&m, machine_order(&m, BUY, 20, PRICE - 1000)), 0);
  nt_state_destroy(m.state);
  limits = machine_defaults();
  limits.terms.restrictions = NT_RESTRICT_SHORT;
  m = machine_make(&limits);
  holds(&m, BUY, 10);
  CHECK_EQUAL(answer(&m, machine_order(&m, SELL, 6, PRICE + 1000)), 0);
  CHECK_EQUAL(answer(&m, reducing(&m, SELL, 6, PRICE + 900)), NT_REASON_SHORT_SALE_RESTRICTED);
  CHECK_EQUAL(answer(&m, reducing(&m, SELL, 4, PRICE + 900)), 0);
  machine_state(&m, NT_STATE_REDUCING);
  CHECK_EQUAL(answer(&m, machine_order(&m, SELL, 4, PRICE + 900)), NT_REASON_TRADING_STATE_REDUCING);
  nt_state_destroy(m.state);
}

static void triggers_make_orders_differ(void) {
  machine_limits limits = machine_defaults();
  limits.account.max_duplicate_orders = 1;
  limits.account.duplicate_window_ns = 1000;
  machine m = machine_make(&limits);
  machine_trade(&m, PRICE, 1, BUY);
  CHECK_EQUAL(answer(&m, stop_order(&m, BUY, 4, PRICE + 25, NT_ABSENT)), 0);
  CHECK_EQUAL(answer(&m, stop_order(&m, BUY, 4, PRICE + 50, NT_ABSENT)), 0);
  CHECK_EQUAL(answer(&m, stop_order(&m, BUY, 4, PRICE + 25, NT_ABSENT)), NT_REASON_DUPLICATIVE_ORDER);
  nt_state_destroy(m.state);
}

int main(void) {
  RUN(a_stop_is_worth_its_trigger);
  RUN(a_stop_trades_with_nobody_yet);
  RUN(what_only_reduces_adds_nothing);
  RUN(what_only_reduces_counts_with_what_may_open);
  RUN(triggers_make_orders_differ);
  return 0;
}
