import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Step } from "./step.ts";
import { runTool, silentFailure } from "./tool.ts";

/** Types of server and screens, each with its own tsconfig. */
export const typesStep: Step = {
  name: "types",
  run: async (root) => {
    const found: string[] = [];
    for (const project of ["tsconfig.json", "web/tsconfig.json"]) {
      if (!existsSync(join(root, project))) continue;
      const said = await runTool(root, "typescript/bin/tsc", ["-p", project, "--noEmit", "--pretty", "false"]);
      const faults = said.output.split("\n").filter((line) => line.includes("error TS"));
      found.push(...faults, ...silentFailure(said, faults));
    }
    return found;
  },
};
