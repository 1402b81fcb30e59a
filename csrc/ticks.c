#include "ticks.h"

#include <stddef.h>
#include <string.h>

#define WORDS (sizeof(nt_tick) / 8)

_Static_assert(offsetof(nt_tick, seq) == 0 && sizeof(nt_tick) == 64, "nt_tick");

void nt_ticks_write(nt_ticks_block *block, nt_tick *slots, uint64_t mask, uint64_t index, const nt_tick *tick) {
  (void)block;
  _Atomic uint64_t *slot = (_Atomic uint64_t *)(void *)&slots[index & mask];
  uint64_t words[WORDS];
  memcpy(words, tick, sizeof(words));
  /* Released by each payload store: who sees one new word sees that the old tick is gone. */
  atomic_store_explicit(slot, 0, memory_order_relaxed);
  for (uint32_t i = 1; i < WORDS; i++) atomic_store_explicit(slot + i, words[i], memory_order_release);
  atomic_store_explicit(slot, index + 1, memory_order_release);
}

void nt_ticks_publish(nt_ticks_block *block, uint64_t written) {
  atomic_store_explicit(&block->written, written, memory_order_release);
}

uint64_t nt_ticks_written(const nt_ticks_block *block) {
  return atomic_load_explicit(&block->written, memory_order_acquire);
}

/* 1 when *out holds tick number index, whole. */
static int copy_tick(const nt_tick *slots, uint64_t mask, uint64_t index, nt_tick *out) {
  const _Atomic uint64_t *slot = (const _Atomic uint64_t *)(const void *)&slots[index & mask];
  uint64_t words[WORDS];
  words[0] = atomic_load_explicit(slot, memory_order_acquire);
  if (words[0] != index + 1) return 0;
  for (uint32_t i = 1; i < WORDS; i++) words[i] = atomic_load_explicit(slot + i, memory_order_acquire);
  if (atomic_load_explicit(slot, memory_order_relaxed) != index + 1) return 0;
  memcpy(out, words, sizeof(words));
  return 1;
}

int32_t nt_ticks_read(const nt_ticks_block *block, const nt_tick *slots, uint64_t mask, uint64_t *position, nt_tick *out, uint32_t count,
                      uint64_t *lost) {
  const uint64_t capacity = mask + 1;
  uint64_t written = nt_ticks_written(block);
  uint64_t at = *position;
  uint32_t copied = 0;
  *lost = 0;
  if (at > written) return 0;
  if (count > INT32_MAX) count = INT32_MAX;
  while (copied < count && at < written) {
    if (written - at <= capacity && copy_tick(slots, mask, at, &out[copied])) {
      at++;
      copied++;
      continue;
    }
    if (copied > 0) break; /* the gap belongs before the next tick returned, not between two */
    written = nt_ticks_written(block);
    uint64_t target = written - (capacity - capacity / 4);
    /* Lapped less than a quarter deep, or a slot that never completes: go on behind the ticks that are certainly gone. */
    if (written < capacity || target <= at) target = at + 1;
    *lost += target - at;
    at = target;
  }
  *position = at;
  return (int32_t)copied;
}
