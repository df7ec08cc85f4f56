import { sql } from "kysely";
import type { Tx } from "../work/door.ts";
import { query } from "../work/query.ts";
import { identityProblem } from "./error.ts";
import { actingRole } from "./people.ts";

export type MemberSession = {
  readonly id: string;
  readonly membershipId: string;
  readonly createdAt: Date;
  readonly lastSeenAt: Date;
  readonly userAgent: string | null;
  /** Null for somebody who belongs to another workspace too: where they work for others is not this one's to know. */
  readonly address: string | null;
  readonly secondFactor: boolean;
  readonly current: boolean;
};

/** The live sessions of the workspace's members, the last seen first (kernel.people.change). */
export async function listMemberSessions(tx: Tx): Promise<MemberSession[]> {
  const call = sql<{
    id: string;
    membership_id: string;
    created_at: Date;
    last_seen_at: Date;
    user_agent: string | null;
    address: string | null;
    assurance: number;
  }>`select * from kernel.member_sessions()`;
  const rows = await tx.all({ compile: () => call.compile(query) });
  return rows.map((row) => ({
    id: row.id,
    membershipId: row.membership_id,
    createdAt: row.created_at,
    lastSeenAt: row.last_seen_at,
    userAgent: row.user_agent,
    address: row.address,
    secondFactor: row.assurance >= 2,
    current: row.id === tx.who.sessionId,
  }));
}

/**
 * Ends one session of a member, an owner's too: an admin can stop any session of the organisation (IDN-08). Who looks after
 * people by a role of the workspace's own stops members' alone.
 */
export async function endMemberSession(tx: Tx, sessionId: string): Promise<void> {
  const acting = await actingRole(tx);
  const row = await tx.first(
    query.selectNoFrom(sql<string | null>`kernel.end_member_session(${sessionId})`.as("membership")),
  );
  const membershipId = row?.membership ?? null;
  if (membershipId === null) throw identityProblem.session_unknown();
  const whose = await tx.first(query.selectFrom("kernel.membership").select("role").where("id", "=", membershipId));
  // Refused here, the session goes on: the transaction ends with it.
  if (acting === "member" && whose?.role !== "member") throw identityProblem.people_not_yours();
  await tx.record({
    action: "kernel.session.end",
    record: "kernel.membership",
    rowId: membershipId,
    fields: { count: "1", by: "admin" },
  });
}
