/* Pre-trade checks: cheapest first, the first failure decides, and a check whose input is missing denies. */
#include "state.h"

static inline void deny(nt_verdict *verdict, uint16_t check, uint16_t reason, uint8_t unit, int64_t observed, int64_t limit) {
  verdict->reason = reason;
  verdict->check = check;
  verdict->unit = unit;
  verdict->observed = observed;
  verdict->limit = limit;
}

static inline void deny_wide(nt_verdict *verdict, uint16_t check, uint16_t reason, uint8_t unit, nt_wide observed, int64_t limit) {
  deny(verdict, check, reason, unit, nt_saturate(observed), limit);
  verdict->saturated = nt_saturate(observed) != observed;
}

/* Check 1 of a new order: every field has a meaning. */
static inline int well_formed(const nt_state *state, const nt_order *order, nt_verdict *verdict) {
  int known =
      order->message == NT_MESSAGE_NEW && (order->side == NT_SIDE_BUY || order->side == NT_SIDE_SELL) && order->client_order_id != 0;
  if (!known || !nt_order_form(order)) {
    deny(verdict, NT_CHECK_WELL_FORMED, NT_REASON_MALFORMED, NT_UNIT_COUNT, NT_ABSENT, NT_ABSENT);
    return 0;
  }
  if (order->account >= state->account_count) {
    deny(verdict, NT_CHECK_WELL_FORMED, NT_REASON_UNKNOWN_ACCOUNT, NT_UNIT_COUNT, order->account, (int64_t)state->account_count - 1);
    return 0;
  }
  return 1;
}

/* Checks 2 and 22. added: how much this request adds to what works on its side. */
static inline int trading_state(const nt_book_keeping *keeping, const nt_pair *pair, uint8_t side, int64_t added, nt_verdict *verdict) {
  if (keeping->state == NT_STATE_ACTIVE) return 1;
  if (keeping->state_reason == NT_REASON_DAILY_LOSS_LIMIT) {
    deny(verdict, NT_CHECK_DAILY_LOSS, NT_REASON_DAILY_LOSS_LIMIT, NT_UNIT_MONEY, -nt_account_day_pnl(keeping), keeping->max_daily_loss);
    return 0;
  }
  if (keeping->state == NT_STATE_REDUCING) {
    nt_wide open = side == NT_SIDE_BUY ? -(nt_wide)pair->position : (nt_wide)pair->position;
    nt_wide working = (nt_wide)(side == NT_SIDE_BUY ? pair->working_buy : pair->working_sell) + added;
    if (open > 0 && working <= open) return 1;
    deny_wide(verdict, NT_CHECK_TRADING_STATE, NT_REASON_TRADING_STATE_REDUCING, NT_UNIT_QUANTITY, working,
              open > 0 ? nt_saturate(open) : 0);
    return 0;
  }
  deny(verdict, NT_CHECK_TRADING_STATE, NT_REASON_TRADING_HALTED, NT_UNIT_STATE, keeping->state, NT_STATE_ACTIVE);
  return 0;
}

static inline int session(const nt_market *market, nt_verdict *verdict) {
  if (market->session == NT_SESSION_OPEN) return 1;
  deny(verdict, NT_CHECK_SESSION, market->session == NT_SESSION_CLOSED ? NT_REASON_MARKET_CLOSED : NT_REASON_INSTRUMENT_HALTED,
       NT_UNIT_STATE, market->session, NT_SESSION_OPEN);
  return 0;
}

