import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { architectureStep } from "./architecture.ts";
import { lintStep } from "./lint.ts";
import { sqlHash } from "./rule/released-sql.ts";
import { readSources, sourceRules } from "./source.ts";

const repository = join(import.meta.dirname, "../..");
const made: string[] = [];
afterAll(() => made.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

/** A small tree with the rules of this repository and the given files. */
function plant(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), "probity-planted-"));
  made.push(root);
  for (const name of [".oxlintrc.json", ".dependency-cruiser.cjs"])
    copyFileSync(join(repository, name), join(root, name));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

const installed = (name: string, main = "index.js") => ({
  [`node_modules/${name}/package.json`]: JSON.stringify({ name, exports: `./${main}` }),
  [`node_modules/${name}/${main}`]: "export class Client {}\nexport const test = 1;\n",
});
const sound = {
  ...installed("pg"),
  ...installed("vitest"),
  ...installed("axios", "dist/index.js"),
  "kernel/index.ts": `export { door } from "./work/door.ts";\n`,
  "kernel/work/door.ts": `import { Client } from "pg";\nimport { seal } from "../seal.ts";\nexport const door = [Client, seal];\n`,
  "kernel/seal.ts": `import { leaf } from "../verify/leaf.ts";\nexport const seal = leaf;\n`,
  "kernel/testing/index.ts": `export { test } from "vitest";\n`,
  "verify/leaf.ts": `import { createHash } from "node:crypto";\nexport const leaf = createHash;\n`,
  "apps/lab/app.ts": `import { door } from "../../kernel/index.ts";\nexport const lab = door;\n`,
  "apps/lab/app.test.ts": `import { test } from "../../kernel/testing/index.ts";\nexport const tested = test;\n`,
  "apps/lab/ui/page.ts": `import { kit } from "../../../web/kit/button.ts";\nexport const page = kit;\n`,
  "apps/contracts/app.ts": `export const contracts = 1;\n`,
  "trust/index.ts": `import { door } from "../kernel/index.ts";\nexport const trust = door;\n`,
  "server/main.ts": `import { lab } from "../apps/lab/app.ts";\nimport { trust } from "../trust/index.ts";\nexport const main = [lab, trust];\n`,
  "web/kit/button.ts": `export const kit = 1;\n`,
};

/** rule, the wrong file, what it imports. */
const planted = [
  ["verify-stands-alone", "verify/wrong-1.ts", "../kernel/seal.ts"],
  ["verify-stands-alone", "verify/wrong-2.ts", "pg"],
  ["seal-knows-the-verifier-alone", "seal/wrong-1.ts", "../kernel/seal.ts"],
  ["paper-knows-nothing-of-ours", "paper/wrong-1.ts", "../verify/leaf.ts"],
  ["kernel-knows-no-app", "kernel/wrong-1.ts", "../apps/lab/app.ts"],
  ["kernel-knows-no-app", "kernel/wrong-2.ts", "../server/main.ts"],
  ["app-knows-no-other-app", "apps/lab/wrong-1.ts", "../contracts/app.ts"],
  ["app-knows-no-other-app", "apps/lab/ui/wrong-1.ts", "../../contracts/app.ts"],
  ["peers-stand-apart", "trust/wrong-1.ts", "../apps/lab/app.ts"],
  ["peers-stand-apart", "apps/lab/wrong-2.ts", "../../server/main.ts"],
  ["kernel-through-its-door", "apps/lab/wrong-3.ts", "../../kernel/seal.ts"],
  ["kernel-through-its-door", "apps/lab/wrong-4.ts", "../../kernel/testing/index.ts"],
  ["kernel-through-its-door-in-tests", "apps/lab/wrong.test.ts", "../../kernel/seal.ts"],
  ["product-without-test-parts", "kernel/wrong-3.ts", "vitest"],
  ["product-without-test-parts", "server/wrong-1.ts", "../kernel/testing/index.ts"],
  ["only-the-kernel-connects", "apps/lab/wrong-5.ts", "pg"],
  ["only-the-kernel-connects", "server/wrong-2.ts", "pg"],
  ["only-the-kernel-connects", "scripts/wrong.ts", "pg"],
  ["no-network-while-a-transaction-is-open", "kernel/work/wrong-1.ts", "node:https"],
  ["no-network-while-a-transaction-is-open", "kernel/work/wrong-2.ts", "net"],
  ["no-network-while-a-transaction-is-open", "kernel/work/wrong-3.ts", "axios"],
  ["screens-talk-http", "web/wrong.ts", "../kernel/index.ts"],
  ["screens-talk-http", "apps/lab/ui/wrong-2.ts", "../app.ts"],
  ["server-serves-no-screen-source", "server/wrong-3.ts", "../web/kit/button.ts"],
  ["nothing-missing", "kernel/wrong-4.ts", "./not-there.ts"],
] as const;

