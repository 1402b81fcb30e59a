/* What orders and positions are worth: the arithmetic that validation and bookkeeping share. */
#ifndef NT_EXPOSURE_H
#define NT_EXPOSURE_H

#include "state.h"

static inline uint32_t nt_side_index(uint8_t side) {
  return side == NT_SIDE_BUY ? 0 : 1;
}

/* The magnitude at which a position is valued: its mark. A position without one cannot be, and takes the highest price there is. */
static inline int64_t nt_mark_of(const nt_market *market) {
  return market->mark == NT_ABSENT ? market->maximum_price : (int64_t)nt_magnitude(market->mark);
}

static inline int nt_has_quote(const nt_market *market) {
  return market->bid != NT_ABSENT && market->ask != NT_ABSENT && market->bid <= market->ask &&
         (market->bid > 0 || market->allow_negative_price);
}

static inline int nt_crosses(uint8_t side, int64_t price, int64_t own) {
  return side == NT_SIDE_BUY ? price >= own : price <= own;
}

static inline int64_t nt_opposite(const nt_market *market, uint8_t side) {
  return side == NT_SIDE_BUY ? market->ask : market->bid;
}

/* Whether an order may trade as soon as it arrives. One with a trigger may when the last trade has reached it, when the quote is beyond it,
 * and when nobody knows; a trailing stop without one begins at a distance. */
static inline int nt_trades_at_once(const nt_market *market, uint8_t type, uint8_t side, int64_t trigger_price) {
  if (type == NT_ORDER_MARKET || type == NT_ORDER_LIMIT) return 1;
  if (trigger_price == NT_ABSENT) return 0;
  if (market->bid == NT_ABSENT && market->ask == NT_ABSENT && market->last == NT_ABSENT) return 1;
  if (nt_trigger_rises(type, side)) return market->last >= trigger_price || market->ask > trigger_price; /* absent is the lowest */
  return (market->last != NT_ABSENT && market->last <= trigger_price) || (market->bid != NT_ABSENT && market->bid < trigger_price);
}

/* What an order asks for, as far as its value goes. */
typedef struct nt_asked {
  int64_t price;
  int64_t trigger_price;
  int64_t trailing_offset;
  int64_t quantity;
  uint8_t side;
  uint8_t type;
} nt_asked;

static inline nt_asked nt_asked_by(const nt_order *order) {
  return (nt_asked){.price = order->price,
                    .trigger_price = order->trigger_price,
                    .trailing_offset = (order->flags & NT_ORDER_EXTENDED) != 0 ? order->trailing_offset : 0,
                    .quantity = order->quantity,
                    .side = order->side,
                    .type = order->type};
}

/* What an order without a price is taken to ask for, where it is compared with others: its trigger. */
static inline int64_t nt_trading_price(int64_t price, int64_t trigger_price) {
  return price != NT_ABSENT ? price : trigger_price;
}

static inline int64_t nt_worse(int64_t value, int64_t price) {
  int64_t magnitude = (int64_t)nt_magnitude(price);
  return magnitude > value ? magnitude : value;
}

/* The magnitude at which an order is valued, the worst of what it may trade at: its price and its trigger; and when it may trade at once
 * the quote and the last trade as far as its price reaches, without a price with slippage and as deep as its quantity goes into the book.
 * NT_ABSENT when that needs a quote and there is none. */
static inline int64_t nt_value_price(const nt_state *state, uint32_t instrument, const nt_asked *asked) {
  const nt_market *market = &state->markets[instrument];
  int buys = asked->side == NT_SIDE_BUY;
  int64_t opposite = nt_opposite(market, asked->side), last = market->last, trigger = asked->trigger_price;
  int64_t slippage = buys ? market->slippage : -market->slippage;
  int64_t value = asked->price == NT_ABSENT ? 0 : (int64_t)nt_magnitude(asked->price);
  if (asked->type == NT_ORDER_TRAILING_STOP && trigger == NT_ABSENT) {
    int64_t from = last != NT_ABSENT ? last : opposite;
    if (from != NT_ABSENT) value = nt_worse(value, buys ? from + asked->trailing_offset + slippage : from - asked->trailing_offset);
  } else if (trigger != NT_ABSENT) {
    value = nt_worse(value, trigger);
    if (asked->price == NT_ABSENT) value = nt_worse(value, trigger + slippage);
    if (!nt_trades_at_once(market, asked->type, asked->side, trigger)) return value;
  }
  if (asked->price != NT_ABSENT) {
    if (buys && !market->allow_negative_price) return value; /* nothing above its price */
    if (opposite == NT_ABSENT && last == NT_ABSENT) return NT_ABSENT;
    if (opposite != NT_ABSENT && nt_crosses(asked->side, asked->price, opposite)) value = nt_worse(value, opposite);
    return last != NT_ABSENT && nt_crosses(asked->side, asked->price, last) ? nt_worse(value, last) : value;
  }
  if (!nt_has_quote(market)) return NT_ABSENT;
  value = nt_worse(nt_worse(value, market->bid), opposite + slippage);
  if (last != NT_ABSENT) value = nt_worse(value, last + slippage);
  if (!market->booked || state->fill_model == NT_FILL_PRINTS) return value;
  return nt_worse(value, nt_book_reach(state, instrument, buys ? 1 : 0, asked->quantity) + slippage);
}

