/* Segments: what is written is what is opened; everything else is refused with the right answer and nothing is left behind. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include "../../csrc/platform.h"
#include "../../csrc/segment.h"
#include "../../csrc/seqlock.h"
#include "check.h"

enum { ROWS = 1, BYTES = 2 };
static const nt_section sections[] = {{.kind = ROWS, .count = 10, .stride = 64}, {.kind = BYTES, .count = 1000, .stride = 1}};
static char path[NT_PATH_BYTES];

static void create(nt_segment *segment) {
  nt_error error;
  CHECK_EQUAL(nt_segment_create(segment, path, NT_SEGMENT_RING, sections, 2, 42, &error), NT_OK);
}

static int32_t open_code(nt_error *error) {
  nt_segment segment;
  memset(error, 0, sizeof(*error));
  int32_t result = nt_segment_open(&segment, path, NT_SEGMENT_RING, 0, error);
  CHECK(result == NT_OK || (segment.base == NULL && segment.fd == -1));
  CHECK_EQUAL(error->code, result);
  CHECK(result == NT_OK || error->text[0] != 0);
  if (result == NT_OK) nt_segment_close(&segment, 0);
  return result;
}

static void test_round_trip(void) {
  nt_segment made, seen;
  nt_error error;
  uint32_t count = 0;
  create(&made);
  CHECK_EQUAL(open_code(&error), NT_ERR_NOT_FOUND); /* not published */
  uint8_t *rows = nt_segment_section(&made, ROWS, 64, &count);
  CHECK(rows != NULL && count == 10);
  CHECK_EQUAL((uintptr_t)rows % NT_SEGMENT_ALIGNMENT, 0);
  for (uint32_t i = 0; i < 640; i++) CHECK_EQUAL(rows[i], 0);
  memcpy(rows + 576, "last row", 9);
  nt_segment_publish(&made);
  CHECK_EQUAL(nt_segment_open(&seen, path, NT_SEGMENT_RING, 0, &error), NT_OK);
  const char *mapped = nt_segment_section(&seen, ROWS, 64, NULL);
  CHECK(strcmp(mapped + 576, "last row") == 0);
  CHECK_EQUAL(seen.header->incarnation, 42);
  CHECK_EQUAL(seen.header->pid, getpid());
  CHECK(seen.header->boot_id == nt_boot_id() && strcmp(seen.header->name, path) == 0 && seen.header->created_realtime_ns > 0);
  CHECK(nt_segment_section(&seen, ROWS, 32, NULL) == NULL); /* another stride */
  CHECK(nt_segment_section(&seen, 3, 64, NULL) == NULL);
  CHECK(nt_segment_section(&seen, BYTES, 1, &count) != NULL && count == 1000);
  CHECK_EQUAL(nt_segment_open(&seen, path, NT_SEGMENT_CORE, 0, &error), NT_ERR_CORRUPT); /* another kind */
  nt_segment_close(&made, 1);
  CHECK_EQUAL(open_code(&error), NT_ERR_NOT_FOUND);
  nt_segment_close(&made, 1); /* twice is harmless */
}

static void test_private(void) {
  nt_segment segment;
  CHECK_EQUAL(nt_segment_create(&segment, NULL, NT_SEGMENT_CORE, sections, 2, 1, NULL), NT_OK);
  CHECK(nt_segment_section(&segment, ROWS, 64, NULL) != NULL);
  CHECK_EQUAL(nt_segment_lock(&segment, 0), NT_OK);
  CHECK_EQUAL(nt_segment_locked(&segment, 0), NT_ERR_STATE);
  CHECK_EQUAL(nt_segment_orphaned(&segment), 0);
  nt_segment_unlock(&segment, 0);
  nt_segment_close(&segment, 1);
  CHECK_EQUAL(nt_segment_lock(&segment, 0), NT_ERR_STATE);
}

