import type { SourceRule } from "../source.ts";

/** Two pages, or one screenful of rules: what is longer is not read. */
const mostLines = new Map([
  ["AGENTS.md", 150],
  ["ARCHITECTURE.md", 130],
]);

export const documentLength: SourceRule = (files) =>
  files.flatMap(({ path, text }) => {
    const most = mostLines.get(path);
    const lines = text.trimEnd().split("\n").length;
    return most !== undefined && lines > most ? [`${path}: ${lines} lines, ${most} at most`] : [];
  });
