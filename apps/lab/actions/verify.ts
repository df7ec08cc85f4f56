import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { sql } from "kysely";
import { policyValue, signerStanding, type Tx } from "@probity/kernel";
import { insertAll, updateAll } from "../bulk.ts";
import { problem } from "../errors.ts";
import { query } from "../query.ts";
import { requireGates } from "./gate.ts";
import type { GatedResult } from "./gate-token.ts";
import { settleSamples } from "./settle.ts";
import { verifyProblem } from "./verify-error.ts";

/** A sample or worksheet that is verified whole. */
export type Whole = { readonly sampleId: string } | { readonly worksheetId: string };
/** What one list is of; a selection is of several samples, each whole. */
export type Target = Whole | { readonly sampleIds: readonly string[] };
/** Each result with the version that was looked at. */
export type Lines = Readonly<Record<string, number>>;
export type Waiting = GatedResult & { readonly version: number; readonly sample_id: string | null };

/** Where the results of a target are found. */
export function placeOf(of: Target): { column: "sample_id" | "worksheet_id"; ids: string[] } {
  if ("worksheetId" in of) return { column: "worksheet_id", ids: [of.worksheetId] };
  return { column: "sample_id", ids: "sampleId" in of ? [of.sampleId] : [...of.sampleIds] };
}

/** How the bound person verifies: those who may sign do, of the others the workspace's policy says. */
export async function wayOfVerifying(tx: Tx): Promise<"signature" | "step-up" | "refused"> {
  if ((await signerStanding(tx)).status === "enabled") return "signature";
  return (await policyValue(tx, "lab.unsignedVerification")) === "step-up" ? "step-up" : "refused";
}

/** The results of a target, held until the transaction ends, each with whether its reader ever entered a value of it. */
export async function resultsToVerify(tx: Tx, of: Target) {
  const { column, ids } = placeOf(of);
  return tx.all(
    query
      .selectFrom("lab.result as r")
      .select([
        "r.id",
        "r.version",
        "r.state",
        "r.kind",
        "r.verdict",
        "r.sample_id",
        "r.worksheet_id",
        "r.method_version_id",
        "r.entered_by",
        "r.entered_at",
        sql<boolean>`r.entered_by = ${tx.who.actorId} or exists (select from kernel.version_history h
          where h.tenant_id = r.tenant_id and h.row_id = r.id and h.body ->> 'entered_by' = ${tx.who.actorId})`.as(
          "own",
        ),
      ])
      .where(sql<boolean>`r.${sql.ref(column)} = any(${ids}::uuid[])`)
      .where("r.deleted_at", "is", null)
      .orderBy("r.id")
      .forUpdate(),
  );
}

/** What waits for verification, held until the transaction ends. Whole or not at all; never one's own, nothing a gate holds. */
export async function waitingOf(tx: Tx, of: Target): Promise<Waiting[]> {
  const rows = await resultsToVerify(tx, of);
  const open = rows.filter((row) => row.state === "open").length;
  const waiting = rows.filter((row) => row.state === "entered");
  if (open > 0) throw problem.results_missing({ values: { count: open } });
  if (waiting.length === 0) throw problem.nothing_to_verify();
  const own = waiting.filter((row) => row.own === true);
  if (own.length > 0)
    throw problem.own_result({ values: { count: own.length }, members: { rows: own.map((row) => row.id) } });
  await requireGates(tx, waiting);
  return waiting;
}

/**
 * Writes down what is to be verified: every waiting result with the version it has now. One's own list of the same sample
 * or worksheet that was not signed yet is taken again.
 */
export async function listToVerify(
  tx: Tx,
  of: Target,
  way: "signature" | "step-up",
): Promise<{ id: string; version: number; count: number }> {
  return keepList(tx, of, way, await waitingOf(tx, of));
}

/** Keeps what is to be verified as a list of its own, or as one's own list of the same that nobody signed yet. */
export async function keepList(
  tx: Tx,
  of: Target,
  way: "signature" | "step-up",
  waiting: readonly Waiting[],
): Promise<{ id: string; version: number; count: number }> {
  const lines: Lines = Object.fromEntries(waiting.map((row) => [row.id, row.version]));
  const target = {
    sample_id: "sampleId" in of ? of.sampleId : null,
    worksheet_id: "worksheetId" in of ? of.worksheetId : null,
  };
  const known = await tx.first(
    query
      .selectFrom("lab.verification")
      .select(["id", "version", "lines"])
      .where("sample_id", "is not distinct from", target.sample_id)
      .where("worksheet_id", "is not distinct from", target.worksheet_id)
      .where("way", "=", way)
      .where("created_by", "=", tx.who.actorId)
      .where("locked_at", "is", null)
      .orderBy("id", "desc")
      .limit(1)
      .forUpdate(),
  );
  const count = waiting.length;
  if (known === undefined) {
    const id = uuidv7();
    await insertAll(tx, "lab.verification", "lab.verification.list", [
      { row: { id, ...target, way, lines }, fields: { count, way } },
    ]);
    return { id, version: 1, count };
  }
  if (sameLines(readLines(known.lines), lines)) return { id: known.id, version: known.version, count };
  await updateAll(tx, "lab.verification", "lab.verification.list", [
    { row: { id: known.id, version: known.version, lines }, fields: { count, way } },
  ]);
  return { id: known.id, version: known.version + 1, count };
}

