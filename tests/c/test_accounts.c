/* Money: fills, fees, marks, days and trading states against exact references. */
#include <math.h>

#include "machine_fixture.h"

#define BUY NT_SIDE_BUY
#define SELL NT_SIDE_SELL

static machine_limits plain(void) {
  machine_limits limits = machine_defaults();
  limits.instrument.tick_size = limits.instrument.lot_size = limits.instrument.minimum_quantity = 1;
  limits.instrument.maximum_price = NT_RAW_MAX;
  limits.instrument.allow_negative_price = 1;
  limits.config.slippage_ticks = 0;
  limits.account.cash = 0;
  limits.terms.fee_taker = limits.terms.fee_maker = 0;
  return limits;
}

static void mark(machine *m, uint32_t instrument, int64_t price) {
  m->state->markets[instrument].last = m->state->markets[instrument].mark = price;
  nt_account_mark(m->state, instrument);
}

static void fill(machine *m, uint16_t account, uint32_t instrument, uint8_t side, int64_t quantity, int64_t price, int64_t fee) {
  nt_entry entry = {.account = account, .instrument = instrument, .side = side};
  nt_pair *pair = &m->state->pairs[nt_pair_index(m->state, account, instrument)];
  *(side == BUY ? &pair->working_buy : &pair->working_sell) += quantity; /* as the order had reserved */
  m->state->markets[instrument].last = m->state->markets[instrument].mark = price;
  nt_account_fill(m->state, &entry, price, quantity, fee);
}

static void expect_row(const machine *m, int64_t quantity, int64_t realized, int64_t unrealized, double average) {
  nt_position row;
  nt_position_of(m->state, 0, 0, &row);
  CHECK_EQUAL(row.quantity, quantity);
  CHECK_EQUAL(row.realized_pnl, realized);
  CHECK_EQUAL(row.unrealized_pnl, unrealized);
  CHECK(isnan(average) ? isnan(row.average_price) : row.average_price == average);
}

/* One contract point is worth 5000; prices have two decimals. */
static void a_position_opens_closes_and_turns(void) {
  machine_limits limits = plain();
  machine m = machine_make(&limits);
  expect_row(&m, 0, 0, 0, NAN);
  fill(&m, 0, 0, BUY, 4, 10000, 0);
  expect_row(&m, 4, 0, 0, 100.0);
  fill(&m, 0, 0, BUY, 4, 10100, 0);
  expect_row(&m, 8, 0, 400 * 5000, 100.5);
  fill(&m, 0, 0, SELL, 2, 10250, 0); /* average cost leaves: 2 * (102.50 - 100.50) */
  expect_row(&m, 6, 400 * 5000, 6 * 200 * 5000, 100.5);
  fill(&m, 0, 0, SELL, 10, 10050, 0); /* closes 6 at cost and is short 4 */
  expect_row(&m, -4, 400 * 5000, 0, 100.5);
  mark(&m, 0, 10000);
  expect_row(&m, -4, 400 * 5000, 200 * 5000, 100.5);
  fill(&m, 0, 0, BUY, 5, 9900, 0);
  expect_row(&m, 1, (400 + 600) * 5000, 0, 99.0);
  fill(&m, 0, 0, SELL, 1, -9900, 0); /* a price below zero */
  expect_row(&m, 0, (1000 - 19800) * 5000, 0, NAN);
  fill(&m, 0, 0, SELL, 3, -100, 0);
  mark(&m, 0, -200);
  expect_row(&m, -3, (1000 - 19800) * 5000, 300 * 5000, -1.0);
  nt_account_view view;
  nt_account_view_of(m.state, 0, &view);
  CHECK_EQUAL(view.realized_pnl, (1000 - 19800) * 5000);
  CHECK_EQUAL(view.unrealized_pnl, 300 * 5000);
  CHECK_EQUAL(view.cash, (1000 - 19800) * 5000);
  CHECK_EQUAL(view.equity, (1000 - 19800 + 300) * 5000);
  nt_state_destroy(m.state);
}

