import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { openTestServer, testIsolation, type TestPerson, type TestServer } from "@probity/kernel/testing";
import { lab } from "../app.ts";
import { insertAll } from "../bulk.ts";
import { seedStability } from "../testing/stability.ts";
import { seedCharts } from "../testing/chart-row.ts";
import { seedDuplicates } from "../testing/duplicate-row.ts";
import { seedCertificates } from "../testing/certificate-row.ts";
import { phDefinition } from "../testing/world.ts";

const app = lab();

testIsolation(app.records, { openServer: () => openTestServer([app]), seed, writes: "lab.history.load" });

type One = (table: Parameters<typeof insertAll>[1], row: { id: string } & Record<string, unknown>) => Promise<void>;

/** What results are made with, and who is trained. */
async function seedInstruments(
  one: One,
  { sheet, methodVersion }: { sheet: string; methodVersion: string },
  person: string,
): Promise<void> {
  const [instrument, material, lot, setup] = [uuidv7(), uuidv7(), uuidv7(), uuidv7()];
  const by = { by_name: "Test" };
  await one("lab.instrument", {
    id: instrument,
    number: "PH-1",
    kind: "ph-meter",
    name: "pH meter",
    calibration_months: 12,
  });
  await one("lab.instrument_event", { id: uuidv7(), instrument_id: instrument, act: "hold", reason: "Test", ...by });
  await one("lab.material", { id: material, code: "BUF-7", name: "Buffer", kind: "solution", unit: "mL" });
  const dates = { received_on: "2026-01-02", expires_on: "2036-01-02" };
  const label = { number: "A1", supplier: "Test", certificate: "C-1", unit: "mL", ...dates };
  await one("lab.lot", { id: lot, material_id: material, ...label });
  await one("lab.lot_event", { id: uuidv7(), lot_id: lot, act: "received", ...by });
  await one("lab.consumption", {
    id: uuidv7(),
    lot_id: lot,
    act: "received",
    quantity: "10",
    worksheet_id: sheet,
    ...by,
  });
  await one("lab.setup", { id: setup, worksheet_id: sheet, number: 1, ...by });
  await one("lab.setup_item", { id: uuidv7(), setup_id: setup, instrument_id: instrument });
  await one("lab.setup_item", { id: uuidv7(), setup_id: setup, lot_id: lot });
  await one("lab.training", {
    id: uuidv7(),
    person_id: person,
    method_version_id: methodVersion,
    way: "observed",
    evidence: "Test",
    valid_until: new Date(Date.now() + 86_400_000).toISOString().slice(0, 10),
    person_name: "Test",
    assessor_name: "Test",
  });
}

