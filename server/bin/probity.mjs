#!/usr/bin/env node
// npx probity COMMAND …: the same as scripts/run.mjs for the command line, in the caller's working folder.
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ensureInstalled } from "../../scripts/ensure-installed.mjs";
import { become, findNode } from "../../scripts/ensure-node.mjs";

const server = dirname(dirname(fileURLToPath(import.meta.url)));
const root = dirname(server);

try {
  ensureInstalled(root);
  become(findNode(root), [join(server, "cli.ts"), ...process.argv.slice(2)]);
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
