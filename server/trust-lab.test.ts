import { describe, test } from "vitest";
import { door, isRedServing, turnsRed, turnsRedServing, useTrustWorld, withoutProof } from "./testing/trust-world.ts";

useTrustWorld();

describe(
  "TRU-01 controls of the laboratory turn red when their protection is really gone",
  { timeout: 600_000 },
  () => {
    test("LAB-01: last zeros that are lost on the way into the table", () =>
      turnsRed(
        "LAB-01",
        `create function lab.tidied() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$ begin new.text := rtrim(new.text, '0'); return new; end $$;
       grant execute on function lab.tidied() to probity_app;
       create trigger a_tidied before update on lab.result for each row execute function lab.tidied()`,
        "drop trigger a_tidied on lab.result; drop function lab.tidied()",
        /the text is not the one that was entered/,
      ));

    test("LAB-02: technicians who may verify", () =>
      turnsRed(
        "LAB-02",
        `${door}insert into kernel.role_permission (role, permission) values ('member', 'lab.result.verify')`,
        `${door}delete from kernel.role_permission where role = 'member' and permission = 'lab.result.verify'`,
        /a technician's verification got/,
      ));

    test("LAB-02: a server that opens what is verified for who brings no fresh proof", () =>
      isRedServing(
        "LAB-02",
        withoutProof("/api/lab/samples/{id}/unlock", { status: 200, body: {} }),
        /unlocking without a proof got 200/,
      ));

    test("LAB-02: a server that takes a file beside what is verified", () =>
      isRedServing(
        "LAB-02",
        withoutProof("/api/lab/results/{id}/attachments", { status: 201, body: {} }),
        /a file beside a verified result got 201/,
      ));

    test("LAB-04: a gate that nobody asks", () =>
      turnsRed(
        "LAB-04",
        `alter function lab.hold_training(uuid[], boolean) rename to hold_training_kept;
       create function lab.hold_training(uuid[], boolean) returns table (result_id uuid, tokens text[]) language sql set search_path = pg_catalog, pg_temp
         as $$ select unnest($1), '{}'::text[] $$;
       grant execute on function lab.hold_training(uuid[], boolean) to probity_app`,
        "drop function lab.hold_training(uuid[], boolean); alter function lab.hold_training_kept(uuid[], boolean) rename to hold_training",
        /verifying what is held got/,
      ));

    test("LAB-06: samples without the policy of the portal", () =>
      turnsRed(
        "LAB-06",
        "alter policy portal on lab.sample using (true)",
        "alter policy portal on lab.sample using ((not (select kernel.confined())) or id in (select lab.portal_samples()))",
        /another customer's sample/,
      ));

    test("LAB-03: a server that publishes what nobody explained, and lets a value out of specification be typed over", () =>
      turnsRedServing(
        "LAB-03",
        {
          route: (route) =>
            route.path === "/api/lab/samples/{id}/publish"
              ? { ...route, handle: async () => ({ status: 201, body: { id: "x", number: 1 } }) }
              : route.path === "/api/lab/results/save"
                ? {
                    ...route,
                    handle: async (request, reply) =>
                      JSON.stringify(request.body).includes("Planted")
                        ? { body: { saved: [], untouched: 0 } }
                        : route.handle(request, reply),
                  }
                : route,
        },
        /typing another value over it got 200[^]*publishing got 201/,
      ));
  },
);
