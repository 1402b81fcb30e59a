"""The streaming features once more, from their definitions: sums over the whole history with NumPy, nothing kept up to date.

Prices are raw, as in ticks; the results are in the units of the library.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

NAMES = (
    *("spread", "spread_relative", "imbalance", "imbalance_16", "imbalance_less_128", "depth_relative", "microprice_less_64"),
    *("order_flow_4", "order_flow_16", "order_flow_64", "order_flow_256"),
    *("return_4", "return_16", "return_64", "return_256", "return_1024", "volatility_32_512", "volatility_512_4096"),
    *("move_direction", "move_age", "move_persistence", "range_position"),
    *("trade_flow_4", "trade_flow_16", "trade_flow_64", "trade_flow_256", "sign_8", "sign_64", "run", "size_relative", "large_flow"),
    *("mid_less_vwap", "trade_position", "sign_persistence", "impact"),
    *("gap_relative", "rate", "flow_1s", "flow_10s", "trade_share"),
)
OF_QUOTES = NAMES[:11]


@dataclass
class Band:
    """The quote as the kernel keeps it: of the feed, or one tick wide around the prints of a feed that has none."""

    tick_size: int
    bid: int | None = None
    ask: int | None = None
    implied: bool = False

    def quote(self, bid: int, ask: int) -> None:
        self.bid, self.ask, self.implied = bid, ask, False

    def trade(self, price: int, aggressor: int) -> int:
        """Take a trade; its sign: as given, else of the side of the band that it hits. Without a quote of the feed it moves the band."""
        if self.bid is None or self.ask is None or self.implied:
            fresh = self.bid is None or self.ask is None
            if aggressor:
                self.ask = price if aggressor == 1 else price + self.tick_size
                self.bid = self.ask - self.tick_size
            elif self.bid is None or self.ask is None or price > self.ask:
                self.bid, self.ask = price - self.tick_size, price
            elif price < self.bid:
                self.bid, self.ask = price, price + self.tick_size
            self.implied = True
            if fresh and not aggressor:
                return 0
        if aggressor:
            return 1 if aggressor == 1 else -1
        assert self.bid is not None
        assert self.ask is not None
        return 1 if price >= self.ask else -1 if price <= self.bid or self.implied else 0


@dataclass
class Trade:
    """A trade and the market that it met."""

    ts: int
    price: int
    size: int
    sign: int
    bid: int | None
    ask: int | None
    mid_before: float | None  # ticks; just before the trade


@dataclass
class FeatureHistory:
    """Everything that one instrument has seen. `values` computes each feature anew."""

    tick_size: int
    times: list[int] = field(default_factory=list)  # less what passed over breaks
    mids: list[float] = field(default_factory=list)  # ticks
    walk: list[float] = field(default_factory=list)  # the mids without the jumps over breaks
    spreads: list[float] = field(default_factory=list)  # ticks; of quotes that were not implied
    microprices: list[float] = field(default_factory=list)  # ticks; where there are sizes
    quotes: list[tuple[int, int, int, int]] = field(default_factory=list)  # with sizes: bid, ask, bid size, ask size
    sizes: tuple[int, int] = (0, 0)  # of the last quote
    trades: list[Trade] = field(default_factory=list)
    trade_ticks: list[int] = field(default_factory=list)  # which of the ticks they are
    pause: int = 0  # ns that passed over breaks
    time_broke: bool = False  # and no tick has come since
    mid_broke: bool = False
    moves_from: int = 0  # numbers of mids, quotes and trades at the last break
    quotes_from: int = 0
    trades_from: int = 0
    quote_breaks: set[int] = field(default_factory=set)  # the first quote after each break
    trade_breaks: set[int] = field(default_factory=set)
    level_from: int = 0  # the first mid after the last break that a mid has followed
    micro_from: int = 0  # likewise
    band: Band = field(init=False)

    def __post_init__(self) -> None:
        self.band = Band(self.tick_size)

    def resume(self) -> None:
        """A break: what comes next begins anew, for all that is a flow, a return or a direction."""
        if self.times:
            self.time_broke = self.mid_broke = True
            self.moves_from, self.quotes_from, self.trades_from = len(self.mids), len(self.quotes), len(self.trades)
            self.quote_breaks.add(len(self.quotes))
            self.trade_breaks.add(len(self.trades))

    def quote(self, ts: int, bid: int, ask: int, bid_size: int, ask_size: int) -> None:
        self.band.quote(bid, ask)
        self.sizes = bid_size, ask_size
        self._market(ts)
        if bid_size or ask_size:
            self.quotes.append((bid, ask, bid_size, ask_size))

    def trade(self, ts: int, price: int, size: int, aggressor: int) -> None:
        mid_before = self.mids[-1] if self.mids and not self.mid_broke else None
        sign = self.band.trade(price, aggressor)
        old = self.mid_broke and not self.band.implied  # the quote is from before the break
        self._market(ts, old=old)
        bid, ask = (None, None) if old else (self.band.bid, self.band.ask)
        self.trades.append(Trade(ts, price, size, sign, bid, ask, mid_before))
        self.trade_ticks.append(len(self.times) - 1)

    def _market(self, ts: int, *, old: bool = False) -> None:
        if self.time_broke:
            self.pause = ts - self.times[-1]
            self.time_broke = False
        self.times.append(ts - self.pause)
        if self.band.bid is None or self.band.ask is None or old:
            return
        self.mids.append((self.band.bid + self.band.ask) / 2 / self.tick_size)
        if self.mid_broke:
            self.level_from, self.micro_from, self.mid_broke = len(self.mids) - 1, len(self.microprices), False
            self.walk.append(self.walk[-1] if self.walk else 0.0)
        else:
            self.walk.append(self.walk[-1] + self.mids[-1] - self.mids[-2] if self.walk else 0.0)
        if self.band.implied:
            return
        self.spreads.append(max(self.band.ask - self.band.bid, self.tick_size) / self.tick_size)
        bid_size, ask_size = self.sizes
        if bid_size + ask_size:
            self.microprices.append(self.mids[-1] + self.spreads[-1] / 2 * (bid_size - ask_size) / (bid_size + ask_size))

    def values(self) -> dict[str, float]:
        """Every feature by name."""
        found = dict.fromkeys(NAMES, math.nan)
        sigma = 0.01
        if len(self.times) > 1:
            gaps = np.maximum(np.diff(np.array(self.times, np.int64)), 0) + 1.0
            found["rate"] = log_ratio(mean(gaps, 16), mean(gaps, 512))
            found["gap_relative"] = log_ratio(float(gaps[-1]), mean(gaps, 64))
        if len(self.mids) > 1:
            squares = np.diff(self.walk) ** 2
            sigma = math.sqrt(mean(squares, 512) + 1e-4)
            found["volatility_32_512"] = log_ratio(math.sqrt(mean(squares, 32) + 1e-4), sigma)
            found["volatility_512_4096"] = log_ratio(sigma, math.sqrt(mean(squares, 4096) + 1e-4))
        if self.mids:
            levels = flat_until(self.mids, self.level_from, self.mids[self.level_from])
            for half in (4, 16, 64, 256, 1024):
                found[f"return_{half}"] = 0.0 if self.mid_broke else clip((levels[-1] - mean(levels, half)) / (sigma * math.sqrt(half)))
            found.update(self._of_moves())
        if self.microprices:
            past = flat_until(self.microprices, self.micro_from, self.mids[self.level_from])
            none = self.mid_broke or len(self.microprices) == self.micro_from
            found["microprice_less_64"] = 0.0 if none else clip((self.microprices[-1] - mean(past, 64)) / (8 * sigma))
        if self.spreads:
            found["spread"] = math.log2(self.spreads[-1])
            found["spread_relative"] = log_ratio(self.spreads[-1], mean(self.spreads, 512))
        if self.quotes:
            found.update(self._of_quotes())
        if self.trades:
            found.update(self._of_trades(sigma))
        if 0 < len(self.trades) < len(self.times):
            found["trade_share"] = mean(np.isin(np.arange(len(self.times)), self.trade_ticks).astype(np.float64), 64)
        return found

    def _of_moves(self) -> dict[str, float]:
        mids = np.array(self.walk)
        high, low = range_of(self.mids[self.level_from :])
        found = {"range_position": 0.0 if self.mid_broke else (self.mids[-1] - (high + low) / 2) / (high - low + 1e-6)}
        moved = np.flatnonzero(np.diff(mids)) + 1
        if not len(moved):
            return found
        signs = np.sign(np.diff(mids)[moved - 1])
        age = len(mids) - 1 - int(moved[-1])
        signs[moved < self.moves_from] = 0
        found |= {"move_direction": float(signs[-1]) * 2.0 ** (-age / 64), "move_age": math.log1p(age)}
        if len(signs) > 1:
            found["move_persistence"] = mean(signs[1:] * signs[:-1], 16)
        return found

    def _of_quotes(self) -> dict[str, float]:
        rows = np.array(self.quotes, np.float64)
        imbalances = (rows[:, 2] - rows[:, 3]) / (rows[:, 2] + rows[:, 3])
        found = {"imbalance": float(imbalances[-1]), "imbalance_16": mean(imbalances, 16)}
        found["imbalance_less_128"] = float(imbalances[-1]) - mean(imbalances, 128)
        depths = rows[:, 2] + rows[:, 3]
        found["depth_relative"] = log_ratio(float(depths[-1]), mean(depths, 512))
        if len(rows) > 1:
            bid, ask, bid_size, ask_size = rows[1:].T
            old_bid, old_ask, old_bid_size, old_ask_size = rows[:-1].T
            flow = (bid >= old_bid) * bid_size - (bid <= old_bid) * old_bid_size
            flow += (ask >= old_ask) * old_ask_size - (ask <= old_ask) * ask_size
            flow[[number - 1 for number in self.quote_breaks if 0 < number < len(rows)]] = 0  # over a break nobody knows it
            size = mean(np.abs(flow), 512)
            flow[: max(self.quotes_from - 1, 0)] = 0
            for half in (4, 16, 64, 256):
                found[f"order_flow_{half}"] = clip(mean(flow, half) / size) if size else 0.0
        return found

    def _of_trades(self, sigma: float) -> dict[str, float]:
        sizes = np.array([trade.size for trade in self.trades], np.float64)
        all_signs = np.array([trade.sign for trade in self.trades], np.float64)
        signs = np.where(np.arange(len(all_signs)) < self.trades_from, 0.0, all_signs)
        prices = np.array([trade.price for trade in self.trades], np.float64) / self.tick_size
        found = {f"trade_flow_{half}": mean(signs * sizes, half) / mean(sizes, half) for half in (4, 16, 64, 256)}
        found |= {f"sign_{half}": mean(signs, half) for half in (8, 64)}
        found["run"] = run(signs)
        found["size_relative"] = log_ratio(float(sizes[-1]), mean(sizes, 256))
        ratios = sizes / running_mean(sizes, 256)
        found["large_flow"] = clip(mean(signs * np.maximum(np.log(ratios), 0), 32))
        found.update(self._of_impact(all_signs * np.log1p(ratios)))
        if len(signs) > 1:
            found["sign_persistence"] = mean(signs[1:] * signs[:-1], 64)
        if self.mids:
            none = self.trades_from == len(self.trades) or self.mid_broke
            prices[: self.trades_from] = 0 if none else prices[self.trades_from]
            found["mid_less_vwap"] = 0.0 if none else clip((self.mids[-1] - mean(prices * sizes, 64) / mean(sizes, 64)) / (8 * sigma))
        last = self.trades[-1]
        if last.bid is not None and last.ask is not None:
            found["trade_position"] = clip((2 * last.price - last.bid - last.ask) / max(last.ask - last.bid, self.tick_size))
        gaps = np.maximum(np.diff(np.array([trade.ts for trade in self.trades], np.int64)), 0) / 1e9
        for name, seconds in (("flow_1s", 1), ("flow_10s", 10)):
            decays = (1 + gaps / seconds / 8) ** -8.0
            weights = np.append(np.cumprod(decays[::-1])[::-1], 1.0)
            found[name] = float(np.sum(weights * signs * sizes) / np.sum(weights * sizes))
        return found

    def _of_impact(self, volumes: Floats) -> dict[str, float]:
        pairs = [
            (after.mid_before - trade.mid_before, volume)
            for number, (trade, after, volume) in enumerate(zip(self.trades[:-1], self.trades[1:], volumes[:-1], strict=True))
            if trade.mid_before is not None and after.mid_before is not None and number + 1 not in self.trade_breaks
        ]
        if not pairs:
            return {}
        moves, volumes = np.array(pairs).T
        product = mean(moves**2, 256) * mean(volumes**2, 256)
        return {"impact": mean(moves * volumes, 256) / math.sqrt(product) if product else 0.0}


def mean(x: Sequence[float] | Floats, half: int) -> float:
    """Exponentially weighted mean: each step back counts 2^(-1/half) less."""
    values = np.asarray(x, np.float64)
    weights = 2.0 ** (-np.arange(len(values))[::-1] / half)
    return float(np.sum(weights * values) / np.sum(weights))


def flat_until(x: Sequence[float], begin: int, level: float) -> Floats:
    """x with a level in the place of what is before `begin`."""
    values = np.array(x, np.float64)
    values[:begin] = level
    return values


def running_mean(x: Floats, half: int) -> Floats:
    """`mean` of each beginning of x."""
    total, weight, found = 0.0, 0.0, np.empty(len(x))
    for index, value in enumerate(x):
        total, weight = total * 2.0 ** (-1 / half) + value, weight * 2.0 ** (-1 / half) + 1
        found[index] = total / weight
    return found


def range_of(mids: Sequence[float]) -> tuple[float, float]:
    """High and low, each of which comes back to the mids that follow by a half in 1024 steps."""
    high = low = mids[0]
    rest = 2.0 ** (-1 / 1024)
    for mid in mids:
        high, low = max(mid, mid + rest * (high - mid)), min(mid, mid + rest * (low - mid))
    return high, low


def run(signs: Floats) -> float:
    """Sign of the run that the last trades of a known side are, times log(1 + its length)."""
    known = signs[signs != 0]
    if not len(known):
        return 0.0
    other = np.flatnonzero(known != known[-1])
    length = len(known) - (other[-1] + 1 if len(other) else 0)
    return float(known[-1]) * math.log1p(length)


def clip(x: float) -> float:
    """Within +-6."""
    return min(6.0, max(-6.0, x))


def log_ratio(a: float, b: float) -> float:
    """log(a / b), within +-6."""
    return clip(math.log(a / b))
