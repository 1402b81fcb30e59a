/* Orders and ticks as programs in several languages see them: the kernel that all of them attach to, and their counterpart in C.
 *
 *   interop kernel NAME TICKS   a kernel on one processor, its loop on a thread of the library; TICKS slots of its tick ring, 0 as usual
 *   interop client              does what workers/interop.mjs and workers/interop_python.py do
 *   interop memory [KERNEL]     the memory of a process that does nothing, or that has traded
 *
 * The first two take commands from standard input and answer each by a line of JSON. */
#include <fcntl.h>
#include <sys/stat.h>

#include "fixture.h"

#define SECOND_NS 1000000000
#define SEGMENT 512 /* orders that rest before all are cancelled, which is not timed; below the order capacity */
#define FEW 64      /* orders that rest at once in a process whose memory is looked at */
#define SPIN_NS 5000
#define WORDS 4
#define TICKS 4096

typedef struct command {
  char line[512];
  char *word[WORDS];
} command;

/* 0 at the end of the input. */
static int next_command(command *at) {
  if (fgets(at->line, sizeof(at->line), stdin) == NULL) return 0;
  char *rest = at->line;
  for (int i = 0; i < WORDS; i++) {
    at->word[i] = strtok_r(rest, " \n", &rest);
    if (at->word[i] == NULL) at->word[i] = "";
  }
  return 1;
}

static int is(const command *at, const char *name) {
  return strcmp(at->word[0], name) == 0;
}

/* A number of a command. */
static long argument(const command *at, int index) {
  char *end;
  long value = strtol(at->word[index], &end, 10);
  if (value < 0 || end == at->word[index] || *end != 0) bench_fail("a command needs a number as its argument", index);
  return value;
}

static void answer(void) {
  printf("\n");
  fflush(stdout);
}

static void ready(void) {
  printf("{\"ready\": true}");
  answer();
}

/* What every reader makes of a tick: two of its words, whatever its kind. */
static int64_t sum_of(const nt_tick *tick) {
  return 3 * tick->bid_price + tick->ask_price;
}

static double memory_mb(void) {
  char line[256];
  long kilobytes = 0;
  FILE *status = fopen("/proc/self/status", "r");
  if (status == NULL) bench_fail("cannot read /proc/self/status", 0);
  while (fgets(line, sizeof(line), status) != NULL) (void)sscanf(line, "RssAnon: %ld kB", &kilobytes);
  fclose(status);
  return (double)kilobytes / 1024;
}

/* ---- kernel ------------------------------------------------------------------------------------------------------------------ */

static void push(uint32_t feed, const nt_tick *ticks, uint32_t count) {
  if (nt_feed_push(feed, ticks, count, 10 * (int64_t)SECOND_NS) != (int32_t)count) bench_fail("the kernel took not all ticks", count);
}

static uint64_t published(uint32_t kernel) {
  nt_status status;
  fixture_check(nt_read_status(kernel, &status), "nt_read_status");
  return status.ticks_published;
}

static void await_published(uint32_t kernel, uint64_t count) {
  for (int64_t begin = bench_ns(); published(kernel) < count; usleep(100)) {
    if (bench_ns() - begin > 10 * (int64_t)SECOND_NS) bench_fail("the kernel has not published the ticks, only", (long)published(kernel));
  }
}

/* Every tick of a file of workers/write_tape.py, as fast as the kernel takes them. */
static void burst(uint32_t kernel, uint32_t feed, const char *path, long head_bytes) {
  struct stat status;
  int fd = open(path, O_RDONLY);
  if (fd < 0 || fstat(fd, &status) != 0 || status.st_size <= head_bytes) bench_fail("cannot read the tape", fd);
  uint8_t *memory = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
  if (memory == MAP_FAILED) bench_fail("cannot map the tape", fd);
  uint32_t count = (uint32_t)(((size_t)status.st_size - (size_t)head_bytes) / sizeof(nt_tick)) - 1; /* but the end: real time has none */
  uint64_t before = published(kernel);
  int64_t sum = 0;
  for (uint32_t done = 0; done < count;) {
    nt_tick ticks[256]; /* the bytes of a file are not aligned */
    uint32_t part = count - done < 256 ? count - done : 256;
    memcpy(ticks, memory + head_bytes + done * sizeof(nt_tick), part * sizeof(nt_tick));
    for (uint32_t i = 0; i < part; i++) sum += sum_of(&ticks[i]);
    push(feed, ticks, part);
    done += part;
  }
  await_published(kernel, before + count);
  munmap(memory, (size_t)status.st_size);
  close(fd);
  printf("{\"ticks\": %u, \"sum\": %" PRId64 "}", count, sum);
  answer();
}

