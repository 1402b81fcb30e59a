/* Any bytes as a machine and its inputs: orders with every field arbitrary, ticks of all kinds, time, commands, deaths. After every input
 * what runs along is what a recount gives, reports make sense, and no limit is passed. With -DNT_LIBFUZZER an entry point for libFuzzer;
 * else a program that makes inputs from seeds (argument: how many). */
#include "machine_fixture.h"
#include "recount.h"

#define CHANNELS 2
#define CAPACITY 8
#define INSTRUMENTS 2
#define ACCOUNTS 2
#define TIME_MAX ((int64_t)1 << 60)
#define WIDEST ((int64_t)1 << 61)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---- values from bytes ------------------------------------------------------------------------------------------------------- */

typedef struct bytes {
  const uint8_t *at, *end;
} bytes;

/* Zero once there are no more. */
static uint64_t word(bytes *in, uint32_t count) {
  uint64_t value = 0;
  for (uint32_t i = 0; i < count && in->at < in->end; i++) value |= (uint64_t)*in->at++ << 8 * i;
  return value;
}

static uint32_t below(bytes *in, uint32_t count) {
  return (uint32_t)word(in, 1) % count;
}

static int64_t any_value(bytes *in) {
  static const int64_t edges[] = {
      NT_ABSENT,      INT64_MIN + 1,    -NT_RAW_MAX - 1,  -NT_RAW_MAX,   -1,       0, 1, NT_RAW_MAX - 1, NT_RAW_MAX,
      NT_RAW_MAX + 1, (int64_t)1 << 53, (int64_t)1 << 62, INT64_MAX - 1, INT64_MAX};
  uint32_t how = below(in, 4);
  if (how == 0) return edges[below(in, sizeof(edges) / sizeof(*edges))];
  return how == 1 ? (int64_t)word(in, 8) : how == 2 ? (int64_t)word(in, 3) : (int64_t)word(in, 1) - 64;
}

/* A limit: mostly off, else one that bites. */
static int64_t any_limit(bytes *in, int64_t least, int64_t most) {
  uint32_t how = below(in, 32);
  int64_t value = how < 29 ? NT_ABSENT : how == 29 ? least + (int64_t)word(in, 1) % 8 : how == 30 ? (int64_t)word(in, 3) : any_value(in);
  return value == NT_ABSENT || (value >= least && value <= most) ? value : NT_ABSENT;
}

/* ---- the machine ------------------------------------------------------------------------------------------------------------- */

/* What reports have said of the order that was accepted last in each slot. */
typedef struct told {
  uint64_t id;
  int64_t quantity, filled;
  uint32_t instrument;
  uint16_t account;
  uint16_t channel;
  uint8_t side, ends, acknowledged;
} told;

typedef struct course {
  nt_state *state;
  nt_effects effects;
  told slots[CHANNELS][CAPACITY];
  uint64_t next_id[CHANNELS];
  int64_t position[ACCOUNTS][INSTRUMENTS];
  nt_wide fees[ACCOUNTS];
  uint64_t accepted, fills, executions;
  int64_t ts, ts_recv, center, step;
  int huge; /* money has left the range in which sums are exact */
} course;

