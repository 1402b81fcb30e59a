/* Orders through a kernel, from submit to report.
 *
 *   order trips RUNS TRIPS   client process -> kernel process -> client process, beside the ping-pong of the same two processes
 *   order cost RUNS ORDERS   what one order costs a kernel that has taken 10, 100, ... ORDERS orders (a power of ten) */
#include "fixture.h"
#include "pingpong.h"

#define SECOND_NS 1000000000
#define WINDOW 10           /* orders timed together */
#define WINDOWS_COMPARED 50 /* of one point */

typedef struct shared {
  _Alignas(128) pingpong floor;
} shared;

static uint32_t polled(uint32_t client, nt_report *reports, uint32_t count, int64_t timeout_ns) {
  nt_tick ticks[64];
  nt_poll poll;
  fixture_check(nt_client_poll(client, ticks, 64, reports, count, timeout_ns, &poll), "nt_client_poll");
  return poll.reports;
}

/* ---- two processes ---------------------------------------------------------------------------------------------------------- */

/* The report of an order, spinning on the channel. */
static void await_report(uint32_t client, uint64_t id, uint8_t exec_type) {
  nt_report report;
  while (polled(client, &report, 1, SECOND_NS) == 0) {
  }
  if (report.client_order_id != id || report.exec_type != exec_type) bench_fail("an unexpected report, reason", report.reason);
}

static void await_byte(int fd) {
  char byte;
  if (read(fd, &byte, 1) != 1) bench_fail("the other process is gone", fd);
}

static void send_byte(int fd) {
  if (write(fd, "", 1) != 1) bench_fail("the other process is gone", fd);
}

/* Kernel process: answers the ping-pong, then runs the kernel's own thread and sleeps until the client has finished its turn. So there
 * are two spinning threads at any time. */
static void kernel_side(shared *both, const char *name, long runs, long count, int commands, int answers) {
  uint64_t number = 0;
  bench_pin(BENCH_CHILD_CPU);
  uint32_t kernel = fixture_kernel(name, NT_CLOCK_MONOTONIC, 0), feed;
  nt_error error;
  nt_tick quote = fixture_quote(0, nt_clock_ns());
  fixture_check(nt_kernel_start(kernel), "nt_kernel_start");
  fixture_check(nt_kernel_feed(kernel, &feed, &error), "nt_kernel_feed");
  fixture_check(nt_feed_push(feed, &quote, 1, SECOND_NS), "nt_feed_push");
  send_byte(answers);
  for (long run = 0; run < runs; run++) {
    await_byte(commands); /* the client has attached, or finished its turn */
    fixture_check(nt_kernel_stop(kernel), "nt_kernel_stop");
    send_byte(answers);
    pingpong_pong(&both->floor, &number, count);
    fixture_check(nt_kernel_start(kernel), "nt_kernel_start");
    send_byte(answers);
  }
  await_byte(commands);
  fixture_check(nt_close(feed), "nt_close");
  fixture_check(nt_close(kernel), "nt_close");
}

static void order_trips(long runs, long count) {
  shared *both = bench_shared(sizeof(shared));
  int to_kernel[2], to_client[2];
  char name[NT_NAME_BYTES];
  snprintf(name, sizeof(name), "bench-%d", (int)getpid());
  if (pipe(to_kernel) != 0 || pipe(to_client) != 0) bench_fail("pipe", 0);
  pid_t child = bench_fork();
  if (child == 0) {
    kernel_side(both, name, runs, count, to_kernel[0], to_client[1]);
    _exit(0);
  }
  bench_pin(BENCH_PARENT_CPU);
  double cycle_ns = bench_cycle_ns();
  uint64_t *cycles = calloc((size_t)count, sizeof(uint64_t)), number = 0;
  if (cycles == NULL) bench_fail("no memory for trips", count);
  trips floor = trips_make("ping_pong", runs), orders = trips_make("order", runs);
  uint32_t client;
  nt_error error;
  await_byte(to_client[0]);
  if (nt_client_attach(name, "bench", 5 * (int64_t)SECOND_NS, &client, &error) != NT_OK) {
    fprintf(stderr, "%s\n", error.text);
    exit(1);
  }
  for (long run = 0; run < runs; run++) {
    send_byte(to_kernel[1]);
    await_byte(to_client[0]);
    pingpong_ping(&both->floor, &number, count, cycles);
    trips_add(&floor, cycles, count, cycle_ns);
    await_byte(to_client[0]);
    for (long i = 0; i < count; i++) {
      nt_order order = fixture_order(0);
      uint64_t begin = bench_cycles();
      fixture_check(nt_client_submit(client, &order), "nt_client_submit");
      await_report(client, order.client_order_id, NT_EXEC_NEW);
      cycles[i] = bench_cycles() - begin;
      nt_order cancel = fixture_cancel(order.client_order_id);
      fixture_check(nt_client_submit(client, &cancel), "nt_client_submit");
      await_report(client, order.client_order_id, NT_EXEC_CANCELED);
    }
    trips_add(&orders, cycles, count, cycle_ns);
  }
  fixture_check(nt_close(client), "nt_close");
  send_byte(to_kernel[1]);
  bench_join(child);
  printf("{");
  trips_print(&floor, ", ");
  trips_print(&orders, "}\n");
}

/* ---- one order after many ---------------------------------------------------------------------------------------------------- */

