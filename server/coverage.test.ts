import type { FastifyInstance } from "fastify";
import { pino } from "pino";
import { testSealer } from "@probity/seal/testing";
import { verifyBundle } from "@probity/verify";
import { nodeProvider } from "@probity/verify/node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { declaredGrants, openIdentity } from "@probity/kernel";
import { ampleBudgets, openTestKernel, type TestKernel, type TestPerson } from "@probity/kernel/testing";
import { openTestLog } from "../kernel/testing/log.ts";
import { grantFor, stepUpIn } from "../kernel/testing/step-up.ts";
import { openTraceCount } from "../kernel/testing/trace-count.ts";
import { enabledApps } from "./apps.ts";
import { readConfig } from "./config.ts";
import { samples } from "./route-matrix.ts";
import { buildHttp } from "./serve.ts";
import { describedOperations, requestFor, type Operation } from "./testing/operation.ts";

/** Answers that tell nobody's data and change nothing, each with the reason why no event is left. */
const tracesNothing: Readonly<Record<string, string>> = {
  "GET /healthz": "whether the process lives",
  "GET /readyz": "whether the database answers",
  "GET /api/instance": "what the sign-in page shows",
  "GET /api/openapi.json": "the description of this API",
  "GET /trust.json": "the public statement",
  "GET /.well-known/security.txt": "whom to tell of a weakness",
  "GET /.well-known/jwks.json": "public keys",
  "GET /api/captcha": "a riddle, kept nowhere",
  "GET /api/sso/linked": "one's own ways to sign in",
  "GET /api/ledger/status": "how the log stands, and nothing of what is in it",
  "GET /api/ledger/resume": "whether a restore waits to be confirmed",
  "GET /trust/anchors.json": "public: who outside holds the platform's log",
  "GET /api/seal": "public: the key that seals, and whose",
  "GET /api/seal/specimen": "public: a page that holds nothing",
  "GET /.well-known/probity-seal.pem": "a public certificate",
  "GET /api/sso/options": "what the sign-in page offers",
  "POST /api/sso/discover": "looks at the domain of an address alone",
  "GET /api/sso/saml/{tenant}/metadata": "public addresses for an identity provider",
  "POST /api/session/passkey/options": "a challenge: signing in begins with what answers it",
  "POST /api/session/factor/passkey-options": "a challenge: what answers it is noted",
  "POST /api/step-up/passkey-options": "a challenge: what answers it is noted",
  "POST /api/lab/certificate-templates/preview": "a specimen that says nothing of anybody; reads and keeps nothing",
  "POST /api/lab/methods/try": "computes with figures of the request; reads and keeps nothing",
  "GET /api/step-up/provider": "one's own ways to prove who acts",
  "POST /api/factor/passkey/options": "a challenge: what answers it is noted",
  "POST /api/factor/totp": "a secret that counts once it is confirmed, which is noted",
  "GET /api/session": "who one is oneself",
  "GET /api/session/all": "one's own sessions",
  "GET /api/session/factor": "one's own factors",
  "GET /api/factor": "one's own factors",
  "GET /api/verification": "one's own address",
  "DELETE /api/session/all": "without another session nothing ends; ending one is tried in kernel/identity",
  "GET /api/check/example": "the check without an account: its own example",
  "POST /api/check": "the check without an account; nothing is stored",
  "POST /api/sso/social/{provider}/callback": "sends the browser on to the same address by GET, which is noted",
  "POST /api/token/end": "a token that is none ends nothing; ending one is tried in kernel/token",
  "POST /api/password/reset":
    "whether the address is known is told to nobody, the log included; the mail is noted when it is used",
  "POST /api/registration": "the same: the account begins with the mailed link, which is noted",
  "POST /api/verification": "a mail to oneself; confirming it is noted",
};
/** These end, freeze or empty what the others need: they come last. */
const last = /^(DELETE \/api\/session|POST \/api\/workspace\/(freeze|thaw)|DELETE \/api\/workspace)/;

const apps = enabledApps({ freeCheck: true });
let kernel: TestKernel;
let http: FastifyInstance;
let operations: Operation[];
let workspace: string;
let trace: Awaited<ReturnType<typeof openTraceCount>>;

beforeAll(async () => {
  kernel = await openTestKernel({ apps: apps.map((app) => app.migrations), grants: declaredGrants(apps) });
  const close = async () => undefined;
  const instance = { kernel, apps, sealer: testSealer(), cluster: undefined, admin: kernel.admin, findings: [], close };
  const identity = openIdentity(kernel, { url: "http://localhost" });
  http = await buildHttp(instance, identity, readConfig({}), pino({ level: "silent" }), { budgets: ampleBudgets });
  const all = describedOperations((await http.inject("/api/openapi.json")).json());
  operations = [...all.filter(({ name }) => !last.test(name)), ...all.filter(({ name }) => last.test(name))];
  workspace = await kernel.foundWorkspace("coverage");
  trace = await openTraceCount(kernel);
}, 120_000);
afterAll(async () => {
  await trace?.close();
  await http?.close();
  await kernel?.close();
});

