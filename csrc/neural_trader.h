/* Neural Trader: the C ABI.
 *
 * A trading kernel in shared memory. This header is the only declaration of every type, constant and function that another
 * language sees; csrc/bindgen.py reads it and writes the bindings.
 *
 * Conventions
 * - A call returns int32_t: a count or 0, or a negative NT_ERR_ code. Empty is 0, full is NT_ERR_FULL, failure is its own code.
 * - Objects are u32 handles. A stale, closed or foreign handle is NT_ERR_BAD_HANDLE. One caller per handle at a time (NT_ERR_BUSY).
 *   After fork the child's handles answer NT_ERR_FORKED. nt_last_error gives text, observed value and limit of a handle's last failure.
 * - Buffers are (pointer, count); inputs are borrowed for the call; nothing returned has to be freed.
 * - Prices and quantities are raw int64 with a decimal exponent per instrument: value = raw / 10^decimals. |raw| <= NT_RAW_MAX.
 *   NT_ABSENT means "not given". Money is raw int64 with the account's decimals.
 * - Times are nanoseconds. On a tape they are the tape's UTC time, in real time CLOCK_MONOTONIC.
 * - Wire enums start at 1 and only ever grow; zeroed memory is never a valid record. Reserved bytes are zero and checked.
 */
#ifndef NEURAL_TRADER_H
#define NEURAL_TRADER_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(_WIN32)
#define NT_API __declspec(dllexport)
#else
#define NT_API __attribute__((visibility("default")))
#endif

#define NT_ABI_VERSION 1
#define NT_ABSENT INT64_MIN
#define NT_RAW_MAX 2251799813685248 /* 2^51: exact as a double, with room for sums */
#define NT_NAME_BYTES 32            /* kernel, client and symbol names, with the terminating zero */
#define NT_CHANNEL_MAX 64
#define NT_DECIMALS_MAX 15
#define NT_FEATURE_COUNT 40
#define NT_BOOK_LEVELS 10  /* shown a side */
#define NT_MODEL_MAX 8     /* of a kernel */
#define NT_SIGNAL_VALUES 6 /* of a signal */
/* How far the probabilities of a precision other than float32 may be from float32's, in millionths, for a kernel to take it. */
#define NT_PRECISION_MAX_PPM 20000
#define NT_PRECISION_P99_PPM 5000
#define NT_PRECISION_LOG_LOSS_PPM 1000 /* rise of the log loss, in nats */
#define NT_NONE 4294967295             /* "no index" */

/* ---- results ------------------------------------------------------------------------------------------------------------- */

enum nt_result {
  NT_OK = 0,
  NT_ERR_BAD_HANDLE = -1,      /* not an open handle of the right kind */
  NT_ERR_BUSY = -2,            /* another thread is inside a call on this handle, or a row was being written all the time */
  NT_ERR_FORKED = -3,          /* the handle belongs to the parent process */
  NT_ERR_CLOSED = -4,          /* the handle was closed while the call waited */
  NT_ERR_INVALID = -5,         /* an argument is outside its contract; nothing was done */
  NT_ERR_NAME = -6,            /* a name is empty, too long or has characters other than a-z A-Z 0-9 . _ - */
  NT_ERR_NAME_IN_USE = -7,     /* a living process holds this name */
  NT_ERR_NOT_FOUND = -8,       /* no such kernel, symbol, account or order */
  NT_ERR_VERSION = -9,         /* the segment was made by another ABI version, layout or byte order */
  NT_ERR_CORRUPT = -10,        /* the segment's header or size contradicts itself */
  NT_ERR_FULL = -11,           /* no room in the ring or table; try again after draining */
  NT_ERR_TIMEOUT = -12,        /* nothing happened within the timeout */
  NT_ERR_KERNEL_DEAD = -13,    /* the kernel process is gone */
  NT_ERR_STATE = -14,          /* not allowed in the kernel's present state */
  NT_ERR_SYSTEM = -15,         /* the operating system refused; nt_error.system_error is errno */
  NT_ERR_NO_SPACE = -16,       /* shared memory is full */
  NT_ERR_NO_CHANNEL = -17,     /* every client channel is claimed */
  NT_ERR_OVERRUN = -18,        /* the reader was lapped by the tick broadcast; nt_poll.lost counts the ticks */
  NT_ERR_WOULD_DEADLOCK = -19, /* waiting here would stop the tape that the caller waits for */
  NT_ERR_NO_DATA = -20,        /* no value has been computed yet */
  NT_ERR_NOT_READY = -21       /* the model is warming up: it has seen too little since its state was reset */
};

/* The last failure, in words that say what to do. observed and limit are NT_ABSENT where they make no sense. */
typedef struct nt_error {
  int32_t code;         /* NT_ERR_... */
  int32_t system_error; /* errno, or 0 */
  int64_t observed;
  int64_t limit;
  char text[232]; /* UTF-8, zero-terminated */
} nt_error;

/* ---- wire enums ---------------------------------------------------------------------------------------------------------- */

enum nt_tick_kind {
  NT_TICK_QUOTE = 1,
  NT_TICK_TRADE = 2,
  NT_TICK_CLOCK = 3,      /* only time passes */
  NT_TICK_SESSION = 4,    /* price holds an NT_SESSION_ state, size the trading day as days since 1970-01-01 */
  NT_TICK_GAP = 5,        /* data are missing before this tick; books of its instrument, NT_NONE: of all, are stale until a clear */
  NT_TICK_END = 6,        /* the source ends */
  NT_TICK_LEVEL = 7,      /* price; size: all that is displayed there, 0 removes it; trade_id: the update id; aggressor: 1 bid, 2 ask */
  NT_TICK_BOOK_CLEAR = 8, /* the book of the instrument is empty; a snapshot, as levels, follows */
  NT_TICK_LATENCY = 9, /* measured from here on, for kernels with measured_latency: price ns in, size ns out, of the instrument's venue */
  NT_TICK_SIGNAL = 10  /* what a model found, from the kernel or a client; never from a source */
};

enum nt_tick_flag {
  NT_TICK_LAST_OF_SLICE = 1, /* the slice ends here: what follows happened later, or is told apart */
  NT_TICK_IMPLIED = 2,       /* aggressor and quote were implied from trades by the tick rule */
  NT_TICK_SNAPSHOT = 4,      /* a level of a snapshot */
  NT_TICK_SYNTHETIC = 8,
  NT_TICK_STALE = 16 /* of a quote: its book is stale, and its prices are absent */
};

