import { pino } from "pino";
import { afterAll, beforeAll, describe, test } from "vitest";
import { startWorker } from "@probity/kernel";
import { enabledApps } from "./apps.ts";
import {
  door,
  isRedServing,
  kernel,
  turnsRed,
  turnsRedServing,
  useTrustWorld,
  withoutProof,
} from "./testing/trust-world.ts";

useTrustWorld();

const owner = "00000000-0000-7000-8000-0000000001ff";
const author = "00000000-0000-7000-8000-0000000002ff";
const bare = (table: string) =>
  `alter table ${table} disable trigger user; alter table ${table} no force row level security; `;
const dressed = (table: string) =>
  `alter table ${table} force row level security; alter table ${table} enable trigger user; `;

describe(
  "TRU-01 controls of signatures and locks turn red when their protection is really gone",
  { timeout: 600_000 },
  () => {
    let worker: Awaited<ReturnType<typeof startWorker>>;
    beforeAll(async () => {
      const tasks = Object.assign({}, ...enabledApps({ freeCheck: false }).map((app) => app.jobs(kernel)));
      worker = await startWorker(kernel, tasks, { onlyServer: false, logger: pino({ level: "silent" }) });
    });
    afterAll(() => worker?.stop());

    test("SIG-01: a challenge that is good more than once", () =>
      turnsRed(
        "SIG-01",
        `create function identity.never_used() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$ begin new.used_at := null; return new; end $$;
       grant execute on function identity.never_used() to probity_identity;
       create trigger never_used before update on identity.signing_challenge for each row execute function identity.never_used()`,
        "drop trigger never_used on identity.signing_challenge; drop function identity.never_used()",
        /the used challenge got/,
      ));

    test("SIG-02: findings that are open though their report is signed", () =>
      turnsRed(
        "SIG-02",
        "alter table regulatory_docs.finding disable trigger under_lock_of_run_id",
        "alter table regulatory_docs.finding enable trigger under_lock_of_run_id",
        /a finding of a signed report was changed/,
      ));

    test("SIG-04: copies without the signatures", () =>
      turnsRedServing(
        "SIG-04",
        {
          route: (route) =>
            route.path.endsWith("/report")
              ? { ...route, handle: async () => ({ body: "{}", type: "text/csv" }) }
              : route,
        },
        /the csv copy does not show the signature/,
      ));

    test("SIG-05: members who may approve", () =>
      turnsRed(
        "SIG-05",
        `${door}insert into kernel.role_permission (role, permission) values ('member', 'regulatory_docs.run.approve')`,
        `${door}delete from kernel.role_permission where role = 'member' and permission = 'regulatory_docs.run.approve'`,
        /a member's approval got/,
      ));

    test("SIG-06: a signer whom nobody verified through the product", () =>
      turnsRed(
        "SIG-06",
        `${bare("kernel.signer")}${bare("kernel.membership")}
       insert into kernel.signer (tenant_id, id, membership_id, user_id, printed_name, verified_by, verified_at, method, evidence,
         acknowledged_at, acknowledgement_hash, created_by, updated_by)
       select m.tenant_id, gen_random_uuid(), m.id, m.user_id, 'X', v.id, now(), 'in-person', 'x', now(), repeat('0', 64), m.id, m.id
       from kernel.membership m, kernel.membership v where m.user_id = '${owner}' and v.user_id = '${author}';
       ${dressed("kernel.membership")}${dressed("kernel.signer")}`,
        `${bare("kernel.signer")}delete from kernel.signer where user_id = '${owner}'; ${dressed("kernel.signer")}`,
        /an unverified person's signature got/,
      ));

    test("SIG-06: a server that lets somebody vouch for another without a fresh proof", () =>
      isRedServing(
        "SIG-06",
        withoutProof("/api/signing/signers/{id}/verify", { status: 201, body: {} }),
        /verifying without fresh proof got 201/,
      ));
  },
);
