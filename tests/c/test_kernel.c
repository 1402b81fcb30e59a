/* A kernel's life: tables, states, errors, clients of the same process in real time, control. */
#include <pthread.h>
#include <sys/wait.h>

#include "kernel_fixture.h"

static void name_of(char *out, const char *what) {
  snprintf(out, NT_NAME_BYTES, "t-%s-%d", what, (int)getpid());
}

static void refuses_bad_configuration(void) {
  uint32_t kernel = 7;
  nt_error error;
  nt_kernel_config config = fixture_config("with/slash", NT_CLOCK_TAPE);
  CHECK(nt_kernel_create(&config, &kernel, &error) == NT_ERR_NAME && kernel == 0);
  config = fixture_config("", 3);
  CHECK(nt_kernel_create(&config, &kernel, &error) == NT_ERR_INVALID && strstr(error.text, "clock") != NULL && error.observed == 3);
  config = fixture_config("", NT_CLOCK_TAPE);
  config.order_capacity = 100;
  CHECK(nt_kernel_create(&config, &kernel, &error) == NT_ERR_INVALID && error.observed == 100);
  config = fixture_config("", NT_CLOCK_TAPE);
  config.channels = 65;
  CHECK(nt_kernel_create(&config, &kernel, &error) == NT_ERR_INVALID && error.limit == NT_CHANNEL_MAX);
  config = fixture_config("", NT_CLOCK_TAPE);
  config.latency_in_ns = -1;
  CHECK(nt_kernel_create(&config, &kernel, &error) == NT_ERR_INVALID);
  config = fixture_config("", NT_CLOCK_TAPE);
  config.reserved[1] = 1;
  CHECK(nt_kernel_create(&config, &kernel, &error) == NT_ERR_INVALID);
  for (int field = 0; field < 8; field++) {
    config = fixture_config("", NT_CLOCK_TAPE);
    if (field == 0) config.ring_capacity = 32;
    if (field == 1) config.tick_capacity = 65;
    if (field == 2) config.instruments = 65537;
    if (field == 3) config.accounts = 1025;
    if (field == 4) config.journal_bytes = 1 << 16;
    if (field == 5) config.record = 2;
    if (field == 6) config.latency_out_ns = INT64_MAX;
    if (field == 7) config.slippage_ticks = -1;
    CHECK(nt_kernel_create(&config, &kernel, &error) == NT_ERR_INVALID);
  }
  config = fixture_config("", NT_CLOCK_TAPE);
  config.participants = 9;
  CHECK(nt_kernel_create(&config, &kernel, &error) == NT_ERR_INVALID);
  CHECK(nt_kernel_create(NULL, &kernel, &error) == NT_ERR_INVALID && nt_kernel_create(&config, NULL, &error) == NT_ERR_INVALID);
}

static void closes_tables_once_it_has_run(void) {
  nt_kernel_config config = fixture_config("", NT_CLOCK_TAPE);
  uint32_t kernel = fixture_kernel(&config);
  nt_error error;
  const nt_account account = {.name = "main", .currency = "USD"};
  CHECK(nt_kernel_add_account(kernel, &account) == NT_ERR_INVALID); /* a limit of zero orders a second is none */
  CHECK(nt_last_error(kernel, &error) == NT_OK && error.code == NT_ERR_INVALID && strstr(error.text, "max_orders_per_second") != NULL);
  CHECK(nt_kernel_add_instrument(kernel, NULL) == NT_ERR_INVALID);
  CHECK(nt_kernel_run(kernel, 10) == 0);
  CHECK(nt_kernel_add_account(kernel, &account) == NT_ERR_STATE);
  CHECK(nt_kernel_stop(kernel) == NT_OK && nt_close(kernel) == NT_OK);
  CHECK(nt_kernel_run(kernel, 1) == NT_ERR_BAD_HANDLE && nt_kernel_replay(kernel, NULL, 0) == NT_ERR_BAD_HANDLE);
  CHECK(nt_kernel_start(kernel) == NT_ERR_BAD_HANDLE && nt_kernel_stop(kernel) == NT_ERR_BAD_HANDLE);
  CHECK(nt_kernel_drain(kernel, &error, 1) == NT_ERR_BAD_HANDLE && nt_kernel_set_state(kernel, 0, 1, "x") == NT_ERR_BAD_HANDLE);
}

