// Generated from csrc/neural_trader.h by csrc/bindgen.py; do not edit.

export const LAYOUT_HASH = 0x804bf2e525a62e73n;
export const NT_ABI_VERSION = 1;
export const NT_ABSENT = -9223372036854775808n;
export const NT_RAW_MAX = 2251799813685248;
export const NT_NAME_BYTES = 32;
export const NT_CHANNEL_MAX = 64;
export const NT_DECIMALS_MAX = 15;
export const NT_FEATURE_COUNT = 40;
export const NT_BOOK_LEVELS = 10;
export const NT_MODEL_MAX = 8;
export const NT_SIGNAL_VALUES = 6;
export const NT_PRECISION_MAX_PPM = 20000;
export const NT_PRECISION_P99_PPM = 5000;
export const NT_PRECISION_LOG_LOSS_PPM = 1000;
export const NT_NONE = 4294967295;
export const NT_DUPLICATES_MAX = 8;
export const NT_FILLS_MAX = 1000;
export const NT_LATENCY_OCTAVES = 42;

export const NT_OK = 0;
export const NT_ERR_BAD_HANDLE = -1;
export const NT_ERR_BUSY = -2;
export const NT_ERR_FORKED = -3;
export const NT_ERR_CLOSED = -4;
export const NT_ERR_INVALID = -5;
export const NT_ERR_NAME = -6;
export const NT_ERR_NAME_IN_USE = -7;
export const NT_ERR_NOT_FOUND = -8;
export const NT_ERR_VERSION = -9;
export const NT_ERR_CORRUPT = -10;
export const NT_ERR_FULL = -11;
export const NT_ERR_TIMEOUT = -12;
export const NT_ERR_KERNEL_DEAD = -13;
export const NT_ERR_STATE = -14;
export const NT_ERR_SYSTEM = -15;
export const NT_ERR_NO_SPACE = -16;
export const NT_ERR_NO_CHANNEL = -17;
export const NT_ERR_OVERRUN = -18;
export const NT_ERR_WOULD_DEADLOCK = -19;
export const NT_ERR_NO_DATA = -20;
export const NT_ERR_NOT_READY = -21;

export const NT_TICK_QUOTE = 1;
export const NT_TICK_TRADE = 2;
export const NT_TICK_CLOCK = 3;
export const NT_TICK_SESSION = 4;
export const NT_TICK_GAP = 5;
export const NT_TICK_END = 6;
export const NT_TICK_LEVEL = 7;
export const NT_TICK_BOOK_CLEAR = 8;
export const NT_TICK_LATENCY = 9;
export const NT_TICK_SIGNAL = 10;

export const NT_TICK_LAST_OF_SLICE = 1;
export const NT_TICK_IMPLIED = 2;
export const NT_TICK_SNAPSHOT = 4;
export const NT_TICK_SYNTHETIC = 8;
export const NT_TICK_STALE = 16;

export const NT_SIGNAL_NOT_READY = 1;
export const NT_SIGNAL_CALIBRATED = 2;
export const NT_SIGNAL_BFLOAT16 = 4;
export const NT_SIGNAL_INT8 = 8;
export const NT_SIGNAL_DEVICE = 16;

export const NT_BOOK_STALE = 1;
export const NT_BOOK_CROSSED = 2;
export const NT_BOOK_TRUNCATED = 4;
export const NT_BOOK_INEXACT = 8;

export const NT_SESSION_OPEN = 1;
export const NT_SESSION_CLOSED = 2;
export const NT_SESSION_HALTED = 3;

export const NT_SIDE_BUY = 1;
export const NT_SIDE_SELL = 2;

export const NT_ORDER_MARKET = 1;
export const NT_ORDER_LIMIT = 2;
export const NT_ORDER_STOP = 3;
export const NT_ORDER_STOP_LIMIT = 4;
export const NT_ORDER_TRAILING_STOP = 5;
export const NT_ORDER_MARKET_IF_TOUCHED = 6;

export const NT_TIF_DAY = 1;
export const NT_TIF_GTC = 2;
export const NT_TIF_IOC = 3;
export const NT_TIF_FOK = 4;
export const NT_TIF_GTD = 5;

export const NT_MESSAGE_NEW = 1;
export const NT_MESSAGE_REPLACE = 2;
export const NT_MESSAGE_CANCEL = 3;
export const NT_MESSAGE_MASS_CANCEL = 4;

export const NT_ORDER_EXTENDED = 1;
export const NT_ORDER_POST_ONLY = 2;
export const NT_ORDER_REDUCE_ONLY = 4;

