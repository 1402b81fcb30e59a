/* Fills at the quote and by queue position.
 *
 * - A taker fills on arrival at the opposite quote, or level by level through the book, slippage_ticks worse, at most what is displayed
 *   there, which our takers use up until the best level changes. What is left of a market order waits for the next quote, of a limit
 *   order it rests, of IOC and FOK it is cancelled.
 * - A resting order waits behind the size displayed at its price when it came. Where the feed has levels the book tells it; where it has
 *   quotes alone, inside the spread nobody is before it, and deeper its queue is unknown until the quote comes to its price. Prints at
 *   its price shorten the queue and then fill it, at most by what they exceed it. A print through its price fills it by the print's
 *   volume, a quote through its price by the quote's size: as maker, at its price.
 * - When the displayed size at its price shrinks, NT_FILL_QUEUE believes that all of it was behind, as far as that is possible (the
 *   queue is at most what is displayed). NT_FILL_PROBABILISTIC believes that of what left without a trade the share behind / (before +
 *   behind) was behind, rounded against the order: hftbacktest's PowerProbQueueModel with n = 1, in whole quantities.
 */
#include "state.h"

static uint32_t side_of(const nt_entry *entry) {
  return (uint32_t)entry->side - 1;
}

static int64_t best_of(const nt_state *state, uint32_t instrument, uint32_t side) {
  const nt_market *market = &state->markets[instrument];
  return side == 0 ? market->bid : market->ask;
}

/* A source without sizes, and an implied quote, give none: then nothing is known to be before an order, and nothing limits a taker. */
static int64_t size_of(const nt_state *state, uint32_t instrument, uint32_t side) {
  const nt_quote *quote = &state->quotes[instrument];
  int64_t size = side == 0 ? quote->bid_size : quote->ask_size;
  return state->markets[instrument].implied || size <= 0 ? INT64_MAX : size;
}

static int reaches(const nt_entry *entry, int64_t opposite) {
  if (entry->venue_type == NT_ORDER_MARKET) return 1;
  return entry->side == NT_SIDE_BUY ? entry->venue_price >= opposite : entry->venue_price <= opposite;
}

void nt_queue_place(nt_state *state, uint32_t index) {
  nt_entry *entry = &state->entries[index];
  int64_t best = best_of(state, entry->instrument, side_of(entry)), size = size_of(state, entry->instrument, side_of(entry));
  int better = best == NT_ABSENT || (entry->side == NT_SIDE_BUY ? entry->venue_price > best : entry->venue_price < best);
  entry->queue_traded = 0;
  if (state->markets[entry->instrument].booked) {
    entry->queue_ahead = nt_book_size_at(state, entry->instrument, side_of(entry), entry->venue_price);
  } else if (better) {
    entry->queue_ahead = 0;
  } else {
    entry->queue_ahead = entry->venue_price == best && size != INT64_MAX ? size : NT_QUEUE_UNKNOWN;
  }
}

static int64_t wanted_of(nt_state *state, const nt_entry *entry, int64_t available) {
  int64_t leaves = entry->venue_quantity - entry->venue_filled, quantity = leaves < available ? leaves : available;
  if (entry->reduce_only && quantity > nt_venue_reducible(state, entry)) quantity = nt_venue_reducible(state, entry);
  return quantity;
}

static int has_room(const nt_state *state, uint32_t fills) { /* for every order's answers, and these before the last of them */
  return nt_outward_free(state) > (state->outbound.mask + 1) / 2 + fills;
}

/* What a taker meets: the levels of the book, or the one that a quote is. */
static int level_at(const nt_state *state, uint32_t instrument, uint32_t side, uint32_t rank, int64_t *price, int64_t *size) {
  if (state->markets[instrument].booked) return nt_book_level(state, instrument, side, rank, price, size);
  *price = best_of(state, instrument, side);
  *size = size_of(state, instrument, side);
  return rank == 0 && *price != NT_ABSENT;
}

