/** Kernels of this process: made from a configuration, fed, traded on, and gone without a trace. */

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";

import type { KernelConfig, Report, TickInput } from "../dist/index.js";
import * as nt from "../dist/index.js";
import { examine } from "../dist/config.js";
import { accountRow, instrumentRow, termsRow } from "../dist/config_rows.js";
import { AccountRecord, InstrumentRecord, TermsRecord, TickRecord } from "../dist/generated/records.js";
import { freshName, library, PATIENCE_MS, ROOT, runtime, segments, until, worker } from "./support.js";

const { Client, Kernel } = nt;
const LIMIT = { timeout: PATIENCE_MS };

function config(changes: Partial<KernelConfig> = {}): KernelConfig {
  return {
    name: freshName("own"),
    instruments: {
      ES: { tick_size: 0.25, currency: "USD", max_price: 100_000, multiplier: 50, fee_taker: { per_contract: 2.1 } },
      COIN: { tick_size: 0.01, lot_size: 0.001, currency: "USD", max_price: 1_000_000, fee_taker: { bps: 1 } },
    },
    accounts: { main: { currency: "USD", cash: 100_000 } },
    venue: { fill_model: "queue", latency_in_us: 0, latency_out_us: 0 },
    ...changes,
  };
}

function started(changes: Partial<KernelConfig> = {}, options: nt.KernelOptions = { realtime: true }): nt.Kernel {
  const kernel = Kernel.create(config(changes), options);
  kernel.start();
  return kernel;
}

function quote(bidPrice: number, askPrice: number, size: number | string = 10, symbol = "ES", tsEvent = 1n): TickInput {
  return { kind: "QUOTE", symbol, tsEvent, bidPrice, askPrice, bidSize: size, askSize: size };
}

function trade(price: number | string, size: number | string = 1, tsEvent = 1n, symbol = "ES"): TickInput {
  return { kind: "TRADE", symbol, tsEvent, price, size, aggressor: "BUY" };
}

/** A kernel, whose market is at 100 to 100.25, with a client. */
async function market(changes: Partial<KernelConfig> = {}): Promise<{ kernel: nt.Kernel; feed: nt.Feed; client: nt.Client }> {
  const kernel = started(changes);
  const [feed, client] = [kernel.feed(), kernel.client()];
  await feed.push([quote(100, 100.25)]);
  await until(() => kernel.status.ticksPublished > 0, "the quote");
  return { kernel, feed, client };
}

