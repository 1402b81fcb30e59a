/** A source of market data in this program: it pushes ticks to a kernel without blocking the event loop. */

import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";

import { BadHandle, describe, InvalidArgument } from "./errors.ts";
import { TickRecord } from "./generated/records.ts";
import type { Tradable } from "./instruments.ts";
import type { Library } from "./library.ts";
import type { TickInput } from "./tick_input.ts";
import { TickWriter } from "./tick_input.ts";

export interface PushOptions {
  /** Ends the push; ticks that went in before stay in. */
  readonly signal?: AbortSignal;
}

const CHUNK = 65_536; // ticks of one call; what finds no room is pushed again
const TURNS = 64; // of the event loop without room, before it rests for a millisecond at a time
const ALIGNMENT = 8; // of a record

/** The feed of a kernel of this process: there is one at a time. `Kernel.feed` makes it. */
export class Feed implements AsyncDisposable, Disposable {
  readonly #library: Library;
  readonly #writer: TickWriter;
  #handle: number;
  #last: Promise<void> = Promise.resolve(); // the push before, whatever became of it

  /** @internal */
  constructor(library: Library, handle: number, tradables: readonly Tradable[]) {
    this.#library = library;
    this.#handle = handle;
    this.#writer = new TickWriter(tradables);
  }

  /**
   * Push ticks in order of time; resolves when the last has found room. They are objects, of which all are checked before the first goes
   * in, or whole nt_tick records of 64 bytes, which only the kernel checks: leave their memory as it is until then. What cannot be, such as
   * a price beyond `max_price` or on a tape a time before the last, the kernel counts and leaves out. Pushes take their turns.
   */
  push(ticks: readonly TickInput[] | ArrayBuffer | ArrayBufferView, options: PushOptions = {}): Promise<void> {
    try {
      this.#open();
      const records = Array.isArray(ticks) ? new Uint8Array(this.#writer.write(ticks)) : wholeRecords(ticks);
      const pushed = this.#last.then(() => this.#push(records, options.signal));
      this.#last = pushed.catch(() => undefined);
      return pushed;
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  async #push(records: Uint8Array<ArrayBuffer>, signal: AbortSignal | undefined): Promise<void> {
    const count = records.byteLength / TickRecord.bytes;
    const { buffer, byteOffset, byteLength } = records;
    for (let pushed = 0, idle = 0; pushed < count;) {
      signal?.throwIfAborted();
      this.#open();
      if (records.byteLength !== byteLength) {
        throw new InvalidArgument(`the records were taken away when ${pushed} of ${count} were pushed`);
      }
      const pointer = this.#library.offset(this.#library.pointer(buffer), byteOffset + pushed * TickRecord.bytes);
      const result = this.#library.symbols.nt_feed_push(this.#handle, pointer, Math.min(count - pushed, CHUNK), 0);
      pushed += this.#library.check(result, this.#handle);
      if (pushed === count) return;
      idle = result > 0 ? 0 : idle + 1;
      await (idle < TURNS ? nextTurn() : sleep(1));
    }
  }

  #open(): void {
    if (this.#handle === 0) throw new BadHandle("the feed is closed; make another with kernel.feed()");
  }

  /** Leave the feed to another. A push that waits for room fails with BadHandle. Closing twice is harmless. */
  close(): void {
    const handle = this.#handle;
    if (handle === 0) return;
    this.#handle = 0;
    this.#library.symbols.nt_close(handle);
  }

  get closed(): boolean {
    return this.#handle === 0;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }
}

/** Records as they lie in memory that the library can be shown: a copy where it cannot. */
function wholeRecords(ticks: unknown): Uint8Array<ArrayBuffer> {
  if (!(ticks instanceof ArrayBuffer) && !ArrayBuffer.isView(ticks)) {
    throw new InvalidArgument(`ticks must be an array of ticks, or records in an ArrayBuffer or a view of one, not ${describe(ticks)}`);
  }
  const records = ticks instanceof ArrayBuffer ? new Uint8Array(ticks) : new Uint8Array(ticks.buffer, ticks.byteOffset, ticks.byteLength);
  if (records.byteLength % TickRecord.bytes !== 0) {
    throw new InvalidArgument(`${records.byteLength} bytes are no whole records of ${TickRecord.bytes}`, {
      observed: records.byteLength,
      limit: TickRecord.bytes,
    });
  }
  const { buffer, byteOffset } = records;
  return buffer instanceof ArrayBuffer && byteOffset % ALIGNMENT === 0 ? (records as Uint8Array<ArrayBuffer>) : new Uint8Array(records);
}
