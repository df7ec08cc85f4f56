import { describe, expect, test } from "vitest";
import { isolationTier, probeIsolation } from "./extract-isolation.ts";

const everything = [
  "tcp-connect",
  "tcp-listen",
  "udp-send",
  "dns-lookup",
  "http-fetch",
  "read-passwd",
  "read-repository",
  "read-environment",
  "write-file",
  "child-process",
  "worker",
  "native-addon",
  "string-as-code",
];

describe("the extraction child", () => {
  test("is denied the network, files, processes, threads and the environment, in the tier in force", async () => {
    const report = await probeIsolation();
    expect(report.harness).toBe(await isolationTier());
    expect(report.attempts.filter((each) => !each.denied)).toEqual([]);
    expect(report.attempts.map((each) => each.attempt)).toEqual(everything);
  });

  test("is denied the same by the permission model alone", async () => {
    const report = await probeIsolation({ harness: "permission" });
    expect(report.attempts.filter((each) => !each.denied)).toEqual([]);
  });

  test("without the harness reaches all of it: the probe can tell", async () => {
    const report = await probeIsolation({ harness: "none" });
    expect(report.attempts.filter((each) => each.denied)).toEqual([]);
    expect(report.attempts.map((each) => each.attempt)).toEqual(everything);
  });

  test("stays off the network and out of others' files where the permission model fails", async (context) => {
    if ((await isolationTier()) !== "permission+uid+netns") return context.skip("needs root, unshare and setpriv");
    const report = await probeIsolation({ harness: "uid+netns" });
    const denied = report.attempts.filter((each) => each.denied).map((each) => each.attempt);
    expect(denied).toEqual(expect.arrayContaining(["tcp-connect", "udp-send", "http-fetch", "read-environment"]));
  });
});
