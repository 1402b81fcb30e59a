/* Streaming features: a fixed number of exact operations a tick, everything dear when read. */
#include "feature_set.h"

#include <math.h>
#include <string.h>

/* 1 - 2^(-1/h) */
#define ALPHA_4 0.15910358474628547
#define ALPHA_8 0.08299595679532877
#define ALPHA_16 0.042396719301426355
#define ALPHA_32 0.021427937912299865
#define ALPHA_64 0.010771986806024515
#define ALPHA_128 0.005400576516366824
#define ALPHA_256 0.0027039439145298736
#define ALPHA_512 0.0013528871090298265
#define ALPHA_1024 0.0006766724973492476
#define ALPHA_4096 0.00016921106807093688

#define VARIANCE_FLOOR 1e-4 /* square ticks */
#define RANGE_FLOOR 1e-6    /* ticks */
#define CLIP 6.0
#define ROOT_OF_HALF_BITS 0x3fe6a09e667f3bcdULL
#define TWO_TO_52_BITS 0x4330000000000000ULL
#define SMALLEST 1e-200
#define TICKS_A_FLUSH 1024    /* a power of two, in which a half-life of 4 loses 2^-256 */
#define EIGHTH_OF_1S 1.25e-10 /* u / 8 of 1 ns */
#define EIGHTH_OF_10S 1.25e-11

static const char names[NT_FEATURE_COUNT][NT_NAME_BYTES] = {
    "spread",
    "spread_relative",
    "imbalance",
    "imbalance_16",
    "imbalance_less_128",
    "depth_relative",
    "microprice_less_64",
    "order_flow_4",
    "order_flow_16",
    "order_flow_64",
    "order_flow_256",
    "return_4",
    "return_16",
    "return_64",
    "return_256",
    "return_1024",
    "volatility_32_512",
    "volatility_512_4096",
    "move_direction",
    "move_age",
    "move_persistence",
    "range_position",
    "trade_flow_4",
    "trade_flow_16",
    "trade_flow_64",
    "trade_flow_256",
    "sign_8",
    "sign_64",
    "run",
    "size_relative",
    "large_flow",
    "mid_less_vwap",
    "trade_position",
    "sign_persistence",
    "impact",
    "gap_relative",
    "rate",
    "flow_1s",
    "flow_10s",
    "trade_share",
};

int32_t nt_feature_name(uint32_t feature, char *name, uint32_t bytes) {
  if (feature >= NT_FEATURE_COUNT || name == NULL || bytes <= strlen(names[feature])) return NT_ERR_INVALID;
  memcpy(name, names[feature], strlen(names[feature]) + 1);
  return NT_OK;
}

void nt_features_init(nt_features *features, int64_t tick_size) {
  memset(features, 0, sizeof(*features));
  features->tick_size = tick_size;
}

typedef double pair __attribute__((vector_size(16)));
typedef uint64_t word_pair __attribute__((vector_size(16)));

/* Natural logarithms of two positive normal numbers, within 2 units in the last place, the same bits everywhere, and without a branch:
 * which way it would go is random. */
static inline pair natural_logs(pair x) {
  word_pair bits = (word_pair)x;
  word_pair exponent = (bits + ((1023ULL << 52) - ROOT_OF_HALF_BITS)) >> 52; /* more by 1023 than that of x = 2^k y */
  pair y = (pair)(bits - ((exponent - 1023ULL) << 52));                      /* from the root of 1/2 to the root of 2 */
  pair k = (pair)(exponent | TWO_TO_52_BITS) - (4503599627370496.0 + 1023.0);
  /* log y = 2 artanh(t), t = (y - 1) / (y + 1), |t| <= 0.172; the series to t^21, in pairs */
  pair t = (y - 1.0) / (y + 1.0);
  pair z = t * t, z2 = z * z, z4 = z2 * z2;
  pair low = (1.0 / 3 + z * (1.0 / 5)) + z2 * (1.0 / 7 + z * (1.0 / 9));
  pair high = (1.0 / 11 + z * (1.0 / 13)) + z2 * (1.0 / 15 + z * (1.0 / 17));
  pair series = low + z4 * (high + z4 * (1.0 / 19 + z * (1.0 / 21)));
  /* log 2 in two parts: the first times k is exact */
  return k * 0x1.62e42feep-1 + (2.0 * t + (2.0 * t * (z * series) + k * 0x1.a39ef35793c76p-33));
}

