/* What the kinds of orders ask for: their form, and the checks that only some of them need. */
#include <stddef.h>

#include "state.h"

static int has_trigger(uint8_t type) {
  return type >= NT_ORDER_STOP && type <= NT_ORDER_MARKET_IF_TOUCHED;
}

static int is_given(int64_t value) {
  return value != NT_ABSENT && value != 0;
}

/* The fields of line 1, which a plain order does not carry. */
static int extended_form(const nt_order *order) {
  int linked = order->contingency >= NT_CONTINGENCY_OCO && order->contingency <= NT_CONTINGENCY_BRACKET;
  int filler = 0;
  for (uint32_t i = 0; i < sizeof(order->reserved0); i++) filler |= order->reserved0[i];
  if (order->original_client_order_id != 0 || order->reserved != 0 || filler != 0) return 0;
  if (is_given(order->expire_ts) && order->time_in_force != NT_TIF_GTD) return 0;
  if (is_given(order->display_quantity) && (order->type != NT_ORDER_LIMIT || order->display_quantity < 0)) return 0;
  if ((order->type == NT_ORDER_TRAILING_STOP) != (order->trailing_offset != 0) || order->trailing_offset < 0) return 0;
  if ((order->contingency != 0) != linked || linked != (order->list_id != 0)) return 0;
  return order->contingency != NT_CONTINGENCY_BRACKET || (order->flags & NT_ORDER_REDUCE_ONLY) != 0;
}

/* 1 when the fields of a new order fit its kind. */
int nt_order_form(const nt_order *order) {
  int limit = order->type == NT_ORDER_LIMIT || order->type == NT_ORDER_STOP_LIMIT;
  int immediate = order->time_in_force == NT_TIF_IOC || order->time_in_force == NT_TIF_FOK;
  if (order->type < NT_ORDER_MARKET || order->type > NT_ORDER_MARKET_IF_TOUCHED || order->time_in_force < NT_TIF_DAY ||
      order->time_in_force > NT_TIF_GTD || (order->flags & ~(uint32_t)(NT_ORDER_EXTENDED | NT_ORDER_POST_ONLY | NT_ORDER_REDUCE_ONLY)) != 0)
    return 0;
  if ((order->price == NT_ABSENT) == limit) return 0;
  if (order->type != NT_ORDER_TRAILING_STOP && (order->trigger_price == NT_ABSENT) == has_trigger(order->type)) return 0;
  if ((order->flags & NT_ORDER_POST_ONLY) != 0 && (order->type != NT_ORDER_LIMIT || immediate)) return 0;
  if (has_trigger(order->type) && immediate) return 0;
  if ((order->flags & NT_ORDER_EXTENDED) != 0) return extended_form(order);
  return order->type != NT_ORDER_TRAILING_STOP;
}

static int refuse(nt_verdict *verdict, uint16_t check, uint16_t reason, uint8_t unit, int64_t observed, int64_t limit) {
  verdict->check = check;
  verdict->reason = reason;
  verdict->unit = unit;
  verdict->observed = observed;
  verdict->limit = limit;
  return 0;
}

/* The order that a contingency names, or NULL: open, of the same client, account and instrument, first of its list. */
nt_entry *nt_order_list(const nt_state *state, const nt_order *order, uint32_t channel) {
  nt_entry *first = &state->entries[(uint64_t)channel * state->order_capacity + (order->list_id & (state->order_capacity - 1))];
  if (first->client_order_id != order->list_id || nt_is_terminal(first->status) || first->contingency != 0) return NULL;
  if (first->account != order->account || first->instrument != order->instrument) return NULL;
  const nt_entry *other = &state->entries[first->list_next];
  return other == first || other->contingency == order->contingency ? first : NULL; /* one kind a list */
}

static int lots(const nt_market *market, const nt_order *order, nt_verdict *verdict) {
  if ((order->flags & NT_ORDER_EXTENDED) == 0) return 1;
  if (is_given(order->display_quantity) && !nt_divides(market->lot_inverse, market->lot_bound, market->lot_shift, order->display_quantity))
    return refuse(verdict, NT_CHECK_QUANTITY, NT_REASON_LOT_SIZE_VIOLATION, NT_UNIT_QUANTITY, order->display_quantity, market->lot_size);
  if (!nt_divides(market->tick_inverse, market->tick_bound, market->tick_shift, order->trailing_offset))
    return refuse(verdict, NT_CHECK_PRICE, NT_REASON_TICK_SIZE_VIOLATION, NT_UNIT_PRICE, order->trailing_offset, market->tick_size);
  if (order->trailing_offset <= market->maximum_price) return 1;
  return refuse(verdict, NT_CHECK_PRICE, NT_REASON_PRICE_EXCEEDS_MAXIMUM, NT_UNIT_PRICE, order->trailing_offset, market->maximum_price);
}

