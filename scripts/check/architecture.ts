import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Type } from "typebox";
import { Value } from "typebox/value";
import type { Step } from "./step.ts";
import { runTool, silentFailure } from "./tool.ts";

const Report = Type.Object({
  modules: Type.Array(
    Type.Object({ source: Type.String(), dependencies: Type.Array(Type.Object({ resolved: Type.String() })) }),
  ),
  summary: Type.Object({
    violations: Type.Array(
      Type.Object({ from: Type.String(), to: Type.String(), rule: Type.Object({ name: Type.String() }) }),
    ),
  }),
});

const importing = /^(import|export) [^;]*? from "/m;
const folders = [
  "verify",
  "seal",
  "paper",
  "kernel",
  "apps",
  "trust",
  "operations",
  "server",
  "web",
  "scripts",
  "bench",
];

/** Which way dependencies point, by .dependency-cruiser.cjs. */
export const architectureStep: Step = {
  name: "architecture",
  run: async (root) => {
    const present = folders.filter((folder) => existsSync(join(root, folder)));
    const args = ["--config", ".dependency-cruiser.cjs", "--output-type", "json", ...present];
    const said = await runTool(root, "dependency-cruiser/bin/dependency-cruiser.mjs", args);
    if (!said.output.startsWith("{")) return silentFailure({ ...said, code: said.code || 1 }, []);
    const { modules, summary } = Value.Parse(Report, JSON.parse(said.output));
    // With a parser that cannot read a file, dependency-cruiser sees no import in it, finds nothing and is content.
    const typescript = modules.filter(
      ({ source }) => /^(?!.*node_modules\/).*\.tsx?$/.test(source) && existsSync(join(root, source)),
    );
    const unread = typescript.filter(
      ({ source, dependencies }) =>
        dependencies.length === 0 && importing.test(readFileSync(join(root, source), "utf8")),
    );
    if (typescript.length === 0) return ["dependency-cruiser saw no TypeScript at all: its rules checked nothing"];
    const found = summary.violations.map(({ from, to, rule }) => `${from}: ${rule.name}, by importing ${to}`);
    found.push(...unread.map(({ source }) => `${source}: dependency-cruiser could not read its imports`));
    return [...found, ...silentFailure(said, found)].toSorted();
  },
};
