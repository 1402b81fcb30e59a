/* From a tick to the order that answers it, with and without a model in the kernel's loop.
 *
 *   pipeline RUNS TRIPS MODEL_FILE
 *
 * The kernel runs on its own thread in a child process; the parent is feed and client in one thread, so that two threads spin on two
 * processors. It pushes a tick, polls until it sees the signal of that tick (the tick itself where there is no model), sends an order on
 * the side that the signal favours, and polls for the report. Then it cancels, which is not measured.
 *
 *   taken   from the kernel's taking of the tick to its taking of the order, both stamped by the kernel with the same clock
 *   signal  from the kernel's taking of the tick to its taking of the signal: features and model
 *   round   from just before the push to the arrival of the report
 *
 * Before each run the same two processors pass a cache line to and fro (ping_pong, a round trip): where they are far from each other, every
 * message between client and kernel takes longer. */
#include <fcntl.h>
#include <sys/stat.h>

#include "fixture.h"
#include "pingpong.h"

#define SECOND_NS 1000000000
#define WARM_UP 2000
#define PING_PONGS 5000
#define DISTANCE 50 /* of the order from the middle: it rests */

typedef struct desk {
  uint32_t feed, client;
  int with_model;
  uint64_t seed, ticks;
  int64_t ts, mid;
} desk;

typedef struct series {
  double *taken, *signal, *round; /* of one run, in ns */
} series;

static void await_byte(int fd) {
  char byte;
  if (read(fd, &byte, 1) != 1) bench_fail("the other process is gone", fd);
}

static void send_byte(int fd) {
  if (write(fd, "", 1) != 1) bench_fail("the other process is gone", fd);
}

static void stop_at(const nt_error *error) {
  fprintf(stderr, "%s\n", error->text);
  exit(1);
}

static void *contents(const char *path, size_t *size) {
  struct stat status;
  int fd = open(path, O_RDONLY);
  if (fd < 0 || fstat(fd, &status) != 0) bench_fail("cannot read the model", fd);
  *size = (size_t)status.st_size;
  void *bytes = malloc(*size);
  if (bytes == NULL || read(fd, bytes, *size) != (ssize_t)*size) bench_fail("cannot read the model of bytes", (long)*size);
  close(fd);
  return bytes;
}

static void kernel_side(pingpong *floor, const char *name, const void *model, size_t size, int commands, int answers) {
  uint64_t number = 0;
  bench_pin(BENCH_CHILD_CPU);
  pingpong_pong(floor, &number, PING_PONGS);
  uint32_t kernel = fixture_kernel(name, NT_CLOCK_MONOTONIC, 1);
  nt_error error;
  if (model != NULL && nt_kernel_add_model(kernel, "model", model, size, NT_PRECISION_FLOAT32, NT_ISA_AUTO) < 0) {
    (void)nt_last_error(kernel, &error);
    stop_at(&error);
  }
  fixture_check(nt_kernel_start(kernel), "nt_kernel_start");
  send_byte(answers);
  await_byte(commands);
  fixture_check(nt_close(kernel), "nt_close");
}

static uint64_t below(uint64_t *seed, uint64_t bound) {
  *seed ^= *seed << 13;
  *seed ^= *seed >> 7;
  *seed ^= *seed << 17;
  return *seed % bound;
}

/* Quotes and trades in turn; the middle walks within 20 of where it began. */
static nt_tick next_tick(desk *at) {
  int64_t step = 5 * ((int64_t)below(&at->seed, 3) - 1);
  if (at->mid + step >= FIXTURE_MIDDLE - 20 && at->mid + step <= FIXTURE_MIDDLE + 20) at->mid += step;
  int64_t now = nt_clock_ns();
  at->ts = now > at->ts ? now : at->ts + 1;
  nt_tick tick = fixture_quote(0, at->ts);
  if (at->ticks++ % 2 == 0) {
    tick.bid_price = at->mid - 5;
    tick.ask_price = at->mid + 5;
    tick.bid_size = 1 + (int64_t)below(&at->seed, 200);
    tick.ask_size = 1 + (int64_t)below(&at->seed, 200);
  } else {
    tick.kind = NT_TICK_TRADE;
    tick.aggressor = below(&at->seed, 2) == 0 ? NT_SIDE_BUY : NT_SIDE_SELL;
    tick.price = tick.aggressor == NT_SIDE_BUY ? at->mid + 5 : at->mid - 5;
    tick.size = 1 + (int64_t)below(&at->seed, 20);
    tick.trade_id = (int64_t)at->ticks;
  }
  return tick;
}