static inline double natural_log(double x) {
  return natural_logs((pair){x, x})[0];
}

/* ---- update ---------------------------------------------------------------------------------------------------------------- */

static inline void blend(double *sum, double alpha, double x) {
  *sum += alpha * (x - *sum);
}

/* max(x, 0), exact, and without a branch that would be taken at random. */
static inline double positive(double x) {
  return 0.5 * (x + fabs(x));
}

static const double alphas_mid[] = {ALPHA_4, ALPHA_16, ALPHA_64, ALPHA_256, ALPHA_1024};
static const double alphas_move[] = {ALPHA_32, ALPHA_512, ALPHA_4096};
static const double alphas_gap[] = {ALPHA_16, ALPHA_64, ALPHA_512};
static const double alphas_flow[] = {ALPHA_4, ALPHA_16, ALPHA_64, ALPHA_256};

/* Sums of one x in a row. */
static inline void blend_each(double *sums, const double *alphas, uint32_t count, double x) {
  for (uint32_t i = 0; i < count; i++) sums[i] += alphas[i] * (x - sums[i]);
}

/* A sum that sees only zeros would become subnormal, which is slow on some processors, and stay there for ever. */
static void flush(double sums[NT_SUM_COUNT]) {
  for (uint32_t i = 0; i < NT_SUM_COUNT; i++) {
    if (sums[i] < SMALLEST && sums[i] > -SMALLEST) sums[i] = 0.0;
  }
}

/* x where the condition (0 or 1) holds, else 0; without a branch: conditions on ticks are as good as random. */
static inline int64_t only_if(int condition, int64_t x) {
  return x & -(int64_t)condition;
}

/* Time from one stamp to the next; a step back is none. Differences of any two stamps fit. */
static inline int64_t elapsed(int64_t from, int64_t to) {
  uint64_t difference = (uint64_t)to - (uint64_t)from;
  return only_if(to > from, (int64_t)(difference > (uint64_t)INT64_MAX ? (uint64_t)INT64_MAX : difference));
}

/* 1 / (1 + u / 8)^8: an exponential's shape from exact operations; 1 at zero. */
static inline pair kernels(pair eighths_of_u) {
  pair base = 1.0 + eighths_of_u;
  pair square = base * base;
  pair fourth = square * square;
  return 1.0 / (fourth * fourth);
}

enum { BREAK_TIME = 1, BREAK_MID = 2, BREAK_QUOTE = 4, BREAK_TRADE = 8 };

/* Whether this is the first of its kind since a break. */
static inline int after_break(nt_features *f, uint64_t kind) {
  if (__builtin_expect((f->breaks & kind) == 0, 1)) return 0;
  f->breaks &= ~kind;
  return 1;
}

void nt_features_resume(nt_features *features) {
  static const uint32_t anew[] = {
      NT_SUM_MOVE_PERSISTENCE_16,
      NT_SUM_BELOW_HIGH,
      NT_SUM_ABOVE_LOW,
      NT_SUM_ORDER_FLOW_4,
      NT_SUM_ORDER_FLOW_16,
      NT_SUM_ORDER_FLOW_64,
      NT_SUM_ORDER_FLOW_256,
      NT_SUM_FLOW_4,
      NT_SUM_FLOW_16,
      NT_SUM_FLOW_64,
      NT_SUM_FLOW_256,
      NT_SUM_SIGN_8,
      NT_SUM_SIGN_64,
      NT_SUM_PERSISTENCE_64,
      NT_SUM_LARGE_FLOW_32,
      NT_SUM_FLOW_1S,
      NT_SUM_FLOW_10S,
  };
  nt_features *f = features;
  if (f->ticks == 0) return;
  for (uint32_t i = 0; i < sizeof(anew) / sizeof(anew[0]); i++) f->sums[anew[i]] = 0;
  f->run = f->sign = f->direction = 0;
  f->trade_mid = NT_ABSENT;
  f->breaks = BREAK_TIME | BREAK_MID | BREAK_QUOTE | BREAK_TRADE;
}