enum nt_signal_flag {
  NT_SIGNAL_NOT_READY = 1,  /* the model is warming up: values are not a number, and the last signal does not hold any more */
  NT_SIGNAL_CALIBRATED = 2, /* probabilities were calibrated on data that the model was not trained on */
  NT_SIGNAL_BFLOAT16 = 4,   /* computed in this precision; neither: float32 */
  NT_SIGNAL_INT8 = 8,
  NT_SIGNAL_DEVICE = 16 /* computed on an accelerator */
};

enum nt_book_flag {
  NT_BOOK_STALE = 1,     /* no clear yet, or data are missing since the last one: levels may be wrong, and the book gives no quote */
  NT_BOOK_CROSSED = 2,   /* bid >= ask */
  NT_BOOK_TRUNCATED = 4, /* levels were dropped since the last clear: the store was full */
  NT_BOOK_INEXACT = 8    /* of the levels shown some may be missing: dropped ones would come before the last shown, or fill it up */
};

enum nt_session { NT_SESSION_OPEN = 1, NT_SESSION_CLOSED = 2, NT_SESSION_HALTED = 3 };

enum nt_side { NT_SIDE_BUY = 1, NT_SIDE_SELL = 2 }; /* FIX 54 */

/* FIX 40. Orders with a trigger wait at the venue for a trade at or beyond it, and then are market or limit orders. */
enum nt_order_type {
  NT_ORDER_MARKET = 1,
  NT_ORDER_LIMIT = 2,
  NT_ORDER_STOP = 3,             /* market once a trade is at the trigger or above (buy), or below (sell) */
  NT_ORDER_STOP_LIMIT = 4,       /* limit, likewise */
  NT_ORDER_TRAILING_STOP = 5,    /* a stop whose trigger follows the best trade since arrival at trailing_offset */
  NT_ORDER_MARKET_IF_TOUCHED = 6 /* market once a trade is at the trigger or below (buy), or above (sell) */
};

/* FIX 59 names; numbers from 1 so that zero is never valid. */
enum nt_time_in_force { NT_TIF_DAY = 1, NT_TIF_GTC = 2, NT_TIF_IOC = 3, NT_TIF_FOK = 4, NT_TIF_GTD = 5 };

enum nt_message { NT_MESSAGE_NEW = 1, NT_MESSAGE_REPLACE = 2, NT_MESSAGE_CANCEL = 3, NT_MESSAGE_MASS_CANCEL = 4 };

enum nt_order_flag {
  NT_ORDER_EXTENDED = 1,   /* line 1 carries values; needed by replace and cancel */
  NT_ORDER_POST_ONLY = 2,  /* refused where it would take */
  NT_ORDER_REDUCE_ONLY = 4 /* fills at most what is open on the other side, measured again at each fill */
};

/* Orders that hang together. list_id is the id of the first of them, an open order of the same client, account and instrument, which
 * carries no contingency itself; the others name it. */
enum nt_contingency {
  NT_CONTINGENCY_OCO = 1,    /* any fill or end of one cancels the others */
  NT_CONTINGENCY_BRACKET = 2 /* reduce-only; held until the first fill of list_id, cancelled when that ends without one; the end of one
                                cancels the others */
};

/* FIX 150 names. Denied is ours, rejected is the venue's. */
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

/* FIX 39 names. */
enum nt_order_status {
  NT_STATUS_PENDING_NEW = 1, /* accepted by the kernel, not yet acknowledged by the venue */
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

enum nt_liquidity { NT_LIQUIDITY_MAKER = 1, NT_LIQUIDITY_TAKER = 2 }; /* 0 where nothing traded */

enum nt_trading_state {
  NT_STATE_ACTIVE = 1,
  NT_STATE_REDUCING = 2, /* only orders that cannot increase a position */
  NT_STATE_HALTED = 3    /* no new orders; cancels pass */
};

/* Pre-trade checks; their numbers leave room for those to come. */
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
  NT_CHECK_EXPOSURE = 17, /* gross exposure and the notional of open orders */
  NT_CHECK_BUYING_POWER = 18,
  NT_CHECK_RATE = 19,
  NT_CHECK_REPEATED = 20, /* duplicative orders and repeated execution */
  NT_CHECK_DAILY_VALUE = 21,
  NT_CHECK_DAILY_LOSS = 22,
  NT_CHECK_SELF_TRADE = 23,
  NT_CHECK_POST_ONLY = 24
};

