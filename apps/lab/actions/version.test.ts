import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sql } from "kysely";
import { changePolicy, type TestAnswer } from "@probity/kernel/testing";
import { query } from "../query.ts";
import { dutyItems } from "./duty-home.ts";
import { openLab, phDefinition, received, resultOf, sampleOf, type LabWorld } from "../testing/world.ts";

let world: LabWorld;
beforeAll(async () => {
  world = await openLab();
});
afterAll(() => world?.server.close());

const outcome = (answer: TestAnswer) => [answer.status, answer.body["code"]];
const versions = async (path: string): Promise<Record<string, unknown>[]> =>
  JSON.parse((await world.as.reader("GET", `${path}/versions`)).text).items;
const standing = async (path: string) => (await versions(path)).map((each) => each["standing"]);
const ahead = async (): Promise<unknown[]> => {
  const { items } = JSON.parse((await world.as.technician("GET", "/api/lab/versions/ahead")).text);
  return items.map((each: Record<string, unknown>) => [each["code"], each["number"], each["standing"]]);
};
const home = ({ session }: LabWorld["admin"]) =>
  world.server.kernel.door.work(session, "lab.master.read", async (tx) =>
    (await dutyItems(tx, "acme")).map((each) => each.object),
  );
const add = (path: string, body: Record<string, unknown>) => world.as.admin("POST", `${path}/versions`, { body });
const limits = (high: string) => [{ methodId: world.ph, analyte: "ph", low: "5.0", high, compare: "entered" }];
let policyVersion = 0;
const approvalBy = (value: "one" | "another") =>
  world.server.kernel.door.work(world.admin.session, "kernel.policy.change", async (tx) => {
    await changePolicy(tx, "lab.masterApproval", value, policyVersion, "Test");
    policyVersion += 1;
  });