static void make_tables(course *c, bytes *in, machine_limits *limits) {
  nt_error error;
  uint32_t sizes = below(in, 4);
  nt_instrument *instrument = &limits->instrument;
  instrument->price_decimals = (int32_t)below(in, NT_DECIMALS_MAX + 1);
  instrument->quantity_decimals = (int32_t)below(in, NT_DECIMALS_MAX + 1);
  instrument->tick_size = sizes == 3 ? (int64_t)1 << 44 : 1 + (int64_t)below(in, 7);
  instrument->lot_size = sizes == 2 ? (int64_t)1 << 47 : 1 + (int64_t)below(in, 3);
  instrument->minimum_quantity = instrument->lot_size;
  instrument->maximum_price = sizes == 0 ? instrument->tick_size * 200 : NT_RAW_MAX;
  instrument->allow_negative_price = below(in, 3) == 0;
  c->step = instrument->tick_size;
  c->center = instrument->allow_negative_price ? 0 : 100 * c->step;
  for (uint32_t i = 0; i < INSTRUMENTS; i++) {
    instrument->symbol[0] = (char)('A' + i);
    CHECK_EQUAL(nt_instrument_add(c->state, instrument, &error), i);
  }
  for (uint32_t a = 0; a < ACCOUNTS; a++) {
    nt_account *account = &limits->account;
    account->name[0] = (char)('a' + a);
    account->cash = below(in, 4) == 0 ? any_limit(in, -NT_RAW_MAX, NT_RAW_MAX) : 1000000;
    if (account->cash == NT_ABSENT) account->cash = NT_RAW_MAX;
    account->self_trade = below(in, 4);
    account->max_open_orders = any_limit(in, 0, NT_RAW_MAX);
    account->max_orders_per_second = any_limit(in, 1, 1000000000);
    account->max_cancels_per_second = any_limit(in, 1, 1000000000);
    account->max_daily_loss = any_limit(in, 1, NT_RAW_MAX);
    account->max_gross_exposure = any_limit(in, 0, NT_RAW_MAX);
    account->max_open_notional = any_limit(in, 0, NT_RAW_MAX);
    account->max_daily_value = any_limit(in, 0, NT_RAW_MAX);
    account->max_duplicate_orders = any_limit(in, 1, NT_DUPLICATES_MAX);
    account->duplicate_window_ns = account->max_duplicate_orders == NT_ABSENT ? NT_ABSENT : 1 + (int64_t)word(in, 2);
    account->max_fills = any_limit(in, 1, NT_FILLS_MAX);
    account->fills_window_ns = account->max_fills == NT_ABSENT ? NT_ABSENT : 1 + (int64_t)word(in, 2);
    CHECK_EQUAL(nt_account_add(c->state, account, &error), a);
    for (uint32_t i = 0; i < INSTRUMENTS; i++) {
      nt_terms *terms = &limits->terms;
      terms->account = a;
      terms->instrument = i;
      terms->value_numerator = any_limit(in, 1, NT_RAW_MAX);
      if (terms->value_numerator == NT_ABSENT) terms->value_numerator = 10;
      terms->value_denominator = any_limit(in, 0, NT_RAW_MAX);
      if (terms->value_denominator == NT_ABSENT) terms->value_denominator = 1;
      terms->fee_taker = below(in, 3) == 0 ? (int64_t)word(in, 7) % NT_RAW_MAX : 3;
      terms->fee_maker = below(in, 3) == 0 ? -terms->fee_taker : 1;
      terms->restrictions = below(in, 8) == 0 ? below(in, 8) : 0;
      terms->max_order_quantity = any_limit(in, 0, NT_RAW_MAX);
      terms->max_order_notional = any_limit(in, 0, NT_RAW_MAX);
      terms->min_order_notional = any_limit(in, 0, NT_RAW_MAX);
      terms->max_position = any_limit(in, 0, NT_RAW_MAX);
      terms->price_collar_bps = any_limit(in, 0, 1000000);
      terms->max_quote_age_ns = any_limit(in, 0, NT_RAW_MAX);
      terms->initial_margin_bps = any_limit(in, 1, 1000000);
      CHECK_EQUAL(nt_terms_set(c->state, terms, &error), NT_OK);
    }
  }
}

static void make_course(course *c, bytes *in) {
  machine_limits limits = machine_defaults();
  memset(c, 0, sizeof(*c));
  limits.config.channels = CHANNELS;
  limits.config.order_capacity = CAPACITY;
  limits.config.instruments = INSTRUMENTS;
  limits.config.accounts = ACCOUNTS;
  limits.config.book_depth = NT_BOOK_LEVELS;
  limits.config.fill_model = 1 + below(in, NT_FILL_PROBABILISTIC);
  limits.config.latency_in_ns = (int64_t)(word(in, 1) % 4) * 10;
  limits.config.latency_out_ns = (int64_t)(word(in, 1) % 4) * 10;
  limits.config.measured_latency = below(in, 2);
  limits.config.slippage_ticks = below(in, 3);
  c->state = nt_state_create(&limits.config);
  CHECK(c->state != NULL);
  c->ts = c->ts_recv = 1000000000;
  for (uint32_t i = 0; i < CHANNELS; i++) c->next_id[i] = 1;
  make_tables(c, in, &limits);
}

