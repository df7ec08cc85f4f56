import { describe, test } from "vitest";
import { door, kernel, turnsRed, turnsRedServing, useTrustWorld, withMember } from "./testing/trust-world.ts";

useTrustWorld();

describe(
  "TRU-01 controls of roles, reviews, operators, sharing and alarms turn red when their protection is really gone",
  {
    timeout: 120_000,
  },
  () => {
    test("ACC-01: an admin who may give what they like", () =>
      turnsRed(
        "ACC-01",
        `${door}insert into kernel.role_permission (role, permission) values ('admin', 'kernel.operator.grant')`,
        `${door}delete from kernel.role_permission where role = 'admin' and permission = 'kernel.operator.grant'`,
        /a role with what only owners hold got 201/,
      ));

    test("ACC-03: a review without a named reviewer", () =>
      turnsRed(
        "ACC-03",
        `create function kernel.nobody_reviews() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$ begin new.reviewer_id := null; return new; end $$;
       grant execute on function kernel.nobody_reviews() to probity_app;
       create trigger nobody_reviews before insert on kernel.access_review_item for each row execute function kernel.nobody_reviews()`,
        "drop trigger nobody_reviews on kernel.access_review_item; drop function kernel.nobody_reviews()",
        /an entry has no reviewer/,
      ));

    test("ACC-03: a review that is signed before it is finished", () =>
      turnsRedServing(
        "ACC-03",
        {
          route: (route) =>
            route.path === "/api/reviews/{id}/signing/challenge"
              ? { ...route, handle: async () => ({ status: 201, body: { challenge: "x", expiresAt: "" } }) }
              : route,
        },
        /signing an unfinished review got 201/,
      ));

    test("IDN-11: an admin who may let an operator in", () =>
      turnsRed(
        "IDN-11",
        `${door}delete from kernel.role_permission where role = 'member' and permission = 'kernel.people.read'`,
        `${door}insert into kernel.role_permission (role, permission) values ('member', 'kernel.people.read')`,
        /a member saw 403/,
      ));

    test("TEN-06: collections without their audience", () => {
      const shape =
        "(select kernel.audience_open()) or created_by in (select kernel.mine()) or id in (select kernel.shared_to_me('regulatory_docs.collection'))";
      return turnsRed(
        "TEN-06",
        "drop policy audience on regulatory_docs.collection",
        `create policy audience on regulatory_docs.collection as restrictive for all to probity_app using (${shape}) with check (${shape})`,
        /the workspace's owner got 200 for reading/,
      );
    });

    test("ACC-04: a pass that forgets a key's limit", () =>
      turnsRed(
        "ACC-04",
        `${door}alter table kernel.pass disable trigger limited`,
        `${door}alter table kernel.pass enable trigger limited`,
        /reading beyond the limit got 200/,
      ));

    test("APP-07: refusals that nobody counts", () =>
      turnsRedServing(
        "APP-07",
        { kernel: { access: withMember(kernel.access, { refused: () => undefined }) } },
        /raised no alarm/,
      ));
  },
);
