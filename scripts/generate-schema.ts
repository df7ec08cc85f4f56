// Writes the TypeScript types of every schema from a freshly migrated database, so that a query with a misspelt column
// does not compile. Run after each new migration: node scripts/run.mjs scripts/generate-schema.ts
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { connectionString } from "../kernel/database/migrate.ts";
import { createTestDatabase } from "../kernel/testing/database.ts";

const root = join(import.meta.dirname, "..");
const schemas = [
  { schemas: ["kernel", "identity"], file: "kernel/database/schema.generated.ts" },
  { schemas: ["regulatory_docs"], file: "apps/regulatory-docs/schema.generated.ts" },
  { schemas: ["lab"], file: "apps/lab/schema.generated.ts" },
];

const database = await createTestDatabase([
  { scope: "regulatory_docs", folder: join(root, "apps/regulatory-docs/sql") },
  { scope: "lab", folder: join(root, "apps/lab/sql") },
]);
try {
  for (const { schemas: names, file } of schemas) {
    const made = spawnSync(
      process.execPath,
      [
        join(root, "node_modules/kysely-codegen/dist/cli/bin.js"),
        "--dialect=postgres",
        "--date-parser=string",
        `--url=${connectionString(database.admin)}`,
        `--out-file=${join(root, file)}`,
        `--include-pattern=${names.length > 1 ? `(${names.join("|")})` : names[0]}.*`,
        "--log-level=error",
      ],
      { stdio: "inherit" },
    );
    if (made.status !== 0) process.exitCode = 1;
  }
} finally {
  await database.drop();
}
