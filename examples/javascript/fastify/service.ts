/**
 * Orders over HTTP with JSON schemas, and market data over WebSockets that never wait for a slow reader.
 *
 *     neural-trader run ../../run.toml --realtime --speed 60 --participants 0
 *     PORT=3000 node service.ts es-paper
 *     new WebSocket("ws://localhost:3000/market?symbol=ES").onmessage = ({ data }) => console.log(data) // in a browser or a runtime
 */
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

import websocket from "@fastify/websocket";
import type { ExecutionResult, MarketData, OrderRequest } from "@neural-trader/core";
import { ExecutionEngine, InvalidArgument, KernelDead, NeuralTraderError, NotFound, OrderTimedOut } from "@neural-trader/core";
import type { FastifyError } from "fastify";
import Fastify from "fastify";
import type { WebSocket } from "ws";

const ANSWER_MS = 1_000; // for an order to be answered; after it the client asks again
const RETRY_MS = 500; // between two looks for the kernel
const BEHIND_BYTES = 256 * 1024; // not yet taken by the network, before data are dropped
const DROPPED_IN_A_ROW = 20_000; // before the reader is sent away
const [TRY_AGAIN, TOO_SLOW] = [1013, 4008] as const; // close codes: of RFC 6455's registry, and of this service

/** What an order may carry here; the engine knows more kinds. Quantities and prices are numbers, or text where a double is not exact. */
const AMOUNT = { type: ["number", "string"] } as const;
const ORDER = {
  type: "object",
  required: ["symbol", "side", "quantity"],
  additionalProperties: false,
  properties: {
    symbol: { type: "string" },
    side: { enum: ["BUY", "SELL"] },
    quantity: AMOUNT,
    price: AMOUNT,
    timeInForce: { enum: ["DAY", "GTC", "IOC", "FOK"] },
    postOnly: { type: "boolean" },
  },
} as const;
const ID = { type: "object", properties: { id: { type: "string", pattern: "^[1-9][0-9]{0,15}$" } } } as const;
const SYMBOL = { type: "object", required: ["symbol"], properties: { symbol: { type: "string" } } } as const;

const engine = new ExecutionEngine(process.argv[2] ?? "es-paper");
const streams = { open: 0, sent: 0, dropped: 0, closedAsSlow: 0 };
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

/**
 * Send each change to one reader. What it does not take in time is left out: each message is the whole market, so that the next one
 * replaces those that are missing. One that takes nothing at all is closed, and its memory is free.
 */
function stream(socket: WebSocket, symbol: string): void {
  let inARow = 0;
  const subscription = engine.subscribeMarketData([symbol], (data: MarketData) => {
    if (socket.bufferedAmount > BEHIND_BYTES) {
      streams.dropped += 1;
      inARow += 1;
      if (inARow < DROPPED_IN_A_ROW) return;
      streams.closedAsSlow += 1;
      subscription.unsubscribe();
      socket.close(TOO_SLOW, "too slow");
      setTimeout(() => socket.terminate(), ANSWER_MS).unref(); // who reads nothing does not read a farewell either
      return;
    }
    inARow = 0;
    streams.sent += 1;
    socket.send(JSON.stringify({ ...data, timestampNs: String(data.timestampNs) })); // JSON has no bigint
  });
  streams.open += 1;
  socket.on("close", () => {
    streams.open -= 1;
    subscription.unsubscribe();
  });
}

// A text that looks like a number is not taken for one, and a misspelt key is refused instead of left out: both change an order.
const app = Fastify({ bodyLimit: 16_384, ajv: { customOptions: { coerceTypes: false, removeAdditional: false, allowUnionTypes: true } } });
await app.register(websocket, { options: { maxPayload: 1_024 } }); // readers have nothing to say

app.setErrorHandler<FastifyError | NeuralTraderError>(async (error, _request, reply) => {
  if (error instanceof NeuralTraderError) {
    const { name, message, code, observed, limit } = error;
    const status = error instanceof InvalidArgument ? 400 : error instanceof NotFound ? 404 : 503;
    const text = (value: number | bigint | null): string | null => (value === null ? null : String(value));
    return reply.status(status).send({ error: name, message, code, observed: text(observed), limit: text(limit) });
  }
  const status = error.statusCode ?? 500;
  if (status >= 500) console.error(error); // what went wrong inside is not for whoever asks
  const [name, message] = status < 500 ? ["InvalidArgument", error.message] : ["Internal", "internal error"];
  return reply.status(status).send({ error: name, message, code: 0, observed: null, limit: null });
});

app.setNotFoundHandler(async () => {
  throw new NotFound("there is no such resource");
});
app.get("/health", async (_request, reply) => reply.status(engine.running ? 200 : 503).send({ running: engine.running, streams }));

app.register(async (trading) => {
  trading.addHook("onRequest", async () => {
    if (!engine.running) throw new KernelDead("the kernel is gone; this service attaches again as soon as there is one");
  });
  trading.post<{ Body: OrderRequest }>("/orders", { schema: { body: ORDER } }, async (request, reply) => {
    const result = await standing(engine.submitOrder(request.body, { timeoutMs: ANSWER_MS }));
    const refused = result.status === "DENIED" || result.status === "REJECTED"; // an answer, and no error of HTTP
    return reply.status(refused ? 200 : result.status === "PENDING" ? 202 : 201).send(result);
  });
  trading.get<{ Params: { id: string } }>("/orders/:id", { schema: { params: ID } }, async ({ params }) => engine.order(Number(params.id)));
  trading.delete<{ Params: { id: string } }>("/orders/:id", { schema: { params: ID } }, async ({ params }, reply) => {
    const result = await standing(engine.cancelOrder(Number(params.id), { timeoutMs: ANSWER_MS }));
    const ended = ["FILLED", "EXPIRED", "DENIED", "REJECTED"].includes(result.status);
    return reply.status(result.status === "CANCELED" ? 200 : ended ? 409 : 202).send(result);
  });
  trading.get<{ Params: { symbol: string } }>("/positions/:symbol", async ({ params }) => engine.position(params.symbol));
  trading.get("/stats", async () => ({ ...engine.getStats(), streams }));
  const market = {
    websocket: true,
    schema: { querystring: SYMBOL },
    preHandler: async ({ query }: { query: { symbol: string } }) => void engine.position(query.symbol), // 404 before there is a socket
  } as const;
  trading.get<{ Querystring: { symbol: string } }>("/market", market, (socket, { query }) => stream(socket, query.symbol));
});

// Whoever reaches this port trades: it is bound to this machine, and a gateway that knows its users belongs in front of it.
await app.listen({ port: Number(process.env["PORT"] ?? 3000), host: "127.0.0.1" });
console.log(`listening on ${(app.server.address() as AddressInfo).port}`);

// Attached from here on, and attached again after the kernel has gone. A new kernel knows nothing of the orders of the last one.
while (!stopping.signal.aborted) {
  if (!engine.running) {
    for (const socket of app.websocketServer.clients) socket.close(TRY_AGAIN, "the kernel is gone");
    await engine.stop();
    await engine.start({ name: "rest", timeoutMs: RETRY_MS }).then(
      () => console.log("attached"),
      (error: unknown) => console.error(String(error)),
    );
  }
  await sleep(RETRY_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
}

await engine.stop(); // cancels what works; requests that still wait are answered with 503
await app.close(); // no new requests; open sockets get a close frame
console.log("left");
