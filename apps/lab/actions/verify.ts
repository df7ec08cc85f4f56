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
export type Target = { readonly sampleId: string } | { readonly worksheetId: string };
/** Each result with the version that was looked at. */
export type Lines = Readonly<Record<string, number>>;
type Waiting = GatedResult & { readonly version: number; readonly sample_id: string | null };

/** How the bound person verifies: those who may sign do, of the others the workspace's policy says. */
export async function wayOfVerifying(tx: Tx): Promise<"signature" | "step-up" | "refused"> {
  if ((await signerStanding(tx)).status === "enabled") return "signature";
  return (await policyValue(tx, "lab.unsignedVerification")) === "step-up" ? "step-up" : "refused";
}

/** What waits for verification, held until the transaction ends. Whole or not at all; never one's own, nothing a gate holds. */
export async function waitingOf(tx: Tx, of: Target): Promise<Waiting[]> {
  const column = "sampleId" in of ? "sample_id" : "worksheet_id";
  const id = "sampleId" in of ? of.sampleId : of.worksheetId;
  const rows = await tx.all(
    query
      .selectFrom("lab.result as r")
      .select([
        "r.id",
        "r.version",
        "r.state",
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
      .where(`r.${column}`, "=", id)
      .where("r.deleted_at", "is", null)
      .orderBy("r.id")
      .forUpdate(),
  );
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
  const waiting = await waitingOf(tx, of);
  const lines: Lines = Object.fromEntries(waiting.map((row) => [row.id, row.version]));
  const target =
    "sampleId" in of
      ? { sample_id: of.sampleId, worksheet_id: null }
      : { sample_id: null, worksheet_id: of.worksheetId };
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
  const { sample_id: sampleId, worksheet_id: worksheetId } = row ?? { sample_id: null, worksheet_id: null };
  if (row === undefined || (sampleId === null && worksheetId === null)) throw verifyProblem.list_moved();
  const target: Target = sampleId === null ? { worksheetId: worksheetId ?? "" } : { sampleId };
  return { target, lines: readLines(row.lines) };
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
