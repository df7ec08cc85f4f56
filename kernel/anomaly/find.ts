import { sql, type RawBuilder } from "kysely";
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

/**
 * Opening, making a link and exporting each leave a leaf of their own: they are counted from the log itself. What a link
 * downloads is counted for the link: whoever holds it need not be who made it.
 */
async function massDownload(tx: Tx, since: Date): Promise<Found[]> {
  const most = await policyValue(tx, "anomaly.downloadsPerHour");
  const done = doneSince(since);
  const rows = await tx.all(
    done
      .innerJoin("kernel.membership as m", "m.id", "e.actor_id")
      .select((q) => [
        "e.actor_id",
        q.fn.countAll<string>().as("seen"),
        q.fn.min("e.at").as("first_at"),
        q.fn.max("e.at").as("last_at"),
      ])
      .where("e.action", "~", "(\\.(open|export|report)|^kernel\\.link\\.create)$")
      .where(afterRelease("mass_download", "e.actor_id", "e.at"))
      .groupBy("e.actor_id")
      .having((q) => q.fn.countAll(), ">", most),
  );
  const links = await tx.all(
    done
      .innerJoin("kernel.link as l", "l.id", "e.row_id")
      .select((q) => [
        "l.id",
        "l.purpose",
        "l.membership_id",
        q.fn.countAll<string>().as("seen"),
        q.fn.min("e.at").as("first_at"),
        q.fn.max("e.at").as("last_at"),
      ])
      .where("e.action", "=", "kernel.file.download")
      .where(sourceAfterRelease("mass_download", sql<string>`'link:' || l.id`, sql<Date>`e.at`))
      .groupBy(["l.id", "l.purpose", "l.membership_id"])
      .having((q) => q.fn.countAll(), ">", most),
  );
  return [
    ...rows.map((row): Found => ({
      kind: "mass_download",
      memberId: row.actor_id,
      source: null,
      seen: Number(row.seen),
      firstAt: row.first_at,
      lastAt: row.last_at,
      detail: { limit: most },
    })),
    ...links.map((row): Found => ({
      kind: "mass_download",
      memberId: null,
      source: `link:${row.id}`,
      seen: Number(row.seen),
      firstAt: row.first_at,
      lastAt: row.last_at,
      detail: { limit: most, name: row.purpose, madeBy: row.membership_id },
    })),
  ];
}

function doneSince(since: Date) {
  return query.selectFrom("kernel.ledger_event as e").where("e.at", ">", since).where("e.outcome", "=", "done");
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

/** One session, or one key, in two places in turns. Two sessions are two devices, and a person may have them. */
async function impossibleTravel(tx: Tx, now: Date): Promise<Found[]> {
  const minutes = await policyValue(tx, "anomaly.travelMinutes");
  const since = new Date(now.getTime() - minutes * 60_000);
  const rows = await tx.all(
    query
      .selectFrom("kernel.access_event as e")
      .innerJoin("kernel.membership as m", "m.id", "e.actor_id")
      .select(["e.actor_id", "e.source", "e.at", "e.via"])
      .where("e.id", ">=", idAt(since))
      .where("e.outcome", "=", "done")
      .where("e.via", "is not", null)
      .where("e.source", "is not", null)
      .where(afterRelease("impossible_travel", "e.actor_id", "e.at"))
      .orderBy("e.at")
      .limit(50_000),
  );
  const found = new Map<string, Found>();
  for (const events of Map.groupBy(rows, (row) => row.via).values()) {
    const memberId = events[0]?.actor_id;
    if (memberId === undefined || found.has(memberId)) continue;
    const turns = turnsOf(events);
    if (turns === null) continue;
    const detail = { ...turns.detail, minutes };
    found.set(memberId, { kind: "impossible_travel", memberId, source: null, ...turns, detail });
  }
  return [...found.values(), ...(await keyTravel(tx, since, minutes))];
}

async function keyTravel(tx: Tx, since: Date, minutes: number): Promise<Found[]> {
  const call = sql<{ key_id: string; at: Date; source: string }>`select * from kernel.key_sightings(${since})`;
  const sightings = await tx.all({ compile: () => call.compile(query) });
  const found: Found[] = [];
  for (const [keyId, events] of Map.groupBy(sightings, (row) => row.key_id)) {
    const turns = turnsOf(events);
    if (turns === null) continue;
    const source = `key:${keyId}`;
    const key = await tx.first(
      query
        .selectFrom("kernel.api_key")
        .select(["name", "membership_id"])
        .where("id", "=", keyId)
        .where("revoked_at", "is", null)
        .where(sourceAfterRelease("impossible_travel", sql<string>`${source}`, sql<Date>`${turns.lastAt}`)),
    );
    if (key === undefined) continue;
    const detail = { ...turns.detail, minutes, name: key.name, madeBy: key.membership_id };
    found.push({ kind: "impossible_travel", memberId: null, source, ...turns, detail });
  }
  return found;
}

function turnsOf(events: readonly { readonly source: string | null; readonly at: Date }[]) {
  const sightings: Sighting[] = events.flatMap(({ source, at }) => {
    const network = farNetwork(source);
    return network === null ? [] : [{ network, at }];
  });
  const turns = takesTurns(sightings);
  if (turns === null) return null;
  const { networks, firstAt, lastAt, seen } = turns;
  return { seen, firstAt, lastAt, detail: { networks } };
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

/** The same of an alarm about a link or a key, named by its source. */
function sourceAfterRelease(kind: AnomalyKind, source: RawBuilder<string>, at: RawBuilder<Date>) {
  return sql<boolean>`not exists (select from kernel.anomaly a where a.kind = ${kind}
    and a.source = ${source} and a.released_at >= ${at})`;
}

/** The smallest uuidv7 of a moment (RFC 9562). */
function idAt(moment: Date): string {
  const hex = moment.getTime().toString(16).padStart(12, "0");
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`;
}
