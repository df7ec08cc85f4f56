import { Type } from "typebox";
import { sql } from "kysely";
import { defineRoute, type Kernel, type Route, type Tx } from "@probity/kernel";
import { query } from "../query.ts";
import { csvAnswer } from "./gate-route.ts";
import { instruments, presentInstrument } from "./instrument-read.ts";
import { statusOfAll } from "./instrument-route.ts";
import { dueOf } from "./trail-route.ts";

const read = "lab.sample.read";

/** How the laboratory does: turnaround, what is in work and late, what came out, what waits to be verified, by month. */
export function overviewRoute(kernel: Kernel): Route {
  return defineRoute({
    method: "GET",
    path: "/api/lab/overview",
    summary:
      "Turnaround, work in progress, out-of-specification rate, verification backlog, chart warnings, instruments",
    tag: "lab",
    permission: read,
    query: Type.Object({ format: Type.Optional(Type.Union([Type.Literal("json"), Type.Literal("csv")])) }),
    answers: { 200: Type.Object({ months: Type.Array(Type.Unknown()), counts: Type.Unknown() }) },
    handle: async (request) => {
      if (request.query.format === "csv") {
        const months = await kernel.door.work(request.credential, read, async (tx) => {
          await tx.record({ action: "lab.overview.export", record: "lab.sample", fields: { months: 12 } });
          return all<Month>(tx, byMonth);
        });
        return csvAnswer("months", ["month", "results", "out", "samples", "median", "most"], months);
      }
      const body = await kernel.door.work(request.credential, read, async (tx) => {
        kernel.access.read(tx.who, read, request.source, "lab.sample");
        return {
          today: new Date().toISOString().slice(0, 10),
          counts: (await all<Counts>(tx, countsNow))[0] ?? null,
          products: await all<ProductTime>(tx, turnaround),
          months: await all<Month>(tx, byMonth),
          backlog: await all<Backlog>(tx, waitingToVerify),
          charts: await all<ChartState>(tx, chartWarnings),
          review: await dueOf(tx),
          instruments: statusOfAll((await tx.all(instruments())).map(presentInstrument)),
        };
      });
      return { body };
    },
  });
}

type Counts = Record<
  "registered" | "received" | "tested" | "verified" | "late" | "late_tested" | "investigations" | "unlocked",
  number
>;
type ProductTime = { productId: string; product: string; samples: number; median: number | null; most: number | null };
type Month = {
  month: string;
  results: number;
  out: number;
  samples: number;
  median: number | null;
  most: number | null;
};
type Backlog = { age: string; samples: number };
type ChartState = { id: string; name: string; outcome: string; at: Date };

const all = <Row>(tx: Tx, statement: ReturnType<typeof sql>): Promise<Row[]> => {
  const typed = sql<Row>`${statement}`;
  return tx.all({ compile: () => typed.compile(query) });
};

const countsNow = sql`
  select (count(*) filter (where state = 'registered'))::integer as registered,
    (count(*) filter (where state = 'received'))::integer as received,
    (count(*) filter (where state = 'tested'))::integer as tested,
    (count(*) filter (where state = 'verified'))::integer as verified,
    (count(*) filter (where due_on < current_date and state in ('registered', 'received', 'tested')))::integer as late,
    (count(*) filter (where due_on < current_date and state = 'tested'))::integer as late_tested,
    (select count(*)::integer from lab.investigation where state <> 'concluded' and deleted_at is null) as investigations,
    (select count(*)::integer from lab.unlock where coalesce(stated_at, created_at) > now() - interval '31 days') as unlocked
  from lab.sample where deleted_at is null and state in ('registered', 'received', 'tested', 'verified')`;

/** Hours from receipt to verification: the middle, and what nine of ten stay under. */
const hours = sql`percentile_cont(0.5) within group (order by extract(epoch from s.verified_at - s.received_at)) / 3600`;
const ninety = sql`percentile_cont(0.9) within group (order by extract(epoch from s.verified_at - s.received_at)) / 3600`;

const turnaround = sql`
  select p.id as "productId", p.name as product, count(*)::integer as samples, (${hours})::real as median, (${ninety})::real as most
  from lab.sample s join lab.product p on p.tenant_id = s.tenant_id and p.id = s.product_id
  where s.verified_at > now() - interval '91 days' and s.received_at is not null and s.deleted_at is null
  group by p.id, p.name order by samples desc limit 12`;

/** The last twelve months, those without anything included: a gap in a line would be a lie. */
const byMonth = sql`
  select to_char(m.month, 'YYYY-MM') as month, coalesce(r.results, 0) as results, coalesce(r.out, 0) as out,
    coalesce(s.samples, 0) as samples, s.median, s.most
  from generate_series(date_trunc('month', now()) - interval '11 months', date_trunc('month', now()), interval '1 month') as m (month)
  left join lateral (select count(*)::integer as results, (count(*) filter (where r.verdict = 'out'))::integer as out
    from lab.result r where r.entered_at >= m.month and r.entered_at < m.month + interval '1 month'
      and r.kind = 'sample' and r.text is not null and r.deleted_at is null) r on true
  left join lateral (select count(*)::integer as samples, (${hours})::real as median, (${ninety})::real as most
    from lab.sample s where s.verified_at >= m.month and s.verified_at < m.month + interval '1 month'
      and s.received_at is not null and s.deleted_at is null) s on true
  order by m.month`;

const waitingToVerify = sql`
  select case when s.updated_at > now() - interval '1 day' then 'day' when s.updated_at > now() - interval '7 days' then 'week' else 'older' end as age,
    count(*)::integer as samples
  from lab.sample s where s.state = 'tested' and s.deleted_at is null group by 1`;

/** The newest judgement of each method's runs, where it warned or failed. */
const chartWarnings = sql`
  select e.id, m.code || ' ' || m.title as name, e.outcome, e.run_at as at
  from (select distinct on (method_id) * from lab.control_evaluation where deleted_at is null order by method_id, run_at desc, created_at desc) e
  join lab.method m on m.tenant_id = e.tenant_id and m.id = e.method_id
  order by e.run_at desc limit 12`;
