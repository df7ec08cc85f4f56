import { createHash, randomUUIDv7 as uuidv7 } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { sql, type RawBuilder } from "kysely";
import { removeMember } from "../identity/people.ts";
import type { Kernel } from "../kernel.ts";
import { canonicalText } from "../ledger/canonical.ts";
import { Post } from "../mail/post.ts";
import { policyValue } from "../policy/store.ts";
import { instanceTenantId, type Credential } from "../work/credential.ts";
import type { Tx } from "../work/door.ts";
import { Problem } from "../work/problem.ts";
import { query } from "../work/query.ts";
import { retentionProblem } from "./error.ts";

export const erasePermission = "kernel.person.erase";
/** The leaf that explains what is closed (verify/explain.ts). */
export const erasureAction = "privacy.erasure.executed";
const day = 86_400_000;

export type Obstacle = { readonly rule: "legal_hold" | "signed_records"; readonly detail: string };
/** One kind of thing that is erased, and how many of it there are. */
export type Erased = { readonly what: string; readonly count: number };
export type ErasurePreview = {
  /** Whose id it is: the member's, or the row's that names somebody who is none. */
  readonly person: {
    readonly id: string;
    readonly name: string;
    readonly email: string;
    readonly member: boolean;
    readonly active: boolean;
  };
  readonly obstacles: readonly Obstacle[];
  readonly erased: readonly Erased[];
  readonly kept: readonly string[];
  /** When the last backup that still holds them is gone. */
  readonly backupsUntil: string;
};

/** What no erasure here reaches, said in every preview and receipt. */
const kept = [
  "The events of the log: what happened, when, and the person's pseudonym; nothing that names them.",
  "Documents and records the person worked on: they belong to the workspace.",
  "Names printed in records beside an act, and in texts that people wrote: they are part of what happened.",
  "What was exported, mailed or streamed to other systems before: it is out of reach from here.",
];

/** What names a person here, and what keeps it from being erased. `asked` is a member, or a row that names somebody. */
export async function previewErasure(tx: Tx, asked: string): Promise<ErasurePreview> {
  const { id, name, email, member } = await subjectOf(tx, asked);
  const rows = await personRows(tx, id);
  const places = await tx.all(call<{ fields: string[] }>(sql`select fields from kernel.person_openings(${id})`));
  const versions =
    rows.length === 0
      ? []
      : await tx.all(
          query
            .selectFrom("kernel.version_history")
            .select("version")
            .where(
              "row_id",
              "in",
              rows.map((row) => row.row_id),
            ),
        );
  return {
    person: { id, name, email, member: member !== undefined, active: member?.status === "active" },
    obstacles: await obstaclesOf(tx, id),
    erased: [
      { what: "Rows that name them", count: rows.length },
      { what: "Versions of those rows in the history", count: versions.length },
      { what: "Fields beside the log", count: places.reduce((sum, { fields }) => sum + fields.length, 0) },
    ],
    kept,
    backupsUntil: await backupsUntil(tx),
  };
}

export type Receipt = {
  readonly v: "1";
  readonly id: string;
  readonly workspace: string;
  readonly subject: string;
  readonly executedAt: string;
  readonly approver: string;
  readonly basis: string;
  readonly erased: readonly Erased[];
  readonly kept: readonly string[];
  readonly backupsUntil: string;
};

/**
 * Erases a person (LED-06): their membership ends first, so that nothing new comes of them; then everything that names them
 * goes in one transaction with the leaf that says which fields of which leaves were closed. The leaf commits to the receipt.
 */
