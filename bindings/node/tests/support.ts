/** What the tests share: a real kernel in a process of its own, and programs run by the runtime at hand. */

import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import type { Library } from "../dist/index.js";
import { openLibrary } from "../dist/index.js";
import type { Runtime } from "../dist/runtime/runtime.js";
import { findRuntime } from "../dist/runtime/runtime.js";

/** build/, where the tests are compiled to. */
export const BUILD: string = dirname(fileURLToPath(import.meta.url));
/** bindings/node. */
export const PACKAGE: string = resolve(BUILD, "..");
export const ROOT: string = resolve(PACKAGE, "..", "..");
export const SHARED = "/dev/shm";
/** Longer than anything here takes: it ends a test that hangs. */
export const PATIENCE_MS = 120_000;

export const runtime: Runtime = findRuntime();
/** The library and adapter that the environment chooses. */
export const library: Library = openLibrary();
export const python: string = process.env["NEURAL_TRADER_PYTHON"] ?? join(ROOT, ".venv", "bin", "python");

let names = 0;

/** A name of a kernel, ring or client that nothing else uses. */
export function freshName(what: string): string {
  names += 1;
  return `js-test-${what}-${process.pid}-${names}`;
}

/** What a kernel has in shared memory. */
export function segments(kernel: string): string[] {
  return readdirSync(SHARED).filter((name) => name.startsWith(`nt.${kernel}.`));
}

/** The first value of a condition that is neither false nor undefined. */
export async function until<Value>(
  condition: () => Value | false | undefined | Promise<Value | false | undefined>,
  what: string,
): Promise<Value> {
  const deadline = performance.now() + 30_000;
  for (;;) {
    const value = await condition();
    if (value !== false && value !== undefined) return value;
    if (performance.now() > deadline) throw new Error(`${what} did not come within 30 s`);
    await sleep(1);
  }
}

export interface KernelOptions {
  /** The kernel replays a tape; prints are its ticks, `end` its end. */
  readonly tape?: boolean;
  /** Clients that have to subscribe before the tape begins. */
  readonly participants?: number;
  /** As [limits] of a configuration. */
  readonly limits?: Readonly<Record<string, number | boolean | string | readonly string[]>>;
  readonly latency_us?: number;
  readonly fill_model?: "conservative" | "queue" | "probabilistic";
  /** Models whose signals come from `signal`. */
  readonly models?: readonly string[];
  readonly accounts?: readonly string[];
}

export interface Print {
  readonly price: number;
  readonly size?: number;
  readonly side?: "BUY" | "SELL";
  readonly symbol?: "ES" | "XYZ";
  readonly count?: number;
}

export interface Quoted {
  readonly bid: number;
  readonly ask: number;
  readonly size?: number;
  readonly symbol?: "ES" | "XYZ";
  readonly count?: number;
}

/** A signal to a process that has not ended. ChildProcess.kill does not send a second one everywhere. */
function send(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) process.kill(child.pid, signal);
}

/** R, S, T and so on for each thread. */
function threadStates(pid: number): string[] {
  const tasks = `/proc/${pid}/task`;
  return readdirSync(tasks).map((task) => readFileSync(`${tasks}/${task}/stat`, "utf8").replace(/^.*\) /s, "").slice(0, 1));
}

interface Waiting {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** A kernel in a process of its own, with ES (tick 0.25) and XYZ (tick 0.01, lot 0.001): tests/kernel.py. */
export class TestKernel implements AsyncDisposable {
  readonly name: string;
  readonly pid: number;
  readonly #process: ChildProcess;
  readonly #ended: Promise<number | null>;
  readonly #waiting: Waiting[] = [];

  private constructor(name: string, child: ChildProcess) {
    this.name = name;
    this.pid = child.pid ?? 0;
    this.#process = child;
    this.#ended = new Promise((resolve) => {
      child.on("exit", (code) => {
        resolve(code);
        for (const { reject } of this.#waiting.splice(0)) reject(new Error(`the kernel process has ended with ${code}`));
      });
    });
    const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
    lines.on("line", (line) => {
      const said = JSON.parse(line) as { answer?: unknown; error?: string };
      const next = this.#waiting.shift();
      if (said.error === undefined) next?.resolve(said.answer);
      else next?.reject(new Error(said.error));
    });
  }

  static async start(options: KernelOptions = {}, name: string = freshName("kernel")): Promise<TestKernel> {
    const script = join(PACKAGE, "tests", "kernel.py");
    const child = spawn(python, [script, name, JSON.stringify(options)], { stdio: ["pipe", "pipe", "inherit"] });
    const kernel = new TestKernel(name, child);
    await kernel.#answer();
    return kernel;
  }

