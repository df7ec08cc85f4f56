import { createHash } from "node:crypto";
import { Type } from "typebox";
import { Value } from "typebox/value";
import type { SourceRule } from "../source.ts";

const list = "scripts/check/released-sql.json";
const listSchema = Type.Record(Type.String(), Type.String());

/** SHA-256 of a migration as the migrator takes it, in hex. */
export const sqlHash = (text: string): string => createHash("sha256").update(text).digest("hex");

/**
 * A migration that was released stays what it was, comments included: every installation remembers its hash and would refuse
 * to start. `scripts/release-sql.ts` adds what is released; what is not in the list yet has a number after all that are.
 */
export const releasedSql: SourceRule = (files) => {
  const listed = files.find(({ path }) => path === list);
  if (listed === undefined) return [];
  const released = new Map(Object.entries(Value.Parse(listSchema, JSON.parse(listed.text))));
  const texts = new Map(files.map(({ path, text }) => [path, text]));
  const last = new Map<string, string>();
  for (const path of released.keys()) {
    const folder = path.slice(0, path.lastIndexOf("/"));
    if (path > (last.get(folder) ?? "")) last.set(folder, path);
  }
  return [
    ...[...released].flatMap(([path, hash]) => {
      const text = texts.get(path);
      if (text === undefined) return [`${path}: was released and is gone. Put it back`];
      if (sqlHash(text) === hash) return [];
      return [`${path}: was released with another text. Put that back and write the change as a new file`];
    }),
    ...files
      .map(({ path }) => path)
      .filter((path) => path.endsWith(".sql") && !released.has(path))
      .filter((path) => path < (last.get(path.slice(0, path.lastIndexOf("/"))) ?? ""))
      .map((path) => `${path}: comes before files that were released. Give it the next number`),
  ];
};
