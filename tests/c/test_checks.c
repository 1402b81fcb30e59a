/* Every check: the limit itself passes, one raw unit more is denied, with the reason, check, FIX reason, observed value and limit; what a
 * check needs and does not have denies. */
#include "machine_fixture.h"

#define BUY NT_SIDE_BUY
#define SELL NT_SIDE_SELL

static void passes(machine *m, uint8_t side, int64_t quantity, int64_t price) {
  nt_order order = machine_order(m, side, quantity, price);
  machine_send(m, &order);
  if (!m->effects.accepted) fprintf(stderr, "order %d was denied: reason %d\n", (int)order.client_order_id, m->effects.reports[0].reason);
  CHECK_EQUAL(m->effects.accepted, 1);
}

static void sends(machine *m, uint8_t side, int64_t quantity, int64_t price) {
  nt_order order = machine_order(m, side, quantity, price);
  machine_send(m, &order);
}

static void check_1_well_formed(void) {
  machine_limits limits = machine_defaults();
  machine m = machine_make(&limits);
  for (int field = 0; field < 13; field++) {
    nt_order order = machine_order(&m, BUY, 4, 100000);
    if (field == 0) order.message = 9;
    if (field == 1) order.side = 0;
    if (field == 2) order.side = 3;
    if (field == 3) order.type = 3;
    if (field == 4) order.time_in_force = 6;
    if (field == 5) order.time_in_force = 0;
    if (field == 6) order.flags = 8;
    if (field == 7) order.trigger_price = 100000;
    if (field == 8) order.price = NT_ABSENT;      /* a limit order without a price */
    if (field == 9) order.type = NT_ORDER_MARKET; /* a market order with one */
    if (field >= 10) order.flags = NT_ORDER_EXTENDED;
    if (field == 10) order.original_client_order_id = 1;
    if (field == 11) order.expire_ts = 5;
    if (field == 12) order.reserved = 1;
    machine_send(&m, &order);
    machine_denied(&m, NT_CHECK_WELL_FORMED, NT_REASON_MALFORMED, 11, NT_UNIT_COUNT, NT_ABSENT, NT_ABSENT);
  }
  nt_order order = machine_order(&m, BUY, 4, 100000);
  order.client_order_id = 0;
  machine_send(&m, &order);
  machine_denied(&m, NT_CHECK_WELL_FORMED, NT_REASON_MALFORMED, 11, NT_UNIT_COUNT, NT_ABSENT, NT_ABSENT);
  order = machine_order(&m, BUY, 4, 100000);
  order.account = 1;
  machine_send(&m, &order);
  machine_denied(&m, NT_CHECK_WELL_FORMED, NT_REASON_UNKNOWN_ACCOUNT, 15, NT_UNIT_COUNT, 1, 0);
  order = machine_order(&m, BUY, 4, 100000);
  order.flags = NT_ORDER_EXTENDED;
  order.display_quantity = NT_ABSENT;
  machine_send(&m, &order);
  CHECK_EQUAL(m.effects.accepted, 1);
  CHECK_EQUAL(m.state->counters.denied[NT_REASON_MALFORMED - 100], 14);
  nt_state_destroy(m.state);
}

static void check_2_trading_state(void) {
  machine_limits limits = machine_defaults();
  machine m = machine_make(&limits);
  machine_trade(&m, 100000, 100, BUY);
  uint64_t id = machine_new(&m, BUY, 10, NT_ABSENT, NT_TIF_DAY);
  machine_trade(&m, 100000, 100, BUY); /* long 10 */
  CHECK_EQUAL(m.effects.reports[0].client_order_id, id);
  machine_state(&m, NT_STATE_HALTED);
  sends(&m, SELL, 4, 100000);
  machine_denied(&m, NT_CHECK_TRADING_STATE, NT_REASON_TRADING_HALTED, 0, NT_UNIT_STATE, NT_STATE_HALTED, NT_STATE_ACTIVE);
  machine_state(&m, NT_STATE_REDUCING);
  sends(&m, BUY, 4, 100000);
  machine_denied(&m, NT_CHECK_TRADING_STATE, NT_REASON_TRADING_STATE_REDUCING, 0, NT_UNIT_QUANTITY, 4, 0);
  sends(&m, SELL, 12, 100000);
  machine_denied(&m, NT_CHECK_TRADING_STATE, NT_REASON_TRADING_STATE_REDUCING, 0, NT_UNIT_QUANTITY, 12, 10);
  passes(&m, SELL, 6, 100000);
  sends(&m, SELL, 6, 100000); /* with what works it would turn the position */
  machine_denied(&m, NT_CHECK_TRADING_STATE, NT_REASON_TRADING_STATE_REDUCING, 0, NT_UNIT_QUANTITY, 12, 10);
  passes(&m, SELL, 4, 100000);
  machine_state(&m, NT_STATE_ACTIVE);
  passes(&m, BUY, 4, 100000);
  nt_state_destroy(m.state);
}

