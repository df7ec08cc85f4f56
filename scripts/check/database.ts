import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { judgeFreshDatabase } from "../../kernel/lint/fresh-database.ts";
import type { Step } from "./step.ts";

/** Runs every migration on a fresh database and lets the judge compare it with what is promised and declared. */
export const databaseStep: Step = {
  name: "database",
  run: async (root) => {
    const apps = readdirSync(join(root, "apps")).filter((app) => existsSync(join(root, "apps", app, "sql")));
    for (const app of apps) {
      const records = join(root, "apps", app, "records");
      for (const file of existsSync(records) ? readdirSync(records) : []) {
        if (!file.includes(".test.")) await import(pathToFileURL(join(records, file)).href);
      }
    }
    const folders = apps.map((app) => ({ scope: app.replaceAll("-", "_"), folder: join(root, "apps", app, "sql") }));
    const findings = await judgeFreshDatabase(folders);
    return findings.map(({ rule, object, detail }) => `${object}: ${rule.title} (${detail}). ${rule.fix} [${rule.id}]`);
  },
};
