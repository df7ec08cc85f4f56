import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { appRoutes, manifestationOf, type Tx } from "@probity/kernel";
import {
  asDoor,
  challengeFor,
  makeSigner,
  openTestServer,
  signAs,
  type TestPerson,
  type TestServer,
  type TestSigner,
} from "@probity/kernel/testing";
import { regulatoryDocs } from "../app.ts";
import { analyse } from "../engine/analyse.ts";
import { documentFromText } from "../engine/document.ts";
import { loadPack } from "../engine/pack.ts";
import { query } from "../query.ts";

const app = regulatoryDocs({ freeCheck: { on: false, maxFiles: 1, maxTotalBytes: 1 } });
const base = "/api/regulatory-docs";
const review = {
  step: "review",
  meaning: "Reviewed: findings and decisions are supported by the quoted evidence",
};
const approve = { step: "approve", meaning: "Approved for use" };

let server: TestServer;
let acme: string;
let owner: TestPerson;
let decider: TestSigner;
let reviewer: TestSigner;
let approver: TestSigner;

beforeAll(async () => {
  server = await openTestServer([app]);
  acme = await server.kernel.foundWorkspace("acme");
  owner = await server.member(acme, "owner");
  decider = await makeSigner(server, await server.member(acme, "admin"), owner);
  reviewer = await makeSigner(server, await server.member(acme, "member"), owner);
  approver = await makeSigner(server, await server.member(acme, "admin"), owner);
});
afterAll(() => server?.close());

/** A finished run over one small document, with two findings that somebody decided. */
async function finishedRun(): Promise<{ id: string; one: string; collection: string; findings: string[] }> {
  const { kernel } = server;
  const permission = "regulatory_docs.run.start";
  const pack = loadPack("iso-13485");
  const result = analyse(pack, [documentFromText("SOP.txt", "Documents are approved before use.", "d")]);
  const documents = [
    { id: "d", name: "SOP.txt", revision: 1, revisionId: uuidv7(), sha256: "0".repeat(64), skipped: null },
  ];
  const keys = await kernel.door.work(owner.session, permission, (tx) => kernel.files.keysOf(tx));
  const kept = Buffer.from(JSON.stringify({ run: result, documents }));
  const stored = await kernel.files.store(acme, keys, kept, "json");
  const [collection, id, ...findings] = [uuidv7(), uuidv7(), uuidv7(), uuidv7()];
  await kernel.door.work(owner.session, permission, async (tx) => {
    const made = (table: string, rowId: string) => ({
      action: `regulatory_docs.${table}.create`,
      record: `regulatory_docs.${table}`,
      rowId,
      version: 1,
    });
    await tx.recordAll([
      made("collection", collection),
      made("run", id),
      ...findings.map((each) => made("finding", each)),
    ]);
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
    for (const [place, each] of findings.entries()) {
      const requirement = result.requirements[place];
      await tx.all(
        query.insertInto("regulatory_docs.finding").values({
          id: each,
          run_id: id,
          requirement_id: requirement?.id ?? "",
          status: "gap",
          coverage: 0,
        }),
      );
    }
  });
  const body = { status: "covered", reasonCode: "other", reason: "Seen on site" };
  const decided = await decider.by("POST", `${base}/findings/${findings[0] ?? ""}/override`, { version: 1, body });
  expect(decided.status).toBe(200);
  return { id, one: `${base}/runs/${id}`, collection, findings };
}

