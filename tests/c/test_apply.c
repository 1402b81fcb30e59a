/* Long random histories through nt_apply alone: what must hold after every input, whatever the latencies, limits and clients. */
#include "machine_fixture.h"
#include "recount.h"

#define BUY NT_SIDE_BUY
#define SELL NT_SIDE_SELL
#define CHANNELS 3
#define INSTRUMENTS 2
#define ACCOUNTS 2
#define CAPACITY 256
#define IDS 20000

/* What the reports have said about an order, or about a request to replace or cancel one. */
typedef struct told {
  int64_t quantity, price, filled;
  uint32_t instrument;
  uint16_t account;
  uint8_t side, type, acknowledged, ended, request, answered;
} told;

typedef struct witness {
  told ids[CHANNELS][IDS];
  uint64_t next_id[CHANNELS];
  int64_t position[ACCOUNTS][INSTRUMENTS];
  int64_t fees[ACCOUNTS];
  int64_t ts_recv;
  int64_t latency_out_ns;
  uint64_t execution_id;
  uint64_t reports;
  uint64_t again;
  uint32_t digest;
} witness;

static witness seen;

static nt_state *crowded(int64_t latency_in_ns, int64_t latency_out_ns, uint64_t seed) {
  machine_limits limits = machine_defaults();
  nt_error error;
  limits.config.channels = CHANNELS;
  limits.config.order_capacity = CAPACITY;
  limits.config.instruments = INSTRUMENTS;
  limits.config.accounts = ACCOUNTS;
  limits.config.latency_in_ns = latency_in_ns;
  limits.config.latency_out_ns = latency_out_ns;
  nt_state *state = nt_state_create(&limits.config);
  CHECK(state != NULL);
  for (uint32_t i = 0; i < INSTRUMENTS; i++) {
    limits.instrument.symbol[0] = (char)('A' + i);
    limits.instrument.lot_size = limits.instrument.minimum_quantity = 1 + (int64_t)i;
    CHECK_EQUAL(nt_instrument_add(state, &limits.instrument, &error), i);
  }
  for (uint32_t a = 0; a < ACCOUNTS; a++) {
    limits.account.name[0] = (char)('a' + a);
    limits.account.max_open_orders = a == 0 ? NT_ABSENT : 50;
    limits.account.max_orders_per_second = a == 0 ? NT_ABSENT : 1000000;
    limits.account.max_daily_loss = a == 0 ? NT_ABSENT : 1000000000;
    CHECK_EQUAL(nt_account_add(state, &limits.account, &error), a);
    for (uint32_t i = 0; i < INSTRUMENTS; i++) {
      limits.terms.account = a;
      limits.terms.instrument = i;
      limits.terms.max_position = seed % 2 ? 200 : NT_ABSENT;
      limits.terms.price_collar_bps = seed % 3 ? NT_ABSENT : 20;
      CHECK_EQUAL(nt_terms_set(state, &limits.terms, &error), NT_OK);
    }
  }
  return state;
}

static uint32_t mixed(uint32_t digest, const void *bytes, uint64_t count) { /* FNV-1a */
  for (uint64_t i = 0; i < count; i++) digest = (digest ^ ((const uint8_t *)bytes)[i]) * 16777619u;
  return digest;
}

static void answers_a_request(const nt_report *report, uint8_t request) {
  if (report->unit != NT_UNIT_ORDER_ID || report->check != 0) return; /* nobody's request, or one that was refused at once */
  told *asked = &seen.ids[report->channel][report->observed];
  if (asked->request == NT_MESSAGE_MASS_CANCEL) return;
  CHECK_EQUAL(asked->request, request);
  CHECK_EQUAL(asked->answered++, 0);
}

static void trades(told *order, const nt_report *report) {
  CHECK(order->acknowledged && report->last_quantity > 0);
  order->filled += report->last_quantity;
  CHECK_EQUAL(report->cumulative_quantity, order->filled);
  CHECK_EQUAL(report->order_status == NT_STATUS_FILLED, order->filled == order->quantity);
  if (order->type == NT_ORDER_LIMIT) CHECK(report->side == BUY ? report->last_price <= order->price : report->last_price >= order->price);
  CHECK(report->liquidity == NT_LIQUIDITY_MAKER || report->liquidity == NT_LIQUIDITY_TAKER);
  CHECK_EQUAL(report->fee, report->last_quantity * (report->liquidity == NT_LIQUIDITY_MAKER ? 10000 : 21000));
  CHECK(report->execution_id > seen.execution_id);
  seen.execution_id = report->execution_id;
  seen.position[report->account][report->instrument] += report->side == BUY ? report->last_quantity : -report->last_quantity;
  seen.fees[report->account] += report->fee;
}

