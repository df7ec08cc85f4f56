import { extractText, getDocumentProxy } from "unpdf";
import { describe, expect, test } from "vitest";
import { page, replacementMark } from "@probity/paper";
import { exampleInput } from "./example-input.ts";
import { countFindings } from "./input.ts";
import type { ReportFinding, ReportInput } from "./input.ts";
import { reportPdf } from "./pdf.ts";

const furniture = [/, gap report$/u, /^Run \d+ · /u, /^Page \d+ of \d+$/u, /, continued$/u];

/** The body text of all pages without white space: a quote broken over lines or pages reads on. */
async function bodyText(bytes: Uint8Array, runningTitles: readonly string[] = []): Promise<string> {
  const pages: string[] = [];
  const pdf = await getDocumentProxy(bytes.slice());
  for (let number = 1; number <= pdf.numPages; number += 1) {
    const content = await (await pdf.getPage(number)).getTextContent({ disableNormalization: true });
    for (const item of content.items) {
      if (!("str" in item) || item.str === "") continue;
      const y = Number(item.transform[5]);
      // Running heads and feet stand outside the text area.
      if (number > 1 && (y > page.height - page.top + 2 || y < page.height - page.bottom - 16)) continue;
      if (runningTitles.includes(item.str) || furniture.some((pattern) => pattern.test(item.str))) continue;
      pages.push(item.str);
    }
  }
  return pages.join("").replace(/\s+/gu, "");
}

function squeeze(text: string): string {
  return text.replace(/\s+/gu, "");
}

function withQuotes(quotes: readonly string[]): ReportInput {
  const input = exampleInput(4, 1);
  const findings = input.findings.map((finding, index) => ({
    ...finding,
    evidence: quotes.map((quote) => ({ documentName: "SOP.docx", revision: index, page: null, quote })),
  }));
  return { ...input, findings };
}

interface Box {
  page: number;
  text: string;
  left: number;
  right: number;
  y: number;
  size: number;
}

async function boxes(bytes: Uint8Array): Promise<Box[]> {
  const found: Box[] = [];
  const pdf = await getDocumentProxy(bytes.slice());
  for (let number = 1; number <= pdf.numPages; number += 1) {
    const content = await (await pdf.getPage(number)).getTextContent({ disableNormalization: true });
    for (const item of content.items) {
      if (!("str" in item) || item.str.trim() === "") continue;
      const left = Number(item.transform[4]);
      found.push({
        page: number,
        text: item.str,
        left,
        right: left + item.width,
        y: Number(item.transform[5]),
        size: Math.abs(Number(item.transform[3])),
      });
    }
  }
  return found;
}

/** Pairs of texts that touch, and texts that leave the paper's text area. */
function collisions(all: readonly Box[]): string[] {
  const problems: string[] = [];
  const byPage = new Map<number, Box[]>();
  for (const box of all) {
    if (box.right > page.right + 1 || box.left < page.left - 1) problems.push(`outside: ${box.text.slice(0, 40)}`);
    const others = byPage.get(box.page) ?? [];
    for (const other of others) {
      const across = Math.min(box.right, other.right) - Math.max(box.left, other.left);
      const apart = Math.abs(box.y - other.y);
      if (across > 1 && apart < Math.min(box.size, other.size) * 0.72) {
        problems.push(`page ${box.page}: “${box.text.slice(0, 40)}” on “${other.text.slice(0, 40)}”`);
      }
    }
    others.push(box);
    byPage.set(box.page, others);
  }
  return problems;
}

