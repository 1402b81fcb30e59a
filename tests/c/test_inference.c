/* Models in the loop: on which events they step, that what they say is what the model gives for the features of that moment, resets,
 * signals of clients, and that nothing is lost where frames find no room. */
#include "client.h"
#include "handle.h"
#include "inference_fixture.h"

#define TICKS 1500

static const model_shape plain = {.clock = "trade", .every = 1, .reset_on = "", .seed = 7};

/* What an own model of the same file gives for the features that a second kernel shows after each slice. */
static void says_what_the_model_gives(void) {
  const model_shape shape = {.clock = "time_change", .every = 1, .stream = 1, .reset_on = "", .seed = 3};
  nt_tick *tape = fixture_tape(TICKS, 11), *seen = calloc(ROOM, sizeof(nt_tick));
  uint32_t kernel = kernel_with(&shape, 1, 1, fixture_config("", NT_CLOCK_TAPE)), model = 0, signals = 0;
  uint32_t count = replayed(kernel, tape, TICKS + 1, seen);
  model_bytes file = model_bytes_of(&shape);
  nt_error error;
  CHECK_EQUAL(nt_model_load(file.at, file.size, NT_PRECISION_FLOAT32, NT_ISA_GENERIC, 1, &model, &error), NT_OK);
  nt_model_info info;
  CHECK_EQUAL(nt_model_read_info(model, &info), NT_OK);
  nt_kernel_config config = fixture_config("", NT_CLOCK_TAPE);
  uint32_t other = fixture_kernel(&config);
  for (uint32_t i = 0, from = 0; i < count; i++) {
    if (seen[i].kind != NT_TICK_SIGNAL) continue;
    uint32_t last = from;
    while ((tape[last].flags & NT_TICK_LAST_OF_SLICE) == 0) last++;
    CHECK(nt_kernel_replay(other, tape + from, last + 1 - from) == (int32_t)(last + 1 - from) && nt_kernel_replay(other, tape, 0) == 0);
    from = last + 1;
    double values[NT_FEATURE_COUNT];
    float features[2], most = 0;
    double outputs[3];
    CHECK(nt_read_features(other, 0, values, NT_FEATURE_COUNT) == NT_FEATURE_COUNT);
    for (uint32_t f = 0; f < 2; f++) features[f] = (float)values[info.features[f]];
    CHECK_EQUAL(nt_model_step(model, 0, features, outputs), NT_OK);
    for (uint32_t v = 0; v < 3; v++) {
      CHECK(outputs[v] == (double)seen[i].values[v]);
      most = seen[i].values[v] > most ? seen[i].values[v] : most;
    }
    CHECK(seen[i].confidence == most && seen[i].values[3] == 0 && seen[i].value_count == 3 && seen[i].model == 0);
    CHECK(seen[i].ts_event == tape[last].ts_event && seen[i].instrument == 0 && seen[i].signal_flags == 0);
    CHECK(i > 0 && seen[i - 1].kind == NT_TICK_TRADE && seen[i - 1].ts_event == seen[i].ts_event);
    signals++;
  }
  CHECK(signals > TICKS / 8 && count == TICKS + signals);
  nt_counters counters;
  nt_tick latest;
  CHECK(nt_read_counters(kernel, &counters) == NT_OK && counters.signals == signals && counters.hostile_records == 0);
  CHECK(nt_read_signal(kernel, 0, 0, &latest) == NT_OK && memcmp(latest.values, seen[count - 1].values, sizeof(latest.values)) == 0);
  CHECK(nt_read_signal(kernel, 1, 0, &latest) == NT_ERR_NOT_FOUND && nt_read_signal(kernel, 0, 1, &latest) == NT_ERR_NOT_FOUND);
  char name[NT_NAME_BYTES];
  CHECK(nt_read_model_name(kernel, 0, name, sizeof(name)) == NT_OK && strcmp(name, "model-0") == 0);
  CHECK(nt_read_model_name(kernel, 1, name, sizeof(name)) == NT_ERR_NOT_FOUND && nt_read_model_name(kernel, 0, name, 8) == NT_ERR_INVALID);
  CHECK(nt_read_signal(kernel, 0, 0, NULL) == NT_ERR_INVALID && nt_read_signal(other, 0, 0, &latest) == NT_ERR_NOT_FOUND);
  nt_close(kernel), nt_close(other), nt_close(model);
  free(file.at), free(tape), free(seen);
}

static uint32_t count_signals(const nt_tick *seen, uint32_t count, uint32_t model) {
  uint32_t signals = 0;
  for (uint32_t i = 0; i < count; i++) signals += seen[i].kind == NT_TICK_SIGNAL && seen[i].model == model;
  return signals;
}

