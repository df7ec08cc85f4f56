// The edges of trust and of the verdict: which name is which log's, whose key counts as what, and what is called complete.
import { describe, expect, test } from "vitest";
import { Findings } from "./finding.ts";
import type { BundleLine } from "./format.ts";
import { nodeProvider } from "./node.ts";
import { cosignatureType } from "./note.ts";
import { bundleLines, platformPart, platformSigners, TestLog, TestSigner } from "./testing/bundle-maker.ts";
import { judge, told } from "./testing/judge.ts";
import { Keys, logOf, platformOf } from "./trust.ts";
import { outcomeOf, verdictOf } from "./verdict.ts";

const tenant = "019aa000-0000-7000-8000-000000000001";
const log = new TestLog({ tenant });
log.grow(40);
const [platform, witness] = platformSigners();
const keysOf = (brought: readonly string[], named: readonly string[] = [], provider = nodeProvider) =>
  Keys.of(log.origin, brought, named, provider);
const platformNote = platformPart(log).note;

describe("LED-03 which log a name speaks of", () => {
  test("the second and every later beginning is the same log's, anything else is a name of its own", () => {
    for (const epoch of [2, 9, 10, 19, 20, 100]) expect(logOf(`a/logs/b/${epoch}`)).toBe("a/logs/b");
    for (const own of ["a/logs/b", "a/logs/b/0", "a/logs/b/1", "a/logs/b/02", "a/logs/b/2/c", "a/logs/b/2c"])
      expect(logOf(own)).toBe(own);
  });
  test("its platform log is that of the instance, after a restore too", () => {
    for (const origin of ["a/logs/b", "a/logs/b/2"]) expect(platformOf(origin)).toBe("a/logs/platform");
    expect(platformOf("a/logs/b/logs/c")).toBe("a/logs/b/logs/platform");
  });
});

describe("LED-03 a key counts as what it is, and as nothing else", () => {
  const restored = new TestSigner(`${platform.name}/2`, "platform");
  test("a witness's key is no log's, whatever its name", async () => {
    for (const name of [log.origin, platform.name]) {
      const odd = new TestSigner(name, "odd", cosignatureType);
      const keys = await keysOf([odd.vkey], [log.signer.vkey, platform.vkey]);
      expect([keys.pinned, keys.strange]).toEqual([{ log: false, platform: false, witness: true }, false]);
      expect((await keys.openLog(log.note(40, [odd]))).signers).toEqual([]);
      expect((await keys.openLog(log.note())).signers).toHaveLength(1);
    }
  });
  test("a witness can't sign as the log by naming its own key so", async () => {
    const twin = new TestSigner(log.origin, "witness");
    const note = log.note(40, [twin]);
    const lines = bundleLines(log, { vkeys: [log.signer.vkey, twin.vkey] });
    const signed = lines.map((line): BundleLine => (line.kind === "checkpoint" ? { ...line, note } : line));
    expect(await told(signed, { keys: [log.signer.vkey, witness.vkey] })).toEqual([
      "TAMPERED",
      "The checkpoint is not signed by the key you brought",
    ]);
  });
  test("the platform's key is the platform's after its restore too, and signs no log", async () => {
    expect((await keysOf([restored.vkey])).pinned.platform).toBe(true);
    const keys = await keysOf([log.signer.vkey, platform.vkey]);
    const signers = async (opened: ReturnType<Keys["openLog"]>) => (await opened).signers.map(({ name }) => name);
    expect(await signers(keys.openLog(platformNote))).toEqual([]);
    expect(await signers(keys.openPlatform(log.note()))).toEqual([]);
    expect(await signers(keys.openAny(platformNote))).toEqual([platform.name]);
    expect(await signers(keys.openAny(log.note()))).toEqual([log.origin]);
  });
  test("a witness's key alone is no stranger's, and leaves the log's to first use", async () => {
    const verdict = await judge(bundleLines(log), "VERIFIED", { keys: [witness.vkey] });
    expect(verdict.trust.mode).toBe("first-use");
  });
  test("keys of one name count each, and the same key once", async () => {
    const twin = new TestSigner(log.origin, "twin");
    for (const own of [
      [log.signer.vkey, twin.vkey],
      [twin.vkey, log.signer.vkey],
    ])
      expect(await told(bundleLines(log, { vkeys: [] }), { keys: own })).toEqual(["VERIFIED"]);
    expect((await keysOf([], [witness.vkey, witness.vkey])).witnessCount).toBe(1);
    expect((await keysOf([witness.vkey, witness.vkey], [witness.vkey])).witnessCount).toBe(1);
  });
  test("a verifier that fails is no note that nobody signed", async () => {
    const provider = {
      ...nodeProvider,
      verifyEd25519: () => {
        throw new Error("no Ed25519 here");
      },
    };
    await expect((await keysOf([log.signer.vkey], [], provider)).openLog(log.note())).rejects.toThrow("no Ed25519");
  });
  test("the platform's word makes a log trusted where the reader knows the platform, and the file leads to it", async () => {
    const led = bundleLines(log, { platform: platformPart(log) });
    const mode = async (lines: BundleLine[], keys: string[]) =>
      (await judge(lines, keys.length > 0 && lines !== led ? "INCOMPLETE" : "VERIFIED", { keys })).trust.mode;
    expect(await mode(led, [platform.vkey])).toBe("pinned");
    expect(await mode(led, [])).toBe("first-use");
    expect(await mode(bundleLines(log), [platform.vkey])).toBe("first-use");
  });
});

