"""The JavaScript examples do what they say: on every runtime, against real kernels, over real HTTP and WebSockets."""

from __future__ import annotations

import concurrent.futures
import functools
import http.client
import json
import re
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from javascript_runtimes import PACKAGE
from running import Started
from support import Market, Peer, config_of, segments, until
from support_javascript import DENO, EXAMPLES, RUNTIMES, Program, install, need, run
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

import neural_trader as nt
from neural_trader._native import abi
from neural_trader.monitor import Monitor

ROOT = EXAMPLES.parents[1]
SERVICES = ("express", "fastify", "nestjs")
SOURCES = {
    "flow": "flow.ts",
    "realtime": "realtime.ts",
    "worker": "worker.ts",
    "express": "service.ts",
    "fastify": "service.ts",
    "nestjs": "src/main.ts",
}


def in_one_worker(example: str) -> pytest.MarkDecorator:
    """An example is installed once, by the worker that runs its tests."""
    return pytest.mark.xdist_group(f"javascript-{example}")


def started(example: str, runtime: str, *arguments: str, **changes: str) -> Program:
    """An example on a runtime: as it is, or compiled where types are not stripped. Decorators cannot be stripped: NestJS is compiled."""
    need(runtime)
    directory, source, chosen = install(example), SOURCES[example], RUNTIMES[runtime]
    as_it_is = chosen.strips_types and example != "nestjs"
    return Program([*chosen.command, source if as_it_is else f"dist/{Path(source).stem}.js", *arguments], directory, **changes)


def channels(kernel: str) -> list[str]:
    """The clients that hold a channel of a kernel."""
    with Monitor(kernel) as monitor:
        return sorted(channel.client for channel in monitor.channels())


def freed(kernel: str) -> None:
    """No client holds a channel any more, and nothing works."""
    until(lambda: not channels(kernel), "the end of all channels")
    with Monitor(kernel) as monitor:
        until(lambda: [account.open_orders for account in monitor.snapshot().accounts] == [0], "the end of all orders")


# ---- what a reader copies ----------------------------------------------------------------------------------------------------------------


def test_every_example_says_exactly_what_it_needs() -> None:
    version = json.loads((PACKAGE / "package.json").read_text())["version"]
    tools = json.loads((PACKAGE / "package.json").read_text())["devDependencies"]
    found = {path.parent.name: json.loads(path.read_text()) for path in EXAMPLES.glob("*/package.json")}
    assert found.keys() == SOURCES.keys()
    for name, package in found.items():
        needed = package["dependencies"] | package["devDependencies"]
        assert package["private"] is True, name
        assert package["type"] == "module", name
        assert needed["@neural-trader/core"] == version, name
        assert needed["typescript"] == tools["typescript"], name
        assert [each for each in needed.values() if not re.fullmatch(r"\d+\.\d+\.\d+", each)] == [], name


def test_no_example_leaves_the_types() -> None:
    sources = [path for path in EXAMPLES.rglob("*.ts") if "node_modules" not in path.parts]
    assert len(sources) >= len(SOURCES)
    for source in sources:
        text = source.read_text()
        assert not re.search(r"\bany\b(?! other)|@ts-|eslint|as unknown as", re.sub(r"//.*|/\*[\s\S]*?\*/", "", text)), source


@pytest.mark.parametrize("example", [pytest.param(name, marks=in_one_worker(name)) for name in SOURCES if name != "nestjs"])
def test_deno_finds_no_mistake_in_the_types(example: str) -> None:
    need("deno")
    run(DENO, "check", SOURCES[example], cwd=install(example))


# ---- a tape in lockstep ------------------------------------------------------------------------------------------------------------------


@functools.cache
def digest_of_python() -> str:
    """Of the README's strategy in Python."""
    (block, *_) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.S)
    names: dict[str, Any] = {}
    exec(block[: block.index("print(")], names)
    result = nt.backtest(names["Flow"](), "sample:es-2013-09", limits=nt.Limits(max_position=1))
    assert result.summary["fills"] > 0
    return str(result.summary["digest"])


