// npm run bench [name …]: every measurement here that exports run(), each figure beside what is wanted. The other files
// measure when they are started by hand.
import { readdirSync, readFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Type } from "typebox";
import { Value } from "typebox/value";

const figuresSchema = Type.Array(
  Type.Object({ what: Type.String(), reached: Type.String(), wanted: Type.String(), good: Type.Boolean() }),
);
const wanted = process.argv.slice(2);
const names = readdirSync(import.meta.dirname)
  .filter((name) => name.endsWith(".ts") && name !== "run.ts")
  .filter((name) => /^export (async )?function run\(/m.test(readFileSync(join(import.meta.dirname, name), "utf8")))
  .map((name) => name.slice(0, -3))
  .filter((name) => wanted.length === 0 || wanted.includes(name));

console.log(
  `${cpus().length} × ${cpus()[0]?.model.trim() ?? "unknown"}, Node ${process.versions.node}, ${new Date().toISOString().slice(0, 10)}`,
);
for (const name of names) {
  const module: unknown = await import(pathToFileURL(join(import.meta.dirname, `${name}.ts`)).href);
  if (typeof module !== "object" || module === null || !("run" in module) || typeof module.run !== "function") continue;
  console.log(`\n${name}`);
  for (const figure of Value.Parse(figuresSchema, await module.run())) {
    console.log(`  ${figure.good ? "●" : "▲"} ${figure.what.padEnd(24)} ${figure.reached}   wanted ${figure.wanted}`);
    if (!figure.good) process.exitCode = 1;
  }
}
