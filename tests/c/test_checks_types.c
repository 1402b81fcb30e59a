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
  limits.config.slippage_ticks = 0;
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

static nt_order trailing(machine *m, uint8_t side, int64_t quantity, int64_t trigger_price) {
  nt_order order = stop_order(m, side, quantity, trigger_price, NT_ABSENT);
  order.type = NT_ORDER_TRAILING_STOP;
  order.flags = NT_ORDER_EXTENDED;
  order.trailing_offset = 100;
  return order;
}

/* With each of the limits on what an order is worth, one whose trigger is reached counts at the market, not at its trigger. */
static void what_trades_at_once_is_worth_the_market(void) {
  const uint16_t reasons[] = {NT_REASON_NOTIONAL_EXCEEDS_MAXIMUM, NT_REASON_GROSS_EXPOSURE_EXCEEDED, NT_REASON_OPEN_NOTIONAL_EXCEEDED,
                              NT_REASON_DAILY_VALUE_EXCEEDED, NT_REASON_INSUFFICIENT_BUYING_POWER};
  for (int i = 0; i < 5; i++) {
    machine_limits limits = machine_defaults();
    int64_t limit = (int64_t)8 * UNIT;
    if (i == 0) limits.terms.max_order_notional = limit;
    if (i == 1) limits.account.max_gross_exposure = limit;
    if (i == 2) limits.account.max_open_notional = limit;
    if (i == 3) limits.account.max_daily_value = limit;
    if (i == 4) limits.terms.initial_margin_bps = 10000;
    if (i == 4) limits.account.cash = limit;
    machine m = machine_make(&limits);
    CHECK_EQUAL(answer(&m, stop_order(&m, BUY, 8, 25, NT_ABSENT)), NT_REASON_MARKET_PRICE_UNAVAILABLE); /* it may trade anywhere */
    machine_quote(&m, PRICE - 25, PRICE);
    CHECK_EQUAL(answer(&m, stop_order(&m, BUY, 8, 25, NT_ABSENT)), reasons[i]); /* by the quote, before a trade */
    machine_trade(&m, PRICE, 4, BUY);
    CHECK_EQUAL(answer(&m, stop_order(&m, BUY, 8, 25, NT_ABSENT)), reasons[i]);
    CHECK_EQUAL(answer(&m, trailing(&m, BUY, 8, 25)), reasons[i]);
    nt_order touched = stop_order(&m, SELL, 10, 25, NT_ABSENT);
    touched.type = NT_ORDER_MARKET_IF_TOUCHED;
    CHECK_EQUAL(answer(&m, touched), reasons[i]);
    CHECK_EQUAL(answer(&m, machine_order(&m, SELL, 10, 25)), reasons[i]);          /* a limit far through the quote */
    CHECK_EQUAL(answer(&m, stop_order(&m, SELL, 10, PRICE, 25)), reasons[i]);      /* the same, behind a trigger that is reached */
    CHECK_EQUAL(answer(&m, stop_order(&m, SELL, 10, PRICE - 50, 25)), reasons[i]); /* or not yet: it is worth its trigger */
    CHECK_EQUAL(answer(&m, stop_order(&m, BUY, 6, 25, NT_ABSENT)), 0);
    nt_state_destroy(m.state);
  }
}

