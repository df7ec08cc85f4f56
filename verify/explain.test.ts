import { createHash } from "node:crypto";
import { timestampClient } from "@probity/seal";
import { plainFetch, testAuthority } from "@probity/seal/testing";
import { describe, expect, it } from "vitest";
import type { VerifyOptions } from "./bundle-state.ts";
import { UsageError } from "./format-error.ts";
import type { BundleLine } from "./format.ts";
import type { Outcome } from "./outcome.ts";
import {
  bundleLines,
  closed,
  platformPart,
  platformSigners,
  proofOfLeaf,
  TestLog,
  TestSigner,
} from "./testing/bundle-maker.ts";
import { judge, verifyText } from "./testing/judge.ts";
import type { Verdict } from "./verdict.ts";

const tenant = "019aa000-0000-7000-8000-000000000001";
const log = new TestLog({ tenant });
log.grow(40);
const honest = bundleLines(log);
const pin = { keys: [log.signer.vkey] };

function expectOutcome(
  file: string | readonly BundleLine[],
  outcome: Outcome,
  own: Omit<VerifyOptions, "provider"> = pin,
): Promise<Verdict> {
  return judge(file, outcome, own);
}

describe("LED-03 checkpoints that were kept", () => {
  const grown = new TestLog({ tenant });
  grown.grow(12);
  const kept = grown.note();
  grown.grow(8);

  it("are continued by a later bundle, which then counts as pinned", async () => {
    expect(await expectOutcome(bundleLines(grown), "VERIFIED", { checkpoint: kept })).toMatchObject({
      trust: { mode: "pinned" },
    });
    await expectOutcome(bundleLines(grown, { from: 15 }), "INCOMPLETE", { checkpoint: kept });
    const proof: BundleLine = { kind: "consistency", from: 12, to: 20, proof: grown.consistency(12) };
    await expectOutcome(bundleLines(grown, { from: 15, more: [proof] }), "VERIFIED", { checkpoint: kept });
  });

  it("show a log that went back, and one that was rewritten", async () => {
    await expectOutcome(bundleLines(grown, { size: 9 }), "ROLLED_BACK", { checkpoint: kept });
    const rewritten = new TestLog({ tenant });
    rewritten.grow(20);
    await expectOutcome(bundleLines(rewritten), "TAMPERED", { checkpoint: kept });
    await expectOutcome(bundleLines(rewritten, { size: 12 }), "TAMPERED", { checkpoint: kept });
    const older: BundleLine = { kind: "checkpoint", note: kept };
    await expectOutcome(bundleLines(grown, { more: [] }).toSpliced(1, 0, older), "VERIFIED");
    await expectOutcome(bundleLines(rewritten).toSpliced(1, 0, older), "TAMPERED");
  });

  it("are the reader's to correct when they are of another log or can't be read", async () => {
    const foreign = new TestLog({ tenant: "019aa000-0000-7000-8000-000000000009" });
    foreign.grow(2);
    await expect(verifyText(honest, { checkpoint: foreign.note() })).rejects.toThrow(/The checkpoint is of/);
    for (const own of [{ checkpoint: "nonsense" }, { keys: ["nonsense"] }])
      await expect(verifyText(honest, own)).rejects.toThrow(UsageError);
    await expect(verifyText(honest, { checkpoint: "nonsense" })).rejects.toThrow(/no signatures/);
    await expect(verifyText(honest, { keys: ["nonsense"] })).rejects.toThrow(/not a verifier key/);
  });
});