/* The past is where the middle is now. */
static void begin_mids(nt_features *f, int64_t mid) {
  f->first_mid = f->mid = mid;
  f->microprice = 0;
  for (uint32_t i = NT_SUM_MID_4; i <= NT_SUM_MID_1024; i++) f->sums[i] = 0;
  f->sums[NT_SUM_MICROPRICE_64] = 0;
}

static inline void take_mid(nt_features *f, int64_t bid, int64_t ask, int implied) {
  int64_t mid = bid + ask;
  if (after_break(f, BREAK_MID) || f->mids == 0) begin_mids(f, mid);
  double move = (double)(mid - f->mid);
  f->age++;
  if (mid != f->mid) {
    int32_t direction = mid > f->mid ? 1 : -1;
    blend(&f->sums[NT_SUM_MOVE_PERSISTENCE_16], ALPHA_16, (double)(direction * f->direction)); /* zero at the first, as the sum is */
    f->direction = direction;
    f->moves++;
    f->age = 0;
  }
  f->mid = mid;
  f->mids++;
  blend_each(&f->sums[NT_SUM_MID_4], alphas_mid, 5, (double)(mid - f->first_mid));
  blend_each(&f->sums[NT_SUM_MOVE_SQUARE_32], alphas_move, 3, move * move);
  double below = (1.0 - ALPHA_1024) * (f->sums[NT_SUM_BELOW_HIGH] - move), above = (1.0 - ALPHA_1024) * (f->sums[NT_SUM_ABOVE_LOW] + move);
  f->sums[NT_SUM_BELOW_HIGH] = positive(below);
  f->sums[NT_SUM_ABOVE_LOW] = positive(above);
  int64_t spread = ask - bid;
  f->spread = spread < f->tick_size ? f->tick_size : spread;
  if (!implied) {
    f->spreads++;
    blend(&f->sums[NT_SUM_SPREAD_512], ALPHA_512, (double)f->spread);
  }
}

static inline void take_microprice(nt_features *f, double imbalance) {
  f->microprice = (double)(f->mid - f->first_mid) + (double)f->spread * imbalance;
  f->microprices++;
  blend(&f->sums[NT_SUM_MICROPRICE_64], ALPHA_64, f->microprice);
}

static inline void take_quote(nt_features *f, int64_t bid, int64_t ask, int64_t bid_size, int64_t ask_size, double imbalance) {
  if (f->quotes > 0) {
    int64_t flow = only_if(bid >= f->bid, bid_size) - only_if(bid <= f->bid, f->bid_size) - only_if(ask <= f->ask, ask_size) +
                   only_if(ask >= f->ask, f->ask_size);
    if (after_break(f, BREAK_QUOTE)) flow = 0;
    double x = (double)flow;
    blend_each(&f->sums[NT_SUM_ORDER_FLOW_4], alphas_flow, 4, x);
    blend(&f->sums[NT_SUM_ORDER_SIZE_512], ALPHA_512, x < 0.0 ? -x : x);
  }
  f->bid = bid;
  f->ask = ask;
  f->bid_size = bid_size;
  f->ask_size = ask_size;
  f->quotes++;
  blend(&f->sums[NT_SUM_IMBALANCE_16], ALPHA_16, imbalance);
  blend(&f->sums[NT_SUM_IMBALANCE_128], ALPHA_128, imbalance);
  blend(&f->sums[NT_SUM_DEPTH_512], ALPHA_512, (double)(bid_size + ask_size));
}

