import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RecordDeclaration } from "../record/define-record.ts";
import type { TestPerson } from "./kernel.ts";
import type { TestAnswer, TestCaller, TestServer } from "./server.ts";

export type RecordSuite = {
  readonly openServer: () => Promise<TestServer>;
  /** A body that creates a row; each `index` gives another one. */
  readonly sample: (index: number) => Record<string, unknown>;
};

/**
 * The tests every record with routes has to pass, made from its declaration: other tenants, roles, leaves, versions,
 * validation, repeated requests, pages, export, history and deletion, all over real HTTP.
 */
export function testRecord(record: RecordDeclaration, suite: RecordSuite): void {
  const base = `/api/${record.app}/${record.path}`;
  const { create: mayCreate, update: mayUpdate, delete: mayDelete } = record.may;
  const first = Object.entries(record.fields).find(([, field]) => field.kind === "text" && !field.readOnly);
  const textField = first?.[0] ?? "";
  const everything = [record.may.read, mayCreate, mayUpdate, mayDelete].filter((each) => each !== undefined);

  describe.skipIf(mayCreate === undefined)(`${record.name}, by its declaration`, () => {
    let server: TestServer;
    let acme: string;
    let owner: TestPerson;
    let mine: TestCaller;
    let foreign: TestCaller;
    let made = 0;
    const sample = () => suite.sample((made += 1));
    const create = async (by = mine): Promise<{ id: string; version: number }> => {
      const answer = await by("POST", base, { body: sample() });
      expect([answer.status, answer.body["detail"]]).toEqual([201, undefined]);
      return { id: String(answer.body["id"]), version: Number(answer.body["version"]) };
    };
    /** A regulated record's deletion says why. */
    const doomed = (id: string) => `${base}/${id}${record.reasonRequired ? "?reason=Entered%20twice" : ""}`;
    /** Every route of one row, as this caller sees it. */
    const everyRoute = async (by: TestCaller, id: string, version: number): Promise<[string, TestAnswer][]> => {
      const one = `${base}/${id}`;
      const answers: [string, TestAnswer][] = [
        ["read", await by("GET", one)],
        ["history", await by("GET", `${one}/history`)],
      ];
      if (mayUpdate) answers.push(["change", await by("PATCH", one, { version, body: changeOf(sample()) })]);
      if (mayDelete) answers.push(["delete", await by("DELETE", doomed(id), { version })]);
      return answers;
    };
    const changeOf = (values: Record<string, unknown>): Record<string, unknown> => ({
      [textField]: values[textField],
      ...(record.reasonRequired ? { reason: "for the test" } : {}),
    });

    beforeAll(async () => {
      server = await suite.openServer();
      acme = await server.kernel.foundWorkspace("acme");
      const rival = await server.kernel.foundWorkspace("rival");
      owner = await server.member(acme, "owner");
      mine = server.as(owner);
      foreign = server.as(await server.member(rival, "owner"));
    });
    afterAll(() => server?.close());

    test("TEN-01 another tenant gets 404 on every route, and the row stays as it was", async () => {
      const { id, version } = await create();
      const absent = await foreign("GET", `${base}/${uuidv7()}`);
      for (const [route, answer] of await everyRoute(foreign, id, version)) {
        expect([route, answer.status]).toEqual([route, 404]);
        expect([route, answer.body["code"]]).toEqual([route, absent.body["code"]]);
      }
      expect((await foreign("GET", base)).body["items"]).toEqual([]);
      expect((await foreign("GET", `${base}?format=csv`)).text).not.toContain(id);
      expect((await mine("GET", `${base}/${id}`)).body["version"]).toBe(version);
    });

    test("ACC-01 a caller without the permission gets 403, anonymous gets 401", async () => {
      const { id, version } = await create();
      const weak = await server.withKey(owner, ["kernel.home.read"]);
      const attempts = async (by: TestCaller) => [
        ...(await everyRoute(by, id, version)),
        ["list", await by("GET", base)] as const,
        ["export", await by("GET", `${base}?format=csv`)] as const,
        ["create", await by("POST", base, { body: sample() })] as const,
      ];
      for (const [route, answer] of await attempts(weak)) expect([route, answer.status]).toEqual([route, 403]);
      for (const [route, answer] of await attempts(server.anonymous))
        expect([route, answer.status]).toEqual([route, 401]);
      expect((await mine("GET", `${base}/${id}`)).body["version"]).toBe(version);
    });

    test("ACC-01 each role may do what the grants give it and nothing more", async () => {
      for (const role of ["owner", "admin", "member"] as const) {
        const by = server.as(await server.member(acme, role));
        const held = await heldBy(server, role);
        const { id, version } = await create();
        const allowed = (permission: string, status: number) => (held.has(permission) ? status : 403);
        expect((await by("GET", `${base}/${id}`)).status).toBe(allowed(record.may.read, 200));
        expect((await by("POST", base, { body: sample() })).status).toBe(allowed(mayCreate ?? "", 201));
        if (mayDelete) expect((await by("DELETE", doomed(id), { version })).status).toBe(allowed(mayDelete, 204));
      }
    });

    test("ACC-01 a key does what it was made for", async () => {
      const key = await server.withKey(owner, everything);
      const { id } = await create(key);
      expect((await key("GET", `${base}/${id}`)).status).toBe(200);
    });

    test("LED-04 each write leaves exactly one leaf that names its version; a refused one leaves none", async () => {
      const { id } = await create();
      let version = 1;
      if (mayUpdate) {
        expect((await mine("PATCH", `${base}/${id}`, { version: 99, body: changeOf(sample()) })).status).toBe(412);
        expect((await mine("PATCH", `${base}/${id}`, { version, body: changeOf(sample()) })).status).toBe(200);
        version += 1;
      }
      if (mayDelete) {
        expect((await mine("DELETE", doomed(id), { version })).status).toBe(204);
        version += 1;
      }
      await placeLeaves(server);
      const leaves = await asDoor(
        server,
        "select action, version, actor_id, tenant_id, outcome from kernel.ledger_event where row_id = $1 order by seq",
        [id],
      );
      expect(leaves.map((leaf) => [leaf["version"], leaf["outcome"]])).toEqual(
        Array.from({ length: version }, (_, index) => [index + 1, "done"]),
      );
      for (const leaf of leaves) {
        expect(leaf["actor_id"]).toBe(owner.membershipId);
        expect(leaf["tenant_id"]).toBe(acme);
        expect(String(leaf["action"]).startsWith(`${record.name}.`)).toBe(true);
      }
    });

    test.skipIf(mayUpdate === undefined)(
      "APP-03 a stale version is 412, none is 428, the new one is in the ETag",
      async () => {
        const { id, version } = await create();
        const body = changeOf(sample());
        expect((await mine("PATCH", `${base}/${id}`, { body })).status).toBe(428);
        const done = await mine("PATCH", `${base}/${id}`, { version, body });
        expect([done.status, done.headers.get("etag")]).toEqual([200, `"${version + 1}"`]);
        expect((await mine("PATCH", `${base}/${id}`, { version, body })).status).toBe(412);
        if (mayDelete) {
          expect((await mine("DELETE", doomed(id))).status).toBe(428);
          expect((await mine("DELETE", doomed(id), { version })).status).toBe(412);
        }
        const after = await mine("GET", `${base}/${id}`);
        expect([after.body["version"], after.headers.get("etag")]).toEqual([version + 1, `"${version + 1}"`]);
      },
    );

    test.skipIf(mayUpdate === undefined)("APP-03 of racing changes from one version one wins", async () => {
      const { id, version } = await create();
      const answers = await Promise.all(
        Array.from({ length: 8 }, () => mine("PATCH", `${base}/${id}`, { version, body: changeOf(sample()) })),
      );
      expect(answers.map((each) => each.status).toSorted()).toEqual([200, ...Array.from({ length: 7 }, () => 412)]);
      expect((await mine("GET", `${base}/${id}`)).body["version"]).toBe(version + 1);
    });

    test("APP-03 what the schema does not take is refused with 400 and a problem document, and nothing is stored", async () => {
      const { id, version } = await create();
      const count = async () => (await mine("GET", `${base}?limit=200`)).body["items"];
      const before = await count();
      const bodies: unknown[] = [
        { ...sample(), planted: 1 },
        { ...sample(), id: uuidv7() },
        { ...sample(), tenantId: acme },
        { ...sample(), version: 7 },
        { ...sample(), [textField]: 17 },
        { ...sample(), [textField]: "a\u0000b" },
        { ...sample(), [textField]: "a\ud800b" },
        { ...sample(), [textField]: "x".repeat(100_000) },
        "{",
        "[]",
        "null",
        '{"__proto__": {"admin": true}}',
        ...Object.entries(record.fields)
          .filter(([, field]) => field.readOnly)
          .map(([name]) => ({ ...sample(), [name]: 1 })),
        ...Object.entries(record.fields)
          .filter(([, field]) => !field.readOnly && !field.optional)
          .map(([name]) => ({ ...sample(), [name]: undefined })),
      ];
      for (const body of bodies) {
        const answer = await mine("POST", base, { body });
        expect([JSON.stringify(body).slice(0, 80), answer.status]).toEqual([JSON.stringify(body).slice(0, 80), 400]);
        expect(answer.headers.get("content-type")).toContain("application/problem+json");
      }
      if (mayUpdate)
        for (const body of [{}, { planted: 1 }, { version: 3 }, { createdBy: uuidv7() }, { [textField]: "a\u0000b" }])
          expect((await mine("PATCH", `${base}/${id}`, { version, body })).status).toBe(400);
      for (const query of [
        "planted=1",
        "limit=0",
        "limit=201",
        "limit=x",
        "cursor=x",
        "cursor=WzEsMl0",
        "sort=planted",
      ])
        expect([query, (await mine("GET", `${base}?${query}`)).status]).toEqual([query, 400]);
      for (const name of record.list?.filter ?? [])
        expect([200, 400]).toContain((await mine("GET", `${base}?${name}=%00`)).status);
      expect((await mine("GET", `${base}/not-an-id`)).status).toBe(400);
      expect(await count()).toEqual(before);
    });

    test("APP-03 a repeated request with its key answers the same row; another request with that key is refused", async () => {
      const headers = { "idempotency-key": `key-${uuidv7()}` };
      const body = sample();
      const answers = await Promise.all(Array.from({ length: 20 }, () => mine("POST", base, { body, headers })));
      expect(new Set(answers.map((each) => each.status))).toEqual(new Set([201]));
      const ids = new Set(answers.map((each) => String(each.body["id"])));
      expect(ids.size).toBe(1);
      expect((await mine("POST", base, { body, headers })).body["id"]).toBe([...ids][0]);
      expect((await mine("POST", base, { body: sample(), headers })).status).toBe(422);
      const stored = await asDoor(
        server,
        "select count(*)::integer as n from kernel.version_history where row_id = any($1)",
        [[...ids]],
      );
      expect(stored[0]?.["n"]).toBe(1);
      // The key is the caller's own: another tenant's use of the same key makes a row of its own.
      const other = await foreign("POST", base, { body, headers });
      expect([other.status, ids.has(String(other.body["id"]))]).toEqual([201, false]);
    });

    test("APP-03 pages show every row exactly once while others are being added", async () => {
      const wanted = new Set<string>();
      for (let index = 0; index < 25; index += 1) wanted.add((await create()).id);
      const sorts = [
        "createdAt",
        "-createdAt",
        "updatedAt",
        "-updatedAt",
        ...(record.list?.sort ?? []).flatMap((name) => [name, `-${name}`]),
      ];
      for (const sort of sorts) {
        const seen: string[] = [];
        let cursor: string | null = null;
        do {
          const [page]: [TestAnswer, unknown, unknown] = await Promise.all([
            mine("GET", `${base}?limit=7&sort=${sort}${cursor === null ? "" : `&cursor=${cursor}`}`),
            create(),
            create(),
          ]);
          expect([page.status, page.body["detail"]]).toEqual([200, undefined]);
          const items = page.body["items"];
          if (!Array.isArray(items)) throw new Error("no items");
          seen.push(...items.map((item: Record<string, unknown>) => String(item["id"])));
          cursor = typeof page.body["next"] === "string" ? page.body["next"] : null;
        } while (cursor !== null && seen.length < 2_000);
        expect([sort, new Set(seen).size]).toEqual([sort, seen.length]);
        expect([sort, [...wanted].filter((id) => !seen.includes(id))]).toEqual([sort, []]);
      }
    });

    test.skipIf(textField === "" || first?.[1].sealed === true)(
      "LED-05 an exported cell that a spreadsheet would run is defused, and the export leaves its leaf",
      async () => {
        for (const start of ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\n=1"]) {
          const answer = await mine("POST", base, { body: { ...sample(), [textField]: `${start} x` } });
          expect([answer.status, answer.body["detail"]]).toEqual([201, undefined]);
        }
        const csv = await mine("GET", `${base}?format=csv`);
        expect(csv.headers.get("content-type")).toContain("text/csv");
        expect(csv.headers.get("content-disposition")).toContain("attachment");
        for (const cell of cellsOf(csv.text.slice(csv.text.indexOf("\r\n") + 2)))
          if (!/^-?[\d.]+$/.test(cell)) expect(cell).not.toMatch(/^\s*[=+\-@]/);
        await placeLeaves(server);
        const leaves = await asDoor(server, "select 1 from kernel.ledger_event where tenant_id = $1 and action = $2", [
          acme,
          `${record.name}.export`,
        ]);
        expect(leaves.length).toBeGreaterThan(0);
      },
    );

    test.skipIf(mayUpdate === undefined || first?.[1].sealed === true)(
      "LED-01 the history shows every version, who made it and what it changed",
      async () => {
        const { id, version } = await create();
        const before = (await mine("GET", `${base}/${id}`)).body[textField];
        const body = changeOf(sample());
        await mine("PATCH", `${base}/${id}`, { version, body });
        const items = (await mine("GET", `${base}/${id}/history`)).body["items"];
        expect(items).toMatchObject([
          { version: 1, actor: { id: owner.membershipId } },
          {
            version: 2,
            actor: { id: owner.membershipId },
            changes: [{ field: textField, before, after: body[textField] }],
          },
        ]);
      },
    );

    test.skipIf(mayDelete === undefined)(
      "APP-03 a deleted row is 404, leaves the list, and stays deleted",
      async () => {
        const { id, version } = await create();
        expect((await mine("DELETE", doomed(id), { version })).status).toBe(204);
        expect((await mine("GET", `${base}/${id}`)).status).toBe(404);
        if (mayUpdate)
          expect(
            (await mine("PATCH", `${base}/${id}`, { version: version + 1, body: changeOf(sample()) })).status,
          ).toBe(404);
        expect((await mine("DELETE", doomed(id), { version: version + 1 })).status).toBe(404);
        expect((await mine("GET", `${base}?limit=200`)).text).not.toContain(id);
        expect((await mine("GET", `${base}?format=csv`)).text).not.toContain(id);
      },
    );

    test("APP-03 an answer holds what the schema names and nothing else", async () => {
      const { id } = await create();
      const { body } = await mine("GET", `${base}/${id}`);
      const stamps = ["id", "version", "createdAt", "createdBy", "updatedAt", "updatedBy", "locked"];
      expect(Object.keys(body).toSorted()).toEqual([...stamps, ...Object.keys(record.fields)].toSorted());
    });
  });
}