static void hears(const nt_report *report) {
  CHECK(report->ts_event <= report->ts_recv && report->ts_recv >= seen.ts_recv);
  seen.ts_recv = report->ts_recv;
  seen.reports++;
  seen.digest = mixed(seen.digest, report, sizeof(*report));
  if (report->exec_type == NT_EXEC_DENIED || report->order_status == NT_STATUS_REJECTED) CHECK(report->reason != 0);
  if (report->exec_type == NT_EXEC_DENIED) return;
  int refused = report->exec_type == NT_EXEC_CANCEL_REJECTED || report->exec_type == NT_EXEC_REPLACE_REJECTED;
  if (refused && (report->check != 0 || report->reason == NT_REASON_UNKNOWN_ORDER)) return; /* by us, at once */
  told *order = &seen.ids[report->channel][report->client_order_id];
  CHECK(order->quantity > 0 && !order->request);
  CHECK_EQUAL(report->ts_recv - report->ts_event, seen.latency_out_ns);
  CHECK_EQUAL(report->side, order->side);
  CHECK_EQUAL(report->instrument, order->instrument);
  CHECK_EQUAL(report->account, order->account);
  CHECK(!order->ended || refused); /* nothing follows the end, but answers to requests that came too late */
  switch (report->exec_type) {
    case NT_EXEC_NEW:
      CHECK_EQUAL(order->acknowledged++, 0);
      break;
    case NT_EXEC_TRADE:
      trades(order, report);
      break;
    case NT_EXEC_REPLACED:
      answers_a_request(report, NT_MESSAGE_REPLACE);
      order->quantity = report->cumulative_quantity + report->leaves_quantity;
      order->price = seen.ids[report->channel][report->observed].price;
      break;
    case NT_EXEC_REPLACE_REJECTED:
      answers_a_request(report, NT_MESSAGE_REPLACE);
      break;
    case NT_EXEC_CANCELED:
    case NT_EXEC_CANCEL_REJECTED:
      answers_a_request(report, NT_MESSAGE_CANCEL);
      break;
    default:
      CHECK(report->exec_type == NT_EXEC_EXPIRED || report->exec_type == NT_EXEC_REJECTED);
      break;
  }
  CHECK_EQUAL(report->cumulative_quantity, order->filled);
  if (!refused) order->ended = (uint8_t)nt_is_terminal(report->order_status);
  CHECK_EQUAL(report->leaves_quantity, order->ended ? 0 : order->quantity - order->filled);
}

/* What runs along is what the entries and the reports give. */
static void recount(const nt_state *state) {
  recount_state(state);
  for (uint32_t a = 0; a < ACCOUNTS; a++) {
    CHECK_EQUAL(state->keeping[a].fees, seen.fees[a]);
    for (uint32_t i = 0; i < INSTRUMENTS; i++) {
      const nt_pair *pair = &state->pairs[nt_pair_index(state, a, i)];
      CHECK_EQUAL(pair->position, seen.position[a][i]);
      int64_t reach = pair->position > 0 ? pair->position : -pair->position;
      CHECK(reach <= pair->max_position);
    }
  }
}

static uint32_t applies(nt_state *state, nt_effects *effects, nt_input input) {
  int result;
  uint64_t inputs = state->counters.inputs;
  uint32_t accepted;
  do {
    result = nt_apply(state, &input, effects);
    CHECK(effects->count <= NT_EFFECTS_MAX);
    accepted = effects->accepted;
    for (uint32_t i = 0; i < effects->count; i++) hears(&effects->reports[i]);
    if (result == NT_APPLY_AGAIN) {
      seen.again++;
      CHECK_EQUAL(effects->count, NT_EFFECTS_MAX);
      CHECK_EQUAL(state->counters.inputs, inputs);
      CHECK_EQUAL(accepted, 0);
    }
  } while (result == NT_APPLY_AGAIN);
  CHECK_EQUAL(state->counters.inputs, inputs + 1);
  return accepted;
}

