/** A program that ends without closing what it made: `leaves_kernel.js KERNEL HOW`, where HOW is end, exit, throw, wait or close. */

import { Kernel } from "../../dist/index.js";

const [name = "", how = ""] = process.argv.slice(2);
const kernel = Kernel.create(
  {
    name,
    instruments: { ES: { tick_size: 0.25, currency: "USD", max_price: 100_000 } },
    accounts: { main: { currency: "USD", cash: 100_000 } },
  },
  { realtime: true },
);
kernel.start();
const client = kernel.client("trader");
await kernel.feed().push([{ kind: "TRADE", symbol: "ES", tsEvent: 1n, price: 100, size: 1 }]);
console.log(kernel.running);
if (how === "wait") void client.execute({ symbol: "ES", side: "BUY", quantity: 1 }, { timeoutMs: Infinity }).catch(() => undefined);
if (how === "wait" || how === "exit") process.exit(3);
if (how === "throw") throw new Error("not caught");
if (how === "close") {
  kernel.close();
  kernel.close();
}
