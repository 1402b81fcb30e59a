/* The checks of an account's habits and money: the limit itself passes, one raw unit more is denied with every field; what a check needs
 * and does not have denies. */
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

static void refused(const machine *m, uint8_t exec_type, uint16_t check, uint16_t reason, uint8_t unit, int64_t observed, int64_t limit) {
  const nt_report *report = machine_one(m, exec_type);
  CHECK_EQUAL(report->check, check);
  CHECK_EQUAL(report->reason, reason);
  CHECK_EQUAL(report->unit, unit);
  CHECK_EQUAL(report->observed, observed);
  CHECK_EQUAL(report->limit, limit);
}

/* Long or short quantity at PRICE. */
static void holds(machine *m, uint8_t side, int64_t quantity) {
  machine_trade(m, PRICE, 1000, side);
  machine_new(m, side, quantity, NT_ABSENT, NT_TIF_DAY);
  machine_trade(m, PRICE, 1000, side);
  CHECK_EQUAL(m->state->pairs[0].position, side == BUY ? quantity : -quantity);
}

static void check_4_restricted(void) {
  machine_limits limits = machine_defaults();
  limits.terms.restrictions = NT_RESTRICT_BUY;
  machine m = machine_make(&limits);
  sends(&m, BUY, 4, PRICE);
  machine_denied(&m, NT_CHECK_RESTRICTED, NT_REASON_RESTRICTED_INSTRUMENT, 33, NT_UNIT_CODE, BUY, NT_ABSENT);
  passes(&m, SELL, 4, PRICE);
  nt_state_destroy(m.state);
  limits.terms.restrictions = NT_RESTRICT_SELL;
  m = machine_make(&limits);
  sends(&m, SELL, 4, PRICE);
  machine_denied(&m, NT_CHECK_RESTRICTED, NT_REASON_RESTRICTED_INSTRUMENT, 33, NT_UNIT_CODE, SELL, NT_ABSENT);
  passes(&m, BUY, 4, PRICE);
  nt_state_destroy(m.state);
  limits = machine_defaults();
  limits.account.allowed_order_types = 1 << NT_ORDER_LIMIT;
  limits.account.allowed_times_in_force = 1 << NT_TIF_DAY | 1 << NT_TIF_FOK;
  m = machine_make(&limits);
  sends(&m, BUY, 4, NT_ABSENT);
  machine_denied(&m, NT_CHECK_RESTRICTED, NT_REASON_ORDER_TYPE_NOT_PERMITTED, 33, NT_UNIT_CODE, NT_ORDER_MARKET, 4);
  nt_order order = machine_order(&m, BUY, 4, PRICE);
  order.time_in_force = NT_TIF_IOC;
  machine_send(&m, &order);
  machine_denied(&m, NT_CHECK_RESTRICTED, NT_REASON_ORDER_TYPE_NOT_PERMITTED, 33, NT_UNIT_CODE, NT_TIF_IOC, 18);
  machine_new(&m, BUY, 4, PRICE, NT_TIF_FOK);
  passes(&m, BUY, 4, PRICE);
  nt_state_destroy(m.state);
}

static void check_4_short_sale(void) {
  machine_limits limits = machine_defaults();
  limits.terms.restrictions = NT_RESTRICT_SHORT;
  machine m = machine_make(&limits);
  sends(&m, SELL, 4, PRICE);
  machine_denied(&m, NT_CHECK_RESTRICTED, NT_REASON_SHORT_SALE_RESTRICTED, 22, NT_UNIT_QUANTITY, 4, 0);
  holds(&m, BUY, 10);
  uint64_t first = passes(&m, SELL, 4, PRICE + 1000);
  sends(&m, SELL, 8, PRICE + 1000);
  machine_denied(&m, NT_CHECK_RESTRICTED, NT_REASON_SHORT_SALE_RESTRICTED, 22, NT_UNIT_QUANTITY, 12, 10);
  passes(&m, SELL, 6, PRICE + 1000);
  requests(&m, NT_MESSAGE_REPLACE, first, 6, NT_ABSENT);
  refused(&m, NT_EXEC_REPLACE_REJECTED, NT_CHECK_RESTRICTED, NT_REASON_SHORT_SALE_RESTRICTED, NT_UNIT_QUANTITY, 12, 10);
  requests(&m, NT_MESSAGE_REPLACE, first, NT_ABSENT, PRICE + 500); /* adds nothing */
  CHECK_EQUAL(m.effects.accepted, 1);
  nt_state_destroy(m.state);
}

