/* Orders that hang together, when one of them trades, ends, or meets the end of its session. */
#include "machine_fixture.h"

#define BUY NT_SIDE_BUY
#define SELL NT_SIDE_SELL

static machine fresh(uint32_t fill_model, int64_t latency_in_ns) {
  machine_limits limits = machine_defaults();
  limits.instrument.lot_size = limits.instrument.minimum_quantity = 1;
  limits.config.slippage_ticks = 0;
  limits.config.fill_model = fill_model;
  limits.config.latency_in_ns = latency_in_ns;
  limits.config.book_depth = 16;
  return machine_make(&limits);
}

static void level(machine *m, uint8_t side, int64_t price, int64_t size) {
  nt_tick tick = {.ts_event = m->ts, .ts_recv = m->ts, .price = price, .size = size, .aggressor = side, .kind = NT_TICK_LEVEL};
  machine_input(m, (nt_input){.kind = NT_INPUT_TICK, .tick = &tick});
}

static uint64_t linked(machine *m, uint8_t contingency, uint64_t first, uint8_t side, int64_t quantity, int64_t price) {
  nt_order order = machine_order(m, side, quantity, price);
  order.flags = NT_ORDER_EXTENDED | (contingency == NT_CONTINGENCY_BRACKET ? (uint32_t)NT_ORDER_REDUCE_ONLY : 0u);
  order.contingency = contingency;
  order.list_id = first;
  machine_send(m, &order);
  CHECK_EQUAL(m->effects.accepted, 1);
  return order.client_order_id;
}

/* What only reduces takes three levels; the order that its fill releases finds nothing left and ends. */
static void a_taker_is_done_before_its_list_learns(uint8_t first_in_force) {
  machine m = fresh(NT_FILL_QUEUE, 0);
  nt_tick clear = {.ts_event = m.ts, .ts_recv = m.ts, .kind = NT_TICK_BOOK_CLEAR};
  machine_input(&m, (nt_input){.kind = NT_INPUT_TICK, .tick = &clear});
  level(&m, SELL, 100025, 100);
  level(&m, BUY, 100000, 4);
  machine_new(&m, BUY, 20, NT_ABSENT, NT_TIF_DAY);
  CHECK_EQUAL(m.state->pairs[0].position, 20);
  nt_order order = machine_order(&m, SELL, 20, 100050);
  order.flags = NT_ORDER_REDUCE_ONLY;
  order.time_in_force = first_in_force;
  machine_send(&m, &order);
  uint64_t second = linked(&m, NT_CONTINGENCY_BRACKET, order.client_order_id, SELL, 20, NT_ABSENT);
  level(&m, BUY, 99975, 6);
  level(&m, BUY, 99950, 50);
  nt_order lower = machine_request(&m, NT_MESSAGE_REPLACE, order.client_order_id, NT_ABSENT, 99900);
  machine_send(&m, &lower);
  CHECK_EQUAL(m.effects.count, 5);
  const int64_t quantities[] = {4, 6, 10}, prices[] = {100000, 99975, 99950};
  for (uint32_t i = 0; i < 3; i++) {
    const nt_report *report = &m.effects.reports[i + 1];
    CHECK(report->exec_type == NT_EXEC_TRADE && report->client_order_id == order.client_order_id);
    CHECK(report->last_quantity == quantities[i] && report->last_price == prices[i]);
  }
  CHECK_EQUAL(m.effects.reports[4].client_order_id, second);
  CHECK_EQUAL(m.effects.reports[4].reason, NT_REASON_REDUCE_ONLY_WOULD_INCREASE_POSITION);
  CHECK(m.state->pairs[0].position == 0 && m.state->keeping[0].open_orders == 0);
  nt_state_destroy(m.state);
}

static void takers_are_done_before_their_list_learns(void) {
  a_taker_is_done_before_its_list_learns(NT_TIF_DAY);
  a_taker_is_done_before_its_list_learns(NT_TIF_GTC);
}

/* Part of the first trades: the second ends, and what is left of the first goes on, wherever the second was then. */
static void the_way_to_the_venue_decides_nothing(int64_t latency_in_ns) {
  machine m = fresh(NT_FILL_PRINTS, latency_in_ns);
  machine_quote(&m, 100000, 100025);
  uint64_t first = machine_new(&m, BUY, 20, 99975, NT_TIF_DAY);
  machine_wait(&m, latency_in_ns);
  uint64_t second = linked(&m, NT_CONTINGENCY_OCO, first, SELL, 20, 100100);
  machine_trade(&m, 99950, 6, SELL);
  CHECK_EQUAL(m.effects.reports[0].leaves_quantity, 14);
  machine_wait(&m, latency_in_ns);
  if (latency_in_ns > 0) CHECK_EQUAL(machine_one(&m, NT_EXEC_CANCELED)->client_order_id, second);
  CHECK_EQUAL(m.state->keeping[0].open_orders, 1);
  CHECK_EQUAL(m.state->pairs[0].working_buy, 14);
  machine_trade(&m, 99950, 50, SELL);
  CHECK_EQUAL(machine_one(&m, NT_EXEC_TRADE)->last_quantity, 14);
  nt_state_destroy(m.state);
}

static void one_cancels_the_other_at_any_latency(void) {
  the_way_to_the_venue_decides_nothing(0);
  the_way_to_the_venue_decides_nothing(1000);
}

/* An order of a bracket that waits for the first expires with its session, though the first may stay. */
static void a_held_order_does_not_outlive_its_session(void) {
  machine m = fresh(NT_FILL_PRINTS, 0);
  machine_quote(&m, 100000, 100025);
  uint64_t first = machine_new(&m, BUY, 20, 99975, NT_TIF_GTC), day = linked(&m, NT_CONTINGENCY_BRACKET, first, SELL, 20, 100100);
  machine_session(&m, NT_SESSION_CLOSED, 0);
  CHECK_EQUAL(machine_one(&m, NT_EXEC_EXPIRED)->client_order_id, day);
  CHECK_EQUAL(m.effects.reports[0].reason, NT_REASON_SESSION_CLOSED);
  CHECK_EQUAL(m.state->keeping[0].open_orders, 1);
  machine_session(&m, NT_SESSION_OPEN, 5);
  machine_trade(&m, 99950, 50, SELL);
  CHECK_EQUAL(machine_one(&m, NT_EXEC_TRADE)->client_order_id, first);
  nt_state_destroy(m.state);
  m = fresh(NT_FILL_PRINTS, 0);
  machine_quote(&m, 100000, 100025);
  first = machine_new(&m, BUY, 20, 99975, NT_TIF_DAY);
  uint64_t held = linked(&m, NT_CONTINGENCY_BRACKET, first, SELL, 20, 100100);
  machine_session(&m, NT_SESSION_CLOSED, 0);
  CHECK_EQUAL(m.effects.count, 2); /* the first takes it along */
  CHECK_EQUAL(m.effects.reports[0].client_order_id, first);
  CHECK_EQUAL(m.effects.reports[1].client_order_id, held);
  CHECK_EQUAL(m.effects.reports[1].reason, NT_REASON_LINKED_ORDER);
  nt_state_destroy(m.state);
}

int main(void) {
  RUN(takers_are_done_before_their_list_learns);
  RUN(one_cancels_the_other_at_any_latency);
  RUN(a_held_order_does_not_outlive_its_session);
  return 0;
}
