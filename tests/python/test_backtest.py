"""One call from a strategy to its result: private, repeatable, and clear about what is wrong."""

from __future__ import annotations

import datetime
import threading
from pathlib import Path

import msgspec
import pytest
from support import TEST, config_of, walk, write_tape
from support_peers import Turns

import neural_trader as nt
from neural_trader.backtest import alternatives
from neural_trader.config import AccountConfig, SourceConfig, VenueLatency
from neural_trader.errors import ConfigError, SourceError
from neural_trader.instruments import Instrument, Session


@pytest.fixture
def tape(tmp_path: Path) -> str:
    return write_tape(tmp_path / "trades.csv", walk(500))


def shared() -> list[str]:
    return [path.name for path in Path("/dev/shm").glob("nt.backtest-test*")]


class Looks(nt.Strategy):
    """Notes what it sees."""

    def on_start(self, client: nt.Client) -> None:
        self.started = (client.symbols, client.name)
        self.ticks = 0
        self.slices = 0
        self.shared: list[str] = []

    def on_ticks(self, client: nt.Client, ticks: nt.Ticks) -> None:
        times = ticks.raw["ts_event"]
        assert (times == times[0]).all()  # a slice is one time stamp
        assert client.now_ns == times[0]
        self.ticks += len(ticks)
        self.slices += 1
        self.shared += shared()

    def on_stop(self, client: nt.Client) -> None:
        self.stopped = client.ended


def test_a_strategy_sees_every_tick_in_private_memory(tape: str) -> None:
    strategy = Looks()
    result = nt.backtest(strategy, tape, config_of("backtest-test"))
    assert strategy.started == (("TEST",), "Looks")
    assert strategy.ticks == 501  # with the opening of the session
    assert 300 < strategy.slices < 501
    assert strategy.shared == []
    assert strategy.stopped
    assert result.summary["ticks"] == 502


