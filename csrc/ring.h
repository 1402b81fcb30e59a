/* SPSC rings with the sequence inside the record: word 0 of a slot is index + 1 once record number index is complete, so a message is
 * one cache line that travels once. Records are 64 or 128 bytes; word 0 belongs to the ring.
 *
 * Indices only grow and wrap at 2^64. Each side works on private copies; what the peer writes is checked when it is read, so that no
 * value it can hold leads outside the slots. A producer killed between any two stores leaves a slot whose sequence is unset, or set but
 * not yet counted: the next producer writes the slot again, or counts it.
 *
 * Pushing wakes nobody by itself: a producer whose consumer may sleep calls nt_wake(&block->consumer_wait) after pushing, a consumer
 * whose producer may sleep calls nt_wake(&block->producer_wait) after advancing. */
#ifndef NT_RING_H
#define NT_RING_H

#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#include "neural_trader.h"
#include "wait.h"

/* In shared memory. Groups of 128 bytes: adjacent lines are prefetched together. */
typedef struct nt_ring_block {
  _Alignas(128) uint32_t record_bytes;
  uint32_t capacity;
  uint64_t start_index;
  _Alignas(128) _Atomic uint64_t written; /* for monitors and for whoever resumes; the consumer looks at the slots */
  _Alignas(128) _Atomic uint64_t read;
  _Alignas(128) nt_wait_word consumer_wait;
  _Alignas(64) nt_wait_word producer_wait;
} nt_ring_block;

_Static_assert(sizeof(nt_ring_block) == 512, "nt_ring_block");

typedef struct nt_producer {
  uint8_t *slots;
  nt_ring_block *block;
  uint64_t index; /* next to write */
  uint64_t read;  /* the consumer's index as last seen and believed */
  uint64_t mask;
  uint32_t record_bytes;
  uint32_t claimed;
} nt_producer;

typedef struct nt_consumer {
  uint8_t *slots;
  nt_ring_block *block;
  uint64_t index; /* next to read */
  uint64_t mask;
  uint32_t record_bytes;
  uint32_t peeked;
} nt_consumer;

/* Set up a zeroed block over zeroed slots. capacity is a power of two >= 2, record_bytes 64 or 128. */
void nt_ring_block_init(nt_ring_block *block, uint32_t record_bytes, uint32_t capacity, uint64_t start_index);
/* Take up a side; the caller holds that side's lock. record_bytes and capacity are what the caller knows, not what the block says.
 * NT_ERR_INVALID for impossible arguments, NT_ERR_CORRUPT when the block contradicts them or its indices cannot be. */
int32_t nt_producer_open(nt_producer *producer, nt_ring_block *block, void *slots, uint32_t record_bytes, uint32_t capacity);
int32_t nt_consumer_open(nt_consumer *consumer, nt_ring_block *block, void *slots, uint32_t record_bytes, uint32_t capacity);

/* What this side knows goes back into a ring whose other side has gone and may have written anything. A consumer's ring is empty
 * afterwards; of a producer's ring, what was not read stays, as far as the reader's index can be believed. */
void nt_producer_restore(nt_producer *producer);
void nt_consumer_restore(nt_consumer *consumer);
/* 1 when the block contradicts what this side knows, so that the next peer could not open it. While the peer works, 1 may be a passing
 * moment: ask again under the peer's lock. A consumer asks once nothing is left to read. */
int nt_producer_damaged(const nt_producer *producer);
int nt_consumer_damaged(const nt_consumer *consumer);

/* Sixteen bytes a store: compilers turn a copy of 56 bytes into overlapping wide stores, which costs half the throughput. */
typedef uint64_t nt_lane __attribute__((vector_size(16), aligned(16), may_alias));
typedef uint64_t nt_lane_unaligned __attribute__((vector_size(16), aligned(1), may_alias));
typedef uint64_t nt_word_unaligned __attribute__((aligned(1), may_alias));

/* Believe the consumer's index only if it lies in the window it can be in. Returns free slots. */
static inline uint64_t nt_producer_free(nt_producer *producer) {
  uint64_t capacity = producer->mask + 1;
  uint64_t read = atomic_load_explicit(&producer->block->read, memory_order_acquire);
  if (producer->index - read <= producer->index - producer->read) producer->read = read;
  return capacity - (producer->index - producer->read);
}

