/* Fills at the quote and by queue position. */
#include "machine_fixture.h"

#define BUY NT_SIDE_BUY
#define SELL NT_SIDE_SELL

static machine fresh(uint32_t fill_model, int64_t slippage_ticks) {
  machine_limits limits = machine_defaults();
  limits.instrument.lot_size = limits.instrument.minimum_quantity = 1;
  limits.config.slippage_ticks = slippage_ticks;
  limits.config.fill_model = fill_model;
  return machine_make(&limits);
}

static void quote(machine *m, int64_t bid, int64_t bid_size, int64_t ask, int64_t ask_size) {
  nt_tick tick = {.ts_event = m->ts,
                  .ts_recv = m->ts,
                  .bid_price = bid,
                  .ask_price = ask,
                  .bid_size = bid_size,
                  .ask_size = ask_size,
                  .kind = NT_TICK_QUOTE};
  machine_input(m, (nt_input){.kind = NT_INPUT_TICK, .tick = &tick});
}

static void expect_fill(const machine *m, uint32_t at, uint64_t id, int64_t price, int64_t quantity, uint8_t liquidity) {
  CHECK(m->effects.count > at);
  const nt_report *report = &m->effects.reports[at];
  CHECK_EQUAL(report->exec_type, NT_EXEC_TRADE);
  CHECK_EQUAL(report->client_order_id, id);
  CHECK_EQUAL(report->last_price, price);
  CHECK_EQUAL(report->last_quantity, quantity);
  CHECK_EQUAL(report->liquidity, liquidity);
}

static void takers_fill_at_the_quote(void) {
  for (int64_t slippage = 0; slippage < 2; slippage++) {
    machine m = fresh(NT_FILL_QUEUE, slippage);
    quote(&m, 99975, 5, 100000, 7);
    machine_new(&m, BUY, 4, NT_ABSENT, NT_TIF_DAY);
    CHECK_EQUAL(m.effects.count, 2);
    expect_fill(&m, 1, 1, 100000 + 25 * slippage, 4, NT_LIQUIDITY_TAKER);
    machine_new(&m, BUY, 4, NT_ABSENT, NT_TIF_DAY); /* three are left of the seven */
    expect_fill(&m, 1, 2, 100000 + 25 * slippage, 3, NT_LIQUIDITY_TAKER);
    machine_new(&m, BUY, 4, 100000, NT_TIF_IOC); /* nothing is */
    CHECK_EQUAL(m.effects.reports[1].exec_type, NT_EXEC_CANCELED);
    quote(&m, 99975, 5, 100025, 7);
    CHECK_EQUAL(m.effects.count, 1);
    expect_fill(&m, 0, 2, 100025 + 25 * slippage, 1, NT_LIQUIDITY_TAKER); /* the rest, at the next quote */
    machine_new(&m, SELL, 5, 99975, NT_TIF_FOK);
    expect_fill(&m, 1, 4, 99975, 5, NT_LIQUIDITY_TAKER); /* never worse than its limit */
    machine_new(&m, SELL, 1, 99975, NT_TIF_FOK);
    CHECK_EQUAL(m.effects.reports[1].exec_type, NT_EXEC_CANCELED);
    machine_new(&m, BUY, 9, 100050, NT_TIF_GTC); /* takes what is there, and rests */
    expect_fill(&m, 1, 6, 100025 + 25 * slippage, 6, NT_LIQUIDITY_TAKER);
    CHECK_EQUAL(m.effects.count, 2);
    machine_trade(&m, 100025, 2, SELL);
    expect_fill(&m, 0, 6, 100050, 2, NT_LIQUIDITY_MAKER);
    nt_state_destroy(m.state);
  }
}