describe("LED-06 what is missing is explained by the log itself", () => {
  it("a person's fields, by an erasure that names them", async () => {
    const erased = new TestLog({ tenant });
    erased.grow(6);
    const own = { keys: [erased.signer.vkey] };
    erased.erase(2, ["source", "title"]);
    expect(await expectOutcome(bundleLines(erased), "VERIFIED_WITH_ERASURES", own)).toMatchObject({
      complete: true,
      counts: { fieldsErased: 2, fieldsClosed: 0, erasures: 1 },
    });
    // The erasure lies after the range: its leaf comes along, with its own proof.
    const at = { ...erased.part(6), proof: erased.inclusion(6) };
    await expectOutcome(bundleLines(erased, { to: 4 }), "INCOMPLETE", own);
    const explained = bundleLines(erased, { to: 4, more: [{ kind: "erasure", index: 6, at }] });
    await expectOutcome(explained, "VERIFIED_WITH_ERASURES", own);
    await expectOutcome(
      bundleLines(erased, { to: 4, more: [{ kind: "erasure", index: 6, at: { ...at, proof: "" } }] }),
      "TAMPERED",
      own,
    );
    // It explains what it names, and nothing else.
    const more = bundleLines(erased).map((line) =>
      line.kind === "leaf" && line.index === 3 ? { ...line, open: closed(line.open ?? {}, ["source"]) } : line,
    );
    await expectOutcome(more, "INCOMPLETE", own);
  });

  it("a declared restore: the lost leaves, the checkpoint before, two owners", async () => {
    const restored = new TestLog({ tenant });
    restored.grow(10);
    const before = restored.note();
    const later = restored.note(9);
    const signer = restored.restore(7, before);
    restored.grow(2);
    const lines = bundleLines(restored, { signer });
    const verdict = await expectOutcome(lines, "CONTINUED_AFTER_RESTORE");
    expect(verdict.restores).toEqual([{ from: 7, to: 10, index: 7, owners: ["owner-a", "owner-b"] }]);
    // Who kept a checkpoint of the lost part hears why it is not continued.
    for (const checkpoint of [before, later]) await expectOutcome(lines, "CONTINUED_AFTER_RESTORE", { checkpoint });
    const rewritten = new TestLog({ tenant });
    rewritten.grow(10);
    await expectOutcome(lines, "TAMPERED", { checkpoint: rewritten.note(6) });
    await expectOutcome(lines, "TAMPERED", { checkpoint: rewritten.note(10) });
    await expectOutcome(bundleLines(restored, { signer, from: 8 }), "INCOMPLETE");
    // A signer that lost its memory: a new name, and no leaf lost.
    const signerless = new TestLog({ tenant });
    signerless.grow(4);
    const renamed = signerless.restore(4, signerless.note());
    await expectOutcome(bundleLines(signerless, { signer: renamed }), "CONTINUED_AFTER_RESTORE");
    // A new name that no declaration explains.
    const undeclared = new TestLog({ tenant });
    undeclared.grow(4);
    await expectOutcome(bundleLines(undeclared, { signer: renamed }), "INCOMPLETE");
    const alone = new TestLog({ tenant });
    alone.grow(10);
    const old = alone.note();
    const again = alone.restore(7, old, ["owner-a", "owner-a"]);
    await expectOutcome(bundleLines(alone, { signer: again }), "INCOMPLETE");
  });
});

