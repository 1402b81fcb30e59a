/**
 * Orders over HTTP: a service around an engine that is attached to a kernel of another process.
 *
 *     neural-trader run ../../run.toml --realtime --speed 60 --participants 0
 *     PORT=3000 node service.ts es-paper
 *     curl localhost:3000/orders -H 'content-type: application/json' -d '{"symbol": "ES", "side": "BUY", "quantity": 500}'
 */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

import type { ExecutionResult, OrderRequest } from "@neural-trader/core";
import { ExecutionEngine, InvalidArgument, KernelDead, NeuralTraderError, NotFound, OrderTimedOut } from "@neural-trader/core";
import type { NextFunction, Request, Response } from "express";
import express from "express";

const ANSWER_MS = 1_000; // for an order to be answered; after it the client asks again
const RETRY_MS = 500; // between two looks for the kernel

const engine = new ExecutionEngine(process.argv[2] ?? "es-paper");
const stopping = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => stopping.abort());

/** An order as it stands: the time of a wait that is up is no failure, the order goes on. */
async function standing(answer: Promise<ExecutionResult>): Promise<ExecutionResult> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof OrderTimedOut) return error.result;
    throw error;
  }
}

/** Only the shape: the engine checks each field, and refuses those that no order has. */
function orderOf(body: unknown): OrderRequest {
  if (typeof body === "object" && body !== null && "symbol" in body && typeof body.symbol === "string") return body as OrderRequest;
  throw new InvalidArgument("the body must be an order in JSON, with symbol, side and quantity");
}

const app = express();
app.disable("x-powered-by");
app.use(express.json({ limit: "16kb" }));

app.get("/health", (_request, response) => {
  response.status(engine.running ? 200 : 503).json({ status: engine.running ? "up" : "no kernel" });
});

app.use((_request, _response, next) => {
  next(engine.running ? undefined : new KernelDead("the kernel is gone; this service attaches again as soon as there is one"));
});

// A denied order is an answer, and no error of HTTP: 200. What was taken is 201, what has not been answered yet 202.
app.post("/orders", async (request, response) => {
  const result = await standing(engine.submitOrder(orderOf(request.body), { timeoutMs: ANSWER_MS }));
  const refused = result.status === "DENIED" || result.status === "REJECTED";
  response.status(refused ? 200 : result.status === "PENDING" ? 202 : 201);
  response.location(`/orders/${result.orderId}`).json(result);
});

app.get("/orders/:id", (request, response) => {
  response.json(engine.order(Number(request.params.id)));
});

app.delete("/orders/:id", async (request, response) => {
  const result = await standing(engine.cancelOrder(Number(request.params.id), { timeoutMs: ANSWER_MS }));
  // 409: the order has come to another end before. 202: the venue has not answered.
  const ended = ["FILLED", "EXPIRED", "DENIED", "REJECTED"].includes(result.status);
  response.status(result.status === "CANCELED" ? 200 : ended ? 409 : 202).json(result);
});

app.get("/positions/:symbol", (request, response) => {
  response.json(engine.position(request.params.symbol)); // money is text: a double would round it
});

app.get("/stats", (_request, response) => {
  response.json(engine.getStats());
});

app.use((_request, _response, next) => next(new NotFound("there is no such resource")));

app.use((error: unknown, _request: Request, response: Response, _next: NextFunction) => {
  if (error instanceof NeuralTraderError) {
    const { name, message, code, observed, limit } = error;
    const status = error instanceof InvalidArgument ? 400 : error instanceof NotFound ? 404 : 503;
    if (status === 503) response.set("Retry-After", "1");
    const text = (value: number | bigint | null): string | null => (value === null ? null : String(value));
    response.status(status).json({ error: name, message, code, observed: text(observed), limit: text(limit) });
  } else if (error instanceof Error && "status" in error && typeof error.status === "number" && error.status < 500) {
    response.status(error.status).json({ error: "InvalidArgument", message: error.message, code: 0, observed: null, limit: null });
  } else {
    console.error(error); // what went wrong inside is not for whoever asks
    response.status(500).json({ error: "Internal", message: "internal error", code: 0, observed: null, limit: null });
  }
});

// Whoever reaches this port trades: it is bound to this machine, and a gateway that knows its users belongs in front of it.
const server = app.listen(Number(process.env["PORT"] ?? 3000), "127.0.0.1");
await once(server, "listening");
console.log(`listening on ${(server.address() as AddressInfo).port}`);

// Attached from here on, and attached again after the kernel has gone. A new kernel knows nothing of the orders of the last one.
while (!stopping.signal.aborted) {
  if (!engine.running) {
    await engine.stop();
    await engine.start({ name: "rest", timeoutMs: RETRY_MS }).then(
      () => console.log("attached"),
      (error: unknown) => console.error(String(error)),
    );
  }
  await sleep(RETRY_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
}

server.close(); // no new requests
await engine.stop(); // cancels what works; requests that still wait are answered with 503
setTimeout(() => server.closeAllConnections(), ANSWER_MS).unref();
console.log("left");