/* Every read, on a client, against what was put in. */
static void answers_reads(void) {
  nt_kernel_config config = fixture_config("", NT_CLOCK_TAPE);
  uint32_t kernel = fixture_kernel(&config), client = 0;
  nt_error error;
  CHECK(nt_kernel_client(kernel, "reader", &client, &error) == NT_OK);
  nt_quote quote;
  nt_position position;
  nt_account_view view;
  nt_instrument instrument;
  nt_account account;
  nt_terms terms;
  nt_channel channel;
  nt_status status;
  nt_counters counters;
  nt_latency latency;
  double features[NT_FEATURE_COUNT];
  int64_t now = 0;
  CHECK(nt_read_quote(client, 0, &quote) == NT_ERR_NO_DATA && nt_read_features(client, 0, features, NT_FEATURE_COUNT) == NT_ERR_NO_DATA);
  nt_tick *tape = fixture_tape(100, 1);
  CHECK(nt_kernel_replay(kernel, tape, 100) == 100);
  CHECK(nt_read_quote(client, 0, &quote) == NT_OK && quote.last_price == tape[99].price && quote.ts_event == tape[99].ts_event);
  CHECK(quote.ask_price - quote.bid_price == 25 && (quote.flags & NT_TICK_IMPLIED) != 0);
  CHECK(nt_read_features(client, 0, features, NT_FEATURE_COUNT) > 0 && features[0] != features[0] && features[22] >= -1 &&
        features[22] <= 1);
  CHECK(nt_read_now(client, &now) == NT_OK && now == tape[99].ts_event);
  CHECK(nt_read_position(client, 0, 0, &position) == NT_OK && position.quantity == 0 && position.projected == 0);
  CHECK(nt_read_account(client, 0, &view) == NT_OK && view.equity == 1000000000 && view.state == NT_STATE_ACTIVE);
  CHECK(nt_read_instrument(client, 0, &instrument) == NT_OK && strcmp(instrument.symbol, "ES") == 0);
  CHECK(nt_read_account_config(client, 0, &account) == NT_OK && account.cash == 1000000000);
  CHECK(nt_read_terms(client, 0, 0, &terms) == NT_OK && terms.fee_taker == 21000);
  CHECK(nt_find_instrument(client, "ES") == 0 && nt_find_instrument(client, "NQ") == NT_ERR_NOT_FOUND);
  CHECK(nt_find_account(client, "main") == 0 && nt_find_account(client, "other") == NT_ERR_NOT_FOUND);
  CHECK(nt_read_status(kernel, &status) == NT_OK && status.ticks_published == 100 && status.instruments == 1 && status.running == 0);
  CHECK(nt_read_counters(kernel, &counters) == NT_OK && counters.ticks == 100);
  CHECK(nt_read_channel(kernel, 0, &channel) == NT_OK && strcmp(channel.client, "reader") == 0 && channel.state == 1);
  CHECK(nt_read_latency(client, NT_LATENCY_ORDER_TO_REPORT, &latency) == NT_OK && latency.count == 0);
  /* wrong indices and pointers */
  CHECK(nt_read_quote(client, 1, &quote) == NT_ERR_NOT_FOUND && nt_read_quote(client, 0, NULL) == NT_ERR_INVALID);
  CHECK(nt_read_position(client, 1, 0, &position) == NT_ERR_NOT_FOUND && nt_read_account(client, 1, &view) == NT_ERR_NOT_FOUND);
  CHECK(nt_read_instrument(client, 1, &instrument) == NT_ERR_NOT_FOUND && nt_read_account_config(client, 1, &account) == NT_ERR_NOT_FOUND);
  CHECK(nt_read_terms(client, 0, 1, &terms) == NT_ERR_NOT_FOUND && nt_read_features(client, 1, features, 1) == NT_ERR_NOT_FOUND);
  CHECK(nt_read_channel(client, 8, &channel) == NT_ERR_INVALID && nt_read_latency(client, 3, &latency) == NT_ERR_INVALID);
  uint64_t octaves[NT_LATENCY_OCTAVES];
  CHECK(nt_read_latency_counts(client, 1, octaves, NT_LATENCY_OCTAVES) == NT_OK && octaves[0] == 0);
  CHECK(nt_read_latency_counts(client, 3, octaves, NT_LATENCY_OCTAVES) == NT_ERR_INVALID);
  CHECK(nt_read_latency_counts(client, 1, octaves, 41) == NT_ERR_INVALID);
  CHECK(nt_read_latency_counts(client, 1, NULL, NT_LATENCY_OCTAVES) == NT_ERR_INVALID);
  CHECK(nt_read_latency(client, 0, &latency) == NT_ERR_INVALID && nt_read_now(client, NULL) == NT_ERR_INVALID);
  CHECK(nt_find_instrument(client, NULL) == NT_ERR_INVALID && nt_find_account(client, NULL) == NT_ERR_INVALID);
  CHECK(nt_read_status(client, NULL) == NT_ERR_INVALID && nt_read_counters(client, NULL) == NT_ERR_INVALID);
  CHECK(nt_read_features(client, 0, features, 0) == NT_ERR_INVALID && nt_read_terms(client, 0, 0, NULL) == NT_ERR_INVALID);
  CHECK(nt_close(kernel) == NT_OK); /* closes its clients first */
  CHECK(nt_read_quote(client, 0, &quote) == NT_ERR_BAD_HANDLE && nt_close(client) == NT_ERR_BAD_HANDLE);
  CHECK(nt_read_status(client, &status) == NT_ERR_BAD_HANDLE && nt_read_counters(client, &counters) == NT_ERR_BAD_HANDLE);
  CHECK(nt_read_now(client, &now) == NT_ERR_BAD_HANDLE && nt_read_channel(client, 0, &channel) == NT_ERR_BAD_HANDLE);
  CHECK(nt_read_instrument(client, 0, &instrument) == NT_ERR_BAD_HANDLE && nt_find_instrument(client, "ES") == NT_ERR_BAD_HANDLE);
  CHECK(nt_read_account_config(client, 0, &account) == NT_ERR_BAD_HANDLE && nt_find_account(client, "main") == NT_ERR_BAD_HANDLE);
  CHECK(nt_read_terms(client, 0, 0, &terms) == NT_ERR_BAD_HANDLE && nt_read_position(client, 0, 0, &position) == NT_ERR_BAD_HANDLE);
  CHECK(nt_read_account(client, 0, &view) == NT_ERR_BAD_HANDLE && nt_read_features(client, 0, features, 1) == NT_ERR_BAD_HANDLE);
  CHECK(nt_read_latency(client, 1, &latency) == NT_ERR_BAD_HANDLE);
  free(tape);
}

