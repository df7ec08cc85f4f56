import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { sql } from "kysely";
import type { Tx } from "@probity/kernel";
import { prepareCertificate } from "../actions/certificate-prepare.ts";
import { publishSample, requireSample } from "../actions/sample-route.ts";
import { keepTemplate } from "../actions/template-route.ts";
import { insertAll } from "../bulk.ts";
import { standardTemplate } from "../certificate/template.ts";
import { query } from "../query.ts";

/** What the sample certificates need beside the rest. */
export const certificatePermissions = ["lab.sample.publish", "lab.certificate.prepare"];

const customers = [
  { code: "NORD", name: "Nordlys Pharma", address: "Havnegade 14, Aarhus", contact: "Mette Holm", mail: "quality@nordlys.example" },
  { code: "VALE", name: "Vale Injectables", address: "2 Mill Lane, Reading", contact: "Owen Price", mail: "qc@vale.example" },
  { code: "TERR", name: "Terra Nutrition", address: "Via Po 31, Torino", contact: "Giulia Ferri", mail: "lab@terra.example" },
];
const told = 6;
const drafts = 2;

/** Customers with a contact each, and the template their certificates are made by. */
export async function loadCustomers(tx: Tx): Promise<void> {
  if (await tx.first(query.selectFrom("lab.customer").select("id").limit(1))) return;
  const made = customers.map((each) => ({ ...each, id: uuidv7() }));
  await insertAll(
    tx,
    "lab.customer",
    "lab.customer.create",
    made.map(({ id, code, name, address }) => ({ row: { id, code, name, address }, fields: { code, name } })),
  );
  await insertAll(
    tx,
    "lab.contact",
    "lab.contact.create",
    made.map(({ id, contact, mail }) => ({
      row: { id: uuidv7(), customer_id: id, name: contact, email: mail },
      fields: { customerId: id },
    })),
  );
  const definition = {
    ...standardTemplate,
    laboratory: "Quality control laboratory",
    address: ["Building 4, Room 210", "Sample Street 1, Sampletown"],
    zone: "Europe/Berlin",
  };
  await keepTemplate(tx, "Standard", definition, "Sample data");
}

/** Customers by turns for samples that carry a lot: a laboratory's own water has none. */
export async function customersInTurn(tx: Tx): Promise<(lot: string | null, index: number) => string | null> {
  const rows = await tx.all(query.selectFrom("lab.customer").select("id").orderBy("code"));
  return (lot, index) => (lot === null || index % 3 === 0 ? null : (rows[Math.floor(index / 3) % Math.max(1, rows.length)]?.id ?? null));
}

type Work = <T>(permission: string, run: (tx: Tx) => Promise<T>) => Promise<T>;

/** Some verified samples of customers are told of; of the newest of two products a certificate waits for its signature. */
export async function loadCertificates(work: Work): Promise<void> {
  const ids = await work("lab.sample.publish", async (tx) => {
    if (await tx.first(query.selectFrom("lab.publication").select("id").limit(1))) return [];
    const rows = await tx.all(
      query
        .selectFrom("lab.sample as s")
        .select(["s.id", "s.version", "s.product_id"])
        .where("s.state", "=", "verified")
        .where("s.customer_id", "is not", null)
        .where("s.verdict", "in", ["in", "warn", "conditional"])
        .where(
          sql<boolean>`not exists (select from lab.result r where r.tenant_id = s.tenant_id and r.sample_id = s.id and r.verdict = 'out')`,
        )
        .orderBy("s.id", "desc")
        .limit(told),
    );
    // oxlint-disable-next-line no-await-in-loop -- a handful, over one connection
    for (const { id, version } of rows) await publishSample(tx, await requireSample(tx, id, version), []);
    return rows.filter((row, index) => rows.findIndex((each) => each.product_id === row.product_id) === index).map((row) => row.id);
  });
  if (ids.length === 0) return;
  await work("lab.certificate.prepare", async (tx) => {
    // oxlint-disable-next-line no-await-in-loop -- a handful, over one connection
    for (const id of ids.slice(0, drafts)) await prepareCertificate(tx, id, undefined);
  });
}
