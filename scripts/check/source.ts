import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { documentLength } from "./rule/document-length.ts";
import { excuse } from "./rule/excuse.ts";
import { fileName } from "./rule/file-name.ts";
import { kernelDependencies } from "./rule/kernel-dependencies.ts";
import { lockFile } from "./rule/lock-file.ts";
import { migrationNumber } from "./rule/migration-number.ts";
import { networkInWork } from "./rule/network-in-work.ts";
import { releasedSql } from "./rule/released-sql.ts";
import { sqlFromText } from "./rule/sql-from-text.ts";
import type { Step } from "./step.ts";

/** A file of the repository: its path from the root with forward slashes, and its text (empty for binary kinds). */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** One rule of our own: what is wrong, one line each. */
export type SourceRule = (files: readonly SourceFile[]) => string[];

/** The rules no ready tool has. */
export const sourceRules: readonly SourceRule[] = [
  fileName,
  migrationNumber,
  releasedSql,
  sqlFromText,
  networkInWork,
  excuse,
  lockFile,
  kernelDependencies,
  documentLength,
];

const skipped = new Set(["node_modules", "dist", ".git", ".cache", ".probity", "coverage", "sample-data", "public"]);
const textual = /\.(tsx?|m?js|cjs|sql|json|md|ya?ml|css|html)$|(^|\/)\.npmrc$/;

/** Every file below root that is ours. */
export function readSources(root: string): SourceFile[] {
  return readdirSync(root, { withFileTypes: true, recursive: false }).flatMap((entry) => readEntry(root, "", entry));
}

function readEntry(
  root: string,
  folder: string,
  entry: { name: string; isDirectory(): boolean; isFile(): boolean },
): SourceFile[] {
  const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
  if (skipped.has(entry.name)) return [];
  if (entry.isDirectory()) {
    return readdirSync(join(root, path), { withFileTypes: true }).flatMap((each) => readEntry(root, path, each));
  }
  if (!entry.isFile()) return [];
  return [{ path, text: textual.test(path) ? readFileSync(join(root, path), "utf8") : "" }];
}

/** Names, migrations, SQL made from text, the lock file, the length of documents. */
export const sourceStep: Step = {
  name: "our own rules",
  run: async (root) => {
    const files = readSources(root);
    return sourceRules.flatMap((rule) => rule(files));
  },
};
