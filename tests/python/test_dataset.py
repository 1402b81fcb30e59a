"""Rows to learn from: what the kernel reads when a model's clock ticks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import COIN, TEST, config_of, write_tape
from test_signals import TRADES, Watcher, with_model

from neural_trader import Kernel
from neural_trader._native import abi
from neural_trader.errors import InvalidArgument, NoData, NotFound, SourceError
from neural_trader.models import dataset, labels
from neural_trader.sources import open_source
from neural_trader.sources.source import Source


def test_rows_are_what_a_model_in_the_kernel_sees(tmp_path: Path) -> None:
    source = write_tape(tmp_path / "t.csv", TRADES)
    config = with_model(tmp_path, "rows")
    watcher = Watcher(trade=False)
    with Kernel(config, private=True) as kernel:
        kernel.run(source, watcher)
    found = dataset.read(source, config)
    columns = [found.names.index(name) for name in ("return_4", "trade_flow_16", "sign_8", "run")]
    assert found.features[:, columns].tolist() == [list(row) for row in watcher.features]
    assert found.ts_event.tolist() == [signal.ts_event for signal in watcher.seen]
    assert found.names == dataset.feature_names()
    assert len(found) == len(found.mid) == found.features.shape[0]
    assert found.features.shape[1] == len(found.names) == abi.NT_FEATURE_COUNT
    assert found.tick_size == 0.25
    assert found.implied


def test_prices_are_in_ticks_and_events_lead_to_labels(tmp_path: Path) -> None:
    trades = [(i, 100 + 0.25 * (i // 3), 1) for i in range(30)]
    found = dataset.read(write_tape(tmp_path / "t.csv", trades), config_of("x"), clock="trade", every=3)
    assert len(found) == 10
    assert found.last.tolist() == [400.0 + i for i in range(10)]
    assert (found.ask - found.bid == 1).all()
    assert (found.mid == (found.ask + found.bid) / 2).all()
    assert found.event.tolist() == list(range(2, 30, 3))
    assert len(found.event_ts) == len(found.event_mid) == 30
    assert (found.event_mid[found.event] == found.mid).all()
    assert (found.event_ts[found.event] == found.ts_event).all()
    made = labels.mid_move(found.event_mid, found.event_ts, horizon=6).at(found.event)
    assert made.moves[:8].tolist() == [2.0] * 8


@pytest.mark.parametrize(
    ("clock", "every", "rows"), [("tick", 1, 60), ("trade", 1, 60), ("trade", 7, 8), ("time_change", 1, 20), ("tick", 60, 1)]
)
def test_the_clock_says_which_rows(tmp_path: Path, clock: Any, every: int, rows: int) -> None:
    trades = [(i // 3 * 10, 100 + 0.25 * (i % 5), 1 + i % 3) for i in range(60)]
    source = write_tape(tmp_path / "t.csv", trades)
    assert len(dataset.read(source, config_of("x"), clock=clock, every=every)) == rows


def test_the_digest_and_progress(tmp_path: Path) -> None:
    source = write_tape(tmp_path / "t.csv", TRADES)
    seen: list[tuple[int, int]] = []
    found = dataset.read(source, config_of("x"), progress=lambda done, of: seen.append((done, of)))
    assert seen[-1][0] == seen[-1][1]
    assert found.sha256 == dataset.read(source, config_of("y")).sha256
    other = [*TRADES[:-1], (TRADES[-1][0], TRADES[-1][1] + 0.25, TRADES[-1][2])]
    assert found.sha256 != dataset.read(write_tape(tmp_path / "u.csv", other), config_of("x")).sha256
    assert len(found.sha256) == 64


def test_what_comes_later_does_not_change_rows(tmp_path: Path) -> None:
    whole = dataset.read(write_tape(tmp_path / "t.csv", TRADES), config_of("x"), clock="trade")
    part = dataset.read(write_tape(tmp_path / "u.csv", TRADES[:200]), config_of("x"), clock="trade")
    assert part.features.tobytes() == whole.features[:200].tobytes()
    assert part.mid.tobytes() == whole.mid[:200].tobytes()


def test_sessions_and_gaps_are_counted(tmp_path: Path) -> None:
    tape = open_source(write_tape(tmp_path / "t.csv", TRADES[:100]), config_of("x"))
    ticks = tape.ticks.copy()
    ticks["kind"][40], ticks["instrument"][40] = abi.NT_TICK_GAP, abi.NT_NONE
    broken = Source(tape.name, tape.symbols, tape.instruments, ticks, tape.rows, (), tape.sha256)
    found = dataset.read(broken, clock="trade")
    before = dataset.read(tape, clock="trade")
    assert len(found) == len(before) - 1
    assert set(np.diff(found.resets.astype(int)).tolist()) == {0, 1}
    assert found.resets[-1] == before.resets[-1] + 1


def test_one_of_several_instruments(tmp_path: Path) -> None:
    one, two = write_tape(tmp_path / "t.csv", TRADES), write_tape(tmp_path / "u.csv", TRADES[:50])
    config = config_of("x", instruments={"TEST": TEST, "COIN": COIN})
    sources = (f"TEST={one}", f"COIN={two}")
    with pytest.raises(InvalidArgument, match="say which symbol"):
        dataset.read(sources, config)
    with pytest.raises(NotFound, match="there is no symbol 'NONE'; this source has TEST, COIN"):
        dataset.read(sources, config, symbol="NONE")
    assert len(dataset.read(sources, config, symbol="COIN", clock="trade")) == 50
    assert dataset.read(sources, config, symbol="TEST").features.tobytes() == dataset.read(one, config_of("y")).features.tobytes()


def test_what_is_wrong_is_said(tmp_path: Path) -> None:
    source = write_tape(tmp_path / "t.csv", TRADES[:20])
    for arguments in ({"clock": "second"}, {"every": 0}, {"every": True}, {"every": 2**32}, {"every": 1.5}):
        with pytest.raises(InvalidArgument):
            dataset.read(source, config_of("x"), **arguments)  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument, match=r"every is 99999999999; .* 1 to 4294967295"):
        dataset.read(source, config_of("x"), every=99_999_999_999)
    with pytest.raises(NoData, match="quote"):
        dataset.read(source, config_of("x"), clock="quote")
    with pytest.raises(SourceError):
        dataset.read(str(tmp_path / "none.csv"))
