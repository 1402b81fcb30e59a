// Generated from csrc/neural_trader.h by csrc/bindgen.py; do not edit.

declare const address: unique symbol;
/** The address of memory, as the runtime at hand writes one. Whoever made it keeps the memory. */
export interface Pointer {
  readonly [address]: true;
}

/** The functions of csrc/neural_trader.h. `Wide` is what 64-bit arguments are, `Result` what 64-bit results are. */
export interface Symbols<Wide = number, Result = bigint> {
  nt_abi_version(): number;
  nt_layout_hash(): Result;
  nt_clock_ns(): Result;
  nt_last_error(handle: number, error: Pointer | null): number;
  nt_close(handle: number): number;
  nt_ring_create(name: Pointer | null, recordBytes: number, capacity: number, startIndex: Wide, ring: Pointer | null, error: Pointer | null): number;
  nt_ring_attach(name: Pointer | null, role: number, ring: Pointer | null, error: Pointer | null): number;
  nt_ring_push(ring: number, records: Pointer | null, count: number): number;
  nt_ring_pop(ring: number, records: Pointer | null, count: number): number;
  nt_ring_pop_wait(ring: number, records: Pointer | null, count: number, timeoutNs: Wide): number;
  nt_ring_claim(ring: number, count: number, slots: Pointer | null): number;
  nt_ring_commit(ring: number, count: number): number;
  nt_ring_peek(ring: number, count: number, records: Pointer | null): number;
  nt_ring_release(ring: number, count: number): number;
  nt_kernel_create(config: Pointer | null, kernel: Pointer | null, error: Pointer | null): number;
  nt_kernel_add_instrument(kernel: number, instrument: Pointer | null): number;
  nt_kernel_add_account(kernel: number, account: Pointer | null): number;
  nt_kernel_set_terms(kernel: number, terms: Pointer | null): number;
  nt_kernel_set_latency(kernel: number, instrument: number, latencyInNs: Wide, latencyOutNs: Wide): number;
  nt_kernel_add_model(kernel: number, name: Pointer | null, bytes: Pointer | null, size: Wide, precision: number, isa: number): number;
  nt_kernel_start(kernel: number): number;
  nt_kernel_stop(kernel: number): number;
  nt_kernel_run(kernel: number, budget: number): number;
  nt_kernel_replay(kernel: number, ticks: Pointer | null, count: number): number;
  nt_kernel_sample(kernel: number, ticks: Pointer | null, count: number, clock: number, every: number, samples: Pointer | null, sampleCount: number, taken: Pointer | null): number;
  nt_kernel_drain(kernel: number, frames: Pointer | null, bytes: number): number;
  nt_kernel_set_state(kernel: number, account: number, state: number, reason: Pointer | null): number;
  nt_kernel_client(kernel: number, clientName: Pointer | null, client: Pointer | null, error: Pointer | null): number;
  nt_kernel_feed(kernel: number, feed: Pointer | null, error: Pointer | null): number;
  nt_client_attach(kernelName: Pointer | null, clientName: Pointer | null, timeoutNs: Wide, client: Pointer | null, error: Pointer | null): number;
  nt_client_subscribe(client: number): number;
  nt_client_submit(client: number, order: Pointer | null): number;
  nt_client_submit_batch(client: number, orders: Pointer | null, count: number): number;
  nt_client_signal(client: number, signal: Pointer | null): number;
  nt_client_poll(client: number, ticks: Pointer | null, tickCount: number, reports: Pointer | null, reportCount: number, timeoutNs: Wide, poll: Pointer | null): number;
  nt_client_wait(client: number, reportsOnly: number, timeoutNs: Wide): number;
  nt_client_interrupt(client: number): number;
  nt_client_orders(client: number, orders: Pointer | null, count: number): number;
  nt_feed_attach(kernelName: Pointer | null, timeoutNs: Wide, feed: Pointer | null, error: Pointer | null): number;
  nt_feed_push(feed: number, ticks: Pointer | null, count: number, timeoutNs: Wide): number;
  nt_control_attach(kernelName: Pointer | null, timeoutNs: Wide, control: Pointer | null, error: Pointer | null): number;
  nt_control_send(control: number, command: Pointer | null, timeoutNs: Wide): number;
  nt_control_next_order(control: number, cursor: number, out: Pointer | null, timeoutNs: Wide): number;
  nt_monitor_attach(kernelName: Pointer | null, monitor: Pointer | null, error: Pointer | null): number;
  nt_read_status(handle: number, status: Pointer | null): number;
  nt_read_now(handle: number, now: Pointer | null): number;
  nt_read_counters(handle: number, counters: Pointer | null): number;
  nt_read_channel(handle: number, channel: number, out: Pointer | null): number;
  nt_read_instrument(handle: number, instrument: number, out: Pointer | null): number;
  nt_find_instrument(handle: number, symbol: Pointer | null): number;
  nt_read_account_config(handle: number, account: number, out: Pointer | null): number;
  nt_find_account(handle: number, name: Pointer | null): number;
  nt_read_terms(handle: number, account: number, instrument: number, out: Pointer | null): number;
  nt_read_quote(handle: number, instrument: number, out: Pointer | null): number;
  nt_read_book(handle: number, instrument: number, out: Pointer | null): number;
  nt_read_position(handle: number, account: number, instrument: number, out: Pointer | null): number;
  nt_read_account(handle: number, account: number, out: Pointer | null): number;
  nt_read_features(handle: number, instrument: number, values: Pointer | null, count: number): number;
  nt_feature_name(feature: number, name: Pointer | null, bytes: number): number;
  nt_read_model_name(handle: number, model: number, name: Pointer | null, bytes: number): number;
  nt_read_signal(handle: number, model: number, instrument: number, out: Pointer | null): number;
  nt_read_latency(handle: number, kind: number, out: Pointer | null): number;
  nt_read_latency_counts(handle: number, kind: number, counts: Pointer | null, count: number): number;
  nt_model_load(bytes: Pointer | null, size: Wide, precision: number, isa: number, rows: number, model: Pointer | null, error: Pointer | null): number;
  nt_model_read_info(model: number, out: Pointer | null): number;
  nt_model_predict(model: number, features: Pointer | null, count: number, steps: number, outputs: Pointer | null): number;
  nt_model_step(model: number, row: number, features: Pointer | null, outputs: Pointer | null): number;
  nt_model_advance(model: number, row: number): number;
  nt_model_reset(model: number, row: number): number;
}

