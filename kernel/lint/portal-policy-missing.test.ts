import { portalPolicyMissing } from "./portal-policy-missing.ts";
import { tryRule } from "./trial.ts";

const ids = `create function trial.seen() returns setof uuid language sql stable set search_path = pg_catalog, pg_temp as 'select null::uuid'`;
const made = `${ids}; revoke all on function trial.seen() from public; grant execute on function trial.seen() to probity_app;
  select kernel.govern_portal('trial.sample', '{"column": "id", "from": "trial.seen"}')`;

tryRule(portalPolicyMissing, [
  {
    name: "a table that guests see something of, without the policy that says what",
    wrong: `${made}; drop policy portal on trial.sample`,
    finds: [["trial.sample", "no restrictive policy portal"]],
    right: `drop function trial.seen(); ${made}`,
  },
  {
    name: "a policy for guests that lets everything through",
    wrong: `${made}; drop policy portal on trial.sample; create policy portal on trial.sample as restrictive for select to probity_app using (true)`,
    finds: [["trial.sample", "policy portal: true"]],
    right: `drop policy portal on trial.sample; drop function trial.seen(); ${made}`,
  },
]);
