import { audiencePolicyMissing } from "./audience-policy-missing.ts";
import { tryRule } from "./trial.ts";

const shape =
  "(select kernel.audience_open()) or created_by in (select kernel.mine()) or id in (select kernel.shared_to_me('trial.sample'))";
const made = `select kernel.govern_audience('trial.sample', '{"owner": true}'); `;
const printed =
  "(( SELECT kernel.audience_open() AS audience_open) OR (created_by IN ( SELECT kernel.mine() AS mine)) OR (id IN ( SELECT kernel.shared_to_me('trial.sample'::text) AS shared_to_me)))";

tryRule(audiencePolicyMissing, [
  {
    name: "a table that is said to have an audience and has no policy",
    wrong: `select kernel.register_audience('trial.sample', '{"owner": true}')`,
    finds: [["trial.sample", "no restrictive policy audience"]],
    right: `create policy audience on trial.sample as restrictive for all to probity_app using (${shape}) with check (${shape})`,
  },
  {
    name: "a policy that lets everybody in",
    wrong: `${made}alter policy audience on trial.sample using (true)`,
    finds: [["trial.sample", "policy audience: true"]],
    right: `alter policy audience on trial.sample using (${shape})`,
  },
  {
    name: "a policy that lets everybody write",
    wrong: `${made}alter policy audience on trial.sample with check (true)`,
    finds: [["trial.sample", `policy audience: ${printed}`]],
    right: `alter policy audience on trial.sample with check (${shape})`,
  },
  {
    name: "one that leaves writing open",
    wrong: `${made}drop policy audience on trial.sample; create policy audience on trial.sample as restrictive for select to probity_app using (${shape})`,
    finds: [["trial.sample", `policy audience: ${printed}`]],
    right: `drop policy audience on trial.sample; create policy audience on trial.sample as restrictive for all to probity_app using (${shape}) with check (${shape})`,
  },
  {
    name: "sealed values of records that anybody sees",
    wrong: `drop policy audience on kernel.sealed_value`,
    finds: [["kernel.sealed_value", "no restrictive policy audience"]],
    right: `create policy audience on kernel.sealed_value as restrictive for select to probity_app
      using ((select kernel.audience_open()) or kernel.may_see(record, row_id))`,
  },
]);
