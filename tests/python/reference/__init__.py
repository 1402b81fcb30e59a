"""The order path once more, slow and obviously right: plain lists and dictionaries, whole numbers and fractions, nothing kept up to date.

Written from the contracts of csrc/neural_trader.h. Where the core keeps running sums, trees, rings and reciprocals, this model looks
through every order each time it wants to know. test_reference.py drives both with the same histories.

inputs: what goes in. orders: an order and its report. book, market: market data. accounts: positions and money. exposure, checks: what is
refused. venue, queue: the paper venue. model: the loop that joins them.
"""

from reference.inputs import Account, Instrument, Request, Terms, Tick, Venue
from reference.model import Model

__all__ = ["Account", "Instrument", "Model", "Request", "Terms", "Tick", "Venue"]
