import { expect, test } from "vitest";
import { limitRowFault, methodFault } from "./typed-fault.ts";

const analyte = {
  key: "ph",
  name: "pH",
  kind: "number",
  decimals: "1",
  quantification: "",
  detection: "",
  formula: "",
};
const limit = { of: "m ph", low: "5.0", high: "7.0", warnLow: "", warnHigh: "", guard: "" };

test("LAB what is typed into a version is never kept as something else: a word for decimals, a comma", () => {
  expect(methodFault([analyte], [])).toBeUndefined();
  expect(methodFault([{ ...analyte, decimals: "two" }], [])).toMatch(/^Row 1: decimals are a whole number/);
  expect(methodFault([analyte, { ...analyte, key: "Assay" }], [])).toMatch(/^Row 2: a key begins/);
  expect(methodFault([{ ...analyte, detection: "0,02" }], [])).toBe("Row 1: write 0,02 with a point: 0.02.");
  expect(methodFault([analyte], [{ key: "", name: "Area" }])).toMatch(/^Row 1: interim, a key/);
  expect(limitRowFault([limit])).toBeUndefined();
  expect(limitRowFault([limit, { ...limit, high: "7,0" }])).toBe("Row 2: write 7,0 with a point: 7.0.");
  expect(limitRowFault([{ ...limit, guard: "one" }])).toBe("Row 1: “one” is no number.");
});
