/* Streaming features of one instrument: accumulated on every tick by exact IEEE operations in a stated order, read on demand.
 *
 * Notation: p, q, g are price, size and sign of a trade (buy +1, sell -1, unknown 0); b, a, B, A best bid and ask and their sizes;
 * m = (b + a) / 2, s = a - b. E_h(x) is the average with half-life h: y += (1 - 2^(-1/h)) (x - y), beginning at the first x. D_T(x) is the sum
 * decaying with time: y = y d(dt / T) + x, d(u) = (1 + u / 8)^-8. sigma = sqrt(E_512(dm^2) + 1e-4 tick^2). Ratios are clipped at +-6.
 * Formulas of each: feature_set.c.
 */
#ifndef NT_FEATURE_SET_H
#define NT_FEATURE_SET_H

#include "neural_trader.h"

/* Plain data, a multiple of 8 bytes, no pointers: it is published by copying. Prices are raw and relative to the first one; mid prices
 * are doubled, so that they are whole. */
typedef struct nt_features {
  double tick_size;
  int64_t origin; /* raw price of the first tick */
  int64_t last_ts;
  uint64_t ticks;
  uint64_t moves; /* ticks after the first, for dm and dt */
  uint64_t trades;
  uint64_t sized_quotes;
  double mid; /* doubled */
  double spread;
  double mid_average[3]; /* 16, 64, 256 */
  double move_square[2]; /* 32, 512 */
  double spread_512;
  double gap[2]; /* 16, 512, nanoseconds */
  double signed_size[4]; /* 4, 16, 64, 256 */
  double size[4];
  double sign[2]; /* 8, 64 */
  double run; /* signed length */
  double last_sign;
  double last_size;
  double last_price;
  double persistence;
  double value_64; /* price times size */
  double flow[2]; /* 1 s, 10 s */
  double volume[2];
  int64_t last_trade_ts;
  double imbalance;
  double imbalance_16;
  double order_flow[2]; /* 16, 64 */
  double order_flow_size;
  double bid;
  double ask;
  double bid_size;
  double ask_size;
} nt_features;

void nt_features_init(nt_features *features, int64_t tick_size);
/* Take a quote or trade; bid and ask are those after it, sizes NT_ABSENT where the quote is implied. */
void nt_features_update(nt_features *features, const nt_tick *tick, int64_t bid, int64_t ask, int64_t bid_size, int64_t ask_size);
/* The first count values, in the order of nt_feature_name. NT_ERR_NO_DATA before the first tick. */
int32_t nt_features_read(const nt_features *features, double *values, uint32_t count);

#endif
