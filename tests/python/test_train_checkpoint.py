"""Checkpoints of training: a run that was stopped goes on to the same bytes, and what is no checkpoint of it is refused."""

from __future__ import annotations

import dataclasses
import errno
import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from running import unmeasured
from test_train import FEATURES, QUICK, digest, options_of, part, small

from neural_trader.errors import InvalidArgument, NoSpace, SystemFailure
from neural_trader.models.architectures import linear, mlp
from neural_trader.models.train import Options, Part, train


class Stop(Exception):  # noqa: N818 - what stops a run here is no error
    pass


@pytest.mark.parametrize("name", ["mlp", "lstm"])
@pytest.mark.parametrize("at", [(1, 1), (2, 1), (3, 4), (4, 2)])
def test_a_run_that_was_stopped_goes_on_to_the_same_bytes(name: str, at: tuple[int, int], tmp_path: Path) -> None:
    ops, tensors = small(name)
    data = part(600, 1), part(300, 2)
    whole = train(ops, tensors, *data, options_of(name))
    path = tmp_path / "run"

    def stop(epoch: int, batch: int, loss: float) -> None:
        if (epoch, batch) == at:
            raise Stop

    with pytest.raises(Stop):
        train(ops, tensors, *data, options_of(name), checkpoint=path, progress=stop)
    assert [entry.name for entry in tmp_path.iterdir()] == ["run"]
    seen: list[int] = []
    again = train(ops, tensors, *data, options_of(name), checkpoint=path, progress=lambda epoch, batch, loss: seen.append(epoch))
    assert seen[0] == at[0]  # the epochs before are not done again
    assert digest(again.tensors) == digest(whole.tensors)
    assert dataclasses.replace(again, tensors={}) == dataclasses.replace(whole, tensors={})


def test_a_finished_run_gives_its_result_again_and_goes_on_with_more_epochs(tmp_path: Path) -> None:
    ops, tensors = small("mlp")
    data = part(600, 1), part(300, 2)
    path = tmp_path / "run"
    first = train(ops, tensors, *data, QUICK, checkpoint=path)
    written = path.read_bytes()

    def never(epoch: int, batch: int, loss: float) -> None:
        raise AssertionError("there is nothing left to do")

    again = train(ops, tensors, *data, QUICK, checkpoint=path, progress=never)
    assert digest(again.tensors) == digest(first.tensors)
    assert path.read_bytes() == written
    more = dataclasses.replace(QUICK, epochs=7)
    assert digest(train(ops, tensors, *data, more, checkpoint=path).tensors) == digest(train(ops, tensors, *data, more).tensors)
    with pytest.raises(InvalidArgument, match="is past epoch 4, at 7"):
        train(ops, tensors, *data, QUICK, checkpoint=path)


CHILD = """
    import sys
    import numpy as np
    from neural_trader.models.architectures import mlp
    from neural_trader.models.train import Options, Part, train
    random = np.random.default_rng(1)
    features = random.normal(size=(2000, 4))
    data = Part(features, (features[:, 0] > 0).astype(int))
    ops, tensors = mlp(4, 2, hidden=(8,))
    def told(epoch, batch, loss):
        print(epoch, batch, flush=True)
    train(ops, tensors, data, data, Options(epochs=int(sys.argv[2]), patience=10**6, batch=4), checkpoint=sys.argv[1], progress=told)
"""


def test_control_c_leaves_the_checkpoint_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "run"
    command = [sys.executable, "-c", textwrap.dedent(CHILD), str(path), "1000000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=unmeasured()) as child:
        assert child.stdout is not None
        for line in child.stdout:
            if line.startswith("3 "):
                break
        child.send_signal(signal.SIGINT)
        _, error = child.communicate(timeout=60)
    assert child.returncode != 0
    assert error.rstrip().endswith("KeyboardInterrupt")
    assert [entry.name for entry in tmp_path.iterdir()] == ["run"]
    content = path.read_bytes()[40:]
    head = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    assert len(head["losses"]) >= 2
    done = subprocess.run([*command[:-1], str(len(head["losses"]) + 1)], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split()[0] == str(len(head["losses"]) + 1)


def test_a_write_that_fails_leaves_the_old_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ops, tensors = small("mlp")
    data = part(600, 1), part(300, 2)
    path = tmp_path / "run"
    train(ops, tensors, *data, QUICK, checkpoint=path)
    written = path.read_bytes()

    def interrupted(number: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train(ops, tensors, *data, dataclasses.replace(QUICK, epochs=9), checkpoint=path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["run"]
    assert path.read_bytes() == written


def test_a_checkpoint_that_cannot_be_read_or_written_is_a_failure_of_the_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ops, tensors = small("linear")
    data = part(200, 1), part(100, 2)
    with pytest.raises(SystemFailure, match="cannot be read"):
        train(ops, tensors, *data, QUICK, checkpoint=tmp_path)
    with pytest.raises(SystemFailure, match="run cannot be written"):
        train(ops, tensors, *data, QUICK, checkpoint=tmp_path / "none" / "run")

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(NoSpace, match="run cannot be written"):
        train(ops, tensors, *data, QUICK, checkpoint=tmp_path / "run")
    assert not list(tmp_path.iterdir())


def test_a_damaged_checkpoint_is_refused(tmp_path: Path) -> None:
    ops, tensors = small("linear")
    data = part(200, 1), part(100, 2)
    path = tmp_path / "run"
    train(ops, tensors, *data, QUICK, checkpoint=path)
    whole = path.read_bytes()
    damaged = [b"", whole[:20], whole[:-1], whole + b"x"]
    for place in (0, 9, 41, len(whole) // 2, len(whole) - 1):
        damaged.append(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
    for content in damaged:
        path.write_bytes(content)
        with pytest.raises(InvalidArgument, match="is not a whole checkpoint of a training; remove it"):
            train(ops, tensors, *data, QUICK, checkpoint=path)
        assert path.read_bytes() == content
    path.write_bytes(whole)
    train(ops, tensors, *data, QUICK, checkpoint=path)


def test_the_checkpoint_of_another_run_is_refused(tmp_path: Path) -> None:
    ops, tensors = small("linear")
    training, validation = part(200, 1), part(100, 2)
    path = tmp_path / "run"
    train(ops, tensors, training, validation, QUICK, checkpoint=path)
    other = mlp(FEATURES, 3, hidden=(3,))
    wrong: list[tuple[Any, Any, Part, Part, Options]] = [
        (ops, tensors, part(200, 3), validation, QUICK),
        (ops, tensors, training, part(100, 3), QUICK),
        (ops, tensors, dataclasses.replace(training, starts=[50]), validation, QUICK),
        (ops, tensors, training, validation, dataclasses.replace(QUICK, seed=6)),
        (ops, linear(FEATURES, 3, seed=2)[1], training, validation, QUICK),
        (*other, training, validation, QUICK),
    ]
    for arguments in wrong:
        with pytest.raises(InvalidArgument, match="belongs to a training with other data, options or model"):
            train(*arguments, checkpoint=path)
