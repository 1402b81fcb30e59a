/** Numbers at their edges, and everything that is no number, wherever a number enters. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";

import type { OrderRequest } from "../dist/index.js";
import { Client, InvalidArgument } from "../dist/index.js";
import * as abi from "../dist/generated/abi.js";
import * as records from "../dist/generated/records.js";
import { freshName, library, PATIENCE_MS, ROOT, TestKernel, until } from "./support.ts";

const patient = { timeout: PATIENCE_MS };
const ORDER = { symbol: "ES", side: "BUY", quantity: 1 } as const;

const NO_NUMBERS: readonly unknown[] = [
  NaN,
  Infinity,
  -Infinity,
  true,
  false,
  null,
  {},
  [],
  [1],
  () => 1,
  Symbol("1"),
  new Date(1),
  Object(1),
  Object(1n),
  { valueOf: () => 1 },
  { toString: () => "1" },
  Object.create(null),
  new Proxy({}, {}),
  "",
  " ",
  "1 ",
  " 1",
  "1\n",
  "1\0",
  "0x10",
  "0b1",
  "1e",
  "e1",
  ".",
  "1_000",
  "1,000",
  "1.2.3",
  "--1",
  "NaN",
  "Infinity",
  "٣",
  "１",
  "½",
  "1".repeat(65),
  "9".repeat(10_000_000),
  `1${"0".repeat(1_000_000)}`,
  `1e${"9".repeat(100)}`,
];

let kernel: TestKernel;
let client: Client;

before(async () => {
  kernel = await TestKernel.start({ limits: { max_order_quantity: 10 }, fill_model: "queue" });
  await kernel.quote({ bid: 99.75, ask: 100.25 });
  client = await Client.attach(kernel.name);
});

after(async () => {
  client.close();
  await kernel.close();
});

/** Nothing was sent, and what was refused has left nothing behind for the next order. */
async function isUntouched(): Promise<void> {
  assert.deepEqual(client.orders(), []);
  const result = await client.execute({ ...ORDER, quantity: 11 });
  assert.equal(String(result), "DENIED QUANTITY_EXCEEDS_MAXIMUM observed=11 limit=10");
  assert.deepEqual(client.poll().reports, []);
}

test("quantities arrive exactly up to 2^51 raw, and beyond are refused", patient, async () => {
  for (const quantity of [11, 2 ** 31 - 1, 2 ** 31, 2 ** 31 + 1, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, 2 ** 51 - 1, 2 ** 51]) {
    for (const given of [quantity, String(quantity), `${quantity}.000`, `+${quantity}`, BigInt(quantity) as unknown as number]) {
      assert.equal(
        String(await client.execute({ ...ORDER, quantity: given })),
        `DENIED QUANTITY_EXCEEDS_MAXIMUM observed=${quantity} limit=10`,
      );
    }
  }
  for (const quantity of [2 ** 51 + 1, 2 ** 53, 2 ** 63, 2 ** 64, 1e21, Number.MAX_VALUE]) {
    for (const given of [quantity, -quantity, String(BigInt(quantity)).slice(0, 60), BigInt(quantity) as unknown as number]) {
      assert.throws(() => client.submit({ ...ORDER, quantity: given }), InvalidArgument);
    }
  }
  for (const quantity of [0, -0, "0", "-0", "-0.000", -1, -(2 ** 31), -(2 ** 51), "-1"]) {
    const result = await client.execute({ ...ORDER, quantity });
    assert.equal(`${result.status} ${result.reason} ${result.observed}`, `DENIED QUANTITY_NOT_POSITIVE ${Number(quantity) + 0}`);
  }
  await isUntouched();
});

