/* The sessions of tests/conformance/session.bin, replayed through the C library and compared byte for byte. Its layout is described in
 * tests/conformance/binary.py, which writes it. */
#include "check.h"
#include "neural_trader.h"

#define CLIENTS 16
#define TICKS 4096
#define REPORTS 256

enum kind {
  SESSION = 1,
  CREATE,
  INSTRUMENT,
  ACCOUNT,
  TERMS,
  MODEL,
  CLIENT,
  SUBSCRIBE,
  LEAVE,
  FEED,
  RUN_LOOP,
  STATE,
  ORDER,
  POLL,
  QUOTE,
  POSITION,
  MONEY,
  FEATURES,
  BOOK,
  SIGNAL,
  NOW,
  JOURNAL,
  CLOSE
};

typedef struct call {
  uint32_t kind, a, b;
  int32_t result;
  uint32_t given_bytes, out_bytes;
} call;

static const char *session_name;
static uint32_t call_number, kernel, clients[CLIENTS], client_count;
static _Alignas(64) uint8_t out[TICKS * sizeof(nt_tick) + REPORTS * sizeof(nt_report) + sizeof(nt_poll)];

static void same(const call *made, int32_t result, const uint8_t *wanted, const uint8_t *found, uint64_t bytes) {
  uint64_t at = 0;
  while (at < made->out_bytes && at < bytes && wanted[at] == found[at]) at++;
  if (result == made->result && at == made->out_bytes && bytes == made->out_bytes) return;
  (void)fprintf(stderr,
                "session \"%s\", call %u of kind %u: result %d, expected %d; %" PRIu64 " bytes, expected %u, the same up to %" PRIu64 "\n",
                session_name, call_number, made->kind, result, made->result, bytes, made->out_bytes, at);
  CHECK_FAILED();
}

static int32_t created(const uint8_t *given) {
  nt_kernel_config config;
  nt_error error;
  memcpy(&config, given, sizeof(config));
  client_count = 0;
  return nt_kernel_create(&config, &kernel, &error);
}

static int32_t attached(const uint8_t *given) {
  nt_error error;
  CHECK(client_count < CLIENTS);
  return nt_kernel_client(kernel, (const char *)given, &clients[client_count++], &error);
}

static int32_t model_added(const call *made, const uint8_t *given) {
  uint32_t size = made->given_bytes - NT_NAME_BYTES;
  return nt_kernel_add_model(kernel, (const char *)given, size > 0 ? given + NT_NAME_BYTES : NULL, size, made->a, made->b);
}

/* The record in two parts of 64 bytes, the second zeros where it was left out. */
static int32_t submitted(const call *made, const uint8_t *given) {
  nt_order order = {0};
  CHECK(made->given_bytes <= sizeof(order));
  memcpy(&order, given, made->given_bytes);
  int32_t result = nt_client_submit(clients[made->a], &order);
  memcpy(out, &order.client_order_id, sizeof(order.client_order_id));
  return result;
}

static int32_t polled(const call *made, const uint8_t *given, uint64_t *bytes) {
  static nt_tick ticks[TICKS];
  static nt_report reports[REPORTS];
  nt_poll poll = {0};
  uint32_t keep;
  memcpy(&keep, given, sizeof(keep));
  CHECK(made->b <= TICKS);
  int32_t result = nt_client_poll(clients[made->a], ticks, made->b, reports, REPORTS, 0, &poll);
  uint64_t tick_bytes = keep != 0 ? poll.ticks * sizeof(nt_tick) : 0, report_bytes = poll.reports * sizeof(nt_report);
  memcpy(out, &poll, sizeof(poll));
  memcpy(out + sizeof(poll), ticks, tick_bytes);
  memcpy(out + sizeof(poll) + tick_bytes, reports, report_bytes);
  *bytes = sizeof(poll) + tick_bytes + report_bytes;
  return result;
}

static int32_t read_out(const call *made, const uint8_t *given) {
  uint32_t client = clients[made->a], at[2];
  memcpy(at, given, sizeof(at));
  switch (made->kind) {
    case QUOTE:
      return nt_read_quote(client, at[0], (nt_quote *)(void *)out);
    case POSITION:
      return nt_read_position(client, at[0], at[1], (nt_position *)(void *)out);
    case MONEY:
      return nt_read_account(client, at[0], (nt_account_view *)(void *)out);
    case FEATURES:
      return nt_read_features(client, at[0], (double *)(void *)out, NT_FEATURE_COUNT);
    case BOOK:
      return nt_read_book(client, at[0], (nt_book *)(void *)out);
    case SIGNAL:
      return nt_read_signal(client, at[0], at[1], (nt_tick *)(void *)out);
    default:
      CHECK(made->kind == NOW);
      return nt_read_now(client, (int64_t *)(void *)out);
  }
}

