/* The staging ring of journal frames: whole frames in order, no byte lost at the end of the ring, room kept for the largest one. */
#include "check.h"
#include "kernel.h"

#define CAPACITY 131072u /* the smallest that a kernel takes */
#define LARGEST (sizeof(nt_frame) + sizeof(nt_order) + sizeof(nt_report) * NT_EFFECTS_MAX)

static nt_report reports[NT_EFFECTS_MAX];
static uint8_t drained[CAPACITY];

static uint32_t slow_crc(const void *bytes, uint64_t count) {
  uint32_t crc = 0xFFFFFFFFu;
  for (uint64_t i = 0; i < count; i++) {
    crc ^= ((const uint8_t *)bytes)[i];
    for (int bit = 0; bit < 8; bit++) crc = crc & 1 ? crc >> 1 ^ 0x82F63B78u : crc >> 1;
  }
  return ~crc;
}

static void crc_is_castagnoli(void) {
  uint8_t bytes[200];
  CHECK_EQUAL(nt_crc32c("123456789", 9), 0xE3069283u);
  CHECK_EQUAL(nt_crc32c("", 0), 0);
  memset(bytes, 0, 32); /* RFC 3720, B.4 */
  CHECK_EQUAL(nt_crc32c(bytes, 32), 0x8A9136AAu);
  memset(bytes, 0xFF, 32);
  CHECK_EQUAL(nt_crc32c(bytes, 32), 0x62A8AB43u);
  for (uint8_t i = 0; i < 32; i++) bytes[i] = i;
  CHECK_EQUAL(nt_crc32c(bytes, 32), 0x46DD794Eu);
  for (uint8_t i = 0; i < 32; i++) bytes[i] = (uint8_t)(31 - i);
  CHECK_EQUAL(nt_crc32c(bytes, 32), 0x113FDB5Cu);
  uint64_t seed = 5;
  for (uint64_t count = 0; count <= sizeof(bytes); count++) {
    for (uint64_t i = 0; i < count; i++) bytes[i] = (uint8_t)check_random(&seed);
    CHECK_EQUAL(nt_crc32c(bytes, count), slow_crc(bytes, count));
  }
}

static nt_journal opened(uint32_t wait_for_reader) {
  nt_journal journal = {0};
  CHECK_EQUAL(nt_journal_open(&journal, CAPACITY, wait_for_reader), NT_OK);
  return journal;
}

/* A frame whose contents follow from its number. */
static uint32_t append(nt_journal *journal, uint64_t sequence) {
  uint64_t seed = sequence * 77 + 1;
  uint32_t count = (uint32_t)(check_random(&seed) % (sequence % 50 == 0 ? NT_EFFECTS_MAX + 1 : 12));
  nt_order order = {.client_order_id = sequence, .quantity = (int64_t)check_random(&seed)};
  for (uint32_t i = 0; i < count; i++) reports[i] = (nt_report){.seq = sequence, .client_order_id = i, .fee = (int64_t)check_random(&seed)};
  nt_frame header = {.sequence = sequence, .ts = (int64_t)sequence * 3, .input = NT_INPUT_ORDER, .channel = 1};
  header.input_bytes = sequence % 3 == 0 ? 0 : sizeof(order);
  uint32_t size = nt_journal_append(journal, &header, &order, reports, count);
  CHECK_EQUAL(size, sizeof(nt_frame) + header.input_bytes + count * sizeof(nt_report));
  return size;
}

/* Bytes of the frame at this place, which has to be the one with this number. */
static uint32_t verify(const uint8_t *at, uint64_t sequence) {
  nt_frame frame;
  memcpy(&frame, at, sizeof(frame));
  CHECK_EQUAL(frame.sequence, sequence);
  CHECK_EQUAL(frame.ts, sequence * 3);
  CHECK_EQUAL(frame.input, NT_INPUT_ORDER);
  CHECK_EQUAL(frame.bytes, sizeof(frame) + frame.input_bytes + frame.reports * sizeof(nt_report));
  CHECK_EQUAL(frame.crc32c, slow_crc(at + 8, frame.bytes - 8));
  uint64_t seed = sequence * 77 + 1;
  CHECK_EQUAL(frame.reports, check_random(&seed) % (sequence % 50 == 0 ? NT_EFFECTS_MAX + 1 : 12));
  int64_t quantity = (int64_t)check_random(&seed);
  if (frame.input_bytes > 0) {
    nt_order order;
    memcpy(&order, at + sizeof(frame), sizeof(order));
    CHECK_EQUAL(order.quantity, quantity);
  }
  for (uint32_t i = 0; i < frame.reports; i++) {
    nt_report report;
    memcpy(&report, at + sizeof(frame) + frame.input_bytes + i * sizeof(report), sizeof(report));
    CHECK(report.client_order_id == i && report.seq == sequence && report.fee == (int64_t)check_random(&seed));
  }
  return frame.bytes;
}

