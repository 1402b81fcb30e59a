/* The private side of an instrument's book: a bounded store of its best levels, and the view of it that is published. */
#ifndef NT_BOOK_H
#define NT_BOOK_H

#include "neural_trader.h"

/* Keys order levels from worst to best: the price of a bid, the price of an ask negated. A side lies somewhere in a span of twice its
 * capacity, so that a change moves the shorter of the two parts beside it and dropping the worst moves nothing. */
typedef struct nt_depth {
  _Alignas(64) int64_t update_id; /* of the last level taken */
  int64_t ts_event;               /* of the last level, clear or gap */
  int64_t ts_recv;
  uint32_t begin[2]; /* of bids and asks in their spans; the best is the last */
  uint32_t count[2];
  int64_t horizon[2];  /* best key dropped, where there is one */
  uint64_t dropped[2]; /* since the last clear */
  uint8_t begun;       /* a level or a clear has come */
  uint8_t whole;       /* a clear has come, and no gap since */
  uint8_t listed;      /* among the open updates */
  uint8_t pending;     /* levels of an update have been taken and do not show yet */
  uint8_t dirty;       /* what shows has changed since it was published */
  uint8_t touched[2];  /* by the pending update: among the levels that show */
  uint8_t reserved;
  nt_book shown;
} nt_depth;

/* Words of one instrument's store: keys and sizes of both sides. */
static inline uint64_t nt_depth_words(uint32_t book_depth) {
  return (uint64_t)book_depth * 8;
}

#endif
