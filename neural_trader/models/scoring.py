"""How good a model was on rows that it was not made of: probabilities of the core itself, figures, and money at fills that were there.

Money: where a model is surest (as sure as in one row of twenty of the calibration part), one lot is bought or sold at the next print of the
same side (a buyer's at the ask, a seller's at the bid) after the row, and closed at the next print of the other side after the horizon and
the opening. Nobody was asked for these trades: the market stays as it was.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neural_trader._native import abi
from neural_trader.errors import InvalidArgument, NoData
from neural_trader.instruments import Instrument
from neural_trader.models._scores import Floats, of_three
from neural_trader.models.evaluate import Evaluation, Interval, evaluate
from neural_trader.models.examples import Examples, Inputs
from neural_trader.models.labels import UP
from neural_trader.models.neural_model import NeuralModel
from neural_trader.numbers import exact
from neural_trader.sources import Source

__all__ = ["Money", "Scores", "money_at_prints", "paired_gain", "predicted", "says_more", "score"]

_RESAMPLES: Final = 1000
_APART: Final = 0.0001


def predicted(model: NeuralModel, found: Inputs) -> tuple[Floats, NDArray[np.bool_]]:
    """Probabilities (n, classes) of all rows, each from the rows of its sequence up to it, and which are past the model's warm-up."""
    state = model.file.state
    if state.kind == "none":
        return model.predict(found.table).predictions, np.ones(len(found.table), np.bool_)
    ends = [*found.starts[1:].tolist(), len(found.table)]
    parts, ready = [], []
    for begin, end in zip(found.starts.tolist(), ends, strict=True):
        parts.append(model.predict(found.table[begin:end]).predictions)
        ready.append(np.arange(end - begin) >= state.warm_up)
    return np.concatenate(parts), np.concatenate(ready)


def says_more(probabilities: Floats, prior_counts: Sequence[int]) -> bool:
    """Whether some of the probabilities (n, classes) is more than 0.0001 from the prior, which is how often each label came, of all: a
    calibration at its floor says the prior of every row, and what differs is rounding."""
    prior = np.asarray(prior_counts, np.float64) / sum(prior_counts)
    return bool((np.abs(probabilities - prior) > _APART).any())


@dataclasses.dataclass(frozen=True)
class Money:
    """Trades at fills that were there; ticks are those of the price, `net` and `fees` money of the instrument's `currency`.

    `ticks_per_trade` is before fees, with its interval; `mid_ticks_per_trade` what the same trades would have got at mid, where nobody
    trades. `unfilled` rows had no print to open or close at. net is None where the source does not know the fee.
    """

    trades: int
    unfilled: int
    ticks_per_trade: Interval | None
    mid_ticks_per_trade: float | None
    gross: float
    fees: float | None
    net: float | None
    currency: str


@dataclasses.dataclass(frozen=True)
class Scores:
    """Figures of a model on some rows; without money where it says no more than the prior, so that there is nothing to trade by."""

    evaluation: Evaluation
    money: Money | None

    def metrics(self) -> dict[str, Any]:
        """As plain numbers, for a report."""
        return {**dataclasses.asdict(self.evaluation), "money": None if self.money is None else dataclasses.asdict(self.money)}


def score(
    probabilities: Floats,
    found: Examples,
    rows: NDArray[np.int64],
    source: Source,
    *,
    prior_counts: Sequence[int],
    sure: float,
    seed: int,
) -> Scores:
    """Figures of probabilities (n, classes) on some rows; `prior_counts` (classes,) is how often each label came in the second part,
    `sure` is of `sure_beyond`."""
    if not len(rows):
        raise NoData("no row is left to judge by: take a longer source")
    wide = found.question.kind == "next_move"

    three = of_three(probabilities[rows])
    evaluation = evaluate(
        three,
        found.classes[rows] * UP if wide else found.classes[rows],
        found.labels.moves[rows],
        prior_counts=[prior_counts[0], 0, prior_counts[1]] if wide else prior_counts,
        block_rows=found.block_rows(rows),
        resamples=_RESAMPLES,
        seed=seed,
    )
    if not says_more(probabilities[rows], prior_counts):
        return Scores(dataclasses.replace(evaluation, mcc=None, information_coefficient=None), None)
    return Scores(evaluation, money_at_prints(three, found, rows, source, sure=sure, seed=seed))


def paired_gain(first: Floats, second: Floats, classes: NDArray[np.int64], *, block_rows: int, seed: int) -> Interval:
    """By how many millinats a row `first` is better than `second`, both (n, classes), with the 95 % interval of a circular block bootstrap
    of the differences. InvalidArgument for shapes that do not fit and a probability of 0 for what came."""
    if first.shape != second.shape or len(first) != len(classes) or not len(classes):
        raise InvalidArgument(f"probabilities {first.shape} and {second.shape} and {len(classes)} labels do not fit")
    each = np.arange(len(classes))
    came = [table[each, classes] for table in (first, second)]
    if any((values <= 0).any() for values in came):
        raise InvalidArgument("what came had probability 0: its log loss is infinite")
    return _interval(1000 * (np.log(came[0]) - np.log(came[1])), np.ones(len(classes)), block_rows, seed)


