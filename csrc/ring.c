#include "ring.h"

#include <stdio.h>
#include <stdlib.h>

#include "handle.h"
#include "segment.h"

#define CAPACITY_MAX (1U << 30)

/* ---- the two sides ------------------------------------------------------------------------------------------------------- */

static int shape_is_possible(uint32_t record_bytes, uint32_t capacity) {
  return (record_bytes == 64 || record_bytes == 128) && capacity >= 2 && capacity <= CAPACITY_MAX && (capacity & (capacity - 1)) == 0;
}

static _Atomic uint64_t *sequence_of(uint8_t *slots, uint64_t mask, uint32_t record_bytes, uint64_t index) {
  return (_Atomic uint64_t *)(void *)(slots + (index & mask) * record_bytes);
}

void nt_ring_block_init(nt_ring_block *block, uint32_t record_bytes, uint32_t capacity, uint64_t start_index) {
  block->record_bytes = record_bytes;
  block->capacity = capacity;
  block->start_index = start_index;
  atomic_store_explicit(&block->written, start_index, memory_order_relaxed);
  atomic_store_explicit(&block->read, start_index, memory_order_release);
}

static int32_t check_block(const nt_ring_block *block, uint32_t record_bytes, uint32_t capacity) {
  if (!shape_is_possible(record_bytes, capacity)) return NT_ERR_INVALID;
  return block->record_bytes == record_bytes && block->capacity == capacity ? NT_OK : NT_ERR_CORRUPT;
}

int32_t nt_producer_open(nt_producer *producer, nt_ring_block *block, void *slots, uint32_t record_bytes, uint32_t capacity) {
  int32_t result = check_block(block, record_bytes, capacity);
  if (result != NT_OK) return result;
  const uint64_t mask = capacity - 1;
  uint64_t written = atomic_load_explicit(&block->written, memory_order_acquire);
  uint64_t read = atomic_load_explicit(&block->read, memory_order_acquire);
  /* Records that were complete when their producer died, but not counted. */
  for (uint32_t i = 0; i < capacity; i++) {
    if (atomic_load_explicit(sequence_of(slots, mask, record_bytes, written), memory_order_acquire) != written + 1) break;
    written++;
  }
  if (written - read > capacity) return NT_ERR_CORRUPT;
  atomic_store_explicit(&block->written, written, memory_order_release);
  producer->slots = slots;
  producer->block = block;
  producer->index = written;
  producer->read = read;
  producer->mask = mask;
  producer->record_bytes = record_bytes;
  producer->claimed = 0;
  return NT_OK;
}

int32_t nt_consumer_open(nt_consumer *consumer, nt_ring_block *block, void *slots, uint32_t record_bytes, uint32_t capacity) {
  int32_t result = check_block(block, record_bytes, capacity);
  if (result != NT_OK) return result;
  uint64_t written = atomic_load_explicit(&block->written, memory_order_acquire);
  uint64_t read = atomic_load_explicit(&block->read, memory_order_acquire);
  /* The consumer may be ahead of the count by what a dead producer did not count, never by more than the ring holds. */
  if (written - read > capacity && read - written > capacity) return NT_ERR_CORRUPT;
  consumer->slots = slots;
  consumer->block = block;
  consumer->index = read;
  consumer->mask = capacity - 1;
  consumer->record_bytes = record_bytes;
  consumer->peeked = 0;
  return NT_OK;
}

static void restore_block(nt_ring_block *block, uint32_t record_bytes, uint64_t mask, uint64_t written, uint64_t read) {
  block->record_bytes = record_bytes;
  block->capacity = (uint32_t)(mask + 1);
  atomic_store_explicit(&block->written, written, memory_order_relaxed);
  atomic_store_explicit(&block->read, read, memory_order_release);
}

void nt_producer_restore(nt_producer *producer) {
  const uint64_t mask = producer->mask, index = producer->index;
  uint64_t unread = mask + 1 - nt_producer_free(producer);
  for (uint64_t i = 0; i <= mask; i++) { /* the unread ones, then the free ones */
    uint64_t at = index - unread + i;
    atomic_store_explicit(sequence_of(producer->slots, mask, producer->record_bytes, at), i < unread ? at + 1 : at, memory_order_relaxed);
  }
  restore_block(producer->block, producer->record_bytes, mask, index, index - unread);
}

