"""What a run gave: the journal's frames as arrays, the summary computed from them, and the ways out of here."""

from __future__ import annotations

import hashlib
import importlib
import json
import struct
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from neural_trader._native import abi, ffi, lib
from neural_trader.config import Config, Limits
from neural_trader.config_limits import describe_limits
from neural_trader.equity import EQUITY, EquityPath, SessionEquity, cash_raw, pairs_of, walk
from neural_trader.errors import InvalidArgument, MissingExtra
from neural_trader.instruments import MONEY_DECIMALS, Instrument
from neural_trader.metrics import Metrics, TapeView, measure
from neural_trader.numbers import exact, plain, to_decimal
from neural_trader.records import REASONS, check
from neural_trader.sources import Source
from neural_trader.strategy_identity import StrategyIdentity
from neural_trader.wording import counted

__all__ = ["EQUITY", "TAKEN", "Recording", "Result", "peak_memory_bytes", "venue_assumptions"]

TAKEN: Final = np.dtype([("ts", "<i8"), ("channel", "<u2")])  # when and from which channel the kernel took a request

_FRAME = struct.Struct("<II Q q QQ HH III Q".replace(" ", ""))


class Recording:
    """Frames as the kernel staged them."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def add(self, frames: bytes | bytearray) -> None:
        """Append whole frames."""
        self._parts.append(bytes(frames))

    def arrays(self) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        """(orders, taken, reports): the requests taken, when and from which channel each was (dtype TAKEN), and every report made, by
        channel then sequence."""
        orders: list[bytes] = []
        taken: list[tuple[int, int]] = []
        reports: list[bytes] = []
        for part in self._parts:
            at = 0
            while at < len(part):
                size, _, _, ts, _, _, channel, kind, count, _, input_bytes, _ = _FRAME.unpack_from(part, at)
                begin = at + _FRAME.size
                if kind == abi.NT_INPUT_ORDER:
                    orders.append(part[begin : begin + input_bytes])
                    taken.append((ts, channel))
                if count:
                    reports.append(part[begin + input_bytes : begin + input_bytes + count * abi.NT_REPORT.itemsize])
                at += size
        made = np.frombuffer(b"".join(reports), abi.NT_REPORT)
        requests = np.frombuffer(b"".join(orders), abi.NT_ORDER)
        return requests, np.array(taken, TAKEN), made[np.lexsort((made["seq"], made["channel"]))]


_LATENCIES: Final = {"tick_to_order": abi.NT_LATENCY_TICK_TO_ORDER, "order_to_report": abi.NT_LATENCY_ORDER_TO_REPORT}


class Result:
    """Outcome of a run.

    `orders` (nt_order), `reports` (nt_report) and `equity` (EQUITY: nanoseconds and raw money over time) are structured arrays of shape
    (n,); `taken` (TAKEN) goes with `orders` row by row. `summary` is what the command line prints: profit, equity and drawdown are in
    `currency`, the first account's, over all accounts of that currency; `pnl_by_currency` has the others. `latency_ns` has the
    histogram read-outs that the kernel measured, None where nothing was, and `latency_counts` its counts by powers of two: shape (42,), the
    i-th of durations from 2^i (the first: from 0) to below 2^(i+1) ns. `source` is the tape, None where there was none;
    `on_tape` whether time was the tape's and not the machine's. Without the tape's time a fill has no place on the tape: `equity` is
    empty then, and the drawdown None. `recorded` holds what the strategies of `backtest` and `Kernel.run` recorded, by name: arrays with
    the fields ts (kernel time in ns) and value; with several strategies the name has the client's and a dot before it.
    `strategies` say which these were, with their parameters and a hash of their code, where this process ran them.
    """

    def __init__(
        self,
        summary: dict[str, Any],
        orders: NDArray[Any],
        reports: NDArray[Any],
        equity: NDArray[Any],
        config: Config,
        instruments: Mapping[str, Instrument],
        *,
        taken: NDArray[Any],
        source: Source | None,
        path: EquityPath | None,
        money: Mapping[str, tuple[int, int, int]],
        latency_ns: Mapping[str, Mapping[str, int] | None],
        latency_counts: Mapping[str, NDArray[np.uint64]],
        on_tape: bool,
    ) -> None:
        self.summary = summary
        self.orders = orders
        self.reports = reports
        self.equity = equity
        self.config = config
        self.instruments = instruments
        self.recorded: Mapping[str, NDArray[Any]] = {}
        self.strategies: tuple[StrategyIdentity, ...] = ()
        self.taken = taken
        self.source = source
        self.latency_ns = latency_ns
        self.latency_counts = latency_counts
        self.currency: str = summary["currency"]
        self._path = path
        self._money = money
        self.on_tape = on_tape

    @classmethod
    def collect(
        cls,
        *,
        handle: int,
        config: Config,
        instruments: Mapping[str, Instrument],
        recording: Recording,
        source: Source | None,
        elapsed_s: float,
        models: Mapping[str, Any],
    ) -> Result:
        """Read the kernel's counters and money, and compute the rest from the frames and the tape."""
        orders, taken, reports = recording.arrays()
        counters = ffi.new("nt_counters *")
        check(lib.nt_read_counters(handle, counters), handle)
        money, states = _booked(handle, config)
        currency = next(iter(config.accounts.values())).currency
        gross, fees, equity = money[currency]
        cash = cash_raw(config, currency)
        status = ffi.new("nt_status *")
        check(lib.nt_read_status(handle, status), handle)
        on_tape = status.clock == abi.NT_CLOCK_TAPE
        path = None
        if source is not None and on_tape:
            fills = reports[reports["exec_type"] == abi.NT_EXEC_TRADE]
            own = [pair for pair in pairs_of(config, instruments, fills) if pair.currency == currency]
            path = walk(own, source.ticks[: int(counters.ticks)], cash, equity)
        latencies = {name: _latency(handle, kind) for name, kind in _LATENCIES.items()}
        denied = {REASONS[100 + i]: int(n) for i, n in enumerate(counters.denied) if n}
        others = [name for name in money if name != currency]
        notes = (
            [f"Profit, equity and drawdown are of the accounts in {currency}; those in {', '.join(others)} are apart."] if others else []
        )
        if source is not None and source.rows == 0 and config.venue.fill_model == "conservative":
            notes.append("There is no trade on the tape: under the conservative fill model nothing fills.")
        summary: dict[str, Any] = {
            "name": config.name,
            "source": source.name if source is not None else None,
            "source_sha256": source.sha256 if source is not None else None,
            "ticks": int(counters.ticks),
            "orders": {"accepted": int(counters.orders_accepted), "denied": denied},
            "fills": int(counters.fills),
            "currency": currency,
            "pnl": _pnl(gross, fees),
            "pnl_by_currency": {name: _pnl(*booked[:2]) for name, booked in money.items()},
            "equity_final": _money(equity),
            "drawdown": _drawdown(path),
            "accounts": states,
            "latency_ns": {name: _percentiles(row) for name, row in latencies.items()},
            "peak_memory_bytes": peak_memory_bytes(),
            "elapsed_s": round(elapsed_s, 6),
            "digest": hashlib.sha256(reports.tobytes()).hexdigest(),
            "models": dict(models),
            "limits": {row.name: row.value for row in describe_limits(config) if row.name in Limits.__struct_fields__},
            "assumptions": [*(source.assumptions if source is not None else ()), *venue_assumptions(config), *notes],
        }
        curve = path.curve if path is not None else np.empty(0, EQUITY)
        return cls(
            summary,
            orders,
            reports,
            curve,
            config,
            instruments,
            taken=taken,
            source=source,
            path=path,
            money=money,
            latency_ns=latencies,
            latency_counts={name: _latency_counts(handle, kind) for name, kind in _LATENCIES.items()},
            on_tape=on_tape,
        )

    @property
    def fills(self) -> NDArray[Any]:
        """Reports of fills."""
        chosen: NDArray[Any] = self.reports[self.reports["exec_type"] == abi.NT_EXEC_TRADE]
        return chosen

    @property
    def closes(self) -> tuple[SessionEquity, ...]:
        """Raw equity in `currency` at the end of each trading day of the tape; empty without the tape's time or without sessions on it."""
        return self._path.closes if self._path is not None else ()

    @cached_property
    def arrivals(self) -> dict[tuple[int, int], int]:
        """When the kernel took each new order, in nanoseconds of its clock, by channel and client_order_id."""
        new = np.flatnonzero(self.orders["message"] == abi.NT_MESSAGE_NEW)[::-1]  # the first of an id is the one that counts
        columns = (self.taken["channel"], self.orders["client_order_id"], self.taken["ts"])
        return {(channel, number): ts for channel, number, ts in zip(*(c[new].tolist() for c in columns), strict=True)}

    @cached_property
    def metrics(self) -> Metrics:
        """Performance figures; neural_trader.metrics states their conventions. Computed at the first access."""
        return measure(
            config=self.config,
            symbols=list(self.instruments),
            money={name: booked[:2] for name, booked in self._money.items()},
            pairs=pairs_of(self.config, self.instruments, self.fills),
            tape=self._tape(),
        )

    def _tape(self) -> TapeView | str:
        if self.source is None:
            return "the run has no tape to value it on"
        if self._path is None:
            return "the run was in real time, and its fills have the machine's time, not the tape's"
        return TapeView(self.source.ticks[: self.summary["ticks"]], self._path, self.arrivals)

    def tearsheet(self, path: str | PathLike[str], *, sensitivity: Sequence[Result] = ()) -> Path:
        """Write the run as one HTML file that needs nothing else, and give its path. `sensitivity` are runs of the same strategy with
        another fill model or latency, shown next to this one. OSError when the file cannot be written."""
        from neural_trader.tearsheet import render

        target = Path(path)
        target.write_text(render(self, sensitivity), encoding="utf-8")
        return target

    def _repr_html_(self) -> str:
        from neural_trader.tearsheet import notebook

        return notebook(self)

    def to_polars(self, table: Literal["orders", "reports", "equity"]) -> Any:
        """A table as a polars DataFrame of raw values, a column for each field. MissingExtra without polars."""
        if table not in ("orders", "reports", "equity"):
            raise InvalidArgument(f"there is no table {table!r}; the tables are orders, reports and equity")
        try:
            polars = importlib.import_module("polars")
        except ImportError as error:
            raise MissingExtra.of("a polars table", "polars") from error
        array = getattr(self, table)
        columns = [name for name in array.dtype.names if name != "reserved"]
        return polars.DataFrame({name: np.ascontiguousarray(array[name]) for name in columns})

    def save(self, directory: str | PathLike[str]) -> None:
        """Write summary.json, orders.npy, reports.npy, equity.npy and a recorded_NAME.npy for each recorded series into a directory,
        which is made."""
        target = Path(directory)
        target.mkdir(parents=True, exist_ok=True)
        (target / "summary.json").write_text(json.dumps(self.summary, indent=2, default=_plain) + "\n", encoding="utf-8")
        for name in ("orders", "reports", "equity"):
            np.save(target / f"{name}.npy", getattr(self, name), allow_pickle=False)
        for name, rows in self.recorded.items():
            np.save(target / f"recorded_{name}.npy", rows, allow_pickle=False)

    def __str__(self) -> str:
        s = self.summary
        rows: list[tuple[str, str]] = [
            ("source", f"{s['source']}"),
            ("ticks", f"{s['ticks']:,}"),
            ("orders accepted", f"{s['orders']['accepted']:,}"),
            ("orders denied", f"{sum(s['orders']['denied'].values()):,}"),
            *((f"  {reason}", f"{count:,}") for reason, count in s["orders"]["denied"].items()),
            ("fills", f"{s['fills']:,}"),
            ("P&L gross", f"{s['pnl']['gross']:,.2f}"),
            ("fees", f"{s['pnl']['fees']:,.2f}"),
            ("P&L net", f"{s['pnl']['net']:,.2f}"),
            ("equity", f"{s['equity_final']:,.2f}"),
            ("largest drawdown", _fall(s["drawdown"], self._tape())),
            *((f"account {name}", state) for name, state in s["accounts"].items()),
        ]
        for name, title in (("tick_to_order", "tick to order"), ("order_to_report", "order to report")):
            values = s["latency_ns"][name]
            shown = "none" if values["p50"] is None else " / ".join(f"{values[p] / 1000:,.1f}" for p in ("p50", "p99", "p999"))
            rows.append((f"{title} µs p50/p99/p99.9", shown))
        rows += [
            ("peak memory", f"{s['peak_memory_bytes'] / 2**20:,.1f} MiB"),
            ("time", f"{s['elapsed_s']:.3f} s"),
            ("digest", s["digest"]),
        ]
        width = max(len(name) for name, _ in rows)
        lines = [f"{name:<{width}}  {value}" for name, value in rows]
        return "\n".join([*lines, "assumed:", *(f"  - {sentence}" for sentence in s["assumptions"])])

    __repr__ = __str__


