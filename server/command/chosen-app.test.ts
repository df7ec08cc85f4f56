import { expect, test } from "vitest";
import { chosenApps } from "./chosen-app.ts";

test("--apps takes all, or names of apps; one that there is not is told", () => {
  const known = ["regulatory-docs", "lab"];
  expect(chosenApps("all", known)).toEqual(known);
  expect(chosenApps("lab", known)).toEqual(["lab"]);
  expect(chosenApps("lab, regulatory-docs", known)).toEqual(["lab", "regulatory-docs"]);
  for (const [said, unknown] of [
    ["labs", "labs"],
    ["lab,", ""],
    ["", ""],
    ["all,lab", "all"],
  ] as const)
    expect(chosenApps(said, known)).toEqual({ unknown });
});
