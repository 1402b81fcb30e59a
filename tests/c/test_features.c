/* Every feature against sums over the whole history in long double, which use none of the streaming formulas; the same bits from every
 * optimisation level and compiler; what is missing when the feed does not carry it. */
#include <float.h>

#include "feature_streams.h"

/* The source once more, not optimised, under other names. */
#define nt_feature_name plain_feature_name
#define nt_features_init plain_features_init
#define nt_features_update plain_features_update
#define nt_features_read plain_features_read
#define nt_features_resume plain_features_resume
#if defined(__clang__)
#pragma clang optimize off
#else
#pragma GCC push_options
#pragma GCC optimize("O0")
#endif
#include "../../csrc/feature_set.c"
#if defined(__clang__)
#pragma clang optimize on
#else
#pragma GCC pop_options
#endif
#undef nt_feature_name
#undef nt_features_init
#undef nt_features_update
#undef nt_features_read
#undef nt_features_resume

static row rows[STREAM_MAX];

/* ---- reference ------------------------------------------------------------------------------------------------------------- */

typedef long double real;

static real history[STREAM_MAX];
static real other[STREAM_MAX];
static real moving[STREAM_MAX];
static int64_t history_times[STREAM_MAX];

/* E_h: weights 1, 2^(-1/h), 2^(-2/h) ... from the latest back. */
static real weighted_mean(const real *x, uint32_t count, real half) {
  real total = 0, weights = 0;
  for (uint32_t i = 0; i < count; i++) {
    real w = exp2l(-(real)(count - 1 - i) / half);
    total += w * x[i];
    weights += w;
  }
  return total / weights;
}

static double limited(real x) {
  return (double)fmaxl(-6, fminl(6, x));
}

static real sign_of(const row *r) {
  return r->tick.aggressor == NT_SIDE_BUY ? 1 : r->tick.aggressor == NT_SIDE_SELL ? -1 : 0;
}

static real timed_share(uint32_t trades, real seconds) {
  real flow = 0, size = 0, w = 1;
  for (uint32_t i = trades; i-- > 0;) {
    flow += w * history[i];
    size += w * other[i];
    if (i > 0 && history_times[i] > history_times[i - 1])
      w *= powl(1 + (real)(history_times[i] - history_times[i - 1]) / 1e9L / seconds / 8, -8);
  }
  return flow / size;
}

static const real flow_halves[4] = {4, 16, 64, 256};

/* Of the first n mids in history: when and which way they moved, and the range, whose high is the highest of all mids that have since sunk
 * towards the mids that followed. */
static void reference_moves(uint32_t n, double *out) {
  uint32_t moves = 0, last = 0;
  real high = history[0], low = history[0], rest = exp2l(-1.0L / 1024);
  for (uint32_t k = 1; k < n; k++) {
    high = fmaxl(history[k], history[k] + rest * (high - history[k]));
    low = fminl(history[k], history[k] + rest * (low - history[k]));
    if (history[k] == history[k - 1]) continue;
    moving[moves++] = history[k] > history[k - 1] ? 1 : -1;
    last = k;
  }
  out[NT_FEATURE_RANGE_POSITION] = (double)((history[n - 1] - (high + low) / 2) / (high - low + 1e-6L));
  if (moves == 0) return;
  real age = (real)(n - 1 - last);
  out[NT_FEATURE_MOVE_DIRECTION] = (double)(moving[moves - 1] * exp2l(-age / 64));
  out[NT_FEATURE_MOVE_AGE] = (double)log1pl(age);
  for (uint32_t k = 0; k + 1 < moves; k++) moving[k] *= moving[k + 1];
  if (moves > 1) out[NT_FEATURE_MOVE_PERSISTENCE] = (double)weighted_mean(moving, moves - 1, 16);
}

