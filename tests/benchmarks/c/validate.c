/* Validation of new orders: 1,000 instruments, 10,000 working orders, instruments at random.
 *
 *   validate ROUNDS
 *
 * Per order: copied from a ring-like array as the kernel does, checked, and fenced from the next one, so that calls do not overlap. What
 * the same loop takes without the check is subtracted. accepted: every check on and passed. without: one check switched off. denied: the
 * named check refuses, and those before it passed. */
#include "fixture.h"
#include "state.h"

#define INSTRUMENTS 1000
#define WORKING 10000
#define ORDER_CAPACITY 32768
#define ORDERS 4096 /* different requests */
#define BATCH 1024
#define BATCHES 64 /* of one variant in one round */

typedef struct desk {
  nt_state *state;
  nt_order *orders;
  nt_market *markets; /* as they were before a variant */
  nt_pair *pairs;
  nt_book_keeping keeping;
  uint64_t random;
} desk;

typedef struct variant {
  const char *name;
  uint16_t reason; /* that every order gets, 0: accepted */
  void (*prepare)(desk *at, nt_market *market, nt_pair *pair);
  void (*change)(nt_order *order);
} variant;

static uint32_t draw(desk *at, uint32_t below) {
  at->random = at->random * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)((at->random >> 33) % below);
}

static inline void fence(void) {
#if defined(__x86_64__)
  __asm__ volatile("lfence" : : : "memory");
#elif defined(__aarch64__)
  __asm__ volatile("isb" : : : "memory");
#else
  __asm__ volatile("" : : : "memory");
#endif
}

static nt_order random_order(desk *at) {
  nt_order order = fixture_order(draw(at, INSTRUMENTS));
  order.side = draw(at, 2) == 0 ? NT_SIDE_BUY : NT_SIDE_SELL;
  order.price = FIXTURE_MIDDLE + (order.side == NT_SIDE_BUY ? -5 : 5) * (int64_t)(1 + draw(at, 20));
  order.quantity = 1 + draw(at, 10);
  return order;
}

static void apply(desk *at, const nt_input *input) {
  static nt_effects effects;
  while (nt_apply(at->state, input, &effects) == NT_APPLY_AGAIN) {
  }
}

static desk make(void) {
  nt_kernel_config config = {
      .clock = NT_CLOCK_TAPE, .channels = 1, .order_capacity = ORDER_CAPACITY, .instruments = INSTRUMENTS, .accounts = 1};
  nt_account account = fixture_account();
  nt_error error;
  account.cash = account.max_gross_exposure = account.max_open_notional = account.max_daily_value = NT_RAW_MAX;
  account.max_order_age_ns = (int64_t)3600 * 1000000000;
  account.allowed_order_types = 1 << NT_ORDER_MARKET | 1 << NT_ORDER_LIMIT;
  account.allowed_times_in_force = 1 << NT_TIF_DAY | 1 << NT_TIF_GTC | 1 << NT_TIF_IOC;
  account.max_duplicate_orders = 4;
  account.duplicate_window_ns = 500;
  account.max_fills = 100;
  account.fills_window_ns = 1000000000;
  account.self_trade = NT_SELF_TRADE_CANCEL_NEWEST;
  desk at = {.state = nt_state_create(&config), .random = 7};
  if (at.state == NULL) bench_fail("no memory for the state", 0);
  for (uint32_t i = 0; i < INSTRUMENTS; i++) {
    nt_instrument instrument = fixture_instrument(i);
    fixture_check(nt_instrument_add(at.state, &instrument, &error), "nt_instrument_add");
  }
  fixture_check(nt_account_add(at.state, &account, &error), "nt_account_add");
  for (uint32_t i = 0; i < INSTRUMENTS; i++) {
    nt_terms terms = fixture_terms(i);
    terms.value_denominator = 100; /* money is rounded */
    terms.min_order_notional = 1;
    terms.initial_margin_bps = 1000;
    nt_tick quote = fixture_quote(i, 1);
    fixture_check(nt_terms_set(at.state, &terms, &error), "nt_terms_set");
    nt_input input = {.kind = NT_INPUT_TICK, .ts = 1, .tick = &quote};
    apply(&at, &input);
  }
  uint64_t id = 0;
  for (uint32_t i = 0; i < WORKING; i++) {
    nt_order order = random_order(&at);
    id += 1 + draw(&at, 3);
    order.client_order_id = id;
    nt_input input = {.kind = NT_INPUT_ORDER, .ts = 1000000 + i, .order = &order};
    apply(&at, &input);
  }
  if (at.state->keeping[0].open_orders != WORKING) bench_fail("working orders", at.state->keeping[0].open_orders);
  at.orders = calloc(ORDERS, sizeof(nt_order));
  at.markets = malloc(INSTRUMENTS * sizeof(nt_market));
  at.pairs = malloc(INSTRUMENTS * sizeof(nt_pair));
  if (at.orders == NULL || at.markets == NULL || at.pairs == NULL) bench_fail("no memory for orders", ORDERS);
  for (uint32_t i = 0; i < ORDERS; i++) { /* ids whose slots are free, in no order */
    at.orders[i] = random_order(&at);
    at.orders[i].client_order_id = id + 1 + draw(&at, ORDER_CAPACITY - (uint32_t)id - 1);
  }
  memcpy(at.markets, at.state->markets, INSTRUMENTS * sizeof(nt_market));
  memcpy(at.pairs, at.state->pairs, INSTRUMENTS * sizeof(nt_pair));
  at.keeping = at.state->keeping[0];
  return at;
}

