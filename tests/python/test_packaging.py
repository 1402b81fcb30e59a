"""One wheel serves every Python from 3.11 on, and other languages find the plain library and its header in it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

pytestmark = [pytest.mark.xdist_group("packaging"), pytest.mark.timeout(600)]

MINORS = (11, 12, 13, 14)
WITHOUT_ISOLATION = ["--disable-pip-version-check", "--quiet", "--no-deps"]

# A kernel in private memory, one order through it, and what it answered: the same bytes whichever way the library was loaded.
SMOKE = """
import hashlib, sys
from neural_trader._native import MODE, abi, ffi, lib, library_path

def ok(result):
    assert result >= 0, (result, ffi.string(error.text))
    return result

error, handle = ffi.new("nt_error *"), ffi.new("uint32_t *")
config = ffi.new("nt_kernel_config *", {"clock": abi.NT_CLOCK_TAPE})
ok(lib.nt_kernel_create(config, handle, error))
kernel = handle[0]
ok(lib.nt_kernel_add_instrument(kernel, ffi.new("nt_instrument *", {
    "symbol": b"ES", "currency": b"USD", "price_decimals": 2, "quantity_decimals": 0, "tick_size": 25, "lot_size": 1,
    "minimum_quantity": 1, "maximum_price": 10_000_000, "initial_session": abi.NT_SESSION_OPEN})))
absent = {name: abi.NT_ABSENT for name in abi.NT_ACCOUNT.names if name.startswith(("max_", "allowed_")) or name.endswith("_window_ns")}
account = {"name": b"main", "currency": b"USD", "decimals": 2, "cash": 10_000_000} | absent
ok(lib.nt_kernel_add_account(kernel, ffi.new("nt_account *", account)))
absent = {name: abi.NT_ABSENT for name in abi.NT_TERMS.names if name.startswith(("max_", "min_", "price_", "initial_"))}
terms = absent | {"value_numerator": 50, "value_denominator": 1, "max_position": 5}
ok(lib.nt_kernel_set_terms(kernel, ffi.new("nt_terms *", terms)))
ok(lib.nt_kernel_client(kernel, b"smoke", handle, error))
client = handle[0]
digest = hashlib.sha256()
for quantity in (5, 6):
    order = ffi.new("nt_order *", {"price": 164_000, "trigger_price": abi.NT_ABSENT, "quantity": quantity, "message": abi.NT_MESSAGE_NEW,
                                   "side": abi.NT_SIDE_BUY, "type": abi.NT_ORDER_LIMIT, "time_in_force": abi.NT_TIF_GTC})
    ok(lib.nt_client_submit(client, order))
for tick in range(4):
    ts = 10**18 + tick * 10**9
    trade = ffi.new("nt_tick *", {"ts_event": ts, "ts_recv": ts, "price": 164_025 - 25 * tick, "size": 2,
                                  "kind": abi.NT_TICK_TRADE, "flags": abi.NT_TICK_LAST_OF_SLICE})
    ok(lib.nt_kernel_replay(kernel, trade, 1))
reports, poll = ffi.new("nt_report[64]"), ffi.new("nt_poll *")
ticks = ffi.new("nt_tick[64]")
count = 0
while ok(lib.nt_client_poll(client, ticks, 64, reports, 64, 0, poll)):
    digest.update(ffi.buffer(reports, poll.reports * ffi.sizeof("nt_report"))[:])
    count += poll.reports
    denied = [abi.REASON[report.reason] for report in reports[0:poll.reports] if report.exec_type == abi.NT_EXEC_DENIED]
    assert "POSITION_LIMIT_EXCEEDED" in denied or not poll.reports, denied
ok(lib.nt_close(client))
ok(lib.nt_close(kernel))
assert count >= 3, count
assert library_path().name.startswith("libneural_trader.")
assert sys.argv[1] == MODE, MODE
print(digest.hexdigest())
"""


def run(*command: str | Path, **extra: str) -> str:
    """Standard output of a command that succeeds. The search paths of this process are kept from it."""
    kept = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "LD_LIBRARY_PATH"}}
    result = subprocess.run(command, capture_output=True, text=True, check=False, env=kept | extra)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout.strip()


def interpreter(minor: int) -> str | None:
    """Path of a working Python 3.minor: from the search path, or from where pyenv keeps those that it hides."""
    shim = shutil.which(f"python3.{minor}")
    candidates = [shim] if shim else []
    if shim:
        candidates += map(str, Path(shim).parent.parent.glob(f"versions/3.{minor}.*/bin/python3.{minor}"))
    if sys.version_info[:2] == (3, minor):
        candidates.insert(0, sys.executable)
    for candidate in candidates:
        result = subprocess.run([candidate, "-c", "import venv"], capture_output=True, check=False)
        if result.returncode == 0:
            return candidate
    return None


@pytest.fixture(scope="module")
def wheel(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built once."""
    out = tmp_path_factory.mktemp("wheel")
    tools = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    run(
        *(sys.executable, "-m", "pip", "wheel", *WITHOUT_ISOLATION, "--no-build-isolation", f"--config-settings=build-dir={out / 'build'}"),
        *("--wheel-dir", out, root),
        PATH=tools,
    )
    (path,) = out.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def unpacked(wheel: Path) -> Path:
    """The files of the wheel."""
    target = wheel.parent / "unpacked"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)
    return target


@pytest.fixture(scope="module")
def digest(unpacked: Path) -> str:
    """What the smoke program says with the compiled module, in this Python."""
    return run(sys.executable, "-S", "-c", isolated(unpacked, SMOKE), "api")


