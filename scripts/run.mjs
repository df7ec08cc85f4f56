// node scripts/run.mjs FILE.ts [ARGUMENT…]
// Installs what is missing, then runs the file on Node 26, whatever Node started this. Plain JavaScript for that reason.
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { ensureInstalled } from "./ensure-installed.mjs";
import { become, findNode } from "./ensure-node.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const args = process.argv.slice(2);

if (args.length === 0) {
  console.error("Which file to run is missing. Nothing was started. Use `node scripts/run.mjs FILE.ts`.");
  process.exit(2);
}
try {
  ensureInstalled(root);
  become(findNode(root), args);
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
