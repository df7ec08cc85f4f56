import { Type } from "typebox";
import { sql } from "kysely";
import { csvOf, defineRoute, doorProblem, type Kernel, type Route, type Tx } from "@probity/kernel";
import { query } from "../query.ts";
import { openFile, sendFile } from "./certificate-file.ts";
import { certificates } from "./certificate-view.ts";

const read = "lab.portal.read";
const uuid = Type.String({ format: "uuid" });
const idParams = Type.Object({ id: uuid });

/**
 * What a customer sees. Every transaction here is confined: the policies of the database leave this guest's published
 * samples, what was told of them and their certificates, and nothing of any other table. No query below asks whose a row is.
 */
export function portalRoutes(kernel: Kernel): Route[] {
  return [
    defineRoute({
      method: "GET",
      path: "/api/lab/portal/samples",
      summary: "For a customer: own samples that are published, and how far the others are",
      tag: "lab",
      permission: read,
      query: Type.Object({
        q: Type.Optional(Type.String({ maxLength: 200 })),
        format: Type.Optional(Type.Union([Type.Literal("json"), Type.Literal("csv")])),
      }),
      answers: { 200: Type.Object({ items: Type.Array(Type.Unknown()), waiting: Type.Array(Type.Unknown()) }) },
      handle: async (request) => {
        const { q, format } = request.query;
        const body = await kernel.door.work(request.credential, read, async (tx) => {
          kernel.access.read(tx.who, read, request.source, "lab.sample");
          if (format === "csv") await tx.record({ action: "lab.portal.export", record: "lab.sample" });
          const [customer] = await tx.all(query.selectFrom("lab.customer").select("name").limit(1));
          return {
            customer: customer?.name ?? null,
            items: await tx.all(published(q)),
            waiting: await waiting(tx),
          };
        });
        if (format !== "csv") return { body };
        return {
          body: csvOf(["number", "product", "lot", "verdict", "publishedAt", "certificate"], body.items),
          type: "text/csv; charset=utf-8",
          headers: { "content-disposition": 'attachment; filename="my-samples.csv"' },
        };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/lab/portal/samples/{id}",
      summary: "For a customer: what was told of one sample, and its certificates",
      tag: "lab",
      permission: read,
      params: idParams,
      answers: { 200: Type.Object({ id: Type.String(), number: Type.String() }) },
      handle: async (request) => {
        const body = await kernel.door.work(request.credential, read, async (tx) => {
          const sample = await tx.first(published(undefined).where("s.id", "=", request.params.id));
          if (sample === undefined) throw doorProblem.not_found();
          kernel.access.read(tx.who, read, request.source, "lab.sample", sample.id);
          const told = await tx.all(
            query
              .selectFrom("lab.publication as p")
              .select(["p.number", "p.evaluations", sql<Date>`coalesce(p.stated_at, p.created_at)`.as("at")])
              .where("p.sample_id", "=", sample.id)
              .orderBy("p.number", "desc"),
          );
          const found = await tx.all(certificates().where("c.sample_id", "=", sample.id).orderBy("c.id", "desc"));
          return {
            ...sample,
            /** Unlocked since it was told: what stands here may be amended. */
            reopened: sample.state !== "published",
            told,
            certificates: found.map((each) => ({
              id: each.id,
              number: each.number,
              standing: each.standing,
              issuedAt: each.issuedAt,
              broughtIn: each.broughtIn,
              supersedes: each.supersedes,
              reason: each.reason,
              supersededBy: each.supersededBy,
              supersededWhy: each.supersededWhy,
              verdict: each.verdict,
              ready: each.seal !== null,
            })),
          };
        });
        return { body };
      },
    }),
    ...(["pdf", "json"] as const).map((format) =>
      defineRoute({
        method: "GET",
        path: `/api/lab/portal/certificates/{id}/${format}`,
        summary: `For a customer: download one of their certificates as ${format.toUpperCase()}`,
        tag: "lab",
        permission: read,
        params: idParams,
        answers: { 200: format === "pdf" ? "application/pdf" : "application/json" },
        handle: async (request) => {
          const { id } = request.params;
          const open = await kernel.door.work(request.credential, read, async (tx) => {
            const file = await openFile(kernel, tx, id, format);
            await tx.record({
              action: "lab.certificate.open",
              record: "lab.certificate",
              rowId: id,
              fields: { format, by: "portal" },
            });
            return file;
          });
          return sendFile(kernel, open);
        },
      }),
    ),
  ];
}

/** Published samples with what was told last, and the certificate that stands. */
function published(text: string | undefined) {
  let wanted = query
    .selectFrom("lab.sample as s")
    .innerJoin("lab.product as p", "p.id", "s.product_id")
    .select([
      "s.id",
      "s.number",
      "s.lot",
      "s.state",
      "p.name as product",
      "s.sampled_at as sampledAt",
      "s.received_at as receivedAt",
      "s.published_at as publishedAt",
      sql<string>`(select coalesce(l.evaluations #>> '{0,verdict}', 'none') from lab.publication l where l.tenant_id = s.tenant_id
        and l.sample_id = s.id order by l.number desc limit 1)`.as("verdict"),
      sql<string | null>`(select c.number from lab.certificate c where c.tenant_id = s.tenant_id and c.sample_id = s.id
        order by c.id desc limit 1)`.as("certificate"),
      sql<string | null>`(select c.id from lab.certificate c where c.tenant_id = s.tenant_id and c.sample_id = s.id
        order by c.id desc limit 1)`.as("certificateId"),
    ])
    .where("s.deleted_at", "is", null);
  for (const word of (text ?? "").toLowerCase().split(/\s+/).filter(Boolean)) {
    const part = `%${word.replaceAll(/[\\%_]/g, "\\$&")}%`;
    wanted = wanted.where(sql<boolean>`lower(concat_ws(' ', s.number, s.lot, p.name)) like ${part}`);
  }
  return wanted.orderBy("s.id", "desc").limit(1000);
}

async function waiting(tx: Tx) {
  const asked = sql<{
    number: string;
    product: string;
    lot: string | null;
    stage: string;
    received_at: Date | null;
  }>`select * from lab.portal_progress()`;
  const rows = await tx.all({ compile: () => asked.compile(query) });
  return rows.map(({ received_at: receivedAt, ...row }) => ({ ...row, receivedAt }));
}