def isolated(package: Path, program: str) -> str:
    """A program that sees the unpacked package before the one of this environment, for python -S."""
    return f"import sys; sys.path[:0] = [{str(package)!r}]; sys.path.append({sysconfig.get_path('platlib')!r})\n{program}"


def test_tag_and_contents(wheel: Path) -> None:
    assert re.fullmatch(r"neural_trader-[0-9.]+-cp311-abi3-\w+\.whl", wheel.name)
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    native = "neural_trader/_native/"
    suffix = "dylib" if sys.platform == "darwin" else "so"
    assert {
        f"{native}libneural_trader.{suffix}",
        f"{native}_cffi.abi3.so",
        f"{native}include/neural_trader.h",
        f"{native}abi.py",
        f"{native}cdef.py",
        "neural_trader/__init__.py",
        "neural_trader/py.typed",
    } <= names
    assert not [name for name in names if name.startswith(("tests", "csrc", "examples")) or name.endswith(".pyc")]


def test_the_compiled_module_keeps_to_the_stable_abi(wheel: Path) -> None:
    run(sys.executable, "-m", "abi3audit", "--strict", wheel)


def test_the_plain_library_serves_c(unpacked: Path, root: Path, tmp_path: Path) -> None:
    native = unpacked / "neural_trader/_native"
    header = native / "include/neural_trader.h"
    assert header.read_bytes() == (root / "csrc/neural_trader.h").read_bytes()
    source = tmp_path / "main.c"
    source.write_text('#include "neural_trader.h"\nint main(void) { return nt_abi_version() != NT_ABI_VERSION; }\n')
    program = tmp_path / "main"
    run("cc", "-std=c11", "-Wall", "-Wextra", "-Werror", f"-I{header.parent}", source, f"-L{native}", "-lneural_trader", "-o", program)
    run(program, LD_LIBRARY_PATH=str(native))


def test_the_library_exports_the_header_and_nothing_else(unpacked: Path, root: Path) -> None:
    symbols = run("nm", "--dynamic", "--defined-only", "--format=posix", unpacked / "neural_trader/_native/libneural_trader.so")
    declared = re.findall(r"^NT_API .*?\b(nt_\w+)\(", (root / "csrc/neural_trader.h").read_text(), re.MULTILINE)
    assert sorted(line.split()[0] for line in symbols.splitlines()) == sorted(declared)


@pytest.mark.parametrize("minor", MINORS)
def test_every_python_imports_the_one_wheel(minor: int, wheel: Path, digest: str, tmp_path: Path) -> None:
    python = interpreter(minor)
    if python is None:
        pytest.skip(f"no Python 3.{minor} on this machine")
    environment = tmp_path / "venv"
    if python == sys.executable:
        venv.create(environment, with_pip=True)
    else:
        run(python, "-m", "venv", environment)
    inside = environment / "bin/python"
    run(inside, "-m", "pip", "--disable-pip-version-check", "--quiet", "install", wheel)
    assert run(inside, "-I", "-c", SMOKE, "api") == digest
    assert run(inside, "-I", "-W", "error", "-c", "import neural_trader; print(neural_trader.__name__)") == "neural_trader"
    assert "usage: neural-trader" in run(environment / "bin/neural-trader", "--help")


def test_ci_has_more_than_one_python() -> None:
    found = [minor for minor in MINORS if interpreter(minor)]
    assert found
    if os.environ.get("CI") == "true":
        assert len(found) > 1, f"CI must try the wheel on several Pythons, and only 3.{found[0]} is here"


def test_without_the_compiled_module_results_are_the_same(unpacked: Path, digest: str, tmp_path: Path) -> None:
    package = shutil.copytree(unpacked, tmp_path / "package")
    (package / "neural_trader/_native/_cffi.abi3.so").unlink()
    assert run(sys.executable, "-S", "-c", isolated(package, SMOKE), "abi") == digest


REFUSED = """
try:
    import neural_trader._native
except ImportError as error:
    print(type(error).__name__, error)
"""


@pytest.mark.parametrize("mode", ["api", "abi"])
@pytest.mark.parametrize("what", ["LAYOUT_HASH", "NT_ABI_VERSION"])
def test_another_build_of_the_library_is_refused(unpacked: Path, tmp_path: Path, mode: str, what: str) -> None:
    package = shutil.copytree(unpacked, tmp_path / "package")
    native = package / "neural_trader/_native"
    if mode == "abi":
        (native / "_cffi.abi3.so").unlink()
    text, count = re.subn(rf"^{what}: Final = \w+$", f"{what}: Final = 0x77", (native / "abi.py").read_text(), flags=re.MULTILINE)
    assert count == 1
    (native / "abi.py").write_text(text)
    said = run(sys.executable, "-S", "-c", isolated(package, REFUSED))
    assert said.startswith("NativeLibraryError the C library has ")
    assert ("0000000000000077" if what == "LAYOUT_HASH" else "119") in said
    assert "install both from one build" in said


@pytest.mark.parametrize("damage", ["missing", "not a library"])
def test_a_broken_library_is_refused(unpacked: Path, tmp_path: Path, damage: str) -> None:
    package = shutil.copytree(unpacked, tmp_path / "package")
    native = package / "neural_trader/_native"
    (native / "_cffi.abi3.so").unlink()
    (library,) = native.glob("libneural_trader.*")
    if damage == "missing":
        library.unlink()
    else:
        library.write_bytes(b"words")
    said = run(sys.executable, "-S", "-c", isolated(package, REFUSED))
    assert said.startswith("NativeLibraryError ")
    assert "libneural_trader" in said
