/* One tape, three ways: on the caller's thread, on the library's, and in three processes. The reports are the same bytes. */
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "kernel_fixture.h"

#if defined(__SANITIZE_THREAD__)
#define THREAD_SANITIZER 1
#else
#define THREAD_SANITIZER 0
#endif

#define TICKS 4000
#define KEPT 4096

typedef struct gathered {
  uint32_t count;
  nt_report reports[KEPT];
} gathered;

static nt_kernel_config lockstep_config(const char *name, uint32_t participants) {
  nt_kernel_config config = fixture_config(name, NT_CLOCK_TAPE);
  config.participants = participants;
  config.latency_in_ns = config.latency_out_ns = 250000;
  return config;
}

/* What a strategy does with what a poll brought: depends on nothing else. */
static void react(uint32_t client, uint32_t number, const nt_tick *ticks, const nt_poll *poll, const nt_report *reports, gathered *out) {
  for (uint32_t i = 0; i < poll->reports; i++) {
    CHECK(out->count < KEPT);
    out->reports[out->count++] = reports[i];
    if (reports[i].exec_type == NT_EXEC_NEW && reports[i].client_order_id % 3 == 0) {
      nt_order cancel = fixture_cancel(reports[i].client_order_id);
      CHECK(nt_client_submit(client, &cancel) == NT_OK);
    }
  }
  for (uint32_t i = 0; i < poll->ticks; i++) {
    if ((uint64_t)(ticks[i].price / 25 + (int64_t)number) % 11 != 0) continue;
    uint8_t side = ticks[i].size % 2 == 0 ? NT_SIDE_BUY : NT_SIDE_SELL;
    nt_order order =
        fixture_order(side, ticks[i].size, ticks[i].size % 3 == 0 ? NT_ABSENT : ticks[i].price + (side == NT_SIDE_BUY ? -50 : 50));
    (void)nt_client_submit(client, &order); /* a full table is a result, too */
  }
}

static void drive(uint32_t client, uint32_t number, gathered *out) {
  static __thread nt_tick ticks[256];
  static __thread nt_report reports[64];
  nt_poll poll = {0};
  while (!poll.ended) {
    CHECK(nt_client_poll(client, ticks, 256, reports, 64, 100000000, &poll) >= 0);
    react(client, number, ticks, &poll, reports, out);
  }
}

static void on_this_thread(const nt_tick *tape, gathered out[2]) {
  static nt_tick ticks[256];
  static nt_report reports[64];
  nt_kernel_config config = lockstep_config("", 2);
  uint32_t kernel = fixture_kernel(&config), clients[2] = {0, 0}, used = 0;
  nt_error error;
  nt_poll polls[2] = {{0}, {0}};
  CHECK(nt_kernel_client(kernel, "a", &clients[0], &error) == NT_OK && nt_kernel_client(kernel, "b", &clients[1], &error) == NT_OK);
  for (int i = 0; i < 2; i++) CHECK(nt_client_subscribe(clients[i]) == NT_OK);
  while (!polls[0].ended || !polls[1].ended) {
    int32_t taken = nt_kernel_replay(kernel, tape + used, TICKS + 1 - used);
    CHECK(taken >= 0);
    used += (uint32_t)taken;
    for (uint32_t i = 0; i < 2; i++) {
      CHECK(nt_client_poll(clients[i], ticks, 256, reports, 64, 0, &polls[i]) >= 0);
      react(clients[i], i, ticks, &polls[i], reports, &out[i]);
    }
  }
  CHECK(nt_close(kernel) == NT_OK);
}

typedef struct seat {
  uint32_t client;
  uint32_t number;
  gathered *out;
} seat;

static void *sit(void *argument) {
  seat *mine = argument;
  drive(mine->client, mine->number, mine->out);
  return NULL;
}

static void on_the_librarys_thread(const nt_tick *tape, gathered out[2]) {
  nt_kernel_config config = lockstep_config("", 2);
  uint32_t kernel = fixture_kernel(&config), feed = 0;
  nt_error error;
  seat seats[2];
  pthread_t threads[2];
  CHECK(nt_kernel_start(kernel) == NT_OK);
  for (uint32_t i = 0; i < 2; i++) {
    seats[i] = (seat){.number = i, .out = &out[i]};
    CHECK(nt_kernel_client(kernel, i == 0 ? "a" : "b", &seats[i].client, &error) == NT_OK);
    CHECK(nt_client_subscribe(seats[i].client) == NT_OK);
    CHECK(pthread_create(&threads[i], NULL, sit, &seats[i]) == 0);
  }
  CHECK(nt_kernel_feed(kernel, &feed, &error) == NT_OK);
  CHECK(nt_feed_push(feed, tape, TICKS + 1, -1) == TICKS + 1);
  for (int i = 0; i < 2; i++) CHECK(pthread_join(threads[i], NULL) == 0);
  CHECK(nt_kernel_stop(kernel) == NT_OK && nt_close(kernel) == NT_OK);
}

static pid_t child(const char *name, const char *client_name, uint32_t number, gathered *out) {
  pid_t pid = fork();
  CHECK(pid >= 0);
  if (pid > 0) return pid;
  uint32_t client = 0;
  nt_error error;
  alarm(60);
  CHECK(nt_client_attach(name, client_name, 10000000000, &client, &error) == NT_OK && nt_client_subscribe(client) == NT_OK);
  drive(client, number, out);
  CHECK(nt_close(client) == NT_OK);
  _exit(0);
}

