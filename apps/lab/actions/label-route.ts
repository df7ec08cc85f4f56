import { Type } from "typebox";
import { defineRoute, doorProblem, type Kernel, type Route } from "@probity/kernel";
import { query } from "../query.ts";
import { labelsPdf, labelsZpl, type Label } from "../label/label.ts";
import { problem } from "../errors.ts";

const read = "lab.sample.read";
const most = 500;

/** Labels of samples, for any printer or for one that reads ZPL. */
export function labelRoute(kernel: Kernel): Route {
  return defineRoute({
    method: "GET",
    path: "/api/lab/samples/labels",
    summary: "Barcode labels of samples as PDF or ZPL",
    tag: "lab",
    permission: read,
    query: Type.Object({
      ids: Type.String({
        pattern: "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(,[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})*$",
        maxLength: 40_000,
      }),
      format: Type.Optional(Type.Union([Type.Literal("pdf"), Type.Literal("zpl")])),
    }),
    answers: { 200: "application/pdf" },
    handle: async (request) => {
      const ids = [...new Set(request.query.ids.split(","))];
      if (ids.length > most) throw problem.too_many_labels();
      const labels = await kernel.door.work(request.credential, read, async (tx) => {
        const rows = await tx.all(
          query
            .selectFrom("lab.sample as s")
            .innerJoin("lab.product as p", "p.id", "s.product_id")
            .leftJoin("lab.sampling_point as t", "t.id", "s.sampling_point_id")
            .select([
              "s.id",
              "s.number",
              "s.lot",
              "s.priority",
              "s.sampled_at",
              "p.name as product",
              "t.code",
              "t.name as point",
            ])
            .where("s.id", "in", ids)
            .where("s.deleted_at", "is", null),
        );
        if (rows.length !== ids.length) throw doorProblem.not_found();
        kernel.access.read(tx.who, read, request.source, "lab.sample");
        const byId = new Map(rows.map((row) => [row.id, row]));
        return ids.flatMap((id): Label[] => {
          const row = byId.get(id);
          if (row === undefined) return [];
          const sampled =
            row.sampled_at === null ? "" : `${row.sampled_at.toISOString().slice(0, 16).replace("T", " ")} UTC`;
          const point = [row.code, row.point].filter((each) => each !== null).join(" ");
          return [
            {
              number: row.number,
              product: row.product,
              point,
              lot: row.lot ?? "",
              sampled,
              urgent: row.priority === "urgent",
            },
          ];
        });
      });
      if (request.query.format === "zpl")
        return {
          body: labelsZpl(labels),
          type: "text/plain; charset=utf-8",
          headers: { "content-disposition": 'attachment; filename="labels.zpl"' },
        };
      return {
        body: await labelsPdf(labels),
        type: "application/pdf",
        headers: { "content-disposition": 'attachment; filename="labels.pdf"' },
      };
    },
  });
}