export async function erasePerson(
  kernel: Pick<Kernel, "door" | "system" | "rootKey">,
  credential: Credential,
  asked: { readonly id: string; readonly basis: string; readonly prove: (tx: Tx) => Promise<void> },
): Promise<Receipt> {
  const { basis } = asked;
  const { id, active } = await kernel.door.work(credential, erasePermission, async (tx) => {
    const subject = await subjectOf(tx, asked.id);
    if (subject.id === tx.who.actorId) throw retentionProblem.own_self();
    if (subject.email.endsWith("@erased.invalid")) throw retentionProblem.already_erased();
    refuse(await obstaclesOf(tx, subject.id));
    return { id: subject.id, active: subject.member?.status === "active" };
  });
  // Before anything is done: a call without its proof has ended nobody's membership.
  if (active) {
    await kernel.door.work(credential, "kernel.people.change", async (tx) => {
      await asked.prove(tx);
      await removeMember(tx, id);
    });
  }
  const { receipt, gone } = await oncePlaced(kernel, credential, async (tx) => {
    if (!active) await asked.prove(tx);
    refuse(await obstaclesOf(tx, id));
    if (await leavesWaiting(tx)) throw retentionProblem.log_behind();
    const { email, record, member } = await subjectOf(tx, id);
    const rows = await personRows(tx, id);
    const mails = await forgetMails(tx, new Post(kernel.rootKey.key), email);
    // What was said of them is found by their name and address: before those go.
    const gone = await tx.all(
      call<{ kind: string; seq: string | null; fields: string[] | null; count: string }>(
        sql`select * from kernel.forget_person(${id})`,
      ),
    );
    const account =
      member === undefined
        ? undefined
        : await tx.first(call<{ erased: boolean; mails: string }>(sql`select * from kernel.forget_account(${id})`));
    await tx.recordAll(
      rows.map((row) => ({
        action: "privacy.erasure.row",
        record: row.record,
        rowId: row.row_id,
        version: row.version + 1,
      })),
    );
    await tx.all(call(sql`select kernel.scrub_rows(${id})`));

    const counted = (kind: string) => Number(gone.find((each) => each.kind === kind)?.count ?? 0);
    const leaves = gone.flatMap(({ seq, fields }) =>
      seq === null || fields === null ? [] : [[Number(seq), fields] as const],
    );
    const receipt: Receipt = {
      v: "1",
      id: uuidv7(),
      workspace: tx.who.tenantId,
      subject: id,
      executedAt: new Date().toISOString(),
      approver: tx.who.actorId,
      basis,
      erased: [
        { what: "Rows that named them", count: rows.length },
        { what: "Versions of those rows in the history", count: counted("history") },
        { what: "Fields beside the log", count: leaves.reduce((sum, [, fields]) => sum + fields.length, 0) },
        { what: "Addresses in access events", count: counted("access_event") + counted("key_use") },
        { what: "Mails", count: mails + Number(account?.mails ?? 0) },
        { what: "Account with sessions and factors", count: account?.erased === true ? 1 : 0 },
      ],
      kept:
        member === undefined || account?.erased === true
          ? kept
          : [...kept, "The account: the person belongs to another workspace of this instance."],
      backupsUntil: await backupsUntil(tx),
    };
    await tx.record({
      action: erasureAction,
      fields: {
        leaves,
        basis,
        approver: tx.who.actorId,
        receipt: createHash("sha256").update(canonicalText(receipt)).digest("hex"),
      },
    });
    await tx.record({ action: "kernel.erasure.create", record: "kernel.erasure", rowId: receipt.id, version: 1 });
    await tx.all(
      query.insertInto("kernel.erasure").values({
        id: receipt.id,
        basis,
        receipt: JSON.stringify(receipt),
        ...(member === undefined ? { subject_record: record, subject_id: id } : { membership_id: id }),
      }),
    );
    return {
      receipt,
      gone:
        member !== undefined && account?.erased === true
          ? { userId: member.user_id, approver: tx.who.actorId }
          : undefined,
    };
  });
  if (gone !== undefined) await forgetSignIns(kernel, { ...gone, basis });
  return receipt;
}

/** The addresses an account signed in from lie in the instance's own log: closed there, with a leaf of that log. */
async function forgetSignIns(
  kernel: Pick<Kernel, "door" | "system">,
  erased: { readonly userId: string; readonly approver: string; readonly basis: string },
): Promise<void> {
  await kernel.door.work(kernel.system(instanceTenantId), "kernel.retention.run", async (tx) => {
    const closed = await tx.all(
      call<{ seq: string; fields: string[] }>(sql`select * from kernel.forget_sign_ins(${erased.userId})`),
    );
    if (closed.length === 0) return;
    const leaves = closed.map(({ seq, fields }) => [Number(seq), fields]);
    await tx.record({ action: erasureAction, fields: { leaves, basis: erased.basis, approver: erased.approver } });
  });
}

