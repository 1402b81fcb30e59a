"""Validation of a new order: 1,000 instruments, 10,000 working orders, instruments at random, every check on."""

from __future__ import annotations

from harness import Bench, compile_program, run_json

GROUP = "validate"


def measure(bench: Bench) -> None:
    """Accepted, per check, and denied."""
    rounds = 10 if bench.quick else 60
    bench.progress(f"validate: {rounds} rounds")
    found = run_json([compile_program("validate"), str(rounds)], timeout_s=300)
    accepted = found.pop("accepted")
    bench.put("validate.accepted_ns", accepted["p50"])
    bench.put("validate.accepted", {f"{name}_ns": value for name, value in accepted.items()})
    note = f"p99 {accepted['p99']:.0f} ns, worst batch {accepted['worst']:.0f} ns; 1,000 instruments, 10,000 working orders, random"
    bench.row(GROUP, "accepted order, every check on", accepted["p50"], "ns", target=50, note=note)
    for name, figures in found.items():
        kind, _, check = name.partition(" ")
        if kind == "without":
            check = check.removesuffix(" limit")
            cost = accepted["p50"] - figures["p50"]
            bench.put(f"validate.check_ns.{check}", cost)
            bench.row(GROUP, f"{check} adds", cost, "ns", note="accepted, less the same with this limit off")
        else:
            bench.put(f"validate.denied_ns.{check}", figures["p50"])
            bench.row(GROUP, f"denied by {check}", figures["p50"], "ns", note=f"with all before it; p99 {figures['p99']:.0f} ns")
