/** The awaited face: orders, market data, statistics, and how it ends. */

import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, it } from "node:test";

import type { MarketData } from "../dist/index.js";
import { Closed, ExecutionEngine, InvalidArgument, KernelDead, NameInUse, NotFound, OrderTimedOut, StateError } from "../dist/index.js";
import type { KernelConfig } from "../dist/index.js";
import { freshName, segments, TestKernel, until } from "./support.js";

function configuration(name: string): KernelConfig {
  return {
    name,
    instruments: { ES: { tick_size: 0.25, multiplier: 50, currency: "USD", max_price: 100_000 } },
    accounts: { main: { currency: "USD", cash: 100_000 } },
    limits: { max_order_quantity: 10 },
  };
}

describe("orders of an engine", () => {
  it("are awaited to the venue's answer, or to their end", async () => {
    await using kernel = await TestKernel.start();
    await using engine = new ExecutionEngine(kernel.name);
    await engine.start();
    const resting = await engine.submitOrder({ symbol: "ES", side: "BUY", quantity: 2, price: 90 });
    assert.equal(resting.status, "NEW");
    assert.equal(resting.reports.length, 1);
    const market = engine.submitOrder({ symbol: "ES", side: "BUY", quantity: 1 });
    let filled = false;
    void market.then(() => (filled = true));
    await sleep(20);
    assert.equal(filled, false);
    await kernel.trade({ price: 100 });
    const result = await market;
    assert.equal(result.status, "FILLED");
    assert.equal(result.filledQuantity, 1);
    assert.equal(result.averagePrice, 100.25); // a tick of slippage
    assert.ok(result.totalLatencyNs > 0);
    assert.equal((await engine.waitOrder(result.orderId)).status, "FILLED");
    const cancelled = await engine.cancelOrder(resting.orderId);
    assert.equal(cancelled.status, "CANCELED");
    assert.equal((await engine.cancelOrder(resting.orderId)).status, "CANCELED");
    await assert.rejects(engine.waitOrder(999), NotFound);
  });

  it("that are refused are results, and what is no order throws", async () => {
    await using kernel = await TestKernel.start({ limits: { max_order_quantity: 10 } });
    await using engine = new ExecutionEngine(kernel.name);
    await engine.start();
    const denied = await engine.submitOrder({ symbol: "ES", side: "BUY", quantity: 500 });
    assert.equal(String(denied), "DENIED QUANTITY_EXCEEDS_MAXIMUM observed=500 limit=10");
    await assert.rejects(engine.submitOrder({ symbol: "ES", side: "BUY", quantity: 1.5 }), InvalidArgument);
    await assert.rejects(engine.submitOrder({ symbol: "NO", side: "BUY", quantity: 1 }), NotFound);
    await assert.rejects(engine.submitOrder({ symbol: "ES", side: "BUY", quantity: 1 }, { timeoutMs: -1 }), InvalidArgument);
    await assert.rejects(engine.submitOrder({ symbol: "ES", side: "BUY", quantity: 1 }, { until: "later" as "done" }), InvalidArgument);
    await until(() => engine.getStats().counters.denied["QUANTITY_EXCEEDS_MAXIMUM"] === 1, "the count"); // shown when the kernel is idle
    assert.equal(engine.getStats().submitted, 1);
  });

  it("time out and go on", async () => {
    await using kernel = await TestKernel.start();
    await using engine = new ExecutionEngine(kernel.name);
    await engine.start();
    const order = { symbol: "ES", side: "BUY", quantity: 1 } as const;
    const error = await engine.submitOrder(order, { timeoutMs: 30 }).catch((reason: unknown) => reason);
    assert.ok(error instanceof OrderTimedOut);
    assert.match(error.message, /goes on; waitOrder awaits it/);
    assert.equal(error.result.status, "NEW");
    assert.equal(engine.getStats().open, 1);
    const going = engine.waitOrder(error.result.orderId);
    await kernel.trade({ price: 100 });
    assert.equal((await going).status, "FILLED");
    const stopping = new AbortController();
    const aborted = engine.submitOrder(order, { signal: stopping.signal });
    stopping.abort(new Error("enough"));
    await assert.rejects(aborted, /enough/);
    assert.equal(engine.getStats().waiting, 0);
  });

  it("fail with Closed when the engine stops, and with KernelDead when the kernel dies", async () => {
    const kernel = await TestKernel.start();
    const [first, second] = [new ExecutionEngine(kernel.name), new ExecutionEngine(kernel.name)];
    await first.start();
    await second.start();
    const closed = assert.rejects(first.submitOrder({ symbol: "ES", side: "BUY", quantity: 1 }), Closed);
    await first.stop();
    await closed;
    await first.stop();
    const dead = assert.rejects(second.submitOrder({ symbol: "ES", side: "BUY", quantity: 1 }), KernelDead);
    await kernel.kill("SIGKILL");
    await dead;
    await assert.rejects(second.submitOrder({ symbol: "ES", side: "BUY", quantity: 1 }), KernelDead);
    await second.stop();
    await assert.rejects(second.submitOrder({ symbol: "ES", side: "BUY", quantity: 1 }), StateError);
  });
});

