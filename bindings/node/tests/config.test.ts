/** Configurations: the documents of tests/conformance, alike in every language, and what only JavaScript has. */

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";

import { TomlDate } from "smol-toml";

import type { ConfigProblem, KernelConfig } from "../dist/index.js";
import { ConfigError, LiveTradingUnavailable, NeuralTraderError, readConfig, validateConfig } from "../dist/index.js";
import { examine } from "../dist/config.js";
import { accountRow, instrumentRow, kernelRow, nanosecondsOf, termsRow } from "../dist/config_rows.js";
import type { SoundConfig } from "../dist/generated/config_schema.js";
import { ROOT } from "./support.js";

interface Document {
  readonly name: string;
  readonly config?: unknown;
  readonly file?: string;
  readonly problems?: readonly (readonly [string, string])[];
  readonly rows?: unknown;
}

const DIRECTORY = join(ROOT, "tests", "conformance");
const { documents } = JSON.parse(readFileSync(join(DIRECTORY, "configurations.json"), "utf8")) as { documents: readonly Document[] };

/** A row with the names of the header, less what is absent. */
function row(record: object): object {
  const entries = Object.entries(record).filter(([, value]) => !Number.isNaN(value));
  const name = (key: string): string => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return Object.fromEntries(entries.map(([key, value]) => [name(key), value as unknown]));
}

function table<Item>(items: ReadonlyMap<string, Item>, make: (name: string, item: Item) => unknown): unknown {
  return Object.fromEntries([...items].map(([name, item]) => [name, make(name, item)]));
}

function rowsOf(config: SoundConfig): unknown {
  const { name, ...kernel } = kernelRow(config);
  assert.equal(name, config.name);
  return {
    kernel: row(kernel),
    instruments: table(config.instruments, (symbol, instrument) => row(instrumentRow(symbol, instrument))),
    accounts: table(config.accounts, (account, item) => row(accountRow(account, item, config.limits))),
    terms: table(
      config.accounts,
      (_, account) => table(config.instruments, (symbol, instrument) => row(termsRow(symbol, instrument, account, config))),
    ),
    venues: table(config.venues, (_, venue) => [nanosecondsOf(venue.latency_in_us), nanosecondsOf(venue.latency_out_us)]),
  };
}

/** Arrays of pairs, as the vectors have them. */
function pairs(problems: readonly ConfigProblem[]): (readonly [string, string])[] {
  return problems.map(({ path, message }) => [path, message.replaceAll(DIRECTORY, "<directory>")]);
}

describe("configurations are alike in every language", () => {
  it("there are enough of them", () => {
    assert.ok(documents.length >= 60);
    assert.ok(documents.filter(({ rows }) => rows !== undefined).length >= 60);
  });

  for (const { name, config, file, problems, rows } of documents) {
    it(name, () => {
      const data = file === undefined ? config : readConfig(join(ROOT, file));
      assert.deepEqual(pairs(validateConfig(data, DIRECTORY)), problems ?? []);
      if (rows === undefined) return;
      const sound = examine(data, DIRECTORY).config;
      assert.ok(sound !== null);
      assert.deepEqual(rowsOf(sound), rows);
    });
  }
});

const SOUND: KernelConfig = {
  name: "sound",
  instruments: { ES: { tick_size: 0.25, currency: "USD", max_price: 100_000 } },
  accounts: { main: { currency: "USD", cash: 100_000 } },
};

/** The messages for a limit of this value. */
function limited(value: unknown, key = "max_position"): readonly string[] {
  return validateConfig({ ...SOUND, limits: { [key]: value } }).map(({ path, message }) => `${path}: ${message}`);
}