/* Bytes of all frames, and their FNV-1a. */
static void drained(void) {
  static uint8_t frames[1 << 20];
  uint64_t sums[2] = {0, 0xcbf29ce484222325ULL};
  for (int32_t size; (size = nt_kernel_drain(kernel, frames, sizeof(frames))) != 0; sums[0] += (uint64_t)size) {
    CHECK(size > 0);
    for (int32_t i = 0; i < size; i++) sums[1] = (sums[1] ^ frames[i]) * 0x100000001b3ULL;
  }
  memcpy(out, sums, sizeof(sums));
}

static void replay(const call *made, const uint8_t *given, const uint8_t *wanted) {
  int32_t result = 0;
  uint64_t bytes = made->out_bytes;
  switch (made->kind) {
    case SESSION:
      session_name = (const char *)given;
      call_number = 0;
      break;
    case CREATE:
      result = created(given);
      break;
    case INSTRUMENT:
      result = nt_kernel_add_instrument(kernel, (const nt_instrument *)(const void *)given);
      break;
    case ACCOUNT:
      result = nt_kernel_add_account(kernel, (const nt_account *)(const void *)given);
      break;
    case TERMS:
      result = nt_kernel_set_terms(kernel, (const nt_terms *)(const void *)given);
      break;
    case MODEL:
      result = model_added(made, given);
      break;
    case CLIENT:
      result = attached(given);
      break;
    case SUBSCRIBE:
      result = nt_client_subscribe(clients[made->a]);
      break;
    case LEAVE:
      result = nt_close(clients[made->a]);
      break;
    case FEED:
      result = nt_kernel_replay(kernel, (const nt_tick *)(const void *)given, made->given_bytes / sizeof(nt_tick));
      break;
    case RUN_LOOP:
      result = nt_kernel_run(kernel, made->a);
      break;
    case STATE:
      result = nt_kernel_set_state(kernel, made->a, made->b, (const char *)given);
      break;
    case ORDER:
      result = submitted(made, given);
      break;
    case POLL:
      result = polled(made, given, &bytes);
      break;
    case JOURNAL:
      drained();
      break;
    case CLOSE:
      result = nt_close(kernel);
      break;
    default:
      result = read_out(made, given);
  }
  same(made, result, wanted, out, bytes);
}

/* The file beside this one's directory. Ends with the test. */
static uint8_t *session_file(uint64_t *bytes) {
  static const char name[] = "conformance/session.bin", here[] = "c/test_conformance.c";
  char path[4096];
  CHECK(strlen(__FILE__) < sizeof(path) - sizeof(name));
  memcpy(path, __FILE__, sizeof(__FILE__));
  memcpy(path + sizeof(__FILE__) - sizeof(here), name, sizeof(name));
  FILE *file = fopen(path, "rb");
  if (file == NULL) (void)fprintf(stderr, "%s cannot be opened\n", path);
  CHECK(file != NULL && fseek(file, 0, SEEK_END) == 0);
  *bytes = (uint64_t)ftell(file);
  uint8_t *memory = aligned_alloc(64, (*bytes + 63) / 64 * 64);
  CHECK(memory != NULL && fseek(file, 0, SEEK_SET) == 0 && fread(memory, 1, *bytes, file) == *bytes);
  CHECK(fclose(file) == 0);
  return memory;
}

static uint64_t padded(uint32_t bytes) {
  return ((uint64_t)bytes + 7) / 8 * 8;
}

int main(void) {
  uint64_t bytes, at = 16, layout, sessions = 0, calls = 0;
  uint8_t *file = session_file(&bytes);
  CHECK(bytes > at && memcmp(file, "NTCALLS1", 8) == 0);
  memcpy(&layout, file + 8, sizeof(layout));
  CHECK(layout == nt_layout_hash());
  while (at < bytes) {
    call made;
    CHECK(bytes - at >= sizeof(made));
    memcpy(&made, file + at, sizeof(made));
    at += sizeof(made);
    CHECK(made.kind >= SESSION && made.kind <= CLOSE && bytes - at >= padded(made.given_bytes) + padded(made.out_bytes));
    replay(&made, file + at, file + at + padded(made.given_bytes));
    at += padded(made.given_bytes) + padded(made.out_bytes);
    call_number++;
    calls++;
    sessions += made.kind == SESSION;
  }
  CHECK(sessions >= 10 && calls > 100);
  free(file);
  return 0;
}
