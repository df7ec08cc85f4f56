import { randomUUIDv7 as uuidv7 } from "node:crypto";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startWorker } from "@probity/kernel";
import {
  asDoor,
  openTestServer,
  type TestAnswer,
  type TestCaller,
  type TestPerson,
  type TestServer,
} from "@probity/kernel/testing";
import { regulatoryDocs } from "../app.ts";
import { homeItems } from "./home-item.ts";

const app = regulatoryDocs({ freeCheck: { on: false, maxFiles: 1, maxTotalBytes: 1 } });
const base = "/api/regulatory-docs";
const procedure = (title: string) =>
  `# ${title}\n\n${"The quality manager keeps records of every complaint and reviews them each quarter. ".repeat(20)}\n`;

let server: TestServer;
let worker: Awaited<ReturnType<typeof startWorker>>;
let owner: TestPerson;
let member: TestPerson;
let rival: TestPerson;
let by: TestCaller;
let collection: string;

beforeAll(async () => {
  server = await openTestServer([app]);
  worker = await startWorker(server.kernel, app.jobs(server.kernel), {
    onlyServer: true,
    logger: pino({ level: "silent" }),
  });
  const acme = await server.kernel.foundWorkspace("acme");
  owner = await server.member(acme, "owner");
  member = await server.member(acme, "member");
  rival = await server.member(await server.kernel.foundWorkspace("rival"), "owner");
  by = server.as(owner);
  collection = String((await by("POST", `${base}/collections`, { body: { name: "QMS" } })).body["id"]);
});
afterAll(async () => {
  await worker?.stop();
  await server?.close();
});

async function upload(
  who: TestPerson,
  into: string,
  name: string,
  content: string | Uint8Array<ArrayBuffer>,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const form = new FormData();
  form.append("file", new Blob([content]), name);
  const answer = await fetch(`${server.origin}${base}/collections/${into}/documents`, {
    method: "POST",
    headers: {
      cookie: `probity-session=${who.session.token}`,
      "probity-workspace": who.session.workspace ?? "",
      "probity-request": "1",
    },
    body: form,
  });
  return { status: answer.status, body: JSON.parse(await answer.text()) };
}
const itemsOf = (answer: TestAnswer): Record<string, unknown>[] =>
  Array.isArray(answer.body["items"]) ? answer.body["items"] : [];
const documents = async () => itemsOf(await by("GET", `${base}/documents?collection=${collection}`));
const settled = (id: string) =>
  expect
    .poll(async () => (await documents()).find((each) => each["id"] === id)?.["state"], {
      timeout: 120_000,
      interval: 200,
    })
    .toMatch(/ready|refused/);
async function uploaded(name: string, text = procedure(name)): Promise<string> {
  const { status, body } = await upload(owner, collection, name, text);
  expect([status, body["detail"]]).toEqual([202, undefined]);
  await settled(String(body["id"]));
  return String(body["id"]);
}

