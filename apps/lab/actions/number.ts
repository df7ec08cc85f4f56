import { sql } from "kysely";
import type { Tx } from "@probity/kernel";
import { query } from "../query.ts";

export type Numbered = { readonly series: string; readonly sequence: number; readonly number: string };
const defaults = {
  sample: { prefix: "S", digits: 5, period: "year" },
  worksheet: { prefix: "WS", digits: 4, period: "year" },
  investigation: { prefix: "OOS", digits: 4, period: "year" },
  certificate: { prefix: "COA", digits: 4, period: "year" },
  study: { prefix: "ST", digits: 4, period: "year" },
} as const;

const tables = {
  sample: "lab.sample",
  worksheet: "lab.worksheet",
  investigation: "lab.investigation",
  certificate: "lab.certificate",
  study: "lab.study",
} as const;

/**
 * The next numbers of a series, without gaps: whoever registers in the same workspace at the same time waits for this one to
 * be done. Of a year's or month's series those of the moment named, now unless said otherwise.
 */
export async function nextNumbers(
  tx: Tx,
  kind: keyof typeof defaults,
  count: number,
  at: Date = new Date(),
): Promise<Numbered[]> {
  const lock = sql`select pg_advisory_xact_lock(hashtextextended(${`lab.${kind}:${tx.who.tenantId}`}, 0))`;
  await tx.all({ compile: () => lock.compile(query) });
  const own = await tx.first(
    query
      .selectFrom("lab.numbering")
      .select(["prefix", "digits", "period"])
      .where("series", "=", kind)
      .where("deleted_at", "is", null),
  );
  const { prefix, digits, period } = own ?? defaults[kind];
  const today = at.toISOString();
  const part = period === "none" ? "" : period === "year" ? today.slice(2, 4) : today.slice(2, 7).replace("-", "");
  const series = [prefix, part].filter((each) => each !== "").join("-");
  const last = await tx.first(
    query.selectFrom(tables[kind]).select("sequence").where("series", "=", series).orderBy("sequence", "desc").limit(1),
  );
  const from = (last?.sequence ?? 0) + 1;
  return Array.from({ length: count }, (_, index) => ({
    series,
    sequence: from + index,
    number: `${series}-${String(from + index).padStart(digits, "0")}`,
  }));
}