@in_one_worker("flow")
@pytest.mark.parametrize("runtime", RUNTIMES)
def test_the_strategy_of_the_readme_gives_the_digest_of_python(runtime: str, kernel_name: str, tmp_path: Path) -> None:
    settings = ("--set", f"name={kernel_name}", "--set", "limits.max_position=1", "--set", f"output.directory={tmp_path}")
    need(runtime)
    install("flow")
    with (
        Started("run", str(ROOT / "examples/run.toml"), "--participants", "1", *settings, "--json") as kernel,
        started("flow", runtime, kernel_name) as program,
    ):
        said = json.loads(program.hear("{"))
        assert program.end() == 0, program.errors()
        done = kernel.end()
    summary = json.loads(done.stdout)
    assert summary["digest"] == digest_of_python()
    assert said["sent"] == summary["orders"]["accepted"] + sum(summary["orders"]["denied"].values())
    assert isinstance(said["realizedPnl"], str)
    assert segments(kernel_name) == []


# ---- real time ---------------------------------------------------------------------------------------------------------------------------


@in_one_worker("realtime")
@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_market_maker_quotes_is_denied_and_leaves(runtime: str, kernel_name: str) -> None:
    config = config_of(kernel_name, limits=nt.Limits(max_position=2))
    with Market(config) as market:
        market.trade(100)
        with started("realtime", runtime, kernel_name, "TEST", "9") as program, Monitor(kernel_name) as monitor:
            program.hear(f"attached to {kernel_name}")
            market.quote(99.75, 100.25)
            until(lambda: monitor.counters().orders_accepted == 2, "two orders")
            market.quote(99.5, 100)
            until(lambda: monitor.counters().replaces == 2, "that they follow the market")
            market.trade(99.25, side="SELL")
            assert program.hear("BUY") == "BUY 1 @ 99.5, fee 1.25"
            until(lambda: monitor.counters().orders_accepted == 3, "the second bid")
            market.trade(99.25, side="SELL")  # with it two are held, and a third is too many
            assert program.hear("BUY") == "BUY 1 @ 99.5, fee 1.25"
            assert program.hear("DENIED") == "DENIED POSITION_LIMIT_EXCEEDED observed=3 limit=2"
            market.trade(100.25)
            assert program.hear("SELL") == "SELL 1 @ 100, fee 1.25"
            assert program.end(signal.SIGINT) == 0, program.errors()
            said = json.loads(program.hear("{"))
            assert (said["quantity"], said["realizedPnl"], said["fees"], said["lost"]) == (1, "25", "3.75", 0)
            freed(kernel_name)
    assert segments(kernel_name) == []


@in_one_worker("realtime")
@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_market_maker_stops_when_its_kernel_dies(runtime: str, kernel_name: str) -> None:
    with Peer("kernel", name=kernel_name) as kernel:
        kernel.hear()
        with started("realtime", runtime, kernel_name, "TEST") as program:
            program.hear("attached")
            kernel.kill()
            assert program.end() == 1
            assert "KernelDead" in program.errors()


# ---- a worker thread ---------------------------------------------------------------------------------------------------------------------


@in_one_worker("worker")
@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_worker_computes_while_the_main_thread_trades(runtime: str, kernel_name: str) -> None:
    instruments = {"ES": nt.Instrument(tick_size=0.25, multiplier=50, currency="USD", max_price=100_000)}
    with Market(config_of(kernel_name, instruments=instruments)) as market:
        market.trade(1000, symbol="ES")
        with started("worker", runtime, kernel_name) as program:

            def trades_until(price: float, line: str) -> None:
                """Prints of both sides around a price until the program says this."""
                for number in range(20_000):
                    market.trade(price + number % 3 * 0.25, side="BUY" if number % 2 else "SELL", symbol="ES")
                    if program.heard(line) is not None:
                        return
                raise AssertionError(f"the program does not say {line!r}\n{program.errors()}")

            program.hear("attached")
            until(lambda: channels(kernel_name) == ["desk", "research"], "both threads")
            for _ in range(300):
                market.trade(1000, symbol="ES")
            trades_until(1100, "")  # far above the average: sold
            trades_until(900, "")  # far below: bought
            assert program.end(signal.SIGTERM) == 0, program.errors()
            assert re.fullmatch(r"the worker has ended; position -?1", program.hear("the worker has ended"))
        freed(kernel_name)
        assert market.counters().fills >= 2
    assert segments(kernel_name) == []


