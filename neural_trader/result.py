"""What a run gave: the journal's frames as arrays, and the summary computed from them."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Mapping
from decimal import Decimal
from os import PathLike
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from neural_trader._native import abi, ffi, lib
from neural_trader.config import Config, Limits, describe_limits, terms_row
from neural_trader.errors import InvalidArgument, MissingExtra
from neural_trader.instruments import MONEY_DECIMALS, Instrument
from neural_trader.metrics import max_drawdown
from neural_trader.numbers import to_decimal
from neural_trader.records import REASONS, check
from neural_trader.sources import Source
from neural_trader.sources.tape_files import give_back

__all__ = ["EQUITY", "Recording", "Result", "peak_memory_bytes", "venue_assumptions"]

EQUITY: Final = np.dtype([("ts", "<i8"), ("equity", "<i8")])  # raw money

_FRAME = struct.Struct("<II Q q QQ HH III Q".replace(" ", ""))
_CHUNK: Final = 65_536
_EQUITY_POINTS: Final = 10_000


class Recording:
    """Frames as the kernel staged them."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def add(self, frames: bytes | bytearray) -> None:
        """Append whole frames."""
        self._parts.append(bytes(frames))

    def arrays(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """(orders, reports): the order records taken, and every report made, by channel then sequence."""
        orders: list[bytes] = []
        reports: list[bytes] = []
        for part in self._parts:
            at = 0
            while at < len(part):
                size, _, _, _, _, _, _, kind, count, _, input_bytes, _ = _FRAME.unpack_from(part, at)
                begin = at + _FRAME.size
                if kind == abi.NT_INPUT_ORDER:
                    orders.append(part[begin : begin + input_bytes])
                if count:
                    reports.append(part[begin + input_bytes : begin + input_bytes + count * abi.NT_REPORT.itemsize])
                at += size
        made = np.frombuffer(b"".join(reports), abi.NT_REPORT)
        return np.frombuffer(b"".join(orders), abi.NT_ORDER), made[np.lexsort((made["seq"], made["channel"]))]


class Result:
    """Outcome of a run. `orders` and `reports` are records of the ABI, `equity` is raw account money over time; `summary` is what the
    command line prints. `recorded` holds what the strategies of `backtest` and `Kernel.run` recorded, by name: arrays with the fields ts
    (kernel time in ns) and value; with several strategies the name has the client's and a dot before it."""

    def __init__(
        self,
        summary: dict[str, Any],
        orders: NDArray[Any],
        reports: NDArray[Any],
        equity: NDArray[Any],
        config: Config,
        instruments: Mapping[str, Instrument],
    ) -> None:
        self.summary = summary
        self.orders = orders
        self.reports = reports
        self.equity = equity
        self.config = config
        self.instruments = instruments
        self.recorded: Mapping[str, NDArray[Any]] = {}

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
    ) -> Result:
        """Read the kernel's counters and money, and compute the rest from the frames and the tape."""
        orders, reports = recording.arrays()
        counters = ffi.new("nt_counters *")
        check(lib.nt_read_counters(handle, counters), handle)
        view = ffi.new("nt_account_view *")
        gross = fees = equity = cash = 0
        states = {}
        for index, (name, account) in enumerate(config.accounts.items()):
            check(lib.nt_read_account(handle, index, view), handle)
            gross += view.realized_pnl + view.unrealized_pnl
            fees += view.fees
            equity += view.equity
            cash += int(Decimal(str(account.cash)).scaleb(MONEY_DECIMALS))
            states[name] = abi.TradingState(view.state).name
        status = ffi.new("nt_status *")
        check(lib.nt_read_status(handle, status), handle)
        learnt = "ts_recv" if status.clock == abi.NT_CLOCK_TAPE else "ts_event"  # in real time only that is the tape's time
        curve = _equity_curve(config, instruments, reports, source, int(counters.ticks), learnt)
        fall, high = max_drawdown(np.concatenate((np.array([cash], np.int64), curve["equity"], np.array([equity], np.int64))))
        denied = {REASONS[100 + i]: int(n) for i, n in enumerate(counters.denied) if n}
        summary: dict[str, Any] = {
            "name": config.name,
            "source": source.name if source is not None else None,
            "source_sha256": source.sha256 if source is not None else None,
            "ticks": int(counters.ticks),
            "orders": {"accepted": int(counters.orders_accepted), "denied": denied},
            "fills": int(counters.fills),
            "pnl": {"gross": _money(gross), "fees": _money(fees), "net": _money(gross - fees)},
            "equity_final": _money(equity),
            "drawdown": {"money": _money(fall), "ratio": fall / high if high > 0 else 0.0},
            "accounts": states,
            "latency_ns": {
                "tick_to_order": _latency(handle, abi.NT_LATENCY_TICK_TO_ORDER),
                "order_to_report": _latency(handle, abi.NT_LATENCY_ORDER_TO_REPORT),
            },
            "peak_memory_bytes": peak_memory_bytes(),
            "elapsed_s": round(elapsed_s, 6),
            "digest": hashlib.sha256(reports.tobytes()).hexdigest(),
            "limits": {row.name: row.value for row in describe_limits(config) if row.name in Limits.__struct_fields__},
            "assumptions": [*(source.assumptions if source is not None else ()), *venue_assumptions(config)],
        }
        return cls(summary, orders, reports, curve, config, instruments)

    @property
    def fills(self) -> NDArray[Any]:
        """Reports of fills."""
        chosen: NDArray[Any] = self.reports[self.reports["exec_type"] == abi.NT_EXEC_TRADE]
        return chosen

    def to_polars(self, table: Literal["orders", "reports", "equity"]) -> Any:
        """A table as a polars DataFrame of raw values. MissingExtra without polars."""
        try:
            import polars
        except ImportError as error:
            raise MissingExtra.of("a polars table", "polars") from error

        if table not in ("orders", "reports", "equity"):
            raise InvalidArgument(f"there is no table {table!r}; the tables are orders, reports and equity")
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
            ("largest drawdown", f"{s['drawdown']['money']:,.2f} ({s['drawdown']['ratio']:.2%})"),
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


