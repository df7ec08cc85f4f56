import type { Rule } from "./rule.ts";

export const definerWithoutSearchPath: Rule = {
  id: "definer-without-search-path",
  title: "Definer function without a pinned search path",
  severity: "isolation",
  why: "It runs with its owner's rights and finds tables by its caller's search path: a temporary table of the same name is enough to fool it.",
  fix: "Write: set search_path = pg_catalog, pg_temp, and name every schema in its body.",
  sql: `
    select f.name, 'search path ' || coalesce((select substr(s, 13) from unnest(f.settings) s where s like 'search\\_path=%'), 'of its caller')
    from routine f
    where f.is_definer and not coalesce('search_path=pg_catalog, pg_temp' = any (f.settings), false)`,
};
