/* Books: levels in, the ten best of each side and the quote out. */
#include "book.h"

#include <string.h>

#include "state.h"

typedef struct nt_ladder {
  int64_t *keys; /* of the whole span */
  int64_t *sizes;
  uint32_t *begin;
  uint32_t *count;
  uint32_t capacity;
} nt_ladder;

static inline nt_ladder ladder_of(const nt_state *state, uint32_t instrument, uint32_t side) {
  nt_depth *depth = &state->depths[instrument];
  uint64_t span = (uint64_t)state->book_depth * 2;
  int64_t *keys = state->levels + instrument * nt_depth_words(state->book_depth) + side * 2 * span;
  return (nt_ladder){keys, keys + span, &depth->begin[side], &depth->count[side], state->book_depth};
}

/* Where the first key that is not less lies, counted from the worst. The loop has no branch that depends on keys. */
static inline uint32_t place_of(const int64_t *keys, uint32_t count, int64_t key) {
  const int64_t *base = keys;
  uint32_t left = count;
  while (left > 1) {
    uint32_t half = left >> 1;
    base += base[half - 1] < key ? half : 0;
    left -= half;
  }
  return (uint32_t)(base - keys) + (left == 1 && *base < key);
}

static void move(const nt_ladder *at, uint32_t to, uint32_t from, uint32_t count) {
  memmove(at->keys + to, at->keys + from, count * sizeof(int64_t));
  memmove(at->sizes + to, at->sizes + from, count * sizeof(int64_t));
}

static void to_middle(const nt_ladder *at) {
  uint32_t begin = (2 * at->capacity - *at->count) / 2;
  move(at, begin, *at->begin, *at->count);
  *at->begin = begin;
}

static void take_out(const nt_ladder *at, uint32_t place) {
  uint32_t begin = *at->begin, better = *at->count - place - 1;
  if (place < better) {
    move(at, begin + 1, begin, place);
    *at->begin = begin + 1;
  } else {
    move(at, begin + place, begin + place + 1, better);
  }
  --*at->count;
}

/* There is room: the store is not full. */
static void put_in(const nt_ladder *at, uint32_t place, int64_t key, int64_t size) {
  uint32_t better = *at->count - place;
  if (place < better) {
    if (*at->begin == 0) to_middle(at);
    move(at, *at->begin - 1, *at->begin, place);
    --*at->begin;
  } else {
    if (*at->begin + *at->count == 2 * at->capacity) to_middle(at);
    move(at, *at->begin + place + 1, *at->begin + place, better);
  }
  at->keys[*at->begin + place] = key;
  at->sizes[*at->begin + place] = size;
  ++*at->count;
}

static void drop(nt_depth *depth, uint32_t side, int64_t key) {
  if (depth->dropped[side] == 0 || key > depth->horizon[side]) depth->horizon[side] = key;
  depth->dropped[side]++;
}

static void take_level(nt_state *state, nt_depth *depth, const nt_tick *tick) {
  uint32_t side = tick->aggressor == NT_SIDE_SELL;
  nt_ladder at = ladder_of(state, tick->instrument, side);
  int64_t key = side == 0 ? tick->price : -tick->price;
  const int64_t *keys = at.keys + *at.begin;
  uint32_t count = *at.count, place = place_of(keys, count, key);
  uint32_t rank = count - place; /* levels from here to the best */
  int known = place < count && keys[place] == key;
  if (state->markets[tick->instrument].booked) nt_venue_level(state, tick, known ? at.sizes[*at.begin + place] : 0);
  if (known) {
    if (tick->size == 0) {
      take_out(&at, place);
    } else {
      at.sizes[*at.begin + place] = tick->size;
    }
    rank--;
  } else if (tick->size == 0) {
    return; /* never seen, or dropped */
  } else {
    if (count == at.capacity) {
      drop(depth, side, place == 0 ? key : keys[0]);
      if (place == 0) return;
      ++*at.begin;
      --*at.count;
      place--;
    }
    put_in(&at, place, key, tick->size);
  }
  if (rank < NT_BOOK_LEVELS) depth->touched[side] = 1;
}