describe("architecture: each rule bites", () => {
  test("a sound tree passes, so what is found below is the planted file", async () => {
    expect(await architectureStep.run(plant(sound))).toEqual([]);
  });

  test.each([
    ["values", (target: string) => `import * as planted from "${target}";\nexport const wrong = planted;\n`],
    // A type is a dependency too: it says what the file believes of the other side.
    ["types", (target: string) => `import type * as planted from "${target}";\nexport type Wrong = typeof planted;\n`],
  ])("importing %s", async (_, text) => {
    const root = plant({ ...sound, ...Object.fromEntries(planted.map(([, file, target]) => [file, text(target)])) });
    const found = await architectureStep.run(root);
    for (const [rule, file] of planted) {
      expect(
        found.filter((line) => line.startsWith(`${file}: ${rule},`)),
        `${rule} in ${file}`,
      ).toHaveLength(1);
    }
  });

  test("two files that need each other", async () => {
    const one = `import { too } from "./wrong-too.ts";\nexport const wrong = () => too;\n`;
    const two = `import { wrong } from "./wrong.ts";\nexport const too = () => wrong;\n`;
    const found = await architectureStep.run(plant({ ...sound, "kernel/wrong.ts": one, "kernel/wrong-too.ts": two }));
    expect(found.filter((line) => /^kernel\/wrong(-too)?\.ts: no-cycle,/.test(line))).not.toEqual([]);
  });

  test("what was not read is a fault, not a pass", async () => {
    const rules = ".dependency-cruiser.cjs";
    const excluding = (path: string) =>
      `module.exports = { forbidden: [], options: { parser: "swc", exclude: { path: "${path}" } } };\n`;
    const root = plant({
      ...sound,
      "kernel/typed.ts": `import { seal } from "./seal.ts";\nexport const typed: typeof seal = seal;\n`,
    });
    writeFileSync(join(root, rules), excluding("kernel/seal"));
    expect(await architectureStep.run(root)).toEqual([
      "kernel/typed.ts: dependency-cruiser could not read its imports",
    ]);
    writeFileSync(join(root, rules), excluding("."));
    expect(await architectureStep.run(root)).toEqual([
      "dependency-cruiser saw no TypeScript at all: its rules checked nothing",
    ]);
  });
});

describe("lint: each rule bites", () => {
  const wrong = {
    "no-explicit-any": ["kernel/wrong.ts", "export const a = (b: any): unknown => b;\n"],
    "no-non-null-assertion": ["kernel/wrong.ts", "export const a = (b?: string): string => b!;\n"],
    "consistent-type-assertions": ["kernel/wrong.ts", `export const a = JSON.parse("1") as number;\n`],
    "no-default-export": ["kernel/wrong.ts", "export default 1;\n"],
    "no-console": ["kernel/wrong.ts", `console.log("x");\n`],
    "max-lines": ["kernel/wrong.ts", "export const a = [\n" + "  1,\n".repeat(400) + "];\n"],
    "ban-ts-comment": ["kernel/wrong.ts", "// @ts-ignore\nexport const a = 1;\n"],
    "filename-case": ["kernel/wrongName.ts", "export const a = 1;\n"],
  } as const;
  test.each(Object.entries(wrong))("%s", async (rule, [file, text]) => {
    const found = await lintStep.run(plant({ [file]: text }));
    expect(found.filter((line) => line.startsWith(`${file}:`) && line.includes(`(${rule})]`))).toHaveLength(1);
  });
  test("what is allowed passes: as const, console in commands, default export of a config", async () => {
    const root = plant({
      "kernel/right.ts": `export const a = ["x"] as const;\n`,
      "server/command/right.ts": `export const a = () => console.log("x");\n`,
      "web/vite.config.ts": "export default {};\n",
    });
    expect(await lintStep.run(root)).toEqual([]);
  });
});

