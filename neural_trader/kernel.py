"""The kernel of this process: create it from a configuration, run a tape through it, or start it for others to attach to."""

from __future__ import annotations

import atexit
import logging
import threading
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal, Self

import numpy as np
from numpy.typing import NDArray

from neural_trader._native import abi, ffi, lib
from neural_trader.client import Client
from neural_trader.config import Config, SourceSpec, symbols_refused
from neural_trader.config_rows import account_row, terms_row
from neural_trader.errors import ConfigError, InvalidArgument, NeuralTraderError, SourceError, StateError
from neural_trader.instruments import Instrument
from neural_trader.kernel_models import add_model
from neural_trader.records import call, check
from neural_trader.result import Recording, Result
from neural_trader.sources import Source, instruments_of, open_source
from neural_trader.sources.clock import has_clock, with_clock
from neural_trader.sources.tape_files import give_back
from neural_trader.strategy import Strategy, heard_by
from neural_trader.strategy_identity import identity_of
from neural_trader.timers import TapeTimer, common_interval
from neural_trader.user_features import begin_recording, recordings_of

__all__ = ["Kernel", "feed_source", "feed_ticks", "kernel_row", "strategy_name"]

log = logging.getLogger(__name__)

Progress = Callable[[int, int], None]

_JOURNAL_BYTES: Final = 1 << 20
_FILL_MODELS: Final = {"conservative": abi.NT_FILL_PRINTS, "queue": abi.NT_FILL_QUEUE, "probabilistic": abi.NT_FILL_PROBABILISTIC}
_NANOSECONDS: Final = 1_000_000_000
_CHUNK: Final = 65_536  # ticks between two looks at the progress


_open: weakref.WeakSet[Kernel] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    """A program that ends without closing its kernels leaves nothing in shared memory."""
    for kernel in list(_open):
        kernel.close()


