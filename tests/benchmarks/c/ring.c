/* Rings between two pinned processes.
 *
 *   ring trips RUNS TRIPS       round trips: ping-pong, our rings of 64 and 128 bytes and boost's queue, in turn, RUNS times
 *   ring throughput RUNS WINDOWS   one record at a time: our ring of 64 bytes and boost's queue, each with two ways to spin, in turn
 *   ring pingpong TRIPS         the floor alone, for a neighbour that is measured elsewhere
 *
 * A window is 32 times the ring, so that it cannot be the draining of a full one. */
#include "ring.h"

#include "boost_queue.h"
#include "pingpong.h"

#define CAPACITY 1024
#define WINDOW (32 * CAPACITY)

typedef struct channel {
  nt_ring_block *block;
  uint8_t *slots;
  uint32_t record_bytes;
} channel;

typedef struct shared {
  _Alignas(128) pingpong floor;
  _Alignas(128) _Atomic uint64_t ready; /* number of the turn that the child waits at */
} shared;

static channel channel_make(uint32_t record_bytes) {
  channel made = {bench_shared(sizeof(nt_ring_block)), bench_shared((size_t)record_bytes * CAPACITY), record_bytes};
  nt_ring_block_init(made.block, record_bytes, CAPACITY, 0);
  return made;
}

static nt_producer producer_of(const channel *from) {
  nt_producer producer;
  int32_t result = nt_producer_open(&producer, from->block, from->slots, from->record_bytes, CAPACITY);
  if (result != NT_OK) bench_fail("nt_producer_open", result);
  return producer;
}

static nt_consumer consumer_of(const channel *from) {
  nt_consumer consumer;
  int32_t result = nt_consumer_open(&consumer, from->block, from->slots, from->record_bytes, CAPACITY);
  if (result != NT_OK) bench_fail("nt_consumer_open", result);
  return consumer;
}

static void check_number(const void *record, uint64_t expected) {
  if (((const uint64_t *)record)[1] != expected) bench_fail("records out of order at", (long)expected);
}

/* The two sides of a round trip, for each record size. The record is copied out, as a receiver of a possibly hostile peer does. */
#define ROUND_TRIPS(bytes)                                                                                    \
  static void ping##bytes(nt_producer *out, nt_consumer *in, uint64_t number, long count, uint64_t *cycles) { \
    _Alignas(64) uint64_t record[bytes / 8] = {0};                                                            \
    const void *front;                                                                                        \
    uint64_t last = bench_cycles();                                                                           \
    for (long i = 0; i < count; i++) {                                                                        \
      record[1] = number + (uint64_t)i;                                                                       \
      while (!nt_ring_push##bytes(out, record)) {                                                             \
      }                                                                                                       \
      while ((front = nt_ring_front##bytes(in)) == NULL) {                                                    \
      }                                                                                                       \
      memcpy(record, front, sizeof(record));                                                                  \
      nt_ring_advance(in);                                                                                    \
      uint64_t now = bench_cycles();                                                                          \
      cycles[i] = now - last;                                                                                 \
      last = now;                                                                                             \
      check_number(record, number + (uint64_t)i);                                                             \
    }                                                                                                         \
  }                                                                                                           \
  static void pong##bytes(nt_consumer *in, nt_producer *out, long count) {                                    \
    _Alignas(64) uint64_t record[bytes / 8];                                                                  \
    const void *front;                                                                                        \
    for (long i = 0; i < count; i++) {                                                                        \
      while ((front = nt_ring_front##bytes(in)) == NULL) {                                                    \
      }                                                                                                       \
      memcpy(record, front, sizeof(record));                                                                  \
      nt_ring_advance(in);                                                                                    \
      while (!nt_ring_push##bytes(out, record)) {                                                             \
      }                                                                                                       \
    }                                                                                                         \
  }

ROUND_TRIPS(64)
ROUND_TRIPS(128)

