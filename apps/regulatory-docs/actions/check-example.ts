import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Type } from "typebox";
import { defineRoute, type Kernel, type Route } from "@probity/kernel";
import { analyseIsolated } from "../analysis.ts";
import { machineView } from "./run-view.ts";
import { acceptFile } from "./upload-document.ts";

const shown = { documentNumber: "sop-06", requirement: "7.4.1" } as const;
const sources = join(import.meta.dirname, "../sample-data/source");

/**
 * GET /api/check/example: one finding on the sample procedures, for the first page. It is what the engine finds in the
 * sample file today, read and analysed like a visitor's own; made once and remembered while the server runs.
 */
export function checkExample(kernel: Kernel): Route {
  let made: ReturnType<typeof makeExample> | undefined;
  return defineRoute({
    method: "GET",
    path: "/api/check/example",
    summary: "One finding on the sample procedures",
    tag: "regulatory-docs",
    permission: "public",
    answers: { 200: Type.Object({ requirementId: Type.String(), status: Type.String() }) },
    handle: async () => {
      made ??= makeExample(kernel);
      try {
        return { body: await made };
      } catch (error) {
        // The next visitor tries again.
        made = undefined;
        throw error;
      }
    },
  });
}

async function makeExample(kernel: Kernel) {
  const name = (await readdir(sources)).find((each) => each.toLowerCase().startsWith(shown.documentNumber));
  if (name === undefined) throw new Error(`The sample data has no ${shown.documentNumber}`);
  const { file, fileName } = await acceptFile(kernel, await readFile(join(sources, name)), name);
  const { json } = await kernel.extraction.extract(file);
  const run = await analyseIsolated({
    pack: "iso-13485",
    documents: [{ id: "d1", name: fileName, plain: file.kind === "txt", json }],
  });
  const requirement = run.requirements.find((each) => each.id === shown.requirement);
  if (!requirement) throw new Error(`The pack has no ${shown.requirement}`);
  return machineView(run, requirement, () => 1);
}
