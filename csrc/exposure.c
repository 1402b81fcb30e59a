/* Running sums of what an account's orders and positions are worth, and of how often it does the same. Every change costs the same,
 * however many orders work. */
#include "exposure.h"

static void revalue(nt_state *state, uint32_t account, uint32_t index, uint32_t instrument) {
  nt_pair *pair = &state->pairs[index];
  nt_book_keeping *keeping = &state->keeping[account];
  pair->held = nt_absolute(pair->position) * nt_mark_of(&state->markets[instrument]);
  nt_wide buys = nt_pair_case(pair, NT_SIDE_BUY, nt_base_position(state, pair, NT_SIDE_BUY, 0), 0, 0, 0);
  nt_wide sells = nt_pair_case(pair, NT_SIDE_SELL, nt_base_position(state, pair, NT_SIDE_SELL, 0), 0, 0, 0);
  pair->worst = buys > sells ? buys : sells;
  nt_wide working = (nt_wide)pair->working_buy + pair->working_sell;
  int64_t exposure = 0, open_notional = 0, reserved = 0;
  uint32_t unvalued = !pair->has_terms && (pair->position != 0 || working != 0);
  if (pair->has_terms && (pair->position != 0 || working != 0)) {
    exposure = nt_ratio_up(&pair->value, pair->worst);
    open_notional = nt_ratio_up(&pair->value, pair->working_product[0] + pair->working_product[1]);
    reserved = nt_pair_reserve(pair, exposure, working, pair->working_product[0] + pair->working_product[1]);
  }
  keeping->exposure += (nt_wide)exposure - pair->exposure;
  keeping->open_notional += (nt_wide)open_notional - pair->open_notional;
  keeping->reserved_money += (nt_wide)reserved - pair->reserved_money;
  keeping->unvalued += unvalued - pair->unvalued;
  pair->exposure = exposure;
  pair->open_notional = open_notional;
  pair->reserved_money = reserved;
  pair->unvalued = unvalued;
}

void nt_exposure_terms(nt_state *state, uint32_t account, uint32_t instrument) {
  revalue(state, account, nt_pair_index(state, account, instrument), instrument);
}

/* Reduce-only orders open nothing, and are worth nothing here; but the others may open more once they have filled. */
void nt_exposure_work(nt_state *state, const nt_entry *entry, int64_t change) {
  uint32_t index = nt_pair_index(state, entry->account, entry->instrument), side = nt_side_index(entry->side);
  nt_pair *pair = &state->pairs[index];
  if (entry->reduce_only) change = 0;
  pair->working_product[side] += (nt_wide)entry->value_price * change;
  if (change != 0 && entry->value_price > pair->highest_price[side]) pair->highest_price[side] = entry->value_price;
  if ((side == 0 ? pair->working_buy : pair->working_sell) == 0) pair->highest_price[side] = 0;
  revalue(state, entry->account, index, entry->instrument);
}

void nt_exposure_price(nt_state *state, nt_entry *entry, int64_t value_price) {
  uint32_t index = nt_pair_index(state, entry->account, entry->instrument), side = nt_side_index(entry->side);
  nt_pair *pair = &state->pairs[index];
  if (entry->reduce_only) return;
  pair->working_product[side] += ((nt_wide)value_price - entry->value_price) * ((nt_wide)nt_leaves(entry) + entry->reserved_extra);
  if (value_price > pair->highest_price[side]) pair->highest_price[side] = value_price;
  entry->value_price = value_price;
  revalue(state, entry->account, index, entry->instrument);
}

static void count_value(nt_state *state, const nt_entry *entry, nt_wide product) {
  nt_book_keeping *keeping = &state->keeping[entry->account];
  const nt_pair *pair = &state->pairs[nt_pair_index(state, entry->account, entry->instrument)];
  if (entry->reduce_only) return;
  keeping->day_value = nt_sum(keeping->day_value, nt_ratio_up(&pair->value, product));
}

