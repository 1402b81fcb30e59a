/* Instruments and their market: rows, the quote, and the one-tick band that a feed of trades implies. */
#include <string.h>

#include "segment.h"
#include "state.h"

static int64_t power_of_ten(int32_t exponent) {
  int64_t value = 1;
  for (int32_t i = 0; i < exponent; i++) value *= 10;
  return value;
}

static int terminated(const char *text, size_t bytes) {
  return text[0] != 0 && memchr(text, 0, bytes) != NULL;
}

static int is_zero(const void *memory, size_t bytes) {
  const uint8_t *byte = memory;
  for (size_t i = 0; i < bytes; i++) {
    if (byte[i] != 0) return 0;
  }
  return 1;
}

static int32_t refuse(nt_error *error, const char *field, int64_t observed, int64_t limit) {
  nt_error_set(error, NT_ERR_INVALID, 0, observed, limit, "instrument: %s is outside its range", field);
  return NT_ERR_INVALID;
}

int32_t nt_instrument_add(nt_state *state, const nt_instrument *in, nt_error *error) {
  if (!terminated(in->symbol, sizeof(in->symbol))) return refuse(error, "symbol", NT_ABSENT, NT_NAME_BYTES - 1);
  if (!terminated(in->currency, sizeof(in->currency))) return refuse(error, "currency", NT_ABSENT, 7);
  if (in->price_decimals < 0 || in->price_decimals > NT_DECIMALS_MAX)
    return refuse(error, "price_decimals", in->price_decimals, NT_DECIMALS_MAX);
  if (in->quantity_decimals < 0 || in->quantity_decimals > NT_DECIMALS_MAX)
    return refuse(error, "quantity_decimals", in->quantity_decimals, NT_DECIMALS_MAX);
  if (in->tick_size <= 0 || in->tick_size > NT_RAW_MAX) return refuse(error, "tick_size", in->tick_size, NT_RAW_MAX);
  if (in->lot_size <= 0 || in->lot_size > NT_RAW_MAX) return refuse(error, "lot_size", in->lot_size, NT_RAW_MAX);
  if (in->minimum_quantity <= 0 || in->minimum_quantity > NT_RAW_MAX)
    return refuse(error, "minimum_quantity", in->minimum_quantity, NT_RAW_MAX);
  if (in->maximum_price <= 0 || in->maximum_price > NT_RAW_MAX) return refuse(error, "maximum_price", in->maximum_price, NT_RAW_MAX);
  if (in->allow_negative_price > 1) return refuse(error, "allow_negative_price", in->allow_negative_price, 1);
  if (in->initial_session < NT_SESSION_OPEN || in->initial_session > NT_SESSION_HALTED)
    return refuse(error, "initial_session", in->initial_session, NT_SESSION_HALTED);
  if (!is_zero(in->reserved, sizeof(in->reserved))) return refuse(error, "reserved", NT_ABSENT, 0);
  nt_wide slippage = (nt_wide)in->tick_size * state->slippage_ticks;
  if (slippage > NT_RAW_MAX) return refuse(error, "tick_size times slippage_ticks", nt_saturate(slippage), NT_RAW_MAX);
  for (uint32_t i = 0; i < state->instrument_count; i++) {
    if (strcmp(state->instruments[i].symbol, in->symbol) == 0) {
      nt_error_set(error, NT_ERR_NAME_IN_USE, 0, i, NT_ABSENT, "instrument %s exists already", in->symbol);
      return NT_ERR_NAME_IN_USE;
    }
  }
  if (state->instrument_count == state->instrument_capacity) {
    nt_error_set(error, NT_ERR_FULL, 0, (int64_t)state->instrument_count + 1, state->instrument_capacity, "instrument table is full");
    return NT_ERR_FULL;
  }
  uint32_t index = state->instrument_count++;
  state->instruments[index] = *in;
  state->quantity_scale[index] = power_of_ten(in->quantity_decimals);
  nt_divisor tick = nt_divisor_of(in->tick_size), lot = nt_divisor_of(in->lot_size);
  nt_market *market = &state->markets[index];
  market->bid = market->ask = market->last = market->mark = market->quote_ts = NT_ABSENT;
  market->tick_inverse = tick.inverse;
  market->tick_bound = tick.bound;
  market->tick_shift = (uint8_t)tick.shift;
  market->lot_inverse = lot.inverse;
  market->lot_bound = lot.bound;
  market->lot_shift = (uint8_t)lot.shift;
  market->tick_size = in->tick_size;
  market->lot_size = in->lot_size;
  market->maximum_price = in->maximum_price;
  market->minimum_quantity = in->minimum_quantity;
  market->slippage = (int64_t)slippage;
  market->session = (uint8_t)in->initial_session;
  market->allow_negative_price = (uint8_t)in->allow_negative_price;
  nt_quote *quote = &state->quotes[index];
  quote->bid_price = quote->ask_price = quote->bid_size = quote->ask_size = quote->last_price = quote->last_size = NT_ABSENT;
  quote->ts_event = quote->ts_recv = NT_ABSENT;
  quote->session = in->initial_session;
  nt_venue_book *book = &state->books[index];
  nt_book_init(book);
  book->best[0] = book->best[1] = NT_ABSENT;
  for (int way = 0; way < 2; way++) {
    book->latency_ns[way] = state->latency_ns[way];
    book->last_due[way] = NT_ABSENT;
  }
  nt_features_init(&state->features[index], in->tick_size);
  state->depths[index].touched[0] = state->depths[index].touched[1] = 1; /* nothing shows yet, not even that it is empty */
  nt_market_dirty(state, index);
  return (int32_t)index;
}

