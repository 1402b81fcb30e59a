/* The state machine: orders, accounts, instruments and the paper venue as plain private memory.
 *
 * nt_apply takes one input at a time. It reads no clock, makes no system call and touches no shared memory, so that live trading,
 * replay, recovery and simulation decide alike. What others may see is published from here by the sequencer.
 */
#ifndef NT_STATE_H
#define NT_STATE_H

#include <stddef.h>

#include "book.h"
#include "feature_set.h"
#include "fixed.h"
#include "neural_trader.h"

#define NT_NIL NT_NONE
#define NT_LIST_TRAILING 2      /* nt_venue_book.head: 0 and 1 are the takers of a side */
#define NT_KERNEL_CHANNEL 65535 /* of an input that no peer sent */
#define NT_EFFECTS_MAX 256      /* reports of one call; nt_apply asks to be called again when more are due */

/* ---- rows that validation reads: one or two cache lines each --------------------------------------------------------------- */

typedef struct nt_market {
  _Alignas(128) int64_t bid;
  int64_t ask;
  int64_t last;
  int64_t quote_ts; /* ts_recv of the quote, NT_ABSENT before the first */
  uint64_t tick_inverse;
  uint64_t tick_bound;
  uint64_t lot_inverse;
  uint64_t lot_bound;
  int64_t maximum_price;
  int64_t minimum_quantity;
  int64_t slippage; /* raw price */
  int64_t tick_size;
  int64_t lot_size;
  uint64_t prints; /* trades seen */
  uint8_t tick_shift;
  uint8_t lot_shift;
  uint8_t session; /* NT_SESSION_ */
  uint8_t allow_negative_price;
  uint8_t implied;
  uint8_t dirty;
  uint8_t booked; /* the book is the quote */
  uint8_t reserved;
  int64_t mark; /* the last trade, or the middle of the quote while there was none */
} nt_market;
_Static_assert(sizeof(nt_market) == 128, "one instrument is two lines");

/* An account on an instrument: the limits as the checks compare them and what they are compared with. Off is INT64_MAX. */
typedef struct nt_pair {
  _Alignas(128) int64_t position;
  int64_t working_buy;
  int64_t working_sell;
  int64_t max_order_quantity;
  int64_t max_position;
  int64_t price_collar_bps;
  int64_t max_quote_age_ns;
  uint8_t has_terms;
  uint8_t has_ppb; /* fees of the money of a fill */
  uint8_t reduces; /* 1: reduce-only orders work, see the ledger */
  uint8_t dirty;
  uint32_t fee_ppb;      /* the worse of them; 0: none, or rebates */
  nt_wide product_limit; /* max_order_notional as price_raw * quantity_raw, rounded down */
  int64_t max_order_notional;
  int64_t value_numerator;
  int64_t value_denominator;
  int64_t fee_taker;
  int64_t fee_maker;
  uint32_t restrictions;
  uint32_t unvalued; /* 1: it holds or works something that has no value in account currency */
  /* From here on: what only the checks of exposure, buying power and self-trades read. Index 0 is buys, 1 sells. */
  nt_wide working_product[2]; /* sum of value_price * (leaves + reserved_extra) */
  int64_t highest_price[2];   /* the largest value_price since this side last had nothing working */
  nt_ratio value;             /* value_numerator / value_denominator */
  nt_ratio fee;               /* the worse fee per raw quantity */
  nt_wide minimum_product;    /* min_order_notional as price_raw * quantity_raw, rounded up; 0: off */
  int64_t initial_margin_bps; /* 0: off */
  int64_t exposure;           /* money, as it stands in the account's sums */
  int64_t open_notional;
  int64_t reserved_money;
  nt_wide held;         /* of the position at its mark, as in the account's sums */
  nt_wide worst;        /* what exposure is the money of */
  int64_t own_price[2]; /* of own_best */
  uint32_t own_best[2]; /* NT_NIL: none */
  uint32_t own_root[2]; /* working orders with a price, best first */
} nt_pair;
_Static_assert(sizeof(nt_pair) == 384, "one pair is six lines, of which most orders read two");

