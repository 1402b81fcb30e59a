/* Rows that one writer changes and many read without a lock: word 0 is the sequence, odd while the row is being written, 0 while it
 * never was. The words are atomic, so no fence is needed: each payload store releases the odd sequence, and a reader that sees any new
 * word therefore sees that the sequence has moved on. A writer that dies in the middle leaves the sequence odd; readers answer
 * NT_ERR_BUSY and the next write heals the row. */
#ifndef NT_SEQLOCK_H
#define NT_SEQLOCK_H

#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#include "neural_trader.h"
#include "platform.h"

/* A writer that lost its processor in the middle of a row is back within some milliseconds: spin, yield, nap until then. */
#define NT_SEQLOCK_SPINS 500
#define NT_SEQLOCK_YIELDS 500
#define NT_SEQLOCK_NAPS 500
#define NT_SEQLOCK_NAP_NS 50000
#define NT_SEQLOCK_RETRIES (NT_SEQLOCK_SPINS + NT_SEQLOCK_YIELDS + NT_SEQLOCK_NAPS)

/* One writer at a time. payload has words times 8 bytes. */
static inline void nt_seqlock_write(_Atomic uint64_t *row, const void *payload, uint32_t words) {
  const uint8_t *bytes = (const uint8_t *)payload;
  uint64_t sequence = atomic_load_explicit(row, memory_order_relaxed) | 1;
  atomic_store_explicit(row, sequence, memory_order_relaxed);
  for (uint32_t i = 0; i < words; i++) {
    uint64_t word;
    memcpy(&word, bytes + (size_t)i * 8, 8);
    atomic_store_explicit(row + 1 + i, word, memory_order_release);
  }
  atomic_store_explicit(row, sequence + 1 == 0 ? 2 : sequence + 1, memory_order_release);
}

static inline void nt_seqlock_pass_time(uint32_t retry) {
  if (retry >= NT_SEQLOCK_SPINS + NT_SEQLOCK_YIELDS) {
    nt_sleep_ns(NT_SEQLOCK_NAP_NS);
  } else if (retry >= NT_SEQLOCK_SPINS) {
    nt_thread_yield();
  }
}

/* NT_OK with a copy that is whole, NT_ERR_NO_DATA before the first write, NT_ERR_BUSY when the row changed under every retry or its
 * writer died in the middle. */
static inline int32_t nt_seqlock_read(const _Atomic uint64_t *row, void *payload, uint32_t words) {
  uint8_t *bytes = (uint8_t *)payload;
  for (uint32_t retry = 0; retry < NT_SEQLOCK_RETRIES; retry++) {
    uint64_t before = atomic_load_explicit(row, memory_order_acquire);
    if (before == 0) return NT_ERR_NO_DATA;
    if ((before & 1) != 0) {
      nt_seqlock_pass_time(retry);
      continue;
    }
    for (uint32_t i = 0; i < words; i++) {
      uint64_t word = atomic_load_explicit(row + 1 + i, memory_order_acquire);
      memcpy(bytes + (size_t)i * 8, &word, 8);
    }
    if (atomic_load_explicit(row, memory_order_relaxed) == before) return NT_OK;
  }
  return NT_ERR_BUSY;
}

#endif
