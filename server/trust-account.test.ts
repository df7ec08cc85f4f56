import { describe, expect, test } from "vitest";
import { defaultAccountLimits } from "@probity/kernel";
import { budgetsOf } from "./budget.ts";
import { turnsRed, useTrustWorld } from "./testing/trust-world.ts";

useTrustWorld();

describe("TRU-01 a control of accounts turns red when its protection is really gone", { timeout: 120_000 }, () => {
  test("IDN-01: a password kept in clear", () =>
    turnsRed(
      "IDN-01",
      `insert into identity."user" (id, name, email) values ('01900000-0000-7000-8000-00000000aaaa', 'Clear', 'clear@example.test');
       insert into identity.account (id, user_id, account_id, provider_id, password)
       values ('01900000-0000-7000-8000-00000000aaaa', '01900000-0000-7000-8000-00000000aaaa', 'clear', 'credential', 'copper lantern folds 81')`,
      `delete from identity."user" where email = 'clear@example.test'`,
      /1 stored passwords are hashed in another way/,
    ));

  test("IDN-05: a lockout that forgets", () =>
    turnsRed(
      "IDN-05",
      `create function identity.forget() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
         begin new.attempts := '{}'; new.locked_until := null; return new; end $$;
       grant execute on function identity.forget() to probity_door, probity_identity;
       create trigger forget before insert or update on identity.sign_in_guard for each row execute function identity.forget()`,
      "drop trigger forget on identity.sign_in_guard; drop function identity.forget()",
      /60 of 60 parallel guesses at one account were looked at/,
    ));

  test("IDN-06: a budget that is never used up", () =>
    turnsRed(
      "IDN-06",
      `set role probity_door; create function kernel.never_used() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
         begin new.used := 0; return new; end $$;
       create trigger never_used before insert or update on kernel.budget for each row execute function kernel.never_used()`,
      "set role probity_door; drop trigger never_used on kernel.budget; drop function kernel.never_used()",
      /30 of 30 registrations at once were let in/,
    ));

  test("IDN-07: a solved challenge that counts again and again", () =>
    turnsRed(
      "IDN-07",
      "alter table identity.spent_proof drop constraint spent_proof_pkey",
      "delete from identity.spent_proof; alter table identity.spent_proof add primary key (proof_hash)",
      /with the same one again it got 202/,
    ));
});

test("IDN-06 the limit the page is proved with is the limit in force, the operator's own too", () => {
  expect(budgetsOf(defaultAccountLimits).registration).toMatchObject({ limit: 3, windowSeconds: 1800 });
  const own = { ...defaultAccountLimits, registration: { attempts: 2, windowMinutes: 60 } };
  expect(budgetsOf(own).registration).toMatchObject({ name: "registration", limit: 2, windowSeconds: 3600 });
});
