import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { admitProbePerson, catalogueName, probeGrant, probeSession, refusal } from "@probity/kernel";
import { verifyBundle } from "@probity/verify";
import { nodeProvider } from "@probity/verify/node";
import { defineControl, type ProbeContext } from "../control.ts";
import { ProbeBrowser, said } from "./browser.ts";
import { allOf, type Check } from "./outcome.ts";

const patienceMs = 20_000;
const hold = "kernel.retention.change";
const erase = "kernel.person.erase";

/** The scratch owner, signed in; brings a fresh proof for an act when asked to. */
async function signedIn(context: ProbeContext) {
  const { scratch, kernel } = context;
  const browser = new ProbeBrowser(context, await probeSession(kernel, scratch.a.ownerUserId), scratch.a.id);
  return {
    call: (method: string, path: string, body?: unknown) => browser.call(method, path, body),
    prove: async (method: string, path: string, body: unknown, action: string, subject: string) => {
      const grant = await probeGrant(kernel, browser.token, { workspace: scratch.a.id, action, subject });
      return browser.call(method, path, body, { "step-up": grant });
    },
    end: () => browser.call("DELETE", "/api/session"),
  };
}

/** Somebody nobody else is called like, in scratch workspace A. */
async function plant(context: ProbeContext) {
  const mark = `zz${randomUUID().replaceAll("-", "")}`;
  // An address of the block for documentation (RFC 3849) that nobody else comes from, as PostgreSQL writes it.
  const address = `2001:db8:${[3, 7, 11, 15, 19, 23].map((at) => `1${mark.slice(at, at + 3)}`).join(":")}`;
  const person = { name: `Probe ${mark}`, email: `${mark}@probe.invalid`, address };
  const made = await admitProbePerson(context.kernel, context.scratch.a.id, person);
  return { ...made, mark, address };
}

/** Tables the application may read in which they, or the address they came from, still stand. */
async function tablesNaming(
  { database, scratch }: ProbeContext,
  { mark, address }: { readonly mark: string; readonly address: string },
): Promise<string[]> {
  return database.bound(scratch.a.id, async (connection) => {
    const tables = await connection.query(
      `select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where c.relkind in ('r', 'p') and n.nspname not in ('pg_catalog', 'information_schema') and has_table_privilege(c.oid, 'select') order by 1`,
    );
    const found: string[] = [];
    for (const { name } of tables) {
      const table = String(name);
      const rows = await connection.query(
        `select 1 from ${catalogueName(table)} t where position($1 in lower(t::text)) > 0 or position($2 in lower(t::text)) > 0 limit 1`,
        [mark, address],
      );
      if (rows.length > 0) found.push(table);
    }
    return found;
  });
}

/** Erases, once the log has given its place to what was just done. */
async function erased(owner: Awaited<ReturnType<typeof signedIn>>, id: string) {
  const body = { basis: "Probe" };
  for (const deadline = Date.now() + patienceMs; ; await pause(500)) {
    const answer = await owner.prove("POST", `/api/people/${id}/erasure`, body, erase, id);
    if (answer.body["code"] !== "retention.log_behind" || Date.now() > deadline) return answer;
  }
}

