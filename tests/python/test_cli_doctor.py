"""`neural-trader doctor`, always for one name: a test leaves what others have in shared memory alone."""

from __future__ import annotations

import os

from running import command, one_object
from support import Market, Peer, config_of, segments

from neural_trader.client import Client


def test_a_living_kernel_is_in_order(kernel_name: str) -> None:
    with Market(config_of(kernel_name)), Client.attach(kernel_name, name="c", timeout_s=20):
        done = command("doctor", kernel_name)
        assert done.returncode == 0, done.stderr
        rows = done.stdout.splitlines()
        core = next(row for row in rows if row.startswith(f"nt.{kernel_name}.core"))
        assert core.split()[1] == "core"
        assert "alive" in core
        assert f"kernel {os.getpid()}" in core
        assert any(f"client {os.getpid()}" in row for row in rows)
        assert rows[-1].startswith("11 segments, ")
        assert "; 1 kernel alive; " in rows[-1]
        answer = one_object(command("doctor", kernel_name, "--json"))
        assert answer["ok"] is True
        assert answer["removed"] == []
        assert {row["state"] for row in answer["segments"]} == {"alive"}
        assert {lock["pid"] for row in answer["segments"] for lock in row["locks"] if lock["held"]} == {os.getpid()}
        assert 0 < answer["shared_memory_bytes"]["free"] <= answer["shared_memory_bytes"]["total"]


def test_leftovers_of_a_killed_kernel_are_shown_and_repaired(kernel_name: str) -> None:
    with Peer("quiet_kernel", name=kernel_name) as kernel:
        assert kernel.hear() == "started"
        kernel.kill()
    shown = command("doctor", kernel_name)
    assert shown.returncode == 1
    assert shown.stdout.count("DEAD") == 11
    assert f" {kernel.pid} " in shown.stdout
    assert "11 leftovers" in shown.stdout
    assert len(segments(kernel_name)) == 11
    answer = command("doctor", kernel_name, "--json")
    assert answer.returncode == 1
    assert one_object(answer)["ok"] is False
    repaired = command("doctor", kernel_name, "--repair")
    assert repaired.returncode == 0
    assert repaired.stdout.count("removed nt.") == 11
    assert segments(kernel_name) == []
    again = command("doctor", kernel_name, "--repair", "--json")
    assert again.returncode == 0
    assert one_object(again)["removed"] == []


def test_repair_leaves_a_living_kernel_alone(kernel_name: str) -> None:
    with Market(config_of(kernel_name)) as market, market.client() as client:
        before = segments(kernel_name)
        assert command("doctor", kernel_name, "--repair").returncode == 0
        assert segments(kernel_name) == before
        market.trade(1000)
        assert client.execute("TEST", "BUY", 1, 900).status == "NEW"


def test_help_has_examples_and_a_wrong_option_exits_2() -> None:
    done = command("doctor", "--help")
    assert done.returncode == 0
    assert "neural-trader doctor es-paper --repair" in done.stdout
    assert command("doctor", "--force").returncode == 2
