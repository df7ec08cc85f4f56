import { Type } from "typebox";
import { Value } from "typebox/value";
import type { Step } from "./step.ts";
import { runTool, silentFailure } from "./tool.ts";

const Report = Type.Object({
  diagnostics: Type.Array(
    Type.Object({
      message: Type.String(),
      code: Type.Optional(Type.String()),
      filename: Type.Optional(Type.String()),
      labels: Type.Array(Type.Object({ span: Type.Object({ line: Type.Integer() }) })),
    }),
  ),
  number_of_files: Type.Integer(),
});

/** oxlint with .oxlintrc.json; warnings count as faults. */
export const lintStep: Step = {
  name: "lint",
  run: async (root) => {
    const said = await runTool(root, "oxlint/bin/oxlint", ["-f", "json", "--deny-warnings"]);
    if (!said.output.startsWith("{")) return silentFailure({ ...said, code: said.code || 1 }, []);
    const report = Value.Parse(Report, JSON.parse(said.output));
    if (report.number_of_files === 0) return ["oxlint saw no file"];
    const found = report.diagnostics.map(
      ({ filename, labels, code, message }) =>
        `${filename ?? "?"}:${labels[0]?.span.line ?? 0}: ${message} [${code ?? "syntax"}]`,
    );
    return [...found, ...silentFailure(said, found)].toSorted();
  },
};