/* Why an order, replace or cancel was refused, or why it ended. Text is the name after NT_REASON_. */
enum nt_reason {
  NT_REASON_MALFORMED = 100,
  NT_REASON_UNKNOWN_ACCOUNT = 101,
  NT_REASON_TRADING_HALTED = 102,
  NT_REASON_TRADING_STATE_REDUCING = 103,
  NT_REASON_INSTRUMENT_NOT_FOUND = 104,
  NT_REASON_MARKET_CLOSED = 105,
  NT_REASON_INSTRUMENT_HALTED = 106,
  NT_REASON_DUPLICATE_CLIENT_ORDER_ID = 107,
  NT_REASON_ORDER_SLOT_TAKEN = 108, /* an open order of this client holds the slot of this id; take the next id */
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
  NT_REASON_FX_RATE_UNAVAILABLE = 120, /* the instrument has no value in the account's currency */
  NT_REASON_TOO_MANY_OPEN_ORDERS = 121,
  NT_REASON_POSITION_LIMIT_EXCEEDED = 122,
  NT_REASON_RATE_LIMIT_EXCEEDED = 123,
  NT_REASON_DAILY_LOSS_LIMIT = 124,
  NT_REASON_UNKNOWN_ORDER = 125,
  NT_REASON_TOO_LATE = 126,                 /* the order is already in a terminal state */
  NT_REASON_PENDING_REQUEST = 127,          /* a cancel or replace of this order is still on its way */
  NT_REASON_NO_PRINT = 128,                 /* IOC or FOK could not (wholly) trade on its one print, or at the quote that it met */
  NT_REASON_SESSION_CLOSED = 129,           /* a DAY order at the end of its session */
  NT_REASON_USER_REQUEST = 130,             /* cancelled by its client */
  NT_REASON_KILL_SWITCH = 131,              /* cancelled by a halt */
  NT_REASON_CLIENT_DEATH = 132,             /* cancelled because its client process died or left */
  NT_REASON_QUANTITY_BELOW_FILLED = 133,    /* a replace asked for less than has traded */
  NT_REASON_RESTRICTED_INSTRUMENT = 134,    /* the account may not trade this side of the instrument; observed is the side */
  NT_REASON_SHORT_SALE_RESTRICTED = 135,    /* sell at most what is held less what other sells work for */
  NT_REASON_ORDER_TYPE_NOT_PERMITTED = 136, /* observed is the type or time in force, limit the bit mask of those permitted */
  NT_REASON_ORDER_TOO_OLD = 137,            /* it waited too long, or its clock is as far ahead: send it again */
  NT_REASON_NOTIONAL_BELOW_MINIMUM = 138,
  NT_REASON_GROSS_EXPOSURE_EXCEEDED = 139,
  NT_REASON_OPEN_NOTIONAL_EXCEEDED = 140,
  NT_REASON_INSUFFICIENT_BUYING_POWER = 141, /* observed is what the order needs, limit what is free */
  NT_REASON_DUPLICATIVE_ORDER = 142,         /* the same instrument, side, price and quantity too often within the window */
  NT_REASON_REPEATED_EXECUTION = 143,        /* too many fills within the window: wait for it to pass, or set the state to active */
  NT_REASON_DAILY_VALUE_EXCEEDED = 144,
  NT_REASON_SELF_TRADE_PREVENTED = 145, /* observed is the order's price, limit the account's own best price on the other side */
  NT_REASON_LINKED_ORDER = 150,         /* cancelled because of what became of an order it hangs together with */
  NT_REASON_UNKNOWN_LIST = 151,         /* list_id names no open order that others can hang on */
  NT_REASON_POST_ONLY_WOULD_CROSS = 152,
  NT_REASON_REDUCE_ONLY_WOULD_INCREASE_POSITION = 153,
  NT_REASON_EXPIRE_TIME_MISSING = 154,
  NT_REASON_EXPIRE_TIME_IN_PAST = 155,
  NT_REASON_EXPIRE_TIME = 156 /* a GTD order at its time */
};

/* What observed and limit of a report count. */
enum nt_unit {
  NT_UNIT_COUNT = 1,
  NT_UNIT_PRICE = 2,
  NT_UNIT_QUANTITY = 3,
  NT_UNIT_MONEY = 4, /* account currency */
  NT_UNIT_NANOSECONDS = 5,
  NT_UNIT_ORDER_ID = 6,
  NT_UNIT_STATE = 7, /* NT_STATE_ or NT_SESSION_ */
  NT_UNIT_CODE = 8   /* NT_SIDE_, NT_ORDER_ or NT_TIF_ */
};

enum nt_report_flag { NT_REPORT_SATURATED = 1 }; /* observed or limit did not fit and was clipped */

enum nt_clock {
  NT_CLOCK_TAPE = 1,     /* replay: time is the tape's; lockstep with subscribed clients */
  NT_CLOCK_MONOTONIC = 2 /* real time: ticks are taken as they come, slow readers may lose ticks */
};

/* What the paper venue believes about fills. */
enum nt_fill_model {
  NT_FILL_PRINTS = 1, /* only prints fill: takers on the next one of their side, resting orders strictly through their price */
  NT_FILL_QUEUE = 2,  /* takers fill at the quote; a resting order waits behind what was displayed, and only trades shorten its queue */
  NT_FILL_PROBABILISTIC = 3 /* the same, and of what leaves a queue without trading a share is believed to have been ahead */
};

enum nt_command_kind {
  NT_COMMAND_SET_STATE = 1,             /* state, reason text; HALTED cancels all working orders */
  NT_COMMAND_STOP = 2,                  /* the kernel's loop ends */
  NT_COMMAND_SET_STATE_KEEP_ORDERS = 3, /* as SET_STATE, but HALTED leaves what works at the venue, where it may still trade */
  NT_COMMAND_NEXT_ORDER = 4             /* nt_control_next_order */
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

/* Instruction sets that models run on; the results are the same bits. */
enum nt_isa { NT_ISA_AUTO = 0, NT_ISA_GENERIC = 1, NT_ISA_AVX2 = 2, NT_ISA_AVX512 = 3 };

/* What a model predicts: probabilities of classes, or mean and deviation. */
enum nt_model_output { NT_MODEL_OUTPUT_CLASSES = 1, NT_MODEL_OUTPUT_NORMAL = 2, NT_MODEL_OUTPUT_STUDENT_T = 3 };

/* When features are read for a model: after every n-th of these events of an instrument. */
enum nt_model_clock {
  NT_MODEL_CLOCK_TICK = 1, /* a quote, book update or trade */
  NT_MODEL_CLOCK_QUOTE = 2,
  NT_MODEL_CLOCK_TRADE = 3,
  NT_MODEL_CLOCK_TIME_CHANGE = 4 /* the end of a slice in which the instrument had a quote, book update or trade */
};

/* ---- records ------------------------------------------------------------------------------------------------------------- */

/* Market data. seq belongs to the ring. The four values are a quote, a trade or a signal, by kind. */
typedef struct nt_tick {
  uint64_t seq;
  int64_t ts_event; /* exchange time */
  int64_t ts_recv;  /* when the kernel took it; equals ts_event on a tape */
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
      int64_t aggressor; /* NT_SIDE_, or 0 where the source does not say */
    };
    struct {               /* NT_TICK_SIGNAL */
      float values[6];     /* probabilities in the order of the model's classes, or mean and deviation; 0 beyond value_count */
      float confidence;    /* of classes: the largest probability; else how likely the mean's sign is right */
      uint16_t model;      /* id */
      uint8_t value_count; /* 1 to NT_SIGNAL_VALUES */
      uint8_t signal_flags;
    };
  };
  uint32_t instrument;
  uint8_t kind;
  uint8_t flags;
  uint16_t venue;
} nt_tick;

