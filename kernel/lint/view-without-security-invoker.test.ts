import { viewWithoutSecurityInvoker } from "./view-without-security-invoker.ts";
import { tryRule } from "./trial.ts";

tryRule(viewWithoutSecurityInvoker, [
  {
    name: "a plain view",
    wrong: `create view trial.recent as select * from trial.sample`,
    finds: [["trial.recent", "view"]],
    right: `alter view trial.recent set (security_invoker = true)`,
  },
  {
    name: "a view that says so and means the opposite",
    wrong: `create view trial.recent with (security_invoker = off) as select * from trial.sample`,
    finds: [["trial.recent", "view"]],
    right: `alter view trial.recent set (security_invoker = on)`,
  },
  {
    name: "a materialized view",
    wrong: `create materialized view trial.recent as select * from trial.sample with no data`,
    finds: [["trial.recent", "materialized view"]],
    right: `drop materialized view trial.recent`,
  },
]);
