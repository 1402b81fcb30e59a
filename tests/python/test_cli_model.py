"""`neural-trader model`, as its own process, on the real sample."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from running import SIGINT, SIGTERM, Started, command, eventually, on_terminal, one_object

from neural_trader import Config, NeuralModel
from neural_trader.models.dataset import read
from neural_trader.models.file import Calibration, read_model, write_model
from neural_trader.sources import open_source

SAMPLE = "sample:es-2013-09:40000"
LINEAR = ("--source", SAMPLE, "--architecture", "linear", "--horizon", "50", "--epochs", "6", "--learning-rate", "0.01")


def train(output: Path, *arguments: str, **options: Any) -> Any:
    done = command("model", "train", *arguments, "--output", str(output), **options)
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A linear model, and what its training printed."""
    output = tmp_path_factory.mktemp("model") / "linear.safetensors"
    return output, one_object(train(output, *LINEAR, "--tearsheet", str(output.with_suffix(".html")), "--json"))


# ---- train ---------------------------------------------------------------------------------------------------------------------


def test_training_says_what_the_file_holds_and_how_good_it_is(trained: tuple[Path, dict[str, Any]]) -> None:
    output, found = trained
    file = read_model(output)
    assert found["model"] == str(output)
    assert file.name == found["name"] == "linear_mid_move_50"
    assert file.instruments.symbols == ("ES",)
    assert file.features.names == tuple(found["features"]["names"])
    assert file.features.required == ("trade",)
    assert "imbalance" in found["features_left_out"]
    assert file.trained["metrics"]["test"]["gain_millinats"] == found["test"]["gain_millinats"]
    scores = found["test"]
    assert scores["gain_millinats"]["low"] > 30
    assert scores["gain_millinats"]["low"] < scores["gain_millinats"]["value"] < scores["gain_millinats"]["high"]
    assert scores["gain_relative"]["value"] == pytest.approx(scores["gain_millinats"]["value"] / 1000 / scores["prior_log_loss"])
    assert {"brier", "ece", "mcc", "information_coefficient", "log_loss"} <= scores.keys()
    money = scores["money"]
    assert money["net"] == pytest.approx(money["gross"] - money["fees"])
    assert money["gross"] == pytest.approx(money["trades"] * money["ticks_per_trade"]["value"] * 12.5)
    assert money["fees"] == pytest.approx(money["trades"] * 2 * 2.10)
    assert money["ticks_per_trade"]["value"] < 0 < money["mid_ticks_per_trade"]  # what is there at mid is lost at real fills
    assert found["comparison"] is None
    parts = file.trained["parts_ns"]
    assert parts[0][1] < parts[1][0] <= parts[1][1] < parts[2][0]
    assert sum(file.trained["label_counts"]) == found["rows"]["calibrate"]


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(trained: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    train(tmp_path / "again", *LINEAR)
    assert (tmp_path / "again").read_bytes() == trained[0].read_bytes()
    train(tmp_path / "other", *LINEAR, "--seed", "1")
    assert read_model(tmp_path / "other").tensors["head.bias"].tobytes() != read_model(trained[0]).tensors["head.bias"].tobytes()


def test_a_network_is_compared_with_a_linear_model(tmp_path: Path) -> None:
    done = train(
        tmp_path / "mlp",
        "--source",
        SAMPLE,
        "--horizon",
        "50",
        "--architecture",
        "mlp",
        "--sizes",
        "16,8",
        "--epochs",
        "2",
        "--name",
        "small",
    )
    text = done.stdout
    assert re.search(r"better than linear by millinats: calibrate -?\d.* test -?\d.*; won: (linear; saved: mlp|mlp)\n", text)
    assert re.search(r"gain over the prior: -?[\d.]+ millinats \[", text)
    assert re.search(r"net: -[\d,.]+ USD", text)
    assert "epoch 2 of 2 at most" in done.stderr
    file = read_model(tmp_path / "mlp")
    assert file.name == "small"
    assert [tensor.shape for name, tensor in sorted(file.tensors.items()) if name.endswith("weight")] == [(16, 28), (8, 16), (3, 8)]
    compared = file.trained["metrics"]["comparison"]
    assert compared["won"] == ("mlp" if compared["gain_millinats_calibrate"]["low"] > 0.1 else "linear")


@pytest.mark.parametrize(
    ("label", "kind", "unit", "labels"),
    [
        (("--label", "next_move"), "next_move", "ticks", ("down", "up")),
        (("--label", "time", "--horizon", "2s"), "return", "ns", ("down", "flat", "up")),
        (("--label", "triple_barrier", "--horizon", "200", "--barrier", "1"), "triple_barrier", "ticks", ("down", "flat", "up")),
    ],
)
def test_other_labels_are_learned_and_judged_the_same(
    label: tuple[str, ...], kind: str, unit: str, labels: tuple[str, ...], tmp_path: Path
) -> None:
    output = tmp_path / "m"
    rest = ("--source", SAMPLE, "--architecture", "linear", "--epochs", "2", "--json", "--clock", "trade", "--every", "3", "--seed", "2")
    found = one_object(train(output, *rest, *label))
    file = read_model(output)
    assert (file.output.target.kind, file.output.target.unit, file.output.labels) == (kind, unit, labels)
    assert (file.clock.on, file.clock.every) == ("trade", 3)
    judged = one_object(command("model", "evaluate", str(output), "--source", SAMPLE, "--json", "--seed", "2"))
    assert judged["test"] == found["test"]


def test_an_interrupted_training_leaves_nothing_but_its_checkpoint_and_goes_on(tmp_path: Path) -> None:
    arguments = ("--source", SAMPLE, "--architecture", "gru", "--sizes", "8", "--horizon", "50", "--epochs", "3", "--seed", "4")
    train(tmp_path / "whole", *arguments)
    line = ("model", "train", *arguments, "--output", str(tmp_path / "parts"), "--resume", str(tmp_path / "checkpoint"))
    started = Started(*line)
    with started:
        checkpoint = tmp_path / "checkpoint"
        eventually(lambda: checkpoint.exists() and b'"losses": []' not in checkpoint.read_bytes()[:4096], "an epoch is done")
        done = started.end(SIGINT)
    if done.returncode == 0:
        pytest.fail("the training ended before it could be interrupted")
    assert done.returncode == 130
    assert f"with --resume {checkpoint}, goes on from there" in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint", "whole"]
    resumed = train(tmp_path / "parts", *line[2:-4], "--resume", str(checkpoint))
    assert "epoch 1 of 3" not in resumed.stderr
    assert (tmp_path / "parts").read_bytes() == (tmp_path / "whole").read_bytes()


def test_a_terminated_training_without_a_checkpoint_leaves_nothing(tmp_path: Path) -> None:
    with Started(
        "model", "train", *LINEAR[:-4], "--epochs", "100000", "--learning-rate", "1e-9", "--output", str(tmp_path / "m")
    ) as started:
        assert started.process.stderr is not None
        while "epoch 1 of" not in started.process.stderr.readline():
            assert started.process.poll() is None
        done = started.end(SIGTERM)
    assert done.returncode == 143
    assert "nothing is kept; add --resume FILE" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_terminal_shows_one_line_that_is_drawn_anew(tmp_path: Path) -> None:
    code, text = on_terminal("model", "train", *LINEAR, "--output", str(tmp_path / "m"))
    assert code == 0
    assert "\repoch 1 of 6 at most, batch" in text
    assert len(re.findall(r"\n\r?epoch", text)) == 1  # all of them on one line


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("--horizon", "50", "--split", "random"), "later rows leak into the training, and every figure"),
        (("--horizon", "50", "--split", "60/30/20"), "three shares"),
        (("--horizon", "50", "--split", "60/x/20"), "three shares"),
        ((), "--horizon is missing"),
        (("--horizon", "5s"), "needs a whole number of events"),
        (("--horizon", "0"), "needs a whole number of events"),
        (("--label", "time", "--horizon", "50"), "needs a time"),
        (("--label", "next_move", "--horizon", "50"), "has no horizon"),
        (("--horizon", "50", "--sizes", "8,-1"), "--sizes 8,-1"),
        (("--horizon", "50", "--sizes", "8", "--architecture", "linear"), "no layers to size"),
        (("--horizon", "50", "--tearsheet", "no/where.html"), "for the tearsheet; make it first"),
        (("--horizon", "50", "--symbol", "NQ"), "NQ"),
        (("--horizon", "50", "--clock", "quote"), "has no quote"),
        (("--horizon", "5000000"), "not more than the horizon"),
        (("--horizon", "50", "--name", "a b"), "1 to 31 characters"),
    ],
)
def test_a_training_that_cannot_be_done_is_refused(arguments: tuple[str, ...], text: str, tmp_path: Path) -> None:
    source = ("--source", "sample:es-2013-09:3000", "--epochs", "1", "--output", str(tmp_path / "m"))
    done = command("model", "train", *source, *(arguments if "--architecture" in arguments else (*arguments, "--architecture", "mlp")))
    assert done.returncode in (1, 2)
    assert text in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_what_would_be_replaced_or_cannot_be_written_is_said_before_anything_is_read(
    trained: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    tape, model, days = tmp_path / "t.tape", tmp_path / "m", tmp_path / "days"
    for file in (tape, model, tmp_path / "run.toml"):
        file.write_text("not to be lost, nor to be read")
    days.mkdir()
    (days / "one.csv").write_text("as well")
    (tmp_path / "ibm_20131007_trade_tick.zip").write_text("as well")
    pair = tmp_path / "AAPL_2012-06-21_34200000_57600000_message_10.csv", tmp_path / "AAPL_2012-06-21_34200000_57600000_orderbook_10.csv"
    for file in pair:
        file.write_text("as well")
    (tmp_path / "link").symlink_to(tape)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    new = str(tmp_path / "new")
    learn = ("train", "--source", str(tape), "--horizon", "50")
    for line, text in (
        ((*learn, "--output", str(tape)), "it is the source"),
        ((*learn, "--output", str(tmp_path / "link")), "it is the source"),
        (("train", "--source", f"ES={tape}", "--horizon", "50", "--output", str(tmp_path / "x" / ".." / "t.tape")), "no directory"),
        (("train", "--source", f"ES={tape}", "--horizon", "50", "--output", str(days / ".." / "t.tape")), "it is the source"),
        (("train", "--source", str(days), "--horizon", "50", "--output", str(days / "one.csv")), "a file of the source"),
        ((*learn[:2], str(pair[0]), *learn[3:], "--output", str(pair[1])), "a file of the source"),
        (
            (*learn[:2], str(tmp_path / "ibm_*.zip"), *learn[3:], "--output", str(tmp_path / "ibm_20131007_trade_tick.zip")),
            "a file of the source",
        ),
        ((*learn, "--output", new, "--tearsheet", new), "would be replaced by the tearsheet, and it is the model"),
        ((*learn, "--output", new, "--resume", new), "would be replaced by the checkpoint, and it is the model"),
        ((*learn, "--output", str(tmp_path)), "is a directory"),
        ((*learn, "--output", "/dev/full"), "is a device or a pipe"),
        ((*learn, "--output", new, "--tearsheet", "/dev/null"), "is a device or a pipe"),
        (("evaluate", str(model), "--source", SAMPLE, "--tearsheet", str(model)), "it is the model"),
        (("evaluate", str(model), "--source", str(tape), "--tearsheet", str(tape)), "it is the source"),
        (("predict", str(model), "--source", str(tape), "--output", str(tape)), "it is the source"),
        (("predict", str(model), "--source", str(tape), "--output", str(model)), "it is the model"),
        (("quantize", str(model), "--precision", "bf16", "--source", str(tape), "--output", str(tape)), "it is the source"),
        (("quantize", "/dev/null", "--precision", "bf16", "--source", SAMPLE), "is a device or a pipe"),
    ):
        done = command("model", *line)
        assert done.returncode in (1, 2), line
        assert text in done.stderr, line
        assert done.stdout == ""
    config = tmp_path / "c.toml"
    config.write_text('name = "x"\n[accounts.main]\ncurrency = "USD"\ncash = 1\n')
    done = command("model", "predict", str(trained[0]), "--source", SAMPLE, "--config", str(config), "--output", str(config))
    assert "it is the configuration" in done.stderr
    config.unlink()
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_directory_in_which_no_file_can_be_made_is_said_before_anything_is_read(tmp_path: Path) -> None:
    done = command("model", "train", "--source", str(tmp_path / "none"), "--horizon", "50", "--output", "/proc/self/m")
    assert done.returncode == 1
    assert "no file can be made in /proc/self for the model" in done.stderr
    done = command("model", "train", "--source", str(tmp_path / "none"), "--horizon", "50", "--output", str(tmp_path / ("m" * 300)))
    assert done.returncode == 1
    assert f"no file can be made in {tmp_path} for the model" in done.stderr


def test_a_model_that_says_no_more_than_the_prior_has_no_money_and_wins_nothing(tmp_path: Path) -> None:
    few, output, page = "sample:es-2013-09:1000", tmp_path / "m", tmp_path / "m.html"
    done = train(output, "--source", few, "--architecture", "mlp", "--horizon", "50", "--tearsheet", str(page))
    assert "the model is no better than the prior" in done.stdout
    assert not re.search("money|won|coefficient|better than linear", done.stdout)
    assert "There are no trades: the model is no better than the prior" in page.read_text()
    assert "better than linear" not in page.read_text()
    trained = read_model(output).trained["metrics"]
    assert trained["test"]["money"] is None
    assert trained["test"]["information_coefficient"] is None
    assert trained["comparison"]["won"] is None
    judged = one_object(command("model", "evaluate", str(output), "--source", few, "--json"))
    assert judged["test"] == trained["test"]


# ---- evaluate and predict ------------------------------------------------------------------------------------------------------


def test_evaluation_on_the_same_source_gives_what_the_training_said(trained: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    output, found = trained
    page = tmp_path / "page.html"
    done = command("model", "evaluate", str(output), "--source", SAMPLE, "--tearsheet", str(page), "--json")
    judged = one_object(done)
    assert judged["test"] == found["test"]
    assert judged["rows"]["test"] == found["rows"]["test"]
    assert "There are no loss curves" in page.read_text()
    text = command("model", "evaluate", str(output), "--source", SAMPLE).stdout
    assert f"on {judged['rows']['test']:,} rows of ES" in text
    assert f"{found['test']['gain_millinats']['value']:.1f} millinats" in text


def test_rows_of_the_time_of_the_training_judge_nothing(trained: tuple[Path, dict[str, Any]]) -> None:
    done = command("model", "evaluate", str(trained[0]), "--source", "sample:es-2013-09:20000")
    assert done.returncode == 1
    assert "of the time that the model was trained in" in done.stderr
    longer = one_object(command("model", "evaluate", str(trained[0]), "--source", "sample:es-2013-09:60000", "--json"))
    assert longer["rows"]["test"] > trained[1]["rows"]["test"]


def test_a_model_that_does_not_say_what_it_was_calibrated_on_is_not_judged(trained: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    for gone, line in (
        ("label_counts", ("evaluate",)),
        ("parts_ns", ("quantize", "--precision", "bf16")),
    ):
        file = read_model(trained[0])
        rest = {name: value for name, value in file.trained.items() if name != gone}
        write_model(msgspec.structs.replace(file, trained=rest), tmp_path / "m")
        done = command("model", line[0], str(tmp_path / "m"), "--source", SAMPLE, *line[1:])
        assert done.returncode in (1, 2)
        assert "train it with `neural-trader model train`" in done.stderr


def test_predictions_are_those_of_the_model(trained: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    output, _ = trained
    source = "sample:es-2013-09:20000"
    done = command("model", "predict", str(output), "--source", source)
    lines = list(csv.reader(io.StringIO(done.stdout)))
    assert lines[0] == ["ts_event", "down", "flat", "up"]
    data = read(open_source(source, Config(name="x")))
    with NeuralModel.load(output) as model:
        columns = data.features[:, [data.names.index(name) for name in model.file.features.names]]
        known = np.isfinite(columns).all(axis=1)
        expected = model.predict(np.ascontiguousarray(columns[known])).predictions
    assert np.array_equal(np.array([[float(x) for x in line[1:]] for line in lines[1:]]), expected)
    assert [int(line[0]) for line in lines[1:]] == data.ts_event[known].tolist()
    target = tmp_path / "p.jsonl"
    told = command("model", "predict", str(output), "--source", source, "--output", str(target), "--json")
    assert told.stdout == ""
    assert f"{len(expected):,} rows of ES" in told.stderr
    rows = [json.loads(line) for line in target.read_text().splitlines()]
    assert [[row["down"], row["flat"], row["up"]] for row in rows] == expected.tolist()
    assert [path.name for path in tmp_path.iterdir()] == ["p.jsonl"]
    file = read_model(output)
    aim = msgspec.structs.replace(file.output.target, horizon=10**6)  # beyond the end of the source
    write_model(msgspec.structs.replace(file, output=msgspec.structs.replace(file.output, target=aim)), tmp_path / "far")
    assert command("model", "predict", str(tmp_path / "far"), "--source", source).stdout == done.stdout
    assert "one object on one line for each row" in " ".join(command("model", "predict", "--help").stdout.split())


def test_a_model_of_a_mean_predicts_it_with_its_deviation(trained: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    file = read_model(trained[0])
    tensors = {**file.tensors, **{name: file.tensors[name][:2] for name in ("head.weight", "head.bias")}}
    output = msgspec.structs.replace(file.output, kind="normal", labels=())
    write_model(msgspec.structs.replace(file, tensors=tensors, output=output, calibration=Calibration(kind="none")), tmp_path / "m")
    lines = list(csv.reader(io.StringIO(command("model", "predict", str(tmp_path / "m"), "--source", SAMPLE).stdout)))
    assert lines[0] == ["ts_event", "mean", "deviation"]
    assert len({line[1] for line in lines[1:]}) > 100
    assert all(float(line[2]) > 0 for line in lines[1:])


def test_a_model_is_not_judged_by_another_instrument_or_a_missing_file(trained: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    for line, text in (
        (("evaluate", str(tmp_path / "none"), "--source", SAMPLE), "cannot be read"),
        (("predict", str(trained[0]), "--source", SAMPLE, "--output", str(tmp_path / "no" / "p")), "for the probabilities; make it first"),
        (("predict", str(trained[0]), "--source", SAMPLE, "--precision", "int8"), "was not measured"),
        (("info", str(tmp_path / "none")), "cannot be read"),
        (("evaluate", str(trained[0])), "source"),
    ):
        done = command("model", *line)
        assert done.returncode in (1, 2)
        assert text in done.stderr
        assert "Traceback" not in done.stderr


# ---- quantize and info ---------------------------------------------------------------------------------------------------------


def test_a_precision_that_is_near_is_written_into_the_file(trained: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    output, found = trained
    target = tmp_path / "bf16"
    before = output.read_bytes()
    line = ("model", "quantize", str(output), "--precision", "bf16", "--source", SAMPLE, "--output", str(target), "--json")
    measured = one_object(command(*line))
    assert measured["rows"] == found["rows"]["calibrate"]
    assert 0 < measured["p99_dp"] <= measured["max_dp"] <= 0.02
    assert output.read_bytes() == before
    file = read_model(target)
    assert file.deviations["bfloat16"].max_dp == measured["max_dp"]
    assert {name: tensor.tobytes() for name, tensor in file.tensors.items()} == {
        name: tensor.tobytes() for name, tensor in read_model(output).tensors.items()
    }
    judged = one_object(command("model", "evaluate", str(target), "--source", SAMPLE, "--precision", "bf16", "--json"))
    exact, near = found["test"]["log_loss"]["value"], judged["test"]["log_loss"]["value"]
    assert 0 < abs(exact - near) < 0.002
    assert f"precision: bf16 p99 |dp| {measured['p99_dp']:.5f}" in command("model", "info", str(target)).stdout


def test_a_precision_that_is_too_far_is_refused_with_numbers(trained: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    file = read_model(trained[0])
    tensors = dict(file.tensors)
    tensors["head.weight"] = tensors["head.weight"] * np.float32(40)  # logits so large that rounding moves probabilities
    write_model(msgspec.structs.replace(file, tensors=tensors), tmp_path / "far")
    before = (tmp_path / "far").read_bytes()
    done = command("model", "quantize", str(tmp_path / "far"), "--precision", "int8", "--source", SAMPLE)
    assert done.returncode == 1
    assert re.search(r"int8 is too far from fp32 .* largest \|dp\| is 0\.\d+, at most 0\.02000 is allowed", done.stderr)
    assert (tmp_path / "far").read_bytes() == before


def test_quantize_needs_the_rows_of_the_calibration(trained: tuple[Path, dict[str, Any]]) -> None:
    done = command("model", "quantize", str(trained[0]), "--precision", "int8", "--source", "sample:es-2013-09:2000")
    assert done.returncode == 1
    assert "take the source that it was trained on" in done.stderr


def test_info_shows_the_file(trained: tuple[Path, dict[str, Any]]) -> None:
    output, found = trained
    text = command("model", "info", str(output)).stdout
    assert "linear_mid_move_50 1.0.0: 143 weights, normalise → dense" in text
    assert "predicts: mid_move, horizon 50 events: down, flat, up" in text
    assert f"calibration: on {found['rows']['calibrate']:,} rows" in text
    described = one_object(command("model", "info", str(output), "--json"))
    assert described["trained"]["metrics"]["test"] == found["test"]
    assert [op["op"] for op in described["ops"]] == ["normalise", "dense"]


@pytest.mark.parametrize("name", ["train", "evaluate", "predict", "quantize", "info"])
def test_help_has_examples(name: str) -> None:
    done = command("model", name, "--help")
    assert done.returncode == 0
    assert f"neural-trader model {name} " in done.stdout.split("examples:")[1]


# ---- tearsheet -----------------------------------------------------------------------------------------------------------------


def test_the_tearsheet_shows_the_figures_and_loads_nothing(trained: tuple[Path, dict[str, Any]]) -> None:
    output, found = trained
    page = output.with_suffix(".html").read_text()
    assert f"{found['test']['gain_millinats']['value']:.1f} millinats" in page
    assert page.count("<svg") == 5  # three classes, losses, latency
    assert all(f'id="{name}"' in page for name in ("reliability-0", "reliability-2", "loss-chart", "model-latency-chart", "model-money"))
    assert "://" not in page
    assert "<link" not in page
    losses = found["losses"]
    chart = page.split('id="loss-chart"')[1].split("</figure>")[0]
    assert chart.count('class="series') == 2
    assert chart.split('d="M')[1].split('"')[0].count("L") == len(losses) - 1
