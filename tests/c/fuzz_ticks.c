/* Any bytes as levels, clears and gaps of two books: what is taken, kept, dropped and shown is what plain sorted lists give. With
 * -DNT_LIBFUZZER an entry point for libFuzzer; else a program that makes inputs from seeds (argument: how many). */
#include "machine_fixture.h"

#define INSTRUMENTS 2

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct bytes {
  const uint8_t *at, *end;
} bytes;

static uint64_t word(bytes *in, uint32_t count) {
  uint64_t value = 0;
  for (uint32_t i = 0; i < count && in->at < in->end; i++) value |= (uint64_t)*in->at++ << 8 * i;
  return value;
}

/* One side, best first; keys are prices of bids and negated prices of asks. */
typedef struct ladder {
  int64_t keys[64], sizes[64], horizon;
  uint32_t count;
  uint64_t dropped;
} ladder;

typedef struct reference {
  ladder now[2], shown[2];
  int64_t update_id;
  int whole, begun, pending, visible;
} reference;

static void remove_at(ladder *side, uint32_t rank) {
  for (uint32_t i = rank; i + 1 < side->count; i++) {
    side->keys[i] = side->keys[i + 1];
    side->sizes[i] = side->sizes[i + 1];
  }
  side->count--;
}

static void set(ladder *side, uint32_t depth, int64_t key, int64_t size) {
  uint32_t rank = 0;
  while (rank < side->count && side->keys[rank] > key) rank++;
  if (rank < side->count && side->keys[rank] == key) {
    if (size == 0) {
      remove_at(side, rank);
    } else {
      side->sizes[rank] = size;
    }
    return;
  }
  if (size == 0) return;
  for (uint32_t i = side->count++; i > rank; i--) {
    side->keys[i] = side->keys[i - 1];
    side->sizes[i] = side->sizes[i - 1];
  }
  side->keys[rank] = key;
  side->sizes[rank] = size;
  if (side->count <= depth) return;
  int64_t worst = side->keys[--side->count];
  if (side->dropped++ == 0 || worst > side->horizon) side->horizon = worst;
}

static void show(reference *r) {
  r->pending = 0;
  r->visible = 1;
  r->shown[0] = r->now[0];
  r->shown[1] = r->now[1];
}

static void check_book(const nt_state *state, uint32_t instrument, const reference *r) {
  const nt_book *book = &state->depths[instrument].shown;
  if (!r->visible) return;
  int inexact = 0;
  for (uint32_t s = 0; s < 2; s++) {
    const ladder *side = &r->shown[s];
    CHECK_EQUAL(s == 0 ? book->bid_count : book->ask_count, side->count);
    for (uint32_t i = 0; i < NT_BOOK_LEVELS; i++) {
      int64_t price = i < side->count ? (s == 0 ? side->keys[i] : -side->keys[i]) : NT_ABSENT;
      CHECK_EQUAL((s == 0 ? book->bid_prices : book->ask_prices)[i], price);
      CHECK_EQUAL((s == 0 ? book->bid_sizes : book->ask_sizes)[i], i < side->count ? side->sizes[i] : 0);
    }
    inexact |= side->dropped > 0 && (side->count < NT_BOOK_LEVELS || side->keys[NT_BOOK_LEVELS - 1] <= side->horizon);
    const nt_market *market = &state->markets[instrument];
    int known = r->whole && side->count > 0 && (side->dropped == 0 || side->keys[0] > side->horizon);
    if (market->booked) CHECK_EQUAL(s == 0 ? market->bid : market->ask, !known ? NT_ABSENT : s == 0 ? side->keys[0] : -side->keys[0]);
  }
  uint64_t dropped = r->shown[0].dropped + r->shown[1].dropped;
  CHECK_EQUAL(book->dropped, dropped);
  int crossed = r->shown[0].count > 0 && r->shown[1].count > 0 && r->shown[0].keys[0] >= -r->shown[1].keys[0];
  uint32_t flags = (r->whole ? 0 : NT_BOOK_STALE) | (crossed ? NT_BOOK_CROSSED : 0) | (dropped > 0 ? NT_BOOK_TRUNCATED : 0) |
                   (dropped > 0 && inexact ? NT_BOOK_INEXACT : 0);
  CHECK_EQUAL(book->flags, flags);
}

/* What lookups answer comes from the store, which may be ahead of what shows. */
static void check_lookups(const nt_state *state, uint32_t instrument, const reference *r, int64_t price) {
  for (uint32_t s = 0; s < 2; s++) {
    const ladder *side = &r->now[s];
    int64_t key = s == 0 ? price : -price, size = 0, found, shown;
    for (uint32_t i = 0; i < side->count; i++) size = side->keys[i] == key ? side->sizes[i] : size;
    if (!r->whole || (side->dropped > 0 && key <= side->horizon)) size = INT64_MAX;
    CHECK_EQUAL(nt_book_size_at(state, instrument, s, price), size);
    for (uint32_t i = 0; i <= side->count; i++) {
      int known = r->whole && i < side->count && (side->dropped == 0 || side->keys[i] > side->horizon);
      CHECK_EQUAL(nt_book_level(state, instrument, s, i, &found, &shown), known);
      if (known) CHECK(found == (s == 0 ? side->keys[i] : -side->keys[i]) && shown == side->sizes[i]);
    }
  }
}

