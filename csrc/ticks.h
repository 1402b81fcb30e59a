/* The tick broadcast: one writer that never waits, any number of readers with positions of their own. A slot holds index + 1 in its
 * sequence when tick number index is complete, and 0 while it is being written, so a reader that was lapped knows. */
#ifndef NT_TICKS_H
#define NT_TICKS_H

#include <stdatomic.h>
#include <stdint.h>

#include "neural_trader.h"

typedef struct nt_ticks_block {
  _Alignas(128) _Atomic uint64_t written; /* ticks published */
  uint64_t reserved[15];
} nt_ticks_block;

_Static_assert(sizeof(nt_ticks_block) == 128, "nt_ticks_block");

/* Put tick number index into its slot (mask = capacity - 1, a power of two minus one). Nobody is told before nt_ticks_publish. */
void nt_ticks_write(nt_ticks_block *block, nt_tick *slots, uint64_t mask, uint64_t index, const nt_tick *tick);
/* Ticks below written may be read now. */
void nt_ticks_publish(nt_ticks_block *block, uint64_t written);
uint64_t nt_ticks_written(const nt_ticks_block *block);
/* Copy up to count ticks from *position on and advance it. A reader that was lapped jumps forward, to where it has a quarter of the ring
 * to breathe; *lost is how many ticks it missed, and the ticks returned come after them. Returns the ticks copied. */
int32_t nt_ticks_read(const nt_ticks_block *block, const nt_tick *slots, uint64_t mask, uint64_t *position, nt_tick *out, uint32_t count,
                      uint64_t *lost);

#endif