static void without_a_quote_takers_are_rejected(void) {
  machine m = fresh(NT_FILL_QUEUE, 0);
  machine_new(&m, BUY, 4, 100000, NT_TIF_IOC);
  CHECK_EQUAL(machine_one(&m, NT_EXEC_REJECTED)->reason, NT_REASON_MARKET_PRICE_UNAVAILABLE);
  machine_trade(&m, 100000, 10, BUY); /* an implied quote is none */
  machine_new(&m, BUY, 4, 100000, NT_TIF_IOC);
  CHECK_EQUAL(machine_one(&m, NT_EXEC_REJECTED)->reason, NT_REASON_MARKET_PRICE_UNAVAILABLE);
  quote(&m, 99975, 0, 100000, 0); /* without sizes nothing limits */
  machine_new(&m, BUY, 4000, NT_ABSENT, NT_TIF_DAY);
  expect_fill(&m, 1, 3, 100000, 4000, NT_LIQUIDITY_TAKER);
  nt_state_destroy(m.state);
}

static void a_queue_is_shortened_by_trades(void) {
  machine m = fresh(NT_FILL_QUEUE, 0);
  quote(&m, 99975, 10, 100000, 7);
  machine_new(&m, BUY, 4, 99975, NT_TIF_GTC); /* behind ten */
  machine_new(&m, BUY, 4, 99950, NT_TIF_GTC); /* deeper: unknown */
  const struct {
    int64_t price, size;
    uint8_t aggressor;
    uint32_t fills;
  } prints[] = {{99975, 4, SELL, 0}, {99975, 100, BUY, 0}, {99975, 6, SELL, 0}, {99975, 1, SELL, 1}};
  for (int i = 0; i < 4; i++) {
    machine_trade(&m, prints[i].price, prints[i].size, prints[i].aggressor);
    CHECK_EQUAL(m.effects.count, prints[i].fills);
  }
  expect_fill(&m, 0, 1, 99975, 1, NT_LIQUIDITY_MAKER); /* the eleventh lot is the first of ours */
  machine_trade(&m, 99950, 50, SELL);
  CHECK_EQUAL(m.effects.count, 1); /* through the first, not through the second */
  expect_fill(&m, 0, 1, 99975, 3, NT_LIQUIDITY_MAKER);
  quote(&m, 99950, 5, 100000, 7); /* now its queue is known */
  machine_trade(&m, 99950, 5, SELL);
  CHECK_EQUAL(m.effects.count, 0);
  machine_trade(&m, 99950, 2, SELL);
  expect_fill(&m, 0, 2, 99950, 2, NT_LIQUIDITY_MAKER);
  quote(&m, 99925, 5, 99950, 1); /* the ask comes to it */
  expect_fill(&m, 0, 2, 99950, 1, NT_LIQUIDITY_MAKER);
  machine_new(&m, BUY, 2, 99925, NT_TIF_GTC);
  machine_new(&m, BUY, 2, 99925, NT_TIF_GTC); /* ours share one print */
  machine_trade(&m, 99925, 8, SELL);
  CHECK_EQUAL(m.effects.count, 3);
  expect_fill(&m, 0, 2, 99950, 1, NT_LIQUIDITY_MAKER);
  expect_fill(&m, 1, 3, 99925, 2, NT_LIQUIDITY_MAKER);
  expect_fill(&m, 2, 4, 99925, 2, NT_LIQUIDITY_MAKER);
  nt_state_destroy(m.state);
}

static void inside_the_spread_nobody_is_before_it(void) {
  machine m = fresh(NT_FILL_QUEUE, 0);
  quote(&m, 99950, 10, 100000, 7);
  machine_new(&m, BUY, 4, 99975, NT_TIF_GTC);
  machine_trade(&m, 99975, 3, SELL);
  expect_fill(&m, 0, 1, 99975, 3, NT_LIQUIDITY_MAKER);
  nt_state_destroy(m.state);
}

