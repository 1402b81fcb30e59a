/* The checks of a replace: what it would make of its order is held against the limits; a refusal leaves the order as it was. */
#include "machine_fixture.h"

#define BUY NT_SIDE_BUY
#define SELL NT_SIDE_SELL
#define KEEP NT_ABSENT

static void replaces(machine *m, uint64_t id, int64_t quantity, int64_t price) {
  nt_order request = machine_request(m, NT_MESSAGE_REPLACE, id, quantity, price);
  machine_send(m, &request);
}

static void passes(machine *m, uint64_t id, int64_t quantity, int64_t price) {
  replaces(m, id, quantity, price);
  CHECK_EQUAL(m->effects.accepted, 1);
  machine_one(m, NT_EXEC_REPLACED);
}

/* Refused by this check, and the order works on. */
static void refused(machine *m, uint64_t id, uint16_t check, uint16_t reason, uint16_t fix, uint8_t unit, int64_t observed, int64_t limit) {
  const nt_report *report = machine_one(m, NT_EXEC_REPLACE_REJECTED);
  const nt_entry *entry = &m->state->entries[id];
  CHECK_EQUAL(report->client_order_id, id);
  CHECK_EQUAL(report->check, check);
  CHECK_EQUAL(report->reason, reason);
  CHECK_EQUAL(report->fix_reason, fix);
  CHECK_EQUAL(report->unit, unit);
  CHECK_EQUAL(report->observed, observed);
  CHECK_EQUAL(report->limit, limit);
  CHECK_EQUAL(report->order_status, entry->status);
  CHECK_EQUAL(report->leaves_quantity, nt_leaves(entry));
  CHECK_EQUAL(entry->pending_replace, 0);
  CHECK_EQUAL(entry->reserved_extra, 0);
  CHECK_EQUAL(entry->price, entry->venue_price);
  CHECK_EQUAL(entry->quantity, entry->venue_quantity);
  CHECK_EQUAL(m->effects.accepted, 0);
}

static machine long_ten(const machine_limits *limits) {
  machine m = machine_make(limits);
  machine_trade(&m, 100000, 100, BUY);
  machine_new(&m, BUY, 10, NT_ABSENT, NT_TIF_DAY);
  machine_trade(&m, 100000, 100, BUY);
  CHECK_EQUAL(m.state->pairs[0].position, 10);
  return m;
}

static void replace_1_well_formed(void) {
  machine_limits limits = machine_defaults();
  machine m = machine_make(&limits);
  uint64_t id = machine_new(&m, BUY, 4, 100000, NT_TIF_DAY);
  for (uint8_t message = NT_MESSAGE_REPLACE; message <= NT_MESSAGE_MASS_CANCEL; message++) {
    for (int field = 0; field < 8; field++) {
      nt_order request = machine_request(&m, message, id, KEEP, KEEP);
      if (message == NT_MESSAGE_MASS_CANCEL) request.instrument = NT_NONE;
      if (field == 0 && message == NT_MESSAGE_MASS_CANCEL) continue; /* its line 1 says nothing */
      if (field == 0) request.flags = 0;
      if (field == 1) request.flags |= 2;
      if (field == 2) request.client_order_id = 0;
      if (field == 3) request.expire_ts = 5;
      if (field == 4) request.display_quantity = 1;
      if (field == 5) request.reserved = 1;
      if (field == 6) request.reserved0[6] = 1;
      if (field == 7 && message != NT_MESSAGE_REPLACE) continue;
      if (field == 7) request.trigger_price = 100000;
      machine_send(&m, &request);
      const nt_report *report = machine_one(&m, message == NT_MESSAGE_REPLACE ? NT_EXEC_REPLACE_REJECTED : NT_EXEC_CANCEL_REJECTED);
      CHECK_EQUAL(report->check, NT_CHECK_WELL_FORMED);
      CHECK_EQUAL(report->reason, NT_REASON_MALFORMED);
      CHECK_EQUAL(report->fix_reason, 11);
      CHECK_EQUAL(report->observed, request.client_order_id);
      CHECK_EQUAL(m.effects.accepted, 0);
    }
  }
  uint64_t market = machine_new(&m, BUY, 4, NT_ABSENT, NT_TIF_DAY);
  replaces(&m, market, 4, 100000);
  refused(&m, market, NT_CHECK_WELL_FORMED, NT_REASON_MALFORMED, 11, NT_UNIT_PRICE, 100000, NT_ABSENT);
  nt_order request = machine_request(&m, NT_MESSAGE_REPLACE, id, 6, 99900);
  request.expire_ts = request.display_quantity = NT_ABSENT;
  machine_send(&m, &request);
  machine_one(&m, NT_EXEC_REPLACED);
  nt_state_destroy(m.state);
}

