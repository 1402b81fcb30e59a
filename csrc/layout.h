/* Generated from csrc/neural_trader.h by csrc/bindgen.py; do not edit. */
#ifndef NT_LAYOUT_H
#define NT_LAYOUT_H

#include <stddef.h>

#include "neural_trader.h"

#define NT_LAYOUT_HASH 0xc252cc8e8f0b0b89ULL

_Static_assert(sizeof(nt_error) == 256, "nt_error");
_Static_assert(offsetof(nt_error, code) == 0, "nt_error.code");
_Static_assert(offsetof(nt_error, system_error) == 4, "nt_error.system_error");
_Static_assert(offsetof(nt_error, observed) == 8, "nt_error.observed");
_Static_assert(offsetof(nt_error, limit) == 16, "nt_error.limit");
_Static_assert(offsetof(nt_error, text) == 24, "nt_error.text");

_Static_assert(sizeof(nt_tick) == 64, "nt_tick");
_Static_assert(offsetof(nt_tick, seq) == 0, "nt_tick.seq");
_Static_assert(offsetof(nt_tick, ts_event) == 8, "nt_tick.ts_event");
_Static_assert(offsetof(nt_tick, ts_recv) == 16, "nt_tick.ts_recv");
_Static_assert(offsetof(nt_tick, bid_price) == 24, "nt_tick.bid_price");
_Static_assert(offsetof(nt_tick, ask_price) == 32, "nt_tick.ask_price");
_Static_assert(offsetof(nt_tick, bid_size) == 40, "nt_tick.bid_size");
_Static_assert(offsetof(nt_tick, ask_size) == 48, "nt_tick.ask_size");
_Static_assert(offsetof(nt_tick, price) == 24, "nt_tick.price");
_Static_assert(offsetof(nt_tick, size) == 32, "nt_tick.size");
_Static_assert(offsetof(nt_tick, trade_id) == 40, "nt_tick.trade_id");
_Static_assert(offsetof(nt_tick, aggressor) == 48, "nt_tick.aggressor");
_Static_assert(offsetof(nt_tick, instrument) == 56, "nt_tick.instrument");
_Static_assert(offsetof(nt_tick, kind) == 60, "nt_tick.kind");
_Static_assert(offsetof(nt_tick, flags) == 61, "nt_tick.flags");
_Static_assert(offsetof(nt_tick, venue) == 62, "nt_tick.venue");

_Static_assert(sizeof(nt_order) == 128, "nt_order");
_Static_assert(offsetof(nt_order, seq) == 0, "nt_order.seq");
_Static_assert(offsetof(nt_order, ts) == 8, "nt_order.ts");
_Static_assert(offsetof(nt_order, client_order_id) == 16, "nt_order.client_order_id");
_Static_assert(offsetof(nt_order, price) == 24, "nt_order.price");
_Static_assert(offsetof(nt_order, trigger_price) == 32, "nt_order.trigger_price");
_Static_assert(offsetof(nt_order, quantity) == 40, "nt_order.quantity");
_Static_assert(offsetof(nt_order, instrument) == 48, "nt_order.instrument");
_Static_assert(offsetof(nt_order, account) == 52, "nt_order.account");
_Static_assert(offsetof(nt_order, strategy) == 54, "nt_order.strategy");
_Static_assert(offsetof(nt_order, message) == 56, "nt_order.message");
_Static_assert(offsetof(nt_order, side) == 57, "nt_order.side");
_Static_assert(offsetof(nt_order, type) == 58, "nt_order.type");
_Static_assert(offsetof(nt_order, time_in_force) == 59, "nt_order.time_in_force");
_Static_assert(offsetof(nt_order, flags) == 60, "nt_order.flags");
_Static_assert(offsetof(nt_order, original_client_order_id) == 64, "nt_order.original_client_order_id");
_Static_assert(offsetof(nt_order, expire_ts) == 72, "nt_order.expire_ts");
_Static_assert(offsetof(nt_order, display_quantity) == 80, "nt_order.display_quantity");
_Static_assert(offsetof(nt_order, user_tag) == 88, "nt_order.user_tag");
_Static_assert(offsetof(nt_order, trailing_offset) == 96, "nt_order.trailing_offset");
_Static_assert(offsetof(nt_order, list_id) == 104, "nt_order.list_id");
_Static_assert(offsetof(nt_order, contingency) == 112, "nt_order.contingency");
_Static_assert(offsetof(nt_order, reserved0) == 113, "nt_order.reserved0");
_Static_assert(offsetof(nt_order, reserved) == 120, "nt_order.reserved");