@in_one_worker("worker")
@pytest.mark.parametrize("runtime", RUNTIMES)
def test_the_end_of_the_worker_s_kernel_reaches_the_main_thread(runtime: str, kernel_name: str) -> None:
    with Peer("quiet_kernel", name=kernel_name) as kernel:
        kernel.hear()
        with started("worker", runtime, kernel_name) as program:
            program.hear("attached")
            until(lambda: channels(kernel_name) == ["desk", "research"], "both threads")
            kernel.kill()
            assert program.end() == 1
            assert re.search("kernel( process)? is gone", program.errors())  # Bun names no classes of another thread


# ---- services ----------------------------------------------------------------------------------------------------------------------------


class Service:
    """A service of the examples, attached to a kernel."""

    def __init__(self, example: str, runtime: str, kernel: str) -> None:
        self.example = example
        self.kernel = kernel
        self.program = started(example, runtime, kernel, PORT="0")
        self.port = int(self.program.hear("listening on ").split()[-1])
        self.up()

    def up(self) -> None:
        """Wait until it is attached."""
        until(lambda: self.get("/health")[0] == 200, "the service at its kernel")

    def ask(self, method: str, path: str, body: object = None, *, headers: dict[str, str] | None = None) -> tuple[int, Any]:
        """Status and answer. A body of bytes is sent as it is."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
            given = {"content-type": "application/json"} if data is not None else {}
            connection.request(method, path, data, given | (headers or {}))
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()

    def get(self, path: str) -> tuple[int, Any]:
        """GET."""
        return self.ask("GET", path)

    def post(self, **order: object) -> tuple[int, Any]:
        """POST of an order of TEST."""
        return self.ask("POST", "/orders", {"symbol": "TEST", "side": "BUY", "quantity": 1, **order})

    def error(self, answer: tuple[int, Any], status: int, name: str) -> None:
        """Check an answer that is a typed error."""
        assert answer[0] == status, answer
        assert answer[1]["error"] == name, answer
        assert answer[1].keys() == {"error", "message", "code", "observed", "limit"}

    def socket(self, symbol: str = "TEST") -> Any:
        """A WebSocket with market data."""
        path = f"/market?symbol={symbol}" if self.example == "fastify" else "/market"
        return connect(f"ws://127.0.0.1:{self.port}{path}", close_timeout=5)


@contextmanager
def service_of(example: str, runtime: str, kernel: str) -> Iterator[Service]:
    """A service, killed when the context ends."""
    service = Service(example, runtime, kernel)
    with service.program:
        yield service


def services(*left_out: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Every service on every runtime."""
    cases = [
        pytest.param(example, runtime, marks=in_one_worker(example), id=f"{example}-{runtime}")
        for example in SERVICES
        for runtime in RUNTIMES
        if example not in left_out
    ]
    return pytest.mark.parametrize(("example", "runtime"), cases)


