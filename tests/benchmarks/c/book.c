/* The book and the venue, by nt_apply.
 *
 *   book update RUNS FILE   levels of a recorded book; FILE holds an nt_instrument, then ticks to its end
 *   book match ROUNDS       ticks that fill one resting order each, of 10,000 that work over 1,000 instruments, and ticks that fill none
 *
 * What the same loop takes without nt_apply is subtracted. Calls of `match` are fenced from the next one, so that they do not overlap;
 * those of `update` follow each other as the levels of one message do. */
#include <fcntl.h>
#include <sys/stat.h>

#include "fixture.h"
#include "state.h"

#define BOOK_DEPTH 1024

static inline void fence(void) {
#if defined(__x86_64__)
  __asm__ volatile("lfence" : : : "memory");
#elif defined(__aarch64__)
  __asm__ volatile("isb" : : : "memory");
#else
  __asm__ volatile("" : : : "memory");
#endif
}

static void print_series(const char *name, double *times, size_t count, const char *end) {
  double sum = 0;
  for (size_t i = 0; i < count; i++) sum += times[i];
  double p50 = bench_quantile(times, count, 0.5), p99 = bench_quantile(times, count, 0.99);
  printf("\"%s\": {\"p50\": %.2f, \"p99\": %.2f, \"worst\": %.2f, \"mean\": %.2f}%s", name, p50, p99, times[count - 1], sum / (double)count,
         end);
}

/* ---- update ----------------------------------------------------------------------------------------------------------------- */

#define UPDATE_BATCH 256

typedef struct depth_tape {
  nt_instrument instrument;
  nt_tick *ticks;
  size_t count;
} depth_tape;

static depth_tape load(const char *path) {
  depth_tape tape;
  struct stat status;
  FILE *stream = fopen(path, "rb");
  if (stream == NULL || fstat(fileno(stream), &status) != 0 ||
      (size_t)status.st_size < sizeof(nt_instrument) + UPDATE_BATCH * sizeof(nt_tick))
    bench_fail("cannot read the ticks, or they are too few", stream == NULL);
  tape.count = ((size_t)status.st_size - sizeof(nt_instrument)) / sizeof(nt_tick);
  tape.ticks = aligned_alloc(64, tape.count * sizeof(nt_tick));
  if (tape.ticks == NULL) bench_fail("no memory for ticks", (long)tape.count);
  if (fread(&tape.instrument, sizeof(nt_instrument), 1, stream) != 1 ||
      fread(tape.ticks, sizeof(nt_tick), tape.count, stream) != tape.count)
    bench_fail("cannot read the ticks", (long)tape.count);
  fclose(stream);
  return tape;
}

static nt_state *new_state(uint32_t instruments, uint32_t order_capacity, uint32_t fill_model) {
  nt_kernel_config config = {.clock = NT_CLOCK_TAPE,
                             .channels = 1,
                             .order_capacity = order_capacity,
                             .instruments = instruments,
                             .accounts = 1,
                             .fill_model = fill_model,
                             .book_depth = BOOK_DEPTH};
  nt_state *state = nt_state_create(&config);
  if (state == NULL) bench_fail("no memory for the state", 0);
  return state;
}

/* As a kernel has it: a record of its own, and the input around it. */
static inline nt_input input_of(nt_tick *tick) {
  return (nt_input){.kind = NT_INPUT_TICK, .ts = tick->ts_event, .tick = tick};
}

static void take_all(nt_state *state, const nt_input *input, nt_effects *effects) {
  while (nt_apply(state, input, effects) == NT_APPLY_AGAIN) {
  }
}

static double updates(nt_state *state, const nt_tick *ticks, double cycle_ns) {
  static nt_effects effects;
  uint64_t begin = bench_cycles();
  for (uint32_t i = 0; i < UPDATE_BATCH; i++) {
    nt_tick tick = ticks[i];
    nt_input input = input_of(&tick);
    take_all(state, &input, &effects);
  }
  return (double)(bench_cycles() - begin) * cycle_ns / UPDATE_BATCH;
}

