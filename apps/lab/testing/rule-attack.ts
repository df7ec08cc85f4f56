import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { makeSignedLink, type Tx } from "@probity/kernel";
import type { TestPerson } from "@probity/kernel/testing";
import { known, open } from "./rule.ts";

/** What is tried past the routes, by whom, and with which words it is refused. */
export type Attack = {
  readonly of: string;
  readonly by?: () => TestPerson;
  readonly may: string;
  readonly record: string;
  readonly id?: () => string;
  readonly text: (id: string) => string | ((tx: Tx) => Promise<string>);
  readonly refuses: RegExp;
};
/** A certificate beside another: everything of it, but for what is named. */
const copied = (of: () => string, columns: Readonly<Record<string, string>>) => (id: string) => {
  const all = {
    tenant_id: "tenant_id",
    id: `'${id}'`,
    series: "'X'",
    sequence: "9000",
    number: "'X-1'",
    sample_id: "sample_id",
    publication_id: "publication_id",
    template_id: "template_id",
    supersedes_id: "supersedes_id",
    reason: "reason",
    content: "jsonb_set(content, '{number}', '\"X-1\"')",
    locked_at: "null::timestamptz",
    ...columns,
  };
  return `insert into lab.certificate (${Object.keys(all).join(", ")}) select ${Object.values(all).join(", ")} from lab.certificate where id = '${of()}'`;
};
/** Columns of the row are written over. */
export const set =
  (table: string, values: string) =>
  (id: string): string =>
    `update ${table} set ${values} where id = '${id}'`;
/** The certificate of the free sample, as a route would prepare it. */
const ofFree = (columns: Readonly<Record<string, string>> = {}) =>
  copied(() => known.draft, {
    sample_id: `'${known.free}'`,
    publication_id: `(select id from lab.publication where sample_id = '${known.free}')`,
    content: `jsonb_set(jsonb_set(content, '{number}', '"X-1"'), '{evaluations}', (select evaluations from lab.publication where sample_id = '${known.free}'))`,
    ...columns,
  });
const prepare = "lab.certificate.prepare";
const send = "lab.certificate.send";
const certificate = "lab.certificate";
const deliverTo = (of: () => string, own: boolean) => (id: string) => async (tx: Tx) => {
  const expiresAt = new Date(Date.now() + 3_600_000);
  const permission = "lab.certificate.deliver";
  const link = await makeSignedLink(tx, { purpose: "Test", subjectId: own ? id : uuidv7(), permission, expiresAt });
  return `insert into lab.delivery (tenant_id, id, certificate_id, recipient, email, link_id, expires_at)
    select tenant_id, '${id}', id, 'A', 'a@example.org', '${link.id}', '${expiresAt.toISOString()}' from lab.certificate where id = '${of()}'`;
};
/** A review like the one that is open, but for what is named. */
export const reviewed = (columns: Readonly<Record<string, string>>) => (id: string) => {
  const all = {
    tenant_id: "tenant_id",
    id: `'${id}'`,
    title: "title",
    from_at: "from_at",
    to_at: "to_at",
    hours: "hours",
    due_on: "due_on",
    locked_at: "null::timestamptz",
    ...columns,
  };
  return `insert into lab.trail_review (${Object.keys(all).join(", ")}) select ${Object.values(all).join(", ")} from lab.trail_review where id = '${known.review}'`;
};

