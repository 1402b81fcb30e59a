"""Follow the order flow: buy when recent trades were mostly buys, sell when they were mostly sells."""

import neural_trader as nt


class Flow(nt.Strategy):
    """Turns its position over when the trade flow of the last 64 trades is beyond `enter` on the other side."""

    symbol: str = "ES"
    enter: float = 0.6

    def on_ticks(self, client: nt.Client, ticks: nt.Ticks) -> None:
        """Decide once per slice of ticks."""
        flow = client.features(self.symbol)["trade_flow_64"]
        held = client.position(self.symbol).projected
        if abs(flow) > self.enter and held * flow <= 0:
            client.submit(self.symbol, "BUY" if flow > 0 else "SELL", 1 + abs(held))
