import { setTimeout as pause } from "node:timers/promises";
import { Type } from "typebox";
import { defineRoute, type Route } from "../http/route.ts";
import type { Kernel } from "../kernel.ts";
import { doorProblem } from "../work/error.ts";
import { Problem } from "../work/problem.ts";
import { query } from "../work/query.ts";

const permission = "kernel.job.read";
const pollMs = 300;
/** Streams one member may hold at once in this process: each asks the database three times a second. */
const maxStreams = 10;
const jobSchema = Type.Object({
  id: Type.String(),
  kind: Type.String(),
  subjectId: Type.Union([Type.String(), Type.Null()]),
  state: Type.String(),
  stage: Type.String(),
  done: Type.Integer(),
  total: Type.Integer(),
  problem: Type.Unknown(),
});
const columns = [
  "id",
  "task as kind",
  "subject_id as subjectId",
  "state",
  "stage",
  "done",
  "total",
  "problem",
] as const;

/** What is running, and a stream of one job's progress. Progress lives in the database: a restart continues it. */
export function jobRoutes(kernel: Kernel): Route[] {
  const streams = new Map<string, number>();
  return [
    defineRoute({
      method: "GET",
      path: "/api/jobs",
      summary: "Jobs that wait or run",
      tag: "jobs",
      permission,
      answers: { 200: Type.Object({ items: Type.Array(jobSchema) }) },
      handle: async (request) => {
        const running = query
          .selectFrom("kernel.job")
          .select(columns)
          .where("state", "in", ["waiting", "running"])
          .orderBy("enqueued_at")
          .limit(100);
        const { who, rows } = await kernel.door.once(request.credential, permission, () => ({ statements: [running] }));
        kernel.access.read(who, permission, request.source, "kernel.job");
        return { body: { items: rows[0] } };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/jobs/{id}/events",
      summary: "A job's progress as server-sent events",
      tag: "jobs",
      permission,
      params: Type.Object({ id: Type.String({ format: "uuid" }) }),
      answers: { 200: "text/event-stream" },
      handle: async (request, reply) => {
        const one = query.selectFrom("kernel.job").select(columns).where("id", "=", request.params.id);
        const credential = request.credential;
        let actor = "";
        const look = () =>
          kernel.door.work(credential, permission, (tx) => {
            actor = tx.who.actorId;
            return tx.first(one);
          });
        const first = await look();
        if (!first) throw doorProblem.not_found();
        const held = streams.get(actor) ?? 0;
        if (held >= maxStreams) throw doorProblem.busy();
        streams.set(actor, held + 1);
        const release = () => {
          const left = (streams.get(actor) ?? 1) - 1;
          if (left > 0) streams.set(actor, left);
          else streams.delete(actor);
        };
        // Whoever left while the database was asked has closed already, and closes no second time.
        if (reply.raw.closed || reply.raw.destroyed) release();
        else reply.raw.once("close", release);
        reply.hijack();
        reply.raw.writeHead(200, {
          ...plainHeaders(reply.getHeaders()),
          "content-type": "text/event-stream",
          "x-accel-buffering": "no",
        });
        let sent = "";
        for (
          let job: typeof first | undefined = first;
          job && !reply.raw.destroyed;
          job = await look().catch((error: unknown) => (isOver(error) ? undefined : job))
        ) {
          const text = JSON.stringify(job);
          if (text !== sent) reply.raw.write(`event: progress\ndata: ${text}\n\n`);
          sent = text;
          if (job.state === "done" || job.state === "failed") break;
          await pause(pollMs);
        }
        reply.raw.end();
        return reply;
      },
    }),
  ];
}

/** A refusal ends the stream; a database that is busy or away for a moment does not. */
function isOver(error: unknown): boolean {
  return error instanceof Problem && error.status < 500;
}

function plainHeaders(headers: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}