static inline int nt_producer_full(nt_producer *producer) {
  return producer->index - producer->read > producer->mask && nt_producer_free(producer) == 0;
}

static inline void nt_ring_store_line0(uint8_t *slot, const uint8_t *record, uint64_t sequence) {
  *(uint64_t *)(void *)(slot + 8) = *(const nt_word_unaligned *)(const void *)(record + 8);
  *(nt_lane *)(void *)(slot + 16) = *(const nt_lane_unaligned *)(const void *)(record + 16);
  *(nt_lane *)(void *)(slot + 32) = *(const nt_lane_unaligned *)(const void *)(record + 32);
  *(nt_lane *)(void *)(slot + 48) = *(const nt_lane_unaligned *)(const void *)(record + 48);
  atomic_store_explicit((_Atomic uint64_t *)(void *)slot, sequence, memory_order_release);
}

static inline void nt_ring_store_line1(uint8_t *slot, const uint8_t *record) {
  for (uint32_t at = 64; at < 128; at += 16) {
    *(nt_lane *)(void *)(slot + at) = *(const nt_lane_unaligned *)(const void *)(record + at);
  }
}

/* Append one record: 1, or 0 when the ring is full. The record's word 0 is ignored. */
static inline int nt_ring_push64(nt_producer *producer, const void *record) {
  if (nt_producer_full(producer)) return 0;
  uint64_t index = producer->index;
  nt_ring_store_line0(producer->slots + (index & producer->mask) * 64, (const uint8_t *)record, index + 1);
  producer->index = index + 1;
  atomic_store_explicit(&producer->block->written, index + 1, memory_order_release);
  return 1;
}

static inline int nt_ring_push128(nt_producer *producer, const void *record) {
  if (nt_producer_full(producer)) return 0;
  uint64_t index = producer->index;
  uint8_t *slot = producer->slots + (index & producer->mask) * 128;
  nt_ring_store_line1(slot, (const uint8_t *)record);
  nt_ring_store_line0(slot, (const uint8_t *)record, index + 1);
  producer->index = index + 1;
  atomic_store_explicit(&producer->block->written, index + 1, memory_order_release);
  return 1;
}

/* The next record, in place, or NULL. It stays until nt_ring_advance; a hostile producer may still change it, so copy before judging. */
static inline const void *nt_ring_front64(nt_consumer *consumer) {
  const uint8_t *slot = consumer->slots + (consumer->index & consumer->mask) * 64;
  uint64_t sequence = atomic_load_explicit((const _Atomic uint64_t *)(const void *)slot, memory_order_acquire);
  return sequence == consumer->index + 1 ? slot : NULL;
}

static inline const void *nt_ring_front128(nt_consumer *consumer) {
  const uint8_t *slot = consumer->slots + (consumer->index & consumer->mask) * 128;
  uint64_t sequence = atomic_load_explicit((const _Atomic uint64_t *)(const void *)slot, memory_order_acquire);
  __builtin_prefetch(slot + 64); /* line 1 is on its way here before the sequence says that it is wanted */
  return sequence == consumer->index + 1 ? slot : NULL;
}

/* Give the front record's slot back. */
static inline void nt_ring_advance(nt_consumer *consumer) {
  consumer->index++;
  atomic_store_explicit(&consumer->block->read, consumer->index, memory_order_release);
}

/* Batches: as many of count as fit or are there. */
uint32_t nt_producer_push(nt_producer *producer, const void *records, uint32_t count);
uint32_t nt_consumer_pop(nt_consumer *consumer, void *records, uint32_t count);
/* Zero copy: up to count contiguous free slots, written in place except word 0, then committed (at most what was claimed). */
uint32_t nt_producer_claim(nt_producer *producer, uint32_t count, void **slots);
uint32_t nt_producer_commit(nt_producer *producer, uint32_t count);
/* Zero copy: up to count contiguous complete records, then released (at most what was peeked). */
uint32_t nt_consumer_peek(nt_consumer *consumer, uint32_t count, void **records);
uint32_t nt_consumer_release(nt_consumer *consumer, uint32_t count);

#endif
