/* Everything that runs along in a state machine against a count from its entries: open orders, slots, working quantities, the account's own
 * best orders, positions on their way, and what it all is worth, by division. */
#ifndef NT_TEST_RECOUNT_H
#define NT_TEST_RECOUNT_H

#include "check.h"
#include "exposure.h"

static inline nt_wide recount_ceiling(nt_wide product, int64_t numerator, int64_t denominator) {
  nt_wide scaled;
  if (__builtin_mul_overflow(product, (nt_wide)numerator, &scaled)) return INT64_MAX;
  nt_wide quotient = (scaled + denominator - 1) / denominator;
  return quotient > (nt_wide)1 << 62 ? INT64_MAX : quotient;
}

static inline int recount_works(const nt_entry *entry) {
  return entry->client_order_id != 0 && !nt_is_terminal(entry->status);
}

static inline int64_t recount_quantity(const nt_entry *entry) {
  return nt_leaves(entry) + entry->reserved_extra;
}

/* An order's own numbers. */
static inline void recount_entry(const nt_entry *entry) {
  CHECK(entry->filled >= 0 && entry->filled <= entry->venue_filled && entry->venue_filled <= entry->venue_quantity);
  CHECK(entry->quantity > 0 && entry->quantity <= NT_RAW_MAX && entry->reserved_extra >= 0);
  if (nt_is_terminal(entry->status)) {
    CHECK(entry->pending_cancel || entry->pending_replace); /* or the slot were free */
    CHECK(!entry->owned && entry->reserved_extra == 0);
    return;
  }
  CHECK(nt_leaves(entry) > 0);
  CHECK(entry->reserved_extra == 0 || entry->pending_replace);
  if (entry->reduce_only) return;
  CHECK(entry->value_price >= entry->standing_value);
  if (entry->price != NT_ABSENT) CHECK(entry->value_price >= (int64_t)nt_magnitude(entry->price));
  if (!entry->pending_replace) CHECK_EQUAL(entry->value_price, entry->standing_value);
}

/* The best of the orders in the account's search for self-trades. */
static inline uint32_t recount_own_best(const nt_state *state, uint32_t account, uint32_t instrument, uint32_t side) {
  uint32_t best = NT_NIL;
  for (uint32_t i = 0; i < state->channels * state->order_capacity; i++) {
    const nt_entry *entry = &state->entries[i];
    if (!recount_works(entry) || !entry->owned || entry->account != account || entry->instrument != instrument) continue;
    if (nt_side_index(entry->side) != side) continue;
    if (best == NT_NIL) best = i;
    const nt_entry *other = &state->entries[best];
    int64_t ahead = entry->own_price - other->own_price;
    if (ahead == 0 ? entry->venue_order_id < other->venue_order_id : (ahead > 0) == (side == 0)) best = i;
  }
  return best;
}

