import type { PolicyItem, PolicyValue } from "./api-types.ts";

type Said = Pick<PolicyItem, "unit"> & Partial<Pick<PolicyItem, "choices">>;

/** A policy's value as the page states it: `30 minutes`, `any address`, `Everybody in the workspace`. */
export function sayPolicy(value: PolicyValue, { unit, choices }: Said): string {
  if (typeof value === "number") return `${value} ${unit}`.trimEnd();
  if (typeof value === "object") return value.length === 0 ? "any address" : value.join(", ");
  return choices?.find((choice) => choice.value === value)?.label ?? String(value);
}

/** What the field shows of a value; a list stands one entry a line. */
export function policyText(value: PolicyValue): string {
  return typeof value === "object" ? value.join("\n") : String(value);
}

/**
 * What was typed or chosen, of the same kind as the value in force. Bounds are the server's to judge. A text tells what is
 * wrong.
 */
export function typedPolicy(text: string, now: PolicyValue): { value: PolicyValue } | string {
  if (typeof now === "object") return { value: text.split(/[\s,;]+/).filter((entry) => entry !== "") };
  if (typeof now === "boolean") return { value: text === "true" };
  if (typeof now === "string") return { value: text };
  return /^\d{1,6}$/.test(text.trim()) ? { value: Number(text.trim()) } : "Enter a whole number, such as 30.";
}
