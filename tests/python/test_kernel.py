"""A kernel's life: what it refuses in which state, who may have its name, and what its end leaves behind."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import Market, Peer, answer, config_of, segments, until, walk, write_tape

import neural_trader as nt
from neural_trader._native import abi, ffi, lib
from neural_trader.errors import (
    BadHandle,
    Closed,
    ConfigError,
    InvalidArgument,
    InvalidName,
    KernelDead,
    NameInUse,
    NoData,
    NotFound,
    SourceError,
    StateError,
)
from neural_trader.kernel import Kernel, feed_source, feed_ticks
from neural_trader.records import call


@pytest.fixture
def tape(tmp_path: Path) -> str:
    return write_tape(tmp_path / "trades.csv", walk(300))


# ---- states ----------------------------------------------------------------------------------------------------------------------


def test_before_it_has_started(kernel_name: str) -> None:
    with Kernel(config_of(kernel_name)) as kernel:
        for method in (kernel.stop, kernel.client, kernel.result, kernel.feed):
            with pytest.raises(StateError):
                method()
        with pytest.raises(BadHandle):
            kernel.set_state("HALTED", "nothing runs")
        assert (kernel.running, kernel.ended, kernel.source) == (False, False, None)
        assert segments(kernel_name) == []


def test_it_runs_once(tape: str, kernel_name: str) -> None:
    with Kernel(config_of(kernel_name)) as kernel:
        result = kernel.run(tape, nt.Strategy())
        assert kernel.ended
        for again in (lambda: kernel.run(tape), lambda: kernel.start(tape)):
            with pytest.raises(StateError, match="make a new one"):
                again()
        assert kernel.result().summary["digest"] == result.summary["digest"]
        with kernel.client("late") as client:  # after the end nothing fills, and every check answers
            assert client.execute("TEST", "BUY", 1, timeout_s=0.01).status == "NEW"
            client.submit("TEST", "BUY", 1, 0)
            assert [report.reason for report in client.poll().reports] == ["PRICE_NOT_POSITIVE"]
        assert kernel.result().summary["orders"] == {"accepted": 1, "denied": {"PRICE_NOT_POSITIVE": 1}}
    assert segments(kernel_name) == []


def test_while_it_runs(tape: str, kernel_name: str) -> None:
    with Kernel(config_of(kernel_name)) as kernel:
        kernel.start(tape)
        assert kernel.running
        assert kernel.wait(30)
        with pytest.raises(StateError, match="call stop first"):
            kernel.result()
        with pytest.raises(StateError, match="nothing to feed"):
            kernel.feed()
        with pytest.raises(StateError, match="make a new one"):
            kernel.start()
        with pytest.raises(InvalidArgument, match="is not one of ACTIVE, REDUCING, HALTED"):
            kernel.set_state("PAUSED", "no such state")  # type: ignore[arg-type]
        assert kernel.stop().summary["ticks"] == 302
        assert not kernel.running
        assert kernel.stop().summary["ticks"] == 302  # again is harmless


def test_wrong_beginnings_leave_nothing(tape: str, kernel_name: str) -> None:
    with Kernel(config_of(kernel_name), realtime=True) as kernel, pytest.raises(StateError, match="run is for tapes"):
        kernel.run(tape)
    with Kernel(config_of(kernel_name, instruments={})) as kernel, pytest.raises(InvalidArgument, match="no instrument"):
        kernel.start()
    with Kernel(config_of(kernel_name)) as kernel, pytest.raises(SourceError, match="cannot be read"):
        kernel.start("/nowhere.csv")
    with Kernel(config_of(kernel_name), participants=9) as kernel, pytest.raises(InvalidArgument, match="participants") as raised:
        kernel.start()
    assert (raised.value.observed, raised.value.limit) == (9, 8)
    assert segments(kernel_name) == []
    with pytest.raises(ConfigError, match="name"):
        Kernel(config_of("a/b"))


def test_a_tape_waits_for_its_participants(tape: str, kernel_name: str) -> None:
    with Kernel(config_of(kernel_name), participants=1) as kernel:
        kernel.start(tape)
        assert not kernel.wait(0.05)
        with kernel.client("only") as client:
            client.run(nt.Strategy())
        assert kernel.wait(30)


def test_ticks_out_of_order_or_out_of_range_are_counted_not_taken(kernel_name: str) -> None:
    with Market(config_of(kernel_name)) as market, market.client() as client:
        market.trade(1000)
        good = client.quote("TEST").last
        before = market.counters()
        tick = market._tick("TEST", abi.NT_TICK_TRADE)
        wrong = []
        for changes in (
            {"instrument": 7},
            {"kind": 0},
            {"kind": 99},
            {"price": 0},
            {"price": 2**62},
            {"price": -100},
            {"size": 0},
            {"size": 2**60},
            {"aggressor": 3},
            {"kind": abi.NT_TICK_SESSION, "price": 9},
            {"kind": abi.NT_TICK_QUOTE, "price": -1},
        ):
            bad = tick.copy()
            bad["price"], bad["size"] = 90_000, 1
            for name, value in changes.items():
                bad[name] = value
            wrong.append(bad)
        client.poll()
        for bad in wrong:
            feed_ticks(market._feed, bad, 0, lambda: False)
        counters = until(lambda: (c := market.counters()).hostile_records >= len(wrong) and c, "the counter")
        assert counters.hostile_records == before.hostile_records + len(wrong)
        assert counters.ticks == before.ticks
        assert client.quote("TEST").last == good
        assert len(client.poll().ticks) == 0


# ---- names -----------------------------------------------------------------------------------------------------------------------


def test_a_name_has_one_living_kernel(kernel_name: str) -> None:
    with Peer("quiet_kernel", name=kernel_name) as other:
        assert other.hear() == "started"
        with Kernel(config_of(kernel_name), realtime=True) as kernel, pytest.raises(NameInUse, match="runs already"):
            kernel.start()
        with nt.Client.attach(kernel_name, name="still") as client:  # unharmed by the attempt
            assert client.execute("TEST", "BUY", 1, 900).status == "NEW"
        assert other.leave() == 0
    assert segments(kernel_name) == []


def test_attach_waits_for_the_kernel(kernel_name: str) -> None:
    found: list[Any] = []

    def attach() -> None:
        with nt.Client.attach(kernel_name, name="early", timeout_s=20) as client:
            found.append(client.execute("TEST", "BUY", 1, 900).status)

    worker = threading.Thread(target=attach)
    worker.start()
    time.sleep(0.05)
    with Market(config_of(kernel_name)):
        worker.join(20)
    assert found == ["NEW"]


def test_attach_gives_up_in_time(kernel_name: str) -> None:
    for timeout_s in (0, 0.05, -1):
        with pytest.raises(NotFound, match=f"no kernel named {kernel_name} runs here"):
            nt.Client.attach(kernel_name, timeout_s=timeout_s)


@pytest.mark.parametrize("name", ["a/b", "/", "../core", ".", ".hidden", "", "x" * 32, "a b", "ä", "a\n"])
def test_names_that_cannot_be_are_refused(kernel_name: str, name: str) -> None:
    with Market(config_of(kernel_name)) as market:
        for attempt in (
            lambda: nt.Client.attach(name, timeout_s=0),
            lambda: nt.Client.attach(kernel_name, name=name, timeout_s=0),
            lambda: market.client(name),
        ):
            with pytest.raises(InvalidName):
                attempt()
    for wrong in (None, 1, b"x", "a\0b"):
        with pytest.raises(InvalidArgument, match="must be text"):
            nt.Client.attach(wrong)  # type: ignore[arg-type]
    assert Path(f"/dev/shm/nt.{kernel_name}.core").exists() is False


def test_a_client_name_is_one_living_client_in_and_out_of_the_process(kernel_name: str) -> None:
    with Market(config_of(kernel_name)) as market, market.client("one") as inside, nt.Client.attach(kernel_name, name="two"):
        for name in ("one", "two"):
            with pytest.raises(NameInUse, match=name):
                nt.Client.attach(kernel_name, name=name)
            with pytest.raises(NameInUse, match=name):
                market.client(name)
        assert inside.execute("TEST", "BUY", 1, 900).status == "NEW"


def test_channels_run_out_and_come_back(kernel_name: str) -> None:
    with Market(config_of(kernel_name)) as market:
        clients = [market.client(f"c{number}") for number in range(8)]
        with pytest.raises(nt.errors.NoChannel, match="every client channel"):
            nt.Client.attach(kernel_name, name="ninth")
        with pytest.raises(nt.errors.NoChannel):
            market.client("ninth")
        clients[3].close()
        ninth = until(lambda: _attached(kernel_name), "a channel")
        assert ninth.execute("TEST", "BUY", 1, 900).status == "NEW"
        for client in (*clients, ninth):
            client.close()


def _attached(name: str) -> nt.Client | None:
    try:
        return nt.Client.attach(name, name="ninth", timeout_s=1)
    except nt.errors.NoChannel:
        return None


def test_one_feed_at_a_time(tape: str, kernel_name: str) -> None:
    with Market(config_of(kernel_name)), pytest.raises(NameInUse, match="the feed of kernel"):
        call(lib.nt_feed_attach, kernel_name.encode(), 0, ffi.new("uint32_t *"))
    with pytest.raises(NotFound):
        call(lib.nt_feed_attach, kernel_name.encode(), 0, ffi.new("uint32_t *"))
    with pytest.raises(SourceError):
        feed_source(kernel_name, "/nowhere.csv", config_of(kernel_name))


# ---- ends ------------------------------------------------------------------------------------------------------------------------


def test_everything_says_that_it_is_closed(kernel_name: str) -> None:
    market = Market(config_of(kernel_name))
    client = market.client()
    market.trade(1000)
    client.close()
    client.close()
    assert repr(client) == "Client('tester', closed)"
    for method in (
        lambda: client.submit("TEST", "BUY", 1),
        lambda: client.submit_batch(_one_order()),
        lambda: client.cancel(1),
        client.cancel_all,
        lambda: client.replace(1, price=1),
        lambda: client.execute("TEST", "BUY", 1),
        client.poll,
        client.subscribe,
        client.orders,
        client.account,
        lambda: client.quote("TEST"),
        lambda: client.position("TEST"),
        lambda: client.features("TEST"),
        lambda: client.now_ns,
        lambda: client.run(nt.Strategy()),
    ):
        with pytest.raises(BadHandle):
            method()
    kernel = market.kernel
    market.close()
    kernel.close()
    for ended in (kernel.stop, kernel.client, kernel.result):
        with pytest.raises(StateError):
            ended()
    assert not kernel.running
    assert segments(kernel_name) == []


def _one_order() -> Any:
    return np.zeros(1, abi.NT_ORDER)


def test_closing_a_kernel_ends_the_polls_of_its_clients(kernel_name: str) -> None:
    market = Market(config_of(kernel_name))
    clients = [market.client(f"c{number}") for number in range(3)]
    ended: list[type[Exception]] = []

    def poll(client: nt.Client) -> None:
        try:
            while True:
                client.poll(timeout_s=30)
        except (Closed, BadHandle) as error:
            ended.append(type(error))

    workers = [threading.Thread(target=poll, args=(client,)) for client in clients]
    for worker in workers:
        worker.start()
    time.sleep(0.1)
    market.close()
    for worker in workers:
        worker.join(20)
        assert not worker.is_alive()
    assert ended == [Closed] * 3
    with pytest.raises(BadHandle):
        clients[0].position("TEST")


def test_a_stopped_kernel_ends_its_strategies(kernel_name: str) -> None:
    class Counts(nt.Strategy):
        def on_start(self, client: nt.Client) -> None:
            self.stopped = 0

        def on_stop(self, client: nt.Client) -> None:
            self.stopped += 1

    with Market(config_of(kernel_name)) as market, nt.Client.attach(kernel_name, name="remote") as remote:
        strategies = [Counts(), Counts(), Counts()]
        local, stoppable = market.client("local"), market.client("stoppable")
        asked = threading.Event()
        workers = [
            threading.Thread(target=local.run, args=(strategies[0],)),
            threading.Thread(target=remote.run, args=(strategies[1],)),
            threading.Thread(target=stoppable.run, args=(strategies[2],), kwargs={"stopping": asked.is_set}),
        ]
        for worker in workers:
            worker.start()
        asked.set()
        workers[2].join(20)
        assert [strategy.stopped for strategy in strategies] == [0, 0, 1]
        market.kernel.stop()
        for worker in workers:
            worker.join(20)
            assert not worker.is_alive()
        assert [strategy.stopped for strategy in strategies] == [1, 1, 1]


def test_after_fork_the_child_has_nothing_and_keeps_nothing(kernel_name: str) -> None:
    with Peer("forks", name=kernel_name) as peer:
        child = peer.hear()
        assert set(child) == {"submit", "poll", "position", "remote", "kernel", "stop", "closed"}
        assert {name: error for name, error in child.items() if name != "closed"} == dict.fromkeys(set(child) - {"closed"}, "Forked")
        assert child["closed"] == "BadHandle"
        assert peer.hear() == ["NEW", "NEW"]  # the parent's go on
        assert len(segments(kernel_name)) > 3
        peer.kill()  # the child lives on, but holds no lock
        with Market(config_of(kernel_name)) as market, market.client() as client:
            assert client.execute("TEST", "BUY", 1, 900).status == "NEW"
    assert segments(kernel_name) == []


def test_reads_before_the_first_tick(kernel_name: str) -> None:
    with Market(config_of(kernel_name)) as market, market.client() as client:
        for method in (client.quote, client.features):
            with pytest.raises(NoData, match="no tick of TEST"):
                method("TEST")
        assert client.position("TEST").quantity == 0
        assert client.account().equity == 100_000


def test_a_lost_kernel_is_noticed_by_every_call_that_waits(kernel_name: str) -> None:
    with Peer("kernel", name=kernel_name) as peer:
        assert peer.hear() == "started"
        calls = {
            "poll": lambda client: [client.poll(timeout_s=30) for _ in range(1000)],  # what had come is delivered first
            "short polls": lambda client: [client.poll(timeout_s=0.001) for _ in range(10_000)],
            "polls without a wait": lambda client: [client.poll() for _ in range(10_000_000)],
            "execute": lambda client: client.execute("TEST", "BUY", 1, 900, timeout_s=30),
            "run": lambda client: client.run(nt.Strategy()),
        }
        clients = {name: nt.Client.attach(kernel_name, name=name.replace(" ", "-")) for name in calls}
        peer.kill()
        for name, client in clients.items():
            with client, pytest.raises(KernelDead):
                calls[name](client)
        with pytest.raises(KernelDead, match="its next start cleans up"):
            nt.Client.attach(kernel_name, timeout_s=0)
        with pytest.raises(KernelDead):
            call(lib.nt_feed_attach, kernel_name.encode(), 0, ffi.new("uint32_t *"))


def test_a_kernel_killed_while_it_starts_or_ends_leaves_a_name_that_works(kernel_name: str) -> None:
    generator = random.Random(5)
    reached = set()
    for _ in range(10):
        with Peer("quiet_kernel", name=kernel_name) as peer:
            if generator.random() < 0.6:  # around its first steps
                wanted = generator.randrange(0, 11)
                deadline = time.monotonic() + 20
                while len(segments(kernel_name)) < wanted and peer.process.poll() is None and time.monotonic() < deadline:
                    pass
            else:
                peer.hear()
                assert peer.process.stdin is not None
                peer.process.stdin.close()
                time.sleep(generator.random() * 0.03)
            peer.kill()
        reached.add(len(segments(kernel_name)))
    assert len(reached) > 1
    with Market(config_of(kernel_name)) as market, market.client() as client:
        market.trade(1000)
        assert client.execute("TEST", "BUY", 1, 900).status == "NEW"
    assert segments(kernel_name) == []


NO_SPACE = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from support import Market, config_of
from neural_trader._native import ffi, lib
from neural_trader.errors import NoSpace
from neural_trader.records import call
shared = Path("/dev/shm")
try:
    Market(config_of("crowded"))
except NoSpace as error:
    print(error.code, error.observed > 0, "shm-size" in str(error), error.errno)
print([path.name for path in shared.iterdir()])
try:
    call(lib.nt_ring_create, b"crowded", 128, 1 << 16, 0, ffi.new("uint32_t *"))
except NoSpace as error:
    print(error.code)
print([path.name for path in shared.iterdir()])
"""


