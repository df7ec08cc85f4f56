import { randomUUIDv7 as uuidv7 } from "node:crypto";
import type { Tx } from "@probity/kernel";
import { keepTemplate } from "../actions/template-route.ts";
import { insertAll } from "../bulk.ts";
import { standardTemplate } from "../certificate/template.ts";
import { query } from "../query.ts";
import type { SampleProduct } from "./laboratory.ts";

const customers = [
  { code: "NORD", name: "Nordlys Pharma", address: "Havnegade 14, Aarhus", contact: "Mette Holm", mail: "quality@nordlys.example" },
  { code: "VALE", name: "Vale Injectables", address: "2 Mill Lane, Reading", contact: "Owen Price", mail: "qc@vale.example" },
  { code: "TERR", name: "Terra Nutrition", address: "Via Po 31, Torino", contact: "Giulia Ferri", mail: "lab@terra.example" },
];

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

/** Customers by turns for what is made for them: water, rooms and deliveries are the laboratory's own. */
export async function customersInTurn(tx: Tx): Promise<(product: SampleProduct, index: number) => string | null> {
  const rows = await tx.all(query.selectFrom("lab.customer").select("id").orderBy("code"));
  return ({ kind }, index) => (kind !== "finished" ? null : (rows[index % Math.max(1, rows.length)]?.id ?? null));
}
