"""Constants, enums and numpy dtypes of the C ABI. Generated from csrc/neural_trader.h by csrc/bindgen.py; do not edit."""

from enum import IntEnum, IntFlag
from typing import Final

import numpy as np

LAYOUT_HASH: Final = 0x804BF2E525A62E73

NT_ABI_VERSION: Final = 1
NT_ABSENT: Final = -9223372036854775808
NT_RAW_MAX: Final = 2251799813685248
NT_NAME_BYTES: Final = 32
NT_CHANNEL_MAX: Final = 64
NT_DECIMALS_MAX: Final = 15
NT_FEATURE_COUNT: Final = 40
NT_BOOK_LEVELS: Final = 10
NT_MODEL_MAX: Final = 8
NT_SIGNAL_VALUES: Final = 6
NT_PRECISION_MAX_PPM: Final = 20000
NT_PRECISION_P99_PPM: Final = 5000
NT_PRECISION_LOG_LOSS_PPM: Final = 1000
NT_NONE: Final = 4294967295
NT_DUPLICATES_MAX: Final = 8
NT_FILLS_MAX: Final = 1000
NT_LATENCY_OCTAVES: Final = 42

NT_OK: Final = 0
NT_ERR_BAD_HANDLE: Final = -1
NT_ERR_BUSY: Final = -2
NT_ERR_FORKED: Final = -3
NT_ERR_CLOSED: Final = -4
NT_ERR_INVALID: Final = -5
NT_ERR_NAME: Final = -6
NT_ERR_NAME_IN_USE: Final = -7
NT_ERR_NOT_FOUND: Final = -8
NT_ERR_VERSION: Final = -9
NT_ERR_CORRUPT: Final = -10
NT_ERR_FULL: Final = -11
NT_ERR_TIMEOUT: Final = -12
NT_ERR_KERNEL_DEAD: Final = -13
NT_ERR_STATE: Final = -14
NT_ERR_SYSTEM: Final = -15
NT_ERR_NO_SPACE: Final = -16
NT_ERR_NO_CHANNEL: Final = -17
NT_ERR_OVERRUN: Final = -18
NT_ERR_WOULD_DEADLOCK: Final = -19
NT_ERR_NO_DATA: Final = -20
NT_ERR_NOT_READY: Final = -21

NT_TICK_QUOTE: Final = 1
NT_TICK_TRADE: Final = 2
NT_TICK_CLOCK: Final = 3
NT_TICK_SESSION: Final = 4
NT_TICK_GAP: Final = 5
NT_TICK_END: Final = 6
NT_TICK_LEVEL: Final = 7
NT_TICK_BOOK_CLEAR: Final = 8
NT_TICK_LATENCY: Final = 9
NT_TICK_SIGNAL: Final = 10

NT_TICK_LAST_OF_SLICE: Final = 1
NT_TICK_IMPLIED: Final = 2
NT_TICK_SNAPSHOT: Final = 4
NT_TICK_SYNTHETIC: Final = 8
NT_TICK_STALE: Final = 16

NT_SIGNAL_NOT_READY: Final = 1
NT_SIGNAL_CALIBRATED: Final = 2
NT_SIGNAL_BFLOAT16: Final = 4
NT_SIGNAL_INT8: Final = 8
NT_SIGNAL_DEVICE: Final = 16

NT_BOOK_STALE: Final = 1
NT_BOOK_CROSSED: Final = 2
NT_BOOK_TRUNCATED: Final = 4
NT_BOOK_INEXACT: Final = 8

NT_SESSION_OPEN: Final = 1
NT_SESSION_CLOSED: Final = 2
NT_SESSION_HALTED: Final = 3

NT_SIDE_BUY: Final = 1
NT_SIDE_SELL: Final = 2

NT_ORDER_MARKET: Final = 1
NT_ORDER_LIMIT: Final = 2
NT_ORDER_STOP: Final = 3
NT_ORDER_STOP_LIMIT: Final = 4
NT_ORDER_TRAILING_STOP: Final = 5
NT_ORDER_MARKET_IF_TOUCHED: Final = 6

NT_TIF_DAY: Final = 1
NT_TIF_GTC: Final = 2
NT_TIF_IOC: Final = 3
NT_TIF_FOK: Final = 4
NT_TIF_GTD: Final = 5

NT_MESSAGE_NEW: Final = 1
NT_MESSAGE_REPLACE: Final = 2
NT_MESSAGE_CANCEL: Final = 3
NT_MESSAGE_MASS_CANCEL: Final = 4

NT_ORDER_EXTENDED: Final = 1
NT_ORDER_POST_ONLY: Final = 2
NT_ORDER_REDUCE_ONLY: Final = 4

NT_CONTINGENCY_OCO: Final = 1
NT_CONTINGENCY_BRACKET: Final = 2

NT_EXEC_NEW: Final = 1
NT_EXEC_TRADE: Final = 2
NT_EXEC_CANCELED: Final = 3
NT_EXEC_REPLACED: Final = 4
NT_EXEC_EXPIRED: Final = 5
NT_EXEC_DENIED: Final = 6
NT_EXEC_REJECTED: Final = 7
NT_EXEC_CANCEL_REJECTED: Final = 8
NT_EXEC_REPLACE_REJECTED: Final = 9
NT_EXEC_TRIGGERED: Final = 10

NT_STATUS_PENDING_NEW: Final = 1
NT_STATUS_NEW: Final = 2
NT_STATUS_PARTIALLY_FILLED: Final = 3
NT_STATUS_FILLED: Final = 4
NT_STATUS_CANCELED: Final = 5
NT_STATUS_EXPIRED: Final = 6
NT_STATUS_DENIED: Final = 7
NT_STATUS_REJECTED: Final = 8
NT_STATUS_PENDING_CANCEL: Final = 9
NT_STATUS_PENDING_REPLACE: Final = 10

