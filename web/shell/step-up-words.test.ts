import { expect, test } from "vitest";
import { sayAct } from "./step-up-words.ts";

test("IDN-10 the dialog names the act and its subject", () => {
  const act = (action: string, subject: string, told = "") => ({ action, subject, told, workspace: null });
  expect(sayAct(act("kernel.policy.change", "session.idleMinutes"))).toBe("change the policy session.idleMinutes");
  expect(sayAct(act("kernel.record.unlock", "lab.sample:1", "sample S-26-00042"))).toBe("unlock sample S-26-00042");
  expect(sayAct(act("other.thing.do", "1"))).toBe("go on with other thing do");
  // An app says its own acts, and none of the kernel's.
  const own = {
    "other.thing.do": (_: string, told: string) => `do ${told}`,
    "kernel.policy.change": () => "do nothing at all",
  };
  expect(sayAct(act("other.thing.do", "1", "the thing"), [undefined, own])).toBe("do the thing");
  expect(sayAct(act("kernel.policy.change", "x"), [own])).toBe("change the policy x");
});
