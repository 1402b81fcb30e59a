/* The kernel's side of an order's life: taking requests, reserving what they may do, and learning what the venue did. */
#include <string.h>

#include "exposure.h"

static nt_report *report_of(const nt_state *state, nt_effects *effects, uint32_t channel) {
  nt_report *report = &effects->reports[effects->count++];
  memset(report, 0, sizeof(*report));
  report->ts_event = state->now;
  report->ts_recv = state->now;
  report->last_price = NT_ABSENT;
  report->observed = NT_ABSENT;
  report->limit = NT_ABSENT;
  report->channel = (uint16_t)channel;
  return report;
}

static nt_report *report_entry(const nt_state *state, nt_effects *effects, const nt_entry *entry, uint8_t exec_type) {
  nt_report *report = report_of(state, effects, entry->channel);
  report->client_order_id = entry->client_order_id;
  report->venue_order_id = entry->venue_order_id;
  report->instrument = entry->instrument;
  report->account = entry->account;
  report->strategy = entry->strategy;
  report->side = entry->side;
  report->exec_type = exec_type;
  report->order_status = entry->status;
  report->cumulative_quantity = entry->filled;
  report->leaves_quantity = nt_is_terminal(entry->status) ? 0 : nt_leaves(entry);
  return report;
}

static void because(nt_report *report, const nt_verdict *verdict) {
  report->reason = verdict->reason;
  report->fix_reason = nt_reason_fix(verdict->reason);
  report->check = verdict->check;
  report->unit = verdict->unit;
  report->observed = verdict->observed;
  report->limit = verdict->limit;
  report->flags = verdict->saturated ? NT_REPORT_SATURATED : 0;
}

/* A request that never became an order: its own id, everything from the request. */
static void deny_order(nt_state *state, const nt_order *order, uint32_t channel, const nt_verdict *verdict, nt_effects *effects) {
  nt_report *report = report_of(state, effects, channel);
  report->client_order_id = order->client_order_id;
  report->instrument = order->instrument;
  report->account = order->account;
  report->strategy = order->strategy;
  report->side = order->side;
  report->exec_type = NT_EXEC_DENIED;
  report->order_status = NT_STATUS_DENIED;
  because(report, verdict);
  state->counters.orders_denied++;
  if (verdict->reason >= 100 && verdict->reason < 164) state->counters.denied[verdict->reason - 100]++;
}

static void work(nt_state *state, const nt_entry *entry, int64_t change) {
  uint32_t index = nt_pair_index(state, entry->account, entry->instrument);
  nt_pair *pair = &state->pairs[index];
  nt_ledger *ledger = &state->ledgers[index];
  int buys = entry->side == NT_SIDE_BUY;
  int64_t *sum = entry->reduce_only ? (buys ? &ledger->reduce_buy : &ledger->reduce_sell) : buys ? &pair->working_buy : &pair->working_sell;
  *sum += change;
  pair->reduces = ledger->reduce_buy != 0 || ledger->reduce_sell != 0;
  nt_exposure_work(state, entry, change);
  nt_pair_dirty(state, index);
}

static uint32_t index_of(const nt_state *state, const nt_entry *entry) {
  return (uint32_t)(entry - state->entries);
}

static void join(nt_state *state, nt_entry *first, uint32_t index) {
  nt_entry *entry = &state->entries[index];
  uint32_t head = (uint32_t)(first - state->entries);
  entry->list_next = head;
  entry->list_previous = first->list_previous;
  state->entries[first->list_previous].list_next = index;
  first->list_previous = index;
  if (first->place == NT_PLACE_DONE || first->venue_filled > 0) { /* the venue has decided, its answer is on the way */
    int released = entry->contingency == NT_CONTINGENCY_BRACKET && first->venue_filled > 0;
    entry->fate = released ? NT_FATE_RELEASED : NT_FATE_CANCELED;
  }
}

