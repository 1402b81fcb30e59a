/** Orders over HTTP. */

import type { ExecutionResult, OrderRequest, Position, Stats } from "@neural-trader/core";
import { InvalidArgument, NeuralTraderError, NotFound } from "@neural-trader/core";
import type { ArgumentsHost, ExceptionFilter } from "@nestjs/common";
import { Body, Catch, Controller, Delete, Get, Param, Post, Res, UseFilters } from "@nestjs/common";
import type { Response } from "express";

import { TradingService } from "./trading.service.js";

/** The errors of the package with their statuses, in the same form for every route. */
@Catch(NeuralTraderError)
export class TradingErrors implements ExceptionFilter<NeuralTraderError> {
  catch(error: NeuralTraderError, host: ArgumentsHost): void {
    const { name, message, code, observed, limit } = error;
    const status = error instanceof InvalidArgument ? 400 : error instanceof NotFound ? 404 : 503;
    const text = (value: number | bigint | null): string | null => (value === null ? null : String(value));
    const response = host.switchToHttp().getResponse<Response>();
    response.status(status).json({ error: name, message, code, observed: text(observed), limit: text(limit) });
  }
}

@Controller()
@UseFilters(TradingErrors)
export class TradingController {
  constructor(private readonly trading: TradingService) {}

  @Get("health")
  health(@Res({ passthrough: true }) response: Response): { readonly running: boolean } {
    response.status(this.trading.running ? 200 : 503);
    return { running: this.trading.running };
  }

  /** A denied order is an answer, and no error of HTTP: 200. What was taken is 201, what has not been answered yet 202. */
  @Post("orders")
  async submit(@Body() body: unknown, @Res({ passthrough: true }) response: Response): Promise<ExecutionResult> {
    if (typeof body !== "object" || body === null || !("symbol" in body) || typeof body.symbol !== "string") {
      throw new InvalidArgument("the body must be an order in JSON, with symbol, side and quantity");
    }
    const result = await this.trading.submit(body as OrderRequest); // each field is checked there, and those that no order has are refused
    const refused = result.status === "DENIED" || result.status === "REJECTED";
    response.status(refused ? 200 : result.status === "PENDING" ? 202 : 201);
    return result;
  }

  @Get("orders/:id")
  order(@Param("id") id: string): ExecutionResult {
    return this.trading.order(Number(id));
  }

  /** 409: the order has come to another end before. 202: the venue has not answered. */
  @Delete("orders/:id")
  async cancel(@Param("id") id: string, @Res({ passthrough: true }) response: Response): Promise<ExecutionResult> {
    const result = await this.trading.cancel(Number(id));
    const ended = ["FILLED", "EXPIRED", "DENIED", "REJECTED"].includes(result.status);
    response.status(result.status === "CANCELED" ? 200 : ended ? 409 : 202);
    return result;
  }

  @Get("positions/:symbol")
  position(@Param("symbol") symbol: string): Position {
    return this.trading.position(symbol);
  }

  @Get("stats")
  stats(): Stats {
    return this.trading.stats();
  }
}