describe("documents", () => {
  test("FIL-01 what is uploaded is read, and a file of the same name becomes the next revision", async () => {
    const id = await uploaded("sop-1.txt");
    const text = await by("GET", `${base}/documents/${id}/text`);
    expect([text.status, text.headers.get("content-type")]).toEqual([200, "application/json; charset=utf-8"]);
    expect(text.body).toMatchObject({ text: expect.stringContaining("every complaint"), pages: [{ number: 1 }] });
    const again = await upload(owner, collection, "sop-1.txt", procedure("changed"));
    expect(again.body).toMatchObject({ id, revision: 2 });
    await settled(id);
    expect((await by("GET", `${base}/documents/${id}/text`)).text).toContain("changed");
    expect((await by("GET", `${base}/documents/${id}/text?revision=1`)).text).not.toContain("changed");
    expect((await by("GET", `${base}/documents/${id}/text?revision=3`)).status).toBe(404);
  });

  test("FIL-01 what is no document is refused with its reason, and nothing of it is kept", async () => {
    const before = (await documents()).length;
    for (const [name, content, code] of [
      ["a.exe", "MZ\u0000\u0001", "file.wrong-type"],
      ["a.txt", "", "file.empty"],
      ["a.pdf", "%PDF-1.4 cut", "file.corrupt"],
    ] as const) {
      const { status, body } = await upload(owner, collection, name, content);
      expect([name, status >= 400 && status < 500, body["code"]]).toEqual([name, true, code]);
    }
    expect(await documents()).toHaveLength(before);
  });

  test("TEN-01 another tenant uploads into, reads, links and deletes nothing here", async () => {
    const id = await uploaded("sop-2.txt");
    const theirs = server.as(rival);
    expect((await upload(rival, collection, "planted.txt", procedure("x"))).status).toBe(404);
    for (const [method, path] of [
      ["GET", `/documents/${id}/text`],
      ["POST", `/documents/${id}/download`],
      ["DELETE", `/documents/${id}?reason=Mine`],
    ] as const)
      expect([path, (await theirs(method, `${base}${path}`, { version: 1 })).status]).toEqual([path, 404]);
    expect(
      (await theirs("POST", `${base}/collections/${collection}/analyse`, { body: { pack: "iso-13485" } })).status,
    ).toBe(404);
    expect(itemsOf(await theirs("GET", `${base}/documents?collection=${collection}`))).toEqual([]);
  });

  test("FIL-03 deleting asks for the version and the permission, and ends the links that open its file", async () => {
    const id = await uploaded("sop-3.txt");
    const link = (await by("POST", `${base}/documents/${id}/download`)).body;
    expect((await server.anonymous("GET", String(link["url"]))).text).toBe(procedure("sop-3.txt"));
    const version = Number((await documents()).find((each) => each["id"] === id)?.["version"]);
    const away = `${base}/documents/${id}?reason=Superseded`;
    expect((await server.as(member)("DELETE", away, { version })).status).toBe(403);
    expect((await by("DELETE", away)).status).toBe(428);
    expect((await by("DELETE", away, { version: version + 1 })).status).toBe(412);
    expect((await server.anonymous("GET", String(link["url"]))).status).toBe(200);
    const silent = await by("DELETE", `${base}/documents/${id}`, { version });
    expect([silent.status, silent.body["code"]]).toEqual([422, "regulatory_docs.reason_missing"]);
    expect((await by("DELETE", `${base}/documents/${id}?reason=%20`, { version })).status).toBe(400);
    expect((await by("DELETE", away, { version })).status).toBe(204);
    expect((await server.anonymous("GET", String(link["url"]))).status).toBe(401);
    expect((await by("GET", `${base}/documents/${id}/text`)).status).toBe(404);
    expect((await documents()).map((each) => each["id"])).not.toContain(id);
  });
});