static double without(const nt_tick *ticks, double cycle_ns) {
  uint64_t begin = bench_cycles();
  for (uint32_t i = 0; i < UPDATE_BATCH; i++) {
    nt_tick tick = ticks[i];
    nt_input input = input_of(&tick);
    __asm__ volatile("" : : "r"(&input), "r"(&tick) : "memory");
  }
  return (double)(bench_cycles() - begin) * cycle_ns / UPDATE_BATCH;
}

/* What nt_apply takes for a tick that only tells the time. */
static double clocks(nt_state *state, const nt_tick *ticks, double cycle_ns) {
  static nt_effects effects;
  uint64_t begin = bench_cycles();
  for (uint32_t i = 0; i < UPDATE_BATCH; i++) {
    nt_tick tick = ticks[i];
    tick.kind = NT_TICK_CLOCK;
    nt_input input = input_of(&tick);
    take_all(state, &input, &effects);
  }
  return (double)(bench_cycles() - begin) * cycle_ns / UPDATE_BATCH;
}

static void update(long runs, const char *path) {
  depth_tape tape = load(path);
  double cycle_ns = bench_cycle_ns();
  size_t batches = tape.count / UPDATE_BATCH, samples = batches * (size_t)runs, taken = 0;
  double *times = malloc(samples * sizeof(double)), *apart = malloc(samples * sizeof(double));
  if (times == NULL || apart == NULL) bench_fail("no memory for runs", runs);
  nt_book shown;
  memset(&shown, 0, sizeof(shown));
  for (long run = 0; run < runs; run++) {
    nt_error error;
    nt_state *state = new_state(1, 64, NT_FILL_PRINTS), *beside = new_state(1, 64, NT_FILL_PRINTS);
    fixture_check(nt_instrument_add(state, &tape.instrument, &error), "nt_instrument_add");
    fixture_check(nt_instrument_add(beside, &tape.instrument, &error), "nt_instrument_add");
    for (size_t b = 0; b < batches; b++, taken++) {
      const nt_tick *ticks = tape.ticks + b * UPDATE_BATCH;
      double empty = without(ticks, cycle_ns);
      times[taken] = updates(state, ticks, cycle_ns) - empty;
      apart[taken] = clocks(beside, ticks, cycle_ns) - empty;
    }
    if (state->counters.hostile_records != 0) bench_fail("levels that the core refused", (long)state->counters.hostile_records);
    shown = state->depths[0].shown;
    nt_state_destroy(state);
    nt_state_destroy(beside);
  }
  printf("{\"ticks\": %zu, \"bid\": %" PRId64 ", \"ask\": %" PRId64 ", \"bids\": %u, \"asks\": %u, ", batches * UPDATE_BATCH,
         shown.bid_prices[0], shown.ask_prices[0], shown.bid_count, shown.ask_count);
  print_series("clock", apart, samples, ", ");
  print_series("update", times, samples, "}\n");
}

/* ---- match ------------------------------------------------------------------------------------------------------------------ */

#define INSTRUMENTS 1000
#define WORKING 10000
#define ORDER_CAPACITY 32768
#define MATCH_BATCH 64
#define MATCH_BATCHES 32 /* of one variant in one round */
#define STEP_NS 1000

typedef struct desk {
  nt_state *state;
  uint64_t random;
  uint64_t id;
  int64_t ts;
  uint8_t kind; /* of its ticks: NT_TICK_TRADE fills with NT_FILL_PRINTS, NT_TICK_QUOTE with NT_FILL_QUEUE */
  nt_tick ticks[MATCH_BATCH];
} desk;

static uint32_t draw(desk *at, uint32_t below) {
  at->random = at->random * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)((at->random >> 33) % below);
}

static uint64_t take(desk *at, nt_input *input) {
  static nt_effects effects;
  uint64_t fills = 0;
  int again;
  input->ts = at->ts += STEP_NS;
  do {
    again = nt_apply(at->state, input, &effects);
    for (uint32_t i = 0; i < effects.count; i++) {
      if (effects.reports[i].exec_type == NT_EXEC_DENIED || effects.reports[i].exec_type == NT_EXEC_REJECTED)
        bench_fail("an order was refused, reason", effects.reports[i].reason);
      fills += effects.reports[i].exec_type == NT_EXEC_TRADE;
    }
  } while (again == NT_APPLY_AGAIN);
  return fills;
}

