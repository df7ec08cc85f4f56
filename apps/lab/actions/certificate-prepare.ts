import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { doorProblem, type Tx } from "@probity/kernel";
import { insertAll, updateAll } from "../bulk.ts";
import { certificateProblem as problem } from "../certificate-error.ts";
import { buildContent } from "../certificate/build.ts";
import { changesBetween, readContent } from "../certificate/content.ts";
import { query } from "../query.ts";
import { requireConcluded } from "./investigation-gate.ts";
import { nextNumbers } from "./number.ts";

export type Prepared = { readonly id: string; readonly number: string };

/** Prepares a certificate of a published sample: everything it says, kept as it is now, to be signed. */
export async function prepareCertificate(tx: Tx, sampleId: string, templateId: string | undefined): Promise<Prepared> {
  const sample = await publishedSample(tx, sampleId);
  const standing = await standingOf(tx, sampleId);
  if (standing.current !== undefined) throw problem.certificate_stands({ values: { number: standing.current.number } });
  return draft(tx, sample.id, standing.draft, await templateOf(tx, templateId), null);
}

/**
 * Prepares the certificate that will supersede one that stands (ISO/IEC 17025 7.8.8): a number of its own, with the reason
 * and what changed. The superseded one stays as it is.
 */
export async function amendCertificate(tx: Tx, id: string, reason: string): Promise<Prepared> {
  const before = await tx.first(
    query
      .selectFrom("lab.certificate as c")
      .innerJoin("lab.certificate_template as t", "t.id", "c.template_id")
      .select(["c.id", "c.number", "c.sample_id", "c.content", "c.locked_at", "c.stated_at", "t.name as template"])
      .where("c.id", "=", id)
      .where("c.deleted_at", "is", null),
  );
  if (before === undefined) throw doorProblem.not_found();
  if (before.locked_at === null) throw problem.certificate_not_signed({ values: { number: before.number } });
  const sample = await publishedSample(tx, before.sample_id);
  const standing = await standingOf(tx, sample.id);
  if (standing.current?.id !== id)
    throw problem.certificate_superseded({ values: { number: before.number, by: standing.current?.number ?? "" } });
  const template = await templateOf(tx, undefined, before.template);
  const amends = { id, number: before.number, issuedAt: (before.stated_at ?? before.locked_at).toISOString(), reason };
  return draft(tx, sample.id, standing.draft, template, { ...amends, before: readContent(before.content) });
}

/** Ends a draft that nobody signed; its number is kept with the reason. */
export async function discardCertificate(tx: Tx, id: string, version: number, reason: string): Promise<void> {
  const row = await tx.first(
    query
      .selectFrom("lab.certificate")
      .select(["number", "version", "locked_at", "discarded_reason"])
      .where("id", "=", id)
      .where("deleted_at", "is", null)
      .forUpdate(),
  );
  if (row === undefined) throw doorProblem.not_found();
  if (row.locked_at !== null) throw problem.certificate_signed({ values: { number: row.number } });
  if (row.discarded_reason !== null) throw problem.certificate_discarded({ values: { number: row.number } });
  if (row.version !== version) throw doorProblem.stale({ values: { current: row.version, given: version } });
  await updateAll(tx, "lab.certificate", "lab.certificate.discard", [
    { row: { id, version, discarded_reason: reason }, fields: { reason } },
  ]);
}

type Amends = {
  readonly id: string;
  readonly number: string;
  readonly issuedAt: string;
  readonly reason: string;
  readonly before: ReturnType<typeof readContent>;
};
type TemplateRow = { id: string; name: string; number: number; definition: unknown };

async function draft(
  tx: Tx,
  sampleId: string,
  open: { number: string } | undefined,
  template: TemplateRow,
  amended: Amends | null,
): Promise<Prepared> {
  if (open !== undefined) throw problem.certificate_draft_open({ values: { number: open.number } });
  const [numbered] = await nextNumbers(tx, "certificate", 1);
  if (numbered === undefined) throw new Error("A certificate without a number");
  const { publicationId, ...content } = await buildContent(tx, sampleId, template, numbered.number);
  const amends =
    amended === null
      ? null
      : {
          number: amended.number,
          issuedAt: amended.issuedAt,
          reason: amended.reason,
          changes: changesBetween(amended.before, content),
        };
  const id = uuidv7();
  await insertAll(tx, "lab.certificate", "lab.certificate.prepare", [
    {
      row: {
        id,
        ...numbered,
        sample_id: sampleId,
        publication_id: publicationId,
        template_id: template.id,
        supersedes_id: amended?.id ?? null,
        reason: amended?.reason ?? null,
        content: { ...content, amends },
      },
      fields: {
        number: numbered.number,
        sample: content.sample.number,
        publication: content.publication.number,
        ...(amended === null ? {} : { supersedes: amended.number, reason: amended.reason }),
      },
    },
  ]);
  return { id, number: numbered.number };
}

async function publishedSample(tx: Tx, id: string): Promise<{ id: string; number: string }> {
  const sample = await tx.first(
    query
      .selectFrom("lab.sample")
      .select(["id", "number", "state"])
      .where("id", "=", id)
      .where("deleted_at", "is", null)
      .forShare(),
  );
  if (sample === undefined) throw doorProblem.not_found();
  if (sample.state !== "published")
    throw problem.certificate_not_published({ values: { number: sample.number, state: sample.state } });
  await requireConcluded(tx, sample);
  return sample;
}

/** The certificate of a sample that stands now, and the draft that waits for its signature. */
export async function standingOf(tx: Tx, sampleId: string) {
  const rows = await tx.all(
    query
      .selectFrom("lab.certificate")
      .select(["id", "number", "supersedes_id", "locked_at"])
      .where("sample_id", "=", sampleId)
      .where("discarded_reason", "is", null)
      .where("deleted_at", "is", null),
  );
  const signed = rows.filter((row) => row.locked_at !== null);
  const superseded = new Set(signed.map((row) => row.supersedes_id));
  return {
    current: signed.find((row) => !superseded.has(row.id)),
    draft: rows.find((row) => row.locked_at === null),
  };
}

/** The named version, or the newest of the named kind, or of the first kind there is. */
async function templateOf(tx: Tx, id: string | undefined, name?: string): Promise<TemplateRow> {
  let wanted = query
    .selectFrom("lab.certificate_template")
    .select(["id", "name", "number", "definition"])
    .where("deleted_at", "is", null);
  if (id !== undefined) wanted = wanted.where("id", "=", id);
  if (name !== undefined) wanted = wanted.where("name", "=", name);
  const row = await tx.first(
    id === undefined && name === undefined
      ? wanted
          .where("name", "=", (from) =>
            from.selectFrom("lab.certificate_template").select("name").orderBy("created_at").orderBy("id").limit(1),
          )
          .orderBy("number", "desc")
          .limit(1)
      : wanted.orderBy("number", "desc").limit(1),
  );
  if (row === undefined) throw id === undefined ? problem.certificate_template_missing() : doorProblem.not_found();
  return row;
}
