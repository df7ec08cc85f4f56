import { sql } from "kysely";
import type { Tx } from "@probity/kernel";
import { query } from "../query.ts";
import { gateProblem } from "./gate-error.ts";
import { qualityGate } from "./quality-gate.ts";

/** A result as gates look at it. */
export type GatedResult = {
  readonly id: string;
  readonly worksheet_id: string | null;
  readonly method_version_id: string;
  readonly entered_by: string | null;
  readonly entered_at: Date | null;
};

/** What keeps a result from being verified. */
export type Hold = {
  readonly resultId: string;
  readonly gate: string;
  /** The same as the gate's function in the database answers: `code` or `code:id`. An override is good for the holds it names. */
  readonly token: string;
  /** A sentence for people. */
  readonly reason: string;
  /** The id of the instrument, lot or chart it is about. */
  readonly reference?: string | undefined;
};

/**
 * What must be in order before a result is verified. A gate is three things under one name: this, a row in `lab.gate` that
 * names the word of a method's definition which asks for it, and a function `lab.hold_…(result, required)` that answers
 * tokens; the database alone decides whether a result is held, the code here says why. What the code adds holds as well.
 *
 * A gate applies where the method's version declares it (`instruments`, `materials`, `training`, …) unless the laboratory
 * set otherwise (`lab.setting`, `gate.<name>`: `declared`, `every`, `none`, from a time on). Methods that declare nothing, and
 * results entered before a setting took effect, are judged as before.
 */
export interface Gate {
  readonly name: string;
  /** As it stands in a sentence: "Instrument". */
  readonly title: string;
  holds(tx: Tx, results: readonly GatedResult[]): Promise<Hold[]>;
}

/** Every gate. An area adds its own here and in a migration. */
export const gates: readonly Gate[] = [qualityGate];

export type Applies = "required" | "named" | "none";

/** How far a gate applies to each result, as the database decides it. */
export async function gateApplies(
  tx: Tx,
  gate: string,
  results: readonly Pick<GatedResult, "id">[],
): Promise<Map<string, Applies>> {
  if (results.length === 0) return new Map();
  const ids = results.map((each) => each.id);
  const read = sql<{ id: string; how: string }>`select r.id, lab.gate_applies(r.id, ${gate}) as how
    from lab.result r where r.id = any (${ids}::uuid[])`;
  const rows = await tx.all({ compile: () => read.compile(query) });
  return new Map(rows.map(({ id, how }) => [id, how === "none" || how === "named" ? how : "required"]));
}

/** What the database answers for one gate: the tokens that hold each result. A result without any passes there. */
export async function tokensOf(
  tx: Tx,
  gate: string,
  results: readonly Pick<GatedResult, "id">[],
): Promise<{ resultId: string; token: string }[]> {
  return (await allTokens(tx, results)).filter((each) => each.gate === gate);
}

/** What holds these results at any gate: what the gates say, and whatever the database holds that no gate has words for. */
export async function holdsOf(tx: Tx, results: readonly GatedResult[]): Promise<Hold[]> {
  if (results.length === 0) return [];
  const found: Hold[] = [];
  for (const gate of gates) found.push(...(await gate.holds(tx, results)));
  const said = new Set(found.map(keyOf));
  for (const each of await allTokens(tx, results))
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

/** Refuses to verify what is held, with every hold. The database refuses it once more. */
export async function requireGates(tx: Tx, results: readonly GatedResult[]): Promise<void> {
  const held = await openHolds(tx, results);
  if (held.length === 0) return;
  const why = [...new Set(held.map((each) => each.reason))];
  const more = why.length > 3 ? ` And ${why.length - 3} more.` : "";
  throw gateProblem.results_held({
    values: {
      count: new Set(held.map((each) => each.resultId)).size,
      why: `${why.slice(0, 3).join(" ")}${more}`,
    },
    members: { holds: held },
  });
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

async function allTokens(
  tx: Tx,
  results: readonly Pick<GatedResult, "id">[],
): Promise<{ resultId: string; gate: string; token: string }[]> {
  if (results.length === 0) return [];
  const ids = results.map((each) => each.id);
  const read = sql<{ resultId: string; gate: string; token: string }>`
    select r.id as "resultId", g.name as gate, t.token
    from lab.result r cross join lab.gate g cross join lateral unnest(lab.holds_of(r.id, g.name)) as t (token)
    where r.id = any (${ids}::uuid[]) order by r.id, g.name, t.token`;
  return tx.all({ compile: () => read.compile(query) });
}

function keyOf(each: Pick<Hold, "resultId" | "gate" | "token">): string {
  return `${each.resultId} ${each.gate} ${each.token}`;
}