/* cash flow + position * mark is what an account is worth, however cost is shared; money is never more than that. */
static void worth_is_flow_plus_position(uint64_t seed) {
  const int64_t numerators[] = {1, 5000, 7, 1, 12345}, denominators[] = {1, 1, 3, 1000000, 678};
  machine_limits limits = plain();
  limits.terms.value_numerator = numerators[seed % 5];
  limits.terms.value_denominator = denominators[seed % 5];
  int64_t base = seed % 3 == 0 ? 0 : seed % 3 == 1 ? 450000 : (int64_t)1 << 36, size = seed % 2 ? 9 : (int64_t)1 << 20;
  machine m = machine_make(&limits);
  nt_wide flow = 0;
  int64_t position = 0, fees = 0;
  for (int step = 0; step < 4000; step++) {
    uint64_t r = check_random(&seed);
    int64_t price = base + (int64_t)(r >> 20) % 5000 - 2500, quantity = 1 + (int64_t)(check_random(&seed) >> 30) % size;
    if (r % 4 == 0) {
      mark(&m, 0, price);
    } else {
      if (r % 16 == 1 && position != 0) quantity = position < 0 ? -position : position; /* flat again, exactly */
      uint8_t side = r % 16 == 1 ? (position < 0 ? BUY : SELL) : r & 64 ? BUY : SELL;
      int64_t fee = (int64_t)(r >> 50) % 100 - 20;
      fill(&m, 0, 0, side, quantity, price, fee);
      flow -= (nt_wide)(side == BUY ? quantity : -quantity) * price;
      position += side == BUY ? quantity : -quantity;
      fees += fee;
    }
    nt_wide worth = (flow + (nt_wide)position * m.state->markets[0].last) * limits.terms.value_numerator;
    nt_position row;
    nt_account_view view;
    nt_position_of(m.state, 0, 0, &row);
    nt_account_view_of(m.state, 0, &view);
    nt_wide gross = (nt_wide)row.realized_pnl + row.unrealized_pnl;
    CHECK(gross * limits.terms.value_denominator <= worth);                                     /* never flatters */
    CHECK(gross * limits.terms.value_denominator > worth - 2 * limits.terms.value_denominator); /* two floors at most */
    if (limits.terms.value_denominator == 1) CHECK(gross == worth);
    CHECK_EQUAL(row.quantity, position);
    CHECK_EQUAL(row.fees, fees);
    CHECK_EQUAL(view.cash, row.realized_pnl - fees);
    CHECK_EQUAL(view.equity, row.realized_pnl - fees + row.unrealized_pnl);
    if (position == 0) CHECK_EQUAL(row.unrealized_pnl, 0);
  }
  nt_pair *pair = &m.state->pairs[0];
  CHECK(pair->working_buy == 0 && pair->working_sell == 0);
  nt_state_destroy(m.state);
}

static void the_largest_values_do_not_wrap(void) {
  machine_limits limits = plain();
  limits.terms.value_numerator = NT_RAW_MAX;
  machine m = machine_make(&limits);
  nt_account_view view;
  fill(&m, 0, 0, BUY, NT_RAW_MAX, NT_RAW_MAX, 0);
  expect_row(&m, NT_RAW_MAX, 0, 0, (double)NT_RAW_MAX / 100);
  mark(&m, 0, -NT_RAW_MAX);
  expect_row(&m, NT_RAW_MAX, 0, -INT64_MAX, (double)NT_RAW_MAX / 100);
  fill(&m, 0, 0, SELL, NT_RAW_MAX, -NT_RAW_MAX, INT64_MAX);
  expect_row(&m, 0, -INT64_MAX, 0, NAN);
  nt_account_view_of(m.state, 0, &view);
  CHECK_EQUAL(view.cash, -INT64_MAX);
  CHECK_EQUAL(view.equity, -INT64_MAX);
  CHECK_EQUAL(view.fees, INT64_MAX);
  CHECK_EQUAL(view.day_pnl, -INT64_MAX);
  nt_state_destroy(m.state);
  machine rich = machine_make(&limits);
  fill(&rich, 0, 0, SELL, NT_RAW_MAX, NT_RAW_MAX, 0);
  fill(&rich, 0, 0, BUY, NT_RAW_MAX, -NT_RAW_MAX, -INT64_MAX);
  nt_account_view_of(rich.state, 0, &view);
  CHECK_EQUAL(view.cash, INT64_MAX);
  CHECK_EQUAL(view.equity, INT64_MAX);
  nt_state_destroy(rich.state);
}

