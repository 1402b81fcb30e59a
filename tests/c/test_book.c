/* The store of a book against plain references: what shows is the best of what is displayed, at any depth and in any order of updates. */
#include "machine_fixture.h"

#define GRID 3000
#define BID 1
#define ASK 2

static machine make(uint32_t depth, uint32_t instruments) {
  machine_limits limits = machine_defaults();
  limits.config.book_depth = depth;
  limits.instrument.tick_size = 1;
  machine m = machine_make(&limits);
  nt_error error;
  memcpy(limits.instrument.symbol, "NQ", 3);
  if (instruments == 2) CHECK_EQUAL(nt_instrument_add(m.state, &limits.instrument, &error), 1);
  return m;
}

static nt_tick level(uint32_t instrument, int64_t id, int64_t side, int64_t price, int64_t size, uint8_t flags) {
  return (nt_tick){
      .price = price, .size = size, .trade_id = id, .aggressor = side, .instrument = instrument, .kind = NT_TICK_LEVEL, .flags = flags};
}

/* Returns whether it was taken. */
static int put(machine *m, nt_tick tick) {
  tick.ts_event = m->ts;
  tick.ts_recv = m->ts + 7;
  machine_input(m, (nt_input){.kind = NT_INPUT_TICK, .tick = &tick});
  return tick.kind != 0;
}

static void clear(machine *m, uint32_t instrument) {
  CHECK(put(m, (nt_tick){.instrument = instrument, .kind = NT_TICK_BOOK_CLEAR}));
}

static const nt_book *shown(const machine *m, uint32_t instrument) {
  return &m->state->depths[instrument].shown;
}

static void check_shown(const nt_book *book, int64_t side, uint32_t rank, int64_t price, int64_t size) {
  CHECK_EQUAL(side == BID ? book->bid_prices[rank] : book->ask_prices[rank], price);
  CHECK_EQUAL(side == BID ? book->bid_sizes[rank] : book->ask_sizes[rank], size);
}

/* ---- random updates ---------------------------------------------------------------------------------------------------------- */

/* What the venue displays, by price: no store, no bound. */
typedef struct reference {
  int64_t sizes[2][GRID + 1];
  uint32_t count[2];
} reference;

static void reference_put(reference *r, int64_t side, int64_t price, int64_t size) {
  int64_t *at = &r->sizes[side - 1][price];
  if (size != 0 && *at == 0) r->count[side - 1]++;
  if (size == 0 && *at != 0) r->count[side - 1]--;
  *at = size;
}

/* Compares the first shown levels of a side with the best displayed. */
static void reference_check(const reference *r, const nt_book *book, int64_t side, uint32_t ranks) {
  uint32_t rank = 0;
  for (int64_t i = 0; i < GRID && rank < ranks; i++) {
    int64_t price = side == BID ? GRID - i : 1 + i;
    int64_t size = r->sizes[side - 1][price];
    if (size != 0) check_shown(book, side, rank++, price, size);
  }
  for (; rank < ranks; rank++) check_shown(book, side, rank, NT_ABSENT, 0);
}

/* Prices near a wandering middle, at the ends, far away and where nothing is; sizes of one, of the greatest, and removals. */
static nt_tick random_level(uint64_t *seed, int64_t id, int64_t range) {
  uint64_t a = check_random(seed), b = check_random(seed);
  int64_t side = 1 + (int64_t)(a & 1), middle = range / 2 + (int64_t)(a >> 40) % 21 - 10;
  int64_t away = (a >> 2 & 3) == 0 ? (int64_t)(b % (uint64_t)range) : (int64_t)(b % 24);
  int64_t price = side == BID ? middle - away : middle + away;
  if ((a >> 4 & 63) == 0) price = (a >> 10 & 1) == 0 ? 1 : range;
  price = price < 1 ? 1 : price > range ? range : price;
  int64_t size = (b >> 50 & 3) == 0 ? 0 : (b >> 52 & 31) == 0 ? NT_RAW_MAX : 1 + (int64_t)(b >> 57);
  return level(0, id, side, price, size, NT_TICK_LAST_OF_SLICE);
}

