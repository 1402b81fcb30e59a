/** The sources themselves, type-checked and run by Deno: a kernel, its feed and a client, with the fewest permissions that do. */

import assert from "node:assert/strict";

import { Client, getVersion, Kernel } from "@neural-trader/core";

Deno.test("a kernel of this process is traded on through its name", async () => {
  const name = `deno-test-${Deno.pid}`;
  await using kernel = Kernel.create(
    {
      name,
      instruments: { ES: { tick_size: 0.25, multiplier: 50, currency: "USD", max_price: 100_000 } },
      accounts: { main: { currency: "USD", cash: 100_000 } },
      limits: { max_order_quantity: 10 },
    },
    { realtime: true },
  );
  kernel.start();
  await using client = await Client.attach(name);
  const denied = await client.execute({ symbol: "ES", side: "BUY", quantity: 500 });
  assert.equal(String(denied), "DENIED QUANTITY_EXCEEDS_MAXIMUM observed=500 limit=10");
  const filled = client.execute({ symbol: "ES", side: "BUY", quantity: 2 }, { timeoutMs: 10_000 });
  await using feed = kernel.feed();
  const trade = { kind: "TRADE", symbol: "ES", price: "1634.25", size: 5, aggressor: "BUY", tsEvent: 1n } as const;
  while (client.position("ES").quantity === 0) await feed.push([trade]);
  assert.equal((await filled).status, "FILLED");
  assert.equal(getVersion().adapter, Deno.env.get("NEURAL_TRADER_ADAPTER") ?? "Deno.dlopen");
});
