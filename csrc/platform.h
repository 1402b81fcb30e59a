/* Everything the core asks of the operating system. Functions that answer int return 0 or errno unless their comment says otherwise.
 * Nothing here belongs on the hot path except the clocks and nt_thread_yield. */
#ifndef NT_PLATFORM_H
#define NT_PLATFORM_H

#include <stdatomic.h>
#include <stdint.h>

/* ---- memory -------------------------------------------------------------------------------------------------------------- */

/* Zeroed private memory whose pages cost nothing until they are touched; NULL when there is none. */
void *nt_memory_map(uint64_t bytes);
/* Zeroed memory that stays shared with nobody, but takes futexes and atomics like a named segment. Not inherited by fork. */
void *nt_memory_map_shared(uint64_t bytes);
void nt_memory_unmap(void *memory, uint64_t bytes);
/* Map every page now, so that no first touch happens later. The contents stay as they are; others may be writing. */
void nt_memory_prefault(void *memory, uint64_t bytes, int writable);

/* ---- shared memory objects ------------------------------------------------------------------------------------------------ */

/* A named object, open. The descriptor is closed in a forked child, so that the child cannot keep its parent's locks alive. */
typedef struct nt_object {
  int fd;
  uint64_t bytes;
  uint64_t device;
  uint64_t inode;
} nt_object;

/* Make a new, empty, locked object: EEXIST when the name is taken. Byte 0 is locked by the caller from the first moment on in which
 * nt_object_remove_stale could find it. Mode 0600. */
int nt_object_create(const char *path, nt_object *object);
/* Give it its size and allocate every byte: ENOSPC when shared memory is full. */
int nt_object_allocate(nt_object *object, uint64_t bytes);
int nt_object_open(const char *path, int writable, nt_object *object);
/* Map the whole object; NULL and *error on failure. */
void *nt_object_map(const nt_object *object, int writable, int *error);
/* 1 when path names this very object. */
int nt_object_is(const nt_object *object, const char *path);
int nt_object_unlink(const char *path);
void nt_object_close(nt_object *object);
/* Unlink path unless somebody holds its byte 0: EAGAIN. 0 when it is gone, or was never there. */
int nt_object_remove_stale(const char *path);

/* Write lock on one byte. It belongs to the open object, not to the process, and ends with it: by close, exit or kill. EAGAIN when held
 * elsewhere. */
int nt_object_lock(const nt_object *object, uint32_t byte);
void nt_object_unlock(const nt_object *object, uint32_t byte);
/* 1 when another open object holds the byte, 0 when free, -errno. */
int nt_object_probe(const nt_object *object, uint32_t byte);

/* ---- waiting ------------------------------------------------------------------------------------------------------------- */

/* Sleep while *word == expected. 0 after a wake-up, a change or for no reason, ETIMEDOUT after timeout_ns (< 0: no limit). */
int nt_futex_wait(_Atomic uint32_t *word, uint32_t expected, int64_t timeout_ns);
/* The same on several words (1 to 128); 0 as soon as one of them is woken or differs. */
int nt_futex_wait_many(_Atomic uint32_t *const *words, const uint32_t *expected, uint32_t count, int64_t timeout_ns);
void nt_futex_wake(_Atomic uint32_t *word);
void nt_sleep_ns(int64_t duration_ns);

/* ---- clocks -------------------------------------------------------------------------------------------------------------- */

int64_t nt_time_monotonic_ns(void);
int64_t nt_time_coarse_ns(void); /* monotonic with the granularity of the scheduler tick, for a tenth of the price */
int64_t nt_time_realtime_ns(void);

/* ---- threads and processes ------------------------------------------------------------------------------------------------- */

typedef struct nt_thread {
  uint64_t id;
} nt_thread;

/* The thread takes no signals: they stay with the threads of the host language. */
int nt_thread_start(nt_thread *thread, void *(*run)(void *), void *argument);
void nt_thread_join(nt_thread *thread);
void nt_thread_yield(void);
/* Run handler in every child that this process forks from now on. It may only do what is safe in a signal handler. */
void nt_at_fork_child(void (*handler)(void));

uint32_t nt_cpu_count(void); /* processors this process may run on, at least 1 */
uint32_t nt_process_id(void);
int nt_process_alive(uint32_t pid); /* 1 while a process has this id; a recycled id answers 1 too, so locks decide, not this */
uint64_t nt_boot_id(void);          /* differs after a reboot; 0 where the system does not say */
uint64_t nt_random_u64(void);

#endif