_Static_assert(sizeof(nt_report) == 128, "nt_report");
_Static_assert(offsetof(nt_report, seq) == 0, "nt_report.seq");
_Static_assert(offsetof(nt_report, ts_event) == 8, "nt_report.ts_event");
_Static_assert(offsetof(nt_report, client_order_id) == 16, "nt_report.client_order_id");
_Static_assert(offsetof(nt_report, last_price) == 24, "nt_report.last_price");
_Static_assert(offsetof(nt_report, last_quantity) == 32, "nt_report.last_quantity");
_Static_assert(offsetof(nt_report, leaves_quantity) == 40, "nt_report.leaves_quantity");
_Static_assert(offsetof(nt_report, cumulative_quantity) == 48, "nt_report.cumulative_quantity");
_Static_assert(offsetof(nt_report, exec_type) == 56, "nt_report.exec_type");
_Static_assert(offsetof(nt_report, order_status) == 57, "nt_report.order_status");
_Static_assert(offsetof(nt_report, side) == 58, "nt_report.side");
_Static_assert(offsetof(nt_report, liquidity) == 59, "nt_report.liquidity");
_Static_assert(offsetof(nt_report, reason) == 60, "nt_report.reason");
_Static_assert(offsetof(nt_report, check) == 62, "nt_report.check");
_Static_assert(offsetof(nt_report, ts_recv) == 64, "nt_report.ts_recv");
_Static_assert(offsetof(nt_report, venue_order_id) == 72, "nt_report.venue_order_id");
_Static_assert(offsetof(nt_report, execution_id) == 80, "nt_report.execution_id");
_Static_assert(offsetof(nt_report, fee) == 88, "nt_report.fee");
_Static_assert(offsetof(nt_report, observed) == 96, "nt_report.observed");
_Static_assert(offsetof(nt_report, limit) == 104, "nt_report.limit");
_Static_assert(offsetof(nt_report, instrument) == 112, "nt_report.instrument");
_Static_assert(offsetof(nt_report, account) == 116, "nt_report.account");
_Static_assert(offsetof(nt_report, strategy) == 118, "nt_report.strategy");
_Static_assert(offsetof(nt_report, fix_reason) == 120, "nt_report.fix_reason");
_Static_assert(offsetof(nt_report, channel) == 122, "nt_report.channel");
_Static_assert(offsetof(nt_report, flags) == 124, "nt_report.flags");
_Static_assert(offsetof(nt_report, unit) == 126, "nt_report.unit");
_Static_assert(offsetof(nt_report, reserved) == 127, "nt_report.reserved");

_Static_assert(sizeof(nt_command) == 64, "nt_command");
_Static_assert(offsetof(nt_command, seq) == 0, "nt_command.seq");
_Static_assert(offsetof(nt_command, request) == 8, "nt_command.request");
_Static_assert(offsetof(nt_command, kind) == 16, "nt_command.kind");
_Static_assert(offsetof(nt_command, state) == 17, "nt_command.state");
_Static_assert(offsetof(nt_command, account) == 18, "nt_command.account");
_Static_assert(offsetof(nt_command, result) == 20, "nt_command.result");
_Static_assert(offsetof(nt_command, reason) == 24, "nt_command.reason");

