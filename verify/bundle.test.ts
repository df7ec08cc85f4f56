import { describe, expect, it, test } from "vitest";
import type { VerifyOptions } from "./bundle-state.ts";
import { utf8 } from "./encoding.ts";
import { verifyFile } from "./file.ts";
import type { BundleLine, LeafLine } from "./format.ts";
import { nodeProvider } from "./node.ts";
import { isGood, type Outcome } from "./outcome.ts";
import {
  bundleLines,
  bundleText,
  closed,
  platformPart,
  platformSigners,
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

/** The honest lines with each line of a kind replaced, or left out. */
function change(
  kind: BundleLine["kind"],
  replace: (line: BundleLine) => BundleLine | undefined,
  lines = honest,
): BundleLine[] {
  return lines.flatMap((line) => (line.kind === kind ? (replace(line) ?? []) : [line]));
}
function leafChange(index: number, replace: (line: LeafLine) => BundleLine | undefined, lines = honest): BundleLine[] {
  return lines.flatMap((line) => (line.kind === "leaf" && line.index === index ? (replace(line) ?? []) : [line]));
}
const only = (lines: readonly BundleLine[], index: number): LeafLine[] =>
  lines.filter((line) => line.kind === "leaf").filter((line) => line.index === index);

describe("LED-03 an honest bundle", () => {
  it("is verified with the reader's key, and says what was checked", async () => {
    const verdict = await expectOutcome(honest, "VERIFIED");
    expect(verdict).toMatchObject({
      trust: { mode: "pinned" },
      counts: { leaves: 40, verified: 40, fieldsShown: 80, fieldsClosed: 0 },
      range: { from: 0, to: 40 },
      complete: true,
      checkpoint: { size: 40, time: { by: "leaf" } },
      evidentTo: [],
      findings: [],
    });
  });

  it("is verified without a key too, and says that this is first use", async () => {
    const verdict = await expectOutcome(honest, "VERIFIED", {});
    expect(verdict.trust.mode).toBe("first-use");
  });

  it("is complete for a part of the log, at any cut", async () => {
    for (const [from, to] of [
      [0, 7],
      [7, 8],
      [13, 32],
      [32, 40],
      [39, 40],
    ] as const) {
      const verdict = await expectOutcome(bundleLines(log, { from, to }), "VERIFIED");
      expect(verdict).toMatchObject({ complete: true, counts: { verified: to - from }, range: { from, to } });
    }
  });

  it("of a selection is verified leaf by leaf and never called complete", async () => {
    const lines = bundleLines(log, { only: [3, 4, 31] });
    expect(await expectOutcome(lines, "VERIFIED")).toMatchObject({
      complete: false,
      filtered: true,
      counts: { verified: 3 },
    });
    const boast = change("bundle", (line) => (line.kind === "bundle" ? { ...line, complete: true } : line), lines);
    expect(await expectOutcome(boast, "INCOMPLETE")).toMatchObject({ complete: false });
  });

  it("with nothing in it is NOTHING_VERIFIED, never verified", async () => {
    for (const file of ["", "\n", "{}", "hello", "%PDF-1.7", bundleText(bundleLines(log, { from: 5, to: 5 }))]) {
      const verdict = await expectOutcome(file, "NOTHING_VERIFIED");
      expect(verdict.counts.verified).toBe(0);
    }
    await expectOutcome(honest.slice(0, 1), "NOTHING_VERIFIED");
  });

  it("signed by nobody known is NOTHING_VERIFIED or tampered with, by what the reader knows", async () => {
    const unknown = change("bundle", (line) => (line.kind === "bundle" ? { ...line, vkeys: [] } : line));
    expect(await expectOutcome(unknown, "NOTHING_VERIFIED", {})).toMatchObject({
      trust: { mode: "none" },
      counts: { verified: 0 },
    });
    const other = new TestSigner(log.origin, "other");
    const resigned = bundleLines(log, { signer: other, vkeys: [other.vkey] });
    expect(await expectOutcome(resigned, "VERIFIED", {})).toMatchObject({ trust: { mode: "first-use" } });
    await expectOutcome(resigned, "TAMPERED");
    await expectOutcome(honest, "INCOMPLETE", { keys: [new TestSigner("elsewhere.example/logs/x", "x").vkey] });
  });
});

describe("LED-03 whatever is done to a bundle is found", () => {
  test("bytes of every part of it changed", async () => {
    const small = new TestLog({ tenant });
    small.grow(3);
    const text = bundleText(bundleLines(small, { from: 1, platform: platformPart(small) }));
    const bytes = utf8(text);
    // What nobody signs and nothing depends on: the maker's clock, and by whose word first use goes.
    const claims = [/"madeAt":"[^"]*"/, /"vkeys":\[[^\]]*\]/].map((pattern) => {
      const match = pattern.exec(text);
      if (match === null) throw new Error("no claim");
      return [
        utf8(text.slice(0, match.index)).length,
        utf8(text.slice(0, match.index + match[0].length)).length,
      ] as const;
    });
    let tried = 0;
    for (let at = 0; at < bytes.length; at += 3) {
      if (claims.some(([from, to]) => at >= from && at < to)) continue;
      const bit = 1 << (at % 7);
      const flipped = bytes.slice();
      flipped[at] = (flipped[at] ?? 0) ^ bit;
      const verdict = await verifyFile([flipped], {
        provider: nodeProvider,
        keys: [small.signer.vkey, platformSigners()[0].vkey, platformSigners()[1].vkey],
      });
      // A witness under another name is nobody we know, and a note may be signed by anybody: it is counted out, visibly.
      const seen = !isGood(verdict.outcome) || verdict.trust.witnesses.signed === 0;
      expect(seen, `${at}: ${text.slice(Math.max(0, at - 30), at)}▶${String.fromCharCode(flipped[at] ?? 0)}`).toBe(
        true,
      );
      tried += 1;
    }
    expect(tried).toBeGreaterThan(500);
  });

  test("any line left out, or the file cut anywhere", async () => {
    const lines = bundleLines(log, { from: 2, platform: platformPart(log) });
    for (const [place, line] of lines.entries()) {
      const without = lines.toSpliced(place, 1);
      const outcome =
        line.kind === "bundle" ? "NOTHING_VERIFIED" : line.kind === "platform" ? "VERIFIED" : "INCOMPLETE";
      await expectOutcome(without, outcome);
      await expectOutcome(
        lines.slice(0, place),
        place === 0 ? "NOTHING_VERIFIED" : place <= 4 ? "NOTHING_VERIFIED" : "INCOMPLETE",
      );
    }
    const text = bundleText(lines);
    for (let at = 0; at < text.length - 1; at += 997)
      expect(isGood((await verifyText(text.slice(0, at), pin)).outcome)).toBe(false);
  });

  test("leaves dropped and renumbered, swapped, doubled or invented", async () => {
    const renumbered = honest
      .filter((line) => line.kind !== "leaf" || line.index !== 5)
      .map((line) => (line.kind === "leaf" && line.index > 5 ? { ...line, index: line.index - 1 } : line))
      .map((line) =>
        line.kind === "bundle"
          ? { ...line, to: 39, unfilteredCount: 39 }
          : line.kind === "end"
            ? { ...line, leaves: 39 }
            : line,
      );
    await expectOutcome(renumbered, "TAMPERED");
    const [a, b] = [...only(honest, 7), ...only(honest, 8)];
    if (a === undefined || b === undefined) throw new Error("no leaves");
    await expectOutcome(
      leafChange(
        7,
        () => b,
        leafChange(8, () => a),
      ),
      "TAMPERED",
    );
    await expectOutcome(
      leafChange(
        7,
        () => ({ ...b, index: 7 }),
        leafChange(8, () => ({ ...a, index: 8 })),
      ),
      "TAMPERED",
    );
    await expectOutcome(honest.toSpliced(10, 0, a), "TAMPERED");
    const other = new TestLog({ tenant });
    other.grow(41);
    await expectOutcome(
      leafChange(20, () => ({ kind: "leaf", ...other.part(20) })),
      "TAMPERED",
    );
  });

  test("another workspace's leaf or log", async () => {
    const foreign = new TestLog({ tenant: "019aa000-0000-7000-8000-000000000002" });
    foreign.grow(40);
    await expectOutcome(
      leafChange(3, () => ({ kind: "leaf", ...foreign.part(3) })),
      "TAMPERED",
    );
    await expectOutcome(
      change("bundle", (line) => (line.kind === "bundle" ? { ...line, tenant: foreign.tenant } : line)),
      "TAMPERED",
    );
    await expectOutcome(bundleLines(foreign), "INCOMPLETE");
    // A leaf that another workspace's log should hold, in this one's by its own server's doing.
    const mixed = new TestLog({ tenant });
    mixed.grow(3);
    mixed.entries.push(...foreign.entries.slice(0, 1));
    await expectOutcome(bundleLines(mixed), "TAMPERED");
    await expectOutcome(
      change("checkpoint", () => ({ kind: "checkpoint", note: foreign.note() })),
      "TAMPERED",
    );
  });

  test("what a leaf shows: changed, stripped, closed or moved", async () => {
    const [line] = only(honest, 4);
    if (line?.open === undefined) throw new Error("no leaf");
    const { open, ...bare } = line;
    const title = open["title"];
    if (title === undefined || !("value" in title)) throw new Error("no title");
    const bad = await expectOutcome(
      leafChange(4, () => ({ ...line, open: { ...open, title: { ...title, value: '"Other"' } } })),
      "TAMPERED",
    );
    expect(bad.findings[0]).toMatchObject({ sort: "fault", index: 4 });
    await expectOutcome(
      leafChange(4, () => bare),
      "INCOMPLETE",
    );
    await expectOutcome(
      leafChange(4, () => ({ ...line, open: closed(open, ["title"]) })),
      "INCOMPLETE",
    );
    await expectOutcome(
      leafChange(4, () => ({ ...line, open: { title } })),
      "TAMPERED",
    );
    await expectOutcome(
      leafChange(4, () => ({ ...line, open: { ...open, more: title } })),
      "TAMPERED",
    );
  });

  test("a row that is no longer what its leaf committed to", async () => {
    const [line] = only(honest, 4);
    if (line?.open === undefined) throw new Error("no leaf");
    const row = { record: "documents.document", row: "00000000-0000-7000-8000-00000000000a", version: "5" };
    const { title } = line.open;
    if (title === undefined || "commitment" in title) throw new Error("no title");
    const saltAlone = { ...line.open, title: { salt: title.salt } };
    const withRow = (values: Record<string, unknown>, open = line.open, own = row): BundleLine[] =>
      leafChange(4, () => ({ ...line, ...(open === undefined ? {} : { open }), record: { ...own, values } }));
    expect(await expectOutcome(withRow({ title: "Title 4" }), "VERIFIED")).toMatchObject({ counts: { rows: 1 } });
    await expectOutcome(withRow({ title: "Title 4" }, saltAlone), "VERIFIED");
    await expectOutcome(withRow({ title: "Title 5" }), "TAMPERED");
    await expectOutcome(withRow({ title: "Title 5" }, saltAlone), "TAMPERED");
    await expectOutcome(withRow({ title: "Title 4", more: 1 }), "TAMPERED");
    await expectOutcome(withRow({ title: "Title 4" }, line.open, { ...row, version: "6" }), "TAMPERED");
    await expectOutcome(withRow({ title: "Title 4" }, line.open, { ...row, record: "documents.other" }), "TAMPERED");
    await expectOutcome(withRow({}, saltAlone), "TAMPERED");
    for (const state of ["missing", "altered"] as const) {
      const said = leafChange(4, () => ({ ...line, record: { ...row, values: {}, state } }));
      await expectOutcome(said, "TAMPERED");
    }
  });

  test("the signature of a known key that does not fit refuses the file, good ones beside it or not", async () => {
    const forged = log
      .note()
      .replace(
        /\n— (\S+) (\S{20})(.)/,
        (_, name: string, begin: string, one: string) => `\n— ${name} ${begin}${one === "A" ? "B" : "A"}`,
      );
    await expectOutcome(
      change("checkpoint", () => ({ kind: "checkpoint", note: forged })),
      "TAMPERED",
    );
  });
});
