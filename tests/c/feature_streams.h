/* Seeded streams of ticks with their quotes for the tests of the features. */
#ifndef NT_FEATURE_STREAMS_H
#define NT_FEATURE_STREAMS_H

#include <math.h>

#include "../../csrc/feature_set.h"
#include "check.h"

#define COUNT NT_FEATURE_COUNT
#define STREAM_MAX 40000
#define SECOND_NS 1000000000LL

typedef struct row {
  nt_tick tick;
  int64_t bid;
  int64_t ask;
  int64_t bid_size;
  int64_t ask_size;
  int implied;
} row;

enum stream { MIXED, TRADES, TRADES_WITHOUT_QUOTE, QUOTES_WITHOUT_SIZE, STREAMS };

static inline int64_t below(uint64_t *seed, int64_t bound) {
  return (int64_t)(check_random(seed) >> 1) % bound;
}

/* tick_size 25; mixed prices lie off the tick, too. The caller's rules for quotes and aggressors are not under test here. */
static inline void make_stream(row *out, uint32_t count, enum stream kind, uint64_t seed) {
  int64_t mid = 164000, ts = 1378058400LL * SECOND_NS;
  row last = {.bid = NT_ABSENT, .ask = NT_ABSENT, .bid_size = NT_ABSENT, .ask_size = NT_ABSENT};
  for (uint32_t i = 0; i < count; i++) {
    row *r = &out[i];
    *r = last;
    memset(&r->tick, 0, sizeof(r->tick));
    ts += below(&seed, 3) ? 0 : below(&seed, 4) ? below(&seed, SECOND_NS / 10) : below(&seed, 20 * SECOND_NS);
    if (below(&seed, 50) == 0) ts -= SECOND_NS / 1000;
    r->tick.ts_event = r->tick.ts_recv = ts;
    int quote = kind == QUOTES_WITHOUT_SIZE || (kind == MIXED && below(&seed, 3) != 0);
    r->tick.kind = quote ? NT_TICK_QUOTE : NT_TICK_TRADE;
    if (below(&seed, 4) == 0) mid += 25 * (below(&seed, 5) - 2);
    if (quote) {
      r->bid = r->tick.bid_price = mid - below(&seed, 60);
      r->ask = r->tick.ask_price = mid + 1 + below(&seed, 60);
      r->bid_size = r->tick.bid_size = kind == QUOTES_WITHOUT_SIZE ? 0 : below(&seed, 500);
      r->ask_size = r->tick.ask_size = kind == QUOTES_WITHOUT_SIZE ? 0 : below(&seed, 500) + 1;
    } else {
      r->tick.price = mid + 25 * (below(&seed, 3) - 1);
      r->tick.size = 1 + below(&seed, below(&seed, 10) ? 10 : 5000);
      r->tick.aggressor = below(&seed, 9) == 0 ? 0 : 1 + below(&seed, 2);
      if (kind == TRADES) {
        r->implied = 1;
        r->ask = mid;
        r->bid = mid - 25;
      }
    }
    last = *r;
  }
}

static inline void update(nt_features *f, const row *r) {
  nt_features_update(f, &r->tick, r->bid, r->ask, r->bid_size, r->ask_size, r->implied);
}

static inline void run_stream(nt_features *f, const row *in, uint32_t count) {
  nt_features_init(f, 25);
  for (uint32_t i = 0; i < count; i++) update(f, &in[i]);
}

static inline void read_all(const nt_features *f, double *values) {
  CHECK_EQUAL(nt_features_read(f, values, COUNT), COUNT);
}

static inline void check_values(const double *actual, const double *expected, uint32_t tick) {
  for (uint32_t i = 0; i < COUNT; i++) {
    double tolerance = 1e-9 * fmax(1.0, fabs(expected[i]));
    if (isnan(actual[i]) ? isnan(expected[i]) : fabs(actual[i] - expected[i]) <= tolerance) continue;
    char name[NT_NAME_BYTES];
    (void)nt_feature_name(i, name, sizeof(name));
    (void)fprintf(stderr, "tick %u: %s is %.17g, expected %.17g\n", tick, name, actual[i], expected[i]);
    CHECK(0);
  }
}

#endif
