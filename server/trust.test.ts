import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { scratchTenantIds, type Kernel, type Route } from "@probity/kernel";
import { specimenOf } from "@probity/seal";
import { testSealer } from "@probity/seal/testing";
import { isolationControl, listOf, recordOf } from "@probity/trust";
import { reconcileAll } from "../kernel/ledger/reconcile.ts";
import {
  door,
  folder,
  kernel,
  serve,
  statusAfter,
  turnsRed,
  turnsRedServing,
  useTrustWorld,
  withMember,
} from "./testing/trust-world.ts";

useTrustWorld();

afterAll(() => kernel.sequencer.stop());

describe("TRU-01 a control turns red when its protection is really gone", { timeout: 120_000 }, () => {
  test("TEN-01: row-level security off on one governed table", () =>
    turnsRed(
      "TEN-01",
      "alter table kernel.membership disable row level security",
      "alter table kernel.membership enable row level security",
      /kernel\.membership/,
    ));

  test("TEN-02: the queue shows every tenant's jobs", () =>
    turnsRed(
      "TEN-02",
      `${door}alter table kernel.job disable row level security`,
      `${door}alter table kernel.job enable row level security`,
      /B got 200 for a job of A|jobs of 2 tenants/,
    ));

  test("TEN-03: the reading process without its walls", async () => {
    expect(await statusAfter("TEN-03")).toMatchObject({ status: "active" });
    const red = await statusAfter("TEN-03", { control: isolationControl("none") });
    expect(red.detail).toMatch(/got through/);
    expect(red.status).toBe("degraded");
  });

  test("TEN-04: a table nobody governs, open to the application", () =>
    turnsRed(
      "TEN-04",
      "create table regulatory_docs.loose (tenant_id uuid, id uuid); grant select on regulatory_docs.loose to probity_app",
      "drop table regulatory_docs.loose",
      /regulatory_docs\.loose/,
    ));

  test("IDN-04: a password alone makes a whole session", () =>
    turnsRed(
      "IDN-04",
      "alter table identity.session disable trigger await_factor",
      "alter table identity.session enable trigger await_factor",
      /half a sign-in got 200/,
    ));

  test("IDN-08: a fresh proof that keeps the old token", () =>
    turnsRed(
      "IDN-08",
      `create function identity.keep_token() returns trigger language plpgsql as $$ begin new.token := old.token; return new; end $$;
       create trigger keep_token before update on identity.session for each row execute function identity.keep_token()`,
      "drop trigger keep_token on identity.session; drop function identity.keep_token()",
      /the token from before got 200/,
    ));

  test("IDN-10: a door that takes any proof", () => {
    const made = readFileSync(join(import.meta.dirname, "../kernel/sql/0029-step-up.sql"), "utf8");
    const sound = /create (function kernel\.use_step_up[\s\S]*?end \$\$;)/.exec(made)?.[1] ?? "";
    expect(sound).not.toBe("");
    return turnsRed(
      "IDN-10",
      `${door}create or replace ${sound.replace("if not found then", "if false then")}`,
      `${door}create or replace ${sound}`,
      /a proof for another policy got 412/,
    );
  });

  test("IDN-12: a freeze that closes no door", () =>
    turnsRed(
      "IDN-12",
      `${door}create function kernel.stay_open() returns trigger language plpgsql as $$ begin new.frozen_at := null; return new; end $$;
       create trigger stay_open before update on kernel.workspace for each row execute function kernel.stay_open()`,
      `${door}drop trigger stay_open on kernel.workspace; drop function kernel.stay_open()`,
      /the owner of the frozen workspace got 200/,
    ));

  test("ENC-01: a release that keeps a clear copy beside the sealed file", () => {
    const store: Kernel["files"]["store"] = async (tenantId, keys, bytes, kind) => {
      const place = join(folder, "files", tenantId, "00");
      await mkdir(place, { recursive: true });
      await writeFile(join(place, randomBytes(32).toString("hex")), bytes);
      return kernel.files.store(tenantId, keys, bytes, kind);
    };
    return turnsRedServing(
      "ENC-01",
      { kernel: { files: withMember(kernel.files, { store }) } },
      /clear in a stored file/,
    );
  });

  test("ENC-01: a release that opens files without checking their seal", () => {
    const known = new Map<string, Uint8Array>();
    const store: Kernel["files"]["store"] = async (tenantId, keys, bytes, kind) => {
      const stored = await kernel.files.store(tenantId, keys, bytes, kind);
      known.set(stored.contentId, bytes);
      return stored;
    };
    const open: Kernel["files"]["open"] = async function* (blob) {
      yield known.get(blob.contentId) ?? new Uint8Array(0);
    };
    return turnsRedServing("ENC-01", { kernel: { files: withMember(kernel.files, { store, open }) } }, /was given out/);
  });

  test("FIL-01: a server without limits on what an archive unpacks to", () =>
    turnsRedServing(
      "FIL-01",
      { kernel: { limits: { ...kernel.limits, maxInflationRatio: 1e9, maxInflatedBytes: 2 ** 40 } } },
      /probe-bomb\.docx was answered/,
    ));

  test("FIL-03: revoking a link does nothing", () =>
    turnsRed(
      "FIL-03",
      `create function kernel.never_revoked() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$ begin new.revoked_at := null; return new; end $$;
       grant execute on function kernel.never_revoked() to probity_app;
       create trigger never_revoked before update on kernel.link for each row execute function kernel.never_revoked()`,
      "drop trigger never_revoked on kernel.link; drop function kernel.never_revoked()",
      /a revoked link gave 200/,
    ));

  test("LED-02: the application may update the ledger", () =>
    turnsRed(
      "LED-02",
      `${door}grant update on kernel.ledger_event to probity_app`,
      `${door}revoke update on kernel.ledger_event from probity_app`,
      /probity_app may update kernel\.ledger_event|with success/,
    ));

  test("LED-04: the guard of one table dropped", async () => {
    // On an instance that serves, leaves are given places all the while, and an hourly round compares log and tables.
    kernel.sequencer.start();
    await reconcileAll(kernel);
    await turnsRed(
      "LED-04",
      "alter table regulatory_docs.collection disable trigger guard",
      "alter table regulatory_docs.collection enable trigger guard",
      /a change of regulatory_docs\.collection without its leaf was answered with success/,
    );
  });

  test("APP-01: one header not sent", () =>
    turnsRedServing(
      "APP-01",
      {
        http: (http) =>
          void http.addHook("onSend", async (_request, reply) => {
            reply.removeHeader("x-frame-options");
          }),
      },
      /X-Frame-Options/,
    ));

  test("APP-03: an error that shows its stack", () =>
    turnsRedServing(
      "APP-03",
      {
        http: (http) =>
          void http.addHook("onSend", async (_request, reply, payload) =>
            reply.statusCode >= 400 && typeof payload === "string"
              ? payload.replace('"requestId"', '"stack":"Error\n    at handle (server/serve.ts:1:1)","requestId"')
              : payload,
          ),
      },
      /tells of the inside/,
    ));

  test("SIG-03: documents sealed by another key than the published one, and documents changed after sealing", async () => {
    const other = testSealer();
    const specimen = Buffer.from(await specimenOf(other)());
    const handing = (body: Buffer) => (route: Route) =>
      route.path === "/api/seal/specimen"
        ? { ...route, handle: async () => ({ body, type: "application/pdf" }) }
        : route;
    await turnsRedServing("SIG-03", { route: handing(specimen) }, /another certificate/);
    const changed = Buffer.from(specimen);
    changed[30] = (changed[30] ?? 0) ^ 1;
    await turnsRedServing("SIG-03", { route: handing(changed) }, /changed after signing/);
  });

  test("IDN-09: revoking a key does nothing", () =>
    turnsRed(
      "IDN-09",
      `create function kernel.never_revoked() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$ begin new.revoked_at := null; return new; end $$;
       grant execute on function kernel.never_revoked() to probity_app;
       create trigger never_revoked before update on kernel.api_key for each row execute function kernel.never_revoked()`,
      "drop trigger never_revoked on kernel.api_key; drop function kernel.never_revoked()",
      /the token of a revoked key got 200/,
    ));

  test("ACC-02: a list of networks that is not kept", () =>
    turnsRed(
      "ACC-02",
      `${door}create function kernel.no_fence() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$ begin new.ip_allow := null; return new; end $$;
       create trigger no_fence before update on kernel.workspace for each row execute function kernel.no_fence()`,
      `${door}drop trigger no_fence on kernel.workspace; drop function kernel.no_fence()`,
      /a session got 200.*a key got 200/,
    ));

  test("APP-02: a server that counts calls and stops none", async () => {
    expect(await statusAfter("APP-02", { origin: await serve({ limits: true }) })).toMatchObject({ status: "active" });
    const red = await statusAfter("APP-02");
    expect(red.detail).toMatch(/calls at once were all let through/);
    expect(red.status).toBe("degraded");
  });

  test("APP-06: a change that another site can send", () =>
    turnsRedServing(
      "APP-06",
      {
        route: (route) =>
          route.path === "/api/session" && route.method === "DELETE"
            ? { ...route, handle: async () => ({ status: 204 }) }
            : route,
      },
      /sent by another site was made/,
    ));

  test("IDN-08: sessions that never grow idle", () =>
    turnsRed(
      "IDN-08",
      `${door}update kernel.workspace set idle_minutes = 1000000, absolute_hours = 1000000 where id = '${scratchTenantIds[0]}'`,
      `${door}update kernel.workspace set idle_minutes = 30, absolute_hours = 12 where id = '${scratchTenantIds[0]}'`,
      /idle for a day got 200/,
    ));

  test("ACC-01: members are given an admin's permission", () =>
    turnsRed(
      "ACC-01",
      `${door}insert into kernel.role_permission values ('member', 'kernel.ledger.read')`,
      `${door}delete from kernel.role_permission where role = 'member' and permission = 'kernel.ledger.read'`,
      /reading the audit trail as a member got 200/,
    ));

  test("INC-02: nobody to report to", async () => {
    expect(await statusAfter("INC-02")).toMatchObject({ status: "active" });
    const red = await statusAfter("INC-02", { contact: undefined });
    expect(red.detail).toMatch(/nobody can report/);
    expect(red.status).toBe("degraded");
  });

  test("TRU-01: a server that says active of everything", () =>
    turnsRedServing(
      "TRU-01",
      {
        route: (route) =>
          route.path === "/trust.json"
            ? {
                ...route,
                handle: async (request, reply) => {
                  const answer = await route.handle(request, reply);
                  const body = recordOf("body" in answer ? answer.body : {});
                  return {
                    body: {
                      ...body,
                      controls: listOf(body["controls"]).map((each) => ({ ...each, status: "active" })),
                    },
                  };
                },
              }
            : route,
      },
      /signature does not verify/,
    ));
});