/* ---- variants ---------------------------------------------------------------------------------------------------------------- */

#define PREPARE(name, statement)                                 \
  static void name(desk *at, nt_market *market, nt_pair *pair) { \
    nt_book_keeping *keeping = &at->state->keeping[0];           \
    (void)keeping, (void)market, (void)pair;                     \
    statement;                                                   \
  }
#define CHANGE(name, statement)       \
  static void name(nt_order *order) { \
    statement;                        \
  }

PREPARE(no_quantity, pair->max_order_quantity = INT64_MAX)
PREPARE(no_freshness, pair->max_quote_age_ns = INT64_MAX)
PREPARE(no_collar, pair->price_collar_bps = INT64_MAX)
PREPARE(no_notional, pair->max_order_notional = INT64_MAX)
PREPARE(no_open_orders, keeping->max_open_orders = INT64_MAX)
PREPARE(no_position, pair->max_position = INT64_MAX)
PREPARE(no_rate, keeping->rate_interval_ns = 0)
PREPARE(no_minimum, pair->minimum_product = 0)
PREPARE(no_exposure, keeping->max_gross_exposure = keeping->max_open_notional = INT64_MAX)
PREPARE(no_buying_power, pair->initial_margin_bps = 0)
PREPARE(no_repeats, keeping->duplicate_window_ns = keeping->fills_window_ns = 0)
PREPARE(no_daily_value, keeping->max_daily_value = INT64_MAX)
PREPARE(no_self_trade, keeping->self_trade = 0)
PREPARE(no_value, (keeping->values = 0, no_minimum(at, market, pair), no_repeats(at, market, pair), no_self_trade(at, market, pair)))
PREPARE(halted, (keeping->state = NT_STATE_HALTED, keeping->state_reason = 0))
PREPARE(loss, (keeping->state = NT_STATE_HALTED, keeping->state_reason = NT_REASON_DAILY_LOSS_LIMIT))
PREPARE(closed, market->session = NT_SESSION_CLOSED)
PREPARE(stale, market->quote_ts = -(int64_t)7200 * 1000000000)
PREPARE(little_notional, pair->product_limit = 1)
PREPARE(no_room, keeping->max_open_orders = 1)
PREPARE(little_position, pair->max_position = 0)
PREPARE(too_fast, keeping->rate_next_ns = at->state->now + 1000000000)
PREPARE(restricted, pair->restrictions = NT_RESTRICT_BUY | NT_RESTRICT_SELL)
PREPARE(little_exposure, keeping->max_open_notional = 0)
PREPARE(no_cash, (keeping->start_cash = 0, pair->worst = 0, pair->working_buy = pair->working_sell = 0, /* so that either side adds */
                  pair->working_product[0] = pair->working_product[1] = 0))
