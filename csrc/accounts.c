/* Accounts: terms, fills, fees, profit and loss, the trading day and the trading state.
 *
 * Products price_raw * quantity_raw are kept exactly; money is their floor in account currency, so it never flatters. Average cost:
 * a closing fill takes its share of the open position's cost. realized + unrealized does not depend on how cost is shared.
 */
#include <math.h>
#include <string.h>

#include "exposure.h"
#include "segment.h"

static int32_t refuse(nt_error *error, const char *field, int64_t observed, int64_t limit) {
  nt_error_set(error, NT_ERR_INVALID, 0, observed, limit, "%s is outside its range", field);
  return NT_ERR_INVALID;
}

static int is_limit(int64_t value, int64_t minimum) {
  return value == NT_ABSENT || (value >= minimum && value <= NT_RAW_MAX);
}
static int64_t off(int64_t limit) {
  return limit == NT_ABSENT ? INT64_MAX : limit;
}

static int64_t interval_of(int64_t per_second) { /* rounded up so that a second never holds more refills */
  return (1000000000 + per_second - 1) / per_second;
}

static int is_per_second(int64_t value) {
  return value == NT_ABSENT || (value >= 1 && value <= 1000000000);
}

static int is_share(int64_t ppb) {
  return ppb >= -1000000000 && ppb <= 1000000000;
}

static int is_mask(int64_t value) {
  return value == NT_ABSENT || value > 0;
}

static int32_t check_limits(const nt_account *in, nt_error *error) {
  if (in->self_trade > NT_SELF_TRADE_CANCEL_BOTH) return refuse(error, "self_trade", in->self_trade, NT_SELF_TRADE_CANCEL_BOTH);
  if (!is_per_second(in->max_cancels_per_second)) return refuse(error, "max_cancels_per_second", in->max_cancels_per_second, 1000000000);
  if (!is_limit(in->max_order_age_ns, 0)) return refuse(error, "max_order_age_ns", in->max_order_age_ns, NT_RAW_MAX);
  if (!is_mask(in->allowed_order_types)) return refuse(error, "allowed_order_types", in->allowed_order_types, NT_ABSENT);
  if (!is_mask(in->allowed_times_in_force)) return refuse(error, "allowed_times_in_force", in->allowed_times_in_force, NT_ABSENT);
  if (!is_limit(in->max_gross_exposure, 0)) return refuse(error, "max_gross_exposure", in->max_gross_exposure, NT_RAW_MAX);
  if (!is_limit(in->max_open_notional, 0)) return refuse(error, "max_open_notional", in->max_open_notional, NT_RAW_MAX);
  if (!is_limit(in->max_daily_value, 0)) return refuse(error, "max_daily_value", in->max_daily_value, NT_RAW_MAX);
  if (!is_limit(in->max_duplicate_orders, 1) || in->max_duplicate_orders > NT_DUPLICATES_MAX)
    return refuse(error, "max_duplicate_orders", in->max_duplicate_orders, NT_DUPLICATES_MAX);
  if (!is_limit(in->duplicate_window_ns, 1) || (in->duplicate_window_ns == NT_ABSENT) != (in->max_duplicate_orders == NT_ABSENT))
    return refuse(error, "duplicate_window_ns", in->duplicate_window_ns, NT_RAW_MAX);
  if (!is_limit(in->max_fills, 1) || in->max_fills > NT_FILLS_MAX) return refuse(error, "max_fills", in->max_fills, NT_FILLS_MAX);
  if (!is_limit(in->fills_window_ns, 1) || (in->fills_window_ns == NT_ABSENT) != (in->max_fills == NT_ABSENT))
    return refuse(error, "fills_window_ns", in->fills_window_ns, NT_RAW_MAX);
  return NT_OK;
}

