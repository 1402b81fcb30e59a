"""A run in three processes: the kernel here, the feed and the strategy as children that die with it.

A child is `python -m neural_trader.processes feed|strategy`. It reads its job, a pickled dict, from standard input, and writes what it has
to say to its standard output, one JSON object a line; what a strategy prints goes to standard error.
"""

from __future__ import annotations

import ctypes
import json
import logging
import os
import pickle
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final, Literal, Self

from neural_trader.client import Client
from neural_trader.config import Config, SourceSpec
from neural_trader.errors import ConfigError, InvalidArgument, NeuralTraderError, SourceError
from neural_trader.kernel import feed_source, strategy_name
from neural_trader.loading import MODULE_PREFIX, load_strategy
from neural_trader.result import peak_memory_bytes

__all__ = ["Worker", "explain", "feed_worker", "main", "strategy_worker"]

log = logging.getLogger(__name__)

_PR_SET_PDEATHSIG: Final = 1
_CONFIGURATION: Final = 2  # exit code


def explain(error: BaseException) -> tuple[int, str]:
    """Exit code and text of an error: 2 for a configuration, a source or an argument, 1 for anything else. An error that came out of a
    strategy's code says where."""
    place = _place(error, lambda frame: str(frame.f_globals.get("__name__", "")).startswith(MODULE_PREFIX))
    if isinstance(error, NeuralTraderError):
        refused = isinstance(error, (ConfigError, SourceError, InvalidArgument)) and place is None
        return _CONFIGURATION if refused else 1, f"{error} ({place})" if place else str(error)
    if isinstance(error, OSError) and place is None:
        return 1, str(error)
    place = place or _place(error, lambda frame: True)
    return 1, f"{type(error).__name__}: {error} ({place})"


def _place(error: BaseException, wanted: Callable[[Any], bool]) -> str | None:
    """file:line of the last wanted frame that an error passed through."""
    found = None
    for frame, line in traceback.walk_tb(error.__traceback__):
        if wanted(frame):
            found = f"{frame.f_code.co_filename}:{line}"
    return found


# ---- the parent's side ---------------------------------------------------------------------------------------------------------


class Worker:
    """A child process. `facts` holds what it has said so far; leaving the context kills it."""

    def __init__(self, role: Literal["feed", "strategy"], job: dict[str, Any]) -> None:
        self.role = role
        self.facts: dict[str, Any] = {}
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", __name__, role],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            process_group=0,  # a Ctrl-C of the terminal is the parent's to handle
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._said = self._process.stdout
        try:
            with self._process.stdin as pipe:
                pipe.write(pickle.dumps({**job, "parent": os.getpid()}))
        except BrokenPipeError:
            log.error("the %s process ended before it had read its job", role)
        self._reader = threading.Thread(target=self._read, name=f"nt-{role}", daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self._said:
            self.facts.update(json.loads(line))

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def exit_code(self) -> int | None:
        """Its exit code, negative for a signal; None while it runs. Afterwards `facts` is complete."""
        code = self._process.poll()
        if code is not None:
            self._reader.join()
        return code

    def wait(self, timeout_s: float) -> int | None:
        """Its exit code, None when it still runs after the timeout."""
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return None
        return self.exit_code()

    def terminate(self) -> None:
        """Ask it to finish: a strategy gets its on_stop, a feed stops pushing."""
        if self._process.poll() is None:
            self._process.terminate()

    def close(self) -> None:
        """Kill it if it still runs."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._reader.join()
        self._said.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def feed_worker(kernel: str, source: SourceSpec, config: Config, speed: float = 0) -> Worker:
    """A process that feeds a source to a kernel. Its facts: `total` ticks of it, at the end `ticks` pushed and `peak_memory_bytes`."""
    return Worker("feed", {"kernel": kernel, "source": source, "config": config, "speed": speed})


def strategy_worker(kernel: str, strategy: str, parameters: dict[str, Any]) -> Worker:
    """A process that runs a strategy. Its facts: the `client` name once it has attached, then `peak_memory_bytes`."""
    return Worker("strategy", {"kernel": kernel, "strategy": strategy, "parameters": parameters})


# ---- the child's side ----------------------------------------------------------------------------------------------------------


def die_with(parent: int) -> None:
    """Ask the system to kill this process when its parent ends."""
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(_PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGKILL), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "the system does not tie this process to its parent")
    if os.getppid() != parent:
        os._exit(1)  # it ended before the request


def _feed(job: dict[str, Any], say: Callable[..., None], stopping: Callable[[], bool]) -> None:
    ticks = feed_source(job["kernel"], job["source"], job["config"], job["speed"], stopping, lambda tape: say(total=len(tape.ticks)))
    say(ticks=ticks)


def _strategy(job: dict[str, Any], say: Callable[..., None], stopping: Callable[[], bool]) -> None:
    strategy = load_strategy(job["strategy"], job["parameters"])
    with Client.attach(job["kernel"], name=strategy_name(strategy)) as client:
        say(client=client.name)
        client.run(strategy, stopping=stopping)


def main(role: str) -> int:
    """Do the job of a child. Returns its exit code."""
    job = pickle.loads(sys.stdin.buffer.read())
    die_with(job["parent"])
    said = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda number, frame: stopping.set())

    def say(**facts: Any) -> None:
        print(json.dumps(facts), file=said, flush=True)

    try:
        (_feed if role == "feed" else _strategy)(job, say, stopping.is_set)
    except Exception as error:
        if os.environ.get("NEURAL_TRADER_DEBUG") == "1":
            traceback.print_exc()
        code, text = explain(error)
        for line in text.splitlines():
            sys.stderr.write(f"neural-trader: {role}: {line}\n")
        say(failed=text)
        return code
    say(peak_memory_bytes=peak_memory_bytes())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
