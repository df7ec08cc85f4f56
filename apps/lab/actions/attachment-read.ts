import { sql } from "kysely";
import { Type } from "typebox";
import { doorProblem, type Tx } from "@probity/kernel";
import { query } from "../query.ts";

/** What files may be beside, by the name in its address: the column that points at it and who writes it. */
export const places = {
  samples: { column: "sample_id", permission: "lab.result.enter", title: "a sample" },
  results: { column: "result_id", permission: "lab.result.enter", title: "a result" },
  investigations: { column: "investigation_id", permission: "lab.investigation.change", title: "an investigation" },
  "instrument-events": {
    column: "instrument_event_id",
    permission: "lab.instrument.hold",
    title: "something that happened to an instrument",
  },
} as const;
export type Place = keyof typeof places;

/** How what a file is to be beside stands. `next` says what opens it again, where it is closed. */
export type Beside = { what: string; state: string; open: boolean; blinded: boolean; next: string };

/** What a file is to be beside; 404 where there is none. The database looks once more, and holds it meanwhile. */
export async function besideOf(tx: Tx, place: Place, id: string): Promise<Beside> {
  const found = await tx.first(statements[place](id));
  if (found === undefined) throw doorProblem.not_found();
  const { what, state } = found;
  const unlocks = state === "verified" || state === "published";
  const next = unlocks ? "Ask an admin to unlock the sample." : "Put the file beside what came after it.";
  return { what, state, open: openStates.has(state), blinded: found.blinded === true, next };
}

const openStates: ReadonlySet<string> = new Set(
  "registered received tested open entered phase-1 retest-planned retest-approved phase-2 recorded".split(" "),
);

const statements = {
  samples: (id: string) =>
    query
      .selectFrom("lab.sample as s")
      .select(["s.number as what", "s.state", sql<boolean>`s.blinded`.as("blinded")])
      .where("s.id", "=", id),
  results: (id: string) =>
    query
      .selectFrom("lab.result as r")
      .leftJoin("lab.sample as s", "s.id", "r.sample_id")
      .select([
        sql<string>`concat_ws(' of ', r.name, s.number)`.as("what"),
        "r.state",
        sql<boolean>`false`.as("blinded"),
      ])
      .where("r.id", "=", id),
  investigations: (id: string) =>
    query
      .selectFrom("lab.investigation as i")
      .select(["i.number as what", "i.state", sql<boolean>`false`.as("blinded")])
      .where("i.id", "=", id),
  "instrument-events": (id: string) =>
    query
      .selectFrom("lab.instrument_event as e")
      .innerJoin("lab.instrument as n", "n.id", "e.instrument_id")
      .select([
        sql<string>`e.act || ' of ' || n.number`.as("what"),
        sql<string>`'recorded'`.as("state"),
        sql<boolean>`false`.as("blinded"),
      ])
      .where("e.id", "=", id),
};

/** How many files stand beside a result `r`; one that is struck out stays in its history and counts no more. */
export const filesBeside =
  sql<number>`(select count(*)::integer from lab.attachment f where f.tenant_id = r.tenant_id and f.result_id = r.id
    and f.struck_at is null and f.deleted_at is null)`.as("files");

/** A result among those of its sample or worksheet, as the API promises it; more is told of it. */
export const listedResult = Type.Object({
  id: Type.String(),
  version: Type.Integer(),
  files: Type.Integer({ description: "files beside the result; those struck out are not counted" }),
});

/** One file beside a record, struck out or not. */
export type AttachmentLine = {
  id: string;
  version: number;
  name: string;
  kind: string;
  bytes: number;
  sha256: string;
  note: string | null;
  at: Date;
  by: string | null;
  broughtIn: boolean;
  place: Place;
  ofId: string;
  of: string;
  sampleId: string | null;
  sample: string | null;
  struckReason: string | null;
  struckAt: Date | null;
  struckBy: string | null;
  covered: boolean;
  leaf: number | null;
};

