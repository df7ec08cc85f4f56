/** `npx probity gaps DIR --pack ID [--json]`: the gap analysis of a folder, without server, database or network. */
import { readFile, readdir, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { parseArgs } from "node:util";
import {
  analyse,
  type AnalysisDocument,
  type CitationFinding,
  documentFromText,
  type Evidence,
  type GapRun,
  type GapStatus,
  listPacks,
  loadCitationList,
  loadPack,
  PackError,
  type RequirementResult,
} from "@probity/regulatory-docs/engine";

const USAGE = `Usage: npx probity gaps DIR [--pack iso-13485] [--ocr] [--json]

Compares the procedures in DIR (.md .txt .pdf .docx .doc, folders within it too) with a requirement pack.
--ocr reads scanned PDFs by text recognition, a few seconds a page. Nothing leaves this machine. Packs: `;

const TEXT = /\.(?:md|markdown|txt)$/i;
const EXTRACTED = /\.(?:pdf|docx|doc)$/i;
/** More than this is no procedure but data; the kernel's own limit holds for extracted formats. */
const MOST_TEXT_BYTES = 50 * 1024 * 1024;

interface EvidenceLine {
  file: string;
  start: number;
  end: number;
  quote: string;
}

interface RequirementLine {
  id: string;
  status: GapStatus;
  coverage: number;
  evidence: EvidenceLine[];
  /** Of a whole requirement: the document nearest to it, and whether it is meant for it. */
  addressed?: { score: number; meant: boolean; file: string | null; why: string[] };
}

/** Runs the command. Returns the exit code: 0 analysed, 1 nothing to analyse, 2 wrong use. */
export async function run(args: string[]): Promise<number> {
  const packs = listPacks()
    .map((pack) => pack.id)
    .join(", ");
  let options: { positionals: string[]; values: { pack?: string; ocr?: boolean; json?: boolean; help?: boolean } };
  try {
    options = parseArgs({
      args,
      allowPositionals: true,
      options: {
        pack: { type: "string" },
        ocr: { type: "boolean" },
        json: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    return fail(2, `${error instanceof Error ? error.message : String(error)}\n\n${USAGE}${packs}`);
  }
  const { values, positionals } = options;
  if (values.help) {
    process.stdout.write(`${USAGE}${packs}\n`);
    return 0;
  }
  const [folder, ...rest] = positionals;
  if (folder === undefined || rest.length > 0)
    return fail(2, `Name one folder to read. Nothing was analysed.\n\n${USAGE}${packs}`);
  const found = await stat(folder).catch(() => undefined);
  if (!found?.isDirectory())
    return fail(2, `${folder} is not a folder. Nothing was analysed. Name the folder that holds the procedures.`);
  try {
    const pack = loadPack(values.pack ?? "iso-13485");
    const documents = await readFolder(folder, values.ocr ?? false);
    if (documents.length === 0) {
      return fail(
        1,
        `${folder} holds no document to read. Nothing was analysed. Put .md, .txt, .pdf, .docx or .doc files there.`,
      );
    }
    const result = analyse(pack, documents, loadCitationList());
    process.stdout.write(values.json ? `${JSON.stringify(asJson(result), undefined, 2)}\n` : asTable(result));
    return 0;
  } catch (error) {
    if (error instanceof PackError) return fail(2, `${error.message}. Nothing was analysed.`);
    throw error;
  }
}

function fail(code: number, message: string): number {
  process.stderr.write(`${message}\n`);
  return code;
}

/** Documents below a folder, by path. A file that is refused is named on stderr, and the rest is read. */
async function readFolder(folder: string, ocr: boolean): Promise<AnalysisDocument[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile() && !entry.name.startsWith(".") && !entry.name.startsWith("~$"))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !relative(folder, file).split(sep).includes("node_modules"))
    .toSorted();
  const documents: AnalysisDocument[] = [];
  for (const file of files.filter((one) => TEXT.test(one))) {
    const name = nameOf(folder, file);
    const { size } = await stat(file);
    if (size > MOST_TEXT_BYTES)
      process.stderr.write(`${name} is larger than 50 MB and was left out. The others are read. Split it.\n`);
    else documents.push(documentFromText(name, await readFile(file, "utf8")));
  }
  const others = files.filter((one) => EXTRACTED.test(one));
  if (others.length > 0) documents.push(...(await extractAll(folder, others, ocr)));
  return documents;
}

function nameOf(folder: string, file: string): string {
  return relative(folder, file).split(sep).join("/");
}

/** Reads PDF and Word files through the kernel's isolated extraction; loaded only when such a file is there. */
async function extractAll(folder: string, files: readonly string[], ocr: boolean): Promise<AnalysisDocument[]> {
  const { defaultFileLimits, documentText, ExtractionPool, FileRefusedError, inspectUpload } =
    await import("@probity/kernel");
  const pool = new ExtractionPool({ limits: defaultFileLimits, ocr });
  try {
    const read = files.map(async (file): Promise<AnalysisDocument | undefined> => {
      const name = nameOf(folder, file);
      const accepted = await inspectUpload(await readFile(file), name, defaultFileLimits);
      if (accepted.outcome === "refused") {
        process.stderr.write(`${accepted.text}\n`);
        return undefined;
      }
      try {
        const { text, pages, paragraphs, furniture } = documentText(
          await pool.extract({ ...accepted, fileName: name }),
        );
        return { id: name, name, text, pages, paragraphs, furniture };
      } catch (error) {
        if (!(error instanceof FileRefusedError)) throw error;
        process.stderr.write(
          error.code === "scanned" && !ocr
            ? `${name} is pictures without text and was left out. The others are read. Run this again with --ocr.\n`
            : `${error.message}\n`,
        );
        return undefined;
      }
    });
    return (await Promise.all(read)).filter((document) => document !== undefined);
  } finally {
    await pool.close();
  }
}

/** The contract of `--json`: requirements in the pack's order, each followed by its parts (`8.5.2/a`). */
function asJson(result: GapRun): { pack: string; requirements: RequirementLine[] } {
  const line = (id: string, status: GapStatus, coverage: number, evidence: readonly Evidence[]): RequirementLine => ({
    id,
    status,
    coverage,
    evidence: evidence.map(({ name, start, end, quote }) => ({ file: name, start, end, quote })),
  });
  return {
    pack: result.pack.id,
    requirements: result.requirements.flatMap((one) => [
      { ...line(one.id, one.status, one.coverage, one.evidence), addressed: addressedOf(one) },
      ...one.obligations.map((part) => line(`${one.id}/${part.id}`, part.status, part.coverage, part.evidence)),
    ]),
  };
}

function addressedOf({ addressed }: RequirementResult): NonNullable<RequirementLine["addressed"]> {
  const { score, meant, document, why } = addressed;
  return { score, meant, file: document?.name ?? null, why };
}

const MARKS: Readonly<Record<GapStatus, string>> = {
  covered: "● covered",
  partial: "◐ partial",
  gap: "▲ gap",
  "not-assessable": "○ records",
};

function asTable(result: GapRun): string {
  const { summary } = result;
  const lines = [
    `${result.pack.title}, ${result.documents.length} documents`,
    `● ${summary.covered} covered  ◐ ${summary.partial} partial  ▲ ${summary.gap} gaps  ○ ${summary["not-assessable"]} need records`,
    "",
  ];
  for (const one of result.requirements) {
    lines.push(`${one.id.padEnd(10)} ${MARKS[one.status].padEnd(10)} ${one.coverage.toFixed(2)}  ${one.title}`);
    const [best] = one.evidence;
    if (best && one.status !== "gap")
      lines.push(`           ${best.name}${best.page > 1 ? ` p. ${best.page}` : ""}: “${shorten(best.quote)}”`);
    if (one.status === "covered") continue;
    if (one.status === "gap")
      lines.push(
        one.addressed.meant
          ? `           meant for it: ${one.addressed.document?.name ?? ""}`
          : "           no document is meant for it",
      );
    for (const part of one.obligations)
      if (part.state === "not-seen") lines.push(`           not seen: ${part.statement}`);
    if (one.nextStep) lines.push(`           next: ${one.nextStep}`);
  }
  for (const reading of result.documents) {
    if (reading.kind !== "content") lines.push("", `${reading.name}: ${reading.notes.join(" ")}`);
  }
  if (result.citations.length > 0)
    lines.push("", "Citations no longer in force", ...result.citations.map(citationLine));
  lines.push("", "This compares texts; it neither certifies nor replaces a person's judgement.", "");
  return lines.join("\n");
}

function citationLine(finding: CitationFinding): string {
  const next = [...finding.replacedBy.qmsr, ...finding.replacedBy.iso13485.map((clause) => `ISO 13485 ${clause}`)]
    .slice(0, 4)
    .join(", ");
  return `  ${finding.name}${finding.page > 1 ? ` p. ${finding.page}` : ""}: ${finding.cited}${next ? ` → ${next}` : ""}`;
}

function shorten(quote: string): string {
  const flat = quote.replaceAll(/\s+/g, " ");
  return flat.length <= 160 ? flat : `${flat.slice(0, 157)}…`;
}
