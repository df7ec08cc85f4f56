import { expect, test } from "vitest";
import { Unanswered } from "./unanswered.ts";

const [act, other] = ['POST /api/lab/products 0 {"name":"A"}', 'POST /api/lab/products 0 {"name":"B"}'];

test("an act that got no answer is sent again under its key; answered, it is another act the next time", () => {
  const unanswered = new Unanswered();
  const first = unanswered.keyOf(act);
  unanswered.settle(act, first, null);
  expect(unanswered.keyOf(act)).toBe(first);
  expect(unanswered.keyOf(other)).not.toBe(first);
  unanswered.settle(act, first, 503);
  expect(unanswered.keyOf(act)).toBe(first);
  unanswered.settle(act, first, 201);
  expect(unanswered.keyOf(act)).not.toBe(first);
});

test("two of the same, each answered or still under way, are two", () => {
  const unanswered = new Unanswered();
  const [one, two] = [unanswered.keyOf(act), unanswered.keyOf(act)];
  expect(one).not.toBe(two);
  unanswered.settle(act, one, 422);
  expect(unanswered.keyOf(act)).not.toBe(one);
});

test("it is forgotten after ten minutes, and where many others went without an answer", () => {
  const unanswered = new Unanswered();
  unanswered.settle(act, "kept", null, 1_000);
  expect(unanswered.keyOf(act, 1_000 + 599_999)).toBe("kept");
  expect(unanswered.keyOf(act, 1_000 + 600_000)).not.toBe("kept");
  for (let index = 0; index < 50; index += 1) unanswered.settle(`${other} ${index}`, "other", null, 1_000);
  expect(unanswered.keyOf(act, 1_001)).not.toBe("kept");
});
