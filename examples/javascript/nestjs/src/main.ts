/**
 * A NestJS application around an engine that is attached to a kernel of another process.
 *
 *     neural-trader run ../../run.toml --realtime --speed 60 --participants 0
 *     npx tsc && PORT=3000 node dist/main.js es-paper
 */
import "reflect-metadata";

import type { AddressInfo } from "node:net";

import { Module } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import type { NestExpressApplication } from "@nestjs/platform-express";
import { WsAdapter } from "@nestjs/platform-ws";

import { MarketGateway } from "./market.gateway.js";
import { TradingController } from "./trading.controller.js";
import { TradingService } from "./trading.service.js";

@Module({ controllers: [TradingController], providers: [TradingService, MarketGateway] })
class TradingModule {}

const app = await NestFactory.create<NestExpressApplication>(TradingModule, { bodyParser: false, logger: ["log", "warn", "error"] });
app.useBodyParser("json", { limit: "16kb" }); // and nothing else: the form of a web page must not be able to send an order
app.useWebSocketAdapter(new WsAdapter(app));
app.enableShutdownHooks(["SIGINT", "SIGTERM"], { useProcessExit: true }); // the provider is destroyed first, which cancels its orders
// Whoever reaches this port trades: it is bound to this machine, and a gateway that knows its users belongs in front of it.
await app.listen(Number(process.env["PORT"] ?? 3000), "127.0.0.1");
console.log(`listening on ${(app.getHttpServer().address() as AddressInfo).port}`);