static inline int64_t nt_replaced_trigger(const nt_entry *entry, int64_t trigger_price) {
  return trigger_price != NT_ABSENT ? trigger_price : entry->trigger_price;
}

/* The same once an order is replaced by what is wanted. One without a price never falls: a trailing trigger moves by itself. */
static inline int64_t nt_replaced_value(const nt_state *state, const nt_entry *entry, const nt_order *wanted) {
  nt_asked asked = {.price = wanted->price,
                    .trigger_price = nt_replaced_trigger(entry, wanted->trigger_price),
                    .trailing_offset = entry->trailing_offset,
                    .quantity = wanted->quantity - entry->filled,
                    .side = entry->side,
                    .type = entry->triggered ? entry->venue_type : entry->type};
  int64_t value = nt_value_price(state, entry->instrument, &asked);
  return asked.price != NT_ABSENT || value == NT_ABSENT || value > entry->standing_value ? value : entry->standing_value;
}

/* The position from which the orders of a side that may open begin, at worst: once what only reduces, and `reducing` more of it, has
 * filled. */
static inline int64_t nt_base_position(const nt_state *state, const nt_pair *pair, uint8_t side, int64_t reducing) {
  if (!pair->reduces && reducing == 0) return pair->position;
  const nt_ledger *ledger = &state->ledgers[pair - state->pairs];
  nt_wide filled = side == NT_SIDE_BUY ? (nt_wide)pair->position + ledger->reduce_buy + reducing
                                       : (nt_wide)pair->position - ledger->reduce_sell - reducing;
  if (side == NT_SIDE_BUY) return pair->position < 0 ? (filled < 0 ? (int64_t)filled : 0) : pair->position;
  return pair->position > 0 ? (filled > 0 ? (int64_t)filled : 0) : pair->position;
}

/* price_raw * quantity_raw if all working orders of a side fill, added and added_product more, and none of the other. Orders that close the
 * position add nothing; what goes beyond it is taken at its own prices, and when only a part does, at the highest of that side. base is
 * that of nt_base_position. */
static inline nt_wide nt_pair_case(const nt_pair *pair, uint8_t side, int64_t base, nt_wide added, nt_wide added_product, int64_t price) {
  uint32_t index = nt_side_index(side);
  nt_wide product = pair->working_product[index] + added_product;
  if (side == NT_SIDE_BUY ? pair->position >= 0 : pair->position <= 0) return pair->held + product;
  nt_wide beyond = added + (side == NT_SIDE_BUY ? base + (nt_wide)pair->working_buy : pair->working_sell - (nt_wide)base);
  if (beyond <= 0) return 0;
  nt_wide turned = beyond * (price > pair->highest_price[index] ? price : pair->highest_price[index]);
  return turned < product ? turned : product;
}

/* How far an order may trade: its price, or without one the opposite side as deep as its quantity goes, plus slippage. NT_ABSENT when that
 * is not known. */
static inline int64_t nt_reach(const nt_state *state, uint32_t instrument, uint8_t side, int64_t price, int64_t quantity) {
  if (price != NT_ABSENT) return price;
  const nt_market *market = &state->markets[instrument];
  int64_t opposite = nt_opposite(market, side);
  if (opposite == NT_ABSENT) return NT_ABSENT;
  if (market->booked && state->fill_model != NT_FILL_PRINTS) opposite = nt_book_reach(state, instrument, side == NT_SIDE_BUY, quantity);
  return side == NT_SIDE_BUY ? opposite + market->slippage : opposite - market->slippage;
}

/* Where an order stands among the account's own: one without a price is in the way of every other. */
static inline int64_t nt_own_key(const nt_market *market, uint8_t side, int64_t price) {
  if (price != NT_ABSENT) return price;
  return side == NT_SIDE_BUY ? market->maximum_price : -market->maximum_price;
}

/* ceil(exposure * bps / 10000), and the worst fees of what works, whose product is given. */
static inline int64_t nt_pair_reserve(const nt_pair *pair, int64_t exposure, nt_wide working, nt_wide product) {
  if (pair->initial_margin_bps == 0) return 0;
  uint64_t money = (uint64_t)exposure, bps = (uint64_t)pair->initial_margin_bps;
  nt_wide margin = (nt_wide)(money / 10000) * pair->initial_margin_bps + (nt_wide)((money % 10000 * bps + 9999) / 10000);
  nt_wide fees = nt_ratio_up(&pair->fee, working);
  if (pair->fee_ppb != 0) fees += nt_fee_of(nt_ratio_up(&pair->value, product), pair->fee_ppb);
  return nt_saturate(margin + fees);
}

/* The value of an order alike for the search of duplicates; never 0. */
static inline uint64_t nt_habit_key(uint32_t instrument, uint8_t side, int64_t price, int64_t quantity) {
  uint64_t key = ((uint64_t)instrument << 2 | side) * 0x9E3779B97F4A7C15ull;
  key = (key ^ (key >> 32) ^ (uint64_t)price) * 0xBF58476D1CE4E5B9ull;
  key = (key ^ (key >> 29) ^ (uint64_t)quantity) * 0x94D049BB133111EBull;
  return (key ^ (key >> 31)) | 1;
}

static inline uint32_t nt_habit_set_of(uint64_t key) {
  return (uint32_t)(key >> 55);
}
_Static_assert(NT_HABIT_SETS == 1 << (64 - 55), "the set is the key's first bits");

#endif
