/* Rings: what comes out is what went in, in order, once; for every record size, start and way of pushing and popping; and no content of
 * the shared block leads outside the slots. */
#include "../../csrc/handle.h"
#include "../../csrc/ring.h"
#include "../../csrc/segment.h"
#include "check.h"

typedef struct nt_record {
  uint64_t word[16];
} nt_record;

static void fill(void *record, uint32_t bytes, uint64_t index) {
  uint64_t words[16];
  words[0] = 0xdeadbeefdeadbeefULL; /* the ring's; must not matter */
  for (uint32_t i = 1; i < bytes / 8; i++) words[i] = index * 31 + i;
  memcpy(record, words, bytes);
}

static void verify(const void *record, uint32_t bytes, uint64_t index) {
  uint64_t words[16];
  memcpy(words, record, bytes);
  CHECK_EQUAL(words[0], index + 1);
  for (uint32_t i = 1; i < bytes / 8; i++) CHECK_EQUAL(words[i], index * 31 + i);
}

static nt_error last;

/* Random operations through the public functions against a model of two counters. */
static void test_model(uint64_t seed, uint32_t bytes, uint32_t capacity, uint64_t start) {
  char name[32];
  uint32_t owner, in, out;
  static uint8_t buffer[40 * 128];
  uint64_t written = start, read = start;
  (void)check_name(name, "model");
  CHECK_EQUAL(nt_ring_create(name, bytes, capacity, start, &owner, &last), NT_OK);
  CHECK_EQUAL(nt_ring_attach(name, NT_ROLE_PRODUCER, &in, &last), NT_OK);
  CHECK_EQUAL(nt_ring_attach(name, NT_ROLE_CONSUMER, &out, &last), NT_OK);
  for (int step = 0; step < 4000; step++) {
    uint32_t count = (uint32_t)(check_random(&seed) % 40), part;
    uint64_t used = written - read, room = capacity - used;
    uint32_t room_for = room < count ? (uint32_t)room : count, there = used < count ? (uint32_t)used : count;
    void *place;
    switch (check_random(&seed) % 5) {
      case 0:
        for (uint32_t i = 0; i < count; i++) fill(buffer + (size_t)i * bytes, bytes, written + i);
        CHECK_EQUAL(nt_ring_push(in, buffer, count), room_for);
        written += room_for;
        break;
      case 1:
        CHECK_EQUAL(nt_ring_pop(out, buffer, count), there);
        for (uint32_t i = 0; i < there; i++) verify(buffer + (size_t)i * bytes, bytes, read + i);
        read += there;
        break;
      case 2: {
        uint32_t to_end = capacity - (uint32_t)(written % capacity);
        part = room_for < to_end ? room_for : to_end;
        CHECK_EQUAL(nt_ring_claim(in, count, &place), part);
        for (uint32_t i = 0; i < part; i++) fill((uint8_t *)place + (size_t)i * bytes, bytes, written + i);
        CHECK_EQUAL(nt_ring_peek(out, 0, &place), 0);
        part = part == 0 ? 0 : (uint32_t)(check_random(&seed) % (part + 1)); /* the rest is claimed again */
        CHECK_EQUAL(nt_ring_commit(in, part), part);
        written += part;
        break;
      }
      case 3: {
        uint32_t to_end = capacity - (uint32_t)(read % capacity);
        part = there < to_end ? there : to_end;
        CHECK_EQUAL(nt_ring_peek(out, count, &place), part);
        for (uint32_t i = 0; i < part; i++) verify((uint8_t *)place + (size_t)i * bytes, bytes, read + i);
        part = part == 0 ? 0 : (uint32_t)(check_random(&seed) % (part + 1)); /* the rest comes again */
        CHECK_EQUAL(nt_ring_release(out, part), part);
        read += part;
        break;
      }
      default: /* either side leaves and another takes its place */
        CHECK_EQUAL(nt_close(step % 2 ? in : out), NT_OK);
        CHECK_EQUAL(nt_ring_attach(name, step % 2 ? NT_ROLE_PRODUCER : NT_ROLE_CONSUMER, step % 2 ? &in : &out, &last), NT_OK);
    }
  }
  CHECK(written - start > 1000);
  CHECK(nt_close(in) == NT_OK && nt_close(out) == NT_OK && nt_close(owner) == NT_OK);
}

