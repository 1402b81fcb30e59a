/**
 * Orders and ticks through the JavaScript package, in whatever runtime runs this: `interop.mjs PACKAGE`, where PACKAGE is the path of its
 * dist/neural_trader.js. Commands come from standard input, one a line, and each is answered by a line of JSON:
 *
 *   sync KERNEL SEGMENTS     executeSync, spinning: time of each order, then orders a second without a clock in between
 *   await KERNEL SEGMENTS    await execute, one after the other: orders a second
 *   parked KERNEL COUNT      asleep in batches() until a tick comes: how late it is seen, by the time that the tick carries
 *   ticks KERNEL COUNT       ticks that lie ready: read them all, and two exact numbers of each
 *   lag KERNEL COUNT         how late timers are while that many ticks come, and were before
 *   symbols KERNEL ROUNDS    a call by the package's symbols over one by the runtime's own function
 *
 * `interop.mjs memory [PACKAGE KERNEL SEGMENTS]` prints the memory of a process that does nothing, or that has traded.
 */

import { readFileSync, readSync, writeSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

const SEGMENT = 512; // orders that rest before all are cancelled, which is not timed; below the order capacity
const WARM_SEGMENTS = 40; // of a first turn: the compilers of the runtimes have done their work after that
const PATIENCE_MS = 30_000; // a machine with other work to do may stop a process for a second
const FEW = 64; // orders that rest at once in a process whose memory is looked at
const IDLE_MS = 200;
const decoder = new TextDecoder();
const given = new Uint8Array(4096);
const warmed = new Set();
let text = "";

function say(value) {
  writeSync(1, `${JSON.stringify(value)}\n`);
}

/** The next line of standard input, undefined at its end. Read without the event loop, which is what is measured. */
function nextLine() {
  for (;;) {
    const end = text.indexOf("\n");
    if (end >= 0) {
      const line = text.slice(0, end);
      text = text.slice(end + 1);
      return line;
    }
    const bytes = readSync(0, given, 0, given.length, null);
    if (bytes === 0) return undefined;
    text += decoder.decode(given.subarray(0, bytes));
  }
}

function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Sorts values. */
function quantile(values, at) {
  return values.sort()[Math.min(values.length - 1, Math.floor(values.length * at))];
}

/** Until the runtime has given back what nobody needs: V8 keeps pages of its young generation the first times that it is asked. */
async function collect() {
  for (let pass = 0; pass < 4; pass++) {
    await pause(IDLE_MS / 4);
    if (globalThis.Bun !== undefined) globalThis.Bun.gc(true);
    if (globalThis.gc === undefined) continue;
    for (let i = 0; i < 8; i++) globalThis.gc();
    globalThis.gc({ type: "major", execution: "sync", flavor: "last-resort" });
  }
}

function residentAnonymousMb() {
  return Number(/RssAnon:\s+(\d+) kB/.exec(readFileSync("/proc/self/status", "utf8"))[1]) / 1024;
}

// ---- orders --------------------------------------------------------------------------------------------------------------------

/** An order that rests below the market. */
function order() {
  return { symbol: "I0", side: "BUY", quantity: 1, price: 99.5 };
}

function executeOne(client) {
  const result = client.executeSync(order(), { spin: true, timeoutMs: PATIENCE_MS });
  if (result.status !== "NEW") throw new Error(`an order that was to rest is ${result}`);
}

function segment(client, orders = SEGMENT) {
  for (let i = 0; i < orders; i++) executeOne(client);
}

async function awaitedSegment(client) {
  for (let i = 0; i < SEGMENT; i++) {
    const result = await client.execute(order(), { timeoutMs: PATIENCE_MS });
    if (result.status !== "NEW") throw new Error(`an order that was to rest is ${result}`);
  }
}

/** Not timed. */
function cancelAll(client, orders = SEGMENT) {
  client.cancelAll();
  for (let cancelled = 0; cancelled < orders; ) cancelled += client.poll(1).reports.length;
}

function timedSegment(client, times) {
  for (let i = 0; i < SEGMENT; i++) {
    const begin = performance.now();
    executeOne(client);
    times[i] = performance.now() - begin;
  }
}

async function sync(attach, kernel, segments) {
  const client = await attach(kernel);
  for (let i = warmed.has("sync") ? 1 : WARM_SEGMENTS; i > 0; i--) {
    segment(client);
    cancelAll(client);
    timedSegment(client, new Float64Array(SEGMENT));
    cancelAll(client);
  }
  warmed.add("sync");
  const times = new Float64Array(segments * SEGMENT);
  for (let i = 0; i < segments; i++) {
    timedSegment(client, times.subarray(i * SEGMENT, (i + 1) * SEGMENT));
    cancelAll(client);
  }
  let taken = 0;
  for (let i = 0; i < segments; i++) {
    const begin = performance.now();
    segment(client);
    taken += performance.now() - begin;
    cancelAll(client);
  }
  client.close();
  const [p50, p99] = [quantile(times, 0.5), quantile(times, 0.99)];
  return { p50_ns: p50 * 1e6, p99_ns: p99 * 1e6, per_s: (times.length / taken) * 1e3 };
}

async function awaited(attach, kernel, segments) {
  const client = await attach(kernel);
  for (let i = warmed.has("await") ? 1 : WARM_SEGMENTS; i > 0; i--) {
    await awaitedSegment(client);
    cancelAll(client);
  }
  warmed.add("await");
  let taken = 0;
  for (let i = 0; i < segments; i++) {
    const begin = performance.now();
    await awaitedSegment(client);
    taken += performance.now() - begin;
    cancelAll(client);
  }
  client.close();
  return { per_s: ((segments * SEGMENT) / taken) * 1e3 };
}

// ---- ticks ---------------------------------------------------------------------------------------------------------------------

/** What every reader makes of a tick: two of its words as exact numbers, whatever its kind. */
function sumOf(ticks) {
  let sum = 0;
  for (let i = 0; i < ticks.length; i++) {
    const tick = ticks.at(i);
    sum += 3 * tick.bidPrice + tick.askPrice;
  }
  return sum;
}

async function parked(attach, kernel, count) {
  const client = await attach(kernel);
  const times = new Float64Array(count);
  let seen = 0;
  say({ ready: true });
  for await (const { ticks } of client.batches()) {
    const now = client.nowNs();
    for (let i = 0; i < ticks.length && seen < count; i++) times[seen++] = Number(now - ticks.at(i).tsEventRaw) / 1e3;
    if (seen === count) break;
  }
  client.close();
  return { p50_us: quantile(times, 0.5), p99_us: quantile(times, 0.99) };
}

function readTicks(client, count) {
  let [sum, seen, lost] = [0, 0, 0];
  while (seen < count) {
    const batch = client.poll(4096);
    sum += sumOf(batch.ticks);
    lost += batch.lost;
    seen += batch.ticks.length + batch.lost;
  }
  return { sum, lost };
}

async function ticks(attach, kernel, count) {
  const client = await attach(kernel);
  say({ ready: true });
  nextLine(); // go
  const begin = performance.now();
  const found = readTicks(client, count);
  const ms = performance.now() - begin;
  client.close();
  return { ms, ...found };
}

async function lag(attach, kernel, count) {
  const client = await attach(kernel);
  const [idle, busy] = [new Float64Array(1 << 16), new Float64Array(1 << 16)];
  let [before, during, seen, sum, lost, ended] = [0, 0, 0, 0, 0, false];
  const probe = () => {
    const due = performance.now() + 1;
    setTimeout(() => {
      if (ended) return;
      const late = Math.max(0, performance.now() - due);
      if (seen === 0) idle[before++] = late;
      else busy[during++] = late;
      probe();
    }, 1);
  };
  probe();
  setTimeout(() => say({ ready: true }), IDLE_MS);
  for await (const batch of client.batches()) {
    sum += sumOf(batch.ticks);
    lost += batch.lost;
    seen += batch.ticks.length + batch.lost;
    if (seen >= count) break;
  }
  ended = true;
  client.close();
  const of = (values) => ({ p50_ms: quantile(values, 0.5), p99_ms: quantile(values, 0.99), count: values.length });
  return { ...of(busy.subarray(0, during)), idle: of(idle.subarray(0, before)), ticks: seen, sum, lost };
}

// ---- the package's symbols beside the runtime's functions ------------------------------------------------------------------------

const BARE = {
  nt_abi_version: { parameters: [], result: "u32" },
  nt_read_quote: { parameters: ["u32", "u32", "pointer"], result: "i32" },
  nt_client_submit: { parameters: ["u32", "pointer"], result: "i32" },
  nt_client_poll: { parameters: ["u32", "pointer", "u32", "pointer", "u32", "i64", "pointer"], result: "i32" },
};

/** The functions of the library as the runtime itself has them. */
async function bareSymbols(library, load) {
  if (library.adapter === "node-api") return load(join(dirname(library.path), "neural_trader.node")).open(library.path);
  if (library.adapter === "Deno.dlopen") return globalThis.Deno.dlopen(library.path, BARE).symbols;
  const entries = Object.entries(BARE);
  if (library.adapter === "bun:ffi") {
    const { dlopen } = await import("bun:ffi");
    const type = (name) => (name === "pointer" ? "ptr" : name);
    const functions = entries.map(([name, each]) => [name, { args: each.parameters.map(type), returns: each.result }]);
    return dlopen(library.path, Object.fromEntries(functions)).symbols;
  }
  const opened = load("koffi").load(library.path);
  const types = { u32: "uint32_t", i32: "int32_t", i64: "int64_t", pointer: "void *" };
  return Object.fromEntries(
    entries.map(([name, each]) => [name, opened.func(name, types[each.result], each.parameters.map((type) => types[type]))]),
  );
}

const ID = 16; // offsets in nt_order
const PRICE = 24;
const QUANTITY = 40;
const INSTRUMENT = 48;
const MESSAGE = 56;
const FLAGS = 60;
const ABSENT = -(2n ** 63n);

/** Calls that are timed together, and one of them. Each loop is compiled by itself, so that its call has one target, as in a program. */
const LOOPS = {
  abi_version: [100_000, "f.nt_abi_version();"],
  read_quote: [50_000, "f.nt_read_quote(at.client, 0, at.quote);"],
  submit_and_poll: [
    SEGMENT,
    `at.order.setBigUint64(${ID}, 0n, true);
     f.nt_client_submit(at.client, at.request);
     while (f.nt_client_poll(at.client, null, 0, at.reports, 256, at.spin, at.poll) === 0);`,
  ],
};

/** The runtime's functions without an object around them, the package's as it calls them itself. */
function loopOf([count, call], bare) {
  const names = Object.keys(BARE);
  const body = `for (let i = 0; i < ${count}; i++) { ${bare ? call.replaceAll("f.nt_", "nt_") : call} }`;
  return new Function("f", bare ? `const { ${names.join(", ")} } = f; return (_, at) => { ${body} };` : `return (f, at) => { ${body} };`);
}

/** A client by its handle, which the package keeps to itself, and memory for its calls: a pointer alone does not keep it. */
function attachBare(library, kernel) {
  const bytes = { request: 128, quote: 128, reports: 256 * 128, poll: 16, handle: 4 };
  const kept = Object.fromEntries(Object.entries(bytes).map(([name, size]) => [name, library.allocate(size)]));
  const [name, own] = [library.text(kernel, "kernel"), library.text(`bare-${process.pid}`, "client")];
  library.call((error) => library.symbols.nt_client_attach(name.pointer, own.pointer, 5e9, kept.handle.pointer, error));
  const pointers = Object.fromEntries(Object.entries(kept).map(([name, { pointer }]) => [name, pointer]));
  return { client: new Uint32Array(kept.handle.buffer)[0], order: new DataView(kept.request.buffer), kept, ...pointers };
}

function writeOrder(order) {
  for (const [at, value] of [[PRICE, 9950n], [PRICE + 8, ABSENT], [QUANTITY, 1n]]) order.setBigInt64(at, value, true);
  order.setUint32(INSTRUMENT, 0, true);
  order.setUint32(MESSAGE, 0x01020101, true); // a new order to buy, with a limit, for the day
  order.setUint32(FLAGS, 0, true);
}

/** Not timed. */
function cancelAllBare(calls, { client, order, request, reports, poll }) {
  for (const at of [PRICE, PRICE + 8, QUANTITY]) order.setBigInt64(at, ABSENT, true);
  order.setBigUint64(ID, 0n, true);
  order.setUint32(INSTRUMENT, 0xffffffff, true);
  order.setUint32(MESSAGE, 4, true);
  order.setUint32(FLAGS, 1, true); // NT_ORDER_EXTENDED
  calls.nt_client_submit(client, request);
  for (let cancelled = 0; cancelled < SEGMENT; ) cancelled += calls.nt_client_poll(client, null, 0, reports, 256, 5_000, poll);
}

async function symbols(_, kernel, rounds, library, load) {
  const at = attachBare(library, kernel);
  const own = { f: await bareSymbols(library, load), at: { ...at, spin: library.adapter === "Deno.dlopen" ? 5_000n : 5_000 } };
  const wrapped = { f: library.symbols, at: { ...at, spin: 5_000 } };
  const found = {};
  for (const [name, [count, call]] of Object.entries(LOOPS)) {
    const sides = [own, wrapped].map((side) => ({ ...side, loop: loopOf([count, call], side === own)(side.f), ns: [] }));
    for (let round = -rounds; round < rounds; round++) {
      for (const { f, at: memory, loop, ns } of sides) {
        writeOrder(memory.order);
        const begin = performance.now();
        loop(f, memory);
        const taken = performance.now() - begin;
        if (round >= 0) ns.push((taken * 1e6) / count);
        if (name === "submit_and_poll") cancelAllBare(library.symbols, memory);
      }
    }
    found[name] = { bare_ns: sides[0].ns, wrapped_ns: sides[1].ns };
  }
  library.symbols.nt_close(at.client);
  return found;
}

async function memory(path, kernel, segments) {
  let client;
  if (path !== undefined) {
    const { Client } = await import(pathToFileURL(path));
    client = await Client.attach(kernel);
    for (let i = 0; i < segments; i++) {
      segment(client, FEW);
      cancelAll(client, FEW);
    }
  }
  await collect();
  say({ rss_anon_mb: residentAnonymousMb() });
  client?.close();
}

async function main(path) {
  const { Client, openLibrary } = await import(pathToFileURL(path));
  const load = createRequire(path);
  const attach = (kernel) => Client.attach(kernel);
  const modes = { sync, await: awaited, parked, ticks, lag, symbols };
  for (let line = nextLine(); line !== undefined; line = nextLine()) {
    const [name, kernel, count] = line.split(" ");
    say(await modes[name](attach, kernel, Number(count), openLibrary(), load));
    await pause(0); // what is left to close closes
  }
}

const [mode, ...rest] = process.argv.slice(2);
await (mode === "memory" ? memory(...rest) : main(mode));
