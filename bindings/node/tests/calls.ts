/** Replays tests/conformance/session.bin through the C library and compares every byte: tests/conformance/binary.py has its layout. */

import assert from "node:assert/strict";

import * as abi from "../dist/generated/abi.js";
import { PollRecord, ReportRecord, TickRecord } from "../dist/generated/records.js";
import type { Library } from "../dist/index.js";
import type { Block } from "../dist/library.js";

const KINDS = [
  "session",
  "create",
  "instrument",
  "account",
  "terms",
  "model",
  "client",
  "subscribe",
  "leave",
  "feed",
  "run",
  "state",
  "order",
  "poll",
  "quote",
  "position",
  "money",
  "features",
  "book",
  "signal",
  "now",
  "journal",
  "close",
] as const;
const HEADER_BYTES = 24;
const FRAMES_BYTES = 1 << 20;
const REPORTS = 256;
const ORDER_BYTES = 128;
const ORDER_ID = 16;

export interface Call {
  readonly kind: (typeof KINDS)[number];
  readonly a: number;
  readonly b: number;
  readonly result: number;
  readonly given: Buffer;
  readonly out: Buffer;
}

export interface Recording {
  readonly name: string;
  readonly calls: readonly Call[];
}

/** The sessions of the file. */
export function recordings(file: Buffer): Recording[] {
  assert.equal(file.toString("latin1", 0, 8), "NTCALLS1");
  assert.equal(file.readBigUInt64LE(8), abi.LAYOUT_HASH, "session.bin is of another layout");
  const found: { name: string; calls: Call[] }[] = [];
  for (let at = 16; at < file.length;) {
    const [code, a, b] = [file.readUInt32LE(at), file.readUInt32LE(at + 4), file.readUInt32LE(at + 8)];
    const [result, givenBytes, outBytes] = [file.readInt32LE(at + 12), file.readUInt32LE(at + 16), file.readUInt32LE(at + 20)];
    const kind = KINDS[code - 1];
    if (kind === undefined) throw new RangeError(`session.bin has a call of kind ${code}`);
    const [givenAt, outAt] = [at + HEADER_BYTES, at + HEADER_BYTES + padded(givenBytes)];
    const call = { kind, a, b, result, given: file.subarray(givenAt, givenAt + givenBytes), out: file.subarray(outAt, outAt + outBytes) };
    if (kind === "session") found.push({ name: call.given.toString("utf8", 0, givenBytes - 1), calls: [] });
    else found[found.length - 1]?.calls.push(call);
    at = outAt + padded(outBytes);
  }
  return found;
}

function padded(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}

type Answer = readonly [result: number, out: Uint8Array];

const NOTHING = new Uint8Array();

/** One session on its way through the library. */
export class Replay {
  readonly #library: Library;
  readonly #clients: number[] = [];
  readonly #kept: Block[] = []; // what the library was lent
  readonly #out: Block; // of reads
  readonly #frames: Block;
  #kernel = 0;

  constructor(library: Library) {
    this.#library = library;
    this.#out = library.allocate(4096);
    this.#frames = library.allocate(FRAMES_BYTES);
  }

  run({ name, calls }: Recording): void {
    try {
      calls.forEach((call, index) => {
        const [result, out] = this.#answer(call);
        const what = `${name}: call ${index}, ${call.kind}`;
        assert.equal(result, call.result, what);
        assert.equal(Buffer.from(out).toString("hex"), call.out.toString("hex"), what);
      });
    } finally {
      this.#library.symbols.nt_close(this.#kernel);
    }
  }

