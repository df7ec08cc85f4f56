import { setTimeout as sleep } from "node:timers/promises";
import type { APIRequestContext, APIResponse, Browser } from "playwright-core";
import { type Visit, visit } from "./browser.ts";

/** A grave act is refused until its fresh proof, and a journey shows one that stays refused. */
export const provoked = /status of (403|409)/;
const ordinary = "a long sentence nobody guesses";

/** A member with a browser of their own. Calls answer a request for a fresh proof with the password. */
export interface Colleague extends Visit {
  readonly email: string;
  readonly password: string;
  call(method: string, path: string, data?: unknown, version?: number): Promise<Record<string, unknown>>;
  /** Uploads a file; gives the id of what it became. */
  send(path: string, name: string, buffer: Buffer): Promise<string>;
}

/** Many calls at once are told how long to wait, as anybody is; a limit that counts minutes is an answer. */
async function inTime(send: () => Promise<APIResponse>): Promise<APIResponse> {
  const answer = await send();
  const waits = answer.status() === 429 ? Number(answer.headers()["retry-after"]) : Number.NaN;
  if (!(waits <= 5)) return answer;
  await sleep(waits * 1000);
  return inTime(send);
}

/** The first workspace of who is signed in there. */
export async function workspaceOf(seen: Visit, site: string): Promise<string> {
  const { request } = seen.page.context();
  const session = await bodyOf(await inTime(() => request.get(`${site}/api/session`)));
  const workspaces: unknown = session["workspaces"];
  const first: unknown = Array.isArray(workspaces) ? workspaces[0] : undefined;
  if (typeof first === "object" && first !== null && "id" in first) return String(first.id);
  throw new Error(`Nobody with a workspace is signed in: ${JSON.stringify(session)}`);
}

/** Somebody who is signed in already, in that workspace. */
export function colleague(seen: Visit, site: string, workspace: string, email: string, password = ordinary): Colleague {
  const request = seen.page.context().request;
  const call = async (method: string, path: string, data?: unknown, version?: number) => {
    const headers = {
      "probity-request": "1",
      "probity-workspace": workspace,
      origin: site,
      ...(version === undefined ? {} : { "if-match": `"${version}"` }),
    };
    const send = (more: Record<string, string>) =>
      inTime(() =>
        request.fetch(site + path, {
          method,
          headers: { ...headers, ...more },
          ...(data === undefined ? {} : { data }),
        }),
      );
    let answer = await send({});
    const wanted = answer.status() === 403 ? (await bodyOf(answer))["stepUp"] : undefined;
    if (typeof wanted === "object" && wanted !== null) {
      // What the person is told of the act is no part of the proof.
      const { told, ...act } = Object.fromEntries(Object.entries(wanted));
      void told;
      const given = await request.post(`${site}/api/step-up`, { headers, data: { ...act, proof: { password } } });
      answer = await send({ "step-up": String((await bodyOf(given))["grant"]) });
    }
    if (!answer.ok()) throw new Error(`${method} ${path}: ${answer.status()} ${await answer.text()}`);
    return bodyOf(answer);
  };
  const upload = async (path: string, name: string, buffer: Buffer) => {
    const headers = { "probity-request": "1", "probity-workspace": workspace, origin: site };
    const file = { name, mimeType: "application/octet-stream", buffer };
    const answer = await request.post(site + path, { headers, multipart: { file } });
    if (!answer.ok()) throw new Error(`${path}: ${answer.status()} ${await answer.text()}`);
    return String((await bodyOf(answer))["id"]);
  };
  return { ...seen, email, password, call, send: upload };
}

/** Invites somebody, lets them join, and gives them their role in the laboratory. */
export async function join(
  browser: Browser,
  site: string,
  workspace: string,
  owner: Colleague,
  who: { name: string; email: string; lab?: string },
): Promise<Colleague> {
  const invited = await owner.call("POST", "/api/people/invitations", { email: who.email, role: "member" });
  const seen = await visit(browser, {}, provoked);
  await follow(seen.page.context().request, site, String(invited["link"]), who);
  const member = colleague(seen, site, workspace, who.email);
  if (who.lab !== undefined) {
    const id = await membershipOf(owner, who.email);
    await owner.call("PUT", `/api/people/${id}/access`, { apps: { lab: who.lab }, customRoles: [] }, 0);
    // Another role ends the sessions one had.
    const headers = { "probity-request": "1", origin: site };
    await seen.page
      .context()
      .request.post(`${site}/api/session`, { headers, data: { email: who.email, password: ordinary } });
  }
  return member;
}

/** Follows the link of an invitation: the context is signed in as who was invited. */
export async function follow(request: APIRequestContext, site: string, link: string, who: { name: string }) {
  const token = new URL(link).pathname.split("/").at(-1) ?? "";
  const answer = await request.post(`${site}/api/invitations/${token}`, {
    headers: { "probity-request": "1", origin: site },
    data: { name: who.name, password: ordinary },
  });
  if (!answer.ok()) throw new Error(`joining: ${answer.status()} ${await answer.text()}`);
}

export async function membershipOf(owner: Colleague, email: string): Promise<string> {
  const people = (await owner.call("GET", "/api/people"))["items"];
  const found: unknown = Array.isArray(people)
    ? people.find((each: unknown) => typeof each === "object" && each !== null && Reflect.get(each, "email") === email)
    : undefined;
  if (typeof found !== "object" || found === null) throw new Error(`${email} is no member`);
  return String(Reflect.get(found, "id"));
}

/** Has somebody's identity verified by the owner and acknowledged by themselves: from then on they may sign. */
export async function enableSigning(owner: Colleague, person: Colleague, printedName: string): Promise<void> {
  const id = await membershipOf(owner, person.email);
  const body = { printedName, method: "in-person", evidence: "Passport seen" };
  await owner.call("POST", `/api/signing/signers/${id}/verify`, body);
  await person.call("POST", "/api/signing/acknowledge");
}

async function bodyOf(answer: APIResponse): Promise<Record<string, unknown>> {
  const text = await answer.text();
  const read: unknown = text === "" ? {} : JSON.parse(text);
  return typeof read === "object" && read !== null ? Object.fromEntries(Object.entries(read)) : {};
}
