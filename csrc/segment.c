#include "segment.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "layout.h"
#include "platform.h"

uint32_t nt_abi_version(void) {
  return NT_ABI_VERSION;
}
uint64_t nt_layout_hash(void) {
  return NT_LAYOUT_HASH;
}
int64_t nt_clock_ns(void) {
  return nt_time_monotonic_ns();
}

/* ---- errors and names ---------------------------------------------------------------------------------------------------- */

void nt_error_set(nt_error *error, int32_t code, int32_t system_error, int64_t observed, int64_t limit, const char *format, ...) {
  if (error == NULL) return;
  memset(error, 0, sizeof(*error));
  error->code = code;
  error->system_error = system_error;
  error->observed = observed;
  error->limit = limit;
  va_list arguments;
  va_start(arguments, format);
  (void)vsnprintf(error->text, sizeof(error->text), format, arguments);
  va_end(arguments);
}

static int32_t fail(nt_error *error, int32_t code, int system_error, const char *path, const char *what) {
  nt_error_set(error, code, system_error, NT_ABSENT, NT_ABSENT, "%s: %s", path, what);
  return code;
}

static int32_t fail_system(nt_error *error, int system_error, const char *path, const char *what) {
  nt_error_set(error, NT_ERR_SYSTEM, system_error, NT_ABSENT, NT_ABSENT, "%s: %s: %s", path, what, strerror(system_error));
  return NT_ERR_SYSTEM;
}

/* Length of a text in a field of a given size; the size itself when it does not end. */
static size_t length_of(const char *text, size_t bytes) {
  const char *end = memchr(text, 0, bytes);
  return end == NULL ? bytes : (size_t)(end - text);
}

int32_t nt_name_check(const char *name, int allow_empty, nt_error *error) {
  static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  if (name == NULL) return fail(error, NT_ERR_NAME, 0, "name", "is missing");
  size_t length = length_of(name, NT_NAME_BYTES);
  if (length == NT_NAME_BYTES) {
    nt_error_set(error, NT_ERR_NAME, 0, NT_ABSENT, NT_NAME_BYTES - 1, "name is longer than %d bytes", NT_NAME_BYTES - 1);
    return NT_ERR_NAME;
  }
  if (length == 0) return allow_empty ? NT_OK : fail(error, NT_ERR_NAME, 0, "name", "is empty");
  if (name[0] == '.' || strspn(name, allowed) != length) {
    nt_error_set(error, NT_ERR_NAME, 0, NT_ABSENT, NT_ABSENT, "name \"%s\": use a-z A-Z 0-9 . _ - and do not start with a dot", name);
    return NT_ERR_NAME;
  }
  return NT_OK;
}

/* ---- create -------------------------------------------------------------------------------------------------------------- */

static int path_copy(char out[NT_PATH_BYTES], const char *path) {
  size_t length = length_of(path, NT_PATH_BYTES);
  if (length < 2 || length == NT_PATH_BYTES || path[0] != '/' || strchr(path + 1, '/') != NULL) return 0;
  memset(out, 0, NT_PATH_BYTES);
  memcpy(out, path, length);
  return 1;
}

/* Offsets of the sections, one after the other. Returns the bytes of the whole segment, 0 when they do not fit in 63 bits. */
static uint64_t lay_out(nt_section *out, const nt_section *sections, uint32_t count) {
  uint64_t at = NT_SEGMENT_HEADER_BYTES;
  for (uint32_t i = 0; i < count; i++) {
    uint64_t bytes = (uint64_t)sections[i].count * sections[i].stride; /* 32 bits each: cannot overflow */
    uint64_t aligned = (bytes + NT_SEGMENT_ALIGNMENT - 1) & ~(uint64_t)(NT_SEGMENT_ALIGNMENT - 1);
    if (bytes == 0 || aligned < bytes || aligned > INT64_MAX - at - NT_SEGMENT_HEADER_BYTES) return 0;
    for (uint32_t other = 0; other < i; other++) {
      if (sections[other].kind == sections[i].kind) return 0;
    }
    out[i] = sections[i];
    out[i].offset = at;
    out[i].bytes = bytes;
    out[i].reserved = 0;
    at += aligned;
  }
  return (at + NT_SEGMENT_HEADER_BYTES - 1) & ~(uint64_t)(NT_SEGMENT_HEADER_BYTES - 1);
}