static void frames_come_out_whole_and_in_order(void) {
  nt_journal journal = opened(1);
  uint64_t seed = 3, written = 0, read = 0, staged = 0, copied = 0;
  while (written < 20000) {
    while (nt_journal_has_room(&journal)) staged += append(&journal, ++written);
    int32_t bytes = nt_journal_drain(&journal, drained, (uint32_t)(LARGEST + check_random(&seed) % 60000));
    CHECK(bytes > 0);
    for (int32_t at = 0; at < bytes; read++) at += (int32_t)verify(drained + at, read + 1);
    copied += (uint64_t)bytes;
  }
  while (read < written) {
    int32_t bytes = nt_journal_drain(&journal, drained, sizeof(drained));
    CHECK(bytes > 0);
    for (int32_t at = 0; at < bytes; read++) at += (int32_t)verify(drained + at, read + 1);
    copied += (uint64_t)bytes;
  }
  CHECK_EQUAL(copied, staged);
  CHECK(copied > 50u * CAPACITY); /* it went around */
  CHECK_EQUAL(nt_journal_drain(&journal, drained, sizeof(drained)), 0);
  nt_journal_close(&journal);
  nt_journal_close(&journal); /* nothing is left to close */
}

static void a_small_buffer_gets_the_frames_that_fit(void) {
  nt_journal journal = opened(1);
  nt_frame header = {.sequence = 1, .input = NT_INPUT_TIMER};
  CHECK_EQUAL(nt_journal_append(&journal, &header, NULL, reports, 0), 64);
  CHECK_EQUAL(nt_journal_append(&journal, &header, NULL, reports, 1), 192);
  CHECK_EQUAL(nt_journal_append(&journal, &header, NULL, reports, 0), 64);
  CHECK_EQUAL(nt_journal_drain(&journal, drained, 63), NT_ERR_INVALID);
  CHECK_EQUAL(nt_journal_drain(&journal, drained, 0), NT_ERR_INVALID);
  CHECK_EQUAL(nt_journal_drain(&journal, drained, 64 + 191), 64);
  CHECK_EQUAL(nt_journal_drain(&journal, drained, 191), NT_ERR_INVALID);
  CHECK_EQUAL(nt_journal_drain(&journal, drained, 192), 192);
  CHECK_EQUAL(nt_journal_drain(&journal, drained, 64), 64);
  CHECK_EQUAL(nt_journal_drain(&journal, drained, 0), 0);
  nt_journal_close(&journal);
}

/* Fills up to where the largest frame does not fit before the end. */
static void the_end_of_the_ring_is_passed_by_a_filler(void) {
  nt_journal journal = opened(1);
  nt_frame header = {.sequence = 1, .input = NT_INPUT_TIMER};
  for (uint32_t place = 0; place < CAPACITY - 64; place += 64) CHECK_EQUAL(nt_journal_append(&journal, &header, NULL, reports, 0), 64);
  CHECK(!nt_journal_has_room(&journal));
  CHECK_EQUAL(nt_journal_drain(&journal, drained, sizeof(drained)), CAPACITY - 64);
  CHECK(nt_journal_has_room(&journal));
  header.sequence = 2;
  CHECK_EQUAL(nt_journal_append(&journal, &header, NULL, reports, 1), 192); /* 64 bytes are left: a filler, and the frame at the start */
  CHECK_EQUAL(nt_journal_drain(&journal, drained, 64), NT_ERR_INVALID);     /* passes the filler, not the frame */
  CHECK_EQUAL(nt_journal_drain(&journal, drained, sizeof(drained)), 192);
  nt_frame frame;
  memcpy(&frame, drained, sizeof(frame));
  CHECK_EQUAL(frame.sequence, 2);
  for (uint32_t place = 192; place < CAPACITY; place += 64) CHECK_EQUAL(nt_journal_append(&journal, &header, NULL, reports, 0), 64);
  CHECK_EQUAL(nt_journal_drain(&journal, drained, sizeof(drained)), CAPACITY - 192); /* the last one ended exactly at the end */
  nt_journal_close(&journal);
}

static void room_is_for_the_largest_frame_and_a_filler(void) {
  nt_journal journal = opened(1);
  nt_frame header = {.sequence = 1, .input = NT_INPUT_TIMER};
  uint64_t used = 0;
  while (nt_journal_has_room(&journal)) used += nt_journal_append(&journal, &header, NULL, reports, 0);
  CHECK(CAPACITY - used < 2 * LARGEST && CAPACITY - used >= 2 * LARGEST - 64);
  nt_order order = {0};
  header.input_bytes = sizeof(order);
  nt_journal_append(&journal, &header, &order, reports, NT_EFFECTS_MAX); /* what the last room was for */
  CHECK(journal.written - journal.read <= CAPACITY);
  nt_journal_close(&journal);
}

static void without_a_reader_frames_overwrite_each_other(void) {
  nt_journal journal = opened(0);
  for (uint64_t sequence = 1; sequence <= 2000; sequence++) {
    CHECK(nt_journal_has_room(&journal));
    append(&journal, sequence);
  }
  CHECK_EQUAL(nt_journal_drain(&journal, drained, sizeof(drained)), NT_ERR_STATE);
  nt_journal_close(&journal);
}

int main(void) {
  crc_is_castagnoli();
  frames_come_out_whole_and_in_order();
  a_small_buffer_gets_the_frames_that_fit();
  the_end_of_the_ring_is_passed_by_a_filler();
  room_is_for_the_largest_frame_and_a_filler();
  without_a_reader_frames_overwrite_each_other();
  return 0;
}
