"""Model files: what is written is read, by the core as well; both refuse the same files."""

from __future__ import annotations

import ctypes
import errno
import json
import math
import os
import re
import struct
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import safetensors
from hypothesis import example, given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file
from support_models import every_op as made

from neural_trader._native import abi
from neural_trader.errors import InvalidArgument, NoSpace, SystemFailure
from neural_trader.models import _bounds
from neural_trader.models.file import (
    Calibration,
    Clock,
    Deviation,
    InputFeatures,
    InstrumentScope,
    ModelFile,
    Output,
    State,
    Target,
    decode_model,
    encode_model,
    read_model,
    write_model,
)
from neural_trader.models.ops import ACTIVATIONS, KINDS

ROOT = Path(__file__).resolve().parents[2]
Change = Callable[[dict[str, Any]], object]


def small(**changes: Any) -> ModelFile:
    """A model of one op, for ops to be put behind it."""
    values: dict[str, Any] = {
        "name": "small",
        "version": "1",
        "clock": Clock(on="tick"),
        "features": InputFeatures(names=("run", "rate")),
        "ops": [{"op": "normalise", "in": [0], "out": 1, "tensors": {"mean": "a", "inverse_scale": "b"}, "clip": 5}],
        "output": Output(kind="normal", register=1, labels=(), target=Target(kind="return", horizon=1, unit="ns")),
        "tensors": {"a": np.zeros(2, np.float32), "b": np.ones(2, np.float32)},
    }
    return ModelFile(**{**values, **changes})


def parts(data: bytes) -> tuple[dict[str, Any], bytes]:
    """Header and tensor bytes of a file."""
    (length,) = struct.unpack_from("<Q", data)
    return json.loads(data[8 : 8 + length]), data[8 + length :]


def joined(header: dict[str, Any] | str, values: bytes) -> bytes:
    text = (header if isinstance(header, str) else json.dumps(header)).encode()
    return struct.pack("<Q", len(text)) + text + values


def described(data: bytes, change: Change) -> bytes:
    """A file with its description changed by hand."""
    header, values = parts(data)
    description = json.loads(header["__metadata__"]["neural_trader"])
    change(description)
    header["__metadata__"]["neural_trader"] = json.dumps(description)
    return joined(header, values)


class CoreError(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_int32),
        ("system_error", ctypes.c_int32),
        ("observed", ctypes.c_int64),
        ("limit", ctypes.c_int64),
        ("text", ctypes.c_char * 232),
    )


class Core:
    """The core's reader, compiled for the test: the library does not show it."""

    def __init__(self, library: Path) -> None:
        self._library = ctypes.CDLL(str(library))
        self._library.nt_model_file_free.argtypes = [ctypes.c_void_p]
        self._library.nt_model_file_read.argtypes = [ctypes.c_char_p, ctypes.c_uint64, ctypes.c_void_p, ctypes.c_void_p]

    def refusal(self, data: bytes) -> str | None:
        """None when the core takes the file."""
        model, error = ctypes.c_void_p(), CoreError()
        result = self._library.nt_model_file_read(data, len(data), ctypes.byref(model), ctypes.byref(error))
        self._library.nt_model_file_free(model)
        assert result in (abi.NT_OK, abi.NT_ERR_INVALID)
        return None if result == abi.NT_OK else error.text.decode()


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> Core:
    library = tmp_path_factory.mktemp("core") / "model_file.so"
    sources = [
        ROOT / "csrc" / name
        for name in ("model_file.c", "model_file_ops.c", "model_json.c", "segment.c", "feature_set.c", "platform/posix.c")
    ]
    command = ["gcc", "-shared", "-fPIC", "-O1", "-std=gnu11", f"-I{ROOT / 'csrc'}", *map(str, sources), "-lm", "-o", str(library)]
    subprocess.run(command, check=True)
    return Core(library)


