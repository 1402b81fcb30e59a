/** Market data of a kernel as an asynchronous sequence. */

import type { AttachOptions } from "./client.ts";
import { Client } from "./client.ts";
import { InvalidArgument } from "./errors.ts";
import { unknown } from "./instruments.ts";
import type { MarketData } from "./market.ts";
import { Market } from "./market.ts";

export interface StreamOptions extends AttachOptions {
  /** All of the kernel's unless given. */
  readonly symbols?: readonly string[];
}

/** The symbols of a subscription. InvalidArgument for none, NotFound for one that the kernel does not have. */
export function chosenSymbols(symbols: readonly string[] | undefined, client: Client): ReadonlySet<string> {
  if (symbols === undefined) return new Set(client.symbols);
  if (!Array.isArray(symbols) || symbols.length === 0) throw new InvalidArgument("symbols must be a list of one symbol or more");
  for (const symbol of symbols) if (!client.symbols.includes(symbol)) throw unknown("symbol", symbol, client.symbols);
  return new Set(symbols);
}

/**
 * The market after each quote and trade, from now to the end of the source. It is a client of its own: one channel of the kernel.
 *
 *     await using stream = await MarketDataStream.attach("es-paper", { symbols: ["ES"] });
 *     for await (const { bid, ask } of stream) console.log(bid, ask);
 */
export class MarketDataStream implements AsyncIterable<MarketData>, AsyncDisposable {
  readonly symbols: readonly string[];
  readonly #client: Client;
  readonly #wanted: ReadonlySet<string>;
  readonly #signal: AbortSignal | undefined;
  #lost = 0;
  #delivered = 0;

  private constructor(client: Client, wanted: ReadonlySet<string>, signal: AbortSignal | undefined) {
    this.#client = client;
    this.#wanted = wanted;
    this.#signal = signal;
    this.symbols = [...wanted];
  }

  /** Attach to a running kernel. `signal` ends the attach and, later, the sequence. */
  static async attach(kernel: string, options: StreamOptions = {}): Promise<MarketDataStream> {
    const client = await Client.attach(kernel, options);
    try {
      return new MarketDataStream(client, chosenSymbols(options.symbols, client), options.signal);
    } catch (error) {
      client.close();
      throw error;
    }
  }

  /** Ticks that were overwritten before they were read: the consumer is slower than the market. */
  get lost(): number {
    return this.#lost;
  }

  /** How many have been given out. */
  get delivered(): number {
    return this.#delivered;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<MarketData, void, undefined> {
    const market = new Market(this.#client.tradables);
    for await (const batch of this.#client.batches(this.#signal === undefined ? {} : { signal: this.#signal })) {
      this.#lost += batch.lost;
      const found: MarketData[] = []; // the batch is gone with the next poll, which another consumer may cause
      for (let index = 0; index < batch.ticks.length; index++) {
        const data = market.after(batch.ticks.at(index));
        if (data !== undefined && this.#wanted.has(data.symbol)) found.push(data);
      }
      for (const data of found) {
        this.#delivered += 1;
        yield data;
      }
    }
  }

  /** Leave the kernel; the sequence ends. Twice is harmless. */
  close(): void {
    this.#client.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }
}
