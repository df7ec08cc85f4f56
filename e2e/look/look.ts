/**
 * Takes pictures of the interface for a person to look at, and fails on what a machine can see: content
 * security policy violations, console errors, sideways scrolling and axe findings.
 *
 *   node e2e/look/look.ts BASE_URL OUT_DIR [page …]
 *
 * BASE_URL serves a set-up instance; LOOK_EMAIL and LOOK_PASSWORD sign in. Chromium comes from CHROMIUM
 * (default /usr/bin/chromium).
 */
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { labDaily } from "./lab-daily.ts";
import type { Stop } from "./stop.ts";

const [base = "http://127.0.0.1:3000", out = "/tmp/look", ...only] = process.argv.slice(2);
const standards = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const sizes = { wide: { width: 1280, height: 800 }, narrow: { width: 390, height: 844 } };
let faults = 0;
let session: Awaited<ReturnType<typeof signIn>> | undefined;

const procedures = process.env.LOOK_FILES;
async function dropProcedures(page: Page): Promise<void> {
  if (procedures === undefined) throw new Error("LOOK_FILES names no folder");
  const names = (await readdir(procedures)).filter((name) => /\.(?:md|pdf|docx|txt)$/.test(name));
  await page
    .locator("input[type=file]")
    .first()
    .setInputFiles(names.map((name) => join(procedures, name)));
  await page.getByRole("grid").waitFor({ timeout: 60_000 });
}
const collection = async (page: Page) => {
  await page.locator("tbody a").first().click();
  await page.getByText("Analyse").first().waitFor();
};
const result = async (page: Page) => {
  await page
    .getByRole("link", { name: /^Latest result of/ })
    .first()
    .click();
  await page.getByRole("grid").waitFor();
};
const row = (page: Page, nth: number) => page.getByRole("grid").locator("[aria-rowindex]").nth(nth);

/** The first record of a list, opened. */
const opened = async (page: Page) => {
  await page.locator("main tbody a").first().click();
  await page.getByRole("navigation", { name: "Trail" }).waitFor();
  await page.waitForLoadState("networkidle");
};
const lab = (name: string, path: string, more: Partial<Stop> = {}): Stop => ({
  name: `lab-${name}`,
  path: `/w/WS/lab/${path}`,
  signedIn: true,
  ...more,
});
const family = async (page: Page) => {
  await opened(page);
  await page.goto(`${page.url()}/genealogy`);
  await page.getByRole("group", { name: "Graph" }).waitFor();
};

const stops: Stop[] = [
  { name: "check", path: "/" },
  { name: "check-result", path: "/check", act: dropProcedures },
  {
    name: "check-finding",
    path: "/check",
    act: async (page) => {
      await dropProcedures(page);
      await row(page, 8).click();
    },
  },
  { name: "sign-in", path: "/signin" },
  {
    name: "sign-in-errors",
    path: "/signin",
    act: async (page) => {
      await page.getByRole("button", { name: "Sign in", exact: true }).click();
    },
  },
  { name: "trust", path: "/trust" },
  { name: "home", path: "/w/WS/home", signedIn: true },
  { name: "collections", path: "/w/WS/regulatory-docs/collections", signedIn: true },
  { name: "collection", path: "/w/WS/regulatory-docs/collections", signedIn: true, act: collection },
  { name: "run", path: "/w/WS/regulatory-docs/collections", signedIn: true, act: result },
  {
    name: "run-override",
    path: "/w/WS/regulatory-docs/collections",
    signedIn: true,
    act: async (page) => {
      await result(page);
      await row(page, 14).click();
      await page.keyboard.press("o");
    },
  },
  {
    name: "run-map",
    path: "/w/WS/regulatory-docs/collections",
    signedIn: true,
    act: async (page) => {
      await result(page);
      await page.getByRole("button", { name: "Map" }).click();
    },
  },
  { name: "people", path: "/w/WS/people", signedIn: true },
  { name: "audit", path: "/w/WS/audit", signedIn: true },
  {
    name: "audit-export",
    path: "/w/WS/audit?outcome=done",
    signedIn: true,
    act: async (page) => {
      await page.getByRole("button", { name: "Export", exact: true }).click();
    },
  },
  { name: "retention", path: "/w/WS/retention", signedIn: true },
  {
    name: "retention-erase",
    path: "/w/WS/retention",
    signedIn: true,
    act: async (page) => {
      await page.getByRole("button", { name: "Erase a person" }).click();
      await page.locator("#person").selectOption({ index: 1 });
      await page.getByText("What goes, for good").waitFor();
    },
  },
  { name: "policy", path: "/w/WS/policy?at=file.maxMegabytes", signedIn: true },
  {
    name: "policy-change",
    path: "/w/WS/policy",
    signedIn: true,
    act: async (page) => {
      await page.getByRole("button", { name: "Change idle time before sign-out" }).click();
    },
  },
  {
    name: "trust-open",
    path: "/trust?status=active",
    act: async (page) => {
      await page.locator("summary").first().click();
    },
  },
  { name: "nothing", path: "/w/WS/nowhere", signedIn: true },
  {
    name: "loading",
    path: "/w/WS/people",
    signedIn: true,
    slow: "**/api/people",
  },
  {
    name: "error",
    path: "/w/WS/regulatory-docs/collections",
    signedIn: true,
    broken: "**/api/regulatory-docs/collections*",
  },
  { name: "empty", path: "/w/WS/regulatory-docs/collections?q=zzzz", signedIn: true },
  { name: "confirmed", path: "/confirmed" },
  { name: "me", path: "/me", signedIn: true },
  { name: "verify", path: "/verify" },
  { name: "ledger", path: "/w/WS/ledger", signedIn: true },
  { name: "streams", path: "/w/WS/ledger/streams", signedIn: true },
  lab("overview", "overview"),
  lab("overview-loading", "overview", { slow: "**/api/lab/overview" }),
  lab("overview-error", "overview", { broken: "**/api/lab/overview" }),
  lab("instruments", "instruments"),
  lab("instrument", "instruments", { act: opened }),
  lab("instruments-none", "instruments?q=zzzz"),
  lab("materials", "materials"),
  lab("lot", "materials", { act: opened }),
  lab("training", "training"),
  lab("charts", "charts"),
  lab("chart", "charts", { act: opened }),
  lab("trends", "trends"),
  lab("uncertainty", "uncertainty"),
  lab("studies", "studies"),
  lab("study", "studies", { act: opened }),
  lab("schedules", "schedules"),
  lab("reviews", "trail-reviews"),
  lab("review", "trail-reviews", { act: opened }),
  lab("limits", "methods"),
  lab("gates", "methods?tab=gates"),
  lab("family", "samples?verdict=out", { act: family }),
  lab("evidence", "samples?verdict=out", {
    act: async (page) => {
      await family(page);
      await page.locator("[data-kind=result] a").first().click();
      await page.getByRole("heading", { name: "Prove that nothing was altered" }).waitFor();
    },
  }),
  lab("specimen-spoilt", "certificate-templates", { spoilt: "**/api/lab/certificate-templates/preview" }),
  ...labDaily,
];

