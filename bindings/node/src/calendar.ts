/** Dates, times of day and weekdays of a configuration. */

import { quoted } from "./wording.ts";

const DAYS: readonly string[] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const NAMES: readonly string[] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const SPACE = "[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]*"; // as Python has it
const PART = new RegExp(`^${SPACE}([A-Z][a-z]{2})(?:${SPACE}-${SPACE}([A-Z][a-z]{2}))?${SPACE}$`);
const AROUND = new RegExp(`^${SPACE}|${SPACE}$`, "g");
const TIME = /^(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9])?$/;
const DATE = /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/;

/** Weekday numbers (Monday 0) of a text such as "Sun-Thu" or "Mon,Wed,Fri"; what is wrong with it, where it is none. */
export function weekdays(days: string): ReadonlySet<number> | string {
  const found = new Set<number>();
  for (const part of days.split(",")) {
    const match = PART.exec(part);
    const first = DAYS.indexOf(match?.[1] ?? "");
    const last = match?.[2] === undefined ? first : DAYS.indexOf(match[2]);
    if (first < 0 || last < 0) return `${quoted(part.replace(AROUND, ""))} is not a day or a range of days; write Mon-Fri or Mon,Wed`;
    for (let day = first; day <= (last >= first ? last : last + 7); day++) found.add(day % 7);
  }
  return found;
}

/** "09:30" and "09:30:00" as "09:30:00"; undefined for what is no time of day. */
export function timeOfDay(text: string): string | undefined {
  return TIME.test(text) ? (text.length === 5 ? `${text}:00` : text) : undefined;
}

/** The weekday (Monday 0) of a date such as 2013-09-02; undefined for what is none. */
export function weekdayOf(text: string): number | undefined {
  if (!DATE.test(text) || text.startsWith("0000")) return undefined;
  const date = new Date(`${text}T00:00:00Z`);
  const exists = !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
  return exists ? (date.getUTCDay() + 6) % 7 : undefined;
}

export function weekdayName(weekday: number): string {
  return NAMES[weekday] ?? "";
}
