import { Type, type TObject } from "typebox";
import {
  defineRoute,
  doorProblem,
  changeWithReason,
  isActiveMember,
  writeSealed,
  type Kernel,
  type Route,
  type RouteRequest,
  type Shape,
  type Tx,
} from "@probity/kernel";
import type { Updateable } from "kysely";
import { problem } from "../errors.ts";
import { query } from "../query.ts";
import type { DB } from "../schema.generated.ts";

const permission = "regulatory_docs.finding.decide";
const statusSchema = Type.Union([
  Type.Literal("covered"),
  Type.Literal("partial"),
  Type.Literal("gap"),
  Type.Literal("not-assessable"),
]);
const idParams = Type.Object({ id: Type.String({ format: "uuid" }) });
const words = Type.String({ minLength: 1, maxLength: 2000, pattern: "\\S" });
/** Why a decision that stands is changed or taken back; asked for then alone. */
const why = Type.Object({ reason: Type.Optional(words) }, { additionalProperties: false });

type FindingRow = { version: number; status: string; decision: string | null };
type Change = {
  set: Updateable<DB["regulatory_docs.finding"]>;
  sealed?: Record<string, string | null>;
  fields: Record<string, unknown>;
  /** Why, where a decision stood before (SIG-06). */
  reason?: { code: string | null; text: string | undefined };
};

/** What people do with a finding. The machine's own status is never changed by any of it (AI-07). */
export function findingRoutes(kernel: Kernel): Route[] {
  return [
    act(
      "accept",
      "Accept the machine's status; over a decision that stands, with the reason",
      why,
      (row, body, tx) => ({
        set: {
          decision: "accepted",
          decided_status: row.status,
          reason_code: null,
          decided_by: tx.who.actorId,
          decided_at: new Date(),
        },
        fields: { decision: "accepted", status: row.status, ...body },
        reason: { code: null, text: body.reason },
      }),
    ),
    act(
      "override",
      "Set another status, with the reason",
      Type.Object(
        {
          status: statusSchema,
          reasonCode: Type.String({ minLength: 1, maxLength: 60 }),
          reason: words,
        },
        { additionalProperties: false },
      ),
      (row, body, tx) => {
        if (body.status === row.status) throw problem.override_same({ values: { status: row.status } });
        return {
          set: {
            decision: "overridden",
            decided_status: body.status,
            reason_code: body.reasonCode,
            decided_by: tx.who.actorId,
            decided_at: new Date(),
          },
          sealed: { reason: body.reason },
          fields: { decision: "overridden", ...body },
          reason: { code: body.reasonCode, text: body.reason },
        };
      },
    ),
    act("reopen", "Take the decision back, with the reason", why, (row, body) => {
      if (row.decision === null) throw problem.not_decided();
      return {
        set: { decision: null, decided_status: null, reason_code: null, decided_by: null, decided_at: null },
        sealed: { reason: null },
        fields: { decision: null, ...body },
        reason: { code: null, text: body.reason },
      };
    }),
    act(
      "assign",
      "Assign to a member, or to nobody",
      Type.Object(
        { assigneeId: Type.Union([Type.String({ format: "uuid" }), Type.Null()]) },
        { additionalProperties: false },
      ),
      (_, body) => ({
        set: { assignee_id: body.assigneeId },
        fields: { ...body },
      }),
    ),
    act(
      "due",
      "Set or clear the day it is due",
      Type.Object(
        { dueOn: Type.Union([Type.String({ format: "date", pattern: "^(19|20)[0-9]{2}-" }), Type.Null()]) },
        { additionalProperties: false },
      ),
      (_, body) => ({
        set: { due_on: body.dueOn },
        fields: { ...body },
      }),
    ),
    act(
      "note",
      "Write or clear a note",
      Type.Object(
        { note: Type.Union([Type.String({ minLength: 1, maxLength: 4000 }), Type.Null()]) },
        { additionalProperties: false },
      ),
      (_, body) => ({
        set: {},
        sealed: { note: body.note },
        fields: { ...body },
      }),
    ),
  ];

  function act<B extends TObject>(
    name: string,
    summary: string,
    body: B,
    change: (row: FindingRow, body: Shape<NoInfer<B>>, tx: Tx) => Change,
  ): Route {
    return defineRoute({
      method: "POST",
      path: `/api/regulatory-docs/findings/{id}/${name}`,
      summary,
      tag: "regulatory-docs",
      permission,
      params: idParams,
      body,
      answers: { 200: Type.Object({ id: Type.String(), version: Type.Integer() }) },
      handle: (request) => decide(kernel, request, name, (row, tx) => change(row, request.body, tx)),
    });
  }
}

/** Of this workspace and active: somebody of another one is as unknown as nobody. */
async function requireMember(tx: Tx, id: string): Promise<void> {
  if (!(await isActiveMember(tx, id))) throw doorProblem.not_found();
}

async function decide(
  kernel: Kernel,
  request: RouteRequest<{ id: string }>,
  name: string,
  change: (row: FindingRow, tx: Tx) => Change,
) {
  const id = request.params.id;
  const version = request.version;
  const body = await kernel.door.work(request.credential, permission, async (tx) => {
    // 1. The finding as it stands; whoever decides names the version they saw.
    const row = await tx.first(
      query
        .selectFrom("regulatory_docs.finding")
        .select(["version", "status", "decision"])
        .where("id", "=", id)
        .where("deleted_at", "is", null),
    );
    if (!row) throw doorProblem.not_found();
    if (row.version !== version) throw doorProblem.stale({ values: { current: row.version, given: version } });
    const made = change(row, tx);
    if (typeof made.set.assignee_id === "string") await requireMember(tx, made.set.assignee_id);
    const reason = row.decision === null ? undefined : made.reason;
    if (reason !== undefined && reason.text === undefined)
      throw problem.reason_missing({ values: { what: "Changing a decision that stands" } });
    // 2. Leaf, reason, row, sealed words: together or not at all.
    const place = { record: "regulatory_docs.finding", rowId: id, version: version + 1 };
    const [changed] = await changeWithReason(
      tx,
      { action: `regulatory_docs.finding.${name}`, ...place, fields: made.fields },
      reason?.text === undefined ? undefined : { code: reason.code, text: reason.text },
      query
        .updateTable("regulatory_docs.finding")
        .set({ id, ...made.set })
        .where("id", "=", id)
        .where("version", "=", version)
        .returning(["id", "version", "decision", "decided_status", "assignee_id", "due_on"]),
    );
    if (!changed) throw doorProblem.stale({ values: { current: version + 1, given: version } });
    await writeSealed(tx, kernel.keyring, place, made.sealed ?? {});
    return {
      id,
      version: changed.version,
      decision: changed.decision,
      decidedStatus: changed.decided_status,
      assigneeId: changed.assignee_id,
      dueOn: changed.due_on,
    };
  });
  return { body, headers: { etag: `"${body.version}"` } };
}