static void test_random_updates_show_the_best_of_all(void) {
  static reference r;
  machine m = make(4096, 1);
  uint64_t seed = 3;
  clear(&m, 0);
  for (int64_t id = 1; id <= 200000; id++) {
    nt_tick tick = random_level(&seed, id, GRID);
    CHECK(put(&m, tick));
    reference_put(&r, tick.aggressor, tick.price, tick.size);
    const nt_book *book = shown(&m, 0);
    reference_check(&r, book, BID, NT_BOOK_LEVELS);
    reference_check(&r, book, ASK, NT_BOOK_LEVELS);
    CHECK_EQUAL(book->bid_count, r.count[0]);
    CHECK_EQUAL(book->ask_count, r.count[1]);
    CHECK_EQUAL(book->dropped, 0);
    int crossed = book->bid_count > 0 && book->ask_count > 0 && book->bid_prices[0] >= book->ask_prices[0];
    CHECK_EQUAL(book->flags, crossed ? NT_BOOK_CROSSED : 0);
  }
  CHECK(r.count[0] > 500 && r.count[1] > 500);
  nt_state_destroy(m.state);
}

/* A store that overflows all the time never claims what it does not know, and what it does claim is so. */
static void test_a_full_store_says_what_it_does_not_know(void) {
  static const uint32_t depths[] = {10, 11, 16, 40};
  uint64_t seed = 11;
  for (int d = 0; d < 4; d++) {
    static reference r;
    memset(&r, 0, sizeof(r));
    machine m = make(depths[d], 1);
    uint64_t exact = 0, inexact = 0, quoted = 0, unquoted = 0;
    clear(&m, 0);
    for (int64_t id = 1; id <= 50000; id++) {
      if (id % 5000 == 0) {
        clear(&m, 0);
        memset(&r, 0, sizeof(r));
      }
      nt_tick tick = random_level(&seed, id, 400);
      const nt_book *book = shown(&m, 0);
      if (id % 1000 < 60 && book->bid_count > 0 && book->ask_count > 0) { /* the best go, one after the other */
        tick.price = tick.aggressor == BID ? book->bid_prices[0] : book->ask_prices[0];
        tick.size = 0;
      }
      CHECK(put(&m, tick));
      reference_put(&r, tick.aggressor, tick.price, tick.size);
      CHECK(book->bid_count <= depths[d] && book->ask_count <= depths[d]);
      CHECK_EQUAL((book->flags & NT_BOOK_TRUNCATED) != 0, book->dropped > 0);
      if ((book->flags & NT_BOOK_INEXACT) == 0) {
        reference_check(&r, book, BID, NT_BOOK_LEVELS);
        reference_check(&r, book, ASK, NT_BOOK_LEVELS);
      }
      const nt_market *market = &m.state->markets[0];
      if (market->bid != NT_ABSENT) reference_check(&r, book, BID, 1);
      if (market->ask != NT_ABSENT) reference_check(&r, book, ASK, 1);
      ++*((book->flags & NT_BOOK_INEXACT) != 0 ? &inexact : &exact);
      ++*(market->bid == NT_ABSENT && book->bid_count > 0 ? &unquoted : &quoted);
    }
    CHECK(exact > 100 && quoted > 1000);
    CHECK(depths[d] > 16 || (inexact > 1000 && unquoted > 0));
    nt_state_destroy(m.state);
  }
}

static void test_the_same_ticks_give_the_same_bytes(void) {
  machine a = make(16, 1), b = make(16, 1);
  uint64_t seed = 5;
  clear(&a, 0);
  clear(&b, 0);
  for (int64_t id = 1; id <= 5000; id++) {
    nt_tick tick = random_level(&seed, id, 400);
    CHECK(put(&a, tick) && put(&b, tick));
    CHECK(memcmp(shown(&a, 0), shown(&b, 0), sizeof(nt_book)) == 0);
    CHECK(memcmp(&a.state->quotes[0], &b.state->quotes[0], sizeof(nt_quote)) == 0);
    CHECK(memcmp(&a.state->features[0], &b.state->features[0], sizeof(nt_features)) == 0);
  }
  nt_state_destroy(a.state);
  nt_state_destroy(b.state);
}

/* Whole sides move through their spans: up, down, in from either end. */
static void test_levels_that_march_stay_in_order(void) {
  machine m = make(64, 1);
  clear(&m, 0);
  for (int64_t step = 0; step < 4000; step++) {
    int64_t up = step % 2000 < 1000 ? step % 2000 : 2000 - step % 2000, bid = 1000 + up;
    for (int64_t i = 0; i < 3; i++) CHECK(put(&m, level(0, 0, BID, bid - i, 5 + i, 0)));
    CHECK(put(&m, level(0, 0, BID, bid + (step % 2000 > 0 && step % 2000 < 1000 ? -3 : 1), 0, 0)));
    check_shown(shown(&m, 0), BID, 0, bid, 5);
    check_shown(shown(&m, 0), BID, 2, bid - 2, 7);
    CHECK_EQUAL(shown(&m, 0)->dropped, 0);
  }
  nt_state_destroy(m.state);
}

