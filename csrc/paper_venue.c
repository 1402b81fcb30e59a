/* The paper venue: where orders are between their arrival and their end, and how prints fill them. With NT_FILL_PRINTS, one rule (fills at
 * the quote and by queue position are in queue_model.c):
 *
 * - A fill takes at most the print's volume, which eligible orders share in the order of their time priority.
 * - A market order, and an IOC or FOK, looks at prints on its own side (a buy at prints whose aggressor bought). A market order fills
 *   at the print, slippage_ticks worse. IOC and FOK get exactly one such print; FOK is whole or nothing on it.
 * - A limit order needs a print strictly through its price. A resting order fills at its own price as maker. One that was marketable
 *   when it arrived, on the first print after that, takes: at the print plus slippage, never worse than its limit.
 * - Triggers look at prints, after the print has filled what it could: an order that a print triggers trades from the next one on.
 * - An iceberg fills at most the slice that it shows; the next slice goes behind. Reduce-only fills at most what is open.
 * - When the session closes, DAY orders expire. An order that arrives while the session is not open is rejected, and what works neither
 *   fills nor triggers until it is open again.
 */
#include "state.h"

static void answer(nt_state *state, uint32_t index, uint8_t kind, uint16_t reason) {
  nt_transit *item = nt_send_answer(state, index);
  item->kind = kind;
  item->reason = reason;
}

static void leave(nt_state *state, uint32_t index) {
  nt_book_leave(state, index);
  nt_expiry_remove(state, index);
}

static int64_t venue_leaves(const nt_entry *entry) {
  return entry->venue_quantity - entry->venue_filled;
}

/* What an iceberg shows next; 0: all that is left. */
static int64_t slice(const nt_entry *entry) {
  return entry->display_quantity != 0 && entry->display_quantity < venue_leaves(entry) ? entry->display_quantity : 0;
}

/* ---- coming in -------------------------------------------------------------------------------------------------------------- */

static int marketable(const nt_state *state, const nt_entry *entry) {
  const nt_market *market = &state->markets[entry->instrument];
  if (entry->side == NT_SIDE_BUY) return market->ask != NT_ABSENT && entry->venue_price >= market->ask;
  return market->bid != NT_ABSENT && entry->venue_price <= market->bid;
}

static void rest(nt_state *state, uint32_t index) {
  nt_entry *entry = &state->entries[index];
  entry->marketable = (uint8_t)marketable(state, entry);
  nt_book_rest(state, index, entry->side == NT_SIDE_BUY ? NT_TREE_BIDS : NT_TREE_ASKS);
  if (state->fill_model == NT_FILL_PRINTS) {
    entry->arrival_print = state->markets[entry->instrument].prints;
  } else {
    nt_queue_place(state, index);
  }
}

static int immediate(const nt_entry *entry) {
  return entry->time_in_force == NT_TIF_IOC || entry->time_in_force == NT_TIF_FOK;
}

static void finish(nt_state *state, uint32_t index, uint8_t kind, uint16_t reason);

/* As a market or limit order. */
static void work(nt_state *state, uint32_t index) {
  nt_entry *entry = &state->entries[index];
  if (entry->venue_type == NT_ORDER_MARKET || immediate(entry)) {
    nt_book_list(state, index, (uint32_t)entry->side - 1);
    if (state->fill_model == NT_FILL_PRINTS) return;
    nt_queue_take(state, index);
    if (entry->place == NT_PLACE_TAKER && immediate(entry)) finish(state, index, NT_EXEC_CANCELED, NT_REASON_NO_PRINT);
    return;
  }
  entry->displayed = slice(entry);
  rest(state, index);
  if (state->fill_model != NT_FILL_PRINTS && entry->marketable) nt_queue_take(state, index);
}

static void trigger(nt_state *state, uint32_t index) {
  nt_book_leave(state, index);
  answer(state, index, NT_EXEC_TRIGGERED, 0);
  work(state, index);
}

static uint32_t trigger_tree(const nt_entry *entry) {
  return nt_trigger_rises(entry->type, entry->side) ? NT_TREE_RISING : NT_TREE_FALLING;
}

static int triggers(uint32_t tree, int64_t price, int64_t last) {
  return tree == NT_TREE_RISING ? last >= price : last <= price;
}

static int reached(const nt_entry *entry, int64_t last) {
  return triggers(trigger_tree(entry), entry->trigger_price, last);
}

