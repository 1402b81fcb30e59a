/* Linux. The only file of the core with a system call. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "../platform.h"

/* Older system headers lack these; the kernel's numbers are the same on every architecture that the core runs on. */
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif
#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif

#define PAGE_BYTES 4096
#define FUTEX_SIZE_U32 2
#define NAP_NS 50000
#define WAITS_MAX 128
#define CREATE_RETRIES 1000

/* ---- memory -------------------------------------------------------------------------------------------------------------- */

void *nt_memory_map(uint64_t bytes) {
  void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return memory == MAP_FAILED ? NULL : memory;
}

void *nt_memory_map_shared(uint64_t bytes) {
  void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return NULL;
  (void)madvise(memory, bytes, MADV_DONTFORK);
  return memory;
}

void nt_memory_unmap(void *memory, uint64_t bytes) {
  if (memory != NULL) (void)munmap(memory, bytes);
}

void nt_memory_prefault(void *memory, uint64_t bytes, int writable) {
  if (madvise(memory, bytes, writable ? MADV_POPULATE_WRITE : MADV_POPULATE_READ) == 0) return;
  uint8_t *page = memory;
  for (uint64_t at = 0; at < bytes; at += PAGE_BYTES) {
    _Atomic uint8_t *first = (_Atomic uint8_t *)(page + at);
    if (writable) {
      atomic_fetch_or_explicit(first, 0, memory_order_relaxed);
    } else {
      (void)atomic_load_explicit(first, memory_order_relaxed);
    }
  }
}

/* ---- descriptors that must not outlive a fork ------------------------------------------------------------------------------- */

#define DESCRIPTORS 4096

static _Atomic int descriptors[DESCRIPTORS]; /* fd + 1 */
static pthread_once_t descriptors_once = PTHREAD_ONCE_INIT;

/* A lock belongs to the open file, and the child's copy would keep it after the parent's death. */
static void close_descriptors(void) {
  for (int i = 0; i < DESCRIPTORS; i++) {
    int value = atomic_exchange_explicit(&descriptors[i], 0, memory_order_relaxed);
    if (value != 0) (void)close(value - 1);
  }
}

static void watch_forks(void) {
  nt_at_fork_child(close_descriptors);
}

static int descriptor_add(int fd) {
  (void)pthread_once(&descriptors_once, watch_forks);
  for (int i = 0; i < DESCRIPTORS; i++) {
    int empty = 0;
    if (atomic_compare_exchange_strong(&descriptors[i], &empty, fd + 1)) return 0;
  }
  return EMFILE;
}

/* Take the descriptor out of the table first: a child that forks in between leaks it, but closes nobody else's. */
static void descriptor_close(int fd) {
  for (int i = 0; i < DESCRIPTORS; i++) {
    int value = fd + 1;
    if (atomic_compare_exchange_strong(&descriptors[i], &value, 0)) break;
  }
  (void)close(fd);
}

/* ---- shared memory objects ------------------------------------------------------------------------------------------------ */

static int object_take(int fd, nt_object *object) {
  struct stat status;
  int error = fstat(fd, &status) == 0 ? descriptor_add(fd) : errno;
  if (error != 0) {
    (void)close(fd);
    return error;
  }
  object->fd = fd;
  object->bytes = (uint64_t)status.st_size;
  object->device = (uint64_t)status.st_dev;
  object->inode = (uint64_t)status.st_ino;
  return 0;
}

int nt_object_create(const char *path, nt_object *object) {
  for (int retry = 0; retry < CREATE_RETRIES; retry++) {
    int fd = shm_open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
    if (fd < 0) return errno;
    int error = object_take(fd, object);
    if (error != 0) {
      (void)shm_unlink(path);
      return error;
    }
    /* Somebody clearing stale names may have found ours before we locked it; then it is gone, and we make another. */
    error = nt_object_lock(object, 0);
    if (error == 0 && nt_object_is(object, path)) return 0;
    nt_object_close(object);
    if (error != 0 && error != EAGAIN) return error;
    nt_thread_yield();
  }
  return EAGAIN;
}

int nt_object_allocate(nt_object *object, uint64_t bytes) {
  if (bytes > INT64_MAX) return EFBIG;
  int error;
  do {
    error = posix_fallocate(object->fd, 0, (off_t)bytes);
  } while (error == EINTR);
  if (error == 0) object->bytes = bytes;
  return error;
}