_Static_assert(sizeof(nt_working_order) == 64, "nt_working_order");
_Static_assert(offsetof(nt_working_order, seq) == 0, "nt_working_order.seq");
_Static_assert(offsetof(nt_working_order, request) == 8, "nt_working_order.request");
_Static_assert(offsetof(nt_working_order, kind) == 16, "nt_working_order.kind");
_Static_assert(offsetof(nt_working_order, side) == 17, "nt_working_order.side");
_Static_assert(offsetof(nt_working_order, account) == 18, "nt_working_order.account");
_Static_assert(offsetof(nt_working_order, cursor) == 20, "nt_working_order.cursor");
_Static_assert(offsetof(nt_working_order, client_order_id) == 24, "nt_working_order.client_order_id");
_Static_assert(offsetof(nt_working_order, price) == 32, "nt_working_order.price");
_Static_assert(offsetof(nt_working_order, trigger_price) == 40, "nt_working_order.trigger_price");
_Static_assert(offsetof(nt_working_order, leaves_quantity) == 48, "nt_working_order.leaves_quantity");
_Static_assert(offsetof(nt_working_order, instrument) == 56, "nt_working_order.instrument");
_Static_assert(offsetof(nt_working_order, channel) == 60, "nt_working_order.channel");
_Static_assert(offsetof(nt_working_order, type) == 61, "nt_working_order.type");
_Static_assert(offsetof(nt_working_order, status) == 62, "nt_working_order.status");
_Static_assert(offsetof(nt_working_order, time_in_force) == 63, "nt_working_order.time_in_force");

_Static_assert(sizeof(nt_frame) == 64, "nt_frame");
_Static_assert(offsetof(nt_frame, bytes) == 0, "nt_frame.bytes");
_Static_assert(offsetof(nt_frame, crc32c) == 4, "nt_frame.crc32c");
_Static_assert(offsetof(nt_frame, sequence) == 8, "nt_frame.sequence");
_Static_assert(offsetof(nt_frame, ts) == 16, "nt_frame.ts");
_Static_assert(offsetof(nt_frame, order_index) == 24, "nt_frame.order_index");
_Static_assert(offsetof(nt_frame, client_order_id) == 32, "nt_frame.client_order_id");
_Static_assert(offsetof(nt_frame, channel) == 40, "nt_frame.channel");
_Static_assert(offsetof(nt_frame, input) == 42, "nt_frame.input");
_Static_assert(offsetof(nt_frame, reports) == 44, "nt_frame.reports");
_Static_assert(offsetof(nt_frame, instrument) == 48, "nt_frame.instrument");
_Static_assert(offsetof(nt_frame, input_bytes) == 52, "nt_frame.input_bytes");
_Static_assert(offsetof(nt_frame, reserved) == 56, "nt_frame.reserved");

_Static_assert(sizeof(nt_kernel_config) == 128, "nt_kernel_config");
_Static_assert(offsetof(nt_kernel_config, name) == 0, "nt_kernel_config.name");
_Static_assert(offsetof(nt_kernel_config, clock) == 32, "nt_kernel_config.clock");
_Static_assert(offsetof(nt_kernel_config, participants) == 36, "nt_kernel_config.participants");
_Static_assert(offsetof(nt_kernel_config, channels) == 40, "nt_kernel_config.channels");
_Static_assert(offsetof(nt_kernel_config, order_capacity) == 44, "nt_kernel_config.order_capacity");
_Static_assert(offsetof(nt_kernel_config, ring_capacity) == 48, "nt_kernel_config.ring_capacity");
_Static_assert(offsetof(nt_kernel_config, tick_capacity) == 52, "nt_kernel_config.tick_capacity");
_Static_assert(offsetof(nt_kernel_config, instruments) == 56, "nt_kernel_config.instruments");
_Static_assert(offsetof(nt_kernel_config, accounts) == 60, "nt_kernel_config.accounts");
_Static_assert(offsetof(nt_kernel_config, journal_bytes) == 64, "nt_kernel_config.journal_bytes");
_Static_assert(offsetof(nt_kernel_config, record) == 68, "nt_kernel_config.record");
_Static_assert(offsetof(nt_kernel_config, latency_in_ns) == 72, "nt_kernel_config.latency_in_ns");
_Static_assert(offsetof(nt_kernel_config, latency_out_ns) == 80, "nt_kernel_config.latency_out_ns");
_Static_assert(offsetof(nt_kernel_config, slippage_ticks) == 88, "nt_kernel_config.slippage_ticks");
_Static_assert(offsetof(nt_kernel_config, fill_model) == 96, "nt_kernel_config.fill_model");
_Static_assert(offsetof(nt_kernel_config, book_depth) == 100, "nt_kernel_config.book_depth");
_Static_assert(offsetof(nt_kernel_config, measured_latency) == 104, "nt_kernel_config.measured_latency");
_Static_assert(offsetof(nt_kernel_config, reserved0) == 108, "nt_kernel_config.reserved0");
_Static_assert(offsetof(nt_kernel_config, reserved) == 112, "nt_kernel_config.reserved");