/* What trading has done on a pair; products are price_raw * quantity_raw and exact. */
typedef struct nt_ledger {
  nt_wide cost;     /* of the open position, signed like it */
  nt_wide realized; /* sum over closed quantity */
  int64_t realized_money;
  int64_t unrealized_money;
  int64_t fees;
  uint64_t fills;
  int64_t venue_position; /* with the fills that are on their way to the kernel */
  int64_t reduce_buy;     /* working quantity of reduce-only orders; they are in no other sum, because they open nothing */
  int64_t reduce_sell;
  int64_t reserved;
} nt_ledger;

typedef struct nt_book_keeping {
  _Alignas(128) int64_t rate_next_ns; /* GCRA theoretical arrival time */
  int64_t rate_interval_ns;           /* 0: off */
  int64_t rate_tolerance_ns;
  int64_t open_orders;
  int64_t max_open_orders;
  int64_t max_daily_loss;
  uint8_t state;
  uint8_t dirty;
  uint16_t state_reason;
  uint32_t reserved;
  int64_t start_cash;
  int64_t realized;
  int64_t unrealized;
  int64_t fees;
  int64_t day_equity; /* at the beginning of the trading day, or when trading was resumed */
  int64_t day;        /* trading day, days since 1970-01-01 */
  int64_t max_orders_per_second;
  int64_t cancel_next_ns; /* as rate_, for requests to cancel */
  int64_t cancel_interval_ns;
  int64_t cancel_tolerance_ns;
  int64_t max_cancels_per_second;
  uint64_t allowed_order_types; /* all bits: off */
  uint64_t allowed_times_in_force;
  int64_t max_order_age_ns;
  int64_t max_gross_exposure;
  int64_t max_open_notional;
  int64_t max_daily_value;
  nt_wide exposure; /* sums over the account's pairs */
  nt_wide open_notional;
  nt_wide reserved_money;
  int64_t day_value;
  uint32_t values;   /* 1: a limit needs what orders are worth */
  uint32_t unvalued; /* pairs */
  uint32_t self_trade;
  int64_t duplicate_window_ns; /* 0: off */
  int64_t fills_window_ns;     /* 0: off */
  uint32_t max_duplicate_orders;
  uint32_t max_fills;
  uint32_t reserved1;
} nt_book_keeping;

/* When orders alike were accepted, and when fills came. Sets of seven kinds of order; a set full of others that are all within the window
 * denies, against the trader. */
#define NT_HABIT_SETS 512
#define NT_FILL_RING 1024
_Static_assert(NT_FILLS_MAX < NT_FILL_RING, "the ring holds one more than the limit");

typedef struct nt_habit {
  int64_t times[NT_DUPLICATES_MAX]; /* ring */
  uint32_t head;
  uint32_t count; /* at most NT_DUPLICATES_MAX */
} nt_habit;

typedef struct nt_habit_set {
  _Alignas(64) uint64_t keys[7]; /* 0: free; taken in order */
  int64_t room_at;               /* once all are taken: when the first of them is out of its window */
  int64_t last[7];               /* newest time of each */
  int64_t reserved;
} nt_habit_set;

typedef struct nt_habits {
  nt_habit_set sets[NT_HABIT_SETS];
  nt_habit habits[NT_HABIT_SETS][7];
  int64_t fill_times[NT_FILL_RING];
  uint64_t fills; /* since trading was resumed */
} nt_habits;

/* ---- orders ---------------------------------------------------------------------------------------------------------------- */

enum nt_venue_place {
  NT_PLACE_TRANSIT = 1,
  NT_PLACE_TAKER = 2,
  NT_PLACE_RESTING = 3,
  NT_PLACE_DONE = 4,
  NT_PLACE_TRIGGER = 5,  /* waits for a trade at its trigger */
  NT_PLACE_TRAILING = 6, /* the same, and the trigger moves */
  NT_PLACE_HELD = 7      /* of a bracket whose first order has not traded */
};

/* The ordered trees of a venue book: best first. */
enum nt_venue_tree { NT_TREE_BIDS = 0, NT_TREE_ASKS = 1, NT_TREE_RISING = 2, NT_TREE_FALLING = 3 };

/* What the others of its list have decided about an order that has not arrived yet. */
enum nt_fate { NT_FATE_OPEN = 0, NT_FATE_RELEASED = 1, NT_FATE_CANCELED = 2 };

