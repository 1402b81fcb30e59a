/* Streaming features: names, accumulators, read-out. */
#include "feature_set.h"

#include <math.h>
#include <string.h>

/* 1 - 2^(-1/h) */
#define ALPHA_4 0.1591035847462855
#define ALPHA_8 0.082995956795328785
#define ALPHA_16 0.0423967193014263
#define ALPHA_32 0.02142793791229991
#define ALPHA_64 0.010771986806024536
#define ALPHA_256 0.0027039439145298827
#define ALPHA_512 0.00135288710902981

static const char *const names[NT_FEATURE_COUNT] = {
    "trade_flow_4", "trade_flow_16",    "trade_flow_64", "trade_flow_256", "sign_8",    "sign_64",      "run",           "size_relative",
    "vwap_less_mid", "trade_position",  "sign_persistence", "return_16",   "return_64", "return_256",   "volatility_32_512", "spread",
    "spread_relative", "imbalance",     "imbalance_16",  "order_flow_16",  "order_flow_64", "flow_1s",  "flow_10s",      "rate",
};

int32_t nt_feature_name(uint32_t feature, char *name, uint32_t bytes) {
  if (feature >= NT_FEATURE_COUNT || name == NULL || strlen(names[feature]) >= bytes) return NT_ERR_INVALID;
  memcpy(name, names[feature], strlen(names[feature]) + 1);
  return NT_OK;
}

void nt_features_init(nt_features *f, int64_t tick_size) {
  memset(f, 0, sizeof(*f));
  f->tick_size = (double)tick_size;
}

static inline void average(double *y, double alpha, double x, int first) { *y = first ? x : *y + alpha * (x - *y); }

static inline double decay(double gap_ns, double horizon_ns) {
  double t = 1.0 / (1.0 + gap_ns / horizon_ns * 0.125);
  t = t * t;
  t = t * t;
  return t * t;
}

static void update_mid(nt_features *f, int64_t bid, int64_t ask, int64_t ts) {
  double mid = (double)(bid - f->origin + (ask - f->origin)), spread = (double)(ask - bid);
  int first = f->ticks == 0;
  if (!first) {
    double move = mid - f->mid, square = move * move, gap = ts > f->last_ts ? (double)(ts - f->last_ts) : 0.0;
    int first_move = f->moves == 0;
    average(&f->move_square[0], ALPHA_32, square, first_move);
    average(&f->move_square[1], ALPHA_512, square, first_move);
    average(&f->gap[0], ALPHA_16, gap, first_move);
    average(&f->gap[1], ALPHA_512, gap, first_move);
    f->moves++;
  }
  average(&f->mid_average[0], ALPHA_16, mid, first);
  average(&f->mid_average[1], ALPHA_64, mid, first);
  average(&f->mid_average[2], ALPHA_256, mid, first);
  average(&f->spread_512, ALPHA_512, spread, first);
  f->mid = mid;
  f->spread = spread;
  f->last_ts = ts > f->last_ts || first ? ts : f->last_ts;
  f->ticks++;
}

static void update_trade(nt_features *f, const nt_tick *tick) {
  double q = (double)tick->size, sign = tick->aggressor == NT_SIDE_BUY ? 1.0 : tick->aggressor == NT_SIDE_SELL ? -1.0 : 0.0;
  double signed_q = sign * q, price = (double)(tick->price - f->origin);
  static const double alphas[4] = {ALPHA_4, ALPHA_16, ALPHA_64, ALPHA_256};
  static const double horizons_ns[2] = {1e9, 1e10};
  int first = f->trades == 0;
  for (int i = 0; i < 4; i++) {
    average(&f->signed_size[i], alphas[i], signed_q, first);
    average(&f->size[i], alphas[i], q, first);
  }
  average(&f->sign[0], ALPHA_8, sign, first);
  average(&f->sign[1], ALPHA_64, sign, first);
  average(&f->value_64, ALPHA_64, price * q, first);
  if (!first) average(&f->persistence, ALPHA_64, sign * f->last_sign, f->trades == 1);
  f->run = sign != 0.0 && sign == f->last_sign ? f->run + sign : sign;
  if (!first && tick->ts_event > f->last_trade_ts) {
    double gap = (double)(tick->ts_event - f->last_trade_ts);
    for (int i = 0; i < 2; i++) {
      double d = decay(gap, horizons_ns[i]);
      f->flow[i] *= d;
      f->volume[i] *= d;
    }
  }
  for (int i = 0; i < 2; i++) {
    f->flow[i] += signed_q;
    f->volume[i] += q;
  }
  if (first || tick->ts_event > f->last_trade_ts) f->last_trade_ts = tick->ts_event;
  f->last_sign = sign;
  f->last_size = q;
  f->last_price = price;
  f->trades++;
}