static void test_arguments(void) {
  nt_segment segment;
  nt_error error;
  nt_section bad[NT_SECTION_MAX + 1];
  memset(bad, 0, sizeof(bad));
  for (uint32_t i = 0; i <= NT_SECTION_MAX; i++) {
    bad[i].kind = i + 1;
    bad[i].count = bad[i].stride = 1;
  }
  CHECK_EQUAL(nt_segment_create(&segment, "", NT_SEGMENT_CORE, bad, NT_SECTION_MAX + 1, 1, &error), NT_ERR_INVALID);
  bad[1].kind = 1;
  CHECK_EQUAL(nt_segment_create(&segment, "", NT_SEGMENT_CORE, bad, 2, 1, &error), NT_ERR_INVALID);
  bad[1].kind = 2;
  bad[1].count = 0;
  CHECK_EQUAL(nt_segment_create(&segment, "", NT_SEGMENT_CORE, bad, 2, 1, &error), NT_ERR_INVALID);
  for (uint32_t i = 0; i < NT_SECTION_MAX; i++) bad[i].count = bad[i].stride = UINT32_MAX; /* the sum overflows */
  CHECK_EQUAL(nt_segment_create(&segment, "", NT_SEGMENT_CORE, bad, NT_SECTION_MAX, 1, &error), NT_ERR_INVALID);
  CHECK_EQUAL(nt_segment_create(&segment, "no-slash", NT_SEGMENT_CORE, sections, 2, 1, &error), NT_ERR_NAME);
  CHECK_EQUAL(nt_segment_create(&segment, "/a/b", NT_SEGMENT_CORE, sections, 2, 1, &error), NT_ERR_NAME);
  CHECK_EQUAL(nt_segment_open(&segment, NULL, NT_SEGMENT_CORE, 0, &error), NT_ERR_NAME);
  CHECK_EQUAL(nt_segment_open(&segment, "/", NT_SEGMENT_CORE, 0, &error), NT_ERR_NAME);
}

static void test_names(void) {
  static const char *const good[] = {"a", "BTC-USD.perp_1", "0123456789012345678901234567890"};
  static const char *const bad[] = {"", ".hidden", "a/b", "a b", "\xc3\xa9", "01234567890123456789012345678901"};
  nt_error error;
  for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) CHECK_EQUAL(nt_name_check(good[i], 0, &error), NT_OK);
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) CHECK_EQUAL(nt_name_check(bad[i], 0, &error), NT_ERR_NAME);
  CHECK_EQUAL(nt_name_check("", 1, &error), NT_OK);
  CHECK_EQUAL(nt_name_check(NULL, 1, &error), NT_ERR_NAME);
  char long_text[400];
  memset(long_text, 'x', sizeof(long_text));
  long_text[399] = 0;
  nt_error_set(&error, NT_ERR_FULL, 5, 1, 2, "%s", long_text);
  CHECK_EQUAL(strlen(error.text), sizeof(error.text) - 1);
  CHECK(error.code == NT_ERR_FULL && error.system_error == 5 && error.observed == 1 && error.limit == 2);
}

static void test_hostile_headers(void) {
  nt_segment made;
  nt_error error;
  create(&made);
  nt_segment_publish(&made);
  nt_segment_header *header = made.header;
  const nt_segment_header good = *header;
#define REFUSED(field, value, code)         \
  do {                                      \
    header->field = (value);                \
    CHECK_EQUAL(open_code(&error), code);   \
    memcpy(header, &good, sizeof(*header)); \
    CHECK_EQUAL(open_code(&error), NT_OK);  \
  } while (0)
  REFUSED(magic, 0, NT_ERR_NOT_FOUND);
  REFUSED(magic, 1, NT_ERR_CORRUPT);
  REFUSED(magic, __builtin_bswap64(NT_SEGMENT_MAGIC), NT_ERR_VERSION);
  REFUSED(endian, 0x04030201, NT_ERR_VERSION);
  REFUSED(abi_version, NT_ABI_VERSION + 1, NT_ERR_VERSION);
  REFUSED(layout_hash, nt_layout_hash() ^ 1, NT_ERR_VERSION);
  REFUSED(kind, NT_SEGMENT_CORE, NT_ERR_CORRUPT);
  REFUSED(header_bytes, 8192, NT_ERR_CORRUPT);
  REFUSED(total_bytes, good.total_bytes + 4096, NT_ERR_CORRUPT);
  REFUSED(section_count, NT_SECTION_MAX + 1, NT_ERR_CORRUPT);
  REFUSED(sections[0].offset, 0, NT_ERR_CORRUPT);                           /* over the header */
  REFUSED(sections[0].offset, good.sections[0].offset + 8, NT_ERR_CORRUPT); /* not aligned */
  REFUSED(sections[1].offset, good.sections[0].offset, NT_ERR_CORRUPT);     /* over each other */
  REFUSED(sections[1].offset, UINT64_MAX - 127, NT_ERR_CORRUPT);
  REFUSED(sections[1].bytes, good.total_bytes, NT_ERR_CORRUPT);
  REFUSED(sections[1].count, 999, NT_ERR_CORRUPT);
  REFUSED(sections[1].stride, 0, NT_ERR_CORRUPT);
  REFUSED(sections[0].reserved, 1, NT_ERR_CORRUPT);
  REFUSED(reserved[3183], 1, NT_ERR_CORRUPT);
#undef REFUSED
  header->abi_version = 77;
  CHECK_EQUAL(open_code(&error), NT_ERR_VERSION);
  CHECK(strstr(error.text, "4d") != NULL && strstr(error.text, "this library") != NULL); /* both sides, in hexadecimal */
  nt_segment_close(&made, 1);
}

