import { governedTriggerMissing } from "./governed-trigger-missing.ts";
import { tryRule } from "./trial.ts";

tryRule(governedTriggerMissing, [
  {
    name: "a guard that was dropped",
    wrong: `drop trigger guard on trial.sample`,
    finds: [["trial.sample", "trigger guard is missing"]],
    right: `create trigger guard after insert or update on trial.sample for each row execute function kernel.guard()`,
  },
  {
    name: "a stamp that was switched off",
    wrong: `alter table trial.sample disable trigger stamp`,
    finds: [["trial.sample", "trigger stamp is disabled"]],
    right: `alter table trial.sample enable trigger stamp`,
  },
  {
    name: "a guard that only fires in replication",
    wrong: `alter table trial.sample enable replica trigger guard`,
    finds: [["trial.sample", "trigger guard is disabled"]],
    right: `alter table trial.sample enable always trigger guard`,
  },
  ...[
    ["that lets updates pass", "after insert on trial.sample for each row execute function kernel.guard()"],
    [
      "of one column only",
      "after insert or update of code on trial.sample for each row execute function kernel.guard()",
    ],
    [
      "with a condition",
      "after insert or update on trial.sample for each row when (new.code <> 'x') execute function kernel.guard()",
    ],
    [
      "that runs another function",
      "after insert or update on trial.sample for each row execute function kernel.sealed_guard()",
    ],
  ].map(([name = "", trigger = ""]) => ({
    name: `a guard ${name}`,
    wrong: `create or replace trigger guard ${trigger}`,
    finds: [["trial.sample", "trigger guard is not as it was made"] as const],
    right: `create or replace trigger guard after insert or update on trial.sample for each row execute function kernel.guard()`,
  })),
  {
    name: "staged leaves of which only some are looked at",
    role: "probity_door",
    wrong: `drop trigger leaf_has_change on kernel.ledger_inbox;
      create constraint trigger leaf_has_change after insert on kernel.ledger_inbox deferrable initially deferred
      for each row when (new.version > 1 and not new.with_change) execute function kernel.leaf_has_change()`,
    finds: [["kernel.ledger_inbox", "trigger leaf_has_change is not as it was made"]],
    right: `drop trigger leaf_has_change on kernel.ledger_inbox;
      create constraint trigger leaf_has_change after insert on kernel.ledger_inbox deferrable initially deferred
      for each row when (new.version is not null and not new.with_change) execute function kernel.leaf_has_change()`,
  },
  {
    name: "workspaces that may be deleted",
    role: "probity_door",
    wrong: `drop trigger stays on kernel.workspace`,
    finds: [["kernel.workspace", "trigger stays is missing"]],
    right: `create trigger stays before delete or truncate on kernel.workspace for each statement execute function kernel.workspace_stays()`,
  },
  {
    name: "sealed values without their guard",
    wrong: `drop trigger guard on kernel.sealed_value`,
    finds: [["kernel.sealed_value", "trigger guard is missing"]],
    right: `create trigger guard after insert on kernel.sealed_value for each row execute function kernel.sealed_guard()`,
  },
]);