/* Remember an order for the search of duplicates, in place of one whose window has passed. */
static void remember(nt_state *state, const nt_order *order) {
  const nt_book_keeping *keeping = &state->keeping[order->account];
  if (keeping->duplicate_window_ns == 0) return;
  nt_habits *habits = &state->habits[order->account];
  uint64_t key = nt_habit_key(order->instrument, order->side, nt_trading_price(order->price, order->trigger_price), order->quantity);
  nt_habit_set *set = &habits->sets[nt_habit_set_of(key)];
  uint32_t way = 7;
  for (uint32_t i = 0; i < 7; i++) {
    if (set->keys[i] == key) way = i;
  }
  for (uint32_t i = 0; i < 7 && way == 7; i++) { /* validation has seen that one of them is free */
    if (set->keys[i] != 0 && nt_elapsed(state->now, set->last[i]) < keeping->duplicate_window_ns) continue;
    way = i;
    set->keys[i] = key;
    habits->habits[nt_habit_set_of(key)][i].count = 0;
  }
  if (way == 7) return;
  nt_habit *habit = &habits->habits[nt_habit_set_of(key)][way];
  habit->times[habit->head++ % NT_DUPLICATES_MAX] = set->last[way] = state->now;
  if (habit->count < NT_DUPLICATES_MAX) habit->count++;
  set->room_at = set->last[0];
  for (uint32_t i = 1; i < 7; i++) {
    if (set->last[i] < set->room_at) set->room_at = set->last[i];
  }
  set->room_at += keeping->duplicate_window_ns;
}

void nt_exposure_new(nt_state *state, const nt_order *order, nt_entry *entry) {
  const nt_market *market = &state->markets[entry->instrument];
  nt_asked asked = nt_asked_by(order);
  int64_t price = nt_value_price(state, entry->instrument, &asked);
  entry->value_price = entry->standing_value = price == NT_ABSENT ? market->maximum_price : price;
  count_value(state, entry, (nt_wide)entry->value_price * entry->quantity);
  remember(state, order);
  if (nt_trades_at_once(market, entry->type, entry->side, order->trigger_price)) nt_exposure_triggered(state, entry);
}

void nt_exposure_triggered(nt_state *state, nt_entry *entry) {
  if (entry->triggered) return;
  entry->triggered = 1;
  nt_own_insert(state, entry, nt_own_key(&state->markets[entry->instrument], entry->side, entry->price));
}

/* The product that a replace adds at the worse of both prices; the order's part that has traded is out of it. */
void nt_exposure_replace(nt_state *state, nt_entry *entry, const nt_order *wanted) {
  const nt_market *market = &state->markets[entry->instrument];
  int64_t price = wanted->price, value = nt_replaced_value(state, entry, wanted);
  if (value == NT_ABSENT) value = market->maximum_price;
  nt_wide before = (nt_wide)entry->value_price * nt_leaves(entry);
  nt_wide after = (nt_wide)value * (wanted->quantity - entry->filled);
  if (after > before) count_value(state, entry, after - before);
  entry->replaced_value = value;
  if (value > entry->value_price) nt_exposure_price(state, entry, value);
  if (nt_trades_at_once(market, entry->type, entry->side, nt_replaced_trigger(entry, wanted->trigger_price)))
    nt_exposure_triggered(state, entry);
  if (entry->owned && price != NT_ABSENT && (entry->side == NT_SIDE_BUY ? price > entry->own_price : price < entry->own_price)) {
    nt_own_remove(state, entry);
    nt_own_insert(state, entry, price);
  }
}

/* A replace is answered: accepted, or not. */
void nt_exposure_replaced(nt_state *state, nt_entry *entry, int accepted) {
  if (accepted) entry->standing_value = entry->replaced_value;
  if (entry->standing_value != entry->value_price) nt_exposure_price(state, entry, entry->standing_value);
  if (entry->owned && entry->price != NT_ABSENT && entry->own_price != entry->price) {
    nt_own_remove(state, entry);
    nt_own_insert(state, entry, entry->price);
  }
}

void nt_habit_fill(nt_state *state, uint32_t account) {
  nt_habits *habits = &state->habits[account];
  if (state->keeping[account].fills_window_ns == 0) return;
  habits->fill_times[habits->fills++ % NT_FILL_RING] = state->now;
}
