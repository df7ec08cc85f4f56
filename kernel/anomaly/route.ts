import { Type } from "typebox";
import { defineRoute, type Route } from "../http/route.ts";
import type { Kernel } from "../kernel.ts";
import { listAnomalies, releaseAnomaly } from "./anomaly.ts";

const read = "kernel.anomaly.read";
const change = "kernel.people.change";

/** Alarms, and their release with a reason (APP-07). */
export function anomalyRoutes(kernel: Kernel): Route[] {
  return [
    defineRoute({
      method: "GET",
      path: "/api/anomalies",
      summary: "Alarms of the workspace, open ones first",
      tag: "access",
      permission: read,
      answers: { 200: Type.Object({ items: Type.Array(Type.Unknown()), you: Type.String() }) },
      handle: async (request) => {
        const body = await kernel.door.work(request.credential, read, async (tx) => {
          kernel.access.read(tx.who, read, request.source, "kernel.anomaly");
          return { items: await listAnomalies(tx), you: tx.who.actorId };
        });
        return { body };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/anomalies/{id}/release",
      summary: "Release an alarm with a reason: what it locked opens",
      tag: "access",
      permission: change,
      params: Type.Object({ id: Type.String({ format: "uuid" }) }),
      body: Type.Object(
        { reason: Type.String({ minLength: 1, maxLength: 500, pattern: "\\S" }) },
        { additionalProperties: false },
      ),
      answers: { 204: "" },
      handle: async (request) => {
        await kernel.door.work(request.credential, change, (tx) =>
          releaseAnomaly(tx, request.params.id, request.body.reason),
        );
        return { status: 204 };
      },
    }),
  ];
}
