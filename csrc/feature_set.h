/* Streaming features of one instrument: accumulators that every tick updates, values computed when somebody reads them.
 *
 * E_h(x) is the mean of every x seen so far, the latest weighted 1 and each step back 2^(-1/h) less; a step is one observation of x.
 * Only +, -, *, / and sqrt in a fixed order, no library call whose last bit differs: the same ticks give the same bits everywhere when
 * floating point is not contracted. A feature depends on price differences only.
 *
 * (The name features.h belongs to the C library.)
 */
#ifndef NT_FEATURE_SET_H
#define NT_FEATURE_SET_H

#include "neural_trader.h"

/* In the order of nt_features_read. The comment is the value; m is the mid, s the spread (at least one tick), both in ticks; p, q and g
 * are price, size and sign of a trade (+1 bought, -1 sold, 0 unknown); ' is the one before. sigma is sqrt(E_512((m-m')^2) + 1e-4). Log
 * ratios and quotients by sigma, s/2 or mean flow are clipped to +-6. */
enum nt_feature {
  NT_FEATURE_TRADE_FLOW_4,  /* E_4(gq) / E_4(q) */
  NT_FEATURE_TRADE_FLOW_16, /* and so on */
  NT_FEATURE_TRADE_FLOW_64,
  NT_FEATURE_TRADE_FLOW_256,
  NT_FEATURE_SIGN_8,           /* E_8(g) */
  NT_FEATURE_SIGN_64,          /* E_64(g) */
  NT_FEATURE_RUN,              /* sign of the run of trades on one side, times log(1 + its length); unknown sides do not count */
  NT_FEATURE_SIZE_RELATIVE,    /* log(q / E_256(q)) */
  NT_FEATURE_VWAP_LESS_MID,    /* (m - E_64(pq) / E_64(q)) / (8 sigma) */
  NT_FEATURE_TRADE_POSITION,   /* (p - m) / (s / 2), m and s as the trade met them */
  NT_FEATURE_SIGN_PERSISTENCE, /* E_64(g g') */
  NT_FEATURE_RETURN_16,        /* (m - E_16(m)) / (sigma sqrt(16)), a step is a tick */
  NT_FEATURE_RETURN_64,
  NT_FEATURE_RETURN_256,
  NT_FEATURE_VOLATILITY_32_512, /* log of sigma over 32 ticks to sigma over 512 */
  NT_FEATURE_SPREAD,            /* log2(s); needs a quote that is not implied, as the next one does */
  NT_FEATURE_SPREAD_RELATIVE,   /* log(s / E_512(s)), a step is a tick */
  NT_FEATURE_IMBALANCE,         /* I = (bid size - ask size) / (bid size + ask size); needs sizes, as the next three do */
  NT_FEATURE_IMBALANCE_16,      /* E_16(I), a step is a quote */
  NT_FEATURE_ORDER_FLOW_16,     /* E_16(e) / E_512(|e|); e: size gained at the bid or lost at the ask from one quote to the next */
  NT_FEATURE_ORDER_FLOW_64,
  NT_FEATURE_FLOW_1S,  /* sum(gq) / sum(q), each weighted by a kernel that falls to 0.39 of itself in 1 s between trades */
  NT_FEATURE_FLOW_10S, /* as FLOW_1S, 10 s */
  NT_FEATURE_RATE      /* log((E_16(dt) + 1) / (E_512(dt) + 1)), dt in ns between ticks */
};
_Static_assert(NT_FEATURE_RATE + 1 == NT_FEATURE_COUNT, "one name a feature");

/* Sums start at zero: y += alpha (x - y) gives E_h(x) times its total weight, which the number of steps tells. */
enum nt_feature_sum {
  NT_SUM_MID_16, /* less the first mid, doubled */
  NT_SUM_MID_64,
  NT_SUM_MID_256,
  NT_SUM_MOVE_SQUARE_32,
  NT_SUM_MOVE_SQUARE_512,
  NT_SUM_GAP_16,
  NT_SUM_GAP_512,
  NT_SUM_SPREAD_512,
  NT_SUM_IMBALANCE_16,
  NT_SUM_ORDER_FLOW_16,
  NT_SUM_ORDER_FLOW_64,
  NT_SUM_ORDER_SIZE_512,
  NT_SUM_FLOW_4,
  NT_SUM_FLOW_16,
  NT_SUM_FLOW_64,
  NT_SUM_FLOW_256,
  NT_SUM_SIZE_4,
  NT_SUM_SIZE_16,
  NT_SUM_SIZE_64,
  NT_SUM_SIZE_256,
  NT_SUM_SIGN_8,
  NT_SUM_SIGN_64,
  NT_SUM_PERSISTENCE_64,
  NT_SUM_PRICE_SIZE_64, /* price less the first one */
  NT_SUM_FLOW_1S,       /* these four decay with time instead */
  NT_SUM_FLOW_10S,
  NT_SUM_SIZE_1S,
  NT_SUM_SIZE_10S,
  NT_SUM_COUNT
};

/* Plain data in words of 8 bytes. Prices are raw; mids are doubled, so that they are integers, too. */
typedef struct nt_features {
  int64_t tick_size;
  int64_t ticks;
  int64_t mids;    /* ticks at which both sides were known */
  int64_t spreads; /* of these, with a quote that was not implied */
  int64_t quotes;  /* with sizes */
  int64_t trades;
  int64_t ts;       /* of the last tick */
  int64_t trade_ts; /* of the last trade */
  int64_t mid;
  int64_t first_mid;
  int64_t spread;
  int64_t bid; /* the last quote with sizes */
  int64_t ask;
  int64_t bid_size;
  int64_t ask_size;
  int64_t first_price; /* of a trade */
  int64_t size;        /* of the last trade */
  int64_t place;       /* of the last trade: price less mid, doubled; NT_ABSENT without a mid */
  int64_t place_spread;
  int64_t sign;
  int64_t run; /* trades on one side in a row, negative when sold */
  double sums[NT_SUM_COUNT];
} nt_features;
_Static_assert(sizeof(nt_features) == (21 + NT_SUM_COUNT) * 8, "nt_features has no holes");

/* tick_size is the raw price step, > 0. */
void nt_features_init(nt_features *features, int64_t tick_size);

/* Take a tick of kind QUOTE or TRADE (anything that is not a trade counts as a quote). bid and ask are the quote after the tick, NT_ABSENT
 * while unknown; the sizes are NT_ABSENT where nothing carries them; implied: the quote was made up from trades. A trade's aggressor is
 * NT_SIDE_ or 0. Magnitudes up to NT_RAW_MAX, sizes >= 0, a trade's > 0. Times may be anything: a step back counts as none. */
void nt_features_update(nt_features *features, const nt_tick *tick, int64_t bid, int64_t ask, int64_t bid_size, int64_t ask_size,
                        int implied);

/* Write the first count features, at most NT_FEATURE_COUNT, and return how many: NaN where nothing was seen to compute one from.
 * NT_ERR_NO_DATA before the first tick. */
int32_t nt_features_read(const nt_features *features, double *values, uint32_t count);

#endif
