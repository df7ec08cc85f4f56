import { describe, expect, test } from "vitest";
import { statusOf, type KnownResult } from "./status.ts";

const now = new Date("2026-11-22T12:00:00Z");
const maxAgeMinutes = 30;
const ages = { fresh: 10, edge: 30, old: 31, ancient: 100_000, ahead: -4, future: -6 } as const;
type Age = keyof typeof ages;
/** Every state one probe can be in: never run, or held or broken or of some other word at each age. */
const states = [
  undefined,
  ...["held", "broken", "unknown", "", "Held", "active"].flatMap((outcome) =>
    (["fresh", "edge", "old", "ancient", "ahead", "future"] as const).map((age) => ({ outcome, age })),
  ),
] as const;
type State = { readonly outcome: string; readonly age: Age } | undefined;

function resultOf(probe: string, state: State): KnownResult[] {
  if (state === undefined) return [];
  return [{ probe, outcome: state.outcome, at: new Date(now.getTime() - ages[state.age] * 60_000) }];
}
const isFresh = (state: State) => state !== undefined && !["old", "ancient", "future"].includes(state.age);
const isHeld = (state: State) => state?.outcome === "held";
const ask = (results: readonly KnownResult[], more: { probes?: readonly string[] | undefined; off?: string } = {}) =>
  statusOf({ probes: ["p", "q"], results, maxAgeMinutes, off: undefined, now, ...more }).status;

describe("TRU-01 status is computed", () => {
  test("over every pair of probe states: active only when all are held and fresh", () => {
    let active = 0;
    for (const p of states) {
      for (const q of states) {
        const status = ask([...resultOf("p", p), ...resultOf("q", q)]);
        const both = [p, q];
        const expected = both.some((state) => state !== undefined && !isHeld(state))
          ? "degraded"
          : both.every((state) => isHeld(state) && isFresh(state))
            ? "active"
            : "stale";
        expect([p, q, status]).toEqual([p, q, expected]);
        if (status === "active") active += 1;
      }
    }
    expect(active).toBe(9);
  });

  test("off stays off and planned stays planned, whatever the results say", () => {
    for (const p of states) {
      const results = [...resultOf("p", p), ...resultOf("q", p)];
      expect(ask(results, { off: "Switched off." })).toBe("off");
      expect(ask(results, { probes: undefined })).toBe("planned");
      expect(ask(results, { probes: [] })).toBe("planned");
      expect(ask(results, { probes: [], off: "Switched off." })).toBe("planned");
    }
  });

  test("the newest result of a probe counts, in whatever order results come", () => {
    const at = (minutes: number, outcome: string) => ({
      probe: "p",
      outcome,
      at: new Date(now.getTime() - minutes * 60_000),
    });
    const q = { probe: "q", outcome: "held", at: now };
    expect(ask([at(5, "broken"), at(1, "held"), q])).toBe("active");
    expect(ask([at(1, "held"), at(5, "broken"), q])).toBe("active");
    expect(ask([at(1, "broken"), at(5, "held"), q])).toBe("degraded");
    expect(ask([at(5, "held"), at(1, "broken"), q])).toBe("degraded");
  });

  test("results of other probes do not count", () => {
    expect(
      ask([
        { probe: "x", outcome: "held", at: now },
        { probe: "p", outcome: "held", at: now },
      ]),
    ).toBe("stale");
    expect(
      ask([
        ...resultOf("p", { outcome: "held", age: "fresh" }),
        ...resultOf("q", { outcome: "held", age: "fresh" }),
        { probe: "x", outcome: "broken", at: now },
      ]),
    ).toBe("active");
  });

  test("a time that can't be read is never fresh", () => {
    const held = { outcome: "held", at: new Date(Number.NaN) };
    expect(
      ask([
        { probe: "p", ...held },
        { probe: "q", ...held },
      ]),
    ).toBe("stale");
  });

  test("every status but active says why", () => {
    const reason = (
      results: readonly KnownResult[],
      more: { probes?: readonly string[] | undefined; off?: string } = {},
    ) => statusOf({ probes: ["p"], results, maxAgeMinutes, off: undefined, now, ...more }).reason;
    expect(reason([])).toBe("Not probed yet: p.");
    expect(reason(resultOf("p", { outcome: "broken", age: "ancient" }))).toBe("Broken: p.");
    expect(reason(resultOf("p", { outcome: "held", age: "old" }))).toBe("No result of the last 30 minutes: p.");
    expect(reason([], { off: "Switched off." })).toBe("Switched off.");
    expect(reason([], { probes: undefined })).not.toBe("");
    expect(reason(resultOf("p", { outcome: "held", age: "fresh" }))).toBe("");
  });
});
