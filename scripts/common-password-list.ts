import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";

/**
 * Makes kernel/identity/common-password-list.br from a list of passwords by frequency, one a line: the first of them that
 * are long enough for our rule. The one on board comes from SecLists' 10_million_password_list_top_1M (MIT licence).
 *
 *   node scripts/common-password-list.ts LIST
 */
const [source = ""] = process.argv.slice(2);
const entries = 12_000;
const minLength = 12;
const target = join(import.meta.dirname, "../kernel/identity/common-password-list.br");
const fitting = readFileSync(source, "utf8")
  .split(/\r?\n/)
  .map((line) => line.trim().normalize("NFKD").replaceAll(/\p{M}/gu, "").toLowerCase())
  .filter((line) => line.length >= minLength && line.length <= 64);
// Sorted, since order no longer matters and neighbours that share a beginning compress well.
const kept = [...new Set(fitting)].slice(0, entries).toSorted();
const parameters = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };
const packed = brotliCompressSync(kept.join("\n"), { params: parameters });
writeFileSync(target, packed);
process.stdout.write(`${kept.length} passwords, ${packed.length} bytes\n`);
