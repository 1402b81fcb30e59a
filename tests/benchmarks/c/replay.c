/* A tape in memory through a kernel in this process.
 *
 *   replay ticks RUNS FILE      the kernel alone: ticks, features, published rows; one read of the features at the end
 *   replay strategy RUNS FILE   the order-flow rule of examples/flow.py in C: polls and reads the features at every slice, and trades
 *
 * FILE holds an nt_kernel_config, nt_instrument, nt_account and nt_terms, then ticks to its end. Measured from the first tick, which lies
 * decoded in memory, to the last report. */
#include <fcntl.h>
#include <math.h>
#include <sys/stat.h>

#include "fixture.h"

#define ENTER 0.6
#define FEATURE "trade_flow_64"

typedef struct tape_head {
  nt_kernel_config config;
  nt_instrument instrument;
  nt_account account;
  nt_terms terms;
} tape_head;

typedef struct run {
  uint32_t kernel;
  uint32_t client; /* 0: none */
  uint32_t feature;
  int64_t unit; /* raw quantity of 1 */
  uint64_t reports;
  uint64_t orders;
  uint64_t fills;
  uint8_t *frames;
} run;

#define FRAMES_BYTES (1 << 20)

static const tape_head *load(const char *path, const nt_tick **ticks, uint32_t *count) {
  struct stat status;
  int fd = open(path, O_RDONLY);
  if (fd < 0 || fstat(fd, &status) != 0 || (size_t)status.st_size < sizeof(tape_head) + sizeof(nt_tick))
    bench_fail("cannot read the tape", fd);
  uint8_t *memory = aligned_alloc(64, ((size_t)status.st_size + 63) / 64 * 64);
  size_t bytes = (size_t)status.st_size, done = 0;
  if (memory == NULL) bench_fail("no memory for the tape", (long)bytes);
  while (done < bytes) {
    ssize_t got = read(fd, memory + done, bytes - done);
    if (got <= 0) bench_fail("cannot read the tape at byte", (long)done);
    done += (size_t)got;
  }
  close(fd);
  *ticks = (const nt_tick *)(const void *)(memory + sizeof(tape_head));
  *count = (uint32_t)((bytes - sizeof(tape_head)) / sizeof(nt_tick));
  return (const tape_head *)(const void *)memory;
}

static uint32_t feature_index(const char *wanted) {
  char name[64];
  for (uint32_t i = 0; nt_feature_name(i, name, sizeof(name)) >= 0; i++) {
    if (strcmp(name, wanted) == 0) return i;
  }
  bench_fail("there is no such feature", 0);
}

static run prepare(const tape_head *head, int with_client) {
  run at = {.feature = feature_index(FEATURE), .unit = 1, .frames = malloc(FRAMES_BYTES)};
  nt_error error = {.text = "no memory"};
  if (at.frames == NULL || nt_kernel_create(&head->config, &at.kernel, &error) != NT_OK) {
    fprintf(stderr, "%s\n", error.text);
    exit(1);
  }
  for (int32_t i = 0; i < head->instrument.quantity_decimals; i++) at.unit *= 10;
  fixture_check(nt_kernel_add_instrument(at.kernel, &head->instrument), "nt_kernel_add_instrument");
  fixture_check(nt_kernel_add_account(at.kernel, &head->account), "nt_kernel_add_account");
  fixture_check(nt_kernel_set_terms(at.kernel, &head->terms), "nt_kernel_set_terms");
  if (with_client) {
    fixture_check(nt_kernel_client(at.kernel, "flow", &at.client, &error), "nt_kernel_client");
    fixture_check(nt_client_subscribe(at.client), "nt_client_subscribe");
  }
  return at;
}

static int drain(run *at) {
  int32_t bytes = nt_kernel_drain(at->kernel, at->frames, FRAMES_BYTES);
  fixture_check(bytes, "nt_kernel_drain");
  return bytes > 0;
}

