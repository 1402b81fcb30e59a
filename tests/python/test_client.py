"""A client against a kernel of this process: what it refuses, what it answers, and its life."""

import os
import threading
import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec
import numpy as np
import pytest

import neural_trader as nt
from neural_trader import errors
from neural_trader._native import abi, ffi, lib
from neural_trader.kernel import feed_ticks
from neural_trader.records import call

ES = nt.Instrument(
    tick_size=Decimal("0.25"), currency="USD", max_price=100_000, multiplier=50, fee_taker=nt.Fee(per_contract=Decimal("2.10"))
)
SHARE = nt.Instrument(tick_size=Decimal("0.01"), lot_size=Decimal("0.001"), currency="USD", max_price=10_000)


def trades(*prices: float, size: int = 10, start: int = 10**9) -> np.ndarray[Any, Any]:
    ticks = np.zeros(len(prices), abi.NT_TICK)
    ticks["ts_event"] = start + np.arange(len(prices)) * 10**6
    ticks["price"] = [round(price * 100) for price in prices]
    ticks["size"] = size
    ticks["kind"] = abi.NT_TICK_TRADE
    ticks["flags"] = abi.NT_TICK_LAST_OF_SLICE
    ticks["aggressor"] = abi.NT_SIDE_BUY
    return ticks


class Running:
    """A real-time kernel and a feed into it."""

    def __init__(self, name: str, limits: nt.Limits) -> None:
        config = nt.Config(
            name=name, instruments={"ES": ES, "XYZ": SHARE}, limits=limits, venue=nt.VenueConfig(latency_in_us=0, latency_out_us=0)
        )
        self.kernel = nt.Kernel(config, realtime=True)
        self.kernel.start()
        handle = ffi.new("uint32_t *")
        call(lib.nt_kernel_feed, self.kernel._handle, handle)
        self.feed_handle = handle[0]
        self.fed = 0

    def feed(self, *prices: float) -> None:
        """Push prints and wait until the kernel has taken them."""
        self.fed += feed_ticks(self.feed_handle, trades(*prices), 0, lambda: False)
        while self.kernel._status().ticks_published < self.fed:
            time.sleep(0.001)


@pytest.fixture
def running(kernel_name: str) -> Iterator[Running]:
    found = Running(kernel_name, nt.Limits(max_order_quantity=10, max_position=20))
    yield found
    found.kernel.close()


@pytest.fixture
def client(running: Running) -> Iterator[nt.Client]:
    with running.kernel.client("c") as found:
        yield found


def wait_for(client: nt.Client, kind: str, timeout_s: float = 5.0) -> nt.Report:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        for report in client.poll(timeout_s=0.1).reports:
            if report.kind == kind:
                return report
    raise AssertionError(f"no {kind} report came")


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("NQ", "BUY", 1), errors.NotFound),
        (("", "BUY", 1), errors.NotFound),
        (("ES", "buy", 1), errors.InvalidArgument),
        (("ES", None, 1), errors.InvalidArgument),
        (("ES", "BUY", True), errors.InvalidArgument),
        (("ES", "BUY", None), errors.InvalidArgument),
        (("ES", "BUY", [1]), errors.InvalidArgument),
        (("ES", "BUY", float("nan")), errors.InvalidArgument),
        (("ES", "BUY", Decimal("NaN")), errors.InvalidArgument),
        (("ES", "BUY", float("inf")), errors.InvalidArgument),
        (("ES", "BUY", "-Infinity"), errors.InvalidArgument),
        (("ES", "BUY", 1.5), errors.InvalidArgument),
        (("ES", "BUY", "1.5"), errors.InvalidArgument),
        (("ES", "BUY", 2**51 + 1), errors.InvalidArgument),
        (("ES", "BUY", 2**53), errors.InvalidArgument),
        (("ES", "BUY", str(2**63)), errors.InvalidArgument),
        (("ES", "BUY", Decimal(2**63)), errors.InvalidArgument),
        (("ES", "BUY", 1e300), errors.InvalidArgument),
        (("ES", "BUY", 1, 100.1), errors.InvalidArgument),
        (("ES", "BUY", 1, "100.10"), errors.InvalidArgument),
        (("ES", "BUY", 1, float("nan")), errors.InvalidArgument),
        (("ES", "BUY", 1, False), errors.InvalidArgument),
        (("ES", "BUY", 1, 2.0**63), errors.InvalidArgument),
    ],
)
def test_submit_refuses_before_the_kernel_sees_it(client: nt.Client, arguments: tuple[Any, ...], error: type[Exception]) -> None:
    with pytest.raises(error):
        client.submit(*arguments)
    assert client.orders() == []