describe("the PDF report", () => {
  test("holds every requirement id and each quote word for word", async () => {
    const input = exampleInput(85, 3);
    const text = await bodyText(await reportPdf(input));
    for (const finding of input.findings) {
      expect(text).toContain(finding.requirementId);
      for (const evidence of finding.evidence) expect(text).toContain(squeeze(evidence.quote));
    }
  });

  test("numbers its pages and names run and pack on each of them", async () => {
    const bytes = await reportPdf(exampleInput(20, 2));
    const { totalPages, text } = await extractText(await getDocumentProxy(bytes));
    expect(totalPages).toBeGreaterThan(8);
    text.forEach((pageText, index) => {
      expect(pageText).toContain(`Page ${index + 1} of ${totalPages}`);
      expect(pageText).toContain("Run 4 · ISO 13485:2016 · pack iso-13485 2016-1");
    });
  });

  test("says on its first page that it is no certification, however many chapters there are", async () => {
    const input = exampleInput(85, 1);
    const findings = input.findings.map((finding, index) => ({ ...finding, group: `Chapter ${index % 60}` }));
    const { text } = await extractText(await getDocumentProxy(await reportPdf({ ...input, findings })));
    expect(text[0]?.replace(/\s+/gu, " ")).toContain("not a certification, not legal advice");
  });

  test("says what it does not prove on its first page", async () => {
    const { text } = await extractText(await getDocumentProxy(await reportPdf(exampleInput(20, 2))));
    const first = text[0]?.replace(/\s+/gu, " ");
    expect(first).toContain(
      "assessed from the documents listed; it is not a certification, and it is not legal advice",
    );
  });

  test("keeps the machine's word beside a decision that differs", async () => {
    const input = exampleInput(8, 1);
    const overridden = input.findings.filter(
      (finding) => finding.decidedStatus !== null && finding.decidedStatus !== finding.status,
    );
    expect(overridden.length).toBeGreaterThan(0);
    const text = await bodyText(await reportPdf(input));
    expect(text).toContain("insteadofpartial,AnaRuiz,12Nov202610:14CET");
  });

  test("is the same to the byte for the same input, and differs when a word does", async () => {
    const input = exampleInput(12, 2);
    const first = Buffer.from(await reportPdf(input));
    expect(Buffer.from(await reportPdf(input)).equals(first)).toBe(true);
    const other = Buffer.from(await reportPdf({ ...input, workspaceName: "Another" }));
    expect(other.equals(first)).toBe(false);
  });

  test("draws signs, Greek, Cyrillic and accented letters with embedded glyphs", async () => {
    const quote = "≤ 5 µm ≥ 2 Ω ± 3 °C → ✓ ☐ ½ × “Žluťoučký kůň” «Цель» αβγ ≠ № Łódź Übergröße";
    const text = await bodyText(await reportPdf(withQuotes([quote])));
    expect(text).toContain(squeeze(quote));
    expect(text).not.toContain(replacementMark);
  });

  test("marks what its typefaces lack and says so", async () => {
    const quote = "記録は保管する。 שמור את הרשומה";
    const input = withQuotes([quote]);
    const bytes = await reportPdf(input);
    const text = await bodyText(bytes);
    expect([...text].filter((character) => character === replacementMark).length).toBe(4 * 20);
    expect(text).toContain("outsidethetypefacesofthisreport");
    expect(collisions(await boxes(bytes))).toEqual([]);
  });

  test("sets long words and quotes of 3,000 characters without collision or loss", async () => {
    const longWord = "Überwachungsgerätekalibrierungsverfahrensanweisung".repeat(8);
    const longQuote = "The device is held for inspection until the record is complete. ".repeat(48);
    const input = withQuotes([longWord, longQuote]);
    const findings: ReportFinding[] = input.findings.map((finding) => ({
      ...finding,
      title: `${longWord} ${finding.title}`,
      assignee: longWord,
      note: longWord,
      decision: finding.decision === null ? null : { ...finding.decision, by: longWord },
    }));
    const bytes = await reportPdf({
      ...input,
      workspaceName: longWord,
      collectionName: longWord.slice(0, 200),
      findings,
      documents: [{ name: longWord, revision: longWord, sha256: "ab".repeat(32), skipped: longWord }],
    });
    expect(longQuote.length).toBeGreaterThan(3000);
    const text = await bodyText(bytes);
    expect(text).toContain(squeeze(longQuote));
    expect(text).toContain(longWord);
    expect(collisions(await boxes(bytes))).toEqual([]);
  });

  test("no two texts touch in an ordinary report", async () => {
    expect(collisions(await boxes(await reportPdf(exampleInput(40, 3))))).toEqual([]);
  });

  test("an empty run is a report that says so", async () => {
    const input = exampleInput(0, 0);
    const { text, totalPages } = await extractText(
      await getDocumentProxy(await reportPdf({ ...input, documents: [], counts: countFindings([]) })),
    );
    expect(totalPages).toBeLessThanOrEqual(3);
    expect(text.join(" ")).toContain("No requirement was assessed in this run");
    expect(text.join(" ")).toContain("The collection holds no documents");
  });

  test("85 requirements with three quotes each take at most 1.5 seconds of processor time", async () => {
    const input = exampleInput(85, 3);
    const times: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      const start = process.cpuUsage();
      await reportPdf(input);
      const spent = process.cpuUsage(start);
      times.push((spent.user + spent.system) / 1000);
    }
    expect(Math.min(...times)).toBeLessThan(1500);
  });
});
