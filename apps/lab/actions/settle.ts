import { sql } from "kysely";
import { doorProblem, type Tx } from "@probity/kernel";
import { chunks, updateAll, type ChangedRow, type Progress } from "../bulk.ts";
import { query } from "../query.ts";

const acts = {
  enter: { action: "lab.sample.tested", from: ["received"] },
  retest: { action: "lab.sample.retest", from: ["received", "tested"] },
  verify: { action: "lab.sample.verify", from: ["tested"] },
} as const;

/** How a sample stands, of its results that count; the database asks for the same. */
export const worstOf = sql<string>`case when bool_or(r.verdict = 'out') then 'out' when bool_or(r.verdict = 'unclear') then 'unclear'
  when bool_or(r.verdict = 'conditional') then 'conditional' when bool_or(r.verdict = 'warn') then 'warn'
  when bool_or(r.verdict = 'in') then 'in' else 'none' end`;

/** Brings samples to the state their results stand for: tested when none is open, verified when all are, back on a retest. */
export async function settleSamples(
  tx: Tx,
  ids: readonly string[],
  act: keyof typeof acts,
  progress?: Progress,
): Promise<void> {
  const changes: ChangedRow[] = [];
  for (const some of chunks([...new Set(ids)], 1000)) {
    // In two steps, each by its own index: a join planned before a file's rows were counted reads every result for each sample.
    const samples = await tx.all(
      query
        .selectFrom("lab.sample")
        .select(["id", "version", "state", "verdict"])
        .where(sql<boolean>`id = any(${some}::uuid[])`),
    );
    const counted = await tx.all(
      query
        .selectFrom("lab.result as r")
        .select([
          "r.sample_id",
          sql<number>`(count(*) filter (where r.state = 'open'))::integer`.as("open"),
          sql<number>`(count(*) filter (where r.state = 'entered'))::integer`.as("entered"),
          worstOf.as("worst"),
        ])
        .where(sql<boolean>`r.sample_id = any(${some}::uuid[])`)
        .where("r.state", "in", ["open", "entered", "verified"])
        .where("r.kind", "in", ["sample", "duplicate"])
        .groupBy("r.sample_id"),
    );
    const bySample = new Map(counted.map((each) => [each.sample_id, each]));
    const rows = samples.flatMap((sample) => {
      const results = bySample.get(sample.id);
      return results === undefined ? [] : [{ ...results, ...sample }];
    });
    for (const row of rows) {
      if (!acts[act].from.some((each) => each === row.state)) continue;
      const state = row.open > 0 ? "received" : row.entered > 0 || act !== "verify" ? "tested" : "verified";
      const verdict = state !== "received" || (row.worst !== "in" && row.worst !== "none") ? row.worst : null;
      if (state === row.state && verdict === row.verdict) continue;
      changes.push({ row: { id: row.id, version: row.version, state, verdict }, fields: { state, verdict } });
    }
  }
  const changed = await updateAll(tx, "lab.sample", acts[act].action, changes, progress);
  if (changed !== changes.length) throw doorProblem.busy();
}
