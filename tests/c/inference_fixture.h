/* Kernels with models, what a subscriber sees of a tape, and signals. */
#ifndef NT_TEST_INFERENCE_FIXTURE_H
#define NT_TEST_INFERENCE_FIXTURE_H

#include <math.h>
#include <stddef.h>

#include "kernel_fixture.h"
#include "model_bytes.h"

#define ROOM 16384

static inline uint32_t kernel_with(const model_shape *shapes, uint32_t count, uint32_t models, nt_kernel_config config) {
  config.models = models;
  uint32_t kernel = fixture_kernel(&config);
  for (uint32_t i = 0; i < count; i++) {
    char name[24];
    (void)snprintf(name, sizeof(name), "model-%u", i);
    model_bytes file = model_bytes_of(&shapes[i]);
    int32_t id = nt_kernel_add_model(kernel, name, file.at, file.size, NT_PRECISION_FLOAT32, NT_ISA_AUTO);
    nt_error error = {0};
    if (id < 0) (void)nt_last_error(kernel, &error), (void)fprintf(stderr, "%s\n", error.text);
    CHECK_EQUAL(id, i);
    free(file.at);
  }
  for (uint32_t i = count; i < models; i++) { /* for clients */
    char name[24];
    (void)snprintf(name, sizeof(name), "model-%u", i);
    CHECK_EQUAL(nt_kernel_add_model(kernel, name, NULL, 0, 0, 0), i);
  }
  return kernel;
}

static inline uint32_t client_of(uint32_t kernel, const char *name) {
  uint32_t client = 0;
  nt_error error;
  CHECK_EQUAL(nt_kernel_client(kernel, name, &client, &error), NT_OK);
  return client;
}

/* Replays a tape; *out gets all ticks that a subscriber sees, in order. Returns how many. */
static inline uint32_t replayed(uint32_t kernel, const nt_tick *tape, uint32_t count, nt_tick *out) {
  static nt_report reports[64];
  uint32_t client = client_of(kernel, "all"), used = 0, seen = 0;
  nt_poll poll = {0};
  CHECK_EQUAL(nt_client_subscribe(client), NT_OK);
  while (!poll.ended) {
    int32_t taken = nt_kernel_replay(kernel, tape + used, count - used);
    CHECK(taken >= 0);
    used += (uint32_t)taken;
    CHECK(nt_client_poll(client, out + seen, ROOM - seen, reports, 64, 0, &poll) >= 0);
    seen += poll.ticks;
  }
  CHECK_EQUAL(nt_close(client), NT_OK);
  return seen;
}

static inline nt_tick signal_of(uint16_t model, float up) {
  nt_tick signal = {.instrument = 0, .kind = NT_TICK_SIGNAL};
  signal.model = model;
  signal.values[0] = 1 - up;
  signal.values[1] = up;
  signal.value_count = 2;
  signal.confidence = up > 0.5f ? up : 1 - up;
  signal.signal_flags = NT_SIGNAL_CALIBRATED | NT_SIGNAL_DEVICE;
  return signal;
}

#endif