void nt_consumer_restore(nt_consumer *consumer) {
  const uint64_t mask = consumer->mask, index = consumer->index;
  for (uint64_t i = 0; i <= mask; i++) {
    atomic_store_explicit(sequence_of(consumer->slots, mask, consumer->record_bytes, index + i), index + i, memory_order_relaxed);
  }
  restore_block(consumer->block, consumer->record_bytes, mask, index, index);
}

static int block_differs(const nt_ring_block *block, uint32_t record_bytes, uint64_t mask) {
  return block->record_bytes != record_bytes || block->capacity != mask + 1;
}

int nt_producer_damaged(const nt_producer *producer) {
  const nt_ring_block *block = producer->block;
  return block_differs(block, producer->record_bytes, producer->mask) ||
         atomic_load_explicit(&block->written, memory_order_acquire) != producer->index ||
         producer->index - atomic_load_explicit(&block->read, memory_order_acquire) > producer->mask + 1;
}

int nt_consumer_damaged(const nt_consumer *consumer) {
  const nt_ring_block *block = consumer->block;
  return block_differs(block, consumer->record_bytes, consumer->mask) ||
         atomic_load_explicit(&block->written, memory_order_acquire) != consumer->index ||
         atomic_load_explicit(&block->read, memory_order_acquire) != consumer->index;
}

/* ---- batches ------------------------------------------------------------------------------------------------------------- */

static uint32_t room_for(nt_producer *producer, uint32_t count) {
  uint64_t room = producer->mask + 1 - (producer->index - producer->read);
  if (room < count) room = nt_producer_free(producer);
  return room < count ? (uint32_t)room : count;
}

uint32_t nt_producer_push(nt_producer *producer, const void *records, uint32_t count) {
  const uint8_t *record = records;
  const uint64_t mask = producer->mask, bytes = producer->record_bytes;
  uint64_t index = producer->index;
  count = room_for(producer, count);
  if (count == 0) return 0;
  if (bytes == 64) {
    for (uint32_t i = 0; i < count; i++, index++, record += 64) {
      nt_ring_store_line0(producer->slots + (index & mask) * 64, record, index + 1);
    }
  } else {
    for (uint32_t i = 0; i < count; i++, index++, record += 128) {
      uint8_t *slot = producer->slots + (index & mask) * 128;
      nt_ring_store_line1(slot, record);
      nt_ring_store_line0(slot, record, index + 1);
    }
  }
  producer->index = index;
  atomic_store_explicit(&producer->block->written, index, memory_order_release);
  return count;
}

uint32_t nt_consumer_pop(nt_consumer *consumer, void *records, uint32_t count) {
  uint8_t *out = records;
  uint32_t popped = 0;
  while (popped < count) {
    uint8_t *slot = consumer->slots + (consumer->index & consumer->mask) * consumer->record_bytes;
    uint64_t sequence = atomic_load_explicit((const _Atomic uint64_t *)(const void *)slot, memory_order_acquire);
    if (consumer->record_bytes == 128) __builtin_prefetch(slot + 64);
    if (sequence != consumer->index + 1) break;
    for (uint32_t at = 0; at < consumer->record_bytes; at += 16) {
      *(nt_lane_unaligned *)(void *)(out + at) = *(const nt_lane *)(const void *)(slot + at);
    }
    out += consumer->record_bytes;
    consumer->index++;
    popped++;
  }
  if (popped > 0) atomic_store_explicit(&consumer->block->read, consumer->index, memory_order_release);
  return popped;
}

/* Slots from index to the end of the array. */
static uint32_t contiguous(uint64_t index, uint64_t mask, uint32_t count) {
  uint64_t room = mask + 1 - (index & mask);
  return room < count ? (uint32_t)room : count;
}

uint32_t nt_producer_claim(nt_producer *producer, uint32_t count, void **slots) {
  count = contiguous(producer->index, producer->mask, room_for(producer, count));
  *slots = producer->slots + (producer->index & producer->mask) * producer->record_bytes;
  producer->claimed = count;
  return count;
}

uint32_t nt_producer_commit(nt_producer *producer, uint32_t count) {
  if (count > producer->claimed) count = producer->claimed;
  for (uint32_t i = 0; i < count; i++) {
    uint64_t index = producer->index + i;
    atomic_store_explicit(sequence_of(producer->slots, producer->mask, producer->record_bytes, index), index + 1, memory_order_release);
  }
  producer->claimed = 0;
  producer->index += count;
  if (count > 0) atomic_store_explicit(&producer->block->written, producer->index, memory_order_release);
  return count;
}

