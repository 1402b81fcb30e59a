/* Where orders wait at the paper venue: ordered trees (resting by price, waiting for a trigger), lists (takers, trailing stops) and a
 * heap of expiries. An order is in at most one tree or list; the heap is apart.
 */
#include "state.h"

/* ---- trees: treaps, so that no order of prices makes them deep ----------------------------------------------------------------- */

static inline uint64_t rank(uint64_t venue_order_id) { /* pseudo-random heap order: balanced whatever the prices do */
  uint64_t x = venue_order_id * 0x9E3779B97F4A7C15ull;
  return (x ^ (x >> 29)) * 0xBF58476D1CE4E5B9ull;
}

static inline int64_t key(const nt_entry *entry) {
  return entry->tree <= NT_TREE_ASKS ? entry->venue_price : entry->trigger_price;
}

static inline int better(const nt_entry *a, const nt_entry *b) {
  int64_t one = key(a), other = key(b);
  if (one != other) return a->tree == NT_TREE_BIDS || a->tree == NT_TREE_FALLING ? one > other : one < other;
  return a->priority < b->priority;
}

/* Where there is no order: nothing comes to this price. */
static int64_t beyond(uint32_t tree) {
  return tree == NT_TREE_BIDS || tree == NT_TREE_FALLING ? INT64_MIN : INT64_MAX;
}

void nt_book_init(nt_venue_book *book) {
  for (uint32_t tree = 0; tree < 4; tree++) {
    book->root[tree] = book->first[tree] = NT_NIL;
    book->first_price[tree] = beyond(tree);
  }
  for (int list = 0; list < 3; list++) book->head[list] = book->tail[list] = NT_NIL;
}

static void replace_child(nt_state *state, nt_venue_book *book, uint32_t tree, uint32_t parent, uint32_t old_child, uint32_t child) {
  if (parent == NT_NIL) {
    book->root[tree] = child;
  } else if (state->entries[parent].left == old_child) {
    state->entries[parent].left = child;
  } else {
    state->entries[parent].right = child;
  }
  if (child != NT_NIL) state->entries[child].parent = parent;
}