static void take_limits(nt_book_keeping *keeping, const nt_account *in) {
  keeping->self_trade = in->self_trade;
  keeping->max_cancels_per_second = in->max_cancels_per_second;
  if (in->max_cancels_per_second != NT_ABSENT) {
    keeping->cancel_interval_ns = interval_of(in->max_cancels_per_second);
    keeping->cancel_tolerance_ns = keeping->cancel_interval_ns * (in->max_cancels_per_second - 1);
    keeping->cancel_next_ns = NT_ABSENT;
  }
  keeping->max_order_age_ns = off(in->max_order_age_ns);
  keeping->allowed_order_types = in->allowed_order_types == NT_ABSENT ? UINT64_MAX : (uint64_t)in->allowed_order_types;
  keeping->allowed_times_in_force = in->allowed_times_in_force == NT_ABSENT ? UINT64_MAX : (uint64_t)in->allowed_times_in_force;
  keeping->max_gross_exposure = off(in->max_gross_exposure);
  keeping->max_open_notional = off(in->max_open_notional);
  keeping->max_daily_value = off(in->max_daily_value);
  keeping->values =
      keeping->max_gross_exposure != INT64_MAX || keeping->max_open_notional != INT64_MAX || keeping->max_daily_value != INT64_MAX;
  if (in->max_duplicate_orders != NT_ABSENT) {
    keeping->max_duplicate_orders = (uint32_t)in->max_duplicate_orders;
    keeping->duplicate_window_ns = in->duplicate_window_ns;
  }
  if (in->max_fills != NT_ABSENT) {
    keeping->max_fills = (uint32_t)in->max_fills;
    keeping->fills_window_ns = in->fills_window_ns;
  }
}

static int is_zero(const uint64_t *words, size_t count) {
  uint64_t all = 0;
  for (size_t i = 0; i < count; i++) all |= words[i];
  return all == 0;
}

int32_t nt_account_add(nt_state *state, const nt_account *in, nt_error *error) {
  if (in->name[0] == 0 || memchr(in->name, 0, sizeof(in->name)) == NULL) return refuse(error, "account name", NT_ABSENT, NT_NAME_BYTES - 1);
  if (in->currency[0] == 0 || memchr(in->currency, 0, sizeof(in->currency)) == NULL) return refuse(error, "account currency", NT_ABSENT, 7);
  if (in->decimals < 0 || in->decimals > NT_DECIMALS_MAX) return refuse(error, "account decimals", in->decimals, NT_DECIMALS_MAX);
  if (in->cash < -NT_RAW_MAX || in->cash > NT_RAW_MAX) return refuse(error, "account cash", in->cash, NT_RAW_MAX);
  if (!is_limit(in->max_open_orders, 0)) return refuse(error, "max_open_orders", in->max_open_orders, NT_RAW_MAX);
  if (!is_per_second(in->max_orders_per_second)) return refuse(error, "max_orders_per_second", in->max_orders_per_second, 1000000000);
  if (!is_limit(in->max_daily_loss, 1)) return refuse(error, "max_daily_loss", in->max_daily_loss, NT_RAW_MAX);
  if (check_limits(in, error) != NT_OK) return NT_ERR_INVALID;
  if (!is_zero(in->reserved, 4)) return refuse(error, "account reserved", NT_ABSENT, 0);
  for (uint32_t i = 0; i < state->account_count; i++) {
    if (strcmp(state->accounts[i].name, in->name) == 0) {
      nt_error_set(error, NT_ERR_NAME_IN_USE, 0, i, NT_ABSENT, "account %s exists already", in->name);
      return NT_ERR_NAME_IN_USE;
    }
  }
  if (state->account_count == state->account_capacity) {
    nt_error_set(error, NT_ERR_FULL, 0, (int64_t)state->account_count + 1, state->account_capacity, "account table is full");
    return NT_ERR_FULL;
  }
  uint32_t index = state->account_count++;
  state->accounts[index] = *in;
  nt_book_keeping *keeping = &state->keeping[index];
  keeping->max_open_orders = off(in->max_open_orders);
  keeping->max_daily_loss = off(in->max_daily_loss);
  keeping->state = NT_STATE_ACTIVE;
  keeping->start_cash = keeping->day_equity = in->cash;
  keeping->day = NT_ABSENT;
  keeping->max_orders_per_second = in->max_orders_per_second;
  if (in->max_orders_per_second != NT_ABSENT) {
    /* n at once, then one per interval */
    keeping->rate_interval_ns = interval_of(in->max_orders_per_second);
    keeping->rate_tolerance_ns = keeping->rate_interval_ns * (in->max_orders_per_second - 1);
    keeping->rate_next_ns = NT_ABSENT;
  }
  take_limits(keeping, in);
  for (uint32_t i = 0; keeping->self_trade != 0 && i < state->instrument_capacity; i++) {
    nt_pair *pair = &state->pairs[nt_pair_index(state, index, i)];
    pair->own_root[0] = pair->own_root[1] = pair->own_best[0] = pair->own_best[1] = NT_NIL;
  }
  keeping->dirty = 1;
  return (int32_t)index;
}

