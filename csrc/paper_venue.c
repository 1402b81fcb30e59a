/* The paper venue. It trades against real prints only, by one rule:
 *
 * - A fill takes at most the print's volume, which eligible orders share in the order of their venue ids.
 * - A market order, and an IOC or FOK, looks at prints on its own side (a buy at prints whose aggressor bought). A market order fills
 *   at the print, slippage_ticks worse. IOC and FOK get exactly one such print; FOK is whole or nothing on it.
 * - A limit order needs a print strictly through its price. A resting order fills at its own price as maker. One that was marketable
 *   when it arrived, on the first print after that, takes: at the print plus slippage, never worse than its limit.
 * - When the session closes, DAY orders expire. An order that arrives while the session is not open is rejected.
 *
 * Resting orders live in one treap per side, best price first, equal prices by id; takers wait in lists.
 */
#include "state.h"

static inline uint32_t side_index(const nt_entry *entry) {
  return (uint32_t)entry->side - 1;
}

/* ---- treap ------------------------------------------------------------------------------------------------------------------ */

static inline uint64_t rank(uint64_t venue_order_id) { /* pseudo-random heap order: balanced whatever the prices do */
  uint64_t x = venue_order_id * 0x9E3779B97F4A7C15ull;
  return (x ^ (x >> 29)) * 0xBF58476D1CE4E5B9ull;
}

static inline int better(const nt_entry *a, const nt_entry *b) {
  if (a->venue_price != b->venue_price) return a->side == NT_SIDE_BUY ? a->venue_price > b->venue_price : a->venue_price < b->venue_price;
  return a->venue_order_id < b->venue_order_id;
}

static void replace_child(nt_state *state, nt_venue_book *book, uint32_t side, uint32_t parent, uint32_t old_child, uint32_t child) {
  if (parent == NT_NIL) {
    book->root[side] = child;
  } else if (state->entries[parent].left == old_child) {
    state->entries[parent].left = child;
  } else {
    state->entries[parent].right = child;
  }
  if (child != NT_NIL) state->entries[child].parent = parent;
}

static void rotate_up(nt_state *state, nt_venue_book *book, uint32_t side, uint32_t child) {
  nt_entry *entries = state->entries;
  uint32_t parent = entries[child].parent, grandparent = entries[parent].parent;
  replace_child(state, book, side, grandparent, parent, child);
  if (entries[parent].left == child) {
    entries[parent].left = entries[child].right;
    if (entries[child].right != NT_NIL) entries[entries[child].right].parent = parent;
    entries[child].right = parent;
  } else {
    entries[parent].right = entries[child].left;
    if (entries[child].left != NT_NIL) entries[entries[child].left].parent = parent;
    entries[child].left = parent;
  }
  entries[parent].parent = child;
}

static void rest(nt_state *state, uint32_t index) {
  nt_entry *entries = state->entries, *entry = &entries[index];
  nt_venue_book *book = &state->books[entry->instrument];
  uint32_t side = side_index(entry), parent = NT_NIL, *link = &book->root[side];
  while (*link != NT_NIL) {
    parent = *link;
    link = better(entry, &entries[parent]) ? &entries[parent].left : &entries[parent].right;
  }
  *link = index;
  entry->parent = parent;
  entry->left = entry->right = NT_NIL;
  entry->place = NT_PLACE_RESTING;
  while (entry->parent != NT_NIL && rank(entry->venue_order_id) > rank(entries[entry->parent].venue_order_id))
    rotate_up(state, book, side, index);
}

static void unrest(nt_state *state, uint32_t index) {
  nt_entry *entries = state->entries, *entry = &entries[index];
  nt_venue_book *book = &state->books[entry->instrument];
  uint32_t side = side_index(entry);
  while (entry->left != NT_NIL && entry->right != NT_NIL) {
    int left_up = rank(entries[entry->left].venue_order_id) > rank(entries[entry->right].venue_order_id);
    rotate_up(state, book, side, left_up ? entry->left : entry->right);
  }
  replace_child(state, book, side, entry->parent, index, entry->left != NT_NIL ? entry->left : entry->right);
  entry->left = entry->right = entry->parent = NT_NIL;
}

static uint32_t first(const nt_state *state, uint32_t root) {
  while (root != NT_NIL && state->entries[root].left != NT_NIL) root = state->entries[root].left;
  return root;
}

static uint32_t next(const nt_state *state, uint32_t index) {
  const nt_entry *entries = state->entries;
  if (entries[index].right != NT_NIL) return first(state, entries[index].right);
  while (entries[index].parent != NT_NIL && entries[entries[index].parent].right == index) index = entries[index].parent;
  return entries[index].parent;
}

/* ---- takers ----------------------------------------------------------------------------------------------------------------- */

