"""Models: a prediction from C by architecture and precision, from Python beside onnxruntime and numpy, and how long a model takes to load.

The LSTM of two layers of 100 units on 100 features is STAC-ML-shaped (LSTM_A) and unaudited: the weights are random, the state goes on from
step to step, and what does not depend on a step's features is computed before it.
"""

from __future__ import annotations

import statistics
import sys
from pathlib import Path
from typing import Any

from harness import BUILD, Bench, compile_program, ratios, run_json, worker

GROUP = "model"
RUNS = 5
BEST_ISA = 9
INSTRUMENTS = 5000
ARCHITECTURES = {"mlp": 1, "lstm_a": 2, "lstm_2x64": 3, "tcn": 4}
PRECISIONS = {"f32": 1, "bf16": 2, "int8": 3}
# (key, architecture, precision, what, target of the median, target of the 99th percentile), in us
STEPS = (
    ("mlp_c_us", "mlp", "f32", "MLP 64-128-64-3, float32, from C", 0.85, None),
    ("lstm_a_step_us.int8", "lstm_a", "int8", "LSTM 2x100 of 100 features (STAC-ML-shaped, unaudited), last step, int8", 1.3, 3.0),
    ("lstm_a_step_us.bf16", "lstm_a", "bf16", "LSTM 2x100 of 100 features (STAC-ML-shaped, unaudited), last step, bfloat16", 1.9, None),
    ("lstm_a_step_us.f32", "lstm_a", "f32", "LSTM 2x100 of 100 features (STAC-ML-shaped, unaudited), last step, float32", 4.0, None),
    ("lstm_2x64_step_us.int8", "lstm_2x64", "int8", "LSTM 2x64 of 40 features, int8", 0.6, None),
    ("tcn_step_us", "tcn", "f32", "streaming TCN 4x32 of 40 features, float32", 1.0, None),
)


def model_file(kind: str) -> Path:
    """A model of the benchmarks as a file: mlp or million."""
    path = BUILD / f"{kind}.safetensors"
    run_json([sys.executable, worker("write_model"), kind, path], timeout_s=60)
    return path


def _figures(found: list[dict[str, Any]]) -> dict[str, Any]:
    """Of runs: the median of their medians, the best of their 99th percentiles, and all of both."""
    made: dict[str, Any] = {}
    for part in ("step", "isolated", "full"):
        p50, p99 = ([run[f"{part}_us"][name] for run in found] for name in ("p50", "p99"))
        made[part] = {"p50": statistics.median(p50), "p99": min(p99), "p50_runs": p50, "p99_runs": p99}
    back = [run["back_us"] for run in found]
    return {**made, "back_to_back": statistics.median(back), "back_to_back_runs": back, "row_bytes": found[0]["row_bytes"]}


def _steps(bench: Bench) -> None:
    """All architectures in turn, RUNS times: what slows the machine for a while slows one run of each."""
    program = compile_program("model")
    steps = 10_000 if bench.quick else 50_000
    bench.progress(f"model: steps in C, {RUNS} runs of {steps:,} for each architecture and precision")
    runs: dict[tuple[str, str, int], list[dict[str, Any]]] = {}
    for _ in range(RUNS):
        for _, architecture, precision, *_ in STEPS:
            for instruments in (1, INSTRUMENTS):
                command = [program, ARCHITECTURES[architecture], PRECISIONS[precision], BEST_ISA, instruments, steps]
                runs.setdefault((architecture, precision, instruments), []).append(run_json(command, timeout_s=120))
    for key, architecture, precision, what, p50_us, p99_us in STEPS:
        found, many = (_figures(runs[architecture, precision, instruments]) for instruments in (1, INSTRUMENTS))
        step, apart = found["step"], found["isolated"]
        bench.put(f"model.{key}", {"p50": step["p50"], "p99": step["p99"]} if architecture == "lstm_a" else step["p50"])
        bench.put(f"model.steps.{architecture}.{precision}", {"one_instrument": found, f"instruments_{INSTRUMENTS}": many})
        note = f"isolated {apart['p50']:.2f}; 5,000 instruments {many['step']['p50']:.2f}; full, back to back {found['back_to_back']:.2f}"
        bench.row(GROUP, f"{what}, p50", step["p50"], "us", target=p50_us, note=note)
        each = ", ".join(f"{value:.2f}" for value in step["p99_runs"])
        note = f"best of {each}; isolated {apart['p99']:.2f}; 5,000 instruments {many['step']['p99']:.2f}"
        bench.row(GROUP, f"{what}, p99", step["p99"], "us", target=p99_us, note=note)


def _python(bench: Bench) -> None:
    calls = 3_000 if bench.quick else 20_000
    bench.progress(f"model: from Python beside onnxruntime and numpy, {RUNS} rounds of {calls:,} calls in turn, and loading")
    found = run_json([sys.executable, worker("model_python"), model_file("mlp"), model_file("million"), RUNS, calls], timeout_s=300)
    rounds: dict[str, dict[str, list[float]]] = {
        name: {part: [each[part] for each in series] for part in ("p50", "p99", "back")} for name, series in found["rounds"].items()
    }
    for name, series in rounds.items():
        figures = {"p50": statistics.median(series["p50"]), "p99": min(series["p99"]), "back_to_back": statistics.median(series["back"])}
        bench.put(f"model.python.{name}", {**figures, **{f"{part}_runs": values for part, values in series.items()}})
    bench.put("model.python.largest_difference", found["difference"])
    if "neural_model" in found["missing"]:
        bench.missing("model.neural_model", GROUP, "NeuralModel.predict", found["missing"]["neural_model"])
    through = "neural_model" if "neural_model" in rounds else "core"
    ours = rounds[through]
    p50 = statistics.median(ours["p50"])
    bench.put("model.mlp_python_us", p50)
    bench.put("model.mlp_python_through", through)
    call = "NeuralModel.predict" if through == "neural_model" else "nt_model_predict"
    note = f"{call}, each with its clock; p99 {min(ours['p99']):.2f}; back to back {statistics.median(ours['back']):.2f}"
    bench.row(GROUP, "MLP 64-128-64-3, float32, from Python", p50, "us", target=1.4, note=note)
    for name in ("onnxruntime", "onnxruntime_bound", "numpy"):
        key = f"mlp_over_{name}"
        if name not in rounds:
            bench.missing(f"model.{key}", GROUP, f"MLP, {name} / ours", found["missing"][name])
            continue
        theirs = rounds[name]
        over = ratios(theirs["p50"], ours["p50"])
        bench.put(f"model.{key}", statistics.median(over))
        difference = f"largest difference {found['difference']:.1g}"
        note = f"p50 {statistics.median(theirs['p50']):.2f} us, one thread; worst round {min(over):.1f} x; {difference}"
        target = 3.5 if name == "onnxruntime" else None
        what = f"MLP from Python, {name.replace('_bound', ' with bound memory')} / ours"
        bench.row(GROUP, what, statistics.median(over), "x", target=target, better="higher", note=note)
    loads = {precision: statistics.median(times) for precision, times in found["load_ms"].items()}
    for precision, times in found["load_ms"].items():
        bench.put(f"model.load_million_ms.{precision}", {"median": loads[precision], "runs": times})
    note = f"bfloat16 {loads['bfloat16']:.1f}, int8 {loads['int8']:.1f}; checked, packed for the processor, from bytes in memory"
    bench.row(GROUP, "loading 1,004,583 weights, float32", loads["float32"], "ms", target=50, note=note)


def measure(bench: Bench) -> None:
    """All of it."""
    _steps(bench)
    _python(bench)