int32_t nt_terms_set(nt_state *state, const nt_terms *in, nt_error *error) {
  if (in->account >= state->account_count) return refuse(error, "terms account", in->account, (int64_t)state->account_count - 1);
  if (in->instrument >= state->instrument_count)
    return refuse(error, "terms instrument", in->instrument, (int64_t)state->instrument_count - 1);
  if (in->value_denominator != 0 && (in->value_numerator <= 0 || in->value_numerator > NT_RAW_MAX))
    return refuse(error, "value_numerator", in->value_numerator, NT_RAW_MAX);
  if (in->value_denominator < 0 || in->value_denominator > NT_RAW_MAX)
    return refuse(error, "value_denominator", in->value_denominator, NT_RAW_MAX);
  if (in->fee_taker < -NT_RAW_MAX || in->fee_taker > NT_RAW_MAX) return refuse(error, "fee_taker", in->fee_taker, NT_RAW_MAX);
  if (in->fee_maker < -NT_RAW_MAX || in->fee_maker > NT_RAW_MAX) return refuse(error, "fee_maker", in->fee_maker, NT_RAW_MAX);
  if (!is_share(in->fee_taker_ppb)) return refuse(error, "fee_taker_ppb", in->fee_taker_ppb, 1000000000);
  if (!is_share(in->fee_maker_ppb)) return refuse(error, "fee_maker_ppb", in->fee_maker_ppb, 1000000000);
  if (!is_limit(in->max_order_quantity, 0)) return refuse(error, "max_order_quantity", in->max_order_quantity, NT_RAW_MAX);
  if (!is_limit(in->max_order_notional, 0)) return refuse(error, "max_order_notional", in->max_order_notional, NT_RAW_MAX);
  if (!is_limit(in->max_position, 0)) return refuse(error, "max_position", in->max_position, NT_RAW_MAX);
  if (in->price_collar_bps != NT_ABSENT && (in->price_collar_bps < 0 || in->price_collar_bps > 1000000))
    return refuse(error, "price_collar_bps", in->price_collar_bps, 1000000);
  if (!is_limit(in->max_quote_age_ns, 0)) return refuse(error, "max_quote_age_ns", in->max_quote_age_ns, NT_RAW_MAX);
  if (in->restrictions > (NT_RESTRICT_BUY | NT_RESTRICT_SELL | NT_RESTRICT_SHORT))
    return refuse(error, "restrictions", in->restrictions, 7);
  if (!is_limit(in->min_order_notional, 0)) return refuse(error, "min_order_notional", in->min_order_notional, NT_RAW_MAX);
  if (in->initial_margin_bps != NT_ABSENT && (in->initial_margin_bps < 1 || in->initial_margin_bps > 1000000))
    return refuse(error, "initial_margin_bps", in->initial_margin_bps, 1000000);
  if (in->reserved0 != 0 || !is_zero(in->reserved, 2)) return refuse(error, "terms reserved", NT_ABSENT, 0);
  uint32_t index = nt_pair_index(state, in->account, in->instrument);
  state->terms[index] = *in;
  nt_pair *pair = &state->pairs[index];
  pair->has_terms = in->value_denominator != 0;
  pair->value_numerator = in->value_numerator;
  pair->value_denominator = pair->has_terms ? in->value_denominator : 1;
  pair->fee_taker = in->fee_taker;
  pair->fee_maker = in->fee_maker;
  pair->max_order_quantity = off(in->max_order_quantity);
  pair->max_position = off(in->max_position);
  pair->price_collar_bps = off(in->price_collar_bps);
  pair->max_quote_age_ns = off(in->max_quote_age_ns);
  pair->max_order_notional = off(in->max_order_notional);
  pair->product_limit = in->max_order_notional == NT_ABSENT || !pair->has_terms
                            ? (nt_wide)INT64_MAX << 62
                            : nt_product_limit(in->max_order_notional, in->value_numerator, in->value_denominator);
  pair->value = nt_ratio_of(pair->has_terms ? in->value_numerator : 0, pair->value_denominator);
  int64_t fee = in->fee_taker > in->fee_maker ? in->fee_taker : in->fee_maker;
  pair->fee = nt_ratio_of(fee > 0 ? fee : 0, state->quantity_scale[in->instrument]);
  pair->has_ppb = in->fee_taker_ppb != 0 || in->fee_maker_ppb != 0;
  int64_t ppb = in->fee_taker_ppb > in->fee_maker_ppb ? in->fee_taker_ppb : in->fee_maker_ppb;
  pair->fee_ppb = ppb > 0 ? (uint32_t)ppb : 0;
  pair->restrictions = in->restrictions;
  pair->minimum_product = 0;
  if (in->min_order_notional > 0 && pair->has_terms)
    pair->minimum_product = ((nt_wide)in->min_order_notional * in->value_denominator + in->value_numerator - 1) / in->value_numerator;
  pair->initial_margin_bps = in->initial_margin_bps == NT_ABSENT ? 0 : in->initial_margin_bps;
  if (pair->initial_margin_bps != 0) state->keeping[in->account].values = 1;
  nt_exposure_terms(state, in->account, in->instrument);
  nt_pair_dirty(state, index);
  return NT_OK;
}