def refusal(data: bytes) -> str | None:
    """What Python says to a file; None when it takes it."""
    try:
        decode_model(data)
    except InvalidArgument as error:
        return str(error)
    return None


def same(left: ModelFile, right: ModelFile) -> bool:
    """Equal with all tensors, bit for bit."""
    bits = [{name: (value.shape, value.tobytes()) for name, value in model.tensors.items()} for model in (left, right)]
    rest = [
        json.dumps(msgspec.to_builtins({name: getattr(m, name) for name in m.__struct_fields__[:-1]}), sort_keys=True)
        for m in (left, right)
    ]
    return bits[0] == bits[1] and rest[0] == rest[1]


# ---- what is written is read -----------------------------------------------------------------------------------------------------


def test_what_is_written_is_read(tmp_path: Path, core: Core) -> None:
    model, file = made(), tmp_path / "a.safetensors"
    write_model(model, file)
    read = read_model(file)
    assert same(read, model)
    assert isinstance(read.output.target, Target)
    assert isinstance(read.deviations["int8"], Deviation)
    assert all(value.dtype == np.float32 and value.flags.aligned and value.flags.writeable for value in read.tensors.values())
    assert core.refusal(file.read_bytes()) is None
    assert os.listdir(tmp_path) == ["a.safetensors"]


def test_the_same_model_gives_the_same_bytes() -> None:
    model = made()
    data = encode_model(model)
    turned = msgspec.structs.replace(
        model,
        tensors=dict(reversed(model.tensors.items())),
        ops=[dict(reversed(op.items())) for op in model.ops],
    )
    assert encode_model(turned) == data
    assert encode_model(decode_model(data)) == data
    header, values = parts(data)
    assert list(header)[1:] == sorted(model.tensors)
    assert (len(data) - len(values)) % 8 == 0
    assert encode_model(made(seed=1)) != data


def test_every_part_reaches_the_file() -> None:
    model, data = made(), encode_model(made())
    changes: dict[str, Any] = {
        "name": "other",
        "version": "2",
        "clock": Clock(on="quote", every=5),
        "features": InputFeatures(names=("spread", "run"), required=("trade",)),
        "instruments": InstrumentScope(),
        "state": State(kind="stream", steps=33),
        "ops": [*model.ops[:1], {**model.ops[1], "activation": "tanh"}, *model.ops[2:]],
        "output": msgspec.structs.replace(model.output, labels=("a", "b", "c")),
        "calibration": Calibration(kind="none"),
        "deviations": {},
        "trained": {},
        "tensors": {**model.tensors, "head.bias": np.zeros(3, np.float32)},
    }
    assert set(changes) == set(ModelFile.__struct_fields__)
    for name, value in changes.items():
        changed = msgspec.structs.replace(model, **{name: value})
        assert encode_model(changed) != data
        assert same(decode_model(encode_model(changed)), changed), name


def test_numpy_scalars_and_strided_tensors_are_written(core: Core) -> None:
    tensor = np.arange(4, dtype=np.float32)[::2]
    model = small(
        tensors={"a": tensor, "b": np.ones(2, ">f4").astype("<f4")},
        trained={"loss": np.float64(0.25), "epochs": np.int64(3), "gain": np.float32(0.5)},
    )
    data = encode_model(model)
    assert decode_model(data).trained == {"loss": 0.25, "epochs": 3, "gain": 0.5}
    assert decode_model(data).tensors["a"].tolist() == [0.0, 2.0]
    assert core.refusal(data) is None


