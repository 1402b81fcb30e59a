/* What a report says besides its kind: whose it is, when, why, and under which numbers; and whom a cancel of many reaches. */
#include "machine_fixture.h"

#define BUY NT_SIDE_BUY
#define SELL NT_SIDE_SELL

static machine with_two_of_each(machine_limits limits) {
  nt_error error;
  limits.instrument.lot_size = limits.instrument.minimum_quantity = 1;
  machine m = machine_make(&limits);
  strcpy(limits.instrument.symbol, "NQ");
  strcpy(limits.account.name, "second");
  CHECK_EQUAL(nt_instrument_add(m.state, &limits.instrument, &error), 1);
  CHECK_EQUAL(nt_account_add(m.state, &limits.account, &error), 1);
  for (uint32_t i = 0; i < 4; i++) {
    limits.terms.account = i / 2;
    limits.terms.instrument = i % 2;
    CHECK_EQUAL(nt_terms_set(m.state, &limits.terms, &error), NT_OK);
  }
  return m;
}

/* An order of account 1 on instrument 1 by strategy 7. */
static nt_order owned(machine *m, uint8_t side, int64_t quantity, int64_t price) {
  nt_order order = machine_order(m, side, quantity, price);
  order.account = 1;
  order.instrument = 1;
  order.strategy = 7;
  return order;
}

static void expect_owner(const nt_report *report, uint64_t id, uint8_t side) {
  CHECK_EQUAL(report->client_order_id, id);
  CHECK_EQUAL(report->account, 1);
  CHECK_EQUAL(report->instrument, 1);
  CHECK_EQUAL(report->strategy, 7);
  CHECK_EQUAL(report->side, side);
  CHECK_EQUAL(report->reserved, 0);
}

static void expect_nothing_refused(const nt_report *report) {
  CHECK_EQUAL(report->reason, 0);
  CHECK_EQUAL(report->fix_reason, 0);
  CHECK_EQUAL(report->check, 0);
  CHECK_EQUAL(report->unit, 0);
  CHECK_EQUAL(report->observed, NT_ABSENT);
  CHECK_EQUAL(report->limit, NT_ABSENT);
  CHECK_EQUAL(report->flags, 0);
}

