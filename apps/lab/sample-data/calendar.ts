// What is stated of the past lies in working hours, Monday to Friday: nobody was there at other times.

export const dayMs = 86_400_000;
export const hourMs = 3_600_000;
export const minuteMs = 60_000;
const opensAt = 6 * hourMs;
const closesAt = 15 * hourMs;

/** The moment itself where somebody is there, else one in the first hours of the next working day. */
export function working(at: number): number {
  const day = Math.floor(at / dayMs) * dayMs;
  const into = at - day;
  if (isWorkday(day) && into >= opensAt && into < closesAt) return at;
  let next = into < opensAt ? day : day + dayMs;
  while (!isWorkday(next)) next += dayMs;
  // The same every time, and not everybody at the same minute.
  return next + opensAt + (Math.floor(at / minuteMs) % 150) * minuteMs + (at % minuteMs);
}

/** A time of the day, in hours, on the nth working day before a moment's. */
export function workdayBefore(now: number, count: number, hours: number): number {
  let day = Math.floor(now / dayMs) * dayMs;
  for (let left = count; left > 0; ) {
    day -= dayMs;
    if (isWorkday(day)) left -= 1;
  }
  return day + Math.round(hours * 60) * minuteMs;
}

export function isWorkday(at: number): boolean {
  const weekday = new Date(at).getUTCDay();
  return weekday !== 0 && weekday !== 6;
}

export const iso = (at: number) => new Date(at).toISOString();
export const dayOf = (at: number) => iso(at).slice(0, 10);

/** The day itself, or the Monday after it. */
export function onWorkday(day: string): string {
  let at = Date.parse(`${day}T00:00:00Z`);
  while (!isWorkday(at)) at += dayMs;
  return dayOf(at);
}