describe("a kernel", () => {
  it("is made, started, traded on and closed", LIMIT, async () => {
    const { kernel, feed, client } = await market();
    assert.ok(kernel.running);
    assert.deepEqual(client.symbols, ["ES", "COIN"]);
    const filled = client.executeSync({ symbol: "ES", side: "BUY", quantity: 2 });
    assert.deepEqual([filled.status, filled.filledQuantity], ["FILLED", 2]);
    assert.equal(client.account().cash, "99995.8");
    const resting = await client.execute({ symbol: "COIN", side: "SELL", quantity: "0.005", price: "64000.01" });
    assert.equal(resting.status, "NEW");
    await feed.push([quote(64_000.01, 64_000.02, "0.004", "COIN", 2n), quote(64_000.02, 64_000.03, 1, "COIN", 3n)]);
    const reports: Report[] = [];
    await until(() => {
      reports.push(...client.poll().reports);
      return reports.length > 0;
    }, "the fill");
    assert.equal(reports[0]?.orderId, resting.orderId);
    assert.ok(segments(kernel.name).length > 0);
    kernel.close();
    kernel.close();
    assert.deepEqual(segments(kernel.name), []);
    assert.ok(kernel.closed && client.closed && feed.closed && !kernel.running && !kernel.ended);
  });

  it("shows what is fed to it", LIMIT, async () => {
    using kernel = started();
    const client = kernel.client("reader");
    const feed = kernel.feed();
    const ticks = [quote(100, 100.25, 3, "ES", 10n), trade("100.25", "2", 11n), trade("1634.25", "0.125", 12n, "COIN")];
    await feed.push(ticks);
    const seen: nt.Tick[] = [];
    await until(() => {
      seen.push(...client.poll().ticks);
      return seen.length >= ticks.length;
    }, "the ticks");
    assert.deepEqual(
      seen.map(({ kind, symbol, tsEvent, bidPrice, askSize, price, size }) => [kind, symbol, tsEvent, bidPrice, askSize, price, size]),
      [
        ["QUOTE", "ES", 10n, 100, 3, null, null],
        ["TRADE", "ES", 11n, null, null, 100.25, 2],
        ["TRADE", "COIN", 12n, null, null, 1634.25, 0.125],
      ],
    );
    assert.equal(client.quote("ES").lastPrice, 100.25);
  });

  it("holds the rows that its configuration stands for", LIMIT, () => {
    const session = { days: "Mon", opens: "09:00", closes: "17:00" };
    const habits = { max_fills: 3, fills_window_ms: 7 };
    const document = config({
      instruments: { ...config().instruments, EU: { tick_size: 1, currency: "EUR", max_price: 1000, session } },
      accounts: { main: { currency: "USD", cash: 0.5 }, other: { currency: "EUR", cash: 3 } },
      fx: { "EUR/USD": 1.085 },
      limits: { max_position: 5, max_daily_loss: 1000, no_short: ["COIN"], allowed_order_types: ["limit"], ...habits },
    });
    using kernel = Kernel.create(document, { library });
    const client = kernel.client();
    const sound = examine(document).config;
    assert.ok(sound !== null);
    const block = library.allocate(1024);
    const handle = handleOf(kernel.name);
    const same = (record: object, row: object): void => {
      for (const [key, value] of Object.entries(row)) assert.deepEqual((record as Readonly<Record<string, unknown>>)[key], value, key);
    };
    [...sound.accounts].forEach(([name, account], index) => {
      library.check(library.symbols.nt_read_account_config(handle, index, block.pointer), handle);
      same(new AccountRecord(block.buffer), accountRow(name, account, sound.limits));
      [...sound.instruments].forEach(([symbol, instrument], number) => {
        library.check(library.symbols.nt_read_terms(handle, index, number, block.pointer), handle);
        same(new TermsRecord(block.buffer), termsRow(symbol, instrument, account, sound));
      });
    });
    [...sound.instruments].forEach(([symbol, instrument], index) => {
      library.check(library.symbols.nt_read_instrument(handle, index, block.pointer), handle);
      same(new InstrumentRecord(block.buffer), instrumentRow(symbol, instrument));
    });
    library.symbols.nt_close(handle);
    assert.equal(client.account("other").currency, "EUR");
    assert.equal(client.account("main").cash, "0.5");
  });

  it("keeps to its limits, and to its trading state", LIMIT, async () => {
    const limits = { max_order_quantity: 5, max_position: 8, no_short: ["COIN"], allowed_times_in_force: ["day" as const] };
    const { kernel, client } = await market({ limits });
    const denied = client.executeSync({ symbol: "ES", side: "BUY", quantity: 6 });
    assert.deepEqual([denied.status, denied.reason, denied.observed, denied.limit], ["DENIED", "QUANTITY_EXCEEDS_MAXIMUM", "6", "5"]);
    assert.equal(client.executeSync({ symbol: "ES", side: "BUY", quantity: 1, timeInForce: "IOC" }).reason, "ORDER_TYPE_NOT_PERMITTED");
    const resting = client.executeSync({ symbol: "ES", side: "BUY", quantity: 1, price: 90 });
    assert.equal(resting.status, "NEW");
    kernel.setState("HALTED", "because é".padEnd(60, "é"));
    assert.equal(client.account().state, "HALTED");
    assert.equal(kernel.status.stateReason, "because é".padEnd(23, "é"));
    const reports: Report[] = [];
    await until(() => {
      reports.push(...client.poll().reports);
      return reports.length > 0;
    }, "the cancel");
    assert.deepEqual([reports[0]?.orderId, reports[0]?.status, reports[0]?.reason], [resting.orderId, "CANCELED", "KILL_SWITCH"]);
    assert.equal(client.executeSync({ symbol: "ES", side: "BUY", quantity: 1 }).reason, "TRADING_HALTED");
    kernel.setState("ACTIVE", "");
    assert.equal(client.executeSync({ symbol: "ES", side: "BUY", quantity: 1 }).status, "FILLED");
    kernel.close();
  });

  it("can be attached to by its name, and its name is its own", LIMIT, async () => {
    using kernel = started();
    using client = await Client.attach(kernel.name, { name: "other" });
    assert.deepEqual(client.symbols, ["ES", "COIN"]);
    assert.throws(() => Kernel.create(config({ name: kernel.name })), nt.NameInUse);
    assert.throws(() => kernel.client("other"), nt.NameInUse);
    assert.throws(() => kernel.client("a/b"), nt.InvalidName);
    const feed = kernel.feed();
    assert.throws(() => kernel.feed(), nt.NameInUse);
    feed.close();
    kernel.feed().close();
    kernel.close();
    using again = Kernel.create(config({ name: kernel.name }));
    const fresh = { name: kernel.name, pid: process.pid, running: false, ended: false, realtime: false, nowNs: null, ticksPublished: 0 };
    assert.deepEqual({ ...again.status, ...fresh }, again.status);
    assert.ok(!again.running && !again.ended);
    again.client();
    assert.deepEqual({ ...again.status, ...fresh }, again.status);
  });

  it("stops and goes on", LIMIT, async () => {
    const { kernel, feed, client } = await market();
    assert.throws(() => kernel.start(), nt.StateError);
    kernel.stop();
    kernel.stop();
    assert.ok(!kernel.running);
    kernel.start();
    await feed.push([quote(200, 200.25)]);
    await until(() => client.quote("ES").bidPrice === 200, "the quote");
    kernel.close();
    for (const call of [() => kernel.start(), () => kernel.stop(), () => kernel.client(), () => kernel.feed(), () => kernel.status]) {
      assert.throws(call, nt.BadHandle);
    }
    assert.throws(() => kernel.setState("ACTIVE", ""), nt.BadHandle);
    assert.throws(() => client.submit({ symbol: "ES", side: "BUY", quantity: 1 }), nt.BadHandle);
    await assert.rejects(feed.push([trade(100)]), nt.BadHandle);
  });

  it("replays a tape in lockstep with those who subscribe", LIMIT, async () => {
    await using kernel = started({ venue: { latency_in_us: 0, latency_out_us: 0 } }, { participants: 1 });
    const client = kernel.client();
    const feed = kernel.feed();
    const start = 1_378_000_000_000_000_000n;
    const ticks = Array.from({ length: 20_000 }, (_, index) => trade(100 + (index % 8) * 0.25, 1, start + BigInt(index >> 1)));
    const pushed = feed.push([...ticks, { kind: "END", tsEvent: start + 10_000n }]);
    assert.equal(kernel.status.nowNs, null);
    assert.ok(!kernel.status.realtime);
    client.subscribe();
    let [seen, slices] = [0, 0];
    for await (const batch of client.batches()) {
      assert.ok(batch.ticks.length <= 3);
      seen += batch.ticks.length;
      if (batch.ticks.length > 0) slices += 1;
      if (slices === 5) client.submit({ symbol: "ES", side: "BUY", quantity: 1 });
    }
    await pushed;
    assert.ok(kernel.ended && client.ended);
    assert.deepEqual([seen, slices], [20_000, 10_000]);
    assert.equal(client.position("ES").quantity, 1);
    assert.equal(kernel.status.nowNs, start + 10_000n);
  });

  it("closes who waits for it", LIMIT, async () => {
    const { kernel, client } = await market();
    const waiting = client.execute({ symbol: "ES", side: "BUY", quantity: 1, price: 90 }, { until: "done", timeoutMs: Infinity });
    const ended = (async () => {
      for await (const batch of client.batches()) if (batch.ended) break;
    })();
    setTimeout(() => kernel.close(), 20);
    await assert.rejects(waiting, nt.BadHandle);
    await ended;
  });
});