/* The report of an order, polled for. */
static nt_report await_report(const desk *at, uint64_t id, uint8_t exec_type) {
  nt_tick ticks[64];
  nt_report report;
  nt_poll poll = {0};
  while (poll.reports == 0) fixture_check(nt_client_poll(at->client, ticks, 64, &report, 1, SECOND_NS, &poll), "nt_client_poll");
  if (report.client_order_id != id || report.exec_type != exec_type) bench_fail("an unexpected report, reason", report.reason);
  return report;
}

/* Until the tick of this time has been seen, and its signal if one is waited for: when the kernel took each, and what the signal was. */
static nt_tick await_ticks(const desk *at, int64_t ts, int for_signal, int64_t *taken) {
  nt_tick ticks[64];
  nt_report report;
  nt_poll poll;
  *taken = NT_ABSENT;
  for (;;) {
    fixture_check(nt_client_poll(at->client, ticks, 64, &report, 1, SECOND_NS, &poll), "nt_client_poll");
    for (uint32_t i = 0; i < poll.ticks; i++) {
      if (ticks[i].ts_event != ts) continue;
      if (ticks[i].kind != NT_TICK_SIGNAL) *taken = ticks[i].ts_recv;
      if ((ticks[i].kind == NT_TICK_SIGNAL) == for_signal) return ticks[i];
    }
  }
}

static void trip(desk *at, double cycle_ns, const series *to, long number) {
  nt_tick tick = next_tick(at);
  int64_t taken;
  uint64_t begin = bench_cycles();
  if (nt_feed_push(at->feed, &tick, 1, SECOND_NS) != 1) bench_fail("the tick was not pushed", (long)at->ticks);
  nt_tick seen = await_ticks(at, tick.ts_event, at->with_model, &taken);
  nt_order order = fixture_order(0);
  if (at->with_model ? seen.values[2] < seen.values[0] : at->mid < FIXTURE_MIDDLE) order.side = NT_SIDE_SELL;
  order.price = FIXTURE_MIDDLE + (order.side == NT_SIDE_SELL ? DISTANCE : -DISTANCE);
  fixture_check(nt_client_submit(at->client, &order), "nt_client_submit");
  nt_report report = await_report(at, order.client_order_id, NT_EXEC_NEW);
  uint64_t end = bench_cycles();
  if (taken == NT_ABSENT || report.ts_recv < taken) bench_fail("the order was taken before its tick", (long)at->ticks);
  if (at->with_model && seen.confidence <= 0.0f) bench_fail("the signal says nothing after ticks", (long)at->ticks);
  to->taken[number] = (double)(report.ts_recv - taken);
  to->signal[number] = (double)(seen.ts_recv - taken);
  to->round[number] = (double)(end - begin) * cycle_ns;
  nt_order cancel = fixture_cancel(order.client_order_id);
  fixture_check(nt_client_submit(at->client, &cancel), "nt_client_submit");
  (void)await_report(at, order.client_order_id, NT_EXEC_CANCELED);
}

