import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { closeVisits, openBrowser, type Visit, visit } from "./browser.ts";
import { workspaceOf } from "./colleague.ts";
import { childEnvironment, copyHome, type Instance, startInstance } from "./instance.ts";
import { sampleRun, setUp } from "./people.ts";
import { tellFailures } from "./tell-failure.ts";

const browser = await openBrowser();
const script = join(import.meta.dirname, "second-workspace.ts");

describe.skipIf(browser === null)("a member of another workspace", () => {
  tellFailures(browser);
  let instance: Instance;
  let workspace: string;
  let theirs: { collection: string; run: string; document: string; finding: string };
  let ben: Visit;

  beforeAll(async () => {
    const chrome = browser ?? expect.fail("no browser");
    const first = await startInstance(await copyHome(inject("startedHome")));
    const owner = await chrome.newContext();
    workspace = await setUp(owner.request, first.url, first.setUpPath ?? expect.fail("no set-up link"));
    const sample = await sampleRun(owner.request, first.url, workspace);
    const opened = await owner.request.get(`${first.url}/api/regulatory-docs/runs/${sample.run}`, {
      headers: { "probity-workspace": workspace },
    });
    const run: { documents: { id: string }[]; findings: { id: string }[] } = await opened.json();
    theirs = { ...sample, document: run.documents[0]?.id ?? "", finding: run.findings[0]?.id ?? "" };
    await owner.close();
    await first.stop();
    const password = "another sentence nobody guesses";
    await promisify(execFile)(process.execPath, [script, "ben@example.org", password, "Borealis Labs"], {
      env: childEnvironment(first.home, 1),
    });
    instance = await startInstance(first.home);
    ben = await visit(chrome, {}, /status of (404|429)/);
    await ben.page.goto(`${instance.url}/signin`);
    await ben.page.getByLabel("E-mail").fill("ben@example.org");
    await ben.page.getByLabel("Password", { exact: true }).fill(password);
    await ben.page.getByRole("button", { name: "Sign in", exact: true }).click();
    await ben.page.waitForURL("**/w/borealis-labs/home");
  });
  afterAll(async () => {
    await closeVisits(browser);
    await instance?.remove();
  });

  test("reads an empty workspace of their own", async () => {
    const { page } = ben;
    await page.goto(`${instance.url}/w/borealis-labs/regulatory-docs/collections`);
    await page.getByText("No collection yet.").waitFor();
    expect(await page.getByText("Acme").count()).toBe(0);
  });

  test("finds nothing under any address of the first workspace", async () => {
    const { page, faults } = ben;
    const tails = [
      "home",
      "audit",
      "people",
      "policy",
      "regulatory-docs/collections",
      `regulatory-docs/collections/${theirs.collection}`,
      `regulatory-docs/runs/${theirs.run}`,
    ];
    const addresses = [
      ...tails.map((tail) => `/w/acme-devices/${tail}`),
      // The same records named inside the reader's own workspace.
      ...tails
        .filter((tail) => tail.includes(theirs.collection) || tail.includes(theirs.run))
        .map((tail) => `/w/borealis-labs/${tail}`),
    ];
    const leaks: string[] = [];
    for (const address of addresses) {
      await page.goto(instance.url + address);
      await page.getByRole("heading", { name: "Nothing is here" }).waitFor();
      if (/Sample quality system|Ana Ruiz|Brackwater/.test(await page.content())) leaks.push(address);
    }
    expect(leaks).toEqual([]);
    expect(faults).toEqual([]);
  });

  test("is answered 404 by every call, named under either workspace", async () => {
    const { request } = ben.page.context();
    const own = await workspaceOf(ben, instance.url);
    const app = "/api/regulatory-docs";
    const calls: [method: string, path: string, data?: object][] = [
      ["GET", `${app}/collections/${theirs.collection}`],
      ["GET", `${app}/collections/${theirs.collection}/history`],
      ["PATCH", `${app}/collections/${theirs.collection}`, { name: "Mine", reason: "Mine" }],
      ["DELETE", `${app}/collections/${theirs.collection}?reason=Mine`],
      ["GET", `${app}/documents/${theirs.document}/text`],
      ["POST", `${app}/documents/${theirs.document}/download`],
      ["DELETE", `${app}/documents/${theirs.document}?reason=Mine`],
      ["POST", `${app}/collections/${theirs.collection}/analyse`, { pack: "iso-13485" }],
      ["GET", `${app}/runs/${theirs.run}`],
      ["GET", `${app}/runs/${theirs.run}/report?format=pdf`],
      ["POST", `${app}/findings/${theirs.finding}/accept`, {}],
    ];
    const send = (tenant: string, [method, path, data]: (typeof calls)[number]) =>
      request.fetch(instance.url + path, {
        method,
        ...(data === undefined ? {} : { data }),
        headers: {
          "probity-workspace": tenant,
          "probity-request": "1",
          origin: instance.url,
          "if-match": '"1"',
          "idempotency-key": `${tenant}-${method}-${path}`.slice(0, 100),
        },
      });
    // The budget is ten calls a second: who is told to wait waits, as any client would.
    const ask = async (tenant: string, call: (typeof calls)[number]) => {
      for (;;) {
        const answer = await send(tenant, call);
        if (answer.status() !== 429) return answer;
        await new Promise((resolve) => setTimeout(resolve, Number(answer.headers()["retry-after"]) * 1000));
      }
    };
    const statuses: Record<string, number[]> = {};
    const refused: Record<string, number[]> = {};
    for (const call of calls) {
      const name = `${call[0]} ${call[1].replaceAll(/[0-9a-f-]{36}/g, "…")}`;
      refused[name] = [404, 404];
      statuses[name] = [(await ask(own, call)).status(), (await ask(workspace, call)).status()];
    }
    expect(statuses).toEqual(refused);
  });
});
