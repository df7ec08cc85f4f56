import { randomUUIDv7 as uuidv7 } from "node:crypto";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { queryFor } from "@probity/kernel";
import { changePolicy, openTestServer, removeMember, type TestPerson, type TestServer } from "@probity/kernel/testing";
import { regulatoryDocs } from "../app.ts";
import { readRevision } from "../jobs/read-revision.ts";
import { query } from "../query.ts";

const app = regulatoryDocs({ freeCheck: { on: false, maxFiles: 1, maxTotalBytes: 1 } });
const work = "regulatory_docs.run.start";
const base = "/api/regulatory-docs";
const tables = ["collection", "document", "revision", "run", "finding"] as const;

const kernelQuery = queryFor<{
  "kernel.version_history": { record: string; row_id: string };
  "kernel.share": { id: string; record: string; row_id: string; membership_id: string };
}>();

let server: TestServer;
let people: TestPerson[], blobId: string;

beforeAll(async () => {
  server = await openTestServer([app]);
  const acme = await server.kernel.foundWorkspace("acme");
  people = [];
  for (const role of ["owner", "admin", "member", "member"] as const) people.push(await server.member(acme, role));
  const { kernel } = server;
  const [owner] = people;
  if (owner === undefined) throw new Error("nobody");
  const keys = await kernel.door.work(owner.session, work, (tx) => kernel.files.keysOf(tx));
  const stored = await kernel.files.store(acme, keys, Buffer.from("text"), "json");
  blobId = await kernel.door.work(owner.session, work, (tx) => kernel.files.name(tx, stored));
  await policy("owner");
});
afterAll(() => server?.close());

const person = (index: number): TestPerson => {
  const found = people[index];
  if (found === undefined) throw new Error("nobody");
  return found;
};
let version = 0;
async function policy(value: "owner" | "workspace"): Promise<void> {
  version = await server.kernel.door.work(person(0).session, "kernel.policy.change", (tx) =>
    changePolicy(tx, "access.sharing", value, version, "test"),
  );
}
const leaf = (table: (typeof tables)[number], rowId: string) => ({
  action: `regulatory_docs.${table}.create`,
  record: `regulatory_docs.${table}`,
  rowId,
  version: 1,
});

async function addDocument(
  by: TestPerson,
  collection: string,
  file: { blob: string; state: "ready" | "reading" } = { blob: blobId, state: "ready" },
): Promise<{ document: string; revision: string }> {
  const [document, revision] = [uuidv7(), uuidv7()];
  await server.kernel.door.work(by.session, work, async (tx) => {
    await tx.recordAll([leaf("document", document), leaf("revision", revision)]);
    await tx.all(
      query
        .insertInto("regulatory_docs.document")
        .values({ id: document, collection_id: collection, name: `${document}.txt`, current_revision: 1 }),
    );
    await tx.all(
      query.insertInto("regulatory_docs.revision").values({
        id: revision,
        document_id: document,
        number: 1,
        file_name: `${document}.txt`,
        kind: file.state === "ready" ? "txt" : "docx",
        bytes: 4,
        sha256: "0".repeat(64),
        state: file.state,
        kept_blob_id: file.blob,
        text_blob_id: file.state === "ready" ? file.blob : null,
      }),
    );
  });
  return { document, revision };
}

async function addRun(by: TestPerson, collection: string, number: number): Promise<{ run: string; finding: string }> {
  const [run, finding] = [uuidv7(), uuidv7()];
  await server.kernel.door.work(by.session, work, async (tx) => {
    await tx.recordAll([leaf("run", run), leaf("finding", finding)]);
    await tx.all(
      query.insertInto("regulatory_docs.run").values({
        id: run,
        collection_id: collection,
        number,
        pack_id: "iso-13485",
        pack_version: "1",
        state: "done",
        result_blob_id: blobId,
      }),
    );
    await tx.all(
      query
        .insertInto("regulatory_docs.finding")
        .values({ id: finding, run_id: run, requirement_id: "4.2.4", status: "gap", coverage: 0 }),
    );
  });
  return { run, finding };
}

/** What a person's own statements find, in every table and in the versions kept of it. */
async function found(by: TestPerson): Promise<{ rows: Set<string>; versions: Set<string> }> {
  return server.kernel.door.work(by.session, "regulatory_docs.collection.read", async (tx) => {
    const rows = new Set<string>();
    for (const table of tables)
      for (const { id } of await tx.all(query.selectFrom(`regulatory_docs.${table}`).select("id"))) rows.add(id);
    const history = await tx.all(
      kernelQuery.selectFrom("kernel.version_history").select("row_id").where("record", "like", "regulatory_docs.%"),
    );
    return { rows, versions: new Set(history.map(({ row_id }) => row_id)) };
  });
}

