import { verifyBundle, type Verdict } from "@probity/verify";
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
const events = 1_300;

beforeAll(async () => {
  server = await openTestServer([]);
  const { kernel } = server;
  acme = await kernel.foundWorkspace("acme");
  owner = await kernel.addPerson(acme, "owner");
  log = openTestLog(kernel);
  await kernel.door.work(owner.session, "kernel.people.read", (tx) =>
    tx.recordAll(
      Array.from({ length: events }, (_, index) => ({
        action: index % 100 === 0 ? "kernel.test.rare" : "kernel.test.often",
        fields: { index: String(index), text: '=HYPERLINK("http://evil.example")' },
      })),
    ),
  );
  await log.publish();
});
afterAll(async () => {
  await log?.close();
  await server?.close();
});

const week = () => new Date(Date.now() - 7 * 86_400_000).toISOString();
async function fetched(query: string): Promise<{ status: number; text: string; headers: Headers }> {
  return server.as(owner)("GET", `/api/ledger/export?${query}`);
}
async function verified(text: string): Promise<Verdict> {
  const lines = text.split("\n");
  const cut = lines.pop() ?? "";
  const portion = { lines, bytes: text.length, ...(cut === "" ? {} : { cut }) };
  return verifyBundle([portion], { provider: nodeProvider });
}
const linesOf = (text: string) => text.trimEnd().split("\n");

describe("LED-05 LED-03 a bundle proves itself, with nothing of this server", () => {
  test("all of the log: complete, every leaf under the signed checkpoint, every field open", async () => {
    const { status, text, headers } = await fetched("");
    expect(status).toBe(200);
    expect(headers.get("content-disposition")).toMatch(/filename="audit-log-acme-0-\d+\.jsonl"/);
    const verdict = await verified(text);
    expect(verdict.findings).toEqual([]);
    expect(verdict).toMatchObject({ outcome: "VERIFIED", complete: true, filtered: false });
    expect(verdict.counts.leaves).toBeGreaterThan(events);
    expect(verdict.counts.verified).toBe(verdict.counts.leaves);
    expect(verdict.counts.fieldsShown).toBeGreaterThan(2 * events);
    expect(Number(headers.get("probity-events"))).toBe(verdict.counts.leaves);
  });

  test("a range of time is whole: it proves itself with the hashes beside it", async () => {
    const [middle] = await asDoor(
      server,
      "select to_json(at) #>> '{}' as at from kernel.ledger_event where tenant_id = $1 and seq = 20",
      [acme],
    );
    const from = encodeURIComponent(String(middle?.["at"]));
    const answer = await fetched(`from=${from}`);
    expect(answer.status).toBe(200);
    const verdict = await verified(answer.text);
    expect(verdict.findings).toEqual([]);
    expect(verdict).toMatchObject({ outcome: "VERIFIED", complete: true, filtered: false });
    expect(verdict.range?.from).toBeGreaterThan(0);
  });

  test("a selection says that it is one, counts what it left out, and proves each leaf", async () => {
    const { text, headers } = await fetched("action=kernel.test.rare");
    const verdict = await verified(text);
    expect(verdict.findings).toEqual([]);
    expect(verdict).toMatchObject({ outcome: "VERIFIED", complete: false, filtered: true });
    expect(verdict.counts).toMatchObject({ leaves: 13, verified: 13 });
    const head: unknown = JSON.parse(linesOf(text)[0] ?? "");
    expect(head).toMatchObject({ complete: false, filter: { action: "kernel.test.rare" } });
    expect(Number(headers.get("probity-unfiltered-events"))).toBeGreaterThan(events);
    expect(headers.get("content-disposition")).toContain("audit-selection");
  });

  test("a range in which nothing happened holds nothing, in every format, and proves nothing", async () => {
    for (const range of ["from=2990-01-01", "from=2001-01-01&to=2001-01-02", "to=2001-01-02"]) {
      const { text, headers } = await fetched(range);
      expect([
        range,
        headers.get("probity-events"),
        linesOf(text).some((line) => line.includes('"kind":"leaf"')),
      ]).toEqual([range, "0", false]);
      expect((await verified(text)).outcome).toBe("NOTHING_VERIFIED");
      expect((await fetched(`format=csv&${range}`)).text.trimEnd().split("\r\n")).toHaveLength(1);
      expect((await fetched(`format=ocsf&${range}`)).text).toBe("");
    }
    for (const odd of ["from=yesterday", "to=yesterday", "from=-000999-01-01T00:00:00Z"])
      expect([odd, (await fetched(odd)).status]).toEqual([odd, 400]);
  });

  test("what is cut, altered, left out or swapped is found", async () => {
    const whole = linesOf((await fetched("")).text);
    const leaf = whole.findIndex((line) => line.includes("kernel.test.rare"));
    const outcome = async (lines: string[]) => (await verified(`${lines.join("\n")}\n`)).outcome;
    expect(await outcome(whole.slice(0, -1))).toBe("INCOMPLETE");
    expect(await outcome(whole.toSpliced(leaf, 1))).toBe("INCOMPLETE");
    expect(await outcome(whole.with(leaf, (whole[leaf] ?? "").replace("kernel.test.rare", "kernel.test.dare")))).toBe(
      "TAMPERED",
    );
    expect(await outcome(whole.with(leaf, (whole[leaf] ?? "").replace("=HYPERLINK", "=HYPERLINC")))).toBe("TAMPERED");
    expect((await verified("")).outcome).toBe("NOTHING_VERIFIED");
  });
});

