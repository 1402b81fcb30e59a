/** What the core answered when the vectors of tests/conformance were written, it answers here, through the adapter that is chosen. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Model } from "../dist/index.js";
import type { InstructionSet, Precision } from "../dist/index.js";
import { Converter } from "../dist/numbers.js";
import { recordings, Replay } from "./calls.js";
import { Player } from "./sessions.js";
import { library } from "./support.js";
import type { Fields, Refusal, Vectors } from "./vectors.js";
import { assertRefused, bytesOf, camel, hexadecimal, special, vectorFile, vectors } from "./vectors.js";

interface Numbers extends Vectors {
  readonly numbers: readonly { value: unknown; decimals: number; step: number; raw?: number; error?: Refusal }[];
}

type Taken = readonly [doing: "step" | "advance" | "reset", row: number, input?: number, values?: string, calibrated?: boolean];

interface Found {
  readonly precision: Precision;
  readonly predictions: readonly { count: number; steps: number; values: string }[];
  readonly steps: readonly Taken[];
}

interface Refused {
  readonly name: string;
  readonly file: string;
  readonly precision: Precision;
  readonly at?: number;
  readonly removed?: number;
  readonly put?: string;
  readonly error: Refusal;
}

interface Models extends Vectors {
  readonly files: Readonly<Record<string, string>>;
  readonly inputs: Readonly<Record<string, string>>;
  readonly models: readonly { file: string; info: Fields; found: readonly Found[] }[];
  readonly refused: readonly Refused[];
}

for (const name of ["orders", "ticks", "errors", "models"]) {
  const given = vectors(name);
  for (const session of given.sessions) test(`${name}: ${session.name}`, () => new Player(library, given).play(session));
}

for (const recording of recordings(vectorFile("session.bin"))) {
  test(`session.bin: ${recording.name}`, () => new Replay(library).run(recording));
}

test("errors: numbers", () => {
  for (const { value, decimals, step, raw, error } of vectors<Numbers>("errors").numbers) {
    const what = `${JSON.stringify(value)} in ${decimals} decimals by ${step}`;
    const convert = (): number => new Converter(decimals, step, "price").raw(special(value));
    if (error === undefined) {
      assert.equal(convert(), raw, what);
      continue;
    }
    assert.throws(convert, (thrown) => (assertRefused(thrown, error, what), true), what);
  }
});

const models = vectors<Models>("models");

function fileOf(name: string): Uint8Array {
  return Buffer.from(models.files[name] ?? "", "base64");
}

for (const { file, info, found } of models.models) {
  for (const { precision, predictions, steps } of found) {
    for (const isa of ["generic", "auto"] satisfies InstructionSet[]) {
      test(`models: ${file} in ${precision} on ${isa}`, async () => {
        using model = await Model.load(fileOf(file), { precision, isa, rows: 2, library });
        const table = new Float32Array(bytesOf(models.inputs[String(model.info.inputs)] ?? ""));
        assert.deepEqual(infoFields(model), { ...info, precision });
        for (const { count, steps: length, values } of predictions) {
          const given = table.subarray(0, count * length * model.info.inputs);
          assert.equal(hexadecimal(model.predict(given, { count, steps: length })), values, `${count} sequences of ${length}`);
        }
        steps.forEach((step, index) => take(model, table, step, index));
      });
    }
  }
}

function take(model: Model, table: Float32Array, [doing, row, input = 0, values, calibrated]: Taken, index: number): void {
  if (doing !== "step") {
    model[doing](row);
    return;
  }
  const { inputs } = model.info;
  const found = model.step(row, table.subarray(input * inputs, (input + 1) * inputs));
  assert.deepEqual([hexadecimal(found.values), found.calibrated], [values, calibrated], `step ${index}`);
}

/** What of a model's description does not depend on the machine, by the names of the vectors. */
function infoFields({ info }: Model): Fields {
  const { isa: _, rows: __, clock, ...rest } = info;
  const fields: Fields = { ...rest, clock: clock.on, clockEvery: clock.every };
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [snake(name), value]));
}

function snake(name: string): string {
  const made = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  assert.equal(camel(made), name);
  return made;
}

test("models: files and precisions that are refused", async () => {
  for (const { name, file, precision, at, removed = 0, put = "", error } of models.refused) {
    const whole = fileOf(file);
    const parts = at === undefined ? [whole] : [whole.subarray(0, at), Buffer.from(put, "hex"), whole.subarray(at + removed)];
    const changed = Buffer.concat(parts);
    await assert.rejects(Model.load(changed, { precision, library }), (thrown) => (assertRefused(thrown, error, name), true), name);
  }
});