/* ---- updates ----------------------------------------------------------------------------------------------------------------- */

static void test_snapshot_and_updates_show_as_wholes(void) {
  machine m = make(1024, 1);
  clear(&m, 0);
  for (int64_t i = 0; i < 500; i++) {
    CHECK(put(&m, level(0, 70, BID, 1000 - i, 1 + i, NT_TICK_SNAPSHOT)));
    CHECK(put(&m, level(0, 70, ASK, 1001 + i, 1 + i, NT_TICK_SNAPSHOT)));
    CHECK_EQUAL(shown(&m, 0)->bid_count, 0);
    CHECK_EQUAL(m.state->markets[0].bid, NT_ABSENT);
  }
  CHECK(put(&m, level(0, 71, BID, 1000, 0, 0))); /* the next update shows the one before */
  CHECK_EQUAL(shown(&m, 0)->update_id, 70);
  CHECK_EQUAL(shown(&m, 0)->bid_count, 500);
  check_shown(shown(&m, 0), BID, 0, 1000, 1);
  check_shown(shown(&m, 0), ASK, 9, 1010, 10);
  CHECK(put(&m, level(0, 71, ASK, 1000, 3, 0)));
  check_shown(shown(&m, 0), BID, 0, 1000, 1);
  CHECK(put(&m, level(0, 71, BID, 999, 4, NT_TICK_LAST_OF_SLICE))); /* the end of a slice shows what is under way */
  CHECK_EQUAL(shown(&m, 0)->update_id, 71);
  CHECK_EQUAL(shown(&m, 0)->flags, 0);
  check_shown(shown(&m, 0), BID, 0, 999, 4);
  check_shown(shown(&m, 0), BID, 9, 990, 11);
  check_shown(shown(&m, 0), ASK, 0, 1000, 3);
  check_shown(shown(&m, 0), ASK, 9, 1009, 9);
  CHECK(put(&m, level(0, 72, BID, 999, 0, 0)));
  machine_trade(&m, 999, 1, 0); /* a tick of another kind does, too: a print meets the book before it */
  check_shown(shown(&m, 0), BID, 0, 998, 3);
  CHECK(put(&m, level(0, 73, BID, 998, 0, 0)));
  clear(&m, 0);
  CHECK_EQUAL(shown(&m, 0)->bid_count, 0);
  CHECK_EQUAL(shown(&m, 0)->update_id, 0);
  nt_state_destroy(m.state);
}

static void test_a_removal_of_an_unknown_level_changes_nothing(void) {
  machine m = make(16, 1);
  clear(&m, 0);
  CHECK(put(&m, level(0, 0, BID, 100, 5, 0)) && put(&m, level(0, 0, ASK, 100, 6, 0)));
  CHECK_EQUAL(shown(&m, 0)->flags, NT_BOOK_CROSSED); /* one price on both sides: two levels */
  CHECK(put(&m, level(0, 0, BID, 99, 0, 0)) && put(&m, level(0, 0, BID, 101, 0, 0)) && put(&m, level(0, 0, ASK, 99, 0, 0)));
  CHECK_EQUAL(shown(&m, 0)->bid_count, 1);
  check_shown(shown(&m, 0), BID, 0, 100, 5);
  check_shown(shown(&m, 0), ASK, 0, 100, 6);
  CHECK(put(&m, level(0, 0, BID, 100, 0, 0)));
  CHECK_EQUAL(shown(&m, 0)->bid_count, 0);
  CHECK_EQUAL(shown(&m, 0)->flags, 0);
  check_shown(shown(&m, 0), BID, 0, NT_ABSENT, 0);
  check_shown(shown(&m, 0), ASK, 0, 100, 6);
  nt_state_destroy(m.state);
}

