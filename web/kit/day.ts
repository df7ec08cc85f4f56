/** Days and times as they are typed: one reading only, or none and why. */

export type DayRead = { readonly day: string; readonly fault: null } | { readonly day: null; readonly fault: string };

const monthNames = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];
const two = (value: number) => String(value).padStart(2, "0");
const refuse = (fault: string): DayRead => ({ day: null, fault });

/**
 * The day somebody wrote. Year first is the same everywhere (ISO 8601), and so is a month by its name; `03/04/2026` is
 * April in London and March in New York, and is refused with both readings instead of being guessed.
 */
export function readDay(typed: string): DayRead {
  const text = typed.trim();
  const yearFirst =
    /^(\d{4})(\d{2})(\d{2})$/.exec(text) ?? /^(\d{4})\s*[-./]\s*(\d{1,2})\s*[-./]\s*(\d{1,2})\.?$/.exec(text);
  if (yearFirst !== null) return made(Number(yearFirst[1]), Number(yearFirst[2]), Number(yearFirst[3]));
  const dayFirst = /^(\d{1,2})[.\s-]*([a-z]{3,9})[.,\s-]*(\d{4})$/i.exec(text);
  const monthFirst = /^([a-z]{3,9})[.\s-]*(\d{1,2})[,\s-]+(\d{4})$/i.exec(text);
  const [name, day, year] =
    dayFirst !== null
      ? [dayFirst[2], dayFirst[1], dayFirst[3]]
      : monthFirst !== null
        ? [monthFirst[1], monthFirst[2], monthFirst[3]]
        : [];
  if (name !== undefined) {
    const month = monthNames.findIndex((each) => each.toLowerCase().startsWith(name.toLowerCase()));
    if (month >= 0) return made(Number(year), month + 1, Number(day));
  }
  const short = /^(\d{1,2})[-./](\d{1,2})[-./](\d{4}|\d{2})$/.exec(text);
  if (short === null) return refuse("Write it as 2026-11-30: year, month, day.");
  const [first, second] = [Number(short[1]), Number(short[2])];
  const full = short[3]?.length === 2 ? 2000 + Number(short[3]) : Number(short[3]);
  const readings = [...new Set([made(full, second, first).day, made(full, first, second).day])].filter(
    (each) => each !== null,
  );
  const [one, other] = readings;
  if (one !== undefined && other !== undefined)
    return refuse(`${text} is ${spoken(one)} or ${spoken(other)}. Write ${one} or ${other}.`);
  return refuse(one === undefined ? "Write it as 2026-11-30: year, month, day." : `Write the year first: ${one}.`);
}

/** A day with its time of day, `2026-11-30T10:02`: a local time, as `datetime-local` has it. */
export function readDayTime(typed: string): DayRead {
  const parts = /^(.*\S)[\sT]+(\d{1,2})[:.]?(\d{2})$/i.exec(typed.trim());
  if (parts === null) {
    const alone = readDay(typed);
    return refuse(
      alone.day === null ? "Write it as 2026-11-30 10:02." : `The time is missing. Write ${alone.day} 10:02.`,
    );
  }
  const read = readDay(parts[1] ?? "");
  if (read.day === null) return read;
  const [hour, minute] = [Number(parts[2]), Number(parts[3])];
  if (hour > 23 || minute > 59) return refuse("The time goes from 00:00 to 23:59.");
  const at = `${read.day}T${two(hour)}:${two(minute)}`;
  // Where the clock goes forward an hour is left out; a program would quietly take the one after.
  if (new Date(at).getHours() !== hour)
    return refuse(`There was no ${two(hour)}:${two(minute)} on that day: the clock went forward.`);
  return { day: at, fault: null };
}

/** What is wrong with a value of a date field; undefined when it is empty or a day within its bounds. */
export function dayFault(
  value: string,
  bounds: { readonly min?: string | undefined; readonly max?: string | undefined; readonly time?: boolean } = {},
): string | undefined {
  if (value.trim() === "") return undefined;
  const read = bounds.time ? readDayTime(value) : readDay(value);
  if (read.day === null) return read.fault;
  const { min, max } = bounds;
  if (min !== undefined && read.day.slice(0, min.length) < min) return `The first possible day is ${shown(min)}.`;
  if (max !== undefined && read.day.slice(0, max.length) > max) return `The last possible day is ${shown(max)}.`;
  return undefined;
}

/** So many days or months on; the last day of a month where that month is shorter. */
export function moveDay(value: string, step: { readonly days?: number; readonly months?: number }): string {
  const [day = "", time] = value.split("T");
  const [year = 0, month = 1, date = 1] = day.split("-").map(Number);
  const moved = new Date(Date.UTC(year, month - 1 + (step.months ?? 0), 1));
  moved.setUTCDate(Math.min(date, lastOf(moved.getUTCFullYear(), moved.getUTCMonth() + 1)) + (step.days ?? 0));
  const iso = moved.toISOString().slice(0, 10);
  return time === undefined ? iso : `${iso}T${time}`;
}

/** The day it is here, in the reader's own zone. */
export function today(now = new Date()): string {
  return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
}

/** The day it is in Greenwich, by which the server counts days that name no zone. */
export function utcToday(now = new Date()): string {
  return now.toISOString().slice(0, 10);
}

/** A value of a date field as it stands in the field: `2026-11-30 10:02`. */
export function shown(value: string): string {
  return value.replace("T", " ");
}

function made(year: number, month: number, day: number): DayRead {
  if (year < 1900 || year > 2099) return refuse("The year is between 1900 and 2099.");
  if (month < 1 || month > 12) return refuse(`There is no month ${month}. Write year, month, day: 2026-11-30.`);
  const last = lastOf(year, month);
  if (day < 1 || day > last) return refuse(`${monthNames[month - 1]} ${year} has ${last} days.`);
  return { day: `${year}-${two(month)}-${two(day)}`, fault: null };
}

function lastOf(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}

function spoken(day: string): string {
  const [, month = 1, date = 1] = day.split("-").map(Number);
  return `${date} ${monthNames[month - 1]}`;
}
