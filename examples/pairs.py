"""Trade a pair: sell the one that is dear against the other, buy it back when the two have met again."""

import math

import neural_trader as nt
from neural_trader.errors import NoData


class Pairs(nt.Strategy):
    """Follows the spread of two instruments, the first less `hedge` times the second, by its mean and deviation over the last `length`
    moments or so (exponential weights). Beyond `enter` deviations it trades against the spread, and within `leave` it closes. It holds
    `quantity` of the first against `hedge` times `quantity` of the second, which has to be whole lots."""

    first: str = "A"
    second: str = "B"
    hedge: float = 1.0
    length: int = 200
    enter: float = 2.0
    leave: float = 0.5
    quantity: float = 1

    def on_start(self, client: nt.Client) -> None:
        if self.length < 2 or self.enter <= self.leave:
            raise ValueError("length must be 2 or more, and enter above leave")
        self.seen, self.mean, self.variance = 0, 0.0, 0.0

    def on_ticks(self, client: nt.Client, ticks: nt.Ticks) -> None:
        """Score the spread against its past, then let it become part of the past."""
        try:
            quotes = [client.quote(symbol) for symbol in (self.first, self.second)]
        except NoData:
            return  # one of them has not traded yet
        first, second = ((quote.bid + quote.ask) / 2 for quote in quotes)
        spread = first - self.hedge * second
        if not math.isfinite(spread):
            return
        away = spread - self.mean
        score = away / math.sqrt(self.variance) if self.variance > 0 and self.seen >= self.length else math.nan
        weight = max(1 / (self.seen + 1), 2 / (self.length + 1))
        self.mean += weight * away
        self.variance = (1 - weight) * (self.variance + weight * away * away)
        self.seen += 1
        self._act(client, score)

    def _act(self, client: nt.Client, score: float) -> None:
        held = client.position(self.first).projected
        if abs(score) > self.enter and held * score >= 0:
            target = -math.copysign(self.quantity, score)
        elif abs(score) < self.leave:
            target = 0.0
        else:
            return
        self._take(client, self.first, target)
        self._take(client, self.second, -self.hedge * target)

    def _may(self, client: nt.Client, *, closing: bool) -> bool:
        """Whether the account trades at present: while it is reduced only to close, while it is halted not at all."""
        state = client.account().state
        return state == "ACTIVE" or (closing and state == "REDUCING")

    def _take(self, client: nt.Client, symbol: str, target: float) -> None:
        change = target - client.position(symbol).projected
        if change and self._may(client, closing=target == 0):
            client.submit(symbol, "BUY" if change > 0 else "SELL", abs(change))
