"""A kernel for the tests of the JavaScript package: `kernel.py NAME [OPTIONS in JSON]`.

Reads commands as lines of JSON and answers each with a line of JSON; leaves when its standard input ends. Instruments are ES (tick 0.25)
and XYZ (tick 0.01, lot 0.001), the account is main, with 100,000 USD.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

import neural_trader as nt
from neural_trader._native import abi, ffi, lib
from neural_trader.config import AccountConfig, ModelConfig
from neural_trader.kernel import feed_ticks
from neural_trader.records import call

INSTRUMENTS = {
    "ES": nt.Instrument(
        tick_size=Decimal("0.25"), currency="USD", max_price=100_000, multiplier=50, fee_taker=nt.Fee(per_contract=Decimal("2.10"))
    ),
    "XYZ": nt.Instrument(tick_size=Decimal("0.01"), lot_size=Decimal("0.001"), currency="USD", max_price=10_000),
}


class TestKernel:
    """One kernel, and what the tests may ask of it."""

    def __init__(
        self,
        name: str,
        *,
        tape: bool = False,
        participants: int = 0,
        limits: dict[str, Any] | None = None,
        latency_us: int = 0,
        fill_model: str = "conservative",
        models: tuple[str, ...] = (),
        accounts: tuple[str, ...] = ("main",),
    ) -> None:
        config = nt.Config(
            name=name,
            instruments=INSTRUMENTS,
            limits=nt.Limits(**(limits or {})),
            venue=nt.VenueConfig(latency_in_us=latency_us, latency_out_us=latency_us, fill_model=fill_model),
            accounts={account: AccountConfig(currency="USD", cash=100_000) for account in accounts},
            models={model: ModelConfig() for model in models},
        )
        self.name = name
        self.tape = tape
        self.kernel = nt.Kernel(config, realtime=not tape, participants=participants)
        self.kernel.start()
        handle = ffi.new("uint32_t *")
        call(lib.nt_kernel_feed, self.kernel._handle, handle)
        self._feed = handle[0]
        self._time_ns = 10**9  # of a tape
        self._quiet = threading.Event()
        self._stream: threading.Thread | None = None
        self._speaker: nt.Client | None = None
        self._pushing = threading.Lock()  # a feed has one caller at a time

    def trade(self, price: float, size: float = 100, side: str = "BUY", symbol: str = "ES", count: int = 1) -> int:
        """So many equal prints."""
        tick = self._ticks(symbol, abi.NT_TICK_TRADE, count)
        tick["price"] = INSTRUMENTS[symbol].price_converter().raw(price)
        tick["size"] = INSTRUMENTS[symbol].quantity_converter().raw(size)
        tick["aggressor"] = abi.Side[side]
        return self._push(tick)

    def quote(self, bid: float, ask: float, size: float = 100, symbol: str = "ES", count: int = 1) -> int:
        """So many equal quotes."""
        tick = self._ticks(symbol, abi.NT_TICK_QUOTE, count)
        for name, price in (("bid", bid), ("ask", ask)):
            tick[f"{name}_price"] = INSTRUMENTS[symbol].price_converter().raw(price)
            tick[f"{name}_size"] = INSTRUMENTS[symbol].quantity_converter().raw(size)
        return self._push(tick)

    def prints(self, first: float, step: float, count: int, symbol: str = "ES") -> int:
        """Prints that go up by a step each, of sizes 1, 2, 3 and so on."""
        ticks = self._ticks(symbol, abi.NT_TICK_TRADE, count)
        price = INSTRUMENTS[symbol].price_converter()
        ticks["price"] = price.raw(first) + np.arange(count) * price.raw(step)
        ticks["size"] = INSTRUMENTS[symbol].quantity_converter().raw(1) * (1 + np.arange(count))
        ticks["aggressor"] = abi.NT_SIDE_BUY
        return self._push(ticks)

    def end(self) -> int:
        """The source ends."""
        return self._push(self._ticks("ES", abi.NT_TICK_END, 1))

    def stream(self, every_ms: float) -> None:
        """Prints without end, until `quiet`."""

        def run() -> None:
            while not self._quiet.wait(every_ms / 1000):
                self.trade(100)

        self._stream = threading.Thread(target=run, daemon=True)
        self._stream.start()

    def quiet(self) -> None:
        """No more prints."""
        self._quiet.set()
        if self._stream is not None:
            self._stream.join()
        self._quiet.clear()

    def signal(self, model: str, values: list[float], symbol: str = "ES") -> None:
        """A client says what a model has found."""
        if self._speaker is None:
            self._speaker = self.kernel.client("speaker")
        self._speaker.send_signal(symbol, values, model=model)

    def state(self, state: str) -> None:
        """Set the trading state of every account."""
        self.kernel.set_state(state, "a test")

    def counters(self) -> dict[str, int]:
        """What the kernel has counted."""
        counters = ffi.new("nt_counters *")
        assert lib.nt_read_counters(self.kernel._handle, counters) == 0
        return {name: getattr(counters, name) for name in ("orders_accepted", "orders_denied", "fills")}

    def published(self) -> int:
        """How many ticks the kernel has passed on."""
        return int(self.kernel._status().ticks_published)

    def stop(self) -> None:
        """The loop ends; its memory stays."""
        self.quiet()
        lib.nt_close(self._feed)
        self.kernel.stop()

    def close(self) -> None:
        """Leave nothing."""
        self.quiet()
        self.kernel.close()

    def _ticks(self, symbol: str, kind: int, count: int) -> NDArray[Any]:
        ticks: NDArray[Any] = np.zeros(count, abi.NT_TICK)
        ticks["kind"] = kind
        ticks["instrument"] = list(INSTRUMENTS).index(symbol)
        ticks["flags"] = abi.NT_TICK_LAST_OF_SLICE
        if self.tape:
            ticks["ts_event"] = self._time_ns + np.arange(count) * 1_000_000
            self._time_ns += count * 1_000_000
        else:
            ticks["ts_event"] = time.monotonic_ns()
        return ticks

    def _push(self, ticks: NDArray[Any]) -> int:
        with self._pushing:
            return feed_ticks(self._feed, ticks, 0, lambda: False)


def say(fact: dict[str, Any]) -> None:
    """One line of JSON."""
    sys.stdout.write(json.dumps(fact) + "\n")
    sys.stdout.flush()


def main(name: str, options: str = "{}") -> None:
    """Serve until the standard input ends."""
    given = json.loads(options)
    test = TestKernel(name, **{key: tuple(value) if isinstance(value, list) else value for key, value in given.items()})
    commands: dict[str, Callable[..., Any]] = {
        command.__name__: command
        for command in (
            test.trade,
            test.quote,
            test.prints,
            test.end,
            test.stream,
            test.quiet,
            test.signal,
            test.state,
            test.counters,
            test.published,
            test.stop,
        )
    }
    try:
        say({"answer": "started"})
        for line in sys.stdin:
            request = json.loads(line)
            try:
                answer = {"answer": commands[request.pop("do")](**request)}
            except Exception as error:
                answer = {"error": f"{type(error).__name__}: {error}"}
            say(answer)
    finally:
        test.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
