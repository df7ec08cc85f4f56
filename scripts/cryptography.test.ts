import { expect, test } from "vitest";
import { primitivesCalled, primitivesListed } from "./cryptography.ts";

test("ENC-01 the inventory of cryptography lists what the code calls, and nothing it does not", () => {
  const called = primitivesCalled();
  const unlisted = [...called].filter(([name]) => !primitivesListed().includes(name));
  expect(unlisted).toEqual([]);
  expect(primitivesListed().filter((name) => !called.has(name))).toEqual([]);
  expect(called.size).toBeGreaterThan(8);
});