static void steps_on_its_clock(void) {
  const model_shape shapes[] = {{.clock = "tick", .every = 1, .reset_on = "", .seed = 1},
                                {.clock = "trade", .every = 3, .reset_on = "", .seed = 2},
                                {.clock = "quote", .every = 2, .reset_on = "", .seed = 3},
                                {.clock = "time_change", .every = 1, .reset_on = "", .seed = 4},
                                {.clock = "trade", .every = 1, .reset_on = "", .symbols = "'ES'", .seed = 5}};
  nt_tick *tape = fixture_tape(TICKS, 5), *seen = calloc(ROOM, sizeof(nt_tick));
  uint32_t quotes = 0, trades = 0, slices = 0;
  tape[TICKS - 1].flags |= NT_TICK_LAST_OF_SLICE;
  for (uint32_t i = 1; i < TICKS; i++) { /* the first trade makes the features known */
    if (i % 4 != 1 || i < 8) continue;
    tape[i].kind = NT_TICK_QUOTE;
    tape[i].bid_price = tape[i - 1].price - 25, tape[i].ask_price = tape[i - 1].price;
    tape[i].bid_size = 5, tape[i].ask_size = 3 + i % 5;
  }
  /* A slice in which a session opens and nothing else happens is no change of time. */
  tape[700] = (nt_tick){.ts_event = tape[700].ts_event, .kind = NT_TICK_SESSION, .price = NT_SESSION_OPEN, .size = 1};
  tape[699].flags = tape[700].flags = NT_TICK_LAST_OF_SLICE;
  for (uint32_t i = 0; i < TICKS; i++) {
    quotes += tape[i].kind == NT_TICK_QUOTE;
    trades += tape[i].kind == NT_TICK_TRADE;
    slices += (tape[i].flags & NT_TICK_LAST_OF_SLICE) != 0 && i != 700;
  }
  uint32_t kernel = kernel_with(shapes, 5, 5, fixture_config("", NT_CLOCK_TAPE)), count = replayed(kernel, tape, TICKS + 1, seen);
  CHECK_EQUAL(count_signals(seen, count, 0), quotes + trades);
  CHECK_EQUAL(count_signals(seen, count, 1), trades / 3);
  CHECK_EQUAL(count_signals(seen, count, 2), quotes / 2);
  CHECK_EQUAL(count_signals(seen, count, 3), slices);
  CHECK_EQUAL(count_signals(seen, count, 4), trades);
  uint32_t differ = 0;
  for (uint32_t i = 1; i < count; i++) differ += seen[i].kind == NT_TICK_SIGNAL && seen[i].values[0] != seen[i - 1].values[0];
  CHECK(differ > TICKS / 2);
  nt_close(kernel);
  free(tape), free(seen);
}

