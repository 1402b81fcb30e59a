/* The journal's front: frames are built here, once per input that was decided on, and staged for a reader.
 *
 * A frame lies in one piece; where it does not fit before the end of the ring, a filler frame (input 0) takes the rest.
 */
#include <string.h>

#include "kernel.h"
#include "platform.h"

#define LARGEST_FRAME (sizeof(nt_frame) + sizeof(nt_order) + sizeof(nt_report) * NT_EFFECTS_MAX)

#if defined(__SSE4_2__)
static inline uint32_t crc_word(uint32_t crc, uint64_t word) {
  return (uint32_t)__builtin_ia32_crc32di(crc, word);
}
#elif defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>
static inline uint32_t crc_word(uint32_t crc, uint64_t word) {
  return __crc32cd(crc, word);
}
#else
static inline uint32_t crc_word(uint32_t crc, uint64_t word) { /* Castagnoli polynomial, reflected, bit by bit */
  word ^= crc;
  for (int bit = 0; bit < 64; bit++) word = (word >> 1) ^ (0x82F63B78u & (0 - (word & 1)));
  return (uint32_t)word;
}
#endif

/* CRC32C (RFC 3720 appendix B.4) of count bytes, a multiple of 4. */
uint32_t nt_crc32c(const void *bytes, uint64_t count) {
  const uint8_t *at = bytes;
  uint32_t crc = 0xFFFFFFFFu;
  uint64_t word;
  for (; count >= 8; count -= 8, at += 8) {
    memcpy(&word, at, 8);
    crc = crc_word(crc, word);
  }
  for (; count > 0; count--, at++) {
    crc ^= *at;
    for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (0x82F63B78u & (0 - (crc & 1)));
  }
  return ~crc;
}

int32_t nt_journal_open(nt_journal *journal, uint32_t capacity, uint32_t wait_for_reader) {
  journal->bytes = nt_memory_map(capacity);
  if (journal->bytes == NULL) return NT_ERR_SYSTEM;
  journal->capacity = capacity;
  journal->wait_for_reader = wait_for_reader;
  return NT_OK;
}

void nt_journal_close(nt_journal *journal) {
  if (journal->bytes != NULL) nt_memory_unmap(journal->bytes, journal->capacity);
  journal->bytes = NULL;
}

int nt_journal_has_room(const nt_journal *journal) {
  if (!journal->wait_for_reader) return 1;
  uint64_t used =
      atomic_load_explicit(&journal->written, memory_order_relaxed) - atomic_load_explicit(&journal->read, memory_order_acquire);
  return journal->capacity - used >= 2 * LARGEST_FRAME; /* the frame, and a filler before it */
}

uint32_t nt_journal_append(nt_journal *journal, const nt_frame *header, const void *input, const nt_report *reports,
                           uint32_t report_count) {
  uint32_t size = (uint32_t)(sizeof(nt_frame) + header->input_bytes + report_count * sizeof(nt_report)); /* all multiples of 64 */
  uint64_t written = atomic_load_explicit(&journal->written, memory_order_relaxed), offset = written & (journal->capacity - 1);
  if (journal->capacity - offset < size) {
    nt_frame filler = {.bytes = (uint32_t)(journal->capacity - offset)};
    memcpy(journal->bytes + offset, &filler, sizeof(filler));
    written += filler.bytes;
    offset = 0;
  }
  uint8_t *at = journal->bytes + offset;
  nt_frame frame = *header;
  frame.bytes = size;
  frame.reports = report_count;
  memcpy(at, &frame, sizeof(frame));
  if (header->input_bytes > 0) memcpy(at + sizeof(frame), input, header->input_bytes);
  if (report_count > 0) memcpy(at + sizeof(frame) + header->input_bytes, reports, report_count * sizeof(nt_report));
  frame.crc32c = nt_crc32c(at + 8, size - 8);
  memcpy(at + 4, &frame.crc32c, 4);
  atomic_store_explicit(&journal->written, written + size, memory_order_release);
  return size;
}

int32_t nt_journal_drain(nt_journal *journal, void *out, uint32_t bytes) {
  uint64_t written = atomic_load_explicit(&journal->written, memory_order_acquire),
           read = atomic_load_explicit(&journal->read, memory_order_relaxed);
  uint32_t copied = 0;
  if (!journal->wait_for_reader) return NT_ERR_STATE; /* frames are overwritten: nothing is whole */
  while (read != written) {
    nt_frame frame;
    const uint8_t *at = journal->bytes + (read & (journal->capacity - 1));
    memcpy(&frame, at, sizeof(frame));
    if (frame.input != 0) {
      if (frame.bytes > bytes - copied) break;
      memcpy((uint8_t *)out + copied, at, frame.bytes);
      copied += frame.bytes;
    }
    read += frame.bytes;
  }
  atomic_store_explicit(&journal->read, read, memory_order_release);
  if (copied == 0 && read != written) return NT_ERR_INVALID; /* the buffer is smaller than the next frame */
  return (int32_t)copied;
}
