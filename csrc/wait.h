/* Waiting for another process: spin, then yield, then sleep on a futex. Sleeper and waker meet in one atomic exchange, so a wake-up
 * cannot be lost, and a waker pays one exchange while nobody sleeps.
 *
 *   nt_waiter waiter;
 *   nt_waiter_start(&waiter, timeout_ns, participants);
 *   while (!condition()) {
 *     if (nt_handle_closing(handle)) return NT_ERR_CLOSED;
 *     if (nt_waiter_step(&waiter, &word) != NT_OK) return NT_ERR_TIMEOUT;
 *   }
 *
 * The waker makes the condition true with a release store, then calls nt_wake(&word). A word may lie in memory that a peer scribbles
 * on: no sleep lasts longer than NT_WAIT_SLICE_NS, so the loop sees closing, death and damage. */
#ifndef NT_WAIT_H
#define NT_WAIT_H

#include <stdatomic.h>
#include <stdint.h>

#include "neural_trader.h"
#include "platform.h"

#define NT_WAIT_SLICE_NS 20000000
#define NT_WAIT_MANY_MAX 128

/* Zeroed memory is ready for use. Any number may sleep on one. */
typedef struct nt_wait_word {
  _Atomic uint32_t word;
  _Atomic uint32_t sleeping;
} nt_wait_word;

/* Tell the processor that this is a spin loop. */
static inline void nt_pause(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/* Wake all sleepers. Call it after the release store that makes their condition true. */
static inline void nt_wake(nt_wait_word *wait) {
  if (atomic_exchange_explicit(&wait->sleeping, 0, memory_order_seq_cst) == 0) return;
  atomic_fetch_add_explicit(&wait->word, 1, memory_order_release);
  nt_futex_wake(&wait->word);
}

/* Announce a sleep. The caller looks at its condition once more and then calls nt_wait with the value returned. */
static inline uint32_t nt_wait_arm(nt_wait_word *wait) {
  uint32_t expected = atomic_load_explicit(&wait->word, memory_order_acquire);
  atomic_exchange_explicit(&wait->sleeping, 1, memory_order_seq_cst);
  return expected;
}

/* Sleep until a wake after the nt_wait_arm that gave expected, at most timeout_ns: NT_OK (perhaps for no reason) or NT_ERR_TIMEOUT. */
int32_t nt_wait(nt_wait_word *wait, uint32_t expected, int64_t timeout_ns);
/* The same for the first of count words, 1 to NT_WAIT_MANY_MAX. */
int32_t nt_wait_many(nt_wait_word *const *waits, const uint32_t *expected, uint32_t count, int64_t timeout_ns);

/* How often to spin before yielding: long only if every participant can have a processor of its own. */
uint32_t nt_wait_spins(uint32_t participants);

/* The whole way down from spinning to sleeping. */
typedef struct nt_waiter {
  int64_t deadline_ns; /* INT64_MAX: none */
  uint32_t spins;
  uint32_t yields;
  uint32_t armed;
  uint32_t expected; /* of the one word that nt_waiter_step sleeps on */
} nt_waiter;

/* timeout_ns < 0 waits without limit; 0 times out at the first step. participants counts the spinning threads, this one included. */
void nt_waiter_start(nt_waiter *waiter, int64_t timeout_ns, uint32_t participants);
/* Pass some time: NT_OK (look at the condition again) or NT_ERR_TIMEOUT. */
int32_t nt_waiter_step(nt_waiter *waiter, nt_wait_word *wait);
/* The same on 1 to NT_WAIT_MANY_MAX words; expected is the caller's memory for as many values, kept between steps. */
int32_t nt_waiter_step_many(nt_waiter *waiter, nt_wait_word *const *waits, uint32_t *expected, uint32_t count);

#endif
