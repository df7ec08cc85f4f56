import type { SourceRule } from "../source.ts";
import { lineAt } from "./line.ts";

/** Whoever switches a rule off says why, after two dashes. */
export const excuse: SourceRule = (files) =>
  files
    .filter(({ path }) => /\.(tsx?|m?js|cjs)$/.test(path) && !path.startsWith("scripts/check/"))
    .flatMap(({ path, text }) =>
      [...text.matchAll(/(?:\/\/|\/\*)\s*(?:ox|es)lint-disable[^\n]*/g)]
        .filter((match) => !/ -- \S/.test(match[0]))
        .map((match) => `${path}:${lineAt(text, match.index)}: a rule is switched off without its reason (… -- why)`),
    );
