/**
 * Makes a market in real time: rests a bid and an offer of one lot at the best prices, follows the market, and leaves on Ctrl-C.
 *
 *     neural-trader run ../../run.toml --realtime --speed 60 --participants 0
 *     node realtime.ts es-paper
 */
import type { OrderId, Quote, Report, Side } from "@neural-trader/core";
import { Client, NoData } from "@neural-trader/core";

const [kernel = "es-paper", symbol = "ES", inventory = "2"] = process.argv.slice(2);
const MAXIMUM = Number(inventory); // lots held, long or short
const PAUSE_MS = 1_000; // after a denial: what was denied now is denied again a moment later

const stopping = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => stopping.abort());

/** One side of the market: at most one order of ours. */
class Leg {
  readonly #side: Side;
  #order: { id: OrderId; price: number; working: boolean } | undefined;
  #silentUntil = 0;

  constructor(side: Side) {
    this.#side = side;
  }

  /** Bring our order to the price; null is no price, and no order. */
  rest(client: Client, price: number | null): void {
    const order = this.#order;
    if (order === undefined) {
      if (price === null || performance.now() < this.#silentUntil) return;
      // Post-only: an order that would take is rejected, and not filled at a price that was meant to earn the spread.
      const id = client.submit({ symbol, side: this.#side, quantity: 1, price, postOnly: true });
      this.#order = { id, price, working: false };
    } else if (order.working && price === null) {
      client.cancel(order.id);
      order.working = false; // until the answer: a request on its way is not sent again with every tick
    } else if (order.working && price !== null && price !== order.price) {
      client.replace(order.id, { price });
      this.#order = { id: order.id, price, working: false };
    }
  }

  /** What the kernel says about our order. Every state comes from reports: nothing is assumed when a request is sent. */
  report(report: Report): void {
    if (report.orderId !== this.#order?.id) return;
    if (report.lastPrice !== null) console.log(`${this.#side} ${report.lastQuantity} @ ${report.lastPrice}, fee ${report.fee}`);
    if (report.kind === "DENIED" || report.kind === "REJECTED") {
      console.log(`${report.kind} ${report.reason ?? ""} observed=${report.observed ?? ""} limit=${report.limit ?? ""}`);
      this.#silentUntil = performance.now() + PAUSE_MS;
    }
    if (report.leavesQuantity === 0) this.#order = undefined; // filled, cancelled, expired, denied or rejected
    else this.#order.working = true; // a refused replace leaves the order where it was, and the next tick tries again
  }
}

/** The market, null before the first tick. */
function marketOf(client: Client): Quote | null {
  try {
    return client.quote(symbol);
  } catch (error) {
    if (error instanceof NoData) return null;
    throw error;
  }
}

await using client = await Client.attach(kernel, { name: "maker", timeoutMs: 60_000, signal: stopping.signal });
const [bid, offer] = [new Leg("BUY"), new Leg("SELL")];
let lost = 0;
console.log(`attached to ${kernel}`);
for await (const batch of client.batches({ signal: stopping.signal })) {
  lost += batch.lost; // overwritten because this program was slower than the market: the quote below is the last one all the same
  for (const report of batch.reports) {
    bid.report(report);
    offer.report(report);
  }
  const market = marketOf(client);
  if (market === null) continue;
  const { quantity } = client.position(symbol);
  const open = market.session === "OPEN" && !market.stale;
  bid.rest(client, open && quantity < MAXIMUM ? market.bidPrice : null);
  offer.rest(client, open && quantity > -MAXIMUM ? market.askPrice : null);
}
const { quantity, realizedPnl, fees } = client.position(symbol);
console.log(JSON.stringify({ quantity, realizedPnl, fees, lost }));
// Leaving cancels what still works: `await using` closes the client here, and also where the loop throws because the kernel has died.
