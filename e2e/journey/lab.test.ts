import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { standardTemplate } from "../../apps/lab/certificate/template.ts";
import { closeVisits, openBrowser, visit } from "./browser.ts";
import { colleague, type Colleague, enableSigning, join, provoked } from "./colleague.ts";
import { copyHome, type Instance, startInstance } from "./instance.ts";
import { ana, setUp } from "./people.ts";
import { settled } from "./settled.ts";
import { tellFailures } from "./tell-failure.ts";

const browser = await openBrowser();

describe.skipIf(browser === null)("LAB a result out of specification, from receipt to the certificate", () => {
  tellFailures(browser);
  let instance: Instance;
  let owner: Colleague;
  let technician: Colleague;
  let reviewer: Colleague;
  let certifier: Colleague;
  let sample: string;
  let investigation: string;
  const lab = (tail: string) => `${instance.url}/w/acme-devices/lab/${tail}`;

  beforeAll(async () => {
    const chromium = browser ?? expect.fail("no browser");
    instance = await startInstance(await copyHome(inject("startedHome")));
    const seen = await visit(chromium, {}, provoked);
    const path = instance.setUpPath ?? expect.fail("no set-up link");
    const workspace = await setUp(seen.page.context().request, instance.url, path, { sampleData: false });
    owner = colleague(seen, instance.url, workspace, ana.email);
    const invite = (who: { name: string; email: string; lab?: string }) =>
      join(chromium, instance.url, workspace, owner, who);
    technician = await invite({ name: "Tom Weaver", email: "tom@example.org" });
    reviewer = await invite({ name: "Rita Sand", email: "rita@example.org", lab: "reviewer" });
    certifier = await invite({ name: "Cora Field", email: "cora@example.org", lab: "reviewer" });
    await enableSigning(owner, reviewer, "Rita Sand");
    await enableSigning(owner, certifier, "Cora Field");
    await owner.call("POST", "/api/lab/certificate-templates", {
      name: "Standard",
      reason: "First",
      definition: { ...standardTemplate, laboratory: "Acme QC" },
    });
    const product = await owner.call("POST", "/api/lab/products", {
      code: "WFI",
      name: "Water for injection",
      kind: "water",
      description: null,
    });
    const method = await owner.call("POST", "/api/lab/methods", { code: "CHE-03", title: "pH" });
    const ph = { key: "ph", name: "pH", unit: "", kind: "number", decimals: 1, rule: "half-up" };
    await owner.call("POST", `/api/lab/methods/${String(method["id"])}/versions`, {
      reason: "First",
      definition: { fields: [], analytes: [ph] },
    });
    await owner.call("POST", "/api/lab/specifications", {
      productId: product["id"],
      code: "SPC-WFI",
      title: "Water for injection",
      reason: "First",
      limits: [{ methodId: method["id"], analyte: "ph", low: "5.0", high: "7.0", compare: "entered" }],
    });
  });
  afterAll(async () => {
    await closeVisits(browser);
    await instance?.remove();
  });

  test("a technician registers, receives and enters; the value out of specification is seen at once", async () => {
    const { page, faults } = technician;
    await page.goto(lab("samples"));
    await settled(page);
    await page.getByRole("button", { name: "Register samples" }).first().click();
    await page.locator("#new-product").selectOption({ index: 1 });
    await page.locator("#new-lot").fill("L-77");
    await page.getByRole("button", { name: "Register sample", exact: true }).click();
    await page
      .getByRole("link", { name: /S-\d\d-\d+/ })
      .first()
      .click();
    await page.getByRole("heading", { name: /^S-\d\d-\d+/ }).waitFor();
    sample = page.url();
    await page.getByRole("button", { name: "Receive", exact: true }).click();
    await page.locator("#receive-place").fill("Fridge 1");
    await page.getByRole("dialog").getByRole("button", { name: "Receive", exact: true }).click();
    await page.getByRole("textbox", { name: /pH/ }).waitFor();
    await page.getByRole("textbox", { name: /pH/ }).fill("7.9");
    await page.keyboard.press("Control+s");
    await page.getByText("out of specification").first().waitFor();
    await page.getByRole("button", { name: /History of/ }).click();
    await page.getByRole("button", { name: "Open investigation" }).click();
    await page.getByRole("heading", { name: "Assess in the laboratory" }).waitFor();
    for (const each of await page.getByRole("radio", { name: "In order", exact: true }).all()) await each.check();
    await page.locator("#cause").selectOption("laboratory-error");
    await page.getByLabel("What was found", { exact: true }).fill("The electrode had dried out");
    await page.getByRole("button", { name: "Save assessment" }).click();
    await page.getByText("Plan a retest").waitFor();
    investigation = page.url();
    expect(faults).toEqual([]);
  });

  test("nothing is tested again before another person approved the plan", async () => {
    await reviewer.page.goto(sample);
    await reviewer.page.getByRole("button", { name: /History of/ }).click();
    await reviewer.page.locator("#retest-why").fill("Once more");
    await reviewer.page.getByRole("button", { name: "Order retest" }).click();
    await reviewer.page.getByText(/plan/i).last().waitFor();
    await owner.page.goto(investigation);
    await owner.page.getByLabel("What, by whom, from which preparation").fill("New electrode, same preparation");
    await owner.page.getByRole("button", { name: "Hand over for approval" }).click();
    await owner.page.getByText("You planned it").first().waitFor({ state: "attached" });
    await reviewer.page.goto(investigation);
    await reviewer.page.getByRole("button", { name: "Approve plan" }).click();
    await proveHere(reviewer);
    await reviewer.page.getByText(/before any retest/).waitFor();
    await reviewer.page.goto(sample);
    await reviewer.page.getByRole("button", { name: /History of/ }).click();
    await reviewer.page.locator("#retest-why").fill("By the approved plan");
    await reviewer.page.getByRole("button", { name: "Order retest" }).click();
    await reviewer.page.getByText("retest 1").first().waitFor();
  });

  test("the retest is entered, the cause concluded, and a signature verifies all of it", async () => {
    await technician.page.goto(sample);
    await technician.page.getByRole("textbox", { name: /pH/ }).fill("6.4");
    await technician.page.keyboard.press("Control+s");
    await technician.page.getByText("1 touched").waitFor({ state: "detached" });
    const { page, faults } = reviewer;
    await page.goto(investigation);
    await page.getByLabel("Why", { exact: true }).fill("Dry electrode; the retest agrees with the trend");
    await page.getByLabel("Corrective action").fill("CAPA-17");
    await page.getByRole("button", { name: "Conclude" }).click();
    await proveHere(reviewer);
    await page.getByText(/Concluded by Rita/).waitFor();
    await page.goto(sample);
    await page.getByRole("button", { name: "Verify and sign", exact: true }).click();
    await signHere(reviewer);
    await page.getByText("Verified and locked").waitFor();
    expect(faults).toEqual([]);
  });

  test("the certificate tells of it, is signed and sealed, and is verified offline by whoever was handed it", async () => {
    await reviewer.page.getByRole("button", { name: "Publish" }).click();
    await reviewer.page.getByText("Published and locked").waitFor();
    const { page, faults } = certifier;
    await page.goto(sample);
    await page.getByRole("button", { name: "Prepare certificate" }).click();
    await page.getByRole("heading", { name: "As it is printed" }).waitFor();
    await page.getByRole("button", { name: /^Sign / }).click();
    await signHere(certifier);
    const button = page.getByRole("button", { name: "Download PDF" });
    await page.locator('button:not([aria-disabled="true"])', { hasText: "Download PDF" }).waitFor();
    const [download] = await Promise.all([page.waitForEvent("download"), button.click()]);
    const path = await download.path();
    const outsider = await visit(browser ?? expect.fail("no browser"));
    await outsider.page.goto(`${instance.url}/verify`);
    await settled(outsider.page);
    await outsider.page.context().setOffline(true);
    await outsider.page.locator("input[type=file]").first().setInputFiles(path);
    await outsider.page.getByText("Nothing in this file changed since it was sealed.").waitFor();
    expect([...faults, ...outsider.faults]).toEqual([]);
  });

  test("an amendment opened from the certificate it supersedes is sealed by itself", async () => {
    const { page, faults } = certifier;
    const superseded = await page.locator("h1").textContent();
    await page.getByRole("button", { name: "Amend", exact: true }).click();
    await page.getByLabel("Why", { exact: true }).fill("The lot was printed without its suffix");
    await page.getByRole("button", { name: "Prepare amendment" }).click();
    await page.locator("h1", { hasNotText: superseded ?? "" }).waitFor();
    await page.getByRole("button", { name: /^Sign / }).click();
    await signHere(certifier);
    await page.locator('button:not([aria-disabled="true"])', { hasText: "Download PDF" }).waitFor();
    expect(faults).toEqual([]);
  });

  /** Gives the fresh proof that a grave act asks for. */
  async function proveHere({ page, password }: Colleague) {
    await page.locator("#step-up").fill(password);
    await page.keyboard.press("Enter");
  }

  /** Looks at what is signed, then signs it: by name and password, or within a series of signatures by password alone. */
  async function signHere({ page, email, password }: Colleague) {
    const dialog = page.getByRole("dialog").last();
    await dialog.getByRole("radio").first().check();
    await dialog.getByRole("button", { name: "Go on to sign" }).click();
    await dialog.locator("#sign-password").waitFor();
    const user = dialog.locator("#sign-user");
    if (await user.isVisible()) await user.fill(email);
    await dialog.locator("#sign-password").fill(password);
    await dialog.getByRole("button", { name: /^Sign as/ }).click();
  }
});