type Kept = { owner: number; shared: Set<number> };
type Model = {
  collections: Map<string, Kept & { runs: number }>;
  documents: Map<string, Kept & { collection: string; revision: string }>;
  runs: Map<string, { collection: string; finding: string }>;
};
const seesCollection = (model: Model, who: number, id: string): boolean => {
  const kept = model.collections.get(id);
  return kept !== undefined && (kept.owner === who || kept.shared.has(who));
};
const seesDocument = (model: Model, who: number, id: string): boolean => {
  const kept = model.documents.get(id);
  return (
    kept !== undefined && (kept.owner === who || kept.shared.has(who) || seesCollection(model, who, kept.collection))
  );
};
function expected(model: Model, who: number): Set<string> {
  const ids = new Set<string>();
  for (const id of model.collections.keys()) if (seesCollection(model, who, id)) ids.add(id);
  for (const [id, { revision }] of model.documents) if (seesDocument(model, who, id)) ids.add(id).add(revision);
  for (const [id, { collection, finding }] of model.runs)
    if (seesCollection(model, who, collection)) ids.add(id).add(finding);
  return ids;
}
const pick = <T>(values: readonly T[], index: number): T | undefined => values[index % Math.max(values.length, 1)];
const share = (by: number, record: string, id: string, with_: ReadonlySet<number>) =>
  server.as(person(by))("PUT", `/api/shares/regulatory_docs.${record}/${id}`, {
    body: { members: [...with_].map((index) => person(index).membershipId) },
  });

type Act = readonly ["collect" | "upload" | "run" | "share" | "share-document", number, number, number];
async function apply(model: Model, [kind, by, index, other]: Act): Promise<void> {
  if (kind === "collect") {
    const made = await server.as(person(by))("POST", `${base}/collections`, {
      body: { name: "System", description: null },
    });
    model.collections.set(String(made.body["id"]), { owner: by, shared: new Set(), runs: 0 });
    return;
  }
  const id = pick([...model.collections.keys()], index);
  const collection = model.collections.get(id ?? "");
  if (id === undefined || collection === undefined) return;
  if (kind === "upload" || kind === "run") {
    const may = seesCollection(model, by, id);
    if (!may) {
      await expect(kind === "upload" ? addDocument(person(by), id) : addRun(person(by), id, 900)).rejects.toMatchObject(
        {
          code: "kernel.not_found",
        },
      );
      return;
    }
    if (kind === "upload") {
      const { document, revision } = await addDocument(person(by), id);
      model.documents.set(document, { owner: by, shared: new Set(), collection: id, revision });
    } else {
      collection.runs += 1;
      const { run, finding } = await addRun(person(by), id, collection.runs);
      model.runs.set(run, { collection: id, finding });
    }
    return;
  }
  const documentId = kind === "share" ? undefined : pick([...model.documents.keys()], index);
  const kept = kind === "share" ? collection : model.documents.get(documentId ?? "");
  if (kept === undefined) return;
  const wanted = new Set(kept.shared);
  if (!wanted.delete(other)) wanted.add(other);
  wanted.delete(kept.owner);
  const answer = await share(by, kind === "share" ? "collection" : "document", documentId ?? id, wanted);
  const sees = documentId === undefined ? seesCollection(model, by, id) : seesDocument(model, by, documentId);
  expect(answer.status).toBe(kept.owner === by ? 204 : sees ? 403 : 404);
  if (answer.status === 204) kept.shared = wanted;
}