static void round_trips(long runs, long count) {
  shared *both = bench_shared(sizeof(shared));
  channel there64 = channel_make(64), back64 = channel_make(64), there128 = channel_make(128), back128 = channel_make(128);
#ifdef BENCH_BOOST
  void *boost_there = bench_shared(boost_queue_bytes()), *boost_back = bench_shared(boost_queue_bytes());
  boost_queue_make(boost_there);
  boost_queue_make(boost_back);
#endif
  pid_t child = bench_fork();
  uint64_t number = 0;
  if (child == 0) {
    bench_pin(BENCH_CHILD_CPU);
    nt_consumer in64 = consumer_of(&there64), in128 = consumer_of(&there128);
    nt_producer out64 = producer_of(&back64), out128 = producer_of(&back128);
    for (long run = 0; run < runs; run++) {
      pingpong_pong(&both->floor, &number, count);
      pong64(&in64, &out64, count);
      pong128(&in128, &out128, count);
#ifdef BENCH_BOOST
      boost_queue_pong(boost_there, boost_back, (uint64_t)count);
#endif
    }
    _exit(0);
  }
  bench_pin(BENCH_PARENT_CPU);
  double cycle_ns = bench_cycle_ns();
  nt_producer out64 = producer_of(&there64), out128 = producer_of(&there128);
  nt_consumer in64 = consumer_of(&back64), in128 = consumer_of(&back128);
  uint64_t *cycles = calloc((size_t)count, sizeof(uint64_t));
  if (cycles == NULL) bench_fail("no memory for trips", count);
  trips floor = trips_make("ping_pong", runs), ring64 = trips_make("ring_64", runs), ring128 = trips_make("ring_128", runs);
#ifdef BENCH_BOOST
  trips boost = trips_make("boost_64", runs);
#endif
  for (long run = 0; run < runs; run++) {
    uint64_t begin = (uint64_t)(run * count);
    pingpong_ping(&both->floor, &number, count, cycles);
    trips_add(&floor, cycles, count, cycle_ns);
    ping64(&out64, &in64, begin, count, cycles);
    trips_add(&ring64, cycles, count, cycle_ns);
    ping128(&out128, &in128, begin, count, cycles);
    trips_add(&ring128, cycles, count, cycle_ns);
#ifdef BENCH_BOOST
    boost_queue_ping(boost_there, boost_back, begin, (uint64_t)count, cycles);
    trips_add(&boost, cycles, count, cycle_ns);
#endif
  }
  bench_join(child);
  printf("{");
  trips_print(&floor, ", ");
  trips_print(&ring64, ", ");
#ifdef BENCH_BOOST
  trips_print(&boost, ", ");
#endif
  trips_print(&ring128, "}\n");
}

/* One record at a time, with the two usual ways to spin while the ring is full or empty: trying again at once, or after a pause
 * instruction, which leaves the peer's line alone for a moment. */
#define STREAMS(spin, wait)                                                                           \
  static void produce_##spin(nt_producer *out, uint64_t number, uint64_t count) {                     \
    _Alignas(64) uint64_t record[8] = {0};                                                            \
    for (uint64_t i = 0; i < count; i++) {                                                            \
      record[1] = number + i;                                                                         \
      while (!nt_ring_push64(out, record)) wait;                                                      \
    }                                                                                                 \
  }                                                                                                   \
  static int consume_##spin(nt_consumer *in, uint64_t number, uint64_t count) {                       \
    _Alignas(64) uint64_t record[8];                                                                  \
    const void *front;                                                                                \
    uint64_t wrong = 0;                                                                               \
    for (uint64_t i = 0; i < count; i++) {                                                            \
      while ((front = nt_ring_front64(in)) == NULL) wait;                                             \
      memcpy(record, front, sizeof(record));                                                          \
      __asm__ volatile("" : : "r"(record) : "memory"); /* the whole record, not the word looked at */ \
      nt_ring_advance(in);                                                                            \
      wrong |= record[1] ^ (number + i);                                                              \
    }                                                                                                 \
    return wrong == 0;                                                                                \
  }

STREAMS(pausing, nt_pause())
STREAMS(eager, (void)0)

enum { RING_PAUSING, RING_EAGER, BOOST_PAUSING, BOOST_EAGER, STREAM_COUNT };
#ifdef BENCH_BOOST
#define STREAMS_MEASURED STREAM_COUNT
#else
#define STREAMS_MEASURED BOOST_PAUSING
#endif

static const char *const stream_names[STREAM_COUNT] = {"ring_64", "ring_64_eager", "boost_64", "boost_64_eager"};

typedef struct stream {
  nt_producer out;
  nt_consumer in;
  void *boost;
} stream;

static void stream_produce(stream *at, int which, uint64_t number, uint64_t count) {
  if (which == RING_PAUSING) produce_pausing(&at->out, number, count);
  if (which == RING_EAGER) produce_eager(&at->out, number, count);
#ifdef BENCH_BOOST
  if (which >= BOOST_PAUSING) boost_queue_produce(at->boost, number, count, which == BOOST_PAUSING);
#endif
}

