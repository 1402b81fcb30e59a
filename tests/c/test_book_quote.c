/* The book as the quote: what the checks, the venue, the features and readers see of it, and what takes it away. */
#include "kernel_fixture.h"
#include "machine_fixture.h"

#define BID 1
#define ASK 2
#define AGE 1000

static machine make(void) {
  machine_limits limits = machine_defaults();
  limits.terms.max_quote_age_ns = AGE;
  limits.terms.price_collar_bps = 1000;
  limits.terms.max_order_notional = 1000000000000;
  return machine_make(&limits);
}

static nt_tick level(const machine *m, int64_t id, int64_t side, int64_t price, int64_t size) {
  return (nt_tick){.ts_event = m->ts - 3,
                   .ts_recv = m->ts,
                   .price = price,
                   .size = size,
                   .trade_id = id,
                   .aggressor = side,
                   .kind = NT_TICK_LEVEL,
                   .flags = NT_TICK_LAST_OF_SLICE};
}

static void put(machine *m, nt_tick tick) {
  machine_input(m, (nt_input){.kind = NT_INPUT_TICK, .tick = &tick});
  CHECK(tick.kind != 0);
}

static void put_level(machine *m, int64_t id, int64_t side, int64_t price, int64_t size) {
  put(m, level(m, id, side, price, size));
}

static void clear(machine *m) {
  put(m, (nt_tick){.ts_event = m->ts - 3, .ts_recv = m->ts, .kind = NT_TICK_BOOK_CLEAR});
}

static void gap(machine *m, uint32_t instrument) {
  put(m, (nt_tick){.ts_event = m->ts - 3, .ts_recv = m->ts, .instrument = instrument, .kind = NT_TICK_GAP});
}

static const nt_quote *quote(const machine *m) {
  return &m->state->quotes[0];
}

static void check_quote(const machine *m, int64_t bid, int64_t bid_size, int64_t ask, int64_t ask_size) {
  CHECK_EQUAL(quote(m)->bid_price, bid);
  CHECK_EQUAL(quote(m)->bid_size, bid_size);
  CHECK_EQUAL(quote(m)->ask_price, ask);
  CHECK_EQUAL(quote(m)->ask_size, ask_size);
  CHECK_EQUAL(m->state->markets[0].bid, bid);
  CHECK_EQUAL(m->state->markets[0].ask, ask);
}

static void send(machine *m, int64_t price) {
  nt_order order = machine_order(m, NT_SIDE_BUY, 4, price);
  machine_send(m, &order);
}

static void check_passes(machine *m, int64_t price) {
  send(m, price);
  CHECK_EQUAL(m->effects.accepted, 1);
}

static void check_unavailable(machine *m) {
  send(m, 1000);
  machine_denied(m, NT_CHECK_FRESHNESS, NT_REASON_MARKET_PRICE_UNAVAILABLE, 19, NT_UNIT_NANOSECONDS, NT_ABSENT, AGE);
  nt_pair *pair = &m->state->pairs[0];
  pair->max_quote_age_ns = INT64_MAX; /* each check that needs a price, not only the first */
  send(m, 1000);
  machine_denied(m, NT_CHECK_COLLAR, NT_REASON_MARKET_PRICE_UNAVAILABLE, 19, NT_UNIT_PRICE, 1000, NT_ABSENT);
  send(m, NT_ABSENT);
  machine_denied(m, NT_CHECK_NOTIONAL, NT_REASON_MARKET_PRICE_UNAVAILABLE, 19, NT_UNIT_MONEY, NT_ABSENT, 1000000000000);
  pair->max_quote_age_ns = AGE;
}

static void two_sides(machine *m) {
  put_level(m, 1, BID, 1000, 5);
  put_level(m, 2, ASK, 1025, 6);
}

