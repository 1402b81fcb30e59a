/** Plays a session of the conformance vectors: its kernel by the C library, everything else by the public client. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";

import * as abi from "../dist/generated/abi.js";
import { AccountRecord, InstrumentRecord, KernelConfigRecord, OrderRecord, TermsRecord, TickRecord } from "../dist/generated/records.js";
import type { Column, Library, OrderRequest, Report, Signal, Tick } from "../dist/index.js";
import { Client } from "../dist/index.js";
import type { Fields, Session, Step, Vectors } from "./vectors.js";
import { assertRefused, bufferOf, camel, camelKeys, doubles, hexadecimal, special } from "./vectors.js";

const JOURNAL_BYTES = 1 << 20;
const BUDGET = 1 << 20;
const ROWS = { instrument: InstrumentRecord, account: AccountRecord, terms: TermsRecord } as const;

/** Write fields of a record, by the names that the header has for them. */
function write(record: object, fields: Fields): void {
  const setters = record as Record<string, unknown>;
  for (const [name, value] of Object.entries(fields)) {
    const field = camel(name);
    if (!(field in record)) throw new TypeError(`the record has no ${field}`);
    if (`${field}Raw` in record) setters[`${field}Raw`] = BigInt(value as string | number);
    else setters[field] = value;
  }
}

/** Null for NaN, which JSON has not, and text for what it has no exact number for. */
function portable(value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  return typeof value === "number" && Number.isNaN(value) ? null : value;
}

/** The properties of an object by the names of the vectors. */
function picked(value: object, names: readonly string[]): unknown[] {
  return names.map((name) => portable((value as Fields)[camel(name)]));
}

/** An object as the vectors have it. */
function portableFields(value: object, except: readonly string[] = []): Fields {
  return Object.fromEntries(Object.entries(value).filter(([name]) => !except.includes(name)).map(([name, item]) => [name, portable(item)]));
}

function signalFields({ model, symbol, tsEvent, values, confidence, ready, calibrated, precision }: Signal): Fields {
  return { model, symbol, tsEvent: String(tsEvent), values, confidence, ready, calibrated, precision };
}

function wantedSignal(value: unknown): Fields {
  const wanted = camelKeys(value as Fields);
  return { ...wanted, values: doubles(wanted["values"]), confidence: doubles(wanted["confidence"])[0] };
}

/** One kernel of private memory and its clients. */
export class Player {
  readonly #library: Library;
  readonly #vectors: Vectors;
  readonly #clients = new Map<string, { readonly client: Client; readonly handle: number }>();
  #kernel = 0;

  constructor(library: Library, given: Vectors) {
    this.#library = library;
    this.#vectors = given;
  }

