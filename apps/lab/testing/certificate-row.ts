import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { guestRole, invite, makeSignedLink, type Kernel, type Tx } from "@probity/kernel";
import type { TestPerson } from "@probity/kernel/testing";
import { insertAll, updateAll } from "../bulk.ts";
import { standardTemplate } from "../certificate/template.ts";

type Table = Parameters<typeof insertAll>[1];

/** One row of everything that certificates and customers keep, each made by the permission its rule asks for. */
export async function seedCertificates(
  kernel: Pick<Kernel, "door">,
  owner: TestPerson,
  known: { readonly product: string; readonly blob: string },
): Promise<void> {
  const work = <T>(permission: string, run: (tx: Tx) => Promise<T>) => kernel.door.work(owner.session, permission, run);
  const one = (tx: Tx, table: Table, row: { id: string } & Record<string, unknown>) =>
    insertAll(tx, table, `${table}.create`, [{ row, fields: {} }]);
  const [customer, contact, template] = [uuidv7(), uuidv7(), uuidv7()];
  // The first is a draft, which a statement may still touch; the second is signed.
  const all = [1, 2].map((sequence) => ({
    sequence,
    sample: uuidv7(),
    publication: uuidv7(),
    certificate: uuidv7(),
    number: `COA-26-000${sequence}`,
  }));
  const certificate = all[1]?.certificate ?? "";
  await work("lab.history.load", async (tx) => {
    await one(tx, "lab.customer", { id: customer, code: "C-1", name: "Customer" });
    await one(tx, "lab.contact", { id: contact, customer_id: customer, name: "Contact", email: "contact@example.org" });
    await one(tx, "lab.certificate_template", {
      id: template,
      name: "Standard",
      number: 1,
      definition: standardTemplate,
      reason: "New",
    });
    for (const { sequence, sample, publication } of all) {
      await one(tx, "lab.sample", {
        id: sample,
        series: "S-26",
        sequence: sequence + 1,
        number: `S-26-0000${sequence + 1}`,
        product_id: known.product,
        customer_id: customer,
        priority: "routine",
        state: "published",
        find: `s-26-0000${sequence + 1}`,
      });
      await one(tx, "lab.publication", {
        id: publication,
        sample_id: sample,
        number: 1,
        evaluations: [],
        publisher: "A",
      });
    }
  });
  await work("kernel.people.change", async (tx) => {
    const invitation = await invite(tx, { email: "contact@example.org", role: guestRole });
    await updateAll(tx, "lab.contact", "lab.contact.invite", [
      { row: { id: contact, version: 1, invitation_id: invitation.id }, fields: {} },
    ]);
  });
  await work("lab.certificate.prepare", async (tx) => {
    for (const { sequence, sample, publication, number, certificate: id } of all)
      await one(tx, "lab.certificate", {
        id,
        series: "COA-26",
        sequence,
        number,
        sample_id: sample,
        publication_id: publication,
        template_id: template,
        content: { v: "1", number, evaluations: [], template: standardTemplate },
      });
  });
  await work("lab.certificate.sign", (tx) =>
    updateAll(tx, "lab.certificate", "lab.certificate.lock", [
      { row: { id: certificate, version: 1, locked_at: new Date().toISOString() }, fields: {} },
    ]),
  );
  await work("lab.certificate.send", async (tx) => {
    await one(tx, "lab.certificate_file", {
      id: uuidv7(),
      certificate_id: certificate,
      format: "pdf",
      blob_id: known.blob,
      sha256: "0".repeat(64),
      seal: "B-B",
      proofs: 1,
    });
    const [delivery, expiresAt] = [uuidv7(), new Date(Date.now() + 86_400_000)];
    const permission = "lab.certificate.deliver";
    const link = await makeSignedLink(tx, { purpose: "Certificate", subjectId: delivery, permission, expiresAt });
    await one(tx, "lab.delivery", {
      id: delivery,
      certificate_id: certificate,
      recipient: "Somebody",
      email: "somebody@example.org",
      link_id: link.id,
      expires_at: expiresAt.toISOString(),
    });
  });
}
