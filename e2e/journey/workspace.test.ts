import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { sampleFiles } from "../../apps/regulatory-docs/sample-data/make.ts";
import { objections } from "./audit-page.ts";
import { closeVisits, openBrowser, type Visit, visit } from "./browser.ts";
import { colleague, join as joinAs, workspaceOf } from "./colleague.ts";
import { copyHome, type Instance, startInstance } from "./instance.ts";
import { ana } from "./people.ts";
import { settled } from "./settled.ts";
import { tellFailures } from "./tell-failure.ts";

const browser = await openBrowser();
const base = "/w/acme-devices";
const grid = (page: Page) => page.getByRole("grid", { name: "Requirements" });
const selected = (page: Page) => grid(page).locator('[role="row"][aria-selected="true"]');
const idOf = async (page: Page) => new URL(page.url()).searchParams.get("req");

describe.skipIf(browser === null)("a quality manager's first hour", () => {
  tellFailures(browser);
  let instance: Instance;
  let folder: string;
  let owner: Visit;
  let run: string;
  const files: string[] = [];
  beforeAll(async () => {
    instance = await startInstance(await copyHome(inject("startedHome")));
    folder = await mkdtemp(join(tmpdir(), "probity-procedures-"));
    for (const file of (await sampleFiles()).filter((each) => /QM-001|SOP-0[1-6]/.test(each.fileName))) {
      files.push(join(folder, file.fileName));
      await writeFile(join(folder, file.fileName), file.bytes);
    }
    // Pages opened faster than a person can spend the budget of ten calls a second; the client waits and asks again.
    // Who is second to save is told so by a 412.
    owner = await visit(
      browser ?? expect.fail("no browser"),
      { acceptDownloads: true },
      /status of (403|412|429)|ERR_CONNECTION_RESET/,
    );
  });
  afterAll(async () => {
    await closeVisits(browser);
    await instance?.remove();
    await rm(folder, { recursive: true, force: true });
  });

  test("set-up by link: owner, workspace, and nothing before the last button", async () => {
    const { page } = owner;
    await page.goto(instance.url + (instance.setUpPath ?? expect.fail("no set-up link")));
    await page.getByLabel("Your name").fill(ana.name);
    await page.getByLabel("E-mail").fill(ana.email);
    await page.getByLabel("Password", { exact: true }).fill(ana.password);
    await page.getByRole("button", { name: "Go on to workspace" }).click();
    await page.getByLabel("Workspace", { exact: true }).fill(ana.workspace);
    expect(await page.getByText("Idle time before sign-out").isVisible()).toBe(true);
    await page.getByRole("button", { name: "Go on to sample data" }).click();
    await page.getByLabel(/^Add sample documents/).uncheck();
    const early = await page.request.get(`${instance.url}/api/instance`);
    expect(await early.json()).toMatchObject({ setUp: false });
    await page.getByRole("button", { name: "Create owner and workspace" }).click();
    await page.waitForURL(`**${base}/home`);
    await page.getByText("Nothing waits for you.").waitFor();
  });

  test("procedures dropped into a collection are analysed to a gap result", async () => {
    const { page } = owner;
    await page.goto(`${instance.url}${base}/regulatory-docs/collections`);
    await page.getByRole("button", { name: "New collection" }).first().click();
    await page.getByLabel("Name", { exact: true }).fill("QMS 2026");
    await page.getByRole("button", { name: "Create collection" }).click();
    await page.getByRole("heading", { name: "QMS 2026" }).waitFor();
    await page.getByLabel("Files", { exact: true }).setInputFiles(files);
    const analyse = page.getByRole("button", { name: `Analyse ${files.length} documents` });
    await analyse.waitFor();
    await page.getByRole("link", { name: "50 MB" }).waitFor();
    // Refused acts stay in place with their reason: ready means it can be pressed.
    await page.locator("button:not([data-refused])", { hasText: `Analyse ${files.length} documents` }).click();
    await page.waitForURL("**/regulatory-docs/runs/**");
    await grid(page).waitFor();
    run = page.url().split("?")[0] ?? "";
  });

  test("with the keyboard alone: through the list, the evidence, the document, an override and back", async () => {
    const { page } = owner;
    await page.goto(`${run}?f=partial`);
    await grid(page).waitFor();
    await selected(page).focus();
    const keys = page.keyboard;
    await keys.press("j");
    const second = await idOf(page);
    await keys.press("j");
    expect(await idOf(page)).not.toBe(second);
    await keys.press("k");
    expect(await idOf(page)).toBe(second);
    const evidence = page.getByRole("list", { name: "Evidence" }).getByRole("listitem");
    expect(await evidence.count()).toBeGreaterThan(1);
    const active = () => page.locator('mark[data-active="true"]').first().getAttribute("data-evidence");
    await keys.press("2");
    await expect.poll(active).toBe("1");
    await keys.press("[");
    await expect.poll(active).toBe("0");
    await keys.press("]");
    await expect.poll(active).toBe("1");
    await keys.press("Enter");
    const focused = () => page.evaluate(() => document.activeElement?.closest("[data-viewer]") !== null);
    await expect.poll(focused).toBe(true);
    await keys.press("Escape");
    await expect.poll(focused).toBe(false);
    expect(await selected(page).evaluate((row) => row === document.activeElement)).toBe(true);

    await keys.press("o");
    const form = page.getByRole("form", { name: `Override ${second}` });
    await form.waitFor();
    await keys.press("Control+Enter");
    expect(await form.isVisible()).toBe(true);
    await form.getByLabel("Reason in words").focus();
    await keys.type("The supplier file holds the evidence.");
    // Whoever is quick takes it back while it is still on its way.
    await page.route("**/override", async (route) => {
      const answer = await route.fetch();
      await new Promise((resolve) => setTimeout(resolve, 700));
      await route.fulfill({ response: answer });
    });
    const sent = page.waitForResponse((answer) => answer.url().endsWith("/override"));
    await keys.press("Control+Enter");
    await page.getByText(`${second} overridden.`).first().waitFor();
    expect(await idOf(page)).not.toBe(second);
    const undone = page.waitForResponse((answer) => answer.url().endsWith("/reopen"));
    await keys.press("u");
    expect((await sent).status()).toBe(200);
    expect((await undone).status()).toBe(200);
    await page.unroute("**/override");
    await expect.poll(() => idOf(page)).toBe(second);
    await page.reload();
    await grid(page).waitFor();
    expect(await selected(page).getAttribute("aria-label")).toMatch(/undecided$/);
  });

  test("an override keeps the machine's status beside it, and the report downloads as PDF", async () => {
    const { page } = owner;
    await page.goto(`${run}?f=partial`);
    await grid(page).waitFor();
    const id = await grid(page)
      .getByRole("row", { name: /partial, undecided$/ })
      .first()
      .getAttribute("aria-label");
    await page.getByRole("button", { name: "Override" }).click();
    await page.getByLabel("New status").selectOption("covered");
    await page.getByLabel("Reason in words").fill("Form F-06-02 shows it.");
    const sent = page.waitForResponse((answer) => answer.url().endsWith("/override"));
    await page.getByRole("button", { name: "Override finding" }).click();
    expect((await sent).status()).toBe(200);
    await page.goto(`${run}?req=${id?.split(" ")[0] ?? ""}`);
    const article = page.getByRole("article");
    await article.getByText("Form F-06-02 shows it.").waitFor();
    expect(await article.locator("s").innerText()).toBe("partial");
    await page.getByRole("button", { name: /^Report/ }).click();
    const [file] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("menuitem", { name: "Report (PDF)" }).click(),
    ]);
    expect(file.suggestedFilename()).toMatch(/\.pdf$/);
    const bytes = await readFile(await file.path());
    expect(bytes.subarray(0, 5).toString()).toBe("%PDF-");
    expect(bytes.length).toBeGreaterThan(20_000);
  });

  test("a policy is changed with its reason, and the page that states it says the new number", async () => {
    const { page } = owner;
    await page.goto(`${instance.url}${base}/policy`);
    await page.getByRole("button", { name: "Change largest upload" }).click();
    await page.getByRole("textbox", { name: "Largest upload, in MB" }).fill("20");
    await page.getByRole("button", { name: "Change policy" }).click();
    await page.getByText("Say why").first().waitFor();
    await page.getByRole("textbox", { name: "Reason" }).fill("Our procedures are small.");
    await page.getByRole("button", { name: "Change policy" }).click();
    const proof = page.getByRole("dialog", { name: "Confirm it is you" });
    // Nobody reaches for the mouse to say who they are.
    await expect
      .poll(() => proof.getByLabel("Your password").evaluate((box) => box === document.activeElement))
      .toBe(true);
    await page.keyboard.type(ana.password);
    await page.keyboard.press("Enter");
    await page.getByText("“Our procedures are small.”").waitFor();
    expect(await page.getByLabel("differs from the preset").count()).toBe(1);
    await page.goto(`${instance.url}${base}/regulatory-docs/collections`);
    await page.getByRole("link", { name: "QMS 2026" }).first().click();
    await page.getByRole("link", { name: "20 MB" }).click();
    await page.waitForURL(/policy\?at=file\.maxMegabytes/);
  });

  test("the list of collections exports through the server and leaves its event in the audit trail", async () => {
    const { page } = owner;
    await page.goto(`${instance.url}${base}/regulatory-docs/collections?q=QMS`);
    const [file] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Export this selection (CSV)" }).click(),
    ]);
    expect(await readFile(await file.path(), "utf8")).toContain("QMS 2026");
    await page.goto(`${instance.url}${base}/audit?action=regulatory_docs.collection.export`);
    await page.getByText("List of collections exported").waitFor();
    expect(await page.getByRole("row").count()).toBe(2);
  });

  test("an act whose answer was lost happens once when it is sent again, and its document opens from its list", async () => {
    const { page } = owner;
    await page.goto(`${instance.url}${base}/regulatory-docs/collections`);
    const route = "**/api/regulatory-docs/collections";
    await page.route(route, async (call) => {
      if (call.request().method() !== "POST") return call.fallback();
      await call.fetch();
      await call.abort("connectionreset");
    });
    await page.getByRole("button", { name: "New collection" }).first().click();
    await page.getByLabel("Name", { exact: true }).fill("Sent twice");
    await page.getByRole("button", { name: "Create collection" }).click();
    await page.getByText("The server did not answer.").waitFor();
    await page.unroute(route);
    await page.getByRole("button", { name: "Create collection" }).click();
    await page.getByRole("heading", { name: "Sent twice" }).waitFor();
    await page.goto(`${instance.url}${base}/regulatory-docs/collections?q=Sent`);
    await page.getByRole("link", { name: "Sent twice", exact: true }).waitFor();
    expect(await page.getByRole("link", { name: "Sent twice", exact: true }).count()).toBe(1);
    await page.goto(`${instance.url}${base}/regulatory-docs/collections?q=QMS`);
    await page.getByRole("link", { name: "QMS 2026", exact: true }).click();
    await page.getByRole("table", { name: "Documents" }).getByRole("link").first().click();
    await page
      .getByRole("group", { name: /^Text of/ })
      .getByText("Quality manual")
      .first()
      .waitFor();
  });

  test("two people edit one record: the second sees what changed, keeps their own words, and saves on top of it", async () => {
    const { page } = owner;
    const workspace = await workspaceOf(owner, instance.url);
    const inviting = colleague(owner, instance.url, workspace, ana.email, ana.password);
    const bo = { name: "Bo Lind", email: "bo@example.org" };
    const second = await joinAs(browser ?? expect.fail("no browser"), instance.url, workspace, inviting, bo);
    await page.goto(`${instance.url}${base}/regulatory-docs/collections?q=QMS`);
    await page.getByRole("link", { name: "QMS 2026" }).first().click();
    await page.getByRole("heading", { name: "QMS 2026" }).waitFor();
    const edit = async (by: Page, field: string, value: string, why: string) => {
      await by.getByRole("button", { name: "Edit name" }).click();
      await by.getByLabel(field, { exact: true }).fill(value);
      await by.getByLabel("Why it is changed").fill(why);
    };
    await edit(page, "Name", "QMS 2026, Lund", "There is a second site now.");
    await second.page.goto(page.url());
    await edit(second.page, "What it holds", "Procedures in force", "Drafts left it.");
    await second.page.getByRole("button", { name: "Save collection" }).click();
    await second.page.getByText("Procedures in force").waitFor();

    await page.getByRole("button", { name: "Save collection" }).click();
    await page.getByText("What it holds: empty → Procedures in force, taken over.").waitFor();
    const typed = (field: string) => page.getByLabel(field, { exact: true }).inputValue();
    expect([await typed("Name"), await typed("What it holds")]).toEqual(["QMS 2026, Lund", "Procedures in force"]);
    await page.getByRole("button", { name: "Save collection" }).click();
    await page.getByRole("heading", { name: "QMS 2026, Lund" }).waitFor();
    expect(await page.getByText("Procedures in force").count()).toBe(1);
    await second.page.context().close();
  });

  test("every page is clean of axe in light and dark, and no content security policy was broken on the way", async () => {
    const { page, faults } = owner;
    const found: string[] = [];
    const pages: [string, string][] = [
      ["home", `${instance.url}${base}/home`],
      ["collections", `${instance.url}${base}/regulatory-docs/collections`],
      ["gap result", run],
      ["evidence map", `${run}?show=map`],
      ["people", `${instance.url}${base}/people`],
      ["audit", `${instance.url}${base}/audit`],
      ["policy", `${instance.url}${base}/policy`],
      ["me", `${instance.url}/me`],
      ["nowhere", `${instance.url}${base}/nowhere`],
    ];
    for (const [name, url] of pages) {
      await page.goto(url);
      await settled(page);
      found.push(...(await objections(page, name)));
    }
    await page.goto(`${instance.url}${base}/regulatory-docs/collections`);
    await page.getByRole("link", { name: "QMS 2026" }).first().click();
    await page.getByRole("heading", { name: "QMS 2026" }).waitFor();
    await settled(page);
    found.push(...(await objections(page, "collection")));
    expect(found).toEqual([]);
    expect(faults).toEqual([]);
  });
});