static inline int quantity_check(const nt_market *market, const nt_pair *pair, int64_t quantity, nt_verdict *verdict) {
  int64_t maximum = pair->max_order_quantity < NT_RAW_MAX ? pair->max_order_quantity : NT_RAW_MAX;
  if (quantity <= 0) {
    deny(verdict, NT_CHECK_QUANTITY, NT_REASON_QUANTITY_NOT_POSITIVE, NT_UNIT_QUANTITY, quantity, 1);
  } else if (quantity > maximum) {
    deny(verdict, NT_CHECK_QUANTITY, NT_REASON_QUANTITY_EXCEEDS_MAXIMUM, NT_UNIT_QUANTITY, quantity, maximum);
  } else if (quantity < market->minimum_quantity) {
    deny(verdict, NT_CHECK_QUANTITY, NT_REASON_QUANTITY_BELOW_MINIMUM, NT_UNIT_QUANTITY, quantity, market->minimum_quantity);
  } else if (!nt_divides(market->lot_inverse, market->lot_bound, market->lot_shift, quantity)) {
    deny(verdict, NT_CHECK_QUANTITY, NT_REASON_LOT_SIZE_VIOLATION, NT_UNIT_QUANTITY, quantity, market->lot_size);
  } else {
    return 1;
  }
  return 0;
}

static inline int price_check(const nt_market *market, int64_t price, nt_verdict *verdict) {
  if (price <= 0 && !market->allow_negative_price) {
    deny(verdict, NT_CHECK_PRICE, NT_REASON_PRICE_NOT_POSITIVE, NT_UNIT_PRICE, price, market->tick_size);
  } else if (price > market->maximum_price || price < -market->maximum_price) {
    deny(verdict, NT_CHECK_PRICE, NT_REASON_PRICE_EXCEEDS_MAXIMUM, NT_UNIT_PRICE, price, market->maximum_price);
  } else if (!nt_divides(market->tick_inverse, market->tick_bound, market->tick_shift, price)) {
    deny(verdict, NT_CHECK_PRICE, NT_REASON_TICK_SIZE_VIOLATION, NT_UNIT_PRICE, price, market->tick_size);
  } else {
    return 1;
  }
  return 0;
}

static inline int has_quote(const nt_market *market) {
  return market->bid != NT_ABSENT && market->ask != NT_ABSENT && market->bid <= market->ask &&
         (market->bid > 0 || market->allow_negative_price);
}

static inline int freshness(const nt_market *market, const nt_pair *pair, int64_t now, nt_verdict *verdict) {
  if (pair->max_quote_age_ns == INT64_MAX) return 1;
  if (market->quote_ts == NT_ABSENT || !has_quote(market)) {
    deny(verdict, NT_CHECK_FRESHNESS, NT_REASON_MARKET_PRICE_UNAVAILABLE, NT_UNIT_NANOSECONDS, NT_ABSENT, pair->max_quote_age_ns);
    return 0;
  }
  if (now - market->quote_ts <= pair->max_quote_age_ns) return 1;
  deny(verdict, NT_CHECK_FRESHNESS, NT_REASON_STALE_MARKET_DATA, NT_UNIT_NANOSECONDS, now - market->quote_ts, pair->max_quote_age_ns);
  return 0;
}

/* Check 11. Reference: the opposite best for an order that reaches it, else the middle. Doubled, so that the middle is whole.
 * The limit reported is the last price inside the band, towards the reference. */
static inline int collar(const nt_market *market, const nt_pair *pair, uint8_t side, int64_t price, nt_verdict *verdict) {
  if (pair->price_collar_bps == INT64_MAX) return 1;
  if (!has_quote(market)) {
    deny(verdict, NT_CHECK_COLLAR, NT_REASON_MARKET_PRICE_UNAVAILABLE, NT_UNIT_PRICE, price, NT_ABSENT);
    return 0;
  }
  int64_t opposite = side == NT_SIDE_BUY ? market->ask : market->bid;
  int aggressive = side == NT_SIDE_BUY ? price >= opposite : price <= opposite;
  int64_t reference = aggressive ? 2 * opposite : market->bid + market->ask;
  nt_wide distance = nt_absolute((nt_wide)2 * price - reference) * 10000;
  nt_wide allowed = nt_absolute(reference) * pair->price_collar_bps;
  if (distance <= allowed) return 1;
  nt_wide width = allowed / 10000; /* doubled, as the reference is; halves are rounded towards it */
  nt_wide edge = 2 * (nt_wide)price > reference ? (reference + width) >> 1 : -((width - reference) >> 1);
  deny(verdict, NT_CHECK_COLLAR, NT_REASON_PRICE_COLLAR, NT_UNIT_PRICE, price, nt_saturate(edge));
  return 0;
}

