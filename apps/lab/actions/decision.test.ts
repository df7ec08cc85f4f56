import { sql, type RawBuilder } from "kysely";
import { getDocumentProxy } from "unpdf";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { executeAsOwner, type TestPerson } from "@probity/kernel/testing";
import { testSealer } from "@probity/seal/testing";
import { query } from "../query.ts";
import { bytesOf, issued, must, openCertificates, prepared, type CertificateWorld } from "../testing/certificate.ts";
import { calibrated, declareGates, instrumentOf, made } from "../testing/instrument.ts";
import { received, resultOf, sampleOf } from "../testing/world.ts";

let open: CertificateWorld;
beforeAll(async () => {
  open = await openCertificates(testSealer());
  await must(open.world.as.admin("POST", versions(), { body: { limits: limit(), reason: "pH alone" } }));
});
afterAll(async () => {
  await open?.log.close();
  await open?.world.server.close();
});

const limit = (more: object = {}) => [
  { methodId: open.world.ph, analyte: "ph", low: "5.0", high: "7.0", compare: "entered", ...more },
];
const versions = () => `/api/lab/specifications/${open.world.specification}/versions`;
const guardedBy = (factor: string) => ({ decision: { rule: "guarded", factor } });

/** A sample with one pH, entered and looked at. */
async function phOf(text: string): Promise<{ id: string; sample: string } & Record<string, unknown>> {
  const { technician } = open.world.as;
  const [sample = ""] = await received(open.world);
  const row = await resultOf(technician, sample, "ph");
  await must(
    technician("POST", "/api/lab/results/save", { body: { rows: [{ id: row.id, version: row.version, text }] } }),
  );
  return { ...(await resultOf(technician, sample, "ph")), sample };
}
/** Every result of a sample entered, verified and published. */
async function told(sample: string, specificationIds: string[] = []): Promise<void> {
  const { reviewer } = open.world.as;
  for (const act of ["verify", "publish"])
    await must(
      reviewer("POST", `/api/lab/samples/${sample}/${act}`, {
        version: (await sampleOf(reviewer, sample)).version,
        ...(act === "publish" ? { body: { specificationIds } } : {}),
      }),
    );
}
async function approvedBudget(analyte: string, value: number): Promise<void> {
  const { technician, reviewer } = open.world.as;
  const listed = JSON.parse((await technician("GET", `/api/lab/methods/${open.world.ph}/versions`)).text);
  const component = { name: "Buffer", type: "B", distribution: "normal", value, relative: false, divisor: 1 };
  const id = await made(technician, "/api/lab/uncertainty-budgets", {
    methodVersionId: listed.items[0].id,
    analyte,
    components: [{ ...component, sensitivity: 1, degrees: null }],
    coverage: 2,
    reason: "Validation",
  });
  const body = { approved: true, reason: "Checked" };
  await must(reviewer("POST", `/api/lab/uncertainty-budgets/${id}/decide`, { version: 1, body }));
}
async function words(path: string): Promise<string> {
  const document = await getDocumentProxy(Uint8Array.from((await bytesOf(open, open.world.admin, path)).bytes));
  const pages: string[] = [];
  for (let number = 1; number <= document.numPages; number += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one page after the other
    const content = await (await document.getPage(number)).getTextContent();
    pages.push(content.items.map((item) => ("str" in item ? item.str : "")).join(" "));
  }
  return pages.join(" ").replaceAll(/\s+/g, " ");
}

/** One statement of a person's own, past the routes, after the leaf it needs. */
function past(
  by: TestPerson,
  permission: string,
  rowId: string,
  version: number,
  statement: (tenant: string) => RawBuilder<unknown>,
): Promise<unknown> {
  return open.world.server.kernel.door.work(by.session, permission, async (tx) => {
    await tx.record({ action: "lab.certificate.test", record: "lab.certificate", rowId, version });
    const text = statement(tx.who.tenantId);
    return tx.all({ compile: () => sql<Record<string, unknown>>`${text}`.compile(query) });
  });
}

