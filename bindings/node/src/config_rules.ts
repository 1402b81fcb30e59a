/** Each value of a configuration by the rule of its key. The texts are those of neural_trader/_fields.py. */

import { TomlDate } from "smol-toml";

import { timeOfDay, weekdayOf, weekdays } from "./calendar.ts";
import { closest } from "./closest.ts";
import type { ConfigProblem } from "./errors.ts";
import { InvalidArgument } from "./errors.ts";
import type { Field, Rule, SimpleKind, StructName } from "./generated/config_schema.ts";
import { STRUCTS, TAKES } from "./generated/config_schema.ts";
import type { Exact } from "./numbers.ts";
import { brief, exact } from "./numbers.ts";
import { compare, ofExact, rational } from "./rational.ts";
import { dateText, either, entriesOf, isTable, quoted, shown } from "./wording.ts";

/** Stands for a value that was refused; the problem is on the list. */
export const REFUSED: unique symbol = Symbol("refused");

type Checked = unknown; // or REFUSED, which unknown takes in

/** Name of a kernel, symbol, account or model. */
export const NAME: RegExp = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,30}$/;
const CURRENCY = /^[A-Z0-9]{1,7}$/;
const CURRENCY_PAIR = /^([A-Z0-9]{1,7})\/(?!\1$)[A-Z0-9]{1,7}$/;
const STRATEGY = /^[^\n]+\.py:[\p{L}\p{Nl}\p{No}_][\p{L}\p{N}_]*$/u;
const TIME_ZONE = /^[A-Za-z][A-Za-z0-9_+-]*(?:\/[A-Za-z0-9_+-]+)*$/;

/** Problems as they are found. */
export class Problems {
  readonly list: ConfigProblem[] = [];

  get count(): number {
    return this.list.length;
  }

  refuse(path: string, message: string): typeof REFUSED {
    this.list.push({ path, message });
    return REFUSED;
  }
}

/** Dotted path of a key below `path`. */
function join(path: string, key: string): string {
  return path === "" ? key : `${path}.${key}`;
}

/** A table by the rules of its kind: its fields, with defaults for those that are not given. REFUSED when any of it was. */
export function checkStruct(kind: StructName, data: unknown, path: string, problems: Problems): Checked {
  if (!isTable(data)) return problems.refuse(path, `must be a table, not ${shown(data)}`);
  const given = entriesOf(data);
  const fields = STRUCTS[kind];
  const before = problems.count;
  for (const key of given.keys()) {
    if (fields.has(key)) continue;
    const near = closest(key, fields.keys());
    const hint = near === undefined ? `known are ${[...fields.keys()].join(", ")}` : `did you mean ${near}?`;
    problems.refuse(join(path, key), `unknown key; ${hint}`);
  }
  const values: Record<string, Checked> = {};
  for (const [key, field] of fields) values[key] = checkField(field, given, key, path, problems);
  return problems.count > before ? REFUSED : values;
}

function checkField(field: Field, given: ReadonlyMap<string, unknown>, key: string, path: string, problems: Problems): Checked {
  const { rule, required, standard } = field;
  if (!given.has(key) && required) return problems.refuse(join(path, key), "is missing");
  const value = given.has(key) ? given.get(key) : standard;
  return value === null && standard === null ? null : checkRule(rule, value, join(path, key), problems);
}

function checkRule(rule: Rule, value: unknown, path: string, problems: Problems): Checked {
  switch (rule.kind) {
    case "choice":
      if (typeof value === "string" && rule.allowed.includes(value)) return value;
      return problems.refuse(path, `must be ${either(rule.allowed)}, not ${shown(value)}`);
    case "words":
      return checkWords(rule.allowed, value, path, problems);
    case "whole":
      return checkWhole(rule.minimum, rule.maximum, value, path, problems);
    case "number":
      return checkNumber(rule, value, path, problems);
    case "nested":
      return checkStruct(rule.struct, value, path, problems);
    case "table":
      return checkTable(rule.key, rule.item, value, path, problems);
    default:
      return checkSimple(rule.kind, value, path, problems);
  }
}

function checkTable(keyRule: Rule, itemRule: Rule, value: unknown, path: string, problems: Problems): Checked {
  if (!isTable(value)) return problems.refuse(path, `must be a table, not ${shown(value)}`);
  const before = problems.count;
  const items = new Map<unknown, Checked>();
  for (const [key, item] of entriesOf(value)) {
    const checkedKey = checkRule(keyRule, key, join(path, key), problems);
    items.set(checkedKey, checkRule(itemRule, item, join(path, key), problems));
  }
  return problems.count > before ? REFUSED : items;
}