uint32_t nt_consumer_peek(nt_consumer *consumer, uint32_t count, void **records) {
  const uint64_t index = consumer->index, mask = consumer->mask;
  uint32_t ready = 0;
  count = contiguous(index, mask, count);
  *records = consumer->slots + (index & mask) * consumer->record_bytes;
  while (ready < count) {
    _Atomic uint64_t *sequence = sequence_of(consumer->slots, mask, consumer->record_bytes, index + ready);
    if (atomic_load_explicit(sequence, memory_order_acquire) != index + ready + 1) break;
    ready++;
  }
  consumer->peeked = ready;
  return ready;
}

uint32_t nt_consumer_release(nt_consumer *consumer, uint32_t count) {
  if (count > consumer->peeked) count = consumer->peeked;
  consumer->peeked = 0;
  consumer->index += count;
  if (count > 0) atomic_store_explicit(&consumer->block->read, consumer->index, memory_order_release);
  return count;
}

/* ---- named rings --------------------------------------------------------------------------------------------------------- */

enum { SECTION_BLOCK = 1, SECTION_SLOTS = 2 };
enum { LOCK_PRODUCER = 1, LOCK_CONSUMER = 2 };

/* Behind a ring handle: the owner, a producer or a consumer. */
typedef struct nt_ring {
  nt_segment segment;
  nt_ring_block *block;
  uint32_t role; /* 0: the owner */
  nt_producer producer;
  nt_consumer consumer;
} nt_ring;

static void ring_destroy(void *object) {
  nt_ring *ring = object;
  nt_segment_close(&ring->segment, ring->role == 0);
  free(ring);
}

static int32_t ring_invalid(nt_error *error, int64_t observed, const char *what) {
  nt_error_set(error, NT_ERR_INVALID, 0, observed, NT_ABSENT, "%s", what);
  return NT_ERR_INVALID;
}

/* An nt_ring with its path checked; NULL and *result otherwise. */
static nt_ring *ring_begin(const char *name, char path[NT_PATH_BYTES], int32_t *result, nt_error *error) {
  *result = nt_name_check(name, 0, error);
  if (*result != NT_OK) return NULL;
  (void)snprintf(path, NT_PATH_BYTES, "/nt.ring.%s", name);
  nt_ring *ring = calloc(1, sizeof(nt_ring));
  if (ring == NULL) {
    *result = NT_ERR_NO_SPACE;
    nt_error_set(error, *result, 0, (int64_t)sizeof(nt_ring), NT_ABSENT, "out of memory");
  }
  return ring;
}

static int32_t ring_finish(nt_ring *ring, uint32_t *handle, nt_error *error) {
  *handle = nt_handle_open(NT_HANDLE_RING, ring, ring_destroy);
  if (*handle != 0) return NT_OK;
  ring_destroy(ring);
  nt_error_set(error, NT_ERR_FULL, 0, NT_ABSENT, NT_HANDLE_SLOTS, "all %d handles of this process are open", NT_HANDLE_SLOTS);
  return NT_ERR_FULL;
}

int32_t nt_ring_create(const char *name, uint32_t record_bytes, uint32_t capacity, uint64_t start_index, uint32_t *ring, nt_error *error) {
  char path[NT_PATH_BYTES];
  int32_t result;
  if (ring == NULL) return ring_invalid(error, NT_ABSENT, "ring: no place for the handle");
  *ring = 0;
  if (!shape_is_possible(record_bytes, capacity)) {
    if (record_bytes != 64 && record_bytes != 128) return ring_invalid(error, record_bytes, "record_bytes is 64 or 128");
    return ring_invalid(error, capacity, "capacity is a power of two from 2 to 2^30");
  }
  nt_ring *made = ring_begin(name, path, &result, error);
  if (made == NULL) return result;
  const nt_section sections[] = {{.kind = SECTION_BLOCK, .count = 1, .stride = sizeof(nt_ring_block)},
                                 {.kind = SECTION_SLOTS, .count = capacity, .stride = record_bytes}};
  result = nt_segment_remove_stale(path);
  if (result == NT_OK) {
    result = nt_segment_create(&made->segment, path, NT_SEGMENT_RING, sections, 2, nt_random_u64(), error);
  } else {
    nt_error_set(error, result, 0, NT_ABSENT, NT_ABSENT,
                 result == NT_ERR_NAME_IN_USE ? "ring %s belongs to a living process" : "ring %s: its old memory cannot be removed", name);
  }
  if (result != NT_OK) {
    free(made);
    return result;
  }
  made->block = nt_segment_section(&made->segment, SECTION_BLOCK, sizeof(nt_ring_block), NULL);
  uint8_t *slots = nt_segment_section(&made->segment, SECTION_SLOTS, record_bytes, NULL);
  nt_ring_block_init(made->block, record_bytes, capacity, start_index);
  /* Index 2^64 - 1 has sequence 0, which its zeroed slot would have too early. No index of that slot has sequence 1. */
  atomic_store_explicit(sequence_of(slots, capacity - 1, record_bytes, UINT64_MAX), 1, memory_order_relaxed);
  nt_segment_publish(&made->segment);
  return ring_finish(made, ring, error);
}