/* What the last trade, whose volume is still there, did to the mid until this one. */
static inline void take_impact(nt_features *f, int64_t mid_before) {
  if (f->trade_mid != NT_ABSENT && mid_before != NT_ABSENT) {
    double move = (double)(mid_before - f->trade_mid);
    double volume = f->volume;
    blend(&f->sums[NT_SUM_IMPACT_256], ALPHA_256, move * volume);
    blend(&f->sums[NT_SUM_IMPACT_MOVE_256], ALPHA_256, move * move);
    blend(&f->sums[NT_SUM_IMPACT_VOLUME_256], ALPHA_256, volume * volume);
    f->impacts++;
  }
  f->trade_mid = mid_before;
}

static inline void take_trade(nt_features *f, const nt_tick *tick, int has_mid, int64_t mid_before) {
  int32_t sign = (tick->aggressor == NT_SIDE_BUY) - (tick->aggressor == NT_SIDE_SELL);
  if (f->trades == 0) {
    f->first_price = tick->price;
    f->trade_ts = tick->ts_event;
    f->trade_mid = NT_ABSENT;
  }
  if (after_break(f, BREAK_TRADE)) {
    f->first_price = tick->price;
    f->sums[NT_SUM_PRICE_SIZE_64] = 0;
  }
  double g = (double)sign;
  double size = (double)tick->size;
  double flow = g * size;
  blend_each(&f->sums[NT_SUM_SIZE_4], alphas_flow, 4, size);
  blend(&f->sums[NT_SUM_ONE_256], ALPHA_256, 1.0);
  double ratio = size * f->sums[NT_SUM_ONE_256] / f->sums[NT_SUM_SIZE_256];
  pair logs = natural_logs((pair){1.0 + ratio, ratio}); /* early: all up to its use goes on meanwhile */
  take_impact(f, mid_before);
  double gap = (double)elapsed(f->trade_ts, tick->ts_event);
  pair decays = kernels(gap * (pair){EIGHTH_OF_1S, EIGHTH_OF_10S});
  f->sums[NT_SUM_FLOW_1S] = f->sums[NT_SUM_FLOW_1S] * decays[0] + flow;
  f->sums[NT_SUM_SIZE_1S] = f->sums[NT_SUM_SIZE_1S] * decays[0] + size;
  f->sums[NT_SUM_FLOW_10S] = f->sums[NT_SUM_FLOW_10S] * decays[1] + flow;
  f->sums[NT_SUM_SIZE_10S] = f->sums[NT_SUM_SIZE_10S] * decays[1] + size;
  blend_each(&f->sums[NT_SUM_FLOW_4], alphas_flow, 4, flow);
  f->volume = g * logs[0];
  f->size_relative = logs[1];
  blend(&f->sums[NT_SUM_LARGE_FLOW_32], ALPHA_32, g * positive(f->size_relative));
  blend(&f->sums[NT_SUM_SIGN_8], ALPHA_8, g);
  blend(&f->sums[NT_SUM_SIGN_64], ALPHA_64, g);
  blend(&f->sums[NT_SUM_PERSISTENCE_64], ALPHA_64, g * (double)f->sign); /* zero before the second trade, as the sum is */
  blend(&f->sums[NT_SUM_PRICE_SIZE_64], ALPHA_64, (double)(tick->price - f->first_price) * size);
  f->run = sign + only_if(f->run * sign > 0 || sign == 0, f->run);
  f->sign = sign;
  f->trade_ts = tick->ts_event;
  f->trades++;
  f->place = has_mid ? 2 * tick->price - f->mid : NT_ABSENT;
  f->place_spread = f->spread;
}

