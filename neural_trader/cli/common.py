"""What the commands share: configuration from a file and the command line, output, progress."""

from __future__ import annotations

import argparse
import sys
import time
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, TextIO

import msgspec

from neural_trader.config import Config, SourceSpec, split_symbol
from neural_trader.config_limits import describe_limits
from neural_trader.errors import ConfigError, ConfigProblem
from neural_trader.instruments import Instrument
from neural_trader.numbers import exact, plain
from neural_trader.sources import source_name

__all__ = [
    "EXIT_CONFIGURATION",
    "EXIT_FAILURE",
    "EXIT_HALTED",
    "EXIT_OK",
    "ProgressLine",
    "absolute",
    "add_command",
    "add_settings",
    "add_sources",
    "config_from",
    "describe",
    "instrument_line",
    "json_line",
    "one_or_many",
    "print_json",
    "source_from",
    "table",
    "with_source",
]

EXIT_OK: Final = 0
EXIT_FAILURE: Final = 1
EXIT_CONFIGURATION: Final = 2
EXIT_HALTED: Final = 3

_OWN_KEYS: Final = ("name", "mode", "strategy", "parameters")  # without a dot; any other such key is a parameter
_PATHS: Final = ("strategy", "source.path")
_SAMPLE: Final = "sample:"
_ONE_OBJECT: Final = "print JSON, one object on one line, and nothing else on standard output"
_encoder = msgspec.json.Encoder(decimal_format="number")


def add_command(
    commands: Any, name: str, summary: str, examples: Sequence[str], text: str = "", *, json_help: str = _ONE_OBJECT
) -> argparse.ArgumentParser:
    """A sub-command with its help, and --json."""
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}. {text}".strip(),
        epilog="\n".join(["examples:", *(f"  neural-trader {example}" for example in examples)]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--json", action="store_true", help=json_help)
    return parser


def add_settings(parser: argparse.ArgumentParser) -> None:
    """--set."""
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        dest="settings",
        help="set a key of the configuration (limits.max_position=1, name=other), or by a key without a dot a parameter of the strategy "
        "(enter=0.7); VALUE is as in TOML, text needs no quotes, and a limit of off is switched off; may be repeated",
    )


def add_sources(parser: argparse.ArgumentParser) -> None:
    """--source."""
    parser.add_argument(
        "--source",
        action="append",
        metavar="SOURCE",
        help='"sample:es-2013-09", "sample:es-2013-09:N", a tape file, a trade file (SYMBOL=FILE where several instruments are configured) '
        "or a directory of files; may be repeated: sources are merged by time; those of --config unless given",
    )


def one_or_many(sources: Sequence[str]) -> SourceSpec:
    """A single source as a text, several as a list."""
    return sources[0] if len(sources) == 1 else list(sources)


def source_from(options: argparse.Namespace, config: Config) -> SourceSpec:
    """The sources of the command line, or those of the configuration. ConfigError without either."""
    source = one_or_many(options.source) if options.source else config.source.path
    if source is None:
        raise ConfigError([ConfigProblem("source", "is missing; add --source sample:es-2013-09 or a trade file")])
    return source


# ---- configuration -------------------------------------------------------------------------------------------------------------


def config_from(file: str | None, settings: Iterable[str], *, name: str = "backtest") -> Config:
    """The configuration of a file, or the least one with `name`, with the settings of the command line on top.

    Paths among the settings are relative to the working directory, those of the file to the file.
    """
    if file is None:
        data: dict[str, Any] = {"name": name, "accounts": {"main": {"currency": "USD", "cash": 100_000}}}
        directory, origin = None, ""
    else:
        try:
            data = tomllib.loads(Path(file).read_bytes().decode("utf-8"), parse_float=Decimal)
        except (OSError, ValueError):
            return Config.read(file)  # says what is wrong with it
        directory, origin = Path(file).parent, file
    problems: list[ConfigProblem] = []
    for setting in settings:
        apply_setting(data, setting, problems)
    if problems:
        raise ConfigError(problems)
    return Config.from_dict(data, directory=directory, origin=origin)


def apply_setting(data: dict[str, Any], setting: str, problems: list[ConfigProblem]) -> None:
    key, separator, text = setting.partition("=")
    key = key.strip()
    if not separator or not all(key.split(".")):
        problems.append(ConfigProblem("", f"--set {setting}: write it as KEY=VALUE, such as limits.max_position=1"))
        return
    path = key.split(".") if "." in key or key in _OWN_KEYS else ["parameters", key]
    table = data
    for part in path[:-1]:
        table = table.setdefault(part, {})
        if not isinstance(table, dict):
            problems.append(ConfigProblem("", f"--set {setting}: {part} is not a table"))
            return
    if path[0] == "limits" and text.strip() == "off":
        table.pop(path[-1], None)
        return
    value = _value(text.strip())
    table[path[-1]] = absolute(value) if ".".join(path) in _PATHS else value


def absolute(value: Any) -> Any:
    """A path, or each of a list, made absolute, less the symbol before it; samples and what is no text stay."""
    if isinstance(value, list):
        return [absolute(item) for item in value]
    if not isinstance(value, str):
        return value
    symbol, rest = split_symbol(value)
    located = rest if rest.startswith(_SAMPLE) else str(Path(rest).absolute())
    return located if symbol is None else f"{symbol}={located}"


