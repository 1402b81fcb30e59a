"""Strategies compiled by Numba: polls, decisions and orders of a tape run in machine code, without Python between two ticks.

Needs the extra `numba`. The rule is one function of a `View`:

    from neural_trader.compiled import CompiledStrategy, market

    class Mine(CompiledStrategy):
        enter: float = 0.6

        @staticmethod
        def rule(view):
            ...

It is called for every slice of the tape and for reports that come on their own, and sends orders with `market`, `limit` and `cancel`.
It is compiled before its first tape begins, once in a process; decorate it with numba.njit(cache=True) to keep its own code on disk.
"""

from __future__ import annotations

import ctypes
import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from neural_trader._native import abi, ffi, lib
from neural_trader.errors import InvalidArgument, MissingExtra, NotFound, StateError, StrategyError
from neural_trader.records import ABSENT, Features, Ticks, check
from neural_trader.sources.tape_files import give_back
from neural_trader.strategy import Strategy
from neural_trader.user_features import recordings_of

try:
    import numba
except ImportError as missing:
    raise MissingExtra.of("a compiled strategy", "numba") from missing

if TYPE_CHECKING:
    from neural_trader.client import Client

__all__ = ["ROOM", "CompiledStrategy", "View", "cancel", "feature_index", "limit", "market", "prepare", "replay"]

log = logging.getLogger(__name__)

ROOM: Final = 64  # requests of one call of a rule

_TICKS: Final = 4096  # of one poll
_REPORTS: Final = 256
_ROWS: Final = 16_384  # of recorded values, between two returns to Python
_CHUNK: Final = 8192  # ticks between two returns to Python
_SHOWN: Final = 65_536  # ticks between two calls of progress
_CANCEL, _NEW, _EXTENDED = int(abi.NT_MESSAGE_CANCEL), int(abi.NT_MESSAGE_NEW), int(abi.NT_ORDER_EXTENDED)
_MARKET, _LIMIT, _DAY = int(abi.NT_ORDER_MARKET), int(abi.NT_ORDER_LIMIT), int(abi.NT_TIF_DAY)
_NO_DATA: Final = int(abi.NT_ERR_NO_DATA)
_GOES_ON, _STANDS, _ENDED, _BAD_COUNT, _OF_KERNEL, _OF_CLIENT = range(6)  # how the loop returns
_TAKEN, _RESULT, _RECORDED, _NOW, _STATE = range(5)  # words that it leaves behind


class View(NamedTuple):
    """What a rule sees and where it writes. Prices, quantities and money are raw.

    - parameters: the fields of the strategy, as attributes
    - memory: `memory_size` float64 that last from call to call, 0 at first
    - ticks: this slice, records of abi.NT_TICK; may be empty when there are reports
    - reports: records of abi.NT_REPORT that have come since
    - features: (instruments, abi.NT_FEATURE_COUNT) float64 in the order of nt_feature_name, each row as of its instrument's last tick;
      NaN where there is no value, and everywhere unless `read_features`
    - positions: (instruments,) records of abi.NT_POSITION of the first account
    - record: (names,) float64, NaN at each call: what is set is recorded under the names in `records`
    - orders, written: requests written so far, and how many, as written[0]; `market`, `limit` and `cancel` write here
    """

    parameters: Any
    memory: NDArray[np.float64]
    ticks: NDArray[Any]
    reports: NDArray[Any]
    features: NDArray[np.float64]
    positions: NDArray[Any]
    record: NDArray[np.float64]
    orders: NDArray[Any]
    written: NDArray[np.int64]


class CompiledStrategy(Strategy):
    """Base of compiled strategies. Fields are numbers or booleans. It runs alone, on a tape: `backtest`, `Kernel.run` and `sweep` take it.

    `rule` is a static method, plain or decorated with numba.njit. Index it within bounds: Numba checks none unless told to with
    numba.njit(boundscheck=True). `on_start` and `on_stop` are called as of every strategy, in Python; `on_ticks`, `on_timer` and
    `on_report` are not: timers of `timer_ns` come to the rule as a slice with one tick of kind abi.NT_TICK_CLOCK.
    """

    compiled: ClassVar[bool] = True
    rule: ClassVar[Callable[[Any], None]]
    memory_size: ClassVar[int] = 16
    read_features: ClassVar[bool] = True
    records: ClassVar[tuple[str, ...]] = ()

    def on_ticks(self, client: Client, ticks: Ticks) -> None:
        """StateError: only a tape's loop calls the rule."""
        raise StateError(f"{type(self).__name__} is compiled and runs on a tape alone: give it to backtest, Kernel.run or sweep")


