import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { Type } from "typebox";
import { defineRoute, workspaceName, type Kernel, type Route, type Tx } from "@probity/kernel";
import { insertAll } from "../bulk.ts";
import { certificateProblem as problem } from "../certificate-error.ts";
import { certificatePdf } from "../certificate/pdf.ts";
import { specimenContent } from "../certificate/specimen.ts";
import { standardTemplate, templateFault, templateSchema, type Template } from "../certificate/template.ts";
import { query } from "../query.ts";
import { mayOf } from "./sample-view.ts";

const read = "lab.certificate.read";
const change = "lab.template.change";
const closed = { additionalProperties: false };

/** How certificates look and read: versions that never change, the newest of each name in force. */
export function templateRoutes(kernel: Kernel): Route[] {
  return [
    defineRoute({
      method: "GET",
      path: "/api/lab/certificate-templates",
      summary: "Templates of certificates, every version, newest first",
      tag: "lab",
      permission: read,
      answers: { 200: Type.Object({ items: Type.Array(Type.Unknown()), standard: templateSchema }) },
      handle: async (request) => {
        const body = await kernel.door.work(request.credential, read, async (tx) => {
          kernel.access.read(tx.who, read, request.source, "lab.certificate_template");
          const items = await tx.all(
            query
              .selectFrom("lab.certificate_template as t")
              .leftJoin("kernel.membership as m", "m.id", "t.created_by")
              .select(["t.id", "t.name", "t.number", "t.definition", "t.reason", "t.created_at as at", "m.name as by"])
              .where("t.deleted_at", "is", null)
              .orderBy("t.name")
              .orderBy("t.number", "desc"),
          );
          return { items, standard: standardTemplate, may: await mayOf(tx) };
        });
        return { body };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/lab/certificate-templates",
      summary: "A new version of a template, with the reason; certificates keep the version they were made with",
      tag: "lab",
      permission: change,
      body: Type.Object(
        {
          name: Type.String({ minLength: 1, maxLength: 80, pattern: "\\S" }),
          reason: Type.String({ minLength: 1, maxLength: 500, pattern: "\\S" }),
          definition: templateSchema,
        },
        closed,
      ),
      answers: { 201: Type.Object({ id: Type.String(), number: Type.Integer() }) },
      handle: async (request) => {
        const { name, reason, definition } = request.body;
        refuse(definition);
        const body = await kernel.door.work(request.credential, change, (tx) =>
          keepTemplate(tx, name.trim(), definition, reason.trim()),
        );
        return { status: 201, body };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/lab/certificate-templates/preview",
      summary: "A specimen by a template that is not kept yet",
      tag: "lab",
      permission: read,
      body: Type.Object({ definition: templateSchema }, closed),
      answers: { 200: "application/pdf" },
      handle: async (request) => {
        const { definition } = request.body;
        refuse(definition);
        const workspace = await kernel.door.work(request.credential, read, (tx) => workspaceName(tx));
        const content = specimenContent(definition);
        const bytes = await certificatePdf({ content, workspace, signatures: [], dataHash: "of a specimen: none" });
        return { body: Buffer.from(bytes), type: "application/pdf", headers: { "cache-control": "no-store" } };
      },
    }),
  ];
}

function refuse(definition: Template): void {
  const why = templateFault(definition);
  if (why !== null) throw problem.template_wrong({ values: { why } });
}

/** Keeps a new version of a template. */
export async function keepTemplate(tx: Tx, name: string, definition: Template, reason: string) {
  const last = await tx.first(
    query
      .selectFrom("lab.certificate_template")
      .select("number")
      .where("name", "=", name)
      .orderBy("number", "desc")
      .limit(1),
  );
  const [id, number] = [uuidv7(), (last?.number ?? 0) + 1];
  await insertAll(tx, "lab.certificate_template", "lab.certificate_template.create", [
    { row: { id, name, number, definition, reason }, fields: { name, number, reason, definition } },
  ]);
  return { id, number };
}