test("a step is met within a millionth, text exactly", patient, async () => {
  for (const price of [0.1, 90.1, 90.2500003, "90.2500001", "90.1", "1e-300", "0.0000000000000001", 2 ** 51 / 100 + 0.1]) {
    assert.throws(() => client.submit({ ...ORDER, price }), InvalidArgument, String(price));
  }
  for (const price of [Number.MIN_VALUE, -Number.MIN_VALUE, Number.EPSILON, 1e-9, -0]) {
    assert.equal((await client.execute({ ...ORDER, price })).reason, "PRICE_NOT_POSITIVE"); // nearest to the step 0
  }
  for (const price of [90.25, 90.25 + 1e-8, "90.25", "9025e-2", "0.9025e+2", "+90.250"]) {
    const result = await client.execute({ ...ORDER, price });
    assert.equal(result.status, "NEW");
    assert.equal(client.orders()[0]?.price, 90.25);
    client.cancel(result.orderId);
    await until(() => (client.poll(), client.orders().length === 0), "the cancel");
  }
  for (const price of [2 ** 31, 2 ** 32, 22517998136852.25, "22517998136852.25"]) {
    const result = await client.execute({ ...ORDER, price });
    assert.deepEqual([result.reason, result.observed], ["PRICE_EXCEEDS_MAXIMUM", String(price)]);
  }
  for (const price of [2 ** 51, 2 ** 53, 2 ** 63, "22517998136852.50"]) {
    assert.throws(() => client.submit({ ...ORDER, price }), InvalidArgument, String(price));
  }
  await isUntouched();
});

test("what is no number is refused, in every field that takes one", patient, async () => {
  for (const field of ["quantity", "price", "triggerPrice", "trailingOffset", "displayQuantity"] as const) {
    for (const value of NO_NUMBERS) {
      const order = { ...ORDER, [field]: value } as unknown as OrderRequest;
      assert.throws(() => client.submit(order), InvalidArgument, field);
      assert.throws(() => client.executeSync(order), InvalidArgument, field);
      await assert.rejects(client.execute(order), InvalidArgument, field);
    }
  }
  assert.throws(() => client.submit({ symbol: "ES", side: "BUY" } as unknown as OrderRequest), InvalidArgument);
  await isUntouched();
});

test("error texts stay short, whatever was given", () => {
  for (const value of ["9".repeat(10_000_000), `${"1".repeat(60)}x`, 10n ** 60n, 10n ** 100_000n]) {
    assert.throws(
      () => client.submit({ ...ORDER, quantity: value as unknown as number }),
      (error: unknown) => error instanceof InvalidArgument && error.message.length < 300,
    );
  }
});

test("expireNs is a bigint below 2^63", patient, async () => {
  const gtd = { ...ORDER, price: 80, timeInForce: "GTD" } as const;
  for (
    const expireNs of [
      0n,
      -1n,
      2n ** 63n,
      2n ** 64n + 1n,
      -(2n ** 63n),
      10n ** 100n,
      1,
      2 ** 53,
      NaN,
      "1",
      null,
      {},
      [1n],
      Object(1n),
      true,
    ]
  ) {
    assert.throws(() => client.submit({ ...gtd, expireNs } as unknown as OrderRequest), InvalidArgument);
  }
  assert.throws(() => client.submit(gtd), InvalidArgument);
  assert.throws(() => client.submit({ ...ORDER, price: 80, expireNs: 1n }), InvalidArgument);
  for (const expireNs of [1n, 2n ** 31n, 2n ** 32n]) {
    assert.equal((await client.execute({ ...gtd, expireNs })).reason, "EXPIRE_TIME_IN_PAST");
  }
  for (const expireNs of [2n ** 53n, 2n ** 53n + 1n, 2n ** 63n - 1n]) {
    const result = await client.execute({ ...gtd, expireNs });
    assert.equal(result.status, "NEW", `${expireNs}: ${result}`);
    client.cancel(result.orderId);
  }
  await until(() => (client.poll(), client.orders().length === 0), "the cancels");
  await isUntouched();
});

