/* Limits at random places and at the ends of the numbers: what a denial names as the limit passes, one raw unit beyond it does not. */
#include "machine_fixture.h"

#define BUY NT_SIDE_BUY
#define SELL NT_SIDE_SELL
#define MARKET NT_ABSENT
#define EDGE ((int64_t)NT_RAW_MAX)

static machine_limits fine(void) { /* every raw value is on its tick and its lot */
  machine_limits limits = machine_defaults();
  limits.instrument.tick_size = limits.instrument.lot_size = limits.instrument.minimum_quantity = 1;
  limits.instrument.maximum_price = EDGE;
  limits.instrument.allow_negative_price = 1;
  limits.config.slippage_ticks = 0;
  return limits;
}

static nt_verdict verdict_of(machine *m, uint8_t side, int64_t quantity, int64_t price) {
  nt_verdict verdict;
  int64_t rate_next;
  nt_order order = machine_order(m, side, quantity, price);
  nt_validate_new(m->state, &order, 0, &verdict, &rate_next);
  return verdict;
}

static void sends(machine *m, uint8_t side, int64_t quantity, int64_t price) {
  nt_order order = machine_order(m, side, quantity, price);
  machine_send(m, &order);
}

static void set_terms(machine *m, const nt_terms *terms) {
  nt_error error;
  CHECK_EQUAL(nt_terms_set(m->state, terms, &error), NT_OK);
}

static void check_11_names_the_last_price_inside(void) {
  uint64_t seed = 11;
  uint32_t denied = 0;
  machine_limits limits = fine();
  machine m = machine_make(&limits);
  for (int i = 0; i < 20000; i++) {
    uint64_t r = check_random(&seed);
    limits.terms.price_collar_bps = (int64_t)(r >> 40) % (i % 2 ? 100 : 3);
    int64_t bid = (int64_t)(r >> 8) % 100000 - (i % 3 ? 0 : 50000), ask = bid + (int64_t)(r >> 30) % 50;
    set_terms(&m, &limits.terms);
    machine_quote(&m, bid, ask);
    uint8_t side = r & 1 ? BUY : SELL;
    /* a passive order is too far away, an aggressive one too far through */
    int64_t step = r & 2 ? 1 : -1, price = step * (side == BUY ? 1 : -1) > 0 ? (side == BUY ? ask : bid) : (bid + ask) / 2;
    nt_verdict verdict = verdict_of(&m, side, 1, price + step * 20000);
    if (verdict.reason != 0) {
      CHECK_EQUAL(verdict.reason, NT_REASON_PRICE_COLLAR);
      CHECK_EQUAL(verdict.observed, price + step * 20000);
      int aggressive = side == BUY ? price + step * 20000 >= ask : price + step * 20000 <= bid;
      int same = aggressive == (side == BUY ? verdict.limit >= ask : verdict.limit <= bid); /* else another reference holds there */
      int64_t middle = bid + ask, width = (middle < 0 ? -middle : middle) * limits.terms.price_collar_bps / 10000;
      if (!aggressive && middle % 2 != 0 && width == 0) same = 0; /* half a unit: no price is inside */
      if (same) CHECK_EQUAL(verdict_of(&m, side, 1, verdict.limit).reason, 0);
      CHECK_EQUAL(verdict_of(&m, side, 1, verdict.limit + step).reason, NT_REASON_PRICE_COLLAR);
      denied += (uint32_t)same;
    }
  }
  CHECK(denied > 10000);
  nt_state_destroy(m.state);
}

static void check_11_at_the_ends(void) {
  machine_limits limits = fine();
  limits.terms.price_collar_bps = 1000000;
  machine m = machine_make(&limits);
  machine_quote(&m, EDGE, EDGE);
  CHECK_EQUAL(verdict_of(&m, BUY, 1, -EDGE).reason, 0);
  machine_quote(&m, -EDGE, -EDGE);
  CHECK_EQUAL(verdict_of(&m, SELL, 1, EDGE).reason, 0);
  machine_quote(&m, 0, 0); /* a band around nothing */
  CHECK_EQUAL(verdict_of(&m, BUY, 1, 0).reason, 0);
  CHECK_EQUAL(verdict_of(&m, BUY, 1, 1).reason, NT_REASON_PRICE_COLLAR);
  CHECK_EQUAL(verdict_of(&m, BUY, 1, 1).limit, 0);
  nt_state_destroy(m.state);
}