static void check_6_order_age(void) {
  machine_limits limits = machine_defaults();
  limits.account.max_order_age_ns = 1000;
  machine m = machine_make(&limits);
  const int64_t ages[] = {1000, -1000, 1001, -1001, INT64_MAX - 5, 0};
  for (int i = 0; i < 6; i++) {
    nt_order order = machine_order(&m, BUY, 4, PRICE);
    order.ts = m.ts - ages[i];
    machine_send(&m, &order);
    if (i < 2 || i == 5) {
      CHECK_EQUAL(m.effects.accepted, 1);
      continue;
    }
    machine_denied(&m, NT_CHECK_ORDER_AGE, NT_REASON_ORDER_TOO_OLD, 8, NT_UNIT_NANOSECONDS, ages[i], 1000);
  }
  nt_order order = machine_order(&m, BUY, 4, PRICE);
  order.ts = INT64_MIN;
  machine_send(&m, &order);
  CHECK(machine_denied(&m, 6, NT_REASON_ORDER_TOO_OLD, 8, NT_UNIT_NANOSECONDS, INT64_MAX, 1000)->flags == NT_REPORT_SATURATED);
  requests(&m, NT_MESSAGE_REPLACE, 1, 6, NT_ABSENT); /* its ts is 0 */
  refused(&m, NT_EXEC_REPLACE_REJECTED, NT_CHECK_ORDER_AGE, NT_REASON_ORDER_TOO_OLD, NT_UNIT_NANOSECONDS, m.ts, 1000);
  requests(&m, NT_MESSAGE_CANCEL, 1, 0, NT_ABSENT); /* a cancel is never too old */
  CHECK_EQUAL(m.effects.accepted, 1);
  nt_state_destroy(m.state);
}

static void check_13_minimum_notional(void) {
  machine_limits limits = machine_defaults();
  limits.terms.min_order_notional = (int64_t)4 * UNIT;
  machine m = machine_make(&limits);
  passes(&m, BUY, 4, PRICE);
  sends(&m, BUY, 4, PRICE - 25);
  machine_denied(&m, 13, NT_REASON_NOTIONAL_BELOW_MINIMUM, 13, NT_UNIT_MONEY, (int64_t)4 * (PRICE - 25) * 5000, (int64_t)4 * UNIT);
  requests(&m, NT_MESSAGE_REPLACE, 1, NT_ABSENT, PRICE - 25);
  refused(&m, NT_EXEC_REPLACE_REJECTED, 13, NT_REASON_NOTIONAL_BELOW_MINIMUM, NT_UNIT_MONEY, (int64_t)4 * (PRICE - 25) * 5000,
          (int64_t)4 * UNIT);
  m.state->entries[1].reduce_only = 1;
  requests(&m, NT_MESSAGE_REPLACE, 1, NT_ABSENT, PRICE - 25);
  CHECK_EQUAL(m.effects.accepted, 1);
  sends(&m, SELL, 4, NT_ABSENT);
  machine_denied(&m, 13, NT_REASON_MARKET_PRICE_UNAVAILABLE, 19, NT_UNIT_MONEY, NT_ABSENT, (int64_t)4 * UNIT);
  machine_quote(&m, PRICE - 25, PRICE); /* the lesser side counts */
  sends(&m, BUY, 4, NT_ABSENT);
  machine_denied(&m, 13, NT_REASON_NOTIONAL_BELOW_MINIMUM, 13, NT_UNIT_MONEY, (int64_t)4 * (PRICE - 25) * 5000, (int64_t)4 * UNIT);
  machine_quote(&m, PRICE, PRICE + 25);
  passes(&m, BUY, 4, NT_ABSENT);
  nt_state_destroy(m.state);
  limits.terms.value_denominator = 3; /* 4 lots are worth 666666666666 and two thirds */
  limits.terms.min_order_notional = 666666666;
  m = machine_make(&limits);
  passes(&m, BUY, 4, PRICE);
  nt_state_destroy(m.state);
  limits.terms.min_order_notional = 666666667;
  m = machine_make(&limits);
  sends(&m, BUY, 4, PRICE);
  machine_denied(&m, 13, NT_REASON_NOTIONAL_BELOW_MINIMUM, 13, NT_UNIT_MONEY, 666666666, 666666667);
  nt_state_destroy(m.state);
}