export type Scalar = "i32" | "u32" | "i64" | "u64";
export interface Signature {
  readonly parameters: readonly (Scalar | "pointer")[];
  readonly result: Scalar;
}
export const SIGNATURES: Readonly<Record<keyof Symbols, Signature>> = {
  nt_abi_version: { parameters: [], result: "u32" },
  nt_layout_hash: { parameters: [], result: "u64" },
  nt_clock_ns: { parameters: [], result: "i64" },
  nt_last_error: { parameters: ["u32", "pointer"], result: "i32" },
  nt_close: { parameters: ["u32"], result: "i32" },
  nt_ring_create: { parameters: ["pointer", "u32", "u32", "u64", "pointer", "pointer"], result: "i32" },
  nt_ring_attach: { parameters: ["pointer", "u32", "pointer", "pointer"], result: "i32" },
  nt_ring_push: { parameters: ["u32", "pointer", "u32"], result: "i32" },
  nt_ring_pop: { parameters: ["u32", "pointer", "u32"], result: "i32" },
  nt_ring_pop_wait: { parameters: ["u32", "pointer", "u32", "i64"], result: "i32" },
  nt_ring_claim: { parameters: ["u32", "u32", "pointer"], result: "i32" },
  nt_ring_commit: { parameters: ["u32", "u32"], result: "i32" },
  nt_ring_peek: { parameters: ["u32", "u32", "pointer"], result: "i32" },
  nt_ring_release: { parameters: ["u32", "u32"], result: "i32" },
  nt_kernel_create: { parameters: ["pointer", "pointer", "pointer"], result: "i32" },
  nt_kernel_add_instrument: { parameters: ["u32", "pointer"], result: "i32" },
  nt_kernel_add_account: { parameters: ["u32", "pointer"], result: "i32" },
  nt_kernel_set_terms: { parameters: ["u32", "pointer"], result: "i32" },
  nt_kernel_set_latency: { parameters: ["u32", "u32", "i64", "i64"], result: "i32" },
  nt_kernel_add_model: { parameters: ["u32", "pointer", "pointer", "u64", "u32", "u32"], result: "i32" },
  nt_kernel_start: { parameters: ["u32"], result: "i32" },
  nt_kernel_stop: { parameters: ["u32"], result: "i32" },
  nt_kernel_run: { parameters: ["u32", "u32"], result: "i32" },
  nt_kernel_replay: { parameters: ["u32", "pointer", "u32"], result: "i32" },
  nt_kernel_sample: { parameters: ["u32", "pointer", "u32", "u32", "u32", "pointer", "u32", "pointer"], result: "i32" },
  nt_kernel_drain: { parameters: ["u32", "pointer", "u32"], result: "i32" },
  nt_kernel_set_state: { parameters: ["u32", "u32", "u32", "pointer"], result: "i32" },
  nt_kernel_client: { parameters: ["u32", "pointer", "pointer", "pointer"], result: "i32" },
  nt_kernel_feed: { parameters: ["u32", "pointer", "pointer"], result: "i32" },
  nt_client_attach: { parameters: ["pointer", "pointer", "i64", "pointer", "pointer"], result: "i32" },
  nt_client_subscribe: { parameters: ["u32"], result: "i32" },
  nt_client_submit: { parameters: ["u32", "pointer"], result: "i32" },
  nt_client_submit_batch: { parameters: ["u32", "pointer", "u32"], result: "i32" },
  nt_client_signal: { parameters: ["u32", "pointer"], result: "i32" },
  nt_client_poll: { parameters: ["u32", "pointer", "u32", "pointer", "u32", "i64", "pointer"], result: "i32" },
  nt_client_wait: { parameters: ["u32", "u32", "i64"], result: "i32" },
  nt_client_interrupt: { parameters: ["u32"], result: "i32" },
  nt_client_orders: { parameters: ["u32", "pointer", "u32"], result: "i32" },
  nt_feed_attach: { parameters: ["pointer", "i64", "pointer", "pointer"], result: "i32" },
  nt_feed_push: { parameters: ["u32", "pointer", "u32", "i64"], result: "i32" },
  nt_control_attach: { parameters: ["pointer", "i64", "pointer", "pointer"], result: "i32" },
  nt_control_send: { parameters: ["u32", "pointer", "i64"], result: "i32" },
  nt_control_next_order: { parameters: ["u32", "u32", "pointer", "i64"], result: "i32" },
  nt_monitor_attach: { parameters: ["pointer", "pointer", "pointer"], result: "i32" },
  nt_read_status: { parameters: ["u32", "pointer"], result: "i32" },
  nt_read_now: { parameters: ["u32", "pointer"], result: "i32" },
  nt_read_counters: { parameters: ["u32", "pointer"], result: "i32" },
  nt_read_channel: { parameters: ["u32", "u32", "pointer"], result: "i32" },
  nt_read_instrument: { parameters: ["u32", "u32", "pointer"], result: "i32" },
  nt_find_instrument: { parameters: ["u32", "pointer"], result: "i32" },
  nt_read_account_config: { parameters: ["u32", "u32", "pointer"], result: "i32" },
  nt_find_account: { parameters: ["u32", "pointer"], result: "i32" },
  nt_read_terms: { parameters: ["u32", "u32", "u32", "pointer"], result: "i32" },
  nt_read_quote: { parameters: ["u32", "u32", "pointer"], result: "i32" },
  nt_read_book: { parameters: ["u32", "u32", "pointer"], result: "i32" },
  nt_read_position: { parameters: ["u32", "u32", "u32", "pointer"], result: "i32" },
  nt_read_account: { parameters: ["u32", "u32", "pointer"], result: "i32" },
  nt_read_features: { parameters: ["u32", "u32", "pointer", "u32"], result: "i32" },
  nt_feature_name: { parameters: ["u32", "pointer", "u32"], result: "i32" },
  nt_read_model_name: { parameters: ["u32", "u32", "pointer", "u32"], result: "i32" },
  nt_read_signal: { parameters: ["u32", "u32", "u32", "pointer"], result: "i32" },
  nt_read_latency: { parameters: ["u32", "u32", "pointer"], result: "i32" },
  nt_read_latency_counts: { parameters: ["u32", "u32", "pointer", "u32"], result: "i32" },
  nt_model_load: { parameters: ["pointer", "u64", "u32", "u32", "u32", "pointer", "pointer"], result: "i32" },
  nt_model_read_info: { parameters: ["u32", "pointer"], result: "i32" },
  nt_model_predict: { parameters: ["u32", "pointer", "u32", "u32", "pointer"], result: "i32" },
  nt_model_step: { parameters: ["u32", "u32", "pointer", "pointer"], result: "i32" },
  nt_model_advance: { parameters: ["u32", "u32"], result: "i32" },
  nt_model_reset: { parameters: ["u32", "u32"], result: "i32" },
};

