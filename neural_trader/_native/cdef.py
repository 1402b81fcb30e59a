"""Declarations for cffi. Generated from csrc/neural_trader.h by csrc/bindgen.py; do not edit."""

from typing import Final

CDEF: Final = """
enum nt_result {
  NT_OK = 0,
  NT_ERR_BAD_HANDLE = -1,
  NT_ERR_BUSY = -2,
  NT_ERR_FORKED = -3,
  NT_ERR_CLOSED = -4,
  NT_ERR_INVALID = -5,
  NT_ERR_NAME = -6,
  NT_ERR_NAME_IN_USE = -7,
  NT_ERR_NOT_FOUND = -8,
  NT_ERR_VERSION = -9,
  NT_ERR_CORRUPT = -10,
  NT_ERR_FULL = -11,
  NT_ERR_TIMEOUT = -12,
  NT_ERR_KERNEL_DEAD = -13,
  NT_ERR_STATE = -14,
  NT_ERR_SYSTEM = -15,
  NT_ERR_NO_SPACE = -16,
  NT_ERR_NO_CHANNEL = -17,
  NT_ERR_OVERRUN = -18,
  NT_ERR_WOULD_DEADLOCK = -19,
  NT_ERR_NO_DATA = -20,
  NT_ERR_NOT_READY = -21
};
typedef struct nt_error {
  int32_t code;
  int32_t system_error;
  int64_t observed;
  int64_t limit;
  char text[232];
} nt_error;
enum nt_tick_kind {
  NT_TICK_QUOTE = 1,
  NT_TICK_TRADE = 2,
  NT_TICK_CLOCK = 3,
  NT_TICK_SESSION = 4,
  NT_TICK_GAP = 5,
  NT_TICK_END = 6,
  NT_TICK_LEVEL = 7,
  NT_TICK_BOOK_CLEAR = 8,
  NT_TICK_LATENCY = 9,
  NT_TICK_SIGNAL = 10
};
enum nt_tick_flag {
  NT_TICK_LAST_OF_SLICE = 1,
  NT_TICK_IMPLIED = 2,
  NT_TICK_SNAPSHOT = 4,
  NT_TICK_SYNTHETIC = 8,
  NT_TICK_STALE = 16
};
enum nt_signal_flag {
  NT_SIGNAL_NOT_READY = 1,
  NT_SIGNAL_CALIBRATED = 2,
  NT_SIGNAL_BFLOAT16 = 4,
  NT_SIGNAL_INT8 = 8,
  NT_SIGNAL_DEVICE = 16
};
enum nt_book_flag {
  NT_BOOK_STALE = 1,
  NT_BOOK_CROSSED = 2,
  NT_BOOK_TRUNCATED = 4,
  NT_BOOK_INEXACT = 8
};
enum nt_session { NT_SESSION_OPEN = 1, NT_SESSION_CLOSED = 2, NT_SESSION_HALTED = 3 };
enum nt_side { NT_SIDE_BUY = 1, NT_SIDE_SELL = 2 };
enum nt_order_type {
  NT_ORDER_MARKET = 1,
  NT_ORDER_LIMIT = 2,
  NT_ORDER_STOP = 3,
  NT_ORDER_STOP_LIMIT = 4,
  NT_ORDER_TRAILING_STOP = 5,
  NT_ORDER_MARKET_IF_TOUCHED = 6
};
enum nt_time_in_force { NT_TIF_DAY = 1, NT_TIF_GTC = 2, NT_TIF_IOC = 3, NT_TIF_FOK = 4, NT_TIF_GTD = 5 };
enum nt_message { NT_MESSAGE_NEW = 1, NT_MESSAGE_REPLACE = 2, NT_MESSAGE_CANCEL = 3, NT_MESSAGE_MASS_CANCEL = 4 };
enum nt_order_flag {
  NT_ORDER_EXTENDED = 1,
  NT_ORDER_POST_ONLY = 2,
  NT_ORDER_REDUCE_ONLY = 4
};
enum nt_contingency {
  NT_CONTINGENCY_OCO = 1,
  NT_CONTINGENCY_BRACKET = 2
};
enum nt_exec_type {
  NT_EXEC_NEW = 1,
  NT_EXEC_TRADE = 2,
  NT_EXEC_CANCELED = 3,
  NT_EXEC_REPLACED = 4,
  NT_EXEC_EXPIRED = 5,
  NT_EXEC_DENIED = 6,
  NT_EXEC_REJECTED = 7,
  NT_EXEC_CANCEL_REJECTED = 8,
  NT_EXEC_REPLACE_REJECTED = 9,
  NT_EXEC_TRIGGERED = 10
};
enum nt_order_status {
  NT_STATUS_PENDING_NEW = 1,
  NT_STATUS_NEW = 2,
  NT_STATUS_PARTIALLY_FILLED = 3,
  NT_STATUS_FILLED = 4,
  NT_STATUS_CANCELED = 5,
  NT_STATUS_EXPIRED = 6,
  NT_STATUS_DENIED = 7,
  NT_STATUS_REJECTED = 8,
  NT_STATUS_PENDING_CANCEL = 9,
  NT_STATUS_PENDING_REPLACE = 10
};
enum nt_liquidity { NT_LIQUIDITY_MAKER = 1, NT_LIQUIDITY_TAKER = 2 };
enum nt_trading_state {
  NT_STATE_ACTIVE = 1,
  NT_STATE_REDUCING = 2,
  NT_STATE_HALTED = 3
};
enum nt_check {
  NT_CHECK_WELL_FORMED = 1,
  NT_CHECK_TRADING_STATE = 2,
  NT_CHECK_SESSION = 3,
  NT_CHECK_RESTRICTED = 4,
  NT_CHECK_DUPLICATE = 5,
  NT_CHECK_ORDER_AGE = 6,
  NT_CHECK_QUANTITY = 7,
  NT_CHECK_PRICE = 8,
  NT_CHECK_EXPIRY = 9,
  NT_CHECK_FRESHNESS = 10,
  NT_CHECK_COLLAR = 11,
  NT_CHECK_NOTIONAL = 12,
  NT_CHECK_MINIMUM_NOTIONAL = 13,
  NT_CHECK_OPEN_ORDERS = 14,
  NT_CHECK_POSITION = 15,
  NT_CHECK_REDUCE_ONLY = 16,
  NT_CHECK_EXPOSURE = 17,
  NT_CHECK_BUYING_POWER = 18,
  NT_CHECK_RATE = 19,
  NT_CHECK_REPEATED = 20,
  NT_CHECK_DAILY_VALUE = 21,
  NT_CHECK_DAILY_LOSS = 22,
  NT_CHECK_SELF_TRADE = 23,
  NT_CHECK_POST_ONLY = 24
};
enum nt_reason {
  NT_REASON_MALFORMED = 100,
  NT_REASON_UNKNOWN_ACCOUNT = 101,
  NT_REASON_TRADING_HALTED = 102,
  NT_REASON_TRADING_STATE_REDUCING = 103,
  NT_REASON_INSTRUMENT_NOT_FOUND = 104,
  NT_REASON_MARKET_CLOSED = 105,
  NT_REASON_INSTRUMENT_HALTED = 106,
  NT_REASON_DUPLICATE_CLIENT_ORDER_ID = 107,
  NT_REASON_ORDER_SLOT_TAKEN = 108,
  NT_REASON_QUANTITY_NOT_POSITIVE = 109,
  NT_REASON_QUANTITY_BELOW_MINIMUM = 110,
  NT_REASON_QUANTITY_EXCEEDS_MAXIMUM = 111,
  NT_REASON_LOT_SIZE_VIOLATION = 112,
  NT_REASON_PRICE_NOT_POSITIVE = 113,
  NT_REASON_PRICE_EXCEEDS_MAXIMUM = 114,
  NT_REASON_TICK_SIZE_VIOLATION = 115,
  NT_REASON_MARKET_PRICE_UNAVAILABLE = 116,
  NT_REASON_STALE_MARKET_DATA = 117,
  NT_REASON_PRICE_COLLAR = 118,
  NT_REASON_NOTIONAL_EXCEEDS_MAXIMUM = 119,
  NT_REASON_FX_RATE_UNAVAILABLE = 120,
  NT_REASON_TOO_MANY_OPEN_ORDERS = 121,
  NT_REASON_POSITION_LIMIT_EXCEEDED = 122,
  NT_REASON_RATE_LIMIT_EXCEEDED = 123,
  NT_REASON_DAILY_LOSS_LIMIT = 124,
  NT_REASON_UNKNOWN_ORDER = 125,
  NT_REASON_TOO_LATE = 126,
  NT_REASON_PENDING_REQUEST = 127,
  NT_REASON_NO_PRINT = 128,
  NT_REASON_SESSION_CLOSED = 129,
  NT_REASON_USER_REQUEST = 130,
  NT_REASON_KILL_SWITCH = 131,
  NT_REASON_CLIENT_DEATH = 132,
  NT_REASON_QUANTITY_BELOW_FILLED = 133,
  NT_REASON_RESTRICTED_INSTRUMENT = 134,
  NT_REASON_SHORT_SALE_RESTRICTED = 135,
  NT_REASON_ORDER_TYPE_NOT_PERMITTED = 136,
  NT_REASON_ORDER_TOO_OLD = 137,
  NT_REASON_NOTIONAL_BELOW_MINIMUM = 138,
  NT_REASON_GROSS_EXPOSURE_EXCEEDED = 139,
  NT_REASON_OPEN_NOTIONAL_EXCEEDED = 140,
  NT_REASON_INSUFFICIENT_BUYING_POWER = 141,
  NT_REASON_DUPLICATIVE_ORDER = 142,
  NT_REASON_REPEATED_EXECUTION = 143,
  NT_REASON_DAILY_VALUE_EXCEEDED = 144,
  NT_REASON_SELF_TRADE_PREVENTED = 145,
  NT_REASON_LINKED_ORDER = 150,
  NT_REASON_UNKNOWN_LIST = 151,
  NT_REASON_POST_ONLY_WOULD_CROSS = 152,
  NT_REASON_REDUCE_ONLY_WOULD_INCREASE_POSITION = 153,
  NT_REASON_EXPIRE_TIME_MISSING = 154,
  NT_REASON_EXPIRE_TIME_IN_PAST = 155,
  NT_REASON_EXPIRE_TIME = 156
};
enum nt_unit {
  NT_UNIT_COUNT = 1,
  NT_UNIT_PRICE = 2,
  NT_UNIT_QUANTITY = 3,
  NT_UNIT_MONEY = 4,
  NT_UNIT_NANOSECONDS = 5,
  NT_UNIT_ORDER_ID = 6,
  NT_UNIT_STATE = 7,
  NT_UNIT_CODE = 8
};
enum nt_report_flag { NT_REPORT_SATURATED = 1 };
enum nt_clock {
  NT_CLOCK_TAPE = 1,
  NT_CLOCK_MONOTONIC = 2
};
enum nt_fill_model {
  NT_FILL_PRINTS = 1,
  NT_FILL_QUEUE = 2,
  NT_FILL_PROBABILISTIC = 3
};
enum nt_command_kind {
  NT_COMMAND_SET_STATE = 1,
  NT_COMMAND_STOP = 2,
  NT_COMMAND_SET_STATE_KEEP_ORDERS = 3,
  NT_COMMAND_NEXT_ORDER = 4
};
enum nt_input_kind {
  NT_INPUT_ORDER = 1,
  NT_INPUT_TICK = 2,
  NT_INPUT_TIMER = 3,
  NT_INPUT_COMMAND = 4,
  NT_INPUT_ATTACH = 5,
  NT_INPUT_DEATH = 6,
  NT_INPUT_SIGNAL = 7
};
enum nt_precision { NT_PRECISION_FLOAT32 = 1, NT_PRECISION_BFLOAT16 = 2, NT_PRECISION_INT8 = 3 };
enum nt_isa { NT_ISA_AUTO = 0, NT_ISA_GENERIC = 1, NT_ISA_AVX2 = 2, NT_ISA_AVX512 = 3 };
enum nt_model_output { NT_MODEL_OUTPUT_CLASSES = 1, NT_MODEL_OUTPUT_NORMAL = 2, NT_MODEL_OUTPUT_STUDENT_T = 3 };
enum nt_model_clock {
  NT_MODEL_CLOCK_TICK = 1,
  NT_MODEL_CLOCK_QUOTE = 2,
  NT_MODEL_CLOCK_TRADE = 3,
  NT_MODEL_CLOCK_TIME_CHANGE = 4
};
typedef struct nt_tick {
  uint64_t seq;
  int64_t ts_event;
  int64_t ts_recv;
  union {
    struct {
      int64_t bid_price;
      int64_t ask_price;
      int64_t bid_size;
      int64_t ask_size;
    };
    struct {
      int64_t price;
      int64_t size;
      int64_t trade_id;
      int64_t aggressor;
    };
    struct {
      float values[6];
      float confidence;
      uint16_t model;
      uint8_t value_count;
      uint8_t signal_flags;
    };
  };
  uint32_t instrument;
  uint8_t kind;
  uint8_t flags;
  uint16_t venue;
} nt_tick;
typedef struct nt_order {
  uint64_t seq;
  int64_t ts;
  uint64_t client_order_id;
  int64_t price;
  int64_t trigger_price;
  int64_t quantity;
  uint32_t instrument;
  uint16_t account;
  uint16_t strategy;
  uint8_t message;
  uint8_t side;
  uint8_t type;
  uint8_t time_in_force;
  uint32_t flags;
  uint64_t original_client_order_id;
  int64_t expire_ts;
  int64_t display_quantity;
  uint64_t user_tag;
  int64_t trailing_offset;
  uint64_t list_id;
  uint8_t contingency;
  uint8_t reserved0[7];
  uint64_t reserved;
} nt_order;
typedef struct nt_report {
  uint64_t seq;
  int64_t ts_event;
  uint64_t client_order_id;
  int64_t last_price;
  int64_t last_quantity;
  int64_t leaves_quantity;
  int64_t cumulative_quantity;
  uint8_t exec_type;
  uint8_t order_status;
  uint8_t side;
  uint8_t liquidity;
  uint16_t reason;
  uint16_t check;
  int64_t ts_recv;
  uint64_t venue_order_id;
  uint64_t execution_id;
  int64_t fee;
  int64_t observed;
  int64_t limit;
  uint32_t instrument;
  uint16_t account;
  uint16_t strategy;
  uint16_t fix_reason;
  uint16_t channel;
  uint16_t flags;
  uint8_t unit;
  uint8_t reserved;
} nt_report;
typedef struct nt_command {
  uint64_t seq;
  uint64_t request;
  uint8_t kind;
  uint8_t state;
  uint16_t account;
  int32_t result;
  char reason[40];
} nt_command;
typedef struct nt_working_order {
  uint64_t seq;
  uint64_t request;
  uint8_t kind;
  uint8_t side;
  uint16_t account;
  int32_t cursor;
  uint64_t client_order_id;
  int64_t price;
  int64_t trigger_price;
  int64_t leaves_quantity;
  uint32_t instrument;
  uint8_t channel;
  uint8_t type;
  uint8_t status;
  uint8_t time_in_force;
} nt_working_order;
typedef struct nt_frame {
  uint32_t bytes;
  uint32_t crc32c;
  uint64_t sequence;
  int64_t ts;
  uint64_t order_index;
  uint64_t client_order_id;
  uint16_t channel;
  uint16_t input;
  uint32_t reports;
  uint32_t instrument;
  uint32_t input_bytes;
  uint64_t reserved;
} nt_frame;
typedef struct nt_kernel_config {
  char name[32];
  uint32_t clock;
  uint32_t participants;
  uint32_t channels;
  uint32_t order_capacity;
  uint32_t ring_capacity;
  uint32_t tick_capacity;
  uint32_t instruments;
  uint32_t accounts;
  uint32_t journal_bytes;
  uint32_t record;
  int64_t latency_in_ns;
  int64_t latency_out_ns;
  int64_t slippage_ticks;
  uint32_t fill_model;
  uint32_t book_depth;
  uint32_t measured_latency;
  uint32_t models;
  uint64_t reserved[2];
} nt_kernel_config;
typedef struct nt_instrument {
  char symbol[32];
  char currency[8];
  int32_t price_decimals;
  int32_t quantity_decimals;
  int64_t tick_size;
  int64_t lot_size;
  int64_t minimum_quantity;
  int64_t maximum_price;
  uint32_t allow_negative_price;
  uint32_t initial_session;
  uint64_t reserved[4];
} nt_instrument;
enum nt_self_trade {
  NT_SELF_TRADE_CANCEL_NEWEST = 1,
  NT_SELF_TRADE_CANCEL_OLDEST = 2,
  NT_SELF_TRADE_CANCEL_BOTH = 3
};
enum nt_restriction { NT_RESTRICT_BUY = 1, NT_RESTRICT_SELL = 2, NT_RESTRICT_SHORT = 4 };
typedef struct nt_account {
  char name[32];
  char currency[8];
  int32_t decimals;
  uint32_t self_trade;
  int64_t cash;
  int64_t max_open_orders;
  int64_t max_orders_per_second;
  int64_t max_daily_loss;
  int64_t max_cancels_per_second;
  int64_t max_order_age_ns;
  int64_t allowed_order_types;
  int64_t allowed_times_in_force;
  int64_t max_gross_exposure;
  int64_t max_open_notional;
  int64_t max_daily_value;
  int64_t max_duplicate_orders;
  int64_t duplicate_window_ns;
  int64_t max_fills;
  int64_t fills_window_ns;
  uint64_t reserved[4];
} nt_account;
typedef struct nt_terms {
  uint32_t account;
  uint32_t instrument;
  uint32_t restrictions;
  uint32_t reserved0;
  int64_t value_numerator;
  int64_t value_denominator;
  int64_t fee_taker;
  int64_t fee_maker;
  int64_t max_order_quantity;
  int64_t max_order_notional;
  int64_t min_order_notional;
  int64_t max_position;
  int64_t price_collar_bps;
  int64_t max_quote_age_ns;
  int64_t initial_margin_bps;
  int64_t fee_taker_ppb;
  int64_t fee_maker_ppb;
  uint64_t reserved[2];
} nt_terms;
typedef struct nt_quote {
  int64_t ts_event;
  int64_t ts_recv;
  int64_t bid_price;
  int64_t ask_price;
  int64_t bid_size;
  int64_t ask_size;
  int64_t last_price;
  int64_t last_size;
  uint32_t flags;
  uint32_t session;
} nt_quote;
typedef struct nt_book {
  int64_t ts_event;
  int64_t ts_recv;
  int64_t update_id;
  uint64_t dropped;
  uint32_t bid_count;
  uint32_t ask_count;
  uint32_t flags;
  uint32_t reserved;
  int64_t bid_prices[10];
  int64_t bid_sizes[10];
  int64_t ask_prices[10];
  int64_t ask_sizes[10];
} nt_book;
typedef struct nt_position {
  int64_t quantity;
  int64_t working_buy;
  int64_t working_sell;
  int64_t projected;
  double average_price;
  int64_t realized_pnl;
  int64_t unrealized_pnl;
  int64_t fees;
  int64_t
      mark_price;
  uint64_t fills;
} nt_position;
typedef struct nt_account_view {
  int64_t cash;
  int64_t equity;
  int64_t realized_pnl;
  int64_t unrealized_pnl;
  int64_t fees;
  int64_t day_pnl;
  int64_t open_orders;
  uint32_t state;
  uint32_t state_reason;
} nt_account_view;
typedef struct nt_counters {
  uint64_t inputs;
  uint64_t ticks;
  uint64_t slices;
  uint64_t orders_accepted;
  uint64_t orders_denied;
  uint64_t requests_denied;
  uint64_t orders_rejected;
  uint64_t cancels;
  uint64_t replaces;
  uint64_t fills;
  uint64_t reports;
  uint64_t reports_held;
  uint64_t frames;
  uint64_t frame_bytes;
  uint64_t deaths;
  uint64_t hostile_records;
  uint64_t signals;
  uint64_t denied[64];
} nt_counters;
typedef struct nt_status {
  char name[32];
  uint64_t incarnation;
  int64_t now;
  int64_t started_realtime;
  uint32_t pid;
  uint32_t clock;
  uint32_t running;
  uint32_t source_ended;
  uint32_t channels;
  uint32_t instruments;
  uint32_t accounts;
  uint32_t participants;
  uint64_t ticks_published;
  uint64_t tick_capacity;
  char state_reason[40];
} nt_status;
typedef struct nt_channel {
  char client[32];
  uint32_t state;
  uint32_t pid;
  uint64_t orders_taken;
  uint64_t orders_waiting;
  uint64_t reports_pushed;
  uint64_t reports_waiting;
  uint64_t tick_lag;
  uint64_t last_client_order_id;
} nt_channel;
enum nt_latency_kind {
  NT_LATENCY_TICK_TO_ORDER = 1,
  NT_LATENCY_ORDER_TO_REPORT = 2
};
typedef struct nt_latency {
  uint64_t count;
  uint64_t minimum_ns;
  uint64_t maximum_ns;
  uint64_t p50_ns;
  uint64_t p90_ns;
  uint64_t p99_ns;
  uint64_t p999_ns;
} nt_latency;
typedef struct nt_open_order {
  uint64_t client_order_id;
  int64_t price;
  int64_t quantity;
  int64_t filled;
  uint32_t instrument;
  uint16_t account;
  uint8_t side;
  uint8_t status;
} nt_open_order;
typedef struct nt_poll {
  uint32_t ticks;
  uint32_t reports;
  uint32_t lost;
  uint32_t ended;
} nt_poll;
typedef struct nt_model_info {
  char name[32];
  char version[32];
  uint32_t precision;
  uint32_t isa;
  uint32_t inputs;
  uint32_t outputs;
  uint32_t output_kind;
  uint32_t stateful;
  uint32_t calibrated;
  uint32_t rows;
  uint32_t steps;
  uint32_t warm_up;
  uint32_t clock;
  uint32_t clock_every;
  uint64_t weights;
  uint64_t row_bytes;
  uint32_t features[40];
} nt_model_info;
typedef struct nt_sample {
  int64_t ts_event;
  uint64_t ticks;
  int64_t bid_price;
  int64_t ask_price;
  int64_t last_price;
  uint32_t instrument;
  uint32_t resets;
  double features[40];
} nt_sample;
uint32_t nt_abi_version(void);
uint64_t nt_layout_hash(void);
int64_t nt_clock_ns(void);
int32_t nt_last_error(uint32_t handle, nt_error *error);
int32_t nt_close(uint32_t handle);
enum nt_role { NT_ROLE_PRODUCER = 1, NT_ROLE_CONSUMER = 2 };
int32_t nt_ring_create(const char *name, uint32_t record_bytes, uint32_t capacity, uint64_t start_index, uint32_t *ring,
                              nt_error *error);
int32_t nt_ring_attach(const char *name, uint32_t role, uint32_t *ring, nt_error *error);
int32_t nt_ring_push(uint32_t ring, const void *records, uint32_t count);
int32_t nt_ring_pop(uint32_t ring, void *records, uint32_t count);
int32_t nt_ring_pop_wait(uint32_t ring, void *records, uint32_t count, int64_t timeout_ns);
int32_t nt_ring_claim(uint32_t ring, uint32_t count, void **slots);
int32_t nt_ring_commit(uint32_t ring, uint32_t count);
int32_t nt_ring_peek(uint32_t ring, uint32_t count, void **records);
int32_t nt_ring_release(uint32_t ring, uint32_t count);
int32_t nt_kernel_create(const nt_kernel_config *config, uint32_t *kernel, nt_error *error);
int32_t nt_kernel_add_instrument(uint32_t kernel, const nt_instrument *instrument);
int32_t nt_kernel_add_account(uint32_t kernel, const nt_account *account);
int32_t nt_kernel_set_terms(uint32_t kernel, const nt_terms *terms);
int32_t nt_kernel_set_latency(uint32_t kernel, uint32_t instrument, int64_t latency_in_ns, int64_t latency_out_ns);
int32_t nt_kernel_add_model(uint32_t kernel, const char *name, const void *bytes, uint64_t size, uint32_t precision, uint32_t isa);
int32_t nt_kernel_start(uint32_t kernel);
int32_t nt_kernel_stop(uint32_t kernel);
int32_t nt_kernel_run(uint32_t kernel, uint32_t budget);
int32_t nt_kernel_replay(uint32_t kernel, const nt_tick *ticks, uint32_t count);
int32_t nt_kernel_sample(uint32_t kernel, const nt_tick *ticks, uint32_t count, uint32_t clock, uint32_t every, nt_sample *samples,
                                uint32_t sample_count, uint32_t *taken);
int32_t nt_kernel_drain(uint32_t kernel, void *frames, uint32_t bytes);
int32_t nt_kernel_set_state(uint32_t kernel, uint32_t account, uint32_t state, const char *reason);
int32_t nt_kernel_client(uint32_t kernel, const char *client_name, uint32_t *client, nt_error *error);
int32_t nt_kernel_feed(uint32_t kernel, uint32_t *feed, nt_error *error);
int32_t nt_client_attach(const char *kernel_name, const char *client_name, int64_t timeout_ns, uint32_t *client, nt_error *error);
int32_t nt_client_subscribe(uint32_t client);
int32_t nt_client_submit(uint32_t client, nt_order *order);
int32_t nt_client_submit_batch(uint32_t client, nt_order *orders, uint32_t count);
int32_t nt_client_signal(uint32_t client, const nt_tick *signal);
int32_t nt_client_poll(uint32_t client, nt_tick *ticks, uint32_t tick_count, nt_report *reports, uint32_t report_count,
                              int64_t timeout_ns, nt_poll *poll);
int32_t nt_client_wait(uint32_t client, uint32_t reports_only, int64_t timeout_ns);
int32_t nt_client_interrupt(uint32_t client);
int32_t nt_client_orders(uint32_t client, nt_open_order *orders, uint32_t count);
int32_t nt_feed_attach(const char *kernel_name, int64_t timeout_ns, uint32_t *feed, nt_error *error);
int32_t nt_feed_push(uint32_t feed, const nt_tick *ticks, uint32_t count, int64_t timeout_ns);
int32_t nt_control_attach(const char *kernel_name, int64_t timeout_ns, uint32_t *control, nt_error *error);
int32_t nt_control_send(uint32_t control, nt_command *command, int64_t timeout_ns);
int32_t nt_control_next_order(uint32_t control, uint32_t cursor, nt_working_order *out, int64_t timeout_ns);
int32_t nt_monitor_attach(const char *kernel_name, uint32_t *monitor, nt_error *error);
int32_t nt_read_status(uint32_t handle, nt_status *status);
int32_t nt_read_now(uint32_t handle, int64_t *now);
int32_t nt_read_counters(uint32_t handle, nt_counters *counters);
int32_t nt_read_channel(uint32_t handle, uint32_t channel, nt_channel *out);
int32_t nt_read_instrument(uint32_t handle, uint32_t instrument, nt_instrument *out);
int32_t nt_find_instrument(uint32_t handle, const char *symbol);
int32_t nt_read_account_config(uint32_t handle, uint32_t account, nt_account *out);
int32_t nt_find_account(uint32_t handle, const char *name);
int32_t nt_read_terms(uint32_t handle, uint32_t account, uint32_t instrument, nt_terms *out);
int32_t nt_read_quote(uint32_t handle, uint32_t instrument, nt_quote *out);
int32_t nt_read_book(uint32_t handle, uint32_t instrument, nt_book *out);
int32_t nt_read_position(uint32_t handle, uint32_t account, uint32_t instrument, nt_position *out);
int32_t nt_read_account(uint32_t handle, uint32_t account, nt_account_view *out);
int32_t nt_read_features(uint32_t handle, uint32_t instrument, double *values, uint32_t count);
int32_t nt_feature_name(uint32_t feature, char *name, uint32_t bytes);
int32_t nt_read_model_name(uint32_t handle, uint32_t model, char *name, uint32_t bytes);
int32_t nt_read_signal(uint32_t handle, uint32_t model, uint32_t instrument, nt_tick *out);
int32_t nt_read_latency(uint32_t handle, uint32_t kind, nt_latency *out);
int32_t nt_read_latency_counts(uint32_t handle, uint32_t kind, uint64_t *counts, uint32_t count);
int32_t nt_model_load(const void *bytes, uint64_t size, uint32_t precision, uint32_t isa, uint32_t rows, uint32_t *model,
                             nt_error *error);
int32_t nt_model_read_info(uint32_t model, nt_model_info *out);
int32_t nt_model_predict(uint32_t model, const float *features, uint32_t count, uint32_t steps, double *outputs);
int32_t nt_model_step(uint32_t model, uint32_t row, const float *features, double *outputs);
int32_t nt_model_advance(uint32_t model, uint32_t row);
int32_t nt_model_reset(uint32_t model, uint32_t row);
"""