/* Depth and microprice. */
static void reference_sizes(const row *in, uint32_t count, real sigma, double *out) {
  uint32_t quotes = 0, n = 0;
  for (uint32_t i = 0; i < count; i++) {
    const row *r = &in[i];
    real depth = (real)r->bid_size + (real)r->ask_size;
    if (r->bid == NT_ABSENT || r->implied || r->bid_size < 0 || depth == 0) continue;
    real spread = fmaxl(25, (real)(r->ask - r->bid));
    other[n++] = ((real)(r->bid + r->ask) + spread * (real)(r->bid_size - r->ask_size) / depth) / 50;
    if (r->tick.kind == NT_TICK_QUOTE) history[quotes++] = depth;
  }
  if (n > 0) out[NT_FEATURE_MICROPRICE_LESS_64] = limited((other[n - 1] - weighted_mean(other, n, 64)) / (8 * sigma));
  if (quotes > 0) out[NT_FEATURE_DEPTH_RELATIVE] = limited(logl(history[quotes - 1] / weighted_mean(history, quotes, 512)));
}

/* Size of each trade over the mean to that trade, and what the mid did from before each trade to before the next. */
static void reference_impact(const row *in, uint32_t count, double *out) {
  uint32_t trades = 0, pairs = 0;
  real sizes = 0, weights = 0, decay = exp2l(-1.0L / 256), volume = 0;
  const row *before = NULL; /* of the last trade */
  for (uint32_t i = 0; i < count; i++) {
    if (in[i].tick.kind != NT_TICK_TRADE) continue;
    const row *now = i > 0 && in[i - 1].bid != NT_ABSENT ? &in[i - 1] : NULL;
    if (before != NULL && now != NULL) {
      moving[pairs] = (real)(now->bid + now->ask - before->bid - before->ask);
      other[pairs++] = volume;
    }
    before = now;
    sizes = sizes * decay + (real)in[i].tick.size;
    weights = weights * decay + 1;
    real ratio = (real)in[i].tick.size * weights / sizes;
    volume = sign_of(&in[i]) * log1pl(ratio);
    history[trades++] = sign_of(&in[i]) * fmaxl(0, logl(ratio));
  }
  out[NT_FEATURE_LARGE_FLOW] = limited(weighted_mean(history, trades, 32));
  if (pairs == 0) return;
  for (uint32_t k = 0; k < pairs; k++) history[k] = moving[k] * other[k];
  real product = weighted_mean(history, pairs, 256);
  for (uint32_t k = 0; k < pairs; k++) history[k] = moving[k] * moving[k];
  real squares = weighted_mean(history, pairs, 256);
  for (uint32_t k = 0; k < pairs; k++) history[k] = other[k] * other[k];
  squares *= weighted_mean(history, pairs, 256);
  out[NT_FEATURE_IMPACT] = squares > 0 ? (double)(product / sqrtl(squares)) : 0;
}