/** A monitor, which reads a kernel's tables. */
function handleOf(name: string): number {
  const [text, out] = [library.text(name, "name"), library.allocate(4)];
  library.call((error) => library.symbols.nt_monitor_attach(text.pointer, out.pointer, error));
  return new Uint32Array(out.buffer)[0] ?? 0;
}

describe("a feed", () => {
  /** Records of prints of ES at 100. */
  function records(count: number, memory: ArrayBufferLike = new ArrayBuffer(count * TickRecord.bytes), offset = 0): void {
    const record = new TickRecord(memory, offset);
    for (let index = 0; index < count; index++) {
      record.at(index).kind = 2;
      record.price = 10_000;
      record.size = 1;
      record.tsEvent = index;
      record.flags = 1;
    }
  }

  it("takes records as they lie in memory", LIMIT, async () => {
    using kernel = started();
    using feed = kernel.feed();
    const whole = new ArrayBuffer(100_000 * TickRecord.bytes);
    records(100_000, whole);
    await feed.push(whole);
    await until(() => kernel.status.ticksPublished === 100_000, "the ticks");
    const around = new ArrayBuffer(10 * TickRecord.bytes + 3);
    new Uint8Array(around, 3).set(new Uint8Array(whole, 0, 10 * TickRecord.bytes));
    await feed.push(new Uint8Array(around, 3));
    const shared = new SharedArrayBuffer(10 * TickRecord.bytes);
    records(10, shared);
    await feed.push(new Uint8Array(shared));
    await feed.push(new DataView(whole, TickRecord.bytes, 10 * TickRecord.bytes));
    await feed.push(Buffer.from(whole, 0, 10 * TickRecord.bytes));
    await feed.push(new ArrayBuffer(0));
    await feed.push([]);
    await until(() => kernel.status.ticksPublished === 100_040, "the ticks");
    for (const size of [1, 63, 65]) await assert.rejects(feed.push(new ArrayBuffer(size)), nt.InvalidArgument);
    for (const wrong of [undefined, null, 5, "x", {}, new SharedArrayBuffer(64)]) {
      await assert.rejects(feed.push(wrong as ArrayBuffer), nt.InvalidArgument);
    }
  });

  it("never holds up the event loop, and can be left", LIMIT, async () => {
    using kernel = started({}, { participants: 1 }); // nobody subscribes: nothing is taken
    const feed = kernel.feed();
    const whole = new ArrayBuffer(50_000 * TickRecord.bytes);
    records(50_000, whole);
    const abort = new AbortController();
    const first = feed.push(whole, { signal: abort.signal });
    const second = feed.push([trade(100, 1, 60_000n)]);
    let turns = 0;
    await until(() => (turns += 1) > 10, "turns of the event loop");
    abort.abort(new Error("enough"));
    await assert.rejects(first, /enough/);
    const third = feed.push(whole);
    feed.close();
    feed.close();
    await assert.rejects(second, nt.BadHandle);
    await assert.rejects(third, nt.BadHandle);
    await assert.rejects(kernel.feed().push(whole, { signal: AbortSignal.abort(new Error("before")) }), /before/);
  });

  it("notices when its memory is taken away", LIMIT, async () => {
    using kernel = started({}, { participants: 1 });
    const feed = kernel.feed();
    const whole = new ArrayBuffer(50_000 * TickRecord.bytes);
    records(50_000, whole);
    const pushed = feed.push(whole);
    setTimeout(() => structuredClone(whole, { transfer: [whole] }), 5);
    await assert.rejects(pushed, /the records were taken away when \d+ of 50000 were pushed/);
  });

  it("takes every kind of tick, those of one time as a slice", LIMIT, async () => {
    using kernel = started({ venue: { latency: "measured" } }, { participants: 1 });
    const client = kernel.client();
    client.subscribe();
    const ticks: TickInput[] = [
      { kind: "SESSION", symbol: "ES", tsEvent: 1, state: "OPEN", tradingDay: "2013-09-02" },
      { kind: "LATENCY", symbol: "ES", tsEvent: 1, inNs: 5, outNs: 6n },
      { kind: "BOOK_CLEAR", symbol: "ES", tsEvent: 2n },
      { kind: "LEVEL", symbol: "ES", tsEvent: 2n, side: "BUY", price: 99.75, size: 3, updateId: 7, snapshot: true },
      { kind: "LEVEL", symbol: "ES", tsEvent: 2n, side: "SELL", price: 100, size: 4, updateId: 7n },
      { kind: "TRADE", symbol: "ES", tsEvent: 3n, price: 100, size: 1, aggressor: undefined, tradeId: 2n ** 63n - 1n },
      { kind: "CLOCK", tsEvent: 4n },
      { kind: "GAP", symbol: "ES", tsEvent: 5n },
      { kind: "GAP", tsEvent: 5n },
      { kind: "END", tsEvent: 6n },
    ];
    await kernel.feed().push(ticks);
    const slices: string[][] = [];
    for await (const batch of client.batches()) slices.push([...batch.ticks].map(({ kind }) => kind));
    assert.deepEqual(slices.filter((kinds) => kinds.length > 0), [
      ["SESSION", "LATENCY"],
      ["BOOK_CLEAR", "LEVEL", "LEVEL"],
      ["TRADE"],
      ["CLOCK"],
      ["GAP", "GAP"],
    ]);
  });

  it("refuses what is no tick, and sends nothing then", LIMIT, async () => {
    using kernel = started();
    const feed = kernel.feed();
    const session: TickInput = { kind: "SESSION", symbol: "ES", tsEvent: 1n, state: "OPEN", tradingDay: "2013-09-02" };
    const refused: readonly [unknown, RegExp][] = [
      [5, /^tick 1: 5 is no tick$/],
      [null, /^tick 1: null is no tick$/],
      [{ kind: "SIGNAL", tsEvent: 1n }, /kind "SIGNAL" is not one of QUOTE, TRADE/],
      [{ kind: "toString", tsEvent: 1n }, /kind "toString" is not one of/],
      [{ ...trade(100), pric: 1 }, /a TRADE has no pric; it has kind, tsEvent, symbol, price/],
      [{ ...trade(100.1) }, /price of ES 100.1 is not a multiple of 0.25/],
      [{ ...trade(100), size: 0.5 }, /quantity of ES 0.5 is not a multiple of 1/],
      [{ ...trade(NaN) }, /price of ES is NaN; give a finite number/],
      [{ ...trade(100), price: undefined }, /price of ES is undefined/],
      [{ ...trade(100), tsEvent: 1.5 }, /tsEvent 1.5 is no whole number that fits/],
      [{ ...trade(100), tsEvent: 2 ** 60 }, /tsEvent 1152921504606847000 is no whole number/],
      [{ ...trade(100), tsEvent: 2n ** 63n }, /tsEvent 9223372036854775808n is no whole number/],
      [{ ...trade(100), tradeId: -1 }, /tradeId -1 is no whole number from 0/],
      [{ ...trade(100), aggressor: "HOLD" }, /aggressor "HOLD" is not one of BUY, SELL/],
      [{ kind: "LEVEL", symbol: "ES", tsEvent: 1n, price: 1, size: 1 }, /side undefined is not one of BUY, SELL/],
      [{ ...session, state: "SHUT" }, /state "SHUT" is not one of OPEN, CLOSED, HALTED/],
      [{ ...session, tradingDay: "1969-12-31" }, /tradingDay "1969-12-31" is no date from 1970/],
    ];
    for (const [tick, message] of refused) {
      await assert.rejects(feed.push([trade(100), tick as TickInput]), (error) => {
        assert.ok(error instanceof nt.InvalidArgument);
        assert.match(error.message, message);
        return true;
      });
    }
    await assert.rejects(feed.push([trade(100, 1, 1n, "NQ")]), nt.NotFound);
    await feed.push([trade(100)]);
    await until(() => kernel.status.ticksPublished > 0, "the tick");
    assert.equal(kernel.status.ticksPublished, 1);
  });
});

