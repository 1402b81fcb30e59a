"""`neural-trader run`."""

from __future__ import annotations

import argparse
import contextlib
import datetime
import math
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from neural_trader.cli.common import (
    EXIT_FAILURE,
    EXIT_HALTED,
    EXIT_OK,
    ProgressLine,
    add_command,
    add_settings,
    add_sources,
    config_from,
    highlights,
    print_json,
    source_from,
    with_source,
)
from neural_trader.client import Side
from neural_trader.config import Config, SourceSpec
from neural_trader.errors import ConfigError, ConfigProblem, InvalidArgument, NeuralTraderError
from neural_trader.kernel import Kernel, strategy_name
from neural_trader.loading import load_strategy
from neural_trader.monitor import Monitor
from neural_trader.numbers import exact
from neural_trader.processes import Worker, feed_worker, strategy_worker
from neural_trader.records import ExecutionResult
from neural_trader.result import Result
from neural_trader.sources import instruments_of
from neural_trader.strategy import Strategy

__all__ = ["add"]

_TURN_S: Final = 0.02  # between two looks at a run that goes on elsewhere
_STALL_S: Final = 3.0  # without a tick, before a tape that lost a process is taken to stand still
_LEAVE_S: Final = 5.0  # for a strategy to come to its end once it is asked to
_CONSOLE: Final = "console"
_PARTICIPANTS_MAX: Final = 64


def add(commands: Any) -> None:
    """Add the command."""
    parser = add_command(
        commands,
        "run",
        "run a configuration on paper, in a kernel that others can attach to",
        (
            "run examples/run.toml",
            'run examples/run.toml --final-order "BUY 500 ES" --json',
            "run examples/run.toml --processes 3",
            "run examples/run.toml --participants 1",
            "run examples/run.toml --realtime --speed 60 --set limits.max_position=1",
        ),
        "The result is printed, with what had to be assumed, and saved below [output].directory.",
    )
    parser.add_argument("config", metavar="CONFIG", help="the TOML file")
    parser.add_argument("--processes", type=int, choices=(1, 3), default=1, help="1: everything here; 3: kernel, feed and strategy apart")
    parser.add_argument(
        "--participants",
        type=int,
        metavar="N",
        help="no strategy here: N clients of any language attach by the kernel's name, and the tape begins once they have subscribed; "
        "real time waits for nobody",
    )
    parser.add_argument("--realtime", action="store_true", help="the machine's time, and a feed paced as recorded (as source.speed = 1)")
    parser.add_argument("--speed", type=float, metavar="X", help="with --realtime: X times as fast as recorded; 0 as fast as it goes")
    parser.add_argument("--final-order", metavar="ORDER", help='"BUY 500 ES" or "SELL 1 ES @ 1640.25", sent at the end by its own client')
    add_sources(parser)
    add_settings(parser)
    parser.set_defaults(function=run)


class FinalOrder(NamedTuple):
    """An order of the command line; a price makes it a limit order."""

    side: Side
    quantity: str
    symbol: str
    price: str | None

    def __str__(self) -> str:
        return f"{self.side} {self.quantity} {self.symbol}" + (f" @ {self.price}" if self.price is not None else "")


class Plan(NamedTuple):
    """What to run: everything checked."""

    config: Config
    source: SourceSpec
    strategy: str
    participants: int | None  # strategies elsewhere, instead of one here
    realtime: bool
    speed: float
    final_order: FinalOrder | None


class Outcome(NamedTuple):
    """How it went."""

    result: Result
    final: ExecutionResult | None
    failed: bool = False  # a process was lost
    interrupted: int = 0  # the exit code of a signal