static void reference(const row *in, uint32_t count, double *out) {
  uint32_t n = 0, trades = 0;
  const row *now = &in[count - 1], *last_trade = NULL;
  for (uint32_t i = 0; i < COUNT; i++) out[i] = NAN;
  for (uint32_t i = 1; i < count; i++) history[n++] = fmaxl(0, (real)(in[i].tick.ts_event - in[i - 1].tick.ts_event)) + 1;
  if (n > 0) {
    out[NT_FEATURE_RATE] = limited(logl(weighted_mean(history, n, 16) / weighted_mean(history, n, 512)));
    out[NT_FEATURE_GAP_RELATIVE] = limited(logl(history[n - 1] / weighted_mean(history, n, 64)));
  }
  real mid = 0, sigma = 0.01L;
  int has_mid = now->bid != NT_ABSENT;
  if (has_mid) {
    uint32_t first = 0;
    while (in[first].bid == NT_ABSENT) first++;
    for (uint32_t i = first, k = 0; i < count; i++, k++) {
      history[k] = (real)(in[i].bid + in[i].ask) / 50;
      other[k] = fmaxl(25, (real)(in[i].ask - in[i].bid)) / 25;
    }
    n = count - first;
    mid = history[n - 1];
    const real halves[5] = {4, 16, 64, 256, 1024};
    real means[5];
    for (uint32_t i = 0; i < 5; i++) means[i] = weighted_mean(history, n, halves[i]);
    reference_moves(n, out);
    if (!now->implied) {
      out[NT_FEATURE_SPREAD] = (double)log2l(other[n - 1]);
      out[NT_FEATURE_SPREAD_RELATIVE] = limited(logl(other[n - 1] / weighted_mean(other, n, 512)));
    }
    for (uint32_t k = 0; k + 1 < n; k++) history[k] = (history[k + 1] - history[k]) * (history[k + 1] - history[k]);
    if (n > 1) {
      sigma = sqrtl(weighted_mean(history, n - 1, 512) + 1e-4L);
      out[NT_FEATURE_VOLATILITY_32_512] = limited(logl(sqrtl(weighted_mean(history, n - 1, 32) + 1e-4L) / sigma));
      out[NT_FEATURE_VOLATILITY_512_4096] = limited(logl(sigma / sqrtl(weighted_mean(history, n - 1, 4096) + 1e-4L)));
    }
    for (uint32_t i = 0; i < 5; i++) out[NT_FEATURE_RETURN_4 + i] = limited((mid - means[i]) / (sigma * sqrtl(halves[i])));
  }
  const row *before = NULL;
  uint32_t quotes = 0;
  for (uint32_t i = 0; i < count; i++) {
    const row *r = &in[i];
    if (r->tick.kind != NT_TICK_QUOTE || r->bid_size + r->ask_size == 0) continue;
    history[quotes] = (real)(r->bid_size - r->ask_size) / (real)(r->bid_size + r->ask_size);
    if (before != NULL) {
      real gained_bid = r->bid > before->bid ? r->bid_size : r->bid < before->bid ? -before->bid_size : r->bid_size - before->bid_size;
      real gained_ask = r->ask < before->ask ? r->ask_size : r->ask > before->ask ? -before->ask_size : r->ask_size - before->ask_size;
      other[quotes - 1] = gained_bid - gained_ask;
    }
    before = r;
    quotes++;
  }
  if (quotes > 0) {
    out[NT_FEATURE_IMBALANCE] = (double)history[quotes - 1];
    out[NT_FEATURE_IMBALANCE_16] = (double)weighted_mean(history, quotes, 16);
    out[NT_FEATURE_IMBALANCE_LESS_128] = (double)(history[quotes - 1] - weighted_mean(history, quotes, 128));
  }
  if (quotes > 1) {
    for (uint32_t k = 0; k + 1 < quotes; k++) history[k] = fabsl(other[k]);
    real size = weighted_mean(history, quotes - 1, 512);
    for (uint32_t i = 0; i < 4; i++)
      out[NT_FEATURE_ORDER_FLOW_4 + i] = size > 0 ? limited(weighted_mean(other, quotes - 1, flow_halves[i]) / size) : 0;
  }
  reference_sizes(in, count, sigma, out);
  real run = 0, value = 0;
  for (uint32_t i = 0; i < count; i++) {
    const row *r = &in[i];
    if (r->tick.kind != NT_TICK_TRADE) continue;
    real g = sign_of(r);
    if (g != 0) run = run * g > 0 ? run + g : g;
    history[trades] = g * (real)r->tick.size;
    other[trades] = (real)r->tick.size;
    history_times[trades++] = r->tick.ts_event;
    last_trade = r;
  }
  if (trades == 0) return;
  for (uint32_t i = 0; i < 4; i++)
    out[NT_FEATURE_TRADE_FLOW_4 + i] =
        (double)(weighted_mean(history, trades, flow_halves[i]) / weighted_mean(other, trades, flow_halves[i]));
  out[NT_FEATURE_FLOW_1S] = (double)timed_share(trades, 1);
  out[NT_FEATURE_FLOW_10S] = (double)timed_share(trades, 10);
  out[NT_FEATURE_RUN] = (double)copysignl(log1pl(fabsl(run)), run);
  out[NT_FEATURE_SIZE_RELATIVE] = limited(logl((real)last_trade->tick.size / weighted_mean(other, trades, 256)));
  real size_64 = weighted_mean(other, trades, 64);
  if (trades < count) {
    for (uint32_t i = 0; i < count; i++) other[i] = in[i].tick.kind == NT_TICK_TRADE;
    out[NT_FEATURE_TRADE_SHARE] = (double)weighted_mean(other, count, 64);
  }
  reference_impact(in, count, out);
  trades = 0;
  for (uint32_t i = 0; i < count; i++) {
    if (in[i].tick.kind != NT_TICK_TRADE) continue;
    history[trades] = (real)in[i].tick.price / 25 * (real)in[i].tick.size;
    other[trades++] = sign_of(&in[i]);
  }
  value = weighted_mean(history, trades, 64) / size_64;
  if (has_mid) out[NT_FEATURE_MID_LESS_VWAP] = limited((mid - value) / (8 * sigma));
  out[NT_FEATURE_SIGN_8] = (double)weighted_mean(other, trades, 8);
  out[NT_FEATURE_SIGN_64] = (double)weighted_mean(other, trades, 64);
  for (uint32_t k = 0; k + 1 < trades; k++) other[k] *= other[k + 1];
  if (trades > 1) out[NT_FEATURE_SIGN_PERSISTENCE] = (double)weighted_mean(other, trades - 1, 64);
  if (last_trade->bid != NT_ABSENT) {
    real spread = fmaxl(25, (real)(last_trade->ask - last_trade->bid));
    out[NT_FEATURE_TRADE_POSITION] = limited(((real)last_trade->tick.price - (real)(last_trade->bid + last_trade->ask) / 2) / (spread / 2));
  }
}