describe("LED-03 what lies outside the server", () => {
  const [platform, witness] = platformSigners();
  const part = platformPart(log);

  it("the platform log carries the trust of a reader who knows its key alone", async () => {
    const lines = bundleLines(log, { platform: part });
    const verdict = await expectOutcome(lines, "VERIFIED", { keys: [platform.vkey, witness.vkey] });
    expect(verdict.trust).toMatchObject({ mode: "pinned", witnesses: { signed: 1, of: 1, pinned: true } });
    expect(verdict.checkpoint?.time?.by).toBe("witness");
    await expectOutcome(honest, "INCOMPLETE", { keys: [platform.vkey] });
    await expectOutcome(bundleLines(log, { platform: { ...part, place: 0 } }), "TAMPERED");
    await expectOutcome(bundleLines(log, { platform: { ...part, index: 3 } }), "TAMPERED");
    await expectOutcome(bundleLines(log, { platform: platformPart(log, 5, 39) }), "TAMPERED");
  });

  it("a witness, and a time stamp over the checkpoint", async () => {
    const text = log.note().split("\n\n")[0] ?? "";
    const cosigned: BundleLine = { kind: "anchor", type: "witness", note: `${text}\n\n${witness.line(`${text}\n`)}` };
    const verdict = await expectOutcome(bundleLines(log, { more: [cosigned] }), "VERIFIED", {
      keys: [log.signer.vkey, witness.vkey],
    });
    expect(verdict.trust.witnesses).toEqual({ signed: 1, of: 1, pinned: true, names: ["witness.example/one"] });
    expect(verdict.evidentTo).toEqual(["witness witness.example/one"]);
    const authority = await testAuthority();
    try {
      const client = timestampClient(authority.url, { fetch: plainFetch });
      const { token } = await client.stamp(createHash("sha256").update(`${text}\n`).digest());
      const stamp = {
        kind: "anchor",
        type: "rfc3161",
        note: log.note(),
        token: Buffer.from(token).toString("base64"),
      } as const;
      const stamped = await expectOutcome(bundleLines(log, { more: [stamp] }), "VERIFIED");
      expect(stamped).toMatchObject({ counts: { anchors: 1 }, checkpoint: { time: { by: "timestamp" } } });
      expect(stamped.evidentTo).toEqual([expect.stringMatching(/^time stamp authority CN=/)]);
      expect(stamped.findings[0]?.text).toMatch(/stamped the checkpoint; whether to trust its certificate is yours/);
      await expectOutcome(bundleLines(log, { more: [{ ...stamp, note: log.note(39) }] }), "TAMPERED");
      const broken = Buffer.from(token);
      broken[broken.length - 9] = (broken.at(-9) ?? 0) ^ 1;
      await expectOutcome(bundleLines(log, { more: [{ ...stamp, token: broken.toString("base64") }] }), "TAMPERED");
    } finally {
      await authority.close();
    }
    // A checkpoint that somebody outside holds must be continued, too.
    const rewritten = new TestLog({ tenant });
    rewritten.grow(30);
    await expectOutcome(
      bundleLines(log, { more: [{ kind: "anchor", type: "copy", to: "auditor", at: "", note: rewritten.note() }] }),
      "TAMPERED",
    );
  });
});

describe("SIG-03 a proof of one leaf", () => {
  const proof = proofOfLeaf(log, 17, { platform: platformPart(log) });
  const text = JSON.stringify(proof);

  it("is verified alone, also pretty-printed", async () => {
    for (const file of [text, JSON.stringify(proof, null, 2)])
      expect(await expectOutcome(file, "VERIFIED")).toMatchObject({
        kind: "proof",
        complete: false,
        counts: { verified: 1 },
        range: { from: 17, to: 18 },
      });
  });

  it("may keep fields back, and changes nothing unseen", async () => {
    const back = JSON.stringify({ ...proof, open: closed(proof.open ?? {}, ["source"]) });
    expect(await expectOutcome(back, "VERIFIED")).toMatchObject({ counts: { fieldsShown: 1, fieldsClosed: 1 } });
    await expectOutcome(JSON.stringify({ ...proof, index: 16 }), "TAMPERED");
    await expectOutcome(JSON.stringify({ ...proof, leaf: proofOfLeaf(log, 16).leaf }), "TAMPERED");
    await expectOutcome(JSON.stringify({ ...proof, checkpoint: log.note(39) }), "TAMPERED");
    await expectOutcome(JSON.stringify({ ...proof, proof: "" }), "TAMPERED");
    await expectOutcome(text.replace("Title 17", "Title 18"), "TAMPERED");
    const other = new TestSigner(log.origin, "other");
    await expectOutcome(JSON.stringify({ ...proof, checkpoint: log.note(40, [other]) }), "TAMPERED");
  });
});