def run(options: argparse.Namespace) -> int:
    """Run it."""
    plan = _plan(options)
    with contextlib.redirect_stdout(sys.stderr) if options.json else contextlib.nullcontext():
        here = options.processes == 1 and plan.participants is None
        strategy = load_strategy(plan.strategy, plan.config.parameters) if here else None
        highlights(plan.config, plan.source, instruments_of(plan.source, plan.config), options.json)
        progress = ProgressLine()
        try:
            if plan.participants is not None:
                outcome = _for_others(plan, plan.participants, progress)
            elif strategy is None:
                outcome = _in_three_processes(plan, progress)
            elif plan.realtime:
                outcome = _in_real_time(plan, strategy, progress)
            else:
                outcome = _in_lockstep(plan, strategy, progress)
        finally:
            progress.finish()
    _report(plan, outcome, options)
    if "HALTED" in outcome.result.summary["accounts"].values():
        return EXIT_HALTED
    return EXIT_FAILURE if outcome.failed else outcome.interrupted or EXIT_OK


def _plan(options: argparse.Namespace) -> Plan:
    config = config_from(options.config, options.settings)
    if options.source:
        config = with_source(config, source_from(options, config))
    problems = []
    if config.source.path is None:
        problems.append(ConfigProblem("source.path", "is missing; a run needs one, such as sample:es-2013-09 or a trade file"))
    if config.strategy is None and options.participants is None:
        problems.append(ConfigProblem("strategy", 'is missing; a run needs one, such as "flow.py:Flow"'))
    if problems:
        raise ConfigError(problems, options.config)
    assert config.source.path is not None
    if options.participants is not None and (options.processes != 1 or not 0 <= options.participants <= _PARTICIPANTS_MAX):
        raise InvalidArgument(f"--participants takes 0 to {_PARTICIPANTS_MAX}, and goes without --processes")
    speed, realtime = options.speed, options.realtime or config.source.speed > 0
    if speed is not None and not realtime:
        raise InvalidArgument("--speed needs --realtime; a tape runs as fast as its strategy")
    if speed is not None and not (0 <= speed < math.inf):
        raise InvalidArgument(f"--speed {speed:g} is not zero or a positive number")
    order = None if options.final_order is None else _order(options.final_order, config)
    if options.participants == 0 and not realtime:
        raise InvalidArgument("--participants 0 needs --realtime: a tape without a subscriber would be over before anybody attaches")
    pace = 1.0 if speed is None else speed
    return Plan(config, config.source.path, config.strategy or "", options.participants, realtime, pace, order)


def _order(text: str, config: Config) -> FinalOrder:
    """An order of the command line, refused here for what no kernel would take."""
    words = text.replace("@", " ").split()
    sides: dict[str, Side] = {"BUY": "BUY", "SELL": "SELL"}
    side = sides.get(words[0].upper()) if words else None
    if side is None or len(words) not in (3, 4):
        raise InvalidArgument(f'--final-order {text!r}: write it as "BUY 500 ES" or "SELL 1 ES @ 1640.25"')
    assert config.source.path is not None
    instruments = instruments_of(config.source.path, config)
    if words[2] not in instruments:
        raise InvalidArgument(f"--final-order {text!r}: there is no symbol {words[2]}; the symbols are {', '.join(instruments)}")
    instrument = instruments[words[2]]
    try:
        instrument.quantity_converter().raw(exact(words[1], "quantity"))
        if len(words) == 4:
            instrument.price_converter().raw(exact(words[3], "price"))
    except InvalidArgument as error:
        raise InvalidArgument(f"--final-order {text!r}: {error}") from error
    return FinalOrder(side, words[1], words[2], words[3] if len(words) == 4 else None)


def _send(kernel: Kernel, order: FinalOrder | None) -> ExecutionResult | None:
    """Send the final order, as a client of its own."""
    if order is None:
        return None
    with kernel.client(_CONSOLE) as client:
        return client.execute(order.symbol, order.side, order.quantity, order.price)


# ---- the three ways ------------------------------------------------------------------------------------------------------------


def _in_lockstep(plan: Plan, strategy: Strategy, progress: ProgressLine) -> Outcome:
    """Kernel, tape and strategy on this thread."""
    with Kernel(plan.config) as kernel:
        result = kernel.run(plan.source, strategy, progress=progress)
        final = _send(kernel, plan.final_order)
        return Outcome(result if final is None else kernel.result(), final)