describe("LAB decision rules (ISO/IEC 17025:2017 7.1.3, 7.8.6.1)", () => {
  test("a guard band decides by the uncertainty approved at entry, frozen with the limits; without one nothing passes; older samples stay", async () => {
    const { admin, technician } = open.world.as;
    const before = await phOf("6.95");
    expect(before).toMatchObject({ verdict: "in", rule: "", decision: null });
    for (const factor of ["0", "3.5", "-1"])
      expect(
        (await admin("POST", versions(), { body: { limits: limit(guardedBy(factor)), reason: "Wrong" } })).status,
      ).toBe(422);
    await must(admin("POST", versions(), { body: { limits: limit(guardedBy("1")), reason: "Guarded" } }));
    // Nobody stated an uncertainty: not decided.
    const unknown = await phOf("6.5");
    expect(unknown).toMatchObject({ verdict: "unclear", decision: "undecided" });
    expect(unknown["words"]).toMatch(/uncertainty is not stated/);
    // U = 2 · 0.05 = 0.1, so that 5.1–6.9 is accepted.
    await approvedBudget("ph", 0.05);
    const found = await Promise.all(["6.9", "6.95", "7.05", "7.2", "<6.0"].map(phOf));
    expect(found.map((each) => [each["verdict"], each["decision"]])).toEqual([
      ["in", "pass"],
      ["conditional", "conditional-pass"],
      ["out", "conditional-fail"],
      ["out", "fail"],
      ["unclear", null],
    ]);
    expect(found[1]).toMatchObject({
      limit: "5.0–7.0",
      words: "within limits, in the guard band of 0.1",
      rule: "guarded acceptance, w = U = 0.1 (k = 2); accepted: 5.1–6.9",
    });
    // A later budget, and a later version of the limits, decide nothing anew.
    await approvedBudget("ph", 0.5);
    await must(admin("POST", versions(), { body: { limits: limit({ high: "6.0" }), reason: "Tighter" } }));
    for (const each of [before, unknown, ...found])
      expect(await resultOf(technician, each.sample, "ph")).toMatchObject({
        verdict: each["verdict"],
        words: each["words"],
        rule: each["rule"],
      });
    expect(await phOf("6.5")).toMatchObject({ verdict: "out", rule: "" });
    // Past the routes: how sure a value is is written with it alone.
    const statement = sql`update lab.result set uncertainty = '{"expanded": "0.01"}' where id = ${found[1]?.id ?? ""}`;
    const changed = open.world.server.kernel.door.work(
      open.world.technician.session,
      "lab.result.enter",
      async (tx) => {
        await tx.record({ action: "lab.result.test", record: "lab.result", rowId: found[1]?.id ?? "", version: 3 });
        return tx.all({ compile: () => statement.compile(query) });
      },
    );
    await expect(changed).rejects.toThrow(/written with it/);
    // Told so: by the sample, its publication and its certificate.
    const near = found[1]?.sample ?? "";
    await told(near);
    expect((await sampleOf(admin, near)).verdict).toBe("conditional");
    const draft = await prepared(open, near);
    const said = await words(`${draft.one}/pdf`);
    for (const part of [
      "complies, within the guard band",
      "conditional pass",
      "w = U = 0.1 (k = 2); accepted: 5.1–6.9",
      "± 0.1",
      "ILAC-G8:09/2019, 4.2.3",
    ])
      expect(said).toContain(part);
    await told(before.sample);
    const plain = await words(`${(await prepared(open, before.sample)).one}/pdf`);
    expect(plain).toContain("simple acceptance");
    expect(plain).not.toContain("guard band");
  });

  test("an override that a result was verified with is told by its certificate and its record, with both people", async () => {
    const { admin, technician, reviewer } = open.world.as;
    await must(admin("POST", versions(), { body: { limits: limit(), reason: "Simple again" } }));
    await declareGates(open.world, { instruments: ["ph-meter"] });
    const meter = await instrumentOf(open.world, "PH-1");
    await calibrated(open.world, meter, { outcome: "fail" });
    const one = await phOf("6.5");
    const ask = (reason: string) =>
      must(technician("POST", "/api/lab/overrides", { body: { resultIds: [one.id], gate: "instrument", reason } }));
    const decide = (given: Record<string, unknown>, confirmed: boolean) =>
      must(
        reviewer("POST", "/api/lab/overrides/decide", {
          body: { ids: given["ids"], confirmed, reason: "Seen the log" },
        }),
      );
    // What was refused, and what was confirmed of a value that was typed again, let nothing pass and is not told.
    await decide((await ask("First")).body, false);
    await decide((await ask("Second")).body, true);
    const row = await resultOf(technician, one.sample, "ph");
    const rows = [{ id: row.id, version: row.version, text: "6.6", reason: "Typed wrong" }];
    await must(technician("POST", "/api/lab/results/save", { body: { rows } }));
    await decide((await ask("The meter of the annexe was used")).body, true);
    await told(one.sample);
    const draft = await prepared(open, one.sample);
    const shown = await must(admin("GET", draft.one));
    expect(JSON.parse(shown.text).content.overrides).toMatchObject([
      {
        analyte: "pH",
        entered: "6.6",
        gate: "Instrument",
        reason: "The meter of the annexe was used",
        remark: "Seen the log",
      },
    ]);
    const record = JSON.parse((await must(admin("GET", `/api/lab/samples/${one.sample}/record?format=json`))).text);
    expect(record.overrides).toHaveLength(1);
    for (const said of [
      await words(`${draft.one}/pdf`),
      await words(`/api/lab/samples/${one.sample}/record?format=pdf`),
    ]) {
      for (const part of ["Results verified by an override", "The meter of the annexe was used", "Seen the log"])
        expect(said).toContain(part);
      expect(said).not.toContain("Second");
    }
    // A certificate that leaves it out is none, past the routes too; nor is a draft of before these were told signed.
    await must(reviewer("POST", `${draft.one}/discard`, { version: 1, body: { reason: "Planted" } }));
    const id = crypto.randomUUID();
    const planted = () =>
      past(
        open.world.reviewer,
        "lab.certificate.prepare",
        id,
        1,
        (tenant) =>
          sql`insert into lab.certificate (tenant_id, id, series, sequence, number, sample_id, publication_id, template_id, content)
          select ${tenant}, ${id}, series, 9000, 'X-1', sample_id, publication_id, template_id,
            jsonb_set(content, '{number}', '"X-1"') - 'overrides' from lab.certificate where id = ${draft.id}`,
      );
    await expect(planted()).rejects.toThrow(/tells the overrides/);
    const owner = open.world.server.kernel.admin;
    await executeAsOwner(owner, "alter table lab.certificate disable trigger certificate_overrides_begin");
    await planted();
    await executeAsOwner(owner, "alter table lab.certificate enable trigger certificate_overrides_begin");
    const signed = past(
      open.certifier,
      "lab.certificate.sign",
      id,
      2,
      () => sql`update lab.certificate set locked_at = now() where id = ${id}`,
    );
    await expect(signed).rejects.toThrow(/tells the overrides/);
  });

  test("a link tells the verdict with its rule, guard band and override, in the words of the certificate it opens", async () => {
    const { admin, technician, reviewer } = open.world.as;
    await must(admin("POST", versions(), { body: { limits: limit(guardedBy("1")), reason: "Guarded again" } }));
    // U = 2 · 0.05 = 0.1.
    await approvedBudget("ph", 0.05);
    const one = await phOf("6.95");
    const ask = { resultIds: [one.id], gate: "instrument", reason: "Read on the meter of the annexe" };
    const asked = (await must(technician("POST", "/api/lab/overrides", { body: ask }))).body;
    const body = { ids: asked["ids"], confirmed: true, reason: "Seen its log" };
    await must(reviewer("POST", "/api/lab/overrides/decide", { body }));
    await told(one.sample);
    const { one: path } = await issued(open, one.sample);
    const to = { recipient: "M. Buyer", email: "buyer@example.org", days: 3 };
    const sent = await must(reviewer("POST", `${path}/deliveries`, { body: to }));
    const link = `/api/lab/delivered/${String(sent.body["url"]).split("/").at(-1)}`;
    const shown = JSON.parse((await must(open.world.server.anonymous("GET", link))).text);
    const line = { name: "pH", result: "7.0", limit: "5.0–7.0", uncertainty: "± 0.10 (k = 2)", verdict: "conditional" };
    expect(shown.evaluations).toMatchObject([{ verdict: "conditional", lines: [{ ...line, retested: [] }] }]);
    expect(shown.overrides).toMatchObject([{ head: "pH 7.0: Instrument" }]);
    const printed = await words(`${path}/pdf`);
    const [{ rules, lines }] = shown.evaluations;
    const sentences: string[] = [rules, lines[0].rule, lines[0].conformity, ...shown.overrides[0].told];
    expect(sentences.join(" ")).toMatch(/guarded acceptance, w = U = 0.1.+conditional pass.+annexe.+Seen its log/);
    for (const sentence of sentences) expect(printed).toContain(sentence.replaceAll(/\s+/g, " "));
  });
});