static void check_3_session(void) {
  machine_limits limits = machine_defaults();
  machine m = machine_make(&limits);
  nt_order order = machine_order(&m, BUY, 4, 100000);
  order.instrument = 1;
  machine_send(&m, &order);
  machine_denied(&m, NT_CHECK_SESSION, NT_REASON_INSTRUMENT_NOT_FOUND, 1, NT_UNIT_COUNT, 1, 0);
  machine_session(&m, NT_SESSION_CLOSED, 1);
  sends(&m, BUY, 4, 100000);
  machine_denied(&m, NT_CHECK_SESSION, NT_REASON_MARKET_CLOSED, 2, NT_UNIT_STATE, NT_SESSION_CLOSED, NT_SESSION_OPEN);
  machine_session(&m, NT_SESSION_HALTED, 1);
  sends(&m, BUY, 4, 100000);
  machine_denied(&m, NT_CHECK_SESSION, NT_REASON_INSTRUMENT_HALTED, 2, NT_UNIT_STATE, NT_SESSION_HALTED, NT_SESSION_OPEN);
  machine_session(&m, NT_SESSION_OPEN, 1);
  passes(&m, BUY, 4, 100000);
  nt_state_destroy(m.state);
}

static void check_5_duplicate(void) {
  machine_limits limits = machine_defaults();
  limits.config.order_capacity = 4;
  machine m = machine_make(&limits);
  m.next_id = 10;
  passes(&m, BUY, 4, 100000);
  m.next_id = 10;
  sends(&m, BUY, 4, 100000);
  machine_denied(&m, NT_CHECK_DUPLICATE, NT_REASON_DUPLICATE_CLIENT_ORDER_ID, 6, NT_UNIT_ORDER_ID, 10, 10);
  passes(&m, BUY, 4, 100000); /* 11 */
  m.next_id = 14;             /* the slot of 10 */
  sends(&m, BUY, 4, 100000);
  machine_denied(&m, NT_CHECK_DUPLICATE, NT_REASON_ORDER_SLOT_TAKEN, 6, NT_UNIT_ORDER_ID, 14, 10);
  m.next_id = 14; /* a denied id is used up */
  sends(&m, BUY, 4, 100000);
  machine_denied(&m, NT_CHECK_DUPLICATE, NT_REASON_DUPLICATE_CLIENT_ORDER_ID, 6, NT_UNIT_ORDER_ID, 14, 14);
  m.next_id = 16; /* a free slot */
  passes(&m, BUY, 4, 100000);
  nt_state_destroy(m.state);
}