static void decide(run *at) {
  double features[NT_FEATURE_COUNT];
  nt_position position;
  int32_t known = nt_read_features(at->client, 0, features, NT_FEATURE_COUNT);
  if (known == NT_ERR_NO_DATA) return;
  fixture_check(known, "nt_read_features");
  double flow = features[at->feature];
  if (!(fabs(flow) > ENTER)) return;
  fixture_check(nt_read_position(at->client, 0, 0, &position), "nt_read_position");
  if ((double)position.projected * flow > 0) return;
  nt_order order = fixture_order(0);
  order.side = flow > 0 ? NT_SIDE_BUY : NT_SIDE_SELL;
  order.type = NT_ORDER_MARKET;
  order.price = NT_ABSENT;
  order.quantity = at->unit + (position.projected < 0 ? -position.projected : position.projected);
  fixture_check(nt_client_submit(at->client, &order), "nt_client_submit");
  at->orders++;
}

/* What the last slice brought. Returns 1 when there was something. */
static int turn(run *at, int *ended) {
  static nt_tick ticks[4096];
  nt_report reports[256];
  nt_poll poll;
  if (at->client == 0) return 0;
  fixture_check(nt_client_poll(at->client, ticks, 4096, reports, 256, 0, &poll), "nt_client_poll");
  for (uint32_t i = 0; i < poll.reports; i++) at->fills += reports[i].exec_type == NT_EXEC_TRADE;
  at->reports += poll.reports;
  if (poll.ticks > 0) decide(at);
  *ended = poll.ended != 0;
  return poll.ticks + poll.reports > 0;
}

static void replay(run *at, const nt_tick *ticks, uint32_t count) {
  uint32_t done = 0;
  int ended = at->client == 0;
  while (done < count || !ended) {
    int32_t used = nt_kernel_replay(at->kernel, ticks + done, count - done);
    fixture_check(used, "nt_kernel_replay");
    int drained = used == 0 && drain(at);
    done += (uint32_t)used;
    if (!turn(at, &ended) && used == 0 && !drained && (done < count || !ended)) bench_fail("the tape does not go on at tick", (long)done);
  }
  while (drain(at)) {
  }
}

int main(int argument_count, char **arguments) {
  const char *mode = argument_count > 1 ? arguments[1] : "";
  int with_client = strcmp(mode, "strategy") == 0;
  if (argument_count != 4 || (!with_client && strcmp(mode, "ticks") != 0)) {
    fprintf(stderr, "usage: replay ticks|strategy RUNS FILE\n");
    return 2;
  }
  long runs = bench_argument(argument_count, arguments, 2);
  const nt_tick *ticks;
  uint32_t count;
  const tape_head *head = load(arguments[3], &ticks, &count);
  double *times = calloc((size_t)runs * 2, sizeof(double)), *creations = times + runs;
  if (times == NULL) bench_fail("no memory for runs", runs);
  bench_pin(BENCH_CHILD_CPU);
  run at = {0};
  nt_counters counters;
  for (long i = 0; i < runs; i++) {
    int64_t begin = bench_ns();
    at = prepare(head, with_client);
    creations[i] = (double)(bench_ns() - begin) / 1e6;
    begin = bench_ns();
    replay(&at, ticks, count);
    times[i] = (double)(bench_ns() - begin) / 1e6;
    double features[NT_FEATURE_COUNT];
    fixture_check(nt_read_features(at.kernel, 0, features, NT_FEATURE_COUNT), "nt_read_features");
    fixture_check(nt_read_counters(at.kernel, &counters), "nt_read_counters");
    if (counters.ticks + 1 < count) bench_fail("ticks were lost; taken", (long)counters.ticks);
    if (with_client) fixture_check(nt_close(at.client), "nt_close");
    fixture_check(nt_close(at.kernel), "nt_close");
    free(at.frames);
  }
  printf("{\"ticks\": %u, \"slices\": %" PRIu64 ", \"orders\": %" PRIu64 ", \"fills\": %" PRIu64 ", \"reports\": %" PRIu64 ", ", count,
         counters.slices, at.orders, at.fills, at.reports);
  bench_print_array("create_ms", creations, (size_t)runs, ", ");
  bench_print_array("run_ms", times, (size_t)runs, "}\n");
  return 0;
}
