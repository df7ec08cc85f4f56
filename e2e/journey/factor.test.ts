import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import type { Page } from "playwright-core";
import { codeNow, secretOf } from "../../kernel/testing/totp-app.ts";
import { objections } from "./audit-page.ts";
import { closeVisits, openBrowser, visit } from "./browser.ts";
import { copyHome, type Instance, startInstance } from "./instance.ts";
import { ana, setUp } from "./people.ts";
import { tellFailures } from "./tell-failure.ts";

const browser = await openBrowser();

/** A person's own authenticator, as the browser sees one: it verifies the finger it is shown. */
async function withAuthenticator(page: Page) {
  const wire = await page.context().newCDPSession(page);
  await wire.send("WebAuthn.enable");
  const options = {
    protocol: "ctap2",
    transport: "internal",
    hasResidentKey: true,
    hasUserVerification: true,
    isUserVerified: true,
    automaticPresenceSimulation: true,
  } as const;
  const { authenticatorId } = await wire.send("WebAuthn.addVirtualAuthenticator", { options });
  const verified = (isUserVerified: boolean) =>
    wire.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified });
  return { verified };
}

describe.skipIf(browser === null)("a person with second factors", () => {
  tellFailures(browser);
  let instance: Instance;
  let site: string;
  let recoveryCodes: string[] = [];
  beforeAll(async () => {
    instance = await startInstance(await copyHome(inject("startedHome")));
    // A passkey is bound to a name; loopback's is localhost.
    site = instance.url.replace("127.0.0.1", "localhost");
  });
  afterAll(async () => {
    await closeVisits(browser);
    await instance?.remove();
  });
  const chrome = () => browser ?? expect.fail("no browser");
  // What the journey gets refused on purpose: a proof that is asked for, a half sign-in, the frozen workspace.
  const expected = /40[13]|423/;

  async function signIn(page: Page): Promise<void> {
    await page.goto(`${site}/signin`);
    await page.getByLabel("E-mail").fill(ana.email);
    await page.getByLabel("Password", { exact: true }).fill(ana.password);
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
  }
  async function signOut(page: Page): Promise<void> {
    await page.goto(`${site}/me`);
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.waitForURL(`${site}/`);
  }

  test("IDN-04 IDN-10 sets up an app and a passkey, signs in by each, and proves a grave act", async () => {
    const { page, faults } = await visit(chrome(), {}, expected);
    await setUp(page.context().request, site, instance.setUpPath ?? "");
    const key = await withAuthenticator(page);
    await page.context().clearCookies();
    await signIn(page);
    await page.waitForURL(/\/home$/);

    await page.goto(`${site}/me`);
    await page.getByRole("button", { name: "Set up an app" }).click();
    await page.getByRole("img", { name: /QR code/ }).waitFor();
    const secret = secretOf((await page.getByText(/^(?:[A-Z2-7]{4} ?){8}$/).innerText()).replaceAll(" ", ""));
    expect(await objections(page, "setting up an app")).toEqual([]);
    await page.getByLabel("6-digit code").fill(codeNow(secret));
    await page.getByRole("button", { name: "Confirm the app" }).click();
    await page.getByRole("heading", { name: "Your recovery codes" }).waitFor();
    recoveryCodes = await page.getByText(/^[0-9a-z]{4}(?:-[0-9a-z]{4}){3}$/).allInnerTexts();
    expect(recoveryCodes).toHaveLength(10);
    await page.getByRole("button", { name: "I have kept them" }).click();

    await signOut(page);
    await signIn(page);
    await page.getByRole("form", { name: "Second factor" }).waitFor();
    expect(await objections(page, "the second step")).toEqual([]);
    // Loading another page gets nobody around the second step.
    await page.goto(`${site}/me`);
    await page.waitForURL(/\/signin/);
    await page.getByRole("form", { name: "Second factor" }).waitFor();
    await page.getByRole("button", { name: "Use a recovery code" }).click();
    await page.getByLabel("Recovery code").fill(recoveryCodes[0] ?? "");
    await page.getByRole("button", { name: "Confirm" }).click();
    await page.getByRole("heading", { name: ana.name }).waitFor();

    await page.getByRole("button", { name: "Add a passkey" }).click();
    const dialog = page.getByRole("dialog", { name: "Confirm it is you" });
    await dialog.waitFor();
    expect(await objections(page, "fresh proof")).toEqual([]);
    await dialog.getByLabel("Your password").fill(ana.password);
    await dialog.getByRole("button", { name: "Confirm", exact: true }).click();
    await page.getByText(/^Passkey of /).waitFor();

    await signOut(page);
    await page.goto(`${site}/signin`);
    // An authenticator that verified nobody signs nobody in.
    await key.verified(false);
    await page.getByRole("button", { name: "Sign in with a passkey" }).click();
    await page.getByText("The passkey was not used.").waitFor();
    await key.verified(true);
    await page.getByRole("button", { name: "Sign in with a passkey" }).click();
    await page.waitForURL(/\/home$/);

    await page.goto(page.url().replace(/home$/, "policy"));
    await page.getByRole("button", { name: "Change idle time before sign-out" }).click();
    await page.getByLabel(/^Idle time before sign-out/).fill("45");
    await page.getByLabel("Reason").fill("Longer reading");
    await page.getByRole("button", { name: "Change policy" }).click();
    await dialog.waitFor();
    await dialog.getByText("change the policy session.idleMinutes").waitFor();
    await dialog.getByRole("button", { name: "Use a passkey" }).click();
    await dialog.waitFor({ state: "hidden" });
    await page.getByText("45 minutes").first().waitFor();
    expect(faults).toEqual([]);
    await page.context().close();
  });

  test("IDN-12 IDN-04 a workspace is frozen by one and thawed by two; who has no second factor can only set one up", async () => {
    const { page, faults } = await visit(chrome(), {}, expected);
    const { page: his, faults: hisFaults } = await visit(chrome(), {}, expected);
    const key = await withAuthenticator(page);
    await key.verified(true);
    await signIn(page);
    await page.getByRole("button", { name: "Use a recovery code" }).click();
    await page.getByLabel("Recovery code").fill(recoveryCodes[1] ?? "");
    await page.getByRole("button", { name: "Confirm" }).click();
    await page.waitForURL(/\/home$/);
    const base = page.url().replace(/\/home$/, "");
    await page.goto(`${base}/people`);
    await page.getByRole("button", { name: "Invite a person" }).click();
    await page.getByLabel("E-mail").fill("ben@example.org");
    await page.locator("#invite-role").selectOption("admin");
    await page.getByRole("button", { name: "Make the invitation" }).click();
    const invitation = new URL(await page.getByText(/\/invite\/in_/).innerText());
    await his.goto(`${site}${invitation.pathname}`);
    await his.getByLabel("Your name").fill("Ben Okafor");
    await his.getByLabel("Password", { exact: true }).fill("another sentence that is long");
    await his.getByRole("button", { name: "Join workspace" }).click();
    await his.waitForURL(/\/home$/);

    const prove = async (by: Page, password: string) => {
      const dialog = by.getByRole("dialog", { name: "Confirm it is you" });
      await dialog.getByLabel("Your password").fill(password);
      await dialog.getByRole("button", { name: "Confirm", exact: true }).click();
    };
    await page.goto(`${base}/people`);
    await page.getByRole("button", { name: "Freeze the workspace" }).click();
    await page.getByLabel("Reason").fill("A laptop was stolen");
    await page.getByRole("button", { name: "Freeze now" }).click();
    await prove(page, ana.password);
    await page.getByRole("heading", { name: /is frozen$/ }).waitFor();
    expect(await objections(page, "frozen")).toEqual([]);
    await page.getByRole("button", { name: "Ask for the thaw" }).click();
    await prove(page, ana.password);
    await page.getByText("You asked for the thaw").waitFor();
    await his.goto(`${site}/signin`);
    await his.getByLabel("E-mail").fill("ben@example.org");
    await his.getByLabel("Password", { exact: true }).fill("another sentence that is long");
    await his.getByRole("button", { name: "Sign in", exact: true }).click();
    await his.getByRole("button", { name: "Agree to the thaw" }).click();
    await prove(his, "another sentence that is long");
    await his.getByRole("heading", { name: /is frozen$/ }).waitFor({ state: "detached" });

    await page.goto(`${base}/policy`);
    await page.getByRole("button", { name: "Change second factor for everybody" }).click();
    await page.locator("form select").first().selectOption("true");
    await page.getByLabel("Reason").fill("Regulated");
    await page.getByRole("button", { name: "Change policy" }).click();
    await prove(page, ana.password);
    await page.getByText("“Regulated”").waitFor();
    for (const path of ["/people", "/policy", "/home"]) {
      await his.goto(`${base}${path}`);
      await his.getByRole("heading", { name: "Set up a second factor" }).waitFor();
      expect(await his.getByRole("navigation").count()).toBe(0);
    }
    expect(await objections(his, "forced set-up")).toEqual([]);
    await his.getByRole("button", { name: "Set up an authenticator app" }).click();
    const secret = secretOf((await his.getByText(/^(?:[A-Z2-7]{4} ?){8}$/).innerText()).replaceAll(" ", ""));
    await his.getByLabel("6-digit code").fill(codeNow(secret));
    await his.getByRole("button", { name: "Confirm the app" }).click();
    await his.getByRole("button", { name: "I have kept them" }).click();
    await his.getByRole("navigation").first().waitFor();
    expect(faults).toEqual([]);
    expect(hisFaults).toEqual([]);
    await page.context().close();
    await his.context().close();
  });
});
