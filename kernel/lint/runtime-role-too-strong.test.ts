import { runtimeRoleTooStrong } from "./runtime-role-too-strong.ts";
import { tryRule } from "./trial.ts";

tryRule(runtimeRoleTooStrong, [
  ...["superuser", "createrole", "createdb", "bypassrls", "replication"].map((attribute) => ({
    name: `the application's role is ${attribute}`,
    role: "superuser" as const,
    wrong: `alter role probity_app ${attribute}`,
    finds: [["probity_app", `has the attribute ${attribute}`] as const],
    right: `alter role probity_app no${attribute}`,
  })),
  ...["probity_owner", "probity_door", "pg_read_all_data"].map((group) => ({
    name: `the application's role is a member of ${group}`,
    role: "superuser" as const,
    wrong: `grant ${group} to probity_app`,
    finds: [["probity_app", `is a member of ${group}`] as const],
    right: `revoke ${group} from probity_app`,
  })),
  {
    name: "a member of a member",
    role: "superuser",
    wrong: `create role trial_middle; grant pg_write_all_data to trial_middle; grant trial_middle to probity_worker`,
    finds: [["probity_worker", "is a member of pg_write_all_data"]],
    right: `drop role trial_middle`,
  },
  {
    name: "the application's role owns a table",
    role: "superuser",
    wrong: `alter table trial.sample owner to probity_app`,
    finds: [["probity_app", "owns trial.sample"]],
    right: `alter table trial.sample owner to probity_owner; revoke all on trial.sample from probity_app; grant select, insert, update on trial.sample to probity_app`,
    alsoFires: ["excess-grant"],
  },
  {
    name: "the worker owns a schema that is not its own",
    role: "superuser",
    wrong: `create schema trial_room authorization probity_worker`,
    finds: [
      ["probity_worker", "may create in the schema trial_room"],
      ["probity_worker", "owns the schema trial_room"],
    ],
    right: `drop schema trial_room`,
  },
  {
    name: "the application's role may create in a schema",
    wrong: `grant create on schema trial to probity_app`,
    finds: [["probity_app", "may create in the schema trial"]],
    right: `revoke create on schema trial from probity_app`,
  },
  {
    name: "the application's role may create schemas",
    role: "superuser",
    wrong: `do $$ begin execute format('grant create on database %I to probity_across', current_database()); end $$`,
    finds: [["probity_across", "may create schemas in the database"]],
    right: `do $$ begin execute format('revoke create on database %I from probity_across', current_database()); end $$`,
  },
  {
    name: "triggers can be switched off",
    role: "superuser",
    wrong: `grant set on parameter session_replication_role to probity_app`,
    finds: [["probity_app", "may set session_replication_role, which switches triggers off"]],
    right: `revoke set on parameter session_replication_role from probity_app`,
  },
  {
    name: "the sign-in library sees more than sign-in",
    wrong: `grant select on trial.sample to probity_identity`,
    finds: [["probity_identity", "reads trial.sample, outside the schema identity"]],
    right: `revoke select on trial.sample from probity_identity`,
    alsoFires: ["excess-grant"],
  },
  {
    name: "an owner that may sign in",
    role: "superuser",
    wrong: `alter role probity_door login`,
    finds: [["probity_door", "owns what it governs and may sign in"]],
    right: `alter role probity_door nologin`,
  },
  {
    name: "somebody else who may act as an owner",
    role: "superuser",
    wrong: `create role trial_analyst login; grant probity_owner to trial_analyst`,
    finds: [["trial_analyst", "may act as probity_owner"]],
    right: `drop role trial_analyst`,
  },
]);
