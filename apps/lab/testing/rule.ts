import { randomUUIDv7 as uuidv7 } from "node:crypto";
import type { Tx } from "@probity/kernel";
import { makeSigner, signAs, type TestPerson, type TestSigner } from "@probity/kernel/testing";
import { testSealer } from "@probity/seal/testing";
import { sql } from "kysely";
import { query } from "../query.ts";
import { issued, must, openCertificates, prepared, published, type CertificateWorld } from "./certificate.ts";
import { entered, received, sampleOf } from "./world.ts";

/** Everything that attacks past the routes are made on. */
export type Known = Readonly<
  Record<
    | "draft"
    | "drafted"
    | "signed"
    | "certified"
    | "file"
    | "delivery"
    | "discarded"
    | "free"
    | "raw"
    | "rawResult"
    | "reopened"
    | "customer"
    | "review"
    | "concluded"
    | "mark"
    | "concludedMark"
    | "brought"
    | "blinded"
    | "blind"
    | "verifiedBlind",
    string
  >
>;
export let open: CertificateWorld;
export let inspector: TestSigner;
export let known: Known;

/** A statement past every route. */
export const run = (tx: Tx, text: string) => {
  const statement = sql<Record<string, unknown>>`${sql.raw(text)}`;
  return tx.all({ compile: () => statement.compile(query) });
};
const today = () => new Date().toISOString().slice(0, 10);

/** A laboratory with one of each; a file calls it once. */
export async function openRules(): Promise<void> {
  open = await openCertificates(testSealer());
  const { admin, technician, reviewer } = open.world.as;
  inspector = await makeSigner(
    open.world.server,
    await open.world.server.member(open.world.workspace, "admin"),
    open.world.admin,
  );
  const act = async (sample: string, name: string, body?: unknown) => {
    const { version } = await sampleOf(admin, sample);
    return must(
      admin("POST", `/api/lab/samples/${sample}/${name}`, { version, ...(body === undefined ? {} : { body }) }),
    );
  };
  const customer = await must(admin("POST", "/api/lab/customers", { body: { code: "C", name: "C", address: "" } }));
  const drafted = await published(open);
  const draft = await prepared(open, drafted);
  const certified = await published(open);
  const signed = await issued(open, certified);
  await must(
    reviewer("POST", `${signed.one}/deliveries`, { body: { recipient: "A", email: "a@example.org", days: 3 } }),
  );
  const thrown = await prepared(open, await published(open));
  await must(reviewer("POST", `${thrown.one}/discard`, { version: 1, body: { reason: "Test" } }));
  const reopened = await published(open);
  await act(reopened, "unlock", { reason: "Test" });
  const [raw = ""] = await received(open.world);
  await entered(open.world, raw);
  const blind = async () => {
    const samples = [{ productId: open.world.product, lot: "L", blinded: true }];
    const made = await must(technician("POST", "/api/lab/samples", { body: { samples } }));
    const { items }: { items: { id: string }[] } = JSON.parse(made.text);
    await must(technician("POST", "/api/lab/samples/receive", { body: { ids: items.map((each) => each.id) } }));
    return items[0]?.id ?? "";
  };
  const verifiedBlind = await blind();
  await entered(open.world, verifiedBlind);
  await must(
    reviewer("POST", `/api/lab/samples/${verifiedBlind}/verify`, {
      version: (await sampleOf(admin, verifiedBlind)).version,
    }),
  );
  const opened = async () => {
    await open.log.publish();
    const made = await must(inspector.by("POST", "/api/lab/trail-reviews", { body: { from: today(), to: today() } }));
    const id = String(made.body["id"]);
    const { items }: { items: { rowId: string; rowVersion: number }[] } = JSON.parse(
      (await must(inspector.by("GET", `/api/lab/trail-reviews/${id}`))).text,
    );
    const seen = items.map(({ rowId, rowVersion }) => ({ rowId, rowVersion }));
    await must(inspector.by("POST", `/api/lab/trail-reviews/${id}/seen`, { body: { items: seen } }));
    return id;
  };
  const concluded = await opened();
  await must(
    signAs(inspector, `/api/lab/trail-reviews/${concluded}`, {
      step: "conclude",
      meaning: "Reviewed: the changes are explained and nothing further is needed",
      version: 1,
    }),
  );
  const review = await opened();
  const ids = { drafted, certified, reopened, raw, free: await published(open), blinded: await blind(), verifiedBlind };
  const found = await open.world.server.kernel.door.work(open.world.admin.session, "lab.sample.read", async (tx) => {
    const one = async (text: string) => String((await run(tx, text))[0]?.["id"]);
    return {
      rawResult: await one(`select id from lab.result where sample_id = '${ids.raw}' and analyte = 'ph' limit 1`),
      file: await one(`select id from lab.certificate_file where certificate_id = '${signed.id}' and format = 'pdf'`),
      delivery: await one(`select id from lab.delivery where certificate_id = '${signed.id}'`),
      concludedMark: await one(`select id from lab.trail_mark where review_id = '${concluded}' limit 1`),
      mark: await one(`select id from lab.trail_mark where review_id = '${review}' limit 1`),
      blind: await one(`select id from lab.blind where sample_id = '${ids.blinded}'`),
    };
  });
  known = {
    ...ids,
    ...found,
    draft: draft.id,
    signed: signed.id,
    discarded: thrown.id,
    customer: String(customer.body["id"]),
    review,
    brought: await broughtIn(drafted),
    concluded,
  };
}