/* The named object with all its memory, mapped. */
static int32_t create_object(nt_segment *segment, nt_error *error) {
  nt_object object;
  const char *path = segment->path;
  int failure = nt_object_create(path, &object);
  if (failure == EEXIST) return fail(error, NT_ERR_NAME_IN_USE, failure, path, "exists already");
  if (failure != 0) return fail_system(error, failure, path, "cannot create shared memory");
  const char *what = "cannot allocate shared memory";
  failure = nt_object_allocate(&object, segment->bytes);
  if (failure == 0) {
    segment->base = nt_object_map(&object, 1, &failure);
    what = "cannot map shared memory";
  }
  if (segment->base == NULL) {
    (void)nt_object_unlink(path);
    nt_object_close(&object);
    if (failure != ENOSPC && failure != ENOMEM && failure != EFBIG) return fail_system(error, failure, path, what);
    nt_error_set(error, NT_ERR_NO_SPACE, failure, (int64_t)segment->bytes, NT_ABSENT,
                 "%s: no room for %" PRIu64 " bytes of shared memory (a container's --shm-size?)", path, segment->bytes);
    return NT_ERR_NO_SPACE;
  }
  segment->fd = object.fd;
  segment->device = object.device;
  segment->inode = object.inode;
  return NT_OK;
}

/* Everything that a header says but the time and, last of all, the magic. */
static void fill_header(const nt_segment *segment, nt_segment_header *header, uint32_t kind, uint64_t incarnation) {
  header->abi_version = NT_ABI_VERSION;
  header->endian = NT_SEGMENT_ENDIAN;
  header->layout_hash = NT_LAYOUT_HASH;
  header->kind = kind;
  header->header_bytes = NT_SEGMENT_HEADER_BYTES;
  header->total_bytes = segment->bytes;
  header->incarnation = incarnation;
  header->boot_id = nt_boot_id();
  header->pid = nt_process_id();
  memcpy(header->name, segment->path, sizeof(header->name));
  header->section_count = segment->section_count;
  memcpy(header->sections, segment->sections, sizeof(header->sections));
}

int32_t nt_segment_create(nt_segment *segment, const char *path, uint32_t kind, const nt_section *sections, uint32_t section_count,
                          uint64_t incarnation, nt_error *error) {
  memset(segment, 0, sizeof(*segment));
  segment->fd = -1;
  segment->writable = 1;
  if (path != NULL && path[0] != 0 && !path_copy(segment->path, path)) return fail(error, NT_ERR_NAME, 0, path, "is no segment path");
  uint64_t bytes = section_count > NT_SECTION_MAX ? 0 : lay_out(segment->sections, sections, section_count);
  if (bytes == 0) return fail(error, NT_ERR_INVALID, 0, segment->path, "sections are empty, repeated, or too many or large");
  segment->section_count = section_count;
  segment->bytes = bytes;
  if (segment->path[0] != 0) {
    int32_t result = create_object(segment, error);
    if (result != NT_OK) return result;
  } else {
    segment->base = nt_memory_map_shared(bytes);
    if (segment->base == NULL) {
      nt_error_set(error, NT_ERR_NO_SPACE, ENOMEM, (int64_t)bytes, NT_ABSENT, "no room for %" PRIu64 " bytes of memory", bytes);
      return NT_ERR_NO_SPACE;
    }
  }
  if (kind != NT_SEGMENT_CHANNEL) nt_memory_prefault(segment->base, bytes, 1);
  segment->header = (nt_segment_header *)(void *)segment->base;
  fill_header(segment, segment->header, kind, incarnation);
  segment->header->created_realtime_ns = nt_time_realtime_ns();
  return NT_OK;
}

