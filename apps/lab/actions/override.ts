import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { sql } from "kysely";
import { doorProblem, type Tx } from "@probity/kernel";
import { insertAll, updateAll } from "../bulk.ts";
import { query } from "../query.ts";
import { holdsOf } from "./gate.ts";
import { gateProblem as problem } from "./gate-error.ts";
import type { GatedResult } from "./gate-token.ts";
import { printedName } from "./investigation-step.ts";

/** Asks for an override of results at one gate: each result has its own, for the holds and the value it has now. */
export async function askOverride(
  tx: Tx,
  asked: { readonly resultIds: readonly string[]; readonly gate: string; readonly reason: string },
): Promise<string[]> {
  const ids = [...new Set(asked.resultIds)];
  const rows = await tx.all(
    query
      .selectFrom("lab.result")
      .select(["id", "worksheet_id", "method_version_id", "entered_by", "entered_at", "state", "name", "text"])
      .where("id", "in", ids)
      .where("deleted_at", "is", null)
      .forUpdate(),
  );
  if (rows.length !== ids.length) throw doorProblem.not_found();
  const holds = (await holdsOf(tx, rows)).filter((each) => each.gate === asked.gate);
  const waiting = await tx.first(
    query
      .selectFrom("lab.gate_override")
      .select("result_id")
      .where("result_id", "in", ids)
      .where("gate", "=", asked.gate)
      .where("state", "=", "asked")
      .where("deleted_at", "is", null),
  );
  const name = await printedName(tx);
  const made = rows.map((row) => {
    if (waiting?.result_id === row.id) throw problem.override_there({ values: { name: row.name } });
    const own = holds.filter((each) => each.resultId === row.id);
    if (row.state !== "entered" || own.length === 0 || row.entered_at === null)
      throw problem.nothing_held({ values: { name: row.name } });
    const id = uuidv7();
    const tokens = own.map((each) => each.token).toSorted();
    return {
      row: {
        id,
        result_id: row.id,
        gate: asked.gate,
        holds: tokens,
        said: [...new Set(own.map((each) => each.reason))].join(" ").slice(0, 4000),
        value: row.text ?? "",
        entered_at: row.entered_at,
        reason: asked.reason,
        state: "asked",
        asked_name: name,
      },
      fields: { resultId: row.id, gate: asked.gate, holds: tokens, reason: asked.reason },
    };
  });
  await insertAll(tx, "lab.gate_override", "lab.gate_override.ask", made);
  return made.map((each) => each.row.id);
}

/** Confirms or refuses overrides, all or none: by another person than asked for them or ever entered one of their values. */
export async function decideOverrides(
  tx: Tx,
  decision: { readonly ids: readonly string[]; readonly confirmed: boolean; readonly reason: string | null },
): Promise<number> {
  const ids = [...new Set(decision.ids)];
  const rows = await tx.all(
    query
      .selectFrom("lab.gate_override as o")
      .innerJoin("lab.result as r", "r.id", "o.result_id")
      .select([
        "o.id",
        "o.version",
        "o.state",
        "o.gate",
        "o.holds",
        "o.created_by",
        "o.result_id",
        "r.name",
        "r.worksheet_id",
        "r.method_version_id",
        "r.entered_by",
        "r.entered_at",
        sql<boolean>`o.entered_at is distinct from r.entered_at or r.state <> 'entered'`.as("moved"),
        sql<boolean>`r.entered_by = ${tx.who.actorId} or exists (select from kernel.version_history h
          where h.tenant_id = r.tenant_id and h.row_id = r.id and h.body ->> 'entered_by' = ${tx.who.actorId})`.as(
          "own",
        ),
      ])
      .where("o.id", "in", ids)
      .where("o.deleted_at", "is", null)
      .forUpdate("o"),
  );
  if (rows.length !== ids.length) throw doorProblem.not_found();
  if (rows.some((row) => row.state !== "asked")) throw problem.override_decided();
  if (rows.some((row) => row.created_by === tx.who.actorId))
    throw problem.override_own({ values: { what: "asked for it" } });
  if (rows.some((row) => row.own)) throw problem.override_own({ values: { what: "entered the value" } });
  if (decision.confirmed) await requireSame(tx, rows);
  const name = await printedName(tx);
  const state = decision.confirmed ? "confirmed" : "refused";
  const changed = await updateAll(
    tx,
    "lab.gate_override",
    decision.confirmed ? "lab.gate_override.confirm" : "lab.gate_override.refuse",
    rows.map((row) => ({
      row: { id: row.id, version: row.version, state, decided_name: name, decided_reason: decision.reason },
      fields: { state, resultId: row.result_id, gate: row.gate, reason: decision.reason },
    })),
  );
  if (changed !== rows.length) throw problem.override_decided();
  return changed;
}

/** What is confirmed is what was asked for: the same value, and no hold that was not there. */
async function requireSame(
  tx: Tx,
  rows: readonly (Omit<GatedResult, "id"> & {
    result_id: string;
    gate: string;
    holds: unknown;
    moved: boolean;
    name: string;
  })[],
): Promise<void> {
  const now = await holdsOf(
    tx,
    rows.map((row) => ({ ...row, id: row.result_id })),
  );
  for (const row of rows) {
    const asked: unknown[] = Array.isArray(row.holds) ? row.holds : [];
    const more = now.some(
      (each) => each.resultId === row.result_id && each.gate === row.gate && !asked.includes(each.token),
    );
    if (row.moved || more) throw problem.override_moved({ values: { name: row.name } });
  }
}
