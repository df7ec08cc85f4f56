import { randomUUIDv7 as uuidv7 } from "node:crypto";
import type { FastifyInstance } from "fastify";
import { pino } from "pino";
import { Value } from "typebox/value";
import { Type } from "typebox";
import { testSealer } from "@probity/seal/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { declaredGrants, openIdentity, queryFor } from "@probity/kernel";
import {
  ampleBudgets,
  asDoor,
  issueTestKey,
  openTestKernel,
  type TestKernel,
  type TestPerson,
} from "@probity/kernel/testing";
import { enabledApps } from "./apps.ts";
import { readConfig } from "./config.ts";
import { exceptions, expected, heldByNobody, publicRoutes, samples, sessionRoutes, type Cell } from "./route-matrix.ts";
import { buildHttp } from "./serve.ts";
import {
  bodyFor,
  describedOperations,
  requestFor,
  schemaOf,
  type Operation,
  type Schema,
} from "./testing/operation.ts";

const apps = enabledApps({ freeCheck: true });
const grants = declaredGrants(apps);
const platform = ["owner", "admin", "member"];

const guestQuery = queryFor<{
  "kernel.membership": { id: string; user_id: string; name: string; email: string; role: string; status: string };
}>();
let kernel: TestKernel;
let http: FastifyInstance;
let operations: Operation[];
let owner: TestPerson;
const callers = new Map<Cell, Record<string, string>>();

beforeAll(async () => {
  kernel = await openTestKernel({ apps: apps.map((app) => app.migrations), grants });
  const instance = {
    kernel,
    apps,
    sealer: testSealer(),
    cluster: undefined,
    admin: kernel.admin,
    findings: [],
    close: async () => undefined,
  };
  const identity = openIdentity(kernel, { url: "http://localhost" });
  http = await buildHttp(instance, identity, readConfig({}), pino({ level: "silent" }), { budgets: ampleBudgets });
  operations = describedOperations((await http.inject("/api/openapi.json")).json());
  await makeCallers();
}, 120_000);
afterAll(async () => {
  await http?.close();
  await kernel?.close();
});

function cookie(person: TestPerson, workspace = person.session.workspace ?? ""): Record<string, string> {
  return {
    cookie: `probity-session=${person.session.token}`,
    "probity-workspace": workspace,
    "probity-request": "1",
  };
}

/** Everybody who must be kept out, each kept out by one thing alone. */
async function makeCallers(): Promise<void> {
  const space = await kernel.foundWorkspace("matrix");
  owner = await kernel.addPerson(space, "owner");
  const everything = Object.keys(grants).filter((name) => grants[name]?.some((role) => role !== "system") === true);
  const stranger = await kernel.addPerson(await kernel.foundWorkspace("elsewhere"), "owner");
  const disabled = await kernel.addPerson(space, "owner");
  await kernel.identityPool.query(`update identity."user" set disabled_at = now() where id = $1`, [disabled.userId]);
  const spaceWith = async (slug: string, change: string) => {
    const id = await kernel.foundWorkspace(slug);
    const person = await kernel.addPerson(id, "owner");
    await asDoor({ kernel }, `update kernel.workspace set ${change} where id = $1`, [id]);
    return cookie(person);
  };
  const key = async (options: { permissions: readonly string[]; expiresAt?: Date; revoked?: boolean }) => ({
    authorization: `Bearer ${await issueTestKey(kernel, owner, options)}`,
  });
  callers.set("anonymous", {});
  callers.set("other tenant", cookie(stranger, space));
  callers.set("lower role", cookie(await kernel.addPerson(space, "member")));
  callers.set("guest", cookie(await guestOf(space)));
  callers.set("disabled person", cookie(disabled));
  callers.set("expired key", await key({ permissions: everything, expiresAt: new Date(Date.now() - 1000) }));
  callers.set("revoked key", await key({ permissions: everything, revoked: true }));
  callers.set("key without the permission", await key({ permissions: ["kernel.nothing"] }));
  callers.set("no second factor where one is required", await spaceWith("factor", "mfa_required = true"));
  callers.set("frozen workspace", await spaceWith("frozen", "frozen_at = now()"));
  callers.set("address not on the list", await spaceWith("fenced", "ip_allow = '{203.0.113.0/24}'"));
  const { "probity-request": _, ...bare } = cookie(owner);
  callers.set("change by cookie without our header", bare);
}

/** A member who was let in as a guest: what an accepted invitation of the portal leaves. */
async function guestOf(space: string): Promise<TestPerson> {
  const person = await kernel.addPerson(await kernel.foundWorkspace("guests-own"), "member");
  const membershipId = uuidv7();
  await kernel.door.work(kernel.system(space), "kernel.membership.accept", async (tx) => {
    await tx.record({
      action: "kernel.membership.create",
      record: "kernel.membership",
      rowId: membershipId,
      version: 1,
      fields: { role: "guest" },
    });
    await tx.all(
      guestQuery.insertInto("kernel.membership").values({
        id: membershipId,
        user_id: person.userId,
        name: "Guest",
        email: "guest@example.test",
        role: "guest",
        status: "active",
      }),
    );
  });
  return { ...person, membershipId, session: { ...person.session, workspace: space } };
}