/* Check 12. A market order is priced at the worse of its side of the quote plus slippage. */
static inline int notional(const nt_market *market, const nt_pair *pair, const nt_order *order, int64_t price, int64_t quantity,
                           nt_verdict *verdict) {
  if (!pair->has_terms) {
    deny(verdict, NT_CHECK_NOTIONAL, NT_REASON_FX_RATE_UNAVAILABLE, NT_UNIT_MONEY, NT_ABSENT, NT_ABSENT);
    return 0;
  }
  if (pair->max_order_notional == INT64_MAX) return 1;
  if (price == NT_ABSENT) {
    if (!has_quote(market)) {
      deny(verdict, NT_CHECK_NOTIONAL, NT_REASON_MARKET_PRICE_UNAVAILABLE, NT_UNIT_MONEY, NT_ABSENT, pair->max_order_notional);
      return 0;
    }
    price = order->side == NT_SIDE_BUY ? market->ask + market->slippage : market->bid - market->slippage;
    if (nt_magnitude(market->bid) > nt_magnitude(price)) price = market->bid;
  }
  nt_wide product = nt_absolute((nt_wide)price * quantity);
  if (product <= pair->product_limit) return 1;
  deny_wide(verdict, NT_CHECK_NOTIONAL, NT_REASON_NOTIONAL_EXCEEDS_MAXIMUM, NT_UNIT_MONEY,
            -(nt_wide)nt_money_floor(-product, pair->value_numerator, pair->value_denominator), pair->max_order_notional);
  verdict->saturated = verdict->observed == INT64_MAX;
  return 0;
}

/* Check 15. The worst case: everything that works on this side fills, nothing on the other. */
static inline int position(const nt_pair *pair, uint8_t side, int64_t added, nt_verdict *verdict) {
  nt_wide worst =
      side == NT_SIDE_BUY ? (nt_wide)pair->position + pair->working_buy + added : -(nt_wide)pair->position + pair->working_sell + added;
  int64_t limit = pair->max_position < NT_RAW_MAX ? pair->max_position : NT_RAW_MAX;
  if (worst <= limit) return 1;
  deny_wide(verdict, NT_CHECK_POSITION, NT_REASON_POSITION_LIMIT_EXCEEDED, NT_UNIT_QUANTITY, worst, limit);
  return 0;
}

/* Check 19, GCRA: one stored time. Denied requests do not consume. */
static inline int rate(const nt_book_keeping *keeping, int64_t now, nt_verdict *verdict, int64_t *rate_next) {
  *rate_next = keeping->rate_next_ns;
  if (keeping->rate_interval_ns == 0) return 1;
  int64_t next = keeping->rate_next_ns > now ? keeping->rate_next_ns : now;
  if (next - now <= keeping->rate_tolerance_ns) {
    *rate_next = next + keeping->rate_interval_ns;
    return 1;
  }
  deny(verdict, NT_CHECK_RATE, NT_REASON_RATE_LIMIT_EXCEEDED, NT_UNIT_COUNT,
       (next - now + keeping->rate_interval_ns - 1) / keeping->rate_interval_ns + 1, keeping->max_orders_per_second);
  return 0;
}