  #answer(call: Call): Answer {
    const { symbols } = this.#library;
    switch (call.kind) {
      case "create":
        return this.#create(call.given);
      case "instrument":
        return [symbols.nt_kernel_add_instrument(this.#kernel, this.#lent(call.given).pointer), NOTHING];
      case "account":
        return [symbols.nt_kernel_add_account(this.#kernel, this.#lent(call.given).pointer), NOTHING];
      case "terms":
        return [symbols.nt_kernel_set_terms(this.#kernel, this.#lent(call.given).pointer), NOTHING];
      case "model":
        return this.#model(call);
      case "client":
        return this.#client(call.given);
      case "subscribe":
        return [symbols.nt_client_subscribe(this.#handle(call.a)), NOTHING];
      case "leave":
        return [symbols.nt_close(this.#handle(call.a)), NOTHING];
      case "feed":
        return [symbols.nt_kernel_replay(this.#kernel, this.#lent(call.given).pointer, call.given.length / TickRecord.bytes), NOTHING];
      case "run":
        return [symbols.nt_kernel_run(this.#kernel, call.a), NOTHING];
      case "state":
        return [symbols.nt_kernel_set_state(this.#kernel, call.a, call.b, this.#lent(call.given).pointer), NOTHING];
      case "order":
        return this.#order(call);
      case "poll":
        return this.#poll(call);
      case "journal":
        return [0, this.#journal()];
      case "close":
        return [symbols.nt_close(this.#kernel), NOTHING];
      default:
        return this.#read(call);
    }
  }

  /** Bytes in memory that the library may be given. */
  #lent(bytes: Uint8Array, room: number = bytes.length): Block {
    const block = this.#library.allocate(Math.max(room, 1));
    new Uint8Array(block.buffer).set(bytes);
    this.#kept.push(block);
    return block;
  }

  #handle(client: number): number {
    return this.#clients[client] ?? 0;
  }

  #create(config: Buffer): Answer {
    const made = this.#lent(new Uint8Array(4));
    const result = this.#library.symbols.nt_kernel_create(this.#lent(config).pointer, made.pointer, this.#out.pointer);
    this.#kernel = new Uint32Array(made.buffer)[0] ?? 0;
    return [result, NOTHING];
  }

  #client(name: Buffer): Answer {
    const made = this.#lent(new Uint8Array(4));
    const result = this.#library.symbols.nt_kernel_client(this.#kernel, this.#lent(name).pointer, made.pointer, this.#out.pointer);
    this.#clients.push(new Uint32Array(made.buffer)[0] ?? 0);
    return [result, NOTHING];
  }

  #model({ a, b, given }: Call): Answer {
    const file = given.subarray(abi.NT_NAME_BYTES);
    const pointer = file.length === 0 ? null : this.#lent(file).pointer;
    const name = this.#lent(given.subarray(0, abi.NT_NAME_BYTES)).pointer;
    return [this.#library.symbols.nt_kernel_add_model(this.#kernel, name, pointer, file.length, a, b), NOTHING];
  }

  #order({ a, given }: Call): Answer {
    const order = this.#lent(given, ORDER_BYTES);
    const result = this.#library.symbols.nt_client_submit(this.#handle(a), order.pointer);
    return [result, new Uint8Array(order.buffer, ORDER_ID, 8)];
  }

  #poll({ a, b, given }: Call): Answer {
    const [ticks, reports, poll] = [
      this.#lent(NOTHING, b * TickRecord.bytes),
      this.#lent(NOTHING, REPORTS * ReportRecord.bytes),
      this.#lent(NOTHING, PollRecord.bytes),
    ];
    const { symbols } = this.#library;
    const result = symbols.nt_client_poll(this.#handle(a), ticks.pointer, b, reports.pointer, REPORTS, 0, poll.pointer);
    const record = new PollRecord(poll.buffer);
    const tickBytes = given.readUInt32LE(0) === 0 ? 0 : record.ticks * TickRecord.bytes;
    const parts = [
      new Uint8Array(poll.buffer),
      new Uint8Array(ticks.buffer, 0, tickBytes),
      new Uint8Array(reports.buffer, 0, record.reports * ReportRecord.bytes),
    ];
    return [result, Buffer.concat(parts)];
  }

  #read({ kind, a, given, out }: Call): Answer {
    const { symbols } = this.#library;
    const [client, first, second, pointer] = [this.#handle(a), given.readUInt32LE(0), given.readUInt32LE(4), this.#out.pointer];
    const read = {
      quote: () => symbols.nt_read_quote(client, first, pointer),
      position: () => symbols.nt_read_position(client, first, second, pointer),
      money: () => symbols.nt_read_account(client, first, pointer),
      features: () => symbols.nt_read_features(client, first, pointer, abi.NT_FEATURE_COUNT),
      book: () => symbols.nt_read_book(client, first, pointer),
      signal: () => symbols.nt_read_signal(client, first, second, pointer),
      now: () => symbols.nt_read_now(client, pointer),
    };
    new Uint8Array(this.#out.buffer).fill(0);
    const result = read[kind as keyof typeof read]();
    return [result, new Uint8Array(this.#out.buffer, 0, out.length)];
  }

  /** Bytes of all frames, and their FNV-1a. */
  #journal(): Uint8Array {
    let [bytes, sum] = [0, 0xcbf29ce484222325n];
    for (;;) {
      const size = this.#library.symbols.nt_kernel_drain(this.#kernel, this.#frames.pointer, FRAMES_BYTES);
      assert.ok(size >= 0, `nt_kernel_drain answered ${size}`);
      if (size === 0) return new Uint8Array(new BigUint64Array([BigInt(bytes), sum]).buffer);
      for (const byte of new Uint8Array(this.#frames.buffer, 0, size)) sum = BigInt.asUintN(64, (sum ^ BigInt(byte)) * 0x100000001b3n);
      bytes += size;
    }
  }
}