/* After a reset the model is as if it had just been loaded, and nobody is told what it thinks before it has warmed up. */
static void forgets_and_warms_up(void) {
  const model_shape shape = {
      .clock = "trade", .every = 1, .stream = 1, .warm_up = 4, .reset_on = "\"session\", \"gap\"", .gap_ns = 900000000, .seed = 9};
  nt_tick tape[64] = {{0}}, *seen = calloc(ROOM, sizeof(nt_tick)), latest;
  uint32_t n = 0;
  for (uint32_t part = 0; part < 4; part++) {
    if (part == 1)
      tape[n++] = (nt_tick){.ts_event = (int64_t)part * 1000000000, .kind = NT_TICK_SESSION, .price = NT_SESSION_OPEN, .size = 9};
    if (part == 2) tape[n++] = (nt_tick){.ts_event = (int64_t)part * 1000000000 - 500000000, .kind = NT_TICK_GAP, .instrument = NT_NONE};
    /* part 3: only time passes, more than gap_ns */
    for (uint32_t i = 0; i < 6; i++)
      tape[n++] =
          (nt_tick){.ts_event = (int64_t)part * 1000000000 + i, .price = 1000 + 25 * (int64_t)(i % 2), .size = 1, .kind = NT_TICK_TRADE};
  }
  for (uint32_t i = 0; i < n; i++) tape[i].flags = NT_TICK_LAST_OF_SLICE;
  uint32_t kernel = kernel_with(&shape, 1, 1, fixture_config("", NT_CLOCK_TAPE)), client = client_of(kernel, "one"), signals = 0, told = 0;
  static nt_report reports[8];
  nt_poll poll;
  model_bytes file = model_bytes_of(&shape); /* of its own, reset by hand where the kernel's has to be */
  uint32_t model = 0;
  nt_model_info info;
  CHECK(nt_model_load(file.at, file.size, NT_PRECISION_FLOAT32, NT_ISA_AUTO, 1, &model, NULL) == NT_OK);
  CHECK_EQUAL(nt_model_read_info(model, &info), NT_OK);
  CHECK_EQUAL(nt_client_subscribe(client), NT_OK);
  CHECK_EQUAL(nt_read_signal(client, 0, 0, &latest), NT_ERR_NO_DATA);
  for (uint32_t i = 0, in_part = 0; i < n; i++) {
    CHECK_EQUAL(nt_kernel_replay(kernel, &tape[i], 1), 1);
    CHECK(nt_client_poll(client, seen, ROOM, reports, 8, 0, &poll) >= 0);
    in_part = tape[i].kind == NT_TICK_TRADE && i > 0 && tape[i - 1].ts_event / 1000000000 == tape[i].ts_event / 1000000000 &&
                      tape[i - 1].kind == NT_TICK_TRADE
                  ? in_part + 1
                  : tape[i].kind == NT_TICK_TRADE;
    double own[3] = {0};
    if (tape[i].kind == NT_TICK_TRADE) {
      double values[NT_FEATURE_COUNT];
      CHECK(nt_read_features(client, 0, values, NT_FEATURE_COUNT) > 0);
      const float features[2] = {(float)values[info.features[0]], (float)values[info.features[1]]};
      if (in_part == 1) CHECK_EQUAL(nt_model_reset(model, 0), NT_OK);
      CHECK_EQUAL(nt_model_step(model, 0, features, own), NT_OK);
    }
    int ready = in_part > 4;
    CHECK_EQUAL(nt_read_signal(client, 0, 0, &latest), ready ? NT_OK : i < 4 ? NT_ERR_NO_DATA : NT_ERR_NOT_READY);
    for (uint32_t t = 0; t < poll.ticks; t++) {
      if (seen[t].kind != NT_TICK_SIGNAL) continue;
      int not_ready = (seen[t].signal_flags & NT_SIGNAL_NOT_READY) != 0;
      CHECK(not_ready ? isnan(seen[t].values[0]) && isnan(seen[t].values[2]) && isnan(seen[t].confidence) : isfinite(seen[t].values[0]));
      CHECK(not_ready != ready);
      for (uint32_t v = 0; v < 3 && !not_ready; v++) CHECK(own[v] == (double)seen[t].values[v]);
      told += not_ready ? 1 : 0;
      signals += not_ready ? 0 : 1;
    }
  }
  CHECK_EQUAL(signals, 4 * 2);
  CHECK_EQUAL(told, 3);
  nt_close(client), nt_close(kernel), nt_close(model);
  free(seen), free(file.at);
}

static void takes_signals_of_clients(void) {
  nt_tick *tape = fixture_tape(40, 2), seen[256], latest;
  static nt_report reports[8];
  static uint8_t frames[1 << 16];
  nt_kernel_config config = fixture_config("", NT_CLOCK_TAPE);
  config.record = 1;
  uint32_t kernel = kernel_with(&plain, 1, 3, config), model = client_of(kernel, "model"), trader = client_of(kernel, "trader"), used = 0;
  nt_poll poll;
  CHECK(nt_client_subscribe(model) == NT_OK && nt_client_subscribe(trader) == NT_OK);
  used += (uint32_t)nt_kernel_replay(kernel, tape, 41);
  CHECK(nt_client_poll(model, seen, 256, reports, 8, 0, &poll) > 0 && nt_client_poll(trader, seen, 256, reports, 8, 0, &poll) > 0);
  nt_tick signal = signal_of(2, 0.75f);
  CHECK_EQUAL(nt_client_signal(model, &signal), NT_OK);
  /* A slice of its own, at the time of the last one. */
  (void)nt_kernel_replay(kernel, tape + used, 0);
  CHECK_EQUAL(nt_kernel_replay(kernel, tape + used, 41 - used), 0);
  CHECK(nt_client_poll(trader, seen, 256, reports, 8, 0, &poll) == 1 && poll.ticks == 1);
  CHECK(seen[0].kind == NT_TICK_SIGNAL && seen[0].model == 2 && seen[0].values[1] == 0.75f && seen[0].confidence == 0.75f);
  CHECK(seen[0].signal_flags == (NT_SIGNAL_CALIBRATED | NT_SIGNAL_DEVICE) && seen[0].ts_event == tape[used - 1].ts_event);
  CHECK(nt_read_signal(trader, 2, 0, &latest) == NT_OK && latest.values[1] == 0.75f);
  CHECK(nt_read_signal(trader, 1, 0, &latest) == NT_ERR_NO_DATA);
  CHECK(nt_client_poll(model, seen, 256, reports, 8, 0, &poll) == 1);
  CHECK(nt_kernel_replay(kernel, tape + used, 41 - used) > 0);
  int32_t bytes = nt_kernel_drain(kernel, frames, sizeof(frames));
  uint32_t of_clients = 0, of_kernel = 0;
  for (int32_t at = 0; at < bytes;) {
    nt_frame frame;
    nt_tick input;
    memcpy(&frame, frames + at, sizeof(frame));
    memcpy(&input, frames + at + sizeof(frame), sizeof(input));
    if (frame.input == NT_INPUT_SIGNAL) {
      CHECK(frame.input_bytes == sizeof(nt_tick) && input.kind == NT_TICK_SIGNAL);
      CHECK(frame.channel == 65535 ? input.model == 0 : input.model == 2 && input.values[1] == 0.75f);
      of_kernel += frame.channel == 65535;
      of_clients += frame.channel != 65535;
    }
    at += (int32_t)frame.bytes;
  }
  CHECK(of_clients == 1 && of_kernel > 2);
  nt_close(model), nt_close(trader), nt_close(kernel);
  free(tape);
}