static void check_17_open_notional(void) {
  machine_limits limits = machine_defaults();
  limits.account.max_open_notional = (int64_t)10 * UNIT;
  machine m = machine_make(&limits);
  sends(&m, BUY, 4, NT_ABSENT);
  machine_denied(&m, 17, NT_REASON_MARKET_PRICE_UNAVAILABLE, 19, NT_UNIT_MONEY, NT_ABSENT, (int64_t)10 * UNIT);
  machine_quote(&m, PRICE - 100, PRICE + 100);
  uint64_t buy = passes(&m, BUY, 4, PRICE);
  passes(&m, SELL, 4, PRICE + 25); /* both sides count */
  sends(&m, BUY, 4, PRICE);
  machine_denied(&m, 17, NT_REASON_OPEN_NOTIONAL_EXCEEDED, 20, NT_UNIT_MONEY, (int64_t)4 * (3 * PRICE + 25) * 5000, (int64_t)10 * UNIT);
  requests(&m, NT_MESSAGE_REPLACE, buy, 6, NT_ABSENT); /* 100 over */
  refused(&m, NT_EXEC_REPLACE_REJECTED, 17, NT_REASON_OPEN_NOTIONAL_EXCEEDED, NT_UNIT_MONEY, (int64_t)(10 * PRICE + 100) * 5000,
          (int64_t)10 * UNIT);
  requests(&m, NT_MESSAGE_CANCEL, buy + 1, 0, NT_ABSENT);
  requests(&m, NT_MESSAGE_REPLACE, buy, 10, NT_ABSENT); /* the limit itself */
  CHECK_EQUAL(m.effects.accepted, 1);
  CHECK(m.state->keeping[0].open_notional == (nt_wide)10 * UNIT);
  requests(&m, NT_MESSAGE_REPLACE, buy, 4, NT_ABSENT); /* less always passes */
  CHECK_EQUAL(m.effects.accepted, 1);
  CHECK(m.state->keeping[0].open_notional == (nt_wide)4 * UNIT);
  machine_quote(&m, PRICE, PRICE);
  passes(&m, BUY, 4, NT_ABSENT); /* at the ask and a tick */
  CHECK(m.state->keeping[0].open_notional == (nt_wide)(8 * PRICE + 100) * 5000);
  nt_state_destroy(m.state);
}

