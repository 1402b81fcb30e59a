// Generated from csrc/neural_trader.h by csrc/bindgen.py; do not edit.

import { readText, readSigned, readUnsigned, wide, writeSigned, writeText, writeUnsigned } from "../fields.ts";

/** A cursor over nt_error records of 256 bytes: `at` moves it. */
export class ErrorRecord {
  static readonly bytes = 256;
  readonly #view: DataView;
  readonly #start: number;
  #at: number;

  constructor(buffer: ArrayBufferLike, offset = 0) {
    this.#view = new DataView(buffer);
    this.#start = this.#at = offset;
  }

  at(index: number): this {
    this.#at = this.#start + index * 256;
    return this;
  }

  get code(): number {
    return this.#view.getInt32(this.#at + 0, true);
  }
  set code(value: number) {
    this.#view.setInt32(this.#at + 0, value, true);
  }

  get systemError(): number {
    return this.#view.getInt32(this.#at + 4, true);
  }
  set systemError(value: number) {
    this.#view.setInt32(this.#at + 4, value, true);
  }

  get observed(): number {
    return readSigned(this.#view, this.#at + 8);
  }
  set observed(value: number) {
    writeSigned(this.#view, this.#at + 8, value);
  }
  get observedRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 8, true);
  }
  set observedRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 8, wide(value, true), true);
  }

  get limit(): number {
    return readSigned(this.#view, this.#at + 16);
  }
  set limit(value: number) {
    writeSigned(this.#view, this.#at + 16, value);
  }
  get limitRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 16, true);
  }
  set limitRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 16, wide(value, true), true);
  }

  get text(): string {
    return readText(this.#view, this.#at + 24, 232);
  }
  set text(value: string) {
    writeText(this.#view, this.#at + 24, 232, value);
  }
}

/** A cursor over nt_tick records of 64 bytes: `at` moves it. */
export class TickRecord {
  static readonly bytes = 64;
  readonly #view: DataView;
  readonly #start: number;
  #at: number;

  constructor(buffer: ArrayBufferLike, offset = 0) {
    this.#view = new DataView(buffer);
    this.#start = this.#at = offset;
  }

  at(index: number): this {
    this.#at = this.#start + index * 64;
    return this;
  }

  get seq(): number {
    return readUnsigned(this.#view, this.#at + 0);
  }
  set seq(value: number) {
    writeUnsigned(this.#view, this.#at + 0, value);
  }
  get seqRaw(): bigint {
    return this.#view.getBigUint64(this.#at + 0, true);
  }
  set seqRaw(value: bigint) {
    this.#view.setBigUint64(this.#at + 0, wide(value, false), true);
  }

  get tsEvent(): number {
    return readSigned(this.#view, this.#at + 8);
  }
  set tsEvent(value: number) {
    writeSigned(this.#view, this.#at + 8, value);
  }
  get tsEventRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 8, true);
  }
  set tsEventRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 8, wide(value, true), true);
  }

  get tsRecv(): number {
    return readSigned(this.#view, this.#at + 16);
  }
  set tsRecv(value: number) {
    writeSigned(this.#view, this.#at + 16, value);
  }
  get tsRecvRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 16, true);
  }
  set tsRecvRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 16, wide(value, true), true);
  }

  get bidPrice(): number {
    return readSigned(this.#view, this.#at + 24);
  }
  set bidPrice(value: number) {
    writeSigned(this.#view, this.#at + 24, value);
  }
  get bidPriceRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 24, true);
  }
  set bidPriceRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 24, wide(value, true), true);
  }

  get askPrice(): number {
    return readSigned(this.#view, this.#at + 32);
  }
  set askPrice(value: number) {
    writeSigned(this.#view, this.#at + 32, value);
  }
  get askPriceRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 32, true);
  }
  set askPriceRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 32, wide(value, true), true);
  }

  get bidSize(): number {
    return readSigned(this.#view, this.#at + 40);
  }
  set bidSize(value: number) {
    writeSigned(this.#view, this.#at + 40, value);
  }
  get bidSizeRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 40, true);
  }
  set bidSizeRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 40, wide(value, true), true);
  }

  get askSize(): number {
    return readSigned(this.#view, this.#at + 48);
  }
  set askSize(value: number) {
    writeSigned(this.#view, this.#at + 48, value);
  }
  get askSizeRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 48, true);
  }
  set askSizeRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 48, wide(value, true), true);
  }

  get price(): number {
    return readSigned(this.#view, this.#at + 24);
  }
  set price(value: number) {
    writeSigned(this.#view, this.#at + 24, value);
  }
  get priceRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 24, true);
  }
  set priceRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 24, wide(value, true), true);
  }

  get size(): number {
    return readSigned(this.#view, this.#at + 32);
  }
  set size(value: number) {
    writeSigned(this.#view, this.#at + 32, value);
  }
  get sizeRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 32, true);
  }
  set sizeRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 32, wide(value, true), true);
  }

  get tradeId(): number {
    return readSigned(this.#view, this.#at + 40);
  }
  set tradeId(value: number) {
    writeSigned(this.#view, this.#at + 40, value);
  }
  get tradeIdRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 40, true);
  }
  set tradeIdRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 40, wide(value, true), true);
  }

  get aggressor(): number {
    return readSigned(this.#view, this.#at + 48);
  }
  set aggressor(value: number) {
    writeSigned(this.#view, this.#at + 48, value);
  }
  get aggressorRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 48, true);
  }
  set aggressorRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 48, wide(value, true), true);
  }

  values(index: number): number {
    return this.#view.getFloat32(this.#at + 24 + index * 4, true);
  }
  setValues(index: number, value: number): void {
    this.#view.setFloat32(this.#at + 24 + index * 4, value, true);
  }

  get confidence(): number {
    return this.#view.getFloat32(this.#at + 48, true);
  }
  set confidence(value: number) {
    this.#view.setFloat32(this.#at + 48, value, true);
  }

  get model(): number {
    return this.#view.getUint16(this.#at + 52, true);
  }
  set model(value: number) {
    this.#view.setUint16(this.#at + 52, value, true);
  }

  get valueCount(): number {
    return this.#view.getUint8(this.#at + 54);
  }
  set valueCount(value: number) {
    this.#view.setUint8(this.#at + 54, value);
  }

  get signalFlags(): number {
    return this.#view.getUint8(this.#at + 55);
  }
  set signalFlags(value: number) {
    this.#view.setUint8(this.#at + 55, value);
  }

  get instrument(): number {
    return this.#view.getUint32(this.#at + 56, true);
  }
  set instrument(value: number) {
    this.#view.setUint32(this.#at + 56, value, true);
  }

  get kind(): number {
    return this.#view.getUint8(this.#at + 60);
  }
  set kind(value: number) {
    this.#view.setUint8(this.#at + 60, value);
  }

  get flags(): number {
    return this.#view.getUint8(this.#at + 61);
  }
  set flags(value: number) {
    this.#view.setUint8(this.#at + 61, value);
  }

  get venue(): number {
    return this.#view.getUint16(this.#at + 62, true);
  }
  set venue(value: number) {
    this.#view.setUint16(this.#at + 62, value, true);
  }
}

/** A cursor over nt_order records of 128 bytes: `at` moves it. */
export class OrderRecord {
  static readonly bytes = 128;
  readonly #view: DataView;
  readonly #start: number;
  #at: number;

  constructor(buffer: ArrayBufferLike, offset = 0) {
    this.#view = new DataView(buffer);
    this.#start = this.#at = offset;
  }

  at(index: number): this {
    this.#at = this.#start + index * 128;
    return this;
  }

  get seq(): number {
    return readUnsigned(this.#view, this.#at + 0);
  }
  set seq(value: number) {
    writeUnsigned(this.#view, this.#at + 0, value);
  }
  get seqRaw(): bigint {
    return this.#view.getBigUint64(this.#at + 0, true);
  }
  set seqRaw(value: bigint) {
    this.#view.setBigUint64(this.#at + 0, wide(value, false), true);
  }

  get ts(): number {
    return readSigned(this.#view, this.#at + 8);
  }
  set ts(value: number) {
    writeSigned(this.#view, this.#at + 8, value);
  }
  get tsRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 8, true);
  }
  set tsRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 8, wide(value, true), true);
  }

  get clientOrderId(): number {
    return readUnsigned(this.#view, this.#at + 16);
  }
  set clientOrderId(value: number) {
    writeUnsigned(this.#view, this.#at + 16, value);
  }
  get clientOrderIdRaw(): bigint {
    return this.#view.getBigUint64(this.#at + 16, true);
  }
  set clientOrderIdRaw(value: bigint) {
    this.#view.setBigUint64(this.#at + 16, wide(value, false), true);
  }

  get price(): number {
    return readSigned(this.#view, this.#at + 24);
  }
  set price(value: number) {
    writeSigned(this.#view, this.#at + 24, value);
  }
  get priceRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 24, true);
  }
  set priceRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 24, wide(value, true), true);
  }

