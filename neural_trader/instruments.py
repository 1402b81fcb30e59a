"""Instruments: what one is worth, how fine its prices and quantities are, when it trades, what a trade costs."""

from __future__ import annotations

import datetime
import re
from decimal import ROUND_FLOOR, Context, Decimal
from fractions import Fraction
from typing import Annotated, Any, Final

import msgspec

from neural_trader import _fields as rule
from neural_trader._native import abi
from neural_trader.errors import InvalidArgument
from neural_trader.numbers import RAW_MAX, Converter, decimals_of, exact, plain

__all__ = ["MONEY_DECIMALS", "Amount", "Fee", "Instrument", "Session", "limit_raw", "money_raw", "value_fraction", "weekdays"]

Amount = Decimal | int | float

MONEY_DECIMALS = 4  # of every account's money

_WIDE = Context(prec=100)
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def weekdays(days: str) -> frozenset[int]:
    """Weekday numbers (Monday 0) of a text such as "Sun-Thu" or "Mon,Wed,Fri". ValueError when it is not one."""
    found: set[int] = set()
    for part in days.split(","):
        match = re.fullmatch(r"\s*(\w{3})(?:\s*-\s*(\w{3}))?\s*", part)
        if match is None or match[1] not in _DAYS or (match[2] or "Mon") not in _DAYS:
            raise ValueError(f"{rule.quoted(part.strip())} is not a day or a range of days; write Mon-Fri or Mon,Wed")
        first, last = _DAYS.index(match[1]), _DAYS.index(match[2] or match[1])
        found.update(day % 7 for day in range(first, last + 1 if last >= first else last + 8))
    return frozenset(found)


@rule.simple("days such as Mon-Fri or Mon,Wed")
def _weekdays(value: Any, path: str, problems: rule.Problems) -> Any:
    try:
        weekdays(value if isinstance(value, str) else "")
    except ValueError as error:
        return rule.refuse(problems, path, str(error))
    return value


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """When an instrument trades, in local time.

    `days` are the days on which a session opens. One that closes at or before the time it opens ends on the next calendar day, and that
    day is its trading day. `early_closes` gives the closing time of single trading days; a session that would close before it opens
    does not open. `timezone` is the exchange's; None takes the source's.
    """

    days: Annotated[str, _weekdays]
    opens: Annotated[datetime.time, rule.local_time]
    closes: Annotated[datetime.time, rule.local_time]
    early_closes: Annotated[dict[datetime.date, datetime.time], rule.Table(rule.local_date, rule.local_time)] = {}
    timezone: Annotated[str | None, rule.time_zone] = None

    @property
    def overnight(self) -> bool:
        """Whether a session ends on the calendar day after it opened."""
        return self.closes <= self.opens

    def is_trading_day(self, day: datetime.date) -> bool:
        """Whether the calendar has a session that ends on `day`."""
        return (day.weekday() - self.overnight) % 7 in weekdays(self.days)


class Fee(msgspec.Struct, frozen=True, kw_only=True):
    """What a fill costs: money per contract (whole unit of quantity) in the instrument's currency, basis points of the money that the fill
    moves, or both. Negative is a rebate. The two are rounded apart, to the account's money and against it."""

    per_contract: Annotated[Amount | None, rule.Number(most=10**9)] = None
    bps: Annotated[Amount | None, rule.Number(least=-10_000, most=10_000)] = None

    def __str__(self) -> str:
        parts = ((self.per_contract, "a contract"), (self.bps, "bps"))
        return " and ".join(f"{plain(exact(value))} {of}" for value, of in parts if value is not None)


_SAME_CURRENCY = Fraction(1)
_PPB_DECIMALS: Final = 5  # of a basis point


