"""Rings between languages, as real processes: every record is checked, 32-bit indices wrap, and some are killed in the middle.

`python tests/conformance/ring_torture.py [PAIR...]` runs pairs by their names, all of them without; tests/python/test_ring_torture.py runs
them as tests. Each side notes in a file, its ledger, how far it has come; the ring itself says how far it has been written and read. From
both follows what a killed side may have lost or seen twice: no more than the batch that it had in its hands.
"""

from __future__ import annotations

import mmap
import os
import random
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal, NamedTuple, Self

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "python"))

from javascript_runtimes import PACKAGE, PROGRAMS  # noqa: E402
from support_peers import section  # noqa: E402

from neural_trader._native import ffi, lib, library_path  # noqa: E402
from neural_trader.records import call  # noqa: E402

HERE = Path(__file__).resolve().parent
SHARED = Path("/dev/shm")

RECORDS = 2_000_000
START = 2**32 - 1_000_000  # 32-bit indices wrap in the middle
CAPACITY = 8192
BATCH = 1024  # the largest of the workers
KILLS = 3
PATIENCE_S = 120.0
BLOCK, WRITTEN, READ = 1, 128, 256  # section kind of a ring's control words, and where in it both indices are

Role = Literal["producer", "consumer"]


class Language(NamedTuple):
    """How a worker is run: the program with its arguments, and the adapter of a JavaScript runtime."""

    command: tuple[str, ...]
    adapter: str = ""


_SCRIPT = str(PACKAGE / "build" / "workers" / "ring.js")
_DENO = (str(PROGRAMS["deno"]), "run", "-A", "--no-check")

LANGUAGES = {
    "python": Language((sys.executable, "-P", str(HERE / "ring_worker.py"))),
    "c": Language(()),  # compiled
    "node20": Language((str(PROGRAMS["node20"]), _SCRIPT), "node-api"),
    "node20-koffi": Language((str(PROGRAMS["node20"]), _SCRIPT), "koffi"),
    "node26": Language((str(PROGRAMS["node26"]), _SCRIPT), "node-api"),
    "node26-koffi": Language((str(PROGRAMS["node26"]), _SCRIPT), "koffi"),
    "bun": Language((str(PROGRAMS["bun"]), _SCRIPT), "bun:ffi"),
    "deno": Language((*_DENO, _SCRIPT), "Deno.dlopen"),
}


class Pair(NamedTuple):
    """Who produces, who consumes, and who of them is killed."""

    producer: str
    consumer: str
    record_bytes: int
    killed: Role | None = None

    @property
    def name(self) -> str:
        """For people, and for the command line."""
        end = "" if self.killed is None else f"-{self.killed}-killed"
        return f"{self.producer}-to-{self.consumer}-{self.record_bytes}{end}"


def _pairs() -> list[Pair]:
    five = ("python", "c", "node20", "bun", "deno")
    alike = {("python", "python"), ("c", "c"), ("python", "c"), ("c", "python")}  # tests/c and test_ring.py have these
    more = [("node20-koffi", "c"), ("c", "node20-koffi"), ("node26", "node26-koffi"), ("node26-koffi", "bun"), ("deno", "node26")]
    plain = [pair for producer in five for consumer in five if (pair := (producer, consumer)) not in alike]
    killed: dict[tuple[str, str], Role] = {
        ("node20", "c"): "producer",
        ("bun", "python"): "producer",
        ("deno", "node20"): "producer",
        ("c", "bun"): "producer",
        ("python", "deno"): "producer",
        ("node20-koffi", "c"): "producer",
        ("python", "node20"): "consumer",
        ("c", "deno"): "consumer",
        ("node20", "bun"): "consumer",
        ("deno", "c"): "consumer",
        ("node20", "python"): "consumer",
        ("c", "node20-koffi"): "consumer",
    }
    return [Pair(*pair, 64 if number % 2 == 0 else 128, killed.get(pair)) for number, pair in enumerate(plain + more)]


PAIRS = {pair.name: pair for pair in _pairs()}


def missing(pair: Pair) -> str | None:
    """What this pair needs and the machine does not have."""
    for language in (pair.producer, pair.consumer):
        for part in LANGUAGES[language].command:
            if part.startswith("/") and not Path(part).exists():
                return part
    return None


def compile_worker(directory: Path) -> Path:
    """The C worker."""
    program, library = directory / "ring_worker", library_path()
    command = ["gcc", "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", f"-I{ROOT / 'csrc'}", str(HERE / "ring_worker.c"), str(library)]
    subprocess.run([*command, f"-Wl,-rpath,{library.parent}", "-o", str(program)], check=True)
    return program


class Ring:
    """The ring's owner, which reads both indices in its memory."""

    def __init__(self, name: str, record_bytes: int) -> None:
        handle = ffi.new("uint32_t *")
        call(lib.nt_ring_create, name.encode(), record_bytes, CAPACITY, START, handle)
        self._handle = handle[0]
        with (SHARED / f"nt.ring.{name}").open("rb") as file:
            self._memory = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
        self._block = section(self._memory, BLOCK)[0]

    def written(self) -> int:
        """How far it has been written."""
        return int(struct.unpack_from("<Q", self._memory, self._block + WRITTEN)[0])

    def read(self) -> int:
        """How far it has been read."""
        return int(struct.unpack_from("<Q", self._memory, self._block + READ)[0])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._memory.close()
        lib.nt_close(self._handle)