describe("SIG-02 a gap report is reviewed, approved and locked", () => {
  test("SIG-04 SIG-05 draft, reviewed, approved: the signatures stand on the run and in CSV, JSON and for PDF", async () => {
    const { one, id } = await finishedRun();
    expect((await reviewer.by("GET", `${one}/signing`)).body).toMatchObject({ state: "draft", locked: false });
    expect((await signAs(decider, one, { ...review, version: 1 })).body["code"]).toBe("signing.own_work");
    expect((await signAs(reviewer, one, { ...review, version: 1 })).status).toBe(201);
    expect((await challengeFor(reviewer, one, { ...approve, version: 2 })).status).toBe(403);
    expect((await signAs(approver, one, { ...approve, version: 2, reasonCode: "audit" })).status).toBe(201);
    const shown = (await reviewer.by("GET", `${one}/signing`)).body;
    expect(shown).toMatchObject({ state: "approved", locked: true, unchanged: true });
    const json = (await reviewer.by("GET", `${one}/report?format=json`)).body;
    expect(json).toMatchObject({
      state: "approved",
      signatures: [
        { printedName: reviewer.printedName, meaning: review.meaning, zone: "UTC", recordHash: shown["recordHash"] },
        { printedName: approver.printedName, meaning: approve.meaning, reasonCode: "audit" },
      ],
    });
    const csv = (await reviewer.by("GET", `${one}/report?format=csv`)).text;
    for (const words of [reviewer.printedName, approver.printedName, approve.meaning, String(shown["recordHash"])])
      expect(csv).toContain(words);
    const printed = await server.kernel.door.work(reviewer.session, "regulatory_docs.collection.read", (tx) =>
      manifestationOf(tx, "regulatory_docs.run", id, 2),
    );
    expect(printed).toHaveLength(2);
  });

  test("SIG-02 a signed report is changed by no route of it, of its findings or of its collection, and nothing of it is deleted", async () => {
    const { id, one, collection, findings } = await finishedRun();
    expect((await signAs(reviewer, one, { ...review, version: 1 })).status).toBe(201);
    const before = (await approver.by("GET", `${one}/signing`)).body["recordHash"];
    // Every route of the app that changes something, at this run, its findings and its collection.
    const tried: string[] = [];
    for (const route of appRoutes(server.kernel, app).filter((each) => each.method !== "GET" && !each.multipart)) {
      const targets = route.path.includes("/findings/")
        ? findings
        : route.path.includes("/runs/")
          ? [id]
          : [collection];
      for (const target of targets) {
        const path = route.path.replace("{id}", target);
        for (const version of [1, 2]) {
          for (const body of bodies(approver.membershipId)) {
            const answer = await approver.by(route.method, path, {
              version,
              ...(route.body === undefined ? {} : { body }),
            });
            if (route.path.includes("/findings/")) expect([path, answer.status < 300]).toEqual([path, false]);
            if (answer.status === 409) tried.push(`${route.method} ${route.path} ${String(answer.body["code"])}`);
          }
        }
      }
    }
    for (const act of ["accept", "override", "assign", "due", "note"])
      expect(tried).toContain(`POST ${base}/findings/{id}/${act} kernel.locked`);
    const kept = `${base}/collections/${collection}`;
    const version = Number((await approver.by("GET", kept)).body["version"]);
    expect((await approver.by("DELETE", `${kept}?reason=Unused`, { version })).body["code"]).toBe("kernel.locked");
    const after = (await approver.by("GET", `${one}/signing`)).body;
    expect(after).toMatchObject({ recordHash: before, unchanged: true, version: 2 });
  });

  test("SIG-02 an admin unlocks with a reason; decisions go on, the signature counts for its version alone, all is in the history", async () => {
    const { one, findings } = await finishedRun();
    expect((await signAs(reviewer, one, { ...review, version: 1 })).status).toBe(201);
    const note = { note: "Look again" };
    const finding = `${base}/findings/${findings[1] ?? ""}/note`;
    expect((await decider.by("POST", finding, { version: 1, body: note })).body["code"]).toBe("kernel.locked");
    const body = { reason: "New procedure came in", reasonCode: "evidence" };
    expect((await reviewer.by("POST", `${one}/unlock`, { version: 2, body })).status).toBe(403);
    expect((await approver.by("POST", `${one}/unlock`, { version: 2, body })).status).toBe(200);
    expect((await decider.by("POST", finding, { version: 1, body: note })).status).toBe(200);
    const shown = (await reviewer.by("GET", `${one}/signing`)).body;
    expect(shown).toMatchObject({ state: "draft", earlier: [{ version: 2 }], unlocks: [{ reason: body.reason }] });
    const csv = (await reviewer.by("GET", `${one}/report?format=csv`)).text;
    expect(csv).not.toContain(reviewer.printedName);
    const items = (await reviewer.by("GET", `${one}/history`)).body["items"];
    expect(items).toMatchObject([
      { object: expect.not.stringMatching("Report") },
      { object: "Report", version: 3, reason: body.reason },
      { object: "Report", version: 2, changes: [{ field: "locked", after: true }] },
      { changes: expect.arrayContaining([expect.objectContaining({ field: "decidedStatus", after: "covered" })]) },
      { object: "Report", version: 1 },
    ]);
  });
});

