import { Type } from "typebox";
import { Value } from "typebox/value";
import type { Step } from "./step.ts";
import { runTool, silentFailure } from "./tool.ts";

const Named = Type.Object({ name: Type.String(), line: Type.Optional(Type.Integer()) });
const Report = Type.Object({
  issues: Type.Array(
    Type.Intersect([Type.Object({ file: Type.String() }), Type.Record(Type.String(), Type.Unknown())]),
  ),
});

/** knip: files, exports and dependencies nobody uses, and dependencies nobody declared. */
export const unusedStep: Step = {
  name: "unused",
  run: async (root) => {
    const said = await runTool(root, "knip/bin/knip.js", ["--reporter", "json", "--no-progress"]);
    const start = said.output.indexOf("{");
    if (start < 0) return silentFailure({ ...said, code: said.code || 1 }, []);
    const report = Value.Parse(Report, JSON.parse(said.output.slice(start)));
    const found = report.issues.flatMap(({ file, ...kinds }) =>
      Object.entries(kinds).flatMap(([kind, items]) =>
        (Array.isArray(items) ? items.flat() : []).flatMap((item) =>
          Value.Check(Named, item) ? [`${file}:${item.line ?? 0}: unused or undeclared ${kind}: ${item.name}`] : [],
        ),
      ),
    );
    return [...found, ...silentFailure(said, found)].toSorted();
  },
};