static void replace_2_trading_state(void) {
  machine_limits limits = machine_defaults();
  machine m = long_ten(&limits);
  uint64_t sell = machine_new(&m, SELL, 6, 101000, NT_TIF_GTC), buy = machine_new(&m, BUY, 4, 99000, NT_TIF_GTC);
  machine_state(&m, NT_STATE_REDUCING);
  passes(&m, sell, 10, KEEP);
  replaces(&m, sell, 12, KEEP); /* would turn the position */
  refused(&m, sell, NT_CHECK_TRADING_STATE, NT_REASON_TRADING_STATE_REDUCING, 0, NT_UNIT_QUANTITY, 12, 10);
  passes(&m, sell, 4, 101025);
  replaces(&m, buy, KEEP, 99025); /* a buy cannot reduce */
  refused(&m, buy, NT_CHECK_TRADING_STATE, NT_REASON_TRADING_STATE_REDUCING, 0, NT_UNIT_QUANTITY, 4, 0);
  m.state->keeping[0].state = NT_STATE_HALTED; /* without the cancels that come with a halt */
  replaces(&m, sell, 6, KEEP);
  refused(&m, sell, NT_CHECK_TRADING_STATE, NT_REASON_TRADING_HALTED, 0, NT_UNIT_STATE, NT_STATE_HALTED, NT_STATE_ACTIVE);
  m.state->keeping[0].state_reason = NT_REASON_DAILY_LOSS_LIMIT;
  m.state->keeping[0].max_daily_loss = 77;
  replaces(&m, sell, 6, KEEP);
  CHECK_EQUAL(machine_one(&m, NT_EXEC_REPLACE_REJECTED)->check, NT_CHECK_DAILY_LOSS);
  CHECK_EQUAL(m.effects.reports[0].limit, 77);
  nt_state_destroy(m.state);
}

static void replace_3_session(void) {
  machine_limits limits = machine_defaults();
  machine m = machine_make(&limits);
  uint64_t id = machine_new(&m, BUY, 4, 99000, NT_TIF_GTC);
  machine_session(&m, NT_SESSION_CLOSED, 1);
  replaces(&m, id, 6, KEEP);
  refused(&m, id, NT_CHECK_SESSION, NT_REASON_MARKET_CLOSED, 2, NT_UNIT_STATE, NT_SESSION_CLOSED, NT_SESSION_OPEN);
  machine_session(&m, NT_SESSION_HALTED, 1);
  replaces(&m, id, 6, KEEP);
  refused(&m, id, NT_CHECK_SESSION, NT_REASON_INSTRUMENT_HALTED, 2, NT_UNIT_STATE, NT_SESSION_HALTED, NT_SESSION_OPEN);
  nt_order cancel = machine_request(&m, NT_MESSAGE_CANCEL, id, KEEP, KEEP); /* a cancel passes */
  machine_send(&m, &cancel);
  machine_one(&m, NT_EXEC_CANCELED);
  nt_state_destroy(m.state);
}

