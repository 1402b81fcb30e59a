/* Streaming features: a fixed number of exact operations a tick, everything dear when read. */
#include "feature_set.h"

#include <math.h>
#include <string.h>

/* 1 - 2^(-1/h), and the number of steps from which the weight 1 - 2^(-n/h) is 1 to the last bit. */
typedef struct half_life {
  double alpha;
  int64_t full;
} half_life;

#define ALPHA_4 0.15910358474628547
#define ALPHA_8 0.082995956795328771
#define ALPHA_16 0.042396719301426355
#define ALPHA_32 0.021427937912299865
#define ALPHA_64 0.010771986806024515
#define ALPHA_256 0.0027039439145298736
#define ALPHA_512 0.0013528871090298265

static const half_life half_8 = {ALPHA_8, 8 * 54};
static const half_life half_16 = {ALPHA_16, 16 * 54};
static const half_life half_32 = {ALPHA_32, 32 * 54};
static const half_life half_64 = {ALPHA_64, 64 * 54};
static const half_life half_256 = {ALPHA_256, 256 * 54};
static const half_life half_512 = {ALPHA_512, 512 * 54};

#define VARIANCE_FLOOR 1e-4 /* square ticks */
#define CLIP 6.0
#define SMALLEST 1e-200
#define TICKS_A_FLUSH 1024    /* power of two; a half-life of 4 loses 2^-256 in it */
#define EIGHTH_OF_1S 1.25e-10 /* u / 8 of 1 ns */
#define EIGHTH_OF_10S 1.25e-11

static const char names[NT_FEATURE_COUNT][NT_NAME_BYTES] = {
    "trade_flow_4", "trade_flow_16", "trade_flow_64",     "trade_flow_256", "sign_8",           "sign_64",
    "run",          "size_relative", "mid_less_vwap",     "trade_position", "sign_persistence", "return_16",
    "return_64",    "return_256",    "volatility_32_512", "spread",         "spread_relative",  "imbalance",
    "imbalance_16", "order_flow_16", "order_flow_64",     "flow_1s",        "flow_10s",         "rate"};

int32_t nt_feature_name(uint32_t feature, char *name, uint32_t bytes) {
  if (feature >= NT_FEATURE_COUNT || name == NULL || bytes <= strlen(names[feature])) return NT_ERR_INVALID;
  memcpy(name, names[feature], strlen(names[feature]) + 1);
  return NT_OK;
}

void nt_features_init(nt_features *features, int64_t tick_size) {
  memset(features, 0, sizeof(*features));
  features->tick_size = tick_size;
}

/* ---- update ---------------------------------------------------------------------------------------------------------------- */

static inline void blend(double *sum, double alpha, double x) {
  *sum += alpha * (x - *sum);
}

/* A sum that sees only zeros would become subnormal, which is slow on some processors, and stay there for ever. */
static void flush(double sums[NT_SUM_COUNT]) {
  for (uint32_t i = 0; i < NT_SUM_COUNT; i++) {
    if (sums[i] < SMALLEST && sums[i] > -SMALLEST) sums[i] = 0.0;
  }
}

/* Time from one stamp to the next; a step back is none. Differences of any two stamps fit. */
static inline int64_t elapsed(int64_t from, int64_t to) {
  if (to <= from) return 0;
  uint64_t difference = (uint64_t)to - (uint64_t)from;
  return difference > (uint64_t)INT64_MAX ? INT64_MAX : (int64_t)difference;
}

/* 1 / (1 + u / 8)^8: an exponential's shape from exact operations. */
static inline double kernel(double eighth_of_u) {
  double base = 1.0 + eighth_of_u;
  double square = base * base;
  double fourth = square * square;
  return 1.0 / (fourth * fourth);
}

static inline void take_mid(nt_features *f, int64_t bid, int64_t ask, int implied) {
  int64_t mid = bid + ask;
  if (f->mids == 0) f->first_mid = f->mid = mid;
  double move = (double)(mid - f->mid);
  double level = (double)(mid - f->first_mid);
  double square = move * move;
  f->mid = mid;
  f->mids++;
  blend(&f->sums[NT_SUM_MID_16], ALPHA_16, level);
  blend(&f->sums[NT_SUM_MID_64], ALPHA_64, level);
  blend(&f->sums[NT_SUM_MID_256], ALPHA_256, level);
  blend(&f->sums[NT_SUM_MOVE_SQUARE_32], ALPHA_32, square);
  blend(&f->sums[NT_SUM_MOVE_SQUARE_512], ALPHA_512, square);
  int64_t spread = ask - bid;
  f->spread = spread < f->tick_size ? f->tick_size : spread;
  if (!implied) {
    f->spreads++;
    blend(&f->sums[NT_SUM_SPREAD_512], ALPHA_512, (double)f->spread);
  }
}