/* Displayed on the other side as far as the order's price reaches, without what our takers have had of it, and on how many levels. */
static int64_t reachable(const nt_state *state, const nt_entry *entry, uint32_t *levels) {
  uint32_t other = 1 - side_of(entry);
  int64_t wanted = entry->venue_quantity - entry->venue_filled, taken = state->books[entry->instrument].taken[other], sum = 0, price, size;
  uint32_t rank = 0;
  for (; sum - taken < wanted && level_at(state, entry->instrument, other, rank, &price, &size); rank++) {
    if (!reaches(entry, price)) break;
    sum = size == INT64_MAX ? size : sum + size;
  }
  *levels = rank;
  return sum - taken;
}

/* Everything that it can take now; the others of its list learn of it afterwards, so that none of them trades in between. */
static void take(nt_state *state, uint32_t index) {
  nt_entry *entry = &state->entries[index];
  int64_t *taken = &state->books[entry->instrument].taken[1 - side_of(entry)];
  uint32_t levels;
  int64_t wanted = wanted_of(state, entry, reachable(state, entry, &levels)), left = wanted, sum = 0, price, size;
  if (state->markets[entry->instrument].session != NT_SESSION_OPEN) return;
  if (entry->time_in_force == NT_TIF_FOK && (left < entry->venue_quantity - entry->venue_filled || !has_room(state, levels))) return;
  for (uint32_t rank = 0; left > 0 && has_room(state, 0); rank++) {
    if (!level_at(state, entry->instrument, 1 - side_of(entry), rank, &price, &size)) break;
    sum = size == INT64_MAX ? size : sum + size;
    int64_t quantity = sum - *taken < left ? sum - *taken : left;
    if (quantity <= 0) continue;
    *taken = nt_sum(*taken, quantity);
    left -= quantity;
    nt_venue_fill(state, index, quantity, nt_venue_worse(state, entry, price), NT_LIQUIDITY_TAKER);
  }
  if (left < wanted) nt_venue_traded(state, index);
}

void nt_queue_take(nt_state *state, uint32_t index) {
  take(state, index);
  nt_venue_reduced(state, index);
}

static int comes_to(uint32_t side, int64_t own, int64_t price, int touch) {
  return (side == 0 ? own > price : own < price) || (touch && own == price);
}

/* Resting orders that a price has reached: bids at it or above, asks at it or below. Best first, into scratch. */
static uint32_t collect(nt_state *state, uint32_t instrument, uint32_t side, int64_t price, int touch) {
  const nt_venue_book *book = &state->books[instrument];
  uint32_t count = 0;
  int64_t own = book->first_price[side];
  for (uint32_t i = book->first[side]; comes_to(side, own, price, touch); own = state->entries[i].next_price, i = state->entries[i].next)
    state->scratch[count++] = i;
  return count;
}

/* What a resting order gets of a volume that has come to it. */
static int64_t makes(nt_state *state, const nt_entry *entry, int64_t volume) {
  int64_t quantity = has_room(state, 0) ? wanted_of(state, entry, volume) : 0;
  if (entry->displayed != 0 && quantity > entry->displayed) quantity = entry->displayed;
  return quantity > 0 ? quantity : 0;
}

static void made(nt_state *state, uint32_t index, int64_t quantity) {
  if (quantity > 0) {
    nt_venue_fill(state, index, quantity, state->entries[index].venue_price, NT_LIQUIDITY_MAKER);
    nt_venue_traded(state, index);
  }
  nt_venue_reduced(state, index);
}

static void print_side(nt_state *state, const nt_tick *tick, uint32_t side) {
  uint32_t count = collect(state, tick->instrument, side, tick->price, tick->aggressor == 2 - side); /* sells hit bids */
  int64_t volume = tick->size;
  for (uint32_t i = 0; i < count; i++) {
    uint32_t index = state->scratch[i];
    nt_entry *entry = &state->entries[index];
    if (entry->place != NT_PLACE_RESTING) continue; /* one before it has cancelled it */
    int64_t available = volume;
    if (entry->venue_price == tick->price) {
      if (entry->queue_ahead == NT_QUEUE_UNKNOWN) continue;
      entry->queue_ahead -= tick->size;
      entry->queue_traded = entry->queue_traded > NT_RAW_MAX - tick->size ? NT_RAW_MAX : entry->queue_traded + tick->size;
      if (entry->queue_ahead >= 0) continue;
      if (-entry->queue_ahead < available) available = -entry->queue_ahead;
      entry->queue_ahead = 0;
    }
    int64_t quantity = makes(state, entry, available);
    volume -= quantity;
    made(state, index, quantity);
  }
}