static void replace_7_quantity(void) {
  machine_limits limits = machine_defaults();
  limits.terms.max_order_quantity = 20;
  machine m = machine_make(&limits);
  machine_trade(&m, 100000, 1, BUY);
  uint64_t id = machine_new(&m, BUY, 10, 99900, NT_TIF_DAY);
  passes(&m, id, 20, KEEP);
  replaces(&m, id, 21, KEEP);
  refused(&m, id, NT_CHECK_QUANTITY, NT_REASON_QUANTITY_EXCEEDS_MAXIMUM, 26, NT_UNIT_QUANTITY, 21, 20);
  replaces(&m, id, 5, KEEP);
  refused(&m, id, NT_CHECK_QUANTITY, NT_REASON_LOT_SIZE_VIOLATION, 13, NT_UNIT_QUANTITY, 5, 2);
  replaces(&m, id, 3, KEEP);
  refused(&m, id, NT_CHECK_QUANTITY, NT_REASON_QUANTITY_BELOW_MINIMUM, 13, NT_UNIT_QUANTITY, 3, 4);
  replaces(&m, id, 0, KEEP);
  refused(&m, id, NT_CHECK_QUANTITY, NT_REASON_QUANTITY_NOT_POSITIVE, 13, NT_UNIT_QUANTITY, 0, 1);
  replaces(&m, id, INT64_MAX, KEEP);
  refused(&m, id, NT_CHECK_QUANTITY, NT_REASON_QUANTITY_EXCEEDS_MAXIMUM, 26, NT_UNIT_QUANTITY, INT64_MAX, 20);
  machine_trade(&m, 99800, 6, SELL);
  replaces(&m, id, 6, KEEP);
  refused(&m, id, NT_CHECK_QUANTITY, NT_REASON_QUANTITY_BELOW_FILLED, 13, NT_UNIT_QUANTITY, 6, 6);
  passes(&m, id, 8, KEEP);
  CHECK_EQUAL(m.state->pairs[0].working_buy, 2);
  nt_state_destroy(m.state);
}

static void replace_8_price(void) {
  machine_limits limits = machine_defaults();
  machine m = machine_make(&limits);
  uint64_t id = machine_new(&m, BUY, 4, 99900, NT_TIF_DAY);
  passes(&m, id, KEEP, 1000000);
  replaces(&m, id, KEEP, 1000025);
  refused(&m, id, NT_CHECK_PRICE, NT_REASON_PRICE_EXCEEDS_MAXIMUM, 16, NT_UNIT_PRICE, 1000025, 1000000);
  replaces(&m, id, KEEP, 99901);
  refused(&m, id, NT_CHECK_PRICE, NT_REASON_TICK_SIZE_VIOLATION, 18, NT_UNIT_PRICE, 99901, 25);
  replaces(&m, id, KEEP, 0);
  refused(&m, id, NT_CHECK_PRICE, NT_REASON_PRICE_NOT_POSITIVE, 18, NT_UNIT_PRICE, 0, 25);
  passes(&m, id, KEEP, 25);
  nt_state_destroy(m.state);
}

static void replace_10_freshness(void) {
  machine_limits limits = machine_defaults();
  limits.terms.max_quote_age_ns = 1000;
  machine m = machine_make(&limits);
  machine_quote(&m, 100000, 100025);
  uint64_t id = machine_new(&m, BUY, 4, 99900, NT_TIF_DAY);
  machine_wait(&m, 1000);
  passes(&m, id, 6, KEEP);
  machine_wait(&m, 1);
  replaces(&m, id, 4, KEEP);
  refused(&m, id, NT_CHECK_FRESHNESS, NT_REASON_STALE_MARKET_DATA, 19, NT_UNIT_NANOSECONDS, 1001, 1000);
  nt_state_destroy(m.state);
}

