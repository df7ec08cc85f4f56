import { createHash, randomUUIDv7 as uuidv7 } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { getDocumentProxy } from "unpdf";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { canonicalText, makeSignedLink } from "@probity/kernel";
import { asDoor, makeSigner, signAs, type TestPerson } from "@probity/kernel/testing";
import { installed, outside, testSealer } from "@probity/seal/testing";
import { nodeProvider } from "@probity/verify/node";
import { verifyPdf } from "@probity/verify/pdf";
import { verifyFile } from "@probity/verify";
import { insertAll } from "../bulk.ts";
import { query } from "../query.ts";
import {
  bytesOf,
  certify,
  issue,
  issued,
  must,
  openCertificates,
  prepared,
  published,
  type CertificateWorld,
} from "../testing/certificate.ts";
import { entered, received, resultOf, sampleOf } from "../testing/world.ts";

const folder = mkdtempSync(join(tmpdir(), "probity-certificate-"));
const sealer = testSealer();
let open: CertificateWorld;
beforeAll(async () => {
  open = await openCertificates(sealer);
});
afterAll(async () => {
  await open?.log.close();
  await open?.world.server.close();
  rmSync(folder, { recursive: true, force: true });
});

const code = (answer: { status: number; body: Record<string, unknown> }) => [answer.status, answer.body["code"]];

async function words(bytes: Buffer): Promise<string> {
  const document = await getDocumentProxy(Uint8Array.from(bytes));
  const pages: string[] = [];
  for (let number = 1; number <= document.numPages; number += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one page after the other
    const content = await (await document.getPage(number)).getTextContent();
    pages.push(content.items.map((item) => ("str" in item ? item.str : "")).join(" "));
  }
  return pages.join(" ").replaceAll(/\s+/g, " ");
}

/** The sample is unlocked, its pH corrected, verified and published again. */
async function corrected(sample: string, ph: string): Promise<void> {
  const { admin, technician, reviewer } = open.world.as;
  const version = async () => (await sampleOf(admin, sample)).version;
  const body = { reason: "Transcription error" };
  await must(admin("POST", `/api/lab/samples/${sample}/unlock`, { version: await version(), body }));
  const row = await resultOf(admin, sample, "ph");
  const rows = [{ id: row.id, version: row.version, text: ph, reason: "Transcription error" }];
  await must(technician("POST", "/api/lab/results/save", { body: { rows } }));
  await must(reviewer("POST", `/api/lab/samples/${sample}/verify`, { version: await version() }));
  await must(
    reviewer("POST", `/api/lab/samples/${sample}/publish`, {
      version: await version(),
      body: { specificationIds: [] },
    }),
  );
}

/** One statement of a person's own, past the routes, after the leaf it needs. */
function change(person: TestPerson, permission: string, id: string, version: number, set: string): Promise<unknown> {
  const statement = sql`update lab.certificate set ${sql.raw(set)} where id = ${id}`;
  return open.world.server.kernel.door.work(person.session, permission, async (tx) => {
    await tx.record({ action: "lab.certificate.test", record: "lab.certificate", rowId: id, version: version + 1 });
    return tx.all({ compile: () => statement.compile(query) });
  });
}

function delivered(url: unknown): string {
  return `/api/lab/delivered/${String(url).split("/").at(-1)}`;
}

/** A delivery whose link ends so many seconds from now. */
async function linkEndingIn(certificateId: string, seconds: number): Promise<string> {
  const { door } = open.world.server.kernel;
  return door.work(open.certifier.session, "lab.certificate.send", async (tx) => {
    const [id, expiresAt] = [uuidv7(), new Date(Date.now() + seconds * 1000)];
    const permission = "lab.certificate.deliver";
    const link = await makeSignedLink(tx, { purpose: "Test", subjectId: id, permission, expiresAt });
    const row = {
      id,
      certificate_id: certificateId,
      recipient: "Late",
      email: "late@example.org",
      link_id: link.id,
      expires_at: expiresAt.toISOString(),
    };
    await insertAll(tx, "lab.delivery", "lab.delivery.create", [{ row, fields: {} }]);
    return link.token;
  });
}

