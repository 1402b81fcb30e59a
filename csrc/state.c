/* Memory of the state machine: allocated here, once. Large tables are mapped, so that pages cost nothing until they are touched. */
#include "state.h"

#include <stdlib.h>
#include <string.h>

#include "platform.h"

static uint64_t table_bytes(uint64_t count, uint64_t bytes) {
  return (count * bytes + 127) & ~(uint64_t)127;
}

typedef struct nt_table {
  void **memory;
  uint64_t count;
  uint64_t bytes;
} nt_table;

#define BOOK_DEPTH 1024 /* unless configured */
#define TABLE_COUNT 21

static void tables_of(nt_state *state, nt_table tables[TABLE_COUNT]) {
  uint64_t instruments = state->instrument_capacity, accounts = state->account_capacity;
  uint64_t pairs = instruments * accounts, entries = (uint64_t)state->channels * state->order_capacity;
  nt_table all[TABLE_COUNT] = {
      {(void **)&state->instruments, instruments, sizeof(nt_instrument)},
      {(void **)&state->accounts, accounts, sizeof(nt_account)},
      {(void **)&state->terms, pairs, sizeof(nt_terms)},
      {(void **)&state->markets, instruments, sizeof(nt_market)},
      {(void **)&state->quotes, instruments, sizeof(nt_quote)},
      {(void **)&state->features, instruments, sizeof(nt_features)},
      {(void **)&state->books, instruments, sizeof(nt_venue_book)},
      {(void **)&state->depths, instruments, sizeof(nt_depth)},
      {(void **)&state->levels, instruments, nt_depth_words(state->book_depth) * sizeof(int64_t)},
      {(void **)&state->quantity_scale, instruments, sizeof(int64_t)},
      {(void **)&state->pairs, pairs, sizeof(nt_pair)},
      {(void **)&state->ledgers, pairs, sizeof(nt_ledger)},
      {(void **)&state->keeping, accounts, sizeof(nt_book_keeping)},
      {(void **)&state->habits, accounts, sizeof(nt_habits)},
      {(void **)&state->entries, entries, sizeof(nt_entry)},
      {(void **)&state->clients, state->channels, sizeof(nt_id_line)},
      {(void **)&state->inbound.items, state->inbound.mask + 1, sizeof(nt_transit)},
      {(void **)&state->outbound.items, state->outbound.mask + 1, sizeof(nt_transit)},
      {(void **)&state->scratch, entries, sizeof(uint32_t)},
      {(void **)&state->expiries, entries, sizeof(uint32_t)},
      {(void **)&state->dirty_pairs, pairs + 2 * instruments, sizeof(uint32_t)},
  };
  memcpy(tables, all, sizeof(all));
}

nt_state *nt_state_create(const nt_kernel_config *config) {
  nt_state *state = calloc(1, sizeof(nt_state));
  if (state == NULL) return NULL;
  state->now = NT_ABSENT;
  state->instrument_capacity = config->instruments;
  state->account_capacity = config->accounts;
  state->channels = config->channels;
  state->order_capacity = config->order_capacity;
  state->latency_ns[0] = config->latency_in_ns;
  state->latency_ns[1] = config->latency_out_ns;
  state->measured_latency = config->measured_latency;
  state->slippage_ticks = config->slippage_ticks;
  state->fill_model = config->fill_model == 0 ? NT_FILL_PRINTS : config->fill_model;
  state->book_depth = config->book_depth != 0 ? config->book_depth : BOOK_DEPTH;
  state->next_venue_order_id = 1;
  state->next_execution_id = 1;
  state->next_priority = 1;
  /* An order has at most a new, a replace and a cancel under way. Answers: those and the end of the order; the rest of the outbound
   * queue is for fills, which stop at a print when it is full. */
  uint64_t entries = 1;
  while (entries < (uint64_t)state->channels * state->order_capacity) entries <<= 1;
  state->inbound.mask = entries * 4 - 1;
  state->outbound.mask = entries * 16 - 1;
  nt_table tables[TABLE_COUNT];
  tables_of(state, tables);
  for (int i = 0; i < TABLE_COUNT; i++) {
    *tables[i].memory = nt_memory_map(table_bytes(tables[i].count, tables[i].bytes));
    if (*tables[i].memory == NULL) {
      nt_state_destroy(state);
      return NULL;
    }
  }
  state->dirty_markets = state->dirty_pairs + (uint64_t)state->instrument_capacity * state->account_capacity;
  state->open_updates = state->dirty_markets + state->instrument_capacity;
  return state;
}

void nt_state_destroy(nt_state *state) {
  if (state == NULL) return;
  nt_table tables[TABLE_COUNT];
  tables_of(state, tables);
  for (int i = 0; i < TABLE_COUNT; i++) {
    if (*tables[i].memory != NULL) nt_memory_unmap(*tables[i].memory, table_bytes(tables[i].count, tables[i].bytes));
  }
  free(state);
}