test("ids are whole numbers from 1 to 2^53 - 1", patient, async () => {
  for (
    const id of [
      0,
      -0,
      -1,
      0.5,
      NaN,
      Infinity,
      2 ** 53,
      2 ** 63,
      "1",
      1n,
      null,
      undefined,
      true,
      [1],
      {},
      Symbol("id"),
    ] as unknown as number[]
  ) {
    assert.throws(() => client.cancel(id), InvalidArgument);
    assert.throws(() => client.replace(id, { quantity: 1 }), InvalidArgument);
    if (id === undefined) continue;
    assert.throws(() => client.submit({ ...ORDER, price: 80, oco: id }), InvalidArgument);
    assert.throws(() => client.submit({ ...ORDER, price: 80, bracket: id }), InvalidArgument);
  }
  for (const id of [2 ** 31, 2 ** 32, 2 ** 32 + 1, 2 ** 51, 2 ** 53 - 1]) {
    client.cancel(id);
    const report = await until(() => client.poll().reports[0], "the rejection");
    assert.deepEqual([report.orderId, report.kind, report.reason], [id, "CANCEL_REJECTED", "UNKNOWN_ORDER"]);
    assert.equal((await client.execute({ ...ORDER, price: 80, oco: id })).reason, "UNKNOWN_LIST");
  }
  await isUntouched();
});

test("times and counts of calls", patient, async () => {
  const wrong = [NaN, -1, -Infinity, 2 ** 31, 2 ** 53, "5", 5n, null, true, {}, [5], Symbol("ms")] as unknown as number[];
  for (const timeoutMs of wrong) {
    await assert.rejects(client.execute(ORDER, { timeoutMs }), InvalidArgument);
    assert.throws(() => client.executeSync(ORDER, { timeoutMs }), InvalidArgument);
    await assert.rejects(Client.attach(kernel.name, { timeoutMs }), InvalidArgument);
  }
  for (const maxTicks of [0, -1, 0.5, 4097, 2 ** 31, 2 ** 32 + 1, NaN, Infinity, "5", 5n, null, true, {}] as unknown as number[]) {
    assert.throws(() => client.poll(maxTicks), InvalidArgument);
    await assert.rejects(client.batches({ maxTicks }).next(), InvalidArgument);
  }
  for (const timeoutMs of [-0, 0, 0.001, 2 ** 31 - 1, Infinity]) {
    const result = await client.execute({ ...ORDER, quantity: 11 }, { timeoutMs });
    if (result.status === "PENDING") await until(() => client.poll().reports[0], "the report that was not waited for");
  }
  await isUntouched();
});

test("a tick is asked for by a whole number", patient, async () => {
  await kernel.trade({ price: 100, count: 3 });
  const { ticks } = await until(() => {
    const batch = client.poll();
    return batch.ticks.length === 3 && batch;
  }, "three ticks");
  for (const index of [-1, 3, 0.5, NaN, Infinity, 2 ** 32, "0", 0n, null, undefined, true] as unknown as number[]) {
    assert.throws(() => ticks.at(index), RangeError);
  }
  assert.equal(ticks.at(-0).kind, ticks.at(2).kind);
  assert.throws(() => ticks.column("bid" as "bidPrice"), InvalidArgument);
  assert.throws(() => ticks.column("constructor" as "bidPrice"), InvalidArgument);
  assert.throws(() => ticks.column(Symbol("price") as unknown as "price"), InvalidArgument);
});

// ---- records -------------------------------------------------------------------------------------------------------------------

type Cursor = Record<string, unknown>;
type CursorClass = new (buffer: ArrayBuffer) => Cursor;
const classes = records as unknown as Readonly<Record<string, CursorClass & { readonly bytes: number }>>;

interface WideField {
  readonly record: string;
  readonly name: string;
  readonly signed: boolean;
  readonly count: number | undefined;
}

/** Every 64-bit field, as the C header has it. */
function wideFields(): WideField[] {
  const header = readFileSync(join(ROOT, "csrc", "neural_trader.h"), "utf8");
  const camel = (name: string): string => name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
  const found: WideField[] = [];
  for (const [, body, name] of header.matchAll(/typedef struct \w+ \{(.*?)\n\} nt_(\w+);/gs)) {
    const record = `${camel(`_${name}`)}Record`;
    for (const [, type, field, count] of (body ?? "").matchAll(/^\s+(u?int64_t) (\w+)(?:\[(\w+)\])?;/gm)) {
      if (field === undefined || field.startsWith("reserved")) continue;
      const constants: Readonly<Record<string, unknown>> = abi;
      const size = count === undefined ? undefined : Number(constants[count] ?? count);
      found.push({ record, name: camel(field), signed: type === "int64_t", count: size });
    }
  }
  return found;
}

