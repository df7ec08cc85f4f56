import {
  openSigningScratch,
  probeGrant,
  probeSession,
  type SigningPart,
  type SigningPerson,
  type SigningScratch,
} from "@probity/kernel";
import type { ProbeContext } from "../control.ts";
import { listOf, type ProbeAnswer } from "../http.ts";
import { scratchCollection, upload } from "../scratch-document.ts";
import { ProbeBrowser, said } from "./browser.ts";

const runs = "/api/regulatory-docs/runs";
export const meaning = {
  review: "Reviewed: findings and decisions are supported by the quoted evidence",
  approve: "Approved for use",
} as const;

/** Somebody at their own session, who proves themselves where an act asks for it. */
export type ProbeSigner = SigningPerson & {
  readonly browser: ProbeBrowser;
  call(method: string, path: string, json?: unknown, headers?: Record<string, string>): Promise<ProbeAnswer>;
};

/** A gap report that nobody has signed, in the workspace of signatures, and the people around it. */
export type SigningWorld = {
  readonly scratch: SigningScratch;
  readonly people: Readonly<Record<SigningPart, ProbeSigner>>;
  /** The report's address in the API. */
  readonly one: string;
  readonly finding: string;
  /** Where the report stands, followed through every signature and unlocking. */
  readonly at: { version: number; locked: boolean };
  end(): Promise<void>;
};

/** One report and the same people serve every probe of a round; each leaves the report unlocked. */
type Opened = {
  readonly at: number;
  readonly scratch: SigningScratch;
  readonly report: { one: string; finding: string };
};
const opened = new WeakMap<ProbeContext["kernel"], Opened>();
/** Shorter than the author's key lives. */
const reuseMinutes = 5;

/** The people of the workspace of signatures, each at a session of their own; three of them may sign. */
export async function signingPeople(
  context: ProbeContext,
  known?: SigningScratch,
): Promise<{ scratch: SigningScratch; people: SigningWorld["people"] }> {
  const scratch = known ?? (await openSigningScratch(context.kernel));
  const people = {
    owner: await signerOf(context, scratch, "owner"),
    author: await signerOf(context, scratch, "author"),
    reviewer: await signerOf(context, scratch, "reviewer"),
    approver: await signerOf(context, scratch, "approver"),
  };
  for (const part of ["author", "reviewer", "approver"] as const) await enable(people.owner, people[part]);
  return { scratch, people };
}

/** Lays out what signing needs, over the public API: verified people and a finished report with one decision of the author's. */
export async function signingWorld(context: ProbeContext): Promise<SigningWorld> {
  const known = opened.get(context.kernel);
  const fresh = known !== undefined && known.at > Date.now() - reuseMinutes * 60_000 ? known : undefined;
  const { scratch, people } = await signingPeople(context, fresh?.scratch);
  const report = fresh?.report ?? (await makeReport(context, scratch, people.author));
  if (fresh === undefined) opened.set(context.kernel, { at: Date.now(), scratch, report });
  const world = {
    scratch,
    people,
    ...report,
    at: { version: 0, locked: false },
    end: async () => {
      // Left as it was found: open, for the next probe. What a broken-off run left locked is opened below.
      if (world.at.locked) await leaveOpen(world, people.owner);
      for (const person of Object.values(people)) await person.browser.call("DELETE", "/api/session");
    },
  };
  await readAgain(world, people.owner);
  if (world.at.locked) await leaveOpen(world, people.owner);
  return world;
}

/** Opens the report, as it stands now: what goes on from one that stayed locked would blame the signature for it. */
async function leaveOpen(world: Pick<SigningWorld, "one" | "at">, owner: ProbeSigner): Promise<void> {
  const opened = await unlock(world, owner);
  if (opened.status === 200) return;
  await readAgain(world, owner);
  const again = world.at.locked ? await unlock(world, owner) : undefined;
  if (again !== undefined && again.status !== 200) throw new Error(`the scratch report stays locked: ${said(again)}`);
}

/** Where the report stands now, whoever moved it meanwhile. */
async function readAgain(world: Pick<SigningWorld, "one" | "at">, person: ProbeSigner): Promise<void> {
  const shown = await person.call("GET", `${world.one}/signing`);
  if (shown.status !== 200) throw new Error(`the scratch report can't be read: ${said(shown)}`);
  Object.assign(world.at, { version: Number(shown.body["version"]), locked: shown.body["locked"] === true });
}

async function signerOf(context: ProbeContext, scratch: SigningScratch, part: SigningPart): Promise<ProbeSigner> {
  const person = scratch.people[part];
  const browser = new ProbeBrowser(context, await probeSession(context.kernel, person.userId), scratch.workspace);
  return {
    ...person,
    browser,
    call: async (method, path, json, headers = {}) => {
      const first = await browser.call(method, path, json, headers);
      const wanted: unknown = first.body["stepUp"];
      if (first.status !== 403 || typeof wanted !== "object" || wanted === null) return first;
      const grant = await probeGrant(context.kernel, browser.token, {
        workspace: scratch.workspace,
        action: String(Reflect.get(wanted, "action")),
        subject: String(Reflect.get(wanted, "subject")),
      });
      return browser.call(method, path, json, { ...headers, "step-up": grant });
    },
  };
}