LOOP: dict[str, Any] = {}
LOOP["again"] = LOOP


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"trained": LOOP}, "cannot be written as JSON: .*recursion"),
        ({"trained": {(1, 2): 3}}, "cannot be written as JSON: keys must be str"),
        ({"tensors": {"a": np.zeros(2), "b": np.ones(2, np.float32)}}, "must be float32, is float64"),
        ({"tensors": {"a": np.full(2, np.nan, np.float32), "b": np.ones(2, np.float32)}}, r"header\.a: value 0 is not finite"),
        ({"tensors": {"a": np.float32(1), "b": np.ones(2, np.float32)}}, "must have 1 to 3 dimensions, has none"),
        ({"tensors": {"a": np.zeros(0, np.float32), "b": np.ones(2, np.float32)}}, r"header\.a\.shape\[0\]: must be 1 to"),
        ({"trained": {"loss": math.nan}}, "cannot be written as JSON"),
        ({"trained": {"what": object()}}, r"object\) cannot be written to a model file"),
        ({"trained": {"name": "\ud800"}}, "half a surrogate pair"),
        ({"trained": {"name": "a\0b"}}, "no zero character"),
        ({"name": "two words"}, "neural_trader.name: must be 1 to 31 characters"),
        ({"clock": Clock(on="tick", every=0)}, "neural_trader.clock.every: must be 1 to"),
        ({"ops": []}, "neural_trader.ops: there are none"),
        ({"ops": [7]}, r"neural_trader\.ops\[0\]: must be an object, is 7"),
        ({"tensors": {"": np.zeros(2, np.float32)}}, "a tensor has no name"),
    ],
)
def test_what_the_core_would_refuse_is_not_written(tmp_path: Path, changes: dict[str, Any], text: str) -> None:
    with pytest.raises(InvalidArgument, match=text):
        write_model(small(**changes), tmp_path / "a")
    assert not list(tmp_path.iterdir())


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a"
    write_model(small(), file)
    before = file.read_bytes()

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "no space")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(NoSpace, match="a cannot be written"):
            write_model(small(name="other"), file)
    assert file.read_bytes() == before
    assert os.listdir(tmp_path) == ["a"]
    write_model(small(name="other"), file)
    assert read_model(file).name == "other"
    with pytest.raises(SystemFailure, match="cannot be written"):
        write_model(small(), tmp_path / "none" / "a")


def test_an_error_of_reading_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(SystemFailure, match="absent cannot be read"):
        read_model(tmp_path / "absent")
    (tmp_path / "short").write_bytes(b"1234567")
    with pytest.raises(InvalidArgument, match="short: model file: is cut off before the 8 bytes"):
        read_model(tmp_path / "short")
    with (tmp_path / "long").open("wb") as stream:
        stream.truncate((256 << 20) + 1)
    with pytest.raises(InvalidArgument, match="long: model file: is larger than 256 MB"):
        read_model(tmp_path / "long")


BOUNDS = {
    "NT_MODEL_FILE_BYTES": _bounds.FILE_BYTES_MAX,
    "NT_MODEL_HEADER_BYTES": _bounds.HEADER_BYTES_MAX,
    "NT_MODEL_OPS": _bounds.OPS_MAX,
    "NT_MODEL_REGISTERS": _bounds.REGISTERS_MAX,
    "NT_MODEL_WIDTH": _bounds.WIDTH_MAX,
    "NT_MODEL_TENSORS": _bounds.TENSORS_MAX,
    "NT_MODEL_CLASSES": _bounds.CLASSES_MAX,
    "NT_MODEL_SYMBOLS": _bounds.SYMBOLS_MAX,
    "NT_MODEL_STATE_BYTES": _bounds.STATE_BYTES_MAX,
    "NT_MODEL_STEPS": _bounds.STEPS_MAX,
    "NT_JSON_DEPTH": _bounds.DEPTH_MAX,
    "NT_JSON_KEYS": _bounds.KEYS_MAX,
    "NT_JSON_NUMBER_BYTES": _bounds.NUMBER_BYTES_MAX,
    "NT_JSON_MOST": _bounds.WHOLE_MAX,
    "FORMAT": _bounds.FORMAT,
}


