import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { challengeFor, signAs, type TestAnswer, type TestCaller, type TestSigner } from "@probity/kernel/testing";
import { query } from "../query.ts";
import { entered, investigated, openLab, received, resultOf, sampleOf, type LabWorld } from "../testing/world.ts";
import { signerOf, verifyStep } from "../testing/signer.ts";

let world: LabWorld;
let signer: TestSigner;
beforeAll(async () => {
  world = await openLab();
  signer = await signerOf(world, "reviewer");
});
afterAll(() => world?.server.close());

const outcome = (answer: TestAnswer) => [answer.status, answer.body["code"]];
const tested = async (by = world.as.technician, ph = "6.5", more = {}) => {
  const [id = ""] = await received(world, 1, more);
  await entered(world, id, ph, by);
  return id;
};
const seen = (ids: readonly string[]) =>
  Promise.all(ids.map(async (id) => ({ id, version: (await sampleOf(world.as.reader, id)).version })));
type Listed = {
  id: string;
  version: number;
  count: number;
  way: string;
  samples: { id: string }[];
  results: { text: string }[];
  leftOut: { id: string; why: string }[];
};
const list = async (by: TestCaller, samples: unknown): Promise<Listed> => {
  const answer = await by("POST", "/api/lab/verifications", { body: { samples } });
  if (answer.status !== 201) throw new Error(`${answer.status} ${answer.text}`);
  return JSON.parse(answer.text);
};
const sign = (by: TestSigner, { id, version }: Listed) =>
  signAs(by, `/api/lab/verifications/${id}`, { ...verifyStep, version });
const stateOf = async (id: string) => (await sampleOf(world.as.reader, id)).state;
const correct = async (id: string, text: string) => {
  const ph = await resultOf(world.as.technician, id, "ph");
  const rows = [{ id: ph.id, version: ph.version, text, reason: "Read again" }];
  expect((await world.as.technician("POST", "/api/lab/results/save", { body: { rows } })).status).toBe(200);
};

test("SIG-01 one signature verifies several samples; what can't be verified is left out, and told why before it is signed", async () => {
  const author = await signerOf(world, "admin");
  const good = [await tested(), await tested()];
  const own = await tested(author.by);
  const out = await tested(world.as.technician, "7.4");
  const looked = await tested();
  const [open = ""] = await received(world);
  const covered = await tested(world.as.technician, "6.5", { lot: "K-77", blinded: true });
  const samples = await seen([...good, own, out, looked, open, covered]);
  const made = await list(
    author.by,
    samples.map((each) => (each.id === looked ? { ...each, version: each.version - 1 } : each)),
  );
  expect(made.way).toBe("signature");
  expect(new Set(made.samples.map((each) => each.id))).toEqual(new Set([...good, covered]));
  const why = new Map(made.leftOut.map((each) => [each.id, each.why]));
  expect(why.get(own)).toMatch(/nobody verifies their own/);
  expect(why.get(out)).toMatch(/investigation is not concluded/);
  expect(why.get(looked)).toMatch(/changed since you looked/);
  expect(why.get(open)).toMatch(/it is received/);
  expect(made.results).toHaveLength(6);
  expect(made.results[0]).toMatchObject({ text: "6.5", enteredBy: expect.any(String), version: expect.any(Number) });
  const view = (await author.by("GET", `/api/lab/verifications/${made.id}/signing`)).text;
  for (const id of good) expect(view).toContain((await sampleOf(world.as.reader, id)).number);
  expect(view).not.toContain("K-77");

  expect((await sign(author, made)).status).toBe(201);
  expect(await Promise.all([...good, covered].map(stateOf))).toEqual(["verified", "verified", "verified"]);
  expect(await Promise.all([own, out, looked].map(stateOf))).toEqual(["tested", "tested", "tested"]);
  // It stands with each sample, also after one was unlocked.
  const [first = ""] = good;
  const shown = async () => JSON.parse((await world.as.reader("GET", `/api/lab/samples/${first}`)).text).verifications;
  expect(await shown()).toMatchObject([{ way: "signature", results: 2, standing: 2, of: "among other samples" }]);
  const [opened] = await seen([first]);
  await world.as.admin("POST", `/api/lab/samples/${first}/unlock`, {
    version: opened?.version ?? 0,
    body: { reason: "Wrong dilution" },
  });
  expect(await shown()).toMatchObject([{ results: 2, standing: 0 }]);
  // The signed list verifies nothing that it does not name, and nothing twice.
  const ph = await resultOf(world.as.reader, first, "ph");
  const strange = await resultOf(world.as.reader, looked, "ph");
  for (const row of [ph, strange])
    await expect(
      world.server.kernel.door.work(author.session, "lab.result.verify", async (tx) => {
        await tx.record({ action: "test", record: "lab.result", rowId: row.id, version: row.version + 1 });
        const statement = sql`update lab.result set state = 'verified', verification_id = ${made.id} where id = ${row.id}`;
        await tx.all({ compile: () => statement.compile(query) });
      }),
    ).rejects.toThrow(/signed list|own result/);
  const nothing = await author.by("POST", "/api/lab/verifications", { body: { samples: await seen([own]) } });
  expect(outcome(nothing)).toEqual([409, "lab_verify.nothing_to_select"]);
  expect(nothing.text).toMatch(/nobody verifies their own/);
});

