"""Models in a kernel, from Python: what strategies see of them, models in other processes, and the configuration."""

from __future__ import annotations

import hashlib
import multiprocessing
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from running import command, one_object
from support import config_of, write_tape
from support_models import NAMES, model_of, write_model_file

from neural_trader import Client, Kernel, Strategy, validate_config
from neural_trader._native import abi, ffi, lib
from neural_trader.config import Config, ModelConfig
from neural_trader.errors import ConfigError, Full, InvalidArgument, ModelNotReady, NoData, NotFound
from neural_trader.kernel import feed_ticks
from neural_trader.models.file import Deviation, encode_model
from neural_trader.models.ops import forward
from neural_trader.signals import Signal
from neural_trader.sources import open_source

TRADES = [(i * 7 // 2 * 10, 100 + ((i * 13) % 7 - 3) * 0.25 + (i // 20) * 0.25, 1 + i % 5) for i in range(400)]


class Watcher(Strategy):
    """Writes down everything that it sees, and trades on what the model says."""

    trade: bool = True

    def on_start(self, client: Client) -> None:
        self.seen: list[Signal] = []
        self.read: list[Signal | str] = []
        self.features: list[tuple[float, ...]] = []
        self.kinds: set[int] = set()
        self.sides: list[str] = []

    def on_ticks(self, client: Client, ticks: Any) -> None:
        self.kinds.update(ticks.raw["kind"].tolist())
        if not np.isin(ticks.raw["kind"], (abi.NT_TICK_TRADE, abi.NT_TICK_QUOTE)).any():
            return
        found = client.features("TEST")
        self.features.append(tuple(found[name] for name in NAMES))
        try:
            signal = client.signal("TEST")
        except (NoData, ModelNotReady) as error:
            self.read.append(type(error).__name__)
            return
        self.read.append(signal)
        if not self.trade:
            return
        held = client.position("TEST").projected
        lean = signal.values[2] - signal.values[0]
        if abs(lean) > 0.1 and held * lean <= 0:
            self.sides.append("BUY" if lean > 0 else "SELL")
            client.submit("TEST", "BUY" if lean > 0 else "SELL", 1 + int(abs(held)))

    def on_signal(self, client: Client, signal: Signal) -> None:
        self.seen.append(signal)


def with_model(tmp_path: Path, name: str, **arguments: Any) -> Config:
    path = write_model_file(tmp_path / f"{name}.safetensors", **arguments)
    return config_of(name, models={"flow": ModelConfig(path=path)})


def ran(config: Config, source: str, **parameters: Any) -> tuple[Watcher, Any]:
    watcher = Watcher(**parameters)
    with Kernel(config, private=True) as kernel:
        return watcher, kernel.run(source, watcher)


def test_a_strategy_sees_what_the_model_computes_from_the_features(tmp_path: Path) -> None:
    source = write_tape(tmp_path / "t.csv", TRADES)
    watcher, result = ran(with_model(tmp_path, "seen"), source)
    file = model_of()
    assert len(watcher.seen) == len(watcher.read) == len({t for t, _, _ in TRADES})
    assert watcher.seen == watcher.read
    assert abi.NT_TICK_SIGNAL not in watcher.kinds
    inputs = np.array(watcher.features, np.float32)
    logits = np.asarray(forward(file.ops, file.tensors, inputs[:, None, :]).registers[file.output.register], np.float64)[:, 0] * 1.25
    expected = np.exp(logits - logits.max(axis=1, keepdims=True))
    expected /= expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose([signal.values for signal in watcher.seen], expected, atol=2e-6)
    for signal in watcher.seen:
        assert signal.confidence == max(signal.values)
        assert (signal.model, signal.symbol, signal.ready, signal.calibrated) == ("flow", "TEST", True, True)
        assert (signal.precision, signal.device) == ("fp32", "cpu")
    assert len({signal.values for signal in watcher.seen}) > 50
    assert {"BUY", "SELL"} <= set(watcher.sides)
    assert result.summary["fills"] > 0


def test_another_model_says_something_else_and_trades_otherwise(tmp_path: Path) -> None:
    source = write_tape(tmp_path / "t.csv", TRADES)
    first, one = ran(with_model(tmp_path, "one", seed=6), source)
    second, two = ran(with_model(tmp_path, "two", seed=9), source)
    assert [signal.values for signal in first.seen] != [signal.values for signal in second.seen]
    assert one.summary["digest"] != two.summary["digest"]


@pytest.mark.parametrize("kind", ["mlp", "lstm"])
def test_twice_the_same_and_paced_or_as_fast_as_possible(tmp_path: Path, kind: str) -> None:
    source = write_tape(tmp_path / "t.csv", TRADES)
    config = with_model(tmp_path, f"paced-{kind}", kind=kind, warm_up=3)
    first, one = ran(config, source)
    again, two = ran(config, source)
    assert first.seen == again.seen
    assert one.summary["digest"] == two.summary["digest"]
    # Now through shared memory: a kernel on its own thread, a client attached by name, and ticks that come in bits with pauses.
    paced = Watcher()
    name = config.name
    with Kernel(config, participants=1) as kernel:
        kernel.start(source, feed=False)

        def follow() -> None:
            with Client.attach(name, name="Watcher") as client:
                client.run(paced)

        thread = threading.Thread(target=follow)
        thread.start()
        _feed_slowly(name, source, config)
        assert kernel.wait(30)
        thread.join(30)
        three = kernel.stop()
    assert paced.seen == first.seen
    assert three.summary["digest"] == one.summary["digest"]


def _feed_slowly(name: str, source: str, config: Config) -> None:
    from neural_trader.records import call

    ticks = open_source(source, config).ticks
    handle = ffi.new("uint32_t *")
    call(lib.nt_feed_attach, name.encode(), 5_000_000_000, handle)
    try:
        for begin in range(0, len(ticks), 37):
            feed_ticks(handle[0], ticks[begin : begin + 37], 0, lambda: False)
            time.sleep(0.002)
    finally:
        lib.nt_close(handle[0])


def test_a_stream_warms_up_and_says_so(tmp_path: Path) -> None:
    gap = [(t + 120_000, price, volume) for t, price, volume in TRADES[:40]]
    source = write_tape(tmp_path / "t.csv", TRADES[:40] + gap)
    watcher, _ = ran(with_model(tmp_path, "warm", kind="lstm", clock="trade", warm_up=10), source, trade=False)
    ready = [signal.ready for signal in watcher.seen]
    assert ready == [True] * 30 + [False] + [True] * 30
    told = watcher.seen[30]
    assert np.isnan(told.values).all()
    assert np.isnan(told.confidence)
    assert watcher.read[0] == "NoData"
    assert "ModelNotReady" in watcher.read
    # After the reset the state is that of the beginning, though the features are not.
    assert watcher.seen[0].values != watcher.seen[31].values


class Speaker(Strategy):
    """A model in Python: it says what the last price was."""

    fault: str = ""

    def on_ticks(self, client: Client, ticks: Any) -> None:
        trades = ticks.raw[ticks.raw["kind"] == abi.NT_TICK_TRADE]
        if len(trades):
            up = float(trades["price"][-1] % 2)
            client.send_signal("TEST", (1 - up / 2, up / 2), model="python", calibrated=True, device="gpu", precision="bf16")


def test_a_client_can_be_the_model(tmp_path: Path) -> None:
    source = write_tape(tmp_path / "t.csv", TRADES)
    path = write_model_file(tmp_path / "m.safetensors")
    config = config_of("speaks", models={"flow": ModelConfig(path=path), "python": ModelConfig()})
    watcher = Watcher(trade=False)
    with Kernel(config, private=True) as kernel:
        kernel.run(source, Speaker(), watcher)
    own = [signal for signal in watcher.seen if signal.model == "python"]
    assert len(own) == len({t for t, _, _ in TRADES}) - 1  # what is said after the end is not heard
    assert {(signal.precision, signal.device, signal.calibrated) for signal in own} == {("bf16", "gpu", True)}
    assert {signal.values for signal in own} == {(1.0, 0.0), (0.5, 0.5)}
    assert all(signal.confidence == max(signal.values) for signal in own)
    assert sum(signal.model == "flow" for signal in watcher.seen) == len(own) + 1


def _be_the_model(name: str) -> None:
    with Client.attach(name, name="model", timeout_s=20) as client:
        client.run(Speaker())


def test_a_process_can_be_the_model_and_two_runs_agree(tmp_path: Path) -> None:
    source = write_tape(tmp_path / "t.csv", TRADES)
    found = []
    for turn in range(2):
        config = config_of(f"outside-{turn}", models={"python": ModelConfig()})
        watcher = Watcher(trade=False)
        with Kernel(config, participants=2) as kernel:
            kernel.start(source, feed=False)
            process = multiprocessing.get_context("spawn").Process(target=_be_the_model, args=(config.name,))
            process.start()
            thread = threading.Thread(target=_watch, args=(config.name, watcher))
            thread.start()
            kernel.feed()
            assert kernel.wait(60)
            process.join(60)
            thread.join(60)
            kernel.stop()
        assert process.exitcode == 0
        found.append(watcher.seen)
    assert len(found[0]) == len({t for t, _, _ in TRADES}) - 1
    assert found[0] == found[1]


def _watch(name: str, watcher: Watcher) -> None:
    with Client.attach(name, name="watcher", timeout_s=20) as client:
        client.run(watcher)


def test_polls_have_signals_beside_ticks(tmp_path: Path) -> None:
    source = write_tape(tmp_path / "t.csv", TRADES[:50])
    config = with_model(tmp_path, "polls", clock="tick")
    with Kernel(config) as kernel:
        kernel.start(source, feed=False)
        with kernel.client("reader") as client:
            client.subscribe()
            kernel.feed()
            ticks = signals = 0
            while not client.ended:
                batch = client.poll(timeout_s=0.1)
                assert (batch.ticks.raw["kind"] != abi.NT_TICK_SIGNAL).all()
                assert batch.signals.dtype == abi.NT_TICK
                assert (batch.signals["kind"] == abi.NT_TICK_SIGNAL).all()
                ticks, signals = ticks + len(batch.ticks), signals + len(batch.signals)
            assert signals == 50
            assert ticks >= 50
            assert client.models == ("flow",)


def refusal(client: Client, *arguments: Any, **named: Any) -> Callable[[], None]:
    return lambda: client.send_signal("TEST", *arguments, **named)


def test_what_is_no_signal_is_refused(tmp_path: Path) -> None:
    path = write_model_file(tmp_path / "m.safetensors")
    config = config_of("refuses", models={"flow": ModelConfig(path=path), "mine": ModelConfig()})
    with Kernel(config, realtime=True) as kernel:
        kernel.start()
        with kernel.client("x") as client:
            for call, kind in (
                (refusal(client, (), model="mine"), InvalidArgument),
                (refusal(client, (0.1,) * 7, model="mine"), InvalidArgument),
                (refusal(client, (float("nan"), 0.0), model="mine"), InvalidArgument),
                (refusal(client, (0.5, 0.5), 1.5, model="mine"), InvalidArgument),
                (refusal(client, (-0.01, 0.02), model="mine"), InvalidArgument),
                (refusal(client, (0.5, 0.6), model="mine"), InvalidArgument),
                (refusal(client, "no", model="mine"), InvalidArgument),
                (refusal(client, (0.5, None), model="mine"), InvalidArgument),
                (refusal(client, (0.5, 0.5), model="flow"), InvalidArgument),
                (refusal(client, (0.5, 0.5), model="mine", precision="fp64"), InvalidArgument),
                (refusal(client, (0.5, 0.5), model="mine", device="tpu"), InvalidArgument),
                (refusal(client, (0.5, 0.5), model="other"), NotFound),
                (lambda: client.send_signal("NONE", (1.0,), model="mine"), NotFound),
                (lambda: client.signal("TEST"), NoData),
                (lambda: client.signal("TEST", "other"), NotFound),
            ):
                with pytest.raises(kind):
                    call()
            client.send_signal("TEST", (0.25, 0.75), model="mine")
            _until(lambda: client.signal("TEST", "mine").values == (0.25, 0.75))
            client.send_signal("TEST", (-0.01, 0.02), 0.7, model="mine")
            _until(lambda: client.signal("TEST", "mine").confidence == np.float32(0.7))
            client.send_signal("TEST", (0.0, 0.0), model="mine", ready=False)
            _until(lambda: _not_ready(client))
    with Kernel(config_of("none")) as kernel:
        kernel.start()
        with kernel.client("x") as client, pytest.raises(NotFound, match=r"\[models"):
            client.signal("TEST")


def _not_ready(client: Client) -> bool:
    try:
        client.signal("TEST", "mine")
    except ModelNotReady:
        return True
    return False


def _until(done: Callable[[], bool]) -> None:
    for _ in range(2000):
        try:
            if done():
                return
        except NoData:
            pass
        time.sleep(0.001)
    raise AssertionError("it did not happen")


def test_a_full_signal_ring_is_an_error_and_loses_nothing(tmp_path: Path) -> None:
    with Kernel(config_of("full", models={"mine": ModelConfig()}), private=True) as kernel:
        kernel._create(kernel.config.instruments, 0)
        tick = np.zeros(1, abi.NT_TICK)  # before it there is no time that a signal could have
        tick["ts_event"], tick["price"], tick["size"], tick["kind"], tick["flags"] = 1, 400, 1, abi.NT_TICK_TRADE, abi.NT_TICK_LAST_OF_SLICE
        assert lib.nt_kernel_replay(kernel._handle, ffi.cast("nt_tick *", tick.ctypes.data), 1) == 1
        with kernel.client("x") as client:
            sent = 1024
            for number in range(sent):
                client.send_signal("TEST", (number / 4096,), 0.5, model="mine")
            with pytest.raises(Full):
                client.send_signal("TEST", (0.5, 0.5), model="mine")
            kernel._turn()
            got = [signal for _ in range(8) for signal in _polled(client)]
            assert [signal.values[0] for signal in got] == [number / 4096 for number in range(sent)]


def _polled(client: Client) -> list[Signal]:
    client.poll()
    return client.last_signals()


def test_a_precision_has_to_have_passed_its_test(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    source = write_tape(tmp_path / "t.csv", TRADES[:50])
    path.write_bytes(encode_model(model_of()))
    config = config_of("gate", models={"flow": ModelConfig(path=str(path), precision="int8")})
    with Kernel(config, private=True) as kernel, pytest.raises(InvalidArgument, match="quantize"):
        kernel.run(source, Watcher())
    good = Deviation(max_dp=0.01, p99_dp=0.004, log_loss_change=0.0005, rows=100)
    path.write_bytes(encode_model(model_of(deviations={"int8": good})))
    watcher, _ = ran(config, source)
    assert {signal.precision for signal in watcher.seen} == {"int8"}
    path.write_bytes(encode_model(model_of(deviations={"int8": msgspec.structs.replace(good, p99_dp=0.006)})))
    with Kernel(config, private=True) as kernel, pytest.raises(InvalidArgument, match="use float32"):
        kernel.run(source, Watcher())


def test_a_broken_file_names_itself_and_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    path.write_bytes(encode_model(model_of())[:-4])
    config = config_of("broken", models={"flow": ModelConfig(path=str(path))})
    source = write_tape(tmp_path / "t.csv", TRADES[:50])
    with Kernel(config, private=True) as kernel, pytest.raises(InvalidArgument, match=r"m\.safetensors: .+"):
        kernel.run(source, Watcher())
    path.unlink()
    with pytest.raises(ConfigError, match=r"models\.flow\.path"):
        Kernel(config, private=True)


def test_models_in_a_configuration_file(tmp_path: Path) -> None:
    write_model_file(tmp_path / "m.safetensors")
    text = """
name = "models"
[instruments.TEST]
tick_size = 0.25
currency = "USD"
max_price = 10_000
[accounts.main]
currency = "USD"
cash = 1_000
[models.flow]
path = "m.safetensors"
[models.outside]
"""
    file = tmp_path / "run.toml"
    file.write_text(text, encoding="utf-8")
    config = Config.read(file)
    assert config.models == {"flow": ModelConfig(path=str(tmp_path / "m.safetensors")), "outside": ModelConfig()}
    file.write_text(text.replace('path = "m.safe', 'precision = "fp64"\npath = "x.safe'), encoding="utf-8")
    wrong = validate_config(file)
    assert [problem.path for problem in wrong] == ["models.flow.precision"]
    many = config_of("many", models={f"m{number}": ModelConfig() for number in range(9)})
    assert [problem.path for problem in validate_config(many)] == ["models"]


def test_a_result_says_which_models_there_were(tmp_path: Path) -> None:
    source = write_tape(tmp_path / "t.csv", TRADES[:50])
    path = write_model_file(tmp_path / "m.safetensors")
    config = config_of("says", models={"flow": ModelConfig(path=path), "mine": ModelConfig()})
    _, result = ran(config, source, trade=False)
    digest = hashlib.sha256(Path(path).read_bytes()).hexdigest()
    assert result.summary["models"] == {
        "flow": {"path": path, "precision": "fp32", "sha256": digest},
        "mine": {"path": None, "precision": None, "sha256": None},
    }
    assert [problem.path for problem in validate_config(config_of("x", models={"mine": ModelConfig(precision="int8")}))] == [
        "models.mine.precision"
    ]


def test_check_loads_the_models(tmp_path: Path) -> None:
    write_model_file(tmp_path / "m.safetensors")
    file = tmp_path / "run.toml"
    text = """
name = "models"
[instruments.TEST]
tick_size = 0.25
currency = "USD"
max_price = 10_000
[accounts.main]
currency = "USD"
cash = 1_000
[models.flow]
path = "m.safetensors"
"""
    file.write_text(text, encoding="utf-8")
    done = command("check", str(file))
    assert done.returncode == 0, done.stderr
    assert f"model flow: {tmp_path / 'm.safetensors'}, fp32" in done.stdout
    assert one_object(command("check", str(file), "--json"))["models"]["flow"]["precision"] == "fp32"
    file.write_text(text + 'precision = "int8"\n', encoding="utf-8")
    done = command("check", str(file))
    assert done.returncode == 2
    assert "models.flow" in done.stderr
    assert "quantize" in done.stderr