function refuse(obstacles: readonly Obstacle[]): void {
  for (const { rule, detail } of obstacles) {
    if (rule === "legal_hold") throw retentionProblem.on_hold({ values: { reason: detail } });
    throw retentionProblem.signed({ values: { count: detail } });
  }
}

/**
 * Works once nothing is on its way to its place, and again where something came in between: a workspace in which people
 * work is never quiet for long. `run` throws log_behind where it finds that; nothing of that try is kept.
 */
async function oncePlaced<T>(
  kernel: Pick<Kernel, "door">,
  credential: Credential,
  run: (tx: Tx) => Promise<T>,
): Promise<T> {
  for (let left = 10; ; left -= 1) {
    // oxlint-disable-next-line no-await-in-loop -- one try after the other
    await untilPlaced(kernel, credential);
    try {
      // oxlint-disable-next-line no-await-in-loop -- see above
      return await kernel.door.work(credential, erasePermission, run);
    } catch (error) {
      if (left === 1 || !(error instanceof Problem) || error.code !== "retention.log_behind") throw error;
    }
  }
}

/** Nothing of the person may still be on its way to its place: places are what the erasure names. */
async function untilPlaced(kernel: Pick<Kernel, "door">, credential: Credential): Promise<void> {
  for (const deadline = Date.now() + 20_000; Date.now() < deadline; await pause(100)) {
    if (!(await kernel.door.work(credential, erasePermission, leavesWaiting))) return;
  }
  throw retentionProblem.log_behind();
}

async function leavesWaiting(tx: Tx): Promise<boolean> {
  const row = await tx.first(call<{ waiting: string }>(sql`select kernel.leaves_waiting() as waiting`));
  return Number(row?.waiting ?? 0) > 0;
}

async function obstaclesOf(tx: Tx, id: string): Promise<Obstacle[]> {
  return tx.all(call<Obstacle>(sql`select rule, detail from kernel.erasure_obstacles(${id})`));
}

function personRows(tx: Tx, id: string) {
  return tx.all(
    call<{ record: string; row_id: string; version: number }>(
      sql`select record, row_id, version from kernel.person_rows(${id})`,
    ),
  );
}

/** A member, or somebody whom a row of an app names. Of somebody who is both it is the member, with all of theirs. */
async function subjectOf(tx: Tx, asked: string) {
  const subject = await tx.first(
    call<{ id: string; membership_id: string | null; record: string | null; email: string; name: string }>(
      sql`select id, membership_id, record, email, name from kernel.erasure_subject(${asked})`,
    ),
  );
  if (subject === undefined) throw retentionProblem.person_unknown();
  const member =
    subject.membership_id === null
      ? undefined
      : await tx.first(
          query.selectFrom("kernel.membership").select(["status", "user_id"]).where("id", "=", subject.membership_id),
        );
  return { ...subject, member };
}

/** Mails to an address that still hold their text. Who they go to is sealed with it, so the server looks at each. */
async function forgetMails(tx: Tx, post: Post, email: string): Promise<number> {
  const held = await tx.all(call<{ id: string; sealed: Buffer }>(sql`select id, sealed from kernel.mails_held()`));
  const theirs = held.filter(({ id, sealed }) => post.open(id, sealed).to.toLowerCase() === email.toLowerCase());
  if (theirs.length === 0) return 0;
  const ids = theirs.map(({ id }) => id);
  const row = await tx.first(call<{ gone: string }>(sql`select kernel.forget_mails(${ids}) as gone`));
  return Number(row?.gone ?? 0);
}

async function backupsUntil(tx: Tx): Promise<string> {
  return new Date(Date.now() + (await policyValue(tx, "retention.backupDays")) * day).toISOString();
}

function call<T>(text: RawBuilder<unknown>) {
  const typed = sql<T>`${text}`;
  return { compile: () => typed.compile(query) };
}