/* What only some orders have, from line 1. */
static void take_extended(nt_state *state, nt_entry *entry, const nt_order *order, uint32_t channel) {
  entry->display_quantity = order->display_quantity == NT_ABSENT ? 0 : order->display_quantity;
  entry->trailing_offset = order->trailing_offset;
  if (order->time_in_force == NT_TIF_GTD) entry->expire_ts = order->expire_ts;
  if (order->contingency == 0) return;
  nt_entry *first = nt_order_list(state, order, channel);
  entry->contingency = order->contingency;
  join(state, first, index_of(state, entry));
}

static void cancel_entry(nt_state *state, nt_entry *entry, uint64_t request_id, uint16_t reason) {
  if (entry->client_order_id == 0 || nt_is_terminal(entry->status) || entry->pending_cancel) return;
  entry->pending_cancel = 1;
  if (entry->status != NT_STATUS_PENDING_NEW) entry->status = NT_STATUS_PENDING_CANCEL;
  nt_send_inward(state,
                 &(nt_transit){.entry = index_of(state, entry), .kind = NT_MESSAGE_CANCEL, .request_id = request_id, .reason = reason});
}

/* Cancels the account's own orders that the order would cross, where the account wants that. They are out of the search from now on: the
 * venue gets their cancels first. */
static void prevent_self_trade(nt_state *state, uint32_t account, uint32_t instrument, uint8_t side, int64_t price, int64_t quantity) {
  if (state->keeping[account].self_trade < NT_SELF_TRADE_CANCEL_OLDEST) return;
  uint8_t other = side == NT_SIDE_BUY ? NT_SIDE_SELL : NT_SIDE_BUY;
  int64_t reach = nt_reach(state, instrument, side, price, quantity);
  for (;;) {
    uint32_t best = state->pairs[nt_pair_index(state, account, instrument)].own_best[nt_side_index(other)];
    if (best == NT_NIL || !nt_crosses(side, reach, state->entries[best].own_price)) return;
    nt_own_remove(state, &state->entries[best]);
    cancel_entry(state, &state->entries[best], 0, NT_REASON_SELF_TRADE_PREVENTED);
  }
}

static void take_new(nt_state *state, const nt_order *order, uint32_t channel, nt_effects *effects) {
  nt_verdict verdict;
  int64_t rate_next = 0;
  nt_id_line *client = &state->clients[channel];
  nt_validate_new(state, order, channel, &verdict, &rate_next);
  if (order->client_order_id > client->last_id) client->last_id = order->client_order_id; /* a denied id is used up too */
  if (verdict.reason != 0) {
    deny_order(state, order, channel, &verdict, effects);
    if (verdict.reason == NT_REASON_SELF_TRADE_PREVENTED)
      prevent_self_trade(state, order->account, order->instrument, order->side, order->price, order->quantity);
    return;
  }
  if (nt_trades_at_once(&state->markets[order->instrument], order->type, order->side, order->trigger_price))
    prevent_self_trade(state, order->account, order->instrument, order->side, order->price, order->quantity);
  nt_book_keeping *keeping = &state->keeping[order->account];
  nt_entry *entry = &state->entries[(uint64_t)channel * state->order_capacity + (order->client_order_id & (state->order_capacity - 1))];
  memset(entry, 0, sizeof(*entry));
  entry->client_order_id = order->client_order_id;
  entry->venue_order_id = state->next_venue_order_id++;
  entry->price = entry->venue_price = order->price;
  entry->quantity = entry->venue_quantity = order->quantity;
  entry->instrument = order->instrument;
  entry->account = order->account;
  entry->strategy = order->strategy;
  entry->channel = (uint16_t)channel;
  entry->side = order->side;
  entry->type = order->type;
  entry->time_in_force = order->time_in_force;
  entry->status = NT_STATUS_PENDING_NEW;
  entry->place = NT_PLACE_TRANSIT;
  entry->left = entry->right = entry->parent = entry->expiry_slot = NT_NIL;
  entry->priority = state->next_priority++;
  entry->venue_type = order->price == NT_ABSENT ? NT_ORDER_MARKET : NT_ORDER_LIMIT;
  entry->trigger_price = order->trigger_price;
  entry->expire_ts = INT64_MAX;
  entry->list_next = entry->list_previous = index_of(state, entry);
  entry->reduce_only = (order->flags & NT_ORDER_REDUCE_ONLY) != 0;
  entry->post_only = (order->flags & NT_ORDER_POST_ONLY) != 0;
  if ((order->flags & NT_ORDER_EXTENDED) != 0) take_extended(state, entry, order, channel);
  client->open++;
  keeping->open_orders++;
  keeping->rate_next_ns = rate_next;
  keeping->dirty = 1;
  nt_exposure_new(state, order, entry);
  work(state, entry, entry->quantity);
  state->counters.orders_accepted++;
  effects->accepted = 1;
  nt_send_inward(state, &(nt_transit){.entry = index_of(state, entry), .kind = NT_MESSAGE_NEW});
}

