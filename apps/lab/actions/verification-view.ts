import { sql } from "kysely";
import { manifestationOf, type Manifestation, type Tx } from "@probity/kernel";
import { query } from "../query.ts";
import { placeOf, readLines, type Whole } from "./verify.ts";

/** One act of verification over results of a sample or worksheet, as it is shown and printed beside them (11.50). */
export type ShownVerification = {
  readonly id: string;
  readonly way: "signature" | "step-up";
  readonly at: Date;
  readonly by: string | null;
  /** Null where it was confirmed without a signature. */
  readonly signature: Manifestation | null;
  /** How many of these results it verified. */
  readonly results: number;
  /** How many of them still stand as it verified them; the rest were unlocked since. */
  readonly standing: number;
  /** The worksheet or sample it was of. */
  readonly of: string;
};

/** Every verification that names results (or one of them) of this sample or worksheet, oldest first; earlier ones stay visible. */
export async function verificationsOver(tx: Tx, of: Whole, only?: string): Promise<ShownVerification[]> {
  const { column, ids } = placeOf(of);
  const results = await tx.all(
    query
      .selectFrom("lab.result")
      .select(["id", "state", "sample_id", "worksheet_id", "verification_id"])
      .where(column, "in", ids)
      .where("deleted_at", "is", null),
  );
  const samples = [...new Set(results.flatMap((each) => each.sample_id ?? []))];
  const sheets = [...new Set(results.flatMap((each) => each.worksheet_id ?? []))];
  if (results.length === 0) return [];
  // A selection is of no one sample: its results name it, also those that were unlocked since.
  const named = [
    ...new Set([
      ...results.flatMap((each) => each.verification_id ?? []),
      ...(samples.length === 0 ? [] : await formerLists(tx, samples)),
    ]),
  ];
  const rows = await tx.all(
    query
      .selectFrom("lab.verification as v")
      .leftJoin("lab.sample as s", "s.id", "v.sample_id")
      .leftJoin("lab.worksheet as w", "w.id", "v.worksheet_id")
      .leftJoin("kernel.membership as m", "m.id", "v.updated_by")
      .select([
        "v.id",
        "v.way",
        "v.version",
        "v.lines",
        "v.locked_at as at",
        "m.name as by",
        sql<string>`coalesce(s.number, w.number, 'among other samples')`.as("of"),
      ])
      .where("v.locked_at", "is not", null)
      .where((where) =>
        where.or([
          ...(samples.length > 0 ? [where("v.sample_id", "in", samples)] : []),
          ...(sheets.length > 0 ? [where("v.worksheet_id", "in", sheets)] : []),
          ...(named.length > 0 ? [where("v.id", "in", named)] : []),
        ]),
      )
      .orderBy("v.locked_at"),
  );
  const shown: ShownVerification[] = [];
  for (const row of rows) {
    const lines = readLines(row.lines);
    const own = results.filter((each) => lines[each.id] !== undefined && (only === undefined || each.id === only));
    if (own.length === 0) continue;
    const way = row.way === "signature" ? "signature" : "step-up";
    // oxlint-disable-next-line no-await-in-loop -- a handful, over one connection
    const [signature] = way === "signature" ? await manifestationOf(tx, "lab.verification", row.id, row.version) : [];
    shown.push({
      id: row.id,
      way,
      at: row.at ?? new Date(0),
      by: signature?.printedName ?? row.by,
      signature: signature ?? null,
      results: own.length,
      standing: own.filter((each) => each.state === "verified" && each.verification_id === row.id).length,
      of: row.of,
    });
  }
  return shown;
}

/** Lists that verified results of these samples before they were unlocked. */
async function formerLists(tx: Tx, sampleIds: readonly string[]): Promise<string[]> {
  const rows = await tx.all(
    query
      .selectFrom("lab.unlock as u")
      .innerJoin("lab.result as r", "r.sample_id", "u.sample_id")
      .innerJoin("kernel.version_history as h", "h.row_id", "r.id")
      .select(sql<string>`h.body ->> 'verification_id'`.as("id"))
      .distinct()
      .where("u.sample_id", "in", [...sampleIds])
      .where(sql<boolean>`h.tenant_id = r.tenant_id and h.body ->> 'verification_id' is not null`),
  );
  return rows.map((row) => row.id);
}
