/* The tick broadcast: readers get every tick or know exactly how many they missed, and never half a tick. */
#include "../../csrc/platform.h"
#include "../../csrc/ticks.h"
#include "check.h"

#define CAPACITY 64U
#define MASK (CAPACITY - 1)

static nt_ticks_block block;
static _Alignas(128) nt_tick slots[CAPACITY];
static const uint64_t total = 200000;
static _Atomic uint64_t slowest;

static nt_tick tick_of(uint64_t index) {
  nt_tick tick;
  memset(&tick, 0, sizeof(tick));
  tick.seq = UINT64_MAX; /* never copied */
  tick.ts_event = (int64_t)index;
  tick.ts_recv = (int64_t)(index * 3);
  tick.bid_price = (int64_t)(index * 5);
  tick.ask_price = (int64_t)(index * 7);
  tick.bid_size = (int64_t)(index * 11);
  tick.ask_size = (int64_t)(index * 13);
  tick.instrument = (uint32_t)index;
  tick.kind = NT_TICK_QUOTE;
  return tick;
}

static void check_tick(const nt_tick *tick, uint64_t index) {
  nt_tick expected = tick_of(index);
  expected.seq = index + 1;
  CHECK(memcmp(tick, &expected, sizeof(expected)) == 0);
}

static void write_tick(uint64_t index) {
  nt_tick tick = tick_of(index);
  nt_ticks_write(&block, slots, MASK, index, &tick);
}

static void reset(void) {
  memset(&block, 0, sizeof(block));
  memset(slots, 0, sizeof(slots));
}

static void test_in_order(uint64_t seed) {
  nt_tick out[CAPACITY];
  uint64_t position = 0, written = 0, lost;
  reset();
  CHECK_EQUAL(nt_ticks_read(&block, slots, MASK, &position, out, CAPACITY, &lost), 0);
  while (written < 5000) {
    uint64_t burst = check_random(&seed) % (CAPACITY - (written - position) + 1);
    for (uint64_t i = 0; i < burst; i++) write_tick(written + i);
    uint64_t before = position;
    int32_t copied = nt_ticks_read(&block, slots, MASK, &position, out, CAPACITY, &lost);
    CHECK(lost == 0 && position <= written); /* not published: not to be seen */
    for (int32_t i = 0; i < copied; i++) check_tick(&out[i], before + (uint64_t)i);
    written += burst;
    nt_ticks_publish(&block, written);
    CHECK_EQUAL(nt_ticks_written(&block), written);
    uint32_t want = (uint32_t)(check_random(&seed) % CAPACITY);
    before = position;
    copied = nt_ticks_read(&block, slots, MASK, &position, out, want, &lost);
    CHECK_EQUAL(copied, written - before < want ? written - before : want);
    CHECK_EQUAL(lost, 0);
    for (int32_t i = 0; i < copied; i++) check_tick(&out[i], before + (uint64_t)i);
  }
}

static void test_lapped(void) {
  nt_tick out[CAPACITY];
  uint64_t position = 0, lost;
  reset();
  for (uint64_t i = 0; i < 1000; i++) write_tick(i);
  nt_ticks_publish(&block, 1000);
  int32_t copied = nt_ticks_read(&block, slots, MASK, &position, out, CAPACITY, &lost);
  CHECK_EQUAL(lost, 1000 - CAPACITY / 4 * 3);
  CHECK_EQUAL(copied, CAPACITY / 4 * 3);
  check_tick(&out[0], lost);
  CHECK_EQUAL(position, 1000);
  /* The writer is a little into the next lap: what it has begun to overwrite is lost, what is left comes. */
  position = 1000 - CAPACITY;
  write_tick(1000);
  copied = nt_ticks_read(&block, slots, MASK, &position, out, 4, &lost);
  CHECK(copied == 4 && lost == CAPACITY / 4);
  check_tick(&out[0], 1000 - CAPACITY + lost);
  /* A gap is reported with the ticks behind it, never in between: slot 1001 overwrites the third tick of this read. */
  position = 1000 - CAPACITY + 1;
  write_tick(1003);
  copied = nt_ticks_read(&block, slots, MASK, &position, out, 8, &lost);
  CHECK(copied == 2 && lost == 0);
  check_tick(&out[1], 1000 - CAPACITY + 2);
  /* A position from the future (another incarnation's) reads nothing. */
  position = 5000;
  CHECK_EQUAL(nt_ticks_read(&block, slots, MASK, &position, out, 4, &lost), 0);
  CHECK(position == 5000 && lost == 0);
}

static void test_across_2_to_the_32(void) {
  nt_tick out[8];
  uint64_t position = (1ULL << 32) - 4, lost;
  reset();
  for (uint64_t i = position; i < position + 8; i++) write_tick(i);
  nt_ticks_publish(&block, position + 8);
  CHECK_EQUAL(nt_ticks_read(&block, slots, MASK, &position, out, 8, &lost), 8);
  CHECK(lost == 0 && out[7].seq == (1ULL << 32) + 4);
}

/* Scribbled slots: bounded work, no tick. */
static void test_damaged_slots(void) {
  nt_tick out[CAPACITY];
  uint64_t position = 0, lost;
  reset();
  memset(slots, 0xff, sizeof(slots));
  nt_ticks_publish(&block, CAPACITY);
  CHECK_EQUAL(nt_ticks_read(&block, slots, MASK, &position, out, CAPACITY, &lost), 0);
  CHECK(position == CAPACITY && lost == CAPACITY);
}

static void *reader(void *argument) {
  nt_tick out[16];
  uint64_t position = 0, lost, missed = 0, seen = 0;
  int is_slow = argument != NULL;
  while (position < total) {
    int32_t copied = nt_ticks_read(&block, slots, MASK, &position, out, 16, &lost);
    uint64_t first = position - (uint64_t)copied;
    for (int32_t i = 0; i < copied; i++) check_tick(&out[i], first + (uint64_t)i);
    seen += (uint64_t)copied;
    missed += lost;
    CHECK_EQUAL(seen + missed, position);
    if (!is_slow) atomic_store_explicit(&slowest, position, memory_order_release);
    if (copied == 0 || is_slow) nt_thread_yield();
  }
  if (!is_slow) CHECK_EQUAL(missed, 0);
  return NULL;
}

/* One reader that the writer waits for, one that it laps. */
static void test_threads(void) {
  nt_thread threads[2];
  reset();
  CHECK_EQUAL(nt_thread_start(&threads[0], reader, NULL), 0);
  CHECK_EQUAL(nt_thread_start(&threads[1], reader, &threads), 0);
  for (uint64_t i = 0; i < total; i++) {
    while (i - atomic_load_explicit(&slowest, memory_order_acquire) >= CAPACITY) nt_thread_yield();
    write_tick(i);
    if (i % 3 == 2 || i + 1 == total) nt_ticks_publish(&block, i + 1);
    if (i % 3 != 2 && i - atomic_load_explicit(&slowest, memory_order_acquire) >= CAPACITY - 4) nt_ticks_publish(&block, i + 1);
  }
  nt_thread_join(&threads[0]);
  nt_thread_join(&threads[1]);
}

int main(void) {
  for (uint64_t seed = 1; seed <= 5; seed++) test_in_order(seed);
  test_lapped();
  test_across_2_to_the_32();
  test_damaged_slots();
  test_threads();
  return 0;
}