void nt_pair_dirty(nt_state *state, uint32_t pair) {
  if (state->pairs[pair].dirty) return;
  state->pairs[pair].dirty = 1;
  state->dirty_pairs[state->dirty_pair_count++] = pair;
}

static int64_t cash_of(const nt_book_keeping *keeping) {
  return nt_saturate((nt_wide)keeping->start_cash + keeping->realized - keeping->fees);
}

int64_t nt_account_equity(const nt_book_keeping *keeping) {
  return nt_sum(cash_of(keeping), keeping->unrealized);
}

int64_t nt_account_day_pnl(const nt_book_keeping *keeping) {
  return nt_saturate((nt_wide)nt_account_equity(keeping) - keeping->day_equity);
}

int64_t nt_account_fee(const nt_state *state, const nt_entry *entry, int64_t price, int64_t quantity, uint8_t liquidity) {
  uint32_t index = nt_pair_index(state, entry->account, entry->instrument);
  const nt_pair *pair = &state->pairs[index];
  nt_wide product = (nt_wide)(liquidity == NT_LIQUIDITY_MAKER ? pair->fee_maker : pair->fee_taker) * quantity;
  int64_t fee = -nt_money_floor(-product, 1, state->quantity_scale[entry->instrument]); /* a fee is rounded up, a rebate down */
  if (!pair->has_ppb) return fee;
  const nt_terms *terms = &state->terms[index];
  int64_t ppb = liquidity == NT_LIQUIDITY_MAKER ? terms->fee_maker_ppb : terms->fee_taker_ppb;
  nt_wide traded = nt_absolute((nt_wide)price * quantity);
  int64_t money = ppb > 0 ? nt_ratio_up(&pair->value, traded) : nt_money_floor(traded, pair->value_numerator, pair->value_denominator);
  return nt_sum(fee, nt_fee_of(money, ppb));
}

void nt_account_set_state(nt_state *state, uint32_t account, uint8_t trading_state, uint16_t reason) {
  nt_book_keeping *keeping = &state->keeping[account];
  int lost = keeping->max_daily_loss != INT64_MAX && nt_account_day_pnl(keeping) <= -keeping->max_daily_loss;
  if (trading_state != NT_STATE_HALTED && (lost || keeping->state_reason == NT_REASON_DAILY_LOSS_LIMIT))
    keeping->day_equity = nt_account_equity(keeping);                     /* whoever resumes accepts the loss: the limit counts from here */
  if (trading_state == NT_STATE_ACTIVE) state->habits[account].fills = 0; /* and the fills that stopped it */
  keeping->state = trading_state;
  keeping->state_reason = reason;
  keeping->dirty = 1;
}

static void check_daily_loss(nt_state *state, uint32_t account) {
  nt_book_keeping *keeping = &state->keeping[account];
  if (keeping->max_daily_loss == INT64_MAX || keeping->state_reason == NT_REASON_DAILY_LOSS_LIMIT) return;
  if (nt_account_day_pnl(keeping) > -keeping->max_daily_loss) return;
  nt_account_set_state(state, account, NT_STATE_HALTED, NT_REASON_DAILY_LOSS_LIMIT);
  nt_cancel_working(state, account, NT_NONE, NT_REASON_KILL_SWITCH);
}

static void mark_pair(nt_state *state, uint32_t account, uint32_t instrument) {
  uint32_t index = nt_pair_index(state, account, instrument);
  const nt_pair *pair = &state->pairs[index];
  nt_ledger *ledger = &state->ledgers[index];
  int64_t money = 0;
  if (pair->position != 0 && state->markets[instrument].mark != NT_ABSENT) { /* without a price it is worth what it cost */
    nt_wide worth = (nt_wide)state->markets[instrument].mark * pair->position - ledger->cost;
    money = nt_money_floor(worth, pair->value_numerator, pair->value_denominator);
  }
  if (money == ledger->unrealized_money) return;
  state->keeping[account].unrealized = nt_saturate((nt_wide)state->keeping[account].unrealized + money - ledger->unrealized_money);
  state->keeping[account].dirty = 1;
  ledger->unrealized_money = money;
  nt_pair_dirty(state, index);
}