static void check_17_gross_exposure(void) {
  machine_limits limits = machine_defaults();
  limits.account.max_gross_exposure = (int64_t)10 * UNIT;
  machine m = machine_make(&limits);
  nt_error error;
  strcpy(limits.instrument.symbol, "NQ");
  limits.terms.instrument = 1;
  CHECK_EQUAL(nt_instrument_add(m.state, &limits.instrument, &error), 1);
  CHECK_EQUAL(nt_terms_set(m.state, &limits.terms, &error), NT_OK);
  sends(&m, BUY, 4, NT_ABSENT);
  machine_denied(&m, 17, NT_REASON_MARKET_PRICE_UNAVAILABLE, 19, NT_UNIT_MONEY, NT_ABSENT, (int64_t)10 * UNIT);
  nt_tick quote = {.bid_price = PRICE - 100, .ask_price = PRICE + 100, .ts_event = m.ts, .ts_recv = m.ts, .kind = NT_TICK_QUOTE};
  for (quote.instrument = 0; quote.instrument < 2; quote.instrument++) machine_input(&m, (nt_input){.kind = NT_INPUT_TICK, .tick = &quote});
  uint64_t first = passes(&m, BUY, 4, PRICE);
  passes(&m, SELL, 4, PRICE); /* the other case of the two */
  nt_order other = machine_order(&m, SELL, 6, PRICE);
  other.instrument = 1;
  machine_send(&m, &other);
  CHECK_EQUAL(m.effects.accepted, 1); /* the limit itself, over two instruments */
  sends(&m, BUY, 4, PRICE);
  machine_denied(&m, 17, NT_REASON_GROSS_EXPOSURE_EXCEEDED, 3, NT_UNIT_MONEY, (int64_t)14 * UNIT, (int64_t)10 * UNIT);
  requests(&m, NT_MESSAGE_REPLACE, first, NT_ABSENT, PRICE + 25);
  refused(&m, NT_EXEC_REPLACE_REJECTED, 17, NT_REASON_GROSS_EXPOSURE_EXCEEDED, NT_UNIT_MONEY, (int64_t)(10 * PRICE + 100) * 5000,
          (int64_t)10 * UNIT);
  for (uint64_t id = first; id < first + 3; id++) requests(&m, NT_MESSAGE_CANCEL, id, 0, NT_ABSENT);
  CHECK(m.state->keeping[0].exposure == 0);
  holds(&m, BUY, 8);
  passes(&m, SELL, 8, PRICE * 2); /* closes: adds nothing, whatever its price */
  machine_trade(&m, PRICE + 50000, 1, BUY);
  CHECK(m.state->keeping[0].exposure == (nt_wide)12 * UNIT); /* the mark has moved beyond the limit */
  sends(&m, SELL, 4, PRICE * 2);                             /* turns the position, but the other case is the larger one */
  CHECK_EQUAL(m.effects.accepted, 1);
  sends(&m, BUY, 4, PRICE);
  machine_denied(&m, 17, NT_REASON_GROSS_EXPOSURE_EXCEEDED, 3, NT_UNIT_MONEY, (int64_t)16 * UNIT, (int64_t)10 * UNIT);
  limits.terms.value_denominator = 0; /* the rate of an instrument that is held is lost */
  limits.terms.instrument = 0;
  CHECK_EQUAL(nt_terms_set(m.state, &limits.terms, &error), NT_OK);
  other = machine_order(&m, BUY, 4, PRICE);
  other.instrument = 1;
  machine_send(&m, &other);
  machine_denied(&m, 17, NT_REASON_FX_RATE_UNAVAILABLE, 19, NT_UNIT_MONEY, NT_ABSENT, (int64_t)10 * UNIT);
  nt_state_destroy(m.state);
}

static void check_18_buying_power(void) {
  machine_limits limits = machine_defaults();
  limits.terms.initial_margin_bps = 10000;
  limits.account.cash = (int64_t)10 * UNIT + 10 * 21000; /* ten lots and their worst fee */
  machine m = machine_make(&limits);
  uint64_t first = passes(&m, BUY, 6, PRICE);
  sends(&m, BUY, 6, PRICE);
  machine_denied(&m, 18, NT_REASON_INSUFFICIENT_BUYING_POWER, 25, NT_UNIT_MONEY, (int64_t)6 * UNIT + 6 * 21000,
                 (int64_t)4 * UNIT + 4 * 21000);
  passes(&m, BUY, 4, PRICE);
  CHECK(m.state->keeping[0].reserved_money == limits.account.cash);
  requests(&m, NT_MESSAGE_REPLACE, first, NT_ABSENT, PRICE + 25);
  refused(&m, NT_EXEC_REPLACE_REJECTED, 18, NT_REASON_INSUFFICIENT_BUYING_POWER, NT_UNIT_MONEY, (int64_t)6 * 25 * 5000, 0);
  machine_trade(&m, PRICE - 25, 100, SELL);
  CHECK_EQUAL(m.state->pairs[0].position, 10);
  /* all is held: the maker's fee of 10000 was less than the reserve, and cash paid is equity less the position */
  CHECK(nt_account_equity(&m.state->keeping[0]) - m.state->keeping[0].reserved_money == (nt_wide)10 * 11000);
  sends(&m, BUY, 4, PRICE);
  machine_denied(&m, 18, NT_REASON_INSUFFICIENT_BUYING_POWER, 25, NT_UNIT_MONEY, (int64_t)4 * UNIT + 4 * 21000, 110000);
  passes(&m, SELL, 10, PRICE); /* closing needs nothing */
  machine_trade(&m, PRICE + 25, 100, BUY);
  CHECK_EQUAL(m.state->pairs[0].position, 0);
  CHECK(m.state->keeping[0].reserved_money == 0 && m.state->keeping[0].exposure == 0 && m.state->keeping[0].open_notional == 0);
  nt_state_destroy(m.state);
  limits.terms.fee_maker_ppb = 1000000; /* the worse of the two, of what works */
  limits.account.cash = (int64_t)10 * UNIT + 10 * 21000 + 10 * (UNIT / 1000);
  m = machine_make(&limits);
  passes(&m, BUY, 6, PRICE);
  passes(&m, BUY, 4, PRICE);
  CHECK(m.state->keeping[0].reserved_money == limits.account.cash);
  sends(&m, BUY, 4, PRICE);
  machine_denied(&m, 18, NT_REASON_INSUFFICIENT_BUYING_POWER, 25, NT_UNIT_MONEY, (int64_t)4 * UNIT + 4 * 21000 + 4 * (UNIT / 1000), 0);
  nt_state_destroy(m.state);
  limits.terms.fee_maker_ppb = 0;
  limits.terms.initial_margin_bps = 3333; /* margin is rounded up */
  limits.account.cash = (int64_t)4 * UNIT / 10000 * 3333 + 4 * 21000;
  m = machine_make(&limits);
  sends(&m, BUY, 4, PRICE + 25);
  machine_denied(&m, 18, NT_REASON_INSUFFICIENT_BUYING_POWER, 25, NT_UNIT_MONEY, 666766650 + 84000, 666600000 + 84000);
  sends(&m, BUY, 4, NT_ABSENT);
  machine_denied(&m, 18, NT_REASON_MARKET_PRICE_UNAVAILABLE, 19, NT_UNIT_MONEY, NT_ABSENT, NT_ABSENT);
  passes(&m, BUY, 4, PRICE);
  nt_state_destroy(m.state);
}

