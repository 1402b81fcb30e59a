/* A kernel for the C benchmarks, with every check switched on. */
#ifndef FIXTURE_H
#define FIXTURE_H

#include "bench.h"
#include "neural_trader.h"

#define FIXTURE_MIDDLE 10000 /* raw price; bid and ask are one tick below and above */

static inline nt_instrument fixture_instrument(uint32_t number) {
  nt_instrument instrument = {.currency = "USD",
                              .price_decimals = 2,
                              .quantity_decimals = 0,
                              .tick_size = 5,
                              .lot_size = 1,
                              .minimum_quantity = 1,
                              .maximum_price = 1000000,
                              .initial_session = NT_SESSION_OPEN};
  snprintf(instrument.symbol, sizeof(instrument.symbol), "I%u", number);
  return instrument;
}

static inline nt_account fixture_account(void) {
  return (nt_account){.name = "main",
                      .currency = "USD",
                      .decimals = 2,
                      .cash = 1000000000,
                      .max_open_orders = 1000000,
                      .max_orders_per_second = 100000000,
                      .max_daily_loss = 1000000000,
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
}

static inline nt_terms fixture_terms(uint32_t instrument) {
  return (nt_terms){.account = 0,
                    .instrument = instrument,
                    .value_numerator = 1,
                    .value_denominator = 1,
                    .fee_taker = 10,
                    .fee_maker = 5,
                    .max_order_quantity = 1000,
                    .max_order_notional = 1000000000,
                    .max_position = 1000000,
                    .price_collar_bps = 500,
                    .max_quote_age_ns = (int64_t)3600 * 1000000000,
                    .min_order_notional = NT_ABSENT,
                    .initial_margin_bps = NT_ABSENT};
}

static inline nt_tick fixture_quote(uint32_t instrument, int64_t ts) {
  return (nt_tick){.ts_event = ts,
                   .ts_recv = ts,
                   .bid_price = FIXTURE_MIDDLE - 5,
                   .ask_price = FIXTURE_MIDDLE + 5,
                   .bid_size = 100,
                   .ask_size = 100,
                   .instrument = instrument,
                   .kind = NT_TICK_QUOTE,
                   .flags = NT_TICK_LAST_OF_SLICE};
}

/* A limit order that rests below the market. */
static inline nt_order fixture_order(uint32_t instrument) {
  return (nt_order){.price = FIXTURE_MIDDLE - 50,
                    .trigger_price = NT_ABSENT,
                    .quantity = 1,
                    .instrument = instrument,
                    .message = NT_MESSAGE_NEW,
                    .side = NT_SIDE_BUY,
                    .type = NT_ORDER_LIMIT,
                    .time_in_force = NT_TIF_DAY};
}

static inline nt_order fixture_cancel(uint64_t id) {
  return (nt_order){.price = NT_ABSENT,
                    .trigger_price = NT_ABSENT,
                    .quantity = NT_ABSENT,
                    .message = NT_MESSAGE_CANCEL,
                    .flags = NT_ORDER_EXTENDED,
                    .original_client_order_id = id};
}

static inline void fixture_check(int32_t result, const char *what) {
  if (result < 0) bench_fail(what, result);
}

/* A kernel of one instrument, one account and one channel; what else the configuration says stays. */
static inline uint32_t fixture_kernel_of(nt_kernel_config config, const char *name) {
  config.instruments = config.accounts = config.channels = 1;
  snprintf(config.name, sizeof(config.name), "%s", name);
  nt_instrument instrument = fixture_instrument(0);
  nt_account account = fixture_account();
  nt_terms terms = fixture_terms(0);
  nt_error error;
  uint32_t kernel;
  if (nt_kernel_create(&config, &kernel, &error) != NT_OK) {
    fprintf(stderr, "%s\n", error.text);
    exit(1);
  }
  fixture_check(nt_kernel_add_instrument(kernel, &instrument), "nt_kernel_add_instrument");
  fixture_check(nt_kernel_add_account(kernel, &account), "nt_kernel_add_account");
  fixture_check(nt_kernel_set_terms(kernel, &terms), "nt_kernel_set_terms");
  return kernel;
}

static inline uint32_t fixture_kernel(const char *name, uint32_t clock, uint32_t models) {
  return fixture_kernel_of((nt_kernel_config){.clock = clock, .models = models}, name);
}

#endif
