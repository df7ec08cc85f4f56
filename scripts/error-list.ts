// Writes docs/errors.md: every error code the product can answer with. Run after a change of a catalogue:
// node scripts/run.mjs scripts/error-list.ts
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { errorList } from "../server/error-list.ts";

const folder = join(import.meta.dirname, "../docs");
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, "errors.md"), errorList());