/** One row of everything the laboratory keeps. */
async function seed({ kernel, member }: TestServer, owner: TestPerson): Promise<void> {
  const permission = "lab.history.load";
  const tenantId = owner.session.workspace ?? "";
  const trainee = await member(tenantId, "member");
  const keys = await kernel.door.work(owner.session, permission, (tx) => kernel.files.keysOf(tx));
  const stored = await kernel.files.store(tenantId, keys, Buffer.from(`file of ${tenantId}`), "txt");
  const id = {
    product: uuidv7(),
    point: uuidv7(),
    method: uuidv7(),
    methodVersion: uuidv7(),
    specification: uuidv7(),
    limits: uuidv7(),
    file: uuidv7(),
    sample: uuidv7(),
    sheet: uuidv7(),
    result: uuidv7(),
  };
  const blob = await kernel.door.work(owner.session, permission, async (tx) => {
    const blobId = await kernel.files.name(tx, stored);
    const one = (table: Parameters<typeof insertAll>[1], row: { id: string } & Record<string, unknown>) =>
      insertAll(tx, table, `${table}.create`, [{ row, fields: {} }]);
    await one("lab.numbering", { id: uuidv7(), series: "sample", prefix: "S", digits: 5, period: "year" });
    await one("lab.product", { id: id.product, code: "WFI", name: "Water", kind: "water" });
    await one("lab.sampling_point", { id: id.point, code: "P1", name: "Tank" });
    await one("lab.method", { id: id.method, code: "M-1", title: "pH" });
    await one("lab.method_version", {
      id: id.methodVersion,
      method_id: id.method,
      number: 1,
      definition: phDefinition,
      reason: "New",
    });
    await one("lab.specification", { id: id.specification, product_id: id.product, code: "S-1", title: "Water" });
    await one("lab.specification_version", {
      id: id.limits,
      specification_id: id.specification,
      number: 1,
      limits: [{ methodId: id.method, analyte: "ph", high: "6.0", compare: "entered" }],
      reason: "New",
    });
    await one("lab.import_file", {
      id: id.file,
      kind: "samples",
      file_name: "a.csv",
      sha256: "0",
      encoding: "utf-8",
      row_count: 1,
      mapping: {},
      blob_id: blobId,
    });
    await one("lab.import_source", {
      id: uuidv7(),
      kind: "results",
      name: "Balance",
      headings: {},
      decimal_sign: "point",
    });
    await one("lab.sample", {
      id: id.sample,
      series: "S-26",
      sequence: 1,
      number: "S-26-00001",
      product_id: id.product,
      sampling_point_id: id.point,
      specification_version_id: id.limits,
      import_id: id.file,
      priority: "routine",
      state: "received",
      received_by: owner.membershipId,
      find: "s-26-00001",
    });
    const cover = uuidv7();
    const covered = uuidv7();
    await one("lab.product", { id: cover, code: "BLINDED", name: "Blinded sample", kind: "finished" });
    await one("lab.sample", {
      id: covered,
      series: "S-26",
      sequence: 90,
      number: "S-26-00090",
      product_id: cover,
      priority: "routine",
      state: "received",
      find: "s-26-00090",
      blinded: true,
    });
    await one("lab.blind", { id: uuidv7(), sample_id: covered, sealed: "AA==" });
    await one("lab.custody", { id: uuidv7(), sample_id: id.sample, act: "received" });
    await one("lab.worksheet", {
      id: id.sheet,
      series: "WS-26",
      sequence: 1,
      number: "WS-26-0001",
      title: "pH",
      state: "open",
    });
    await one("lab.result", {
      id: id.result,
      sample_id: id.sample,
      worksheet_id: id.sheet,
      method_version_id: id.methodVersion,
      import_id: id.file,
      kind: "sample",
      analyte: "ph",
      name: "pH",
      unit: "",
      attempt: 1,
      state: "entered",
      text: "6.5",
      number: "6.5",
      verdict: "out",
      entered_by: owner.membershipId,
    });
    await one("lab.attachment", {
      id: uuidv7(),
      result_id: id.result,
      name: "plate.png",
      kind: "png",
      bytes: 1,
      sha256: "0".repeat(64),
      blob_id: blobId,
    });
    await one("lab.investigation", {
      id: uuidv7(),
      series: "INV-26",
      sequence: 1,
      number: "INV-26-0001",
      sample_id: id.sample,
      result_id: id.result,
      state: "phase-1",
    });
    await one("lab.notice", { id: uuidv7(), batch_id: uuidv7(), kind: "out", result_id: id.result });
    await one("lab.setting", {
      id: uuidv7(),
      name: "gate.training",
      value: { required: "declared" },
      effective_at: new Date(Date.now() + 60_000).toISOString(),
      reason: "Test",
      maker: "Test",
    });
    await seedInstruments(one, id, trainee.membershipId);
    await one("lab.gate_override", {
      id: uuidv7(),
      result_id: id.result,
      gate: "quality-control",
      holds: ["unknown"],
      said: "Not known",
      value: "6.5",
      entered_at: new Date().toISOString(),
      reason: "Test",
      state: "asked",
      asked_name: "Test",
    });
    await seedStability(one, id, owner.membershipId);
    const reviewId = uuidv7();
    const period = {
      from_at: "2026-01-01T00:00:00Z",
      to_at: "2026-02-01T00:00:00Z",
      hours: "05-20",
      due_on: "2026-02-14",
    };
    await one("lab.trail_review", { id: reviewId, title: "January", worksheet_id: id.sheet, ...period });
    await one("lab.trail_mark", {
      id: uuidv7(),
      review_id: reviewId,
      record: "lab.result",
      row_id: id.result,
      row_version: 1,
      marker: "Test",
    });
    await one("lab.verification", { id: uuidv7(), worksheet_id: id.sheet, way: "step-up", lines: { [id.result]: 1 } });
    await seedCharts(one, id);
    await seedDuplicates(one, id);
    await one("lab.unlock", { id: uuidv7(), sample_id: id.sample, reason: "Test" });
    await one("lab.correction", {
      id: uuidv7(),
      sample_id: id.sample,
      reason: "Test",
      changes: [{ field: "Lot", before: null, after: "A" }],
    });
    await one("lab.publication", { id: uuidv7(), sample_id: id.sample, number: 1, evaluations: [], publisher: "Test" });
    return blobId;
  });
  // Approved by another than who made it, as everywhere.
  const approver = await member(tenantId, "owner");
  await kernel.door.work(approver.session, "lab.master.approve", (tx) =>
    insertAll(tx, "lab.master_approval", "lab.master_approval.create", [
      {
        row: {
          id: uuidv7(),
          method_version_id: id.methodVersion,
          decision: "approved",
          reason: "Test",
          approver: "Test",
        },
        fields: {},
      },
    ]),
  );
  await seedCertificates(kernel, owner, { product: id.product, blob });
}