describe("LAB versions of methods and limits", () => {
  test("a new version is in force on its day and not before another approved it; samples keep theirs", async () => {
    const path = `/api/lab/specifications/${world.specification}`;
    const [before = ""] = await received(world);
    await approvalBy("another");
    const made = await add(path, { limits: limits("6.0"), reason: "Tightened" });
    expect([made.status, made.body["needsApproval"]]).toEqual([201, true]);
    expect(await standing(path)).toEqual(["waiting", "in force"]);
    // Whoever approves finds it: on the list of what is ahead, and on their home page.
    expect(await ahead()).toEqual([["SPC-1", 2, "waiting"]]);
    expect(await home(world.reviewer)).toContain("version 2 of SPC-1");
    expect(await home(world.admin)).not.toContain("version 2 of SPC-1");
    const decide = `/api/lab/specification-versions/${String(made.body["id"])}/decide`;
    const yes = { approved: true, reason: "Agreed with the customer" };
    expect(outcome(await world.as.admin("POST", decide, { body: yes }))).toEqual([403, "lab_master.own_version"]);
    expect((await world.as.technician("POST", decide, { body: yes })).status).toBe(403);
    const [waiting = ""] = await received(world);
    expect((await sampleOf(world.as.reader, waiting)).specificationNumber).toBe(1);
    // By a statement, past the routes: neither one's own approval nor a sample under what waits.
    const injected = world.server.kernel.door.work(world.admin.session, "lab.master.approve", async (tx) => {
      const id = crypto.randomUUID();
      await tx.record({ action: "test", record: "lab.master_approval", rowId: id, version: 1 });
      const insert = sql`insert into lab.master_approval (tenant_id, id, specification_version_id, decision, reason, approver)
        values (${tx.who.tenantId}, ${id}, ${String(made.body["id"])}, 'approved', 'x', 'x')`;
      await tx.all({ compile: () => insert.compile(query) });
    });
    await expect(injected).rejects.toThrow(/approved by another/);
    const under = world.server.kernel.door.work(world.admin.session, "lab.sample.register", async (tx) => {
      const id = crypto.randomUUID();
      await tx.record({ action: "test", record: "lab.sample", rowId: id, version: 1 });
      const insert = sql`insert into lab.sample (tenant_id, id, series, sequence, number, product_id, specification_version_id, priority, state, find)
        values (${tx.who.tenantId}, ${id}, 'X', 1, 'X-1', ${world.product}, ${String(made.body["id"])}, 'routine', 'registered', 'x')`;
      await tx.all({ compile: () => insert.compile(query) });
    });
    await expect(under).rejects.toThrow(/not approved/);

    expect((await world.as.reviewer("POST", decide, { body: yes })).status).toBe(200);
    expect(outcome(await world.as.reviewer("POST", decide, { body: yes }))).toEqual([
      409,
      "lab_master.nothing_to_approve",
    ]);
    const [after = ""] = await received(world);
    expect([
      (await sampleOf(world.as.reader, before)).specificationNumber,
      (await sampleOf(world.as.reader, after)).specificationNumber,
    ]).toEqual([1, 2]);
    await approvalBy("one");
    const tomorrow = new Date(Date.now() + 2 * 86_400_000).toISOString().slice(0, 10);
    expect((await add(path, { limits: limits("5.9"), reason: "From then on", effectiveOn: tomorrow })).status).toBe(
      201,
    );
    expect(await standing(path)).toEqual(["later", "in force", "superseded"]);
    expect(await ahead()).toEqual([["SPC-1", 3, "later"]]);
    await world.as.admin("POST", "/api/lab/methods", { body: { code: "M-9", title: "Begun" } });
    expect(await ahead()).toContainEqual(["M-9", null, "none"]);
    const past = await add(path, { limits: limits("5.9"), reason: "Earlier", effectiveOn: "2020-01-01" });
    expect(outcome(past)).toEqual([422, "lab_master.in_the_past"]);
  });

  test("a version is never edited in place: by no route and no statement", async () => {
    const path = `/api/lab/methods/${world.ph}`;
    const [first] = await versions(path);
    const id = String(first?.["id"]);
    for (const verb of ["PUT", "PATCH", "DELETE"])
      expect([404, 405]).toContain(
        (await world.as.admin(verb, `/api/lab/method-versions/${id}`, { version: 1, body: {} })).status,
      );
    for (const set of [
      "definition = '{}'",
      "number = 9",
      "reason = 'x'",
      "effective_on = '2020-01-01'",
      "needs_approval = true",
    ]) {
      const edit = world.server.kernel.door.work(world.admin.session, "lab.master.change", async (tx) => {
        await tx.record({ action: "test", record: "lab.method_version", rowId: id, version: 2 });
        const update = sql`update lab.method_version set ${sql.raw(set)} where id = ${id}`;
        await tx.all({ compile: () => update.compile(query) });
      });
      await expect(edit).rejects.toThrow(/locked/);
    }
    expect((await versions(path))[0]).toEqual(first);
  });

  test("a formula is tried with the calculation that results go through; a hostile one is words, never code", async () => {
    const attempt = async (formula: string, interim: Record<string, string> = { a: "7", b: "2" }) => {
      const fields = ["a", "b"].map((key) => ({ key, name: key, unit: "" }));
      const analyte = { key: "x", name: "X", unit: "mg", kind: "calculated", decimals: 1, rule: "half-up", formula };
      const answer = await world.as.technician("POST", "/api/lab/methods/try", {
        body: { definition: { fields, analytes: [analyte] }, interim, values: {} },
      });
      return { status: answer.status, ...JSON.parse(answer.text) };
    };
    expect((await attempt("(a - 1) / b")).items).toMatchObject([{ value: "3", reported: "3.0", why: null }]);
    expect((await attempt("a / (b - 2)")).items[0].why).toContain("divided by zero");
    expect((await attempt("a + b", { a: "7" })).items[0].why).toContain("b:");
    for (const hostile of [
      "process.exit(1)",
      "constructor",
      "__proto__",
      "a;b",
      "eval(a)",
      "'; drop table lab.result; --",
      '=HYPERLINK("x")',
      "(".repeat(400),
      "a".repeat(499),
      "9".repeat(400) + "*" + "9".repeat(90),
    ]) {
      const { status, fault } = await attempt(hostile);
      expect([hostile, status]).toEqual([hostile, 200]);
      if (!hostile.startsWith("9")) expect(fault).toMatch(/formula/);
    }
    const kept = await add(`/api/lab/methods/${world.ph}`, {
      definition: {
        fields: [],
        analytes: [{ ...phDefinition.analytes[0], kind: "calculated", formula: "this.constructor" }],
      },
      reason: "x",
    });
    expect(outcome(kept)).toEqual([422, "lab.definition_wrong"]);
  });

  test("what was registered under a version is judged by it for good", async () => {
    const [id = ""] = await received(world);
    const ph = await resultOf(world.as.technician, id, "ph");
    await world.as.technician("POST", "/api/lab/results/save", {
      body: { rows: [{ id: ph.id, version: ph.version, text: "5.55" }] },
    });
    const told = await sampleOf(world.as.reader, id);
    await add(`/api/lab/methods/${world.ph}`, {
      definition: { ...phDefinition, analytes: [{ ...phDefinition.analytes[0], decimals: 3 }] },
      reason: "More digits",
    });
    expect((await sampleOf(world.as.reader, id)).results).toEqual(told.results);
  });
});
