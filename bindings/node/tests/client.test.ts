/** A client against a real kernel: orders, what comes, reads, and its life. Waiting is in waiting.test.ts. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import type { Report, Tick } from "../dist/index.js";
import { Client, InvalidArgument, NameInUse, NoChannel, NoData, NotFound, StateError, TimedOut, WouldDeadlock } from "../dist/index.js";
import { freshName, PATIENCE_MS, TestKernel, until } from "./support.ts";

const patient = { timeout: PATIENCE_MS };
let kernel: TestKernel;

before(async () => {
  kernel = await TestKernel.start({ limits: { max_order_quantity: 10 }, fill_model: "queue", accounts: ["main", "other"] });
  await kernel.quote({ bid: 99.75, ask: 100.25 });
});

after(async () => {
  assert.equal(await kernel.close(), 0);
});

/** The reports of an order up to one of these kinds. */
async function reportsOf(client: Client, id: number, ...kinds: readonly string[]): Promise<Report[]> {
  const found: Report[] = [];
  await until(() => {
    found.push(...client.poll().reports.filter((report) => report.orderId === id));
    return found.some((report) => kinds.includes(report.kind));
  }, `${kinds.join(" or ")} of order ${id}`);
  return found;
}

async function ticksOf(client: Client, count: number): Promise<Tick[]> {
  const found: Tick[] = [];
  await until(() => {
    found.push(...client.poll().ticks);
    return found.length >= count;
  }, `${count} ticks`);
  return found;
}

test("a market order fills at the quote", patient, async () => {
  await using client = await Client.attach(kernel.name);
  const result = await client.execute({ symbol: "ES", side: "BUY", quantity: 2 });
  assert.equal(result.status, "FILLED");
  assert.equal(result.filledQuantity, 2);
  assert.equal(result.reports.at(-1)?.side, "BUY");
  assert.equal(result.reports.at(-1)?.symbol, "ES");
  assert.equal(result.reports.at(-1)?.liquidity, "TAKER");
  assert.equal(result.reports.at(-1)?.fee, "4.2");
  assert.ok(result.averagePrice !== null && result.averagePrice >= 100.25);
  const position = client.position("ES");
  assert.equal(position.quantity, 2);
  assert.equal(position.averagePrice, result.averagePrice);
  assert.equal(position.fees, "4.2");
  const sold = client.executeSync({ symbol: "ES", side: "SELL", quantity: "2" });
  assert.equal(sold.status, "FILLED");
  assert.equal(client.position("ES").quantity, 0);
  assert.ok(Number.isNaN(client.position("ES").averagePrice));
  assert.equal(client.account().fees, "8.4");
  assert.equal(client.account().currency, "USD");
});

test("a refused order is a result with its reason and numbers", patient, async () => {
  await using client = await Client.attach(kernel.name);
  const order = { symbol: "ES", side: "BUY", quantity: 500 } as const;
  for (const result of [await client.execute(order), client.executeSync(order), client.executeSync(order, { spin: true })]) {
    assert.equal(String(result), "DENIED QUANTITY_EXCEEDS_MAXIMUM observed=500 limit=10");
    assert.equal(result.filledQuantity, 0);
    assert.equal(result.averagePrice, null);
    assert.ok(result.timestampNs !== null && result.timestampNs > 0n);
    assert.deepEqual(JSON.parse(JSON.stringify(result)).reason, "QUANTITY_EXCEEDS_MAXIMUM");
  }
});

test("an order rests, is replaced and is cancelled", patient, async () => {
  await using client = await Client.attach(kernel.name);
  const id = client.submit({ symbol: "ES", side: "BUY", quantity: 3, price: "90.25" });
  const [accepted] = await reportsOf(client, id, "NEW");
  assert.equal(accepted?.status, "NEW");
  assert.equal(accepted?.leavesQuantity, 3);
  assert.deepEqual(client.orders(), [
    { orderId: id, symbol: "ES", side: "BUY", quantity: 3, filled: 0, price: 90.25, status: "NEW" },
  ]);
  assert.deepEqual(client.orders("XYZ"), []);
  assert.equal(client.position("ES").workingBuy, 3);
  client.replace(id, { quantity: 4, price: 91 });
  const replaced = (await reportsOf(client, id, "REPLACED", "REPLACE_REJECTED")).at(-1);
  assert.equal(replaced?.kind, "REPLACED");
  assert.equal(replaced?.leavesQuantity, 4);
  client.cancel(id);
  const cancelled = (await reportsOf(client, id, "CANCELED", "CANCEL_REJECTED")).at(-1);
  assert.equal(cancelled?.status, "CANCELED");
  assert.equal(cancelled?.reason, "USER_REQUEST");
  assert.deepEqual(client.orders(), []);
  assert.throws(() => client.replace(id, { quantity: 1 }), NotFound);
  assert.throws(() => client.replace(id, {}), InvalidArgument);
});