static void names_and_channels(void) {
  nt_kernel_config config = fixture_config("", NT_CLOCK_TAPE);
  config.channels = 2;
  uint32_t kernel = fixture_kernel(&config), a = 0, b = 0, c = 0;
  nt_error error;
  CHECK(nt_kernel_client(kernel, "bad name", &a, &error) == NT_ERR_NAME);
  CHECK(nt_kernel_client(kernel, NULL, &a, &error) == NT_ERR_INVALID);
  CHECK(nt_kernel_client(kernel, "a", &a, &error) == NT_OK);
  CHECK(nt_kernel_client(kernel, "a", &b, &error) == NT_ERR_NAME_IN_USE && strstr(error.text, "a") != NULL);
  CHECK(nt_kernel_client(kernel, "b", &b, &error) == NT_OK);
  CHECK(nt_kernel_client(kernel, "c", &c, &error) == NT_ERR_NO_CHANNEL && error.limit == 2);
  nt_order order = fixture_order(NT_SIDE_BUY, 1, 100000);
  CHECK(nt_client_submit(a, &order) == NT_OK && order.client_order_id == 1);
  CHECK(nt_kernel_run(kernel, 100) > 0);
  CHECK(nt_close(a) == NT_OK);
  CHECK(nt_kernel_run(kernel, 100) > 0);                     /* the departure, which cancels */
  CHECK(nt_kernel_client(kernel, "c", &c, &error) == NT_OK); /* takes a's channel */
  order = fixture_order(NT_SIDE_BUY, 1, 100000);
  CHECK(nt_client_submit(c, &order) == NT_OK && order.client_order_id == 1);
  CHECK(nt_close(b) == NT_OK && nt_kernel_run(kernel, 100) > 0);
  CHECK(nt_kernel_client(kernel, "a", &a, &error) == NT_OK); /* another channel, its own ids */
  order = fixture_order(NT_SIDE_BUY, 1, 100000);
  CHECK(nt_client_submit(a, &order) == NT_OK && order.client_order_id == 2);
  CHECK(nt_close(kernel) == NT_OK);
}