void nt_features_update(nt_features *features, const nt_tick *tick, int64_t bid, int64_t ask, int64_t bid_size, int64_t ask_size,
                        int implied) {
  nt_features *f = features;
  int is_trade = tick->kind == NT_TICK_TRADE;
  int old_quote = is_trade && !implied && (f->breaks & BREAK_MID) != 0; /* the quote is from before the break */
  int has_mid = bid != NT_ABSENT && ask != NT_ABSENT && !old_quote;
  int64_t mid_before = f->mids > 0 && (f->breaks & BREAK_MID) == 0 ? f->mid : NT_ABSENT;
  if (f->ticks > 0) {
    f->gap = after_break(f, BREAK_TIME) ? 0 : elapsed(f->ts, tick->ts_event);
    blend_each(&f->sums[NT_SUM_GAP_16], alphas_gap, 3, (double)f->gap);
  }
  blend(&f->sums[NT_SUM_TRADE_64], ALPHA_64, (double)is_trade);
  f->ts = tick->ts_event;
  f->ticks++;
  if ((f->ticks & (TICKS_A_FLUSH - 1)) == 0) flush(f->sums);
  if (has_mid) take_mid(f, bid, ask, implied);
  if (has_mid && !implied && bid_size >= 0 && ask_size >= 0 && (bid_size | ask_size) != 0) {
    double imbalance = (double)(bid_size - ask_size) / (double)(bid_size + ask_size);
    take_microprice(f, imbalance);
    if (!is_trade) take_quote(f, bid, ask, bid_size, ask_size, imbalance);
  }
  if (is_trade) take_trade(f, tick, has_mid, mid_before);
}

/* ---- read ------------------------------------------------------------------------------------------------------------------ */

/* Total weight of a sum of half-life h (a power of two) after steps observations: 1 - 2^(-steps / h), to the last bits for few steps, too.
 */
static double weight(int64_t half, int64_t steps) {
  if (steps <= 0) return 0.0;
  if (steps >= 54 * half) return 1.0;
  double x = (double)steps / (double)half;
  int64_t whole = (int64_t)(x + 0.5);
  double y = ((double)whole - x) * 0.69314718055994531; /* within half of log 2; exp(y) - 1 by its series to y^13, in pairs */
  double y2 = y * y, y4 = y2 * y2;
  double low = (1.0 + y * (1.0 / 2)) + y2 * (1.0 / 6 + y * (1.0 / 24));
  double middle = (1.0 / 120 + y * (1.0 / 720)) + y2 * (1.0 / 5040 + y * (1.0 / 40320));
  double high = (1.0 / 362880 + y * (1.0 / 3628800)) + y2 * (1.0 / 39916800 + y * (1.0 / 479001600));
  double less_one = y * (low + y4 * (middle + y4 * (high + y4 * (1.0 / 6227020800))));
  uint64_t bits = (uint64_t)(1023 - whole) << 52;
  double power; /* 2^-whole */
  memcpy(&power, &bits, 8);
  return (1.0 - power) - power * less_one;
}

/* The weight for a half-life shorter by that many halvings: 1 - (1 - w)^2 each. */
static inline double shorter(double w, uint32_t halvings) {
  for (uint32_t i = 0; i < halvings; i++) w *= 2.0 - w;
  return w;
}

static inline double mean(double sum, double w) {
  return w > 0.0 ? sum / w : 0.0;
}

static double clipped(double x) {
  return x < -CLIP ? -CLIP : x > CLIP ? CLIP : x;
}

static void read_mids(const nt_features *f, double ticks_a_half, double sigma, double *out) {
  static const double per_root[] = {0.5, 0.25, 0.125, 0.0625, 0.03125};
  double per_sigma = (f->breaks & BREAK_MID) != 0 ? 0.0 : ticks_a_half / sigma; /* nobody knows where it is now */
  double level = (double)f->mid - (double)f->first_mid; /* both are exact, whatever somebody has written over them */
  double w = weight(1024, f->mids);
  for (uint32_t i = 5; i-- > 0; w = shorter(w, 2))
    out[NT_FEATURE_RETURN_4 + i] = clipped((level - mean(f->sums[NT_SUM_MID_4 + i], w)) * per_sigma * per_root[i]);
  double above = f->sums[NT_SUM_ABOVE_LOW], below = f->sums[NT_SUM_BELOW_HIGH];
  out[NT_FEATURE_RANGE_POSITION] = 0.5 * (above - below) / (above + below + RANGE_FLOOR / ticks_a_half);
  if (f->microprices > 0) {
    double usual = mean(f->sums[NT_SUM_MICROPRICE_64], weight(64, f->microprices));
    out[NT_FEATURE_MICROPRICE_LESS_64] = clipped((f->microprice - usual) * per_sigma * 0.125);
  }
  if (f->moves == 0) return;
  out[NT_FEATURE_MOVE_DIRECTION] = (double)f->direction * (1.0 - weight(64, f->age));
  out[NT_FEATURE_MOVE_AGE] = natural_log(1.0 + (double)f->age);
  if (f->moves > 1) out[NT_FEATURE_MOVE_PERSISTENCE] = mean(f->sums[NT_SUM_MOVE_PERSISTENCE_16], weight(16, f->moves - 1));
}