  get triggerPrice(): number {
    return readSigned(this.#view, this.#at + 32);
  }
  set triggerPrice(value: number) {
    writeSigned(this.#view, this.#at + 32, value);
  }
  get triggerPriceRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 32, true);
  }
  set triggerPriceRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 32, wide(value, true), true);
  }

  get quantity(): number {
    return readSigned(this.#view, this.#at + 40);
  }
  set quantity(value: number) {
    writeSigned(this.#view, this.#at + 40, value);
  }
  get quantityRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 40, true);
  }
  set quantityRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 40, wide(value, true), true);
  }

  get instrument(): number {
    return this.#view.getUint32(this.#at + 48, true);
  }
  set instrument(value: number) {
    this.#view.setUint32(this.#at + 48, value, true);
  }

  get account(): number {
    return this.#view.getUint16(this.#at + 52, true);
  }
  set account(value: number) {
    this.#view.setUint16(this.#at + 52, value, true);
  }

  get strategy(): number {
    return this.#view.getUint16(this.#at + 54, true);
  }
  set strategy(value: number) {
    this.#view.setUint16(this.#at + 54, value, true);
  }

  get message(): number {
    return this.#view.getUint8(this.#at + 56);
  }
  set message(value: number) {
    this.#view.setUint8(this.#at + 56, value);
  }

  get side(): number {
    return this.#view.getUint8(this.#at + 57);
  }
  set side(value: number) {
    this.#view.setUint8(this.#at + 57, value);
  }

  get type(): number {
    return this.#view.getUint8(this.#at + 58);
  }
  set type(value: number) {
    this.#view.setUint8(this.#at + 58, value);
  }

  get timeInForce(): number {
    return this.#view.getUint8(this.#at + 59);
  }
  set timeInForce(value: number) {
    this.#view.setUint8(this.#at + 59, value);
  }

  get flags(): number {
    return this.#view.getUint32(this.#at + 60, true);
  }
  set flags(value: number) {
    this.#view.setUint32(this.#at + 60, value, true);
  }

  get originalClientOrderId(): number {
    return readUnsigned(this.#view, this.#at + 64);
  }
  set originalClientOrderId(value: number) {
    writeUnsigned(this.#view, this.#at + 64, value);
  }
  get originalClientOrderIdRaw(): bigint {
    return this.#view.getBigUint64(this.#at + 64, true);
  }
  set originalClientOrderIdRaw(value: bigint) {
    this.#view.setBigUint64(this.#at + 64, wide(value, false), true);
  }

  get expireTs(): number {
    return readSigned(this.#view, this.#at + 72);
  }
  set expireTs(value: number) {
    writeSigned(this.#view, this.#at + 72, value);
  }
  get expireTsRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 72, true);
  }
  set expireTsRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 72, wide(value, true), true);
  }

  get displayQuantity(): number {
    return readSigned(this.#view, this.#at + 80);
  }
  set displayQuantity(value: number) {
    writeSigned(this.#view, this.#at + 80, value);
  }
  get displayQuantityRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 80, true);
  }
  set displayQuantityRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 80, wide(value, true), true);
  }

  get userTag(): number {
    return readUnsigned(this.#view, this.#at + 88);
  }
  set userTag(value: number) {
    writeUnsigned(this.#view, this.#at + 88, value);
  }
  get userTagRaw(): bigint {
    return this.#view.getBigUint64(this.#at + 88, true);
  }
  set userTagRaw(value: bigint) {
    this.#view.setBigUint64(this.#at + 88, wide(value, false), true);
  }

  get trailingOffset(): number {
    return readSigned(this.#view, this.#at + 96);
  }
  set trailingOffset(value: number) {
    writeSigned(this.#view, this.#at + 96, value);
  }
  get trailingOffsetRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 96, true);
  }
  set trailingOffsetRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 96, wide(value, true), true);
  }

  get listId(): number {
    return readUnsigned(this.#view, this.#at + 104);
  }
  set listId(value: number) {
    writeUnsigned(this.#view, this.#at + 104, value);
  }
  get listIdRaw(): bigint {
    return this.#view.getBigUint64(this.#at + 104, true);
  }
  set listIdRaw(value: bigint) {
    this.#view.setBigUint64(this.#at + 104, wide(value, false), true);
  }

  get contingency(): number {
    return this.#view.getUint8(this.#at + 112);
  }
  set contingency(value: number) {
    this.#view.setUint8(this.#at + 112, value);
  }
}

/** A cursor over nt_report records of 128 bytes: `at` moves it. */
export class ReportRecord {
  static readonly bytes = 128;
  readonly #view: DataView;
  readonly #start: number;
  #at: number;

  constructor(buffer: ArrayBufferLike, offset = 0) {
    this.#view = new DataView(buffer);
    this.#start = this.#at = offset;
  }

  at(index: number): this {
    this.#at = this.#start + index * 128;
    return this;
  }

  get seq(): number {
    return readUnsigned(this.#view, this.#at + 0);
  }
  set seq(value: number) {
    writeUnsigned(this.#view, this.#at + 0, value);
  }
  get seqRaw(): bigint {
    return this.#view.getBigUint64(this.#at + 0, true);
  }
  set seqRaw(value: bigint) {
    this.#view.setBigUint64(this.#at + 0, wide(value, false), true);
  }

  get tsEvent(): number {
    return readSigned(this.#view, this.#at + 8);
  }
  set tsEvent(value: number) {
    writeSigned(this.#view, this.#at + 8, value);
  }
  get tsEventRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 8, true);
  }
  set tsEventRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 8, wide(value, true), true);
  }

  get clientOrderId(): number {
    return readUnsigned(this.#view, this.#at + 16);
  }
  set clientOrderId(value: number) {
    writeUnsigned(this.#view, this.#at + 16, value);
  }
  get clientOrderIdRaw(): bigint {
    return this.#view.getBigUint64(this.#at + 16, true);
  }
  set clientOrderIdRaw(value: bigint) {
    this.#view.setBigUint64(this.#at + 16, wide(value, false), true);
  }

  get lastPrice(): number {
    return readSigned(this.#view, this.#at + 24);
  }
  set lastPrice(value: number) {
    writeSigned(this.#view, this.#at + 24, value);
  }
  get lastPriceRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 24, true);
  }
  set lastPriceRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 24, wide(value, true), true);
  }

  get lastQuantity(): number {
    return readSigned(this.#view, this.#at + 32);
  }
  set lastQuantity(value: number) {
    writeSigned(this.#view, this.#at + 32, value);
  }
  get lastQuantityRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 32, true);
  }
  set lastQuantityRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 32, wide(value, true), true);
  }

  get leavesQuantity(): number {
    return readSigned(this.#view, this.#at + 40);
  }
  set leavesQuantity(value: number) {
    writeSigned(this.#view, this.#at + 40, value);
  }
  get leavesQuantityRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 40, true);
  }
  set leavesQuantityRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 40, wide(value, true), true);
  }

  get cumulativeQuantity(): number {
    return readSigned(this.#view, this.#at + 48);
  }
  set cumulativeQuantity(value: number) {
    writeSigned(this.#view, this.#at + 48, value);
  }
  get cumulativeQuantityRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 48, true);
  }
  set cumulativeQuantityRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 48, wide(value, true), true);
  }

  get execType(): number {
    return this.#view.getUint8(this.#at + 56);
  }
  set execType(value: number) {
    this.#view.setUint8(this.#at + 56, value);
  }

  get orderStatus(): number {
    return this.#view.getUint8(this.#at + 57);
  }
  set orderStatus(value: number) {
    this.#view.setUint8(this.#at + 57, value);
  }

  get side(): number {
    return this.#view.getUint8(this.#at + 58);
  }
  set side(value: number) {
    this.#view.setUint8(this.#at + 58, value);
  }

  get liquidity(): number {
    return this.#view.getUint8(this.#at + 59);
  }
  set liquidity(value: number) {
    this.#view.setUint8(this.#at + 59, value);
  }

  get reason(): number {
    return this.#view.getUint16(this.#at + 60, true);
  }
  set reason(value: number) {
    this.#view.setUint16(this.#at + 60, value, true);
  }

  get check(): number {
    return this.#view.getUint16(this.#at + 62, true);
  }
  set check(value: number) {
    this.#view.setUint16(this.#at + 62, value, true);
  }

  get tsRecv(): number {
    return readSigned(this.#view, this.#at + 64);
  }
  set tsRecv(value: number) {
    writeSigned(this.#view, this.#at + 64, value);
  }
  get tsRecvRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 64, true);
  }
  set tsRecvRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 64, wide(value, true), true);
  }

  get venueOrderId(): number {
    return readUnsigned(this.#view, this.#at + 72);
  }
  set venueOrderId(value: number) {
    writeUnsigned(this.#view, this.#at + 72, value);
  }
  get venueOrderIdRaw(): bigint {
    return this.#view.getBigUint64(this.#at + 72, true);
  }
  set venueOrderIdRaw(value: bigint) {
    this.#view.setBigUint64(this.#at + 72, wide(value, false), true);
  }

  get executionId(): number {
    return readUnsigned(this.#view, this.#at + 80);
  }
  set executionId(value: number) {
    writeUnsigned(this.#view, this.#at + 80, value);
  }
  get executionIdRaw(): bigint {
    return this.#view.getBigUint64(this.#at + 80, true);
  }
  set executionIdRaw(value: bigint) {
    this.#view.setBigUint64(this.#at + 80, wide(value, false), true);
  }

  get fee(): number {
    return readSigned(this.#view, this.#at + 88);
  }
  set fee(value: number) {
    writeSigned(this.#view, this.#at + 88, value);
  }
  get feeRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 88, true);
  }
  set feeRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 88, wide(value, true), true);
  }

  get observed(): number {
    return readSigned(this.#view, this.#at + 96);
  }
  set observed(value: number) {
    writeSigned(this.#view, this.#at + 96, value);
  }
  get observedRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 96, true);
  }
  set observedRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 96, wide(value, true), true);
  }

  get limit(): number {
    return readSigned(this.#view, this.#at + 104);
  }
  set limit(value: number) {
    writeSigned(this.#view, this.#at + 104, value);
  }
  get limitRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 104, true);
  }
  set limitRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 104, wide(value, true), true);
  }

  get instrument(): number {
    return this.#view.getUint32(this.#at + 112, true);
  }
  set instrument(value: number) {
    this.#view.setUint32(this.#at + 112, value, true);
  }

  get account(): number {
    return this.#view.getUint16(this.#at + 116, true);
  }
  set account(value: number) {
    this.#view.setUint16(this.#at + 116, value, true);
  }

  get strategy(): number {
    return this.#view.getUint16(this.#at + 118, true);
  }
  set strategy(value: number) {
    this.#view.setUint16(this.#at + 118, value, true);
  }

  get fixReason(): number {
    return this.#view.getUint16(this.#at + 120, true);
  }
  set fixReason(value: number) {
    this.#view.setUint16(this.#at + 120, value, true);
  }

  get channel(): number {
    return this.#view.getUint16(this.#at + 122, true);
  }
  set channel(value: number) {
    this.#view.setUint16(this.#at + 122, value, true);
  }

  get flags(): number {
    return this.#view.getUint16(this.#at + 124, true);
  }
  set flags(value: number) {
    this.#view.setUint16(this.#at + 124, value, true);
  }

  get unit(): number {
    return this.#view.getUint8(this.#at + 126);
  }
  set unit(value: number) {
    this.#view.setUint8(this.#at + 126, value);
  }
}

/** A cursor over nt_command records of 64 bytes: `at` moves it. */
export class CommandRecord {
  static readonly bytes = 64;
  readonly #view: DataView;
  readonly #start: number;
  #at: number;

  constructor(buffer: ArrayBufferLike, offset = 0) {
    this.#view = new DataView(buffer);
    this.#start = this.#at = offset;
  }

  at(index: number): this {
    this.#at = this.#start + index * 64;
    return this;
  }

