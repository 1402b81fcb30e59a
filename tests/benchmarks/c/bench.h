/* What the C benchmarks share: pinning, a cheap clock, shared memory between parent and child, order statistics, JSON. */
#ifndef BENCH_H
#define BENCH_H

#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BENCH_PARENT_CPU 0
#define BENCH_CHILD_CPU 1

_Noreturn static inline void bench_fail(const char *what, long value) {
  fprintf(stderr, "%s: %ld\n", what, value);
  exit(1);
}

static inline void bench_pin(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET((size_t)cpu, &set);
  if (sched_setaffinity(0, sizeof(set), &set) != 0) bench_fail("this benchmark needs processors 0 and 1; it cannot pin itself to", cpu);
}

static inline int64_t bench_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/* Cycle counter of constant rate; elsewhere nanoseconds. */
static inline uint64_t bench_cycles(void) {
#if defined(__x86_64__)
  return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
  uint64_t value;
  __asm__ volatile("mrs %0, cntvct_el0" : "=r"(value));
  return value;
#else
  return (uint64_t)bench_ns();
#endif
}

/* Nanoseconds per cycle of bench_cycles, over 20 ms. */
static inline double bench_cycle_ns(void) {
  int64_t begin_ns = bench_ns(), end_ns;
  uint64_t begin = bench_cycles();
  while ((end_ns = bench_ns()) - begin_ns < 20000000) {
  }
  return (double)(end_ns - begin_ns) / (double)(bench_cycles() - begin);
}

/* Zeroed memory that a forked child shares, every page present. */
static inline void *bench_shared(size_t bytes) {
  void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (memory == MAP_FAILED) bench_fail("no shared memory of bytes", (long)bytes);
  return memory;
}

/* Start a child that ends with its parent. */
static inline pid_t bench_fork(void) {
  pid_t parent = getpid(), child = fork();
  if (child < 0) bench_fail("fork", child);
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
  }
  return child;
}

static inline void bench_join(pid_t child) {
  int status = 0;
  if (waitpid(child, &status, 0) != child || status != 0) bench_fail("the child process failed with status", status);
}

static inline int bench_compare(const void *left, const void *right) {
  double a = *(const double *)left, b = *(const double *)right;
  return (a > b) - (a < b);
}

/* Sorts values. */
static inline double bench_quantile(double *values, size_t count, double quantile) {
  qsort(values, count, sizeof(double), bench_compare);
  size_t index = (size_t)((double)count * quantile);
  return values[index < count ? index : count - 1];
}

/* "name": [..] with three decimals. */
static inline void bench_print_array(const char *name, const double *values, size_t count, const char *end) {
  printf("\"%s\": [", name);
  for (size_t i = 0; i < count; i++) printf("%s%.3f", i == 0 ? "" : ", ", values[i]);
  printf("]%s", end);
}

static inline long bench_argument(int count, char **arguments, int index) {
  char *end = NULL;
  long value = index < count ? strtol(arguments[index], &end, 10) : 0;
  if (value <= 0 || *end != 0) bench_fail("a positive number is needed as argument", index);
  return value;
}

#endif