/* A kernel of its own: the first ticks give every feature something to be computed from. */
static void run(const void *model, size_t size, long count, double cycle_ns, const series *to, trips *floors) {
  static uint64_t cycles[PING_PONGS];
  uint64_t number = 0;
  pingpong *floor = bench_shared(sizeof(pingpong));
  int to_kernel[2], to_client[2];
  char name[NT_NAME_BYTES];
  snprintf(name, sizeof(name), "bench-%d", (int)getpid());
  if (pipe(to_kernel) != 0 || pipe(to_client) != 0) bench_fail("pipe", 0);
  pid_t child = bench_fork();
  if (child == 0) {
    kernel_side(floor, name, model, size, to_kernel[0], to_client[1]);
    _exit(0);
  }
  pingpong_ping(floor, &number, PING_PONGS, cycles);
  trips_add(floors, cycles, PING_PONGS, cycle_ns);
  await_byte(to_client[0]);
  desk at = {.with_model = model != NULL, .seed = 88172645463325252ULL, .mid = FIXTURE_MIDDLE};
  nt_error error;
  if (nt_client_attach(name, "bench", 5 * (int64_t)SECOND_NS, &at.client, &error) != NT_OK) stop_at(&error);
  if (nt_feed_attach(name, 5 * (int64_t)SECOND_NS, &at.feed, &error) != NT_OK) stop_at(&error);
  for (int i = 0; i < 64; i++) {
    nt_tick tick = next_tick(&at);
    int64_t taken;
    if (nt_feed_push(at.feed, &tick, 1, SECOND_NS) != 1) bench_fail("the tick was not pushed", i);
    (void)await_ticks(&at, tick.ts_event, 0, &taken);
  }
  for (long i = 0; i < WARM_UP; i++) trip(&at, cycle_ns, to, 0);
  for (long i = 0; i < count; i++) trip(&at, cycle_ns, to, i);
  fixture_check(nt_close(at.feed), "nt_close");
  fixture_check(nt_close(at.client), "nt_close");
  send_byte(to_kernel[1]);
  bench_join(child);
  for (int end = 0; end < 2; end++) {
    close(to_kernel[end]);
    close(to_client[end]);
  }
  munmap(floor, sizeof(pingpong));
}

int main(int count, char **arguments) {
  static const char *const variants[] = {"without_model", "with_model"};
  static const char *const parts[] = {"taken", "signal", "round"};
  long runs = bench_argument(count, arguments, 1), each_run = bench_argument(count, arguments, 2);
  if (count < 4) bench_fail("a model file is needed as argument", 3);
  size_t size;
  void *model = contents(arguments[3], &size);
  double *times = calloc((size_t)(3 * each_run + 12 * runs), sizeof(double)), *found = times + 3 * each_run;
  if (times == NULL) bench_fail("no memory for trips", each_run);
  double *const each[] = {times, times + each_run, times + 2 * each_run};
  trips floors[] = {trips_make("ping_pong", runs), trips_make("ping_pong", runs)};
  bench_pin(BENCH_PARENT_CPU);
  double cycle_ns = bench_cycle_ns();
  for (long number = 0; number < runs; number++) {
    for (int variant = 0; variant < 2; variant++) {
      run(variant == 0 ? NULL : model, size, each_run, cycle_ns, &(series){.taken = each[0], .signal = each[1], .round = each[2]},
          &floors[variant]);
      for (int part = 0; part < 3; part++) {
        double *to = found + (variant * 3 + part) * 2 * runs + number;
        to[0] = bench_quantile(each[part], (size_t)each_run, 0.5);
        to[runs] = bench_quantile(each[part], (size_t)each_run, 0.99);
      }
    }
  }
  for (int variant = 0; variant < 2; variant++) {
    printf("%s\"%s\": {", variant == 0 ? "{" : ", ", variants[variant]);
    for (int part = 0; part < 3; part++) {
      const double *from = found + (variant * 3 + part) * 2 * runs;
      printf("\"%s_ns\": {", parts[part]);
      bench_print_array("p50", from, (size_t)runs, ", ");
      bench_print_array("p99", from + runs, (size_t)runs, "}, ");
    }
    trips_print(&floors[variant], "}");
    free(floors[variant].p50);
  }
  printf("}\n");
  free(model);
  free(times);
  return 0;
}