static void test_overflow_drops_the_worst_and_says_so(void) {
  machine m = make(12, 1);
  clear(&m, 0);
  for (int64_t i = 0; i < 12; i++) CHECK(put(&m, level(0, 0, ASK, 200 + i, 1, 0)));
  CHECK_EQUAL(shown(&m, 0)->ask_count, 12);
  CHECK_EQUAL(shown(&m, 0)->flags, 0);
  CHECK(put(&m, level(0, 0, ASK, 199, 1, 0))); /* 211 goes */
  CHECK_EQUAL(shown(&m, 0)->ask_count, 12);
  CHECK_EQUAL(shown(&m, 0)->dropped, 1);
  CHECK_EQUAL(shown(&m, 0)->flags, NT_BOOK_TRUNCATED); /* the ten that show are the best; of the bids none was dropped */
  CHECK(put(&m, level(0, 0, BID, 190, 1, 0)));
  CHECK(put(&m, level(0, 0, ASK, 230, 1, 0))); /* worse than all: not taken */
  CHECK_EQUAL(shown(&m, 0)->dropped, 2);
  for (int64_t i = 0; i < 3; i++) CHECK(put(&m, level(0, 0, ASK, 199 + i, 0, 0)));
  CHECK_EQUAL(shown(&m, 0)->ask_count, 9);
  CHECK_EQUAL(shown(&m, 0)->flags, NT_BOOK_TRUNCATED | NT_BOOK_INEXACT); /* the tenth was dropped */
  CHECK(put(&m, level(0, 0, ASK, 220, 9, 0)));                           /* known, but 211 would come before it */
  check_shown(shown(&m, 0), ASK, 9, 220, 9);
  CHECK_EQUAL(shown(&m, 0)->flags, NT_BOOK_TRUNCATED | NT_BOOK_INEXACT);
  CHECK_EQUAL(m.state->markets[0].ask, 202);
  for (int64_t i = 0; i < 9; i++) CHECK(put(&m, level(0, 0, ASK, 202 + i, 0, 0)));
  check_shown(shown(&m, 0), ASK, 0, 220, 9);
  CHECK_EQUAL(m.state->markets[0].ask, NT_ABSENT); /* perhaps 211 is the best */
  CHECK_EQUAL(m.state->markets[0].bid, 190);
  clear(&m, 0);
  CHECK_EQUAL(shown(&m, 0)->flags, 0);
  CHECK_EQUAL(shown(&m, 0)->dropped, 0);
  nt_state_destroy(m.state);
}

static void test_books_of_two_instruments_are_apart(void) {
  machine m = make(16, 2);
  clear(&m, 0);
  clear(&m, 1);
  CHECK(put(&m, level(0, 5, BID, 100, 1, 0)));
  CHECK(put(&m, level(1, 3, BID, 200, 2, 0)));
  CHECK_EQUAL(shown(&m, 0)->bid_count, 0);
  CHECK(put(&m, (nt_tick){.kind = NT_TICK_CLOCK, .flags = NT_TICK_LAST_OF_SLICE})); /* the slice of both ends */
  check_shown(shown(&m, 0), BID, 0, 100, 1);
  check_shown(shown(&m, 1), BID, 0, 200, 2);
  CHECK_EQUAL(shown(&m, 0)->update_id, 5);
  CHECK_EQUAL(shown(&m, 1)->update_id, 3);
  clear(&m, 0);
  CHECK_EQUAL(shown(&m, 1)->bid_count, 1);
  CHECK(put(&m, level(0, 6, BID, 101, 1, 0)) && put(&m, level(1, 4, BID, 201, 1, 0)));
  CHECK(!put(&m, level(1, 3, BID, 1, 1, NT_TICK_LAST_OF_SLICE))); /* refused, but the slice ends with it */
  check_shown(shown(&m, 0), BID, 0, 101, 1);
  check_shown(shown(&m, 1), BID, 0, 201, 1);
  CHECK(put(&m, level(1, 5, ASK, 300, 1, 0)));
  CHECK(put(&m, (nt_tick){.kind = NT_TICK_END})); /* so does the source */
  check_shown(shown(&m, 1), ASK, 0, 300, 1);
  nt_state_destroy(m.state);
}

static void test_every_field_follows_its_input(void) {
  machine m = make(16, 1);
  clear(&m, 0);
  CHECK_EQUAL(shown(&m, 0)->ts_event, m.ts);
  m.ts += 100;
  CHECK(put(&m, level(0, 41, BID, 100, 5, NT_TICK_LAST_OF_SLICE)));
  CHECK_EQUAL(shown(&m, 0)->ts_event, m.ts);
  CHECK_EQUAL(shown(&m, 0)->ts_recv, m.ts + 7);
  CHECK_EQUAL(shown(&m, 0)->update_id, 41);
  CHECK_EQUAL(shown(&m, 0)->bid_count, 1);
  CHECK_EQUAL(shown(&m, 0)->ask_count, 0);
  m.ts += 100;
  CHECK(put(&m, level(0, 42, ASK, 102, 6, NT_TICK_LAST_OF_SLICE)));
  CHECK_EQUAL(shown(&m, 0)->ts_event, m.ts);
  CHECK_EQUAL(shown(&m, 0)->update_id, 42);
  CHECK_EQUAL(shown(&m, 0)->ask_count, 1);
  CHECK_EQUAL(shown(&m, 0)->reserved, 0);
  check_shown(shown(&m, 0), BID, 0, 100, 5);
  check_shown(shown(&m, 0), ASK, 0, 102, 6);
  nt_state_destroy(m.state);
}

