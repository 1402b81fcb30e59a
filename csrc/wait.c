#include "wait.h"

#include <errno.h>

#define SPINS_ALONE 2000 /* about 50 us of pauses: as long as a sleep and its wake-up take */
#define SPINS_CROWDED 200
#define YIELDS 50

static int64_t slice_of(int64_t timeout_ns) {
  return timeout_ns < 0 || timeout_ns > NT_WAIT_SLICE_NS ? NT_WAIT_SLICE_NS : timeout_ns;
}

static int32_t wait_result(int error, int64_t timeout_ns) {
  return error == ETIMEDOUT && slice_of(timeout_ns) == timeout_ns ? NT_ERR_TIMEOUT : NT_OK;
}

int32_t nt_wait(nt_wait_word *wait, uint32_t expected, int64_t timeout_ns) {
  return wait_result(nt_futex_wait(&wait->word, expected, slice_of(timeout_ns)), timeout_ns);
}

int32_t nt_wait_many(nt_wait_word *const *waits, const uint32_t *expected, uint32_t count, int64_t timeout_ns) {
  _Atomic uint32_t *words[NT_WAIT_MANY_MAX];
  if (count == 0 || count > NT_WAIT_MANY_MAX) return NT_ERR_INVALID;
  for (uint32_t i = 0; i < count; i++) words[i] = &waits[i]->word;
  return wait_result(nt_futex_wait_many(words, expected, count, slice_of(timeout_ns)), timeout_ns);
}

uint32_t nt_wait_spins(uint32_t participants) {
  static _Atomic uint32_t processors; /* asked once: it is a system call */
  uint32_t count = atomic_load_explicit(&processors, memory_order_relaxed);
  if (count == 0) {
    count = nt_cpu_count();
    atomic_store_explicit(&processors, count, memory_order_relaxed);
  }
  return participants < count ? SPINS_ALONE : SPINS_CROWDED;
}

void nt_waiter_start(nt_waiter *waiter, int64_t timeout_ns, uint32_t participants) {
  waiter->deadline_ns = INT64_MAX;
  if (timeout_ns >= 0) {
    int64_t now = nt_time_monotonic_ns();
    if (timeout_ns < INT64_MAX - now) waiter->deadline_ns = now + timeout_ns;
  }
  waiter->spins = timeout_ns == 0 ? 0 : nt_wait_spins(participants);
  waiter->yields = YIELDS;
  waiter->armed = 0;
}

int32_t nt_waiter_step_many(nt_waiter *waiter, nt_wait_word *const *waits, uint32_t *expected, uint32_t count) {
  if (waiter->spins > 0) {
    waiter->spins--;
    nt_pause();
    return NT_OK;
  }
  int64_t left = INT64_MAX;
  if (waiter->deadline_ns != INT64_MAX) {
    left = waiter->deadline_ns - nt_time_monotonic_ns();
    if (left <= 0) return NT_ERR_TIMEOUT;
  }
  if (waiter->yields > 0) {
    waiter->yields--;
    nt_thread_yield();
    return NT_OK;
  }
  if (!waiter->armed) { /* and back to the caller, who looks once more before we sleep */
    for (uint32_t i = 0; i < count; i++) expected[i] = nt_wait_arm(waits[i]);
    waiter->armed = 1;
    return NT_OK;
  }
  waiter->armed = 0;
  if (count == 1) {
    (void)nt_wait(waits[0], expected[0], left);
    return NT_OK;
  }
  int32_t result = nt_wait_many(waits, expected, count, left);
  return result == NT_ERR_TIMEOUT ? NT_OK : result;
}

int32_t nt_waiter_step(nt_waiter *waiter, nt_wait_word *wait) {
  nt_wait_word *waits[1] = {wait};
  uint32_t expected[1] = {waiter->expected};
  int32_t result = nt_waiter_step_many(waiter, waits, expected, 1);
  waiter->expected = expected[0];
  return result;
}
