/* A small kernel with one instrument and one account, and a tape of random prints. */
#ifndef NT_TEST_KERNEL_FIXTURE_H
#define NT_TEST_KERNEL_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "neural_trader.h"

static inline nt_kernel_config fixture_config(const char *name, uint32_t clock) {
  nt_kernel_config config = {
      .clock = clock, .slippage_ticks = 1, .tick_capacity = 1024, .ring_capacity = 256, .order_capacity = 64, .journal_bytes = 1 << 18};
  snprintf(config.name, sizeof(config.name), "%s", name);
  return config;
}

static inline void fixture_tables(uint32_t kernel) {
  const nt_instrument instrument = {.symbol = "ES",
                                    .currency = "USD",
                                    .price_decimals = 2,
                                    .tick_size = 25,
                                    .lot_size = 1,
                                    .minimum_quantity = 1,
                                    .maximum_price = 10000000,
                                    .initial_session = NT_SESSION_OPEN};
  const nt_account account = {.name = "main",
                              .currency = "USD",
                              .decimals = 4,
                              .cash = 1000000000,
                              .max_open_orders = 50,
                              .max_orders_per_second = NT_ABSENT,
                              .max_daily_loss = NT_ABSENT,
                              .max_cancels_per_second = NT_ABSENT,
                              .max_order_age_ns = NT_ABSENT,
                              .allowed_order_types = NT_ABSENT,
                              .allowed_times_in_force = NT_ABSENT,
                              .max_gross_exposure = NT_ABSENT,
                              .max_open_notional = NT_ABSENT,
                              .max_daily_value = NT_ABSENT,
                              .max_duplicate_orders = NT_ABSENT,
                              .duplicate_window_ns = NT_ABSENT,
                              .max_fills = NT_ABSENT,
                              .fills_window_ns = NT_ABSENT};
  const nt_terms terms = {.value_numerator = 5000,
                          .value_denominator = 1,
                          .fee_taker = 21000,
                          .fee_maker = 21000,
                          .max_order_quantity = 10,
                          .max_order_notional = NT_ABSENT,
                          .max_position = 1000,
                          .price_collar_bps = NT_ABSENT,
                          .max_quote_age_ns = NT_ABSENT,
                          .min_order_notional = NT_ABSENT,
                          .initial_margin_bps = NT_ABSENT};
  CHECK(nt_kernel_add_instrument(kernel, &instrument) == 0);
  CHECK(nt_kernel_add_account(kernel, &account) == 0);
  CHECK(nt_kernel_set_terms(kernel, &terms) == NT_OK);
}

static inline uint32_t fixture_kernel(const nt_kernel_config *config) {
  uint32_t kernel = 0;
  nt_error error;
  int32_t result = nt_kernel_create(config, &kernel, &error);
  if (result != NT_OK) fprintf(stderr, "nt_kernel_create: %d %s\n", result, error.text);
  CHECK(result == NT_OK);
  fixture_tables(kernel);
  return kernel;
}

/* count prints in slices of one to seven, and the end. */
static inline nt_tick *fixture_tape(uint32_t count, uint32_t seed) {
  nt_tick *tape = calloc(count + 1, sizeof(nt_tick));
  CHECK(tape != NULL);
  int64_t price = 160000, ts = 1000000000;
  uint32_t state = seed * 2654435761u + 1;
  for (uint32_t i = 0; i < count; i++) {
    state = state * 1664525u + 1013904223u;
    price += ((int64_t)(state >> 28) % 3 - 1) * 25;
    tape[i] = (nt_tick){.ts_event = ts, .price = price, .size = 1 + (state >> 20) % 5, .kind = NT_TICK_TRADE};
    if ((state >> 16) % 7 == 0 || i + 1 == count) {
      tape[i].flags = NT_TICK_LAST_OF_SLICE;
      ts += 1000000;
    }
  }
  tape[count] = (nt_tick){.ts_event = ts, .kind = NT_TICK_END, .flags = NT_TICK_LAST_OF_SLICE};
  return tape;
}

static inline nt_order fixture_order(uint8_t side, int64_t quantity, int64_t price) {
  return (nt_order){.price = price,
                    .trigger_price = NT_ABSENT,
                    .quantity = quantity,
                    .message = NT_MESSAGE_NEW,
                    .side = side,
                    .type = price == NT_ABSENT ? NT_ORDER_MARKET : NT_ORDER_LIMIT,
                    .time_in_force = NT_TIF_DAY};
}

static inline nt_order fixture_cancel(uint64_t id) {
  return (nt_order){.price = NT_ABSENT,
                    .trigger_price = NT_ABSENT,
                    .message = NT_MESSAGE_CANCEL,
                    .flags = NT_ORDER_EXTENDED,
                    .original_client_order_id = id};
}

/* Poll until a report comes. */
static inline nt_report fixture_report(uint32_t client) {
  static __thread nt_tick ticks[64];
  nt_report report;
  nt_poll poll;
  memset(&report, 0, sizeof(report));
  for (int i = 0; i < 500; i++) {
    int32_t result = nt_client_poll(client, ticks, 64, &report, 1, 10000000, &poll);
    CHECK(result >= 0);
    if (poll.reports > 0) return report;
  }
  CHECK(0 && "a report came");
  return report;
}

#endif