/* A resting order at random, with the next id whose slot is free. */
static void work(desk *at, uint32_t instrument) {
  nt_order order = fixture_order(instrument);
  order.side = draw(at, 2) == 0 ? NT_SIDE_BUY : NT_SIDE_SELL;
  order.price = FIXTURE_MIDDLE + (order.side == NT_SIDE_BUY ? -5 : 5) * (int64_t)(2 + draw(at, 20));
  do {
    at->id++;
  } while (at->state->entries[at->id & (ORDER_CAPACITY - 1)].client_order_id != 0);
  order.client_order_id = at->id;
  nt_input input = {.kind = NT_INPUT_ORDER, .order = &order};
  if (take(at, &input) != 0) bench_fail("an order filled on arrival", (long)at->id);
}

static void quote(desk *at, uint32_t instrument) {
  nt_tick tick = fixture_quote(instrument, at->ts);
  nt_input input = {.kind = NT_INPUT_TICK, .tick = &tick};
  if (take(at, &input) != 0) bench_fail("the quote filled an order on instrument", (long)instrument);
}

static void make(desk *at, uint32_t fill_model, uint8_t kind) {
  nt_account account = fixture_account();
  nt_error error;
  account.cash = account.max_daily_loss = NT_RAW_MAX;
  *at = (desk){.state = new_state(INSTRUMENTS, ORDER_CAPACITY, fill_model), .random = 7, .kind = kind};
  for (uint32_t i = 0; i < INSTRUMENTS; i++) {
    nt_instrument instrument = fixture_instrument(i);
    fixture_check(nt_instrument_add(at->state, &instrument, &error), "nt_instrument_add");
  }
  fixture_check(nt_account_add(at->state, &account, &error), "nt_account_add");
  for (uint32_t i = 0; i < INSTRUMENTS; i++) {
    nt_terms terms = fixture_terms(i);
    fixture_check(nt_terms_set(at->state, &terms, &error), "nt_terms_set");
    quote(at, i);
  }
  for (uint32_t i = 0; i < WORKING; i++) work(at, i % INSTRUMENTS);
}

/* Best first, of the two sides the one that is drawn, where it has an order. */
static const nt_entry *best(desk *at, uint32_t instrument) {
  uint32_t side = draw(at, 2);
  uint32_t first = at->state->books[instrument].first[side];
  if (first == NT_NIL) first = at->state->books[instrument].first[1 - side];
  if (first == NT_NIL) bench_fail("no order works on instrument", (long)instrument);
  return &at->state->entries[first];
}

/* A tick whose volume is one lot and that goes through the best order, or reaches none. */
static nt_tick tick_on(desk *at, uint32_t instrument, int fills) {
  nt_tick tick = fixture_quote(instrument, 0);
  const nt_entry *entry = best(at, instrument);
  int buys = entry->side == NT_SIDE_BUY;
  if (at->kind == NT_TICK_QUOTE) {
    tick.bid_size = tick.ask_size = 1;
    if (!fills) return tick;
    tick.ask_price = buys ? entry->venue_price : entry->venue_price + 5;
    tick.bid_price = buys ? entry->venue_price - 5 : entry->venue_price;
    return tick;
  }
  tick.kind = NT_TICK_TRADE;
  tick.price = fills ? entry->venue_price + (buys ? -5 : 5) : FIXTURE_MIDDLE;
  tick.size = 1;
  tick.trade_id = 0;
  tick.aggressor = buys ? NT_SIDE_SELL : NT_SIDE_BUY;
  return tick;
}

/* WHOLE: nt_apply, from the tick to the report. VENUE: the paper venue's part of it; answers wait for what comes next. */
enum reach { WHOLE, VENUE };

