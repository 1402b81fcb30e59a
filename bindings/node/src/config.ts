/**
 * Configurations: the same documents as in Python, keys spelled as in a TOML file. Everything is checked before anything starts, and every
 * problem is reported at once with the dotted path of its key. A key that nothing reads is refused: a limit with a typo would never fire.
 */

import { readFileSync } from "node:fs";
import { dirname } from "node:path";

import { parse, TomlDate, TomlError } from "smol-toml";

import { checkStruct, Problems, REFUSED } from "./config_rules.ts";
import { checkWhole, splitSymbol } from "./config_whole.ts";
import type { ConfigProblem } from "./errors.ts";
import { ConfigError, LiveTradingUnavailable } from "./errors.ts";
import type { KernelConfig, SoundConfig } from "./generated/config_schema.ts";
import { dateText, entriesOf, isTable } from "./wording.ts";

const SAMPLE = "sample:";
const FAILURES: Readonly<Record<string, string>> = {
  ENOENT: "No such file or directory",
  EACCES: "Permission denied",
  EISDIR: "Is a directory",
  ENOTDIR: "Not a directory",
};

/** Everything that is wrong with a configuration: empty when it is sound. Relative paths are taken from `directory`. */
export function validateConfig(config: unknown, directory?: string): readonly ConfigProblem[] {
  return examine(config, directory).problems;
}

/** Read and check a TOML file, whose relative paths are taken from where it is. ConfigError lists everything that is wrong with it. */
export function readConfig(path: string): KernelConfig {
  const tables = readTables(path);
  const { config, problems } = examine(tables, dirname(path));
  refuse(problems, path);
  return placed(plain(tables) as KernelConfig, config as SoundConfig); // without problems there is one
}

/** Throw what is wrong, where anything is. @internal */
export function refuse(problems: readonly ConfigProblem[], origin = ""): void {
  const live = problems.some(({ path, message }) => path === "mode" && message.startsWith("live"));
  if (live) throw new LiveTradingUnavailable(problems, origin);
  if (problems.length > 0) throw new ConfigError(problems, origin);
}

/** The checked form of a configuration. ConfigError lists everything that is wrong. @internal */
export function soundConfig(data: unknown): SoundConfig {
  const { config, problems } = examine(data);
  refuse(problems);
  return config as SoundConfig; // without problems there is one
}

// ---- files -------------------------------------------------------------------------------------------------------------------------

/** The tables of a TOML file, unchecked; whole numbers beyond 2^53 as bigint. */
function readTables(path: string): Readonly<Record<string, unknown>> {
  const wrong = (message: string): ConfigError => new ConfigError([{ path: "", message }], path);
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const code = typeof error === "object" && error !== null && "code" in error ? String(error.code) : String(error);
    throw wrong(`cannot be read: ${FAILURES[code] ?? code}`);
  }
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw wrong("is not UTF-8 text");
  }
  if (text.startsWith("\ufeff")) throw wrong("is not TOML: it begins with a byte order mark");
  try {
    return parse(text, { integersAsBigInt: "asNeeded" });
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const what = error.message.split("\n", 1)[0]?.replace("Invalid TOML document: ", "");
    throw wrong(`is not TOML: ${what} (at line ${error.line}, column ${error.column})`);
  }
}

/** A copy with dates and times as text. */
function plain(value: unknown): unknown {
  if (value instanceof TomlDate) return dateText(value);
  if (Array.isArray(value)) return value.map(plain);
  return isTable(value) ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)])) : value;
}

/** The same document with the paths of the checked configuration. */
function placed(document: KernelConfig, { strategy, source, models }: SoundConfig): KernelConfig {
  const path = (name: string): string | null => models.get(name)?.path ?? null;
  const withPaths = Object.entries(document.models ?? {}).map(([name, model]) => [name, { ...model, path: path(name) }]);
  return {
    ...document,
    ...(document.strategy === undefined ? {} : { strategy }),
    ...(document.source?.path === undefined ? {} : { source: { ...document.source, path: source.path } }),
    ...(document.models === undefined ? {} : { models: Object.fromEntries(withPaths) as NonNullable<KernelConfig["models"]> }),
  };
}

// ---- checking ----------------------------------------------------------------------------------------------------------------------

export interface Examined {
  readonly config: SoundConfig | null;
  readonly problems: readonly ConfigProblem[];
}

/**
 * The configuration as far as it is sound, and everything that is wrong with it. What was refused is left out of the first (null when
 * nothing is left of it), so that what shows only when the parts are seen together is found at the same time. @internal
 */
export function examine(data: unknown, directory?: string): Examined {
  const found = new Problems();
  if (isTable(data) && !entriesOf(data).has("accounts")) {
    found.refuse("accounts", "is missing; add [accounts.main] with currency and cash");
  }
  let checked = checkStruct("Config", data, "", found);
  if (checked === REFUSED) checked = checkStruct("Config", without(data, found.list), "", new Problems());
  if (checked === REFUSED) return { config: null, problems: found.list };
  const broken = new Set(found.list.map(({ path }) => path.split(".", 1)[0] ?? ""));
  const config = completed(checked as SoundConfig, directory, found);
  checkWhole(config, found, broken);
  return { config, problems: found.list };
}

/** Tables less what was refused: a key, or the whole of an instrument or account. A name is put in the place of a bad one. */
function without(data: unknown, problems: readonly ConfigProblem[]): unknown {
  if (!isTable(data)) return data;
  const left = new Map(entriesOf(data));
  for (const { path } of problems) {
    const dot = path.indexOf(".");
    const [top, rest] = dot < 0 ? [path, ""] : [path.slice(0, dot), path.slice(dot + 1)];
    const table = left.get(top);
    if (rest === "" || !isTable(table)) left.delete(top);
    else left.set(top, Object.fromEntries([...entriesOf(table)].filter(([key]) => !`${rest}.`.startsWith(`${key}.`))));
  }
  if (!left.has("name")) left.set("name", "unnamed");
  return Object.fromEntries(left);
}

/** With paths from the directory of the file. */
function completed(config: SoundConfig, directory: string | undefined, problems: Problems): SoundConfig {
  const { source } = config;
  const { path } = source;
  const place = (spec: string): string => locatedSource(spec, directory);
  for (const [symbol, instrument] of config.instruments) {
    if (instrument.symbol === null || instrument.symbol === symbol) continue;
    problems.refuse(`instruments.${symbol}.symbol`, `is ${instrument.symbol}; leave it out or make it ${symbol}`);
  }
  return {
    ...config,
    strategy: located(config.strategy, directory),
    source: { ...source, path: path === null ? null : typeof path === "string" ? place(path) : path.map(place) },
    models: new Map([...config.models].map(([name, model]) => [name, { ...model, path: located(model.path, directory) }])),
  };
}

function located<Path extends string | null>(path: Path, directory: string | undefined): Path | string {
  if (path === null || directory === undefined || path.startsWith(SAMPLE)) return path;
  const whole = path.startsWith("/") ? path : `${directory}/${path}`;
  const parts = whole.split("/").filter((part) => part !== "" && part !== "."); // ".." stays: it may be behind a link
  return `${whole.startsWith("/") ? "/" : ""}${parts.join("/")}`;
}

function locatedSource(spec: string, directory: string | undefined): string {
  const [symbol, rest] = splitSymbol(spec);
  const path = located(rest, directory);
  return symbol === undefined ? path : `${symbol}=${path}`;
}
