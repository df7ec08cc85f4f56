import { ungovernedTable } from "./ungoverned-table.ts";
import { tryRule } from "./trial.ts";

tryRule(ungovernedTable, [
  {
    name: "a table the application may read",
    wrong: `create table trial.note (tenant_id uuid, id uuid); grant select on trial.note to probity_app`,
    finds: [["trial.note", "within reach of probity_app"]],
    right: `drop table trial.note`,
  },
  {
    name: "one column of a table is enough",
    wrong: `create table trial.note (tenant_id uuid, id uuid); grant select (id) on trial.note to probity_across`,
    finds: [["trial.note", "within reach of probity_across"]],
    right: `drop table trial.note`,
  },
  {
    name: "a table an app made and forgot",
    wrong: `create table trial.note (tenant_id uuid not null, id uuid not null, primary key (tenant_id, id))`,
    finds: [["trial.note", "owned by probity_owner"]],
    right: `select kernel.govern('trial.note')`,
  },
  {
    name: "an exemption wants its reason",
    wrong: `create table trial.country (code text primary key); grant select on trial.country to probity_app`,
    finds: [["trial.country", "within reach of probity_app"]],
    right: `insert into kernel.exempt_table values ('trial.country', 'country codes of ISO 3166: no tenant data')`,
  },
  {
    name: "a sign-in table within the application's reach",
    wrong: `grant select on identity.session to probity_app`,
    finds: [["identity.session", "within reach of probity_app, probity_identity"]],
    right: `revoke select on identity.session from probity_app`,
  },
  {
    name: "a table of the door within the application's reach",
    role: "probity_door",
    wrong: `grant select on kernel.door_secret to probity_app`,
    finds: [["kernel.door_secret", "within reach of probity_app"]],
    right: `revoke select on kernel.door_secret from probity_app`,
  },
]);