export const erasure = defineControl({
  id: "LED-06",
  standards: ["GDPR Art. 17", "UK GDPR Art. 17", "CCPA §1798.105", "ISO 27001 A.8.10"],
  yourPart: "Decide whether a request is justified, and tell receivers outside what you sent them.",
  notProbed: [
    "people whom an app's records name though they are no members",
    "what was exported, mailed or streamed before",
    "backups, which forget with their age",
  ],
  maxAgeMinutes: 45,
  probes: [
    {
      id: "person-forgotten",
      kind: "scratch",
      title: "A person is erased from every table and the log still proves itself",
      run: async (context) => {
        const person = await plant(context);
        const owner = await signedIn(context);
        const before = await tablesNaming(context, person);
        const done = await erased(owner, person.id);
        const after = await tablesNaming(context, person);
        const from = encodeURIComponent(new Date(Date.now() - 600_000).toISOString());
        let outcome = "nothing";
        // The leaf that explains the gap must be signed first.
        for (const deadline = Date.now() + patienceMs; Date.now() < deadline; await pause(500)) {
          const bundle = await owner.call("GET", `/api/ledger/export?from=${from}`);
          const lines = bundle.text.split("\n").filter((line) => line !== "");
          outcome = (await verifyBundle([{ lines, bytes: 0 }], { provider: nodeProvider })).outcome;
          if (outcome === "VERIFIED_WITH_ERASURES") break;
        }
        await owner.end();
        return allOf(
          `somebody named in ${before.length} tables was erased from all of them; the log is verified with erasures`,
          [
            [before.length >= 2, `they were named in ${before.length} tables only`],
            [done.status === 201, `the erasure got ${said(done)}`],
            [after.length === 0, `still named in ${after.join(", ")}`],
            [outcome === "VERIFIED_WITH_ERASURES", `the log was judged ${outcome}`],
          ],
        );
      },
      negative: async (context) => {
        const person = await plant(context);
        const owner = await signedIn(context);
        const bare = await owner.call("POST", `/api/people/${person.id}/erasure`, { basis: "Probe" });
        const key = await context.http("POST", `/api/people/${person.id}/erasure`, {
          key: context.scratch.a.memberKey,
          json: { basis: "Probe" },
        });
        const still = await tablesNaming(context, person);
        await erased(owner, person.id);
        await owner.end();
        return allOf("without a fresh proof, and by a member's key, nobody was erased", [
          [bare.status === 403, `an erasure without a fresh proof got ${said(bare)}`],
          [key.status === 403, `a member's key got ${said(key)}`],
          [still.length >= 2, "they were erased all the same"],
        ]);
      },
    },
  ],
});

export const legalHold = defineControl({
  id: "RET-02",
  standards: ["GDPR Art. 17(3)", "21 CFR 11.10(c)", "ISO 27001 A.5.33"],
  yourPart: "Place a hold when a dispute or inspection begins, and release it when it is over.",
  notProbed: ["backups, which the operator makes and keeps", "documents, which are deleted on their own page"],
  maxAgeMinutes: 45,
  probes: [
    {
      id: "receipt-and-hold",
      kind: "scratch",
      title: "An erasure gives a receipt that the log commits to; a legal hold stops it and is named",
      run: async (context) => {
        const person = await plant(context);
        const owner = await signedIn(context);
        const done = await erased(owner, person.id);
        const listed = await owner.call("GET", "/api/erasures");
        await owner.end();
        const until = Date.parse(String(done.body["backupsUntil"]));
        return allOf("the receipt names what went and when backups will have forgotten it, and is kept", [
          [done.status === 201, `the erasure got ${said(done)}`],
          [Array.isArray(done.body["erased"]) && done.body["erased"].length > 0, "the receipt names nothing"],
          [until > Date.now(), "the receipt does not say when backups forget"],
          [listed.text.includes(person.id), "the receipt is not in the list"],
          [!listed.text.includes(person.mark), "the receipt names the person"],
        ]);
      },
      negative: async (context) => {
        const person = await plant(context);
        const owner = await signedIn(context);
        const placed = await owner.call("POST", "/api/retention/holds", {
          reason: "Probe hold",
          membershipId: person.id,
        });
        const id = String(placed.body["id"]);
        const refused = await erased(owner, person.id);
        const still = await tablesNaming(context, person);
        const released = await owner.prove(
          "POST",
          `/api/retention/holds/${id}/release`,
          { reason: "Probe is over" },
          hold,
          id,
        );
        const done = await erased(owner, person.id);
        await owner.end();
        return allOf(
          "while the hold stood the erasure was refused with its reason; after its release it was executed",
          [
            [placed.status === 201, `placing a hold got ${said(placed)}`],
            [
              refused.status === 409 && refused.text.includes("Probe hold"),
              `an erasure under hold got ${said(refused)}`,
            ],
            [still.length >= 2, "they were erased all the same"],
            [released.status === 204, `releasing the hold got ${said(released)}`],
            [done.status === 201, `the erasure after the release got ${said(done)}`],
          ],
        );
      },
    },
  ],
});

