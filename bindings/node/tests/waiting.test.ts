/** Waiting beside the event loop: what wakes execute and batches, what each of them gets, and what ends them. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import type { Batch, Report } from "../dist/index.js";
import { BadHandle, Client } from "../dist/index.js";
import { PACKAGE, PATIENCE_MS, TestKernel, until } from "./support.ts";

const patient = { timeout: PATIENCE_MS };
const DENIED = { symbol: "ES", side: "BUY", quantity: 500 } as const;
const RESTING = { symbol: "ES", side: "BUY", quantity: 1, price: 90 } as const;
let kernel: TestKernel;

before(async () => {
  kernel = await TestKernel.start({ limits: { max_order_quantity: 10 }, fill_model: "queue" });
  await kernel.quote({ bid: 99.75, ask: 100.25 });
});

after(async () => {
  assert.equal(await kernel.close(), 0);
});

/** Everything that batches bring until a condition holds. */
async function collect(client: Client, enough: (batch: Batch) => boolean): Promise<void> {
  for await (const batch of client.batches()) if (enough(batch)) return;
}

test("ticks and reports wake batches", patient, async () => {
  await using client = await Client.attach(kernel.name);
  const [prices, kinds]: [(number | null)[], string[]] = [[], []];
  const collecting = collect(client, (batch) => {
    prices.push(...[...batch.ticks].map((tick) => tick.price));
    kinds.push(...batch.reports.map((report) => report.kind));
    return prices.length === 60 && kinds.length === 3;
  });
  for (let round = 0; round < 3; round++) {
    await sleep(30); // it sleeps by now
    await kernel.prints(100 + 5 * round, 0.25, 20);
    await sleep(30);
    client.submit(RESTING);
  }
  await collecting;
  assert.deepEqual(prices, Array.from({ length: 60 }, (_, index) => 100 + index * 0.25));
  assert.deepEqual(kinds, ["NEW", "NEW", "NEW"]);
});

test("execute and batches at the same time share the reports, and lose no tick", patient, async () => {
  await using client = await Client.attach(kernel.name);
  const count = 1000;
  const mine = new Map<number, string[]>();
  const others: Report[] = [];
  let ticks = 0;
  let submitted = 0;
  let isOver = false;
  const collecting = collect(client, (batch) => {
    assert.equal(batch.lost, 0);
    ticks += batch.ticks.length;
    others.push(...batch.reports);
    return isOver && ticks === count && others.length === submitted;
  });
  const executing = (async (): Promise<void> => {
    for (let index = 0; index < count; index++) {
      const result = await client.execute(index % 2 === 0 ? DENIED : { ...RESTING, timeInForce: "IOC", price: 1 }, { timeoutMs: Infinity });
      mine.set(result.orderId, result.reports.map((report) => report.kind));
      if (index % 3 === 0) {
        submitted += 1;
        client.submit(DENIED);
      }
      if (index % 10 === 9) await kernel.prints(100, 0.25, 10);
    }
    isOver = true;
    client.submit(DENIED); // its report wakes batches
    submitted += 1;
  })();
  await Promise.all([collecting, executing]);
  assert.equal(ticks, count);
  assert.equal(others.length, submitted);
  for (const report of others) assert.ok(!mine.has(report.orderId), "a report of an awaited order is its caller's");
  for (const kinds of mine.values()) assert.ok(["DENIED", "NEW,EXPIRED", "NEW,CANCELED"].includes(kinds.join()), kinds.join());
});

test("many executes at once each get their own reports", patient, async () => {
  await using client = await Client.attach(kernel.name);
  const results = await Promise.all(Array.from({ length: 200 }, () => client.execute(DENIED, { timeoutMs: Infinity })));
  assert.equal(new Set(results.map((result) => result.orderId)).size, 200);
  for (const result of results) {
    assert.equal(result.status, "DENIED");
    assert.deepEqual(result.reports.map((report) => report.orderId), [result.orderId]);
  }
  assert.deepEqual(client.poll().reports, []);
});

test("a poll that takes an awaited order's report ends the wait", patient, async () => {
  await using client = await Client.attach(kernel.name);
  for (let round = 0; round < 300; round++) {
    let ended = false;
    const executing = client.execute(DENIED, { timeoutMs: Infinity }).finally(() => (ended = true));
    while (!ended) {
      for (let looks = 0; looks < 200; looks++) assert.deepEqual(client.poll().reports, []); // faster than any thread that sleeps
      await sleep(0);
    }
    assert.equal((await executing).status, "DENIED");
  }
});

test("executeSync beside an awaited order leaves it its report", patient, async () => {
  await using slow = await TestKernel.start({ latency_us: 2000 });
  await using client = await Client.attach(slow.name);
  const executing = client.execute(RESTING, { timeoutMs: Infinity });
  await sleep(0); // it is parked
  assert.equal(client.executeSync(RESTING, { timeoutMs: 30_000 }).status, "NEW"); // takes the report of the first, too
  const result = await executing;
  assert.equal(result.status, "NEW");
  assert.deepEqual(client.poll().reports, []);
});

test("ticks stay for the next poll while orders are executed", patient, async () => {
  await using client = await Client.attach(kernel.name);
  await kernel.prints(100, 0.25, 50);
  for (let round = 0; round < 50; round++) await client.execute(DENIED, { timeoutMs: Infinity });
  client.executeSync(DENIED);
  const prices: (number | null)[] = [];
  await until(() => prices.push(...[...client.poll(7).ticks].map((tick) => tick.price)) >= 50, "50 ticks");
  assert.deepEqual(prices, Array.from({ length: 50 }, (_, index) => 100 + index * 0.25));
});

