"""Raw captures of Binance streams of one symbol: spot, and futures margined in money (usdm) or in coin (cm).

A line is a receive stamp (16 digits: microseconds, 19: nanoseconds, UTC), a space and a message: bookTicker, trade or depth diff of a
combined stream, or a bare depth snapshot. Other streams are left out and counted. What becomes of them:

- bookTicker: NT_TICK_QUOTE. trade: NT_TICK_TRADE whose aggressor is the side that did not make (field m); trades that are no market
  trades (X is not MARKET: insurance fund, ADL) are dropped and counted.
- depth, with `levels`: NT_TICK_LEVEL for each level (price, size the whole displayed size with 0 for a level that is gone, trade_id the
  last update id, aggressor 1 for bids and 2 for asks), and for a snapshot NT_TICK_BOOK_CLEAR, its levels flagged NT_TICK_SNAPSHOT, and
  the diffs that came before it and are newer.
- Update ids follow each other (spot: U is the last u plus 1; futures: pu is the last u). Where they do not: NT_TICK_GAP, and no levels
  until the next snapshot, as a book with a hole is none.

ts_event is the receive stamp in ns, made monotone: spot quotes carry no time of the exchange, and stamps of the exchange and of the
receiver are of different clocks, so that one tape cannot have both.
"""

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from neural_trader._native import abi
from neural_trader.config import Config
from neural_trader.errors import SourceError
from neural_trader.instruments import Instrument
from neural_trader.numbers import exact, plain
from neural_trader.sources._binance_depth import Depth, Update
from neural_trader.sources._binance_messages import (
    BadNumberError,
    Block,
    Blocks,
    Data,
    Decimals,
    Frame,
    are_levels,
    begins_like_capture,
    decimals,
    decode_levels,
)
from neural_trader.sources._binance_terms import Numbers, check, currency_of, derived, quote_asset
from neural_trader.sources.latency import LATENCY_ASSUMPTION, with_latency
from neural_trader.sources.sessions import SessionCalendar
from neural_trader.sources.source import Source, Tape, mark_slices, scale

__all__ = ["instruments_of", "open_source", "recognises"]

_TIMEZONE: Final = "UTC"
_OTHER, _QUOTE, _TRADE, _DEPTH, _SNAPSHOT = range(5)
_STREAM: Final = re.compile(r"[a-z0-9_]{1,31}@(?:(bookTicker)|(trade)|(depth)(?:@[0-9]+ms)?)")
_COIN_MARGINED: Final = re.compile(r"USD_(?:PERP|[0-9]{6})$")
_BID, _ASK = 1, 2
_INT64_MAX: Final = 2**63 - 1
_TICK_BYTES_LEAST: Final = 6  # of a level in a compressed file; memory that no tick comes to lie in is never touched
_TICKS_LEAST: Final = 1024
_TICKS_MOST: Final = 1 << 22  # to begin with; the tape grows
_MATCHED: Final = {"MARKET", None}  # spot says nothing


def recognises(spec: str) -> bool:
    """Whether it is a file that begins with a receive stamp and a Binance message."""
    return os.path.isfile(spec) and begins_like_capture(Path(spec))


def instruments_of(spec: str, config: Config, name: str | None = None) -> Mapping[str, Instrument]:
    """The instruments that `open_source` would give. An instrument that is not configured comes from the data: the file is read."""
    _check_timezone(spec, config)
    for block in Blocks(spec):
        symbol = next(filter(None, (_symbol_of(stream) for stream in block.streams)), None)
        if symbol is not None:
            return _configured(config, name or symbol) or open_source(spec, config, name).instruments
    raise _nothing(spec)


def open_source(spec: str, config: Config, name: str | None = None) -> Source:
    """Read a whole capture; with `source.levels` its depth too. `name` is what to call its instrument instead of the streams' symbol.

    Decimals, tick and lot of an instrument that is not configured are the finest decimals in the data, its currency the asset that the
    symbol ends with. SourceError, with the line where there is one: what is no capture; more than one symbol; a number that is no plain
    decimal; a price, or the size of a trade, of 0; prices off the configured tick or beyond max_price; a contract margined in coin that is
    not configured; a symbol of unknown currency.
    """
    _check_timezone(spec, config)
    blocks = Blocks(spec)
    capture = _Capture(spec, config, blocks.size, name)
    for block in blocks:
        capture.take(block)
        del block  # its memory is the next one's
    return capture.finish(blocks.sha256)