NT_LIQUIDITY_MAKER: Final = 1
NT_LIQUIDITY_TAKER: Final = 2

NT_STATE_ACTIVE: Final = 1
NT_STATE_REDUCING: Final = 2
NT_STATE_HALTED: Final = 3

NT_CHECK_WELL_FORMED: Final = 1
NT_CHECK_TRADING_STATE: Final = 2
NT_CHECK_SESSION: Final = 3
NT_CHECK_RESTRICTED: Final = 4
NT_CHECK_DUPLICATE: Final = 5
NT_CHECK_ORDER_AGE: Final = 6
NT_CHECK_QUANTITY: Final = 7
NT_CHECK_PRICE: Final = 8
NT_CHECK_EXPIRY: Final = 9
NT_CHECK_FRESHNESS: Final = 10
NT_CHECK_COLLAR: Final = 11
NT_CHECK_NOTIONAL: Final = 12
NT_CHECK_MINIMUM_NOTIONAL: Final = 13
NT_CHECK_OPEN_ORDERS: Final = 14
NT_CHECK_POSITION: Final = 15
NT_CHECK_REDUCE_ONLY: Final = 16
NT_CHECK_EXPOSURE: Final = 17
NT_CHECK_BUYING_POWER: Final = 18
NT_CHECK_RATE: Final = 19
NT_CHECK_REPEATED: Final = 20
NT_CHECK_DAILY_VALUE: Final = 21
NT_CHECK_DAILY_LOSS: Final = 22
NT_CHECK_SELF_TRADE: Final = 23
NT_CHECK_POST_ONLY: Final = 24

NT_REASON_MALFORMED: Final = 100
NT_REASON_UNKNOWN_ACCOUNT: Final = 101
NT_REASON_TRADING_HALTED: Final = 102
NT_REASON_TRADING_STATE_REDUCING: Final = 103
NT_REASON_INSTRUMENT_NOT_FOUND: Final = 104
NT_REASON_MARKET_CLOSED: Final = 105
NT_REASON_INSTRUMENT_HALTED: Final = 106
NT_REASON_DUPLICATE_CLIENT_ORDER_ID: Final = 107
NT_REASON_ORDER_SLOT_TAKEN: Final = 108
NT_REASON_QUANTITY_NOT_POSITIVE: Final = 109
NT_REASON_QUANTITY_BELOW_MINIMUM: Final = 110
NT_REASON_QUANTITY_EXCEEDS_MAXIMUM: Final = 111
NT_REASON_LOT_SIZE_VIOLATION: Final = 112
NT_REASON_PRICE_NOT_POSITIVE: Final = 113
NT_REASON_PRICE_EXCEEDS_MAXIMUM: Final = 114
NT_REASON_TICK_SIZE_VIOLATION: Final = 115
NT_REASON_MARKET_PRICE_UNAVAILABLE: Final = 116
NT_REASON_STALE_MARKET_DATA: Final = 117
NT_REASON_PRICE_COLLAR: Final = 118
NT_REASON_NOTIONAL_EXCEEDS_MAXIMUM: Final = 119
NT_REASON_FX_RATE_UNAVAILABLE: Final = 120
NT_REASON_TOO_MANY_OPEN_ORDERS: Final = 121
NT_REASON_POSITION_LIMIT_EXCEEDED: Final = 122
NT_REASON_RATE_LIMIT_EXCEEDED: Final = 123
NT_REASON_DAILY_LOSS_LIMIT: Final = 124
NT_REASON_UNKNOWN_ORDER: Final = 125
NT_REASON_TOO_LATE: Final = 126
NT_REASON_PENDING_REQUEST: Final = 127
NT_REASON_NO_PRINT: Final = 128
NT_REASON_SESSION_CLOSED: Final = 129
NT_REASON_USER_REQUEST: Final = 130
NT_REASON_KILL_SWITCH: Final = 131
NT_REASON_CLIENT_DEATH: Final = 132
NT_REASON_QUANTITY_BELOW_FILLED: Final = 133
NT_REASON_RESTRICTED_INSTRUMENT: Final = 134
NT_REASON_SHORT_SALE_RESTRICTED: Final = 135
NT_REASON_ORDER_TYPE_NOT_PERMITTED: Final = 136
NT_REASON_ORDER_TOO_OLD: Final = 137
NT_REASON_NOTIONAL_BELOW_MINIMUM: Final = 138
NT_REASON_GROSS_EXPOSURE_EXCEEDED: Final = 139
NT_REASON_OPEN_NOTIONAL_EXCEEDED: Final = 140
NT_REASON_INSUFFICIENT_BUYING_POWER: Final = 141
NT_REASON_DUPLICATIVE_ORDER: Final = 142
NT_REASON_REPEATED_EXECUTION: Final = 143
NT_REASON_DAILY_VALUE_EXCEEDED: Final = 144
NT_REASON_SELF_TRADE_PREVENTED: Final = 145
NT_REASON_LINKED_ORDER: Final = 150
NT_REASON_UNKNOWN_LIST: Final = 151
NT_REASON_POST_ONLY_WOULD_CROSS: Final = 152
NT_REASON_REDUCE_ONLY_WOULD_INCREASE_POSITION: Final = 153
NT_REASON_EXPIRE_TIME_MISSING: Final = 154
NT_REASON_EXPIRE_TIME_IN_PAST: Final = 155
NT_REASON_EXPIRE_TIME: Final = 156