describe("an engine", () => {
  it("has a kernel of its own where it is given a configuration", async () => {
    const name = freshName("engine");
    const engine = new ExecutionEngine(configuration(name));
    assert.equal(engine.running, false);
    assert.throws(() => engine.getStats(), StateError);
    await engine.start();
    assert.equal(engine.running, true);
    await assert.rejects(engine.start(), StateError);
    await assert.rejects(new ExecutionEngine(configuration(name)).start(), NameInUse);
    const denied = await engine.submitOrder({ symbol: "ES", side: "SELL", quantity: 11 });
    assert.equal(denied.limit, "10");
    assert.ok(segments(name).length > 0);
    await engine.stop();
    assert.deepEqual(segments(name), []);
    await engine.start(); // and again
    assert.equal((await engine.submitOrder({ symbol: "ES", side: "SELL", quantity: 1, price: 5 })).status, "NEW");
    await engine.stop();
    assert.deepEqual(segments(name), []);
  });

  it("goes on when a source has ended", async () => {
    await using kernel = await TestKernel.start({ limits: { max_order_quantity: 10 } });
    await using engine = new ExecutionEngine(kernel.name);
    await engine.start();
    await kernel.trade({ price: 100 });
    await kernel.end();
    await until(() => engine.getStats().ticks === 1, "the last tick");
    await sleep(20);
    assert.equal((await engine.submitOrder({ symbol: "ES", side: "BUY", quantity: 500 }, { timeoutMs: 10_000 })).status, "DENIED");
    const resting = await engine.submitOrder({ symbol: "ES", side: "BUY", quantity: 1, price: 90 }, { timeoutMs: 10_000 });
    assert.equal((await engine.cancelOrder(resting.orderId, { timeoutMs: 10_000 })).status, "CANCELED");
  });

  it("that is stopped while it starts does not start, and starts again after a stop", async () => {
    const name = freshName("late");
    const engine = new ExecutionEngine(name);
    const starting = assert.rejects(engine.start({ timeoutMs: 60_000 }), Closed);
    await engine.stop();
    await starting;
    await using kernel = await TestKernel.start({}, name);
    await engine.start();
    const stopping = engine.stop();
    await engine.start();
    await stopping;
    assert.equal(engine.running, true);
    assert.equal((await engine.submitOrder({ symbol: "ES", side: "BUY", quantity: 1, price: 90 })).status, "NEW");
    assert.equal(kernel.name, name);
    await engine.stop();
  });

  it("is for real time", async () => {
    await using kernel = await TestKernel.start({ tape: true });
    await assert.rejects(new ExecutionEngine(kernel.name).start(), /real time/);
    await assert.rejects(new ExecutionEngine("no-such-kernel").start({ timeoutMs: 0 }), NotFound);
  });

  it("calls back with the market of the symbols that are wanted, one at a time", async () => {
    await using kernel = await TestKernel.start();
    await using engine = new ExecutionEngine(kernel.name);
    await engine.start();
    const seen: MarketData[] = [];
    let [inside, most] = [0, 0];
    const fast = engine.subscribeMarketData(["ES"], (data) => void seen.push(data));
    const slow = engine.subscribeMarketData(["ES", "XYZ"], async () => {
      most = Math.max(most, inside += 1);
      await sleep(1);
      inside -= 1;
    });
    const failing = engine.subscribeMarketData(["XYZ"], () => {
      throw new Error("as asked");
    });
    const reported = console.error;
    console.error = () => undefined; // it says so there
    try {
      await kernel.quote({ bid: 99.75, ask: 100.25 });
      await kernel.trade({ price: 100, size: 7 });
      await kernel.trade({ price: 5, symbol: "XYZ" });
      await until(() => slow.delivered === 3 && failing.failures === 1, "the market");
    } finally {
      console.error = reported;
    }
    assert.deepEqual(
      seen.map(({ kind, price, volume, bid, ask, spread }) => [kind, price, volume, bid, ask, spread]),
      [
        ["QUOTE", null, null, 99.75, 100.25, 0.5],
        ["TRADE", 100, 7, 99.75, 100.25, 0.5],
      ],
    );
    assert.equal(most, 1);
    assert.equal(engine.getStats().failures, 1);
    fast.unsubscribe();
    fast.unsubscribe();
    await kernel.trade({ price: 101 });
    await until(() => slow.delivered === 4, "another trade");
    assert.equal(seen.length, 2);
    assert.equal(engine.getStats().subscriptions, 2);
    assert.throws(() => engine.subscribeMarketData([], () => undefined), InvalidArgument);
    assert.throws(() => engine.subscribeMarketData(["NO"], () => undefined), NotFound);
    assert.throws(() => engine.subscribeMarketData(["ES"], "f" as unknown as () => void), InvalidArgument);
  });
});
