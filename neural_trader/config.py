"""Configuration: typed structs, and the TOML file that they come from.

Everything is checked before anything starts, and every problem is reported at once with the dotted path of its key. A key that nothing
reads is refused: a limit with a typo would never fire.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import partial
from os import PathLike, fspath
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_args

import msgspec

from neural_trader import _fields as rule
from neural_trader._native import abi
from neural_trader.config_rows import ORDER_TYPES, PAIRED, RESTRICTIONS, SELF_TRADE, TIMES_IN_FORCE, account_row, limits_on, worth
from neural_trader.errors import ConfigError, ConfigProblem, InvalidArgument, LiveTradingUnavailable
from neural_trader.instruments import MONEY_DECIMALS, Amount, Fee, Instrument, Session, money_raw
from neural_trader.numbers import exact

__all__ = [
    "AccountConfig",
    "Config",
    "Fee",
    "Instrument",
    "Limits",
    "ModelConfig",
    "OutputConfig",
    "Session",
    "SourceConfig",
    "SourceSpec",
    "VenueConfig",
    "VenueLatency",
    "examine",
    "read_tables",
    "split_symbol",
    "symbols_refused",
]

_SAMPLE = "sample:"
_TRADE_FILE = ".csv"

SourceSpec = str | Sequence[str]


def split_symbol(spec: str) -> tuple[str | None, str]:
    """The symbol and the rest of "SYMBOL=REST"; the symbol is None where there is none."""
    symbol, separator, rest = spec.partition("=")
    return (symbol, rest) if separator and rule.NAME.fullmatch(symbol) else (None, spec)


@rule.simple("a text, or a list of texts")
def _source_paths(value: Any, path: str, problems: rule.Problems) -> Any:
    """One source, or a list of them, each perhaps with SYMBOL= before it."""
    if not isinstance(value, list | tuple):
        return rule.text(value, path, problems)
    if not value:
        return rule.refuse(problems, path, "is an empty list; name at least one source")
    before = len(problems)
    paths = tuple(rule.text(item, path, problems) for item in value)
    return rule.REFUSED if len(problems) > before else paths


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Pre-trade limits. None switches a check off. They apply to each account, and those of quantity, price and money of one order to
    each account on each instrument.

    Quantities are in units, money in account currency, the collar and the margin in basis points, ages and windows in milliseconds.
    `max_daily_loss` latches HALTED and cancels the account's orders. `no_buy`, `no_sell` and `no_short` list symbols, "*" for all.
    `initial_margin_bps` is the part of an order's value that has to be free in the account: 10000 is all of it. At most
    `max_duplicate_orders` alike pass within `duplicate_window_ms`, and after more than `max_fills` fills within `fills_window_ms` orders
    are denied until it has passed. `self_trade` says what is cancelled when an order would meet one of its own account.
    """

    max_order_quantity: Annotated[Amount | None, rule.Number(least=0)] = None
    max_order_notional: Annotated[Amount | None, rule.Number(least=0)] = None
    max_position: Annotated[Amount | None, rule.Number(least=0)] = None
    max_open_orders: Annotated[int | None, rule.Whole(0, 2**31)] = None
    price_collar_bps: Annotated[int | None, rule.Whole(0, 1_000_000)] = None
    max_quote_age_ms: Annotated[int | None, rule.Whole(0, 10**9)] = None
    max_orders_per_second: Annotated[int | None, rule.Whole(1, 10**9)] = None
    max_daily_loss: Annotated[Amount | None, rule.Number(above=0)] = None
    no_buy: Annotated[tuple[str, ...] | None, rule.Words()] = None
    no_sell: Annotated[tuple[str, ...] | None, rule.Words()] = None
    no_short: Annotated[tuple[str, ...] | None, rule.Words()] = None
    allowed_order_types: Annotated[tuple[str, ...] | None, rule.Words(*ORDER_TYPES)] = None
    allowed_times_in_force: Annotated[tuple[str, ...] | None, rule.Words(*TIMES_IN_FORCE)] = None
    max_order_age_ms: Annotated[int | None, rule.Whole(0, 10**9)] = None
    min_order_notional: Annotated[Amount | None, rule.Number(above=0)] = None
    max_gross_exposure: Annotated[Amount | None, rule.Number(least=0)] = None
    max_open_notional: Annotated[Amount | None, rule.Number(least=0)] = None
    initial_margin_bps: Annotated[int | None, rule.Whole(1, 1_000_000)] = None
    max_cancels_per_second: Annotated[int | None, rule.Whole(1, 10**9)] = None
    max_duplicate_orders: Annotated[int | None, rule.Whole(1, abi.NT_DUPLICATES_MAX)] = None
    duplicate_window_ms: Annotated[int | None, rule.Whole(1, 10**9)] = None
    max_fills: Annotated[int | None, rule.Whole(1, abi.NT_FILLS_MAX)] = None
    fills_window_ms: Annotated[int | None, rule.Whole(1, 10**9)] = None
    max_daily_value: Annotated[Amount | None, rule.Number(least=0)] = None
    self_trade: Annotated[str | None, rule.Choice(*SELF_TRADE)] = None


class SourceConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Where market data come from. `path` is "sample:…", a tape file, a trade file, a directory of such files, or a list of them that is
    merged into one tape; SYMBOL=PATH gives a trade file its instrument where several are configured, and a capture another name.
    `timezone` is of times that carry none; `speed` 0 replays as fast as it goes, 1 as recorded. The tape has a clock tick at every
    multiple of `clock_interval_ns` (0: none), for the timers of strategies that attach; `backtest` and `Kernel.run` put in those of their
    strategies by themselves. With `levels` the depth of a capture is read, too, and its book is the quote from the first snapshot on;
    else its best quotes alone are."""

    path: Annotated[str | tuple[str, ...] | None, _source_paths] = None

    @property
    def paths(self) -> tuple[str, ...]:
        """The sources as a tuple, empty without one."""
        return () if self.path is None else (self.path,) if isinstance(self.path, str) else tuple(self.path)

    @property
    def brings_instruments(self) -> bool:
        """Whether a source has instruments of its own: all but trade files do."""
        return not all(path.endswith(_TRADE_FILE) for path in self.paths)

    timezone: Annotated[str | None, rule.time_zone] = None
    speed: Annotated[int, rule.Whole(0, 1)] = 0
    clock_interval_ns: Annotated[int, rule.Whole(0, 2**51)] = 0
    levels: Annotated[bool, rule.flag] = False


FillModel = Literal["conservative", "queue", "probabilistic"]
FILL_MODELS: Final[tuple[FillModel, ...]] = get_args(FillModel)


class VenueConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The paper venue: its fill rule, its latency each way, and the adverse ticks of a market order's fill.

    `conservative` fills against trades only: a taker by the next one of its side, a resting order strictly through its price. `queue` and
    `probabilistic` need quotes: takers fill at the quote, a resting order waits behind the size displayed at its price, which trades
    shorten; where the size shrinks without a trade, `queue` believes that it shrank behind the order, `probabilistic` shares it.

    With `latency` "measured" a tape that carries both its times sets the latency each way as it goes, from what the feed took; until it
    has said so, and for "constant", the numbers here count. `[venues.NAME]` has other numbers for some instruments.
    """

    fill_model: Annotated[FillModel, rule.Choice(*FILL_MODELS)] = "conservative"
    latency_in_us: Annotated[Amount, rule.Number(least=0, most=60_000_000)] = 250
    latency_out_us: Annotated[Amount, rule.Number(least=0, most=60_000_000)] = 250
    latency: Annotated[Literal["constant", "measured"], rule.Choice("constant", "measured")] = "constant"
    slippage_ticks: Annotated[int, rule.Whole(0, 10_000)] = 1

    @property
    def latency_in_ns(self) -> int:
        """Kernel to venue, in whole nanoseconds."""
        return _whole_ns(self.latency_in_us)

    @property
    def latency_out_ns(self) -> int:
        """Venue to kernel, in whole nanoseconds."""
        return _whole_ns(self.latency_out_us)


