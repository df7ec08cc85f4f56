import { verifyBundle, type VerifyOptions } from "@probity/verify";
import { nodeProvider } from "@probity/verify/node";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { trialSign } from "../signing/fixture/report.ts";
import type { TestPerson } from "../testing/kernel.ts";
import { openTestLog, type TestLog } from "../testing/log.ts";
import { asDoor } from "../testing/record-suite.ts";
import { openTestServer, type TestServer } from "../testing/server.ts";
import { agrees } from "./agree.ts";

const base = "/api/trial-sign/reports";
let server: TestServer;
let log: TestLog;
let acme: string;
let owner: TestPerson;
let id: string;
/** What the outsider kept: a checkpoint from before the attack. */
let checkpoint: string;

beforeAll(async () => {
  server = await openTestServer([trialSign]);
  acme = await server.kernel.foundWorkspace("acme");
  owner = await server.member(acme, "owner");
  log = openTestLog(server.kernel);
  const by = server.as(owner);
  const made = await by("POST", base, { body: { title: "Stability of batch 7", note: "as is" } });
  id = String(made.body["id"]);
  const changed = await by("PATCH", `${base}/${id}`, {
    version: 1,
    body: { title: "Batch 8", reason: "Typing error" },
  });
  if (made.status !== 201 || changed.status !== 200) throw new Error("The report could not be made");
  for (let more = 0; more < 6; more += 1) await by("POST", base, { body: { title: `Report ${more}` } });
  await log.publish();
  const [row] = await asDoor(server, "select note from kernel.ledger_log where tenant_id = $1", [acme]);
  checkpoint = String(row?.["note"]);
});
afterAll(async () => {
  await log?.close();
  await server?.close();
});

/** Whoever owns the database, who has taken every guard away. Each statement begins with its verb and names its table. */
async function asOwner(statements: readonly string[]): Promise<void> {
  const client = new Client(server.kernel.admin);
  await client.connect();
  try {
    for (const text of statements) {
      const table = /(?:kernel|trial_sign)\.[a-z]+(?:_[a-z]+)*?(?=_then|\b)/.exec(text)?.[0] ?? "";
      const found = await client.query<{ owner: string }>(
        "select pg_get_userbyid(relowner) as owner from pg_class where oid = $1::regclass",
        [table],
      );
      await client.query(`set role ${found.rows[0]?.owner ?? "none"}`);
      await client.query(text.replaceAll("$tenant", `'${acme}'`).replaceAll("$id", `'${id}'`));
      await client.query("reset role");
    }
  } finally {
    await client.end();
  }
}

/** What somebody elsewhere finds in an export, with nothing but the verifier. */
async function outsider(options: Partial<VerifyOptions> = {}) {
  const { status, text } = await server.as(owner)("GET", "/api/ledger/export");
  if (status !== 200) return { outcome: `no export: ${status}`, findings: [] };
  const lines = text.split("\n");
  const cut = lines.pop() ?? "";
  const portion = { lines, bytes: text.length, ...(cut === "" ? {} : { cut }) };
  const { outcome, findings, counts } = await verifyBundle([portion], { provider: nodeProvider, ...options });
  return { outcome, findings: findings.map((each) => each.text), counts };
}

const kept = ["kernel.ledger_event", "kernel.ledger_head", "kernel.ledger_opening", "kernel.version_history"];
const own = ["trial_sign.report", "kernel.sealed_value"];

