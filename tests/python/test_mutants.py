"""The tests catch what they are for: each check, fee and rule of an order's life is removed or shifted in a copy of its source, and the C
test of that very rule has to fail."""

from pathlib import Path

import pytest
from mutation import changed, compile_all, outcome

# (text in validate.c, what the mutant has instead, the function of test_checks.c that has to fail)
MUTANTS = {
    "well_formed": ("if (!well_formed(state, order, verdict)) return;", "", "check_1_well_formed"),
    "account": ("if (order->account >= state->account_count) {", "if (0) {", "check_1_well_formed"),
    "trading_state": (
        "if (!trading_state(state, keeping, pair, order->side, opening, order->quantity - opening, verdict) || ",
        "if (",
        "check_2_trading_state",
    ),
    "reducing": ("if (closes && working <= open) return 1;", "return 1;", "check_2_trading_state"),
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
        "if (!quantity_check(market, pair, order->quantity, verdict)) return;\n  if (order->price",
        "if (order->price",
        "check_7_quantity",
    ),
    "quantity_maximum": ("} else if (quantity > maximum) {", "} else if (quantity > maximum + 1) {", "check_7_quantity"),
    "quantity_minimum": ("} else if (quantity < market->minimum_quantity) {", "} else if (0) {", "check_7_quantity"),
    "lot": (
        "} else if (!nt_divides(market->lot_inverse, market->lot_bound, market->lot_shift, quantity)) {",
        "} else if (0) {",
        "check_7_quantity",
    ),
    "price": ("if (order->price != NT_ABSENT && !price_check(market, order->price, verdict)) return;", "", "check_8_price"),
    "price_maximum": ("price > market->maximum_price || price", "price > market->maximum_price + 25 || price", "check_8_price"),
    "tick": (
        "} else if (!nt_divides(market->tick_inverse, market->tick_bound, market->tick_shift, price)) {",
        "} else if (0) {",
        "check_8_price",
    ),
    "freshness": (
        "if (!freshness(market, pair, state->now, verdict)) return;\n  int at_once = nt",
        "int at_once = nt",
        "check_10_freshness",
    ),
    "freshness_by_one": ("market->quote_ts <= pair->max_quote_age_ns", "market->quote_ts < pair->max_quote_age_ns", "check_10_freshness"),
    "freshness_open": ("if (market->quote_ts == NT_ABSENT || !nt_has_quote(market)) {", "if (0) {", "check_10_freshness"),
    "collar": (
        "if (at_once && order->price != NT_ABSENT && !collar(market, pair, order->side, order->price, verdict)) return;",
        "",
        "check_11_collar",
    ),
    "collar_by_one": ("if (distance <= allowed) return 1;", "if (distance < allowed) return 1;", "check_11_collar"),
    "notional": ("if (!notional(pair, value, order->quantity, verdict)) return;\n  if (opens", "if (opens", "check_12_notional"),
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
    "position": ("if (!position(state, pair, order->side, opening, order->quantity - opening, verdict)) return;", "", "check_15_position"),
    "position_by_one": ("if (worst <= limit) return 1;", "if (worst < limit) return 1;", "check_15_position"),
    "rate": ("if (next - now <= tolerance) {", "if (1) {", "check_19_rate"),
    "rate_by_one": ("if (next - now <= tolerance) {", "if (next - now < tolerance) {", "check_19_rate"),
    "daily_loss": ("if (keeping->state_reason == NT_REASON_DAILY_LOSS_LIMIT) {", "if (0) {", "check_22_daily_loss"),
}