/* ---- what must hold ---------------------------------------------------------------------------------------------------------- */

static void hears_fill(course *c, told *order, const nt_report *report) {
  CHECK(order->acknowledged && report->last_quantity > 0 && report->execution_id == ++c->executions);
  CHECK(report->liquidity == NT_LIQUIDITY_MAKER || report->liquidity == NT_LIQUIDITY_TAKER);
  CHECK(report->last_price != NT_ABSENT);
  order->filled += report->last_quantity;
  CHECK_EQUAL(report->order_status == NT_STATUS_FILLED, report->leaves_quantity == 0);
  c->position[report->account][report->instrument] += report->side == NT_SIDE_BUY ? report->last_quantity : -report->last_quantity;
  c->fees[report->account] += report->fee;
  c->fills++;
}

/* candidate: the order of this input, which may already have its first answers. */
static void hears(course *c, told *candidate, const nt_report *report) {
  CHECK(report->exec_type >= NT_EXEC_NEW && report->exec_type <= NT_EXEC_TRIGGERED && report->channel < CHANNELS);
  CHECK(report->order_status >= NT_STATUS_PENDING_NEW && report->order_status <= NT_STATUS_PENDING_REPLACE);
  CHECK(report->ts_event <= report->ts_recv && report->ts_recv >= c->ts_recv && report->seq == 0 && report->reserved == 0);
  c->ts_recv = report->ts_recv;
  CHECK_EQUAL(report->reason != 0 || report->check == 0, 1);
  if (report->exec_type == NT_EXEC_DENIED) {
    CHECK(report->reason != 0 && report->check != 0 && report->unit != 0 && report->order_status == NT_STATUS_DENIED);
    return;
  }
  int refused = report->exec_type == NT_EXEC_CANCEL_REJECTED || report->exec_type == NT_EXEC_REPLACE_REJECTED;
  if (refused) CHECK(report->reason != 0);
  if (report->client_order_id == 0) {
    CHECK(refused);
    return;
  }
  told *order = &c->slots[report->channel][report->client_order_id % CAPACITY];
  if (candidate != NULL && candidate->id == report->client_order_id && candidate->channel == report->channel) order = candidate;
  if (refused && (order->id != report->client_order_id || report->order_status == NT_STATUS_REJECTED)) return; /* of no order that works */
  CHECK_EQUAL(order->id, report->client_order_id);
  CHECK(report->instrument == order->instrument && report->account == order->account && report->side == order->side);
  if (refused) return;
  CHECK_EQUAL(order->ends, 0); /* nothing follows the end, but answers to requests that came too late */
  if (report->exec_type == NT_EXEC_NEW) CHECK_EQUAL(order->acknowledged++, 0);
  if (report->exec_type == NT_EXEC_REPLACED) order->quantity = report->cumulative_quantity + report->leaves_quantity;
  if (report->exec_type == NT_EXEC_TRADE) hears_fill(c, order, report);
  CHECK_EQUAL(report->cumulative_quantity, order->filled);
  order->ends = (uint8_t)nt_is_terminal(report->order_status);
  CHECK_EQUAL(report->leaves_quantity, order->ends ? 0 : order->quantity - order->filled);
}

/* Limits that nothing but an accepted request can bring nearer hold at all times. */
static void keeps_limits(const course *c, uint32_t account, uint32_t instrument) {
  const nt_pair *pair = &c->state->pairs[nt_pair_index(c->state, account, instrument)];
  const nt_ledger *ledger = &c->state->ledgers[nt_pair_index(c->state, account, instrument)];
  nt_wide limit = pair->max_position < NT_RAW_MAX ? pair->max_position : NT_RAW_MAX;
  CHECK(nt_absolute(pair->position) <= limit);
  CHECK((nt_wide)pair->position + pair->working_buy <= limit && (nt_wide)pair->working_sell - pair->position <= limit);
  if ((pair->restrictions & NT_RESTRICT_BUY) != 0) CHECK(pair->working_buy == 0 && ledger->reduce_buy == 0 && pair->position <= 0);
  if ((pair->restrictions & NT_RESTRICT_SELL) != 0) CHECK(pair->working_sell == 0 && ledger->reduce_sell == 0 && pair->position >= 0);
  if ((pair->restrictions & NT_RESTRICT_SHORT) != 0) CHECK(pair->position >= 0 && pair->working_sell <= pair->position);
}