/** Reads and writes of one form of a field, the last of an array. */
function accessors(cursor: Cursor, name: string, count: number | undefined): { get: () => unknown; set: (value: unknown) => void } {
  if (count === undefined) {
    return {
      get: () => cursor[name],
      set: (value) => {
        cursor[name] = value;
      },
    };
  }
  const [read, write] = [
    cursor[name],
    cursor[`set${name.charAt(0).toUpperCase()}${name.slice(1)}`],
  ] as ((...given: unknown[]) => unknown)[];
  return { get: () => read?.call(cursor, count - 1), set: (value) => void write?.call(cursor, count - 1, value) };
}

test("every 64-bit field of every record holds what fits, and refuses the rest untouched", () => {
  const fields = wideFields();
  assert.ok(fields.length > 150, `${fields.length} fields`);
  for (const { record, name, signed, count } of fields) {
    const what = `${record}.${name}`;
    const type = classes[record];
    assert.ok(type !== undefined, what);
    const memory = new Uint8Array(type.bytes).fill(0xa5);
    const cursor = new type(memory.buffer);
    const number = accessors(cursor, name, count);
    const raw = accessors(cursor, `${name}Raw`, count);
    const around = (): string => {
      const kept = raw.get();
      raw.set(0n);
      const text = Buffer.from(memory).toString("hex");
      raw.set(kept);
      return text;
    };
    const before = around();
    for (const value of [0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 51, 2 ** 53 - 1]) {
      for (const exact of signed ? [value, -value] : [value]) {
        number.set(exact);
        assert.equal(number.get(), exact + 0, what);
        assert.equal(raw.get(), BigInt(exact), what);
      }
    }
    const [least, most] = signed ? [-(2n ** 63n), 2n ** 63n - 1n] : [0n, 2n ** 64n - 1n];
    for (const value of [least, most, 2n ** 53n - 1n, 2n ** 53n, 2n ** 63n - 1n]) {
      raw.set(value);
      assert.equal(raw.get(), value, what);
      if (value === least && signed) assert.ok(Number.isNaN(number.get()), what);
      else if (value < 2n ** 53n) assert.equal(number.get(), Number(value), what);
      else assert.throws(() => number.get(), RangeError, what);
    }
    raw.set(12345n);
    for (
      const value of [
        2 ** 53,
        -(2 ** 53),
        2 ** 63,
        2 ** 64,
        0.5,
        -0.5,
        Infinity,
        -Infinity,
        "5",
        null,
        undefined,
        {},
        5n,
        ...(signed ? [] : [-1, NaN]),
      ]
    ) {
      assert.throws(() => number.set(value), /whole number|BigInt|bigint/i, `${what} = ${typeof value} ${String(value)}`);
    }
    for (const value of [least - 1n, most + 1n, 2n ** 100n, 5, 5.5, NaN, null, undefined]) {
      assert.throws(() => raw.set(value), /64 bits|BigInt|bigint/i, `${what}Raw = ${typeof value} ${String(value)}`);
    }
    assert.equal(raw.get(), 12345n, what);
    if (signed) {
      number.set(NaN);
      assert.equal(raw.get(), abi.NT_ABSENT, what);
    }
    assert.equal(around(), before, `${what} stays within its bytes`);
  }
});

test("text fields keep to their bytes", () => {
  const memory = new Uint8Array(records.InstrumentRecord.bytes).fill(0xa5);
  const cursor = new records.InstrumentRecord(memory.buffer);
  for (const text of ["", "ES", "ÄÖÜ€😀", "x".repeat(31), "€".repeat(10)]) {
    cursor.symbol = text;
    assert.equal(cursor.symbol, text);
  }
  cursor.symbol = "lone \ud800 half";
  assert.equal(cursor.symbol, "lone \ufffd half");
  for (const text of ["x".repeat(32), "€".repeat(11), "a\0b", "\0", "x".repeat(10_000_000)]) {
    assert.throws(() => (cursor.symbol = text), RangeError);
  }
  assert.equal(cursor.symbol, "lone \ufffd half");
});

