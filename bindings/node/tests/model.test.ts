/** Models in this process: what they refuse, what they remember, and that nothing handed out changes afterwards. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { runInNewContext } from "node:vm";

import type { InstructionSet, ModelOptions } from "../dist/index.js";
import { BadHandle, InvalidArgument, Model, NeuralTraderError, PrecisionRefused, SystemFailure } from "../dist/index.js";
import { library } from "./support.js";
import { vectors } from "./vectors.js";

const { files = {} } = vectors("models");
const WIDTH = 4; // features of the models used here

function bytes(name: string): Uint8Array {
  const found = files[name];
  assert.ok(found !== undefined, `there is no model ${name}`);
  return Buffer.from(found, "base64");
}

function load(name: string, options: ModelOptions = {}): Promise<Model> {
  return Model.load(bytes(name), { library, ...options });
}

/** Rows of features that differ. */
function rows(count: number, from = 0): Float32Array {
  return Float32Array.from({ length: count * WIDTH }, (_, index) => Math.sin(from * WIDTH + index) * 2);
}

async function inDirectory(work: (directory: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "neural-trader-model-"));
  try {
    await work(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** The error that it throws, which has to be of this class with these words. */
function refused(kind: new (...given: never[]) => NeuralTraderError, words: string, call: () => unknown): NeuralTraderError {
  let caught: unknown;
  try {
    call();
  } catch (error) {
    caught = error;
  }
  assert.ok(caught instanceof NeuralTraderError, `it threw ${String(caught)}, and had to be refused with ${words}`);
  assert.equal(caught.constructor, kind);
  assert.ok(caught.message.includes(words), `"${caught.message}" has no "${words}"`);
  return caught;
}

async function loadRefused(
  kind: new (...given: never[]) => NeuralTraderError,
  words: string,
  call: () => Promise<Model>,
): Promise<NeuralTraderError> {
  const caught = await call().then(
    () => undefined,
    (error: unknown) => error,
  );
  return refused(kind, words, () => {
    throw caught;
  });
}

// ---- loading -------------------------------------------------------------------------------------------------------------------

test("a file is loaded by its path, its URL and its bytes, wherever they lie", async () => {
  await inDirectory(async (directory) => {
    const path = join(directory, "mid model.safetensors");
    writeFileSync(path, bytes("lstm"));
    const large = new Uint8Array(bytes("lstm").length + 64).fill(7);
    large.set(bytes("lstm"), 13);
    const part = large.subarray(13, 13 + bytes("lstm").length);
    const expected = (await load("lstm")).predict(rows(4), { steps: 4 });
    for (const source of [path, pathToFileURL(path), bytes("lstm"), part]) {
      using model = await Model.load(source, { library });
      assert.equal(model.info.name, "lstm");
      assert.deepEqual(model.predict(rows(4), { steps: 4 }), expected);
    }
  });
});

test("what a model is does not change", async () => {
  using model = await load("lstm", { rows: 3 });
  const { info } = model;
  assert.deepEqual([info.inputs, info.outputs, info.rows, info.warmUp, info.stateful], [WIDTH, 3, 3, 3, true]);
  assert.deepEqual([info.labels, info.features], [["down", "flat", "up"], ["return_4", "trade_flow_16", "sign_8", "run"]]);
  assert.deepEqual([info.clock, info.precision, info.output], [{ on: "trade", every: 1 }, "fp32", "classes"]);
  for (const part of [info, info.labels, info.features, info.clock]) assert.ok(Object.isFrozen(part));
});

test("a file that cannot be read says why", async () => {
  await inDirectory(async (directory) => {
    const missing = join(directory, "none.safetensors");
    const error = await loadRefused(SystemFailure, missing, () => Model.load(missing, { library }));
    assert.equal((error as SystemFailure).errno, 2);
    await loadRefused(SystemFailure, "cannot be read", () => Model.load(directory, { library }));
    const huge = join(directory, "huge.safetensors");
    writeFileSync(huge, "");
    truncateSync(huge, 2 ** 28 + 1);
    const { observed, limit } = await loadRefused(InvalidArgument, `${huge}: model file: is larger`, () => Model.load(huge, { library }));
    assert.deepEqual([observed, limit], [2 ** 28 + 1, 2 ** 28]);
  });
});

test("a wrong file is named, with the key that is wrong", async () => {
  await inDirectory(async (directory) => {
    const path = join(directory, "wrong.safetensors");
    writeFileSync(path, Buffer.from(bytes("mlp")).toString("latin1").replace("normalise", "normalize"), "latin1");
    const error = await loadRefused(InvalidArgument, `${path}: neural_trader.ops[0].op: must be`, () => Model.load(path, { library }));
    assert.notEqual(error.code, 0);
  });
});

test("options that are none", async () => {
  for (const precision of ["fp16", "", "FP32", null, 1]) {
    await loadRefused(InvalidArgument, "is not one of fp32, bf16, int8", () => load("mlp", { precision } as unknown as ModelOptions));
  }
  for (const isa of ["neon", 0, null]) {
    await loadRefused(InvalidArgument, "is not one of auto, generic, avx2, avx512", () => load("mlp", { isa } as unknown as ModelOptions));
  }
  for (const count of [0, -1, 1.5, NaN, Infinity, 2 ** 20 + 1, "2", null]) {
    await loadRefused(InvalidArgument, "1 to 1048576", () => load("mlp", { rows: count } as unknown as ModelOptions));
  }
  for (const source of [7, null, undefined, [1, 2], new Float32Array(4)]) {
    await loadRefused(InvalidArgument, "from a path or from bytes", () => Model.load(source as unknown as string, { library }));
  }
  await loadRefused(PrecisionRefused, "it was not measured how far int8 is from fp32", () => load("tcn", { precision: "int8" }));
});

test("every instruction set of this machine gives the same bits, and another is refused", async () => {
  using exact = await load("gru", { isa: "generic" });
  assert.equal(exact.info.isa, "generic");
  for (const isa of ["auto", "avx2", "avx512"] satisfies InstructionSet[]) {
    let model: Model;
    try {
      model = await load("gru", { isa });
    } catch (error) {
      assert.notEqual(isa, "auto");
      refused(InvalidArgument, "no instruction set", () => {
        throw error;
      });
      continue;
    }
    assert.deepEqual(model.predict(rows(40), { steps: 5 }), exact.predict(rows(40), { steps: 5 }));
    if (isa !== "auto") assert.equal(model.info.isa, isa);
    model.close();
  }
});

// ---- predicting ----------------------------------------------------------------------------------------------------------------

test("a prediction stays what it was", async () => {
  using model = await load("mlp");
  const first = model.predict(rows(2));
  const before = [...first];
  const second = model.predict(rows(2, 5));
  model.step(0, rows(1, 9));
  assert.deepEqual([...first], before);
  assert.notDeepEqual([...second], before);
  first.fill(0);
  assert.deepEqual([...model.predict(rows(2))], before);
});

test("features may be a part of any memory", async () => {
  using model = await load("mlp");
  const expected = model.predict(rows(3));
  const around = new Float32Array(40).fill(NaN);
  around.set(rows(3), 5);
  const shared = new Float32Array(new SharedArrayBuffer(4 * 3 * WIDTH));
  shared.set(rows(3));
  const elsewhere = runInNewContext(`new Float32Array([${[...rows(3)].join(",")}])`) as Float32Array;
  for (const given of [around.subarray(5, 5 + 3 * WIDTH), shared, elsewhere]) assert.deepEqual(model.predict(given), expected);
  const [row = new Float32Array()] = [around.subarray(5, 5 + WIDTH)];
  assert.deepEqual([...model.step(0, row).values], [...expected.subarray(0, 3)]);
});

test("many sequences are as many single ones", async () => {
  using model = await load("lstm");
  const [count, steps] = [700, 3]; // more than there is room for beforehand
  const given = rows(count * steps);
  const found = model.predict(given, { steps });
  assert.equal(found.length, count * 3);
  for (const index of [0, 1, 350, count - 1]) {
    const one = model.predict(given.subarray(index * steps * WIDTH, (index + 1) * steps * WIDTH), { count: 1, steps });
    assert.deepEqual([...found.subarray(index * 3, index * 3 + 3)], [...one], `sequence ${index}`);
  }
  assert.deepEqual(model.predict(given, { steps }), found);
});

test("features of another number or kind are refused", async () => {
  using model = await load("lstm");
  using plain = await load("mlp");
  for (const length of [0, 1, 3, 5, 7]) {
    refused(InvalidArgument, `there are ${length} numbers`, () => model.predict(new Float32Array(length)));
  }
  refused(InvalidArgument, "give whole sequences of 3 rows of 4 features", () => model.predict(rows(4), { steps: 3 }));
  refused(InvalidArgument, "give 2 sequences of 1 row of 4 features", () => model.predict(rows(3), { count: 2 }));
  for (const count of [0, -1, 1.5, NaN, "1", null]) {
    refused(InvalidArgument, "sequences of 1 row", () => model.predict(rows(1), { count } as unknown as { count: number }));
  }
  for (const steps of [0, -2, 0.5, NaN, 2 ** 32, "1", null]) {
    refused(InvalidArgument, "is not a whole number from 1", () => model.predict(rows(1), { steps } as unknown as { steps: number }));
  }
  refused(InvalidArgument, "the model has no state", () => plain.predict(rows(2), { steps: 2 }));
  for (const given of [new Float64Array(WIDTH), [1, 2, 3, 4], new Uint8Array(16), null, undefined, "1234"]) {
    refused(InvalidArgument, "give a Float32Array", () => model.predict(given as unknown as Float32Array));
    refused(InvalidArgument, "give a Float32Array of 4", () => model.step(0, given as unknown as Float32Array));
  }
});

test("a feature that is no number is found, and leaves the state as it is", async () => {
  using model = await load("lstm", { rows: 2 });
  using other = await load("lstm");
  for (const wrong of [NaN, Infinity, -Infinity]) {
    const given = rows(6);
    given[3 * WIDTH + 2] = wrong;
    const words = "row 3: feature 2 is infinite or not a number";
    assert.equal(refused(InvalidArgument, words, () => model.predict(given, { steps: 2 })).observed, 3);
  }
  for (let index = 0; index < 8; index++) {
    const wrong = rows(1, index);
    wrong[index % WIDTH] = NaN;
    const error = refused(InvalidArgument, `feature ${index % WIDTH} is infinite or not a number`, () => model.step(1, wrong));
    assert.notEqual(error.code, 0);
    assert.deepEqual(model.step(1, rows(1, index)), other.step(0, rows(1, index)), `step ${index}`);
  }
});

// ---- stepping ------------------------------------------------------------------------------------------------------------------

test("each row has a state of its own, which a reset begins anew", async () => {
  using model = await load("gru", { rows: 3 });
  const steps = 6;
  const [first, second] = [rows(steps), rows(steps, 50)];
  const part = (given: Float32Array, index: number): Float32Array => given.subarray(index * WIDTH, (index + 1) * WIDTH);
  let left: Float64Array = new Float64Array();
  let right: Float64Array = new Float64Array();
  for (let index = 0; index < steps; index++) {
    left = model.step(0, part(first, index)).values;
    if (index % 2 === 0) model.advance(2);
    right = model.step(2, part(second, index)).values;
  }
  assert.deepEqual(left, model.predict(first, { steps }));
  assert.deepEqual(right, model.predict(second, { steps }));
  model.reset(0);
  assert.deepEqual(model.step(0, part(first, 0)).values, model.predict(part(first, 0)));
  const longer = Float32Array.of(...second, ...part(first, 1));
  assert.deepEqual(model.step(2, part(first, 1)).values, model.predict(longer, { steps: steps + 1 }));
});

test("a prediction counts once the warm-up is over", async () => {
  using model = await load("lstm", { rows: 2 });
  const counts = (row: number, count: number): boolean[] =>
    Array.from({ length: count }, (_, index) => {
      const { ready, calibrated } = model.step(row, rows(1, index));
      assert.equal(ready, calibrated);
      return ready;
    });
  assert.equal(model.info.warmUp, 3);
  assert.deepEqual(counts(0, 5), [false, false, false, true, true]);
  assert.deepEqual(counts(1, 2), [false, false]);
  model.reset(0);
  assert.deepEqual(counts(0, 4), [false, false, false, true]);
  assert.deepEqual(counts(1, 2), [false, true]);
  using plain = await load("normal");
  const { ready, calibrated } = plain.step(0, rows(1));
  assert.deepEqual([ready, calibrated], [true, false]);
});

test("confidence is the largest probability, or how likely the sign is right", async () => {
  using classes = await load("mlp");
  using normal = await load("normal");
  for (let index = 0; index < 20; index++) {
    const found = classes.step(0, rows(1, index));
    assert.equal(found.confidence, Math.max(...found.values));
    const { values, confidence } = normal.step(0, rows(1, index));
    const [mean = NaN, deviation = NaN] = values;
    assert.ok(Math.abs(confidence - normalBelow(Math.abs(mean) / deviation)) < 2e-7, `${mean} of ${deviation}: ${confidence}`);
  }
});

/** The normal distribution function at x >= 0, by Simpson's rule. */
function normalBelow(x: number): number {
  const [pieces, density] = [2000, (at: number): number => Math.exp(-0.5 * at * at) / Math.sqrt(2 * Math.PI)];
  let sum = density(0) + density(x);
  for (let index = 1; index < pieces; index++) sum += density((x * index) / pieces) * (index % 2 === 0 ? 2 : 4);
  return 0.5 + (sum * x) / pieces / 3;
}

test("a row that there is not is refused", async () => {
  using model = await load("lstm", { rows: 2 });
  for (const row of [-1, 2, 0.5, NaN, 2 ** 32, "0", null, undefined]) {
    for (const call of [() => model.step(row as number, rows(1)), () => model.advance(row as number), () => model.reset(row as number)]) {
      refused(InvalidArgument, "the model was loaded with rows=2: give 0 to 1", call);
    }
  }
});

// ---- the end -------------------------------------------------------------------------------------------------------------------

test("a closed model does nothing any more", async () => {
  const model = await load("lstm");
  {
    using other = model;
    assert.equal(other.closed, false);
  }
  assert.equal(model.closed, true);
  model.close();
  for (const call of [() => model.predict(rows(1)), () => model.step(0, rows(1)), () => model.advance(0), () => model.reset(0)]) {
    assert.equal(refused(BadHandle, "the model was closed; load it again", call).code, -1);
  }
  assert.equal(model.info.name, "lstm");
});

test("a model that is refused leaves no handle behind", async () => {
  for (let index = 0; index < 1100; index++) {
    // more than there are handles
    await assert.rejects(load("tcn", { precision: "int8" }), PrecisionRefused);
  }
  using model = await load("tcn");
  assert.equal(model.predict(rows(1)).length, 3);
});