void nt_validate_new(const nt_state *state, const nt_order *order, uint32_t channel, nt_verdict *verdict, int64_t *rate_next) {
  verdict->reason = 0;
  verdict->saturated = 0;
  if (!well_formed(state, order, verdict)) return;
  if (order->instrument >= state->instrument_count) {
    deny(verdict, NT_CHECK_SESSION, NT_REASON_INSTRUMENT_NOT_FOUND, NT_UNIT_COUNT, order->instrument, (int64_t)state->instrument_count - 1);
    return;
  }
  const nt_market *market = &state->markets[order->instrument];
  const nt_pair *pair = &state->pairs[nt_pair_index(state, order->account, order->instrument)];
  const nt_book_keeping *keeping = &state->keeping[order->account];
  const nt_id_line *client = &state->clients[channel];
  if (!trading_state(keeping, pair, order->side, order->quantity, verdict) || !session(market, verdict)) return;
  if (order->client_order_id <= client->last_id) {
    deny(verdict, NT_CHECK_DUPLICATE, NT_REASON_DUPLICATE_CLIENT_ORDER_ID, NT_UNIT_ORDER_ID, (int64_t)order->client_order_id,
         (int64_t)client->last_id);
    return;
  }
  const nt_entry *slot =
      &state->entries[(uint64_t)channel * state->order_capacity + (order->client_order_id & (state->order_capacity - 1))];
  if (slot->client_order_id != 0) {
    deny(verdict, NT_CHECK_DUPLICATE, NT_REASON_ORDER_SLOT_TAKEN, NT_UNIT_ORDER_ID, (int64_t)order->client_order_id,
         (int64_t)slot->client_order_id);
    return;
  }
  if (!quantity_check(market, pair, order->quantity, verdict)) return;
  if (order->price != NT_ABSENT && !price_check(market, order->price, verdict)) return;
  if (order->trigger_price != NT_ABSENT && !price_check(market, order->trigger_price, verdict)) return;
  if (!nt_order_type_checks(state, order, channel, verdict)) return;
  if (!freshness(market, pair, state->now, verdict)) return;
  if (order->type == NT_ORDER_LIMIT && !collar(market, pair, order->side, order->price, verdict)) return;
  int64_t price = order->price != NT_ABSENT ? order->price : order->trigger_price; /* where it would trade */
  if (!notional(market, pair, order, price, order->quantity, verdict)) return;
  if (keeping->open_orders >= keeping->max_open_orders) {
    deny(verdict, NT_CHECK_OPEN_ORDERS, NT_REASON_TOO_MANY_OPEN_ORDERS, NT_UNIT_COUNT, keeping->open_orders + 1, keeping->max_open_orders);
    return;
  }
  int reduces = (order->flags & NT_ORDER_REDUCE_ONLY) != 0; /* it opens nothing */
  if (!reduces && !position(pair, order->side, order->quantity, verdict)) return;
  rate(keeping, state->now, verdict, rate_next);
}

/* order carries the new total quantity and price, filled in from the entry where absent. Exposure is checked on what it adds. */
void nt_validate_replace(const nt_state *state, const nt_order *order, const nt_entry *entry, nt_verdict *verdict, int64_t *rate_next) {
  verdict->reason = 0;
  verdict->saturated = 0;
  const nt_market *market = &state->markets[entry->instrument];
  const nt_pair *pair = &state->pairs[nt_pair_index(state, entry->account, entry->instrument)];
  const nt_book_keeping *keeping = &state->keeping[entry->account];
  int64_t added = order->quantity > entry->quantity ? order->quantity - entry->quantity : 0;
  int limit = entry->type == NT_ORDER_LIMIT || entry->type == NT_ORDER_STOP_LIMIT;
  if ((order->price == NT_ABSENT) == limit) {
    deny(verdict, NT_CHECK_WELL_FORMED, NT_REASON_MALFORMED, NT_UNIT_PRICE, order->price, NT_ABSENT);
    return;
  }
  if (order->trigger_price != NT_ABSENT && entry->trigger_price == NT_ABSENT) { /* nothing that a trigger could start */
    deny(verdict, NT_CHECK_WELL_FORMED, NT_REASON_MALFORMED, 0, NT_ABSENT, NT_ABSENT);
    return;
  }
  if (!trading_state(keeping, pair, entry->side, added, verdict) || !session(market, verdict)) return;
  if (!quantity_check(market, pair, order->quantity, verdict)) return;
  if (order->quantity <= entry->filled) {
    deny(verdict, NT_CHECK_QUANTITY, NT_REASON_QUANTITY_BELOW_FILLED, NT_UNIT_QUANTITY, order->quantity, entry->filled);
    return;
  }
  if (limit && !price_check(market, order->price, verdict)) return;
  if (order->trigger_price != NT_ABSENT && !price_check(market, order->trigger_price, verdict)) return;
  if (!freshness(market, pair, state->now, verdict)) return;
  if (entry->type == NT_ORDER_LIMIT && !collar(market, pair, entry->side, order->price, verdict)) return;
  nt_order priced = *order;
  priced.side = entry->side;
  int64_t price = order->price != NT_ABSENT ? order->price : order->trigger_price;
  if (!notional(market, pair, &priced, price, order->quantity, verdict)) return;
  if (entry->reduce_only) {
    int held = entry->contingency == NT_CONTINGENCY_BRACKET;
    if (!held && added > 0 && !nt_order_reduces(state, entry->account, entry->instrument, entry->side, added, verdict)) return;
  } else if (!position(pair, entry->side, added, verdict)) {
    return;
  }
  rate(keeping, state->now, verdict, rate_next);
}