/** Rows as the owner of the ledger sees them: past row-level security, for checking only. */
export async function asDoor(
  server: Pick<TestServer, "kernel">,
  text: string,
  values: unknown[] = [],
): Promise<Record<string, unknown>[]> {
  const client = new Client(server.kernel.admin);
  await client.connect();
  try {
    await client.query("set role probity_door");
    return (await client.query<Record<string, unknown>>(text, values)).rows;
  } finally {
    await client.end();
  }
}

/**
 * Waits until every waiting leaf has its place. One round is not enough in a test: a transaction of another test's
 * database in the same cluster holds the log back too.
 */
export async function placeLeaves(server: Pick<TestServer, "kernel">): Promise<void> {
  const deadline = Date.now() + 45_000;
  for (;;) {
    await server.kernel.sequencer.drain();
    const [row] = await asDoor(server, "select count(*)::integer as waiting from kernel.ledger_inbox");
    if (row?.["waiting"] === 0) return;
    if (Date.now() > deadline) throw new Error("Leaves still wait for their place");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function heldBy(server: TestServer, role: string): Promise<Set<string>> {
  const rows = await asDoor(server, "select permission from kernel.role_permission where role = $1", [role]);
  return new Set(rows.map((row) => String(row["permission"])));
}

/** The cells of a CSV text (RFC 4180), without their quotes. */
function cellsOf(text: string): string[] {
  return [...text.matchAll(/(?:^|,|\r\n)(?:"((?:[^"]|"")*)"|([^",\r\n]*))/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? "",
  );
}