def _parameters(strategy: CompiledStrategy) -> NDArray[Any]:
    """The fields as an array of one record. InvalidArgument for a field that is no number."""
    values = msgspec.structs.asdict(strategy)
    kinds: list[tuple[str, Any]] = []
    for name, value in values.items():
        if not isinstance(value, bool | int | float):
            raise InvalidArgument(f"{type(strategy).__name__}.{name} is {value!r}; fields of a compiled strategy are numbers or booleans")
        if isinstance(value, int) and not -(2**63) <= value < 2**63:
            raise InvalidArgument(f"{type(strategy).__name__}.{name} is {value}, which does not fit in 64 bits")
        kinds.append((name, np.bool_ if isinstance(value, bool) else np.float64 if isinstance(value, float) else np.int64))
    record = np.zeros(1, np.dtype(kinds or [("none", np.int64)]))
    for name, value in values.items():
        record[name] = value
    return record


def feature_index(name: str) -> int:
    """Column of a streaming feature in `View.features`; called outside of rules, which see the number as a constant. NotFound."""
    if name not in Features._index:
        raise NotFound(f"there is no feature {name!r}; there are {', '.join(Features._index)}")
    return Features._index[name]


# ---- inside a rule ---------------------------------------------------------------------------------------------------------------


@numba.njit(nogil=True)
def limit(view: View, instrument: int, side: int, quantity: int, price: int, time_in_force: int) -> None:
    """Send a limit order. `side` is abi.NT_SIDE_, `time_in_force` abi.NT_TIF_; quantity and price are raw. IndexError without room."""
    if view.written[0] >= len(view.orders):
        raise IndexError("a rule sends at most 64 requests in one call")
    order = view.orders[view.written[0]]
    order.client_order_id = 0
    order.price = price
    order.trigger_price = ABSENT
    order.quantity = quantity
    order.instrument = instrument
    order.account = 0
    order.strategy = 0
    order.message = _NEW
    order.side = side
    order.type = _MARKET if price == ABSENT else _LIMIT
    order.time_in_force = time_in_force
    order.flags = 0
    view.written[0] += 1


@numba.njit(nogil=True)
def market(view: View, instrument: int, side: int, quantity: int) -> None:
    """Send a market order, good for the day. `side` is abi.NT_SIDE_; the quantity is raw. IndexError without room."""
    limit(view, instrument, side, quantity, ABSENT, _DAY)


@numba.njit(nogil=True)
def cancel(view: View, order_id: int) -> None:
    """Ask to cancel an order, by the client_order_id that its reports carry. IndexError without room."""
    limit(view, 0, 0, ABSENT, ABSENT, 0)
    order = view.orders[view.written[0] - 1]
    order.message = _CANCEL
    order.type = 0
    order.flags = _EXTENDED
    order.original_client_order_id = order_id


# ---- the loop --------------------------------------------------------------------------------------------------------------------


@numba.extending.intrinsic
def _pointer(typing: Any, address: Any) -> Any:
    """An address as a pointer. Arrays over it have no reference count: two atomic instructions each, at every step of the loop."""

    def make(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], context.get_value_type(numba.types.voidptr))

    return numba.types.voidptr(numba.types.int64), make


def _function(name: str, *arguments: Any) -> Any:
    address = int(ffi.cast("intptr_t", ffi.addressof(lib, name)))
    return ctypes.CFUNCTYPE(ctypes.c_int32, *arguments)(address)


_loops: dict[tuple[Any, bool, Any], Callable[..., int]] = {}


def prepare(strategy: Strategy) -> Callable[..., int]:
    """The loop with the rule of a strategy in it, compiled unless this process has it already.

    StrategyError for a rule that cannot be compiled, InvalidArgument for what is no compiled strategy or has fields that are no numbers.
    """
    if not isinstance(strategy, CompiledStrategy):
        raise InvalidArgument(f"{type(strategy).__name__} says that it is compiled; derive it from neural_trader.compiled.CompiledStrategy")
    kind = type(strategy)
    rule = getattr(kind, "rule", None)
    if rule is None:
        raise InvalidArgument(f"{kind.__name__} has no rule; define rule(view) as a static method")
    fields = _parameters(strategy).dtype
    key = (rule, kind.read_features, fields)
    if key not in _loops:
        started_s = time.perf_counter()
        try:
            _loops[key] = _compile(rule if hasattr(rule, "py_func") else numba.njit(nogil=True)(rule), kind.read_features, fields)
        except numba.core.errors.NumbaError as error:
            raise StrategyError(f"the rule of {kind.__name__} cannot be compiled: {error}") from error
        log.debug("compiled the rule of %s in %.1f s", kind.__name__, time.perf_counter() - started_s)
    return _loops[key]