class Instrument(msgspec.Struct, frozen=True, kw_only=True):
    """One tradable thing.

    `tick_size` and `lot_size` are in units of price and quantity, `multiplier` is the money of one unit of price times one of quantity,
    `max_price` a bound above which a price is taken for a mistake, `minimum_quantity` one lot unless given.
    """

    tick_size: Annotated[Amount, rule.Number(above=0)]
    currency: Annotated[str, rule.currency]
    max_price: Annotated[Amount, rule.Number(above=0)]
    lot_size: Annotated[Amount, rule.Number(above=0)] = 1
    multiplier: Annotated[Amount, rule.Number(above=0)] = 1
    minimum_quantity: Annotated[Amount | None, rule.Number(above=0)] = None
    session: Annotated[Session | None, rule.Nested(Session)] = None
    fee_taker: Annotated[Fee | None, rule.Nested(Fee)] = None
    fee_maker: Annotated[Fee | None, rule.Nested(Fee)] = None
    symbol: Annotated[str | None, rule.name] = None

    @property
    def price_decimals(self) -> int:
        """Decimals of a raw price: as many as the tick size has."""
        return decimals_of(exact(self.tick_size, "tick_size"))

    @property
    def quantity_decimals(self) -> int:
        """Decimals of a raw quantity: as many as the lot size and the minimum quantity need."""
        return max(decimals_of(exact(size, "lot_size")) for size in (self.lot_size, self.minimum_quantity) if size is not None)

    @property
    def tick_raw(self) -> int:
        """Tick size in raw price units."""
        return Converter(self.price_decimals, 1, "tick_size").raw(exact(self.tick_size, "tick_size"))

    @property
    def lot_raw(self) -> int:
        """Lot size in raw quantity units."""
        return Converter(self.quantity_decimals, 1, "lot_size").raw(exact(self.lot_size, "lot_size"))

    def price_converter(self) -> Converter:
        """Units to raw for its prices, on the tick."""
        return Converter(self.price_decimals, self.tick_raw, f"price of {self.symbol}" if self.symbol else "price")

    def quantity_converter(self) -> Converter:
        """Units to raw for its quantities, on the lot."""
        return Converter(self.quantity_decimals, self.lot_raw, f"quantity of {self.symbol}" if self.symbol else "quantity")

    def row(self) -> dict[str, Any]:
        """Fields of its nt_instrument, ready for ffi.new. A session is closed until its first session tick; without one it is open."""
        if self.symbol is None:
            raise InvalidArgument("the instrument has no symbol")
        lot = self.lot_raw
        minimum = lot if self.minimum_quantity is None else self.quantity_converter().raw(exact(self.minimum_quantity, "minimum_quantity"))
        return {
            "symbol": self.symbol.encode(),
            "currency": self.currency.encode(),
            "price_decimals": self.price_decimals,
            "quantity_decimals": self.quantity_decimals,
            "tick_size": self.tick_raw,
            "lot_size": lot,
            "minimum_quantity": minimum,
            "maximum_price": Converter(self.price_decimals, 1, "max_price").raw(exact(self.max_price, "max_price")),
            "allow_negative_price": 0,
            "initial_session": abi.NT_SESSION_OPEN if self.session is None else abi.NT_SESSION_CLOSED,
        }

    def value(self, rate: Fraction = _SAME_CURRENCY, money_decimals: int = MONEY_DECIMALS) -> tuple[int, int]:
        """(value_numerator, value_denominator) for an account in whose currency one of the instrument's is worth `rate`."""
        multiplier = Fraction(exact(self.multiplier, "multiplier")) * rate
        return value_fraction(multiplier, self.price_decimals, self.quantity_decimals, money_decimals)

    def fees_raw(self, money_decimals: int = MONEY_DECIMALS) -> tuple[int, int]:
        """(taker, maker) raw money per whole unit of quantity; 0 where no fee is given."""

        def raw(fee: Fee | None) -> int:
            return 0 if fee is None or fee.per_contract is None else money_raw(fee.per_contract, money_decimals, "fee")

        return raw(self.fee_taker), raw(self.fee_maker)

    def fees_ppb(self) -> tuple[int, int]:
        """(taker, maker) billionths of the money that a fill moves."""

        def raw(fee: Fee | None) -> int:
            return 0 if fee is None or fee.bps is None else Converter(_PPB_DECIMALS, 1, "fee in bps").raw(exact(fee.bps, "bps"))

        return raw(self.fee_taker), raw(self.fee_maker)

    def check(self, path: str, problems: rule.Problems) -> None:
        """Note what its fields say against each other or beyond what the core holds."""
        for key, decimals in (("tick_size", self.price_decimals), ("lot_size", self.quantity_decimals)):
            if decimals > abi.NT_DECIMALS_MAX:
                rule.refuse(problems, rule.join(path, key), f"needs {decimals} decimals; at most {abi.NT_DECIMALS_MAX} are possible")
                return
        for key, build in (
            ("tick_size", lambda: self.tick_raw),
            ("lot_size", lambda: self.lot_raw),
            ("minimum_quantity", lambda: self.minimum_quantity is None or self.quantity_converter().raw(exact(self.minimum_quantity))),
            ("max_price", lambda: Converter(self.price_decimals, 1, "max_price").raw(exact(self.max_price))),
            ("multiplier", self.value),
            ("fee_taker", self.fees_raw),
            ("fee_taker", self.fees_ppb),
        ):
            try:
                build()
            except InvalidArgument as error:
                rule.refuse(problems, rule.join(path, key), str(error))
        for key, fee in (("fee_taker", self.fee_taker), ("fee_maker", self.fee_maker)):
            if fee == Fee():
                rule.refuse(problems, rule.join(path, key), "is empty; give per_contract, bps or both")
        if exact(self.max_price) < exact(self.tick_size):
            rule.refuse(problems, rule.join(path, "max_price"), f"is less than the tick size {plain(exact(self.tick_size))}")
        if self.session is not None:
            for day in self.session.early_closes:
                if not self.session.is_trading_day(day):
                    text = f"no session of {self.session.days} ends on {day:%A} {day}; a trading day is the day on which its session closes"
                    rule.refuse(problems, f"{path}.session.early_closes.{day}", text)


def value_fraction(multiplier: Decimal | Fraction, price_decimals: int, quantity_decimals: int, money_decimals: int) -> tuple[int, int]:
    """Reduced fraction n/d with money_raw = price_raw * quantity_raw * n / d. `multiplier` is in account currency."""
    value = Fraction(multiplier) * Fraction(10) ** (money_decimals - price_decimals - quantity_decimals)
    if value.numerator > RAW_MAX or value.denominator > RAW_MAX:
        terms = f"{price_decimals} price and {quantity_decimals} quantity decimals"
        text = f"the multiplier does not fit in 2^51 with {terms}; take fewer decimals"
        raise InvalidArgument(text, observed=max(value.numerator, value.denominator), limit=RAW_MAX)
    return value.numerator, value.denominator


def money_raw(value: Amount, money_decimals: int = MONEY_DECIMALS, what: str = "money") -> int:
    """Raw money of an exact amount."""
    return Converter(money_decimals, 1, what).raw(exact(value, what))


def limit_raw(value: Amount | None, decimals: int, what: str) -> int:
    """Raw value of a limit, NT_ABSENT when it is off. What has no raw value is rounded down: against the trader."""
    if value is None:
        return abi.NT_ABSENT
    number = exact(value, what)
    step = Decimal(1).scaleb(-decimals)
    floored = number.quantize(step, ROUND_FLOOR, _WIDE) if number.adjusted() + decimals <= 20 else number
    return Converter(decimals, 1, what).raw(floored)
