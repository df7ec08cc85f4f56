import { describe, expect, test } from "vitest";
import type { OutgoingEvent } from "./event.ts";
import { activityOf, ocsfOf } from "./ocsf.ts";

const event: OutgoingEvent = {
  tenantId: "0190a0b0-0000-7000-8000-000000000001",
  origin: "probity.example/logs/0190a0b0-0000-7000-8000-000000000001",
  seq: 41,
  leafHash: "ab".repeat(32),
  leaf: '{"v":"1"}',
  at: "2026-11-22T06:00:00.123Z",
  actorId: "0190a0b0-0000-7000-8000-000000000002",
  actorName: null,
  action: "kernel.session.start",
  record: null,
  rowId: null,
  version: null,
  outcome: "done",
  request: "r1",
  source: null,
};

/** What OCSF 1.1.0 requires of every event, and of each class we use (its JSON schema, "requirement": "required"). */
const everywhere = [
  "activity_id",
  "category_uid",
  "class_uid",
  "metadata",
  "severity_id",
  "time",
  "type_uid",
  "status_id",
];
const required: Readonly<Record<number, readonly string[]>> = {
  2004: ["finding_info"],
  3001: ["user"],
  3002: ["user", "service"],
  3004: ["entity"],
  3005: ["user", "privileges"],
  6001: ["web_resources"],
  6003: ["api", "actor", "src_endpoint"],
};

describe("LED-05 OCSF", () => {
  test.each([
    ["kernel.session.start", 3002, 1],
    ["kernel.session.end", 3002, 2],
    ["kernel.password.change", 3001, 3],
    ["kernel.factor.add", 3001, 10],
    ["kernel.membership.end", 3001, 5],
    ["kernel.membership.change_role", 3005, 1],
    ["kernel.policy.change", 3004, 3],
    ["kernel.sso_connection.create", 3004, 1],
    ["kernel.stream.delete", 3004, 4],
    ["kernel.anomaly.raise", 2004, 1],
    ["kernel.ledger.export", 6001, 7],
    ["kernel.file.download", 6001, 2],
    ["regulatory_docs.document.open", 6003, 2],
    ["regulatory_docs.finding.update", 6003, 3],
    ["lab.result.retest", 6003, 99],
    ["kernel.access.refused", 6003, 99],
  ])("%s is class %i, activity %i", (action, uid, activity) => {
    expect(activityOf(action).slice(0, 2)).toEqual([uid, activity]);
    const made = ocsfOf({ ...event, action });
    for (const name of [...everywhere, ...(required[uid] ?? [])]) expect([name, name in made]).toEqual([name, true]);
    expect(made["type_uid"]).toBe(uid * 100 + activity);
    expect(made["category_uid"]).toBe(Math.floor(uid / 1000));
  });

  test("carries what a receiver drops duplicates by, sees holes by and can hash again", () => {
    const made = ocsfOf(event);
    expect(made["metadata"]).toMatchObject({ uid: event.leafHash, sequence: 41, version: "1.1.0" });
    expect(made["raw_data"]).toBe(event.leaf);
  });

  test("a refusal is a failure; names and addresses stand in it only where they travel", () => {
    const refused = ocsfOf({ ...event, outcome: "refused" });
    expect([refused["status_id"], refused["severity_id"]]).toEqual([2, 3]);
    expect(JSON.stringify(ocsfOf(event))).not.toContain("Ada");
    const full = ocsfOf({ ...event, actorName: "Ada", source: "192.0.2.7" });
    expect(full["actor"]).toMatchObject({ user: { name: "Ada" } });
    expect(full["src_endpoint"]).toEqual({ ip: "192.0.2.7" });
  });
});