/* The trigger of a trailing stop follows in its favour and never comes back. */
static void trail(nt_entry *entry, int64_t last) {
  int64_t follows = entry->side == NT_SIDE_BUY ? last + entry->trailing_offset : last - entry->trailing_offset;
  int closer = entry->side == NT_SIDE_BUY ? follows < entry->trigger_price : follows > entry->trigger_price;
  if (entry->trigger_price == NT_ABSENT || closer) entry->trigger_price = follows;
}

static void enter(nt_state *state, uint32_t index) {
  nt_entry *entry = &state->entries[index];
  int64_t last = state->markets[entry->instrument].last;
  if (entry->type == NT_ORDER_MARKET || entry->type == NT_ORDER_LIMIT) {
    work(state, index);
    return;
  }
  if (entry->type == NT_ORDER_TRAILING_STOP && last != NT_ABSENT) trail(entry, last);
  if (last != NT_ABSENT && reached(entry, last) && state->markets[entry->instrument].session == NT_SESSION_OPEN) {
    trigger(state, index);
  } else if (entry->type == NT_ORDER_TRAILING_STOP) {
    nt_book_list(state, index, NT_LIST_TRAILING);
  } else {
    nt_book_rest(state, index, trigger_tree(entry));
  }
}

/* ---- orders that hang together ---------------------------------------------------------------------------------------------- */

static void cancel_linked(nt_state *state, uint32_t index) {
  nt_entry *entry = &state->entries[index];
  if (entry->place == NT_PLACE_DONE) return;
  if (entry->place == NT_PLACE_TRANSIT) {
    entry->fate = NT_FATE_CANCELED;
    return;
  }
  leave(state, index);
  answer(state, index, NT_EXEC_CANCELED, NT_REASON_LINKED_ORDER);
}

static void release(nt_state *state, uint32_t index) {
  nt_entry *entry = &state->entries[index];
  if (entry->place == NT_PLACE_TRANSIT && entry->fate == NT_FATE_OPEN) entry->fate = NT_FATE_RELEASED;
  if (entry->place != NT_PLACE_HELD) return;
  if (entry->post_only && marketable(state, entry)) {
    finish(state, index, NT_EXEC_REJECTED, NT_REASON_POST_ONLY_WOULD_CROSS);
  } else {
    enter(state, index);
  }
}

/* An order has traded or ended: what that means to the others of its list. */
static void tell_others(nt_state *state, uint32_t index) {
  const nt_entry *entry = &state->entries[index];
  int ended = entry->place == NT_PLACE_DONE;
  for (uint32_t i = entry->list_next, after; i != index; i = after) {
    const nt_entry *other = &state->entries[i];
    after = other->list_next;
    if (entry->contingency == NT_CONTINGENCY_OCO || other->contingency == NT_CONTINGENCY_OCO) {
      cancel_linked(state, i);
    } else if (entry->contingency == NT_CONTINGENCY_BRACKET) {
      if (ended && other->contingency != 0) cancel_linked(state, i);
    } else if (entry->venue_filled > 0) {
      release(state, i);
    } else if (ended) {
      cancel_linked(state, i);
    }
  }
}

static void finish(nt_state *state, uint32_t index, uint8_t kind, uint16_t reason) {
  leave(state, index);
  answer(state, index, kind, reason);
  tell_others(state, index);
}

/* ---- requests --------------------------------------------------------------------------------------------------------------- */

static int takes(const nt_entry *entry) {
  return entry->type == NT_ORDER_MARKET || immediate(entry);
}

static int quoted(const nt_market *market) {
  return !market->implied && market->bid != NT_ABSENT && market->ask != NT_ABSENT;
}

static void arrive(nt_state *state, uint32_t index) {
  nt_entry *entry = &state->entries[index];
  const nt_market *market = &state->markets[entry->instrument];
  entry->place = NT_PLACE_HELD; /* nowhere yet */
  if (entry->fate == NT_FATE_CANCELED) {
    cancel_linked(state, index); /* as if it had been here: whoever decided it has told the others */
  } else if (market->session != NT_SESSION_OPEN) {
    finish(state, index, NT_EXEC_REJECTED, market->session == NT_SESSION_CLOSED ? NT_REASON_MARKET_CLOSED : NT_REASON_INSTRUMENT_HALTED);
  } else if (state->fill_model != NT_FILL_PRINTS && takes(entry) && !quoted(market)) {
    finish(state, index, NT_EXEC_REJECTED, NT_REASON_MARKET_PRICE_UNAVAILABLE);
  } else if (entry->post_only && marketable(state, entry)) {
    finish(state, index, NT_EXEC_REJECTED, NT_REASON_POST_ONLY_WOULD_CROSS);
  } else if (entry->expire_ts <= state->now) {
    finish(state, index, NT_EXEC_EXPIRED, NT_REASON_EXPIRE_TIME);
  } else {
    answer(state, index, NT_EXEC_NEW, 0);
    if (entry->expire_ts != INT64_MAX) nt_expiry_add(state, index);
    if (entry->contingency != NT_CONTINGENCY_BRACKET || entry->fate == NT_FATE_RELEASED) enter(state, index);
  }
}