static void check_7_quantity(void) {
  machine_limits limits = machine_defaults();
  limits.terms.max_order_quantity = 10;
  machine m = machine_make(&limits);
  passes(&m, BUY, 10, 100000);
  sends(&m, BUY, 11, 100000);
  machine_denied(&m, NT_CHECK_QUANTITY, NT_REASON_QUANTITY_EXCEEDS_MAXIMUM, 26, NT_UNIT_QUANTITY, 11, 10);
  passes(&m, BUY, 4, 100000);
  sends(&m, BUY, 3, 100000);
  machine_denied(&m, NT_CHECK_QUANTITY, NT_REASON_QUANTITY_BELOW_MINIMUM, 13, NT_UNIT_QUANTITY, 3, 4);
  sends(&m, BUY, 5, 100000);
  machine_denied(&m, NT_CHECK_QUANTITY, NT_REASON_LOT_SIZE_VIOLATION, 13, NT_UNIT_QUANTITY, 5, 2);
  const int64_t bad[] = {0, -1, -4, INT64_MIN, INT64_MIN + 1};
  for (int i = 0; i < 5; i++) {
    sends(&m, BUY, bad[i], 100000);
    machine_denied(&m, NT_CHECK_QUANTITY, NT_REASON_QUANTITY_NOT_POSITIVE, 13, NT_UNIT_QUANTITY, bad[i], 1);
  }
  const int64_t huge[] = {NT_RAW_MAX + 2, (int64_t)1 << 53, INT64_MAX};
  limits.terms.max_order_quantity = NT_ABSENT; /* without a limit the bound of raw values holds */
  machine wide = machine_make(&limits);
  for (int i = 0; i < 3; i++) {
    sends(&wide, BUY, huge[i], 100000);
    machine_denied(&wide, NT_CHECK_QUANTITY, NT_REASON_QUANTITY_EXCEEDS_MAXIMUM, 26, NT_UNIT_QUANTITY, huge[i], NT_RAW_MAX);
  }
  passes(&wide, BUY, NT_RAW_MAX - 2, 100000);
  nt_state_destroy(m.state);
  nt_state_destroy(wide.state);
}

static void check_8_price(void) {
  machine_limits limits = machine_defaults();
  machine m = machine_make(&limits);
  passes(&m, BUY, 4, 25);
  passes(&m, BUY, 4, 1000000);
  sends(&m, BUY, 4, 1000025);
  machine_denied(&m, NT_CHECK_PRICE, NT_REASON_PRICE_EXCEEDS_MAXIMUM, 16, NT_UNIT_PRICE, 1000025, 1000000);
  sends(&m, BUY, 4, 100001);
  machine_denied(&m, NT_CHECK_PRICE, NT_REASON_TICK_SIZE_VIOLATION, 18, NT_UNIT_PRICE, 100001, 25);
  const int64_t bad[] = {0, -25, INT64_MIN + 1};
  for (int i = 0; i < 3; i++) {
    sends(&m, BUY, 4, bad[i]);
    machine_denied(&m, NT_CHECK_PRICE, NT_REASON_PRICE_NOT_POSITIVE, 18, NT_UNIT_PRICE, bad[i], 25);
  }
  sends(&m, BUY, 4, INT64_MAX);
  machine_denied(&m, NT_CHECK_PRICE, NT_REASON_PRICE_EXCEEDS_MAXIMUM, 16, NT_UNIT_PRICE, INT64_MAX, 1000000);
  limits.instrument.allow_negative_price = 1;
  machine oil = machine_make(&limits);
  passes(&oil, BUY, 4, -1000000);
  sends(&oil, BUY, 4, -1000025);
  machine_denied(&oil, NT_CHECK_PRICE, NT_REASON_PRICE_EXCEEDS_MAXIMUM, 16, NT_UNIT_PRICE, -1000025, 1000000);
  sends(&oil, BUY, 4, -30);
  machine_denied(&oil, NT_CHECK_PRICE, NT_REASON_TICK_SIZE_VIOLATION, 18, NT_UNIT_PRICE, -30, 25);
  nt_state_destroy(m.state);
  nt_state_destroy(oil.state);
}

static void check_10_freshness(void) {
  machine_limits limits = machine_defaults();
  limits.terms.max_quote_age_ns = 1000;
  machine m = machine_make(&limits);
  sends(&m, BUY, 4, 100000);
  machine_denied(&m, NT_CHECK_FRESHNESS, NT_REASON_MARKET_PRICE_UNAVAILABLE, 19, NT_UNIT_NANOSECONDS, NT_ABSENT, 1000);
  machine_trade(&m, 100000, 4, 0);
  machine_wait(&m, 1000);
  passes(&m, BUY, 4, 99000);
  machine_wait(&m, 1);
  sends(&m, BUY, 4, 99000);
  machine_denied(&m, NT_CHECK_FRESHNESS, NT_REASON_STALE_MARKET_DATA, 19, NT_UNIT_NANOSECONDS, 1001, 1000);
  machine_quote(&m, 100025, 100000); /* crossed */
  sends(&m, BUY, 4, 99000);
  machine_denied(&m, NT_CHECK_FRESHNESS, NT_REASON_MARKET_PRICE_UNAVAILABLE, 19, NT_UNIT_NANOSECONDS, NT_ABSENT, 1000);
  nt_state_destroy(m.state);
}

