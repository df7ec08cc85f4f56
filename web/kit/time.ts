/** Dates as the product writes them: the reader's own zone, always named. */

const dateTime = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "short",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  timeZoneName: "short",
});
const parts = { day: "numeric", month: "short", year: "numeric" } as const;
const day = new Intl.DateTimeFormat("en-GB", parts);
/** A day without a time is the same day everywhere; read as midnight in Greenwich it would be the day before in America. */
const bareDay = new Intl.DateTimeFormat("en-GB", { ...parts, timeZone: "UTC" });

/** `12 Nov 2026, 10:02 CET`; the text itself when it is no date. */
export function showTime(iso: string): string {
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) ? iso : dateTime.format(date);
}

/** `12 Nov 2026`. */
export function showDay(iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  return (/^\d{4}-\d\d-\d\d$/.test(iso) ? bareDay : day).format(date);
}

/** The zone that times without one are read in here: `Europe/Berlin`. */
export const ownZone = dateTime.resolvedOptions().timeZone;

/** `4 min ago`, `2 d ago`, from a fixed now so that tests can name it. */
export function showAge(iso: string, now = Date.now()): string {
  const minutes = Math.round((now - new Date(iso).getTime()) / 60_000);
  if (Number.isNaN(minutes)) return iso;
  if (minutes < 1) return "just now";
  if (minutes < 60) return `${minutes} min ago`;
  if (minutes < 48 * 60) return `${Math.round(minutes / 60)} h ago`;
  return `${Math.round(minutes / 1440)} d ago`;
}

/** `1.4 MB`, decimal units. */
export function showBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${Math.round(bytes / 1000)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