static inline void take_quote(nt_features *f, int64_t bid, int64_t ask, int64_t bid_size, int64_t ask_size) {
  if (f->quotes > 0) {
    int64_t flow = 0;
    if (bid >= f->bid) flow += bid_size;
    if (bid <= f->bid) flow -= f->bid_size;
    if (ask <= f->ask) flow -= ask_size;
    if (ask >= f->ask) flow += f->ask_size;
    double x = (double)flow;
    blend(&f->sums[NT_SUM_ORDER_FLOW_16], ALPHA_16, x);
    blend(&f->sums[NT_SUM_ORDER_FLOW_64], ALPHA_64, x);
    blend(&f->sums[NT_SUM_ORDER_SIZE_512], ALPHA_512, x < 0.0 ? -x : x);
  }
  f->bid = bid;
  f->ask = ask;
  f->bid_size = bid_size;
  f->ask_size = ask_size;
  f->quotes++;
  blend(&f->sums[NT_SUM_IMBALANCE_16], ALPHA_16, (double)(bid_size - ask_size) / (double)(bid_size + ask_size));
}

static inline void take_trade(nt_features *f, const nt_tick *tick, int has_mid) {
  int64_t sign = tick->aggressor == NT_SIDE_BUY ? 1 : tick->aggressor == NT_SIDE_SELL ? -1 : 0;
  if (f->trades == 0) {
    f->first_price = tick->price;
    f->trade_ts = tick->ts_event;
  }
  double g = (double)sign;
  double size = (double)tick->size;
  double flow = g * size;
  int64_t gap = elapsed(f->trade_ts, tick->ts_event);
  if (gap > 0) {
    double decay = kernel((double)gap * EIGHTH_OF_1S);
    double slow_decay = kernel((double)gap * EIGHTH_OF_10S);
    f->sums[NT_SUM_FLOW_1S] *= decay;
    f->sums[NT_SUM_SIZE_1S] *= decay;
    f->sums[NT_SUM_FLOW_10S] *= slow_decay;
    f->sums[NT_SUM_SIZE_10S] *= slow_decay;
  }
  f->sums[NT_SUM_FLOW_1S] += flow;
  f->sums[NT_SUM_SIZE_1S] += size;
  f->sums[NT_SUM_FLOW_10S] += flow;
  f->sums[NT_SUM_SIZE_10S] += size;
  blend(&f->sums[NT_SUM_FLOW_4], ALPHA_4, flow);
  blend(&f->sums[NT_SUM_FLOW_16], ALPHA_16, flow);
  blend(&f->sums[NT_SUM_FLOW_64], ALPHA_64, flow);
  blend(&f->sums[NT_SUM_FLOW_256], ALPHA_256, flow);
  blend(&f->sums[NT_SUM_SIZE_4], ALPHA_4, size);
  blend(&f->sums[NT_SUM_SIZE_16], ALPHA_16, size);
  blend(&f->sums[NT_SUM_SIZE_64], ALPHA_64, size);
  blend(&f->sums[NT_SUM_SIZE_256], ALPHA_256, size);
  blend(&f->sums[NT_SUM_SIGN_8], ALPHA_8, g);
  blend(&f->sums[NT_SUM_SIGN_64], ALPHA_64, g);
  blend(&f->sums[NT_SUM_PERSISTENCE_64], ALPHA_64, g * (double)f->sign); /* zero before the second trade, as the sum is */
  blend(&f->sums[NT_SUM_PRICE_SIZE_64], ALPHA_64, (double)(tick->price - f->first_price) * size);
  int64_t length = f->run * sign;
  if (sign != 0) f->run = length > 0 ? f->run + sign : sign;
  f->sign = sign;
  f->size = tick->size;
  f->trade_ts = tick->ts_event;
  f->trades++;
  f->place = has_mid ? 2 * tick->price - f->mid : NT_ABSENT;
  f->place_spread = f->spread;
}