MALFORMED: list[tuple[bytes, str]] = [
    (b"{", "text that ends early"),
    (b'"BUY"', "no object"),
    (b"[]", "a list"),
    (b"null", "null"),
    (b"{}", "nothing"),
    (b"\xff\xfe\x00", "no text"),
    (b'{"symbol": "TEST", "side": "BUY"}', "no quantity"),
    (b'{"symbol": "TEST", "side": "HOLD", "quantity": 1}', "another side"),
    (b'{"symbol": 7, "side": "BUY", "quantity": 1}', "a symbol that is a number"),
    (b'{"symbol": "TEST", "side": "BUY", "quantity": {}}', "a quantity that is an object"),
    (b'{"symbol": "TEST", "side": "BUY", "quantity": null}', "a quantity that is null"),
    (b'{"symbol": "TEST", "side": "BUY", "quantity": true}', "a quantity that is true"),
    (b'{"symbol": "TEST", "side": "BUY", "quantity": 1.5}', "part of a lot"),
    (b'{"symbol": "TEST", "side": "BUY", "quantity": 1e999}', "too much for a number"),
    (b'{"symbol": "TEST", "side": "BUY", "quantity": "0x10"}', "hexadecimal text"),
    (b'{"symbol": "TEST", "side": "BUY", "quantity": 1, "price": 99.9}', "a price between ticks"),
    (b'{"symbol": "TEST", "side": "BUY", "quantity": 1, "price": null}', "a price that is null"),
    (b'{"symbol": "TEST", "side": "BUY", "quantity": 1, "prise": 99}', "a misspelt key"),
    (b'{"symbol": "TEST", "side": "BUY", "quantity": 1, "__proto__": {"price": 99}}', "a prototype"),
    (b'{"symbol": "TEST", "side": "BUY", "quantity": 1, "timeInForce": "FOREVER"}', "another time in force"),
    (b'{"symbol": "TEST", "side": "BUY", "quantity": 1, "postOnly": "yes"}', "a text that is no truth value"),
]


@services()
def test_orders_over_http(example: str, runtime: str, kernel_name: str) -> None:
    with (
        Market(config_of(kernel_name, limits=nt.Limits(max_order_quantity=10))) as market,
        service_of(example, runtime, kernel_name) as service,
    ):
        market.trade(100)
        market.quote(99.75, 100.25)

        status, denied = service.post(quantity=500)
        assert (status, denied["status"]) == (200, "DENIED")
        assert (denied["reason"], denied["observed"], denied["limit"]) == ("QUANTITY_EXCEEDS_MAXIMUM", "500", "10")

        status, resting = service.post(quantity=2, price="99.00", timeInForce="GTC")
        assert (status, resting["status"]) == (201, "NEW")
        path = f"/orders/{resting['orderId']}"
        assert service.get(path) == (200, resting)
        assert service.get("/positions/TEST")[1]["workingBuy"] == 2
        status, canceled = service.ask("DELETE", path)
        assert (status, canceled["status"]) == (200, "CANCELED")
        assert service.ask("DELETE", path) == (200, canceled)

        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(service.post)  # a market order waits for the next print
            until(lambda: service.get("/stats")[1]["waiting"] == 1, "the order that waits")
            market.trade(100.25)
            status, filled = waiting.result(30)
        assert (status, filled["status"]) == (201, "FILLED")
        assert service.get(f"/orders/{filled['orderId']}") == (200, filled)
        assert service.ask("DELETE", f"/orders/{filled['orderId']}") == (409, filled)
        status, position = service.get("/positions/TEST")
        assert (status, position["quantity"], position["averagePrice"], position["fees"]) == (
            200,
            1,
            100.5,
            "1.25",
        )  # a tick worse than the print

        service.error(service.get("/orders/777"), 404, "NotFound")
        service.error(service.get("/orders/abc"), 400, "InvalidArgument")
        service.error(service.ask("DELETE", "/orders/777"), 404, "NotFound")
        service.error(service.get("/positions/NOPE"), 404, "NotFound")
        service.error(service.post(symbol="NOPE"), 404, "NotFound")
        assert service.get("/nothing")[0] == 404
        service.error(service.post(price="99.9"), 400, "InvalidArgument")

        answers = {what: service.ask("POST", "/orders", body)[0] for body, what in MALFORMED}
        assert {what: code for what, code in answers.items() if code != 400} == {}
        form = {"content-type": "application/x-www-form-urlencoded"}
        assert service.ask("POST", "/orders", b"symbol=TEST&side=BUY&quantity=1", headers=form)[0] in (400, 415)
        assert service.ask("POST", "/orders", {"symbol": "TEST" * 10_000})[0] == 413

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answered = list(pool.map(lambda number: service.post(price=90 + number % 4), range(24)))
        assert [status for status, _ in answered] == [201] * 24
        assert len({order["orderId"] for _, order in answered}) == 24

        status, stats = service.get("/stats")
        assert (status, stats["submitted"], stats["open"], stats["waiting"]) == (200, 27, 24, 0)
        assert stats["counters"]["denied"] == {"QUANTITY_EXCEEDS_MAXIMUM": 1}
        until(lambda: market.counters().orders_accepted >= 26, "that all are counted")

        assert service.program.end(signal.SIGTERM) == 0, service.program.errors()
        freed(kernel_name)  # the 24 orders included
        until(lambda: market.counters().cancels == 25, "that all are counted")
        assert market.counters().orders_accepted == 26  # nothing malformed has reached the kernel
    assert segments(kernel_name) == []