class VenueLatency(msgspec.Struct, frozen=True, kw_only=True):
    """How far away the venue of some instruments is, in microseconds each way."""

    symbols: Annotated[tuple[str, ...], rule.Words()]
    latency_in_us: Annotated[Amount, rule.Number(least=0, most=60_000_000)]
    latency_out_us: Annotated[Amount, rule.Number(least=0, most=60_000_000)]

    @property
    def latency_ns(self) -> tuple[int, int]:
        """Kernel to venue and back, in whole nanoseconds."""
        return _whole_ns(self.latency_in_us), _whole_ns(self.latency_out_us)


def _whole_ns(latency_us: Amount) -> int:
    return int(exact(latency_us) * 1000)


class AccountConfig(msgspec.Struct, frozen=True, kw_only=True):
    """An account: one currency and the cash it begins with."""

    currency: Annotated[str, rule.currency]
    cash: Annotated[Amount, rule.Number(least=0, most=10**11)]


class ModelConfig(msgspec.Struct, frozen=True, kw_only=True):
    """A model of the kernel: `path` is its file, and the loop steps it on the clock that the file names; without a path its signals come
    from clients. A `precision` other than fp32 has to have passed its test: `neural-trader model quantize` makes it."""

    path: Annotated[str | None, rule.text] = None
    precision: Annotated[Literal["fp32", "bf16", "int8"], rule.Choice("fp32", "bf16", "int8")] = "fp32"


class OutputConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Where results are saved; relative to the working directory."""

    directory: Annotated[str | None, rule.text] = None


@rule.simple("'paper'")
def _mode(value: Any, path: str, problems: rule.Problems) -> Any:
    if value == "live":
        return rule.refuse(problems, path, 'live trading is not available in this version; use mode = "paper"')
    return rule.Choice("paper")(value, path, problems)


@rule.simple('"file.py:Class"')
def _strategy(value: Any, path: str, problems: rule.Problems) -> Any:
    if isinstance(value, str) and re.fullmatch(r".+\.py:[^\W\d]\w*", value):
        return value
    return rule.refuse(problems, path, f'must be "file.py:Class", not {rule.describe(value)}')


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a kernel needs to know.

    `Config(name="x")` is enough for a sample, which brings its instrument. A constructor call is not checked; `validated` is, and a
    kernel calls it. `strategy` and a relative `source.path` read from a file are relative to that file.

    `fx` has the rates that accounts value instruments of other currencies at, all the time: "EUR/USD" = 1.085 is dollars for a euro.
    Without a rate such an order is denied.
    """

    def rate(self, currency: str, into: str) -> Fraction | None:
        """What one of a currency is worth in another; None when no rate says so."""
        if currency == into:
            return Fraction(1)
        if f"{currency}/{into}" in self.fx:
            return Fraction(exact(self.fx[f"{currency}/{into}"]))
        inverse = self.fx.get(f"{into}/{currency}")
        return None if inverse is None else 1 / Fraction(exact(inverse))

    name: Annotated[str, rule.name]
    mode: Annotated[Literal["paper"], _mode] = "paper"
    strategy: Annotated[str | None, _strategy] = None
    parameters: Annotated[dict[str, Any], rule.Table(rule.text, rule.anything)] = {}
    source: Annotated[SourceConfig, rule.Nested(SourceConfig)] = SourceConfig()
    instruments: Annotated[dict[str, Instrument], rule.Table(rule.name, rule.Nested(Instrument))] = {}
    venue: Annotated[VenueConfig, rule.Nested(VenueConfig)] = VenueConfig()
    venues: Annotated[dict[str, VenueLatency], rule.Table(rule.name, rule.Nested(VenueLatency))] = {}
    accounts: Annotated[dict[str, AccountConfig], rule.Table(rule.name, rule.Nested(AccountConfig))] = msgspec.field(
        default_factory=lambda: {"main": AccountConfig(currency="USD", cash=100_000)}
    )
    fx: Annotated[dict[str, Amount], rule.Table(rule.currency_pair, rule.Number(above=0))] = {}
    limits: Annotated[Limits, rule.Nested(Limits)] = Limits()
    models: Annotated[dict[str, ModelConfig], rule.Table(rule.name, rule.Nested(ModelConfig))] = {}
    output: Annotated[OutputConfig, rule.Nested(OutputConfig)] = OutputConfig()

    @classmethod
    def read(cls, path: str | PathLike[str]) -> Config:
        """Read and check a TOML file. ConfigError lists everything that is wrong with it."""
        return cls.from_dict(read_tables(path), directory=Path(fspath(path)).parent, origin=fspath(path))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], *, directory: str | PathLike[str] | None = None, origin: str = "") -> Config:
        """Check the tables of a configuration file. Relative paths are taken from `directory`. Accounts have to be given."""
        return _sound(*examine(data, directory), origin)

    def validated(self) -> Config:
        """A checked copy: amounts as Decimal, symbols filled in. ConfigError lists everything that is wrong."""
        return _sound(*examine(self), "")


