"""The generated files say what the header says, and stale ones are noticed."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from neural_trader._native import abi, ffi, lib

GENERATORS = ["csrc/bindgen.py", "csrc/bindgen_javascript.py"]
GENERATED = [
    "csrc/layout.h",
    "neural_trader/_native/abi.py",
    "neural_trader/_native/cdef.py",
    "bindings/node/src/generated/abi.ts",
    "bindings/node/src/generated/records.ts",
    "bindings/node/src/generated/symbols.ts",
    "bindings/node/addon/symbols.h",
]


@pytest.fixture(scope="session")
def bindgen(root: Path) -> ModuleType:
    """csrc/bindgen.py as a module."""
    specification = importlib.util.spec_from_file_location("bindgen", root / "csrc/bindgen.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules["bindgen"] = module
    sys.path.insert(0, str(root / "csrc"))  # where it finds its parts when it is run
    specification.loader.exec_module(module)
    sys.path.pop(0)
    return module


@pytest.fixture(scope="session")
def header(root: Path) -> str:
    """The text of the header."""
    return (root / "csrc/neural_trader.h").read_text()


@pytest.fixture(scope="session")
def parsed(bindgen: ModuleType, header: str) -> Any:
    """The model of the header."""
    return bindgen.parse(header)


@pytest.fixture
def tree(root: Path, tmp_path: Path) -> Path:
    """A copy of the header, the generator and what it writes."""
    for name in ["csrc/neural_trader.h", *GENERATORS, *GENERATED]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / name, tmp_path / name)
    return tmp_path


def run(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, tree / "csrc/bindgen.py", *arguments], capture_output=True, text=True, check=False)


# ---- the committed files -----------------------------------------------------------------------------------------------------------


def test_committed_files_are_current(root: Path) -> None:
    result = run(root, "--check")
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("name", GENERATED)
def test_a_stale_file_fails_and_is_written_again(tree: Path, name: str) -> None:
    path = tree / name
    good = path.read_text()
    path.write_text(good.replace("Generated from", "Written after", 1))
    result = run(tree, "--check")
    assert result.returncode == 1
    assert f"--- {name}" in result.stdout
    assert "Written after" in result.stdout
    assert path.read_text() != good, "a check writes nothing"
    assert run(tree).returncode == 0
    assert path.read_text() == good


@pytest.mark.parametrize("name", GENERATED)
def test_a_missing_file_fails(tree: Path, name: str) -> None:
    (tree / name).unlink()
    assert run(tree, "--check").returncode == 1


def test_an_edited_header_makes_every_file_stale(tree: Path) -> None:
    path = tree / "csrc/neural_trader.h"
    path.write_text(path.read_text().replace("uint64_t user_tag;", "uint64_t tag;").replace("nt_feature_name(", "nt_feature_text("))
    result = run(tree, "--check")
    assert result.returncode == 1
    for name in GENERATED:
        assert f"--- {name}" in result.stdout


def test_a_header_that_cannot_be_bound_is_an_error(tree: Path) -> None:
    path = tree / "csrc/neural_trader.h"
    path.write_text(path.read_text().replace("uint64_t user_tag;", "uint64_t *user_tag;"))
    result = run(tree, "--check")
    assert result.returncode == 1
    assert "nt_order.user_tag: only scalars and arrays of scalars" in result.stderr
    path.write_text("int x(")
    assert run(tree).returncode == 1


def test_cffi_source_has_every_function(tree: Path, parsed: Any) -> None:
    source = tree / "_cffi.c"
    assert run(tree, "--cffi", str(source)).returncode == 0
    text = source.read_text()
    for function in parsed.functions:
        assert f"_cffi_d_{function.name}(" in text


# ---- Python and C agree --------------------------------------------------------------------------------------------------------------


def records() -> list[str]:
    return [name for name, value in vars(abi).items() if isinstance(value, np.dtype)]


def test_every_record_has_a_dtype(parsed: Any) -> None:
    assert sorted(records()) == sorted(record.name.upper() for record in parsed.records)


def flat(c_type: Any, start: int = 0) -> dict[str, tuple[int, int]]:
    """Offset and size of every field as cffi has them, fields of anonymous members included."""
    found = {}
    for name, field in c_type.fields:
        if name:
            found[name] = (start + field.offset, ffi.sizeof(field.type))
        else:
            found.update(flat(field.type, start + field.offset))
    return found


@pytest.mark.parametrize("name", records())
def test_dtype_equals_the_c_record(name: str) -> None:
    dtype = getattr(abi, name)
    c_type = ffi.typeof(name.lower())
    assert dtype.itemsize == ffi.sizeof(c_type)
    assert {field: (offset, part.itemsize) for field, (part, offset) in dtype.fields.items()} == flat(c_type)


def test_a_record_written_by_c_reads_the_same_in_numpy() -> None:
    record = ffi.new("nt_order *", {"price": -7, "quantity": 2**50, "account": 65535, "side": abi.NT_SIDE_SELL, "user_tag": 2**64 - 1})
    row = np.frombuffer(ffi.buffer(record), dtype=abi.NT_ORDER)[0]
    assert (row["price"], row["quantity"], row["account"], row["side"], row["user_tag"]) == (-7, 2**50, 65535, 2, 2**64 - 1)
    error = ffi.new("nt_error *", {"text": b"why", "limit": abi.NT_ABSENT})
    row = np.frombuffer(ffi.buffer(error), dtype=abi.NT_ERROR)[0]
    assert (row["text"], row["limit"]) == (b"why", -(2**63))


def test_enums_and_constants_have_their_c_values(bindgen: ModuleType, parsed: Any) -> None:
    for enum in parsed.enums:
        elements = {name: value for value, name in ffi.typeof(f"enum {enum.name}").elements.items()}
        python = getattr(abi, bindgen.camel_case(enum.name))
        for name, value in elements.items():
            short = name.removeprefix(enum.prefix)
            assert getattr(abi, name) == value
            assert python[short] == value
            if not enum.is_flag:
                assert getattr(abi, enum.name.upper().removeprefix("NT_"))[value] == short
        assert len(python) == len(elements)
    for name, value in parsed.constants.items():
        assert getattr(abi, name) == value
    assert (abi.NT_ABSENT, abi.NT_RAW_MAX, abi.NT_NONE) == (-(2**63), 2**51, 2**32 - 1)


def test_the_library_reports_the_generated_hash() -> None:
    assert lib.nt_layout_hash() == abi.LAYOUT_HASH
    assert lib.nt_abi_version() == abi.NT_ABI_VERSION


# ---- the layout hash ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("uint64_t user_tag;", "uint64_t tag;", id="field renamed"),
        pytest.param("uint64_t user_tag;", "int64_t user_tag;", id="type changed, same size"),
        pytest.param("int64_t bid_price;\n      int64_t ask_price;", "int64_t ask_price;\n      int64_t bid_price;", id="fields swapped"),
        pytest.param("uint64_t reserved;\n} nt_order;", "uint64_t reserved[3];\n} nt_order;", id="record grew"),
        pytest.param("NT_SIDE_SELL = 2", "NT_SIDE_SELL = 3", id="enum value"),
        pytest.param("#define NT_NAME_BYTES 32 ", "#define NT_NAME_BYTES 64 ", id="array size"),
        pytest.param("} nt_poll;", "} nt_polled;", id="record renamed"),
    ],
)
def test_a_changed_layout_changes_the_hash(bindgen: ModuleType, header: str, old: str, new: str) -> None:
    assert header.count(old) == 1
    text = header.replace(old, new).replace("nt_poll *poll", "nt_polled *poll" if "nt_polled" in new else "nt_poll *poll")
    assert bindgen.parse(text).layout_hash() != abi.LAYOUT_HASH


def test_comments_and_functions_do_not_change_the_hash(bindgen: ModuleType, header: str) -> None:
    text = header.replace("NT_API uint32_t nt_abi_version(void);", "/* words */\nNT_API uint32_t nt_other(const char *name); // more")
    assert text != header
    parsed = bindgen.parse(text)
    assert parsed.layout_hash() == abi.LAYOUT_HASH
    assert "nt_other" in {function.name for function in parsed.functions}


# ---- headers that are refused ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("typedef struct nt_a { uint8_t a; uint64_t b; } nt_a;", "nt_a.b: 7 bytes of implicit padding before it"),
        ("typedef struct nt_a { uint64_t a; uint8_t b; } nt_a;", "nt_a: 7 bytes of implicit padding at the end"),
        ("typedef struct nt_a { uint32_t a : 3; } nt_a;", "nt_a.a: only scalars"),
        ("typedef struct nt_a { char a; } nt_a;", "nt_a.a: char is not a type of the ABI"),
        ("typedef struct nt_a { long a; } nt_a;", "nt_a.a: long is not a type of the ABI"),
        ("typedef struct nt_a { uint8_t a[2 + 2]; } nt_a;", "write a plain integer"),
        ("enum nt_a { NT_A_B };", "NT_A_B needs a written value"),
        ("enum nt_a { NT_A_B = 1 << 3 };", "write a plain integer"),
        ("#define NT_A (1 + 2)", "NT_A"),
        ("int32_t nt_a(long b);", "parameter b of type long"),
        ("int32_t nt_a(nt_unknown *b);", "."),
        ("int32_t nt_a;", "only enums, typedefs of structs and functions"),
    ],
)
def test_what_cannot_be_bound_is_refused(bindgen: ModuleType, text: str, message: str) -> None:
    with pytest.raises((bindgen.HeaderError, bindgen.c_parser.ParseError), match=message):
        bindgen.parse(text + "\n")