test("a cancel of what is no order is rejected", patient, async () => {
  await using client = await Client.attach(kernel.name);
  client.cancel(77);
  const [report] = await reportsOf(client, 77, "CANCEL_REJECTED");
  assert.equal(report?.reason, "UNKNOWN_ORDER");
});

test("cancelAll cancels everywhere, on a symbol, or of an account", patient, async () => {
  await using client = await Client.attach(kernel.name);
  const place = async (symbol: "ES" | "XYZ", account: string): Promise<number> => {
    const result = await client.execute({ symbol, side: "BUY", quantity: 1, price: 50, account });
    assert.equal(result.status, "NEW");
    return result.orderId;
  };
  const gone = async (...ids: readonly number[]): Promise<void> => {
    await until(() => {
      client.poll();
      return client.orders().every((order) => !ids.includes(order.orderId));
    }, `the end of ${ids.join(" and ")}`);
  };
  const [a, b, c, d] = [await place("ES", "main"), await place("XYZ", "main"), await place("ES", "other"), await place("XYZ", "other")];
  assert.equal(client.cancelAll({ symbol: "XYZ", account: "other" }), 1);
  await gone(d);
  assert.deepEqual(client.orders().map((order) => order.orderId), [a, b, c]);
  assert.equal(client.cancelAll({ symbol: "ES" }), 2);
  await gone(a, c);
  assert.deepEqual(client.orders().map((order) => order.orderId), [b]);
  assert.equal(client.cancelAll(), 1);
  await gone(b);
  assert.equal(client.cancelAll(), 0);
});

test("every kind of order reaches the venue", patient, async () => {
  await using client = await Client.attach(kernel.name);
  const order = { symbol: "ES", side: "BUY", quantity: 1 } as const;
  const parent = await client.execute({ ...order, price: 80, timeInForce: "GTC" });
  assert.equal(parent.status, "NEW");
  const expireNs = client.nowNs() + 3_600_000_000_000n;
  for (
    const more of [
      { triggerPrice: 120 },
      { triggerPrice: 120, price: 121 },
      { trailingOffset: 5 },
      { triggerPrice: 70, orderType: "MARKET_IF_TOUCHED" },
      { price: 80, timeInForce: "GTD", expireNs },
      { price: 80, postOnly: true },
      { price: 80, displayQuantity: 1 },
      { price: 80, oco: parent.orderId },
    ] as const
  ) {
    const result = await client.execute({ ...order, ...more }, { until: "accepted" });
    assert.equal(result.status, "NEW", `${JSON.stringify(more, (_, value: unknown) => String(value))}: ${result}`);
  }
  const entry = await client.execute({ ...order, price: 80 });
  const bracket = await client.execute({ ...order, side: "SELL", price: 110, bracket: entry.orderId });
  assert.equal(bracket.status, "NEW");
  const crossing = await client.execute({ ...order, price: 101, postOnly: true });
  assert.equal(crossing.reason, "POST_ONLY_WOULD_CROSS");
  const fok = await client.execute({ ...order, price: 90, timeInForce: "FOK" });
  assert.equal(fok.status, "CANCELED");
  const reduce = await client.execute({ ...order, reduceOnly: true });
  assert.equal(reduce.reason, "REDUCE_ONLY_WOULD_INCREASE_POSITION");
});