describe("runs and findings", () => {
  let run: string;
  let finding: { id: string; version: number; status: string };
  const act = (name: string, body: unknown, version = finding.version, who = by) =>
    who("POST", `${base}/findings/${finding.id}/${name}`, { version, body });
  const stateOf = async () => (await by("GET", `${base}/runs/${run}`)).body;

  test("a collection is analysed; an unknown pack, nothing to read and an unfinished run are said", async () => {
    expect(
      (await by("POST", `${base}/collections/${collection}/analyse`, { body: { pack: "none" } })).body["code"],
    ).toBe("regulatory_docs.pack_unknown");
    expect((await by("POST", `${base}/collections/${uuidv7()}/analyse`, { body: { pack: "iso-13485" } })).status).toBe(
      404,
    );
    const started = await by("POST", `${base}/collections/${collection}/analyse`, { body: { pack: "iso-13485" } });
    expect([started.status, started.body["detail"]]).toEqual([202, undefined]);
    run = String(started.body["runId"]);
    await expect
      .poll(async () => (await by("GET", `${base}/runs/${run}`)).status, { timeout: 90_000, interval: 300 })
      .toBe(200);
    const { findings } = await stateOf();
    if (!Array.isArray(findings) || findings.length < 50) throw new Error("The run has too few findings");
    const first: { id: string; version: number; status: string } = findings.find(
      (each: { status: string }) => each.status === "gap",
    );
    finding = first;
    const empty = String((await by("POST", `${base}/collections`, { body: { name: "Empty" } })).body["id"]);
    const nothing = await by("POST", `${base}/collections/${empty}/analyse`, { body: { pack: "iso-13485" } });
    if (nothing.status === 202) {
      const job = async () =>
        await fetch(`${server.origin}/api/jobs/${String(nothing.body["jobId"])}/events`, {
          headers: { cookie: `probity-session=${owner.session.token}` },
        }).then((answer) => answer.text());
      expect(await job()).toContain("regulatory_docs.nothing_to_analyse");
    } else expect(nothing.body["code"]).toBe("regulatory_docs.nothing_to_analyse");
  }, 120_000);

  test("AI-07 a decision stands beside the machine's status: from the version seen, taken back, never silently", async () => {
    expect((await act("accept", {}, 99)).status).toBe(412);
    expect((await by("POST", `${base}/findings/${finding.id}/accept`, { body: {} })).status).toBe(428);
    expect((await act("accept", {}, finding.version, server.as(rival))).status).toBe(404);
    expect((await act("override", { status: "gap", reasonCode: "other", reason: "same" })).body["code"]).toBe(
      "regulatory_docs.override_same",
    );
    expect((await act("override", { status: "covered", reasonCode: "other" })).status).toBe(400);
    const over = await act("override", {
      status: "covered",
      reasonCode: "other",
      reason: "The supplier file shows it.",
    });
    expect(over.body).toMatchObject({ version: finding.version + 1 });
    const shown = async () => {
      const { findings } = await stateOf();
      return Array.isArray(findings) ? findings.find((each: { id: string }) => each.id === finding.id) : undefined;
    };
    expect(await shown()).toMatchObject({ status: "gap", decidedStatus: "covered" });
    // SIG-06: what stands is changed or taken back for a reason alone.
    for (const name of ["reopen", "accept"]) {
      const silent = await act(name, {}, finding.version + 1);
      expect([name, silent.status, silent.body["code"]]).toEqual([name, 422, "regulatory_docs.reason_missing"]);
    }
    expect((await act("reopen", { reason: " " }, finding.version + 1)).status).toBe(400);
    expect((await act("reopen", { reason: "Read the wrong file" }, finding.version + 1)).status).toBe(200);
    expect(await shown()).toMatchObject({ status: "gap", decidedStatus: null, decision: null });
    expect((await act("reopen", {}, finding.version + 2)).body["code"]).toBe("regulatory_docs.not_decided");
    const reasons = await asDoor(
      server,
      "select version, reason, reason_code from kernel.change_reason where row_id = $1 order by version",
      [finding.id],
    );
    expect(reasons).toEqual([{ version: finding.version + 2, reason: "Read the wrong file", reason_code: null }]);
  });

  test("ACC-01 somebody of another workspace can't be assigned", async () => {
    const version = finding.version + 2;
    expect((await act("assign", { assigneeId: rival.membershipId }, version)).status).toBeGreaterThanOrEqual(400);
    expect((await act("assign", { assigneeId: member.membershipId }, version)).status).toBe(200);
    expect((await act("due", { dueOn: "2026-02-31" }, version + 1)).status).toBe(400);
    expect((await act("due", { dueOn: "2026-02-28" }, version + 1)).status).toBe(200);
  });

  test("a due date is taken back and an assignee unassigned: nobody is reminded of it any more", async () => {
    const shown = async () => {
      const { findings } = await stateOf();
      return Array.isArray(findings) ? findings.find((each: { id: string }) => each.id === finding.id) : undefined;
    };
    const waits = async () => {
      const items = await server.kernel.door.work(member.session, "regulatory_docs.collection.read", (tx) =>
        homeItems(tx, "acme"),
      );
      return items.some(({ detail, reason }) => detail === "due 2026-02-28" && reason === "assigned to you");
    };
    const before = await shown();
    expect(before).toMatchObject({ dueOn: "2026-02-28", assignee: { id: member.membershipId } });
    expect(await waits()).toBe(true);
    // Neither takes the other with it.
    expect((await act("due", { dueOn: null }, before.version)).status).toBe(200);
    expect(await shown()).toMatchObject({ dueOn: null, assignee: { id: member.membershipId } });
    expect((await act("assign", { assigneeId: null }, before.version + 1)).status).toBe(200);
    expect(await shown()).toMatchObject({ dueOn: null, assignee: null, version: before.version + 2 });
    expect(await waits()).toBe(false);
    expect((await act("due", {}, before.version + 2)).status).toBe(400);
  });

  test("the report leaves as PDF, CSV and JSON, for those who may alone", async () => {
    for (const [format, type] of [
      ["pdf", "application/pdf"],
      ["csv", "text/csv"],
      ["json", "application/json"],
    ] as const) {
      const answer = await by("GET", `${base}/runs/${run}/report?format=${format}`);
      expect([format, answer.status, answer.headers.get("content-type")?.startsWith(type)]).toEqual([
        format,
        200,
        true,
      ]);
    }
    expect((await server.as(rival)("GET", `${base}/runs/${run}/report?format=csv`)).status).toBe(404);
    expect((await server.anonymous("GET", `${base}/runs/${run}/report?format=csv`)).status).toBe(401);
  });
});
