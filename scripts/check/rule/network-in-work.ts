import type { SourceRule } from "../source.ts";
import { isTest, lineAt } from "./line.ts";

/** Globals that reach the network need no import, so dependency-cruiser cannot see them. */
export const networkInWork: SourceRule = (files) =>
  files
    .filter(({ path }) => path.startsWith("kernel/work/") && /\.tsx?$/.test(path) && !isTest(path))
    .flatMap(({ path, text }) =>
      [...text.matchAll(/\b(fetch\(|new (WebSocket|EventSource|XMLHttpRequest)\b)/g)].map(
        (match) => `${path}:${lineAt(text, match.index)}: a network call while a transaction may be open`,
      ),
    );