static void refuses_what_is_no_signal(void) {
  uint32_t kernel = kernel_with(&plain, 1, 2, fixture_config("", NT_CLOCK_TAPE)), client = client_of(kernel, "model");
  CHECK_EQUAL(nt_client_signal(client, NULL), NT_ERR_INVALID);
  for (int fault = 0; fault < 10; fault++) {
    nt_tick signal = signal_of(1, 0.5f);
    if (fault == 0) signal.model = 2;
    if (fault == 1) signal.instrument = 1;
    if (fault == 2) signal.values[1] = NAN;
    if (fault == 3) signal.values[0] = INFINITY;
    if (fault == 4) signal.confidence = 1.5f;
    if (fault == 5) signal.confidence = NAN;
    if (fault == 6) signal.value_count = 0, signal.values[0] = signal.values[1] = 0;
    if (fault == 7) signal.value_count = 7;
    if (fault == 8) signal.values[5] = 1;
    if (fault == 9) signal.signal_flags = 32;
    CHECK_EQUAL(nt_client_signal(client, &signal), NT_ERR_INVALID);
    nt_error error;
    CHECK(nt_last_error(client, &error) == NT_OK && strstr(error.text, "signal") != NULL);
  }
  const nt_tick first = {.ts_event = 1, .price = 1000, .size = 1, .kind = NT_TICK_TRADE, .flags = NT_TICK_LAST_OF_SLICE};
  nt_tick signal = signal_of(1, 0.5f), latest;
  nt_counters counters;
  CHECK_EQUAL(nt_client_signal(client, &signal), NT_OK);
  CHECK(nt_kernel_run(kernel, 100) == 0 && nt_read_signal(kernel, 1, 0, &latest) == NT_ERR_NO_DATA); /* there is no time yet */
  CHECK_EQUAL(nt_kernel_replay(kernel, &first, 1), 1);
  CHECK(nt_kernel_run(kernel, 100) >= 0 && nt_read_signal(kernel, 1, 0, &latest) == NT_OK && latest.ts_event == 1);
  CHECK(nt_read_counters(kernel, &counters) == NT_OK && counters.hostile_records == 0 && counters.signals == 2); /* and the kernel's own */
  signal = signal_of(0, 0.5f);
  nt_error error;
  CHECK_EQUAL(nt_client_signal(client, &signal), NT_ERR_INVALID);
  CHECK(nt_last_error(client, &error) == NT_OK && strstr(error.text, "steps this model itself") != NULL);
  /* By the ring, past the library. */
  int32_t result;
  nt_client *inside = nt_handle_peek(client, NT_HANDLE_CLIENT, &result);
  for (int fault = 0; fault < 3; fault++) {
    signal = signal_of(fault == 0 ? 0 : 1, 0.5f);
    if (fault == 1) signal.kind = NT_TICK_TRADE;
    if (fault == 2) signal.confidence = -1;
    CHECK(nt_ring_push64(&inside->signals, &signal));
    CHECK_EQUAL(nt_kernel_run(kernel, 100), 1);
    CHECK(nt_read_counters(kernel, &counters) == NT_OK && counters.hostile_records == 1 + (uint64_t)fault && counters.signals == 2);
  }
  /* Whatever it says besides, one that is not ready says nothing; and the time is the kernel's. */
  signal = signal_of(1, 0.5f);
  signal.signal_flags = NT_SIGNAL_NOT_READY;
  signal.values[0] = INFINITY, signal.confidence = -12, signal.ts_event = INT64_MAX;
  CHECK(nt_ring_push64(&inside->signals, &signal));
  nt_handle_unpeek(client);
  CHECK_EQUAL(nt_kernel_run(kernel, 100), 1);
  CHECK(nt_read_signal(kernel, 1, 0, &latest) == NT_ERR_NOT_READY && isnan(latest.values[0]) && isnan(latest.values[1]));
  CHECK(isnan(latest.confidence) && latest.values[2] == 0 && latest.ts_event == 1);
  signal = signal_of(1, 0.5f);
  uint32_t sent = 0;
  for (result = NT_OK; result == NT_OK; sent++) result = nt_client_signal(client, &signal);
  CHECK_EQUAL(result, NT_ERR_FULL);
  CHECK_EQUAL(sent, 256 + 1);
  for (int pass = 0; pass < 8; pass++) (void)nt_kernel_run(kernel, 100);
  CHECK(nt_read_counters(kernel, &counters) == NT_OK && counters.signals == 3 + 256);
  /* A source cannot bring signals. */
  nt_tick forged = signal_of(1, 0.5f);
  forged.ts_event = 5;
  forged.flags = NT_TICK_LAST_OF_SLICE;
  CHECK_EQUAL(nt_kernel_replay(kernel, &forged, 1), 1);
  CHECK(nt_read_counters(kernel, &counters) == NT_OK && counters.signals == 3 + 256 && counters.hostile_records == 4);
  const nt_tick end = {.ts_event = 9, .kind = NT_TICK_END, .flags = NT_TICK_LAST_OF_SLICE};
  CHECK_EQUAL(nt_kernel_replay(kernel, &end, 1), 1);
  CHECK(nt_kernel_run(kernel, 1) == 0 && nt_client_signal(client, &signal) == NT_OK);
  for (int i = 0; i < 1000; i++) CHECK_EQUAL(nt_client_signal(client, &signal), NT_OK);
  CHECK(nt_kernel_run(kernel, 1) == 0 && nt_read_counters(kernel, &counters) == NT_OK && counters.signals == 3 + 256);
  nt_close(client), nt_close(kernel);
}

