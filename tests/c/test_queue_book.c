/* Fills by queue position where the feed has levels. */
#include "machine_fixture.h"

#define BUY NT_SIDE_BUY
#define SELL NT_SIDE_SELL
#define STEP 25

typedef struct ladder {
  machine m;
  int64_t update_id;
} ladder;

static void put(machine *m, nt_tick tick) {
  tick.ts_event = tick.ts_recv = m->ts;
  tick.flags = NT_TICK_LAST_OF_SLICE;
  machine_input(m, (nt_input){.kind = NT_INPUT_TICK, .tick = &tick});
  CHECK(tick.kind != 0);
}

static void level(ladder *l, uint8_t side, int64_t price, int64_t size) {
  put(&l->m, (nt_tick){.price = price, .size = size, .trade_id = ++l->update_id, .aggressor = (int8_t)side, .kind = NT_TICK_LEVEL});
}

/* Bids 99975 x 10, 99950 x 20, 99900 x 30; asks 100000 x 5, 100025 x 10, 100075 x 15. */
static ladder fresh(uint32_t fill_model, uint32_t book_depth) {
  machine_limits limits = machine_defaults();
  limits.instrument.lot_size = limits.instrument.minimum_quantity = 1;
  limits.config.fill_model = fill_model;
  limits.config.book_depth = book_depth;
  limits.config.slippage_ticks = 0;
  ladder l = {.m = machine_make(&limits)};
  put(&l.m, (nt_tick){.kind = NT_TICK_BOOK_CLEAR});
  static const int64_t bids[][2] = {{99975, 10}, {99950, 20}, {99900, 30}}, asks[][2] = {{100000, 5}, {100025, 10}, {100075, 15}};
  for (int i = 0; i < 3; i++) {
    level(&l, BUY, bids[i][0], bids[i][1]);
    level(&l, SELL, asks[i][0], asks[i][1]);
  }
  return l;
}

static void expect_fill(const machine *m, uint32_t at, uint64_t id, int64_t price, int64_t quantity, uint8_t liquidity) {
  CHECK(m->effects.count > at);
  const nt_report *report = &m->effects.reports[at];
  CHECK_EQUAL(report->exec_type, NT_EXEC_TRADE);
  CHECK_EQUAL(report->client_order_id, id);
  CHECK_EQUAL(report->last_price, price);
  CHECK_EQUAL(report->last_quantity, quantity);
  CHECK_EQUAL(report->liquidity, liquidity);
}

/* Prints of `ahead` leave the order alone, one more fills it. */
static void expect_queue(ladder *l, int64_t price, int64_t ahead) {
  if (ahead > 0) machine_trade(&l->m, price, ahead, SELL);
  if (ahead > 0) CHECK_EQUAL(l->m.effects.count, 0);
  machine_trade(&l->m, price, 1, SELL);
  CHECK_EQUAL(l->m.effects.count, 1);
  expect_fill(&l->m, 0, 1, price, 1, NT_LIQUIDITY_MAKER);
  nt_state_destroy(l->m.state);
}

static void a_queue_is_what_is_displayed_at_its_price(void) {
  static const int64_t at[][2] = {{99975, 10}, {99950, 20}, {99925, 0}, {99900, 30}, {99875, 0}};
  for (int i = 0; i < 5; i++) {
    ladder l = fresh(NT_FILL_QUEUE, 0);
    machine_new(&l.m, BUY, 1, at[i][0], NT_TIF_GTC);
    expect_queue(&l, at[i][0], at[i][1]);
  }
}

static void levels_shorten_it(void) {
  for (uint32_t model = NT_FILL_QUEUE; model <= NT_FILL_PROBABILISTIC; model++) {
    ladder l = fresh(model, 0);
    machine_new(&l.m, BUY, 1, 99950, NT_TIF_GTC);
    level(&l, BUY, 99950, 40); /* twenty behind it */
    level(&l, BUY, 99900, 1);  /* another price */
    level(&l, SELL, 100025, 1);
    level(&l, BUY, 99950, 24); /* of what has left, half was before it */
    expect_queue(&l, 99950, model == NT_FILL_QUEUE ? 20 : 12);
    l = fresh(model, 0);
    machine_new(&l.m, BUY, 1, 99950, NT_TIF_GTC);
    level(&l, BUY, 99950, 40);
    machine_trade(&l.m, 99950, 4, SELL);
    level(&l, BUY, 99950, 36); /* no more than has traded */
    expect_queue(&l, 99950, 16);
    l = fresh(model, 0);
    machine_new(&l.m, BUY, 1, 99950, NT_TIF_GTC);
    level(&l, BUY, 99950, 0); /* the last before it has gone */
    level(&l, BUY, 99950, 50);
    expect_queue(&l, 99950, 0);
  }
}

