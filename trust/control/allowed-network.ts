import { fenceScratch } from "@probity/kernel";
import { defineControl, type ProbeContext } from "../control.ts";
import { scratchSession } from "@probity/kernel";
import { linkTo } from "../scratch-document.ts";
import { allOf } from "./outcome.ts";

/** Documentation ranges (RFC 5737, RFC 3849): nobody comes from there. */
const elsewhere = ["203.0.113.0/24", "2001:db8::/32"];
const here = ["127.0.0.0/8", "::1/128"];

/** Calls on every way in while the workspace is open to these networks alone: session, key, token, single sign-on, link. */
async function callsWithin(context: ProbeContext, networks: readonly string[]) {
  const { kernel, scratch, http, publicUrl, document } = context;
  const session = await scratchSession(kernel, scratch.b, 0);
  const vouched = await scratchSession(kernel, scratch.b, 0);
  // As a sign-in by the workspace's own identity provider leaves it.
  await kernel.identityPool.query("update identity.session set sso_tenant_id = $2 where token = $1", [
    vouched.storedToken,
    scratch.b.id,
  ]);
  const token = String((await http("POST", "/api/token", { key: scratch.b.ownerKey, json: {} })).body["accessToken"]);
  const link = await linkTo(http, scratch.a.ownerKey, (await document()).documentId);
  const cookie = publicUrl.startsWith("https:") ? "__Host-probity-session" : "probity-session";
  await fenceScratch(kernel, scratch.b.id, networks);
  await fenceScratch(kernel, scratch.a.id, networks);
  try {
    const as = (value: string) => ({ cookie: `${cookie}=${value}`, "probity-request": "1" });
    const headers = as(session.token);
    return {
      session: (await http("GET", "/api/home", { headers })).status,
      key: (await http("GET", "/api/home", { key: scratch.b.ownerKey })).status,
      token: (await http("GET", "/api/home", { key: token })).status,
      vouched: (await http("GET", "/api/home", { headers: as(vouched.token) })).status,
      link: (await http("GET", link.url)).status,
      lie: (await http("GET", "/api/home", { headers: { ...headers, "x-forwarded-for": "203.0.113.7" } })).status,
    };
  } finally {
    await fenceScratch(kernel, scratch.b.id, null);
    await fenceScratch(kernel, scratch.a.id, null);
    await session.end();
    await vouched.end();
  }
}

export const allowedNetwork = defineControl({
  id: "ACC-02",
  standards: ["SOC 2 CC6.6", "ISO 27001 A.8.20", "OWASP ASVS 8.2.4"],
  yourPart: "List the networks of your workspace under Policy, and your proxies in PROBITY_TRUSTED_PROXIES.",
  maxAgeMinutes: 45,
  probes: [
    {
      id: "network-list",
      kind: "scratch",
      title: "A workspace open to listed networks lets callers from there in and nobody else",
      run: async (context) => {
        const found = await callsWithin(context, here);
        return allOf(
          "from a listed network a session, a key, a token, a session of single sign-on and a link were let in",
          [
            [found.session === 200, `a session got ${found.session}`],
            [found.key === 200, `a key got ${found.key}`],
            [found.token === 200, `a token got ${found.token}`],
            [found.vouched === 200, `a session of single sign-on got ${found.vouched}`],
            [found.link === 200, `a link got ${found.link}`],
          ],
        );
      },
      negative: async (context) => {
        const found = await callsWithin(context, elsewhere);
        return allOf(
          "from elsewhere a session, a key, a token, a session of single sign-on, a link and one that lies got 403",
          [
            [found.session === 403, `a session got ${found.session}`],
            [found.key === 403, `a key got ${found.key}`],
            [found.token === 403, `a token got ${found.token}`],
            [found.vouched === 403, `a session of single sign-on got ${found.vouched}`],
            [found.link === 403, `a link got ${found.link}`],
            [found.lie === 403, `a session with a made-up X-Forwarded-For got ${found.lie}`],
          ],
        );
      },
    },
  ],
});