PREPARE(little_value, keeping->max_daily_value = 0)
CHANGE(old, order->ts = -(int64_t)7200 * 1000000000)
CHANGE(malformed, order->side = 9)
CHANGE(duplicate, order->client_order_id = 1)
CHANGE(too_many, order->quantity = 1000000)
CHANGE(off_tick, order->price += 1)
CHANGE(far_away, order->price = order->side == NT_SIDE_BUY ? 2 * FIXTURE_MIDDLE : FIXTURE_MIDDLE / 2)

static const variant variants[] = {
    {"accepted", 0, NULL, NULL},
    {"without QUANTITY limit", 0, no_quantity, NULL},
    {"without FRESHNESS", 0, no_freshness, NULL},
    {"without COLLAR", 0, no_collar, NULL},
    {"without NOTIONAL", 0, no_notional, NULL},
    {"without OPEN_ORDERS", 0, no_open_orders, NULL},
    {"without POSITION", 0, no_position, NULL},
    {"without RATE", 0, no_rate, NULL},
    {"without MINIMUM_NOTIONAL", 0, no_minimum, NULL},
    {"without EXPOSURE", 0, no_exposure, NULL},
    {"without BUYING_POWER", 0, no_buying_power, NULL},
    {"without REPEATED", 0, no_repeats, NULL},
    {"without DAILY_VALUE", 0, no_daily_value, NULL},
    {"without SELF_TRADE", 0, no_self_trade, NULL},
    {"without 13, 17, 18, 20, 21 and 23", 0, no_value, NULL},
    {"denied WELL_FORMED", NT_REASON_MALFORMED, NULL, malformed},
    {"denied TRADING_STATE", NT_REASON_TRADING_HALTED, halted, NULL},
    {"denied DAILY_LOSS", NT_REASON_DAILY_LOSS_LIMIT, loss, NULL},
    {"denied SESSION", NT_REASON_MARKET_CLOSED, closed, NULL},
    {"denied RESTRICTED", NT_REASON_RESTRICTED_INSTRUMENT, restricted, NULL},
    {"denied ORDER_AGE", NT_REASON_ORDER_TOO_OLD, NULL, old},
    {"denied DUPLICATE", NT_REASON_DUPLICATE_CLIENT_ORDER_ID, NULL, duplicate},
    {"denied QUANTITY", NT_REASON_QUANTITY_EXCEEDS_MAXIMUM, NULL, too_many},
    {"denied PRICE", NT_REASON_TICK_SIZE_VIOLATION, NULL, off_tick},
    {"denied FRESHNESS", NT_REASON_STALE_MARKET_DATA, stale, NULL},
    {"denied COLLAR", NT_REASON_PRICE_COLLAR, NULL, far_away},
    {"denied NOTIONAL", NT_REASON_NOTIONAL_EXCEEDS_MAXIMUM, little_notional, NULL},
    {"denied OPEN_ORDERS", NT_REASON_TOO_MANY_OPEN_ORDERS, no_room, NULL},
    {"denied POSITION", NT_REASON_POSITION_LIMIT_EXCEEDED, little_position, NULL},
    {"denied EXPOSURE", NT_REASON_OPEN_NOTIONAL_EXCEEDED, little_exposure, NULL},
    {"denied BUYING_POWER", NT_REASON_INSUFFICIENT_BUYING_POWER, no_cash, NULL},
    {"denied DAILY_VALUE", NT_REASON_DAILY_VALUE_EXCEEDED, little_value, NULL},
    {"denied RATE", NT_REASON_RATE_LIMIT_EXCEEDED, too_fast, NULL},
};
#define VARIANTS (sizeof(variants) / sizeof(variants[0]))