static nt_tick quote_of(long number) {
  nt_tick tick = fixture_quote(0, nt_clock_ns());
  tick.bid_price -= 5 * (number % 7);
  tick.ask_price += 5 * (number % 5);
  return tick;
}

/* count quotes, some at a time; each carries the time at which it was pushed. */
static void pace(uint32_t feed, long count, long at_once, long interval_us) {
  nt_tick ticks[1024];
  int64_t sum = 0, next = bench_ns(), late = 0;
  if (at_once > 1024 || count % at_once != 0) bench_fail("not so many ticks at once", at_once);
  for (long done = 0; done < count; done += at_once) {
    next += interval_us * 1000;
    struct timespec until = {.tv_sec = next / SECOND_NS, .tv_nsec = next % SECOND_NS};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) != 0) {
    }
    for (long i = 0; i < at_once; i++) {
      ticks[i] = quote_of(done + i);
      sum += sum_of(&ticks[i]);
    }
    push(feed, ticks, (uint32_t)at_once);
    int64_t behind = bench_ns() - next;
    if (behind > late) late = behind;
  }
  printf("{\"ticks\": %ld, \"sum\": %" PRId64 ", \"latest_ms\": %.3f}", count, sum, (double)late / 1e6);
  answer();
}

static void kernel_side(const char *name, long slots) {
  command at;
  uint32_t feed;
  nt_error error;
  bench_pin(BENCH_CHILD_CPU);
  uint32_t kernel = fixture_kernel_of((nt_kernel_config){.clock = NT_CLOCK_MONOTONIC, .tick_capacity = (uint32_t)slots}, name);
  fixture_check(nt_kernel_start(kernel), "nt_kernel_start");
  fixture_check(nt_kernel_feed(kernel, &feed, &error), "nt_kernel_feed");
  nt_tick first = fixture_quote(0, nt_clock_ns());
  push(feed, &first, 1);
  await_published(kernel, 1);
  ready();
  while (next_command(&at)) {
    if (is(&at, "burst")) {
      burst(kernel, feed, at.word[1], argument(&at, 2));
    } else if (is(&at, "pace")) {
      pace(feed, argument(&at, 1), argument(&at, 2), argument(&at, 3));
    } else {
      bench_fail("the kernel knows no such command", at.word[0][0]);
    }
  }
  fixture_check(nt_close(feed), "nt_close");
  fixture_check(nt_close(kernel), "nt_close");
}

/* ---- client ------------------------------------------------------------------------------------------------------------------ */

static uint32_t attach(const char *kernel) {
  static int number;
  char name[NT_NAME_BYTES];
  uint32_t client;
  nt_error error;
  snprintf(name, sizeof(name), "c-%d-%d", (int)getpid(), ++number);
  if (nt_client_attach(kernel, name, 5 * (int64_t)SECOND_NS, &client, &error) != NT_OK) {
    fprintf(stderr, "%s\n", error.text);
    exit(1);
  }
  return client;
}

/* Submit, and look for the answer all the time: what executeSync does with `spin`. */
static void execute(uint32_t client) {
  nt_order order = fixture_order(0);
  nt_report report;
  nt_poll poll;
  fixture_check(nt_client_submit(client, &order), "nt_client_submit");
  do {
    fixture_check(nt_client_poll(client, NULL, 0, &report, 1, SPIN_NS, &poll), "nt_client_poll");
  } while (poll.reports == 0);
  if (report.client_order_id != order.client_order_id || report.exec_type != NT_EXEC_NEW)
    bench_fail("an unexpected report, reason", report.reason);
}

static void cancel_all(uint32_t client, uint32_t orders) {
  nt_order order = fixture_cancel(0);
  nt_report reports[256];
  nt_poll poll;
  order.message = NT_MESSAGE_MASS_CANCEL;
  order.instrument = NT_NONE;
  fixture_check(nt_client_submit(client, &order), "nt_client_submit");
  for (uint32_t cancelled = 0; cancelled < orders; cancelled += poll.reports)
    fixture_check(nt_client_poll(client, NULL, 0, reports, 256, SECOND_NS, &poll), "nt_client_poll");
}

