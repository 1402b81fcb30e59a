/** Programs that end in all ways: `program.js KERNEL WAY`. Prints what it has reached. */

import { parentPort, Worker, workerData } from "node:worker_threads";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { Client } from "../../dist/index.js";

const RESTING = { symbol: "ES", side: "BUY", quantity: 1, price: 90 } as const;
const FOREVER = { until: "done", timeoutMs: Infinity } as const;

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

async function batchesOf(client: Client, signal?: AbortSignal): Promise<void> {
  for await (const batch of client.batches(signal === undefined ? {} : { signal })) if (batch.ended) return;
}

/** Somebody waits for each of them: an order's end, which does not come, and batches. */
function park(client: Client): void {
  void client.execute(RESTING, FOREVER);
  void batchesOf(client);
}

const ways: Readonly<Record<string, (kernel: string) => Promise<void>>> = {
  async "closes"(kernel) {
    await using client = await Client.attach(kernel);
    await client.execute(RESTING);
  },
  async "does not close"(kernel) {
    const client = await Client.attach(kernel);
    await client.execute(RESTING);
  },
  async "has waited until the time was up"(kernel) {
    const client = await Client.attach(kernel);
    await client.execute(RESTING, { until: "done", timeoutMs: 30 });
    await client.execute(RESTING, { until: "done", timeoutMs: 30 });
  },
  async "has aborted"(kernel) {
    const client = await Client.attach(kernel);
    await batchesOf(client, AbortSignal.any([AbortSignal.timeout(30), new AbortController().signal]));
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 30);
    await client.execute(RESTING, { ...FOREVER, signal: controller.signal }).catch(() => undefined);
  },
  async "leaves a generator alone"(kernel) {
    const client = await Client.attach(kernel);
    client.submit(RESTING);
    for await (const batch of client.batches()) if (batch.reports.length > 0) break;
    client.batches(); // nobody asks it for anything
  },
  async "exits while parked"(kernel) {
    park(await Client.attach(kernel));
    await sleep(30);
    say("parked");
    process.exit(0);
  },
  async "exits while many are parked"(kernel) {
    for (let index = 0; index < 6; index++) park(await Client.attach(kernel));
    await sleep(30);
    say("parked");
    process.exit(0);
  },
  async "exits in a batch"(kernel) {
    const client = await Client.attach(kernel);
    void client.execute(RESTING, FOREVER);
    client.submit(RESTING);
    for await (const batch of client.batches()) if (batch.reports.length > 0) process.exit(0);
  },
  async "exits when an order is answered"(kernel) {
    const client = await Client.attach(kernel);
    void batchesOf(client);
    await client.execute(RESTING, { timeoutMs: Infinity }).then(() => process.exit(0));
  },
  async "exits in a timer"(kernel) {
    park(await Client.attach(kernel));
    setTimeout(() => process.exit(0), 20);
  },
  async "fails while parked"(kernel) {
    park(await Client.attach(kernel));
    setTimeout(() => {
      throw new Error("a mistake of the program");
    }, 20);
  },
  async "closes in an exit handler"(kernel) {
    const client = await Client.attach(kernel);
    process.on("exit", () => client.close());
    park(client);
    setTimeout(() => process.exit(0), 20);
  },
  async "waits to be killed"(kernel) {
    const client = await Client.attach(kernel, { name: "victim" });
    for (let index = 0; index < 5; index++) await client.execute(RESTING);
    park(client);
    say("parked");
  },
  async "terminates a worker that is parked"(kernel) {
    for (let round = 0; round < 5; round++) await terminated(kernel, "parks", "parked");
    await using client = await Client.attach(kernel);
    await client.execute(RESTING);
    say(`${client.position("ES").workingBuy} working`);
  },
  async "outlives a worker with orders"(kernel) {
    await using client = await Client.attach(kernel);
    for (const way of ["parks", "submits"]) {
      await terminated(kernel, way, "parked");
      while (client.position("ES").workingBuy > 0) await sleep(1);
    }
  },
  async "terminates workers that trade"(kernel) {
    await Promise.all(Array.from({ length: 3 }, () => terminated(kernel, "trades", "traded")));
    await using client = await Client.attach(kernel);
    await client.execute(RESTING);
  },
  async "has workers that end by themselves"(kernel) {
    const ended = Array.from({ length: 3 }, async () => {
      const worker = start(kernel, "ends");
      const code = await new Promise((resolve) => worker.on("exit", resolve));
      if (code !== 0) throw new Error(`the worker has ended with ${String(code)}`);
    });
    await Promise.all(ended);
  },
};

const inWorkers: Readonly<Record<string, (kernel: string) => Promise<void>>> = {
  async parks(kernel) {
    const client = await Client.attach(kernel);
    park(client);
    await sleep(10);
    parentPort?.postMessage("parked");
  },
  async submits(kernel) {
    const client = await Client.attach(kernel);
    while (client.orders()[0]?.status !== "NEW") {
      if (client.orders().length === 0) client.submit(RESTING);
      client.poll();
    }
    setInterval(() => undefined, 1000); // it does not end by itself
    parentPort?.postMessage("parked");
  },
  async trades(kernel) {
    const client = await Client.attach(kernel);
    for (let round = 0;; round++) {
      await client.execute({ ...RESTING, quantity: 0 }, { timeoutMs: Infinity });
      if (round === 200) parentPort?.postMessage("traded");
    }
  },
  async ends(kernel) {
    await using client = await Client.attach(kernel);
    for (let round = 0; round < 200; round++) await client.execute({ ...RESTING, quantity: 0 }, { timeoutMs: Infinity });
  },
};

function start(kernel: string, way: string): Worker {
  return new Worker(fileURLToPath(import.meta.url), { workerData: [kernel, way] });
}

/** A worker that is terminated once it has said so. */
async function terminated(kernel: string, way: string, said: string): Promise<void> {
  const worker = start(kernel, way);
  const heard = await new Promise((resolve, reject) => {
    worker.on("message", resolve);
    worker.on("error", reject);
  });
  if (heard !== said) throw new Error(`the worker said ${String(heard)}`);
  await worker.terminate();
}

if (parentPort === null) {
  const [, , kernel = "", way = ""] = process.argv;
  await ways[way]?.(kernel);
  say("done");
} else {
  const [kernel = "", way = ""] = workerData as string[];
  await inWorkers[way]?.(kernel);
}