int32_t nt_ring_attach(const char *name, uint32_t role, uint32_t *ring, nt_error *error) {
  char path[NT_PATH_BYTES];
  int32_t result;
  if (ring == NULL) return ring_invalid(error, NT_ABSENT, "ring: no place for the handle");
  *ring = 0;
  if (role != NT_ROLE_PRODUCER && role != NT_ROLE_CONSUMER) return ring_invalid(error, role, "role is producer or consumer");
  nt_ring *made = ring_begin(name, path, &result, error);
  if (made == NULL) return result;
  made->role = role;
  result = nt_segment_open(&made->segment, path, NT_SEGMENT_RING, 1, error);
  if (result != NT_OK) {
    free(made);
    return result;
  }
  result = nt_segment_lock(&made->segment, role == NT_ROLE_PRODUCER ? LOCK_PRODUCER : LOCK_CONSUMER);
  if (result != NT_OK) {
    nt_error_set(error, result, 0, NT_ABSENT, NT_ABSENT, "ring %s has a %s already", name,
                 role == NT_ROLE_PRODUCER ? "producer" : "consumer");
    ring_destroy(made);
    return result;
  }
  uint32_t capacity = 0;
  uint32_t record_bytes = 64;
  uint8_t *slots = nt_segment_section(&made->segment, SECTION_SLOTS, 64, &capacity);
  if (slots == NULL) slots = nt_segment_section(&made->segment, SECTION_SLOTS, record_bytes = 128, &capacity);
  made->block = nt_segment_section(&made->segment, SECTION_BLOCK, sizeof(nt_ring_block), NULL);
  if (slots == NULL || made->block == NULL || !shape_is_possible(record_bytes, capacity)) {
    result = NT_ERR_CORRUPT;
  } else if (role == NT_ROLE_PRODUCER) {
    result = nt_producer_open(&made->producer, made->block, slots, record_bytes, capacity);
  } else {
    result = nt_consumer_open(&made->consumer, made->block, slots, record_bytes, capacity);
  }
  if (result != NT_OK) {
    nt_error_set(error, result, 0, NT_ABSENT, NT_ABSENT, "ring %s contradicts itself; its owner has to make it anew", name);
    ring_destroy(made);
    return result;
  }
  return ring_finish(made, ring, error);
}

/* Begin a call in a role; NULL and *result when the handle or its role is wrong. */
static nt_ring *ring_enter(uint32_t handle, uint32_t role, int32_t *result) {
  nt_ring *ring = nt_handle_enter(handle, NT_HANDLE_RING, result);
  if (ring == NULL || ring->role == role) return ring;
  *result = NT_ERR_STATE;
  nt_error_set(nt_handle_error(handle), NT_ERR_STATE, 0, ring->role, role, "this handle is not the ring's %s",
               role == NT_ROLE_PRODUCER ? "producer" : "consumer");
  nt_handle_leave(handle);
  return NULL;
}

/* The pointer and count of a call; on failure the call is over. */
static int arguments_are_wrong(uint32_t handle, const void *pointer, uint32_t count) {
  if (pointer != NULL && count <= INT32_MAX) return 0;
  nt_error_set(nt_handle_error(handle), NT_ERR_INVALID, 0, count, INT32_MAX,
               pointer == NULL ? "the pointer is missing" : "count is too large");
  nt_handle_leave(handle);
  return 1;
}

