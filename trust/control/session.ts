import { randomBytes } from "node:crypto";
import { probePerson, probeSession, scratchSession } from "@probity/kernel";
import { defineControl, type ProbeContext } from "../control.ts";
import { ProbeBrowser, said } from "./browser.ts";
import { allOf } from "./outcome.ts";

const sessionPath = "/api/session";
const dayMinutes = 24 * 60;

/** Calls as a browser with this session cookie would. */
function asBrowser({ http, publicUrl }: ProbeContext, token: string, method = "GET") {
  const name = publicUrl.startsWith("https:") ? "__Host-probity-session" : "probity-session";
  return http(method, method === "GET" ? "/api/home" : sessionPath, {
    headers: { cookie: `${name}=${token}`, "probity-request": "1" },
  });
}

export const serverSession = defineControl({
  id: "IDN-08",
  standards: ["SOC 2 CC6.1", "ISO 27001 A.8.5", "HIPAA §164.312(a)(2)(iii)", "OWASP ASVS 7.3", "OWASP ASVS 7.4"],
  yourPart: "Choose the idle and absolute time-outs of your workspace; sign out on shared machines.",
  notProbed: ["an admin ending a member's session"],
  maxAgeMinutes: 45,
  probes: [
    {
      id: "end-on-server",
      kind: "scratch",
      title: "A session works while it lives; ended, idle, too old or made up, it does not",
      run: async (context) => {
        const session = await scratchSession(context.kernel, context.scratch.a, 0);
        try {
          const answer = await asBrowser(context, session.token);
          const stored = await context.kernel.identityPool.query<{ n: string }>(
            "select count(*) as n from identity.session where token !~ '^[0-9a-f]{64}$'",
          );
          return allOf("a live session is let in; every stored token of the instance is a hash", [
            [answer.status === 200, `a live session got ${answer.status}`],
            [Number(stored.rows[0]?.n) === 0, "a session's token is stored as it is, not hashed"],
          ]);
        } finally {
          await session.end();
        }
      },
      negative: async (context) => {
        const live = await scratchSession(context.kernel, context.scratch.a, 0);
        const idle = await scratchSession(context.kernel, context.scratch.a, dayMinutes);
        try {
          const stolen = await asBrowser(context, live.storedToken);
          const signedOut = await asBrowser(context, live.token, "DELETE");
          const after = await asBrowser(context, live.token);
          const old = await asBrowser(context, idle.token);
          const made = await asBrowser(context, randomBytes(24).toString("base64url"));
          return allOf(
            "after signing out, after a day idle, with a made-up token and with the stored hash: refused with 401",
            [
              [signedOut.status < 300, `signing out got ${signedOut.status}`],
              [after.status === 401, `a session that was signed out got ${after.status}`],
              [old.status === 401, `a session idle for a day got ${old.status}`],
              [made.status === 401, `a made-up session got ${made.status}`],
              [stolen.status === 401, `the stored hash, used as a token, got ${stolen.status}`],
            ],
          );
        } finally {
          await live.end();
          await idle.end();
        }
      },
    },
    {
      id: "new-token",
      kind: "scratch",
      title:
        "A fresh proof gives the session a new token in a cookie that only the server can read; the old one is refused",
      run: async (context) => {
        const { before, answer, after, end } = await rotated(context);
        try {
          const cookie = answer.headers.getSetCookie().join("; ");
          const wanted = [/; Path=\//, /; HttpOnly/, /; SameSite=Lax/];
          if (context.publicUrl.startsWith("https:")) wanted.push(/^__Host-/, /; Secure/);
          const goes = await after.call("GET", "/api/session");
          return allOf("the new token works and its cookie is out of reach of scripts and other sites", [
            [answer.status === 201, `the fresh proof got ${said(answer)}`],
            [after.token !== before, "the token stayed the same"],
            [goes.status === 200, `the new token got ${said(goes)}`],
            [wanted.every((pattern) => pattern.test(cookie)), "the cookie lacks one of its attributes"],
          ]);
        } finally {
          await end();
        }
      },
      negative: async (context) => {
        const { before, end } = await rotated(context);
        try {
          const old = await new ProbeBrowser(context, before).call("GET", "/api/session");
          return allOf("the token from before is refused", [
            [old.status === 401, `the token from before got ${said(old)}`],
          ]);
        } finally {
          await end();
        }
      },
    },
  ],
});

/** Somebody who proves afresh who they are, and thereby changes their token. */
async function rotated(context: ProbeContext) {
  const person = await probePerson(context.kernel);
  const after = new ProbeBrowser(context, await probeSession(context.kernel, person.userId));
  const before = after.token;
  const act = { action: "identity.factor.add", subject: "totp", workspace: null };
  const answer = await after.call("POST", "/api/step-up", { ...act, proof: { password: person.password } });
  return { before, answer, after, end: person.end };
}
