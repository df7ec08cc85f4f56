import type { Page } from "playwright-core";
import { sampleFiles } from "../../apps/regulatory-docs/sample-data/make.ts";
import { press, type Stop } from "./stop.ts";

const collections = "/w/WS/regulatory-docs/collections";
const shared = "**/api/regulatory-docs/shared-documents";

/** So many of the sample procedures once more, dropped on their collection: a signed report stands on them. */
const replace = (many: number) => async (page: Page) => {
  await page.getByRole("link", { name: "Sample quality system", exact: true }).click();
  await page.getByText("Analyse").first().waitFor();
  const files = (await sampleFiles()).slice(0, many).map(({ fileName, bytes }) => ({
    name: fileName,
    mimeType: "application/octet-stream",
    buffer: Buffer.from(bytes),
  }));
  await page.locator("input[type=file]").first().setInputFiles(files);
  await page.getByRole("button", { name: "Say why" }).waitFor();
};
const ask = (many: number) => async (page: Page) => {
  await replace(many)(page);
  await press("Say why")(page);
  await page.getByRole("dialog").waitFor();
};
/** A finding with the document that is meant for it beside it. */
const beside = async (page: Page) => {
  await page
    .getByRole("link", { name: /^Latest result of/ })
    .first()
    .click();
  await page.getByRole("grid").waitFor();
  const own = new URL(page.url());
  own.searchParams.set("pane", "viewer");
  own.searchParams.set("req", "7.4.1");
  await page.goto(own.href);
  await page.locator("mark").first().waitFor();
};

/** The first document that a guest was shown, on its own page. */
const sharedOne = async (page: Page) => {
  await page.getByRole("table", { name: "Documents shared with you" }).getByRole("link").first().click();
  await page.getByRole("button", { name: "Download", exact: true }).waitFor();
};
/** One of the sample procedures, by the list of its collection. */
const one = (kind: "docx" | "pdf") => async (page: Page) => {
  await page.getByRole("link", { name: "Sample quality system", exact: true }).click();
  await page
    .getByRole("table", { name: "Documents" })
    .getByRole("link", { name: new RegExp(`${kind}$`) })
    .first()
    .click();
  await page.getByRole("group", { name: /^Text of/ }).waitFor();
  if (kind === "pdf") await page.getByRole("button", { name: "Page", exact: true }).click();
};
const text = "**/api/regulatory-docs/documents/*/text";

/** Documents between people: shared one by one, replaced under a signed report, open beside what was found in them. */
export const docs: readonly Stop[] = [
  { name: "docs-shared", path: collections, as: "guest" },
  { name: "docs-shared-loading", path: collections, as: "guest", slow: shared },
  { name: "docs-shared-error", path: collections, as: "guest", broken: shared },
  { name: "docs-replaced", path: collections, as: "owner", refused: 422, act: replace(3) },
  { name: "docs-why", path: collections, as: "owner", refused: 422, act: ask(1) },
  { name: "docs-why-many", path: collections, as: "owner", refused: 422, act: ask(3) },
  {
    name: "docs-why-empty",
    path: collections,
    as: "owner",
    refused: 422,
    act: async (page) => {
      await ask(1)(page);
      await press("Replace the document")(page);
    },
  },
  { name: "docs-document", path: collections, as: "owner", act: one("docx") },
  { name: "docs-document-page", path: collections, as: "owner", act: one("pdf") },
  { name: "docs-document-shared", path: collections, as: "guest", act: sharedOne },
  { name: "docs-document-loading", path: collections, as: "guest", act: sharedOne, slow: text },
  { name: "docs-document-error", path: collections, as: "guest", act: sharedOne, broken: text },
  { name: "docs-beside", path: collections, as: "owner", act: beside },
];