def _check_timezone(spec: str, config: Config) -> None:
    if config.source.timezone not in (None, _TIMEZONE):
        raise SourceError(f"its times are in {_TIMEZONE}; remove source.timezone = {config.source.timezone!r}", file=spec)


def _nothing(spec: str) -> SourceError:
    return SourceError("has no quote, trade or depth of a combined stream (…@bookTicker, …@trade, …@depth); capture one of them", file=spec)


def _kind(stream: str) -> int:
    match = _STREAM.fullmatch(stream)
    return match.lastindex or _OTHER if match else _OTHER


def _symbol_of(stream: str) -> str | None:
    """The symbol of a stream that is read."""
    return stream.partition("@")[0].upper() if _kind(stream) != _OTHER else None


def _configured(config: Config, symbol: str) -> dict[str, Instrument] | None:
    """The configured instruments, if `symbol` is one."""
    if symbol not in config.instruments:
        return None
    instruments = {**config.instruments}
    instruments[symbol] = msgspec.structs.replace(instruments[symbol], symbol=symbol)
    return instruments


def _of_futures(frames: Sequence[Frame], quotes: Sequence[int], trades: Sequence[int], depths: Sequence[int]) -> bool:
    """Whether messages have what those of spot do not: a quote its time, a trade the kind of its execution, a diff the id before."""
    return (
        any(frames[index].data.event_ms >= 0 for index in quotes)
        or any(frames[index].data.execution is not None for index in trades)
        or any(frames[index].data.previous_id >= 0 for index in depths)
    )


class _Kinds(dict[str, int]):
    """Kinds of streams by name, found out once each."""

    def __missing__(self, stream: str) -> int:
        kind = self[stream] = _kind(stream)
        return kind


class _Rows(NamedTuple):
    """Rows of one kind in the order of their frames: frame in the block, the four values of a tick, its kind."""

    frame: NDArray[np.int64]
    values: tuple[NDArray[np.int64], ...]
    kind: NDArray[np.uint8]
    snapshot: NDArray[np.bool_]