def _in_real_time(plan: Plan, strategy: Strategy, progress: ProgressLine) -> Outcome:
    """The kernel on a thread of the library, feed and strategy on threads of their own; this one watches."""
    leaving = threading.Event()
    failures: list[BaseException] = []
    interrupted = 0
    with Kernel(plan.config, realtime=True) as kernel:
        kernel.start(plan.source, feed=False)
        client = kernel.client(strategy_name(strategy))

        def drive() -> None:
            try:
                client.run(strategy, stopping=leaving.is_set)
            except BaseException as error:
                failures.append(error)

        driver = threading.Thread(target=drive, name="nt-strategy", daemon=True)
        driver.start()
        try:
            kernel.feed(plan.speed)
            with Monitor(kernel.name) as monitor:
                while driver.is_alive() and not kernel.wait(_TURN_S):
                    _show(progress, monitor, len(kernel.source.ticks) if kernel.source is not None else 0)
                    if not kernel.running:
                        break
                driver.join()
        except KeyboardInterrupt as error:
            interrupted = _exit_code(error)
        finally:
            leaving.set()
            driver.join(_LEAVE_S)
        if failures:
            raise failures[0]
        if driver.is_alive():
            raise NeuralTraderError(f"the strategy did not return from its callback within {_LEAVE_S:g} s")
        client.close()
        final = _send(kernel, plan.final_order) if kernel.ended and kernel.running else None
        return Outcome(kernel.stop(), final, interrupted=interrupted)


def _for_others(plan: Plan, participants: int, progress: ProgressLine) -> Outcome:
    """The kernel and its feed here; strategies attach from elsewhere, and a tape waits until that many have subscribed."""
    interrupted = 0
    with Kernel(plan.config, realtime=plan.realtime, participants=0 if plan.realtime else participants) as kernel:
        kernel.start(plan.source, speed=plan.speed if plan.realtime else None)
        said = "runs" if plan.realtime else f"waits for {participants} to subscribe"
        print(f"neural-trader: kernel {kernel.name} {said}", file=sys.stderr)
        try:
            with Monitor(kernel.name) as monitor:
                total = len(kernel.source.ticks) if kernel.source is not None else 0
                while kernel.running and not (kernel.wait(_TURN_S) and _all_have_left(monitor)):
                    _show(progress, monitor, total)
        except KeyboardInterrupt as error:
            interrupted = _exit_code(error)
        final = _send(kernel, plan.final_order) if kernel.ended and kernel.running else None
        return Outcome(kernel.stop(), final, interrupted=interrupted)


def _all_have_left(monitor: Monitor) -> bool:
    """Whether no client is attached: whoever followed the tape to its end has sent what it wanted to."""
    time.sleep(_TURN_S)
    return not monitor.channels()


def _in_three_processes(plan: Plan, progress: ProgressLine) -> Outcome:
    """The kernel here, feed and strategy in processes of their own."""
    interrupted = 0
    with Kernel(plan.config, realtime=plan.realtime, participants=0 if plan.realtime else 1) as kernel, contextlib.ExitStack() as stack:
        kernel.start(plan.source, feed=False)
        strategy = stack.enter_context(strategy_worker(kernel.name, plan.strategy, dict(plan.config.parameters)))
        while plan.realtime and strategy.exit_code() is None and "client" not in strategy.facts:
            time.sleep(_TURN_S)  # real time waits for nobody: the strategy is to see the first tick
        feed = stack.enter_context(feed_worker(kernel.name, plan.source, plan.config, plan.speed if plan.realtime else 0))
        monitor = stack.enter_context(Monitor(kernel.name))
        lost: list[Worker] = []
        try:
            for worker in _watch(kernel, monitor, feed, strategy, progress):
                lost.append(worker)
                print(f"neural-trader: the {worker.role} process {_ending(worker)}; the kernel goes on", file=sys.stderr)
        except KeyboardInterrupt as error:
            if not plan.realtime:
                raise
            interrupted = _exit_code(error)
            strategy.terminate()
            feed.terminate()
            strategy.wait(_LEAVE_S)
            feed.wait(_LEAVE_S)
        _await_leaving(monitor, strategy)
        final = _send(kernel, plan.final_order) if kernel.ended and kernel.running else None
        result = kernel.stop()
        peaks = {"kernel": result.summary["peak_memory_bytes"]}
        for worker in (feed, strategy):
            worker.terminate()
            worker.wait(_LEAVE_S)
            peaks[worker.role] = worker.facts.get("peak_memory_bytes", 0)
        result.summary["peak_memory_bytes"] = sum(peaks.values())
        result.summary["peak_memory_bytes_by_process"] = peaks
        return Outcome(result, final, bool(lost), interrupted)


