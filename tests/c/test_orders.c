/* What becomes of an order: the venue's fill rule, requests and their races, time in force, latency, money. */
#include "machine_fixture.h"

#define BUY NT_SIDE_BUY
#define SELL NT_SIDE_SELL
#define MARKET NT_ABSENT

static machine_limits free_of_lots(void) {
  machine_limits limits = machine_defaults();
  limits.instrument.lot_size = limits.instrument.minimum_quantity = 1;
  return limits;
}

static void expect(const nt_report *report, uint8_t exec_type, uint64_t id, uint8_t status, int64_t leaves) {
  CHECK_EQUAL(report->exec_type, exec_type);
  CHECK_EQUAL(report->client_order_id, id);
  CHECK_EQUAL(report->order_status, status);
  CHECK_EQUAL(report->leaves_quantity, leaves);
}

static void expect_fill(const nt_report *report, uint64_t id, int64_t price, int64_t quantity, uint8_t liquidity) {
  CHECK_EQUAL(report->exec_type, NT_EXEC_TRADE);
  CHECK_EQUAL(report->client_order_id, id);
  CHECK_EQUAL(report->last_price, price);
  CHECK_EQUAL(report->last_quantity, quantity);
  CHECK_EQUAL(report->liquidity, liquidity);
}

static void market_orders_take_the_next_print_of_their_side(void) {
  machine_limits limits = free_of_lots();
  machine m = machine_make(&limits);
  machine_trade(&m, 100000, 5, BUY);
  uint64_t id = machine_new(&m, BUY, 7, MARKET, NT_TIF_DAY);
  expect(machine_one(&m, NT_EXEC_NEW), NT_EXEC_NEW, id, NT_STATUS_NEW, 7);
  machine_trade(&m, 100000, 5, SELL);
  CHECK_EQUAL(m.effects.count, 0);
  machine_trade(&m, 100000, 5, BUY); /* at most the print's volume, one tick worse */
  expect_fill(machine_one(&m, NT_EXEC_TRADE), id, 100025, 5, NT_LIQUIDITY_TAKER);
  expect(machine_one(&m, NT_EXEC_TRADE), NT_EXEC_TRADE, id, NT_STATUS_PARTIALLY_FILLED, 2);
  CHECK_EQUAL(m.effects.reports[0].fee, 5 * 21000);
  machine_trade(&m, 100050, 9, BUY);
  expect_fill(machine_one(&m, NT_EXEC_TRADE), id, 100075, 2, NT_LIQUIDITY_TAKER);
  expect(machine_one(&m, NT_EXEC_TRADE), NT_EXEC_TRADE, id, NT_STATUS_FILLED, 0);
  id = machine_new(&m, SELL, 1, MARKET, NT_TIF_DAY);
  machine_trade(&m, 100000, 9, SELL);
  expect_fill(machine_one(&m, NT_EXEC_TRADE), id, 99975, 1, NT_LIQUIDITY_TAKER);
  nt_state_destroy(m.state);
}

static void limit_orders_need_a_print_strictly_through(void) {
  machine_limits limits = free_of_lots();
  machine m = machine_make(&limits);
  machine_trade(&m, 100000, 5, BUY);
  uint64_t buy = machine_new(&m, BUY, 4, 99900, NT_TIF_DAY), sell = machine_new(&m, SELL, 4, 100100, NT_TIF_DAY);
  machine_trade(&m, 99900, 50, SELL);
  machine_trade(&m, 100100, 50, BUY);
  CHECK_EQUAL(m.effects.count, 0);
  machine_trade(&m, 99875, 3, SELL);
  expect_fill(machine_one(&m, NT_EXEC_TRADE), buy, 99900, 3, NT_LIQUIDITY_MAKER);
  CHECK_EQUAL(m.effects.reports[0].fee, 3 * 10000);
  machine_trade(&m, 100125, 9, BUY);
  expect_fill(machine_one(&m, NT_EXEC_TRADE), sell, 100100, 4, NT_LIQUIDITY_MAKER);
  /* marketable on arrival: the first print, if it is through, at the print and slippage; later ones at its own price */
  uint64_t taker = machine_new(&m, BUY, 4, 100500, NT_TIF_DAY), late = machine_new(&m, BUY, 4, 100500, NT_TIF_DAY);
  machine_trade(&m, 100125, 4, BUY);
  expect_fill(machine_one(&m, NT_EXEC_TRADE), taker, 100150, 4, NT_LIQUIDITY_TAKER);
  machine_trade(&m, 100125, 4, BUY);
  expect_fill(machine_one(&m, NT_EXEC_TRADE), late, 100500, 4, NT_LIQUIDITY_MAKER);
  nt_state_destroy(m.state);
}

