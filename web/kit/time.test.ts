import { afterAll, expect, test } from "vitest";

const own = process.env.TZ;
afterAll(() => {
  if (own === undefined) delete process.env.TZ;
  else process.env.TZ = own;
});

test("a due day is the same day west of Greenwich as it was written", async () => {
  process.env.TZ = "America/New_York";
  const { showDay } = await import("./time.ts");
  expect(showDay("2026-11-12")).toBe("12 Nov 2026");
  // A moment is shown in the reader's own zone.
  expect(showDay("2026-11-12T02:00:00Z")).toBe("11 Nov 2026");
});