static int stream_consume(stream *at, int which, uint64_t number, uint64_t count) {
  if (which == RING_PAUSING) return consume_pausing(&at->in, number, count);
  if (which == RING_EAGER) return consume_eager(&at->in, number, count);
#ifdef BENCH_BOOST
  return boost_queue_consume(at->boost, number, count, which == BOOST_PAUSING);
#else
  return 0;
#endif
}

/* Million records a second: window by window the quantile at which neither side was interrupted, and over the whole run. */
static void throughput(long runs, long windows) {
  shared *both = bench_shared(sizeof(shared));
  channel ring = channel_make(64);
  uint64_t count = (uint64_t)windows * WINDOW, turn = 0;
  stream at = {0};
#ifdef BENCH_BOOST
  at.boost = bench_shared(boost_queue_bytes());
  boost_queue_make(at.boost);
#endif
  pid_t child = bench_fork();
  if (child == 0) {
    bench_pin(BENCH_CHILD_CPU);
    at.out = producer_of(&ring);
    for (long i = 0; i < runs * STREAMS_MEASURED; i++) {
      while (atomic_load_explicit(&both->ready, memory_order_acquire) <= turn) nt_pause();
      turn++;
      stream_produce(&at, (int)(i % STREAMS_MEASURED), (uint64_t)i * count, count);
    }
    _exit(0);
  }
  bench_pin(BENCH_PARENT_CPU);
  at.in = consumer_of(&ring);
  double *window_ns = calloc((size_t)(windows + 2 * STREAM_COUNT * runs), sizeof(double));
  if (window_ns == NULL) bench_fail("no memory for windows", windows);
  double *clean = window_ns + windows, *whole = clean + STREAM_COUNT * runs; /* [stream][run] */
  for (long i = 0; i < runs * STREAMS_MEASURED; i++) {
    int which = (int)(i % STREAMS_MEASURED);
    long result = which * runs + i / STREAMS_MEASURED;
    atomic_store_explicit(&both->ready, ++turn, memory_order_release);
    int64_t begin = bench_ns(), last = begin, now = begin;
    for (long w = 0; w < windows; w++, last = now) {
      if (!stream_consume(&at, which, (uint64_t)i * count + (uint64_t)w * WINDOW, WINDOW)) bench_fail("the order was lost in window", w);
      now = bench_ns();
      window_ns[w] = (double)(now - last);
    }
    whole[result] = (double)count / (double)(now - begin) * 1e3;
    clean[result] = WINDOW / bench_quantile(window_ns, (size_t)windows, 0.15) * 1e3;
  }
  bench_join(child);
  for (int which = 0; which < STREAMS_MEASURED; which++) {
    printf("%s\"%s\": {", which == 0 ? "{" : ", ", stream_names[which]);
    bench_print_array("clean_window_mps", clean + which * runs, (size_t)runs, ", ");
    bench_print_array("whole_run_mps", whole + which * runs, (size_t)runs, "}");
  }
  printf("}\n");
}

static void floor_alone(long count) {
  shared *both = bench_shared(sizeof(shared));
  uint64_t number = 0;
  pid_t child = bench_fork();
  if (child == 0) {
    bench_pin(BENCH_CHILD_CPU);
    pingpong_pong(&both->floor, &number, count);
    _exit(0);
  }
  bench_pin(BENCH_PARENT_CPU);
  double cycle_ns = bench_cycle_ns();
  uint64_t *cycles = calloc((size_t)count, sizeof(uint64_t));
  if (cycles == NULL) bench_fail("no memory for trips", count);
  trips floor = trips_make("ping_pong", 1);
  pingpong_ping(&both->floor, &number, count, cycles);
  trips_add(&floor, cycles, count, cycle_ns);
  bench_join(child);
  printf("{");
  trips_print(&floor, "}\n");
}

int main(int argument_count, char **arguments) {
  const char *mode = argument_count > 1 ? arguments[1] : "";
  if (strcmp(mode, "trips") == 0) {
    round_trips(bench_argument(argument_count, arguments, 2), bench_argument(argument_count, arguments, 3));
  } else if (strcmp(mode, "throughput") == 0) {
    throughput(bench_argument(argument_count, arguments, 2), bench_argument(argument_count, arguments, 3));
  } else if (strcmp(mode, "pingpong") == 0) {
    floor_alone(bench_argument(argument_count, arguments, 2));
  } else {
    fprintf(stderr, "usage: ring trips RUNS TRIPS | throughput RUNS WINDOWS | pingpong TRIPS\n");
    return 2;
  }
  return 0;
}