_Static_assert(sizeof(nt_instrument) == 120, "nt_instrument");
_Static_assert(offsetof(nt_instrument, symbol) == 0, "nt_instrument.symbol");
_Static_assert(offsetof(nt_instrument, currency) == 32, "nt_instrument.currency");
_Static_assert(offsetof(nt_instrument, price_decimals) == 40, "nt_instrument.price_decimals");
_Static_assert(offsetof(nt_instrument, quantity_decimals) == 44, "nt_instrument.quantity_decimals");
_Static_assert(offsetof(nt_instrument, tick_size) == 48, "nt_instrument.tick_size");
_Static_assert(offsetof(nt_instrument, lot_size) == 56, "nt_instrument.lot_size");
_Static_assert(offsetof(nt_instrument, minimum_quantity) == 64, "nt_instrument.minimum_quantity");
_Static_assert(offsetof(nt_instrument, maximum_price) == 72, "nt_instrument.maximum_price");
_Static_assert(offsetof(nt_instrument, allow_negative_price) == 80, "nt_instrument.allow_negative_price");
_Static_assert(offsetof(nt_instrument, initial_session) == 84, "nt_instrument.initial_session");
_Static_assert(offsetof(nt_instrument, reserved) == 88, "nt_instrument.reserved");

_Static_assert(sizeof(nt_account) == 200, "nt_account");
_Static_assert(offsetof(nt_account, name) == 0, "nt_account.name");
_Static_assert(offsetof(nt_account, currency) == 32, "nt_account.currency");
_Static_assert(offsetof(nt_account, decimals) == 40, "nt_account.decimals");
_Static_assert(offsetof(nt_account, self_trade) == 44, "nt_account.self_trade");
_Static_assert(offsetof(nt_account, cash) == 48, "nt_account.cash");
_Static_assert(offsetof(nt_account, max_open_orders) == 56, "nt_account.max_open_orders");
_Static_assert(offsetof(nt_account, max_orders_per_second) == 64, "nt_account.max_orders_per_second");
_Static_assert(offsetof(nt_account, max_daily_loss) == 72, "nt_account.max_daily_loss");
_Static_assert(offsetof(nt_account, max_cancels_per_second) == 80, "nt_account.max_cancels_per_second");
_Static_assert(offsetof(nt_account, max_order_age_ns) == 88, "nt_account.max_order_age_ns");
_Static_assert(offsetof(nt_account, allowed_order_types) == 96, "nt_account.allowed_order_types");
_Static_assert(offsetof(nt_account, allowed_times_in_force) == 104, "nt_account.allowed_times_in_force");
_Static_assert(offsetof(nt_account, max_gross_exposure) == 112, "nt_account.max_gross_exposure");
_Static_assert(offsetof(nt_account, max_open_notional) == 120, "nt_account.max_open_notional");
_Static_assert(offsetof(nt_account, max_daily_value) == 128, "nt_account.max_daily_value");
_Static_assert(offsetof(nt_account, max_duplicate_orders) == 136, "nt_account.max_duplicate_orders");
_Static_assert(offsetof(nt_account, duplicate_window_ns) == 144, "nt_account.duplicate_window_ns");
_Static_assert(offsetof(nt_account, max_fills) == 152, "nt_account.max_fills");
_Static_assert(offsetof(nt_account, fills_window_ns) == 160, "nt_account.fills_window_ns");
_Static_assert(offsetof(nt_account, reserved) == 168, "nt_account.reserved");

