import type { SourceRule } from "../source.ts";
import { lineAt } from "./line.ts";

/** The lock file pins by hash and names no host: it installs from whichever registry the machine is set to. */
export const lockFile: SourceRule = (files) =>
  files
    .filter(({ path }) => /(^|\/)(package-lock\.json|package\.json|\.npmrc)$/.test(path))
    .flatMap(({ path, text }) =>
      [...text.matchAll(/"resolved":\s*"https?:.*|\bregistry\.[a-z0-9-]+\.[a-z]{2,}|^registry\s*=/gim)].map(
        (match) => `${path}:${lineAt(text, match.index)}: names where packages come from; pin by hash alone`,
      ),
    );
