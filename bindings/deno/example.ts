/**
 * Trade on a running kernel from Deno, from the sources of this tree:
 *
 *     neural-trader run examples/run.toml --realtime --speed 60 --participants 0
 *     deno run --allow-ffi --allow-read --allow-env bindings/deno/example.ts es-paper
 */
import { Client } from "@neural-trader/core";

await using client = await Client.attach(Deno.args[0] ?? "es-paper");
const order = await client.execute({ symbol: client.symbols[0] ?? "", side: "BUY", quantity: 1 });
console.log(`${order}`);
console.log(client.position(client.symbols[0] ?? ""));