def read_tables(path: str | PathLike[str]) -> dict[str, Any]:
    """The tables of a TOML file, unchecked, with floats as Decimal. ConfigError when it cannot be read."""
    file = Path(fspath(path))
    try:
        return tomllib.loads(file.read_bytes().decode("utf-8"), parse_float=Decimal)
    except OSError as error:
        raise ConfigError([ConfigProblem("", f"cannot be read: {error.strerror or error}")], str(file)) from error
    except UnicodeDecodeError as error:
        raise ConfigError([ConfigProblem("", f"is not UTF-8 text (byte {error.start})")], str(file)) from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([ConfigProblem("", f"is not TOML: {error}")], str(file)) from error


def examine(data: Config | Mapping[str, Any], directory: str | PathLike[str] | None = None) -> tuple[Config | None, rule.Problems]:
    """The configuration as far as it is sound, and everything that is wrong with it.

    What was refused is left out of the first (None when nothing is left of it), so that what shows only when the parts are seen together
    is found at the same time.
    """
    problems: rule.Problems = []
    if isinstance(data, Mapping) and "accounts" not in data:
        rule.refuse(problems, "accounts", "is missing; add [accounts.main] with currency and cash")
    config = rule.checked(Config, data, "", problems)
    if config is rule.REFUSED:
        config = rule.checked(Config, _without(data, problems), "", [])
    if config is rule.REFUSED:
        return None, problems
    assert isinstance(config, Config)
    broken = {problem.path.partition(".")[0] for problem in problems}
    more: rule.Problems = []
    config = _completed(config, Path(fspath(directory)) if directory is not None else None, more)
    _check_whole(config, more, broken)
    return config, problems + more


def _without(data: object, problems: rule.Problems) -> object:
    """Tables less what was refused: a key, or the whole of an instrument or account. A name is put in the place of a bad one."""
    given = msgspec.structs.asdict(data) if isinstance(data, msgspec.Struct) else data
    if not isinstance(given, Mapping):
        return given
    left: dict[Any, Any] = dict(given)
    for problem in problems:
        top, _, rest = problem.path.partition(".")
        table = left.get(top)
        if isinstance(table, msgspec.Struct):
            table = msgspec.structs.asdict(table)
        if not rest or not isinstance(table, Mapping):
            left.pop(top, None)
        else:
            left[top] = {key: value for key, value in table.items() if not f"{rest}.".startswith(f"{key}.")}
    return left if "name" in left else {**left, "name": "unnamed"}


