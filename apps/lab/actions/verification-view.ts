import { sql } from "kysely";
import { manifestationOf, type Manifestation, type Tx } from "@probity/kernel";
import { query } from "../query.ts";
import { readLines, type Target } from "./verify.ts";

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
export async function verificationsOver(tx: Tx, of: Target, only?: string): Promise<ShownVerification[]> {
  const column = "sampleId" in of ? "sample_id" : "worksheet_id";
  const id = "sampleId" in of ? of.sampleId : of.worksheetId;
  const results = await tx.all(
    query
      .selectFrom("lab.result")
      .select(["id", "state", "sample_id", "worksheet_id", "verification_id"])
      .where(column, "=", id)
      .where("deleted_at", "is", null),
  );
  const samples = [...new Set(results.flatMap((each) => each.sample_id ?? []))];
  const sheets = [...new Set(results.flatMap((each) => each.worksheet_id ?? []))];
  if (results.length === 0) return [];
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
        sql<string>`coalesce(s.number, w.number)`.as("of"),
      ])
      .where("v.locked_at", "is not", null)
      .where((where) =>
        where.or([
          ...(samples.length > 0 ? [where("v.sample_id", "in", samples)] : []),
          ...(sheets.length > 0 ? [where("v.worksheet_id", "in", sheets)] : []),
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