/* Money with a fraction: the order passes exactly when its cost, rounded up, is within the limit; prices of either sign. */
static void check_12_holds_money_against_money(void) {
  uint64_t seed = 12;
  uint32_t denied = 0;
  machine_limits limits = fine();
  machine m = machine_make(&limits);
  machine_quote(&m, -6000, 6000); /* that no price reaches */
  for (int i = 0; i < 20000; i++) {
    uint64_t r = check_random(&seed);
    limits.terms.value_numerator = 1 + (int64_t)(r >> 20) % 1000;
    limits.terms.value_denominator = 1 + (int64_t)(r >> 40) % 1000;
    int64_t price = (int64_t)(check_random(&seed) >> 30) % 10000 - 5000, quantity = 1 + (int64_t)(check_random(&seed) >> 30) % 100;
    int64_t size = (price < 0 ? -price : price) * quantity * limits.terms.value_numerator;
    int64_t money = (size + limits.terms.value_denominator - 1) / limits.terms.value_denominator;
    limits.terms.max_order_notional = money + (int64_t)(r % 3) - 1;
    if (limits.terms.max_order_notional < 0) continue;
    set_terms(&m, &limits.terms);
    nt_verdict verdict = verdict_of(&m, r & 64 ? BUY : SELL, quantity, price);
    CHECK_EQUAL(verdict.reason, money <= limits.terms.max_order_notional ? 0 : NT_REASON_NOTIONAL_EXCEEDS_MAXIMUM);
    if (verdict.reason != 0) {
      CHECK_EQUAL(verdict.observed, money);
      CHECK_EQUAL(verdict.limit, money - 1);
      denied++;
    }
  }
  CHECK(denied > 4000);
  nt_state_destroy(m.state);
}

static void check_12_prices_market_orders_at_the_worse_side(void) {
  machine_limits limits = fine();
  limits.config.slippage_ticks = 3;
  limits.terms.value_numerator = 1;
  limits.terms.max_order_notional = 1000;
  machine m = machine_make(&limits);
  machine_quote(&m, -100, 50); /* far below zero is more money than a little above it */
  CHECK_EQUAL(verdict_of(&m, BUY, 10, MARKET).reason, 0);
  CHECK_EQUAL(verdict_of(&m, BUY, 11, MARKET).observed, 1100);
  CHECK_EQUAL(verdict_of(&m, SELL, 9, MARKET).reason, 0);
  CHECK_EQUAL(verdict_of(&m, SELL, 10, MARKET).observed, 1030); /* the bid and three ticks */
  machine_quote(&m, 97, 97);
  CHECK_EQUAL(verdict_of(&m, BUY, 10, MARKET).reason, 0);
  CHECK_EQUAL(verdict_of(&m, SELL, 10, MARKET).reason, 0);
  machine_quote(&m, 98, 98);
  CHECK_EQUAL(verdict_of(&m, BUY, 10, MARKET).observed, 1010);
  nt_state_destroy(m.state);
}

static void check_12_off_without_a_limit_but_never_without_terms(void) {
  machine_limits limits = fine();
  nt_error error;
  machine m = machine_make(&limits);
  CHECK_EQUAL(verdict_of(&m, BUY, EDGE, EDGE).reason, 0);
  CHECK_EQUAL(verdict_of(&m, BUY, EDGE, MARKET).reason, 0); /* no quote, and nothing that needs one */
  strcpy(limits.instrument.symbol, "NQ");
  CHECK_EQUAL(nt_instrument_add(m.state, &limits.instrument, &error), 1);
  nt_order order = machine_order(&m, BUY, 1, 100); /* an instrument that this account has no terms for */
  order.instrument = 1;
  machine_send(&m, &order);
  machine_denied(&m, NT_CHECK_QUANTITY, NT_REASON_QUANTITY_EXCEEDS_MAXIMUM, 26, NT_UNIT_QUANTITY, 1, 0);
  nt_state_destroy(m.state);
}

