import { chmod, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { APIRequestContext, Browser, BrowserContext } from "playwright-core";
import { visit } from "../journey/browser.ts";
import { type Colleague, colleague, enableSigning, follow, join as joinAs, provoked } from "../journey/colleague.ts";
import { startInstance } from "../journey/instance.ts";
import { ana, sampleRun, setUp } from "../journey/people.ts";
import { layDocs } from "./lay-docs.ts";
import { lay, rows } from "./lay.ts";
import type { Who } from "./stop.ts";

/** An instance that is looked at, and the sessions one looks with: sign-ins are counted, so there is one each. */
export interface World {
  readonly url: string;
  readonly slug: string;
  readonly sessions: Readonly<Partial<Record<Who, Awaited<ReturnType<BrowserContext["storageState"]>>>>>;
  close(): Promise<void>;
}

/** An instance of its own with the sample data, or the one at `given`, whose owner LOOK_EMAIL and LOOK_PASSWORD sign in. */
export async function openWorld(browser: Browser, given: string | undefined): Promise<World> {
  const owner = await visit(browser, {}, provoked);
  const { request } = owner.page.context();
  if (given !== undefined) {
    const who = { email: process.env.LOOK_EMAIL ?? ana.email, password: process.env.LOOK_PASSWORD ?? ana.password };
    const url = new URL(given).origin;
    await signIn(request, url, who);
    return seen(browser, url, owner, who, async () => {});
  }
  const home = await mkdtemp(join(tmpdir(), "probity-look-"));
  await chmod(home, 0o711);
  const instance = await startInstance(home);
  try {
    const workspace = await setUp(request, instance.url, instance.setUpPath ?? "");
    console.log("The sample data are laid in …");
    await sampleRun(request, instance.url, workspace);
    return await seen(browser, instance.url, owner, ana, () => instance.remove());
  } catch (error) {
    await instance.remove();
    throw error;
  }
}

async function seen(
  browser: Browser,
  url: string,
  owner: Awaited<ReturnType<typeof visit>>,
  who: { email: string; password: string },
  close: () => Promise<void>,
): Promise<World> {
  const { request } = owner.page.context();
  const [workspace] = rows(bodyOf(await (await request.get(`${url}/api/session`)).text()), "workspaces");
  if (workspace === undefined) throw new Error(`${who.email} is in no workspace`);
  const [slug, id] = [String(workspace["slug"]), String(workspace["id"])];
  const member = colleague(owner, url, id, who.email, who.password);
  const people = rows(await member.call("GET", "/api/people"));
  const isKnown = (email: string) => people.some((each) => each["email"] === email);
  const letInto = async (person: { name: string; email: string; lab?: string }) =>
    isKnown(person.email) ? back(browser, url, id, person.email) : joinAs(browser, url, id, member, person);
  const rita = { name: "Rita Sand", email: "rita@example.org", lab: "reviewer" };
  const reviewer = await letInto(rita);
  if (!isKnown(rita.email)) await enableSigning(member, reviewer, rita.name);
  const guest = await letInto({ name: "Ben Okafor", email: "ben@example.org" });
  await lay(member, reviewer);
  await layDocs(member, reviewer, guest);
  const sessions: World["sessions"] = {
    owner: await request.storageState(),
    reviewer: await stateOf(reviewer),
    guest: await stateOf(guest),
  };
  const customer = await letIn(browser, url, member).catch((error: unknown) => {
    console.log(`No customer looks at anything: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  });
  await owner.page.context().close();
  return { url, slug, sessions: customer === undefined ? sessions : { ...sessions, customer }, close };
}

/** A contact of the customer with most certificates is invited, follows the link, and sees what is theirs. */
async function letIn(browser: Browser, url: string, owner: Colleague) {
  const told = rows(await owner.call("GET", "/api/lab/certificates?state=current"));
  const customers = rows(await owner.call("GET", "/api/lab/customers"));
  const of = (id: unknown) => told.filter((each) => each["customerId"] === id).length;
  const [first] = customers.toSorted((one, other) => of(other["id"]) - of(one["id"]));
  if (first === undefined) throw new Error("there is no customer");
  const whole = await owner.call("GET", `/api/lab/customers/${String(first["id"])}`);
  const [contact] = rows(whole, "contacts");
  if (contact === undefined) throw new Error("the customer has no contact");
  if (contact["portal"] === "open") return stateOf(await back(browser, url, "", String(contact["email"])));
  const visitor = await visit(browser, {}, provoked);
  const invited = await owner.call("POST", `/api/lab/contacts/${String(contact["id"])}/invite`);
  await follow(visitor.page.context().request, url, String(invited["link"]), { name: String(contact["name"]) });
  return stateOf(visitor);
}

async function stateOf({ page }: Pick<Colleague, "page">) {
  const state = await page.context().storageState();
  await page.context().close();
  return state;
}

/** Somebody who was let in at an earlier look. */
async function back(browser: Browser, url: string, workspace: string, email: string): Promise<Colleague> {
  const seen = await visit(browser, {}, provoked);
  const member = colleague(seen, url, workspace, email);
  await signIn(seen.page.context().request, url, { email, password: member.password });
  return member;
}

async function signIn(request: APIRequestContext, url: string, data: { email: string; password: string }) {
  const headers = { "probity-request": "1", origin: url };
  const answer = await request.post(`${url}/api/session`, { headers, data });
  if (!answer.ok()) throw new Error(`Signing in as ${data.email} was answered ${answer.status()}`);
}

function bodyOf(text: string): Record<string, unknown> {
  const read: unknown = JSON.parse(text);
  return Object.fromEntries(Object.entries(Object(read)));
}