describe("LED-05 exports for people and other systems", () => {
  test("CSV holds every event of any range, far beyond a page, and no cell that a spreadsheet would run", async () => {
    const { text } = await fetched("format=csv");
    const rows = text.trimEnd().split("\r\n");
    expect(rows.length).toBeGreaterThan(events);
    expect(rows[0]).toContain("seq,at,actor");
    const cells = text.split("\r\n").flatMap((row) => row.split(",").map((cell) => cell.replaceAll('"', "")));
    expect(cells.filter((cell) => /^[=+\-@]/.test(cell))).toEqual([]);
    expect(text).toContain("HYPERLINK");
  });

  test("each part of a filter narrows by itself, and what it says is not read as a pattern", async () => {
    const rowsOf = async (query: string) => {
      const [head = "", ...rows] = (await fetched(`format=csv&${query}`)).text.trimEnd().split("\r\n");
      const names = head.split(",");
      return rows.map((row) => Object.fromEntries(row.split(",", 9).map((cell, index) => [names[index] ?? "", cell])));
    };
    const all = await rowsOf("");
    const row = all.find((each) => each["record"] === "kernel.membership")?.["recordId"] ?? "";
    const narrowings: [query: string, column: string, value: string][] = [
      [`actor=${owner.membershipId}`, "actorId", owner.membershipId],
      ["record=kernel.membership", "record", "kernel.membership"],
      [`row=${row}`, "recordId", row],
      ["outcome=done", "outcome", "done"],
      ["action=kernel.test.rare", "action", "kernel.test.rare"],
      ["q=test.rar", "action", "kernel.test.rare"],
    ];
    for (const [query, column, value] of narrowings) {
      const found = await rowsOf(query);
      expect([query, found.length > 0, found]).toEqual([query, true, all.filter((each) => each[column] === value)]);
    }
    for (const none of ["outcome=refused&record=kernel.membership", "q=test%25rare", "q=test_rare"])
      expect([none, await rowsOf(none)]).toEqual([none, []]);
  });

  test("OCSF: one event a line, contiguous, by leaf hash", async () => {
    const { text } = await fetched("format=ocsf");
    const lines = linesOf(text).map((line): unknown => JSON.parse(line));
    expect(lines.length).toBeGreaterThan(events);
    expect(lines[7]).toMatchObject({ metadata: { sequence: 7, uid: expect.stringMatching(/^[0-9a-f]{64}$/) } });
  });
});

