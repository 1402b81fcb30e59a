/** Somebody writes over the shared memory while a client works in it: typed errors or data, never a crash, and nobody else is harmed. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { Client } from "../dist/index.js";
import { freshName, PACKAGE, PATIENCE_MS, Program, python, TestKernel, until, worker } from "./support.ts";

const patient = { timeout: PATIENCE_MS };
const SECONDS = "1";
let bystander: TestKernel;

before(async () => {
  bystander = await TestKernel.start();
});

after(async () => {
  assert.equal(await bystander.close(), 0);
});

async function isServed(kernel: string): Promise<void> {
  await using client = await Client.attach(kernel);
  const result = await client.execute({ symbol: "ES", side: "BUY", quantity: 1, price: 80 }, { timeoutMs: 30_000 });
  assert.equal(result.status, "NEW");
}

/** A client at work, and a scribbler at its memory, until both are done. */
async function scribbled(kernel: TestKernel, what: "core" | "channel", seed: number): Promise<void> {
  const name = freshName("victim");
  await using victim = worker("victim", kernel.name, name);
  assert.equal(await victim.hear(), "attached");
  await kernel.stream(1);
  const script = join(PACKAGE, "tests", "scribble.py");
  await using scribbler = new Program(python, [script, kernel.name, what === "core" ? "core" : name, String(seed), SECONDS]);
  assert.equal(await scribbler.hear(), "begins", (await Promise.race([scribbler.ended, Promise.resolve(undefined)]))?.stderr);
  const written = Number(await scribbler.hear());
  assert.ok(written > 100, `${written} writes`);
  victim.say("enough");
  const ended = await victim.ended;
  assert.deepEqual([ended.code, ended.signal, ended.stderr], [0, null, ""]);
}

for (const seed of [1, 2]) {
  test(`a channel that is written over harms nobody else, seed ${seed}`, patient, async () => {
    await using kernel = await TestKernel.start({ limits: { max_order_quantity: 10 } });
    await scribbled(kernel, "channel", seed);
    await isServed(kernel.name);
    await isServed(bystander.name);
    await until(async () => (await kernel.published()) > 0, "ticks, still");
  });

  test(`a core that is written over ends in errors, seed ${seed}`, patient, async () => {
    const kernel = await TestKernel.start({ limits: { max_order_quantity: 10 } });
    await scribbled(kernel, "core", seed).finally(() => kernel.kill("SIGKILL"));
    await isServed(bystander.name);
    await using heir = await TestKernel.start({}, kernel.name); // takes the name, whatever lies there
    await isServed(heir.name);
  });
}