def _latency(handle: int, kind: int) -> dict[str, int | None]:
    row = ffi.new("nt_latency *")
    check(lib.nt_read_latency(handle, kind, row), handle)
    if row.count == 0:
        return {"p50": None, "p99": None, "p999": None}
    return {"p50": int(row.p50_ns), "p99": int(row.p99_ns), "p999": int(row.p999_ns)}


def peak_memory_bytes() -> int:
    """Highest resident memory of this process so far (VmHWM)."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise OSError("the system does not tell the peak memory of this process")


def venue_assumptions(config: Config) -> list[str]:
    """What the paper venue assumes, in sentences."""
    venue = config.venue
    ticks = "1 tick" if venue.slippage_ticks == 1 else f"{venue.slippage_ticks} ticks"
    latency = f"Orders reach the venue {venue.latency_in_us} µs after they were taken; answers come back after {venue.latency_out_us} µs"
    latency += "".join(
        f"; {', '.join(place.symbols)} at {name}: {place.latency_in_us} and {place.latency_out_us} µs"
        for name, place in config.venues.items()
    )
    latency += ", until the tape says what its feed took, and then that long each way." if venue.latency == "measured" else "."
    if venue.fill_model == "conservative":
        return [latency, f"A market order fills at its print, {ticks} worse: the only adjustment. The final mark is the last trade."]
    shrinks = "all of it was behind" if venue.fill_model == "queue" else "the part behind the order is what the queue's shape suggests"
    return [
        latency,
        f"A market order fills at the opposite quote, {ticks} worse, at most its displayed size; the rest waits for the next quote.",
        "A resting order waits behind the size displayed at its price; trades at its price shorten that queue, then fill it; a trade or a "
        "quote through its price fills it, at most by its size.",
        f"Where displayed size shrinks without a trade, {shrinks}.",
        "The final mark is the last trade, or the middle of the quote where there was none.",
    ]


def _equity_curve(
    config: Config, instruments: Mapping[str, Instrument], reports: NDArray[Any], source: Source | None, taken: int, learnt: str
) -> NDArray[Any]:
    """Equity of all accounts together at up to 10,000 points of the tape and at its lowest between them, from fills and trades: those
    among the `taken` first ticks. `learnt` is the column of the fills that has the tape's time.

    Profit of one instrument is money received less money paid plus the position at the last trade; each is floored to raw money as the
    kernel does, so the last point is the kernel's equity.
    """
    if source is None:
        return np.empty(0, EQUITY)
    cash = sum(int(Decimal(str(account.cash)).scaleb(MONEY_DECIMALS)) for account in config.accounts.values())
    index = list(instruments).index(source.symbols[0])
    fills = reports[(reports["exec_type"] == abi.NT_EXEC_TRADE) & (reports["instrument"] == index)]
    fills = fills[np.argsort(fills[learnt], kind="stable")]
    account = next(iter(config.accounts.values()))
    terms = terms_row(instruments[source.symbols[0]], account, config.limits)
    numerator, denominator = terms["value_numerator"], max(terms["value_denominator"], 1)
    signed = np.where(fills["side"] == abi.NT_SIDE_BUY, fills["last_quantity"], -fills["last_quantity"])
    position = np.concatenate(([0], np.cumsum(signed)))
    flow = np.concatenate(([0], np.cumsum(-signed * fills["last_price"])))
    fees = np.concatenate(([0], np.cumsum(fills["fee"])))
    parts = []
    step = max(1, source.rows // _EQUITY_POINTS)
    ticks = source.ticks[:taken]
    for begin in range(0, len(ticks), max(_CHUNK // step, 1) * step):
        give_back(ticks, begin)
        chunk = ticks[begin : begin + max(_CHUNK // step, 1) * step]
        chunk = chunk[(chunk["kind"] == abi.NT_TICK_TRADE) & (chunk["instrument"] == index)]
        if len(chunk) == 0:
            continue
        at = np.searchsorted(fills[learnt], chunk["ts_event"], side="right")
        product = flow[at] + position[at] * chunk["price"]
        if denominator == 1 and int(np.abs(product).max(initial=0)) <= 2**62 // max(numerator, 1):
            money = product * numerator
        else:
            money = np.array([int(p) * numerator // denominator for p in product.tolist()], np.int64)
        equity = cash + money - fees[at]
        starts = np.arange(0, len(chunk), step)
        lowest = np.minimum.reduceat(equity, starts)
        points = np.empty(len(starts), EQUITY)
        points["ts"] = chunk["ts_event"][starts]
        points["equity"] = lowest
        parts.append(points)
    return np.concatenate(parts) if parts else np.empty(0, EQUITY)