_Static_assert(sizeof(nt_terms) == 136, "nt_terms");
_Static_assert(offsetof(nt_terms, account) == 0, "nt_terms.account");
_Static_assert(offsetof(nt_terms, instrument) == 4, "nt_terms.instrument");
_Static_assert(offsetof(nt_terms, restrictions) == 8, "nt_terms.restrictions");
_Static_assert(offsetof(nt_terms, reserved0) == 12, "nt_terms.reserved0");
_Static_assert(offsetof(nt_terms, value_numerator) == 16, "nt_terms.value_numerator");
_Static_assert(offsetof(nt_terms, value_denominator) == 24, "nt_terms.value_denominator");
_Static_assert(offsetof(nt_terms, fee_taker) == 32, "nt_terms.fee_taker");
_Static_assert(offsetof(nt_terms, fee_maker) == 40, "nt_terms.fee_maker");
_Static_assert(offsetof(nt_terms, max_order_quantity) == 48, "nt_terms.max_order_quantity");
_Static_assert(offsetof(nt_terms, max_order_notional) == 56, "nt_terms.max_order_notional");
_Static_assert(offsetof(nt_terms, min_order_notional) == 64, "nt_terms.min_order_notional");
_Static_assert(offsetof(nt_terms, max_position) == 72, "nt_terms.max_position");
_Static_assert(offsetof(nt_terms, price_collar_bps) == 80, "nt_terms.price_collar_bps");
_Static_assert(offsetof(nt_terms, max_quote_age_ns) == 88, "nt_terms.max_quote_age_ns");
_Static_assert(offsetof(nt_terms, initial_margin_bps) == 96, "nt_terms.initial_margin_bps");
_Static_assert(offsetof(nt_terms, fee_taker_ppb) == 104, "nt_terms.fee_taker_ppb");
_Static_assert(offsetof(nt_terms, fee_maker_ppb) == 112, "nt_terms.fee_maker_ppb");
_Static_assert(offsetof(nt_terms, reserved) == 120, "nt_terms.reserved");

_Static_assert(sizeof(nt_quote) == 72, "nt_quote");
_Static_assert(offsetof(nt_quote, ts_event) == 0, "nt_quote.ts_event");
_Static_assert(offsetof(nt_quote, ts_recv) == 8, "nt_quote.ts_recv");
_Static_assert(offsetof(nt_quote, bid_price) == 16, "nt_quote.bid_price");
_Static_assert(offsetof(nt_quote, ask_price) == 24, "nt_quote.ask_price");
_Static_assert(offsetof(nt_quote, bid_size) == 32, "nt_quote.bid_size");
_Static_assert(offsetof(nt_quote, ask_size) == 40, "nt_quote.ask_size");
_Static_assert(offsetof(nt_quote, last_price) == 48, "nt_quote.last_price");
_Static_assert(offsetof(nt_quote, last_size) == 56, "nt_quote.last_size");
_Static_assert(offsetof(nt_quote, flags) == 64, "nt_quote.flags");
_Static_assert(offsetof(nt_quote, session) == 68, "nt_quote.session");

_Static_assert(sizeof(nt_book) == 368, "nt_book");
_Static_assert(offsetof(nt_book, ts_event) == 0, "nt_book.ts_event");
_Static_assert(offsetof(nt_book, ts_recv) == 8, "nt_book.ts_recv");
_Static_assert(offsetof(nt_book, update_id) == 16, "nt_book.update_id");
_Static_assert(offsetof(nt_book, dropped) == 24, "nt_book.dropped");
_Static_assert(offsetof(nt_book, bid_count) == 32, "nt_book.bid_count");
_Static_assert(offsetof(nt_book, ask_count) == 36, "nt_book.ask_count");
_Static_assert(offsetof(nt_book, flags) == 40, "nt_book.flags");
_Static_assert(offsetof(nt_book, reserved) == 44, "nt_book.reserved");
_Static_assert(offsetof(nt_book, bid_prices) == 48, "nt_book.bid_prices");
_Static_assert(offsetof(nt_book, bid_sizes) == 128, "nt_book.bid_sizes");
_Static_assert(offsetof(nt_book, ask_prices) == 208, "nt_book.ask_prices");
_Static_assert(offsetof(nt_book, ask_sizes) == 288, "nt_book.ask_sizes");

