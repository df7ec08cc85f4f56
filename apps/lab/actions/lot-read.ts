import { sql } from "kysely";
import { query } from "../query.ts";

/** Lots with their material, where each stands, its last day and what is left of it. */
export function lots() {
  return query
    .selectFrom("lab.lot as l")
    .innerJoin("lab.material as m", "m.id", "l.material_id")
    .select([
      "l.id",
      "l.version",
      "l.number",
      "l.supplier",
      "l.certificate",
      "l.content",
      "l.unit",
      sql<string>`l.received_on::text`.as("receivedOn"),
      sql<string>`l.expires_on::text`.as("expiresOn"),
      sql<number | null>`coalesce(l.after_opening_days, m.after_opening_days)`.as("afterOpeningDays"),
      "m.id as materialId",
      "m.code as material",
      "m.name as materialName",
      "m.kind",
      "m.storage",
      sql<string>`lab.lot_state(l.id, clock_timestamp())`.as("state"),
      sql<string>`lab.lot_last_day(l.id, clock_timestamp())::text`.as("lastDay"),
      sql<boolean>`lab.lot_last_day(l.id, clock_timestamp()) < (clock_timestamp() at time zone 'UTC')::date`.as(
        "expired",
      ),
      sql<Date | null>`(select e.created_at from lab.lot_event e where e.tenant_id = l.tenant_id and e.lot_id = l.id and e.act = 'opened')`.as(
        "openedAt",
      ),
      sql<string>`coalesce((select c.balance from lab.consumption c where c.tenant_id = l.tenant_id and c.lot_id = l.id
        order by c.sequence desc limit 1), 0)::text`.as("left"),
      sql<string>`coalesce((select c.quantity from lab.consumption c where c.tenant_id = l.tenant_id and c.lot_id = l.id and c.sequence = 1), 0)::text`.as(
        "received",
      ),
    ])
    .where("l.deleted_at", "is", null)
    .orderBy("m.code")
    .orderBy("l.expires_on")
    .orderBy("l.number");
}

export type LotLine = { state: string; expired: boolean; lastDay: string };
export const lotStatuses = ["usable", "due-soon", "not-released", "quarantined", "expired", "rejected"] as const;
export type LotStatus = (typeof lotStatuses)[number];

/** Whether a lot may be used, and if not, why; `due-soon` within thirty days of its last. */
export function lotStatus({ state, expired, lastDay }: LotLine): LotStatus {
  if (state === "rejected" || state === "quarantined") return state;
  if (expired) return "expired";
  if (state !== "released") return "not-released";
  return Date.parse(lastDay) - Date.now() <= 30 * 86_400_000 ? "due-soon" : "usable";
}

export function lotEventsOf(lotId: string) {
  return query
    .selectFrom("lab.lot_event")
    .select([
      "id",
      "sequence",
      "act",
      "reason",
      "by_name as by",
      "created_by as byId",
      sql<Date>`coalesce(stated_at, created_at)`.as("at"),
    ])
    .where("lot_id", "=", lotId)
    .orderBy("sequence", "desc");
}

export function consumptionsOf(lotId: string) {
  return query
    .selectFrom("lab.consumption as c")
    .leftJoin("lab.worksheet as w", "w.id", "c.worksheet_id")
    .select([
      "c.id",
      "c.sequence",
      "c.act",
      sql<string>`c.quantity::text`.as("quantity"),
      sql<string>`c.balance::text`.as("left"),
      "c.worksheet_id as worksheetId",
      "w.number as worksheet",
      "c.purpose",
      "c.by_name as by",
      sql<Date>`coalesce(c.stated_at, c.created_at)`.as("at"),
    ])
    .where("c.lot_id", "=", lotId)
    .orderBy("c.sequence", "desc");
}

/** Every result that was made with a lot: named in what it was made with, or on a worksheet the lot was taken for. */
export function traceOf(lotId: string) {
  return query
    .selectFrom("lab.result as r")
    .leftJoin("lab.sample as s", "s.id", "r.sample_id")
    .leftJoin("lab.product as p", "p.id", "s.product_id")
    .leftJoin("lab.worksheet as w", "w.id", "r.worksheet_id")
    .select([
      "r.id",
      "r.sample_id as sampleId",
      "s.number as sample",
      "s.state as sampleState",
      "s.lot as batch",
      "p.name as product",
      "r.worksheet_id as worksheetId",
      "w.number as worksheet",
      "r.kind",
      "r.name as determination",
      "r.unit",
      "r.text as value",
      "r.state",
      "r.verdict",
      "r.entered_at as enteredAt",
      "r.entered_name as enteredBy",
      sql<string>`case when exists (select from lab.setup_item x where x.tenant_id = r.tenant_id and x.setup_id = r.setup_id and x.lot_id = ${lotId})
        then 'named' else 'taken' end`.as("how"),
    ])
    .where("r.state", "<>", "open")
    .where(
      sql<boolean>`(r.setup_id in (select x.setup_id from lab.setup_item x where x.lot_id = ${lotId})
        or r.worksheet_id in (select c.worksheet_id from lab.consumption c where c.lot_id = ${lotId} and c.act = 'used'))`,
    )
    .orderBy("r.entered_at", "desc")
    .orderBy("r.id")
    .limit(5000);
}

/** What one result was made with: the set it was entered with, and what was taken for its worksheet. */
export function usedFor(resultId: string) {
  return query
    .selectFrom("lab.result as r")
    .innerJoin("lab.setup as s", "s.id", "r.setup_id")
    .innerJoin("lab.setup_item as x", "x.setup_id", "s.id")
    .leftJoin("lab.instrument as i", "i.id", "x.instrument_id")
    .leftJoin("lab.lot as l", "l.id", "x.lot_id")
    .leftJoin("lab.material as m", "m.id", "l.material_id")
    .select([
      "x.instrument_id as instrumentId",
      "i.number as instrument",
      "i.name as instrumentName",
      "x.lot_id as lotId",
      "l.number as lot",
      "m.code as material",
      "m.name as materialName",
      "s.number",
      "s.reason",
      "s.by_name as by",
      "s.created_at as at",
    ])
    .where("r.id", "=", resultId)
    .orderBy("i.number")
    .orderBy("m.code");
}
