import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Type, type Static } from "typebox";
import { Value } from "typebox/value";
import { parse } from "yaml";

const rowSchema = Type.Object(
  {
    id: Type.String({ pattern: "^V\\d{1,2}\\.\\d{1,2}\\.\\d{1,2}$" }),
    level: Type.Integer({ minimum: 1, maximum: 3 }),
    chapter: Type.String({ minLength: 3 }),
    about: Type.String({ minLength: 3 }),
    state: Type.Union([
      Type.Literal("tested"),
      Type.Literal("design"),
      Type.Literal("not met"),
      Type.Literal("not applicable"),
    ]),
    evidence: Type.String({ minLength: 3 }),
  },
  { additionalProperties: false },
);
type Row = Static<typeof rowSchema>;

/** Requirements in ASVS 5.0.0. */
const requirements = 345;
const root = join(import.meta.dirname, "..");
const sources = ["kernel", "apps", "trust", "server", "web", "scripts"];

/** The coverage of ASVS 5.0 as a page, and what is wrong with its data: rows missing or twice, tests nobody wrote. */
export function asvsTable(): { page: string; problems: string[] } {
  const rows = Value.Parse(Type.Array(rowSchema), parse(readFileSync(join(root, "docs/asvs.yaml"), "utf8")));
  const tests = sources.map((folder) => testText(join(root, folder))).join("\n");
  const ids = new Set(rows.map((row) => row.id));
  const problems = [
    ...(ids.size === requirements ? [] : [`${ids.size} requirements of ${requirements} are listed`]),
    ...(ids.size === rows.length ? [] : ["a requirement is listed twice"]),
    ...rows
      .filter((row) => row.state === "tested" && !tests.includes(row.evidence))
      .map((row) => `${row.id} names a test that does not exist: ${row.evidence}`),
  ];
  return { page: pageOf(rows), problems };
}

function testText(folder: string): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /(\.test|-suite)\.ts$/.test(entry.name))
    .filter((entry) => !entry.parentPath.includes("node_modules"))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"))
    .join("\n");
}

function pageOf(rows: readonly Row[]): string {
  const states = ["tested", "design", "not met", "not applicable"] as const;
  const count = (level: number | undefined, state: Row["state"]) =>
    rows.filter((row) => row.state === state && (level === undefined || row.level === level)).length;
  const line = (title: string, level: number | undefined) =>
    `| ${title} | ${states.map((state) => count(level, state)).join(" | ")} |`;
  const chapters = [...new Set(rows.map((row) => row.chapter))];
  return [
    "# OWASP ASVS 5.0.0",
    "",
    "What the product does about each requirement of the OWASP Application Security Verification Standard 5.0.0, by our own",
    "word: this is no certification, and no outsider has checked it. Ids, levels and chapter names are the standard's",
    "(© OWASP Foundation, CC BY-SA 4.0, https://github.com/OWASP/ASVS); the subjects are ours and shorter than the",
    "requirements. *Tested*: the test named runs with every change. *Design*: met by how it is built, where said. *Not met*",
    "and *not applicable* say why. Written by `scripts/asvs.ts` from `docs/asvs.yaml`; a test that does not exist fails it.",
    "",
    "| Level | Tested | Design | Not met | Not applicable |",
    "|---|---|---|---|---|",
    line("1", 1),
    line("2", 2),
    line("3", 3),
    line("All", undefined),
    ...chapters.flatMap((chapter) => {
      const own = rows.filter((row) => row.chapter === chapter);
      return [
        "",
        `## ${own[0]?.id.split(".")[0] ?? ""} ${chapter}`,
        "",
        "| Id | Level | About | State | Evidence |",
        "|---|---|---|---|---|",
        ...own.map((row) => `| ${row.id} | ${row.level} | ${row.about} | ${row.state} | ${cell(row.evidence)} |`),
      ];
    }),
    "",
  ].join("\n");
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}
