import { sql } from "kysely";
import { query } from "../query.ts";
import { statusOf, type InstrumentStatus } from "./instrument-state.ts";

type Row = {
  id: string;
  version: number;
  number: string;
  kind: string;
  name: string;
  make: string | null;
  model: string | null;
  serial: string | null;
  location: string | null;
  calibrationMonths: number | null;
  qualificationMonths: number | null;
  maintenanceMonths: number | null;
  faults: string[];
  due: Record<string, string | null> | null;
  hold: { reason: string; by: string; at: string; byId: string } | null;
};

/** Instruments with what is wrong with each now, the next day of each act, and the hold it stands under. */
export function instruments() {
  return query
    .selectFrom("lab.instrument as i")
    .select([
      "i.id",
      "i.version",
      "i.number",
      "i.kind",
      "i.name",
      "i.make",
      "i.model",
      "i.serial",
      "i.location",
      "i.calibration_months as calibrationMonths",
      "i.qualification_months as qualificationMonths",
      "i.maintenance_months as maintenanceMonths",
      sql<string[]>`lab.instrument_faults(i.id, clock_timestamp())`.as("faults"),
      sql<Record<string, string | null> | null>`(select jsonb_object_agg(d.act, d.due_on) from (
        select distinct on (e.act) e.act, e.due_on from lab.instrument_event e
        where e.tenant_id = i.tenant_id and e.instrument_id = i.id and e.act in ('calibration', 'qualification', 'maintenance')
        order by e.act, e.performed_on desc, e.sequence desc) d)`.as("due"),
      sql<Row["hold"]>`(select case when e.act = 'hold' then
          jsonb_build_object('reason', e.reason, 'by', e.by_name, 'byId', e.created_by, 'at', coalesce(e.stated_at, e.created_at)) end
        from lab.instrument_event e where e.tenant_id = i.tenant_id and e.instrument_id = i.id and e.act in ('hold', 'release')
        order by e.sequence desc limit 1)`.as("hold"),
    ])
    .where("i.deleted_at", "is", null)
    .orderBy("i.number");
}

/** An instrument as the API shows it: its state computed, never stored. */
export function presentInstrument(row: Row) {
  const today = new Date().toISOString().slice(0, 10);
  const planned = {
    calibration: row.calibrationMonths,
    qualification: row.qualificationMonths,
    maintenance: row.maintenanceMonths,
  };
  const due = Object.entries(planned).flatMap(([act, months]) => {
    const on = row.due?.[act] ?? null;
    return months === null && on === null ? [] : [{ act, months, on }];
  });
  const next = due.flatMap((each) => each.on ?? []).toSorted()[0] ?? null;
  const status: InstrumentStatus = statusOf(row.faults, next, today);
  return {
    ...row,
    due,
    nextDueOn: next,
    nextDue: due.find((each) => each.on === next && next !== null)?.act ?? null,
    status,
    holdReason: row.hold?.reason ?? null,
  };
}

/** Everything that happened to an instrument, newest first. */
export function eventsOf(instrumentId: string) {
  return query
    .selectFrom("lab.instrument_event")
    .select([
      "id",
      "sequence",
      "act",
      sql<string | null>`performed_on::text`.as("performedOn"),
      sql<string | null>`due_on::text`.as("dueOn"),
      "outcome",
      "reference",
      "provider",
      "reason",
      "by_name as by",
      "created_by as byId",
      sql<Date>`coalesce(stated_at, created_at)`.as("at"),
    ])
    .where("instrument_id", "=", instrumentId)
    .orderBy("sequence", "desc");
}

/** Where an instrument was used: worksheets and how many results of each, newest first. */
export function usesOf(instrumentId: string) {
  return query
    .selectFrom("lab.setup_item as x")
    .innerJoin("lab.result as r", "r.setup_id", "x.setup_id")
    .leftJoin("lab.worksheet as w", "w.id", "r.worksheet_id")
    .select([
      "w.id as worksheetId",
      "w.number as worksheet",
      "w.title",
      sql<number>`count(*)::integer`.as("results"),
      sql<number>`(count(*) filter (where r.state = 'entered'))::integer`.as("waiting"),
      sql<Date | null>`max(r.entered_at)`.as("enteredAt"),
    ])
    .where("x.instrument_id", "=", instrumentId)
    .groupBy(["w.id", "w.number", "w.title"])
    .orderBy("enteredAt", "desc")
    .limit(50);
}