static void test_the_best_levels_are_the_quote(void) {
  machine m = make();
  clear(&m);
  two_sides(&m);
  check_quote(&m, 1000, 5, 1025, 6);
  CHECK_EQUAL(quote(&m)->ts_event, m.ts - 3);
  CHECK_EQUAL(quote(&m)->ts_recv, m.ts);
  CHECK_EQUAL(quote(&m)->flags, 0);
  put_level(&m, 3, BID, 975, 9);
  check_quote(&m, 1000, 5, 1025, 6);
  put_level(&m, 4, BID, 1000, 0);
  check_quote(&m, 975, 9, 1025, 6);
  put_level(&m, 5, ASK, 1000, 7);
  check_quote(&m, 975, 9, 1000, 7);
  put_level(&m, 6, ASK, 1000, 8);
  check_quote(&m, 975, 9, 1000, 8);
  put_level(&m, 7, BID, 975, 0);
  check_quote(&m, NT_ABSENT, NT_ABSENT, 1000, 8);
  nt_state_destroy(m.state);
}

static void test_checks_use_the_book(void) {
  machine m = make();
  clear(&m);
  check_unavailable(&m);
  put_level(&m, 1, BID, 1000, 5);
  check_unavailable(&m); /* one side is no quote */
  put_level(&m, 2, ASK, 1025, 6);
  check_passes(&m, 1125); /* 10 % above the ask is 1127.5, and its tick 1125 */
  send(&m, 1150);
  machine_denied(&m, NT_CHECK_COLLAR, NT_REASON_PRICE_COLLAR, 16, NT_UNIT_PRICE, 1150, 1127);
  put_level(&m, 3, ASK, 1025, 0);
  put_level(&m, 3, ASK, 1050, 1);
  check_passes(&m, 1150);
  nt_state_destroy(m.state);
}

static void test_a_crossed_book_is_no_quote(void) {
  machine m = make();
  clear(&m);
  two_sides(&m);
  put_level(&m, 3, BID, 1025, 1);
  CHECK_EQUAL(m.state->depths[0].shown.flags, NT_BOOK_CROSSED);
  check_passes(&m, 1000); /* one price on both sides: locked, as a quote may be */
  put_level(&m, 4, BID, 1050, 1);
  CHECK_EQUAL(m.state->depths[0].shown.flags, NT_BOOK_CROSSED);
  check_unavailable(&m);
  put_level(&m, 5, BID, 1050, 0);
  put_level(&m, 5, BID, 1025, 0);
  CHECK_EQUAL(m.state->depths[0].shown.flags, 0);
  check_passes(&m, 1000);
  nt_state_destroy(m.state);
}

static void test_the_age_counts_from_the_last_update(void) {
  machine m = make();
  clear(&m);
  two_sides(&m);
  machine_wait(&m, AGE);
  check_passes(&m, 1000);
  machine_wait(&m, 1);
  send(&m, 1000);
  machine_denied(&m, NT_CHECK_FRESHNESS, NT_REASON_STALE_MARKET_DATA, 19, NT_UNIT_NANOSECONDS, AGE + 1, AGE);
  machine_quote(&m, 1000, 1025); /* not the book's */
  machine_trade(&m, 1000, 1, 0);
  send(&m, 1000);
  machine_denied(&m, NT_CHECK_FRESHNESS, NT_REASON_STALE_MARKET_DATA, 19, NT_UNIT_NANOSECONDS, AGE + 1, AGE);
  put_level(&m, 3, BID, 500, 1); /* far below the best: the feed lives */
  check_passes(&m, 1000);
  nt_state_destroy(m.state);
}