static void replace_11_collar(void) {
  machine_limits limits = machine_defaults();
  limits.terms.price_collar_bps = 50;
  machine m = machine_make(&limits);
  machine_quote(&m, 100000, 100000);
  uint64_t buy = machine_new(&m, BUY, 4, 99900, NT_TIF_DAY), sell = machine_new(&m, SELL, 4, 100100, NT_TIF_DAY);
  replaces(&m, buy, KEEP, 100525); /* before it is there: it would take */
  refused(&m, buy, NT_CHECK_COLLAR, NT_REASON_PRICE_COLLAR, 16, NT_UNIT_PRICE, 100525, 100500);
  passes(&m, buy, KEEP, 100500);
  replaces(&m, sell, KEEP, 99475);
  refused(&m, sell, NT_CHECK_COLLAR, NT_REASON_PRICE_COLLAR, 16, NT_UNIT_PRICE, 99475, 99500);
  passes(&m, sell, KEEP, 99500);
  uint64_t market = machine_new(&m, SELL, 4, NT_ABSENT, NT_TIF_DAY);
  passes(&m, market, 6, KEEP); /* nothing to hold against it */
  nt_state_destroy(m.state);
}

static void replace_12_notional(void) {
  machine_limits limits = machine_defaults();
  limits.terms.max_order_notional = (int64_t)100000 * 10 * 5000;
  machine m = machine_make(&limits);
  machine_quote(&m, 99950, 99975);
  uint64_t id = machine_new(&m, BUY, 4, 100000, NT_TIF_DAY), market = machine_new(&m, BUY, 4, NT_ABSENT, NT_TIF_DAY);
  passes(&m, id, 10, KEEP); /* the whole order counts, not what is added */
  replaces(&m, id, KEEP, 100025);
  refused(&m, id, NT_CHECK_NOTIONAL, NT_REASON_NOTIONAL_EXCEEDS_MAXIMUM, 27, NT_UNIT_MONEY, (int64_t)100025 * 10 * 5000,
          limits.terms.max_order_notional);
  passes(&m, market, 10, KEEP);
  replaces(&m, market, 12, KEEP);
  refused(&m, market, NT_CHECK_NOTIONAL, NT_REASON_NOTIONAL_EXCEEDS_MAXIMUM, 27, NT_UNIT_MONEY, (int64_t)100000 * 12 * 5000,
          limits.terms.max_order_notional);
  machine_quote(&m, 100000, 99975); /* crossed: a market order has no price */
  replaces(&m, market, 4, KEEP);
  refused(&m, market, NT_CHECK_NOTIONAL, NT_REASON_MARKET_PRICE_UNAVAILABLE, 19, NT_UNIT_MONEY, NT_ABSENT, limits.terms.max_order_notional);
  nt_state_destroy(m.state);
}

static void replace_15_position(void) {
  machine_limits limits = machine_defaults();
  limits.terms.max_position = 20;
  machine m = long_ten(&limits);
  uint64_t buy = machine_new(&m, BUY, 4, 99000, NT_TIF_DAY), sell = machine_new(&m, SELL, 4, 101000, NT_TIF_DAY);
  passes(&m, buy, 10, KEEP);
  replaces(&m, buy, 12, KEEP);
  refused(&m, buy, NT_CHECK_POSITION, NT_REASON_POSITION_LIMIT_EXCEEDED, 3, NT_UNIT_QUANTITY, 22, 20);
  passes(&m, buy, KEEP, 99025); /* at the limit it still moves */
  passes(&m, sell, 30, KEEP);
  replaces(&m, sell, 32, KEEP);
  refused(&m, sell, NT_CHECK_POSITION, NT_REASON_POSITION_LIMIT_EXCEEDED, 3, NT_UNIT_QUANTITY, 22, 20);
  CHECK_EQUAL(m.state->pairs[0].working_buy, 10);
  CHECK_EQUAL(m.state->pairs[0].working_sell, 30);
  passes(&m, sell, 4, KEEP);
  CHECK_EQUAL(m.state->pairs[0].working_sell, 4);
  nt_state_destroy(m.state);
}