void nt_features_update(nt_features *features, const nt_tick *tick, int64_t bid, int64_t ask, int64_t bid_size, int64_t ask_size,
                        int implied) {
  nt_features *f = features;
  int has_mid = bid != NT_ABSENT && ask != NT_ABSENT;
  if (f->ticks > 0) {
    double gap = (double)elapsed(f->ts, tick->ts_event);
    blend(&f->sums[NT_SUM_GAP_16], ALPHA_16, gap);
    blend(&f->sums[NT_SUM_GAP_512], ALPHA_512, gap);
  }
  f->ts = tick->ts_event;
  f->ticks++;
  if ((f->ticks & (TICKS_A_FLUSH - 1)) == 0) flush(f->sums);
  if (has_mid) take_mid(f, bid, ask, implied);
  if (tick->kind == NT_TICK_TRADE) {
    take_trade(f, tick, has_mid);
  } else if (has_mid && !implied && bid_size >= 0 && ask_size >= 0 && (bid_size | ask_size) != 0) {
    take_quote(f, bid, ask, bid_size, ask_size);
  }
}

/* ---- read ------------------------------------------------------------------------------------------------------------------ */

/* Natural logarithm of a positive normal number, within 2 units in the last place, the same bits everywhere. */
static double natural_log(double x) {
  uint64_t bits;
  memcpy(&bits, &x, 8);
  int64_t exponent = (int64_t)(bits >> 52) - 1023;
  bits = (bits & 0xfffffffffffffULL) | 0x3ff0000000000000ULL;
  memcpy(&x, &bits, 8);
  if (x > 1.4142135623730951) {
    x *= 0.5;
    exponent++;
  }
  /* log x = 2 artanh(t), t = (x - 1) / (x + 1), |t| <= 0.172 */
  double t = (x - 1.0) / (x + 1.0);
  double z = t * t;
  double series = 1.0 / 21;
  series = series * z + 1.0 / 19;
  series = series * z + 1.0 / 17;
  series = series * z + 1.0 / 15;
  series = series * z + 1.0 / 13;
  series = series * z + 1.0 / 11;
  series = series * z + 1.0 / 9;
  series = series * z + 1.0 / 7;
  series = series * z + 1.0 / 5;
  series = series * z + 1.0 / 3;
  double k = (double)exponent; /* log 2 in two parts: the first times k is exact */
  return k * 0x1.62e42feep-1 + (2.0 * t + (2.0 * t * (z * series) + k * 0x1.a39ef35793c76p-33));
}

/* Total weight of a sum after steps observations: 1 - (1 - alpha)^steps. */
static double weight(half_life half, int64_t steps) {
  if (steps >= half.full) return 1.0;
  double power = 1.0, base = 1.0 - half.alpha;
  for (uint64_t n = (uint64_t)steps; n != 0; n >>= 1) {
    if ((n & 1) != 0) power *= base;
    base *= base;
  }
  return 1.0 - power;
}

static double mean(double sum, half_life half, int64_t steps) {
  return steps > 0 ? sum / weight(half, steps) : 0.0;
}

static double clipped(double x) {
  return x < -CLIP ? -CLIP : x > CLIP ? CLIP : x;
}

static void read_trades(const nt_features *f, double ticks_a_half, double sigma, double *out) {
  for (uint32_t i = 0; i < 4; i++) out[NT_FEATURE_TRADE_FLOW_4 + i] = f->sums[NT_SUM_FLOW_4 + i] / f->sums[NT_SUM_SIZE_4 + i];
  out[NT_FEATURE_SIGN_8] = mean(f->sums[NT_SUM_SIGN_8], half_8, f->trades);
  out[NT_FEATURE_SIGN_64] = mean(f->sums[NT_SUM_SIGN_64], half_64, f->trades);
  double length = natural_log(1.0 + (double)(f->run < 0 ? -f->run : f->run));
  out[NT_FEATURE_RUN] = f->run < 0 ? -length : length;
  out[NT_FEATURE_SIZE_RELATIVE] = clipped(natural_log((double)f->size / mean(f->sums[NT_SUM_SIZE_256], half_256, f->trades)));
  if (f->mids > 0) {
    double average = 2.0 * (f->sums[NT_SUM_PRICE_SIZE_64] / f->sums[NT_SUM_SIZE_64]);
    out[NT_FEATURE_VWAP_LESS_MID] = clipped(((double)(f->mid - 2 * f->first_price) - average) * ticks_a_half / (8.0 * sigma));
  }
  if (f->place != NT_ABSENT) out[NT_FEATURE_TRADE_POSITION] = clipped((double)f->place / (double)f->place_spread);
  if (f->trades > 1) out[NT_FEATURE_SIGN_PERSISTENCE] = mean(f->sums[NT_SUM_PERSISTENCE_64], half_64, f->trades - 1);
  out[NT_FEATURE_FLOW_1S] = f->sums[NT_SUM_FLOW_1S] / f->sums[NT_SUM_SIZE_1S];
  out[NT_FEATURE_FLOW_10S] = f->sums[NT_SUM_FLOW_10S] / f->sums[NT_SUM_SIZE_10S];
}

