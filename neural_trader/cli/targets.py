"""Files that a command writes: looked at before anything is read, and there whole or not at all."""

from __future__ import annotations

import contextlib
import fnmatch
import os
import secrets
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, TextIO

from neural_trader.config import SourceSpec, split_symbol
from neural_trader.errors import InvalidArgument, SystemFailure
from neural_trader.sources import lobster

__all__ = ["check_targets", "open_target"]

_SAMPLE: Final = "sample:"

Place = tuple[str, str | Path | None]  # what it is for a text, and where; None: not given


def check_targets(targets: Sequence[Place], inputs: Sequence[Place], source: SourceSpec) -> None:
    """InvalidArgument where a target has no directory, is there and is no file, would take the place of an input or of a file of the
    source, or is given twice; SystemFailure where no file can be made in its directory."""
    known: dict[str, str] = {os.path.realpath(path): what for what, path in inputs if path is not None}
    paths = []
    for given in (source,) if isinstance(source, str) else source:
        _, name = split_symbol(given)
        if not name.startswith(_SAMPLE):
            paths.append(os.path.realpath(name))
            known.setdefault(paths[-1], "the source")
    for what, path in targets:
        if path is None:
            continue
        target = Path(path).absolute()
        there = os.path.exists(target)
        if not target.parent.is_dir():
            raise InvalidArgument(f"there is no directory {target.parent} for {what}; make it first")
        if there and not target.is_file():
            kind = "a directory" if target.is_dir() else "a device or a pipe"
            raise InvalidArgument(f"{path} is {kind}, and {what} is a file that would take its place; give the name of a file")
        place = os.path.realpath(target)
        if place in known:
            raise InvalidArgument(f"{path} would be replaced by {what}, and it is {known[place]}; give another name")
        if there and any(_reads(read, place) for read in paths):
            raise InvalidArgument(f"{path} would be replaced by {what}, and it is a file of the source; give another name")
        known[place] = what
        partial = _partial(target)
        try:
            partial.touch(exist_ok=False)
            partial.unlink()
        except OSError as error:
            text = f"no file can be made in {target.parent} for {what}; give another name or directory"
            raise SystemFailure(text, system_error=error.errno or 0) from error


def _reads(source: str, file: str) -> bool:
    """Whether a source reads a file besides the one that it names: of its directory, its pattern or its pair."""
    if os.path.isdir(source):
        return file.startswith(os.path.join(source, ""))
    if lobster.recognises(source) and lobster.recognises(file):
        return lobster.messages_of(source) == lobster.messages_of(file)
    return os.path.dirname(source) == os.path.dirname(file) and fnmatch.fnmatchcase(os.path.basename(file), os.path.basename(source))


def _partial(target: Path) -> Path:
    """Where a file lies until it is whole."""
    return target.parent / f".{target.name}.{secrets.token_hex(8)}.partial"


@contextlib.contextmanager
def open_target(file: str | Path | None) -> Iterator[TextIO]:
    """Standard output, or a file that appears whole or not at all. SystemFailure where it cannot be written."""
    if file is None:
        yield sys.stdout
        return
    target = Path(file)
    partial = _partial(target)
    try:
        with partial.open("x", encoding="utf-8", newline="") as stream:
            yield stream
        os.replace(partial, target)
    except OSError as error:
        raise SystemFailure(f"{target} cannot be written", system_error=error.errno or 0) from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink()
