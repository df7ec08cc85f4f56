// The edges of an export: where a range begins and ends, what a selection counts, and what went outside that the log can't continue.
import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import {
  base64url,
  commitmentInput,
  fromBase64url,
  parseCheckpoint,
  parseNote,
  verifyBundle,
  type Verdict,
} from "@probity/verify";
import { nodeProvider } from "@probity/verify/node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openTestLog, type TestLog } from "../testing/log.ts";
import { asDoor } from "../testing/record-suite.ts";
import { openTestServer, type TestServer } from "../testing/server.ts";
import type { TestPerson } from "../testing/kernel.ts";

let server: TestServer;
let log: TestLog;
let acme: string;
let owner: TestPerson;
/** How many leaves are signed. */
let signed: number;

beforeAll(async () => {
  server = await openTestServer([]);
  const { kernel } = server;
  acme = await kernel.foundWorkspace("acme");
  owner = await kernel.addPerson(acme, "owner");
  log = openTestLog(kernel);
  for (const action of ["kernel.test.rare", "kernel.test.often"]) {
    // Times are told in milliseconds: each kind begins after the last one ended.
    await sleep(5);
    for (let each = 0; each < 4; each += 1)
      await kernel.door.work(owner.session, "kernel.people.read", (tx) => tx.record({ action, fields: { each: "x" } }));
  }
  await sleep(5);
  await kernel.door.work(kernel.system(acme), "kernel.ledger.reconcile", (tx) =>
    tx.record({ action: "kernel.test.system" }),
  );
  await log.publish();
  const [state] = await asDoor(server, "select size from kernel.ledger_log where tenant_id = $1", [acme]);
  signed = Number(state?.["size"]);
  // Placed, and not signed yet.
  for (let each = 0; each < 2; each += 1)
    await kernel.door.work(owner.session, "kernel.people.read", (tx) => tx.record({ action: "kernel.test.late" }));
  await kernel.sequencer.drain();
});
afterAll(async () => {
  await log?.close();
  await server?.close();
});

const fetched = (query: string): Promise<{ status: number; text: string; headers: Headers }> =>
  server.as(owner)("GET", `/api/ledger/export?${query}`);
async function verified(text: string): Promise<Verdict> {
  const lines = text.split("\n");
  lines.pop();
  return verifyBundle([{ lines, bytes: text.length }], { provider: nodeProvider });
}
const rowsOf = async (query: string): Promise<string[]> =>
  (await fetched(`format=csv&${query}`)).text.trimEnd().split("\r\n").slice(1);
const atOf = async (action: string): Promise<string> => {
  const [row] = await asDoor(
    server,
    "select to_json(at) #>> '{}' as at from kernel.ledger_event where tenant_id = $1 and action = $2 order by seq",
    [acme, action],
  );
  return encodeURIComponent(new Date(String(row?.["at"])).toISOString());
};

describe("LED-05 a range ends where it was signed, and holds what happened in it", () => {
  test("what is placed and not signed is in no bundle, with and without a time it begins at", async () => {
    for (const query of ["", `from=${await atOf("kernel.test.rare")}`, "from=2020-01-01&action="]) {
      const { text, headers } = await fetched(query);
      const verdict = await verified(text);
      expect([query, verdict.outcome, verdict.complete, verdict.range?.to]).toEqual([query, "VERIFIED", true, signed]);
      expect(headers.get("content-disposition")).toContain("audit-log");
      expect(text).not.toContain("kernel.test.late");
    }
    expect((await rowsOf("")).some((row) => row.includes("kernel.test.late"))).toBe(true);
  });
  test("an instant is in what begins with it, and not in what ends with it", async () => {
    const at = await atOf("kernel.test.system");
    expect((await rowsOf(`from=${at}`))[0]).toContain("kernel.test.system");
    const before = await rowsOf(`to=${at}`);
    expect(before.length).toBeGreaterThan(8);
    expect(before.at(-1)).toContain("kernel.test.often");
  });
  test("a selection of a range counts and proves what lies in it, and nothing else", async () => {
    const [from, to] = [await atOf("kernel.test.often"), await atOf("kernel.test.system")];
    for (const [query, count] of [
      ["action=kernel.test.rare", 4],
      [`action=kernel.test.often&from=${from}&to=${to}`, 4],
      [`action=kernel.test.rare&from=${from}`, 0],
      [`action=kernel.test.system&to=${to}`, 0],
    ] as const) {
      const { text, headers } = await fetched(query);
      expect([query, headers.get("probity-events")]).toEqual([query, String(count)]);
      const verdict = await verified(text);
      expect([query, verdict.outcome, verdict.counts.leaves]).toEqual([
        query,
        count === 0 ? "NOTHING_VERIFIED" : "VERIFIED",
        count,
      ]);
      expect(text).not.toContain('"kind":"range"');
      expect(await rowsOf(query)).toHaveLength(count);
    }
    expect(await rowsOf("q=test%5C.rare")).toEqual([]);
  });
  test("CSV names who is no member, and what was forgotten as such", async () => {
    expect((await rowsOf("action=kernel.test.system"))[0]).toContain("Probity");
    await asDoor(
      server,
      `update kernel.ledger_opening o set openings = '{"each": {"commitment": "AAAA"}, "source": {"salt": "AAAA", "value": "192.0.2.7"}}'
       from kernel.ledger_event e where e.tenant_id = $1 and e.leaf_id = o.leaf_id and e.tenant_id = o.tenant_id and e.seq =
       (select min(seq) from kernel.ledger_event where tenant_id = $1 and action = 'kernel.test.often')`,
      [acme],
    );
    const [row = ""] = await rowsOf("action=kernel.test.often");
    expect(row).toContain("(erased)");
    expect(row).toContain("192.0.2.7");
  });
});

