import { defaultFileLimits, documentText, ExtractionPool, inspectUpload } from "@probity/kernel";
import { expect, test } from "vitest";
import { sampleFiles } from "./make.ts";

test("a numbered paragraph of a PDF is one paragraph, so that a quote from it is a whole sentence", async () => {
  const pool = new ExtractionPool({ limits: defaultFileLimits, ocr: false });
  const sample = (await sampleFiles()).find((each) => each.documentNumber === "SOP-06");
  const file = await inspectUpload(sample?.bytes ?? new Uint8Array(), sample?.fileName ?? "", defaultFileLimits);
  if (file.outcome !== "accepted") throw new Error(file.text);
  const { text, paragraphs } = documentText(await pool.extract(file));
  await pool.close();
  const said = paragraphs.map(({ start, end, style }) => ({ style, text: text.slice(start, end) }));
  const headings = said.filter(({ style }) => style.startsWith("heading")).map((each) => each.text);
  expect(headings).toContain("4.2 Evaluation and selection");
  expect(headings.filter((heading) => /^4\.2\.\d/.test(heading))).toEqual([]);
  expect(said.find((each) => each.text.startsWith("4.2.4"))?.text).toMatch(/records\s+the\s+result[\s\S]+F-06-02/);
});
