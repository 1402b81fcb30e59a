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

/* Orders that wait for a trigger trade later, and stand in no book until then. */
static inline int nt_trades_at_once(uint8_t type) {
  return type == NT_ORDER_MARKET || type == NT_ORDER_LIMIT;
}

/* Where an order without a price would trade: at its trigger. */
static inline int64_t nt_trading_price(int64_t price, int64_t trigger_price) {
  return price != NT_ABSENT ? price : trigger_price;
}

/* The magnitude at which an order is valued once it is replaced. Without a price it never falls: a trailing trigger moves by itself. */
static inline int64_t nt_replaced_value(const nt_entry *entry, int64_t price, int64_t trigger_price) {
  if (price != NT_ABSENT) return (int64_t)nt_magnitude(price);
  int64_t trigger = trigger_price == NT_ABSENT ? 0 : (int64_t)nt_magnitude(trigger_price);
  return trigger > entry->market_price ? trigger : entry->market_price;
}

/* price_raw * quantity_raw if all working orders of a side fill, added and added_product more, and none of the other. Orders that close the
 * position add nothing; what goes beyond it is taken at its own prices, and when only a part does, at the highest of that side. */
static inline nt_wide nt_pair_case(const nt_pair *pair, uint8_t side, nt_wide added, nt_wide added_product, int64_t price) {
  uint32_t index = nt_side_index(side);
  nt_wide product = pair->working_product[index] + added_product;
  int64_t against = side == NT_SIDE_BUY ? -pair->position : pair->position;
  if (against <= 0) return pair->held + product;
  nt_wide beyond = added + (side == NT_SIDE_BUY ? pair->working_buy : pair->working_sell) - against;
  if (beyond <= 0) return 0;
  nt_wide turned = beyond * (price > pair->highest_price[index] ? price : pair->highest_price[index]);
  return turned < product ? turned : product;
}

/* The magnitude at which an order is valued: its own price, or the worse of the quote plus slippage. NT_ABSENT when there is none. */
static inline int64_t nt_value_price(const nt_market *market, uint8_t side, int64_t price) {
  if (price != NT_ABSENT) return (int64_t)nt_magnitude(price);
  if (market->bid == NT_ABSENT || market->ask == NT_ABSENT) return NT_ABSENT;
  price = side == NT_SIDE_BUY ? market->ask + market->slippage : market->bid - market->slippage;
  uint64_t worse = nt_magnitude(price), bid = nt_magnitude(market->bid);
  return (int64_t)(bid > worse ? bid : worse);
}

/* How far an order may trade: its price, or the opposite side of the quote plus slippage. NT_ABSENT when that is not known. */
static inline int64_t nt_reach(const nt_market *market, uint8_t side, int64_t price) {
  if (price != NT_ABSENT) return price;
  int64_t opposite = side == NT_SIDE_BUY ? market->ask : market->bid;
  if (opposite == NT_ABSENT) return NT_ABSENT;
  return side == NT_SIDE_BUY ? opposite + market->slippage : opposite - market->slippage;
}

static inline int nt_crosses(uint8_t side, int64_t price, int64_t own) {
  return side == NT_SIDE_BUY ? price >= own : price <= own;
}

/* ceil(exposure * bps / 10000), and the worst fee of what works. */
static inline int64_t nt_pair_reserve(const nt_pair *pair, int64_t exposure, nt_wide working) {
  if (pair->initial_margin_bps == 0) return 0;
  uint64_t money = (uint64_t)exposure, bps = (uint64_t)pair->initial_margin_bps;
  nt_wide margin = (nt_wide)(money / 10000) * pair->initial_margin_bps + (nt_wide)((money % 10000 * bps + 9999) / 10000);
  return nt_saturate(margin + nt_ratio_up(&pair->fee, working));
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