NT_UNIT_COUNT: Final = 1
NT_UNIT_PRICE: Final = 2
NT_UNIT_QUANTITY: Final = 3
NT_UNIT_MONEY: Final = 4
NT_UNIT_NANOSECONDS: Final = 5
NT_UNIT_ORDER_ID: Final = 6
NT_UNIT_STATE: Final = 7
NT_UNIT_CODE: Final = 8

NT_REPORT_SATURATED: Final = 1

NT_CLOCK_TAPE: Final = 1
NT_CLOCK_MONOTONIC: Final = 2

NT_FILL_PRINTS: Final = 1
NT_FILL_QUEUE: Final = 2
NT_FILL_PROBABILISTIC: Final = 3

NT_COMMAND_SET_STATE: Final = 1
NT_COMMAND_STOP: Final = 2
NT_COMMAND_SET_STATE_KEEP_ORDERS: Final = 3
NT_COMMAND_NEXT_ORDER: Final = 4

NT_INPUT_ORDER: Final = 1
NT_INPUT_TICK: Final = 2
NT_INPUT_TIMER: Final = 3
NT_INPUT_COMMAND: Final = 4
NT_INPUT_ATTACH: Final = 5
NT_INPUT_DEATH: Final = 6
NT_INPUT_SIGNAL: Final = 7

NT_PRECISION_FLOAT32: Final = 1
NT_PRECISION_BFLOAT16: Final = 2
NT_PRECISION_INT8: Final = 3

NT_ISA_AUTO: Final = 0
NT_ISA_GENERIC: Final = 1
NT_ISA_AVX2: Final = 2
NT_ISA_AVX512: Final = 3

NT_MODEL_OUTPUT_CLASSES: Final = 1
NT_MODEL_OUTPUT_NORMAL: Final = 2
NT_MODEL_OUTPUT_STUDENT_T: Final = 3

NT_MODEL_CLOCK_TICK: Final = 1
NT_MODEL_CLOCK_QUOTE: Final = 2
NT_MODEL_CLOCK_TRADE: Final = 3
NT_MODEL_CLOCK_TIME_CHANGE: Final = 4

NT_SELF_TRADE_CANCEL_NEWEST: Final = 1
NT_SELF_TRADE_CANCEL_OLDEST: Final = 2
NT_SELF_TRADE_CANCEL_BOTH: Final = 3

NT_RESTRICT_BUY: Final = 1
NT_RESTRICT_SELL: Final = 2
NT_RESTRICT_SHORT: Final = 4

NT_LATENCY_TICK_TO_ORDER: Final = 1
NT_LATENCY_ORDER_TO_REPORT: Final = 2

NT_ROLE_PRODUCER: Final = 1
NT_ROLE_CONSUMER: Final = 2


class Result(IntEnum):
    """enum nt_result"""

    OK = 0
    ERR_BAD_HANDLE = -1
    ERR_BUSY = -2
    ERR_FORKED = -3
    ERR_CLOSED = -4
    ERR_INVALID = -5
    ERR_NAME = -6
    ERR_NAME_IN_USE = -7
    ERR_NOT_FOUND = -8
    ERR_VERSION = -9
    ERR_CORRUPT = -10
    ERR_FULL = -11
    ERR_TIMEOUT = -12
    ERR_KERNEL_DEAD = -13
    ERR_STATE = -14
    ERR_SYSTEM = -15
    ERR_NO_SPACE = -16
    ERR_NO_CHANNEL = -17
    ERR_OVERRUN = -18
    ERR_WOULD_DEADLOCK = -19
    ERR_NO_DATA = -20
    ERR_NOT_READY = -21


class TickKind(IntEnum):
    """enum nt_tick_kind"""

    QUOTE = 1
    TRADE = 2
    CLOCK = 3
    SESSION = 4
    GAP = 5
    END = 6
    LEVEL = 7
    BOOK_CLEAR = 8
    LATENCY = 9
    SIGNAL = 10


class TickFlag(IntFlag):
    """enum nt_tick_flag"""

    LAST_OF_SLICE = 1
    IMPLIED = 2
    SNAPSHOT = 4
    SYNTHETIC = 8
    STALE = 16


class SignalFlag(IntFlag):
    """enum nt_signal_flag"""

    NOT_READY = 1
    CALIBRATED = 2
    BFLOAT16 = 4
    INT8 = 8
    DEVICE = 16


class BookFlag(IntFlag):
    """enum nt_book_flag"""

    STALE = 1
    CROSSED = 2
    TRUNCATED = 4
    INEXACT = 8


class Session(IntEnum):
    """enum nt_session"""

    OPEN = 1
    CLOSED = 2
    HALTED = 3


class Side(IntEnum):
    """enum nt_side"""

    BUY = 1
    SELL = 2


class OrderType(IntEnum):
    """enum nt_order_type"""

    MARKET = 1
    LIMIT = 2
    STOP = 3
    STOP_LIMIT = 4
    TRAILING_STOP = 5
    MARKET_IF_TOUCHED = 6


class TimeInForce(IntEnum):
    """enum nt_time_in_force"""

    DAY = 1
    GTC = 2
    IOC = 3
    FOK = 4
    GTD = 5


class Message(IntEnum):
    """enum nt_message"""

    NEW = 1
    REPLACE = 2
    CANCEL = 3
    MASS_CANCEL = 4


class OrderFlag(IntFlag):
    """enum nt_order_flag"""

    EXTENDED = 1
    POST_ONLY = 2
    REDUCE_ONLY = 4


class Contingency(IntEnum):
    """enum nt_contingency"""

    OCO = 1
    BRACKET = 2


