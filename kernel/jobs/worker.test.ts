import { sql } from "kysely";
import { pino } from "pino";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { openTestKernel, type TestKernel, type TestPerson } from "../testing/kernel.ts";
import { doorProblem } from "../work/error.ts";
import { query } from "../work/query.ts";
import { enqueue } from "./queue.ts";
import { startWorker, type Job, type JobHandler } from "./worker.ts";

let kernel: TestKernel;
let person: TestPerson;
const may = "test.job.start";
beforeAll(async () => {
  kernel = await openTestKernel({ grants: { [may]: ["member"] } });
  person = await kernel.addPerson(await kernel.foundWorkspace("acme"), "member");
});
afterAll(() => kernel.close());

let worker: Awaited<ReturnType<typeof startWorker>> | undefined;
afterEach(() => worker?.stop());
async function work(handler: JobHandler): Promise<void> {
  worker = await startWorker(kernel, { trial: handler }, { onlyServer: true, logger: pino({ level: "silent" }) });
}
const start = () =>
  kernel.door.work(person.session, may, (tx) =>
    enqueue(tx, { task: "trial", subjectId: person.membershipId, permissions: [may], total: 2 }),
  );
async function stateOf(id: string): Promise<{ state: string; problem: { code?: string } | null }> {
  const row = await kernel.door.work(person.session, may, (tx) =>
    tx.first(query.selectFrom("kernel.job").select(["state", "problem"]).where("id", "=", id)),
  );
  const problem: { code?: string } | null = row?.problem === null ? null : Object(row?.problem);
  return { state: row?.state ?? "none", problem };
}
const settled = (id: string) =>
  expect.poll(async () => (await stateOf(id)).state, { timeout: 120_000, interval: 200 }).toMatch(/done|failed/);

test("OPS-03 a job that met a busy server is tried again and ends well", async () => {
  let tried = 0;
  await work(async (job: Job) => {
    tried += 1;
    await job.report("trying", 1, 2);
    if (tried === 1) throw doorProblem.busy();
  });
  const id = await start();
  await settled(id);
  expect([(await stateOf(id)).state, tried]).toEqual(["done", 2]);
});

test("OPS-03 a refusal is an answer: it is told at once, by its code, and not tried again", async () => {
  let tried = 0;
  await work(async () => {
    tried += 1;
    throw doorProblem.not_found();
  });
  const id = await start();
  await settled(id);
  expect([await stateOf(id), tried]).toEqual([
    { state: "failed", problem: expect.objectContaining({ code: "kernel.not_found" }) },
    1,
  ]);
});

test("ACC-01 a job does what it was granted and nothing else, and its grant ends with it", async () => {
  let credential: Job["credential"] | undefined;
  const codes: unknown[] = [];
  const look = (given: Job["credential"], permission: string) =>
    kernel.door
      .work(given, permission, (tx) => tx.all({ compile: () => sql`select 1 as one`.compile(query) }))
      .then(
        () => "entered",
        (error: unknown) => (error instanceof Error && "code" in error ? error.code : error),
      );
  await work(async (job) => {
    credential = job.credential;
    codes.push(await look(job.credential, may), await look(job.credential, "kernel.people.read"));
  });
  await settled(await start());
  expect(codes).toEqual(["entered", "kernel.permission_missing"]);
  if (credential === undefined) throw new Error("The job did not run");
  await expect.poll(() => credential && look(credential, may), { timeout: 120_000 }).not.toBe("entered");
});

test("OPS-03 a job whose worker was stopped in the midst of it is taken up by the next one", async () => {
  let begun = 0;
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  await work(async () => {
    begun += 1;
    if (begun === 1) await held;
  });
  const id = await start();
  await expect.poll(() => begun, { timeout: 120_000 }).toBe(1);
  // What a killed server leaves: a lock in the name of nobody. Another server at its start takes it up.
  const second = await startWorker(
    kernel,
    { trial: async () => void (begun += 10) },
    { onlyServer: true, logger: pino({ level: "silent" }) },
  );
  await expect.poll(() => begun, { timeout: 120_000 }).toBe(11);
  release();
  await settled(id);
  await second.stop();
});