describe("LAB a certificate of analysis", () => {
  test("is made of a published sample, tells the original result, is signed, sealed and verified by others", async () => {
    const { reader, admin } = open.world.as;
    // A second specification, chosen at publication: no result changes by it.
    const limits = [{ methodId: open.world.ph, analyte: "ph", low: "6.5", high: "7.5", compare: "entered" }];
    const body = { productId: open.world.product, code: "SPC-EU", title: "Water, EU", reason: "New", limits };
    const other = await must(admin("POST", "/api/lab/specifications", { body }));
    const specifications = [String(other.body["id"])];
    const sample = await published(open, { original: "8.1", ph: "6.4", specifications });
    const made = await prepared(open, sample);
    const draft = await bytesOf(open, open.world.reader, `${made.one}/pdf`);
    expect(await words(draft.bytes)).toContain("draft, not signed");
    await issue(open, made);
    const shown = await reader("GET", made.one);
    expect(shown.body).toMatchObject({
      number: made.number,
      standing: "current",
      files: [{ proofs: 1 }, { proofs: 1 }],
    });

    const pdf = await bytesOf(open, open.world.reader, `${made.one}/pdf`);
    expect([pdf.status, pdf.headers.get("content-type")]).toEqual([200, "application/pdf"]);
    const text = await words(pdf.bytes);
    for (const part of [
      made.number,
      "Acme QC",
      "Water for injection",
      "SPC-1, version 1",
      "SPC-EU, version 1",
      "does not comply",
      "5.0–7.0",
      "complies",
      "8.1",
      "out of specification",
      "OOS-",
      "The electrode had dried out",
      "CAPA-17",
      open.certifier.printedName,
      certify.meaning,
      "UTC",
      "self-signed",
    ])
      expect(text).toContain(part);

    // What left is what is kept, byte for byte, each time.
    const again = await bytesOf(open, open.world.admin, `${made.one}/pdf`);
    expect(again.bytes.equals(pdf.bytes)).toBe(true);
    const fingerprints = [sealer.status().fingerprint];
    const verify = { provider: nodeProvider };
    const report = await verifyPdf(pdf.bytes, { fingerprints, verify });
    expect([report.outcome, report.proofs.map((each) => each.verdict.outcome)]).toEqual(["VERIFIED", ["VERIFIED"]]);

    // The data beside it: what was signed hashes to what the signature says, and the proof shows it in the ledger.
    const json = await bytesOf(open, open.world.reader, `${made.one}/json`);
    const data = JSON.parse(json.bytes.toString("utf8"));
    const hash = createHash("sha256").update(canonicalText(data.record)).digest("hex");
    expect(data.signatures[0].recordHash).toBe(hash);
    expect(JSON.stringify(data.proofs[0])).toContain(hash);
    expect((await verifyFile([Buffer.from(JSON.stringify(data.proofs[0]))], verify)).outcome).toBe("VERIFIED");
    const attached = report.attachments.find((each) => each.name === `${made.number}.json`);
    expect(Buffer.from(attached?.bytes ?? []).equals(json.bytes)).toBe(true);

    if (installed("pdfsig")) {
      const file = join(folder, "certificate.pdf");
      writeFileSync(file, pdf.bytes);
      const said = outside("pdfsig", [file]).said;
      expect(said).toContain("Signature is Valid");
      expect(said).toContain("Total document signed");
    }
    // Every file that leaves leaves its event.
    await open.log.publish();
    const events = await asDoor(
      open.world.server,
      "select action from kernel.ledger_event where row_id = $1 and action = 'lab.certificate.open'",
      [made.id],
    );
    expect(events).toHaveLength(3);
  });

  test("one byte changed in the PDF, in its data or in its proof shows", async () => {
    const made = await issued(open, await published(open));
    const { bytes } = await bytesOf(open, open.world.reader, `${made.one}/pdf`);
    const verify = { provider: nodeProvider };
    for (const place of [bytes.length >> 1, bytes.length - 200, 900]) {
      const spoiled = Buffer.from(bytes);
      spoiled[place] = (spoiled[place] ?? 0) ^ 1;
      expect((await verifyPdf(spoiled, { verify })).outcome).toBe("TAMPERED");
    }
    const data = JSON.parse((await bytesOf(open, open.world.reader, `${made.one}/json`)).bytes.toString("utf8"));
    data.record.content.results[0].entered = "5.5";
    const hash = createHash("sha256").update(canonicalText(data.record)).digest("hex");
    expect(hash).not.toBe(data.signatures[0].recordHash);
    const proof = JSON.stringify(data.proofs[0]).replace(data.signatures[0].recordHash, hash);
    expect((await verifyFile([Buffer.from(proof)], verify)).outcome).toBe("TAMPERED");
  });

  test("nothing is certified that is not published, not investigated or not prepared", async () => {
    const { reviewer, technician } = open.world.as;
    const [sample = ""] = await received(open.world);
    const ask = () => reviewer("POST", `/api/lab/samples/${sample}/certificates`, { body: {} });
    expect(code(await ask())).toEqual([409, "lab.certificate_not_published"]);
    await entered(open.world, sample, "9.9");
    const verified = await reviewer("POST", `/api/lab/samples/${sample}/verify`, {
      version: (await sampleOf(reviewer, sample)).version,
    });
    expect(verified.status).toBe(200);
    expect(code(await ask())).toEqual([409, "lab.certificate_not_published"]);
    const told = await reviewer("POST", `/api/lab/samples/${sample}/publish`, {
      version: (await sampleOf(reviewer, sample)).version,
      body: { specificationIds: [] },
    });
    expect(code(told)).toEqual([409, "lab.not_investigated"]);
    expect((await technician("POST", `/api/lab/samples/${sample}/certificates`, { body: {} })).status).toBe(403);
    const made = await prepared(open, await published(open));
    expect(code(await reviewer("POST", `${made.one}/seal`))).toEqual([409, "lab.certificate_not_signed"]);
    expect(code(await reviewer("GET", `${made.one}/json`))).toEqual([409, "lab.certificate_not_signed"]);
    const delivery = { recipient: "A", email: "a@example.org", days: 3 };
    expect(code(await reviewer("POST", `${made.one}/deliveries`, { body: delivery }))).toEqual([
      409,
      "lab.certificate_not_signed",
    ]);
  });

  test("nobody certifies what they entered, nor what they alone verified; past the route the database says it again", async () => {
    const { server, workspace, admin } = open.world;
    const alone = await server.member(workspace, "admin");
    const made = await prepared(open, await published(open, { by: server.as(alone) }));
    const verifier = await makeSigner(server, alone, admin);
    expect(code(await signAs(open.technician, made.one, { ...certify, version: 1 }))).toEqual([
      403,
      "kernel.permission_missing",
    ]);
    expect(code(await signAs(verifier, made.one, { ...certify, version: 1 }))).toEqual([403, "signing.own_work"]);
    await expect(change(verifier, "lab.certificate.sign", made.id, 1, "locked_at = now()")).rejects.toThrow(
      /alone verified/,
    );
    await expect(change(open.world.admin, "lab.certificate.prepare", made.id, 1, "locked_at = now()")).rejects.toThrow(
      /locked by its signature/,
    );
    // Whoever entered a value in any version, whatever role they hold since.
    const [own = ""] = await received(open.world);
    await entered(open.world, own, "6.5", open.world.as.admin);
    for (const act of ["verify", "publish"])
      await must(
        open.world.as.reviewer("POST", `/api/lab/samples/${own}/${act}`, {
          version: (await sampleOf(open.world.as.admin, own)).version,
          ...(act === "publish" ? { body: { specificationIds: [] } } : {}),
        }),
      );
    const second = await prepared(open, own);
    await expect(change(open.world.admin, "lab.certificate.sign", second.id, 1, "locked_at = now()")).rejects.toThrow(
      /their own result/,
    );
  });

  test("a result changed after the draft is not signed; after the certificate it makes an amendment due", async () => {
    const sample = await published(open);
    const draft = await prepared(open, sample);
    await corrected(sample, "6.6");
    const refused = await signAs(open.certifier, draft.one, { ...certify, version: 1 });
    expect(code(refused)).toEqual([409, "lab.certificate_outdated"]);
    await expect(change(open.certifier, "lab.certificate.sign", draft.id, 1, "locked_at = now()")).rejects.toThrow(
      /published of its sample now/,
    );
    const { reviewer } = open.world.as;
    const body = { reason: "The pH was corrected" };
    expect((await reviewer("POST", `${draft.one}/discard`, { version: 1, body })).status).toBe(204);
    const made = await issued(open, sample);
    expect((await reviewer("GET", made.one)).body["standing"]).toBe("current");
    await corrected(sample, "6.7");
    expect((await reviewer("GET", made.one)).body["standing"]).toBe("reopened");
  });

  test("ISO 17025 7.8.8: an amendment has its own number and says why; the superseded stays, and says so wherever it is shown", async () => {
    const sample = await published(open);
    const first = await issued(open, sample);
    const before = await bytesOf(open, open.world.reader, `${first.one}/pdf`);
    await corrected(sample, "6.8");
    const { reviewer, reader } = open.world.as;
    expect(code(await reviewer("POST", `/api/lab/samples/${sample}/certificates`, { body: {} }))).toEqual([
      409,
      "lab.certificate_stands",
    ]);
    for (const body of [{}, { reason: "" }, { reason: "  " }])
      expect((await reviewer("POST", `${first.one}/amend`, { body })).status).toBe(400);
    const amended = await must(reviewer("POST", `${first.one}/amend`, { body: { reason: "pH was typed wrong" } }));
    const second = {
      one: `/api/lab/certificates/${String(amended.body["id"])}`,
      number: String(amended.body["number"]),
    };
    // Until the amendment is signed the first stands.
    expect((await reader("GET", first.one)).body["standing"]).toBe("reopened");
    await issue(open, second);
    expect(second.number).not.toBe(first.number);
    expect((await reader("GET", first.one)).body).toMatchObject({
      standing: "superseded",
      supersededBy: second.number,
      supersededWhy: "pH was typed wrong",
    });
    const text = await words((await bytesOf(open, open.world.reader, `${second.one}/pdf`)).bytes);
    for (const part of [`${second.number} supersedes ${first.number}`, "pH was typed wrong", "6.8 instead of 6.5"])
      expect(text).toContain(part);
    const after = await bytesOf(open, open.world.reader, `${first.one}/pdf`);
    expect(after.bytes.equals(before.bytes)).toBe(true);
    expect([after.headers.get("content-disposition"), after.headers.get("probity-certificate")]).toEqual([
      `attachment; filename="${first.number}-superseded.pdf"`,
      `superseded by ${second.number}`,
    ]);
    const csv = await reader("GET", `/api/lab/certificates?sample=${sample}&format=csv`);
    expect(csv.text).toMatch(new RegExp(`${first.number},superseded,`));
    expect(code(await reviewer("POST", `${first.one}/amend`, { body: { reason: "Again" } }))).toEqual([
      409,
      "lab.certificate_superseded",
    ]);
    // A signed certificate is changed by nothing, and none is put beside the one that stands.
    await expect(
      change(open.world.admin, "lab.certificate.prepare", String(amended.body["id"]), 2, "reason = 'other'"),
    ).rejects.toMatchObject({ code: "kernel.locked" });
  });

  test("a link opens one certificate for one recipient, says when it is superseded, and ends", async () => {
    const sample = await published(open);
    const first = await issued(open, sample);
    const other = await issued(open, await published(open));
    const { reviewer, technician } = open.world.as;
    const { anonymous } = open.world.server;
    const body = { recipient: "Ms Kim", email: "kim@example.org", days: 14 };
    expect((await technician("POST", `${first.one}/deliveries`, { body })).status).toBe(403);
    expect(code(await reviewer("POST", `${first.one}/deliveries`, { body: { ...body, days: 91 } }))).toEqual([
      422,
      "lab.delivery_too_long",
    ]);
    const sent = await must(reviewer("POST", `${first.one}/deliveries`, { body }));
    const token = String(sent.body["url"]).split("/").at(-1) ?? "";
    const link = `/api/lab/delivered/${token}`;
    expect((await anonymous("GET", link)).body).toMatchObject({ number: first.number, standing: "current" });
    const file = await bytesOf(open, null, `${link}/pdf`);
    const own = await bytesOf(open, open.world.reader, `${first.one}/pdf`);
    expect([file.status, file.bytes.equals(own.bytes)]).toEqual([200, true]);
    // It opens nothing else: no other certificate, route or file.
    const entries = [
      `/api/lab/delivered/${token.slice(0, -2)}${token.endsWith("AA") ? "BB" : "AA"}`,
      `/api/lab/delivered/ln_${"x".repeat(43)}/pdf`,
      `/api/files/${token}`,
    ];
    for (const path of entries) expect((await anonymous("GET", path)).status).toBeGreaterThanOrEqual(401);
    // A mail program cut it: its reader is told of the link, not of a pattern.
    expect(code(await anonymous("GET", link.slice(0, -9)))).toEqual([401, "kernel.link_ended"]);
    for (const path of [other.one, first.one, `${other.one}/pdf`, "/api/lab/certificates"])
      expect((await anonymous("GET", path, { headers: { authorization: `Bearer ${token}` } })).status).toBe(401);
    // Each opening is an event of this delivery, in the maker's name.
    await open.log.publish();
    const shown = (await reviewer("GET", first.one)).body;
    expect(shown["deliveries"]).toMatchObject([{ recipient: "Ms Kim", opened: 2, revokedAt: null }]);
    // Superseded: the same link says so, and the file is named so.
    await corrected(sample, "6.9");
    expect((await anonymous("GET", link)).body["standing"]).toBe("reopened");
    const amended = await must(reviewer("POST", `${first.one}/amend`, { body: { reason: "pH was typed wrong" } }));
    await issue(open, { one: `/api/lab/certificates/${String(amended.body["id"])}` });
    expect((await anonymous("GET", link)).body).toMatchObject({
      standing: "superseded",
      supersededBy: amended.body["number"],
    });
    expect((await anonymous("GET", `${link}/pdf`)).headers.get("content-disposition")).toContain("-superseded.pdf");
    // Revoked, and expired.
    const second = await must(reviewer("POST", `${first.one}/deliveries`, { body }));
    expect((await reviewer("POST", `/api/lab/deliveries/${String(sent.body["id"])}/revoke`)).status).toBe(204);
    expect((await anonymous("GET", link)).status).toBe(401);
    expect((await anonymous("GET", `${link}/pdf`)).status).toBe(401);
    expect((await anonymous("GET", delivered(second.body["url"]))).status).toBe(200);
    for (const [seconds, status] of [
      [60, 200],
      [-1, 401],
    ] as const)
      expect((await anonymous("GET", delivered(await linkEndingIn(first.id, seconds)))).status).toBe(status);
    // Whose maker may not send any more opens nothing.
    await must(
      open.world.as.admin("PUT", `/api/people/${open.world.reviewer.membershipId}/access`, {
        version: 1,
        body: { apps: { lab: "read-only" }, customRoles: [] },
      }),
    );
    expect((await anonymous("GET", delivered(second.body["url"]))).status).toBe(403);
  });
});
