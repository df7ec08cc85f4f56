import { sql } from "kysely";
import {
  defineMail,
  Post,
  spoken,
  workspaceName,
  workspaceSlug,
  type Job,
  type Kernel,
  type Tx,
} from "@probity/kernel";
import { groupPermission, noticeInForce, type NoticeSetting } from "../actions/notice.ts";
import { updateAll } from "../bulk.ts";
import { query } from "../query.ts";

const send = "lab.notice.send";
/** Named in one mail; the page shows the rest. */
const mostNamed = 30;

export const outMail = defineMail(
  "lab.out",
  (values: { laboratory: string; found: readonly string[]; more: number; url: string }) => ({
    subject:
      values.found.length + values.more === 1
        ? `Out of specification: ${spoken(values.found[0] ?? "")}`
        : `Out of specification: ${values.found.length + values.more} results`,
    parts: [
      `In ${spoken(values.laboratory)} this was found out of specification:`,
      ...values.found,
      ...(values.more === 0 ? [] : [`And ${values.more} more.`]),
      { label: values.found.length === 1 ? "Open the sample" : "Open the bench", url: values.url },
      "The value stays as it was entered. It is investigated before it is determined again.",
    ],
  }),
);

export const waitsMail = defineMail(
  "lab.waits",
  (values: { laboratory: string; number: string; of: string; waits: string; url: string }) => ({
    subject: `${spoken(values.number)} waits: ${values.waits}`,
    parts: [
      `In ${spoken(values.laboratory)} the investigation ${spoken(values.number)} (${spoken(values.of)}) waits for somebody: ${values.waits}.`,
      { label: "Open the investigation", url: values.url },
    ],
  }),
);

/** What is waited for, in words, and what whoever is told must be allowed to do. */
const waits = {
  assess: { words: "the assessment of phase I", may: "lab.investigation.change" },
  "approve-plan": { words: "approval of its retest plan", may: "lab.investigation.approve" },
  "plan-again": { words: "another retest plan, since the last was sent back", may: "lab.investigation.change" },
  retest: { words: "its retests to be ordered", may: "lab.result.retest" },
  conclude: { words: "its conclusion", may: "lab.investigation.approve" },
} as const;

/** The jobs that tell, each under the one permission of the act it was made in. */
export function noticeJobs(kernel: Kernel, origin: string): Record<string, (job: Job) => Promise<void>> {
  return {
    "lab.tell_out": (job) => sendNotices(kernel, job, "lab.result.enter", origin),
    "lab.tell_change": (job) => sendNotices(kernel, job, "lab.investigation.change", origin),
    "lab.tell_approve": (job) => sendNotices(kernel, job, "lab.investigation.approve", origin),
  };
}

/**
 * Sends what one act found to those whom the setting names and who may see it now. Mails and the mark that they left are one
 * transaction: a job that is run again finds it and sends nothing.
 */
export async function sendNotices(
  kernel: Pick<Kernel, "door" | "system" | "rootKey">,
  job: Pick<Job, "credential" | "subjectId" | "report">,
  permission: string,
  origin: string,
): Promise<void> {
  // Whose workspace it is says the job's own grant; the mails are the server's act, which nobody holds by role.
  const tenantId = await kernel.door.work(job.credential, permission, async (tx) => tx.who.tenantId);
  const post = new Post(kernel.rootKey.key);
  await kernel.door.work(kernel.system(tenantId), send, async (tx) => {
    const waiting = await tx.all(
      query
        .selectFrom("lab.notice")
        .select(["id", "version", "kind", "result_id", "investigation_id", "waits_for", "created_by"])
        .where("batch_id", "=", job.subjectId)
        .where("sent_at", "is", null)
        .orderBy("id")
        .forUpdate(),
    );
    const [first] = waiting;
    if (first === undefined) return;
    const setting = await noticeInForce(tx);
    const base = `${origin}/w/${await workspaceSlug(tx)}/lab`;
    const laboratory = await workspaceName(tx);
    const step = Object.entries(waits).find(([name]) => name === first.waits_for)?.[1];
    const mail =
      first.kind === "waits"
        ? await waitingMail(tx, { id: first.investigation_id ?? "", words: step?.words ?? "", base, laboratory })
        : await foundMail(tx, { ids: waiting.map((each) => each.result_id ?? ""), setting, base, laboratory });
    const people = await recipientsOf(tx, setting, { may: step?.may, not: first.created_by });
    for (const { email, user_id } of people)
      // oxlint-disable-next-line no-await-in-loop -- one connection
      await post.queueIn(tx, mail, { address: email, userId: user_id });
    const row = { sent_at: new Date().toISOString(), recipients: people.length };
    const fields = { recipients: people.map((each) => each.id) };
    await updateAll(
      tx,
      "lab.notice",
      "lab.notice.send",
      waiting.map(({ id, version }) => ({ row: { id, version, ...row }, fields })),
    );
  });
  await job.report("told", 1, 1);
}

async function foundMail(
  tx: Tx,
  given: { ids: readonly string[]; setting: NoticeSetting; base: string; laboratory: string },
) {
  const rows = await tx.all(
    query
      .selectFrom("lab.result as r")
      .innerJoin("lab.sample as s", "s.id", "r.sample_id")
      .select(["s.id as sampleId", "s.number", "r.name", "r.text", "r.unit"])
      .where(sql<boolean>`r.id = any(${[...given.ids]}::uuid[])`)
      .orderBy("s.number")
      .orderBy("r.id"),
  );
  const said = rows.map(({ number, name, text, unit }) =>
    given.setting.values ? `${number}, ${name}: ${text ?? ""} ${unit}`.trim() : `${number}, ${name}`,
  );
  const url = rows.length === 1 ? `${given.base}/samples/${rows[0]?.sampleId ?? ""}` : `${given.base}/bench`;
  const found = said.slice(0, mostNamed);
  return outMail.compose({ laboratory: given.laboratory, found, more: said.length - found.length, url });
}

async function waitingMail(tx: Tx, given: { id: string; words: string; base: string; laboratory: string }) {
  const row = await tx.first(
    query
      .selectFrom("lab.investigation as i")
      .innerJoin("lab.sample as s", "s.id", "i.sample_id")
      .innerJoin("lab.result as r", "r.id", "i.result_id")
      .select(["i.number", "s.number as sample", "r.name"])
      .where("i.id", "=", given.id),
  );
  return waitsMail.compose({
    laboratory: given.laboratory,
    number: row?.number ?? "",
    of: `${row?.sample ?? ""}, ${row?.name ?? ""}`,
    waits: given.words,
    url: `${given.base}/investigations/${given.id}`,
  });
}

/**
 * Whom the setting names, of those who are here now and may see the page, and may do what is waited for. Whoever did the act
 * saw it on their page.
 */
async function recipientsOf(tx: Tx, setting: NoticeSetting, { may, not }: { may: string | undefined; not: string }) {
  if (setting.when === "never") return [];
  const members = await tx.all(
    query
      .selectFrom("kernel.membership")
      .select(["id", "user_id", "email", sql<string[] | null>`kernel.permissions_of(id)`.as("held")])
      .where("status", "=", "active")
      .where("role", "<>", "guest")
      .where("deleted_at", "is", null)
      .orderBy("id"),
  );
  return members.filter(({ id, held }) => {
    const holds = (permission: string) => held?.includes(permission) === true;
    const named = setting.people.includes(id) || setting.groups.some((each) => holds(groupPermission[each]));
    return id !== not && named && holds("lab.sample.read") && (may === undefined || holds(may));
  });
}
