import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { sql } from "kysely";
import { guestRole, invite, type Job, type Kernel, type Tx } from "@probity/kernel";
import type { Sealer } from "@probity/seal";
import { prepareCertificate } from "../actions/certificate-prepare.ts";
import { sealCertificate } from "../actions/certificate-seal.ts";
import { insertAll, updateAll } from "../bulk.ts";
import { buildContent } from "../certificate/build.ts";
import { changesBetween, type CertificateContent } from "../certificate/content.ts";
import { query } from "../query.ts";
import { iso, minuteMs, workdayBefore } from "./calendar.ts";
import { numbersInTime } from "./numbers-in-time.ts";
import { lotsOf } from "./matter.ts";
import { head } from "./people.ts";

/** What the sample certificates need beside the rest. */
export const certificatePermissions = ["lab.certificate.prepare", "kernel.people.change"];

type Work = <T>(permission: string, run: (tx: Tx) => Promise<T>) => Promise<T>;

/** Certificates that were issued: one tells an override, one was amended since and tells what lies within its guard band. */
export async function layCertificates(tx: Tx): Promise<void> {
  if (await tx.first(query.selectFrom("lab.certificate").select("id").limit(1))) return;
  const now = Date.now();
  const lots = lotsOf(now);
  const before = (count: number, hours: number) => workdayBefore(now, count, hours);
  const template = await tx.first(query.selectFrom("lab.certificate_template").select(["id", "name", "number", "definition"]).limit(1));
  if (template === undefined) return;
  const samples = await tx.all(query.selectFrom("lab.sample").select(["id", "lot"]).where("lot", "in", [lots.amended, lots.overridden]));
  const of = (lot: string) => samples.find((each) => each.lot === lot)?.id ?? "";
  const issue = async (sampleId: string, at: number, change: (content: Built) => Built, amends: Amended | null) => {
    const [numbered] = await numbersInTime(tx, "certificate", [at]);
    const built = await buildContent(tx, sampleId, template, numbered?.number ?? "");
    const { publicationId, ...content } = change({ ...built, preparedAt: iso(at - 25 * minuteMs) });
    const id = uuidv7();
    const stated = { by: head, role: "Head of quality control", at: iso(at) };
    const told = amends === null ? null : { number: amends.number, issuedAt: amends.issuedAt, reason: amends.reason, changes: changesBetween(amends.before, content) };
    const whole = { ...content, amends: told, stated };
    await insertAll(tx, "lab.certificate", "lab.certificate.bring_in", [
      {
        row: {
          id,
          ...numbered,
          sample_id: sampleId,
          publication_id: publicationId,
          template_id: template.id,
          supersedes_id: amends?.id ?? null,
          reason: amends?.reason ?? null,
          content: whole,
          locked_at: iso(at),
          stated_at: iso(at),
        },
        fields: { number: content.number, sample: content.sample.number, signedThereBy: head },
      },
    ]);
    return { id, number: content.number, issuedAt: iso(at), before: whole };
  };
  // What was told first, then what is told now.
  const publications = await tx.all(
    query.selectFrom("lab.publication").select(["id", "number", sql<Date>`stated_at`.as("at"), "publisher"]).where("sample_id", "=", of(lots.amended)).orderBy("number"),
  );
  const [first] = publications;
  if (first === undefined) return;
  const mistyped = await issue(
    of(lots.amended),
    before(33, 10.4),
    (content) => ({
      ...content,
      publicationId: first.id,
      publication: { number: first.number, at: first.at.toISOString(), publisher: first.publisher },
      sample: { ...content.sample, lot: lots.mistyped },
    }),
    null,
  );
  await issue(of(lots.overridden), before(16, 10.2), (content) => content, null);
  const reason = `The lot number was copied wrongly at registration: ${lots.mistyped} in place of ${lots.amended}.`;
  await issue(of(lots.amended), before(12, 14.1), (content) => content, { ...mistyped, reason });
}
type Built = Awaited<ReturnType<typeof buildContent>>;
type Amended = { id: string; number: string; issuedAt: string; reason: string; before: CertificateContent };

/** What may be done about certificates: of the newest lot of two products a draft waits for its signature. */
export async function layDrafts(tx: Tx): Promise<void> {
  const drafted = await tx.first(query.selectFrom("lab.certificate").select("id").where("locked_at", "is", null).limit(1));
  if (drafted !== undefined) return;
  const rows = await tx.all(
    query
      .selectFrom("lab.sample as s")
      .distinctOn("s.product_id")
      .select("s.id")
      .where("s.state", "=", "published")
      .where("s.customer_id", "is not", null)
      .where("s.verdict", "=", "in")
      .where(sql<boolean>`not exists (select from lab.certificate c where c.tenant_id = s.tenant_id and c.sample_id = s.id)`)
      .where(sql<boolean>`not exists (select from lab.result r where r.tenant_id = s.tenant_id and r.sample_id = s.id and r.verdict = 'out')`)
      .orderBy("s.product_id")
      .orderBy("s.published_at", "desc"),
  );
  // oxlint-disable-next-line no-await-in-loop -- two, over one connection
  for (const { id } of rows.slice(0, 2)) await prepareCertificate(tx, id, undefined);
}

/**
 * The files of what was issued, sealed by this instance as copies. A customer's contact is invited to the portal, without a
 * mail: nobody has that address. A link is a member's own act, so that none is made here.
 */
export async function sealIssued(kernel: Kernel, job: Job, work: Work, sealer: Sealer | undefined): Promise<void> {
  await work("kernel.people.change", async (tx) => {
    const contact = await tx.first(
      query
        .selectFrom("lab.contact as c")
        .innerJoin("lab.customer as u", "u.id", "c.customer_id")
        .select(["c.id", "c.version", "c.email", "c.invitation_id"])
        .where("u.code", "=", "VALE"),
    );
    if (contact === undefined || contact.invitation_id !== null) return;
    const made = await invite(tx, { email: contact.email, role: guestRole, mailed: false });
    await updateAll(tx, "lab.contact", "lab.contact.invite", [
      { row: { id: contact.id, version: contact.version, invitation_id: made.id }, fields: { invitationId: made.id } },
    ]);
  });
  if (sealer === undefined) return;
  const issued = await work("lab.certificate.prepare", (tx) =>
    tx.all(query.selectFrom("lab.certificate").select("id").where("brought_in", "=", true).orderBy("locked_at")),
  );
  // oxlint-disable-next-line no-await-in-loop -- three; each is a file of its own
  for (const { id } of issued) await sealCertificate(kernel, sealer, job.credential, id);
}
