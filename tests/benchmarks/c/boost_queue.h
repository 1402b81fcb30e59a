/* boost::lockfree::spsc_queue with 1024 records of 64 bytes in given memory, compiled apart because it is C++. */
#ifndef BOOST_QUEUE_H
#define BOOST_QUEUE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct boost_record {
  uint64_t word[8];
} boost_record;

size_t boost_queue_bytes(void);
void boost_queue_make(void *memory);
/* One at a time, spinning while the queue is full, with a pause instruction or without: push number, number + 1, ... count times. Word 1
 * carries the number. */
void boost_queue_produce(void *memory, uint64_t number, uint64_t count, int pausing);
/* Pop count such records and check their order: 1, or 0 when it was wrong. */
int boost_queue_consume(void *memory, uint64_t number, uint64_t count, int pausing);
/* count round trips through there and back; cycles receives each one's length. */
void boost_queue_ping(void *there, void *back, uint64_t number, uint64_t count, uint64_t *cycles);
void boost_queue_pong(void *there, void *back, uint64_t count);

#ifdef __cplusplus
}
#endif

#endif