/* A replace or cancel that is refused leaves its order as it was; an unknown target is reported under the id that was asked for. */
static void reject_request(nt_state *state, const nt_order *order, uint32_t channel, const nt_entry *entry, uint8_t exec_type,
                           const nt_verdict *verdict, nt_effects *effects) {
  nt_report *report;
  if (entry != NULL) {
    report = report_entry(state, effects, entry, exec_type);
  } else {
    report = report_of(state, effects, channel);
    report->client_order_id = order->original_client_order_id;
    report->instrument = order->instrument;
    report->account = order->account;
    report->strategy = order->strategy;
    report->exec_type = exec_type;
    report->order_status = NT_STATUS_REJECTED; /* FIX: CxlRejReason UnknownOrder goes with OrdStatus Rejected */
  }
  because(report, verdict);
  if (verdict->unit == 0) {
    report->unit = NT_UNIT_ORDER_ID;
    report->observed = (int64_t)order->client_order_id;
  }
  state->counters.requests_denied++;
}

static int is_empty(const uint8_t *bytes, uint32_t count) {
  int all = 0;
  for (uint32_t i = 0; i < count; i++) all |= bytes[i];
  return all == 0;
}

/* What a request does not use has to be empty: nobody may believe that it was heeded. */
static int is_plain(const nt_order *order) {
  return (order->flags & ~(uint32_t)NT_ORDER_EXTENDED) == 0 && order->client_order_id != 0 &&
         (order->expire_ts == NT_ABSENT || order->expire_ts == 0) &&
         (order->display_quantity == NT_ABSENT || order->display_quantity == 0) && order->reserved == 0 && order->trailing_offset == 0 &&
         order->list_id == 0 && order->contingency == 0 && is_empty(order->reserved0, sizeof(order->reserved0));
}

static nt_entry *target_of(nt_state *state, const nt_order *order, uint32_t channel, nt_verdict *verdict) {
  nt_id_line *client = &state->clients[channel];
  memset(verdict, 0, sizeof(*verdict));
  verdict->limit = NT_ABSENT;
  verdict->check = NT_CHECK_WELL_FORMED;
  if ((order->flags & NT_ORDER_EXTENDED) == 0 || !is_plain(order)) {
    verdict->reason = NT_REASON_MALFORMED;
    return NULL;
  }
  if (order->client_order_id <= client->last_id) {
    verdict->check = NT_CHECK_DUPLICATE;
    verdict->reason = NT_REASON_DUPLICATE_CLIENT_ORDER_ID;
    verdict->limit = (int64_t)client->last_id;
    return NULL;
  }
  client->last_id = order->client_order_id;
  nt_entry *entry =
      &state->entries[(uint64_t)channel * state->order_capacity + (order->original_client_order_id & (state->order_capacity - 1))];
  if (order->original_client_order_id == 0 || entry->client_order_id != order->original_client_order_id) {
    verdict->reason = NT_REASON_UNKNOWN_ORDER;
    return NULL;
  }
  if (nt_is_terminal(entry->status)) verdict->reason = NT_REASON_TOO_LATE;
  return entry;
}