def test_bounds_are_the_cores() -> None:
    text = "".join((ROOT / "csrc" / name).read_text() for name in ("model_file.h", "model_json.h", "model_file.c"))
    found = {}
    for name, value in re.findall(r"^#define (\w+) ([^/\n]+?)\s*(?:/\*.*)?$", text, re.MULTILINE):
        plain = re.fullmatch(r"\(?(?:\(int64_t\))?(\d+)u?(?: << (\d+))?\)?", value)
        if plain:
            found[name] = int(plain[1]) << int(plain[2] or 0)
    assert found == {**BOUNDS, "NT_MODEL_TENSOR_ALIGNMENT": 64}  # which the reader in Python does not need


def test_the_table_of_ops_is_the_cores() -> None:
    text = (ROOT / "csrc" / "model_file_ops.c").read_text()
    (names,) = re.findall(r"op_names\[\] = \{(.*?)\};", text, re.DOTALL)
    (activations,) = re.findall(r"activations\[\] = \{(.*?)\};", text, re.DOTALL)
    assert re.findall(r'"(\w+)"', names) == list(KINDS)
    assert re.findall(r'"(\w+)"', activations) == list(ACTIVATIONS)


# ---- both refuse the same --------------------------------------------------------------------------------------------------------


def _put(path: str, value: Any) -> Change:
    """Set or, with ..., remove what a dotted path leads to."""

    def change(description: dict[str, Any]) -> None:
        *way, last = [int(part) if part.isdigit() else part for part in path.split(".")]
        place: Any = description
        for part in way:
            place = place[part]
        if value is ...:
            del place[last]
        else:
            place[last] = value

    return change


FAULTS: list[tuple[str, Any, str]] = [
    ("format", 2, "neural_trader.format: must be 1 to 1, is 2"),
    ("format", True, "neural_trader.format: must be a whole number"),
    ("trained", ..., "neural_trader: key"),
    ("trained", [], "neural_trader.trained: must be an object"),
    ("extra", 1, "neural_trader.extra: unknown key; expected format"),
    ("version", "", "neural_trader.version: "),
    ("clock.on", "bar", "neural_trader.clock.on: must be tick"),
    ("clock.every", 1.0, "neural_trader.clock.every: must be a whole number"),
    ("features.names", [], "must hold at least one feature"),
    ("features.names.0", "walk", "there is no feature"),
    ("features.names.0", "spread", "is there twice"),
    ("features.required", ["book"], "must be quote"),
    ("instruments.symbols", [], 'scope "listed" needs symbols'),
    ("state.kind", "window", "neural_trader.state.kind: must be none or stream"),
    ("state.steps", 0, "steps"),
    ("state.reset_on", ["session"], "gap_ns"),
    ("ops.0.clip", 0, "neural_trader.ops[0].clip: must be greater than 0"),
    ("ops.0.clip", 1e39, "neural_trader.ops[0].clip: "),
    ("ops.0.in", [1], "neural_trader.ops[0]: normalise: register 1 is read before it is written"),
    ("ops.1.in", [0, 0], "neural_trader.ops[1]: dense takes one input, has 2"),
    ("ops.1.activation", ..., "neural_trader.ops[1]"),
    ("ops.1.dilation", 1, "neural_trader.ops[1]"),
    ("ops.1.tensors.weight", ..., "neural_trader.ops[1]"),
    ("ops.1.tensors.weight", "x", "neural_trader.ops[1].tensors.weight: there is no tensor"),
    ("ops.1.tensors.weight", 7, "neural_trader.ops[1].tensors.weight: must be a string"),
    (
        "ops.0",
        {"op": "layer_norm", "in": [0], "out": 1, "tensors": {"weight": "norm.mean", "bias": "norm.scale"}},
        "op 0 must be normalise",
    ),
    (
        "ops.7",
        {"op": "normalise", "in": [7], "out": 8, "tensors": {"mean": "ln.weight", "inverse_scale": "ln.bias"}, "clip": 1},
        "neural_trader.ops[7]: op 0 must be normalise, and no other may be; this is normalise",
    ),
    ("ops.3.op", "rnn", "neural_trader.ops[3].op: must be normalise"),
    ("ops.3.out", 3, "neural_trader.ops[3]: gru: register 3 is written twice"),
    ("ops.3.in", [11], "neural_trader.ops[3]: gru: register 11 is read before it is written"),
    ("ops.4.in", [3, 2], "neural_trader.ops[4]: add: "),
    ("ops.6.dilation", 16384, "neural_trader.ops[6]: causal_conv: an instrument would need 196644 bytes of state"),
    ("ops.6.in", [2], "as weight must have shape [2, 4, 2], has [2, 3, 2]"),
    ("ops.8.in", [8], "neural_trader.ops[8]: concat takes 2 to 4 inputs, has 1"),
    ("ops.8.in", [8, 6, 8], "as weight must have shape [3, 7], has [3, 5]"),
    ("ops.9.tensors.bias", "fc.bias", "is used before; each belongs to one op"),
    ("output.labels", ["a"], '"classes" needs at least 2 labels'),
    ("ops", [], "neural_trader.ops: there are none; op 0 must be normalise"),
    ("ops", {}, "neural_trader.ops: must be a list"),
    ("output.register", 11, "neural_trader.output.register: register 11"),
    ("output.labels", ["a", "b"], "must be 2 wide for this kind and these labels, is 3"),
    ("output.target.horizon", 0, "neural_trader.output.target.horizon: must be 1 to"),
    ("output.target.dead_band_ticks", -1, "must not be negative"),
    ("calibration.bias", [0, 0], "neural_trader.calibration.bias: must hold one number a label"),
    ("calibration.kind", "none", "neural_trader.calibration"),
    ("calibration.ece", ..., "neural_trader.calibration"),
    ("precision.float32", ..., "neural_trader.precision: key"),
    ("precision.int8.rows", 0, "neural_trader.precision.int8.rows: must be 1 to"),
    ("trained.deep", json.loads("[" * 15 + "]" * 15), "is nested deeper than 16"),
    ("trained.many", dict.fromkeys(map(str, range(513)), 0), "more than 512 keys"),
]


