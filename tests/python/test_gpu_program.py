"""The GPU's kernels on the host: the bits of the C library for every op, precision, shape and order of threads."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from cffi import FFI
from hypothesis import given, settings
from hypothesis import strategies as st
from support_gpu import (
    KERNELS,
    ROOT,
    SHIM_CDEF,
    Builder,
    Host,
    Reference,
    bits_differ,
    build_shim,
    check_serve,
    check_steps,
    denormal_model,
    opened,
    rich_model,
)

from neural_trader.errors import InvalidArgument
from neural_trader.models.file import ModelFile, encode_model
from neural_trader.models.gpu_device import Mailbox, kernel_source
from neural_trader.models.program import PRECISIONS, pack_program

pytestmark = pytest.mark.xdist_group("gpu")

Built = tuple[FFI, Any]
ACTIVATIONS = ("none", "relu", "tanh", "sigmoid", "gelu")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_shim(tmp_path_factory.mktemp("gpu"))


@pytest.fixture(scope="module")
def shim(library: Path) -> Built:
    return opened(SHIM_CDEF, library)


# ---- every op ------------------------------------------------------------------------------------------------------------------


@st.composite
def models(draw: st.DrawFn, kind: str) -> ModelFile:
    make = Builder(draw(st.integers(0, 2**32)), draw(st.integers(1, 40)))
    width, activation = draw(st.integers(1, 70)), draw(st.sampled_from(ACTIVATIONS))
    at = 1
    if kind == "dense":
        at = make.dense(at, width, activation)
    elif kind in ("lstm", "gru"):
        at = make.recurrent(kind, at, width)
    elif kind == "causal_conv":
        at = make.conv(at, width, draw(st.integers(1, 4)), draw(st.integers(1, 5)), activation)
    elif kind == "layer_norm":
        at = make.layer_norm(make.dense(at, width))
    elif kind in ("add", "multiply"):
        ins = [make.dense(at, width, draw(st.sampled_from(ACTIVATIONS))) for _ in range(draw(st.integers(2, 4)))]
        at = make.join(kind, ins)
    elif kind == "concat":
        at = make.join(kind, [make.dense(at, width), *draw(st.lists(st.just(1), min_size=1, max_size=3))])
    output = draw(st.sampled_from(["classes", "classes", "normal", "student_t"]))
    classes = {"normal": 2, "student_t": 3}.get(output) or draw(st.integers(2, 9))
    return make.model(make.dense(at, classes), output)


OPS = ("normalise", "dense", "lstm", "gru", "causal_conv", "layer_norm", "add", "multiply", "concat")


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("kind", OPS)
def test_an_op_gives_the_bits_of_the_library(shim: Built, kind: str, precision: str) -> None:
    @settings(max_examples=30, deadline=None)
    @given(
        model=models(kind),
        count=st.integers(1, 40),
        steps=st.integers(1, 6),
        lanes=st.sampled_from([8, 16, 32]),
        grid=st.integers(1, 3),
        threads=st.sampled_from([1, 32, 96]),
        room=st.integers(0, 40_000),
        scale=st.sampled_from([1e-30, 1.0, 1e6]),
        seed=st.integers(1, 2**31),
    )
    def check(model: ModelFile, count: int, steps: int, lanes: int, grid: int, threads: int, room: int, scale: float, seed: int) -> None:
        program = pack_program(model, precision)
        inputs = np.random.default_rng(seed).normal(size=(count, steps if program.stateful else 1, program.features)) * scale
        whole = inputs.astype(np.float32)
        expected = Reference(encode_model(model), precision).predict(whole, program.outputs)
        least = program.place(lanes, 1 << 24)
        placement = program.place(lanes, least.shared_bytes - 4 * least.resident_words + room)
        for schedule in (0, seed, seed + 1, seed + 2):
            found, status = Host(shim, program, count).step(placement, whole, seed=schedule, grid=grid, threads=threads)
            assert status.all()
            assert not bits_differ(found, expected)

    check()


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_model_of_every_op(shim: Built, precision: str, seed: int) -> None:
    assert {op["op"] for op in rich_model(seed).ops} == set(OPS)
    check_steps(shim, rich_model(seed), precision, seed, threads=64)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_outputs_change_with_features_state_and_every_tensor(shim: Built, precision: str) -> None:
    model = rich_model(3)
    inputs = np.random.default_rng(1).normal(size=(9, 4, 6)).astype(np.float32)

    def run(of: ModelFile, x: Any) -> Any:
        program = pack_program(of, precision)
        return Host(shim, program, 9).step(program.place(8, 100_000), x, seed=1)[0]

    made = run(model, inputs)
    assert bits_differ(made, run(model, inputs[:, :3]))
    earlier = inputs.copy()
    earlier[:, 0] += 0.5
    assert bits_differ(made, run(model, earlier))
    for name, tensor in model.tensors.items():
        tensors = {**model.tensors, name: np.asarray(tensor * np.float32(1.5))}
        assert bits_differ(made, run(msgspec.structs.replace(model, tensors=tensors), inputs)), name


def test_wide_vectors_and_one_thread(shim: Built) -> None:
    make = Builder(8, 40)
    model = make.model(make.dense(make.layer_norm(make.recurrent("lstm", make.dense(1, 300, "gelu"), 130)), 64))
    for precision in PRECISIONS:
        check_steps(shim, model, precision, 5, threads=1)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_weights_at_the_edges_of_rounding(shim: Built, precision: str) -> None:
    make = Builder(8, 7)
    first = make.dense(1, 12)
    model = make.model(make.dense(first, 3))
    weight, bias = model.ops[1]["tensors"]["weight"], model.ops[1]["tensors"]["bias"]
    patterns = [0x00000001, 0x80000000, 0x00800000, 0x267FFFFF, 0x26800000, 0x3F808000, 0x3F818000, 0x3F817FFF, 0xBF808001, 0x17800000]
    values = np.array([struct.unpack("<f", struct.pack("<I", each))[0] for each in patterns], np.float32)
    model.tensors[weight].ravel()[: 7 * 10] = np.resize(values, 7 * 10)
    model.tensors[weight][5] = 0.0
    model.tensors[weight][6] = 1e-44
    model.tensors[bias][:10] = values
    check_steps(shim, model, precision, 3)


def test_denormals_are_numbers(shim: Built) -> None:
    model = denormal_model()
    program = pack_program(model, "float32")
    inputs = np.random.default_rng(1).normal(size=(9, 1, 6)).astype(np.float32)
    found, _ = Host(shim, program, 9).step(program.place(8, 100_000), inputs, seed=1)
    assert np.unique(found[:, 0]).size == 9
    assert not bits_differ(found, Reference(encode_model(model), "float32").predict(inputs, 2))


# ---- programs ------------------------------------------------------------------------------------------------------------------


def test_matrices_stay_outside_where_shared_memory_is_short() -> None:
    program = pack_program(rich_model(1), "float32")
    whole = program.place(8, 1 << 20)
    assert whole.resident_words == whole.matrix_words > 0
    some = program.place(8, whole.shared_bytes - 4)
    assert 0 < some.resident_words < whole.matrix_words
    none = program.place(8, whole.shared_bytes - 4 * whole.resident_words)
    assert none.resident_words == 0
    with pytest.raises(InvalidArgument, match="use smaller tiles or a narrower model"):
        program.place(8, none.shared_bytes - 4)


@pytest.mark.parametrize("lanes", [0, -8, 2, 4, 9, 24])
def test_tiles_that_are_refused(lanes: int) -> None:
    with pytest.raises(InvalidArgument, match="power of two"):
        pack_program(rich_model(1), "int8").place(lanes, 1 << 20)


@pytest.mark.parametrize("precision", ["float16", "fp32", ""])
def test_precisions_that_are_refused(precision: str) -> None:
    with pytest.raises(InvalidArgument, match="float32, bfloat16, int8"):
        pack_program(rich_model(1), precision)


@pytest.mark.parametrize("op", ["dense", "lstm", "layer_norm", "multiply", "calibration"])
def test_weights_that_could_overflow_are_refused_as_by_the_library(op: str) -> None:
    make = Builder(1, 4)
    last = make.dense(1, 4)
    last = make.recurrent("lstm", last, 4) if op == "lstm" else make.layer_norm(last) if op == "layer_norm" else last
    if op == "multiply":
        for _ in range(4):
            last = make.join("multiply", [last, last])
    model = make.model(make.dense(last, 2))
    pack_program(model, "float32")
    if op == "calibration":
        model = msgspec.structs.replace(model, calibration=msgspec.structs.replace(model.calibration, inverse_temperature=1e15))
    else:
        kind, slot = ("dense", "weight") if op == "multiply" else (op, "weight_ih" if op == "lstm" else "weight")
        name = next(each for each in model.ops if each["op"] == kind)["tensors"][slot]
        model.tensors[name][:] *= np.float32(20.0 if op == "multiply" else 1e16)
    with pytest.raises(InvalidArgument, match="can reach"):
        pack_program(model, "float32")
    with pytest.raises(InvalidArgument, match="can reach"):
        Reference(encode_model(model), "float32")


def test_features_that_nothing_bounds_are_read_by_the_first_op_alone() -> None:
    make = Builder(5, 4)
    model = make.model(make.dense(make.join("concat", [1, 0]), 2))
    for refuse in (lambda: pack_program(model, "float32"), lambda: Reference(encode_model(model), "float32")):
        with pytest.raises(InvalidArgument, match="op 1 of the model can reach"):
            refuse()


# ---- the kernel that stays -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("precision", "requests"), [("int8", 2000), ("float32", 200), ("bfloat16", 200)])
def test_two_thousand_requests(shim: Built, precision: str, requests: int) -> None:
    make = Builder(4, 12)
    model = make.model(make.dense(make.recurrent("gru", make.recurrent("lstm", 1, 10), 6), 3))
    check_serve(shim, model, precision, 7, requests)


def test_a_stop_flag_and_an_idle_kernel(shim: Built) -> None:
    program = pack_program(rich_model(1), "float32")
    host, placement = Host(shim, program, 2), program.place(1, 100_000)
    mailbox = Mailbox(program.features, program.outputs, 60_000_000_000)
    mailbox.stop()
    assert host.serve(placement, mailbox.words, 0, seed=1) == ""
    assert mailbox.left == 1
    mailbox = Mailbox(program.features, program.outputs, 20_000_000)
    begin = time.monotonic()
    assert host.serve(placement, mailbox.words, 41, seed=1) == ""
    assert time.monotonic() - begin >= 0.02
    assert mailbox.left == 2
    assert mailbox.words[3] == 41
    assert mailbox.answer(42) is None


def test_a_request_that_came_while_nobody_served_is_served_later(shim: Built) -> None:
    model = rich_model(2)
    program = pack_program(model, "int8")
    host, features = Host(shim, program, 2), np.linspace(-1, 1, 6).astype(np.float32)
    mailbox = Mailbox(program.features, program.outputs, 20_000_000)
    mailbox.post(0xFFFFFFFF, 1, features)
    assert host.serve(program.place(1, 100_000), mailbox.words, 0xFFFFFFFE, seed=1) == ""
    answer = mailbox.answer(0xFFFFFFFF)
    assert answer is not None
    expected = Reference(encode_model(model), "int8", 2)
    assert not bits_differ(answer[1], expected.step(1, features, program.outputs))
    mailbox.restart()
    mailbox.post(1, 1, features)  # sequences go on from 1
    assert host.serve(program.place(1, 100_000), mailbox.words, 0xFFFFFFFF, seed=2) == ""
    answer = mailbox.answer(1)
    assert answer is not None
    assert not bits_differ(answer[1], expected.step(1, features, program.outputs))


# ---- the shim sees what is wrong -------------------------------------------------------------------------------------------------

BARRIER = re.compile(r"__syncthreads(?:_and|_or)?\(")


def without_barrier(text: str, index: int) -> str:
    """The text without its barrier of this index; of one that combines values, each thread keeps its own."""
    found = list(BARRIER.finditer(text))[index]
    begin, name = found.span()[0], found.group()
    return text[:begin] + ("((void)0" if name == "__syncthreads(" else "(") + text[found.span()[1] :]


SOURCE = kernel_source()


def scenarios(shim: Path, seeds: int = 4, **more: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "tests/python/support_gpu.py"), str(shim), str(seeds)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, cwd=ROOT, **more)


def test_scenarios_hold_for_the_kernels_as_they_are(library: Path) -> None:
    done = scenarios(library)
    assert done.stdout == "equal\n", done.stderr


@pytest.mark.parametrize("index", range(len(BARRIER.findall(SOURCE))))
def test_a_missing_barrier_is_seen(tmp_path: Path, index: int) -> None:
    shutil.copy(KERNELS / "host_shim.h", tmp_path)
    (tmp_path / "program.cu").write_text(without_barrier(SOURCE, index))
    mutant = build_shim(tmp_path, "-O1", "-w", name="mutant", include=tmp_path)
    try:
        done = scenarios(mutant)
    except subprocess.TimeoutExpired:
        return  # it hangs
    assert done.returncode != 0
    assert done.stdout == ""


def test_barriers_that_do_not_meet_are_named(tmp_path: Path) -> None:
    source = """