/* Checks the first ticks, then fewer and fewer: the reference takes time in proportion to the history. */
static void test_reference(enum stream kind, uint32_t count, uint64_t seed) {
  nt_features f;
  double actual[COUNT], expected[COUNT];
  make_stream(rows, count, kind, seed);
  nt_features_init(&f, 25);
  for (uint32_t i = 1, next = 1; i <= count; i++) {
    update(&f, &rows[i - 1]);
    if (i != next && i != count) continue;
    next += 1 + next / 20;
    read_all(&f, actual);
    reference(rows, i, expected);
    check_values(actual, expected, i);
  }
}

static void test_logarithm(void) {
  uint64_t seed = 3;
  CHECK(natural_log(1.0) == 0.0);
  for (uint32_t i = 0; i < 200000; i++) {
    double x = ldexp(1.0 + (double)(check_random(&seed) >> 12) * 0x1p-52, (int)below(&seed, 240) - 120);
    if (i % 4 == 0) x = 1.0 + (double)(below(&seed, 2000001) - 1000000) * 1e-9;
    real exact = logl((real)x);
    CHECK(fabsl((real)natural_log(x) - exact) <= 2 * (real)DBL_EPSILON * fabsl(exact));
  }
}

/* ---- the same bits --------------------------------------------------------------------------------------------------------- */

static uint64_t digest(uint64_t hash, const double *values) {
  for (uint32_t i = 0; i < COUNT; i++) {
    uint64_t bits = 0;
    if (!isnan(values[i])) memcpy(&bits, &values[i], 8);
    for (uint32_t byte = 0; byte < 8; byte++) hash = (hash ^ ((bits >> (8 * byte)) & 0xff)) * 0x100000001b3ULL;
  }
  return hash;
}

/* Not optimised as optimised, and as on every other processor and compiler: the digest is a constant. */
static void test_determinism(void) {
  uint64_t hash = 0xcbf29ce484222325ULL;
  for (enum stream kind = MIXED; kind < STREAMS; kind++) {
    nt_features f, plain;
    double values[COUNT], plain_values[COUNT];
    make_stream(rows, 5000, kind, 77 + (uint64_t)kind);
    nt_features_init(&f, 25);
    plain_features_init(&plain, 25);
    for (uint32_t i = 0; i < 5000; i++) {
      const row *r = &rows[i];
      update(&f, r);
      plain_features_update(&plain, &r->tick, r->bid, r->ask, r->bid_size, r->ask_size, r->implied);
      CHECK(memcmp(&f, &plain, sizeof(f)) == 0);
      read_all(&f, values);
      CHECK_EQUAL(plain_features_read(&plain, plain_values, COUNT), COUNT);
      CHECK(memcmp(values, plain_values, sizeof(values)) == 0);
      hash = digest(hash, values);
    }
  }
  CHECK_EQUAL(hash, -4744831624877707365);
}

/* ---- what is there --------------------------------------------------------------------------------------------------------- */

static int is_missing(const double *values, uint32_t first, uint32_t last) {
  uint32_t missing = 0;
  for (uint32_t i = first; i <= last; i++) missing += isnan(values[i]) ? 1 : 0;
  CHECK(missing == 0 || missing == last - first + 1);
  return missing != 0;
}

