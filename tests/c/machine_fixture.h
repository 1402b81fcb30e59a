/* A state machine alone: one instrument, one account, inputs by hand. No shared memory, no clock. */
#ifndef NT_TEST_MACHINE_FIXTURE_H
#define NT_TEST_MACHINE_FIXTURE_H

#include "check.h"
#include "segment.h"
#include "state.h"

typedef struct machine {
  nt_state *state;
  nt_effects effects;
  uint64_t next_id;
  int64_t ts;
} machine;

typedef struct machine_limits {
  nt_kernel_config config;
  nt_instrument instrument;
  nt_account account;
  nt_terms terms;
} machine_limits;

static inline machine_limits machine_defaults(void) {
  machine_limits limits = {
      .config = {.channels = 2, .order_capacity = 64, .instruments = 2, .accounts = 2, .slippage_ticks = 1},
      .instrument = {.symbol = "ES",
                     .currency = "USD",
                     .price_decimals = 2,
                     .tick_size = 25,
                     .lot_size = 2,
                     .minimum_quantity = 4,
                     .maximum_price = 1000000,
                     .initial_session = NT_SESSION_OPEN},
      .account = {.name = "main",
                  .currency = "USD",
                  .decimals = 4,
                  .cash = 1000000000,
                  .max_open_orders = NT_ABSENT,
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
                  .fills_window_ns = NT_ABSENT},
      .terms = {.value_numerator = 5000,
                .value_denominator = 1,
                .fee_taker = 21000,
                .fee_maker = 10000,
                .max_order_quantity = NT_ABSENT,
                .max_order_notional = NT_ABSENT,
                .max_position = NT_ABSENT,
                .price_collar_bps = NT_ABSENT,
                .max_quote_age_ns = NT_ABSENT,
                .min_order_notional = NT_ABSENT,
                .initial_margin_bps = NT_ABSENT},
  };
  return limits;
}

static inline machine machine_make(const machine_limits *limits) {
  nt_error error;
  machine m = {.next_id = 1, .ts = 1000000000};
  m.state = nt_state_create(&limits->config);
  CHECK(m.state != NULL);
  CHECK(nt_instrument_add(m.state, &limits->instrument, &error) == 0);
  CHECK(nt_account_add(m.state, &limits->account, &error) == 0);
  CHECK(nt_terms_set(m.state, &limits->terms, &error) == NT_OK);
  return m;
}

static inline void machine_input(machine *m, nt_input input) {
  input.ts = m->ts;
  CHECK(nt_apply(m->state, &input, &m->effects) == NT_APPLIED);
}

static inline void machine_trade(machine *m, int64_t price, int64_t size, uint8_t aggressor) {
  nt_tick tick = {.ts_event = m->ts, .ts_recv = m->ts, .price = price, .size = size, .aggressor = aggressor, .kind = NT_TICK_TRADE};
  machine_input(m, (nt_input){.kind = NT_INPUT_TICK, .tick = &tick});
}

static inline void machine_quote(machine *m, int64_t bid, int64_t ask) {
  nt_tick tick = {
      .ts_event = m->ts, .ts_recv = m->ts, .bid_price = bid, .ask_price = ask, .bid_size = 5, .ask_size = 5, .kind = NT_TICK_QUOTE};
  machine_input(m, (nt_input){.kind = NT_INPUT_TICK, .tick = &tick});
}

static inline void machine_session(machine *m, int64_t session, int64_t day) {
  nt_tick tick = {.ts_event = m->ts, .ts_recv = m->ts, .price = session, .size = day, .kind = NT_TICK_SESSION};
  machine_input(m, (nt_input){.kind = NT_INPUT_TICK, .tick = &tick});
}

static inline void machine_state(machine *m, uint8_t state) {
  nt_command command = {.kind = NT_COMMAND_SET_STATE, .state = state, .account = 65535};
  machine_input(m, (nt_input){.kind = NT_INPUT_COMMAND, .command = &command});
}

/* Time passes by ns. */
static inline void machine_wait(machine *m, int64_t ns) {
  m->ts += ns;
  machine_input(m, (nt_input){.kind = NT_INPUT_TIMER});
}

static inline nt_order machine_order(machine *m, uint8_t side, int64_t quantity, int64_t price) {
  return (nt_order){.client_order_id = m->next_id++,
                    .price = price,
                    .trigger_price = NT_ABSENT,
                    .quantity = quantity,
                    .message = NT_MESSAGE_NEW,
                    .side = side,
                    .type = price == NT_ABSENT ? NT_ORDER_MARKET : NT_ORDER_LIMIT,
                    .time_in_force = NT_TIF_DAY};
}

static inline nt_order machine_request(machine *m, uint8_t message, uint64_t target, int64_t quantity, int64_t price) {
  return (nt_order){.client_order_id = m->next_id++,
                    .price = price,
                    .trigger_price = NT_ABSENT,
                    .quantity = quantity,
                    .message = message,
                    .flags = NT_ORDER_EXTENDED,
                    .original_client_order_id = target};
}

/* Send; the reports are in m->effects. */
static inline void machine_send(machine *m, const nt_order *order) {
  machine_input(m, (nt_input){.kind = NT_INPUT_ORDER, .order = order});
}

static inline uint64_t machine_new(machine *m, uint8_t side, int64_t quantity, int64_t price, uint8_t time_in_force) {
  nt_order order = machine_order(m, side, quantity, price);
  order.time_in_force = time_in_force;
  machine_send(m, &order);
  CHECK_EQUAL(m->effects.accepted, 1);
  return order.client_order_id;
}

/* The only report of the last input. */
static inline const nt_report *machine_one(const machine *m, uint8_t exec_type) {
  CHECK_EQUAL(m->effects.count, 1);
  CHECK_EQUAL(m->effects.reports[0].exec_type, exec_type);
  return &m->effects.reports[0];
}

static inline const nt_report *machine_denied(const machine *m, uint16_t check, uint16_t reason, uint16_t fix, uint8_t unit,
                                              int64_t observed, int64_t limit) {
  const nt_report *report = machine_one(m, NT_EXEC_DENIED);
  CHECK_EQUAL(report->check, check);
  CHECK_EQUAL(report->reason, reason);
  CHECK_EQUAL(report->fix_reason, fix);
  CHECK_EQUAL(report->unit, unit);
  CHECK_EQUAL(report->observed, observed);
  CHECK_EQUAL(report->limit, limit);
  CHECK_EQUAL(report->order_status, NT_STATUS_DENIED);
  CHECK_EQUAL(m->effects.accepted, 0);
  return report;
}

#endif