/* FIX 103 OrdRejReason for our reason. */
uint16_t nt_reason_fix(uint16_t reason) {
  switch (reason) {
    case NT_REASON_TRADING_HALTED:
    case NT_REASON_TRADING_STATE_REDUCING:
    case NT_REASON_KILL_SWITCH:
      return 0; /* broker */
    case NT_REASON_INSTRUMENT_NOT_FOUND:
      return 1;
    case NT_REASON_MARKET_CLOSED:
    case NT_REASON_INSTRUMENT_HALTED:
    case NT_REASON_SESSION_CLOSED:
      return 2;
    case NT_REASON_TOO_MANY_OPEN_ORDERS:
    case NT_REASON_POSITION_LIMIT_EXCEEDED:
    case NT_REASON_RATE_LIMIT_EXCEEDED:
      return 3;
    case NT_REASON_TOO_LATE:
      return 4;
    case NT_REASON_UNKNOWN_ORDER:
      return 5;
    case NT_REASON_DUPLICATE_CLIENT_ORDER_ID:
    case NT_REASON_ORDER_SLOT_TAKEN:
      return 6;
    case NT_REASON_MALFORMED:
    case NT_REASON_EXPIRE_TIME_MISSING:
    case NT_REASON_EXPIRE_TIME_IN_PAST:
    case NT_REASON_UNKNOWN_LIST:
    case NT_REASON_REDUCE_ONLY_WOULD_INCREASE_POSITION:
      return 11;
    case NT_REASON_QUANTITY_NOT_POSITIVE:
    case NT_REASON_QUANTITY_BELOW_MINIMUM:
    case NT_REASON_QUANTITY_BELOW_FILLED:
    case NT_REASON_LOT_SIZE_VIOLATION:
      return 13;
    case NT_REASON_UNKNOWN_ACCOUNT:
      return 15;
    case NT_REASON_PRICE_COLLAR:
    case NT_REASON_PRICE_EXCEEDS_MAXIMUM:
      return 16;
    case NT_REASON_PRICE_NOT_POSITIVE:
    case NT_REASON_TICK_SIZE_VIOLATION:
      return 18;
    case NT_REASON_MARKET_PRICE_UNAVAILABLE:
    case NT_REASON_STALE_MARKET_DATA:
    case NT_REASON_FX_RATE_UNAVAILABLE:
      return 19;
    case NT_REASON_DAILY_LOSS_LIMIT:
      return 21;
    case NT_REASON_QUANTITY_EXCEEDS_MAXIMUM:
      return 26;
    case NT_REASON_NOTIONAL_EXCEEDS_MAXIMUM:
      return 27;
    default:
      return 99;
  }
}
