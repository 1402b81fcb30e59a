/** Orders that are no plain objects, and names that are no names: refused with a typed error, and nothing of them is sent. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import type { OrderRequest, Replacement } from "../dist/index.js";
import { Client, InvalidArgument, InvalidName, NeuralTraderError, NotFound } from "../dist/index.js";
import { PATIENCE_MS, TestKernel, until } from "./support.ts";

const patient = { timeout: PATIENCE_MS };
const LIMIT = { symbol: "ES", side: "BUY", quantity: 1, price: 90 } as const;

let kernel: TestKernel;
let client: Client;

before(async () => {
  kernel = await TestKernel.start({ limits: { max_order_quantity: 10 }, fill_model: "queue", accounts: ["main", "other"] });
  await kernel.quote({ bid: 99.75, ask: 100.25 });
  client = await Client.attach(kernel.name);
});

after(async () => {
  client.close();
  await kernel.close();
});

function refuses(given: unknown, kind: new (text: string) => Error = InvalidArgument, what = ""): void {
  assert.throws(() => client.submit(given as OrderRequest), kind, what);
  assert.throws(() => client.executeSync(given as OrderRequest), kind, what);
  assert.deepEqual(client.orders(), [], what);
}

/** A good order arrives as it was given: nothing of those before it is left. */
async function accepts(order: OrderRequest = LIMIT): Promise<void> {
  const result = await client.execute(order);
  assert.equal(result.status, "NEW", String(result));
  const [open, ...more] = client.orders();
  assert.deepEqual([open?.symbol, open?.side, open?.quantity, open?.price, more.length], ["ES", "BUY", 1, 90, 0]);
  client.cancel(result.orderId);
  await until(() => (client.poll(), client.orders().length === 0), "the cancel");
}

/** Give Object.prototype a property as long as a function runs. */
async function polluted(properties: Readonly<Record<string, unknown>>, run: () => Promise<void>): Promise<void> {
  for (const [name, value] of Object.entries(properties)) {
    Object.defineProperty(Object.prototype, name, { value, configurable: true, writable: true, enumerable: true });
  }
  try {
    await run();
  } finally {
    for (const name of Object.keys(properties)) Reflect.deleteProperty(Object.prototype, name);
  }
}

test("an order is an object", async () => {
  for (const given of [null, undefined, 1, 1n, "BUY 1 ES", true, Symbol("order"), () => LIMIT, NaN]) refuses(given);
  for (const given of [[], [LIMIT], new Map(Object.entries(LIMIT)), new Date(), Object.create(null), {}]) refuses(given, NeuralTraderError);
  await accepts();
});

test("a key that no order has is refused", async () => {
  for (const key of ["Price", "qty", "limit", "constructor", "toString", "extended", "hasOwnProperty", "0", "", "prize"]) {
    refuses({ ...LIMIT, [key]: 1 }, InvalidArgument, key);
  }
  refuses(JSON.parse('{"symbol": "ES", "side": "BUY", "quantity": 1, "__proto__": {"price": 90}}'));
  refuses({ ...LIMIT, ["k".repeat(10_000_000)]: 1 });
  await accepts();
});

test("missing and empty fields", async () => {
  for (const key of ["symbol", "side", "quantity"] as const) {
    const { [key]: _, ...rest } = LIMIT;
    refuses(rest, NeuralTraderError, key);
    refuses({ ...LIMIT, [key]: undefined }, NeuralTraderError, key);
    refuses({ ...LIMIT, [key]: null }, NeuralTraderError, key);
  }
  for (
    const key of [
      "price",
      "orderType",
      "triggerPrice",
      "trailingOffset",
      "timeInForce",
      "expireNs",
      "postOnly",
      "reduceOnly",
      "displayQuantity",
      "oco",
      "bracket",
      "account",
    ]
  ) {
    refuses({ ...LIMIT, [key]: null }, NeuralTraderError, key);
    if (key !== "price") await accepts({ ...LIMIT, [key]: undefined });
  }
});