/* A request is noted before it is sent: its answer may come with it. */
static void sends(nt_state *state, nt_effects *effects, nt_order order, uint16_t channel, int64_t ts) {
  told *note = &seen.ids[channel][order.client_order_id];
  if (order.message == NT_MESSAGE_NEW) {
    *note = (told){.quantity = order.quantity,
                   .price = order.price,
                   .instrument = order.instrument,
                   .account = order.account,
                   .side = order.side,
                   .type = order.type};
  } else {
    const told *target = &seen.ids[channel][order.original_client_order_id];
    *note = (told){.request = order.message, .price = order.price == NT_ABSENT ? target->price : order.price};
  }
  uint32_t accepted = applies(state, effects, (nt_input){.kind = NT_INPUT_ORDER, .channel = channel, .ts = ts, .order = &order});
  if (!accepted && order.message == NT_MESSAGE_NEW) *note = (told){.ended = 1};
  if (!accepted && order.message != NT_MESSAGE_NEW) *note = (told){.request = order.message, .answered = 1};
}

static nt_order any_order(uint64_t r, uint16_t channel, int64_t price) {
  machine m = {.next_id = seen.next_id[channel]++};
  nt_order order;
  uint64_t target = 1 + (r >> 20) % m.next_id;
  if (target + 40 < m.next_id && r & 1 << 7) target = m.next_id - 1 - (r >> 20) % 40; /* mostly one that may be alive */
  int64_t quantity = 2 * (1 + (int64_t)(r >> 30) % 6), limit = price + ((int64_t)(r >> 40) % 13 - 6) * 25;
  if (r % 8 < 5) {
    order = machine_order(&m, r & 1 << 8 ? BUY : SELL, quantity, r % 8 == 0 ? NT_ABSENT : limit);
    order.time_in_force = (uint8_t)(r & 3 << 9 ? 1 + (r >> 11 & 1) : 1 + (r >> 50) % 4);
    order.account = (uint16_t)(r >> 52 & 1);
    order.instrument = (uint32_t)(r >> 53 & 1);
  } else if (r % 8 == 5) {
    order = machine_request(&m, NT_MESSAGE_REPLACE, target, quantity, NT_ABSENT);
    if (seen.ids[channel][target].type == NT_ORDER_LIMIT && r & 1 << 9) order.price = limit;
  } else {
    order = machine_request(&m, NT_MESSAGE_CANCEL, target, NT_ABSENT, NT_ABSENT);
  }
  return order;
}