class _Capture:
    """The tape of a capture that is being read."""

    def __init__(self, spec: str, config: Config, size: int, name: str | None) -> None:
        self._spec = spec
        self._config = config
        self._levels = levels = config.source.levels
        self._tape = Tape(min(size // _TICK_BYTES_LEAST + _TICKS_LEAST, _TICKS_MOST))
        self._kinds = _Kinds()
        self._kinds[""] = _OTHER
        self._symbol = ""
        self._name = name or ""  # of the instrument
        self._futures = False
        self._snapshot_symbol: str | None = None
        self._index = 0
        self._calendar = SessionCalendar(None, _TIMEZONE)
        self._depth = Depth(levels)
        self._prices = Numbers()
        self._sizes = Numbers()
        self._tradable = Numbers() if levels else self._prices
        self._pieces: list[tuple[int, int, int, int]] = []  # first tick and count, places of prices and of sizes
        self._snapshots: list[NDArray[np.int64]] = []  # ticks flagged as of a snapshot
        self._digits = 0
        self._last = 0  # time of the last message
        self._since = 0  # time of the last tick
        self._trades = 0
        self._sent: list[NDArray[np.int64]] = []  # frame times: received, and sent, of messages that tell when
        self._dropped: Counter[str] = Counter()
        self._late = 0

    # ---- a block ------------------------------------------------------------------------------------------------------------

    def take(self, block: Block) -> None:
        """Append the ticks of a block."""
        kinds = self._kinds
        known = len(kinds)
        frames = block.frames
        codes = bytearray(map(kinds.__getitem__, block.streams))
        if len(kinds) > known:
            self._meet(block)
        if _OTHER in codes:
            self._others(block, codes)
        numbers = np.frombuffer(codes, np.uint8)
        quotes = np.flatnonzero(numbers == _QUOTE).tolist()
        trades = np.flatnonzero(numbers == _TRADE).tolist()
        depths = np.flatnonzero(numbers >= _DEPTH).tolist()
        quoted = [frames[index].data for index in quotes]
        trades, traded = self._market_trades(block, trades)
        updates = self._updates(block, depths, codes)
        self._futures = self._futures or _of_futures(frames, quotes[:1], trades[:1], depths[-1:])
        rows, places = self._rows(block, quotes, quoted, trades, traded, updates)
        if len(rows.frame):
            times = self._times(block)
            self._write(times[rows.frame], rows, places)
            if self._config.venue.latency == "measured":
                sent = np.array([trade.event_ms for trade in traded], np.int64)
                told = sent >= 0
                self._sent.append(np.stack([times[np.array(trades, np.int64)][told], sent[told] * 1_000_000]))

    def _refused(self, block: Block, frame: int, message: str) -> SourceError:
        return SourceError(message, file=self._spec, line=block.first_line + frame)

    def _meet(self, block: Block) -> None:
        """Streams that were not seen before: one file has one symbol."""
        for stream in self._kinds:
            symbol = _symbol_of(stream)
            if symbol in (None, self._symbol):
                continue
            if self._symbol:
                index = next(i for i, frame in enumerate(block.frames) if frame.stream == stream)
                raise self._refused(block, index, f"is of {symbol}, and what came before of {self._symbol}; make one file of each symbol")
            self._begin(symbol)

    def _others(self, block: Block, codes: bytearray) -> None:
        """Tell bare snapshots from what is left out, and count that."""
        for index, code in enumerate(codes):
            if code != _OTHER:
                continue
            frame = block.frames[index]
            if frame.stream or frame.snapshot_id < 0:
                self._dropped[f"of {frame.stream.partition('@')[2] or 'no stream'}"] += 1
                continue
            codes[index] = _SNAPSHOT
            if frame.symbol is None:
                continue
            if self._symbol and frame.symbol != self._symbol:
                text = f"is of {frame.symbol[:40]}, and the streams are of {self._symbol}; make one file of each symbol"
                raise self._refused(block, index, text)
            self._snapshot_symbol = frame.symbol

    def _begin(self, symbol: str) -> None:
        """Learn the symbol and its instrument."""
        if self._snapshot_symbol not in (None, symbol):
            text = f"holds a snapshot of {self._snapshot_symbol}, and streams of {symbol}; make one file of each symbol"
            raise SourceError(text, file=self._spec)
        self._symbol = symbol
        self._name = name = self._name or symbol
        asset = quote_asset(symbol)
        plain_name = "".join(filter(str.isalnum, name.upper()))
        if asset is not None and plain_name.endswith(asset) and symbol.partition("_")[0] not in plain_name:
            raise SourceError(f"has data of {symbol} and not of {name}; write {symbol}= or leave {name}= out", file=self._spec)
        instrument = self._config.instruments.get(name)
        if instrument is None and _COIN_MARGINED.search(symbol):
            text = (
                f"{symbol} is margined in coin: its profit is not linear in its price, and nothing here computes it. "
                f"Add [instruments.{name}] with tick_size, lot_size, multiplier, currency and max_price to treat it as linear"
            )
            raise SourceError(text, file=self._spec)
        if instrument is None:
            currency_of(symbol, name, self._spec)
        else:
            self._calendar = SessionCalendar(instrument.session, _TIMEZONE)
        names = [*self._config.instruments]
        self._index = names.index(name) if instrument is not None else len(names)

    def _market_trades(self, block: Block, trades: list[int]) -> tuple[list[int], list[Data]]:
        """The trades that matched orders: where and what."""
        frames = block.frames
        data = [frames[index].data for index in trades]
        others = {trade.execution for trade in data} - _MATCHED
        if others:
            self._dropped.update(f"of trades with X = {str(trade.execution)[:40]}" for trade in data if trade.execution in others)
            trades = [index for index in trades if frames[index].data.execution in _MATCHED]
            data = [frames[index].data for index in trades]
        makers = [trade.buyer_is_maker for trade in data]
        if None in makers:
            index = trades[makers.index(None)]
            raise self._refused(block, index, "the trade does not say whether the buyer is the maker (field m); capture it again")
        return trades, data

    def _updates(self, block: Block, depths: Sequence[int], codes: Sequence[int]) -> list[Update]:
        """What the depth of a block comes to."""
        updates: list[Update] = []
        for index in depths:
            frame = block.frames[index]
            if codes[index] == _SNAPSHOT:
                updates.extend(self._depth.snapshot(index, frame))
                continue
            data = frame.data
            if data.last_id < 0 or data.first_id < 0 or data.first_id > data.last_id:
                raise self._refused(block, index, "the depth diff has no update ids (fields U and u, U not above u); capture it again")
            if not self._depth.passes(data):
                updates.extend(self._depth.diff(index, data))
        return updates

    def _times(self, block: Block) -> NDArray[np.int64]:
        """Receive times in ns, none before the one before it."""
        stamps = block.stamps
        if not self._digits:
            self._digits = len(str(stamps[0]))
            if self._digits not in (16, 19):
                text = f"the stamp {stamps[0]} has {self._digits} digits; 16 (microseconds) and 19 (nanoseconds) are known"
                raise self._refused(block, 0, text)
        low = 10 ** (self._digits - 1)
        odd = np.flatnonzero((stamps < low) | (stamps // 10 >= low))
        if len(odd):
            raise self._refused(block, int(odd[0]), f"the stamp {stamps[odd[0]]} has not {self._digits} digits, as those before it have")
        times = stamps * 1000 if self._digits == 16 else stamps
        monotone = np.maximum.accumulate(np.maximum(times, self._last))
        self._late += int(np.count_nonzero(monotone > times))
        self._last = int(monotone[-1])
        return monotone

    # ---- rows of ticks -------------------------------------------------------------------------------------------------------

    def _rows(
        self, block: Block, quotes: list[int], quoted: list[Data], trades: list[int], traded: list[Data], updates: list[Update]
    ) -> tuple[_Rows, tuple[int, int]]:
        """The rows of a block in the order of its frames, and the places of its prices and sizes."""
        sides, owners = self._sides(block, updates)
        pairs = [pair for side in sides for pair in side]
        lengths = np.fromiter(map(len, sides), np.int64, len(sides))
        level_update = np.repeat(owners, lengths)
        level_side = np.repeat(np.tile(np.array([_BID, _ASK], np.int64), len(sides) // 2), lengths)
        update_frame = np.array([update.frame for update in updates], np.int64)

        def where() -> list[int]:
            return [*quotes, *quotes, *trades, *(update_frame[level_update].tolist() if pairs else [])]

        prices = self._decimals(
            block,
            [[q.bid for q in quoted] + [q.ask for q in quoted] + [t.price for t in traded], [price for price, _ in pairs]],
            where,
            "price",
        )
        sizes = self._decimals(
            block,
            [[q.bid_size for q in quoted] + [q.ask_size for q in quoted] + [t.quantity for t in traded], [size for _, size in pairs]],
            where,
            "size",
        )
        quote_count, trade_count = len(quotes), len(trades)
        trade_part = slice(2 * quote_count, 2 * quote_count + trade_count)
        self._nonzero(block, prices.raw, where, "price")
        self._nonzero(block, sizes.raw[trade_part], lambda: trades, "size of the trade")
        self._prices.take(prices)
        if self._levels:
            bids = prices.raw[trade_part.stop :][level_side == _BID]
            self._tradable.take(Decimals(np.concatenate([prices.raw[: trade_part.stop], bids]), prices.places))
        self._sizes.take(sizes)
        ids = np.array([t.trade_id for t in traded], np.int64)
        if (ids < 0).any():
            raise self._refused(block, trades[int(np.argmin(ids))], "the trade has no id (field t); capture it again")
        aggressor = np.where(np.array([t.buyer_is_maker for t in traded], np.bool_), np.int64(abi.NT_SIDE_SELL), np.int64(abi.NT_SIDE_BUY))
        self._trades += trade_count

        marks = np.array([i for i, update in enumerate(updates) if update.kind != abi.NT_TICK_LEVEL], np.int64)
        update_kind = np.array([update.kind for update in updates], np.uint8)
        update_id = np.array([update.last_id for update in updates], np.int64)
        update_snapshot = np.array([update.snapshot for update in updates], np.bool_)
        level_part = slice(2 * quote_count + trade_count, None)
        of_update = np.concatenate([level_update, marks])
        order = np.argsort(of_update, kind="stable")
        of_update = of_update[order]
        none = np.zeros(len(marks), np.int64)

        def depth_column(levels: NDArray[np.int64]) -> NDArray[np.int64]:
            return np.concatenate([levels, none])[order]

        frame = np.concatenate([np.array(quotes, np.int64), np.array(trades, np.int64), update_frame[of_update]])
        columns = (
            (prices.raw[:quote_count], prices.raw[trade_part], depth_column(prices.raw[level_part])),
            (prices.raw[quote_count : 2 * quote_count], sizes.raw[trade_part], depth_column(sizes.raw[level_part])),
            (sizes.raw[:quote_count], ids, update_id[of_update]),
            (sizes.raw[quote_count : 2 * quote_count], aggressor, depth_column(level_side)),
        )
        kind = np.concatenate(
            [np.full(quote_count, abi.NT_TICK_QUOTE, np.uint8), np.full(trade_count, abi.NT_TICK_TRADE, np.uint8), update_kind[of_update]]
        )
        snapshot = np.concatenate([np.zeros(quote_count + trade_count, np.bool_), update_snapshot[of_update]])
        by_frame = np.argsort(frame, kind="stable")
        values = tuple(np.concatenate(column)[by_frame] for column in columns)
        return _Rows(frame[by_frame], values, kind[by_frame], snapshot[by_frame]), (prices.places, sizes.places)

    def _sides(self, block: Block, updates: Sequence[Update]) -> tuple[list[list[tuple[str, str]]], NDArray[np.int64]]:
        """The levels of each side of each update, bids before asks, and the update that each side is of."""
        with_levels = [index for index, update in enumerate(updates) if update.kind == abi.NT_TICK_LEVEL]
        raw = [side for index in with_levels for side in (updates[index].bids, updates[index].asks)]
        try:
            return decode_levels(raw), np.repeat(np.array(with_levels, np.int64), 2)
        except ValueError as error:
            position = next(index for index, side in enumerate(raw) if not are_levels(side))
            text = f"the depth is not a list of pairs of a price and a size (fields b and a, bids and asks): {error}"
            raise self._refused(block, updates[with_levels[position // 2]].frame, text) from error

    def _decimals(self, block: Block, groups: Sequence[Sequence[Any]], where: Callable[[], Sequence[int]], what: str) -> Decimals:
        """The numbers of all groups, with the same places; `where` gives the frames that they are of."""
        parts: list[Decimals] = []
        begin = 0
        for group in groups:
            try:
                parts.append(decimals(group))
            except BadNumberError as error:
                raise self._refused(block, where()[begin + error.index], f"a {what} {error}") from error
            begin += len(group)
        places = max(part.places for part in parts)
        for index, part in enumerate(parts):
            factor = 10 ** (places - part.places)
            if factor > 1 and len(part.raw):
                if int(part.raw.max()) * factor > _INT64_MAX:
                    raise SourceError(f"a {what} of a level has too many digits for the decimals that others have", file=self._spec)
                parts[index] = Decimals(part.raw * factor, places)
        return Decimals(np.concatenate([part.raw for part in parts]), places)

    def _nonzero(self, block: Block, raw: NDArray[np.int64], where: Callable[[], Sequence[int]], what: str) -> None:
        if not raw.all():
            raise self._refused(block, where()[int(np.argmin(raw != 0))], f"a {what} is 0: there is none; remove the line")

    def _write(self, times: NDArray[np.int64], rows: _Rows, places: tuple[int, int]) -> None:
        """Append rows, with the session ticks that fall between them."""
        if not self._tape.count:
            self._tape.session(self._calendar.state_at(int(times[0])), self._index)
            self._since = int(times[0])
        begin = 0
        for event in self._calendar.events(self._since, int(times[-1])):
            end = int(np.searchsorted(times, event.ts, side="left"))
            self._fill(times, rows, begin, end, places)
            self._tape.session(event, self._index)
            begin = end
        self._fill(times, rows, begin, len(times), places)
        self._since = int(times[-1])

    def _fill(self, times: NDArray[np.int64], rows: _Rows, begin: int, end: int, places: tuple[int, int]) -> None:
        if begin == end:
            return
        first = self._tape.count
        ticks = self._tape.room(end - begin)
        part = slice(begin, end)
        ticks["ts_event"] = ticks["ts_recv"] = times[part]
        for name, column in zip(("bid_price", "ask_price", "bid_size", "ask_size"), rows.values, strict=True):
            ticks[name] = column[part]
        ticks["kind"] = rows.kind[part]
        ticks["instrument"] = self._index
        self._pieces.append((first, end - begin, *places))
        flagged = np.flatnonzero(rows.snapshot[part])
        if len(flagged):
            self._snapshots.append(first + flagged)

    # ---- the end -------------------------------------------------------------------------------------------------------------

    def finish(self, sha256: str) -> Source:
        """The source of everything that was taken."""
        if not self._pieces or not self._symbol:
            raise _nothing(self._spec)
        notes: list[str] = []
        if self._name != self._symbol:
            notes.append(f"{self._name} is what {self._symbol} of the recording is called.")
        instruments = _configured(self._config, self._name)
        is_derived = instruments is None
        if instruments is None:
            currency = currency_of(self._symbol, self._name, self._spec)
            instrument = derived(self._name, currency, self._prices, self._sizes, self._tradable)
            instruments = {**self._config.instruments, self._name: instrument}
            notes.append(
                f"{self._name} is not configured: its tick {plain(exact(instrument.tick_size))} and lot "
                f"{plain(exact(instrument.lot_size))} are the finest decimals in the data, its currency {instrument.currency} the asset "
                f"that its symbol ends with, its max_price {plain(exact(instrument.max_price))} twice the highest quote, trade or bid, "
                "and no less than any price in the data."
            )
        instrument = instruments[self._name]
        check(instrument, self._prices, self._sizes, self._spec)
        ticks = self._tape.finish()
        for first, count, price_places, size_places in self._pieces:
            part = ticks[first : first + count]
            scale(part, instrument.price_decimals - price_places, instrument.quantity_decimals - size_places)
        for flagged in self._snapshots:
            ticks["flags"][flagged] |= abi.NT_TICK_SNAPSHOT
        if self._sent:
            received, sent = np.concatenate(self._sent, axis=1)
            ticks = with_latency(ticks, received, sent, self._index, self._config.venue)
            mark_slices(ticks)
        return Source(
            name=self._spec,
            symbols=(self._name,),
            instruments=instruments,
            ticks=ticks,
            rows=self._trades,
            assumptions=(*notes, *self._assumptions(instrument)),
            sha256=sha256,
            derived=frozenset([self._name] if is_derived else []),
            timezone=_TIMEZONE,
            market="Binance futures" if self._futures else "Binance spot",
        )

    def _assumptions(self, instrument: Instrument) -> Iterator[str]:
        """What had to be assumed, and what was left out."""
        yield "The time of a tick is when it was received, in UTC; the clock of the receiver is not that of the exchange."
        if self._late:
            yield f"{self._late:,} messages carry an earlier receive time than the one before them, and take that one's."
        if self._digits == 16:
            yield "Receive times are in whole microseconds."
        for what, count in sorted(self._dropped.items()):
            yield f"{count:,} messages {what} are left out."
        depth = self._depth
        if depth.gaps:
            yield f"Update ids of the depth break {depth.gaps:,} times: the tape has a gap there, and no levels until the next snapshot."
        if self._levels and depth.unbased:
            yield f"{depth.unbased:,} depth diffs without a snapshot that they apply to are left out."
        if not self._levels:
            yield "Depth is read for gaps only; its levels are left out."
        if self._sent:
            yield LATENCY_ASSUMPTION
        if _COIN_MARGINED.search(self._symbol):
            yield f"{self._symbol} is margined in coin: profit is computed as if it were linear in the price, by the configured multiplier."
        if instrument.fee_taker is None or instrument.fee_maker is None:
            yield "Fees are not configured for every fill: where they are missing a fill costs nothing."
