"""Rows to learn from: the features of an instrument whenever a model's clock ticks, and the prices that labels are made of.

They come out of the kernel itself, which reads them where it would step a model: what a model is trained on is what it will see.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.lib.recfunctions import repack_fields
from numpy.typing import NDArray

from neural_trader._native import abi, ffi, lib
from neural_trader.config import Config, SourceSpec
from neural_trader.errors import InvalidArgument, NoData
from neural_trader.records import call, check, unknown
from neural_trader.sources import Source, open_source

__all__ = ["CLOCKS", "Clock", "Dataset", "feature_names", "read"]

Clock = Literal["tick", "quote", "trade", "time_change"]
Progress = Callable[[int, int], None]

CLOCKS: Final[dict[str, int]] = {name.lower(): number for number, name in abi.MODEL_CLOCK.items()}
_CHUNK: Final = 65_536  # ticks at a time
_EVERY_MAX: Final = 2**32 - 1
_PRICES: Final = ["ts_event", "ticks", "bid_price", "ask_price"]


@dataclass(frozen=True, eq=False)
class Dataset:
    """n rows of one instrument, in order of time.

    - ts_event: int64, ns since 1970, UTC, of the last tick of each row; shape (n,)
    - features: float64, shape (n, 40), the columns of `names`; NaN where the source does not carry what one needs, or not yet
    - bid, ask, last: float64, prices in ticks, whole numbers; NaN while unknown; shape (n,)
    - resets: uint32, sessions opened and gaps met so far; where it changes, a model's state begins anew; shape (n,)
    - event_ts, event_mid: int64 and float64, time and mid of every quote, book update and trade, which horizons count; shape (m,)
    - event: int64, the last event of each row, so that `labels.mid_move(event_mid, event_ts, horizon=50).at(event)` are the labels of the
      rows 50 events on; shape (n,)
    - symbol, tick_size (price of one tick), clock, every; implied: bid and ask are a band around the trades, nobody quoted them
    - sha256: of all the numbers of the rows, in hexadecimal
    """

    symbol: str
    tick_size: float
    clock: str
    every: int
    implied: bool
    names: tuple[str, ...]
    ts_event: NDArray[np.int64]
    features: NDArray[np.float64]
    bid: NDArray[np.float64]
    ask: NDArray[np.float64]
    last: NDArray[np.float64]
    resets: NDArray[np.uint32]
    event_ts: NDArray[np.int64]
    event_mid: NDArray[np.float64]
    event: NDArray[np.int64]
    sha256: str

    @property
    def mid(self) -> NDArray[np.float64]:
        """Middle of bid and ask, in ticks; NaN while one is unknown; shape (n,)."""
        return (self.bid + self.ask) / 2

    def __len__(self) -> int:
        return len(self.ts_event)


def feature_names() -> tuple[str, ...]:
    """The features in the order of their columns."""
    name = ffi.new("char[64]")
    found = []
    for number in range(abi.NT_FEATURE_COUNT):
        call_result = lib.nt_feature_name(number, name, 64)
        if call_result < 0:
            raise InvalidArgument(f"feature {number} has no name")
        found.append(ffi.string(name).decode())
    return tuple(found)


def read(
    source: SourceSpec | Source,
    config: Config | None = None,
    *,
    symbol: str | None = None,
    clock: Clock = "time_change",
    every: int = 1,
    progress: Progress | None = None,
) -> Dataset:
    """The rows of one instrument of a source: after every `every`-th event of the clock ("tick": a quote, book update or trade; "quote";
    "trade"; "time_change": the last event of one time).

    `symbol` may be left out where the source has data of one only. `progress` is called with ticks done and all. InvalidArgument for an
    unknown clock or a missing choice, NotFound for an unknown symbol, NoData when the instrument has no rows, SourceError as open_source.
    """
    if clock not in CLOCKS:
        raise InvalidArgument(f"clock {clock!r} is none of {', '.join(CLOCKS)}")
    if isinstance(every, bool) or not isinstance(every, int) or not 1 <= every <= _EVERY_MAX:
        raise InvalidArgument(f"every is {every!r}; it has to be a whole number of events, 1 to {_EVERY_MAX}")
    tape = source if isinstance(source, Source) else open_source(source, config if config is not None else Config(name="dataset"))
    if symbol is None:
        if len(tape.symbols) != 1:
            raise InvalidArgument(f"{tape.name} has data of {', '.join(tape.symbols) or 'nothing'}; say which symbol to read")
        symbol = tape.symbols[0]
    if symbol not in tape.symbols:
        raise unknown("symbol", symbol, tape.symbols, owner="this source")
    number = list(tape.instruments).index(symbol)
    events = _sampled(tape, number, abi.NT_MODEL_CLOCK_TICK, 1, _PRICES, None)
    rows = _sampled(tape, number, CLOCKS[clock], every, None, progress)
    if not len(rows):
        raise NoData(f"{symbol} has no {clock} in {tape.name}; choose another clock or a longer source")
    row = tape.instruments[symbol].row()
    step, decimals = int(row["tick_size"]), int(row["price_decimals"])
    digest = hashlib.sha256(np.ascontiguousarray(rows).view(np.uint8).data).hexdigest()
    return Dataset(
        symbol=symbol,
        tick_size=step / 10**decimals,
        clock=clock,
        every=every,
        implied=not _has_quotes(tape, number),
        names=feature_names(),
        ts_event=rows["ts_event"].copy(),
        features=rows["features"].copy(),
        bid=_in_ticks(rows["bid_price"], step),
        ask=_in_ticks(rows["ask_price"], step),
        last=_in_ticks(rows["last_price"], step),
        resets=rows["resets"].copy(),
        event_ts=events["ts_event"].copy(),
        event_mid=(_in_ticks(events["bid_price"], step) + _in_ticks(events["ask_price"], step)) / 2,
        event=np.searchsorted(events["ticks"], rows["ticks"], side="right") - 1,
        sha256=digest,
    )


def _has_quotes(tape: Source, number: int) -> bool:
    kinds = tape.ticks["kind"][tape.ticks["instrument"] == number]
    return bool(np.isin(kinds, (abi.NT_TICK_QUOTE, abi.NT_TICK_LEVEL)).any())


def _in_ticks(raw: NDArray[np.int64], step: int) -> NDArray[np.float64]:
    return np.where(raw == abi.NT_ABSENT, np.nan, raw / step)


def _sampled(tape: Source, number: int, clock: int, every: int, columns: list[str] | None, progress: Progress | None) -> NDArray[Any]:
    """The samples of instrument `number`, out of a kernel of their own; of them some columns, or all."""
    config = ffi.new("nt_kernel_config *", {"clock": abi.NT_CLOCK_TAPE, "instruments": max(len(tape.instruments), 1), "channels": 1})
    handle = ffi.new("uint32_t *")
    call(lib.nt_kernel_create, config, handle)
    kernel = handle[0]
    parts: list[NDArray[Any]] = []
    try:
        for instrument in tape.instruments.values():
            check(lib.nt_kernel_add_instrument(kernel, ffi.new("nt_instrument *", instrument.row())), kernel)
        ticks = np.ascontiguousarray(tape.ticks)
        base, total, position = ffi.cast("nt_tick *", ticks.ctypes.data), len(ticks), 0
        room = np.empty(_CHUNK + len(tape.instruments), abi.NT_SAMPLE)
        samples, taken = ffi.cast("nt_sample *", room.ctypes.data), ffi.new("uint32_t *")
        while position < total:
            count = min(_CHUNK, total - position)
            made = check(lib.nt_kernel_sample(kernel, base + position, count, clock, every, samples, len(room), taken), kernel)
            mine = room[:made][room["instrument"][:made] == number]
            parts.append(mine if columns is None else repack_fields(mine[columns]))
            position += taken[0]
            if progress is not None:
                progress(position, total)
    finally:
        lib.nt_close(kernel)
    return np.concatenate(parts) if parts else np.empty(0, abi.NT_SAMPLE)
