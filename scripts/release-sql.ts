// Writes scripts/check/released-sql.json: the migrations there are now, none of which may change from then on. Run when a
// version is released: node scripts/run.mjs scripts/release-sql.ts
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { releasedSql, sqlHash } from "./check/rule/released-sql.ts";
import { readSources } from "./check/source.ts";

const root = join(import.meta.dirname, "..");
const files = readSources(root);
const wrong = releasedSql(files);
if (wrong.length > 0) throw new Error(wrong.join("\n"));
const migrations = files.filter(({ path }) => /^(kernel|apps\/[^/]+)\/sql\/.+\.sql$/.test(path));
const list = migrations.toSorted((a, b) => (a.path < b.path ? -1 : 1)).map(({ path, text }) => [path, sqlHash(text)]);
writeFileSync(join(root, "scripts/check/released-sql.json"), `${JSON.stringify(Object.fromEntries(list), null, 2)}\n`);
console.log(`${list.length} released migrations.`);