/* Files of any length: an answer, never SIGBUS. */
static void test_sizes(void) {
  nt_segment made;
  nt_error error;
  create(&made);
  nt_segment_publish(&made);
  const off_t whole = (off_t)made.bytes;
  const off_t lengths[] = {0, 1, 4095, 4096, 4097, whole - 4096, whole - 1, whole + 1, whole + 4096};
  for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
    char copy[NT_PATH_BYTES];
    (void)snprintf(copy, sizeof(copy), "/nt.cut-%d", (int)getpid());
    int fd = shm_open(copy, O_RDWR | O_CREAT | O_EXCL, 0600);
    CHECK(fd >= 0 && pwrite(fd, made.base, made.bytes, 0) == whole && ftruncate(fd, lengths[i]) == 0);
    nt_segment segment;
    int32_t expected = lengths[i] == 0 ? NT_ERR_NOT_FOUND : NT_ERR_CORRUPT;
    CHECK_EQUAL(nt_segment_open(&segment, copy, NT_SEGMENT_RING, 1, &error), expected);
    CHECK(segment.fd == -1 && close(fd) == 0 && shm_unlink(copy) == 0);
  }
  nt_segment_close(&made, 1);
}

static void test_locks(void) {
  nt_segment made, reader, writer;
  create(&made);
  nt_segment_publish(&made);
  CHECK_EQUAL(nt_segment_open(&reader, path, NT_SEGMENT_RING, 0, NULL), NT_OK);
  CHECK_EQUAL(nt_segment_open(&writer, path, NT_SEGMENT_RING, 1, NULL), NT_OK);
  CHECK_EQUAL(nt_segment_locked(&reader, NT_LOCK_OWNER), 1); /* create took it */
  CHECK_EQUAL(nt_segment_locked(&made, NT_LOCK_OWNER), 0);   /* one's own does not count */
  CHECK_EQUAL(nt_segment_lock(&made, NT_LOCK_OWNER), NT_OK);
  CHECK_EQUAL(nt_segment_lock(&writer, NT_LOCK_OWNER), NT_ERR_NAME_IN_USE);
  CHECK_EQUAL(nt_segment_lock(&writer, 1), NT_OK); /* bytes are independent */
  CHECK_EQUAL(nt_segment_locked(&made, 1), 1);
  nt_segment_unlock(&writer, 1);
  CHECK_EQUAL(nt_segment_locked(&made, 1), 0);
  CHECK_EQUAL(nt_segment_lock(&reader, 1), NT_ERR_SYSTEM); /* read-only */
  nt_segment_close(&made, 0);
  CHECK_EQUAL(nt_segment_lock(&writer, NT_LOCK_OWNER), NT_OK); /* close gave it back */
  nt_segment_close(&reader, 0);
  nt_segment_close(&writer, 1);
}