  get seq(): number {
    return readUnsigned(this.#view, this.#at + 0);
  }
  set seq(value: number) {
    writeUnsigned(this.#view, this.#at + 0, value);
  }
  get seqRaw(): bigint {
    return this.#view.getBigUint64(this.#at + 0, true);
  }
  set seqRaw(value: bigint) {
    this.#view.setBigUint64(this.#at + 0, wide(value, false), true);
  }

  get request(): number {
    return readUnsigned(this.#view, this.#at + 8);
  }
  set request(value: number) {
    writeUnsigned(this.#view, this.#at + 8, value);
  }
  get requestRaw(): bigint {
    return this.#view.getBigUint64(this.#at + 8, true);
  }
  set requestRaw(value: bigint) {
    this.#view.setBigUint64(this.#at + 8, wide(value, false), true);
  }

  get kind(): number {
    return this.#view.getUint8(this.#at + 16);
  }
  set kind(value: number) {
    this.#view.setUint8(this.#at + 16, value);
  }

  get state(): number {
    return this.#view.getUint8(this.#at + 17);
  }
  set state(value: number) {
    this.#view.setUint8(this.#at + 17, value);
  }

  get account(): number {
    return this.#view.getUint16(this.#at + 18, true);
  }
  set account(value: number) {
    this.#view.setUint16(this.#at + 18, value, true);
  }

  get result(): number {
    return this.#view.getInt32(this.#at + 20, true);
  }
  set result(value: number) {
    this.#view.setInt32(this.#at + 20, value, true);
  }

  get reason(): string {
    return readText(this.#view, this.#at + 24, 40);
  }
  set reason(value: string) {
    writeText(this.#view, this.#at + 24, 40, value);
  }
}

/** A cursor over nt_working_order records of 64 bytes: `at` moves it. */
export class WorkingOrderRecord {
  static readonly bytes = 64;
  readonly #view: DataView;
  readonly #start: number;
  #at: number;

  constructor(buffer: ArrayBufferLike, offset = 0) {
    this.#view = new DataView(buffer);
    this.#start = this.#at = offset;
  }

  at(index: number): this {
    this.#at = this.#start + index * 64;
    return this;
  }

  get seq(): number {
    return readUnsigned(this.#view, this.#at + 0);
  }
  set seq(value: number) {
    writeUnsigned(this.#view, this.#at + 0, value);
  }
  get seqRaw(): bigint {
    return this.#view.getBigUint64(this.#at + 0, true);
  }
  set seqRaw(value: bigint) {
    this.#view.setBigUint64(this.#at + 0, wide(value, false), true);
  }

  get request(): number {
    return readUnsigned(this.#view, this.#at + 8);
  }
  set request(value: number) {
    writeUnsigned(this.#view, this.#at + 8, value);
  }
  get requestRaw(): bigint {
    return this.#view.getBigUint64(this.#at + 8, true);
  }
  set requestRaw(value: bigint) {
    this.#view.setBigUint64(this.#at + 8, wide(value, false), true);
  }

  get kind(): number {
    return this.#view.getUint8(this.#at + 16);
  }
  set kind(value: number) {
    this.#view.setUint8(this.#at + 16, value);
  }

  get side(): number {
    return this.#view.getUint8(this.#at + 17);
  }
  set side(value: number) {
    this.#view.setUint8(this.#at + 17, value);
  }

  get account(): number {
    return this.#view.getUint16(this.#at + 18, true);
  }
  set account(value: number) {
    this.#view.setUint16(this.#at + 18, value, true);
  }

  get cursor(): number {
    return this.#view.getInt32(this.#at + 20, true);
  }
  set cursor(value: number) {
    this.#view.setInt32(this.#at + 20, value, true);
  }

  get clientOrderId(): number {
    return readUnsigned(this.#view, this.#at + 24);
  }
  set clientOrderId(value: number) {
    writeUnsigned(this.#view, this.#at + 24, value);
  }
  get clientOrderIdRaw(): bigint {
    return this.#view.getBigUint64(this.#at + 24, true);
  }
  set clientOrderIdRaw(value: bigint) {
    this.#view.setBigUint64(this.#at + 24, wide(value, false), true);
  }

  get price(): number {
    return readSigned(this.#view, this.#at + 32);
  }
  set price(value: number) {
    writeSigned(this.#view, this.#at + 32, value);
  }
  get priceRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 32, true);
  }
  set priceRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 32, wide(value, true), true);
  }

  get triggerPrice(): number {
    return readSigned(this.#view, this.#at + 40);
  }
  set triggerPrice(value: number) {
    writeSigned(this.#view, this.#at + 40, value);
  }
  get triggerPriceRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 40, true);
  }
  set triggerPriceRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 40, wide(value, true), true);
  }

  get leavesQuantity(): number {
    return readSigned(this.#view, this.#at + 48);
  }
  set leavesQuantity(value: number) {
    writeSigned(this.#view, this.#at + 48, value);
  }
  get leavesQuantityRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 48, true);
  }
  set leavesQuantityRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 48, wide(value, true), true);
  }

  get instrument(): number {
    return this.#view.getUint32(this.#at + 56, true);
  }
  set instrument(value: number) {
    this.#view.setUint32(this.#at + 56, value, true);
  }

  get channel(): number {
    return this.#view.getUint8(this.#at + 60);
  }
  set channel(value: number) {
    this.#view.setUint8(this.#at + 60, value);
  }

  get type(): number {
    return this.#view.getUint8(this.#at + 61);
  }
  set type(value: number) {
    this.#view.setUint8(this.#at + 61, value);
  }

  get status(): number {
    return this.#view.getUint8(this.#at + 62);
  }
  set status(value: number) {
    this.#view.setUint8(this.#at + 62, value);
  }

  get timeInForce(): number {
    return this.#view.getUint8(this.#at + 63);
  }
  set timeInForce(value: number) {
    this.#view.setUint8(this.#at + 63, value);
  }
}

/** A cursor over nt_frame records of 64 bytes: `at` moves it. */
export class FrameRecord {
  static readonly bytes = 64;
  readonly #view: DataView;
  readonly #start: number;
  #at: number;

  constructor(buffer: ArrayBufferLike, offset = 0) {
    this.#view = new DataView(buffer);
    this.#start = this.#at = offset;
  }

  at(index: number): this {
    this.#at = this.#start + index * 64;
    return this;
  }

  get bytes(): number {
    return this.#view.getUint32(this.#at + 0, true);
  }
  set bytes(value: number) {
    this.#view.setUint32(this.#at + 0, value, true);
  }

  get crc32c(): number {
    return this.#view.getUint32(this.#at + 4, true);
  }
  set crc32c(value: number) {
    this.#view.setUint32(this.#at + 4, value, true);
  }

  get sequence(): number {
    return readUnsigned(this.#view, this.#at + 8);
  }
  set sequence(value: number) {
    writeUnsigned(this.#view, this.#at + 8, value);
  }
  get sequenceRaw(): bigint {
    return this.#view.getBigUint64(this.#at + 8, true);
  }
  set sequenceRaw(value: bigint) {
    this.#view.setBigUint64(this.#at + 8, wide(value, false), true);
  }

  get ts(): number {
    return readSigned(this.#view, this.#at + 16);
  }
  set ts(value: number) {
    writeSigned(this.#view, this.#at + 16, value);
  }
  get tsRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 16, true);
  }
  set tsRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 16, wide(value, true), true);
  }

  get orderIndex(): number {
    return readUnsigned(this.#view, this.#at + 24);
  }
  set orderIndex(value: number) {
    writeUnsigned(this.#view, this.#at + 24, value);
  }
  get orderIndexRaw(): bigint {
    return this.#view.getBigUint64(this.#at + 24, true);
  }
  set orderIndexRaw(value: bigint) {
    this.#view.setBigUint64(this.#at + 24, wide(value, false), true);
  }

  get clientOrderId(): number {
    return readUnsigned(this.#view, this.#at + 32);
  }
  set clientOrderId(value: number) {
    writeUnsigned(this.#view, this.#at + 32, value);
  }
  get clientOrderIdRaw(): bigint {
    return this.#view.getBigUint64(this.#at + 32, true);
  }
  set clientOrderIdRaw(value: bigint) {
    this.#view.setBigUint64(this.#at + 32, wide(value, false), true);
  }

  get channel(): number {
    return this.#view.getUint16(this.#at + 40, true);
  }
  set channel(value: number) {
    this.#view.setUint16(this.#at + 40, value, true);
  }

  get input(): number {
    return this.#view.getUint16(this.#at + 42, true);
  }
  set input(value: number) {
    this.#view.setUint16(this.#at + 42, value, true);
  }

  get reports(): number {
    return this.#view.getUint32(this.#at + 44, true);
  }
  set reports(value: number) {
    this.#view.setUint32(this.#at + 44, value, true);
  }

  get instrument(): number {
    return this.#view.getUint32(this.#at + 48, true);
  }
  set instrument(value: number) {
    this.#view.setUint32(this.#at + 48, value, true);
  }

  get inputBytes(): number {
    return this.#view.getUint32(this.#at + 52, true);
  }
  set inputBytes(value: number) {
    this.#view.setUint32(this.#at + 52, value, true);
  }
}

/** A cursor over nt_kernel_config records of 128 bytes: `at` moves it. */
export class KernelConfigRecord {
  static readonly bytes = 128;
  readonly #view: DataView;
  readonly #start: number;
  #at: number;

  constructor(buffer: ArrayBufferLike, offset = 0) {
    this.#view = new DataView(buffer);
    this.#start = this.#at = offset;
  }

  at(index: number): this {
    this.#at = this.#start + index * 128;
    return this;
  }

  get name(): string {
    return readText(this.#view, this.#at + 0, 32);
  }
  set name(value: string) {
    writeText(this.#view, this.#at + 0, 32, value);
  }

  get clock(): number {
    return this.#view.getUint32(this.#at + 32, true);
  }
  set clock(value: number) {
    this.#view.setUint32(this.#at + 32, value, true);
  }

  get participants(): number {
    return this.#view.getUint32(this.#at + 36, true);
  }
  set participants(value: number) {
    this.#view.setUint32(this.#at + 36, value, true);
  }

  get channels(): number {
    return this.#view.getUint32(this.#at + 40, true);
  }
  set channels(value: number) {
    this.#view.setUint32(this.#at + 40, value, true);
  }

  get orderCapacity(): number {
    return this.#view.getUint32(this.#at + 44, true);
  }
  set orderCapacity(value: number) {
    this.#view.setUint32(this.#at + 44, value, true);
  }

  get ringCapacity(): number {
    return this.#view.getUint32(this.#at + 48, true);
  }
  set ringCapacity(value: number) {
    this.#view.setUint32(this.#at + 48, value, true);
  }

  get tickCapacity(): number {
    return this.#view.getUint32(this.#at + 52, true);
  }
  set tickCapacity(value: number) {
    this.#view.setUint32(this.#at + 52, value, true);
  }

  get instruments(): number {
    return this.#view.getUint32(this.#at + 56, true);
  }
  set instruments(value: number) {
    this.#view.setUint32(this.#at + 56, value, true);
  }

  get accounts(): number {
    return this.#view.getUint32(this.#at + 60, true);
  }
  set accounts(value: number) {
    this.#view.setUint32(this.#at + 60, value, true);
  }

  get journalBytes(): number {
    return this.#view.getUint32(this.#at + 64, true);
  }
  set journalBytes(value: number) {
    this.#view.setUint32(this.#at + 64, value, true);
  }

  get record(): number {
    return this.#view.getUint32(this.#at + 68, true);
  }
  set record(value: number) {
    this.#view.setUint32(this.#at + 68, value, true);
  }

  get latencyInNs(): number {
    return readSigned(this.#view, this.#at + 72);
  }
  set latencyInNs(value: number) {
    writeSigned(this.#view, this.#at + 72, value);
  }
  get latencyInNsRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 72, true);
  }
  set latencyInNsRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 72, wide(value, true), true);
  }

  get latencyOutNs(): number {
    return readSigned(this.#view, this.#at + 80);
  }
  set latencyOutNs(value: number) {
    writeSigned(this.#view, this.#at + 80, value);
  }
  get latencyOutNsRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 80, true);
  }
  set latencyOutNsRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 80, wide(value, true), true);
  }

  get slippageTicks(): number {
    return readSigned(this.#view, this.#at + 88);
  }
  set slippageTicks(value: number) {
    writeSigned(this.#view, this.#at + 88, value);
  }
  get slippageTicksRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 88, true);
  }
  set slippageTicksRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 88, wide(value, true), true);
  }

  get fillModel(): number {
    return this.#view.getUint32(this.#at + 96, true);
  }
  set fillModel(value: number) {
    this.#view.setUint32(this.#at + 96, value, true);
  }

  get bookDepth(): number {
    return this.#view.getUint32(this.#at + 100, true);
  }
  set bookDepth(value: number) {
    this.#view.setUint32(this.#at + 100, value, true);
  }

  get measuredLatency(): number {
    return this.#view.getUint32(this.#at + 104, true);
  }
  set measuredLatency(value: number) {
    this.#view.setUint32(this.#at + 104, value, true);
  }

  get models(): number {
    return this.#view.getUint32(this.#at + 108, true);
  }
  set models(value: number) {
    this.#view.setUint32(this.#at + 108, value, true);
  }
}

/** A cursor over nt_instrument records of 120 bytes: `at` moves it. */
export class InstrumentRecord {
  static readonly bytes = 120;
  readonly #view: DataView;
  readonly #start: number;
  #at: number;

  constructor(buffer: ArrayBufferLike, offset = 0) {
    this.#view = new DataView(buffer);
    this.#start = this.#at = offset;
  }

  at(index: number): this {
    this.#at = this.#start + index * 120;
    return this;
  }

  get symbol(): string {
    return readText(this.#view, this.#at + 0, 32);
  }
  set symbol(value: string) {
    writeText(this.#view, this.#at + 0, 32, value);
  }

  get currency(): string {
    return readText(this.#view, this.#at + 32, 8);
  }
  set currency(value: string) {
    writeText(this.#view, this.#at + 32, 8, value);
  }

  get priceDecimals(): number {
    return this.#view.getInt32(this.#at + 40, true);
  }
  set priceDecimals(value: number) {
    this.#view.setInt32(this.#at + 40, value, true);
  }

  get quantityDecimals(): number {
    return this.#view.getInt32(this.#at + 44, true);
  }
  set quantityDecimals(value: number) {
    this.#view.setInt32(this.#at + 44, value, true);
  }

  get tickSize(): number {
    return readSigned(this.#view, this.#at + 48);
  }
  set tickSize(value: number) {
    writeSigned(this.#view, this.#at + 48, value);
  }
  get tickSizeRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 48, true);
  }
  set tickSizeRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 48, wide(value, true), true);
  }

  get lotSize(): number {
    return readSigned(this.#view, this.#at + 56);
  }
  set lotSize(value: number) {
    writeSigned(this.#view, this.#at + 56, value);
  }
  get lotSizeRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 56, true);
  }
  set lotSizeRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 56, wide(value, true), true);
  }

  get minimumQuantity(): number {
    return readSigned(this.#view, this.#at + 64);
  }
  set minimumQuantity(value: number) {
    writeSigned(this.#view, this.#at + 64, value);
  }
  get minimumQuantityRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 64, true);
  }
  set minimumQuantityRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 64, wide(value, true), true);
  }

  get maximumPrice(): number {
    return readSigned(this.#view, this.#at + 72);
  }
  set maximumPrice(value: number) {
    writeSigned(this.#view, this.#at + 72, value);
  }
  get maximumPriceRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 72, true);
  }
  set maximumPriceRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 72, wide(value, true), true);
  }

  get allowNegativePrice(): number {
    return this.#view.getUint32(this.#at + 80, true);
  }
  set allowNegativePrice(value: number) {
    this.#view.setUint32(this.#at + 80, value, true);
  }

  get initialSession(): number {
    return this.#view.getUint32(this.#at + 84, true);
  }
  set initialSession(value: number) {
    this.#view.setUint32(this.#at + 84, value, true);
  }
}

/** A cursor over nt_account records of 200 bytes: `at` moves it. */
export class AccountRecord {
  static readonly bytes = 200;
  readonly #view: DataView;
  readonly #start: number;
  #at: number;

  constructor(buffer: ArrayBufferLike, offset = 0) {
    this.#view = new DataView(buffer);
    this.#start = this.#at = offset;
  }

  at(index: number): this {
    this.#at = this.#start + index * 200;
    return this;
  }

  get name(): string {
    return readText(this.#view, this.#at + 0, 32);
  }
  set name(value: string) {
    writeText(this.#view, this.#at + 0, 32, value);
  }

  get currency(): string {
    return readText(this.#view, this.#at + 32, 8);
  }
  set currency(value: string) {
    writeText(this.#view, this.#at + 32, 8, value);
  }

  get decimals(): number {
    return this.#view.getInt32(this.#at + 40, true);
  }
  set decimals(value: number) {
    this.#view.setInt32(this.#at + 40, value, true);
  }

  get selfTrade(): number {
    return this.#view.getUint32(this.#at + 44, true);
  }
  set selfTrade(value: number) {
    this.#view.setUint32(this.#at + 44, value, true);
  }

  get cash(): number {
    return readSigned(this.#view, this.#at + 48);
  }
  set cash(value: number) {
    writeSigned(this.#view, this.#at + 48, value);
  }
  get cashRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 48, true);
  }
  set cashRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 48, wide(value, true), true);
  }

  get maxOpenOrders(): number {
    return readSigned(this.#view, this.#at + 56);
  }
  set maxOpenOrders(value: number) {
    writeSigned(this.#view, this.#at + 56, value);
  }
  get maxOpenOrdersRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 56, true);
  }
  set maxOpenOrdersRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 56, wide(value, true), true);
  }

  get maxOrdersPerSecond(): number {
    return readSigned(this.#view, this.#at + 64);
  }
  set maxOrdersPerSecond(value: number) {
    writeSigned(this.#view, this.#at + 64, value);
  }
  get maxOrdersPerSecondRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 64, true);
  }
  set maxOrdersPerSecondRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 64, wide(value, true), true);
  }