/* Any number of names may come and go. */
static void names_do_not_run_out(void) {
  nt_kernel_config config = fixture_config("", NT_CLOCK_TAPE);
  config.channels = 1;
  uint32_t kernel = fixture_kernel(&config), client = 0;
  nt_error error;
  nt_order order = fixture_order(NT_SIDE_BUY, 1, 100000);
  for (int i = 0; i < 600; i++) {
    char name[NT_NAME_BYTES];
    snprintf(name, sizeof(name), "n-%d", i % 2 == 0 ? i : 1); /* one of them comes back every time */
    CHECK(nt_kernel_client(kernel, name, &client, &error) == NT_OK);
    order.client_order_id = 0;
    CHECK(nt_client_submit(client, &order) == NT_OK && order.client_order_id == (i % 2 == 0 ? 1 : (uint64_t)i / 2 + 1));
    CHECK(nt_close(client) == NT_OK && nt_kernel_run(kernel, 100) > 0);
  }
  CHECK(nt_close(kernel) == NT_OK);
}

static void set_state_reaches_orders(void) {
  nt_kernel_config config = fixture_config("", NT_CLOCK_TAPE);
  uint32_t kernel = fixture_kernel(&config), client = 0;
  nt_error error;
  nt_tick *tape = fixture_tape(50, 3);
  CHECK(nt_kernel_client(kernel, "c", &client, &error) == NT_OK);
  CHECK(nt_kernel_replay(kernel, tape, 50) == 50);
  nt_order order = fixture_order(NT_SIDE_BUY, 1, 100000);
  CHECK(nt_client_submit(client, &order) == NT_OK && nt_kernel_run(kernel, 10) > 0);
  nt_report report = fixture_report(client);
  CHECK(report.exec_type == NT_EXEC_NEW && report.order_status == NT_STATUS_NEW);
  CHECK(nt_kernel_set_state(kernel, 65535, NT_STATE_HALTED, "test") == NT_OK);
  report = fixture_report(client);
  CHECK(report.exec_type == NT_EXEC_CANCELED && report.reason == NT_REASON_KILL_SWITCH);
  order = fixture_order(NT_SIDE_BUY, 1, 100000);
  CHECK(nt_client_submit(client, &order) == NT_OK && nt_kernel_run(kernel, 10) > 0);
  report = fixture_report(client);
  CHECK(report.exec_type == NT_EXEC_DENIED && report.reason == NT_REASON_TRADING_HALTED && report.check == NT_CHECK_TRADING_STATE);
  CHECK(nt_kernel_set_state(kernel, 65535, NT_STATE_ACTIVE, "test") == NT_OK);
  CHECK(nt_kernel_set_state(kernel, 5, NT_STATE_ACTIVE, "test") == NT_ERR_NOT_FOUND);
  CHECK(nt_kernel_set_state(kernel, 0, 9, "test") == NT_ERR_INVALID && nt_kernel_set_state(kernel, 0, 1, NULL) == NT_ERR_INVALID);
  nt_status status;
  CHECK(nt_read_status(kernel, &status) == NT_OK && strcmp(status.state_reason, "test") == 0);
  CHECK(nt_close(kernel) == NT_OK);
  free(tape);
}