/* Frames are drained late and in bits: the ticks seen are the same. */
static void waits_for_room(void) {
  const model_shape shapes[] = {{.clock = "tick", .every = 1, .reset_on = "", .stream = 1, .seed = 1},
                                {.clock = "time_change", .every = 1, .reset_on = "", .seed = 4}};
  nt_tick *tape = fixture_tape(TICKS, 5), *seen = calloc(ROOM, sizeof(nt_tick)), *again = calloc(ROOM, sizeof(nt_tick));
  nt_kernel_config config = fixture_config("", NT_CLOCK_TAPE);
  uint32_t kernel = kernel_with(shapes, 2, 2, config), count = replayed(kernel, tape, TICKS + 1, seen);
  nt_close(kernel);
  config.record = 1;
  config.journal_bytes = 1 << 17;
  kernel = kernel_with(shapes, 2, 2, config);
  static uint8_t frames[1 << 17];
  static nt_report reports[8];
  uint32_t client = client_of(kernel, "all"), used = 0, got = 0, waits = 0, signals = 0;
  nt_poll poll = {0};
  CHECK_EQUAL(nt_client_subscribe(client), NT_OK);
  while (!poll.ended) {
    int32_t taken = nt_kernel_replay(kernel, tape + used, TICKS + 1 - used);
    CHECK(taken >= 0);
    used += (uint32_t)taken;
    CHECK(nt_client_poll(client, again + got, ROOM - got, reports, 8, 0, &poll) >= 0);
    got += poll.ticks;
    if (taken > 0 || poll.ticks > 0) continue;
    waits++;
    int32_t bytes = nt_kernel_drain(kernel, frames, sizeof(frames));
    for (int32_t at = 0; at < bytes;) {
      nt_frame frame;
      memcpy(&frame, frames + at, sizeof(frame));
      signals += frame.input == NT_INPUT_SIGNAL;
      at += (int32_t)frame.bytes;
    }
  }
  CHECK(waits > 1 && got == count);
  for (uint32_t i = 0; i < count; i++) CHECK(memcmp(&seen[i], &again[i], sizeof(nt_tick)) == 0);
  for (int32_t bytes; (bytes = nt_kernel_drain(kernel, frames, sizeof(frames))) > 0;)
    for (int32_t at = 0; at < bytes;) {
      nt_frame frame;
      memcpy(&frame, frames + at, sizeof(frame));
      signals += frame.input == NT_INPUT_SIGNAL;
      at += (int32_t)frame.bytes;
    }
  CHECK_EQUAL(signals, count - TICKS);
  nt_close(client), nt_close(kernel);
  free(tape), free(seen), free(again);
}

