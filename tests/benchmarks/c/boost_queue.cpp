#include "boost_queue.h"

#include <boost/lockfree/spsc_queue.hpp>
#include <new>
#include <time.h>

namespace {

using queue = boost::lockfree::spsc_queue<boost_record, boost::lockfree::capacity<1024>>;

queue &at(void *memory) { return *static_cast<queue *>(memory); }

uint64_t cycles_now() {
#if defined(__x86_64__)
  return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
  uint64_t value;
  __asm__ volatile("mrs %0, cntvct_el0" : "=r"(value));
  return value;
#else
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<uint64_t>(time.tv_sec) * 1000000000 + static_cast<uint64_t>(time.tv_nsec);
#endif
}

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

void eager() {}

template <void (*wait)()> void produce(queue &records, uint64_t number, uint64_t count) {
  boost_record record = {};
  for (uint64_t i = 0; i < count; i++) {
    record.word[1] = number + i;
    while (!records.push(record)) wait();
  }
}

template <void (*wait)()> int consume(queue &records, uint64_t number, uint64_t count) {
  boost_record record;
  uint64_t wrong = 0;
  for (uint64_t i = 0; i < count; i++) {
    while (!records.pop(record)) wait();
    __asm__ volatile("" : : "r"(&record) : "memory"); // the whole record, not the word looked at
    wrong |= record.word[1] ^ (number + i);
  }
  return wrong == 0;
}

} // namespace

size_t boost_queue_bytes() { return sizeof(queue); }

void boost_queue_make(void *memory) { new (memory) queue; }

void boost_queue_produce(void *memory, uint64_t number, uint64_t count, int pausing) {
  pausing != 0 ? produce<pause>(at(memory), number, count) : produce<eager>(at(memory), number, count);
}

int boost_queue_consume(void *memory, uint64_t number, uint64_t count, int pausing) {
  return pausing != 0 ? consume<pause>(at(memory), number, count) : consume<eager>(at(memory), number, count);
}

void boost_queue_ping(void *there, void *back, uint64_t number, uint64_t count, uint64_t *cycles) {
  queue &out = at(there), &in = at(back);
  boost_record record = {};
  uint64_t last = cycles_now();
  for (uint64_t i = 0; i < count; i++) {
    record.word[1] = number + i;
    while (!out.push(record)) {
    }
    while (!in.pop(record)) {
    }
    uint64_t now = cycles_now();
    cycles[i] = now - last;
    last = now;
  }
}

void boost_queue_pong(void *there, void *back, uint64_t count) {
  queue &in = at(there), &out = at(back);
  boost_record record;
  for (uint64_t i = 0; i < count; i++) {
    while (!in.pop(record)) {
    }
    while (!out.push(record)) {
    }
  }
}