# The same for the checks of restrictions, money over all instruments, and habits: (source, test, text, instead, function)
MORE = {
    "restricted": ("validate.c", "test_checks_more.c", "if ((pair->restrictions & barred) != 0) {", "if (0) {", "check_4_restricted"),
    "order_types": ("validate.c", "test_checks_more.c", "(keeping->allowed_order_types >> type & 1) == 0", "0", "check_4_restricted"),
    "times_in_force": (
        "validate.c",
        "test_checks_more.c",
        "(keeping->allowed_times_in_force >> time_in_force & 1) == 0",
        "0",
        "check_4_restricted",
    ),
    "short_sale": (
        "validate.c",
        "test_checks_more.c",
        "if (!short_sale(state, pair, order->side, opening, order->quantity - opening, verdict)) return;",
        "",
        "check_4_short_sale",
    ),
    "short_sale_by_one": (
        "validate.c",
        "test_checks_more.c",
        "if (sold <= (base > 0 ? base : 0)) return 1;",
        "if (1) return 1;",
        "check_4_short_sale",
    ),
    "order_age": (
        "validate.c",
        "test_checks_more.c",
        "if (nt_absolute(age) <= keeping->max_order_age_ns) return 1;",
        "if (age <= keeping->max_order_age_ns) return 1;",
        "check_6_order_age",
    ),
    "order_age_by_one": (
        "validate.c",
        "test_checks_more.c",
        "if (nt_absolute(age) <= keeping->max_order_age_ns) return 1;",
        "if (nt_absolute(age) < keeping->max_order_age_ns) return 1;",
        "check_6_order_age",
    ),
    "minimum_notional": (
        "validate.c",
        "test_checks_more.c",
        "if (product >= pair->minimum_product) return 1;",
        "if (product > pair->minimum_product) return 1;",
        "check_13_minimum_notional",
    ),
    "open_notional": (
        "validate.c",
        "test_checks_more.c",
        "if (total > keeping->max_open_notional) {",
        "if (total >= keeping->max_open_notional) {",
        "check_17_open_notional",
    ),
    "gross_exposure": (
        "validate.c",
        "test_checks_more.c",
        "if (gross > keeping->max_gross_exposure) {",
        "if (gross >= keeping->max_gross_exposure) {",
        "check_17_gross_exposure",
    ),
    "unvalued": (
        "validate.c",
        "test_checks_more.c",
        "added->price != NT_ABSENT && keeping->unvalued == 0",
        "added->price != NT_ABSENT",
        "check_17_gross_exposure",
    ),
    "buying_power": ("validate.c", "test_checks_more.c", "if (need <= free) return 1;", "return 1;", "check_18_buying_power"),
    "buying_power_by_one": (
        "validate.c",
        "test_checks_more.c",
        "if (need <= free) return 1;",
        "if (need < free) return 1;",
        "check_18_buying_power",
    ),
    "reserve_of_fees": (
        "exposure.h",
        "test_checks_more.c",
        "  nt_wide fees = nt_ratio_up(&pair->fee, working);",
        "  nt_wide fees = 0;",
        "check_18_buying_power",
    ),
    "reserve_of_shares": (
        "exposure.h",
        "test_checks_more.c",
        "  if (pair->fee_ppb != 0) fees",
        "  if (0) fees",
        "check_18_buying_power",
    ),
    "cancels": (
        "orders.c",
        "test_checks_more.c",
        "if (verdict.reason == 0) nt_validate_cancel(state, entry->account, &verdict, &cancel_next);",
        "",
        "check_19_cancels",
    ),
    "duplicative": (
        "validate.c",
        "test_checks_habits.c",
        "if (nt_elapsed(state->now, then) >= keeping->duplicate_window_ns) return 1;",
        "if (nt_elapsed(state->now, then) > keeping->duplicate_window_ns) return 1;",
        "check_20_duplicative",
    ),
    "kinds_of_orders": (
        "validate.c",
        "test_checks_habits.c",
        "} else if (set->keys[6] == 0 || state->now >= set->room_at) {",
        "} else {",
        "check_20_many_kinds",
    ),
    "repeated_fills": (
        "validate.c",
        "test_checks_habits.c",
        "if (habits->fills <= keeping->max_fills) return 1;",
        "return 1;",
        "check_20_repeated_execution",
    ),
    "daily_value": (
        "validate.c",
        "test_checks_habits.c",
        "if (total <= keeping->max_daily_value) return 1;",
        "if (total < keeping->max_daily_value) return 1;",
        "check_21_daily_value",
    ),
    "self_trade": (
        "exposure.h",
        "test_checks_habits.c",
        "return side == NT_SIDE_BUY ? price >= own : price <= own;",
        "return side == NT_SIDE_BUY ? price > own : price < own;",
        "check_23_newest",
    ),
    "both_prices_of_a_replace": (
        "exposure.c",
        "test_checks_habits.c",
        "price > entry->own_price : price < entry->own_price",
        "0 : 0",
        "check_23_pending_replace",
    ),
    "triggered_orders_stand_in_the_book": (
        "exposure.c",
        "test_checks_types.c",
        "  if (entry->price != NT_ABSENT) nt_own_insert(state, entry, entry->price);\n",
        "",
        "a_stop_trades_with_nobody_yet",
    ),
    "value_of_a_stop": (
        "exposure.h",
        "test_checks_types.c",
        "    value = nt_worse(value, trigger_price);\n",
        "",
        "a_stop_is_worth_its_trigger",
    ),
    "value_of_a_reached_trigger": (
        "exposure.h",
        "test_checks_types.c",
        "if (!nt_trades_at_once(market, type, side, trigger_price)) return value;",
        "return value;",
        "what_trades_at_once_is_worth_the_market",
    ),
    "value_of_a_limit_through_the_quote": (
        "exposure.h",
        "test_checks_types.c",
        "nt_crosses(side, price, opposite) ? nt_worse(value, opposite) : value",
        "nt_crosses(side, price, opposite) ? value : value",
        "what_trades_at_once_is_worth_the_market",
    ),
    "a_quote_reaches_a_trigger": (
        "exposure.h",
        "test_checks_types.c",
        "market->last >= trigger_price || market->ask > trigger_price;",
        "market->last >= trigger_price;",
        "what_trades_at_once_is_worth_the_market",
    ),
    "collar_of_a_reached_trigger": (
        "validate.c",
        "test_checks_types.c",
        "if (at_once && order->price != NT_ABSENT && !collar(",
        "if (order->type == NT_ORDER_LIMIT && !collar(",
        "a_reached_trigger_counts_in_a_replace",
    ),
    "triggered_stays_triggered": (
        "validate.c",
        "test_checks_types.c",
        "int at_once = entry->triggered || nt_trades",
        "int at_once = nt_trades",
        "a_reached_trigger_counts_in_a_replace",
    ),
    "what_reduces_counts_in_exposure": (
        "validate.c",
        "test_checks_types.c",
        "nt_base_position(state, pair, side, added->reducing);",
        "pair->position;",
        "what_only_reduces_counts_in_exposure",
    ),
    "what_reduces_counts_in_the_sums": (
        "exposure.c",
        "test_checks_types.c",
        "nt_base_position(state, pair, NT_SIDE_SELL, 0)",
        "pair->position",
        "what_only_reduces_counts_in_exposure",
    ),
    "rate_of_a_self_trade": (
        "validate.c",
        "test_checks_habits.c",
        "rate_next) || !at_once) return;\n  self_trade(state, keeping, order->account",
        "rate_next) && 0) return;\n  self_trade(state, keeping, order->account",
        "check_23_takes_the_rate",
    ),
    "what_reduces_counts_with_what_opens": (
        "exposure.h",
        "test_checks_types.c",
        "  if (!pair->reduces && reducing == 0) return pair->position;\n",
        "  if (1) return pair->position;\n",
        "what_only_reduces_counts_with_what_may_open",
    ),
    "reduce_only_adds_nothing": (
        "exposure.c",
        "test_checks_types.c",
        "  if (entry->reduce_only) change = 0;\n",
        "",
        "what_only_reduces_adds_nothing",
    ),
}

