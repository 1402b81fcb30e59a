/* What the features cost: each tick, and each time that they are read.
 *
 *   features RUNS FILE
 *
 * Two tapes: the trades of FILE (an nt_kernel_config, nt_instrument, nt_account and nt_terms, then ticks) with the quotes that the kernel
 * implies from them, and quotes and trades at random. Each run goes through a tape once for one instrument and once for 5,000 in turn,
 * then reads all features of snapshots taken along the tape. A run's figure is the median of its groups of WINDOW ticks, or of SNAPSHOTS
 * reads: what interrupts it falls on few of them. Prints nanoseconds, run by run. */
#include <fcntl.h>
#include <sys/stat.h>

#include "../../c/feature_streams.h"
#include "fixture.h"

#define RANDOM_ROWS 40000
#define INSTRUMENTS 5000
#define SNAPSHOTS 256
#define READS 64 /* of each snapshot a run */
#define WINDOW 500

typedef struct tape_head {
  nt_kernel_config config;
  nt_instrument instrument;
  nt_account account;
  nt_terms terms;
} tape_head;

typedef struct tape {
  row *rows;
  uint32_t count;
  int64_t tick_size;
} tape;

/* The ticks with their quotes as the kernel shows them. */
static tape recorded(const char *path) {
  struct stat status;
  int fd = open(path, O_RDONLY);
  if (fd < 0 || fstat(fd, &status) != 0 || (size_t)status.st_size < sizeof(tape_head) + sizeof(nt_tick))
    bench_fail("cannot read the tape", fd);
  const uint8_t *bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
  if (bytes == MAP_FAILED) bench_fail("cannot map the tape of bytes", (long)status.st_size);
  close(fd);
  const tape_head *head = (const tape_head *)(const void *)bytes;
  const nt_tick *ticks = (const nt_tick *)(const void *)(bytes + sizeof(tape_head));
  tape made = {.count = (uint32_t)(((size_t)status.st_size - sizeof(tape_head)) / sizeof(nt_tick)),
               .tick_size = head->instrument.tick_size};
  if (ticks[made.count - 1].kind == NT_TICK_END) made.count--;
  made.rows = calloc(made.count, sizeof(row));
  if (made.rows == NULL) bench_fail("no memory for ticks", made.count);
  nt_kernel_config config = {.clock = NT_CLOCK_TAPE, .instruments = 1, .accounts = 1, .channels = 1};
  nt_error error;
  uint32_t kernel, client;
  if (nt_kernel_create(&config, &kernel, &error) != NT_OK) bench_fail(error.text, error.code);
  fixture_check(nt_kernel_add_instrument(kernel, &head->instrument), "nt_kernel_add_instrument");
  fixture_check(nt_kernel_add_account(kernel, &head->account), "nt_kernel_add_account");
  fixture_check(nt_kernel_set_terms(kernel, &head->terms), "nt_kernel_set_terms");
  fixture_check(nt_kernel_client(kernel, "bench", &client, &error), "nt_kernel_client");
  for (uint32_t i = 0; i < made.count; i++) {
    nt_tick tick = ticks[i];
    nt_report report;
    nt_poll poll;
    nt_quote quote;
    tick.flags |= NT_TICK_LAST_OF_SLICE;
    if (nt_kernel_replay(kernel, &tick, 1) != 1) bench_fail("a tick was not taken", i);
    fixture_check(nt_client_poll(client, &tick, 1, &report, 1, 0, &poll), "nt_client_poll"); /* with the side that the kernel found */
    if (poll.ticks != 1) bench_fail("a tick was not shown", i);
    fixture_check(nt_read_quote(kernel, 0, &quote), "nt_read_quote");
    int implied = (quote.flags & NT_TICK_IMPLIED) != 0;
    made.rows[i] = (row){.tick = tick,
                         .bid = quote.bid_price,
                         .ask = quote.ask_price,
                         .bid_size = implied ? NT_ABSENT : quote.bid_size,
                         .ask_size = implied ? NT_ABSENT : quote.ask_size,
                         .implied = implied};
  }
  fixture_check(nt_close(client), "nt_close");
  fixture_check(nt_close(kernel), "nt_close");
  return made;
}