static void wait_for_print(nt_state *state, uint32_t index) {
  nt_entry *entry = &state->entries[index];
  nt_venue_book *book = &state->books[entry->instrument];
  uint32_t side = side_index(entry), tail = book->taker_tail[side];
  entry->left = NT_NIL;
  entry->right = tail;
  if (tail == NT_NIL) {
    book->taker_head[side] = index;
  } else {
    state->entries[tail].left = index;
  }
  book->taker_tail[side] = index;
  entry->place = NT_PLACE_TAKER;
}

static void leave_takers(nt_state *state, uint32_t index) {
  nt_entry *entry = &state->entries[index];
  nt_venue_book *book = &state->books[entry->instrument];
  uint32_t side = side_index(entry), after = entry->left, before = entry->right;
  if (before == NT_NIL) {
    book->taker_head[side] = after;
  } else {
    state->entries[before].left = after;
  }
  if (after == NT_NIL) {
    book->taker_tail[side] = before;
  } else {
    state->entries[after].right = before;
  }
  entry->left = entry->right = NT_NIL;
}

static void leave(nt_state *state, uint32_t index) {
  nt_entry *entry = &state->entries[index];
  if (entry->place == NT_PLACE_RESTING) unrest(state, index);
  if (entry->place == NT_PLACE_TAKER) leave_takers(state, index);
  entry->place = NT_PLACE_DONE;
}

/* ---- requests --------------------------------------------------------------------------------------------------------------- */

static int marketable(const nt_state *state, const nt_entry *entry) {
  const nt_market *market = &state->markets[entry->instrument];
  if (entry->side == NT_SIDE_BUY) return market->ask != NT_ABSENT && entry->venue_price >= market->ask;
  return market->bid != NT_ABSENT && entry->venue_price <= market->bid;
}

static void arrive(nt_state *state, uint32_t index) {
  nt_entry *entry = &state->entries[index];
  const nt_market *market = &state->markets[entry->instrument];
  if (market->session != NT_SESSION_OPEN) {
    entry->place = NT_PLACE_DONE;
    nt_send_outward(state, index, NT_EXEC_REJECTED, 0, 0, 0, 0,
                    market->session == NT_SESSION_CLOSED ? NT_REASON_MARKET_CLOSED : NT_REASON_INSTRUMENT_HALTED);
    return;
  }
  entry->arrival_print = market->prints;
  if (entry->type == NT_ORDER_MARKET || entry->time_in_force == NT_TIF_IOC || entry->time_in_force == NT_TIF_FOK) {
    wait_for_print(state, index);
  } else {
    entry->marketable = (uint8_t)marketable(state, entry);
    rest(state, index);
  }
  nt_send_outward(state, index, NT_EXEC_NEW, 0, 0, 0, 0, 0);
}

static void replace(nt_state *state, const nt_transit *request) {
  nt_entry *entry = &state->entries[request->entry];
  uint16_t reason = entry->place == NT_PLACE_DONE              ? NT_REASON_TOO_LATE
                    : request->quantity <= entry->venue_filled ? NT_REASON_QUANTITY_BELOW_FILLED
                                                               : 0;
  if (reason != 0) {
    nt_send_outward(state, request->entry, NT_EXEC_REPLACE_REJECTED, request->request_id, 0, 0, 0, reason);
    return;
  }
  entry->venue_quantity = request->quantity;
  if (entry->place == NT_PLACE_RESTING && entry->venue_price != request->price) {
    unrest(state, request->entry);
    entry->venue_price = request->price;
    entry->arrival_print = state->markets[entry->instrument].prints;
    entry->marketable = (uint8_t)marketable(state, entry);
    rest(state, request->entry);
  }
  entry->venue_price = request->price;
  nt_send_outward(state, request->entry, NT_EXEC_REPLACED, request->request_id, request->price, request->quantity, 0, 0);
}