int nt_object_open(const char *path, int writable, nt_object *object) {
  int fd = shm_open(path, writable ? O_RDWR : O_RDONLY, 0);
  return fd < 0 ? errno : object_take(fd, object);
}

void *nt_object_map(const nt_object *object, int writable, int *error) {
  void *memory = mmap(NULL, object->bytes, writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, object->fd, 0);
  if (memory == MAP_FAILED) {
    *error = errno;
    return NULL;
  }
  /* The mapping too would keep the locks alive in a child. */
  (void)madvise(memory, object->bytes, MADV_DONTFORK);
  return memory;
}

int nt_object_is(const nt_object *object, const char *path) {
  int fd = shm_open(path, O_RDONLY, 0);
  if (fd < 0) return 0;
  struct stat status;
  int same = fstat(fd, &status) == 0 && (uint64_t)status.st_dev == object->device && (uint64_t)status.st_ino == object->inode;
  (void)close(fd);
  return same;
}

int nt_object_unlink(const char *path) {
  return shm_unlink(path) == 0 ? 0 : errno;
}

void nt_object_close(nt_object *object) {
  if (object->fd >= 0) descriptor_close(object->fd);
  object->fd = -1;
}

int nt_object_remove_stale(const char *path) {
  for (int retry = 0; retry < CREATE_RETRIES; retry++) {
    nt_object object = {.fd = -1};
    int error = nt_object_open(path, 1, &object);
    if (error != 0) return error == ENOENT ? 0 : error;
    error = nt_object_lock(&object, 0);
    /* With the lock held, nobody but the owner may unlink this object, and the owner is gone. */
    int ours = error == 0 && nt_object_is(&object, path);
    if (ours) error = nt_object_unlink(path);
    nt_object_close(&object);
    if (ours || error != 0) return error;
  }
  return EAGAIN;
}

static struct flock lock_of(short type, uint32_t byte) {
  struct flock lock;
  memset(&lock, 0, sizeof(lock));
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = (off_t)byte;
  lock.l_len = 1;
  return lock;
}

int nt_object_lock(const nt_object *object, uint32_t byte) {
  struct flock lock = lock_of(F_WRLCK, byte);
  if (fcntl(object->fd, F_OFD_SETLK, &lock) == 0) return 0;
  return errno == EACCES ? EAGAIN : errno;
}

void nt_object_unlock(const nt_object *object, uint32_t byte) {
  struct flock lock = lock_of(F_UNLCK, byte);
  (void)fcntl(object->fd, F_OFD_SETLK, &lock);
}

int nt_object_probe(const nt_object *object, uint32_t byte) {
  struct flock lock = lock_of(F_WRLCK, byte);
  if (fcntl(object->fd, F_OFD_GETLK, &lock) != 0) return -errno;
  return lock.l_type != F_UNLCK;
}

/* ---- waiting ------------------------------------------------------------------------------------------------------------- */

/* struct futex_waitv of the kernel. */
typedef struct waitv {
  uint64_t value;
  uint64_t address;
  uint32_t flags;
  uint32_t reserved;
} waitv;

static struct timespec timespec_of(int64_t duration_ns) {
  struct timespec out;
  out.tv_sec = (time_t)(duration_ns / 1000000000);
  out.tv_nsec = (long)(duration_ns % 1000000000);
  return out;
}

/* The words are shared between processes, so no FUTEX_PRIVATE_FLAG. */
int nt_futex_wait(_Atomic uint32_t *word, uint32_t expected, int64_t timeout_ns) {
  struct timespec timeout = timespec_of(timeout_ns < 0 ? 0 : timeout_ns);
  if (syscall(SYS_futex, word, FUTEX_WAIT, expected, timeout_ns < 0 ? NULL : &timeout, NULL, 0) == 0) return 0;
  return errno == ETIMEDOUT ? ETIMEDOUT : 0;
}