static void check_11_collar(void) {
  machine_limits limits = machine_defaults();
  limits.terms.price_collar_bps = 50;
  machine m = machine_make(&limits);
  sends(&m, BUY, 4, 100000);
  machine_denied(&m, NT_CHECK_COLLAR, NT_REASON_MARKET_PRICE_UNAVAILABLE, 19, NT_UNIT_PRICE, 100000, NT_ABSENT);
  machine_quote(&m, 100000, 100000);
  passes(&m, BUY, 4, 100500);
  sends(&m, BUY, 4, 100525);
  machine_denied(&m, NT_CHECK_COLLAR, NT_REASON_PRICE_COLLAR, 16, NT_UNIT_PRICE, 100525, 100500);
  passes(&m, SELL, 4, 99500);
  sends(&m, SELL, 4, 99475);
  machine_denied(&m, NT_CHECK_COLLAR, NT_REASON_PRICE_COLLAR, 16, NT_UNIT_PRICE, 99475, 99500);
  machine_quote(&m, 100000, 110000); /* a passive order is measured from the middle, 105000 */
  passes(&m, BUY, 4, 104475);
  sends(&m, BUY, 4, 104450);
  machine_denied(&m, NT_CHECK_COLLAR, NT_REASON_PRICE_COLLAR, 16, NT_UNIT_PRICE, 104450, 104475);
  passes(&m, BUY, 4, NT_ABSENT); /* a market order has no price to hold against it */
  nt_state_destroy(m.state);
}

static void check_12_notional(void) {
  machine_limits limits = machine_defaults();
  limits.terms.max_order_notional = (int64_t)100000 * 4 * 5000;
  machine m = machine_make(&limits);
  passes(&m, BUY, 4, 100000);
  sends(&m, BUY, 4, 100025);
  machine_denied(&m, NT_CHECK_NOTIONAL, NT_REASON_NOTIONAL_EXCEEDS_MAXIMUM, 27, NT_UNIT_MONEY, (int64_t)100025 * 4 * 5000,
                 limits.terms.max_order_notional);
  sends(&m, BUY, 4, NT_ABSENT); /* no quote to price a market order with */
  machine_denied(&m, NT_CHECK_NOTIONAL, NT_REASON_MARKET_PRICE_UNAVAILABLE, 19, NT_UNIT_MONEY, NT_ABSENT, limits.terms.max_order_notional);
  machine_quote(&m, 99950, 99975);
  passes(&m, BUY, 4, NT_ABSENT); /* the ask and one tick: exactly the limit */
  machine_quote(&m, 99975, 100000);
  sends(&m, BUY, 4, NT_ABSENT);
  machine_denied(&m, NT_CHECK_NOTIONAL, NT_REASON_NOTIONAL_EXCEEDS_MAXIMUM, 27, NT_UNIT_MONEY, (int64_t)100025 * 4 * 5000,
                 limits.terms.max_order_notional);
  machine_quote(&m, 100000, 100025);
  passes(&m, SELL, 4, NT_ABSENT);
  machine_quote(&m, 100025, 100050);
  sends(&m, SELL, 4, NT_ABSENT);
  machine_denied(&m, NT_CHECK_NOTIONAL, NT_REASON_NOTIONAL_EXCEEDS_MAXIMUM, 27, NT_UNIT_MONEY, (int64_t)100025 * 4 * 5000,
                 limits.terms.max_order_notional);
  limits.terms.max_order_notional = (int64_t)1 << 50;
  limits.terms.value_numerator = NT_RAW_MAX;
  machine wide = machine_make(&limits);
  sends(&wide, BUY, NT_RAW_MAX, 1000000);
  const nt_report *report =
      machine_denied(&wide, NT_CHECK_NOTIONAL, NT_REASON_NOTIONAL_EXCEEDS_MAXIMUM, 27, NT_UNIT_MONEY, INT64_MAX, (int64_t)1 << 50);
  CHECK_EQUAL(report->flags, NT_REPORT_SATURATED);
  limits = machine_defaults();
  limits.terms.value_denominator = 0; /* no rate */
  machine foreign = machine_make(&limits);
  sends(&foreign, BUY, 4, 100000);
  machine_denied(&foreign, NT_CHECK_NOTIONAL, NT_REASON_FX_RATE_UNAVAILABLE, 19, NT_UNIT_MONEY, NT_ABSENT, NT_ABSENT);
  nt_state_destroy(m.state);
  nt_state_destroy(wide.state);
  nt_state_destroy(foreign.state);
}

