import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { sql } from "kysely";
import { stepUpOf, stepUpRequired, unlockRecord, type RouteRequest, type Tx } from "@probity/kernel";
import { insertAll, updateAll } from "../bulk.ts";
import { query } from "../query.ts";
import { sample as sampleRecord } from "../records/sample.ts";

const lock = { record: sampleRecord, unlock: { permission: "lab.sample.unlock", reasons: [] } };
type Request = RouteRequest["raw"];
type Locked = {
  readonly id: string;
  readonly number: string;
  readonly version: number;
  readonly locked_at: Date | null;
};

/**
 * Unlocks a verified or published sample: a fresh proof is used up for it, and the database lets no unlock through without
 * one. The old version stays in the history; what was locked can be changed again, each change with its own reason.
 */
export async function unlockSample(tx: Tx, request: Request, sample: Locked, why: string) {
  // 1. The proof. What is published is locked by the kernel, which asks for it itself.
  const told = `sample ${sample.number}`;
  let { version } = sample;
  if (sample.locked_at === null) await permitUnlock(tx, request, sample, told);
  else version = await unlockRecord(tx, request, lock, sample.id, version, { code: null, text: why }, told);
  // 2. Why, and what is open again: the results, then the sample.
  await insertAll(tx, "lab.unlock", "lab.unlock.create", [
    { row: { id: uuidv7(), sample_id: sample.id, reason: why }, fields: { reason: why } },
  ]);
  const results = await tx.all(
    query
      .selectFrom("lab.result")
      .select(["id", "version"])
      .where("sample_id", "=", sample.id)
      .where("state", "=", "verified"),
  );
  await updateAll(
    tx,
    "lab.result",
    "lab.result.unlock",
    results.map((each) => ({
      row: { id: each.id, version: each.version, state: "entered" },
      fields: { reason: why },
    })),
  );
  await updateAll(tx, "lab.sample", "lab.sample.reopen", [
    { row: { id: sample.id, version, state: "tested" }, fields: { reason: why } },
  ]);
  return { id: sample.id, version: version + 1 };
}

/** Of a sample that is verified and not locked yet. */
async function permitUnlock(tx: Tx, request: Request, sample: Locked, told: string): Promise<void> {
  const act = { action: "kernel.record.unlock", subject: `lab.sample:${sample.id}`, told };
  const grant = stepUpOf(request);
  const { credential } = tx;
  if (grant === null || credential.kind !== "session") throw stepUpRequired(act, tx.who.tenantId);
  const permit = sql`select kernel.permit_unlock('lab.sample', ${sample.id}, ${sample.version + 1}, ${grant}, ${credential.token})`;
  await tx.all({ compile: () => permit.compile(query) }).catch((error: unknown) => {
    if (error instanceof Error && error.message === "step_up_required") throw stepUpRequired(act, tx.who.tenantId);
    throw error;
  });
}
