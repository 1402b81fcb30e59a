/* Assertions for the C tests, a random generator with a seed, and children that cannot outlive their parent. A test is a program that
 * returns 0. */
#ifndef NT_CHECK_H
#define NT_CHECK_H

#include <inttypes.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* A child of fork that fails exits, too: its parent sees the status. libFuzzer writes the input that aborts. */
#ifdef NT_LIBFUZZER
#define CHECK_FAILED() abort()
#else
#define CHECK_FAILED() _exit(1)
#endif

#define CHECK(condition)                                                           \
  do {                                                                             \
    if (!(condition)) {                                                            \
      (void)fprintf(stderr, "%s:%d: CHECK(%s)\n", __FILE__, __LINE__, #condition); \
      CHECK_FAILED();                                                              \
    }                                                                              \
  } while (0)

/* Names the test before it runs, for whoever asks which one failed. */
#define RUN(test)                                                    \
  do {                                                               \
    if (getenv("NT_TRACE")) (void)fprintf(stderr, "in %s\n", #test); \
    test();                                                          \
  } while (0)

#define CHECK_EQUAL(actual, expected) check_equal(__FILE__, __LINE__, #actual, (int64_t)(actual), (int64_t)(expected))

static inline void check_equal(const char *file, int line, const char *text, int64_t actual, int64_t expected) {
  if (actual == expected) return;
  (void)fprintf(stderr, "%s:%d: %s is %" PRId64 ", expected %" PRId64 "\n", file, line, text, actual, expected);
  CHECK_FAILED();
}

/* xorshift64*; seed != 0 */
static inline uint64_t check_random(uint64_t *seed) {
  *seed ^= *seed >> 12;
  *seed ^= *seed << 25;
  *seed ^= *seed >> 27;
  return *seed * 0x2545f4914f6cdd1dULL;
}

/* Names are this process's own, so that tests can run beside each other. */
static inline const char *check_name(char out[32], const char *subject) {
  (void)snprintf(out, 32, "t-%.10s-%d", subject, (int)getpid());
  return out;
}

/* Zeroed memory that a child of fork shares. Ends with the test. */
static inline void *check_shared(size_t bytes) {
  void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  CHECK(memory != MAP_FAILED);
  return memory;
}

static inline pid_t check_fork(void) {
  (void)fflush(stdout);
  pid_t parent = getpid();
  pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
  }
  return child;
}

static inline void check_joined(pid_t child) {
  int status;
  CHECK_EQUAL(waitpid(child, &status, 0), child);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static inline void check_killed(pid_t child) {
  int status;
  CHECK_EQUAL(waitpid(child, &status, 0), child);
  CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

#endif
