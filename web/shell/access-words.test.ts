import { expect, test } from "vitest";
import { sayAlarm, sayApp, sayPermission, sayReason } from "./access-words.ts";

const apps = [{ id: "regulatory_docs", title: "Compliance documents" }];

test("ACC-01 a permission and its reason are said in words", () => {
  expect(sayPermission("regulatory_docs.collection.read")).toBe("read collection");
  expect(sayPermission("kernel.people.change")).toBe("invite, change and remove people");
  expect(sayPermission("lab.quality_plan.change")).toBe("change quality plan");
  expect(sayApp("kernel", apps)).toBe("Workspace");
  expect(sayReason({ kind: "app-role", app: "regulatory_docs", role: "admin" }, apps)).toContain(
    "Compliance documents",
  );
  expect(sayReason({ kind: "custom-role", id: "1", name: "Auditor" }, apps)).toContain("“Auditor”");
});

test("APP-07 an alarm says what was seen and what the policy allows", () => {
  expect(sayAlarm({ kind: "mass_download", seen: 61, source: null, detail: { limit: 60 } }).text).toContain(
    "allows 60",
  );
  expect(
    sayAlarm({ kind: "impossible_travel", seen: 4, source: null, detail: { networks: ["a", "b"], minutes: 30 } }).text,
  ).toContain("a and b");
  expect(
    sayAlarm({ kind: "credential_stuffing", seen: 4, source: "203.0.113.9", detail: { members: 3 } }).text,
  ).toContain("203.0.113.9");
});