def _sound(config: Config | None, problems: rule.Problems, origin: str) -> Config:
    if any(problem.path == "mode" and problem.message.startswith("live") for problem in problems):
        raise LiveTradingUnavailable(problems, origin)
    if problems:
        raise ConfigError(problems, origin)
    assert config is not None
    return config


def _completed(config: Config, directory: Path | None, problems: rule.Problems) -> Config:
    """With paths from the directory of the file, parameters as floats, and symbols filled in."""
    return msgspec.structs.replace(
        config,
        strategy=_located(config.strategy, directory),
        parameters=_plain_floats(config.parameters),
        source=msgspec.structs.replace(config.source, path=_located_sources(config.source.path, directory)),
        instruments={symbol: _named(symbol, instrument, problems) for symbol, instrument in config.instruments.items()},
        models={name: msgspec.structs.replace(model, path=_located(model.path, directory)) for name, model in config.models.items()},
    )


def _located(path: str | None, directory: Path | None) -> str | None:
    return path if path is None or directory is None or path.startswith(_SAMPLE) else str(directory / path)


def _located_sources(path: str | Sequence[str] | None, directory: Path | None) -> str | tuple[str, ...] | None:
    if path is None:
        return None
    if not isinstance(path, str):
        return tuple(str(_located_sources(item, directory)) for item in path)
    symbol, rest = split_symbol(path)
    located = _located(rest, directory)
    return located if symbol is None else f"{symbol}={located}"


