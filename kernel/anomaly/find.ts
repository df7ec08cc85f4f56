import { sql } from "kysely";
import { policyValue } from "../policy/store.ts";
import type { Tx } from "../work/door.ts";
import { query } from "../work/query.ts";
import { farNetwork, takesTurns, type Sighting } from "./travel.ts";

export const anomalyKinds = ["credential_stuffing", "impossible_travel", "mass_download", "probing"] as const;
export type AnomalyKind = (typeof anomalyKinds)[number];

/** What the events of the last hour show. */
export type Found = {
  readonly kind: AnomalyKind;
  readonly memberId: string | null;
  readonly source: string | null;
  readonly seen: number;
  readonly firstAt: Date;
  readonly lastAt: Date;
  readonly detail: Readonly<Record<string, unknown>>;
};

/** Refusals that somebody meets who tries doors: not there, not theirs, not their workspace. */
const refusals = ["kernel.not_found", "kernel.permission_missing", "kernel.workspace_unknown"];
/** People of one workspace who were refused from one source: one colleague forgets a password, three at once do not. */
const stuffedMembers = 3;
const hour = 3_600_000;

/** Looks through the bound workspace's events of the last hour, each after the last release of the same alarm. */
export async function findAnomalies(tx: Tx, now = new Date()): Promise<Found[]> {
  const since = new Date(now.getTime() - hour);
  return [
    ...(await massDownload(tx, since)),
    ...(await probing(tx, since)),
    ...(await impossibleTravel(tx, now)),
    ...(await credentialStuffing(tx, since)),
  ];
}

/** Opening, downloading and exporting each leave a leaf of their own: they are counted from the log itself. */
async function massDownload(tx: Tx, since: Date): Promise<Found[]> {
  const most = await policyValue(tx, "anomaly.downloadsPerHour");
  const rows = await tx.all(
    query
      .selectFrom("kernel.ledger_event as e")
      .innerJoin("kernel.membership as m", "m.id", "e.actor_id")
      .select((q) => [
        "e.actor_id",
        q.fn.countAll<string>().as("seen"),
        q.fn.min("e.at").as("first_at"),
        q.fn.max("e.at").as("last_at"),
      ])
      .where("e.at", ">", since)
      .where("e.action", "~", "\\.(download|open|export|report)$")
      .where("e.outcome", "=", "done")
      .where(afterRelease("mass_download", "e.actor_id", "e.at"))
      .groupBy("e.actor_id")
      .having((q) => q.fn.countAll(), ">", most),
  );
  return rows.map((row) => ({
    kind: "mass_download",
    memberId: row.actor_id,
    source: null,
    seen: Number(row.seen),
    firstAt: row.first_at,
    lastAt: row.last_at,
    detail: { limit: most },
  }));
}

async function probing(tx: Tx, since: Date): Promise<Found[]> {
  const most = await policyValue(tx, "anomaly.refusalsPerHour");
  const rows = await tx.all(
    query
      .selectFrom("kernel.access_event as e")
      .innerJoin("kernel.membership as m", "m.id", "e.actor_id")
      .select((q) => [
        "e.actor_id",
        q.fn.sum<string>("e.count").as("seen"),
        q.fn.min("e.at").as("first_at"),
        q.fn.max("e.at").as("last_at"),
        sql<string[]>`array_agg(distinct e.source)`.as("sources"),
      ])
      // Ids are uuidv7: the hour is a range of the primary key.
      .where("e.id", ">=", idAt(since))
      .where("e.outcome", "in", refusals)
      .where(afterRelease("probing", "e.actor_id", "e.at"))
      .groupBy("e.actor_id")
      .having((q) => q.fn.sum("e.count"), ">", most),
  );
  return rows.map((row) => ({
    kind: "probing",
    memberId: row.actor_id,
    source: null,
    seen: Number(row.seen),
    firstAt: row.first_at,
    lastAt: row.last_at,
    detail: { limit: most, sources: row.sources.slice(0, 10) },
  }));
}

async function impossibleTravel(tx: Tx, now: Date): Promise<Found[]> {
  const minutes = await policyValue(tx, "anomaly.travelMinutes");
  const since = new Date(now.getTime() - minutes * 60_000);
  const rows = await tx.all(
    query
      .selectFrom("kernel.access_event as e")
      .innerJoin("kernel.membership as m", "m.id", "e.actor_id")
      .select(["e.actor_id", "e.source", "e.at"])
      .where("e.id", ">=", idAt(since))
      .where("e.outcome", "=", "done")
      .where("e.source", "is not", null)
      .where(afterRelease("impossible_travel", "e.actor_id", "e.at"))
      .orderBy("e.actor_id")
      .orderBy("e.at")
      .limit(50_000),
  );
  const found: Found[] = [];
  for (const [memberId, events] of Map.groupBy(rows, (row) => row.actor_id)) {
    const sightings: Sighting[] = events.flatMap(({ source, at }) => {
      const network = farNetwork(source);
      return network === null ? [] : [{ network, at }];
    });
    const turns = takesTurns(sightings);
    if (turns === null) continue;
    const { networks, firstAt, lastAt, seen } = turns;
    found.push({
      kind: "impossible_travel",
      memberId,
      source: null,
      seen,
      firstAt,
      lastAt,
      detail: { networks, minutes },
    });
  }
  return found;
}

/** Refused sign-ins to several people of this workspace from one source. Each left a leaf about its member here. */
async function credentialStuffing(tx: Tx, since: Date): Promise<Found[]> {
  const rows = await tx.all(
    query
      .selectFrom("kernel.ledger_event as e")
      .innerJoin("kernel.ledger_opening as o", (join) =>
        join.onRef("o.tenant_id", "=", "e.tenant_id").onRef("o.leaf_id", "=", "e.leaf_id"),
      )
      .select((q) => [
        sql<string>`o.openings #>> '{source,value}'`.as("source"),
        q.fn.count<string>("e.row_id").distinct().as("members"),
        q.fn.countAll<string>().as("seen"),
        q.fn.min("e.at").as("first_at"),
        q.fn.max("e.at").as("last_at"),
      ])
      .where("e.at", ">", since)
      .where("e.action", "=", "kernel.session.start")
      .where("e.outcome", "=", "refused")
      .where(sql<boolean>`o.openings #>> '{source,value}' is not null`)
      .where(
        sql<boolean>`not exists (select from kernel.anomaly a where a.kind = 'credential_stuffing'
          and a.source = o.openings #>> '{source,value}' and a.released_at >= e.at)`,
      )
      .groupBy(sql`1`)
      .having((q) => q.fn.count("e.row_id").distinct(), ">=", stuffedMembers),
  );
  return rows.map((row) => ({
    kind: "credential_stuffing",
    memberId: null,
    source: row.source,
    seen: Number(row.seen),
    firstAt: row.first_at,
    lastAt: row.last_at,
    detail: { members: Number(row.members) },
  }));
}

/** What an admin has looked at and released is not counted again. */
function afterRelease(kind: AnomalyKind, member: string, at: string) {
  return sql<boolean>`not exists (select from kernel.anomaly a where a.kind = ${kind}
    and a.member_id = ${sql.ref(member)} and a.released_at >= ${sql.ref(at)})`;
}

/** The smallest uuidv7 of a moment (RFC 9562). */
function idAt(moment: Date): string {
  const hex = moment.getTime().toString(16).padStart(12, "0");
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`;
}
