import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { attributed } from "../testing/evidence.ts";
import {
  asked,
  calibrated,
  changed,
  confirm,
  day,
  declareGates,
  enter,
  instrumentOf,
  lotOf,
  made,
  measured,
  overridesOf,
  planted,
  tokensIn,
  verifyBySql,
} from "../testing/instrument.ts";
import { openLab, resultOf, type LabWorld } from "../testing/world.ts";

let world: LabWorld;
let [meter, buffer, lot, version] = ["", "", "", ""];
beforeAll(async () => {
  world = await openLab();
  version = await declareGates(world, { instruments: ["ph-meter"], materials: ["BUF-7"], training: true });
  meter = await instrumentOf(world, "PH-1");
  buffer = await made(world.as.admin, "/api/lab/materials", {
    code: "BUF-7",
    name: "Buffer pH 7",
    kind: "solution",
    unit: "mL",
    afterOpeningDays: 30,
    storage: null,
  });
  lot = await lotOf(world, buffer, "A1");
});
afterAll(() => world?.server.close());

const train = (person = world.technician, by = world.as.reviewer, validUntil = day(300)) =>
  by("POST", "/api/lab/trainings", {
    body: { personId: person.membershipId, methodVersionId: version, way: "observed", evidence: "TR-1", validUntil },
  });