/* One account on one instrument. money receives exposure, open notional and reserved money. */
static inline void recount_pair(const nt_state *state, uint32_t account, uint32_t instrument, nt_wide money[3]) {
  uint32_t index = nt_pair_index(state, account, instrument);
  const nt_pair *pair = &state->pairs[index];
  const nt_terms *terms = &state->terms[index];
  const nt_ledger *ledger = &state->ledgers[index];
  nt_wide quantity[2] = {0, 0}, reducing[2] = {0, 0}, product[2] = {0, 0};
  for (uint32_t i = 0; i < state->channels * state->order_capacity; i++) {
    const nt_entry *entry = &state->entries[i];
    if (!recount_works(entry) || entry->account != account || entry->instrument != instrument) continue;
    uint32_t side = nt_side_index(entry->side);
    *(entry->reduce_only ? &reducing[side] : &quantity[side]) += recount_quantity(entry);
    if (entry->reduce_only) continue;
    product[side] += (nt_wide)entry->value_price * recount_quantity(entry);
    CHECK(pair->highest_price[side] >= entry->value_price);
  }
  CHECK(quantity[0] == pair->working_buy && quantity[1] == pair->working_sell);
  CHECK(reducing[0] == ledger->reduce_buy && reducing[1] == ledger->reduce_sell);
  CHECK(product[0] == pair->working_product[0] && product[1] == pair->working_product[1]);
  for (uint32_t side = 0; side < 2; side++) {
    if (quantity[side] == 0) CHECK_EQUAL(pair->highest_price[side], 0);
    if (state->keeping[account].self_trade == 0) continue;
    uint32_t best = recount_own_best(state, account, instrument, side);
    CHECK_EQUAL(pair->own_best[side], best);
    if (best != NT_NIL) CHECK_EQUAL(pair->own_price[side], state->entries[best].own_price);
  }
  int64_t under_way = 0;
  for (uint64_t i = state->outbound.head; i != state->outbound.tail; i++) {
    const nt_transit *answer = &state->outbound.items[i & state->outbound.mask];
    const nt_entry *entry = &state->entries[answer->entry];
    if (answer->kind != NT_EXEC_TRADE || entry->account != account || entry->instrument != instrument) continue;
    under_way += entry->side == NT_SIDE_BUY ? answer->quantity : -answer->quantity;
  }
  CHECK_EQUAL(ledger->venue_position, pair->position + under_way);
  const nt_market *market = &state->markets[instrument];
  int64_t mark = market->mark != NT_ABSENT ? market->mark : market->maximum_price; /* what has no price takes the highest */
  nt_wide held = nt_absolute((nt_wide)pair->position * mark);
  nt_wide worst = 0;
  for (uint32_t side = 0; side < 2; side++) {
    int64_t against = side == 0 ? -pair->position : pair->position;
    nt_wide reached = held + product[side];
    if (against > 0) { /* what goes beyond it, between the lowest and the highest price of what turns it */
      nt_wide open = against > reducing[side] ? against - reducing[side] : 0; /* what only reduces may be the first to fill */
      nt_wide beyond = quantity[side] > open ? quantity[side] - open : 0;
      reached = beyond * pair->highest_price[side];
      if (reached > product[side]) reached = product[side];
    }
    if (reached > worst) worst = reached;
  }
  CHECK(worst >= held);
  money[0] = money[1] = money[2] = 0;
  int used = pair->position != 0 || quantity[0] + quantity[1] != 0;
  CHECK_EQUAL(pair->unvalued, terms->value_denominator == 0 && used);
  if (terms->value_denominator == 0 || !used) return;
  money[0] = recount_ceiling(worst, terms->value_numerator, terms->value_denominator);
  money[1] = recount_ceiling(product[0] + product[1], terms->value_numerator, terms->value_denominator);
  if (terms->initial_margin_bps == NT_ABSENT) return;
  int64_t fee = terms->fee_taker > terms->fee_maker ? terms->fee_taker : terms->fee_maker;
  int64_t ppb = terms->fee_taker_ppb > terms->fee_maker_ppb ? terms->fee_taker_ppb : terms->fee_maker_ppb;
  money[2] = nt_saturate((money[0] * terms->initial_margin_bps + 9999) / 10000 +
                         recount_ceiling(quantity[0] + quantity[1], fee > 0 ? fee : 0, state->quantity_scale[instrument]) +
                         recount_ceiling(money[1], ppb > 0 ? ppb : 0, 1000000000));
}

/* The whole machine. */
static inline void recount_state(const nt_state *state) {
  for (uint32_t c = 0; c < state->channels; c++) {
    uint32_t open = 0;
    for (uint32_t i = 0; i < state->order_capacity; i++) {
      const nt_entry *entry = &state->entries[(uint64_t)c * state->order_capacity + i];
      if (entry->client_order_id == 0) continue;
      open++;
      CHECK_EQUAL(entry->channel, c);
      recount_entry(entry);
    }
    CHECK_EQUAL(state->clients[c].open, open);
  }
  for (uint32_t account = 0; account < state->account_count; account++) {
    const nt_book_keeping *keeping = &state->keeping[account];
    nt_wide sums[3] = {0, 0, 0}, money[3];
    uint32_t unvalued = 0;
    int64_t open = 0;
    for (uint32_t i = 0; i < state->channels * state->order_capacity; i++)
      open += recount_works(&state->entries[i]) && state->entries[i].account == account;
    CHECK_EQUAL(keeping->open_orders, open);
    for (uint32_t instrument = 0; instrument < state->instrument_count; instrument++) {
      recount_pair(state, account, instrument, money);
      for (int i = 0; i < 3; i++) sums[i] += money[i];
      unvalued += state->pairs[nt_pair_index(state, account, instrument)].unvalued;
    }
    CHECK(keeping->exposure == sums[0] && keeping->open_notional == sums[1] && keeping->reserved_money == sums[2]);
    CHECK_EQUAL(keeping->unvalued, unvalued);
  }
}

#endif
