import { join } from "node:path";
import { runIsolated } from "@probity/kernel";
import type { AnalysisInput } from "./engine/isolated.ts";
import type { GapRun } from "./engine/result.ts";

const engine = join(import.meta.dirname, "engine");

/** Analyses documents in a child with no network and no other tenant's data (TEN-03). */
export function analyseIsolated(input: AnalysisInput): Promise<GapRun> {
  return runIsolated<GapRun>(
    {
      module: join(engine, "isolated.ts"),
      folders: [engine, join(import.meta.dirname, "packs")],
      packages: ["yaml", "typebox"],
    },
    input,
  );
}
