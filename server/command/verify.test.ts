import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundleLines, bundleText, platformPart, platformSigners, proofOfLeaf, TestLog } from "@probity/verify/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "../..");
const command = `import { run } from ${JSON.stringify(join(import.meta.dirname, "verify.ts"))}; process.exitCode = await run(process.argv.slice(1));`;
const log = new TestLog();
let folder = "";

function verify(...args: string[]): { code: number | null; out: string; err: string } {
  const done = spawnSync(process.execPath, ["--input-type=module", "-e", command, "--", ...args], { encoding: "utf8" });
  return { code: done.status, out: done.stdout, err: done.stderr };
}
function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "probity-verify-"));
  log.grow(30);
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("LED-03 npx probity verify", () => {
  it("prints outcome, trust mode, counts, range, checkpoint and its time, and exits 0", () => {
    const bundle = file("bundle.jsonl", bundleText(bundleLines(log, { from: 4, platform: platformPart(log) })));
    const keys = file("keys.txt", `# of the instance\n${log.signer.vkey}\n${platformSigners()[1].vkey}\n`);
    const { code, out } = verify(bundle, "--key", keys, "--checkpoint", log.note(12));
    expect(out).toMatch(/^● VERIFIED {2}/);
    for (const line of [
      /Trust +pinned/,
      /witnessed by 1 of 1 you brought/,
      /26 leaves of 26/,
      /Range +4 to 30, complete/,
      /Checkpoint +30 leaves/,
      /Time +2026/,
    ])
      expect(out).toMatch(line);
    expect(code).toBe(0);
    expect(verify(bundle).out).toMatch(/Trust +first use/);
  });

  it("exits 1 for whatever is not good, and says as JSON what", () => {
    const text = bundleText(bundleLines(log));
    const bad = verify(file("bad.jsonl", text.replace("Title 20", "Title 02")), "--json");
    expect(bad.code).toBe(1);
    expect(JSON.parse(bad.out)).toMatchObject({ outcome: "TAMPERED", findings: [{ sort: "fault", index: 20 }] });
    for (const [name, content, outcome] of [
      ["cut.jsonl", text.slice(0, -40), "INCOMPLETE"],
      ["old.jsonl", bundleText(bundleLines(log, { size: 9 })), "ROLLED_BACK"],
    ] as const) {
      const { code, out } = verify(file(name, content), "--checkpoint", log.note(), "--json");
      expect([code, JSON.parse(out).outcome]).toEqual([1, outcome]);
    }
  });

  it("exits 2 for wrong use, and says what is safe and what to do", () => {
    const proof = file("proof.json", JSON.stringify(proofOfLeaf(log, 3)));
    for (const args of [[], [join(folder, "nowhere")], [proof, "--key", "nonsense"]]) {
      const { code, err } = verify(...args);
      expect(err).toContain("Nothing was verified");
      expect(code).toBe(2);
    }
    for (const args of [[], [proof, proof]]) expect(verify(...args).err).toContain("Name one file to verify");
    expect(verify("--help").out).toContain("Exit code 0");
  });

  it("names the leaf of a finding, and says how many findings it does not show", () => {
    const long = new TestLog();
    long.grow(103);
    const bare = bundleLines(long).map((line) =>
      line.kind === "leaf" ? { kind: line.kind, index: line.index, leaf: line.leaf } : line,
    );
    const { code, out } = verify(file("bare.jsonl", bundleText(bare)));
    expect(code).toBe(1);
    expect(out).toContain("◐ leaf 7: What the leaf commits to is not shown");
    expect(out).toContain("… and 3 more");
    expect(verify(file("good.jsonl", bundleText(bundleLines(long)))).out).not.toContain("more");
  });

  it("lets no text of a file steer the terminal", () => {
    const proof = JSON.stringify({ ...proofOfLeaf(log, 3), origin: "x\u001b[2J\u202e\u009b\u2066" });
    const { out } = verify(file("escape.json", proof));
    // oxlint-disable-next-line no-control-regex -- control characters are what it looks for
    expect(out).not.toMatch(/[\u001b\u202e\u009b\u2066]/);
  });

  it("runs as a file of its own, too", () => {
    const proof = file("proof.json", JSON.stringify(proofOfLeaf(log, 3)));
    const done = spawnSync(process.execPath, [join(root, "verify/stand-alone.ts"), proof], {
      encoding: "utf8",
      cwd: folder,
    });
    expect(done.stdout).toMatch(/^● VERIFIED/);
    expect(done.status).toBe(0);
  });
});
