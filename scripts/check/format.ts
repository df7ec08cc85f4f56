import type { Step } from "./step.ts";
import { runTool, silentFailure } from "./tool.ts";

/** oxfmt with .oxfmtrc.json. */
export const formatStep: Step = {
  name: "format",
  run: async (root) => {
    const said = await runTool(root, "oxfmt/bin/oxfmt", ["--list-different"]);
    const found = said.output.split("\n").filter((line) => line.trim() !== "");
    return [...found.map((file) => `${file}: not formatted; run npx oxfmt on it`), ...silentFailure(said, found)];
  },
};