const request = (operation: Operation, own: Record<string, string>, body?: unknown) =>
  requestFor(operation, own, samples, body);

/** Opened by a link alone: the link is the credential, whoever brings it beside a session or key, and a made-up one is no link. */
const isByLink = ({ path, permission }: Operation) => path.includes("{token}") && permission !== "public";

/** What this cell must answer on this route; undefined where the caller is allowed or the cell does not apply. */
function expectation(operation: Operation, cell: Cell): readonly number[] | undefined {
  const special = exceptions[operation.name]?.[cell];
  if (special !== undefined) return special;
  if (isByLink(operation)) return [401];
  if (cell === "change by cookie without our header" && operation.method === "GET") return undefined;
  if (cell === "guest" && grants[operation.permission]?.includes("guest") === true) return undefined;
  if (cell === "lower role" && grants[operation.permission]?.includes("member") === true) return undefined;
  return [expected[cell]];
}

describe("API1 API5 every route × everybody who must be kept out", { timeout: 300_000 }, () => {
  test("a route without an expectation fails here: it is public, about a session, or has a permission somebody holds", () => {
    const unknown = operations.filter(
      ({ name, permission }) =>
        !(permission === "public" && name in publicRoutes) &&
        permission !== "session" &&
        !(permission in heldByNobody) &&
        !platform.some((role) => grants[permission]?.includes(role) === true),
    );
    expect(Object.keys(heldByNobody).filter((each) => (grants[each] ?? []).length > 0)).toEqual([]);
    expect(unknown.map(({ name, permission }) => `${name}: ${permission}`)).toEqual([]);
    const names = new Set(operations.map(({ name }) => name));
    const listed = [publicRoutes, sessionRoutes, exceptions, samples].flatMap((each) => Object.keys(each));
    expect(listed.filter((name) => !names.has(name))).toEqual([]);
  });

  test("IDN-08 ACC-01 ACC-02 TEN-01 each is refused as its permission says", async () => {
    const wrong: string[] = [];
    let cells = 0;
    for (const operation of operations) {
      if (operation.permission === "public" || operation.permission === "session") continue;
      for (const [cell, own] of callers) {
        const wanted = expectation(operation, cell);
        if (wanted === undefined) continue;
        cells += 1;
        const answer = await http.inject(request(operation, own));
        if (!wanted.includes(answer.statusCode))
          wrong.push(
            `${operation.name} | ${cell}: ${answer.statusCode}, not ${wanted.join(" or ")}: ${answer.body.slice(0, 120)}`,
          );
        else if (!String(answer.headers["content-type"]).startsWith("application/problem+json"))
          wrong.push(`${operation.name} | ${cell}: no problem document`);
      }
    }
    expect(wrong).toEqual([]);
    expect(cells).toBeGreaterThan(300);
  });

  test("IDN-08 routes about a session know nobody without one, and take no key for one", async () => {
    const wrong: string[] = [];
    const session = operations.filter(({ permission }) => permission === "session");
    for (const operation of session) {
      for (const cell of ["anonymous", "expired key", "key without the permission", "disabled person"] as const) {
        const answer = await http.inject(request(operation, { "probity-request": "1", ...callers.get(cell) }));
        const wanted = sessionRoutes[operation.name]?.[cell] ?? 401;
        if (answer.statusCode !== wanted) wrong.push(`${operation.name} | ${cell}: ${answer.statusCode}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  test("ACC-01 the owner, in the same form, is let in: what refused the others was not the form", async () => {
    const wrong: string[] = [];
    for (const operation of operations) {
      if (operation.permission === "public" || operation.permission === "session") continue;
      if (exceptions[operation.name] !== undefined || isByLink(operation)) continue;
      if (operation.permission in heldByNobody) continue;
      const answer = await http.inject(request(operation, cookie(owner)));
      // Asked for a fresh proof: past the door, before a grave act.
      if (answer.body.includes('"kernel.step_up_required"')) continue;
      if ([400, 401, 403, 405, 415, 423, 428].includes(answer.statusCode) || answer.statusCode >= 500)
        wrong.push(`${operation.name}: ${answer.statusCode} ${answer.body.slice(0, 120)}`);
    }
    expect(wrong).toEqual([]);
  });
});

test(
  "APP-03 blanks say nothing: a reason that is asked for is given in words, on every route that asks",
  { timeout: 300_000 },
  async () => {
    const wrong: string[] = [];
    let tried = 0;
    for (const operation of operations) {
      const asked: unknown = operation.body?.["required"];
      if (!Array.isArray(asked)) continue;
      for (const field of ["reason", "comment"].filter((each) => asked.includes(each))) {
        const body = { ...schemaOf(bodyFor(operation, samples)), [field]: " \t\n " };
        tried += 1;
        const answer = await http.inject(request(operation, cookie(owner), body));
        if (answer.statusCode !== 400) wrong.push(`${operation.name} took blanks for ${field}: ${answer.statusCode}`);
      }
    }
    expect(wrong).toEqual([]);
    expect(tried).toBeGreaterThan(10);
  },
);

/** What only the server writes: no caller sets it, on whatever route (OWASP API3:2023). */
const readOnly: Readonly<Record<string, unknown>> = {
  id: "01a200e1-f843-740a-9086-0ff0df42fa90",
  tenantId: "01a200e1-f843-740a-9086-0ff0df42fa90",
  tenant_id: "01a200e1-f843-740a-9086-0ff0df42fa90",
  membershipId: "01a200e1-f843-740a-9086-0ff0df42fa90",
  userId: "01a200e1-f843-740a-9086-0ff0df42fa90",
  actorId: "01a200e1-f843-740a-9086-0ff0df42fa90",
  version: 7,
  createdAt: "2020-01-01T00:00:00Z",
  created_at: "2020-01-01T00:00:00Z",
  createdBy: "01a200e1-f843-740a-9086-0ff0df42fa90",
  created_by: "01a200e1-f843-740a-9086-0ff0df42fa90",
  updatedAt: "2020-01-01T00:00:00Z",
  updatedBy: "01a200e1-f843-740a-9086-0ff0df42fa90",
  lockedAt: null,
  locked: false,
  deletedAt: null,
  retainUntil: null,
  emailVerified: true,
  isAdmin: true,
  permissionsOverride: ["*"],
  __proto__: undefined,
};

describe("API3 APP-03 mass assignment", { timeout: 300_000 }, () => {
  test("a field that only the server writes is refused with 400 on every route that takes a body, at every depth", async () => {
    const wrong: string[] = [];
    let tried = 0;
    for (const operation of operations) {
      if (operation.body?.["type"] !== "object") continue;
      const body = bodyFor(operation, samples);
      for (const place of placesOf(operation.body, body)) {
        for (const [field, value] of [...Object.entries(readOnly), ["constructor", { prototype: {} }] as const]) {
          if (Object.hasOwn(schemaOf(place.schema["properties"]), field) || value === undefined) continue;
          tried += 1;
          const answer = await http.inject(request(operation, cookie(owner), place.withField(field, value)));
          if (answer.statusCode !== 400) wrong.push(`${operation.name} took ${place.at}${field}: ${answer.statusCode}`);
        }
      }
    }
    expect(wrong).toEqual([]);
    expect(tried).toBeGreaterThan(200);
  });

  test("APP-06 nor is __proto__, which JSON can hold", async () => {
    const wrong: string[] = [];
    for (const operation of operations) {
      if (operation.body?.["type"] !== "object") continue;
      const options = request(operation, cookie(owner));
      const payload = `{"__proto__":{"isAdmin":true},${String(options.payload).slice(1)}`.replace(",}", "}");
      const answer = await http.inject({ ...options, payload });
      if (answer.statusCode !== 400) wrong.push(`${operation.name}: ${answer.statusCode}`);
    }
    expect(wrong).toEqual([]);
    expect(Reflect.get({}, "isAdmin")).toBeUndefined();
  });
});

/** Every object within a body, with a way to put one more field into it. */
function placesOf(
  schema: Schema,
  body: unknown,
  at = "",
): { at: string; schema: Schema; withField: (field: string, value: unknown) => unknown }[] {
  const own = { at, schema, withField: (field: string, value: unknown) => ({ ...schemaOf(body), [field]: value }) };
  const inner = Object.entries(schemaOf(schema["properties"])).flatMap(([name, value]) => {
    const part = schemaOf(value);
    const given = schemaOf(body)[name];
    // A map from names the caller chooses has no fields of its own; its handler knows which names there are.
    if (part["type"] !== "object" || given === undefined || part["additionalProperties"] !== false) return [];
    return placesOf(part, given, `${at}${name}.`).map((place) => ({
      ...place,
      withField: (field: string, each: unknown) => ({ ...schemaOf(body), [name]: place.withField(field, each) }),
    }));
  });
  return [own, ...inner];
}

test("APP-03 what a reading route answers is what it says it answers", { timeout: 300_000 }, async () => {
  const wrong: string[] = [];
  let checked = 0;
  for (const operation of operations) {
    if (operation.method !== "GET") continue;
    const answer = await http.inject(request(operation, cookie(owner)));
    const schema = operation.answers[String(answer.statusCode)];
    if (answer.statusCode > 299 || schema === undefined || Object.keys(schema).length === 0) continue;
    checked += 1;
    if (!Value.Check(Type.Unsafe(schema), answer.json()))
      wrong.push(`${operation.name}: ${JSON.stringify([...Value.Errors(Type.Unsafe(schema), answer.json())][0])}`);
  }
  expect(wrong).toEqual([]);
  expect(checked).toBeGreaterThan(10);
});