void nt_queue_print(nt_state *state, const nt_tick *tick) {
  for (uint32_t side = 0; side < 2; side++) print_side(state, tick, side);
}

/* behind / (before + behind) of what has left was behind; the rest was before it. What traded has shortened the queue already. */
static int64_t believed(int64_t ahead, int64_t before, int64_t after, int64_t traded) {
  int64_t left = before - after - traded; /* without a trade */
  if (left > 0 && before > 0) {
    int64_t behind = before - ahead;
    if (behind < 0) behind = 0;
    nt_wide whole = (nt_wide)ahead + behind;
    if (whole > 0) ahead -= (int64_t)((nt_wide)left * ahead / whole);
  }
  return ahead < after ? ahead : after;
}

/* `before`: what was displayed at the price, INT64_MAX where that was not known. */
void nt_queue_level(nt_state *state, uint32_t instrument, uint32_t side, int64_t price, int64_t before, int64_t after) {
  for (uint32_t i = nt_book_first_at(state, instrument, side, price); i != NT_NIL; i = state->entries[i].next) {
    nt_entry *entry = &state->entries[i];
    if (entry->venue_price != price) break;
    if (entry->queue_ahead == NT_QUEUE_UNKNOWN || state->fill_model == NT_FILL_QUEUE || before == INT64_MAX) {
      if (entry->queue_ahead > after) entry->queue_ahead = after;
    } else if (entry->queue_ahead > 0) {
      entry->queue_ahead = believed(entry->queue_ahead, before, after, entry->queue_traded);
    }
    entry->queue_traded = 0;
  }
}

/* Without a book the best level is all that is known. */
static void best_moved(nt_state *state, uint32_t instrument, uint32_t side) {
  nt_venue_book *book = &state->books[instrument];
  int64_t price = best_of(state, instrument, side), size = size_of(state, instrument, side);
  if (!state->markets[instrument].booked && price != NT_ABSENT && size != INT64_MAX)
    nt_queue_level(state, instrument, side, price, price == book->best[side] ? book->size[side] : INT64_MAX, size);
  if (price == book->best[side] && size == book->size[side] && size != INT64_MAX) return; /* the other side has moved, or deeper levels */
  book->best[side] = price;
  book->size[side] = size;
  book->taken[side] = 0;
}

void nt_queue_quote(nt_state *state, uint32_t instrument) {
  nt_venue_book *book = &state->books[instrument];
  for (uint32_t side = 0; side < 2; side++) best_moved(state, instrument, side);
  if (state->markets[instrument].session != NT_SESSION_OPEN) return;
  for (uint32_t side = 0; side < 2; side++) {
    if (best_of(state, instrument, 1 - side) == NT_ABSENT) continue;
    uint32_t waiting = 0;
    for (uint32_t i = book->head[side]; i != NT_NIL; i = state->entries[i].left) state->scratch[waiting++] = i;
    for (uint32_t i = 0; i < waiting; i++) {
      if (state->entries[state->scratch[i]].place == NT_PLACE_TAKER) nt_queue_take(state, state->scratch[i]);
    }
    uint32_t count = collect(state, instrument, side, best_of(state, instrument, 1 - side), 1);
    int64_t size = size_of(state, instrument, 1 - side);
    for (uint32_t i = 0; i < count; i++) {
      uint32_t index = state->scratch[i];
      if (state->entries[index].place != NT_PLACE_RESTING) continue;
      int64_t *taken = &book->taken[1 - side], quantity = makes(state, &state->entries[index], size - *taken);
      *taken = nt_sum(*taken, quantity); /* before the others of its list, who may take the rest */
      made(state, index, quantity);
    }
  }
}