/* Per whole unit: quantities with decimals pay a part, rounded up; a rebate is rounded down. */
static void fees_are_rounded_against_the_trader(void) {
  machine_limits limits = plain();
  limits.instrument.quantity_decimals = 3;
  limits.terms.fee_taker = 7;
  limits.terms.fee_maker = -7;
  machine m = machine_make(&limits);
  nt_entry entry = {.side = BUY};
  const struct {
    int64_t quantity, taker, maker;
  } cases[] = {{1000, 7, -7}, {1, 1, 0}, {999, 7, -6}, {1001, 8, -7}, {142, 1, 0}, {143, 2, -1}, {1500, 11, -10}};
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    CHECK_EQUAL(nt_account_fee(m.state, &entry, 5, cases[i].quantity, NT_LIQUIDITY_TAKER), cases[i].taker);
    CHECK_EQUAL(nt_account_fee(m.state, &entry, 5, cases[i].quantity, NT_LIQUIDITY_MAKER), cases[i].maker);
  }
  m.state->pairs[0].fee_taker = NT_RAW_MAX;
  CHECK_EQUAL(nt_account_fee(m.state, &entry, 5, NT_RAW_MAX, NT_LIQUIDITY_TAKER), INT64_MAX);
  nt_state_destroy(m.state);
}

/* A share of the money that a fill moves, of either sign of the price, beside the fee of a contract. */
static void fees_of_the_money_of_a_fill(void) {
  machine_limits limits = plain();
  limits.instrument.quantity_decimals = 3;
  limits.terms.value_numerator = 1;
  limits.terms.value_denominator = 10; /* 1000 * 15 is 1500 of money */
  limits.terms.fee_taker = limits.terms.fee_maker = 0;
  limits.terms.fee_taker_ppb = 450000;  /* 4.5 basis points */
  limits.terms.fee_maker_ppb = -450000; /* a rebate */
  machine m = machine_make(&limits);
  nt_entry entry = {.side = BUY};
  const struct {
    int64_t price, quantity, taker, maker;
  } cases[] = {{1000, 15, 1, 0},
               {20000, 100000, 90000, -90000},
               {-20000, 100000, 90000, -90000},
               {20000, 100001, 90001, -90000},
               {1, 1, 1, 0},
               {22222, 10000, 10000, -9999},
               {199995, 1, 9, -8}};
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    CHECK_EQUAL(nt_account_fee(m.state, &entry, cases[i].price, cases[i].quantity, NT_LIQUIDITY_TAKER), cases[i].taker);
    CHECK_EQUAL(nt_account_fee(m.state, &entry, cases[i].price, cases[i].quantity, NT_LIQUIDITY_MAKER), cases[i].maker);
  }
  nt_error error;
  limits.terms.fee_taker = 1500; /* of a contract, and so much more */
  CHECK_EQUAL(nt_terms_set(m.state, &limits.terms, &error), NT_OK);
  CHECK_EQUAL(nt_account_fee(m.state, &entry, 20000, 100000, NT_LIQUIDITY_TAKER), 90000 + 150000);
  nt_state_destroy(m.state);
  limits = plain();
  limits.terms.fee_taker_ppb = 1000000;
  m = machine_make(&limits);
  machine_trade(&m, 100000, 1, BUY);
  machine_new(&m, BUY, 4, NT_ABSENT, NT_TIF_DAY);
  machine_trade(&m, 100000, 10, BUY);
  int64_t share = m.effects.reports[0].last_price * 4 * 5000 / 1000, fee = share + 4 * limits.terms.fee_taker;
  CHECK_EQUAL(machine_one(&m, NT_EXEC_TRADE)->fee, fee);
  CHECK_EQUAL(m.state->keeping[0].fees, fee);
  nt_state_destroy(m.state);
}