/* A ring in memory of its own, exactly as large as it says, so that a sanitizer sees every step outside. */
typedef struct nt_fixture {
  nt_ring_block *block;
  uint8_t *slots;
  uint32_t bytes;
  uint32_t capacity;
  uint64_t total;
} nt_fixture;

static nt_fixture fixture(uint32_t bytes, uint32_t capacity, uint64_t start) {
  nt_fixture out = {aligned_alloc(128, sizeof(nt_ring_block)), aligned_alloc(128, (size_t)capacity * bytes), bytes, capacity, 0};
  CHECK(out.block != NULL && out.slots != NULL);
  memset(out.block, 0, sizeof(nt_ring_block));
  memset(out.slots, 0, (size_t)capacity * bytes);
  nt_ring_block_init(out.block, bytes, capacity, start);
  return out;
}

static void fixture_free(nt_fixture *f) {
  free(f->block);
  free(f->slots);
}

static void *thread_producer(void *argument) {
  nt_fixture *f = argument;
  nt_producer producer;
  nt_record records[5];
  CHECK_EQUAL(nt_producer_open(&producer, f->block, f->slots, f->bytes, f->capacity), NT_OK);
  for (uint64_t i = 0; i < f->total;) {
    uint32_t count = i % 7 == 0 && f->total - i >= 5 ? 5 : 1, pushed;
    for (uint32_t k = 0; k < count; k++) fill((uint8_t *)records + (size_t)k * f->bytes, f->bytes, i + k);
    if (count == 1) {
      pushed = (uint32_t)(f->bytes == 64 ? nt_ring_push64(&producer, records) : nt_ring_push128(&producer, records));
    } else {
      pushed = nt_producer_push(&producer, records, count);
    }
    i += pushed;
    nt_wake(&f->block->consumer_wait);
    if (pushed < count) nt_thread_yield();
  }
  return NULL;
}

/* In place one by one, or copied out in batches; asleep while there is nothing. */
static void test_threads(uint32_t bytes, uint32_t capacity) {
  nt_fixture f = fixture(bytes, capacity, 0);
  nt_thread thread;
  nt_consumer consumer;
  nt_record out[3];
  f.total = 60000;
  CHECK_EQUAL(nt_consumer_open(&consumer, f.block, f.slots, bytes, capacity), NT_OK);
  CHECK_EQUAL(nt_thread_start(&thread, thread_producer, &f), 0);
  for (uint64_t i = 0; i < f.total;) {
    nt_waiter waiter;
    nt_waiter_start(&waiter, -1, 100);
    const void *front;
    while ((front = bytes == 64 ? nt_ring_front64(&consumer) : nt_ring_front128(&consumer)) == NULL) {
      CHECK_EQUAL(nt_waiter_step(&waiter, &f.block->consumer_wait), NT_OK);
    }
    verify(front, bytes, i++);
    nt_ring_advance(&consumer);
    uint32_t popped = nt_consumer_pop(&consumer, out, 3);
    for (uint32_t k = 0; k < popped; k++) verify((uint8_t *)out + (size_t)k * bytes, bytes, i++);
  }
  nt_thread_join(&thread);
  CHECK(bytes == 64 ? nt_ring_front64(&consumer) == NULL : nt_ring_front128(&consumer) == NULL);
  fixture_free(&f);
}

/* A full ring says so until the consumer has moved, and exactly then. */
static void test_full(uint32_t bytes) {
  nt_fixture f = fixture(bytes, 4, (1ULL << 32) - 2);
  nt_producer producer;
  nt_consumer consumer;
  nt_record record;
  CHECK_EQUAL(nt_producer_open(&producer, f.block, f.slots, bytes, 4), NT_OK);
  CHECK_EQUAL(nt_consumer_open(&consumer, f.block, f.slots, bytes, 4), NT_OK);
  for (uint64_t i = 0; i < 20; i++) {
    fill(&record, bytes, i);
    int pushed = bytes == 64 ? nt_ring_push64(&producer, &record) : nt_ring_push128(&producer, &record);
    CHECK_EQUAL(pushed, i < 4 || i % 2 == 1);
    CHECK_EQUAL(nt_producer_free(&producer), i < 4 ? 3 - i : 0);
    if (i >= 3 && i % 2 == 0) nt_ring_advance(&consumer);
  }
  fixture_free(&f);
}

