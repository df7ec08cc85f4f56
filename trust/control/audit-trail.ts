import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { instanceTenantId } from "@probity/kernel";
import { verifyBundle, type Outcome } from "@probity/verify";
import { nodeProvider } from "@probity/verify/node";
import { defineControl, type ProbeContext } from "../control.ts";
import { said } from "./browser.ts";
import { streamDelivery } from "./delivery.ts";
import { allOf, type Check } from "./outcome.ts";

const patienceMs = 8_000;
const pauseMs = 250;

/** Access events of a workspace since an instant, by permission and outcome; waits until these are among them. */
async function accessEvents(
  { database }: ProbeContext,
  workspace: string,
  since: Date,
  wanted: readonly string[],
): Promise<Set<string>> {
  for (const deadline = Date.now() + patienceMs; ; await pause(pauseMs)) {
    const rows = await database.bound(workspace, (connection) =>
      connection.query("select permission || ' ' || outcome as said from kernel.access_event where at >= $1", [since]),
    );
    const seen = new Set(rows.map((row) => String(row["said"])));
    if (wanted.every((each) => seen.has(each)) || Date.now() > deadline) return seen;
  }
}

export const everythingTraced = defineControl({
  id: "LED-01",
  standards: ["SOC 2 CC7.2", "ISO 27001 A.8.15", "21 CFR 11.10(e)", "HIPAA §164.312(b)"],
  yourPart: "Read the trail, and decide who looks at it how often.",
  notProbed: ["model runs, which this release has none of", "acts of the operator on the machine itself"],
  maxAgeMinutes: 45,
  probes: [
    {
      id: "reads-and-acts",
      kind: "scratch",
      title: "What is read, changed and exported leaves an event with who and what",
      run: async (context) => {
        const { http, scratch } = context;
        const since = new Date(Date.now() - 1_000);
        const read = await http("GET", "/api/people", { key: scratch.a.ownerKey });
        const policy = await http("GET", "/api/policy", { key: scratch.a.ownerKey });
        const mark = randomUUID();
        const taken = await http("GET", `/api/ledger/export?format=csv&q=${mark}`, { key: scratch.a.ownerKey });
        const seen = await accessEvents(context, scratch.a.id, since, [
          "kernel.people.read done",
          "kernel.policy.read done",
        ]);
        const exported = await eventSaying(context, scratch.a.ownerKey, "kernel.ledger.export", mark);
        return allOf("reading people and policy and exporting the trail each left an event", [
          [
            read.status === 200 && policy.status === 200 && taken.status === 200,
            `reading got ${said(read)}, exporting ${said(taken)}`,
          ],
          [seen.has("kernel.people.read done"), "reading people left no event"],
          [seen.has("kernel.policy.read done"), "reading the policy left no event"],
          [exported, "an export left no event that names its filter"],
        ]);
      },
      negative: async (context) => {
        const { http, scratch } = context;
        const since = new Date(Date.now() - 1_000);
        // Let in once, so that the refusal is told of them and not of somebody unknown.
        await http("GET", "/api/people", { key: scratch.a.memberKey });
        const lesser = await http("GET", "/api/ledger/events", { key: scratch.a.memberKey });
        const nobody = await http("GET", "/api/people", { headers: { authorization: `Bearer ${"x".repeat(30)}` } });
        const link = await http("GET", `/api/invitations/${"A".repeat(43)}`);
        const here = await accessEvents(context, scratch.a.id, since, ["kernel.ledger.read kernel.permission_missing"]);
        const wanted = [
          "kernel.people.read http.not_signed_in",
          `GET /api/invitations/{token} ${String(link.body["code"])}`,
        ];
        const nowhere = await accessEvents(context, instanceTenantId, since, wanted);
        return allOf(
          "a lesser role, a key that is none and a made-up link were refused, and each refusal left an event",
          [
            [lesser.status === 403, `a member reading the trail got ${said(lesser)}`],
            [nobody.status === 401, `a made-up key got ${said(nobody)}`],
            [link.status === 410, `a made-up link got ${said(link)}`],
            [here.has("kernel.ledger.read kernel.permission_missing"), "the member's refusal left no event"],
            ...wanted.map((each): Check => [nowhere.has(each), `no event says ${each}`]),
          ],
        );
      },
    },
  ],
});

