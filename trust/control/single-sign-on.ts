import { randomBytes } from "node:crypto";
import { probeGrant, probeSession } from "@probity/kernel";
import { defineControl, type ProbeContext } from "../control.ts";
import { listOf, recordOf } from "../http.ts";
import { ProbeBrowser } from "./browser.ts";
import { allOf, type Check } from "./outcome.ts";

const domain = "probe-of-single-sign-on.example";
const ourPage = { "probity-request": "1" };

/** A directory's token of scratch tenant A, made by its owner with a fresh proof and revoked when `use` is done. */
async function withToken<T>(context: ProbeContext, use: (token: string, id: string) => Promise<T>): Promise<T> {
  const { http, kernel, scratch } = context;
  const { id: workspace, ownerUserId, ownerKey } = scratch.a;
  const browser = new ProbeBrowser(context, await probeSession(kernel, ownerUserId), workspace);
  const act = { workspace, action: "kernel.scim_token.create", subject: "Probe" };
  const proof = { "step-up": await probeGrant(kernel, browser.token, act) };
  const made = await browser.call("POST", "/api/sso/directory/tokens", { name: "Probe" }, proof);
  await browser.call("DELETE", "/api/session");
  const id = String(made.body["id"]);
  try {
    return await use(String(made.body["token"]), id);
  } finally {
    await http("DELETE", `/api/sso/directory/tokens/${id}`, { key: ownerKey });
  }
}

/** The id of the probe's domain in scratch tenant A: on the list, and never verified, since nobody has it. */
async function probeDomain({ http, scratch }: ProbeContext): Promise<string> {
  const key = scratch.a.ownerKey;
  const listed = listOf((await http("GET", "/api/sso", { key })).body["domains"]);
  const known = listed.find((each) => each["domain"] === domain);
  if (known) return String(known["id"]);
  return String((await http("POST", "/api/sso/domains", { key, json: { domain } })).body["id"]);
}

/** A response nobody asked for and nobody signed, as a form of another site brings one. */
const forged = Buffer.from(
  '<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_a" Version="2.0"/>',
).toString("base64");

export const singleSignOn = defineControl({
  id: "IDN-03",
  standards: ["SOC 2 CC6.1", "SOC 2 CC6.2", "ISO 27001 A.5.16", "ISO 27001 A.5.18", "OWASP ASVS 6.8"],
  yourPart:
    "Verify your domains, test the connection, let your directory deactivate who leaves, and keep one owner with a second factor for the day your identity provider is down.",
  notProbed: ["a sign-in through a live identity provider", "deactivation by a live directory"],
  maxAgeMinutes: 45,
  probes: [
    {
      id: "domain-and-directory",
      kind: "scratch",
      title: "No domain counts unverified; a directory's token opens its own workspace, until it is revoked",
      run: async (context) => {
        const { http, scratch, database } = context;
        await probeDomain(context);
        const [shared] = await database.attempt("probity_across", (connection) =>
          connection.query(
            `select count(*) as n from (select 1 from kernel.sso_domain where verified_at is not null and deleted_at is null
             group by domain having count(*) > 1) twice`,
          ),
        );
        const listed = recordOf((await http("GET", "/api/sso", { key: scratch.a.ownerKey })).body["addresses"]);
        return withToken(context, async (token) => {
          const users = await http("GET", "/scim/v2/Users", { key: token });
          return allOf("a fresh token reads its directory; every verified domain of the instance is one workspace's", [
            [users.status === 200, `a fresh token got ${users.status}`],
            [String(listed["samlAcs"]).includes(scratch.a.id), "the workspace has no address of its own"],
            [Number(shared?.["n"]) === 0, "a domain is verified for two workspaces"],
          ]);
        });
      },
      negative: async (context) => {
        const { http, scratch } = context;
        const key = scratch.a.ownerKey;
        const checks: Check[] = [];
        const refuse = (what: string, status: number, wanted: readonly number[]) =>
          checks.push([wanted.includes(status), `${what} got ${status}`]);
        const id = await probeDomain(context);
        refuse(
          "a key making a directory's token",
          (await http("POST", "/api/sso/directory/tokens", { key, json: { name: "Probe" } })).status,
          [403],
        );
        refuse(
          "verifying a domain without its record",
          (await http("POST", `/api/sso/domains/${id}/verify`, { key })).status,
          [409, 502],
        );
        refuse(
          "tenant B verifying A's domain",
          (await http("POST", `/api/sso/domains/${id}/verify`, { key: scratch.b.ownerKey })).status,
          [404],
        );
        refuse(
          "a member reading the settings",
          (await http("GET", "/api/sso", { key: scratch.a.memberKey })).status,
          [403],
        );
        const found = await http("POST", "/api/sso/discover", { json: { email: `anybody@${domain}` } });
        checks.push([found.body["connection"] === null, "an unverified domain signs in by single sign-on"]);
        const acs = await http("POST", `/api/sso/saml/${scratch.a.id}/acs`, {
          headers: { "content-type": "application/x-www-form-urlencoded" },
          json: new URLSearchParams({ SAMLResponse: forged, RelayState: "x" }).toString(),
        });
        checks.push([
          acs.status === 303 &&
            acs.headers.get("location")?.startsWith("/signin?sso=") === true &&
            acs.headers.getSetCookie().length === 0,
          `a forged response got ${acs.status}`,
        ]);
        let revoked = "";
        await withToken(context, async (token) => {
          revoked = token;
          const json = { userName: "ceo@victim.example", emails: [{ value: "ceo@victim.example", primary: true }] };
          refuse(
            "a directory writing a person of another domain",
            (await http("POST", "/scim/v2/Users", { key: token, json })).status,
            [400],
          );
          refuse("a directory's token used as a key", (await http("GET", "/api/people", { key: token })).status, [401]);
        });
        refuse("a revoked token", (await http("GET", "/scim/v2/Users", { key: revoked })).status, [401]);
        const madeUp = `sc_${randomBytes(32).toString("base64url")}`;
        refuse("a made-up token", (await http("GET", "/scim/v2/Users", { key: madeUp })).status, [401]);
        refuse("a key used as a directory's token", (await http("GET", "/scim/v2/Users", { key })).status, [401]);
        return allOf(
          "unverified and foreign domains, a forged response, revoked and made-up tokens, and people of other domains were refused",
          checks,
        );
      },
    },
  ],
});

