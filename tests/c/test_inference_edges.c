/* Models in the loop at their edges: rings and journals that fill up, clients that leave, breaks in the middle of a slice, features that
 * are lost, feeds that do not say where a slice ends. */
#include "inference_fixture.h"

static nt_report reports[8];

static nt_tick trade(int64_t ts, int64_t price, uint8_t flags) {
  return (nt_tick){.ts_event = ts, .price = price, .size = 1, .kind = NT_TICK_TRADE, .flags = flags};
}

/* Takes everything; who subscribes sees each tick once. Returns ticks and signals seen. */
static uint32_t all_of(uint32_t kernel, uint32_t client, const nt_tick *tape, uint32_t count, nt_tick *out, uint32_t room) {
  nt_poll poll = {0};
  uint32_t used = 0, seen = 0;
  for (uint32_t idle = 0; !poll.ended; idle++) {
    int32_t taken = nt_kernel_replay(kernel, tape + used, count - used);
    CHECK(taken >= 0 && idle < 1000000);
    used += (uint32_t)taken;
    CHECK(nt_client_poll(client, out + seen, room - seen, reports, 8, 0, &poll) >= 0);
    CHECK_EQUAL(poll.lost, 0);
    seen += poll.ticks;
  }
  return seen;
}

/* Eight signals a tick, slices longer than the ring: it is cut where it would lap somebody, and nothing is lost. */
static void laps_nobody(void) {
  model_shape shapes[8];
  for (uint32_t m = 0; m < 8; m++) shapes[m] = (model_shape){.clock = "trade", .every = 1, .reset_on = "", .seed = m + 1};
  shapes[7].clock = "time_change";
  nt_tick tape[401], *seen = calloc(ROOM, sizeof(nt_tick)), *other = calloc(ROOM, sizeof(nt_tick));
  for (uint32_t i = 0; i < 400; i++) tape[i] = trade(1 + i / 100, 1000 + 25 * (i % 7), i % 100 == 99 ? NT_TICK_LAST_OF_SLICE : 0);
  tape[400] = (nt_tick){.ts_event = 9, .kind = NT_TICK_END, .flags = NT_TICK_LAST_OF_SLICE};
  nt_kernel_config config = fixture_config("", NT_CLOCK_TAPE);
  config.tick_capacity = 64;
  uint32_t kernel = kernel_with(shapes, 8, 8, config), client = client_of(kernel, "one");
  CHECK_EQUAL(nt_client_subscribe(client), NT_OK);
  uint32_t count = all_of(kernel, client, tape, 401, seen, ROOM), changes = 0;
  CHECK_EQUAL(count, 400 + 7 * 400 + 4);
  nt_close(client), nt_close(kernel);
  config.tick_capacity = 8192;
  kernel = kernel_with(shapes, 8, 8, config), client = client_of(kernel, "one");
  CHECK_EQUAL(nt_client_subscribe(client), NT_OK);
  CHECK_EQUAL(all_of(kernel, client, tape, 401, other, ROOM), count);
  for (uint32_t i = 0; i < count; i++) {
    CHECK(memcmp(&seen[i], &other[i], sizeof(nt_tick)) == 0); /* the cuts change nothing, the numbers of the ring included */
    changes += seen[i].kind == NT_TICK_SIGNAL && seen[i].model == 7;
  }
  CHECK_EQUAL(changes, 4);
  nt_close(client), nt_close(kernel);
  free(seen), free(other);
}