describe("LED-03 LED-04 who owns the database, and whoever reads an export", () => {
  const tables = [...kept, ...own];
  beforeAll(async () => {
    await asOwner(
      tables.flatMap((table) => [
        `alter table ${table} disable trigger user`,
        `alter table ${table} no force row level security`,
        `create table ${table}_then as select * from ${table}`,
      ]),
    );
  });
  const undo = () =>
    asOwner(tables.flatMap((table) => [`delete from ${table}`, `insert into ${table} select * from ${table}_then`]));

  test("before: all of it verifies, rows and sealed values beside their leaves", async () => {
    const found = await outsider({ checkpoint });
    expect(found).toMatchObject({ outcome: "VERIFIED", findings: [] });
    expect(found.counts?.rows).toBeGreaterThanOrEqual(8);
  });

  test.each([
    ["changes a row", ["update trial_sign.report set title = 'Batch 9' where id = $id"], "TAMPERED", "was changed"],
    [
      "changes a row and its history",
      [
        "update trial_sign.report set title = 'Batch 9' where id = $id",
        `update kernel.version_history set body = body || '{"title": "Batch 9"}' where row_id = $id and version = 2`,
      ],
      "TAMPERED",
      "“title” is not what its leaf commits to",
    ],
    [
      "changes an earlier version",
      [`update kernel.version_history set body = body || '{"title": "Batch 6"}' where row_id = $id and version = 1`],
      "TAMPERED",
      "“title” is not what its leaf commits to",
    ],
    ["deletes a row", ["delete from trial_sign.report where id = $id"], "TAMPERED", "is gone"],
    [
      "deletes a row, its history and its sealed values",
      [
        "delete from trial_sign.report where id = $id",
        "delete from kernel.version_history where row_id = $id",
        "delete from kernel.sealed_value where row_id = $id",
      ],
      "TAMPERED",
      "is gone",
    ],
    [
      "deletes a sealed value",
      ["delete from kernel.sealed_value where row_id = $id"],
      "TAMPERED",
      "neither shown nor in a row",
    ],
    [
      "changes a sealed value",
      ["update kernel.sealed_value set sealed = set_byte(sealed, 19, get_byte(sealed, 19) # 255) where row_id = $id"],
      "TAMPERED",
      "neither shown nor in a row",
    ],
    [
      "changes what an opening says",
      [
        `update kernel.ledger_opening set openings = jsonb_set(openings, '{title,value}', '"\\"Batch 6\\""') where openings #>> '{title,value}' = '"Batch 8"'`,
      ],
      "TAMPERED",
      "",
    ],
    [
      "deletes the last five events",
      [
        "delete from kernel.ledger_event where tenant_id = $tenant and seq >= (select size - 5 from kernel.ledger_head where tenant_id = $tenant)",
      ],
      "INCOMPLETE",
      "missing",
    ],
    [
      "deletes the last five events and sets the count back",
      [
        "delete from kernel.ledger_event where tenant_id = $tenant and seq >= (select size - 5 from kernel.ledger_head where tenant_id = $tenant)",
        "update kernel.ledger_head set size = size - 5 where tenant_id = $tenant",
      ],
      "INCOMPLETE",
      "missing",
    ],
    [
      "deletes an event in the middle",
      ["delete from kernel.ledger_event where tenant_id = $tenant and seq = 4"],
      "INCOMPLETE",
      "missing",
    ],
    [
      "deletes all events",
      ["delete from kernel.ledger_event where tenant_id = $tenant"],
      "NOTHING_VERIFIED",
      "missing",
    ],
    [
      "changes an event and its hash",
      [
        "update kernel.ledger_event set leaf = convert_to(replace(convert_from(leaf, 'UTF8'), '\"outcome\":\"done\"', '\"outcome\":\"gone\"'), 'UTF8') where tenant_id = $tenant and seq = 5",
      ],
      "TAMPERED",
      "do not give the root",
    ],
  ])("who %s is found out", async (_, attack, outcome, words) => {
    await asOwner(attack);
    const found = await outsider();
    const withKept = await outsider({ checkpoint });
    await undo();
    expect([found.outcome, withKept.outcome]).toEqual([outcome, outcome]);
    expect(found.findings.join("\n")).toContain(words);
    expect((await outsider({ checkpoint })).outcome).toBe("VERIFIED");
  });

  test("what became of a row is told of the version it became of, and of no other", async () => {
    for (const [attack, words] of [
      ["update trial_sign.report set title = 'Batch 9' where id = $id", "was changed, and no leaf says so"],
      ["delete from trial_sign.report where id = $id", "is gone, and no leaf says why"],
    ] as const) {
      await asOwner([attack]);
      const { findings } = await outsider();
      await undo();
      expect(findings).toEqual([expect.stringContaining(words)]);
    }
  });
});

test("LED-03 other letters for the same value are no change, and another value is", () => {
  const same: [string, unknown][] = [
    ['"2026-11-22T09:00:00.120Z"', "2026-11-22T10:00:00.12+01:00"],
    ['"1.50"', 1.5],
    ["12", "12.000"],
    ["null", null],
    ['["a","b"]', ["a", "b"]],
    ["true", true],
    ["plain", "plain"],
    ['{"a":1,"b":2}', { b: 2, a: 1 }],
  ];
  const other: [string, unknown][] = [
    ['"2026-11-22T09:00:00.120Z"', "2026-11-22T09:00:00.121Z"],
    ['"1.50"', "1.51"],
    ['"10"', "1"],
    ["null", ""],
    ['["a","b"]', ["b", "a"]],
    ['"a"', "A"],
    ['"-1"', "1"],
  ];
  expect(same.filter(([said, stored]) => !agrees(said, stored))).toEqual([]);
  expect(other.filter(([said, stored]) => agrees(said, stored))).toEqual([]);
});