describe("values that only JavaScript has", () => {
  it("numbers that are none", () => {
    assert.deepEqual(limited(NaN), ["limits.max_position: the value is NaN; give a finite number"]);
    assert.deepEqual(limited(-Infinity), ["limits.max_position: the value is -Infinity; give a finite number"]);
    assert.deepEqual(limited(NaN, "max_fills"), ["limits.max_fills: must be a whole number, not NaN"]);
    assert.deepEqual(limited(new Number(5)), ["limits.max_position: must be a number, not a Number"]);
    assert.deepEqual(limited(Symbol("5")), ["limits.max_position: must be a number, not a symbol"]);
    assert.deepEqual(limited(() => 5), ["limits.max_position: must be a number, not a function"]);
  });

  it("bigint, minus zero and what is beyond 2^53", () => {
    assert.deepEqual(limited(5n), []);
    assert.deepEqual(limited(-0), []);
    assert.deepEqual(limited(5n, "max_open_orders"), []);
    assert.deepEqual(limited(-0, "max_open_orders"), []);
    assert.deepEqual(limited(2n ** 31n + 1n, "max_open_orders"), ["limits.max_open_orders: must be 0 to 2147483648, not 2147483649"]);
    const odd = "limits.max_open_orders: must be 0 to 2147483648, not 9007199254740993";
    assert.deepEqual(limited(9007199254740993n, "max_open_orders"), [odd]);
    const long = 123456789012345678901n * 10n ** 40n;
    assert.deepEqual(limited(long, "max_open_orders"), ["limits.max_open_orders: must be 0 to 2147483648, not 12345678901234567e44"]);
    assert.deepEqual(limited(2n ** 51n), []);
    assert.deepEqual(limited(2n ** 51n + 1n), [
      "limits.max_position: max_position 2251799813685249 is beyond the bound of 2251799813685248 (2^51 raw)",
    ]);
    assert.deepEqual(limited(10n ** 70n), ["limits.max_position: the value has more than 64 digits"]);
  });

  it("undefined is a key that is not there", () => {
    assert.deepEqual(limited(undefined), []);
    assert.deepEqual(validateConfig({ ...SOUND, name: undefined }), [{ path: "name", message: "is missing" }]);
  });

  it("lists with holes, and other lists", () => {
    assert.deepEqual(limited(["ES", , "ES"], "no_buy"), ["limits.no_buy: must be a list of names, not a list"]);
    assert.deepEqual(limited(new Set(["ES"]), "no_buy"), ["limits.no_buy: must be a list of names, not a Set"]);
    assert.deepEqual(limited(new Uint8Array(1), "no_buy"), ["limits.no_buy: must be a list of names, not a Uint8Array"]);
  });

  it("only an object's own keys count", () => {
    const inherited = Object.assign(Object.create({ limits: { max_position: 1 } }) as object, SOUND);
    assert.deepEqual(validateConfig(inherited), [{ path: "", message: "must be a table, not a Object" }]);
    const polluted = JSON.parse('{"__proto__": {"max_position": 5}, "constructor": 1}') as unknown;
    const unknown = (key: string): boolean => validateConfig({ ...SOUND, limits: polluted }).some(({ path }) => path === `limits.${key}`);
    assert.ok(unknown("__proto__"));
    assert.ok(unknown("constructor"));
    assert.equal(({} as { max_position?: unknown }).max_position, undefined);
    assert.deepEqual(validateConfig(Object.assign(Object.create(null) as object, SOUND)), []);
    class Configuration {}
    for (const data of [undefined, null, 5, "run.toml", [SOUND], new Map(), new Configuration(), new Date()]) {
      const [problem] = validateConfig(data);
      assert.ok(problem !== undefined && problem.path === "" && problem.message.startsWith("must be a table, not "), problem?.message);
    }
  });

  it("dates of smol-toml are times of day and dates, and nothing else", () => {
    const session = (opens: unknown, early: unknown = "10:00"): readonly string[] => {
      const hours = { days: "Mon", opens, closes: "16:00", early_closes: { "2013-09-02": early } };
      const data = { ...SOUND, instruments: { ES: { ...SOUND.instruments?.["ES"], session: hours } } };
      return validateConfig(data).map(({ message }) => message);
    };
    assert.deepEqual(session(new TomlDate("09:30:00"), new TomlDate("10:00:00")), []);
    assert.deepEqual(session(new TomlDate("09:30:00.5")), ["must be a local time of day such as 17:00:00, not 09:30:00.500"]);
    assert.deepEqual(session(new TomlDate("2013-09-02")), ["must be a local time of day such as 17:00:00, not 2013-09-02"]);
    const both = new TomlDate("2013-09-02T09:30:00");
    assert.deepEqual(session(both), ["must be a local time of day such as 17:00:00, not 2013-09-02T09:30:00"]);
    assert.deepEqual(session(new Date(0)), ["must be a local time of day such as 17:00:00, not a Date"]);
    assert.deepEqual(validateConfig({ ...SOUND, name: new TomlDate("2013-09-02") }), [
      { path: "name", message: "must be 1 to 31 characters of a-z A-Z 0-9 . _ - that do not begin with a dot, not 2013-09-02" },
    ]);
  });
});

