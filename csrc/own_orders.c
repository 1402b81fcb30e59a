/* The working orders of one account on one instrument by price, one treap per side: the search for self-trades needs the best. */
#include "exposure.h"

static inline uint64_t heap_rank(uint64_t venue_order_id) { /* pseudo-random: balanced whatever the prices do */
  uint64_t x = venue_order_id * 0x9E3779B97F4A7C15ull;
  return (x ^ (x >> 29)) * 0xBF58476D1CE4E5B9ull;
}

static inline int better(const nt_entry *a, const nt_entry *b) {
  if (a->own_price != b->own_price) return a->side == NT_SIDE_BUY ? a->own_price > b->own_price : a->own_price < b->own_price;
  return a->venue_order_id < b->venue_order_id;
}

static uint32_t *root_of(nt_state *state, const nt_entry *entry) {
  return &state->pairs[nt_pair_index(state, entry->account, entry->instrument)].own_root[nt_side_index(entry->side)];
}

static void set_child(nt_state *state, uint32_t *root, uint32_t parent, uint32_t old_child, uint32_t child) {
  if (parent == NT_NIL) {
    *root = child;
  } else if (state->entries[parent].own_left == old_child) {
    state->entries[parent].own_left = child;
  } else {
    state->entries[parent].own_right = child;
  }
  if (child != NT_NIL) state->entries[child].own_parent = parent;
}

static void rotate_up(nt_state *state, uint32_t *root, uint32_t child) {
  nt_entry *entries = state->entries;
  uint32_t parent = entries[child].own_parent;
  set_child(state, root, entries[parent].own_parent, parent, child);
  if (entries[parent].own_left == child) {
    entries[parent].own_left = entries[child].own_right;
    if (entries[child].own_right != NT_NIL) entries[entries[child].own_right].own_parent = parent;
    entries[child].own_right = parent;
  } else {
    entries[parent].own_right = entries[child].own_left;
    if (entries[child].own_left != NT_NIL) entries[entries[child].own_left].own_parent = parent;
    entries[child].own_left = parent;
  }
  entries[parent].own_parent = child;
}

static void set_best(nt_pair *pair, const nt_entry *entry, uint32_t index) {
  pair->own_best[nt_side_index(entry->side)] = index;
  pair->own_price[nt_side_index(entry->side)] = entry->own_price;
}

void nt_own_insert(nt_state *state, nt_entry *entry, int64_t price) {
  if (state->keeping[entry->account].self_trade == 0) return;
  nt_entry *entries = state->entries;
  uint32_t *root = root_of(state, entry), *link = root, parent = NT_NIL, index = (uint32_t)(entry - entries);
  entry->own_price = price;
  while (*link != NT_NIL) {
    parent = *link;
    link = better(entry, &entries[parent]) ? &entries[parent].own_left : &entries[parent].own_right;
  }
  *link = index;
  entry->own_parent = parent;
  entry->own_left = entry->own_right = NT_NIL;
  entry->owned = 1;
  while (entry->own_parent != NT_NIL && heap_rank(entry->venue_order_id) > heap_rank(entries[entry->own_parent].venue_order_id))
    rotate_up(state, root, index);
  nt_pair *pair = &state->pairs[nt_pair_index(state, entry->account, entry->instrument)];
  uint32_t best = pair->own_best[nt_side_index(entry->side)];
  if (best == NT_NIL || better(entry, &entries[best])) set_best(pair, entry, index);
}

void nt_own_remove(nt_state *state, nt_entry *entry) {
  if (!entry->owned) return;
  nt_entry *entries = state->entries;
  uint32_t *root = root_of(state, entry);
  while (entry->own_left != NT_NIL && entry->own_right != NT_NIL) {
    int left_up = heap_rank(entries[entry->own_left].venue_order_id) > heap_rank(entries[entry->own_right].venue_order_id);
    rotate_up(state, root, left_up ? entry->own_left : entry->own_right);
  }
  set_child(state, root, entry->own_parent, (uint32_t)(entry - entries), entry->own_left != NT_NIL ? entry->own_left : entry->own_right);
  entry->owned = 0;
  nt_pair *pair = &state->pairs[nt_pair_index(state, entry->account, entry->instrument)];
  if (pair->own_best[nt_side_index(entry->side)] != (uint32_t)(entry - entries)) return;
  uint32_t best = *root;
  while (best != NT_NIL && entries[best].own_left != NT_NIL) best = entries[best].own_left;
  if (best == NT_NIL) {
    pair->own_best[nt_side_index(entry->side)] = NT_NIL;
  } else {
    set_best(pair, &entries[best], best);
  }
}
