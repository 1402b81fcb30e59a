/** Market data over WebSockets: `{"event": "subscribe", "data": "ES"}` at /market. */

import type { Subscription } from "@neural-trader/core";
import { NeuralTraderError } from "@neural-trader/core";
import type { OnGatewayDisconnect, OnGatewayInit } from "@nestjs/websockets";
import { ConnectedSocket, MessageBody, SubscribeMessage, WebSocketGateway } from "@nestjs/websockets";
import type { WebSocket, WebSocketServer } from "ws";

import { TradingService } from "./trading.service.js";

const BEHIND_BYTES = 256 * 1024; // not yet taken by the network, before data are left out
const TRY_AGAIN = 1013; // of RFC 6455's registry of close codes

@WebSocketGateway({ path: "/market" })
export class MarketGateway implements OnGatewayInit<WebSocketServer>, OnGatewayDisconnect<WebSocket> {
  readonly #subscriptions = new Map<WebSocket, Subscription>();

  constructor(private readonly trading: TradingService) {}

  afterInit(server: WebSocketServer): void {
    this.trading.gone.subscribe(() => {
      for (const socket of server.clients) socket.close(TRY_AGAIN, "the kernel is gone");
    });
  }

  @SubscribeMessage("subscribe")
  subscribe(@ConnectedSocket() socket: WebSocket, @MessageBody() symbol: string): { readonly event: string; readonly data: unknown } {
    this.handleDisconnect(socket); // another symbol takes the place of the last one
    try {
      const subscription = this.trading.subscribe(symbol, (data) => {
        if (socket.bufferedAmount > BEHIND_BYTES) return; // each message is the whole market: the next one replaces what is left out
        socket.send(JSON.stringify({ event: "market", data: { ...data, timestampNs: String(data.timestampNs) } }));
      });
      this.#subscriptions.set(socket, subscription);
      return { event: "subscribed", data: symbol };
    } catch (error) {
      if (!(error instanceof NeuralTraderError)) throw error;
      return { event: "error", data: { error: error.name, message: error.message } };
    }
  }

  handleDisconnect(socket: WebSocket): void {
    this.#subscriptions.get(socket)?.unsubscribe();
    this.#subscriptions.delete(socket);
  }
}
