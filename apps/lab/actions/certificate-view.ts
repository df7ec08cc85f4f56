import { sql } from "kysely";
import { doorProblem, type Tx } from "@probity/kernel";
import { readContent } from "../certificate/content.ts";
import { query } from "../query.ts";

/** How a certificate stands. `reopened`: its sample was unlocked since, so that an amendment is due. */
export type Standing = "draft" | "discarded" | "current" | "superseded" | "reopened";

export type CertificateFilter = {
  readonly state?: string | undefined;
  readonly customer?: string | undefined;
  readonly sample?: string | undefined;
  readonly q?: string | undefined;
};

const standing = sql<Standing>`case when c.discarded_reason is not null then 'discarded' when c.locked_at is null then 'draft'
  when n.id is not null then 'superseded'
  when s.state <> 'published' or c.publication_id <> (select p.id from lab.publication p where p.tenant_id = c.tenant_id
    and p.sample_id = c.sample_id order by p.number desc limit 1) then 'reopened'
  else 'current' end`;

/** Certificates with what they are about and how they stand. */
export function certificates() {
  return query
    .selectFrom("lab.certificate as c")
    .innerJoin("lab.sample as s", "s.id", "c.sample_id")
    .innerJoin("lab.product as p", "p.id", "s.product_id")
    .leftJoin("lab.customer as u", "u.id", "s.customer_id")
    .leftJoin("lab.certificate as b", "b.id", "c.supersedes_id")
    .leftJoin("lab.certificate as n", (join) =>
      join.onRef("n.supersedes_id", "=", "c.id").on("n.locked_at", "is not", null),
    )
    .leftJoin("lab.certificate_file as f", (join) =>
      join.onRef("f.certificate_id", "=", "c.id").on("f.format", "=", "pdf"),
    )
    .select([
      "c.id",
      "c.number",
      standing.as("standing"),
      "c.sample_id as sampleId",
      "s.number as sample",
      "s.lot",
      "p.name as product",
      "u.id as customerId",
      "u.name as customer",
      "c.created_at as preparedAt",
      // Of one that was brought in as it was stated there: its lock is of the day it came.
      sql<Date | null>`coalesce(c.stated_at, c.locked_at)`.as("issuedAt"),
      "c.brought_in as broughtIn",
      "b.number as supersedes",
      "b.id as supersedesId",
      "c.reason",
      "n.id as supersededById",
      "n.number as supersededBy",
      sql<Date | null>`coalesce(n.stated_at, n.locked_at)`.as("supersededAt"),
      "n.reason as supersededWhy",
      sql<string | null>`f.seal`.as("seal"),
      sql<string>`coalesce(c.content #>> '{evaluations,0,verdict}', 'none')`.as("verdict"),
    ])
    .where("c.deleted_at", "is", null);
}

/** The list, newest first. */
export function listed(filter: CertificateFilter) {
  let wanted = certificates();
  if (filter.customer !== undefined) wanted = wanted.where("s.customer_id", "=", filter.customer);
  if (filter.sample !== undefined) wanted = wanted.where("c.sample_id", "=", filter.sample);
  if (filter.state !== undefined) wanted = wanted.where(sql<boolean>`${standing} = ${filter.state}`);
  for (const word of (filter.q ?? "").toLowerCase().split(/\s+/).filter(Boolean)) {
    const part = `%${word.replaceAll(/[\\%_]/g, "\\$&")}%`;
    wanted = wanted.where(sql<boolean>`lower(concat_ws(' ', c.number, s.number, s.lot, p.name, u.name)) like ${part}`);
  }
  return wanted.orderBy("c.id", "desc");
}

/** One certificate with what it says, its chain of amendments, and its files. */
export async function readCertificate(tx: Tx, id: string) {
  const row = await tx.first(
    certificates().select(["c.version", "c.content", "c.discarded_reason as discardedReason"]).where("c.id", "=", id),
  );
  if (row === undefined) throw doorProblem.not_found();
  const files = await tx.all(
    query
      .selectFrom("lab.certificate_file")
      .select(["format", "sha256", "seal", "proofs", "created_at as sealedAt", "blob_id as blobId"])
      .where("certificate_id", "=", id),
  );
  return { ...row, content: readContent(row.content), files };
}

/** Every certificate of the same sample, oldest first: what superseded what. */
export function chainOf(sampleId: string) {
  return certificates().where("c.sample_id", "=", sampleId).where("c.discarded_reason", "is", null).orderBy("c.id");
}

/** The name a file is saved under: what is superseded says so there too. */
export function fileName(number: string, state: Standing, format: "pdf" | "json"): string {
  const mark =
    state === "superseded" ? "-superseded" : state === "draft" ? "-draft" : state === "reopened" ? "-under-review" : "";
  return `${number}${mark}.${format}`;
}