  get maxDailyLoss(): number {
    return readSigned(this.#view, this.#at + 72);
  }
  set maxDailyLoss(value: number) {
    writeSigned(this.#view, this.#at + 72, value);
  }
  get maxDailyLossRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 72, true);
  }
  set maxDailyLossRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 72, wide(value, true), true);
  }

  get maxCancelsPerSecond(): number {
    return readSigned(this.#view, this.#at + 80);
  }
  set maxCancelsPerSecond(value: number) {
    writeSigned(this.#view, this.#at + 80, value);
  }
  get maxCancelsPerSecondRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 80, true);
  }
  set maxCancelsPerSecondRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 80, wide(value, true), true);
  }

  get maxOrderAgeNs(): number {
    return readSigned(this.#view, this.#at + 88);
  }
  set maxOrderAgeNs(value: number) {
    writeSigned(this.#view, this.#at + 88, value);
  }
  get maxOrderAgeNsRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 88, true);
  }
  set maxOrderAgeNsRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 88, wide(value, true), true);
  }

  get allowedOrderTypes(): number {
    return readSigned(this.#view, this.#at + 96);
  }
  set allowedOrderTypes(value: number) {
    writeSigned(this.#view, this.#at + 96, value);
  }
  get allowedOrderTypesRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 96, true);
  }
  set allowedOrderTypesRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 96, wide(value, true), true);
  }

  get allowedTimesInForce(): number {
    return readSigned(this.#view, this.#at + 104);
  }
  set allowedTimesInForce(value: number) {
    writeSigned(this.#view, this.#at + 104, value);
  }
  get allowedTimesInForceRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 104, true);
  }
  set allowedTimesInForceRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 104, wide(value, true), true);
  }

  get maxGrossExposure(): number {
    return readSigned(this.#view, this.#at + 112);
  }
  set maxGrossExposure(value: number) {
    writeSigned(this.#view, this.#at + 112, value);
  }
  get maxGrossExposureRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 112, true);
  }
  set maxGrossExposureRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 112, wide(value, true), true);
  }

  get maxOpenNotional(): number {
    return readSigned(this.#view, this.#at + 120);
  }
  set maxOpenNotional(value: number) {
    writeSigned(this.#view, this.#at + 120, value);
  }
  get maxOpenNotionalRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 120, true);
  }
  set maxOpenNotionalRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 120, wide(value, true), true);
  }

  get maxDailyValue(): number {
    return readSigned(this.#view, this.#at + 128);
  }
  set maxDailyValue(value: number) {
    writeSigned(this.#view, this.#at + 128, value);
  }
  get maxDailyValueRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 128, true);
  }
  set maxDailyValueRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 128, wide(value, true), true);
  }

  get maxDuplicateOrders(): number {
    return readSigned(this.#view, this.#at + 136);
  }
  set maxDuplicateOrders(value: number) {
    writeSigned(this.#view, this.#at + 136, value);
  }
  get maxDuplicateOrdersRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 136, true);
  }
  set maxDuplicateOrdersRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 136, wide(value, true), true);
  }

  get duplicateWindowNs(): number {
    return readSigned(this.#view, this.#at + 144);
  }
  set duplicateWindowNs(value: number) {
    writeSigned(this.#view, this.#at + 144, value);
  }
  get duplicateWindowNsRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 144, true);
  }
  set duplicateWindowNsRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 144, wide(value, true), true);
  }

  get maxFills(): number {
    return readSigned(this.#view, this.#at + 152);
  }
  set maxFills(value: number) {
    writeSigned(this.#view, this.#at + 152, value);
  }
  get maxFillsRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 152, true);
  }
  set maxFillsRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 152, wide(value, true), true);
  }

  get fillsWindowNs(): number {
    return readSigned(this.#view, this.#at + 160);
  }
  set fillsWindowNs(value: number) {
    writeSigned(this.#view, this.#at + 160, value);
  }
  get fillsWindowNsRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 160, true);
  }
  set fillsWindowNsRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 160, wide(value, true), true);
  }
}

/** A cursor over nt_terms records of 136 bytes: `at` moves it. */
export class TermsRecord {
  static readonly bytes = 136;
  readonly #view: DataView;
  readonly #start: number;
  #at: number;

  constructor(buffer: ArrayBufferLike, offset = 0) {
    this.#view = new DataView(buffer);
    this.#start = this.#at = offset;
  }

  at(index: number): this {
    this.#at = this.#start + index * 136;
    return this;
  }

  get account(): number {
    return this.#view.getUint32(this.#at + 0, true);
  }
  set account(value: number) {
    this.#view.setUint32(this.#at + 0, value, true);
  }

  get instrument(): number {
    return this.#view.getUint32(this.#at + 4, true);
  }
  set instrument(value: number) {
    this.#view.setUint32(this.#at + 4, value, true);
  }

  get restrictions(): number {
    return this.#view.getUint32(this.#at + 8, true);
  }
  set restrictions(value: number) {
    this.#view.setUint32(this.#at + 8, value, true);
  }

