"""What a model's description in its file has to say: every key and value, and how they fit the tensors. As strict as the core."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, get_args, get_origin

import msgspec

from neural_trader._native import abi, ffi, lib
from neural_trader.models import _values as values
from neural_trader.models._bounds import CLASSES_MAX, FORMAT, INT32_MAX, REGISTERS_MAX, STEPS_MAX, SYMBOLS_MAX, WHOLE_MAX
from neural_trader.models._safetensors import Tensors
from neural_trader.models.description import (
    Calibration,
    Clock,
    Deviation,
    InputFeatures,
    InstrumentScope,
    ModelFile,
    Output,
    State,
    Target,
)
from neural_trader.models.ops import is_stateful, require_normalise_first, widths

KEY: Final = "neural_trader"  # of the metadata
OUTPUT_WIDTHS: Final = {"normal": 2, "student_t": 3}  # of the kinds without labels


def _words(part: type[msgspec.Struct], field: str) -> tuple[str, ...]:
    """What a field may be, from its type."""
    kind = next(one.type for one in msgspec.structs.fields(part) if one.name == field)
    while get_origin(kind) is not Literal:
        kind = get_args(kind)[0]
    return get_args(kind)


# The description has what ModelFile has, but for its format, and the deviations by precision.
_KEYS: Final = ("format", *(field for field in ModelFile.__struct_fields__ if field not in ("deviations", "tensors")), "precision")
_PRECISIONS: Final = ("bfloat16", "int8")
_CLOCKS: Final = _words(Clock, "on")
_NEEDS: Final = _words(InputFeatures, "required")
_SCOPES: Final = _words(InstrumentScope, "scope")
_STATES: Final = _words(State, "kind")
_RESETS: Final = _words(State, "reset_on")
_OUTPUTS: Final = _words(Output, "kind")
_TARGETS: Final = _words(Target, "kind")
_UNITS: Final = _words(Target, "unit")
_CALIBRATIONS: Final = _words(Calibration, "kind")


def _feature_names() -> set[str]:
    names = set()
    for index in range(abi.NT_FEATURE_COUNT):
        name = ffi.new("char[32]")
        if lib.nt_feature_name(index, name, 32) >= 0:
            names.add(ffi.string(name).decode())
    return names


def _check_clock(value: Any, path: str) -> None:
    clock = values.as_object(value, path, Clock.__struct_fields__)
    values.word(clock["on"], f"{path}.on", *_CLOCKS)
    values.integer(clock["every"], f"{path}.every", 1, INT32_MAX)


def _check_features(value: Any, path: str) -> int:
    features = values.as_object(value, path, InputFeatures.__struct_fields__)
    values.integer(features["version"], f"{path}.version", 1, 1)
    names = values.names(features["names"], f"{path}.names", abi.NT_FEATURE_COUNT)
    known = _feature_names()
    for name in names:
        if name not in known:
            values.refuse(f"{path}.names", f"there is no feature {name!r}")
    if not names:
        values.refuse(f"{path}.names", "must hold at least one feature")
    values.words(features["required"], f"{path}.required", *_NEEDS)
    return len(names)


def _check_instruments(value: Any, path: str) -> None:
    instruments = values.as_object(value, path, InstrumentScope.__struct_fields__)
    listed = values.word(instruments["scope"], f"{path}.scope", *_SCOPES) == "listed"
    if listed != bool(values.names(instruments["symbols"], f"{path}.symbols", SYMBOLS_MAX)):
        values.refuse(path, 'scope "listed" needs symbols, and "any" has none')


def _check_state(value: Any, path: str) -> str:
    state = values.as_object(value, path, State.__struct_fields__)
    kind = values.word(state["kind"], f"{path}.kind", *_STATES)
    if (kind == "stream") != (values.integer(state["steps"], f"{path}.steps", 0, STEPS_MAX) > 0):
        values.refuse(f"{path}.steps", 'must be at least 1 for "stream" and 0 for "none"')
    values.integer(state["warm_up"], f"{path}.warm_up", 0, INT32_MAX)
    resets = values.words(state["reset_on"], f"{path}.reset_on", *_RESETS)
    if ("gap" in resets) != (values.integer(state["gap_ns"], f"{path}.gap_ns", 0, WHOLE_MAX) > 0):
        values.refuse(f"{path}.gap_ns", 'must be greater than 0 with "gap" in reset_on, and 0 without it')
    return kind


def _check_output(value: Any, path: str) -> Mapping[str, Any]:
    output = values.as_object(value, path, Output.__struct_fields__)
    kind = values.word(output["kind"], f"{path}.kind", *_OUTPUTS)
    values.integer(output["register"], f"{path}.register", 1, REGISTERS_MAX - 1)
    labels = values.names(output["labels"], f"{path}.labels", CLASSES_MAX)
    if len(labels) < 2 if kind == "classes" else labels:
        values.refuse(f"{path}.labels", '"classes" needs at least 2 labels, another kind has none')
    target = values.as_object(output["target"], f"{path}.target", Target.__struct_fields__)
    values.word(target["kind"], f"{path}.target.kind", *_TARGETS)
    values.integer(target["horizon"], f"{path}.target.horizon", 1, WHOLE_MAX)
    values.word(target["unit"], f"{path}.target.unit", *_UNITS)
    values.number(target["dead_band_ticks"], f"{path}.target.dead_band_ticks")
    return output


def _check_calibration(value: Any, path: str, output: Mapping[str, Any]) -> None:
    fitted = Calibration.__struct_fields__[1:]
    kind = values.word(values.as_object(value, path, ("kind",), fitted)["kind"], f"{path}.kind", *_CALIBRATIONS)
    values.as_object(value, path, ("kind", *(fitted if kind == "vector" else ())))
    if kind == "none":
        return
    values.float32(value["inverse_temperature"], f"{path}.inverse_temperature", positive=True)
    bias = values.as_list(value["bias"], f"{path}.bias", CLASSES_MAX)
    for index, item in enumerate(bias):
        values.float32(item, f"{path}.bias[{index}]")
    if output["kind"] != "classes" or len(bias) != len(output["labels"]):
        values.refuse(f"{path}.bias", f'must hold one number a label of "classes": {len(output["labels"])}, has {len(bias)}')
    values.number(value["ece"], f"{path}.ece")
    values.number(value["log_loss"], f"{path}.log_loss")
    values.integer(value["rows"], f"{path}.rows", 1, WHOLE_MAX)


def _check_precision(value: Any, path: str) -> None:
    precision = values.as_object(value, path, ("float32",), _PRECISIONS)
    values.as_object(precision["float32"], f"{path}.float32", ())
    for name in precision.keys() - {"float32"}:
        place = f"{path}.{name}"
        deviation = values.as_object(precision[name], place, Deviation.__struct_fields__)
        values.number(deviation["max_dp"], f"{place}.max_dp")
        values.number(deviation["p99_dp"], f"{place}.p99_dp")
        values.number(deviation["log_loss_change"], f"{place}.log_loss_change", negative=True)
        values.integer(deviation["rows"], f"{place}.rows", 1, WHOLE_MAX)


def check(description: Any, tensors: Tensors) -> dict[str, Any]:
    """The description again, after a check of all that the core asks of it and of its tensors."""
    model = values.as_object(description, KEY, _KEYS)
    values.integer(model["format"], f"{KEY}.format", FORMAT, FORMAT)
    values.name(model["name"], f"{KEY}.name")
    values.name(model["version"], f"{KEY}.version")
    _check_clock(model["clock"], f"{KEY}.clock")
    features = _check_features(model["features"], f"{KEY}.features")
    _check_instruments(model["instruments"], f"{KEY}.instruments")
    kind = _check_state(model["state"], f"{KEY}.state")
    ops = model["ops"]
    registers = widths(ops, tensors, features, f"{KEY}.ops")
    require_normalise_first(ops, f"{KEY}.ops")
    if (kind == "stream") != is_stateful(ops):
        values.refuse(f"{KEY}.state.kind", 'must be "stream" with lstm, gru or causal_conv among the ops, and "none" without')
    output = _check_output(model["output"], f"{KEY}.output")
    width = OUTPUT_WIDTHS.get(output["kind"], len(output["labels"]))
    there = registers.get(output["register"], "not written")
    if there != width:
        text = f"register {output['register']} must be {width} wide for this kind and these labels, is {there}"
        values.refuse(f"{KEY}.output.register", text)
    _check_calibration(model["calibration"], f"{KEY}.calibration", output)
    _check_precision(model["precision"], f"{KEY}.precision")
    values.as_object(model["trained"], f"{KEY}.trained", (), model["trained"])
    return dict(model)