  trade(print: Print): Promise<unknown> {
    return this.#ask("trade", print);
  }

  quote(quoted: Quoted): Promise<unknown> {
    return this.#ask("quote", quoted);
  }

  /** Prints that go up by a step each, of sizes 1, 2, 3 and so on. */
  prints(first: number, step: number, count: number, symbol: "ES" | "XYZ" = "ES"): Promise<unknown> {
    return this.#ask("prints", { first, step, count, symbol });
  }

  /** The source ends. */
  end(): Promise<unknown> {
    return this.#ask("end");
  }

  /** Prints of ES at 100 without end, until `quiet`. */
  stream(everyMs: number): Promise<unknown> {
    return this.#ask("stream", { every_ms: everyMs });
  }

  quiet(): Promise<unknown> {
    return this.#ask("quiet");
  }

  signal(model: string, values: readonly number[], symbol: "ES" | "XYZ" = "ES"): Promise<unknown> {
    return this.#ask("signal", { model, values, symbol });
  }

  /** The trading state of every account. */
  state(state: "ACTIVE" | "REDUCING" | "HALTED"): Promise<unknown> {
    return this.#ask("state", { state });
  }

  async counters(): Promise<{ readonly orders_accepted: number; readonly orders_denied: number; readonly fills: number }> {
    return (await this.#ask("counters")) as { orders_accepted: number; orders_denied: number; fills: number };
  }

  /** How many ticks the kernel has passed on. */
  async published(): Promise<number> {
    return (await this.#ask("published")) as number;
  }

  /** The loop ends; the process and its memory stay. */
  stop(): Promise<unknown> {
    return this.#ask("stop");
  }

  /** Returns once the process has ended, or every thread of it stands still. */
  async kill(signal: "SIGKILL" | "SIGSTOP" | "SIGCONT"): Promise<void> {
    send(this.#process, signal);
    if (signal === "SIGKILL") await this.#ended;
    if (signal === "SIGSTOP") await until(() => threadStates(this.pid).every((state) => state === "T"), "the stop");
  }

  /** The process leaves in good order; its exit code, null for one that was killed. */
  async close(): Promise<number | null> {
    send(this.#process, "SIGCONT");
    this.#process.stdin?.end();
    const code = await this.#ended;
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #ask(command: string, given: object = {}): Promise<unknown> {
    this.#process.stdin?.write(`${JSON.stringify({ do: command, ...given })}\n`);
    return this.#answer();
  }

  #answer(): Promise<unknown> {
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process whose lines are heard as they come. */
export class Program implements AsyncDisposable {
  readonly pid: number;
  readonly ended: Promise<Ended>;
  readonly #process: ChildProcess;
  readonly #lines: string[] = [];
  readonly #hearing: ((line: string | undefined) => void)[] = [];
  #isOver = false;

  constructor(command: string, given: readonly string[], options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {}) {
    const child = spawn(command, given, { cwd: options.cwd, env: { ...process.env, ...options.env }, stdio: ["pipe", "pipe", "pipe"] });
    this.#process = child;
    this.pid = child.pid ?? 0;
    let [stdout, stderr] = ["", ""];
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    createInterface({ input: child.stdout }).on("line", (line) => {
      stdout += `${line}\n`;
      const next = this.#hearing.shift();
      if (next === undefined) this.#lines.push(line);
      else next(line);
    });
    this.ended = new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code, signal) => {
        this.#isOver = true;
        for (const hearing of this.#hearing.splice(0)) hearing(undefined);
        resolve({ code, signal, stdout, stderr });
      });
    });
    this.ended.catch(() => undefined); // whoever awaits it is told
  }

  /** The next line that it prints; undefined when it has ended. */
  hear(): Promise<string | undefined> {
    const line = this.#lines.shift();
    if (line !== undefined || this.#isOver) return Promise.resolve(line);
    return new Promise((resolve) => this.#hearing.push(resolve));
  }

  say(line: string): void {
    this.#process.stdin?.write(`${line}\n`);
  }

  kill(signal: NodeJS.Signals = "SIGKILL"): void {
    send(this.#process, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill();
    await this.ended;
  }
}

/** How the runtime at hand runs a JavaScript file. */
export function runtimeCommand(file: string, given: readonly string[] = []): [string, string[]] {
  const before = { node: [], bun: ["run"], deno: ["run", "-A", "--no-check"] }[runtime.name];
  return [process.execPath, [...before, file, ...given]];
}

/** Run a compiled program of tests/workers in a process of its own. */
export function worker(name: string, ...given: readonly string[]): Program {
  const file = join(BUILD, "workers", `${name}.js`);
  if (!existsSync(file)) throw new Error(`${file} is missing: compile the tests`);
  return new Program(...runtimeCommand(file, given));
}