function checkWords(allowed: readonly string[], value: unknown, path: string, problems: Problems): Checked {
  const words: readonly unknown[] = Array.isArray(value) ? Array.from<unknown>(value) : [];
  if (words.length === 0 || !words.every((word) => typeof word === "string" && word !== "")) {
    return problems.refuse(path, `must be a list of ${either(allowed) || "names"}, not ${shown(value)}`);
  }
  const stranger = allowed.length > 0 ? words.find((word) => !allowed.includes(word as string)) : undefined;
  if (stranger !== undefined) return problems.refuse(path, `must hold only ${either(allowed)}, not ${quoted(stranger as string)}`);
  return [...new Set(words)];
}

function checkWhole(minimum: number, maximum: number, value: unknown, path: string, problems: Problems): Checked {
  const isWhole = typeof value === "bigint" || (typeof value === "number" && Number.isInteger(value));
  if (!isWhole) return problems.refuse(path, `must be a whole number, not ${shown(value)}`);
  if (value < minimum || value > maximum) return problems.refuse(path, `must be ${minimum} to ${maximum}, not ${shown(value)}`);
  return Number(value) + 0; // + 0: never minus zero
}

function checkNumber(rule: Extract<Rule, { kind: "number" }>, value: unknown, path: string, problems: Problems): Checked {
  if (typeof value === "string") return problems.refuse(path, `must be a number without quotes, not ${shown(value)}`);
  if (typeof value !== "number" && typeof value !== "bigint") return problems.refuse(path, `must be a number, not ${shown(value)}`);
  let number: Exact;
  try {
    number = exact(value, "the value");
  } catch (error) {
    if (error instanceof InvalidArgument) return problems.refuse(path, error.message);
    throw error;
  }
  const { above, least, most } = rule;
  const than = (bound: bigint): number => compare(ofExact(number), rational(bound));
  if (above !== null && than(above) <= 0) return problems.refuse(path, `must be greater than ${above}, not ${brief(number)}`);
  if (least !== null && than(least) < 0) return problems.refuse(path, `must be at least ${least}, not ${brief(number)}`);
  if (than(most) > 0 || than(-most) < 0) return problems.refuse(path, `must be at most ${most}, not ${brief(number)}`);
  return number;
}

function checkSimple(kind: SimpleKind, value: unknown, path: string, problems: Problems): Checked {
  switch (kind) {
    case "anything":
      return value;
    case "mode":
      return checkMode(value, path, problems);
    case "source_paths":
      return checkSourcePaths(value, path, problems);
    case "weekdays": {
      const days = weekdays(typeof value === "string" ? value : "");
      return typeof days === "string" ? problems.refuse(path, days) : value;
    }
    default: {
      const found = simpleValue(kind, value);
      return found === undefined ? problems.refuse(path, `must be ${TAKES[kind]}, not ${shown(value)}`) : found;
    }
  }
}

type OneValue = Exclude<SimpleKind, "anything" | "mode" | "source_paths" | "weekdays">;

/** The value as it is kept, undefined for one that the rule does not take. */
function simpleValue(kind: OneValue, value: unknown): string | boolean | undefined {
  if (kind === "flag") return typeof value === "boolean" ? value : undefined;
  if (kind === "local_time") return timeOfDay(localText(value, (date) => date.isTime()));
  if (kind === "local_date") return weekdayOf(localText(value, (date) => date.isDate())) === undefined ? undefined : localText(value);
  if (typeof value !== "string") return undefined;
  const fits = { text: /./s, name: NAME, currency: CURRENCY, currency_pair: CURRENCY_PAIR, strategy: STRATEGY, time_zone: TIME_ZONE }[kind];
  return fits.test(value) && (kind !== "time_zone" || isTimeZone(value)) ? value : undefined;
}

/** A text, or that of a TOML date or time of the right kind; "" for any other value. */
function localText(value: unknown, isRight: (date: TomlDate) => boolean = () => true): string {
  if (typeof value === "string") return value;
  return value instanceof TomlDate && isRight(value) ? dateText(value) : "";
}

function isTimeZone(name: string): boolean {
  try {
    const found = new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone;
    return found === name || found.toLowerCase() !== name.toLowerCase(); // names are told apart by case, other than here
  } catch {
    return false;
  }
}

function checkMode(value: unknown, path: string, problems: Problems): Checked {
  if (value === "live") return problems.refuse(path, 'live trading is not available in this version; use mode = "paper"');
  return checkRule({ kind: "choice", allowed: ["paper"] }, value, path, problems);
}

/** One source, or a list of them. */
function checkSourcePaths(value: unknown, path: string, problems: Problems): Checked {
  if (!Array.isArray(value)) return checkSimple("text", value, path, problems);
  if (value.length === 0) return problems.refuse(path, "is an empty list; name at least one source");
  const before = problems.count;
  const paths = Array.from<unknown, Checked>(value, (item) => checkSimple("text", item, path, problems));
  return problems.count > before ? REFUSED : paths;
}
