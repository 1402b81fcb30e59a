/**
 * Computing on a thread of its own: the worker attaches to the kernel by its name, sees every tick and says where the price should go; the
 * main thread trades. Both are clients of the kernel, so that no tick is copied between threads and no order waits for a computation.
 *
 *     neural-trader run ../../run.toml --realtime --speed 60 --participants 0
 *     node worker.ts es-paper
 */
import { once } from "node:events";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";

import { Client } from "@neural-trader/core";

const SYMBOL = "ES";
const MEMORY = 1 / 200; // weight of one trade in the averages
const WARM_UP = 200; // trades before the averages mean anything
const ENTER = 1; // standard deviations

/** What the worker says: 1 for long, -1 for short, and why. */
interface Opinion {
  readonly direction: 1 | -1;
  readonly deviations: number;
  readonly trades: number;
}

/** Reversion to an exponentially weighted mean. Yields when its opinion changes, and ends with the signal. */
async function* opinions(client: Client, signal: AbortSignal): AsyncGenerator<Opinion, void, undefined> {
  let [mean, variance, trades, last] = [NaN, 0, 0, 0];
  for await (const { ticks } of client.batches({ signal })) {
    const prices = ticks.column("price"); // a copy: it may be kept, while the ticks are gone with the next batch
    for (const price of prices) {
      if (Number.isNaN(price)) continue; // a quote
      if (trades === 0) mean = price;
      trades += 1;
      const away = price - mean;
      mean += MEMORY * away;
      variance = (1 - MEMORY) * (variance + MEMORY * away * away);
    }
    const price = prices.findLast((value) => !Number.isNaN(value)) ?? NaN;
    const deviations = (price - mean) / Math.sqrt(variance);
    const direction = deviations < 0 ? 1 : -1;
    if (trades < WARM_UP || !(Math.abs(deviations) > ENTER) || direction === last) continue;
    last = direction;
    yield { direction, deviations, trades };
  }
}

async function compute(kernel: string): Promise<void> {
  const stopping = new AbortController();
  parentPort?.once("message", () => stopping.abort()); // whatever it is: the main thread sends it to end this one
  await using client = await Client.attach(kernel, { name: "research", signal: stopping.signal });
  for await (const opinion of opinions(client, stopping.signal)) parentPort?.postMessage(opinion);
  // Nobody listens and nobody waits any more: the thread ends by itself.
}

async function trade(client: Client, { direction, deviations, trades }: Opinion): Promise<void> {
  const change = direction - client.position(SYMBOL).projected;
  if (change === 0) return;
  const side = change > 0 ? "BUY" : "SELL";
  const result = await client.execute({ symbol: SYMBOL, side, quantity: Math.abs(change) }, { timeoutMs: 10_000 });
  console.log(`${trades} trades, ${deviations.toFixed(2)} deviations: ${side} ${Math.abs(change)}: ${result}`);
}

async function main(kernel: string): Promise<void> {
  const stopping = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => stopping.abort());
  await using client = await Client.attach(kernel, { name: "desk", timeoutMs: 60_000, signal: stopping.signal });
  const worker = new Worker(new URL(import.meta.url), { workerData: kernel });
  const ended = once(worker, "exit"); // rejects with what the worker throws, such as KernelDead
  stopping.signal.addEventListener("abort", () => worker.postMessage("stop"));
  let trading: Promise<void> | undefined;
  worker.on("message", (opinion: Opinion) => {
    if (trading !== undefined || stopping.signal.aborted) return; // an opinion that waits for an order's end would be old by then
    trading = trade(client, opinion)
      .catch((error: unknown) => {
        console.error(error);
        stopping.abort();
      })
      .finally(() => (trading = undefined));
  });
  console.log(`attached to ${kernel}`);
  await ended;
  await trading; // an order under way is answered before the client leaves
  console.log(`the worker has ended; position ${client.position(SYMBOL).quantity}`);
}

// Two clients leave here, each on its own thread: the worker's when its loop has ended, ours after it.
await (isMainThread ? main(process.argv[2] ?? "es-paper") : compute(workerData as string));