export const retention = defineControl({
  id: "RET-01",
  standards: ["GDPR Art. 5(1)(e)", "ISO 27001 A.8.10", "SOC 2 C1.2"],
  yourPart: "Set the numbers your own rules ask for; keep the console's logs and backups no longer than they say.",
  notProbed: [
    "results, contracts and closed accounts, which nothing retires yet",
    "logs that the server prints, which its operator keeps",
  ],
  maxAgeMinutes: 45,
  probes: [
    {
      id: "ran-in-time",
      kind: "catalogue",
      title: "Every workspace's retention ran within two days and left nothing older than its policy says",
      run: ({ database }) =>
        database.attempt("setup", async (connection) => {
          await connection.query("set local role probity_door");
          const [state] = await connection.query(
            `select count(*) as workspaces,
               count(*) filter (where r.ran < 5 and w.created_at < now() - interval '2 days') as missing,
               count(*) filter (where r.late) as late, count(*) filter (where r.failed) as failed
             from kernel.workspace w
             left join lateral (select count(*) as ran, bool_or(x.at < now() - interval '2 days') as late, bool_or(x.outcome = 'failed') as failed
               from kernel.retention_run x where x.tenant_id = w.id) r on true
             where w.closed_at is null and w.frozen_at is null`,
          );
          const [old] = await connection.query(
            `select count(*) as n from kernel.access_event a
             where a.at < now() - interval '2 days' - make_interval(days => coalesce((select (v.value #>> '{}')::integer from kernel.policy_value v
               where v.tenant_id = a.tenant_id and v.name = 'retention.accessLogDays' and v.deleted_at is null), 90))
               and not exists (select from kernel.legal_hold h where h.tenant_id = a.tenant_id and h.released_at is null and h.deleted_at is null)`,
          );
          const n = (name: string) => Number(state?.[name]);
          return allOf(`retention of ${n("workspaces")} workspaces is up to date`, [
            [n("workspaces") > 0, "there is no workspace to look at"],
            [n("missing") === 0, `${n("missing")} workspaces were never retired`],
            [n("late") === 0, `${n("late")} workspaces were not retired for two days`],
            [n("failed") === 0, `retention of ${n("failed")} workspaces failed`],
            [Number(old?.["n"]) === 0, `${Number(old?.["n"])} access events are older than their policy says`],
          ]);
        }),
      negative: ({ database, scratch, kernel }) =>
        database.attempt("setup", async (connection) => {
          const { a } = scratch;
          await connection.query("set local role probity_door");
          await connection.query(
            `insert into kernel.access_event (tenant_id, id, batch_id, at, actor_id, permission, outcome)
             values ($1, gen_random_uuid(), gen_random_uuid(), now() - interval '200 days', gen_random_uuid(), 'probe', 'done')`,
            [a.id],
          );
          await connection.query("select kernel.enter('system', $1, $2, 'kernel.retention.run', null)", [
            kernel.system(a.id).token,
            a.id,
          ]);
          const [gone] = await connection.query("select kernel.retire_access(now() - interval '100 days') as gone");
          await connection.query("set local role probity_owner");
          await connection.query("alter table kernel.legal_hold disable trigger user");
          await connection.query(
            "insert into kernel.legal_hold (tenant_id, id, reason, created_by, updated_by) values ($1, gen_random_uuid(), 'Probe', $1, $1)",
            [a.id],
          );
          await connection.query("set local role probity_door");
          const checks: Check[] = [[Number(gone?.["gone"]) === 1, "an access event of 200 days stayed"]];
          for (const act of ["select kernel.retire_access(now())", "select kernel.retire_traces(now())"]) {
            const code = await refusal(connection, () => connection.query(act));
            checks.push([code === "PB409", `${act} under a legal hold was answered ${code ?? "with success"}`]);
          }
          return allOf("an access event of 200 days went; under a legal hold nothing went", checks);
        }),
    },
  ],
});