static int64_t floor_money(nt_wide product, const nt_pair *pair) {
  nt_wide scaled, numerator = pair->value_numerator;
  if (__builtin_mul_overflow(product, numerator, &scaled)) return product < 0 ? -INT64_MAX : INT64_MAX;
  nt_wide quotient = scaled / pair->value_denominator;
  return nt_saturate(quotient - (scaled % pair->value_denominator < 0));
}

static void keeps_money(course *c, uint32_t account) {
  const nt_book_keeping *keeping = &c->state->keeping[account];
  nt_wide realized = 0, unrealized = 0, fees = 0;
  for (uint32_t i = 0; i < INSTRUMENTS; i++) {
    const nt_pair *pair = &c->state->pairs[nt_pair_index(c->state, account, i)];
    const nt_ledger *ledger = &c->state->ledgers[nt_pair_index(c->state, account, i)];
    realized += ledger->realized_money;
    unrealized += ledger->unrealized_money;
    fees += ledger->fees;
    CHECK_EQUAL(ledger->realized_money, floor_money(ledger->realized, pair));
    if (pair->position == 0) CHECK(ledger->cost == 0 && ledger->unrealized_money == 0);
    if (pair->position == 0) continue;
    int64_t mark = c->state->markets[i].mark;
    nt_wide won = mark == NT_ABSENT ? 0 : (nt_wide)mark * pair->position - ledger->cost; /* without a price it is worth what it cost */
    CHECK_EQUAL(ledger->unrealized_money, floor_money(won, pair));
    if (nt_absolute(ledger->unrealized_money) > WIDEST) c->huge = 1;
  }
  if (nt_absolute(realized) > WIDEST || nt_absolute(unrealized) > WIDEST || nt_absolute(c->fees[account]) > WIDEST) c->huge = 1;
  if (c->huge) return;
  CHECK(keeping->realized == realized && keeping->unrealized == unrealized && keeping->fees == fees && fees == c->fees[account]);
  CHECK(nt_account_equity(keeping) == keeping->start_cash + realized + unrealized - fees);
}

static void holds(course *c) {
  nt_state *state = c->state;
  recount_state(state);
  CHECK_EQUAL(state->counters.fills, c->fills);
  CHECK_EQUAL(state->counters.orders_accepted, c->accepted);
  for (uint32_t a = 0; a < ACCOUNTS; a++) {
    const nt_book_keeping *keeping = &state->keeping[a];
    CHECK(keeping->open_orders <= keeping->max_open_orders);
    if (keeping->max_open_notional != INT64_MAX) CHECK(keeping->open_notional <= keeping->max_open_notional);
    CHECK(keeping->day_value <= keeping->max_daily_value);
    CHECK(keeping->state >= NT_STATE_ACTIVE && keeping->state <= NT_STATE_HALTED);
    for (uint32_t i = 0; i < INSTRUMENTS; i++) {
      CHECK_EQUAL(state->pairs[nt_pair_index(state, a, i)].position, c->position[a][i]);
      keeps_limits(c, a, i);
    }
    keeps_money(c, a);
  }
}

/* ---- inputs ------------------------------------------------------------------------------------------------------------------ */

/* An order that was accepted, by the rules that need no history. */
static void sound(const course *c, const nt_order *order) {
  CHECK(order->account < ACCOUNTS && order->instrument < INSTRUMENTS && order->client_order_id != 0);
  const nt_market *market = &c->state->markets[order->instrument];
  const nt_pair *pair = &c->state->pairs[nt_pair_index(c->state, order->account, order->instrument)];
  CHECK(order->quantity >= market->minimum_quantity && order->quantity <= NT_RAW_MAX && order->quantity <= pair->max_order_quantity);
  CHECK(order->quantity % market->lot_size == 0 && pair->has_terms);
  for (int i = 0; i < 2; i++) {
    int64_t price = i == 0 ? order->price : order->trigger_price;
    if (price == NT_ABSENT) continue;
    CHECK(price % market->tick_size == 0 && (int64_t)nt_magnitude(price) <= market->maximum_price);
    CHECK(price > 0 || market->allow_negative_price);
  }
}