static void volume_is_shared_in_id_order(void) {
  machine_limits limits = free_of_lots();
  machine m = machine_make(&limits);
  machine_trade(&m, 100000, 5, BUY);
  uint64_t ids[6];
  ids[0] = machine_new(&m, BUY, 2, 99900, NT_TIF_DAY);
  ids[1] = machine_new(&m, SELL, 2, MARKET, NT_TIF_DAY);
  ids[2] = machine_new(&m, BUY, 2, 99975, NT_TIF_DAY); /* a better price does not go first */
  ids[3] = machine_new(&m, BUY, 2, 99950, NT_TIF_DAY);
  machine_trade(&m, 99800, 5, SELL);
  CHECK_EQUAL(m.effects.count, 3);
  expect_fill(&m.effects.reports[0], ids[0], 99900, 2, NT_LIQUIDITY_MAKER);
  expect_fill(&m.effects.reports[1], ids[1], 99775, 2, NT_LIQUIDITY_TAKER);
  expect_fill(&m.effects.reports[2], ids[2], 99975, 1, NT_LIQUIDITY_MAKER);
  machine_trade(&m, 99800, 5, SELL);
  CHECK_EQUAL(m.effects.count, 2);
  expect_fill(&m.effects.reports[0], ids[2], 99975, 1, NT_LIQUIDITY_MAKER);
  expect_fill(&m.effects.reports[1], ids[3], 99950, 2, NT_LIQUIDITY_MAKER);
  nt_state_destroy(m.state);
}

static void times_in_force(void) {
  machine_limits limits = free_of_lots();
  machine m = machine_make(&limits);
  machine_trade(&m, 100000, 5, BUY);
  uint64_t ioc = machine_new(&m, BUY, 7, MARKET, NT_TIF_IOC), fok = machine_new(&m, BUY, 7, MARKET, NT_TIF_FOK);
  uint64_t limit = machine_new(&m, BUY, 1, 100000, NT_TIF_IOC);
  machine_trade(&m, 100000, 9, BUY); /* 7 for the first, 2 are not the whole of the second, the third is not through */
  CHECK_EQUAL(m.effects.count, 3);
  expect_fill(&m.effects.reports[0], ioc, 100025, 7, NT_LIQUIDITY_TAKER);
  expect(&m.effects.reports[1], NT_EXEC_CANCELED, fok, NT_STATUS_CANCELED, 0);
  CHECK_EQUAL(m.effects.reports[1].reason, NT_REASON_NO_PRINT);
  expect(&m.effects.reports[2], NT_EXEC_CANCELED, limit, NT_STATUS_CANCELED, 0);
  ioc = machine_new(&m, SELL, 7, 99000, NT_TIF_IOC);
  machine_trade(&m, 100000, 3, SELL); /* a part, and the rest is cancelled */
  CHECK_EQUAL(m.effects.count, 2);
  expect_fill(&m.effects.reports[0], ioc, 99975, 3, NT_LIQUIDITY_TAKER);
  expect(&m.effects.reports[1], NT_EXEC_CANCELED, ioc, NT_STATUS_CANCELED, 0);
  fok = machine_new(&m, BUY, 3, 100500, NT_TIF_FOK);
  machine_trade(&m, 100000, 3, BUY);
  expect_fill(machine_one(&m, NT_EXEC_TRADE), fok, 100025, 3, NT_LIQUIDITY_TAKER);
  uint64_t day = machine_new(&m, BUY, 1, 90000, NT_TIF_DAY), market = machine_new(&m, SELL, 1, MARKET, NT_TIF_DAY);
  uint64_t gtc = machine_new(&m, BUY, 1, 90000, NT_TIF_GTC);
  machine_session(&m, NT_SESSION_CLOSED, 1);
  CHECK_EQUAL(m.effects.count, 2);
  expect(&m.effects.reports[0], NT_EXEC_EXPIRED, day, NT_STATUS_EXPIRED, 0);
  expect(&m.effects.reports[1], NT_EXEC_EXPIRED, market, NT_STATUS_EXPIRED, 0);
  CHECK_EQUAL(m.effects.reports[0].reason, NT_REASON_SESSION_CLOSED);
  machine_session(&m, NT_SESSION_OPEN, 2);
  machine_trade(&m, 89975, 1, SELL);
  expect_fill(machine_one(&m, NT_EXEC_TRADE), gtc, 90000, 1, NT_LIQUIDITY_MAKER);
  CHECK_EQUAL(m.state->keeping[0].open_orders, 0);
  nt_state_destroy(m.state);
}