static uint16_t replace_refused(const nt_state *state, const nt_entry *entry, const nt_transit *request) {
  int waits = entry->place == NT_PLACE_TRIGGER || entry->place == NT_PLACE_TRAILING || entry->place == NT_PLACE_HELD;
  if (entry->place == NT_PLACE_DONE || (request->trigger_price != NT_ABSENT && !waits)) return NT_REASON_TOO_LATE;
  if (request->quantity <= entry->venue_filled) return NT_REASON_QUANTITY_BELOW_FILLED;
  nt_entry wanted = *entry;
  wanted.venue_price = request->price;
  return entry->post_only && request->price != entry->venue_price && marketable(state, &wanted) ? NT_REASON_POST_ONLY_WOULD_CROSS : 0;
}

static void replace(nt_state *state, const nt_transit *request) {
  nt_entry *entry = &state->entries[request->entry];
  nt_transit reply = *request;
  reply.kind = NT_EXEC_REPLACED;
  reply.reason = replace_refused(state, entry, request);
  if (reply.reason != 0) {
    reply.kind = NT_EXEC_REPLACE_REJECTED;
    nt_send_outward(state, &reply);
    return;
  }
  nt_send_outward(state, &reply);
  entry->venue_quantity = request->quantity;
  if (entry->place == NT_PLACE_RESTING && (entry->displayed == 0 || entry->displayed > venue_leaves(entry)))
    entry->displayed = slice(entry);
  if (entry->place == NT_PLACE_RESTING && entry->venue_price != request->price) {
    nt_book_leave(state, request->entry);
    entry->venue_price = request->price;
    rest(state, request->entry);
    if (state->fill_model != NT_FILL_PRINTS && entry->marketable) nt_queue_take(state, request->entry);
  }
  entry->venue_price = request->price;
  if (request->trigger_price == NT_ABSENT) return;
  int held = entry->place == NT_PLACE_HELD;
  if (!held) nt_book_leave(state, request->entry);
  entry->trigger_price = request->trigger_price;
  if (!held) enter(state, request->entry);
}

static void cancel(nt_state *state, const nt_transit *request) {
  nt_transit reply = *request;
  int late = state->entries[request->entry].place == NT_PLACE_DONE;
  reply.kind = late ? NT_EXEC_CANCEL_REJECTED : NT_EXEC_CANCELED;
  reply.answers = 1;
  if (late) reply.reason = NT_REASON_TOO_LATE;
  if (!late) leave(state, request->entry);
  nt_send_outward(state, &reply);
  if (!late) tell_others(state, request->entry);
}

void nt_venue_receive(nt_state *state, const nt_transit *request) {
  if (request->kind == NT_MESSAGE_NEW) {
    arrive(state, request->entry);
  } else if (request->kind == NT_MESSAGE_REPLACE) {
    replace(state, request);
  } else {
    cancel(state, request);
  }
}

void nt_venue_expire(nt_state *state) {
  finish(state, state->expiries[0], NT_EXEC_EXPIRED, NT_REASON_EXPIRE_TIME);
}

/* ---- prints ----------------------------------------------------------------------------------------------------------------- */

static int passes(uint32_t side, int64_t price, int64_t print) {
  return side == NT_TREE_BIDS ? print < price : print > price;
}

static int through(const nt_entry *entry, int64_t print) {
  return entry->venue_type == NT_ORDER_MARKET || passes((uint32_t)entry->side - 1, entry->venue_price, print);
}

int64_t nt_venue_worse(const nt_state *state, const nt_entry *entry, int64_t print) {
  const nt_market *market = &state->markets[entry->instrument];
  int64_t price = entry->side == NT_SIDE_BUY ? print + market->slippage : print - market->slippage;
  int64_t least = print < market->tick_size ? print : market->tick_size;
  if (!market->allow_negative_price && price < least) price = least; /* slippage stops where prices do */
  if (entry->venue_type == NT_ORDER_MARKET) return price;
  if (entry->side == NT_SIDE_BUY) return price < entry->venue_price ? price : entry->venue_price;
  return price > entry->venue_price ? price : entry->venue_price;
}

static int64_t *venue_position(nt_state *state, const nt_entry *entry) {
  return &state->ledgers[nt_pair_index(state, entry->account, entry->instrument)].venue_position;
}

