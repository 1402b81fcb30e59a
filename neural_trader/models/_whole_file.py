"""Files that are there whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from pathlib import Path

from neural_trader.errors import NoSpace, SystemFailure


def write_whole(path: Path, data: bytes) -> None:
    """Write a file in the place of one that has its name. SystemFailure (NoSpace when the disk is full) leaves that one as it was."""
    partial = path.parent / f".{path.name}.{secrets.token_hex(8)}.partial"
    try:
        with partial.open("xb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(partial, path)
    except OSError as error:
        kind = NoSpace if error.errno in (errno.ENOSPC, errno.EDQUOT) else SystemFailure
        raise kind(f"{path} cannot be written", system_error=error.errno or 0) from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink()
