import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { userInfo } from "node:os";
import { parseArgs } from "node:util";
import { importPeople, openIdentity, resetLink, type ImportedPerson } from "@probity/kernel";
import { readConfig } from "../config.ts";
import { openInstance } from "../open.ts";

const usage = `npx probity people import FILE.csv|FILE.json [--json]
  columns or fields: email, name, hash (bcrypt of cost 10 to 12, may be empty), workspace (its name in addresses), role (admin or member)
npx probity people reset-link EMAIL
  a link to choose a new password, for somebody who can't get mail`;

/** npx probity people: people from another system, and a way back in for whoever runs the instance. */
export async function run(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { json: { type: "boolean", default: false } },
  });
  const [verb, subject] = positionals;
  if (subject === undefined || (verb !== "import" && verb !== "reset-link")) {
    process.stderr.write(`${usage}\n`);
    return 2;
  }
  const bytes = verb === "import" ? readFileSync(subject) : Buffer.alloc(0);
  const people = verb === "import" ? readPeople(subject, bytes.toString("utf8")) : [];
  const config = readConfig();
  const instance = await openInstance(config);
  try {
    if (verb === "reset-link") {
      const link = await resetLink(openIdentity(instance.kernel, { url: config.url }), subject);
      process.stdout.write(link === undefined ? `Nobody has the address ${subject}.\n` : `${link}\n`);
      return link === undefined ? 1 : 0;
    }
    const origin = { file: createHash("sha256").update(bytes).digest("hex"), account: userInfo().username };
    const outcomes = await importPeople(instance.kernel, people, origin);
    if (values.json) process.stdout.write(`${JSON.stringify(outcomes)}\n`);
    else {
      for (const each of outcomes) {
        const reason = each.outcome === "refused" ? `: ${each.reason}` : "";
        process.stdout.write(`${each.line} ${each.email} ${each.outcome}${reason}\n`);
      }
    }
    return outcomes.some(({ outcome }) => outcome === "refused") ? 1 : 0;
  } finally {
    await instance.close();
  }
}

/** Reads the file whole before anything is stored: one that can't be read brings in nobody. */
export function readPeople(name: string, text: string): ImportedPerson[] {
  const rows: unknown = /\.json$/i.test(name) ? JSON.parse(text) : rowsOf(text);
  if (!Array.isArray(rows)) throw new Error("The file holds no list of people. Nothing was imported.");
  return rows.map((row: unknown, index) => {
    const part = (field: string): string => {
      const value: unknown = typeof row === "object" && row !== null ? Reflect.get(row, field) : undefined;
      if (value !== undefined && value !== null && typeof value !== "string")
        throw new Error(`Entry ${index + 1}: ${field} is no text. Nothing was imported.`);
      return (value ?? "").trim();
    };
    const hash = part("hash");
    const found = { email: part("email"), name: part("name"), workspace: part("workspace"), role: part("role") };
    return { ...found, ...(hash === "" ? {} : { hash }) };
  });
}

/** RFC 4180: quoted fields may hold commas, quotes (doubled) and line breaks. The first line names the columns. */
function rowsOf(text: string): Record<string, string>[] {
  const lines: string[][] = [[]];
  let field = "";
  let quoted = false;
  const source = text.replace(/^\uFEFF/, "");
  for (let at = 0; at < source.length; at += 1) {
    const mark = source.charAt(at);
    if (quoted) {
      if (mark !== '"') field += mark;
      else if (source.charAt(at + 1) === '"') {
        field += '"';
        at += 1;
      } else quoted = false;
    } else if (mark === '"' && field === "") quoted = true;
    else if (mark === "," || mark === "\n") {
      lines.at(-1)?.push(field.replace(/\r$/, ""));
      field = "";
      if (mark === "\n") lines.push([]);
    } else field += mark;
  }
  if (quoted) throw new Error("A quotation mark is never closed. Nothing was imported.");
  lines.at(-1)?.push(field.replace(/\r$/, ""));
  const [names = [], ...rest] = lines;
  return rest
    .filter((line) => line.some((each) => each !== ""))
    .map((line) => Object.fromEntries(names.map((each, index) => [each.trim().toLowerCase(), line[index] ?? ""])));
}