/** Every route of everything, as each person: what the model says they see, and 404 for the rest. */
async function checkRoutes(model: Model): Promise<void> {
  for (const who of people.keys()) {
    const by = server.as(person(who));
    const list = await by("GET", `${base}/collections?limit=200`);
    const items: unknown = list.body["items"];
    const listed = Array.isArray(items)
      ? items.map((item) => String(item.id)).filter((id) => model.collections.has(id))
      : [];
    const mine = [...model.collections.keys()].filter((id) => seesCollection(model, who, id));
    expect(listed.toSorted()).toEqual(mine.toSorted());
    const csv = (await by("GET", `${base}/collections?format=csv`)).text;
    for (const id of model.collections.keys()) {
      const sees = seesCollection(model, who, id);
      expect(csv.includes(id)).toBe(sees);
      const status = sees ? 200 : 404;
      expect((await by("GET", `${base}/collections/${id}`)).status).toBe(status);
      expect((await by("GET", `${base}/collections/${id}/history`)).status).toBe(status);
      expect((await by("GET", `/api/shares/regulatory_docs.collection/${id}`)).status).toBe(status);
      const inside: unknown = (await by("GET", `${base}/documents?collection=${id}`)).body["items"];
      const shown = Array.isArray(inside) ? inside.map((item) => String(item.id)) : [];
      const visible = [...model.documents].filter(
        ([one, kept]) => kept.collection === id && seesDocument(model, who, one),
      );
      expect(shown.toSorted()).toEqual(visible.map(([one]) => one).toSorted());
      if (sees) continue;
      const change = { version: 1, body: { name: "Mine", reason: "Mine" } };
      expect((await by("PATCH", `${base}/collections/${id}`, change)).status).toBe(404);
      expect(
        (await by("POST", `${base}/collections/${id}/analyse`, { body: { packId: "iso-13485" } })).status,
      ).not.toBe(202);
    }
    for (const [id, { collection }] of model.documents) {
      const sees = seesDocument(model, who, id);
      const one = await by("GET", `${base}/documents/${id}`);
      const within = sees && seesCollection(model, who, collection) ? { id: collection, name: "System" } : null;
      expect([one.status, one.body["collection"] ?? null]).toEqual([sees ? 200 : 404, within]);
      expect((await by("POST", `${base}/documents/${id}/download`)).status).toBe(sees ? 201 : 404);
      if (!sees) expect((await by("GET", `${base}/documents/${id}/text`)).status).toBe(404);
    }
    for (const [id, { collection }] of model.runs) {
      if (seesCollection(model, who, collection)) continue;
      expect((await by("GET", `${base}/runs/${id}`)).status).toBe(404);
      expect((await by("GET", `${base}/runs/${id}/report?format=csv`)).status).toBe(404);
    }
  }
}

