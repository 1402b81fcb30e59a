"""The example that trades what a model says, on the tape that the model was made of, and the choice of the model that is shipped."""

from __future__ import annotations

import os

import msgspec
import numpy as np
import pytest
from running import command, one_object
from support import HERE

from neural_trader.config import Config
from neural_trader.models import study as module
from neural_trader.models.examples import Question
from neural_trader.models.file import Clock, read_model, write_model
from neural_trader.models.fitting import Recipe
from neural_trader.models.study import best, study
from neural_trader.sources import open_source

EXAMPLES = HERE.parents[1] / "examples"
SOURCE = "sample:es-2013-09:60000"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A linear model of the first trades of the sample, from the command line."""
    path = tmp_path_factory.mktemp("model") / "es.safetensors"
    done = command("model", "train", "--source", SOURCE, "--architecture", "linear", "--horizon", "50", "--output", str(path))
    assert done.returncode == 0, done.stderr
    return str(path)


def ran(model: str, *settings: str) -> dict[str, object]:
    words = [f"name=es-model-{os.getpid()}", f"models.mid.path={model}", f"parameters.file={model}", f"source.path={SOURCE}", *settings]
    done = command("run", str(EXAMPLES / "model.toml"), "--json", *(word for setting in words for word in ("--set", setting)))
    assert done.returncode == 0, done.stderr
    return one_object(done)


def test_it_trades_in_the_last_part_only(trained: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    directory = tmp_path_factory.mktemp("run")
    found = ran(trained, f"output.directory={directory}")
    assert found["fills"] > 3  # type: ignore[operator]
    (run,) = directory.iterdir()
    orders = np.load(run / "orders.npy")
    begin = read_model(trained).trained["parts_ns"][2][0]
    assert orders["ts"].min() >= begin
    again = ran(trained, f"output.directory={directory}")
    assert again["digest"] == found["digest"]


def test_how_sure_the_model_has_to_be_matters(trained: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    directory = f"output.directory={tmp_path_factory.mktemp('run')}"
    own = ran(trained, directory)
    eager = ran(trained, directory, "parameters.enter=0.05")
    shy = ran(trained, directory, "parameters.enter=0.99")
    assert shy["fills"] == 0
    assert eager["fills"] > own["fills"] > 0  # type: ignore[operator]


def test_another_model_trades_otherwise(trained: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    directory = tmp_path_factory.mktemp("other")
    file = read_model(trained)
    turned = msgspec.structs.replace(file, tensors={**file.tensors, "head.weight": -file.tensors["head.weight"]})
    write_model(turned, directory / "turned.safetensors")
    output = f"output.directory={directory}"
    assert ran(trained, output)["digest"] != ran(str(directory / "turned.safetensors"), output)["digest"]


def test_the_best_is_linear_unless_the_network_is_surely_better(monkeypatch: pytest.MonkeyPatch) -> None:
    source = open_source(SOURCE, Config(name="x"))
    recipe = Recipe(architecture="mlp", sizes=(4,), epochs=2, seed=3)
    arguments = {"clock": Clock(on="time_change")}
    network = study(source, Question(horizon=50), recipe, **arguments)
    chosen = best(source, Question(horizon=50), recipe, **arguments)
    gain = network.metrics["comparison"]["gain_millinats_calibrate"]
    assert gain["low"] < 0  # four units, two epochs
    assert network.metrics["comparison"]["won"] == "linear"
    assert len(chosen.file.tensors) == 4  # the scale of the features, and one layer
    assert chosen.metrics["comparison"] == network.metrics["comparison"]
    assert chosen.file.trained["metrics"] == chosen.metrics
    assert chosen.metrics["test"] != network.metrics["test"]
    alone = study(source, Question(horizon=50), Recipe(architecture="linear", epochs=200, seed=3), **arguments)
    assert chosen.file.tensors.keys() == alone.file.tensors.keys()
    assert all(np.array_equal(tensor, alone.file.tensors[name]) for name, tensor in chosen.file.tensors.items())
    assert chosen.metrics["test"] == alone.metrics["test"]
    # Where the network won, the network it is.
    compared = module._compared
    monkeypatch.setattr(module, "_compared", lambda *given: {**compared(*given), "won": "mlp"})
    assert len(best(source, Question(horizon=50), recipe, **arguments).file.tensors) == 6
