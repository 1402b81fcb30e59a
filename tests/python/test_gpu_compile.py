"""The kernels as NVRTC compiles them, without a device: no spills, and what a multiprocessor has is enough."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import re
from pathlib import Path
from typing import NamedTuple

import pytest
from support_gpu import Builder

from neural_trader.errors import InvalidArgument
from neural_trader.models.gpu import TILES
from neural_trader.models.gpu_device import COMPILE_OPTIONS, THREADS_MAX, kernel_source
from neural_trader.models.program import PRECISIONS, pack_program

pytestmark = pytest.mark.xdist_group("gpu_compile")

SHARED_BYTES = {"sm_80": 163 * 1024, "sm_90": 227 * 1024}  # of a block, after opting in
REGISTERS = 65536  # of a multiprocessor


class Compiled(NamedTuple):
    """What NVRTC made for an architecture: machine code for sm_NN, else PTX; and what it said."""

    code: bytes
    log: str


def nvrtc() -> ctypes.CDLL:
    """The library of the package nvidia-cuda-nvrtc."""
    spec = importlib.util.find_spec("nvidia")
    places = [] if spec is None else list(spec.submodule_search_locations or [])
    found = sorted(path for place in places for path in Path(place).glob("**/libnvrtc.so.*"))
    assert found or os.environ.get("CI") != "true", "nvidia-cuda-nvrtc is not installed; it is in the extra test"
    if not found:
        pytest.skip("nvidia-cuda-nvrtc is not installed")
    for builtins in found[-1].parent.glob("libnvrtc-builtins.so.*"):
        ctypes.CDLL(str(builtins), mode=ctypes.RTLD_GLOBAL)  # which the library opens by name
    return ctypes.CDLL(str(found[-1]))


def compiled(architecture: str, source: str, *options: str) -> Compiled:
    library, program = nvrtc(), ctypes.c_void_p()
    library.nvrtcCreateProgram(ctypes.byref(program), source.encode(), b"program.cu", 0, None, None)
    flags = [f"--gpu-architecture={architecture}", "--ptxas-options=-v", *COMPILE_OPTIONS, *options]
    code = library.nvrtcCompileProgram(program, len(flags), (ctypes.c_char_p * len(flags))(*(flag.encode() for flag in flags)))
    size = ctypes.c_size_t()
    library.nvrtcGetProgramLogSize(program, ctypes.byref(size))
    log = ctypes.create_string_buffer(size.value)
    library.nvrtcGetProgramLog(program, log)
    assert code == 0, log.value.decode()
    kind = "CUBIN" if architecture.startswith("sm_") else "PTX"
    getattr(library, f"nvrtcGet{kind}Size")(program, ctypes.byref(size))
    made = ctypes.create_string_buffer(size.value)
    getattr(library, f"nvrtcGet{kind}")(program, made)
    library.nvrtcDestroyProgram(ctypes.byref(program))
    return Compiled(made.raw, log.value.decode())


ENTRY = re.compile(
    r"entry function '(?P<name>\w+)' for '(?P<architecture>\w+)'.*?(?P<stack>\d+) bytes stack frame, (?P<stores>\d+) bytes spill stores, "
    r"(?P<loads>\d+) bytes spill loads.*?Used (?P<registers>\d+) registers",
    re.DOTALL,
)


@pytest.mark.parametrize("architecture", SHARED_BYTES)
def test_kernels_compile_without_spills(architecture: str) -> None:
    made = compiled(architecture, kernel_source())
    assert made.code.startswith(b"\x7fELF")
    entries = {each["name"]: each for each in ENTRY.finditer(made.log)}
    assert set(entries) == {f"nt_{use}_{precision}" for use in ("step", "serve") for precision in PRECISIONS}
    for name, each in entries.items():
        assert each["architecture"] == architecture
        assert (int(each["stack"]), int(each["stores"]), int(each["loads"])) == (0, 0, 0), name
        assert 0 < int(each["registers"]) * THREADS_MAX <= REGISTERS, name
        assert name.encode() in made.code


FLOAT_INSTRUCTION = re.compile(r"^\s+([a-z][a-z0-9_]*(?:\.[a-z0-9_]+)*\.f32(?:\.[a-z0-9]+)?)\s", re.MULTILINE)
MOVED = ("mov.", "ld.", "st.", "selp.", "setp.")


@pytest.mark.parametrize("precision", [1, 2, 3])
def test_arithmetic_is_rounded_as_written(precision: int) -> None:
    """Every operation on floats has its rounding, none flushes denormals, and none is an approximation or may be fused later."""
    text = compiled("compute_80", kernel_source(), f"-DNT_PRECISION={precision}").code.decode(errors="replace")
    found = {each for each in set(FLOAT_INSTRUCTION.findall(text)) if not each.startswith(MOVED)}
    rounded = {f"{operation}.rn.f32" for operation in ("add", "sub", "mul", "fma", "div", "rcp", "sqrt")}
    exact = {"min.f32", "max.f32", "neg.f32", "abs.f32"}
    assert {"fma.rn.f32", "div.rn.f32", "sqrt.rn.f32"} <= found
    assert found <= rounded | exact | {"cvt.rn.f32.u32", "cvt.rn.f32.s32"}


def test_operations_that_may_be_fused_later_would_be_seen() -> None:
    text = compiled("compute_80", kernel_source(), "-DNT_PRECISION=3", "--fmad=true").code.decode(errors="replace")
    assert {"add.f32", "mul.f32"} <= set(FLOAT_INSTRUCTION.findall(text))


def test_what_does_not_compile_is_told() -> None:
    with pytest.raises(AssertionError, match="error"):
        compiled("sm_90", kernel_source() + "\n__global__ void wrong() { nothing(); }")


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("architecture", SHARED_BYTES)
def test_lstm_of_2_by_100_fits_at_every_tile(architecture: str, precision: str) -> None:
    make = Builder(1, 40)
    model = make.model(make.dense(make.recurrent("lstm", make.recurrent("lstm", make.dense(1, 100), 100), 100), 3))
    program, room = pack_program(model, precision), SHARED_BYTES[architecture]
    for lanes in (1, *TILES):
        placement = program.place(lanes, room)
        assert placement.shared_bytes <= room
        assert placement.resident_words > 0
    assert program.place(1, room).resident_words < program.place(1, 1 << 24).resident_words or precision != "float32"
    if precision == "int8" and architecture == "sm_90":
        assert program.place(1, room).resident_words == program.place(1, room).matrix_words


def test_the_widest_vectors_are_refused_where_they_do_not_fit() -> None:
    make = Builder(1, 40)
    program = pack_program(make.model(make.dense(make.dense(make.dense(1, 4096), 4096), 3)), "float32")
    assert program.place(8, 4 * 2**20).shared_bytes > SHARED_BYTES["sm_90"]
    with pytest.raises(InvalidArgument, match="bytes of shared memory, and a block has 232448"):
        program.place(8, SHARED_BYTES["sm_90"])
    assert program.place(1, SHARED_BYTES["sm_80"]).shared_bytes <= SHARED_BYTES["sm_80"]