static tape drawn(void) {
  tape made = {.rows = calloc(RANDOM_ROWS, sizeof(row)), .count = RANDOM_ROWS, .tick_size = 25};
  if (made.rows == NULL) bench_fail("no memory for ticks", RANDOM_ROWS);
  make_stream(made.rows, made.count, MIXED, 1);
  return made;
}

static double updates_ns(const tape *of, nt_features *instruments, uint32_t count, double *windows) {
  for (uint32_t i = 0; i < count; i++) nt_features_init(&instruments[i], of->tick_size);
  uint32_t instrument = 0, whole = of->count / WINDOW;
  for (uint32_t w = 0; w < whole; w++) {
    const row *rows = of->rows + (size_t)w * WINDOW;
    int64_t begin = bench_ns();
    for (uint32_t i = 0; i < WINDOW; i++) {
      update(&instruments[instrument], &rows[i]);
      instrument = instrument + 1 == count ? 0 : instrument + 1;
    }
    windows[w] = (double)(bench_ns() - begin) / WINDOW;
  }
  return bench_quantile(windows, whole, 0.5);
}

static void take_snapshots(const tape *of, nt_features *snapshots) {
  nt_features now;
  nt_features_init(&now, of->tick_size);
  uint32_t taken = 0;
  for (uint32_t i = 0; i < of->count && taken < SNAPSHOTS; i++) {
    update(&now, &of->rows[i]);
    if ((uint64_t)(i + 1) * SNAPSHOTS >= (uint64_t)(taken + 1) * of->count) snapshots[taken++] = now;
  }
  if (taken < SNAPSHOTS) bench_fail("the tape has too few ticks", of->count);
}

static double reads_ns(const nt_features *snapshots, double *sum) {
  double values[NT_FEATURE_COUNT], rounds[READS];
  for (int round = 0; round < READS; round++) {
    int64_t begin = bench_ns();
    for (int i = 0; i < SNAPSHOTS; i++) {
      (void)nt_features_read(&snapshots[i], values, NT_FEATURE_COUNT);
      *sum += values[NT_FEATURE_RETURN_64];
    }
    rounds[round] = (double)(bench_ns() - begin) / SNAPSHOTS;
  }
  return bench_quantile(rounds, READS, 0.5);
}

static void measure(const char *name, const tape *of, long runs, const char *end) {
  nt_features *instruments = calloc(INSTRUMENTS + SNAPSHOTS, sizeof(nt_features)), *snapshots = instruments + INSTRUMENTS;
  double *times = calloc((size_t)(3 * runs) + of->count / WINDOW, sizeof(double)), *windows = times + 3 * runs;
  double sum = 0, values[NT_FEATURE_COUNT];
  if (instruments == NULL || times == NULL) bench_fail("no memory for runs", runs);
  take_snapshots(of, snapshots);
  int known = 0; /* values at the end of the tape */
  (void)nt_features_read(&snapshots[SNAPSHOTS - 1], values, NT_FEATURE_COUNT);
  for (int i = 0; i < NT_FEATURE_COUNT; i++) known += values[i] == values[i];
  for (long number = -1; number < runs; number++) { /* the first is not counted */
    long at = number < 0 ? 0 : number;
    times[at] = updates_ns(of, instruments, 1, windows);
    times[runs + at] = updates_ns(of, instruments, INSTRUMENTS, windows);
    times[2 * runs + at] = reads_ns(snapshots, &sum);
  }
  printf("\"%s\": {\"ticks\": %u, \"known\": %d, ", name, of->count, known);
  bench_print_array("update", times, (size_t)runs, ", ");
  bench_print_array("update_of_5000", times + runs, (size_t)runs, ", ");
  bench_print_array("read", times + 2 * runs, (size_t)runs, ", ");
  printf("\"sum\": %.9g}%s", sum, end);
  free(instruments);
  free(times);
}

int main(int count, char **arguments) {
  long runs = bench_argument(count, arguments, 1);
  if (count < 3) bench_fail("a tape is needed as argument", 2);
  bench_pin(BENCH_PARENT_CPU);
  tape trades = recorded(arguments[2]), both = drawn();
  printf("{");
  measure("trades", &trades, runs, ", ");
  measure("quotes_and_trades", &both, runs, "}\n");
  free(trades.rows);
  free(both.rows);
  return 0;
}
