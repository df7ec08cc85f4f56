import { secondPermissivePolicy } from "./second-permissive-policy.ts";
import { tryRule } from "./trial.ts";

tryRule(secondPermissivePolicy, [
  {
    name: "a second permissive policy opens what the first closes",
    wrong: `create policy support on trial.sample for select to probity_app using (code = 'shared')`,
    finds: [["trial.sample", "policy support for probity_app"]],
    right: `drop policy support on trial.sample; create policy support on trial.sample as restrictive for select to probity_app using (code <> 'hidden')`,
  },
  {
    name: "a policy for everybody",
    wrong: `create policy everybody on trial.sample using (true)`,
    finds: [["trial.sample", "policy everybody for public"]],
    right: `drop policy everybody on trial.sample`,
  },
  {
    name: "the cross-tenant role only reads",
    wrong: `drop policy across on trial.sample; create policy across on trial.sample for all to probity_across using (true)`,
    finds: [["trial.sample", "policy across for probity_across"]],
    right: `drop policy across on trial.sample; create policy across on trial.sample for select to probity_across using (true)`,
  },
  {
    name: "the door reads only what it was told to",
    wrong: `create policy door on trial.sample for select to probity_door using (true)`,
    finds: [["trial.sample", "policy door for probity_door"]],
    right: `drop policy door on trial.sample`,
  },
  {
    name: "the tenant policy widened to another role",
    wrong: `alter policy tenant on trial.sample to probity_app, probity_owner, probity_worker`,
    finds: [["trial.sample", "policy tenant for probity_app, probity_owner, probity_worker"]],
    right: `alter policy tenant on trial.sample to probity_app, probity_owner`,
  },
  {
    name: "a governed table without its tenant policy",
    wrong: `drop policy tenant on trial.sample`,
    finds: [["trial.sample", "no policy named tenant for probity_app"]],
    right: `create policy tenant on trial.sample to probity_app, probity_owner using (tenant_id = (select kernel.tenant()))`,
  },
]);