test("reports that came before an abort stay for the next poll", patient, async () => {
  await using client = await Client.attach(kernel.name);
  const controller = new AbortController();
  const executing = client.execute(RESTING, { until: "done", timeoutMs: Infinity, signal: controller.signal });
  await until(async () => (await sleep(1), client.orders()[0]?.status === "NEW"), "the venue's answer");
  controller.abort(new TypeError("enough"));
  await assert.rejects(executing, /enough/);
  assert.deepEqual(client.poll().reports.map((report) => report.kind), ["NEW"]);
  assert.equal(client.orders().length, 1); // it works on
});

test("the event loop turns while the program waits", patient, async () => {
  await using client = await Client.attach(kernel.name);
  let turns = 0;
  const ticking = setInterval(() => (turns += 1), 1);
  const result = await client.execute({ ...RESTING }, { until: "done", timeoutMs: 300 });
  assert.equal(result.status, "NEW");
  assert.ok(turns >= 10, `${turns} turns beside execute`);
  turns = 0;
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 300);
  for await (const batch of client.batches({ signal: controller.signal })) assert.equal(batch.ended, false);
  assert.ok(turns >= 10, `${turns} turns beside batches`);
  clearInterval(ticking);
});

test("the event loop turns beside executes that never stop, and a flood of ticks", patient, async () => {
  await using client = await Client.attach(kernel.name);
  let turns = 0;
  const ticking = setInterval(() => (turns += 1), 1);
  while (turns < 20) await client.execute(DENIED, { timeoutMs: Infinity }); // hangs where timers get no turn
  await kernel.stream(0);
  turns = 0;
  for await (const batch of client.batches()) {
    assert.equal(batch.ended, false);
    if (turns >= 20) break;
  }
  await kernel.quiet();
  clearInterval(ticking);
});

test("sixteen clients wait at once, and files are read meanwhile", patient, async () => {
  await using first = await TestKernel.start();
  await using second = await TestKernel.start();
  const clients = await Promise.all(Array.from({ length: 16 }, (_, index) => Client.attach((index % 2 === 0 ? first : second).name)));
  const seen = clients.map((client) => collect(client, (batch) => batch.ticks.length > 0));
  await sleep(50); // all of them sleep
  assert.ok((await readFile(join(PACKAGE, "package.json"), "utf8")).length > 0);
  await first.trade({ price: 100 });
  await second.trade({ price: 100 });
  await Promise.all(seen);
  for (const client of clients) client.close();
});

test("an abort ends batches quietly, and execute with its reason", patient, async () => {
  await using client = await Client.attach(kernel.name);
  const gone = AbortSignal.abort(new RangeError("before"));
  for await (const _ of client.batches({ signal: gone })) assert.fail("nothing comes after an abort");
  await assert.rejects(client.execute(RESTING, { signal: gone }), /before/);
  assert.equal(client.orders().length, 0); // nothing was sent
  await assert.rejects(Client.attach(kernel.name, { signal: gone }), /before/);
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 20);
  for await (const batch of client.batches({ signal: controller.signal })) assert.equal(batch.ended, false);
  await assert.rejects(client.execute(RESTING, { until: "done", signal: AbortSignal.timeout(20), timeoutMs: Infinity }), {
    name: "TimeoutError",
  });
  const absent = `${kernel.name}-absent`;
  await assert.rejects(Client.attach(absent, { signal: AbortSignal.timeout(20), timeoutMs: Infinity }), { name: "TimeoutError" });
  const attaching = new AbortController();
  setTimeout(() => attaching.abort(new RangeError("meanwhile")), 20);
  await assert.rejects(Client.attach(absent, { signal: attaching.signal, timeoutMs: Infinity }), /meanwhile/);
});

test("close ends who waits", patient, async () => {
  const client = await Client.attach(kernel.name);
  const executing = client.execute(RESTING, { until: "done", timeoutMs: Infinity });
  const collecting = collect(client, () => false);
  await sleep(20);
  client.close();
  client.close();
  await assert.rejects(executing, BadHandle);
  await collecting; // quietly
  assert.throws(() => client.poll(), BadHandle);
  assert.throws(() => client.submit(RESTING), BadHandle);
  assert.throws(() => client.executeSync(RESTING), BadHandle);
  await assert.rejects(client.execute(RESTING), BadHandle);
  await assert.rejects(client.batches().next(), BadHandle);
  assert.throws(() => client.orders(), BadHandle);
  assert.throws(() => client.quote("ES"), BadHandle);
  assert.throws(() => client.cancelAll(), BadHandle);
});

test("close in the body of batches ends it", patient, async () => {
  const client = await Client.attach(kernel.name);
  client.submit(DENIED);
  let turns = 0;
  for await (const batch of client.batches()) {
    assert.equal(batch.reports.length, 1);
    turns += 1;
    client.close();
  }
  assert.equal(turns, 1);
});

test("clients come and go while others wait", patient, async () => {
  await using staying = await Client.attach(kernel.name);
  let ticks = 0;
  const collecting = collect(staying, (batch) => (ticks += batch.ticks.length) >= 50);
  for (let round = 0; round < 50; round++) {
    const client = await Client.attach(kernel.name);
    const waiting = [
      collect(client, () => false),
      client.execute(RESTING, { until: "done", timeoutMs: Infinity }).catch((error: unknown) => error),
    ];
    if (round % 2 === 0) await sleep(1);
    client.close();
    await waiting[0];
    assert.ok((await waiting[1]) instanceof BadHandle);
    await kernel.trade({ price: 100 });
  }
  await collecting;
  assert.equal(ticks, 50);
});
