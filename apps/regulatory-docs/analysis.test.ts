import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { defaultFileLimits, ExtractionPool, inspectUpload } from "@probity/kernel";
import { afterAll, expect, test } from "vitest";
import { analyseIsolated } from "./analysis.ts";
import { analyse, documentFromText, type GapRun, loadCitationList, loadPack } from "./engine/index.ts";

const folder = join(import.meta.dirname, "engine/fixture");
const names = readdirSync(folder).filter((name) => name.endsWith(".md"));
const pool = new ExtractionPool({ limits: defaultFileLimits, ocr: false });
afterAll(() => pool.close());

const found = (run: GapRun) =>
  run.requirements.map(({ id, status, coverage, evidence }) => ({
    id,
    status,
    coverage,
    quotes: evidence.map(({ quote, start, end }) => ({ quote, start, end })),
  }));

test("AI-06 Markdown that is uploaded gives what the command finds in the folder: one engine, one reading", async () => {
  const bytesOf = (name: string) =>
    Buffer.concat([Buffer.from("---\ntitle: Procedure\nowner: Quality\n---\n"), readFileSync(join(folder, name))]);
  const uploaded = await Promise.all(
    names.map(async (name, at) => {
      const file = await inspectUpload(bytesOf(name), name, defaultFileLimits);
      if (file.outcome === "refused") throw new Error(file.text);
      const { json } = await pool.extract({ ...file, fileName: name });
      return { id: `d${at}`, name, plain: file.kind === "txt", json };
    }),
  );
  const byUpload = found(await analyseIsolated({ pack: "iso-13485", documents: uploaded }));
  const read = names.map((name, at) => documentFromText(name, bytesOf(name).toString("utf8"), `d${at}`));
  const byCommand = found(analyse(loadPack("iso-13485"), read, loadCitationList()));
  expect(byCommand.some(({ status }) => status === "covered")).toBe(true);
  expect(byUpload).toEqual(byCommand);
});
