// Each guard over what explains and what lies outside, by a file that only it refuses, and by what it says: another guard's refusal does not count.
import { describe, expect, it, test } from "vitest";
import type { BundleLine } from "./format.ts";
import { bundleLines, closed, platformPart, platformSigners, TestLog, TestSigner } from "./testing/bundle-maker.ts";
import { forged, judge, told } from "./testing/judge.ts";

const tenant = "019aa000-0000-7000-8000-000000000001";
const log = new TestLog({ tenant });
log.grow(40);
const honest = bundleLines(log);
const pin = { keys: [log.signer.vkey] };
const stranger = new TestSigner(log.origin, "stranger");

type Own = Parameters<typeof judge>[2];
const found = (file: string | readonly BundleLine[], own: Own = pin, remarks = false) => told(file, own, remarks);
describe("LED-06 only a leaf that says what it must explains a gap", () => {
  const explained = (event: Parameters<TestLog["add"]>[0]): [BundleLine[], Own] => {
    const own = new TestLog({ tenant });
    own.grow(4);
    const entry = own.entries[2];
    if (entry === undefined) throw new Error("no leaf");
    own.entries[2] = { ...entry, open: closed(entry.open, ["title"]) };
    own.add(event);
    return [bundleLines(own), { keys: [own.signer.vkey] }];
  };
  const action = "privacy.erasure.executed";
  const not = "Not shown, and by no erasure: title";
  const wrong = "An erasure names leaves that it can't have erased";
  it("an erasure that was carried out", async () => {
    expect(await found(...explained({ action, fields: { leaves: [[2, ["title"]]] } }))).toEqual([
      "VERIFIED_WITH_ERASURES",
    ]);
    for (const outcome of ["refused", "failed"] as const)
      expect(await found(...explained({ action, outcome, fields: { leaves: [[2, ["title"]]] } }))).toEqual([
        "INCOMPLETE",
        not,
      ]);
  });
  test.each([
    [undefined, "An erasure does not show what it erased"],
    ["2", "An erasure does not show what it erased"],
    [[2], wrong],
    [[["2", ["title"]]], wrong],
    [[[-2, ["title"]]], wrong],
    [[[2.5, ["title"]]], wrong],
    [[[2, "title"]], wrong],
    [
      [
        [4, ["title"]],
        [2, ["title"]],
      ],
      wrong,
    ],
    [
      [
        [9, ["title"]],
        [2, ["title"]],
      ],
      wrong,
    ],
    [[[2, [["title"]]]], undefined],
  ])("an erasure of %j explains nothing", async (leaves, says) => {
    const fields = { basis: "x", ...(leaves === undefined ? {} : { leaves }) };
    expect(await found(...explained({ action, fields }))).toEqual([
      "INCOMPLETE",
      ...(says === undefined ? [] : [says]),
      not,
    ]);
  });
  test("a leaf that is said to explain, and does not", async () => {
    const [lines, own] = explained({ action, fields: { leaves: [[2, ["title"]]] } });
    const said = (kind: "erasure" | "epoch", index: number) => found(lines.toSpliced(2, 0, { kind, index }), own);
    expect(await said("erasure", 4)).toEqual(["VERIFIED_WITH_ERASURES"]);
    for (const [kind, index] of [
      ["erasure", 3],
      ["epoch", 4],
    ] as const)
      expect(await said(kind, index)).toEqual(["TAMPERED", "A leaf is not the explanation it is said to be"]);
  });
  test("an outside explanation that is not as it was, or in another log", async () => {
    const own = new TestLog({ tenant });
    own.grow(4);
    own.erase(2, ["title"]);
    const keys = { keys: [own.signer.vkey] };
    const at = { ...own.part(4), proof: own.inclusion(4) };
    const lines = (part: typeof at) => bundleLines(own, { to: 4, more: [{ kind: "erasure", index: 4, at: part }] });
    expect(await found(lines(at), keys)).toEqual(["VERIFIED_WITH_ERASURES"]);
    const leaf = at.leaf.replace('"done"', '"gone"');
    expect(await found(lines({ ...at, leaf }), keys)).toEqual([
      "TAMPERED",
      "An explaining leaf is not in the signed log",
      not,
    ]);
    const open = closed(at.open ?? {}, []);
    const { leaves } = open;
    if (leaves === undefined || !("value" in leaves)) throw new Error("no leaves");
    expect(await found(lines({ ...at, open: { ...open, leaves: { ...leaves, value: "[]" } } }), keys)).toEqual([
      "TAMPERED",
      "What is shown of the leaf is not what it commits to",
      not,
    ]);
  });

  /** Ten leaves, of which three are lost: `said` is what the declaration says otherwise. */
  const restored = (said: Readonly<Record<string, unknown>>): [BundleLine[], Own] => {
    const own = new TestLog({ tenant });
    own.grow(10);
    const fields = { lost: [7, 10], old: own.note(), owners: ["a", "b"], ...said };
    own.entries.length = 7;
    own.add({
      action: "kernel.ledger.epoch.opened",
      fields: Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)),
    });
    return [bundleLines(own, { signer: new TestSigner(`${own.origin}/2`, "log") }), { keys: [own.signer.vkey] }];
  };
  const renamed = "The log goes on under a new name, and no declared restore says why";
  const lost = "A restore does not show which leaves were lost";
  const owners = "A restore was not declared by two owners";
  const before = "A restore does not fit the checkpoint before it";
  test.each([
    [{ lost: undefined }, lost],
    [{ lost: ["7", 10] }, lost],
    [{ lost: [7, "10"] }, lost],
    [{ lost: [-7, 10] }, lost],
    [{ lost: [7, 10.5] }, lost],
    [{ lost: [10, 7] }, lost],
    [{ lost: "7" }, lost],
    [{ owners: "ab" }, owners],
    [{ owners: [1, 2] }, owners],
    [{ owners: ["a", 2] }, owners],
    [{ owners: ["a", "a"] }, owners],
    [{ old: undefined }, "A restore does not show the checkpoint before it"],
    [{ old: 5 }, "A restore does not show the checkpoint before it"],
    [{ lost: [7, 11] }, before],
    [{ lost: [8, 10] }, before],
  ])("a restore with %j explains nothing", async (said, says) => {
    expect(await found(...restored(said))).toEqual(["INCOMPLETE", says, renamed]);
  });
  test("the checkpoint before a restore is the log's own, or there was none", async () => {
    const own = new TestLog({ tenant });
    own.grow(10);
    for (const old of [own.note(10, [stranger]), forged(own.note())])
      expect(await found(...restored({ old }))).toEqual([
        "INCOMPLETE",
        "The checkpoint before a restore is not signed by a known key",
      ]);
    const [lines, keys] = restored({ old: "" });
    expect(await found(lines, keys)).toEqual(["CONTINUED_AFTER_RESTORE"]);
    // Whoever kept the last one is told that nothing shows it to be the one that was lost.
    expect((await found(lines, { ...keys, checkpoint: own.note() }))[0]).toBe("ROLLED_BACK");
  });
  test("what was there before the lost part is not explained by its loss", async () => {
    const own = new TestLog({ tenant });
    own.grow(10);
    expect((await found(restored({})[0], { ...restored({})[1], checkpoint: own.note(7) }))[0]).toBe("TAMPERED");
  });
});