def test_submit_refuses_unknown_options(client: nt.Client) -> None:
    with pytest.raises(errors.InvalidArgument, match="time_in_force"):
        client.submit("ES", "BUY", 1, time_in_force="GTX")  # type: ignore[arg-type]
    with pytest.raises(errors.NotFound, match="account"):
        client.submit("ES", "BUY", 1, account="other")
    with pytest.raises(errors.InvalidArgument, match=r"nearest are 100\.00 and 100\.25"):
        client.submit("ES", "BUY", 1, 100.1)


@pytest.mark.parametrize("quantity", [-1, 0, -0.0, "-3", Decimal(-1), np.int64(-5), np.float64(0)])
def test_the_kernel_denies_what_is_no_quantity(client: nt.Client, quantity: Any) -> None:
    result = client.execute("ES", "BUY", quantity, 100)
    assert (result.status, result.reason) == ("DENIED", "QUANTITY_NOT_POSITIVE")


@pytest.mark.parametrize("price", [0, -100, "-0.25", Decimal("-1")])
def test_the_kernel_denies_what_is_no_price(client: nt.Client, price: Any) -> None:
    assert client.execute("ES", "BUY", 1, price).reason == "PRICE_NOT_POSITIVE"


@pytest.mark.parametrize("quantity", [5, 5.0, "5", Decimal(5), np.int32(5), np.float32(5)])
@pytest.mark.parametrize("price", [100, 100.25, "100.25", Decimal("100.250"), np.float64(100.5)])
def test_every_kind_of_number_is_taken(client: nt.Client, quantity: Any, price: Any) -> None:
    result = client.execute("ES", "BUY", quantity, price)
    assert result.status == "NEW"
    order = client.orders("ES")[0]
    assert (order.quantity, order.price) == (5.0, float(price))


def test_execute_says_what_was_seen_and_allowed(client: nt.Client) -> None:
    assert str(client.execute("ES", "BUY", 500)) == "DENIED QUANTITY_EXCEEDS_MAXIMUM observed=500 limit=10"
    assert str(client.execute("XYZ", "SELL", "10.001", 5)) == "DENIED QUANTITY_EXCEEDS_MAXIMUM observed=10.001 limit=10"
    assert str(client.execute("ES", "BUY", 1, 100_000.25)) == "DENIED PRICE_EXCEEDS_MAXIMUM observed=100000.25 limit=100000"


def test_a_market_order_fills_and_moves_position_and_money(running: Running, client: nt.Client) -> None:
    running.feed(100.0)
    order_id = client.submit("ES", "BUY", 2)
    assert client.position("ES").projected == 2
    wait_for(client, "NEW")
    running.feed(100.25)
    fill = wait_for(client, "TRADE")
    assert (fill.order_id, fill.status, fill.last_price, fill.last_quantity, fill.liquidity) == (order_id, "FILLED", 100.5, 2.0, "TAKER")
    assert (fill.fee, fill.fee_currency, fill.symbol, fill.side) == (Decimal("4.2"), "USD", "ES", "BUY")
    position, account = client.position("ES"), client.account()
    assert (position.quantity, position.projected, position.average_price) == (2.0, 2.0, 100.5)
    assert position.unrealized_pnl == Decimal(-25)
    assert account.equity == 100_000 - 25 - Decimal("4.2")
    assert account.cash["USD"] == 100_000 - Decimal("4.2")
    quote = client.quote("ES")
    assert (quote.bid, quote.ask, quote.last, quote.implied) == (100.0, 100.25, 100.25, True)
    assert set(client.features("ES")) >= {"trade_flow_64", "sign_8", "return_16"}
    assert "TRADE" in repr(fill)
    assert "quantity=2" in repr(position)
    assert "equity" in repr(account)
    assert "implied=True" in repr(quote)


