import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { reconcileAsOwner } from "@probity/kernel";
import { openTestServer, type TestPerson, type TestServer } from "@probity/kernel/testing";
import { testSealer } from "@probity/seal/testing";
import { lab } from "../app.ts";
import { query } from "../query.ts";
import { layIn } from "../testing/sample.ts";

let server: TestServer;
let owner: TestPerson;
let workspace: string;
const app = lab({ sealer: testSealer(), origin: "http://localhost" });
beforeAll(async () => {
  server = await openTestServer([app]);
  workspace = await server.kernel.foundWorkspace("acme");
  owner = await server.member(workspace, "owner");
  await layIn(server.kernel, app, workspace);
}, 180_000);
afterAll(() => server?.close());

type Row = Record<string, unknown>;
const rowsOf = (text: string) =>
  server.kernel.door.work(owner.session, "lab.sample.read", (tx) => {
    const asked = sql<Row>`${sql.raw(text)}`;
    return tx.all({ compile: () => asked.compile(query) });
  });
const count = async (text: string) => Number((await rowsOf(`select count(*) as n from ${text}`))[0]?.["n"]);

/** What a new user is to find, each with how many there are at least. */
const states: readonly (readonly [what: string, least: number, from: string])[] = [
  ["an investigation in phase I", 1, "lab.investigation where state = 'phase-1'"],
  ["a plan of a retest that waits for its approval", 1, "lab.investigation where state = 'retest-planned' and planned_by is null and approved_at is null"],
  ["an approved retest that is still open", 1, "lab.result r join lab.result o on o.id = r.replaces_id join lab.investigation i on i.result_id = o.id where r.state = 'open' and o.state = 'retested' and i.state = 'retest-approved'"],
  ["an investigation in phase II", 1, "lab.investigation where state = 'phase-2' and scope is not null"],
  ["investigations that are concluded", 5, "lab.investigation where state = 'concluded' and capa is not null"],
  ["files beside a result, an investigation and an event of an instrument", 3, "(select distinct (result_id is null, investigation_id is null) from lab.attachment where struck_reason is null) f"],
  ["a file that was struck out", 1, "lab.attachment where struck_reason is not null and struck_at is not null"],
  ["an override that waits to be decided", 1, "lab.gate_override where state = 'asked'"],
  ["an override of a verified result", 1, "lab.gate_override o join lab.result r on r.id = o.result_id where o.state = 'confirmed' and r.state = 'verified'"],
  ["an issued certificate that tells an override", 1, "lab.certificate where locked_at is not null and jsonb_array_length(content -> 'overrides') = 1"],
  ["an issued certificate that tells a guard band", 1, "lab.certificate where locked_at is not null and content @? '$.evaluations[*].lines[*].decision ? (@ == \"conditional-pass\")'"],
  ["a certificate that supersedes another", 1, "lab.certificate n join lab.certificate o on o.id = n.supersedes_id where n.locked_at is not null and o.locked_at is not null"],
  ["sealed files of what was issued", 6, "lab.certificate_file"],
  ["drafts that wait for a signature", 2, "lab.certificate where locked_at is null and discarded_reason is null"],
  ["a contact who is invited to the portal", 1, "lab.contact c join kernel.invitation i on i.id = c.invitation_id where i.role = 'guest' and i.expires_at > now()"],
  ["a conditional result on a worksheet", 1, "lab.result where verdict = 'conditional' and worksheet_id is not null and state = 'entered'"],
  ["a worksheet that waits to be verified", 1, "lab.worksheet w where state = 'open' and not exists (select from lab.result r where r.worksheet_id = w.id and r.state = 'open') and exists (select from lab.result r where r.worksheet_id = w.id and r.state = 'entered' and r.kind = 'sample')"],
  ["a worksheet that is half entered", 1, "lab.worksheet w where exists (select from lab.result r where r.worksheet_id = w.id and r.state = 'open') and exists (select from lab.result r where r.worksheet_id = w.id and r.state = 'entered' and r.kind = 'sample')"],
  ["a result that was unlocked and corrected", 1, "lab.unlock u join lab.result r on r.sample_id = u.sample_id join kernel.version_history h on h.row_id = r.id and h.version = 1 where r.version = 2 and r.reason is not null and r.state = 'entered' and h.body ->> 'text' <> r.text"],
  ["a lot that ends within a month", 1, "lab.lot where expires_on between current_date and current_date + 30"],
  ["a lot that ended", 1, "lab.lot where expires_on < current_date"],
  ["an instrument that is due within a month", 1, "(select distinct on (instrument_id, act) due_on from lab.instrument_event where act = 'calibration' order by instrument_id, act, sequence desc) e where due_on between current_date and current_date + 30"],
  ["an instrument whose calibration is over", 1, "(select distinct on (instrument_id, act) due_on from lab.instrument_event where act = 'calibration' order by instrument_id, act, sequence desc) e where due_on < current_date"],
  ["an instrument on hold", 1, "(select distinct on (instrument_id) act from lab.instrument_event where act in ('hold', 'release') order by instrument_id, sequence desc) e where act = 'hold'"],
  ["an evaluation of a stability study", 1, "lab.study_evaluation where jsonb_array_length(content -> 'inputs') >= 15"],
  ["a pull that is overdue", 1, "lab.study_pull where state = 'planned' and closes_on < current_date"],
  ["schedules that run", 2, "lab.schedule_version where running"],
  ["an audit-trail review that is due", 1, "lab.trail_review where locked_at is null and due_on <= current_date"],
  ["a budget that waits for its approval", 1, "lab.uncertainty_budget where state = 'proposed'"],
  ["samples that are registered, received, tested, verified and published", 5, "(select distinct state from lab.sample where state <> 'cancelled') s"],
];