/* A request to the kernel. Line 0 (64 bytes) is enough for a new order; line 1 is read only with NT_ORDER_EXTENDED. */
typedef struct nt_order {
  uint64_t seq;             /* the ring's */
  int64_t ts;               /* the client's clock at submit */
  uint64_t client_order_id; /* strictly increasing per client name, >= 1 */
  int64_t price;            /* NT_ABSENT for market; in a replace NT_ABSENT keeps the price */
  int64_t trigger_price;    /* of orders with a trigger (a trailing stop may leave it to the last trade), else NT_ABSENT */
  int64_t quantity;         /* total order quantity; in a replace NT_ABSENT keeps it */
  uint32_t instrument;      /* in a mass cancel NT_NONE means all of the account's */
  uint16_t account;
  uint16_t strategy;
  uint8_t message;
  uint8_t side;
  uint8_t type;
  uint8_t time_in_force;
  uint32_t flags;
  uint64_t original_client_order_id; /* the target of a replace or cancel: the order's first id */
  int64_t expire_ts;                 /* GTD, in the kernel's time; else NT_ABSENT or 0 */
  int64_t display_quantity;          /* iceberg: at most this much at a time; NT_ABSENT or 0: all */
  uint64_t user_tag;
  int64_t trailing_offset; /* raw price, of a trailing stop, else 0 */
  uint64_t list_id;        /* with a contingency, else 0 */
  uint8_t contingency;     /* NT_CONTINGENCY_ or 0 */
  uint8_t reserved0[7];
  uint64_t reserved;
} nt_order;

/* An answer of the kernel. An order keeps its first client_order_id in every report; answers to a replace or cancel carry the id of
 * the request in observed (unit NT_UNIT_ORDER_ID). */
typedef struct nt_report {
  uint64_t seq;
  int64_t ts_event; /* when it happened: the print's time for a fill, the kernel's for its own decisions */
  uint64_t client_order_id;
  int64_t last_price; /* of this fill, else NT_ABSENT */
  int64_t last_quantity;
  int64_t leaves_quantity; /* 0 when terminal */
  int64_t cumulative_quantity;
  uint8_t exec_type;
  uint8_t order_status;
  uint8_t side;
  uint8_t liquidity;
  uint16_t reason; /* NT_REASON_, 0 where nothing was refused or ended */
  uint16_t check;  /* NT_CHECK_, 0 where no check decided */
  int64_t ts_recv; /* when the kernel learnt it */
  uint64_t venue_order_id;
  uint64_t execution_id;
  int64_t fee; /* account currency, paid > 0 */
  int64_t observed;
  int64_t limit;
  uint32_t instrument;
  uint16_t account;
  uint16_t strategy;
  uint16_t fix_reason; /* FIX 103 OrdRejReason */
  uint16_t channel;
  uint16_t flags;
  uint8_t unit; /* NT_UNIT_ of observed and limit */
  uint8_t reserved;
} nt_report;

/* A command on the control channel, and its answer (result filled in). */
typedef struct nt_command {
  uint64_t seq;
  uint64_t request; /* echoed */
  uint8_t kind;
  uint8_t state;
  uint16_t account; /* 65535: every account */
  int32_t result;   /* NT_OK or NT_ERR_ */
  char reason[40];  /* UTF-8, zero-terminated: who and why */
} nt_command;

/* One working order of any client, as an operator sees it; the answer to NT_COMMAND_NEXT_ORDER, in the place of a command. */
typedef struct nt_working_order {
  uint64_t seq;
  uint64_t request;
  uint8_t kind;
  uint8_t side; /* 0: no order here, go on from the cursor */
  uint16_t account;
  int32_t cursor; /* where to go on, 0 after the last */
  uint64_t client_order_id;
  int64_t price;           /* NT_ABSENT: none */
  int64_t trigger_price;   /* NT_ABSENT: none, or triggered */
  int64_t leaves_quantity; /* what may still trade */
  uint32_t instrument;
  uint8_t channel;
  uint8_t type;          /* NT_ORDER_ */
  uint8_t status;        /* NT_STATUS_ */
  uint8_t time_in_force; /* NT_TIF_ */
} nt_working_order;

/* One journal frame: what was decided for one input. reports follow, then zero padding to 64 bytes. */
typedef struct nt_frame {
  uint32_t bytes;       /* whole frame */
  uint32_t crc32c;      /* of all bytes after this word */
  uint64_t sequence;    /* number of the input, from 1 */
  int64_t ts;           /* the time the sequencer stamped */
  uint64_t order_index; /* index in the channel's order ring, for NT_INPUT_ORDER */
  uint64_t client_order_id;
  uint16_t channel; /* 65535: no peer's, a model of the kernel's */
  uint16_t input;   /* NT_INPUT_ */
  uint32_t reports;
  uint32_t instrument;
  uint32_t input_bytes; /* the input record, after this header: nt_order, nt_tick or nt_command */
  uint64_t reserved;
} nt_frame;

/* ---- configuration ------------------------------------------------------------------------------------------------------- */

typedef struct nt_kernel_config {
  char name[NT_NAME_BYTES];  /* empty: private memory, this process only */
  uint32_t clock;            /* NT_CLOCK_ */
  uint32_t participants;     /* lockstep clients that must subscribe before the tape starts */
  uint32_t channels;         /* client channels, 1 to NT_CHANNEL_MAX; 0 = 8 */
  uint32_t order_capacity;   /* open orders per client, power of two; 0 = 1024 */
  uint32_t ring_capacity;    /* order and report ring slots, power of two; 0 = 4096 */
  uint32_t tick_capacity;    /* broadcast ring slots, power of two; 0 = 16384 */
  uint32_t instruments;      /* table sizes; 0 = 64 */
  uint32_t accounts;         /* 0 = 4 */
  uint32_t journal_bytes;    /* staging ring, power of two; 0 = 1 MiB */
  uint32_t record;           /* 1: frames wait for nt_kernel_drain, and inputs wait while the staging ring is full */
  int64_t latency_in_ns;     /* kernel to venue */
  int64_t latency_out_ns;    /* venue to kernel */
  int64_t slippage_ticks;    /* adverse adjustment of market fills, the only one */
  uint32_t fill_model;       /* NT_FILL_; 0 = NT_FILL_PRINTS */
  uint32_t book_depth;       /* levels kept a side of each book, the best ones; NT_BOOK_LEVELS to 65536; 0 = 1024 */
  uint32_t measured_latency; /* 1: NT_TICK_LATENCY changes latencies */
  uint32_t models;           /* table size; at most NT_MODEL_MAX */
  uint64_t reserved[2];
} nt_kernel_config;