static void test_a_gap_makes_the_book_stale_until_a_clear(void) {
  machine m = make();
  gap(&m, 0); /* nothing to lose */
  CHECK_EQUAL(m.state->dirty_market_count, 1);
  CHECK_EQUAL(m.state->depths[0].dirty, 0);
  clear(&m);
  two_sides(&m);
  gap(&m, 1); /* another instrument's, or nobody's */
  gap(&m, 77);
  CHECK_EQUAL(m.state->depths[0].shown.flags, 0);
  static const uint32_t whose[] = {0, NT_NONE};
  for (int i = 0; i < 2; i++) {
    gap(&m, whose[i]);
    CHECK_EQUAL(m.state->depths[0].shown.flags, NT_BOOK_STALE);
    CHECK_EQUAL(m.state->depths[0].shown.bid_prices[0], 1000);
    CHECK_EQUAL(quote(&m)->flags, NT_TICK_STALE);
    check_quote(&m, NT_ABSENT, NT_ABSENT, NT_ABSENT, NT_ABSENT);
    check_unavailable(&m);
    put_level(&m, 9, BID, 1000, 7); /* levels still show, and give no quote */
    CHECK_EQUAL(m.state->depths[0].shown.bid_sizes[0], 7);
    CHECK_EQUAL(m.state->depths[0].shown.flags, NT_BOOK_STALE);
    machine_trade(&m, 1000, 1, 0);
    machine_quote(&m, 1000, 1025);
    CHECK_EQUAL(quote(&m)->flags, NT_TICK_STALE);
    check_unavailable(&m);
    clear(&m);
    CHECK_EQUAL(m.state->depths[0].shown.flags, 0);
    CHECK_EQUAL(quote(&m)->flags, 0);
    check_unavailable(&m);
    two_sides(&m);
    check_passes(&m, 1000);
  }
  nt_state_destroy(m.state);
}

/* Updates that a clear did not begin cannot be told from the middle of a book. */
static void test_without_a_clear_levels_give_no_quote(void) {
  machine m = make();
  put_level(&m, 1, BID, 900, 5);
  put_level(&m, 2, ASK, 925, 5);
  CHECK_EQUAL(m.state->depths[0].shown.flags, NT_BOOK_STALE);
  CHECK_EQUAL(m.state->depths[0].shown.ask_prices[0], 925);
  check_unavailable(&m);
  machine_quote(&m, 1000, 1025); /* the quote is still what the feed says it is */
  check_quote(&m, 1000, 5, 1025, 5);
  check_passes(&m, 1000);
  put_level(&m, 3, BID, 950, 5);
  check_quote(&m, 1000, 5, 1025, 5);
  clear(&m);
  check_quote(&m, NT_ABSENT, NT_ABSENT, NT_ABSENT, NT_ABSENT);
  machine_quote(&m, 1000, 1025);
  check_unavailable(&m);
  two_sides(&m);
  machine_quote(&m, 500, 525);
  check_quote(&m, 1000, 5, 1025, 6);
  nt_state_destroy(m.state);
}

static void test_prints_imply_nothing_beside_a_book(void) {
  machine m = make();
  machine_trade(&m, 1000, 1, 0);
  CHECK_EQUAL(quote(&m)->flags, NT_TICK_IMPLIED);
  clear(&m);
  CHECK_EQUAL(quote(&m)->flags, 0);
  nt_tick print = {.ts_event = m.ts, .ts_recv = m.ts, .price = 1050, .size = 3, .kind = NT_TICK_TRADE};
  nt_input input = {.kind = NT_INPUT_TICK, .tick = &print};
  machine_input(&m, input); /* an empty book does not say who bought */
  CHECK_EQUAL(print.aggressor, 0);
  CHECK_EQUAL(print.flags, 0);
  check_quote(&m, NT_ABSENT, NT_ABSENT, NT_ABSENT, NT_ABSENT);
  CHECK_EQUAL(quote(&m)->last_price, 1050);
  two_sides(&m);
  static const int64_t prices[] = {1000, 1025, 975, 1050};
  static const int64_t aggressors[] = {NT_SIDE_SELL, NT_SIDE_BUY, NT_SIDE_SELL, NT_SIDE_BUY};
  for (int i = 0; i < 4; i++) {
    print.price = prices[i];
    print.aggressor = 0;
    machine_input(&m, input);
    CHECK_EQUAL(print.aggressor, aggressors[i]);
    check_quote(&m, 1000, 5, 1025, 6);
  }
  nt_state_destroy(m.state);
}

