"""`neural-trader positions`."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from running import command
from support import Market, config_of


def positions(name: str) -> dict[str, Any]:
    answer = json.loads(command("positions", name, "--json").stdout, parse_float=Decimal)
    assert isinstance(answer, dict)
    return answer


def test_positions_and_money_follow_the_fills(kernel_name: str) -> None:
    with Market(config_of(kernel_name)) as market, market.client() as client:
        market.quote(999.75, 1000)
        market.trade(1000)
        assert positions(kernel_name)["positions"] == []
        assert "has no position and has had none" in command("positions", kernel_name).stdout
        order = client.submit("TEST", "BUY", 2, 990)
        while any(row.id == order for row in client.orders()):
            market.trade(989, side="SELL")
            client.poll(timeout_s=0.05)
        market.trade(1001)
        answer = positions(kernel_name)
        (row,) = answer["positions"]
        (account,) = answer["accounts"]
        assert (row["account"], row["symbol"], row["quantity"], row["average_price"], row["mark_price"]) == ("main", "TEST", 2, 990, 1001)
        assert (row["unrealized_pnl"], row["realized_pnl"], row["fees"]) == (11 * 2 * 50, 0, Decimal("2.5"))
        assert account["equity"] == 100_000 + row["unrealized_pnl"] - row["fees"]
        done = command("positions", kernel_name)
        assert done.returncode == 0
        lines = [line.split() for line in done.stdout.splitlines()]
        assert ["main", "TEST", "+2", "990", "1,001", "0.00", "1,100.00", "2.50", str(row["fills"])] in lines
        assert ["main", "USD", "ACTIVE", "101,097.50", "99,997.50", "0.00", "1,100.00", "2.50", "1,097.50"] in lines
        market.trade(1002)
        assert positions(kernel_name)["positions"][0]["unrealized_pnl"] == 1200


def test_no_such_kernel(kernel_name: str) -> None:
    done = command("positions", kernel_name)
    assert done.returncode == 1
    assert f"no kernel named {kernel_name} runs here" in done.stderr
    assert command("positions").returncode == 2
    assert "neural-trader positions es-paper --json" in command("positions", "--help").stdout
