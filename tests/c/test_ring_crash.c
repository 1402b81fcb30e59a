/* Producers and consumers killed anywhere: after every single instruction of a push or a pop, and at random in a running stream. What the
 * dead one completed is there, what it did not is not, and nothing is torn, lost or seen twice after the index was released. */
#define _GNU_SOURCE
#include <sys/ptrace.h>

#include "../../csrc/platform.h"
#include "../../csrc/ring.h"
#include "check.h"

#define CAPACITY 8U
#define STREAM_CAPACITY 256U
#define INSTRUCTIONS_MAX 150 /* kills per scenario, spread over all instructions when a sanitizer makes them many */

typedef struct nt_arena {
  nt_ring_block block;
  _Alignas(128) uint8_t slots[STREAM_CAPACITY * 128];
  _Atomic uint64_t processed[64]; /* what a consumer has done with each record, before it releases it */
} nt_arena;

static nt_arena *arena;
static uint32_t record_bytes;

static void fill(void *record, uint64_t index) {
  uint64_t words[16] = {0};
  for (uint32_t i = 1; i < record_bytes / 8; i++) words[i] = index * 31 + i;
  memcpy(record, words, record_bytes);
}

static void verify(const void *record, uint64_t index) {
  uint64_t words[16];
  memcpy(words, record, record_bytes);
  CHECK_EQUAL(words[0], index + 1);
  for (uint32_t i = 1; i < record_bytes / 8; i++) CHECK_EQUAL(words[i], index * 31 + i);
}

static void reset(uint64_t start, uint64_t count) {
  nt_producer producer;
  uint8_t record[128];
  memset(arena, 0, sizeof(*arena));
  nt_ring_block_init(&arena->block, record_bytes, CAPACITY, start);
  CHECK_EQUAL(nt_producer_open(&producer, &arena->block, arena->slots, record_bytes, CAPACITY), NT_OK);
  for (uint64_t i = 0; i < count; i++) {
    fill(record, start + i);
    CHECK_EQUAL(nt_producer_push(&producer, record, 1), 1);
  }
}

static void open_producer(nt_producer *producer) {
  CHECK_EQUAL(nt_producer_open(producer, &arena->block, arena->slots, record_bytes, CAPACITY), NT_OK);
}

static void open_consumer(nt_consumer *consumer) {
  CHECK_EQUAL(nt_consumer_open(consumer, &arena->block, arena->slots, record_bytes, CAPACITY), NT_OK);
}

static const void *front(nt_consumer *consumer) {
  return record_bytes == 64 ? nt_ring_front64(consumer) : nt_ring_front128(consumer);
}

/* ---- what is killed ------------------------------------------------------------------------------------------------------ */

static nt_producer victim_producer;
static nt_consumer victim_consumer;
static uint8_t prepared[4 * 128];

static void push_one(void) {
  (void)(record_bytes == 64 ? nt_ring_push64(&victim_producer, prepared) : nt_ring_push128(&victim_producer, prepared));
}

static void push_batch(void) {
  (void)nt_producer_push(&victim_producer, prepared, 4);
}

static void claim_and_commit(void) {
  void *slots;
  uint32_t claimed = nt_producer_claim(&victim_producer, 4, &slots);
  for (uint32_t i = 0; i < claimed; i++) {
    memcpy((uint8_t *)slots + (size_t)i * record_bytes + 8, prepared + (size_t)i * record_bytes + 8, record_bytes - 8);
  }
  (void)nt_producer_commit(&victim_producer, claimed);
}

static void attach_producer(void) {
  open_producer(&victim_producer);
}

static void mark(const void *record) {
  uint64_t word;
  memcpy(&word, (const uint8_t *)record + 8, 8);
  atomic_store_explicit(&arena->processed[((word - 1) / 31) % 64], word, memory_order_release);
}

static void front_and_advance(void) {
  for (const void *record; (record = front(&victim_consumer)) != NULL;) {
    mark(record);
    nt_ring_advance(&victim_consumer);
  }
}

static void peek_and_release(void) {
  void *records;
  uint32_t peeked = nt_consumer_peek(&victim_consumer, 3, &records);
  for (uint32_t i = 0; i < peeked; i++) mark((uint8_t *)records + (size_t)i * record_bytes);
  (void)nt_consumer_release(&victim_consumer, peeked);
}

/* Run work in a child, one instruction at a time, and kill it after steps of them. Returns how many it ran: fewer when it ended first. */
static uint64_t run_steps(void (*work)(void), uint64_t steps) {
  int status;
  pid_t child = check_fork();
  if (child == 0) {
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0) _exit(1);
    (void)raise(SIGSTOP);
    work();
    (void)raise(SIGUSR1); /* tells the tracer that the work is done */
    _exit(0);
  }
  CHECK_EQUAL(waitpid(child, &status, 0), child);
  CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
  uint64_t done = 0;
  while (done < steps) {
    CHECK_EQUAL(ptrace(PTRACE_SINGLESTEP, child, NULL, NULL), 0);
    CHECK_EQUAL(waitpid(child, &status, 0), child);
    CHECK(WIFSTOPPED(status));
    if (WSTOPSIG(status) == SIGUSR1) break;
    CHECK_EQUAL(WSTOPSIG(status), SIGTRAP);
    done++;
  }
  CHECK_EQUAL(kill(child, SIGKILL), 0);
  check_killed(child);
  return done;
}

