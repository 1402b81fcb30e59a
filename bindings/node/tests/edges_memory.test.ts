/** Memory under pressure: what a program allocates without end is given back. NEURAL_TRADER_EXECUTES asks for more of them. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Client } from "../dist/index.js";
import { PATIENCE_MS, TestKernel } from "./support.ts";

const patient = { timeout: 5 * PATIENCE_MS };
const EXECUTES = Number(process.env["NEURAL_TRADER_EXECUTES"] ?? 150_000);
const ROUNDS_MAX = 40;
const ROOM_MIB = 8; // what collectors leave lying about
const DENIED = { symbol: "ES", side: "BUY", quantity: 500 } as const;

let kernel: TestKernel;

before(async () => {
  kernel = await TestKernel.start({ limits: { max_order_quantity: 10 } });
});

after(async () => {
  assert.equal(await kernel.close(), 0);
});

/** Work, round by round, until two in a row have needed no more: a heap grows to its size, and what leaks grows on and on. */
async function staysWithin(work: () => Promise<void>): Promise<void> {
  const sizes: number[] = [];
  while (sizes.length < ROUNDS_MAX) {
    await work();
    sizes.push(process.memoryUsage().rss / 2 ** 20);
    const [first, , last] = sizes.slice(-3);
    if (first !== undefined && last !== undefined && last - first < ROOM_MIB) return;
  }
  assert.fail(`MiB after each round: ${sizes.map((size) => size.toFixed(0)).join(", ")}`);
}

test("executes without end", patient, async () => {
  await using client = await Client.attach(kernel.name);
  const awaiting = async (count: number, at: number): Promise<void> => {
    for (let done = 0; done < count; done += at) {
      const results = await Promise.all(Array.from({ length: at }, () => client.execute(DENIED, { timeoutMs: Infinity })));
      for (const result of results) if (result.reason !== "QUANTITY_EXCEEDS_MAXIMUM") assert.fail(String(result));
    }
  };
  await staysWithin(async () => {
    const count = EXECUTES / 3;
    for (let index = 0; index < count * 0.7; index++) {
      const result = client.executeSync(DENIED, { spin: true, timeoutMs: 60_000 });
      if (result.observed !== "500") assert.fail(String(result));
    }
    await awaiting(count * 0.25, 50);
    await awaiting(count * 0.05, 1);
  });
});

test("batches, their ticks and their reports without end", patient, async () => {
  await using client = await Client.attach(kernel.name);
  await staysWithin(async () => {
    const wanted = 20_000;
    let [ticks, sum] = [0, 0];
    const pushing = (async (): Promise<void> => {
      for (let pushed = 0; pushed < wanted; pushed += 1000) await kernel.prints(100, 0.25, 1000);
    })();
    while (ticks < wanted) {
      for await (const batch of client.batches()) {
        for (const tick of batch.ticks) sum += tick.price ?? NaN;
        sum += batch.ticks.column("price").length;
        ticks += batch.ticks.length + batch.lost; // a busy machine may be slower than the ring is long
        if (batch.ticks.length > 0) client.submit(DENIED);
        if (ticks >= wanted || batch.ticks.length % 7 === 0) break; // generators come and go
      }
    }
    await pushing;
    assert.ok(sum > 0);
    client.poll();
  });
});

test("clients without end", patient, async () => {
  await staysWithin(async () => {
    for (let index = 0; index < 150; index++) {
      const client = await Client.attach(kernel.name);
      const waiting = client.execute({ ...DENIED, quantity: 1, price: 90 }, { until: "done", timeoutMs: Infinity });
      const ended = Promise.allSettled([waiting, client.batches({ signal: AbortSignal.timeout(index % 10) }).next()]);
      if (index % 2 === 0) await client.execute(DENIED, { timeoutMs: Infinity });
      client.close();
      await ended;
    }
  });
});