int64_t nt_book_size_at(const nt_state *state, uint32_t instrument, uint32_t side, int64_t price) {
  const nt_depth *depth = &state->depths[instrument];
  nt_ladder at = ladder_of(state, instrument, side);
  int64_t key = side == 0 ? price : -price;
  uint32_t place = place_of(at.keys + *at.begin, *at.count, key);
  if (!depth->whole || (depth->dropped[side] > 0 && key <= depth->horizon[side])) return INT64_MAX;
  return place < *at.count && at.keys[*at.begin + place] == key ? at.sizes[*at.begin + place] : 0;
}

int nt_book_level(const nt_state *state, uint32_t instrument, uint32_t side, uint32_t rank, int64_t *price, int64_t *size) {
  const nt_depth *depth = &state->depths[instrument];
  if (!depth->whole || rank >= depth->count[side]) return 0;
  nt_ladder at = ladder_of(state, instrument, side);
  uint32_t place = *at.begin + *at.count - 1 - rank;
  if (depth->dropped[side] > 0 && at.keys[place] <= depth->horizon[side]) return 0;
  *price = side == 0 ? at.keys[place] : -at.keys[place];
  *size = at.sizes[place];
  return 1;
}

static void show_side(const nt_ladder *at, uint32_t side, int64_t prices[NT_BOOK_LEVELS], int64_t sizes[NT_BOOK_LEVELS]) {
  uint32_t shown = *at->count < NT_BOOK_LEVELS ? *at->count : NT_BOOK_LEVELS, last = *at->begin + *at->count;
  for (uint32_t i = 0; i < shown; i++) {
    int64_t key = at->keys[last - 1 - i];
    prices[i] = side == 0 ? key : -key;
    sizes[i] = at->sizes[last - 1 - i];
  }
  for (uint32_t i = shown; i < NT_BOOK_LEVELS; i++) {
    prices[i] = NT_ABSENT;
    sizes[i] = 0;
  }
}

/* Whether the level of this rank is known to be the one: nothing as good was dropped. */
static inline int exact(const nt_depth *depth, uint32_t side, uint32_t rank) {
  if (depth->dropped[side] == 0) return 1;
  if (depth->count[side] <= rank) return 0;
  int64_t price = side == 0 ? depth->shown.bid_prices[rank] : depth->shown.ask_prices[rank];
  return (side == 0 ? price : -price) > depth->horizon[side];
}

/* The quote is the best level of each side. Features step when it changes and both are there. */
static void show_quote(nt_state *state, uint32_t instrument, const nt_depth *depth) {
  nt_market *market = &state->markets[instrument];
  nt_quote *quote = &state->quotes[instrument];
  int64_t top[4] = {NT_ABSENT, NT_ABSENT, NT_ABSENT, NT_ABSENT};
  if (depth->whole && depth->count[0] > 0 && exact(depth, 0, 0)) {
    top[0] = depth->shown.bid_prices[0];
    top[1] = depth->shown.bid_sizes[0];
  }
  if (depth->whole && depth->count[1] > 0 && exact(depth, 1, 0)) {
    top[2] = depth->shown.ask_prices[0];
    top[3] = depth->shown.ask_sizes[0];
  }
  int changed =
      market->implied || top[0] != quote->bid_price || top[1] != quote->bid_size || top[2] != quote->ask_price || top[3] != quote->ask_size;
  market->implied = 0;
  market->bid = quote->bid_price = top[0];
  market->ask = quote->ask_price = top[2];
  quote->bid_size = top[1];
  quote->ask_size = top[3];
  market->quote_ts = depth->ts_recv;
  quote->ts_event = depth->ts_event;
  quote->ts_recv = depth->ts_recv;
  quote->flags = depth->whole ? 0 : NT_TICK_STALE;
  if (!changed || top[0] == NT_ABSENT || top[2] == NT_ABSENT) return;
  nt_tick step = {.ts_event = depth->ts_event, .kind = NT_TICK_QUOTE};
  nt_features_update(&state->features[instrument], &step, top[0], top[2], top[1], top[3], 0);
  if (market->prints > 0) return;
  market->mark = (top[0] + top[2]) >> 1;
  nt_account_mark(state, instrument);
}