/** Functions that take and give what Symbols says: Node-API and bun:ffi. */
export function bindDirect(raw: Symbols): Symbols {
  const nt_abi_version = raw.nt_abi_version;
  const nt_layout_hash = raw.nt_layout_hash;
  const nt_clock_ns = raw.nt_clock_ns;
  const nt_last_error = raw.nt_last_error;
  const nt_close = raw.nt_close;
  const nt_ring_create = raw.nt_ring_create;
  const nt_ring_attach = raw.nt_ring_attach;
  const nt_ring_push = raw.nt_ring_push;
  const nt_ring_pop = raw.nt_ring_pop;
  const nt_ring_pop_wait = raw.nt_ring_pop_wait;
  const nt_ring_claim = raw.nt_ring_claim;
  const nt_ring_commit = raw.nt_ring_commit;
  const nt_ring_peek = raw.nt_ring_peek;
  const nt_ring_release = raw.nt_ring_release;
  const nt_kernel_create = raw.nt_kernel_create;
  const nt_kernel_add_instrument = raw.nt_kernel_add_instrument;
  const nt_kernel_add_account = raw.nt_kernel_add_account;
  const nt_kernel_set_terms = raw.nt_kernel_set_terms;
  const nt_kernel_set_latency = raw.nt_kernel_set_latency;
  const nt_kernel_add_model = raw.nt_kernel_add_model;
  const nt_kernel_start = raw.nt_kernel_start;
  const nt_kernel_stop = raw.nt_kernel_stop;
  const nt_kernel_run = raw.nt_kernel_run;
  const nt_kernel_replay = raw.nt_kernel_replay;
  const nt_kernel_sample = raw.nt_kernel_sample;
  const nt_kernel_drain = raw.nt_kernel_drain;
  const nt_kernel_set_state = raw.nt_kernel_set_state;
  const nt_kernel_client = raw.nt_kernel_client;
  const nt_kernel_feed = raw.nt_kernel_feed;
  const nt_client_attach = raw.nt_client_attach;
  const nt_client_subscribe = raw.nt_client_subscribe;
  const nt_client_submit = raw.nt_client_submit;
  const nt_client_submit_batch = raw.nt_client_submit_batch;
  const nt_client_signal = raw.nt_client_signal;
  const nt_client_poll = raw.nt_client_poll;
  const nt_client_wait = raw.nt_client_wait;
  const nt_client_interrupt = raw.nt_client_interrupt;
  const nt_client_orders = raw.nt_client_orders;
  const nt_feed_attach = raw.nt_feed_attach;
  const nt_feed_push = raw.nt_feed_push;
  const nt_control_attach = raw.nt_control_attach;
  const nt_control_send = raw.nt_control_send;
  const nt_control_next_order = raw.nt_control_next_order;
  const nt_monitor_attach = raw.nt_monitor_attach;
  const nt_read_status = raw.nt_read_status;
  const nt_read_now = raw.nt_read_now;
  const nt_read_counters = raw.nt_read_counters;
  const nt_read_channel = raw.nt_read_channel;
  const nt_read_instrument = raw.nt_read_instrument;
  const nt_find_instrument = raw.nt_find_instrument;
  const nt_read_account_config = raw.nt_read_account_config;
  const nt_find_account = raw.nt_find_account;
  const nt_read_terms = raw.nt_read_terms;
  const nt_read_quote = raw.nt_read_quote;
  const nt_read_book = raw.nt_read_book;
  const nt_read_position = raw.nt_read_position;
  const nt_read_account = raw.nt_read_account;
  const nt_read_features = raw.nt_read_features;
  const nt_feature_name = raw.nt_feature_name;
  const nt_read_model_name = raw.nt_read_model_name;
  const nt_read_signal = raw.nt_read_signal;
  const nt_read_latency = raw.nt_read_latency;
  const nt_read_latency_counts = raw.nt_read_latency_counts;
  const nt_model_load = raw.nt_model_load;
  const nt_model_read_info = raw.nt_model_read_info;
  const nt_model_predict = raw.nt_model_predict;
  const nt_model_step = raw.nt_model_step;
  const nt_model_advance = raw.nt_model_advance;
  const nt_model_reset = raw.nt_model_reset;
  return {
    nt_abi_version: () => nt_abi_version(),
    nt_layout_hash: () => nt_layout_hash(),
    nt_clock_ns: () => nt_clock_ns(),
    nt_last_error: (handle, error) => nt_last_error(handle, error),
    nt_close: (handle) => nt_close(handle),
    nt_ring_create: (name, recordBytes, capacity, startIndex, ring, error) => nt_ring_create(name, recordBytes, capacity, startIndex, ring, error),
    nt_ring_attach: (name, role, ring, error) => nt_ring_attach(name, role, ring, error),
    nt_ring_push: (ring, records, count) => nt_ring_push(ring, records, count),
    nt_ring_pop: (ring, records, count) => nt_ring_pop(ring, records, count),
    nt_ring_pop_wait: (ring, records, count, timeoutNs) => nt_ring_pop_wait(ring, records, count, timeoutNs),
    nt_ring_claim: (ring, count, slots) => nt_ring_claim(ring, count, slots),
    nt_ring_commit: (ring, count) => nt_ring_commit(ring, count),
    nt_ring_peek: (ring, count, records) => nt_ring_peek(ring, count, records),
    nt_ring_release: (ring, count) => nt_ring_release(ring, count),
    nt_kernel_create: (config, kernel, error) => nt_kernel_create(config, kernel, error),
    nt_kernel_add_instrument: (kernel, instrument) => nt_kernel_add_instrument(kernel, instrument),
    nt_kernel_add_account: (kernel, account) => nt_kernel_add_account(kernel, account),
    nt_kernel_set_terms: (kernel, terms) => nt_kernel_set_terms(kernel, terms),
    nt_kernel_set_latency: (kernel, instrument, latencyInNs, latencyOutNs) => nt_kernel_set_latency(kernel, instrument, latencyInNs, latencyOutNs),
    nt_kernel_add_model: (kernel, name, bytes, size, precision, isa) => nt_kernel_add_model(kernel, name, bytes, size, precision, isa),
    nt_kernel_start: (kernel) => nt_kernel_start(kernel),
    nt_kernel_stop: (kernel) => nt_kernel_stop(kernel),
    nt_kernel_run: (kernel, budget) => nt_kernel_run(kernel, budget),
    nt_kernel_replay: (kernel, ticks, count) => nt_kernel_replay(kernel, ticks, count),
    nt_kernel_sample: (kernel, ticks, count, clock, every, samples, sampleCount, taken) => nt_kernel_sample(kernel, ticks, count, clock, every, samples, sampleCount, taken),
    nt_kernel_drain: (kernel, frames, bytes) => nt_kernel_drain(kernel, frames, bytes),
    nt_kernel_set_state: (kernel, account, state, reason) => nt_kernel_set_state(kernel, account, state, reason),
    nt_kernel_client: (kernel, clientName, client, error) => nt_kernel_client(kernel, clientName, client, error),
    nt_kernel_feed: (kernel, feed, error) => nt_kernel_feed(kernel, feed, error),
    nt_client_attach: (kernelName, clientName, timeoutNs, client, error) => nt_client_attach(kernelName, clientName, timeoutNs, client, error),
    nt_client_subscribe: (client) => nt_client_subscribe(client),
    nt_client_submit: (client, order) => nt_client_submit(client, order),
    nt_client_submit_batch: (client, orders, count) => nt_client_submit_batch(client, orders, count),
    nt_client_signal: (client, signal) => nt_client_signal(client, signal),
    nt_client_poll: (client, ticks, tickCount, reports, reportCount, timeoutNs, poll) => nt_client_poll(client, ticks, tickCount, reports, reportCount, timeoutNs, poll),
    nt_client_wait: (client, reportsOnly, timeoutNs) => nt_client_wait(client, reportsOnly, timeoutNs),
    nt_client_interrupt: (client) => nt_client_interrupt(client),
    nt_client_orders: (client, orders, count) => nt_client_orders(client, orders, count),
    nt_feed_attach: (kernelName, timeoutNs, feed, error) => nt_feed_attach(kernelName, timeoutNs, feed, error),
    nt_feed_push: (feed, ticks, count, timeoutNs) => nt_feed_push(feed, ticks, count, timeoutNs),
    nt_control_attach: (kernelName, timeoutNs, control, error) => nt_control_attach(kernelName, timeoutNs, control, error),
    nt_control_send: (control, command, timeoutNs) => nt_control_send(control, command, timeoutNs),
    nt_control_next_order: (control, cursor, out, timeoutNs) => nt_control_next_order(control, cursor, out, timeoutNs),
    nt_monitor_attach: (kernelName, monitor, error) => nt_monitor_attach(kernelName, monitor, error),
    nt_read_status: (handle, status) => nt_read_status(handle, status),
    nt_read_now: (handle, now) => nt_read_now(handle, now),
    nt_read_counters: (handle, counters) => nt_read_counters(handle, counters),
    nt_read_channel: (handle, channel, out) => nt_read_channel(handle, channel, out),
    nt_read_instrument: (handle, instrument, out) => nt_read_instrument(handle, instrument, out),
    nt_find_instrument: (handle, symbol) => nt_find_instrument(handle, symbol),
    nt_read_account_config: (handle, account, out) => nt_read_account_config(handle, account, out),
    nt_find_account: (handle, name) => nt_find_account(handle, name),
    nt_read_terms: (handle, account, instrument, out) => nt_read_terms(handle, account, instrument, out),
    nt_read_quote: (handle, instrument, out) => nt_read_quote(handle, instrument, out),
    nt_read_book: (handle, instrument, out) => nt_read_book(handle, instrument, out),
    nt_read_position: (handle, account, instrument, out) => nt_read_position(handle, account, instrument, out),
    nt_read_account: (handle, account, out) => nt_read_account(handle, account, out),
    nt_read_features: (handle, instrument, values, count) => nt_read_features(handle, instrument, values, count),
    nt_feature_name: (feature, name, bytes) => nt_feature_name(feature, name, bytes),
    nt_read_model_name: (handle, model, name, bytes) => nt_read_model_name(handle, model, name, bytes),
    nt_read_signal: (handle, model, instrument, out) => nt_read_signal(handle, model, instrument, out),
    nt_read_latency: (handle, kind, out) => nt_read_latency(handle, kind, out),
    nt_read_latency_counts: (handle, kind, counts, count) => nt_read_latency_counts(handle, kind, counts, count),
    nt_model_load: (bytes, size, precision, isa, rows, model, error) => nt_model_load(bytes, size, precision, isa, rows, model, error),
    nt_model_read_info: (model, out) => nt_model_read_info(model, out),
    nt_model_predict: (model, features, count, steps, outputs) => nt_model_predict(model, features, count, steps, outputs),
    nt_model_step: (model, row, features, outputs) => nt_model_step(model, row, features, outputs),
    nt_model_advance: (model, row) => nt_model_advance(model, row),
    nt_model_reset: (model, row) => nt_model_reset(model, row),
  };
}

