import { randomUUIDv7 as uuidv7, X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { getDocumentProxy } from "unpdf";
import {
  makeSigner,
  openTestLog,
  openTestServer,
  signAs,
  type TestLog,
  type TestPerson,
  type TestServer,
  type TestSigner,
} from "@probity/kernel/testing";
import { installed, outside, testAuthority, testSealer, type TestAuthority } from "@probity/seal/testing";
import { nodeProvider } from "@probity/verify/node";
import { verifyPdf } from "@probity/verify/pdf";
import { regulatoryDocs } from "../app.ts";
import { analyse } from "../engine/analyse.ts";
import { documentFromText } from "../engine/document.ts";
import { loadPack } from "../engine/pack.ts";
import { query } from "../query.ts";

const review = { step: "review", meaning: "Reviewed: findings and decisions are supported by the quoted evidence" };
const approve = { step: "approve", meaning: "Approved for use" };
const folder = mkdtempSync(join(tmpdir(), "probity-report-"));

let authority: TestAuthority;
let server: TestServer;
let log: TestLog;
let acme: string;
let owner: TestPerson;
let reviewer: TestSigner;
let approver: TestSigner;
let run: string;
let sealer: ReturnType<typeof testSealer>;

beforeAll(async () => {
  authority = await testAuthority();
  sealer = testSealer([authority.url]);
  server = await openTestServer([regulatoryDocs({ freeCheck: { on: false, maxFiles: 1, maxTotalBytes: 1 }, sealer })]);
  acme = await server.kernel.foundWorkspace("acme");
  owner = await server.member(acme, "owner");
  reviewer = await makeSigner(server, await server.member(acme, "member"), owner);
  approver = await makeSigner(server, await server.member(acme, "admin"), owner);
  log = openTestLog(server.kernel);
  run = await finishedRun();
});
afterAll(async () => {
  await log?.close();
  await server?.close();
  await authority.close();
  rmSync(folder, { recursive: true, force: true });
});

async function finishedRun(): Promise<string> {
  const { kernel } = server;
  const pack = loadPack("iso-13485");
  const result = analyse(pack, [documentFromText("SOP.txt", "Documents are approved before use.", "d")]);
  const documents = [
    { id: "d", name: "SOP.txt", revision: 1, revisionId: uuidv7(), sha256: "0".repeat(64), skipped: null },
  ];
  const [collection, id, finding] = [uuidv7(), uuidv7(), uuidv7()];
  await kernel.door.work(owner.session, "regulatory_docs.run.start", async (tx) => {
    const keys = await kernel.files.keysOf(tx);
    const kept = Buffer.from(JSON.stringify({ run: result, documents }));
    const stored = await kernel.files.store(acme, keys, kept, "json");
    await tx.recordAll(
      Object.entries({ collection, run: id, finding }).map(([table, rowId]) => ({
        action: `regulatory_docs.${table}.create`,
        record: `regulatory_docs.${table}`,
        rowId,
        version: 1,
      })),
    );
    const blob = await kernel.files.name(tx, stored);
    await tx.all(query.insertInto("regulatory_docs.collection").values({ id: collection, name: "QMS 2026" }));
    await tx.all(
      query.insertInto("regulatory_docs.run").values({
        id,
        collection_id: collection,
        number: 1,
        pack_id: pack.id,
        pack_version: pack.version,
        state: "done",
        result_blob_id: blob,
      }),
    );
    await tx.all(
      query.insertInto("regulatory_docs.finding").values({
        id: finding,
        run_id: id,
        status: "gap",
        coverage: 0,
        requirement_id: result.requirements[0]?.id ?? "",
      }),
    );
  });
  return id;
}

async function report(): Promise<{ bytes: Buffer; level: string | null }> {
  const { session } = reviewer;
  const headers = { cookie: `probity-session=${session.token}`, "probity-workspace": session.workspace ?? "" };
  const answer = await fetch(`${server.origin}/api/regulatory-docs/runs/${run}/report?format=pdf`, { headers });
  expect(answer.status).toBe(200);
  return { bytes: Buffer.from(await answer.arrayBuffer()), level: answer.headers.get("probity-seal") };
}

/** The words of each page. */
async function pagesOf(bytes: Buffer): Promise<string[]> {
  const document = await getDocumentProxy(Uint8Array.from(bytes));
  const pages: string[] = [];
  for (let number = 1; number <= document.numPages; number += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one page after the other
    const content = await (await document.getPage(number)).getTextContent();
    pages.push(content.items.map((item) => ("str" in item ? item.str : "")).join(" "));
  }
  return pages;
}

describe("SIG-03 SIG-04 the report of a run", () => {
  test("SIG-04 unsigned, it says so on every page and bears no seal", async () => {
    const { bytes, level } = await report();
    expect(level).toBe("none");
    for (const page of await pagesOf(bytes)) expect(page).toContain("Not signed");
    expect((await verifyPdf(bytes)).outcome).toBe("NOTHING_VERIFIED");
  });

  test("signed, every page names signers, meaning and moment, and the file verifies with its proofs, offline", async () => {
    const one = `/api/regulatory-docs/runs/${run}`;
    expect((await signAs(reviewer, one, { ...review, version: 1 })).status).toBe(201);
    expect((await signAs(approver, one, { ...approve, version: 2 })).status).toBe(201);
    await log.publish();
    const { bytes, level } = await report();
    expect(level).toBe("B-LT");
    for (const page of await pagesOf(bytes)) {
      for (const words of [reviewer.printedName, approver.printedName, approve.meaning, "UTC"])
        expect(page).toContain(words);
      expect(page).not.toContain("Not signed");
    }
    expect((await pagesOf(bytes)).at(-1)).toContain("a reader of PDF will not trust this without our root");
    const fingerprint = new X509Certificate(sealer.pem).fingerprint256;
    const found = await verifyPdf(bytes, { fingerprints: [fingerprint], verify: { provider: nodeProvider } });
    expect([found.outcome, found.sentence]).toEqual(["VERIFIED", "Nothing in this file changed since it was sealed."]);
    expect(found.signatures[0]).toMatchObject({ trust: "pinned", timestamp: { holds: true } });
    expect(found.attachments.map(({ name }) => name)).toEqual([
      "report.json",
      "signature-1.proof.json",
      "signature-2.proof.json",
    ]);
    expect(found.proofs.map(({ verdict }) => verdict.outcome)).toEqual(["VERIFIED", "VERIFIED"]);
    const proofs = found.attachments.slice(1).map((each) => Buffer.from(each.bytes).toString());
    expect(proofs[0]).toContain(reviewer.printedName);
    // Where somebody sat and how they proved themselves does not leave with the report.
    for (const proof of proofs) expect(proof).not.toMatch(/127\.0\.0\.1|"session\\?"/);
    for (const proof of proofs) expect(Buffer.byteLength(proof)).toBeLessThan(4096);
    const flipped = Buffer.from(bytes);
    flipped[flipped.length >> 1] = (flipped[flipped.length >> 1] ?? 0) ^ 1;
    expect((await verifyPdf(flipped)).outcome).toBe("TAMPERED");
    if (!installed("pdfsig")) return;
    const path = join(folder, "report.pdf");
    writeFileSync(path, bytes);
    expect(outside("pdfsig", ["-nocert", path]).said).toContain("Signature is Valid");
  });

  test("SIG-04 unlocked, it bears no signature and no seal any more", async () => {
    const one = `/api/regulatory-docs/runs/${run}`;
    const body = { reasonCode: "error", reason: "Wrong revision was read" };
    expect((await approver.by("POST", `${one}/unlock`, { version: 2, body })).status).toBe(200);
    const { bytes, level } = await report();
    expect(level).toBe("none");
    for (const page of await pagesOf(bytes)) expect(page).toContain("Not signed");
  });
});