static void replace_19_rate(void) {
  machine_limits limits = machine_defaults();
  limits.account.max_orders_per_second = 4;
  machine m = machine_make(&limits);
  uint64_t id = machine_new(&m, BUY, 4, 99000, NT_TIF_DAY);
  for (int64_t i = 0; i < 3; i++) passes(&m, id, 4 + 2 * i, KEEP);
  replaces(&m, id, 4, KEEP);
  refused(&m, id, NT_CHECK_RATE, NT_REASON_RATE_LIMIT_EXCEEDED, 3, NT_UNIT_COUNT, 5, 4);
  machine_wait(&m, 250000000);
  passes(&m, id, 4, KEEP);
  replaces(&m, id, 6, KEEP);
  refused(&m, id, NT_CHECK_RATE, NT_REASON_RATE_LIMIT_EXCEEDED, 3, NT_UNIT_COUNT, 5, 4);
  nt_state_destroy(m.state);
}

/* What is under way counts as if it were done, and is given back when it is not. */
static void what_a_replace_reserves(void) {
  machine_limits limits = machine_defaults();
  limits.terms.max_position = 20;
  limits.config.latency_in_ns = 100;
  machine m = machine_make(&limits);
  machine_trade(&m, 100000, 1, BUY);
  uint64_t id = machine_new(&m, BUY, 10, 99900, NT_TIF_DAY);
  machine_wait(&m, 100);
  replaces(&m, id, 20, KEEP);
  CHECK_EQUAL(m.effects.accepted, 1);
  CHECK_EQUAL(m.state->pairs[0].working_buy, 20);
  nt_order order = machine_order(&m, BUY, 4, 99900);
  machine_send(&m, &order);
  CHECK_EQUAL(machine_one(&m, NT_EXEC_DENIED)->reason, NT_REASON_POSITION_LIMIT_EXCEEDED);
  replaces(&m, id, 4, KEEP);
  CHECK_EQUAL(machine_one(&m, NT_EXEC_REPLACE_REJECTED)->reason, NT_REASON_PENDING_REQUEST);
  CHECK_EQUAL(m.effects.reports[0].order_status, NT_STATUS_PENDING_REPLACE);
  machine_trade(&m, 99800, 6, SELL); /* trades meanwhile */
  CHECK_EQUAL(m.state->pairs[0].position, 6);
  CHECK_EQUAL(m.state->pairs[0].working_buy, 14);
  nt_order cancel = machine_request(&m, NT_MESSAGE_CANCEL, id, KEEP, KEEP);
  machine_send(&m, &cancel); /* a cancel may follow a replace */
  CHECK_EQUAL(m.effects.accepted, 1);
  machine_wait(&m, 100);
  CHECK_EQUAL(m.effects.count, 2);
  CHECK_EQUAL(m.effects.reports[0].exec_type, NT_EXEC_REPLACED);
  CHECK_EQUAL(m.effects.reports[0].order_status, NT_STATUS_PENDING_CANCEL);
  CHECK_EQUAL(m.effects.reports[0].leaves_quantity, 14);
  CHECK_EQUAL(m.effects.reports[1].exec_type, NT_EXEC_CANCELED);
  CHECK_EQUAL(m.state->pairs[0].working_buy, 0);
  /* to less: exposure goes down when the venue says so, not before */
  id = machine_new(&m, BUY, 10, 99900, NT_TIF_DAY);
  machine_wait(&m, 100);
  replaces(&m, id, 4, KEEP);
  CHECK_EQUAL(m.state->pairs[0].working_buy, 10);
  machine_wait(&m, 100);
  CHECK_EQUAL(m.state->pairs[0].working_buy, 4);
  nt_state_destroy(m.state);
}

int main(void) {
  RUN(replace_1_well_formed);
  RUN(replace_2_trading_state);
  RUN(replace_3_session);
  RUN(replace_7_quantity);
  RUN(replace_8_price);
  RUN(replace_10_freshness);
  RUN(replace_11_collar);
  RUN(replace_12_notional);
  RUN(replace_15_position);
  RUN(replace_19_rate);
  RUN(what_a_replace_reserves);
  return 0;
}
