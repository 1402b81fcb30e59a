/* Any bytes in a segment file: opening it, and using it once it opened, answers an error or works, and never leaves the mapping. With
 * -DNT_LIBFUZZER an entry point for libFuzzer; else a program that mutates a valid ring from seeds (argument: how many). */
#include <fcntl.h>
#include <sys/mman.h>

#include "../../csrc/ring.h"
#include "../../csrc/segment.h"
#include "check.h"

#define CAPACITY 8U

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t image[3 * 4096]; /* of a ring with records */
static size_t image_bytes;
static char name[32], path[NT_PATH_BYTES];

static void make_image(void) {
  uint32_t owner, in;
  nt_segment segment;
  nt_error error;
  uint8_t records[5 * 64] = {0};
  (void)snprintf(path, sizeof(path), "/nt.ring.%s", check_name(name, "fuzz"));
  CHECK_EQUAL(nt_ring_create(name, 64, CAPACITY, 0, &owner, &error), NT_OK);
  CHECK_EQUAL(nt_ring_attach(name, NT_ROLE_PRODUCER, &in, &error), NT_OK);
  CHECK_EQUAL(nt_ring_push(in, records, 5), 5);
  CHECK_EQUAL(nt_segment_open(&segment, path, NT_SEGMENT_RING, 0, &error), NT_OK);
  CHECK(segment.bytes <= sizeof(image));
  image_bytes = segment.bytes;
  memcpy(image, segment.base, segment.bytes);
  nt_segment_close(&segment, 0);
  CHECK(nt_close(in) == NT_OK && nt_close(owner) == NT_OK);
}

static void use_as(uint32_t role) {
  uint32_t ring = 0;
  nt_error error;
  uint8_t records[20 * 128];
  void *place;
  memset(records, 0, sizeof(records));
  int32_t result = nt_ring_attach(name, role, &ring, &error);
  CHECK(result == NT_OK || (error.code == result && error.text[0] != 0 && ring == 0));
  if (result != NT_OK) return;
  for (int round = 0; round < 3; round++) {
    if (role == NT_ROLE_PRODUCER) {
      result = nt_ring_push(ring, records, 20);
      int32_t claimed = nt_ring_claim(ring, 20, &place);
      CHECK(claimed >= 0 && nt_ring_commit(ring, (uint32_t)claimed) == claimed);
    } else {
      result = nt_ring_pop(ring, records, 20);
      int32_t peeked = nt_ring_peek(ring, 20, &place);
      if (peeked > 0) memcpy(records, place, 64);
      CHECK(peeked >= 0 && nt_ring_release(ring, (uint32_t)peeked) == peeked);
    }
    CHECK(result >= 0 && result <= 20);
  }
  CHECK_EQUAL(nt_close(ring), NT_OK);
}

/* Input: the file's length in two bytes, then (offset in two bytes, value in one) edits of the valid image. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static uint8_t edited[sizeof(image)];
  if (image_bytes == 0) make_image();
  if (size < 2) return 0;
  size_t length = (size_t)data[0] | (size_t)data[1] << 8;
  if (length >= 0x8000) length = image_bytes; /* most inputs keep the right length */
  if (length > sizeof(edited)) length = sizeof(edited);
  memcpy(edited, image, sizeof(edited));
  for (size_t i = 2; i + 3 <= size; i += 3) {
    edited[((size_t)data[i] | (size_t)data[i + 1] << 8) % image_bytes] = data[i + 2];
  }
  int fd = shm_open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
  CHECK(fd >= 0 && pwrite(fd, edited, length, 0) == (ssize_t)length && close(fd) == 0);
  use_as(NT_ROLE_PRODUCER);
  use_as(NT_ROLE_CONSUMER);
  CHECK_EQUAL(nt_segment_remove_stale(path), NT_OK);
  return 0;
}

#ifndef NT_LIBFUZZER
/* Offsets where something is: the fields of the header, the sections, the block, the slots. */
static uint32_t interesting(uint64_t *seed) {
  static const uint32_t first[] = {0, 128, 144, 4096, 4224, 4352, 4480, 4608};
  return first[check_random(seed) % 8] + (uint32_t)(check_random(seed) % 128);
}

int main(int argc, char **argv) {
  long count = argc > 1 ? atol(argv[1]) : 20000;
  uint64_t seed = 1;
  for (long i = 0; i < count; i++) {
    uint8_t input[2 + 3 * 8];
    size_t edits = check_random(&seed) % 8;
    for (size_t k = 0; k < sizeof(input); k++) input[k] = (uint8_t)check_random(&seed);
    for (size_t k = 0; k < edits; k++) {
      uint32_t offset = interesting(&seed);
      input[2 + 3 * k] = (uint8_t)offset;
      input[3 + 3 * k] = (uint8_t)(offset >> 8);
      if (check_random(&seed) % 2) input[4 + 3 * k] = (uint8_t)(check_random(&seed) % 3);
    }
    (void)LLVMFuzzerTestOneInput(input, 2 + 3 * edits);
  }
  return 0;
}
#endif