def test_the_same_again_and_beside_itself(tape: str) -> None:
    config = config_of("backtest-test")
    expected = nt.backtest(Turns(), tape, config).summary["digest"]
    found: list[str] = []
    workers = [threading.Thread(target=lambda: found.append(nt.backtest(Turns(), tape, config).summary["digest"])) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert found == [expected] * 4
    assert nt.backtest(Turns(offset=1), tape, config).summary["digest"] != expected


def test_limits_replace_those_of_the_configuration(tape: str) -> None:
    config = config_of("backtest-test", limits=nt.Limits(max_order_quantity=5, max_position=100))
    replaced = nt.backtest(Turns(), tape, config, limits=nt.Limits(max_order_quantity=0))
    assert replaced.summary["fills"] == replaced.summary["orders"]["accepted"] == 0
    assert replaced.summary["orders"]["denied"]["QUANTITY_EXCEEDS_MAXIMUM"] > 10
    assert replaced.config.limits.max_position is None
    assert nt.backtest(Turns(), tape, config).summary["fills"] > 10


def test_progress_is_told_to_the_end(tmp_path: Path) -> None:
    tape = write_tape(tmp_path / "long.csv", [(number, 1000 + number % 2 / 4, 1) for number in range(140_000)])
    seen: list[tuple[int, int]] = []
    nt.backtest(nt.Strategy(), tape, config_of("backtest-test"), progress=lambda done, total: seen.append((done, total)))
    assert {total for _, total in seen} == {140_002}
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert seen[-1] == (140_002, 140_002)
    assert len(seen) >= 3


def test_what_is_wrong_is_said(tmp_path: Path, tape: str) -> None:
    with pytest.raises(SourceError, match=r"nowhere\.csv: cannot be read"):
        nt.backtest(nt.Strategy(), str(tmp_path / "nowhere.csv"), config_of("backtest-test"))
    with pytest.raises(SourceError, match="there is no sample 'none'"):
        nt.backtest(nt.Strategy(), "sample:none")
    with pytest.raises(SourceError, match="its instrument is not configured"):
        nt.backtest(nt.Strategy(), tape)
    with pytest.raises(SourceError, match="time zone"):
        nt.backtest(nt.Strategy(), tape, config_of("backtest-test", source=SourceConfig()))
    with pytest.raises(ConfigError, match=r"limits\.max_position"):
        nt.backtest(nt.Strategy(), tape, config_of("backtest-test"), limits=nt.Limits(max_position=float("nan")))
    with pytest.raises(ConfigError, match=r"accounts\.main\.currency"):
        nt.backtest(nt.Strategy(), tape, config_of("backtest-test", accounts={"main": AccountConfig(currency="EUR", cash=1)}))
    off_tick = Instrument(tick_size=1, currency="USD", max_price=10_000)
    with pytest.raises(SourceError, match=r"trades\.csv:"):
        nt.backtest(nt.Strategy(), tape, config_of("backtest-test", instruments={"TEST": off_tick}))
    assert shared() == []


def test_prices_beyond_the_bound_of_the_instrument_are_refused(tmp_path: Path) -> None:
    tape = write_tape(tmp_path / "t.csv", [(0, 1000, 1), (1, float(TEST.max_price) + 0.25, 1)])
    with pytest.raises(SourceError, match=r"t\.csv:3: "):
        nt.backtest(nt.Strategy(), tape, config_of("backtest-test"))


def test_a_tape_with_more_sessions_than_trades(tmp_path: Path) -> None:
    session = Session(days="Mon-Fri", opens=datetime.time(9, 30), closes=datetime.time(16))
    days = [day for day in range(900) if day % 7 < 5]
    tape = write_tape(tmp_path / "daily.csv", [(day * 86_400_000, 1000 + day / 4, 5) for day in days])
    config = config_of("backtest-test", instruments={"TEST": msgspec.structs.replace(TEST, session=session)})
    result = nt.backtest(Looks(), tape, config)
    assert result.summary["ticks"] == 3 * len(days) + 1 - 1  # each day opens and closes, but the last does not close; and the end
    assert len(result.equity) == len(days)


class Interrupted(nt.Strategy):
    """Is stopped from the keyboard."""

    def on_ticks(self, client: nt.Client, ticks: nt.Ticks) -> None:
        raise KeyboardInterrupt


def test_an_interrupt_leaves_nothing_behind(tape: str, kernel_name: str) -> None:
    with pytest.raises(KeyboardInterrupt):
        nt.backtest(Interrupted(), tape, config_of(kernel_name))
    with pytest.raises(KeyboardInterrupt), nt.Kernel(config_of(kernel_name)) as kernel:
        kernel.run(tape, Interrupted())
    with nt.Kernel(config_of(kernel_name)) as kernel:
        assert kernel.run(tape, Looks()).summary["ticks"] == 502
    assert not list(Path("/dev/shm").glob(f"nt.{kernel_name}.*"))


def test_alternatives_of_a_configuration() -> None:
    config = config_of("base", instruments={"TEST": TEST}, venue=nt.VenueConfig(fill_model="queue", latency_in_us=0, latency_out_us=30))
    config = msgspec.structs.replace(config, venues={"far": VenueLatency(symbols=("TEST",), latency_in_us=5, latency_out_us="0.5")})
    found = {other.name: (other.venue.fill_model, other.venue.latency_in_us, other.venue.latency_out_us) for other in alternatives(config)}
    assert found == {
        "conservative": ("conservative", 0, 30),
        "probabilistic": ("probabilistic", 0, 30),
        "no-latency": ("queue", 0, 0),
        "slower": ("queue", 1000, 120),
    }
    assert [other.venues["far"].latency_ns for other in alternatives(config)] == [(5000, 500), (5000, 500), (0, 0), (20_000, 2000)]
    measured = msgspec.structs.replace(config, venue=nt.VenueConfig(latency="measured"))
    assert [other.name for other in alternatives(measured)] == ["queue", "probabilistic"]
    assert all(other.limits == config.limits and other.instruments == config.instruments for other in alternatives(config))


def test_names_of_strategies(tape: str) -> None:
    class Überlang_und_mit_Zeichen_die_nicht_gehen(nt.Strategy):  # noqa: N801, PLC2401
        def on_start(self, client: nt.Client) -> None:
            self.name = client.name

    strategy = Überlang_und_mit_Zeichen_die_nicht_gehen()
    nt.backtest(strategy, tape, config_of("backtest-test"))
    assert strategy.name == "-berlang_und_mit_Zeichen"
    first, second = Looks(), Looks()
    with nt.Kernel(config_of("backtest-test"), private=True) as kernel:
        kernel.run(tape, first, second)
    assert (first.started[1], second.started[1]) == ("Looks", "Looks-2")
    assert first.ticks == second.ticks == 501
