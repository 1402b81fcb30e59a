/** What is around a client: streams, monitors, resources, and what runs here. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import {
  CleanupFailed,
  Client,
  getVersion,
  InvalidArgument,
  MarketDataStream,
  Monitor,
  NoData,
  NotFound,
  ResourceManager,
  StateError,
} from "../dist/index.js";
import { findRuntime } from "../dist/runtime/runtime.js";
import { library, TestKernel, until } from "./support.js";

describe("a stream", () => {
  it("gives the market after each quote and trade, and ends with its signal", async () => {
    await using kernel = await TestKernel.start();
    const stopping = new AbortController();
    await using stream = await MarketDataStream.attach(kernel.name, { symbols: ["XYZ"], signal: stopping.signal });
    assert.deepEqual(stream.symbols, ["XYZ"]);
    await kernel.quote({ bid: 1, ask: 1.01, symbol: "XYZ" });
    await kernel.trade({ price: 100 });
    await kernel.trade({ price: 1.01, size: 0.001, symbol: "XYZ" });
    const seen: unknown[] = [];
    for await (const { symbol, kind, price, volume, bid, ask, spread } of stream) {
      seen.push([symbol, kind, price, volume, bid, ask, spread]);
      if (seen.length === 2) stopping.abort();
    }
    assert.deepEqual(seen, [
      ["XYZ", "QUOTE", null, null, 1, 1.01, 0.01],
      ["XYZ", "TRADE", 1.01, 0.001, 1, 1.01, 0.01],
    ]);
    assert.equal(stream.delivered, 2);
    assert.equal(stream.lost, 0);
  });

  it("counts what it loses where it is slower than the ring is long, and ends when it is closed", async () => {
    await using kernel = await TestKernel.start();
    const stream = await MarketDataStream.attach(kernel.name);
    await kernel.prints(100, 0.25, 40_000);
    let seen = 0;
    for await (const { symbol } of stream) {
      assert.equal(symbol, "ES");
      seen += 1;
      if (seen + stream.lost === 40_000) stream.close();
    }
    assert.ok(stream.lost > 0);
    assert.equal(seen + stream.lost, 40_000);
  });

  it("refuses symbols that are none", async () => {
    await using kernel = await TestKernel.start();
    await assert.rejects(MarketDataStream.attach(kernel.name, { symbols: ["NO"] }), NotFound);
    await assert.rejects(MarketDataStream.attach(kernel.name, { symbols: [] }), InvalidArgument);
    await assert.rejects(MarketDataStream.attach("no-such-kernel", { timeoutMs: 0 }), NotFound);
  });
});

describe("a monitor", () => {
  it("counts what the kernel does, and takes no channel", async () => {
    await using kernel = await TestKernel.start({ limits: { max_order_quantity: 10 } });
    using monitor = Monitor.attach(kernel.name);
    const status = monitor.status();
    assert.deepEqual([status.name, status.pid, status.realtime, status.running, status.ended], [
      kernel.name,
      kernel.pid,
      true,
      true,
      false,
    ]);
    assert.equal(status.nowNs, null);
    assert.throws(() => monitor.latency("TICK_TO_ORDER"), NoData);
    await using client = await Client.attach(kernel.name);
    await client.execute({ symbol: "ES", side: "BUY", quantity: 11 });
    await client.execute({ symbol: "ES", side: "BUY", quantity: 1, price: 5 });
    await kernel.trade({ price: 100 });
    await until(() => monitor.counters().ticks === 1, "the tick");
    const { denied, ordersAccepted, reports } = monitor.counters();
    assert.deepEqual({ ...denied }, { QUANTITY_EXCEEDS_MAXIMUM: 1 });
    assert.deepEqual([ordersAccepted, reports], [1, 2]);
    assert.equal(monitor.status().ticksPublished, 1);
    assert.ok((monitor.status().nowNs ?? 0n) > 0n);
    monitor.close();
    monitor.close();
    assert.throws(() => monitor.status(), { name: "BadHandle" });
    assert.throws(() => Monitor.attach("no-such-kernel"), NotFound);
  });
});

describe("an instrument", () => {
  it("says how fine its prices and quantities are", async () => {
    await using kernel = await TestKernel.start();
    await using client = await Client.attach(kernel.name);
    const sizes = client.symbols.map((symbol) => client.instrument(symbol)).map(({ tickSize, lotSize }) => [tickSize, lotSize]);
    assert.deepEqual(sizes, [["0.25", "1"], ["0.01", "0.001"]]);
    assert.equal(client.instrument("ES").currency, "USD");
    assert.throws(() => client.instrument("NO"), NotFound);
    assert.throws(() => client.submit({ side: "BUY", quantity: 1 } as unknown as Parameters<Client["submit"]>[0]), /needs a symbol/);
  });
});

describe("a model in this program", () => {
  it("says what it found, to everybody", async () => {
    await using kernel = await TestKernel.start({ models: ["flow", "other"] });
    await using speaker = await Client.attach(kernel.name);
    await using listener = await Client.attach(kernel.name);
    await kernel.trade({ price: 100 });
    speaker.sendSignal({ symbol: "ES", values: [0.25, 0.5, 0.25], calibrated: true });
    speaker.sendSignal({ symbol: "XYZ", values: [-1.5, 2], confidence: 0.75, model: "other", precision: "int8" });
    const heard: unknown[] = [];
    for await (const { signals } of listener.batches()) {
      for (const { model, symbol, values, confidence, ready, calibrated, precision } of signals) {
        heard.push([model, symbol, values, confidence, ready, calibrated, precision]);
      }
      if (heard.length === 2) break;
    }
    assert.deepEqual(heard, [
      ["flow", "ES", [0.25, 0.5, 0.25], 0.5, true, true, "fp32"],
      ["other", "XYZ", [-1.5, 2], 0.75, true, false, "int8"],
    ]);
    assert.deepEqual(listener.signal("ES").values, [0.25, 0.5, 0.25]);
    speaker.sendSignal({ symbol: "ES", values: [0, 0, 0], ready: false });
    await until(() => speaker.poll().signals.some((signal) => !signal.ready), "the end of readiness");
    assert.throws(() => listener.signal("ES"), { name: "ModelNotReady" });
    const good = { symbol: "ES", values: [1] };
    for (
      const [wrong, said] of [
        [{ values: [] }, /1 to 6 values/],
        [{ values: [1, 0, 0, 0, 0, 0, 0] }, /1 to 6 values/],
        [{ values: "1" }, /1 to 6 values, not "1"/],
        [{ values: ["1"] }, /are numbers, not "1"/],
        [{ values: [0.5, 0.6] }, /no probabilities/],
        [{ values: [NaN], confidence: 1 }, /finite/],
        [{ values: [1], confidence: 1.5 }, /confidence from 0 to 1/],
        [{ precision: "fp16" }, /fp32, bf16, int8/],
      ] as const
    ) {
      assert.throws(() => speaker.sendSignal({ ...good, ...wrong } as typeof good), { name: "InvalidArgument", message: said });
    }
    assert.throws(() => speaker.sendSignal({ ...good, model: "none" }), NotFound);
    assert.throws(() => speaker.sendSignal({ ...good, symbol: "NO" }), NotFound);
  });
});

describe("a resource manager", () => {
  it("closes everything in reverse order, whatever fails", async () => {
    const closed: string[] = [];
    const manager = new ResourceManager();
    manager.register({ close: () => void closed.push("close") });
    manager.register({ [Symbol.dispose]: () => void closed.push("dispose") });
    manager.register({ close: () => Promise.reject(new Error("as asked")) });
    manager.register({ [Symbol.asyncDispose]: async () => void closed.push("asyncDispose") });
    assert.equal(manager.size, 4);
    const error: unknown = await manager.cleanup().catch((reason: unknown) => reason);
    assert.ok(error instanceof CleanupFailed);
    assert.match(error.message, /1 of the registered resources could not be closed: Error: as asked/);
    assert.equal(error.failures.length, 1);
    assert.deepEqual(closed, ["asyncDispose", "dispose", "close"]);
    await manager.cleanup();
    assert.equal(manager.size, 0);
    assert.throws(() => manager.register({ close: () => undefined }), StateError);
    assert.throws(() => new ResourceManager().register({} as { close(): void }), InvalidArgument);
  });

  it("owns clients", async () => {
    await using kernel = await TestKernel.start();
    let client: Client;
    {
      await using manager = new ResourceManager();
      client = manager.register(await Client.attach(kernel.name));
      assert.equal(client.closed, false);
    }
    assert.equal(client.closed, true);
  });
});

describe("what runs here", () => {
  it("says what was taken, and why nothing else was", () => {
    const version = getVersion(library);
    assert.equal(version.package, "0.1.0");
    assert.equal(version.abi, 1);
    assert.match(version.layoutHash, /^[0-9a-f]{16}$/);
    assert.match(version.library, /^\/.*libneural_trader\.so$/);
    const wanted = process.env["NEURAL_TRADER_ADAPTER"];
    if (wanted !== undefined) assert.equal(version.adapter, wanted);
    const all = [version.adapter, ...version.rejected.map(({ adapter }) => adapter)].sort();
    assert.deepEqual(all, ["Deno.dlopen", "bun:ffi", "ffi-napi", "koffi", "node-api", "node:ffi"]);
    for (const { reason } of version.rejected) assert.notEqual(reason, "");
    assert.equal(version.runtime, findRuntime().name);
  });

  it("knows the runtimes by what only they have", () => {
    assert.deepEqual(findRuntime({ Bun: { version: "1" }, Deno: { version: { deno: "2" } } }), { name: "bun", version: "1" });
    assert.deepEqual(findRuntime({ Deno: { version: { deno: "2" } } }), { name: "deno", version: "2" });
    assert.equal(findRuntime({}).name, "node");
  });
});
