import { Type } from "typebox";
import { defineRoute, type Route } from "../http/route.ts";
import type { Kernel } from "../kernel.ts";
import { csvOf } from "../record/csv.ts";
import { decide, listReviews, openReview, reviewItems } from "./review.ts";

const read = "kernel.review.read";
const change = "kernel.people.change";
const idParams = Type.Object({ id: Type.String({ format: "uuid" }) });

/** Access reviews: every member and key confirmed or removed by a named reviewer (ACC-03). */
export function reviewRoutes(kernel: Kernel): Route[] {
  return [
    defineRoute({
      method: "GET",
      path: "/api/reviews",
      summary: "Access reviews, the newest first",
      tag: "access",
      permission: read,
      answers: { 200: Type.Object({ items: Type.Array(Type.Unknown()) }) },
      handle: async (request) => {
        const items = await kernel.door.work(request.credential, read, async (tx) => {
          kernel.access.read(tx.who, read, request.source, "kernel.access_review");
          return listReviews(tx);
        });
        return { body: { items } };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/reviews",
      summary: "Open a review before its time",
      tag: "access",
      permission: change,
      answers: { 201: Type.Object({ id: Type.String() }) },
      handle: async (request) => ({
        status: 201,
        body: { id: await kernel.door.work(request.credential, change, openReview) },
      }),
    }),
    defineRoute({
      method: "GET",
      path: "/api/reviews/{id}",
      summary: "Every entry of a review, as JSON or CSV",
      tag: "access",
      permission: read,
      params: idParams,
      query: Type.Object({ format: Type.Optional(Type.Union([Type.Literal("json"), Type.Literal("csv")])) }),
      answers: { 200: Type.Object({ items: Type.Array(Type.Unknown()), you: Type.String() }) },
      handle: async (request) => {
        const { id } = request.params;
        const { items, you } = await kernel.door.work(request.credential, read, async (tx) => {
          const found = await reviewItems(tx, id);
          if (request.query.format === "csv")
            await tx.record({ action: "kernel.access_review.export", record: "kernel.access_review", rowId: id });
          else kernel.access.read(tx.who, read, request.source, "kernel.access_review", id);
          return { items: found, you: tx.who.actorId };
        });
        if (request.query.format !== "csv") return { body: { items, you } };
        const columns = [
          "kind",
          "name",
          "role",
          "permissions",
          "reviewer",
          "decision",
          "decidedBy",
          "decidedAt",
          "note",
          "subjectId",
        ];
        const rows = items.map((item) => ({
          ...item,
          permissions: item.permissions.join(" "),
          reviewer: item.reviewer?.name ?? "",
          decidedBy: item.decidedBy?.name ?? "",
        }));
        return {
          body: csvOf(columns, rows),
          type: "text/csv; charset=utf-8",
          headers: { "content-disposition": 'attachment; filename="access-review.csv"' },
        };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/review-items/{id}/decide",
      summary: "Confirm an entry, or remove the member or key it is about",
      tag: "access",
      permission: change,
      params: idParams,
      body: Type.Object(
        {
          decision: Type.Union([Type.Literal("confirmed"), Type.Literal("removed")]),
          note: Type.Optional(Type.String({ maxLength: 500 })),
        },
        { additionalProperties: false },
      ),
      answers: { 200: Type.Object({ closed: Type.Boolean() }) },
      handle: async (request) => ({
        body: await kernel.door.work(request.credential, change, (tx) =>
          decide(tx, request.params.id, request.body.decision, request.body.note ?? null),
        ),
      }),
    }),
  ];
}