/* In real time, on the kernel's thread: signals come after the tick that caused them. */
static void signals_in_real_time(void) {
  const model_shape shapes[] = {{.clock = "trade", .every = 1, .reset_on = "", .seed = 1},
                                {.clock = "time_change", .every = 1, .reset_on = "", .stream = 1, .seed = 4}};
  nt_kernel_config config = fixture_config("", NT_CLOCK_MONOTONIC);
  uint32_t kernel = kernel_with(shapes, 2, 2, config), client = client_of(kernel, "live"), feed = 0, got = 0;
  nt_error error;
  nt_tick *tape = fixture_tape(100, 3), seen[512];
  static nt_report reports[8];
  nt_poll poll;
  CHECK_EQUAL(nt_kernel_feed(kernel, &feed, &error), NT_OK);
  CHECK_EQUAL(nt_kernel_start(kernel), NT_OK);
  CHECK_EQUAL(nt_feed_push(feed, tape, 100, 1000000000), 100);
  uint32_t slices = 0;
  for (uint32_t i = 0; i < 100; i++) slices += (tape[i].flags & NT_TICK_LAST_OF_SLICE) != 0;
  for (int tries = 0; got < 200 + slices && tries < 1000; tries++) {
    CHECK(nt_client_poll(client, seen + got, 512 - got, reports, 8, 10000000, &poll) >= 0 || got > 0);
    got += poll.ticks;
  }
  CHECK_EQUAL(got, 200 + slices);
  uint32_t own = 0;
  for (uint32_t i = 0; i < got; i++) {
    if (seen[i].kind != NT_TICK_SIGNAL) continue;
    CHECK(seen[i - 1].ts_event == seen[i].ts_event && seen[i].ts_recv >= seen[i - 1].ts_recv);
    own += seen[i].model == 1;
  }
  CHECK_EQUAL(own, slices);
  CHECK_EQUAL(nt_kernel_stop(kernel), NT_OK);
  nt_close(feed), nt_close(client), nt_close(kernel);
  free(tape);
}

static void samples_what_a_model_would_read(void) {
  nt_tick *tape = fixture_tape(TICKS, 5);
  nt_kernel_config config = fixture_config("", NT_CLOCK_TAPE);
  nt_sample *samples = calloc(TICKS + 8, sizeof(nt_sample));
  uint32_t taken = 0, slices = 0, slice = 0;
  uint32_t kernel = fixture_kernel(&config);
  CHECK_EQUAL(nt_kernel_sample(kernel, tape, TICKS, NT_MODEL_CLOCK_TRADE, 1, samples, TICKS, &taken), NT_ERR_INVALID);
  CHECK_EQUAL(nt_kernel_sample(kernel, tape, TICKS, 5, 1, samples, TICKS + 8, &taken), NT_ERR_INVALID);
  CHECK_EQUAL(nt_kernel_sample(kernel, tape, TICKS, NT_MODEL_CLOCK_TRADE, 0, samples, TICKS + 8, &taken), NT_ERR_INVALID);
  CHECK_EQUAL(nt_kernel_sample(kernel, tape, TICKS, NT_MODEL_CLOCK_TRADE, 1, NULL, TICKS + 8, &taken), NT_ERR_INVALID);
  CHECK_EQUAL(nt_kernel_sample(kernel, tape, TICKS + 1, NT_MODEL_CLOCK_TRADE, 2, samples, TICKS + 8, &taken), TICKS / 2);
  CHECK(taken == TICKS + 1);
  for (uint32_t i = 0; i < TICKS / 2; i++)
    CHECK(samples[i].ts_event == tape[2 * i + 1].ts_event && samples[i].last_price == tape[2 * i + 1].price &&
          samples[i].ticks == 2 * i + 2);
  nt_close(kernel);
  kernel = fixture_kernel(&config);
  uint32_t other = fixture_kernel(&config);
  for (uint32_t i = 0; i < TICKS; i++) slices += (tape[i].flags & NT_TICK_LAST_OF_SLICE) != 0;
  CHECK_EQUAL(nt_kernel_sample(kernel, tape, TICKS + 1, NT_MODEL_CLOCK_TIME_CHANGE, 1, samples, TICKS + 8, &taken), slices);
  for (uint32_t i = 0; i < TICKS; i++) {
    CHECK(nt_kernel_replay(other, tape + i, 1) == 1 && nt_kernel_replay(other, tape, 0) == 0);
    if ((tape[i].flags & NT_TICK_LAST_OF_SLICE) == 0) continue;
    double values[NT_FEATURE_COUNT];
    nt_quote quote;
    CHECK(nt_read_features(other, 0, values, NT_FEATURE_COUNT) > 0 && nt_read_quote(other, 0, &quote) == NT_OK);
    CHECK(memcmp(values, samples[slice].features, sizeof(values)) == 0);
    CHECK(samples[slice].bid_price == quote.bid_price && samples[slice].ask_price == quote.ask_price && samples[slice].resets == 0);
    slice++;
  }
  nt_close(kernel), nt_close(other);
  free(tape), free(samples);
}