def _compile(rule: Callable[[Any], None], read_features: bool, parameters_dtype: np.dtype[Any]) -> Callable[..., int]:
    word, pointer, wide = ctypes.c_uint32, ctypes.c_size_t, ctypes.c_int64
    take = _function("nt_kernel_replay", word, pointer, word)
    poll = _function("nt_client_poll", word, pointer, word, pointer, word, wide, pointer)
    submit = _function("nt_client_submit_batch", word, pointer, word)
    features_of = _function("nt_read_features", word, word, pointer, word)
    position_of = _function("nt_read_position", word, word, word, pointer)
    tick_bytes, order_bytes, position_bytes = abi.NT_TICK.itemsize, abi.NT_ORDER.itemsize, abi.NT_POSITION.itemsize
    tick, report, order, position, poll_out_dtype = abi.NT_TICK, abi.NT_REPORT, abi.NT_ORDER, abi.NT_POSITION, abi.NT_POLL
    width = int(abi.NT_FEATURE_COUNT)

    @numba.njit(nogil=True)
    def read(client, instrument, features, positions):  # type: ignore[no-untyped-def]
        """What stands of an instrument now; a negative result is an error."""
        if instrument >= len(positions):
            return 0
        if read_features:
            result = features_of(client, instrument, features.ctypes.data + instrument * features.shape[1] * 8, features.shape[1])
            if result < 0 and result != _NO_DATA:
                return result
        return position_of(client, 0, instrument, positions.ctypes.data + instrument * position_bytes)

    @numba.njit("int64(uint32, uint32, int64, int64, int64[::1], int64, int64, int64)", nogil=True)
    def loop(kernel, client, tape, until, places, instruments, memory_size, names):  # type: ignore[no-untyped-def]
        state = numba.carray(_pointer(places[0]), (_STATE,), np.int64)
        parameters = numba.carray(_pointer(places[1]), (1,), parameters_dtype)
        memory = numba.carray(_pointer(places[2]), (memory_size,), np.float64)
        ticks = numba.carray(_pointer(places[3]), (_TICKS,), tick)
        reports = numba.carray(_pointer(places[4]), (_REPORTS,), report)
        features = numba.carray(_pointer(places[5]), (instruments, width), np.float64)
        positions = numba.carray(_pointer(places[6]), (instruments,), position)
        record = numba.carray(_pointer(places[7]), (names,), np.float64)
        orders = numba.carray(_pointer(places[8]), (ROOM,), order)
        count = numba.carray(_pointer(places[9]), (1,), np.int64)
        poll_out = numba.carray(_pointer(places[10]), (1,), poll_out_dtype)
        stamps = numba.carray(_pointer(places[11]), (_ROWS,), np.int64)
        rows = numba.carray(_pointer(places[12]), (_ROWS, names), np.float64)
        begin = state[_TAKEN]
        while True:
            taken = state[_TAKEN]
            used = take(kernel, tape + taken * tick_bytes, until - taken)
            if used < 0:
                state[_RESULT] = used
                return _OF_KERNEL
            state[_TAKEN] = taken + used
            result = poll(client, ticks.ctypes.data, len(ticks), reports.ctypes.data, len(reports), 0, poll_out.ctypes.data)
            if result > 0:
                new_ticks, new_reports = poll_out[0].ticks, poll_out[0].reports
                for i in range(count[0]):  # of the last call: they are in flight or work now
                    if result >= 0:
                        result = read(client, orders[i].instrument, features, positions)
                for i in range(new_reports):
                    state[_NOW] = reports[i].ts_recv
                    if result >= 0:
                        result = read(client, reports[i].instrument, features, positions)
                for i in range(new_ticks):
                    if result >= 0 and (i == 0 or ticks[i - 1].instrument != ticks[i].instrument):
                        result = read(client, ticks[i].instrument, features, positions)
                if new_ticks > 0:
                    state[_NOW] = ticks[new_ticks - 1].ts_event
                count[0] = 0
                record[:] = np.nan
                if result >= 0:
                    rule(View(parameters[0], memory, ticks[:new_ticks], reports[:new_reports], features, positions, record, orders, count))
                    if count[0] < 0 or count[0] > len(orders):
                        return _BAD_COUNT
                    sent = 0
                    while sent < count[0] and result >= 0:
                        result = submit(client, orders.ctypes.data + sent * order_bytes, count[0] - sent)
                        sent += result
            if result < 0:
                state[_RESULT] = result
                return _OF_CLIENT
            for i in range(len(record)):
                if poll_out[0].ticks + poll_out[0].reports > 0 and not np.isnan(record[i]):
                    stamps[state[_RECORDED]] = state[_NOW]
                    rows[state[_RECORDED]] = record
                    state[_RECORDED] += 1
                    break
            if poll_out[0].ended:
                return _ENDED
            if used == 0 and poll_out[0].ticks == 0 and poll_out[0].reports == 0:
                return _STANDS
            if state[_RECORDED] == len(stamps) or state[_TAKEN] - begin >= _CHUNK:
                return _GOES_ON

    return loop  # type: ignore[no-any-return]