void nt_market_dirty(nt_state *state, uint32_t instrument) {
  if (state->markets[instrument].dirty) return;
  state->markets[instrument].dirty = 1;
  state->dirty_markets[state->dirty_market_count++] = instrument;
}

/* A feed of trades has no quote: keep a one-tick band around its prints, and take the aggressor from the side of the band that a print
 * hits (tick rule). The first print only opens the band: nobody knows its aggressor. */
static void imply_quote(nt_market *market, nt_tick *tick) {
  int64_t price = tick->price, step = market->tick_size;
  if (tick->aggressor != 0) { /* the feed says which side was hit */
    market->ask = tick->aggressor == NT_SIDE_BUY ? price : price + step;
    market->bid = market->ask - step;
    return;
  }
  tick->flags |= NT_TICK_IMPLIED;
  if (market->ask == NT_ABSENT) {
    market->ask = price;
    market->bid = price - step;
    return;
  }
  if (price > market->ask) {
    market->ask = price;
    market->bid = price - step;
  } else if (price < market->bid) {
    market->bid = price;
    market->ask = price + step;
  }
  tick->aggressor = price >= market->ask ? NT_SIDE_BUY : NT_SIDE_SELL;
}

/* Take a quote, trade or session tick whose instrument exists and whose values are in range into the rows; completes the tick. */
void nt_market_tick(nt_state *state, nt_tick *tick) {
  nt_market *market = &state->markets[tick->instrument];
  nt_quote *quote = &state->quotes[tick->instrument];
  nt_book_settle(state, tick->instrument);
  if (tick->kind == NT_TICK_QUOTE && market->booked) return; /* readers see the tick, the book is the quote */
  if (tick->kind == NT_TICK_TRADE) {
    if (!market->booked && (market->quote_ts == NT_ABSENT || market->implied)) {
      market->implied = 1;
      imply_quote(market, tick);
      market->quote_ts = tick->ts_recv;
    } else if (tick->aggressor == 0) {
      tick->aggressor = market->ask != NT_ABSENT && tick->price >= market->ask ? NT_SIDE_BUY
                        : tick->price <= market->bid                           ? NT_SIDE_SELL
                                                                               : 0;
    }
    market->last = market->mark = tick->price;
    market->prints++;
    quote->last_price = tick->price;
    quote->last_size = tick->size;
  } else if (tick->kind == NT_TICK_QUOTE) {
    market->implied = 0;
    market->bid = tick->bid_price;
    market->ask = tick->ask_price;
    if (market->prints == 0) market->mark = (tick->bid_price + tick->ask_price) >> 1;
    market->quote_ts = tick->ts_recv;
    quote->bid_size = tick->bid_size;
    quote->ask_size = tick->ask_size;
  } else {
    market->session = (uint8_t)tick->price;
    quote->session = market->session;
    if (tick->price == NT_SESSION_OPEN) nt_features_resume(&state->features[tick->instrument]);
  }
  quote->bid_price = market->bid;
  quote->ask_price = market->ask;
  quote->ts_event = tick->ts_event;
  quote->ts_recv = tick->ts_recv;
  quote->flags = market->implied ? NT_TICK_IMPLIED : quote->flags & NT_TICK_STALE;
  if (tick->kind != NT_TICK_SESSION) {
    nt_features_update(&state->features[tick->instrument], tick, market->bid, market->ask, market->implied ? NT_ABSENT : quote->bid_size,
                       market->implied ? NT_ABSENT : quote->ask_size, market->implied);
  }
  nt_market_dirty(state, tick->instrument);
}
