"""Orders: from submit to report between two processes, and what an order costs after many others."""

from __future__ import annotations

import statistics

from harness import Bench, compile_program, ratios, run_json, spread

GROUP = "order"
ORDERS = 1_000_000


def measure(bench: Bench) -> None:
    """Both."""
    program = compile_program("order")
    runs, trips = (9, 10_000) if bench.quick else (31, 20_000)
    bench.progress(f"order: submit to report between two processes, {runs} runs of {trips:,} in turn with the ping-pong")
    found = run_json([program, "trips", str(runs), str(trips)], timeout_s=300)
    floor, orders = found["ping_pong"], found["order"]
    floor_ns = statistics.median(floor["p50_ns"])
    for name, target in (("p50", 8.0), ("p99", 40.0)):
        series = orders[f"{name}_ns"]
        over = spread(ratios(series, floor["p50_ns"]))
        bench.put(f"order.submit_to_report_ns.{name}", statistics.median(series))
        bench.put(f"order.submit_to_report_over_ping_pong.{name}", over)
        note = f"{statistics.median(series):.0f} ns over a ping-pong of {floor_ns:.0f} ns (its median); worst run {over['worst']:.1f} x"
        bench.row(GROUP, f"client process → kernel process → report, {name} / ping-pong", over["median"], "x", target=target, note=note)
    bench.put("order.submit_to_report_ns.p999", statistics.median(orders["p999_ns"]))
    bench.put("order.submit_to_report_ns.worst_run_p99", max(orders["p99_ns"]))
    bench.put("order.ping_pong_ns.p50", floor_ns)

    runs = 3 if bench.quick else 9
    bench.progress(f"order: cost of one order after up to {ORDERS:,} others, {runs} runs")
    found = run_json([program, "cost", str(runs), str(ORDERS)], timeout_s=300)
    for after, series in found.items():
        bench.put(f"order.cost_ns.{after}", spread(series))
    over = spread(ratios(found[str(ORDERS)], found["10"]))
    bench.put("order.cost_ratio_1m_over_10", over["median"])
    first_ns, last_ns = statistics.median(found["10"]), statistics.median(found[str(ORDERS)])
    note = f"{first_ns:.0f} ns after 10, {last_ns:.0f} ns after 1,000,000; worst run {over['worst']:.2f} x"
    bench.row(GROUP, "cost of an order after 1,000,000 / after 10", over["median"], "x", target=1.2, note=note)
    warm = spread(ratios(found[str(ORDERS)], found["10000"]))
    bench.put("order.cost_ratio_1m_over_10k", warm["median"])
    note = "both with warm memory; submit, report, cancel, report"
    bench.row(GROUP, "cost of an order after 1,000,000 / after 10,000", warm["median"], "x", note=note)