static void show(nt_state *state, uint32_t instrument) {
  nt_depth *depth = &state->depths[instrument];
  nt_book *book = &depth->shown;
  depth->pending = 0;
  if (depth->touched[0]) {
    nt_ladder bids = ladder_of(state, instrument, 0);
    show_side(&bids, 0, book->bid_prices, book->bid_sizes);
  }
  if (depth->touched[1]) {
    nt_ladder asks = ladder_of(state, instrument, 1);
    show_side(&asks, 1, book->ask_prices, book->ask_sizes);
  }
  depth->touched[0] = depth->touched[1] = 0;
  book->ts_event = depth->ts_event;
  book->ts_recv = depth->ts_recv;
  book->update_id = depth->update_id;
  book->dropped = depth->dropped[0] + depth->dropped[1];
  book->bid_count = depth->count[0];
  book->ask_count = depth->count[1];
  uint32_t flags = depth->whole ? 0 : NT_BOOK_STALE;
  if (book->bid_count > 0 && book->ask_count > 0 && book->bid_prices[0] >= book->ask_prices[0]) flags |= NT_BOOK_CROSSED;
  if (book->dropped > 0) {
    flags |= NT_BOOK_TRUNCATED;
    if (!exact(depth, 0, NT_BOOK_LEVELS - 1) || !exact(depth, 1, NT_BOOK_LEVELS - 1)) flags |= NT_BOOK_INEXACT;
  }
  book->flags = flags;
  depth->dirty = 1;
  nt_market_dirty(state, instrument);
  if (!state->markets[instrument].booked) return;
  show_quote(state, instrument, depth);
  nt_venue_quote(state, instrument);
}

int64_t nt_book_reach(const nt_state *state, uint32_t instrument, uint32_t side, int64_t quantity) {
  int64_t reached = side == 0 ? state->markets[instrument].bid : state->markets[instrument].ask, sum = 0, price, size;
  for (uint32_t rank = 0; sum < quantity && nt_book_level(state, instrument, side, rank, &price, &size); rank++) {
    reached = price;
    sum = nt_sum(sum, size);
  }
  return reached;
}

void nt_book_settle(nt_state *state, uint32_t instrument) {
  if (state->depths[instrument].pending) show(state, instrument);
}

void nt_book_settle_all(nt_state *state) {
  for (uint32_t i = 0; i < state->open_update_count; i++) {
    state->depths[state->open_updates[i]].listed = 0;
    nt_book_settle(state, state->open_updates[i]);
  }
  state->open_update_count = 0;
}

static void clear(nt_state *state, uint32_t instrument) {
  nt_depth *depth = &state->depths[instrument];
  for (uint32_t side = 0; side < 2; side++) {
    depth->begin[side] = state->book_depth;
    depth->count[side] = 0;
    depth->dropped[side] = 0;
    depth->touched[side] = 1;
  }
  depth->update_id = 0;
  depth->whole = 1;
  state->markets[instrument].booked = 1;
}

void nt_book_tick(nt_state *state, const nt_tick *tick) {
  uint32_t instrument = tick->instrument;
  nt_depth *depth = &state->depths[instrument];
  if (depth->pending && (tick->kind != NT_TICK_LEVEL || tick->trade_id != depth->update_id)) show(state, instrument);
  depth->begun = 1;
  depth->ts_event = tick->ts_event;
  depth->ts_recv = tick->ts_recv;
  if (tick->kind == NT_TICK_BOOK_CLEAR) {
    clear(state, instrument);
    show(state, instrument);
    return;
  }
  depth->update_id = tick->trade_id;
  take_level(state, depth, tick);
  depth->pending = 1;
  if (tick->trade_id == 0) {
    show(state, instrument);
  } else if (!depth->listed) {
    depth->listed = 1;
    state->open_updates[state->open_update_count++] = instrument;
  }
}

static void lose(nt_state *state, uint32_t instrument, const nt_tick *tick) {
  nt_depth *depth = &state->depths[instrument];
  if (depth->begun) {
    depth->whole = 0;
    depth->ts_event = tick->ts_event;
    depth->ts_recv = tick->ts_recv;
    show(state, instrument);
  }
  nt_features_resume(&state->features[instrument]);
  nt_market_dirty(state, instrument);
}

void nt_book_gap(nt_state *state, const nt_tick *tick) {
  if (tick->instrument < state->instrument_count) {
    lose(state, tick->instrument, tick);
  } else if (tick->instrument == NT_NONE) {
    for (uint32_t i = 0; i < state->instrument_count; i++) lose(state, i, tick);
  }
}