static void check_14_open_orders(void) {
  machine_limits limits = machine_defaults();
  limits.account.max_open_orders = 2;
  machine m = machine_make(&limits);
  passes(&m, BUY, 4, 100000);
  uint64_t second = m.next_id;
  passes(&m, BUY, 4, 100000);
  sends(&m, BUY, 4, 100000);
  machine_denied(&m, NT_CHECK_OPEN_ORDERS, NT_REASON_TOO_MANY_OPEN_ORDERS, 3, NT_UNIT_COUNT, 3, 2);
  nt_order cancel = machine_request(&m, NT_MESSAGE_CANCEL, second, NT_ABSENT, NT_ABSENT);
  machine_send(&m, &cancel);
  passes(&m, BUY, 4, 100000);
  nt_state_destroy(m.state);
}

static void check_15_position(void) {
  machine_limits limits = machine_defaults();
  limits.terms.max_position = 10;
  machine m = machine_make(&limits);
  passes(&m, BUY, 6, 100000);
  sends(&m, BUY, 6, 100000); /* what works counts */
  machine_denied(&m, NT_CHECK_POSITION, NT_REASON_POSITION_LIMIT_EXCEEDED, 3, NT_UNIT_QUANTITY, 12, 10);
  passes(&m, BUY, 4, 100000);
  passes(&m, SELL, 10, 101000); /* the other side does not net */
  sends(&m, SELL, 4, 101000);
  machine_denied(&m, NT_CHECK_POSITION, NT_REASON_POSITION_LIMIT_EXCEEDED, 3, NT_UNIT_QUANTITY, 14, 10);
  machine_trade(&m, 99975, 100, SELL); /* both buys fill: long 10 */
  CHECK_EQUAL(m.effects.count, 2);
  sends(&m, BUY, 4, 100000);
  machine_denied(&m, NT_CHECK_POSITION, NT_REASON_POSITION_LIMIT_EXCEEDED, 3, NT_UNIT_QUANTITY, 14, 10);
  passes(&m, SELL, 10, 101000);
  nt_state_destroy(m.state);
}

static void check_15_without_a_limit(void) { /* the bound of raw values holds, for orders and for positions */
  machine_limits limits = machine_defaults();
  machine m = machine_make(&limits);
  passes(&m, BUY, NT_RAW_MAX, 100000);
  sends(&m, BUY, 4, 100000);
  machine_denied(&m, NT_CHECK_POSITION, NT_REASON_POSITION_LIMIT_EXCEEDED, 3, NT_UNIT_QUANTITY, NT_RAW_MAX + 4, NT_RAW_MAX);
  nt_state_destroy(m.state);
}

static void check_19_rate(void) {
  machine_limits limits = machine_defaults();
  limits.account.max_orders_per_second = 4;
  machine m = machine_make(&limits);
  for (int i = 0; i < 4; i++) passes(&m, BUY, 4, 100000);
  sends(&m, BUY, 4, 100000);
  machine_denied(&m, NT_CHECK_RATE, NT_REASON_RATE_LIMIT_EXCEEDED, 3, NT_UNIT_COUNT, 5, 4);
  machine_wait(&m, 249999999);
  sends(&m, BUY, 4, 100000);
  machine_denied(&m, NT_CHECK_RATE, NT_REASON_RATE_LIMIT_EXCEEDED, 3, NT_UNIT_COUNT, 5, 4);
  machine_wait(&m, 1);
  passes(&m, BUY, 4, 100000);
  nt_order replace = machine_request(&m, NT_MESSAGE_REPLACE, 1, 6, NT_ABSENT); /* replaces count, cancels do not */
  machine_send(&m, &replace);
  CHECK_EQUAL(machine_one(&m, NT_EXEC_REPLACE_REJECTED)->reason, NT_REASON_RATE_LIMIT_EXCEEDED);
  nt_order cancel = machine_request(&m, NT_MESSAGE_CANCEL, 1, NT_ABSENT, NT_ABSENT);
  machine_send(&m, &cancel);
  machine_one(&m, NT_EXEC_CANCELED);
  machine_wait(&m, 1000000000);
  for (int i = 0; i < 4; i++) passes(&m, BUY, 4, 100000);
  sends(&m, BUY, 4, 100000);
  machine_denied(&m, NT_CHECK_RATE, NT_REASON_RATE_LIMIT_EXCEEDED, 3, NT_UNIT_COUNT, 5, 4);
  nt_state_destroy(m.state);
}