/** Whether an event of this action says this, in a while. */
async function eventSaying({ http }: ProbeContext, key: string, action: string, word: string): Promise<boolean> {
  for (const deadline = Date.now() + patienceMs; Date.now() < deadline; await pause(pauseMs)) {
    const answer = await http("GET", `/api/ledger/events?action=${action}&limit=20`, { key });
    if (answer.text.includes(word)) return true;
  }
  return false;
}

async function outcomeOf(
  lines: readonly string[],
): Promise<{ outcome: Outcome; leaves: number; complete: boolean; first: string }> {
  const verdict = await verifyBundle([{ lines, bytes: 0 }], { provider: nodeProvider });
  return {
    outcome: verdict.outcome,
    leaves: verdict.counts.verified,
    complete: verdict.complete,
    first: verdict.findings[0]?.text ?? "nothing",
  };
}

const isGood = (outcome: Outcome) =>
  outcome === "VERIFIED" || outcome === "VERIFIED_WITH_ERASURES" || outcome === "CONTINUED_AFTER_RESTORE";

/** The scratch trail of the last hour as a bundle's lines; once, while the log is being signed, it may take a moment. */
async function recentBundle({
  http,
  scratch,
}: ProbeContext): Promise<{ lines: string[]; answer: Awaited<ReturnType<ProbeContext["http"]>> }> {
  const from = encodeURIComponent(new Date(Date.now() - 3_600_000).toISOString());
  const answer = await http("GET", `/api/ledger/export?from=${from}`, { key: scratch.a.ownerKey });
  return { answer, lines: answer.text.split("\n").filter((line) => line !== "") };
}

export const auditExport = defineControl({
  id: "LED-05",
  standards: ["SOC 2 CC7.2", "ISO 27001 A.8.15", "21 CFR 11.10(b)", "GDPR Art. 20"],
  yourPart: "Keep an export, or a checkpoint of it, where this server can't reach it.",
  notProbed: ["that your own receiver keeps what it took", "formula cells in CSV (tested with each release)"],
  maxAgeMinutes: 45,
  probes: [
    streamDelivery,
    {
      id: "bundle-proves-itself",
      kind: "scratch",
      title: "An export of a range is complete and proves itself; one that is cut or altered does not",
      run: async (context) => {
        const { lines, answer } = await recentBundle(context);
        const found = await outcomeOf(lines);
        const csv = await context.http("GET", "/api/ledger/export?format=csv&action=kernel.ledger.export", {
          key: context.scratch.a.ownerKey,
        });
        const ocsf = await context.http("GET", "/api/ledger/export?format=ocsf&action=kernel.ledger.export", {
          key: context.scratch.a.ownerKey,
        });
        return allOf(
          `the last hour's ${found.leaves} events were verified from the file alone; CSV and OCSF were given`,
          [
            [answer.status === 200, `the export got ${said(answer)}`],
            [
              isGood(found.outcome) && found.complete && found.leaves > 0,
              `the file was judged ${found.outcome}: ${found.first}`,
            ],
            [csv.status === 200 && csv.text.startsWith("\uFEFFseq,at,"), `CSV got ${said(csv)}`],
            [ocsf.status === 200 && ocsf.text.includes('"class_uid"'), `OCSF got ${said(ocsf)}`],
          ],
        );
      },
      negative: async (context) => {
        const { lines } = await recentBundle(context);
        const leaf = lines.findIndex((line) => line.startsWith('{"kind":"leaf"'));
        const altered = lines.with(leaf, (lines[leaf] ?? "").replace('\\"outcome\\":\\"', '\\"outcome\\":\\"x'));
        const checks: Check[] = [];
        for (const [what, changed, wanted] of [
          ["an altered event", altered, "TAMPERED"],
          ["a missing event", lines.toSpliced(leaf, 1), "INCOMPLETE"],
          ["a missing end", lines.slice(0, -1), "INCOMPLETE"],
        ] as const) {
          const { outcome } = await outcomeOf(changed);
          checks.push([outcome === wanted, `${what} was judged ${outcome}`]);
        }
        const { http, scratch } = context;
        const member = await http("GET", "/api/ledger/export?format=csv", { key: scratch.a.memberKey });
        const whole = await http("GET", "/api/ledger/export", { key: scratch.a.ownerKey });
        return allOf("altered and cut files were found; a member, and a key that wanted the whole log, were refused", [
          ...checks,
          [member.status === 403, `a member's export got ${said(member)}`],
          [whole.status === 403, `the whole log without a fresh proof got ${said(whole)}`],
        ]);
      },
    },
  ],
});
