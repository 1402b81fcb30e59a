/* How long requests and answers are on their way: of the kernel, of an instrument's venue, and as measured. */
#include "kernel_fixture.h"
#include "machine_fixture.h"

#define BUY NT_SIDE_BUY
#define SELL NT_SIDE_SELL
#define PRICE 99000

static machine two_instruments(int64_t in, int64_t out, uint32_t measured) {
  machine_limits limits = machine_defaults();
  limits.config.latency_in_ns = in;
  limits.config.latency_out_ns = out;
  limits.config.measured_latency = measured;
  machine m = machine_make(&limits);
  nt_error error;
  strcpy(limits.instrument.symbol, "NQ");
  limits.terms.instrument = 1;
  CHECK_EQUAL(nt_instrument_add(m.state, &limits.instrument, &error), 1);
  CHECK_EQUAL(nt_terms_set(m.state, &limits.terms, &error), NT_OK);
  return m;
}

static uint64_t sends(machine *m, uint32_t instrument) {
  nt_order order = machine_order(m, BUY, 4, PRICE);
  order.instrument = instrument;
  machine_send(m, &order);
  CHECK_EQUAL(m->effects.accepted, 1);
  CHECK_EQUAL(m->effects.count, 0);
  return order.client_order_id;
}

static void measured(machine *m, int64_t in, int64_t out) {
  nt_tick tick = {.ts_event = m->ts, .ts_recv = m->ts, .price = in, .size = out, .kind = NT_TICK_LATENCY};
  machine_input(m, (nt_input){.kind = NT_INPUT_TICK, .tick = &tick});
}

/* The order is answered after this many nanoseconds, and not before. */
static void answered_after(machine *m, int64_t ns, uint64_t id) {
  machine_wait(m, ns - 1);
  CHECK_EQUAL(m->effects.count, 0);
  machine_wait(m, 1);
  CHECK_EQUAL(machine_one(m, NT_EXEC_NEW)->client_order_id, id);
  CHECK_EQUAL(m->effects.reports[0].ts_recv, m->ts);
}

static void each_venue_has_its_own(void) {
  machine m = two_instruments(1000, 500, 0);
  m.state->books[1].latency_ns[0] = 100;
  m.state->books[1].latency_ns[1] = 50;
  uint64_t far = sends(&m, 0), near = sends(&m, 1);
  answered_after(&m, 150, near);
  answered_after(&m, 1350, far);
  far = sends(&m, 0);
  machine_wait(&m, 900);
  near = sends(&m, 1); /* sent later, there at the same time: after it */
  machine_wait(&m, 100);
  CHECK_EQUAL(m.state->books[0].last_due[1], m.ts + 500);
  machine_wait(&m, 50);
  CHECK_EQUAL(machine_one(&m, NT_EXEC_NEW)->client_order_id, near);
  machine_wait(&m, 450);
  CHECK_EQUAL(machine_one(&m, NT_EXEC_NEW)->client_order_id, far);
  nt_state_destroy(m.state);
}

static void measured_latency_counts_where_it_is_wanted(void) {
  for (uint32_t wanted = 0; wanted < 2; wanted++) {
    machine m = two_instruments(1000, 500, wanted);
    measured(&m, 70, 30);
    answered_after(&m, wanted ? 100 : 1500, sends(&m, 0));
    answered_after(&m, 1500, sends(&m, 1)); /* another venue */
    nt_state_destroy(m.state);
  }
}

/* A connection keeps its order, whatever becomes of its latency. */
static void nothing_overtakes(void) {
  machine m = two_instruments(1000, 1000, 1);
  uint64_t first = sends(&m, 0);
  measured(&m, 10, 10);
  uint64_t second = sends(&m, 0);
  nt_order cancel = machine_request(&m, NT_MESSAGE_CANCEL, first, 0, NT_ABSENT);
  machine_send(&m, &cancel);
  CHECK_EQUAL(m.effects.count, 0);
  machine_wait(&m, 1009);
  CHECK_EQUAL(m.effects.count, 0);
  machine_wait(&m, 1);
  CHECK_EQUAL(m.effects.count, 3);
  CHECK_EQUAL(m.effects.reports[0].client_order_id, first);
  CHECK_EQUAL(m.effects.reports[0].exec_type, NT_EXEC_NEW);
  CHECK_EQUAL(m.effects.reports[1].client_order_id, second);
  CHECK_EQUAL(m.effects.reports[2].client_order_id, first);
  CHECK_EQUAL(m.effects.reports[2].exec_type, NT_EXEC_CANCELED);
  nt_state_destroy(m.state);
}

static void what_is_no_latency_is_refused(void) {
  machine m = two_instruments(1000, 500, 1);
  static const int64_t bad[] = {-1, NT_RAW_MAX + 1, INT64_MAX, NT_ABSENT};
  for (int i = 0; i < 4; i++) {
    measured(&m, bad[i], 1);
    measured(&m, 1, bad[i]);
  }
  CHECK_EQUAL(m.state->counters.hostile_records, 8);
  CHECK_EQUAL(m.state->books[0].latency_ns[0], 1000);
  CHECK_EQUAL(m.state->books[0].latency_ns[1], 500);
  nt_state_destroy(m.state);
}

static void a_kernel_takes_latencies_of_instruments(void) {
  nt_kernel_config config = fixture_config("", NT_CLOCK_TAPE);
  config.measured_latency = 2;
  uint32_t kernel;
  nt_error error;
  CHECK_EQUAL(nt_kernel_create(&config, &kernel, &error), NT_ERR_INVALID);
  CHECK(strstr(error.text, "measured_latency") != NULL);
  config.measured_latency = 0;
  kernel = fixture_kernel(&config);
  CHECK_EQUAL(nt_kernel_set_latency(kernel, 0, 7, 0), NT_OK);
  CHECK_EQUAL(nt_kernel_set_latency(kernel, 0, -1, 0), NT_ERR_INVALID);
  CHECK_EQUAL(nt_kernel_set_latency(kernel, 0, 0, NT_RAW_MAX + 1), NT_ERR_INVALID);
  CHECK_EQUAL(nt_kernel_set_latency(kernel, 99, 0, 0), NT_ERR_INVALID);
  CHECK_EQUAL(nt_close(kernel), NT_OK);
  CHECK_EQUAL(nt_kernel_set_latency(kernel, 0, 1, 1), NT_ERR_BAD_HANDLE);
}

int main(void) {
  RUN(each_venue_has_its_own);
  RUN(measured_latency_counts_where_it_is_wanted);
  RUN(nothing_overtakes);
  RUN(what_is_no_latency_is_refused);
  RUN(a_kernel_takes_latencies_of_instruments);
  return 0;
}
