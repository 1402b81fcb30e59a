"""The examples do what they say, in real processes."""

import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import neural_trader as nt
from neural_trader._native import library_path

ROOT = Path(__file__).parents[2]


def run_python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=120, cwd=ROOT).stdout


def readme_blocks() -> list[str]:
    return re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.S)


def test_the_readme_s_strategy_runs_and_is_the_example_s() -> None:
    code = readme_blocks()[0]
    example = (ROOT / "examples" / "flow.py").read_text(encoding="utf-8")
    assert code[code.index("        flow = ") : code.index("\n\n\nprint(")] in example
    assert re.search(r"^fills +[1-9]", run_python(code), re.M)


def test_the_readme_s_kernel_denies_the_order_as_it_says(tmp_path: Path, kernel_name: str) -> None:
    name = kernel_name
    text = (ROOT / "examples" / "run.toml").read_text(encoding="utf-8").replace('"es-paper"', f'"{name}"')
    (tmp_path / "run.toml").write_text(text, encoding="utf-8")
    (tmp_path / "flow.py").write_bytes((ROOT / "examples" / "flow.py").read_bytes())
    code = readme_blocks()[1].replace('"es-paper"', f'"{name}"').replace("examples/run.toml", str(tmp_path / "run.toml"))
    assert run_python(f"import neural_trader as nt\n{code}") == "DENIED QUANTITY_EXCEEDS_MAXIMUM observed=500 limit=10\n"


def test_a_c_program_attaches_through_the_header(tmp_path: Path, kernel_name: str) -> None:
    directory = library_path().parent
    program = tmp_path / "attach"
    header = directory / "include"
    if not header.exists():  # an editable install keeps the header in the tree
        header = ROOT / "csrc"
    subprocess.run(
        ["gcc", "-Wall", "-Werror", "-o", program, ROOT / "examples" / "attach.c", "-I", header, library_path(), f"-Wl,-rpath,{directory}"],
        check=True,
    )
    name = kernel_name
    instrument = nt.Instrument(tick_size=Decimal("0.25"), currency="USD", max_price=100_000)
    config = nt.Config(name=name, instruments={"ES": instrument}, limits=nt.Limits(max_order_quantity=10))
    with nt.Kernel(config, realtime=True) as kernel:
        kernel.start()
        done = subprocess.run([program, name, "ES", "500"], check=True, capture_output=True, text=True, timeout=30)
        assert "reason 111, check 7, observed 500, limit 10" in done.stdout
        unknown = subprocess.run([program, name, "NQ", "1"], check=False, capture_output=True, text=True, timeout=30)
        assert unknown.returncode == 1
        result = kernel.stop()
    assert result.summary["orders"]["denied"] == {"QUANTITY_EXCEEDS_MAXIMUM": 1}
    gone = subprocess.run([program, "no-such-kernel-here", "ES", "1"], check=False, capture_output=True, text=True, timeout=30)
    assert gone.returncode == 1
    assert "no kernel named no-such-kernel-here" in gone.stderr