/* After the death: everything below the repaired index is whole, the next producer goes on without a gap. */
static void check_after_producer(uint64_t start, uint64_t before, uint64_t pushed) {
  nt_producer producer;
  nt_consumer consumer;
  uint8_t record[128];
  open_producer(&producer);
  CHECK(producer.index >= start + before && producer.index <= start + before + pushed);
  open_consumer(&consumer);
  for (uint64_t i = producer.index; i < start + CAPACITY; i++) {
    fill(record, i);
    CHECK_EQUAL(nt_producer_push(&producer, record, 1), 1);
  }
  CHECK_EQUAL(nt_producer_push(&producer, record, 1), 0);
  for (uint64_t i = start; i < start + CAPACITY; i++) {
    const void *next = front(&consumer);
    CHECK(next != NULL);
    verify(next, i);
    nt_ring_advance(&consumer);
  }
  CHECK(front(&consumer) == NULL);
}

static void kill_producer(void (*work)(void), uint64_t start, uint64_t before, uint64_t pushed) {
  uint64_t total = UINT64_MAX, stride = 1, complete = 0;
  for (uint64_t steps = UINT64_MAX; total == UINT64_MAX || steps <= total; steps += stride) {
    reset(start, before);
    if (work == attach_producer) atomic_store(&arena->block.written, start); /* left by one that never counted */
    open_consumer(&victim_consumer);
    if (work != attach_producer) open_producer(&victim_producer);
    for (uint64_t i = 0; i < 4; i++) fill(prepared + i * record_bytes, start + before + i);
    uint64_t done = run_steps(work, steps);
    complete += atomic_load(&arena->block.written) == start + before + pushed;
    check_after_producer(start, before, pushed);
    if (total != UINT64_MAX) continue;
    total = done; /* the first run was the whole of it */
    stride = total / INSTRUCTIONS_MAX + 1;
    steps = 0 - stride;
  }
  CHECK(total > 5 && complete > 0);
}

static void kill_consumer(void (*work)(void), uint64_t start, uint64_t count) {
  uint64_t total = UINT64_MAX, stride = 1, partly = 0;
  for (uint64_t steps = UINT64_MAX; total == UINT64_MAX || steps <= total; steps += stride) {
    nt_consumer consumer;
    reset(start, count);
    open_consumer(&victim_consumer);
    uint64_t done = run_steps(work, steps);
    open_consumer(&consumer);
    uint64_t released = consumer.index - start;
    CHECK(released <= count);
    partly += released > 0 && released < count;
    for (uint64_t i = 0; i < released; i++) CHECK(atomic_load(&arena->processed[(start + i) % 64]) == (start + i) * 31 + 1);
    for (uint64_t i = released; i < count; i++) { /* what was not released comes again, whole */
      const void *next = front(&consumer);
      CHECK(next != NULL);
      verify(next, start + i);
      nt_ring_advance(&consumer);
    }
    CHECK(front(&consumer) == NULL);
    if (total != UINT64_MAX) continue;
    total = done;
    stride = total / INSTRUCTIONS_MAX + 1;
    steps = 0 - stride;
  }
  CHECK(total > 5 && (partly > 0 || work != front_and_advance));
}

/* ---- a running stream ---------------------------------------------------------------------------------------------------- */

static void stream_of_records(void) {
  nt_producer producer;
  uint8_t records[3 * 128];
  CHECK_EQUAL(nt_producer_open(&producer, &arena->block, arena->slots, record_bytes, STREAM_CAPACITY), NT_OK);
  for (;;) {
    for (uint64_t i = 0; i < 3; i++) fill(records + i * record_bytes, producer.index + i);
    if (nt_producer_push(&producer, records, 1 + (uint32_t)(producer.index % 3)) == 0) nt_thread_yield();
  }
}

static uint64_t drain(nt_consumer *consumer) {
  uint64_t count = 0;
  for (const void *record; (record = front(consumer)) != NULL; count++) {
    verify(record, consumer->index);
    nt_ring_advance(consumer);
  }
  return count;
}

static void kill_stream(int rounds) {
  nt_consumer consumer;
  uint64_t seed = 11 + record_bytes, records = 0;
  memset(arena, 0, sizeof(*arena));
  nt_ring_block_init(&arena->block, record_bytes, STREAM_CAPACITY, 0);
  CHECK_EQUAL(nt_consumer_open(&consumer, &arena->block, arena->slots, record_bytes, STREAM_CAPACITY), NT_OK);
  for (int round = 0; round < rounds; round++) {
    pid_t child = check_fork();
    if (child == 0) {
      stream_of_records();
      _exit(1);
    }
    uint64_t wanted = check_random(&seed) % 2000, got = 0;
    while (got < wanted) {
      uint64_t count = drain(&consumer);
      got += count;
      if (count == 0) nt_thread_yield();
    }
    CHECK_EQUAL(kill(child, SIGKILL), 0);
    check_killed(child);
    records += got + drain(&consumer);
  }
  CHECK_EQUAL(consumer.index, records);
  nt_producer producer;
  CHECK_EQUAL(nt_producer_open(&producer, &arena->block, arena->slots, record_bytes, STREAM_CAPACITY), NT_OK);
  CHECK_EQUAL(producer.index, records); /* nothing counted that did not come, nothing came that is not counted */
}

int main(void) {
  (void)alarm(300);
  arena = check_shared(sizeof(nt_arena));
  for (record_bytes = 64; record_bytes <= 128; record_bytes += 64) {
    kill_producer(push_one, 0, 0, 1);
    kill_producer(push_one, (1ULL << 32) - 2, 3, 1);
    kill_producer(push_batch, 5, 2, 4);
    kill_producer(claim_and_commit, 16, 3, 4);
    kill_producer(attach_producer, 3, 4, 0);
    kill_consumer(front_and_advance, 13, 5);
    kill_consumer(peek_and_release, 8, 3);
    kill_stream(100);
  }
  return 0;
}
