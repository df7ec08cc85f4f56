import { sql } from "kysely";
import type { Tx } from "@probity/kernel";
import { query } from "../query.ts";
import { sayFault } from "./instrument-state.ts";

/** An instrument or a lot that a result was made with, and how it stood when the value was entered. */
export type MadeWith = {
  readonly kind: "instrument" | "lot";
  readonly id: string;
  readonly name: string;
  readonly stood: string;
  readonly corrected: string | null;
};

/** What one result keeps as its set: never what its worksheet names meanwhile. */
export async function madeWith(tx: Tx, resultId: string, broughtIn: boolean): Promise<MadeWith[]> {
  const rows = await tx.all(setOf(resultId));
  return rows.map((row): MadeWith => {
    const corrected = row.reason;
    if (row.instrumentId !== null) {
      const name = `${row.number ?? ""} ${row.instrument ?? ""}`.trim();
      const faults = (row.faults ?? []).map((fault) => sayFault(fault, name, true));
      const good = row.due === null ? "in order when the value was entered" : `in order; good until ${row.due}`;
      const stood = broughtIn ? notJudged : faults.length > 0 ? faults.join(" ") : good;
      return { kind: "instrument", id: row.instrumentId, name, stood, corrected };
    }
    const name = `${row.material ?? ""}, lot ${row.lot ?? ""}`;
    const stood = broughtIn ? notJudged : `${row.state ?? "unknown"}; last day ${row.lastDay ?? "unknown"}`;
    return { kind: "lot", id: row.lotId ?? "", name, stood, corrected };
  });
}

const notJudged = "as stated where it was brought in from";

function setOf(resultId: string) {
  const at = sql`coalesce(r.entered_at, clock_timestamp())`;
  return query
    .selectFrom("lab.result as r")
    .innerJoin("lab.setup as u", (join) =>
      join.onRef("u.tenant_id", "=", "r.tenant_id").onRef("u.id", "=", "r.setup_id"),
    )
    .innerJoin("lab.setup_item as t", (join) =>
      join.onRef("t.tenant_id", "=", "u.tenant_id").onRef("t.setup_id", "=", "u.id"),
    )
    .leftJoin("lab.instrument as i", "i.id", "t.instrument_id")
    .leftJoin("lab.lot as l", "l.id", "t.lot_id")
    .leftJoin("lab.material as m", "m.id", "l.material_id")
    .select([
      "t.instrument_id as instrumentId",
      "t.lot_id as lotId",
      "i.number",
      "i.name as instrument",
      "m.name as material",
      "l.number as lot",
      "u.reason",
      // What was found out of tolerance since puts in doubt what was measured before, as it does at the gate.
      sql<string[] | null>`case when i.id is not null then lab.instrument_faults(i.id, ${at})
        || case when exists (select from lab.instrument_event e where e.instrument_id = i.id and e.created_at > ${at}
          and e.outcome in ('fail', 'adjusted')) then array['found-out'] else '{}' end end`.as("faults"),
      sql<string | null>`(select min(d.due_on)::text from (
        select distinct on (e.act) e.due_on from lab.instrument_event e
        where e.instrument_id = i.id and e.created_at <= ${at} and e.act in ('calibration', 'qualification')
        order by e.act, e.performed_on desc, e.sequence desc) d)`.as("due"),
      sql<string | null>`case when l.id is not null then lab.lot_state(l.id, ${at}) end`.as("state"),
      sql<string | null>`case when l.id is not null then lab.lot_last_day(l.id, ${at})::text end`.as("lastDay"),
    ])
    .where("r.id", "=", resultId)
    .orderBy("t.id");
}

const wayWords: Readonly<Record<string, string>> = {
  read: "read and understood",
  observed: "observed at work",
  examined: "examined",
};

/** Who trained the person that entered the value, on this version of the method, as it stood then; null where nobody did. */
export async function trainedBy(tx: Tx, resultId: string): Promise<string | null> {
  const row = await tx.first(
    query
      .selectFrom("lab.result as r")
      .innerJoin("lab.training as t", (join) =>
        join
          .onRef("t.tenant_id", "=", "r.tenant_id")
          .onRef("t.person_id", "=", "r.entered_by")
          .onRef("t.method_version_id", "=", "r.method_version_id"),
      )
      .select(["t.assessor_name as by", "t.way", "t.evidence"])
      .select([
        sql<string>`(t.created_at at time zone 'UTC')::date::text`.as("on"),
        sql<string>`t.valid_until::text`.as("until"),
      ])
      .where("r.id", "=", resultId)
      .where("t.deleted_at", "is", null)
      .whereRef("t.created_at", "<=", "r.entered_at")
      .where(sql<boolean>`t.valid_until >= (r.entered_at at time zone 'UTC')::date`)
      .where(sql<boolean>`(t.revoked_at is null or t.revoked_at > r.entered_at)`)
      .orderBy("t.created_at", "desc"),
  );
  return row === undefined
    ? null
    : `${wayWords[row.way] ?? row.way} by ${row.by}, ${row.on}, good until ${row.until} (${row.evidence})`;
}
