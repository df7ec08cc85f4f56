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
    name: "sealed values without their guard",
    wrong: `drop trigger guard on kernel.sealed_value`,
    finds: [["kernel.sealed_value", "trigger guard is missing"]],
    right: `create trigger guard after insert on kernel.sealed_value for each row execute function kernel.sealed_guard()`,
  },
]);