/* One open order. The kernel's view and the paper venue's view are separate fields: they differ by what is in transit. A line each: what
 * finding an order reads and taking it out writes, what the kernel does when it hears of a fill, how it waits, and the rest. */
typedef struct nt_entry {
  _Alignas(64) int64_t venue_price;
  int64_t venue_quantity;
  int64_t venue_filled;
  int64_t next_price; /* of the next in its tree, as nt_venue_book.first_price is of the first */
  uint32_t left;      /* tree by price then priority; in a list: next */
  uint32_t right;     /* in a list: previous */
  uint32_t parent;
  uint32_t next; /* the tree in order */
  uint32_t instrument;
  uint32_t expiry_slot; /* in the heap of expiries; NT_NIL: not there */
  uint16_t account;
  uint8_t side;
  uint8_t place;
  uint8_t tree;       /* NT_TREE_ while resting or waiting for its trigger */
  uint8_t venue_type; /* NT_ORDER_MARKET or NT_ORDER_LIMIT: what it is once triggered */
  uint8_t marketable; /* on arrival */
  uint8_t reduce_only;
  /* the kernel's view */
  uint64_t client_order_id; /* 0: slot free */
  uint64_t venue_order_id;
  int64_t quantity;
  int64_t filled;
  int64_t reserved_extra; /* working quantity reserved for a replace on its way */
  int64_t value_price;    /* magnitude at which leaves + reserved_extra are valued: the worse of standing_value and replaced_value */
  uint32_t list_previous;
  uint16_t strategy;
  uint16_t channel;
  uint8_t type;
  uint8_t time_in_force;
  uint8_t status;
  uint8_t pending_cancel;
  uint8_t pending_replace;
  uint8_t contingency;
  uint8_t fate;
  uint8_t owned; /* 1: in the tree of the account's own orders */
  /* where it waits */
  union {
    uint64_t arrival_print; /* fills by prints: the instrument's print count when the order reached the venue */
    int64_t queue_ahead;    /* fills by queue: displayed quantity before it at its price; NT_QUEUE_UNKNOWN */
  };
  int64_t queue_traded; /* at its price since the size displayed there was last told */
  int64_t displayed;    /* what is left of the slice shown now; 0: all */
  uint64_t priority;    /* time priority at the venue */
  int64_t trigger_price;
  int64_t trailing_offset;
  int64_t expire_ts;  /* INT64_MAX: never */
  uint32_t list_next; /* ring of the orders that hang together; itself when alone */
  uint32_t previous;  /* in its tree, unless it is the first */
  /* of replaces and the account's own orders */
  int64_t price;            /* kernel */
  int64_t display_quantity; /* 0: all */
  int64_t standing_value;   /* of the order as the venue has confirmed it */
  int64_t replaced_value;   /* of the replace that is on its way */
  int64_t own_price;        /* key in the account's own orders: the more aggressive price while a replace is on its way */
  uint32_t own_left;        /* tree of the account's own orders on this side */
  uint32_t own_right;
  uint32_t own_parent;
  uint8_t post_only;
  uint8_t triggered; /* 1: the kernel knows that it has been, or that it was to be when it arrived */
  uint8_t reserved[10];
} nt_entry;
_Static_assert(sizeof(nt_entry) == 256 && offsetof(nt_entry, client_order_id) == 64 && offsetof(nt_entry, queue_traded) == 136,
               "one order is four lines, of which a fill needs three");

/* A request on its way to the venue, or an answer on its way back. */
typedef struct nt_transit {
  _Alignas(64) int64_t due;
  int64_t ts; /* when it was sent */
  uint64_t request_id;
  int64_t price;
  int64_t quantity;
  int64_t trigger_price;
  uint32_t entry;
  uint16_t reason;
  uint8_t kind; /* NT_MESSAGE_ inward, NT_EXEC_ outward */
  uint8_t liquidity;
  uint8_t answers; /* a cancel: one was asked for */
  uint8_t reserved[7];
} nt_transit;
_Static_assert(sizeof(nt_transit) == 64, "one message is one line");

/* In order of time, at equal times of sending. */
typedef struct nt_transit_queue {
  nt_transit *items;
  uint64_t mask;
  uint64_t head;
  uint64_t tail;
} nt_transit_queue;