static void test_stale(void) {
  nt_segment made, again;
  nt_error error;
  CHECK_EQUAL(nt_segment_remove_stale(path), NT_OK); /* absent */
  create(&made);
  CHECK_EQUAL(nt_segment_create(&again, path, NT_SEGMENT_RING, sections, 2, 1, &error), NT_ERR_NAME_IN_USE);
  CHECK_EQUAL(nt_segment_remove_stale(path), NT_ERR_NAME_IN_USE);
  nt_segment_close(&made, 0);
  CHECK_EQUAL(nt_segment_create(&again, path, NT_SEGMENT_RING, sections, 2, 1, &error), NT_ERR_NAME_IN_USE);
  CHECK_EQUAL(nt_segment_remove_stale(path), NT_OK);
  create(&made);
  CHECK_EQUAL(nt_segment_orphaned(&made), 0);
  CHECK_EQUAL(shm_unlink(path), 0);
  CHECK_EQUAL(nt_segment_orphaned(&made), 1);
  create(&again); /* the same path, another segment */
  CHECK_EQUAL(nt_segment_orphaned(&made), 1);
  nt_segment_close(&made, 1); /* must not take the new one's name */
  CHECK_EQUAL(nt_segment_orphaned(&again), 0);
  nt_segment_close(&again, 1);
  CHECK_EQUAL(nt_segment_remove_stale("/nt.no/such"), NT_ERR_SYSTEM);
}

/* An owner killed at any moment leaves a name that the next one can take. */
static void test_kill(void) {
  nt_error error;
  for (int i = 0; i < 20; i++) {
    pid_t child = check_fork();
    if (child == 0) {
      nt_segment made;
      if (nt_segment_remove_stale(path) != NT_OK) _exit(1);
      create(&made);
      if (i % 2 == 0) nt_segment_publish(&made);
      (void)raise(SIGKILL);
    }
    check_killed(child);
    CHECK_EQUAL(open_code(&error), i % 2 == 0 ? NT_OK : NT_ERR_NOT_FOUND);
    nt_segment reader;
    if (i % 2 == 0) {
      CHECK_EQUAL(nt_segment_open(&reader, path, NT_SEGMENT_RING, 0, NULL), NT_OK);
      CHECK_EQUAL(nt_segment_locked(&reader, NT_LOCK_OWNER), 0); /* death gave the lock back */
      nt_segment_close(&reader, 0);
    }
  }
  CHECK_EQUAL(nt_segment_remove_stale(path), NT_OK);
}

/* Creators and cleaners against each other: whoever has created owns a name that exists. */
static void test_race(void) {
  pid_t children[4];
  for (int i = 0; i < 4; i++) {
    children[i] = check_fork();
    if (children[i] != 0) continue;
    for (int round = 0, made_count = 0; round < 2000 || made_count == 0; round++) {
      nt_segment made;
      int32_t result = nt_segment_remove_stale(path);
      CHECK(result == NT_OK || result == NT_ERR_NAME_IN_USE);
      result = nt_segment_create(&made, path, NT_SEGMENT_RING, sections, 2, 1, NULL);
      CHECK(result == NT_OK || result == NT_ERR_NAME_IN_USE);
      if (result != NT_OK) continue;
      CHECK_EQUAL(nt_segment_orphaned(&made), 0);
      made_count++;
      nt_segment_close(&made, round % 2);
    }
    _exit(0);
  }
  for (int i = 0; i < 4; i++) check_joined(children[i]);
  CHECK_EQUAL(nt_segment_remove_stale(path), NT_OK);
}

/* A living child must not keep its dead parent's lock. */
static void test_fork(void) {
  pid_t *grandchild = check_shared(sizeof(pid_t));
  pid_t parent = check_fork();
  if (parent == 0) {
    nt_segment made;
    create(&made);
    nt_segment_publish(&made);
    if (fork() == 0) {
      *grandchild = getpid(); /* what runs in a new child has run */
      for (;;) (void)pause();
    }
    while (*(volatile pid_t *)grandchild == 0) (void)usleep(100);
    (void)raise(SIGKILL);
  }
  check_killed(parent);
  CHECK_EQUAL(kill(*grandchild, 0), 0);
  CHECK_EQUAL(nt_segment_remove_stale(path), NT_OK);
  CHECK_EQUAL(kill(*grandchild, SIGKILL), 0);
}