class ExecType(IntEnum):
    """enum nt_exec_type"""

    NEW = 1
    TRADE = 2
    CANCELED = 3
    REPLACED = 4
    EXPIRED = 5
    DENIED = 6
    REJECTED = 7
    CANCEL_REJECTED = 8
    REPLACE_REJECTED = 9
    TRIGGERED = 10


class OrderStatus(IntEnum):
    """enum nt_order_status"""

    PENDING_NEW = 1
    NEW = 2
    PARTIALLY_FILLED = 3
    FILLED = 4
    CANCELED = 5
    EXPIRED = 6
    DENIED = 7
    REJECTED = 8
    PENDING_CANCEL = 9
    PENDING_REPLACE = 10


class Liquidity(IntEnum):
    """enum nt_liquidity"""

    MAKER = 1
    TAKER = 2


class TradingState(IntEnum):
    """enum nt_trading_state"""

    ACTIVE = 1
    REDUCING = 2
    HALTED = 3


class Check(IntEnum):
    """enum nt_check"""

    WELL_FORMED = 1
    TRADING_STATE = 2
    SESSION = 3
    RESTRICTED = 4
    DUPLICATE = 5
    ORDER_AGE = 6
    QUANTITY = 7
    PRICE = 8
    EXPIRY = 9
    FRESHNESS = 10
    COLLAR = 11
    NOTIONAL = 12
    MINIMUM_NOTIONAL = 13
    OPEN_ORDERS = 14
    POSITION = 15
    REDUCE_ONLY = 16
    EXPOSURE = 17
    BUYING_POWER = 18
    RATE = 19
    REPEATED = 20
    DAILY_VALUE = 21
    DAILY_LOSS = 22
    SELF_TRADE = 23
    POST_ONLY = 24


class Reason(IntEnum):
    """enum nt_reason"""

    MALFORMED = 100
    UNKNOWN_ACCOUNT = 101
    TRADING_HALTED = 102
    TRADING_STATE_REDUCING = 103
    INSTRUMENT_NOT_FOUND = 104
    MARKET_CLOSED = 105
    INSTRUMENT_HALTED = 106
    DUPLICATE_CLIENT_ORDER_ID = 107
    ORDER_SLOT_TAKEN = 108
    QUANTITY_NOT_POSITIVE = 109
    QUANTITY_BELOW_MINIMUM = 110
    QUANTITY_EXCEEDS_MAXIMUM = 111
    LOT_SIZE_VIOLATION = 112
    PRICE_NOT_POSITIVE = 113
    PRICE_EXCEEDS_MAXIMUM = 114
    TICK_SIZE_VIOLATION = 115
    MARKET_PRICE_UNAVAILABLE = 116
    STALE_MARKET_DATA = 117
    PRICE_COLLAR = 118
    NOTIONAL_EXCEEDS_MAXIMUM = 119
    FX_RATE_UNAVAILABLE = 120
    TOO_MANY_OPEN_ORDERS = 121
    POSITION_LIMIT_EXCEEDED = 122
    RATE_LIMIT_EXCEEDED = 123
    DAILY_LOSS_LIMIT = 124
    UNKNOWN_ORDER = 125
    TOO_LATE = 126
    PENDING_REQUEST = 127
    NO_PRINT = 128
    SESSION_CLOSED = 129
    USER_REQUEST = 130
    KILL_SWITCH = 131
    CLIENT_DEATH = 132
    QUANTITY_BELOW_FILLED = 133
    RESTRICTED_INSTRUMENT = 134
    SHORT_SALE_RESTRICTED = 135
    ORDER_TYPE_NOT_PERMITTED = 136
    ORDER_TOO_OLD = 137
    NOTIONAL_BELOW_MINIMUM = 138
    GROSS_EXPOSURE_EXCEEDED = 139
    OPEN_NOTIONAL_EXCEEDED = 140
    INSUFFICIENT_BUYING_POWER = 141
    DUPLICATIVE_ORDER = 142
    REPEATED_EXECUTION = 143
    DAILY_VALUE_EXCEEDED = 144
    SELF_TRADE_PREVENTED = 145
    LINKED_ORDER = 150
    UNKNOWN_LIST = 151
    POST_ONLY_WOULD_CROSS = 152
    REDUCE_ONLY_WOULD_INCREASE_POSITION = 153
    EXPIRE_TIME_MISSING = 154
    EXPIRE_TIME_IN_PAST = 155
    EXPIRE_TIME = 156


class Unit(IntEnum):
    """enum nt_unit"""

    COUNT = 1
    PRICE = 2
    QUANTITY = 3
    MONEY = 4
    NANOSECONDS = 5
    ORDER_ID = 6
    STATE = 7
    CODE = 8


class ReportFlag(IntFlag):
    """enum nt_report_flag"""

    SATURATED = 1


class Clock(IntEnum):
    """enum nt_clock"""

    TAPE = 1
    MONOTONIC = 2


class FillModel(IntEnum):
    """enum nt_fill_model"""

    PRINTS = 1
    QUEUE = 2
    PROBABILISTIC = 3


class CommandKind(IntEnum):
    """enum nt_command_kind"""

    SET_STATE = 1
    STOP = 2
    SET_STATE_KEEP_ORDERS = 3
    NEXT_ORDER = 4


class InputKind(IntEnum):
    """enum nt_input_kind"""

    ORDER = 1
    TICK = 2
    TIMER = 3
    COMMAND = 4
    ATTACH = 5
    DEATH = 6
    SIGNAL = 7


class Precision(IntEnum):
    """enum nt_precision"""

    FLOAT32 = 1
    BFLOAT16 = 2
    INT8 = 3


class Isa(IntEnum):
    """enum nt_isa"""

    AUTO = 0
    GENERIC = 1
    AVX2 = 2
    AVX512 = 3