/* Order flow imbalance of Cont, Kukanov and Stoikov (2014): what was added at the bid and taken from the ask, less the contrary. */
static void update_sizes(nt_features *f, int64_t bid, int64_t ask, double bid_size, double ask_size) {
  double b = (double)(bid - f->origin), a = (double)(ask - f->origin), total = bid_size + ask_size;
  f->imbalance = total > 0.0 ? (bid_size - ask_size) / total : 0.0;
  average(&f->imbalance_16, ALPHA_16, f->imbalance, f->sized_quotes == 0);
  if (f->sized_quotes > 0) {
    double e = (b >= f->bid ? bid_size : 0.0) - (b <= f->bid ? f->bid_size : 0.0) - (a <= f->ask ? ask_size : 0.0) + (a >= f->ask ? f->ask_size : 0.0);
    int first = f->sized_quotes == 1;
    average(&f->order_flow[0], ALPHA_16, e, first);
    average(&f->order_flow[1], ALPHA_64, e, first);
    average(&f->order_flow_size, ALPHA_512, e < 0.0 ? -e : e, first);
  }
  f->bid = b;
  f->ask = a;
  f->bid_size = bid_size;
  f->ask_size = ask_size;
  f->sized_quotes++;
}

void nt_features_update(nt_features *f, const nt_tick *tick, int64_t bid, int64_t ask, int64_t bid_size, int64_t ask_size) {
  if (f->ticks == 0) f->origin = bid;
  update_mid(f, bid, ask, tick->ts_event);
  if (tick->kind == NT_TICK_TRADE) {
    update_trade(f, tick);
  } else if (bid_size != NT_ABSENT && ask_size != NT_ABSENT) {
    update_sizes(f, bid, ask, (double)bid_size, (double)ask_size);
  }
}

static double clip(double x) { return x > 6.0 ? 6.0 : x < -6.0 ? -6.0 : x; }

int32_t nt_features_read(const nt_features *f, double *values, uint32_t count) {
  if (f->ticks == 0) return NT_ERR_NO_DATA;
  const double tick = f->tick_size, tiny = 1e-9, none = (double)NAN;
  double v[NT_FEATURE_COUNT];
  for (int i = 0; i < NT_FEATURE_COUNT; i++) v[i] = none;
  /* the averages of doubled mid prices: sigma is doubled as well, and the ratio is not */
  double square = f->moves > 0 ? f->move_square[1] : 0.0, sigma = sqrt(square + 4e-4 * tick * tick);
  if (f->trades > 0) {
    for (int i = 0; i < 4; i++) v[i] = f->signed_size[i] / (f->size[i] + tiny);                       /* E_h(g q) / E_h(q) */
    v[4] = f->sign[0];                                                                                 /* E_8 g */
    v[5] = f->sign[1];                                                                                 /* E_64 g */
    v[6] = f->run < 0.0 ? -log1p(-f->run) : log1p(f->run);                                             /* sign times log(1 + length) */
    v[7] = log((f->last_size + tiny) / (f->size[3] + tiny));                                           /* log(q / E_256 q) */
    v[8] = clip((2.0 * f->value_64 / (f->size[2] + tiny) - f->mid) / (8.0 * sigma));                   /* (E_64(p q) / E_64 q - m) / (8 sigma) */
    v[9] = clip((2.0 * f->last_price - f->mid) / (f->spread > 0.0 ? f->spread : tick));                /* (p - m) / (s / 2) */
    if (f->trades > 1) v[10] = f->persistence;                                                         /* E_64(g g') */
    v[21] = f->flow[0] / (f->volume[0] + tiny);                                                        /* D_1s(g q) / D_1s(q) */
    v[22] = f->flow[1] / (f->volume[1] + tiny);
  }
  v[11] = clip((f->mid - f->mid_average[0]) / (4.0 * sigma));  /* (m - E_h m) / (sigma sqrt h) */
  v[12] = clip((f->mid - f->mid_average[1]) / (8.0 * sigma));
  v[13] = clip((f->mid - f->mid_average[2]) / (16.0 * sigma));
  v[15] = log2((f->spread > 0.0 ? f->spread : tick) / tick);                                           /* log2 of s in ticks, a crossed one as 1 */
  v[16] = log(((f->spread > 0.0 ? f->spread : tick) + tiny) / ((f->spread_512 > 0.0 ? f->spread_512 : tick) + tiny)); /* log(s / E_512 s) */
  if (f->moves > 0) {
    double floor = 4e-4 * tick * tick;
    v[14] = 0.5 * log((f->move_square[0] + floor) / (f->move_square[1] + floor)); /* log(sd_32 / sd_512) of dm */
    v[23] = log((f->gap[0] + 1.0) / (f->gap[1] + 1.0));                           /* log(E_16 dt / E_512 dt), a nanosecond added to each */
  }
  if (f->sized_quotes > 0) {
    v[17] = f->imbalance; /* (B - A) / (B + A) */
    v[18] = f->imbalance_16;
  }
  if (f->sized_quotes > 1) {
    v[19] = clip(f->order_flow[0] / (f->order_flow_size + tiny)); /* E_h(e) / E_512|e| */
    v[20] = clip(f->order_flow[1] / (f->order_flow_size + tiny));
  }
  for (uint32_t i = 0; i < count && i < NT_FEATURE_COUNT; i++) values[i] = v[i];
  return NT_OK;
}
