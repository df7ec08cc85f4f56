import { randomUUIDv7 as uuidv7 } from "node:crypto";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { commitment } from "../ledger/leaf.ts";
import { merkleRoot } from "../ledger/merkle.ts";
import { retire } from "../retention/retire.ts";
import type { TestPerson } from "../testing/kernel.ts";
import { asDoor, placeLeaves, testRecord } from "../testing/record-suite.ts";
import { openTestServer, type TestCaller, type TestServer } from "../testing/server.ts";
import { specimen, trialLab } from "./fixture/specimen.ts";
import { cursorAfter, insertRow, selectPage } from "./store.ts";

const openServer = () => openTestServer([trialLab]);
testRecord(specimen, {
  openServer,
  sample: (index) => ({
    code: `S-${index}`,
    note: `Found at bench ${index}`,
    ...(index % 3 === 0 ? {} : { rank: index % 5 }),
    ...(index % 2 === 0 ? {} : { dueOn: `2026-0${1 + (index % 9)}-15` }),
  }),
});

describe("a record with sealed fields that asks for reasons", () => {
  let server: TestServer;
  let person: TestPerson;
  let by: TestCaller;
  const base = "/api/trial-lab/specimens";
  beforeAll(async () => {
    server = await openServer();
    person = await server.member(await server.kernel.foundWorkspace("acme"), "owner");
    by = server.as(person);
  });
  afterAll(() => server?.close());

  test("ENC-01 a sealed field is read back, changes alone, and no table holds its words", async () => {
    const secret = `kept${uuidv7()}`;
    const made = await by("POST", base, { body: { code: "A", note: secret } });
    expect([made.status, made.body["note"], made.body["remark"]]).toEqual([201, secret, null]);
    const one = `${base}/${String(made.body["id"])}`;
    const body = { remark: `${secret} again`, reason: "Looked at again" };
    const changed = await by("PATCH", one, { version: 1, body });
    expect([changed.status, changed.body["version"]]).toEqual([200, 2]);
    expect((await by("GET", one)).body).toMatchObject({ code: "A", note: secret, remark: `${secret} again` });
    const tables = await asDoor(
      server,
      `select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where c.relkind = 'r' and n.nspname in ('kernel', 'trial_lab', 'identity')`,
    );
    for (const { name } of tables) {
      const found = await asDoor(server, `select 1 from ${String(name)} t where t::text like '%' || $1 || '%'`, [
        secret,
      ]).catch(() => []);
      expect([name, found.length]).toEqual([name, 0]);
    }
  });

  test("RET-01 APP-03 a key is known for its promised life; later it is refused and nothing is done twice", async () => {
    const headers = { "idempotency-key": `life-${uuidv7()}` };
    const body = { code: "K", note: "once" };
    const send = () => by("POST", base, { body, headers });
    const later = (days: number) => new Date(Date.now() + days * 86_400_000);
    const kept = async () =>
      asDoor(server, "select key from kernel.idempotency_key where key = $1", [headers["idempotency-key"]]);
    const first = await send();
    expect(first.status).toBe(201);
    const ofOther = await openedElsewhere();
    // A day before its end: still known, and answered with what it made.
    expect((await retire(server.kernel, person.session.workspace ?? "", later(29)))["keys"]).toMatchObject({ gone: 0 });
    expect((await send()).body["id"]).toBe(first.body["id"]);
    const retired = await retire(server.kernel, person.session.workspace ?? "", later(31));
    expect(retired["keys"]).toMatchObject({ outcome: "done", gone: 1 });
    await placeLeaves(server);
    const said = await asDoor(
      server,
      "select count(*)::integer as n from kernel.ledger_event where action = 'retention.keys.retired' and tenant_id = $1",
      [person.session.workspace],
    );
    expect(said).toEqual([{ n: 1 }]);
    expect(await kept()).toEqual([]);
    const again = await Promise.all([send(), send(), send()]);
    for (const answer of again) expect([answer.status, answer.body["code"]]).toEqual([409, "kernel.key_forgotten"]);
    const made = await asDoor(
      server,
      "select count(*)::integer as n from kernel.version_history where record = $1 and body ->> 'code' = 'K'",
      [specimen.name],
    );
    expect(made).toEqual([{ n: 1 }]);
    // Another key does it; and the same words are another's key, in another workspace too.
    expect((await by("POST", base, { body, headers: { "idempotency-key": `new-${uuidv7()}` } })).status).toBe(201);
    const colleague = server.as(await server.member(person.session.workspace ?? "", "owner"));
    expect((await colleague("POST", base, { body, headers })).status).toBe(201);
    expect((await ofOther("POST", base, { body, headers })).status).toBe(201);
    // A second round adds to what is marked already.
    await retire(server.kernel, person.session.workspace ?? "", later(31));
    expect((await send()).body["code"]).toBe("kernel.key_forgotten");
    expect((await colleague("POST", base, { body, headers })).body["code"]).toBe("kernel.key_forgotten");
    expect((await ofOther("POST", base, { body, headers })).status).toBe(201);
  });

  const openedElsewhere = async () =>
    server.as(await server.member(await server.kernel.foundWorkspace(`else-${uuidv7().slice(-6)}`), "owner"));

  test("SIG-06 a change without its reason is refused, and the leaf of one with it says why", async () => {
    const { id } = (await by("POST", base, { body: { code: "B", note: "n" } })).body;
    const one = `${base}/${String(id)}`;
    for (const [status, body] of [
      [422, { code: "C" }],
      [400, { code: "C", reason: "" }],
    ] as const)
      expect((await by("PATCH", one, { version: 1, body })).status).toBe(status);
    expect((await by("PATCH", one, { version: 1, body: { code: "C", reason: "Wrong label" } })).status).toBe(200);
    await placeLeaves(server);
    const [row] = await asDoor(
      server,
      `select convert_from(e.leaf, 'UTF8') as leaf, o.openings from kernel.ledger_event e
         join kernel.ledger_opening o on o.tenant_id = e.tenant_id and o.leaf_id = e.leaf_id
       where e.row_id = $1 and e.version = 2`,
      [id],
    );
    // The leaf commits to the words: with the salts they prove it, and other words do not.
    const openings: Record<string, { salt: string }> = Object(row?.["openings"]);
    const rootWith = (reason: string) =>
      merkleRoot(
        Object.entries({ code: '"C"', reason: JSON.stringify(reason), source: "127.0.0.1" }).map(([name, value]) =>
          commitment(Buffer.from(openings[name]?.salt ?? "", "base64url"), name, value),
        ),
      ).toString("hex");
    const { root }: { root: string } = JSON.parse(String(row?.["leaf"]));
    expect(root).toBe(rootWith("Wrong label"));
    expect(root).not.toBe(rootWith("Right label"));
  });

  test("APP-03 a list sorted by what may be empty shows every row once, in order, page by page", async () => {
    const rank = fc.option(fc.integer({ min: -3, max: 3 }), { nil: null, freq: 2 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(rank, { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 1, max: 5 }),
        fc.constantFrom("rank", "-rank"),
        async (ranks, limit, sort) => {
          const workspace = await server.kernel.foundWorkspace(`w-${uuidv7()}`);
          const member = await server.member(workspace, "owner");
          const wanted = new Map<string, number | null>();
          await server.kernel.door.work(member.session, "trial_lab.specimen.create", async (tx) => {
            for (const [index, value] of ranks.entries()) {
              const id = uuidv7();
              wanted.set(id, value);
              await tx.record({ action: "trial_lab.specimen.create", record: specimen.name, rowId: id, version: 1 });
              await tx.all(insertRow(specimen, id, { code: `r${index}`, rank: value }));
            }
          });
          const seen: { id: string; rank: unknown }[] = [];
          await server.kernel.door.work(member.session, "trial_lab.specimen.read", async (tx) => {
            for (let cursor: string | undefined, pages = 0; pages <= ranks.length; pages += 1) {
              const rows = await tx.all(selectPage(specimen, { limit, sort, cursor, filters: {} }));
              const page = rows.slice(0, limit);
              seen.push(...page.map((row) => ({ id: String(row["id"]), rank: row["rank"] })));
              const last = page.at(-1);
              if (rows.length <= limit || last === undefined) break;
              cursor = cursorAfter(specimen, sort, last);
            }
          });
          expect(seen.map((each) => each.id).toSorted()).toEqual([...wanted.keys()].toSorted());
          const key = (value: unknown) => (value === null ? Number.POSITIVE_INFINITY : Number(value));
          const ranked = seen.map((each) => key(each.rank));
          expect(sort === "rank" ? ranked : ranked.toReversed()).toEqual(ranked.toSorted((a, b) => a - b));
        },
      ),
      { numRuns: 25 },
    );
  }, 120_000);

  test("APP-03 rows of one moment are all on the pages of a list sorted by when they changed", async () => {
    const workspace = await server.kernel.foundWorkspace(`w-${uuidv7()}`);
    const member = await server.member(workspace, "owner");
    const ids = Array.from({ length: 5 }, () => uuidv7());
    await server.kernel.door.work(member.session, "trial_lab.specimen.create", async (tx) => {
      for (const id of ids) {
        await tx.record({ action: "trial_lab.specimen.create", record: specimen.name, rowId: id, version: 1 });
        await tx.all(insertRow(specimen, id, { code: id.slice(-6) }));
      }
    });
    for (const sort of ["updatedAt", "-updatedAt"]) {
      const seen: string[] = [];
      for (let mark = ""; ;) {
        const page = await server.as(member)("GET", `${base}?limit=2&sort=${sort}${mark && `&cursor=${mark}`}`);
        const { items, next } = pageOf(page.body);
        seen.push(...items);
        if (next === null) break;
        mark = next;
      }
      expect(seen.toSorted()).toEqual(ids.toSorted());
    }
  });
});

function pageOf(body: Record<string, unknown>): { items: string[]; next: string | null } {
  const items = Array.isArray(body["items"]) ? body["items"] : [];
  return { items: items.map(({ id }) => String(id)), next: typeof body["next"] === "string" ? body["next"] : null };
}
