/* What came is not changed by what comes; which inputs a feature depends on, and which way; what hostile input cannot do. */
#include "feature_streams.h"

static row rows[STREAM_MAX];
static row altered[STREAM_MAX];

/* Reading and copying change nothing. */
static void test_prefix(void) {
  enum { PREFIX = 1500, WHOLE = 3000 };
  nt_features f, copy;
  double at_prefix[COUNT], values[COUNT];
  make_stream(rows, WHOLE, MIXED, 5);
  make_stream(altered, WHOLE, MIXED, 6);
  memcpy(altered, rows, PREFIX * sizeof(row));
  nt_features_init(&f, 25);
  for (uint32_t i = 0; i < WHOLE; i++) {
    update(&f, &rows[i]);
    read_all(&f, i + 1 == PREFIX ? at_prefix : values);
    if (i + 1 == PREFIX) copy = f;
  }
  for (uint32_t i = PREFIX; i < WHOLE; i++) update(&copy, &rows[i]);
  CHECK(memcmp(&f, &copy, sizeof(f)) == 0);
  run_stream(&copy, altered, PREFIX);
  read_all(&copy, values);
  CHECK(memcmp(values, at_prefix, sizeof(values)) == 0);
  run_stream(&copy, altered, WHOLE);
  CHECK(memcmp(&f, &copy, sizeof(f)) != 0);
}

/* ---- what depends on what -------------------------------------------------------------------------------------------------- */

enum input { PRICE_LEVEL, TIME_LEVEL, TRADE_PRICE, TRADE_SIZE, AGGRESSOR, MID, SPREAD, QUOTE_SIZE, TIME, INPUTS };

static void alter(row *r, enum input input, uint32_t tick) {
  int trade = r->tick.kind == NT_TICK_TRADE;
  switch (input) {
    case PRICE_LEVEL:
      r->bid += 1000003;
      r->ask += 1000003;
      if (trade) r->tick.price += 1000003;
      break;
    case TIME_LEVEL:
      r->tick.ts_event += 86400 * SECOND_NS;
      break;
    case TRADE_PRICE:
      r->tick.price += trade ? 75 : 0;
      break;
    case TRADE_SIZE:
      r->tick.size += trade ? 50 : 0;
      break;
    case AGGRESSOR:
      r->tick.aggressor = trade ? (r->tick.aggressor == NT_SIDE_BUY ? NT_SIDE_SELL : NT_SIDE_BUY) : r->tick.aggressor;
      break;
    case MID:
      r->bid += tick % 2 ? 10 : 20; /* moves at every tick */
      r->ask += tick % 2 ? 10 : 20;
      break;
    case SPREAD:
      r->bid -= 40;
      r->ask += 40;
      break;
    case QUOTE_SIZE:
      r->bid_size += trade ? 0 : 1000;
      break;
    case TIME:
      r->tick.ts_event += SECOND_NS;
      break;
    case INPUTS:
      break;
  }
}

#define ON(input) (1U << (input))