/** One session for all pictures: sign-ins are counted. */
async function signIn(
  browser: Browser,
): Promise<{ slug: string; state: Awaited<ReturnType<BrowserContext["storageState"]>> }> {
  const context = await browser.newContext();
  const answer = await context.request.post(`${base}/api/session`, {
    headers: { "probity-request": "1", origin: new URL(base).origin },
    data: { email: process.env.LOOK_EMAIL ?? "ana@example.org", password: process.env.LOOK_PASSWORD ?? "right" },
  });
  const session: unknown = await (await context.request.get(`${base}/api/session`)).json();
  const slug = /"slug":"([^"]+)"/.exec(JSON.stringify(session))?.[1];
  if (!answer.ok() || slug === undefined) throw new Error(`sign-in answered ${answer.status()}`);
  const state = await context.storageState();
  await context.close();
  return { slug, state };
}

async function look(browser: Browser, stop: Stop, size: keyof typeof sizes, scheme: "light" | "dark"): Promise<void> {
  session ??= stop.signedIn ? await signIn(browser) : undefined;
  const own = stop.signedIn && session !== undefined ? { storageState: session.state } : {};
  const context = await browser.newContext({ viewport: sizes[size], colorScheme: scheme, ...own });
  const page = await context.newPage();
  const name = `${stop.name}-${size}-${scheme}`;
  const fault = (text: string) => {
    faults += 1;
    console.log(`${name}: ${text}`);
  };
  page.on("console", (message) => {
    const expected = /status of 401/.test(message.text()) || (stop.broken !== undefined && /500/.test(message.text()));
    if (message.type() === "error" && !expected) fault(message.text());
  });
  page.on("pageerror", (error) => fault(error.message));
  try {
    const path = stop.path.replace("/WS/", `/${session?.slug ?? ""}/`);
    if (stop.slow !== undefined) await page.route(stop.slow, () => {});
    if (stop.broken !== undefined) await page.route(stop.broken, (route) => route.fulfill({ status: 500, body: "{}" }));
    if (stop.spoilt !== undefined) {
      const spoilt = { contentType: "application/pdf", body: "%PDF-1.7 and nothing more" };
      await page.route(stop.spoilt, (route) => route.fulfill(spoilt));
    }
    await page.goto(base + path);
    if (stop.slow === undefined) await page.waitForLoadState("networkidle");
    else await page.waitForTimeout(1500);
    await stop.act?.(page);
    await page.waitForTimeout(500);
    await page.screenshot({ path: join(out, `${name}.png`) });
    const sideways = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    if (sideways > 1) fault(`scrolls sideways by ${sideways} px`);
    const { violations } = await new AxeBuilder({ page }).withTags(standards).analyze();
    for (const { id, nodes } of violations) {
      fault(`axe ${id} ×${nodes.length}: ${nodes[0]?.html.slice(0, 160) ?? ""} | ${nodes[0]?.failureSummary ?? ""}`);
    }
  } catch (error) {
    fault(error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error));
    await page.screenshot({ path: join(out, `${name}-failed.png`) }).catch(() => {});
  }
  await context.close();
}

await mkdir(out, { recursive: true });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
  ],
});
const looks = (process.env.LOOK_AT ?? "wide-light wide-dark narrow-light").split(" ");
for (const stop of stops.filter((item) => only.length === 0 || only.includes(item.name))) {
  for (const at of looks) {
    await look(browser, stop, at.startsWith("narrow") ? "narrow" : "wide", at.endsWith("dark") ? "dark" : "light");
  }
}
await browser.close();
console.log(faults === 0 ? "nothing to object to" : `${faults} objections`);
process.exitCode = faults === 0 ? 0 : 1;