static void models_are_refused(void) {
  model_shape shape = plain;
  nt_kernel_config config = fixture_config("", NT_CLOCK_TAPE);
  nt_error error;
  config.models = NT_MODEL_MAX + 1;
  uint32_t kernel = 0;
  CHECK(nt_kernel_create(&config, &kernel, &error) == NT_ERR_INVALID && strstr(error.text, "models") != NULL);
  config.models = 1;
  kernel = fixture_kernel(&config);
  model_bytes file = model_bytes_of(&shape);
  CHECK_EQUAL(nt_kernel_add_model(kernel, "m", file.at, file.size - 1, NT_PRECISION_FLOAT32, 0), NT_ERR_INVALID);
  CHECK(nt_last_error(kernel, &error) == NT_OK && error.code == NT_ERR_INVALID && error.text[0] != 0);
  CHECK_EQUAL(nt_kernel_add_model(kernel, "m", file.at, file.size, 9, 0), NT_ERR_INVALID);
  CHECK_EQUAL(nt_kernel_add_model(kernel + 1, "m", file.at, file.size - 1, NT_PRECISION_FLOAT32, 0), NT_ERR_BAD_HANDLE);
  shape.symbols = "\"NQ\"";
  model_bytes listed = model_bytes_of(&shape);
  CHECK_EQUAL(nt_kernel_add_model(kernel, "m", listed.at, listed.size, NT_PRECISION_FLOAT32, 0), NT_ERR_INVALID);
  CHECK(nt_last_error(kernel, &error) == NT_OK && strstr(error.text, "NQ") != NULL);
  CHECK_EQUAL(nt_kernel_add_model(kernel, "m", file.at, file.size, NT_PRECISION_INT8, 0), NT_ERR_INVALID);
  CHECK(nt_last_error(kernel, &error) == NT_OK && strstr(error.text, "measured") != NULL);
  static const char *const measured[] = {",'int8':{'max_dp':0.021,'p99_dp':0.001,'log_loss_change':0.0,'rows':9}",
                                         ",'int8':{'max_dp':0.02,'p99_dp':0.0051,'log_loss_change':0.0,'rows':9}",
                                         ",'int8':{'max_dp':0.02,'p99_dp':0.005,'log_loss_change':0.0011,'rows':9}",
                                         ",'int8':{'max_dp':0.02,'p99_dp':0.005,'log_loss_change':0.001,'rows':9}"};
  shape = plain;
  for (int i = 0; i < 4; i++) {
    shape.int8 = measured[i];
    model_bytes gated = model_bytes_of(&shape);
    CHECK_EQUAL(nt_kernel_add_model(kernel, "m", gated.at, gated.size, NT_PRECISION_INT8, 0), i < 3 ? NT_ERR_INVALID : 0);
    CHECK(nt_last_error(kernel, &error) == NT_OK && (i == 3 || strstr(error.text, "use float32") != NULL));
    free(gated.at);
  }
  CHECK_EQUAL(nt_kernel_add_model(kernel, "m", file.at, file.size, NT_PRECISION_FLOAT32, 0), NT_ERR_NAME_IN_USE);
  CHECK_EQUAL(nt_kernel_add_model(kernel, "n", file.at, file.size, NT_PRECISION_FLOAT32, 0), NT_ERR_FULL);
  CHECK_EQUAL(nt_kernel_add_model(kernel, "n o", file.at, file.size, NT_PRECISION_FLOAT32, 0), NT_ERR_NAME);
  CHECK_EQUAL(nt_kernel_add_model(kernel, NULL, file.at, file.size, NT_PRECISION_FLOAT32, 0), NT_ERR_INVALID);
  CHECK_EQUAL(nt_kernel_add_model(kernel, "n", NULL, 1, 0, 0), NT_ERR_INVALID);
  nt_tick *tape = fixture_tape(20, 1), latest;
  CHECK_EQUAL(nt_kernel_replay(kernel, tape, 21), 21);
  CHECK(nt_read_signal(kernel, 0, 0, &latest) == NT_OK && latest.signal_flags == NT_SIGNAL_INT8);
  CHECK_EQUAL(nt_kernel_add_model(kernel, "m", file.at, file.size, NT_PRECISION_FLOAT32, 0), NT_ERR_STATE);
  nt_close(kernel);
  free(file.at), free(listed.at), free(tape);
}

/* Mean and deviation: the confidence is how likely the sign is right. */
static void gives_normal_outputs(void) {
  const model_shape shape = {.clock = "trade", .every = 1, .reset_on = "", .normal = 1, .seed = 12};
  nt_tick *tape = fixture_tape(200, 5), *seen = calloc(ROOM, sizeof(nt_tick));
  uint32_t kernel = kernel_with(&shape, 1, 1, fixture_config("", NT_CLOCK_TAPE)), count = replayed(kernel, tape, 201, seen), signals = 0;
  for (uint32_t i = 0; i < count; i++) {
    if (seen[i].kind != NT_TICK_SIGNAL) continue;
    double right = 0.5 * erfc(-fabs((double)seen[i].values[0]) / (double)seen[i].values[1] / sqrt(2));
    CHECK(seen[i].values[1] > 0 && seen[i].value_count == 2 && fabs((double)seen[i].confidence - right) < 1e-6);
    signals++;
  }
  CHECK(signals > 100);
  nt_close(kernel);
  free(tape), free(seen);
}