static void apply(course *c, nt_input input) {
  told candidate = {0};
  int news = input.kind == NT_INPUT_ORDER && input.order->message == NT_MESSAGE_NEW, result;
  if (news) {
    const nt_order *order = input.order;
    candidate = (told){.id = order->client_order_id, .quantity = order->quantity, .instrument = order->instrument};
    candidate.account = order->account;
    candidate.side = order->side;
    candidate.channel = input.channel;
  }
  input.ts = c->ts;
  do {
    result = nt_apply(c->state, &input, &c->effects);
    CHECK(c->effects.count <= NT_EFFECTS_MAX && (result == NT_APPLIED || c->effects.count == NT_EFFECTS_MAX));
    news &= c->effects.accepted != 0 || result == NT_APPLY_AGAIN;
    for (uint32_t i = 0; i < c->effects.count; i++) hears(c, news && result == NT_APPLIED ? &candidate : NULL, &c->effects.reports[i]);
  } while (result == NT_APPLY_AGAIN);
  if (news) {
    c->accepted++;
    c->slots[input.channel][candidate.id % CAPACITY] = candidate;
    sound(c, input.order);
  }
  holds(c);
}

static int64_t near(const course *c, bytes *in) {
  return c->center + ((int64_t)below(in, 16) - 8) * c->step;
}

/* One field becomes anything. */
static void disturb(bytes *in, void *record, size_t bytes_of) {
  uint32_t offset = below(in, (uint32_t)bytes_of / 8) * 8;
  int64_t value = any_value(in);
  memcpy((uint8_t *)record + offset, &value, 8);
}

static void fill(bytes *in, void *record, size_t count) {
  for (size_t i = 0; i < count; i++) ((uint8_t *)record)[i] = (uint8_t)word(in, 1);
}

/* An order whose fields fit its kind. */
static nt_order new_order(course *c, bytes *in, uint32_t channel) {
  uint32_t shape = (uint32_t)word(in, 2), more = (uint32_t)word(in, 1);
  const nt_market *market = &c->state->markets[shape >> 1 & 1];
  nt_order order = {.client_order_id = c->next_id[channel],
                    .ts = c->ts,
                    .price = NT_ABSENT,
                    .trigger_price = NT_ABSENT,
                    .quantity = market->lot_size * (1 + (int64_t)(shape >> 2 & 7)),
                    .instrument = shape >> 1 & 1,
                    .account = shape >> 5 & 1,
                    .message = NT_MESSAGE_NEW,
                    .side = (uint8_t)(1 + (shape & 1)),
                    .type = (uint8_t)((shape >> 6 & 7) < 4 ? NT_ORDER_LIMIT : 1 + (shape >> 6 & 7) % 6),
                    .time_in_force = (uint8_t)(1 + (shape >> 9 & 7) % 5)};
  int limit = order.type == NT_ORDER_LIMIT, waits = order.type > NT_ORDER_LIMIT;
  if (waits && order.time_in_force >= NT_TIF_IOC && order.time_in_force <= NT_TIF_FOK) order.time_in_force = NT_TIF_GTC;
  if (limit || order.type == NT_ORDER_STOP_LIMIT) order.price = near(c, in);
  if (waits && order.type != NT_ORDER_TRAILING_STOP) order.trigger_price = near(c, in);
  if (order.type == NT_ORDER_TRAILING_STOP) order.trailing_offset = c->step * (1 + (int64_t)below(in, 4));
  if (order.time_in_force == NT_TIF_GTD) order.expire_ts = c->ts + 1 + (int64_t)below(in, 100);
  if ((more & 3) == 0) order.flags |= NT_ORDER_REDUCE_ONLY;
  if ((more & 12) == 4 && limit) order.flags |= NT_ORDER_POST_ONLY;
  if ((more & 12) == 8 && limit) order.display_quantity = market->lot_size;
  if ((more & 112) == 16 && order.client_order_id > 1) {
    uint64_t back = 1 + below(in, 3);
    order.list_id = order.client_order_id > back ? order.client_order_id - back : 1;
    order.contingency = (uint8_t)(1 + (more >> 7));
    if (order.contingency == NT_CONTINGENCY_BRACKET) order.flags |= NT_ORDER_REDUCE_ONLY;
  }
  if (order.trailing_offset != 0 || order.expire_ts != 0 || order.display_quantity != 0 || order.contingency != 0)
    order.flags |= NT_ORDER_EXTENDED;
  return order;
}

