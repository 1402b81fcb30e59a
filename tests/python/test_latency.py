"""Latency of the venue: constant, of some instruments, and as measured by the tape."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest
from support import COIN, TEST, config_of

from neural_trader._native import abi
from neural_trader.client import Client
from neural_trader.config import Config, VenueConfig, VenueLatency
from neural_trader.config_check import validate_config
from neural_trader.errors import ConfigError, SourceError
from neural_trader.kernel import Kernel
from neural_trader.records import Report, Ticks
from neural_trader.result import venue_assumptions
from neural_trader.sources import Source
from neural_trader.strategy import Strategy

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND
_REPORT_NAMES = list(abi.NT_REPORT.names)
INSTRUMENTS = {"TEST": msgspec.structs.replace(TEST, symbol="TEST"), "COIN": msgspec.structs.replace(COIN, symbol="COIN")}


def configured(**changes: Any) -> Config:
    return config_of("latency", instruments=INSTRUMENTS, **changes)


def tape(measured: dict[int, tuple[int, int]] | None = None, symbols: tuple[str, ...] = ("TEST", "COIN")) -> Source:
    """Prints of both instruments every millisecond for two seconds; `measured` latencies of instruments at the first."""
    ticks = np.zeros(4001 + len(measured or {}), abi.NT_TICK)
    for row, (instrument, (latency_in, latency_out)) in zip(ticks, (measured or {}).items(), strict=False):
        row["ts_event"], row["kind"], row["instrument"] = START - 1, abi.NT_TICK_LATENCY, instrument
        row["price"], row["size"] = latency_in, latency_out
    prints = ticks[len(measured or {}) :]
    prints["ts_event"] = START + np.arange(len(prints)) // 2 * 1_000_000
    prints["instrument"] = np.arange(len(prints)) % 2
    prints["price"], prints["size"], prints["aggressor"], prints["kind"] = 100_000, 1, abi.NT_SIDE_BUY, abi.NT_TICK_TRADE
    prints[-1]["kind"], prints[-1]["price"], prints[-1]["size"], prints[-1]["aggressor"] = abi.NT_TICK_END, 0, 0, 0
    ts = ticks["ts_event"]
    ticks["flags"][:-1][ts[1:] > ts[:-1]] = abi.NT_TICK_LAST_OF_SLICE
    ticks["flags"][-1] = abi.NT_TICK_LAST_OF_SLICE
    return Source(name="made", symbols=symbols, instruments=INSTRUMENTS, ticks=ticks, rows=4000, assumptions=(), sha256="0" * 64)


class Once(Strategy):
    """Sends one order of each instrument at the first slice and keeps when they were answered."""

    def on_start(self, client: Client) -> None:
        self.answered: dict[str, tuple[int, int]] = {}
        self.sent = False

    def on_ticks(self, client: Client, ticks: Ticks) -> None:
        if not self.sent and ticks.raw["kind"][0] == abi.NT_TICK_TRADE:
            self.sent = True
            client.submit("TEST", "BUY", 1, 900)
            client.submit("COIN", "BUY", 1, 900)

    def on_report(self, client: Client, report: Report) -> None:
        if report.kind == "NEW":
            self.answered[report.symbol] = tuple(report.raw[_REPORT_NAMES.index(name)] - START for name in ("ts_event", "ts_recv"))


def answered(config: Config, source: Source) -> dict[str, tuple[int, int]]:
    strategy = Once()
    with Kernel(config, private=True) as kernel:
        kernel.run(source, strategy)
    return strategy.answered


def test_one_latency_for_all() -> None:
    config = configured(venue=VenueConfig(latency_in_us=250, latency_out_us=150))
    assert answered(config, tape({0: (1, 1)})) == {"TEST": (250_000, 400_000), "COIN": (250_000, 400_000)}


def test_venues_have_their_own() -> None:
    near = VenueLatency(symbols=("COIN",), latency_in_us=3, latency_out_us=0.5)
    config = configured(venue=VenueConfig(latency_in_us=250, latency_out_us=150), venues={"near": near})
    assert answered(config, tape()) == {"TEST": (250_000, 400_000), "COIN": (3_000, 3_500)}
    (sentence, *_) = venue_assumptions(config)
    assert sentence.endswith("after 150 µs; COIN at near: 3 and 0.5 µs.")


def test_as_the_tape_measured_it() -> None:
    config = configured(venue=VenueConfig(latency="measured"))
    assert answered(config, tape({0: (700_000, 200_000), 1: (30, 40)})) == {"TEST": (700_000, 900_000), "COIN": (30, 70)}
    assert "until the tape says what its feed took" in venue_assumptions(config)[0]


def test_a_tape_that_does_not_tell_is_refused() -> None:
    config = configured(venue=VenueConfig(latency="measured"))
    with pytest.raises(SourceError, match=r"made: does not tell when the ticks of COIN left their venue; set venue.latency to constant"):
        answered(config, tape({0: (1, 1)}))
    assert answered(config, tape({0: (1, 2)}, symbols=("TEST",)))["TEST"] == (1, 3)


def test_wrong_venues_are_refused() -> None:
    place = VenueLatency(symbols=("COIN",), latency_in_us=1, latency_out_us=1)
    wrong = {"near": place, "far": place}
    assert [str(problem) for problem in validate_config(configured(venues=wrong))] == [
        "venues.far.symbols: names COIN, which near has too; keep it in one"
    ]
    unknown = configured(venues={"near": msgspec.structs.replace(place, symbols=("COIM",))})
    assert [str(problem) for problem in validate_config(unknown)] == [
        "venues.near.symbols: names COIM, which is no instrument; did you mean COIN?"
    ]
    with pytest.raises(ConfigError, match="did you mean COIN"):
        Kernel(unknown, private=True).run(tape(), Once())
    (problem,) = validate_config({"name": "x", "accounts": {"a": {"currency": "USD", "cash": 1}}, "venue": {"latency": "guessed"}})
    assert problem.path == "venue.latency"
    (problem,) = validate_config(
        {"name": "x", "accounts": {"a": {"currency": "USD", "cash": 1}}, "venues": {"v": {"symbols": ["A"], "latency_in_us": 1}}}
    )
    assert problem.path == "venues.v.latency_out_us"