/* ---- measuring --------------------------------------------------------------------------------------------------------------- */

static double batch(const desk *at, const nt_order *orders, uint32_t first, double cycle_ns, uint32_t *reasons) {
  nt_order order;
  uint32_t sum = 0;
  memset(&order, 0, sizeof(order));
  uint64_t begin = bench_cycles();
  for (uint32_t i = 0; i < BATCH; i++) {
    nt_verdict verdict;
    int64_t rate_next = 0;
    memcpy(&order, &orders[(first + i) % ORDERS], 64);
    nt_validate_new(at->state, &order, 0, &verdict, &rate_next);
    sum += verdict.reason;
    fence();
  }
  uint64_t end = bench_cycles();
  *reasons = sum;
  return (double)(end - begin) * cycle_ns / BATCH;
}

static double empty_batch(const nt_order *orders, uint32_t first, double cycle_ns) {
  nt_order order;
  uint64_t begin = bench_cycles();
  for (uint32_t i = 0; i < BATCH; i++) {
    memcpy(&order, &orders[(first + i) % ORDERS], 64);
    __asm__ volatile("" : : "r"(&order) : "memory");
    fence();
  }
  return (double)(bench_cycles() - begin) * cycle_ns / BATCH;
}

static void measure(desk *at, const variant *which, nt_order *orders, double cycle_ns, double *out) {
  memcpy(orders, at->orders, ORDERS * sizeof(nt_order));
  if (which->change != NULL) {
    for (uint32_t i = 0; i < ORDERS; i++) which->change(&orders[i]);
  }
  if (which->prepare != NULL) {
    for (uint32_t i = 0; i < INSTRUMENTS; i++) which->prepare(at, &at->state->markets[i], &at->state->pairs[i]);
  }
  for (int b = 0; b < BATCHES; b++) {
    uint32_t reasons, first = draw(at, ORDERS);
    double empty = empty_batch(orders, first, cycle_ns);
    out[b] = batch(at, orders, first, cycle_ns, &reasons) - empty;
    if (reasons != BATCH * (uint32_t)which->reason) bench_fail(which->name, (long)reasons);
  }
  memcpy(at->state->markets, at->markets, INSTRUMENTS * sizeof(nt_market));
  memcpy(at->state->pairs, at->pairs, INSTRUMENTS * sizeof(nt_pair));
  at->state->keeping[0] = at->keeping;
}

int main(int argument_count, char **arguments) {
  long rounds = bench_argument(argument_count, arguments, 1);
  bench_pin(BENCH_PARENT_CPU);
  desk at = make();
  double cycle_ns = bench_cycle_ns();
  size_t samples = (size_t)rounds * BATCHES;
  double *all = calloc(VARIANTS * samples, sizeof(double));
  nt_order *orders = calloc(ORDERS, sizeof(nt_order));
  if (all == NULL || orders == NULL) bench_fail("no memory for rounds", rounds);
  for (long round = 0; round < rounds; round++) {
    for (size_t v = 0; v < VARIANTS; v++) measure(&at, &variants[v], orders, cycle_ns, &all[v * samples + (size_t)round * BATCHES]);
  }
  printf("{");
  for (size_t v = 0; v < VARIANTS; v++) {
    double *times = &all[v * samples], p50 = bench_quantile(times, samples, 0.5);
    printf("%s\"%s\": {\"p50\": %.2f, \"p99\": %.2f, \"worst\": %.2f}", v == 0 ? "" : ", ", variants[v].name, p50,
           bench_quantile(times, samples, 0.99), times[samples - 1]);
  }
  printf("}\n");
  nt_state_destroy(at.state);
  return 0;
}