function headersOf(person: TestPerson): Record<string, string> {
  return {
    cookie: `probity-session=${person.session.token}`,
    "probity-workspace": workspace,
    "probity-request": "1",
  };
}

/** The call in its right form; proved afresh where that is asked and a session can. */
async function call(operation: Operation, headers: Record<string, string>, session?: string) {
  const request = requestFor(operation, headers, samples);
  const answer = await http.inject(request);
  const isProblem = String(answer.headers["content-type"]).includes("problem+json");
  const wanted = isProblem ? stepUpIn(answer.json()) : undefined;
  if (wanted === undefined || session === undefined)
    return { status: answer.statusCode, asksForProof: isProblem && wanted !== undefined, leaves: isFile(answer) };
  const grant = await grantFor(kernel, session, wanted);
  const again = await http.inject({ ...request, headers: { ...request.headers, "step-up": grant } });
  return { status: again.statusCode, asksForProof: false, leaves: isFile(again) };
}

/** A download or an export: what it holds is on somebody's machine from now on. */
function isFile(answer: { statusCode: number; headers: Record<string, unknown> }): boolean {
  return answer.statusCode === 200 && String(answer.headers["content-disposition"] ?? "").startsWith("attachment");
}

/** What an outsider finds in an export of all that was done. */
async function exportedTo(person: TestPerson): Promise<string> {
  const log = openTestLog(kernel);
  await log.publish();
  await log.close();
  const url = "/api/ledger/export";
  const first = await http.inject({ url, headers: headersOf(person) });
  const wanted = first.statusCode === 403 ? stepUpIn(first.json()) : undefined;
  const grant = wanted === undefined ? "" : await grantFor(kernel, person.session.token, wanted);
  const { statusCode, body } =
    wanted === undefined ? first : await http.inject({ url, headers: { ...headersOf(person), "step-up": grant } });
  if (statusCode !== 200) return `${statusCode} ${body}`;
  const lines = body.trimEnd().split("\n");
  const { outcome, findings } = await verifyBundle([{ lines, bytes: body.length }], { provider: nodeProvider });
  return outcome === "VERIFIED" ? outcome : JSON.stringify({ outcome, findings: findings.slice(0, 20) });
}

describe("LED-01 everything that is done or refused leaves an event", { timeout: 600_000 }, () => {
  test("every call of an owner that is answered, and every record they ask for that is not there", async () => {
    const silent: string[] = [];
    let exported = "";
    let answered = 0;
    // A person of their own for each call: one that signs out or freezes leaves the others as they were.
    const people: TestPerson[] = [];
    for (const _ of operations) people.push(await kernel.addPerson(workspace, "owner"));
    for (const [index, operation] of operations.entries()) {
      const person = people[index];
      if (person === undefined) throw new Error("nobody to call");
      if (last.test(operation.name) && exported === "") exported = await exportedTo(person);
      const before = await trace.count();
      const actsBefore = await trace.acts();
      const { status, leaves } = await call(operation, headersOf(person), person.session.token);
      if (leaves && !(operation.name in tracesNothing) && (await trace.acts()) === actsBefore)
        silent.push(`${operation.name}: a file left, and no leaf says so`);
      // What was wrong in form was not done; what was not there, or not allowed, was refused.
      if (status >= 400 && ![401, 403, 404, 410].includes(status)) continue;
      answered += 1;
      const left = (await trace.count()) - before;
      if (left === 0 && !(operation.name in tracesNothing)) silent.push(`${operation.name}: ${status}, no event`);
    }
    // What every act said in its leaf is what the row says.
    expect({ silent, exported }).toEqual({ silent: [], exported: "VERIFIED" });
    expect(answered).toBeGreaterThan(operations.length * 0.7);
    const names = new Set(operations.map(({ name }) => name));
    expect(Object.keys(tracesNothing).filter((name) => !names.has(name))).toEqual([]);
  });

  test("every refusal at the door: nobody, another workspace's owner, a lesser role", async () => {
    const silent: string[] = [];
    workspace = await kernel.foundWorkspace("refusals");
    const member = await kernel.addPerson(workspace, "member");
    const stranger = await kernel.addPerson(await kernel.foundWorkspace("elsewhere"), "owner");
    for (const [who, headers] of [
      ["nobody", { "probity-request": "1", authorization: "Bearer pk_made_up" }],
      ["a stranger", headersOf(stranger)],
      ["a member", headersOf(member)],
    ] as const) {
      for (const operation of operations) {
        if (operation.permission === "public" || operation.permission === "session") continue;
        const before = await trace.count();
        const { status, asksForProof } = await call(operation, headers);
        // A member may do it, once they have proved who they are: nothing is refused yet.
        if (asksForProof || ![401, 403, 404].includes(status)) continue;
        if ((await trace.count()) === before) silent.push(`${operation.name} refused ${who} with ${status}, no event`);
      }
    }
    expect(silent).toEqual([]);
  });
});
