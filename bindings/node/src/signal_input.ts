/** Signals in: what a model of this program found, checked and written as a record. */

import { describe, InvalidArgument } from "./errors.ts";
import * as abi from "./generated/abi.ts";
import type { TickRecord } from "./generated/records.ts";
import { flag } from "./orders.ts";

/** What a model found: probabilities of its classes, or mean and deviation. */
export interface SignalInput {
  readonly symbol: string;
  /** 1 to 6 numbers. */
  readonly values: readonly number[];
  /** A model of the kernel without a file, the first unless named. */
  readonly model?: string;
  /** From 0 to 1. Without it the values have to be probabilities, and it is the largest. */
  readonly confidence?: number;
  /** False: the model warms up, and its last signal does not hold any more. */
  readonly ready?: boolean;
  /** Probabilities were calibrated on data that the model was not trained on. */
  readonly calibrated?: boolean;
  readonly precision?: "fp32" | "bf16" | "int8";
}

const SUM_SLACK = 1e-3; // of probabilities in float32
const PRECISIONS: ReadonlyMap<unknown, number> = new Map([
  ["fp32", 0],
  ["bf16", abi.NT_SIGNAL_BFLOAT16],
  ["int8", abi.NT_SIGNAL_INT8],
]);

/** The record's values, confidence and flags become those of the signal. InvalidArgument for what is none. */
export function writeSignal(record: TickRecord, signal: SignalInput): void {
  const { values, confidence, precision = "fp32" } = signal;
  const [ready, calibrated] = [signal.ready === undefined || flag(signal.ready, "ready"), flag(signal.calibrated, "calibrated")];
  if (!Array.isArray(values) || values.length < 1 || values.length > abi.NT_SIGNAL_VALUES) {
    throw new InvalidArgument(`a signal has 1 to ${abi.NT_SIGNAL_VALUES} values, not ${describe(values)}`);
  }
  const wrong = [...values, confidence ?? 0].find((value) => typeof value !== "number");
  if (wrong !== undefined) throw new InvalidArgument(`values and confidence of a signal are numbers, not ${describe(wrong)}`);
  const probable = values.every((value) => value >= 0) && Math.abs(values.reduce((sum, value) => sum + value, 0) - 1) <= SUM_SLACK;
  if (ready && confidence === undefined && !probable) {
    throw new InvalidArgument("values are no probabilities, which are at least 0 and sum to 1; say how sure the model is: confidence");
  }
  const computed = PRECISIONS.get(precision);
  if (computed === undefined) throw new InvalidArgument(`precision ${describe(precision)} is none of ${[...PRECISIONS.keys()].join(", ")}`);
  for (let index = 0; index < abi.NT_SIGNAL_VALUES; index++) {
    record.setValues(index, index < values.length ? (ready ? (values[index] as number) : NaN) : 0);
  }
  record.valueCount = values.length;
  record.confidence = ready ? (confidence ?? Math.max(...values)) : NaN;
  record.signalFlags = computed | (ready ? 0 : abi.NT_SIGNAL_NOT_READY) | (calibrated ? abi.NT_SIGNAL_CALIBRATED : 0);
}