_Static_assert(sizeof(nt_position) == 80, "nt_position");
_Static_assert(offsetof(nt_position, quantity) == 0, "nt_position.quantity");
_Static_assert(offsetof(nt_position, working_buy) == 8, "nt_position.working_buy");
_Static_assert(offsetof(nt_position, working_sell) == 16, "nt_position.working_sell");
_Static_assert(offsetof(nt_position, projected) == 24, "nt_position.projected");
_Static_assert(offsetof(nt_position, average_price) == 32, "nt_position.average_price");
_Static_assert(offsetof(nt_position, realized_pnl) == 40, "nt_position.realized_pnl");
_Static_assert(offsetof(nt_position, unrealized_pnl) == 48, "nt_position.unrealized_pnl");
_Static_assert(offsetof(nt_position, fees) == 56, "nt_position.fees");
_Static_assert(offsetof(nt_position, mark_price) == 64, "nt_position.mark_price");
_Static_assert(offsetof(nt_position, fills) == 72, "nt_position.fills");

_Static_assert(sizeof(nt_account_view) == 64, "nt_account_view");
_Static_assert(offsetof(nt_account_view, cash) == 0, "nt_account_view.cash");
_Static_assert(offsetof(nt_account_view, equity) == 8, "nt_account_view.equity");
_Static_assert(offsetof(nt_account_view, realized_pnl) == 16, "nt_account_view.realized_pnl");
_Static_assert(offsetof(nt_account_view, unrealized_pnl) == 24, "nt_account_view.unrealized_pnl");
_Static_assert(offsetof(nt_account_view, fees) == 32, "nt_account_view.fees");
_Static_assert(offsetof(nt_account_view, day_pnl) == 40, "nt_account_view.day_pnl");
_Static_assert(offsetof(nt_account_view, open_orders) == 48, "nt_account_view.open_orders");
_Static_assert(offsetof(nt_account_view, state) == 56, "nt_account_view.state");
_Static_assert(offsetof(nt_account_view, state_reason) == 60, "nt_account_view.state_reason");

_Static_assert(sizeof(nt_counters) == 640, "nt_counters");
_Static_assert(offsetof(nt_counters, inputs) == 0, "nt_counters.inputs");
_Static_assert(offsetof(nt_counters, ticks) == 8, "nt_counters.ticks");
_Static_assert(offsetof(nt_counters, slices) == 16, "nt_counters.slices");
_Static_assert(offsetof(nt_counters, orders_accepted) == 24, "nt_counters.orders_accepted");
_Static_assert(offsetof(nt_counters, orders_denied) == 32, "nt_counters.orders_denied");
_Static_assert(offsetof(nt_counters, requests_denied) == 40, "nt_counters.requests_denied");
_Static_assert(offsetof(nt_counters, orders_rejected) == 48, "nt_counters.orders_rejected");
_Static_assert(offsetof(nt_counters, cancels) == 56, "nt_counters.cancels");
_Static_assert(offsetof(nt_counters, replaces) == 64, "nt_counters.replaces");
_Static_assert(offsetof(nt_counters, fills) == 72, "nt_counters.fills");
_Static_assert(offsetof(nt_counters, reports) == 80, "nt_counters.reports");
_Static_assert(offsetof(nt_counters, reports_held) == 88, "nt_counters.reports_held");
_Static_assert(offsetof(nt_counters, frames) == 96, "nt_counters.frames");
_Static_assert(offsetof(nt_counters, frame_bytes) == 104, "nt_counters.frame_bytes");
_Static_assert(offsetof(nt_counters, deaths) == 112, "nt_counters.deaths");
_Static_assert(offsetof(nt_counters, hostile_records) == 120, "nt_counters.hostile_records");
_Static_assert(offsetof(nt_counters, denied) == 128, "nt_counters.denied");