export const NT_CONTINGENCY_OCO = 1;
export const NT_CONTINGENCY_BRACKET = 2;

export const NT_EXEC_NEW = 1;
export const NT_EXEC_TRADE = 2;
export const NT_EXEC_CANCELED = 3;
export const NT_EXEC_REPLACED = 4;
export const NT_EXEC_EXPIRED = 5;
export const NT_EXEC_DENIED = 6;
export const NT_EXEC_REJECTED = 7;
export const NT_EXEC_CANCEL_REJECTED = 8;
export const NT_EXEC_REPLACE_REJECTED = 9;
export const NT_EXEC_TRIGGERED = 10;

export const NT_STATUS_PENDING_NEW = 1;
export const NT_STATUS_NEW = 2;
export const NT_STATUS_PARTIALLY_FILLED = 3;
export const NT_STATUS_FILLED = 4;
export const NT_STATUS_CANCELED = 5;
export const NT_STATUS_EXPIRED = 6;
export const NT_STATUS_DENIED = 7;
export const NT_STATUS_REJECTED = 8;
export const NT_STATUS_PENDING_CANCEL = 9;
export const NT_STATUS_PENDING_REPLACE = 10;

export const NT_LIQUIDITY_MAKER = 1;
export const NT_LIQUIDITY_TAKER = 2;

export const NT_STATE_ACTIVE = 1;
export const NT_STATE_REDUCING = 2;
export const NT_STATE_HALTED = 3;

export const NT_CHECK_WELL_FORMED = 1;
export const NT_CHECK_TRADING_STATE = 2;
export const NT_CHECK_SESSION = 3;
export const NT_CHECK_RESTRICTED = 4;
export const NT_CHECK_DUPLICATE = 5;
export const NT_CHECK_ORDER_AGE = 6;
export const NT_CHECK_QUANTITY = 7;
export const NT_CHECK_PRICE = 8;
export const NT_CHECK_EXPIRY = 9;
export const NT_CHECK_FRESHNESS = 10;
export const NT_CHECK_COLLAR = 11;
export const NT_CHECK_NOTIONAL = 12;
export const NT_CHECK_MINIMUM_NOTIONAL = 13;
export const NT_CHECK_OPEN_ORDERS = 14;
export const NT_CHECK_POSITION = 15;
export const NT_CHECK_REDUCE_ONLY = 16;
export const NT_CHECK_EXPOSURE = 17;
export const NT_CHECK_BUYING_POWER = 18;
export const NT_CHECK_RATE = 19;
export const NT_CHECK_REPEATED = 20;
export const NT_CHECK_DAILY_VALUE = 21;
export const NT_CHECK_DAILY_LOSS = 22;
export const NT_CHECK_SELF_TRADE = 23;
export const NT_CHECK_POST_ONLY = 24;