static machine with_two_of_each(const machine_limits *limits) {
  nt_error error;
  machine m = machine_make(limits);
  nt_instrument instrument = limits->instrument;
  nt_account account = limits->account;
  strcpy(instrument.symbol, "NQ");
  strcpy(account.name, "second");
  CHECK_EQUAL(nt_instrument_add(m.state, &instrument, &error), 1);
  CHECK_EQUAL(nt_account_add(m.state, &account, &error), 1);
  for (uint32_t i = 1; i < 4; i++) {
    nt_terms terms = limits->terms;
    terms.account = i / 2;
    terms.instrument = i % 2;
    CHECK_EQUAL(nt_terms_set(m.state, &terms, &error), NT_OK);
  }
  return m;
}

static void accounts_and_instruments_stay_apart(void) {
  machine_limits limits = plain();
  machine m = with_two_of_each(&limits);
  nt_account_view view[2];
  fill(&m, 0, 0, BUY, 2, 100, 3);
  fill(&m, 0, 1, SELL, 5, 1000, 4);
  fill(&m, 1, 1, BUY, 7, 1000, 5);
  mark(&m, 0, 110);
  mark(&m, 1, 990);
  for (uint32_t i = 0; i < 2; i++) nt_account_view_of(m.state, i, &view[i]);
  CHECK_EQUAL(view[0].unrealized_pnl, (2 * 10 + 5 * 10) * 5000);
  CHECK_EQUAL(view[0].fees, 7);
  CHECK_EQUAL(view[1].unrealized_pnl, -7 * 10 * 5000);
  CHECK_EQUAL(view[1].fees, 5);
  fill(&m, 0, 1, BUY, 5, 980, 0);
  for (uint32_t i = 0; i < 2; i++) nt_account_view_of(m.state, i, &view[i]);
  CHECK_EQUAL(view[0].realized_pnl, 5 * 20 * 5000);
  CHECK_EQUAL(view[0].unrealized_pnl, 2 * 10 * 5000);
  CHECK_EQUAL(view[1].unrealized_pnl, -7 * 10 * 5000); /* another's fill is no mark: the last trade is */
  mark(&m, 1, 980);
  nt_account_view_of(m.state, 1, &view[1]);
  CHECK_EQUAL(view[1].unrealized_pnl, -7 * 20 * 5000);
  nt_state_destroy(m.state);
}

static void a_day_begins_with_its_first_open(void) {
  machine_limits limits = plain();
  limits.account.cash = 1000;
  machine m = machine_make(&limits);
  nt_account_view view;
  fill(&m, 0, 0, BUY, 1, 100, 10);
  mark(&m, 0, 101);
  nt_account_view_of(m.state, 0, &view);
  CHECK_EQUAL(view.day_pnl, 5000 - 10);
  machine_session(&m, NT_SESSION_OPEN, 5); /* what came before the first day that is known counts to it */
  nt_account_view_of(m.state, 0, &view);
  CHECK_EQUAL(view.day_pnl, 5000 - 10);
  CHECK_EQUAL(view.equity, 1000 + 5000 - 10);
  mark(&m, 0, 99);
  machine_session(&m, NT_SESSION_HALTED, 5); /* a pause of the same day */
  machine_session(&m, NT_SESSION_OPEN, 5);
  machine_session(&m, NT_SESSION_CLOSED, 6); /* a close begins nothing */
  machine_session(&m, NT_SESSION_OPEN, 4);   /* nor does a day that has been */
  nt_account_view_of(m.state, 0, &view);
  CHECK_EQUAL(view.day_pnl, -5000 - 10);
  machine_session(&m, NT_SESSION_OPEN, 6);
  nt_account_view_of(m.state, 0, &view);
  CHECK_EQUAL(view.day_pnl, 0);
  nt_state_destroy(m.state);
}