/* The last ticks are altered: a feature changes exactly when it depends on that input. */
static void test_dependence(void) {
  const uint32_t flow = ON(TRADE_SIZE) | ON(AGGRESSOR), quote = ON(SPREAD), sizes = ON(QUOTE_SIZE);
  const uint32_t depends[COUNT] = {
      [NT_FEATURE_SPREAD] = quote,
      [NT_FEATURE_SPREAD_RELATIVE] = quote,
      [NT_FEATURE_IMBALANCE] = sizes,
      [NT_FEATURE_IMBALANCE_16] = sizes,
      [NT_FEATURE_IMBALANCE_LESS_128] = sizes,
      [NT_FEATURE_DEPTH_RELATIVE] = sizes,
      [NT_FEATURE_MICROPRICE_LESS_64] = sizes | ON(MID) | quote,
      [NT_FEATURE_ORDER_FLOW_4] = sizes | ON(MID) | quote,
      [NT_FEATURE_ORDER_FLOW_16] = sizes | ON(MID) | quote,
      [NT_FEATURE_ORDER_FLOW_64] = sizes | ON(MID) | quote,
      [NT_FEATURE_ORDER_FLOW_256] = sizes | ON(MID) | quote,
      [NT_FEATURE_RETURN_4] = ON(MID),
      [NT_FEATURE_RETURN_16] = ON(MID),
      [NT_FEATURE_RETURN_64] = ON(MID),
      [NT_FEATURE_RETURN_256] = ON(MID),
      [NT_FEATURE_RETURN_1024] = ON(MID),
      [NT_FEATURE_VOLATILITY_32_512] = ON(MID),
      [NT_FEATURE_VOLATILITY_512_4096] = ON(MID),
      [NT_FEATURE_MOVE_DIRECTION] = ON(MID),
      [NT_FEATURE_MOVE_AGE] = ON(MID),
      [NT_FEATURE_MOVE_PERSISTENCE] = ON(MID),
      [NT_FEATURE_RANGE_POSITION] = ON(MID),
      [NT_FEATURE_TRADE_FLOW_4] = flow,
      [NT_FEATURE_TRADE_FLOW_16] = flow,
      [NT_FEATURE_TRADE_FLOW_64] = flow,
      [NT_FEATURE_TRADE_FLOW_256] = flow,
      [NT_FEATURE_SIGN_8] = ON(AGGRESSOR),
      [NT_FEATURE_SIGN_64] = ON(AGGRESSOR),
      [NT_FEATURE_RUN] = ON(AGGRESSOR),
      [NT_FEATURE_SIZE_RELATIVE] = ON(TRADE_SIZE),
      [NT_FEATURE_LARGE_FLOW] = flow,
      [NT_FEATURE_MID_LESS_VWAP] = ON(TRADE_PRICE) | ON(TRADE_SIZE) | ON(MID),
      [NT_FEATURE_TRADE_POSITION] = ON(TRADE_PRICE) | ON(MID) | quote,
      [NT_FEATURE_SIGN_PERSISTENCE] = ON(AGGRESSOR),
      [NT_FEATURE_IMPACT] = flow | ON(MID),
      [NT_FEATURE_GAP_RELATIVE] = ON(TIME),
      [NT_FEATURE_RATE] = ON(TIME),
      [NT_FEATURE_FLOW_1S] = flow | ON(TIME),
      [NT_FEATURE_FLOW_10S] = flow | ON(TIME),
      [NT_FEATURE_TRADE_SHARE] = 0, /* on the kind alone, which changes all of the above: see the directions */
  };
  enum { TICKS = 600, ALTERED = 40 };
  make_stream(rows, TICKS, MIXED, 12);
  uint32_t count = TICKS;
  /* After the last move of the mid, and not at the same time as the tick before. */
  while (rows[count - 1].tick.kind != NT_TICK_TRADE || rows[count - 1].tick.ts_event <= rows[count - 2].tick.ts_event) count--;
  nt_features f;
  double values[COUNT], changed[COUNT];
  run_stream(&f, rows, count);
  read_all(&f, values);
  for (enum input input = PRICE_LEVEL; input < INPUTS; input++) {
    memcpy(altered, rows, TICKS * sizeof(row));
    for (uint32_t i = input <= TIME_LEVEL ? 0 : count - ALTERED; i < count; i++) alter(&altered[i], input, i);
    run_stream(&f, altered, count);
    read_all(&f, changed);
    for (uint32_t i = 0; i < COUNT; i++) {
      int differs = memcmp(&values[i], &changed[i], 8) != 0, expected = (depends[i] & ON(input)) != 0;
      if (differs != expected) (void)fprintf(stderr, "feature %u, input %d: %.17g %.17g\n", i, (int)input, values[i], changed[i]);
      CHECK_EQUAL(differs, expected);
    }
  }
}

static int near(double actual, double expected) {
  return fabs(actual - expected) <= 1e-12;
}

