"""Follow the order flow: buy when recent trades were mostly buys, sell when they were mostly sells."""

import neural_trader as nt
from neural_trader.errors import NoData


class Flow(nt.Strategy):
    """Turns its position over when the trade flow of the last 64 trades is beyond `enter` on the other side. While trading is halted it
    sends nothing."""

    symbol: str = "ES"
    enter: float = 0.6

    def on_start(self, client: nt.Client) -> None:
        self.ready = False

    def on_ticks(self, client: nt.Client, ticks: nt.Ticks) -> None:
        """Decide once per slice of ticks."""
        if not self.ready and not self._begin(client):
            return
        flow = client.features(self.symbol)["trade_flow_64"]
        held = client.position(self.symbol).projected
        if abs(flow) > self.enter and held * flow <= 0:
            client.submit(self.symbol, "BUY" if flow > 0 else "SELL", 1 + abs(held))

    def on_report(self, client: nt.Client, report: nt.Report) -> None:
        """A denied order may mean that trading is halted."""
        if report.kind == "DENIED":
            self.ready = False

    def _begin(self, client: nt.Client) -> bool:
        """Whether the instrument has begun to trade, where there are several, and the account may."""
        try:
            client.features(self.symbol)
        except NoData:
            return False
        self.ready = client.account().state == "ACTIVE"
        return self.ready