/** What an auditor would find odd: none of it is there. */
const odd: Readonly<Record<string, string>> = {
  "a sample received before it was taken": "lab.sample where received_at <= sampled_at",
  "a result entered before its sample was received": "lab.result r join lab.sample s on s.id = r.sample_id where r.entered_at <= s.received_at",
  "a result verified before it was entered": "lab.result where verified_at <= entered_at",
  "a result verified by who entered it": "lab.result where verified_name = entered_name or verified_by = entered_by",
  "a sample published before its last result was verified": "lab.result r join lab.sample s on s.id = r.sample_id where s.published_at < r.verified_at",
  "a count of plates read before they had stood": "lab.result r join lab.sample s on s.id = r.sample_id where r.analyte in ('tamc', 'settle') and r.entered_at < s.received_at + interval '5 days'",
  "somebody at work on a weekend or at night": `(select received_at as at, brought_in from lab.sample union all select entered_at, brought_in and version = 1 from lab.result
     union all select verified_at, brought_in from lab.result union all select published_at, brought_in from lab.sample
     union all select stated_at, true from lab.worksheet union all select stated_at, true from lab.gate_override union all select decided_at, brought_in from lab.gate_override
     union all select stated_at, true from lab.investigation union all select approved_at, true from lab.investigation union all select concluded_at, true from lab.investigation
     union all select stated_at, true from lab.chart_limit union all select decided_at, true from lab.chart_limit union all select stated_at, true from lab.certificate) a
     where a.brought_in and (extract(isodow from a.at at time zone 'UTC') > 5 or extract(hour from a.at at time zone 'UTC') not between 5 and 16)`,
  "something that has not happened yet": `(select max(received_at) as at from lab.sample union all select max(entered_at) from lab.result union all select max(verified_at) from lab.result
     union all select max(published_at) from lab.sample union all select max(concluded_at) from lab.investigation union all select max(stated_at) from lab.lot_event) a where a.at > now()`,
  "limits decided before they were proposed": "lab.chart_limit where decided_at <= coalesce(stated_at, created_at)",
  "limits proposed before the last run they stand on": "lab.chart_limit l join lab.result r on l.basis -> 'results' ? r.id::text where r.entered_at >= l.stated_at",
  "a run judged by limits that were decided after it": "lab.control_evaluation e, jsonb_array_elements(e.points) p join lab.chart_limit l on l.id::text = p ->> 'limitId' where e.run_at < l.decided_at",
  "a budget decided before it was proposed": "lab.uncertainty_budget where decided_at <= coalesce(stated_at, created_at)",
  "who decided what they proposed": "(select proposed_name as one, decided_name as other from lab.chart_limit union all select proposed_name, decided_name from lab.uncertainty_budget union all select asked_name, decided_name from lab.gate_override union all select planned_name, approved_name from lab.investigation) d where one = other",
  "limits in force after what they judged": "lab.result r join lab.sample s on s.id = r.sample_id join lab.specification_version v on v.id = s.specification_version_id where v.effective_on > s.received_at::date",
  "what was out of its limits and told, and nobody looked into": "lab.result r join lab.sample s on s.id = r.sample_id where r.verdict = 'out' and r.replaces_id is null and s.state = 'published' and not exists (select from lab.investigation i where i.result_id = r.id and i.state = 'concluded')",
  "a retest before its plan was approved": "lab.result r join lab.investigation i on i.result_id = r.replaces_id where r.entered_at < i.approved_at",
  "a sample told before its investigation was concluded": "lab.investigation i join lab.sample s on s.id = i.sample_id where s.published_at < i.concluded_at",
  "an investigation judged by who entered its result": "lab.investigation i join lab.result r on r.id = i.result_id where r.entered_name in (i.approved_name, i.concluded_name)",
  "a certificate before what it tells was published": "lab.certificate c join lab.publication p on p.id = c.publication_id where coalesce(c.stated_at, c.locked_at) < p.stated_at or c.stated_at <> (c.content #>> '{stated,at}')::timestamptz or c.stated_at > now() - interval '1 day'",
  "a certificate signed by who entered a result": "lab.certificate c join lab.result r on r.sample_id = c.sample_id where r.entered_name = c.content #>> '{stated,by}'",
  "a published sample of which nothing was told": "lab.sample s where state = 'published' and lot not like 'CTZ%' and not exists (select from lab.publication p where p.sample_id = s.id)",
  "a number of another year": "lab.sample where number not like 'S-' || to_char(coalesce(received_at, created_at) at time zone 'UTC', 'YY') || '-%' and lot not like 'CTZ%'",
  "a lot used before it was released": "lab.lot_event e join lab.lot_event r on r.lot_id = e.lot_id and r.act = 'received' where e.act = 'released' and (e.stated_at <= r.stated_at or e.by_name = r.by_name)",
  "numbers that are given twice or left out": "(select series, max(sequence) - count(*) as gap from lab.sample group by series) g where gap <> 0",
};

