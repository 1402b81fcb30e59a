/** A configuration into the tables of a new kernel: instruments, latencies, accounts, terms and models. */

import { closeSync, fstatSync, openSync, readSync } from "node:fs";

import { accountRow, instrumentRow, nanosecondsOf, termsRow } from "./config_rows.ts";
import { errorFor, InvalidArgument, NeuralTraderError } from "./errors.ts";
import * as abi from "./generated/abi.ts";
import type { SoundConfig, SoundModelConfig } from "./generated/config_schema.ts";
import { AccountRecord, InstrumentRecord, TermsRecord } from "./generated/records.ts";
import type { Block, Library } from "./library.ts";
import { FILE_BYTES_MAX, PRECISION_CODES } from "./model_file.ts";

export function fillTables(library: Library, kernel: number, config: SoundConfig): void {
  const { symbols } = library;
  const check = (result: number): number => library.check(result, kernel);
  const indices = new Map<string, number>();
  for (const [symbol, instrument] of config.instruments) {
    const block = library.allocate(InstrumentRecord.bytes);
    Object.assign(new InstrumentRecord(block.buffer), instrumentRow(symbol, instrument));
    indices.set(symbol, check(symbols.nt_kernel_add_instrument(kernel, block.pointer)));
  }
  for (const venue of config.venues.values()) {
    const [inNs, outNs] = [nanosecondsOf(venue.latency_in_us), nanosecondsOf(venue.latency_out_us)];
    for (const symbol of venue.symbols) check(symbols.nt_kernel_set_latency(kernel, indices.get(symbol) ?? abi.NT_NONE, inNs, outNs));
  }
  for (const [name, account] of config.accounts) {
    const block = library.allocate(AccountRecord.bytes);
    Object.assign(new AccountRecord(block.buffer), accountRow(name, account, config.limits));
    const index = check(symbols.nt_kernel_add_account(kernel, block.pointer));
    for (const [symbol, instrument] of config.instruments) {
      const terms = library.allocate(TermsRecord.bytes);
      const row = { account: index, instrument: indices.get(symbol), ...termsRow(symbol, instrument, account, config) };
      Object.assign(new TermsRecord(terms.buffer), row);
      check(symbols.nt_kernel_set_terms(kernel, terms.pointer));
    }
  }
  for (const [name, model] of config.models) addModel(library, kernel, name, model);
}

/** A model out of its file, or one whose signals come from clients. InvalidArgument says what is wrong with the file. */
function addModel(library: Library, kernel: number, name: string, { path, precision }: SoundModelConfig): void {
  const text = library.text(name, "model name");
  const add = library.symbols.nt_kernel_add_model;
  if (path === null) {
    library.check(add(kernel, text.pointer, null, 0, 0, 0), kernel);
    return;
  }
  const { block, size } = readFile(library, path);
  try {
    library.check(add(kernel, text.pointer, block.pointer, size, PRECISION_CODES[precision], abi.NT_ISA_AUTO), kernel);
  } catch (error) {
    if (!(error instanceof NeuralTraderError)) throw error;
    throw errorFor(error.code, `${path}: ${error.message}`, { observed: error.observed, limit: error.limit });
  }
}

/** The bytes of a file, in memory that the library can be shown. */
function readFile(library: Library, path: string): { readonly block: Block; readonly size: number } {
  let file: number | undefined;
  try {
    file = openSync(path, "r");
    const size = Math.min(fstatSync(file).size, FILE_BYTES_MAX + 1);
    const block = library.allocate(Math.max(size, 1)); // no memory has no address
    const bytes = new Uint8Array(block.buffer);
    let read = 0;
    for (let now = 1; now > 0 && read < size; read += now) now = readSync(file, bytes, read, size - read, null);
    return { block, size: read };
  } catch (error) {
    throw new InvalidArgument(`${path}: cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