def _watch(kernel: Kernel, monitor: Monitor, feed: Worker, strategy: Worker, progress: ProgressLine) -> Iterator[Worker]:
    """Until the tape has ended and both children are done, or nothing can come any more. Yields each child that is lost.

    A child that refuses what it was given before it took part ends the run with its own exit code and words.
    """
    lost: list[Worker] = []
    ticks, moved_s = 0, time.monotonic()
    while True:
        _show(progress, monitor, feed.facts.get("total", 0))
        now = int(monitor.counters().ticks)
        if now != ticks:
            ticks, moved_s = now, time.monotonic()
        codes = [(worker, worker.exit_code()) for worker in (feed, strategy)]
        for worker, code in codes:
            if code not in (None, 0) and worker not in lost:
                if "failed" in worker.facts and not {"client", "total"} & worker.facts.keys():
                    raise SystemExit(code)  # it has said why
                lost.append(worker)
                yield worker
        if all(code is not None for _, code in codes) and (kernel.ended or lost or not kernel.running):
            return
        if not kernel.running or feed in lost:
            strategy.terminate()
            strategy.wait(_LEAVE_S)
            return
        if strategy in lost and not kernel.realtime and not kernel.ended and time.monotonic() - moved_s > _STALL_S:
            return
        time.sleep(_TURN_S)


def _await_leaving(monitor: Monitor, strategy: Worker) -> None:
    """Wait until the kernel has seen that the strategy left, and has taken everything that it sent."""
    deadline = time.monotonic() + _LEAVE_S
    while time.monotonic() < deadline and any(channel.pid == strategy.pid for channel in monitor.channels()):
        time.sleep(_TURN_S / 10)


def _show(progress: ProgressLine, monitor: Monitor, total: int) -> None:
    progress(int(monitor.counters().ticks), total)


def _ending(worker: Worker) -> str:
    code = worker.exit_code() or 0
    return f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"


def _exit_code(error: KeyboardInterrupt) -> int:
    return 128 + int(getattr(error, "number", 2))


# ---- the result ----------------------------------------------------------------------------------------------------------------


def _report(plan: Plan, outcome: Outcome, options: argparse.Namespace) -> None:
    """Save and print."""
    summary = outcome.result.summary
    summary["processes"] = options.processes
    final = outcome.final
    if final is not None:
        summary["final_order"] = {
            "order": str(plan.final_order),
            "result": str(final),
            **{name: getattr(final, name) for name in ("status", "reason", "observed", "limit", "filled_quantity", "average_price")},
        }
    saved = None
    if plan.config.output.directory is not None:
        saved = _directory(Path(plan.config.output.directory), plan.config.name)
        outcome.result.save(saved)
    if options.json:
        print_json({**summary, "saved": str(saved) if saved is not None else None})
        return
    print(outcome.result)
    if saved is not None:
        print(f"saved: {saved}")
    if final is not None:
        print(f"final order {plan.final_order}: {final}")


def _directory(base: Path, name: str) -> Path:
    """A directory of its own for this run."""
    stamp = datetime.datetime.now(datetime.UTC).strftime("%Y%m%d-%H%M%S")
    number = 1
    while True:
        chosen = base / (f"{name}-{stamp}" if number == 1 else f"{name}-{stamp}-{number}")
        try:
            chosen.mkdir(parents=True)
        except FileExistsError:
            number += 1
        else:
            return chosen
