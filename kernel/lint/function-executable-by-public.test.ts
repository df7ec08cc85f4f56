import { functionExecutableByPublic } from "./function-executable-by-public.ts";
import { tryRule } from "./trial.ts";

tryRule(functionExecutableByPublic, [
  {
    name: "execution granted to everybody",
    wrong: `create function trial.count_all() returns bigint language sql as 'select 1::bigint'; grant execute on function trial.count_all() to public`,
    finds: [["trial.count_all()", "granted"]],
    right: `revoke execute on function trial.count_all() from public`,
  },
  {
    name: "a function made by a role whose default privileges were never narrowed",
    role: "superuser",
    wrong: `create function trial.count_all() returns bigint language sql as 'select 1::bigint'`,
    finds: [["trial.count_all()", "as it was made"]],
    right: `revoke execute on function trial.count_all() from public`,
  },
]);