static void replaces_and_cancels(void) {
  machine_limits limits = free_of_lots();
  limits.terms.max_position = 20;
  machine m = machine_make(&limits);
  machine_trade(&m, 100000, 5, BUY);
  uint64_t id = machine_new(&m, BUY, 4, 99900, NT_TIF_DAY);
  nt_order request = machine_request(&m, NT_MESSAGE_REPLACE, id, 10, 99950);
  machine_send(&m, &request);
  const nt_report *report = machine_one(&m, NT_EXEC_REPLACED);
  expect(report, NT_EXEC_REPLACED, id, NT_STATUS_NEW, 10);
  CHECK_EQUAL(report->observed, (int64_t)request.client_order_id);
  CHECK_EQUAL(report->unit, NT_UNIT_ORDER_ID);
  CHECK_EQUAL(m.state->pairs[0].working_buy, 10);
  request = machine_request(&m, NT_MESSAGE_REPLACE, id, 21, NT_ABSENT); /* what it adds is held against the limits */
  machine_send(&m, &request);
  report = machine_one(&m, NT_EXEC_REPLACE_REJECTED);
  CHECK_EQUAL(report->reason, NT_REASON_POSITION_LIMIT_EXCEEDED);
  expect(report, NT_EXEC_REPLACE_REJECTED, id, NT_STATUS_NEW, 10);
  machine_trade(&m, 99925, 4, SELL);
  expect_fill(machine_one(&m, NT_EXEC_TRADE), id, 99950, 4, NT_LIQUIDITY_MAKER);
  request = machine_request(&m, NT_MESSAGE_REPLACE, id, 4, NT_ABSENT);
  machine_send(&m, &request);
  CHECK_EQUAL(machine_one(&m, NT_EXEC_REPLACE_REJECTED)->reason, NT_REASON_QUANTITY_BELOW_FILLED);
  const int64_t wrong[][2] = {{5, MARKET}, {5, 99901}, {5, -25}, {0, 99900}};
  const uint16_t why[] = {0, NT_REASON_TICK_SIZE_VIOLATION, NT_REASON_PRICE_NOT_POSITIVE, NT_REASON_QUANTITY_NOT_POSITIVE};
  for (int i = 1; i < 4; i++) {
    request = machine_request(&m, NT_MESSAGE_REPLACE, id, wrong[i][0], wrong[i][1]);
    machine_send(&m, &request);
    CHECK_EQUAL(machine_one(&m, NT_EXEC_REPLACE_REJECTED)->reason, why[i]);
  }
  request = machine_request(&m, NT_MESSAGE_CANCEL, id, NT_ABSENT, NT_ABSENT);
  machine_send(&m, &request);
  expect(machine_one(&m, NT_EXEC_CANCELED), NT_EXEC_CANCELED, id, NT_STATUS_CANCELED, 0);
  CHECK_EQUAL(m.state->pairs[0].working_buy, 0);
  CHECK_EQUAL(m.state->pairs[0].position, 4);
  for (uint8_t message = NT_MESSAGE_REPLACE; message <= NT_MESSAGE_CANCEL; message++) { /* nobody's order, an old id, no target */
    uint8_t rejected = message == NT_MESSAGE_CANCEL ? NT_EXEC_CANCEL_REJECTED : NT_EXEC_REPLACE_REJECTED;
    request = machine_request(&m, message, 63, 5, 99900);
    machine_send(&m, &request);
    report = machine_one(&m, rejected);
    CHECK_EQUAL(report->reason, NT_REASON_UNKNOWN_ORDER);
    CHECK_EQUAL(report->fix_reason, 5);
    request.client_order_id = 1;
    machine_send(&m, &request);
    CHECK_EQUAL(machine_one(&m, rejected)->reason, NT_REASON_DUPLICATE_CLIENT_ORDER_ID);
    request = machine_request(&m, message, 63, 5, 99900);
    request.flags = 0;
    machine_send(&m, &request);
    CHECK_EQUAL(machine_one(&m, rejected)->reason, NT_REASON_MALFORMED);
  }
  uint64_t market = machine_new(&m, SELL, 3, MARKET, NT_TIF_DAY);
  request = machine_request(&m, NT_MESSAGE_REPLACE, market, 2, 100000); /* a market order has no price */
  machine_send(&m, &request);
  CHECK_EQUAL(machine_one(&m, NT_EXEC_REPLACE_REJECTED)->reason, NT_REASON_MALFORMED);
  request = machine_request(&m, NT_MESSAGE_REPLACE, market, 2, NT_ABSENT);
  machine_send(&m, &request);
  expect(machine_one(&m, NT_EXEC_REPLACED), NT_EXEC_REPLACED, market, NT_STATUS_NEW, 2);
  uint64_t a = machine_new(&m, BUY, 1, 99000, NT_TIF_DAY), b = machine_new(&m, BUY, 1, 99000, NT_TIF_DAY);
  request = machine_request(&m, NT_MESSAGE_MASS_CANCEL, 0, NT_ABSENT, NT_ABSENT);
  request.instrument = 1; /* not there */
  machine_send(&m, &request);
  CHECK_EQUAL(machine_one(&m, NT_EXEC_CANCEL_REJECTED)->reason, NT_REASON_MALFORMED);
  request = machine_request(&m, NT_MESSAGE_MASS_CANCEL, 0, NT_ABSENT, NT_ABSENT);
  request.instrument = NT_NONE;
  machine_send(&m, &request);
  CHECK_EQUAL(m.effects.count, 3);
  CHECK_EQUAL(m.effects.reports[1].client_order_id + m.effects.reports[2].client_order_id, a + b);
  request.client_order_id = 1;
  machine_send(&m, &request);
  CHECK_EQUAL(machine_one(&m, NT_EXEC_CANCEL_REJECTED)->reason, NT_REASON_DUPLICATE_CLIENT_ORDER_ID);
  CHECK_EQUAL(m.state->clients[0].open, 0);
  nt_state_destroy(m.state);
}

