/* Pre-trade checks: cheapest first, the first failure decides, and a check whose input is missing denies. */
#include "exposure.h"

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
static inline int trading_state(const nt_state *state, const nt_book_keeping *keeping, const nt_pair *pair, uint8_t side, int64_t added,
                                int64_t reducing, nt_verdict *verdict) {
  if (keeping->state == NT_STATE_ACTIVE) return 1;
  if (keeping->state_reason == NT_REASON_DAILY_LOSS_LIMIT) {
    deny(verdict, NT_CHECK_DAILY_LOSS, NT_REASON_DAILY_LOSS_LIMIT, NT_UNIT_MONEY, -nt_account_day_pnl(keeping), keeping->max_daily_loss);
    return 0;
  }
  if (keeping->state == NT_STATE_REDUCING) {
    int64_t base = nt_base_position(state, pair, side, reducing);
    nt_wide open = side == NT_SIDE_BUY ? -(nt_wide)base : base;
    nt_wide working = (nt_wide)(side == NT_SIDE_BUY ? pair->working_buy : pair->working_sell) + added;
    int closes = side == NT_SIDE_BUY ? pair->position < 0 : pair->position > 0;
    if (closes && working <= open) return 1;
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

/* Check 4, without the short sale, which needs a sound quantity. */
static inline int permitted(const nt_book_keeping *keeping, const nt_pair *pair, uint8_t side, uint8_t type, uint8_t time_in_force,
                            nt_verdict *verdict) {
  uint32_t barred = side == NT_SIDE_BUY ? NT_RESTRICT_BUY : NT_RESTRICT_SELL;
  if ((pair->restrictions & barred) != 0) {
    deny(verdict, NT_CHECK_RESTRICTED, NT_REASON_RESTRICTED_INSTRUMENT, NT_UNIT_CODE, side, NT_ABSENT);
  } else if ((keeping->allowed_order_types >> type & 1) == 0) {
    deny(verdict, NT_CHECK_RESTRICTED, NT_REASON_ORDER_TYPE_NOT_PERMITTED, NT_UNIT_CODE, type, (int64_t)keeping->allowed_order_types);
  } else if ((keeping->allowed_times_in_force >> time_in_force & 1) == 0) {
    deny(verdict, NT_CHECK_RESTRICTED, NT_REASON_ORDER_TYPE_NOT_PERMITTED, NT_UNIT_CODE, time_in_force,
         (int64_t)keeping->allowed_times_in_force);
  } else {
    return 1;
  }
  return 0;
}

static inline int short_sale(const nt_state *state, const nt_pair *pair, uint8_t side, int64_t added, int64_t reducing,
                             nt_verdict *verdict) {
  if ((pair->restrictions & NT_RESTRICT_SHORT) == 0 || side != NT_SIDE_SELL || (nt_wide)added + reducing == 0) return 1;
  nt_wide sold = (nt_wide)pair->working_sell + added;
  int64_t base = nt_base_position(state, pair, side, reducing);
  if (sold <= (base > 0 ? base : 0)) return 1;
  deny_wide(verdict, NT_CHECK_RESTRICTED, NT_REASON_SHORT_SALE_RESTRICTED, NT_UNIT_QUANTITY, sold, base > 0 ? base : 0);
  return 0;
}

/* Check 6. A client whose clock is ahead by more than the limit is as wrong as one that is late. */
static inline int order_age(const nt_book_keeping *keeping, int64_t now, int64_t ts, nt_verdict *verdict) {
  if (keeping->max_order_age_ns == INT64_MAX) return 1;
  nt_wide age = (nt_wide)now - ts;
  if (nt_absolute(age) <= keeping->max_order_age_ns) return 1;
  deny_wide(verdict, NT_CHECK_ORDER_AGE, NT_REASON_ORDER_TOO_OLD, NT_UNIT_NANOSECONDS, age, keeping->max_order_age_ns);
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

static inline int freshness(const nt_market *market, const nt_pair *pair, int64_t now, nt_verdict *verdict) {
  if (pair->max_quote_age_ns == INT64_MAX) return 1;
  if (market->quote_ts == NT_ABSENT || !nt_has_quote(market)) {
    deny(verdict, NT_CHECK_FRESHNESS, NT_REASON_MARKET_PRICE_UNAVAILABLE, NT_UNIT_NANOSECONDS, NT_ABSENT, pair->max_quote_age_ns);
    return 0;
  }
  if (now - market->quote_ts <= pair->max_quote_age_ns) return 1;
  deny(verdict, NT_CHECK_FRESHNESS, NT_REASON_STALE_MARKET_DATA, NT_UNIT_NANOSECONDS, now - market->quote_ts, pair->max_quote_age_ns);
  return 0;
}

/* Check 11. Reference: the opposite best for an order that reaches it, else the middle; of one that waits, its trigger. Doubled, so that
 * the middle is whole. The limit reported is the last price inside the band, towards the reference. */
static inline int collar(const nt_market *market, const nt_pair *pair, uint8_t side, int64_t price, int64_t trigger_price, int at_once,
                         nt_verdict *verdict) {
  if (pair->price_collar_bps == INT64_MAX) return 1;
  int64_t reference;
  if (!at_once) {
    reference = 2 * trigger_price;
  } else if (nt_has_quote(market)) {
    reference = nt_crosses(side, price, nt_opposite(market, side)) ? 2 * nt_opposite(market, side) : market->bid + market->ask;
  } else {
    deny(verdict, NT_CHECK_COLLAR, NT_REASON_MARKET_PRICE_UNAVAILABLE, NT_UNIT_PRICE, price, NT_ABSENT);
    return 0;
  }
  nt_wide distance = nt_absolute((nt_wide)2 * price - reference) * 10000;
  nt_wide allowed = nt_absolute(reference) * pair->price_collar_bps;
  if (distance <= allowed) return 1;
  nt_wide width = allowed / 10000; /* doubled, as the reference is; halves are rounded towards it */
  nt_wide edge = 2 * (nt_wide)price > reference ? (reference + width) >> 1 : -((width - reference) >> 1);
  deny(verdict, NT_CHECK_COLLAR, NT_REASON_PRICE_COLLAR, NT_UNIT_PRICE, price, nt_saturate(edge));
  return 0;
}

/* Check 12. value: of nt_value_price. */
static inline int notional(const nt_pair *pair, int64_t value, int64_t quantity, nt_verdict *verdict) {
  if (!pair->has_terms) {
    deny(verdict, NT_CHECK_NOTIONAL, NT_REASON_FX_RATE_UNAVAILABLE, NT_UNIT_MONEY, NT_ABSENT, NT_ABSENT);
    return 0;
  }
  if (pair->max_order_notional == INT64_MAX) return 1;
  if (value == NT_ABSENT) {
    deny(verdict, NT_CHECK_NOTIONAL, NT_REASON_MARKET_PRICE_UNAVAILABLE, NT_UNIT_MONEY, NT_ABSENT, pair->max_order_notional);
    return 0;
  }
  nt_wide product = (nt_wide)value * quantity;
  if (product <= pair->product_limit) return 1;
  deny_wide(verdict, NT_CHECK_NOTIONAL, NT_REASON_NOTIONAL_EXCEEDS_MAXIMUM, NT_UNIT_MONEY,
            -(nt_wide)nt_money_floor(-product, pair->value_numerator, pair->value_denominator), pair->max_order_notional);
  verdict->saturated = verdict->observed == INT64_MAX;
  return 0;
}

/* Check 13. The least of what the order may trade at: its price, or without one its trigger and once that may be reached the lesser side of
 * the quote. */
static inline int minimum_notional(const nt_market *market, const nt_pair *pair, const nt_terms *terms, int64_t price,
                                   int64_t trigger_price, int at_once, int64_t quantity, nt_verdict *verdict) {
  if (pair->minimum_product == 0) return 1;
  uint64_t least = nt_magnitude(nt_trading_price(price, trigger_price));
  if (price == NT_ABSENT && (at_once || trigger_price == NT_ABSENT)) {
    if (!nt_has_quote(market)) {
      deny(verdict, NT_CHECK_MINIMUM_NOTIONAL, NT_REASON_MARKET_PRICE_UNAVAILABLE, NT_UNIT_MONEY, NT_ABSENT, terms->min_order_notional);
      return 0;
    }
    uint64_t bid = nt_magnitude(market->bid), ask = nt_magnitude(market->ask), lesser = bid < ask ? bid : ask;
    if (trigger_price == NT_ABSENT || lesser < least) least = lesser;
  }
  nt_wide product = (nt_wide)least * quantity;
  if (product >= pair->minimum_product) return 1;
  deny(verdict, NT_CHECK_MINIMUM_NOTIONAL, NT_REASON_NOTIONAL_BELOW_MINIMUM, NT_UNIT_MONEY,
       nt_money_floor(product, pair->value_numerator, pair->value_denominator), terms->min_order_notional);
  return 0;
}

/* Check 15. The worst case: everything that works on this side fills, nothing on the other. */
static inline int position(const nt_state *state, const nt_pair *pair, uint8_t side, int64_t added, int64_t reducing, nt_verdict *verdict) {
  int64_t base = nt_base_position(state, pair, side, reducing);
  nt_wide worst = side == NT_SIDE_BUY ? (nt_wide)base + pair->working_buy + added : -(nt_wide)base + pair->working_sell + added;
  int64_t limit = pair->max_position < NT_RAW_MAX ? pair->max_position : NT_RAW_MAX;
  if (worst <= limit) return 1;
  deny_wide(verdict, NT_CHECK_POSITION, NT_REASON_POSITION_LIMIT_EXCEEDED, NT_UNIT_QUANTITY, worst, limit);
  return 0;
}

/* What checks 17, 18 and 21 need of a request: its price, what it adds to the quantity and to the product that work on its side, or to what
 * only reduces there. */
typedef struct addition {
  int64_t price; /* NT_ABSENT: not known */
  int64_t reducing;
  nt_wide quantity;
  nt_wide product;
} addition;

static inline int is_valued(const nt_book_keeping *keeping, uint16_t check, const addition *added, int64_t limit, nt_verdict *verdict) {
  if (added->price != NT_ABSENT && keeping->unvalued == 0) return 1;
  deny(verdict, check, added->price == NT_ABSENT ? NT_REASON_MARKET_PRICE_UNAVAILABLE : NT_REASON_FX_RATE_UNAVAILABLE, NT_UNIT_MONEY,
       NT_ABSENT, limit);
  return 0;
}

/* Checks 17 and 18. What adds nothing passes, however far the account is beyond its limits. */
static inline int exposure(const nt_state *state, const nt_book_keeping *keeping, const nt_pair *pair, uint8_t side, const addition *added,
                           nt_verdict *verdict) {
  if (keeping->max_open_notional != INT64_MAX && added->product > 0) {
    if (!is_valued(keeping, NT_CHECK_EXPOSURE, added, keeping->max_open_notional, verdict)) return 0;
    nt_wide total = keeping->open_notional - pair->open_notional +
                    nt_ratio_up(&pair->value, pair->working_product[0] + pair->working_product[1] + added->product);
    if (total > keeping->max_open_notional) {
      deny_wide(verdict, NT_CHECK_EXPOSURE, NT_REASON_OPEN_NOTIONAL_EXCEEDED, NT_UNIT_MONEY, total, keeping->max_open_notional);
      return 0;
    }
  }
  if (keeping->max_gross_exposure == INT64_MAX && pair->initial_margin_bps == 0) return 1;
  uint16_t check = keeping->max_gross_exposure == INT64_MAX ? NT_CHECK_BUYING_POWER : NT_CHECK_EXPOSURE;
  int64_t limit = check == NT_CHECK_EXPOSURE ? keeping->max_gross_exposure : NT_ABSENT;
  int64_t base = nt_base_position(state, pair, side, added->reducing);
  nt_wide worst = nt_pair_case(pair, side, base, added->quantity, added->product, added->price);
  int closes = side == NT_SIDE_BUY ? pair->position < 0 : pair->position > 0;
  if (added->price != NT_ABSENT && worst <= pair->worst && (closes || pair->initial_margin_bps == 0 || added->quantity == 0)) return 1;
  if (!is_valued(keeping, check, added, limit, verdict)) return 0;
  int64_t money = nt_ratio_up(&pair->value, worst > pair->worst ? worst : pair->worst);
  nt_wide gross = keeping->exposure - pair->exposure + money;
  if (worst > pair->worst && gross > keeping->max_gross_exposure) {
    deny_wide(verdict, NT_CHECK_EXPOSURE, NT_REASON_GROSS_EXPOSURE_EXCEEDED, NT_UNIT_MONEY, gross, keeping->max_gross_exposure);
    return 0;
  }
  if (pair->initial_margin_bps == 0) return 1;
  nt_wide working = (nt_wide)pair->working_buy + pair->working_sell + added->quantity;
  nt_wide product = pair->working_product[0] + pair->working_product[1] + added->product;
  nt_wide need = (nt_wide)nt_pair_reserve(pair, money, working, product) - pair->reserved_money;
  nt_wide free = (nt_wide)keeping->start_cash + keeping->realized + keeping->unrealized - keeping->fees - keeping->reserved_money;
  if (need <= free) return 1;
  deny_wide(verdict, NT_CHECK_BUYING_POWER, NT_REASON_INSUFFICIENT_BUYING_POWER, NT_UNIT_MONEY, need, nt_saturate(free));
  return 0;
}

/* Check 20. Counts what was accepted; the newest max_ are in the ring. */
static inline int repeated_fills(const nt_state *state, const nt_book_keeping *keeping, uint32_t account, nt_verdict *verdict) {
  if (keeping->fills_window_ns == 0) return 1;
  const nt_habits *habits = &state->habits[account];
  if (habits->fills <= keeping->max_fills) return 1;
  if (nt_elapsed(state->now, habits->fill_times[(habits->fills - keeping->max_fills - 1) % NT_FILL_RING]) >= keeping->fills_window_ns)
    return 1;
  deny(verdict, NT_CHECK_REPEATED, NT_REASON_REPEATED_EXECUTION, NT_UNIT_COUNT, (int64_t)keeping->max_fills + 1, keeping->max_fills);
  return 0;
}

static inline int duplicative(const nt_state *state, const nt_book_keeping *keeping, uint32_t account, uint64_t key, nt_verdict *verdict) {
  if (keeping->duplicate_window_ns == 0) return 1;
  const nt_habits *habits = &state->habits[account];
  const nt_habit_set *set = &habits->sets[nt_habit_set_of(key)];
  uint32_t way = 7;
  for (uint32_t i = 0; i < 7; i++) way = set->keys[i] == key ? i : way;
  if (way < 7) {
    const nt_habit *habit = &habits->habits[nt_habit_set_of(key)][way];
    if (habit->count < keeping->max_duplicate_orders) return 1;
    int64_t then = habit->times[(habit->head - keeping->max_duplicate_orders) % NT_DUPLICATES_MAX];
    if (nt_elapsed(state->now, then) >= keeping->duplicate_window_ns) return 1;
  } else if (set->keys[6] == 0 || state->now >= set->room_at) {
    return 1;
  }
  deny(verdict, NT_CHECK_REPEATED, NT_REASON_DUPLICATIVE_ORDER, NT_UNIT_COUNT, (int64_t)keeping->max_duplicate_orders + 1,
       keeping->max_duplicate_orders);
  return 0;
}

/* Check 21. Each order counts when it is accepted, and nothing is given back in the day. */
static inline int daily_value(const nt_book_keeping *keeping, const nt_pair *pair, const addition *added, nt_verdict *verdict) {
  if (keeping->max_daily_value == INT64_MAX || added->product <= 0) return 1;
  if (!is_valued(keeping, NT_CHECK_DAILY_VALUE, added, keeping->max_daily_value, verdict)) return 0;
  nt_wide total = (nt_wide)keeping->day_value + nt_ratio_up(&pair->value, added->product);
  if (total <= keeping->max_daily_value) return 1;
  deny_wide(verdict, NT_CHECK_DAILY_VALUE, NT_REASON_DAILY_VALUE_EXCEEDED, NT_UNIT_MONEY, total, keeping->max_daily_value);
  return 0;
}

/* Check 23. Orders on their way to the venue, or being cancelled, count as working. */
static inline int self_trade(const nt_state *state, const nt_book_keeping *keeping, uint32_t account, uint32_t instrument, uint8_t side,
                             int64_t price, int64_t quantity, nt_verdict *verdict) {
  if (keeping->self_trade == 0) return 1;
  const nt_pair *pair = &state->pairs[nt_pair_index(state, account, instrument)];
  uint32_t other = side == NT_SIDE_BUY ? 1 : 0;
  if (pair->own_best[other] == NT_NIL) return 1;
  int64_t own = pair->own_price[other], reach = nt_reach(state, instrument, side, price, quantity);
  if (reach == NT_ABSENT) {
    deny(verdict, NT_CHECK_SELF_TRADE, NT_REASON_MARKET_PRICE_UNAVAILABLE, NT_UNIT_PRICE, NT_ABSENT, own);
    return 0;
  }
  if (keeping->self_trade == NT_SELF_TRADE_CANCEL_OLDEST || !nt_crosses(side, reach, own)) return 1;
  deny(verdict, NT_CHECK_SELF_TRADE, NT_REASON_SELF_TRADE_PREVENTED, NT_UNIT_PRICE, reach, own);
  return 0;
}

/* Check 19, GCRA: one stored time. Denied requests do not consume. */
static inline int gcra(int64_t stored, int64_t interval, int64_t tolerance, int64_t limit, int64_t now, nt_verdict *verdict,
                       int64_t *stored_next) {
  *stored_next = stored;
  if (interval == 0) return 1;
  int64_t next = stored > now ? stored : now;
  if (next - now <= tolerance) {
    *stored_next = next + interval;
    return 1;
  }
  deny(verdict, NT_CHECK_RATE, NT_REASON_RATE_LIMIT_EXCEEDED, NT_UNIT_COUNT, (next - now + interval - 1) / interval + 1, limit);
  return 0;
}

static inline int rate(const nt_book_keeping *keeping, int64_t now, nt_verdict *verdict, int64_t *rate_next) {
  return gcra(keeping->rate_next_ns, keeping->rate_interval_ns, keeping->rate_tolerance_ns, keeping->max_orders_per_second, now, verdict,
              rate_next);
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
  const nt_terms *terms = &state->terms[pair - state->pairs];
  const nt_book_keeping *keeping = &state->keeping[order->account];
  const nt_id_line *client = &state->clients[channel];
  uint64_t key = 0;
  if (keeping->duplicate_window_ns != 0) { /* what is read at the end is fetched while the rest is checked */
    key = nt_habit_key(order->instrument, order->side, nt_trading_price(order->price, order->trigger_price), order->quantity);
    __builtin_prefetch(&state->habits[order->account].sets[nt_habit_set_of(key)]);
  }
  if (keeping->values) {
    for (uint32_t line = 128; line < sizeof(nt_pair); line += 64) __builtin_prefetch((const char *)pair + line);
  }
  int opens = (order->flags & NT_ORDER_REDUCE_ONLY) == 0;
  int64_t opening = opens ? order->quantity : 0;
  if (!trading_state(state, keeping, pair, order->side, opening, order->quantity - opening, verdict) || !session(market, verdict)) return;
  if (!permitted(keeping, pair, order->side, order->type, order->time_in_force, verdict)) return;
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
  if (!order_age(keeping, state->now, order->ts, verdict)) return;
  if (!quantity_check(market, pair, order->quantity, verdict)) return;
  if (order->price != NT_ABSENT && !price_check(market, order->price, verdict)) return;
  if (order->trigger_price != NT_ABSENT && !price_check(market, order->trigger_price, verdict)) return;
  if (!nt_order_type_checks(state, order, channel, verdict)) return;
  if (!freshness(market, pair, state->now, verdict)) return;
  int at_once = nt_trades_at_once(market, order->type, order->side, order->trigger_price);
  if (order->price != NT_ABSENT && !collar(market, pair, order->side, order->price, order->trigger_price, at_once, verdict)) return;
  nt_asked asked = nt_asked_by(order);
  int64_t value = nt_value_price(state, order->instrument, &asked);
  if (!notional(pair, value, order->quantity, verdict)) return;
  if (opens && !minimum_notional(market, pair, terms, order->price, order->trigger_price, at_once, order->quantity, verdict)) return;
  if (keeping->open_orders >= keeping->max_open_orders) {
    deny(verdict, NT_CHECK_OPEN_ORDERS, NT_REASON_TOO_MANY_OPEN_ORDERS, NT_UNIT_COUNT, keeping->open_orders + 1, keeping->max_open_orders);
    return;
  }
  if (!position(state, pair, order->side, opening, order->quantity - opening, verdict)) return;
  if (!short_sale(state, pair, order->side, opening, order->quantity - opening, verdict)) return;
  if (keeping->values) {
    addition added = {.price = opens ? value : 0, .reducing = order->quantity - opening, .quantity = opening};
    added.product = (nt_wide)(added.price == NT_ABSENT ? 1 : added.price) * opening; /* more than 0: without a price it is denied */
    if (!exposure(state, keeping, pair, order->side, &added, verdict) || !daily_value(keeping, pair, &added, verdict)) return;
  }
  if (!repeated_fills(state, keeping, order->account, verdict) || !duplicative(state, keeping, order->account, key, verdict)) return;
  if (!rate(keeping, state->now, verdict, rate_next) || !at_once) return;
  self_trade(state, keeping, order->account, order->instrument, order->side, order->price, order->quantity, verdict);
}

/* order carries the new total quantity and price, filled in from the entry where absent. Exposure is checked on what it adds. */
void nt_validate_replace(const nt_state *state, const nt_order *order, const nt_entry *entry, nt_verdict *verdict, int64_t *rate_next) {
  verdict->reason = 0;
  verdict->saturated = 0;
  const nt_market *market = &state->markets[entry->instrument];
  const nt_pair *pair = &state->pairs[nt_pair_index(state, entry->account, entry->instrument)];
  const nt_terms *terms = &state->terms[pair - state->pairs];
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
  int64_t opening = entry->reduce_only ? 0 : added;
  if (!trading_state(state, keeping, pair, entry->side, opening, added - opening, verdict) || !session(market, verdict)) return;
  if (!permitted(keeping, pair, entry->side, entry->type, entry->time_in_force, verdict)) return;
  if (!order_age(keeping, state->now, order->ts, verdict)) return;
  if (!quantity_check(market, pair, order->quantity, verdict)) return;
  if (order->quantity <= entry->filled) {
    deny(verdict, NT_CHECK_QUANTITY, NT_REASON_QUANTITY_BELOW_FILLED, NT_UNIT_QUANTITY, order->quantity, entry->filled);
    return;
  }
  if (limit && !price_check(market, order->price, verdict)) return;
  if (order->trigger_price != NT_ABSENT && !price_check(market, order->trigger_price, verdict)) return;
  if (!freshness(market, pair, state->now, verdict)) return;
  int64_t trigger_price = nt_replaced_trigger(entry, order->trigger_price);
  int at_once = entry->triggered || nt_trades_at_once(market, entry->type, entry->side, trigger_price);
  if (limit && !collar(market, pair, entry->side, order->price, trigger_price, at_once, verdict)) return;
  int64_t value = nt_replaced_value(state, entry, order);
  if (!notional(pair, value, order->quantity, verdict)) return;
  if (entry->reduce_only) {
    int bracket = entry->contingency == NT_CONTINGENCY_BRACKET;
    if (added > 0 && !nt_order_reduces(state, entry->account, entry->instrument, entry->side, added, bracket, verdict)) return;
  } else {
    if (!minimum_notional(market, pair, terms, order->price, trigger_price, at_once, order->quantity, verdict)) return;
  }
  if (!position(state, pair, entry->side, opening, added - opening, verdict)) return;
  if (!short_sale(state, pair, entry->side, opening, added - opening, verdict)) return;
  if (entry->reduce_only && keeping->values) {
    addition more = {.reducing = added};
    if (!exposure(state, keeping, pair, entry->side, &more, verdict)) return;
  } else if (keeping->values) {
    addition more = {.price = value, .quantity = added};
    int64_t quantity = order->quantity > entry->quantity ? order->quantity : entry->quantity, worse = entry->value_price;
    if (value > worse) worse = value;
    nt_wide before = (nt_wide)entry->value_price * nt_leaves(entry);
    more.product = (nt_wide)worse * (quantity - entry->filled) - before; /* while both are possible */
    if (value == NT_ABSENT) more.product = 1;
    if (!exposure(state, keeping, pair, entry->side, &more, verdict)) return;
    if (value != NT_ABSENT) more.product = (nt_wide)value * ((nt_wide)order->quantity - entry->filled) - before;
    if (!daily_value(keeping, pair, &more, verdict)) return;
  }
  if (!repeated_fills(state, keeping, entry->account, verdict)) return;
  if (!rate(keeping, state->now, verdict, rate_next) || !at_once) return;
  self_trade(state, keeping, entry->account, entry->instrument, entry->side, order->price, order->quantity - entry->filled, verdict);
}

/* Check 19 of a request to cancel. */
void nt_validate_cancel(const nt_state *state, uint32_t account, nt_verdict *verdict, int64_t *cancel_next) {
  const nt_book_keeping *keeping = &state->keeping[account];
  verdict->reason = 0;
  verdict->saturated = 0;
  gcra(keeping->cancel_next_ns, keeping->cancel_interval_ns, keeping->cancel_tolerance_ns, keeping->max_cancels_per_second, state->now,
       verdict, cancel_next);
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
    case NT_REASON_GROSS_EXPOSURE_EXCEEDED:
      return 3;
    case NT_REASON_TOO_LATE:
      return 4;
    case NT_REASON_UNKNOWN_ORDER:
      return 5;
    case NT_REASON_DUPLICATE_CLIENT_ORDER_ID:
    case NT_REASON_ORDER_SLOT_TAKEN:
      return 6;
    case NT_REASON_ORDER_TOO_OLD:
      return 8;
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
    case NT_REASON_NOTIONAL_BELOW_MINIMUM:
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
    case NT_REASON_OPEN_NOTIONAL_EXCEEDED:
    case NT_REASON_DAILY_VALUE_EXCEEDED:
      return 20;
    case NT_REASON_DAILY_LOSS_LIMIT:
      return 21;
    case NT_REASON_SHORT_SALE_RESTRICTED:
      return 22;
    case NT_REASON_INSUFFICIENT_BUYING_POWER:
      return 25;
    case NT_REASON_QUANTITY_EXCEEDS_MAXIMUM:
      return 26;
    case NT_REASON_NOTIONAL_EXCEEDS_MAXIMUM:
      return 27;
    case NT_REASON_RESTRICTED_INSTRUMENT:
    case NT_REASON_ORDER_TYPE_NOT_PERMITTED:
      return 33;
    default:
      return 99;
  }
}