static int in_range(const nt_tick *tick, const nt_instrument *instrument, const reference *r) {
  int64_t least = instrument->allow_negative_price ? -instrument->maximum_price : 1;
  return tick->price >= least && tick->price <= instrument->maximum_price && tick->size >= 0 && tick->size <= NT_RAW_MAX &&
         (tick->aggressor == 1 || tick->aggressor == 2) && tick->trade_id >= r->update_id;
}

static nt_tick any_tick(bytes *in, const nt_instrument *instrument, const reference *books) {
  uint32_t what = (uint32_t)word(in, 1), where = (uint32_t)word(in, 1);
  nt_tick tick = {.instrument = what & 1, .kind = NT_TICK_LEVEL, .flags = (uint8_t)(what >> 1 & 1)};
  int64_t base = instrument->allow_negative_price ? 0 : instrument->maximum_price < 100 ? 32 : 1000;
  tick.aggressor = 1 + (where & 1);
  tick.price = base + (int64_t)(where >> 1) % 64 - 32;
  tick.size = (int64_t)word(in, 1) % 4;
  tick.trade_id = nt_sum(books[tick.instrument].update_id, what >> 2 & 1);
  if (what >> 3 == 31) tick.trade_id = (int64_t)word(in, 8);
  if (what >> 3 == 30) tick.price = (int64_t)word(in, 8);
  if (what >> 3 == 29) tick.size = (int64_t)word(in, 8);
  if (what >> 3 == 28) tick.price = (where & 2) != 0 ? instrument->maximum_price : -instrument->maximum_price;
  if (what >> 3 == 27) tick.kind = NT_TICK_BOOK_CLEAR;
  if (what >> 3 == 26) tick.kind = NT_TICK_GAP;
  if (what >> 3 == 25) tick.kind = NT_TICK_CLOCK;
  if (tick.kind == NT_TICK_GAP && (where & 2) != 0) tick.instrument = NT_NONE;
  return tick;
}

static void follow(reference *books, const nt_tick *tick, uint32_t depth) {
  for (uint32_t i = 0; i < INSTRUMENTS; i++) {
    reference *r = &books[i];
    int addressed = tick->instrument == i;
    if (tick->kind == NT_TICK_GAP && (addressed || tick->instrument == NT_NONE) && r->begun) {
      r->whole = 0;
      show(r);
    } else if (tick->kind == NT_TICK_BOOK_CLEAR && addressed) {
      *r = (reference){.whole = 1, .begun = 1, .visible = 1};
    } else if (tick->kind == NT_TICK_LEVEL && addressed) {
      if (r->pending && tick->trade_id != r->update_id) show(r);
      r->begun = r->pending = 1;
      r->update_id = tick->trade_id;
      set(&r->now[tick->aggressor - 1], depth, tick->aggressor == 1 ? tick->price : -tick->price, tick->size);
      if (tick->trade_id == 0) show(r);
    }
    if ((tick->flags & NT_TICK_LAST_OF_SLICE) != 0 && r->pending) show(r);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  bytes in = {data, data + size};
  machine_limits limits = machine_defaults();
  nt_error error;
  uint32_t shape = (uint32_t)word(&in, 1), depth = NT_BOOK_LEVELS + (shape >> 4) % 8;
  limits.config.book_depth = depth;
  limits.instrument.tick_size = 1;
  limits.instrument.allow_negative_price = shape & 1;
  limits.instrument.maximum_price = (shape & 6) == 0 ? 64 : (shape & 6) == 2 ? NT_RAW_MAX : 1000000;
  machine m = machine_make(&limits);
  memcpy(limits.instrument.symbol, "NQ", 3);
  CHECK_EQUAL(nt_instrument_add(m.state, &limits.instrument, &error), 1);
  static reference books[INSTRUMENTS];
  memset(books, 0, sizeof(books));
  while (in.at < in.end) {
    nt_tick tick = any_tick(&in, &limits.instrument, books);
    nt_tick given = tick;
    int sound = tick.kind != NT_TICK_LEVEL || in_range(&tick, &limits.instrument, &books[tick.instrument]);
    tick.ts_event = tick.ts_recv = ++m.ts;
    machine_input(&m, (nt_input){.kind = NT_INPUT_TICK, .tick = &tick});
    CHECK_EQUAL(tick.kind != 0, sound);
    if (!sound) given.kind = NT_TICK_CLOCK; /* its flag still ends the slice */
    follow(books, &given, depth);
    for (uint32_t i = 0; i < INSTRUMENTS; i++) {
      check_book(m.state, i, &books[i]);
      check_lookups(m.state, i, &books[i], given.price);
    }
  }
  nt_state_destroy(m.state);
  return 0;
}

#ifndef NT_LIBFUZZER
int main(int argc, char **argv) {
  long count = argc > 1 ? atol(argv[1]) : 2000;
  uint64_t seed = 1;
  for (long i = 0; i < count; i++) {
    static uint8_t input[1024];
    for (size_t k = 0; k < sizeof(input); k++) input[k] = (uint8_t)(check_random(&seed) >> 32);
    (void)LLVMFuzzerTestOneInput(input, sizeof(input));
  }
  return 0;
}
#endif