  get valueNumerator(): number {
    return readSigned(this.#view, this.#at + 16);
  }
  set valueNumerator(value: number) {
    writeSigned(this.#view, this.#at + 16, value);
  }
  get valueNumeratorRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 16, true);
  }
  set valueNumeratorRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 16, wide(value, true), true);
  }

  get valueDenominator(): number {
    return readSigned(this.#view, this.#at + 24);
  }
  set valueDenominator(value: number) {
    writeSigned(this.#view, this.#at + 24, value);
  }
  get valueDenominatorRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 24, true);
  }
  set valueDenominatorRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 24, wide(value, true), true);
  }

  get feeTaker(): number {
    return readSigned(this.#view, this.#at + 32);
  }
  set feeTaker(value: number) {
    writeSigned(this.#view, this.#at + 32, value);
  }
  get feeTakerRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 32, true);
  }
  set feeTakerRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 32, wide(value, true), true);
  }

  get feeMaker(): number {
    return readSigned(this.#view, this.#at + 40);
  }
  set feeMaker(value: number) {
    writeSigned(this.#view, this.#at + 40, value);
  }
  get feeMakerRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 40, true);
  }
  set feeMakerRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 40, wide(value, true), true);
  }

  get maxOrderQuantity(): number {
    return readSigned(this.#view, this.#at + 48);
  }
  set maxOrderQuantity(value: number) {
    writeSigned(this.#view, this.#at + 48, value);
  }
  get maxOrderQuantityRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 48, true);
  }
  set maxOrderQuantityRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 48, wide(value, true), true);
  }

  get maxOrderNotional(): number {
    return readSigned(this.#view, this.#at + 56);
  }
  set maxOrderNotional(value: number) {
    writeSigned(this.#view, this.#at + 56, value);
  }
  get maxOrderNotionalRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 56, true);
  }
  set maxOrderNotionalRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 56, wide(value, true), true);
  }

  get minOrderNotional(): number {
    return readSigned(this.#view, this.#at + 64);
  }
  set minOrderNotional(value: number) {
    writeSigned(this.#view, this.#at + 64, value);
  }
  get minOrderNotionalRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 64, true);
  }
  set minOrderNotionalRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 64, wide(value, true), true);
  }

  get maxPosition(): number {
    return readSigned(this.#view, this.#at + 72);
  }
  set maxPosition(value: number) {
    writeSigned(this.#view, this.#at + 72, value);
  }
  get maxPositionRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 72, true);
  }
  set maxPositionRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 72, wide(value, true), true);
  }

  get priceCollarBps(): number {
    return readSigned(this.#view, this.#at + 80);
  }
  set priceCollarBps(value: number) {
    writeSigned(this.#view, this.#at + 80, value);
  }
  get priceCollarBpsRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 80, true);
  }
  set priceCollarBpsRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 80, wide(value, true), true);
  }

  get maxQuoteAgeNs(): number {
    return readSigned(this.#view, this.#at + 88);
  }
  set maxQuoteAgeNs(value: number) {
    writeSigned(this.#view, this.#at + 88, value);
  }
  get maxQuoteAgeNsRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 88, true);
  }
  set maxQuoteAgeNsRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 88, wide(value, true), true);
  }

  get initialMarginBps(): number {
    return readSigned(this.#view, this.#at + 96);
  }
  set initialMarginBps(value: number) {
    writeSigned(this.#view, this.#at + 96, value);
  }
  get initialMarginBpsRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 96, true);
  }
  set initialMarginBpsRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 96, wide(value, true), true);
  }

  get feeTakerPpb(): number {
    return readSigned(this.#view, this.#at + 104);
  }
  set feeTakerPpb(value: number) {
    writeSigned(this.#view, this.#at + 104, value);
  }
  get feeTakerPpbRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 104, true);
  }
  set feeTakerPpbRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 104, wide(value, true), true);
  }

  get feeMakerPpb(): number {
    return readSigned(this.#view, this.#at + 112);
  }
  set feeMakerPpb(value: number) {
    writeSigned(this.#view, this.#at + 112, value);
  }
  get feeMakerPpbRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 112, true);
  }
  set feeMakerPpbRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 112, wide(value, true), true);
  }
}

/** A cursor over nt_quote records of 72 bytes: `at` moves it. */
export class QuoteRecord {
  static readonly bytes = 72;
  readonly #view: DataView;
  readonly #start: number;
  #at: number;

  constructor(buffer: ArrayBufferLike, offset = 0) {
    this.#view = new DataView(buffer);
    this.#start = this.#at = offset;
  }

  at(index: number): this {
    this.#at = this.#start + index * 72;
    return this;
  }

  get tsEvent(): number {
    return readSigned(this.#view, this.#at + 0);
  }
  set tsEvent(value: number) {
    writeSigned(this.#view, this.#at + 0, value);
  }
  get tsEventRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 0, true);
  }
  set tsEventRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 0, wide(value, true), true);
  }

  get tsRecv(): number {
    return readSigned(this.#view, this.#at + 8);
  }
  set tsRecv(value: number) {
    writeSigned(this.#view, this.#at + 8, value);
  }
  get tsRecvRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 8, true);
  }
  set tsRecvRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 8, wide(value, true), true);
  }

  get bidPrice(): number {
    return readSigned(this.#view, this.#at + 16);
  }
  set bidPrice(value: number) {
    writeSigned(this.#view, this.#at + 16, value);
  }
  get bidPriceRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 16, true);
  }
  set bidPriceRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 16, wide(value, true), true);
  }

  get askPrice(): number {
    return readSigned(this.#view, this.#at + 24);
  }
  set askPrice(value: number) {
    writeSigned(this.#view, this.#at + 24, value);
  }
  get askPriceRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 24, true);
  }
  set askPriceRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 24, wide(value, true), true);
  }

  get bidSize(): number {
    return readSigned(this.#view, this.#at + 32);
  }
  set bidSize(value: number) {
    writeSigned(this.#view, this.#at + 32, value);
  }
  get bidSizeRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 32, true);
  }
  set bidSizeRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 32, wide(value, true), true);
  }

  get askSize(): number {
    return readSigned(this.#view, this.#at + 40);
  }
  set askSize(value: number) {
    writeSigned(this.#view, this.#at + 40, value);
  }
  get askSizeRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 40, true);
  }
  set askSizeRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 40, wide(value, true), true);
  }

  get lastPrice(): number {
    return readSigned(this.#view, this.#at + 48);
  }
  set lastPrice(value: number) {
    writeSigned(this.#view, this.#at + 48, value);
  }
  get lastPriceRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 48, true);
  }
  set lastPriceRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 48, wide(value, true), true);
  }

  get lastSize(): number {
    return readSigned(this.#view, this.#at + 56);
  }
  set lastSize(value: number) {
    writeSigned(this.#view, this.#at + 56, value);
  }
  get lastSizeRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 56, true);
  }
  set lastSizeRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 56, wide(value, true), true);
  }

  get flags(): number {
    return this.#view.getUint32(this.#at + 64, true);
  }
  set flags(value: number) {
    this.#view.setUint32(this.#at + 64, value, true);
  }

  get session(): number {
    return this.#view.getUint32(this.#at + 68, true);
  }
  set session(value: number) {
    this.#view.setUint32(this.#at + 68, value, true);
  }
}

/** A cursor over nt_book records of 368 bytes: `at` moves it. */
export class BookRecord {
  static readonly bytes = 368;
  readonly #view: DataView;
  readonly #start: number;
  #at: number;

  constructor(buffer: ArrayBufferLike, offset = 0) {
    this.#view = new DataView(buffer);
    this.#start = this.#at = offset;
  }

  at(index: number): this {
    this.#at = this.#start + index * 368;
    return this;
  }

  get tsEvent(): number {
    return readSigned(this.#view, this.#at + 0);
  }
  set tsEvent(value: number) {
    writeSigned(this.#view, this.#at + 0, value);
  }
  get tsEventRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 0, true);
  }
  set tsEventRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 0, wide(value, true), true);
  }

  get tsRecv(): number {
    return readSigned(this.#view, this.#at + 8);
  }
  set tsRecv(value: number) {
    writeSigned(this.#view, this.#at + 8, value);
  }
  get tsRecvRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 8, true);
  }
  set tsRecvRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 8, wide(value, true), true);
  }

  get updateId(): number {
    return readSigned(this.#view, this.#at + 16);
  }
  set updateId(value: number) {
    writeSigned(this.#view, this.#at + 16, value);
  }
  get updateIdRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 16, true);
  }
  set updateIdRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 16, wide(value, true), true);
  }

  get dropped(): number {
    return readUnsigned(this.#view, this.#at + 24);
  }
  set dropped(value: number) {
    writeUnsigned(this.#view, this.#at + 24, value);
  }
  get droppedRaw(): bigint {
    return this.#view.getBigUint64(this.#at + 24, true);
  }
  set droppedRaw(value: bigint) {
    this.#view.setBigUint64(this.#at + 24, wide(value, false), true);
  }

  get bidCount(): number {
    return this.#view.getUint32(this.#at + 32, true);
  }
  set bidCount(value: number) {
    this.#view.setUint32(this.#at + 32, value, true);
  }

  get askCount(): number {
    return this.#view.getUint32(this.#at + 36, true);
  }
  set askCount(value: number) {
    this.#view.setUint32(this.#at + 36, value, true);
  }

  get flags(): number {
    return this.#view.getUint32(this.#at + 40, true);
  }
  set flags(value: number) {
    this.#view.setUint32(this.#at + 40, value, true);
  }

  bidPrices(index: number): number {
    return readSigned(this.#view, this.#at + 48 + index * 8);
  }
  setBidPrices(index: number, value: number): void {
    writeSigned(this.#view, this.#at + 48 + index * 8, value);
  }
  bidPricesRaw(index: number): bigint {
    return this.#view.getBigInt64(this.#at + 48 + index * 8, true);
  }
  setBidPricesRaw(index: number, value: bigint): void {
    this.#view.setBigInt64(this.#at + 48 + index * 8, wide(value, true), true);
  }

  bidSizes(index: number): number {
    return readSigned(this.#view, this.#at + 128 + index * 8);
  }
  setBidSizes(index: number, value: number): void {
    writeSigned(this.#view, this.#at + 128 + index * 8, value);
  }
  bidSizesRaw(index: number): bigint {
    return this.#view.getBigInt64(this.#at + 128 + index * 8, true);
  }
  setBidSizesRaw(index: number, value: bigint): void {
    this.#view.setBigInt64(this.#at + 128 + index * 8, wide(value, true), true);
  }

  askPrices(index: number): number {
    return readSigned(this.#view, this.#at + 208 + index * 8);
  }
  setAskPrices(index: number, value: number): void {
    writeSigned(this.#view, this.#at + 208 + index * 8, value);
  }
  askPricesRaw(index: number): bigint {
    return this.#view.getBigInt64(this.#at + 208 + index * 8, true);
  }
  setAskPricesRaw(index: number, value: bigint): void {
    this.#view.setBigInt64(this.#at + 208 + index * 8, wide(value, true), true);
  }

  askSizes(index: number): number {
    return readSigned(this.#view, this.#at + 288 + index * 8);
  }
  setAskSizes(index: number, value: number): void {
    writeSigned(this.#view, this.#at + 288 + index * 8, value);
  }
  askSizesRaw(index: number): bigint {
    return this.#view.getBigInt64(this.#at + 288 + index * 8, true);
  }
  setAskSizesRaw(index: number, value: bigint): void {
    this.#view.setBigInt64(this.#at + 288 + index * 8, wide(value, true), true);
  }
}

/** A cursor over nt_position records of 80 bytes: `at` moves it. */
export class PositionRecord {
  static readonly bytes = 80;
  readonly #view: DataView;
  readonly #start: number;
  #at: number;

  constructor(buffer: ArrayBufferLike, offset = 0) {
    this.#view = new DataView(buffer);
    this.#start = this.#at = offset;
  }

  at(index: number): this {
    this.#at = this.#start + index * 80;
    return this;
  }

  get quantity(): number {
    return readSigned(this.#view, this.#at + 0);
  }
  set quantity(value: number) {
    writeSigned(this.#view, this.#at + 0, value);
  }
  get quantityRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 0, true);
  }
  set quantityRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 0, wide(value, true), true);
  }

  get workingBuy(): number {
    return readSigned(this.#view, this.#at + 8);
  }
  set workingBuy(value: number) {
    writeSigned(this.#view, this.#at + 8, value);
  }
  get workingBuyRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 8, true);
  }
  set workingBuyRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 8, wide(value, true), true);
  }

  get workingSell(): number {
    return readSigned(this.#view, this.#at + 16);
  }
  set workingSell(value: number) {
    writeSigned(this.#view, this.#at + 16, value);
  }
  get workingSellRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 16, true);
  }
  set workingSellRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 16, wide(value, true), true);
  }

  get projected(): number {
    return readSigned(this.#view, this.#at + 24);
  }
  set projected(value: number) {
    writeSigned(this.#view, this.#at + 24, value);
  }
  get projectedRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 24, true);
  }
  set projectedRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 24, wide(value, true), true);
  }

  get averagePrice(): number {
    return this.#view.getFloat64(this.#at + 32, true);
  }
  set averagePrice(value: number) {
    this.#view.setFloat64(this.#at + 32, value, true);
  }

  get realizedPnl(): number {
    return readSigned(this.#view, this.#at + 40);
  }
  set realizedPnl(value: number) {
    writeSigned(this.#view, this.#at + 40, value);
  }
  get realizedPnlRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 40, true);
  }
  set realizedPnlRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 40, wide(value, true), true);
  }

  get unrealizedPnl(): number {
    return readSigned(this.#view, this.#at + 48);
  }
  set unrealizedPnl(value: number) {
    writeSigned(this.#view, this.#at + 48, value);
  }
  get unrealizedPnlRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 48, true);
  }
  set unrealizedPnlRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 48, wide(value, true), true);
  }

  get fees(): number {
    return readSigned(this.#view, this.#at + 56);
  }
  set fees(value: number) {
    writeSigned(this.#view, this.#at + 56, value);
  }
  get feesRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 56, true);
  }
  set feesRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 56, wide(value, true), true);
  }

  get markPrice(): number {
    return readSigned(this.#view, this.#at + 64);
  }
  set markPrice(value: number) {
    writeSigned(this.#view, this.#at + 64, value);
  }
  get markPriceRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 64, true);
  }
  set markPriceRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 64, wide(value, true), true);
  }

  get fills(): number {
    return readUnsigned(this.#view, this.#at + 72);
  }
  set fills(value: number) {
    writeUnsigned(this.#view, this.#at + 72, value);
  }
  get fillsRaw(): bigint {
    return this.#view.getBigUint64(this.#at + 72, true);
  }
  set fillsRaw(value: bigint) {
    this.#view.setBigUint64(this.#at + 72, wide(value, false), true);
  }
}

/** A cursor over nt_account_view records of 64 bytes: `at` moves it. */
export class AccountViewRecord {
  static readonly bytes = 64;
  readonly #view: DataView;
  readonly #start: number;
  #at: number;

  constructor(buffer: ArrayBufferLike, offset = 0) {
    this.#view = new DataView(buffer);
    this.#start = this.#at = offset;
  }

  at(index: number): this {
    this.#at = this.#start + index * 64;
    return this;
  }

  get cash(): number {
    return readSigned(this.#view, this.#at + 0);
  }
  set cash(value: number) {
    writeSigned(this.#view, this.#at + 0, value);
  }
  get cashRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 0, true);
  }
  set cashRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 0, wide(value, true), true);
  }

  get equity(): number {
    return readSigned(this.#view, this.#at + 8);
  }
  set equity(value: number) {
    writeSigned(this.#view, this.#at + 8, value);
  }
  get equityRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 8, true);
  }
  set equityRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 8, wide(value, true), true);
  }

  get realizedPnl(): number {
    return readSigned(this.#view, this.#at + 16);
  }
  set realizedPnl(value: number) {
    writeSigned(this.#view, this.#at + 16, value);
  }
  get realizedPnlRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 16, true);
  }
  set realizedPnlRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 16, wide(value, true), true);
  }

  get unrealizedPnl(): number {
    return readSigned(this.#view, this.#at + 24);
  }
  set unrealizedPnl(value: number) {
    writeSigned(this.#view, this.#at + 24, value);
  }
  get unrealizedPnlRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 24, true);
  }
  set unrealizedPnlRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 24, wide(value, true), true);
  }

  get fees(): number {
    return readSigned(this.#view, this.#at + 32);
  }
  set fees(value: number) {
    writeSigned(this.#view, this.#at + 32, value);
  }
  get feesRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 32, true);
  }
  set feesRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 32, wide(value, true), true);
  }

  get dayPnl(): number {
    return readSigned(this.#view, this.#at + 40);
  }
  set dayPnl(value: number) {
    writeSigned(this.#view, this.#at + 40, value);
  }
  get dayPnlRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 40, true);
  }
  set dayPnlRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 40, wide(value, true), true);
  }

  get openOrders(): number {
    return readSigned(this.#view, this.#at + 48);
  }
  set openOrders(value: number) {
    writeSigned(this.#view, this.#at + 48, value);
  }
  get openOrdersRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 48, true);
  }
  set openOrdersRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 48, wide(value, true), true);
  }

  get state(): number {
    return this.#view.getUint32(this.#at + 56, true);
  }
  set state(value: number) {
    this.#view.setUint32(this.#at + 56, value, true);
  }

  get stateReason(): number {
    return this.#view.getUint32(this.#at + 60, true);
  }
  set stateReason(value: number) {
    this.#view.setUint32(this.#at + 60, value, true);
  }
}

