/** A policy's value as the page states it: `30 minutes`, `any address`, `10.0.0.0/8, 192.168.0.0/16`. */
export function sayPolicy(value: number | readonly string[], unit: string): string {
  if (typeof value === "number") return `${value} ${unit}`;
  return value.length === 0 ? "any address" : value.join(", ");
}

/** What the field shows of a value; a list stands one entry a line. */
export function policyText(value: number | readonly string[]): string {
  return typeof value === "number" ? String(value) : value.join("\n");
}

/**
 * What was typed, of the same kind as the value in force: a whole number or a list. Bounds are the server's to
 * judge. A text tells what is wrong.
 */
export function typedPolicy(text: string, now: number | readonly string[]): { value: number | string[] } | string {
  if (typeof now !== "number") return { value: text.split(/[\s,;]+/).filter((entry) => entry !== "") };
  return /^\d{1,6}$/.test(text.trim()) ? { value: Number(text.trim()) } : "Enter a whole number, such as 30.";
}