_Static_assert(sizeof(nt_status) == 144, "nt_status");
_Static_assert(offsetof(nt_status, name) == 0, "nt_status.name");
_Static_assert(offsetof(nt_status, incarnation) == 32, "nt_status.incarnation");
_Static_assert(offsetof(nt_status, now) == 40, "nt_status.now");
_Static_assert(offsetof(nt_status, started_realtime) == 48, "nt_status.started_realtime");
_Static_assert(offsetof(nt_status, pid) == 56, "nt_status.pid");
_Static_assert(offsetof(nt_status, clock) == 60, "nt_status.clock");
_Static_assert(offsetof(nt_status, running) == 64, "nt_status.running");
_Static_assert(offsetof(nt_status, source_ended) == 68, "nt_status.source_ended");
_Static_assert(offsetof(nt_status, channels) == 72, "nt_status.channels");
_Static_assert(offsetof(nt_status, instruments) == 76, "nt_status.instruments");
_Static_assert(offsetof(nt_status, accounts) == 80, "nt_status.accounts");
_Static_assert(offsetof(nt_status, participants) == 84, "nt_status.participants");
_Static_assert(offsetof(nt_status, ticks_published) == 88, "nt_status.ticks_published");
_Static_assert(offsetof(nt_status, tick_capacity) == 96, "nt_status.tick_capacity");
_Static_assert(offsetof(nt_status, state_reason) == 104, "nt_status.state_reason");

_Static_assert(sizeof(nt_channel) == 88, "nt_channel");
_Static_assert(offsetof(nt_channel, client) == 0, "nt_channel.client");
_Static_assert(offsetof(nt_channel, state) == 32, "nt_channel.state");
_Static_assert(offsetof(nt_channel, pid) == 36, "nt_channel.pid");
_Static_assert(offsetof(nt_channel, orders_taken) == 40, "nt_channel.orders_taken");
_Static_assert(offsetof(nt_channel, orders_waiting) == 48, "nt_channel.orders_waiting");
_Static_assert(offsetof(nt_channel, reports_pushed) == 56, "nt_channel.reports_pushed");
_Static_assert(offsetof(nt_channel, reports_waiting) == 64, "nt_channel.reports_waiting");
_Static_assert(offsetof(nt_channel, tick_lag) == 72, "nt_channel.tick_lag");
_Static_assert(offsetof(nt_channel, last_client_order_id) == 80, "nt_channel.last_client_order_id");

_Static_assert(sizeof(nt_latency) == 56, "nt_latency");
_Static_assert(offsetof(nt_latency, count) == 0, "nt_latency.count");
_Static_assert(offsetof(nt_latency, minimum_ns) == 8, "nt_latency.minimum_ns");
_Static_assert(offsetof(nt_latency, maximum_ns) == 16, "nt_latency.maximum_ns");
_Static_assert(offsetof(nt_latency, p50_ns) == 24, "nt_latency.p50_ns");
_Static_assert(offsetof(nt_latency, p90_ns) == 32, "nt_latency.p90_ns");
_Static_assert(offsetof(nt_latency, p99_ns) == 40, "nt_latency.p99_ns");
_Static_assert(offsetof(nt_latency, p999_ns) == 48, "nt_latency.p999_ns");

_Static_assert(sizeof(nt_open_order) == 40, "nt_open_order");
_Static_assert(offsetof(nt_open_order, client_order_id) == 0, "nt_open_order.client_order_id");
_Static_assert(offsetof(nt_open_order, price) == 8, "nt_open_order.price");
_Static_assert(offsetof(nt_open_order, quantity) == 16, "nt_open_order.quantity");
_Static_assert(offsetof(nt_open_order, filled) == 24, "nt_open_order.filled");
_Static_assert(offsetof(nt_open_order, instrument) == 32, "nt_open_order.instrument");
_Static_assert(offsetof(nt_open_order, account) == 36, "nt_open_order.account");
_Static_assert(offsetof(nt_open_order, side) == 38, "nt_open_order.side");
_Static_assert(offsetof(nt_open_order, status) == 39, "nt_open_order.status");

_Static_assert(sizeof(nt_poll) == 16, "nt_poll");
_Static_assert(offsetof(nt_poll, ticks) == 0, "nt_poll.ticks");
_Static_assert(offsetof(nt_poll, reports) == 4, "nt_poll.reports");
_Static_assert(offsetof(nt_poll, lost) == 8, "nt_poll.lost");
_Static_assert(offsetof(nt_poll, ended) == 12, "nt_poll.ended");

#endif
