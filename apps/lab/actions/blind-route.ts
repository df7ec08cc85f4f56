import { Type } from "typebox";
import { defineRoute, doorProblem, spendStepUp, type Kernel, type Route } from "@probity/kernel";
import { updateAll } from "../bulk.ts";
import { problem } from "../errors.ts";
import { query } from "../query.ts";
import { openBlind } from "./blind.ts";

const acts = [
  {
    verb: "reveal",
    permission: "lab.sample.reveal",
    summary: "Say what a verified blinded sample is",
    early: false,
  },
  {
    verb: "unblind",
    permission: "lab.sample.unblind",
    summary: "Unblind a sample before it is verified, with the reason and a fresh proof",
    early: true,
  },
] as const;

/** Two ways out of a blind: after verification by who reviews, before it by an admin who says why and proves who they are. */
export function blindRoutes(kernel: Kernel): Route[] {
  return acts.map(({ verb, permission, summary, early }) =>
    defineRoute({
      method: "POST",
      path: `/api/lab/samples/{id}/${verb}`,
      summary,
      tag: "lab",
      permission,
      params: Type.Object({ id: Type.String({ format: "uuid" }) }),
      body: Type.Object(
        { reason: Type.String({ minLength: 1, maxLength: 500, pattern: "\\S" }) },
        { additionalProperties: false },
      ),
      answers: { 200: Type.Object({ id: Type.String(), version: Type.Integer() }) },
      handle: async (request) => {
        const version = request.version;
        const body = await kernel.door.work(request.credential, permission, async (tx) => {
          // 1. The sample, at the version its caller saw.
          const sample = await tx.first(
            query
              .selectFrom("lab.sample")
              .select(["id", "version", "number", "state", "blinded"])
              .where("id", "=", request.params.id)
              .where("deleted_at", "is", null)
              .forUpdate(),
          );
          if (!sample) throw doorProblem.not_found();
          if (sample.version !== version)
            throw doorProblem.stale({ values: { current: sample.version, given: version } });
          if (!sample.blinded) throw problem.not_blinded({ values: { number: sample.number } });
          if (!early && sample.state !== "verified") throw problem.blinded_still({ values: { number: sample.number } });
          if (early)
            await spendStepUp(tx, request.raw, {
              action: permission,
              subject: sample.id,
              told: `sample ${sample.number}`,
            });
          // 2. The blind, opened once, and what it covered in its place.
          const covered = await openBlind(tx, await kernel.files.keysOf(tx), sample.id, request.body.reason);
          if (covered === undefined) throw problem.not_blinded({ values: { number: sample.number } });
          await updateAll(tx, "lab.sample", "lab.sample.unblind", [
            {
              row: { id: sample.id, version: sample.version, ...covered, blinded: false },
              fields: { reason: request.body.reason, state: sample.state },
            },
          ]);
          return { id: sample.id, version: version + 1 };
        });
        return { body, headers: { etag: `"${body.version}"` } };
      },
    }),
  );
}