@pytest.mark.parametrize(("path", "value", "text"), FAULTS)
def test_python_and_the_core_refuse_the_same_fault(core: Core, path: str, value: Any, text: str) -> None:
    data = described(encode_model(made()), _put(path, value))
    assert text in (refusal(data) or "")
    assert text in (core.refusal(data) or "")


def test_a_depth_bomb_is_refused_by_both(core: Core) -> None:
    header, values = parts(encode_model(made()))
    description = header["__metadata__"]["neural_trader"]
    header["__metadata__"]["neural_trader"] = description[:-2] + ',"deep":' + "[" * 400_000
    data = joined(header, values)
    assert "is nested deeper than 16" in (refusal(data) or "")
    assert "is nested deeper than 16" in (core.refusal(data) or "")


def test_what_bounds_allow_is_taken_by_both(core: Core) -> None:
    data = encode_model(made())
    for path, value in [
        ("trained.deep", json.loads("[" * 14 + "]" * 14)),
        ("trained.many", dict.fromkeys(map(str, range(512)), 0)),
        ("instruments.symbols", [f"S{number}" for number in range(1024)]),
        ("state.gap_ns", 2**53),
        ("ops.6.dilation", 5458),
    ]:
        changed = described(data, _put(path, value))
        assert refusal(changed) is None
        assert core.refusal(changed) is None


