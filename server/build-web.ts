import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { spawnSync } from "node:child_process";

const root = join(import.meta.dirname, "..");

/** Builds the web pages when there are none or their sources changed since. */
export async function ensureWebBuilt(folder: string): Promise<void> {
  const stamp = join(folder, ".sources");
  const sources = fingerprint();
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === sources) return;
  process.stdout.write("Building the web pages (once after each change of them) …\n");
  const built = spawnSync(
    process.execPath,
    [join(root, "node_modules/vite/bin/vite.js"), "build", "--logLevel", "warn"],
    { cwd: join(root, "web"), stdio: ["ignore", "inherit", "inherit"] },
  );
  if (built.status !== 0) throw new Error("The web pages could not be built. The output above says why.");
  mkdirSync(folder, { recursive: true });
  writeFileSync(stamp, sources);
}

function fingerprint(): string {
  const hash = createHash("sha256");
  const apps = readdirSync(join(root, "apps")).map((app) => join("apps", app, "ui"));
  for (const folder of ["web", "verify", ...apps]) {
    if (!existsSync(join(root, folder))) continue;
    for (const file of readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).toSorted()) {
      if (/(^|[\\/])(dist|node_modules)([\\/]|$)/.test(file) || !/\.(ts|tsx|css|html|json|js|svg|woff2)$/.test(file))
        continue;
      hash
        .update(`${folder}/${file}\0`)
        .update(readFileSync(join(root, folder, file)))
        .update("\0");
    }
  }
  return hash.digest("hex");
}
