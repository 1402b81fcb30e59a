"""The tests of the checks catch what they are for: each check is removed or shifted in a copy of validate.c, and the C test of that very
check has to fail."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEST = ROOT / "tests" / "c" / "test_checks.c"
FLAGS = ["-std=gnu11", "-O1", "-ffp-contract=off", "-I", str(ROOT / "csrc")]

# (text in validate.c, what the mutant has instead, the function of test_checks.c that has to fail)
MUTANTS = {
    "well_formed": ("if (!well_formed(state, order, verdict)) return;", "", "check_1_well_formed"),
    "account": ("if (order->account >= state->account_count) {", "if (0) {", "check_1_well_formed"),
    "trading_state": ("if (!trading_state(keeping, pair, order->side, order->quantity, verdict) || ", "if (", "check_2_trading_state"),
    "reducing": ("if (open > 0 && working <= open) return 1;", "return 1;", "check_2_trading_state"),
    "instrument": ("if (order->instrument >= state->instrument_count) {", "if (0) {", "check_3_session"),
    "session": ("if (market->session == NT_SESSION_OPEN) return 1;", "return 1;", "check_3_session"),
    "duplicate": ("if (order->client_order_id <= client->last_id) {", "if (0) {", "check_5_duplicate"),
    "duplicate_equal": (
        "if (order->client_order_id <= client->last_id) {",
        "if (order->client_order_id < client->last_id) {",
        "check_5_duplicate",
    ),
    "slot": ("if (slot->client_order_id != 0) {", "if (0) {", "check_5_duplicate"),
    "quantity": (
        "if (!quantity_check(market, pair, order->quantity, verdict)) return;\n  if (order->type",
        "if (order->type",
        "check_7_quantity",
    ),
    "quantity_maximum": ("} else if (quantity > maximum) {", "} else if (quantity > maximum + 1) {", "check_7_quantity"),
    "quantity_minimum": ("} else if (quantity < market->minimum_quantity) {", "} else if (0) {", "check_7_quantity"),
    "lot": (
        "} else if (!nt_divides(market->lot_inverse, market->lot_bound, market->lot_shift, quantity)) {",
        "} else if (0) {",
        "check_7_quantity",
    ),
    "price": ("if (order->type == NT_ORDER_LIMIT && !price_check(market, order->price, verdict)) return;", "", "check_8_price"),
    "price_maximum": ("price > market->maximum_price || price", "price > market->maximum_price + 25 || price", "check_8_price"),
    "tick": (
        "} else if (!nt_divides(market->tick_inverse, market->tick_bound, market->tick_shift, price)) {",
        "} else if (0) {",
        "check_8_price",
    ),
    "freshness": ("if (!freshness(market, pair, state->now, verdict)) return;\n  if (order->type", "if (order->type", "check_10_freshness"),
    "freshness_by_one": ("market->quote_ts <= pair->max_quote_age_ns", "market->quote_ts < pair->max_quote_age_ns", "check_10_freshness"),
    "freshness_open": ("if (market->quote_ts == NT_ABSENT || !has_quote(market)) {", "if (0) {", "check_10_freshness"),
    "collar": (
        "if (order->type == NT_ORDER_LIMIT && !collar(market, pair, order->side, order->price, verdict)) return;",
        "",
        "check_11_collar",
    ),
    "collar_by_one": ("if (distance <= allowed) return 1;", "if (distance < allowed) return 1;", "check_11_collar"),
    "notional": ("if (!notional(market, pair, order, order->price, order->quantity, verdict)) return;", "", "check_12_notional"),
    "notional_by_one": (
        "if (product <= pair->product_limit) return 1;",
        "if (product < pair->product_limit) return 1;",
        "check_12_notional",
    ),
    "notional_terms": ("if (!pair->has_terms) {", "if (0) {", "check_12_notional"),
    "open_orders": ("if (keeping->open_orders >= keeping->max_open_orders) {", "if (0) {", "check_14_open_orders"),
    "open_orders_by_one": (
        "if (keeping->open_orders >= keeping->max_open_orders) {",
        "if (keeping->open_orders > keeping->max_open_orders) {",
        "check_14_open_orders",
    ),
    "position": ("if (!position(pair, order->side, order->quantity, verdict)) return;", "", "check_15_position"),
    "position_by_one": ("if (worst <= limit) return 1;", "if (worst < limit) return 1;", "check_15_position"),
    "rate": ("if (next - now <= keeping->rate_tolerance_ns) {", "if (1) {", "check_19_rate"),
    "rate_by_one": ("if (next - now <= keeping->rate_tolerance_ns) {", "if (next - now < keeping->rate_tolerance_ns) {", "check_19_rate"),
    "daily_loss": ("if (keeping->state_reason == NT_REASON_DAILY_LOSS_LIMIT) {", "if (0) {", "check_22_daily_loss"),
}


@pytest.fixture(scope="module")
def objects(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Everything that is not mutated, compiled once."""
    directory = tmp_path_factory.mktemp("objects")
    sources = [path for path in (ROOT / "csrc").glob("*.c") if path.name != "validate.c"]
    sources += [ROOT / "csrc" / "platform" / "posix.c", TEST]
    subprocess.run(["gcc", *FLAGS, "-c", *map(str, sources)], check=True, cwd=directory)
    return sorted(directory.glob("*.o"))


def outcome(objects: list[Path], directory: Path, code: str) -> str | None:
    """The function of test_checks.c that fails with this validate.c, None when all pass."""
    (directory / "validate.c").write_text(code, encoding="utf-8")
    command = [
        "gcc",
        *FLAGS,
        "-w",
        str(directory / "validate.c"),
        *map(str, objects),
        "-o",
        str(directory / "test"),
        "-lpthread",
        "-lrt",
        "-lm",
    ]
    subprocess.run(command, check=True)
    done = subprocess.run([directory / "test"], check=False, capture_output=True, text=True, timeout=60, env={"NT_TRACE": "1"})
    if done.returncode == 0:
        return None
    return re.findall(r"^in (\w+)$", done.stderr, re.M)[-1]


@pytest.mark.xdist_group("mutants")
def test_without_a_change_every_check_passes(objects: list[Path], tmp_path: Path) -> None:
    assert outcome(objects, tmp_path, (ROOT / "csrc" / "validate.c").read_text(encoding="utf-8")) is None


@pytest.mark.xdist_group("mutants")
@pytest.mark.parametrize("name", MUTANTS)
def test_a_removed_or_shifted_check_is_noticed(objects: list[Path], tmp_path: Path, name: str) -> None:
    text, mutant, test = MUTANTS[name]
    code = (ROOT / "csrc" / "validate.c").read_text(encoding="utf-8")
    assert code.count(text) == 1, f"{text!r} stands {code.count(text)} times in validate.c"
    assert outcome(objects, tmp_path, code.replace(text, mutant)) == test
