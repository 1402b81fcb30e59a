/* Kernels that are told to stop, die, or are closed from two sides, and lines that somebody has written over. */
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>

#include "core.h"
#include "kernel_fixture.h"

#define SECOND 1000000000

static nt_error error;
static char name[NT_NAME_BYTES];

static const char *fresh_name(const char *what) {
  snprintf(name, sizeof(name), "t-%s-%d", what, (int)getpid());
  return name;
}

/* A kernel in a child process, on its own thread or only created. Returns when it can be attached to. */
static pid_t kernel_process(uint32_t ring_capacity, int started) {
  pid_t child = check_fork();
  if (child == 0) {
    nt_kernel_config config = fixture_config(name, NT_CLOCK_TAPE);
    config.ring_capacity = ring_capacity;
    uint32_t kernel = fixture_kernel(&config);
    CHECK(started ? nt_kernel_start(kernel) == NT_OK : nt_kernel_run(kernel, 1) == 0);
    for (;;) pause();
  }
  return child;
}

static void kill_process(pid_t child) {
  int status;
  CHECK(kill(child, SIGKILL) == 0 && waitpid(child, &status, 0) == child);
}

static nt_tick print_at(int64_t ts) {
  return (nt_tick){.ts_event = ts, .price = 160000, .size = 5, .aggressor = 1, .kind = NT_TICK_TRADE, .flags = NT_TICK_LAST_OF_SLICE};
}

typedef struct order_to_stop {
  uint32_t control;
  int32_t result;
} order_to_stop;

static void *send_stop(void *argument) {
  order_to_stop *order = argument;
  nt_command command = {.kind = NT_COMMAND_STOP, .account = 65535};
  order->result = nt_control_send(order->control, &command, 10LL * SECOND);
  return NULL;
}

/* On its caller's thread and on its own: no input is taken after a stop, nothing hangs, and it can begin again. */
static void a_stop_stops(void) {
  nt_kernel_config config = fixture_config(fresh_name("stop"), NT_CLOCK_TAPE);
  uint32_t kernel = fixture_kernel(&config);
  order_to_stop order = {0};
  pthread_t sender;
  nt_tick tick = print_at(1000);
  int32_t ran;
  CHECK(nt_kernel_run(kernel, 1) == 0 && nt_control_attach(name, 0, &order.control, &error) == NT_OK);
  CHECK(pthread_create(&sender, NULL, send_stop, &order) == 0);
  while ((ran = nt_kernel_run(kernel, 100)) >= 0) nt_sleep_ns(100000);
  CHECK(pthread_join(sender, NULL) == 0 && order.result == NT_OK && ran == NT_ERR_STATE);
  CHECK(nt_kernel_replay(kernel, &tick, 1) == NT_ERR_STATE);
  CHECK(nt_last_error(kernel, &error) == NT_OK && strstr(error.text, "nt_kernel_start") != NULL);
  CHECK(nt_kernel_stop(kernel) == NT_OK && nt_kernel_replay(kernel, &tick, 1) == 1); /* acknowledged */
  for (int round = 0; round < 3; round++) {
    uint32_t client = 0;
    CHECK(nt_kernel_start(kernel) == NT_OK);
    (void)send_stop(&order);
    CHECK(order.result == NT_OK);
    if (round == 0) CHECK(nt_kernel_set_state(kernel, 65535, NT_STATE_HALTED, "after the stop") == NT_OK);
    if (round == 1) CHECK(nt_kernel_client(kernel, "late", &client, &error) == NT_OK && nt_close(client) == NT_OK);
  }
  CHECK(nt_close(order.control) == NT_OK && nt_close(kernel) == NT_OK);
}

static void *close_it(void *handle) {
  int32_t result = nt_close(*(uint32_t *)handle);
  CHECK(result == NT_OK || result == NT_ERR_CLOSED || result == NT_ERR_BAD_HANDLE);
  return NULL;
}