/* Fees count; the limit itself halts; only this account is halted; who lets it trade again, if only to reduce, accepts the loss. */
static void a_daily_loss_halts_one_account(void) {
  machine_limits limits = plain();
  limits.account.max_daily_loss = 5010;
  machine m = with_two_of_each(&limits);
  nt_account_view view;
  fill(&m, 0, 0, BUY, 1, 100, 9);
  fill(&m, 1, 1, BUY, 1, 100, 0);
  mark(&m, 0, 99);
  CHECK_EQUAL(m.state->keeping[0].state, NT_STATE_ACTIVE); /* one short of it */
  fill(&m, 0, 1, SELL, 1, 100, 1);
  nt_account_view_of(m.state, 0, &view);
  CHECK_EQUAL(view.state, NT_STATE_HALTED);
  CHECK_EQUAL(view.state_reason, NT_REASON_DAILY_LOSS_LIMIT);
  CHECK_EQUAL(view.day_pnl, -5010);
  CHECK_EQUAL(m.state->keeping[1].state, NT_STATE_ACTIVE);
  machine_state(&m, NT_STATE_HALTED); /* a person's halt on top changes nothing */
  machine_state(&m, NT_STATE_REDUCING);
  mark(&m, 0, 100);
  CHECK_EQUAL(m.state->keeping[0].state, NT_STATE_REDUCING);
  mark(&m, 0, 98); /* a fresh loss, counted from there */
  CHECK_EQUAL(m.state->keeping[0].state, NT_STATE_REDUCING);
  mark(&m, 0, 97);
  CHECK_EQUAL(m.state->keeping[0].state, NT_STATE_HALTED);
  nt_command resume = {.kind = NT_COMMAND_SET_STATE, .state = NT_STATE_ACTIVE, .account = 0};
  machine_input(&m, (nt_input){.kind = NT_INPUT_COMMAND, .command = &resume});
  nt_account_view_of(m.state, 0, &view);
  CHECK_EQUAL(view.state, NT_STATE_ACTIVE);
  CHECK_EQUAL(view.state_reason, 0);
  CHECK_EQUAL(view.day_pnl, 0);
  CHECK_EQUAL(m.state->keeping[1].state, NT_STATE_REDUCING); /* the command named one account */
  nt_state_destroy(m.state);
}

/* The fill that loses too much ends its order; what it cancels is what still works. */
static void a_fatal_fill_is_no_cancel(void) {
  machine_limits limits = plain();
  limits.account.max_daily_loss = 1;
  limits.config.slippage_ticks = 1;
  machine m = machine_make(&limits);
  machine_trade(&m, 100, 10, SELL);
  machine_new(&m, BUY, 2, 90, NT_TIF_GTC);
  machine_new(&m, BUY, 1, NT_ABSENT, NT_TIF_DAY); /* slips by a tick: a loss */
  machine_trade(&m, 100, 10, BUY);
  CHECK_EQUAL(m.state->keeping[0].state, NT_STATE_HALTED);
  CHECK_EQUAL(m.effects.count, 2);
  CHECK_EQUAL(m.effects.reports[0].exec_type, NT_EXEC_TRADE);
  CHECK_EQUAL(m.effects.reports[0].order_status, NT_STATUS_FILLED);
  CHECK_EQUAL(m.effects.reports[1].exec_type, NT_EXEC_CANCELED);
  CHECK_EQUAL(m.effects.reports[1].client_order_id, 1);
  CHECK_EQUAL(m.state->clients[0].open, 0);
  nt_state_destroy(m.state);
}