/* A line each: what every print looks at, what is written when an order comes or goes, and the quote. */
typedef struct nt_venue_book {
  _Alignas(64) int64_t first_price[4]; /* NT_TREE_: price or trigger of the best in it; one that nothing reaches while it is empty */
  uint32_t first[4];                   /* the best itself */
  uint32_t head[3];                    /* takers by side, then trailing stops */
  uint32_t reserved;
  uint32_t root[4];
  uint32_t tail[3];
  uint32_t reserved1;
  int64_t latency_ns[2]; /* in and out */
  int64_t last_due[2];   /* of the newest request and answer: none overtakes it */
  int64_t best[2];       /* the quote as the venue has dealt with it: price, size, and what our takers have had of it since */
  int64_t size[2];       /* INT64_MAX where the source gives none */
  int64_t taken[2];
} nt_venue_book;
_Static_assert(sizeof(nt_venue_book) == 192, "one book is three lines");
#define NT_QUEUE_UNKNOWN INT64_MAX

typedef struct nt_id_line {
  uint64_t last_id;
  uint32_t open;
  uint32_t reserved;
} nt_id_line;

/* ---- the whole ------------------------------------------------------------------------------------------------------------- */

typedef struct nt_input {
  uint16_t kind; /* NT_INPUT_ */
  uint16_t channel;
  int64_t ts;
  union {
    const nt_order *order;
    nt_tick *tick; /* aggressor and flags are completed in place; kind becomes 0 when the tick is refused */
    const nt_command *command;
  };
} nt_input;

typedef struct nt_effects {
  uint32_t count;
  uint32_t accepted; /* 1: the order passed validation */
  nt_report reports[NT_EFFECTS_MAX];
} nt_effects;

enum nt_applied { NT_APPLIED = 0, NT_APPLY_AGAIN = 1 };

typedef struct nt_state {
  int64_t now;
  uint32_t instrument_count;
  uint32_t instrument_capacity;
  uint32_t account_count;
  uint32_t account_capacity;
  uint32_t channels;
  uint32_t order_capacity; /* per channel, power of two */
  uint32_t ended;
  uint32_t fill_model;
  int64_t latency_ns[2]; /* in and out, of instruments without their own */
  uint32_t measured_latency;
  int64_t slippage_ticks;
  uint64_t next_venue_order_id;
  uint64_t next_execution_id;
  uint64_t next_priority;
  nt_instrument *instruments;
  nt_account *accounts;
  nt_terms *terms; /* [account * instrument_capacity + instrument] */
  nt_market *markets;
  nt_quote *quotes;
  nt_features *features;
  nt_venue_book *books;
  nt_depth *depths;
  int64_t *levels; /* [instrument * nt_depth_words(book_depth)]; pages of instruments without levels are never touched */
  uint32_t book_depth;
  uint32_t open_update_count;
  uint32_t *open_updates;  /* instruments with a book update that does not show yet */
  int64_t *quantity_scale; /* 10^quantity_decimals */
  nt_pair *pairs;
  nt_ledger *ledgers;
  nt_book_keeping *keeping;
  nt_habits *habits; /* per account */
  nt_entry *entries; /* [channel * order_capacity + (id & mask)] */
  nt_id_line *clients;
  nt_transit_queue inbound;
  nt_transit_queue outbound;
  uint32_t *scratch;  /* entry indices, one per entry */
  uint32_t *expiries; /* heap of entry indices, first to expire first */
  uint32_t expiry_count;
  uint32_t reserved1;
  uint32_t *dirty_markets;
  uint32_t dirty_market_count;
  uint32_t dirty_pair_count;
  uint32_t *dirty_pairs;
  nt_counters counters;
  uint32_t models;
  uint32_t own_models; /* bits: those that the kernel steps itself */
} nt_state;

/* Why an order is refused. reason 0: it passes. */
typedef struct nt_verdict {
  uint16_t reason;
  uint16_t check;
  uint8_t unit;
  uint8_t saturated;
  int64_t observed;
  int64_t limit;
} nt_verdict;

static inline uint32_t nt_pair_index(const nt_state *state, uint32_t account, uint32_t instrument) {
  return account * state->instrument_capacity + instrument;
}
static inline int64_t nt_leaves(const nt_entry *entry) {
  return entry->quantity - entry->filled;
}
/* A stop to buy and an if-touched to sell wait for prices to rise, the others for them to fall. */
static inline int nt_trigger_rises(uint8_t type, uint8_t side) {
  return (side == NT_SIDE_BUY) == (type != NT_ORDER_MARKET_IF_TOUCHED);
}
static inline int nt_is_terminal(uint8_t status) {
  return status >= NT_STATUS_FILLED && status <= NT_STATUS_REJECTED;
}

