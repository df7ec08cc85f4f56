import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { bundleLines, bundleText, proofOfLeaf, TestLog, TestSigner } from "@probity/verify/testing";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { sampleFiles } from "../../apps/regulatory-docs/sample-data/make.ts";
import { objections } from "./audit-page.ts";
import { closeVisits, openBrowser, visit } from "./browser.ts";
import { copyHome, type Instance, startInstance } from "./instance.ts";
import { settled } from "./settled.ts";
import { tellFailures } from "./tell-failure.ts";

const browser = await openBrowser();

describe.skipIf(browser === null)("a visitor without an account", () => {
  tellFailures(browser);
  let instance: Instance;
  let folder: string;
  beforeAll(async () => {
    instance = await startInstance(await copyHome(inject("startedHome")), { probes: true });
    folder = await mkdtemp(join(tmpdir(), "probity-procedures-"));
    for (const file of await sampleFiles()) await writeFile(join(folder, file.fileName), file.bytes);
  });
  afterAll(async () => {
    await closeVisits(browser);
    await instance?.remove();
    await rm(folder, { recursive: true, force: true });
  });
  const chrome = () => browser ?? expect.fail("no browser");

  test("drops procedures on the first page and reads gaps beside their quotes, highlighted in the document", async () => {
    const { page, faults } = await visit(chrome());
    await page.goto(instance.url);
    await settled(page);
    const scripts = await page.evaluate(() =>
      performance.getEntriesByType("resource").flatMap((entry) => (/\.m?js$/.test(entry.name) ? [entry.name] : [])),
    );
    let packed = 0;
    for (const script of scripts) packed += gzipSync(await (await page.request.get(script)).body()).length;
    console.info(
      `The first page loads ${Math.round(packed / 1000)} kB of scripts, gzipped, in ${scripts.length} files`,
    );
    expect(packed).toBeGreaterThan(50_000);
    expect(packed).toBeLessThan(250_000);
    const names = (await sampleFiles()).map((file) => join(folder, file.fileName));
    await page.getByLabel("Files", { exact: true }).setInputFiles(names);
    await page.getByRole("grid", { name: "Requirements" }).waitFor();
    expect(await page.getByRole("row", { name: /, gap$/ }).count()).toBeGreaterThan(5);

    await page.getByRole("row", { name: /^7\.4\.1 / }).click();
    const evidence = page.getByRole("list", { name: "Evidence" }).getByRole("button", { name: /^Evidence 2/ });
    await evidence.click();
    const quote = (await evidence.innerText()).replace(/^[\s\S]*?“([\s\S]*)”[\s\S]*$/, "$1");
    const mark = page.locator('mark[data-active="true"]');
    await mark.first().waitFor();
    const marked = (await mark.allInnerTexts()).join("").replace(/^\d+/, "");
    const plain = (text: string) => text.replaceAll(/\s+/g, " ").trim();
    expect(plain(quote).length).toBeGreaterThan(20);
    expect(plain(marked)).toBe(plain(quote));
    expect(await mark.first().isVisible()).toBe(true);
    expect(await mark.first().evaluate((node) => getComputedStyle(node).backgroundColor)).not.toBe("rgba(0, 0, 0, 0)");
    expect(await objections(page, "result of a free check")).toEqual([]);
    expect(faults).toEqual([]);
    // Nothing of a visitor is kept: a fresh load knows nothing of it.
    await page.goto(instance.url);
    expect(await page.getByRole("grid").count()).toBe(0);
    await page.context().close();
  });

  test("takes the sample procedures; the finding the first page shows is the one they give", async () => {
    const { page, faults } = await visit(chrome());
    await page.goto(instance.url);
    const shown = page.getByRole("figure");
    await shown.locator("q").waitFor();
    const status = await shown.getByText(/^(?:covered|partial|gap)$/).innerText();
    const [quote, step] = [
      await shown.locator("q").innerText(),
      await shown.getByText("Next step.").locator("..").innerText(),
    ];
    const lines = await shown.getByRole("listitem").allInnerTexts();
    await page.getByRole("button", { name: "Take the sample procedures" }).click();
    await page.getByRole("grid", { name: "Requirements" }).waitFor();
    await page.getByRole("row", { name: new RegExp(`^7\\.4\\.1 .*, ${status}$`) }).click();
    const detail = page.getByRole("article");
    const said = (await detail.innerText()).replaceAll(/\s+/g, " ");
    const plain = (text: string) => text.replaceAll(/[“”"]/g, "").replaceAll(/\s+/g, " ").trim();
    expect(plain(said)).toContain(plain(quote));
    expect(plain(said)).toContain(plain(step));
    for (const line of lines) expect(plain(said)).toContain(plain(line).replace(/\s*\d$/, ""));
    expect(faults).toEqual([]);
    await page.context().close();
  });

  test("the public pages carry no fault of axe and break no content security policy", async () => {
    const { page, faults } = await visit(chrome());
    const found: string[] = [];
    for (const path of ["/", "/signin", "/trust", instance.setUpPath ?? "/"]) {
      await page.goto(instance.url + path);
      await page.getByRole("heading", { level: 1 }).waitFor();
      found.push(...(await objections(page, path)));
    }
    expect(found).toEqual([]);
    expect(faults).toEqual([]);
    await page.context().close();
  });

  test("LED-03 verifies an export in the browser, sends nothing of it, and keeps the verifier as one file", async () => {
    const log = new TestLog();
    log.grow(40);
    log.erase(7, ["source"]);
    const lines = bundleText(bundleLines(log));
    const { page, faults } = await visit(chrome());
    await page.goto(`${instance.url}/verify`);
    await settled(page);
    const requests: string[] = [];
    page.on("request", (request) =>
      requests.push(`${request.method()} ${new URL(request.url()).pathname} ${request.postData() ?? ""}`),
    );
    const drop = async (name: string, text: string) => {
      await page.getByLabel("Files", { exact: true }).setInputFiles({ name, mimeType: "", buffer: Buffer.from(text) });
      await page.getByText(`${name} ·`).waitFor();
      return page.locator("#outcome").innerText();
    };
    expect(await drop("export.jsonl", lines)).toBe("Verified, with erasures");
    expect(await drop("changed.jsonl", lines.replace("Title 20", "Title 21"))).toBe("Tampered with");
    expect(await drop("proof.json", JSON.stringify(proofOfLeaf(log, 3)))).toBe("Verified");
    // The worker's own script is all that is fetched, and its policy lets it fetch nothing itself.
    const own = requests.find((request) => request.startsWith("GET /assets/verify-worker-"))?.split(" ")[1] ?? "";
    expect(requests.filter((request) => request !== `GET ${own} `)).toEqual([]);
    const { "content-security-policy": policy } = (await page.request.get(`${instance.url}${own}`)).headers();
    expect(policy).toMatch(/^default-src 'none';(?!.*connect-src)/);
    await page.getByText("What you trust already").click();
    await page.getByLabel(/^Verifier keys/).fill(new TestSigner(log.origin, "another").vkey);
    await page.getByRole("button", { name: "Verify proof.json again" }).click();
    await page.getByRole("heading", { name: "Tampered with" }).waitFor();
    expect(await objections(page, "verification")).toEqual([]);

    const verifier = await page.request.get(
      new URL((await page.getByRole("link", { name: /^Download/ }).getAttribute("href")) ?? "", instance.url).href,
    );
    await writeFile(join(folder, "probity-verify.mjs"), await verifier.body());
    await writeFile(join(folder, "export.jsonl"), lines);
    const alone = spawnSync(process.execPath, ["probity-verify.mjs", "export.jsonl", "--key", log.signer.vkey], {
      cwd: folder,
      encoding: "utf8",
    });
    expect(alone.stdout).toMatch(/^● VERIFIED_WITH_ERASURES[\s\S]*pinned/);
    expect(alone.status).toBe(0);
    expect(faults).toEqual([]);
  });

  test("SIG-03 who was handed a sealed document checks it in the browser, offline, and hears of one changed byte", async () => {
    const { page, faults } = await visit(chrome());
    const download = await page.request.get(`${instance.url}/api/seal/specimen`);
    const bytes = await download.body();
    await page.goto(`${instance.url}/verify`);
    await settled(page);
    await page.context().setOffline(true);
    const drop = (buffer: Buffer, name: string) =>
      page.locator("input[type=file]").first().setInputFiles({ name, mimeType: "application/pdf", buffer });
    await drop(bytes, "report.pdf");
    await page.getByText("Nothing in this file changed since it was sealed.").waitFor();
    await page.getByText(/it is self-signed, so compare its fingerprint/).waitFor();
    await page.getByText("seal.json").waitFor();
    const changed = Buffer.from(bytes);
    changed[60] = (changed[60] ?? 0) ^ 1;
    await drop(changed, "changed.pdf");
    await page.getByText("The signed bytes were changed after signing.").waitFor();
    expect(faults).toEqual([]);
    await page.context().close();
  });
});