static void read_trades(const nt_features *f, double ticks_a_half, double sigma, double *out) {
  for (uint32_t i = 0; i < 4; i++) out[NT_FEATURE_TRADE_FLOW_4 + i] = f->sums[NT_SUM_FLOW_4 + i] / f->sums[NT_SUM_SIZE_4 + i];
  double w_64 = weight(64, f->trades), w_32 = shorter(w_64, 1), w_8 = shorter(w_32, 2);
  out[NT_FEATURE_SIGN_8] = mean(f->sums[NT_SUM_SIGN_8], w_8);
  out[NT_FEATURE_SIGN_64] = mean(f->sums[NT_SUM_SIGN_64], w_64);
  double length = natural_log(1.0 + fabs((double)f->run));
  out[NT_FEATURE_RUN] = f->run < 0 ? -length : length;
  out[NT_FEATURE_SIZE_RELATIVE] = clipped(f->size_relative);
  out[NT_FEATURE_LARGE_FLOW] = clipped(mean(f->sums[NT_SUM_LARGE_FLOW_32], w_32));
  if (f->mids > 0) {
    double average = 2.0 * (f->sums[NT_SUM_PRICE_SIZE_64] / f->sums[NT_SUM_SIZE_64]);
    double less = ((double)f->mid - 2.0 * (double)f->first_price) - average;
    out[NT_FEATURE_MID_LESS_VWAP] = (f->breaks & (BREAK_TRADE | BREAK_MID)) != 0 ? 0.0 : clipped(less * ticks_a_half / (8.0 * sigma));
  }
  if (f->place != NT_ABSENT) out[NT_FEATURE_TRADE_POSITION] = clipped((double)f->place / (double)f->place_spread);
  if (f->trades > 1) out[NT_FEATURE_SIGN_PERSISTENCE] = mean(f->sums[NT_SUM_PERSISTENCE_64], weight(64, f->trades - 1));
  if (f->impacts > 0) {
    double product = f->sums[NT_SUM_IMPACT_MOVE_256] * f->sums[NT_SUM_IMPACT_VOLUME_256];
    out[NT_FEATURE_IMPACT] = product > SMALLEST ? f->sums[NT_SUM_IMPACT_256] / sqrt(product) : 0.0;
  }
  out[NT_FEATURE_FLOW_1S] = f->sums[NT_SUM_FLOW_1S] / f->sums[NT_SUM_SIZE_1S];
  out[NT_FEATURE_FLOW_10S] = f->sums[NT_SUM_FLOW_10S] / f->sums[NT_SUM_SIZE_10S];
  if (f->ticks > f->trades) out[NT_FEATURE_TRADE_SHARE] = mean(f->sums[NT_SUM_TRADE_64], weight(64, f->ticks));
}

