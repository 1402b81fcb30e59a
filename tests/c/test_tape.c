/* What a tape may and may not do to whoever follows it: impossible ticks, its end, rings that overflow, reports that come late. */
#include <math.h>
#include <pthread.h>

#include "kernel_fixture.h"

#define ROOM 512

static nt_tick ticks[ROOM];
static nt_report reports[ROOM];
static nt_poll seen;

static nt_tick print_at(int64_t ts, int64_t price, int64_t size) {
  return (nt_tick){
      .ts_event = ts, .price = price, .size = size, .aggressor = NT_SIDE_SELL, .kind = NT_TICK_TRADE, .flags = NT_TICK_LAST_OF_SLICE};
}

static nt_tick end_at(int64_t ts) {
  return (nt_tick){.ts_event = ts, .kind = NT_TICK_END, .flags = NT_TICK_LAST_OF_SLICE};
}

static uint32_t tape_kernel(uint32_t ring_capacity, uint32_t order_capacity, int64_t latency_ns) {
  nt_kernel_config config = fixture_config("", NT_CLOCK_TAPE);
  config.ring_capacity = ring_capacity;
  config.order_capacity = order_capacity;
  config.latency_in_ns = config.latency_out_ns = latency_ns;
  uint32_t kernel = 0;
  CHECK(nt_kernel_create(&config, &kernel, NULL) == NT_OK);
  const nt_instrument instrument = {.symbol = "ES",
                                    .currency = "USD",
                                    .tick_size = 25,
                                    .lot_size = 1,
                                    .minimum_quantity = 1,
                                    .maximum_price = 10000000,
                                    .initial_session = NT_SESSION_OPEN};
  nt_instrument other = instrument;
  strcpy(other.symbol, "NQ");
  const nt_account account = {.name = "main",
                              .currency = "USD",
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
                              .fills_window_ns = NT_ABSENT};
  const nt_terms terms = {.value_numerator = 1,
                          .value_denominator = 1,
                          .max_order_quantity = NT_ABSENT,
                          .max_order_notional = NT_ABSENT,
                          .max_position = NT_ABSENT,
                          .price_collar_bps = NT_ABSENT,
                          .max_quote_age_ns = NT_ABSENT,
                          .min_order_notional = NT_ABSENT,
                          .initial_margin_bps = NT_ABSENT};
  CHECK(nt_kernel_add_instrument(kernel, &instrument) == 0 && nt_kernel_add_instrument(kernel, &other) == 1);
  CHECK(nt_kernel_add_account(kernel, &account) == 0 && nt_kernel_set_terms(kernel, &terms) == NT_OK);
  return kernel;
}

static uint32_t client_of(uint32_t kernel, const char *name) {
  uint32_t client = 0;
  CHECK(nt_kernel_client(kernel, name, &client, NULL) == NT_OK);
  return client;
}

static int32_t replay(uint32_t kernel, nt_tick tick) {
  return nt_kernel_replay(kernel, &tick, 1);
}

static void send_bids(uint32_t client, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    nt_order order = fixture_order(NT_SIDE_BUY, 1, 19000);
    CHECK(nt_client_submit(client, &order) == NT_OK);
  }
}

static int32_t poll_now(uint32_t client) {
  return nt_client_poll(client, ticks, ROOM, reports, ROOM, 0, &seen);
}

static nt_counters counters_of(uint32_t kernel) {
  nt_counters counters;
  CHECK(nt_read_counters(kernel, &counters) == NT_OK);
  return counters;
}

static void impossible_times_are_refused(void) {
  uint32_t kernel = tape_kernel(64, 64, 1000), client = client_of(kernel, "a");
  CHECK(replay(kernel, print_at(INT64_MAX, 20000, 5)) == 1);
  CHECK(replay(kernel, print_at(INT64_MIN, 20000, 5)) == 1);
  CHECK(replay(kernel, print_at(INT64_MAX / 2 + 1, 20000, 5)) == 1);
  CHECK(counters_of(kernel).hostile_records == 3 && counters_of(kernel).ticks == 0);
  CHECK(replay(kernel, print_at(INT64_MAX / 2 - 10000, 20000, 5)) == 1); /* the last that can be, with room for latencies */
  send_bids(client, 1);
  CHECK(nt_kernel_run(kernel, 100) >= 0);
  CHECK(replay(kernel, print_at(INT64_MAX / 2 - 5000, 20000, 5)) == 1);
  CHECK(poll_now(client) == 3 && seen.ticks == 2 && seen.reports == 1 && reports[0].exec_type == NT_EXEC_NEW);
  CHECK(replay(kernel, end_at(INT64_MIN)) == 1); /* an end is an end */
  CHECK(poll_now(client) == 0 && seen.ended == 1);
  CHECK(nt_close(kernel) == NT_OK);
}

