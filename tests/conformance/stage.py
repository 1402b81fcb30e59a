"""What most sessions begin with: a kernel, instruments, accounts and terms, as fields of the records of csrc/neural_trader.h."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from session import ABSENT_FIELDS, Session

from neural_trader._native import abi

MILLISECOND_NS: Final = 1_000_000

ES: Final[Mapping[str, Any]] = {
    "symbol": "ES",
    "currency": "USD",
    "price_decimals": 2,
    "quantity_decimals": 0,
    "tick_size": 25,
    "lot_size": 1,
    "minimum_quantity": 1,
    "maximum_price": 1_000_000,
    "initial_session": abi.NT_SESSION_OPEN,
}
COIN: Final[Mapping[str, Any]] = {
    "symbol": "COIN",
    "currency": "USD",
    "price_decimals": 2,
    "quantity_decimals": 3,
    "tick_size": 1,
    "lot_size": 5,
    "minimum_quantity": 10,
    "maximum_price": 10_000_000,
    "initial_session": abi.NT_SESSION_OPEN,
}
SPREAD: Final[Mapping[str, Any]] = {**ES, "symbol": "SPREAD", "allow_negative_price": 1, "tick_size": 5}

VALUES: Final[Mapping[str, Mapping[str, int]]] = {  # money of one raw price times one raw quantity
    "ES": {"value_numerator": 5000, "value_denominator": 1, "fee_taker": 21_000, "fee_maker": 11_000},
    "COIN": {"value_numerator": 1, "value_denominator": 10, "fee_taker_ppb": 400_000, "fee_maker_ppb": -100_000},
    "SPREAD": {"value_numerator": 5000, "value_denominator": 1},
}


def account_row(name: str, **limits: Any) -> dict[str, Any]:
    """An account without limits but these."""
    head = {"name": name, "currency": "USD", "decimals": 4, "cash": 1_000_000_0000}
    return {**head, **dict.fromkeys(ABSENT_FIELDS["account"], abi.NT_ABSENT), **limits}


def terms_row(account: int, instrument: int, symbol: str, **limits: Any) -> dict[str, Any]:
    """Terms without limits but these."""
    return {
        "account": account,
        "instrument": instrument,
        **VALUES[symbol],
        **dict.fromkeys(ABSENT_FIELDS["terms"], abi.NT_ABSENT),
        **limits,
    }


def begin(
    session: Session,
    *clients: str,
    instruments: Sequence[Mapping[str, Any]] = (ES,),
    accounts: Sequence[Mapping[str, Any]] = ({},),
    terms: Mapping[str, Any] | None = None,
    **config: Any,
) -> None:
    """A small kernel with these tables: account 0 is "main", the terms are the same for all."""
    sizes = {"channels": 4, "order_capacity": 64, "ring_capacity": 256, "tick_capacity": 1024}
    session.create(**{**sizes, "instruments": len(instruments), "accounts": len(accounts), "slippage_ticks": 1, **config})
    for row in instruments:
        session.instrument(**row)
    for number, limits in enumerate(accounts):
        session.account(**account_row("main" if number == 0 else f"other-{number}", **limits))
        for index, row in enumerate(instruments):
            session.terms(**terms_row(number, index, row["symbol"], **(terms or {})))
    for name in clients:
        session.client(name)
