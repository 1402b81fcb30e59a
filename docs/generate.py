"""Write the pages that come from the code: checks, configuration, wrong configurations, command line.

`python docs/generate.py` writes them, with `--check` it only says which are stale and ends with 1.
"""

from __future__ import annotations

import argparse
import datetime
import sys
import tempfile
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import msgspec
from generate_checks import checks_page

from neural_trader import _fields as rule
from neural_trader.cli import _parser
from neural_trader.config import (
    AccountConfig,
    Config,
    Fee,
    Instrument,
    Limits,
    ModelConfig,
    OutputConfig,
    Session,
    SourceConfig,
    VenueConfig,
    VenueLatency,
)
from neural_trader.config_check import validate_config
from neural_trader.config_limits import describe_limits

ROOT: Final = Path(__file__).resolve().parents[1]
NOTE: Final = "<!-- Written by docs/generate.py; change the code, then run it again. -->\n\n"

TABLES: Final[Mapping[str, type[msgspec.Struct]]] = {
    "The top of the file": Config,
    "[source]": SourceConfig,
    "[instruments.SYMBOL]": Instrument,
    "[instruments.SYMBOL.session]": Session,
    "[instruments.SYMBOL.fee_taker] and [instruments.SYMBOL.fee_maker]": Fee,
    "[venue]": VenueConfig,
    "[venues.NAME]": VenueLatency,
    "[accounts.NAME]": AccountConfig,
    "[limits]": Limits,
    "[models.NAME]": ModelConfig,
    "[output]": OutputConfig,
}

GOOD: Final = 'name = "demo"\naccounts.main = { currency = "USD", cash = 100_000 }\n'
ES: Final = 'instruments.ES = { tick_size = 0.25, multiplier = 50, currency = "USD", max_price = 10_000 }\n'

WRONG: Final[Mapping[str, str]] = {
    "A limit with a typo": GOOD + "limits.max_positon = 5\n",
    "A limit below zero": GOOD + "limits.max_position = -1\n",
    "A limit in quotes": GOOD + 'limits.max_position = "5"\n',
    "A limit that is no number": GOOD + "limits.max_position = nan\n",
    "A loss limit of nothing": GOOD + "limits.max_daily_loss = 0\n",
    "Half an order a second": GOOD + "limits.max_orders_per_second = 0.5\n",
    "A truth value as a count": GOOD + "limits.max_open_orders = true\n",
    "A limit that the core cannot hold": GOOD + ES + "limits.max_order_notional = 1e15\n",
    "A number without its window": GOOD + "limits.max_fills = 10\n",
    "An empty list": GOOD + "limits.no_buy = []\n",
    "A restriction on what is not traded": GOOD + ES + 'limits.no_short = ["EZ"]\n',
    "An order type that does not exist": GOOD + 'limits.allowed_order_types = ["limit", "peg"]\n',
    "A tick size of nothing": GOOD + ES.replace("0.25", "0"),
    "An instrument without its tick size": GOOD + ES.replace("tick_size = 0.25, ", ""),
    "A session of unknown days": GOOD
    + ES
    + 'instruments.NQ = { tick_size = 0.25, currency = "USD", max_price = 1e5, '
    + 'session = { days = "Mo-Fr", opens = 09:30:00, closes = 16:00:00 } }\n',
    "An account in a currency without an instrument": GOOD.replace("USD", "EUR") + ES,
    "No account": 'name = "demo"\n',
    "A name that no shared memory can have": GOOD.replace("demo", "my kernel"),
    "Live trading": GOOD + 'mode = "live"\n',
    "A strategy without its class": GOOD + 'strategy = "flow.py"\n',
    "An unknown time zone": GOOD + 'source.timezone = "Chicago"\n',
    "A latency of minutes": GOOD + "venue.latency_in_us = 90_000_000\n",
    "A fill model that does not exist": GOOD + 'venue.fill_model = "hopeful"\n',
    "A table that nothing reads": GOOD + "risk.max_position = 5\n",
    "Two mistakes at once": GOOD.replace("100_000", "-1") + "limits.max_position = -1\n",
}


# ---- configuration -------------------------------------------------------------------------------------------------------------


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _shown(value: Any) -> str:
    """A value as TOML has it."""
    if isinstance(value, str):
        return f'`"{value}"`'
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, Decimal | int | float | datetime.time):
        return f"`{value}`"
    return "empty"


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return "required"
    if field.default_factory is not msgspec.NODEFAULT:
        value = field.default_factory()
        return "its table" if value else "empty"
    return "off" if field.default is None else "its table" if isinstance(field.default, msgspec.Struct) else _shown(field.default)


def configuration_page(root: Path) -> str:
    """Every table and key of a configuration file, from the structs that check it."""
    example = (root / "examples" / "run.toml").read_text(encoding="utf-8")
    lines = [
        "# Configuration",
        "",
        "A configuration is a TOML file, or `nt.Config` in Python. Every problem is reported at once. A key that nothing reads is refused.",
        "`neural-trader check FILE` says which limits are on and which are off. What mistakes look like is on the page",
        "[wrong configurations](wrong_configurations.md).",
        "",
        "## An example",
        "",
        '```toml title="examples/run.toml"',
        *example.rstrip().splitlines(),
        "```",
    ]
    numbers: dict[str, int] = {row.name: row.check for row in describe_limits(Config(name="x"))}
    for title, kind in TABLES.items():
        lines += ["", f"## {title}", "", " ".join((kind.__doc__ or "").split()), ""]
        rules = rule.rules_of(kind)
        checked = kind is Limits
        lines += ["| key | takes | default |" + (" check |" if checked else ""), "|---|---|---|" + ("---|" if checked else "")]
        for field in msgspec.structs.fields(kind):
            inner = next((name for name, other in TABLES.items() if _holds(rules[field.name], other)), None)
            kept = f"see {inner}" if inner is not None else rules[field.name].takes
            row = f"| `{field.name}` | {_cell(kept)} | {_default(field)} |"
            if checked:
                number = numbers.get(field.name)
                row += f" {f'{number}' if number is not None else 'with the number it belongs to'} |"
            lines.append(row)
    return "\n".join(lines) + "\n"