  /** Every step has to answer as the core did when the vectors were written. */
  play(session: Session): void {
    try {
      session.steps.forEach((step, index) => this.#play(step, `${session.name}: step ${index}, ${step.do}`));
      if (session.journal !== undefined) assert.deepEqual(this.#drain(), session.journal, `${session.name}: the journal`);
    } finally {
      for (const { client } of this.#clients.values()) client.close();
      this.#library.symbols.nt_close(this.#kernel);
    }
  }

  #play(step: Step, what: string): void {
    let checked: readonly (readonly [unknown, unknown])[];
    try {
      checked = this.#answers(step);
    } catch (error) {
      if (step.error === undefined) throw error;
      assertRefused(error, step.error, what);
      return;
    }
    assert.equal(step.error, undefined, `${what}: it should have been refused`);
    for (const [found, wanted] of checked) assert.deepEqual(found, wanted, what);
  }

  /** Pairs of what was found and what is wanted. */
  #answers(step: Step): readonly (readonly [unknown, unknown])[] {
    switch (step.do) {
      case "create":
        return [[this.#create(step["config"] as Fields), step["answer"]]];
      case "instrument":
      case "account":
      case "terms":
        return [[this.#row(step.do, step["row"] as Fields), step["answer"]]];
      case "model":
        return [[this.#model(step), step["answer"]]];
      case "client":
        return [[this.#attach(step.client), step["answer"]]];
      case "feed":
        return [[this.#feed(step["ticks"] as readonly (readonly (number | string)[])[]), step["taken"]]];
      case "run":
        return [[this.#checked(this.#library.symbols.nt_kernel_run(this.#kernel, BUDGET)), step["taken"]]];
      case "state":
        return [[this.#state(step["account"] as number, step["state"] as string), step["answer"]]];
      default:
        return this.#asClient(step, this.#client(step.client));
    }
  }

  #asClient(step: Step, client: Client): readonly (readonly [unknown, unknown])[] {
    const symbol = step["symbol"] as string;
    const account = step["account"] as string | undefined;
    const which = { ...(symbol === undefined ? {} : { symbol }), ...(account === undefined ? {} : { account }) };
    const wanted = step["value"];
    switch (step.do) {
      case "subscribe":
        client.subscribe();
        return [];
      case "leave":
        client.close();
        return [];
      case "submit":
        return [[client.submit(orderOf(step["order"] as Fields)), step["id"]]];
      case "send":
        return [[this.#send(step.client, step["record"] as Fields), step["id"]]];
      case "replace":
        client.replace(step["id"] as number, camelKeys(step["change"] as Fields));
        return [];
      case "cancel":
        client.cancel(step["id"] as number);
        return [];
      case "cancel_all":
        return [[client.cancelAll(which), step["known"]]];
      case "poll":
        return this.#poll(step, client);
      case "quote":
        return [[portableFields(client.quote(symbol), ["symbol"]), camelKeys(wanted as Fields)]];
      case "position":
        return [[portableFields(client.position(symbol, account), ["symbol"]), camelKeys(wanted as Fields)]];
      case "money":
        return [[portableFields(client.account(account)), camelKeys(wanted as Fields)]];
      case "orders":
        return [[client.orders(symbol), (wanted as readonly Fields[]).map(camelKeys)]];
      case "features":
        return this.#features(client.features(symbol), wanted as string);
      case "signal":
        return [[signalFields(client.signal(symbol, step["model"] as string | undefined)), wantedSignal(wanted)]];
      case "now":
        return [[String(client.nowNs()), wanted]];
      case "book":
        return []; // the client has none: session.bin compares its bytes
      default:
        throw new TypeError(`no step is called ${step.do}`);
    }
  }

  // ---- the kernel ------------------------------------------------------------------------------------------------------------

  #checked(result: number): number {
    return this.#library.check(result, this.#kernel);
  }

  #client(name: string): Client {
    const found = this.#clients.get(name);
    if (found === undefined) throw new TypeError(`there is no client ${name}`);
    return found.client;
  }

  #create(fields: Fields): number {
    const config = this.#library.allocate(KernelConfigRecord.bytes);
    const handle = this.#library.allocate(4);
    write(new KernelConfigRecord(config.buffer), fields);
    this.#library.call((error) => this.#library.symbols.nt_kernel_create(config.pointer, handle.pointer, error));
    this.#kernel = new Uint32Array(handle.buffer)[0] ?? 0;
    return 0;
  }

  #row(kind: keyof typeof ROWS, fields: Fields): number {
    const { symbols } = this.#library;
    const add = {
      instrument: symbols.nt_kernel_add_instrument,
      account: symbols.nt_kernel_add_account,
      terms: symbols.nt_kernel_set_terms,
    };
    const block = this.#library.allocate(ROWS[kind].bytes);
    write(new ROWS[kind](block.buffer), { ...this.#absent(kind), ...fields });
    return this.#checked(add[kind](this.#kernel, block.pointer));
  }

  #absent(kind: string): Fields {
    return Object.fromEntries((this.#vectors.absent[kind] ?? []).map((name) => [name, String(abi.NT_ABSENT)]));
  }

  #model(step: Step): number {
    const name = this.#library.text(step["name"] as string, "name");
    const file = step["file"] === undefined ? undefined : this.#vectors.files?.[step["file"] as string];
    const bytes = Buffer.from(file ?? "", "base64");
    const block = file === undefined ? undefined : this.#library.allocate(bytes.length);
    if (block !== undefined) new Uint8Array(block.buffer).set(bytes);
    const codes = [step["precision"] as number, step["isa"] as number] as const;
    const pointer = block === undefined ? null : block.pointer;
    return this.#checked(this.#library.symbols.nt_kernel_add_model(this.#kernel, name.pointer, pointer, bytes.length, ...codes));
  }

  #attach(name: string): number {
    const text = this.#library.text(name, "client name");
    const made = this.#library.allocate(4);
    this.#library.call((error) => this.#library.symbols.nt_kernel_client(this.#kernel, text.pointer, made.pointer, error));
    const handle = new Uint32Array(made.buffer)[0] ?? 0;
    this.#clients.set(name, { client: Client.of(this.#library, handle, name), handle });
    return 0;
  }

  #feed(rows: readonly (readonly (number | string)[])[]): number {
    const block = this.#library.allocate(Math.max(rows.length, 1) * TickRecord.bytes);
    const record = new TickRecord(block.buffer);
    const names = ["kind", "instrument", "ts_event", "bid_price", "ask_price", "bid_size", "ask_size", "flags"];
    rows.forEach((row, index) => write(record.at(index), Object.fromEntries(names.map((name, column) => [name, row[column]]))));
    return this.#checked(this.#library.symbols.nt_kernel_replay(this.#kernel, block.pointer, rows.length));
  }

  #state(account: number, state: string): number {
    const code = Object.entries(abi.TRADING_STATE).find(([, name]) => name === state)?.[0];
    const why = this.#library.text("conformance", "reason");
    return this.#checked(this.#library.symbols.nt_kernel_set_state(this.#kernel, account, Number(code), why.pointer));
  }

  #drain(): { readonly bytes: number; readonly sha256: string } {
    const block = this.#library.allocate(JOURNAL_BYTES);
    const hash = createHash("sha256");
    for (let bytes = 0;;) {
      const size = this.#checked(this.#library.symbols.nt_kernel_drain(this.#kernel, block.pointer, JOURNAL_BYTES));
      if (size === 0) return { bytes, sha256: hash.digest("hex") };
      hash.update(new Uint8Array(block.buffer, 0, size));
      bytes += size;
    }
  }

  // ---- the client ------------------------------------------------------------------------------------------------------------

  /** A record that the public client would not send. */
  #send(name: string, fields: Fields): number {
    const block = this.#library.allocate(OrderRecord.bytes);
    const record = new OrderRecord(block.buffer);
    write(record, { ...this.#absent("record"), ...fields });
    const handle = this.#clients.get(name)?.handle ?? 0;
    this.#library.check(this.#library.symbols.nt_client_submit(handle, block.pointer), handle);
    return record.clientOrderId;
  }

  #poll(step: Step, client: Client): readonly (readonly [unknown, unknown])[] {
    const batch = step["max_ticks"] === undefined ? client.poll() : client.poll(step["max_ticks"] as number);
    const reports = (step["reports"] ?? []) as readonly (readonly unknown[])[];
    const signals = ((step["signals"] ?? []) as readonly Fields[]).map(wantedSignal);
    const { lost, ended } = batch;
    return [
      [{ ticks: batch.ticks.length, lost, ended }, { ticks: step["ticks"], lost: 0, ended: step["ended"] ?? false }],
      [batch.reports.map((report) => this.#reportRow(report)), reports],
      [batch.signals.map(signalFields), signals],
      ...this.#shown(step, [...batch.ticks], (name) => batch.ticks.column(camel(name) as Column)),
    ];
  }

  /** A report by its properties, which have to be those of its JSON. */
  #reportRow(report: Report): unknown[] {
    const names = this.#vectors.report_fields;
    const row = picked(report, names);
    assert.deepEqual(report.toJSON(), Object.fromEntries(names.map((name, index) => [camel(name), row[index]])));
    return row;
  }

  #shown(step: Step, ticks: readonly Tick[], column: (name: string) => Float64Array): readonly (readonly [unknown, unknown])[] {
    const { columns } = this.#vectors;
    const sum = step["columns_sha256"];
    if (sum !== undefined) {
      const hash = createHash("sha256");
      for (const name of columns) hash.update(bufferOf(column(name)));
      return [[hash.digest("hex"), sum]];
    }
    if (step["shown"] === undefined) return [];
    const rows = ticks.map((tick) => picked(tick, this.#vectors.tick_fields));
    const wanted = step["columns"] as Fields;
    return [[rows, step["shown"]], ...columns.map((name) => [hexadecimal(column(name)), wanted[name]] as const)];
  }

  #features(found: Readonly<Record<string, number>>, wanted: string): readonly (readonly [unknown, unknown])[] {
    return [
      [Object.keys(found), this.#vectors.features],
      [Object.values(found), doubles(wanted)],
    ];
  }
}

/** An order as callers write it. */
function orderOf(fields: Fields): OrderRequest {
  const order = Object.fromEntries(Object.entries(camelKeys(fields)).map(([name, value]) => [name, special(value)]));
  if (order["expireNs"] !== undefined) order["expireNs"] = BigInt(order["expireNs"] as string | number);
  return order as unknown as OrderRequest;
}