/* Ten before it; the size shows 20 and shrinks to 12 without a trade: all of it behind, or half. */
static void what_leaves_the_queue(void) {
  for (uint32_t model = NT_FILL_QUEUE; model <= NT_FILL_PROBABILISTIC; model++) {
    machine m = fresh(model, 0);
    quote(&m, 99975, 10, 100000, 7);
    machine_new(&m, BUY, 1, 99975, NT_TIF_GTC);
    quote(&m, 99975, 20, 100000, 7);
    quote(&m, 99975, 12, 100000, 7);
    int64_t ahead = model == NT_FILL_QUEUE ? 10 : 6;
    machine_trade(&m, 99975, ahead, SELL);
    CHECK_EQUAL(m.effects.count, 0);
    machine_trade(&m, 99975, 1, SELL);
    CHECK_EQUAL(m.effects.count, 1);
    nt_state_destroy(m.state);
    m = fresh(model, 0);
    quote(&m, 99975, 10, 100000, 7);
    machine_new(&m, BUY, 1, 99975, NT_TIF_GTC);
    quote(&m, 99975, 3, 100000, 7); /* it cannot be behind more than there is */
    machine_trade(&m, 99975, 3, SELL);
    CHECK_EQUAL(m.effects.count, 0);
    machine_trade(&m, 99975, 1, SELL);
    CHECK_EQUAL(m.effects.count, 1);
    nt_state_destroy(m.state);
    m = fresh(model, 0);
    quote(&m, 99975, 10, 100000, 7);
    machine_new(&m, BUY, 1, 99975, NT_TIF_GTC);
    machine_trade(&m, 99975, 4, SELL);
    quote(&m, 99975, 6, 100000, 7); /* what the trade took has been counted */
    machine_trade(&m, 99975, 6, SELL);
    CHECK_EQUAL(m.effects.count, 0);
    machine_trade(&m, 99975, 1, SELL);
    CHECK_EQUAL(m.effects.count, 1);
    nt_state_destroy(m.state);
  }
}

static void marks_follow_the_quote_until_a_trade(void) {
  machine m = fresh(NT_FILL_QUEUE, 0);
  nt_account_view view;
  nt_position position;
  quote(&m, 99950, 10, 100000, 7);
  machine_new(&m, BUY, 1, NT_ABSENT, NT_TIF_DAY);
  nt_position_of(m.state, 0, 0, &position);
  CHECK_EQUAL(position.mark_price, 99975);
  CHECK_EQUAL(position.unrealized_pnl, -25 * 5000);
  quote(&m, 100050, 10, 100100, 7);
  nt_account_view_of(m.state, 0, &view);
  CHECK_EQUAL(view.unrealized_pnl, 75 * 5000);
  machine_trade(&m, 100050, 1, SELL);
  quote(&m, 99950, 10, 100000, 7);
  nt_position_of(m.state, 0, 0, &position);
  CHECK_EQUAL(position.mark_price, 100050);
  nt_state_destroy(m.state);
}

/* What happens at a quote to orders that hang together, reduce-only orders and icebergs. */
static void rules_hold_at_the_quote(void) {
  machine m = fresh(NT_FILL_QUEUE, 0);
  quote(&m, 99975, 10, 100000, 70);
  machine_new(&m, BUY, 5, NT_ABSENT, NT_TIF_DAY);
  nt_order order = machine_order(&m, SELL, 5, 100100);
  order.flags = NT_ORDER_EXTENDED | NT_ORDER_REDUCE_ONLY;
  order.display_quantity = 2;
  machine_send(&m, &order);
  nt_order other = machine_order(&m, SELL, 5, 100125);
  other.flags = NT_ORDER_EXTENDED;
  other.contingency = NT_CONTINGENCY_OCO;
  other.list_id = order.client_order_id;
  machine_send(&m, &other);
  quote(&m, 100125, 10, 100150, 7); /* both are through; a slice of the first ends the second */
  CHECK_EQUAL(m.effects.count, 2);
  expect_fill(&m, 0, order.client_order_id, 100100, 2, NT_LIQUIDITY_MAKER);
  CHECK_EQUAL(m.effects.reports[1].exec_type, NT_EXEC_CANCELED);
  machine_new(&m, SELL, 2, NT_ABSENT, NT_TIF_DAY);
  quote(&m, 100125, 10, 100150, 7);
  expect_fill(&m, 0, order.client_order_id, 100100, 1, NT_LIQUIDITY_MAKER); /* one is open */
  CHECK_EQUAL(m.state->pairs[0].position, 0);
  nt_state_destroy(m.state);
}

