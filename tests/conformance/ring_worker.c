/* One side of a ring, for tests/conformance/ring_torture.py: ROLE NAME RECORD_BYTES END SEED LEDGER. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "neural_trader.h"

#define BATCH_MAX 1024
#define SECOND 1000000000LL

static const uint32_t BATCHES[] = {1, 2, 7, 64, 256, BATCH_MAX};

static uint32_t ring, words, state;
static FILE *ledger;

static uint32_t draw(uint32_t below) {
  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;
  return state % below;
}

/* Word j of record number index; the words 0 and 1 are the ring's. */
static uint32_t word(uint64_t index, uint32_t j) {
  return (((uint32_t)index ^ j * 0x9E3779B1u) * 0x85EBCA6Bu) ^ (((uint32_t)(index >> 32) + 1) * 0xC2B2AE35u);
}

static void fill(uint32_t *record, uint64_t index) {
  for (uint32_t j = 2; j < words; j++) record[j] = word(index, j);
}

static void verify(const uint32_t *record, uint64_t index) {
  uint64_t sequence;
  memcpy(&sequence, record, sizeof(sequence));
  if (sequence != index + 1) {
    printf("bad sequence %llu at %llu\n", (unsigned long long)sequence, (unsigned long long)index);
    exit(1);
  }
  for (uint32_t j = 2; j < words; j++) {
    if (record[j] == word(index, j)) continue;
    printf("bad word %u at %llu\n", j, (unsigned long long)index);
    exit(1);
  }
}

/* What has been pushed, or verified, as of now: a killed process leaves it behind. */
static void note(uint64_t index) {
  if (pwrite(fileno(ledger), &index, sizeof(index), 0) != sizeof(index)) exit(2);
}

static int32_t checked(int32_t result, const char *what) {
  if (result >= 0) return result;
  printf("%s: %d\n", what, result);
  exit(1);
}

static uint32_t push(uint32_t *records, uint64_t at, uint32_t count) {
  void *slots;
  if (draw(2) == 0) {
    for (uint32_t i = 0; i < count; i++) fill(records + i * words, at + i);
    return (uint32_t)checked(nt_ring_push(ring, records, count), "push");
  }
  uint32_t claimed = (uint32_t)checked(nt_ring_claim(ring, count, &slots), "claim");
  for (uint32_t i = 0; i < claimed; i++) fill((uint32_t *)slots + i * words, at + i);
  return (uint32_t)checked(nt_ring_commit(ring, claimed - draw(claimed / 4 + 1)), "commit");
}

static void produce(uint64_t at, uint64_t end) {
  static uint32_t records[BATCH_MAX * 32];
  while (at < end) {
    uint32_t count = BATCHES[draw(6)];
    if (count > end - at) count = (uint32_t)(end - at);
    uint32_t pushed = push(records, at, count);
    at += pushed;
    note(at);
    if (pushed == 0) nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL);
  }
}

static void consume(uint64_t at, uint64_t end) {
  static uint32_t records[BATCH_MAX * 32];
  void *slots;
  while (at < end) {
    uint32_t count = BATCHES[draw(6)];
    if (draw(2) == 0) {
      uint32_t popped = (uint32_t)checked(nt_ring_pop_wait(ring, records, count, 60 * SECOND), "pop_wait");
      for (uint32_t i = 0; i < popped; i++) verify(records + i * words, at + i);
      at += popped;
      note(at);
      continue;
    }
    uint32_t peeked = (uint32_t)checked(nt_ring_peek(ring, count, &slots), "peek");
    for (uint32_t i = 0; i < peeked; i++) verify((const uint32_t *)slots + i * words, at + i);
    note(at + peeked);
    at += (uint32_t)checked(nt_ring_release(ring, peeked - draw(peeked / 4 + 1)), "release");
  }
}

int main(int argc, char **argv) {
  char line[32];
  nt_error error;
  if (argc != 7) return 2;
  int is_producer = strcmp(argv[1], "producer") == 0;
  words = (uint32_t)atoi(argv[3]) / 4;
  state = (uint32_t)atoi(argv[5]) | 1;
  ledger = fopen(argv[6], "w");
  if (ledger == NULL) return 2;
  if (nt_ring_attach(argv[2], is_producer ? NT_ROLE_PRODUCER : NT_ROLE_CONSUMER, &ring, &error) != NT_OK) {
    printf("%s\n", error.text);
    return 1;
  }
  printf("attached\n");
  fflush(stdout);
  if (fgets(line, sizeof(line), stdin) == NULL) return 2;
  (is_producer ? produce : consume)(strtoull(line, NULL, 10), strtoull(argv[4], NULL, 10));
  printf("done\n");
  return nt_close(ring) == NT_OK ? 0 : 1;
}
