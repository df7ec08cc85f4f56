import { describe, expect, test } from "vitest";
import { judgeSettings, poolerOf } from "./setting.ts";

const good = {
  version: 180_004,
  settings: { fsync: "on", full_page_writes: "on", row_security: "on", synchronous_commit: "on", data_checksums: "on" },
  overNetwork: false,
  tls: false,
};
const remarked = (facts: Partial<typeof good>) => judgeSettings({ ...good, ...facts }).map(({ object }) => object);

describe("settings of the server", () => {
  test("a durable server on a socket, or over TLS, gets no remark", () => {
    expect(remarked({})).toEqual([]);
    expect(remarked({ overNetwork: true, tls: true })).toEqual([]);
  });
  test.each(["fsync", "full_page_writes", "row_security", "synchronous_commit", "data_checksums"])(
    "%s = off is named",
    (name) => {
      expect(remarked({ settings: { ...good.settings, [name]: "off" } })).toEqual([name]);
    },
  );
  test("a stricter setting is fine", () => {
    expect(remarked({ settings: { ...good.settings, synchronous_commit: "remote_apply" } })).toEqual([]);
  });
  test("PostgreSQL 14 is too old, a network without TLS is named", () => {
    expect(remarked({ version: 140_012, overNetwork: true })).toEqual(["PostgreSQL 14", "connection"]);
  });
});

describe("poolers", () => {
  const direct = { host: "db.example.com", port: 5432, announcedPid: 4711, backendPid: 4711, shared: false };
  test("a direct connection is announced with its backend's own pid", () => {
    expect(poolerOf(direct)).toBeUndefined();
  });
  test("a made-up pid is a pooler; one backend for two connections is transaction mode", () => {
    expect(poolerOf({ ...direct, announcedPid: 1 })).toEqual({ name: "a connection pooler", mode: "session" });
    expect(poolerOf({ ...direct, announcedPid: 1, shared: true })?.mode).toBe("transaction");
  });
  test.each([
    ["ep-cool-name-123-pooler.eu-central-1.aws.neon.tech", 5432, "Neon's pooler"],
    ["aws-0-eu-central-1.pooler.supabase.com", 6543, "Supavisor"],
    ["main.proxy-abc123.eu-central-1.rds.amazonaws.com", 5432, "RDS Proxy"],
    ["10.0.0.5", 6432, "PgBouncer or PgCat"],
  ])("%s:%i is %s", (host, port, name) => {
    expect(poolerOf({ ...direct, host, port, shared: true })?.name).toBe(name);
  });
});
