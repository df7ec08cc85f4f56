import type { SourceRule } from "../source.ts";

/** Migrations are numbered from 0001 without gap or double, and named. */
export const migrationNumber: SourceRule = (files) => {
  const folders = new Map<string, string[]>();
  for (const { path } of files) {
    const [, folder, name] = /^((?:kernel|apps\/[^/]+)\/sql)\/(.+)$/.exec(path) ?? [];
    if (folder === undefined || name === undefined) continue;
    folders.set(folder, [...(folders.get(folder) ?? []), name]);
  }
  return [...folders].flatMap(([folder, names]) => {
    const misnamed = names.filter((name) => !/^\d{4}-[a-z0-9]+(-[a-z0-9]+)*\.sql$/.test(name));
    const numbers = names.filter((name) => !misnamed.includes(name)).map((name) => Number(name.slice(0, 4)));
    const wanted = Array.from({ length: Math.max(0, ...numbers) }, (_, index) => index + 1);
    return [
      ...misnamed.map((name) => `${folder}/${name}: not named like 0001-what-it-does.sql`),
      ...wanted
        .filter((number) => !numbers.includes(number))
        .map((number) => `${folder}: migration ${number} is missing`),
      ...[...new Set(numbers.filter((number, index) => numbers.indexOf(number) !== index))].map(
        (number) => `${folder}: migration ${number} is there twice`,
      ),
    ];
  });
};
