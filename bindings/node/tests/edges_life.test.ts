/** Programs, kernels and workers that end at any moment. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { Client, KernelDead, NotFound } from "../dist/index.js";
import { library, PATIENCE_MS, segments, TestKernel, until, worker } from "./support.ts";

const patient = { timeout: PATIENCE_MS };
const RESTING = { symbol: "ES", side: "BUY", quantity: 1, price: 90 } as const;
const unhandled: unknown[] = [];

let kernel: TestKernel;

before(async () => {
  process.on("unhandledRejection", (reason) => unhandled.push(reason));
  kernel = await TestKernel.start({ limits: { max_open_orders: 1000 } });
});

after(async () => {
  assert.equal(await kernel.close(), 0);
  assert.deepEqual(segments(kernel.name), []);
  assert.deepEqual(unhandled, []);
});

/** The kernel goes on, and nothing works there for those that have left. */
async function isClean(): Promise<void> {
  await using client = await Client.attach(kernel.name);
  await until(() => client.position("ES").workingBuy === 0, "the cancels of the dead");
  assert.equal((await client.execute(RESTING, { timeoutMs: 30_000 })).status, "NEW");
}

for (
  const way of [
    "closes",
    "does not close",
    "has waited until the time was up",
    "has aborted",
    "leaves a generator alone",
    "has workers that end by themselves",
  ]
) {
  test(`a program that ${way} ends by itself`, patient, async () => {
    const ended = await worker("program", kernel.name, way).ended;
    assert.deepEqual([ended.code, ended.stdout, ended.stderr], [0, "done\n", ""]);
    await isClean();
  });
}

for (
  const way of [
    "exits while parked",
    "exits while many are parked",
    "exits in a batch",
    "exits when an order is answered",
    "exits in a timer",
    "closes in an exit handler",
  ]
) {
  test(`a program that ${way} is gone`, patient, async () => {
    for (let round = 0; round < 3; round++) {
      const ended = await worker("program", kernel.name, way).ended;
      assert.deepEqual([ended.code, ended.signal, ended.stderr], [0, null, ""]);
    }
    await isClean();
  });
}

test("a program that fails while parked says why", patient, async () => {
  const ended = await worker("program", kernel.name, "fails while parked").ended;
  assert.deepEqual([ended.code, ended.signal], [1, null]);
  assert.match(ended.stderr, /a mistake of the program/);
  await isClean();
});

test("workers are terminated while they wait", patient, async () => {
  const ended = await worker("program", kernel.name, "terminates a worker that is parked").ended;
  assert.deepEqual([ended.code, ended.signal, ended.stderr], [0, null, ""]);
  await isClean();
});

const leaves = library.adapter === "koffi" || library.adapter === "Deno.dlopen";
const skip = leaves ? `${library.adapter} is not told that a worker ends: its orders end with the process` : false;

test("the orders of a terminated worker are cancelled", { ...patient, skip }, async () => {
  const ended = await worker("program", kernel.name, "outlives a worker with orders").ended;
  assert.deepEqual([ended.code, ended.stdout, ended.stderr], [0, "done\n", ""]);
});

test("workers are terminated while they trade", patient, async () => {
  const ended = await worker("program", kernel.name, "terminates workers that trade").ended;
  assert.deepEqual([ended.code, ended.signal, ended.stderr], [0, null, ""]);
  await isClean();
});

test("a killed client's orders are cancelled, and its name goes on", patient, async () => {
  await using victim = worker("program", kernel.name, "waits to be killed");
  assert.equal(await victim.hear(), "parked");
  await using observer = await Client.attach(kernel.name);
  assert.ok(observer.position("ES").workingBuy >= 5);
  victim.kill("SIGKILL");
  await victim.ended;
  await until(() => observer.position("ES").workingBuy === 0, "the cancels");
  await using again = await Client.attach(kernel.name, { name: "victim" });
  const cancelled = new Map<number, string | null>();
  await until(() => {
    for (const report of again.poll().reports) if (report.kind === "CANCELED") cancelled.set(report.orderId, report.reason);
    return cancelled.size >= 5;
  }, "what became of its orders");
  assert.ok([...cancelled.values()].every((reason) => reason === "CLIENT_DEATH"));
  const next = await again.execute(RESTING);
  assert.ok(next.orderId > Math.max(...cancelled.keys()), "ids go on");
});

test("a killed kernel ends who waits for it, and nobody else", patient, async () => {
  for (let round = 0; round < 3; round++) {
    await using victim = await TestKernel.start();
    await using elsewhere = await Client.attach(kernel.name);
    const clients = await Promise.all(Array.from({ length: 4 }, () => Client.attach(victim.name)));
    const waiting = clients.map((client, index) =>
      index % 2 === 0 ? client.execute(RESTING, { until: "done", timeoutMs: Infinity }) : (async () => {
        for await (const batch of client.batches()) assert.equal(batch.ended, false);
      })()
    );
    const settled = Promise.allSettled(waiting);
    if (round > 0) await sleep(30); // they sleep
    await victim.kill("SIGKILL");
    for (const result of await settled) {
      assert.equal(result.status, "rejected");
      assert.ok(result.reason instanceof KernelDead, String(result.reason));
    }
    assert.equal((await elsewhere.execute(RESTING, { timeoutMs: 30_000 })).status, "NEW");
    for (const client of clients) {
      await until(() => {
        try {
          client.poll();
          return false;
        } catch (error) {
          return error instanceof KernelDead;
        }
      }, "the news of the death");
      assert.throws(() => {
        for (;;) client.executeSync(RESTING, { timeoutMs: 1 });
      }, KernelDead);
      client.close();
    }
    await assert.rejects(
      Client.attach(victim.name, { timeoutMs: 30 }),
      (error: unknown) => error instanceof KernelDead || error instanceof NotFound,
    );
    await using heir = await TestKernel.start({}, victim.name); // cleans up after the dead one
    await using client = await Client.attach(heir.name);
    assert.equal((await client.execute(RESTING)).status, "NEW");
  }
});

test("a kernel that stops in good order leaves nobody waiting", patient, async () => {
  await using stopping = await TestKernel.start();
  const client = await Client.attach(stopping.name);
  const waiting = client.execute(RESTING, { until: "done", timeoutMs: Infinity });
  const settled = Promise.allSettled([waiting]);
  await until(() => client.orders().length === 1, "the order");
  await stopping.close();
  const [result] = await settled;
  assert.ok(result.status === "fulfilled" ? result.value.status === "CANCELED" : result.reason instanceof KernelDead);
  client.close();
});

test("an order sent to a kernel that stands still is answered when it goes on", patient, async () => {
  await using paused = await TestKernel.start();
  await using client = await Client.attach(paused.name);
  await paused.kill("SIGSTOP");
  let turns = 0;
  const ticking = setInterval(() => (turns += 1), 1);
  const result = await client.execute(RESTING, { timeoutMs: 100 });
  clearInterval(ticking);
  assert.equal(result.status, "PENDING");
  assert.deepEqual(result.reports, []);
  assert.ok(turns >= 3);
  const waiting = client.execute(RESTING, { timeoutMs: Infinity });
  await sleep(20);
  await paused.kill("SIGCONT");
  assert.equal((await waiting).status, "NEW");
  assert.deepEqual(client.poll().reports.map((report) => [report.orderId, report.kind]), [[result.orderId, "NEW"]]);
});

test("nothing was rejected unheard", async () => {
  await sleep(50);
  assert.deepEqual(unhandled, []);
});