/** A sample brought in as published, with a value out of specification that nobody investigated. */
async function broughtIn(like: string): Promise<string> {
  const [sample, result, publication] = [uuidv7(), uuidv7(), uuidv7()];
  await open.world.server.kernel.door.work(open.world.admin.session, "lab.history.load", async (tx) => {
    for (const [record, rowId] of [
      ["lab.sample", sample],
      ["lab.result", result],
      ["lab.publication", publication],
    ] as const)
      // oxlint-disable-next-line no-await-in-loop -- three, over one connection
      await tx.record({ action: `${record}.test`, record, rowId, version: 1 });
    await run(
      tx,
      `insert into lab.sample (tenant_id, id, series, sequence, number, product_id, specification_version_id, priority, state, verdict, find)
        select tenant_id, '${sample}', 'B', 1, 'B-1', product_id, specification_version_id, 'routine', 'published', 'out', 'b-1' from lab.sample where id = '${like}'`,
    );
    await run(
      tx,
      `insert into lab.result (tenant_id, id, sample_id, method_version_id, kind, analyte, name, unit, state, text, number, verdict)
        select tenant_id, '${result}', '${sample}', method_version_id, kind, analyte, name, unit, 'verified', '9.9', 9.9, 'out'
        from lab.result where sample_id = '${like}' and analyte = 'ph'`,
    );
    await run(
      tx,
      `insert into lab.publication (tenant_id, id, sample_id, number, evaluations, publisher)
        select tenant_id, '${publication}', '${sample}', 1, evaluations, publisher from lab.publication where sample_id = '${like}'`,
    );
  });
  return sample;
}
export async function closeRules(): Promise<void> {
  await open?.log.close();
  await open?.world.server.close();
}

/** One row put or changed past every route, by somebody who holds the permission, after the leaf it needs. */
export async function refused(
  by: TestPerson,
  permission: string,
  record: string,
  id: string,
  text: string | ((tx: Tx) => Promise<string>),
): Promise<string> {
  try {
    await open.world.server.kernel.door.work(by.session, permission, async (tx) => {
      const [row] = await run(tx, `select version from ${record} where id = '${id}'`);
      const version = 1 + Number(row?.["version"] ?? 0);
      await tx.record({ action: `${record}.test`, record, rowId: id, version });
      await run(tx, typeof text === "string" ? text : await text(tx));
    });
  } catch (error) {
    return error instanceof Error ? `${String(Reflect.get(error, "code"))} ${error.message}` : "";
  }
  return "done";
}
