"""Decode a source and write it for the C benchmark, after the configuration that a backtest of it has: `write_tape.py SOURCE FILE`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from neural_trader import Config
from neural_trader._native import abi, ffi
from neural_trader.config_rows import account_row, terms_row
from neural_trader.sources import open_source


def main(spec: str, path: Path) -> None:
    """Write one instrument, one account, their terms, and the ticks; print where the ticks begin and the scale of their prices."""
    config = Config(name="bench").validated()
    source = open_source(spec, config)
    (instrument,) = source.instruments.values()
    ((name, account),) = config.accounts.items()
    kernel = {
        "clock": abi.NT_CLOCK_TAPE,
        "instruments": 1,
        "accounts": 1,
        "journal_bytes": 1 << 20,
        "record": 1,
        "latency_in_ns": config.venue.latency_in_ns,
        "latency_out_ns": config.venue.latency_out_ns,
        "slippage_ticks": config.venue.slippage_ticks,
    }
    terms = {"account": 0, "instrument": 0, **terms_row(instrument, account, config)}
    records = [
        ffi.new("nt_kernel_config *", kernel),
        ffi.new("nt_instrument *", instrument.row()),
        ffi.new("nt_account *", account_row(name, account, config.limits)),
        ffi.new("nt_terms *", terms),
    ]
    with path.open("wb") as stream:
        for record in records:
            stream.write(ffi.buffer(record))
        head_bytes = stream.tell()
        source.ticks.tofile(stream)
    print(json.dumps({"path": str(path), "head_bytes": head_bytes, "price_scale": 10**instrument.price_decimals}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