@pytest.mark.parametrize("size", ["64k", "1m", "3m", "5m"])
def test_a_full_shared_memory_is_an_error_at_creation(size: str) -> None:
    if os.geteuid() != 0 or subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode != 0:
        assert os.geteuid() != 0 or os.environ.get("CI") != "true"
        pytest.skip("mounting a small /dev/shm needs the right to make a mount namespace")
    script = f'mount -t tmpfs -o size={size} none /dev/shm && exec "$0" -c "$1" "$2"'
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", script, sys.executable, NO_SPACE, str(Path(__file__).parent)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["-16 True True 28", "[]", "-16", "[]"]


def test_a_halt_cancels_and_denies_until_it_is_active_again(kernel_name: str) -> None:
    with Market(config_of(kernel_name)) as market, market.client() as client:
        order_id = client.execute("TEST", "BUY", 1, 900).order_id
        market.kernel.set_state("HALTED", "a reason that is longer than the forty bytes of its field")
        assert answer(client, order_id).reason == "KILL_SWITCH"
        assert client.account().state == "HALTED"
        assert str(client.execute("TEST", "BUY", 1)) == "DENIED TRADING_HALTED observed=HALTED limit=ACTIVE"
        market.kernel.set_state("REDUCING", "")
        assert client.execute("TEST", "BUY", 1, 900).reason == "TRADING_STATE_REDUCING"
        market.kernel.set_state("ACTIVE", "again")
        assert client.execute("TEST", "BUY", 1, 900).status == "NEW"