export type AttachmentFilter = {
  readonly id?: string | undefined;
  /** Of a sample: its own, its results' and its investigations'. */
  readonly sample?: string | undefined;
  readonly result?: string | undefined;
  readonly investigation?: string | undefined;
  readonly instrument?: string | undefined;
  readonly q?: string | undefined;
};

/** Files beside records, oldest first; those struck out among them. */
export async function attachmentsOf(tx: Tx, filter: AttachmentFilter, most = 500): Promise<AttachmentLine[]> {
  const rows = await tx.all(listOf(filter).orderBy("a.id").limit(most));
  return rows.map((row) => ({ ...row, bytes: Number(row.bytes), leaf: row.leaf === null ? null : Number(row.leaf) }));
}

function listOf(filter: AttachmentFilter) {
  let list = query
    .selectFrom("lab.attachment as a")
    .leftJoin("lab.result as r", "r.id", "a.result_id")
    .leftJoin("lab.investigation as i", "i.id", "a.investigation_id")
    .leftJoin("lab.sample as s", (join) =>
      join.on("s.id", "=", sql<string>`coalesce(a.sample_id, r.sample_id, i.sample_id)`),
    )
    .leftJoin("lab.instrument_event as e", "e.id", "a.instrument_event_id")
    .leftJoin("lab.instrument as n", "n.id", "e.instrument_id")
    .leftJoin("kernel.membership as m", "m.id", "a.created_by")
    .leftJoin("kernel.membership as k", "k.id", "a.struck_by")
    .leftJoin("kernel.ledger_event as l", (join) =>
      join.onRef("l.tenant_id", "=", "a.tenant_id").onRef("l.row_id", "=", "a.id").on("l.version", "=", 1),
    )
    .select([
      "a.id",
      "a.version",
      "a.name",
      "a.kind",
      "a.bytes",
      "a.sha256",
      "a.note",
      "a.created_at as at",
      "m.name as by",
      "a.brought_in as broughtIn",
      sql<Place>`case when a.result_id is not null then 'results' when a.investigation_id is not null then 'investigations'
        when a.instrument_event_id is not null then 'instrument-events' else 'samples' end`.as("place"),
      sql<string>`coalesce(a.sample_id, a.result_id, a.investigation_id, a.instrument_event_id)`.as("ofId"),
      sql<string>`coalesce(r.name || case when r.attempt > 1 then ', attempt ' || r.attempt else '' end, i.number,
        e.act || ' of ' || n.number, s.number)`.as("of"),
      "s.id as sampleId",
      "s.number as sample",
      "a.struck_reason as struckReason",
      "a.struck_at as struckAt",
      "k.name as struckBy",
      sql<boolean>`a.sample_id is not null and s.blinded`.as("covered"),
      "l.seq as leaf",
    ])
    .where("a.deleted_at", "is", null);
  if (filter.id !== undefined) list = list.where("a.id", "=", filter.id);
  if (filter.sample !== undefined) list = list.where("a.id", "in", idsOfSample(filter.sample));
  if (filter.result !== undefined) list = list.where("a.result_id", "=", filter.result);
  if (filter.investigation !== undefined) list = list.where("a.investigation_id", "=", filter.investigation);
  if (filter.instrument !== undefined) list = list.where("n.id", "=", filter.instrument);
  for (const word of (filter.q ?? "").toLowerCase().split(/\s+/).filter(Boolean).slice(0, 6)) {
    const part = `%${word.replaceAll(/[\\%_]/g, "\\$&")}%`;
    list = list.where(sql<boolean>`lower(concat_ws(' ', a.name, a.note, a.sha256, m.name, s.number)) like ${part}`);
  }
  return list;
}

/** Found by three indexes: through the join above, every file of the laboratory would be looked at. */
function idsOfSample(id: string) {
  return sql<string>`(select id from lab.attachment where sample_id = ${id}
    union all select f.id from lab.result x join lab.attachment f on f.tenant_id = x.tenant_id and f.result_id = x.id where x.sample_id = ${id}
    union all select f.id from lab.investigation x join lab.attachment f on f.tenant_id = x.tenant_id and f.investigation_id = x.id
      where x.sample_id = ${id})`;
}