static void test_open_is_checked(void) {
  nt_fixture f = fixture(64, 8, 0);
  nt_producer p;
  nt_consumer c;
  static const uint32_t bad[][2] = {{64, 0}, {64, 1}, {64, 6}, {64, 1U << 31}, {32, 8}, {0, 8}, {65, 8}};
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    CHECK_EQUAL(nt_producer_open(&p, f.block, f.slots, bad[i][0], bad[i][1]), NT_ERR_INVALID);
    CHECK_EQUAL(nt_consumer_open(&c, f.block, f.slots, bad[i][0], bad[i][1]), NT_ERR_INVALID);
  }
  CHECK_EQUAL(nt_producer_open(&p, f.block, f.slots, 64, 4), NT_ERR_CORRUPT); /* the block says 8 */
  CHECK_EQUAL(nt_consumer_open(&c, f.block, f.slots, 128, 8), NT_ERR_CORRUPT);
  atomic_store(&f.block->written, 9); /* more than fit */
  CHECK_EQUAL(nt_producer_open(&p, f.block, f.slots, 64, 8), NT_ERR_CORRUPT);
  CHECK_EQUAL(nt_consumer_open(&c, f.block, f.slots, 64, 8), NT_ERR_CORRUPT);
  atomic_store(&f.block->written, 0);
  atomic_store(&f.block->read, 1); /* read what was never written */
  CHECK_EQUAL(nt_producer_open(&p, f.block, f.slots, 64, 8), NT_ERR_CORRUPT);
  CHECK_EQUAL(nt_consumer_open(&c, f.block, f.slots, 64, 8), NT_OK); /* a producer that has yet to count could have written it */
  fixture_free(&f);
}

/* The peer scribbles anything anywhere at any time: both sides keep inside the slots and never claim more than the ring holds. */
static void test_hostile(uint64_t seed) {
  const uint32_t bytes = seed % 2 ? 64 : 128, capacity = 16;
  nt_fixture f = fixture(bytes, capacity, 0);
  nt_producer p;
  nt_consumer c;
  nt_record records[20];
  memset(records, 0, sizeof(records));
  CHECK_EQUAL(nt_producer_open(&p, f.block, f.slots, bytes, capacity), NT_OK);
  CHECK_EQUAL(nt_consumer_open(&c, f.block, f.slots, bytes, capacity), NT_OK);
  for (int step = 0; step < 3000; step++) {
    uint64_t near = p.index + check_random(&seed) % 64 - 32;
    uint64_t value = check_random(&seed) % 2 ? near : check_random(&seed);
    switch (check_random(&seed) % 8) {
      case 0:
        atomic_store(&f.block->read, value);
        break;
      case 1:
        atomic_store(&f.block->written, value);
        break;
      case 2:
        memcpy(f.slots + check_random(&seed) % capacity * bytes, &value, 8);
        break;
      case 3:
        memcpy((uint8_t *)f.block + check_random(&seed) % 64 * 8, &value, 8);
        break;
      case 4:
        CHECK(nt_producer_push(&p, records, (uint32_t)(value % 20)) <= capacity);
        break;
      case 5:
        CHECK(nt_consumer_pop(&c, records, (uint32_t)(value % 20)) < 20);
        break;
      case 6:
        CHECK(nt_producer_free(&p) <= capacity);
        break;
      default: {
        nt_producer again;
        nt_consumer other;
        int32_t result = nt_producer_open(&again, f.block, f.slots, bytes, capacity);
        CHECK(result == NT_ERR_CORRUPT || (result == NT_OK && nt_producer_free(&again) <= capacity));
        result = nt_consumer_open(&other, f.block, f.slots, bytes, capacity);
        CHECK(result == NT_ERR_CORRUPT || (result == NT_OK && nt_consumer_pop(&other, records, 20) <= 20));
      }
    }
  }
  fixture_free(&f);
}

/* The consumer's index goes backwards or beyond: the producer believes neither, so no unread record is overwritten by a stray word. */
static void test_stray_read_index(void) {
  nt_fixture f = fixture(64, 4, 0);
  nt_producer p;
  nt_record record;
  CHECK_EQUAL(nt_producer_open(&p, f.block, f.slots, 64, 4), NT_OK);
  memset(&record, 0, sizeof(record));
  for (int i = 0; i < 4; i++) CHECK_EQUAL(nt_ring_push64(&p, &record), 1);
  static const uint64_t stray[] = {5, 1000, UINT64_MAX, 1ULL << 63};
  for (size_t i = 0; i < 4; i++) {
    atomic_store(&f.block->read, stray[i]);
    CHECK(nt_ring_push64(&p, &record) == 0 && nt_producer_free(&p) == 0);
  }
  atomic_store(&f.block->read, 3);
  CHECK_EQUAL(nt_producer_free(&p), 3);
  atomic_store(&f.block->read, 1);
  CHECK_EQUAL(nt_producer_free(&p), 3);
  fixture_free(&f);
}