test("words have to be the words", async () => {
  for (const side of ["buy", "Buy", "BUY ", "B", 1, true, ["BUY"], new String("BUY"), Symbol("BUY")]) refuses({ ...LIMIT, side });
  for (const timeInForce of ["ioc", "", 3, ["IOC"], new String("IOC"), Symbol("IOC"), "constructor", "__proto__"]) {
    refuses({ ...LIMIT, timeInForce });
  }
  for (const orderType of ["limit", "", 2, ["LIMIT"], "toString", Symbol("LIMIT"), 10n]) refuses({ ...LIMIT, orderType });
  for (const flag of [1, 0, "true", "", {}, [], 1n, Symbol("x")]) {
    refuses({ ...LIMIT, postOnly: flag });
    refuses({ ...LIMIT, reduceOnly: flag });
  }
  const circular: Record<string, unknown> = {};
  circular["self"] = circular;
  for (
    const name of [
      "",
      "es",
      "ES ",
      "ES\0",
      "NQ",
      0,
      1n,
      NaN,
      true,
      {},
      [],
      ["ES"],
      circular,
      Symbol("ES"),
      () => "ES",
      "__proto__",
      "constructor",
      "\ud800",
      "日本",
      "E".repeat(10_000_000),
    ]
  ) {
    refuses({ ...LIMIT, symbol: name }, NotFound);
    refuses({ ...LIMIT, account: name }, NotFound);
    const symbol = name as string;
    for (
      const read of [
        () => client.quote(symbol),
        () => client.position(symbol),
        () => client.position("ES", symbol),
        () => client.features(symbol),
      ]
    ) {
      assert.throws(read, (error: unknown) => error instanceof NotFound && error.message.length < 300);
    }
    assert.throws(() => client.account(symbol), NotFound);
    assert.throws(() => client.orders(symbol), NotFound);
    assert.throws(() => client.signal(symbol), NotFound);
    assert.throws(() => client.cancelAll({ symbol }), NotFound);
    assert.throws(() => client.cancelAll({ account: symbol }), NotFound);
  }
  await accepts();
});

test("a polluted prototype has no say", patient, async () => {
  const inherited = {
    price: 95,
    quantity: 7,
    triggerPrice: 120,
    postOnly: true,
    timeInForce: "IOC",
    account: "other",
    symbol: "XYZ",
    side: "SELL",
    oco: 1,
  };
  await polluted(inherited, async () => {
    await accepts();
    const market = await client.execute({ symbol: "ES", side: "BUY", quantity: 1 });
    assert.equal(market.status, "FILLED", "a market order stays one");
    assert.equal(client.executeSync({ symbol: "ES", side: "SELL", quantity: 1 }).status, "FILLED");
    refuses({ symbol: "ES", side: "BUY" }, InvalidArgument, "the quantity is missing");
    refuses({ symbol: "ES", quantity: 1, price: 90 }, InvalidArgument, "the side is missing");
    refuses({ side: "BUY", quantity: 1, price: 90 }, InvalidArgument, "the symbol is missing");
    const { orderId } = await client.execute(LIMIT);
    assert.throws(() => client.replace(orderId, {}), InvalidArgument);
    client.replace(orderId, { quantity: 2 });
    await until(() => client.poll().reports.some((report) => report.kind === "REPLACED"), "the replace");
    assert.deepEqual([client.orders()[0]?.quantity, client.orders()[0]?.price], [2, 90]);
    assert.equal(client.cancelAll(), 1);
    await until(() => (client.poll(), client.orders().length === 0), "the cancel of all");
    const second = await client.execute(LIMIT);
    assert.equal(client.cancelAll({}), 1, "everywhere, and not on the inherited symbol");
    await until(() => (client.poll(), client.orders().length === 0), `the cancel of ${second.orderId}`);
  });
  await polluted({ unknownKey: 1, index: 0, wake: 5, code: -3, parameters: [] }, () => accepts());
});

test("what a class or a descriptor hides is refused, and not left out", async () => {
  class Inherits {
    symbol = "ES";
    side = "BUY";
    quantity = 1;
    get price(): number {
      return 90;
    }
  }
  refuses(new Inherits()); // and no market order
  refuses(Object.create(LIMIT), NeuralTraderError);
  refuses(Object.assign(Object.create({ price: 90 }) as object, { symbol: "ES", side: "BUY", quantity: 1 }));
  refuses(Object.assign(Object.create({ timeInForce: "IOC" }) as object, LIMIT));
  for (
    const [key, value] of Object.entries({
      price: 90,
      postOnly: true,
      reduceOnly: true,
      account: "other",
      timeInForce: "IOC",
      triggerPrice: 95,
      bracket: 1,
    })
  ) {
    const order = { symbol: "ES", side: "BUY", quantity: 1, ...(key === "price" ? {} : { price: 90 }) };
    refuses(Object.defineProperty(order, key, { value, enumerable: false }), InvalidArgument, key);
  }
  class Plain {
    symbol = "ES";
    side = "BUY" as const;
    quantity = 1;
    price = 90;
  }
  await accepts(new Plain()); // its own properties
  await accepts(Object.assign(Object.create(null) as object, LIMIT) as OrderRequest);
  await accepts(Object.freeze({ ...LIMIT }));
  await accepts({
    ...LIMIT,
    get quantity() {
      return 1;
    },
  });
});