static void closes_from_two_threads(void) {
  nt_kernel_config config = {.clock = NT_CLOCK_TAPE,
                             .channels = 1,
                             .order_capacity = 2,
                             .ring_capacity = 64,
                             .tick_capacity = 64,
                             .journal_bytes = 1 << 17,
                             .instruments = 1,
                             .accounts = 1};
  uint64_t seed = 11;
  for (int round = 0; round < 1000; round++) {
    uint32_t kernel = 0, client = 0, feed = 0;
    pthread_t threads[2];
    CHECK(nt_kernel_create(&config, &kernel, &error) == NT_OK && nt_kernel_client(kernel, "a", &client, &error) == NT_OK);
    CHECK(nt_kernel_feed(kernel, &feed, &error) == NT_OK);
    CHECK(pthread_create(&threads[0], NULL, close_it, &client) == 0 && pthread_create(&threads[1], NULL, close_it, &feed) == 0);
    for (volatile uint64_t spin = check_random(&seed) % 20000; spin > 0; spin = spin - 1) {
    }
    CHECK(nt_close(kernel) == NT_OK);
    CHECK(pthread_join(threads[0], NULL) == 0 && pthread_join(threads[1], NULL) == 0);
  }
}

/* Who waits for room or for an answer without a limit learns that the kernel has died. */
static void a_dead_kernel_is_noticed(void) {
  uint32_t feed = 0, control = 0;
  nt_tick ticks[65];
  fresh_name("dead");
  pid_t child = kernel_process(64, 0);
  CHECK(nt_feed_attach(name, 10LL * SECOND, &feed, &error) == NT_OK && nt_control_attach(name, 10LL * SECOND, &control, &error) == NT_OK);
  for (int64_t i = 0; i < 65; i++) ticks[i] = print_at(i);
  CHECK(nt_feed_push(feed, ticks, 65, 0) == 64);
  kill_process(child);
  CHECK(nt_feed_push(feed, ticks, 1, -1) == NT_ERR_KERNEL_DEAD);
  nt_command halt = {.kind = NT_COMMAND_SET_STATE, .state = NT_STATE_HALTED, .account = 65535};
  CHECK(nt_control_send(control, &halt, -1) == NT_ERR_KERNEL_DEAD);
  CHECK(nt_close(feed) == NT_OK && nt_close(control) == NT_OK);
  nt_kernel_config config = fixture_config(name, NT_CLOCK_TAPE); /* the next of the name cleans up */
  uint32_t kernel = fixture_kernel(&config);
  CHECK(nt_close(kernel) == NT_OK);
}

static void scribble(const char *line) {
  char path[64];
  uint64_t seed = 5, words[1024];
  for (int i = 0; i < 1024; i++) words[i] = check_random(&seed);
  snprintf(path, sizeof(path), "/nt.%s.%s", name, line);
  int file = shm_open(path, O_RDWR, 0600);
  CHECK(file >= 0 && pwrite(file, words, sizeof(words), NT_SEGMENT_HEADER_BYTES) == (ssize_t)sizeof(words) && close(file) == 0);
}

/* Somebody writes over the lines of the feed and of the control, and leaves: the next can use them. */
static void damaged_lines_are_made_whole(void) {
  uint32_t feed = 0, control = 0, monitor = 0;
  nt_tick tick = print_at(1000);
  nt_status status = {0};
  fresh_name("damage");
  pid_t child = kernel_process(64, 1);
  CHECK(nt_control_attach(name, 10LL * SECOND, &control, &error) == NT_OK && nt_close(control) == NT_OK);
  CHECK(nt_monitor_attach(name, &monitor, &error) == NT_OK);
  for (int64_t round = 1; round <= 3; round++) {
    scribble("control");
    scribble("feed");
    CHECK(nt_control_attach(name, 10LL * SECOND, &control, &error) == NT_OK);
    nt_command halt = {.kind = NT_COMMAND_SET_STATE, .state = NT_STATE_HALTED, .account = 65535};
    CHECK(nt_control_send(control, &halt, 10LL * SECOND) == NT_OK);
    CHECK(nt_feed_attach(name, 10LL * SECOND, &feed, &error) == NT_OK);
    tick.ts_event = round;
    CHECK(nt_feed_push(feed, &tick, 1, 10LL * SECOND) == 1);
    while (status.ticks_published < (uint64_t)round) CHECK(nt_read_status(monitor, &status) == NT_OK);
    CHECK(nt_close(control) == NT_OK && nt_close(feed) == NT_OK);
  }
  CHECK(nt_close(monitor) == NT_OK);
  kill_process(child);
  nt_kernel_config config = fixture_config(name, NT_CLOCK_TAPE);
  uint32_t kernel = fixture_kernel(&config);
  CHECK(nt_close(kernel) == NT_OK);
}