static void every_report_names_its_owner(void) {
  machine m = with_two_of_each(machine_defaults());
  nt_tick print = {
      .ts_event = m.ts, .ts_recv = m.ts, .instrument = 1, .price = 100000, .size = 2, .aggressor = SELL, .kind = NT_TICK_TRADE};
  machine_input(&m, (nt_input){.kind = NT_INPUT_TICK, .tick = &print});
  nt_order order = owned(&m, BUY, 5, 100100);
  machine_send(&m, &order);
  const nt_report *report = machine_one(&m, NT_EXEC_NEW);
  expect_owner(report, 1, BUY);
  expect_nothing_refused(report);
  CHECK_EQUAL(report->ts_event, m.ts);
  CHECK_EQUAL(report->ts_recv, m.ts);
  CHECK_EQUAL(report->last_price, NT_ABSENT);
  CHECK_EQUAL(report->last_quantity, 0);
  CHECK_EQUAL(report->execution_id, 0);
  CHECK_EQUAL(report->venue_order_id, 1);
  m.ts += 5;
  machine_input(&m, (nt_input){.kind = NT_INPUT_TICK, .tick = &print});
  report = machine_one(&m, NT_EXEC_TRADE);
  expect_owner(report, 1, BUY);
  expect_nothing_refused(report);
  CHECK_EQUAL(report->venue_order_id, 1);
  CHECK_EQUAL(report->execution_id, 1);
  CHECK_EQUAL(report->cumulative_quantity, 2);
  CHECK_EQUAL(report->leaves_quantity, 3);
  nt_order request = machine_request(&m, NT_MESSAGE_REPLACE, 1, 9, NT_ABSENT);
  machine_send(&m, &request);
  report = machine_one(&m, NT_EXEC_REPLACED);
  expect_owner(report, 1, BUY);
  CHECK_EQUAL(report->observed, request.client_order_id);
  CHECK_EQUAL(report->limit, NT_ABSENT);
  CHECK_EQUAL(report->reason, 0);
  request = machine_request(&m, NT_MESSAGE_REPLACE, 1, 2, NT_ABSENT);
  machine_send(&m, &request);
  report = machine_one(&m, NT_EXEC_REPLACE_REJECTED);
  expect_owner(report, 1, BUY);
  CHECK_EQUAL(report->cumulative_quantity, 2);
  CHECK_EQUAL(report->leaves_quantity, 7);
  nt_tick closed = {.ts_event = m.ts, .ts_recv = m.ts, .instrument = 1, .price = NT_SESSION_CLOSED, .kind = NT_TICK_SESSION};
  machine_input(&m, (nt_input){.kind = NT_INPUT_TICK, .tick = &closed});
  report = machine_one(&m, NT_EXEC_EXPIRED);
  expect_owner(report, 1, BUY);
  CHECK_EQUAL(report->reason, NT_REASON_SESSION_CLOSED);
  CHECK_EQUAL(report->fix_reason, 2);
  CHECK_EQUAL(report->observed, NT_ABSENT); /* nobody asked for it */
  CHECK_EQUAL(report->unit, 0);
  order = owned(&m, SELL, 5, 100000);
  machine_send(&m, &order);
  report = machine_one(&m, NT_EXEC_DENIED);
  expect_owner(report, order.client_order_id, SELL);
  CHECK_EQUAL(report->ts_event, m.ts);
  CHECK_EQUAL(report->venue_order_id, 0);
  CHECK_EQUAL(report->leaves_quantity, 0);
  request = machine_request(&m, NT_MESSAGE_CANCEL, 40, NT_ABSENT, NT_ABSENT); /* of nothing: the request says whose it is */
  request.account = 1;
  request.instrument = 1;
  request.strategy = 7;
  machine_send(&m, &request);
  report = machine_one(&m, NT_EXEC_CANCEL_REJECTED);
  expect_owner(report, 40, 0);
  CHECK_EQUAL(report->order_status, NT_STATUS_REJECTED);
  CHECK_EQUAL(report->unit, NT_UNIT_ORDER_ID);
  CHECK_EQUAL(report->observed, request.client_order_id);
  CHECK_EQUAL(report->limit, NT_ABSENT);
  CHECK_EQUAL(report->check, NT_CHECK_WELL_FORMED);
  const nt_counters *counters = &m.state->counters;
  CHECK_EQUAL(counters->orders_accepted, 1);
  CHECK_EQUAL(counters->orders_denied, 1);
  CHECK_EQUAL(counters->requests_denied, 2);
  CHECK_EQUAL(counters->fills, 1);
  CHECK_EQUAL(counters->replaces, 1);
  CHECK_EQUAL(counters->denied[NT_REASON_MARKET_CLOSED - 100], 1);
  CHECK_EQUAL(counters->denied[NT_REASON_UNKNOWN_ORDER - 100], 0); /* no order: a request */
  nt_state_destroy(m.state);
}

