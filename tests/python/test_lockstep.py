"""A tape gives the same reports whoever runs what: one process, a thread, or a process each; and it survives a strategy's death."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from support import Market, Peer, config_of, segments, until, walk, write_tape
from support_peers import Turns

import neural_trader as nt
from neural_trader._native import abi
from neural_trader.config import VenueConfig
from neural_trader.errors import StateError, WouldDeadlock
from neural_trader.kernel import Kernel
from neural_trader.result import Result

NAMES = ("First", "Second")


@pytest.fixture
def tape(tmp_path: Path) -> str:
    return write_tape(tmp_path / "trades.csv", walk(600))


def configured(name: str) -> nt.Config:
    limits = nt.Limits(max_order_quantity=10, max_position=8, max_open_orders=6)
    return config_of(name, limits=limits, venue=VenueConfig(latency_in_us=250, latency_out_us=250))


class First(Turns):
    pass


class Second(Turns):
    offset: int = 3


def one_process(name: str, tape: str) -> Result:
    with Kernel(configured(name)) as kernel:
        return kernel.run(tape, First(), Second())


def threads(name: str, tape: str) -> Result:
    with Kernel(configured(name), participants=2) as kernel:
        kernel.start(tape)
        clients = [kernel.client(each) for each in NAMES]  # channels in this order
        workers = [
            threading.Thread(target=client.run, args=(strategy,)) for client, strategy in zip(clients, (First(), Second()), strict=True)
        ]
        for worker in reversed(workers):  # whoever comes first, channels decide
            worker.start()
        for worker in workers:
            worker.join(60)
        result = kernel.stop()
        for client in clients:
            client.close()
        return result


def processes(name: str, tape: str) -> Result:
    with Kernel(configured(name), participants=2) as kernel:
        kernel.start(tape, feed=False)
        with Peer("strategy", name=name, client=NAMES[0]) as first:
            assert first.hear() == "attached"
            with Peer("strategy", name=name, client=NAMES[1], offset=3) as second, Peer("feed", name=name, source=tape) as feed:
                assert second.hear() == "attached"
                assert first.hear() == second.hear() == "ended"
                assert feed.hear() == 602  # with the opening of the session and the end
                return kernel.stop()


def test_one_process_threads_or_processes_give_the_same_reports(tape: str, kernel_name: str) -> None:
    expected = one_process(kernel_name, tape)
    kinds = {abi.ExecType(kind).name for kind in expected.reports["exec_type"].tolist()}
    assert kinds >= {"NEW", "TRADE", "CANCELED", "REPLACED", "DENIED"}
    assert set(expected.reports["channel"].tolist()) == {0, 1}
    assert expected.summary["fills"] > 50
    for run in (one_process, threads, threads, processes, processes):
        result = run(kernel_name, tape)
        assert result.reports.tobytes() == expected.reports.tobytes(), run.__name__
        assert result.orders.tobytes() == expected.orders.tobytes(), run.__name__
        same = ("digest", "fills", "orders", "pnl", "equity_final", "drawdown", "ticks")
        assert {key: result.summary[key] for key in same} == {key: expected.summary[key] for key in same}
    assert segments(kernel_name) == []


class Both(nt.Strategy):
    """One order in the first slice."""

    number: int = 0

    def on_ticks(self, client: nt.Client, ticks: nt.Ticks) -> None:
        self.number += 1
        if self.number == 1:
            client.submit("TEST", "BUY", 1)


def test_orders_of_one_slice_are_taken_in_channel_order(tmp_path: Path, kernel_name: str) -> None:
    tape = write_tape(tmp_path / "t.csv", [(0, 1000, 5), (100, 1000.25, 1), (200, 1000.5, 1), (300, 1000.75, 5)])
    with Kernel(config_of(kernel_name), participants=2) as kernel:
        kernel.start(tape)
        first, second = kernel.client("first"), kernel.client("second")
        later = threading.Thread(target=first.run, args=(Both(),))
        other = threading.Thread(target=second.run, args=(Both(),))
        other.start()
        later.start()
        later.join(30)
        other.join(30)
        result = kernel.stop()
    fills = result.fills
    # Channel 0 has the first venue id, so the first print's volume of one is its own.
    assert fills["channel"].tolist() == [0, 1]
    assert fills["venue_order_id"].tolist() == [1, 2]
    assert fills["ts_event"][0] < fills["ts_event"][1]


def test_a_killed_strategy_leaves_the_tape_to_the_others(tmp_path: Path, kernel_name: str) -> None:
    tape = write_tape(tmp_path / "t.csv", walk(400))
    with Kernel(configured(kernel_name), participants=2) as kernel:
        kernel.start(tape)
        with Peer("strategy", name=kernel_name, client="Doomed", stop_at=60) as doomed:
            assert doomed.hear() == "attached"
            client = kernel.client("Survivor")
            survivor = Turns()
            worker = threading.Thread(target=client.run, args=(survivor,))
            worker.start()
            assert doomed.hear() == "stopped"  # in its callback: the tape waits
            until(lambda: survivor.slices == 60, "the survivor")
            worker.join(0.2)
            assert worker.is_alive()
            assert survivor.slices == 60
            doomed.kill()
            worker.join(30)
            assert not worker.is_alive()
        result = kernel.stop()
        client.close()
    assert survivor.slices > 200
    mine, theirs = (result.reports[result.reports["channel"] == channel] for channel in (1, 0))
    assert mine[-1]["ts_event"] > theirs[-1]["ts_event"]
    cancelled = theirs[theirs["exec_type"] == abi.NT_EXEC_CANCELED][-2:]
    assert cancelled["reason"].tolist() == [abi.NT_REASON_CLIENT_DEATH] * 2
    leaves = {int(report["client_order_id"]): int(report["leaves_quantity"]) for report in theirs}
    assert not any(leaves.values())


def test_waiting_in_a_callback_is_refused(tape: str, kernel_name: str) -> None:
    class Waits(nt.Strategy):
        def on_start(self, client: nt.Client) -> None:
            self.raised: list[str] = []
            self.waits(client)

        def waits(self, client: nt.Client) -> None:
            with pytest.raises(WouldDeadlock, match="use submit"):
                client.execute("TEST", "BUY", 1)
            self.raised.append("refused")

        def on_ticks(self, client: nt.Client, ticks: nt.Ticks) -> None:
            if len(self.raised) < 2:
                self.waits(client)

        def on_stop(self, client: nt.Client) -> None:
            self.raised.append(client.execute("TEST", "BUY", 1, 900).status)

    for threaded in (False, True):
        strategy = Waits()
        with Kernel(config_of(kernel_name), participants=1) as kernel:
            if threaded:
                kernel.start(tape)
                with kernel.client("Waits") as client:
                    client.run(strategy)
                result = kernel.stop()
            else:
                result = kernel.run(tape, strategy)
        assert strategy.raised == ["refused", "refused", "NEW"]
        assert result.summary["orders"]["accepted"] == 1


def test_orders_sent_at_the_end_are_taken_and_answered(tape: str, kernel_name: str) -> None:
    class Leaves(nt.Strategy):
        def on_start(self, client: nt.Client) -> None:
            self.answers: list[str] = []

        def on_stop(self, client: nt.Client) -> None:
            client.submit("TEST", "BUY", 1, 900)
            client.submit("TEST", "BUY", 1, 0)

        def on_report(self, client: nt.Client, report: nt.Report) -> None:
            self.answers.append(report.reason or report.kind)
            assert (report.reason or report.kind) in repr(report)

    for run_it in (True, False):
        strategy = Leaves()
        with Kernel(config_of(kernel_name), participants=0 if run_it else 1) as kernel:
            if run_it:
                kernel.run(tape, strategy)
            else:
                kernel.start(tape)
                with kernel.client("Leaves") as client:
                    client.run(strategy)
        assert sorted(strategy.answers) == ["NEW", "PRICE_NOT_POSITIVE"]


def test_a_participant_that_never_polls_is_an_error_where_nobody_can_wait(tape: str, kernel_name: str) -> None:
    class Invites(nt.Strategy):
        def on_start(self, client: nt.Client) -> None:
            self.other = kernel.client("other")
            self.other.subscribe()

    with Kernel(config_of(kernel_name)) as kernel, pytest.raises(StateError, match="does not go on at tick 3 of 602"):
        kernel.run(tape, Invites())


def test_lockstep_is_for_tapes(kernel_name: str) -> None:
    with Market(config_of(kernel_name)) as market, market.client() as client, pytest.raises(StateError, match="tape clock"):
        client.subscribe()


def test_an_unsubscribed_client_does_not_hold_the_tape(tape: str, kernel_name: str) -> None:
    with Kernel(config_of(kernel_name)) as kernel:
        kernel.start(tape, feed=False)
        with nt.Client.attach(kernel_name, name="watcher") as watcher:
            kernel.feed()
            assert kernel.wait(30)
            seen = 0
            while not watcher.ended:
                batch = watcher.poll(timeout_s=0.1)
                seen += len(batch.ticks)
                assert batch.lost == 0
            assert seen == 601  # the end is no tick to see
        kernel.stop()


def test_errors_of_a_strategy_pass_through(tape: str, kernel_name: str) -> None:
    class Fails(nt.Strategy):
        where: str

        def on_start(self, client: nt.Client) -> None:
            self.fail("on_start")

        def on_ticks(self, client: nt.Client, ticks: nt.Ticks) -> None:
            client.submit("TEST", "BUY", 1)
            self.fail("on_ticks")

        def on_report(self, client: nt.Client, report: nt.Report) -> None:
            self.fail("on_report")

        def on_stop(self, client: nt.Client) -> None:
            self.fail("on_stop")

        def fail(self, name: str) -> None:
            if self.where == name:
                raise ZeroDivisionError(name)

    for where in ("on_start", "on_ticks", "on_report", "on_stop"):
        with Kernel(config_of(kernel_name)) as kernel, pytest.raises(ZeroDivisionError, match=where):
            kernel.run(tape, Fails(where=where))
        assert segments(kernel_name) == []