@services()
def test_a_service_outlives_its_kernel(example: str, runtime: str, kernel_name: str) -> None:
    with Peer("quiet_kernel", name=kernel_name) as kernel:
        kernel.hear()
        with service_of(example, runtime, kernel_name) as service:
            assert service.post(price="99.00")[0] == 201
            with concurrent.futures.ThreadPoolExecutor(1) as pool:
                waiting = pool.submit(service.post)  # no market: it waits
                until(lambda: service.get("/stats")[1]["waiting"] == 1, "the order that waits")
                kernel.kill()
                service.error(waiting.result(30), 503, "KernelDead")
            until(lambda: service.get("/health")[0] == 503, "that the death is seen")
            service.error(service.post(), 503, "KernelDead")
            service.error(service.get("/positions/TEST"), 503, "KernelDead")
            service.error(service.get("/stats"), 503, "KernelDead")
            assert service.program.alive
            with Peer("kernel", name=kernel_name) as again:
                again.hear()
                service.up()
                service.error(service.get("/orders/1"), 404, "NotFound")  # of the last kernel
                status, order = service.post()
                assert (status, order["status"]) == (201, "FILLED")
                assert service.program.end(signal.SIGTERM) == 0, service.program.errors()
                freed(kernel_name)
                again.leave()
    assert segments(kernel_name) == []


@services()
def test_a_service_ends_while_an_order_waits(example: str, runtime: str, kernel_name: str) -> None:
    with Market(config_of(kernel_name)), service_of(example, runtime, kernel_name) as service:
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(service.post)  # no market: it waits
            until(lambda: service.get("/stats")[1]["waiting"] == 1, "the order that waits")
            assert service.program.end(signal.SIGTERM) == 0, service.program.errors()
            service.error(waiting.result(30), 503, "Closed")
        freed(kernel_name)


@services("express", "nestjs")
def test_market_data_over_websockets(example: str, runtime: str, kernel_name: str) -> None:
    with Market(config_of(kernel_name)) as market, service_of(example, runtime, kernel_name) as service:
        market.trade(100, 7)
        until(lambda: service.get("/stats")[1]["ticks"] == 1, "that the service has seen it")
        streams = lambda: service.get("/health")[1]["streams"]  # noqa: E731
        with pytest.raises(InvalidStatus) as refused, service.socket("NOPE"):
            pass
        assert refused.value.response.status_code == 404
        with service.socket() as reader:
            until(lambda: streams()["open"] == 1, "the reader")
            market.quote(99.75, 100.25)
            said = json.loads(reader.recv(30))
            assert isinstance(said.pop("timestampNs"), str)
            assert said == {"symbol": "TEST", "kind": "QUOTE", "price": 100, "volume": 7, "bid": 99.75, "ask": 100.25, "spread": 0.5}
            market.trade(100.25, 3)
            said = json.loads(reader.recv(30))
            assert (said["kind"], said["price"], said["volume"], said["bid"]) == ("TRADE", 100.25, 3, 99.75)
        until(lambda: streams()["open"] == 0, "that the reader has left")
        assert service.get("/stats")[1]["subscriptions"] == 0


