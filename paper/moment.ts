const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/**
 * An instant as it is printed: `12 Nov 2026 10:02 CET`. The zone is always named, since a
 * time without its zone cannot be compared (21 CFR 11.50 asks for date and time of each signing).
 */
export function printInstant(instant: string, zone: string): string {
  const date = new Date(instant);
  if (Number.isNaN(date.getTime())) return instant;
  const parts = new Map(
    new Intl.DateTimeFormat("en-GB", {
      timeZone: zone,
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "2-digit",
      minute: "2-digit",
      hourCycle: "h23",
      timeZoneName: "short",
    })
      .formatToParts(date)
      .map((part) => [part.type, part.value]),
  );
  const month = months[Number(parts.get("month")) - 1] ?? "";
  return `${parts.get("day")} ${month} ${parts.get("year")} ${parts.get("hour")}:${parts.get("minute")} ${parts.get("timeZoneName")}`;
}

/** A calendar date `2026-12-04` as `4 Dec 2026`; anything else is returned as it is. */
export function printDay(day: string): string {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(day);
  if (match === null) return day;
  return `${Number(match[3])} ${months[Number(match[2]) - 1] ?? match[2]} ${match[1]}`;
}
