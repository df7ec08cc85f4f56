import { Type } from "typebox";
import { defineRoute, type Kernel, type Route } from "@probity/kernel";
import {
  addVersion,
  createSchedule,
  previewSlots,
  requireSchedule,
  scheduleSchema,
  skipSlot,
  switchSchedule,
} from "./schedule-change.ts";
import { csvAnswer } from "./gate-route.ts";
import { hasWords, listed } from "./list-word.ts";
import { readSchedules, scheduleHistory } from "./schedule-view.ts";
import { mayOf } from "./sample-view.ts";

const read = "lab.master.read";
const change = "lab.schedule.change";
const base = "/api/lab/schedules";
const closed = { additionalProperties: false };
const idParams = Type.Object({ id: Type.String({ format: "uuid" }) });
const reason = Type.String({ minLength: 1, maxLength: 500, pattern: "\\S" });
const name = Type.String({ minLength: 1, maxLength: 120, pattern: "\\S" });
const scheduleColumns = [
  "name",
  "running",
  "rhythm",
  "dueTime",
  "zone",
  "product",
  "specification",
  "points",
  "fromOn",
  "untilOn",
  "next",
  "aheadDays",
  "graceMinutes",
  "missed",
  "number",
  "reason",
];
const versioned = Type.Object({ id: Type.String(), number: Type.Integer() });

/** Schedules that samples are registered by. Slots are decided by the server itself; a person skips, pauses, changes. */
export function scheduleRoutes(kernel: Kernel): Route[] {
  return [
    defineRoute({
      method: "GET",
      path: base,
      summary: "Schedules with what became of their last slots and what comes next; as JSON or CSV",
      tag: "lab",
      permission: read,
      query: Type.Object({
        state: Type.Optional(Type.Union([Type.Literal("running"), Type.Literal("paused")])),
        ...listed,
      }),
      answers: {
        200: Type.Object({
          items: Type.Array(Type.Unknown()),
          total: Type.Integer(),
          may: Type.Array(Type.String()),
        }),
      },
      handle: async (request) => {
        const { format, ...filters } = request.query;
        const body = await kernel.door.work(request.credential, read, async (tx) => {
          if (format === "csv")
            await tx.record({ action: "lab.schedule.export", record: "lab.schedule", fields: { filters } });
          else kernel.access.read(tx.who, read, request.source, "lab.schedule");
          const all = await readSchedules(tx);
          const items = all.filter(
            (each) =>
              (filters.state === undefined || each.running === (filters.state === "running")) &&
              hasWords(filters.q, each.name, each.product, each.specification, ...each.points),
          );
          return { items, total: all.length, may: await mayOf(tx) };
        });
        if (format !== "csv") return { body };
        const rows = body.items.map((each) => ({
          ...each,
          rhythm: each.rhythmWords,
          points: each.points.join("; "),
          next: each.next?.on ?? null,
        }));
        return csvAnswer("schedules", scheduleColumns, rows);
      },
    }),
    defineRoute({
      method: "GET",
      path: `${base}/{id}`,
      summary: "One schedule with all its versions",
      tag: "lab",
      permission: read,
      params: idParams,
      answers: { 200: Type.Object({ id: Type.String(), number: Type.Integer() }) },
      handle: async (request) => {
        const { id } = request.params;
        const body = await kernel.door.work(request.credential, read, async (tx) => {
          const [found] = await readSchedules(tx, id);
          kernel.access.read(tx.who, read, request.source, "lab.schedule", id);
          return { ...found, versions: await scheduleHistory(tx, id), may: await mayOf(tx) };
        });
        return { body, headers: { etag: `"${body.number ?? 0}"` } };
      },
    }),
    defineRoute({
      method: "POST",
      path: `${base}/preview`,
      summary: "The next slots a schedule would have; nothing is kept",
      tag: "lab",
      permission: read,
      body: scheduleSchema,
      answers: { 200: Type.Object({ slots: Type.Array(Type.Unknown()) }) },
      handle: async (request) => {
        const slots = await kernel.door.work(request.credential, read, async (tx) => {
          kernel.access.read(tx.who, read, request.source, "lab.schedule");
          return previewSlots(request.body, new Date());
        });
        return { body: { slots } };
      },
    }),
    defineRoute({
      method: "POST",
      path: base,
      summary: "Make a schedule",
      tag: "lab",
      permission: change,
      body: Type.Object({ name, schedule: scheduleSchema, reason }, closed),
      answers: { 201: versioned },
      handle: async (request) => {
        const { name: title, schedule, reason: why } = request.body;
        const body = await kernel.door.work(request.credential, change, (tx) =>
          createSchedule(tx, title.trim(), schedule, why),
        );
        return { status: 201, body };
      },
    }),
    defineRoute({
      method: "POST",
      path: `${base}/{id}/versions`,
      summary: "Put a new version of a schedule in force from now on; what it registered stays",
      tag: "lab",
      permission: change,
      params: idParams,
      body: Type.Object({ schedule: scheduleSchema, reason }, closed),
      answers: { 201: versioned },
      handle: async (request) => {
        const number = request.version;
        const { id } = request.params;
        const body = await kernel.door.work(request.credential, change, async (tx) => {
          const { version } = await requireSchedule(tx, id, number);
          await addVersion(tx, id, number + 1, request.body.schedule, version.running, request.body.reason);
          return { id, number: number + 1 };
        });
        return { status: 201, body, headers: { etag: `"${body.number}"` } };
      },
    }),
    ...(
      [
        ["pause", false, "Pause a schedule"],
        ["resume", true, "Let a paused schedule go on"],
      ] as const
    ).map(([act, running, summary]) =>
      defineRoute({
        method: "POST",
        path: `${base}/{id}/${act}`,
        summary: `${summary}: a version of its own, with the reason`,
        tag: "lab",
        permission: change,
        params: idParams,
        body: Type.Object({ reason }, closed),
        answers: { 201: versioned },
        handle: async (request) => {
          const number = request.version;
          const body = await kernel.door.work(request.credential, change, (tx) =>
            switchSchedule(tx, request.params.id, number, running, request.body.reason),
          );
          return { status: 201, body, headers: { etag: `"${body.number}"` } };
        },
      }),
    ),
    defineRoute({
      method: "POST",
      path: `${base}/{id}/skip`,
      summary: "Skip one coming day of a schedule, with the reason",
      tag: "lab",
      permission: change,
      params: idParams,
      body: Type.Object({ on: Type.String({ format: "date", pattern: "^(19|20)[0-9]{2}-" }), reason }, closed),
      answers: { 201: Type.Object({ skipped: Type.Integer() }) },
      handle: async (request) => {
        const body = await kernel.door.work(request.credential, change, (tx) =>
          skipSlot(tx, request.params.id, request.body.on, request.body.reason),
        );
        return { status: 201, body };
      },
    }),
  ];
}