describe("our own rules: each bites", () => {
  test.each([
    ["kebab-case", { "kernel/work/bigDoor.ts": "" }, "kernel/work/bigDoor.ts: not in kebab-case"],
    ["an empty word as a file", { "apps/lab/helpers.ts": "" }, "apps/lab/helpers.ts: a name that says nothing"],
    ["an empty word as a folder", { "web/utils/date.ts": "" }, "web/utils: a name that says nothing"],
    ["a barrel", { "kernel/work/index.ts": "" }, "kernel/work/index.ts: a barrel"],
    [
      "a gap in migrations",
      { "kernel/sql/0001-a.sql": "", "kernel/sql/0003-b.sql": "" },
      "kernel/sql: migration 2 is missing",
    ],
    [
      "a number twice",
      { "apps/lab/sql/0001-a.sql": "", "apps/lab/sql/0002-b.sql": "", "apps/lab/sql/0002-c.sql": "" },
      "apps/lab/sql: migration 2 is there twice",
    ],
    [
      "a released migration with another comment",
      {
        "kernel/sql/0001-a.sql": "-- Now.\nselect 1;\n",
        "scripts/check/released-sql.json": JSON.stringify({
          "kernel/sql/0001-a.sql": sqlHash("-- Then.\nselect 1;\n"),
        }),
      },
      "kernel/sql/0001-a.sql: was released with another text",
    ],
    [
      "a released migration that is gone",
      { "scripts/check/released-sql.json": JSON.stringify({ "kernel/sql/0001-a.sql": sqlHash("") }) },
      "kernel/sql/0001-a.sql: was released and is gone",
    ],
    [
      "a migration that comes before a released one",
      {
        "apps/lab/sql/0001-a.sql": "",
        "apps/lab/sql/0002-b.sql": "",
        "scripts/check/released-sql.json": JSON.stringify({ "apps/lab/sql/0002-b.sql": sqlHash("") }),
      },
      "apps/lab/sql/0001-a.sql: comes before files that were released",
    ],
    ["a migration without a name", { "kernel/sql/0001.sql": "" }, "kernel/sql/0001.sql: not named"],
    [
      "a value in a template",
      { "kernel/a.ts": "client.query(\n  `select ${id}`)" },
      "kernel/a.ts:2: SQL made from text",
    ],
    [
      "a value in a typed query",
      { "kernel/a.ts": "client.query<{ n: number }>(`select ${f({ id })}`)" },
      "kernel/a.ts:1: SQL made from text",
    ],
    [
      "a value in a statement",
      { "kernel/a.ts": "runBatch(client, [{ sql: `select '${id}'`, parameters: [] }])" },
      "kernel/a.ts:1: SQL made from text",
    ],
    ["joined text", { "kernel/a.ts": `client.query("select " + id)` }, "kernel/a.ts:1: SQL made by joining text"],
    ["Kysely's raw text", { "apps/lab/a.ts": "sql.raw(text)" }, "apps/lab/a.ts:1: sql.raw() takes text as SQL"],
    [
      "fetch beside an open transaction",
      { "kernel/work/a.ts": "await fetch(url)" },
      "kernel/work/a.ts:1: a network call",
    ],
    [
      "a rule switched off in silence",
      { "kernel/a.ts": "// oxlint-disable-next-line max-lines\n" },
      "kernel/a.ts:1: a rule is switched off",
    ],
    [
      "a host in the lock file",
      { "package-lock.json": `{\n"resolved": "https://registry.example.com/a.tgz" }` },
      "package-lock.json:2: names where packages come from",
    ],
    ["a host in .npmrc", { ".npmrc": "registry=http://localhost" }, ".npmrc:1: names where packages come from"],
    [
      "a heavy kernel",
      {
        "kernel/package.json": JSON.stringify({
          dependencies: Object.fromEntries(Array.from({ length: 21 }, (_, n) => [`p${n}`, "1"])),
        }),
      },
      "kernel/package.json: 21 runtime dependencies",
    ],
    ["long agent rules", { "AGENTS.md": "a\n".repeat(151) }, "AGENTS.md: 151 lines, 150 at most"],
    ["a long drawing", { "ARCHITECTURE.md": "a\n".repeat(131) }, "ARCHITECTURE.md: 131 lines, 130 at most"],
  ])("%s", (_, files, message) => {
    const sources = readSources(plant(files));
    const found = sourceRules.flatMap((rule) => rule(sources));
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(message);
  });

  test("what is allowed passes: escaped identifiers, parameters, the exported doors", () => {
    const sources = readSources(
      plant({
        "kernel/index.ts": "",
        "apps/lab/engine/index.ts": "",
        "kernel/sql/0001-a.sql": "",
        "kernel/a.ts":
          "const name = client.escapeIdentifier(role);\nclient.query(`drop role ${name}, ${client.escapeIdentifier(other)}`);\nclient.query(`select $1`, [id]);",
        "kernel/b.ts": "// oxlint-disable-next-line max-lines -- one long table of clauses\n",
      }),
    );
    expect(sourceRules.flatMap((rule) => rule(sources))).toEqual([]);
  });
});