/* A request uses up its id whether it is heeded or not, and names the last one when it is not new. */
static void requests_use_up_their_ids(void) {
  machine_limits limits = machine_defaults();
  machine m = machine_make(&limits);
  const uint8_t messages[] = {NT_MESSAGE_REPLACE, NT_MESSAGE_CANCEL, NT_MESSAGE_MASS_CANCEL};
  for (int i = 0; i < 3; i++) {
    nt_order request = machine_request(&m, messages[i], 60, 4, NT_ABSENT);
    if (messages[i] == NT_MESSAGE_MASS_CANCEL) request.instrument = NT_NONE;
    machine_send(&m, &request);
    CHECK_EQUAL(m.state->clients[0].last_id, request.client_order_id);
    machine_send(&m, &request); /* the same again */
    const nt_report *report = machine_one(&m, i == 0 ? NT_EXEC_REPLACE_REJECTED : NT_EXEC_CANCEL_REJECTED);
    CHECK_EQUAL(report->reason, NT_REASON_DUPLICATE_CLIENT_ORDER_ID);
    CHECK_EQUAL(report->check, NT_CHECK_DUPLICATE);
    CHECK_EQUAL(report->unit, NT_UNIT_ORDER_ID);
    CHECK_EQUAL(report->observed, request.client_order_id);
    CHECK_EQUAL(report->limit, request.client_order_id);
    nt_order order = machine_order(&m, BUY, 4, 100000);
    order.client_order_id = request.client_order_id;
    machine_send(&m, &order);
    CHECK_EQUAL(machine_one(&m, NT_EXEC_DENIED)->reason, NT_REASON_DUPLICATE_CLIENT_ORDER_ID);
  }
  nt_state_destroy(m.state);
}

static uint8_t status_when_refused(machine *m, uint8_t message, uint64_t id) {
  nt_order request = machine_request(m, message, id, 6, NT_ABSENT);
  machine_send(m, &request);
  CHECK_EQUAL(m->effects.count, 1);
  CHECK_EQUAL(m->effects.reports[0].reason, NT_REASON_PENDING_REQUEST);
  return m->effects.reports[0].order_status;
}

static void asks(machine *m, uint8_t message, uint64_t id) {
  nt_order request = machine_request(m, message, id, 6, NT_ABSENT);
  machine_send(m, &request);
  CHECK_EQUAL(m->effects.accepted, 1);
  CHECK_EQUAL(m->effects.count, 0);
}

/* The status of an order with a request under way: pending new comes before what is asked of it, a cancel before a replace. */
static void what_is_pending(void) {
  machine_limits limits = machine_defaults();
  limits.config.latency_in_ns = 100;
  machine m = machine_make(&limits);
  machine_trade(&m, 100000, 4, BUY);
  uint64_t id = machine_new(&m, BUY, 4, 99900, NT_TIF_GTC);
  asks(&m, NT_MESSAGE_REPLACE, id);
  CHECK_EQUAL(status_when_refused(&m, NT_MESSAGE_REPLACE, id), NT_STATUS_PENDING_NEW);
  asks(&m, NT_MESSAGE_CANCEL, id);
  CHECK_EQUAL(status_when_refused(&m, NT_MESSAGE_CANCEL, id), NT_STATUS_PENDING_NEW);
  CHECK_EQUAL(status_when_refused(&m, NT_MESSAGE_REPLACE, id), NT_STATUS_PENDING_NEW);
  machine_wait(&m, 100);
  CHECK_EQUAL(m.effects.count, 3); /* new, replaced, cancelled */
  CHECK_EQUAL(m.effects.reports[0].order_status, NT_STATUS_PENDING_CANCEL);
  CHECK_EQUAL(m.effects.reports[1].order_status, NT_STATUS_PENDING_CANCEL);
  CHECK_EQUAL(m.effects.reports[2].order_status, NT_STATUS_CANCELED);
  id = machine_new(&m, BUY, 4, 99900, NT_TIF_GTC);
  machine_wait(&m, 100);
  asks(&m, NT_MESSAGE_REPLACE, id);
  CHECK_EQUAL(status_when_refused(&m, NT_MESSAGE_REPLACE, id), NT_STATUS_PENDING_REPLACE);
  asks(&m, NT_MESSAGE_CANCEL, id);
  CHECK_EQUAL(status_when_refused(&m, NT_MESSAGE_REPLACE, id), NT_STATUS_PENDING_CANCEL);
  machine_wait(&m, 100);
  id = machine_new(&m, BUY, 4, 99900, NT_TIF_GTC);
  machine_wait(&m, 100);
  machine_input(&m, (nt_input){.kind = NT_INPUT_DEATH}); /* nobody's request, and pending all the same */
  CHECK_EQUAL(status_when_refused(&m, NT_MESSAGE_CANCEL, id), NT_STATUS_PENDING_CANCEL);
  machine_wait(&m, 100);
  CHECK_EQUAL(machine_one(&m, NT_EXEC_CANCELED)->observed, NT_ABSENT);
  CHECK_EQUAL(m.effects.reports[0].unit, 0);
  id = machine_new(&m, BUY, 4, 99900, NT_TIF_GTC);
  machine_input(&m, (nt_input){.kind = NT_INPUT_DEATH});
  CHECK_EQUAL(status_when_refused(&m, NT_MESSAGE_CANCEL, id), NT_STATUS_PENDING_NEW);
  machine_session(&m, NT_SESSION_CLOSED, 1);
  machine_wait(&m, 100); /* refused on arrival; that there is nothing to cancel then is told to nobody */
  CHECK_EQUAL(machine_one(&m, NT_EXEC_REJECTED)->observed, NT_ABSENT);
  CHECK_EQUAL(m.state->clients[0].open, 0);
  nt_state_destroy(m.state);
}

