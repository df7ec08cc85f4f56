import { createHash, randomUUIDv7 as uuidv7 } from "node:crypto";

type One = (
  table: "lab.schedule" | "lab.schedule_version" | "lab.schedule_slot" | StudyTable,
  row: Row,
) => Promise<void>;
type StudyTable =
  | "lab.study"
  | "lab.study_protocol"
  | "lab.study_batch"
  | "lab.study_storage"
  | "lab.study_pull"
  | "lab.study_evaluation";
type Row = { id: string } & Record<string, unknown>;

/** One row of everything that schedules and stability studies keep, for a sample and result that are there. */
export async function seedStability(
  one: One,
  id: { product: string; point: string; specification: string; limits: string; sample: string; result: string },
  memberId: string,
): Promise<void> {
  const [schedule, version, study, protocol] = [uuidv7(), uuidv7(), uuidv7(), uuidv7()];
  const [batch, storage] = [uuidv7(), uuidv7()];
  await one("lab.schedule", { id: schedule, name: "Water" });
  await one("lab.schedule_version", {
    id: version,
    schedule_id: schedule,
    number: 1,
    product_id: id.product,
    specification_id: id.specification,
    point_ids: [id.point],
    rhythm: { kind: "days", every: 1 },
    zone: "UTC",
    due_time: "08:00",
    from_on: "2026-01-01",
    until_on: null,
    ahead_days: 1,
    grace_minutes: 60,
    missed: "mark",
    running: true,
    effective_at: "2026-01-01T00:00:00Z",
    reason: "New",
  });
  await one("lab.schedule_slot", {
    id: uuidv7(),
    schedule_id: schedule,
    schedule_version_id: version,
    slot_on: "2026-01-02",
    point_id: id.point,
    due_at: "2026-01-02T08:00:00Z",
    outcome: "registered",
    late: false,
    reason: null,
    sample_id: id.sample,
  });
  await one("lab.study", {
    id: study,
    series: "ST-26",
    sequence: 1,
    number: "ST-26-0001",
    title: "Water",
    product_id: id.product,
  });
  await one("lab.study_protocol", {
    id: protocol,
    study_id: study,
    number: 1,
    state: "approved",
    specification_version_id: id.limits,
    content: {
      zone: "UTC",
      windowBefore: 0,
      windowAfter: 7,
      batches: ["A"],
      conditions: [{ key: "c25", months: [0, 3], units: 1 }],
    },
    reason: "New",
    written_by: memberId,
    approved_by: memberId,
  });
  await one("lab.study_batch", {
    id: batch,
    study_id: study,
    protocol_id: protocol,
    lot: "A",
    started_on: "2026-01-01",
  });
  await one("lab.study_storage", { id: storage, batch_id: batch, condition: "c25", place: "Chamber 1", units: 10 });
  await one("lab.study_pull", {
    id: uuidv7(),
    storage_id: storage,
    months: 0,
    due_on: "2026-01-01",
    opens_on: "2026-01-01",
    closes_on: "2026-01-08",
    units: 1,
    state: "pulled",
    pulled_on: "2026-01-01",
    pulled_at: "2026-01-01T08:00:00Z",
    pulled_by: memberId,
    sample_id: id.sample,
  });
  await one("lab.study_evaluation", {
    id: uuidv7(),
    study_id: study,
    number: 1,
    analyte: "ph",
    condition: "c25",
    through_months: 12,
    months: null,
    content: { inputs: [{ resultId: id.result, resultVersion: 1, value: "6.5", batch: "A", months: 0 }] },
    sha256: createHash("sha256").update("seed").digest("hex"),
    made_name: "Test",
  });
}