static void test_levels_out_of_range_are_refused(void) {
  machine m = make(16, 1);
  clear(&m, 0);
  CHECK(put(&m, level(0, 10, BID, 1, NT_RAW_MAX, 0)) && put(&m, level(0, 10, BID, 1000000, 1, 0)));
  static const int64_t bad_sizes[] = {-1, NT_RAW_MAX + 1, (int64_t)1 << 53, INT64_MAX, NT_ABSENT};
  static const int64_t bad_prices[] = {0, -1, 1000001, INT64_MAX, NT_ABSENT};
  static const int64_t bad_sides[] = {0, 3, -1, 257, INT64_MAX, NT_ABSENT};
  static const int64_t bad_ids[] = {9, 0, -1, NT_ABSENT};
  uint64_t refused = 0;
  for (int i = 0; i < 5; i++) refused += !put(&m, level(0, 10, BID, 100, bad_sizes[i], 0));
  for (int i = 0; i < 5; i++) refused += !put(&m, level(0, 10, BID, bad_prices[i], 1, 0));
  for (int i = 0; i < 6; i++) refused += !put(&m, level(0, 10, bad_sides[i], 100, 1, 0));
  for (int i = 0; i < 4; i++) refused += !put(&m, level(0, bad_ids[i], BID, 100, 1, 0));
  refused += !put(&m, level(1, 10, BID, 100, 1, 0));
  refused += !put(&m, level(NT_NONE, 10, BID, 100, 1, 0));
  refused += !put(&m, (nt_tick){.instrument = 1, .kind = NT_TICK_BOOK_CLEAR});
  refused += !put(&m, (nt_tick){.kind = NT_TICK_LATENCY + 1});
  CHECK_EQUAL(refused, 24);
  CHECK_EQUAL(m.state->counters.hostile_records, 24);
  CHECK(put(&m, level(0, INT64_MAX, ASK, 100, 1, NT_TICK_LAST_OF_SLICE)));
  CHECK_EQUAL(shown(&m, 0)->bid_count, 2);
  clear(&m, 0); /* ids begin anew */
  CHECK(put(&m, level(0, 1, ASK, 100, 1, 0)));
  nt_state_destroy(m.state);
}

static void test_prices_below_zero_are_in_order(void) {
  machine_limits limits = machine_defaults();
  limits.instrument.allow_negative_price = 1;
  limits.instrument.maximum_price = NT_RAW_MAX;
  machine m = machine_make(&limits);
  clear(&m, 0);
  static const int64_t prices[] = {0, -NT_RAW_MAX, -5, NT_RAW_MAX, -4};
  for (int i = 0; i < 5; i++) CHECK(put(&m, level(0, 0, BID, prices[i], 1, 0)) && put(&m, level(0, 0, ASK, prices[i], 2, 0)));
  static const int64_t best_first[] = {NT_RAW_MAX, 0, -4, -5, -NT_RAW_MAX};
  for (uint32_t i = 0; i < 5; i++) {
    check_shown(shown(&m, 0), BID, i, best_first[i], 1);
    check_shown(shown(&m, 0), ASK, i, best_first[4 - i], 2);
  }
  CHECK(!put(&m, level(0, 0, BID, -NT_RAW_MAX - 1, 1, 0)));
  nt_state_destroy(m.state);
}

int main(void) {
  RUN(test_random_updates_show_the_best_of_all);
  RUN(test_a_full_store_says_what_it_does_not_know);
  RUN(test_the_same_ticks_give_the_same_bytes);
  RUN(test_levels_that_march_stay_in_order);
  RUN(test_snapshot_and_updates_show_as_wholes);
  RUN(test_a_removal_of_an_unknown_level_changes_nothing);
  RUN(test_overflow_drops_the_worst_and_says_so);
  RUN(test_books_of_two_instruments_are_apart);
  RUN(test_every_field_follows_its_input);
  RUN(test_levels_out_of_range_are_refused);
  RUN(test_prices_below_zero_are_in_order);
  return 0;
}