/* Directions that a trader would expect. */
static void test_directions(void) {
  nt_features f;
  double values[COUNT];
  row quote = {.tick = {.kind = NT_TICK_QUOTE}, .bid = 1000, .ask = 1050, .bid_size = 10, .ask_size = 10};
  row trade = {.tick = {.kind = NT_TICK_TRADE, .price = 1050, .size = 4, .aggressor = NT_SIDE_BUY}, .bid = 1000, .ask = 1050};
  nt_features_init(&f, 25);
  update(&f, &quote);
  for (int i = 0; i < 3; i++) update(&f, &trade);
  quote.bid_size = 30;
  update(&f, &quote);
  read_all(&f, values);
  CHECK(values[NT_FEATURE_TRADE_FLOW_4] == 1.0 && values[NT_FEATURE_FLOW_10S] == 1.0 && near(values[NT_FEATURE_SIGN_8], 1.0));
  CHECK(values[NT_FEATURE_TRADE_POSITION] == 1.0 && near(values[NT_FEATURE_SPREAD], 1.0) && values[NT_FEATURE_IMBALANCE] == 0.5);
  CHECK(near(values[NT_FEATURE_RUN], log(4.0)) && near(values[NT_FEATURE_SIGN_PERSISTENCE], 1.0));
  CHECK(values[NT_FEATURE_MID_LESS_VWAP] == -6.0 && values[NT_FEATURE_RETURN_16] == 0.0 && values[NT_FEATURE_RATE] == 0.0);
  CHECK(near(values[NT_FEATURE_ORDER_FLOW_16], 1.0) && values[NT_FEATURE_IMBALANCE_LESS_128] > 0.0);
  CHECK(values[NT_FEATURE_DEPTH_RELATIVE] > 0.0 && values[NT_FEATURE_MICROPRICE_LESS_64] > 0.0);
  CHECK(isnan(values[NT_FEATURE_MOVE_DIRECTION]) && isnan(values[NT_FEATURE_MOVE_AGE]) && isnan(values[NT_FEATURE_MOVE_PERSISTENCE]));
  CHECK(values[NT_FEATURE_RANGE_POSITION] == 0.0 && values[NT_FEATURE_LARGE_FLOW] == 0.0 && values[NT_FEATURE_IMPACT] == 0.0);
  double share = values[NT_FEATURE_TRADE_SHARE];
  CHECK(share > 0.5 && share < 0.75 && values[NT_FEATURE_GAP_RELATIVE] == 0.0);
  trade.tick.aggressor = NT_SIDE_SELL;
  trade.tick.price = trade.bid = quote.bid = 950;
  update(&f, &trade);
  update(&f, &quote);
  read_all(&f, values);
  CHECK(near(values[NT_FEATURE_SPREAD], 2.0));
  CHECK(values[NT_FEATURE_SPREAD_RELATIVE] > 0.0 && values[NT_FEATURE_VOLATILITY_32_512] > 0.0 &&
        values[NT_FEATURE_VOLATILITY_512_4096] > 0.0);
  CHECK(values[NT_FEATURE_TRADE_FLOW_4] < 1.0 && values[NT_FEATURE_RETURN_16] < 0.0 && values[NT_FEATURE_RETURN_256] < 0.0);
  CHECK(values[NT_FEATURE_RUN] < 0.0 && values[NT_FEATURE_TRADE_POSITION] == -1.0 && values[NT_FEATURE_ORDER_FLOW_16] < 0.5);
  CHECK(values[NT_FEATURE_TRADE_SHARE] < share && values[NT_FEATURE_RETURN_4] < 0.0 && values[NT_FEATURE_RETURN_1024] < 0.0);
  CHECK(near(values[NT_FEATURE_MOVE_DIRECTION], -exp2(-1.0 / 64)) && near(values[NT_FEATURE_MOVE_AGE], log(2.0)));
  CHECK(fabs(values[NT_FEATURE_RANGE_POSITION] + 0.5) < 1e-6 && isnan(values[NT_FEATURE_MOVE_PERSISTENCE]));
  quote.bid = 1000; /* back, after a large trade that sold */
  trade.tick.size = 100;
  update(&f, &trade);
  quote.tick.ts_event = SECOND_NS;
  update(&f, &quote);
  trade.bid = 1000;
  update(&f, &trade);
  read_all(&f, values);
  CHECK(near(values[NT_FEATURE_MOVE_PERSISTENCE], -1.0) && values[NT_FEATURE_LARGE_FLOW] < -0.3);
  CHECK(values[NT_FEATURE_IMPACT] < 0.0); /* sold, and the mid rose */
  CHECK(near(values[NT_FEATURE_SPREAD], 1.0) && values[NT_FEATURE_SPREAD_RELATIVE] < 0.0);
}

/* ---- hostile --------------------------------------------------------------------------------------------------------------- */

/* Every value that exists is finite and within its range whatever the prices, sizes and times are. */
static void check_sane(const nt_features *f) {
  double values[COUNT];
  read_all(f, values);
  for (uint32_t i = 0; i < COUNT; i++) {
    if (isnan(values[i])) continue;
    double bound = i == NT_FEATURE_SPREAD || i == NT_FEATURE_RUN || i == NT_FEATURE_MOVE_AGE ? 64.0 : 6.0;
    CHECK(fabs(values[i]) <= bound);
  }
}

