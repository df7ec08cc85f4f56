import { defineSigning, doorProblem, everNamed, type Kernel, type SigningSubject, type Tx } from "@probity/kernel";
import { certificateProblem as problem } from "../certificate-error.ts";
import { readContent, verdictWords, type CertificateContent } from "../certificate/content.ts";
import { query } from "../query.ts";
import { certificate } from "../records/certificate.ts";
import { result } from "../records/sample.ts";

/**
 * A certificate is signed once, by somebody authorised who determined none of it. The signature locks it for good: there is
 * no unlocking, an amendment supersedes it.
 */
defineSigning({
  record: certificate,
  steps: [
    {
      id: "certify",
      title: "Certification",
      state: "issued",
      permission: "lab.certificate.sign",
      meanings: [
        "Certified: the results are as determined and verified, and conformity as stated",
        "Certified on behalf of the head of the laboratory",
      ],
      signers: 1,
      independent: true,
      reason: "none",
    },
  ],
  unlock: null,
  subject: certificateSubject,
});

/** What a signature stands for: everything the certificate says, and the version of the template it says it by. */
async function certificateSubject(_: Kernel, tx: Tx, id: string): Promise<SigningSubject> {
  const row = await tx.first(
    query
      .selectFrom("lab.certificate as c")
      .innerJoin("lab.sample as s", "s.id", "c.sample_id")
      .select([
        "c.number",
        "c.content",
        "c.sample_id",
        "c.publication_id",
        "c.template_id",
        "c.locked_at",
        "c.discarded_reason",
        "s.state",
        "s.number as sample",
      ])
      .where("c.id", "=", id)
      .where("c.deleted_at", "is", null),
  );
  if (row === undefined) throw doorProblem.not_found();
  if (row.discarded_reason !== null) throw problem.certificate_discarded({ values: { number: row.number } });
  const content = readContent(row.content);
  if (content.stated !== undefined) throw problem.certificate_signed({ values: { number: row.number } });
  // What is signed stays signed; only what is still to be signed must be what is told now.
  if (row.locked_at === null) {
    const last = await tx.first(
      query
        .selectFrom("lab.publication")
        .select("id")
        .where("sample_id", "=", row.sample_id)
        .orderBy("number", "desc")
        .limit(1),
    );
    if (row.state !== "published" || last?.id !== row.publication_id)
      throw problem.certificate_outdated({ values: { number: row.number } });
  }
  return {
    title: `Certificate ${row.number} of ${row.sample}`,
    facts: factsOf(content),
    content: { ...content, templateId: row.template_id },
    authors: await authorsOf(tx, row.sample_id, content.template.fourEyes),
  };
}

function factsOf(content: CertificateContent): { label: string; value: string }[] {
  const { sample, evaluations, investigations, overrides = [], amends } = content;
  return [
    { label: "Sample", value: `${sample.number} ${sample.product}${sample.lot === null ? "" : `, lot ${sample.lot}`}` },
    { label: "Customer", value: content.customer?.name ?? "none" },
    { label: "Results", value: String(content.results.length) },
    {
      label: "Conformity",
      value: evaluations
        .map((each) => `${each.specification} v${each.number}: ${verdictWords[each.verdict]}`)
        .join("; "),
    },
    { label: "Out of specification", value: investigations.map((each) => each.number).join(", ") || "none" },
    { label: "Overrides", value: overrides.map((each) => `${each.analyte}: ${each.gate}`).join("; ") || "none" },
    ...(amends === null ? [] : [{ label: "Supersedes", value: `${amends.number}: ${amends.reason}` }]),
  ];
}

/** Who does not certify: whoever entered any of it in any version, and under four eyes whoever verified all of it alone. */
async function authorsOf(tx: Tx, sampleId: string, fourEyes: boolean): Promise<string[]> {
  const rows = await tx.all(
    query
      .selectFrom("lab.result")
      .select(["id", "state", "kind", "verified_by"])
      .where("sample_id", "=", sampleId)
      .where("deleted_at", "is", null),
  );
  const entered = await everNamed(
    tx,
    result,
    rows.map((row) => row.id),
    "entered_by",
  );
  const verifiers = new Set(
    rows.flatMap((row) => (row.state === "verified" && row.kind === "sample" ? (row.verified_by ?? []) : [])),
  );
  return fourEyes && verifiers.size === 1 ? [...entered, ...verifiers] : [...entered];
}