describe("LED-03 what lies outside is weighed piece by piece", () => {
  const [platform, witness] = platformSigners();
  const part = platformPart(log);
  const keys = { keys: [log.signer.vkey, platform.vkey, witness.vkey] };
  const text = `${log.note().split("\n\n")[0] ?? ""}\n`;
  const anchored = (note: string, type: "witness" | "copy" = "copy"): BundleLine[] =>
    bundleLines(log, {
      more: [
        type === "copy"
          ? { kind: "anchor", type, to: "auditor@example.org", at: "", note }
          : { kind: "anchor", type, note },
      ],
    });

  it("says who could show a change, and when it was seen", async () => {
    const verdict = await judge(bundleLines(log, { platform: part }), "VERIFIED", keys);
    expect(verdict.evidentTo).toEqual([
      "whoever keeps checkpoints of probity.example/logs/platform",
      "witness witness.example/one",
    ]);
    const alone = await judge(bundleLines(log, { platform: platformPart(log, 5, log.size, false) }), "VERIFIED", keys);
    expect([alone.evidentTo, alone.checkpoint?.time]).toEqual([
      ["whoever keeps checkpoints of probity.example/logs/platform"],
      { at: "2026-11-21T13:00:00.000Z", by: "platform", name: "probity.example/logs/platform" },
    ]);
    const named = await judge(
      bundleLines(log, { platform: part, vkeys: [log.signer.vkey, platform.vkey, witness.vkey] }),
      "VERIFIED",
      {},
    );
    expect([named.trust.witnesses.pinned, named.evidentTo.at(-1)]).toEqual([
      false,
      expect.stringContaining("witness witness.example/one"),
    ]);
    expect(named.evidentTo.at(-1)).not.toBe("witness witness.example/one");
    const own = log.note(40, [log.signer, witness]);
    const cosigned = honest.map((line) => (line.kind === "checkpoint" ? { ...line, note: own } : line));
    expect((await judge(cosigned, "VERIFIED", keys)).evidentTo).toEqual(["witness witness.example/one"]);
  });
  it("refuses a platform log's word that is broken, another's, or by a stranger", async () => {
    const platformed = (note: string) => bundleLines(log, { platform: { ...part, note } });
    const strange = new TestSigner(platform.name, "strange");
    const body = `${part.note.split("\n\n")[0] ?? ""}\n`;
    const elsewhere = body.replace("probity.example", "elsewhere.example");
    const signed = (content: string, signer: TestSigner) => `${content}\n${signer.line(content)}`;
    expect((await found(platformed(forged(part.note)), keys))[1]).toMatch(
      /^The signature of probity.example\/logs\/platform/,
    );
    expect(
      await found(platformed(signed(elsewhere, new TestSigner("elsewhere.example/logs/platform", "x"))), keys),
    ).toEqual(["TAMPERED", "The platform part is of another instance"]);
    expect(await found(platformed(signed(body, strange)), keys)).toEqual([
      "TAMPERED",
      "The platform log's checkpoint is not signed by the key you brought",
    ]);
    expect(await found(platformed(signed(body, strange)), pin, true)).toEqual([
      "VERIFIED",
      "Nobody known signed the platform log's checkpoint",
    ]);
    expect(await found(platformed("nonsense"), keys)).toEqual([
      "TAMPERED",
      "The note has no signatures under an empty line",
    ]);
    expect(await found(bundleLines(log, { platform: { ...part, leaf: "x" } }), keys)).toHaveLength(2);
  });
  it("weighs copies, witnesses and stamps", async () => {
    expect(await found(anchored(log.note(30)), pin, true)).toEqual([
      "VERIFIED",
      "A copy went to auditor@example.org, says the file",
    ]);
    // What was kept of the platform log is no history of this one.
    expect(await found(anchored(part.note), keys)).toEqual(["VERIFIED"]);
    expect((await found(anchored(forged(log.note(30)))))[1]).toMatch(/does not fit its text/);
    expect(await found(anchored(log.note(), "witness"), keys, true)).toEqual([
      "VERIFIED",
      "No known witness signed an anchor",
    ]);
    const seen = await judge(anchored(`${text}\n${witness.line(text)}`, "witness"), "VERIFIED", keys);
    expect([seen.counts.anchors, seen.evidentTo, seen.checkpoint?.time?.by]).toEqual([
      1,
      ["witness witness.example/one"],
      "witness",
    ]);
    const older = `${log.note(30).split("\n\n")[0] ?? ""}\n`;
    const before = await judge(anchored(`${older}\n${witness.line(older)}`, "witness"), "VERIFIED", keys);
    expect([before.evidentTo, before.checkpoint?.time?.by]).toEqual([["witness witness.example/one"], "leaf"]);
    expect(await found(anchored(`${text}\n${witness.line(text, 9_000_000_000_000)}`, "witness"), keys)).toEqual([
      "TAMPERED",
      "A witness signed at no time there is",
    ]);
    for (const token of ["?", "AAAA", Buffer.from("hello").toString("base64")])
      expect(
        await found(bundleLines(log, { more: [{ kind: "anchor", type: "rfc3161", note: log.note(), token }] })),
      ).toEqual(["TAMPERED", "A time stamp can't be read"]);
  });
  test("of several times of one kind the earliest counts", async () => {
    const more = [1_790_000_500, 1_790_000_100, 1_790_000_900].map((time): BundleLine => ({
      kind: "anchor",
      type: "witness",
      note: `${text}\n${witness.line(text, time)}`,
    }));
    expect((await judge(bundleLines(log, { more }), "VERIFIED", keys)).checkpoint?.time?.at).toBe(
      new Date(1_790_000_100_000).toISOString(),
    );
  });
});