/* What a quote has given to an order that rested is gone for those that take. */
static void a_quote_fills_no_more_than_its_size(void) {
  machine m = fresh(NT_FILL_QUEUE, 0);
  quote(&m, 99975, 10, 100000, 10);
  machine_new(&m, BUY, 10, 99975, NT_TIF_DAY);
  quote(&m, 99900, 10, 99950, 12); /* through it */
  expect_fill(&m, 0, 1, 99975, 10, NT_LIQUIDITY_MAKER);
  machine_new(&m, BUY, 10, NT_ABSENT, NT_TIF_IOC);
  expect_fill(&m, 1, 2, 99950, 2, NT_LIQUIDITY_TAKER);
  CHECK_EQUAL(m.effects.reports[2].exec_type, NT_EXEC_CANCELED);
  nt_state_destroy(m.state);
}

static void reducing(machine *m, uint8_t side, int64_t quantity, int64_t price) {
  nt_order order = machine_order(m, side, quantity, price);
  order.flags = NT_ORDER_REDUCE_ONLY;
  machine_send(m, &order);
  CHECK_EQUAL(m->effects.accepted, 1);
}

/* An order that only reduces ends when it could trade and nothing is open: it does not wait for the next position. */
static void nothing_left_to_reduce(void) {
  machine_limits limits = machine_defaults();
  limits.instrument.lot_size = limits.instrument.minimum_quantity = 1;
  limits.config = (nt_kernel_config){
      .channels = 2, .order_capacity = 64, .instruments = 2, .accounts = 2, .fill_model = NT_FILL_QUEUE, .latency_in_ns = 1000};
  for (int rests = 0; rests < 3; rests++) {
    machine m = machine_make(&limits);
    quote(&m, 99975, 50, 100000, 50);
    machine_new(&m, BUY, 10, NT_ABSENT, NT_TIF_DAY);
    machine_wait(&m, 1000);
    CHECK_EQUAL(m.state->pairs[0].position, 10);
    machine_new(&m, SELL, 10, NT_ABSENT, NT_TIF_DAY);
    reducing(&m, SELL, 10, rests ? 100025 : NT_ABSENT);
    machine_wait(&m, 1000);
    CHECK_EQUAL(m.state->pairs[0].position, 0);
    if (rests == 1) quote(&m, 100050, 50, 100075, 50);
    if (rests == 2) machine_trade(&m, 100050, 50, BUY);
    const nt_report *last = &m.effects.reports[m.effects.count - 1];
    CHECK(last->exec_type == NT_EXEC_CANCELED && last->client_order_id == 3);
    CHECK_EQUAL(last->reason, NT_REASON_REDUCE_ONLY_WOULD_INCREASE_POSITION);
    CHECK_EQUAL(m.state->keeping[0].open_orders, 0);
    nt_state_destroy(m.state);
  }
}

int main(void) {
  RUN(takers_fill_at_the_quote);
  RUN(without_a_quote_takers_are_rejected);
  RUN(a_queue_is_shortened_by_trades);
  RUN(inside_the_spread_nobody_is_before_it);
  RUN(what_leaves_the_queue);
  RUN(marks_follow_the_quote_until_a_trade);
  RUN(rules_hold_at_the_quote);
  RUN(a_quote_fills_no_more_than_its_size);
  RUN(nothing_left_to_reduce);
  return 0;
}