/* state.c: memory. NULL when the system has none. */
nt_state *nt_state_create(const nt_kernel_config *config);
void nt_state_destroy(nt_state *state);

/* instruments.c: rows and market data. */
int32_t nt_instrument_add(nt_state *state, const nt_instrument *instrument, nt_error *error);
void nt_market_tick(nt_state *state, nt_tick *tick);
void nt_market_dirty(nt_state *state, uint32_t instrument);

/* book.c: the book of an instrument that exists; tick is of kind LEVEL or BOOK_CLEAR and in range. */
void nt_book_tick(nt_state *state, const nt_tick *tick);
void nt_book_gap(nt_state *state, const nt_tick *tick);
void nt_book_settle(nt_state *state, uint32_t instrument); /* show the update that is under way */
void nt_book_settle_all(nt_state *state);
/* Price of the last level that a quantity reaches, or of the last there is; of the quote where no level is known. */
int64_t nt_book_reach(const nt_state *state, uint32_t instrument, uint32_t side, int64_t quantity);
/* Level `rank` of a side, the best is 0. 0 when there is none, or none that is known. */
int nt_book_level(const nt_state *state, uint32_t instrument, uint32_t side, uint32_t rank, int64_t *price, int64_t *size);
/* Displayed at a price, 0 when there is no such level, INT64_MAX when it is not known. */
int64_t nt_book_size_at(const nt_state *state, uint32_t instrument, uint32_t side, int64_t price);

/* accounts.c: money. */
int32_t nt_account_add(nt_state *state, const nt_account *account, nt_error *error);
int32_t nt_terms_set(nt_state *state, const nt_terms *terms, nt_error *error);
int64_t nt_account_equity(const nt_book_keeping *keeping);
int64_t nt_account_day_pnl(const nt_book_keeping *keeping); /* net of fees, since the trading day began or trading was resumed */
void nt_account_fill(nt_state *state, const nt_entry *entry, int64_t price, int64_t quantity, int64_t fee);
int64_t nt_account_fee(const nt_state *state, const nt_entry *entry, int64_t price, int64_t quantity, uint8_t liquidity);
void nt_account_mark(nt_state *state, uint32_t instrument);
void nt_account_new_day(nt_state *state, int64_t day);
void nt_account_set_state(nt_state *state, uint32_t account, uint8_t trading_state, uint16_t reason);
void nt_account_view_of(const nt_state *state, uint32_t account, nt_account_view *view);
void nt_position_of(const nt_state *state, uint32_t account, uint32_t instrument, nt_position *position);
void nt_pair_dirty(nt_state *state, uint32_t pair);

/* exposure.c: what orders and positions are worth, kept as they change, and how often the same thing happens. */
void nt_exposure_terms(nt_state *state, uint32_t account, uint32_t instrument); /* value them again */
void nt_exposure_work(nt_state *state, const nt_entry *entry, int64_t change);  /* working quantity has changed */
void nt_exposure_price(nt_state *state, nt_entry *entry, int64_t value_price);
void nt_exposure_new(nt_state *state, const nt_order *order, nt_entry *entry); /* accepted; before its quantity works */
/* A replace has been accepted (before its extra quantity works), and the price at which the order works once it is answered. */
void nt_exposure_replace(nt_state *state, nt_entry *entry, const nt_order *wanted);
void nt_exposure_replaced(nt_state *state, nt_entry *entry, int accepted);
void nt_habit_fill(nt_state *state, uint32_t account);

void nt_exposure_triggered(nt_state *state, nt_entry *entry);

/* own_orders.c: the working orders of an account on an instrument by price. */
void nt_own_insert(nt_state *state, nt_entry *entry, int64_t price);
void nt_own_remove(nt_state *state, nt_entry *entry);

