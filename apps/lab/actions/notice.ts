import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { sql } from "kysely";
import { Type, type Static } from "typebox";
import { Value } from "typebox/value";
import { enqueue, type Tx } from "@probity/kernel";
import { insertAll } from "../bulk.ts";
import { query } from "../query.ts";

const group = Type.Union([Type.Literal("verify"), Type.Literal("enter"), Type.Literal("admin")]);
const schema = Type.Object(
  {
    when: Type.Union([Type.Literal("never"), Type.Literal("out"), Type.Literal("out-and-waiting")]),
    groups: Type.Array(group, { maxItems: 3 }),
    people: Type.Array(Type.String({ format: "uuid" }), { maxItems: 50 }),
    /** Whether the mail says the value itself. */
    values: Type.Boolean(),
  },
  { additionalProperties: false },
);
export type NoticeSetting = Static<typeof schema>;

/** Whom the laboratory tells by mail, and of what. Off as it comes: who decides that mails leave says so. */
export const noticeSetting = {
  name: "notice.out",
  title: "Mails when a value is out of specification",
  schema,
  preset: { when: "never", groups: ["verify"], people: [], values: false } satisfies NoticeSetting,
};

/** What each group holds: whoever may do it is told, by whatever role they may. */
export const groupPermission = {
  verify: "lab.result.verify",
  enter: "lab.result.enter",
  admin: "lab.setting.change",
} as const;

/** What an investigation waits for after an act, and whom it waits for. */
const waiting = {
  "lab.investigation.open": { waitsFor: "assess", by: "lab.investigation.change" },
  "lab.investigation.plan": { waitsFor: "approve-plan", by: "lab.investigation.change" },
  "lab.investigation.send_back": { waitsFor: "plan-again", by: "lab.investigation.approve" },
  "lab.investigation.approve": { waitsFor: "retest", by: "lab.investigation.approve" },
  "lab.investigation.widen": { waitsFor: "conclude", by: "lab.investigation.change" },
} as const;

/** The setting in force. */
export async function noticeInForce(tx: Tx): Promise<NoticeSetting> {
  const row = await tx.first(
    query
      .selectFrom("lab.setting")
      .select("value")
      .where("name", "=", noticeSetting.name)
      .where("effective_at", "<=", sql<Date>`clock_timestamp()`)
      .where("deleted_at", "is", null)
      .orderBy("effective_at", "desc")
      .orderBy("id", "desc"),
  );
  return Value.Check(schema, row?.value) ? row.value : noticeSetting.preset;
}

/**
 * Writes down that results are to be told of and makes the job that does, in the transaction that found them. What is out
 * of specification is never typed over, so that a result comes here once; the database keeps it at that.
 */
export async function tellOut(tx: Tx, resultIds: readonly string[]): Promise<void> {
  if (resultIds.length === 0 || (await noticeInForce(tx)).when === "never") return;
  const told = await tx.all(
    query
      .selectFrom("lab.notice")
      .select("result_id")
      .where(sql<boolean>`result_id = any(${[...resultIds]}::uuid[])`),
  );
  const fresh = resultIds.filter((id) => told.every((each) => each.result_id !== id));
  if (fresh.length === 0) return;
  const batch = uuidv7();
  await insertAll(
    tx,
    "lab.notice",
    "lab.notice.create",
    fresh.map((resultId) => ({
      row: { id: uuidv7(), batch_id: batch, kind: "out", result_id: resultId },
      fields: { resultId },
    })),
  );
  await enqueue(tx, { task: "lab.tell_out", subjectId: batch, permissions: ["lab.result.enter"], total: 1 });
}

/** The same for an investigation that waits for somebody's act after this one. */
export async function tellWaiting(
  tx: Tx,
  investigation: { readonly id: string; readonly version: number },
  action: string,
): Promise<void> {
  const found = Object.entries(waiting).find(([name]) => name === action)?.[1];
  if (found === undefined || (await noticeInForce(tx)).when !== "out-and-waiting") return;
  const batch = uuidv7();
  const row = {
    id: uuidv7(),
    batch_id: batch,
    kind: "waits",
    investigation_id: investigation.id,
    investigation_version: investigation.version,
    waits_for: found.waitsFor,
  };
  const fields = { investigationId: investigation.id, waitsFor: found.waitsFor };
  await insertAll(tx, "lab.notice", "lab.notice.create", [{ row, fields }]);
  const task = found.by === "lab.investigation.change" ? "lab.tell_change" : "lab.tell_approve";
  await enqueue(tx, { task, subjectId: batch, permissions: [found.by], total: 1 });
}

/** What was told of a result or an investigation, when and to how many. */
export function noticesOf(of: { readonly resultId?: string; readonly investigationId?: string }) {
  let list = query
    .selectFrom("lab.notice")
    .select(["kind", "waits_for as waitsFor", "created_at as at", "sent_at as sentAt", "recipients"]);
  if (of.resultId !== undefined) list = list.where("result_id", "=", of.resultId);
  if (of.investigationId !== undefined) list = list.where("investigation_id", "=", of.investigationId);
  return list.orderBy("id");
}
