import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { sql } from "kysely";
import { Type } from "typebox";
import { Value } from "typebox/value";
import { defineRoute, spendStepUp, type Kernel, type Route, type Tx } from "@probity/kernel";
import { insertAll } from "../bulk.ts";
import { query } from "../query.ts";
import { gates } from "./gate.ts";
import { noticeSetting } from "./notice.ts";
import { gateProblem as problem } from "./gate-error.ts";
import { printedName } from "./investigation-step.ts";
import { mayOf } from "./sample-view.ts";

const read = "lab.sample.read";
const change = "lab.setting.change";
const closed = { additionalProperties: false };
const gateSchema = Type.Object(
  { required: Type.Union([Type.Literal("declared"), Type.Literal("every"), Type.Literal("none")]) },
  closed,
);

/**
 * Every setting there is: its words, its shape and what holds where nothing was decided. Gates are enforced by
 * `lab.gate_applies`, notices by the job that sends them.
 */
const known = () => [
  ...gates.map((gate) => ({
    name: `gate.${gate.name}`,
    title: `${gate.title} before verification`,
    schema: gateSchema,
    preset: { required: "declared" },
  })),
  noticeSetting,
];

/** What the laboratory decided of its own rules: made from a time on, with a reason and a fresh proof; nothing is changed. */
export function settingRoutes(kernel: Kernel): Route[] {
  return [
    defineRoute({
      method: "GET",
      path: "/api/lab/settings",
      summary: "The laboratory's settings: what is in force, what comes, and what was before",
      tag: "lab",
      permission: read,
      answers: { 200: Type.Object({ items: Type.Array(Type.Unknown()), may: Type.Array(Type.String()) }) },
      handle: async (request) => {
        const { rows, may, people } = await kernel.door.work(request.credential, read, async (tx) => {
          kernel.access.read(tx.who, read, request.source, "lab.setting");
          const kept = query
            .selectFrom("lab.setting")
            .select(["id", "name", "value", "effective_at as effectiveAt", "reason", "maker", "created_at as madeAt"])
            .where("deleted_at", "is", null)
            .orderBy("effective_at", "desc")
            .orderBy("id", "desc");
          return { rows: await tx.all(kept), may: await mayOf(tx), people: await tx.all(readers()) };
        });
        const now = new Date();
        const items = known().map(({ name, title, preset }) => {
          const decided = rows.filter((row) => row.name === name);
          const inForce = decided.find((row) => row.effectiveAt <= now);
          return { name, title, value: inForce?.value ?? preset, decided };
        });
        return { body: { items, may, people } };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/lab/settings",
      summary: "Decide a setting from now or a later time on, with a reason",
      tag: "lab",
      permission: change,
      body: Type.Object(
        {
          name: Type.String({ maxLength: 80 }),
          value: Type.Unknown(),
          effectiveAt: Type.Optional(Type.String({ format: "date-time" })),
          reason: Type.String({ minLength: 1, maxLength: 500, pattern: "\\S" }),
        },
        closed,
      ),
      answers: { 201: Type.Object({ id: Type.String() }) },
      handle: async (request) => {
        const { name, value, effectiveAt, reason } = request.body;
        const setting = known().find((each) => each.name === name);
        const body = await kernel.door.work(request.credential, change, async (tx) => {
          if (setting === undefined || !Value.Check(setting.schema, value)) throw problem.setting_unknown();
          await spendStepUp(tx, request.raw, { action: change, subject: name, told: setting.title });
          return { id: await decide(tx, { name, value, effectiveAt, reason }) };
        });
        return { status: 201, body };
      },
    }),
  ];
}

/** Those who may see the laboratory's pages, and so be told of what is on them. */
function readers() {
  return query
    .selectFrom("kernel.membership")
    .select(["id", "name"])
    .where("status", "=", "active")
    .where("role", "<>", "guest")
    .where("deleted_at", "is", null)
    .where(sql<boolean>`'lab.sample.read' = any (kernel.permissions_of(id))`)
    .orderBy("name")
    .orderBy("id")
    .limit(500);
}

async function decide(
  tx: Tx,
  {
    name,
    value,
    effectiveAt,
    reason,
  }: { name: string; value: unknown; effectiveAt: string | undefined; reason: string },
): Promise<string> {
  // The clock that counts is the database's: it refuses what lies before the decision itself.
  const now = Date.now() + 1000;
  const wanted = effectiveAt === undefined ? now : Date.parse(effectiveAt);
  if (wanted < now - 60_000) throw problem.setting_past();
  const id = uuidv7();
  const effective = new Date(Math.max(wanted, now)).toISOString();
  await insertAll(tx, "lab.setting", "lab.setting.create", [
    {
      row: { id, name, value, effective_at: effective, reason, maker: await printedName(tx) },
      fields: { name, value, effectiveAt: effective, reason },
    },
  ]);
  return id;
}