/* A replace that lets a trigger be reached, and one of an order that has been triggered. */
static void a_reached_trigger_counts_in_a_replace(void) {
  machine_limits limits = machine_defaults();
  limits.terms.max_order_notional = (int64_t)8 * UNIT;
  limits.terms.price_collar_bps = 100;
  limits.account.self_trade = NT_SELF_TRADE_CANCEL_NEWEST;
  machine m = machine_make(&limits);
  machine_quote(&m, PRICE - 25, PRICE);
  machine_trade(&m, PRICE, 4, BUY);
  CHECK_EQUAL(answer(&m, stop_order(&m, SELL, 10, PRICE / 2, NT_ABSENT)), 0);
  nt_order request = machine_request(&m, NT_MESSAGE_REPLACE, m.next_id - 1, NT_ABSENT, NT_ABSENT);
  request.trigger_price = PRICE;
  CHECK_EQUAL(answer(&m, request), NT_REASON_NOTIONAL_EXCEEDS_MAXIMUM);
  machine_new(&m, SELL, 4, PRICE + 50, NT_TIF_DAY);
  CHECK_EQUAL(answer(&m, stop_order(&m, BUY, 4, 25, 2 * PRICE)), NT_REASON_PRICE_COLLAR);
  CHECK_EQUAL(answer(&m, stop_order(&m, BUY, 4, 25, PRICE + 50)), NT_REASON_SELF_TRADE_PREVENTED);
  CHECK_EQUAL(answer(&m, stop_order(&m, BUY, 4, 25, NT_ABSENT)), 0); /* it reaches PRICE + 25 */
  CHECK_EQUAL(answer(&m, machine_request(&m, NT_MESSAGE_CANCEL, m.next_id - 1, 0, NT_ABSENT)), NT_REASON_USER_REQUEST);
  CHECK_EQUAL(answer(&m, stop_order(&m, BUY, 4, PRICE + 25, PRICE + 50)), 0); /* it waits */
  uint64_t waiting = m.next_id - 1;
  CHECK_EQUAL(answer(&m, machine_request(&m, NT_MESSAGE_REPLACE, waiting, NT_ABSENT, 2 * PRICE - 50)),
              NT_REASON_PRICE_COLLAR); /* of its trigger */
  request = machine_request(&m, NT_MESSAGE_REPLACE, waiting, NT_ABSENT, NT_ABSENT);
  request.trigger_price = PRICE;
  CHECK_EQUAL(answer(&m, request), NT_REASON_SELF_TRADE_PREVENTED);
  CHECK_EQUAL(answer(&m, machine_request(&m, NT_MESSAGE_REPLACE, waiting, NT_ABSENT, PRICE + 25)), 0);
  machine_trade(&m, PRICE + 25, 1, BUY);
  CHECK_EQUAL(m.effects.reports[0].exec_type, NT_EXEC_TRIGGERED);
  machine_trade(&m, PRICE, 1, SELL); /* the market goes back: it stays triggered */
  CHECK_EQUAL(answer(&m, machine_request(&m, NT_MESSAGE_REPLACE, waiting, NT_ABSENT, 2 * PRICE)), NT_REASON_PRICE_COLLAR);
  CHECK_EQUAL(answer(&m, machine_request(&m, NT_MESSAGE_REPLACE, waiting, NT_ABSENT, PRICE + 50)), NT_REASON_SELF_TRADE_PREVENTED);
  nt_state_destroy(m.state);
}

/* Exposure and margin: once what only reduces has filled, the others of its side open in full. */
static void what_only_reduces_counts_in_exposure(void) {
  for (int margin = 0; margin < 2; margin++) {
    machine_limits limits = machine_defaults();
    int64_t limit = (int64_t)12 * UNIT;
    if (margin) limits.terms.initial_margin_bps = 10000;
    if (margin) limits.account.cash = limit + 40 * 21000 + 10 * 25 * 5000; /* the fees and the slippage */
    if (!margin) limits.account.max_gross_exposure = limit;
    uint16_t reason = margin ? NT_REASON_INSUFFICIENT_BUYING_POWER : NT_REASON_GROSS_EXPOSURE_EXCEEDED;
    machine m = machine_make(&limits);
    machine_quote(&m, PRICE - 25, PRICE);
    machine_trade(&m, PRICE, 1, BUY);
    holds(&m, BUY, 10);
    CHECK_EQUAL(answer(&m, machine_order(&m, SELL, 20, PRICE)), 0); /* 10 of it close */
    CHECK_EQUAL(answer(&m, reducing(&m, SELL, 10, PRICE - 500)), reason);
    CHECK_EQUAL(answer(&m, machine_request(&m, NT_MESSAGE_CANCEL, m.next_id - 2, 0, NT_ABSENT)), NT_REASON_USER_REQUEST);
    CHECK_EQUAL(answer(&m, reducing(&m, SELL, 10, PRICE + 500)), 0);
    CHECK_EQUAL(answer(&m, machine_order(&m, SELL, 20, PRICE)), reason);
    CHECK_EQUAL(answer(&m, machine_order(&m, SELL, 12, PRICE)), 0);
    CHECK(m.state->keeping[0].exposure == limit);
    CHECK_EQUAL(answer(&m, machine_request(&m, NT_MESSAGE_REPLACE, m.next_id - 1, 20, NT_ABSENT)), reason);
    nt_state_destroy(m.state);
  }
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
  RUN(what_trades_at_once_is_worth_the_market);
  RUN(a_reached_trigger_counts_in_a_replace);
  RUN(what_only_reduces_counts_in_exposure);
  RUN(triggers_make_orders_differ);
  return 0;
}