static void read_quotes(const nt_features *f, double *out) {
  double w_512 = weight(512, f->quotes), w_128 = shorter(w_512, 2), w_16 = shorter(w_128, 3);
  double depth = (double)f->bid_size + (double)f->ask_size;
  double imbalance = ((double)f->bid_size - (double)f->ask_size) / depth;
  out[NT_FEATURE_IMBALANCE] = imbalance;
  out[NT_FEATURE_IMBALANCE_16] = mean(f->sums[NT_SUM_IMBALANCE_16], w_16);
  out[NT_FEATURE_IMBALANCE_LESS_128] = imbalance - mean(f->sums[NT_SUM_IMBALANCE_128], w_128);
  out[NT_FEATURE_DEPTH_RELATIVE] = clipped(natural_log(depth / mean(f->sums[NT_SUM_DEPTH_512], w_512)));
  if (f->quotes < 2) return;
  double w = weight(512, f->quotes - 1);
  double flow_size = mean(f->sums[NT_SUM_ORDER_SIZE_512], w);
  double per_size = flow_size > 0.0 ? 1.0 / flow_size : 0.0;
  w = shorter(w, 1);
  for (uint32_t i = 4; i-- > 0; w = shorter(w, 2))
    out[NT_FEATURE_ORDER_FLOW_4 + i] = clipped(mean(f->sums[NT_SUM_ORDER_FLOW_4 + i], w) * per_size);
}

int32_t nt_features_read(const nt_features *features, double *values, uint32_t count) {
  const nt_features *f = features;
  if (f->ticks == 0) return NT_ERR_NO_DATA;
  double out[NT_FEATURE_COUNT];
  for (uint32_t i = 0; i < NT_FEATURE_COUNT; i++) out[i] = NAN;
  double ticks_a_half = 0.5 / (double)f->tick_size; /* mids are doubled */
  double square = ticks_a_half * ticks_a_half;
  double w_4096 = weight(4096, f->mids > 0 ? f->mids - 1 : 0), w_512 = shorter(w_4096, 3), w_32 = shorter(w_512, 4);
  double usual = mean(f->sums[NT_SUM_MOVE_SQUARE_512], w_512) * square + VARIANCE_FLOOR;
  double sigma = sqrt(usual);
  if (f->mids > 0) read_mids(f, ticks_a_half, sigma, out);
  if (f->mids > 1) {
    double fast = mean(f->sums[NT_SUM_MOVE_SQUARE_32], w_32) * square + VARIANCE_FLOOR;
    double slow = mean(f->sums[NT_SUM_MOVE_SQUARE_4096], w_4096) * square + VARIANCE_FLOOR;
    pair logs = natural_logs((pair){fast / usual, usual / slow});
    out[NT_FEATURE_VOLATILITY_32_512] = clipped(0.5 * logs[0]);
    out[NT_FEATURE_VOLATILITY_512_4096] = clipped(0.5 * logs[1]);
  }
  if (f->spreads > 0) {
    double spread = (double)f->spread, w = weight(512, f->spreads);
    pair logs = natural_logs((pair){spread / (double)f->tick_size, spread / mean(f->sums[NT_SUM_SPREAD_512], w)});
    out[NT_FEATURE_SPREAD] = logs[0] * 1.4426950408889634;
    out[NT_FEATURE_SPREAD_RELATIVE] = clipped(logs[1]);
  }
  if (f->ticks > 1) {
    double w = weight(512, f->ticks - 1), gap_512 = mean(f->sums[NT_SUM_GAP_512], w) + 1.0;
    w = shorter(w, 3);
    double gap_64 = mean(f->sums[NT_SUM_GAP_64], w) + 1.0, gap_16 = mean(f->sums[NT_SUM_GAP_16], shorter(w, 2)) + 1.0;
    pair logs = natural_logs((pair){((double)f->gap + 1.0) / gap_64, gap_16 / gap_512});
    out[NT_FEATURE_GAP_RELATIVE] = clipped(logs[0]);
    out[NT_FEATURE_RATE] = clipped(logs[1]);
  }
  if (f->quotes > 0) read_quotes(f, out);
  if (f->trades > 0) read_trades(f, ticks_a_half, sigma, out);
  uint32_t written = count < NT_FEATURE_COUNT ? count : NT_FEATURE_COUNT;
  memcpy(values, out, written * sizeof(double));
  return (int32_t)written;
}