/* validate.c: checks. Neither changes the state; rate_next receives what to store when the order passes. */
void nt_validate_new(const nt_state *state, const nt_order *order, uint32_t channel, nt_verdict *verdict, int64_t *rate_next);
void nt_validate_replace(const nt_state *state, const nt_order *order, const nt_entry *entry, nt_verdict *verdict, int64_t *rate_next);
void nt_validate_cancel(const nt_state *state, uint32_t account, nt_verdict *verdict, int64_t *cancel_next);
uint16_t nt_reason_fix(uint16_t reason);

/* orders.c: the kernel's side of an order's life. */
void nt_order_take(nt_state *state, const nt_order *order, uint32_t channel, nt_effects *effects);
void nt_order_answer(nt_state *state, const nt_transit *answer, nt_effects *effects);
void nt_cancel_working(nt_state *state, uint32_t account, uint32_t channel, uint16_t reason); /* NT_NONE: any */

/* order_types.c: what the kinds of orders ask for. */
int nt_order_form(const nt_order *order);
int nt_order_reduces(const nt_state *state, uint32_t account, uint32_t instrument, uint8_t side, int64_t added, int bracket,
                     nt_verdict *verdict);
int nt_order_type_checks(const nt_state *state, const nt_order *order, uint32_t channel, nt_verdict *verdict);
nt_entry *nt_order_list(const nt_state *state, const nt_order *order, uint32_t channel);

/* venue_book.c: the places where orders wait at the venue. */
void nt_book_init(nt_venue_book *book); /* nothing waits */
void nt_book_rest(nt_state *state, uint32_t index, uint32_t tree);
void nt_book_list(nt_state *state, uint32_t index, uint32_t list);
void nt_book_leave(nt_state *state, uint32_t index); /* from wherever it is; its place is done */
uint32_t nt_book_first_at(const nt_state *state, uint32_t instrument, uint32_t tree, int64_t price);
void nt_book_sort(const nt_state *state, uint32_t *indices, uint32_t count); /* by priority */
void nt_expiry_add(nt_state *state, uint32_t index);
void nt_expiry_remove(nt_state *state, uint32_t index);
int64_t nt_expiry_due(const nt_state *state); /* INT64_MAX when nothing expires */

/* paper_venue.c: the venue's side. */
void nt_venue_expire(nt_state *state); /* the first to expire does */
void nt_venue_quote(nt_state *state, uint32_t instrument);
void nt_venue_level(nt_state *state, const nt_tick *tick, int64_t before);
int64_t nt_venue_reducible(nt_state *state, const nt_entry *entry); /* what is open for a reduce-only order to close */
void nt_venue_fill(nt_state *state, uint32_t index, int64_t quantity, int64_t price, uint8_t liquidity);
void nt_venue_traded(nt_state *state, uint32_t index);                               /* after one fill or several of one go */
void nt_venue_reduced(nt_state *state, uint32_t index);                              /* after it might have traded */
int64_t nt_venue_worse(const nt_state *state, const nt_entry *entry, int64_t price); /* by slippage, within its limit */

/* queue_model.c: fills at the quote and by queue position. */
void nt_queue_place(nt_state *state, uint32_t index); /* the order has come to rest */
void nt_queue_take(nt_state *state, uint32_t index);  /* what it can at the quote */
void nt_queue_print(nt_state *state, const nt_tick *tick);
void nt_queue_quote(nt_state *state, uint32_t instrument);
void nt_queue_level(nt_state *state, uint32_t instrument, uint32_t side, int64_t price, int64_t before, int64_t after);

void nt_venue_receive(nt_state *state, const nt_transit *request);
void nt_venue_print(nt_state *state, const nt_tick *tick);
void nt_venue_session(nt_state *state, uint32_t instrument);
/* apply.c */
int nt_apply(nt_state *state, const nt_input *input, nt_effects *effects);
int64_t nt_next_due(const nt_state *state);                      /* INT64_MAX when nothing is in transit */
void nt_send_inward(nt_state *state, const nt_transit *request); /* due and ts are filled in */
void nt_send_outward(nt_state *state, const nt_transit *answer);
nt_transit *nt_send_answer(nt_state *state, uint32_t entry); /* the same, but what it says is written in place: it is empty */
uint64_t nt_outward_free(const nt_state *state);
/* A signal of one of the models about one of the instruments, with values that can be. */
int nt_signal_in_range(const nt_tick *signal, uint32_t models, uint32_t instruments);

#endif