class ModelOutput(IntEnum):
    """enum nt_model_output"""

    CLASSES = 1
    NORMAL = 2
    STUDENT_T = 3


class ModelClock(IntEnum):
    """enum nt_model_clock"""

    TICK = 1
    QUOTE = 2
    TRADE = 3
    TIME_CHANGE = 4


class SelfTrade(IntEnum):
    """enum nt_self_trade"""

    NEWEST = 1
    OLDEST = 2
    BOTH = 3


class Restriction(IntEnum):
    """enum nt_restriction"""

    BUY = 1
    SELL = 2
    SHORT = 4


class LatencyKind(IntEnum):
    """enum nt_latency_kind"""

    TICK_TO_ORDER = 1
    ORDER_TO_REPORT = 2


class Role(IntEnum):
    """enum nt_role"""

    PRODUCER = 1
    CONSUMER = 2


# Names by value: a dictionary look-up is much faster than an enum's.
RESULT: Final[dict[int, str]] = {
    0: "OK",
    -1: "ERR_BAD_HANDLE",
    -2: "ERR_BUSY",
    -3: "ERR_FORKED",
    -4: "ERR_CLOSED",
    -5: "ERR_INVALID",
    -6: "ERR_NAME",
    -7: "ERR_NAME_IN_USE",
    -8: "ERR_NOT_FOUND",
    -9: "ERR_VERSION",
    -10: "ERR_CORRUPT",
    -11: "ERR_FULL",
    -12: "ERR_TIMEOUT",
    -13: "ERR_KERNEL_DEAD",
    -14: "ERR_STATE",
    -15: "ERR_SYSTEM",
    -16: "ERR_NO_SPACE",
    -17: "ERR_NO_CHANNEL",
    -18: "ERR_OVERRUN",
    -19: "ERR_WOULD_DEADLOCK",
    -20: "ERR_NO_DATA",
    -21: "ERR_NOT_READY",
}
TICK_KIND: Final[dict[int, str]] = {
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
}
SESSION: Final[dict[int, str]] = {
    1: "OPEN",
    2: "CLOSED",
    3: "HALTED",
}
SIDE: Final[dict[int, str]] = {
    1: "BUY",
    2: "SELL",
}
ORDER_TYPE: Final[dict[int, str]] = {
    1: "MARKET",
    2: "LIMIT",
    3: "STOP",
    4: "STOP_LIMIT",
    5: "TRAILING_STOP",
    6: "MARKET_IF_TOUCHED",
}
TIME_IN_FORCE: Final[dict[int, str]] = {
    1: "DAY",
    2: "GTC",
    3: "IOC",
    4: "FOK",
    5: "GTD",
}
MESSAGE: Final[dict[int, str]] = {
    1: "NEW",
    2: "REPLACE",
    3: "CANCEL",
    4: "MASS_CANCEL",
}
CONTINGENCY: Final[dict[int, str]] = {
    1: "OCO",
    2: "BRACKET",
}
EXEC_TYPE: Final[dict[int, str]] = {
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
}
ORDER_STATUS: Final[dict[int, str]] = {
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
}
LIQUIDITY: Final[dict[int, str]] = {
    1: "MAKER",
    2: "TAKER",
}
TRADING_STATE: Final[dict[int, str]] = {
    1: "ACTIVE",
    2: "REDUCING",
    3: "HALTED",
}
CHECK: Final[dict[int, str]] = {
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
}
REASON: Final[dict[int, str]] = {
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
}
UNIT: Final[dict[int, str]] = {
    1: "COUNT",
    2: "PRICE",
    3: "QUANTITY",
    4: "MONEY",
    5: "NANOSECONDS",
    6: "ORDER_ID",
    7: "STATE",
    8: "CODE",
}
CLOCK: Final[dict[int, str]] = {
    1: "TAPE",
    2: "MONOTONIC",
}
FILL_MODEL: Final[dict[int, str]] = {
    1: "PRINTS",
    2: "QUEUE",
    3: "PROBABILISTIC",
}
COMMAND_KIND: Final[dict[int, str]] = {
    1: "SET_STATE",
    2: "STOP",
    3: "SET_STATE_KEEP_ORDERS",
    4: "NEXT_ORDER",
}
INPUT_KIND: Final[dict[int, str]] = {
    1: "ORDER",
    2: "TICK",
    3: "TIMER",
    4: "COMMAND",
    5: "ATTACH",
    6: "DEATH",
    7: "SIGNAL",
}
PRECISION: Final[dict[int, str]] = {
    1: "FLOAT32",
    2: "BFLOAT16",
    3: "INT8",
}
ISA: Final[dict[int, str]] = {
    0: "AUTO",
    1: "GENERIC",
    2: "AVX2",
    3: "AVX512",
}
MODEL_OUTPUT: Final[dict[int, str]] = {
    1: "CLASSES",
    2: "NORMAL",
    3: "STUDENT_T",
}
MODEL_CLOCK: Final[dict[int, str]] = {
    1: "TICK",
    2: "QUOTE",
    3: "TRADE",
    4: "TIME_CHANGE",
}
SELF_TRADE: Final[dict[int, str]] = {
    1: "NEWEST",
    2: "OLDEST",
    3: "BOTH",
}
RESTRICTION: Final[dict[int, str]] = {
    1: "BUY",
    2: "SELL",
    4: "SHORT",
}
LATENCY_KIND: Final[dict[int, str]] = {
    1: "TICK_TO_ORDER",
    2: "ORDER_TO_REPORT",
}
ROLE: Final[dict[int, str]] = {
    1: "PRODUCER",
    2: "CONSUMER",
}

