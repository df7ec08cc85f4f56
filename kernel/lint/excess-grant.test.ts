import { excessGrant } from "./excess-grant.ts";
import { tryRule } from "./trial.ts";

tryRule(excessGrant, [
  {
    name: "deleting without a leaf",
    wrong: `grant delete on trial.sample to probity_app`,
    finds: [["trial.sample", "probity_app holds DELETE"]],
    right: `revoke delete on trial.sample from probity_app`,
  },
  {
    name: "truncating past row-level security",
    wrong: `grant truncate on kernel.sealed_value to probity_app`,
    finds: [["kernel.sealed_value", "probity_app holds TRUNCATE"]],
    right: `revoke truncate on kernel.sealed_value from probity_app`,
  },
  {
    name: "the cross-tenant role only reads",
    wrong: `grant insert (code) on trial.sample to probity_across`,
    finds: [["trial.sample", "probity_across holds INSERT"]],
    right: `revoke insert (code) on trial.sample from probity_across`,
  },
  {
    name: "the worker touches no record",
    wrong: `grant select on trial.sample to probity_worker`,
    finds: [["trial.sample", "probity_worker holds SELECT"]],
    right: `revoke select on trial.sample from probity_worker`,
  },
]);