def _interval(values: Floats, counts: Floats, block: int, seed: int) -> Interval:
    """Of the sum of `values` over the sum of `counts`, both a row; resamples without a count are left out."""
    rows = len(values)
    block = min(block, rows)
    starts = np.random.default_rng(seed).integers(0, rows, (_RESAMPLES, -(-rows // block)))

    def drawn(table: Floats) -> Floats:
        running = np.concatenate(([0.0], np.cumsum(np.concatenate((table, table[: block - 1])))))
        return np.asarray((running[starts + block] - running[starts]).sum(axis=1))

    sums, weights = drawn(values), drawn(counts)
    low, high = np.percentile(sums[weights > 0] / weights[weights > 0], (2.5, 97.5))
    return Interval(float(values.sum() / counts.sum()), float(low), float(high))


# ---- money -----------------------------------------------------------------------------------------------------------------------


def money_at_prints(probabilities: Floats, found: Examples, rows: NDArray[np.int64], source: Source, *, sure: float, seed: int) -> Money:
    """Trades of the rows, of probabilities (rows, 3) of (down, flat, up), that are surer than `sure`; see the module."""
    symbol = found.rows.symbol
    instrument = source.instruments[symbol]
    times, prices, sides = _prints(source, found)
    strength = probabilities[:, 2] - probabilities[:, 0]
    chosen = np.flatnonzero((np.abs(strength) > sure) & (strength != 0))
    direction = np.sign(strength[chosen]).astype(np.int64)
    begin, end = found.labels.begin_ns[rows[chosen]], found.labels.end_ns[rows[chosen]]
    entry = _next(times, sides, begin, direction)
    opened = np.where(entry >= 0, times[np.maximum(entry, 0)], end)
    leave = _next(times, sides, np.maximum(end, opened), -direction)
    filled = (entry >= 0) & (leave >= 0)
    gained = direction[filled] * (prices[leave[filled]] - prices[entry[filled]])
    mid = direction * found.labels.moves[rows[chosen]]
    lot = float(exact(instrument.lot_size))
    worth = float(exact(instrument.multiplier)) * found.rows.tick_size * lot
    fees = _fees(instrument, lot, float((prices[entry[filled]] + prices[leave[filled]]).sum()) * worth, len(gained))
    gross = float(gained.sum()) * worth
    of_rows, traded = np.zeros(len(rows)), np.zeros(len(rows))
    of_rows[chosen[filled]], traded[chosen[filled]] = gained, 1.0
    return Money(
        trades=len(gained),
        unfilled=int((~filled).sum()),
        ticks_per_trade=_interval(of_rows, traded, found.block_rows(rows), seed) if len(gained) else None,
        mid_ticks_per_trade=float(mid.mean()) if len(mid) else None,
        gross=gross,
        fees=fees,
        net=None if fees is None else gross - fees,
        currency=instrument.currency,
    )


def _prints(source: Source, found: Examples) -> tuple[NDArray[np.int64], Floats, NDArray[np.int64]]:
    """Times, prices in ticks and sides (1 at the ask, -1 at the bid, 0 unknown) of the instrument's trades.

    Where the source does not name the aggressor, it is told from the mid: of a band around the trades the one after the trade, else the
    one before its time.
    """
    ticks = source.ticks
    number = list(source.instruments).index(found.rows.symbol)
    trades = ticks[(ticks["instrument"] == number) & (ticks["kind"] == abi.NT_TICK_TRADE)]
    times = trades["ts_event"].astype(np.int64)
    prices = trades["price"] / int(source.instruments[found.rows.symbol].row()["tick_size"])
    rows = found.rows
    if rows.implied and len(rows.event_mid) == len(trades):
        mids = rows.event_mid
    else:
        before = np.searchsorted(rows.event_ts, times, side="left") - 1
        mids = np.where(before >= 0, rows.event_mid[np.maximum(before, 0)], np.nan)
    told = np.nan_to_num(np.sign(prices - mids)).astype(np.int64)
    aggressor = trades["aggressor"]
    sides = np.where(aggressor == abi.NT_SIDE_BUY, 1, np.where(aggressor == abi.NT_SIDE_SELL, -1, told))
    return times, prices.astype(np.float64), sides


def _next(times: NDArray[np.int64], sides: NDArray[np.int64], after: NDArray[np.int64], direction: NDArray[np.int64]) -> NDArray[np.int64]:
    """The first print of each direction later than each time; -1 where there is none."""
    found = np.full(len(after), -1, np.int64)
    for side in (1, -1):
        prints = np.flatnonzero(sides == side)
        mine = np.flatnonzero(direction == side)
        place = np.searchsorted(times[prints], after[mine], side="right")
        there = place < len(prints)
        found[mine[there]] = prints[place[there]]
    return found


def _fees(instrument: Instrument, lot: float, moved: float, trades: int) -> float | None:
    """Of one lot in and out a trade at the taker's fee, where `moved` is the money of all fills; None where it is not known."""
    fee = instrument.fee_taker
    if fee is None:
        return None
    contracts = 0.0 if fee.per_contract is None else float(exact(fee.per_contract)) * lot * 2 * trades
    return contracts + (0.0 if fee.bps is None else float(exact(fee.bps)) * 1e-4 * moved)