// ---- arguments of the library ----------------------------------------------------------------------------------------------------

test("64-bit arguments and results arrive whole", () => {
  const { symbols } = library;
  for (const start of [0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 51, 2 ** 53 - 3]) {
    const name = library.text(freshName("ring"), "name");
    const handle = library.allocate(4);
    const open = (): number => new Uint32Array(handle.buffer)[0] ?? 0;
    library.call((error) => symbols.nt_ring_create(name.pointer, 64, 4, start, handle.pointer, error));
    const owner = open();
    library.call((error) => symbols.nt_ring_attach(name.pointer, abi.NT_ROLE_PRODUCER, handle.pointer, error));
    const producer = open();
    library.call((error) => symbols.nt_ring_attach(name.pointer, abi.NT_ROLE_CONSUMER, handle.pointer, error));
    const consumer = open();
    const out = library.allocate(128);
    assert.equal(symbols.nt_ring_pop_wait(consumer, out.pointer, 1, 1_000_000), abi.NT_ERR_TIMEOUT);
    const records = library.allocate(128);
    assert.equal(symbols.nt_ring_push(producer, records.pointer, 2), 2);
    assert.equal(symbols.nt_ring_pop_wait(consumer, out.pointer, 2, 2 ** 53), 2);
    assert.deepEqual([...new BigUint64Array(out.buffer)].filter((_, index) => index % 8 === 0), [BigInt(start) + 1n, BigInt(start) + 2n]);
    for (const ring of [producer, consumer, owner]) assert.equal(symbols.nt_close(ring), 0);
  }
  const now = symbols.nt_clock_ns();
  assert.equal(typeof now, "bigint");
  assert.ok(now > 0n && symbols.nt_clock_ns() >= now);
  assert.equal(symbols.nt_layout_hash(), abi.LAYOUT_HASH);
});

test("handles and counts at the edges are results, not crashes", () => {
  const { symbols } = library;
  const out = library.allocate(512);
  for (const handle of [0, 1, 1023, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1]) {
    assert.equal(symbols.nt_close(handle), abi.NT_ERR_BAD_HANDLE);
    assert.equal(symbols.nt_read_status(handle, out.pointer), abi.NT_ERR_BAD_HANDLE);
    assert.equal(symbols.nt_client_wait(handle, 0, 0), abi.NT_ERR_BAD_HANDLE);
    assert.throws(() => library.check(symbols.nt_read_status(handle, out.pointer), handle), { name: "BadHandle" });
  }
  const name = library.text(freshName("ring"), "name");
  const handle = library.allocate(4);
  library.call((error) => symbols.nt_ring_create(name.pointer, 64, 4, 0, handle.pointer, error));
  const owner = new Uint32Array(handle.buffer)[0] ?? 0;
  library.call((error) => symbols.nt_ring_attach(name.pointer, abi.NT_ROLE_PRODUCER, handle.pointer, error));
  const ring = new Uint32Array(handle.buffer)[0] ?? 0;
  for (const count of [2 ** 31, 2 ** 32 - 1]) assert.equal(symbols.nt_ring_push(ring, out.pointer, count), abi.NT_ERR_INVALID);
  assert.equal(symbols.nt_ring_push(ring, null, 1), abi.NT_ERR_INVALID);
  assert.equal(symbols.nt_ring_pop(ring, out.pointer, 1), abi.NT_ERR_STATE);
  assert.equal(symbols.nt_close(ring), 0);
  assert.equal(symbols.nt_close(ring), abi.NT_ERR_BAD_HANDLE);
  assert.equal(symbols.nt_ring_push(ring, out.pointer, 1), abi.NT_ERR_BAD_HANDLE);
  assert.equal(symbols.nt_close(owner), 0);
});