def _header_faults() -> Iterator[tuple[bytes, str]]:
    data = encode_model(made())
    header, values = parts(data)
    text = json.dumps(header)
    yield data[:7], "is cut off before the 8 bytes"
    yield data[:100], "is cut off in its header"
    holes = {name: dict(value) for name, value in header.items()}
    for name, value in holes.items():
        if name != "__metadata__":
            value["data_offsets"] = [offset + 4 for offset in value["data_offsets"]]
    yield joined(holes, b"\0\0\0\0" + values), "leave holes"
    yield data + b"\0\0\0\0", "the tensors cover"
    yield struct.pack("<Q", 10 << 30) + data[8:], "its header claims more than 1 MB"
    yield joined(" " + text, values), "{"
    yield joined(text + "x", values), "header: "
    yield joined(text.replace("F32", "F16", 1), values), ".dtype: must be "
    yield joined(text.replace('"fc.bias"', '"fc.weight"', 1), values), "is there twice"
    yield joined(text.replace("neural_trader", "other"), values), 'has no key "neural_trader"'
    yield joined({**header, "__metadata__": {"neural_trader": 1}}, values), "header.__metadata__"
    yield joined({**header, "extra": {**header["fc.bias"]}}, values), "header: "
    yield (
        joined({**header, "extra": {**header["fc.bias"], "data_offsets": [0, 4]}}, values),
        "data_offsets span 4 bytes, its shape needs 16",
    )
    yield (
        joined({**header, "extra": {"dtype": "F32", "shape": [1], "data_offsets": [len(values), len(values) + 4]}}, values + b"\0\0\0\0"),
        "belongs to no op",
    )
    yield joined(text, b"\0\0\x80\x7f" + values[4:]), "is not finite"
    yield joined({**header, "extra": {**header["fc.bias"], "data_offsets": [0]}}, values), "must be two offsets"
    yield joined({**header, "": {**header["fc.bias"]}}, values), "a tensor has no name"
    many = {f"t{k}": {"dtype": "F32", "shape": [1], "data_offsets": [4 * k, 4 * k + 4]} for k in range(257)}
    yield joined({"__metadata__": header["__metadata__"], **many}, bytes(4 * 257)), "there are more than 256 tensors"
    stateless = json.loads(header["__metadata__"]["neural_trader"])
    stateless["state"].update(kind="none", steps=0)
    told = {"neural_trader": json.dumps(stateless)}
    yield joined({**header, "__metadata__": told}, values), 'neural_trader.state.kind: must be "stream" with lstm'
    yield data[:8] + b"{\xff" + data[10:], "is not UTF-8"


@pytest.mark.parametrize(("data", "text"), list(_header_faults()))
def test_python_and_the_core_refuse_the_same_header(core: Core, data: bytes, text: str) -> None:
    assert text in (refusal(data) or "")
    assert text in (core.refusal(data) or "")


def test_a_file_that_is_cut_off_in_its_tensors_says_how_long_it_has_to_be(core: Core) -> None:
    data = encode_model(made())
    for gone in (1, 4, 100):
        assert f"is cut off: needs {len(data)} bytes, has {len(data) - gone}" in (refusal(data[:-gone]) or "")
        assert "leave holes or do not fit: none of them covers byte" in (core.refusal(data[:-gone]) or "")


_GOOD = encode_model(made())
_LENGTH = struct.unpack_from("<Q", _GOOD)[0]
_PIECES = st.sampled_from(
    [b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b"0", b"1", b"9", b"-", b".", b"e", b" ", b"\\n", b"\\u0041", b"\\\\ud83d"]
)


@settings(max_examples=400, deadline=None)
@given(
    edits=st.lists(
        st.tuples(st.integers(0, len(_GOOD) - 1), st.integers(0, 2), st.one_of(_PIECES, st.binary(max_size=2))), min_size=1, max_size=3
    ),
    keep=st.booleans(),
)
def test_python_and_the_core_agree_on_damage(core: Core, edits: list[tuple[int, int, bytes]], keep: bool) -> None:
    data = bytearray(_GOOD)
    length = _LENGTH
    for at, removed, put in edits:
        data[at : at + removed] = put
        length += len(put) - removed if 8 <= at < 8 + _LENGTH else 0
    if keep:  # the header's length is right: the damage is seen further on
        data[:8] = struct.pack("<Q", max(length, 0))
    assert (refusal(bytes(data)) is None) == (core.refusal(bytes(data)) is None), (refusal(bytes(data)), core.refusal(bytes(data)))


_JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-2, 70),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=3),
        st.sampled_from(["run", "spread", "none", "relu", "fc.bias", "head.weight", "classes", "vector"]),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["op", "in", "kind", "x"]), inner, max_size=3)),
    max_leaves=6,
)


def _places(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if way:
        yield way
    for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from _places(item, (*way, key))


_PLACES = list(_places(json.loads(parts(_GOOD)[0]["__metadata__"]["neural_trader"])))


@settings(max_examples=400, deadline=None)
@given(changes=st.lists(st.tuples(st.sampled_from(_PLACES), _JSON), min_size=1, max_size=2))
def test_python_and_the_core_agree_on_changed_values(core: Core, changes: list[tuple[tuple[Any, ...], Any]]) -> None:
    def change(description: dict[str, Any]) -> None:
        for way, value in changes:
            place: Any = description
            for part in way[:-1]:
                place = (
                    place[part]
                    if (isinstance(place, dict) and part in place)
                    or (isinstance(place, list) and isinstance(part, int) and part < len(place))
                    else {}
                )
            if isinstance(place, dict) or (isinstance(place, list) and isinstance(way[-1], int) and way[-1] < len(place)):
                place[way[-1]] = value

    data = described(_GOOD, change)
    assert (refusal(data) is None) == (core.refusal(data) is None), (refusal(data), core.refusal(data))


@settings(max_examples=400, deadline=None)
@given(text=st.text('0123456789+-.eE"\\u{}[],: \tabdfnrtlsNaIiy\x00\x7fé\U0001f600\ufeff', max_size=12))
@example("1" * 64)
@example("1" * 65)
@example("1e308")
@example("1e309")
@example("-0")
@example("01")
@example('"\\ud83d\\ude00"')
@example('"\\ud83d"')
@example('"\\ude00"')
@example('"\\u0000"')
@example('"\\u+041"')
@example('"\\u00e9"')
@example("nul")
@example("NaN")
@example("-Infinity")
@example("[1,]")
@example("{}")
@example('{"a":1,"\\u0061":2}')
@example("\xa01")
@example("\ufeff1")
def test_python_and_the_core_agree_on_json(core: Core, text: str) -> None:
    header, values = parts(_GOOD)
    description = header["__metadata__"]["neural_trader"]
    assert description.endswith("}}}")
    header["__metadata__"]["neural_trader"] = description[:-2] + f',"more":{text}}}}}'
    data = joined(header, values)
    assert (refusal(data) is None) == (core.refusal(data) is None), (text, refusal(data), core.refusal(data))


# ---- safetensors -------------------------------------------------------------------------------------------------------------------


def test_the_safetensors_package_reads_what_is_written(tmp_path: Path) -> None:
    model = made()
    write_model(model, tmp_path / "a")
    loaded = load_file(tmp_path / "a")
    assert {name: value.tobytes() for name, value in loaded.items()} == {name: value.tobytes() for name, value in model.tensors.items()}
    with safetensors.safe_open(tmp_path / "a", framework="numpy") as opened:
        assert json.loads(opened.metadata()["neural_trader"])["name"] == "all-ops"


def test_what_the_safetensors_package_writes_is_read(tmp_path: Path, core: Core) -> None:
    model = made()
    description = parts(encode_model(model))[0]["__metadata__"]["neural_trader"]
    save_file(dict(model.tensors), tmp_path / "a", metadata={"format": "pt", "neural_trader": description})
    assert same(read_model(tmp_path / "a"), model)
    assert core.refusal((tmp_path / "a").read_bytes()) is None
