import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Route } from "@probity/kernel";
import { controls, type Control } from "@probity/trust";
import { executeAsOwner } from "../kernel/lint/trial.ts";
import { openTestLog, type TestLog } from "../kernel/testing/log.ts";
import { database, folder, kernel, serve, statusAfter, useTrustWorld } from "./testing/trust-world.ts";

useTrustWorld();

// What a certificate carries is proved by a checkpoint, which a publisher signs as it does on an instance.
let log: TestLog;
beforeAll(() => {
  kernel.sequencer.start();
  const nobody = async () => {
    throw new Error("nobody is added here");
  };
  const founded = async () => "";
  const admin = database.admin;
  log = openTestLog({ ...kernel, admin, filesFolder: folder, foundWorkspace: founded, addPerson: nobody });
  log.publisher.start();
});
afterAll(async () => {
  await log?.close();
});

const whole = controls.find((each) => each.id === "LAB-05");
/** One probe alone: what the others need was looked at before. */
function alone(id: string): Control {
  const probe = whole?.probes.find((each) => each.id === id);
  if (whole === undefined || probe === undefined) throw new Error(`no probe ${id}`);
  return { ...whole, probes: [probe] };
}

type Fault = { readonly sql?: readonly [breakIt: string, mendIt: string]; readonly route?: (route: Route) => Route };
/** Red for each of these reasons while it is broken. */
async function broken(probe: string, { sql, route }: Fault, ...reasons: RegExp[]): Promise<void> {
  const origin = route && (await serve({ route }));
  if (sql !== undefined) await executeAsOwner(database.admin, sql[0]);
  try {
    const { detail } = await statusAfter("LAB-05", {
      control: alone(probe),
      ...(origin === undefined ? {} : { origin }),
    });
    for (const reason of reasons) expect(detail).toMatch(reason);
  } finally {
    if (sql !== undefined) await executeAsOwner(database.admin, sql[1]);
  }
}

type Handle = Route["handle"];
/** A server whose one route is handled by something else. */
const answering =
  (path: string, other: (own: Handle) => Handle) =>
  (route: Route): Route =>
    route.path === path ? { ...route, handle: other(route.handle) } : route;
const made = () => async () => ({ status: 201, body: { id: "00000000-0000-7000-8000-000000000000", number: "x" } });

test(
  "LAB-05 the control of certificates turns red when one lies, stands beside another, isn't what was sealed, or opens to others",
  { timeout: 600_000 },
  async () => {
    const before = await statusAfter("LAB-05");
    expect(before.status === "active" ? "active" : before.detail).toBe("active");
    // 1. Told otherwise than it was found, on its way into the table.
    await broken(
      "tells-what-was-found",
      {
        sql: [
          `create function lab.told() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$ begin
             new.content := jsonb_set(jsonb_set(new.content, '{investigations}', '[]'), '{results,0,repeated,0,verdict}', '"in"'); return new; end $$;
           grant execute on function lab.told() to probity_app;
           create trigger a_told before insert on lab.certificate for each row execute function lab.told()`,
          "drop trigger a_told on lab.certificate; drop function lab.told()",
        ],
      },
      /its investigation is left out/i,
      /out of specification is told as another/i,
    );
    // 2. A server that certifies and signs what it may not.
    const certifies = answering("/api/lab/samples/{id}/certificates", made);
    const signs = answering("/api/lab/certificates/{id}/signing/challenge", made);
    await broken(
      "tells-what-was-found",
      { route: (route) => signs(certifies(route)) },
      /certifying what isn't published got 201/i,
      /signing over a changed result got/i,
    );
    // 3. An amendment that forgot what it supersedes, and bytes that are not the sealed ones.
    await broken(
      "sealed-and-superseded",
      {
        sql: [
          `alter table lab.certificate no force row level security; alter table lab.certificate disable trigger user;
           create table lab.was as select tenant_id, id, supersedes_id from lab.certificate;
           update lab.certificate set supersedes_id = null`,
          `update lab.certificate c set supersedes_id = w.supersedes_id from lab.was w where w.tenant_id = c.tenant_id and w.id = c.id;
           drop table lab.was; alter table lab.certificate enable trigger user; alter table lab.certificate force row level security`,
        ],
        route: answering("/api/lab/certificates/{id}/pdf", (own) => async (request, reply) => {
          const body: unknown = Reflect.get(await own(request, reply), "body");
          const bytes = body instanceof Readable ? await buffer(body) : Buffer.alloc(1000);
          bytes[900] = (bytes[900] ?? 0) ^ 1;
          return { body: bytes, type: "application/pdf" };
        }),
      },
      /a superseded certificate is shown as reopened/i,
      /is not what was sealed/i,
    );
    // 4. Samples that are everybody's.
    await broken(
      "whose-it-is",
      {
        sql: [
          `create table lab.was as select pg_get_functiondef('lab.portal_samples()'::regprocedure) as is;
           create or replace function lab.portal_samples() returns setof uuid language sql stable security definer set search_path = pg_catalog, pg_temp
             as $$ select s.id from lab.sample s $$`,
          "do $$ begin execute (select w.is from lab.was w); end $$; drop table lab.was",
        ],
      },
      /another customer's contact got 200/i,
    );
    expect(await statusAfter("LAB-05")).toMatchObject({ status: "active" });
  },
);