static double match(desk *at, int fills, enum reach reach, double cycle_ns) {
  static nt_effects effects;
  static const uint32_t strides[] = {377, 501, 623, 811}; /* without a common divisor with the number of instruments */
  uint32_t first = draw(at, INSTRUMENTS), stride = strides[draw(at, 4)];
  for (uint32_t i = 0; i < MATCH_BATCH; i++) {
    at->ticks[i] = tick_on(at, (first + i * stride) % INSTRUMENTS, fills);
    at->ticks[i].ts_event = at->ticks[i].ts_recv = at->ts += STEP_NS;
    if (reach == VENUE) nt_market_tick(at->state, &at->ticks[i]);
  }
  uint64_t traded = 0, begin = bench_cycles();
  for (uint32_t i = 0; i < MATCH_BATCH; i++) {
    nt_tick tick = at->ticks[i];
    nt_input input = input_of(&tick);
    __asm__ volatile("" : : "r"(&input), "r"(&tick) : "memory");
    fence();
  }
  uint64_t middle = bench_cycles();
  for (uint32_t i = 0; i < MATCH_BATCH; i++) {
    nt_tick tick = at->ticks[i];
    nt_input input = input_of(&tick);
    if (reach == WHOLE) {
      take_all(at->state, &input, &effects);
      traded += effects.count;
    } else if (at->kind == NT_TICK_TRADE) {
      nt_venue_print(at->state, &tick);
    } else {
      nt_venue_quote(at->state, tick.instrument);
    }
    fence();
  }
  uint64_t end = bench_cycles();
  if (reach == VENUE) {
    nt_input time = {.kind = NT_INPUT_TIMER};
    traded = take(at, &time);
  }
  if (traded != (uint64_t)(fills ? MATCH_BATCH : 0)) bench_fail("fills in a batch", (long)traded);
  for (uint32_t i = 0; fills && i < MATCH_BATCH; i++) {
    quote(at, at->ticks[i].instrument);
    work(at, at->ticks[i].instrument);
  }
  if (at->state->keeping[0].open_orders != WORKING) bench_fail("working orders", (long)at->state->keeping[0].open_orders);
  return ((double)(end - middle) - (double)(middle - begin)) * cycle_ns / MATCH_BATCH;
}

static void matches(long rounds) {
  static desk prints, quotes;
  make(&prints, NT_FILL_PRINTS, NT_TICK_TRADE);
  make(&quotes, NT_FILL_QUEUE, NT_TICK_QUOTE);
  struct {
    const char *name;
    desk *at;
    int fills;
    enum reach reach;
    double *times;
  } variants[] = {{"print venue fills", &prints, 1, VENUE, NULL}, {"print venue none", &prints, 0, VENUE, NULL},
                  {"print whole fills", &prints, 1, WHOLE, NULL}, {"print whole none", &prints, 0, WHOLE, NULL},
                  {"quote venue fills", &quotes, 1, VENUE, NULL}, {"quote venue none", &quotes, 0, VENUE, NULL},
                  {"quote whole fills", &quotes, 1, WHOLE, NULL}, {"quote whole none", &quotes, 0, WHOLE, NULL}};
  size_t count = sizeof(variants) / sizeof(variants[0]), samples = (size_t)rounds * MATCH_BATCHES;
  double cycle_ns = bench_cycle_ns();
  for (size_t v = 0; v < count; v++) {
    variants[v].times = malloc(samples * sizeof(double));
    if (variants[v].times == NULL) bench_fail("no memory for rounds", rounds);
  }
  for (long round = 0; round < rounds; round++) {
    for (size_t v = 0; v < count; v++) {
      for (int b = 0; b < MATCH_BATCHES; b++)
        variants[v].times[round * MATCH_BATCHES + b] = match(variants[v].at, variants[v].fills, variants[v].reach, cycle_ns);
    }
  }
  printf("{");
  for (size_t v = 0; v < count; v++) print_series(variants[v].name, variants[v].times, samples, v + 1 < count ? ", " : "}\n");
}

int main(int argument_count, char **arguments) {
  long runs = bench_argument(argument_count, arguments, 2);
  bench_pin(BENCH_PARENT_CPU);
  if (strcmp(arguments[1], "update") == 0 && argument_count == 4) {
    update(runs, arguments[3]);
  } else if (strcmp(arguments[1], "match") == 0) {
    matches(runs);
  } else {
    bench_fail("neither update RUNS FILE nor match ROUNDS", argument_count);
  }
  return 0;
}