/* Four orders of two clients: by account 0 and 1, on instrument 0 and 1. Returns their channel and id as one number. */
static void place_four(machine *m, uint64_t ids[2][4]) {
  for (uint16_t channel = 0; channel < 2; channel++) {
    m->next_id = m->state->clients[channel].last_id + 1;
    for (uint32_t i = 0; i < 4; i++) {
      nt_order order = machine_order(m, BUY, 1, 90000);
      order.account = (uint16_t)(i / 2);
      order.instrument = i % 2;
      machine_input(m, (nt_input){.kind = NT_INPUT_ORDER, .channel = channel, .order = &order});
      CHECK_EQUAL(m->effects.accepted, 1);
      ids[channel][i] = order.client_order_id;
    }
  }
}

/* Exactly these were cancelled: bit 4 * channel + i for each order of place_four. */
static void expect_canceled(const machine *m, uint64_t ids[2][4], uint32_t mask, uint16_t reason) {
  uint32_t found = 0;
  for (uint32_t i = 0; i < m->effects.count; i++) {
    const nt_report *report = &m->effects.reports[i];
    CHECK_EQUAL(report->exec_type, NT_EXEC_CANCELED);
    CHECK_EQUAL(report->reason, reason);
    for (uint32_t k = 0; k < 4; k++) found |= (uint32_t)(ids[report->channel][k] == report->client_order_id) << (4 * report->channel + k);
  }
  CHECK_EQUAL(found, mask);
}

static void mass_cancels(machine *m, uint32_t instrument, uint16_t account) {
  m->next_id = m->state->clients[1].last_id + 1;
  nt_order request = machine_request(m, NT_MESSAGE_MASS_CANCEL, 0, NT_ABSENT, NT_ABSENT);
  request.instrument = instrument;
  request.account = account;
  machine_input(m, (nt_input){.kind = NT_INPUT_ORDER, .channel = 1, .order = &request});
  CHECK_EQUAL(m->effects.accepted, 1);
}