int nt_futex_wait_many(_Atomic uint32_t *const *words, const uint32_t *expected, uint32_t count, int64_t timeout_ns) {
  waitv waits[WAITS_MAX];
  if (count == 0 || count > WAITS_MAX) return EINVAL;
  memset(waits, 0, sizeof(waits[0]) * count);
  for (uint32_t i = 0; i < count; i++) {
    waits[i].value = expected[i];
    waits[i].address = (uint64_t)(uintptr_t)words[i];
    waits[i].flags = FUTEX_SIZE_U32;
  }
  int64_t now = nt_time_monotonic_ns();
  int64_t deadline = timeout_ns < 0 || timeout_ns > INT64_MAX - now ? INT64_MAX : now + timeout_ns;
  struct timespec timeout = timespec_of(deadline);
  if (syscall(SYS_futex_waitv, waits, count, 0, timeout_ns < 0 ? NULL : &timeout, CLOCK_MONOTONIC) >= 0) return 0;
  if (errno == ETIMEDOUT) return ETIMEDOUT;
  if (errno == ENOSYS || errno == EPERM) { /* before Linux 5.16, or behind a filter that does not know the call */
    nt_sleep_ns(timeout_ns >= 0 && timeout_ns < NAP_NS ? timeout_ns : NAP_NS);
    return nt_time_monotonic_ns() >= deadline ? ETIMEDOUT : 0;
  }
  return 0;
}

void nt_futex_wake(_Atomic uint32_t *word) {
  (void)syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

void nt_sleep_ns(int64_t duration_ns) {
  struct timespec duration = timespec_of(duration_ns < 0 ? 0 : duration_ns);
  (void)nanosleep(&duration, NULL);
}

/* ---- clocks -------------------------------------------------------------------------------------------------------------- */

static int64_t clock_ns(clockid_t clock) {
  struct timespec now;
  (void)clock_gettime(clock, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t nt_time_monotonic_ns(void) {
  return clock_ns(CLOCK_MONOTONIC);
}
int64_t nt_time_coarse_ns(void) {
  return clock_ns(CLOCK_MONOTONIC_COARSE);
}
int64_t nt_time_realtime_ns(void) {
  return clock_ns(CLOCK_REALTIME);
}

/* ---- threads and processes ------------------------------------------------------------------------------------------------- */

_Static_assert(sizeof(pthread_t) <= sizeof(uint64_t), "pthread_t");

int nt_thread_start(nt_thread *thread, void *(*run)(void *), void *argument) {
  sigset_t all, before;
  pthread_t id;
  (void)sigfillset(&all);
  (void)pthread_sigmask(SIG_SETMASK, &all, &before);
  int error = pthread_create(&id, NULL, run, argument);
  (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (error != 0) return error;
  thread->id = 0;
  memcpy(&thread->id, &id, sizeof(id));
  return 0;
}

void nt_thread_join(nt_thread *thread) {
  pthread_t id;
  memcpy(&id, &thread->id, sizeof(id));
  (void)pthread_join(id, NULL);
}

void nt_thread_yield(void) {
  (void)sched_yield();
}

void nt_at_fork_child(void (*handler)(void)) {
  (void)pthread_atfork(NULL, NULL, handler);
}

uint32_t nt_cpu_count(void) {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) == 0) return (uint32_t)CPU_COUNT(&set);
  long online = sysconf(_SC_NPROCESSORS_ONLN); /* more processors than the set holds */
  return online < 1 ? 1 : (uint32_t)online;
}

uint32_t nt_process_id(void) {
  return (uint32_t)getpid();
}

int nt_process_alive(uint32_t pid) {
  if (pid == 0 || pid > INT_MAX) return 0;
  return kill((pid_t)pid, 0) == 0 || errno == EPERM;
}

uint64_t nt_boot_id(void) {
  char text[40];
  int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  ssize_t bytes = read(fd, text, sizeof(text));
  (void)close(fd);
  uint64_t hash = 0xcbf29ce484222325ULL; /* FNV-1a */
  for (ssize_t i = 0; i < bytes; i++) hash = (hash ^ (uint8_t)text[i]) * 0x100000001b3ULL;
  return bytes <= 0 ? 0 : hash;
}

uint64_t nt_random_u64(void) {
  uint64_t value;
  if (getrandom(&value, sizeof(value), 0) == (ssize_t)sizeof(value)) return value;
  return (uint64_t)nt_time_realtime_ns() * 0x9e3779b97f4a7c15ULL + nt_process_id();
}
