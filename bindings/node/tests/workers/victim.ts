/** A client that does everything all the time: `victim.js KERNEL NAME`, until a line comes. Says which errors it has met. */

import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

import { Client, NeuralTraderError } from "../../dist/index.js";

const [, , kernel = "", name = ""] = process.argv;
const ORDER = { symbol: "ES", side: "BUY", quantity: 1, price: 90 } as const;
const met = new Map<string, number>();
let isOver = false;

/** Run; a typed error is what may happen, and so is a number beyond 2^53 in a record. */
async function may(run: () => unknown): Promise<void> {
  try {
    await run();
  } catch (error) {
    const typed = error instanceof NeuralTraderError || (error instanceof RangeError && /not exact/.test(error.message));
    if (!typed) throw error;
    met.set(error.name, (met.get(error.name) ?? 0) + 1);
  }
}

async function everything(client: Client): Promise<void> {
  await may(() => {
    for (const tick of client.poll().ticks) if (tick.kind === "") throw new TypeError("a tick of no kind");
  });
  await may(() => {
    const { ticks, reports, signals } = client.poll(100);
    for (const column of ["bidPrice", "price", "size", "tsEvent", "kind", "instrument"] as const) ticks.column(column);
    JSON.stringify({ reports, signals: signals.map((signal) => signal.values) });
  });
  for (
    const run of [
      () => client.submit(ORDER),
      () => client.executeSync(ORDER, { timeoutMs: 1 }),
      () => client.executeSync({ ...ORDER, quantity: 500 }, { timeoutMs: 1, spin: true }),
      () => client.execute(ORDER, { timeoutMs: 5 }),
      () => client.orders(),
      () => client.replace(1, { quantity: 2 }),
      () => client.cancel(1),
      () => client.cancelAll(),
      () => client.quote("ES"),
      () => client.features("ES"),
      () => client.position("XYZ"),
      () => client.account(),
      () => client.signal("ES"),
      () => client.nowNs(),
      () => client.onTape,
      () => client.subscribe(),
    ]
  ) {
    await may(run);
  }
  await may(async () => {
    for await (const batch of client.batches({ signal: AbortSignal.timeout(3) })) if (batch.ended) break;
  });
}

createInterface({ input: process.stdin }).once("line", () => (isOver = true));
let client = await Client.attach(kernel, { name });
process.stdout.write("attached\n");
for (let round = 0; !isOver; round++) {
  await everything(client);
  if (round % 20 === 19) {
    client.close();
    await may(async () => (client = await Client.attach(kernel, { name, timeoutMs: 20 })));
  }
  await sleep(0);
}
client.close();
process.stdout.write(`${JSON.stringify(Object.fromEntries(met))}\n`);
process.exit(0);