static void cancel(nt_state *state, const nt_transit *request) {
  nt_entry *entry = &state->entries[request->entry];
  if (entry->place == NT_PLACE_DONE) {
    nt_send_outward(state, request->entry, NT_EXEC_CANCEL_REJECTED, request->request_id, 0, 0, 0, NT_REASON_TOO_LATE);
    return;
  }
  leave(state, request->entry);
  nt_send_outward(state, request->entry, NT_EXEC_CANCELED, request->request_id, 0, 0, 0, request->reason);
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

/* ---- prints ----------------------------------------------------------------------------------------------------------------- */

static int through(const nt_entry *entry, int64_t print) {
  if (entry->type == NT_ORDER_MARKET) return 1;
  return entry->side == NT_SIDE_BUY ? print < entry->venue_price : print > entry->venue_price;
}

static int64_t taker_price(const nt_state *state, const nt_entry *entry, int64_t print) {
  int64_t slippage = state->markets[entry->instrument].slippage;
  int64_t price = entry->side == NT_SIDE_BUY ? print + slippage : print - slippage;
  const nt_market *market = &state->markets[entry->instrument];
  int64_t least = print < market->tick_size ? print : market->tick_size;
  if (!market->allow_negative_price && price < least) price = least; /* slippage stops where prices do */
  if (entry->type == NT_ORDER_MARKET) return price;
  if (entry->side == NT_SIDE_BUY) return price < entry->venue_price ? price : entry->venue_price;
  return price > entry->venue_price ? price : entry->venue_price;
}

static uint32_t collect(nt_state *state, const nt_venue_book *book, const nt_tick *tick) {
  uint32_t count = 0;
  const nt_entry *entries = state->entries;
  for (uint32_t side = 0; side < 2; side++) {
    if (tick->aggressor == side + 1) {
      for (uint32_t i = book->taker_head[side]; i != NT_NIL; i = entries[i].left) state->scratch[count++] = i;
    }
    for (uint32_t i = first(state, book->root[side]); i != NT_NIL && through(&entries[i], tick->price); i = next(state, i))
      state->scratch[count++] = i;
  }
  return count;
}

static void sift(const nt_state *state, uint32_t *items, uint32_t start, uint32_t count) {
  const nt_entry *entries = state->entries;
  for (;;) {
    uint32_t child = 2 * start + 1;
    if (child >= count) return;
    if (child + 1 < count && entries[items[child + 1]].venue_order_id > entries[items[child]].venue_order_id) child++;
    if (entries[items[start]].venue_order_id >= entries[items[child]].venue_order_id) return;
    uint32_t swap = items[start];
    items[start] = items[child];
    items[child] = swap;
    start = child;
  }
}

static void sort_by_id(const nt_state *state, uint32_t *items, uint32_t count) { /* heap sort: in place, no worst case */
  if (count < 2) return;
  for (uint32_t i = count / 2; i-- > 0;) sift(state, items, i, count);
  for (uint32_t end = count - 1; end > 0; end--) {
    uint32_t swap = items[0];
    items[0] = items[end];
    items[end] = swap;
    sift(state, items, 0, end);
  }
}

void nt_venue_print(nt_state *state, const nt_tick *tick) {
  const nt_venue_book *book = &state->books[tick->instrument];
  if ((book->root[0] & book->root[1] & book->taker_head[0] & book->taker_head[1]) == NT_NIL) return; /* nothing works here */
  uint32_t count = collect(state, book, tick);
  sort_by_id(state, state->scratch, count);
  int64_t volume = tick->size;
  uint64_t print_number = state->markets[tick->instrument].prints;
  for (uint32_t i = 0; i < count; i++) {
    uint32_t index = state->scratch[i];
    nt_entry *entry = &state->entries[index];
    int64_t leaves = entry->venue_quantity - entry->venue_filled;
    int64_t quantity = !through(entry, tick->price) ? 0 : leaves < volume ? leaves : volume;
    if (entry->time_in_force == NT_TIF_FOK && quantity < leaves) quantity = 0;
    if (nt_outward_free(state) <= (state->outbound.mask + 1) / 2) quantity = 0; /* keep room for every order's answers */
    if (quantity > 0) {
      int takes = entry->place == NT_PLACE_TAKER || (entry->marketable && print_number == entry->arrival_print + 1);
      entry->venue_filled += quantity;
      volume -= quantity;
      nt_send_outward(state, index, NT_EXEC_TRADE, 0, takes ? taker_price(state, entry, tick->price) : entry->venue_price, quantity,
                      takes ? NT_LIQUIDITY_TAKER : NT_LIQUIDITY_MAKER, 0);
    }
    if (quantity == leaves) {
      leave(state, index);
    } else if (entry->place == NT_PLACE_TAKER && (entry->time_in_force == NT_TIF_IOC || entry->time_in_force == NT_TIF_FOK)) {
      leave(state, index);
      nt_send_outward(state, index, NT_EXEC_CANCELED, 0, 0, 0, 0, NT_REASON_NO_PRINT);
    }
  }
}

/* The session of the instrument has closed: DAY orders end, GTC orders stay. */
void nt_venue_session(nt_state *state, uint32_t instrument) {
  if (state->markets[instrument].session != NT_SESSION_CLOSED) return;
  const nt_venue_book *book = &state->books[instrument];
  uint32_t count = 0;
  for (uint32_t side = 0; side < 2; side++) {
    for (uint32_t i = book->taker_head[side]; i != NT_NIL; i = state->entries[i].left) state->scratch[count++] = i;
    for (uint32_t i = first(state, book->root[side]); i != NT_NIL; i = next(state, i)) state->scratch[count++] = i;
  }
  sort_by_id(state, state->scratch, count);
  for (uint32_t i = 0; i < count; i++) {
    uint32_t index = state->scratch[i];
    if (state->entries[index].time_in_force == NT_TIF_GTC) continue;
    leave(state, index);
    nt_send_outward(state, index, NT_EXEC_EXPIRED, 0, 0, 0, 0, NT_REASON_SESSION_CLOSED);
  }
}
