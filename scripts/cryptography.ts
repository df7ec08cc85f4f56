// Which cryptographic primitives the sources call, by the names of node:crypto and the packages that hash passwords.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const folders = ["kernel", "seal", "verify", "trust", "server", "paper", "apps"];
const calls: readonly (readonly [pattern: RegExp, name: (found: string) => string])[] = [
  [/\b(?:createHash|hash)\(\s*"([a-z0-9-]+)"/gi, (name) => name],
  [/\bcreateHmac\(\s*"([a-z0-9-]+)"/gi, (name) => `hmac-${name}`],
  [/\bhkdf(?:Sync)?\(\s*"([a-z0-9-]+)"/gi, (name) => `hkdf-${name}`],
  [/\bcreate(?:Ciph|Deciph)eriv\(\s*"([a-z0-9-]+)"/gi, (name) => name],
  [/\bgenerateKeyPair(?:Sync)?\)?\(\s*"([a-z0-9-]+)"/gi, (name) => name],
  [/\bpbkdf2|\bscrypt\w*\(/gi, (name) => name],
  [/from "@node-rs\/(argon2|bcrypt)"/g, (name) => (name === "argon2" ? "argon2id" : name)],
];

/** Every primitive that is called outside tests, with the files that call it. */
export function primitivesCalled(): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const folder of folders) {
    for (const file of readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })) {
      if (!file.endsWith(".ts") || /\.test\.ts$|(^|[\\/])(testing|node_modules|dist|fixture)[\\/]/.test(file)) continue;
      const text = readFileSync(join(root, folder, file), "utf8");
      for (const [pattern, name] of calls)
        for (const [whole, part] of text.matchAll(pattern)) {
          const primitive = name((part ?? whole).toLowerCase());
          found.set(primitive, [...(found.get(primitive) ?? []), join(folder, file)]);
        }
    }
  }
  return found;
}

/** The primitives that the inventory lists. */
export function primitivesListed(): string[] {
  const page = readFileSync(join(root, "docs/guides/security-reference.md"), "utf8");
  const table = /\n## Cryptography\n([\s\S]*?)\n\*\*Changing/.exec(page)?.[1] ?? "";
  return [...table.matchAll(/^\| ((?:`[a-z0-9-]+`(?:, )?)+) \|/gm)].flatMap(([, names = ""]) =>
    [...names.matchAll(/`([a-z0-9-]+)`/g)].map(([, name = ""]) => name),
  );
}