def _plain_floats(value: Any) -> Any:
    """A strategy's parameters are its own numbers: floats, not the Decimals that money is read as."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, Mapping):
        return {key: _plain_floats(item) for key, item in value.items()}
    return [_plain_floats(item) for item in value] if isinstance(value, list) else value


def _named(symbol: str, instrument: Instrument, problems: rule.Problems) -> Instrument:
    if instrument.symbol not in (None, symbol):
        rule.refuse(problems, f"instruments.{symbol}.symbol", f"is {instrument.symbol}; leave it out or make it {symbol}")
    return msgspec.structs.replace(instrument, symbol=symbol)


def _check_whole(config: Config, problems: rule.Problems, broken: Collection[str]) -> None:
    """What only shows when the parts are seen together. Nothing is said of the tables in `broken` as wholes: parts of them are left out."""
    if config.strategy is not None:
        file = config.strategy.rpartition(":")[0]
        if not Path(file).is_file():
            rule.refuse(problems, "strategy", f"there is no file {file}")
    for name, model in config.models.items():
        if model.path is None and model.precision != "fp32":
            rule.refuse(problems, f"models.{name}.precision", "is of a file, and the model has none; leave it out, or add its path")
        if model.path is not None and not Path(model.path).is_file():
            rule.refuse(problems, f"models.{name}.path", f"there is no file {model.path}; neural-trader model train makes one")
    if len(config.models) > abi.NT_MODEL_MAX:
        rule.refuse(problems, "models", f"has {len(config.models)} models; at most {abi.NT_MODEL_MAX} are possible")
    needy = [path for path in config.source.paths if path.endswith(_TRADE_FILE)]
    if needy and not config.instruments and "instruments" not in broken:
        message = f"is missing; {needy[0]} needs one: add [instruments.SYMBOL] with tick_size, currency and max_price"
        rule.refuse(problems, "instruments", message)
    if not config.accounts and "accounts" not in broken:
        rule.refuse(problems, "accounts", "is empty; add [accounts.main] with currency and cash")
    instruments, accounts = [], {}
    for symbol, instrument in config.instruments.items():
        before = len(problems)
        instrument.check(f"instruments.{symbol}", problems)
        if len(problems) == before:
            instruments.append(instrument)
    for name, account in config.accounts.items():
        currencies = {instrument.currency for instrument in config.instruments.values()}
        valued = any(config.rate(currency, account.currency) is not None for currency in currencies)
        if currencies and not valued and not {"instruments", "fx"}.intersection(broken):
            near = difflib.get_close_matches(account.currency, currencies, n=1) or sorted(currencies)
            message = f"no instrument is in {account.currency}, and there is no exchange rate; use {near[0]}"
            rule.refuse(problems, f"accounts.{name}.currency", message)
        try:
            money_raw(account.cash, MONEY_DECIMALS, "cash")
        except InvalidArgument as error:
            rule.refuse(problems, f"accounts.{name}.cash", str(error))
        else:
            accounts[name] = account
    if "limits" not in broken:
        _check_pairs(config, problems)
    if "fx" not in broken:
        problems += (
            ConfigProblem(f"fx.{pair}", f"is said by {other} already; keep one of them")
            for pair in config.fx
            if (other := "/".join(reversed(pair.split("/")))) in config.fx and pair > other
        )
    _check_rates(config, accounts, instruments, problems)
    _check_limits(config, accounts, instruments, problems)


def _check_pairs(config: Config, problems: rule.Problems) -> None:
    """A number within a window needs both; and restrictions name instruments, of which a source may bring more."""
    for number, window in PAIRED:
        has, lacks = (number, window) if getattr(config.limits, window) is None else (window, number)
        if getattr(config.limits, has) is not None and getattr(config.limits, lacks) is None:
            rule.refuse(problems, f"limits.{lacks}", f"is missing; {has} needs it")
    if config.instruments and not config.source.brings_instruments:
        problems += symbols_refused(config, config.instruments)
    venue_of: dict[str, str] = {}
    for name, venue in config.venues.items():
        for symbol in venue.symbols:
            if venue_of.setdefault(symbol, name) != name:
                rule.refuse(problems, f"venues.{name}.symbols", f"names {symbol}, which {venue_of[symbol]} has too; keep it in one")


def symbols_refused(config: Config, symbols: Collection[str]) -> rule.Problems:
    """What is wrong with restrictions and venues where `symbols` are all that can be traded: one with a typo would never count."""
    problems: rule.Problems = []
    named = [(f"limits.{key}", symbol) for key in RESTRICTIONS for symbol in getattr(config.limits, key) or () if symbol != "*"]
    named += [(f"venues.{name}.symbols", symbol) for name, venue in config.venues.items() for symbol in venue.symbols]
    for path, symbol in named:
        if symbol not in symbols:
            near = difflib.get_close_matches(symbol, symbols, n=1)
            others = ", and * for all" if path.startswith("limits.") else ""
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(symbols))}{others}"
            rule.refuse(problems, path, f"names {symbol}, which is no instrument; {hint}")
    return problems


def _check_rates(config: Config, accounts: Mapping[str, AccountConfig], instruments: Sequence[Instrument], problems: rule.Problems) -> None:
    """Each rate has to give each instrument a value that fits, in each account."""
    found: dict[str, str] = {}
    for account in accounts.values():
        for instrument in instruments:
            pair, inverse = f"{instrument.currency}/{account.currency}", f"{account.currency}/{instrument.currency}"
            try:
                worth(instrument, account, config)
            except InvalidArgument as error:
                found.setdefault(pair if pair in config.fx else inverse, str(error))
    for pair, text in found.items():
        rule.refuse(problems, f"fx.{pair}", text)


def _check_limits(
    config: Config, accounts: Mapping[str, AccountConfig], instruments: Sequence[Instrument], problems: rule.Problems
) -> None:
    """Each limit has to have a raw value on each account and instrument."""
    found: dict[str, str] = {}
    for name, account in accounts.items():
        rows = [partial(account_row, name, account, config.limits)]
        rows += [partial(limits_on, instrument, config.limits) for instrument in instruments]
        for row in rows:
            try:
                row()
            except InvalidArgument as error:
                text = str(error)
                found.setdefault(text.partition(" ")[0], text)  # the text begins with the name of the limit
    for key, text in found.items():
        rule.refuse(problems, f"limits.{key}", text)