describe("SIG-06 what a signed report stands on changes for a reason alone", () => {
  const text = (word: string) => `Documents are approved before use, said ${word}.\n`;
  async function upload(collection: string, name: string, word: string, reason?: string) {
    const form = new FormData();
    form.append("file", new Blob([text(word)]), name);
    const search = reason === undefined ? "" : `?${new URLSearchParams({ reason }).toString()}`;
    const answer = await fetch(`${server.origin}${base}/collections/${collection}/documents${search}`, {
      method: "POST",
      headers: {
        cookie: `probity-session=${decider.session.token}`,
        "probity-workspace": acme,
        "probity-request": "1",
      },
      body: form,
    });
    const body: Record<string, unknown> = JSON.parse(await answer.text());
    return { status: answer.status, body };
  }
  const revisions = (document: string) =>
    server.kernel.door.work(owner.session, "regulatory_docs.collection.read", (tx) =>
      tx.all(
        query
          .selectFrom("regulatory_docs.revision")
          .select(["id", "number", "version", "kept_blob_id"])
          .where("document_id", "=", document)
          .orderBy("number"),
      ),
    );
  const listed = async (collection: string): Promise<Record<string, unknown>[]> => {
    const { items } = (await decider.by("GET", `${base}/documents?collection=${collection}`)).body;
    return Array.isArray(items) ? items : [];
  };

  test("a new revision after signing: asked for its reason, kept beside it for good; before it, and beside it, none is asked", async () => {
    const { one, collection } = await finishedRun();
    const { body } = await upload(collection, "SOP.txt", "first");
    const document = String(body["id"]);
    expect((await upload(collection, "SOP.txt", "before")).body).toMatchObject({ id: document, revision: 2 });
    expect((await signAs(reviewer, one, { ...review, version: 1 })).status).toBe(201);
    const silent = await upload(collection, "SOP.txt", "silently");
    expect([silent.status, silent.body["code"]]).toEqual([422, "regulatory_docs.reason_missing"]);
    expect(silent.body["detail"]).toContain("SOP.txt");
    expect((await upload(collection, "SOP.txt", "blank", " ")).status).toBe(400);
    expect((await revisions(document)).map(({ number }) => number)).toEqual([1, 2]);
    const reason = "The review showed that it was out of date";
    expect((await upload(collection, "SOP.txt", "after", reason)).body).toMatchObject({ id: document, revision: 3 });
    expect(await listed(collection)).toMatchObject([{ name: "SOP.txt", revision: 3, reason }]);
    const [kept] = await asDoor(server, "select version, reason from kernel.change_reason where row_id = $1", [
      document,
    ]);
    expect(kept).toEqual({ version: 3, reason });
    // The signed report stands as it was signed, and a document that came later is no part of it.
    expect((await reviewer.by("GET", `${one}/signing`)).body).toMatchObject({ locked: true, unchanged: true });
    expect((await upload(collection, "New.txt", "new")).status).toBe(202);
    expect((await upload(collection, "New.txt", "newer")).status).toBe(202);
    expect((await upload(collection, "SOP.txt", "again")).status).toBe(422);
    // Opened again, the report is a draft: its documents are worked on freely.
    const opened = { reason: "New evidence", reasonCode: "evidence" };
    expect((await approver.by("POST", `${one}/unlock`, { version: 2, body: opened })).status).toBe(200);
    expect((await upload(collection, "SOP.txt", "draft")).status).toBe(202);
  });

  test("no statement of the running server changes it without one, under whatever permission, or puts another file in a revision's place", async () => {
    const { one, collection } = await finishedRun();
    const other = await finishedRun();
    const document = String((await upload(collection, "SOP.txt", "first")).body["id"]);
    expect((await signAs(reviewer, one, { ...review, version: 1 })).status).toBe(201);
    const [row] = await revisions(document);
    const [alien] = await revisions(String((await upload(collection, "Else.txt", "else")).body["id"]));
    const [revision, version] = [row?.id ?? "", (row?.version ?? 0) + 1];
    const attack = (record: string, rowId: string, to: number, permission: string, run: (tx: Tx) => Promise<unknown>) =>
      server.kernel.door.work(owner.session, permission, async (tx) => {
        await tx.record({ action: `${record}.change`, record, rowId, version: to, fields: { reason: "said" } });
        await run(tx);
      });
    for (const set of [{ current_revision: 2 }, { name: "Other.txt" }, { collection_id: other.collection }])
      for (const permission of [
        "regulatory_docs.document.upload",
        "regulatory_docs.document.delete",
        "regulatory_docs.run.start",
      ])
        await expect(
          attack("regulatory_docs.document", document, 2, permission, (tx) =>
            tx.all(query.updateTable("regulatory_docs.document").set(set).where("id", "=", document)),
          ),
        ).rejects.toMatchObject({ code: "PB006" });
    for (const set of [
      { sha256: "0".repeat(64) },
      { file_name: "x.txt" },
      { kept_blob_id: alien?.kept_blob_id ?? null },
      { number: 7 },
    ])
      await expect(
        attack("regulatory_docs.revision", revision, version, "regulatory_docs.document.upload", (tx) =>
          tx.all(query.updateTable("regulatory_docs.revision").set(set).where("id", "=", revision)),
        ),
      ).rejects.toMatchObject({ code: "PB003" });
    expect(await listed(collection)).toMatchObject([
      { name: "Else.txt" },
      { name: "SOP.txt", revision: 1, reason: null },
    ]);
  });
});

/** A body for each shape the app's routes take. */
function bodies(member: string): Record<string, unknown>[] {
  return [
    {},
    { status: "partial", reasonCode: "other", reason: "planted" },
    { assigneeId: member },
    { dueOn: "2030-01-31" },
    { note: "planted" },
    { name: "planted" },
  ];
}