static void sync_orders(const char *kernel, long segments) {
  uint32_t client = attach(kernel);
  double *times = calloc((size_t)(segments * SEGMENT), sizeof(double));
  if (times == NULL) bench_fail("no memory for orders", segments * SEGMENT);
  for (int i = 0; i < SEGMENT; i++) execute(client);
  cancel_all(client, SEGMENT);
  for (long segment = 0; segment < segments; segment++) {
    for (long i = segment * SEGMENT; i < (segment + 1) * SEGMENT; i++) {
      int64_t begin = bench_ns();
      execute(client);
      times[i] = (double)(bench_ns() - begin);
    }
    cancel_all(client, SEGMENT);
  }
  int64_t taken = 0;
  for (long segment = 0; segment < segments; segment++) {
    int64_t begin = bench_ns();
    for (int i = 0; i < SEGMENT; i++) execute(client);
    taken += bench_ns() - begin;
    cancel_all(client, SEGMENT);
  }
  fixture_check(nt_close(client), "nt_close");
  size_t count = (size_t)(segments * SEGMENT);
  printf("{\"p50_ns\": %.1f, \"p99_ns\": %.1f, \"per_s\": %.1f}", bench_quantile(times, count, 0.5), bench_quantile(times, count, 0.99),
         (double)count / (double)taken * 1e9);
  answer();
  free(times);
}

/* Asleep until a tick comes: how late is it seen? */
static void parked(const char *kernel, long count) {
  uint32_t client = attach(kernel);
  double *times = calloc((size_t)count, sizeof(double));
  nt_tick ticks[64];
  nt_report report;
  nt_poll poll;
  if (times == NULL) bench_fail("no memory for ticks", count);
  ready();
  for (long seen = 0; seen < count;) {
    fixture_check(nt_client_wait(client, 0, -1), "nt_client_wait");
    int64_t now = nt_clock_ns();
    fixture_check(nt_client_poll(client, ticks, 64, &report, 1, 0, &poll), "nt_client_poll");
    for (uint32_t i = 0; i < poll.ticks && seen < count; i++) times[seen++] = (double)(now - ticks[i].ts_event) / 1e3;
  }
  fixture_check(nt_close(client), "nt_close");
  printf("{\"p50_us\": %.3f, \"p99_us\": %.3f}", bench_quantile(times, (size_t)count, 0.5), bench_quantile(times, (size_t)count, 0.99));
  answer();
  free(times);
}

/* Ticks that lie ready: read them, and two words of each. */
static void read_ticks(const char *kernel, long count) {
  static nt_tick ticks[TICKS];
  nt_report report;
  nt_poll poll;
  command go;
  uint32_t client = attach(kernel);
  ready();
  if (!next_command(&go)) bench_fail("nobody says go", 0);
  int64_t sum = 0, begin = bench_ns();
  uint64_t lost = 0;
  for (long seen = 0; seen < count; seen += poll.ticks + poll.lost) {
    fixture_check(nt_client_poll(client, ticks, TICKS, &report, 1, 0, &poll), "nt_client_poll");
    for (uint32_t i = 0; i < poll.ticks; i++) sum += sum_of(&ticks[i]);
    lost += poll.lost;
  }
  int64_t taken = bench_ns() - begin;
  fixture_check(nt_close(client), "nt_close");
  printf("{\"ms\": %.4f, \"sum\": %" PRId64 ", \"lost\": %" PRIu64 "}", (double)taken / 1e6, sum, lost);
  answer();
}

static void client_side(void) {
  command at;
  bench_pin(BENCH_PARENT_CPU);
  while (next_command(&at)) {
    if (is(&at, "sync")) {
      sync_orders(at.word[1], argument(&at, 2));
    } else if (is(&at, "parked")) {
      parked(at.word[1], argument(&at, 2));
    } else if (is(&at, "ticks")) {
      read_ticks(at.word[1], argument(&at, 2));
    } else {
      bench_fail("the client knows no such command", at.word[0][0]);
    }
  }
}

/* What a client needs beyond a process that does nothing. */
static void memory(const char *kernel, long segments) {
  if (kernel != NULL) {
    uint32_t client = attach(kernel);
    for (long segment = 0; segment < segments; segment++) {
      for (int i = 0; i < FEW; i++) execute(client);
      cancel_all(client, FEW);
    }
  }
  usleep(300000);
  printf("{\"rss_anon_mb\": %.3f}", memory_mb());
  answer();
}

int main(int argument_count, char **arguments) {
  const char *mode = argument_count > 1 ? arguments[1] : "";
  if (strcmp(mode, "kernel") == 0 && argument_count == 4) {
    kernel_side(arguments[2], strtol(arguments[3], NULL, 10));
  } else if (strcmp(mode, "client") == 0) {
    client_side();
  } else if (strcmp(mode, "memory") == 0) {
    memory(argument_count > 3 ? arguments[2] : NULL, argument_count > 3 ? strtol(arguments[3], NULL, 10) : 0);
  } else {
    fprintf(stderr, "usage: interop kernel NAME TICKS | client | memory [KERNEL SEGMENTS]\n");
    return 2;
  }
  return 0;
}