/** Functions whose 64-bit arguments are bigint: Deno.dlopen. */
export function bindBigint(raw: Symbols<bigint>): Symbols {
  const nt_abi_version = raw.nt_abi_version;
  const nt_layout_hash = raw.nt_layout_hash;
  const nt_clock_ns = raw.nt_clock_ns;
  const nt_last_error = raw.nt_last_error;
  const nt_close = raw.nt_close;
  const nt_ring_create = raw.nt_ring_create;
  const nt_ring_attach = raw.nt_ring_attach;
  const nt_ring_push = raw.nt_ring_push;
  const nt_ring_pop = raw.nt_ring_pop;
  const nt_ring_pop_wait = raw.nt_ring_pop_wait;
  const nt_ring_claim = raw.nt_ring_claim;
  const nt_ring_commit = raw.nt_ring_commit;
  const nt_ring_peek = raw.nt_ring_peek;
  const nt_ring_release = raw.nt_ring_release;
  const nt_kernel_create = raw.nt_kernel_create;
  const nt_kernel_add_instrument = raw.nt_kernel_add_instrument;
  const nt_kernel_add_account = raw.nt_kernel_add_account;
  const nt_kernel_set_terms = raw.nt_kernel_set_terms;
  const nt_kernel_set_latency = raw.nt_kernel_set_latency;
  const nt_kernel_add_model = raw.nt_kernel_add_model;
  const nt_kernel_start = raw.nt_kernel_start;
  const nt_kernel_stop = raw.nt_kernel_stop;
  const nt_kernel_run = raw.nt_kernel_run;
  const nt_kernel_replay = raw.nt_kernel_replay;
  const nt_kernel_sample = raw.nt_kernel_sample;
  const nt_kernel_drain = raw.nt_kernel_drain;
  const nt_kernel_set_state = raw.nt_kernel_set_state;
  const nt_kernel_client = raw.nt_kernel_client;
  const nt_kernel_feed = raw.nt_kernel_feed;
  const nt_client_attach = raw.nt_client_attach;
  const nt_client_subscribe = raw.nt_client_subscribe;
  const nt_client_submit = raw.nt_client_submit;
  const nt_client_submit_batch = raw.nt_client_submit_batch;
  const nt_client_signal = raw.nt_client_signal;
  const nt_client_poll = raw.nt_client_poll;
  const nt_client_wait = raw.nt_client_wait;
  const nt_client_interrupt = raw.nt_client_interrupt;
  const nt_client_orders = raw.nt_client_orders;
  const nt_feed_attach = raw.nt_feed_attach;
  const nt_feed_push = raw.nt_feed_push;
  const nt_control_attach = raw.nt_control_attach;
  const nt_control_send = raw.nt_control_send;
  const nt_control_next_order = raw.nt_control_next_order;
  const nt_monitor_attach = raw.nt_monitor_attach;
  const nt_read_status = raw.nt_read_status;
  const nt_read_now = raw.nt_read_now;
  const nt_read_counters = raw.nt_read_counters;
  const nt_read_channel = raw.nt_read_channel;
  const nt_read_instrument = raw.nt_read_instrument;
  const nt_find_instrument = raw.nt_find_instrument;
  const nt_read_account_config = raw.nt_read_account_config;
  const nt_find_account = raw.nt_find_account;
  const nt_read_terms = raw.nt_read_terms;
  const nt_read_quote = raw.nt_read_quote;
  const nt_read_book = raw.nt_read_book;
  const nt_read_position = raw.nt_read_position;
  const nt_read_account = raw.nt_read_account;
  const nt_read_features = raw.nt_read_features;
  const nt_feature_name = raw.nt_feature_name;
  const nt_read_model_name = raw.nt_read_model_name;
  const nt_read_signal = raw.nt_read_signal;
  const nt_read_latency = raw.nt_read_latency;
  const nt_read_latency_counts = raw.nt_read_latency_counts;
  const nt_model_load = raw.nt_model_load;
  const nt_model_read_info = raw.nt_model_read_info;
  const nt_model_predict = raw.nt_model_predict;
  const nt_model_step = raw.nt_model_step;
  const nt_model_advance = raw.nt_model_advance;
  const nt_model_reset = raw.nt_model_reset;
  return {
    nt_abi_version: () => nt_abi_version(),
    nt_layout_hash: () => nt_layout_hash(),
    nt_clock_ns: () => nt_clock_ns(),
    nt_last_error: (handle, error) => nt_last_error(handle, error),
    nt_close: (handle) => nt_close(handle),
    nt_ring_create: (name, recordBytes, capacity, startIndex, ring, error) => nt_ring_create(name, recordBytes, capacity, BigInt(startIndex), ring, error),
    nt_ring_attach: (name, role, ring, error) => nt_ring_attach(name, role, ring, error),
    nt_ring_push: (ring, records, count) => nt_ring_push(ring, records, count),
    nt_ring_pop: (ring, records, count) => nt_ring_pop(ring, records, count),
    nt_ring_pop_wait: (ring, records, count, timeoutNs) => nt_ring_pop_wait(ring, records, count, BigInt(timeoutNs)),
    nt_ring_claim: (ring, count, slots) => nt_ring_claim(ring, count, slots),
    nt_ring_commit: (ring, count) => nt_ring_commit(ring, count),
    nt_ring_peek: (ring, count, records) => nt_ring_peek(ring, count, records),
    nt_ring_release: (ring, count) => nt_ring_release(ring, count),
    nt_kernel_create: (config, kernel, error) => nt_kernel_create(config, kernel, error),
    nt_kernel_add_instrument: (kernel, instrument) => nt_kernel_add_instrument(kernel, instrument),
    nt_kernel_add_account: (kernel, account) => nt_kernel_add_account(kernel, account),
    nt_kernel_set_terms: (kernel, terms) => nt_kernel_set_terms(kernel, terms),
    nt_kernel_set_latency: (kernel, instrument, latencyInNs, latencyOutNs) => nt_kernel_set_latency(kernel, instrument, BigInt(latencyInNs), BigInt(latencyOutNs)),
    nt_kernel_add_model: (kernel, name, bytes, size, precision, isa) => nt_kernel_add_model(kernel, name, bytes, BigInt(size), precision, isa),
    nt_kernel_start: (kernel) => nt_kernel_start(kernel),
    nt_kernel_stop: (kernel) => nt_kernel_stop(kernel),
    nt_kernel_run: (kernel, budget) => nt_kernel_run(kernel, budget),
    nt_kernel_replay: (kernel, ticks, count) => nt_kernel_replay(kernel, ticks, count),
    nt_kernel_sample: (kernel, ticks, count, clock, every, samples, sampleCount, taken) => nt_kernel_sample(kernel, ticks, count, clock, every, samples, sampleCount, taken),
    nt_kernel_drain: (kernel, frames, bytes) => nt_kernel_drain(kernel, frames, bytes),
    nt_kernel_set_state: (kernel, account, state, reason) => nt_kernel_set_state(kernel, account, state, reason),
    nt_kernel_client: (kernel, clientName, client, error) => nt_kernel_client(kernel, clientName, client, error),
    nt_kernel_feed: (kernel, feed, error) => nt_kernel_feed(kernel, feed, error),
    nt_client_attach: (kernelName, clientName, timeoutNs, client, error) => nt_client_attach(kernelName, clientName, BigInt(timeoutNs), client, error),
    nt_client_subscribe: (client) => nt_client_subscribe(client),
    nt_client_submit: (client, order) => nt_client_submit(client, order),
    nt_client_submit_batch: (client, orders, count) => nt_client_submit_batch(client, orders, count),
    nt_client_signal: (client, signal) => nt_client_signal(client, signal),
    nt_client_poll: (client, ticks, tickCount, reports, reportCount, timeoutNs, poll) => nt_client_poll(client, ticks, tickCount, reports, reportCount, BigInt(timeoutNs), poll),
    nt_client_wait: (client, reportsOnly, timeoutNs) => nt_client_wait(client, reportsOnly, BigInt(timeoutNs)),
    nt_client_interrupt: (client) => nt_client_interrupt(client),
    nt_client_orders: (client, orders, count) => nt_client_orders(client, orders, count),
    nt_feed_attach: (kernelName, timeoutNs, feed, error) => nt_feed_attach(kernelName, BigInt(timeoutNs), feed, error),
    nt_feed_push: (feed, ticks, count, timeoutNs) => nt_feed_push(feed, ticks, count, BigInt(timeoutNs)),
    nt_control_attach: (kernelName, timeoutNs, control, error) => nt_control_attach(kernelName, BigInt(timeoutNs), control, error),
    nt_control_send: (control, command, timeoutNs) => nt_control_send(control, command, BigInt(timeoutNs)),
    nt_control_next_order: (control, cursor, out, timeoutNs) => nt_control_next_order(control, cursor, out, BigInt(timeoutNs)),
    nt_monitor_attach: (kernelName, monitor, error) => nt_monitor_attach(kernelName, monitor, error),
    nt_read_status: (handle, status) => nt_read_status(handle, status),
    nt_read_now: (handle, now) => nt_read_now(handle, now),
    nt_read_counters: (handle, counters) => nt_read_counters(handle, counters),
    nt_read_channel: (handle, channel, out) => nt_read_channel(handle, channel, out),
    nt_read_instrument: (handle, instrument, out) => nt_read_instrument(handle, instrument, out),
    nt_find_instrument: (handle, symbol) => nt_find_instrument(handle, symbol),
    nt_read_account_config: (handle, account, out) => nt_read_account_config(handle, account, out),
    nt_find_account: (handle, name) => nt_find_account(handle, name),
    nt_read_terms: (handle, account, instrument, out) => nt_read_terms(handle, account, instrument, out),
    nt_read_quote: (handle, instrument, out) => nt_read_quote(handle, instrument, out),
    nt_read_book: (handle, instrument, out) => nt_read_book(handle, instrument, out),
    nt_read_position: (handle, account, instrument, out) => nt_read_position(handle, account, instrument, out),
    nt_read_account: (handle, account, out) => nt_read_account(handle, account, out),
    nt_read_features: (handle, instrument, values, count) => nt_read_features(handle, instrument, values, count),
    nt_feature_name: (feature, name, bytes) => nt_feature_name(feature, name, bytes),
    nt_read_model_name: (handle, model, name, bytes) => nt_read_model_name(handle, model, name, bytes),
    nt_read_signal: (handle, model, instrument, out) => nt_read_signal(handle, model, instrument, out),
    nt_read_latency: (handle, kind, out) => nt_read_latency(handle, kind, out),
    nt_read_latency_counts: (handle, kind, counts, count) => nt_read_latency_counts(handle, kind, counts, count),
    nt_model_load: (bytes, size, precision, isa, rows, model, error) => nt_model_load(bytes, BigInt(size), precision, isa, rows, model, error),
    nt_model_read_info: (model, out) => nt_model_read_info(model, out),
    nt_model_predict: (model, features, count, steps, outputs) => nt_model_predict(model, features, count, steps, outputs),
    nt_model_step: (model, row, features, outputs) => nt_model_step(model, row, features, outputs),
    nt_model_advance: (model, row) => nt_model_advance(model, row),
    nt_model_reset: (model, row) => nt_model_reset(model, row),
  };
}