export const NT_REASON_MALFORMED = 100;
export const NT_REASON_UNKNOWN_ACCOUNT = 101;
export const NT_REASON_TRADING_HALTED = 102;
export const NT_REASON_TRADING_STATE_REDUCING = 103;
export const NT_REASON_INSTRUMENT_NOT_FOUND = 104;
export const NT_REASON_MARKET_CLOSED = 105;
export const NT_REASON_INSTRUMENT_HALTED = 106;
export const NT_REASON_DUPLICATE_CLIENT_ORDER_ID = 107;
export const NT_REASON_ORDER_SLOT_TAKEN = 108;
export const NT_REASON_QUANTITY_NOT_POSITIVE = 109;
export const NT_REASON_QUANTITY_BELOW_MINIMUM = 110;
export const NT_REASON_QUANTITY_EXCEEDS_MAXIMUM = 111;
export const NT_REASON_LOT_SIZE_VIOLATION = 112;
export const NT_REASON_PRICE_NOT_POSITIVE = 113;
export const NT_REASON_PRICE_EXCEEDS_MAXIMUM = 114;
export const NT_REASON_TICK_SIZE_VIOLATION = 115;
export const NT_REASON_MARKET_PRICE_UNAVAILABLE = 116;
export const NT_REASON_STALE_MARKET_DATA = 117;
export const NT_REASON_PRICE_COLLAR = 118;
export const NT_REASON_NOTIONAL_EXCEEDS_MAXIMUM = 119;
export const NT_REASON_FX_RATE_UNAVAILABLE = 120;
export const NT_REASON_TOO_MANY_OPEN_ORDERS = 121;
export const NT_REASON_POSITION_LIMIT_EXCEEDED = 122;
export const NT_REASON_RATE_LIMIT_EXCEEDED = 123;
export const NT_REASON_DAILY_LOSS_LIMIT = 124;
export const NT_REASON_UNKNOWN_ORDER = 125;
export const NT_REASON_TOO_LATE = 126;
export const NT_REASON_PENDING_REQUEST = 127;
export const NT_REASON_NO_PRINT = 128;
export const NT_REASON_SESSION_CLOSED = 129;
export const NT_REASON_USER_REQUEST = 130;
export const NT_REASON_KILL_SWITCH = 131;
export const NT_REASON_CLIENT_DEATH = 132;
export const NT_REASON_QUANTITY_BELOW_FILLED = 133;
export const NT_REASON_RESTRICTED_INSTRUMENT = 134;
export const NT_REASON_SHORT_SALE_RESTRICTED = 135;
export const NT_REASON_ORDER_TYPE_NOT_PERMITTED = 136;
export const NT_REASON_ORDER_TOO_OLD = 137;
export const NT_REASON_NOTIONAL_BELOW_MINIMUM = 138;
export const NT_REASON_GROSS_EXPOSURE_EXCEEDED = 139;
export const NT_REASON_OPEN_NOTIONAL_EXCEEDED = 140;
export const NT_REASON_INSUFFICIENT_BUYING_POWER = 141;
export const NT_REASON_DUPLICATIVE_ORDER = 142;
export const NT_REASON_REPEATED_EXECUTION = 143;
export const NT_REASON_DAILY_VALUE_EXCEEDED = 144;
export const NT_REASON_SELF_TRADE_PREVENTED = 145;
export const NT_REASON_LINKED_ORDER = 150;
export const NT_REASON_UNKNOWN_LIST = 151;
export const NT_REASON_POST_ONLY_WOULD_CROSS = 152;
export const NT_REASON_REDUCE_ONLY_WOULD_INCREASE_POSITION = 153;
export const NT_REASON_EXPIRE_TIME_MISSING = 154;
export const NT_REASON_EXPIRE_TIME_IN_PAST = 155;
export const NT_REASON_EXPIRE_TIME = 156;

export const NT_UNIT_COUNT = 1;
export const NT_UNIT_PRICE = 2;
export const NT_UNIT_QUANTITY = 3;
export const NT_UNIT_MONEY = 4;
export const NT_UNIT_NANOSECONDS = 5;
export const NT_UNIT_ORDER_ID = 6;
export const NT_UNIT_STATE = 7;
export const NT_UNIT_CODE = 8;

export const NT_REPORT_SATURATED = 1;

export const NT_CLOCK_TAPE = 1;
export const NT_CLOCK_MONOTONIC = 2;

export const NT_FILL_PRINTS = 1;
export const NT_FILL_QUEUE = 2;
export const NT_FILL_PROBABILISTIC = 3;

export const NT_COMMAND_SET_STATE = 1;
export const NT_COMMAND_STOP = 2;
export const NT_COMMAND_SET_STATE_KEEP_ORDERS = 3;
export const NT_COMMAND_NEXT_ORDER = 4;

export const NT_INPUT_ORDER = 1;
export const NT_INPUT_TICK = 2;
export const NT_INPUT_TIMER = 3;
export const NT_INPUT_COMMAND = 4;
export const NT_INPUT_ATTACH = 5;
export const NT_INPUT_DEATH = 6;
export const NT_INPUT_SIGNAL = 7;

export const NT_PRECISION_FLOAT32 = 1;
export const NT_PRECISION_BFLOAT16 = 2;
export const NT_PRECISION_INT8 = 3;

export const NT_ISA_AUTO = 0;
export const NT_ISA_GENERIC = 1;
export const NT_ISA_AVX2 = 2;
export const NT_ISA_AVX512 = 3;

export const NT_MODEL_OUTPUT_CLASSES = 1;
export const NT_MODEL_OUTPUT_NORMAL = 2;
export const NT_MODEL_OUTPUT_STUDENT_T = 3;

export const NT_MODEL_CLOCK_TICK = 1;
export const NT_MODEL_CLOCK_QUOTE = 2;
export const NT_MODEL_CLOCK_TRADE = 3;
export const NT_MODEL_CLOCK_TIME_CHANGE = 4;

export const NT_SELF_TRADE_CANCEL_NEWEST = 1;
export const NT_SELF_TRADE_CANCEL_OLDEST = 2;
export const NT_SELF_TRADE_CANCEL_BOTH = 3;

export const NT_RESTRICT_BUY = 1;
export const NT_RESTRICT_SELL = 2;
export const NT_RESTRICT_SHORT = 4;

