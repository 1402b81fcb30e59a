"""The rule of flow.py as machine code: needs `pip install 'neural-trader[numba]'`."""

from typing import ClassVar

from neural_trader._native import abi
from neural_trader.compiled import CompiledStrategy, View, feature_index, market

BUY, SELL = int(abi.NT_SIDE_BUY), int(abi.NT_SIDE_SELL)
HALTS = (int(abi.NT_REASON_TRADING_HALTED), int(abi.NT_REASON_DAILY_LOSS_LIMIT))
FLOW = feature_index("trade_flow_64")


class CompiledFlow(CompiledStrategy):
    """Turns its position over when the trade flow of the last 64 trades is beyond `enter` on the other side. Once an order was denied
    because trading is halted it sends no more: on a tape nobody resumes it.

    `instrument` counts in the order of the source's instruments; `quantity` is raw, as everything that a rule sees.
    """

    instrument: int = 0
    quantity: int = 1
    enter: float = 0.6

    records: ClassVar[tuple[str, ...]] = ("flow_at_order",)

    @staticmethod
    def rule(view: View) -> None:
        """Decide once per slice of ticks."""
        for report in view.reports:
            if report.reason in HALTS:
                view.memory[0] = 1
        if len(view.ticks) == 0 or view.memory[0]:
            return
        instrument = view.parameters.instrument
        flow = view.features[instrument, FLOW]
        held = view.positions[instrument].projected
        if abs(flow) > view.parameters.enter and held * flow <= 0:
            market(view, instrument, BUY if flow > 0 else SELL, view.parameters.quantity + abs(held))
            view.record[0] = flow