const all = () => ({ instrumentIds: [meter], lotIds: [lot] });
describe("LAB gates before verification", () => {
  test("nothing named, nobody trained: every hold is told, by the route and by a statement; entering is free", async () => {
    const held = await measured(world, { instrumentIds: [], lotIds: [] });
    const refused = await held.verify();
    expect([refused.status, refused.body["code"]]).toEqual([409, "lab.results_held"]);
    expect(tokensIn(refused)).toEqual(["none:BUF-7", "none:ph-meter", `untrained:${world.technician.membershipId}`]);
    await expect(verifyBySql(world, held.sampleId)).rejects.toThrow(/held at the gate/);
  });

  test("nobody records their own training, by no route and no statement; one recorded after the entry does not count", async () => {
    const before = await measured(world, all());
    expect((await train(world.reviewer, world.as.reviewer)).body["code"]).toBe("lab.training_own");
    const own = { person_id: world.reviewer.membershipId, method_version_id: version, way: "read", evidence: "x" };
    const named = { valid_until: day(9), person_name: "x", assessor_name: "x" };
    await expect(
      planted(world, world.reviewer, "lab.training.assess", "lab.training", { ...own, ...named }),
    ).rejects.toThrow(/their own training/);
    expect((await train(world.technician, world.as.technician)).status).toBe(403);
    const given = await train();
    expect(given.status).toBe(201);
    expect(tokensIn(await before.verify())).toEqual([`untrained:${world.technician.membershipId}`]);
    // Revoked, it counts for what was entered before and for nothing after.
    const after = await measured(world, all());
    const id = String(given.body["id"]);
    const revoke = { version: 1, body: { reason: "Failed the check" } };
    expect((await world.as.reviewer("POST", `/api/lab/trainings/${id}/revoke`, revoke)).status).toBe(200);
    const late = await measured(world, all());
    expect((await late.verify()).status).toBe(409);
    expect((await after.verify()).status).toBe(200);
    await train();
  });

  test("everything in order: verified; what it was made with is told from the result and from the lot", async () => {
    const one = await measured(world, all());
    expect((await one.verify()).status).toBe(200);
    const used = JSON.parse((await world.as.reader("GET", `/api/lab/results/${one.resultId}/used`)).text);
    expect(used.items).toMatchObject([{ instrument: "PH-1" }, { material: "BUF-7", lot: "A1" }]);
    const trace = JSON.parse((await world.as.reader("GET", `/api/lab/lots/${lot}/trace`)).text);
    expect(trace.items.map((each: { id: string }) => each.id)).toContain(one.resultId);
    const csv = await world.as.reader("GET", `/api/lab/lots/${lot}/trace?format=csv`);
    expect(csv.text).toContain("sample,product");
    const said = await attributed(world, one.resultId);
    expect(said).toMatch(/Instrument PH-1 .*: in order; good until \d{4}/);
    expect(said).toMatch(/lot A1: released; last day \d{4}/);
    expect(said).toMatch(/Trained observed at work by .*, good until \d{4}.*\(TR-1\)/);
  });

  test("a calibration brought in after the entry, whatever day it names, does not make good what was entered", async () => {
    const bare = { number: "PH-2", kind: "ph-meter", name: "PH-2", calibrationMonths: 6 };
    const id = await made(world.as.admin, "/api/lab/instruments", bare);
    const one = await measured(world, { instrumentIds: [id], lotIds: [lot] });
    expect((await calibrated(world, id, { performedOn: day(-30) })).status).toBe(201);
    expect(tokensIn(await one.verify())).toEqual([`no-calibration:${id}`]);
    await expect(verifyBySql(world, one.sampleId)).rejects.toThrow(/held at the gate instrument/);
    expect((await (await measured(world, { instrumentIds: [id], lotIds: [lot] })).verify()).status).toBe(200);
    // Nor one of tomorrow, one due beyond its interval, one without its certificate, nor by a statement.
    expect((await calibrated(world, id, { performedOn: day(2) })).body["code"]).toBe("lab.event_later");
    expect((await calibrated(world, id, { dueOn: day(900) })).body["code"]).toBe("lab.event_due");
    expect((await calibrated(world, id, {}, world.as.technician)).status).toBe(403);
    const event = { instrument_id: id, act: "calibration", performed_on: day(-1), outcome: "pass", by_name: "x" };
    for (const wrong of [{ due_on: day(900), reference: "C" }, { due_on: day(90) }, { reference: "C" }])
      await expect(
        planted(world, world.reviewer, "lab.instrument.change", "lab.instrument_event", { ...event, ...wrong }),
      ).rejects.toThrow(/interval|certificate/);
    await expect(
      planted(world, world.technician, "lab.result.enter", "lab.instrument_event", {
        ...event,
        reference: "C",
        due_on: day(90),
      }),
    ).rejects.toThrow(/by who may/);
  });

  test("found out of tolerance after the entry: held, though the next calibration is in order", async () => {
    const id = await instrumentOf(world, "PH-3");
    const one = await measured(world, { instrumentIds: [id], lotIds: [lot] });
    await calibrated(world, id, { outcome: "adjusted", reference: "CAL-2", performedOn: day(0) });
    expect(tokensIn(await one.verify())).toEqual([`found-out:${id}`]);
    expect(await attributed(world, one.resultId)).toContain("was found out of tolerance after the value was entered");
    const after = await measured(world, { instrumentIds: [id], lotIds: [lot] });
    expect((await after.verify()).status).toBe(200);
  });

  test("a hold put on after the entry holds; another person releases it, and no statement of one's own does", async () => {
    const id = await instrumentOf(world, "PH-4");
    const one = await measured(world, { instrumentIds: [id], lotIds: [lot] });
    const reason = { reason: "Drifts" };
    await made(world.as.reviewer, `/api/lab/instruments/${id}/hold`, reason);
    expect(tokensIn(await one.verify())).toEqual([`on-hold:${id}`]);
    const during = await measured(world, { instrumentIds: [id], lotIds: [lot] });
    const release = (by = world.as.reviewer) =>
      by("POST", `/api/lab/instruments/${id}/standing`, { body: { act: "release", ...reason } });
    expect([(await release()).body["code"], (await release(world.as.technician)).status]).toEqual([
      "lab.hold_own",
      403,
    ]);
    const bySql = { instrument_id: id, act: "release", reason: "x", by_name: "x" };
    await expect(
      planted(world, world.reviewer, "lab.instrument.change", "lab.instrument_event", bySql),
    ).rejects.toThrow(/released by another/);
    expect((await release(world.as.admin)).status).toBe(201);
    expect((await one.verify()).status).toBe(200);
    // What was measured while it stood on hold stays in doubt.
    expect(tokensIn(await during.verify())).toEqual([`on-hold:${id}`]);
  });

  test("verifying and putting on hold at once: one waits for the other, never both", async () => {
    const id = await instrumentOf(world, "PH-5");
    const one = await measured(world, { instrumentIds: [id], lotIds: [lot] });
    const { promise: held, resolve: isHeld } = Promise.withResolvers<void>();
    const { promise: may, resolve: go } = Promise.withResolvers<void>();
    const { insertAll } = await import("../bulk.ts");
    const holding = world.server.kernel.door.work(world.technician.session, "lab.instrument.hold", async (tx) => {
      const row = { id: crypto.randomUUID(), instrument_id: id, act: "hold", reason: "Drifts", by_name: "x" };
      await insertAll(tx, "lab.instrument_event", "lab.instrument_event.hold", [{ row, fields: {} }]);
      isHeld();
      await may;
    });
    await held;
    const verifying = one.verify();
    let done = false;
    void verifying.then(() => (done = true));
    const waits = "select 1 from pg_locks where not granted";
    const waiting = async () => done || ((await world.server.kernel.identityPool.query(waits)).rowCount ?? 0) > 0;
    await expect.poll(waiting, { timeout: 120_000 }).toBe(true);
    const first = done ? "verified first" : "waits";
    go();
    await holding;
    expect([first, tokensIn(await verifying)]).toEqual(["waits", [`on-hold:${id}`]]);
  });

  test("an expired, unreleased, quarantined or rejected lot holds; who brought it in does not release it", async () => {
    const expired = await lotOf(world, buffer, "B1", { expiresOn: day(-1) });
    const one = await measured(world, { instrumentIds: [meter], lotIds: [expired] });
    expect(tokensIn(await one.verify())).toEqual([`expired:${expired}`]);
    const body = { materialId: buffer, number: "C1", supplier: "VWR", certificate: "C", quantity: "5" };
    const fresh = await made(world.as.admin, "/api/lab/lots", { ...body, receivedOn: day(0), expiresOn: day(90) });
    const early = await measured(world, { instrumentIds: [meter], lotIds: [fresh] });
    expect(
      (await world.as.admin("POST", `/api/lab/lots/${fresh}/decide`, { body: { act: "released" } })).body["code"],
    ).toBe("lab.lot_own");
    await expect(
      planted(world, world.admin, "lab.lot.release", "lab.lot_event", { lot_id: fresh, act: "released", by_name: "x" }),
    ).rejects.toThrow(/released by another/);
    await made(world.as.reviewer, `/api/lab/lots/${fresh}/decide`, { act: "released" });
    expect(tokensIn(await early.verify())).toEqual([`not-released:${fresh}`]);
    const good = await measured(world, { instrumentIds: [meter], lotIds: [fresh] });
    await made(world.as.technician, `/api/lab/lots/${fresh}/handle`, { act: "quarantined", reason: "Cloudy" });
    expect(tokensIn(await good.verify())).toEqual([`quarantined:${fresh}`]);
    await expect(
      planted(world, world.admin, "lab.lot.handle", "lab.lot", {
        material_id: buffer,
        number: "D",
        supplier: "x",
        certificate: "x",
        received_on: day(0),
        expires_on: day(9),
        unit: "g",
      }),
    ).rejects.toThrow(/unit of its material/);
  });

  test("what is used adds up and never falls below nothing, whoever takes at once; no line is changed", async () => {
    const id = await lotOf(world, buffer, "E1");
    const take = (quantity: string, act = "used") =>
      world.as.technician("POST", `/api/lab/lots/${id}/take`, { body: { act, quantity, purpose: "Rinse" } });
    const both = await Promise.all([take("6"), take("6")]);
    expect(both.map((each) => each.status).toSorted()).toEqual([201, 409]);
    expect((await take("4.000000001")).body["code"]).toBe("lab.lot_short");
    const line = { lot_id: id, act: "used", quantity: "-4.5", purpose: "x", by_name: "x" };
    await expect(planted(world, world.technician, "lab.lot.handle", "lab.consumption", line)).rejects.toThrow(
      /balance_check/,
    );
    await expect(
      planted(world, world.technician, "lab.lot.handle", "lab.consumption", {
        ...line,
        act: "received",
        quantity: "100",
      }),
    ).rejects.toThrow(/received once/);
    expect((await take("3.2", "counted")).body["left"]).toBe("3.2");
    const told = JSON.parse((await world.as.reader("GET", `/api/lab/lots/${id}`)).text);
    const [last] = told.consumption;
    expect(told.consumption.map((each: { left: string }) => each.left)).toEqual(["3.2", "4", "10"]);
    await expect(
      changed(world, world.admin, "lab.lot.handle", "lab.consumption", { id: last.id, version: 1 }, "quantity = 5"),
    ).rejects.toThrow(/locked/);
  });

  test("what was named stays with the entry; a correction says why, and who made it verifies nothing of it", async () => {
    const other = await instrumentOf(world, "PH-6");
    const one = await measured(world, { instrumentIds: [other], lotIds: [lot] });
    await made(world.as.technician, `/api/lab/worksheets/${one.sheet}/setup`, { ...all(), basedOn: 1 });
    const again = await world.as.technician("POST", `/api/lab/worksheets/${one.sheet}/setup`, {
      body: { ...all(), basedOn: 1 },
    });
    expect(again.body["code"]).toBe("lab.setup_moved");
    const used = async () =>
      JSON.parse((await world.as.reader("GET", `/api/lab/results/${one.resultId}/used`)).text).items;
    expect((await used()).at(-1)).toMatchObject({ lot: "A1" });
    expect((await used()).map((each: { instrument: string }) => each.instrument)).toContain("PH-6");
    // The worksheet names others since: the result's page keeps to its own set.
    expect(await attributed(world, one.resultId)).toContain("PH-6");
    expect(await attributed(world, one.resultId)).not.toContain("PH-1");
    const row = await resultOf(world.as.admin, one.sampleId, "ph");
    const second = `setup_id = (select id from lab.setup where worksheet_id = '${one.sheet}' and number = 2)`;
    const silent = changed(world, world.technician, "lab.result.enter", "lab.result", row, second);
    await expect(silent).rejects.toThrow(/corrected with a reason/);
    const correct = (more: Record<string, unknown>, by = world.as.admin) =>
      by("POST", "/api/lab/results/setup", {
        body: { rows: [{ id: row.id, version: row.version }], ...all(), ...more },
      });
    expect((await correct({})).body["code"]).toBe("lab.setup_reason");
    expect((await correct({ reason: "x" }, world.as.reviewer)).status).toBe(403);
    expect((await correct({ lotIds: [crypto.randomUUID()], reason: "x" })).body["code"]).toBe("lab.setup_unknown");
    expect((await correct({ reason: "PH-1 was used, PH-6 was chosen" })).status).toBe(200);
    expect(await attributed(world, one.resultId)).toContain("Named afterwards PH-1 was used, PH-6 was chosen");
    expect((await one.verify(world.as.admin)).body["code"]).toBe("lab.own_correction");
    await expect(verifyBySql(world, one.sampleId, world.admin)).rejects.toThrow(/what they corrected/);
    const now = await resultOf(world.as.admin, one.sampleId, "ph");
    for (const permission of ["lab.result.verify", "lab.result.enter"])
      await expect(changed(world, world.admin, permission, "lab.result", now, "setup_id = null")).rejects.toThrow(
        /made with/,
      );
    expect((await one.verify()).status).toBe(200);
  });
});