typedef struct nt_instrument {
  char symbol[NT_NAME_BYTES];
  char currency[8];
  int32_t price_decimals;
  int32_t quantity_decimals;
  int64_t tick_size;        /* raw price, > 0 */
  int64_t lot_size;         /* raw quantity, > 0 */
  int64_t minimum_quantity; /* raw, > 0 */
  int64_t maximum_price;    /* raw, plausibility bound, > 0 */
  uint32_t allow_negative_price;
  uint32_t initial_session; /* NT_SESSION_ */
  uint64_t reserved[4];
} nt_instrument;

/* What happens when an order would cross a working order of its own account. 0: it may. */
enum nt_self_trade {
  NT_SELF_TRADE_CANCEL_NEWEST = 1, /* the new order is denied */
  NT_SELF_TRADE_CANCEL_OLDEST = 2, /* the working orders that it crosses are cancelled */
  NT_SELF_TRADE_CANCEL_BOTH = 3
};

enum nt_restriction { NT_RESTRICT_BUY = 1, NT_RESTRICT_SELL = 2, NT_RESTRICT_SHORT = 4 }; /* bits */

#define NT_DUPLICATES_MAX 8
#define NT_FILLS_MAX 1000

/* Account limits; NT_ABSENT switches a check off.
 *
 * Values of orders: a limit order at its own price, a market order at the worse of the quote plus slippage when it was accepted. A
 * position at the last trade. Each pair's money is rounded up. Gross exposure sums, over instruments, the larger of two cases: every
 * working buy fills and no sell, or the reverse; what closes a position adds nothing. A replace is valued at the worse of both prices
 * until it is answered.
 */
typedef struct nt_account {
  char name[NT_NAME_BYTES];
  char currency[8];
  int32_t decimals;
  uint32_t self_trade; /* NT_SELF_TRADE_, 0: off */
  int64_t cash;        /* raw money */
  int64_t max_open_orders;
  int64_t max_orders_per_second;  /* new orders and replaces */
  int64_t max_daily_loss;         /* raw money, > 0; latches HALTED and cancels */
  int64_t max_cancels_per_second; /* requests to cancel; a mass cancel is one, cancels of the kernel's are none */
  int64_t max_order_age_ns;       /* between the kernel's time and nt_order.ts, either way */
  int64_t allowed_order_types;    /* bits 1 << NT_ORDER_ */
  int64_t allowed_times_in_force; /* bits 1 << NT_TIF_ */
  int64_t max_gross_exposure;     /* raw money */
  int64_t max_open_notional;      /* raw money, of all working orders that may open a position */
  int64_t max_daily_value;        /* raw money, of all orders accepted in a trading day that may open a position, and what replaces add */
  int64_t max_duplicate_orders;   /* 1 to NT_DUPLICATES_MAX orders alike within duplicate_window_ns; both or neither */
  int64_t duplicate_window_ns;
  int64_t max_fills; /* 1 to NT_FILLS_MAX within fills_window_ns; beyond it orders are denied; both or neither */
  int64_t fills_window_ns;
  uint64_t reserved[4];
} nt_account;

/* One account on one instrument. A pair without terms denies every order. NT_ABSENT switches a limit off.
 * Money of price_raw * quantity_raw = product * value_numerator / value_denominator (contract multiplier, decimals and FX in one fraction).
 */
typedef struct nt_terms {
  uint32_t account;
  uint32_t instrument;
  uint32_t restrictions; /* NT_RESTRICT_ bits */
  uint32_t reserved0;
  int64_t value_numerator;
  int64_t value_denominator; /* 0: no FX rate, orders are denied */
  int64_t fee_taker;         /* raw money per whole unit of quantity, less than 0: a rebate */
  int64_t fee_maker;
  int64_t max_order_quantity;
  int64_t max_order_notional; /* raw money, of the worst that the order may trade at */
  int64_t min_order_notional; /* raw money; orders that only reduce a position may be smaller */
  int64_t max_position;       /* raw quantity, either sign */
  int64_t price_collar_bps;
  int64_t max_quote_age_ns;
  int64_t initial_margin_bps; /* of the notional, > 0; 10000: paid in full. Orders need it, and their worst fee, free in the account */
  int64_t fee_taker_ppb;      /* beside fee_taker: billionths of the money that the fill moves, at most all of it */
  int64_t fee_maker_ppb;
  uint64_t reserved[2];
} nt_terms;

/* ---- views: snapshots that reads copy out -------------------------------------------------------------------------------- */

typedef struct nt_quote {
  int64_t ts_event;
  int64_t ts_recv;
  int64_t bid_price; /* NT_ABSENT until known */
  int64_t ask_price;
  int64_t bid_size;
  int64_t ask_size;
  int64_t last_price;
  int64_t last_size;
  uint32_t flags;   /* NT_TICK_IMPLIED, NT_TICK_STALE */
  uint32_t session; /* NT_SESSION_ */
} nt_quote;

/* The book of an instrument whose feed sends levels.
 *
 * Levels of one update id belong together: they show once the update is whole, which is at the tick flagged NT_TICK_LAST_OF_SLICE, or
 * when the instrument's next update (another id) or tick of another kind comes. Where a venue has no ids, trade_id is 0 and every level
 * is an update. An id below the last one is refused (hostile_records) until a clear.
 *
 * A book begins with NT_TICK_BOOK_CLEAR. From then on it is the quote: bid, ask and sizes of nt_quote, of the checks, the venue and the
 * features are its best levels, their age counts from its last update, and the instrument's NT_TICK_QUOTE ticks and prints change none
 * of them. A side that is empty, stale or no longer known is absent. Before the first clear levels only show here.
 *
 * book_depth levels a side are kept. When one more comes the worst is dropped and counted; a side whose best level is not better than
 * every dropped one gives no quote.
 */
typedef struct nt_book {
  int64_t ts_event; /* of the last update, clear or gap */
  int64_t ts_recv;
  int64_t update_id;  /* of the last level */
  uint64_t dropped;   /* levels since the last clear */
  uint32_t bid_count; /* levels kept; the best of them, at most NT_BOOK_LEVELS, show */
  uint32_t ask_count;
  uint32_t flags; /* NT_BOOK_ */
  uint32_t reserved;
  int64_t bid_prices[10]; /* best first; NT_ABSENT after the last */
  int64_t bid_sizes[10];
  int64_t ask_prices[10];
  int64_t ask_sizes[10];
} nt_book;

