import type { Tx } from "@probity/kernel";
import { nextNumbers, type Numbered } from "../actions/number.ts";

/** Numbers of moments in their order: each year has its own series. */
export async function numbersInTime(tx: Tx, kind: Parameters<typeof nextNumbers>[1], moments: readonly number[]): Promise<Numbered[]> {
  const drawn: Numbered[] = [];
  for (const [, some] of Map.groupBy(moments, (at) => new Date(at).getUTCFullYear()))
    // oxlint-disable-next-line no-await-in-loop -- two years at most, over one connection
    drawn.push(...(await nextNumbers(tx, kind, some.length, new Date(some[0] ?? Date.now()))));
  return drawn;
}
