/* The running sums of exposure, open notional and buying power against sums made from scratch, over random trading; the search for own
 * orders against a scan; products into money against plain division. */
#include "machine_fixture.h"
#include "recount.h"

static int64_t draw_raw(uint64_t *seed, int bits) {
  int64_t value = (int64_t)(check_random(seed) >> (64 - 1 - check_random(seed) % (uint64_t)bits));
  return value < NT_RAW_MAX ? value : NT_RAW_MAX;
}

static void a_ratio_is_exact(void) {
  uint64_t seed = 3;
  const int64_t edges[] = {1, 2, 3, 7, 9999, 10000, 10001, 1000000, (int64_t)1 << 50, NT_RAW_MAX - 1, NT_RAW_MAX};
  for (int i = 0; i < 2000000; i++) {
    int64_t numerator = i % 5 == 0 ? edges[check_random(&seed) % 11] : draw_raw(&seed, 51);
    int64_t denominator = i % 3 == 0 ? edges[check_random(&seed) % 11] : 1 + draw_raw(&seed, 50);
    nt_wide product = (nt_wide)draw_raw(&seed, 52) * draw_raw(&seed, 52);
    if (i % 7 == 0 && numerator > 0) product = ((nt_wide)denominator << 62) / numerator + (nt_wide)(check_random(&seed) % 5) - 2;
    if (i % 11 == 0 && numerator > 0) product = product / denominator * denominator / numerator;
    if (product < 0) continue;
    nt_ratio ratio = nt_ratio_of(numerator, denominator);
    nt_wide expected = recount_ceiling(product, numerator, denominator);
    int64_t actual = nt_ratio_up(&ratio, product);
    if (actual == INT64_MAX && expected == (nt_wide)1 << 62) continue; /* both sides of the last value */
    CHECK(actual == expected);
  }
  nt_ratio none = nt_ratio_of(0, 10);
  CHECK_EQUAL(nt_ratio_up(&none, (nt_wide)NT_RAW_MAX * NT_RAW_MAX), 0);
}

static machine market_of_two(uint64_t seed) {
  machine_limits limits = machine_defaults();
  limits.config.latency_in_ns = (int64_t)(seed % 3) * 10;
  limits.config.latency_out_ns = (int64_t)(seed % 2) * 15;
  limits.config.order_capacity = 32;
  limits.account.cash = NT_RAW_MAX / 2;
  limits.account.max_gross_exposure = limits.account.max_open_notional = NT_RAW_MAX;
  limits.account.self_trade = seed % 2 ? NT_SELF_TRADE_CANCEL_OLDEST : NT_SELF_TRADE_CANCEL_NEWEST;
  limits.terms.initial_margin_bps = 3333;
  limits.terms.fee_taker_ppb = 450001;
  limits.terms.fee_maker_ppb = -50000;
  limits.terms.value_numerator = 10;
  limits.terms.value_denominator = 7;
  machine m = machine_make(&limits);
  nt_error error;
  strcpy(limits.instrument.symbol, "NQ");
  limits.instrument.quantity_decimals = 3;
  CHECK_EQUAL(nt_instrument_add(m.state, &limits.instrument, &error), 1);
  strcpy(limits.account.name, "other");
  limits.account.self_trade = 0;
  CHECK_EQUAL(nt_account_add(m.state, &limits.account, &error), 1);
  for (uint32_t i = 1; i < 4; i++) {
    limits.terms.account = i / 2;
    limits.terms.instrument = i % 2;
    limits.terms.value_denominator = 7 + i;
    limits.terms.initial_margin_bps = i == 3 ? NT_ABSENT : 10000;
    CHECK_EQUAL(nt_terms_set(m.state, &limits.terms, &error), NT_OK);
  }
  return m;
}