int32_t nt_ring_push(uint32_t handle, const void *records, uint32_t count) {
  int32_t result;
  nt_ring *ring = ring_enter(handle, NT_ROLE_PRODUCER, &result);
  if (ring == NULL) return result;
  if (arguments_are_wrong(handle, records, count)) return NT_ERR_INVALID;
  uint32_t pushed = nt_producer_push(&ring->producer, records, count);
  if (pushed > 0) nt_wake(&ring->block->consumer_wait);
  nt_handle_leave(handle);
  return (int32_t)pushed;
}

int32_t nt_ring_pop(uint32_t handle, void *records, uint32_t count) {
  int32_t result;
  nt_ring *ring = ring_enter(handle, NT_ROLE_CONSUMER, &result);
  if (ring == NULL) return result;
  if (arguments_are_wrong(handle, records, count)) return NT_ERR_INVALID;
  uint32_t popped = nt_consumer_pop(&ring->consumer, records, count);
  nt_handle_leave(handle);
  return (int32_t)popped;
}

int32_t nt_ring_pop_wait(uint32_t handle, void *records, uint32_t count, int64_t timeout_ns) {
  int32_t result;
  nt_ring *ring = ring_enter(handle, NT_ROLE_CONSUMER, &result);
  if (ring == NULL) return result;
  if (arguments_are_wrong(handle, records, count)) return NT_ERR_INVALID;
  uint32_t popped = nt_consumer_pop(&ring->consumer, records, count);
  if (popped == 0 && count > 0) {
    nt_waiter waiter;
    nt_waiter_start(&waiter, timeout_ns, 2);
    while ((popped = nt_consumer_pop(&ring->consumer, records, count)) == 0) {
      result = nt_handle_closing(handle) ? NT_ERR_CLOSED : nt_waiter_step(&waiter, &ring->block->consumer_wait);
      if (result == NT_OK) continue;
      nt_error_set(nt_handle_error(handle), result, 0, NT_ABSENT, timeout_ns,
                   result == NT_ERR_TIMEOUT ? "no record came in time" : "the ring was closed during the wait");
      break;
    }
  }
  nt_handle_leave(handle);
  return popped > 0 ? (int32_t)popped : result;
}

int32_t nt_ring_claim(uint32_t handle, uint32_t count, void **slots) {
  int32_t result;
  nt_ring *ring = ring_enter(handle, NT_ROLE_PRODUCER, &result);
  if (ring == NULL) return result;
  if (arguments_are_wrong(handle, slots, count)) return NT_ERR_INVALID;
  uint32_t claimed = nt_producer_claim(&ring->producer, count, slots);
  nt_handle_leave(handle);
  return (int32_t)claimed;
}

int32_t nt_ring_commit(uint32_t handle, uint32_t count) {
  int32_t result;
  nt_ring *ring = ring_enter(handle, NT_ROLE_PRODUCER, &result);
  if (ring == NULL) return result;
  result = NT_ERR_INVALID;
  if (count <= ring->producer.claimed) {
    result = (int32_t)nt_producer_commit(&ring->producer, count);
    if (result > 0) nt_wake(&ring->block->consumer_wait);
  } else {
    nt_error_set(nt_handle_error(handle), result, 0, count, ring->producer.claimed, "commit of more slots than were claimed");
  }
  nt_handle_leave(handle);
  return result;
}

int32_t nt_ring_peek(uint32_t handle, uint32_t count, void **records) {
  int32_t result;
  nt_ring *ring = ring_enter(handle, NT_ROLE_CONSUMER, &result);
  if (ring == NULL) return result;
  if (arguments_are_wrong(handle, records, count)) return NT_ERR_INVALID;
  uint32_t peeked = nt_consumer_peek(&ring->consumer, count, records);
  nt_handle_leave(handle);
  return (int32_t)peeked;
}

int32_t nt_ring_release(uint32_t handle, uint32_t count) {
  int32_t result;
  nt_ring *ring = ring_enter(handle, NT_ROLE_CONSUMER, &result);
  if (ring == NULL) return result;
  result = NT_ERR_INVALID;
  if (count <= ring->consumer.peeked) {
    result = (int32_t)nt_consumer_release(&ring->consumer, count);
  } else {
    nt_error_set(nt_handle_error(handle), result, 0, count, ring->consumer.peeked, "release of more records than were peeked");
  }
  nt_handle_leave(handle);
  return result;
}