/* The same changes of the best levels as quotes and as levels: the same features. */
static void test_features_step_with_the_quote(void) {
  machine a = make(), b = make();
  double x[NT_FEATURE_COUNT], y[NT_FEATURE_COUNT];
  clear(&b);
  put_level(&b, 1, ASK, 5000, 5);
  for (int64_t i = 1; i <= 40; i++) {
    a.ts += 100;
    b.ts = a.ts;
    nt_tick tick = {.ts_event = a.ts - 3,
                    .ts_recv = a.ts,
                    .bid_price = 1000 + i * i % 7 * 25,
                    .ask_price = 5000,
                    .bid_size = i,
                    .ask_size = 5,
                    .kind = NT_TICK_QUOTE};
    put(&a, tick);
    for (int64_t old = 0; old < 7; old++) {
      nt_tick change = level(&b, i + 1, BID, 1000 + old * 25, old == i * i % 7 ? i : 0);
      if (old < 6) change.flags = 0;
      put(&b, change);
    }
    put_level(&b, i + 1, BID, 25, i); /* deep */
  }
  CHECK_EQUAL(nt_features_read(&a.state->features[0], x, NT_FEATURE_COUNT), NT_FEATURE_COUNT);
  CHECK_EQUAL(nt_features_read(&b.state->features[0], y, NT_FEATURE_COUNT), NT_FEATURE_COUNT);
  CHECK(memcmp(x, y, sizeof(x)) == 0);
  nt_state_destroy(a.state);
  nt_state_destroy(b.state);
}

/* A resting order is marketable by the book that stands when it reaches the venue. */
static void test_the_venue_meets_the_book(void) {
  machine m = make();
  clear(&m);
  two_sides(&m);
  uint64_t id = machine_new(&m, NT_SIDE_BUY, 4, 1025, NT_TIF_DAY);
  CHECK_EQUAL(m.state->entries[id & 63].marketable, 1);
  put_level(&m, 3, ASK, 1025, 0);
  put_level(&m, 3, ASK, 1050, 2);
  id = machine_new(&m, NT_SIDE_BUY, 4, 1025, NT_TIF_DAY);
  CHECK_EQUAL(m.state->entries[id & 63].marketable, 0);
  nt_state_destroy(m.state);
}

/* ---- through a kernel -------------------------------------------------------------------------------------------------------- */

static void test_readers_see_the_book(void) {
  nt_kernel_config config = fixture_config("", NT_CLOCK_TAPE);
  uint32_t kernel = fixture_kernel(&config);
  nt_book book;
  CHECK_EQUAL(nt_read_book(kernel, 1, &book), NT_ERR_NOT_FOUND);
  CHECK_EQUAL(nt_read_book(kernel, NT_NONE, &book), NT_ERR_NOT_FOUND);
  CHECK_EQUAL(nt_read_book(kernel, 0, NULL), NT_ERR_INVALID);
  CHECK_EQUAL(nt_read_book(0, 0, &book), NT_ERR_BAD_HANDLE);
  nt_tick ticks[24] = {{.ts_event = 5, .kind = NT_TICK_TRADE, .price = 100000, .size = 1, .flags = NT_TICK_LAST_OF_SLICE},
                       {.ts_event = 10, .kind = NT_TICK_BOOK_CLEAR}};
  for (int64_t i = 0; i < 22; i++)
    ticks[2 + i] = (nt_tick){.ts_event = 10,
                             .price = i % 2 == 0 ? 100000 - i * 25 : 100000 + i * 25,
                             .size = 1 + i,
                             .trade_id = 77,
                             .aggressor = 1 + i % 2,
                             .kind = NT_TICK_LEVEL,
                             .flags = i == 21 ? NT_TICK_SNAPSHOT | NT_TICK_LAST_OF_SLICE : NT_TICK_SNAPSHOT};
  CHECK_EQUAL(nt_kernel_replay(kernel, ticks, 1), 1);
  CHECK_EQUAL(nt_read_book(kernel, 0, &book), NT_ERR_NO_DATA); /* prints make no book */
  CHECK_EQUAL(nt_kernel_replay(kernel, ticks + 1, 23), 23);
  CHECK_EQUAL(nt_read_book(kernel, 0, &book), NT_OK);
  CHECK_EQUAL(book.ts_event, 10);
  CHECK_EQUAL(book.ts_recv, 10);
  CHECK_EQUAL(book.update_id, 77);
  CHECK_EQUAL(book.bid_count, 11);
  CHECK_EQUAL(book.ask_count, 11);
  CHECK_EQUAL(book.flags, 0);
  for (int64_t i = 0; i < 10; i++) {
    CHECK_EQUAL(book.bid_prices[i], 100000 - i * 50);
    CHECK_EQUAL(book.bid_sizes[i], 1 + 2 * i);
    CHECK_EQUAL(book.ask_prices[i], 100025 + i * 50);
    CHECK_EQUAL(book.ask_sizes[i], 2 + 2 * i);
  }
  nt_quote top;
  CHECK_EQUAL(nt_read_quote(kernel, 0, &top), NT_OK);
  CHECK_EQUAL(top.bid_price, 100000);
  CHECK_EQUAL(top.ask_size, 2);
  CHECK_EQUAL(nt_close(kernel), NT_OK);
}