/* 2^51 is the last raw value. */
static void numbers_at_their_ends(void) {
  machine_limits limits = fine();
  machine m = machine_make(&limits);
  const int64_t beyond[] = {EDGE + 1, (int64_t)1 << 53, ((int64_t)1 << 53) + 1, (int64_t)1 << 62, INT64_MAX};
  for (int i = 0; i < 5; i++) {
    sends(&m, BUY, 1, beyond[i]);
    machine_denied(&m, NT_CHECK_PRICE, NT_REASON_PRICE_EXCEEDS_MAXIMUM, 16, NT_UNIT_PRICE, beyond[i], EDGE);
    sends(&m, SELL, 1, -beyond[i]);
    machine_denied(&m, NT_CHECK_PRICE, NT_REASON_PRICE_EXCEEDS_MAXIMUM, 16, NT_UNIT_PRICE, -beyond[i], EDGE);
    sends(&m, SELL, beyond[i], 1);
    machine_denied(&m, NT_CHECK_QUANTITY, NT_REASON_QUANTITY_EXCEEDS_MAXIMUM, 26, NT_UNIT_QUANTITY, beyond[i], EDGE);
    sends(&m, SELL, -beyond[i], 1);
    machine_denied(&m, NT_CHECK_QUANTITY, NT_REASON_QUANTITY_NOT_POSITIVE, 13, NT_UNIT_QUANTITY, -beyond[i], 1);
  }
  machine_new(&m, BUY, EDGE, EDGE, NT_TIF_GTC);
  machine_new(&m, SELL, EDGE, -EDGE, NT_TIF_GTC);
  machine_trade(&m, 0, EDGE, BUY); /* both are through; the first takes it all */
  CHECK_EQUAL(machine_one(&m, NT_EXEC_TRADE)->last_quantity, EDGE);
  sends(&m, BUY, 1, 1);
  machine_denied(&m, NT_CHECK_POSITION, NT_REASON_POSITION_LIMIT_EXCEEDED, 3, NT_UNIT_QUANTITY, EDGE + 1, EDGE);
  machine_trade(&m, 0, EDGE, BUY);
  CHECK_EQUAL(machine_one(&m, NT_EXEC_TRADE)->last_quantity, EDGE);
  CHECK_EQUAL(m.state->pairs[0].position, 0);
  nt_state_destroy(m.state);
}

static void ids_at_their_ends(void) {
  machine_limits limits = fine();
  machine m = machine_make(&limits);
  m.next_id = UINT64_MAX - 1;
  machine_new(&m, BUY, 1, 100, NT_TIF_GTC);
  machine_new(&m, BUY, 1, 100, NT_TIF_GTC);
  nt_order order = machine_order(&m, BUY, 1, 100);
  order.client_order_id = UINT64_MAX;
  machine_send(&m, &order);
  CHECK_EQUAL(machine_one(&m, NT_EXEC_DENIED)->reason, NT_REASON_DUPLICATE_CLIENT_ORDER_ID);
  nt_state_destroy(m.state);
}