export const certificates: readonly Attack[] = [
  {
    of: "another content of a draft",
    may: prepare,
    record: certificate,
    id: () => known.draft,
    text: set(certificate, "content = content || '{\"x\": 1}'"),
    refuses: /locked/,
  },
  {
    of: "a discarded draft that is signed",
    by: () => open.certifier,
    may: "lab.certificate.sign",
    record: certificate,
    id: () => known.discarded,
    text: set(certificate, "locked_at = now(), discarded_reason = null"),
    refuses: /locked/,
  },
  {
    of: "a draft discarded by who signs",
    by: () => open.certifier,
    may: "lab.certificate.sign",
    record: certificate,
    id: () => known.draft,
    text: set(certificate, "discarded_reason = 'x'"),
    refuses: /by who prepares/,
  },
  {
    of: "a lock by who prepares",
    may: prepare,
    record: certificate,
    id: () => known.draft,
    text: set(certificate, "locked_at = now()"),
    refuses: /by its signature/,
  },
  {
    of: "a first certificate with a reason",
    may: prepare,
    record: certificate,
    text: (id) => ofFree({ reason: "'x'" })(id),
    refuses: /nothing else, says why/,
  },
  {
    of: "a certificate that begins signed",
    may: prepare,
    record: certificate,
    text: (id) => ofFree({ locked_at: "now()" })(id),
    refuses: /begins as a draft/,
  },
  {
    of: "a certificate prepared by who signs",
    by: () => open.certifier,
    may: "lab.certificate.sign",
    record: certificate,
    text: (id) => ofFree()(id),
    refuses: /begins as a draft/,
  },
  {
    of: "a certificate of what is not published",
    may: prepare,
    record: certificate,
    text: (id) => ofFree({ sample_id: `'${known.raw}'` })(id),
    refuses: /published of its sample now/,
  },
  {
    of: "a certificate of what was opened again",
    may: prepare,
    record: certificate,
    text: (id) =>
      ofFree({
        sample_id: `'${known.reopened}'`,
        publication_id: `(select id from lab.publication where sample_id = '${known.reopened}')`,
      })(id),
    refuses: /published of its sample now/,
  },
  {
    of: "another verdict than was published",
    may: prepare,
    record: certificate,
    text: (id) =>
      ofFree({
        content: "jsonb_set(jsonb_set(content, '{number}', '\"X-1\"'), '{evaluations,0,verdict}', '\"warn\"')",
      })(id),
    refuses: /says what was published/,
  },
  {
    of: "another number than its own",
    may: prepare,
    record: certificate,
    text: (id) => ofFree({ number: "'X-2'" })(id),
    refuses: /says what was published/,
  },
  {
    of: "a value out of specification that nobody investigated",
    may: prepare,
    record: certificate,
    text: (id) =>
      ofFree({
        sample_id: `'${known.brought}'`,
        publication_id: `(select id from lab.publication where sample_id = '${known.brought}')`,
      })(id),
    refuses: /investigated before it is told/,
  },
  {
    of: "a certificate beside the one that stands",
    may: prepare,
    record: certificate,
    text: copied(() => known.signed, {}),
    refuses: /supersedes the one that stands/,
  },
  {
    of: "one that supersedes another sample's",
    may: prepare,
    record: certificate,
    text: (id) => ofFree({ supersedes_id: `'${known.signed}'`, reason: "'x'" })(id),
    refuses: /supersedes the one that stands/,
  },
  {
    of: "a second draft",
    may: prepare,
    record: certificate,
    text: copied(() => known.draft, {}),
    refuses: /certificate_draft|unique|23505|stands|taken|there/,
  },
  {
    of: "a file of a draft",
    may: prepare,
    record: "lab.certificate_file",
    text: (id) =>
      `insert into lab.certificate_file (tenant_id, id, certificate_id, format, blob_id, sha256, seal, proofs) select tenant_id, '${id}', '${known.draft}', format, blob_id, sha256, seal, proofs from lab.certificate_file where id = '${known.file}'`,
    refuses: /leaves signed/,
  },
  {
    of: "a file in place of the one that left",
    may: prepare,
    record: "lab.certificate_file",
    id: () => known.file,
    text: set("lab.certificate_file", "sha256 = repeat('0', 64)"),
    refuses: /locked/,
  },
  {
    of: "a customer put to a sample that was told of",
    may: "lab.sample.register",
    record: "lab.sample",
    id: () => known.reopened,
    text: (id) => set("lab.sample", `customer_id = '${known.customer}'`)(id),
    refuses: /told of keeps its customer/,
  },
  {
    of: "a delivery by another's link",
    may: send,
    record: "lab.delivery",
    text: deliverTo(() => known.signed, false),
    refuses: /link of its own/,
  },
  {
    of: "a delivery of a draft",
    may: send,
    record: "lab.delivery",
    text: deliverTo(() => known.draft, true),
    refuses: /leaves signed/,
  },
  {
    of: "a delivery that goes to somebody else",
    may: send,
    record: "lab.delivery",
    id: () => known.delivery,
    text: set("lab.delivery", "recipient = 'B'"),
    refuses: /locked/,
  },
  {
    of: "a delivery of another certificate",
    may: send,
    record: "lab.delivery",
    id: () => known.delivery,
    text: (id) => set("lab.delivery", `certificate_id = '${known.draft}'`)(id),
    refuses: /locked/,
  },
];