static int expiry(const nt_state *state, const nt_order *order, nt_verdict *verdict) {
  if (order->time_in_force != NT_TIF_GTD) return 1;
  if ((order->flags & NT_ORDER_EXTENDED) == 0 || !is_given(order->expire_ts))
    return refuse(verdict, NT_CHECK_EXPIRY, NT_REASON_EXPIRE_TIME_MISSING, NT_UNIT_NANOSECONDS, NT_ABSENT, state->now);
  if (order->expire_ts > state->now) return 1;
  return refuse(verdict, NT_CHECK_EXPIRY, NT_REASON_EXPIRE_TIME_IN_PAST, NT_UNIT_NANOSECONDS, order->expire_ts, state->now);
}

/* Check 16. What already works to reduce counts, too. The position of a bracket comes with its first order, and the venue measures at each
 * fill: only the sum has its bound. */
int nt_order_reduces(const nt_state *state, uint32_t account, uint32_t instrument, uint8_t side, int64_t added, int bracket,
                     nt_verdict *verdict) {
  uint32_t index = nt_pair_index(state, account, instrument);
  const nt_ledger *ledger = &state->ledgers[index];
  int64_t position = state->pairs[index].position;
  int64_t open = bracket ? NT_RAW_MAX : side == NT_SIDE_BUY ? -position : position;
  nt_wide working = (nt_wide)(side == NT_SIDE_BUY ? ledger->reduce_buy : ledger->reduce_sell) + added;
  if (working <= open) return 1;
  return refuse(verdict, NT_CHECK_REDUCE_ONLY, NT_REASON_REDUCE_ONLY_WOULD_INCREASE_POSITION, NT_UNIT_QUANTITY, nt_saturate(working),
                open > 0 ? open : 0);
}

static int reduce_only(const nt_state *state, const nt_order *order, nt_verdict *verdict) {
  if ((order->flags & NT_ORDER_REDUCE_ONLY) == 0) return 1;
  int bracket = (order->flags & NT_ORDER_EXTENDED) != 0 && order->contingency == NT_CONTINGENCY_BRACKET;
  return nt_order_reduces(state, order->account, order->instrument, order->side, order->quantity, bracket, verdict);
}

/* Check 24. Without a quote nobody knows whether it would cross. */
static int post_only(const nt_market *market, const nt_order *order, nt_verdict *verdict) {
  if ((order->flags & NT_ORDER_POST_ONLY) == 0) return 1;
  int64_t opposite = order->side == NT_SIDE_BUY ? market->ask : market->bid;
  if (opposite == NT_ABSENT)
    return refuse(verdict, NT_CHECK_POST_ONLY, NT_REASON_MARKET_PRICE_UNAVAILABLE, NT_UNIT_PRICE, order->price, NT_ABSENT);
  if (order->side == NT_SIDE_BUY ? order->price < opposite : order->price > opposite) return 1;
  return refuse(verdict, NT_CHECK_POST_ONLY, NT_REASON_POST_ONLY_WOULD_CROSS, NT_UNIT_PRICE, order->price, opposite);
}

/* Checks 9, 16 and 24 and the list, of an order whose instrument and account exist and whose form is right. 0: refused. */
int nt_order_type_checks(const nt_state *state, const nt_order *order, uint32_t channel, nt_verdict *verdict) {
  if ((order->flags & NT_ORDER_EXTENDED) != 0 && order->contingency != 0 && nt_order_list(state, order, channel) == NULL)
    return refuse(verdict, NT_CHECK_WELL_FORMED, NT_REASON_UNKNOWN_LIST, NT_UNIT_ORDER_ID, (int64_t)order->list_id, NT_ABSENT);
  return lots(&state->markets[order->instrument], order, verdict) && expiry(state, order, verdict) && reduce_only(state, order, verdict) &&
         post_only(&state->markets[order->instrument], order, verdict);
}