def test_replace_cancel_and_cancel_all(running: Running, client: nt.Client) -> None:
    running.feed(100.0)
    first = client.submit("ES", "BUY", 2, 90)
    second = client.submit("ES", "SELL", 2, 110)
    wait_for(client, "NEW")
    wait_for(client, "NEW") if len(client.orders()) == 2 and any(o.status == "PENDING" for o in client.orders()) else None
    client.replace(first, quantity=3, price=91)
    replaced = wait_for(client, "REPLACED")
    assert (replaced.order_id, replaced.leaves_quantity, replaced.observed) == (first, 3.0, str(second + 1))
    assert {(o.id, o.quantity) for o in client.orders("ES")} == {(first, 3.0), (second, 2.0)}
    client.cancel(first)
    assert wait_for(client, "CANCELED").reason == "USER_REQUEST"
    assert client.cancel_all("XYZ") == 0
    assert client.cancel_all() == 1
    assert wait_for(client, "CANCELED").order_id == second
    assert client.orders() == []
    client.cancel(999)
    assert wait_for(client, "CANCEL_REJECTED").reason == "UNKNOWN_ORDER"
    with pytest.raises(errors.NotFound):
        client.replace(999, quantity=1)
    with pytest.raises(errors.InvalidArgument):
        client.replace(first)
    for wrong in (True, -1, 2**64, "1"):
        with pytest.raises(errors.InvalidArgument):
            client.cancel(wrong)  # type: ignore[arg-type]


def test_submit_batch_takes_records_as_they_are(client: nt.Client) -> None:
    orders = np.zeros(3, abi.NT_ORDER)
    orders["message"], orders["side"], orders["type"], orders["time_in_force"] = 1, 1, 2, 1
    orders["price"], orders["quantity"], orders["trigger_price"] = 10_000, [1, 2, 0], abi.NT_ABSENT
    assert client.submit_batch(orders) == 3
    assert orders["client_order_id"].tolist() == [1, 2, 3]
    assert wait_for(client, "DENIED").order_id == 3
    for wrong in (np.zeros(2, abi.NT_TICK), orders[::2], orders.reshape(3, 1), np.frombuffer(orders.tobytes(), abi.NT_ORDER)):
        with pytest.raises(errors.InvalidArgument):
            client.submit_batch(wrong)


def test_polls_bring_ticks_in_units(running: Running, client: nt.Client) -> None:
    running.feed(100.0, 100.25, 100.5)
    batch = client.poll(timeout_s=5)
    while len(batch.ticks) < 3:
        batch = client.poll(timeout_s=5)
    assert batch.ticks.column("price").tolist() == [100.0, 100.25, 100.5]
    assert batch.ticks.column("size").tolist() == [10.0] * 3
    assert batch.ticks.column("kind").tolist() == [2.0] * 3
    assert batch.ticks[1]["price"] == 10_025
    assert batch.lost == 0
    with pytest.raises(errors.InvalidArgument, match="no column"):
        batch.ticks.column("colour")
    for wrong in (0, 4097):
        with pytest.raises(errors.InvalidArgument):
            client.poll(max_ticks=wrong)


def test_reads_before_the_first_tick_are_typed_errors(client: nt.Client) -> None:
    for read in (client.quote, client.features):
        with pytest.raises(errors.NoData, match="ES"):
            read("ES")
        with pytest.raises(errors.NotFound):
            read("NQ")
    assert client.position("ES").quantity == 0
    assert client.symbols == ("ES", "XYZ")
    assert client.now_ns > 0