/* A gap on all of many instruments makes more signals than the ring has slots. */
static void laps_nobody_at_a_gap(void) {
  model_shape shapes[4];
  for (uint32_t m = 0; m < 4; m++)
    shapes[m] = (model_shape){.clock = "trade", .every = 1, .stream = 1, .reset_on = "\"gap\"", .gap_ns = 1000000000, .seed = m + 1};
  nt_kernel_config config = fixture_config("", NT_CLOCK_TAPE);
  config.tick_capacity = 64, config.instruments = 64;
  uint32_t kernel = kernel_with(shapes, 4, 4, config);
  for (uint32_t i = 1; i < 64; i++) {
    nt_instrument instrument = {.currency = "USD",
                                .price_decimals = 2,
                                .tick_size = 25,
                                .lot_size = 1,
                                .minimum_quantity = 1,
                                .maximum_price = 10000000,
                                .initial_session = NT_SESSION_OPEN};
    (void)snprintf(instrument.symbol, sizeof(instrument.symbol), "I%u", i);
    CHECK_EQUAL(nt_kernel_add_instrument(kernel, &instrument), i);
  }
  nt_tick tape[66], *seen = calloc(ROOM, sizeof(nt_tick));
  for (uint32_t i = 0; i < 64; i++) {
    tape[i] = trade(1 + i, 1000, NT_TICK_LAST_OF_SLICE);
    tape[i].instrument = i;
  }
  tape[64] = (nt_tick){.ts_event = 100, .kind = NT_TICK_GAP, .instrument = NT_NONE, .flags = NT_TICK_LAST_OF_SLICE};
  tape[65] = (nt_tick){.ts_event = 101, .kind = NT_TICK_END, .flags = NT_TICK_LAST_OF_SLICE};
  uint32_t client = client_of(kernel, "one");
  CHECK_EQUAL(nt_client_subscribe(client), NT_OK);
  uint32_t count = all_of(kernel, client, tape, 66, seen, ROOM), told = 0;
  CHECK_EQUAL(count, 64 + 64 * 4 + 1 + 64 * 4);
  for (uint32_t i = 0; i < count; i++) told += seen[i].kind == NT_TICK_SIGNAL && (seen[i].signal_flags & NT_SIGNAL_NOT_READY) != 0;
  CHECK_EQUAL(told, 64 * 4);
  nt_close(client), nt_close(kernel);
  free(seen);
}

/* In real time with a journal that is full after some of a tick's signals: the rest comes once frames were drained, without another tick.
 */
static void shows_what_waited(void) {
  model_shape shapes[8];
  for (uint32_t m = 0; m < 8; m++) shapes[m] = (model_shape){.clock = "trade", .every = 1, .reset_on = "", .seed = m + 1};
  nt_kernel_config config = fixture_config("", NT_CLOCK_MONOTONIC);
  config.record = 1, config.journal_bytes = 1 << 17;
  uint32_t kernel = kernel_with(shapes, 8, 8, config), feed = 0, client = client_of(kernel, "one"), seen = 0;
  nt_error error;
  static nt_tick ticks[1024];
  static uint8_t frames[1 << 17];
  CHECK_EQUAL(nt_kernel_feed(kernel, &feed, &error), NT_OK);
  for (uint32_t i = 0; i < 64; i++) ticks[i] = trade(1 + i, 1000 + 25 * (i % 5), NT_TICK_LAST_OF_SLICE);
  CHECK_EQUAL(nt_feed_push(feed, ticks, 64, 1000000000), 64);
  nt_poll poll;
  nt_counters counters;
  for (uint32_t pass = 0; pass < 50; pass++) CHECK(nt_kernel_run(kernel, 1000) >= 0);
  CHECK(nt_read_counters(kernel, &counters) == NT_OK && counters.ticks == 64 && counters.signals < 512 && counters.signals > 504);
  while (nt_kernel_drain(kernel, frames, sizeof(frames)) > 0) {
  }
  for (uint32_t pass = 0; pass < 50; pass++) CHECK(nt_kernel_run(kernel, 1000) >= 0);
  CHECK(nt_read_counters(kernel, &counters) == NT_OK && counters.signals == 512);
  while (nt_client_poll(client, ticks, 1024, reports, 8, 0, &poll) > 0) seen += poll.ticks;
  CHECK_EQUAL(seen, 64 + 512);
  nt_close(feed), nt_close(client), nt_close(kernel);
}