static void whom_a_cancel_of_many_reaches(void) {
  machine_limits limits = machine_defaults();
  limits.config.order_capacity = 4; /* every slot is used, the first and the last, too */
  machine m = with_two_of_each(limits);
  uint64_t ids[2][4];
  place_four(&m, ids);
  mass_cancels(&m, 1, 1);
  expect_canceled(&m, ids, 0x80, NT_REASON_USER_REQUEST);
  mass_cancels(&m, NT_NONE, 1);
  expect_canceled(&m, ids, 0x40, NT_REASON_USER_REQUEST);
  mass_cancels(&m, 0, 0);
  expect_canceled(&m, ids, 0x10, NT_REASON_USER_REQUEST);
  mass_cancels(&m, NT_NONE, 0);
  expect_canceled(&m, ids, 0x20, NT_REASON_USER_REQUEST);
  mass_cancels(&m, NT_NONE, 0);
  CHECK_EQUAL(m.effects.count, 0);
  machine_input(&m, (nt_input){.kind = NT_INPUT_DEATH, .channel = 0});
  expect_canceled(&m, ids, 0x0f, NT_REASON_CLIENT_DEATH);
  place_four(&m, ids);
  mass_cancels(&m, NT_NONE, 0);
  expect_canceled(&m, ids, 0x30, NT_REASON_USER_REQUEST);
  mass_cancels(&m, NT_NONE, 1);
  expect_canceled(&m, ids, 0xc0, NT_REASON_USER_REQUEST);
  nt_command halt = {.kind = NT_COMMAND_SET_STATE, .state = NT_STATE_HALTED, .account = 1};
  machine_input(&m, (nt_input){.kind = NT_INPUT_COMMAND, .command = &halt});
  expect_canceled(&m, ids, 0x0c, NT_REASON_KILL_SWITCH); /* one account, whoever sent it */
  CHECK_EQUAL(m.state->keeping[0].open_orders, 2);
  nt_command reduce = {.kind = NT_COMMAND_SET_STATE, .state = NT_STATE_REDUCING, .account = 0};
  machine_input(&m, (nt_input){.kind = NT_INPUT_COMMAND, .command = &reduce});
  CHECK_EQUAL(m.effects.count, 0); /* what works may stay */
  halt.account = 65535;
  machine_input(&m, (nt_input){.kind = NT_INPUT_COMMAND, .command = &halt});
  expect_canceled(&m, ids, 0x03, NT_REASON_KILL_SWITCH);
  nt_state_destroy(m.state);
}

static void only_a_close_expires_day_orders(void) {
  machine_limits limits = machine_defaults();
  machine m = machine_make(&limits);
  machine_new(&m, BUY, 4, 99900, NT_TIF_DAY);
  machine_session(&m, NT_SESSION_HALTED, 1);
  CHECK_EQUAL(m.effects.count, 0);
  machine_session(&m, NT_SESSION_OPEN, 1);
  CHECK_EQUAL(m.effects.count, 0);
  machine_session(&m, NT_SESSION_CLOSED, 1);
  machine_one(&m, NT_EXEC_EXPIRED);
  nt_state_destroy(m.state);
}

static void views_say_what_the_rows_hold(void) {
  machine_limits limits = machine_defaults();
  machine m = machine_make(&limits);
  nt_position row;
  nt_account_view view;
  nt_position_of(m.state, 0, 0, &row);
  CHECK_EQUAL(row.mark_price, NT_ABSENT);
  machine_trade(&m, 100000, 10, BUY);
  machine_new(&m, BUY, 10, NT_ABSENT, NT_TIF_DAY);
  machine_trade(&m, 100000, 6, BUY);
  machine_new(&m, SELL, 8, 101000, NT_TIF_DAY);
  nt_position_of(m.state, 0, 0, &row);
  nt_account_view_of(m.state, 0, &view);
  CHECK_EQUAL(row.quantity, 6);
  CHECK_EQUAL(row.working_buy, 4);
  CHECK_EQUAL(row.working_sell, 8);
  CHECK_EQUAL(row.projected, 2);
  CHECK_EQUAL(row.mark_price, 100000);
  CHECK_EQUAL(row.fills, 1);
  CHECK_EQUAL(row.fees, 6 * 21000);
  CHECK_EQUAL(view.open_orders, 2);
  CHECK_EQUAL(view.fees, 6 * 21000);
  CHECK_EQUAL(view.state, NT_STATE_ACTIVE);
  nt_state_destroy(m.state);
}

int main(void) {
  RUN(every_report_names_its_owner);
  RUN(requests_use_up_their_ids);
  RUN(what_is_pending);
  RUN(whom_a_cancel_of_many_reaches);
  RUN(only_a_close_expires_day_orders);
  RUN(views_say_what_the_rows_hold);
  return 0;
}