/* A full /dev/shm: a small one of this process's own where that is allowed, and a limit on file sizes, which always is. */
static void test_no_space(void) {
  pid_t child = check_fork();
  if (child == 0) {
    nt_segment made;
    nt_error error;
    if (unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
        mount("tmpfs", "/dev/shm", "tmpfs", 0, "size=64k") == 0) {
      const nt_section medium[] = {{.kind = ROWS, .count = 1 << 10, .stride = 64}};
      CHECK_EQUAL(nt_segment_create(&made, path, NT_SEGMENT_RING, medium, 1, 1, &error), NT_ERR_NO_SPACE);
      CHECK(error.system_error == ENOSPC && nt_segment_remove_stale(path) == NT_OK);
    }
    struct rlimit limit = {1 << 20, 1 << 20};
    const nt_section large[] = {{.kind = ROWS, .count = 1 << 20, .stride = 64}};
    CHECK(signal(SIGXFSZ, SIG_IGN) != SIG_ERR && setrlimit(RLIMIT_FSIZE, &limit) == 0);
    CHECK_EQUAL(nt_segment_create(&made, path, NT_SEGMENT_RING, large, 1, 1, &error), NT_ERR_NO_SPACE);
    CHECK(error.code == NT_ERR_NO_SPACE && error.system_error == EFBIG && error.observed > 64 << 20);
    CHECK_EQUAL(shm_open(path, O_RDONLY, 0), -1); /* nothing is left */
    nt_section huge[] = {{.kind = ROWS, .count = UINT32_MAX, .stride = 1 << 24}};
    CHECK_EQUAL(nt_segment_create(&made, "", NT_SEGMENT_RING, huge, 1, 1, &error), NT_ERR_NO_SPACE);
    _exit(0);
  }
  check_joined(child);
}

/* Rows of a seqlock: never torn; a writer dead in the middle is BUSY, then healed. */
#define WORDS 16
static _Atomic uint64_t row[WORDS + 1];

static void *seqlock_writer(void *stop) {
  uint64_t payload[WORDS];
  for (uint64_t value = 1; atomic_load_explicit((_Atomic uint32_t *)stop, memory_order_relaxed) == 0; value++) {
    for (uint64_t i = 0; i < WORDS; i++) payload[i] = value * (i + 1);
    nt_seqlock_write(row, payload, WORDS);
  }
  return NULL;
}

static void test_seqlock(void) {
  uint64_t payload[WORDS];
  _Atomic uint32_t stop = 0;
  nt_thread thread;
  CHECK_EQUAL(nt_seqlock_read(row, payload, WORDS), NT_ERR_NO_DATA);
  CHECK_EQUAL(nt_thread_start(&thread, seqlock_writer, &stop), 0);
  for (uint32_t reads = 0; reads < 20000;) {
    int32_t result = nt_seqlock_read(row, payload, WORDS);
    CHECK(result == NT_OK || result == NT_ERR_BUSY || (result == NT_ERR_NO_DATA && reads == 0));
    if (result != NT_OK) continue;
    for (uint64_t i = 0; i < WORDS; i++) CHECK_EQUAL(payload[i], payload[0] * (i + 1));
    reads++;
  }
  atomic_store(&stop, 1);
  nt_thread_join(&thread);
  atomic_fetch_or(row, 1); /* died while writing */
  CHECK_EQUAL(nt_seqlock_read(row, payload, WORDS), NT_ERR_BUSY);
  nt_seqlock_write(row, payload, WORDS);
  CHECK_EQUAL(nt_seqlock_read(row, payload, WORDS), NT_OK);
  atomic_store(row, UINT64_MAX - 1);
  nt_seqlock_write(row, payload, WORDS); /* the sequence wraps past 0, which means never written */
  CHECK_EQUAL(nt_seqlock_read(row, payload, WORDS), NT_OK);
}

static void test_platform(void) {
  CHECK_EQUAL(nt_process_alive((uint32_t)getpid()), 1);
  CHECK(nt_process_alive(0) == 0 && nt_process_alive(UINT32_MAX) == 0);
  CHECK(nt_cpu_count() >= 1 && nt_random_u64() != nt_random_u64());
  int64_t before = nt_clock_ns(), coarse = nt_time_coarse_ns();
  CHECK(coarse > 0 && nt_clock_ns() >= before && nt_abi_version() == NT_ABI_VERSION);
  CHECK(nt_memory_map(1ULL << 62) == NULL && nt_memory_map_shared(1ULL << 62) == NULL);
}

int main(void) {
  char name[32];
  (void)snprintf(path, sizeof(path), "/nt.%s", check_name(name, "segment"));
  test_round_trip();
  test_private();
  test_arguments();
  test_names();
  test_hostile_headers();
  test_sizes();
  test_locks();
  test_stale();
  test_kill();
  test_race();
  test_fork();
  test_no_space();
  test_seqlock();
  test_platform();
  return 0;
}
