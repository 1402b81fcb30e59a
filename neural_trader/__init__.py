"""Neural Trader: a trading kernel in shared memory, driven from Python."""

from typing import TYPE_CHECKING, Any

from neural_trader.backtest import backtest
from neural_trader.book import Book
from neural_trader.client import Client
from neural_trader.config import AccountConfig, Config, Limits, ModelConfig, VenueConfig, VenueLatency
from neural_trader.errors import ConfigError, NeuralTraderError, SourceError
from neural_trader.instruments import Fee, Instrument, Session
from neural_trader.kernel import Kernel
from neural_trader.records import Account, Batch, ExecutionResult, Features, Order, Position, Quote, Report, Ticks
from neural_trader.result import Result
from neural_trader.signals import Signal
from neural_trader.strategy import Strategy
from neural_trader.sweep import sweep, walk_forward
from neural_trader.timers import Timer
from neural_trader.version import get_version

if TYPE_CHECKING:
    from neural_trader.config_check import InvalidSetting, validate_config
    from neural_trader.engine import ExecutionEngine, MarketData, OrderTimedOut, SubscriptionHandle, TradeOrder
    from neural_trader.models.neural_model import NeuralModel, Prediction

__all__ = [
    "Account",
    "AccountConfig",
    "Batch",
    "Book",
    "Client",
    "Config",
    "ConfigError",
    "ExecutionEngine",
    "ExecutionResult",
    "Features",
    "Fee",
    "Instrument",
    "InvalidSetting",
    "Kernel",
    "Limits",
    "MarketData",
    "ModelConfig",
    "NeuralModel",
    "NeuralTraderError",
    "Order",
    "OrderTimedOut",
    "Position",
    "Prediction",
    "Quote",
    "Report",
    "Result",
    "Session",
    "Signal",
    "SourceError",
    "Strategy",
    "SubscriptionHandle",
    "Ticks",
    "Timer",
    "TradeOrder",
    "VenueConfig",
    "VenueLatency",
    "backtest",
    "get_version",
    "sweep",
    "validate_config",
    "walk_forward",
]

# Loaded when they are first asked for: a strategy that only trades needs no asyncio and no model.
_LATER = {
    "ExecutionEngine": "engine",
    "InvalidSetting": "config_check",
    "MarketData": "engine",
    "NeuralModel": "models.neural_model",
    "OrderTimedOut": "engine",
    "Prediction": "models.neural_model",
    "SubscriptionHandle": "engine",
    "TradeOrder": "engine",
    "validate_config": "config_check",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    found = globals()[name] = getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})
