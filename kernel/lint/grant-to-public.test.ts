import { grantToPublic } from "./grant-to-public.ts";
import { tryRule } from "./trial.ts";

tryRule(grantToPublic, [
  {
    name: "a table",
    wrong: `grant references on trial.sample to public`,
    finds: [["trial.sample", "REFERENCES"]],
    right: `revoke all on trial.sample from public`,
  },
  {
    name: "a column",
    wrong: `grant select (code) on trial.sample to public`,
    finds: [["trial.sample", "SELECT on column code"]],
    right: `revoke all (code) on trial.sample from public`,
  },
  {
    name: "a schema",
    wrong: `grant usage on schema trial to public`,
    finds: [["trial", "USAGE on the schema"]],
    right: `revoke all on schema trial from public`,
  },
  {
    name: "a sequence",
    wrong: `create sequence trial.number; grant usage on sequence trial.number to public`,
    finds: [["trial.number", "USAGE on the sequence"]],
    right: `drop sequence trial.number`,
  },
  {
    name: "whatever comes next",
    wrong: `alter default privileges in schema trial grant select on tables to public`,
    finds: [["default privileges of probity_owner", "SELECT on whatever it makes next"]],
    right: `alter default privileges in schema trial revoke select on tables from public`,
  },
]);
