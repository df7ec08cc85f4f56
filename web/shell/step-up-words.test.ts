import { expect, test } from "vitest";
import { sayAct } from "./step-up-words.ts";

test("IDN-10 the dialog names the act and its subject", () => {
  const workspace = null;
  expect(sayAct({ action: "kernel.policy.change", subject: "session.idleMinutes", workspace })).toBe(
    "change the policy session.idleMinutes",
  );
  expect(sayAct({ action: "lab.sample.unlock", subject: "1", workspace })).toBe("go on with lab sample unlock");
});