describe("LED-06 whatever explains a gap comes along, wherever in the log it lies", () => {
  test("an erasure beside a selection that does not hold it, and once where it is held; a restore as well", async () => {
    const { kernel } = server;
    const { text } = await fetched("action=kernel.test.rare");
    const line = text.split("\n").find((each) => each.startsWith('{"kind":"leaf"')) ?? "";
    const { index, open }: { index: number; open: Record<string, { salt: string; value: string }> } = JSON.parse(line);
    const [name, field] = Object.entries(open).find(([each]) => each === "each") ?? [];
    if (name === undefined || field === undefined) throw new Error("no field");
    const input = commitmentInput(fromBase64url(field.salt) ?? new Uint8Array(), name, field.value);
    const commitment = base64url(createHash("sha256").update(input).digest());
    await asDoor(
      server,
      `update kernel.ledger_opening o set openings = $3::jsonb from kernel.ledger_event e
       where e.tenant_id = $1 and e.seq = $2 and e.leaf_id = o.leaf_id and e.tenant_id = o.tenant_id`,
      [acme, index, JSON.stringify({ ...open, [name]: { commitment } })],
    );
    expect((await verified((await fetched("action=kernel.test.rare")).text)).outcome).toBe("INCOMPLETE");
    const record = async (action: string, fields: Record<string, unknown>) => {
      await kernel.door.work(owner.session, "kernel.people.read", (tx) => tx.record({ action, fields }));
      await log.publish();
    };
    const lines = async (query: string, kind: string) =>
      (await fetched(query)).text.split("\n").filter((each) => each.startsWith(`{"kind":"${kind}"`)).length;
    await record("privacy.erasure.executed", { leaves: [[index, [name]]], basis: "GDPR Art. 17(1)(b)", approver: "x" });
    const selected = await verified((await fetched("action=kernel.test.rare")).text);
    expect([selected.outcome, selected.counts.fieldsErased]).toEqual(["VERIFIED_WITH_ERASURES", 1]);
    expect([await lines("action=kernel.test.rare", "erasure"), await lines("", "erasure")]).toEqual([1, 0]);
    await record("kernel.ledger.epoch.opened", { lost: [0, 0], old: "", owners: ["a", "b"] });
    expect([await lines("action=kernel.test.rare", "epoch"), await lines("", "epoch")]).toEqual([1, 0]);
  });
});

describe("LED-03 what went outside never keeps an export from coming", () => {
  test("the way into the platform log comes along, and each earlier size once", async () => {
    const [state] = await asDoor(server, "select note from kernel.ledger_log where tenant_id = $1", [acme]);
    const note = String(state?.["note"]);
    const { text: body } = parseNote(note);
    const { origin, size } = parseCheckpoint(body);
    const of = (count: number) => note.replace(`${origin}\n${size}\n`, `${origin}\n${count}\n`);
    const give = (holder: string, text: string, count: number) =>
      asDoor(
        server,
        "insert into kernel.anchor (tenant_id, id, kind, holder, outcome, size, note) values ($1, gen_random_uuid(), 'mail', $2, 'done', $3, $4)",
        [acme, `${holder}@acme.example`, count, text],
      );
    for (const holder of ["a", "b"]) await give(holder, note, size);
    // A log that was set back, and one that had nothing yet.
    await give("c", of(size + 1_000), size + 1_000);
    await give("d", of(0), 0);
    await log.publish();
    const { status, text } = await fetched("");
    expect(status).toBe(200);
    expect(text.match(/"kind":"platform"/g)).toHaveLength(1);
    const found = text.split("\n").filter((line) => line.startsWith('{"kind":"consistency"'));
    expect(found.map((line) => JSON.parse(line)["from"])).toEqual([size]);
  });
});