static void refuses_bad_accounts(void) {
  machine_limits limits = plain();
  machine m = machine_make(&limits);
  nt_error error;
  nt_account good = limits.account;
  strcpy(good.name, "b");
  good.max_open_orders = 0;
  good.max_orders_per_second = good.max_daily_loss = 1;
  for (int field = 0; field < 16; field++) {
    nt_account account = good;
    if (field == 0) account.name[0] = 0;
    if (field == 1) memset(account.name, 'x', sizeof(account.name));
    if (field == 2) account.currency[0] = 0;
    if (field == 3) memset(account.currency, 'x', sizeof(account.currency));
    if (field == 4) account.decimals = -1;
    if (field == 5) account.decimals = NT_DECIMALS_MAX + 1;
    if (field == 6) account.cash = NT_RAW_MAX + 1;
    if (field == 7) account.cash = -NT_RAW_MAX - 1;
    if (field == 8) account.max_open_orders = -1;
    if (field == 9) account.max_open_orders = NT_RAW_MAX + 1;
    if (field == 10) account.max_orders_per_second = 0;
    if (field == 11) account.max_orders_per_second = 1000000001;
    if (field == 12) account.max_daily_loss = 0;
    if (field == 13) account.max_daily_loss = NT_RAW_MAX + 1;
    if (field == 14) account.self_trade = NT_SELF_TRADE_CANCEL_BOTH + 1;
    if (field == 15) account.reserved[3] = 1;
    CHECK_EQUAL(nt_account_add(m.state, &account, &error), NT_ERR_INVALID);
    CHECK_EQUAL(error.code, NT_ERR_INVALID);
  }
  nt_account again = good;
  strcpy(again.name, "main");
  CHECK_EQUAL(nt_account_add(m.state, &again, &error), NT_ERR_NAME_IN_USE);
  CHECK_EQUAL(nt_account_add(m.state, &good, &error), 1);
  strcpy(again.name, "c");
  CHECK_EQUAL(nt_account_add(m.state, &again, &error), NT_ERR_FULL);
  CHECK(error.observed == 3 && error.limit == 2);
  nt_state_destroy(m.state);
}

static void refuses_bad_terms(void) {
  machine_limits limits = plain();
  machine m = machine_make(&limits);
  nt_error error;
  nt_pair before = m.state->pairs[0];
  for (int field = 0; field < 25; field++) {
    nt_terms terms = limits.terms;
    int64_t *values[] = {&terms.max_order_quantity, &terms.max_order_notional, &terms.max_position, &terms.max_quote_age_ns};
    if (field == 0) terms.account = 1;
    if (field == 1) terms.instrument = 1;
    if (field == 2) terms.value_numerator = 0;
    if (field == 3) terms.value_numerator = -1;
    if (field == 4) terms.value_numerator = NT_RAW_MAX + 1;
    if (field == 5) terms.value_denominator = -1;
    if (field == 6) terms.value_denominator = NT_RAW_MAX + 1;
    if (field == 7) terms.fee_taker = NT_RAW_MAX + 1;
    if (field == 8) terms.fee_taker = -NT_RAW_MAX - 1;
    if (field == 9) terms.fee_maker = NT_RAW_MAX + 1;
    if (field == 10) terms.fee_maker = -NT_RAW_MAX - 1;
    if (field == 11) terms.price_collar_bps = -1;
    if (field == 12) terms.price_collar_bps = 1000001;
    if (field >= 13 && field < 17) *values[field - 13] = -1;
    if (field >= 17 && field < 21) *values[field - 17] = NT_RAW_MAX + 1;
    if (field == 21) terms.fee_taker_ppb = 1000000001;
    if (field == 22) terms.fee_taker_ppb = -1000000001;
    if (field == 23) terms.fee_maker_ppb = 1000000001;
    if (field == 24) terms.fee_maker_ppb = -1000000001;
    CHECK_EQUAL(nt_terms_set(m.state, &terms, &error), NT_ERR_INVALID);
  }
  nt_terms terms = limits.terms;
  terms.reserved[0] = 1;
  CHECK_EQUAL(nt_terms_set(m.state, &terms, &error), NT_ERR_INVALID);
  CHECK(memcmp(&before, &m.state->pairs[0], sizeof(before)) == 0);
  nt_state_destroy(m.state);
}