test("until says how far execute waits", patient, async () => {
  await using client = await Client.attach(kernel.name);
  const resting = { symbol: "ES", side: "BUY", quantity: 1, price: 90 } as const;
  assert.equal((await client.execute(resting, { until: "accepted" })).status, "NEW");
  const done = await client.execute(resting, { until: "done", timeoutMs: 20 });
  assert.equal(done.status, "NEW"); // the time was up, and the order works
  assert.equal(client.orders().length, 2);
  const nothing = await client.execute(resting, { timeoutMs: 0 });
  assert.ok(nothing.status === "PENDING" || nothing.status === "NEW");
  const wrong = { until: "later" } as unknown as { until: "done" };
  await assert.rejects(client.execute(resting, wrong), InvalidArgument);
  assert.equal(client.orders().length, 3);
});

test("reads: quote, features, position, account, time", patient, async () => {
  await using client = await Client.attach(kernel.name);
  assert.deepEqual(client.symbols, ["ES", "XYZ"]);
  assert.throws(() => client.quote("XYZ"), NoData);
  assert.throws(() => client.features("XYZ"), NoData);
  await kernel.quote({ bid: 99.5, ask: 100, size: 7 });
  await ticksOf(client, 1);
  const quote = client.quote("ES");
  assert.equal(quote.symbol, "ES");
  assert.deepEqual([quote.bidPrice, quote.askPrice, quote.bidSize, quote.askSize], [99.5, 100, 7, 7]);
  assert.deepEqual([quote.session, quote.implied, quote.stale], ["OPEN", false, false]);
  const features = client.features("ES");
  assert.equal(Object.keys(features).length, 40);
  assert.ok(Object.values(features).every((value) => typeof value === "number"));
  assert.equal(client.position("XYZ", "other").quantity, 0);
  assert.equal(client.account("other").cash, "100000");
  assert.equal(client.account("other").state, "ACTIVE");
  assert.equal(client.account("other").stateReason, null);
  const now = client.nowNs();
  assert.ok(now > 0n && client.nowNs() >= now);
  assert.equal(client.onTape, false);
  for (
    const read of [() => client.quote("NQ"), () => client.position("NQ"), () => client.position("ES", "nobody"), () => client.account("x")]
  ) {
    assert.throws(read, NotFound);
  }
  assert.throws(() => client.signal("ES"), NotFound);
  await kernel.quote({ bid: 99.75, ask: 100.25 });
});

test("ticks as objects, cursors and columns", patient, async () => {
  await using client = await Client.attach(kernel.name);
  await kernel.prints(200, 0.25, 300, "XYZ");
  const seen: Tick[] = [];
  await until(() => {
    const { ticks, lost } = client.poll(100);
    assert.equal(lost, 0);
    assert.ok(ticks.length <= 100);
    const [prices, sizes] = [ticks.column("price"), ticks.column("size")];
    const [times, kinds] = [ticks.column("tsEvent"), ticks.column("kind")];
    let index = 0;
    for (const tick of ticks) {
      assert.equal(tick.price, prices[index]);
      assert.equal(tick.size, sizes[index]);
      assert.equal(Number(tick.tsEvent), times[index]);
      assert.equal(kinds[index], ticks.at(index).kind);
      seen.push(tick);
      index += 1;
    }
    assert.equal(index, ticks.length);
    assert.throws(() => ticks.at(index), RangeError);
    return seen.length >= 300;
  }, "300 ticks");
  assert.equal(seen.length, 300);
  seen.forEach((tick, index) => {
    assert.deepEqual([tick.kind, tick.symbol, tick.price, tick.size, tick.aggressor], [
      "TRADE",
      "XYZ",
      200 + index * 0.25,
      1 + index,
      "BUY",
    ]);
    assert.deepEqual([tick.bidPrice, tick.askPrice, tick.bidSize, tick.askSize], [null, null, null, null]);
  });
});

test("signals of a model come with the ticks", patient, async () => {
  await using other = await TestKernel.start({ models: ["flow", "mood"] });
  await using client = await Client.attach(other.name);
  assert.throws(() => client.signal("ES"), NoData);
  assert.throws(() => client.signal("ES", "none"), NotFound);
  await other.trade({ price: 100 });
  await other.signal("mood", [0.25, 0.75]);
  await other.trade({ price: 101 });
  const [signals, prices]: [unknown[], unknown[]] = [[], []];
  await until(() => {
    const batch = client.poll();
    signals.push(...batch.signals);
    prices.push(...[...batch.ticks].map((tick) => tick.price));
    return prices.length === 2 && signals.length === 1;
  }, "two prints and a signal");
  assert.deepEqual(prices, [100, 101]);
  const said = client.signal("ES", "mood");
  assert.deepEqual(signals, [said]);
  assert.deepEqual([said.model, said.symbol, said.values, said.ready, said.precision], ["mood", "ES", [0.25, 0.75], true, "fp32"]);
});

