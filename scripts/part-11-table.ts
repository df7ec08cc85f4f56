import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { controls } from "@probity/trust";
import { Type, type Static } from "typebox";
import { Value } from "typebox/value";
import { parse } from "yaml";

const states = ["met", "partly", "planned", "customer"] as const;
const text = Type.String({ minLength: 3 });
const rowSchema = Type.Object(
  {
    ref: Type.String({ pattern: "^11\\.\\d{2,3}(\\([a-z0-9]+\\))*$" }),
    about: text,
    state: Type.Union([Type.Literal("met"), Type.Literal("partly"), Type.Literal("planned"), Type.Literal("customer")]),
    does: text,
    tests: Type.Array(text),
    controls: Type.Array(Type.String({ pattern: "^[A-Z]{3}-\\d{2}$" })),
    yours: text,
  },
  { additionalProperties: false },
);
type Row = Static<typeof rowSchema>;

const root = join(import.meta.dirname, "..");
const sources = ["kernel", "apps", "trust", "server", "web", "verify", "seal", "paper", "scripts"];

/** The matrix of 21 CFR Part 11 as a page, and what is wrong with its data: a named test or control that is not there. */
export function part11Table(): { page: string; problems: string[] } {
  const rows = Value.Parse(Type.Array(rowSchema), parse(readFileSync(join(root, "docs/part-11.yaml"), "utf8")));
  const tests = sources.map((folder) => testText(join(root, folder))).join("\n");
  const known = new Set(controls.map((control) => control.id));
  const problems = [
    ...(new Set(rows.map((row) => row.ref)).size === rows.length ? [] : ["a requirement is listed twice"]),
    ...rows.flatMap((row) => [
      ...row.tests
        .filter((name) => !tests.includes(name))
        .map((name) => `${row.ref} names a test that does not exist: ${name}`),
      ...(row.state === "met" && row.tests.length + row.controls.length === 0
        ? [`${row.ref} is said to be met, and nothing proves it`]
        : []),
      ...row.controls.filter((id) => !known.has(id)).map((id) => `${row.ref} names no control of ours: ${id}`),
    ]),
  ];
  return { page: pageOf(rows), problems };
}

function testText(folder: string): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /(\.test|-suite)\.ts$/.test(entry.name))
    .filter((entry) => !entry.parentPath.includes("node_modules"))
    .filter((entry) => entry.name !== "part-11-table.test.ts")
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"))
    .join("\n");
}

function pageOf(rows: readonly Row[]): string {
  const count = (state: Row["state"]) => rows.filter((row) => row.state === state).length;
  return [
    "# 21 CFR Part 11",
    "",
    "What the product does about each requirement of 21 CFR Part 11, and what stays yours. Software is not compliant, its use",
    "is: this is our own word, no certification and no legal advice. The subjects are shorter than the regulation; read it at",
    "ecfr.gov. *Met*: the software's part is there. *Partly* and *planned* say what is missing. *Customer*: a procedure of",
    "yours. A test named here runs with every change; a control is probed on your running instance and shown on `/trust`.",
    "Written by `scripts/part-11.ts` from `docs/part-11.yaml`; a test or control that does not exist fails it.",
    "",
    "| Met | Partly | Planned | Customer |",
    "|---|---|---|---|",
    `| ${states.map(count).join(" | ")} |`,
    "",
    "| Ref | Requirement | State | What the product does | Proof | Your part |",
    "|---|---|---|---|---|---|",
    ...rows.map((row) => `| ${row.ref} | ${row.about} | ${row.state} | ${row.does} | ${proofOf(row)} | ${row.yours} |`),
    "",
  ].join("\n");
}

function proofOf(row: Row): string {
  const named = row.tests.map((name) => `test “${name.replaceAll("|", "\\|")}”`);
  const probed = row.controls.length === 0 ? [] : [`control ${row.controls.join(", ")}`];
  return [...named, ...probed].join("; ") || "–";
}
