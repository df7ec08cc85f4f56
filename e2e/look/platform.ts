import type { Page } from "playwright-core";
import { sampleFiles } from "../../apps/regulatory-docs/sample-data/make.ts";
import type { Stop } from "./stop.ts";

const kinds: Readonly<Record<string, string>> = { pdf: "application/pdf", txt: "text/plain" };
const word = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";

/** The sample procedures, dropped onto the page. */
async function dropProcedures(page: Page): Promise<void> {
  const files = (await sampleFiles()).map(({ fileName, bytes }) => ({
    name: fileName,
    mimeType: kinds[fileName.split(".").at(-1) ?? ""] ?? word,
    buffer: Buffer.from(bytes),
  }));
  await page.locator("input[type=file]").first().setInputFiles(files);
  await page.getByRole("grid").waitFor({ timeout: 90_000 });
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

/** The platform and the documents' app: what stands without the laboratory. */
export const platform: readonly Stop[] = [
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
  { name: "home", path: "/w/WS/home", as: "owner" },
  { name: "collections", path: "/w/WS/regulatory-docs/collections", as: "owner" },
  { name: "collection", path: "/w/WS/regulatory-docs/collections", as: "owner", act: collection },
  { name: "run", path: "/w/WS/regulatory-docs/collections", as: "owner", act: result },
  {
    name: "run-override",
    path: "/w/WS/regulatory-docs/collections",
    as: "owner",
    act: async (page) => {
      await result(page);
      await row(page, 14).click();
      await page.keyboard.press("o");
    },
  },
  {
    name: "run-map",
    path: "/w/WS/regulatory-docs/collections",
    as: "owner",
    act: async (page) => {
      await result(page);
      await page.getByRole("button", { name: "Map" }).click();
    },
  },
  { name: "people", path: "/w/WS/people", as: "owner" },
  { name: "audit", path: "/w/WS/audit", as: "owner" },
  {
    name: "audit-export",
    path: "/w/WS/audit?outcome=done",
    as: "owner",
    act: async (page) => {
      await page.getByRole("button", { name: "Export", exact: true }).click();
    },
  },
  { name: "retention", path: "/w/WS/retention", as: "owner" },
  {
    name: "retention-erase",
    path: "/w/WS/retention",
    as: "owner",
    act: async (page) => {
      await page.getByRole("button", { name: "Erase a person" }).click();
      await page.locator("#person").selectOption({ index: 1 });
      await page.getByText("What goes, for good").waitFor();
    },
  },
  { name: "policy", path: "/w/WS/policy?at=file.maxMegabytes", as: "owner" },
  {
    name: "policy-change",
    path: "/w/WS/policy",
    as: "owner",
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
  { name: "nothing", path: "/w/WS/nowhere", as: "owner" },
  {
    name: "loading",
    path: "/w/WS/people",
    as: "owner",
    slow: "**/api/people",
  },
  {
    name: "error",
    path: "/w/WS/regulatory-docs/collections",
    as: "owner",
    broken: "**/api/regulatory-docs/collections*",
  },
  { name: "empty", path: "/w/WS/regulatory-docs/collections?q=zzzz", as: "owner" },
  { name: "confirmed", path: "/confirmed" },
  { name: "me", path: "/me", as: "owner" },
  { name: "verify", path: "/verify" },
  { name: "ledger", path: "/w/WS/ledger", as: "owner" },
  { name: "streams", path: "/w/WS/ledger/streams", as: "owner" },
];