/* A client of another process dies and one of this process takes its name: the death is the former's, not the latter's. */
static void a_death_is_not_the_heirs(void) {
  nt_kernel_config config = fixture_config(fresh_name("heir"), NT_CLOCK_TAPE);
  uint32_t kernel = fixture_kernel(&config), client = 0;
  nt_channel channel = {0};
  nt_tick tick = print_at(1000);
  int ready[2];
  char byte;
  CHECK(pipe(ready) == 0 && nt_kernel_run(kernel, 1) == 0);
  pid_t child = check_fork();
  if (child == 0) {
    CHECK(nt_client_attach(name, "alice", 10LL * SECOND, &client, &error) == NT_OK && write(ready[1], "x", 1) == 1);
    for (;;) pause();
  }
  while (channel.state == 0) {
    CHECK(nt_kernel_run(kernel, 10) >= 0 && nt_read_channel(kernel, 0, &channel) == NT_OK);
    nt_sleep_ns(100000);
  }
  CHECK(read(ready[0], &byte, 1) == 1);
  kill_process(child);
  nt_sleep_ns(60000000); /* the next call probes, and takes no note yet */
  CHECK(nt_kernel_replay(kernel, NULL, 0) == 0);
  CHECK(nt_kernel_client(kernel, "alice", &client, &error) == NT_OK && nt_kernel_replay(kernel, &tick, 1) == 1);
  for (int i = 0; i < 50; i++) CHECK(nt_kernel_run(kernel, 100) >= 0);
  CHECK(nt_read_channel(kernel, 0, &channel) == NT_OK && channel.state == 1);
  nt_order order = fixture_order(NT_SIDE_BUY, 1, 159000);
  CHECK(nt_client_submit(client, &order) == NT_OK && nt_kernel_run(kernel, 100) > 0);
  CHECK(fixture_report(client).exec_type == NT_EXEC_NEW);
  nt_counters counters;
  CHECK(nt_read_counters(kernel, &counters) == NT_OK && counters.deaths == 1);
  CHECK(nt_close(kernel) == NT_OK && close(ready[0]) == 0 && close(ready[1]) == 0);
}

static _Atomic int flooding;

static void *flood(void *argument) {
  static nt_order orders[64];
  static nt_report reports[256];
  static nt_tick ticks[16];
  nt_poll poll;
  while (atomic_load(&flooding)) {
    for (int i = 0; i < 64; i++) orders[i] = (nt_order){.message = NT_MESSAGE_MASS_CANCEL, .instrument = NT_NONE};
    int32_t sent = nt_client_submit_batch(*(uint32_t *)argument, orders, 64);
    CHECK(sent >= 0 || sent == NT_ERR_FULL);
    CHECK(nt_client_poll(*(uint32_t *)argument, ticks, 16, reports, 256, 0, &poll) >= 0);
  }
  return NULL;
}

/* A client that floods its ring stops neither the kill switch nor the tape. */
static void a_flood_stops_nobody(void) {
  nt_kernel_config config = fixture_config(fresh_name("flood"), NT_CLOCK_TAPE);
  uint32_t kernel = fixture_kernel(&config), client = 0, feed = 0, control = 0;
  nt_status status = {0};
  pthread_t flooder;
  CHECK(nt_kernel_client(kernel, "flood", &client, &error) == NT_OK && nt_kernel_start(kernel) == NT_OK);
  CHECK(nt_kernel_feed(kernel, &feed, &error) == NT_OK && nt_control_attach(name, SECOND, &control, &error) == NT_OK);
  atomic_store(&flooding, 1);
  CHECK(pthread_create(&flooder, NULL, flood, &client) == 0);
  for (int64_t i = 1; i <= 5; i++) {
    nt_command halt = {.kind = NT_COMMAND_SET_STATE, .state = NT_STATE_HALTED, .account = 65535};
    nt_tick tick = print_at(i);
    CHECK(nt_control_send(control, &halt, 30LL * SECOND) == NT_OK && nt_feed_push(feed, &tick, 1, 30LL * SECOND) == 1);
    while (status.ticks_published < (uint64_t)i) CHECK(nt_read_status(control, &status) == NT_OK);
  }
  atomic_store(&flooding, 0);
  CHECK(pthread_join(flooder, NULL) == 0 && nt_close(control) == NT_OK && nt_close(kernel) == NT_OK);
}

int main(void) {
  RUN(a_stop_stops);
  RUN(closes_from_two_threads);
  RUN(a_dead_kernel_is_noticed);
  RUN(damaged_lines_are_made_whole);
  RUN(a_death_is_not_the_heirs);
  RUN(a_flood_stops_nobody);
  return 0;
}
