/** How a kernel stands. */

import * as abi from "./generated/abi.ts";
import type { StatusRecord } from "./generated/records.ts";

export interface KernelStatus {
  readonly name: string;
  readonly pid: number;
  /** Whether its loop runs. */
  readonly running: boolean;
  /** Whether the source has ended. */
  readonly ended: boolean;
  /** Whether time is the machine's, and not the tape's. */
  readonly realtime: boolean;
  /** The kernel's time in nanoseconds; null before its first input. */
  readonly nowNs: bigint | null;
  readonly ticksPublished: number;
  /** Slots of the tick ring: how far behind a reader may be. */
  readonly tickCapacity: number;
  /** Client channels, claimed or not. */
  readonly channels: number;
  /** Clients subscribed now, for which a tape waits. */
  readonly participants: number;
  /** The reason that was given with the trading state, "" before the first. */
  readonly stateReason: string;
}

export function kernelStatus(row: StatusRecord): KernelStatus {
  return {
    name: row.name,
    pid: row.pid,
    running: row.running !== 0,
    ended: row.sourceEnded !== 0,
    realtime: row.clock === abi.NT_CLOCK_MONOTONIC,
    nowNs: row.nowRaw === abi.NT_ABSENT ? null : row.nowRaw,
    ticksPublished: row.ticksPublished,
    tickCapacity: row.tickCapacity,
    channels: row.channels,
    participants: row.participants,
    stateReason: row.stateReason,
  };
}