static void test_the_depth_of_the_store_is_configured(void) {
  static const uint32_t bad[] = {1, 9, 65537, NT_NONE};
  nt_kernel_config config = fixture_config("", NT_CLOCK_TAPE);
  nt_error error;
  uint32_t kernel;
  for (int i = 0; i < 4; i++) {
    config.book_depth = bad[i];
    CHECK_EQUAL(nt_kernel_create(&config, &kernel, &error), NT_ERR_INVALID);
    CHECK_EQUAL(error.observed, bad[i]);
    CHECK(strstr(error.text, "book_depth") != NULL);
  }
  config.book_depth = 0;
  config.reserved[0] = 1;
  CHECK_EQUAL(nt_kernel_create(&config, &kernel, &error), NT_ERR_INVALID);
  config.reserved[0] = 0;
  static const uint32_t good[] = {0, 10, 65536}, kept[] = {1024, 10, 2000};
  for (int i = 0; i < 3; i++) {
    config.book_depth = good[i];
    kernel = fixture_kernel(&config);
    nt_tick tick = {.ts_event = 1, .kind = NT_TICK_BOOK_CLEAR};
    CHECK_EQUAL(nt_kernel_replay(kernel, &tick, 1), 1);
    for (int64_t price = 1; price <= 2000; price++) {
      tick = (nt_tick){.ts_event = 1, .price = price, .size = 1, .aggressor = ASK, .kind = NT_TICK_LEVEL, .flags = NT_TICK_LAST_OF_SLICE};
      CHECK_EQUAL(nt_kernel_replay(kernel, &tick, 1), 1);
    }
    nt_book book;
    CHECK_EQUAL(nt_read_book(kernel, 0, &book), NT_OK);
    CHECK_EQUAL(book.ask_count, kept[i]);
    CHECK_EQUAL(book.dropped, 2000 - kept[i]);
    CHECK_EQUAL(nt_close(kernel), NT_OK);
  }
}

int main(void) {
  RUN(test_the_best_levels_are_the_quote);
  RUN(test_checks_use_the_book);
  RUN(test_a_crossed_book_is_no_quote);
  RUN(test_the_age_counts_from_the_last_update);
  RUN(test_a_gap_makes_the_book_stale_until_a_clear);
  RUN(test_without_a_clear_levels_give_no_quote);
  RUN(test_prints_imply_nothing_beside_a_book);
  RUN(test_features_step_with_the_quote);
  RUN(test_the_venue_meets_the_book);
  RUN(test_readers_see_the_book);
  RUN(test_the_depth_of_the_store_is_configured);
  return 0;
}