static uint8_t pending_status(const nt_entry *entry) {
  if (entry->pending_cancel) return NT_STATUS_PENDING_CANCEL;
  if (entry->pending_replace) return NT_STATUS_PENDING_REPLACE;
  return entry->filled > 0 ? NT_STATUS_PARTIALLY_FILLED : NT_STATUS_NEW;
}

static void take_replace(nt_state *state, const nt_order *order, uint32_t channel, nt_effects *effects) {
  nt_verdict verdict;
  nt_entry *entry = target_of(state, order, channel, &verdict);
  if (verdict.reason == 0 && (entry->pending_cancel || entry->pending_replace)) verdict.reason = NT_REASON_PENDING_REQUEST;
  if (verdict.reason != 0) {
    reject_request(state, order, channel, entry, NT_EXEC_REPLACE_REJECTED, &verdict, effects);
    return;
  }
  nt_order wanted = *order;
  if (wanted.price == NT_ABSENT) wanted.price = entry->price;
  if (wanted.quantity == NT_ABSENT) wanted.quantity = entry->quantity;
  int64_t rate_next = 0;
  nt_validate_replace(state, &wanted, entry, &verdict, &rate_next);
  if (verdict.reason != 0) {
    reject_request(state, order, channel, entry, NT_EXEC_REPLACE_REJECTED, &verdict, effects);
    if (verdict.reason == NT_REASON_SELF_TRADE_PREVENTED)
      prevent_self_trade(state, entry->account, entry->instrument, entry->side, wanted.price, wanted.quantity - entry->filled);
    return;
  }
  int64_t trigger_price = nt_replaced_trigger(entry, wanted.trigger_price);
  if (entry->triggered || nt_trades_at_once(&state->markets[entry->instrument], entry->type, entry->side, trigger_price))
    prevent_self_trade(state, entry->account, entry->instrument, entry->side, wanted.price, wanted.quantity - entry->filled);
  nt_book_keeping *keeping = &state->keeping[entry->account];
  keeping->rate_next_ns = rate_next;
  nt_exposure_replace(state, entry, &wanted);
  if (wanted.quantity > entry->quantity) {
    entry->reserved_extra = wanted.quantity - entry->quantity;
    work(state, entry, entry->reserved_extra);
  }
  entry->pending_replace = 1;
  if (entry->status != NT_STATUS_PENDING_NEW) entry->status = pending_status(entry);
  effects->accepted = 1;
  nt_send_inward(state, &(nt_transit){.entry = index_of(state, entry),
                                      .kind = NT_MESSAGE_REPLACE,
                                      .request_id = order->client_order_id,
                                      .price = wanted.price,
                                      .quantity = wanted.quantity,
                                      .trigger_price = wanted.trigger_price});
}

static void take_cancel(nt_state *state, const nt_order *order, uint32_t channel, nt_effects *effects) {
  nt_verdict verdict;
  nt_entry *entry = target_of(state, order, channel, &verdict);
  if (verdict.reason == 0 && entry->pending_cancel) verdict.reason = NT_REASON_PENDING_REQUEST;
  int64_t cancel_next = 0;
  if (verdict.reason == 0) nt_validate_cancel(state, entry->account, &verdict, &cancel_next);
  if (verdict.reason != 0) {
    reject_request(state, order, channel, entry, NT_EXEC_CANCEL_REJECTED, &verdict, effects);
    return;
  }
  state->keeping[entry->account].cancel_next_ns = cancel_next;
  entry->pending_cancel = 1;
  if (entry->status != NT_STATUS_PENDING_NEW) entry->status = NT_STATUS_PENDING_CANCEL;
  effects->accepted = 1;
  nt_send_inward(state, &(nt_transit){.entry = index_of(state, entry),
                                      .kind = NT_MESSAGE_CANCEL,
                                      .request_id = order->client_order_id,
                                      .reason = NT_REASON_USER_REQUEST});
}