#define NT_HOST_SHIM
#include "host_shim.h"
extern "C" void meet(uint32_t how, char *text) {
  std::string wrong = nt_host::run(1, 4, 16, 1, [&] {
    NT_SHARED(memory);
    if (how == 0 && threadIdx.x == 3) return;
    if (how == 1 && threadIdx.x == 2) __syncthreads();
    memory[threadIdx.x] = 1;
    __syncthreads();
    if (how == 2 && __syncthreads_and(threadIdx.x != 1)) memory[9999] = 0;
    if (how == 2 && !__syncthreads_or(threadIdx.x == 1)) memory[9999] = 0;
  });
  strncpy(text, wrong.c_str(), 255);
}
"""
    ffi, lib = opened("void meet(uint32_t how, char *text);", build_shim(tmp_path, name="meet", source=source))
    texts = []
    for how in range(4):
        text = ffi.new("char[256]")
        lib.meet(how, text)
        texts.append(ffi.string(text).decode())
    assert texts[0].startswith("threads have left, others wait at the barrier in line ")
    assert texts[1].startswith("divergent barriers in lines ")
    assert texts[2:] == ["", ""]


@pytest.fixture(scope="module")
def sanitized(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """The kernels with the address and the undefined behaviour sanitizer, and the environment of a process that loads them."""
    flags = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g", "-O0")
    made = build_shim(tmp_path_factory.mktemp("gpu"), *flags, name="sanitized")
    preload = subprocess.run(["g++", "-print-file-name=libasan.so"], capture_output=True, text=True, check=True).stdout.strip()
    options = "detect_leaks=0:detect_stack_use_after_return=0"
    return made, {"PATH": "/usr/bin:/bin", "LD_PRELOAD": preload, "ASAN_OPTIONS": options}


def test_sanitizers_find_nothing(sanitized: tuple[Path, dict[str, str]]) -> None:
    done = scenarios(sanitized[0], 1, env=sanitized[1])
    assert done.stdout == "equal\n", done.stderr


def test_the_sanitizers_see_a_tile_that_is_too_small(sanitized: tuple[Path, dict[str, str]]) -> None:
    code = f"""
import dataclasses, sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from pathlib import Path
import numpy as np
from support_gpu import SHIM_CDEF, Host, opened, rich_model
from neural_trader.models.program import pack_program
program = pack_program(rich_model(1), "int8")
placement = program.place(8, 100_000)
host = Host(opened(SHIM_CDEF, Path({str(sanitized[0])!r})), program, 8)
host.step(placement, np.ones((8, 1, 6), np.float32), seed=1)
print("whole", flush=True)
host.step(dataclasses.replace(placement, shared_bytes=placement.shared_bytes - 16), np.ones((8, 1, 6), np.float32), seed=1)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120, env=sanitized[1])
    assert done.returncode != 0
    assert done.stdout == "whole\n"
    assert "heap-buffer-overflow" in done.stderr
