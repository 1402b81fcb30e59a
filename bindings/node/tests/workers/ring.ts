/**
 * One side of a ring, for tests/conformance/ring_torture.py: ROLE NAME RECORD_BYTES END SEED LEDGER. It copies in and out: nothing that
 * JavaScript holds points into shared memory.
 */

import { openSync, writeSync } from "node:fs";
import { createInterface } from "node:readline";

import * as abi from "../../dist/generated/abi.js";
import { openLibrary } from "../../dist/library.js";

const BATCHES = [1, 2, 7, 64, 256, 1024];
const BATCH_MAX = 1024;
const HIGH = 2 ** 32;
const NAP_MS = 0.05;

const [, , role = "", name = "", recordBytes = "", end = "", seed = "", ledgerPath = ""] = process.argv;
const library = openLibrary();
const { symbols } = library;
const words = Number(recordBytes) / 4;
const last = Number(end);
const block = library.allocate(BATCH_MAX * Number(recordBytes));
const records = new Int32Array(block.buffer);
const salts = Int32Array.from({ length: words }, (_, j) => Math.imul(j, 0x9e3779b1));
const ledger = openSync(ledgerPath, "w");
const noted = new BigUint64Array(1);
const never = new Int32Array(new SharedArrayBuffer(4));

let state = Number(seed) | 1;
let ring = 0;

function draw(below: number): number {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) % below;
}

/** What has been pushed, or verified, as of now: a killed process leaves it behind. */
function note(at: number): void {
  noted[0] = BigInt(at);
  writeSync(ledger, noted, 0, 8, 0);
}

function fill(at: number, count: number): void {
  for (let i = 0; i < count; i++) {
    const [low, high] = [(at + i) | 0, Math.imul(Math.floor((at + i) / HIGH) + 1, 0xc2b2ae35)];
    for (let j = 2, place = i * words + 2; j < words; j++, place++) {
      records[place] = Math.imul(low ^ (salts[j] as number), 0x85ebca6b) ^ high;
    }
  }
}

function verify(at: number, count: number): void {
  for (let i = 0; i < count; i++) {
    const [number, start] = [at + i, i * words];
    const [low, high] = [number | 0, Math.imul(Math.floor(number / HIGH) + 1, 0xc2b2ae35)];
    let wrong = records[start] !== ((number + 1) | 0) || records[start + 1] !== Math.floor((number + 1) / HIGH);
    for (let j = 2; j < words; j++) wrong ||= records[start + j] !== (Math.imul(low ^ (salts[j] as number), 0x85ebca6b) ^ high);
    if (!wrong) continue;
    process.stdout.write(`bad record ${number}: ${records.subarray(start, start + words).join(" ")}\n`);
    process.exit(1);
  }
}

function produce(from: number): void {
  for (let at = from; at < last;) {
    const count = Math.min(BATCHES[draw(BATCHES.length)] ?? 1, last - at);
    fill(at, count);
    const pushed = library.check(symbols.nt_ring_push(ring, block.pointer, count), ring);
    at += pushed;
    note(at);
    if (pushed === 0) Atomics.wait(never, 0, 0, NAP_MS);
  }
}

function consume(from: number): void {
  for (let at = from; at < last;) {
    const count = BATCHES[draw(BATCHES.length)] ?? 1;
    const wait = draw(2) === 0;
    const popped = wait ? symbols.nt_ring_pop_wait(ring, block.pointer, count, 60e9) : symbols.nt_ring_pop(ring, block.pointer, count);
    verify(at, library.check(popped, ring));
    at += popped;
    note(at);
  }
}

const handle = library.allocate(4);
const nameText = library.text(name, "ring");
const number = role === "producer" ? abi.NT_ROLE_PRODUCER : abi.NT_ROLE_CONSUMER;
library.call((error) => symbols.nt_ring_attach(nameText.pointer, number, handle.pointer, error));
ring = new Uint32Array(handle.buffer)[0] ?? 0;
process.stdout.write("attached\n");
createInterface({ input: process.stdin }).once("line", (line) => {
  (role === "producer" ? produce : consume)(Number(line));
  process.stdout.write("done\n");
  symbols.nt_close(ring);
  process.exit(0);
});