static void submit_refuses_nonsense(void) {
  nt_kernel_config config = fixture_config("", NT_CLOCK_TAPE);
  uint32_t kernel = fixture_kernel(&config), client = 0;
  nt_error error;
  nt_poll poll;
  nt_tick tick;
  nt_report report;
  CHECK(nt_kernel_client(kernel, "c", &client, &error) == NT_OK);
  CHECK(nt_client_submit(client, NULL) == NT_ERR_INVALID && nt_client_submit_batch(client, NULL, 1) == NT_ERR_INVALID);
  CHECK(nt_client_poll(client, NULL, 1, &report, 1, 0, &poll) == NT_ERR_INVALID &&
        nt_client_poll(client, &tick, 1, &report, 0, 0, &poll) == NT_ERR_INVALID);
  CHECK(nt_client_poll(client, &tick, 1, &report, 1, 1000000, &poll) == 0); /* nobody runs the kernel: it does not wait */
  nt_order orders[300];
  for (int i = 0; i < 300; i++) orders[i] = fixture_order(NT_SIDE_BUY, 1, 100000);
  CHECK(nt_client_submit_batch(client, orders, 300) == 64); /* the order table */
  CHECK(nt_client_submit(client, &orders[200]) == NT_ERR_FULL);
  CHECK(nt_last_error(client, &error) == NT_OK && error.code == NT_ERR_FULL && error.limit == 64);
  nt_order twice = orders[3];
  CHECK(nt_client_submit(client, &twice) == NT_ERR_INVALID); /* an id that was used */
  for (int i = 0; i < 192; i++) {
    nt_order cancel = fixture_cancel(1);
    CHECK(nt_client_submit(client, &cancel) == NT_OK);
  }
  nt_order cancel = fixture_cancel(1);
  CHECK(nt_client_submit(client, &cancel) == NT_ERR_FULL); /* the ring */
  CHECK(nt_client_orders(client, NULL, 0) == 64);
  while (nt_kernel_run(kernel, 1000) > 0) {
  }
  uint32_t canceled = 0, rejected = 0, denied = 0;
  for (;;) {
    nt_report more[64];
    if (nt_client_poll(client, &tick, 1, more, 64, 0, &poll) == 0 && nt_kernel_run(kernel, 1000) == 0) break;
    for (uint32_t i = 0; i < poll.reports; i++) {
      canceled += more[i].exec_type == NT_EXEC_CANCELED;
      rejected += more[i].exec_type == NT_EXEC_CANCEL_REJECTED;
      denied += more[i].exec_type == NT_EXEC_DENIED;
    }
  }
  CHECK(canceled == 1 && rejected == 191 && denied == 14); /* 50 open orders are allowed */
  CHECK(nt_client_orders(client, NULL, 0) == 49);
  CHECK(nt_client_subscribe(client) == NT_OK);
  CHECK(nt_close(kernel) == NT_OK);
}

/* ---- another process's view of a running kernel --------------------------------------------------------------------------------- */

