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
 * are price, size and sign of a trade (+1 bought, -1 sold, 0 unknown); qb and qa are the sizes bid and asked; ' is the one before. sigma is
 * sqrt(E_512((m-m')^2) + 1e-4). A step of E is a tick from SPREAD on, a quote with sizes from IMBALANCE on, a trade from TRADE_FLOW_4 on,
 * where nothing else is said. Log ratios and quotients by sigma, s/2 or mean flow are clipped to +-6. */
enum nt_feature {
  NT_FEATURE_SPREAD,             /* log2(s); needs a quote that is not implied, as the next one does */
  NT_FEATURE_SPREAD_RELATIVE,    /* log(s / E_512(s)) */
  NT_FEATURE_IMBALANCE,          /* I = (qb - qa) / (qb + qa); needs sizes, as all up to ORDER_FLOW_256 do */
  NT_FEATURE_IMBALANCE_16,       /* E_16(I) */
  NT_FEATURE_IMBALANCE_LESS_128, /* I - E_128(I) */
  NT_FEATURE_DEPTH_RELATIVE,     /* log((qb + qa) / E_512(qb + qa)) */
  NT_FEATURE_MICROPRICE_LESS_64, /* (u - E_64(u)) / (8 sigma), u = m + s I / 2; a step is a tick */
  NT_FEATURE_ORDER_FLOW_4,       /* E_4(e) / E_512(|e|); e: size gained at the bid or lost at the ask from one quote to the next */
  NT_FEATURE_ORDER_FLOW_16,      /* and so on */
  NT_FEATURE_ORDER_FLOW_64,
  NT_FEATURE_ORDER_FLOW_256,
  NT_FEATURE_RETURN_4, /* (m - E_4(m)) / (sigma sqrt(4)); a step is a tick, as for all up to RANGE_POSITION */
  NT_FEATURE_RETURN_16,
  NT_FEATURE_RETURN_64,
  NT_FEATURE_RETURN_256,
  NT_FEATURE_RETURN_1024,
  NT_FEATURE_VOLATILITY_32_512, /* log of sigma over 32 ticks to sigma over 512 */
  NT_FEATURE_VOLATILITY_512_4096,
  NT_FEATURE_MOVE_DIRECTION,   /* d 2^(-age / 64); d: sign of the last move of the mid; age: ticks since */
  NT_FEATURE_MOVE_AGE,         /* log(1 + age) */
  NT_FEATURE_MOVE_PERSISTENCE, /* E_16(d d'), a step is a move */
  NT_FEATURE_RANGE_POSITION, /* (m - (hi + lo) / 2) / (hi - lo + 1e-6), hi = max(m, hi' + a (m - hi')), lo likewise, 1 - a = 2^(-1/1024) */
  NT_FEATURE_TRADE_FLOW_4,   /* E_4(gq) / E_4(q) */
  NT_FEATURE_TRADE_FLOW_16,
  NT_FEATURE_TRADE_FLOW_64,
  NT_FEATURE_TRADE_FLOW_256,
  NT_FEATURE_SIGN_8,           /* E_8(g) */
  NT_FEATURE_SIGN_64,          /* E_64(g) */
  NT_FEATURE_RUN,              /* sign of the run of trades on one side, times log(1 + its length); unknown sides do not count */
  NT_FEATURE_SIZE_RELATIVE,    /* log(q / E_256(q)) */
  NT_FEATURE_LARGE_FLOW,       /* E_32(g max(0, log(q / E_256(q)))) */
  NT_FEATURE_MID_LESS_VWAP,    /* (m - E_64(pq) / E_64(q)) / (8 sigma) */
  NT_FEATURE_TRADE_POSITION,   /* (p - m) / (s / 2), m and s as the trade met them */
  NT_FEATURE_SIGN_PERSISTENCE, /* E_64(g g') */
  NT_FEATURE_IMPACT,           /* E_256(xv) / sqrt(E_256(x^2) E_256(v^2)), v = g log(1 + q / E_256(q)), x: the mid's move from just before
                                  this trade to just before the next; zero where nothing moved */
  NT_FEATURE_GAP_RELATIVE,     /* log((t + 1) / (E_64(t) + 1)), t in ns from one tick to the next */
  NT_FEATURE_RATE,             /* log((E_16(t) + 1) / (E_512(t) + 1)) */
  NT_FEATURE_FLOW_1S,          /* sum(gq) / sum(q), each weighted by a kernel that falls to 0.39 of itself in 1 s between trades */
  NT_FEATURE_FLOW_10S,         /* as FLOW_1S, 10 s */
  NT_FEATURE_TRADE_SHARE       /* E_64(1 for a trade, 0 for a quote), a step is a tick; needs both kinds */
};
_Static_assert(NT_FEATURE_TRADE_SHARE + 1 == NT_FEATURE_COUNT, "one name a feature");

/* Sums start at zero: y += alpha (x - y) gives E_h(x) times its total weight, which the number of steps tells. */
enum nt_feature_sum {
  NT_SUM_MID_4, /* less the first mid, doubled */
  NT_SUM_MID_16,
  NT_SUM_MID_64,
  NT_SUM_MID_256,
  NT_SUM_MID_1024,
  NT_SUM_MOVE_SQUARE_32,
  NT_SUM_MOVE_SQUARE_512,
  NT_SUM_MOVE_SQUARE_4096,
  NT_SUM_MOVE_PERSISTENCE_16,
  NT_SUM_BELOW_HIGH, /* of the range: its high less the mid, doubled; no mean */
  NT_SUM_ABOVE_LOW,
  NT_SUM_GAP_16,
  NT_SUM_GAP_64,
  NT_SUM_GAP_512,
  NT_SUM_TRADE_64, /* 1 for a trade */
  NT_SUM_SPREAD_512,
  NT_SUM_MICROPRICE_64, /* less the first mid, doubled */
  NT_SUM_IMBALANCE_16,
  NT_SUM_IMBALANCE_128,
  NT_SUM_DEPTH_512,
  NT_SUM_ORDER_FLOW_4,
  NT_SUM_ORDER_FLOW_16,
  NT_SUM_ORDER_FLOW_64,
  NT_SUM_ORDER_FLOW_256,
  NT_SUM_ORDER_SIZE_512,
  NT_SUM_FLOW_4,
  NT_SUM_FLOW_16,
  NT_SUM_FLOW_64,
  NT_SUM_FLOW_256,
  NT_SUM_SIZE_4,
  NT_SUM_SIZE_16,
  NT_SUM_SIZE_64,
  NT_SUM_SIZE_256,
  NT_SUM_ONE_256, /* of 1: the total weight of the sum above, kept up because each trade needs it */
  NT_SUM_SIGN_8,
  NT_SUM_SIGN_64,
  NT_SUM_PERSISTENCE_64,
  NT_SUM_PRICE_SIZE_64, /* price less the first one */
  NT_SUM_LARGE_FLOW_32,
  NT_SUM_IMPACT_256, /* xv */
  NT_SUM_IMPACT_MOVE_256,
  NT_SUM_IMPACT_VOLUME_256,
  NT_SUM_FLOW_1S, /* these four decay with time instead */
  NT_SUM_SIZE_1S,
  NT_SUM_FLOW_10S,
  NT_SUM_SIZE_10S,
  NT_SUM_COUNT
};

/* Plain data in words of 8 bytes. Prices are raw; mids are doubled, so that they are integers, too. */
typedef struct nt_features {
  int64_t tick_size;
  int64_t ticks;
  int64_t mids;        /* ticks at which both sides were known */
  int64_t spreads;     /* of these, with a quote that was not implied */
  int64_t microprices; /* of these, with sizes */
  int64_t quotes;      /* with sizes */
  int64_t trades;
  int64_t impacts;  /* trades before which the mid was known, and before the next one */
  int64_t moves;    /* of the mid */
  int64_t age;      /* ticks with a mid since it moved */
  int64_t ts;       /* of the last tick */
  int64_t gap;      /* between the last two ticks */
  int64_t trade_ts; /* of the last trade */
  int64_t mid;
  int64_t first_mid;
  int64_t spread;
  int64_t bid; /* the last quote with sizes */
  int64_t ask;
  int64_t bid_size;
  int64_t ask_size;
  int64_t first_price; /* of a trade */
  int64_t trade_mid;   /* just before the last trade; NT_ABSENT without one */
  int64_t place;       /* of the last trade: price less mid, doubled; NT_ABSENT without a mid */
  int64_t place_spread;
  int64_t run;          /* trades on one side in a row, negative when sold */
  int32_t sign;         /* of the last trade */
  int32_t direction;    /* of the last move; 0 since a break */
  uint64_t breaks;      /* bits: what has not come since nt_features_resume */
  double volume;        /* of the last trade: g log(1 + q / E_256(q)) */
  double size_relative; /* of the last trade: log(q / E_256(q)) */
  double microprice;    /* less the first mid, doubled */
  double sums[NT_SUM_COUNT];
} nt_features;
_Static_assert(sizeof(nt_features) == (30 + NT_SUM_COUNT) * 8, "nt_features has no holes");

/* tick_size is the raw price step, > 0. */
void nt_features_init(nt_features *features, int64_t tick_size);

/* Take a tick of kind QUOTE or TRADE (anything that is not a trade counts as a quote). bid and ask are the quote after the tick, NT_ABSENT
 * while unknown; the sizes are NT_ABSENT where nothing carries them; implied: the quote was made up from trades. A trade's aggressor is
 * NT_SIDE_ or 0. Magnitudes up to NT_RAW_MAX, sizes >= 0, a trade's > 0. Times may be anything: a step back counts as none. */
void nt_features_update(nt_features *features, const nt_tick *tick, int64_t bid, int64_t ask, int64_t bid_size, int64_t ask_size,
                        int implied);

/* After a break (a new session, missing data) flows, signs, runs, returns, the range and the direction of moves begin anew: as if nothing
 * had been bought or sold, and the middle had always been where it is next. The jump is no move, the time no gap, and what the last trade
 * did is not known. Until a quote has come, a trade has no middle to be compared with. Scales stay: volatility, sizes, spread, depth, gaps,
 * impact. */
void nt_features_resume(nt_features *features);

/* Write the first count features, at most NT_FEATURE_COUNT, and return how many: NaN where nothing was seen to compute one from.
 * NT_ERR_NO_DATA before the first tick. */
int32_t nt_features_read(const nt_features *features, double *values, uint32_t count);

#endif
