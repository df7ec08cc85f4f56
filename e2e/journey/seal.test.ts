import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { openBrowser, visit } from "./browser.ts";
import { copyHome, type Instance, startInstance } from "./instance.ts";
import { settled } from "./settled.ts";

const browser = await openBrowser();

describe.skipIf(browser === null)("SIG-03 somebody who was handed a sealed document", () => {
  let instance: Instance;
  beforeAll(async () => {
    instance = await startInstance(await copyHome(inject("startedHome")));
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await instance?.remove();
  });

  test("checks it in the browser, offline, and hears of one changed byte", async () => {
    const { page, faults } = await visit(browser ?? expect.fail("no browser"));
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