static void rotate_up(nt_state *state, nt_venue_book *book, uint32_t tree, uint32_t child) {
  nt_entry *entries = state->entries;
  uint32_t parent = entries[child].parent, grandparent = entries[parent].parent;
  replace_child(state, book, tree, grandparent, parent, child);
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

void nt_book_rest(nt_state *state, uint32_t index, uint32_t tree) {
  nt_entry *entries = state->entries, *entry = &entries[index];
  nt_venue_book *book = &state->books[entry->instrument];
  uint32_t parent = NT_NIL, previous = NT_NIL, next = NT_NIL, *link = &book->root[tree];
  entry->tree = (uint8_t)tree;
  while (*link != NT_NIL) {
    parent = *link;
    if (better(entry, &entries[parent])) {
      link = &entries[next = parent].left;
    } else {
      link = &entries[previous = parent].right;
    }
  }
  entry->previous = previous;
  entry->next = next;
  entry->next_price = next == NT_NIL ? beyond(tree) : key(&entries[next]);
  if (next != NT_NIL) entries[next].previous = index;
  *(previous == NT_NIL ? &book->first[tree] : &entries[previous].next) = index;
  *(previous == NT_NIL ? &book->first_price[tree] : &entries[previous].next_price) = key(entry);
  *link = index;
  entry->parent = parent;
  entry->left = entry->right = NT_NIL;
  entry->place = tree <= NT_TREE_ASKS ? NT_PLACE_RESTING : NT_PLACE_TRIGGER;
  while (entry->parent != NT_NIL && rank(entry->venue_order_id) > rank(entries[entry->parent].venue_order_id))
    rotate_up(state, book, tree, index);
}

static void leave_tree(nt_state *state, uint32_t index) {
  nt_entry *entries = state->entries, *entry = &entries[index];
  nt_venue_book *book = &state->books[entry->instrument];
  if (book->first[entry->tree] == index) { /* the next one is not touched: it may be far away in memory */
    book->first[entry->tree] = entry->next;
    book->first_price[entry->tree] = entry->next_price;
  } else {
    entries[entry->previous].next = entry->next;
    entries[entry->previous].next_price = entry->next_price;
    if (entry->next != NT_NIL) entries[entry->next].previous = entry->previous;
  }
  while (entry->left != NT_NIL && entry->right != NT_NIL) {
    int left_up = rank(entries[entry->left].venue_order_id) > rank(entries[entry->right].venue_order_id);
    rotate_up(state, book, entry->tree, left_up ? entry->left : entry->right);
  }
  replace_child(state, book, entry->tree, entry->parent, index, entry->left != NT_NIL ? entry->left : entry->right);
  entry->left = entry->right = entry->parent = NT_NIL;
}

/* The first that rests at a price. */
uint32_t nt_book_first_at(const nt_state *state, uint32_t instrument, uint32_t tree, int64_t price) {
  const nt_venue_book *book = &state->books[instrument];
  uint32_t first = book->first[tree];
  int64_t best = book->first_price[tree];
  if (best == price) return first;
  if (tree == NT_TREE_BIDS ? best < price : best > price) return NT_NIL;
  int64_t second = state->entries[first].next_price; /* mostly there is nothing between the best and what is worse */
  if (tree == NT_TREE_BIDS ? second < price : second > price) return NT_NIL;
  uint32_t found = NT_NIL;
  for (uint32_t i = book->root[tree]; i != NT_NIL;) {
    const nt_entry *entry = &state->entries[i];
    int before = tree == NT_TREE_BIDS ? entry->venue_price > price : entry->venue_price < price;
    if (entry->venue_price == price) found = i;
    i = before ? entry->right : entry->left;
  }
  return found;
}

/* ---- lists ------------------------------------------------------------------------------------------------------------------ */

void nt_book_list(nt_state *state, uint32_t index, uint32_t list) {
  nt_entry *entry = &state->entries[index];
  nt_venue_book *book = &state->books[entry->instrument];
  uint32_t tail = book->tail[list];
  entry->left = NT_NIL;
  entry->right = tail;
  if (tail == NT_NIL) {
    book->head[list] = index;
  } else {
    state->entries[tail].left = index;
  }
  book->tail[list] = index;
  entry->place = list == NT_LIST_TRAILING ? NT_PLACE_TRAILING : NT_PLACE_TAKER;
}

static void leave_list(nt_state *state, uint32_t index, uint32_t list) {
  nt_entry *entry = &state->entries[index];
  nt_venue_book *book = &state->books[entry->instrument];
  uint32_t after = entry->left, before = entry->right;
  if (before == NT_NIL) {
    book->head[list] = after;
  } else {
    state->entries[before].left = after;
  }
  if (after == NT_NIL) {
    book->tail[list] = before;
  } else {
    state->entries[after].right = before;
  }
  entry->left = entry->right = NT_NIL;
}

void nt_book_leave(nt_state *state, uint32_t index) {
  nt_entry *entry = &state->entries[index];
  if (entry->place == NT_PLACE_RESTING || entry->place == NT_PLACE_TRIGGER) leave_tree(state, index);
  if (entry->place == NT_PLACE_TAKER) leave_list(state, index, (uint32_t)entry->side - 1);
  if (entry->place == NT_PLACE_TRAILING) leave_list(state, index, NT_LIST_TRAILING);
  entry->place = NT_PLACE_DONE;
}

/* ---- by priority ------------------------------------------------------------------------------------------------------------ */

static void sift(const nt_state *state, uint32_t *items, uint32_t start, uint32_t count) {
  const nt_entry *entries = state->entries;
  for (;;) {
    uint32_t child = 2 * start + 1;
    if (child >= count) return;
    if (child + 1 < count && entries[items[child + 1]].priority > entries[items[child]].priority) child++;
    if (entries[items[start]].priority >= entries[items[child]].priority) return;
    uint32_t swap = items[start];
    items[start] = items[child];
    items[child] = swap;
    start = child;
  }
}

void nt_book_sort(const nt_state *state, uint32_t *items, uint32_t count) { /* heap sort: in place, no worst case */
  if (count < 2) return;
  for (uint32_t i = count / 2; i-- > 0;) sift(state, items, i, count);
  for (uint32_t end = count - 1; end > 0; end--) {
    uint32_t swap = items[0];
    items[0] = items[end];
    items[end] = swap;
    sift(state, items, 0, end);
  }
}

/* ---- expiries --------------------------------------------------------------------------------------------------------------- */

static int sooner(const nt_state *state, uint32_t a, uint32_t b) {
  const nt_entry *one = &state->entries[a], *other = &state->entries[b];
  return one->expire_ts != other->expire_ts ? one->expire_ts < other->expire_ts : one->venue_order_id < other->venue_order_id;
}

static void place_at(nt_state *state, uint32_t slot, uint32_t index) {
  state->expiries[slot] = index;
  state->entries[index].expiry_slot = slot;
}

static void rise(nt_state *state, uint32_t slot) {
  uint32_t index = state->expiries[slot];
  while (slot > 0 && sooner(state, index, state->expiries[(slot - 1) / 2])) {
    place_at(state, slot, state->expiries[(slot - 1) / 2]);
    slot = (slot - 1) / 2;
  }
  place_at(state, slot, index);
}

static void sink(nt_state *state, uint32_t slot) {
  uint32_t index = state->expiries[slot];
  for (uint32_t child; (child = 2 * slot + 1) < state->expiry_count; slot = child) {
    if (child + 1 < state->expiry_count && sooner(state, state->expiries[child + 1], state->expiries[child])) child++;
    if (!sooner(state, state->expiries[child], index)) break;
    place_at(state, slot, state->expiries[child]);
  }
  place_at(state, slot, index);
}

void nt_expiry_add(nt_state *state, uint32_t index) {
  place_at(state, state->expiry_count, index);
  rise(state, state->expiry_count++);
}

void nt_expiry_remove(nt_state *state, uint32_t index) {
  uint32_t slot = state->entries[index].expiry_slot;
  if (slot == NT_NIL) return;
  state->entries[index].expiry_slot = NT_NIL;
  uint32_t last = state->expiries[--state->expiry_count];
  if (last == index) return;
  place_at(state, slot, last);
  rise(state, slot);
  sink(state, state->entries[last].expiry_slot);
}

int64_t nt_expiry_due(const nt_state *state) {
  return state->expiry_count == 0 ? INT64_MAX : state->entries[state->expiries[0]].expire_ts;
}
