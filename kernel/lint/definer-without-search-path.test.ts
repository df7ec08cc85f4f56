import { definerWithoutSearchPath } from "./definer-without-search-path.ts";
import { tryRule } from "./trial.ts";

tryRule(definerWithoutSearchPath, [
  {
    name: "a definer function that searches its caller's path",
    wrong: `create function trial.count_all() returns bigint language sql security definer as 'select 1::bigint'`,
    finds: [["trial.count_all()", "search path of its caller"]],
    right: `alter function trial.count_all() set search_path = pg_catalog, pg_temp`,
  },
  {
    name: "a path that meets temporary tables first",
    wrong: `create function trial.count_all() returns bigint language sql security definer set search_path = trial as 'select 1::bigint'`,
    finds: [["trial.count_all()", "search path trial"]],
    right: `drop function trial.count_all(); create function trial.count_all() returns bigint language sql as 'select 1::bigint'`,
  },
]);