test("a subscriber takes a tape slice by slice to its end", patient, async () => {
  await using tape = await TestKernel.start({ tape: true, participants: 1 });
  await using client = await Client.attach(tape.name);
  assert.equal(client.onTape, true);
  client.subscribe();
  await assert.rejects(client.execute({ symbol: "ES", side: "BUY", quantity: 1 }), WouldDeadlock);
  assert.throws(() => client.executeSync({ symbol: "ES", side: "BUY", quantity: 1 }), WouldDeadlock);
  await tape.prints(100, 0.25, 500);
  await tape.end();
  const prices: (number | null)[] = [];
  const filled: number[] = [];
  for await (const batch of client.batches()) {
    assert.ok(batch.ticks.length <= 1); // each of these prints is a slice
    for (const tick of batch.ticks) prices.push(tick.price);
    for (const report of batch.reports) if (report.lastPrice !== null) filled.push(report.lastPrice);
    if (prices.length === 100) client.submit({ symbol: "ES", side: "BUY", quantity: 1 });
  }
  assert.deepEqual(prices, Array.from({ length: 500 }, (_, index) => 100 + index * 0.25));
  assert.deepEqual(filled, [125.25]); // the print after the order, and a tick of slippage
  assert.equal(client.ended, true);
  const after = await client.execute({ symbol: "ES", side: "BUY", quantity: 1, price: 90 }, { timeoutMs: 50 });
  assert.equal(typeof after.status, "string"); // the tape waits for nobody any more
});

test("subscribe is for tapes", patient, async () => {
  await using client = await Client.attach(kernel.name);
  assert.throws(() => client.subscribe(), StateError);
});

test("a name has one living client, and is taken up where it stopped", patient, async () => {
  const name = freshName("me");
  const first = await Client.attach(kernel.name, { name });
  assert.equal(first.name, name);
  const result = await first.execute({ symbol: "ES", side: "BUY", quantity: 1, price: 90 });
  await assert.rejects(Client.attach(kernel.name, { name }), NameInUse);
  first.close();
  assert.equal(first.closed, true);
  await using second = await Client.attach(kernel.name, { name });
  const cancelled = (await reportsOf(second, result.orderId, "CANCELED")).at(-1);
  assert.equal(cancelled?.reason, "CLIENT_DEATH");
  assert.ok((await second.execute({ symbol: "ES", side: "BUY", quantity: 1, price: 90 })).orderId > result.orderId);
});

test("there are as many clients as channels", patient, async () => {
  await using other = await TestKernel.start();
  const clients = await Promise.all(Array.from({ length: 8 }, () => Client.attach(other.name)));
  await assert.rejects(Client.attach(other.name, { timeoutMs: 50 }), NoChannel);
  for (const client of clients) client.close();
  await using client = await Client.attach(other.name);
  assert.equal(client.orders().length, 0);
});

test("attach waits for a kernel that is not there yet", patient, async () => {
  const name = freshName("later");
  await assert.rejects(Client.attach(name, { timeoutMs: 0 }), NotFound);
  await assert.rejects(Client.attach(name, { timeoutMs: 30 }), NotFound);
  const attaching = Client.attach(name, { timeoutMs: 30_000 });
  await using later = await TestKernel.start({}, name);
  await using client = await attaching;
  assert.equal(client.symbols.length, 2);
  assert.equal(later.name, name);
});

test("a stopped kernel answers nobody", patient, async () => {
  await using paused = await TestKernel.start();
  await paused.kill("SIGSTOP");
  let turns = 0;
  const ticking = setInterval(() => (turns += 1), 1);
  await assert.rejects(Client.attach(paused.name, { timeoutMs: 300 }), TimedOut);
  clearInterval(ticking);
  assert.ok(turns >= 3, `the event loop had ${turns} turns`);
  await paused.kill("SIGCONT");
  await using client = await Client.attach(paused.name);
  assert.equal((await client.execute({ symbol: "ES", side: "BUY", quantity: 1, price: 90 })).status, "NEW");
});
