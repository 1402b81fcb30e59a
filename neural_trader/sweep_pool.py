"""The parent's side of a sweep: its workers, and the file that its trials are streamed to."""

from __future__ import annotations

import fcntl
import logging
import os
import pickle
import selectors
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from os import PathLike, fspath
from typing import Any, Final, NoReturn, Self

import msgspec

from neural_trader.config import Config
from neural_trader.errors import InvalidArgument, NameInUse, SourceError, StateError, SystemFailure
from neural_trader.sweep_code import changed_files
from neural_trader.sweep_tape import SharedTape
from neural_trader.sweep_worker import Answer, Job, Outcome, StrategyPlace, Task

__all__ = ["Pool", "Trial", "TrialFile"]

log = logging.getLogger(__name__)

_PATIENCE_S: Final = 5.0  # for a worker to end by itself once its input has ended
_READ_BYTES: Final = 1 << 16
_PROGRAM: Final = "import sys; from neural_trader.sweep_worker import main; sys.exit(main())"


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """One point of a grid: its `number` in grid order, its parameters, the seed of its random numbers, and its outcome or why it failed.
    `key` is a hash of all that the outcome depends on; `elapsed_s` is how long it took."""

    number: int
    key: str
    parameters: dict[str, Any]
    seed: int
    outcome: Outcome | None = None
    failure: str | None = None
    elapsed_s: float = 0.0


class _Kept(Trial, frozen=True, kw_only=True):
    """A trial as it is in the file: with the strategy's name, and the hash of each file of its code."""

    strategy: str = ""
    files: dict[str, str] = {}


# ---- workers -------------------------------------------------------------------------------------------------------------------


class _Worker:
    """One worker process. `task` is what it does now; it is `ready` once it has said so."""

    def __init__(self, job: Job) -> None:
        descriptors = [descriptor for _, descriptor, _ in job.tapes]
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", _PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            process_group=0,  # a Ctrl-C of the terminal is the parent's to handle
            pass_fds=descriptors,
            env={**os.environ, "PYTHONHASHSEED": "0"},  # the order of sets is the same in every worker
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._input = self._process.stdin
        self.output = self._process.stdout
        self.ready = False
        self.task: Task | None = None
        self._rest = b""
        self._send(pickle.dumps(job))

    def _send(self, data: bytes) -> None:
        try:
            view = memoryview(data)
            while view:
                view = view[self._input.write(view) or 0 :]
        except BrokenPipeError:
            pass  # it has ended: its output says so next

    def begin(self, task: Task) -> None:
        """Give it a trial."""
        self.task = task
        self._send(msgspec.json.encode(task) + b"\n")

    def answers(self) -> list[Answer] | None:
        """What it has said since the last call; None once it has ended."""
        data = os.read(self.output.fileno(), _READ_BYTES)
        if not data:
            return None
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [msgspec.json.decode(line, type=Answer) for line in lines]

    def death(self) -> str:
        """Wait for its end, and say how it ended."""
        code = self._process.wait()
        if code < 0:
            hint = " (the system kills the largest process when memory is short)" if code == -signal.SIGKILL else ""
            return f"its worker process was killed by {signal.Signals(-code).name}{hint}"
        return f"its worker process ended with exit code {code}"

    def dismiss(self, *, kill: bool) -> None:
        """Let it end, without waiting for it."""
        self._input.close()
        if kill:
            self._process.kill()

    def close(self, *, kill: bool) -> None:
        """End it: by the end of its input, or at once."""
        self.dismiss(kill=kill)
        try:
            self._process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self.output.close()


