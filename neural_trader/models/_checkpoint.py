"""The checkpoint of a training: all that a run is after an epoch, in a file with its checksum.

The magic number, the SHA-256 of the rest, the length of the head (8 bytes, little-endian), the head in JSON, and then the arrays of
the four groups as float32, each group in the order of its names.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neural_trader.errors import InvalidArgument, SystemFailure
from neural_trader.models._functions import Array, Op
from neural_trader.models._whole_file import write_whole

_MAGIC: Final = b"NTTRAIN1"


def host(array: Array) -> NDArray[Any]:
    """A numpy array, from the device where it is on one."""
    return np.asarray(array.get() if hasattr(array, "get") else array)


@dataclasses.dataclass
class State:
    """All that a run is after an epoch."""

    tensors: dict[str, Array]
    first: dict[str, Array]  # Adam's moments, of the trained tensors
    second: dict[str, Array]
    best: dict[str, Array]
    updates: int
    best_epoch: int
    losses: list[float]
    validation_losses: list[float]
    random: dict[str, Any]

    def groups(self) -> tuple[dict[str, Array], ...]:
        return self.tensors, self.first, self.second, self.best


def fingerprint(ops: Sequence[Op], options: Mapping[str, Any], arrays: Sequence[Any]) -> str:
    """Of everything that decides the result."""
    digest = hashlib.sha256()
    digest.update(json.dumps([[dict(op) for op in ops], options], sort_keys=True).encode())
    for array in arrays:
        digest.update(str(array.shape).encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def write_checkpoint(path: Path, state: State, of: str) -> None:
    """Write the file, whole or not at all; `of` is the run's fingerprint. SystemFailure when it cannot be written."""
    head = {
        "fingerprint": of,
        "updates": state.updates,
        "best_epoch": state.best_epoch,
        "losses": state.losses,
        "validation_losses": state.validation_losses,
        "random": state.random,
    }
    text = json.dumps(head).encode()
    body = b"".join(host(group[name]).tobytes() for group in state.groups() for name in sorted(group))
    content = len(text).to_bytes(8, "little") + text + body
    write_whole(path, _MAGIC + hashlib.sha256(content).digest() + content)


def read_checkpoint(path: Path, state: State, of: str, xp: ModuleType) -> bool:
    """Fill `state` from the file; False where there is none.

    InvalidArgument for a file that is damaged or of another run, SystemFailure when it cannot be read.
    """
    try:
        whole = path.read_bytes()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise SystemFailure(f"{path} cannot be read", system_error=error.errno or 0) from error
    magic, digest, content = whole[:8], whole[8:40], whole[40:]
    if magic != _MAGIC or hashlib.sha256(content).digest() != digest:
        raise InvalidArgument(f"{path} is not a whole checkpoint of a training; remove it, or name another file")
    begin = 8 + int.from_bytes(content[:8], "little")
    head = json.loads(content[8:begin])
    if head["fingerprint"] != of:
        raise InvalidArgument(f"{path} belongs to a training with other data, options or model; remove it, or name another file")
    for group in state.groups():
        for name in sorted(group):
            tensor = group[name]
            values = np.frombuffer(content, np.float32, tensor.size, begin).reshape(tensor.shape)
            group[name] = xp.asarray(values.copy())
            begin += 4 * int(tensor.size)
    state.updates = head["updates"]
    state.best_epoch = head["best_epoch"]
    state.losses = head["losses"]
    state.validation_losses = head["validation_losses"]
    state.random = head["random"]
    return True