def replay(
    kernel: int,
    client: Client,
    strategy: Strategy,
    ticks: NDArray[Any],
    drain: Callable[[], int],
    progress: Callable[[int, int], None] | None,
) -> None:
    """Take a tape through a compiled strategy in lockstep. `drain` empties the kernel's staging ring; `progress` is called with ticks done
    and all. It comes back to Python at least every 8,192 ticks, so that signals are handled.

    StrategyError when the rule cannot be compiled, raises, or writes a count beyond its room; errors of the library as they are.
    """
    loop = prepare(strategy)
    assert isinstance(strategy, CompiledStrategy)
    parameters = _parameters(strategy)
    instruments, names = len(client.symbols), strategy.records
    recordings = recordings_of(strategy)
    for name in names:
        recordings.declare(name)
    total = len(ticks)
    state, count = np.zeros(_STATE, np.int64), np.zeros(1, np.int64)
    stamps, rows = np.zeros(_ROWS, np.int64), np.zeros((_ROWS, len(names)))
    arrays = (
        state,
        parameters,
        np.zeros(strategy.memory_size),
        np.zeros(_TICKS, abi.NT_TICK),
        np.zeros(_REPORTS, abi.NT_REPORT),
        np.full((instruments, abi.NT_FEATURE_COUNT), np.nan),
        np.zeros(instruments, abi.NT_POSITION),
        np.full(len(names), np.nan),
        np.zeros(ROOM, abi.NT_ORDER),
        count,
        np.zeros(1, abi.NT_POLL),
        stamps,
        rows,
    )
    places = np.array([array.ctypes.data for array in arrays], np.int64)
    sizes = (instruments, strategy.memory_size, len(names))
    positions = ffi.cast("nt_position *", arrays[6].ctypes.data)
    for instrument in range(instruments):
        check(lib.nt_read_position(client._handle, 0, instrument, positions + instrument), client._handle)
    shown = 0
    while True:
        before = int(state[_TAKEN])
        try:
            came = loop(kernel, client._handle, ticks.ctypes.data, total, places, *sizes)
        except Exception as error:
            raise StrategyError(
                f"the rule of {type(strategy).__name__} failed at tick {int(state[_TAKEN])} of {total}: {type(error).__name__}: {error}"
            ) from error
        if came == _OF_KERNEL:
            check(int(state[_RESULT]), kernel)
        if came == _OF_CLIENT:
            check(int(state[_RESULT]), client._handle)
        if came == _BAD_COUNT:
            raise StrategyError(
                f"the rule of {type(strategy).__name__} left a count of {int(count[0])} requests at tick {int(state[_TAKEN])}; "
                f"0 to {ROOM} are possible",
                observed=int(count[0]),
                limit=ROOM,
            )
        kept = int(state[_RECORDED])
        state[_RECORDED] = 0
        recordings.add_rows(names, stamps[:kept], rows[:kept])
        drained = drain()
        give_back(ticks, int(state[_TAKEN]))
        if progress is not None and int(state[_TAKEN]) - shown >= _SHOWN:
            shown = int(state[_TAKEN])
            progress(shown, total)
        if came == _ENDED and int(state[_TAKEN]) == total:
            break
        if came != _GOES_ON and not drained and int(state[_TAKEN]) == before:
            raise StateError(f"the tape does not go on at tick {before} of {total}")
    client._ended = True
    if progress is not None:
        progress(total, total)