typedef struct nt_position {
  int64_t quantity;
  int64_t working_buy;
  int64_t working_sell;
  int64_t projected;    /* quantity + working + this client's orders still in its ring */
  double average_price; /* in units; NaN when flat */
  int64_t realized_pnl; /* raw money, before fees */
  int64_t unrealized_pnl;
  int64_t fees;
  int64_t
      mark_price; /* raw; the last trade, or the middle of the quote while there was none, or NT_ABSENT; a flat position's may be older */
  uint64_t fills;
} nt_position;

typedef struct nt_account_view {
  int64_t cash;   /* start + realized P&L - fees */
  int64_t equity; /* cash + unrealized P&L */
  int64_t realized_pnl;
  int64_t unrealized_pnl;
  int64_t fees;
  int64_t day_pnl; /* since the trading day began, net of fees */
  int64_t open_orders;
  uint32_t state;        /* NT_STATE_ */
  uint32_t state_reason; /* NT_REASON_ that latched it, or 0 */
} nt_account_view;

typedef struct nt_counters {
  uint64_t inputs;
  uint64_t ticks;
  uint64_t slices;
  uint64_t orders_accepted;
  uint64_t orders_denied;
  uint64_t requests_denied; /* replaces and cancels */
  uint64_t orders_rejected;
  uint64_t cancels;
  uint64_t replaces;
  uint64_t fills;
  uint64_t reports;
  uint64_t reports_held; /* reports waiting because a client does not drain its ring */
  uint64_t frames;
  uint64_t frame_bytes;
  uint64_t deaths;
  uint64_t hostile_records; /* ticks that cannot be: out of order, out of range, after the end; signals, likewise */
  uint64_t signals;
  uint64_t denied[64]; /* orders, by NT_REASON_ - 100 */
} nt_counters;

typedef struct nt_status {
  char name[NT_NAME_BYTES];
  uint64_t incarnation;
  int64_t now;              /* kernel time */
  int64_t started_realtime; /* ns since 1970 */
  uint32_t pid;
  uint32_t clock;
  uint32_t running; /* 1 while the loop takes inputs */
  uint32_t source_ended;
  uint32_t channels;
  uint32_t instruments;
  uint32_t accounts;
  uint32_t participants; /* lockstep clients subscribed now */
  uint64_t ticks_published;
  uint64_t tick_capacity;
  char state_reason[40];
} nt_status;

typedef struct nt_channel {
  char client[NT_NAME_BYTES];
  uint32_t state; /* 0 free, 1 claimed, 2 lockstep subscriber */
  uint32_t pid;
  uint64_t orders_taken;
  uint64_t orders_waiting;
  uint64_t reports_pushed;
  uint64_t reports_waiting; /* in the ring and held back */
  uint64_t tick_lag;
  uint64_t last_client_order_id;
} nt_channel;

enum nt_latency_kind {
  NT_LATENCY_TICK_TO_ORDER = 1,  /* slice published to an order taken */
  NT_LATENCY_ORDER_TO_REPORT = 2 /* order taken off its ring to its decision made, staged and any report pushed; sampled */
};

#define NT_LATENCY_OCTAVES 42 /* of nt_read_latency_counts */

/* Log-linear histogram read-out, relative error <= 1/32. */
typedef struct nt_latency {
  uint64_t count;
  uint64_t minimum_ns;
  uint64_t maximum_ns;
  uint64_t p50_ns;
  uint64_t p90_ns;
  uint64_t p99_ns;
  uint64_t p999_ns;
} nt_latency;

/* An order as its client knows it, from its own submits and the reports it has polled. */
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
  uint32_t lost;  /* ticks overwritten before they were read (real time only) */
  uint32_t ended; /* 1: the source has ended and everything has been delivered */
} nt_poll;

/* What a loaded model is. */
typedef struct nt_model_info {
  char name[NT_NAME_BYTES];
  char version[NT_NAME_BYTES];
  uint32_t precision;   /* NT_PRECISION_ */
  uint32_t isa;         /* NT_ISA_ in use */
  uint32_t inputs;      /* features of a step */
  uint32_t outputs;     /* classes, or 2 */
  uint32_t output_kind; /* NT_MODEL_OUTPUT_ */
  uint32_t stateful;    /* 1: each step depends on those before it */
  uint32_t calibrated;
  uint32_t rows;         /* of state */
  uint32_t steps;        /* of the sequences it was trained on; 0 without state */
  uint32_t warm_up;      /* steps after a reset before its output counts */
  uint32_t clock;        /* NT_MODEL_CLOCK_ */
  uint32_t clock_every;  /* events */
  uint64_t weights;      /* numbers in the file */
  uint64_t row_bytes;    /* of state, each */
  uint32_t features[40]; /* input i is the feature of this index */
} nt_model_info;

/* The features of an instrument when a model's clock ticked, with what labels need. */
typedef struct nt_sample {
  int64_t ts_event;
  uint64_t ticks; /* of the tape so far */
  int64_t bid_price;
  int64_t ask_price;
  int64_t last_price; /* NT_ABSENT before the first trade */
  uint32_t instrument;
  uint32_t resets;     /* sessions opened and gaps met by the instrument so far */
  double features[40]; /* as nt_read_features */
} nt_sample;

/* ---- library ------------------------------------------------------------------------------------------------------------- */

NT_API uint32_t nt_abi_version(void);
NT_API uint64_t nt_layout_hash(void); /* of every record's size and offsets; compared on attach */
NT_API int64_t nt_clock_ns(void);     /* CLOCK_MONOTONIC */
/* The last failure of a call on this handle. A bad handle gives NT_ERR_BAD_HANDLE. */
NT_API int32_t nt_last_error(uint32_t handle, nt_error *error);
/* Close any handle. Waits for a call in progress to leave (it returns NT_ERR_CLOSED); unmaps; releases locks. */
NT_API int32_t nt_close(uint32_t handle);

/* ---- rings: SPSC queues of 64 or 128 byte records between processes ------------------------------------------------------- */

enum nt_role { NT_ROLE_PRODUCER = 1, NT_ROLE_CONSUMER = 2 };

/* Create a named ring and become its owner: it is unlinked when the owner closes. start_index is the first sequence (0 usual). An
 * abandoned ring of a dead owner is replaced. NT_ERR_NAME_IN_USE when the owner lives. */
NT_API int32_t nt_ring_create(const char *name, uint32_t record_bytes, uint32_t capacity, uint64_t start_index, uint32_t *ring,
                              nt_error *error);