@contextmanager
def _undisturbed() -> Iterator[None]:
    """SIGINT and SIGTERM wait until the end. A process that begins meanwhile has to let them in again by itself."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class Pool:
    """Worker processes that share tapes. A worker that dies fails its trial, and another takes its place."""

    def __init__(self, place: StrategyPlace, config: Config, tapes: Sequence[SharedTape], processes: int) -> None:
        shared = [(tape.source, tape.descriptor, tape.count) for tape in tapes]
        self._job = Job(parent=os.getpid(), path=list(sys.path), arguments=list(sys.argv), strategy=place, config=config, tapes=shared)
        self._processes = processes
        self._workers: list[_Worker] = []
        self._selector = selectors.DefaultSelector()

    def run(self, tasks: Iterable[Task]) -> Iterator[Answer]:
        """Do the tasks, and give the answers as they come. StateError when a worker cannot begin."""
        waiting = deque(tasks)
        while len(self._workers) < min(self._processes, len(waiting)):
            self._start()
        for worker in self._workers:
            self._assign(worker, waiting)
        while waiting or any(worker.task is not None for worker in self._workers):
            for key, _ in self._selector.select():
                worker = key.data
                answers = worker.answers()
                if answers is None:
                    ended = self._bury(worker)
                    if ended is not None:
                        yield ended
                    if waiting:
                        self._start()
                    continue
                for answer in answers:
                    if answer.number < 0:
                        if answer.failure is not None:
                            raise StateError(f"a worker process cannot begin: {answer.failure}")
                        worker.ready = True
                    else:
                        worker.task = None
                        yield answer
                    self._assign(worker, waiting)

    def _start(self) -> None:
        with _undisturbed():  # a signal in between would leave a process that nobody knows
            worker = _Worker(self._job)
            self._workers.append(worker)
        self._selector.register(worker.output, selectors.EVENT_READ, worker)

    def _assign(self, worker: _Worker, waiting: deque[Task]) -> None:
        if worker.ready and worker.task is None and waiting:
            worker.begin(waiting.popleft())

    def _bury(self, worker: _Worker) -> Answer | None:
        """Take a worker that has ended out of the pool; the answer for the trial that it was in."""
        self._selector.unregister(worker.output)
        self._workers.remove(worker)
        text = worker.death()
        worker.close(kill=True)
        if not worker.ready:
            raise StateError(f"a worker process cannot begin: {text}")
        log.warning("%s; another takes its place", text)
        return None if worker.task is None else Answer(number=worker.task.number, failure=text)

    @property
    def pids(self) -> list[int]:
        """Process ids of the workers that live."""
        return [worker._process.pid for worker in self._workers]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *error: object) -> None:
        for worker in self._workers:
            worker.dismiss(kill=kind is not None)  # all of them end at the same time
        for worker in self._workers:
            worker.close(kill=kind is not None)
        self._workers.clear()
        self._selector.close()


# ---- the file ------------------------------------------------------------------------------------------------------------------


class TrialFile:
    """A file of trials, one JSON object a line, that a sweep adds to as trials end and takes finished ones from.

    A line that an interrupt cut off is dropped; trials of other sweeps stay and are left alone. `strategy` is the strategy's name, `files`
    the hash of each file of its code. NameInUse while another sweep writes to it, SourceError for a line that is no trial, InvalidArgument
    when it holds finished trials of the strategy whose code was another, SystemFailure when it cannot be opened or written.
    """

    def __init__(self, path: str | PathLike[str], strategy: str, files: dict[str, str]) -> None:
        self._path = fspath(path)
        self._strategy, self._files = strategy, files
        self._trials: dict[str, Trial] = {}
        try:
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise SystemFailure(f"{self._path} cannot be opened for the trials", system_error=error.errno or 0) from error
        try:
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise NameInUse(f"another sweep writes to {self._path}; wait for it, or give another file") from error
            self._read()
        except BaseException:
            os.close(self._descriptor)
            raise

    def _read(self) -> None:
        with open(self._descriptor, "rb", closefd=False) as stream:
            data = stream.read()
        whole = data.rfind(b"\n") + 1
        for number, line in enumerate(data[:whole].splitlines(), 1):
            try:
                trial = msgspec.json.decode(line, type=_Kept)
            except (msgspec.DecodeError, ValueError) as error:
                raise SourceError("is no trial of a sweep; give a new file, or remove the line", file=self._path, line=number) from error
            self._trials[trial.key] = Trial(**{name: getattr(trial, name) for name in Trial.__struct_fields__})
            if trial.strategy == self._strategy and trial.outcome is not None and trial.files != self._files:
                self._refuse(trial.files)
        if whole == 0 and not data.startswith(b"{"[: len(data)]):
            raise SourceError("is no file of trials; give a new file", file=self._path, line=1)
        if whole < len(data):
            log.warning("%s: a trial that was cut off at its end is run again", self._path)
            os.ftruncate(self._descriptor, whole)

    def _refuse(self, before: dict[str, str]) -> NoReturn:
        names = changed_files(before, self._files)
        raise InvalidArgument(
            f"{self._path} has trials of {self._strategy} from before {', '.join(names)} changed, and they do not go with new ones: give "
            f"another file to resume, or bring back what {'it was' if len(names) == 1 else 'they were'}"
        )

    def finished(self, key: str) -> Trial | None:
        """The finished trial of a key; None where there is none, or where it failed and is to be run again."""
        trial = self._trials.get(key)
        return trial if trial is not None and trial.outcome is not None else None

    def add(self, trial: Trial) -> None:
        """Append a trial."""
        fields = {name: getattr(trial, name) for name in Trial.__struct_fields__}
        line = msgspec.json.encode(_Kept(**fields, strategy=self._strategy, files=self._files)) + b"\n"
        try:
            while line:
                line = line[os.write(self._descriptor, line) :]
        except OSError as error:
            raise SystemFailure(f"{self._path} cannot be written", system_error=error.errno or 0) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        os.close(self._descriptor)