static uint32_t history(uint64_t seed, int64_t latency_in_ns, int64_t latency_out_ns) {
  static nt_effects effects;
  nt_state *state = crowded(latency_in_ns, latency_out_ns, seed);
  memset(&seen, 0, sizeof(seen));
  seen.ts_recv = INT64_MIN;
  seen.latency_out_ns = latency_out_ns;
  seen.digest = 2166136261u;
  for (uint32_t c = 0; c < CHANNELS; c++) seen.next_id[c] = 1;
  int64_t ts = 1767225600000000000, price = 100000, day = 20000, state_until = -1;
  for (int step = 0; step < 12000; step++) {
    uint64_t r = check_random(&seed), s = check_random(&seed);
    uint16_t channel = (uint16_t)(s % CHANNELS);
    ts += (int64_t)(s >> 8) % 300;
    nt_tick tick = {.ts_event = ts, .ts_recv = ts, .instrument = (uint32_t)(s >> 20 & 1), .kind = NT_TICK_TRADE};
    tick.price = price + ((int64_t)(s >> 24) % 9 - 4) * 25;
    tick.size = 1 + (int64_t)(s >> 30) % 9;
    tick.aggressor = (int64_t)(s >> 40) % 3;
    if (step % 2000 == 1999) {
      nt_command command = {.kind = NT_COMMAND_SET_STATE, .state = (uint8_t)(2 + (s >> 9) % 2), .account = (uint16_t)(s & 1)};
      applies(state, &effects, (nt_input){.kind = NT_INPUT_COMMAND, .ts = ts, .command = &command});
      state_until = step + 60;
    } else if (step == state_until) {
      nt_command command = {.kind = NT_COMMAND_SET_STATE, .state = NT_STATE_ACTIVE, .account = 65535};
      applies(state, &effects, (nt_input){.kind = NT_INPUT_COMMAND, .ts = ts, .command = &command});
    } else if (step % 1500 == 1499) {
      nt_tick session = {.ts_event = ts, .ts_recv = ts, .instrument = 0, .kind = NT_TICK_SESSION, .price = 2, .size = day++};
      session.price = s & 1 ? NT_SESSION_CLOSED : NT_SESSION_HALTED;
      applies(state, &effects, (nt_input){.kind = NT_INPUT_TICK, .ts = ts, .tick = &session});
    } else if (step % 1500 == 20) {
      nt_tick session = {.ts_event = ts, .ts_recv = ts, .kind = NT_TICK_SESSION, .price = NT_SESSION_OPEN, .size = day};
      applies(state, &effects, (nt_input){.kind = NT_INPUT_TICK, .ts = ts, .tick = &session});
    } else if (step % 3000 == 2500) {
      applies(state, &effects, (nt_input){.kind = NT_INPUT_DEATH, .channel = channel, .ts = ts});
    } else if (s % 16 < 5) {
      if (s % 16 == 0) price += ((int64_t)(s >> 44) % 3 - 1) * 25;
      applies(state, &effects, (nt_input){.kind = NT_INPUT_TICK, .ts = ts, .tick = &tick});
    } else {
      sends(state, &effects, any_order(r, channel, price), channel, ts);
    }
    if (step % 8 == 0) recount(state);
  }
  recount(state);
  /* everybody leaves: no order, no reservation, no slot and nothing under way remains, and every request has its answer */
  for (uint16_t c = 0; c < CHANNELS; c++) applies(state, &effects, (nt_input){.kind = NT_INPUT_DEATH, .channel = c, .ts = ts});
  ts += latency_in_ns + latency_out_ns;
  while (nt_next_due(state) <= ts) applies(state, &effects, (nt_input){.kind = NT_INPUT_TIMER, .ts = ts});
  recount(state);
  CHECK_EQUAL(nt_next_due(state), INT64_MAX);
  for (uint32_t c = 0; c < CHANNELS; c++) {
    CHECK_EQUAL(state->clients[c].open, 0);
    for (uint64_t id = 1; id < seen.next_id[c]; id++) CHECK(seen.ids[c][id].request ? seen.ids[c][id].answered : seen.ids[c][id].ended);
  }
  const nt_counters *counters = &state->counters;
  CHECK(counters->fills > 1000 && counters->replaces > 20 && counters->cancels > 200 && counters->orders_accepted > 1000);
  seen.digest = mixed(seen.digest, counters, sizeof(*counters));
  for (uint32_t a = 0; a < ACCOUNTS; a++) {
    nt_account_view view;
    memset(&view, 0, sizeof(view));
    nt_account_view_of(state, a, &view);
    seen.digest = mixed(seen.digest, &view, sizeof(view));
  }
  nt_state_destroy(state);
  return seen.digest;
}