describe("LED-05 IDN-10 who may, and that it is known", () => {
  test("the export is an event before its first line, with what was asked for", async () => {
    await fetched("format=csv&action=kernel.test.rare");
    await log.publish();
    const { text } = await fetched("action=kernel.ledger.export");
    const last = linesOf(text).findLast((line) => line.includes('"kind":"leaf"')) ?? "";
    expect(last).toContain("kernel.test.rare");
    expect(last).toContain('"kernel.ledger.export');
    expect(JSON.parse(last)).toMatchObject({ open: { format: { value: '"csv"' } } });
  });

  test("more days of the whole log than the policy says ask for a fresh proof; a key can't; a week and a selection don't", async () => {
    const key = await server.withKey(owner, ["kernel.ledger.export"]);
    expect(await key("GET", "/api/ledger/export")).toMatchObject({
      status: 403,
      body: { code: "kernel.step_up_required" },
    });
    expect((await key("GET", `/api/ledger/export?from=${week()}`)).status).toBe(200);
    expect((await key("GET", "/api/ledger/export?action=kernel.test.rare")).status).toBe(200);
    const year = new Date(Date.now() - 365 * 86_400_000).toISOString();
    expect((await key("GET", `/api/ledger/export?from=${year}`)).status).toBe(403);
    const daysAfter = new Date(Date.parse(year) + 3 * 86_400_000).toISOString();
    expect((await key("GET", `/api/ledger/export?from=${year}&to=${daysAfter}`)).status).toBe(200);
    // Without a beginning it is all there is until then.
    expect((await key("GET", `/api/ledger/export?to=${daysAfter}`)).status).toBe(403);
  });

  test("a member exports nothing; another workspace's owner only their own", async () => {
    const member = await server.member(acme, "member");
    expect((await server.as(member)("GET", `/api/ledger/export?from=${week()}`)).status).toBe(403);
    const rival = await server.kernel.foundWorkspace("rival");
    const other = await server.member(rival, "owner");
    await log.publish();
    const { text } = await server.as(other)("GET", "/api/ledger/export");
    expect(text).not.toContain(acme);
    expect((await verified(text)).outcome).toBe("VERIFIED");
  });

  test("before the first signature a bundle is refused, and says why", async () => {
    const space = await server.kernel.foundWorkspace("unsigned");
    const person = await server.member(space, "owner");
    expect(await server.as(person)("GET", "/api/ledger/export")).toMatchObject({
      status: 409,
      body: { code: "ledger_export.not_signed" },
    });
  });
});

describe("LED-03 what went outside", () => {
  test("a copy that went outside comes along, connected with the newest checkpoint; one the log no longer continues shows", async () => {
    const give = async (note: string, size: number) => {
      await asDoor(
        server,
        "insert into kernel.anchor (tenant_id, id, kind, holder, outcome, size, note) values ($1, gen_random_uuid(), 'mail', $2, 'done', $3, $4)",
        [acme, `ana-${size}@acme.example`, size, note],
      );
    };
    const [state] = await asDoor(server, "select note, size from kernel.ledger_log where tenant_id = $1", [acme]);
    await give(String(state?.["note"]), Number(state?.["size"]));
    await server.kernel.door.work(owner.session, "kernel.people.read", (tx) =>
      tx.record({ action: "kernel.test.often" }),
    );
    await log.publish();
    for (const query of ["", "action=kernel.test.rare"]) {
      const verdict = await verified((await fetched(query)).text);
      expect(verdict).toMatchObject({
        outcome: "VERIFIED",
        findings: [{ sort: "remark", text: expect.stringContaining("a mailbox at acme.example") }],
      });
      expect(JSON.stringify(verdict)).not.toContain("ana-");
    }
    // Without what connects it the selection could not say that the log stands by the copy.
    const { text } = await fetched("action=kernel.test.rare");
    expect((await verified(text.replace(/^\{"kind":"consistency".*\n/m, ""))).outcome).toBe("INCOMPLETE");
  });
});
