/** How texts about a configuration quote what it has: alike in every language. */

import { TomlDate } from "smol-toml";

import { brief, exact } from "./numbers.ts";

const SHOWN_MAX = 60; // characters of a text

/** A text in quotes, cut where it is long. */
export function quoted(text: string): string {
  const characters = Array.from(text.slice(0, 2 * SHOWN_MAX + 1)); // a character is at most two of a string's units
  const shown = characters.length <= SHOWN_MAX ? text : `${characters.slice(0, SHOWN_MAX).join("")}…`;
  return `'${JSON.stringify(shown).slice(1, -1)}'`;
}

/** Some words to choose from. */
export function either(allowed: readonly string[]): string {
  return allowed.map((word) => `'${word}'`).join(" or ");
}

/** An object that is a table: not one of a class. Objects of other realms count, whose prototypes are their own. */
export function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** Its own keys with their values; a key that is undefined counts as not there. */
export function entriesOf(table: Readonly<Record<string, unknown>>): ReadonlyMap<string, unknown> {
  return new Map(Object.entries(table).filter(([, value]) => value !== undefined));
}

/** The text of a TOML date or time: "17:00:00", "2013-09-02". */
export function dateText(date: TomlDate): string {
  return date.isValid() ? date.toISOString().replace(/\.000(?=Z?$|[+-])/, "") : "no date";
}

/** A value as a file has it. */
export function shown(value: unknown): string {
  if (typeof value === "string") return quoted(value);
  if (typeof value === "bigint") return brief({ digits: value, exponent: 0 });
  if (typeof value === "number") return Number.isFinite(value) ? brief(exact(value)) : String(value);
  if (typeof value === "boolean") return String(value);
  if (value === null || value === undefined) return "nothing";
  if (Array.isArray(value)) return value.length > 0 ? "a list" : "an empty list";
  if (value instanceof TomlDate) return dateText(value);
  if (isTable(value)) return "a table";
  return typeof value === "object" ? `a ${Object.prototype.toString.call(value).slice(8, -1)}` : `a ${typeof value}`;
}