static void other_prices_are_left_alone(void) {
  ladder l = fresh(NT_FILL_QUEUE, 0);
  machine_new(&l.m, BUY, 1, 99975, NT_TIF_GTC);
  machine_new(&l.m, BUY, 1, 99950, NT_TIF_GTC);
  level(&l, BUY, 99975, 1);
  machine_trade(&l.m, 99950, 20, SELL); /* through the first, the queue of the second */
  CHECK_EQUAL(l.m.effects.count, 1);
  expect_fill(&l.m, 0, 1, 99975, 1, NT_LIQUIDITY_MAKER);
  machine_trade(&l.m, 99950, 1, SELL);
  expect_fill(&l.m, 0, 2, 99950, 1, NT_LIQUIDITY_MAKER);
  nt_state_destroy(l.m.state);
}

static void takers_walk_the_levels(void) {
  ladder l = fresh(NT_FILL_QUEUE, 0);
  machine_new(&l.m, BUY, 8, NT_ABSENT, NT_TIF_DAY);
  CHECK_EQUAL(l.m.effects.count, 3);
  expect_fill(&l.m, 1, 1, 100000, 5, NT_LIQUIDITY_TAKER);
  expect_fill(&l.m, 2, 1, 100025, 3, NT_LIQUIDITY_TAKER);
  machine_new(&l.m, BUY, 9, 100050, NT_TIF_FOK); /* seven are left to its limit */
  CHECK_EQUAL(l.m.effects.reports[1].exec_type, NT_EXEC_CANCELED);
  machine_new(&l.m, BUY, 7, 100050, NT_TIF_FOK);
  expect_fill(&l.m, 1, 3, 100025, 7, NT_LIQUIDITY_TAKER);
  machine_new(&l.m, BUY, 20, NT_ABSENT, NT_TIF_DAY);
  expect_fill(&l.m, 1, 4, 100075, 15, NT_LIQUIDITY_TAKER);
  CHECK_EQUAL(l.m.effects.count, 2); /* five wait until the book is told anew */
  level(&l, SELL, 100000, 2);
  expect_fill(&l.m, 0, 4, 100000, 2, NT_LIQUIDITY_TAKER);
  expect_fill(&l.m, 1, 4, 100025, 3, NT_LIQUIDITY_TAKER);
  machine_new(&l.m, SELL, 15, 99950, NT_TIF_IOC);
  expect_fill(&l.m, 1, 5, 99975, 10, NT_LIQUIDITY_TAKER);
  expect_fill(&l.m, 2, 5, 99950, 5, NT_LIQUIDITY_TAKER);
  nt_state_destroy(l.m.state);
}

static void what_is_not_known_is_not_assumed(void) {
  ladder l = fresh(NT_FILL_QUEUE, 0);
  put(&l.m, (nt_tick){.kind = NT_TICK_GAP});
  machine_new(&l.m, BUY, 1, 99975, NT_TIF_GTC); /* the book is stale: it fills only through its price */
  machine_trade(&l.m, 99975, 1000, SELL);
  CHECK_EQUAL(l.m.effects.count, 0);
  machine_new(&l.m, BUY, 1, NT_ABSENT, NT_TIF_DAY);
  CHECK_EQUAL(l.m.effects.reports[0].exec_type, NT_EXEC_REJECTED);
  CHECK_EQUAL(l.m.effects.reports[0].reason, NT_REASON_MARKET_PRICE_UNAVAILABLE);
  put(&l.m, (nt_tick){.kind = NT_TICK_BOOK_CLEAR});
  level(&l, BUY, 99975, 3);
  expect_queue(&l, 99975, 3);
  l = fresh(NT_FILL_QUEUE, NT_BOOK_LEVELS);
  for (int64_t i = 1; i <= 10; i++) level(&l, SELL, 100075 + STEP * i, 1); /* 13 asks, of which ten are kept */
  machine_new(&l.m, BUY, 100, NT_ABSENT, NT_TIF_DAY);
  CHECK_EQUAL(l.m.effects.count, 11); /* NEW and ten levels */
  expect_fill(&l.m, 10, 1, 100075 + STEP * 7, 1, NT_LIQUIDITY_TAKER);
  nt_state_destroy(l.m.state);
}

static void a_book_that_comes_to_a_price_fills_it(void) {
  ladder l = fresh(NT_FILL_QUEUE, 0);
  machine_new(&l.m, BUY, 4, 99975, NT_TIF_GTC);
  level(&l, BUY, 99975, 0);
  level(&l, SELL, 99975, 3);
  CHECK_EQUAL(l.m.effects.count, 1);
  expect_fill(&l.m, 0, 1, 99975, 3, NT_LIQUIDITY_MAKER);
  CHECK_EQUAL(l.m.state->markets[0].mark, (99950 + 99975) >> 1); /* nothing has traded */
  nt_state_destroy(l.m.state);
}

int main(void) {
  RUN(a_queue_is_what_is_displayed_at_its_price);
  RUN(levels_shorten_it);
  RUN(other_prices_are_left_alone);
  RUN(takers_walk_the_levels);
  RUN(what_is_not_known_is_not_assumed);
  RUN(a_book_that_comes_to_a_price_fills_it);
  return 0;
}
