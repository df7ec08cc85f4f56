import { describe, expect, test } from "vitest";
import { demandOf, linesOfDemand, withDemand } from "./method-demand.ts";

const plain = { fields: [], analytes: [] };
const whole = {
  ...plain,
  instruments: ["balance", "ph-meter"],
  materials: ["KCL-84"],
  training: true,
  quality: { controls: 2, blank: true, analytes: ["ph"] },
};

describe("LAB what a method's version asks for", () => {
  test("a new version keeps all of it, unless it is changed", () => {
    expect(withDemand(whole, demandOf(whole))).toEqual(whole);
    expect(withDemand(plain, demandOf(plain))).toEqual(plain);
  });

  test("what is emptied is asked for no more; kinds are typed as people write them", () => {
    const emptied = { instruments: " ", materials: ";", training: false, controls: "0", blank: true, analytes: "ph" };
    expect(withDemand(whole, emptied)).toEqual(plain);
    const typed = { ...demandOf(plain), instruments: "pH meter; Balance ;balance" };
    expect(withDemand(plain, typed)).toEqual({ ...plain, instruments: ["ph-meter", "balance"] });
  });

  test("it is told in words where versions are compared", () => {
    expect(linesOfDemand(plain)).toEqual([]);
    expect(linesOfDemand(whole).map(([name]) => name)).toEqual([
      "Instruments",
      "Materials",
      "Training",
      "Quality control",
    ]);
    expect(linesOfDemand(whole).at(-1)?.[1]).toBe("2 controls a run, a blank, of ph");
  });
});