export const socialSignIn = defineControl({
  id: "IDN-02",
  standards: ["SOC 2 CC6.1", "ISO 27001 A.5.17", "OWASP ASVS 10.5"],
  yourPart: "Configure the providers your people use, and none they don't.",
  notProbed: ["a sign-in at the provider itself"],
  maxAgeMinutes: 45,
  probes: [
    {
      id: "offered-and-bound",
      kind: "read-only",
      title: "Only configured providers are offered; an answer nobody asked for signs nobody in",
      run: async ({ http }) => {
        const offered = listOf((await http("GET", "/api/sso/options")).body["providers"]).map((each) =>
          String(each["id"]),
        );
        const checks: Check[] = [];
        for (const provider of ["google", "microsoft", "apple", "facebook"]) {
          const started = await http("POST", "/api/sso/start", { headers: ourPage, json: { provider } });
          if (!offered.includes(provider)) {
            checks.push([started.status === 404, `${provider}, not configured, got ${started.status}`]);
            continue;
          }
          // A provider that is not reached now is no fault of this control.
          if (started.status === 502) continue;
          const asked = new URL(String(started.body["url"])).searchParams;
          checks.push([
            asked.get("code_challenge_method") === "S256" && (asked.get("state") ?? "").length > 40,
            `${provider} was asked without state or PKCE`,
          ]);
        }
        checks.push([true, ""]);
        return allOf(
          offered.length === 0
            ? "none is configured, and each is refused"
            : `${offered.join(", ")}: with state and PKCE`,
          checks,
        );
      },
      negative: async ({ http }) => {
        const state = randomBytes(32).toString("base64url");
        const checks: Check[] = [];
        for (const provider of ["google", "microsoft", "apple", "facebook"]) {
          const answer = await http("GET", `/api/sso/social/${provider}/callback?code=x&state=${state}`);
          const turned = answer.headers.get("location")?.startsWith("/signin?sso=sso.") === true;
          checks.push([
            answer.status === 303 && turned && answer.headers.getSetCookie().length === 0,
            `an answer nobody asked for, from ${provider}, got ${answer.status}`,
          ]);
        }
        const crossSite = await http("POST", "/api/sso/start", { json: { provider: "google" } });
        checks.push([crossSite.status === 403, `a start by another site got ${crossSite.status}`]);
        return allOf("answers nobody asked for, and a start by another site, were refused", checks);
      },
    },
  ],
});
