import type { SourceRule } from "../source.ts";

const folders = /^(verify|kernel|apps|trust|operations|server|web|scripts|bench|e2e)\//;
const kebab = /^\.?[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)*$/;
const empty = /^(utils?|helpers?|common|lib|misc|shared)$/;
const doors = /^(kernel|kernel\/testing|trust|operations|verify|apps\/[^/]+\/engine)\/index\.ts$/;

/** kebab-case; no name that says nothing; no barrel but the doors that package.json exports. */
export const fileName: SourceRule = (files) => {
  const found = new Set<string>();
  for (const { path } of files) {
    if (!folders.test(path)) continue;
    const parts = path.split("/");
    for (const [index, part] of parts.entries()) {
      const here = parts.slice(0, index + 1).join("/");
      if (!kebab.test(part) && !/^[A-Z]+\.md$/.test(part)) found.add(`${here}: not in kebab-case`);
      if (empty.test(part.replace(/\..*$/, ""))) found.add(`${here}: a name that says nothing of what is inside`);
    }
    if (/(^|\/)index\.tsx?$/.test(path) && !doors.test(path))
      found.add(`${path}: a barrel; import the files themselves`);
  }
  return [...found];
};
