import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { Type } from "typebox";
import { defineRoute, type Route } from "../http/route.ts";
import { spendStepUp } from "../identity/step-up.ts";
import type { Kernel } from "../kernel.ts";
import { policyValue } from "../policy/store.ts";
import { memberNames } from "../tenancy/lookup.ts";
import type { Tx } from "../work/door.ts";
import { query } from "../work/query.ts";
import { retentionClasses } from "./class.ts";
import { retentionProblem } from "./error.ts";

const read = "kernel.retention.read";
const change = "kernel.retention.change";
const day = 86_400_000;
const reason = Type.String({ minLength: 1, maxLength: 500, pattern: "\\S" });

/** What is kept how long, what was retired when, and the legal holds that stop it (RET-01, RET-02). */
export function retentionRoutes(kernel: Kernel): Route[] {
  return [
    defineRoute({
      method: "GET",
      path: "/api/retention",
      summary: "Retention classes with their last and next run, legal holds, and how log and tables agree",
      tag: "retention",
      permission: read,
      answers: { 200: Type.Unknown() },
      handle: async (request) => {
        const body = await kernel.door.work(request.credential, read, async (tx) => {
          kernel.access.read(tx.who, read, request.source, "kernel.retention_run");
          return { classes: await classesOf(tx), holds: await holdsOf(tx), reconciliation: await reconciliationOf(tx) };
        });
        return { body };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/retention/holds",
      summary: "Place a legal hold on a person, or on everything",
      tag: "retention",
      permission: change,
      body: Type.Object(
        { reason, membershipId: Type.Union([Type.String({ format: "uuid" }), Type.Null()]) },
        { additionalProperties: false },
      ),
      answers: { 201: Type.Object({ id: Type.String() }) },
      handle: async (request) => {
        const { membershipId } = request.body;
        const id = uuidv7();
        await kernel.door.work(request.credential, change, async (tx) => {
          if (membershipId !== null && !(await memberNames(tx)).has(membershipId))
            throw retentionProblem.person_unknown();
          await tx.record({
            action: "kernel.legal_hold.create",
            record: "kernel.legal_hold",
            rowId: id,
            version: 1,
            fields: { membership: membershipId ?? "", reason: request.body.reason },
          });
          await tx.all(
            query
              .insertInto("kernel.legal_hold")
              .values({ id, membership_id: membershipId, reason: request.body.reason }),
          );
        });
        return { status: 201, body: { id } };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/retention/holds/{id}/release",
      summary: "Release a legal hold, with the reason",
      tag: "retention",
      permission: change,
      params: Type.Object({ id: Type.String({ format: "uuid" }) }),
      body: Type.Object({ reason }, { additionalProperties: false }),
      answers: { 204: "" },
      handle: async (request) => {
        const { id } = request.params;
        await kernel.door.work(request.credential, change, async (tx) => {
          const hold = await tx.first(
            query
              .selectFrom("kernel.legal_hold")
              .select("version")
              .where("id", "=", id)
              .where("released_at", "is", null)
              .forUpdate(),
          );
          if (hold === undefined) throw retentionProblem.hold_unknown();
          await spendStepUp(tx, request.raw, { action: change, subject: id });
          await tx.record({
            action: "kernel.legal_hold.release",
            record: "kernel.legal_hold",
            rowId: id,
            version: hold.version + 1,
            fields: { reason: request.body.reason },
          });
          await tx.all(
            query
              .updateTable("kernel.legal_hold")
              .set({ released_at: new Date(), released_by: tx.who.actorId, release_reason: request.body.reason })
              .where("id", "=", id),
          );
        });
        return { status: 204 };
      },
    }),
  ];
}

async function classesOf(tx: Tx) {
  const runs = await tx.all(
    query.selectFrom("kernel.retention_run").select(["class", "at", "outcome", "gone", "detail"]),
  );
  const shown = [];
  for (const { id, title, policy, keeps, enforced } of retentionClasses) {
    const run = runs.find((each) => each.class === id);
    shown.push({
      id,
      title,
      policy,
      value: policy === null ? null : await policyValue(tx, policy),
      keeps,
      enforced,
      last: run === undefined ? null : { at: run.at, outcome: run.outcome, gone: Number(run.gone), detail: run.detail },
      next: run === undefined ? null : new Date(run.at.getTime() + day),
    });
  }
  return shown;
}

async function holdsOf(tx: Tx) {
  const names = await memberNames(tx);
  const rows = await tx.all(
    query
      .selectFrom("kernel.legal_hold")
      .select(["id", "membership_id", "reason", "created_at", "created_by", "released_at", "release_reason"])
      .orderBy("id", "desc")
      .limit(200),
  );
  return rows.map((row) => ({
    id: row.id,
    person: row.membership_id === null ? null : { id: row.membership_id, name: names.get(row.membership_id) ?? null },
    reason: row.reason,
    placedAt: row.created_at,
    placedBy: names.get(row.created_by) ?? null,
    releasedAt: row.released_at,
    releaseReason: row.release_reason,
  }));
}

async function reconciliationOf(tx: Tx) {
  const row = await tx.first(
    query.selectFrom("kernel.reconciliation").select(["at", "events", "changes", "rows_seen", "found", "findings"]),
  );
  return row === undefined
    ? null
    : {
        at: row.at,
        events: Number(row.events),
        changes: Number(row.changes),
        rows: Number(row.rows_seen),
        found: Number(row.found),
        findings: row.findings,
      };
}
