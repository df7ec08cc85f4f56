import { issueProbeKey } from "@probity/kernel";
import { defineControl, type ProbeContext } from "../control.ts";
import { allOf } from "./outcome.ts";

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
const use = ({ http }: ProbeContext, token: string) => http("GET", "/api/home", { key: token });
const exchange = ({ http }: ProbeContext, key: string) => http("POST", "/api/token", { key, json: {} });
const refresh = ({ http }: ProbeContext, refreshToken: unknown) =>
  http("POST", "/api/token", { json: { refreshToken } });

export const programToken = defineControl({
  id: "IDN-09",
  standards: ["SOC 2 CC6.1", "ISO 27001 A.8.5", "OWASP ASVS 9.1", "OWASP ASVS 9.2", "OWASP ASVS 10.4.8"],
  yourPart:
    "Give each program a key of its own, with no more than it needs; revoke the keys of programs that are gone.",
  notProbed: ["the turn-over of signing keys", "third-party tokens"],
  maxAgeMinutes: 45,
  probes: [
    {
      id: "token-life",
      kind: "scratch",
      title: "A key becomes a short-lived token; forged, reused and ended ones open nothing",
      run: async (context) => {
        const made = await exchange(context, context.scratch.a.memberKey);
        const token = String(made.body["accessToken"]);
        const seconds = Number(made.body["expiresIn"]);
        const used = await use(context, token);
        const keys = await context.http("GET", "/.well-known/jwks.json");
        const stored = await context.kernel.door.callFunction({
          sql: "select kernel.key_permission($1) as permission",
          parameters: [token],
        });
        return allOf("a key was exchanged for a token of ten minutes at most, and the token let its program in", [
          [made.status === 200, `the exchange got ${made.status}`],
          [seconds > 0 && seconds <= 600, `the token lives ${seconds} seconds`],
          [used.status === 200, `the token got ${used.status}`],
          [!/"(d|p|q)"/.test(keys.text) && keys.status === 200, "the published keys hold a private part"],
          [typeof stored[0]?.["permission"] === "string", "the token is not kept by its hash"],
        ]);
      },
      negative: async (context) => {
        const own = await issueProbeKey(context.kernel, context.scratch.a.id);
        const first = await exchange(context, own.token);
        const token = String(first.body["accessToken"]);
        const [header = "", claims = "", signature = ""] = token.split(".");
        const unsigned = await use(context, `${part({ alg: "none", typ: "at+jwt" })}.${claims}.AA`);
        const changed = JSON.parse(Buffer.from(claims, "base64url").toString() || "{}");
        const longer = await use(context, `${header}.${part({ ...changed, exp: changed.exp + 86_400 })}.${signature}`);
        const second = await refresh(context, first.body["refreshToken"]);
        const again = await refresh(context, first.body["refreshToken"]);
        const after = await use(context, String(second.body["accessToken"]));
        const third = await exchange(context, own.token);
        await own.revoke();
        const revoked = await use(context, String(third.body["accessToken"]));
        const key = await use(context, own.token);
        return allOf("unsigned, lengthened, reused and revoked: each was refused with 401", [
          [second.status === 200, `the first refresh got ${second.status}`],
          [unsigned.status === 401, `an unsigned token got ${unsigned.status}`],
          [longer.status === 401, `a token with a later end got ${longer.status}`],
          [again.status === 401, `a refresh token used twice got ${again.status}`],
          [after.status === 401, `after that its family still got ${after.status}`],
          [revoked.status === 401, `the token of a revoked key got ${revoked.status}`],
          [key.status === 401, `a revoked key got ${key.status}`],
        ]);
      },
    },
  ],
});