void nt_segment_restore(nt_segment *segment, uint32_t kind, uint64_t incarnation) {
  nt_segment_header header;
  memset(&header, 0, sizeof(header));
  fill_header(segment, &header, kind, incarnation);
  header.created_realtime_ns = segment->header->created_realtime_ns; /* nothing depends on it */
  atomic_store_explicit(&header.magic, NT_SEGMENT_MAGIC, memory_order_relaxed);
  if (memcmp(segment->header, &header, sizeof(header)) == 0) return;
  (void)atomic_exchange_explicit(&segment->header->magic, 0, memory_order_acq_rel); /* not published while the rest is written */
  memcpy((uint8_t *)segment->base + sizeof(header.magic), (const uint8_t *)&header + sizeof(header.magic),
         sizeof(header) - sizeof(header.magic));
  nt_segment_publish(segment);
}

void nt_segment_publish(nt_segment *segment) {
  atomic_store_explicit(&segment->header->magic, NT_SEGMENT_MAGIC, memory_order_release);
}

/* ---- open ---------------------------------------------------------------------------------------------------------------- */

static int32_t fail_version(nt_error *error, const char *path, const char *what, uint64_t theirs, uint64_t ours) {
  nt_error_set(error, NT_ERR_VERSION, 0, NT_ABSENT, NT_ABSENT, "%s has %s %" PRIx64 ", this library has %" PRIx64, path, what, theirs,
               ours);
  return NT_ERR_VERSION;
}

/* Check a header whose memory may be anything. What is used later is copied out first, so that it cannot change after the check. */
static int32_t check_header(nt_segment *segment, uint32_t kind, nt_error *error) {
  const nt_segment_header *header = segment->header;
  const char *path = segment->path;
  uint64_t magic = atomic_load_explicit(&header->magic, memory_order_acquire);
  if (magic == 0) return fail(error, NT_ERR_NOT_FOUND, 0, path, "is not published yet");
  if (magic == __builtin_bswap64(NT_SEGMENT_MAGIC)) return fail_version(error, path, "byte order magic", magic, NT_SEGMENT_MAGIC);
  if (magic != NT_SEGMENT_MAGIC) return fail(error, NT_ERR_CORRUPT, 0, path, "is no segment of this library");
  if (header->endian != NT_SEGMENT_ENDIAN) return fail_version(error, path, "byte order", header->endian, NT_SEGMENT_ENDIAN);
  if (header->abi_version != NT_ABI_VERSION) return fail_version(error, path, "ABI version", header->abi_version, NT_ABI_VERSION);
  if (header->layout_hash != NT_LAYOUT_HASH) return fail_version(error, path, "layout", header->layout_hash, NT_LAYOUT_HASH);
  if (header->kind != kind) return fail(error, NT_ERR_CORRUPT, 0, path, "is a segment of another kind");
  if (header->header_bytes != NT_SEGMENT_HEADER_BYTES || header->total_bytes != segment->bytes) {
    nt_error_set(error, NT_ERR_CORRUPT, 0, (int64_t)segment->bytes, (int64_t)header->total_bytes, "%s: size differs from its header", path);
    return NT_ERR_CORRUPT;
  }
  segment->section_count = header->section_count;
  if (segment->section_count > NT_SECTION_MAX) return fail(error, NT_ERR_CORRUPT, 0, path, "has too many sections");
  memcpy(segment->sections, header->sections, sizeof(segment->sections));
  /* Creators lay sections out one after the other, so ascending and inside is all that has to hold. */
  uint64_t end = NT_SEGMENT_HEADER_BYTES;
  for (uint32_t i = 0; i < segment->section_count; i++) {
    const nt_section *section = &segment->sections[i];
    int whole = section->bytes != 0 && section->bytes == (uint64_t)section->count * section->stride && section->reserved == 0;
    int inside = section->offset >= end && section->offset <= segment->bytes && section->bytes <= segment->bytes - section->offset;
    if (!whole || !inside || section->offset % NT_SEGMENT_ALIGNMENT != 0) return fail(error, NT_ERR_CORRUPT, 0, path, "has a bad section");
    end = section->offset + section->bytes;
  }
  for (size_t i = 0; i < sizeof(header->reserved); i++) {
    if (header->reserved[i] != 0) return fail(error, NT_ERR_CORRUPT, 0, path, "has reserved bytes that are not zero");
  }
  return NT_OK;
}