static void refused_ticks_are_not_shown(void) {
  uint32_t kernel = tape_kernel(64, 64, 0), client = client_of(kernel, "a");
  nt_tick bad[] = {print_at(1000, -5, 5), print_at(1000, 20000, 5), print_at(1000, 20000, 5), print_at(1000, NT_SESSION_OPEN, -1),
                   print_at(1000, NT_SESSION_OPEN, 1000001)};
  bad[1].instrument = 77;
  bad[2].kind = 99;
  bad[3].kind = bad[4].kind = NT_TICK_SESSION;
  for (int i = 0; i < 5; i++) CHECK(replay(kernel, bad[i]) == 1);
  CHECK(counters_of(kernel).hostile_records == 5);
  CHECK(poll_now(client) == 0);
  CHECK(replay(kernel, print_at(1000, 20000, 5)) == 1);
  CHECK(poll_now(client) == 1 && ticks[0].price == 20000);
  nt_tick open = print_at(2000, NT_SESSION_OPEN, 1000000);
  open.kind = NT_TICK_SESSION;
  CHECK(replay(kernel, open) == 1 && poll_now(client) == 1);
  CHECK(nt_close(kernel) == NT_OK);
}

static void nothing_comes_after_the_end(void) {
  uint32_t kernel = tape_kernel(64, 64, 0), client = client_of(kernel, "a");
  CHECK(replay(kernel, print_at(1000, 20000, 5)) == 1 && replay(kernel, end_at(2000)) == 1);
  CHECK(replay(kernel, print_at(3000, 20000, 5)) == 1 && replay(kernel, end_at(4000)) == 1);
  CHECK(counters_of(kernel).ticks == 2 && counters_of(kernel).hostile_records == 2);
  CHECK(poll_now(client) == 1 && seen.ended == 1 && seen.ticks == 1);
  CHECK(nt_close(kernel) == NT_OK);
}

/* More reports fall due with one print than one call of the state machine can hand out. */
static void thousands_of_fills_at_one_print(void) {
  uint32_t kernel = tape_kernel(4096, 1024, 0), clients[3];
  for (int i = 0; i < 3; i++) clients[i] = client_of(kernel, (const char *[]){"a", "b", "c"}[i]);
  CHECK(replay(kernel, print_at(1000, 20000, 5)) == 1);
  for (int i = 0; i < 3; i++) send_bids(clients[i], 900);
  while (nt_kernel_run(kernel, 10000) > 0) {
  }
  const nt_tick last[] = {print_at(2000, 18000, 100000), print_at(3000, 18000, 5)};
  CHECK(nt_kernel_replay(kernel, last, 2) == 2);
  CHECK(counters_of(kernel).fills == 2700);
  CHECK(nt_close(kernel) == NT_OK);
}

/* A subscriber's ring overflows: what is kept back comes before the next slice, and before the end. */
static void what_is_kept_back_comes_before_the_end(void) {
  uint32_t kernel = tape_kernel(64, 1024, 0), client = client_of(kernel, "a"), fills = 0;
  CHECK(nt_client_subscribe(client) == NT_OK);
  CHECK(replay(kernel, print_at(1000, 20000, 5)) == 1 && poll_now(client) == 1);
  for (int64_t round = 0; round < 3; round++) {
    send_bids(client, 40);
    CHECK(replay(kernel, print_at(2000 + round, 20000, 5)) == 1);
    CHECK(poll_now(client) == 41 && seen.ticks == 1 && seen.reports == 40);
  }
  const nt_tick last[] = {print_at(4000, 18000, 500), end_at(5000)};
  CHECK(nt_kernel_replay(kernel, last, 2) == 1); /* the end waits for the subscriber */
  CHECK(counters_of(kernel).fills == 120 && counters_of(kernel).reports_held == 56);
  uint32_t slices = 0;
  for (int i = 0; i < 10 && !seen.ended; i++) {
    CHECK(poll_now(client) >= 0);
    for (uint32_t k = 0; k < seen.reports; k++) fills += reports[k].exec_type == NT_EXEC_TRADE;
    if (seen.ticks > 0) CHECK(++slices == 1 && fills == 120); /* the slice after everything that it caused */
    CHECK(nt_kernel_replay(kernel, last + 1, slices) >= 0);
  }
  CHECK(seen.ended == 1 && slices == 1 && fills == 120 && counters_of(kernel).reports_held == 0);
  CHECK(nt_close(kernel) == NT_OK);
}