def _value(text: str) -> Any:
    """As TOML reads it, else the text itself."""
    try:
        document = tomllib.loads(f"value = {text}", parse_float=Decimal)
    except tomllib.TOMLDecodeError:
        return text
    return document["value"] if len(document) == 1 else text


def describe(config: Config, instruments: Mapping[str, Instrument]) -> str:
    """What a run is configured to do: instruments, venue, accounts, and which limits are on and off."""
    venue = config.venue
    path = config.source.path
    lines = [f"{config.name}: {config.mode}, {'no source' if path is None else source_name(path)}"]
    lines += (f"  {instrument_line(symbol, row)}" for symbol, row in instruments.items())
    lines.append(
        f"  venue: {venue.fill_model} fills, latency {_plain(venue.latency_in_us)} µs in and {_plain(venue.latency_out_us)} µs out, "
        f"slippage_ticks {venue.slippage_ticks}{', then as measured' if venue.latency == 'measured' else ''}"
    )
    for name, place in config.venues.items():
        away = f"latency {_plain(place.latency_in_us)} µs in and {_plain(place.latency_out_us)} µs out"
        lines.append(f"  venue {name}: {', '.join(place.symbols)}, {away}")
    for name, account in config.accounts.items():
        lines.append(f"  account {name}: {_plain(account.cash)} {account.currency}")
    for name, model in config.models.items():
        what = "signals of clients" if model.path is None else f"{model.path}, {model.precision}"
        lines.append(f"  model {name}: {what}")
    on = [f"{row.name} {row.value.partition(' ')[0]}" for row in describe_limits(config) if row.enabled and row.value is not None]
    off = [row.name for row in describe_limits(config) if not row.enabled]
    lines.append(f"  limits on: {', '.join(on) or 'none'}")
    lines.append(f"  limits off: {', '.join(off) or 'none'}")
    return "\n".join(lines)


def instrument_line(symbol: str, row: Instrument) -> str:
    """The terms of an instrument in one line."""
    parts = [f"tick {_plain(row.tick_size)}", f"lot {_plain(row.lot_size)}", f"multiplier {_plain(row.multiplier)}", row.currency]
    parts.append(f"max_price {_plain(row.max_price)}")
    for title, fee in (("taker", row.fee_taker), ("maker", row.fee_maker)):
        parts.append(f"{title} fee {fee if fee is not None else 0}")
    if row.session is not None:
        parts.append(f"session {row.session.days} {row.session.opens:%H:%M} to {row.session.closes:%H:%M}")
    return f"instrument {symbol}: {', '.join(parts)}"


def _plain(value: Any) -> str:
    return plain(exact(value))


def has_accounts(options: argparse.Namespace) -> bool:
    """Whether the accounts come from a configuration file or a setting."""
    return options.config is not None or any(setting.startswith("accounts") for setting in options.settings)


def highlights(config: Config, source: SourceSpec, instruments: Mapping[str, Instrument], as_json: bool) -> None:
    """Print what is about to run: to standard output, or to standard error where that has to stay JSON."""
    shown = msgspec.structs.replace(config, source=msgspec.structs.replace(config.source, path=_path(source)))
    print(describe(shown, instruments), file=sys.stderr if as_json else sys.stdout, flush=True)


def with_source(config: Config, source: SourceSpec) -> Config:
    """The configuration with another source, checked."""
    return msgspec.structs.replace(config, source=msgspec.structs.replace(config.source, path=_path(source))).validated()


def _path(source: SourceSpec) -> str | tuple[str, ...]:
    return source if isinstance(source, str) else tuple(source)


# ---- output --------------------------------------------------------------------------------------------------------------------


def json_line(value: Any) -> str:
    """One line of JSON: decimals as exact numbers, NaN as null."""
    return _encoder.encode(value).decode("utf-8")


def print_json(value: Any) -> None:
    """Print one line of JSON."""
    print(json_line(value), flush=True)


def table(rows: Sequence[Sequence[str]], right: Iterable[int] = ()) -> list[str]:
    """Lines of aligned columns, the ones in `right` to the right. The first row is the head."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    aligned = set(right)

    def line(row: Sequence[str]) -> str:
        cells = (row[i].rjust(width) if i in aligned else row[i].ljust(width) for i, width in enumerate(widths))
        return "  ".join(cells).rstrip()

    return [line(row) for row in rows]


class ProgressLine:
    """Progress on standard error: a bar that is redrawn on a terminal, else a line at each quarter."""

    _WIDTH: Final = 30

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream if stream is not None else sys.stderr
        self._terminal = self._stream.isatty()
        self._drawn_s = 0.0
        self._quarter = 0
        self._open = False

    def __call__(self, done: int, total: int) -> None:
        """`done` of `total` ticks; a total of 0 is unknown."""
        if total <= 0:
            return
        share = min(done / total, 1.0)
        if self._terminal:
            now = time.monotonic()
            if now - self._drawn_s < 0.1 and done < total:
                return
            self._drawn_s = now
            filled = int(share * self._WIDTH)
            self._stream.write(f"\r{'█' * filled}{'░' * (self._WIDTH - filled)} {done:,} of {total:,} ticks {share:.0%}\x1b[K")
            self._open = True
        elif int(share * 4) > self._quarter:
            self._quarter = int(share * 4)
            self._stream.write(f"{done:,} of {total:,} ticks {share:.0%}\n")
        self._stream.flush()

    def finish(self) -> None:
        """End the line."""
        if self._open:
            self._open = False
            self._stream.write("\n")
            self._stream.flush()