typedef struct desk {
  uint32_t kernel;
  uint32_t client;
  int64_t ts;
  uint64_t orders;
  uint64_t fills;
} desk;

static void expect(const desk *at, const nt_report *report, uint32_t count, uint8_t exec_type) {
  if (count != 1 || report->exec_type != exec_type) bench_fail("unexpected reports after order", (long)at->orders);
}

static void step(const desk *at, nt_order *order) {
  fixture_check(nt_client_submit(at->client, order), "nt_client_submit");
  fixture_check(nt_kernel_run(at->kernel, 64), "nt_kernel_run");
}

/* An order that rests and is cancelled. */
static void rest_and_cancel(desk *at) {
  nt_report reports[8];
  nt_order order = fixture_order(0);
  at->orders++;
  step(at, &order);
  expect(at, reports, polled(at->client, reports, 8, 0), NT_EXEC_NEW);
  nt_order cancel = fixture_cancel(order.client_order_id);
  step(at, &cancel);
  expect(at, reports, polled(at->client, reports, 8, 0), NT_EXEC_CANCELED);
}

/* A market order that the next print fills; sides alternate, so that the position stays small. */
static void trade(desk *at) {
  nt_report reports[8];
  nt_order order = fixture_order(0);
  order.side = ++at->fills % 2 == 0 ? NT_SIDE_SELL : NT_SIDE_BUY;
  order.type = NT_ORDER_MARKET;
  order.price = NT_ABSENT;
  at->orders++;
  step(at, &order);
  expect(at, reports, polled(at->client, reports, 8, 0), NT_EXEC_NEW);
  nt_tick print = {.ts_event = ++at->ts,
                   .ts_recv = at->ts,
                   .price = order.side == NT_SIDE_BUY ? FIXTURE_MIDDLE + 5 : FIXTURE_MIDDLE - 5,
                   .size = 10,
                   .aggressor = order.side,
                   .kind = NT_TICK_TRADE,
                   .flags = NT_TICK_LAST_OF_SLICE};
  if (nt_kernel_replay(at->kernel, &print, 1) != 1) bench_fail("the print was not taken", (long)at->orders);
  expect(at, reports, polled(at->client, reports, 8, 0), NT_EXEC_TRADE);
}

static double window(desk *at) {
  int64_t begin = bench_ns();
  for (int i = 1; i < WINDOW; i++) rest_and_cancel(at);
  trade(at);
  return (double)(bench_ns() - begin) / WINDOW;
}

/* Nanoseconds per order, the median of WINDOWS_COMPARED windows, after 10, 100, 1,000 ... orders and before the last one. The early ones
 * meet memory that has not been touched, and a kernel times each of its first 4,096 orders. */
static void order_cost(long runs, long orders) {
  long windows = orders / WINDOW, points = 2;
  for (long after = 100; after * 10 <= orders; after *= 10) points++;
  double *cost = calloc((size_t)((points + 1) * runs), sizeof(double)), *mean = cost + points * runs;
  if (cost == NULL) bench_fail("no memory for runs", runs);
  bench_pin(BENCH_PARENT_CPU);
  for (long run = 0; run < runs; run++) {
    double times[WINDOWS_COMPARED];
    nt_error error;
    desk at = {.kernel = fixture_kernel("", NT_CLOCK_TAPE, 0), .ts = 1};
    fixture_check(nt_kernel_client(at.kernel, "bench", &at.client, &error), "nt_kernel_client");
    nt_tick quote = fixture_quote(0, at.ts);
    if (nt_kernel_replay(at.kernel, &quote, 1) != 1) bench_fail("the quote was not taken", 1);
    nt_report report;
    (void)polled(at.client, &report, 1, 0);
    int64_t begin = bench_ns();
    long after = 10, done = 0;
    for (long point = 0; point < points; point++, after *= 10) {
      long start = point == points - 1 ? windows - WINDOWS_COMPARED : after / WINDOW;
      for (; done < start; done++) (void)window(&at);
      for (int w = 0; w < WINDOWS_COMPARED; w++, done++) times[w] = window(&at);
      cost[point * runs + run] = bench_quantile(times, WINDOWS_COMPARED, 0.5);
    }
    mean[run] = (double)(bench_ns() - begin) / (double)orders;
    fixture_check(nt_close(at.client), "nt_close");
    fixture_check(nt_close(at.kernel), "nt_close");
  }
  printf("{");
  long after = 10;
  for (long point = 0; point < points; point++, after *= 10) {
    char name[32];
    snprintf(name, sizeof(name), "%ld", point == points - 1 ? orders : after);
    bench_print_array(name, cost + point * runs, (size_t)runs, ", ");
  }
  bench_print_array("mean", mean, (size_t)runs, "}\n");
}

int main(int argument_count, char **arguments) {
  const char *mode = argument_count > 1 ? arguments[1] : "";
  if (strcmp(mode, "trips") == 0) {
    order_trips(bench_argument(argument_count, arguments, 2), bench_argument(argument_count, arguments, 3));
  } else if (strcmp(mode, "cost") == 0) {
    order_cost(bench_argument(argument_count, arguments, 2), bench_argument(argument_count, arguments, 3));
  } else {
    fprintf(stderr, "usage: order trips RUNS TRIPS | cost RUNS ORDERS\n");
    return 2;
  }
  return 0;
}