/** Verified by the owner and acknowledged by the person, unless they are already. */
async function enable(owner: ProbeSigner, person: ProbeSigner): Promise<void> {
  if ((await person.call("GET", "/api/signing/me")).body["status"] === "enabled") return;
  const body = {
    printedName: `Probe ${person.email.slice(8, -14)}`,
    method: "in-person",
    evidence: "Made for probing",
  };
  await owner.call("POST", `/api/signing/signers/${person.membershipId}/verify`, body);
  await person.call("POST", "/api/signing/acknowledge");
  const { body: standing } = await person.call("GET", "/api/signing/me");
  if (standing["status"] !== "enabled")
    throw new Error(`a scratch signer is ${String(standing["status"])}, not enabled`);
}

async function makeReport(
  context: ProbeContext,
  scratch: SigningScratch,
  author: ProbeSigner,
): Promise<{ one: string; finding: string }> {
  const key = scratch.authorKey;
  const collection = await scratchCollection(context.http, key);
  const kept = await keptReport(context, key, collection);
  if (kept !== undefined) return kept;
  const bytes = Buffer.from(
    "Document control\n\nDocuments are approved before they are used, and reviewed each year.\n",
  );
  await upload(context.http, key, collection, "probe-of-signatures.txt", bytes);
  await until(async () => {
    const documents = await context.http("GET", `/api/regulatory-docs/documents?collection=${collection}`, { key });
    return listOf(documents.body["items"]).every((each) => each["state"] === "ready") ? true : undefined;
  });
  const started = await context.http("POST", `/api/regulatory-docs/collections/${collection}/analyse`, {
    key,
    json: { pack: "fda-qmsr" },
  });
  const id = String(started.body["runId"]);
  const read = await until(async () => {
    const answer = await context.http("GET", `${runs}/${id}`, { key });
    return answer.status === 200 ? answer : undefined;
  });
  const finding = String(listOf(read.body["findings"])[0]?.["id"]);
  const body = { status: "covered", reasonCode: "other", reason: "Probe" };
  const other = { status: "gap", reasonCode: "other", reason: "Probe" };
  const path = `/api/regulatory-docs/findings/${finding}/override`;
  const decided = await author.call("POST", path, body, { "if-match": '"1"' });
  if (decided.status !== 200) {
    const otherwise = await author.call("POST", path, other, { "if-match": '"1"' });
    if (otherwise.status !== 200) throw new Error(`the scratch report has no decision: ${said(otherwise)}`);
  }
  return { one: `${runs}/${id}`, finding };
}

/** The report of an earlier round, so that probing all year makes a few of them; one that grew long is left for a new one. */
async function keptReport(
  context: ProbeContext,
  key: string,
  collection: string,
): Promise<{ one: string; finding: string } | undefined> {
  const listed = await context.http("GET", `${runs}?collection=${collection}`, { key });
  const done = listOf(listed.body["items"]).find((each) => each["state"] === "done");
  if (done === undefined) return undefined;
  const one = `${runs}/${String(done["id"])}`;
  const read = await context.http("GET", one, { key });
  const decided = listOf(read.body["findings"]).find((each) => each["decision"] !== null);
  if (decided === undefined || Number(read.body["version"]) > 400) return undefined;
  return { one, finding: String(decided["id"]) };
}

async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  // Within the time that half a probe has.
  const deadline = Date.now() + 100_000;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error("the scratch report was not made in time");
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

/** A challenge for one step of the report as it stands. */
export function challenge(
  world: SigningWorld,
  person: ProbeSigner,
  step: "review" | "approve",
  means: string = meaning[step],
): Promise<ProbeAnswer> {
  const headers = { "if-match": `"${world.at.version}"` };
  return person.call("POST", `${world.one}/signing/challenge`, { step, meaning: means }, headers);
}

/** Answers a challenge with these credentials. */
export async function answer(
  world: SigningWorld,
  person: ProbeSigner,
  asked: unknown,
  password = person.password,
): Promise<ProbeAnswer> {
  const body = { challenge: asked, userName: person.email, password };
  const made = await person.call("POST", `${world.one}/signatures`, body);
  if (made.status === 201) Object.assign(world.at, { version: Number(made.body["version"]), locked: true });
  return made;
}

export async function sign(world: SigningWorld, person: ProbeSigner, step: "review" | "approve"): Promise<ProbeAnswer> {
  let asked = await challenge(world, person, step);
  if (asked.status === 412) {
    // Something else of the report moved on since it was read, such as a note about its documents: no matter of signing.
    await readAgain(world, person);
    asked = await challenge(world, person, step);
  }
  return asked.status === 201 ? answer(world, person, asked.body["challenge"]) : asked;
}

export async function unlock(
  world: Pick<SigningWorld, "one" | "at">,
  person: ProbeSigner,
  body: Record<string, unknown> = { reason: "Probe" },
): Promise<ProbeAnswer> {
  const opened = await person.call("POST", `${world.one}/unlock`, body, { "if-match": `"${world.at.version}"` });
  if (opened.status === 200) Object.assign(world.at, { version: Number(opened.body["version"]), locked: false });
  return opened;
}