/** Functions whose 64-bit results are numbers where these are exact: koffi. */
export function bindMixed(raw: Symbols<number, number | bigint>): Symbols {
  const nt_abi_version = raw.nt_abi_version;
  const nt_layout_hash = raw.nt_layout_hash;
  const nt_clock_ns = raw.nt_clock_ns;
  const nt_last_error = raw.nt_last_error;
  const nt_close = raw.nt_close;
  const nt_ring_create = raw.nt_ring_create;
  const nt_ring_attach = raw.nt_ring_attach;
  const nt_ring_push = raw.nt_ring_push;
  const nt_ring_pop = raw.nt_ring_pop;
  const nt_ring_pop_wait = raw.nt_ring_pop_wait;
  const nt_ring_claim = raw.nt_ring_claim;
  const nt_ring_commit = raw.nt_ring_commit;
  const nt_ring_peek = raw.nt_ring_peek;
  const nt_ring_release = raw.nt_ring_release;
  const nt_kernel_create = raw.nt_kernel_create;
  const nt_kernel_add_instrument = raw.nt_kernel_add_instrument;
  const nt_kernel_add_account = raw.nt_kernel_add_account;
  const nt_kernel_set_terms = raw.nt_kernel_set_terms;
  const nt_kernel_set_latency = raw.nt_kernel_set_latency;
  const nt_kernel_add_model = raw.nt_kernel_add_model;
  const nt_kernel_start = raw.nt_kernel_start;
  const nt_kernel_stop = raw.nt_kernel_stop;
  const nt_kernel_run = raw.nt_kernel_run;
  const nt_kernel_replay = raw.nt_kernel_replay;
  const nt_kernel_sample = raw.nt_kernel_sample;
  const nt_kernel_drain = raw.nt_kernel_drain;
  const nt_kernel_set_state = raw.nt_kernel_set_state;
  const nt_kernel_client = raw.nt_kernel_client;
  const nt_kernel_feed = raw.nt_kernel_feed;
  const nt_client_attach = raw.nt_client_attach;
  const nt_client_subscribe = raw.nt_client_subscribe;
  const nt_client_submit = raw.nt_client_submit;
  const nt_client_submit_batch = raw.nt_client_submit_batch;
  const nt_client_signal = raw.nt_client_signal;
  const nt_client_poll = raw.nt_client_poll;
  const nt_client_wait = raw.nt_client_wait;
  const nt_client_interrupt = raw.nt_client_interrupt;
  const nt_client_orders = raw.nt_client_orders;
  const nt_feed_attach = raw.nt_feed_attach;
  const nt_feed_push = raw.nt_feed_push;
  const nt_control_attach = raw.nt_control_attach;
  const nt_control_send = raw.nt_control_send;
  const nt_control_next_order = raw.nt_control_next_order;
  const nt_monitor_attach = raw.nt_monitor_attach;
  const nt_read_status = raw.nt_read_status;
  const nt_read_now = raw.nt_read_now;
  const nt_read_counters = raw.nt_read_counters;
  const nt_read_channel = raw.nt_read_channel;
  const nt_read_instrument = raw.nt_read_instrument;
  const nt_find_instrument = raw.nt_find_instrument;
  const nt_read_account_config = raw.nt_read_account_config;
  const nt_find_account = raw.nt_find_account;
  const nt_read_terms = raw.nt_read_terms;
  const nt_read_quote = raw.nt_read_quote;
  const nt_read_book = raw.nt_read_book;
  const nt_read_position = raw.nt_read_position;
  const nt_read_account = raw.nt_read_account;
  const nt_read_features = raw.nt_read_features;
  const nt_feature_name = raw.nt_feature_name;
  const nt_read_model_name = raw.nt_read_model_name;
  const nt_read_signal = raw.nt_read_signal;
  const nt_read_latency = raw.nt_read_latency;
  const nt_read_latency_counts = raw.nt_read_latency_counts;
  const nt_model_load = raw.nt_model_load;
  const nt_model_read_info = raw.nt_model_read_info;
  const nt_model_predict = raw.nt_model_predict;
  const nt_model_step = raw.nt_model_step;
  const nt_model_advance = raw.nt_model_advance;
  const nt_model_reset = raw.nt_model_reset;
  return {
    nt_abi_version: () => nt_abi_version(),
    nt_layout_hash: () => BigInt(nt_layout_hash()),
    nt_clock_ns: () => BigInt(nt_clock_ns()),
    nt_last_error: (handle, error) => nt_last_error(handle, error),
    nt_close: (handle) => nt_close(handle),
    nt_ring_create: (name, recordBytes, capacity, startIndex, ring, error) => nt_ring_create(name, recordBytes, capacity, startIndex, ring, error),
    nt_ring_attach: (name, role, ring, error) => nt_ring_attach(name, role, ring, error),
    nt_ring_push: (ring, records, count) => nt_ring_push(ring, records, count),
    nt_ring_pop: (ring, records, count) => nt_ring_pop(ring, records, count),
    nt_ring_pop_wait: (ring, records, count, timeoutNs) => nt_ring_pop_wait(ring, records, count, timeoutNs),
    nt_ring_claim: (ring, count, slots) => nt_ring_claim(ring, count, slots),
    nt_ring_commit: (ring, count) => nt_ring_commit(ring, count),
    nt_ring_peek: (ring, count, records) => nt_ring_peek(ring, count, records),
    nt_ring_release: (ring, count) => nt_ring_release(ring, count),
    nt_kernel_create: (config, kernel, error) => nt_kernel_create(config, kernel, error),
    nt_kernel_add_instrument: (kernel, instrument) => nt_kernel_add_instrument(kernel, instrument),
    nt_kernel_add_account: (kernel, account) => nt_kernel_add_account(kernel, account),
    nt_kernel_set_terms: (kernel, terms) => nt_kernel_set_terms(kernel, terms),
    nt_kernel_set_latency: (kernel, instrument, latencyInNs, latencyOutNs) => nt_kernel_set_latency(kernel, instrument, latencyInNs, latencyOutNs),
    nt_kernel_add_model: (kernel, name, bytes, size, precision, isa) => nt_kernel_add_model(kernel, name, bytes, size, precision, isa),
    nt_kernel_start: (kernel) => nt_kernel_start(kernel),
    nt_kernel_stop: (kernel) => nt_kernel_stop(kernel),
    nt_kernel_run: (kernel, budget) => nt_kernel_run(kernel, budget),
    nt_kernel_replay: (kernel, ticks, count) => nt_kernel_replay(kernel, ticks, count),
    nt_kernel_sample: (kernel, ticks, count, clock, every, samples, sampleCount, taken) => nt_kernel_sample(kernel, ticks, count, clock, every, samples, sampleCount, taken),
    nt_kernel_drain: (kernel, frames, bytes) => nt_kernel_drain(kernel, frames, bytes),
    nt_kernel_set_state: (kernel, account, state, reason) => nt_kernel_set_state(kernel, account, state, reason),
    nt_kernel_client: (kernel, clientName, client, error) => nt_kernel_client(kernel, clientName, client, error),
    nt_kernel_feed: (kernel, feed, error) => nt_kernel_feed(kernel, feed, error),
    nt_client_attach: (kernelName, clientName, timeoutNs, client, error) => nt_client_attach(kernelName, clientName, timeoutNs, client, error),
    nt_client_subscribe: (client) => nt_client_subscribe(client),
    nt_client_submit: (client, order) => nt_client_submit(client, order),
    nt_client_submit_batch: (client, orders, count) => nt_client_submit_batch(client, orders, count),
    nt_client_signal: (client, signal) => nt_client_signal(client, signal),
    nt_client_poll: (client, ticks, tickCount, reports, reportCount, timeoutNs, poll) => nt_client_poll(client, ticks, tickCount, reports, reportCount, timeoutNs, poll),
    nt_client_wait: (client, reportsOnly, timeoutNs) => nt_client_wait(client, reportsOnly, timeoutNs),
    nt_client_interrupt: (client) => nt_client_interrupt(client),
    nt_client_orders: (client, orders, count) => nt_client_orders(client, orders, count),
    nt_feed_attach: (kernelName, timeoutNs, feed, error) => nt_feed_attach(kernelName, timeoutNs, feed, error),
    nt_feed_push: (feed, ticks, count, timeoutNs) => nt_feed_push(feed, ticks, count, timeoutNs),
    nt_control_attach: (kernelName, timeoutNs, control, error) => nt_control_attach(kernelName, timeoutNs, control, error),
    nt_control_send: (control, command, timeoutNs) => nt_control_send(control, command, timeoutNs),
    nt_control_next_order: (control, cursor, out, timeoutNs) => nt_control_next_order(control, cursor, out, timeoutNs),
    nt_monitor_attach: (kernelName, monitor, error) => nt_monitor_attach(kernelName, monitor, error),
    nt_read_status: (handle, status) => nt_read_status(handle, status),
    nt_read_now: (handle, now) => nt_read_now(handle, now),
    nt_read_counters: (handle, counters) => nt_read_counters(handle, counters),
    nt_read_channel: (handle, channel, out) => nt_read_channel(handle, channel, out),
    nt_read_instrument: (handle, instrument, out) => nt_read_instrument(handle, instrument, out),
    nt_find_instrument: (handle, symbol) => nt_find_instrument(handle, symbol),
    nt_read_account_config: (handle, account, out) => nt_read_account_config(handle, account, out),
    nt_find_account: (handle, name) => nt_find_account(handle, name),
    nt_read_terms: (handle, account, instrument, out) => nt_read_terms(handle, account, instrument, out),
    nt_read_quote: (handle, instrument, out) => nt_read_quote(handle, instrument, out),
    nt_read_book: (handle, instrument, out) => nt_read_book(handle, instrument, out),
    nt_read_position: (handle, account, instrument, out) => nt_read_position(handle, account, instrument, out),
    nt_read_account: (handle, account, out) => nt_read_account(handle, account, out),
    nt_read_features: (handle, instrument, values, count) => nt_read_features(handle, instrument, values, count),
    nt_feature_name: (feature, name, bytes) => nt_feature_name(feature, name, bytes),
    nt_read_model_name: (handle, model, name, bytes) => nt_read_model_name(handle, model, name, bytes),
    nt_read_signal: (handle, model, instrument, out) => nt_read_signal(handle, model, instrument, out),
    nt_read_latency: (handle, kind, out) => nt_read_latency(handle, kind, out),
    nt_read_latency_counts: (handle, kind, counts, count) => nt_read_latency_counts(handle, kind, counts, count),
    nt_model_load: (bytes, size, precision, isa, rows, model, error) => nt_model_load(bytes, size, precision, isa, rows, model, error),
    nt_model_read_info: (model, out) => nt_model_read_info(model, out),
    nt_model_predict: (model, features, count, steps, outputs) => nt_model_predict(model, features, count, steps, outputs),
    nt_model_step: (model, row, features, outputs) => nt_model_step(model, row, features, outputs),
    nt_model_advance: (model, row) => nt_model_advance(model, row),
    nt_model_reset: (model, row) => nt_model_reset(model, row),
  };
}