/* Cancels what works for this client and account on one instrument, or on all with NT_NONE; each order answers with a report of its own. */
static void take_mass_cancel(nt_state *state, const nt_order *order, uint32_t channel, nt_effects *effects) {
  nt_id_line *client = &state->clients[channel];
  nt_verdict verdict = {0};
  verdict.limit = NT_ABSENT;
  if (!is_plain(order) || (order->instrument != NT_NONE && order->instrument >= state->instrument_count)) {
    verdict.check = NT_CHECK_WELL_FORMED;
    verdict.reason = NT_REASON_MALFORMED;
  } else if (order->client_order_id <= client->last_id) {
    verdict.check = NT_CHECK_DUPLICATE;
    verdict.reason = NT_REASON_DUPLICATE_CLIENT_ORDER_ID;
    verdict.limit = (int64_t)client->last_id;
  } else if (order->account >= state->account_count) {
    verdict = (nt_verdict){.reason = NT_REASON_UNKNOWN_ACCOUNT, .check = NT_CHECK_WELL_FORMED, .limit = NT_ABSENT};
  }
  int64_t cancel_next = 0;
  if (verdict.reason == 0) {
    client->last_id = order->client_order_id;
    nt_validate_cancel(state, order->account, &verdict, &cancel_next);
  }
  if (verdict.reason != 0) {
    reject_request(state, order, channel, NULL, NT_EXEC_CANCEL_REJECTED, &verdict, effects);
    return;
  }
  state->keeping[order->account].cancel_next_ns = cancel_next;
  effects->accepted = 1;
  nt_entry *entries = &state->entries[(uint64_t)channel * state->order_capacity];
  for (uint32_t i = 0; i < state->order_capacity; i++) {
    if (entries[i].account == order->account && (order->instrument == NT_NONE || entries[i].instrument == order->instrument))
      cancel_entry(state, &entries[i], order->client_order_id, NT_REASON_USER_REQUEST);
  }
}

void nt_order_take(nt_state *state, const nt_order *order, uint32_t channel, nt_effects *effects) {
  switch (order->message) {
    case NT_MESSAGE_REPLACE:
      take_replace(state, order, channel, effects);
      break;
    case NT_MESSAGE_CANCEL:
      take_cancel(state, order, channel, effects);
      break;
    case NT_MESSAGE_MASS_CANCEL:
      take_mass_cancel(state, order, channel, effects);
      break;
    default:
      take_new(state, order, channel, effects);
      break; /* anything unknown is denied as malformed */
  }
}

/* Off the order path: a halt, a daily loss or a death. account or channel NT_NONE means any. */
void nt_cancel_working(nt_state *state, uint32_t account, uint32_t channel, uint16_t reason) {
  for (uint32_t c = 0; c < state->channels; c++) {
    if ((channel != NT_NONE && c != channel) || state->clients[c].open == 0) continue;
    nt_entry *entries = &state->entries[(uint64_t)c * state->order_capacity];
    for (uint32_t i = 0; i < state->order_capacity; i++) {
      if (account == NT_NONE || entries[i].account == account) cancel_entry(state, &entries[i], 0, reason);
    }
  }
}

/* The slot stays taken until every request about the order is answered, so that no answer can meet another order. */
static void settle(nt_state *state, nt_entry *entry) {
  if (!nt_is_terminal(entry->status) || entry->pending_cancel || entry->pending_replace) return;
  state->clients[entry->channel].open--;
  state->entries[entry->list_previous].list_next = entry->list_next;
  state->entries[entry->list_next].list_previous = entry->list_previous;
  entry->client_order_id = 0;
}

static void end_order(nt_state *state, nt_entry *entry, uint8_t status) {
  work(state, entry, -nt_leaves(entry) - entry->reserved_extra);
  entry->reserved_extra = 0;
  nt_own_remove(state, entry);
  entry->status = status;
  nt_book_keeping *keeping = &state->keeping[entry->account];
  keeping->open_orders--;
  keeping->dirty = 1;
}

