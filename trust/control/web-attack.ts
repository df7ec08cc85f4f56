import { fetchOutside, Problem, scratchSession } from "@probity/kernel";
import { defineControl } from "../control.ts";
import { collectionsPath } from "../scratch-document.ts";
import { allOf } from "./outcome.ts";

const inside = [
  "https://169.254.169.254/latest/meta-data/",
  "https://[::ffff:169.254.169.254]/",
  "https://2130706433/",
  "https://0x7f.1/",
  "https://[64:ff9b::a00:1]/",
  "http://example.com/",
];
const traversals = ["/../../etc/passwd", "/assets/..%2f..%2f..%2fetc%2fpasswd", "/assets/%2e%2e/%2e%2e/package.json"];

/** The code an outgoing call was refused with; undefined when it was made. */
async function refusedWith(url: string): Promise<string | undefined> {
  return fetchOutside(url, { timeoutSeconds: 5 }).then(
    () => undefined,
    (error: unknown) => (error instanceof Problem ? error.code : "another error"),
  );
}

export const webAttack = defineControl({
  id: "APP-06",
  standards: ["SOC 2 CC6.6", "ISO 27001 A.8.26", "OWASP ASVS 3.5", "OWASP ASVS 1.3.6", "OWASP API7:2023"],
  yourPart: "None.",
  notProbed: ["XXE and archives that unpack without end (FIL-01)", "expressions that never end"],
  maxAgeMinutes: 45,
  probes: [
    {
      id: "attacks",
      kind: "scratch",
      title: "Requests of other sites, calls to the inside, paths that climb and prototypes that are written: refused",
      run: async ({ kernel, scratch, http, publicUrl }) => {
        const session = await scratchSession(kernel, scratch.a, 0);
        try {
          const cookie = `${publicUrl.startsWith("https:") ? "__Host-" : ""}probity-session=${session.token}`;
          const own = await http("DELETE", "/api/session", { headers: { cookie, "probity-request": "1" } });
          return allOf("the same change from our own pages is made", [[own.status < 300, `it got ${own.status}`]]);
        } finally {
          await session.end();
        }
      },
      negative: async ({ kernel, scratch, http, publicUrl }) => {
        const session = await scratchSession(kernel, scratch.a, 0);
        try {
          const cookie = `${publicUrl.startsWith("https:") ? "__Host-" : ""}probity-session=${session.token}`;
          const origin = "https://elsewhere.example";
          const forged = [
            await http("DELETE", "/api/session", { headers: { cookie } }),
            await http("DELETE", "/api/session", { headers: { cookie, origin, "probity-request": "1" } }),
            await http("DELETE", "/api/session", {
              headers: { cookie, "sec-fetch-site": "cross-site", "probity-request": "1" },
            }),
          ];
          const alive = await http("GET", "/api/session", { headers: { cookie } });
          const paths = await Promise.all(traversals.map((path) => http("GET", path)));
          const outside = await Promise.all(inside.map(refusedWith));
          const polluted = await http("POST", collectionsPath, {
            key: scratch.a.ownerKey,
            json: '{"name":"Probe","__proto__":{"isAdmin":true}}',
          });
          return allOf(
            `${forged.length} forged changes, ${paths.length} climbing paths, ${outside.length} addresses of the inside and one prototype were refused`,
            [
              [forged.every(({ status }) => status === 403), "a change sent by another site was made"],
              [alive.status === 200, "a forged change ended the session"],
              [paths.every(({ text }) => !/root:|"workspaces"/.test(text)), "a path led out of the pages' folder"],
              [
                outside.every((code) => code === "outgoing.address_refused"),
                `an address of the inside was called: ${inside[outside.findIndex((code) => code !== "outgoing.address_refused")] ?? ""}`,
              ],
              [polluted.status === 400, `a prototype in a body got ${polluted.status}`],
            ],
          );
        } finally {
          await session.end();
        }
      },
    },
  ],
});