int64_t nt_venue_reducible(nt_state *state, const nt_entry *entry) {
  int64_t position = *venue_position(state, entry);
  int64_t open = entry->side == NT_SIDE_BUY ? -position : position;
  return open > 0 ? open : 0;
}

void nt_venue_fill(nt_state *state, uint32_t index, int64_t quantity, int64_t price, uint8_t liquidity) {
  nt_entry *entry = &state->entries[index];
  entry->venue_filled += quantity;
  *venue_position(state, entry) += entry->side == NT_SIDE_BUY ? quantity : -quantity;
  nt_transit *item = nt_send_answer(state, index);
  item->kind = NT_EXEC_TRADE;
  item->liquidity = liquidity;
  item->price = price;
  item->quantity = quantity;
  if (venue_leaves(entry) == 0) {
    leave(state, index);
  } else if (entry->displayed != 0 && (entry->displayed -= quantity) <= 0) { /* a taker takes more than it shows */
    nt_book_leave(state, index);
    entry->priority = state->next_priority++;
    entry->displayed = slice(entry);
    rest(state, index);
    entry->marketable = 0; /* it has rested, or has taken what it could */
  }
}

/* The orders of its list learn that it has traded. What they do then, they do after it. */
void nt_venue_traded(nt_state *state, uint32_t index) {
  if (state->entries[index].list_next != index) tell_others(state, index);
}

static uint32_t collect(nt_state *state, const nt_venue_book *book, const nt_tick *tick) {
  uint32_t count = 0;
  const nt_entry *entries = state->entries;
  if (tick->aggressor != 0) {
    for (uint32_t i = book->head[tick->aggressor - 1]; i != NT_NIL; i = entries[i].left) state->scratch[count++] = i;
  }
  /* Mostly one side or none: which one is not left to the prediction of branches. */
  int bids = passes(NT_TREE_BIDS, book->first_price[NT_TREE_BIDS], tick->price);
  int asks = passes(NT_TREE_ASKS, book->first_price[NT_TREE_ASKS], tick->price);
  for (int sides = bids + 2 * asks; sides != 0; sides &= sides - 1) {
    uint32_t side = (uint32_t)__builtin_ctz((unsigned)sides), i = book->first[side];
    state->scratch[count++] = i;
    for (; passes(side, entries[i].next_price, tick->price); i = entries[i].next) state->scratch[count++] = entries[i].next;
  }
  return count;
}

/* What one order gets of a print. */
static int64_t share(nt_state *state, const nt_entry *entry, int64_t price, int64_t volume) {
  int64_t leaves = venue_leaves(entry), quantity = leaves < volume ? leaves : volume;
  if (!through(entry, price)) return 0;
  if (entry->displayed != 0 && quantity > entry->displayed) quantity = entry->displayed;
  if (entry->reduce_only && quantity > nt_venue_reducible(state, entry)) quantity = nt_venue_reducible(state, entry);
  return quantity < leaves && entry->time_in_force == NT_TIF_FOK ? 0 : quantity;
}

/* The first order of this bracket may still buy what this one is to sell. */
static int first_works(const nt_state *state, uint32_t index) {
  const nt_entry *entries = state->entries;
  if (entries[index].contingency != NT_CONTINGENCY_BRACKET) return 0;
  for (uint32_t i = entries[index].list_next; i != index; i = entries[i].list_next) {
    if (entries[i].contingency == 0 && entries[i].place != NT_PLACE_DONE) return 1;
  }
  return 0;
}

/* A reduce-only order that might have traded ends when there is nothing left to reduce. */
void nt_venue_reduced(nt_state *state, uint32_t index) {
  const nt_entry *entry = &state->entries[index];
  if (!entry->reduce_only || entry->place == NT_PLACE_DONE || nt_venue_reducible(state, entry) > 0 || first_works(state, index)) return;
  finish(state, index, NT_EXEC_CANCELED, NT_REASON_REDUCE_ONLY_WOULD_INCREASE_POSITION);
}

