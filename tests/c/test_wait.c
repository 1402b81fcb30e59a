/* No wake-up is lost, timeouts are kept, sleepers on many words hear each. */
#include <errno.h>

#include "../../csrc/wait.h"
#include "check.h"

#define ROUNDS 20000

typedef struct nt_pair {
  _Alignas(128) _Atomic uint64_t value;
  _Alignas(128) nt_wait_word wait;
} nt_pair;

typedef struct nt_table {
  nt_pair ping;
  nt_pair pong;
} nt_table;

static nt_table local;

/* Sleep at once and without limit, so that neither a spin nor a timeout hides a lost wake-up: after one the test hangs until its alarm. */
static void expect_value(nt_pair *pair, uint64_t value) {
  while (atomic_load_explicit(&pair->value, memory_order_acquire) < value) {
    uint32_t expected = nt_wait_arm(&pair->wait);
    if (atomic_load_explicit(&pair->value, memory_order_acquire) >= value) break;
    CHECK_EQUAL(nt_futex_wait(&pair->wait.word, expected, -1), 0);
  }
}

static void publish_value(nt_pair *pair, uint64_t value) {
  atomic_store_explicit(&pair->value, value, memory_order_release);
  nt_wake(&pair->wait);
}

static void answer(nt_table *table) {
  for (uint64_t i = 1; i <= ROUNDS; i++) {
    expect_value(&table->ping, i);
    publish_value(&table->pong, i);
  }
}

static void ask(nt_table *table) {
  for (uint64_t i = 1; i <= ROUNDS; i++) {
    publish_value(&table->ping, i);
    expect_value(&table->pong, i);
  }
}

static void *answer_main(void *argument) {
  answer(argument);
  return NULL;
}

static void test_threads(void) {
  nt_thread thread;
  CHECK_EQUAL(nt_thread_start(&thread, answer_main, &local), 0);
  ask(&local);
  nt_thread_join(&thread);
}

/* Memory that survives fork, for the two-process test only. */
static void test_processes(nt_table *shared) {
  pid_t child = check_fork();
  if (child == 0) {
    answer(shared);
    _exit(0);
  }
  ask(shared);
  check_joined(child);
}

static void test_timeout(void) {
  nt_wait_word wait = {0, 0};
  uint32_t expected = nt_wait_arm(&wait);
  CHECK_EQUAL(nt_wait(&wait, expected, 0), NT_ERR_TIMEOUT);
  CHECK_EQUAL(nt_wait(&wait, expected, 1000000), NT_ERR_TIMEOUT);
  CHECK_EQUAL(nt_wait(&wait, expected, -1), NT_OK); /* a slice, for the caller to look around */
  CHECK_EQUAL(nt_wait(&wait, expected + 1, -1), NT_OK);
  nt_wait_word *waits[2] = {&wait, &wait};
  uint32_t both[2] = {expected, expected};
  CHECK_EQUAL(nt_wait_many(waits, both, 2, 1000000), NT_ERR_TIMEOUT);
  CHECK_EQUAL(nt_wait_many(waits, both, 0, 1000000), NT_ERR_INVALID);
  CHECK_EQUAL(nt_wait_many(waits, both, NT_WAIT_MANY_MAX + 1, 1000000), NT_ERR_INVALID);
  both[1] = expected + 1;
  CHECK_EQUAL(nt_wait_many(waits, both, 2, -1), NT_OK);
  _Atomic uint32_t *words[1] = {&wait.word};
  CHECK_EQUAL(nt_futex_wait_many(words, both, 0, 0), EINVAL);
  /* Nobody sleeps: a wake changes nothing, so it is cheap. */
  nt_wait_word idle = {0, 0};
  nt_wake(&idle);
  CHECK_EQUAL(atomic_load(&idle.word), 0);
}

static void test_waiter_times_out(void) {
  const int64_t timeouts[] = {0, 1, 3000000};
  for (uint32_t i = 0; i < 3; i++) {
    nt_wait_word wait = {0, 0};
    nt_waiter waiter;
    int64_t begin = nt_time_monotonic_ns();
    nt_waiter_start(&waiter, timeouts[i], i + 1);
    int32_t result;
    while ((result = nt_waiter_step(&waiter, &wait)) == NT_OK) continue;
    CHECK_EQUAL(result, NT_ERR_TIMEOUT);
    CHECK(nt_time_monotonic_ns() - begin >= timeouts[i]);
  }
  nt_waiter waiter;
  nt_waiter_start(&waiter, INT64_MAX, 2);
  CHECK_EQUAL(waiter.deadline_ns, INT64_MAX);
  CHECK(nt_wait_spins(1) >= nt_wait_spins(UINT32_MAX));
}

#define WORDS 70
static nt_pair many[WORDS];
static _Atomic uint64_t heard;

static void *many_main(void *argument) {
  uint64_t rounds = *(const uint64_t *)argument;
  nt_wait_word *waits[WORDS];
  uint32_t expected[WORDS];
  uint64_t seen[WORDS] = {0};
  for (uint32_t i = 0; i < WORDS; i++) waits[i] = &many[i].wait;
  for (uint64_t count = 0; count < rounds;) {
    nt_waiter waiter;
    nt_waiter_start(&waiter, -1, UINT32_MAX);
    waiter.spins = waiter.yields = 0;
    for (int found = 0; !found;) {
      for (uint32_t i = 0; i < WORDS; i++) {
        uint64_t value = atomic_load_explicit(&many[i].value, memory_order_acquire);
        if (value == seen[i]) continue;
        CHECK_EQUAL(value, seen[i] + 1);
        seen[i] = value;
        count++;
        found = 1;
      }
      if (!found) CHECK_EQUAL(nt_waiter_step_many(&waiter, waits, expected, WORDS), NT_OK);
    }
    atomic_store_explicit(&heard, count, memory_order_release);
  }
  return NULL;
}

static void test_many(void) {
  nt_thread thread;
  uint64_t rounds = 3000, seed = 7;
  CHECK_EQUAL(nt_thread_start(&thread, many_main, &rounds), 0);
  for (uint64_t i = 0; i < rounds; i++) {
    nt_pair *pair = &many[check_random(&seed) % WORDS];
    publish_value(pair, atomic_load(&pair->value) + 1);
    while (atomic_load_explicit(&heard, memory_order_acquire) <= i) nt_thread_yield();
  }
  nt_thread_join(&thread);
}

/* Every sleeper on one word is woken. */
static nt_pair gate;
static void *gate_main(void *argument) {
  (void)argument;
  expect_value(&gate, 1);
  return NULL;
}

static void test_all_are_woken(void) {
  nt_thread threads[4];
  for (int i = 0; i < 4; i++) CHECK_EQUAL(nt_thread_start(&threads[i], gate_main, NULL), 0);
  nt_sleep_ns(2000000);
  publish_value(&gate, 1);
  for (int i = 0; i < 4; i++) nt_thread_join(&threads[i]);
}

int main(void) {
  (void)alarm(300);
  test_timeout();
  test_waiter_times_out();
  test_threads();
  nt_table *shared = check_shared(sizeof(nt_table));
  test_processes(shared);
  test_many();
  test_all_are_woken();
  return 0;
}