/* More reports than one call returns: they come in turns, in order, and the input waits until there is room for its own. */
static void inputs_wait_while_reports_are_due(uint32_t orders) {
  static nt_effects effects;
  machine_limits limits = machine_defaults();
  limits.config.order_capacity = 1024;
  limits.config.latency_out_ns = 1000;
  machine m = machine_make(&limits);
  for (uint32_t i = 0; i < orders; i++) machine_new(&m, BUY, 4, 99900, NT_TIF_GTC);
  uint64_t inputs = m.state->counters.inputs;
  nt_order order = machine_order(&m, BUY, 5, 99900); /* off its lot: denied by whoever takes it */
  nt_input input = {.kind = NT_INPUT_ORDER, .ts = m.ts + 1000, .order = &order};
  uint64_t next = 1;
  while (nt_apply(m.state, &input, &effects) == NT_APPLY_AGAIN) {
    CHECK_EQUAL(effects.count, NT_EFFECTS_MAX);
    for (uint32_t i = 0; i < effects.count; i++) CHECK_EQUAL(effects.reports[i].client_order_id, next++);
    CHECK_EQUAL(m.state->counters.inputs, inputs);
    CHECK_EQUAL(m.state->clients[0].last_id, orders); /* not taken */
  }
  CHECK_EQUAL(effects.count, orders % NT_EFFECTS_MAX + 1);
  for (uint32_t i = 0; i + 1 < effects.count; i++) CHECK_EQUAL(effects.reports[i].client_order_id, next++);
  CHECK_EQUAL(next, orders + 1);
  CHECK_EQUAL(effects.reports[effects.count - 1].reason, NT_REASON_LOT_SIZE_VIOLATION);
  CHECK_EQUAL(m.state->counters.inputs, inputs + 1);
  /* what an input makes due at once and what has no room comes with the next input */
  m.ts += 1000;
  m.state->books[0].latency_ns[1] = 0;
  CHECK_EQUAL(nt_next_due(m.state), INT64_MAX);
  nt_command halt = {.kind = NT_COMMAND_SET_STATE, .state = NT_STATE_HALTED, .account = 65535};
  input = (nt_input){.kind = NT_INPUT_COMMAND, .ts = m.ts, .command = &halt};
  CHECK_EQUAL(nt_apply(m.state, &input, &effects), NT_APPLIED);
  uint32_t canceled = effects.count;
  CHECK_EQUAL(canceled, orders < NT_EFFECTS_MAX ? orders : NT_EFFECTS_MAX);
  CHECK_EQUAL(nt_next_due(m.state) <= m.ts, orders > NT_EFFECTS_MAX);
  while (m.state->clients[0].open > 0) {
    input = (nt_input){.kind = NT_INPUT_TIMER, .ts = m.ts};
    nt_apply(m.state, &input, &effects);
    CHECK(effects.count > 0);
    canceled += effects.count;
  }
  CHECK_EQUAL(canceled, orders);
  CHECK_EQUAL(m.state->pairs[0].working_buy, 0);
  nt_state_destroy(m.state);
}

static void time_never_goes_back(void) {
  machine_limits limits = machine_defaults();
  machine m = machine_make(&limits);
  machine_trade(&m, 100000, 4, BUY);
  int64_t now = m.state->now;
  CHECK_EQUAL(now, m.ts);
  m.ts -= 500;
  machine_new(&m, BUY, 4, 99900, NT_TIF_GTC);
  CHECK_EQUAL(m.state->now, now);
  CHECK_EQUAL(m.effects.reports[0].ts_recv, now);
  nt_state_destroy(m.state);
}

static void commands_and_attachments_that_change_nothing(void) {
  machine_limits limits = machine_defaults();
  machine m = machine_make(&limits);
  nt_command stop = {.kind = NT_COMMAND_STOP, .state = NT_STATE_HALTED, .account = 65535};
  machine_input(&m, (nt_input){.kind = NT_INPUT_COMMAND, .command = &stop});
  CHECK_EQUAL(m.state->keeping[0].state, NT_STATE_ACTIVE);
  machine_input(&m, (nt_input){.kind = NT_INPUT_ATTACH});
  CHECK_EQUAL(m.effects.count, 0);
  CHECK_EQUAL(m.state->counters.inputs, 2);
  nt_tick marks[] = {{.kind = NT_TICK_CLOCK, .instrument = 77}, {.kind = NT_TICK_GAP, .instrument = 77}};
  for (int i = 0; i < 2; i++) machine_input(&m, (nt_input){.kind = NT_INPUT_TICK, .tick = &marks[i]});
  CHECK_EQUAL(m.state->counters.ticks, 2);
  CHECK_EQUAL(m.state->counters.hostile_records, 0);
  nt_state_destroy(m.state);
}

int main(void) {
  const int64_t latencies[][2] = {{0, 0}, {1, 0}, {0, 1}, {1500, 700}, {100, 200000}, {90000, 3}};
  uint64_t again = 0;
  for (uint64_t i = 0; i < 6; i++) {
    uint32_t digest = history(i * 31337 + 11, latencies[i][0], latencies[i][1]);
    again += seen.again;
    CHECK_EQUAL(history(i * 31337 + 11, latencies[i][0], latencies[i][1]), digest); /* the same inputs, the same bytes */
    CHECK(history(i * 31337 + 12, latencies[i][0], latencies[i][1]) != digest);
  }
  CHECK(again > 0); /* more came due at once than one call returns */
  const uint32_t orders[] = {1, 255, 256, 257, 511, 512, 600, 1000};
  for (int i = 0; i < 8; i++) inputs_wait_while_reports_are_due(orders[i]);
  RUN(time_never_goes_back);
  RUN(commands_and_attachments_that_change_nothing);
  return 0;
}
