import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { openTestServer, testIsolation, type TestPerson, type TestServer } from "@probity/kernel/testing";
import { regulatoryDocs } from "../app.ts";
import { query } from "../query.ts";

const app = regulatoryDocs({ freeCheck: { on: false, maxFiles: 1, maxTotalBytes: 1 } });

testIsolation(app.records, {
  openServer: () => openTestServer([app]),
  seed,
  writes: "regulatory_docs.collection.change",
});

/** A collection with a read revision, and a finished run with one decided finding. */
async function seed({ kernel }: TestServer, owner: TestPerson): Promise<void> {
  const permission = "regulatory_docs.run.start";
  const tenantId = owner.session.workspace ?? "";
  const keys = await kernel.door.work(owner.session, permission, (tx) => kernel.files.keysOf(tx));
  const stored = await kernel.files.store(tenantId, keys, Buffer.from(`text of ${tenantId}`), "json");
  const id = {
    collection: uuidv7(),
    document: uuidv7(),
    revision: uuidv7(),
    run: uuidv7(),
    finding: uuidv7(),
  };
  await kernel.door.work(owner.session, permission, async (tx) => {
    await tx.recordAll(
      Object.entries(id).map(([name, rowId]) => ({
        action: `regulatory_docs.${name}.create`,
        record: `regulatory_docs.${name}`,
        rowId,
        version: 1,
      })),
    );
    const blobId = await kernel.files.name(tx, stored);
    await tx.all(query.insertInto("regulatory_docs.collection").values({ id: id.collection, name: "Quality system" }));
    await tx.all(
      query
        .insertInto("regulatory_docs.document")
        .values({ id: id.document, collection_id: id.collection, name: "SOP-01.txt", current_revision: 1 }),
    );
    await tx.all(
      query.insertInto("regulatory_docs.revision").values({
        id: id.revision,
        document_id: id.document,
        number: 1,
        file_name: "SOP-01.txt",
        kind: "txt",
        bytes: 10,
        sha256: "0".repeat(64),
        state: "ready",
        kept_blob_id: blobId,
        text_blob_id: blobId,
      }),
    );
    await tx.all(
      query.insertInto("regulatory_docs.run").values({
        id: id.run,
        collection_id: id.collection,
        number: 1,
        pack_id: "iso-13485",
        pack_version: "1",
        state: "done",
        result_blob_id: blobId,
      }),
    );
    await tx.all(
      query.insertInto("regulatory_docs.finding").values({
        id: id.finding,
        run_id: id.run,
        requirement_id: "4.2.4",
        status: "gap",
        coverage: 0,
        decision: "accepted",
        decided_by: owner.membershipId,
        assignee_id: owner.membershipId,
      }),
    );
  });
}
