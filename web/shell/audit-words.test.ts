import { expect, test } from "vitest";
import { docsWords } from "../../apps/regulatory-docs/ui/words.ts";
import type { LedgerEvent } from "./api-types.ts";
import { actorOf, gather, sayAction } from "./audit-words.ts";

function event(seq: number, action: string, more: Partial<LedgerEvent> = {}): LedgerEvent {
  const nobody = { actor: null, record: null, recordId: null, source: null };
  return { seq, at: "2026-11-22T01:00:00Z", action, outcome: "done", leafHash: "ab", ...nobody, ...more };
}

test("an action has words of its own; one nobody worded yet reads as its name does", () => {
  expect(sayAction("kernel.policy.change", "done", [docsWords])).toBe("Policy changed");
  expect(sayAction("regulatory_docs.document.open", "done", [docsWords])).toBe("Document opened");
  expect(sayAction("lab.gauge.calibrate_all", "done", [docsWords])).toBe("gauge calibrate all");
  expect(sayAction("kernel.session.start", "refused", [docsWords])).toBe("Sign-in refused");
});

test("a sign-in names the person of its membership", () => {
  const ana = { id: "m1", name: "Ana Ruiz", email: "", role: "owner", status: "active" };
  const started = event(1, "kernel.session.start", {
    actor: { id: "0", name: "Probity" },
    record: "kernel.membership",
    recordId: "m1",
  });
  expect(actorOf(started, [ana])).toBe("Ana Ruiz");
  expect(actorOf(started, [])).toBe("Probity");
});

test("consecutive batches of readings become one row that holds every one of them; nothing else does", () => {
  const read = "kernel.access.read";
  const events = [
    event(5, read),
    event(4, read),
    event(3, "kernel.policy.change"),
    event(2, read),
    event(1, read, { outcome: "refused" }),
  ];
  const rows = gather(events);
  expect(rows.map((row) => row.events.map((item) => item.seq))).toEqual([[5, 4], [3], [2], [1]]);
});