# (source, test, text, what the mutant has instead, the function that has to fail)
LIFECYCLE = {
    "fee_side": (
        "accounts.c",
        "test_accounts.c",
        "liquidity == NT_LIQUIDITY_MAKER ? pair->fee_maker : pair->fee_taker",
        "pair->fee_taker",
        "fees_are_rounded_against_the_trader",
    ),
    "fee_of_the_money": (
        "accounts.c",
        "test_accounts.c",
        "return nt_sum(fee, nt_fee_of(money, ppb));",
        "return fee;",
        "fees_of_the_money_of_a_fill",
    ),
    "rebate_rounding": (
        "accounts.c",
        "test_accounts.c",
        "int64_t money = ppb > 0 ? nt",
        "int64_t money = 1 ? nt",
        "fees_of_the_money_of_a_fill",
    ),
    "fee_rounding": (
        "accounts.c",
        "test_accounts.c",
        "int64_t fee = -nt_money_floor(-product, 1, state->quantity_scale[entry->instrument]);",
        "int64_t fee = nt_money_floor(product, 1, state->quantity_scale[entry->instrument]);",
        "fees_are_rounded_against_the_trader",
    ),
    "realized": (
        "accounts.c",
        "test_accounts.c",
        "ledger->realized += (nt_wide)price * closed * -direction - share;",
        "ledger->realized += (nt_wide)price * closed * -direction;",
        "a_position_opens_closes_and_turns",
    ),
    "working_after_a_fill": ("accounts.c", "test_orders.c", "  *working -= quantity;\n", "", "replaces_and_cancels"),
    "daily_loss_limit": (
        "accounts.c",
        "test_accounts.c",
        "if (nt_account_day_pnl(keeping) > -keeping->max_daily_loss) return;",
        "if (nt_account_day_pnl(keeping) >= -keeping->max_daily_loss) return;",
        "a_daily_loss_halts_one_account",
    ),
    "former_state_after_a_reject": (
        "orders.c",
        "test_orders.c",
        "        nt_exposure_replaced(state, entry, 0);\n        entry->status = pending_status(entry);\n",
        "        nt_exposure_replaced(state, entry, 0);\n",
        "latency_and_races",
    ),
    "pending_cancel_first": (
        "orders.c",
        "test_reports.c",
        "if (entry->pending_cancel) return NT_STATUS_PENDING_CANCEL;",
        "",
        "what_is_pending",
    ),
    "reserve_of_a_replace": (
        "orders.c",
        "test_replace.c",
        "    work(state, entry, entry->reserved_extra);\n",
        "",
        "replace_2_trading_state",
    ),
    "strictly_through": (
        "paper_venue.c",
        "test_orders.c",
        "print < price : print > price;",
        "print <= price : print >= price;",
        "limit_orders_need_a_print_strictly_through",
    ),
    "volume_is_shared": ("paper_venue.c", "test_orders.c", "      volume -= quantity;\n", "", "limit_orders_need_a_print_strictly_through"),
    "slippage": (
        "paper_venue.c",
        "test_orders.c",
        "print + market->slippage : print - market->slippage",
        "print : print",
        "market_orders_take_the_next_print_of_their_side",
    ),
    "never_worse_than_its_limit": (
        "paper_venue.c",
        "test_venue.c",
        "if (entry->side == NT_SIDE_BUY) return price < entry->venue_price ? price : entry->venue_price;",
        "if (entry->side == NT_SIDE_BUY) return price;",
        "random_histories",
    ),
    "whole_or_nothing": (
        "paper_venue.c",
        "test_orders.c",
        "return quantity < leaves && entry->time_in_force == NT_TIF_FOK ? 0 : quantity;",
        "return quantity;",
        "times_in_force",
    ),
    "trigger_price": (
        "paper_venue.c",
        "test_order_types.c",
        "last >= price : last <= price;",
        "last > price : last < price;",
        "triggers_wait_for_their_price",
    ),
    "trailing_comes_back": (
        "paper_venue.c",
        "test_order_types.c",
        "if (entry->trigger_price == NT_ABSENT || closer) entry",
        "if (1) entry",
        "a_trailing_stop_follows",
    ),
    "reduce_only_at_the_fill": (
        "paper_venue.c",
        "test_order_types.c",
        "if (entry->reduce_only && quantity > nt_venue_reducible(state, entry)) quantity = nt_venue_reducible(state, entry);",
        "",
        "reduce_only_closes_and_opens_nothing",
    ),
    "slice": (
        "paper_venue.c",
        "test_order_types.c",
        "if (entry->displayed != 0 && quantity > entry->displayed) quantity = entry->displayed;",
        "",
        "an_iceberg_shows_slices",
    ),
    "slice_goes_behind": (
        "paper_venue.c",
        "test_order_types.c",
        "    entry->priority = state->next_priority++;\n",
        "",
        "an_iceberg_shows_slices",
    ),
    "held_until_the_first_trades": (
        "paper_venue.c",
        "test_order_types.c",
        "if (entry->contingency != NT_CONTINGENCY_BRACKET || entry->fate == NT_FATE_RELEASED) enter(state, index);",
        "enter(state, index);",
        "what_is_held_is_not_triggered",
    ),
    "one_cancels_the_other": (
        "paper_venue.c",
        "test_order_types.c",
        "    if (entry->contingency == NT_CONTINGENCY_OCO || other->contingency == NT_CONTINGENCY_OCO) {",
        "    if (0) {",
        "one_cancels_the_other",
    ),
    "post_only_on_arrival": (
        "paper_venue.c",
        "test_order_types.c",
        "} else if (entry->post_only && marketable(state, entry)) {",
        "} else if (0) {",
        "post_only_does_not_take",
    ),
    "reduce_only": (
        "order_types.c",
        "test_order_types.c",
        "if (working <= open) return 1;",
        "return 1;",
        "reduce_only_closes_and_opens_nothing",
    ),
    "reduce_only_by_one": (
        "order_types.c",
        "test_order_types.c",
        "if (working <= open) return 1;",
        "if (working < open) return 1;",
        "reduce_only_closes_and_opens_nothing",
    ),
    "expiry_by_one": (
        "order_types.c",
        "test_order_types.c",
        "if (order->expire_ts > state->now) return 1;",
        "if (order->expire_ts >= state->now) return 1;",
        "gtd_ends_at_its_time",
    ),
    "post_only_by_one": (
        "order_types.c",
        "test_order_types.c",
        "order->price < opposite : order->price > opposite",
        "order->price <= opposite : order->price >= opposite",
        "post_only_does_not_take",
    ),
    "the_first_of_a_list": (
        "order_types.c",
        "test_order_types.c",
        " || first->contingency != 0) return NULL;",
        ") return NULL;",
        "lists_need_their_first",
    ),
    "requests_before_expiries": (
        "apply.c",
        "test_order_types.c",
        "    } else if (in != due) {\n      nt_venue_expire(state);",
        "    } else if (nt_expiry_due(state) == due) {\n      nt_venue_expire(state);",
        "a_cancel_beats_its_expiry",
    ),
    "queue": (
        "queue_model.c",
        "test_queue_model.c",
        "      entry->queue_ahead -= tick->size;\n",
        "      entry->queue_ahead = -tick->size;\n",
        "a_queue_is_shortened_by_trades",
    ),
    "queue_is_at_most_what_is_shown": (
        "queue_model.c",
        "test_queue_model.c",
        "if (entry->queue_ahead > after) entry->queue_ahead = after;",
        "",
        "a_queue_is_shortened_by_trades",
    ),
    "share_of_what_left": (
        "queue_model.c",
        "test_queue_model.c",
        "ahead -= (int64_t)((nt_wide)left * ahead / whole);",
        "ahead -= left;",
        "what_leaves_the_queue",
    ),
    "taken_at_a_quote": ("queue_model.c", "test_queue_model.c", "    *taken = nt_sum(*taken, quantity);\n", "", "takers_fill_at_the_quote"),
    "levels_of_a_queue": (
        "queue_model.c",
        "test_queue_book.c",
        "    if (entry->venue_price != price) break;\n",
        "",
        "other_prices_are_left_alone",
    ),
    "takers_reach": ("queue_model.c", "test_queue_book.c", "    if (!reaches(entry, price)) break;\n", "", "takers_walk_the_levels"),
    "queue_of_a_level": (
        "queue_model.c",
        "test_queue_book.c",
        "side_of(entry), entry->venue_price);\n  } else if (better)",
        "side_of(entry), best);\n  } else if (better)",
        "a_queue_is_what_is_displayed_at_its_price",
    ),
    "no_quote_of_a_stale_book": (
        "book.c",
        "test_queue_book.c",
        "  depth->whole = 0;\n",
        "",
        "what_is_not_known_is_not_assumed",
    ),
    "taken_by_what_rested": (
        "queue_model.c",
        "test_queue_model.c",
        "      *taken = nt_sum(*taken, quantity); /* before",
        "      /* before",
        "a_quote_fills_no_more_than_its_size",
    ),
    "nothing_left_to_reduce": (
        "paper_venue.c",
        "test_queue_model.c",
        "  if (!entry->reduce_only || entry->place",
        "  if (1 || entry->place",
        "nothing_left_to_reduce",
    ),
    "a_list_learns_of_a_taker": (
        "queue_model.c",
        "test_lists.c",
        "  if (left < wanted) nt_venue_traded(state, index);\n",
        "",
        "takers_are_done_before_their_list_learns",
    ),
    "linked_on_its_way": (
        "paper_venue.c",
        "test_lists.c",
        "    cancel_linked(state, index); /* as",
        "    finish(state, index, NT_EXEC_CANCELED, NT_REASON_LINKED_ORDER); /* as",
        "one_cancels_the_other_at_any_latency",
    ),
    "held_at_the_close": (
        "paper_venue.c",
        "test_lists.c",
        "    if (entries[i].place == NT_PLACE_HELD) state->scratch[count++] = i;\n",
        "",
        "a_held_order_does_not_outlive_its_session",
    ),
    "mass_cancel_of_one_account": (
        "orders.c",
        "test_orders.c",
        "if (entries[i].account == order->account && (",
        "if ((",
        "a_mass_cancel_is_of_one_account",
    ),
    "late_cancel_of_the_kernel": (
        "orders.c",
        "test_orders.c",
        "      if (answer->request_id == 0) {",
        "      if (0) {",
        "a_late_cancel_of_the_kernel_is_no_news",
    ),
    "implied_quotes_fill_nobody": (
        "paper_venue.c",
        "test_queue_model.c",
        "return !market->implied && market",
        "return market",
        "without_a_quote_takers_are_rejected",
    ),
}