describe("files", () => {
  const directory = mkdtempSync(join(tmpdir(), "nt-config-"));
  const write = (text: string | Uint8Array, name = "run.toml"): string => {
    writeFileSync(join(directory, name), text);
    return join(directory, name);
  };
  process.on("exit", () => rmSync(directory, { recursive: true, force: true }));

  it("are read as they are, with paths from where they lie, and times as text", () => {
    write("", "flow.py");
    write("", "model.safetensors");
    const file = write(
      [
        'name = "file"',
        'strategy = "./flow.py:Flow"',
        "parameters = { a = 0.5, b = [1, 2013-09-02], c = 9007199254740993 }",
        'source.path = ["ES=data//a.csv", "/b.csv"]',
        "[instruments.ES]",
        "tick_size = 0.25",
        "max_price = 100_000",
        'currency = "USD"',
        'session = { days = "Mon", opens = 17:00:00, closes = 16:15:00, early_closes = { 2013-09-03 = 10:30:00 } }',
        "[accounts.main]",
        'currency = "USD"',
        "cash = 100_000.5",
        '[models."mid"]',
        'path = "model.safetensors"',
        "[limits]",
        "max_position = 2251799813685248",
      ].join("\n"),
    );
    assert.deepEqual(readConfig(file), {
      name: "file",
      strategy: `${directory}/flow.py:Flow`,
      parameters: { a: 0.5, b: [1, "2013-09-02"], c: 9007199254740993n },
      source: { path: [`ES=${directory}/data/a.csv`, "/b.csv"] },
      instruments: {
        ES: {
          tick_size: 0.25,
          max_price: 100_000,
          currency: "USD",
          session: { days: "Mon", opens: "17:00:00", closes: "16:15:00", early_closes: { "2013-09-03": "10:30:00" } },
        },
      },
      accounts: { main: { currency: "USD", cash: 100_000.5 } },
      models: { mid: { path: `${directory}/model.safetensors` } },
      limits: { max_position: 2251799813685248 },
    });
    assert.deepEqual(validateConfig(readConfig(file)), []);
  });

  it("the examples are sound", () => {
    const config = readConfig(join(ROOT, "examples", "run.toml"));
    assert.equal(config.strategy, `${ROOT}/examples/flow.py:Flow`);
    assert.deepEqual(config.source, { path: "sample:es-2013-09", timezone: "America/Chicago", speed: 0 });
    assert.deepEqual(config.parameters, { enter: 0.6 });
  });

  const problemsOf = (path: string): readonly ConfigProblem[] => {
    try {
      readConfig(path);
    } catch (error) {
      assert.ok(error instanceof ConfigError && error instanceof NeuralTraderError);
      assert.equal(error.origin, path);
      const lines = error.problems.map((one) => `${path}: ${one.path === "" ? "" : `${one.path}: `}${one.message}`);
      assert.equal(error.message, lines.join("\n"));
      return error.problems;
    }
    return [];
  };

  it("everything that is wrong is said at once, with where it is from", () => {
    const file = write('name = "x"\n[limits]\nmax_position = nan\nmax_positon = 1\n');
    assert.deepEqual(problemsOf(file), [
      { path: "accounts", message: "is missing; add [accounts.main] with currency and cash" },
      { path: "limits.max_positon", message: "unknown key; did you mean max_position?" },
      { path: "limits.max_position", message: "the value is NaN; give a finite number" },
    ]);
  });

  it("that cannot be read say why", () => {
    assert.deepEqual(problemsOf(join(directory, "missing.toml")), [{ path: "", message: "cannot be read: No such file or directory" }]);
    assert.deepEqual(problemsOf(directory), [{ path: "", message: "cannot be read: Is a directory" }]);
    assert.match(problemsOf(write("name = \n"))[0]?.message ?? "", /^is not TOML: .*line 1/);
    assert.match(problemsOf(write('\ufeffname = "x"'))[0]?.message ?? "", /^is not TOML/);
    assert.deepEqual(problemsOf(write(new Uint8Array([110, 61, 34, 0xff, 34]))), [{ path: "", message: "is not UTF-8 text" }]);
  });

  it("live trading has an error of its own", () => {
    const file = write('name = "x"\nmode = "live"\naccounts.main = { currency = "USD", cash = 1 }\n');
    assert.throws(() => readConfig(file), LiveTradingUnavailable);
  });
});