describe("LAB the sample laboratory", () => {
  test("shows every state that a laboratory knows, on the day it is laid in", async () => {
    const missing: string[] = [];
    for (const [what, least, from] of states) {
      // oxlint-disable-next-line no-await-in-loop -- one connection
      const found = await count(from);
      if (found < least) missing.push(`${what}: ${found} of ${least}`);
    }
    expect(missing).toEqual([]);
  });

  test("holds nothing that an auditor would find odd: order of acts, four eyes, working hours", async () => {
    const found: string[] = [];
    for (const [what, from] of Object.entries(odd)) {
      // oxlint-disable-next-line no-await-in-loop -- one connection
      const n = await count(from);
      if (n > 0) found.push(`${what}: ${n}`);
    }
    expect(found).toEqual([]);
  });

  test("laid in again it changes nothing; a workspace with products of its own is left as it is", async () => {
    const all = "select (select count(*) from lab.sample) as s, (select count(*) from lab.result) as r, (select count(*) from lab.certificate) as c";
    const before = await rowsOf(all);
    await layIn(server.kernel, app, workspace);
    expect(await rowsOf(all)).toEqual(before);
    const other = await server.kernel.foundWorkspace("own");
    const person = await server.member(other, "owner");
    const body = { code: "OWN-1", name: "A product of theirs", kind: "finished", description: null };
    expect((await server.as(person)("POST", "/api/lab/products", { body })).status).toBe(201);
    await layIn(server.kernel, app, other);
    const left = await server.kernel.door.work(person.session, "lab.sample.read", async (tx) => [
      await tx.all(query.selectFrom("lab.product").select("code")),
      await tx.all(query.selectFrom("lab.sample").select("id")),
    ]);
    expect(left).toEqual([[{ code: "OWN-1" }], []]);
  }, 60_000);

  test("every row stands in the log as it is", async () => {
    expect((await reconcileAsOwner(server.kernel.admin)).findings).toEqual([]);
  });
});