def _holds(expected: rule.Rule, kind: type[msgspec.Struct]) -> bool:
    """Whether a rule takes a table of this kind, or a table of such tables."""
    if isinstance(expected, rule.Table):
        return _holds(expected.item, kind)
    return isinstance(expected, rule.Nested) and expected.struct is kind


# ---- wrong configurations -------------------------------------------------------------------------------------------------------


def wrong_configurations_page(_root: Path) -> str:
    """Wrong files and what is said of each, said by the code that checks them."""
    lines = [
        "# Wrong configurations",
        "",
        f"{len(WRONG)} files, and what `neural-trader check` says of each. The same texts come from `nt.validate_config` as a list,",
        "with the key, the value that was seen and what is allowed, and from `nt.Config.read` as a `ConfigError`.",
        "",
        "A sound file to begin with:",
        "",
        "```toml",
        *(GOOD + ES).rstrip().splitlines(),
        "```",
    ]
    for title, text in WRONG.items():
        with tempfile.TemporaryDirectory() as directory:
            file = Path(directory) / "run.toml"
            file.write_text(text, encoding="utf-8")
            problems = [str(problem) for problem in validate_config(file)]
        if not problems:
            raise ValueError(f"{title}: nothing is wrong with it")
        lines += ["", f"## {title}", "", "<!-- refused -->", "```toml", *text.rstrip().splitlines(), "```", "", "```text", *problems, "```"]
    return "\n".join(lines) + "\n"


# ---- command line ---------------------------------------------------------------------------------------------------------------


def command_line_page(_root: Path) -> str:
    """Every command, argument and option, from the parsers themselves."""
    parser = _parser()
    commands = _commands(parser, "neural-trader")
    lines = ["# Command line", "", f"{parser.description} {_sentences(parser.epilog or '')}.", ""]
    lines += ["| command | what it does |", "|---|---|"]
    lines += [f"| [`{name}`](#{name.replace(' ', '-')}) | {_cell(summary)} |" for name, (summary, _) in commands.items()]
    for name, (_, command) in commands.items():
        own = [action for action in command._actions if action.dest != "help" and not isinstance(action, argparse._SubParsersAction)]
        lines += ["", f"## {name}", "", _cell(command.description or "")]
        if own:
            lines += ["", "| argument | what it says |", "|---|---|"]
            lines += [f"| {_argument(action)} | {_cell(action.help or '')} |" for action in own]
        if command.epilog:
            lines += ["", "<!-- shown -->", "```text", *command.epilog.splitlines(), "```"]
    return "\n".join(lines) + "\n"


def _commands(parser: argparse.ArgumentParser, name: str) -> dict[str, tuple[str, argparse.ArgumentParser]]:
    """Every command below a parser with its summary, those of a command after it."""
    found: dict[str, tuple[str, argparse.ArgumentParser]] = {}
    for group in parser._actions:
        if isinstance(group, argparse._SubParsersAction):
            for choice in group._choices_actions:
                command = group.choices[choice.dest]
                found[f"{name} {choice.dest}"] = (choice.help or "", command)
                found |= _commands(command, f"{name} {choice.dest}")
    return found


def _sentences(text: str) -> str:
    """Parts that semicolons divide, each as a sentence."""
    return ". ".join(part[:1].upper() + part[1:] for part in text.split("; "))


def _argument(action: argparse.Action) -> str:
    value = ""
    if action.nargs != 0:
        value = str(action.metavar or ("{" + ",".join(map(str, action.choices)) + "}" if action.choices else action.dest.upper()))
    if not action.option_strings:
        return f"`{value}`" + (" (may be left out)" if action.nargs == "?" else "")
    return f"`{', '.join(action.option_strings)}{' ' + value if value else ''}`" + (" (required)" if action.required else "")


# ---- all ------------------------------------------------------------------------------------------------------------------------

PAGES: Final[Mapping[str, Callable[[Path], str]]] = {
    "checks.md": checks_page,
    "configuration.md": configuration_page,
    "wrong_configurations.md": wrong_configurations_page,
    "command_line.md": command_line_page,
}


def stale(root: Path = ROOT) -> list[str]:
    """Names of the pages below `root`/docs that are not what the code gives."""
    found = []
    for name, page in PAGES.items():
        file = root / "docs" / name
        if not file.is_file() or file.read_text(encoding="utf-8") != NOTE + page(ROOT):
            found.append(name)
    return found


def main() -> int:
    """Write, or only check."""
    if sys.argv[1:] == ["--check"]:
        names = stale()
        for name in names:
            sys.stderr.write(f"docs/{name} is stale; run python docs/generate.py\n")
        return 1 if names else 0
    if sys.argv[1:]:
        sys.stderr.write("usage: python docs/generate.py [--check]\n")
        return 2
    for name, page in PAGES.items():
        (ROOT / "docs" / name).write_text(NOTE + page(ROOT), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