void nt_account_mark(nt_state *state, uint32_t instrument) {
  for (uint32_t account = 0; account < state->account_count; account++) {
    if (state->pairs[nt_pair_index(state, account, instrument)].position == 0) continue;
    mark_pair(state, account, instrument);
    nt_exposure_terms(state, account, instrument);
    check_daily_loss(state, account);
  }
}

/* closed of position lots leave: their share of cost, exact when all leave, else rounded towards zero. */
static nt_wide cost_share(nt_wide cost, int64_t closed, int64_t position) {
  nt_wide whole = cost / position, rest = cost % position;
  return whole * closed + rest * closed / position;
}

void nt_account_fill(nt_state *state, const nt_entry *entry, int64_t price, int64_t quantity, int64_t fee) {
  uint32_t index = nt_pair_index(state, entry->account, entry->instrument);
  nt_pair *pair = &state->pairs[index];
  nt_ledger *ledger = &state->ledgers[index];
  nt_book_keeping *keeping = &state->keeping[entry->account];
  int64_t direction = entry->side == NT_SIDE_BUY ? 1 : -1;
  int64_t held = pair->position * direction; /* negative: this fill closes */
  int64_t closed = held < 0 ? (quantity < -held ? quantity : -held) : 0;
  if (closed > 0) {
    nt_wide share = cost_share(ledger->cost, closed, -held);
    ledger->cost -= share;
    ledger->realized += (nt_wide)price * closed * -direction - share;
  }
  ledger->cost += (nt_wide)price * (quantity - closed) * direction;
  pair->position += quantity * direction;
  int64_t *working = direction > 0 ? (entry->reduce_only ? &ledger->reduce_buy : &pair->working_buy)
                                   : (entry->reduce_only ? &ledger->reduce_sell : &pair->working_sell);
  *working -= quantity;
  int64_t realized = nt_money_floor(ledger->realized, pair->value_numerator, pair->value_denominator);
  keeping->realized = nt_saturate((nt_wide)keeping->realized + realized - ledger->realized_money);
  ledger->realized_money = realized;
  ledger->fees = nt_sum(ledger->fees, fee);
  keeping->fees = nt_sum(keeping->fees, fee);
  ledger->fills++;
  keeping->dirty = 1;
  nt_pair_dirty(state, index);
  mark_pair(state, entry->account, entry->instrument);
  nt_exposure_work(state, entry, -quantity);
  nt_habit_fill(state, entry->account);
  check_daily_loss(state, entry->account);
}

void nt_account_new_day(nt_state *state, int64_t day) {
  for (uint32_t account = 0; account < state->account_count; account++) {
    nt_book_keeping *keeping = &state->keeping[account];
    if (keeping->day != NT_ABSENT && day <= keeping->day) continue;
    if (keeping->day != NT_ABSENT) { /* what came before the first day known counts to it */
      keeping->day_value = 0;
      keeping->day_equity = nt_account_equity(keeping);
    }
    keeping->day = day;
    keeping->dirty = 1;
  }
}

void nt_account_view_of(const nt_state *state, uint32_t account, nt_account_view *view) {
  const nt_book_keeping *keeping = &state->keeping[account];
  view->cash = cash_of(keeping);
  view->equity = nt_account_equity(keeping);
  view->realized_pnl = keeping->realized;
  view->unrealized_pnl = keeping->unrealized;
  view->fees = keeping->fees;
  view->day_pnl = nt_account_day_pnl(keeping);
  view->open_orders = keeping->open_orders;
  view->state = keeping->state;
  view->state_reason = keeping->state_reason;
}

void nt_position_of(const nt_state *state, uint32_t account, uint32_t instrument, nt_position *position) {
  uint32_t index = nt_pair_index(state, account, instrument);
  const nt_pair *pair = &state->pairs[index];
  const nt_ledger *ledger = &state->ledgers[index];
  double scale = 1.0;
  for (int32_t i = 0; i < state->instruments[instrument].price_decimals; i++) scale *= 10.0;
  position->quantity = pair->position;
  position->working_buy = pair->working_buy;
  position->working_sell = pair->working_sell;
  position->projected = pair->position + pair->working_buy - pair->working_sell;
  position->average_price = pair->position == 0 ? (double)NAN : (double)ledger->cost / (double)pair->position / scale;
  position->realized_pnl = ledger->realized_money;
  position->unrealized_pnl = ledger->unrealized_money;
  position->fees = ledger->fees;
  position->mark_price = state->markets[instrument].mark;
  position->fills = ledger->fills;
}