/* 100 ns in, 50 ns out: what was decided on one side is not known on the other. */
static void latency_and_races(void) {
  machine_limits limits = free_of_lots();
  limits.config.latency_in_ns = 100;
  limits.config.latency_out_ns = 50;
  machine m = machine_make(&limits);
  machine_trade(&m, 100000, 5, BUY);
  uint64_t id = machine_new(&m, BUY, 5, MARKET, NT_TIF_DAY);
  CHECK_EQUAL(m.effects.count, 0);
  machine_wait(&m, 99);
  machine_trade(&m, 100000, 5, BUY); /* too early */
  machine_wait(&m, 1);               /* arrives */
  nt_order cancel = machine_request(&m, NT_MESSAGE_CANCEL, id, NT_ABSENT, NT_ABSENT);
  machine_send(&m, &cancel);
  nt_order again = machine_request(&m, NT_MESSAGE_CANCEL, id, NT_ABSENT, NT_ABSENT);
  machine_send(&m, &again);
  CHECK_EQUAL(machine_one(&m, NT_EXEC_CANCEL_REJECTED)->reason, NT_REASON_PENDING_REQUEST);
  nt_order replace = machine_request(&m, NT_MESSAGE_REPLACE, id, 6, NT_ABSENT);
  machine_send(&m, &replace);
  CHECK_EQUAL(machine_one(&m, NT_EXEC_REPLACE_REJECTED)->reason, NT_REASON_PENDING_REQUEST);
  machine_trade(&m, 100000, 5, BUY); /* fills while the cancel is on its way */
  CHECK_EQUAL(m.state->pairs[0].position, 0);
  machine_wait(&m, 49);
  CHECK_EQUAL(m.effects.count, 0);
  machine_wait(&m, 1);
  CHECK_EQUAL(m.effects.count, 2); /* the acknowledgement, then the fill */
  expect(&m.effects.reports[0], NT_EXEC_NEW, id, NT_STATUS_PENDING_CANCEL, 5);
  expect(&m.effects.reports[1], NT_EXEC_TRADE, id, NT_STATUS_FILLED, 0);
  CHECK_EQUAL(m.effects.reports[1].ts_recv - m.effects.reports[1].ts_event, 50);
  CHECK_EQUAL(m.state->pairs[0].position, 5);
  CHECK(m.state->entries[id].client_order_id == id); /* the slot waits for the answer to the cancel */
  nt_order late = machine_request(&m, NT_MESSAGE_CANCEL, id, NT_ABSENT, NT_ABSENT);
  machine_send(&m, &late);
  CHECK_EQUAL(machine_one(&m, NT_EXEC_CANCEL_REJECTED)->reason, NT_REASON_TOO_LATE);
  machine_wait(&m, 100);
  expect(machine_one(&m, NT_EXEC_CANCEL_REJECTED), NT_EXEC_CANCEL_REJECTED, id, NT_STATUS_FILLED, 0);
  CHECK_EQUAL(m.effects.reports[0].reason, NT_REASON_TOO_LATE);
  CHECK_EQUAL(m.state->entries[id].client_order_id, 0);
  /* a replace that comes too late, and one below what has filled; the reserve is given back */
  id = machine_new(&m, BUY, 5, 99900, NT_TIF_DAY);
  machine_wait(&m, 150);
  replace = machine_request(&m, NT_MESSAGE_REPLACE, id, 9, NT_ABSENT);
  machine_send(&m, &replace);
  CHECK_EQUAL(m.state->pairs[0].working_buy, 9);
  machine_trade(&m, 99800, 5, SELL);
  machine_wait(&m, 150);
  CHECK_EQUAL(m.effects.count, 2);
  expect(&m.effects.reports[0], NT_EXEC_TRADE, id, NT_STATUS_FILLED, 0);
  CHECK_EQUAL(m.effects.reports[1].reason, NT_REASON_TOO_LATE);
  CHECK_EQUAL(m.state->pairs[0].working_buy, 0);
  id = machine_new(&m, BUY, 5, 99900, NT_TIF_DAY);
  machine_wait(&m, 150);
  replace = machine_request(&m, NT_MESSAGE_REPLACE, id, 3, NT_ABSENT);
  machine_send(&m, &replace);
  machine_trade(&m, 99800, 4, SELL);
  machine_wait(&m, 150);
  CHECK_EQUAL(m.effects.count, 2);
  expect(&m.effects.reports[0], NT_EXEC_TRADE, id, NT_STATUS_PENDING_REPLACE, 1);
  expect(&m.effects.reports[1], NT_EXEC_REPLACE_REJECTED, id, NT_STATUS_PARTIALLY_FILLED, 1);
  CHECK_EQUAL(m.effects.reports[1].reason, NT_REASON_QUANTITY_BELOW_FILLED);
  CHECK_EQUAL(m.state->pairs[0].working_buy, 1);
  /* the market closes before an order arrives */
  id = machine_new(&m, SELL, 1, 101000, NT_TIF_GTC);
  machine_session(&m, NT_SESSION_CLOSED, 1);
  machine_wait(&m, 150);
  const nt_report *last = &m.effects.reports[m.effects.count - 1];
  expect(last, NT_EXEC_REJECTED, id, NT_STATUS_REJECTED, 0);
  CHECK_EQUAL(last->reason, NT_REASON_MARKET_CLOSED);
  CHECK_EQUAL(m.state->counters.orders_rejected, 1);
  CHECK_EQUAL(m.state->keeping[0].open_orders, 0);
  nt_state_destroy(m.state);
}