def _plain(value: Any) -> Any:
    """Decimals as JSON numbers."""
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _money(raw: int) -> Decimal:
    return to_decimal(raw, MONEY_DECIMALS)


def _drawdown(path: EquityPath | None) -> dict[str, Decimal | float | None]:
    """The largest fall and its ratio to the high before it; None without a path that saw it, and a ratio only to a high above zero."""
    if path is None:
        return {"money": None, "ratio": None}
    fall, high = path.drawdown.fall, path.drawdown.high
    return {"money": _money(fall), "ratio": fall / high if high > 0 else None}


def _fall(drawdown: Mapping[str, Any], tape: TapeView | str) -> str:
    if drawdown["money"] is None:
        return f"none ({tape})"
    return f"{drawdown['money']:,.2f} ({'no ratio' if drawdown['ratio'] is None else format(drawdown['ratio'], '.2%')})"


def _pnl(gross: int, fees: int) -> dict[str, Decimal]:
    return {"gross": _money(gross), "fees": _money(fees), "net": _money(gross - fees)}


def _booked(handle: int, config: Config) -> tuple[dict[str, tuple[int, int, int]], dict[str, str]]:
    """Raw (gross, fees, equity) by currency and the trading state of each account, as the kernel has them."""
    view = ffi.new("nt_account_view *")
    money: dict[str, tuple[int, int, int]] = {}
    states: dict[str, str] = {}
    for index, (name, account) in enumerate(config.accounts.items()):
        check(lib.nt_read_account(handle, index, view), handle)
        gross, fees, equity = money.get(account.currency, (0, 0, 0))
        money[account.currency] = (gross + view.realized_pnl + view.unrealized_pnl, fees + view.fees, equity + view.equity)
        states[name] = abi.TradingState(view.state).name
    return money, states


