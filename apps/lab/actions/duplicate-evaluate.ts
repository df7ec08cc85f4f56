import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { sql, type SqlBool } from "kysely";
import type { Tx } from "@probity/kernel";
import { insertAll, chunks } from "../bulk.ts";
import { judgeDuplicate, sayCriterion, type DuplicateCriterion } from "../calc/duplicate.ts";
import { query } from "../query.ts";
import { analyteOf, methodVersions } from "./frozen.ts";
import { valueOf } from "./present.ts";

/** A duplicate beside its original, as both stand now. */
type Pair = Awaited<ReturnType<typeof pairsOn>>[number];
/** A pair as it is shown: what was declared, what was found. */
export type ShownPair = {
  readonly duplicateId: string;
  readonly originalId: string;
  readonly sample: string | null;
  readonly duplicate: string | null;
  readonly original: string | null;
  readonly unit: string;
  readonly difference: string | null;
  readonly relative: boolean;
  readonly limit: string;
  /** `waiting` until both have a value. */
  readonly outcome: "in" | "out" | "unclear" | "waiting";
  /** Judgements of values that were changed since, oldest first. */
  readonly earlier: readonly { outcome: string; at: Date }[];
  readonly of: { readonly worksheetId: string | null; readonly methodId: string; readonly analyte: string };
};

/**
 * Judges the duplicates of the worksheets that these results stand on, where their method declares a criterion and both values
 * are there. What was judged of the same values is not judged again; what was judged before a change stays beside it.
 */
export async function judgeDuplicates(
  tx: Tx,
  changed: readonly { id: string; worksheetId: string | null }[],
): Promise<void> {
  const sheets = [...new Set(changed.flatMap((each) => each.worksheetId ?? []))];
  const ids = new Set(changed.map((each) => each.id));
  for (const some of chunks(sheets)) {
    const pairs = (await pairsOn(tx, some)).filter((each) => ids.has(each.id) || ids.has(each.originalId));
    const criteria = await criteriaOf(tx, pairs);
    const judged = await judgementsOf(tx, pairs);
    const rows = pairs.flatMap((pair) => {
      const found = criteria.get(pair.id);
      const [one, other] = [valueOf(pair), valueOf(originalOf(pair))];
      const last = judged.get(pair.id)?.at(-1);
      if (found === undefined || one === null || other === null) return [];
      if (last?.duplicateText === one.text && last.originalText === other.text) return [];
      const { outcome, difference } = judgeDuplicate(one, other, found.criterion, found.analyte);
      return [
        {
          row: {
            id: uuidv7(),
            duplicate_id: pair.id,
            original_id: pair.originalId,
            // The database finds it.
            number: 1,
            criterion: found.criterion,
            duplicate_text: one.text,
            original_text: other.text,
            difference,
            outcome,
          },
          fields: {
            outcome,
            values: `${other.text}, ${one.text}`,
            difference: difference ?? "",
            criterion: sayCriterion(found.criterion, found.analyte.unit),
          },
        },
      ];
    });
    await insertAll(tx, "lab.duplicate_evaluation", "lab.duplicate_evaluation.create", rows);
  }
}

/** The duplicates of worksheets whose method declares how far they may lie apart. */
export async function shownPairs(tx: Tx, worksheetIds: readonly string[]): Promise<ShownPair[]> {
  if (worksheetIds.length === 0) return [];
  const pairs = await pairsOn(tx, worksheetIds);
  const criteria = await criteriaOf(tx, pairs);
  const judged = await judgementsOf(tx, pairs);
  return pairs.flatMap((pair) => {
    const found = criteria.get(pair.id);
    if (found === undefined) return [];
    const own = judged.get(pair.id) ?? [];
    const last = own.at(-1);
    // Refused once is refused, whatever was judged after it.
    const deciding = own.find(({ outcome }) => outcome === "out") ?? last;
    const now = last?.duplicateText === pair.text && last.originalText === pair.originalText ? deciding : undefined;
    return [
      {
        duplicateId: pair.id,
        originalId: pair.originalId,
        sample: pair.sample,
        duplicate: now?.duplicateText ?? pair.text,
        original: now?.originalText ?? pair.originalText,
        unit: found.analyte.unit,
        difference: now?.difference ?? null,
        relative: found.criterion.difference === "relative",
        limit: found.criterion.limit,
        outcome: outcomeOf(now?.outcome),
        earlier: own.filter((each) => each !== now).map(({ outcome, at }) => ({ outcome, at })),
        of: { worksheetId: pair.worksheetId, methodId: found.methodId, analyte: pair.analyte },
      },
    ];
  });
}

function outcomeOf(kept: string | undefined): ShownPair["outcome"] {
  return kept === "in" || kept === "out" || kept === "unclear" ? kept : "waiting";
}

async function pairsOn(tx: Tx, worksheetIds: readonly string[]) {
  return tx.all(
    query
      .selectFrom("lab.result as d")
      .innerJoin("lab.result as o", "o.id", "d.duplicate_of")
      .leftJoin("lab.sample as s", "s.id", "d.sample_id")
      .select([
        "d.id",
        "d.worksheet_id as worksheetId",
        "d.method_version_id as methodVersionId",
        "d.analyte",
        "d.text",
        "d.number",
        "d.qualifier",
        "o.id as originalId",
        "o.text as originalText",
        "o.number as originalNumber",
        "o.qualifier as originalQualifier",
        "s.number as sample",
      ])
      .where(sql<SqlBool>`d.worksheet_id = any(${[...worksheetIds]}::uuid[])`)
      .where("d.kind", "=", "duplicate")
      .where("d.state", "<>", "cancelled")
      .where("o.state", "<>", "cancelled")
      .orderBy("d.position")
      .orderBy("d.id"),
  );
}

function originalOf(pair: Pair) {
  return { text: pair.originalText, number: pair.originalNumber, qualifier: pair.originalQualifier };
}

async function criteriaOf(tx: Tx, pairs: readonly Pair[]) {
  const versions = await methodVersions(
    tx,
    pairs.map((each) => each.methodVersionId),
  );
  return new Map(
    pairs.flatMap((pair) => {
      const version = versions.get(pair.methodVersionId);
      const analyte = analyteOf(version, pair.analyte);
      const criterion: DuplicateCriterion | null = analyte.duplicate ?? null;
      return criterion === null || version === undefined
        ? []
        : [[pair.id, { criterion, analyte, methodId: version.methodId }] as const];
    }),
  );
}

/** Every judgement of these duplicates, oldest first. */
async function judgementsOf(tx: Tx, pairs: readonly Pair[]) {
  if (pairs.length === 0) return new Map<string, never[]>();
  const rows = await tx.all(
    query
      .selectFrom("lab.duplicate_evaluation")
      .select([
        "duplicate_id as duplicateId",
        "duplicate_text as duplicateText",
        "original_text as originalText",
        "difference",
        "outcome",
        "created_at as at",
      ])
      .where(sql<SqlBool>`duplicate_id = any(${pairs.map((each) => each.id)}::uuid[])`)
      .orderBy("number"),
  );
  return Map.groupBy(rows, (row) => row.duplicateId);
}
