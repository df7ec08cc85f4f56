import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { sql } from "kysely";
import { Type } from "typebox";
import { defineRoute, doorProblem, type Kernel, type Route, type Tx } from "@probity/kernel";
import { insertAll, updateAll } from "../bulk.ts";
import { problem } from "../errors.ts";
import { query } from "../query.ts";

const may = "lab.sample.receive";
const read = "lab.sample.read";
const closed = { additionalProperties: false };
const short = (maxLength: number) => Type.Optional(Type.Union([Type.String({ maxLength }), Type.Null()]));

/** What happens to a sample between its receipt and its end. */
const custodyActs = ["moved", "handed-over", "opened", "returned", "disposed"] as const;
export const custodyBody = {
  act: Type.Union(custodyActs.map((act) => Type.Literal(act))),
  place: short(120),
  holder: short(120),
  remark: short(500),
};
type Custody = {
  readonly act: (typeof custodyActs)[number];
  readonly place?: string | null | undefined;
  readonly holder?: string | null | undefined;
  readonly remark?: string | null | undefined;
};

/** Where samples are kept: what stands at each place, and acts of custody over many at once. */
export function custodyRoutes(kernel: Kernel): Route[] {
  return [
    defineRoute({
      method: "POST",
      path: "/api/lab/samples/custody",
      summary: "Move, hand over, open, return or dispose of many samples at once, all or none",
      tag: "lab",
      permission: may,
      body: Type.Object(
        { ids: Type.Array(Type.String({ format: "uuid" }), { minItems: 1, maxItems: 500 }), ...custodyBody },
        closed,
      ),
      answers: { 200: Type.Object({ samples: Type.Integer() }) },
      handle: async (request) => {
        const { ids, ...act } = request.body;
        const samples = await kernel.door.work(request.credential, may, (tx) => keepSamples(tx, ids, act));
        return { body: { samples } };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/lab/places",
      summary: "Where samples are: each place with how many stand there and how many of them are done with",
      tag: "lab",
      permission: read,
      answers: { 200: Type.Object({ items: Type.Array(Type.Unknown()) }) },
      handle: async (request) => {
        const { who, rows } = await kernel.door.once(request.credential, read, () => ({ statements: [places()] }));
        kernel.access.read(who, read, request.source, "lab.custody");
        return { body: { items: rows[0] ?? [] } };
      },
    }),
  ];
}

/** One act over samples that were received and are still there. */
export async function keepSamples(tx: Tx, ids: readonly string[], given: Custody): Promise<number> {
  const wanted = [...new Set(ids)];
  const rows = await tx.all(
    query
      .selectFrom("lab.sample as s")
      .select([
        "s.id",
        "s.version",
        "s.number",
        "s.state",
        "s.place",
        "s.locked_at",
        sql<boolean>`exists (select from lab.custody c where c.tenant_id = s.tenant_id and c.sample_id = s.id and c.act = 'disposed')`.as(
          "gone",
        ),
      ])
      .where("s.id", "in", wanted)
      .where("s.deleted_at", "is", null)
      .forUpdate("s"),
  );
  if (rows.length !== wanted.length) throw doorProblem.not_found();
  for (const { number, state, gone } of rows) {
    if (state === "registered") throw problem.not_received({ values: { number } });
    if (gone === true)
      throw problem.wrong_state({ values: { number, state: "disposed of", next: "Nobody has it any more." } });
    if (given.act === "disposed" && (state === "received" || state === "tested"))
      throw problem.wrong_state({
        values: { number, state, next: "What is still being tested is kept. Verify it first." },
      });
  }
  const said = { place: given.place?.trim() || null, holder: given.holder?.trim() || null };
  const disposed = given.act === "disposed";
  await insertAll(
    tx,
    "lab.custody",
    "lab.custody.create",
    rows.map(({ id, place }) => ({
      row: {
        id: uuidv7(),
        sample_id: id,
        act: given.act,
        place: disposed ? null : (said.place ?? place),
        holder: said.holder,
        remark: given.remark?.trim() || null,
      },
      fields: { act: given.act, ...said },
    })),
  );
  // A published sample's row is locked whole; where it stands is then in its custody alone.
  const now = disposed ? null : said.place;
  const moved = rows.filter((row) => row.locked_at === null && (disposed || now !== null) && row.place !== now);
  const changed = await updateAll(
    tx,
    "lab.sample",
    "lab.sample.move",
    moved.map(({ id, version }) => ({ row: { id, version, place: now }, fields: { place: now } })),
  );
  if (changed !== moved.length) throw doorProblem.busy();
  return rows.length;
}

/** Each sample where its custody last put it; what was disposed of is nowhere. */
export const standing = sql`select distinct on (c.sample_id) c.sample_id, c.place, c.act
  from lab.custody c where c.deleted_at is null order by c.sample_id, c.id desc`;

function places() {
  const found = sql<{ place: string; samples: number; done: number; oldest: Date | null }>`
    select k.place, count(*)::integer as samples,
      (count(*) filter (where s.state in ('verified', 'published')))::integer as done, min(s.received_at) as oldest
    from (${standing}) k join lab.sample s on s.id = k.sample_id
    where k.place is not null and k.act <> 'disposed' and s.deleted_at is null and s.state <> 'cancelled'
    group by k.place order by k.place limit 500`;
  return { compile: () => found.compile(query) };
}