def _latency(handle: int, kind: int) -> dict[str, int] | None:
    row = ffi.new("nt_latency *")
    check(lib.nt_read_latency(handle, kind, row), handle)
    if row.count == 0:
        return None
    names = ("minimum", "p50", "p90", "p99", "p999", "maximum")
    return {"count": int(row.count), **{name: int(getattr(row, f"{name}_ns")) for name in names}}


def _latency_counts(handle: int, kind: int) -> NDArray[np.uint64]:
    counts = np.zeros(abi.NT_LATENCY_OCTAVES, np.uint64)
    check(lib.nt_read_latency_counts(handle, kind, ffi.from_buffer("uint64_t[]", counts), len(counts)), handle)
    return counts


def _percentiles(row: Mapping[str, int] | None) -> dict[str, int | None]:
    return {name: None if row is None else row[name] for name in ("p50", "p99", "p999")}


def peak_memory_bytes() -> int:
    """Highest resident memory of this process so far (VmHWM)."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise OSError("the system does not tell the peak memory of this process")


def venue_assumptions(config: Config) -> list[str]:
    """What the paper venue assumes, in sentences."""
    venue = config.venue
    ticks = counted(venue.slippage_ticks, "tick")
    latency = f"Orders reach the venue {venue.latency_in_us} µs after they were taken; answers come back after {venue.latency_out_us} µs"
    rates = [f"{pair} is {plain(exact(rate))} throughout." for pair, rate in config.fx.items()]
    latency += "".join(
        f"; {', '.join(place.symbols)} at {name}: {place.latency_in_us} and {place.latency_out_us} µs"
        for name, place in config.venues.items()
    )
    latency += ", until the tape says what its feed took, and then that long each way." if venue.latency == "measured" else "."
    if venue.fill_model == "conservative":
        return [
            *rates,
            latency,
            f"A market order fills at its print, {ticks} worse: the only adjustment. The final mark is the last trade.",
        ]
    shrinks = "all of it was behind" if venue.fill_model == "queue" else "the part behind the order is what the queue's shape suggests"
    return [
        *rates,
        latency,
        f"A market order fills at the opposite quote, {ticks} worse, at most its displayed size; the rest waits for the next quote.",
        "A resting order waits behind the size displayed at its price; trades at its price shorten that queue, then fill it; a trade or a "
        "quote through its price fills it, at most by its size.",
        f"Where displayed size shrinks without a trade, {shrinks}.",
        "The final mark is the last trade, or the middle of the quote where there was none.",
    ]