def test_execute_times_out_with_how_the_order_stands(running: Running, client: nt.Client) -> None:
    running.feed(100.0)
    client.poll(timeout_s=5)
    result = client.execute("ES", "BUY", 1, timeout_s=0.05)  # no print comes
    assert result.status in ("PENDING", "NEW")
    assert result.filled_quantity == 0
    assert result.average_price is None


def test_a_closed_client_says_so(running: Running) -> None:
    client = running.kernel.client("gone")
    client.close()
    client.close()
    assert "closed" in repr(client)
    with pytest.raises(errors.BadHandle):
        client.submit("ES", "BUY", 1)
    with pytest.raises(errors.BadHandle):
        client.poll()


def test_close_while_another_thread_polls(running: Running) -> None:
    client = running.kernel.client("waiting")
    raised: list[BaseException] = []

    def poll() -> None:
        try:
            client.poll(timeout_s=30)
        except errors.NeuralTraderError as error:
            raised.append(error)

    thread = threading.Thread(target=poll)
    thread.start()
    time.sleep(0.1)
    with pytest.raises(errors.Busy):
        client.submit("ES", "BUY", 1)
    client.close()
    thread.join(10)
    assert not thread.is_alive()
    assert isinstance(raised[0], errors.Closed)


def test_one_name_is_one_living_client(running: Running, kernel_name: str) -> None:
    with nt.Client.attach(kernel_name, name="one") as first:
        with pytest.raises(errors.NameInUse):
            nt.Client.attach(kernel_name, name="one", timeout_s=0.2)
        last = first.submit("ES", "BUY", 1, 90)
    deadline = time.monotonic() + 5
    while True:  # the kernel learns of the departure, then the name is free and its ids go on
        try:
            again = nt.Client.attach(kernel_name, name="one", timeout_s=0.2)
            break
        except errors.NameInUse:
            assert time.monotonic() < deadline
    with again:
        assert again.submit("ES", "BUY", 1, 90) > last


@pytest.mark.parametrize("name", ["", "a/b", "x" * 32, ".hidden", "with space", "nul\0"])
def test_names_are_checked(running: Running, kernel_name: str, name: str) -> None:
    with pytest.raises(errors.InvalidArgument):
        nt.Client.attach(kernel_name, name=name)
    with pytest.raises(errors.InvalidArgument):
        nt.Client.attach(name)


def test_no_such_kernel(kernel_name: str) -> None:
    with pytest.raises(errors.NotFound, match="neural-trader run"):
        nt.Client.attach(kernel_name + "-no", timeout_s=0.05)


def test_a_forked_child_cannot_use_its_parents_client(client: nt.Client) -> None:
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            client.poll()
            os.write(write, b"polled")
        except errors.Forked:
            os.write(write, b"forked")
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
    assert os.read(read, 10) == b"forked"
    assert client.poll() is not None
    os.close(read)
    os.close(write)


class Waits(nt.Strategy):
    failures: list[str] = msgspec.field(default_factory=list)

    def on_ticks(self, client: nt.Client, ticks: nt.Ticks) -> None:
        if not self.failures:
            with pytest.raises(errors.WouldDeadlock) as failure:
                client.execute("ES", "BUY", 1)
            self.failures.append(str(failure.value))


def test_waiting_in_a_callback_of_a_tape_is_an_error(tmp_path: Any) -> None:
    tape = tmp_path / "t.csv"
    tape.write_text("DateTime,Price,Volume\n2024-01-02 10:00:00.000,100.00,1\n2024-01-02 10:00:01.000,100.25,1\n", encoding="utf-8")
    config = nt.Config.from_dict(
        {
            "name": "deadlock",
            "source": {"timezone": "UTC"},
            "instruments": {"ES": {"tick_size": 0.25, "currency": "USD", "max_price": 1000}},
            "accounts": {"main": {"currency": "USD", "cash": 1000}},
        }
    )
    strategy = Waits()
    result = nt.backtest(strategy, str(tape), config)
    assert "on_report" in strategy.failures[0]
    assert result.summary["orders"] == {"accepted": 0, "denied": {}}
