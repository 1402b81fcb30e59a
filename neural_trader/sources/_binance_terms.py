"""What the numbers of a Binance capture say about its instrument, and whether they fit it."""

import math
from decimal import Decimal
from typing import Final

import numpy as np

from neural_trader.errors import SourceError
from neural_trader.instruments import Instrument
from neural_trader.numbers import RAW_MAX, exact, plain, to_decimal
from neural_trader.sources._binance_messages import Decimals

__all__ = ["Numbers", "check", "currency_of", "derived", "quote_asset"]

_QUOTE_ASSETS: Final = ("FDUSD", "USDT", "USDC", "TUSD", "BUSD", "BTC", "ETH", "BNB", "EUR", "TRY", "BRL", "JPY")


class Numbers:
    """The numbers of one kind (prices, or sizes) in a tape that is being made: their places, their greatest and their common divisor."""

    def __init__(self) -> None:
        self.places = 0
        self.most = 0
        self.divisor = 0

    def take(self, numbers: Decimals) -> None:
        """Widen to hold more numbers."""
        if not len(numbers.raw):
            return
        places = max(self.places, numbers.places)
        before, factor = 10 ** (places - self.places), 10 ** (places - numbers.places)
        self.most = max(self.most * before, int(numbers.raw.max()) * factor)
        if self.divisor * before != 1:  # 1 stays what it is
            self.divisor = math.gcd(self.divisor * before, int(np.gcd.reduce(numbers.raw)) * factor)
        self.places = places

    def needed(self) -> int:
        """The least places that all of them have."""
        places, divisor = self.places, self.divisor
        while places and divisor % 10 == 0:
            places, divisor = places - 1, divisor // 10
        return places


def quote_asset(symbol: str) -> str | None:
    """The asset that prices of the symbol are in: the end of its name, before a day of delivery. None where none known ends it."""
    pair = symbol.partition("_")[0]
    return next((asset for asset in _QUOTE_ASSETS if pair.endswith(asset) and pair != asset), None)


def currency_of(symbol: str, name: str, spec: str) -> str:
    """The quote asset of a symbol that is called `name`. SourceError where it is not known."""
    asset = quote_asset(symbol)
    if asset is None:
        text = f"what {symbol} is priced in is not known; add [instruments.{name}] with tick_size, lot_size, currency and max_price"
        raise SourceError(text, file=spec)
    return asset


def derived(symbol: str, currency: str, prices: Numbers, sizes: Numbers, tradable: Numbers) -> Instrument:
    """The instrument that the data speak of. `tradable` are the prices at which it could trade (quotes, trades and bids of the depth):
    max_price is twice the highest of them, for offers may stand at any multiple of it; but no less than any price in the data, as all of
    them have to be within it."""
    most = max(2 * to_decimal(tradable.most, tradable.places), to_decimal(prices.most, prices.places))
    return Instrument(
        symbol=symbol,
        tick_size=Decimal(1).scaleb(-prices.needed()),
        lot_size=Decimal(1).scaleb(-sizes.needed()),
        currency=currency,
        max_price=most if tradable.most else 2 * most,
    )


def check(instrument: Instrument, prices: Numbers, sizes: Numbers, spec: str) -> None:
    """SourceError where the numbers of a capture do not fit the instrument: off its steps, beyond its max_price or beyond raw integers."""
    of = instrument.symbol
    for numbers, unit, places, what, key in (
        (prices, exact(instrument.tick_size), instrument.price_decimals, "price", "tick_size"),
        (sizes, Decimal(1).scaleb(-instrument.quantity_decimals), instrument.quantity_decimals, "size", "lot_size"),
    ):
        finest = to_decimal(numbers.divisor, numbers.places)
        if finest % unit:
            text = f"a {what} of {of} is not a multiple of {plain(unit)}; their finest step is {plain(finest)}: correct its {key}"
            raise SourceError(text, file=spec)
        most = to_decimal(numbers.most, numbers.places)
        if most.scaleb(places) > RAW_MAX:
            text = f"a {what} of {plain(most)} with {places} decimals is beyond 2^51 raw; configure a coarser {key}"
            raise SourceError(text, file=spec, limit=RAW_MAX)
        if what == "price" and most > exact(instrument.max_price):
            bound = plain(exact(instrument.max_price))
            raise SourceError(f"a price of {plain(most)} is above max_price {bound} of {of}; raise it if prices can be so high", file=spec)
