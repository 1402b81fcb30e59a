/* The part of CUDA that program.cu uses, on the host: a block is a set of fibers that switch at barriers and polls, in an order drawn
 * from a seed (0: that of the threads). Shared memory is poisoned before each block. A barrier that not all threads of a block reach
 * together, or that they reach in different lines, ends the launch with a text. Nothing here is about speed, and a host cannot show how
 * a device orders memory accesses or how long anything takes. */
#ifndef NT_HOST_SHIM_H
#define NT_HOST_SHIM_H

#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <ucontext.h>

#include <cmath>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#define __global__
#define __device__
#define __forceinline__ __attribute__((always_inline)) inline
#define __launch_bounds__(...)

struct alignas(16) uint4 {
  unsigned x, y, z, w;
};

namespace nt_host {

struct index {
  unsigned x;
};

enum state { READY, WAITING, DONE };

struct fiber {
  ucontext_t context;
  enum state state;
  unsigned line, value; /* of the barrier that it waits at */
};

constexpr size_t STACK = 256 * 1024;

/* One launch, in one thread of the host. */
struct launch {
  std::vector<fiber> fibers;
  ucontext_t scheduler;
  const std::function<void()> *body;
  unsigned char *shared = nullptr;
  uint64_t random;
  unsigned current = 0, all = 0, any = 0;
  bool polled = false;
};

inline thread_local launch *running;
inline thread_local index thread, block, threads, blocks;

inline uint64_t draw(launch &of) { /* xorshift64 */
  of.random ^= of.random << 13;
  of.random ^= of.random >> 7;
  of.random ^= of.random << 17;
  return of.random;
}

inline void enter() {
  launch *of = running;
  (*of->body)();
  of->fibers[of->current].state = DONE;
}

inline void give_way(enum state state) {
  launch *of = running;
  fiber &own = of->fibers[of->current];
  own.state = state;
  swapcontext(&own.context, &of->scheduler);
}

/* Returns nothing: the values of all threads are in `all` and `any` until the next barrier of the block. */
inline void barrier(unsigned line, unsigned value) {
  fiber &own = running->fibers[running->current];
  own.line = line;
  own.value = value;
  give_way(WAITING);
}

/* Others run first, or not. */
inline void poll() {
  running->polled = true;
  if (draw(*running) & 1) give_way(READY);
}

/* Lets the waiting threads go on when all have come; a text where they cannot come any more. */
inline std::string meet(launch &of) {
  size_t waiting = 0, done = 0;
  unsigned line = 0, all = 1, any = 0;
  for (const fiber &each : of.fibers) {
    if (each.state == DONE) done++;
    if (each.state != WAITING) continue;
    if (waiting++ > 0 && each.line != line)
      return "divergent barriers in lines " + std::to_string(line) + " and " + std::to_string(each.line);
    line = each.line;
    all &= each.value != 0;
    any |= each.value != 0;
  }
  if (waiting > 0 && done > 0) return "threads have left, others wait at the barrier in line " + std::to_string(line);
  if (waiting < of.fibers.size()) return "";
  of.all = all;
  of.any = any;
  for (fiber &each : of.fibers) each.state = READY;
  return "";
}

inline std::string run_block(launch &of, char *stacks, bool shuffled) {
  std::vector<unsigned> order(of.fibers.size());
  for (unsigned i = 0; i < order.size(); i++) {
    order[i] = i;
    fiber &each = of.fibers[i];
    each.state = READY;
    getcontext(&each.context);
    each.context.uc_stack.ss_sp = stacks + i * STACK;
    each.context.uc_stack.ss_size = STACK;
    each.context.uc_link = &of.scheduler;
    makecontext(&each.context, enter, 0);
  }
  for (;;) {
    if (shuffled)
      for (size_t i = order.size() - 1; i > 0; i--) std::swap(order[i], order[draw(of) % (i + 1)]);
    bool left = false;
    of.polled = false;
    for (unsigned i : order) {
      if (of.fibers[i].state != READY) continue;
      of.current = i;
      thread = {i};
      swapcontext(&of.scheduler, &of.fibers[i].context);
    }
    for (const fiber &each : of.fibers) left |= each.state != DONE;
    if (!left) return "";
    std::string wrong = meet(of);
    if (!wrong.empty()) return wrong;
    if (of.polled) sched_yield();
  }
}

/* Runs `body` as each thread of each block; blocks one after the other. Returns what went wrong, or nothing. */
inline std::string run(unsigned grid, unsigned block_threads, size_t shared_bytes, uint64_t seed, const std::function<void()> &body) {
  launch of;
  void *memory = nullptr;
  void *stacks = mmap(nullptr, block_threads * STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (stacks == MAP_FAILED || posix_memalign(&memory, 16, shared_bytes) != 0) return "no memory for the fibers";
  of.fibers.resize(block_threads);
  of.body = &body;
  of.shared = (unsigned char *)memory;
  of.random = seed * 0x9e3779b97f4a7c15u + 1;
  running = &of;
  threads = {block_threads};
  blocks = {grid};
  std::vector<unsigned> order(grid);
  for (unsigned i = 0; i < grid; i++) order[i] = i;
  if (seed != 0)
    for (size_t i = grid - 1; i > 0; i--) std::swap(order[i], order[draw(of) % (i + 1)]);
  std::string wrong;
  for (unsigned i = 0; i < grid && wrong.empty(); i++) {
    memset(memory, 0xcb, shared_bytes);
    block = {order[i]};
    wrong = run_block(of, (char *)stacks, seed != 0);
  }
  running = nullptr;
  free(memory);
  munmap(stacks, block_threads * STACK);
  return wrong;
}

inline unsigned meet_all(unsigned line, unsigned value) {
  barrier(line, value);
  return running->all;
}
inline unsigned meet_any(unsigned line, unsigned value) {
  barrier(line, value);
  return running->any;
}

}  // namespace nt_host

#define threadIdx nt_host::thread
#define blockIdx nt_host::block
#define blockDim nt_host::threads
#define gridDim nt_host::blocks
#define __syncthreads() nt_host::barrier(__LINE__, 0)
#define __syncthreads_and(value) nt_host::meet_all(__LINE__, value)
#define __syncthreads_or(value) nt_host::meet_any(__LINE__, value)
#define NT_SHARED(name) unsigned char *name = nt_host::running->shared

inline int32_t __dp4a(int32_t a, int32_t b, int32_t sum) {
  for (int i = 0; i < 4; i++) sum += (int8_t)((uint32_t)a >> 8 * i) * (int8_t)((uint32_t)b >> 8 * i);
  return sum;
}

inline unsigned long long nt_poll(const unsigned long long *from) {
  nt_host::poll();
  return __atomic_load_n(from, __ATOMIC_RELAXED);
}
inline void nt_post(unsigned long long *to, unsigned long long value) {
  __atomic_store_n(to, value, __ATOMIC_RELAXED);
}
inline void nt_store_release(unsigned long long *to, unsigned long long value) {
  __atomic_store_n(to, value, __ATOMIC_RELEASE);
}
inline unsigned long long nt_now_ns() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (unsigned long long)now.tv_sec * 1000000000u + (unsigned long long)now.tv_nsec;
}

#endif