/** A cursor over nt_counters records of 648 bytes: `at` moves it. */
export class CountersRecord {
  static readonly bytes = 648;
  readonly #view: DataView;
  readonly #start: number;
  #at: number;

  constructor(buffer: ArrayBufferLike, offset = 0) {
    this.#view = new DataView(buffer);
    this.#start = this.#at = offset;
  }

  at(index: number): this {
    this.#at = this.#start + index * 648;
    return this;
  }

  get inputs(): number {
    return readUnsigned(this.#view, this.#at + 0);
  }
  set inputs(value: number) {
    writeUnsigned(this.#view, this.#at + 0, value);
  }
  get inputsRaw(): bigint {
    return this.#view.getBigUint64(this.#at + 0, true);
  }
  set inputsRaw(value: bigint) {
    this.#view.setBigUint64(this.#at + 0, wide(value, false), true);
  }

  get ticks(): number {
    return readUnsigned(this.#view, this.#at + 8);
  }
  set ticks(value: number) {
    writeUnsigned(this.#view, this.#at + 8, value);
  }
  get ticksRaw(): bigint {
    return this.#view.getBigUint64(this.#at + 8, true);
  }
  set ticksRaw(value: bigint) {
    this.#view.setBigUint64(this.#at + 8, wide(value, false), true);
  }

  get slices(): number {
    return readUnsigned(this.#view, this.#at + 16);
  }
  set slices(value: number) {
    writeUnsigned(this.#view, this.#at + 16, value);
  }
  get slicesRaw(): bigint {
    return this.#view.getBigUint64(this.#at + 16, true);
  }
  set slicesRaw(value: bigint) {
    this.#view.setBigUint64(this.#at + 16, wide(value, false), true);
  }

  get ordersAccepted(): number {
    return readUnsigned(this.#view, this.#at + 24);
  }
  set ordersAccepted(value: number) {
    writeUnsigned(this.#view, this.#at + 24, value);
  }
  get ordersAcceptedRaw(): bigint {
    return this.#view.getBigUint64(this.#at + 24, true);
  }
  set ordersAcceptedRaw(value: bigint) {
    this.#view.setBigUint64(this.#at + 24, wide(value, false), true);
  }

  get ordersDenied(): number {
    return readUnsigned(this.#view, this.#at + 32);
  }
  set ordersDenied(value: number) {
    writeUnsigned(this.#view, this.#at + 32, value);
  }
  get ordersDeniedRaw(): bigint {
    return this.#view.getBigUint64(this.#at + 32, true);
  }
  set ordersDeniedRaw(value: bigint) {
    this.#view.setBigUint64(this.#at + 32, wide(value, false), true);
  }

  get requestsDenied(): number {
    return readUnsigned(this.#view, this.#at + 40);
  }
  set requestsDenied(value: number) {
    writeUnsigned(this.#view, this.#at + 40, value);
  }
  get requestsDeniedRaw(): bigint {
    return this.#view.getBigUint64(this.#at + 40, true);
  }
  set requestsDeniedRaw(value: bigint) {
    this.#view.setBigUint64(this.#at + 40, wide(value, false), true);
  }

  get ordersRejected(): number {
    return readUnsigned(this.#view, this.#at + 48);
  }
  set ordersRejected(value: number) {
    writeUnsigned(this.#view, this.#at + 48, value);
  }
  get ordersRejectedRaw(): bigint {
    return this.#view.getBigUint64(this.#at + 48, true);
  }
  set ordersRejectedRaw(value: bigint) {
    this.#view.setBigUint64(this.#at + 48, wide(value, false), true);
  }

  get cancels(): number {
    return readUnsigned(this.#view, this.#at + 56);
  }
  set cancels(value: number) {
    writeUnsigned(this.#view, this.#at + 56, value);
  }
  get cancelsRaw(): bigint {
    return this.#view.getBigUint64(this.#at + 56, true);
  }
  set cancelsRaw(value: bigint) {
    this.#view.setBigUint64(this.#at + 56, wide(value, false), true);
  }

  get replaces(): number {
    return readUnsigned(this.#view, this.#at + 64);
  }
  set replaces(value: number) {
    writeUnsigned(this.#view, this.#at + 64, value);
  }
  get replacesRaw(): bigint {
    return this.#view.getBigUint64(this.#at + 64, true);
  }
  set replacesRaw(value: bigint) {
    this.#view.setBigUint64(this.#at + 64, wide(value, false), true);
  }

  get fills(): number {
    return readUnsigned(this.#view, this.#at + 72);
  }
  set fills(value: number) {
    writeUnsigned(this.#view, this.#at + 72, value);
  }
  get fillsRaw(): bigint {
    return this.#view.getBigUint64(this.#at + 72, true);
  }
  set fillsRaw(value: bigint) {
    this.#view.setBigUint64(this.#at + 72, wide(value, false), true);
  }

  get reports(): number {
    return readUnsigned(this.#view, this.#at + 80);
  }
  set reports(value: number) {
    writeUnsigned(this.#view, this.#at + 80, value);
  }
  get reportsRaw(): bigint {
    return this.#view.getBigUint64(this.#at + 80, true);
  }
  set reportsRaw(value: bigint) {
    this.#view.setBigUint64(this.#at + 80, wide(value, false), true);
  }

  get reportsHeld(): number {
    return readUnsigned(this.#view, this.#at + 88);
  }
  set reportsHeld(value: number) {
    writeUnsigned(this.#view, this.#at + 88, value);
  }
  get reportsHeldRaw(): bigint {
    return this.#view.getBigUint64(this.#at + 88, true);
  }
  set reportsHeldRaw(value: bigint) {
    this.#view.setBigUint64(this.#at + 88, wide(value, false), true);
  }

  get frames(): number {
    return readUnsigned(this.#view, this.#at + 96);
  }
  set frames(value: number) {
    writeUnsigned(this.#view, this.#at + 96, value);
  }
  get framesRaw(): bigint {
    return this.#view.getBigUint64(this.#at + 96, true);
  }
  set framesRaw(value: bigint) {
    this.#view.setBigUint64(this.#at + 96, wide(value, false), true);
  }

  get frameBytes(): number {
    return readUnsigned(this.#view, this.#at + 104);
  }
  set frameBytes(value: number) {
    writeUnsigned(this.#view, this.#at + 104, value);
  }
  get frameBytesRaw(): bigint {
    return this.#view.getBigUint64(this.#at + 104, true);
  }
  set frameBytesRaw(value: bigint) {
    this.#view.setBigUint64(this.#at + 104, wide(value, false), true);
  }

  get deaths(): number {
    return readUnsigned(this.#view, this.#at + 112);
  }
  set deaths(value: number) {
    writeUnsigned(this.#view, this.#at + 112, value);
  }
  get deathsRaw(): bigint {
    return this.#view.getBigUint64(this.#at + 112, true);
  }
  set deathsRaw(value: bigint) {
    this.#view.setBigUint64(this.#at + 112, wide(value, false), true);
  }

  get hostileRecords(): number {
    return readUnsigned(this.#view, this.#at + 120);
  }
  set hostileRecords(value: number) {
    writeUnsigned(this.#view, this.#at + 120, value);
  }
  get hostileRecordsRaw(): bigint {
    return this.#view.getBigUint64(this.#at + 120, true);
  }
  set hostileRecordsRaw(value: bigint) {
    this.#view.setBigUint64(this.#at + 120, wide(value, false), true);
  }

  get signals(): number {
    return readUnsigned(this.#view, this.#at + 128);
  }
  set signals(value: number) {
    writeUnsigned(this.#view, this.#at + 128, value);
  }
  get signalsRaw(): bigint {
    return this.#view.getBigUint64(this.#at + 128, true);
  }
  set signalsRaw(value: bigint) {
    this.#view.setBigUint64(this.#at + 128, wide(value, false), true);
  }

  denied(index: number): number {
    return readUnsigned(this.#view, this.#at + 136 + index * 8);
  }
  setDenied(index: number, value: number): void {
    writeUnsigned(this.#view, this.#at + 136 + index * 8, value);
  }
  deniedRaw(index: number): bigint {
    return this.#view.getBigUint64(this.#at + 136 + index * 8, true);
  }
  setDeniedRaw(index: number, value: bigint): void {
    this.#view.setBigUint64(this.#at + 136 + index * 8, wide(value, false), true);
  }
}

/** A cursor over nt_status records of 144 bytes: `at` moves it. */
export class StatusRecord {
  static readonly bytes = 144;
  readonly #view: DataView;
  readonly #start: number;
  #at: number;

  constructor(buffer: ArrayBufferLike, offset = 0) {
    this.#view = new DataView(buffer);
    this.#start = this.#at = offset;
  }

  at(index: number): this {
    this.#at = this.#start + index * 144;
    return this;
  }

  get name(): string {
    return readText(this.#view, this.#at + 0, 32);
  }
  set name(value: string) {
    writeText(this.#view, this.#at + 0, 32, value);
  }

  get incarnation(): number {
    return readUnsigned(this.#view, this.#at + 32);
  }
  set incarnation(value: number) {
    writeUnsigned(this.#view, this.#at + 32, value);
  }
  get incarnationRaw(): bigint {
    return this.#view.getBigUint64(this.#at + 32, true);
  }
  set incarnationRaw(value: bigint) {
    this.#view.setBigUint64(this.#at + 32, wide(value, false), true);
  }

  get now(): number {
    return readSigned(this.#view, this.#at + 40);
  }
  set now(value: number) {
    writeSigned(this.#view, this.#at + 40, value);
  }
  get nowRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 40, true);
  }
  set nowRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 40, wide(value, true), true);
  }

  get startedRealtime(): number {
    return readSigned(this.#view, this.#at + 48);
  }
  set startedRealtime(value: number) {
    writeSigned(this.#view, this.#at + 48, value);
  }
  get startedRealtimeRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 48, true);
  }
  set startedRealtimeRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 48, wide(value, true), true);
  }

  get pid(): number {
    return this.#view.getUint32(this.#at + 56, true);
  }
  set pid(value: number) {
    this.#view.setUint32(this.#at + 56, value, true);
  }

  get clock(): number {
    return this.#view.getUint32(this.#at + 60, true);
  }
  set clock(value: number) {
    this.#view.setUint32(this.#at + 60, value, true);
  }

  get running(): number {
    return this.#view.getUint32(this.#at + 64, true);
  }
  set running(value: number) {
    this.#view.setUint32(this.#at + 64, value, true);
  }

  get sourceEnded(): number {
    return this.#view.getUint32(this.#at + 68, true);
  }
  set sourceEnded(value: number) {
    this.#view.setUint32(this.#at + 68, value, true);
  }

  get channels(): number {
    return this.#view.getUint32(this.#at + 72, true);
  }
  set channels(value: number) {
    this.#view.setUint32(this.#at + 72, value, true);
  }

  get instruments(): number {
    return this.#view.getUint32(this.#at + 76, true);
  }
  set instruments(value: number) {
    this.#view.setUint32(this.#at + 76, value, true);
  }

  get accounts(): number {
    return this.#view.getUint32(this.#at + 80, true);
  }
  set accounts(value: number) {
    this.#view.setUint32(this.#at + 80, value, true);
  }

  get participants(): number {
    return this.#view.getUint32(this.#at + 84, true);
  }
  set participants(value: number) {
    this.#view.setUint32(this.#at + 84, value, true);
  }

  get ticksPublished(): number {
    return readUnsigned(this.#view, this.#at + 88);
  }
  set ticksPublished(value: number) {
    writeUnsigned(this.#view, this.#at + 88, value);
  }
  get ticksPublishedRaw(): bigint {
    return this.#view.getBigUint64(this.#at + 88, true);
  }
  set ticksPublishedRaw(value: bigint) {
    this.#view.setBigUint64(this.#at + 88, wide(value, false), true);
  }

  get tickCapacity(): number {
    return readUnsigned(this.#view, this.#at + 96);
  }
  set tickCapacity(value: number) {
    writeUnsigned(this.#view, this.#at + 96, value);
  }
  get tickCapacityRaw(): bigint {
    return this.#view.getBigUint64(this.#at + 96, true);
  }
  set tickCapacityRaw(value: bigint) {
    this.#view.setBigUint64(this.#at + 96, wide(value, false), true);
  }

  get stateReason(): string {
    return readText(this.#view, this.#at + 104, 40);
  }
  set stateReason(value: string) {
    writeText(this.#view, this.#at + 104, 40, value);
  }
}

/** A cursor over nt_channel records of 88 bytes: `at` moves it. */
export class ChannelRecord {
  static readonly bytes = 88;
  readonly #view: DataView;
  readonly #start: number;
  #at: number;

  constructor(buffer: ArrayBufferLike, offset = 0) {
    this.#view = new DataView(buffer);
    this.#start = this.#at = offset;
  }

  at(index: number): this {
    this.#at = this.#start + index * 88;
    return this;
  }

  get client(): string {
    return readText(this.#view, this.#at + 0, 32);
  }
  set client(value: string) {
    writeText(this.#view, this.#at + 0, 32, value);
  }

  get state(): number {
    return this.#view.getUint32(this.#at + 32, true);
  }
  set state(value: number) {
    this.#view.setUint32(this.#at + 32, value, true);
  }

  get pid(): number {
    return this.#view.getUint32(this.#at + 36, true);
  }
  set pid(value: number) {
    this.#view.setUint32(this.#at + 36, value, true);
  }

  get ordersTaken(): number {
    return readUnsigned(this.#view, this.#at + 40);
  }
  set ordersTaken(value: number) {
    writeUnsigned(this.#view, this.#at + 40, value);
  }
  get ordersTakenRaw(): bigint {
    return this.#view.getBigUint64(this.#at + 40, true);
  }
  set ordersTakenRaw(value: bigint) {
    this.#view.setBigUint64(this.#at + 40, wide(value, false), true);
  }

  get ordersWaiting(): number {
    return readUnsigned(this.#view, this.#at + 48);
  }
  set ordersWaiting(value: number) {
    writeUnsigned(this.#view, this.#at + 48, value);
  }
  get ordersWaitingRaw(): bigint {
    return this.#view.getBigUint64(this.#at + 48, true);
  }
  set ordersWaitingRaw(value: bigint) {
    this.#view.setBigUint64(this.#at + 48, wide(value, false), true);
  }

  get reportsPushed(): number {
    return readUnsigned(this.#view, this.#at + 56);
  }
  set reportsPushed(value: number) {
    writeUnsigned(this.#view, this.#at + 56, value);
  }
  get reportsPushedRaw(): bigint {
    return this.#view.getBigUint64(this.#at + 56, true);
  }
  set reportsPushedRaw(value: bigint) {
    this.#view.setBigUint64(this.#at + 56, wide(value, false), true);
  }

  get reportsWaiting(): number {
    return readUnsigned(this.#view, this.#at + 64);
  }
  set reportsWaiting(value: number) {
    writeUnsigned(this.#view, this.#at + 64, value);
  }
  get reportsWaitingRaw(): bigint {
    return this.#view.getBigUint64(this.#at + 64, true);
  }
  set reportsWaitingRaw(value: bigint) {
    this.#view.setBigUint64(this.#at + 64, wide(value, false), true);
  }

  get tickLag(): number {
    return readUnsigned(this.#view, this.#at + 72);
  }
  set tickLag(value: number) {
    writeUnsigned(this.#view, this.#at + 72, value);
  }
  get tickLagRaw(): bigint {
    return this.#view.getBigUint64(this.#at + 72, true);
  }
  set tickLagRaw(value: bigint) {
    this.#view.setBigUint64(this.#at + 72, wide(value, false), true);
  }

  get lastClientOrderId(): number {
    return readUnsigned(this.#view, this.#at + 80);
  }
  set lastClientOrderId(value: number) {
    writeUnsigned(this.#view, this.#at + 80, value);
  }
  get lastClientOrderIdRaw(): bigint {
    return this.#view.getBigUint64(this.#at + 80, true);
  }
  set lastClientOrderIdRaw(value: bigint) {
    this.#view.setBigUint64(this.#at + 80, wide(value, false), true);
  }
}

/** A cursor over nt_latency records of 56 bytes: `at` moves it. */
export class LatencyRecord {
  static readonly bytes = 56;
  readonly #view: DataView;
  readonly #start: number;
  #at: number;

  constructor(buffer: ArrayBufferLike, offset = 0) {
    this.#view = new DataView(buffer);
    this.#start = this.#at = offset;
  }

  at(index: number): this {
    this.#at = this.#start + index * 56;
    return this;
  }

  get count(): number {
    return readUnsigned(this.#view, this.#at + 0);
  }
  set count(value: number) {
    writeUnsigned(this.#view, this.#at + 0, value);
  }
  get countRaw(): bigint {
    return this.#view.getBigUint64(this.#at + 0, true);
  }
  set countRaw(value: bigint) {
    this.#view.setBigUint64(this.#at + 0, wide(value, false), true);
  }

  get minimumNs(): number {
    return readUnsigned(this.#view, this.#at + 8);
  }
  set minimumNs(value: number) {
    writeUnsigned(this.#view, this.#at + 8, value);
  }
  get minimumNsRaw(): bigint {
    return this.#view.getBigUint64(this.#at + 8, true);
  }
  set minimumNsRaw(value: bigint) {
    this.#view.setBigUint64(this.#at + 8, wide(value, false), true);
  }

  get maximumNs(): number {
    return readUnsigned(this.#view, this.#at + 16);
  }
  set maximumNs(value: number) {
    writeUnsigned(this.#view, this.#at + 16, value);
  }
  get maximumNsRaw(): bigint {
    return this.#view.getBigUint64(this.#at + 16, true);
  }
  set maximumNsRaw(value: bigint) {
    this.#view.setBigUint64(this.#at + 16, wide(value, false), true);
  }

  get p50Ns(): number {
    return readUnsigned(this.#view, this.#at + 24);
  }
  set p50Ns(value: number) {
    writeUnsigned(this.#view, this.#at + 24, value);
  }
  get p50NsRaw(): bigint {
    return this.#view.getBigUint64(this.#at + 24, true);
  }
  set p50NsRaw(value: bigint) {
    this.#view.setBigUint64(this.#at + 24, wide(value, false), true);
  }

  get p90Ns(): number {
    return readUnsigned(this.#view, this.#at + 32);
  }
  set p90Ns(value: number) {
    writeUnsigned(this.#view, this.#at + 32, value);
  }
  get p90NsRaw(): bigint {
    return this.#view.getBigUint64(this.#at + 32, true);
  }
  set p90NsRaw(value: bigint) {
    this.#view.setBigUint64(this.#at + 32, wide(value, false), true);
  }

  get p99Ns(): number {
    return readUnsigned(this.#view, this.#at + 40);
  }
  set p99Ns(value: number) {
    writeUnsigned(this.#view, this.#at + 40, value);
  }
  get p99NsRaw(): bigint {
    return this.#view.getBigUint64(this.#at + 40, true);
  }
  set p99NsRaw(value: bigint) {
    this.#view.setBigUint64(this.#at + 40, wide(value, false), true);
  }

  get p999Ns(): number {
    return readUnsigned(this.#view, this.#at + 48);
  }
  set p999Ns(value: number) {
    writeUnsigned(this.#view, this.#at + 48, value);
  }
  get p999NsRaw(): bigint {
    return this.#view.getBigUint64(this.#at + 48, true);
  }
  set p999NsRaw(value: bigint) {
    this.#view.setBigUint64(this.#at + 48, wide(value, false), true);
  }
}

/** A cursor over nt_open_order records of 40 bytes: `at` moves it. */
export class OpenOrderRecord {
  static readonly bytes = 40;
  readonly #view: DataView;
  readonly #start: number;
  #at: number;

  constructor(buffer: ArrayBufferLike, offset = 0) {
    this.#view = new DataView(buffer);
    this.#start = this.#at = offset;
  }

  at(index: number): this {
    this.#at = this.#start + index * 40;
    return this;
  }

  get clientOrderId(): number {
    return readUnsigned(this.#view, this.#at + 0);
  }
  set clientOrderId(value: number) {
    writeUnsigned(this.#view, this.#at + 0, value);
  }
  get clientOrderIdRaw(): bigint {
    return this.#view.getBigUint64(this.#at + 0, true);
  }
  set clientOrderIdRaw(value: bigint) {
    this.#view.setBigUint64(this.#at + 0, wide(value, false), true);
  }

  get price(): number {
    return readSigned(this.#view, this.#at + 8);
  }
  set price(value: number) {
    writeSigned(this.#view, this.#at + 8, value);
  }
  get priceRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 8, true);
  }
  set priceRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 8, wide(value, true), true);
  }

  get quantity(): number {
    return readSigned(this.#view, this.#at + 16);
  }
  set quantity(value: number) {
    writeSigned(this.#view, this.#at + 16, value);
  }
  get quantityRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 16, true);
  }
  set quantityRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 16, wide(value, true), true);
  }

  get filled(): number {
    return readSigned(this.#view, this.#at + 24);
  }
  set filled(value: number) {
    writeSigned(this.#view, this.#at + 24, value);
  }
  get filledRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 24, true);
  }
  set filledRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 24, wide(value, true), true);
  }

  get instrument(): number {
    return this.#view.getUint32(this.#at + 32, true);
  }
  set instrument(value: number) {
    this.#view.setUint32(this.#at + 32, value, true);
  }

  get account(): number {
    return this.#view.getUint16(this.#at + 36, true);
  }
  set account(value: number) {
    this.#view.setUint16(this.#at + 36, value, true);
  }

  get side(): number {
    return this.#view.getUint8(this.#at + 38);
  }
  set side(value: number) {
    this.#view.setUint8(this.#at + 38, value);
  }

  get status(): number {
    return this.#view.getUint8(this.#at + 39);
  }
  set status(value: number) {
    this.#view.setUint8(this.#at + 39, value);
  }
}

/** A cursor over nt_poll records of 16 bytes: `at` moves it. */
export class PollRecord {
  static readonly bytes = 16;
  readonly #view: DataView;
  readonly #start: number;
  #at: number;

  constructor(buffer: ArrayBufferLike, offset = 0) {
    this.#view = new DataView(buffer);
    this.#start = this.#at = offset;
  }

  at(index: number): this {
    this.#at = this.#start + index * 16;
    return this;
  }

  get ticks(): number {
    return this.#view.getUint32(this.#at + 0, true);
  }
  set ticks(value: number) {
    this.#view.setUint32(this.#at + 0, value, true);
  }

  get reports(): number {
    return this.#view.getUint32(this.#at + 4, true);
  }
  set reports(value: number) {
    this.#view.setUint32(this.#at + 4, value, true);
  }

  get lost(): number {
    return this.#view.getUint32(this.#at + 8, true);
  }
  set lost(value: number) {
    this.#view.setUint32(this.#at + 8, value, true);
  }

  get ended(): number {
    return this.#view.getUint32(this.#at + 12, true);
  }
  set ended(value: number) {
    this.#view.setUint32(this.#at + 12, value, true);
  }
}

/** A cursor over nt_model_info records of 288 bytes: `at` moves it. */
export class ModelInfoRecord {
  static readonly bytes = 288;
  readonly #view: DataView;
  readonly #start: number;
  #at: number;

  constructor(buffer: ArrayBufferLike, offset = 0) {
    this.#view = new DataView(buffer);
    this.#start = this.#at = offset;
  }

  at(index: number): this {
    this.#at = this.#start + index * 288;
    return this;
  }

  get name(): string {
    return readText(this.#view, this.#at + 0, 32);
  }
  set name(value: string) {
    writeText(this.#view, this.#at + 0, 32, value);
  }

  get version(): string {
    return readText(this.#view, this.#at + 32, 32);
  }
  set version(value: string) {
    writeText(this.#view, this.#at + 32, 32, value);
  }

  get precision(): number {
    return this.#view.getUint32(this.#at + 64, true);
  }
  set precision(value: number) {
    this.#view.setUint32(this.#at + 64, value, true);
  }

  get isa(): number {
    return this.#view.getUint32(this.#at + 68, true);
  }
  set isa(value: number) {
    this.#view.setUint32(this.#at + 68, value, true);
  }

  get inputs(): number {
    return this.#view.getUint32(this.#at + 72, true);
  }
  set inputs(value: number) {
    this.#view.setUint32(this.#at + 72, value, true);
  }

  get outputs(): number {
    return this.#view.getUint32(this.#at + 76, true);
  }
  set outputs(value: number) {
    this.#view.setUint32(this.#at + 76, value, true);
  }

  get outputKind(): number {
    return this.#view.getUint32(this.#at + 80, true);
  }
  set outputKind(value: number) {
    this.#view.setUint32(this.#at + 80, value, true);
  }

  get stateful(): number {
    return this.#view.getUint32(this.#at + 84, true);
  }
  set stateful(value: number) {
    this.#view.setUint32(this.#at + 84, value, true);
  }

  get calibrated(): number {
    return this.#view.getUint32(this.#at + 88, true);
  }
  set calibrated(value: number) {
    this.#view.setUint32(this.#at + 88, value, true);
  }

  get rows(): number {
    return this.#view.getUint32(this.#at + 92, true);
  }
  set rows(value: number) {
    this.#view.setUint32(this.#at + 92, value, true);
  }

  get steps(): number {
    return this.#view.getUint32(this.#at + 96, true);
  }
  set steps(value: number) {
    this.#view.setUint32(this.#at + 96, value, true);
  }

  get warmUp(): number {
    return this.#view.getUint32(this.#at + 100, true);
  }
  set warmUp(value: number) {
    this.#view.setUint32(this.#at + 100, value, true);
  }

  get clock(): number {
    return this.#view.getUint32(this.#at + 104, true);
  }
  set clock(value: number) {
    this.#view.setUint32(this.#at + 104, value, true);
  }

  get clockEvery(): number {
    return this.#view.getUint32(this.#at + 108, true);
  }
  set clockEvery(value: number) {
    this.#view.setUint32(this.#at + 108, value, true);
  }

  get weights(): number {
    return readUnsigned(this.#view, this.#at + 112);
  }
  set weights(value: number) {
    writeUnsigned(this.#view, this.#at + 112, value);
  }
  get weightsRaw(): bigint {
    return this.#view.getBigUint64(this.#at + 112, true);
  }
  set weightsRaw(value: bigint) {
    this.#view.setBigUint64(this.#at + 112, wide(value, false), true);
  }

  get rowBytes(): number {
    return readUnsigned(this.#view, this.#at + 120);
  }
  set rowBytes(value: number) {
    writeUnsigned(this.#view, this.#at + 120, value);
  }
  get rowBytesRaw(): bigint {
    return this.#view.getBigUint64(this.#at + 120, true);
  }
  set rowBytesRaw(value: bigint) {
    this.#view.setBigUint64(this.#at + 120, wide(value, false), true);
  }

  features(index: number): number {
    return this.#view.getUint32(this.#at + 128 + index * 4, true);
  }
  setFeatures(index: number, value: number): void {
    this.#view.setUint32(this.#at + 128 + index * 4, value, true);
  }
}

/** A cursor over nt_sample records of 368 bytes: `at` moves it. */
export class SampleRecord {
  static readonly bytes = 368;
  readonly #view: DataView;
  readonly #start: number;
  #at: number;

  constructor(buffer: ArrayBufferLike, offset = 0) {
    this.#view = new DataView(buffer);
    this.#start = this.#at = offset;
  }

  at(index: number): this {
    this.#at = this.#start + index * 368;
    return this;
  }

  get tsEvent(): number {
    return readSigned(this.#view, this.#at + 0);
  }
  set tsEvent(value: number) {
    writeSigned(this.#view, this.#at + 0, value);
  }
  get tsEventRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 0, true);
  }
  set tsEventRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 0, wide(value, true), true);
  }

  get ticks(): number {
    return readUnsigned(this.#view, this.#at + 8);
  }
  set ticks(value: number) {
    writeUnsigned(this.#view, this.#at + 8, value);
  }
  get ticksRaw(): bigint {
    return this.#view.getBigUint64(this.#at + 8, true);
  }
  set ticksRaw(value: bigint) {
    this.#view.setBigUint64(this.#at + 8, wide(value, false), true);
  }

  get bidPrice(): number {
    return readSigned(this.#view, this.#at + 16);
  }
  set bidPrice(value: number) {
    writeSigned(this.#view, this.#at + 16, value);
  }
  get bidPriceRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 16, true);
  }
  set bidPriceRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 16, wide(value, true), true);
  }

  get askPrice(): number {
    return readSigned(this.#view, this.#at + 24);
  }
  set askPrice(value: number) {
    writeSigned(this.#view, this.#at + 24, value);
  }
  get askPriceRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 24, true);
  }
  set askPriceRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 24, wide(value, true), true);
  }

  get lastPrice(): number {
    return readSigned(this.#view, this.#at + 32);
  }
  set lastPrice(value: number) {
    writeSigned(this.#view, this.#at + 32, value);
  }
  get lastPriceRaw(): bigint {
    return this.#view.getBigInt64(this.#at + 32, true);
  }
  set lastPriceRaw(value: bigint) {
    this.#view.setBigInt64(this.#at + 32, wide(value, true), true);
  }

  get instrument(): number {
    return this.#view.getUint32(this.#at + 40, true);
  }
  set instrument(value: number) {
    this.#view.setUint32(this.#at + 40, value, true);
  }

  get resets(): number {
    return this.#view.getUint32(this.#at + 44, true);
  }
  set resets(value: number) {
    this.#view.setUint32(this.#at + 44, value, true);
  }

  features(index: number): number {
    return this.#view.getFloat64(this.#at + 48 + index * 8, true);
  }
  setFeatures(index: number, value: number): void {
    this.#view.setFloat64(this.#at + 48 + index * 8, value, true);
  }
}