static nt_order request(course *c, bytes *in, uint32_t channel) {
  uint32_t shape = (uint32_t)word(in, 2);
  nt_order order = {.client_order_id = c->next_id[channel],
                    .ts = c->ts,
                    .price = NT_ABSENT,
                    .trigger_price = NT_ABSENT,
                    .quantity = NT_ABSENT,
                    .message = (uint8_t)(NT_MESSAGE_REPLACE + (shape & 3) % 3),
                    .flags = NT_ORDER_EXTENDED,
                    .original_client_order_id = c->next_id[channel] - 1 - (shape >> 2 & 7)};
  if (order.message == NT_MESSAGE_MASS_CANCEL) {
    order.original_client_order_id = 0;
    order.instrument = (shape & 32) != 0 ? NT_NONE : shape >> 6 & 1;
    order.account = shape >> 7 & 1;
  } else if (order.message == NT_MESSAGE_REPLACE) {
    if ((shape & 32) != 0) order.quantity = c->state->markets[0].lot_size * (int64_t)(shape >> 6 & 15);
    if ((shape & 1024) != 0) order.price = near(c, in);
    if ((shape & 6144) == 0) order.trigger_price = near(c, in);
  }
  return order;
}

static void send_order(course *c, bytes *in, uint32_t how) {
  uint32_t channel = how >> 6 & 1;
  nt_order order;
  if ((how & 62) == 62) {
    fill(in, &order, sizeof(order));
  } else {
    order = (how & 3) == 3 ? request(c, in, channel) : new_order(c, in, channel);
    if ((how & 60) == 0) disturb(in, &order, sizeof(order));
  }
  if ((order.flags & NT_ORDER_EXTENDED) == 0) memset((uint8_t *)&order + 64, 0, 64); /* as the loop takes it */
  if (order.client_order_id >= c->next_id[channel] && order.client_order_id < UINT64_MAX) c->next_id[channel] = order.client_order_id + 1;
  apply(c, (nt_input){.kind = NT_INPUT_ORDER, .channel = (uint16_t)channel, .order = &order});
}

static void send_tick(course *c, bytes *in, uint32_t how) {
  static const uint8_t kinds[] = {NT_TICK_TRADE, NT_TICK_TRADE,      NT_TICK_TRADE,   NT_TICK_QUOTE, NT_TICK_QUOTE,   NT_TICK_LEVEL,
                                  NT_TICK_LEVEL, NT_TICK_BOOK_CLEAR, NT_TICK_SESSION, NT_TICK_GAP,   NT_TICK_LATENCY, NT_TICK_CLOCK};
  nt_tick tick = {.instrument = how & 1, .kind = kinds[below(in, sizeof(kinds))], .flags = (uint8_t)(how >> 1 & 1)};
  if (tick.kind == NT_TICK_SESSION) {
    tick.price = below(in, 8) == 0 ? NT_SESSION_CLOSED + below(in, 2) : NT_SESSION_OPEN;
    tick.size = 20000 + (int64_t)below(in, 3);
  } else if (tick.kind == NT_TICK_QUOTE) {
    tick.bid_price = near(c, in);
    tick.ask_price = tick.bid_price + (int64_t)below(in, 4) * c->step;
    tick.bid_size = below(in, 32);
    tick.ask_size = below(in, 32);
  } else if (tick.kind == NT_TICK_LATENCY) {
    tick.price = below(in, 40);
    tick.size = below(in, 40);
  } else {
    tick.price = near(c, in);
    tick.size = c->state->markets[0].lot_size * (int64_t)below(in, 40);
    tick.aggressor = tick.kind == NT_TICK_TRADE ? (int64_t)below(in, 3) : 1 + (int64_t)below(in, 2);
    if (tick.kind == NT_TICK_LEVEL) tick.trade_id = nt_sum(c->state->depths[tick.instrument].update_id, below(in, 2));
  }
  if ((how & 62) == 62) fill(in, &tick, sizeof(tick));
  if ((how & 60) == 0) disturb(in, &tick, sizeof(tick));
  tick.ts_event = tick.ts_recv = c->ts; /* the loop stamps and orders them */
  apply(c, (nt_input){.kind = NT_INPUT_TICK, .tick = &tick});
}