static void read_quotes(const nt_features *f, double *out) {
  out[NT_FEATURE_IMBALANCE] = (double)(f->bid_size - f->ask_size) / (double)(f->bid_size + f->ask_size);
  out[NT_FEATURE_IMBALANCE_16] = mean(f->sums[NT_SUM_IMBALANCE_16], half_16, f->quotes);
  if (f->quotes < 2) return;
  double flow_size = mean(f->sums[NT_SUM_ORDER_SIZE_512], half_512, f->quotes - 1);
  double per_size = flow_size > 0.0 ? 1.0 / flow_size : 0.0;
  out[NT_FEATURE_ORDER_FLOW_16] = clipped(mean(f->sums[NT_SUM_ORDER_FLOW_16], half_16, f->quotes - 1) * per_size);
  out[NT_FEATURE_ORDER_FLOW_64] = clipped(mean(f->sums[NT_SUM_ORDER_FLOW_64], half_64, f->quotes - 1) * per_size);
}

int32_t nt_features_read(const nt_features *features, double *values, uint32_t count) {
  const nt_features *f = features;
  if (f->ticks == 0) return NT_ERR_NO_DATA;
  double out[NT_FEATURE_COUNT];
  for (uint32_t i = 0; i < NT_FEATURE_COUNT; i++) out[i] = NAN;
  double ticks_a_half = 0.5 / (double)f->tick_size; /* mids are doubled */
  double square = ticks_a_half * ticks_a_half;
  double slow = mean(f->sums[NT_SUM_MOVE_SQUARE_512], half_512, f->mids - 1) * square + VARIANCE_FLOOR;
  double sigma = sqrt(slow);
  if (f->mids > 0) {
    double per_sigma = ticks_a_half / sigma;
    double level = (double)(f->mid - f->first_mid);
    out[NT_FEATURE_RETURN_16] = clipped((level - mean(f->sums[NT_SUM_MID_16], half_16, f->mids)) * per_sigma * 0.25);
    out[NT_FEATURE_RETURN_64] = clipped((level - mean(f->sums[NT_SUM_MID_64], half_64, f->mids)) * per_sigma * 0.125);
    out[NT_FEATURE_RETURN_256] = clipped((level - mean(f->sums[NT_SUM_MID_256], half_256, f->mids)) * per_sigma * 0.0625);
  }
  if (f->mids > 1) {
    double fast = mean(f->sums[NT_SUM_MOVE_SQUARE_32], half_32, f->mids - 1) * square + VARIANCE_FLOOR;
    out[NT_FEATURE_VOLATILITY_32_512] = clipped(0.5 * natural_log(fast / slow));
  }
  if (f->spreads > 0) {
    double spread = (double)f->spread;
    out[NT_FEATURE_SPREAD] = natural_log(spread / (double)f->tick_size) * 1.4426950408889634;
    out[NT_FEATURE_SPREAD_RELATIVE] = clipped(natural_log(spread / mean(f->sums[NT_SUM_SPREAD_512], half_512, f->spreads)));
  }
  if (f->ticks > 1) {
    double recent = mean(f->sums[NT_SUM_GAP_16], half_16, f->ticks - 1) + 1.0;
    out[NT_FEATURE_RATE] = clipped(natural_log(recent / (mean(f->sums[NT_SUM_GAP_512], half_512, f->ticks - 1) + 1.0)));
  }
  if (f->quotes > 0) read_quotes(f, out);
  if (f->trades > 0) read_trades(f, ticks_a_half, sigma, out);
  uint32_t written = count < NT_FEATURE_COUNT ? count : NT_FEATURE_COUNT;
  memcpy(values, out, written * sizeof(double));
  return (int32_t)written;
}