static void check_22_daily_loss(void) {
  machine_limits limits = machine_defaults();
  limits.terms.fee_taker = 0;
  limits.account.max_daily_loss = (int64_t)100 * 4 * 5000;
  machine m = machine_make(&limits);
  machine_session(&m, NT_SESSION_OPEN, 1);
  machine_trade(&m, 100000, 100, BUY);
  machine_new(&m, BUY, 4, NT_ABSENT, NT_TIF_DAY);
  machine_trade(&m, 100000, 100, BUY); /* long 4 at 100025 */
  uint64_t working = machine_new(&m, BUY, 4, 90000, NT_TIF_GTC);
  machine_trade(&m, 99950, 1, SELL); /* loses 75 a unit */
  CHECK_EQUAL(m.state->keeping[0].state, NT_STATE_ACTIVE);
  machine_trade(&m, 99925, 1, SELL); /* 100 a unit: the limit */
  CHECK_EQUAL(m.state->keeping[0].state, NT_STATE_HALTED);
  const nt_report *canceled = machine_one(&m, NT_EXEC_CANCELED);
  CHECK_EQUAL(canceled->client_order_id, working);
  CHECK_EQUAL(canceled->reason, NT_REASON_KILL_SWITCH);
  sends(&m, SELL, 4, 100000);
  machine_denied(&m, NT_CHECK_DAILY_LOSS, NT_REASON_DAILY_LOSS_LIMIT, 21, NT_UNIT_MONEY, (int64_t)100 * 4 * 5000,
                 limits.account.max_daily_loss);
  machine_trade(&m, 100100, 1, BUY); /* a recovery does not unlatch it */
  sends(&m, SELL, 4, 100000);
  CHECK_EQUAL(machine_one(&m, NT_EXEC_DENIED)->reason, NT_REASON_DAILY_LOSS_LIMIT);
  machine_session(&m, NT_SESSION_OPEN, 2); /* nor does a new day */
  sends(&m, SELL, 4, 100000);
  CHECK_EQUAL(machine_one(&m, NT_EXEC_DENIED)->reason, NT_REASON_DAILY_LOSS_LIMIT);
  machine_state(&m, NT_STATE_ACTIVE); /* a person does, and the limit counts from here */
  machine_trade(&m, 100025, 1, SELL);
  CHECK_EQUAL(m.state->keeping[0].state, NT_STATE_ACTIVE);
  machine_trade(&m, 100000, 1, SELL);
  CHECK_EQUAL(m.state->keeping[0].state, NT_STATE_HALTED);
  nt_state_destroy(m.state);
}

static void every_reason_has_a_fix_code(void) {
  for (uint16_t reason = NT_REASON_MALFORMED; reason <= NT_REASON_QUANTITY_BELOW_FILLED; reason++) {
    uint16_t fix = nt_reason_fix(reason);
    CHECK(fix <= 33 || fix == 99);
  }
  CHECK_EQUAL(nt_reason_fix(NT_REASON_TOO_LATE), 4);
  CHECK_EQUAL(nt_reason_fix(NT_REASON_NO_PRINT), 99);
  CHECK_EQUAL(nt_reason_fix(NT_REASON_UNKNOWN_ORDER), 5);
}

int main(void) {
  RUN(check_1_well_formed);
  RUN(check_2_trading_state);
  RUN(check_3_session);
  RUN(check_5_duplicate);
  RUN(check_7_quantity);
  RUN(check_8_price);
  RUN(check_10_freshness);
  RUN(check_11_collar);
  RUN(check_12_notional);
  RUN(check_14_open_orders);
  RUN(check_15_position);
  RUN(check_15_without_a_limit);
  RUN(check_19_rate);
  RUN(check_22_daily_loss);
  RUN(every_reason_has_a_fix_code);
  return 0;
}