/* What a client said before it left is heard, at whatever pass it left. */
static void hears_who_leaves(void) {
  for (uint32_t passes = 0; passes < 40; passes++) {
    uint32_t kernel = kernel_with(NULL, 0, 1, fixture_config("", NT_CLOCK_TAPE)), client = client_of(kernel, "model");
    nt_tick tick = trade(5, 1000, NT_TICK_LAST_OF_SLICE), signal = signal_of(0, 0.75f), latest;
    CHECK_EQUAL(nt_kernel_replay(kernel, &tick, 1), 1);
    for (uint32_t i = 0; i < passes; i++) CHECK(nt_kernel_run(kernel, 1) == 0);
    for (uint32_t i = 0; i < 100; i++) CHECK_EQUAL(nt_client_signal(client, &signal), NT_OK);
    CHECK_EQUAL(nt_close(client), NT_OK);
    for (uint32_t i = 0; i < 40; i++) CHECK(nt_kernel_run(kernel, 1000) >= 0);
    nt_counters counters;
    CHECK(nt_read_counters(kernel, &counters) == NT_OK && counters.signals == 100 && counters.deaths == 1);
    CHECK(nt_read_signal(kernel, 0, 0, &latest) == NT_OK && latest.values[1] == 0.75f);
    nt_close(kernel);
  }
}

/* A ring of ticks that is small for so many channels still lets signals through. */
static void takes_few_at_a_time(void) {
  nt_kernel_config config = fixture_config("", NT_CLOCK_TAPE);
  config.tick_capacity = 64, config.channels = 40;
  uint32_t kernel = kernel_with(NULL, 0, 1, config), client = client_of(kernel, "model");
  nt_tick tick = trade(5, 1000, NT_TICK_LAST_OF_SLICE), signal = signal_of(0, 0.75f);
  CHECK_EQUAL(nt_kernel_replay(kernel, &tick, 1), 1);
  for (uint32_t i = 0; i < 20; i++) CHECK_EQUAL(nt_client_signal(client, &signal), NT_OK);
  for (uint32_t i = 0; i < 40; i++) CHECK(nt_kernel_run(kernel, 100) >= 0);
  nt_counters counters;
  CHECK(nt_read_counters(kernel, &counters) == NT_OK && counters.signals == 20);
  nt_close(client), nt_close(kernel);
}

/* A gap or a session in the middle of a slice: what came before it in the slice is of the past. */
static void forgets_the_slice_too(void) {
  for (int session = 0; session < 2; session++) {
    const model_shape shape = {.clock = "time_change", .every = 1, .reset_on = "\"session\", \"gap\"", .gap_ns = 1000000000, .seed = 3};
    uint32_t kernel = kernel_with(&shape, 1, 1, fixture_config("", NT_CLOCK_TAPE));
    nt_tick tape[5] = {trade(1, 1000, NT_TICK_LAST_OF_SLICE), trade(2, 1025, 0),
                       session ? (nt_tick){.ts_event = 2, .kind = NT_TICK_SESSION, .price = NT_SESSION_OPEN, .size = 1}
                               : (nt_tick){.ts_event = 2, .kind = NT_TICK_GAP, .instrument = NT_NONE},
                       trade(3, 1025, NT_TICK_LAST_OF_SLICE)};
    tape[2].flags = NT_TICK_LAST_OF_SLICE;
    nt_tick latest;
    CHECK(nt_kernel_replay(kernel, tape, 1) == 1 && nt_kernel_replay(kernel, tape, 0) == 0 &&
          nt_read_signal(kernel, 0, 0, &latest) == NT_OK);
    CHECK(nt_kernel_replay(kernel, tape + 1, 2) == 2 && nt_kernel_replay(kernel, tape, 0) == 0);
    CHECK_EQUAL(nt_read_signal(kernel, 0, 0, &latest), NT_ERR_NOT_READY);
    CHECK(nt_kernel_replay(kernel, tape + 3, 1) == 1 && nt_kernel_replay(kernel, tape, 0) == 0);
    CHECK_EQUAL(nt_read_signal(kernel, 0, 0, &latest), NT_OK);
    nt_close(kernel);
  }
}

