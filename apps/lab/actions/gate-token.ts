import { sql } from "kysely";
import type { Tx } from "@probity/kernel";
import { query } from "../query.ts";

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
 * names the word of a method's definition which asks for it, and a function `lab.hold_…(results, required)` that answers
 * each result with its tokens: the database alone decides whether a result is held, the code here says why. It is asked once
 * for all results; one that it leaves out is held.
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

/** What the database answers for one gate: the tokens that hold each result. A result without any passes there. */
export async function tokensOf(
  tx: Tx,
  gate: string,
  results: readonly Pick<GatedResult, "id">[],
): Promise<{ resultId: string; token: string }[]> {
  return everyToken(tx, results, gate);
}

/** What the database answers for every gate, or for one. */
export async function everyToken(
  tx: Tx,
  results: readonly Pick<GatedResult, "id">[],
  gate: string | null = null,
): Promise<{ resultId: string; gate: string; token: string }[]> {
  if (results.length === 0) return [];
  const ids = results.map((each) => each.id);
  const read = sql<{ resultId: string; gate: string; token: string }>`
    select h.result_id as "resultId", h.gate, h.token from lab.holds_of(${ids}::uuid[], ${gate}::text) h
    order by h.result_id, h.gate, h.token`;
  return tx.all({ compile: () => read.compile(query) });
}