test("getters and proxies that throw, or answer differently each time", async () => {
  for (const key of ["symbol", "side", "quantity", "price", "timeInForce", "account", "postOnly", "triggerPrice", "expireNs", "oco"]) {
    const order = {
      ...LIMIT,
      get [key](): never {
        throw new EvalError(key);
      },
    };
    refuses(order, EvalError);
  }
  for (
    const [key, value] of Object.entries({
      postOnly: true,
      reduceOnly: true,
      displayQuantity: 1,
      triggerPrice: 120,
      trailingOffset: 1,
      oco: 1,
      bracket: 1,
      expireNs: 5n,
      orderType: "STOP",
    })
  ) {
    let reads = 0;
    const order = {
      ...LIMIT,
      get [key](): unknown {
        reads += 1;
        return reads === 1 ? value : undefined;
      },
    };
    try {
      client.cancel(client.submit(order as OrderRequest));
    } catch (error) {
      assert.ok(error instanceof InvalidArgument, key);
    }
    await until(() => (client.poll(), client.orders().length === 0), `the end of the order with ${key}`);
    await accepts({ ...LIMIT, postOnly: false }); // carries nothing of the one before it
  }
  for (const trap of ["ownKeys", "getOwnPropertyDescriptor", "get"] as const) {
    const order = new Proxy({ ...LIMIT }, {
      [trap]: () => {
        throw new EvalError(trap);
      },
    });
    refuses(order, EvalError);
  }
  const { proxy, revoke } = Proxy.revocable({ ...LIMIT }, {});
  await accepts(proxy);
  revoke();
  refuses(proxy, TypeError);
  assert.throws(() => client.submit({ ...LIMIT, symbol: proxy as unknown as string }), Error);
  await accepts(new Proxy({ ...LIMIT }, {}));
  await accepts(
    new Proxy({}, {
      ownKeys: () => Object.keys(LIMIT),
      getOwnPropertyDescriptor: () => ({ value: 0, enumerable: true, configurable: true }),
      get: (_, key) => LIMIT[key as keyof typeof LIMIT],
    }) as OrderRequest,
  );
});

test("an order that submits, closes or changes itself while it is read", async () => {
  let inner = 0;
  const outer = client.submit({
    ...LIMIT,
    get price() {
      inner = client.submit({ symbol: "ES", side: "SELL", quantity: 2, price: 110 });
      return 90;
    },
  });
  await until(
    () =>
      client.poll().reports.filter((report) => report.kind === "NEW").length > 0 &&
      client.orders().every((order) => order.status === "NEW"),
    "both orders",
  );
  const open = new Map(client.orders().map((order) => [order.orderId, `${order.side} ${order.quantity} ${order.symbol} ${order.price}`]));
  assert.equal(open.get(inner), "SELL 2 ES 110");
  assert.equal(open.get(outer), "BUY 1 ES 90");
  client.cancelAll();
  await until(() => (client.poll(), client.orders().length === 0), "the cancels");
  const other = await Client.attach(kernel.name);
  assert.throws(() =>
    other.submit({
      ...LIMIT,
      get price() {
        other.close();
        return 90;
      },
    }), { name: "BadHandle" });
});

test("replacements and options that are no objects", async () => {
  const { orderId } = await client.execute(LIMIT);
  for (
    const change of [null, undefined, 5, "quantity", [], Symbol("x"), { quantity: undefined }, Object.create({ quantity: 2 }) as object]
  ) {
    assert.throws(
      () => client.replace(orderId, change as Replacement),
      (error: unknown) => error instanceof InvalidArgument || error instanceof TypeError,
    );
  }
  assert.throws(() => client.replace(orderId, { quantity: NaN }), InvalidArgument);
  assert.throws(() => client.replace(orderId, { price: "x" }), InvalidArgument);
  for (const options of [null, 5, "x", Symbol("x")]) {
    const given = options as unknown as { timeoutMs: number };
    if (options === null) {
      await assert.rejects(client.execute(LIMIT, given), TypeError);
      assert.throws(() => client.executeSync(LIMIT, given), TypeError);
      await assert.rejects(Client.attach(kernel.name, given), TypeError);
    }
  }
  assert.equal(client.orders().length, 1);
  client.cancel(orderId);
  await until(() => (client.poll(), client.orders().length === 0), "the cancel");
  await accepts();
});

test("names of kernels and clients", patient, async () => {
  for (
    const name of [
      "",
      ".",
      "..",
      ".x",
      "a/b",
      "../x",
      "a b",
      "ä",
      "x".repeat(32),
      "日本",
      "\ud800",
      "x\n",
      "*",
      "%s%n",
      "x".repeat(10_000_000),
      "€".repeat(3_000_000),
    ]
  ) {
    await assert.rejects(Client.attach(kernel.name, { name, timeoutMs: 0 }), InvalidName, JSON.stringify(name.slice(0, 40)));
    await assert.rejects(Client.attach(name, { timeoutMs: 0 }), NeuralTraderError, JSON.stringify(name.slice(0, 40)));
  }
  for (const name of ["a\0b", "\0", 5, 5n, null, {}, [], true, Symbol("x"), new String("x")] as unknown as string[]) {
    if (name !== null) await assert.rejects(Client.attach(kernel.name, { name, timeoutMs: 0 }), InvalidArgument);
    await assert.rejects(Client.attach(name, { timeoutMs: 0 }), InvalidArgument);
  }
  await using longest = await Client.attach(kernel.name, { name: "x".repeat(31) });
  assert.equal(longest.name.length, 31);
});