/* A feature that was known and is not any more ends the last signal. */
static void says_when_a_feature_is_lost(void) {
  const model_shape shape = {.clock = "trade", .every = 1, .reset_on = "", .seed = 3, .features = "\"trade_position\", \"run\""};
  uint32_t kernel = kernel_with(&shape, 1, 1, fixture_config("", NT_CLOCK_TAPE));
  nt_tick latest,
      tape[6] = {{.ts_event = 1, .kind = NT_TICK_BOOK_CLEAR},
                 {.ts_event = 1, .kind = NT_TICK_LEVEL, .price = 1000, .size = 5, .aggressor = 1},
                 {.ts_event = 1, .kind = NT_TICK_LEVEL, .price = 1025, .size = 5, .aggressor = 2, .flags = NT_TICK_LAST_OF_SLICE},
                 trade(2, 1025, NT_TICK_LAST_OF_SLICE),
                 {.ts_event = 3, .kind = NT_TICK_LEVEL, .price = 1025, .size = 0, .aggressor = 2, .flags = NT_TICK_LAST_OF_SLICE},
                 trade(4, 1025, NT_TICK_LAST_OF_SLICE)};
  CHECK(nt_kernel_replay(kernel, tape, 4) == 4 && nt_kernel_replay(kernel, tape, 0) == 0);
  CHECK_EQUAL(nt_read_signal(kernel, 0, 0, &latest), NT_OK);
  CHECK(nt_kernel_replay(kernel, tape + 4, 2) == 2 && nt_kernel_replay(kernel, tape, 0) == 0);
  CHECK_EQUAL(nt_read_signal(kernel, 0, 0, &latest), NT_ERR_NOT_READY);
  nt_close(kernel);
}

/* A feed that never says where a slice ends: the next time says it, or the end. */
static void ends_slices_by_time(void) {
  const model_shape shape = {.clock = "time_change", .every = 1, .reset_on = "", .seed = 1};
  uint32_t kernel = kernel_with(&shape, 1, 1, fixture_config("", NT_CLOCK_MONOTONIC)), feed = 0;
  nt_error error;
  nt_tick ticks[101];
  CHECK_EQUAL(nt_kernel_feed(kernel, &feed, &error), NT_OK);
  for (uint32_t i = 0; i < 100; i++) ticks[i] = trade(1 + i / 2, 1000 + 25 * (i % 5), 0);
  ticks[100] = (nt_tick){.ts_event = 51, .kind = NT_TICK_END};
  nt_counters counters;
  CHECK_EQUAL(nt_feed_push(feed, ticks, 100, 1000000000), 100);
  for (uint32_t i = 0; i < 20; i++) CHECK(nt_kernel_run(kernel, 1000) >= 0);
  CHECK(nt_read_counters(kernel, &counters) == NT_OK && counters.signals == 49);
  CHECK_EQUAL(nt_feed_push(feed, ticks + 100, 1, 1000000000), 1);
  for (uint32_t i = 0; i < 20; i++) CHECK(nt_kernel_run(kernel, 1000) >= 0);
  CHECK(nt_read_counters(kernel, &counters) == NT_OK && counters.signals == 50);
  nt_close(feed), nt_close(kernel);
}

/* Another clock of samples begins to count anew, and slices are followed between two calls. */
static void samples_of_another_clock(void) {
  nt_kernel_config config = fixture_config("", NT_CLOCK_TAPE);
  uint32_t kernel = fixture_kernel(&config), taken = 0;
  nt_sample samples[64];
  nt_tick tape[16];
  for (uint32_t i = 0; i < 12; i++) tape[i] = trade(1 + i, 1000, NT_TICK_LAST_OF_SLICE);
  CHECK_EQUAL(nt_kernel_sample(kernel, tape, 9, NT_MODEL_CLOCK_TRADE, 10, samples, 64, &taken), 0);
  CHECK_EQUAL(nt_kernel_sample(kernel, tape + 9, 1, NT_MODEL_CLOCK_TRADE, 2, samples, 64, &taken), 0);
  CHECK_EQUAL(nt_kernel_replay(kernel, tape + 10, 1), 1);
  const nt_tick clock = {.ts_event = 50, .kind = NT_TICK_CLOCK, .flags = NT_TICK_LAST_OF_SLICE};
  CHECK_EQUAL(nt_kernel_sample(kernel, &clock, 1, NT_MODEL_CLOCK_TIME_CHANGE, 1, samples, 64, &taken), 0);
  nt_close(kernel);
}