static void in_three_processes(const nt_tick *tape, gathered *shared) {
  char name[NT_NAME_BYTES];
  snprintf(name, sizeof(name), "t-lockstep-%d", (int)getpid());
  pid_t children[2];
  children[0] = child(name, "a", 0, &shared[0]); /* forked before there is a kernel here to inherit */
  nt_kernel_config config = lockstep_config(name, 2);
  uint32_t kernel = fixture_kernel(&config), feed = 0;
  nt_error error;
  nt_channel row = {.state = 0};
  CHECK(nt_kernel_start(kernel) == NT_OK);
  for (int i = 0; i < 5000 && row.state != 2; i++) { /* channels in the order of the names */
    CHECK(nt_read_channel(kernel, 0, &row) >= NT_ERR_NO_DATA);
    usleep(1000);
  }
  CHECK(row.state == 2);
  children[1] = child(name, "b", 1, &shared[1]);
  CHECK(nt_feed_attach(name, 1000000000, &feed, &error) == NT_OK);
  CHECK(nt_feed_push(feed, tape, TICKS + 1, 30000000000) == TICKS + 1);
  for (int i = 0; i < 2; i++) {
    int status = 1;
    CHECK(waitpid(children[i], &status, 0) == children[i] && WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  CHECK(nt_close(feed) == NT_OK && nt_kernel_stop(kernel) == NT_OK && nt_close(kernel) == NT_OK);
}

static void same(const gathered *x, const gathered *y) {
  CHECK(x->count == y->count);
  for (uint32_t i = 0; i < x->count; i++) {
    if (memcmp(&x->reports[i], &y->reports[i], sizeof(nt_report)) != 0) {
      fprintf(stderr, "report %u of %u differs: id %llu against %llu\n", i, x->count, (unsigned long long)x->reports[i].client_order_id,
              (unsigned long long)y->reports[i].client_order_id);
      CHECK(0 && "the reports are the same bytes");
    }
  }
}

/* A subscriber that dies does not hold the tape; what it had working is cancelled. */
static void goes_on_after_a_death(const nt_tick *tape) {
  char name[NT_NAME_BYTES];
  snprintf(name, sizeof(name), "t-death-%d", (int)getpid());
  nt_kernel_config config = lockstep_config(name, 1);
  uint32_t kernel = fixture_kernel(&config), feed = 0;
  nt_error error;
  CHECK(nt_kernel_start(kernel) == NT_OK);
  pid_t victim = fork();
  CHECK(victim >= 0);
  if (victim == 0) {
    uint32_t client = 0;
    nt_tick ticks[256];
    nt_report reports[64];
    nt_poll poll;
    nt_order order = fixture_order(NT_SIDE_BUY, 1, 100000);
    if (nt_client_attach(name, "victim", 10000000000, &client, &error) != NT_OK || nt_client_subscribe(client) != NT_OK) _exit(1);
    (void)nt_client_submit(client, &order);
    for (int i = 0; i < 20; i++) (void)nt_client_poll(client, ticks, 256, reports, 64, 1000000000, &poll);
    for (;;) pause(); /* holds the tape until it is killed */
  }
  CHECK(nt_feed_attach(name, 1000000000, &feed, &error) == NT_OK);
  int32_t pushed = nt_feed_push(feed, tape, TICKS + 1, 500000000);
  CHECK(pushed > 0 && pushed < TICKS + 1);
  CHECK(kill(victim, SIGKILL) == 0 && waitpid(victim, NULL, 0) == victim);
  CHECK(nt_feed_push(feed, tape + pushed, (uint32_t)(TICKS + 1 - pushed), 30000000000) == TICKS + 1 - pushed);
  nt_status status = {.source_ended = 0};
  for (int i = 0; i < 5000 && !status.source_ended; i++) {
    CHECK(nt_read_status(kernel, &status) == NT_OK);
    usleep(1000);
  }
  nt_counters counters;
  CHECK(status.source_ended && nt_kernel_stop(kernel) == NT_OK && nt_read_counters(kernel, &counters) == NT_OK);
  CHECK(counters.deaths == 1 && counters.cancels == 1 && counters.orders_accepted == 1);
  CHECK(nt_close(feed) == NT_OK && nt_close(kernel) == NT_OK);
}

int main(void) {
  nt_tick *tape = fixture_tape(TICKS, 9);
  gathered *out = calloc(4, sizeof(gathered));
  gathered *shared = mmap(NULL, 2 * sizeof(gathered), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  CHECK(out != NULL && shared != MAP_FAILED);
  on_this_thread(tape, &out[0]);
  on_the_librarys_thread(tape, &out[2]);
  CHECK(out[0].count > 100 && out[1].count > 100);
  same(&out[0], &out[2]);
  same(&out[1], &out[3]);
  if (!THREAD_SANITIZER) { /* its runtime does not follow forks with threads */
    in_three_processes(tape, shared);
    same(&out[0], &shared[0]);
    same(&out[1], &shared[1]);
    goes_on_after_a_death(tape);
  }
  free(tape);
  free(out);
  return 0;
}