static void real_time_over_names(void) {
  char name[NT_NAME_BYTES];
  name_of(name, "kernel");
  nt_kernel_config config = fixture_config(name, NT_CLOCK_MONOTONIC);
  config.latency_in_ns = config.latency_out_ns = 1000000;
  uint32_t kernel = fixture_kernel(&config), second = 0, client = 0, feed = 0, control = 0, monitor = 0;
  nt_error error;
  CHECK(nt_monitor_attach(name, &monitor, &error) == NT_ERR_NOT_FOUND); /* not before it runs */
  CHECK(nt_client_attach(name, "c", 0, &client, &error) == NT_ERR_NOT_FOUND);
  CHECK(nt_kernel_start(kernel) == NT_OK && nt_kernel_start(kernel) == NT_ERR_STATE);
  CHECK(nt_kernel_run(kernel, 1) == NT_ERR_STATE);
  CHECK(nt_kernel_create(&config, &second, &error) == NT_ERR_NAME_IN_USE && strstr(error.text, name) != NULL);
  CHECK(nt_client_attach(name, "c", 5000000000, &client, &error) == NT_OK);
  CHECK(nt_client_attach(name, "c", 100000000, &second, &error) == NT_ERR_NAME_IN_USE);
  CHECK(nt_client_subscribe(client) == NT_ERR_STATE); /* no lockstep in real time */
  CHECK(nt_feed_attach(name, 1000000000, &feed, &error) == NT_OK);
  CHECK(nt_feed_attach(name, 0, &second, &error) == NT_ERR_NAME_IN_USE && nt_kernel_feed(kernel, &second, &error) == NT_ERR_NAME_IN_USE);
  CHECK(nt_control_attach(name, 1000000000, &control, &error) == NT_OK && nt_monitor_attach(name, &monitor, &error) == NT_OK);
  nt_tick *tape = fixture_tape(500, 5);
  CHECK(nt_feed_push(feed, tape, 200, 1000000000) == 200);
  nt_order order = fixture_order(NT_SIDE_BUY, 2, 100000);
  CHECK(nt_client_submit(client, &order) == NT_OK);
  nt_report report = fixture_report(client);
  CHECK(report.exec_type == NT_EXEC_NEW && report.client_order_id == order.client_order_id && report.ts_recv > report.ts_event);
  nt_order market = fixture_order(NT_SIDE_BUY, 1, NT_ABSENT);
  CHECK(nt_client_submit(client, &market) == NT_OK);
  CHECK(fixture_report(client).exec_type == NT_EXEC_NEW);
  CHECK(nt_feed_push(feed, tape + 200, 300, 1000000000) == 300);
  report = fixture_report(client);
  CHECK(report.exec_type == NT_EXEC_TRADE && report.last_quantity == 1 && report.liquidity == NT_LIQUIDITY_TAKER);
  nt_command halt = {.kind = NT_COMMAND_SET_STATE, .state = NT_STATE_HALTED, .account = 65535, .reason = "halted by test"};
  CHECK(nt_control_send(control, &halt, 1000000000) == NT_OK);
  report = fixture_report(client);
  CHECK(report.exec_type == NT_EXEC_CANCELED && report.reason == NT_REASON_KILL_SWITCH && report.client_order_id == order.client_order_id);
  nt_status status;
  nt_account_view view;
  CHECK(nt_read_status(monitor, &status) == NT_OK && status.running == 1 && strcmp(status.state_reason, "halted by test") == 0);
  CHECK(nt_read_account(monitor, 0, &view) == NT_OK && view.state == NT_STATE_HALTED);
  nt_command nonsense = {.kind = 9};
  CHECK(nt_control_send(control, &nonsense, 1000000000) == NT_ERR_INVALID);
  nt_command nobody = {.kind = NT_COMMAND_SET_STATE, .state = NT_STATE_ACTIVE, .account = 7};
  CHECK(nt_control_send(control, &nobody, 1000000000) == NT_ERR_NOT_FOUND && nt_control_send(control, NULL, 0) == NT_ERR_INVALID);
  nt_command stop = {.kind = NT_COMMAND_STOP};
  CHECK(nt_control_send(control, &stop, 1000000000) == NT_OK);
  CHECK(nt_kernel_stop(kernel) == NT_OK);
  CHECK(nt_read_status(monitor, &status) == NT_OK && status.running == 0);
  CHECK(nt_close(kernel) == NT_OK);
  nt_tick tick;
  nt_poll poll;
  int32_t left = 0;
  while (left >= 0) left = nt_client_poll(client, &tick, 1, &report, 1, 1000000000, &poll); /* what had come is delivered first */
  CHECK(left == NT_ERR_KERNEL_DEAD);
  CHECK(nt_control_send(control, &stop, 50000000) == NT_ERR_KERNEL_DEAD);
  CHECK(nt_close(client) == NT_OK && nt_close(feed) == NT_OK && nt_close(control) == NT_OK && nt_close(monitor) == NT_OK);
  free(tape);
}

/* ---- reports that nobody reads --------------------------------------------------------------------------------------------------- */

static void keeps_what_a_client_does_not_drain(void) {
  nt_kernel_config config = fixture_config("", NT_CLOCK_TAPE);
  config.ring_capacity = 64;
  uint32_t kernel = fixture_kernel(&config), client = 0;
  nt_error error;
  CHECK(nt_kernel_client(kernel, "slow", &client, &error) == NT_OK);
  uint64_t expected = 0;
  for (int round = 0; round < 20; round++) { /* every request has an answer; nothing is read */
    for (int i = 0; i < 8; i++) {
      nt_order cancel = fixture_cancel(999);
      if (nt_client_submit(client, &cancel) == NT_OK) expected++;
    }
    CHECK(nt_kernel_run(kernel, 1000) >= 0);
  }
  CHECK(expected > 64);
  nt_tick tick;
  nt_poll poll;
  nt_report reports[16];
  uint64_t seen = 0;
  for (int idle = 0; idle < 3;) {
    CHECK(nt_client_poll(client, &tick, 1, reports, 16, 0, &poll) >= 0);
    for (uint32_t i = 0; i < poll.reports; i++) CHECK(reports[i].seq == ++seen);
    idle = poll.reports == 0 && nt_kernel_run(kernel, 1000) == 0 ? idle + 1 : 0;
  }
  CHECK(seen == expected);
  CHECK(nt_close(kernel) == NT_OK);
}

int main(void) {
  refuses_bad_configuration();
  closes_tables_once_it_has_run();
  answers_reads();
  names_and_channels();
  names_do_not_run_out();
  set_state_reaches_orders();
  submit_refuses_nonsense();
  real_time_over_names();
  keeps_what_a_client_does_not_drain();
  return 0;
}
