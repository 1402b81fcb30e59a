"""Make a market: quote both sides around the middle, and lean against the position that this leads to."""

import math

import neural_trader as nt
from neural_trader.errors import NoData


class MarketMaking(nt.Strategy):
    """Keeps one bid and one offer working, `half_spread_ticks` from the middle of the market, which `skew_ticks` for every `quantity` held
    moves against the position. A side that would take the position beyond `max_position` is not quoted. The middle is that of the quotes
    of the feed, or of the band that its trades imply. While trading is halted or reduced it sends no new quotes. The instrument is the
    kernel's first unless `symbol` names another."""

    symbol: str = ""
    quantity: float = 1
    half_spread_ticks: float = 2
    skew_ticks: float = 1
    max_position: float = 3

    def on_start(self, client: nt.Client) -> None:
        self.symbol = self.symbol or client.symbols[0]
        self.tick_size = client.tick_size(self.symbol)
        self.working: dict[str, tuple[int, float]] = {}  # of each side: order id and price
        self.side_of: dict[int, str] = {}

    def on_ticks(self, client: nt.Client, ticks: nt.Ticks) -> None:
        """Move what is not where it should be."""
        try:
            quote = client.quote(self.symbol)
        except NoData:
            return  # other instruments of the tape begin before it
        if not math.isfinite(quote.bid + quote.ask) or quote.session != "OPEN":
            return
        held = client.position(self.symbol).quantity
        middle = (quote.bid + quote.ask) / 2 / self.tick_size - self.skew_ticks * held / self.quantity
        bid = math.floor(middle - self.half_spread_ticks) * self.tick_size
        ask = math.ceil(middle + self.half_spread_ticks) * self.tick_size
        self._keep(client, "BUY", min(bid, quote.bid), held + self.quantity <= self.max_position)
        self._keep(client, "SELL", max(ask, quote.ask), held - self.quantity >= -self.max_position)

    def _keep(self, client: nt.Client, side: str, price: float, wanted: bool) -> None:
        """One order at the price, or none; a new one only once the old one's end is reported."""
        if side in self.working:
            order, at = self.working[side]
            if order and not (wanted and at == price):
                client.cancel(order)
                self.working[side] = (0, at)
        elif wanted and client.account().state == "ACTIVE":
            order = client.submit(self.symbol, side, self.quantity, price, time_in_force="GTC")
            self.working[side] = (order, price)
            self.side_of[order] = side

    def on_report(self, client: nt.Client, report: nt.Report) -> None:
        """Forget an order that has ended."""
        if report.status in ("FILLED", "CANCELED", "DENIED", "REJECTED", "EXPIRED"):
            side = self.side_of.pop(report.order_id, None)
            if side is not None:
                del self.working[side]

    def on_stop(self, client: nt.Client) -> None:
        client.cancel_all(self.symbol)
