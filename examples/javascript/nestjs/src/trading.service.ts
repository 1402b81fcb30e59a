/** Owns the engine: attached while the application lives, and attached again after the kernel has gone. */

import { setTimeout as sleep } from "node:timers/promises";

import type { ExecutionResult, MarketDataCallback, OrderId, OrderRequest, Position, Stats, Subscription } from "@neural-trader/core";
import { ExecutionEngine, KernelDead, OrderTimedOut } from "@neural-trader/core";
import type { OnModuleDestroy, OnModuleInit } from "@nestjs/common";
import { Injectable, Logger } from "@nestjs/common";
import { Subject } from "rxjs";

const ANSWER_MS = 1_000; // for an order to be answered; after it the client asks again
const RETRY_MS = 500; // between two looks for the kernel

@Injectable()
export class TradingService implements OnModuleInit, OnModuleDestroy {
  /** The kernel has gone, and with it every subscription. */
  readonly gone = new Subject<void>();
  readonly #engine = new ExecutionEngine(process.argv[2] ?? "es-paper");
  readonly #logger = new Logger("Trading");
  readonly #stopping = new AbortController();
  #attaching: Promise<void> | undefined;

  /** Not awaited: the service answers 503 until there is a kernel, instead of not being there. */
  onModuleInit(): void {
    this.#attaching = this.#stayAttached();
  }

  /** After the last request: what works is cancelled, and the kernel's channel is free. */
  async onModuleDestroy(): Promise<void> {
    this.#stopping.abort();
    await this.#attaching;
    await this.#engine.stop();
  }

  get running(): boolean {
    return this.#engine.running;
  }

  submit(order: OrderRequest): Promise<ExecutionResult> {
    return standing(this.#attached().submitOrder(order, { timeoutMs: ANSWER_MS }));
  }

  order(id: OrderId): ExecutionResult {
    return this.#attached().order(id);
  }

  cancel(id: OrderId): Promise<ExecutionResult> {
    return standing(this.#attached().cancelOrder(id, { timeoutMs: ANSWER_MS }));
  }

  position(symbol: string): Position {
    return this.#attached().position(symbol);
  }

  stats(): Stats {
    return this.#attached().getStats();
  }

  subscribe(symbol: string, callback: MarketDataCallback): Subscription {
    return this.#attached().subscribeMarketData([symbol], callback);
  }

  #attached(): ExecutionEngine {
    if (!this.#engine.running) throw new KernelDead("the kernel is gone; this service attaches again as soon as there is one");
    return this.#engine;
  }

  async #stayAttached(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      if (!this.#engine.running) {
        this.gone.next();
        await this.#engine.stop();
        await this.#engine.start({ name: "nest", timeoutMs: RETRY_MS }).then(
          () => this.#logger.log("attached"),
          (error: unknown) => this.#logger.warn(String(error)),
        );
      }
      await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}

/** An order as it stands: the time of a wait that is up is no failure, the order goes on. */
async function standing(answer: Promise<ExecutionResult>): Promise<ExecutionResult> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof OrderTimedOut) return error.result;
    throw error;
  }
}
