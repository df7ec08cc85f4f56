import { Type } from "typebox";
import { sql } from "kysely";
import { defineRoute, type HomeItem, type Kernel, type Route, type Tx } from "@probity/kernel";
import { query } from "../query.ts";
import { qualityItems } from "./instrument-home.ts";
import { mayOf } from "./sample-view.ts";

const read = "lab.sample.read";
const open = ["registered", "received", "tested"] as const;

/** The bench: what is late, what is out of its limits, what waits for whom, and how the laboratory has been doing. */
export function benchRoute(kernel: Kernel): Route {
  return defineRoute({
    method: "GET",
    path: "/api/lab/bench",
    summary: "What is due, late, out of specification and waiting, with turnaround",
    tag: "lab",
    permission: read,
    answers: { 200: Type.Object({ counts: Type.Unknown() }) },
    handle: async (request) => {
      const body = await kernel.door.work(request.credential, read, async (tx) => {
        kernel.access.read(tx.who, read, request.source, "lab.sample");
        const [counts] = await tx.all(counted());
        return {
          today: new Date().toISOString().slice(0, 10),
          counts,
          due: await tx.all(due()),
          out: await tx.all(out()),
          methods: await tx.all(waiting()),
          weeks: await tx.all(weeks()),
        };
      });
      return { body };
    },
  });
}

/** Acts for the home page: samples to receive, late ones, worksheets to fill and to verify. */
export async function homeItems(tx: Tx, slug: string): Promise<HomeItem[]> {
  const base = `/w/${slug}/lab`;
  const [counts] = await tx.all(counted());
  const items: HomeItem[] = [];
  const add = (item: Omit<HomeItem, "reason">, reason: string) => items.push({ ...item, reason });
  if (counts === undefined) return items;
  // Home lists acts of whoever reads it: what they may not do waits on somebody else's page.
  const may = await mayOf(tx);
  const works = may.includes("lab.result.enter") || may.includes("lab.result.verify");
  if (may.includes("lab.instrument.hold")) items.push(...(await qualityItems(tx, base)));
  if (works && counts.late > 0)
    add(
      {
        urgency: "late",
        verb: "Finish",
        object: say(counts.late, "late sample"),
        detail: "past their day",
        href: `${base}/samples?due=late`,
        act: "Open",
      },
      "the day they were due is over",
    );
  if (works && counts.out > 0)
    add(
      {
        urgency: "today",
        verb: "Look at",
        object: say(counts.out, "sample", "out of specification"),
        detail: "not verified yet",
        href: `${base}/samples?state=open&verdict=out`,
        act: "Open",
      },
      "a result lies beyond its frozen limit",
    );
  if (may.includes("lab.sample.receive") && counts.registered > 0)
    add(
      {
        urgency: "today",
        verb: "Receive",
        object: say(counts.registered, "registered sample"),
        detail: "",
        href: `${base}/samples?state=registered`,
        act: "Receive",
      },
      "registered and not received",
    );
  if (may.includes("lab.result.verify") && counts.tested > 0)
    add(
      {
        urgency: "week",
        verb: "Verify",
        object: say(counts.tested, "tested sample"),
        detail: "by somebody who entered none of it",
        href: `${base}/samples?state=tested`,
        act: "Verify",
      },
      "all results are in",
    );
  return items;
}

function say(count: number, noun: string, after = ""): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}${after === "" ? "" : ` ${after}`}`;
}

function counted() {
  const count = (condition: ReturnType<typeof sql>) => sql<number>`(count(*) filter (where ${condition}))::integer`;
  return query
    .selectFrom("lab.sample")
    .select([
      count(sql`state = 'registered'`).as("registered"),
      count(sql`state = 'received'`).as("received"),
      count(sql`state = 'tested'`).as("tested"),
      count(sql`due_on < current_date`).as("late"),
      count(sql`due_on = current_date`).as("today"),
      count(sql`verdict = 'out'`).as("out"),
      count(sql`priority = 'urgent'`).as("urgent"),
    ])
    .where("state", "in", open)
    .where("deleted_at", "is", null);
}

function due() {
  return query
    .selectFrom("lab.sample as s")
    .innerJoin("lab.product as p", "p.id", "s.product_id")
    .leftJoin("lab.sampling_point as t", "t.id", "s.sampling_point_id")
    .select([
      "s.id",
      "s.number",
      "s.state",
      "s.verdict",
      "s.priority",
      "s.due_on as dueOn",
      "p.name as product",
      "t.code as point",
    ])
    .where("s.state", "in", open)
    .where("s.due_on", "<=", sql<string>`current_date + 7`)
    .where("s.deleted_at", "is", null)
    .orderBy("s.due_on")
    .orderBy("s.id")
    .limit(12);
}

function out() {
  return query
    .selectFrom("lab.result as r")
    .innerJoin("lab.sample as s", "s.id", "r.sample_id")
    .innerJoin("lab.product as p", "p.id", "s.product_id")
    .select([
      "r.id",
      "r.name",
      "r.text",
      "r.unit",
      "r.state",
      "r.attempt",
      "r.entered_at as enteredAt",
      "r.entered_name as enteredBy",
      "s.id as sampleId",
      "s.number",
      "p.name as product",
    ])
    .where("r.verdict", "=", "out")
    .where("r.state", "in", ["entered", "retested"])
    .where("s.state", "in", open)
    .orderBy("r.id", "desc")
    .limit(12);
}

function waiting() {
  return query
    .selectFrom("lab.result as r")
    .innerJoin("lab.sample as s", "s.id", "r.sample_id")
    .innerJoin("lab.method_version as v", "v.id", "r.method_version_id")
    .innerJoin("lab.method as m", "m.id", "v.method_id")
    .select([
      "m.id",
      "m.code",
      "m.title",
      sql<number>`count(*)::integer`.as("open"),
      sql<string | null>`min(s.due_on)::text`.as("dueOn"),
    ])
    .where("r.state", "=", "open")
    .where("r.worksheet_id", "is", null)
    .where("s.state", "=", "received")
    .groupBy(["m.id", "m.code", "m.title"])
    .orderBy("open", "desc")
    .limit(20);
}

/** By week of receipt: how many samples, the middle turnaround in hours, how many were out. */
function weeks() {
  return query
    .selectFrom("lab.sample")
    .select([
      sql<string>`date_trunc('week', received_at)::date::text`.as("week"),
      sql<number>`count(*)::integer`.as("samples"),
      sql<number>`(count(*) filter (where verdict = 'out'))::integer`.as("out"),
      sql<
        number | null
      >`(percentile_cont(0.5) within group (order by extract(epoch from verified_at - received_at)) filter (where verified_at is not null) / 3600)::real`.as(
        "hours",
      ),
    ])
    .where("received_at", ">", sql<Date>`now() - interval '13 weeks'`)
    .where("deleted_at", "is", null)
    .groupBy("week")
    .orderBy("week");
}