def upgraded(port: int) -> socket.socket:
    """A WebSocket that nobody reads, with little room of its own."""
    reader = socket.socket()
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    reader.connect(("127.0.0.1", port))
    key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13"
    reader.sendall(f"GET /market?symbol=TEST HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{key}\r\n\r\n".encode())
    return reader


@services("express", "nestjs")
def test_a_slow_reader_is_closed_and_a_fast_one_is_not(example: str, runtime: str, kernel_name: str) -> None:
    with Market(config_of(kernel_name)) as market, service_of(example, runtime, kernel_name) as service:
        streams = lambda: service.get("/health")[1]["streams"]  # noqa: E731
        many = np.repeat(market._tick("TEST", abi.NT_TICK_TRADE), 1000)
        many["price"], many["size"] = 10_000, 1
        with upgraded(service.port), service.socket() as reader, concurrent.futures.ThreadPoolExecutor(1) as pool:
            until(lambda: streams()["open"] == 2, "both readers")
            fast = pool.submit(lambda: sum(1 for _ in reader))
            for _ in range(1000):
                market.push(many)
                if streams()["closedAsSlow"] == 1:
                    break
            until(lambda: streams()["open"] == 1, "the end of the slow reader")
            counted = streams()
            assert counted["dropped"] >= 20_000
            assert counted["closedAsSlow"] == 1
            pushed = market.counters().ticks
            market.quote(99.75, 100.25)
            until(lambda: streams()["sent"] > counted["sent"], "data for the fast reader")
            assert service.get("/stats")[1]["subscriptions"] == 1
            assert service.program.end(signal.SIGTERM) == 0, service.program.errors()
            assert 1 <= fast.result(30) <= pushed + 1


@services("express")
def test_open_websockets_are_closed_when_the_kernel_dies(example: str, runtime: str, kernel_name: str) -> None:
    with Peer("quiet_kernel", name=kernel_name) as kernel:
        kernel.hear()
        with service_of(example, runtime, kernel_name) as service, service.socket() as reader:
            if example == "nestjs":
                reader.send(json.dumps({"event": "subscribe", "data": "TEST"}))
                assert json.loads(reader.recv(30)) == {"event": "subscribed", "data": "TEST"}
            kernel.kill()
            with pytest.raises(ConnectionClosed) as closed:
                reader.recv(30)
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1013
            assert service.program.alive


@in_one_worker("nestjs")
@pytest.mark.parametrize("runtime", RUNTIMES)
def test_the_gateway_of_nestjs_streams_what_is_asked_for(runtime: str, kernel_name: str) -> None:
    with Market(config_of(kernel_name)) as market, service_of("nestjs", runtime, kernel_name) as service:
        with service.socket() as reader:
            for wanted, name in (("NOPE", "NotFound"), (7, "NotFound")):
                reader.send(json.dumps({"event": "subscribe", "data": wanted}))
                said = json.loads(reader.recv(30))
                assert (said["event"], said["data"]["error"]) == ("error", name)
            for _ in range(2):  # the second takes the place of the first
                reader.send(json.dumps({"event": "subscribe", "data": "TEST"}))
                assert json.loads(reader.recv(30)) == {"event": "subscribed", "data": "TEST"}
            assert service.get("/stats")[1]["subscriptions"] == 1
            market.trade(100, 7)
            said = json.loads(reader.recv(30))
            assert (said["event"], said["data"]["price"], said["data"]["volume"]) == ("market", 100, 7)
        until(lambda: service.get("/stats")[1]["subscriptions"] == 0, "that the reader has left")
