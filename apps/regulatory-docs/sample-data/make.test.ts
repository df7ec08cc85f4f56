import { createHash } from "node:crypto";
import mammoth from "mammoth";
import { extractText, getDocumentProxy } from "unpdf";
import { describe, expect, test } from "vitest";
import { expectedAfterUpdate, expectedGaps, expectedWithdrawnCitations } from "./expected-gap.ts";
import { sampleFiles, sampleUpdates } from "./make.ts";
import type { SampleFile } from "./make.ts";

async function textOf(file: SampleFile): Promise<string> {
  if (file.fileName.endsWith(".docx")) {
    return (await mammoth.extractRawText({ buffer: Buffer.from(file.bytes) })).value;
  }
  if (file.fileName.endsWith(".pdf")) {
    const { text } = await extractText(await getDocumentProxy(file.bytes.slice()), { mergePages: true });
    return text;
  }
  return new TextDecoder().decode(file.bytes);
}

function hashes(files: readonly SampleFile[]): string[] {
  return files.map((file) => createHash("sha256").update(file.bytes).digest("hex"));
}

describe("the sample quality system", () => {
  test("is the same to the byte each time it is made", async () => {
    expect(hashes(await sampleFiles())).toEqual(hashes(await sampleFiles()));
  });

  test("is 12 DOCX, 4 PDF and 1 TXT whose text can be read back", async () => {
    const files = await sampleFiles();
    const count = (ending: string): number => files.filter((file) => file.fileName.endsWith(ending)).length;
    expect([count(".docx"), count(".pdf"), count(".txt")]).toEqual([12, 4, 1]);
    for (const file of files) {
      const text = await textOf(file);
      expect(text).toContain(file.documentNumber);
      if (file.documentNumber !== "SOP-14") expect(text.length).toBeGreaterThan(1500);
      expect(text).not.toContain("**");
    }
  });

  test("an update keeps file name and number and raises the revision", async () => {
    const first = await sampleFiles();
    const updates = await sampleUpdates();
    expect(updates.length).toBeGreaterThan(0);
    for (const update of updates) {
      const before = first.find((file) => file.fileName === update.fileName);
      expect(before?.documentNumber).toBe(update.documentNumber);
      expect(Number(update.revision)).toBe(Number(before?.revision) + 1);
    }
  });

  test("the gaps it states are really in the text", async () => {
    const files = await sampleFiles();
    const textByNumber = new Map(
      await Promise.all(files.map(async (file) => [file.documentNumber, await textOf(file)] as const)),
    );
    const all = [...textByNumber.values()].join("\n");
    expect(all).not.toMatch(/\bUDI\b|unique device ident/iu);
    expect(textByNumber.get("SOP-06")).not.toMatch(/re-?evaluat|evaluated again|monitor(s|ed|ing) suppliers/iu);
    expect(textByNumber.get("SOP-12")).not.toMatch(/effectiveness|adverse/iu);
    expect(textByNumber.get("SOP-03")).not.toMatch(/effectiveness/iu);
    expect(textByNumber.get("SOP-02")).not.toMatch(/retention|\byears?\b/iu);
    expect(textByNumber.get("SOP-05")).not.toMatch(/transfer/iu);
    for (const { section, documentNumber } of expectedWithdrawnCitations) {
      expect(textByNumber.get(documentNumber)).toContain(section);
    }
    for (const gap of [...expectedGaps, ...expectedAfterUpdate]) {
      if (gap.documentNumber !== null) expect(textByNumber.has(gap.documentNumber)).toBe(true);
    }
  });
});
