/** How an instrument stands. What is worst is what it is. */
export type InstrumentStatus = "in-service" | "due-soon" | "overdue" | "on-hold" | "retired";
export const instrumentStatuses = ["in-service", "due-soon", "overdue", "on-hold", "retired"] as const;
/** How long before its day something counts as due soon. */
export const dueSoonDays = 30;

/** The state from what the database finds wrong and the day that is due next. */
export function statusOf(faults: readonly string[], nextDueOn: string | null, today: string): InstrumentStatus {
  if (faults.includes("retired")) return "retired";
  if (faults.includes("on-hold")) return "on-hold";
  if (faults.length > 0) return "overdue";
  if (nextDueOn === null) return "in-service";
  const days = (Date.parse(nextDueOn) - Date.parse(today)) / 86_400_000;
  return days <= dueSoonDays ? "due-soon" : "in-service";
}

/** A fault of the database in words: now, or as it was when a value was entered. */
export function sayFault(code: string, name: string, then = false): string {
  const when = then ? " when the value was entered" : "";
  if (code === "on-hold")
    return then ? `${name} was on hold when the value was entered, or is now.` : `${name} is on hold.`;
  if (code === "retired") return `${name} ${then ? "was" : "is"} out of service${when}.`;
  if (code === "found-out") return `${name} was found out of tolerance after the value was entered.`;
  const [what = "", ...act] = code.split("-");
  const done = act.join("-");
  if (what === "no") return `${name} ${then ? "had" : "has"} no ${done} on record${when}.`;
  if (what === "failed") return `The last ${done} of ${name} ${then ? "had" : "has"} failed${when}.`;
  if (what === "expired") return `The ${done} of ${name} ${then ? `had run out${when}` : "has run out"}.`;
  return `${name} is not known to be in order.`;
}

/** A kind as people say it: `ph-meter` is a pH meter. */
export function sayKind(kind: string): string {
  return kind
    .replaceAll("-", " ")
    .replace(/^ph\b/, "pH")
    .replace(/^(hplc|toc|uv|gc)\b/, (word) => word.toUpperCase());
}