static void send_command(course *c, bytes *in) {
  nt_command command = {.kind = (uint8_t)(1 + below(in, 4)), .state = NT_STATE_ACTIVE, .account = (uint16_t)below(in, 4)};
  if (below(in, 2) == 0) command.state = (uint8_t)(1 + below(in, 3));
  if (command.account == 3) command.account = 65535;
  apply(c, (nt_input){.kind = NT_INPUT_COMMAND, .command = &command});
}

static void step(course *c, bytes *in) {
  uint32_t what = (uint32_t)word(in, 1), how = (uint32_t)word(in, 1);
  int64_t passes = how >> 7 == 0 ? how & 31 : (how & 64) != 0 ? (int64_t)word(in, 2) : 0;
  c->ts = c->ts + passes < TIME_MAX ? c->ts + passes : TIME_MAX;
  if (what < 110) {
    send_order(c, in, how);
  } else if (what < 220) {
    send_tick(c, in, how);
  } else if (what < 235) {
    apply(c, (nt_input){.kind = NT_INPUT_TIMER});
  } else if (what < 243) {
    send_command(c, in);
  } else if (what < 248) {
    apply(c, (nt_input){.kind = how & 1 ? NT_INPUT_DEATH : NT_INPUT_ATTACH, .channel = (uint16_t)(how >> 1 & 1)});
  } else if (what < 252) { /* a long time */
    int64_t longer = (int64_t)(word(in, 8) >> (4 + word(in, 1) % 60));
    c->ts = longer < TIME_MAX - c->ts ? c->ts + longer : TIME_MAX;
    apply(c, (nt_input){.kind = NT_INPUT_TIMER});
  } else if (what < 255 || in->at == in->end) { /* prices wander */
    c->center += ((int64_t)below(in, 9) - 4) * c->step;
  } else {
    nt_tick tick = {.kind = NT_TICK_END, .ts_event = c->ts, .ts_recv = c->ts};
    apply(c, (nt_input){.kind = NT_INPUT_TICK, .tick = &tick});
  }
}

/* Everybody leaves: no order and no reservation remains, unless the tape has ended. */
static void leave(course *c) {
  for (uint16_t channel = 0; channel < CHANNELS; channel++) apply(c, (nt_input){.kind = NT_INPUT_DEATH, .channel = channel});
  while (nt_next_due(c->state) != INT64_MAX) {
    if (nt_next_due(c->state) > c->ts) c->ts = nt_next_due(c->state);
    apply(c, (nt_input){.kind = NT_INPUT_TIMER});
  }
  for (uint32_t channel = 0; channel < CHANNELS && !c->state->ended; channel++) CHECK_EQUAL(c->state->clients[channel].open, 0);
  for (uint32_t a = 0; a < ACCOUNTS && !c->state->ended; a++)
    CHECK(c->state->keeping[a].open_orders == 0 && c->state->keeping[a].open_notional == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static course c;
  bytes in = {data, data + size};
  make_course(&c, &in);
  while (in.at < in.end) step(&c, &in);
  leave(&c);
  nt_state_destroy(c.state);
  return 0;
}

#ifndef NT_LIBFUZZER
int main(int argc, char **argv) {
  long count = argc > 1 ? atol(argv[1]) : 1500;
  uint64_t seed = 1;
  for (long i = 0; i < count; i++) {
    static uint8_t input[2048];
    for (size_t k = 0; k < sizeof(input); k++) input[k] = (uint8_t)(check_random(&seed) >> 32);
    (void)LLVMFuzzerTestOneInput(input, sizeof(input));
  }
  return 0;
}
#endif