static void test_public_errors(void) {
  char name[32];
  uint32_t owner, in, out, none = 7;
  void *place;
  nt_record record;
  memset(&record, 0, sizeof(record));
  (void)check_name(name, "errors");
  CHECK_EQUAL(nt_ring_attach(name, NT_ROLE_PRODUCER, &none, &last), NT_ERR_NOT_FOUND);
  CHECK_EQUAL(none, 0);
  CHECK_EQUAL(nt_ring_create(name, 96, 8, 0, &none, &last), NT_ERR_INVALID);
  CHECK_EQUAL(nt_ring_create(name, 64, 9, 0, &none, &last), NT_ERR_INVALID);
  CHECK_EQUAL(nt_ring_create("no/good", 64, 8, 0, &none, &last), NT_ERR_NAME);
  CHECK_EQUAL(nt_ring_create(name, 64, 8, 0, NULL, &last), NT_ERR_INVALID);
  CHECK_EQUAL(nt_ring_create(name, 64, 8, 0, &owner, &last), NT_OK);
  CHECK_EQUAL(nt_ring_create(name, 64, 8, 0, &none, &last), NT_ERR_NAME_IN_USE);
  CHECK_EQUAL(last.code, NT_ERR_NAME_IN_USE);
  CHECK_EQUAL(nt_ring_attach(name, 3, &none, &last), NT_ERR_INVALID);
  CHECK_EQUAL(nt_ring_attach(name, NT_ROLE_PRODUCER, NULL, &last), NT_ERR_INVALID);
  CHECK_EQUAL(nt_ring_attach(name, NT_ROLE_PRODUCER, &in, &last), NT_OK);
  CHECK_EQUAL(nt_ring_attach(name, NT_ROLE_PRODUCER, &none, &last), NT_ERR_NAME_IN_USE); /* one holder a role */
  CHECK_EQUAL(nt_ring_attach(name, NT_ROLE_CONSUMER, &out, &last), NT_OK);
  CHECK_EQUAL(nt_ring_attach(name, NT_ROLE_CONSUMER, &none, &last), NT_ERR_NAME_IN_USE);
  CHECK_EQUAL(nt_ring_push(out, &record, 1), NT_ERR_STATE);
  CHECK_EQUAL(nt_last_error(out, &last), NT_OK);
  CHECK_EQUAL(last.code, NT_ERR_STATE);
  CHECK_EQUAL(nt_ring_pop(in, &record, 1), NT_ERR_STATE);
  CHECK_EQUAL(nt_ring_pop_wait(owner, &record, 1, 0), NT_ERR_STATE);
  CHECK_EQUAL(nt_ring_claim(out, 1, &place), NT_ERR_STATE);
  CHECK_EQUAL(nt_ring_commit(out, 1), NT_ERR_STATE);
  CHECK_EQUAL(nt_ring_peek(in, 1, &place), NT_ERR_STATE);
  CHECK_EQUAL(nt_ring_release(in, 1), NT_ERR_STATE);
  CHECK_EQUAL(nt_ring_push(in, NULL, 1), NT_ERR_INVALID);
  CHECK_EQUAL(nt_ring_push(in, &record, UINT32_MAX), NT_ERR_INVALID);
  CHECK_EQUAL(nt_ring_pop(out, NULL, 1), NT_ERR_INVALID);
  CHECK_EQUAL(nt_ring_pop_wait(out, NULL, 1, 0), NT_ERR_INVALID);
  CHECK_EQUAL(nt_ring_claim(in, 1, NULL), NT_ERR_INVALID);
  CHECK_EQUAL(nt_ring_peek(out, 1, NULL), NT_ERR_INVALID);
  CHECK_EQUAL(nt_ring_commit(in, 1), NT_ERR_INVALID); /* nothing was claimed */
  CHECK_EQUAL(nt_ring_release(out, 1), NT_ERR_INVALID);
  CHECK_EQUAL(nt_ring_pop(out, &record, 1), 0);
  CHECK_EQUAL(nt_ring_pop_wait(out, &record, 1, 0), NT_ERR_TIMEOUT);
  CHECK_EQUAL(nt_ring_pop_wait(out, &record, 1, 2000000), NT_ERR_TIMEOUT);
  CHECK_EQUAL(nt_ring_push(0, &record, 1), NT_ERR_BAD_HANDLE);
  CHECK_EQUAL(nt_close(owner), NT_OK);
  CHECK_EQUAL(nt_ring_push(in, &record, 1), 1); /* those who are attached go on */
  CHECK_EQUAL(nt_ring_pop_wait(out, &record, 1, -1), 1);
  CHECK_EQUAL(nt_ring_attach(name, NT_ROLE_PRODUCER, &none, &last), NT_ERR_NOT_FOUND);
  CHECK(nt_close(in) == NT_OK && nt_close(out) == NT_OK && nt_ring_pop(out, &record, 1) == NT_ERR_BAD_HANDLE);
}

