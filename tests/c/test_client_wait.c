/* Waiting for a client on a thread of its own, while other threads call. */
#include <pthread.h>

#include "kernel_fixture.h"

#define SECOND 1000000000LL
#define FOREVER (-1)
#define ROUNDS 2000

static nt_error error;
static char name[NT_NAME_BYTES];
static nt_tick ticks[64];
static nt_report reports[64];

typedef struct sleeper {
  pthread_t thread;
  uint32_t client;
  uint32_t reports_only;
  int64_t timeout_ns;
  int32_t result;
  int64_t ended_ns;
} sleeper;

static void *sleep_on(void *argument) {
  sleeper *self = argument;
  self->result = nt_client_wait(self->client, self->reports_only, self->timeout_ns);
  self->ended_ns = nt_clock_ns();
  return NULL;
}

static void start(sleeper *self, uint32_t client, int64_t timeout_ns) {
  *self = (sleeper){.client = client, .timeout_ns = timeout_ns};
  CHECK(pthread_create(&self->thread, NULL, sleep_on, self) == 0);
}

static int32_t joined(sleeper *self) {
  CHECK(pthread_join(self->thread, NULL) == 0);
  return self->result;
}

static void pause_ns(long nanoseconds) {
  const struct timespec time = {.tv_nsec = nanoseconds};
  nanosleep(&time, NULL);
}

static uint32_t running_kernel(const char *what, uint32_t clock) {
  snprintf(name, sizeof(name), "t-%s-%d", what, (int)getpid());
  nt_kernel_config config = fixture_config(name, clock);
  uint32_t kernel = fixture_kernel(&config);
  CHECK_EQUAL(nt_kernel_start(kernel), NT_OK);
  return kernel;
}

static uint32_t attached(const char *client_name) {
  uint32_t client = 0;
  CHECK_EQUAL(nt_client_attach(name, client_name, 5 * SECOND, &client, &error), NT_OK);
  return client;
}

static nt_poll poll_now(uint32_t client) {
  nt_poll poll;
  CHECK(nt_client_poll(client, ticks, 64, reports, 64, 0, &poll) >= 0);
  return poll;
}

static nt_order bad_order(void) { /* denied at once: there is no such instrument */
  return (nt_order){.message = NT_MESSAGE_NEW,
                    .side = NT_SIDE_BUY,
                    .type = NT_ORDER_MARKET,
                    .time_in_force = NT_TIF_DAY,
                    .price = NT_ABSENT,
                    .trigger_price = NT_ABSENT,
                    .quantity = 1,
                    .instrument = 77};
}

/* A report wakes it, as often as there is one, and it comes back at once while there is something that has not been polled. */
static void reports_wake(void) {
  uint32_t kernel = running_kernel("wait", NT_CLOCK_MONOTONIC), client = attached("a");
  for (int i = 0; i < ROUNDS; i++) {
    sleeper self;
    start(&self, client, 20 * SECOND);
    if (i % 4 == 0) pause_ns(200000); /* sometimes it sleeps already */
    nt_order order = bad_order();
    CHECK_EQUAL(nt_client_submit(client, &order), NT_OK);
    CHECK_EQUAL(joined(&self), 1);
    CHECK_EQUAL(nt_client_wait(client, 0, 0), 1);
    uint32_t seen = 0;
    while (seen == 0) seen += poll_now(client).reports;
    CHECK_EQUAL(seen, 1);
    CHECK_EQUAL(nt_client_wait(client, 0, 0), NT_ERR_TIMEOUT);
  }
  CHECK_EQUAL(nt_close(client), NT_OK);
  CHECK_EQUAL(nt_close(kernel), NT_OK);
}

