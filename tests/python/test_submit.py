"""What goes into a request: every accepted type of number at its edges, every kind of request, and what comes back."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from support import COIN, TEST, WHOLE, Market, Peer, answer, config_of, until

import neural_trader as nt
from neural_trader._native import abi
from neural_trader.config import AccountConfig
from neural_trader.errors import Full, InvalidArgument, NotFound
from neural_trader.numbers import RAW_MAX

INSTRUMENTS = {"TEST": TEST, "COIN": COIN, "WHOLE": WHOLE}
ACCOUNTS = {"main": AccountConfig(currency="USD", cash=100_000), "second": AccountConfig(currency="USD", cash=5)}


BOTH = ("main", "second")


@pytest.fixture(scope="module")
def market() -> Iterator[Market]:
    with Market(config_of(f"test-submit-{os.getpid()}", instruments=INSTRUMENTS, accounts=ACCOUNTS)) as found:
        found.trade(1000)
        yield found


@pytest.fixture
def client(market: Market) -> Iterator[nt.Client]:
    """A client that leaves nothing open."""
    with market.client() as found:
        yield found
        found.cancel_all()
        until(lambda: not found.poll(timeout_s=0.01).reports and not found.orders(), "the cancels")


# ---- numbers -------------------------------------------------------------------------------------------------------------------------

KINDS: list[Callable[[int], Any]] = [int, float, str, Decimal, np.int64, np.float64, lambda n: f"{n}.000", lambda n: Decimal(f"{n}.0")]


@pytest.mark.parametrize("kind", KINDS, ids=["int", "float", "str", "Decimal", "int64", "float64", "str.0", "Decimal.0"])
def test_the_largest_number_is_exact_in_every_type(client: nt.Client, kind: Callable[[int], Any]) -> None:
    order_id = client.submit("WHOLE", "BUY", 1, kind(RAW_MAX))
    assert answer(client, order_id).kind == "NEW"
    assert client.orders("WHOLE")[0].price == float(RAW_MAX)
    order_id = client.submit("WHOLE", "SELL", kind(RAW_MAX), 5)
    assert answer(client, order_id).kind == "NEW"
    assert client.position("WHOLE").working_sell == float(RAW_MAX)


@pytest.mark.parametrize("number", [RAW_MAX + 1, 2**53, 2**53 + 1, 2**63 - 1, 2**63, 2**64, -(2**63), -(2**63) - 1, 10**40])
@pytest.mark.parametrize("kind", [int, float, str, Decimal], ids=["int", "float", "str", "Decimal"])
def test_beyond_it_is_refused_in_every_type(client: nt.Client, kind: Callable[[int], Any], number: int) -> None:
    for arguments in ((kind(number), 5), (1, kind(number))):
        with pytest.raises(InvalidArgument, match="beyond the bound of 2251799813685248"):
            client.submit("WHOLE", "BUY", *arguments)
    assert client.orders() == []


@pytest.mark.parametrize("number", [np.uint64(2**63), np.uint64(2**51 + 1), np.int64(-(2**63)), np.float64(2.0**63), np.float32(2.0**63)])
def test_beyond_it_is_refused_in_numpy_types(client: nt.Client, number: Any) -> None:
    for arguments in ((number, 5), (1, number)):
        with pytest.raises(InvalidArgument, match="beyond the bound"):
            client.submit("WHOLE", "BUY", *arguments)


@pytest.mark.parametrize(
    "number",
    [
        *(float("nan"), float("inf"), -float("inf"), np.float64("nan"), np.float32("inf")),
        *(Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), "nan", "inf", "-Infinity", "1e9999"),
        *(True, False, np.True_, "", " 1", "1 ", "1,5", "0x10", "1_000", "٣", "1" * 65),
        *([1], (1,), {}, b"1", 1j, pytest.param(object(), id="object"), np.array([1.0]), np.datetime64(1, "s")),
    ],
    ids=repr,
)
def test_what_is_no_number_is_refused(client: nt.Client, number: Any) -> None:
    for arguments in ((number,), (number, 5), (1, number)):
        with pytest.raises(InvalidArgument):
            client.submit("TEST", "BUY", *arguments)
    assert client.orders() == []


@pytest.mark.parametrize("kind", [float, str, Decimal, np.float64], ids=["float", "str", "Decimal", "float64"])
@pytest.mark.parametrize(
    ("symbol", "quantity", "price", "says"),
    [
        ("TEST", "1", "1000.1", "price of TEST 1000.1 is not a multiple of 0.25: the nearest are 1000.00 and 1000.25"),
        ("TEST", "1", "1000.249", "the nearest are 1000.00 and 1000.25"),
        ("TEST", "0.5", "1000", "quantity of TEST 0.5 is not a multiple of 1: the nearest are 0 and 1"),
        ("COIN", "0.0005", "1", "quantity of COIN 0.0005 is not a multiple of 0.001"),
        ("COIN", "1", "0.015", "price of COIN 0.015 is not a multiple of 0.01"),
    ],
)
def test_off_tick_and_off_lot_are_refused(
    client: nt.Client, kind: Callable[[str], Any], symbol: str, quantity: str, price: str, says: str
) -> None:
    with pytest.raises(InvalidArgument, match=says.replace("0005", "00*5")):
        client.submit(symbol, "BUY", kind(quantity), kind(price))


@pytest.mark.parametrize(
    ("quantity", "price", "expected"),
    [
        (0.1 + 0.2, 0.1 + 0.7, (0.3, 0.8)),  # what arithmetic makes of them
        (np.float64(0.001), np.float32(0.25), (0.001, 0.25)),
        ("1e-3", "1E2", (0.001, 100.0)),
        (".5", "5.", (0.5, 5.0)),
        (Decimal("2.500"), Decimal("1E+1"), (2.5, 10.0)),
        (np.int8(3), np.uint16(4), (3.0, 4.0)),
    ],
)
def test_numbers_on_the_step_are_taken(client: nt.Client, quantity: Any, price: Any, expected: tuple[float, float]) -> None:
    order_id = client.submit("COIN", "BUY", quantity, price)
    assert answer(client, order_id).kind == "NEW"
    order = client.orders()[0]
    assert (order.quantity, order.price) == expected


@pytest.mark.parametrize("kind", [int, float, str, Decimal, np.int64], ids=["int", "float", "str", "Decimal", "int64"])
@pytest.mark.parametrize("number", [0, -1, -RAW_MAX])
def test_zero_and_less_are_denied_by_the_kernel(client: nt.Client, kind: Callable[[int], Any], number: int) -> None:
    quantity = client.execute("WHOLE", "BUY", kind(number), 5)
    assert str(quantity) == f"DENIED QUANTITY_NOT_POSITIVE observed={number} limit=1"
    price = client.execute("WHOLE", "SELL", 1, kind(number))
    assert str(price) == f"DENIED PRICE_NOT_POSITIVE observed={number} limit=1"


# ---- words ---------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", ["buy", "Buy", "BUY ", "B", "", 1, 0, None, b"BUY", abi.NT_SIDE_BUY, True])
def test_unknown_sides_are_refused(client: nt.Client, side: Any) -> None:
    with pytest.raises(InvalidArgument, match="neither 'BUY' nor 'SELL'"):
        client.submit("TEST", side, 1)


@pytest.mark.parametrize("time_in_force", ["day", "GTX", "", 1, b"IOC", False])
def test_unknown_times_in_force_are_refused(client: nt.Client, time_in_force: Any) -> None:
    with pytest.raises(InvalidArgument, match="is not one of DAY, GTC, IOC, FOK"):
        client.submit("TEST", "BUY", 1, 5, time_in_force=time_in_force)


@pytest.mark.parametrize("symbol", ["test", "", "TEST ", "TEST\0", "ES", 0, None, b"TEST"])
def test_unknown_symbols_are_not_found_by_any_method(client: nt.Client, symbol: Any) -> None:
    for method in (
        lambda: client.submit(symbol, "BUY", 1),
        lambda: client.execute(symbol, "BUY", 1),
        lambda: client.quote(symbol),
        lambda: client.position(symbol),
        lambda: client.features(symbol),
        *((lambda: client.orders(symbol), lambda: client.cancel_all(symbol)) if symbol is not None else ()),
    ):
        with pytest.raises(NotFound, match="this kernel has TEST, COIN, WHOLE"):
            method()


@pytest.mark.parametrize("name", ["Main", "", 1])
def test_unknown_accounts_are_not_found(client: nt.Client, name: Any) -> None:
    for method in (
        lambda: client.submit("TEST", "BUY", 1, account=name),
        lambda: client.position("TEST", name),
        lambda: client.account(name),
    ):
        with pytest.raises(NotFound, match="this kernel has main, second"):
            method()


def test_cancel_all_is_of_every_account_or_of_one(client: nt.Client) -> None:
    ids = [client.submit(symbol, "BUY", 3, price, account=account) for symbol, price in (("TEST", 900), ("COIN", 5)) for account in BOTH]
    assert sorted(report.order_id for report in _until_count(client, 4)) == sorted(ids)
    assert client.cancel_all("TEST", account="second") == 1
    answer(client, ids[1], "CANCELED")
    with pytest.raises(NotFound):
        client.cancel_all(account="third")
    assert sorted(order.id for order in client.orders()) == sorted([ids[0], ids[2], ids[3]])
    assert client.cancel_all() == 3
    assert sorted(report.order_id for report in _until_count(client, 3) if report.kind == "CANCELED") == [ids[0], ids[2], ids[3]]
    assert client.cancel_all() == 0


def test_accounts_are_kept_apart(client: nt.Client) -> None:
    order_id = client.submit("TEST", "BUY", 3, 900, account="second")
    assert answer(client, order_id).raw[20] == 1
    assert client.position("TEST", "second").working_buy == 3
    assert client.position("TEST").working_buy == client.position("TEST", "main").working_buy == 0
    assert (client.account("second").cash["USD"], client.account().cash["USD"]) == (5, 100_000)


# ---- requests ------------------------------------------------------------------------------------------------------------------------


def test_execute_waits_for_what_each_kind_of_order_can_come_to(market: Market, client: nt.Client) -> None:
    resting = client.execute("TEST", "BUY", 2, "990.25", time_in_force="GTC")
    assert (str(resting), resting.filled_quantity, resting.average_price, resting.reason) == ("NEW", 0, None, None)
    waiting = client.execute("TEST", "BUY", 2, timeout_s=0.05)  # no print comes
    assert (waiting.status, waiting.observed, waiting.limit) == ("NEW", None, None)
    order_id = client.submit("TEST", "SELL", 2, 2000, time_in_force="IOC")
    market.trade(1000, 1)
    assert answer(client, waiting.order_id, "TRADE").last_quantity == 1
    other = client.submit("TEST", "BUY", 1, 991)
    result = client.execute("TEST", "SELL", 5, 1900, time_in_force="FOK", timeout_s=0.05)
    assert result.status == "NEW"
    assert other in {report.order_id for report in client.poll().reports}  # kept while execute waited
    market.trade(1000, 1, "SELL")
    ends = {report.order_id: report for report in _drain(client, {order_id, result.order_id})}
    assert all((ends[each].status, ends[each].reason) == ("CANCELED", "NO_PRINT") for each in (order_id, result.order_id))


def test_execute_returns_a_fill_of_a_moving_market(kernel_name: str) -> None:
    with Peer("kernel", name=kernel_name) as peer:
        assert peer.hear() == "started"
        with nt.Client.attach(kernel_name, name="taker") as client:
            result = client.execute("TEST", "BUY", 2, timeout_s=20)
            assert (result.status, result.filled_quantity, result.reason) == ("FILLED", 2.0, None)
            assert result.average_price in (1000.25, 1000.5, 1000.75)
            assert str(result) == f"FILLED 2 @ {result.average_price:g}"
            ioc = client.execute("TEST", "SELL", 150, 900, time_in_force="IOC", timeout_s=20)
            assert str(ioc).startswith("CANCELED 100 @ ")  # prints are of 100
            assert str(ioc).endswith("NO_PRINT")
            assert client.position("TEST").quantity == -98


def _drain(client: nt.Client, order_ids: set[int]) -> list[nt.Report]:
    """Their reports until all have ended."""
    found: list[nt.Report] = []

    def ended() -> bool:
        found.extend(report for report in client.poll(timeout_s=0.1).reports if report.order_id in order_ids)
        return {report.order_id for report in found if report.leaves_quantity == 0} == order_ids

    until(ended, f"the end of {order_ids}")
    return found


def test_orders_follow_requests_and_reports(market: Market, client: nt.Client) -> None:
    first = client.submit("TEST", "BUY", 4, 995)
    second = client.submit("COIN", "SELL", "0.5", 7, time_in_force="GTC")
    assert [(order.id, order.status) for order in client.orders()] == [(first, "PENDING"), (second, "PENDING")]
    answer(client, second)
    assert {order.id: (order.symbol, order.side, order.quantity, order.price, order.status, order.filled) for order in client.orders()} == {
        first: ("TEST", "BUY", 4.0, 995.0, "NEW", 0.0),
        second: ("COIN", "SELL", 0.5, 7.0, "NEW", 0.0),
    }
    client.replace(first, quantity=6)
    assert answer(client, first, "REPLACED").leaves_quantity == 6
    client.replace(first, price="996.5")
    answer(client, first, "REPLACED")
    market.trade(996.25, 2, "SELL")
    fill = answer(client, first, "TRADE")
    assert (fill.last_price, fill.last_quantity, fill.liquidity, fill.status) == (996.5, 2.0, "MAKER", "PARTIAL")
    assert [(o.quantity, o.filled, o.status) for o in client.orders("TEST")] == [(6.0, 2.0, "PARTIAL")]
    client.replace(first, quantity=2)
    refused = answer(client, first, "REPLACE_REJECTED")
    assert (refused.reason, refused.observed, refused.limit, refused.status) == ("QUANTITY_BELOW_FILLED", "2", "2", "PARTIAL")
    client.cancel(first)
    client.cancel(first)
    kinds = sorted(report.kind for report in _until_count(client, 2))  # the second comes while the first is on its way, or too late
    assert kinds == ["CANCELED", "CANCEL_REJECTED"]
    assert client.cancel_all("TEST") == 0
    assert [order.id for order in client.orders()] == [second]
    assert client.cancel_all("COIN") == 1
    assert answer(client, second, "CANCELED").reason == "USER_REQUEST"
    assert repr(client.orders()) == "[]"
    client.cancel(first)
    late = answer(client, first, "CANCEL_REJECTED")
    assert (late.reason, late.check, late.fix_reason) == ("UNKNOWN_ORDER", abi.NT_CHECK_WELL_FORMED, 5)
    flat = client.execute("TEST", "SELL", 2, 990)
    market.trade(1000, 2, "BUY")
    answer(client, flat.order_id, "TRADE")


@pytest.mark.parametrize("order_id", [True, -1, 2**64, 1.0, "1", None, np.float64(1)])
def test_what_is_no_order_id_is_refused(client: nt.Client, order_id: Any) -> None:
    with pytest.raises(InvalidArgument, match="is not an order id"):
        client.cancel(order_id)
    with pytest.raises(NotFound if order_id is not True else (NotFound, InvalidArgument)):
        client.replace(order_id, quantity=1)


@pytest.mark.parametrize(
    "change", [{"quantity": float("nan")}, {"quantity": "1.5"}, {"price": 900.1}, {"price": True}, {"price": 2**60}, {}]
)
def test_a_replace_is_checked_like_an_order(client: nt.Client, change: dict[str, Any]) -> None:
    order_id = client.submit("TEST", "BUY", 2, 900)
    answer(client, order_id)
    with pytest.raises(InvalidArgument):
        client.replace(order_id, **change)
    assert [(order.quantity, order.price) for order in client.orders()] == [(2.0, 900.0)]


def batch(count: int, **fields: Any) -> np.ndarray[Any, Any]:
    orders = np.zeros(count, abi.NT_ORDER)
    usual = {"message": abi.NT_MESSAGE_NEW, "side": abi.NT_SIDE_BUY, "type": abi.NT_ORDER_LIMIT, "time_in_force": abi.NT_TIF_DAY}
    for name, value in {**usual, "price": 90_000, "quantity": 1, "trigger_price": abi.NT_ABSENT, **fields}.items():
        orders[name] = value
    return orders


def test_a_batch_fills_in_ids_and_denies_what_is_malformed(client: nt.Client) -> None:
    orders = batch(8)
    orders["side"][1], orders["type"][2], orders["time_in_force"][3], orders["message"][4] = 9, 0, 200, 77
    orders["price"][5], orders["instrument"][6], orders["account"][7] = abi.NT_ABSENT, 12, 40_000
    assert client.submit_batch(orders) == 8
    ids = orders["client_order_id"].tolist()
    assert ids == list(range(ids[0], ids[0] + 8))
    reports = {report.order_id: report for report in _until_count(client, 8)}
    assert reports[ids[0]].kind == "NEW"
    reasons = [reports[each].reason for each in ids[1:]]
    assert reasons == ["MALFORMED"] * 5 + ["INSTRUMENT_NOT_FOUND", "UNKNOWN_ACCOUNT"]
    assert (reports[ids[6]].symbol, reports[ids[6]].observed, reports[ids[6]].limit) == ("", "12", "2")
    assert (reports[ids[6]].last_quantity, reports[ids[6]].last_price) == (0.0, None)
    assert client.submit_batch(batch(0)) == 0


def _until_count(client: nt.Client, count: int) -> list[nt.Report]:
    found: list[nt.Report] = []
    until(lambda: found.extend(client.poll(timeout_s=0.1).reports) or len(found) >= count, f"{count} reports")
    return found


@pytest.mark.parametrize(
    "make",
    [
        lambda: np.zeros(3, abi.NT_REPORT),
        lambda: np.zeros(3 * 128, np.uint8),
        lambda: batch(4)[::2],
        lambda: batch(4)[::-1],
        lambda: batch(4).reshape(2, 2),
        lambda: np.array(batch(1)[0]),
        lambda: np.frombuffer(batch(2).tobytes(), abi.NT_ORDER),
        lambda: batch(2).astype(abi.NT_ORDER.newbyteorder(">")),
        lambda: batch(2).astype(object),
    ],
    ids=["reports", "bytes", "strided", "reversed", "two-dimensional", "scalar", "read-only", "big-endian", "objects"],
)
def test_arrays_of_another_kind_or_shape_are_refused(client: nt.Client, make: Callable[[], Any]) -> None:
    with pytest.raises(InvalidArgument, match="contiguous writable one-dimensional array with dtype"):
        client.submit_batch(make())
    assert client.orders() == []


def test_ids_in_a_batch_have_to_increase(client: nt.Client) -> None:
    last = client.submit("TEST", "BUY", 1, 900)
    orders = batch(3)
    orders["client_order_id"] = [last + 10, last + 10, last + 11]
    assert client.submit_batch(orders) == 1  # what comes before the wrong one went in
    with pytest.raises(InvalidArgument, match="greater than the last one"):
        client.submit_batch(orders[1:])


def test_a_full_order_table_is_full_until_reports_are_polled(market: Market) -> None:
    with market.client("many") as client:
        orders = batch(1024)
        assert client.submit_batch(orders) == 1024
        with pytest.raises(Full, match="every order slot") as raised:
            client.submit("TEST", "BUY", 1, 900)
        assert (raised.value.observed, raised.value.limit) == (1025, 1024)
        client.cancel_all()
        until(lambda: client.poll(timeout_s=0.1).reports is not None and not client.orders(), "the cancels")
        assert client.submit("TEST", "BUY", 1, 900) > 1024