static void test_hostile(void) {
  static const int64_t times[] = {0, INT64_MAX, INT64_MIN, -1, 1, INT64_MIN + 1, INT64_MAX - 1};
  nt_features f;
  uint64_t seed = 9;
  nt_features_init(&f, 1);
  for (uint32_t i = 0; i < 20000; i++) {
    row r = {.tick = {.kind = below(&seed, 2) ? NT_TICK_QUOTE : NT_TICK_TRADE}};
    r.tick.ts_event = times[below(&seed, 7)];
    r.bid = below(&seed, 2) ? NT_RAW_MAX : -NT_RAW_MAX; /* crossed as often as not */
    r.ask = below(&seed, 2) ? NT_RAW_MAX : -NT_RAW_MAX;
    r.bid_size = below(&seed, 2) ? NT_RAW_MAX : 0;
    r.ask_size = below(&seed, 2) ? NT_RAW_MAX : 0;
    if (r.tick.kind == NT_TICK_TRADE) {
      r.tick.price = below(&seed, 2) ? NT_RAW_MAX : -NT_RAW_MAX;
      r.tick.size = below(&seed, 2) ? NT_RAW_MAX : 1;
      r.tick.aggressor = below(&seed, 3);
    }
    update(&f, &r);
    check_sane(&f);
  }
}

/* One absurd tick is forgotten, but for the order of the last bits. */
static void test_healing(void) {
  enum { BEFORE = 1000, ROUNDS = 16 };
  nt_features f, clean;
  double values[COUNT], expected[COUNT];
  make_stream(rows, STREAM_MAX, MIXED, 21);
  run_stream(&f, rows, BEFORE);
  clean = f;
  row absurd = {.tick = {.kind = NT_TICK_TRADE, .ts_event = INT64_MAX, .price = NT_RAW_MAX, .size = NT_RAW_MAX, .aggressor = NT_SIDE_BUY},
                .bid = NT_RAW_MAX - 1,
                .ask = NT_RAW_MAX};
  update(&f, &absurd);
  check_sane(&f);
  for (uint32_t round = 0; round < ROUNDS; round++) {
    for (uint32_t i = 0; i < STREAM_MAX; i++) {
      update(&f, &rows[i]);
      update(&clean, &rows[i]);
    }
  }
  read_all(&f, values);
  read_all(&clean, expected);
  check_values(values, expected, STREAM_MAX * ROUNDS);
}

/* A market that stands still, and trades of unknown sides: no sum lingers among the subnormal numbers. */
static void test_quiet(void) {
  nt_features f;
  make_stream(rows, 2000, MIXED, 8);
  run_stream(&f, rows, 2000);
  row quote = {.tick = {.kind = NT_TICK_QUOTE}, .bid = 163990, .ask = 164010, .bid_size = 7, .ask_size = 7};
  row trade = {.tick = {.kind = NT_TICK_TRADE, .size = 1}, .bid = 163990, .ask = 164010};
  quote.tick.ts_event = trade.tick.ts_event = f.ts;
  quote.bid = trade.bid = trade.tick.price = f.first_price; /* where differences to the first price and mid are zero, too */
  quote.ask = trade.ask = f.first_mid - f.first_price;
  for (uint32_t i = 0; i < 400000; i++) {
    update(&f, i % 2 ? &quote : &trade);
    for (uint32_t k = 0; k < NT_SUM_COUNT; k++) CHECK(fpclassify(f.sums[k]) != FP_SUBNORMAL);
  }
  double values[COUNT];
  read_all(&f, values);
  check_sane(&f);
  CHECK(values[NT_FEATURE_RETURN_16] == 0.0 && values[NT_FEATURE_ORDER_FLOW_16] == 0.0 && values[NT_FEATURE_TRADE_FLOW_4] == 0.0);
  CHECK(values[NT_FEATURE_IMPACT] == 0.0 && near(values[NT_FEATURE_RANGE_POSITION], 0.0) && near(values[NT_FEATURE_MOVE_DIRECTION], 0.0));
  CHECK(values[NT_FEATURE_VOLATILITY_32_512] == 0.0 && values[NT_FEATURE_RATE] == 0.0 && values[NT_FEATURE_IMBALANCE_16] == 0.0);
}

int main(void) {
  test_prefix();
  test_dependence();
  test_directions();
  test_hostile();
  test_healing();
  test_quiet();
  return 0;
}
