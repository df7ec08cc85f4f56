import { sql } from "kysely";
import type { Tx } from "@probity/kernel";
import { query } from "../query.ts";
import { gateProblem } from "./gate-error.ts";
import { everyToken, type Gate, type GatedResult, type Hold } from "./gate-token.ts";
import { instrumentGate, materialGate, trainingGate } from "./instrument-gate.ts";
import { qualityGate } from "./quality-gate.ts";

/** Every gate. An area adds its own here and in a migration. */
export const gates: readonly Gate[] = [instrumentGate, materialGate, trainingGate, qualityGate];

/** What holds these results at any gate, in words; a token that no gate has words for holds all the same. */
export async function holdsOf(tx: Tx, results: readonly GatedResult[]): Promise<Hold[]> {
  const tokens = await everyToken(tx, results);
  const found: Hold[] = [];
  for (const gate of gates) {
    const held = new Set(tokens.filter((each) => each.gate === gate.name).map((each) => each.resultId));
    if (held.size > 0)
      found.push(
        ...(await gate.holds(
          tx,
          results.filter((each) => held.has(each.id)),
        )),
      );
  }
  const said = new Set(found.map(keyOf));
  for (const each of tokens)
    if (!said.has(keyOf(each)))
      found.push({ ...each, reason: `Whether the gate “${each.gate}” is passed is not known (${each.token}).` });
  return found;
}

/** The holds that no confirmed override passes: none may be left where a result is verified. */
export async function openHolds(tx: Tx, results: readonly GatedResult[]): Promise<Hold[]> {
  const found = await holdsOf(tx, results);
  if (found.length === 0) return [];
  const rows = await tx.all(
    query
      .selectFrom("lab.gate_override as o")
      .innerJoin("lab.result as r", "r.id", "o.result_id")
      .select(["o.result_id", "o.gate", "o.holds"])
      .where("o.result_id", "in", [...new Set(found.map((each) => each.resultId))])
      .where("o.state", "=", "confirmed")
      .where("o.deleted_at", "is", null)
      .whereRef("o.entered_at", "=", "r.entered_at"),
  );
  const passedBy = (of: readonly Hold[]) =>
    rows.some(
      (row) =>
        row.result_id === of[0]?.resultId &&
        row.gate === of[0]?.gate &&
        of.every((each) => Array.isArray(row.holds) && row.holds.includes(each.token)),
    );
  return [...byGate(found).values()].filter((of) => !passedBy(of)).flat();
}

/** Refuses to verify what is held, with every hold, and what one corrected oneself. The database refuses both once more. */
export async function requireGates(tx: Tx, results: readonly GatedResult[]): Promise<void> {
  if (results.length === 0) return;
  await holdStill(tx, results);
  const own = await correctedByReader(tx, results);
  if (own.length > 0) throw gateProblem.own_correction({ values: { count: own.length } });
  const held = await openHolds(tx, results);
  if (held.length === 0) return;
  const why = [...new Set(held.map((each) => each.reason))];
  const more = why.length > 3 ? ` And ${why.length - 3} more.` : "";
  throw gateProblem.results_held({
    values: {
      count: new Set(held.map((each) => each.resultId)).size,
      why: `${why.slice(0, 3).join(" ")}${more}`.replace(/\.$/, ""),
    },
    members: { holds: held },
  });
}

/** Results of which the reader corrected what they were made with: somebody else verifies them. */
export async function correctedByReader(
  tx: Tx,
  results: readonly { readonly id: string }[],
): Promise<{ id: string }[]> {
  if (results.length === 0) return [];
  return tx.all(
    query
      .selectFrom("lab.result as r")
      .innerJoin("lab.setup as s", "s.id", "r.setup_id")
      .select("r.id")
      .where(
        "r.id",
        "in",
        results.map((each) => each.id),
      )
      .where("s.reason", "is not", null)
      .where("s.created_by", "=", tx.who.actorId),
  );
}

/** Whoever puts an instrument on hold, or a lot away, is waited for and waits: what is judged is what stands. */
async function holdStill(tx: Tx, results: readonly GatedResult[]): Promise<void> {
  const ids = results.map((each) => each.id);
  for (const [table, column] of [
    ["lab.instrument", "instrument_id"],
    ["lab.lot", "lot_id"],
  ] as const) {
    const held = sql`select u.id from ${sql.table(table)} u where u.id in (
      select x.${sql.ref(column)} from lab.result r join lab.setup_item x on x.tenant_id = r.tenant_id and x.setup_id = r.setup_id
      where r.id = any (${ids}::uuid[])) order by u.id for share`;
    await tx.all({ compile: () => held.compile(query) });
  }
}

/** Holds of one result at one gate, together: an override is asked for them as a whole. */
export function byGate(holds: readonly Hold[]): Map<string, Hold[]> {
  const found = new Map<string, Hold[]>();
  for (const each of holds) {
    const key = `${each.resultId} ${each.gate}`;
    const own = found.get(key);
    if (own === undefined) found.set(key, [each]);
    else own.push(each);
  }
  return found;
}

function keyOf(each: Pick<Hold, "resultId" | "gate" | "token">): string {
  return `${each.resultId} ${each.gate} ${each.token}`;
}