describe("models", () => {
  const directory = mkdtempSync(join(tmpdir(), "nt-models-"));
  process.on("exit", () => rmSync(directory, { recursive: true, force: true }));
  const vectors = JSON.parse(readFileSync(join(ROOT, "tests", "conformance", "models.json"), "utf8")) as {
    readonly files: Readonly<Record<string, string>>;
  };
  const file = (name: string): string => {
    const path = join(directory, `${name}.safetensors`);
    writeFileSync(path, Buffer.from(vectors.files[name] ?? "", "base64"));
    return path;
  };

  it("come out of their files, and speak of every instrument", LIMIT, async () => {
    using kernel = started({ models: { mid: { path: file("linear") }, small: { path: file("linear"), precision: "int8" }, ours: {} } });
    const client = kernel.client();
    const feed = kernel.feed();
    for (let index = 0; index < 64; index++) await feed.push([trade(100 + (index % 5) * 0.25, 1 + (index % 3), BigInt(index))]);
    const signal = await until(() => {
      try {
        return client.signal("ES", "small");
      } catch (error) {
        if (error instanceof nt.NoData || error instanceof nt.ModelNotReady) return undefined;
        throw error;
      }
    }, "a signal");
    assert.equal(signal.precision, "int8");
    assert.equal(client.signal("ES").precision, "fp32");
    assert.ok(Math.abs(signal.values.reduce((sum, value) => sum + value, 0) - 1) < 1e-5);
    assert.throws(() => client.signal("ES", "ours"), nt.NoData);
  });

  it("are refused with the name of their file", LIMIT, () => {
    const empty = join(directory, "empty");
    writeFileSync(empty, "");
    const refused: readonly [KernelConfig["models"], RegExp][] = [
      [{ m: { path: file("gru"), precision: "int8" } }, /gru\.safetensors: .*int8/],
      [{ m: { path: empty } }, /empty: ./],
      [{ m: { path: join(ROOT, "README.md") } }, /README\.md: ./],
    ];
    for (const [models, message] of refused) {
      const document = config({ models: models ?? {} });
      assert.throws(() => Kernel.create(document), (error) => {
        assert.ok(error instanceof nt.InvalidArgument);
        assert.match(error.message, message);
        return true;
      });
      assert.deepEqual(segments(document.name), []);
    }
    assert.throws(() => Kernel.create(config({ models: { m: { path: join(directory, "none") } } })), nt.ConfigError);
  });
});