export const NT_LATENCY_TICK_TO_ORDER = 1;
export const NT_LATENCY_ORDER_TO_REPORT = 2;

export const NT_ROLE_PRODUCER = 1;
export const NT_ROLE_CONSUMER = 2;

/** Names by value. */
export type Names = Readonly<Record<number, string>>;
export const RESULT: Names = {
  0: "OK",
  "-1": "ERR_BAD_HANDLE",
  "-2": "ERR_BUSY",
  "-3": "ERR_FORKED",
  "-4": "ERR_CLOSED",
  "-5": "ERR_INVALID",
  "-6": "ERR_NAME",
  "-7": "ERR_NAME_IN_USE",
  "-8": "ERR_NOT_FOUND",
  "-9": "ERR_VERSION",
  "-10": "ERR_CORRUPT",
  "-11": "ERR_FULL",
  "-12": "ERR_TIMEOUT",
  "-13": "ERR_KERNEL_DEAD",
  "-14": "ERR_STATE",
  "-15": "ERR_SYSTEM",
  "-16": "ERR_NO_SPACE",
  "-17": "ERR_NO_CHANNEL",
  "-18": "ERR_OVERRUN",
  "-19": "ERR_WOULD_DEADLOCK",
  "-20": "ERR_NO_DATA",
  "-21": "ERR_NOT_READY",
};
export const TICK_KIND: Names = {
  1: "QUOTE",
  2: "TRADE",
  3: "CLOCK",
  4: "SESSION",
  5: "GAP",
  6: "END",
  7: "LEVEL",
  8: "BOOK_CLEAR",
  9: "LATENCY",
  10: "SIGNAL",
};
export const SESSION: Names = {
  1: "OPEN",
  2: "CLOSED",
  3: "HALTED",
};
export const SIDE: Names = {
  1: "BUY",
  2: "SELL",
};
export const ORDER_TYPE: Names = {
  1: "MARKET",
  2: "LIMIT",
  3: "STOP",
  4: "STOP_LIMIT",
  5: "TRAILING_STOP",
  6: "MARKET_IF_TOUCHED",
};
export const TIME_IN_FORCE: Names = {
  1: "DAY",
  2: "GTC",
  3: "IOC",
  4: "FOK",
  5: "GTD",
};
export const MESSAGE: Names = {
  1: "NEW",
  2: "REPLACE",
  3: "CANCEL",
  4: "MASS_CANCEL",
};
export const CONTINGENCY: Names = {
  1: "OCO",
  2: "BRACKET",
};
export const EXEC_TYPE: Names = {
  1: "NEW",
  2: "TRADE",
  3: "CANCELED",
  4: "REPLACED",
  5: "EXPIRED",
  6: "DENIED",
  7: "REJECTED",
  8: "CANCEL_REJECTED",
  9: "REPLACE_REJECTED",
  10: "TRIGGERED",
};
export const ORDER_STATUS: Names = {
  1: "PENDING_NEW",
  2: "NEW",
  3: "PARTIALLY_FILLED",
  4: "FILLED",
  5: "CANCELED",
  6: "EXPIRED",
  7: "DENIED",
  8: "REJECTED",
  9: "PENDING_CANCEL",
  10: "PENDING_REPLACE",
};
export const LIQUIDITY: Names = {
  1: "MAKER",
  2: "TAKER",
};
export const TRADING_STATE: Names = {
  1: "ACTIVE",
  2: "REDUCING",
  3: "HALTED",
};
export const CHECK: Names = {
  1: "WELL_FORMED",
  2: "TRADING_STATE",
  3: "SESSION",
  4: "RESTRICTED",
  5: "DUPLICATE",
  6: "ORDER_AGE",
  7: "QUANTITY",
  8: "PRICE",
  9: "EXPIRY",
  10: "FRESHNESS",
  11: "COLLAR",
  12: "NOTIONAL",
  13: "MINIMUM_NOTIONAL",
  14: "OPEN_ORDERS",
  15: "POSITION",
  16: "REDUCE_ONLY",
  17: "EXPOSURE",
  18: "BUYING_POWER",
  19: "RATE",
  20: "REPEATED",
  21: "DAILY_VALUE",
  22: "DAILY_LOSS",
  23: "SELF_TRADE",
  24: "POST_ONLY",
};
export const REASON: Names = {
  100: "MALFORMED",
  101: "UNKNOWN_ACCOUNT",
  102: "TRADING_HALTED",
  103: "TRADING_STATE_REDUCING",
  104: "INSTRUMENT_NOT_FOUND",
  105: "MARKET_CLOSED",
  106: "INSTRUMENT_HALTED",
  107: "DUPLICATE_CLIENT_ORDER_ID",
  108: "ORDER_SLOT_TAKEN",
  109: "QUANTITY_NOT_POSITIVE",
  110: "QUANTITY_BELOW_MINIMUM",
  111: "QUANTITY_EXCEEDS_MAXIMUM",
  112: "LOT_SIZE_VIOLATION",
  113: "PRICE_NOT_POSITIVE",
  114: "PRICE_EXCEEDS_MAXIMUM",
  115: "TICK_SIZE_VIOLATION",
  116: "MARKET_PRICE_UNAVAILABLE",
  117: "STALE_MARKET_DATA",
  118: "PRICE_COLLAR",
  119: "NOTIONAL_EXCEEDS_MAXIMUM",
  120: "FX_RATE_UNAVAILABLE",
  121: "TOO_MANY_OPEN_ORDERS",
  122: "POSITION_LIMIT_EXCEEDED",
  123: "RATE_LIMIT_EXCEEDED",
  124: "DAILY_LOSS_LIMIT",
  125: "UNKNOWN_ORDER",
  126: "TOO_LATE",
  127: "PENDING_REQUEST",
  128: "NO_PRINT",
  129: "SESSION_CLOSED",
  130: "USER_REQUEST",
  131: "KILL_SWITCH",
  132: "CLIENT_DEATH",
  133: "QUANTITY_BELOW_FILLED",
  134: "RESTRICTED_INSTRUMENT",
  135: "SHORT_SALE_RESTRICTED",
  136: "ORDER_TYPE_NOT_PERMITTED",
  137: "ORDER_TOO_OLD",
  138: "NOTIONAL_BELOW_MINIMUM",
  139: "GROSS_EXPOSURE_EXCEEDED",
  140: "OPEN_NOTIONAL_EXCEEDED",
  141: "INSUFFICIENT_BUYING_POWER",
  142: "DUPLICATIVE_ORDER",
  143: "REPEATED_EXECUTION",
  144: "DAILY_VALUE_EXCEEDED",
  145: "SELF_TRADE_PREVENTED",
  150: "LINKED_ORDER",
  151: "UNKNOWN_LIST",
  152: "POST_ONLY_WOULD_CROSS",
  153: "REDUCE_ONLY_WOULD_INCREASE_POSITION",
  154: "EXPIRE_TIME_MISSING",
  155: "EXPIRE_TIME_IN_PAST",
  156: "EXPIRE_TIME",
};
export const UNIT: Names = {
  1: "COUNT",
  2: "PRICE",
  3: "QUANTITY",
  4: "MONEY",
  5: "NANOSECONDS",
  6: "ORDER_ID",
  7: "STATE",
  8: "CODE",
};
export const CLOCK: Names = {
  1: "TAPE",
  2: "MONOTONIC",
};
export const FILL_MODEL: Names = {
  1: "PRINTS",
  2: "QUEUE",
  3: "PROBABILISTIC",
};
export const COMMAND_KIND: Names = {
  1: "SET_STATE",
  2: "STOP",
  3: "SET_STATE_KEEP_ORDERS",
  4: "NEXT_ORDER",
};
export const INPUT_KIND: Names = {
  1: "ORDER",
  2: "TICK",
  3: "TIMER",
  4: "COMMAND",
  5: "ATTACH",
  6: "DEATH",
  7: "SIGNAL",
};
export const PRECISION: Names = {
  1: "FLOAT32",
  2: "BFLOAT16",
  3: "INT8",
};
export const ISA: Names = {
  0: "AUTO",
  1: "GENERIC",
  2: "AVX2",
  3: "AVX512",
};
export const MODEL_OUTPUT: Names = {
  1: "CLASSES",
  2: "NORMAL",
  3: "STUDENT_T",
};
export const MODEL_CLOCK: Names = {
  1: "TICK",
  2: "QUOTE",
  3: "TRADE",
  4: "TIME_CHANGE",
};
export const SELF_TRADE: Names = {
  1: "NEWEST",
  2: "OLDEST",
  3: "BOTH",
};
export const RESTRICTION: Names = {
  1: "BUY",
  2: "SELL",
  4: "SHORT",
};
export const LATENCY_KIND: Names = {
  1: "TICK_TO_ORDER",
  2: "ORDER_TO_REPORT",
};
export const ROLE: Names = {
  1: "PRODUCER",
  2: "CONSUMER",
};
