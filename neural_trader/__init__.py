"""Neural Trader: a trading kernel in shared memory, driven from Python."""

from neural_trader.backtest import backtest
from neural_trader.client import Client
from neural_trader.config import AccountConfig, Config, Limits, VenueConfig
from neural_trader.errors import ConfigError, NeuralTraderError, SourceError
from neural_trader.instruments import Fee, Instrument, Session
from neural_trader.kernel import Kernel
from neural_trader.records import Account, Batch, ExecutionResult, Features, Order, Position, Quote, Report, Ticks
from neural_trader.result import Result
from neural_trader.strategy import Strategy

__all__ = [
    "Account",
    "AccountConfig",
    "Batch",
    "Client",
    "Config",
    "ConfigError",
    "ExecutionResult",
    "Features",
    "Fee",
    "Instrument",
    "Kernel",
    "Limits",
    "NeuralTraderError",
    "Order",
    "Position",
    "Quote",
    "Report",
    "Result",
    "Session",
    "SourceError",
    "Strategy",
    "Ticks",
    "VenueConfig",
    "backtest",
]