# Records. The fields of a union overlap.
NT_ERROR: Final[np.dtype[np.void]] = np.dtype(
    {
        "names": ["code", "system_error", "observed", "limit", "text"],
        "formats": ["<i4", "<i4", "<i8", "<i8", "S232"],
        "offsets": [0, 4, 8, 16, 24],
        "itemsize": 256,
    }
)
NT_TICK: Final[np.dtype[np.void]] = np.dtype(
    {
        "names": [
            "seq",
            "ts_event",
            "ts_recv",
            "bid_price",
            "ask_price",
            "bid_size",
            "ask_size",
            "price",
            "size",
            "trade_id",
            "aggressor",
            "values",
            "confidence",
            "model",
            "value_count",
            "signal_flags",
            "instrument",
            "kind",
            "flags",
            "venue",
        ],
        "formats": [
            "<u8",
            "<i8",
            "<i8",
            "<i8",
            "<i8",
            "<i8",
            "<i8",
            "<i8",
            "<i8",
            "<i8",
            "<i8",
            ("<f4", (6,)),
            "<f4",
            "<u2",
            "u1",
            "u1",
            "<u4",
            "u1",
            "u1",
            "<u2",
        ],
        "offsets": [0, 8, 16, 24, 32, 40, 48, 24, 32, 40, 48, 24, 48, 52, 54, 55, 56, 60, 61, 62],
        "itemsize": 64,
    }
)
NT_ORDER: Final[np.dtype[np.void]] = np.dtype(
    {
        "names": [
            "seq",
            "ts",
            "client_order_id",
            "price",
            "trigger_price",
            "quantity",
            "instrument",
            "account",
            "strategy",
            "message",
            "side",
            "type",
            "time_in_force",
            "flags",
            "original_client_order_id",
            "expire_ts",
            "display_quantity",
            "user_tag",
            "trailing_offset",
            "list_id",
            "contingency",
            "reserved0",
            "reserved",
        ],
        "formats": [
            "<u8",
            "<i8",
            "<u8",
            "<i8",
            "<i8",
            "<i8",
            "<u4",
            "<u2",
            "<u2",
            "u1",
            "u1",
            "u1",
            "u1",
            "<u4",
            "<u8",
            "<i8",
            "<i8",
            "<u8",
            "<i8",
            "<u8",
            "u1",
            ("u1", (7,)),
            "<u8",
        ],
        "offsets": [0, 8, 16, 24, 32, 40, 48, 52, 54, 56, 57, 58, 59, 60, 64, 72, 80, 88, 96, 104, 112, 113, 120],
        "itemsize": 128,
    }
)
NT_REPORT: Final[np.dtype[np.void]] = np.dtype(
    {
        "names": [
            "seq",
            "ts_event",
            "client_order_id",
            "last_price",
            "last_quantity",
            "leaves_quantity",
            "cumulative_quantity",
            "exec_type",
            "order_status",
            "side",
            "liquidity",
            "reason",
            "check",
            "ts_recv",
            "venue_order_id",
            "execution_id",
            "fee",
            "observed",
            "limit",
            "instrument",
            "account",
            "strategy",
            "fix_reason",
            "channel",
            "flags",
            "unit",
            "reserved",
        ],
        "formats": [
            "<u8",
            "<i8",
            "<u8",
            "<i8",
            "<i8",
            "<i8",
            "<i8",
            "u1",
            "u1",
            "u1",
            "u1",
            "<u2",
            "<u2",
            "<i8",
            "<u8",
            "<u8",
            "<i8",
            "<i8",
            "<i8",
            "<u4",
            "<u2",
            "<u2",
            "<u2",
            "<u2",
            "<u2",
            "u1",
            "u1",
        ],
        "offsets": [
            0,
            8,
            16,
            24,
            32,
            40,
            48,
            56,
            57,
            58,
            59,
            60,
            62,
            64,
            72,
            80,
            88,
            96,
            104,
            112,
            116,
            118,
            120,
            122,
            124,
            126,
            127,
        ],
        "itemsize": 128,
    }
)
NT_COMMAND: Final[np.dtype[np.void]] = np.dtype(
    {
        "names": ["seq", "request", "kind", "state", "account", "result", "reason"],
        "formats": ["<u8", "<u8", "u1", "u1", "<u2", "<i4", "S40"],
        "offsets": [0, 8, 16, 17, 18, 20, 24],
        "itemsize": 64,
    }
)
NT_WORKING_ORDER: Final[np.dtype[np.void]] = np.dtype(
    {
        "names": [
            "seq",
            "request",
            "kind",
            "side",
            "account",
            "cursor",
            "client_order_id",
            "price",
            "trigger_price",
            "leaves_quantity",
            "instrument",
            "channel",
            "type",
            "status",
            "time_in_force",
        ],
        "formats": ["<u8", "<u8", "u1", "u1", "<u2", "<i4", "<u8", "<i8", "<i8", "<i8", "<u4", "u1", "u1", "u1", "u1"],
        "offsets": [0, 8, 16, 17, 18, 20, 24, 32, 40, 48, 56, 60, 61, 62, 63],
        "itemsize": 64,
    }
)
NT_FRAME: Final[np.dtype[np.void]] = np.dtype(
    {
        "names": [
            "bytes",
            "crc32c",
            "sequence",
            "ts",
            "order_index",
            "client_order_id",
            "channel",
            "input",
            "reports",
            "instrument",
            "input_bytes",
            "reserved",
        ],
        "formats": ["<u4", "<u4", "<u8", "<i8", "<u8", "<u8", "<u2", "<u2", "<u4", "<u4", "<u4", "<u8"],
        "offsets": [0, 4, 8, 16, 24, 32, 40, 42, 44, 48, 52, 56],
        "itemsize": 64,
    }
)
NT_KERNEL_CONFIG: Final[np.dtype[np.void]] = np.dtype(
    {
        "names": [
            "name",
            "clock",
            "participants",
            "channels",
            "order_capacity",
            "ring_capacity",
            "tick_capacity",
            "instruments",
            "accounts",
            "journal_bytes",
            "record",
            "latency_in_ns",
            "latency_out_ns",
            "slippage_ticks",
            "fill_model",
            "book_depth",
            "measured_latency",
            "models",
            "reserved",
        ],
        "formats": [
            "S32",
            "<u4",
            "<u4",
            "<u4",
            "<u4",
            "<u4",
            "<u4",
            "<u4",
            "<u4",
            "<u4",
            "<u4",
            "<i8",
            "<i8",
            "<i8",
            "<u4",
            "<u4",
            "<u4",
            "<u4",
            ("<u8", (2,)),
        ],
        "offsets": [0, 32, 36, 40, 44, 48, 52, 56, 60, 64, 68, 72, 80, 88, 96, 100, 104, 108, 112],
        "itemsize": 128,
    }
)
NT_INSTRUMENT: Final[np.dtype[np.void]] = np.dtype(
    {
        "names": [
            "symbol",
            "currency",
            "price_decimals",
            "quantity_decimals",
            "tick_size",
            "lot_size",
            "minimum_quantity",
            "maximum_price",
            "allow_negative_price",
            "initial_session",
            "reserved",
        ],
        "formats": ["S32", "S8", "<i4", "<i4", "<i8", "<i8", "<i8", "<i8", "<u4", "<u4", ("<u8", (4,))],
        "offsets": [0, 32, 40, 44, 48, 56, 64, 72, 80, 84, 88],
        "itemsize": 120,
    }
)
NT_ACCOUNT: Final[np.dtype[np.void]] = np.dtype(
    {
        "names": [
            "name",
            "currency",
            "decimals",
            "self_trade",
            "cash",
            "max_open_orders",
            "max_orders_per_second",
            "max_daily_loss",
            "max_cancels_per_second",
            "max_order_age_ns",
            "allowed_order_types",
            "allowed_times_in_force",
            "max_gross_exposure",
            "max_open_notional",
            "max_daily_value",
            "max_duplicate_orders",
            "duplicate_window_ns",
            "max_fills",
            "fills_window_ns",
            "reserved",
        ],
        "formats": [
            "S32",
            "S8",
            "<i4",
            "<u4",
            "<i8",
            "<i8",
            "<i8",
            "<i8",
            "<i8",
            "<i8",
            "<i8",
            "<i8",
            "<i8",
            "<i8",
            "<i8",
            "<i8",
            "<i8",
            "<i8",
            "<i8",
            ("<u8", (4,)),
        ],
        "offsets": [0, 32, 40, 44, 48, 56, 64, 72, 80, 88, 96, 104, 112, 120, 128, 136, 144, 152, 160, 168],
        "itemsize": 200,
    }
)
NT_TERMS: Final[np.dtype[np.void]] = np.dtype(
    {
        "names": [
            "account",
            "instrument",
            "restrictions",
            "reserved0",
            "value_numerator",
            "value_denominator",
            "fee_taker",
            "fee_maker",
            "max_order_quantity",
            "max_order_notional",
            "min_order_notional",
            "max_position",
            "price_collar_bps",
            "max_quote_age_ns",
            "initial_margin_bps",
            "fee_taker_ppb",
            "fee_maker_ppb",
            "reserved",
        ],
        "formats": [
            "<u4",
            "<u4",
            "<u4",
            "<u4",
            "<i8",
            "<i8",
            "<i8",
            "<i8",
            "<i8",
            "<i8",
            "<i8",
            "<i8",
            "<i8",
            "<i8",
            "<i8",
            "<i8",
            "<i8",
            ("<u8", (2,)),
        ],
        "offsets": [0, 4, 8, 12, 16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 96, 104, 112, 120],
        "itemsize": 136,
    }
)
NT_QUOTE: Final[np.dtype[np.void]] = np.dtype(
    {
        "names": [
            "ts_event",
            "ts_recv",
            "bid_price",
            "ask_price",
            "bid_size",
            "ask_size",
            "last_price",
            "last_size",
            "flags",
            "session",
        ],
        "formats": ["<i8", "<i8", "<i8", "<i8", "<i8", "<i8", "<i8", "<i8", "<u4", "<u4"],
        "offsets": [0, 8, 16, 24, 32, 40, 48, 56, 64, 68],
        "itemsize": 72,
    }
)
NT_BOOK: Final[np.dtype[np.void]] = np.dtype(
    {
        "names": [
            "ts_event",
            "ts_recv",
            "update_id",
            "dropped",
            "bid_count",
            "ask_count",
            "flags",
            "reserved",
            "bid_prices",
            "bid_sizes",
            "ask_prices",
            "ask_sizes",
        ],
        "formats": [
            "<i8",
            "<i8",
            "<i8",
            "<u8",
            "<u4",
            "<u4",
            "<u4",
            "<u4",
            ("<i8", (10,)),
            ("<i8", (10,)),
            ("<i8", (10,)),
            ("<i8", (10,)),
        ],
        "offsets": [0, 8, 16, 24, 32, 36, 40, 44, 48, 128, 208, 288],
        "itemsize": 368,
    }
)
NT_POSITION: Final[np.dtype[np.void]] = np.dtype(
    {
        "names": [
            "quantity",
            "working_buy",
            "working_sell",
            "projected",
            "average_price",
            "realized_pnl",
            "unrealized_pnl",
            "fees",
            "mark_price",
            "fills",
        ],
        "formats": ["<i8", "<i8", "<i8", "<i8", "<f8", "<i8", "<i8", "<i8", "<i8", "<u8"],
        "offsets": [0, 8, 16, 24, 32, 40, 48, 56, 64, 72],
        "itemsize": 80,
    }
)
NT_ACCOUNT_VIEW: Final[np.dtype[np.void]] = np.dtype(
    {
        "names": ["cash", "equity", "realized_pnl", "unrealized_pnl", "fees", "day_pnl", "open_orders", "state", "state_reason"],
        "formats": ["<i8", "<i8", "<i8", "<i8", "<i8", "<i8", "<i8", "<u4", "<u4"],
        "offsets": [0, 8, 16, 24, 32, 40, 48, 56, 60],
        "itemsize": 64,
    }
)
NT_COUNTERS: Final[np.dtype[np.void]] = np.dtype(
    {
        "names": [
            "inputs",
            "ticks",
            "slices",
            "orders_accepted",
            "orders_denied",
            "requests_denied",
            "orders_rejected",
            "cancels",
            "replaces",
            "fills",
            "reports",
            "reports_held",
            "frames",
            "frame_bytes",
            "deaths",
            "hostile_records",
            "signals",
            "denied",
        ],
        "formats": [
            "<u8",
            "<u8",
            "<u8",
            "<u8",
            "<u8",
            "<u8",
            "<u8",
            "<u8",
            "<u8",
            "<u8",
            "<u8",
            "<u8",
            "<u8",
            "<u8",
            "<u8",
            "<u8",
            "<u8",
            ("<u8", (64,)),
        ],
        "offsets": [0, 8, 16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 96, 104, 112, 120, 128, 136],
        "itemsize": 648,
    }
)
NT_STATUS: Final[np.dtype[np.void]] = np.dtype(
    {
        "names": [
            "name",
            "incarnation",
            "now",
            "started_realtime",
            "pid",
            "clock",
            "running",
            "source_ended",
            "channels",
            "instruments",
            "accounts",
            "participants",
            "ticks_published",
            "tick_capacity",
            "state_reason",
        ],
        "formats": ["S32", "<u8", "<i8", "<i8", "<u4", "<u4", "<u4", "<u4", "<u4", "<u4", "<u4", "<u4", "<u8", "<u8", "S40"],
        "offsets": [0, 32, 40, 48, 56, 60, 64, 68, 72, 76, 80, 84, 88, 96, 104],
        "itemsize": 144,
    }
)
NT_CHANNEL: Final[np.dtype[np.void]] = np.dtype(
    {
        "names": [
            "client",
            "state",
            "pid",
            "orders_taken",
            "orders_waiting",
            "reports_pushed",
            "reports_waiting",
            "tick_lag",
            "last_client_order_id",
        ],
        "formats": ["S32", "<u4", "<u4", "<u8", "<u8", "<u8", "<u8", "<u8", "<u8"],
        "offsets": [0, 32, 36, 40, 48, 56, 64, 72, 80],
        "itemsize": 88,
    }
)
NT_LATENCY: Final[np.dtype[np.void]] = np.dtype(
    {
        "names": ["count", "minimum_ns", "maximum_ns", "p50_ns", "p90_ns", "p99_ns", "p999_ns"],
        "formats": ["<u8", "<u8", "<u8", "<u8", "<u8", "<u8", "<u8"],
        "offsets": [0, 8, 16, 24, 32, 40, 48],
        "itemsize": 56,
    }
)
NT_OPEN_ORDER: Final[np.dtype[np.void]] = np.dtype(
    {
        "names": ["client_order_id", "price", "quantity", "filled", "instrument", "account", "side", "status"],
        "formats": ["<u8", "<i8", "<i8", "<i8", "<u4", "<u2", "u1", "u1"],
        "offsets": [0, 8, 16, 24, 32, 36, 38, 39],
        "itemsize": 40,
    }
)
NT_POLL: Final[np.dtype[np.void]] = np.dtype(
    {
        "names": ["ticks", "reports", "lost", "ended"],
        "formats": ["<u4", "<u4", "<u4", "<u4"],
        "offsets": [0, 4, 8, 12],
        "itemsize": 16,
    }
)
NT_MODEL_INFO: Final[np.dtype[np.void]] = np.dtype(
    {
        "names": [
            "name",
            "version",
            "precision",
            "isa",
            "inputs",
            "outputs",
            "output_kind",
            "stateful",
            "calibrated",
            "rows",
            "steps",
            "warm_up",
            "clock",
            "clock_every",
            "weights",
            "row_bytes",
            "features",
        ],
        "formats": [
            "S32",
            "S32",
            "<u4",
            "<u4",
            "<u4",
            "<u4",
            "<u4",
            "<u4",
            "<u4",
            "<u4",
            "<u4",
            "<u4",
            "<u4",
            "<u4",
            "<u8",
            "<u8",
            ("<u4", (40,)),
        ],
        "offsets": [0, 32, 64, 68, 72, 76, 80, 84, 88, 92, 96, 100, 104, 108, 112, 120, 128],
        "itemsize": 288,
    }
)
NT_SAMPLE: Final[np.dtype[np.void]] = np.dtype(
    {
        "names": ["ts_event", "ticks", "bid_price", "ask_price", "last_price", "instrument", "resets", "features"],
        "formats": ["<i8", "<u8", "<i8", "<i8", "<i8", "<u4", "<u4", ("<f8", (40,))],
        "offsets": [0, 8, 16, 24, 32, 40, 44, 48],
        "itemsize": 368,
    }
)
