import type { LabWorld } from "./world.ts";

/** What the page of a result says of who did it, and with what: a line a fact. */
export async function attributed(world: LabWorld, id: string): Promise<string> {
  const found = JSON.parse((await world.as.reader("GET", `/api/lab/results/${id}/evidence`)).text);
  const [one] = found.principles.filter((each: { key: string }) => each.key === "attributable");
  return one.facts.map((each: { label: string; value: string }) => `${each.label} ${each.value}`).join("\n");
}
