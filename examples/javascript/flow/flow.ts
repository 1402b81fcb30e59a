/**
 * The strategy of the README in TypeScript, on a tape in lockstep: the tape waits for each decision, so that the same decisions give the
 * same fills and the same digest in every language. Start the kernel, then this program:
 *
 *     neural-trader run ../../run.toml --participants 1 --set limits.max_position=1
 *     node flow.ts
 */
import { Client } from "@neural-trader/core";

const SYMBOL = "ES";
const ENTER = 0.6;

const client = await Client.attach(process.argv[2] ?? "es-paper", { name: "Flow", timeoutMs: 60_000 });
client.subscribe(); // the tape begins once as many have subscribed as the kernel waits for

let sent = 0;
for await (const { ticks } of client.batches()) {
  if (ticks.length === 0) continue; // reports alone: the market has not moved
  const flow = client.features(SYMBOL)["trade_flow_64"] ?? NaN; // NaN enters nowhere
  const held = client.position(SYMBOL).projected; // with what is under way, so that no order is sent twice
  if (Math.abs(flow) > ENTER && held * flow <= 0) {
    client.submit({ symbol: SYMBOL, side: flow > 0 ? "BUY" : "SELL", quantity: 1 + Math.abs(held) });
    sent += 1;
  }
}
console.log(JSON.stringify({ sent, position: client.position(SYMBOL).quantity, realizedPnl: client.position(SYMBOL).realizedPnl }));
client.close(); // the kernel prints its result when the last client has left