static void trade(nt_state *state, const nt_venue_book *book, const nt_tick *tick) {
  uint32_t count = collect(state, book, tick);
  nt_book_sort(state, state->scratch, count);
  int64_t volume = tick->size;
  uint64_t print_number = state->markets[tick->instrument].prints;
  for (uint32_t i = 0; i < count; i++) {
    uint32_t index = state->scratch[i];
    nt_entry *entry = &state->entries[index];
    if (entry->place != NT_PLACE_RESTING && entry->place != NT_PLACE_TAKER) continue; /* one before it has cancelled it */
    int64_t quantity = share(state, entry, tick->price, volume);
    int takes = entry->place == NT_PLACE_TAKER || (entry->marketable && print_number == entry->arrival_print + 1);
    if (nt_outward_free(state) <= (state->outbound.mask + 1) / 2) quantity = 0; /* keep room for every order's answers */
    if (quantity > 0) {
      volume -= quantity;
      nt_venue_fill(state, index, quantity, takes ? nt_venue_worse(state, entry, tick->price) : entry->venue_price,
                    takes ? NT_LIQUIDITY_TAKER : NT_LIQUIDITY_MAKER);
      nt_venue_traded(state, index);
    }
    nt_venue_reduced(state, index);
    if (entry->place == NT_PLACE_TAKER && immediate(entry)) finish(state, index, NT_EXEC_CANCELED, NT_REASON_NO_PRINT);
  }
}

static void trigger_all(nt_state *state, const nt_venue_book *book, int64_t last) {
  for (uint32_t tree = NT_TREE_RISING; tree <= NT_TREE_FALLING; tree++) {
    while (triggers(tree, book->first_price[tree], last)) trigger(state, book->first[tree]);
  }
  uint32_t count = 0;
  for (uint32_t i = book->head[NT_LIST_TRAILING]; i != NT_NIL; i = state->entries[i].left) state->scratch[count++] = i;
  for (uint32_t i = 0; i < count; i++) {
    nt_entry *entry = &state->entries[state->scratch[i]];
    if (entry->place != NT_PLACE_TRAILING) continue; /* one before it has cancelled it */
    trail(entry, last);
    if (reached(entry, last)) trigger(state, state->scratch[i]);
  }
}

void nt_venue_print(nt_state *state, const nt_tick *tick) {
  const nt_venue_book *book = &state->books[tick->instrument];
  if (state->markets[tick->instrument].session != NT_SESSION_OPEN) return;
  if (state->fill_model != NT_FILL_PRINTS) {
    nt_queue_print(state, tick);
  } else if ((book->first[NT_TREE_BIDS] & book->first[NT_TREE_ASKS] & book->head[0] & book->head[1]) != NT_NIL)
    trade(state, book, tick);
  if ((book->first[NT_TREE_RISING] & book->first[NT_TREE_FALLING] & book->head[NT_LIST_TRAILING]) != NT_NIL)
    trigger_all(state, book, tick->price);
}

void nt_venue_quote(nt_state *state, uint32_t instrument) {
  if (state->fill_model != NT_FILL_PRINTS) nt_queue_quote(state, instrument);
}

/* A level of the book, of which `before` was displayed until this tick. */
void nt_venue_level(nt_state *state, const nt_tick *tick, int64_t before) {
  uint32_t side = tick->aggressor == NT_SIDE_SELL;
  if (state->fill_model != NT_FILL_PRINTS) nt_queue_level(state, tick->instrument, side, tick->price, before, tick->size);
}

/* Orders of a bracket that wait for the first one, which is where others wait. */
static uint32_t held_by(nt_state *state, uint32_t first, uint32_t count) {
  const nt_entry *entries = state->entries;
  if (entries[first].contingency != 0) return count;
  for (uint32_t i = entries[first].list_next; i != first; i = entries[i].list_next) {
    if (entries[i].place == NT_PLACE_HELD) state->scratch[count++] = i;
  }
  return count;
}

/* The session of the instrument has closed: DAY orders end, GTC and GTD orders stay. */
void nt_venue_session(nt_state *state, uint32_t instrument) {
  if (state->markets[instrument].session != NT_SESSION_CLOSED) return;
  const nt_venue_book *book = &state->books[instrument];
  uint32_t count = 0;
  for (uint32_t list = 0; list < 3; list++) {
    for (uint32_t i = book->head[list]; i != NT_NIL; i = state->entries[i].left) state->scratch[count++] = i;
  }
  for (uint32_t tree = 0; tree < 4; tree++) {
    for (uint32_t i = book->first[tree]; i != NT_NIL; i = state->entries[i].next) state->scratch[count++] = i;
  }
  for (uint32_t i = 0, listed = count; i < listed; i++) count = held_by(state, state->scratch[i], count);
  nt_book_sort(state, state->scratch, count);
  for (uint32_t i = 0; i < count; i++) {
    uint32_t index = state->scratch[i];
    const nt_entry *entry = &state->entries[index];
    if (entry->place == NT_PLACE_DONE || entry->time_in_force == NT_TIF_GTC || entry->time_in_force == NT_TIF_GTD) continue;
    finish(state, index, NT_EXEC_EXPIRED, NT_REASON_SESSION_CLOSED);
  }
}