/* Attach as producer or consumer; each role has one holder. A producer repairs what a killed one left; a consumer resumes at its index. */
NT_API int32_t nt_ring_attach(const char *name, uint32_t role, uint32_t *ring, nt_error *error);
/* Push up to count records; the first word of each is overwritten by its sequence. Returns how many fit (0 = full). */
NT_API int32_t nt_ring_push(uint32_t ring, const void *records, uint32_t count);
/* Pop up to count records. Returns how many there were (0 = empty). */
NT_API int32_t nt_ring_pop(uint32_t ring, void *records, uint32_t count);
/* As pop, but spins, yields, then sleeps until at least one record came: 0 records is NT_ERR_TIMEOUT. */
NT_API int32_t nt_ring_pop_wait(uint32_t ring, void *records, uint32_t count, int64_t timeout_ns);
/* Zero copy: address of up to count free contiguous slots (returns how many), written in place, then committed. */
NT_API int32_t nt_ring_claim(uint32_t ring, uint32_t count, void **slots);
NT_API int32_t nt_ring_commit(uint32_t ring, uint32_t count);
/* Zero copy: address of up to count readable contiguous records (returns how many), then released. What is not released comes again
 * after a crash. */
NT_API int32_t nt_ring_peek(uint32_t ring, uint32_t count, void **records);
NT_API int32_t nt_ring_release(uint32_t ring, uint32_t count);

/* ---- kernel -------------------------------------------------------------------------------------------------------------- */

/* Create a kernel and its segments. A dead kernel's leftovers of the same name are removed first. */
NT_API int32_t nt_kernel_create(const nt_kernel_config *config, uint32_t *kernel, nt_error *error);
/* Tables are filled before the first start or run; each returns the row's index. Symbols and account names are unique. */
NT_API int32_t nt_kernel_add_instrument(uint32_t kernel, const nt_instrument *instrument);
NT_API int32_t nt_kernel_add_account(uint32_t kernel, const nt_account *account);
NT_API int32_t nt_kernel_set_terms(uint32_t kernel, const nt_terms *terms);
/* Latency of the venue of one instrument, in place of the configuration's. Requests, and answers, about one instrument never overtake
 * each other, whatever becomes of its latency. */
NT_API int32_t nt_kernel_set_latency(uint32_t kernel, uint32_t instrument, int64_t latency_in_ns, int64_t latency_out_ns);
/* A model that the loop steps on its clock, for every instrument that its file allows; what it finds are signals. bytes are those of a
 * file, as in nt_model_load. NULL (size, precision and isa 0): signals of this model come from clients. The name is the caller's choice.
 * Returns the model's id. NT_ERR_INVALID, too, for one with more than NT_SIGNAL_VALUES outputs, for a symbol that the file lists and the
 * kernel does not have, and for a precision that the file does not say to be near enough to float32. */
NT_API int32_t nt_kernel_add_model(uint32_t kernel, const char *name, const void *bytes, uint64_t size, uint32_t precision, uint32_t isa);
/* Run the loop on a thread of the library until nt_kernel_stop, a STOP command, or close. */
NT_API int32_t nt_kernel_start(uint32_t kernel);
NT_API int32_t nt_kernel_stop(uint32_t kernel);
/* Run the loop on the caller's thread for at most budget inputs. Returns inputs taken (0: nothing to do now). */
NT_API int32_t nt_kernel_run(uint32_t kernel, uint32_t budget);
/* As run, with ticks straight from the caller's memory instead of a feed channel: takes whole slices until a subscribed client has to
 * poll, the staging ring is full, or count is used up. Returns ticks taken. A last tick of kind NT_TICK_END ends the source. */
NT_API int32_t nt_kernel_replay(uint32_t kernel, const nt_tick *ticks, uint32_t count);
/* As replay, and reads the features of every instrument whenever a model with this clock would. samples needs room for count, and one
 * more for each instrument. Returns how many there were; *taken is the number of ticks. */
NT_API int32_t nt_kernel_sample(uint32_t kernel, const nt_tick *ticks, uint32_t count, uint32_t clock, uint32_t every, nt_sample *samples,
                                uint32_t sample_count, uint32_t *taken);
/* Copy whole journal frames out of the staging ring. Returns bytes. */
NT_API int32_t nt_kernel_drain(uint32_t kernel, void *frames, uint32_t bytes);
/* Set the trading state of an account (65535: all), as an input of the loop. HALTED cancels working orders. */
NT_API int32_t nt_kernel_set_state(uint32_t kernel, uint32_t account, uint32_t state, const char *reason);
/* A client or feed of this process, without the file system. */
NT_API int32_t nt_kernel_client(uint32_t kernel, const char *client_name, uint32_t *client, nt_error *error);
NT_API int32_t nt_kernel_feed(uint32_t kernel, uint32_t *feed, nt_error *error);

/* ---- client -------------------------------------------------------------------------------------------------------------- */

/* Claim a channel of a running kernel. timeout_ns bounds the wait for the kernel to appear and to answer. A name that died is taken up
 * where it stopped. NT_ERR_NAME_IN_USE when a living client has it. */
NT_API int32_t nt_client_attach(const char *kernel_name, const char *client_name, int64_t timeout_ns, uint32_t *client, nt_error *error);
/* Lockstep: from now on the tape waits for this client's polls (tape clock only). */
NT_API int32_t nt_client_subscribe(uint32_t client);
/* Send one request. client_order_id 0 is replaced by the next free id; the id used is written back. Never blocks: NT_ERR_FULL. */
NT_API int32_t nt_client_submit(uint32_t client, nt_order *order);
/* Send count requests; returns how many went in. */
NT_API int32_t nt_client_submit_batch(uint32_t client, nt_order *orders, uint32_t count);
/* Send a signal: instrument, model (one for clients' signals), values, value_count, confidence and signal_flags; the rest is filled in.
 * Everybody sees it among the ticks. What is said after the end of a tape is not heard. NT_ERR_FULL; NT_ERR_INVALID for what is outside its
 * range or not finite. */
NT_API int32_t nt_client_signal(uint32_t client, const nt_tick *signal);
/* Ticks since the last poll and reports in order. A subscribed client gets one slice a call, and by calling says that it is done with
 * the last one. timeout_ns 0 does not wait. tick_count 0 takes reports only and leaves the ticks for a later poll; not for a subscriber
 * before the end. Returns ticks + reports. */
NT_API int32_t nt_client_poll(uint32_t client, nt_tick *ticks, uint32_t tick_count, nt_report *reports, uint32_t report_count,
                              int64_t timeout_ns, nt_poll *poll);