static nt_report *answer_request(nt_report *report, const nt_transit *answer) {
  report->reason = answer->reason;
  report->fix_reason = answer->reason ? nt_reason_fix(answer->reason) : 0;
  if (answer->request_id != 0) {
    report->unit = NT_UNIT_ORDER_ID;
    report->observed = (int64_t)answer->request_id;
  }
  return report;
}

void nt_order_answer(nt_state *state, const nt_transit *answer, nt_effects *effects) {
  nt_entry *entry = &state->entries[answer->entry];
  nt_report *report;
  switch (answer->kind) {
    case NT_EXEC_NEW:
      entry->status = pending_status(entry);
      report = report_entry(state, effects, entry, NT_EXEC_NEW);
      break;
    case NT_EXEC_TRADE: {
      int64_t fee = nt_account_fee(state, entry, answer->price, answer->quantity, answer->liquidity);
      entry->filled += answer->quantity;
      entry->status = nt_leaves(entry) == 0 ? NT_STATUS_FILLED : pending_status(entry); /* before a daily loss cancels what works */
      nt_account_fill(state, entry, answer->price, answer->quantity, fee);
      if (entry->status == NT_STATUS_FILLED) end_order(state, entry, NT_STATUS_FILLED);
      report = report_entry(state, effects, entry, NT_EXEC_TRADE);
      report->last_price = answer->price;
      report->last_quantity = answer->quantity;
      report->liquidity = answer->liquidity;
      report->fee = fee;
      report->execution_id = state->next_execution_id++;
      state->counters.fills++;
      break;
    }
    case NT_EXEC_TRIGGERED:
      nt_exposure_triggered(state, entry);
      report = report_entry(state, effects, entry, NT_EXEC_TRIGGERED);
      break;
    case NT_EXEC_REPLACED: {
      entry->pending_replace = 0;
      work(state, entry, answer->quantity - entry->quantity - entry->reserved_extra);
      entry->reserved_extra = 0;
      entry->price = answer->price;
      entry->quantity = answer->quantity;
      nt_exposure_replaced(state, entry, 1);
      entry->status = pending_status(entry);
      report = answer_request(report_entry(state, effects, entry, NT_EXEC_REPLACED), answer);
      state->counters.replaces++;
      break;
    }
    case NT_EXEC_REPLACE_REJECTED:
      entry->pending_replace = 0;
      if (!nt_is_terminal(entry->status)) {
        work(state, entry, -entry->reserved_extra);
        entry->reserved_extra = 0;
        nt_exposure_replaced(state, entry, 0);
        entry->status = pending_status(entry);
      }
      report = answer_request(report_entry(state, effects, entry, NT_EXEC_REPLACE_REJECTED), answer);
      break;
    case NT_EXEC_CANCEL_REJECTED:
      entry->pending_cancel = 0;
      if (!nt_is_terminal(entry->status)) entry->status = pending_status(entry);
      if (answer->request_id == 0) { /* the client did not ask, and has been told how the order ended */
        settle(state, entry);
        return;
      }
      report = answer_request(report_entry(state, effects, entry, NT_EXEC_CANCEL_REJECTED), answer);
      break;
    case NT_EXEC_REJECTED:
      end_order(state, entry, NT_STATUS_REJECTED);
      report = answer_request(report_entry(state, effects, entry, NT_EXEC_REJECTED), answer);
      state->counters.orders_rejected++;
      break;
    case NT_EXEC_EXPIRED:
      end_order(state, entry, NT_STATUS_EXPIRED);
      report = answer_request(report_entry(state, effects, entry, NT_EXEC_EXPIRED), answer);
      break;
    default: /* NT_EXEC_CANCELED: asked for, or by the venue's rules */
      if (answer->answers) entry->pending_cancel = 0;
      end_order(state, entry, NT_STATUS_CANCELED);
      report = answer_request(report_entry(state, effects, entry, NT_EXEC_CANCELED), answer);
      state->counters.cancels++;
      break;
  }
  report->ts_event = answer->ts;
  settle(state, entry);
}
