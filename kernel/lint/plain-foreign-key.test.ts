import { plainForeignKey } from "./plain-foreign-key.ts";
import { tryRule } from "./trial.ts";

tryRule(plainForeignKey, [
  {
    name: "a key by id alone points into any tenant",
    wrong: `create unique index only_id on trial.sample (id); alter table trial.sample add column parent_id uuid;
      alter table trial.sample add constraint plain foreign key (parent_id) references trial.sample (id) not valid`,
    finds: [["trial.sample", "constraint plain to trial.sample"]],
    right: `alter table trial.sample drop constraint plain, add foreign key (tenant_id, parent_id) references trial.sample (tenant_id, id) not valid`,
  },
  {
    name: "a composite key that pairs the tenant with something else",
    wrong: `alter table trial.sample add column other_id uuid, add column parent_id uuid;
      alter table trial.sample add constraint crossed foreign key (other_id, parent_id) references trial.sample (tenant_id, id) not valid`,
    finds: [["trial.sample", "constraint crossed to trial.sample"]],
    right: `alter table trial.sample drop constraint crossed`,
  },
]);