/* Not subscribed: nobody waits for it, and still the end is not told while reports are kept back. */
static void the_end_is_told_after_the_last_report(void) {
  uint32_t kernel = tape_kernel(64, 1024, 0), client = client_of(kernel, "a"), fills = 0;
  CHECK(replay(kernel, print_at(1000, 20000, 5)) == 1);
  for (int round = 0; round < 3; round++) {
    send_bids(client, 40);
    CHECK(nt_kernel_run(kernel, 100) == 40 && poll_now(client) >= 40);
  }
  const nt_tick last[] = {print_at(4000, 18000, 500), end_at(5000)};
  CHECK(nt_kernel_replay(kernel, last, 2) == 2);
  for (int i = 0; i < 10 && !seen.ended; i++) {
    CHECK(poll_now(client) >= 0);
    for (uint32_t k = 0; k < seen.reports; k++) fills += reports[k].exec_type == NT_EXEC_TRADE;
    CHECK(fills == 120 || !seen.ended);
    CHECK(nt_kernel_run(kernel, 100) >= 0);
  }
  CHECK(seen.ended == 1 && fills == 120);
  CHECK(nt_close(kernel) == NT_OK);
}

/* A halt cancels between two slices: the late report comes with the next one and does not stop the tape. */
static void a_late_report_does_not_stop_the_tape(void) {
  uint32_t kernel = tape_kernel(64, 64, 0), client = client_of(kernel, "a"), feed = 0;
  CHECK(nt_client_subscribe(client) == NT_OK);
  CHECK(nt_kernel_start(kernel) == NT_OK && nt_kernel_feed(kernel, &feed, NULL) == NT_OK);
  for (int64_t i = 1; i <= 4; i++) {
    nt_tick tick = print_at(i * 1000, 20000, 5);
    CHECK(nt_feed_push(feed, &tick, 1, 1000000000) == 1);
  }
  CHECK(nt_client_poll(client, ticks, ROOM, reports, ROOM, 1000000000, &seen) == 1);
  send_bids(client, 1);
  CHECK(nt_client_poll(client, ticks, ROOM, reports, ROOM, 1000000000, &seen) == 2 && seen.reports == 1);
  CHECK(nt_kernel_set_state(kernel, 65535, NT_STATE_HALTED, "late") == NT_OK);
  CHECK(nt_client_poll(client, ticks, ROOM, reports, ROOM, 10000000000, &seen) == 2);
  CHECK(seen.ticks == 1 && seen.reports == 1 && reports[0].exec_type == NT_EXEC_CANCELED);
  CHECK(nt_client_poll(client, ticks, ROOM, reports, ROOM, 10000000000, &seen) == 1 && seen.ticks == 1);
  CHECK(nt_close(kernel) == NT_OK);
}

/* In real time a feed's end is told once; what another feed brings after it is seen. */
static void a_feed_follows_another(void) {
  nt_kernel_config config = fixture_config("", NT_CLOCK_MONOTONIC);
  uint32_t kernel = fixture_kernel(&config), client = client_of(kernel, "a"), feed = 0;
  CHECK(nt_kernel_start(kernel) == NT_OK && nt_kernel_feed(kernel, &feed, NULL) == NT_OK);
  nt_tick end = end_at(0), print = print_at(0, 160000, 5);
  CHECK(nt_feed_push(feed, &end, 1, 1000000000) == 1);
  CHECK(nt_client_poll(client, ticks, ROOM, reports, ROOM, 10000000000, &seen) == 0 && seen.ended == 1);
  CHECK(nt_client_poll(client, ticks, ROOM, reports, ROOM, 1000000, &seen) == 0 && seen.ended == 1);
  CHECK(nt_close(feed) == NT_OK && nt_kernel_feed(kernel, &feed, NULL) == NT_OK);
  CHECK(nt_feed_push(feed, &print, 1, 1000000000) == 1);
  CHECK(nt_client_poll(client, ticks, ROOM, reports, ROOM, 10000000000, &seen) == 1 && seen.ended == 0 && seen.ticks == 1);
  CHECK(nt_feed_push(feed, &end, 1, 1000000000) == 1);
  CHECK(nt_client_poll(client, ticks, ROOM, reports, ROOM, 10000000000, &seen) == 0 && seen.ended == 1);
  CHECK(nt_close(kernel) == NT_OK);
}

static void a_pair_without_terms_reads_flat(void) {
  uint32_t kernel = tape_kernel(64, 64, 0), client = client_of(kernel, "a");
  nt_position position;
  memset(&position, 0x11, sizeof(position));
  CHECK(nt_read_position(client, 0, 1, &position) == NT_OK);
  CHECK(position.quantity == 0 && position.projected == 0 && position.fills == 0 && isnan(position.average_price));
  CHECK(position.mark_price == NT_ABSENT && position.fees == 0 && position.realized_pnl == 0 && position.unrealized_pnl == 0);
  CHECK(nt_close(kernel) == NT_OK);
}

int main(void) {
  RUN(impossible_times_are_refused);
  RUN(refused_ticks_are_not_shown);
  RUN(nothing_comes_after_the_end);
  RUN(thousands_of_fills_at_one_print);
  RUN(what_is_kept_back_comes_before_the_end);
  RUN(the_end_is_told_after_the_last_report);
  RUN(a_late_report_does_not_stop_the_tape);
  RUN(a_feed_follows_another);
  RUN(a_pair_without_terms_reads_flat);
  return 0;
}