/* Models by handle. */
static void loads_and_steps(void) {
  const model_shape shape = {.clock = "trade", .every = 1, .stream = 1, .warm_up = 4, .reset_on = "", .seed = 9};
  model_bytes file = model_bytes_of(&shape);
  uint32_t model = 5;
  nt_error error;
  CHECK(nt_model_load(NULL, 9, 1, 0, 1, &model, &error) == NT_ERR_INVALID &&
        nt_model_load(file.at, file.size, 1, 0, 1, NULL, &error) == NT_ERR_INVALID);
  CHECK(nt_model_load(file.at, 20, 1, 0, 1, &model, &error) == NT_ERR_INVALID && model == 0 && error.text[0] != 0);
  CHECK(nt_model_load(file.at, file.size, 1, 0, 0, &model, NULL) == NT_ERR_INVALID &&
        nt_model_load(file.at, file.size, 1, 4, 1, &model, &error) == NT_ERR_INVALID);
  CHECK_EQUAL(nt_model_load(file.at, file.size, NT_PRECISION_FLOAT32, 0, 2, &model, &error), NT_OK);
  nt_model_info info;
  CHECK(nt_model_read_info(model, &info) == NT_OK && nt_model_read_info(model, NULL) == NT_ERR_INVALID);
  CHECK(strcmp(info.name, "small") == 0 && info.inputs == 2 && info.outputs == 3 && info.stateful == 1 && info.warm_up == 4);
  CHECK(info.steps == 8 && info.rows == 2 && info.clock == NT_MODEL_CLOCK_TRADE && info.clock_every == 1 && !info.calibrated);
  CHECK(info.weights == 2 + 2 + 24 + 36 + 12 + 12 + 9 + 3 && info.output_kind == NT_MODEL_OUTPUT_CLASSES && info.row_bytes > 0);
  float x[8] = {0.5f, -1, 2, 0.25f, -0.75f, 1, 0.1f, 0.2f}, bad[2] = {1, NAN};
  double stepped[3], windows[6];
  for (uint32_t i = 0; i < 2; i++) {
    CHECK_EQUAL(nt_model_step(model, 1, x + 2 * i, stepped), NT_OK);
    CHECK_EQUAL(nt_model_advance(model, 1), NT_OK);
  }
  CHECK_EQUAL(nt_model_predict(model, x, 2, 2, windows), NT_OK);
  CHECK(memcmp(windows, stepped, sizeof(stepped)) == 0 && memcmp(windows, windows + 3, sizeof(stepped)) != 0);
  CHECK_EQUAL(nt_model_step(model, 0, bad, stepped), NT_ERR_INVALID);
  CHECK(nt_last_error(model, &error) == NT_OK && strstr(error.text, "feature 1") != NULL);
  x[5] = INFINITY;
  CHECK_EQUAL(nt_model_predict(model, x, 2, 2, windows), NT_ERR_INVALID);
  CHECK(nt_last_error(model, &error) == NT_OK && error.observed == 2 && strstr(error.text, "row 2: feature 1") != NULL);
  CHECK(nt_model_predict(model, x, 1, 0, windows) == NT_ERR_INVALID && nt_model_predict(model, NULL, 1, 1, windows) == NT_ERR_INVALID);
  CHECK(nt_model_step(model, 2, x, stepped) == NT_ERR_INVALID && nt_model_advance(model, 2) == NT_ERR_INVALID &&
        nt_model_reset(model, 2) == NT_ERR_INVALID);
  CHECK_EQUAL(nt_model_reset(model, 1), NT_OK);
  double first[3];
  CHECK(nt_model_step(model, 1, x, stepped) == NT_OK && nt_model_predict(model, x, 1, 1, first) == NT_OK);
  CHECK(memcmp(first, stepped, sizeof(first)) == 0);
  CHECK(nt_close(model) == NT_OK && nt_model_step(model, 0, x, stepped) == NT_ERR_BAD_HANDLE &&
        nt_model_predict(model, x, 1, 1, windows) == NT_ERR_BAD_HANDLE);
  CHECK(nt_model_read_info(model, &info) == NT_ERR_BAD_HANDLE && nt_model_reset(model, 0) == NT_ERR_BAD_HANDLE);
  free(file.at);
}

int main(void) {
  RUN(loads_and_steps);
  RUN(says_what_the_model_gives);
  RUN(steps_on_its_clock);
  RUN(forgets_and_warms_up);
  RUN(takes_signals_of_clients);
  RUN(refuses_what_is_no_signal);
  RUN(waits_for_room);
  RUN(signals_in_real_time);
  RUN(samples_what_a_model_would_read);
  RUN(models_are_refused);
  RUN(gives_normal_outputs);
  return 0;
}
