import { createHmac, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { exportJWK, SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { asDoor, placeLeaves } from "../testing/record-suite.ts";
import { openTestServer, type TestAnswer, type TestServer } from "../testing/server.ts";
import type { TestPerson } from "../testing/kernel.ts";
import { AccessTokens } from "./access-token.ts";
import { SigningKeys, signingKeyRule } from "./signing-key.ts";

let server: TestServer;
let owner: TestPerson;
let keyId: string;
let key: string;

beforeAll(async () => {
  server = await openTestServer([]);
  owner = await server.member(await server.kernel.foundWorkspace("acme"), "owner");
  ({ id: keyId, token: key } = await makeKey());
});
afterAll(() => server?.close());

async function makeKey(body: Record<string, unknown> = {}): Promise<{ id: string; token: string }> {
  const wish = { name: "Program", permissions: ["kernel.job.read"], days: 30, ...body };
  const made = await server.as(owner)("POST", "/api/keys", { body: wish });
  expect(made.status).toBe(201);
  return { id: String(made.body["id"]), token: String(made.body["token"]) };
}
const bearer = (token: unknown) => ({ authorization: `Bearer ${token}` });
const exchange = (token: string) => server.anonymous("POST", "/api/token", { body: {}, headers: bearer(token) });
const refresh = (token: unknown) => server.anonymous("POST", "/api/token", { body: { refreshToken: token } });
const use = (token: unknown, path = "/api/jobs") => server.anonymous("GET", path, { headers: bearer(token) });
const access = (answer: TestAnswer) => String(answer.body["accessToken"]);
const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
const claimsOf = (token: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
const headerOf = (token: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split(".")[0] ?? "", "base64url").toString());

describe("IDN-09 access tokens", () => {
  test("a key is exchanged for a token of ten minutes at most that may do what the key may", async () => {
    const made = await exchange(key);
    expect(made.status).toBe(200);
    expect(made.headers.get("cache-control")).toBe("no-store");
    expect(made.body).toMatchObject({ tokenType: "Bearer", accessToken: expect.stringMatching(/^eyJ/) });
    expect(Number(made.body["expiresIn"])).toBeLessThanOrEqual(600);
    expect((await use(access(made))).status).toBe(200);
    expect((await use(access(made), "/api/policy")).status).toBe(403);
    expect(claimsOf(access(made))).toMatchObject({
      iss: "http://localhost",
      aud: "http://localhost/api",
      sub: owner.membershipId,
      client_id: keyId,
    });
  });

  test("neither token is stored, nor written to any log", async () => {
    const made = await exchange(key);
    await placeLeaves(server);
    for (const table of ["token_grant", "ledger_event", "ledger_opening", "version_history"]) {
      const rows = await asDoor(server, `select to_jsonb(t)::text as row from kernel.${table} t`);
      for (const token of [access(made), String(made.body["refreshToken"])])
        expect([table, rows.some((row) => String(row["row"]).includes(token))]).toEqual([table, false]);
    }
  });

  test("anybody can check one with the published keys, which hold nothing private", async () => {
    const set = await server.anonymous("GET", "/.well-known/jwks.json");
    expect(set.status).toBe(200);
    const { kid } = headerOf(access(await exchange(key)));
    const keys = Array.isArray(set.body["keys"]) ? set.body["keys"] : [];
    expect(keys.some((each: Record<string, unknown>) => each["kid"] === kid)).toBe(true);
    for (const each of keys) expect(Object.keys(each).toSorted()).toEqual(["alg", "crv", "kid", "kty", "use", "x"]);
  });

  test("a refresh token works once; used again, it ends every token of its family, and the log says so", async () => {
    const first = await exchange(key);
    const second = await refresh(first.body["refreshToken"]);
    expect(second.status).toBe(200);
    expect((await use(access(second))).status).toBe(200);
    const stolen = await refresh(first.body["refreshToken"]);
    expect([stolen.status, stolen.body["code"]]).toEqual([401, "token.refresh_ended"]);
    for (const each of [first, second]) expect((await use(access(each))).status).toBe(401);
    expect((await refresh(second.body["refreshToken"])).status).toBe(401);
    const leaves = await asDoor(
      server,
      "select action from kernel.ledger_inbox union all select action from kernel.ledger_event",
    );
    expect(leaves.map((leaf) => leaf["action"])).toContain("kernel.token.reuse");
  });

  test("of two who refresh at once with the same token, one gets a pair at most", async () => {
    const first = await exchange(key);
    const answers = await Promise.all(Array.from({ length: 8 }, () => refresh(first.body["refreshToken"])));
    expect(answers.filter((answer) => answer.status === 200).length).toBeLessThanOrEqual(1);
    for (const answer of answers) if (answer.status === 200) expect((await use(access(answer))).status).toBe(401);
  });

  test("a revoked key takes its tokens with it, from the next call on", async () => {
    const own = await makeKey();
    const made = await exchange(own.token);
    expect((await use(access(made))).status).toBe(200);
    await server.as(owner)("DELETE", `/api/keys/${own.id}`);
    expect((await use(access(made))).status).toBe(401);
    expect((await refresh(made.body["refreshToken"])).status).toBe(401);
    expect((await exchange(own.token)).status).toBe(401);
  });

  test("who holds a token can end it", async () => {
    const made = await exchange(key);
    const end = (token: unknown) => server.anonymous("POST", "/api/token/end", { body: { token } });
    expect((await end(made.body["refreshToken"])).status).toBe(204);
    expect((await use(access(made))).status).toBe(401);
    expect((await end("x".repeat(40))).status).toBe(204);
  });

  test("a token makes no token and no key, and a browser's session makes no token", async () => {
    const own = await makeKey({ permissions: ["kernel.job.read", "kernel.key.change"] });
    const made = await exchange(own.token);
    expect((await exchange(access(made))).status).toBe(401);
    const wish = { name: "Further", permissions: ["kernel.job.read"], days: 1 };
    const further = await server.anonymous("POST", "/api/keys", { body: wish, headers: bearer(access(made)) });
    expect(further.status).toBe(403);
    expect((await server.as(owner)("POST", "/api/token", { body: {} })).status).toBe(401);
  });

  test("a key bound to networks binds its tokens too", async () => {
    const elsewhere = await makeKey({ networks: ["203.0.113.0/24"] });
    expect((await exchange(elsewhere.token)).status).toBe(403);
    expect((await use(elsewhere.token)).status).toBe(403);
    const here = await makeKey({ networks: ["127.0.0.0/8", "2001:db8::/32"] });
    expect((await use(access(await exchange(here.token)))).status).toBe(200);
  });
});

describe("IDN-09 forged tokens", () => {
  let real: string;
  let ours: KeyObject;
  beforeAll(async () => {
    real = access(await exchange(key));
    const [newest] = await new SigningKeys(server.kernel).all();
    if (newest === undefined) throw new Error("no key");
    ours = newest.privateKey;
  });
  const signed = (header: unknown, claims: unknown, by: KeyObject) => {
    const text = `${typeof header === "string" ? header : part(header)}.${typeof claims === "string" ? claims : part(claims)}`;
    return `${text}.${sign(null, Buffer.from(text), by).toString("base64url")}`;
  };
  const refuses = async (token: string) => {
    expect(await server.tokens.isOurs(token)).toBe(false);
    expect((await use(token)).status).toBe(401);
  };

  test.each(["none", "None", "nOnE", "NONE"])("alg %s", async (alg) => {
    const claims = real.split(".")[1];
    await refuses(`${part({ ...headerOf(real), alg })}.${claims}.`);
    await refuses(`${part({ ...headerOf(real), alg })}.${claims}.AA`);
    await refuses(`${part({ alg })}.${claims}.${real.split(".")[2]}`);
  });

  test("the public key taken for an HMAC secret", async () => {
    const [jwk] = (await server.tokens.keySet()).keys;
    const [newest] = await new SigningKeys(server.kernel).all();
    const pem = String(newest?.publicKey.export({ format: "pem", type: "spki" }));
    for (const secret of [JSON.stringify(jwk), String(jwk?.["x"]), pem, Buffer.from(String(jwk?.["x"]), "base64url")]) {
      for (const header of [{ ...headerOf(real), alg: "HS256" }, headerOf(real)]) {
        const text = `${part(header)}.${real.split(".")[1]}`;
        await refuses(`${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`);
      }
    }
  });

  test("a key the token brings along: jwk, jku, x5u, x5c", async () => {
    const pair = generateKeyPairSync("ed25519");
    const jwk = await exportJWK(pair.publicKey);
    const extras = [
      { jwk },
      { jku: "https://attacker.example/jwks.json" },
      { x5u: "https://attacker.example/cert.pem" },
      { x5c: ["MIIB"] },
      { jwk, kid: undefined },
    ];
    for (const extra of extras) await refuses(signed({ ...headerOf(real), ...extra }, claimsOf(real), pair.privateKey));
    await refuses(signed(headerOf(real), claimsOf(real), pair.privateKey));
  });

  test.each([
    "../../../../../../dev/null",
    "/dev/null",
    "' or '1'='1",
    "x' union select 'AAAA",
    "__proto__",
    "constructor",
    "",
    "\u0000",
  ])("key id %j", async (kid) => {
    await refuses(signed({ ...headerOf(real), kid }, claimsOf(real), ours));
  });

  test("header members that change how a token is read: crit, b64, zip, another type, the same one twice", async () => {
    const header = headerOf(real);
    const forms: unknown[] = [
      { ...header, crit: ["b64"], b64: false },
      { ...header, b64: false },
      { ...header, crit: [] },
      { ...header, crit: ["exp"], exp: 1 },
      { ...header, zip: "DEF" },
      { ...header, typ: "JWT" },
      { alg: header["alg"], kid: header["kid"] },
      { kid: header["kid"], alg: header["alg"], typ: header["typ"] },
      Buffer.from(`{"alg":"none","alg":"EdDSA","typ":"at+jwt","kid":"${String(header["kid"])}"}`).toString("base64url"),
      Buffer.from(` ${JSON.stringify(header)}`).toString("base64url"),
    ];
    for (const form of forms) await refuses(signed(form, claimsOf(real), ours));
  });

  test("claims out of their time or place, signed with our own key", async () => {
    const claims = claimsOf(real);
    const now = Math.floor(Date.now() / 1000);
    const { exp: _exp, ...endless } = claims;
    for (const wrong of [
      { ...claims, exp: now - 60 },
      { ...claims, exp: "tomorrow" },
      { ...claims, nbf: now + 3600 },
      { ...claims, aud: "https://elsewhere.example/api" },
      { ...claims, aud: [] },
      { ...claims, iss: "https://elsewhere.example" },
      endless,
    ]) {
      await refuses(signed(headerOf(real), wrong, ours));
    }
    await refuses(signed(headerOf(real), Buffer.from("[1]").toString("base64url"), ours));
    await refuses(signed(headerOf(real), Buffer.from("no json").toString("base64url"), ours));
  });

  test("well signed by our own key but never issued: the database has the last word", async () => {
    const other = await server.member(await server.kernel.foundWorkspace("other"), "owner");
    const claims = { ...claimsOf(real), jti: "01a200e1-f843-740a-9086-0ff0df42fa90", sub: other.membershipId };
    const forged = signed(headerOf(real), { ...claims, workspace: other.session.workspace }, ours);
    expect(await server.tokens.isOurs(forged)).toBe(true);
    expect((await use(forged)).status).toBe(401);
    const twice = JSON.stringify(claimsOf(real)).replace("{", `{"sub":"${other.membershipId}",`);
    expect((await use(signed(headerOf(real), Buffer.from(twice).toString("base64url"), ours))).status).toBe(401);
  });

  test("another workspace's token opens that workspace alone", async () => {
    const other = await server.member(await server.kernel.foundWorkspace("third"), "owner");
    const answer = await server.anonymous("GET", "/api/jobs", {
      headers: { ...bearer(real), "probity-workspace": other.session.workspace ?? "" },
    });
    expect(answer.status).toBe(404);
  });

  test("the same bytes written another way", async () => {
    const [header = "", claims = "", signature = ""] = real.split(".");
    const last = signature.at(-1) ?? "";
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    // The last letter holds four bits that are thrown away: other letters decode to the same signature.
    const same = alphabet[(alphabet.indexOf(last) & 0b110000) | 1] ?? "";
    for (const form of [
      `${header}.${claims}.${signature.slice(0, -1)}${same}`,
      `${header}.${claims}.${signature}=`,
      `${header}.${claims}.${signature}.`,
      `${header}..${signature}`,
      `${header}.${claims}`,
      `.${claims}.${signature}`,
      real.toUpperCase(),
    ]) {
      if (form !== real) expect([form, (await use(form)).status]).toEqual([form, 401]);
    }
  });

  test("a key of another instance that bears our name", async () => {
    const pair = generateKeyPairSync("ed25519");
    const token = await new SignJWT({ workspace: owner.session.workspace ?? "" })
      .setProtectedHeader({ alg: "EdDSA", typ: "at+jwt", kid: "their-key" })
      .setIssuer("http://localhost")
      .setAudience("http://localhost/api")
      .setSubject(owner.membershipId)
      .setJti("x")
      .setIssuedAt()
      .setNotBefore("0s")
      .setExpirationTime("5m")
      .sign(pair.privateKey);
    await refuses(token);
  });
});

test("IDN-09 signing keys follow each other: published before they sign, kept after, sealed at rest", async () => {
  const day = 86_400_000;
  let now = Date.now();
  const clock = () => now;
  const at = () => new SigningKeys(server.kernel, clock);
  const [first] = await at().all();
  // A day before its month is over the next is published, and does not sign yet.
  now += (signingKeyRule.signsDays - 1) * day + 1000;
  const published = await at().all();
  expect(published.map((each) => each.kid)).toContain(first?.kid);
  expect(published).toHaveLength(2);
  expect((await at().current()).kid).toBe(first?.kid);
  // Two servers that find it due at once make one key.
  now += signingKeyRule.signsDays * day;
  const both = await Promise.all([at().all(), at().all(), at().all()]);
  expect(new Set(both.map((keys) => keys.map((each) => each.kid).join())).size).toBe(1);
  expect((await at().current()).kid).toBe(published[0]?.kid);
  // The first is gone when nothing it signed can live any more.
  expect((await at().all()).map((each) => each.kid)).not.toContain(first?.kid);
  const rows = await asDoor(server, "select sealed, public_key from kernel.signing_key");
  for (const row of rows) {
    expect(JSON.stringify(row["public_key"])).not.toContain('"d"');
    expect(Buffer.isBuffer(row["sealed"]) && row["sealed"].length).toBeGreaterThan(48 + 28);
  }
  const later = new AccessTokens(new SigningKeys(server.kernel, clock), "http://localhost");
  expect((await later.keySet()).keys.length).toBe(rows.length);
});
