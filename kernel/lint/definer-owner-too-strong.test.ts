import { definerOwnerTooStrong } from "./definer-owner-too-strong.ts";
import { tryRule } from "./trial.ts";

tryRule(definerOwnerTooStrong, [
  {
    name: "a definer function made by a superuser",
    role: "superuser",
    wrong: `create function trial.count_all() returns bigint language sql security definer set search_path = pg_catalog, pg_temp as 'select 1::bigint';
      revoke all on function trial.count_all() from public; alter function trial.count_all() owner to postgres`,
    finds: [["trial.count_all()", "owned by postgres"]],
    right: `alter function trial.count_all() owner to probity_owner`,
  },
]);