/* Ticks wake it; a subscriber on a tape too, and its end. */
static void ticks_wake(void) {
  uint32_t kernel = running_kernel("tape", NT_CLOCK_TAPE), client = attached("a"), feed = 0;
  CHECK_EQUAL(nt_client_subscribe(client), NT_OK);
  CHECK_EQUAL(nt_kernel_feed(kernel, &feed, &error), NT_OK);
  CHECK_EQUAL(nt_client_wait(client, 0, 1000000), NT_ERR_TIMEOUT);
  sleeper self;
  start(&self, client, 20 * SECOND);
  nt_tick *tape = fixture_tape(200, 1);
  CHECK_EQUAL(nt_feed_push(feed, tape, 201, 20 * SECOND), 201);
  CHECK_EQUAL(joined(&self), 1);
  uint32_t read = 0;
  for (;;) {
    nt_poll poll = poll_now(client);
    read += poll.ticks;
    if (poll.ended) break;
    if (poll.ticks + poll.reports == 0) CHECK_EQUAL(nt_client_wait(client, 0, 20 * SECOND), 1);
  }
  CHECK_EQUAL(read, 200);
  CHECK_EQUAL(nt_client_wait(client, 0, 0), NT_ERR_TIMEOUT); /* the end has been told */
  free(tape);
  CHECK_EQUAL(nt_close(feed), NT_OK);
  CHECK_EQUAL(nt_close(client), NT_OK);
  CHECK_EQUAL(nt_close(kernel), NT_OK);
}

/* Reports alone: ticks that wait do not end it, and are there afterwards. */
static void reports_alone(void) {
  uint32_t kernel = running_kernel("alone", NT_CLOCK_MONOTONIC), client = attached("a"), feed = 0;
  CHECK_EQUAL(nt_kernel_feed(kernel, &feed, &error), NT_OK);
  nt_tick *tape = fixture_tape(20, 1);
  CHECK_EQUAL(nt_feed_push(feed, tape, 20, 20 * SECOND), 20);
  CHECK_EQUAL(nt_client_wait(client, 0, 20 * SECOND), 1);
  CHECK_EQUAL(nt_client_wait(client, 1, 1000000), NT_ERR_TIMEOUT);
  sleeper self = {.client = client, .reports_only = 1, .timeout_ns = 20 * SECOND};
  CHECK(pthread_create(&self.thread, NULL, sleep_on, &self) == 0);
  nt_order order = bad_order();
  CHECK_EQUAL(nt_client_submit(client, &order), NT_OK);
  CHECK_EQUAL(joined(&self), 1);
  nt_poll poll;
  CHECK_EQUAL(nt_client_poll(client, NULL, 0, reports, 64, 20 * SECOND, &poll), 1);
  CHECK_EQUAL(poll.reports, 1);
  CHECK_EQUAL(nt_client_poll(client, NULL, 0, reports, 64, 1000000, &poll), 0); /* waits, though there are ticks */
  uint32_t read = 0;
  while (read < 20) read += poll_now(client).ticks;
  CHECK_EQUAL(read, 20);
  free(tape);
  CHECK_EQUAL(nt_close(feed), NT_OK);
  CHECK_EQUAL(nt_close(client), NT_OK);
  CHECK_EQUAL(nt_close(kernel), NT_OK);
}

/* Who takes reports alone is not told of the end: the next poll of ticks is. */
static void the_end_is_told_with_ticks(void) {
  uint32_t kernel = running_kernel("end", NT_CLOCK_TAPE), client = attached("a"), feed = 0;
  nt_poll poll;
  CHECK_EQUAL(nt_kernel_feed(kernel, &feed, &error), NT_OK);
  nt_tick end = {.kind = NT_TICK_END, .flags = NT_TICK_LAST_OF_SLICE};
  CHECK_EQUAL(nt_feed_push(feed, &end, 1, 20 * SECOND), 1);
  CHECK_EQUAL(nt_client_wait(client, 0, 20 * SECOND), 1);
  CHECK_EQUAL(nt_client_poll(client, NULL, 0, reports, 64, 0, &poll), 0);
  CHECK_EQUAL(nt_client_wait(client, 0, 0), 1);
  CHECK_EQUAL(poll_now(client).ended, 1);
  CHECK_EQUAL(nt_client_wait(client, 0, 0), NT_ERR_TIMEOUT);
  CHECK_EQUAL(nt_close(feed), NT_OK);
  CHECK_EQUAL(nt_close(client), NT_OK);
  CHECK_EQUAL(nt_close(kernel), NT_OK);
}

