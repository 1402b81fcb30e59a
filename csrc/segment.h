/* Segments: shared memory objects with a self-describing header. Whoever opens one checks everything before using anything. */
#ifndef NT_SEGMENT_H
#define NT_SEGMENT_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "neural_trader.h"

#define NT_SEGMENT_MAGIC 0x544e31474553544eULL /* not a palindrome: the other byte order is recognised */
#define NT_SEGMENT_ENDIAN 0x01020304U
#define NT_SEGMENT_HEADER_BYTES 4096
#define NT_SEGMENT_ALIGNMENT 128
#define NT_SECTION_MAX 24
#define NT_PATH_BYTES 64
#define NT_LOCK_OWNER 0 /* the lock byte of whoever created the segment */

enum { NT_SEGMENT_CORE = 1, NT_SEGMENT_CHANNEL = 2, NT_SEGMENT_RING = 3 };

/* count rows of stride bytes. Kinds are the creator's; each occurs at most once in a segment. */
typedef struct nt_section {
  uint32_t kind;
  uint32_t count;
  uint64_t offset;
  uint64_t bytes;
  uint32_t stride;
  uint32_t reserved;
} nt_section;

typedef struct nt_segment_header {
  _Atomic uint64_t magic; /* stored last: a reader that sees it sees all the rest */
  uint32_t abi_version;
  uint32_t endian;
  uint64_t layout_hash;
  uint32_t kind;
  uint32_t header_bytes;
  uint64_t total_bytes;
  uint64_t incarnation;
  uint64_t boot_id;
  _Atomic uint32_t state; /* the creator's */
  uint32_t pid;
  int64_t created_realtime_ns;
  char name[NT_PATH_BYTES];
  uint32_t section_count;
  uint32_t reserved0;
  nt_section sections[NT_SECTION_MAX];
  uint8_t reserved[NT_SEGMENT_HEADER_BYTES - 144 - NT_SECTION_MAX * 32];
} nt_segment_header;

_Static_assert(sizeof(nt_section) == 32, "nt_section");
_Static_assert(offsetof(nt_segment_header, sections) == 144, "nt_segment_header.sections");
_Static_assert(sizeof(nt_segment_header) == NT_SEGMENT_HEADER_BYTES, "nt_segment_header");

/* A segment as this process sees it. The section table is a private copy, so that nothing read later can be moved by the peer. */
typedef struct nt_segment {
  nt_segment_header *header;
  uint8_t *base;
  uint64_t bytes;
  int fd; /* -1: private memory */
  uint32_t writable;
  uint64_t device;
  uint64_t inode;
  char path[NT_PATH_BYTES];
  uint32_t section_count;
  nt_section sections[NT_SECTION_MAX];
} nt_segment;

/* Create a segment; "" or NULL is memory of this process alone. sections give kind, count and stride; offset and bytes are computed,
 * 128-byte aligned. The memory is zeroed and, unless it is a channel, prefaulted, the header complete but for its magic, the owner's lock
 * (byte 0) taken. NT_ERR_NAME_IN_USE (also for a stale path: nt_segment_remove_stale first), NT_ERR_NO_SPACE, NT_ERR_INVALID,
 * NT_ERR_SYSTEM. */
int32_t nt_segment_create(nt_segment *segment, const char *path, uint32_t kind, const nt_section *sections, uint32_t section_count,
                          uint64_t incarnation, nt_error *error);
/* Touch every page now: a channel's, when somebody claims it. */
void nt_segment_prefault(const nt_segment *segment);
/* Let others open it. */
void nt_segment_publish(nt_segment *segment);
/* Write a published header anew where a peer has damaged it, from what its creator knows. */
void nt_segment_restore(nt_segment *segment, uint32_t kind, uint64_t incarnation);
/* Open an existing segment. NT_ERR_NOT_FOUND (absent, or not published yet), NT_ERR_VERSION (other ABI, layout or byte order; the text
 * names both sides), NT_ERR_CORRUPT (kind, size or sections contradict themselves), NT_ERR_SYSTEM. */
int32_t nt_segment_open(nt_segment *segment, const char *path, uint32_t kind, int writable, nt_error *error);
/* First row of a section; NULL when it is absent or its rows have another stride. */
void *nt_segment_section(const nt_segment *segment, uint32_t kind, uint32_t stride, uint32_t *count);
/* Take a lock without waiting: NT_OK, or NT_ERR_NAME_IN_USE when another open segment holds it. Needs a writable segment. Taking it
 * twice through the same nt_segment is NT_OK. Private memory has nobody to lock out: NT_OK. */
int32_t nt_segment_lock(nt_segment *segment, uint32_t byte);
void nt_segment_unlock(nt_segment *segment, uint32_t byte);
/* 1: held through another open segment (of any process, this one included), 0: free or held through this one, negative: error. Private
 * memory answers NT_ERR_STATE. */
int32_t nt_segment_locked(const nt_segment *segment, uint32_t byte);
/* 1 when the path no longer names this segment: it was unlinked, and perhaps made anew. */
int32_t nt_segment_orphaned(const nt_segment *segment);
/* Unmap and give every lock back; harmless on a closed or zeroed segment. unlink_path removes the name, if it is still ours. */
void nt_segment_close(nt_segment *segment, int unlink_path);
/* Unlink a path whose owner is gone: NT_OK (removed or absent), NT_ERR_NAME_IN_USE (the owner lives), NT_ERR_SYSTEM. */
int32_t nt_segment_remove_stale(const char *path);

/* NT_OK, or NT_ERR_NAME: a-z A-Z 0-9 . _ -, shorter than NT_NAME_BYTES, not starting with a dot. */
int32_t nt_name_check(const char *name, int allow_empty, nt_error *error);
/* Fill an error; NULL is allowed. Text that does not fit is cut. */
__attribute__((format(printf, 6, 7))) void nt_error_set(nt_error *error, int32_t code, int32_t system_error, int64_t observed,
                                                        int64_t limit, const char *format, ...);

#endif
