/** Instruments and accounts of a running kernel. */

import { describe, NotFound } from "./errors.ts";
import { NT_ERR_NOT_FOUND, NT_NAME_BYTES } from "./generated/abi.ts";
import { AccountRecord, InstrumentRecord } from "./generated/records.ts";
import type { Library } from "./library.ts";
import { Converter, rawText } from "./numbers.ts";

/** An instrument of a running kernel. */
export interface Tradable {
  readonly index: number;
  readonly symbol: string;
  readonly currency: string;
  readonly priceDecimals: number;
  readonly quantityDecimals: number;
  readonly price: Converter;
  readonly quantity: Converter;
}

/** What an order has to keep to; sizes are exact text, and numbers in an order may be either. */
export interface Instrument {
  readonly symbol: string;
  readonly currency: string;
  readonly tickSize: string;
  readonly lotSize: string;
  readonly priceDecimals: number;
  readonly quantityDecimals: number;
}

export function instrumentOf({ symbol, currency, price, quantity, priceDecimals, quantityDecimals }: Tradable): Instrument {
  const [tickSize, lotSize] = [rawText(price.step, priceDecimals), rawText(quantity.step, quantityDecimals)];
  return { symbol, currency, tickSize, lotSize, priceDecimals, quantityDecimals };
}

/** An account of a running kernel. */
export interface TradingAccount {
  readonly index: number;
  readonly name: string;
  readonly currency: string;
  readonly decimals: number;
}

/** All rows that `read` has: it answers NT_ERR_NOT_FOUND beyond the last. */
function rows<Row>(library: Library, handle: number, read: (index: number) => number, row: (index: number) => Row): Row[] {
  const found: Row[] = [];
  for (;;) {
    const result = read(found.length);
    if (result === NT_ERR_NOT_FOUND) return found;
    library.check(result, handle);
    found.push(row(found.length));
  }
}

/** The instruments of a kernel in the order of their index. */
export function findTradables(library: Library, handle: number): readonly Tradable[] {
  const block = library.allocate(InstrumentRecord.bytes);
  const row = new InstrumentRecord(block.buffer);
  return rows(
    library,
    handle,
    (index) => library.symbols.nt_read_instrument(handle, index, block.pointer),
    (index) => ({
      index,
      symbol: row.symbol,
      currency: row.currency,
      priceDecimals: row.priceDecimals,
      quantityDecimals: row.quantityDecimals,
      price: new Converter(row.priceDecimals, row.tickSize, `price of ${row.symbol}`),
      quantity: new Converter(row.quantityDecimals, row.lotSize, `quantity of ${row.symbol}`),
    }),
  );
}

/** The accounts of a kernel in the order of their index. */
export function findAccounts(library: Library, handle: number): readonly TradingAccount[] {
  const block = library.allocate(AccountRecord.bytes);
  const row = new AccountRecord(block.buffer);
  return rows(
    library,
    handle,
    (index) => library.symbols.nt_read_account_config(handle, index, block.pointer),
    (index) => ({ index, name: row.name, currency: row.currency, decimals: row.decimals }),
  );
}

/** The names of a kernel's models, by id. */
export function findModels(library: Library, handle: number): readonly string[] {
  const block = library.allocate(NT_NAME_BYTES);
  const text = new Uint8Array(block.buffer);
  return rows(
    library,
    handle,
    (index) => library.symbols.nt_read_model_name(handle, index, block.pointer, NT_NAME_BYTES),
    () => new TextDecoder().decode(text.slice(0, text.indexOf(0))),
  );
}

/** What to say of a name that the kernel does not have. */
export function unknown(kind: string, name: unknown, known: readonly string[]): NotFound {
  return new NotFound(`there is no ${kind} ${describe(name)}; this kernel has ${known.join(", ") || "none"}`);
}