static void death_and_end(void) {
  machine_limits limits = free_of_lots();
  limits.config.latency_out_ns = 1000;
  machine m = machine_make(&limits);
  machine_trade(&m, 100000, 5, BUY);
  uint64_t id = machine_new(&m, BUY, 5, 99900, NT_TIF_GTC);
  machine_input(&m, (nt_input){.kind = NT_INPUT_DEATH, .channel = 1});
  CHECK_EQUAL(m.state->entries[id].pending_cancel, 0);
  machine_input(&m, (nt_input){.kind = NT_INPUT_DEATH, .channel = 0});
  machine_wait(&m, 1000);
  const nt_report *last = &m.effects.reports[m.effects.count - 1];
  expect(last, NT_EXEC_CANCELED, id, NT_STATUS_CANCELED, 0);
  CHECK_EQUAL(last->reason, NT_REASON_CLIENT_DEATH);
  id = machine_new(&m, BUY, 5, 99900, NT_TIF_GTC);
  nt_tick end = {.kind = NT_TICK_END, .ts_event = m.ts};
  machine_input(&m, (nt_input){.kind = NT_INPUT_TICK, .tick = &end}); /* what is under way is delivered */
  expect(machine_one(&m, NT_EXEC_NEW), NT_EXEC_NEW, id, NT_STATUS_NEW, 5);
  machine_input(&m, (nt_input){.kind = NT_INPUT_DEATH, .channel = 0}); /* and nothing changes any more */
  CHECK_EQUAL(m.effects.count, 0);
  nt_state_destroy(m.state);
}