static void test_availability(void) {
  for (enum stream kind = MIXED; kind < STREAMS; kind++) {
    nt_features f;
    double values[COUNT];
    make_stream(rows, 100, kind, 31);
    run_stream(&f, rows, 100);
    read_all(&f, values);
    int no_trades = kind == QUOTES_WITHOUT_SIZE, no_mid = kind == TRADES_WITHOUT_QUOTE;
    CHECK_EQUAL(is_missing(values, NT_FEATURE_SPREAD, NT_FEATURE_SPREAD_RELATIVE), kind == TRADES || no_mid);
    CHECK_EQUAL(is_missing(values, NT_FEATURE_IMBALANCE, NT_FEATURE_ORDER_FLOW_256), kind != MIXED);
    CHECK_EQUAL(is_missing(values, NT_FEATURE_RETURN_4, NT_FEATURE_RANGE_POSITION), no_mid);
    CHECK_EQUAL(is_missing(values, NT_FEATURE_TRADE_FLOW_4, NT_FEATURE_LARGE_FLOW), no_trades);
    CHECK_EQUAL(is_missing(values, NT_FEATURE_MID_LESS_VWAP, NT_FEATURE_TRADE_POSITION), no_trades || no_mid);
    CHECK_EQUAL(is_missing(values, NT_FEATURE_SIGN_PERSISTENCE, NT_FEATURE_SIGN_PERSISTENCE), no_trades);
    CHECK_EQUAL(is_missing(values, NT_FEATURE_IMPACT, NT_FEATURE_IMPACT), no_trades || no_mid);
    CHECK_EQUAL(is_missing(values, NT_FEATURE_GAP_RELATIVE, NT_FEATURE_RATE), 0);
    CHECK_EQUAL(is_missing(values, NT_FEATURE_FLOW_1S, NT_FEATURE_FLOW_10S), no_trades);
    CHECK_EQUAL(is_missing(values, NT_FEATURE_TRADE_SHARE, NT_FEATURE_TRADE_SHARE), kind != MIXED);
  }
}

static void test_calls(void) {
  nt_features f;
  double values[COUNT + 1], some[COUNT];
  nt_features_init(&f, 25);
  CHECK_EQUAL(nt_features_read(&f, values, COUNT), NT_ERR_NO_DATA);
  make_stream(rows, 50, MIXED, 2);
  run_stream(&f, rows, 50);
  values[COUNT] = some[3] = 42.0;
  CHECK_EQUAL(nt_features_read(&f, values, COUNT + 1), COUNT);
  CHECK_EQUAL(nt_features_read(&f, some, 3), 3);
  CHECK(values[COUNT] == 42.0 && some[3] == 42.0 && memcmp(values, some, 3 * sizeof(double)) == 0);
  char name[NT_NAME_BYTES], before[NT_NAME_BYTES] = "";
  for (uint32_t i = 0; i < COUNT; i++) {
    CHECK_EQUAL(nt_feature_name(i, name, sizeof(name)), NT_OK);
    CHECK(strlen(name) > 0 && strcmp(name, before) != 0);
    CHECK_EQUAL(nt_feature_name(i, before, (uint32_t)strlen(name)), NT_ERR_INVALID);
    CHECK_EQUAL(nt_feature_name(i, before, (uint32_t)strlen(name) + 1), NT_OK);
  }
  CHECK(nt_feature_name(NT_FEATURE_TRADE_FLOW_4, name, sizeof(name)) == NT_OK && strcmp(name, "trade_flow_4") == 0);
  CHECK(nt_feature_name(NT_FEATURE_TRADE_SHARE, name, sizeof(name)) == NT_OK && strcmp(name, "trade_share") == 0);
  CHECK_EQUAL(nt_feature_name(COUNT, name, sizeof(name)), NT_ERR_INVALID);
  CHECK_EQUAL(nt_feature_name(0, NULL, sizeof(name)), NT_ERR_INVALID);
  CHECK_EQUAL(nt_feature_name(0, name, 0), NT_ERR_INVALID);
}

int main(void) {
  test_calls();
  test_availability();
  test_logarithm();
  for (enum stream kind = MIXED; kind < STREAMS; kind++) test_reference(kind, 3000, 1 + (uint64_t)kind);
  test_reference(MIXED, STREAM_MAX, 100); /* beyond the number of steps from which weights are 1 */
  test_determinism();
  return 0;
}
