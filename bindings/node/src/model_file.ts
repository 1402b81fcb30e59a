/** What a model's file says of itself besides its tensors, and whether it may run in a precision. */

import { PrecisionRefused } from "./errors.ts";
import {
  NT_PRECISION_BFLOAT16,
  NT_PRECISION_FLOAT32,
  NT_PRECISION_INT8,
  NT_PRECISION_LOG_LOSS_PPM,
  NT_PRECISION_MAX_PPM,
  NT_PRECISION_P99_PPM,
} from "./generated/abi.ts";

export type Precision = "fp32" | "bf16" | "int8";

export const PRECISION_CODES: Readonly<Record<Precision, number>> = {
  fp32: NT_PRECISION_FLOAT32,
  bf16: NT_PRECISION_BFLOAT16,
  int8: NT_PRECISION_INT8,
};
export const FILE_BYTES_MAX: number = 256 * 2 ** 20; // the core refuses more; what is larger is not read

/** How far a precision's probabilities were from float32's: largest, 99th percentile, change of log loss in nats. */
interface Deviation {
  readonly max_dp: number;
  readonly p99_dp: number;
  readonly log_loss_change: number;
  readonly rows: number;
}

interface Header {
  readonly __metadata__: { readonly neural_trader: string };
}

/** The parts of a description that the core does not hand out. */
export interface Description {
  readonly name: string;
  readonly version: string;
  readonly features: { readonly names: readonly string[] };
  readonly output: { readonly labels: readonly string[] };
  readonly precision: Readonly<Record<string, Deviation | undefined>>;
}

const NAMES: Readonly<Record<Precision, string>> = { fp32: "float32", bf16: "bfloat16", int8: "int8" };
const MILLION = 1e6;

/** The description in the header of a file that the core has loaded, and so has checked: it is not checked again here. */
export function describeModel(bytes: Uint8Array): Description {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))) as Header;
  return JSON.parse(header.__metadata__.neural_trader) as Description;
}

/** PrecisionRefused unless the file may run in the precision: it is fp32, or it was measured and is near enough. */
export function refuseUnmeasured(file: Description, precision: Precision): void {
  if (precision === "fp32") return;
  const model = `model ${file.name} ${file.version}`;
  const measured = file.precision[NAMES[precision]];
  if (measured === undefined) {
    throw new PrecisionRefused(
      `it was not measured how far ${precision} is from fp32 for ${model}: ` +
        `\`neural-trader model quantize MODEL --precision ${precision} --source SOURCE\` measures it`,
    );
  }
  const found = failures(measured);
  if (found.length > 0) {
    const rows = measured.rows.toLocaleString("en-US");
    throw new PrecisionRefused(`${precision} is too far from fp32 for ${model} on ${rows} rows: ${found.join("; ")}; use fp32`);
  }
}

/** What of the gate a deviation does not pass, in words with numbers. */
function failures(measured: Deviation): string[] {
  const rows: readonly (readonly [string, number, number, (value: number) => string])[] = [
    ["p99 |dp|", measured.p99_dp, NT_PRECISION_P99_PPM / MILLION, (value) => value.toFixed(5)],
    ["largest |dp|", measured.max_dp, NT_PRECISION_MAX_PPM / MILLION, (value) => value.toFixed(5)],
    ["log loss change", measured.log_loss_change, NT_PRECISION_LOG_LOSS_PPM / MILLION, (value) => `${(1000 * value).toFixed(3)} millinats`],
  ];
  return rows
    .filter(([, value, limit]) => !(value <= limit))
    .map(([name, value, limit, shown]) => `${name} is ${shown(value)}, at most ${shown(limit)} is allowed`);
}
