import { defineRecord, field } from "@probity/kernel";

const served = { app: "lab", retain: "laboratory", routes: false };
const certificates = { read: "lab.certificate.read" };

/** Whose samples are tested. */
export const customer = defineRecord({
  ...served,
  name: "lab.customer",
  path: "customers",
  title: "Customer",
  may: { read: "lab.customer.read" },
  fields: {
    code: field.text("Code", { max: 40 }),
    name: field.text("Name", { max: 160 }),
    address: field.text("Address", { max: 500, optional: true }),
    remark: field.text("Remark", { max: 1000, optional: true }),
  },
});

/** Somebody at a customer; whoever takes up their invitation sees what is that customer's. */
export const contact = defineRecord({
  ...served,
  name: "lab.contact",
  path: "contacts",
  title: "Contact",
  may: { read: "lab.customer.read" },
  fields: {
    customerId: field.id("Customer"),
    name: field.text("Name", { max: 120 }),
    email: field.text("E-mail", { max: 254 }),
    invitationId: field.id("Invitation", { optional: true }),
  },
});

/** How certificates of one kind look and read; its versions never change. */
export const certificateTemplate = defineRecord({
  ...served,
  name: "lab.certificate_template",
  path: "certificate-templates",
  title: "Certificate template",
  may: certificates,
  fields: {
    name: field.text("Name", { max: 80 }),
    number: field.integer("Number", { min: 1 }),
    definition: field.json("Definition"),
    reason: field.text("Reason", { max: 500 }),
  },
});

/** A certificate of analysis: locked by its signature, superseded and never replaced. */
export const certificate = defineRecord({
  ...served,
  name: "lab.certificate",
  path: "certificates",
  title: "Certificate of analysis",
  may: certificates,
  fields: {
    series: field.text("Series", { max: 20 }),
    sequence: field.integer("Sequence", { min: 1 }),
    number: field.text("Number", { max: 40 }),
    sampleId: field.id("Sample"),
    publicationId: field.id("Publication"),
    templateId: field.id("Template"),
    supersedesId: field.id("Supersedes", { optional: true }),
    reason: field.text("Why it supersedes", { max: 500, optional: true }),
    content: field.json("What it says"),
    discardedReason: field.text("Why the draft was discarded", { max: 500, optional: true }),
    broughtIn: field.boolean("Brought in"),
    statedAt: field.instant("Done where it was brought in from", { optional: true }),
  },
});

/** The bytes that leave: made once, after the signature. */
export const certificateFile = defineRecord({
  ...served,
  name: "lab.certificate_file",
  path: "certificate-files",
  title: "Certificate file",
  may: certificates,
  fields: {
    certificateId: field.id("Certificate"),
    format: field.choice("Format", ["pdf", "json"]),
    blobId: field.id("File"),
    sha256: field.text("SHA-256", { max: 64 }),
    seal: field.choice("Seal", ["B-B", "B-T", "B-LT"]),
    proofs: field.integer("Proofs", { min: 0 }),
  },
});

/** Who was sent a certificate, by which link, until when. */
export const delivery = defineRecord({
  ...served,
  name: "lab.delivery",
  path: "deliveries",
  title: "Delivery",
  may: certificates,
  fields: {
    certificateId: field.id("Certificate"),
    contactId: field.id("Contact", { optional: true }),
    recipient: field.text("Recipient", { max: 120 }),
    email: field.text("E-mail", { max: 254 }),
    linkId: field.id("Link"),
    expiresAt: field.instant("Ends at"),
    revokedAt: field.instant("Revoked at", { optional: true }),
  },
});