int32_t nt_segment_open(nt_segment *segment, const char *path, uint32_t kind, int writable, nt_error *error) {
  memset(segment, 0, sizeof(*segment));
  segment->fd = -1;
  if (path == NULL || !path_copy(segment->path, path)) {
    return fail(error, NT_ERR_NAME, 0, path == NULL ? "(none)" : path, "is no segment path");
  }
  nt_object object;
  int failure = nt_object_open(segment->path, writable, &object);
  if (failure == ENOENT) return fail(error, NT_ERR_NOT_FOUND, failure, segment->path, "does not exist");
  if (failure != 0) return fail_system(error, failure, segment->path, "cannot open shared memory");
  segment->fd = object.fd;
  segment->device = object.device;
  segment->inode = object.inode;
  segment->writable = writable != 0;
  int32_t result;
  if (object.bytes == 0) { /* the creator has just begun */
    result = fail(error, NT_ERR_NOT_FOUND, 0, segment->path, "is not published yet");
  } else if (object.bytes < NT_SEGMENT_HEADER_BYTES || object.bytes % NT_SEGMENT_HEADER_BYTES != 0) {
    result = fail(error, NT_ERR_CORRUPT, 0, segment->path, "is too short or cut off");
  } else {
    segment->bytes = object.bytes;
    segment->base = nt_object_map(&object, writable, &failure);
    segment->header = (nt_segment_header *)(void *)segment->base;
    result =
        segment->base == NULL ? fail_system(error, failure, segment->path, "cannot map shared memory") : check_header(segment, kind, error);
  }
  if (result != NT_OK) {
    nt_segment_close(segment, 0);
    return result;
  }
  nt_memory_prefault(segment->base, segment->bytes, writable);
  return NT_OK;
}

void nt_segment_prefault(const nt_segment *segment) {
  nt_memory_prefault(segment->base, segment->bytes, (int)segment->writable);
}

void *nt_segment_section(const nt_segment *segment, uint32_t kind, uint32_t stride, uint32_t *count) {
  for (uint32_t i = 0; i < segment->section_count; i++) {
    const nt_section *section = &segment->sections[i];
    if (section->kind != kind) continue;
    if (section->stride != stride) return NULL;
    if (count != NULL) *count = section->count;
    return segment->base + section->offset;
  }
  return NULL;
}

/* ---- locks and life ------------------------------------------------------------------------------------------------------ */

static nt_object object_of(const nt_segment *segment) {
  nt_object object = {segment->fd, segment->bytes, segment->device, segment->inode};
  return object;
}

int32_t nt_segment_lock(nt_segment *segment, uint32_t byte) {
  if (segment->base == NULL) return NT_ERR_STATE;
  if (segment->fd < 0) return NT_OK;
  nt_object object = object_of(segment);
  int error = nt_object_lock(&object, byte);
  if (error == EAGAIN) return NT_ERR_NAME_IN_USE;
  return error == 0 ? NT_OK : NT_ERR_SYSTEM;
}

void nt_segment_unlock(nt_segment *segment, uint32_t byte) {
  if (segment->fd < 0) return;
  nt_object object = object_of(segment);
  nt_object_unlock(&object, byte);
}

int32_t nt_segment_locked(const nt_segment *segment, uint32_t byte) {
  if (segment->fd < 0) return NT_ERR_STATE;
  nt_object object = object_of(segment);
  int held = nt_object_probe(&object, byte);
  return held < 0 ? NT_ERR_SYSTEM : held;
}

int32_t nt_segment_orphaned(const nt_segment *segment) {
  if (segment->fd < 0) return 0;
  nt_object object = object_of(segment);
  return !nt_object_is(&object, segment->path);
}

void nt_segment_close(nt_segment *segment, int unlink_path) {
  if (segment->path[0] != 0 && segment->fd >= 0) {
    nt_object object = object_of(segment);
    if (unlink_path && nt_object_is(&object, segment->path)) (void)nt_object_unlink(segment->path);
    nt_memory_unmap(segment->base, segment->bytes);
    nt_object_close(&object);
  } else {
    nt_memory_unmap(segment->base, segment->bytes);
  }
  memset(segment, 0, sizeof(*segment));
  segment->fd = -1;
}

int32_t nt_segment_remove_stale(const char *path) {
  int error = nt_object_remove_stale(path);
  if (error == EAGAIN) return NT_ERR_NAME_IN_USE;
  return error == 0 ? NT_OK : NT_ERR_SYSTEM;
}