static void sums_stay_exact(uint64_t seed) {
  machine m = market_of_two(seed);
  int accepted = 0, fills = 0;
  for (int i = 0; i < 6000; i++) {
    uint64_t what = check_random(&seed) % 10;
    int64_t price = 100000 + 25 * (int64_t)(check_random(&seed) % 21) - 250;
    m.ts += (int64_t)(check_random(&seed) % 8);
    if (what < 4) {
      uint8_t side = (uint8_t)(1 + check_random(&seed) % 2);
      nt_order order = machine_order(&m, side, 4 + 2 * (int64_t)(check_random(&seed) % 10), check_random(&seed) % 4 ? price : NT_ABSENT);
      order.account = (uint16_t)(check_random(&seed) % 2);
      order.instrument = (uint32_t)(check_random(&seed) % 2);
      order.time_in_force = (uint8_t)(1 + check_random(&seed) % 4);
      machine_send(&m, &order);
    } else if (what < 7) {
      uint64_t target = m.next_id > 20 ? m.next_id - 1 - check_random(&seed) % 20 : 1;
      int64_t quantity = check_random(&seed) % 2 ? NT_ABSENT : 4 + 2 * (int64_t)(check_random(&seed) % 12);
      int replaces = check_random(&seed) % 3 != 0;
      nt_order order = machine_request(&m, replaces ? NT_MESSAGE_REPLACE : NT_MESSAGE_CANCEL, target, replaces ? quantity : 0,
                                       replaces && check_random(&seed) % 2 ? price : NT_ABSENT);
      machine_send(&m, &order);
    } else {
      nt_tick tick = {.ts_event = m.ts,
                      .ts_recv = m.ts,
                      .price = price,
                      .size = 1 + (int64_t)(check_random(&seed) % 30),
                      .aggressor = 1 + (int64_t)(check_random(&seed) % 2),
                      .instrument = (uint32_t)(check_random(&seed) % 2),
                      .kind = NT_TICK_TRADE};
      machine_input(&m, (nt_input){.kind = NT_INPUT_TICK, .tick = &tick});
    }
    accepted += (int)m.effects.accepted;
    fills = (int)m.state->counters.fills;
    recount_state(m.state);
  }
  CHECK(accepted > 500 && fills > 300);
  machine_state(&m, NT_STATE_HALTED);
  machine_wait(&m, 1000);
  machine_state(&m, NT_STATE_ACTIVE);
  recount_state(m.state);
  for (int i = 0; i < 4; i++) { /* flat: everything is given back to the last unit */
    int64_t position = m.state->pairs[i / 2 * 2 + i % 2].position;
    if (position == 0) continue;
    nt_order order = machine_order(&m, position > 0 ? NT_SIDE_SELL : NT_SIDE_BUY, 0, NT_ABSENT);
    order.quantity = position > 0 ? position : -position;
    order.account = (uint16_t)(i / 2);
    order.instrument = (uint32_t)(i % 2);
    while (order.quantity % 2 != 0 || order.quantity < 4) { /* an odd lot is rounded up with a trade of the test's own */
      m.state->pairs[i].position += position > 0 ? 1 : -1;
      order.quantity++;
    }
    nt_exposure_terms(m.state, order.account, order.instrument);
    machine_send(&m, &order);
    CHECK_EQUAL(m.effects.accepted, 1);
    machine_wait(&m, 100);
    nt_tick tick = {.ts_event = m.ts, .ts_recv = m.ts, .price = 100000, .size = 1000000, .aggressor = order.side, .kind = NT_TICK_TRADE};
    tick.instrument = order.instrument;
    machine_input(&m, (nt_input){.kind = NT_INPUT_TICK, .tick = &tick});
    machine_wait(&m, 100);
    CHECK_EQUAL(m.state->pairs[i].position, 0);
  }
  for (int account = 0; account < 2; account++) {
    const nt_book_keeping *keeping = &m.state->keeping[account];
    CHECK(keeping->open_orders == 0 && keeping->exposure == 0 && keeping->open_notional == 0 && keeping->reserved_money == 0);
  }
  nt_state_destroy(m.state);
}

/* The largest raw values: sums saturate and deny, and come back to 0. */
static void the_largest_values_do_not_wrap(void) {
  machine_limits limits = machine_defaults();
  limits.instrument.tick_size = limits.instrument.lot_size = limits.instrument.minimum_quantity = 1;
  limits.instrument.maximum_price = NT_RAW_MAX;
  limits.account.cash = NT_RAW_MAX;
  limits.account.max_gross_exposure = limits.account.max_open_notional = limits.account.max_daily_value = NT_RAW_MAX;
  limits.terms.initial_margin_bps = 1000000;
  limits.terms.value_numerator = NT_RAW_MAX;
  machine m = machine_make(&limits);
  nt_order order = machine_order(&m, NT_SIDE_BUY, NT_RAW_MAX, NT_RAW_MAX);
  machine_send(&m, &order);
  CHECK_EQUAL(m.effects.reports[0].reason, NT_REASON_OPEN_NOTIONAL_EXCEEDED);
  CHECK_EQUAL(m.effects.reports[0].observed, INT64_MAX);
  m.state->keeping[0].max_open_notional = INT64_MAX;
  order.client_order_id = m.next_id++;
  machine_send(&m, &order);
  CHECK_EQUAL(m.effects.reports[0].reason, NT_REASON_GROSS_EXPOSURE_EXCEEDED);
  m.state->keeping[0].max_gross_exposure = INT64_MAX;
  order.client_order_id = m.next_id++;
  machine_send(&m, &order);
  CHECK_EQUAL(m.effects.reports[0].reason, NT_REASON_INSUFFICIENT_BUYING_POWER);
  m.state->pairs[0].initial_margin_bps = 0;
  order.client_order_id = m.next_id++;
  machine_send(&m, &order);
  CHECK_EQUAL(m.effects.reports[0].reason, NT_REASON_DAILY_VALUE_EXCEEDED);
  m.state->keeping[0].max_daily_value = INT64_MAX;
  m.state->pairs[0].initial_margin_bps = 1000000;
  m.state->keeping[0].values = 0;
  order.client_order_id = m.next_id++;
  machine_send(&m, &order);
  CHECK_EQUAL(m.effects.accepted, 1);
  CHECK(m.state->keeping[0].exposure == INT64_MAX && m.state->keeping[0].reserved_money == INT64_MAX);
  machine_state(&m, NT_STATE_HALTED);
  CHECK(m.state->keeping[0].exposure == 0 && m.state->keeping[0].reserved_money == 0 && m.state->keeping[0].open_notional == 0);
  nt_state_destroy(m.state);
}

int main(void) {
  RUN(a_ratio_is_exact);
  for (uint64_t seed = 1; seed <= 6; seed++) sums_stay_exact(seed);
  RUN(the_largest_values_do_not_wrap);
  return 0;
}
