#include "handle.h"

#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#include "platform.h"

#define SLOT_BITS 10
#define GENERATION_MASK 0x3fffffULL
#define EVERY_KIND 0xffU

/* The state word: peeks 0-15, entered 16, closing 17, open 18, kind 20-27, generation 32-53. */
#define PEEK 1ULL
#define PEEKS 0xffffULL
#define ENTERED (1ULL << 16)
#define CLOSING (1ULL << 17)
#define OPEN (1ULL << 18)
#define KIND_SHIFT 20
#define GENERATION_SHIFT 32

#define YIELDS_BEFORE_NAP 100
#define NAP_NS 200000
#define ERROR_RETRIES 1000

typedef struct nt_slot {
  _Alignas(128) _Atomic uint64_t state;
  _Atomic uint64_t forks; /* forks at open: another number now means that this is a child */
  void *object;
  void (*destroy)(void *object);
  nt_error error;
} nt_slot;

static nt_slot slots[NT_HANDLE_SLOTS];
static _Atomic uint32_t next_slot;
static _Atomic uint32_t fork_watched;
static _Atomic uint64_t fork_count;

_Static_assert(NT_HANDLE_SLOTS == 1 << SLOT_BITS, "NT_HANDLE_SLOTS");

static void count_fork(void) {
  atomic_fetch_add_explicit(&fork_count, 1, memory_order_relaxed);
}

static nt_slot *slot_of(uint32_t handle) {
  return &slots[handle & (NT_HANDLE_SLOTS - 1)];
}

/* The state word belongs to this handle, of one of these kinds. */
static int names(uint64_t state, uint32_t handle, uint32_t kinds) {
  uint64_t generation = state >> GENERATION_SHIFT & GENERATION_MASK;
  return (state & OPEN) != 0 && generation == handle >> SLOT_BITS && (state >> KIND_SHIFT & kinds) != 0;
}

static int forked(const nt_slot *slot) {
  return atomic_load_explicit(&slot->forks, memory_order_relaxed) != atomic_load_explicit(&fork_count, memory_order_relaxed);
}

uint32_t nt_handle_open(uint32_t kind, void *object, void (*destroy)(void *object)) {
  if (atomic_load_explicit(&fork_watched, memory_order_acquire) == 0) { /* two at once count a fork twice, which is as good */
    nt_at_fork_child(count_fork);
    atomic_store_explicit(&fork_watched, 1, memory_order_release);
  }
  /* Round the table, so that a generation comes back as late as possible. */
  uint32_t first = atomic_fetch_add_explicit(&next_slot, 1, memory_order_relaxed);
  for (uint32_t i = 0; i < NT_HANDLE_SLOTS; i++) {
    uint32_t index = (first + i) & (NT_HANDLE_SLOTS - 1);
    nt_slot *slot = &slots[index];
    uint64_t state = atomic_load_explicit(&slot->state, memory_order_relaxed);
    if ((state & (OPEN | CLOSING)) != 0) continue;
    uint64_t generation = ((state >> GENERATION_SHIFT) + 1) & GENERATION_MASK;
    if (generation == 0) generation = 1;
    if (!atomic_compare_exchange_strong_explicit(&slot->state, &state, CLOSING, memory_order_acquire, memory_order_relaxed)) continue;
    slot->object = object;
    slot->destroy = destroy;
    memset(&slot->error, 0, sizeof(slot->error));
    slot->error.observed = slot->error.limit = NT_ABSENT;
    atomic_store_explicit(&slot->forks, atomic_load_explicit(&fork_count, memory_order_relaxed), memory_order_relaxed);
    state = generation << GENERATION_SHIFT | (uint64_t)kind << KIND_SHIFT | OPEN;
    atomic_store_explicit(&slot->state, state, memory_order_release);
    return (uint32_t)generation << SLOT_BITS | index;
  }
  return 0;
}

/* Add to the state word unless a bit of busy is set there. */
static void *begin(uint32_t handle, uint32_t kinds, uint64_t busy, uint64_t add, int32_t *result) {
  nt_slot *slot = slot_of(handle);
  uint64_t state = atomic_load_explicit(&slot->state, memory_order_relaxed);
  for (;;) {
    *result = NT_ERR_BAD_HANDLE;
    if (!names(state, handle, kinds)) return NULL;
    *result = NT_ERR_FORKED;
    if (forked(slot)) return NULL;
    *result = NT_ERR_CLOSED;
    if ((state & CLOSING) != 0) return NULL;
    *result = NT_ERR_BUSY;
    if ((state & busy) != 0 || (state & PEEKS) == PEEKS) return NULL;
    if (atomic_compare_exchange_weak_explicit(&slot->state, &state, state + add, memory_order_acquire, memory_order_relaxed)) break;
  }
  *result = NT_OK;
  return slot->object;
}

void *nt_handle_enter(uint32_t handle, uint32_t kinds, int32_t *result) {
  return begin(handle, kinds, ENTERED, ENTERED, result);
}

void nt_handle_leave(uint32_t handle) {
  atomic_fetch_and_explicit(&slot_of(handle)->state, ~ENTERED, memory_order_release);
}

void *nt_handle_peek(uint32_t handle, uint32_t kinds, int32_t *result) {
  return begin(handle, kinds, 0, PEEK, result);
}

void nt_handle_unpeek(uint32_t handle) {
  atomic_fetch_sub_explicit(&slot_of(handle)->state, PEEK, memory_order_release);
}

int nt_handle_closing(uint32_t handle) {
  return (atomic_load_explicit(&slot_of(handle)->state, memory_order_relaxed) & CLOSING) != 0;
}

nt_error *nt_handle_error(uint32_t handle) {
  return &slot_of(handle)->error;
}

int32_t nt_close(uint32_t handle) {
  nt_slot *slot = slot_of(handle);
  uint64_t state = atomic_load_explicit(&slot->state, memory_order_relaxed);
  do {
    if (!names(state, handle, EVERY_KIND)) return NT_ERR_BAD_HANDLE;
    if ((state & CLOSING) != 0 && !forked(slot)) return NT_ERR_CLOSED; /* another thread is at it */
  } while (!atomic_compare_exchange_weak_explicit(&slot->state, &state, state | CLOSING, memory_order_acquire, memory_order_relaxed));
  /* In a child the callers were the parent's threads, and the object is the parent's: only the slot comes back. */
  if (!forked(slot)) {
    for (uint32_t waits = 0; (atomic_load_explicit(&slot->state, memory_order_acquire) & (ENTERED | PEEKS)) != 0; waits++) {
      if (waits < YIELDS_BEFORE_NAP) {
        nt_thread_yield();
      } else {
        nt_sleep_ns(NAP_NS);
      }
    }
    if (slot->destroy != NULL) slot->destroy(slot->object);
  }
  slot->object = NULL;
  atomic_store_explicit(&slot->state, state & GENERATION_MASK << GENERATION_SHIFT, memory_order_release);
  return NT_OK;
}

int32_t nt_last_error(uint32_t handle, nt_error *error) {
  int32_t result = NT_ERR_BUSY;
  if (error == NULL) return NT_ERR_INVALID;
  /* Another thread's call may be in progress; most last less than this. */
  for (uint32_t retry = 0; retry < ERROR_RETRIES; retry++) {
    if (nt_handle_enter(handle, EVERY_KIND, &result) != NULL) {
      *error = *nt_handle_error(handle);
      nt_handle_leave(handle);
      return NT_OK;
    }
    if (result != NT_ERR_BUSY) return result;
    nt_thread_yield();
  }
  return result;
}