/**
 * Verifies what a signed or confirmed list names, and locks it; then the samples whose results all are. Whatever was added
 * or changed since the list was made refuses it: what is verified is what was looked at.
 */
export async function verifyListed(tx: Tx, id: string, name: string | null): Promise<number> {
  const { target, lines } = await readVerification(tx, id);
  const waiting = await waitingOf(tx, target);
  if ("sampleIds" in target && (await underInvestigation(tx, waiting)).size > 0) throw verifyProblem.list_moved();
  if (!sameLines(lines, Object.fromEntries(waiting.map((row) => [row.id, row.version]))))
    throw verifyProblem.list_moved();
  await updateAll(
    tx,
    "lab.result",
    "lab.result.verify",
    waiting.map((row) => ({
      row: { id: row.id, version: row.version, state: "verified", verified_name: name, verification_id: id },
      fields: { verified: row.version, verification: id },
    })),
  );
  await settleSamples(
    tx,
    waiting.flatMap((row) => row.sample_id ?? []),
    "verify",
  );
  if ("worksheetId" in target) await closeWorksheet(tx, target.worksheetId);
  return waiting.length;
}

/** What a verification is of, and what it names. */
export async function readVerification(tx: Tx, id: string): Promise<{ target: Target; lines: Lines }> {
  const row = await tx.first(
    query
      .selectFrom("lab.verification")
      .select(["sample_id", "worksheet_id", "lines"])
      .where("id", "=", id)
      .where("deleted_at", "is", null),
  );
  if (row === undefined) throw verifyProblem.list_moved();
  const lines = readLines(row.lines);
  if (row.sample_id !== null) return { target: { sampleId: row.sample_id }, lines };
  if (row.worksheet_id !== null) return { target: { worksheetId: row.worksheet_id }, lines };
  return { target: { sampleIds: await samplesOf(tx, Object.keys(lines)) }, lines };
}

async function samplesOf(tx: Tx, resultIds: readonly string[]): Promise<string[]> {
  const rows = await tx.all(
    query
      .selectFrom("lab.result")
      .select("sample_id")
      .distinct()
      .where(sql<boolean>`id = any(${[...resultIds]}::uuid[])`)
      .where("sample_id", "is not", null),
  );
  return rows.flatMap((row) => row.sample_id ?? []);
}

/** Samples whose results are out of specification, or were, without a conclusion. The database refuses them in a selection too. */
export async function underInvestigation(
  tx: Tx,
  waiting: readonly { id: string; sample_id: string | null }[],
): Promise<Set<string>> {
  const ids = [...new Set(waiting.flatMap((row) => row.sample_id ?? []))];
  const rows = await tx.all(
    query
      .selectFrom("lab.result as r")
      .leftJoin("lab.investigation as i", (join) => join.onRef("i.result_id", "=", "r.id"))
      .select("r.sample_id")
      .distinct()
      .where(sql<boolean>`r.sample_id = any(${ids}::uuid[])`)
      .where(sql<boolean>`case when i.id is null then r.kind = 'sample' and r.verdict = 'out' and r.state = 'entered'
        else i.state <> 'concluded' end`),
  );
  return new Set(rows.flatMap((row) => row.sample_id ?? []));
}

export function readLines(kept: unknown): Lines {
  if (typeof kept !== "object" || kept === null) return {};
  return Object.fromEntries(
    Object.entries(kept).filter((each): each is [string, number] => typeof each[1] === "number"),
  );
}

export function sameLines(one: Lines, other: Lines): boolean {
  const ids = Object.keys(one);
  return ids.length === Object.keys(other).length && ids.every((id) => one[id] === other[id]);
}

async function closeWorksheet(tx: Tx, id: string): Promise<void> {
  const sheet = await tx.first(
    query.selectFrom("lab.worksheet").select(["id", "version"]).where("id", "=", id).forUpdate(),
  );
  if (sheet === undefined) return;
  await updateAll(tx, "lab.worksheet", "lab.worksheet.verify", [
    { row: { ...sheet, state: "verified" }, fields: { state: "verified" } },
  ]);
}