describe("TEN-06 a document is seen by its owner and those it is shared with alone", () => {
  const act = fc.tuple(
    fc.constantFrom("collect" as const, "upload" as const, "run" as const, "share" as const, "share-document" as const),
    fc.nat(3),
    fc.nat(20),
    fc.nat(3),
  );

  test(
    "TEN-06 whatever is made and shared by whom, by every statement and every route",
    { timeout: 180_000 },
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(act, { minLength: 10, maxLength: 25 }), async (acts) => {
          const model: Model = { collections: new Map(), documents: new Map(), runs: new Map() };
          const before = await Promise.all(people.map(found));
          await apply(model, ["collect", 2, 0, 0]);
          for (const each of acts) await apply(model, each);
          for (const [who, by] of people.entries()) {
            const { rows, versions } = await found(by);
            const fresh = new Set([...rows].filter((id) => before[who]?.rows.has(id) !== true));
            expect(fresh).toEqual(expected(model, who));
            expect(new Set([...versions].filter((id) => before[who]?.versions.has(id) !== true))).toEqual(
              expected(model, who),
            );
          }
          await checkRoutes(model);
        }),
        { numRuns: 6 },
      );
    },
  );

  test("TEN-06 what is taken back is gone at once, open download links with it; what is shared has gone on", async () => {
    const [owner, member] = [person(2), person(3)];
    const body = { name: "Contracts", description: null };
    const id = String((await server.as(owner)("POST", `${base}/collections`, { body })).body["id"]);
    const { document } = await addDocument(owner, id);
    expect((await share(2, "collection", id, new Set([3]))).status).toBe(204);
    const link = await linkTo(member, document);
    expect((await share(2, "document", document, new Set([3]))).status).toBe(204);
    expect((await server.as(member)("GET", `${base}/shared-documents`)).text).toContain(document);
    expect((await server.as(person(1))("GET", `${base}/shared-documents`)).text).not.toContain(document);
    await share(2, "document", document, new Set());
    expect((await share(2, "collection", id, new Set())).status).toBe(204);
    expect((await server.as(member)("GET", `${base}/collections/${id}`)).status).toBe(404);
    expect((await server.anonymous("GET", link)).status).toBe(401);
  });

  test("TEN-06 by SQL a colleague shares nothing to themselves and reads no share of others", async () => {
    const [owner, admin] = [person(2), person(1)];
    const made = await server.as(owner)("POST", `${base}/collections`, { body: { name: "Secret", description: null } });
    const id = String(made.body["id"]);
    const shareId = uuidv7();
    const steal = server.kernel.door.work(admin.session, "kernel.share.change", async (tx) => {
      await tx.record({ action: "kernel.share.give", record: "kernel.share", rowId: shareId, version: 1 });
      await tx.all(
        kernelQuery
          .insertInto("kernel.share")
          .values({ id: shareId, record: "regulatory_docs.collection", row_id: id, membership_id: admin.membershipId }),
      );
    });
    await expect(steal).rejects.toMatchObject({ code: "kernel.permission_missing" });
    expect((await share(2, "collection", id, new Set([3]))).status).toBe(204);
    const shares = await server.kernel.door.work(admin.session, "kernel.share.read", (tx) =>
      tx.all(kernelQuery.selectFrom("kernel.share").select("id").where("row_id", "=", id)),
    );
    expect(shares).toEqual([]);
  });

  test("TEN-06 the workspace's owner sees what people left behind, nobody else does", async () => {
    const leaver = await server.member(person(0).session.workspace ?? "", "member");
    const made = await server.as(leaver)("POST", `${base}/collections`, { body: { name: "Left", description: null } });
    const path = `${base}/collections/${String(made.body["id"])}`;
    expect((await server.as(person(0))("GET", path)).status).toBe(404);
    await server.kernel.door.work(person(0).session, "kernel.people.change", (tx) =>
      removeMember(tx, leaver.membershipId),
    );
    expect((await server.as(person(0))("GET", path)).status).toBe(200);
    expect((await server.as(person(1))("GET", path)).status).toBe(404);
  });

  test("TEN-06 where the policy is the whole workspace everybody sees everything", async () => {
    const made = await server.as(person(2))("POST", `${base}/collections`, {
      body: { name: "Open", description: null },
    });
    const path = `${base}/collections/${String(made.body["id"])}`;
    expect((await server.as(person(3))("GET", path)).status).toBe(404);
    await policy("workspace");
    expect((await server.as(person(3))("GET", path)).status).toBe(200);
    await policy("owner");
    expect((await server.as(person(3))("GET", path)).status).toBe(404);
  });

  test("TEN-06 what was shared with somebody who left is not theirs when they come back, whoever removed them", async () => {
    const leaver = await server.member(person(0).session.workspace ?? "", "member");
    const made = await server.as(person(2))("POST", `${base}/collections`, {
      body: { name: "Once", description: null },
    });
    const id = String(made.body["id"]);
    const path = `/api/shares/regulatory_docs.collection/${id}`;
    await server.as(person(2))("PUT", path, { body: { members: [leaver.membershipId] } });
    await server.kernel.door.work(person(1).session, "kernel.people.change", (tx) =>
      removeMember(tx, leaver.membershipId),
    );
    expect((await server.as(person(2))("GET", path)).body["members"]).toEqual([]);
  });

  async function twins(words: string, kind: "txt" | "docx" = "txt", state: "ready" | "reading" = "ready") {
    const { kernel } = server;
    const keys = await kernel.door.work(person(0).session, work, (tx) => kernel.files.keysOf(tx));
    const stored = await kernel.files.store(person(0).session.workspace ?? "", keys, Buffer.from(words), kind);
    const blob = await kernel.door.work(person(0).session, work, (tx) => kernel.files.name(tx, stored));
    const made = [];
    for (const by of [person(0), person(1)]) {
      const answer = await server.as(by)("POST", `${base}/collections`, { body: { name: "Twin", description: null } });
      made.push({ by, ...(await addDocument(by, String(answer.body["id"]), { blob, state })) });
    }
    const [one = { by: person(0), document: "", revision: "" }, other = one] = made;
    return { blob, one, other };
  }
  const linkTo = async (by: TestPerson, document: string) => {
    const answer = await server.as(by)("POST", `${base}/documents/${document}/download`);
    return String(answer.body["url"]);
  };

  test("TEN-06 a refused file takes nothing from a colleague whose file is the same, though nobody sees both", async () => {
    const { blob, one, other } = await twins("no document at all", "docx", "reading");
    const find = () => server.kernel.door.work(other.by.session, work, (tx) => server.kernel.files.find(tx, blob));
    const readIn = ({ by, revision }: typeof one) =>
      readRevision(server.kernel, { credential: by.session, subjectId: revision, report: async () => undefined });
    await readIn(one);
    expect((await find()).id).toBe(blob);
    await readIn(other);
    await expect(find()).rejects.toMatchObject({ code: "kernel.not_found" });
  });

  test("TEN-06 deleting one's own document ends its links and not those to a colleague's same file", async () => {
    const { one, other } = await twins("the same procedure");
    const [mine, theirs] = [await linkTo(one.by, one.document), await linkTo(other.by, other.document)];
    await server.as(one.by)("DELETE", `${base}/documents/${one.document}?reason=Over`, { version: 1 });
    expect((await server.anonymous("GET", mine)).status).toBe(401);
    expect((await server.anonymous("GET", theirs)).status).toBe(200);
  });

  test("TEN-06 links made while everybody saw everything end where sharing is by owner since; the owner's stay", async () => {
    const { one } = await twins("seen by all once");
    await policy("workspace");
    const [own, colleagues] = [await linkTo(one.by, one.document), await linkTo(person(3), one.document)];
    expect((await server.anonymous("GET", colleagues)).status).toBe(200);
    await policy("owner");
    expect((await server.anonymous("GET", colleagues)).status).toBe(401);
    expect((await server.anonymous("GET", own)).status).toBe(200);
  });
});