/* A subscriber that leaves in the middle of a slice which waits for it, with a signal that nobody has heard yet. */
static void goes_on_without_who_left(void) {
  model_shape shapes[7];
  for (uint32_t m = 0; m < 7; m++) shapes[m] = (model_shape){.clock = "trade", .every = 1, .reset_on = "", .seed = m + 1};
  nt_tick tape[201], signal = signal_of(7, 0.75f), latest;
  for (uint32_t i = 0; i < 200; i++) tape[i] = trade(1 + i / 100, 1000 + 25 * (i % 7), i % 100 == 99 ? NT_TICK_LAST_OF_SLICE : 0);
  tape[200] = (nt_tick){.ts_event = 9, .kind = NT_TICK_END, .flags = NT_TICK_LAST_OF_SLICE};
  nt_kernel_config config = fixture_config("", NT_CLOCK_TAPE);
  config.tick_capacity = 64;
  uint32_t kernel = kernel_with(shapes, 7, 8, config), client = client_of(kernel, "one"), used = 0;
  CHECK_EQUAL(nt_client_subscribe(client), NT_OK);
  for (int i = 0; i < 100; i++) used += (uint32_t)nt_kernel_replay(kernel, tape + used, 201 - used);
  CHECK(used > 0 && used < 100);
  CHECK_EQUAL(nt_client_signal(client, &signal), NT_OK);
  CHECK_EQUAL(nt_close(client), NT_OK);
  for (int i = 0; i < 1000 && used < 201; i++) used += (uint32_t)nt_kernel_replay(kernel, tape + used, 201 - used);
  CHECK_EQUAL(used, 201);
  CHECK(nt_read_signal(kernel, 7, 0, &latest) == NT_OK && latest.values[1] == 0.75f);
  nt_counters counters;
  CHECK_EQUAL(nt_read_counters(kernel, &counters), NT_OK);
  CHECK_EQUAL(counters.signals, 200 * 7 + 1);
  CHECK_EQUAL(counters.deaths, 1);
  nt_close(kernel);
}

/* A model that was refused leaves nothing behind for the one that takes its place. */
static void forgets_who_was_refused(void) {
  model_shape shape = {.clock = "trade", .every = 1, .reset_on = "\"gap\"", .gap_ns = 1000000000, .symbols = "\"NQ\"", .seed = 1};
  nt_kernel_config config = fixture_config("", NT_CLOCK_TAPE);
  config.models = 1;
  uint32_t kernel = fixture_kernel(&config);
  model_bytes file = model_bytes_of(&shape);
  CHECK_EQUAL(nt_kernel_add_model(kernel, "m", file.at, file.size, NT_PRECISION_FLOAT32, 0), NT_ERR_INVALID);
  CHECK_EQUAL(nt_kernel_add_model(kernel, "m", NULL, 0, 0, 0), 0);
  const nt_tick tape[2] = {trade(1, 1000, NT_TICK_LAST_OF_SLICE),
                           {.ts_event = 2, .kind = NT_TICK_GAP, .instrument = NT_NONE, .flags = NT_TICK_LAST_OF_SLICE}};
  nt_tick latest;
  CHECK(nt_kernel_replay(kernel, tape, 2) == 2 && nt_read_signal(kernel, 0, 0, &latest) == NT_ERR_NO_DATA);
  nt_close(kernel);
  free(file.at);
}

static void refuses_student_t(void) {
  const model_shape shape = {.clock = "trade", .every = 1, .reset_on = "", .student = 1, .seed = 1};
  nt_kernel_config config = fixture_config("", NT_CLOCK_TAPE);
  config.models = 1;
  uint32_t kernel = fixture_kernel(&config);
  model_bytes file = model_bytes_of(&shape);
  nt_error error;
  CHECK_EQUAL(nt_kernel_add_model(kernel, "m", file.at, file.size, NT_PRECISION_FLOAT32, 0), NT_ERR_INVALID);
  CHECK(nt_last_error(kernel, &error) == NT_OK && strstr(error.text, "student_t") != NULL);
  nt_close(kernel);
  free(file.at);
}

int main(void) {
  RUN(laps_nobody);
  RUN(laps_nobody_at_a_gap);
  RUN(shows_what_waited);
  RUN(hears_who_leaves);
  RUN(takes_few_at_a_time);
  RUN(forgets_the_slice_too);
  RUN(says_when_a_feature_is_lost);
  RUN(ends_slices_by_time);
  RUN(samples_of_another_clock);
  RUN(goes_on_without_who_left);
  RUN(forgets_who_was_refused);
  RUN(refuses_student_t);
  return 0;
}