describe("what is refused", () => {
  it("wrong arguments have typed errors, and nothing is left of them", () => {
    const document = config();
    const wrong: readonly (() => unknown)[] = [
      () => Kernel.create(document, { participants: -1 }),
      () => Kernel.create(document, { participants: 1.5 }),
      () => Kernel.create(document, { participants: 65 }),
      () => Kernel.create(document, { realtime: "yes" as unknown as boolean }),
      () => Kernel.create({ ...document, instruments: {} }),
    ];
    for (const call of wrong) assert.throws(call, nt.InvalidArgument);
    assert.deepEqual(segments(document.name), []);
    using kernel = Kernel.create(document);
    assert.throws(() => kernel.setState("OFF" as "ACTIVE", ""), /state "OFF" is not one of ACTIVE, REDUCING, HALTED/);
    assert.throws(() => kernel.setState("ACTIVE", "a\0b"), nt.InvalidArgument);
    assert.throws(() => kernel.setState("ACTIVE", undefined as unknown as string), nt.InvalidArgument);
    assert.throws(() => kernel.client(5 as unknown as string), nt.InvalidArgument);
  });

  it("a wrong configuration lists everything", () => {
    const wrong = { ...config(), limits: { max_position: -1, max_positon: 5 }, venue: { latency_in_us: "5" } } as unknown as KernelConfig;
    assert.throws(() => Kernel.create(wrong), (error) => {
      assert.ok(error instanceof nt.ConfigError);
      assert.deepEqual(error.problems.map(({ path }) => path), ["venue.latency_in_us", "limits.max_positon", "limits.max_position"]);
      return true;
    });
    assert.throws(() => Kernel.create(config({ source: { path: "sample:x" }, limits: { no_buy: ["NQ"] } })), (error) => {
      assert.ok(error instanceof nt.ConfigError);
      const message = "names NQ, which is no instrument; known are COIN, ES, and * for all";
      assert.deepEqual(error.problems, [{ path: "limits.no_buy", message }]);
      return true;
    });
    assert.throws(() => Kernel.create(config({ mode: "live" as "paper" })), nt.LiveTradingUnavailable);
    assert.throws(() => Kernel.create(undefined as unknown as KernelConfig), nt.ConfigError);
  });

  it("what the core refuses is its error", () => {
    const instruments = { ES: { tick_size: 2 ** 50, max_price: 2 ** 50, currency: "USD" } };
    const far = config({ venue: { slippage_ticks: 10_000 }, instruments });
    assert.throws(() => Kernel.create(far), /tick_size times slippage_ticks is outside its range/);
    assert.deepEqual(segments(far.name), []);
  });
});

describe("a program that ends without closing", () => {
  for (const [how, code] of [["end", 0], ["exit", 3], ["wait", 3], ["throw", 1], ["close", 0]] as const) {
    // Deno ends by such an error without telling anybody; the next kernel of the name takes the memory away.
    const skip = how === "throw" && runtime.name === "deno" ? "an error that nobody caught ends Deno at once" : false;
    it(`by ${how} leaves nothing in shared memory`, { ...LIMIT, skip }, async () => {
      const name = freshName("left");
      await using program = worker("leaves_kernel", name, how);
      const ended = await program.ended;
      assert.deepEqual([ended.code, ended.stdout.trim()], [code, "true"], ended.stderr);
      assert.deepEqual(segments(name), []);
    });
  }
});