class Kernel:
    """A trading kernel in this process.

    `run` takes a tape through strategies on the caller's thread. `start` runs it on a thread of the library, and other processes attach by
    `config.name`. `realtime` lets time be the machine's and not the tape's; `participants` is how many strategies a tape waits for before
    it begins. An empty name (as `backtest` uses) keeps everything in private memory.
    """

    def __init__(self, config: Config, *, realtime: bool = False, participants: int = 0, private: bool = False) -> None:
        self.config = config.validated()
        self.name = "" if private else self.config.name
        self.realtime = realtime
        self._participants = participants
        self._handle = 0
        self._created = ffi.new("uint32_t *")  # set by the call that makes the segments: an interrupt right after it does not lose them
        self._source_spec: SourceSpec | None = None
        self._source: Source | None = None
        self._instruments: Mapping[str, Instrument] = {}
        self._models: dict[str, dict[str, Any]] = {}
        self._recording = Recording()
        self._frames = bytearray(_JOURNAL_BYTES)
        self._frames_pointer = ffi.from_buffer(self._frames)
        self._feeder: threading.Thread | None = None
        self._recorder: threading.Thread | None = None
        self._stopping = threading.Event()
        self._failure: BaseException | None = None
        self._started_s = 0.0
        self._elapsed_s = 0.0
        self._looping = False

    # ---- set-up ------------------------------------------------------------------------------------------------------------------

    def _create(self, instruments: Mapping[str, Instrument], participants: int) -> None:
        limits = self.config.limits
        if not instruments:
            raise InvalidArgument("the kernel has no instrument; add [instruments.SYMBOL], or use a sample")
        if problems := symbols_refused(self.config, instruments):
            raise ConfigError(problems)
        if self._handle:
            raise StateError("this kernel has run already; make a new one")
        config = ffi.new("nt_kernel_config *", kernel_row(self.config, len(instruments)))
        config.name = self.name.encode()
        config.clock = abi.NT_CLOCK_MONOTONIC if self.realtime else abi.NT_CLOCK_TAPE
        config.participants = participants
        config.journal_bytes = _JOURNAL_BYTES
        config.record = 1
        call(lib.nt_kernel_create, config, self._created)
        self._handle = self._created[0]
        _open.add(self)
        try:
            for instrument in instruments.values():
                check(lib.nt_kernel_add_instrument(self._handle, ffi.new("nt_instrument *", instrument.row())), self._handle)
            numbers = {symbol: number for number, symbol in enumerate(instruments)}
            for place in self.config.venues.values():
                for symbol in place.symbols:
                    check(lib.nt_kernel_set_latency(self._handle, numbers[symbol], *place.latency_ns), self._handle)
            for name, account in self.config.accounts.items():
                index = check(
                    lib.nt_kernel_add_account(self._handle, ffi.new("nt_account *", account_row(name, account, limits))), self._handle
                )
                for number, instrument in enumerate(instruments.values()):
                    row = {"account": index, "instrument": number, **terms_row(instrument, account, self.config)}
                    check(lib.nt_kernel_set_terms(self._handle, ffi.new("nt_terms *", row)), self._handle)
            self._models = {name: add_model(self._handle, name, model) for name, model in self.config.models.items()}
        except NeuralTraderError:
            self.close()
            raise
        self._instruments = instruments
        self._started_s = time.perf_counter()

    def _opened(self, spec: SourceSpec) -> Source:
        source = open_source(spec, self.config)
        self._check_latency(source)
        return source

    def _check_latency(self, source: Source) -> None:
        if self.config.venue.latency != "measured":
            return
        ticks = source.ticks
        said = set(np.unique(ticks["instrument"][ticks["kind"] == abi.NT_TICK_LATENCY]).tolist())
        silent = [symbol for number, symbol in enumerate(source.instruments) if symbol in source.symbols and number not in said]
        if silent:
            text = f"does not tell when the ticks of {', '.join(silent)} left their venue; set venue.latency to constant"
            raise SourceError(text, file=source.name)

    # ---- on this thread ----------------------------------------------------------------------------------------------------------

    def run(self, source: SourceSpec | Source, *strategies: Strategy, progress: Progress | None = None) -> Result:
        """Take a whole tape, or one that has been read already, through the strategies in lockstep, and give the result. Of a tape file
        only the part that is at work is kept in memory. `progress` is called with ticks done and all."""
        if self.realtime:
            raise StateError("run is for tapes; start a real-time kernel and let strategies attach")
        if any(strategy.compiled for strategy in strategies):
            from neural_trader import compiled  # needs Numba, which only its users have

            if len(strategies) > 1:
                raise InvalidArgument("a compiled strategy runs alone; give the others a run of their own")
            compiled.prepare(strategies[0])  # before the time of the run begins
        identities = tuple(identity_of(strategy) for strategy in strategies)  # before a callback changes them
        interval = common_interval(strategies)
        opened = source if isinstance(source, Source) else open_source(source, self.config)
        self._check_latency(opened)
        opened = with_clock(opened, interval)
        self._create(opened.instruments, len(strategies))
        self._source = opened
        clients: list[Client] = []
        try:
            for number, strategy in enumerate(strategies):
                client = self.client(strategy_name(strategy, number))
                clients.append(client)
                client.subscribe()
                begin_recording(strategy)
                strategy.on_start(client)
            if any(strategy.compiled for strategy in strategies):
                compiled.replay(self._handle, clients[0], strategies[0], opened.ticks, self._drain, progress)
            else:
                self._replay(opened.ticks, list(zip(clients, strategies, strict=True)), progress)
            for client, strategy in zip(clients, strategies, strict=True):
                client.finish(strategy)
            self._elapsed_s = time.perf_counter() - self._started_s
        finally:
            for client in clients:
                client.close()
        self._turn()  # takes that the strategies have left
        result = self.result()
        result.strategies = identities
        result.recorded = {
            name if len(strategies) == 1 else f"{client.name}.{name}": rows
            for client, strategy in zip(clients, strategies, strict=True)
            for name, rows in recordings_of(strategy).arrays().items()
        }
        return result

    def _replay(self, ticks: NDArray[Any], pairs: Sequence[tuple[Client, Strategy]], progress: Progress | None) -> None:
        handle, replay = self._handle, lib.nt_kernel_replay
        base = ffi.cast("nt_tick *", ticks.ctypes.data)
        total, position, shown, kept = len(ticks), 0, 0, 0
        clock = has_clock(ticks)
        work = [
            (
                client,
                client._poll_once,
                client._poll,
                TapeTimer(strategy).on_ticks if clock else strategy.on_ticks,
                strategy.on_report,
                heard_by(strategy),
            )
            for client, strategy in pairs
        ]
        while True:
            used = replay(handle, base + position, min(total - position, _CHUNK))
            if used <= 0:
                check(used, handle)
                drained = self._drain()
            position += used
            moved = used > 0
            for client, poll_once, poll, on_ticks, on_report, on_signal in work:
                reports = poll_once(4096, 0)
                signals = len(client.last_signals_raw)
                if not reports and not poll.ticks and not signals:
                    continue
                moved = True
                for report in reports:
                    on_report(client, report)
                if poll.ticks:
                    on_ticks(client, client.last_ticks())
                if signals and on_signal is not None:
                    for signal in client.last_signals():
                        on_signal(client, signal)
            if position - kept >= _CHUNK:
                kept = position
                give_back(ticks, position)
            if progress is not None and position - shown >= _CHUNK:
                shown = position
                progress(position, total)
            if not moved:
                if position == total and all(client.ended for client, *_ in work):
                    break
                if not drained:
                    raise StateError(f"the tape does not go on at tick {position} of {total}")
        if progress is not None:
            progress(total, total)

    # ---- on the library's thread -------------------------------------------------------------------------------------------------

    def start(self, source: SourceSpec | None = None, *, feed: bool = True, speed: float | None = None) -> None:
        """Run on a thread of the library until `stop`. With a source a feeder thread pushes it, in real time at `speed` times as recorded
        (0: as fast as it is taken; that of the configuration unless given); `feed` False leaves that to a later `feed` or to another
        process. Returns once the first ticks are in, unless the tape waits for participants."""
        self._source_spec = source
        self._source = self._opened(source) if source is not None and feed else None
        instruments = instruments_of(source, self.config) if source is not None else self.config.instruments
        self._create(instruments, self._participants)
        check(lib.nt_kernel_start(self._handle), self._handle)
        self._looping = True
        while not self.running:  # its thread has begun: from now on "not running" means stopped
            time.sleep(0.0002)
        self._recorder = threading.Thread(target=self._record, name="nt-recorder", daemon=True)
        self._recorder.start()
        if source is not None and feed:
            self.feed(speed)

    def feed(self, speed: float | None = None) -> None:
        """Push the source of a kernel that was started without its feed, for strategies that have to see it from its first tick."""
        if not self._looping or self._source_spec is None or self._feeder is not None:
            raise StateError("there is nothing to feed; start the kernel with a source and feed=False first, and feed it once")
        if self._source is None:
            self._source = self._opened(self._source_spec)
        handle = ffi.new("uint32_t *")
        call(lib.nt_kernel_feed, self._handle, handle)
        self._feeder = threading.Thread(
            target=self._feed,
            args=(handle[0], self._source, self.config.source.speed if speed is None else speed),
            name="nt-feeder",
            daemon=True,
        )
        self._feeder.start()
        while self._participants == 0 and self._failure is None and self.running and not self._status().ticks_published:
            time.sleep(0.0002)

    def _feed(self, feed: int, source: Source, speed: float) -> None:
        try:
            feed_ticks(feed, source.ticks, speed if self.realtime else 0, self._stopping.is_set)
        except BaseException as error:  # reported by stop and wait, on the owner's thread
            self._failure = error
            log.error("the feed stopped: %s", error)
        finally:
            lib.nt_close(feed)

    def _record(self) -> None:
        while not self._stopping.is_set():
            if self._drain() == 0:
                self._stopping.wait(0.002)

    def _drain(self) -> int:
        size = check(lib.nt_kernel_drain(self._handle, self._frames_pointer, len(self._frames)), self._handle)
        if size > 0:
            self._recording.add(self._frames[:size])
        return size

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until the source has ended. False when the time is up; raises what stopped the feed."""
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while not self.ended:
            if self._failure is not None:
                raise self._failure
            if deadline is not None and time.monotonic() >= deadline:
                return False
            time.sleep(0.005)
        return True

    def stop(self) -> Result:
        """End the loop and give the result. The segments stay until `close`."""
        if not self._handle:
            raise StateError("the kernel has not started; call start first")
        self._stopping.set()
        for thread in (self._feeder, self._recorder):
            if thread is not None:
                thread.join()
        if self._looping:
            check(lib.nt_kernel_stop(self._handle), self._handle)
            self._looping = False
            self._elapsed_s = time.perf_counter() - self._started_s
        if self._failure is not None:
            raise self._failure
        if self._source is None and self._source_spec is not None:
            self._source = open_source(self._source_spec, self.config)  # another process fed it; the equity curve needs the tape
        return self.result()

    def result(self) -> Result:
        """The result so far, of a kernel that does not run now: after `run`, after `stop`, and again once a client traded."""
        if self._looping or not self._handle:
            raise StateError("a running kernel has no result; call stop first")
        while self._drain() > 0:
            pass
        return Result.collect(
            handle=self._handle,
            config=self.config,
            instruments=self._instruments,
            recording=self._recording,
            source=self._source,
            elapsed_s=self._elapsed_s,
            models=self._models,
        )

    # ---- both --------------------------------------------------------------------------------------------------------------------

    def client(self, name: str | None = None) -> Client:
        """A client in this process."""
        if not self._handle:
            raise StateError("the kernel has not started; call start first")
        handle = ffi.new("uint32_t *")
        chosen = name if name is not None else "local"
        call(lib.nt_kernel_client, self._handle, chosen.encode(), handle)
        return Client(handle[0], chosen, None if self._looping else self._turn)

    def _turn(self) -> None:
        """Run what there is to run, on this thread."""
        if not self._looping:
            check(lib.nt_kernel_run(self._handle, 1 << 20), self._handle)
            self._drain()

    def set_state(self, state: Literal["ACTIVE", "REDUCING", "HALTED"], reason: str) -> None:
        """Set the trading state of every account. HALTED cancels what works; ACTIVE also ends a latched daily loss."""
        if state not in abi.TradingState.__members__:
            raise InvalidArgument(f"state {state!r} is not one of {', '.join(abi.TradingState.__members__)}")
        check(lib.nt_kernel_set_state(self._handle, 65535, abi.TradingState[state], reason.encode()[:39]), self._handle)

    def _status(self) -> Any:
        status = ffi.new("nt_status *")
        check(lib.nt_read_status(self._handle, status), self._handle)
        return status

    @property
    def running(self) -> bool:
        """Whether the loop runs on its own thread."""
        return bool(self._handle) and bool(self._status().running)

    @property
    def source(self) -> Source | None:
        """The tape, once it has been read here."""
        return self._source

    @property
    def ended(self) -> bool:
        """Whether the source has ended."""
        return bool(self._handle) and bool(self._status().source_ended)

    def close(self) -> None:
        """Stop and remove the segments. Closing twice is harmless."""
        self._stopping.set()
        for thread in (self._feeder, self._recorder):
            if thread is not None and thread.is_alive():
                thread.join()
        self._handle, handle, self._created[0] = 0, self._created[0], 0
        if handle:
            lib.nt_close(handle)
        self._looping = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __del__(self) -> None:
        if hasattr(self, "_looping"):
            self.close()


def kernel_row(config: Config, instruments: int) -> dict[str, int]:
    """What a configuration says of the fields of its nt_kernel_config, with a table for so many instruments."""
    venue = config.venue
    return {
        "instruments": instruments,
        "accounts": len(config.accounts),
        "latency_in_ns": venue.latency_in_ns,
        "latency_out_ns": venue.latency_out_ns,
        "slippage_ticks": venue.slippage_ticks,
        "fill_model": _FILL_MODELS[venue.fill_model],
        "measured_latency": int(venue.latency == "measured"),
        "models": len(config.models),
    }


def strategy_name(strategy: Strategy, number: int = 0) -> str:
    """Client name of a strategy: its class, with a number from the second on."""
    name = (
        "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "-" for c in type(strategy).__name__)[:24].lstrip(".") or "strategy"
    )
    return name if number == 0 else f"{name}-{number + 1}"


def feed_ticks(feed: int, ticks: NDArray[Any], speed: float, stopping: Callable[[], bool]) -> int:
    """Push a tape through a feed handle, as fast as it is taken (speed 0) or `speed` times as fast as recorded. Returns ticks pushed."""
    base = ffi.cast("nt_tick *", ticks.ctypes.data)
    pushed, total = 0, len(ticks)
    start_ns, first = time.monotonic_ns(), int(ticks["ts_event"][0]) if total else 0
    while pushed < total and not stopping():
        until = total
        if speed > 0:
            now = first + int((time.monotonic_ns() - start_ns) * speed)
            until = pushed + int(np.searchsorted(ticks["ts_event"][pushed : pushed + _CHUNK], now, side="right"))
            if until == pushed:
                wait_s = (int(ticks["ts_event"][pushed]) - now) / speed / _NANOSECONDS
                time.sleep(min(max(wait_s, 0.0), 0.05))
                continue
        pushed += check(lib.nt_feed_push(feed, base + pushed, min(until - pushed, _CHUNK), _NANOSECONDS // 10), feed)
    return pushed


def feed_source(
    kernel_name: str,
    source: SourceSpec,
    config: Config,
    speed: float = 0,
    stopping: Callable[[], bool] = lambda: False,
    opened: Callable[[Source], None] = lambda source: None,
) -> int:
    """Attach to a kernel of another process as its feed and push a whole source. Returns ticks pushed. `opened` is called with the tape
    before the first tick."""
    tape = open_source(source, config)
    opened(tape)
    handle = ffi.new("uint32_t *")
    call(lib.nt_feed_attach, kernel_name.encode(), 5 * _NANOSECONDS, handle)
    try:
        return feed_ticks(handle[0], tape.ticks, speed, stopping)
    finally:
        lib.nt_close(handle[0])