/* An order that breaks every rule is denied by the first check; with each rule that it no longer breaks, by the next. */
static void the_first_failure_decides(void) {
  machine_limits limits = machine_defaults();
  limits.instrument.initial_session = NT_SESSION_CLOSED;
  limits.account.max_open_orders = 0;
  limits.account.max_orders_per_second = 1;
  limits.terms.max_order_quantity = 10;
  limits.terms.max_order_notional = 0;
  limits.terms.max_position = 0;
  limits.terms.price_collar_bps = 0;
  limits.terms.max_quote_age_ns = 0;
  machine m = machine_make(&limits);
  m.state->keeping[0].state = NT_STATE_HALTED;
  m.state->keeping[0].rate_next_ns = m.ts + 1000000000;
  m.state->clients[0].last_id = 100;
  nt_order order = machine_order(&m, 3, 11, 1000001);
  order.client_order_id = 100;
  const uint16_t reasons[] = {NT_REASON_MALFORMED,
                              NT_REASON_TRADING_HALTED,
                              NT_REASON_MARKET_CLOSED,
                              NT_REASON_DUPLICATE_CLIENT_ORDER_ID,
                              NT_REASON_QUANTITY_EXCEEDS_MAXIMUM,
                              NT_REASON_PRICE_EXCEEDS_MAXIMUM,
                              NT_REASON_MARKET_PRICE_UNAVAILABLE,
                              NT_REASON_STALE_MARKET_DATA,
                              NT_REASON_PRICE_COLLAR,
                              NT_REASON_NOTIONAL_EXCEEDS_MAXIMUM,
                              NT_REASON_TOO_MANY_OPEN_ORDERS,
                              NT_REASON_POSITION_LIMIT_EXCEEDED,
                              NT_REASON_RATE_LIMIT_EXCEEDED,
                              0};
  for (int i = 0; i < 14; i++) {
    nt_verdict verdict;
    int64_t rate_next;
    if (i == 1) order.side = BUY;
    if (i == 2) m.state->keeping[0].state = NT_STATE_ACTIVE;
    if (i == 3) machine_session(&m, NT_SESSION_OPEN, 1);
    if (i == 4) order.client_order_id = 101;
    if (i == 5) order.quantity = 10;
    if (i == 6) order.price = 1000000;
    if (i == 7) {
      machine_quote(&m, 100000, 100000);
      machine_wait(&m, 1);
    }
    if (i == 8) m.state->pairs[0].max_quote_age_ns = 1;
    if (i == 9) order.price = 100000;
    if (i == 10) m.state->pairs[0].product_limit = 1000000;
    if (i == 11) m.state->keeping[0].max_open_orders = 1;
    if (i == 12) m.state->pairs[0].max_position = 10;
    if (i == 13) m.state->keeping[0].rate_next_ns = m.ts;
    nt_validate_new(m.state, &order, 0, &verdict, &rate_next);
    CHECK_EQUAL(verdict.reason, reasons[i]);
  }
  nt_state_destroy(m.state);
}

/* Rates and open orders belong to an account, whoever sends; ids belong to a client. */
static void whose_limit_it_is(void) {
  machine_limits limits = fine();
  nt_error error;
  limits.account.max_orders_per_second = 2;
  machine m = machine_make(&limits);
  strcpy(limits.account.name, "second");
  CHECK_EQUAL(nt_account_add(m.state, &limits.account, &error), 1);
  limits.terms.account = 1;
  CHECK_EQUAL(nt_terms_set(m.state, &limits.terms, &error), NT_OK);
  const struct {
    uint64_t id;
    uint16_t channel, account, reason;
  } steps[] = {{1, 0, 0, 0}, {1, 1, 0, 0}, {2, 0, 0, NT_REASON_RATE_LIMIT_EXCEEDED},       {2, 1, 0, NT_REASON_RATE_LIMIT_EXCEEDED},
               {3, 0, 1, 0}, {3, 1, 1, 0}, {3, 1, 1, NT_REASON_DUPLICATE_CLIENT_ORDER_ID}, {4, 1, 1, NT_REASON_RATE_LIMIT_EXCEEDED}};
  for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
    nt_order order = machine_order(&m, BUY, 1, 100);
    order.client_order_id = steps[i].id;
    order.account = steps[i].account;
    machine_input(&m, (nt_input){.kind = NT_INPUT_ORDER, .channel = steps[i].channel, .order = &order});
    CHECK_EQUAL(m.effects.count, 1);
    CHECK_EQUAL(m.effects.reports[0].channel, steps[i].channel);
    CHECK_EQUAL(m.effects.reports[0].account, steps[i].account);
    CHECK_EQUAL(m.effects.reports[0].reason, steps[i].reason);
  }
  CHECK_EQUAL(m.state->keeping[0].open_orders, 2);
  CHECK_EQUAL(m.state->keeping[1].open_orders, 2);
  nt_state_destroy(m.state);
}

int main(void) {
  RUN(check_11_names_the_last_price_inside);
  RUN(check_11_at_the_ends);
  RUN(check_12_holds_money_against_money);
  RUN(check_12_prices_market_orders_at_the_worse_side);
  RUN(check_12_off_without_a_limit_but_never_without_terms);
  RUN(numbers_at_their_ends);
  RUN(ids_at_their_ends);
  RUN(the_first_failure_decides);
  RUN(whose_limit_it_is);
  return 0;
}