static void check_19_cancels(void) {
  machine_limits limits = machine_defaults();
  limits.account.max_cancels_per_second = 2;
  machine m = machine_make(&limits);
  for (int i = 0; i < 6; i++) passes(&m, BUY, 4, PRICE);
  requests(&m, NT_MESSAGE_CANCEL, 1, 0, NT_ABSENT);
  requests(&m, NT_MESSAGE_CANCEL, 99, 0, NT_ABSENT); /* of nothing: takes nothing */
  requests(&m, NT_MESSAGE_CANCEL, 2, 0, NT_ABSENT);
  CHECK_EQUAL(m.effects.accepted, 1);
  requests(&m, NT_MESSAGE_CANCEL, 3, 0, NT_ABSENT);
  refused(&m, NT_EXEC_CANCEL_REJECTED, NT_CHECK_RATE, NT_REASON_RATE_LIMIT_EXCEEDED, NT_UNIT_COUNT, 3, 2);
  CHECK_EQUAL(m.effects.reports[0].fix_reason, 3);
  nt_order all = machine_request(&m, NT_MESSAGE_MASS_CANCEL, 0, 0, NT_ABSENT);
  all.instrument = NT_NONE;
  machine_send(&m, &all);
  refused(&m, NT_EXEC_CANCEL_REJECTED, NT_CHECK_RATE, NT_REASON_RATE_LIMIT_EXCEEDED, NT_UNIT_COUNT, 3, 2);
  machine_wait(&m, 499999999);
  requests(&m, NT_MESSAGE_CANCEL, 3, 0, NT_ABSENT);
  refused(&m, NT_EXEC_CANCEL_REJECTED, NT_CHECK_RATE, NT_REASON_RATE_LIMIT_EXCEEDED, NT_UNIT_COUNT, 3, 2);
  machine_wait(&m, 1);
  requests(&m, NT_MESSAGE_CANCEL, 3, 0, NT_ABSENT);
  CHECK_EQUAL(m.effects.accepted, 1);
  all.client_order_id = m.next_id++;
  all.account = 1;
  machine_send(&m, &all);
  refused(&m, NT_EXEC_CANCEL_REJECTED, NT_CHECK_WELL_FORMED, NT_REASON_UNKNOWN_ACCOUNT, NT_UNIT_ORDER_ID, (int64_t)all.client_order_id,
          NT_ABSENT);
  machine_state(&m, NT_STATE_HALTED); /* the kernel's own cancels need no room */
  CHECK_EQUAL(m.effects.count, 3);
  nt_state_destroy(m.state);
}

int main(void) {
  RUN(check_4_restricted);
  RUN(check_4_short_sale);
  RUN(check_6_order_age);
  RUN(check_13_minimum_notional);
  RUN(check_17_open_notional);
  RUN(check_17_gross_exposure);
  RUN(check_18_buying_power);
  RUN(check_19_cancels);
  return 0;
}