static void bad_ticks_change_nothing(void) {
  machine_limits limits = free_of_lots();
  machine m = machine_make(&limits);
  machine_trade(&m, 100000, 5, BUY);
  nt_market before = m.state->markets[0];
  const nt_tick bad[] = {
      {.kind = NT_TICK_TRADE, .price = 0, .size = 1},
      {.kind = NT_TICK_TRADE, .price = 1000025, .size = 1},
      {.kind = NT_TICK_TRADE, .price = 100000, .size = 0},
      {.kind = NT_TICK_TRADE, .price = 100000, .size = INT64_MAX},
      {.kind = NT_TICK_TRADE, .price = 100000, .size = 1, .aggressor = 3},
      {.kind = NT_TICK_TRADE, .instrument = 1, .price = 100000, .size = 1},
      {.kind = NT_TICK_QUOTE, .bid_price = -25, .ask_price = 25},
      {.kind = NT_TICK_QUOTE, .bid_price = 25, .ask_price = 50, .bid_size = -1},
      {.kind = NT_TICK_SESSION, .price = 4},
      {.kind = 77},
  };
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    nt_tick tick = bad[i];
    machine_input(&m, (nt_input){.kind = NT_INPUT_TICK, .tick = &tick});
    CHECK(memcmp(&before, &m.state->markets[0], sizeof(before)) == 0);
  }
  CHECK_EQUAL(m.state->counters.hostile_records, 10);
  CHECK_EQUAL(m.state->counters.ticks, 1);
  nt_state_destroy(m.state);
}

