/** What one caller of a client reads for another, and calls that would lose something. */

import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, it } from "node:test";

import { Client, InvalidArgument, InvalidName, KernelDead, Monitor, StateError } from "../dist/index.js";
import { TestKernel } from "./support.ts";

const DENIED = { symbol: "ES", side: "BUY", quantity: 500 } as const;
const LIMITS = { limits: { max_order_quantity: 10 } };

describe("reports read for another", () => {
  it("wake who waits for batches", async () => {
    await using kernel = await TestKernel.start(LIMITS);
    await using client = await Client.attach(kernel.name);
    const seen = new Set<number>();
    const reading = (async (): Promise<void> => {
      for await (const { reports } of client.batches()) for (const { orderId } of reports) seen.add(orderId);
    })();
    for (let round = 0; round < 30; round++) {
      await sleep(1); // the reader sleeps
      const sent = client.submit(DENIED);
      if (round % 2 === 0) await client.execute(DENIED);
      else client.executeSync(DENIED, { spin: true });
      for (const begun = performance.now(); !seen.has(sent); await sleep(1)) {
        assert.ok(performance.now() - begun < 20_000, "a report that was read has reached nobody");
      }
    }
    client.close();
    await reading;
  });

  it("are not lost with the kernel", async () => {
    const kernel = await TestKernel.start(LIMITS);
    await using client = await Client.attach(kernel.name);
    const sent = client.submit(DENIED);
    await client.execute(DENIED);
    await kernel.kill("SIGKILL");
    await sleep(100);
    assert.deepEqual(client.poll().reports.map(({ orderId }) => orderId), [sent]);
    await assert.rejects(async () => {
      for (;;) {
        client.poll(); // looks for the kernel once in a while
        await sleep(1);
      }
    }, KernelDead);
  });

  it("do not take the end of a source with them", async () => {
    await using kernel = await TestKernel.start(LIMITS);
    await using client = await Client.attach(kernel.name);
    const ended = (async (): Promise<boolean> => {
      for await (const batch of client.batches()) if (batch.ended) return true;
      return false;
    })();
    await sleep(5);
    await kernel.end();
    for (let round = 0; round < 20; round++) client.executeSync(DENIED, { spin: true });
    assert.equal(await ended, true);
  });
});

describe("calls that would lose something are refused", () => {
  it("keys that nothing reads", async () => {
    await using kernel = await TestKernel.start();
    await using client = await Client.attach(kernel.name);
    const { orderId } = await client.execute({ symbol: "ES", side: "BUY", quantity: 1, price: 90 });
    assert.throws(() => client.cancelAll({ symbl: "XYZ" } as object), /has no "symbl"; it has symbol, account/);
    assert.throws(() => client.replace(orderId, { quantiy: 5, price: 91 } as object), /has no "quantiy"/);
    assert.throws(() => client.sendSignal({ symbol: "ES", values: [1], redy: false } as never), InvalidArgument);
    for (const nothing of [null, undefined, 1]) {
      if (nothing !== undefined) assert.throws(() => client.cancelAll(nothing as never), InvalidArgument);
      assert.throws(() => client.replace(orderId, nothing as never), InvalidArgument);
      assert.throws(() => client.sendSignal(nothing as never), InvalidArgument);
    }
    assert.equal(client.orders().length, 1);
    using monitor = Monitor.attach(kernel.name);
    assert.throws(() => monitor.latency("tick_to_order" as "TICK_TO_ORDER"), InvalidArgument);
    await assert.rejects(Client.attach(kernel.name, { name: null as never }), InvalidArgument);
    await assert.rejects(Client.attach(kernel.name, { name: "" }), InvalidName);
  });

  it("a subscription while an order is awaited", async () => {
    await using kernel = await TestKernel.start({ tape: true });
    await using client = await Client.attach(kernel.name);
    const awaited = client.execute({ symbol: "ES", side: "BUY", quantity: 1, price: 90 }, { until: "done", timeoutMs: 50 });
    assert.throws(() => client.subscribe(), StateError);
    await awaited;
    client.subscribe();
  });
});