/* Sleep until a poll would bring something, with reports_only until it would bring a report: 1; 0 after nt_client_interrupt;
 * NT_ERR_TIMEOUT, NT_ERR_KERNEL_DEAD, NT_ERR_CLOSED. timeout_ns less than 0: no limit. For a thread of its own: other calls on the handle
 * go on meanwhile. Only one thread may wait. */
NT_API int32_t nt_client_wait(uint32_t client, uint32_t reports_only, int64_t timeout_ns);
/* The wait in progress returns; without one the next does. */
NT_API int32_t nt_client_interrupt(uint32_t client);
/* Orders of this client that are not known to be terminal. Returns how many there are; copies at most count. */
NT_API int32_t nt_client_orders(uint32_t client, nt_open_order *orders, uint32_t count);

/* ---- feed ---------------------------------------------------------------------------------------------------------------- */

NT_API int32_t nt_feed_attach(const char *kernel_name, int64_t timeout_ns, uint32_t *feed, nt_error *error);
/* Push ticks in order of time; waits for room up to timeout_ns. Returns how many went in. */
NT_API int32_t nt_feed_push(uint32_t feed, const nt_tick *ticks, uint32_t count, int64_t timeout_ns);

/* ---- control and monitor ------------------------------------------------------------------------------------------------- */

NT_API int32_t nt_control_attach(const char *kernel_name, int64_t timeout_ns, uint32_t *control, nt_error *error);
/* Send a command and wait for its answer, which overwrites it. */
NT_API int32_t nt_control_send(uint32_t control, nt_command *command, int64_t timeout_ns);
/* Go through the working orders of all clients, from cursor 0 on. Each call asks the kernel's loop for the next one; orders come and go
 * meanwhile. Returns the next cursor, 0 after the last; out->side is 0 when this stretch had none. */
NT_API int32_t nt_control_next_order(uint32_t control, uint32_t cursor, nt_working_order *out, int64_t timeout_ns);
/* Read-only: needs no channel and disturbs nobody. */
NT_API int32_t nt_monitor_attach(const char *kernel_name, uint32_t *monitor, nt_error *error);

/* ---- reads: any kernel, client, control or monitor handle ------------------------------------------------------------------ */

NT_API int32_t nt_read_status(uint32_t handle, nt_status *status);
NT_API int32_t nt_read_now(uint32_t handle, int64_t *now);
NT_API int32_t nt_read_counters(uint32_t handle, nt_counters *counters);
NT_API int32_t nt_read_channel(uint32_t handle, uint32_t channel, nt_channel *out);
NT_API int32_t nt_read_instrument(uint32_t handle, uint32_t instrument, nt_instrument *out);
NT_API int32_t nt_find_instrument(uint32_t handle, const char *symbol); /* index, or NT_ERR_NOT_FOUND */
NT_API int32_t nt_read_account_config(uint32_t handle, uint32_t account, nt_account *out);
NT_API int32_t nt_find_account(uint32_t handle, const char *name);
NT_API int32_t nt_read_terms(uint32_t handle, uint32_t account, uint32_t instrument, nt_terms *out);
NT_API int32_t nt_read_quote(uint32_t handle, uint32_t instrument, nt_quote *out); /* NT_ERR_NO_DATA before the first tick */
NT_API int32_t nt_read_book(uint32_t handle, uint32_t instrument, nt_book *out);   /* NT_ERR_NO_DATA before the first level or clear */
NT_API int32_t nt_read_position(uint32_t handle, uint32_t account, uint32_t instrument, nt_position *out);
NT_API int32_t nt_read_account(uint32_t handle, uint32_t account, nt_account_view *out);
/* NT_FEATURE_COUNT values in the order of nt_feature_name; NaN where the feed does not carry what a feature needs. NT_ERR_NO_DATA before
 * the first tick. */
NT_API int32_t nt_read_features(uint32_t handle, uint32_t instrument, double *values, uint32_t count);
/* Name of feature i, zero-terminated, or NT_ERR_INVALID. */
NT_API int32_t nt_feature_name(uint32_t feature, char *name, uint32_t bytes);
/* Name of a model, zero-terminated. NT_ERR_NOT_FOUND beyond the last. */
NT_API int32_t nt_read_model_name(uint32_t handle, uint32_t model, char *name, uint32_t bytes);
/* The last signal of a model on an instrument. NT_ERR_NO_DATA before the first; NT_ERR_NOT_READY while the model warms up. */
NT_API int32_t nt_read_signal(uint32_t handle, uint32_t model, uint32_t instrument, nt_tick *out);
NT_API int32_t nt_read_latency(uint32_t handle, uint32_t kind, nt_latency *out);
/* NT_LATENCY_OCTAVES counts by powers of two: counts[i] durations were from 2^i (the first: from 0) to below 2^(i+1) ns, the last has all
 * beyond too. */
NT_API int32_t nt_read_latency_counts(uint32_t handle, uint32_t kind, uint64_t *counts, uint32_t count);

/* ---- models: without a kernel ----------------------------------------------------------------------------------------------- */

/* Load a model from the bytes of a file, which are not needed afterwards. rows: private states for nt_model_step, 1 to 1048576. The error
 * names the key, tensor or op, and what was expected there. Results are the same bits for every isa, and always finite. */
NT_API int32_t nt_model_load(const void *bytes, uint64_t size, uint32_t precision, uint32_t isa, uint32_t rows, uint32_t *model,
                             nt_error *error);
NT_API int32_t nt_model_read_info(uint32_t model, nt_model_info *out);
/* count sequences of `steps` rows of features each, every one from a state of zeros; outputs: of each one's last step, each a float32.
 * NT_ERR_INVALID where a feature is infinite or not a number (error.observed is the first one's row); outputs are then not to be used. */
NT_API int32_t nt_model_predict(uint32_t model, const float *features, uint32_t count, uint32_t steps, double *outputs);
/* The next step of a row. NT_ERR_INVALID, and nothing done, for a feature that is infinite or not a number. */
NT_API int32_t nt_model_step(uint32_t model, uint32_t row, const float *features, double *outputs);
/* Does now what the next step of the row can do without its features. */
NT_API int32_t nt_model_advance(uint32_t model, uint32_t row);
NT_API int32_t nt_model_reset(uint32_t model, uint32_t row); /* to a state of zeros */

#ifdef __cplusplus
}
#endif
#endif