describe("LAB overrides", () => {
  test("asked for by one, confirmed by another with a fresh proof; never by who asked or entered", async () => {
    const one = await measured(world, { instrumentIds: [], lotIds: [lot] }, world.as.admin);
    await train(world.admin);
    const two = await measured(world, { instrumentIds: [], lotIds: [lot] }, world.as.admin);
    expect((await asked(world, two.resultId, "material")).code).toBe("lab.nothing_held");
    const request = await asked(world, two.resultId, "instrument", world.as.reviewer);
    expect(request.status).toBe(201);
    expect((await asked(world, two.resultId)).code).toBe("lab.override_there");
    expect((await confirm(world, [request.id])).body["code"]).toBe("lab.override_own");
    expect((await confirm(world, [request.id], world.as.admin)).body["code"]).toBe("lab.override_own");
    for (const person of [world.reviewer, world.admin])
      await expect(
        changed(
          world,
          person,
          "lab.override.confirm",
          "lab.gate_override",
          { id: request.id, version: 1 },
          "state = 'confirmed'",
        ),
      ).rejects.toThrow(/decided by another/);
    await expect(verifyBySql(world, two.sampleId)).rejects.toThrow(/held at the gate instrument/);
    const refuse = await world.as.admin("POST", "/api/lab/overrides/decide", {
      body: { ids: [request.id], confirmed: false, reason: "x" },
    });
    expect(refuse.body["code"]).toBe("lab.override_own");
    // Another asks; the reviewer decides, but not by a key: a key proves nobody's presence.
    const [byTechnician] = [await asked(world, one.resultId)];
    const key = await world.server.withKey(world.reviewer, ["lab.override.confirm"]);
    expect((await confirm(world, [byTechnician.id], key)).body["code"]).toBe("kernel.step_up_required");
    expect((await confirm(world, [byTechnician.id])).status).toBe(200);
    expect((await confirm(world, [byTechnician.id])).body["code"]).toBe("lab.override_decided");
    expect((await one.verify()).body["code"]).toBe("lab.results_held");
    expect(tokensIn(await one.verify())).toEqual([`untrained:${world.admin.membershipId}`]);
    const training = await asked(world, one.resultId, "training");
    await confirm(world, [training.id]);
    expect((await one.verify()).status).toBe(200);
  });

  test("good for one result, one gate, one value and the holds it names; not changed, not moved, not made confirmed", async () => {
    const id = await instrumentOf(world, "PH-7");
    await calibrated(world, id, { outcome: "fail", reference: "CAL-9", performedOn: day(0) });
    const [one, other] = [
      await measured(world, { instrumentIds: [id], lotIds: [lot] }),
      await measured(world, { instrumentIds: [id], lotIds: [lot] }),
    ];
    const { id: override } = await asked(world, one.resultId);
    expect((await confirm(world, [override])).status).toBe(200);
    expect((await other.verify()).status).toBe(409);
    await expect(verifyBySql(world, other.sampleId)).rejects.toThrow(/held at the gate instrument/);
    // The confirmed one is neither moved to another result or gate nor given more holds, by no statement.
    for (const set of [
      `result_id = '${other.resultId}'`,
      "gate = 'training'",
      "holds = '[\"x\"]'",
      "state = 'asked'",
      "decided_name = 'x'",
    ])
      for (const permission of ["lab.override.confirm", "lab.override.ask"])
        await expect(
          changed(world, world.admin, permission, "lab.gate_override", { id: override, version: 2 }, set),
        ).rejects.toThrow(/override|decided/);
    const row = {
      gate: "instrument",
      holds: ["x"],
      said: "x",
      value: "6.5",
      entered_at: new Date().toISOString(),
      reason: "x",
      asked_name: "x",
    };
    for (const permission of ["lab.override.confirm", "lab.override.ask"])
      await expect(
        planted(world, world.admin, permission, "lab.gate_override", {
          ...row,
          result_id: other.resultId,
          state: "confirmed",
        }),
      ).rejects.toThrow(/being asked for/);
    // Another hold on the same result, another value in it: asked for anew.
    await made(world.as.technician, `/api/lab/instruments/${id}/hold`, { reason: "Dropped" });
    expect((await one.verify()).status).toBe(409);
    await expect(verifyBySql(world, one.sampleId)).rejects.toThrow(/held at the gate instrument/);
    const next = await asked(world, one.resultId);
    await enter(world, one.sampleId, "6.6", world.as.technician, "Read again");
    expect((await confirm(world, [next.id])).body["code"]).toBe("lab.override_moved");
    expect((await overridesOf(world, one.sampleId)).items).toMatchObject([{ gate: "instrument", passed: false }]);
    await world.as.reviewer("POST", "/api/lab/overrides/decide", {
      body: { ids: [next.id], confirmed: false, reason: "Value changed" },
    });
    const last = await asked(world, one.resultId);
    await confirm(world, [last.id]);
    expect((await one.verify()).status).toBe(200);
    const list = await world.as.reader("GET", "/api/lab/overrides?format=csv");
    expect(list.text.split("\r\n").length).toBeGreaterThan(4);
  });

  test("a gate is asked of every method or of none from its making on, by an admin with a reason, never before", async () => {
    await declareGates(world, {});
    const before = await measured(world, { instrumentIds: [], lotIds: [] });
    const set = (required: string, by = world.as.admin, more: Record<string, unknown> = {}) =>
      by("POST", "/api/lab/settings", {
        body: { name: "gate.instrument", value: { required }, reason: "Audit", ...more },
      });
    expect([(await set("every", world.as.reviewer)).status, (await set("sometimes")).status]).toEqual([403, 422]);
    expect((await set("none", world.as.admin, { effectiveAt: "2026-01-01T00:00:00Z" })).body["code"]).toBe(
      "lab.setting_past",
    );
    const row = { name: "gate.instrument", value: { required: "none" }, reason: "x", maker: "x" };
    const plant = (by: typeof world.admin, permission: string, from: string) =>
      planted(world, by, permission, "lab.setting", { ...row, effective_at: from });
    await expect(plant(world.admin, "lab.setting.change", "2026-01-01T00:00:00Z")).rejects.toThrow(
      /from its making on/,
    );
    await expect(plant(world.technician, "lab.result.enter", "2036-01-01T00:00:00Z")).rejects.toThrow(/by who may/);
    expect((await set("every")).status).toBe(201);
    await expect
      .poll(async () => JSON.parse((await world.as.reader("GET", "/api/lab/settings")).text).items[0].value.required, {
        timeout: 120_000,
      })
      .toBe("every");
    const after = await measured(world, { instrumentIds: [], lotIds: [] });
    expect(tokensIn(await after.verify())).toEqual(["none"]);
    expect((await before.verify()).status).toBe(200);
  });
});
