import type { Page } from "playwright-core";
import { manyFaults, numbersOf, resultsOf, runOf } from "./import-file.ts";
import { opened as first, press, type Stop } from "./stop.ts";

const at = (tail: string) => `/w/WS/lab/${tail}`;
const nowhere = "00000000-0000-7000-8000-000000000000";
/** A table as a laboratory's spreadsheet writes it: semicolons, a decimal comma, a formula, an unknown product. */
const table = Buffer.from("\uFEFFProduct;Lot;Remark\r\nPW;L-1;=1+2\r\nNOSUCH;L-2;7,25\r\n", "utf8");
type File = { name: string; mimeType: string; buffer: Buffer };
const drop = (file: File) => async (page: Page) => {
  await page.locator("input[type=file]").first().setInputFiles(file);
  await page.getByRole("table", { name: /^The first rows/ }).waitFor();
};
/** Results are of samples that are there: the list one comes from says which. */
const dropResults = (make: (numbers: string[]) => File) => async (page: Page) => {
  const file = make(await numbersOf(page));
  await page.goto(page.url().replace(/samples.*$/, "import?kind=results"));
  await page.getByRole("heading", { name: "Import results" }).waitFor();
  await drop(file)(page);
};

const stops: readonly Stop[] = [
  { name: "lab-bench", path: at("bench"), bench: true },
  { name: "lab-samples", path: at("samples"), bench: true },
  { name: "lab-samples-chosen", path: at("samples?state=registered"), act: press(/^Select all/) },
  { name: "lab-samples-new", path: at("samples"), act: press("Register samples") },
  { name: "lab-samples-none", path: at("samples?q=zzzz") },
  { name: "lab-samples-loading", path: at("samples"), slow: "**/api/lab/samples?*" },
  { name: "lab-samples-error", path: at("samples"), broken: "**/api/lab/samples?*" },
  { name: "lab-sample", path: at("samples?state=tested"), act: first, bench: true },
  { name: "lab-sample-entry", path: at("samples?state=received"), act: first, bench: true },
  { name: "lab-sample-locked", path: at("samples?state=published"), act: first },
  { name: "lab-sample-error", path: at(`samples/${nowhere}`), broken: `**/api/lab/samples/${nowhere}` },
  {
    name: "lab-sample-story",
    path: at("samples?verdict=out"),
    act: async (page) => {
      await first(page);
      await press(/^History of/)(page);
      await page.getByRole("dialog").getByText("By the nine principles").waitFor();
    },
  },
  { name: "lab-sample-files", path: at("samples?q=S-26-01075"), act: first, bench: true },
  { name: "lab-worksheets", path: at("worksheets"), bench: true },
  { name: "lab-worksheets-new", path: at("worksheets"), act: press("New worksheet") },
  { name: "lab-worksheet", path: at("worksheets?state=open"), act: first, bench: true },
  { name: "lab-worksheet-verified", path: at("worksheets?state=verified"), act: first },
  { name: "lab-investigations", path: at("investigations") },
  { name: "lab-investigation-phase-1", path: at("investigations?state=phase-1"), act: first },
  { name: "lab-investigation-planned", path: at("investigations?state=retest-planned"), act: first },
  { name: "lab-investigation-approved", path: at("investigations?state=retest-approved"), act: first },
  { name: "lab-investigation-phase-2", path: at("investigations?state=phase-2"), act: first },
  { name: "lab-investigation-concluded", path: at("investigations?state=concluded"), act: first },
  { name: "lab-import", path: at("import?kind=results") },
  {
    name: "lab-import-faults",
    path: at("import?kind=samples"),
    act: drop({ name: "samples.csv", mimeType: "text/csv", buffer: table }),
  },
  { name: "lab-import-many-faults", path: at("import?kind=samples"), act: drop(manyFaults) },
  { name: "lab-import-results-faults", path: at("samples?state=received"), act: dropResults(resultsOf) },
  {
    name: "lab-import-skipped",
    path: at("samples?state=received&q=PW"),
    act: dropResults(([number]) => runOf(number ?? "")),
  },
  {
    name: "lab-import-all-faults",
    path: at("import?kind=samples"),
    act: async (page) => {
      await drop(manyFaults)(page);
      await press(/^Show \d+ more/)(page);
    },
  },
  { name: "lab-certificates", path: at("certificates") },
  { name: "lab-certificate", path: at("certificates"), act: first },
  { name: "lab-certificate-templates", path: at("certificate-templates") },
  { name: "lab-customers", path: at("customers") },
  { name: "lab-customer", path: at("customers"), act: first },
];

/** The daily work of the laboratory: from the bench to the certificate; the sample data stands behind it. */
export const labDaily: readonly Stop[] = stops.map((stop) => ({ ...stop, as: "owner" as const }));