@pytest.fixture(scope="module")
def objects(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The core, compiled once."""
    directory = tmp_path_factory.mktemp("objects")
    compile_all(directory)
    return directory


@pytest.mark.xdist_group("mutants")
@pytest.mark.parametrize("name", MUTANTS)
def test_a_removed_or_shifted_check_is_noticed(objects: Path, tmp_path: Path, name: str) -> None:
    text, mutant, test = MUTANTS[name]
    assert outcome(objects, tmp_path, "validate.c", changed("validate.c", text, mutant), "test_checks.c") == test


@pytest.mark.xdist_group("mutants")
@pytest.mark.parametrize("name", [*MORE, *LIFECYCLE])
def test_a_changed_rule_is_noticed(objects: Path, tmp_path: Path, name: str) -> None:
    source, file, text, mutant, test = (MORE | LIFECYCLE)[name]
    assert outcome(objects, tmp_path, source, changed(source, text, mutant), file) == test


@pytest.mark.xdist_group("mutants")
@pytest.mark.parametrize("file", sorted({"test_checks.c", *(row[1] for row in (MORE | LIFECYCLE).values())}))
def test_without_a_change_every_test_passes(objects: Path, tmp_path: Path, file: str) -> None:
    assert outcome(objects, tmp_path, "validate.c", changed("validate.c", "Pre-trade checks", "Checks"), file) is None
