import { sql } from "kysely";
import { appRoutes } from "@probity/kernel";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { query } from "../query.ts";
import { lab } from "../app.ts";
import { entered, openLab, resultOf, sampleOf, type LabWorld } from "../testing/world.ts";

let world: LabWorld;
beforeAll(async () => {
  world = await openLab();
});
afterAll(() => world?.server.close());

const secret = "KESTREL-77";
const raw = (text: string) => {
  const statement = sql<Record<string, unknown>>`${sql.raw(text)}`;
  return { compile: () => statement.compile(query) };
};
async function blinded(): Promise<{ id: string; number: string }> {
  const made = await world.as.technician("POST", "/api/lab/samples", {
    body: {
      samples: [{ productId: world.product, lot: secret, remark: `for ${secret}`, sampledBy: secret, blinded: true }],
    },
  });
  expect([made.status, made.text.includes(secret)]).toEqual([201, false]);
  const { items }: { items: { id: string; number: string }[] } = JSON.parse(made.text);
  const [item] = items;
  if (item === undefined) throw new Error(made.text);
  await world.as.technician("POST", "/api/lab/samples/receive", { body: { ids: [item.id] } });
  return item;
}
const reason = { reason: "Verified, told to the customer" };

describe("LAB blinded samples", () => {
  test("whose and of what it is stands nowhere until it is revealed: list, search, label, export, story, history, log", async () => {
    const { id, number } = await blinded();
    const { as } = world;
    for (const by of [as.technician, as.reviewer, as.admin, as.reader]) {
      const seen = [
        (await by("GET", `/api/lab/samples/${id}`)).text,
        (await by("GET", `/api/lab/samples?q=${number}`)).text,
        (await by("GET", `/api/lab/samples?q=${number}&format=csv`)).text,
        (await by("GET", `/api/lab/samples/labels?ids=${id}&format=zpl`)).text,
        (await by("GET", "/api/lab/worksheets/waiting")).text,
        (await by("GET", "/api/lab/bench")).text,
      ];
      for (const text of seen)
        expect([text.includes(secret), text.includes("Water for injection")]).toEqual([false, false]);
      expect(seen[0]).toContain("Blinded sample");
      expect((await by("GET", `/api/lab/samples?q=${secret}`)).body["total"]).toBe(0);
      expect((await by("GET", `/api/lab/samples?product=${world.product}&q=${number}`)).body["total"]).toBe(0);
    }
    // Past the routes: rows, versions and what the log can open.
    const found = await world.server.kernel.door.work(world.admin.session, "lab.sample.unblind", (tx) =>
      tx.all(
        raw(`select count(*)::integer as n from (
          select to_jsonb(s)::text as t from lab.sample s where s.id = '${id}'
          union all select to_jsonb(b)::text from lab.blind b
          union all select body::text from kernel.version_history
          union all select openings::text from kernel.ledger_opening) x where t ilike '%kestrel%'`),
      ),
    );
    expect(found[0]?.["n"]).toBe(0);
  });

  test("no route that takes its id, or one of its results, says what it is, also under investigation and on a worksheet", async () => {
    const { id } = await blinded();
    const { as, server } = world;
    const before = await sampleOf(as.reader, id);
    const [result = ""] = before.results.map((each) => each.id);
    const sheet = await as.technician("POST", "/api/lab/worksheets", { body: { title: "Run", resultIds: [result] } });
    await entered(world, id, "9.9");
    const ph = await resultOf(as.reader, id, "ph");
    const opened = await as.technician("POST", `/api/lab/results/${ph.id}/investigate`);
    expect([sheet.status, opened.status]).toEqual([201, 201]);
    const ids = [id, ...before.results.map((each) => each.id), String(sheet.body["id"]), String(opened.body["id"])];
    const told: string[] = [];
    let answered = 0;
    for (const route of appRoutes(server.kernel, lab())) {
      if (route.method !== "GET" || !route.path.includes("{id}")) continue;
      for (const one of ids)
        for (const more of ["", "?format=csv"]) {
          // oxlint-disable-next-line no-await-in-loop -- one after the other
          const answer = await as.admin("GET", `${route.path.replaceAll(/\{[^}]+\}/g, one)}${more}`);
          if (answer.status !== 200) continue;
          answered += 1;
          for (const word of [secret, "Water for injection", "WFI", "SPC-1", world.product, world.specification])
            if (answer.text.includes(word)) told.push(`${route.path}${more} says ${word}`);
        }
    }
    expect(answered).toBeGreaterThan(10);
    expect(told).toEqual([]);
  }, 120_000);

  test("it is judged by the same limits, revealed after verification by who reviews, and then says what it is", async () => {
    const { id } = await blinded();
    const { as } = world;
    await entered(world, id, "7.4");
    const tested = await sampleOf(as.reader, id);
    expect([tested.verdict, tested.results.map((each) => each.limit).every((limit) => limit !== "")]).toEqual([
      "out",
      true,
    ]);
    const early = await as.reviewer("POST", `/api/lab/samples/${id}/reveal`, { version: tested.version, body: reason });
    expect([early.status, early.body["code"]]).toEqual([409, "lab.blinded_still"]);
    await as.reviewer("POST", `/api/lab/samples/${id}/verify`, { version: tested.version });
    const verified = await sampleOf(as.reader, id);
    expect(verified.state).toBe("verified");
    const told = await as.reviewer("POST", `/api/lab/samples/${id}/publish`, {
      version: verified.version,
      body: { specificationIds: [] },
    });
    expect(told.status).toBeGreaterThanOrEqual(400);
    const by = { version: verified.version, body: reason };
    expect((await as.technician("POST", `/api/lab/samples/${id}/reveal`, by)).status).toBe(403);
    const done = await as.reviewer("POST", `/api/lab/samples/${id}/reveal`, by);
    expect([done.status, done.body["version"]]).toEqual([200, verified.version + 1]);
    const open = JSON.parse((await as.reader("GET", `/api/lab/samples/${id}`)).text);
    expect(open).toMatchObject({ blinded: false, lot: secret, productCode: "WFI", specificationNumber: 1 });
    expect((await as.reader("GET", `/api/lab/samples?q=${secret}`)).body["total"]).toBe(1);
    const again = await as.reviewer("POST", `/api/lab/samples/${id}/reveal`, { ...by, version: verified.version + 1 });
    expect([again.status, again.body["code"]]).toEqual([409, "lab.not_blinded"]);
  });

  test("before verification only an admin unblinds, with the reason and a fresh proof; no statement does it otherwise", async () => {
    const { id } = await blinded();
    const { as, server, technician, admin } = world;
    const { version } = await sampleOf(as.reader, id);
    expect((await as.reviewer("POST", `/api/lab/samples/${id}/unblind`, { version, body: reason })).status).toBe(403);
    const { door } = server.kernel;
    const attempt = (session: typeof admin.session, permission: string) =>
      door
        .work(session, permission, async (tx) => {
          await tx.record({ action: "lab.sample.unblind", record: "lab.sample", rowId: id, version: version + 1 });
          await tx.all(
            raw(`update lab.sample set blinded = false, product_id = '${world.product}' where id = '${id}'`),
          );
        })
        .then(
          () => "done",
          (error: unknown) => (error instanceof Error && "code" in error ? error.code : error),
        );
    expect(await attempt(technician.session, "lab.result.enter")).not.toBe("done");
    // Also who may: without the reason it is refused.
    expect(await attempt(admin.session, "lab.sample.unblind")).not.toBe("done");
    const done = await as.admin("POST", `/api/lab/samples/${id}/unblind`, { version, body: reason });
    expect(done.status).toBe(200);
    expect(JSON.parse((await as.reader("GET", `/api/lab/samples/${id}`)).text)).toMatchObject({ lot: secret });
  });
});