describe("LED-03 the worst that was found is the outcome", () => {
  const good = { leaves: 3, verified: 3, erased: 0, restores: 0 };
  const found = (sorts: readonly ("fault" | "gap" | "rollback" | "remark")[], counts: object = {}) => {
    const findings = new Findings();
    for (const sort of sorts) findings.add(sort, sort);
    return outcomeOf({ findings, ...good, ...counts });
  };
  test("in this order", () => {
    expect(found(["remark", "gap", "rollback", "fault"], { leaves: 0 })).toBe("TAMPERED");
    expect(found(["gap", "rollback"], { leaves: 0 })).toBe("ROLLED_BACK");
    expect(found(["gap"], { leaves: 0 })).toBe("NOTHING_VERIFIED");
    expect(found(["gap"], { verified: 0 })).toBe("INCOMPLETE");
    expect(found(["remark"], { verified: 0, restores: 1, erased: 1 })).toBe("NOTHING_VERIFIED");
    expect(found([], { restores: 1, erased: 1 })).toBe("CONTINUED_AFTER_RESTORE");
    expect(found([], { erased: 1 })).toBe("VERIFIED_WITH_ERASURES");
    expect(found(["remark"])).toBe("VERIFIED");
  });
  test("complete is what is whole, unfiltered, verified and without gap or fault, and nothing less", async () => {
    const keys = await keysOf([log.signer.vkey]);
    const complete = (given: { sort?: "fault" | "gap"; verified?: number; filtered?: boolean; to?: number }) => {
      const findings = new Findings();
      if (given.sort !== undefined) findings.add(given.sort, "x");
      const none = { fieldsShown: 0, fieldsErased: 0, fieldsClosed: 0, rows: 0, checkpoints: 1, anchors: 0 };
      const verified = given.verified ?? 5;
      return verdictOf({
        kind: "bundle",
        head: { origin: log.origin, tenant },
        keys,
        kept: false,
        newest: undefined,
        evidence: undefined,
        findings,
        restores: [],
        range: { from: 0, to: given.to ?? 5 },
        filtered: given.filtered ?? false,
        lastLeafAt: "",
        counts: { ...none, leaves: 5, verified, erasures: 0, restores: 0 },
      }).complete;
    };
    expect(complete({})).toBe(true);
    for (const less of [
      { sort: "fault" },
      { sort: "gap" },
      { verified: 4 },
      { verified: 0, to: 0 },
      { filtered: true },
    ] as const)
      expect(complete(less)).toBe(false);
  });
});
