"""Trade what a model says: hold one contract long while it gives a rise of the mid more than a fall, short while less."""

from pathlib import Path

import neural_trader as nt
from neural_trader.models.file import read_model


class ModelFlow(nt.Strategy):
    """Turns over when the probability of "up" less that of "down" is beyond `enter` on the other side; 0 takes what one row in twenty
    exceeded where the model was calibrated. It trades only in the part of the tape that the model was neither trained nor calibrated on.
    `file` is the model's, relative to this one."""

    symbol: str = "ES"
    enter: float = 0.0
    file: str = "../build/model/es.safetensors"

    def on_start(self, client: nt.Client) -> None:
        model = read_model(Path(__file__).parent / self.file)
        self.up, self.down = (model.output.labels.index(label) for label in ("up", "down"))
        self.begin_ns = model.trained["parts_ns"][2][0]
        self.beyond = self.enter or model.trained["sure"]
        self.halted = False

    def on_signal(self, client: nt.Client, signal: nt.Signal) -> None:
        """Once per slice of ticks: the model's clock is time_change."""
        if not signal.ready or signal.ts_event < self.begin_ns or self.halted:
            return
        lean = signal.values[self.up] - signal.values[self.down]
        held = client.position(self.symbol).projected
        if abs(lean) > self.beyond and held * lean <= 0:
            client.submit(self.symbol, "BUY" if lean > 0 else "SELL", 1 + abs(held))

    def on_report(self, client: nt.Client, report: nt.Report) -> None:
        """A denied order may mean that trading is halted."""
        if report.kind == "DENIED" and client.account().state != "ACTIVE":
            self.halted = True