test("SIG-01 what changes between look and signature refuses the whole list: a value, an investigation, another's list, a list made anew", async () => {
  const ids = [await tested(), await tested()];
  const [first = "", second = ""] = ids;
  const made = await list(signer.by, await seen(ids));
  const challenge = await challengeFor(signer, `/api/lab/verifications/${made.id}`, {
    ...verifyStep,
    version: made.version,
  });
  await correct(second, "6.9");
  const late = await signer.by("POST", `/api/lab/verifications/${made.id}/signatures`, {
    body: { challenge: challenge.body["challenge"], userName: signer.email, password: signer.password },
  });
  expect(outcome(late)).toEqual([412, "lab_verify.list_moved"]);
  expect(await Promise.all(ids.map(stateOf))).toEqual(["tested", "tested"]);
  // Listed anew with fewer: the earlier look is no longer what would be signed.
  const anew = await list(signer.by, await seen([first]));
  expect([anew.id, anew.version]).toEqual([made.id, made.version + 1]);
  expect((await sign(signer, made)).status).toBe(412);

  const out = await tested(world.as.technician, "7.4");
  const ph = await resultOf(world.as.reader, out, "ph");
  await investigated(world, ph.id);
  expect((await signer.by("POST", "/api/lab/verifications", { body: { samples: await seen([out]) } })).status).toBe(
    409,
  );
  // A list of one's own making, past the route, that names it all the same.
  const solids = await resultOf(world.as.reader, out, "solids");
  const lines = JSON.stringify({ [ph.id]: ph.version, [solids.id]: solids.version });
  await world.server.kernel.door.work(signer.session, "lab.result.verify", async (tx) => {
    await tx.record({ action: "test", record: "lab.verification", rowId: made.id, version: anew.version + 1 });
    const statement = sql`update lab.verification set lines = ${lines}::jsonb where id = ${made.id}`;
    await tx.all({ compile: () => statement.compile(query) });
  });
  expect((await sign(signer, { ...made, version: anew.version + 1 })).status).toBe(412);
  expect(await stateOf(out)).toBe("tested");
});

test("SIG-02 who may not sign proves themselves for exactly this list in this version; another's list is another's", async () => {
  const ids = [await tested(), await tested()];
  const { reviewer, technician, admin } = world.as;
  const samples = await seen(ids);
  expect((await technician("POST", "/api/lab/verifications", { body: { samples } })).status).toBe(403);
  const made = await list(reviewer, samples);
  expect([made.way, made.count]).toEqual(["step-up", 4]);
  const verify = (by: TestCaller, version: number) =>
    by("POST", `/api/lab/verifications/${made.id}/verify`, { version });
  expect((await verify(admin, made.version)).status).toBe(404);
  expect((await verify(signer.by, made.version)).status).toBe(404);
  expect(outcome(await verify(reviewer, made.version + 1))).toEqual([412, "lab_verify.list_moved"]);
  const bare = await world.server.withKey(world.reviewer, ["lab.result.verify"]);
  expect((await verify(bare, made.version)).status).toBe(403);
  expect((await verify(reviewer, made.version)).body).toMatchObject({ verified: 4 });
  expect(await Promise.all(ids.map(stateOf))).toEqual(["verified", "verified"]);
  expect((await verify(reviewer, made.version + 1)).status).toBe(412);
  const away = await world.server.member(await world.server.kernel.foundWorkspace("other"), "owner");
  expect((await world.server.as(away)("POST", "/api/lab/verifications", { body: { samples } })).status).toBe(404);
});