/* A subscriber on a tape takes its reports with their slices. */
static void a_subscriber_takes_slices(void) {
  uint32_t kernel = running_kernel("slices", NT_CLOCK_TAPE), client = attached("a"), feed = 0;
  nt_poll poll;
  CHECK_EQUAL(nt_client_subscribe(client), NT_OK);
  CHECK_EQUAL(nt_client_poll(client, NULL, 0, reports, 64, 0, &poll), NT_ERR_INVALID);
  CHECK_EQUAL(nt_kernel_feed(kernel, &feed, &error), NT_OK);
  nt_tick end = {.kind = NT_TICK_END, .flags = NT_TICK_LAST_OF_SLICE};
  CHECK_EQUAL(nt_feed_push(feed, &end, 1, 20 * SECOND), 1);
  do {
    CHECK_EQUAL(nt_client_wait(client, 0, 20 * SECOND), 1);
  } while (!poll_now(client).ended);
  nt_order order = bad_order();
  CHECK_EQUAL(nt_client_submit(client, &order), NT_OK);
  CHECK_EQUAL(nt_client_poll(client, NULL, 0, reports, 64, 20 * SECOND, &poll), 1);
  CHECK_EQUAL(nt_close(feed), NT_OK);
  CHECK_EQUAL(nt_close(client), NT_OK);
  CHECK_EQUAL(nt_close(kernel), NT_OK);
}

/* An interrupt ends the wait in progress or the next one, once. */
static void an_interrupt_wakes(void) {
  uint32_t kernel = running_kernel("stop", NT_CLOCK_MONOTONIC), client = attached("a");
  CHECK_EQUAL(nt_client_interrupt(client), NT_OK);
  CHECK_EQUAL(nt_client_wait(client, 0, FOREVER), 0);
  CHECK_EQUAL(nt_client_wait(client, 0, 1), NT_ERR_TIMEOUT);
  for (int i = 0; i < ROUNDS; i++) {
    sleeper self;
    start(&self, client, FOREVER);
    if (i % 4 == 0) pause_ns(200000);
    CHECK_EQUAL(nt_client_interrupt(client), NT_OK);
    CHECK_EQUAL(joined(&self), 0);
  }
  CHECK_EQUAL(nt_close(client), NT_OK);
  CHECK_EQUAL(nt_close(kernel), NT_OK);
}

/* Other calls go on beside it, and closing ends it. */
static void a_close_ends_it(void) {
  uint32_t kernel = running_kernel("close", NT_CLOCK_MONOTONIC), client = attached("a");
  sleeper self;
  start(&self, client, FOREVER);
  pause_ns(1000000);
  for (int i = 0; i < 1000; i++) CHECK_EQUAL(nt_client_orders(client, NULL, 0), 0);
  CHECK_EQUAL(nt_close(client), NT_OK);
  CHECK_EQUAL(joined(&self), NT_ERR_CLOSED);
  CHECK_EQUAL(nt_client_wait(client, 0, 0), NT_ERR_BAD_HANDLE);
  CHECK_EQUAL(nt_client_interrupt(client), NT_ERR_BAD_HANDLE);
  CHECK_EQUAL(nt_client_wait(kernel, 0, 0), NT_ERR_BAD_HANDLE);
  CHECK_EQUAL(nt_close(kernel), NT_OK);
}

/* The kernel is killed while it sleeps. */
static void a_death_is_noticed(void) {
  snprintf(name, sizeof(name), "t-death-%d", (int)getpid());
  pid_t child = check_fork();
  if (child == 0) {
    nt_kernel_config config = fixture_config(name, NT_CLOCK_MONOTONIC);
    CHECK_EQUAL(nt_kernel_start(fixture_kernel(&config)), NT_OK);
    for (;;) pause();
  }
  uint32_t client = attached("a");
  sleeper self;
  start(&self, client, FOREVER);
  pause_ns(30000000);
  int status;
  CHECK(kill(child, SIGKILL) == 0 && waitpid(child, &status, 0) == child);
  CHECK_EQUAL(joined(&self), NT_ERR_KERNEL_DEAD);
  CHECK_EQUAL(nt_close(client), NT_OK);
}

int main(void) {
  RUN(an_interrupt_wakes);
  RUN(reports_wake);
  RUN(ticks_wake);
  RUN(reports_alone);
  RUN(the_end_is_told_with_ticks);
  RUN(a_subscriber_takes_slices);
  RUN(a_close_ends_it);
  RUN(a_death_is_noticed);
  return 0;
}