/* Random orders, requests and prints: money, working quantities and open orders against a recount, one end for every order. */
static void conserves_everything(uint64_t seed) {
  machine_limits limits = free_of_lots();
  limits.config.latency_in_ns = (int64_t)(seed % 3) * 700;
  limits.config.latency_out_ns = (int64_t)(seed % 2) * 400;
  limits.terms.value_numerator = seed % 2 ? 5000 : 1;
  limits.terms.value_denominator = seed % 2 ? 1 : 3;
  machine m = machine_make(&limits);
  nt_state *state = m.state;
  nt_wide flow = 0;
  int64_t position = 0, fees = 0, price = 100000, ended[4096] = {0};
  for (int step = 0; step < 1500; step++) {
    uint64_t r = check_random(&seed);
    uint8_t side = r & 1 ? BUY : SELL;
    m.ts += (int64_t)(r >> 8) % 500;
    if (r % 5 == 0) {
      nt_order order = machine_order(&m, side, 1 + (int64_t)(r >> 20) % 9, r % 2 ? MARKET : price + ((int64_t)(r >> 24) % 9 - 4) * 25);
      order.time_in_force = (uint8_t)(1 + (r >> 32) % 4);
      machine_send(&m, &order);
    } else if (r % 5 == 1 && m.next_id > 2) {
      nt_order request = machine_request(&m, r & 64 ? NT_MESSAGE_CANCEL : NT_MESSAGE_REPLACE, 1 + (r >> 20) % (m.next_id - 1),
                                         1 + (int64_t)(r >> 30) % 9, NT_ABSENT);
      machine_send(&m, &request);
    } else {
      price += ((int64_t)(r >> 12) % 3 - 1) * 25;
      machine_trade(&m, price, 1 + (int64_t)(r >> 40) % 12, side);
    }
    for (uint32_t i = 0; i < m.effects.count; i++) {
      const nt_report *report = &m.effects.reports[i];
      if (report->exec_type == NT_EXEC_TRADE) {
        int64_t signed_quantity = report->side == BUY ? report->last_quantity : -report->last_quantity;
        flow -= (nt_wide)signed_quantity * report->last_price;
        position += signed_quantity;
        fees += report->fee;
      }
      int terminal = nt_is_terminal(report->order_status) && report->exec_type != NT_EXEC_CANCEL_REJECTED &&
                     report->exec_type != NT_EXEC_REPLACE_REJECTED;
      if (terminal) CHECK_EQUAL(++ended[report->client_order_id], 1);
    }
    int64_t buys = 0, sells = 0, open = 0;
    for (uint32_t i = 0; i < state->channels * state->order_capacity; i++) {
      const nt_entry *entry = &state->entries[i];
      if (entry->client_order_id == 0 || nt_is_terminal(entry->status)) continue;
      open++;
      *(entry->side == BUY ? &buys : &sells) += nt_leaves(entry) + entry->reserved_extra;
    }
    CHECK_EQUAL(state->pairs[0].working_buy, buys);
    CHECK_EQUAL(state->pairs[0].working_sell, sells);
    CHECK_EQUAL(state->keeping[0].open_orders, open);
    CHECK_EQUAL(state->pairs[0].position, position);
  }
  nt_account_view view;
  nt_position row;
  nt_account_view_of(state, 0, &view);
  nt_position_of(state, 0, 0, &row);
  nt_wide worth = (flow + (nt_wide)position * price) * limits.terms.value_numerator;
  nt_wide exact = worth / limits.terms.value_denominator;
  int64_t gross = view.realized_pnl + view.unrealized_pnl;
  CHECK(gross <= exact + 1 && gross >= exact - 2); /* two floors, never more than the truth */
  CHECK((nt_wide)gross * limits.terms.value_denominator <= worth);
  CHECK_EQUAL(view.fees, fees);
  CHECK_EQUAL(view.equity, limits.account.cash + gross - fees);
  CHECK_EQUAL(row.quantity, position);
  CHECK(state->counters.fills > 50);
  nt_state_destroy(state);
}

/* A halt cancels an order that the venue has filled already: the client did not ask, and is told of the fill alone. */
static void a_late_cancel_of_the_kernel_is_no_news(void) {
  machine_limits limits = machine_defaults();
  limits.config.latency_out_ns = 1000;
  machine m = machine_make(&limits);
  machine_quote(&m, 100000, 100025);
  uint64_t filled = machine_new(&m, BUY, 4, 99900, NT_TIF_DAY);
  machine_wait(&m, 1000);
  machine_trade(&m, 99875, 100, SELL);
  machine_state(&m, NT_STATE_HALTED);
  machine_wait(&m, 1000);
  CHECK_EQUAL(machine_one(&m, NT_EXEC_TRADE)->client_order_id, filled);
  CHECK_EQUAL(m.effects.reports[0].order_status, NT_STATUS_FILLED);
  machine_wait(&m, 1000);
  CHECK_EQUAL(m.effects.count, 0);
  CHECK_EQUAL(m.state->clients[0].open, 0); /* and its slot is free */
  nt_state_destroy(m.state);
}

int main(void) {
  RUN(market_orders_take_the_next_print_of_their_side);
  RUN(limit_orders_need_a_print_strictly_through);
  RUN(volume_is_shared_in_id_order);
  RUN(times_in_force);
  RUN(replaces_and_cancels);
  RUN(latency_and_races);
  RUN(death_and_end);
  RUN(a_late_cancel_of_the_kernel_is_no_news);
  RUN(bad_ticks_change_nothing);
  for (uint64_t seed = 1; seed <= 12; seed++) conserves_everything(seed * 7919);
  return 0;
}