static void refuses_bad_instruments(void) {
  machine_limits limits = machine_defaults();
  machine m = machine_make(&limits);
  nt_error error;
  nt_instrument good = limits.instrument;
  strcpy(good.symbol, "NQ");
  for (int field = 0; field < 20; field++) {
    nt_instrument instrument = good;
    int64_t *values[] = {&instrument.tick_size, &instrument.lot_size, &instrument.minimum_quantity, &instrument.maximum_price};
    if (field == 0) instrument.symbol[0] = 0;
    if (field == 1) memset(instrument.symbol, 'x', sizeof(instrument.symbol));
    if (field == 2) instrument.currency[0] = 0;
    if (field == 3) memset(instrument.currency, 'x', sizeof(instrument.currency));
    if (field == 4) instrument.price_decimals = -1;
    if (field == 5) instrument.price_decimals = NT_DECIMALS_MAX + 1;
    if (field == 6) instrument.quantity_decimals = -1;
    if (field == 7) instrument.quantity_decimals = NT_DECIMALS_MAX + 1;
    if (field >= 8 && field < 12) *values[field - 8] = 0;
    if (field >= 12 && field < 16) *values[field - 12] = NT_RAW_MAX + 1;
    if (field == 16) instrument.allow_negative_price = 2;
    if (field == 17) instrument.initial_session = 0;
    if (field == 18) instrument.initial_session = NT_SESSION_HALTED + 1;
    if (field == 19) instrument.reserved[3] = 1;
    CHECK_EQUAL(nt_instrument_add(m.state, &instrument, &error), NT_ERR_INVALID);
    CHECK_EQUAL(error.code, NT_ERR_INVALID);
  }
  CHECK_EQUAL(nt_instrument_add(m.state, &limits.instrument, &error), NT_ERR_NAME_IN_USE);
  m.state->slippage_ticks = 2;
  nt_instrument coarse = good;
  coarse.tick_size = NT_RAW_MAX;
  CHECK_EQUAL(nt_instrument_add(m.state, &coarse, &error), NT_ERR_INVALID);
  CHECK(strstr(error.text, "slippage_ticks") != NULL);
  CHECK_EQUAL(nt_instrument_add(m.state, &good, &error), 1);
  strcpy(good.symbol, "CL");
  CHECK_EQUAL(nt_instrument_add(m.state, &good, &error), NT_ERR_FULL);
  nt_state_destroy(m.state);
}

int main(void) {
  RUN(a_position_opens_closes_and_turns);
  for (uint64_t seed = 1; seed <= 15; seed++) worth_is_flow_plus_position(seed);
  RUN(the_largest_values_do_not_wrap);
  RUN(fees_are_rounded_against_the_trader);
  RUN(fees_of_the_money_of_a_fill);
  RUN(accounts_and_instruments_stay_apart);
  RUN(a_day_begins_with_its_first_open);
  RUN(a_daily_loss_halts_one_account);
  RUN(a_fatal_fill_is_no_cancel);
  RUN(refuses_bad_accounts);
  RUN(refuses_bad_terms);
  RUN(refuses_bad_instruments);
  return 0;
}