class Worker:
    """One side in a process of its own."""

    def __init__(self, pair: Pair, role: Role, name: str, seed: int, directory: Path, compiled: Path) -> None:
        language = LANGUAGES[pair.producer if role == "producer" else pair.consumer]
        self.role = role
        self.ledger = directory / f"{role}-{seed}"
        end = START + RECORDS
        given = [role, name, str(pair.record_bytes), str(end), str(seed * 2654435761 % 2**31), str(self.ledger)]
        kept = {key: value for key, value in os.environ.items() if not key.startswith("NEURAL_TRADER_")}
        env = {**kept, "NEURAL_TRADER_LIB": str(library_path()), "NEURAL_TRADER_ADAPTER": language.adapter, "NODE_NO_WARNINGS": "1"}
        self.process = subprocess.Popen(
            [*(language.command or (str(compiled),)), *given], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env
        )
        self._hear("attached")

    def begin(self, index: int) -> None:
        """Go on from this record."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{index}\n")
        self.process.stdin.flush()

    def noted(self, start: int) -> int:
        """How far it had come by its own account."""
        content = self.ledger.read_bytes()
        return int.from_bytes(content, "little") if content else start

    def ended(self) -> bool:
        """Whether it has ended, for whatever reason."""
        return self.process.poll() is not None

    def done(self) -> None:
        """It ends in good order."""
        self._hear("done")
        assert self.process.wait(PATIENCE_S) == 0

    def kill(self) -> None:
        """SIGKILL, and its end."""
        self.process.kill()
        self.process.wait(PATIENCE_S)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None and not pipe.closed:
                pipe.close()

    def _hear(self, expected: str) -> None:
        assert self.process.stdout is not None
        line = self.process.stdout.readline().strip()
        assert line == expected, f"the {self.role} says {line or 'nothing'!r}, not {expected!r}"


def _until(reached: Callable[[], bool], *workers: Worker) -> None:
    """Wait for it, or for the end of a worker, which then says why."""
    deadline = time.monotonic() + PATIENCE_S
    while not reached() and not any(worker.ended() for worker in workers):
        assert time.monotonic() < deadline, "the ring stands still"
        time.sleep(0.0005)


def _check_ledger(worker: Worker, start: int, ring: Ring) -> None:
    """What the dead one may have lost or may see again is in the batch that it had in its hands."""
    noted = worker.noted(start)
    if worker.role == "producer":  # what it was told to have pushed is there; what is there, and not noted, it pushed last
        assert noted <= ring.written() <= noted + BATCH, (noted, ring.written())
    else:  # taken and not yet verified, or verified and not yet released
        assert noted - BATCH <= ring.read() <= noted + BATCH, (noted, ring.read())


def run(pair: Pair, name: str, directory: Path, compiled: Path) -> None:
    """Send all records through a ring. AssertionError for what went wrong."""
    generator = random.Random(name.rsplit("-", 1)[0] + pair.name)
    end = START + RECORDS
    with Ring(name, pair.record_bytes) as ring:
        position = {"producer": ring.written, "consumer": ring.read}
        sides = {role: Worker(pair, role, name, 1, directory, compiled) for role in ("producer", "consumer")}
        try:
            for role, worker in sides.items():
                worker.begin(position[role]())
            for life in range(2, 2 + KILLS if pair.killed is not None else 2):
                role = pair.killed
                start = position[role]()
                at = START + RECORDS * (life - 1) // (KILLS + 1) + generator.randrange(RECORDS // 10)
                _until(lambda role=role, at=at: position[role]() >= at, *sides.values())
                assert position[role]() < end, "it was over before it could be killed"
                sides[role].kill()
                sides[role], dead = Worker(pair, role, name, life, directory, compiled), sides[role]  # attaching repairs what it left
                _check_ledger(dead, start, ring)
                sides[role].begin(position[role]())
            _until(lambda: False, *sides.values())
            for worker in sorted(sides.values(), key=Worker.ended, reverse=True):  # who has failed says so; the other waits in vain
                worker.done()
            assert ring.written() == ring.read() == end
            for worker in sides.values():
                assert worker.noted(START) == end
        finally:
            for worker in sides.values():
                worker.kill()


def main(names: list[str]) -> None:
    """Run pairs, and say how long each took."""
    with tempfile.TemporaryDirectory() as directory:
        compiled = compile_worker(Path(directory))
        for name in names or PAIRS:
            if (lacking := missing(PAIRS[name])) is not None:
                print(f"{name}: {lacking} is missing")
                continue
            began = time.monotonic()
            run(PAIRS[name], f"torture-{os.getpid()}", Path(directory), compiled)
            print(f"{name}: {RECORDS:,} records in {time.monotonic() - began:.1f} s", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