/* A block whose numbers were scribbled on between create and attach. */
static void test_attach_to_damage(void) {
  char name[32], path[NT_PATH_BYTES];
  uint32_t owner, none;
  nt_segment segment;
  (void)snprintf(path, sizeof(path), "/nt.ring.%s", check_name(name, "damage"));
  CHECK_EQUAL(nt_ring_create(name, 64, 8, 0, &owner, &last), NT_OK);
  CHECK_EQUAL(nt_segment_open(&segment, path, NT_SEGMENT_RING, 1, &last), NT_OK);
  nt_ring_block *block = nt_segment_section(&segment, 1, sizeof(nt_ring_block), NULL);
  block->capacity = 1024;
  CHECK_EQUAL(nt_ring_attach(name, NT_ROLE_CONSUMER, &none, &last), NT_ERR_CORRUPT);
  block->capacity = 8;
  atomic_store(&block->written, 100);
  CHECK_EQUAL(nt_ring_attach(name, NT_ROLE_PRODUCER, &none, &last), NT_ERR_CORRUPT);
  segment.header->sections[1].stride = 32;
  segment.header->sections[1].count = 16;
  CHECK_EQUAL(nt_ring_attach(name, NT_ROLE_PRODUCER, &none, &last), NT_ERR_CORRUPT);
  CHECK(last.code == NT_ERR_CORRUPT && none == 0);
  nt_segment_close(&segment, 0);
  CHECK_EQUAL(nt_close(owner), NT_OK);
}

static void *wait_for_record(void *argument) {
  nt_record record;
  int32_t result;
  do { /* busy while the other thread looks whether we are inside */
    result = nt_ring_pop_wait(*(uint32_t *)argument, &record, 1, -1);
  } while (result == NT_ERR_BUSY);
  CHECK_EQUAL(result, NT_ERR_CLOSED);
  return NULL;
}

static void test_close_during_wait(void) {
  char name[32];
  uint32_t owner, out;
  nt_thread thread;
  int32_t result;
  (void)check_name(name, "closing");
  CHECK_EQUAL(nt_ring_create(name, 64, 8, 0, &owner, &last), NT_OK);
  CHECK_EQUAL(nt_ring_attach(name, NT_ROLE_CONSUMER, &out, &last), NT_OK);
  CHECK_EQUAL(nt_thread_start(&thread, wait_for_record, &out), 0);
  do { /* until it is inside */
    if (nt_handle_enter(out, NT_HANDLE_RING, &result) != NULL) nt_handle_leave(out);
    nt_thread_yield();
  } while (result != NT_ERR_BUSY);
  CHECK_EQUAL(nt_close(out), NT_OK);
  nt_thread_join(&thread);
  CHECK_EQUAL(nt_close(owner), NT_OK);
}

int main(void) {
  static const uint64_t starts[] = {0, (1ULL << 32) - 100, UINT64_MAX - 100, UINT64_MAX};
  (void)alarm(300);
  for (uint64_t seed = 1; seed <= 8; seed++) {
    test_model(seed, seed % 2 ? 64 : 128, 2U << (seed % 5), starts[seed % 4]);
    test_hostile(seed);
  }
  test_threads(64, 8);
  test_threads(128, 8);
  test_threads(128, 2);
  test_full(64);
  test_full(128);
  test_open_is_checked();
  test_stray_read_index();
  test_public_errors();
  test_attach_to_damage();
  test_close_during_wait();
  return 0;
}
